//! `doctor`: what is off, what breaks because of it, and the command that mends it.

use std::collections::{BTreeMap, BTreeSet};

use audit_app::{
    doctor::{self, Asked, fix},
    ports::{NotAnswered, Obstacle, ReadStacks as _, StackNow},
};
use audit_aws::{
    bedrock::BedrockResources,
    connect,
    doctor::StackParts,
    dynamodb::{Ledger, TableNames},
};
use audit_domain::check::{
    NOT_CHECKED, Seen,
    examined::{Entry, Examined, Status},
    fix::Fix,
    notification::Notifications,
};
use serde_json::{Value, json};

use crate::{
    arguments::{DoctorArguments, Global},
    ledger::Objects,
    objects::AnyObjects,
    output::{self, Ending},
};

/// The stack's name where nothing says otherwise: that of `samconfig.toml`.
const STACK: &str = "bedrock-audit";

/// What became of something that was to be mended.
struct Fixed {
    fix: Fix,
    write: Option<String>,
    done: Result<(), String>,
}

pub(crate) async fn run(asked: &DoctorArguments, global: &Global) -> Result<Ending, String> {
    if global.ledger.is_some() || global.tables.is_some() {
        return Err("doctor looks at a deployed stack: name it with --stack".to_owned());
    }
    let config = connect::from_environment().await;
    let Some(region) = config.region().map(ToString::to_string) else {
        return Err("no region is set: set AWS_REGION to the region of the stack".to_owned());
    };
    let name = global.stack.clone().unwrap_or_else(|| STACK.to_owned());
    let parts = StackParts::connect(&config);
    let stack = match parts.stack(&name).await {
        Err(error) if is_hopeless(&error) => return Err(output::line(&error.error.to_string())),
        stack => stack.map_err(|error| error.error.to_string()),
    };
    let tables = stack.as_ref().ok().and_then(|stack| table_names(stack.as_ref()?));
    if tables.is_none() && matches!(stack, Ok(Some(_))) {
        return Err(format!("stack {name} has no outputs RecordsTable, ...: is it a bedrock-audit stack?"));
    }
    let client = || aws_sdk_dynamodb::Client::new(&config);
    let ledger = tables.map(|tables| Ledger::new(client(), tables, Objects::Nowhere, global.now()));
    let asked_for = Asked { name, stack, region, now: global.now() };
    let resources = BedrockResources::connect(&config);
    let objects = AnyObjects::default();
    let look = async || doctor::look(&asked_for, &parts, &resources, &objects, ledger.as_ref()).await;

    let mut seen = look().await;
    let mut fixed = None;
    if asked.fix {
        let all = mend(&seen, &parts, global.json).await;
        if !all.is_empty() {
            seen = look().await;
        }
        fixed = Some(all);
    }
    let examined = Examined::of(&seen);
    let is_unfixed = fixed.iter().flatten().any(|fixed| fixed.done.is_err());
    if global.json {
        let mut told = examined.json(&seen);
        if let (Some(told), Some(fixed)) = (told.as_object_mut(), &fixed) {
            told.insert("fixes".to_owned(), fixed.iter().map(as_json).collect());
        }
        output::json(&told);
    } else {
        print(&examined, &seen, global);
    }
    Ok(match examined.status() {
        Status::Fault => Ending::SomethingOff,
        Status::NotChecked => Ending::Incomplete,
        Status::Ok if is_unfixed => Ending::Incomplete,
        Status::Ok => Ending::Done,
    })
}

/// Whether everything else would fail in the same way.
fn is_hopeless(error: &NotAnswered) -> bool {
    use Obstacle::{Late, NoCredentials, NoRegion, Unreachable};
    matches!(error.obstacle, Late | NoCredentials | NoRegion | Unreachable)
}

fn table_names(stack: &StackNow) -> Option<TableNames> {
    let named = |output: &str| stack.outputs.get(output).cloned();
    Some(TableNames {
        records: named("RecordsTable")?,
        states: named("StatesTable")?,
        deliveries: named("DeliveriesTable")?,
    })
}

/// Says what will be written before it is.
async fn mend(seen: &Seen, parts: &StackParts, is_silent: bool) -> Vec<Fixed> {
    let mut all = Vec::new();
    for (fix, plan) in fix::plan(seen, parts).await {
        if !is_silent {
            output::heading(&fix.to_string());
        }
        let (write, done) = match &plan {
            Ok(plan) => {
                if !is_silent {
                    if let Some(before) = plan.before.as_deref().and_then(Notifications::of) {
                        output::fact("  keeps", &kept(before.len()));
                    }
                    output::fact("  writes", &plan.write);
                }
                (Some(plan.write.clone()), fix::carry_out(plan, parts).await)
            }
            Err(why) => (None, Err(why.clone())),
        };
        if !is_silent {
            match &done {
                Ok(()) => output::fact("  done", "and read again"),
                Err(why) => output::fact("  not done", why),
            }
            output::say("");
        }
        all.push(Fixed { fix, write, done });
    }
    all
}

fn kept(entries: usize) -> String {
    match entries {
        0 => "there is no entry yet".to_owned(),
        1 => "the entry that is there".to_owned(),
        entries => format!("the {entries} entries that are there"),
    }
}

fn as_json(fixed: &Fixed) -> Value {
    json!({
        "fix": fixed.fix.to_string(),
        "written": fixed.write,
        "done": fixed.done.is_ok(),
        "why_not": fixed.done.as_ref().err(),
    })
}

fn print(examined: &Examined, seen: &Seen, global: &Global) {
    examined.with(Status::Fault).for_each(print_fault);
    print_unread(examined);
    print_well(examined);
    let count = |status| {
        let entries = examined.with(status);
        entries.filter(|entry| entry.check.name != NOT_CHECKED).count()
    };
    let unread = examined.with(Status::NotChecked).filter(|entry| entry.fault.is_some()).count();
    output::say(&output::line(&format!(
        "{}, {} not readable, {} well: stack {}, account {}, {}, {}",
        output::counted(count(Status::Fault), "fault"),
        output::counted(unread, "part"),
        output::counted(count(Status::Ok), "check"),
        seen.stack,
        seen.account_id,
        seen.region,
        output::moment(seen.at, global.utc_offset)
    )));
}

fn print_fault(entry: &Entry) {
    let (check, Some(fault)) = (entry.check, &entry.fault) else { return };
    output::heading(&format!("[{}] {}: {}", check.severity.name(), check.name, check.wrong));
    output::fact("  which", &format!("{}/{}", fault.kind, fault.id));
    if let Some(arn) = &fault.arn {
        output::fact("", arn);
    }
    output::fact("  breaks", check.breaks);
    output::fact("  found", &fault.found.to_string());
    output::fact("  mend", entry.mend.as_deref().unwrap_or_default());
    output::say("");
}

/// One block for each kind: a permission that is missing strikes all of a kind alike.
fn print_unread(examined: &Examined) {
    let mut kinds: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in examined.with(Status::NotChecked) {
        if let Some(fault) = &entry.fault {
            kinds.entry(fault.kind).or_default().push(entry);
        }
    }
    for (kind, entries) in kinds {
        let Some((first, others)) = entries.split_first() else { continue };
        let Some(fault) = &first.fault else { continue };
        output::heading(&format!("[not checked] {kind}/{}{}", fault.id, more(others.len())));
        output::fact("  why", fault.found.get("not_read").and_then(Value::as_str).unwrap_or_default());
        let blind = examined.with(Status::NotChecked).filter(|entry| entry.fault.is_none());
        let blind: Vec<_> =
            blind.filter(|entry| entry.check.kind == kind).map(|entry| entry.check.name).collect();
        if !blind.is_empty() {
            output::fact("  not known", &blind.join(", "));
        }
        output::fact("  mend", first.mend.as_deref().unwrap_or_default());
        output::say("");
    }
}

fn more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" and {count} more") }
}

/// One line for each kind: what was looked at, and how much of it is well.
fn print_well(examined: &Examined) {
    let mut kinds: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for entry in examined.entries.iter().filter(|entry| entry.check.name != NOT_CHECKED) {
        let (well, all) = kinds.entry(entry.check.kind).or_default();
        *well += usize::from(entry.status == Status::Ok);
        all.insert(entry.check.name);
    }
    for (kind, (well, all)) in kinds.iter().filter(|(_, (well, _))| *well > 0) {
        output::say(&format!("well  {kind}: {well} of {}", output::counted(all.len(), "check")));
    }
    output::say("");
}

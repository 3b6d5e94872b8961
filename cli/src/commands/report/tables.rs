//! The report as CSV: a file for each table, with every row. Rows are written as they come.

use std::path::{Path, PathBuf};

use audit_app::answer::TakeRows;
use audit_domain::{
    ledger::{
        delivery::{Completion, DeliveryLine},
        record::{DiffRead, FieldChange},
    },
    overview::{ChangeRow, DeliveryTally, Gap, Overview, PromptRow, RejectLine, Tallies, Tally, unknown},
    time,
};
use jiff::Timestamp;

use super::{files::make_folder, table::Table};

/// The name in place of those that are counted together. It begins with a parenthesis, as no ARN and no model id does.
const OTHERS: &str = "(all others)";

/// A heading, and the number under it.
type Column<T> = (&'static str, fn(&T) -> u64);

/// The tables of a folder. Those with many rows are written while the ledger is asked.
pub(super) struct Tables {
    folder: PathBuf,
    changes: Table,
    deliveries: Table,
    rejects: Table,
    prompts: Table,
    /// Whole, and without their names until all of them are.
    finished: Vec<Table>,
}

impl Tables {
    /// Begins the tables in a folder.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, String> {
        make_folder(folder)?;
        Ok(Self {
            changes: Table::new(folder, "changes", &CHANGE)?,
            deliveries: Table::new(folder, "deliveries", &DELIVERY)?,
            rejects: Table::new(folder, "rejects", &REJECT)?,
            prompts: Table::new(folder, "system-prompts", &PROMPT)?,
            folder: folder.to_owned(),
            finished: Vec::new(),
        })
    }

    /// Writes the others, and gives all of them their names.
    pub(super) fn finish(mut self, overview: &Overview, ledger: &str) -> Result<(), String> {
        self.about(overview, ledger)?;
        let calls = &overview.invocations;
        for (name, label, tallies) in [
            ("invocations-by-principal", "principal", &calls.by_principal),
            ("invocations-by-model", "model_id", &calls.by_model),
            ("invocations-by-guardrail", "guardrail", &calls.by_guardrail),
            ("invocations-by-error", "error_code", &calls.by_error),
            ("invocations-by-account-and-region", "account_and_region", &calls.by_place),
        ] {
            self.tallies(name, label, tallies)?;
        }
        let days = calls.by_day.iter().map(|(day, tally)| (day.as_str(), tally));
        self.numbers("invocations-by-day", "day", &Tally::NUMBERS, days)?;
        let days = overview.deliveries.by_day.iter().map(|(day, tally)| (day.as_str(), tally));
        self.numbers("deliveries-by-day", "day", &DeliveryTally::NUMBERS, days)?;
        self.gaps(overview)?;
        for table in
            [self.changes, self.deliveries, self.rejects, self.prompts].into_iter().chain(self.finished)
        {
            table.finish()?;
        }
        Ok(())
    }

    fn about(&mut self, overview: &Overview, ledger: &str) -> Result<(), String> {
        let mut table = Table::new(&self.folder, "about", &["what", "value"])?;
        let list = |names: &std::collections::BTreeSet<String>| {
            names.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
        };
        for (what, value) in [
            ("since", time::rfc3339(overview.since)),
            ("until", time::rfc3339(overview.until)),
            ("made_at", time::rfc3339(overview.made_at)),
            ("ledger", ledger.to_owned()),
            ("accounts", list(&overview.accounts)),
            ("regions", list(&overview.regions)),
        ] {
            table.row(&[what, &value])?;
        }
        for text in unknown::not_covered(overview) {
            table.row(&["not_covered", &text])?;
        }
        self.finished.push(table);
        Ok(())
    }

    fn tallies(&mut self, name: &str, label: &str, tallies: &Tallies) -> Result<(), String> {
        let ranking = tallies.ranking(usize::MAX);
        let others = (ranking.more > 0).then_some((OTHERS, &ranking.rest));
        self.numbers(name, label, &Tally::NUMBERS, ranking.first.iter().copied().chain(others))
    }

    /// A table of numbers: a row for each name.
    fn numbers<'a, T: 'a>(
        &mut self,
        name: &str,
        label: &str,
        numbers: &[Column<T>],
        rows: impl Iterator<Item = (&'a str, &'a T)>,
    ) -> Result<(), String> {
        let heading: Vec<&str> = [label].into_iter().chain(numbers.iter().map(|(name, _)| *name)).collect();
        let mut table = Table::new(&self.folder, name, &heading)?;
        for (name, of) in rows {
            let cells = numbers.iter().map(|(_, number)| number(of).to_string());
            table.row(&[name.to_owned()].into_iter().chain(cells).collect::<Vec<_>>())?;
        }
        self.finished.push(table);
        Ok(())
    }

    fn gaps(&mut self, overview: &Overview) -> Result<(), String> {
        let mut table = Table::new(&self.folder, "gaps", &["of", "from", "until", "hours"])?;
        let mut write = |of: &str, gap: &Gap| {
            let [from, until] = [gap.from, gap.until].map(time::rfc3339);
            table.row(&[of, &from, &until, &gap.hours().to_string()])
        };
        for gap in &overview.silent_hours() {
            write("invocations", gap)?;
        }
        for gap in &overview.days_without_trail() {
            write("cloudtrail", gap)?;
        }
        self.finished.push(table);
        Ok(())
    }
}

const CHANGE: [&str; 24] = [
    "occurred_at",
    "class",
    "severity",
    "verdict",
    "who",
    "event_name",
    "event_source",
    "resource",
    "version",
    "account_id",
    "region",
    "outcome",
    "error_code",
    "origin",
    "read",
    "changed",
    "fields_left_out",
    "breaks",
    "deployment",
    "alerted_at",
    "event_id",
    "request_id",
    "evidence",
    "evidence_sha256",
];
const DELIVERY: [&str; 15] = [
    "moment",
    "stream",
    "object",
    "version",
    "status",
    "reason",
    "received",
    "indexed",
    "duplicate",
    "rejected",
    "ignored",
    "bodies_outstanding_then",
    "conflicts",
    "bytes",
    "indexed_at",
];
const PROMPT: [&str; 7] = ["id", "new", "first_seen", "last_seen", "sample_request_id", "model_id", "caller"];
const REJECT: [&str; 7] = ["moment", "object", "version", "ordinal", "reason", "sha256", "bytes"];

impl TakeRows for Tables {
    fn change(&mut self, row: &ChangeRow) -> Result<(), String> {
        let maybe = |text: &Option<String>| text.clone().unwrap_or_default();
        let changed = match &row.fields {
            Some(fields) => fields.iter().map(field).collect::<Vec<_>>().join("; "),
            None => crate::output::NOT_SHOWN.to_owned(),
        };
        let left_out = row.fields.as_ref().map(|_| row.fields_left_out.to_string()).unwrap_or_default();
        self.changes.row::<String>(&[
            time::rfc3339(row.occurred_at),
            row.class.name().to_owned(),
            row.severity.name().to_owned(),
            row.verdict.map_or("unknown", |verdict| verdict.name()).to_owned(),
            row.who.clone(),
            row.event_name.clone(),
            row.event_source.clone(),
            row.resource.clone(),
            maybe(&row.version),
            row.account_id.clone(),
            row.region.clone(),
            row.outcome.name().to_owned(),
            maybe(&row.error_code),
            row.origin.name().to_owned(),
            row.read.map_or("", DiffRead::name).to_owned(),
            changed,
            left_out,
            maybe(&row.breaks),
            row.deployment.to_string(),
            row.alerted_at.map(time::rfc3339).unwrap_or_default(),
            row.event_id.clone(),
            row.request_id.clone(),
            format!("{} #{}", row.evidence.location, row.evidence.ordinal),
            row.evidence.sha256.to_string(),
        ])
    }

    fn delivery(&mut self, line: &DeliveryLine) -> Result<(), String> {
        let counts = &line.counts;
        let numbers = [
            counts.received,
            counts.indexed,
            counts.duplicate,
            counts.rejected,
            counts.ignored,
            counts.bodies_outstanding,
            counts.conflicts,
            line.bytes,
        ];
        let reason = match &line.completion {
            Completion::Done => "",
            Completion::Partial(reason) => reason,
        };
        let moment = |at: Timestamp| time::rfc3339(at);
        let names = [
            moment(line.moment),
            line.stream().name().to_owned(),
            line.object.clone(),
            line.version.clone(),
            line.completion.name().to_owned(),
            reason.to_owned(),
        ];
        let numbers = numbers.iter().map(ToString::to_string);
        let row: Vec<_> = names.into_iter().chain(numbers).chain([moment(line.indexed_at)]).collect();
        self.deliveries.row(&row)
    }

    fn reject(&mut self, line: &RejectLine) -> Result<(), String> {
        self.rejects.row(&[
            time::rfc3339(line.moment).as_str(),
            &line.object,
            &line.version,
            &line.reject.ordinal.to_string(),
            &line.reject.reason,
            line.reject.sha256.as_str(),
            &line.reject.bytes.to_string(),
        ])
    }

    fn prompt(&mut self, row: &PromptRow) -> Result<(), String> {
        let seen = &row.seen;
        self.prompts.row(&[
            seen.system_prompt_id.as_str(),
            row.new.map_or("unknown", |new| if new { "yes" } else { "no" }),
            &time::rfc3339(seen.first_seen),
            &time::rfc3339(seen.last_seen),
            &seen.sample_request_id,
            &seen.model_id,
            &seen.caller,
        ])
    }
}

/// `path: before -> after (effect)`
fn field(field: &FieldChange) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let effect = field.effect.as_ref().map(|effect| format!(" ({effect})")).unwrap_or_default();
    format!("{}: {} -> {}{effect}", field.path, value(&field.before), value(&field.after))
}

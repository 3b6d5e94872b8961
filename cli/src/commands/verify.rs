//! `verify`: whether the raw record of a request is still what it was.

use audit_app::verify::{Verdict, Verification, verify};
use audit_domain::report;
use serde_json::{Value, json};

use crate::{
    arguments::Global,
    ledger::AnyLedger,
    objects::AnyObjects,
    output::{self, Ending},
};

pub(crate) async fn run(request_id: &str, ledger: &AnyLedger, global: &Global) -> Result<Ending, String> {
    let objects = AnyObjects::default();
    let found = verify(request_id, ledger, &objects).await.map_err(|error| error.to_string())?;
    if global.json {
        let records: Vec<_> = found.iter().map(entry).collect();
        output::json(&json!({"request_id": request_id, "records": records}));
    } else if found.is_empty() {
        output::note(&format!("the ledger knows no raw record of {request_id}"));
    } else {
        print(&found);
    }
    Ok(match found.iter().all(|one| one.verdict == Verdict::Equal) {
        _ if found.is_empty() => Ending::NothingFound,
        true => Ending::Done,
        false => Ending::Incomplete,
    })
}

fn entry(one: &Verification) -> Value {
    json!({"kind": one.kind, "verdict": name(one.verdict), "evidence": report::evidence(&one.evidence)})
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Equal => "equal",
        Verdict::Differs => "differs",
        Verdict::Gone => "gone",
    }
}

fn print(found: &[Verification]) {
    for one in found {
        let evidence = &one.evidence;
        output::heading(&format!(
            "{}: {}",
            one.kind,
            match one.verdict {
                Verdict::Equal => "the raw record is what it was when it was indexed",
                Verdict::Differs => "ANOTHER record lies where it lay",
                Verdict::Gone => "its object is GONE, or may not be read",
            }
        ));
        output::fact("object", &evidence.location.to_string());
        output::fact("value", &evidence.ordinal.to_string());
        output::fact("sha256", evidence.sha256.as_str());
    }
}

//! What became of everything that was named, in numbers that add up.

use audit_domain::{
    ledger::delivery::{Completion, Counts, Delivery},
    values::Reject,
};
use serde_json::{Value, json};

use crate::output::{self, Ending};

/// So many rejects are shown to people; machines get all that are kept.
const SHOWN: usize = 20;

/// What became of everything that was named.
#[derive(Default)]
pub(super) struct Summary {
    pub(super) counts: Counts,
    objects: u64,
    rejects: Vec<(String, Reject)>,
    partial: Vec<(String, String)>,
    pub(super) failed: Vec<(String, String)>,
    /// Objects that were read before and were passed over.
    pub(super) resumed: u64,
}

impl Summary {
    /// Adds what became of one object.
    pub(super) fn add(&mut self, delivery: Delivery) {
        self.objects += 1;
        self.counts.add(&delivery.counts);
        let object = delivery.location.key;
        self.rejects.extend(delivery.rejects.into_iter().map(|reject| (object.clone(), reject)));
        if let Completion::Partial(reason) = delivery.completion {
            self.partial.push((object, reason));
        }
    }

    pub(super) fn json(&self) -> Value {
        let reasons = |list: &[(String, String)]| -> Vec<Value> {
            list.iter().map(|(object, reason)| json!({"object": object, "reason": reason})).collect()
        };
        let rejects: Vec<_> = self
            .rejects
            .iter()
            .map(|(object, reject)| {
                json!({
                    "object": object,
                    "ordinal": reject.ordinal,
                    "reason": reject.reason,
                    "sha256": reject.sha256.as_str(),
                })
            })
            .collect();
        json!({
            "objects": self.objects,
            "passed_over": self.resumed,
            "received": self.counts.received,
            "indexed": self.counts.indexed,
            "duplicate": self.counts.duplicate,
            "rejected": self.counts.rejected,
            "ignored": self.counts.ignored,
            "bodies_outstanding": self.counts.bodies_outstanding,
            "conflicts": self.counts.conflicts,
            "rejects": rejects,
            "partial": reasons(&self.partial),
            "failed": reasons(&self.failed),
        })
    }

    pub(super) fn print(&self) {
        let Counts { received, indexed, duplicate, rejected, ignored, bodies_outstanding, conflicts } =
            self.counts;
        output::heading(&format!("{} objects read", self.objects));
        if self.resumed > 0 {
            output::say(&format!("{} passed over: they were read to their end before", self.resumed));
        }
        output::say(&format!(
            "received {received} = indexed {indexed} + duplicate {duplicate} + rejected {rejected} + ignored {ignored}"
        ));
        if bodies_outstanding > 0 {
            output::say(&format!(
                "{bodies_outstanding} of them have a body beside the log (data/) that is not there: index again once it is"
            ));
        }
        if conflicts > 0 {
            output::say(&format!(
                "{conflicts} of them disagree with another record of their request id: explain shows both"
            ));
        }
        if !self.rejects.is_empty() {
            output::say("");
            output::heading("rejected");
            output::table(
                ["object", "value", "reason"],
                self.rejects.iter().take(SHOWN).map(|(object, reject)| {
                    [object.clone(), reject.ordinal.to_string(), reject.reason.clone()]
                }),
            );
            if rejected > SHOWN as u64 {
                output::say(&format!(
                    "... and {} more; --json lists the first 1,000 of each object",
                    rejected - SHOWN as u64
                ));
            }
        }
        for (heading, list) in
            [("indexed as far as they could be read", &self.partial), ("not read", &self.failed)]
        {
            if !list.is_empty() {
                output::say("");
                output::heading(heading);
                output::table(["object", "reason"], list.iter().map(|(o, r)| [o.clone(), r.clone()]));
            }
        }
    }

    /// How the command ends: 2 where something could not be read.
    pub(super) fn ending(&self) -> Ending {
        if self.partial.is_empty() && self.failed.is_empty() { Ending::Done } else { Ending::Incomplete }
    }
}

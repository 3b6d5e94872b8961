//! `index`: log files and folders into the ledger.

use std::{io::IsTerminal as _, path::PathBuf};

use audit_app::index::{Indexing, Takes, index_object};
use audit_domain::{
    ledger::{
        delivery::{Completion, Counts, Delivery},
        record::Retention,
    },
    values::Reject,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::{
    arguments::Global,
    ledger::AnyLedger,
    local::{BodiesInFolders, Files, find},
    output::{self, Ending},
};

/// So many rejects are shown to people; machines get all that are kept.
const SHOWN: usize = 20;

/// What became of everything that was named.
#[derive(Default)]
struct Summary {
    counts: Counts,
    objects: u64,
    rejects: Vec<(String, Reject)>,
    partial: Vec<(String, String)>,
    failed: Vec<(String, String)>,
}

pub(crate) async fn run(paths: &[PathBuf], ledger: &AnyLedger, global: &Global) -> Result<Ending, String> {
    if let Some(remote) = paths.iter().find(|path| path.starts_with("s3:")) {
        return Err(format!(
            "{} lies in S3: this version indexes local files and folders; copy it first (aws s3 cp --recursive)",
            remote.display()
        ));
    }
    let found = find(paths);
    let bodies = BodiesInFolders::below(paths);
    let mut summary = Summary { failed: found.unreadable, ..Summary::default() };
    summary.counts.received += found.passed_over;
    summary.counts.ignored += found.passed_over;
    let bar = progress_bar(found.files.iter().map(|file| file.size).sum());
    let indexing = Indexing { takes: Takes::Everything, retention: Retention::DEFAULT, now: global.now() };
    for file in found.files {
        bar.set_message(output::line(file.location.key.rsplit('/').next().unwrap_or_default()));
        let mut progress = |bytes| bar.inc(bytes);
        match index_object(&Files, ledger, &bodies, &file.location, indexing, &mut progress).await {
            Ok(delivery) => summary.add(delivery),
            Err(error) => summary.failed.push((file.location.key, error.to_string())),
        }
    }
    bar.finish_and_clear();
    if global.json {
        output::json(&summary.json())
    } else {
        summary.print()
    }
    Ok(if summary.partial.is_empty() && summary.failed.is_empty() {
        Ending::Done
    } else {
        Ending::Incomplete
    })
}

impl Summary {
    fn add(&mut self, delivery: Delivery) {
        self.objects += 1;
        self.counts.add(&delivery.counts);
        let object = delivery.location.key;
        self.rejects.extend(delivery.rejects.into_iter().map(|reject| (object.clone(), reject)));
        if let Completion::Partial(reason) = delivery.completion {
            self.partial.push((object, reason));
        }
    }

    fn json(&self) -> Value {
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
            "received": self.counts.received,
            "indexed": self.counts.indexed,
            "duplicate": self.counts.duplicate,
            "rejected": self.counts.rejected,
            "ignored": self.counts.ignored,
            "bodies_outstanding": self.counts.bodies_outstanding,
            "rejects": rejects,
            "partial": reasons(&self.partial),
            "failed": reasons(&self.failed),
        })
    }

    fn print(&self) {
        let Counts { received, indexed, duplicate, rejected, ignored, bodies_outstanding } = self.counts;
        output::heading(&format!("{} objects read", self.objects));
        output::say(&format!(
            "received {received} = indexed {indexed} + duplicate {duplicate} + rejected {rejected} + ignored {ignored}"
        ));
        if bodies_outstanding > 0 {
            output::say(&format!(
                "{bodies_outstanding} of them have a body beside the log (data/) that is not there: index again once it is"
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
                output::say(&format!("... and {} more; --json lists them", rejected - SHOWN as u64));
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
}

fn progress_bar(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {eta:>4} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

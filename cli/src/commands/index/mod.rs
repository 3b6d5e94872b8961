//! `index`: log files, folders and buckets into the ledger.

mod dry_run;
mod places;
mod summary;

use std::{io::IsTerminal as _, num::NonZeroU32};

use audit_app::{
    index::{Indexing, Takes, index_object},
    ports::{AwaitBodies, FindDeliveries as _, FollowBodies, ListedObject},
    prompt_drift::Silent,
};
use audit_aws::dynamodb::Pace;
use audit_domain::ledger::{delivery::Delivery, record::Retention};
use futures_util::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::{
    dry_run::Plan,
    places::{Batch, Places},
    summary::Summary,
};
use crate::{
    arguments::{Global, IndexArguments},
    ledger::{AnyLedger, Keeping},
    objects::{AnyObjects, BodiesInFolders},
    output::{self, Ending},
};

/// So many objects of a bucket are read at a time; files of a disk come one after the other.
const CONCURRENCY: usize = 4;
/// So many writes a second, at most, into tables that others write to as well: a quarter of what a new on-demand table takes.
const SHARED_RATE: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

pub(crate) async fn run(
    asked: &IndexArguments,
    ledger: AnyLedger,
    keeping: Keeping,
    is_shared: bool,
    global: &Global,
) -> Result<Ending, String> {
    let rate = asked.rate.or(is_shared.then_some(SHARED_RATE));
    let ledger = match rate {
        Some(rate) => ledger.paced(Pace::of(rate)),
        None => ledger,
    };
    let keeping = Keeping {
        retention: asked.retention_days.map_or(keeping.retention, Retention::of_days),
        excerpt_characters: asked.excerpt_characters.unwrap_or(keeping.excerpt_characters),
    };
    let run =
        Run { asked, ledger: &ledger, keeping, global, objects: AnyObjects::default(), bar: progress_bar() };
    let mut places = Places::new(&asked.paths)?;
    let (mut summary, mut plan) = (Summary::default(), Plan::default());
    while let Some(batch) = places.next_batch(&run.objects).await {
        summary.failed.extend(batch.unreadable.iter().cloned());
        summary.counts.received += batch.passed_over;
        summary.counts.ignored += batch.passed_over;
        let wanted = run.wanted(&batch, &mut summary).await?;
        if asked.dry_run {
            plan.add(&wanted, batch.passed_over);
        } else {
            run.index(&batch, wanted, &mut summary).await;
        }
    }
    run.bar.finish_and_clear();
    match (asked.dry_run, global.json) {
        (true, true) => output::json(&plan.json(&summary)),
        (true, false) => plan.print(&summary),
        (false, true) => output::json(&summary.json()),
        (false, false) => summary.print(),
    }
    Ok(summary.ending())
}

struct Run<'a> {
    asked: &'a IndexArguments,
    ledger: &'a AnyLedger,
    keeping: Keeping,
    global: &'a Global,
    objects: AnyObjects,
    bar: ProgressBar,
}

impl Run<'_> {
    /// The objects of a batch, without those that are passed over because they were read before.
    async fn wanted(&self, batch: &Batch, summary: &mut Summary) -> Result<Vec<ListedObject>, String> {
        if !self.asked.resume {
            return Ok(batch.objects.clone());
        }
        let mut wanted = Vec::new();
        for object in &batch.objects {
            let delivered = self.ledger.was_delivered(&object.location).await;
            if delivered.map_err(|error| error.to_string())? {
                summary.resumed += 1;
            } else {
                wanted.push(object.clone());
            }
        }
        Ok(wanted)
    }

    async fn index(&self, batch: &Batch, wanted: Vec<ListedObject>, summary: &mut Summary) {
        self.bar.inc_length(wanted.iter().map(|object| object.size).sum());
        match &batch.folders {
            Some(folders) => self.index_all(wanted, &BodiesInFolders::below(folders), 1, summary).await,
            None => self.index_all(wanted, &self.objects.bodies(), CONCURRENCY, summary).await,
        }
    }

    async fn index_all(
        &self,
        wanted: Vec<ListedObject>,
        bodies: &(impl FollowBodies + AwaitBodies),
        concurrency: usize,
        summary: &mut Summary,
    ) {
        let mut outcomes =
            stream::iter(wanted).map(|object| self.index_one(object, bodies)).buffered(concurrency);
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(delivery) => summary.add(delivery),
                Err(failure) => summary.failed.push(failure),
            }
        }
    }

    /// What became of an object; where it could not be read, its name and why.
    async fn index_one(
        &self,
        object: ListedObject,
        bodies: &(impl FollowBodies + AwaitBodies),
    ) -> Result<Delivery, (String, String)> {
        let location = object.location;
        self.bar.set_message(output::line(location.key.rsplit('/').next().unwrap_or_default()));
        let now = self.global.now();
        let indexing = Indexing {
            takes: Takes::Everything,
            by_content: true,
            retention: self.keeping.retention,
            excerpt_characters: self.keeping.excerpt_characters,
            now,
        };
        let mut read = 0;
        let mut progress = |bytes| {
            read += bytes;
            self.bar.inc(bytes);
        };
        let indexed =
            index_object(&self.objects, self.ledger, bodies, &Silent, &location, indexing, &mut progress)
                .await;
        // what was not read for its name or its end is done as well
        self.bar.inc(object.size.saturating_sub(read));
        indexed.map_err(|error| (location.to_string(), error.to_string()))
    }
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {eta:>4} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

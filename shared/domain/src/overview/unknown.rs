//! What nobody should conclude from the page: absence is no proof.

use super::Overview;
use crate::{ledger::record::Retention, time};

/// What the numbers leave open, most important first.
pub fn not_covered(overview: &Overview) -> Vec<String> {
    let calls = &overview.invocations.total;
    let changes = &overview.changes;
    let deliveries = &overview.deliveries;
    let prompts = &overview.prompts;
    // what it is, and how often it is so; 0 where it is not
    let counted = [
        (
            "Invocations of which no guardrail is known",
            calls.guardrail_unknown,
            "They may have had one: the log names it only where the caller had its trace on or said so.",
        ),
        (
            "Invocations under a guardrail that the log does not name",
            calls.guardrail_unnamed,
            "What it did is known, and not which one it was.",
        ),
        (
            "Invocations with a body beside the log that was not read yet",
            calls.bodies_outstanding,
            "What is known of their system prompts and guardrails may still change.",
        ),
        (
            "Invocations with a body that is not there, or may not be read",
            calls.bodies_missing,
            "Their system prompts, passages and guardrails are not known.",
        ),
        (
            "Invocations that were logged without their texts",
            calls.bodies_not_delivered,
            "The invocation log leaves them out.",
        ),
        (
            "Invocations without token counts",
            calls.without_tokens,
            "The sums of tokens are those of the others.",
        ),
        (
            "Records of a request that another record of the same moment was counted for",
            overview.invocations.repeated,
            "Such a request is counted once, by its first record.",
        ),
        (
            "Changes of which nobody knows what was changed",
            changes.content_unknown,
            "They are known by their event alone.",
        ),
        (
            "Changes and attempts without the mark of an alert of their own",
            changes.without_alert,
            "They were imported, told of in a summary, or are still to be told.",
        ),
        (
            "Log objects that could not be read to their end",
            deliveries.total.partial,
            "What follows in them is not counted anywhere.",
        ),
        (
            "Values of log objects that could not be read or kept",
            deliveries.total.counts.rejected,
            "They are in none of the other numbers.",
        ),
        ("System prompts in use that were not looked up for whether they are new", prompts.not_looked_up, ""),
    ];
    let counted = counted.iter().filter(|(_, count, _)| *count > 0);
    let mut found: Vec<String> = counted
        .map(|(what, count, means)| format!("{what}: {count}. {means}").trim_end().to_owned())
        .collect();
    if deliveries.total.objects == 0 && calls.invocations > 0 {
        found.push(
            "There are invocations and no delivery is listed: they came on a way that lists none, out of files whose names say no time (which are listed by when they were read), or were read by a version that kept no list by time. What was rejected then is in the Deliveries table alone, by object."
                .to_owned(),
        );
    }
    if overview.until > overview.made_at {
        found.push("The window ends after this page was made: what comes later is not in it.".to_owned());
    }
    let kept_for_sure = overview.made_at.checked_sub(time::days(Retention::FLOOR));
    if kept_for_sure.is_ok_and(|floor| overview.since < floor) {
        found.push(format!(
            "The window begins more than {} days ago: what is older than the retention of the ledger is gone from it, and not counted.",
            Retention::FLOOR
        ));
    }
    found.extend(ALWAYS.iter().map(|text| (*text).to_owned()));
    found
}

/// What is so for every window.
const ALWAYS: [&str; 5] = [
    "Only what was logged and delivered to this ledger is counted. While the invocation log or the trail is off, in a region or an account whose logs come elsewhere, there is nothing to count. An hour or a day without entries may be a quiet one or a blind one: the page cannot tell.",
    "How image, video, asynchronous and batch calls are logged is not documented; they may be missing.",
    "Events that came by EventBridge and responses that applications sent are no log objects, and not among the deliveries.",
    "Objects are counted by the time in their key, however often they were read; those whose key says none, each time that they were read. What was delivered before the ledger listed deliveries by time is not among them.",
    "The digests by which CloudTrail signs its files are not verified here.",
];

//! What nobody should conclude from the page: absence is no proof.

use super::Overview;
use crate::{ledger::record::Retention, time};

/// What the numbers leave open, most important first.
pub fn not_covered(overview: &Overview) -> Vec<String> {
    let calls = &overview.invocations.total;
    let changes = &overview.changes;
    let deliveries = &overview.deliveries;
    // each with how often it is so; 0 where it is not
    let counted = [
        (
            calls.guardrail_unknown,
            "invocations have no guardrail that is known. That is not the same as none: the log names it only where the caller had its trace on or said so",
        ),
        (calls.guardrail_unnamed, "invocations ran under a guardrail that the log does not name"),
        (
            calls.bodies_outstanding,
            "invocations have a body beside the log that was not read yet: what is known of their system prompts and guardrails may still change",
        ),
        (calls.bodies_missing, "invocations have a body that is not there or may not be read"),
        (
            calls.bodies_not_delivered,
            "invocations were logged without their texts: the invocation log leaves them out",
        ),
        (
            calls.without_tokens,
            "invocations have no token counts in their log: the sums of tokens are of the others",
        ),
        (
            overview.invocations.repeated,
            "records are of a request that has another record with the same time: such a request is counted once for each of its records",
        ),
        (changes.content_unknown, "changes are known by their event alone: nobody knows what was changed"),
        (
            changes.without_alert,
            "changes and attempts have no mark that an alert of their own went out: they were imported, told of in a summary, or are still to be told",
        ),
        (
            deliveries.total.partial,
            "log objects could not be read to their end: what follows in them is not counted anywhere",
        ),
        (
            deliveries.total.counts.rejected,
            "values of log objects could not be read or kept: they are in none of the other numbers",
        ),
        (overview.prompts.not_looked_up, "system prompts in use were not looked up for whether they are new"),
    ];
    let mut found: Vec<String> = counted
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}."))
        .collect();
    if deliveries.total.objects == 0 && calls.invocations > 0 {
        found.push(
            "There are invocations and no delivery is listed: they came on a way that lists none, or were read by a version that kept no list by time. What was rejected then is in the Deliveries table alone, by object."
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
    "Events that came by EventBridge, responses that applications sent and logs out of CloudWatch are no log objects, and not among the deliveries.",
    "Objects are counted by the time in their key, or else by when they were read; an object that was read twice counts as it was read first. What was delivered before the ledger listed deliveries by time is not among them.",
    "The digests by which CloudTrail signs its files are not verified here.",
];

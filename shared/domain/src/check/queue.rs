//! The queues of the stack. How long a message waits is no attribute of a queue but a metric: alarms of the template watch
//! it, and `doctor` asks for it.

use jiff::SignedDuration;
use serde_json::json;

use super::{
    Check, Seen,
    part::{self, Now, Part, present},
};
use crate::change::Severity;

/// The resource kind of queues.
pub const KIND: &str = "sqs-queue";
/// A message that fails comes again after the visibility timeout: the longest of them is an hour and a half, and one failure
/// that passes is none to tell. The alarms of the template are sooner where the timeout is shorter.
const LATE: SignedDuration = SignedDuration::from_mins(210);

/// A queue of the stack.
pub type Queue = Part<QueueNow>;

/// A queue as it is.
#[derive(Clone, Debug, Default)]
pub struct QueueNow {
    /// Its ARN.
    pub arn: Option<String>,
    /// About how many messages wait in it.
    pub waiting: u64,
    /// How long the oldest message has waited, in seconds, at most so long within the last quarter of an hour; `None`
    /// where that was not asked, or nothing waits.
    pub oldest_seconds: Option<f64>,
}

impl Now for QueueNow {
    const KIND: &'static str = KIND;

    fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }
}

impl Queue {
    /// Whether it keeps what could not be handled.
    pub fn keeps_dead_letters(&self) -> bool {
        self.logical_id.ends_with("DeadLetterQueue")
    }

    /// Whether a rule puts there what it cannot hand over.
    fn is_of_rule(&self) -> bool {
        self.logical_id.ends_with("RuleDeadLetterQueue")
    }

    /// Whether SQS can move what it keeps to the queue that it is from.
    fn has_way_back(&self) -> bool {
        self.keeps_dead_letters() && !self.is_of_rule() && self.logical_id != OF_LOG_EVENTS
    }
}

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "QueueGone",
    kind: KIND,
    is_hourly: true,
    severity: Severity::Critical,
    wrong: "a queue of the stack is gone",
    breaks: "what was on its way through it is lost, and what comes now has no way",
    mend: "aws sqs create-queue --queue-name {id} --region {region}   # then set its attributes and its policy, as in \
           template.yaml",
    look: |seen| part::gone(queues(seen)),
};

/// Lambda's own dead letters: no queue has them back.
const OF_LOG_EVENTS: &str = "IndexLogEventsDeadLetterQueue";

/// Something could not be handled.
pub(super) const DEAD_LETTERS: Check = Check {
    name: "DeadLetters",
    kind: KIND,
    is_hourly: true,
    severity: Severity::High,
    wrong: "messages wait in a dead-letter queue",
    breaks: "what they tell of is not recorded, and is lost 14 days after it arrived",
    mend: "aws sqs start-message-move-task --source-arn {arn} --region {region}   # once the logs say why, and that \
           is mended",
    look: |seen| {
        let dead =
            present(queues(seen)).filter(|(queue, now)| is_dead_letter(queue, now) && queue.has_way_back());
        dead.map(|(queue, now)| queue.fault(json!({"messages": now.waiting}))).collect()
    },
};

/// EventBridge could not hand events over. No queue names theirs as its own, so SQS moves nothing back.
pub(super) const RULE_DEAD_LETTERS: Check = Check {
    name: "RuleDeadLetters",
    kind: KIND,
    is_hourly: true,
    severity: Severity::High,
    wrong: "events that a rule could not hand to its queue wait in its dead-letter queue",
    breaks: "what they tell of is not recorded, and is lost 14 days after it arrived",
    mend: "aws sqs receive-message --queue-url \"$(aws sqs get-queue-url --queue-name {id} --query QueueUrl --output \
           text --region {region})\" --region {region}   # each body goes to the queue of the rule, once it takes \
           events again: docs/runbook.md#redrive",
    look: |seen| {
        let failed =
            present(queues(seen)).filter(|(queue, now)| is_dead_letter(queue, now) && queue.is_of_rule());
        failed.map(|(queue, now)| queue.fault(json!({"messages": now.waiting}))).collect()
    },
};

/// Events of the log group could not be indexed.
pub(super) const FAILED_LOG_EVENTS: Check = Check {
    name: "FailedLogEvents",
    kind: KIND,
    is_hourly: true,
    severity: Severity::High,
    wrong: "log events that could not be indexed wait in their dead-letter queue",
    breaks: "their invocations are not in the ledger; the events are lost to it 14 days after they failed",
    mend: "aws lambda invoke --function-name \"$(aws cloudformation describe-stack-resource --stack-name {stack} \
           --logical-resource-id IndexLogEvents --query StackResourceDetail.PhysicalResourceId --output text --region \
           {region})\" --payload fileb://failed.json answer.json --region {region}   # for each message, once the \
           logs say why: docs/log-group.md",
    look: |seen| {
        let failed = present(queues(seen))
            .filter(|(queue, now)| is_dead_letter(queue, now) && queue.logical_id == OF_LOG_EVENTS);
        failed
            .map(|(queue, now)| queue.fault(json!({"messages": now.waiting, "stack": seen.stack})))
            .collect()
    },
};

/// Nobody takes what is in it.
pub(super) const LATE_MESSAGES: Check = Check {
    name: "QueueLate",
    kind: KIND,
    is_hourly: false,
    severity: Severity::High,
    wrong: "a message has waited in a queue for more than two hours",
    breaks: "the ledger is behind by that long; what waits longer than the queue keeps it is lost",
    mend: "aws logs tail /aws/lambda/{stack}/{function} --since 3h --region {region}   # why the function does not take it",
    look: |seen| {
        let late = present(queues(seen)).filter_map(|(queue, now)| {
            let oldest = now.oldest_seconds.filter(|_| !queue.keeps_dead_letters())?;
            let function = super::function::takes_from(&queue.logical_id);
            let found = json!({"oldest_seconds": oldest, "stack": seen.stack, "function": function});
            (oldest > LATE.as_secs_f64()).then(|| queue.fault(found))
        });
        late.collect()
    },
};

fn is_dead_letter(queue: &Queue, now: &QueueNow) -> bool {
    queue.keeps_dead_letters() && now.waiting > 0
}

fn queues(seen: &Seen) -> &[Queue] {
    seen.parts.as_ref().map(|parts| parts.queues.as_slice()).unwrap_or_default()
}

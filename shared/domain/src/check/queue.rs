//! The queues of the stack. How long a message waits is no attribute of a queue: alarms of the template watch that.

use serde_json::{Value, json};

use super::{Check, Fault, Reading, Seen};
use crate::change::Severity;

/// The resource kind of queues.
pub const KIND: &str = "sqs-queue";

/// A queue of the stack.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its name in the template.
    pub logical_id: String,
    /// Its own name.
    pub name: String,
    /// What it holds now; `None` where it is gone.
    pub now: Reading<Option<QueueNow>>,
}

/// A queue as it is.
#[derive(Clone, Debug, Default)]
pub struct QueueNow {
    /// Its ARN.
    pub arn: Option<String>,
    /// About how many messages wait in it.
    pub waiting: u64,
}

impl Queue {
    fn keeps_dead_letters(&self) -> bool {
        self.logical_id.ends_with("DeadLetterQueue")
    }

    fn fault(&self, arn: Option<String>, found: Value) -> Fault {
        Fault { kind: KIND, id: self.name.clone(), arn, found }
    }
}

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "QueueGone",
    severity: Severity::Critical,
    wrong: "a queue of the stack is gone",
    breaks: "what was on its way through it is lost, and what comes now has no way",
    mend: "aws sqs create-queue --queue-name {id}   # then set its attributes and its policy, as in template.yaml",
    look: |seen| {
        let gone = queues(seen).filter(|queue| matches!(queue.now, Ok(None)));
        gone.map(|queue| queue.fault(None, json!({"logical_id": queue.logical_id}))).collect()
    },
};

/// Lambda's own dead letters: no queue has them back.
const OF_LOG_EVENTS: &str = "IndexLogEventsDeadLetterQueue";

/// Something could not be handled.
pub(super) const DEAD_LETTERS: Check = Check {
    name: "DeadLetters",
    severity: Severity::High,
    wrong: "messages wait in a dead-letter queue",
    breaks: "what they tell of is not recorded, and is lost 14 days after it arrived",
    mend: "aws sqs start-message-move-task --source-arn {arn}   # once the logs say why, and that is mended",
    look: |seen| {
        let dead = queues(seen).filter(|queue| queue.logical_id != OF_LOG_EVENTS);
        dead.filter_map(|queue| dead_letters(queue, seen)).collect()
    },
};

/// Events of the log group could not be indexed.
pub(super) const FAILED_LOG_EVENTS: Check = Check {
    name: "FailedLogEvents",
    severity: Severity::High,
    wrong: "log events that could not be indexed wait in their dead-letter queue",
    breaks: "their invocations are not in the ledger; the events are lost to it 14 days after they failed",
    mend: "aws lambda invoke --function-name \"$(aws cloudformation describe-stack-resource --stack-name {stack} \
           --logical-resource-id IndexLogEvents --query StackResourceDetail.PhysicalResourceId --output text)\" \
           --payload fileb://failed.json answer.json   # for each message, once the logs say why: docs/log-group.md",
    look: |seen| {
        let failed = queues(seen).filter(|queue| queue.logical_id == OF_LOG_EVENTS);
        failed.filter_map(|queue| dead_letters(queue, seen)).collect()
    },
};

fn dead_letters(queue: &Queue, seen: &Seen) -> Option<Fault> {
    let now =
        queue.now.as_ref().ok()?.as_ref().filter(|now| queue.keeps_dead_letters() && now.waiting > 0)?;
    Some(queue.fault(now.arn.clone(), json!({"messages": now.waiting, "stack": seen.stack})))
}

fn queues(seen: &Seen) -> impl Iterator<Item = &Queue> {
    seen.parts.iter().flat_map(|parts| &parts.queues)
}

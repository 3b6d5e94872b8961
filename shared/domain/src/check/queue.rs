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

/// Something could not be handled.
pub(super) const DEAD_LETTERS: Check = Check {
    name: "DeadLetters",
    severity: Severity::High,
    wrong: "messages wait in a dead-letter queue",
    breaks: "what they tell of is not recorded, and is lost 14 days after it arrived",
    mend: "aws sqs start-message-move-task --source-arn {arn}   # once the logs say why, and that is mended",
    look: |seen| {
        let dead = queues(seen).filter(|queue| queue.keeps_dead_letters()).filter_map(|queue| {
            let now = queue.now.as_ref().ok()?.as_ref().filter(|now| now.waiting > 0)?;
            Some(queue.fault(now.arn.clone(), json!({"messages": now.waiting})))
        });
        dead.collect()
    },
};

fn queues(seen: &Seen) -> impl Iterator<Item = &Queue> {
    seen.parts.iter().flat_map(|parts| &parts.queues)
}

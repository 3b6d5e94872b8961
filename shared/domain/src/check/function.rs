//! The functions of the stack: whether they can run, and whether they do.

use serde_json::json;

use super::{
    Check, Seen,
    part::{self, Now, Part, present},
};
use crate::change::Severity;

/// The resource kind of functions.
pub const KIND: &str = "lambda-function";

/// A function of the stack.
pub type Function = Part<FunctionNow>;

/// A function as it is.
#[derive(Clone, Debug, Default)]
pub struct FunctionNow {
    /// Its ARN.
    pub arn: Option<String>,
    /// `Active`, `Pending`, `Inactive`, `Failed`.
    pub state: String,
    /// Whether it only sleeps, since nobody called it for long: a call wakes it.
    pub is_idle: bool,
    /// Why, in the words of the service.
    pub state_reason: Option<String>,
    /// `Successful`, `InProgress`, `Failed`: what became of the last update.
    pub last_update: String,
    /// Why, in the words of the service.
    pub last_update_reason: Option<String>,
    /// How many calls of the last 24 hours ended in an error of the function; `None` where the metric has no figure.
    pub errors: Option<f64>,
    /// How many messages of the last 24 hours it said it failed on: to Lambda that is no error. `None` where the metric has no
    /// figure.
    pub messages_failed: Option<f64>,
    /// How many calls of the last 24 hours were refused for the number of those that ran.
    pub throttles: Option<f64>,
}

impl Function {
    /// Its folder, by which its log and its metrics name it.
    pub fn folder(&self) -> String {
        folder(&self.logical_id)
    }
}

impl Now for FunctionNow {
    const KIND: &'static str = KIND;

    fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }
}

/// The folder of the function that takes the messages of a queue (`IndexTrailQueue`, `IndexTrailDeadLetterQueue`): its
/// log group is named after it.
pub(super) fn takes_from(queue: &str) -> String {
    let name = queue.trim_end_matches("Queue").trim_end_matches("DeadLetter").trim_end_matches("Rule");
    // bodies beside the log have a queue of their own, and no function
    let name = if name == "Body" { "IndexInvocations" } else { name };
    folder(name)
}

/// `index-trail` of `IndexTrail`.
fn folder(logical_id: &str) -> String {
    let mut folder = String::new();
    for (nth, letter) in logical_id.chars().enumerate() {
        if nth > 0 && letter.is_uppercase() {
            folder.push('-');
        }
        folder.extend(letter.to_lowercase());
    }
    folder
}

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "FunctionGone",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "a function of the stack is gone",
    breaks: "its messages wait in their queue, and are lost when that has kept them for seven days",
    mend: "sam build && sam deploy --stack-name {stack}   # CloudFormation has to see a change to make it anew",
    look: |seen| {
        let gone = part::gone(functions(seen)).into_iter();
        gone.map(|fault| super::Fault { found: json!({"stack": seen.stack}), ..fault }).collect()
    },
};

/// It cannot run, or runs what it should not.
pub(super) const NOT_READY: Check = Check {
    name: "FunctionNotReady",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "a function cannot run, or its last update failed",
    breaks: "its messages wait in their queue, and are lost when that has kept them for seven days",
    mend: "aws lambda get-function-configuration --function-name {id} --region {region}   # then mend what its reason \
           names: key, role or code",
    look: |seen| {
        let can_run = |now: &FunctionNow| now.is_idle || ["Active", "Pending"].contains(&now.state.as_str());
        let broken = present(functions(seen)).filter(|(_, now)| !can_run(now) || now.last_update == "Failed");
        broken
            .map(|(function, now)| {
                function.fault(json!({
                    "state": now.state,
                    "state_reason": now.state_reason,
                    "last_update": now.last_update,
                    "last_update_reason": now.last_update_reason,
                }))
            })
            .collect()
    },
};

/// It runs, and fails.
pub(super) const FAILING: Check = Check {
    name: "FunctionFailing",
    kind: KIND,
    is_hourly: false,
    severity: Severity::High,
    wrong: "calls of a function failed or were refused, or messages failed in it, within 24 hours",
    breaks: "what they were about comes late, or ends in the dead-letter queue",
    mend: "aws logs tail /aws/lambda/{stack}/{function} --since 24h --filter-pattern '?ERROR ?error ?panicked ?timed' \
           --region {region}",
    look: |seen| {
        let failing = present(functions(seen)).filter_map(|(function, now)| {
            let [errors, messages_failed, throttles] =
                [now.errors, now.messages_failed, now.throttles].map(Option::unwrap_or_default);
            let found = json!({
                "errors": errors,
                "messages_failed": messages_failed,
                "throttles": throttles,
                "stack": seen.stack,
                "function": function.folder(),
            });
            (errors + messages_failed + throttles > 0.0).then(|| function.fault(found))
        });
        failing.collect()
    },
};

fn functions(seen: &Seen) -> &[Function] {
    seen.parts.as_ref().map(|parts| parts.functions.as_slice()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::takes_from;

    #[test]
    fn a_queue_names_the_function_that_takes_from_it() {
        let cases = [
            ("IndexTrailQueue", "index-trail"),
            ("CheckAuditRuleDeadLetterQueue", "check-audit"),
            ("BodyQueue", "index-invocations"),
            ("RecordAttributionsDeadLetterQueue", "record-attributions"),
        ];
        for (queue, function) in cases {
            assert_eq!(takes_from(queue), function);
        }
    }
}

//! The rules of the stack: what they do not pass, nobody misses.

use serde_json::{Value, json};

use super::{Check, Fault, Reading, Seen};
use crate::change::Severity;

/// The resource kind of rules.
pub const KIND: &str = "event-rule";

/// A rule of the stack.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name in the template.
    pub logical_id: String,
    /// Its own name.
    pub name: String,
    /// What it is now; `None` where it is gone.
    pub now: Reading<Option<RuleNow>>,
}

/// A rule as it is.
#[derive(Clone, Debug, Default)]
pub struct RuleNow {
    /// Its ARN.
    pub arn: Option<String>,
    /// `ENABLED`, `DISABLED`, `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    pub state: String,
    /// What it passes, as JSON text; `None` for a schedule.
    pub pattern: Option<String>,
    /// The ARNs of where it passes that to.
    pub targets: Vec<String>,
}

/// What the template makes of a rule. A test holds it against the template.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The rule's name in the template.
    pub logical_id: &'static str,
    /// The pattern as JSON text; `{bucket}` stands for the log bucket.
    pub pattern: &'static str,
}

/// Every rule with a pattern that can be known.
pub const EXPECTED: &[Expected] = &[
    Expected {
        logical_id: "IndexInvocationsRule",
        pattern: r#"{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{"bucket":{"name":["{bucket}"]},"object":{"key":[{"wildcard":"*/BedrockModelInvocationLogs/*.json.gz"}]}}}"#,
    },
    Expected {
        logical_id: "RecordAttributionsRule",
        pattern: r#"{"source":["bedrock-audit.application"],"detail-type":["Knowledge Base Response"]}"#,
    },
    Expected {
        logical_id: "RecordChangesRule",
        pattern: r#"{"source":[{"prefix":"aws.bedrock"}],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventCategory":["Management"],"readOnly":[false]}}"#,
    },
];

/// Rules whose patterns are not compared: they hold names that only a deployment knows. Who changes one of them calls
/// `PutRule` on a rule of the stack, and that is alerted.
pub const NOT_COMPARED: &[&str] = &[
    "IndexTrailRule",
    "ReadBaselineDeploymentRule",
    "WatchDeliveryRule",
    "WatchObjectsRule",
    "WatchRule",
    "WatchStorageRule",
];

/// The queue that a rule of the template passes its events to: `XRule` has `XQueue`, where several rules do not share one.
pub fn queue_of(rule: &str) -> Option<String> {
    const SHARED: [(&str, &str); 2] =
        [("ReadBaseline", "ReadBaselineQueue"), ("Watch", "RecordChangesQueue")];
    let shared = SHARED.iter().find(|(begins, _)| rule.starts_with(begins));
    let own = || Some(format!("{}Queue", rule.strip_suffix("Rule")?));
    shared.map(|(_, queue)| (*queue).to_owned()).or_else(own)
}

impl Rule {
    /// The pattern that it should have, where that is known.
    fn expected(&self, seen: &Seen) -> Option<Value> {
        let expected = EXPECTED.iter().find(|expected| expected.logical_id == self.logical_id)?;
        let pattern = match seen.log.place() {
            Some((bucket, _)) => expected.pattern.replace("{bucket}", bucket),
            None => expected.pattern.to_owned(),
        };
        serde_json::from_str(&pattern).ok().filter(|_| !pattern.contains("{bucket}"))
    }

    /// The name of the queue that it should pass events to.
    fn queue<'a>(&self, seen: &'a Seen) -> Option<&'a str> {
        let wanted = queue_of(&self.logical_id)?;
        let queues = &seen.parts.as_ref().ok()?.queues;
        queues.iter().find(|queue| queue.logical_id == wanted).map(|queue| queue.name.as_str())
    }

    fn is_target_missing(&self, now: &RuleNow, seen: &Seen) -> bool {
        match self.queue(seen) {
            Some(queue) => !now.targets.iter().any(|arn| arn.rsplit(':').next() == Some(queue)),
            None => now.targets.is_empty(),
        }
    }

    fn fault(&self, found: Value) -> Fault {
        let arn = self.now.as_ref().ok().and_then(Option::as_ref).and_then(|now| now.arn.clone());
        Fault { kind: KIND, id: self.name.clone(), arn, found }
    }
}

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "RuleGone",
    severity: Severity::Critical,
    wrong: "a rule of the stack is gone",
    breaks: "what it passed arrives no more: changes are not alerted, logs not indexed",
    mend: "aws events put-rule --name {id} --event-pattern {expected}   # then put-targets, as in template.yaml",
    look: |seen| {
        let gone = rules(seen).filter(|rule| matches!(rule.now, Ok(None)));
        gone.map(|rule| {
            let expected = rule.expected(seen).map(|pattern| pattern.to_string());
            rule.fault(json!({"expected": expected.as_deref().unwrap_or("ITS PATTERN IN template.yaml")}))
        })
        .collect()
    },
};

/// It was switched off.
pub(super) const DISABLED: Check = Check {
    name: "RuleDisabled",
    severity: Severity::Critical,
    wrong: "a rule of the stack is disabled",
    breaks: "what it passed arrives no more: changes are not alerted, logs not indexed",
    mend: "aws events enable-rule --name {id}",
    look: |seen| {
        let disabled = present(seen).filter(|(_, now)| !now.state.starts_with("ENABLED"));
        disabled.map(|(rule, now)| rule.fault(json!({"state": now.state}))).collect()
    },
};

/// It passes events to nobody of ours.
pub(super) const WITHOUT_TARGET: Check = Check {
    name: "RuleWithoutTarget",
    severity: Severity::High,
    wrong: "a rule does not pass its events to the stack's queue",
    breaks: "what it matches is lost: changes are not alerted, logs not indexed",
    mend: "aws events put-targets --rule {id} --targets Id=queue,Arn={queue_arn}   # its DeadLetterConfig is in template.yaml",
    look: |seen| {
        let missing = present(seen).filter(|(rule, now)| rule.is_target_missing(now, seen));
        missing
            .map(|(rule, now)| {
                let arn = |name: &str| {
                    let partition = now.arn.as_deref().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
                    format!("arn:{partition}:sqs:{}:{}:{name}", seen.region, seen.account_id)
                };
                rule.fault(json!({"targets": now.targets, "queue_arn": rule.queue(seen).map(arn)}))
            })
            .collect()
    },
};

/// It passes something else than it should.
pub(super) const PATTERN_CHANGED: Check = Check {
    name: "RulePatternChanged",
    severity: Severity::High,
    wrong: "a rule's pattern is not the one that the stack was made with",
    breaks: "events may be passed over without anybody noticing: changes not alerted, logs not indexed",
    mend: "aws events put-rule --name {id} --event-pattern {expected}",
    look: |seen| {
        let changed = present(seen).filter_map(|(rule, now)| {
            let expected = rule.expected(seen)?;
            let actual = now.pattern.as_deref().unwrap_or_default();
            let is_same = serde_json::from_str(actual).is_ok_and(|actual: Value| actual == expected);
            let found = json!({"pattern": actual, "expected": expected.to_string()});
            (!is_same).then(|| rule.fault(found))
        });
        changed.collect()
    },
};

fn rules(seen: &Seen) -> impl Iterator<Item = &Rule> {
    seen.parts.iter().flat_map(|parts| &parts.rules)
}

fn present(seen: &Seen) -> impl Iterator<Item = (&Rule, &RuleNow)> {
    rules(seen).filter_map(|rule| Some((rule, rule.now.as_ref().ok()?.as_ref()?)))
}

//! The rules of the stack: what they do not pass, nobody misses.

use serde_json::{Value, json};

use super::{
    Check, Seen,
    part::{Now, Part, present},
};
use crate::change::Severity;

/// The resource kind of rules.
pub const KIND: &str = "event-rule";

/// A rule of the stack.
pub type Rule = Part<RuleNow>;

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

impl Now for RuleNow {
    const KIND: &'static str = KIND;

    fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }
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
    Expected {
        logical_id: "WatchRule",
        pattern: r#"{"source":["aws.cloudtrail","aws.iam","aws.kms","aws.organizations","aws.scheduler"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["AttachGroupPolicy","AttachPolicy","AttachRolePolicy","AttachUserPolicy","CreatePolicy","CreatePolicyVersion","CreateSchedule","DeleteGroupPolicy","DeleteImportedKeyMaterial","DeletePolicy","DeletePolicyVersion","DeleteRole","DeleteRolePermissionsBoundary","DeleteRolePolicy","DeleteSchedule","DeleteTrail","DeleteUserPolicy","DetachGroupPolicy","DetachPolicy","DetachRolePolicy","DetachUserPolicy","DisableKey","DisablePolicyType","EnablePolicyType","PutEventSelectors","PutGroupPolicy","PutKeyPolicy","PutRolePermissionsBoundary","PutRolePolicy","PutUserPolicy","RevokeGrant","ScheduleKeyDeletion","SetDefaultPolicyVersion","StopLogging","UpdateAssumeRolePolicy","UpdatePolicy","UpdateSchedule","UpdateTrail"]}}"#,
    },
];

/// Rules whose patterns are not compared: they hold names that only a deployment knows. Who changes one of them calls
/// `PutRule` on a rule of the stack, and that is alerted.
pub const NOT_COMPARED: &[&str] = &[
    "IndexTrailRule",
    "ReadBaselineDeploymentRule",
    "WatchDeliveryRule",
    "WatchLogGroupsRule",
    "WatchObjectsRule",
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

impl RuleNow {
    /// The bus that it listens to: `arn:...:rule/<bus>/<name>`, without a bus on the default one.
    pub fn bus(&self) -> &str {
        let path = self.arn.as_deref().and_then(|arn| arn.split_once(":rule/")).map(|(_, path)| path);
        path.and_then(|path| path.split_once('/')).map_or("default", |(bus, _)| bus)
    }
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
}

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "RuleGone",
    kind: KIND,
    is_hourly: true,
    severity: Severity::Critical,
    wrong: "a rule of the stack is gone",
    breaks: "what it passed arrives no more: changes are not alerted, logs not indexed",
    mend: "aws events put-rule --name {id} --event-pattern {expected} --region {region}   # then put-targets, as in \
           template.yaml",
    look: |seen| {
        let gone = rules(seen).iter().filter(|rule| matches!(rule.now, Ok(None)));
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
    kind: KIND,
    is_hourly: true,
    severity: Severity::Critical,
    wrong: "a rule of the stack is disabled",
    breaks: "what it passed arrives no more: changes are not alerted, logs not indexed",
    mend: "aws events enable-rule --name {id} --event-bus-name {bus} --region {region}",
    look: |seen| {
        disabled(seen).map(|(rule, now)| rule.fault(json!({"state": now.state, "bus": now.bus()}))).collect()
    },
};

/// Those that are off.
pub(super) fn disabled(seen: &Seen) -> impl Iterator<Item = (&Rule, &RuleNow)> {
    present(rules(seen)).filter(|(_, now)| !now.state.starts_with("ENABLED"))
}

/// It passes events to nobody of ours.
pub(super) const WITHOUT_TARGET: Check = Check {
    name: "RuleWithoutTarget",
    kind: KIND,
    is_hourly: true,
    severity: Severity::High,
    wrong: "a rule does not pass its events to the stack's queue",
    breaks: "what it matches is lost: changes are not alerted, logs not indexed",
    mend: "aws events put-targets --rule {id} --targets Id=queue,Arn={queue_arn} --event-bus-name {bus} --region \
           {region}   # its DeadLetterConfig is in template.yaml",
    look: |seen| {
        let missing = present(rules(seen)).filter(|(rule, now)| rule.is_target_missing(now, seen));
        missing
            .map(|(rule, now)| {
                let arn = |name: &str| {
                    let partition = now.arn.as_deref().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
                    format!("arn:{partition}:sqs:{}:{}:{name}", seen.region, seen.account_id)
                };
                rule.fault(json!({
                    "targets": now.targets,
                    "queue_arn": rule.queue(seen).map(arn),
                    "bus": now.bus(),
                }))
            })
            .collect()
    },
};

/// It passes something else than it should.
pub(super) const PATTERN_CHANGED: Check = Check {
    name: "RulePatternChanged",
    kind: KIND,
    is_hourly: true,
    severity: Severity::High,
    wrong: "a rule's pattern is not the one that the stack was made with",
    breaks: "events may be passed over without anybody noticing: changes not alerted, logs not indexed",
    mend: "aws events put-rule --name {id} --event-pattern {expected} --event-bus-name {bus} --region {region}",
    look: |seen| {
        let changed = present(rules(seen)).filter_map(|(rule, now)| {
            let expected = rule.expected(seen)?;
            let actual = now.pattern.as_deref().unwrap_or_default();
            let is_same = serde_json::from_str(actual).is_ok_and(|actual: Value| actual == expected);
            let found = json!({"pattern": actual, "expected": expected.to_string(), "bus": now.bus()});
            (!is_same).then(|| rule.fault(found))
        });
        changed.collect()
    },
};

fn rules(seen: &Seen) -> &[Rule] {
    seen.parts.as_ref().map(|parts| parts.rules.as_slice()).unwrap_or_default()
}

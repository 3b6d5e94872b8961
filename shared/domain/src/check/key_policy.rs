//! What the policy of a key lets a service do, as far as its own statements say: for services that nobody assumes a role for,
//! no other policy counts.

use serde_json::Value;

/// What a service must be let do so that the audit works, and whether its statement may have a condition.
pub(super) struct Needed {
    pub(super) service: &'static str,
    actions: &'static [&'static str],
    may_be_bound: bool,
}

/// Those whose want does not show at the deployment: what they should hand on never arrives.
pub(super) const NEEDED: [Needed; 2] = [
    // it tells a key neither account nor rule (DESIGN 3)
    Needed {
        service: "events.amazonaws.com",
        actions: &["kms:Decrypt", "kms:GenerateDataKey"],
        may_be_bound: false,
    },
    Needed {
        service: "cloudwatch.amazonaws.com",
        actions: &["kms:Decrypt", "kms:GenerateDataKey"],
        may_be_bound: true,
    },
];

impl Needed {
    /// Whether the statements of a policy let the service do all of that. What they forbid is not looked at.
    pub(super) fn is_met_by(&self, policy: &Value) -> bool {
        self.actions.iter().all(|action| each(&policy["Statement"]).any(|one| self.is_let(one, action)))
    }

    fn is_let(&self, statement: &Value, action: &str) -> bool {
        let is_free = || statement["Condition"].as_object().is_none_or(serde_json::Map::is_empty);
        statement["Effect"] == "Allow"
            && (self.may_be_bound || is_free())
            && is_for(&statement["Principal"], self.service)
            && each(&statement["Action"]).filter_map(Value::as_str).any(|pattern| covers(pattern, action))
    }
}

fn is_for(principal: &Value, service: &str) -> bool {
    principal == "*"
        || each(&principal["AWS"]).any(|name| name == "*")
        || each(&principal["Service"]).any(|name| name == service)
}

/// Whether an action with a star at its end, or none, is this one.
fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    match pattern.strip_suffix('*') {
        Some(start) => action.starts_with(start),
        None => pattern == action,
    }
}

/// A policy has one where it may have a list.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(list) => list.iter(),
        Value::Null => [].iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_is_let_by_a_statement_for_it_without_what_it_cannot_meet() {
        let [events, alarms] = NEEDED;
        let service = |name: &str| json!({"Service": name});
        let bound = json!({"StringEquals": {"aws:SourceAccount": "444455556666"}});
        let both = json!(["kms:Decrypt", "kms:GenerateDataKey*"]);
        let allow = |principal: Value, action: &Value, condition: Value| json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", "Condition": condition});
        let of = |statements: Value| json!({"Version": "2012-10-17", "Statement": statements});
        for (policy, for_events, for_alarms) in [
            (of(json!([])), false, false),
            (json!({}), false, false),
            (of(allow(service("events.amazonaws.com"), &both, Value::Null)), true, false),
            (of(json!([allow(service("events.amazonaws.com"), &both, bound.clone())])), false, false),
            (of(json!([allow(service("cloudwatch.amazonaws.com"), &both, bound.clone())])), false, true),
            (
                of(json!([allow(service("events.amazonaws.com"), &json!("kms:Decrypt"), json!({}))])),
                false,
                false,
            ),
            (
                of(json!([
                    allow(service("events.amazonaws.com"), &json!("kms:decrypt"), json!({})),
                    allow(service("events.amazonaws.com"), &json!("kms:GenerateDataKey*"), json!({})),
                ])),
                true,
                false,
            ),
            (
                of(json!([allow(
                    json!({"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]}),
                    &json!("kms:*"),
                    Value::Null
                )])),
                true,
                true,
            ),
            (of(json!([allow(json!("*"), &json!("*"), Value::Null)])), true, true),
            (of(json!([allow(json!({"AWS": "*"}), &both, bound)])), false, true),
            (
                of(json!([allow(json!({"AWS": "arn:aws:iam::1:root"}), &json!("kms:*"), Value::Null)])),
                false,
                false,
            ),
            (
                of(json!([{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}])),
                false,
                false,
            ),
        ] {
            assert_eq!(
                (events.is_met_by(&policy), alarms.is_met_by(&policy)),
                (for_events, for_alarms),
                "{policy}"
            );
        }
    }
}

//! The topics: whether anybody hears of an alert.

use serde_json::json;

use super::{
    Check, Seen,
    part::{self, Now, Part, present},
};
use crate::change::Severity;

/// The resource kind of topics.
pub const KIND: &str = "sns-topic";
/// Those that alerts and changes are published to; the others are for alarms.
const TOLD: [&str; 2] = ["AlertTopic", "ChangesTopic"];

/// A topic of the stack.
pub type Topic = Part<TopicNow>;

/// A topic as it is.
#[derive(Clone, Debug, Default)]
pub struct TopicNow {
    /// Its ARN.
    pub arn: String,
    /// Who gets what is published to it.
    pub subscriptions: Vec<Subscription>,
}

/// Somebody who gets what is published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// `email`, `sqs`, `lambda`, `https`, ...
    pub protocol: String,
    /// The address.
    pub endpoint: String,
    /// Whether the address agreed: one that did not gets nothing.
    pub is_confirmed: bool,
}

impl Now for TopicNow {
    const KIND: &'static str = KIND;

    fn arn(&self) -> Option<&str> {
        Some(&self.arn)
    }
}

/// It was deleted.
pub(super) const GONE: Check = Check {
    name: "TopicGone",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "a topic of the stack is gone",
    breaks: "what is alerted reaches nobody",
    mend: "aws sns create-topic --name {id} --region {region}   # then set its policy and its subscriptions, as in \
           template.yaml",
    look: |seen| part::gone(topics(seen)),
};

/// An address did not agree yet.
pub(super) const UNCONFIRMED: Check = Check {
    name: "SubscriptionUnconfirmed",
    kind: KIND,
    is_hourly: false,
    severity: Severity::High,
    wrong: "an address has not confirmed its subscription",
    breaks: "it gets no alert and no alarm; AWS forgets the request after some days",
    mend: "aws sns subscribe --topic-arn {arn} --protocol {protocol} --notification-endpoint {endpoint} --region \
           {region}   # sends the request again: follow the link in it",
    look: |seen| {
        let waiting = present(topics(seen)).flat_map(|(topic, now)| {
            let waiting = now.subscriptions.iter().filter(|subscription| !subscription.is_confirmed);
            waiting.map(move |waiting| {
                topic.fault(json!({"protocol": waiting.protocol, "endpoint": waiting.endpoint}))
            })
        });
        waiting.collect()
    },
};

/// Nobody hears of anything.
pub(super) const NOBODY: Check = Check {
    name: "NobodyIsAlerted",
    kind: KIND,
    is_hourly: false,
    severity: Severity::High,
    wrong: "nobody is subscribed to what is alerted",
    breaks: "alerts are recorded and published, and reach nobody",
    mend: "aws sns subscribe --topic-arn {arn} --protocol email --notification-endpoint ADDRESS --region {region}   # \
           or deploy the stack with AlertEmail",
    look: |seen| {
        let told = present(topics(seen)).filter(|(topic, _)| TOLD.contains(&topic.logical_id.as_str()));
        let told: Vec<_> = told.collect();
        // one that could not be read may have the subscription
        let are_read = topics(seen).iter().all(|topic| topic.now.is_ok());
        let hears = told.iter().any(|(_, now)| now.subscriptions.iter().any(|one| one.is_confirmed));
        let first = told.iter().find(|(topic, _)| topic.logical_id == TOLD[0]).filter(|_| are_read && !hears);
        first.map(|(topic, _)| topic.fault(json!({"confirmed": 0}))).into_iter().collect()
    },
};

fn topics(seen: &Seen) -> &[Topic] {
    seen.parts.as_ref().map(|parts| parts.topics.as_slice()).unwrap_or_default()
}

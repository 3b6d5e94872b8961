//! The one reader of the environment, and the table of what it reads (DESIGN's contract). Besides these, the AWS SDK and the
//! Lambda runtime read their own (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_LAMBDA_RUNTIME_API`, ...).

use audit_domain::{
    change::watch::Watching,
    invocation::pointer::AllowedPlaces,
    ledger::record::{EXCERPT, Retention},
};
use jiff::SignedDuration;

/// One variable.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub meaning: &'static str,
    /// What holds without it; `None` where a function that uses it cannot start without.
    pub default: Option<&'static str>,
}

/// Every variable that a function may read.
pub const VARIABLES: &[Variable] = &[
    required(RECORDS_TABLE, "the Records table"),
    required(STATES_TABLE, "the States table"),
    required(DELIVERIES_TABLE, "the Deliveries table"),
    required(AUDIT_BUCKET, "the bucket for raw events and for what is too large for an item"),
    // index-invocations does without
    required(ALERT_TOPIC_ARN, "the topic for people"),
    optional(CHANGES_TOPIC_ARN, "the topic for machines", "none"),
    optional(
        LOG_BUCKETS,
        "where bodies beside the log may be read, as `bucket[/prefix],...`",
        "the bucket of the record",
    ),
    optional(
        BODY_QUEUE_URL,
        "the delay queue for bodies that are still to come",
        "such bodies stay outstanding",
    ),
    optional(
        INVOCATION_LOG_GROUP,
        "the log group that Bedrock logs to as well: its records come by both ways, and count once",
        "none",
    ),
    required(BASELINE_QUEUE_URL, "the queue in which `read-baseline` leaves what is still to be read"),
    optional(
        STACK_NAME,
        "the stack: what its generated names begin with belongs to the audit, and calls on it are alerted",
        "bedrock-audit",
    ),
    optional(TRAIL_BUCKET, "the bucket that the files of a trail are indexed from", "none"),
    optional(
        WATCHED_RESOURCES,
        "what else the audit rests on, as ARNs or names with commas between: keys, log groups, an older bucket",
        "none",
    ),
    optional(AUDIT_KEY_ARN, "the key that the audit's own data is encrypted with", "none"),
    optional(RETENTION_DAYS, "how long records are kept, in days; at least 183", "400"),
    optional(ALERT_MAX_AGE_HOURS, "older changes are summarised, not alerted one by one", "24"),
    optional(RECORD_CALLS, "whether calls that use Bedrock are taken out of the trail's files, too", "true"),
    optional(EXCERPT_CHARACTERS, "how many characters of a passage a source shows; with 0, none", "300"),
];

/// The variables that name what the audit rests on, besides `STACK_NAME` and `LOG_BUCKETS`.
pub const RESTED_ON: &[&str] = &[
    RECORDS_TABLE,
    STATES_TABLE,
    DELIVERIES_TABLE,
    AUDIT_BUCKET,
    ALERT_TOPIC_ARN,
    CHANGES_TOPIC_ARN,
    BODY_QUEUE_URL,
    INVOCATION_LOG_GROUP,
    WATCHED_RESOURCES,
];

/// The name of the function: Lambda sets it, no template.
pub const AWS_LAMBDA_FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";
/// See [`VARIABLES`].
pub const RECORDS_TABLE: &str = "RECORDS_TABLE";
/// See [`VARIABLES`].
pub const STATES_TABLE: &str = "STATES_TABLE";
/// See [`VARIABLES`].
pub const DELIVERIES_TABLE: &str = "DELIVERIES_TABLE";
/// See [`VARIABLES`].
pub const AUDIT_BUCKET: &str = "AUDIT_BUCKET";
/// See [`VARIABLES`].
pub const ALERT_TOPIC_ARN: &str = "ALERT_TOPIC_ARN";
/// See [`VARIABLES`].
pub const CHANGES_TOPIC_ARN: &str = "CHANGES_TOPIC_ARN";
/// See [`VARIABLES`].
pub const LOG_BUCKETS: &str = "LOG_BUCKETS";
/// See [`VARIABLES`].
pub const BODY_QUEUE_URL: &str = "BODY_QUEUE_URL";
/// See [`VARIABLES`].
pub const INVOCATION_LOG_GROUP: &str = "INVOCATION_LOG_GROUP";
/// See [`VARIABLES`].
pub const BASELINE_QUEUE_URL: &str = "BASELINE_QUEUE_URL";
/// See [`VARIABLES`].
pub const STACK_NAME: &str = "STACK_NAME";
/// See [`VARIABLES`].
pub const TRAIL_BUCKET: &str = "TRAIL_BUCKET";
/// See [`VARIABLES`].
pub const WATCHED_RESOURCES: &str = "WATCHED_RESOURCES";
/// See [`VARIABLES`].
pub const AUDIT_KEY_ARN: &str = "AUDIT_KEY_ARN";
/// See [`VARIABLES`].
pub const RETENTION_DAYS: &str = "RETENTION_DAYS";
/// See [`VARIABLES`].
pub const ALERT_MAX_AGE_HOURS: &str = "ALERT_MAX_AGE_HOURS";
/// See [`VARIABLES`].
pub const RECORD_CALLS: &str = "RECORD_CALLS";
/// The stack's name where nothing says otherwise: that of `samconfig.toml`.
pub const DEFAULT_STACK_NAME: &str = "bedrock-audit";
/// See [`VARIABLES`].
pub const EXCERPT_CHARACTERS: &str = "EXCERPT_CHARACTERS";

const fn required(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, meaning, default: None }
}

const fn optional(name: &'static str, meaning: &'static str, default: &'static str) -> Variable {
    Variable { name, meaning, default: Some(default) }
}

/// A variable is missing or has no meaning.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// It is not set, or empty.
    #[error("the environment variable {0} is not set: the function's template sets it")]
    Missing(&'static str),
    /// It is no number.
    #[error("the environment variable {0} is {1:?}, which is no whole number")]
    NoNumber(&'static str, String),
    /// It is neither true nor false.
    #[error("the environment variable {0} is {1:?}, which is neither true nor false")]
    NoBoolean(&'static str, String),
    /// It is no list of buckets.
    #[error("the environment variable {0} is {1:?}, which is no list of `bucket[/prefix],...`")]
    NoBuckets(&'static str, String),
    /// It is no ARN with an account and a region.
    #[error("the environment variable {0} is {1:?}, which is no ARN of a topic")]
    NoArn(&'static str, String),
}

/// The environment.
pub struct Environment {
    read: fn(&str) -> Option<String>,
}

impl Environment {
    /// The process's own.
    pub fn of_process() -> Self {
        Self { read: of_process }
    }

    /// What this reader gives: for tests.
    pub fn of(read: fn(&str) -> Option<String>) -> Self {
        Self { read }
    }

    /// A variable that the function cannot do without.
    ///
    /// # Errors
    /// It is not set, or empty.
    pub fn text(&self, name: &'static str) -> Result<String, EnvironmentError> {
        self.maybe(name).ok_or(EnvironmentError::Missing(name))
    }

    /// A variable that may be absent.
    pub fn maybe(&self, name: &'static str) -> Option<String> {
        (self.read)(name).filter(|value| !value.trim().is_empty())
    }

    /// `LOG_BUCKETS`; `None` where it is not set.
    ///
    /// # Errors
    /// An entry names no bucket.
    pub fn log_buckets(&self) -> Result<Option<AllowedPlaces>, EnvironmentError> {
        let list = self.maybe(LOG_BUCKETS);
        list.map(|list| {
            AllowedPlaces::parse(&list).ok_or(EnvironmentError::NoBuckets(LOG_BUCKETS, list.clone()))
        })
        .transpose()
    }

    /// The account and region of the function: those of the topic in `ALERT_TOPIC_ARN`.
    ///
    /// # Errors
    /// It is not set, or no ARN.
    pub fn account_and_region(&self) -> Result<(String, String), EnvironmentError> {
        let arn = self.text(ALERT_TOPIC_ARN)?;
        let mut parts = arn.split(':').skip(3);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(region), Some(account), Some(_)) if !region.is_empty() && !account.is_empty() => {
                Ok((account.to_owned(), region.to_owned()))
            }
            _ => Err(EnvironmentError::NoArn(ALERT_TOPIC_ARN, arn)),
        }
    }

    /// On what the audit rests: `STACK_NAME`, `WATCHED_RESOURCES`, `AUDIT_KEY_ARN`, and whatever a function is told of tables, buckets, topics
    /// and queues.
    ///
    /// # Errors
    /// `LOG_BUCKETS` names no bucket.
    pub fn watching(&self) -> Result<Watching, EnvironmentError> {
        let named: Vec<String> = RESTED_ON.iter().filter_map(|name| self.maybe(name)).collect();
        let resources = named.iter().flat_map(|list| list.split(','));
        let stack = self.stack_name();
        let watching = Watching::new(stack.trim(), resources, self.log_buckets()?.unwrap_or_default());
        Ok(watching.with_own_key(self.maybe(AUDIT_KEY_ARN).as_deref()))
    }

    /// `STACK_NAME`.
    pub fn stack_name(&self) -> String {
        self.maybe(STACK_NAME).unwrap_or_else(|| DEFAULT_STACK_NAME.to_owned())
    }

    /// `RETENTION_DAYS`.
    ///
    /// # Errors
    /// It is no whole number.
    pub fn retention(&self) -> Result<Retention, EnvironmentError> {
        let days = self.number(RETENTION_DAYS)?;
        Ok(days.map_or(Retention::DEFAULT, Retention::of_days))
    }

    /// `ALERT_MAX_AGE_HOURS`.
    ///
    /// # Errors
    /// It is no whole number.
    pub fn alert_max_age(&self) -> Result<SignedDuration, EnvironmentError> {
        let hours = self.number(ALERT_MAX_AGE_HOURS)?;
        Ok(SignedDuration::from_hours(i64::from(hours.unwrap_or(24))))
    }

    /// `RECORD_CALLS`.
    ///
    /// # Errors
    /// It is neither true nor false.
    pub fn record_calls(&self) -> Result<bool, EnvironmentError> {
        let written = self.maybe(RECORD_CALLS).unwrap_or_else(|| "true".to_owned());
        written.trim().parse().map_err(|_| EnvironmentError::NoBoolean(RECORD_CALLS, written.clone()))
    }

    /// `EXCERPT_CHARACTERS`.
    ///
    /// # Errors
    /// It is no whole number.
    pub fn excerpt_characters(&self) -> Result<usize, EnvironmentError> {
        let characters = self.number(EXCERPT_CHARACTERS)?;
        Ok(characters.map_or(EXCERPT, |characters| usize::try_from(characters).unwrap_or(usize::MAX)))
    }

    fn number(&self, name: &'static str) -> Result<Option<u32>, EnvironmentError> {
        self.maybe(name)
            .map(|written| {
                written.trim().parse().map_err(|_| EnvironmentError::NoNumber(name, written.clone()))
            })
            .transpose()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one reader")]
fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_meaningless_is_named() {
        let none = Environment::of(|_| None);
        assert_eq!(none.retention().unwrap(), Retention::of_days(400));
        assert_eq!(none.alert_max_age().unwrap(), SignedDuration::from_hours(24));
        let missing = none.text(RECORDS_TABLE).unwrap_err().to_string();
        assert!(missing.contains("RECORDS_TABLE"), "{missing}");
        let wrong = Environment::of(|_| Some("soon".into()));
        let message = wrong.retention().unwrap_err().to_string();
        assert!(message.contains("RETENTION_DAYS") && message.contains("soon"), "{message}");
        assert!(Environment::of(|_| Some(" ".into())).text(STATES_TABLE).is_err());
        assert_eq!(none.log_buckets().unwrap(), None);
        assert!(Environment::of(|_| Some("logs,/x".into())).log_buckets().is_err());
        assert!(none.record_calls().unwrap() && wrong.record_calls().is_err());
        assert!(!Environment::of(|_| Some("false".into())).record_calls().unwrap());
        assert_eq!(none.excerpt_characters().unwrap(), 300);
        assert!(wrong.excerpt_characters().is_err());
        assert_eq!(Environment::of(|_| Some("0".into())).excerpt_characters().unwrap(), 0);
        let topic = Environment::of(|_| Some("arn:aws:sns:eu-central-1:444455556666:alerts".into()));
        let place = topic.account_and_region().unwrap();
        assert_eq!(place, ("444455556666".to_owned(), "eu-central-1".to_owned()));
        let wrong = Environment::of(|_| Some("arn:aws:sns::444455556666:alerts".into()));
        assert!(wrong.account_and_region().unwrap_err().to_string().contains("ALERT_TOPIC_ARN"));
        assert!(none.watching().unwrap().holds("bedrock-audit-RecordsTable-1A2B"));
        let given = Environment::of(|name| match name {
            STACK_NAME => Some("audit".into()),
            WATCHED_RESOURCES => Some("main-trail, alias/logs".into()),
            LOG_BUCKETS => Some("our-logs/team".into()),
            AUDIT_KEY_ARN => Some("arn:aws:kms:eu-central-1:444455556666:key/0d7c".into()),
            _ => None,
        });
        let watching = given.watching().unwrap();
        for name in ["audit-RecordsTable-1A2B", "main-trail", "alias/logs", "our-logs", "0d7c"] {
            assert!(watching.holds(name), "{name}");
        }
        assert!(watching.knows_keys() && !watching.holds("bedrock-audit-RecordsTable-1A2B"));
    }
}

//! What may be mended without asking: what the stack itself switched on is switched on again, and a bucket tells one more
//! of its objects. Nothing is deleted, replaced, or put in somebody's place.

use std::fmt;

use super::{Seen, bucket, mapping, rule};

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// A bucket tells EventBridge of its objects, besides everything that it tells others.
    TellEventBridge {
        /// The bucket.
        bucket: String,
    },
    /// A rule of the stack passes events again.
    EnableRule {
        /// Its name.
        rule: String,
        /// Its bus.
        bus: String,
    },
    /// The messages of a queue of the stack are handed to its function again.
    EnableMapping {
        /// The id of the event source mapping.
        id: String,
    },
}

impl Fix {
    /// Everything that may be mended.
    pub fn all(seen: &Seen) -> Vec<Self> {
        let buckets =
            bucket::silent(seen).map(|bucket| Self::TellEventBridge { bucket: bucket.name.clone() });
        let rules = rule::disabled(seen)
            .map(|(rule, now)| Self::EnableRule { rule: rule.name.clone(), bus: now.bus().to_owned() });
        let mappings =
            mapping::disabled(seen).map(|(mapping, _)| Self::EnableMapping { id: mapping.name.clone() });
        buckets.chain(rules).chain(mappings).collect()
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TellEventBridge { bucket } => {
                write!(f, "let bucket {bucket} tell EventBridge of its objects")
            }
            Self::EnableRule { rule, bus } => write!(f, "enable rule {rule} of bus {bus}"),
            Self::EnableMapping { id } => write!(f, "enable event source mapping {id}"),
        }
    }
}

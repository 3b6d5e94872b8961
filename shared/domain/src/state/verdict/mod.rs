//! Whether a change made something weaker: field by field by a table of rules, and over all.
//!
//! * [`rules`]: the table, one line per rule.
//! * [`measure`]: the ways in which values are ordered.
//!
//! A field that no rule knows, and a value that its rule does not know, have no effect that we could claim: over all they
//! count as [`Verdict::Mixed`]. So nothing new in the API passes for harmless.

pub mod measure;
pub mod rules;

pub use rules::{RULES, Rule};

/// What a change does to a protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It protects less than before.
    Weaker,
    /// It protects more than before.
    Stronger,
    /// It protects the same.
    Neutral,
    /// It may protect more or less, or both in different places; or nobody knows.
    Mixed,
}

impl Verdict {
    /// Every verdict, with its name in the ledger and in JSON.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::Weaker, "weaker"),
        (Self::Stronger, "stronger"),
        (Self::Neutral, "neutral"),
        (Self::Mixed, "mixed"),
    ];

    /// The name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(verdict, _)| *verdict == self).map_or("", |(_, name)| name)
    }

    /// The verdict of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(verdict, _)| *verdict)
    }

    /// Of all fields together, `None` being one whose effect nobody knows.
    pub fn over_all(effects: impl IntoIterator<Item = Option<Self>>) -> Self {
        effects.into_iter().map(|effect| effect.unwrap_or(Self::Mixed)).fold(Self::Neutral, Self::and)
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (same, other) if same == other => same,
            (Self::Neutral, other) => other,
            (some, Self::Neutral) => some,
            _ => Self::Mixed,
        }
    }

    fn reversed(self) -> Self {
        match self {
            Self::Weaker => Self::Stronger,
            Self::Stronger => Self::Weaker,
            same => same,
        }
    }
}

#[cfg(test)]
mod tests;

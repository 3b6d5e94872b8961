//! The ways in which the values of a field are ordered.

use std::{cmp::Ordering, collections::BTreeSet};

use serde_json::Value;

use super::Verdict::{self, Mixed, Neutral, Stronger, Weaker};

/// How two values of a field compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Whether it is there at all.
    Existence {
        /// What it means that it came.
        came: Verdict,
        /// What it means that it went.
        went: Verdict,
    },
    /// An element of a list that protects. One that looks at nothing (strength `NONE`, or disabled) does not.
    Element,
    /// One of many elements that protect together: of a list of words nobody misses one as they would miss a filter.
    Entry,
    /// Words from the weakest to the strongest; `false` and `true` are such words, too.
    Scale {
        /// The words.
        levels: &'static [&'static str],
        /// What it is where the document does not say.
        absent: Option<&'static str>,
    },
    /// A number: the higher, the stronger.
    Number,
    /// A set of words.
    Set {
        /// What it means that there are more.
        more: Verdict,
        /// What it is where the document does not say.
        absent: &'static [&'static str],
    },
    /// A setting that comes and goes with what it belongs to, which is judged itself; another value may be either.
    Setting,
    /// May be either, which only people can tell.
    Unclear,
    /// Protects nothing.
    Harmless,
}

/// The word that stands for all that a set could hold.
const ALL: &str = "ALL";

impl Measure {
    /// What the change from one value to another does; `None` where a value is not known to the measure.
    pub fn effect(self, before: Option<&Value>, after: Option<&Value>) -> Option<Verdict> {
        match self {
            Self::Existence { came, went } => existence(before, after, came, went),
            Self::Element | Self::Entry => element(before, after),
            Self::Scale { levels, absent } => {
                by_order(level(levels, before, absent)?.cmp(&level(levels, after, absent)?))
            }
            Self::Number => by_order(before?.as_f64()?.partial_cmp(&after?.as_f64()?)?),
            Self::Set { more, absent } => Some(sets(&words(before, absent)?, &words(after, absent)?, more)),
            Self::Setting if before.is_none() || after.is_none() => Some(Neutral),
            Self::Setting | Self::Unclear => Some(Mixed),
            Self::Harmless => Some(Neutral),
        }
    }

    /// Whether what became weaker protects no more at all: it is gone, or switched off.
    pub fn is_lost(self, after: Option<&Value>) -> bool {
        match self {
            Self::Existence { .. } | Self::Element | Self::Entry => true,
            Self::Scale { .. } => after.and_then(word).is_some_and(|word| word == "NONE" || word == "false"),
            Self::Set { more, absent } => more == Stronger && absent.is_empty() && after.is_none(),
            Self::Number | Self::Setting | Self::Unclear | Self::Harmless => false,
        }
    }

    /// How the values are ordered, in words.
    pub fn order(self) -> String {
        let quoted = |words: &[&str], between: &str| {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(between)
        };
        match self {
            Self::Existence { .. } => "whether there is one".to_owned(),
            Self::Element | Self::Entry => "whether there is one that looks at something".to_owned(),
            Self::Scale { levels, absent: None } => quoted(levels, " < "),
            Self::Scale { levels, absent: Some(absent) } => {
                format!("{}; absent is `{absent}`", quoted(levels, " < "))
            }
            Self::Number => "the number".to_owned(),
            Self::Set { absent: [], .. } => "which there are".to_owned(),
            Self::Set { absent, .. } => format!("which there are; absent is {}", quoted(absent, ", ")),
            Self::Setting => "another value is `mixed`, with what it belongs to it comes and goes".to_owned(),
            Self::Unclear => "any change is `mixed`".to_owned(),
            Self::Harmless => "any change is `neutral`".to_owned(),
        }
    }

    /// When it becomes weaker, in words; empty for never.
    pub fn weaker_when(self) -> &'static str {
        match self {
            Self::Existence { went: Weaker, .. } => "it goes",
            Self::Element | Self::Entry => "one goes",
            Self::Scale { .. } | Self::Number => "lower",
            Self::Set { more: Weaker, .. } => "more",
            Self::Set { .. } => "fewer",
            Self::Existence { .. } | Self::Setting | Self::Unclear | Self::Harmless => "",
        }
    }

    /// When it becomes stronger, in words; empty for never.
    pub fn stronger_when(self) -> &'static str {
        match self {
            Self::Existence { came: Stronger, .. } => "it comes",
            Self::Element | Self::Entry => "one comes",
            Self::Scale { .. } | Self::Number => "higher",
            Self::Set { more: Weaker, .. } => "fewer",
            Self::Set { .. } => "more",
            Self::Existence { .. } | Self::Setting | Self::Unclear | Self::Harmless => "",
        }
    }
}

fn existence(before: Option<&Value>, after: Option<&Value>, came: Verdict, went: Verdict) -> Option<Verdict> {
    match (before, after) {
        (None, Some(_)) => Some(came),
        (Some(_), None) => Some(went),
        _ => None,
    }
}

fn element(before: Option<&Value>, after: Option<&Value>) -> Option<Verdict> {
    match before.or(after) {
        Some(element) if !looks_at_something(element) => Some(Neutral),
        _ => existence(before, after, Stronger, Weaker),
    }
}

/// Content filters have a strength for each side, and elements of other lists have none; what is not said is on.
fn looks_at_something(element: &Value) -> bool {
    let is = |member: &str, off: &str| element.get(member).and_then(word).is_some_and(|word| word == off);
    let is_on = |strength: &str, enabled: &str| !is(strength, "NONE") && !is(enabled, "false");
    let on_a_side = is_on("inputStrength", "inputEnabled") || is_on("outputStrength", "outputEnabled");
    on_a_side && !is("enabled", "false")
}

fn by_order(before_to_after: Ordering) -> Option<Verdict> {
    Some(match before_to_after {
        Ordering::Less => Stronger,
        Ordering::Equal => Neutral,
        Ordering::Greater => Weaker,
    })
}

fn level(levels: &[&str], value: Option<&Value>, absent: Option<&str>) -> Option<usize> {
    let word = match value {
        Some(value) => word(value)?,
        None => absent?,
    };
    levels.iter().position(|level| *level == word)
}

fn word(value: &Value) -> Option<&str> {
    match value {
        Value::Bool(true) => Some("true"),
        Value::Bool(false) => Some("false"),
        value => value.as_str(),
    }
}

fn words<'a>(value: Option<&'a Value>, absent: &[&'static str]) -> Option<BTreeSet<&'a str>> {
    match value {
        Some(value) => value.as_array()?.iter().map(word).collect(),
        None => Some(absent.iter().copied().collect()),
    }
}

fn sets(before: &BTreeSet<&str>, after: &BTreeSet<&str>, more: Verdict) -> Verdict {
    let holds = |one: &BTreeSet<&str>, other: &BTreeSet<&str>| one.contains(ALL) || one.is_superset(other);
    match (holds(after, before), holds(before, after)) {
        (true, true) => Neutral,
        (true, false) => more,
        (false, true) => more.reversed(),
        (false, false) => Mixed,
    }
}

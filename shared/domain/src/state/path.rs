//! Where a value stands in a document: `contentPolicy.filters[HATE].inputStrength`.

use std::fmt::{self, Write as _};

use crate::{digest::bounded_to, plain::is_unsafe};

/// How many bytes of a name or key are shown: so a path is bounded, too.
const NAME: usize = 120;

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A member of an object.
    Member(String),
    /// The element of a list with this natural key.
    Key(String),
    /// An element of a list without natural keys, from 0.
    Index(usize),
}

/// The steps from the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

impl Path {
    pub(super) fn member(&self, name: &str) -> Self {
        self.then(Step::Member(name.to_owned()))
    }

    pub(super) fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Whether an element of a list stands here.
    pub(super) fn is_element(&self) -> bool {
        matches!(self.0.last(), Some(Step::Key(_) | Step::Index(_)))
    }

    /// The elements of lists that it leads through.
    pub(super) fn elements(&self) -> impl Iterator<Item = Self> + '_ {
        let upto = |length| self.0.get(..length).map(|steps| Self(steps.to_vec()));
        (1..=self.0.len()).filter_map(upto).filter(Self::is_element)
    }

    /// Whether it fits a pattern, which looks like a path: `*` stands for any one step, `**` for any number of them,
    /// `a|b` for either member.
    pub(super) fn matches(&self, pattern: &str) -> bool {
        fits(&self.0, &words(pattern))
    }

    /// Reads a path as it is shown; escapes stay, since patterns do not look at them.
    pub(super) fn parse(shown: &str) -> Self {
        let mut steps = Vec::new();
        let mut word = String::new();
        let mut in_key = false;
        let mut chars = shown.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => word.extend(chars.next()),
                ']' if in_key => {
                    steps.push(Step::Key(std::mem::take(&mut word)));
                    in_key = false;
                }
                '.' | '[' if !in_key => {
                    steps.extend(ended_member(&mut word));
                    in_key = c == '[';
                }
                _ => word.push(c),
            }
        }
        steps.extend(ended_member(&mut word));
        Self(steps)
    }
}

fn ended_member(word: &mut String) -> Option<Step> {
    (!word.is_empty()).then(|| Step::Member(std::mem::take(word)))
}

fn words(pattern: &str) -> Vec<&str> {
    let words = pattern.split(['.', '[']).map(|word| word.trim_end_matches(']'));
    words.filter(|word| !word.is_empty()).collect()
}

fn fits(steps: &[Step], words: &[&str]) -> bool {
    match (steps, words) {
        (_, ["**", later @ ..]) => {
            fits(steps, later) || steps.split_first().is_some_and(|(_, deeper)| fits(deeper, words))
        }
        ([step, steps @ ..], [word, words @ ..]) => step.fits(word) && fits(steps, words),
        (steps, words) => steps.is_empty() && words.is_empty(),
    }
}

impl Step {
    fn fits(&self, word: &str) -> bool {
        word == "*" || matches!(self, Self::Member(name) if word.split('|').any(|either| either == name))
    }
}

/// Names stay on one line, within bounds and apart from the marks between them, whatever stands in them.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, step) in self.0.iter().enumerate() {
            match step {
                Step::Member(name) if nth == 0 => f.write_str(&shown(name, ".[]\\"))?,
                Step::Member(name) => write!(f, ".{}", shown(name, ".[]\\"))?,
                Step::Key(key) => write!(f, "[{}]", shown(key, "[]\\"))?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

fn shown(name: &str, marks: &str) -> String {
    let mut shown = String::new();
    for c in name.chars() {
        if is_unsafe(c) {
            shown.extend(c.escape_unicode());
        } else if marks.contains(c) {
            let _infallible = write!(shown, "\\{c}");
        } else {
            shown.push(c);
        }
    }
    bounded_to(&shown, NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_what_they_look_like() {
        for (pattern, path, fits) in [
            ("contentPolicy.filters[*].inputStrength", "contentPolicy.filters[HATE].inputStrength", true),
            ("contentPolicy.filters[*].inputStrength", "contentPolicy.filters[HATE]", false),
            ("*.words|topics[*]", "topicPolicy.topics[a.b]", true),
            ("*.words|topics[*]", "topicPolicy.filters[a.b]", false),
            ("variants[*].templateConfiguration.**", "variants[0].templateConfiguration", true),
            ("variants[*].templateConfiguration.**", "variants[0].templateConfiguration.text.text", true),
            ("definition.**.expression", "definition.nodes[n].inputs[i].expression", true),
            ("definition.**.expression", "definition.nodes[n].expressions", false),
            ("words", "[words]", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(Path::parse(path).matches(pattern), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn hostile_names_stay_readable_bounded_and_apart() {
        let path =
            Path::default().member("a.b[c]").then(Step::Key("x].y\u{1b}[2J\n\u{202e}".into())).member("z");
        let shown = path.to_string();
        assert_eq!(shown, r"a\.b\[c\][x\].y\u{1b}\[2J\u{a}\u{202e}].z");
        assert_eq!(Path::parse(&shown).0.len(), 3);
        assert!(Path::parse(&shown).matches("*[*].z"));

        let huge = Path::default().member("words").then(Step::Key("ä]".repeat(5_000))).member("text");
        assert!(huge.to_string().len() < 150);
        assert!(Path::parse(&huge.to_string()).matches("words[*].text"));
    }
}

//! What a change did: the fields that are different, the verdict on each, and the one over all.

use serde_json::Value;

use super::{
    Document, SubjectKind, Verdict,
    diff::{Difference, bounded, differences},
    path::Path,
    shape::Shape,
    verdict::Rule,
};
use crate::ledger::record::FieldChange;

/// What is known of a resource at a moment.
#[derive(Clone, Copy, Debug)]
pub enum Known<'a> {
    /// Nothing: it was never read, or could not be.
    Unknown,
    /// It is not there.
    Absent,
    /// It looks like this. An empty document is that of something that is not there.
    Present(&'a Document),
}

/// The difference between two moments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The fields that are different, at most [`super::diff::FIELDS`]; what makes it weaker comes first, so that nothing can
    /// be hidden behind many harmless ones.
    pub fields: Vec<FieldChange>,
    /// How many fields more there are.
    pub left_out: u32,
    /// Whether it protects less now; `None` where that is no question, or one side is not known.
    pub verdict: Option<Verdict>,
    /// Whether a protection is gone altogether: removed or switched off, whatever else was changed.
    pub is_lost: bool,
}

/// Compares what is known of a resource before a change with what is known after it. Where one side is not known nothing
/// is claimed. Of a resource that came or went the verdict is on the whole, and its fields have no effect of their own.
pub fn compare(kind: SubjectKind, before: Known<'_>, after: Known<'_>) -> Comparison {
    let (Some(before), Some(after)) = (before.normal(), after.normal()) else { return Comparison::default() };
    let found = differences(Shape::of(kind), before, after);
    match (before, after) {
        (None, None) => Comparison::default(),
        (Some(_), Some(_)) if kind.has_rules() => field_by_field(kind, found),
        (Some(_), Some(_)) => Comparison::of(found.iter().map(|field| field.told(None))),
        _ => as_a_whole(kind, before, after, &found),
    }
}

fn as_a_whole(
    kind: SubjectKind,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &[Difference<'_>],
) -> Comparison {
    let rule = Rule::of(kind, &Path::default());
    let verdict = rule.and_then(|rule| rule.measure.effect(before, after));
    let comparison = Comparison::of(found.iter().map(|field| field.told(None)));
    Comparison { verdict, is_lost: verdict == Some(Verdict::Weaker), ..comparison }
}

fn field_by_field(kind: SubjectKind, found: Vec<Difference<'_>>) -> Comparison {
    let mut judged: Vec<Judged<'_>> = found.into_iter().map(|field| Judged::of(kind, field)).collect();
    judged.sort_by_key(Judged::rank);
    let comparison =
        Comparison::of(judged.iter().map(|judged| judged.field.told(judged.effect.map(Verdict::name))));
    Comparison {
        verdict: Some(Verdict::over_all(judged.iter().map(|judged| judged.effect))),
        is_lost: judged.iter().any(|judged| judged.is_lost),
        ..comparison
    }
}

struct Judged<'a> {
    field: Difference<'a>,
    effect: Option<Verdict>,
    is_lost: bool,
}

impl<'a> Judged<'a> {
    fn of(kind: SubjectKind, field: Difference<'a>) -> Self {
        let rule = Rule::of(kind, &field.path);
        let effect = rule.and_then(|rule| rule.measure.effect(field.before, field.after));
        let is_lost = effect == Some(Verdict::Weaker)
            && rule.is_some_and(|rule| rule.measure.is_lost(field.after))
            && !Rule::is_one_of_many(kind, &field.path);
        Self { field, effect, is_lost }
    }

    fn rank(&self) -> u8 {
        match self.effect {
            Some(Verdict::Weaker) => 0,
            Some(Verdict::Mixed) | None => 1,
            Some(Verdict::Stronger) => 2,
            Some(Verdict::Neutral) => 3,
        }
    }
}

impl Comparison {
    fn of(fields: impl ExactSizeIterator<Item = FieldChange>) -> Self {
        let (fields, left_out) = bounded(fields);
        Self { fields, left_out, ..Self::default() }
    }
}

impl<'a> Known<'a> {
    /// `None` where nothing is known, `Some(None)` where it is known that there is nothing.
    fn normal(self) -> Option<Option<&'a Value>> {
        match self {
            Self::Unknown => None,
            Self::Absent => Some(None),
            Self::Present(document) => Some(Some(document.normal()).filter(|_| !document.is_empty())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn words(count: usize, strength: &str) -> Document {
        let words: Vec<Value> = (0..count).map(|nth| json!({"text": format!("w{nth:04}")})).collect();
        let filters = json!([{"type": "HATE", "inputStrength": strength}]);
        let raw = json!({"wordPolicy": {"words": words}, "contentPolicy": {"filters": filters}});
        Document::of(SubjectKind::Guardrail, &raw)
    }

    #[test]
    fn nothing_is_claimed_of_what_is_not_known() {
        let document = words(1, "LOW");
        let there = Known::Present(&document);
        for (before, after) in
            [(Known::Unknown, there), (there, Known::Unknown), (Known::Absent, Known::Absent)]
        {
            assert_eq!(compare(SubjectKind::Guardrail, before, after), Comparison::default());
        }
        let same = compare(SubjectKind::Guardrail, there, there);
        assert_eq!((same.fields.len(), same.verdict), (0, Some(Verdict::Neutral)));
    }

    #[test]
    fn what_protects_nothing_has_no_verdict() {
        let prompt = |model: &str| json!({"name": "p", "variants": [{"name": "v", "modelId": model}]});
        let [before, after] = ["a", "b"].map(|model| Document::of(SubjectKind::Prompt, &prompt(model)));
        let changed = compare(SubjectKind::Prompt, Known::Present(&before), Known::Present(&after));
        let [field] = &changed.fields[..] else { panic!("{changed:?}") };
        assert_eq!((field.path.as_str(), &field.effect), ("variants[v].modelId", &None));
        assert_eq!(changed.verdict, None);
        let gone = compare(SubjectKind::Prompt, Known::Present(&before), Known::Absent);
        assert_eq!((gone.verdict, gone.is_lost, gone.fields.len()), (None, false, 2));
    }

    #[test]
    fn a_weakening_does_not_hide_behind_many_harmless_fields() {
        let (before, after) = (words(0, "HIGH"), words(500, "NONE"));
        let changed = compare(SubjectKind::Guardrail, Known::Present(&before), Known::Present(&after));
        assert_eq!(changed.fields[0].path, "contentPolicy.filters[HATE].inputStrength");
        assert_eq!((changed.fields.len(), changed.left_out), (100, 401));
        assert_eq!((changed.verdict, changed.is_lost), (Some(Verdict::Mixed), true));
    }
}

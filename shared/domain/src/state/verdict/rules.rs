//! The table of rules. Of several that fit a path, the first counts.

use super::{
    Verdict::{Neutral, Stronger, Weaker},
    measure::Measure::{self, Element, Entry, Existence, Harmless, Number, Scale, Set, Setting, Unclear},
};
use crate::state::{
    SubjectKind::{self, EnforcedGuardrail, Guardrail, InvocationLogging},
    path::Path,
};

/// What it means that a field changed.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Whose field.
    pub kind: SubjectKind,
    /// Which field: a path, with `*` for any key of a list, `**` for whatever stands below, `a|b` for either member. The
    /// empty one is the resource itself.
    pub path: &'static str,
    /// What it is, in words.
    pub what: &'static str,
    /// How its values are ordered.
    pub measure: Measure,
}

const fn rule(kind: SubjectKind, path: &'static str, what: &'static str, measure: Measure) -> Rule {
    Rule { kind, path, what, measure }
}

/// How hard a content filter looks.
const STRENGTH: Measure = Scale { levels: &["NONE", "LOW", "MEDIUM", "HIGH"], absent: None };
/// What is done with a find. `NONE` tells it and lets it pass; before there was a choice it was blocked.
const ACTION: Measure = Scale { levels: &["NONE", "BLOCK"], absent: Some("BLOCK") };
/// The same for what can be masked. Where a side does not say, the element's own action holds, which another field tells.
const MASKING: Measure = Scale { levels: &["NONE", "ANONYMIZE", "BLOCK"], absent: None };
/// Before there was a choice it was on.
const ENABLED: Measure = Scale { levels: &["false", "true"], absent: Some("true") };
/// Which default holds is not documented.
const DELIVERY: Measure = Scale { levels: &["false", "true"], absent: None };
/// What a guardrail looked at before there was a choice.
const MODALITIES: Measure = Set { more: Stronger, absent: &["TEXT"] };
/// The newer tier understands more languages and finds more.
const TIER: Measure = Scale { levels: &["CLASSIC", "STANDARD"], absent: Some("CLASSIC") };
/// Honoured, tags leave it to the caller what is looked at.
const INPUT_TAGS: Measure = Scale { levels: &["HONOR", "IGNORE"], absent: None };
/// Selective, only what the caller tagged is looked at.
const GUARDING: Measure = Scale { levels: &["SELECTIVE", "COMPREHENSIVE"], absent: None };
/// Without a choice of models it holds for all.
const INCLUDED: Measure = Set { more: Stronger, absent: &["ALL"] };
const EXCLUDED: Measure = Set { more: Weaker, absent: &[] };
const POLICIES: Measure = Set { more: Stronger, absent: &[] };
/// A guardrail protects nothing until something uses it, and what used it is no longer protected when it is gone.
const USED: Measure = Existence { came: Neutral, went: Weaker };
const THERE: Measure = Existence { came: Stronger, went: Weaker };

/// Every rule.
pub const RULES: &[Rule] = &[
    rule(Guardrail, "", "the guardrail, or a version of it", USED),
    rule(Guardrail, "contentPolicy.filters[*]", "a content filter", Element),
    rule(Guardrail, "contentPolicy.filters[*].inputStrength|outputStrength", "how hard it looks", STRENGTH),
    rule(
        Guardrail,
        "contentPolicy.filters[*].inputModalities|outputModalities",
        "what it looks at",
        MODALITIES,
    ),
    rule(Guardrail, "contentPolicy.filters[*].inputAction|outputAction", "what it does", ACTION),
    rule(Guardrail, "contentPolicy.filters[*].inputEnabled|outputEnabled", "whether it looks", ENABLED),
    rule(Guardrail, "topicPolicy.topics[*]", "a denied topic", Element),
    rule(Guardrail, "topicPolicy.topics[*].definition|examples|type", "what the topic is", Unclear),
    rule(Guardrail, "topicPolicy.topics[*].inputAction|outputAction", "what it does", ACTION),
    rule(Guardrail, "topicPolicy.topics[*].inputEnabled|outputEnabled", "whether it looks", ENABLED),
    rule(Guardrail, "wordPolicy.words[*]", "a word", Entry),
    rule(Guardrail, "wordPolicy.managedWordLists[*]", "a managed list of words", Element),
    rule(Guardrail, "wordPolicy.words|managedWordLists[*].inputAction|outputAction", "what it does", ACTION),
    rule(
        Guardrail,
        "wordPolicy.words|managedWordLists[*].inputEnabled|outputEnabled",
        "whether it looks",
        ENABLED,
    ),
    rule(Guardrail, "sensitiveInformationPolicy.piiEntities[*]", "a kind of personal data", Element),
    rule(Guardrail, "sensitiveInformationPolicy.regexes[*]", "a pattern", Element),
    rule(Guardrail, "sensitiveInformationPolicy.regexes[*].pattern", "what it finds", Unclear),
    rule(Guardrail, "sensitiveInformationPolicy.regexes[*].description", "its description", Harmless),
    rule(
        Guardrail,
        "sensitiveInformationPolicy.piiEntities|regexes[*].action|inputAction|outputAction",
        "what it does",
        MASKING,
    ),
    rule(
        Guardrail,
        "sensitiveInformationPolicy.piiEntities|regexes[*].inputEnabled|outputEnabled",
        "whether it looks",
        ENABLED,
    ),
    rule(Guardrail, "contextualGroundingPolicy.filters[*]", "a grounding or relevance check", Element),
    rule(
        Guardrail,
        "contextualGroundingPolicy.filters[*].threshold",
        "how well grounded an answer must be",
        Number,
    ),
    rule(Guardrail, "contextualGroundingPolicy.filters[*].action", "what it does", ACTION),
    rule(Guardrail, "contextualGroundingPolicy.filters[*].enabled", "whether it looks", ENABLED),
    rule(
        Guardrail,
        "contentPolicy|topicPolicy|contextualGroundingPolicy.tier.tierName",
        "the tier of the safeguard",
        TIER,
    ),
    rule(Guardrail, "automatedReasoningPolicy.policies", "automated reasoning policies", POLICIES),
    rule(Guardrail, "automatedReasoningPolicy.confidenceThreshold", "how sure a finding must be", Setting),
    rule(Guardrail, "crossRegionDetails.**", "the regions that it may run in", Harmless),
    rule(
        Guardrail,
        "blockedInputMessaging|blockedOutputsMessaging",
        "what is said in place of what is blocked",
        Harmless,
    ),
    rule(Guardrail, "name|description|kmsKeyArn", "names and keys", Harmless),
    rule(EnforcedGuardrail, "", "the enforced configuration", THERE),
    rule(
        EnforcedGuardrail,
        "guardrailId|guardrailArn|guardrailVersion",
        "which guardrail is enforced",
        Unclear,
    ),
    rule(EnforcedGuardrail, "inputTags", "whether callers choose by tags what is looked at", INPUT_TAGS),
    rule(
        EnforcedGuardrail,
        "selectiveContentGuarding.system|messages",
        "the same, by part of the request",
        GUARDING,
    ),
    rule(EnforcedGuardrail, "modelEnforcement.includedModels", "models that it is enforced for", INCLUDED),
    rule(
        EnforcedGuardrail,
        "modelEnforcement.excludedModels",
        "models that it is not enforced for",
        EXCLUDED,
    ),
    rule(InvocationLogging, "", "the invocation log", THERE),
    rule(
        InvocationLogging,
        "loggingConfig.textDataDeliveryEnabled|imageDataDeliveryEnabled|embeddingDataDeliveryEnabled\
         |videoDataDeliveryEnabled|audioDataDeliveryEnabled",
        "whether bodies of this kind are logged",
        DELIVERY,
    ),
    rule(InvocationLogging, "loggingConfig.s3Config|cloudWatchConfig", "a destination", THERE),
    rule(
        InvocationLogging,
        "loggingConfig.cloudWatchConfig.largeDataDeliveryS3Config",
        "a destination for large bodies",
        THERE,
    ),
    rule(
        InvocationLogging,
        "loggingConfig.s3Config|cloudWatchConfig.**",
        "where or as whom it is delivered",
        Unclear,
    ),
];

impl Rule {
    /// The rule for a field; `None` where no rule knows it.
    pub(in crate::state) fn of(kind: SubjectKind, path: &Path) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.kind == kind && path.matches(rule.path))
    }

    /// Whether a field is, or belongs to, an element that is no protection by itself.
    pub(in crate::state) fn is_one_of_many(kind: SubjectKind, path: &Path) -> bool {
        path.elements().any(|element| Self::of(kind, &element).is_some_and(|rule| rule.measure == Entry))
    }
}

impl SubjectKind {
    /// Whether it protects something, so that a change may be weaker or stronger.
    pub fn has_rules(self) -> bool {
        RULES.iter().any(|rule| rule.kind == self)
    }
}

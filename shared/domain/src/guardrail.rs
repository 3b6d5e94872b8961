//! Which guardrail was active for an invocation, and how we know.
//!
//! The request's guardrail configuration is not in the log (FORMATS 11.16): the id stands only in the trace of the
//! answer, as the name of a member, and only where the caller had the trace on.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::{
    json::{Members, elements},
    passage::Certainty,
};

/// The guardrail of an invocation, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardrailFinding {
    /// How certain `id` is.
    pub certainty: Certainty,
    /// The guardrail's id; an ARN is cut down to it.
    pub id: Option<String>,
    /// `DRAFT` or a number.
    pub version: Option<String>,
    /// `INTERVENED` or `NONE`; absent where the log does not say.
    pub action: Option<String>,
    /// What `certainty` rests on.
    pub basis: Option<String>,
}

impl GuardrailFinding {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self { certainty: Certainty::Unknown, id: None, version: None, action: None, basis: None }
    }
}

/// What the answer of an invocation shows of guardrails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardrailTrace {
    applied: Vec<Applied>,
    action: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Applied {
    id: String,
    version: Option<String>,
    /// `REQUEST`, `ACCOUNT_ENFORCED`, `ORGANIZATION_ENFORCED`; absent where the trace does not tell.
    origins: Vec<String>,
    detailed: bool,
}

impl GuardrailTrace {
    /// Notes that the answer says what the guardrail did.
    pub fn note_action(&mut self, action: &str) {
        // one part of a streamed answer may say NONE before another says INTERVENED
        if self.action.as_deref() != Some("INTERVENED") {
            self.action = Some(action.to_owned());
        }
    }

    /// Reads Converse's `trace` (`guardrail.inputAssessment`, `guardrail.outputAssessments`).
    pub fn read_converse_trace(&mut self, trace: &Members<'_>) {
        self.read_trace(trace, &["inputAssessment", "outputAssessments"]);
    }

    /// Reads the members that InvokeModel puts beside a provider's own answer
    /// (`amazon-bedrock-guardrailAction`, `amazon-bedrock-trace.guardrail.input` and `.outputs`).
    pub fn read_invoke_members(&mut self, answer: &Members<'_>) {
        if let Some(action) = answer.text("amazon-bedrock-guardrailAction") {
            self.note_action(&action);
        }
        if let Some(trace) = answer.object("amazon-bedrock-trace") {
            self.read_trace(&trace, &["input", "outputs"]);
        }
    }

    fn read_trace(&mut self, trace: &Members<'_>, assessments: &[&str]) {
        let Some(guardrail) = trace.object("guardrail") else { return };
        for name in assessments {
            if let Some(raw) = guardrail.get(name) {
                self.read_assessments(raw);
            }
        }
    }

    /// A map from guardrail to assessment, a map to lists of them (today's API) or a list of maps (2024's logs).
    fn read_assessments(&mut self, raw: &RawValue) {
        let maps = elements(raw).unwrap_or_else(|| vec![raw]);
        for map in maps.into_iter().filter_map(Members::of) {
            for (guardrail, value) in map.iter() {
                let assessments = elements(value).unwrap_or_else(|| vec![value]);
                for assessment in assessments {
                    self.note_applied(guardrail, Members::of(assessment).unwrap_or_default());
                }
            }
        }
    }

    fn note_applied(&mut self, named: &str, assessment: Members<'_>) {
        let details = assessment.object("appliedGuardrailDetails");
        let text = |name: &str| details.as_ref().and_then(|d| d.text(name)).map(String::from);
        let applied = Applied {
            id: text("guardrailId").unwrap_or_else(|| id_of(named).to_owned()),
            version: text("guardrailVersion"),
            origins: details
                .as_ref()
                .and_then(|d| d.array("guardrailOrigin"))
                .unwrap_or_default()
                .into_iter()
                .filter_map(crate::json::text)
                .map(String::from)
                .collect(),
            detailed: details.is_some(),
        };
        // one guardrail may be applied in two versions: enforced in one, and asked for in another
        let is_same = |known: &&mut Applied| {
            let both_say = known.detailed && applied.detailed;
            known.id == applied.id && (!both_say || known.version == applied.version)
        };
        match self.applied.iter_mut().find(is_same) {
            Some(known) if !known.detailed => *known = applied,
            Some(known) => {
                let new = applied.origins.into_iter().filter(|origin| !known.origins.contains(origin));
                let new: Vec<_> = new.collect();
                known.origins.extend(new);
            }
            None => self.applied.push(applied),
        }
    }

    /// What is known of the guardrail, all ways of knowing taken together, best first.
    pub fn finding(&self, request_metadata: &BTreeMap<String, String>) -> GuardrailFinding {
        let reported_id = request_metadata.get("guardrailId").map(|id| id_of(id));
        let reported_version = request_metadata.get("guardrailVersion");
        let chosen = self
            .applied
            .iter()
            .find(|applied| applied.origins.iter().any(|origin| origin == "REQUEST"))
            .or_else(|| self.applied.first());
        let action = self.action.clone().or((!self.applied.is_empty()).then(|| "NONE".to_owned()));
        if let Some(applied) = chosen {
            let agrees = reported_id == Some(&applied.id);
            let reported = reported_version.filter(|_| agrees && applied.version.is_none());
            return GuardrailFinding {
                certainty: Certainty::Recorded,
                id: Some(applied.id.clone()),
                version: applied.version.clone().or(reported.cloned()),
                action,
                basis: Some(self.basis(applied, reported.is_some())),
            };
        }
        match reported_id {
            Some(id) => GuardrailFinding {
                certainty: Certainty::Reported,
                id: Some(id.to_owned()),
                version: reported_version.cloned(),
                action,
                basis: Some("request metadata".to_owned()),
            },
            None => GuardrailFinding { action, ..GuardrailFinding::unknown() },
        }
    }

    fn basis(&self, chosen: &Applied, version_reported: bool) -> String {
        let mut basis = if chosen.detailed { "applied guardrail details" } else { "trace" }.to_owned();
        if version_reported {
            basis.push_str("; version from request metadata");
        }
        for other in self.applied.iter().filter(|other| *other != chosen) {
            basis.push_str(&format!("; also applied: {}", other.id));
            if let Some(version) = other.version.as_ref().filter(|_| other.id == chosen.id) {
                basis.push_str(&format!(" version {version}"));
            }
            if !other.origins.is_empty() {
                basis.push_str(&format!(" ({})", other.origins.join(", ")));
            }
        }
        basis
    }
}

/// The id in a guardrail identifier, which may be an ARN.
pub fn id_of(identifier: &str) -> &str {
    if identifier.starts_with("arn:") {
        identifier.rsplit('/').next().unwrap_or(identifier)
    } else {
        identifier
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn converse(trace: &str) -> GuardrailFinding {
        let raw = RawValue::from_string(trace.to_owned()).unwrap();
        let mut seen = GuardrailTrace::default();
        seen.read_converse_trace(&Members::of(&raw).unwrap());
        seen.finding(&BTreeMap::new())
    }

    #[test]
    fn both_forms_of_assessments_name_the_guardrail() {
        for trace in [
            r#"{"guardrail":{"inputAssessment":{"gr1":{"topicPolicy":{}}}}}"#,
            r#"{"guardrail":{"outputAssessments":[{"gr1":{"contentPolicy":{}}}]}}"#,
            r#"{"guardrail":{"outputAssessments":{"gr1":[{"contentPolicy":{}}]}}}"#,
            r#"{"guardrail":{"inputAssessment":{"arn:aws:bedrock:eu-west-1:1:guardrail/gr1":{}}}}"#,
        ] {
            let finding = converse(trace);
            assert_eq!(finding.id.as_deref(), Some("gr1"), "{trace}");
            assert_eq!(finding.certainty, Certainty::Recorded, "{trace}");
            assert_eq!(finding.version, None, "{trace}");
            assert_eq!(finding.action.as_deref(), Some("NONE"), "{trace}");
        }
        assert_eq!(converse(r#"{"guardrail":{}}"#), GuardrailFinding::unknown());
        assert_eq!(converse(r#"{"guardrail":{"inputAssessment":"x"}}"#), GuardrailFinding::unknown());
    }

    #[test]
    fn one_guardrail_in_two_versions_is_the_one_that_was_asked_for() {
        let details = |version: &str, origin: &str| {
            format!(
                r#"{{"appliedGuardrailDetails":{{"guardrailId":"g","guardrailVersion":"{version}","guardrailOrigin":["{origin}"]}}}}"#
            )
        };
        let (enforced, own) = (details("3", "ACCOUNT_ENFORCED"), details("4", "REQUEST"));
        let trace = format!(r#"{{"guardrail":{{"outputAssessments":{{"g":[{enforced},{own},{own}]}}}}}}"#);
        let finding = converse(&trace);
        assert_eq!(finding.version.as_deref(), Some("4"));
        let basis = "applied guardrail details; also applied: g version 3 (ACCOUNT_ENFORCED)";
        assert_eq!(finding.basis.as_deref(), Some(basis));
    }

    #[test]
    fn assessments_nested_without_end_are_none() {
        let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let trace = format!(r#"{{"guardrail":{{"inputAssessment":{nested}}}}}"#);
        assert_eq!(converse(&trace), GuardrailFinding::unknown());
    }

    #[test]
    fn the_requests_own_guardrail_goes_before_an_enforced_one() {
        let details = |id: &str, origin: &str| {
            format!(
                r#""{id}":{{"appliedGuardrailDetails":{{"guardrailId":"{id}","guardrailVersion":"4","guardrailOrigin":["{origin}"]}}}}"#
            )
        };
        let finding = converse(&format!(
            r#"{{"guardrail":{{"inputAssessment":{{{},{}}}}}}}"#,
            details("enforced", "ACCOUNT_ENFORCED"),
            details("own", "REQUEST")
        ));
        assert_eq!(finding.id.as_deref(), Some("own"));
        assert_eq!(finding.version.as_deref(), Some("4"));
        assert_eq!(
            finding.basis.as_deref(),
            Some("applied guardrail details; also applied: enforced (ACCOUNT_ENFORCED)")
        );
    }

    #[test]
    fn what_the_application_says_is_reported_and_no_more() {
        let metadata = BTreeMap::from([
            ("guardrailId".to_owned(), "gr1".to_owned()),
            ("guardrailVersion".to_owned(), "7".to_owned()),
        ]);
        let finding = GuardrailTrace::default().finding(&metadata);
        assert_eq!(finding.certainty, Certainty::Reported);
        assert_eq!(finding.version.as_deref(), Some("7"));
        assert_eq!(finding.action, None);
        assert_eq!(GuardrailTrace::default().finding(&BTreeMap::new()), GuardrailFinding::unknown());
    }
}

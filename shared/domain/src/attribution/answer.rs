//! An answer of RetrieveAndGenerate, to be shown: its text, and what each part of it cites (FORMATS 4.3).

use serde_json::value::RawValue;

use super::retrieved::Retrieved;
use crate::json::Members;

/// What the service answered to a question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The text; empty where it has none.
    pub text: String,
    /// The session, by which a conversation goes on.
    pub session_id: Option<String>,
    /// What a guardrail did: `NONE`, `INTERVENED`.
    pub guardrail_action: Option<String>,
    /// The citations, in the order of the text.
    pub citations: Vec<Citation>,
}

/// A part of an answer, and what it cites.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Citation {
    /// The words of that part.
    pub part: Option<String>,
    /// The passages; empty where the part rests on nothing that was retrieved.
    pub references: Vec<Retrieved>,
}

impl Answer {
    /// Reads a response. What it lacks is empty: whether it is one of this operation is not decided here.
    pub fn of(response: &RawValue) -> Self {
        let members = Members::of(response).unwrap_or_default();
        let said = |name: &str| members.text(name).filter(|text| !text.trim().is_empty()).map(String::from);
        let citations = members.array("citations").into_iter().flatten();
        Self {
            text: members.object("output").and_then(|o| o.text("text")).unwrap_or_default().into_owned(),
            session_id: said("sessionId"),
            guardrail_action: said("guardrailAction"),
            citations: citations.enumerate().map(|(nth, citation)| Citation::of(citation, nth)).collect(),
        }
    }

    /// Whether a guardrail replaced the answer or a part of it.
    pub fn is_intervened(&self) -> bool {
        self.guardrail_action.as_deref().is_some_and(|action| action != "NONE")
    }

    /// Whether no part of it names a passage.
    pub fn cites_nothing(&self) -> bool {
        self.citations.iter().all(|citation| citation.references.is_empty())
    }
}

impl Citation {
    fn of(citation: &RawValue, nth: usize) -> Self {
        let members = Members::of(citation).unwrap_or_default();
        let part = members.object("generatedResponsePart").and_then(|part| part.object("textResponsePart"));
        let references = members.array("retrievedReferences").into_iter().flatten().enumerate();
        let at = |of: usize| format!("citations[{nth}].retrievedReferences[{of}]");
        Self {
            part: part.and_then(|part| part.text("text")).map(String::from),
            references: references.map(|(of, reference)| Retrieved::of(reference, at(of))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Answer {
        Answer::of(&RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn every_part_has_its_references() {
        let answer = of(
            r#"{"sessionId":"s-1","output":{"text":"Paid. Soon."},"guardrailAction":"NONE","citations":[
                {"generatedResponsePart":{"textResponsePart":{"text":"Paid.","span":{"start":0,"end":4}}},"retrievedReferences":[
                    {"content":{"text":"It is paid."},"location":{"type":"S3","s3Location":{"uri":"s3://b/a.pdf"}}},
                    {"content":{"text":"It is due."}}]},
                {"generatedResponsePart":{"textResponsePart":{"text":"Soon."}},"retrievedReferences":[]}]}"#,
        );
        assert_eq!((answer.text.as_str(), answer.session_id.as_deref()), ("Paid. Soon.", Some("s-1")));
        assert!(!answer.is_intervened() && !answer.cites_nothing());
        let [paid, soon] = &answer.citations[..] else { panic!("{answer:?}") };
        let uris: Vec<_> = paid.references.iter().map(|reference| reference.uri.as_deref()).collect();
        assert_eq!((paid.part.as_deref(), uris), (Some("Paid."), vec![Some("s3://b/a.pdf"), None]));
        assert_eq!(paid.references[1].found_at, "citations[0].retrievedReferences[1]");
        assert_eq!((soon.part.as_deref(), soon.references.len()), (Some("Soon."), 0));
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_empty() {
        for json in
            ["{}", "[]", "7", r#"{"output":null,"citations":{}}"#, r#"{"output":{"text":7},"sessionId":" "}"#]
        {
            assert_eq!(of(json), Answer::default(), "{json}");
            assert!(of(json).cites_nothing() && !of(json).is_intervened());
        }
        let odd = of(r#"{"citations":[null,{"retrievedReferences":[null]}],"guardrailAction":"INTERVENED"}"#);
        assert_eq!((odd.citations.len(), odd.citations[1].references[0].uri.clone()), (2, None));
        assert!(odd.is_intervened() && !odd.cites_nothing());
    }
}

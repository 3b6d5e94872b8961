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
    /// Reads a response; `None` where it is none: without a text, or with citations that cannot be read, nothing can be said of
    /// what it cites.
    pub fn of(response: &RawValue) -> Option<Self> {
        let members = Members::of(response)?;
        let said = |name: &str| members.text(name).filter(|text| !text.trim().is_empty()).map(String::from);
        let citations = listed(&members, "citations")?.into_iter().enumerate();
        Some(Self {
            text: members.object("output")?.text("text")?.into_owned(),
            session_id: said("sessionId"),
            guardrail_action: said("guardrailAction"),
            citations: citations.map(|(nth, citation)| Citation::of(citation, nth)).collect::<Option<_>>()?,
        })
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
    fn of(citation: &RawValue, nth: usize) -> Option<Self> {
        let members = Members::of(citation)?;
        let part = members.object("generatedResponsePart").and_then(|part| part.object("textResponsePart"));
        let references = listed(&members, "retrievedReferences")?.into_iter().enumerate();
        let at = |of: usize| format!("citations[{nth}].retrievedReferences[{of}]");
        Some(Self {
            part: part.and_then(|part| part.text("text")).map(String::from),
            references: references.map(|(of, reference)| Retrieved::of(reference, at(of))).collect(),
        })
    }
}

/// The entries of a list; none where it is left out, `None` where something else is in its place.
fn listed<'a>(members: &Members<'a>, name: &str) -> Option<Vec<&'a RawValue>> {
    match members.get(name) {
        Some(value) if value.get() != "null" => {
            members.array(name).map(|entries| entries.into_iter().collect())
        }
        _ => Some(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Answer {
        Answer::of(&RawValue::from_string(json.to_owned()).unwrap()).unwrap()
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
    fn what_cannot_be_read_is_no_answer_that_cites_nothing() {
        let read = |json: &str| Answer::of(&RawValue::from_string(json.to_owned()).unwrap());
        for json in [
            "{}",
            "[1, 2]",
            "7",
            r#"{"message":"moved"}"#,
            r#"{"output":null,"citations":[]}"#,
            r#"{"output":{"text":7}}"#,
            r#"{"output":{"text":"x"},"citations":{"a":1}}"#,
            r#"{"output":{"text":"x"},"citations":[null]}"#,
            r#"{"output":{"text":"x"},"citations":[{"retrievedReferences":"no"}]}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
        let empty = of(r#"{"output":{"text":""},"sessionId":" ","citations":null}"#);
        assert_eq!((&empty, empty.cites_nothing(), empty.is_intervened()), (&Answer::default(), true, false));
        let odd = of(
            r#"{"output":{"text":""},"citations":[{},{"retrievedReferences":[null]}],"guardrailAction":"INTERVENED"}"#,
        );
        assert_eq!((odd.citations.len(), odd.citations[1].references[0].uri.clone()), (2, None));
        assert!(odd.is_intervened() && !odd.cites_nothing());
    }
}

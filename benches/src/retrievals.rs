//! Answers from a knowledge base: model invocation log records with retrieved passages, and the responses that say of which
//! documents these are.

use std::ops::Range;

use crate::{
    json::{array, object, string},
    prose::Prose,
};

/// Passages in a prompt, and in a response.
pub const IN_PROMPT: usize = 10;
/// Passages of a document.
const OF_DOCUMENT: usize = 5;
/// Each passage stands in so many prompts, about.
const USES: usize = 10;
/// Characters of a passage, about.
const LENGTH: usize = 240;

/// Writes the responses and records of a seed: events that tell of every passage once, and prompts with so many sources.
#[derive(Debug)]
pub struct Retrievals {
    prose: Prose,
    passages: usize,
    responses: Range<usize>,
    records: Range<usize>,
}

impl Retrievals {
    /// Prompts with so many sources together.
    pub fn new(sources: usize, seed: u64) -> Self {
        let records = sources.div_ceil(IN_PROMPT);
        let passages = (sources / USES).next_multiple_of(IN_PROMPT).max(IN_PROMPT);
        let responses = 0..passages / IN_PROMPT;
        Self { prose: Prose::seeded(seed), passages, responses, records: 0..records }
    }
}

/// The name of a document.
pub fn document(nth: usize) -> String {
    format!("s3://example-mutual-policies/policies/{nth:06}.pdf")
}

/// The text of a passage: the same whenever it is asked for.
fn passage(nth: usize) -> String {
    let text = Prose::seeded(nth as u64).text(LENGTH);
    format!("Policy {}, section {}. {text}", nth / OF_DOCUMENT, nth % OF_DOCUMENT + 1)
}

impl Iterator for Retrievals {
    type Item = String;

    /// The next event or record, with its line end.
    fn next(&mut self) -> Option<String> {
        let mut line = match self.responses.next() {
            Some(nth) => response(&mut self.prose, nth),
            None => {
                self.records.next()?;
                record(&mut self.prose, self.passages)
            }
        };
        line.push('\n');
        Some(line)
    }
}

/// An event of an application's: what Retrieve found.
fn response(prose: &mut Prose, nth: usize) -> String {
    let results = (nth * IN_PROMPT..(nth + 1) * IN_PROMPT).map(|nth| {
        let location = object([("uri", string(&document(nth / OF_DOCUMENT)))]);
        object([
            ("content", object([("text", string(&passage(nth))), ("type", string("TEXT"))])),
            ("location", object([("type", string("S3")), ("s3Location", location)])),
            ("score", format!("0.{}", prose.number(300..=899))),
        ])
    });
    let results = array(results.collect::<Vec<_>>());
    let detail = [
        ("schema", "1".to_owned()),
        ("operation", string("Retrieve")),
        ("request_id", string(&prose.uuid())),
        ("knowledge_base_id", string("KB7QX2M9LP")),
        ("response", object([("retrievalResults", results)])),
    ];
    object([
        ("detail-type", string("Knowledge Base Response")),
        ("source", string("bedrock-audit.application")),
        ("account", string("444455556666")),
        ("region", string("eu-central-1")),
        ("time", string(&prose.moment())),
        ("detail", object(detail)),
    ])
}

/// A record of the log: the model is given some of the passages, and cites the first.
fn record(prose: &mut Prose, passages: usize) -> String {
    let mut system = "Answer from the search results.\n<search_results>\n".to_owned();
    for nth in 1..=IN_PROMPT {
        let text = passage(prose.number(0..=passages - 1));
        system.push_str(&format!(
            "<search_result>\n<content>\n{text}\n</content>\n<source>\n{nth}\n</source>\n</search_result>\n"
        ));
    }
    system.push_str("</search_results>");
    let answer =
        "<answer><answer_part><text>Yes.</text><sources><source>1</source></sources></answer_part></answer>";
    let content = |text: &str| array([object([("text", string(text))])]);
    let message = |role: &str, text: &str| object([("role", string(role)), ("content", content(text))]);
    let input =
        object([("messages", array([message("user", "Is it covered?")])), ("system", content(&system))]);
    let output = object([
        ("output", object([("message", message("assistant", answer))])),
        ("stopReason", string("end_turn")),
    ]);
    let body = |name, body: String| object([(name, body)]);
    object([
        ("timestamp", string(&prose.moment())),
        ("accountId", string("444455556666")),
        ("region", string("eu-central-1")),
        ("requestId", string(&prose.uuid())),
        ("operation", string("Converse")),
        ("modelId", string("anthropic.claude-sonnet-4-5-20250929-v1:0")),
        ("input", body("inputBodyJson", input)),
        ("output", body("outputBodyJson", output)),
        ("identity", body("arn", string("arn:aws:sts::444455556666:assumed-role/claims-app/web-7f9c"))),
    ])
}

#[cfg(test)]
mod tests {
    use audit_domain::{evidence::ObjectLocation, invocation::RecordReading};

    use super::*;

    #[test]
    fn every_prompt_has_its_sources_and_every_passage_its_document() {
        let lines: Vec<_> = Retrievals::new(1_000, 7).collect();
        assert_eq!(lines.len(), 10 + 100);
        assert_eq!(lines, Retrievals::new(1_000, 7).collect::<Vec<_>>());
        let place = ObjectLocation::file("generated");
        for line in &lines[10..] {
            let (reading, _) = RecordReading::read(line.as_bytes(), 1, &place).unwrap();
            assert_eq!(reading.passages.len(), IN_PROMPT);
            assert!(lines[..10].iter().any(|told| {
                told.contains(
                    &string(reading.passages[0].passage.text.as_ref().unwrap().trim()).trim_matches('"')
                        [..60],
                )
            }));
        }
    }
}

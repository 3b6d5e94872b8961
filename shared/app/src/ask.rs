//! A question to a knowledge base, its answer, and the answer's sources into the ledger.

use audit_domain::{
    attribution::{
        Surroundings,
        answer::Answer,
        event::{Route, SCHEMA},
    },
    change::UNKNOWN,
    ledger::record::Retention,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    ports::{Answered, AskKnowledgeBases, NotAnswered, Obstacle, PortError, Question, ReadObjects},
    record_attribution::{AttributionLedger, NotRecorded, Recorded, Recording, record_attribution},
};

/// How an answer is recorded.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// How long it is kept.
    pub retention: Retention,
    /// How many characters of a passage its source shows.
    pub excerpt_characters: usize,
    /// The present time.
    pub now: Timestamp,
}

/// What came of a question.
#[derive(Debug)]
pub struct Asked {
    /// The answer.
    pub answer: Answer,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// Whether the ledger has it now. An answer that could not be recorded is an answer all the same.
    pub recorded: Result<Recorded, NotRecorded>,
}

/// What an application would have sent (DESIGN 5.7).
#[derive(Serialize)]
struct Detail<'a> {
    schema: u64,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    knowledge_base_id: &'a str,
    model_id: &'a str,
    occurred_at: String,
    response: &'a RawValue,
}

/// Asks, and records the response as the service gave it, by the use case that records those of applications.
///
/// # Errors
/// There is no answer. One that could not be recorded is in [`Asked::recorded`].
pub async fn ask(
    question: &Question<'_>,
    bases: &impl AskKnowledgeBases,
    objects: &impl ReadObjects,
    ledger: &impl AttributionLedger,
    asking: &Asking,
) -> Result<Asked, NotAnswered> {
    let answered = bases.ask(question).await?;
    // what cannot be read is not recorded as an answer that cites nothing
    let answer = Answer::of(&answered.response).ok_or_else(|| NotAnswered {
        obstacle: Obstacle::Unreadable,
        error: PortError::permanent(
            format!("read the answer of the knowledge base {}", question.knowledge_base_id),
            "it is JSON, and none that RetrieveAndGenerate answers",
        ),
    })?;
    let recorded = record(question, &answered, objects, ledger, asking).await;
    Ok(Asked { answer, request_id: answered.request_id, recorded })
}

async fn record(
    question: &Question<'_>,
    answered: &Answered,
    objects: &impl ReadObjects,
    ledger: &impl AttributionLedger,
    asking: &Asking,
) -> Result<Recorded, NotRecorded> {
    let detail = to_raw_value(&Detail {
        schema: SCHEMA,
        operation: "RetrieveAndGenerate",
        request_id: answered.request_id.as_deref(),
        knowledge_base_id: question.knowledge_base_id,
        model_id: question.model_arn,
        occurred_at: asking.now.to_string(),
        response: &answered.response,
    });
    let detail =
        detail.map_err(|error| PortError::permanent("write the response down", error.to_string()))?;
    let recording = Recording {
        retention: asking.retention,
        excerpt_characters: asking.excerpt_characters,
        // the response is in the event: no location is followed
        audit_bucket: "",
        here: Surroundings {
            account_id: answered.account_id.as_deref().unwrap_or(UNKNOWN),
            region: answered.region.as_deref().unwrap_or(UNKNOWN),
            now: asking.now,
        },
    };
    record_attribution(&detail, Route::CommandLine, objects, ledger, &recording).await
}

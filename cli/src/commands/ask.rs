//! `ask`: a question to a knowledge base, its answer with what supports it, recorded.

use std::time::Duration;

use audit_app::{
    answer,
    ask::{Asked, Asking, ask},
    ports::{NotAnswered, Obstacle, Question},
    record_attribution::NotRecorded,
};
use audit_aws::{bedrock::KnowledgeBases, connect};
use audit_domain::{
    alert::shell_word,
    attribution::{answer::Citation, retrieved::Retrieved},
    ledger::record::EXCERPT,
    passage::excerpt,
    report,
};
use serde_json::{Value, json};

use crate::{
    arguments::{AskArguments, Global},
    ledger::{AnyLedger, Keeping},
    objects::AnyObjects,
    output::{self, Ending},
};

pub(crate) async fn run(
    asked: &AskArguments,
    ledger: &AnyLedger,
    keeping: Keeping,
    global: &Global,
) -> Result<Ending, String> {
    let patience = Duration::from_secs(asked.timeout);
    let bases = KnowledgeBases::connect(connect::from_environment().await, patience);
    let question =
        Question { knowledge_base_id: &asked.knowledge_base, model_arn: &asked.model, text: &asked.question };
    let Keeping { retention, excerpt_characters } = keeping;
    let asking = Asking { retention, excerpt_characters, now: global.now() };
    let came = ask(&question, &bases, &AnyObjects::default(), ledger, &asking).await;
    let came = came.map_err(|error| told(&error))?;
    let not_recorded = came.recorded.as_ref().err().map(reason);
    if global.json {
        output::json(&as_json(&came, not_recorded.as_deref(), ledger).await?);
    } else {
        print(&came, global);
    }
    match not_recorded {
        None => Ok(Ending::Done),
        Some(why) => {
            output::problem(&format!("the answer is not recorded: {why}"));
            Ok(Ending::Incomplete)
        }
    }
}

/// Why there is no answer, and what would help, on one line.
fn told(error: &NotAnswered) -> String {
    let advice = match error.obstacle {
        Obstacle::NoRegion => "set AWS_REGION to the region of the knowledge base",
        Obstacle::NoCredentials => "sign in anew, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and its secret",
        Obstacle::Denied => {
            "you need bedrock:RetrieveAndGenerate, bedrock:Retrieve on the knowledge base, and bedrock:InvokeModel and access to the model"
        }
        Obstacle::NotThere => "check --knowledge-base and --model, and whether AWS_REGION is theirs",
        Obstacle::Invalid => {
            "check --knowledge-base, the length of the question, and whether --model is the ARN of a model that knowledge bases support"
        }
        Obstacle::Throttled => "it was tried several times: wait a minute and ask again",
        Obstacle::Quota => "ask for a higher quota in Service Quotas, or ask again later",
        Obstacle::Unavailable => "ask again in a while",
        Obstacle::Unreadable => {
            "check whether a proxy or AWS_ENDPOINT_URL stands between you and the service"
        }
        Obstacle::Late => "ask again, or wait longer with --timeout",
        Obstacle::Unreachable => "check the network, and whether the service is in AWS_REGION",
        Obstacle::Other => "the answer of the service is all that is known",
    };
    output::line(&format!("{}; {advice}", error.error))
}

fn reason(error: &NotRecorded) -> String {
    match error {
        NotRecorded::Refused(refusal) => refusal.reason().to_owned(),
        NotRecorded::Port(error) => error.to_string(),
    }
}

/// The answer as it came, and the sources as `explain` shows them, out of the ledger.
async fn as_json(asked: &Asked, not_recorded: Option<&str>, ledger: &AnyLedger) -> Result<Value, String> {
    let mut sources = Vec::new();
    if let Ok(recorded) = &asked.recorded {
        let explained = answer::explain(&recorded.request_id, ledger).await;
        let explained = explained.map_err(|error| error.to_string())?;
        sources.extend(explained.iter().flat_map(|explained| &explained.sources).map(report::source));
    }
    let answer = &asked.answer;
    Ok(json!({
        "answer": answer.text,
        "citations": answer.citations.iter().map(citation).collect::<Vec<_>>(),
        "guardrail_action": answer.guardrail_action,
        "session_id": answer.session_id,
        "request_id": asked.request_id,
        // where the service named no request, the ledger has it under the digest of the response
        "recorded_as": asked.recorded.as_ref().ok().map(|recorded| &recorded.request_id),
        "not_recorded": not_recorded,
        "sources": sources,
    }))
}

fn citation(citation: &Citation) -> Value {
    let references = citation.references.iter().map(|reference| {
        json!({
            "uri": reference.uri,
            "excerpt": beginning(reference),
            "text_sha256": reference.hash.as_str(),
            "location_type": reference.location_type,
            "content_type": reference.content_type,
            "chunk_id": reference.chunk_id,
            "page_number": reference.page_number,
        })
    });
    json!({"part": citation.part, "references": references.collect::<Vec<_>>()})
}

fn beginning(reference: &Retrieved) -> Option<String> {
    reference.text.as_deref().map(|text| excerpt(text, EXCERPT))
}

fn print(asked: &Asked, global: &Global) {
    let answer = &asked.answer;
    if answer.text.trim().is_empty() {
        output::note("the answer is empty");
    } else {
        output::say(&output::block(&answer.text));
    }
    output::say("");
    if answer.is_intervened() {
        let action = answer.guardrail_action.as_deref().unwrap_or_default();
        output::fact("guardrail", &format!("{action}: the answer, or a part of it, is the guardrail's"));
    }
    if answer.cites_nothing() {
        output::say("supported by nothing: the answer cites no document");
    } else {
        answer.citations.iter().for_each(print_citation);
    }
    output::say("");
    output::fact("request", asked.request_id.as_deref().unwrap_or("the service named none"));
    output::fact("session", answer.session_id.as_deref().unwrap_or("none"));
    if let Ok(recorded) = &asked.recorded {
        let again = if recorded.is_duplicate { "known before" } else { "recorded" };
        let sources = output::counted(recorded.sources as usize, "source");
        let command = format!("{} explain {}", global.program(), shell_word(&recorded.request_id));
        output::fact("ledger", &format!("{again}, {sources}: {command}"));
    }
}

fn print_citation(citation: &Citation) {
    if let Some(part) = &citation.part {
        output::heading(&format!("\"{}\"", excerpt(part, EXCERPT)));
    }
    if citation.references.is_empty() {
        output::say("supported by nothing: this part cites no document");
    }
    for reference in &citation.references {
        let uri = reference.uri.as_deref().unwrap_or("a document that the service does not name");
        let kind = reference.content_type.as_deref().unwrap_or("unknown").to_lowercase();
        let passage = beginning(reference).unwrap_or_else(|| format!("no text, content of type {kind}"));
        output::say(&output::line(&format!("supported by: {uri} - {passage}")));
    }
}

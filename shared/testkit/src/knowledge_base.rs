//! `RetrieveAndGenerate` of knowledge bases, answered from responses that a test puts.
//!
//! It refuses what the service refuses: a question that is not complete, and a knowledge base that is not there. Throttling,
//! denials and silence are faults of the gateway (`bedrock:RetrieveAndGenerate`).

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use axum::{
    body::Bytes,
    http::Method,
    response::{IntoResponse as _, Response},
};
use serde_json::Value;

use crate::bedrock::refusal;

/// The operation, as policies name it.
pub(crate) const OPERATION: &str = "RetrieveAndGenerate";
const PATH: &str = "/retrieveAndGenerate";

/// Knowledge bases with the response that each of them gives, and what they were asked.
#[derive(Default)]
pub struct KnowledgeBases {
    responses: Mutex<BTreeMap<String, (String, String)>>,
    asked: Mutex<Vec<Value>>,
}

impl KnowledgeBases {
    /// From now on, this knowledge base answers by this body, under this request id.
    pub fn put(&self, id: &str, request_id: &str, response: &str) {
        let answer = (request_id.to_owned(), response.to_owned());
        lock(&self.responses).insert(id.to_owned(), answer);
    }

    /// Every question so far, as it was sent.
    pub fn asked(&self) -> Vec<Value> {
        lock(&self.asked).clone()
    }

    pub(crate) fn answer(&self, body: &Bytes) -> Response {
        let question: Value = serde_json::from_slice(body).unwrap_or_default();
        lock(&self.asked).push(question.clone());
        let settings = &question["retrieveAndGenerateConfiguration"];
        let base = &settings["knowledgeBaseConfiguration"];
        let needed = [&question["input"]["text"], &base["knowledgeBaseId"], &base["modelArn"]];
        let is_complete = needed.iter().all(|text| text.as_str().is_some_and(|text| !text.is_empty()));
        if !is_complete || settings["type"] != "KNOWLEDGE_BASE" {
            return refusal(400, "ValidationException", "1 validation error detected");
        }
        let id = base["knowledgeBaseId"].as_str().unwrap_or_default();
        match lock(&self.responses).get(id) {
            Some((request_id, response)) => {
                let headers = [("content-type", "application/json"), ("x-amzn-requestid", request_id)];
                (headers, response.clone()).into_response()
            }
            None => {
                let message = format!("Knowledge Base with id {id} does not exist");
                refusal(404, "ResourceNotFoundException", &message)
            }
        }
    }
}

/// Whether a call is one of this operation.
pub(crate) fn is_question(method: &Method, path: &str) -> bool {
    method == Method::POST && path == PATH
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

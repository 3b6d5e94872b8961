//! What the service answered: one call, all pages of a list, each entry of a list.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use audit_app::ports::{PortError, ResourceRead};
use audit_domain::state::parts::UNREAD;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
        orchestrator::HttpResponse,
        result::SdkError,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{config_bag::ConfigBag, error::metadata::ProvideErrorMetadata};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value, value::RawValue};

use crate::error::{Unreadable, unreadable};

/// So many entries of a list are read at the same time: the quotas begin at ten calls a second.
const AT_ONCE: usize = 4;

/// What was read, or why another try would not help.
pub(super) type Answer<T = Value> = Result<Result<T, Unreadable>, PortError>;

/// The answer for the port.
pub(super) fn resource_read(read: Result<Value, Unreadable>) -> ResourceRead {
    match read {
        Ok(document) => ResourceRead::Document(document),
        Err(Unreadable::Gone) => ResourceRead::Gone,
        Err(Unreadable::Denied(why)) => ResourceRead::Denied(why),
        Err(Unreadable::Never(why)) => ResourceRead::Elsewhere(why),
    }
}

/// Keeps what the service answered to one call, where that was no error: its body is in memory by the time the SDK has
/// taken it apart, or has failed to.
#[derive(Clone, Debug, Default)]
pub(super) struct Capture(Arc<Mutex<Option<Box<RawValue>>>>);

#[dyn_dispatch_hint]
impl Intercept for Capture {
    fn name(&self) -> &'static str {
        "Capture"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.body().bytes().filter(|_| response.status().is_success());
        // another attempt overwrites what an earlier one left
        *self.lock() = body.and_then(|body| serde_json::from_slice(body).ok());
        Ok(())
    }
}

impl Capture {
    /// What was kept; nothing is afterwards.
    pub(super) fn take(&self) -> Option<Box<RawValue>> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<RawValue>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes one call, with a capture of its own, and hands back the JSON that the service answered; also where the SDK could
/// not make anything of it, since the service may have changed since the SDK was made.
pub(super) async fn call<T, E, F>(
    what: impl fmt::Display,
    operation: &str,
    send: impl FnOnce(Capture) -> F,
) -> Answer
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let action = format!("read {what} with {operation}");
    let capture = Capture::default();
    let sent = send(capture.clone()).await;
    let captured = capture.take().and_then(|body| serde_json::from_str(body.get()).ok());
    match (captured, sent) {
        (Some(document), _) => Ok(Ok(document)),
        (None, Ok(_)) => Err(PortError::retry(action, "the answer is no JSON")),
        (None, Err(error)) => unreadable(&action, &error).map(Err),
    }
}

/// The entries of all pages of a list; `page` asks for the one that a token names.
pub(super) async fn pages<F>(member: &str, page: impl Fn(Option<String>) -> F) -> Answer<Vec<Value>>
where
    F: Future<Output = Answer>,
{
    let mut entries = Vec::new();
    let mut token = None;
    loop {
        let mut body = match page(token.clone()).await? {
            Ok(body) => body,
            Err(why) => return Ok(Err(why)),
        };
        match body.get_mut(member).map(Value::take) {
            Some(Value::Array(more)) => entries.extend(more),
            // not taken for an empty one
            _ => return Ok(Err(Unreadable::Denied(format!("the answer has no list {member}")))),
        }
        let next = body.get("nextToken").and_then(Value::as_str).filter(|token| !token.is_empty());
        match next {
            None => return Ok(Ok(entries)),
            Some(next) if token.as_deref() == Some(next) => {
                return Err(PortError::retry(format!("list {member}"), "a page names itself as the next"));
            }
            Some(next) => token = Some(next.to_owned()),
        }
    }
}

/// What the members are called in a list and in what is read of one entry.
#[derive(Clone, Copy)]
pub(super) struct Names {
    /// The id of an entry, in its summary.
    pub(super) id: &'static str,
    /// What the answer about one entry is wrapped in; `None` where it is bare.
    pub(super) wrapper: Option<&'static str>,
}

/// Reads each entry of a list by its id. What cannot be read says why.
pub(super) async fn each<F>(
    listed: Result<Vec<Value>, Unreadable>,
    names: Names,
    get: impl Fn(String) -> F,
) -> Result<Value, PortError>
where
    F: Future<Output = Answer>,
{
    let summaries = match listed {
        Ok(summaries) => summaries,
        Err(why) => return Ok(with_reason(Value::Null, &why)),
    };
    let reads: Vec<_> = summaries.into_iter().map(|summary| entry(summary, names, &get)).collect();
    stream::iter(reads).buffered(AT_ONCE).try_collect().await.map(Value::Array)
}

async fn entry<F>(summary: Value, names: Names, get: impl Fn(String) -> F) -> Result<Value, PortError>
where
    F: Future<Output = Answer>,
{
    let Some(id) = summary.get(names.id).and_then(Value::as_str) else {
        let why = Unreadable::Denied(format!("the list does not say its {}", names.id));
        return Ok(with_reason(summary, &why));
    };
    Ok(match (get(id.to_owned()).await?, names.wrapper) {
        (Ok(body), Some(wrapper)) => unwrapped(body, wrapper),
        (Ok(body), None) => body,
        (Err(why), _) => with_reason(summary, &why),
    })
}

/// What is known of something, with the reason why there is not more.
fn with_reason(known: Value, why: &Unreadable) -> Value {
    let mut members = match known {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.insert(UNREAD.to_owned(), why.to_string().into());
    Value::Object(members)
}

/// The content of an answer's wrapper, and what else the answer had beside it.
pub(super) fn unwrapped(body: Value, wrapper: &str) -> Value {
    let Value::Object(mut members) = body else { return body };
    match members.remove(wrapper) {
        Some(Value::Object(content)) => {
            members.extend(content);
            Value::Object(members)
        }
        // another shape than expected is kept as it is
        Some(other) => {
            members.insert(wrapper.to_owned(), other);
            Value::Object(members)
        }
        None => Value::Object(members),
    }
}

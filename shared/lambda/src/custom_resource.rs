//! Runs a function that stands behind a custom resource of CloudFormation, which waits for its answer: so every request is
//! answered, whatever comes of it. Only an event without an address, and an address that takes nothing, make the
//! invocation fail: then Lambda gives the event again.

use std::{panic::AssertUnwindSafe, time::Duration};

use audit_app::{
    configure_logging::Outcome,
    ports::{AnswerRequests, Patience, PortError, Remedy},
};
use audit_domain::invocation_logging::request::{Request, ReturnAddress};
use futures_util::FutureExt as _;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::{Value, value::RawValue};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{batch::Failure, run, telemetry};

/// So much of an invocation's time is left for the answer.
const FOR_THE_ANSWER: Duration = Duration::from_secs(30);
/// So long a request is tried: what was deployed with it becomes consistent within a minute or two.
const FOR_ATTEMPTS: Duration = Duration::from_secs(150);
/// The longest that Lambda lets a function run.
const LONGEST: Duration = Duration::from_secs(900);
/// Between the first two attempts to answer; twice as long between the next ones.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Handles the requests of a custom resource.
pub trait HandleRequests {
    /// Handles a request, as long as there is time.
    fn handle(&self, request: &Request, until: &Until) -> impl Future<Output = Outcome>;
}

/// Patience that ends at a moment.
pub struct Until(Instant);

impl Patience for Until {
    async fn wait(&self, pause: Duration, after: &PortError) -> bool {
        let is_time_left = Instant::now() + pause < self.0;
        if is_time_left {
            tracing::warn!(reason = %after, "tried again");
            sleep(pause).await;
        }
        is_time_left
    }
}

/// Runs the function of that name until the runtime ends it.
///
/// # Errors
/// The runtime's endpoint is not there.
pub async fn run(
    function: &'static str,
    handler: impl HandleRequests,
    answers: impl AnswerRequests,
) -> Result<(), Error> {
    let (handler, answers) = (&handler, &answers);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        Box::pin(async move {
            let now = u64::try_from(run::now().as_millisecond()).unwrap_or_default();
            let left = Duration::from_millis(event.context.deadline.saturating_sub(now));
            let responded = respond(function, event.payload.get(), handler, answers, left).await;
            responded.map(|()| Value::Null).map_err(|failure| {
                tracing::error!(reason = %failure, "not answered");
                Diagnostic { error_type: "NotAnswered".to_owned(), error_message: failure.to_string() }
            })
        })
    }))
    .await
}

async fn respond(
    function: &str,
    event: &str,
    handler: &impl HandleRequests,
    answers: &impl AnswerRequests,
    left: Duration,
) -> Result<(), Failure> {
    let end = Instant::now() + left.min(LONGEST);
    let event: Value = serde_json::from_str(event).map_err(|_| Failure::new("the event is no JSON"))?;
    let address = ReturnAddress::of(&event).ok_or_else(|| Failure::new("the event has no ResponseURL"))?;
    let outcome = outcome(&event, handler, left.min(LONGEST)).await;
    match &outcome {
        Ok(done) => tracing::info!(done, "request"),
        Err(reason) => tracing::error!(reason, "request failed"),
    }
    let counts = [("Done", u64::from(outcome.is_ok())), ("Failed", u64::from(outcome.is_err()))];
    telemetry::metrics(function, run::now(), &counts);
    answer(&address, &outcome, answers, end).await.map_err(Failure::from)
}

/// What came of the request, in time for the answer.
async fn outcome(event: &Value, handler: &impl HandleRequests, left: Duration) -> Outcome {
    let request = Request::of(event)?;
    let time = left.saturating_sub(FOR_THE_ANSWER);
    let until = Until(Instant::now() + time.min(FOR_ATTEMPTS));
    let handled = AssertUnwindSafe(handler.handle(&request, &until)).catch_unwind();
    match timeout_at(Instant::now() + time, handled).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_panic)) => Err("The function panicked: its log says where.".to_owned()),
        Err(_) => {
            Err("The function came to no end in its time: its log says how far it came. Try again."
                .to_owned())
        }
    }
}

/// Answers, with several attempts: CloudFormation would wait for an hour.
async fn answer(
    address: &ReturnAddress,
    outcome: &Outcome,
    answers: &impl AnswerRequests,
    end: Instant,
) -> Result<(), PortError> {
    let answer = address.answer(outcome);
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match answers.answer(address.url(), answer.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if error.remedy == Remedy::Permanent || Instant::now() + pause >= end {
            return Err(error);
        }
        tracing::warn!(reason = %error, "the answer was not taken, and is given again");
        sleep(pause).await;
        pause *= 2;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;

    /// CloudFormation, which takes no answer so many times, and the requests that get lost in a handler.
    #[derive(Default)]
    struct World {
        deaf: Mutex<usize>,
        forbidden: bool,
        answers: Mutex<Vec<Value>>,
    }

    impl AnswerRequests for World {
        async fn answer(&self, url: &str, answer: String) -> Result<(), PortError> {
            assert_eq!(url, "https://cloudformation.example/?X-Amz-Signature=secret");
            if self.forbidden {
                return Err(PortError::permanent("answer", "its URL is no HTTPS"));
            }
            let mut deaf = self.deaf.lock().unwrap();
            if *deaf > 0 {
                *deaf -= 1;
                return Err(PortError::retry("answer", "it says 503"));
            }
            self.answers.lock().unwrap().push(serde_json::from_str(&answer).unwrap());
            Ok(())
        }
    }

    struct Handler;

    impl HandleRequests for Handler {
        async fn handle(&self, request: &Request, until: &Until) -> Outcome {
            match request.id.as_str() {
                "panic" => panic!("in a handler"),
                "endless" => std::future::pending().await,
                "patient" => {
                    let mut waits = 0;
                    let error = PortError::retry("wait", "nothing is there yet");
                    while until.wait(Duration::from_secs(10), &error).await {
                        waits += 1;
                    }
                    Err(format!("{waits} waits"))
                }
                id => Ok(format!("{id} is done")),
            }
        }
    }

    fn event(id: &str) -> Value {
        json!({
            "RequestType": "Create", "RequestId": id, "StackId": "stack", "LogicalResourceId": "Logging",
            "ResponseURL": "https://cloudformation.example/?X-Amz-Signature=secret",
        })
    }

    async fn respond_to(event: &Value, world: &World, seconds: u64) -> Result<(), String> {
        let left = Duration::from_secs(seconds);
        let responded = respond("f", &event.to_string(), &Handler, world, left).await;
        responded.map_err(|failure| failure.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_comes_of_a_request_it_is_answered() {
        let (mut no_type, mut no_id) = (event("r1"), event("r1"));
        no_type["RequestType"] = "Replace".into();
        no_id["RequestId"] = Value::Null;
        for (event, seconds, status, reason) in [
            (event("r1"), 240, "SUCCESS", "r1 is done"),
            (event("panic"), 240, "FAILED", "panicked"),
            (event("endless"), 240, "FAILED", "no end in its time"),
            (event("endless"), 31, "FAILED", "no end in its time"),
            // no time at all
            (event("endless"), 0, "FAILED", "no end in its time"),
            (event("patient"), 240, "FAILED", "14 waits"),
            (event("patient"), 60, "FAILED", "2 waits"),
            (no_type, 240, "FAILED", "RequestType"),
            (no_id, 240, "FAILED", "RequestId"),
        ] {
            let (world, begun) = (World::default(), Instant::now());
            respond_to(&event, &world, seconds).await.unwrap();
            let answers = world.answers.lock().unwrap().clone();
            let [answer] = answers.as_slice() else { panic!("{event}: {answers:?}") };
            assert_eq!((&answer["Status"], &answer["StackId"]), (&json!(status), &json!("stack")), "{event}");
            assert!(answer["Reason"].as_str().unwrap().contains(reason), "{answer}");
            assert!(begun.elapsed() <= Duration::from_secs(seconds.saturating_sub(30)), "{event}: too late");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_given_until_it_is_taken_or_the_time_is_over() {
        let world = World { deaf: Mutex::new(3), ..World::default() };
        respond_to(&event("r1"), &world, 240).await.unwrap();
        assert_eq!(world.answers.lock().unwrap().len(), 1);
        for (world, within) in [
            (World { deaf: Mutex::new(usize::MAX), ..World::default() }, 240),
            (World { forbidden: true, ..World::default() }, 1),
        ] {
            let begun = Instant::now();
            let why = respond_to(&event("r1"), &world, 240).await.unwrap_err();
            assert!(!why.contains("secret") && !why.contains("cloudformation.example"), "{why}");
            assert!(begun.elapsed() < Duration::from_secs(within));
        }
        for nowhere in [json!({}), json!({"ResponseURL": ""}), json!([]), json!("x")] {
            assert!(respond_to(&nowhere, &World::default(), 240).await.is_err(), "{nowhere}");
        }
    }
}

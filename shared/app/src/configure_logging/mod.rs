//! The logging of model invocations is switched on with a stack, and with its end things are put back as they were.
//!
//! CloudFormation may deliver a request twice, and deletes a resource while its creation still goes on. So every step is
//! computed anew from what is there and what was kept, nothing that was kept is overwritten, and whatever is broken off may
//! be done again. A creation that has put its configuration looks whether a deletion began meanwhile, and a deletion says
//! that it begins before it looks at what is configured: whichever is last, one of them sees the other.

use std::time::Duration;

use audit_domain::invocation_logging::{
    decision::{Decision, Situation, decide},
    life::{self, Answered, Life},
    request::{Request, RequestKind},
};
use jiff::Timestamp;

use crate::ports::{ConfigureLogging, FindKept, KeepObjects, Patience, PortError};

/// What was done, or why it was not.
pub type Outcome = Result<String, String>;

/// Between the first two attempts; twice as long between the next ones.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause: policies, keys and roles become consistent within a minute or two.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Handles a request. Whatever fails is tried again, as long as there is time: right after a deployment Bedrock may not yet
/// write to a bucket or with a role that it may write to and with a minute later.
///
/// # Errors
/// It was refused, or still failed at the last attempt: why, and what can be done.
pub async fn handle(
    request: &Request,
    logging: &impl ConfigureLogging,
    kept: &(impl KeepObjects + FindKept),
    patience: &impl Patience,
    now: Timestamp,
) -> Outcome {
    let handling = Handling { request, logging, kept, now };
    let mut pause = FIRST_PAUSE;
    loop {
        match handling.attempt().await {
            Ok(outcome) => return outcome,
            Err(error) if !patience.wait(pause, &error).await => return Err(given_up(request, &error)),
            Err(_) => pause = LONGEST_PAUSE.min(pause * 2),
        }
    }
}

fn given_up(request: &Request, error: &PortError) -> String {
    let advice = match request.kind {
        RequestKind::Delete => {
            "What was configured before this stack is kept in the audit bucket under invocation-logging/: put it back with \
             `aws bedrock put-model-invocation-logging-configuration`, and delete again, or delete and retain this resource."
        }
        RequestKind::Create | RequestKind::Update => {
            "Where Bedrock refuses it, look at the policy and the region of the bucket, the policy of its key, and the role \
             and region of the log group."
        }
    };
    format!("Invocation logging: {error}, with every attempt. {advice}")
}

struct Handling<'a, L, K> {
    request: &'a Request,
    logging: &'a L,
    kept: &'a K,
    now: Timestamp,
}

impl<L: ConfigureLogging, K: KeepObjects + FindKept> Handling<'_, L, K> {
    async fn attempt(&self) -> Result<Outcome, PortError> {
        let key = Answered::key(self.request);
        if let Some(answered) = self.kept.find(&key).await? {
            return Answered::read(&answered).map_err(|why| self.unusable(&key, &why));
        }
        let outcome = self.decide_and_act().await?;
        self.kept.keep(&key, Answered::to_bytes(self.request, &outcome, self.now)).await?;
        Ok(outcome)
    }

    async fn decide_and_act(&self) -> Result<Outcome, PortError> {
        let life = self.newest_life().await?;
        if let (RequestKind::Delete, Some(life)) = (self.request.kind, &life) {
            self.kept.keep(&Life::deletion_key(life.nth), life::begun_by(self.request, self.now)).await?;
        }
        self.act(life).await
    }

    async fn act(&self, life: Option<Life>) -> Result<Outcome, PortError> {
        let now = self.logging.configured().await?;
        let was_put = match (&life, &now) {
            (Some(life), Some(now)) => self.kept.find(&Life::put_key(life.nth, now)).await?.is_some(),
            _ => false,
        };
        let situation = Situation { request: self.request, life: life.as_ref(), now: now.as_ref(), was_put };
        Ok(match decide(situation) {
            Decision::Configure { nth, begins, replaces, wanted, is_there } => {
                if let Some(begins) = &begins {
                    self.kept.keep(&Life::before_key(begins.nth), begins.to_bytes(self.now)).await?;
                }
                if let Some(replaced) = &replaces {
                    let key = Life::replaced_key(nth, replaced);
                    self.kept.keep(&key, life::replaced(self.request, replaced, self.now)).await?;
                }
                if !is_there {
                    let key = Life::put_key(nth, &wanted);
                    self.kept.keep(&key, life::begun_by(self.request, self.now)).await?;
                    self.logging.configure(&wanted).await?;
                }
                match self.is_over(nth).await? {
                    true => self.undo(nth).await?,
                    false => Ok(format!("Invocation logging goes to {wanted}.")),
                }
            }
            Decision::Restore(Some(before)) => {
                self.logging.configure(&before).await?;
                Ok(format!("Invocation logging goes to {before}, as it did before."))
            }
            Decision::Restore(None) => {
                self.logging.switch_off().await?;
                Ok("Invocation logging is switched off, as it was before.".to_owned())
            }
            Decision::Leave(why) => Ok(why),
            Decision::Refuse(why) => Err(why),
        })
    }

    /// A deletion began while this request was at work.
    async fn undo(&self, nth: u32) -> Result<Outcome, PortError> {
        let as_deletion = self.request.as_deletion();
        let handling = Handling { request: &as_deletion, ..*self };
        let life = self.life(nth).await?;
        let undone = Box::pin(handling.act(life)).await?;
        Ok(undone.and_then(|undone| Err(format!("The resource was deleted meanwhile. {undone}"))))
    }

    async fn newest_life(&self) -> Result<Option<Life>, PortError> {
        let mut newest = None;
        // a few: one for each time that the stack's parameter was switched on
        for nth in 1.. {
            match self.life(nth).await? {
                Some(life) => newest = Some(life),
                None => break,
            }
        }
        Ok(newest)
    }

    async fn life(&self, nth: u32) -> Result<Option<Life>, PortError> {
        let key = Life::before_key(nth);
        let Some(before) = self.kept.find(&key).await? else { return Ok(None) };
        let is_over = self.is_over(nth).await?;
        Life::read(nth, &before, is_over).map(Some).map_err(|why| self.unusable(&key, &why))
    }

    async fn is_over(&self, nth: u32) -> Result<bool, PortError> {
        Ok(self.kept.find(&Life::deletion_key(nth)).await?.is_some())
    }

    fn unusable(&self, key: &str, why: &str) -> PortError {
        PortError::permanent(format!("use what was kept in {}", self.kept.location(key)), why)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

//! What the gateway does instead of answering.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A call as the gateway sees it: `dynamodb:PutItem`, `s3:PUT`, `sns:Publish`, `sqs:SendMessage`,
/// `bedrock:GetGuardrail`, `cloudtrail:DescribeTrails`, `events:DescribeRule`, `cloudformation:answer`, `logs:FilterLogEvents`.
pub type Action = String;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered by this status and error code, and does not reach the engine.
    Refuse(u16, &'static str),
    /// The caller is killed before the call reaches the engine.
    KillBefore,
    /// The call reaches the engine, and the caller is killed before it learns of it.
    KillAfter,
}

/// A fault for some of the calls.
#[derive(Clone, Debug)]
struct Rule {
    action: &'static str,
    /// How many calls of this action go through first.
    skip: usize,
    /// How many calls it then strikes.
    strikes: usize,
    fault: Fault,
}

/// The faults of a gateway, and every call that it saw.
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Action>>,
    asked: Mutex<Vec<(Action, Vec<u8>)>>,
    kill: UnboundedSender<()>,
    killed: tokio::sync::Mutex<UnboundedReceiver<()>>,
}

impl Default for Faults {
    fn default() -> Self {
        let (kill, killed) = unbounded_channel();
        Self {
            rules: Mutex::default(),
            seen: Mutex::default(),
            asked: Mutex::default(),
            kill,
            killed: tokio::sync::Mutex::new(killed),
        }
    }
}

impl Faults {
    /// From now on: `skip` calls whose action begins with `action` go through, the next `strikes` meet the fault.
    pub fn add(&self, action: &'static str, skip: usize, strikes: usize, fault: Fault) {
        lock(&self.rules).push(Rule { action, skip, strikes, fault });
    }

    /// No more faults.
    pub fn clear(&self) {
        lock(&self.rules).clear();
    }

    /// Every call so far.
    pub fn seen(&self) -> Vec<Action> {
        lock(&self.seen).clone()
    }

    /// Every question to a table so far, with its body.
    pub fn asked(&self) -> Vec<(Action, Vec<u8>)> {
        lock(&self.asked).clone()
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        lock(&self.seen).clear();
        lock(&self.asked).clear();
    }

    pub(crate) fn meet(&self, action: &str, body: &[u8]) -> Option<Fault> {
        lock(&self.seen).push(action.to_owned());
        if action.starts_with("dynamodb:") && !action.ends_with("PutItem") {
            lock(&self.asked).push((action.to_owned(), body.to_vec()));
        }
        let mut rules = lock(&self.rules);
        for rule in rules.iter_mut().filter(|rule| action.starts_with(rule.action)) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.strikes > 0 {
                rule.strikes -= 1;
                return Some(rule.fault);
            }
        }
        None
    }

    pub(crate) fn kill(&self) {
        self.kill.send(()).expect("the receiver lives as long");
    }

    /// Waits until the caller is to be killed.
    pub async fn killed(&self) {
        self.killed.lock().await.recv().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

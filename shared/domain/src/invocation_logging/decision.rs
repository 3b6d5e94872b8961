//! What is to be done for a request.
//!
//! | asked for | kept | there | done |
//! |---|---|---|---|
//! | create | nothing, or a life that is over | nothing, or what goes only to our places | a life begins; put |
//! | create | the same | somebody else's | refused, unless it may be overwritten |
//! | create, update | a life | ours, or nothing | put, unless it is what is there |
//! | create, update | a life | somebody else's | refused, unless it may be overwritten; it is kept, too |
//! | update | nothing | as a create | as a create |
//! | the creation of a life that is over, or an update of one | | | as a deletion: it came late |
//! | delete | nothing | anything | nothing: nothing was ever put |
//! | delete | a life | ours | what was there before is put back, or logging is switched off |
//! | delete | a life | what was before, nothing, somebody else's | left alone |

use super::{
    Configuration,
    life::Life,
    request::{Request, RequestKind},
};

/// What is known when it is decided.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// What is asked for.
    pub request: &'a Request,
    /// The newest life; `None` where there was none yet.
    pub life: Option<&'a Life>,
    /// What is configured now; `None` where logging is off.
    pub now: Option<&'a Configuration>,
    /// Whether one that logs to the same places was put in this life, whatever the properties say by now.
    pub was_put: bool,
}

impl Situation<'_> {
    /// Whether nobody else's log is lost where this one is replaced.
    fn is_ours(&self, now: &Configuration) -> bool {
        self.was_put || now.goes_only_to(&self.request.own_places())
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The configuration is put, unless it is there already.
    Configure {
        /// The life that it belongs to.
        nth: u32,
        /// What is kept first, where that life begins.
        begins: Option<Life>,
        /// Somebody else's configuration that it replaces later in that life: it is kept, too.
        replaces: Option<Configuration>,
        /// What is put.
        wanted: Configuration,
        /// Whether it is there already.
        is_there: bool,
    },
    /// What was there before is put back; `None` switches logging off.
    Restore(Option<Configuration>),
    /// Nothing is done: why that is well.
    Leave(String),
    /// Nothing is done: why, and what to do about it.
    Refuse(String),
}

/// Decides.
pub fn decide(situation: Situation<'_>) -> Decision {
    let Situation { request, life, .. } = situation;
    let is_late = life.is_some_and(|life| {
        life.is_over && (request.kind == RequestKind::Update || life.begun_by == request.id)
    });
    if request.kind == RequestKind::Delete || is_late {
        return undo(situation);
    }
    configure(situation).unwrap_or_else(Decision::Refuse)
}

fn configure(situation: Situation<'_>) -> Result<Decision, String> {
    let Situation { request, life, now, .. } = situation;
    let (wanted, may_overwrite) = (request.wanted()?, request.may_overwrite()?);
    let of_others = now.filter(|now| !situation.is_ours(now));
    if let Some(others) = of_others.filter(|_| !may_overwrite) {
        return Err(refusal(others));
    }
    let next = life.map_or(0, |life| life.nth).saturating_add(1);
    let (nth, begins) = match life {
        Some(life) if !life.is_over => (life.nth, None),
        // what is ours by now was put by the life before, whose end did not get through
        Some(last) if now.is_some() && of_others.is_none() => {
            (next, Some(Life::begin(next, request, last.before.clone())))
        }
        _ => (next, Some(Life::begin(next, request, now.cloned()))),
    };
    let replaces = of_others.filter(|_| begins.is_none()).cloned();
    let is_there = now.is_some_and(|now| now.says(&wanted));
    Ok(Decision::Configure { nth, begins, replaces, wanted, is_there })
}

fn refusal(others: &Configuration) -> String {
    format!(
        "Invocation logging of this region is configured already, by somebody else: it goes to {others}. Nothing was \
         changed. To read that log where it is, give its bucket and prefix in ExistingLogBucket and LogPrefix; to replace it, \
         set OverwriteInvocationLogging to true (it is kept, and put back when the stack is deleted); to leave logging to \
         others, set ManageInvocationLogging to false."
    )
}

fn undo(situation: Situation<'_>) -> Decision {
    let Situation { life, now, .. } = situation;
    let Some(life) = life else {
        return Decision::Leave(
            "This stack never configured invocation logging: nothing is to be undone.".to_owned(),
        );
    };
    match (now, &life.before) {
        (None, None) => Decision::Leave("Invocation logging is off, as it was before.".to_owned()),
        (None, Some(before)) => Decision::Leave(format!(
            "Somebody switched invocation logging off meanwhile: it was left off. Before this stack it went to {before}; \
             that configuration is kept in the audit bucket under {}.",
            Life::before_key(life.nth)
        )),
        (Some(now), Some(before)) if now.says(before) && before.says(now) => {
            Decision::Leave(format!("Invocation logging goes to {now}, as it did before."))
        }
        (Some(now), before) if situation.is_ours(now) => Decision::Restore(before.clone()),
        (Some(now), _) => Decision::Leave(format!(
            "Somebody changed invocation logging meanwhile: it goes to {now}, and was left alone. What was there before \
             this stack is kept in the audit bucket under {}.",
            Life::before_key(life.nth)
        )),
    }
}

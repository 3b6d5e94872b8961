//! What is mended: planned first, so that it can be shown, then done, then read again.

use audit_domain::check::{Seen, fix::Fix, mapping::MappingNow, notification::Notifications, rule::RuleNow};

use crate::ports::{ChangeNotifications, EnableMappings, EnableRules, ReadMappings, ReadRules};

/// Everything that mends, and reads again what it mended.
pub trait Mend: ChangeNotifications + EnableRules + EnableMappings + ReadRules + ReadMappings {}
impl<T: ChangeNotifications + EnableRules + EnableMappings + ReadRules + ReadMappings> Mend for T {}

/// What will be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is mended.
    pub fix: Fix,
    /// What will be written there: of a bucket its whole configuration, since S3 takes no part of it.
    pub write: String,
    /// What was there before, where it is written as a whole.
    pub before: Option<String>,
}

/// What may be mended, and what will be written for it; or why that is not known.
pub async fn plan(seen: &Seen, parts: &impl Mend) -> Vec<(Fix, Result<Plan, String>)> {
    let mut plans = Vec::new();
    for fix in Fix::all(seen) {
        let planned = plan_of(&fix, parts).await;
        plans.push((fix, planned));
    }
    plans
}

async fn plan_of(fix: &Fix, parts: &impl Mend) -> Result<Plan, String> {
    let (write, before) = match fix {
        Fix::TellEventBridge { bucket } => {
            let before = parts.notifications(bucket).await.map_err(|error| error.to_string())?;
            let write = Notifications::of(&before).ok_or(UNKNOWN)?.with_event_bridge();
            (write, Some(before))
        }
        Fix::EnableRule { .. } => ("State: ENABLED".to_owned(), None),
        Fix::EnableMapping { .. } => ("Enabled: true".to_owned(), None),
    };
    Ok(Plan { fix: fix.clone(), write, before })
}

const UNKNOWN: &str = "its notification configuration has a shape that is not known: nothing is written";

/// Does what was planned, and reads again whether it is so.
///
/// # Errors
/// Why it was not done, or is not known to be done.
pub async fn carry_out(plan: &Plan, parts: &impl Mend) -> Result<(), String> {
    match &plan.fix {
        Fix::TellEventBridge { bucket } => tell(bucket, plan, parts).await,
        Fix::EnableRule { rule, bus } => {
            parts.enable_rule(rule, bus).await.map_err(|error| error.to_string())?;
            let physical_id = if bus == "default" { rule.clone() } else { format!("{bus}|{rule}") };
            let now = parts.rule(&physical_id).await.map_err(|error| error.to_string())?;
            confirm(now.is_some_and(|now: RuleNow| now.state.starts_with("ENABLED")))
        }
        Fix::EnableMapping { id } => {
            parts.enable_mapping(id).await.map_err(|error| error.to_string())?;
            let now = parts.mapping(id).await.map_err(|error| error.to_string())?;
            confirm(now.is_some_and(|now: MappingNow| !now.state.starts_with("Disabl")))
        }
    }
}

/// S3 has no condition for this call. So it is read once more right before, and what somebody changed since is not written
/// over.
async fn tell(bucket: &str, plan: &Plan, parts: &impl Mend) -> Result<(), String> {
    let read = async || parts.notifications(bucket).await.map_err(|error| error.to_string());
    let before = read().await?;
    if Some(&before) != plan.before.as_ref() {
        return Err("somebody changed it since it was read: nothing is written, run this again".to_owned());
    }
    parts.put_notifications(bucket, &plan.write).await.map_err(|error| error.to_string())?;
    let after = read().await?;
    let (before, after) = (Notifications::of(&before), Notifications::of(&after).ok_or(UNKNOWN)?);
    if before.is_some_and(|before| !after.holds(&before)) {
        return Err(format!(
            "it was written, and not every entry is there as it was: compare with what stood there before: {}",
            plan.before.as_deref().unwrap_or_default()
        ));
    }
    confirm(after.tells_event_bridge())
}

fn confirm(is_done: bool) -> Result<(), String> {
    if is_done { Ok(()) } else { Err("it was written, and does not show when it is read again".to_owned()) }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::ports::PortError;

    const EMPTY: &str = "<NotificationConfiguration></NotificationConfiguration>";
    const TOPIC: &str = "<NotificationConfiguration><TopicConfiguration/></NotificationConfiguration>";

    /// A bucket whose document others change, too: what each read finds, last first; and what was put.
    #[derive(Default)]
    struct Bucket {
        reads: Mutex<Vec<&'static str>>,
        put: Mutex<Vec<String>>,
    }

    impl ChangeNotifications for Bucket {
        async fn notifications(&self, _: &str) -> Result<String, PortError> {
            self.reads.lock().unwrap().pop().map(str::to_owned).ok_or_else(|| PortError::retry("read", "no"))
        }

        async fn put_notifications(&self, _: &str, document: &str) -> Result<(), PortError> {
            self.put.lock().unwrap().push(document.to_owned());
            Ok(())
        }
    }

    impl EnableRules for Bucket {
        async fn enable_rule(&self, _: &str, _: &str) -> Result<(), PortError> {
            Ok(())
        }
    }

    impl EnableMappings for Bucket {
        async fn enable_mapping(&self, _: &str) -> Result<(), PortError> {
            Ok(())
        }
    }

    impl ReadRules for Bucket {
        async fn rule(&self, _: &str) -> Result<Option<RuleNow>, PortError> {
            Ok(Some(RuleNow { state: "DISABLED".to_owned(), ..RuleNow::default() }))
        }
    }

    impl ReadMappings for Bucket {
        async fn mapping(&self, _: &str) -> Result<Option<MappingNow>, PortError> {
            Ok(None)
        }
    }

    /// Plans and does it; how it ended, and how often something was put.
    async fn mended(mut reads: Vec<&'static str>) -> (Result<(), String>, usize) {
        reads.reverse();
        let bucket = Bucket { reads: Mutex::new(reads), put: Mutex::default() };
        let plan = plan_of(&Fix::TellEventBridge { bucket: "b".to_owned() }, &bucket).await;
        let done = match plan {
            Ok(plan) => carry_out(&plan, &bucket).await,
            Err(why) => Err(why),
        };
        let puts = bucket.put.lock().unwrap().len();
        (done, puts)
    }

    #[tokio::test]
    async fn what_somebody_changed_meanwhile_is_not_written_over_and_what_does_not_show_is_not_done() {
        const BOTH: &str = "<NotificationConfiguration><EventBridgeConfiguration></EventBridgeConfiguration>\
                            <TopicConfiguration/></NotificationConfiguration>";
        const TOLD: &str =
            "<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>";
        assert_eq!(mended(vec![TOPIC, TOPIC, BOTH]).await, (Ok(()), 1));
        let (done, puts) = mended(vec![EMPTY, TOPIC]).await;
        assert!(done.unwrap_err().contains("somebody changed it") && puts == 0);
        let (done, _) = mended(vec![TOPIC, TOPIC, TOLD]).await;
        assert!(done.unwrap_err().contains("TopicConfiguration"), "what is lost is shown");
        let (done, _) = mended(vec![TOPIC, TOPIC, TOPIC]).await;
        assert!(done.unwrap_err().contains("does not show"));
        let (done, puts) = mended(vec!["<Error/>"]).await;
        assert!(done.is_err() && puts == 0);
        for fix in [
            Fix::EnableRule { rule: "r".to_owned(), bus: "default".to_owned() },
            Fix::EnableMapping { id: "m".to_owned() },
        ] {
            let plan = plan_of(&fix, &Bucket::default()).await.unwrap();
            assert!(carry_out(&plan, &Bucket::default()).await.unwrap_err().contains("does not show"));
        }
    }
}

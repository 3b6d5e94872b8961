//! Whatever is asked, in whichever order, how often, and wherever it breaks off, while others configure logging, too: what
//! they have is touched only by whom it may be.

use audit_domain::invocation_logging::Configuration;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;

use super::tests::World;

/// What happens next.
#[derive(Clone, Debug)]
enum Happening {
    Asked {
        kind: &'static str,
        id: u8,
        bucket: &'static str,
        overwrite: bool,
        breaks_off_after: Option<usize>,
    },
    SomebodyConfigures(Option<&'static str>),
}

const OURS: [&str; 2] = ["our-logs", "our-new-logs"];

fn happening() -> impl Strategy<Value = Happening> {
    let asked = (
        select(vec!["Create", "Update", "Delete"]),
        0..6u8,
        select(OURS.to_vec()),
        any::<bool>(),
        prop::option::of(0..14usize),
    );
    let asked = asked.prop_map(|(kind, id, bucket, overwrite, breaks_off_after)| Happening::Asked {
        kind,
        id,
        bucket,
        overwrite,
        breaks_off_after,
    });
    let others = select(vec![None, Some("their-logs"), Some("other-logs")]);
    prop_oneof![4 => asked, 1 => others.prop_map(Happening::SomebodyConfigures)]
}

fn is_ours(configured: &Configuration) -> bool {
    OURS.iter().any(|bucket| configured.to_string() == format!("s3://{bucket}"))
}

proptest! {
    #[test]
    fn what_others_configured_is_replaced_only_where_it_may_be_and_never_lost(happenings in vec(happening(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let world = World::with(None);
        let mut replaced = Vec::new();
        for happening in happenings {
            let before = world.configured_now();
            match happening {
                Happening::SomebodyConfigures(bucket) => {
                    let document = bucket.map(|bucket| json!({"s3Config": {"bucketName": bucket}}));
                    world.configure_by_hand(document);
                }
                Happening::Asked { kind, id, bucket, overwrite, breaks_off_after } => {
                    world.break_off_after(breaks_off_after);
                    let properties = json!({"BucketName": bucket, "Overwrite": overwrite.to_string()});
                    let id = format!("{kind}-{id}");
                    runtime.block_on(world.ask(kind, &id, &properties)).ok();
                    world.break_off_after(None);
                    let after = world.configured_now();
                    let Some(others) = before.filter(|before| !is_ours(before)) else { continue };
                    if after.as_ref() != Some(&others) {
                        prop_assert!(overwrite && kind != "Delete", "{kind} replaced what goes to {others}");
                        prop_assert!(after.is_some_and(|after| is_ours(&after)));
                        replaced.push(others);
                    }
                }
            }
        }
        // whatever was replaced can be put back
        let kept: Vec<String> = world.everything_kept().values().map(|kept| String::from_utf8_lossy(kept).into()).collect();
        for others in replaced {
            let document = others.document().to_string();
            prop_assert!(kept.iter().any(|kept| kept.contains(&document)), "{document} is kept nowhere");
        }
    }
}

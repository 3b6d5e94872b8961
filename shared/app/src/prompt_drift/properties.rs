//! However the objects come, and wherever it dies between: each new prompt is told, and by no redelivery again.

use std::collections::{BTreeMap, BTreeSet};

use audit_domain::digest::Sha256;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

use super::{
    Met,
    tests::{World, ago, call, now},
};

const CALLERS: [&str; 2] = ["claims-app", "other-app"];

/// The calls of one object: caller, prompt, minutes ago.
fn object() -> impl Strategy<Value = Vec<String>> {
    let one = (select(&CALLERS[..]), 0_u8..6, 0_i64..600);
    vec(one, 0..5).prop_map(|calls| {
        let calls = calls.into_iter().enumerate();
        calls
            .map(|(nth, (caller, prompt, minutes))| {
                call(caller, &format!("New prompt {prompt}."), ago(minutes), &format!("r{nth}"))
            })
            .collect()
    })
}

/// How often each prompt was told, by its id.
fn told(world: &World) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for message in world.memory.published() {
        let json: Value = serde_json::from_str(&message.json).unwrap();
        *told.entry(json["system_prompt"]["id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    told
}

/// The ids of the prompts in these objects.
fn used(objects: &[Vec<String>]) -> BTreeSet<String> {
    let all = objects.concat().join("\n");
    let prompts = (0..6).map(|nth| format!("New prompt {nth}.")).filter(|prompt| all.contains(prompt));
    prompts.map(|prompt| Sha256::of(prompt.as_bytes()).to_string()).collect()
}

proptest! {
    #[test]
    fn in_any_order_and_twice_each_new_prompt_is_told_once(
        (objects, order) in vec(object(), 1..5).prop_flat_map(|objects| {
            let twice: Vec<usize> = (0..objects.len()).chain(0..objects.len()).collect();
            (Just(objects), Just(twice).prop_shuffle())
        }),
        processes: u8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let world = runtime.block_on(async {
            let mut world = World::with_callers(&CALLERS).await;
            for (nth, object) in order.iter().enumerate() {
                if processes & (1 << nth) != 0 {
                    world.met = Met::default();
                }
                world.index(&object.to_string(), &objects[*object], now()).await.unwrap();
            }
            world
        });
        let told = told(&world);
        prop_assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), used(&objects));
        prop_assert!(told.values().all(|times| *times == 1), "{:?}", told);
    }

    #[test]
    fn dying_between_any_two_steps_loses_no_alert(
        objects in vec(object(), 1..4),
        deaths in vec(0_usize..12, 0..6),
        is_another_process: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (world, once) = runtime.block_on(async {
            let mut world = World::with_callers(&CALLERS).await;
            let mut deaths = deaths.iter();
            for (nth, object) in objects.iter().enumerate() {
                loop {
                    world.memory.fails_after(deaths.next().copied());
                    if world.index(&nth.to_string(), object, now()).await.is_ok() {
                        break;
                    }
                    if is_another_process {
                        world.met = Met::default();
                    }
                }
            }
            world.memory.fails_after(None);
            let once = told(&world);
            world.met = Met::default();
            for (nth, object) in objects.iter().enumerate() {
                world.index(&nth.to_string(), object, now()).await.unwrap();
            }
            (world, once)
        });
        prop_assert_eq!(once.keys().cloned().collect::<BTreeSet<_>>(), used(&objects));
        // a death costs one alert more at most, and a redelivery none
        let more: usize = once.values().map(|times| times - 1).sum();
        prop_assert!(more <= deaths.len(), "{:?}", once);
        prop_assert_eq!(told(&world), once);
    }
}

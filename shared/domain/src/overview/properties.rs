//! Whatever is counted, in whichever order: every sum is the total.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{CountedInvocation, Invocations, Tally};
use crate::{
    guardrail::GuardrailFinding,
    invocation::{BodyState, Tokens},
    passage::Certainty,
    prompt::SystemPromptStatus,
    strategies::text,
};

fn invocation() -> impl Strategy<Value = CountedInvocation> {
    let certainty =
        select(vec![Certainty::Recorded, Certainty::Reported, Certainty::Inferred, Certainty::Unknown]);
    let action = option::of(select(vec!["NONE", "INTERVENED", "ODD"]));
    let body = || select(BodyState::NAMES.map(|(state, _)| state).to_vec());
    let names = (text(), text(), select(vec!["1", "2"]), 0..200_i64);
    let guardrail = (certainty, option::of(text()), option::of(text()), action);
    let rest = (option::of(text()), option::of(any::<u64>()), body(), body());
    (names, guardrail, rest).prop_map(|(names, guardrail, rest)| CountedInvocation {
        request_id: names.0.clone(),
        occurred_at: jiff::Timestamp::from_second(1_790_000_000 + names.3 * 3_000).unwrap(),
        account_id: names.2.to_owned(),
        region: "r".to_owned(),
        caller: names.0,
        model_id: names.1,
        guardrail: GuardrailFinding {
            certainty: guardrail.0,
            id: guardrail.1,
            version: guardrail.2,
            action: guardrail.3.map(str::to_owned),
            basis: None,
        },
        error_code: rest.0,
        tokens: Tokens { input: rest.1, ..Tokens::default() },
        input_body: rest.2,
        output_body: rest.3,
        system_prompt: Some(SystemPromptStatus::None),
    })
}

fn counted<'a>(invocations: impl Iterator<Item = &'a CountedInvocation>) -> Invocations {
    let mut counted = Invocations::default();
    invocations.for_each(|invocation| counted.add(invocation));
    counted
}

proptest! {
    #[test]
    fn every_sum_is_the_total_in_every_order(invocations in vec(invocation(), 0..40)) {
        let all = counted(invocations.iter());
        prop_assert_eq!(all.total.invocations, invocations.len() as u64);
        prop_assert!(all.total.adds_up());
        let mut by_day = Tally::default();
        all.by_day.values().for_each(|day| by_day.add(day));
        for sum in [all.by_principal.sum(), all.by_model.sum(), all.by_place.sum(), by_day] {
            prop_assert_eq!(sum, all.total);
            prop_assert!(sum.adds_up());
        }
        let named = invocations.iter().filter(|one| one.guardrail.id.is_some()).count() as u64;
        prop_assert_eq!(all.by_guardrail.sum().invocations, named);
        prop_assert_eq!(all.by_error.sum().invocations, all.total.errors);
        prop_assert_eq!(all.by_system_prompt.values().sum::<u64>(), all.total.invocations);
        prop_assert_eq!(counted(invocations.iter().rev()), all);
    }

    #[test]
    fn a_ranking_leaves_nothing_out_of_its_sum(invocations in vec(invocation(), 0..40), limit in 0..10_usize) {
        let all = counted(invocations.iter());
        let ranking = all.by_model.ranking(limit);
        let mut sum = ranking.rest;
        ranking.first.iter().for_each(|(_, tally)| sum.add(tally));
        prop_assert_eq!(sum, all.total);
        prop_assert!(ranking.first.len() <= limit);
        prop_assert!(ranking.first.windows(2).all(|two| two[0].1.invocations >= two[1].1.invocations));
    }
}

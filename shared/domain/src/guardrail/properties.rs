//! Assessments in every form, and in none.

use std::collections::BTreeMap;

use proptest::{collection::btree_map, prelude::*, sample::select};

use super::*;
use crate::strategies::{Json, json, object, quoted, text};

fn finding(trace: &str, metadata: &BTreeMap<String, String>) -> GuardrailFinding {
    let raw = RawValue::from_string(trace.to_owned()).unwrap();
    let mut seen = GuardrailTrace::default();
    seen.read_converse_trace(&Members::of(&raw).unwrap());
    seen.finding(metadata)
}

/// An assessment, with the details of the guardrail in some of them.
fn assessment() -> impl Strategy<Value = Json> {
    let origin = select(&["REQUEST", "ACCOUNT_ENFORCED", "ORGANIZATION_ENFORCED"][..]);
    let details = ("gr[0-3]", "[1-9]", origin).prop_map(|(id, version, origin)| {
        Json::parse(&format!(
            r#"{{"appliedGuardrailDetails":{{"guardrailId":"{id}","guardrailVersion":"{version}","guardrailOrigin":["{origin}"]}}}}"#
        ))
    });
    prop_oneof![details, object()]
}

fn metadata() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("guardrail(Id|Version)", prop_oneof!["gr[0-3]", text()], 0..3)
}

proptest! {
    #[test]
    fn every_form_of_assessments_says_the_same(
        assessments in btree_map("gr[0-3]", assessment(), 0..4),
        metadata in metadata(),
        name in select(&["inputAssessment", "outputAssessments"][..]),
    ) {
        let member = |(id, value): (&String, &Json)| format!("{}:{}", quoted(id), value.compact());
        let in_list = |(id, value): (&String, &Json)| format!("{}:[{}]", quoted(id), value.compact());
        let map = assessments.iter().map(member).collect::<Vec<_>>();
        let map_of_lists = assessments.iter().map(in_list).collect::<Vec<_>>().join(",");
        let list_of_maps = map.iter().map(|one| format!("{{{one}}}")).collect::<Vec<_>>().join(",");
        let said = |assessments: &str| {
            finding(&format!("{{\"guardrail\":{{\"{name}\":{assessments}}}}}"), &metadata)
        };
        let by_map = said(&format!("{{{}}}", map.join(",")));
        prop_assert_eq!(said(&format!("{{{map_of_lists}}}")), by_map.clone());
        prop_assert_eq!(said(&format!("[{list_of_maps}]")), by_map.clone());
        prop_assert_eq!(by_map.certainty == Certainty::Recorded, !assessments.is_empty());
    }

    #[test]
    fn any_trace_is_survived(trace in json(), metadata in metadata(), depth in select(&[0_usize, 3, 20_000][..])) {
        let nested = format!("{}{}{}", "[".repeat(depth), trace.compact(), "]".repeat(depth));
        finding(&format!("{{\"guardrail\":{{\"inputAssessment\":{nested}}}}}"), &metadata);
        finding(&format!("{{\"guardrail\":{}}}", trace.compact()), &metadata);
    }
}

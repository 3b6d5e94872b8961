//! A window of the ledger: objects by their day, and invocations page by page.

use audit_app::ports::{PageInvocations as _, PutDeliveries as _, PutRecords as _, QueryDeliveries as _};
use audit_aws::dynamodb::Ledger;
use audit_domain::{
    digest::Sha256,
    evidence::ObjectLocation,
    ledger::{
        delivery::{Completion, Counts, Delivery},
        record::{Record, SHARDS},
    },
    passage::Certainty,
    values::Reject,
};

use super::{LATER, NoObjects, at, reading, span};

fn delivery(key: &str, completion: Completion, indexed: u64, read_at: &str) -> Delivery {
    let mut location = ObjectLocation::object("logs", key);
    location.etag = Some("e".into());
    Delivery {
        location,
        counts: Counts { received: indexed + 2, indexed, rejected: 2, ..Counts::default() },
        completion,
        rejects: (1..=2)
            .map(|ordinal| Reject { ordinal, reason: "no json".into(), sha256: Sha256::of(b"x"), bytes: 7 })
            .collect(),
        bytes: 10,
        indexed_at: at(read_at),
    }
}

pub(super) async fn deliveries_are_listed_by_the_day_of_their_object(ledger: &Ledger<NoObjects>) {
    let key = |hour: u32| {
        format!(
            "AWSLogs/1/BedrockModelInvocationLogs/r/2026/09/03/{hour:02}/20260903T{hour:02}3000Z_x.json.gz"
        )
    };
    // the first reading broke off, the second one is whole, and the third one brings nothing new
    for (completion, indexed, read_at) in [
        (Completion::Partial("cut".into()), 1, "2026-09-03T07:31:00Z"),
        (Completion::Done, 5, "2026-09-04T00:00:01Z"),
        (Completion::Done, 0, "2026-09-05T00:00:00Z"),
    ] {
        ledger.put_delivery(&delivery(&key(7), completion, indexed, read_at), LATER).await.unwrap();
    }
    let later = delivery(&key(9), Completion::Done, 3, "2026-09-03T09:31:00Z");
    ledger.put_delivery(&later, LATER).await.unwrap();
    let over = delivery(&key(8), Completion::Done, 9, "2026-09-03T08:31:00Z");
    ledger.put_delivery(&over, at("2026-10-31T00:00:00Z").as_second()).await.unwrap();

    let day = async |since: &str, until: &str| {
        let (lines, next) = ledger.delivery_page("2026-09-03", span(since, until), None).await.unwrap();
        assert_eq!(next, None);
        lines
    };
    let all = day("2026-09-03T00:00:00Z", "2026-09-04T00:00:00Z").await;
    let told: Vec<_> = all.iter().map(|line| (line.object.clone(), line.counts.indexed)).collect();
    let name = |hour| format!("s3://logs/{}", key(hour));
    assert_eq!(told, [(name(7), 5), (name(9), 3)], "in time; once, whole, and not over its retention");
    assert_eq!(all[0].completion, Completion::Done);
    assert_eq!((all[1].moment, all[1].indexed_at), (at("2026-09-03T09:30:00Z"), later.indexed_at));
    assert_eq!(all[1].counts, later.counts);
    assert_eq!(day("2026-09-03T08:00:00Z", "2026-09-03T09:30:00Z").await, []);
    assert_eq!(day("2026-09-03T09:30:00Z", "2026-09-03T09:30:00.001Z").await.len(), 1);
    let rejects = ledger.rejects_of(&all[1]).await.unwrap();
    assert_eq!(rejects.iter().map(|line| line.reject.clone()).collect::<Vec<_>>(), later.rejects);
    assert_eq!(rejects[0].object, all[1].object);
    // the list is another one than that of the objects: nobody takes a line for a delivery
    let after = format!("2026-09-03T07:30:00.000Z#{}#-", name(7));
    let span = span("2026-09-03T00:00:00Z", "2026-09-04T00:00:00Z");
    let (rest, _) = ledger.delivery_page("2026-09-03", span, Some(&after)).await.unwrap();
    assert_eq!(rest, all[1..]);
}

pub(super) async fn invocations_are_paged_in_time_and_hold_what_counts(ledger: &Ledger<NoObjects>) {
    // more than a page in one shard, and a record that differs under one request id
    const COUNT: usize = 1_200;
    let put = async |request: &str, second: usize, output: u64| {
        let mut invocation = reading(request).invocation;
        invocation.occurred_at = at(&format!("2026-09-10T10:{:02}:{:02}Z", second / 60 % 60, second % 60));
        invocation.tokens.output = Some(output);
        invocation.guardrail.certainty = Certainty::Reported;
        invocation.guardrail.id = Some("gr1".into());
        invocation.evidence.sha256 = Sha256::of(format!("{request} {output}").as_bytes());
        let record = Record::Invocation(Box::new(invocation));
        ledger.put_record(&record, LATER).await.unwrap();
    };
    for nth in 0..COUNT {
        put(&format!("paged-{nth}"), nth, nth as u64).await;
    }
    put("paged-7", 7, 5_000).await;
    let (mut found, mut pages) = (Vec::new(), 0);
    for shard in 0..SHARDS {
        let (mut after, mut before) = (None, None);
        loop {
            let span = span("2026-09-10T10:00:01Z", "2026-09-11T00:00:00Z");
            let page = ledger.invocation_page("2026-09-10", shard, span, after.as_ref()).await.unwrap();
            pages += 1;
            for invocation in &page.0 {
                assert!(before.is_none_or(|before| before <= invocation.occurred_at), "in time");
                before = Some(invocation.occurred_at);
            }
            found.extend(page.0);
            after = page.1;
            if after.is_none() {
                break;
            }
        }
    }
    assert!(pages > usize::from(SHARDS), "{pages} pages");
    // all but the first, which is before the span, and the one that differs
    assert_eq!(found.len(), COUNT - 1 + 1);
    let output: u64 = found.iter().filter_map(|invocation| invocation.tokens.output).sum();
    assert_eq!(output, (0..COUNT as u64).sum::<u64>() + 5_000);
    let one = found.iter().find(|invocation| invocation.request_id == "paged-9").unwrap();
    assert_eq!(one.caller, "arn:aws:sts::444455556666:assumed-role/app");
    assert_eq!((one.tokens.input, one.guardrail.id.as_deref()), (Some(7), Some("gr1")));
    assert_eq!(one.guardrail.certainty, Certainty::Reported);
    assert_eq!((one.account_id.as_str(), one.region.as_str()), ("444455556666", "eu-central-1"));
}

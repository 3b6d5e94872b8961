//! The real `index-trail` binary beside `record-changes`, on files as CloudTrail writes them.

use audit_app::ports::QueryRecords as _;
use audit_domain::{
    change::{Change, Origin},
    digest::Sha256,
    ledger::record::{DiffRead, Record},
};
use audit_testkit::{
    bedrock::DRAFT,
    cloud::{ALERTS, CHANGES, LOGS, gzip},
    faults::Fault,
    function::{Died, Function, failed, messages},
};
use serde_json::{Value, json};

use super::recorder::{GUARDRAIL, World, ago, another, event, kinds, recent, request_id, state};

const KEY: &str = "AWSLogs/444455556666/CloudTrail/eu-central-1/2026/11/24/444455556666_CloudTrail_eu-central-1_20261124T1010Z_Ab3dEf6hIj9lMn2p.json.gz";

/// Both functions on one ledger.
struct Both {
    world: World,
    trail: Function,
}

impl Both {
    async fn start() -> Self {
        let world = World::start().await;
        world.cloud.bedrock.put("guardrail", GUARDRAIL, DRAFT, state("guardrail-DRAFT-thursday", ago(5)));
        let trail = Function::start("index-trail", &world.cloud).await;
        Self { world, trail }
    }

    /// Puts a file with the records of these events, and gives it to the function: whether it has to come again.
    async fn deliver(&mut self, key: &str, events: &[String]) -> bool {
        self.world.cloud.put_log(key, gzip(&file(events))).await;
        self.read(key).await
    }

    /// Gives the function a file that is there: whether it has to come again.
    async fn read(&mut self, key: &str) -> bool {
        let answer = self.trail.invoke(messages(&[created(key)]), &self.world.cloud).await;
        !failed(&answer.expect("the function lives")).is_empty()
    }

    async fn change_of(&self, body: &str) -> Change {
        let mut records = self.world.records_of(body).await.into_iter();
        let change = records.find_map(|record| match record {
            Record::Change(change) => Some(*change),
            _ => None,
        });
        change.expect("the change is there")
    }

    fn alerts(&self) -> usize {
        self.world.sent_to(ALERTS).len()
    }

    /// What became of a file: received, indexed, duplicate, rejected, ignored, status.
    async fn delivery(&self, key: &str) -> ([u64; 5], String) {
        let items = self.world.cloud.dynamodb.scan().table_name("deliveries").send().await.unwrap();
        let wanted = format!("s3://{LOGS}/{key}");
        let mut deliveries = items.items().iter().filter(|item| item.contains_key("received"));
        let item = deliveries.find(|item| item["object"].as_s() == Ok(&wanted)).expect("a delivery");
        let number = |name: &str| item[name].as_n().unwrap().parse::<u64>().unwrap();
        let counts = ["received", "indexed", "duplicate", "rejected", "ignored"].map(number);
        (counts, item["status"].as_s().unwrap().clone())
    }
}

fn created(key: &str) -> String {
    json!({
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"bucket": {"name": LOGS}, "object": {"key": key, "size": 10, "etag": "e"}},
    })
    .to_string()
}

/// The records of some events among those of other services.
fn file(events: &[String]) -> Vec<u8> {
    let records = events.iter().flat_map(|event| [foreign(), record(event)]);
    json!({"Records": records.collect::<Vec<_>>()}).to_string().into_bytes()
}

/// What of an event stands in a file.
fn record(event: &str) -> Value {
    let event: Value = serde_json::from_str(event).unwrap();
    event["detail"].clone()
}

/// A call of another service that says much of Bedrock.
fn foreign() -> Value {
    json!({
        "eventVersion": "1.11", "eventSource": "ec2.amazonaws.com", "eventName": "UpdateGuardrail", "readOnly": false,
        "eventTime": "2026-10-15T12:00:00Z", "awsRegion": "eu-central-1", "recipientAccountId": "444455556666",
        "eventCategory": "Management", "userAgent": "bedrock.amazonaws.com",
        "requestParameters": {"guardrailIdentifier": GUARDRAIL}, "eventID": "foreign", "requestID": "foreign",
    })
}

fn call(request: &str, source: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventSource": source, "eventName": "Converse", "readOnly": true,
        "eventTime": "2026-10-15T15:31:02Z", "awsRegion": "eu-central-1", "recipientAccountId": "444455556666",
        "eventCategory": "Management", "sourceIPAddress": "198.51.100.23", "userAgent": "boto3/1.40",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::444455556666:assumed-role/claims-app/web-7"},
        "requestParameters": {"modelId": "eu.amazon.nova-lite-v1:0"}, "responseElements": null,
        "requestID": request, "eventID": format!("event of {request}"),
    })
}

/// Whichever comes first, and however often.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_event_and_by_file_is_one_change_and_one_alert() {
    for file_first in [false, true] {
        let mut both = Both::start().await;
        let body = recent("changes/UpdateGuardrail");
        for twice in [false, true] {
            if file_first {
                assert!(!both.deliver(KEY, std::slice::from_ref(&body)).await);
            }
            both.world.take(&body).await;
            assert!(
                !both
                    .deliver(
                        if twice { KEY } else { "AWSLogs/again/CloudTrail/x.json.gz" },
                        std::slice::from_ref(&body)
                    )
                    .await
            );
        }
        assert_eq!(kinds(&both.world.records_of(&body).await), ["alert", "change", "diff"], "{file_first}");
        assert_eq!(both.world.cloud.count("records").await, 3, "{file_first}");
        assert_eq!(both.alerts(), 1, "{file_first}");
        assert_eq!(both.world.sent_to(CHANGES).len(), 1, "{file_first}");
        let origin = if file_first { Origin::Trail } else { Origin::Eventbridge };
        assert_eq!(both.change_of(&body).await.origin, origin);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_event_was_dropped_is_found_in_the_file() {
    let mut both = Both::start().await;
    let body = recent("incident/changes/04-UpdateGuardrail-weakened");
    assert!(!both.deliver(KEY, std::slice::from_ref(&body)).await);
    assert_eq!(kinds(&both.world.records_of(&body).await), ["alert", "change", "diff"]);
    let change = both.change_of(&body).await;
    assert_eq!(change.origin, Origin::Trail);
    assert_eq!(change.evidence.location.to_string(), format!("s3://{LOGS}/{KEY}"));
    assert_eq!(change.evidence.ordinal, 2);
    assert_eq!(change.evidence.sha256, Sha256::of(record(&body).to_string().as_bytes()));
    let [alert] = both.world.sent_to(ALERTS).try_into().expect("one alert");
    assert_eq!(
        alert.subject.as_deref(),
        Some("[high] UpdateGuardrail on guardrail/gr4k2p9x7wzq by marta.klein@example.com")
    );
    assert_eq!(both.delivery(KEY).await, ([2, 1, 0, 0, 1], "done".to_owned()));
    // nothing but the record itself is kept of it
    assert!(both.world.cloud.audit_keys().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_news_any_more_is_told_together() {
    let mut both = Both::start().await;
    let old = event("changes/UpdateGuardrail", ago(25 * 60));
    let events = [old.clone(), another(&old, ago(26 * 60), 2), recent("changes/UpdatePrompt")];
    assert!(!both.deliver(KEY, &events).await);
    let alerts = both.world.sent_to(ALERTS);
    let mut told: Vec<_> = alerts.iter().map(|alert| alert.attributes["kind"].as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["change", "summary"]);
    assert!(!both.read(KEY).await);
    assert_eq!(both.alerts(), 2);
    assert_eq!(both.delivery(KEY).await.0, [6, 3, 0, 0, 3], "a second reading says nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_found_under_the_request_that_they_made() {
    let mut both = Both::start().await;
    let records =
        json!({"Records": [call("r-1", "bedrock.amazonaws.com"), call("r-2", "ec2.amazonaws.com")]});
    both.world.cloud.put_log(KEY, gzip(records.to_string().as_bytes())).await;
    for _ in 0..2 {
        assert!(!both.read(KEY).await);
    }
    let records = both.world.cloud.ledger().records_of("r-1").await.unwrap();
    let [Record::Call(call)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(call.operation, "Converse");
    assert_eq!(call.source_ip.as_deref(), Some("198.51.100.23"));
    assert_eq!(call.resource.as_deref(), Some("eu.amazon.nova-lite-v1:0"));
    assert_eq!(both.world.cloud.count("records").await, 1);
    assert_eq!((both.alerts(), both.delivery(KEY).await.0), (0, [2, 1, 0, 0, 1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_other_kinds_are_passed_over_and_broken_ones_read_as_far_as_they_go() {
    let mut both = Both::start().await;
    let body = recent("changes/UpdateGuardrail");
    for key in [
        KEY.replace("/CloudTrail/", "/CloudTrail-Digest/"),
        KEY.replace("/CloudTrail/", "/CloudTrail-Insight/"),
        KEY.replace("/CloudTrail/", "/CloudTrail-NetworkActivity/"),
    ] {
        assert!(!both.deliver(&key, std::slice::from_ref(&body)).await, "{key}");
    }
    assert_eq!(both.world.cloud.count("records").await, 0);

    // the trail of an organisation, a record that is none, and a file that breaks off behind it
    let key = KEY.replace("AWSLogs/", "AWSLogs/o-exampleorgid/");
    let whole = format!(
        r#"{{"Records":[{},{{"eventSource":"bedrock.amazonaws.com"}},{{"eventName":7"#,
        record(&body)
    );
    both.world.cloud.put_log(&key, gzip(whole.as_bytes())).await;
    assert!(!both.read(&key).await);
    assert_eq!(both.delivery(&key).await, ([3, 1, 0, 2, 0], "done".to_owned()));
    assert_eq!(both.alerts(), 1);

    let noise: String = (0..9_000).map(|nth| Sha256::of(format!("{nth}").as_bytes()).to_string()).collect();
    let long = json!({"Records": [record(&another(&body, ago(4), 1)), {"eventSource": "ec2.amazonaws.com", "x": noise}]});
    let mut cut = gzip(long.to_string().as_bytes());
    cut.truncate(cut.len() / 2);
    both.world.cloud.put_log("AWSLogs/1/CloudTrail/cut.json.gz", cut).await;
    assert!(!both.read("AWSLogs/1/CloudTrail/cut.json.gz").await);
    assert_eq!(both.delivery("AWSLogs/1/CloudTrail/cut.json.gz").await.1, "partial");
    assert_eq!(both.alerts(), 2);
}

/// The trail of an organisation has the changes of accounts whose resources nobody here can read.
#[tokio::test(flavor = "multi_thread")]
async fn another_accounts_change_is_recorded_and_its_resource_not_taken_for_gone() {
    let mut both = Both::start().await;
    let body = recent("changes/UpdateGuardrail").replace("444455556666", "777788889999");
    assert!(!both.deliver(KEY, std::slice::from_ref(&body)).await, "another try would not help");
    let diff = both.world.diff_of(&body).await;
    assert_eq!(diff.read, DiffRead::Denied);
    assert!(diff.reason.as_deref().is_some_and(|why| why.contains("777788889999")), "{diff:?}");
    assert_eq!(both.alerts(), 1);
}

/// Where the event came, it waits in its own queue; the file waits only for what it alone has told of.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_again_for_what_it_alone_told_and_could_not_be_read() {
    let mut both = Both::start().await;
    let (known, found) =
        (recent("changes/UpdateGuardrail"), recent("incident/changes/04-UpdateGuardrail-weakened"));
    both.world.cloud.bedrock.refuse("guardrail", GUARDRAIL, 403, "AccessDeniedException", "no");
    assert_eq!(both.world.record(std::slice::from_ref(&known)).await, ["1"]);
    assert!(!both.deliver(KEY, std::slice::from_ref(&known)).await);
    assert!(both.deliver(KEY, &[known.clone(), found.clone()]).await);
    assert_eq!(both.alerts(), 2, "the alerts do not wait");
    both.world.cloud.bedrock.allow();
    assert!(!both.read(KEY).await);
    let follow_up = both.world.last_to(ALERTS).subject.unwrap();
    assert!(follow_up.contains("what changed: "), "{follow_up}");
    assert_eq!(both.alerts(), 4);
}

/// IAM reports to us-east-1 alone, a trail to its home region: elsewhere such calls are in the trail's files only.
#[tokio::test(flavor = "multi_thread")]
async fn watched_calls_of_other_regions_are_found_in_the_file() {
    let mut both = Both::start().await;
    let when = ago(10).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let call = |id: &str, source: &str, name: &str, parameters: Value| {
        json!({
            "eventVersion": "1.11", "eventSource": source, "eventName": name, "readOnly": false, "eventTime": when,
            "awsRegion": "us-east-1", "recipientAccountId": "444455556666", "eventCategory": "Management",
            "userIdentity": {"type": "IAMUser", "userName": "eve", "arn": "arn:aws:iam::444455556666:user/eve"},
            "requestParameters": parameters, "responseElements": null, "eventID": id, "requestID": id,
        })
    };
    let policy = |action: &str| json!({"Statement": [{"Effect": "Allow", "Action": [action]}]}).to_string();
    let put_role_policy = |id: &str, action: &str| {
        let parameters = json!({"roleName": "app", "policyName": "p", "policyDocument": policy(action)});
        call(id, "iam.amazonaws.com", "PutRolePolicy", parameters)
    };
    // a file has no order: what the ledger has to know stands behind what asks for it
    let schedule = json!({"name": "nightly", "groupName": "default"});
    let mut starts = schedule.clone();
    starts["target"] = json!({"arn": "arn:aws:scheduler:::aws-sdk:bedrockagent:startIngestionJob"});
    let records = json!({"Records": [
        call("deleted", "scheduler.amazonaws.com", "DeleteSchedule", schedule),
        call("other", "scheduler.amazonaws.com", "DeleteSchedule", json!({"name": "backup", "groupName": "default"})),
        call("stopped", "cloudtrail.amazonaws.com", "StopLogging", json!({"name": "main"})),
        put_role_policy("opened", "bedrock:*"),
        put_role_policy("logs", "logs:*"),
        call("orders", "s3.amazonaws.com", "DeleteBucketPolicy", json!({"bucketName": "orders"})),
        call("evidence", "s3.amazonaws.com", "DeleteBucketPolicy", json!({"bucketName": LOGS})),
        call("made", "scheduler.amazonaws.com", "CreateSchedule", starts),
    ]});
    both.world.cloud.put_log(KEY, gzip(records.to_string().as_bytes())).await;
    for _ in 0..2 {
        assert!(!both.read(KEY).await);
    }
    let mut told: Vec<_> = ["stopped", "opened", "evidence", "made", "deleted", "other", "logs", "orders"]
        .into_iter()
        .filter(|id| {
            both.world.sent_to(ALERTS).iter().any(|alert| alert.message.contains(&format!("event {id},")))
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told, ["deleted", "evidence", "made", "opened", "stopped"]);
    assert_eq!(both.alerts(), told.len());
    let stopped =
        both.world.sent_to(ALERTS).into_iter().find(|alert| alert.message.contains("StopLogging")).unwrap();
    assert_eq!(stopped.attributes["severity"], "critical");
    assert!(
        stopped.message.contains("breaks:") && stopped.message.contains("who:       eve"),
        "{}",
        stopped.message
    );
}

/// Invariant 4, by way of a file.
#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_file_no_alert_is_lost() {
    let events = [
        recent("changes/UpdateGuardrail"),
        recent("changes/UpdatePrompt"),
        recent("changes/DeleteGuardrail"),
    ];
    let mut calls = {
        let mut both = Both::start().await;
        assert!(!both.deliver(KEY, &events).await);
        both.world.cloud.faults.seen().len()
    };
    assert!(calls > 20);
    let mut step = 0;
    while calls > 0 {
        let mut both = Both::start().await;
        both.world.cloud.put_log(KEY, gzip(&file(&events))).await;
        let fault = if step % 2 == 0 { Fault::KillBefore } else { Fault::KillAfter };
        both.world.cloud.faults.add("", step, 1, fault);
        let died = both.trail.invoke(messages(&[created(KEY)]), &both.world.cloud).await;
        assert_eq!(died, Err(Died), "step {step}");
        both.world.cloud.faults.clear();
        both.trail = Function::start("index-trail", &both.world.cloud).await;
        assert!(!both.read(KEY).await);
        for body in &events {
            assert!(kinds(&both.world.records_of(body).await).contains(&"alert"), "step {step}: {body}");
            let told =
                |message: &&audit_testkit::cloud::Published| message.message.contains(&request_id(body));
            let sent = both.world.sent_to(ALERTS).iter().filter(told).count();
            assert!((1..=2).contains(&sent), "{sent} alerts at step {step}");
        }
        step += 3;
        calls = calls.saturating_sub(3);
    }
}

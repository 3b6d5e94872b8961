//! The real `bedrock-audit doctor`: everything that can be off has its fault and its command, what cannot be read is said,
//! and `--fix` adds and never replaces.

use std::{collections::BTreeSet, fmt::Write as _, process::Command};

use audit_domain::check::{
    CHECKS, NOT_CHECKED,
    needs::{FIXES, METERED, READS},
};
use audit_testkit::{
    bedrock::DRAFT,
    cloud::{Cloud, KEY, gzip},
    faults::Fault,
    function::binary,
};
use serde_json::{Value, json};

use super::{project, text};

const DOCUMENT: &str = "docs/doctor.md";
const NOW: &str = "2026-10-15T14:30:00Z";
const LOGS_OF_DAY: &str = "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/15";
const RULE: &str = "/rules/bedrock-audit-RecordChangesRule-1ABC/rule/State";
const MAPPING: &str = "/mappings/5b1d3f60-8a3c-4f4e-9a55-3c1f0e7d2b11/State";
const ALARM: &str = "/alarms/bedrock-audit-RecordChangesDeadLetterAlarm-1ABC";

struct Answer {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}\n{}", self.stdout, self.stderr))
    }

    /// The checks of this status, by name.
    fn with(&self, status: &str) -> Vec<String> {
        let json = self.json();
        let checks = json["checks"].as_array().unwrap().iter().filter(|check| check["status"] == status);
        checks.map(|check| check["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn run(endpoint: &str, arguments: &[&str]) -> Answer {
    let mut command = Command::new(binary("bedrock-audit"));
    let output = command
        .env_clear()
        .args(["--now", NOW])
        .args(arguments)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", KEY)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    Answer {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A cloud in which all is well.
struct World(Cloud);

impl World {
    async fn start() -> Self {
        let world = Self(Cloud::start().await);
        world.furnish(&json!({}));
        let indexed = world.put_log("11/20261015T110500Z_0123456789abcdef.json.gz").await;
        assert_eq!(world.run(&["index", "--stack", "bedrock-audit", &indexed]).status, 0);
        world.0.faults.forget();
        world
    }

    /// All is well, but for what stands at these pointers.
    fn furnish(&self, set: &Value) {
        let mut parts: Value = serde_json::from_str(&text("events/checks/well.json")).unwrap();
        for (pointer, value) in set.as_object().unwrap() {
            *parts.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")) = value.clone();
        }
        let kind = "model-invocation-logging-configuration";
        match parts["loggingConfig"].clone() {
            Value::Null => self.0.bedrock.remove(kind, "default", DRAFT),
            configuration => self.0.bedrock.put(kind, "default", DRAFT, configuration),
        }
        self.0.parts.put(parts);
    }

    /// Puts a log object of that day; its address.
    async fn put_log(&self, hour: &str) -> String {
        let key = format!("{LOGS_OF_DAY}/{hour}");
        self.0.put_log(&key, gzip(text("events/invocations/converse.json").as_bytes())).await;
        format!("s3://logs/{key}")
    }

    fn run(&self, arguments: &[&str]) -> Answer {
        run(&self.0.endpoint, arguments)
    }

    fn doctor(&self, more: &[&str]) -> Answer {
        self.run(&[&["doctor", "--json"], more].concat())
    }

    fn calls(&self, action: &str) -> usize {
        self.0.faults.seen().iter().filter(|call| *call == action).count()
    }
}

fn faults() -> Vec<Value> {
    text("events/checks/faults.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_it_says_so_and_reads_what_the_documents_say() {
    let world = World::start().await;
    let answer = world.doctor(&[]);
    assert_eq!((answer.status, answer.with("ok").len()), (0, CHECKS.len()), "{}", answer.stdout);
    let json = answer.json();
    assert_eq!((&json["status"], &json["account_id"]), (&json!("ok"), &json!("444455556666")));
    assert_eq!(json["checks"][0]["id"], Value::Null);

    // what is allowed is what is called
    let called: BTreeSet<_> = world.0.faults.seen().into_iter().collect();
    let allowed = READS.iter().flat_map(|(_, actions)| *actions);
    let allowed: BTreeSet<_> = allowed.map(|action| action.replace("s3:ListBucket", "s3:GET")).collect();
    assert_eq!(called, allowed);
    let human = world.run(&["doctor"]);
    assert_eq!(human.status, 0, "{}", human.stderr);
    let last = human.stdout.lines().last().unwrap();
    let well = format!(
        "0 faults, 0 parts not readable, {} checks well: stack bedrock-audit, account 444455556666, eu-central-1, ",
        CHECKS.len() - 1
    );
    assert!(last.starts_with(&well), "{last}");
    assert!(human.stdout.contains("well  event-rule: 4 of 4 checks\n"), "{}", human.stdout);
}

/// `docs/doctor.md` is generated: `UPDATE_DOCS=1 cargo test -p end-to-end doctor` writes it anew.
#[test]
fn the_list_of_checks_is_the_codes() {
    let generated = document();
    #[expect(clippy::disallowed_methods, reason = "a test is asked to write a document, no setting is read")]
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(project(DOCUMENT), &generated).unwrap();
    }
    assert_eq!(text(DOCUMENT), generated, "{DOCUMENT} is old: run this test with UPDATE_DOCS=1");
    let readme = text("README.md");
    let actions = READS.iter().flat_map(|(_, actions)| *actions).copied().chain(FIXES);
    for name in CHECKS.iter().map(|check| check.name).filter(|name| *name != NOT_CHECKED).chain(actions) {
        assert!(readme.contains(&format!("`{name}`")), "{name} is not in README.md");
    }
    assert!(readme.contains(DOCUMENT));
}

fn document() -> String {
    let mut document = String::from(
        "# What is checked\n\n\
         Generated from the table in `shared/domain/src/check/`. `bedrock-audit doctor` makes every check, `check-audit` those\n\
         that are marked every hour. In the commands `{id}`, `{arn}` and the like stand for what was found.\n",
    );
    for (kind, actions) in READS {
        let checks: Vec<_> = CHECKS.iter().filter(|check| check.kind == *kind).collect();
        let heading = if checks.is_empty() { "figures of CloudWatch" } else { kind };
        write!(document, "\n## {heading}\n\nNeeds `{}`.\n", actions.join("`, `")).unwrap();
        if checks.is_empty() {
            writeln!(document, "Made of them: {}.", METERED.map(|name| format!("`{name}`")).join(", "))
                .unwrap();
            continue;
        }
        document
            .push_str("\n| check | severity | every hour | what is wrong | what breaks | what mends it |\n");
        document.push_str("|---|---|---|---|---|---|\n");
        for check in checks {
            let (name, severity) = (check.name, check.severity.name());
            let hourly = if check.is_hourly { "yes" } else { "" };
            let (command, why) = check.mend.split_once("   # ").unwrap_or((check.mend, ""));
            let mend = format!("`{}` {why}", command.trim().replace('|', "\\|"));
            let row = format!(
                "| `{name}` | {severity} | {hourly} | {} | {} | {} |",
                check.wrong,
                check.breaks,
                mend.trim()
            );
            writeln!(document, "{row}").unwrap();
        }
    }
    let fixes = FIXES.map(|action| format!("`{action}`")).join(", ");
    writeln!(document, "\n`--fix` needs {fixes} besides.").unwrap();
    let of_data = "dynamodb:Query";
    let all: Vec<_> =
        READS.iter().flat_map(|(_, actions)| *actions).filter(|action| **action != of_data).collect();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "LookAtParts", "Effect": "Allow", "Action": all, "Resource": "*"},
            {"Sid": "LookUpDeliveries", "Effect": "Allow", "Action": of_data, "Resource": "ARN of the Deliveries table"},
            {
                "Sid": "DecryptDeliveries",
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": "the stack's output KeyArn",
                "Condition": {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com"}},
            },
        ],
    });
    write!(document, "\n## A policy for whoever runs it\n\n```json\n{policy:#}\n```\n").unwrap();
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_found_and_has_its_command() {
    let world = World::start().await;
    let names: Vec<_> = CHECKS.iter().map(|check| check.name).filter(|name| *name != NOT_CHECKED).collect();
    let lines = faults();
    let known: Vec<_> = lines.iter().map(|line| line["check"].as_str().unwrap()).collect();
    assert_eq!(known, names, "every check has its fault");
    for line in &lines {
        let name = line["check"].as_str().unwrap();
        world.furnish(&line["set"]);
        if name == "LogNotIndexed" {
            world.put_log("12/20261015T120500Z_0123456789abcdef.json.gz").await;
        }
        let answer = world.doctor(&[]);
        assert_eq!(answer.status, 1, "{name}: {}", answer.stdout);
        let mut expected = vec![name.to_owned()];
        if name == "InvocationLogInOtherRegion" {
            expected.insert(0, "InvocationLogOff".to_owned());
        }
        assert_eq!(answer.with("fault"), expected, "{name}");
        let json = answer.json();
        let fault = json["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap();
        let resource = format!("{}/{}", fault["kind"].as_str().unwrap(), fault["id"].as_str().unwrap());
        assert_eq!(line["resource"], resource, "{name}");
        let (mend, breaks) = (fault["mend"].as_str().unwrap(), fault["breaks"].as_str().unwrap());
        assert!(mend.starts_with(line["mend"].as_str().unwrap()), "{name}: {mend}");
        // a rest that nothing was filled into
        for left in ["{id}", "{arn}", "{region}", "{stack}", "{expected}", "{function}", "{bucket}"] {
            assert!(!mend.contains(left), "{name}: {mend}");
        }
        if name == "LogNotIndexed" {
            let words: Vec<_> = mend.split("   #").next().unwrap().split_whitespace().skip(1).collect();
            assert_eq!(world.run(&words).status, 0);
            world.furnish(&json!({}));
            assert_eq!(world.doctor(&[]).status, 0, "its command mends it");
        }
        if ["NoTrail", "KeyDisabled", "FunctionFailing"].contains(&name) {
            let human = world.run(&["doctor"]);
            assert_eq!(human.status, 1);
            for told in [mend, breaks, resource.as_str(), "1 fault, 0 parts not readable, "] {
                assert!(human.stdout.contains(told), "{told} in\n{}", human.stdout);
            }
        }
    }
}

/// What may not be read is neither well nor a fault, and the permission is named.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_said_with_the_permission() {
    let world = World::start().await;
    for (kind, actions) in READS {
        for action in *actions {
            let (seen_as, code) = match *action {
                "s3:ListBucket" => ("s3:GET", "AccessDenied"),
                action if action.starts_with("s3:") || action.starts_with("cloudformation:") => {
                    (action, "AccessDenied")
                }
                "sns:ListSubscriptionsByTopic" => (*action, "AuthorizationError"),
                action => (action, "AccessDeniedException"),
            };
            world.0.faults.add(seen_as, 0, usize::MAX, Fault::Refuse(403, code));
            let (answer, human) = (world.doctor(&[]), world.run(&["doctor"]));
            world.0.faults.clear();
            assert_eq!((answer.status, human.status), (2, 2), "{action}: {}{}", answer.stdout, answer.stderr);
            assert_eq!(answer.with("fault"), Vec::<String>::new(), "{action}");
            let json = answer.json();
            let unread = json["checks"].as_array().unwrap().iter();
            let unread: Vec<_> = unread.filter(|check| check["name"] == NOT_CHECKED).collect();
            assert!(!unread.is_empty() && unread.iter().all(|check| check["status"] == "not_checked"));
            let of_kind = unread.iter().find(|check| check["kind"] == *kind).expect(action);
            assert!(of_kind["mend"].as_str().unwrap().contains(action), "{action}: {of_kind}");
            assert!(of_kind["found"]["not_read"].as_str().unwrap().contains(code), "{action}: {of_kind}");
            assert!(
                human.stdout.contains(action) && human.stdout.contains("[not checked] "),
                "{}",
                human.stdout
            );
            // nothing that needs it is called well
            let blind = CHECKS.iter().filter(|check| check.kind == *kind).map(|check| check.name);
            let well = answer.with("ok");
            if *action != "cloudformation:ListStackResources" && *action != "cloudformation:DescribeStacks" {
                assert!(blind.clone().all(|name| !well.contains(&name.to_owned())), "{action}: {well:?}");
            }
        }
    }
    // a fault that is seen counts, whatever else is not
    world.furnish(&json!({RULE: "DISABLED"}));
    world.0.faults.add("kms:DescribeKey", 0, usize::MAX, Fault::Refuse(400, "AccessDeniedException"));
    let answer = world.doctor(&[]);
    assert_eq!((answer.status, answer.with("fault")), (1, vec!["RuleDisabled".to_owned()]));
    world.0.faults.clear();
    world.furnish(&json!({}));
    // throttled for good
    world.0.faults.add("cloudwatch:GetMetricData", 0, usize::MAX, Fault::Refuse(400, "ThrottlingException"));
    let answer = world.doctor(&[]);
    assert_eq!(answer.status, 2, "{}", answer.stdout);
    let blind = answer.with("not_checked");
    for name in METERED {
        assert!(blind.contains(&name.to_owned()), "{blind:?}");
    }
    world.0.faults.clear();
    // once is not for good
    world.0.faults.add("cloudwatch:DescribeAlarms", 0, 1, Fault::Refuse(400, "ThrottlingException"));
    assert_eq!(world.doctor(&[]).status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_answers_it_says_why_and_ends() {
    let world = World::start().await;
    world.0.faults.add("cloudformation:DescribeStacks", 0, usize::MAX, Fault::Refuse(403, "ExpiredToken"));
    let cases = [
        (run("http://127.0.0.1:1", &["doctor"]), "read stack bedrock-audit"),
        (world.doctor(&[]), "ExpiredToken"),
        (world.doctor(&["--ledger", "x.db"]), "--stack"),
        (world.doctor(&["--tables", "a,b,c"]), "--stack"),
    ];
    for (answer, told) in cases {
        assert_eq!((answer.status, answer.stdout.as_str()), (2, ""), "{told}");
        assert!(answer.stderr.contains(told), "{told} in {}", answer.stderr);
        assert_eq!(answer.stderr.lines().count(), 1, "{}", answer.stderr);
    }
}

const QUEUE: &str = "<QueueConfiguration><Id>team's &lt;b&gt;</Id><Queue>arn:aws:sqs:eu-central-1:444455556666:scans</Queue><Event>s3:ObjectCreated:Put</Event><Filter><S3Key><FilterRule><Name>suffix</Name><Value>.gz</Value></FilterRule></S3Key></Filter></QueueConfiguration>";
const TOPIC: &str = "<TopicConfiguration><Topic>arn:aws:sns:eu-central-1:444455556666:t</Topic><Event>s3:ObjectRemoved:*</Event></TopicConfiguration>";
const CALLED: &str = "<CloudFunctionConfiguration><CloudFunction>arn:aws:lambda:eu-central-1:444455556666:function:f</CloudFunction><Event>s3:ObjectRestore:*</Event></CloudFunctionConfiguration>";
const UNKNOWN: &str = "<LakeConfiguration version=\"2\"><Lake>l</Lake></LakeConfiguration>";

fn notifications(entries: &[&str]) -> Value {
    let entries = entries.concat();
    format!("<NotificationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{entries}</NotificationConfiguration>").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn fix_adds_and_keeps_everything_that_is_there() {
    let world = World::start().await;
    let before = [QUEUE, TOPIC, CALLED, UNKNOWN];
    let set = json!({
        "/buckets/logs/notification": notifications(&before),
        "/buckets/audit/notification": notifications(&[]),
        RULE: "DISABLED",
        MAPPING: "Disabled",
    });
    world.furnish(&set);
    assert_eq!(world.doctor(&[]).status, 1);
    assert_eq!(world.calls("s3:PutBucketNotification"), 0, "nothing is mended unasked");
    let human = world.run(&["doctor", "--fix"]);
    assert_eq!(human.status, 0, "{}{}", human.stdout, human.stderr);
    let expected =
        notifications(&[&before[..], &["<EventBridgeConfiguration></EventBridgeConfiguration>"]].concat());
    let document = world.0.parts.document();
    assert_eq!(document["buckets"]["logs"]["notification"], expected);
    assert_eq!(
        document["buckets"]["audit"]["notification"],
        notifications(&["<EventBridgeConfiguration></EventBridgeConfiguration>"])
    );
    assert_eq!(document.pointer(RULE).unwrap(), "ENABLED");
    assert_eq!(document.pointer(MAPPING).unwrap(), "Enabling");
    for told in [
        "let bucket logs tell EventBridge of its objects",
        "the 4 entries that are there",
        expected.as_str().unwrap(),
        "enable rule bedrock-audit-RecordChangesRule-1ABC of bus default",
        "0 faults, ",
    ] {
        assert!(human.stdout.contains(told), "{told} in\n{}", human.stdout);
    }
    // twice is once
    world.0.faults.forget();
    let again = world.doctor(&["--fix"]);
    assert_eq!((again.status, &again.json()["fixes"]), (0, &json!([])));
    for action in FIXES {
        assert_eq!(world.calls(action), 0, "{action}");
    }
    assert_eq!(world.0.parts.document(), document);
}

#[tokio::test(flavor = "multi_thread")]
async fn fix_writes_nothing_that_it_does_not_understand_or_that_is_not_its_own() {
    let world = World::start().await;
    // a comment is nothing that S3 writes
    let strange = notifications(&["<!-- x -->", QUEUE]);
    world.furnish(&json!({"/buckets/logs/notification": strange}));
    let answer = world.doctor(&["--fix"]);
    assert_eq!((answer.status, answer.with("fault")), (1, vec!["BucketWithoutEventBridge".to_owned()]));
    let json = answer.json();
    assert_eq!((&json["fixes"][0]["done"], &json["fixes"][0]["written"]), (&json!(false), &Value::Null));
    assert_eq!(world.0.parts.document()["buckets"]["logs"]["notification"], strange);
    assert_eq!(world.calls("s3:PutBucketNotification"), 0);
    // refused
    world.furnish(&json!({"/buckets/logs/notification": notifications(&[QUEUE])}));
    world.0.faults.add("s3:PutBucketNotification", 0, 1, Fault::Refuse(403, "AccessDenied"));
    let answer = world.doctor(&["--fix"]);
    assert_eq!(answer.status, 1);
    let why = answer.json()["fixes"][0]["why_not"].to_string();
    assert!(why.contains("AccessDenied"), "{why}");
    assert_eq!(world.0.parts.document()["buckets"]["logs"]["notification"], notifications(&[QUEUE]));
    // whoever logs elsewhere, or does not, meant it: the command is shown, and not run
    for check in
        ["InvocationLogOff", "InvocationLogElsewhere", "AlarmSilenced", "KeyDisabled", "TrailNotLogging"]
    {
        let fault = faults().into_iter().find(|fault| fault["check"] == check).unwrap();
        world.furnish(&fault["set"]);
        world.0.faults.forget();
        let answer = world.doctor(&["--fix"]);
        assert_eq!((answer.status, &answer.json()["fixes"]), (1, &json!([])), "{check}");
        let read = READS.iter().flat_map(|(_, actions)| *actions).copied().chain(["s3:GET"]);
        let read: BTreeSet<_> = read.collect();
        let others: Vec<_> =
            world.0.faults.seen().into_iter().filter(|call| !read.contains(call.as_str())).collect();
        assert!(others.is_empty(), "{check}: {others:?}");
    }
}

/// Whatever a name, a reason or an address holds, it stays text: for the terminal, and for the shell.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_answers_steer_neither_the_terminal_nor_the_shell() {
    let world = World::start().await;
    let hostile = "a'; rm -rf ~ #\u{1b}[2J\r\n{arn} $(id) \u{202e}";
    let topic = "/topics/arn:aws:sns:eu-central-1:444455556666:bedrock-audit-ChangesTopic-1ABC";
    let subscription =
        json!([{"Protocol": "https", "Endpoint": hostile, "SubscriptionArn": "PendingConfirmation"}]);
    world.furnish(&json!({
        format!("{ALARM}/StateValue"): "ALARM",
        format!("{ALARM}/StateReason"): hostile,
        topic: subscription,
    }));
    let human = world.run(&["doctor"]);
    assert_eq!(human.status, 1, "{}", human.stderr);
    let is_unsafe = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!human.stdout.chars().any(is_unsafe), "{:?}", human.stdout);
    let quoted = r"--notification-endpoint 'a'\''; rm -rf ~ #[2J{arn} $(id) '";
    assert!(human.stdout.contains(quoted), "{quoted} in {}", human.stdout);
    let answer = world.doctor(&[]);
    assert!(!answer.stdout.chars().any(|c| c != '\n' && c.is_control()));
    assert_eq!(answer.with("fault").len(), 2);
}

//! The real `bedrock-audit` binary.

mod sources;
mod timeline;

use std::{path::Path, process::Command};

use audit_testkit::{cloud::gzip, function::binary};
use serde_json::Value;

use super::{project, text};

const WRONG_ANSWER: &str = "b7d0c5f4-6a51-4f0e-9d57-2f1c8f3a9e10";
const CLAIMS_PROMPT: &str = "ce337dd7ff39e8458da6f90b26f969aaf2528aecb7f250c699e8afe6d4f6e2ae";

struct Answer {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}\n{}", self.stdout, self.stderr))
    }
}

fn ask(ledger: &Path, arguments: &[&str]) -> Answer {
    ask_at("2026-10-20T08:00:00Z", ledger, arguments)
}

fn ask_at(now: &str, ledger: &Path, arguments: &[&str]) -> Answer {
    let output = Command::new(binary("bedrock-audit"))
        .args(["--now", now, "--ledger"])
        .arg(ledger)
        .args(arguments)
        .output()
        .unwrap();
    Answer {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A ledger of the incident.
fn indexed() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let incident = project("events/incident");
    let first = ask(&ledger, &["index", incident.to_str().unwrap(), "--json"]);
    assert_eq!(first.status, 0, "{}", first.stderr);
    let counts = first.json();
    assert_eq!((&counts["received"], &counts["indexed"]), (&16.into(), &16.into()), "{counts}");
    (folder, ledger)
}

#[test]
fn indexing_twice_changes_nothing() {
    let (_folder, ledger) = indexed();
    let again = ask(&ledger, &["--json", "index", project("events/incident").to_str().unwrap()]).json();
    assert_eq!((&again["indexed"], &again["duplicate"]), (&0.into(), &16.into()), "{again}");
}

#[test]
fn question_one_who_changed_the_guardrail_last_thursday() {
    let (_folder, ledger) = indexed();
    let answer = ask(&ledger, &["changes", "--kind", "guardrail", "--since", "last thursday", "--json"]);
    assert_eq!(answer.status, 0);
    let changes = answer.json();
    let names: Vec<_> =
        changes.as_array().unwrap().iter().map(|c| c["event_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["DeleteGuardrail", "CreateGuardrailVersion", "UpdateGuardrail"]);
    let update = &changes[2];
    assert_eq!(update["principal"]["name"], "marta.klein@example.com");
    assert_eq!(update["occurred_at"], "2026-10-15T14:07:21.000Z");
    assert_eq!(update["resource"]["id"], "gr4k2p9x7wzq");
    assert_eq!(update["origin"], "import");
    assert_eq!(update["diff"], serde_json::json!([]));
    assert!(update["verdict"].is_null());

    let human = ask(&ledger, &["changes", "--resource", "guardrail/gr4k2p9x7wzq", "--outcome", "denied"]);
    assert!(human.stdout.contains("ci-legacy") && !human.stdout.contains("marta"), "{}", human.stdout);
    let arn = "arn:aws:bedrock:eu-central-1:444455556666:guardrail/gr4k2p9x7wzq";
    let by_arn = ask(&ledger, &["changes", "--resource", arn, "--principal", "marta", "--json"]).json();
    assert_eq!(by_arn.as_array().unwrap().len(), 2);
    assert_eq!(ask(&ledger, &["changes", "--since", "2026-10-19"]).status, 1);
    let alice = ask(&ledger, &["changes", "--principal", "alice@company.com", "--json"]).json();
    assert_eq!(alice[0]["account_id"], "123456789");
}

#[test]
fn questions_two_and_three_the_prompt_and_the_documents_of_an_answer() {
    let (_folder, ledger) = indexed();
    let answer = ask(&ledger, &["explain", WRONG_ANSWER, "--json"]).json();
    assert_eq!(answer["request_id"], WRONG_ANSWER);
    assert_eq!(answer["conflict"], false);
    let invocation = &answer["invocations"][0];
    assert_eq!(invocation["system_prompt"]["id"], CLAIMS_PROMPT);
    assert_eq!(invocation["system_prompt"]["status"], "recorded");
    assert_eq!(invocation["system_prompt"]["found_at"], "system[0].text");
    assert!(invocation["system_prompt"]["text"].as_str().unwrap().contains("claims assistant"));
    assert_eq!(invocation["guardrail"]["version"], "4");
    assert_eq!(invocation["principal"]["session"], "claims-web-7f9c");
    assert_eq!(invocation["input_body"], "inline");
    assert_eq!(invocation["evidence"]["ordinal"], 8);
    let sources = answer["sources"].as_array().unwrap();
    let cited: Vec<_> =
        sources.iter().map(|s| (s["ordinal"].as_u64().unwrap(), s["cited"].as_bool())).collect();
    assert_eq!(cited, [(1, Some(false)), (2, Some(true)), (3, Some(false))]);
    assert!(sources[1]["uri"].is_null() && sources[1]["origin"] == "prompt");
    assert!(answer["links"].is_array() && answer["calls"].is_array());
    assert!(!answer["changes"].as_array().unwrap().is_empty());

    let prompts = ask(&ledger, &["prompts", "--json"]).json();
    let ids: Vec<_> = prompts.as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect();
    assert_eq!(ids[0], CLAIMS_PROMPT, "two queries with one template have one system prompt");
    assert_eq!(ids.len(), 4);
    let prompt = ask(&ledger, &["prompt", &CLAIMS_PROMPT[..12], "--json"]).json();
    assert_eq!(prompt["id"], CLAIMS_PROMPT);
    assert_eq!(prompt["sample_request_id"], WRONG_ANSWER);
    let by_caller = ask(&ledger, &["prompts", "--principal", "claims-triage", "--json"]).json();
    assert_eq!(by_caller.as_array().unwrap().len(), 1);
    let role = "arn:aws:sts::444455556666:assumed-role/claims-app/another-session";
    let by_role = ask(&ledger, &["prompts", "--principal", role, "--json"]).json();
    assert_eq!(by_role.as_array().unwrap().len(), 2, "{by_role}");
}

#[test]
fn the_affected_answers_are_found_by_every_filter() {
    let (_folder, ledger) = indexed();
    let found = |filters: &[&str]| -> Vec<String> {
        let answer = ask(&ledger, &[&["invocations", "--json"], filters].concat()).json();
        let lines = answer.as_array().unwrap().iter();
        lines.map(|line| line["request_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(&[]).len(), 9);
    assert_eq!(found(&["--system-prompt", &CLAIMS_PROMPT[..10]]).len(), 2);
    assert_eq!(found(&["--system-prompt", CLAIMS_PROMPT])[1], WRONG_ANSWER);
    let arn = "arn:aws:bedrock:eu-central-1:444455556666:guardrail/gr4k2p9x7wzq";
    let guarded = found(&["--guardrail", arn]);
    assert!(guarded.contains(&WRONG_ANSWER.to_owned()));
    assert_eq!(found(&["--guardrail", "gr4k2p9x7wzq"]), guarded);
    assert_eq!(found(&["--no-guardrail"]).len() + guarded.len(), 9);
    assert_eq!(
        found(&["--since", "2026-10-15T15:31:00Z", "--until", "2026-10-15T15:32:00Z"]),
        [WRONG_ANSWER]
    );
    assert_eq!(found(&["--model", "TITAN"]).len(), 1);
    assert_eq!(found(&["--principal", "BKB-Retrieve"]).len(), 1);
    assert_eq!(found(&["--source", "s3://nowhere"]).len(), 0);
    let line = &ask(&ledger, &["invocations", "--json", "--model", "titan"]).json()[0];
    assert_eq!(line["system_prompt"], serde_json::json!({"status": "none", "id": null}));
    let human = ask(&ledger, &["invocations", "--since", "2026-10-15"]).stdout;
    assert!(human.contains("9 invocations") && human.contains(WRONG_ANSWER), "{human}");
}

#[test]
fn nothing_found_and_what_cannot_be_are_told_apart() {
    let (_folder, ledger) = indexed();
    assert_eq!(ask(&ledger, &["explain", "nobody"]).status, 1);
    assert_eq!(ask(&ledger, &["prompt", "00000000"]).status, 1);
    assert_eq!(ask(&ledger, &["verify", "nobody"]).status, 1);
    assert_eq!(ask(&ledger, &["invocations", "--model", "no-such-model"]).status, 1);
    let states = ask(&ledger, &["states", "guardrail/gr4k2p9x7wzq", "--json"]);
    assert_eq!((states.status, states.json()), (1, serde_json::json!([])), "files tell no states");
    let sources = ask(&ledger, &["sources", "s3://handbook/claims.pdf", "--json"]);
    assert_eq!((sources.status, sources.json()), (1, serde_json::json!([])));
    for wrong in [
        &["changes", "--since", "someday"][..],
        &["changes", "--since", "2026-10-02", "--until", "2026-10-01"],
        &["changes", "--outcome", "maybe"],
        &["index", "/not/there.json.gz"],
        &["index", "s3://"],
        &["invocations", "--guardrail", "g", "--no-guardrail"],
        &["states", "guardrail/g", "--at", "someday"],
        &["sources", "s3://buck*"],
        &["sources", "s3://bucket/a", "--since", "someday"],
        &["unknown"],
        &["--tables", "one,two", "changes"],
    ] {
        let answer = ask(&ledger, wrong);
        assert_eq!(answer.status, 2, "{wrong:?}: {}{}", answer.stdout, answer.stderr);
    }
}

/// A ledger that was never made knows nothing: that is no answer, and asking does not make it.
#[test]
fn a_question_to_no_ledger_is_no_answer_and_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("nope.db");
    for question in [
        &["changes", "--resource", "guardrail/x"][..],
        &["explain", WRONG_ANSWER],
        &["invocations"],
        &["prompts"],
        &["prompt", "ce337dd7ff39e845"],
        &["report"],
        &["sources", "s3://handbook/claims.pdf"],
        &["states", "guardrail/x"],
        &["verify", WRONG_ANSWER],
    ] {
        for form in [&[][..], &["--json"]] {
            let answer = ask(&ledger, &[question, form].concat());
            assert_eq!((answer.status, answer.stdout.as_str()), (2, ""), "{question:?}: {}", answer.stderr);
            let said = format!(
                "there is no ledger at {}; index something first, or name a deployed stack with --stack NAME",
                ledger.display()
            );
            assert!(answer.stderr.contains(&said), "{question:?}: {}", answer.stderr);
        }
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is made");
    // nor is a file that was begun and never written to
    std::fs::write(&ledger, "").unwrap();
    assert_eq!(ask(&ledger, &["changes"]).status, 2);
    assert_eq!(std::fs::metadata(&ledger).unwrap().len(), 0);
}

/// Prompts and passages lie in it: nobody else may read what the command line makes. What is there keeps what it has.
#[cfg(unix)]
#[test]
fn only_its_owner_may_read_a_ledger() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    fn walk(path: &Path, seen: &mut Vec<(std::path::PathBuf, u32, bool)>) {
        let there = std::fs::metadata(path).unwrap();
        seen.push((path.to_owned(), there.mode() & 0o777, there.is_dir()));
        if there.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), seen));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    let sh = |command: &str| {
        let script = format!("umask 000; exec {} {command}", binary("bedrock-audit").display());
        let output = Command::new("sh")
            .args(["-c", &script])
            .env("XDG_DATA_HOME", made.join("data"))
            .env("HOME", folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let ledger = made.join("deep/ledger.db");
    sh(&format!("--ledger {} index {}", ledger.display(), project("events/incident").display()));
    sh("demo");
    let mut seen = Vec::new();
    walk(&made, &mut seen);
    for (path, mode, is_folder) in &seen {
        assert_eq!(*mode, if *is_folder { 0o700 } else { 0o600 }, "{}", path.display());
    }
    let is_there = |name: &str| seen.iter().any(|(path, ..)| path.ends_with(name));
    assert!(is_there("ledger.db") && is_there("demo.db") && is_there("demo.db.objects"), "{seen:?}");

    std::fs::set_permissions(&ledger, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::set_permissions(ledger.parent().unwrap(), std::fs::Permissions::from_mode(0o750)).unwrap();
    assert_eq!(ask(&ledger, &["changes"]).status, 0);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!((mode(&ledger), mode(ledger.parent().unwrap())), (0o640, 0o750));
}

#[test]
fn what_is_no_ledger_and_what_cannot_be_written_is_said() {
    let (folder, ledger) = indexed();
    let notes = folder.path().join("notes.txt");
    std::fs::write(&notes, "nothing but notes").unwrap();
    for command in [&["changes"][..], &["index", project("events/incident").to_str().unwrap()]] {
        let answer = ask(&notes, command);
        assert_eq!(answer.status, 2);
        assert!(answer.stderr.contains("notes.txt is no ledger"), "{}", answer.stderr);
        let answer = ask(folder.path(), command);
        assert_eq!(answer.status, 2);
        let said = format!("{} is no ledger: it is a folder", folder.path().display());
        assert!(answer.stderr.contains(&said), "{}", answer.stderr);
    }
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "nothing but notes");

    let mut permissions = std::fs::metadata(&ledger).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&ledger, permissions).unwrap();
    let answer = ask(&ledger, &["changes"]);
    // to some users no file is read-only
    if std::fs::OpenOptions::new().write(true).open(&ledger).is_err() {
        assert_eq!(answer.status, 2);
        assert!(answer.stderr.contains("ledger.db cannot be written: "), "{}", answer.stderr);
    } else {
        assert_eq!(answer.status, 0, "{}", answer.stderr);
    }
}

/// What helps comes first, and what the SDK tried behind it.
#[test]
fn without_credentials_it_is_said_what_to_set() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["doctor"][..], &["--stack", "audit", "changes"], &["--tables", "a,b,c", "changes"]] {
        let output = Command::new(binary("bedrock-audit"))
            .env_clear()
            .env("HOME", folder.path())
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            // nothing is to be asked, and nobody listens there
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
            .args(command)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        let (first, details) = said.split_once('\n').unwrap();
        assert_eq!(
            first, "error: no AWS credentials were found: set AWS_PROFILE, or log in (aws sso login)",
            "{command:?}"
        );
        assert!(
            details.starts_with("could not ") && details.contains("credential"),
            "{command:?}: {details}"
        );
    }
}

/// A profile of IAM Identity Center is taken: nobody has logged in with this one.
#[test]
fn a_login_that_is_over_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(
        &config,
        "[profile audit]\nsso_session = it\nsso_account_id = 444455556666\nsso_role_name = Auditor\n\
         [sso-session it]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-central-1\n",
    )
    .unwrap();
    let output = Command::new(binary("bedrock-audit"))
        .env_clear()
        .env("HOME", folder.path())
        .env("AWS_CONFIG_FILE", &config)
        .env("AWS_PROFILE", "audit")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .arg("doctor")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    let first = said.lines().next().unwrap();
    assert_eq!(first, "error: nobody is logged in with this profile, or not any more: aws sso login");
}

/// A letter too few is no proof that nothing happened.
#[test]
fn what_may_be_a_slip_is_said_beside_the_answer() {
    let (_folder, ledger) = indexed();
    for (typed, nearest) in [
        ("gardrail", "guardrail"),
        ("Guardrail", "guardrail"),
        ("model-invocation-logging", "model-invocation-logging-configuration"),
        ("s3-buckets", "s3-bucket"),
    ] {
        for form in [&[][..], &["--json"]] {
            let answer = ask(&ledger, &[&["changes", "--kind", typed], form].concat());
            assert_eq!(answer.status, 1, "{typed}");
            let said = format!("{typed} is no kind of resource that is known here; the nearest are ");
            let (_, named) = answer.stderr.split_once(&said).unwrap_or_else(|| panic!("{}", answer.stderr));
            assert!(named.trim_end().split(", ").any(|name| name == nearest), "{typed}: {named}");
        }
    }
    // kinds that are known, with nothing of them; and what is found is found, whatever the kind
    for known in ["flow", "kms-key", "log-object", "unknown", "event-rule"] {
        let answer = ask(&ledger, &["changes", "--kind", known]);
        assert_eq!((answer.status, answer.stderr.as_str()), (1, ""), "{known}");
    }
    assert_eq!(ask(&ledger, &["changes", "--kind", "guardrail"]).stderr, "");
    for form in [&[][..], &["--no-text"]] {
        let short = ask(&ledger, &[&["prompt", "ce3"], form].concat());
        assert_eq!(short.status, 1);
        assert!(short.stderr.contains("at least the first 8 characters of its id"), "{}", short.stderr);
    }
    let unknown = ask(&ledger, &["prompt", "00000000"]);
    assert!(!unknown.stderr.contains("at least"), "{}", unknown.stderr);
}

#[test]
fn a_cut_file_is_indexed_as_far_as_it_can_be_read_and_ends_in_two() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let mut cut = gzip(text("events/incident/invocations.ndjson").repeat(30).as_bytes());
    cut.truncate(cut.len() * 2 / 3);
    let file = folder.path().join("cut.json.gz");
    std::fs::write(&file, cut).unwrap();
    let answer = ask(&ledger, &["index", file.to_str().unwrap(), "--json"]);
    assert_eq!(answer.status, 2, "{}", answer.stdout);
    let counts = answer.json();
    assert_eq!(counts["indexed"], 9);
    assert_eq!(counts["partial"].as_array().unwrap().len(), 1);
}

#[test]
fn a_folder_of_everything_adds_up() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let logs = folder.path().join("logs");
    std::fs::create_dir_all(logs.join("data")).unwrap();
    let record = text("events/invocations/converse.json");
    let trail = format!(
        "{{\"Records\":[{}]}}",
        serde_json::from_str::<Value>(&text("events/changes/UpdateGuardrail.json")).unwrap()["detail"]
    );
    for (name, content) in [
        ("pretty.json", record.clone()),
        ("array.json", format!("[{record},{}]", text("events/invocations/nova-system.json"))),
        ("trail.json.gz", trail),
        ("empty.json.gz", String::new()),
        ("bad.ndjson", "{\"a\":1}\nno json\n".to_owned()),
        ("data/x_input.json.gz", "{}".to_owned()),
        ("picture.png", "png".to_owned()),
        ("amazon-bedrock-logs-permission-check", String::new()),
    ] {
        std::fs::write(logs.join(name), content).unwrap();
    }
    let answer = ask(&ledger, &["index", logs.to_str().unwrap(), "--json"]);
    assert_eq!(answer.status, 0, "{}{}", answer.stdout, answer.stderr);
    let counts = answer.json();
    let count = |name: &str| counts[name].as_u64().unwrap();
    // the first element of the array is the record of pretty.json, byte for byte
    assert_eq!((count("indexed"), count("duplicate"), count("rejected")), (3, 1, 2), "{counts}");
    assert_eq!(count("ignored"), 4, "{counts}");
    assert_eq!(
        count("received"),
        count("indexed") + count("duplicate") + count("rejected") + count("ignored")
    );
}

#[test]
fn records_with_one_request_id_that_disagree_are_both_shown() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let file = folder.path().join("two.ndjson");
    let record = |model: &str, arn: &str| {
        format!(
            r#"{{"timestamp":"2026-10-15T15:00:00Z","accountId":"1","region":"r","requestId":"same","modelId":"{model}","identity":{{"arn":"{arn}"}}}}"#
        )
    };
    let hostile = r"arn:aws:iam::1:user/\u001b[2Jeve\u202e";
    std::fs::write(&file, [record("a", "arn:aws:iam::1:user/kim"), record("a", hostile)].join("\n")).unwrap();
    // whether the first one sees the other as well is open: both are written at the same moment
    for counted in [" of them disagree", "2 of them disagree"] {
        let indexed = ask(&ledger, &["index", file.to_str().unwrap()]);
        assert_eq!(indexed.status, 0);
        assert!(indexed.stdout.contains(counted), "{}", indexed.stdout);
    }
    assert_eq!(ask(&ledger, &["explain", "same", "--json"]).json()["conflict"], true);
    let human = ask(&ledger, &["explain", "same"]).stdout;
    assert!(human.contains("CONFLICT"), "{human}");
    assert!(!human.contains('\u{1b}') && !human.contains('\u{202e}'), "{human:?}");
}

/// CloudTrail amends an event later: it is listed once, as it was amended, whichever of the two came first.
#[test]
fn an_amended_event_is_one_change_as_it_was_amended() {
    let file: Value = serde_json::from_str(&text("events/addendum.json")).unwrap();
    let records = file["Records"].as_array().unwrap();
    for order in [[0, 1, 2], [1, 2, 0]] {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        for nth in order {
            let path = folder.path().join("record.json");
            std::fs::write(&path, records[nth].to_string()).unwrap();
            assert_eq!(ask(&ledger, &["index", path.to_str().unwrap(), "--json"]).json()["indexed"], 1);
        }
        let changes = ask(&ledger, &["changes", "--resource", "guardrail/gr4k2p9x7wzq", "--json"]).json();
        let [late, amended] = changes.as_array().unwrap().as_slice() else { panic!("{changes}") };
        assert_eq!(late["addendum"]["reason"], "DELIVERY_DELAY");
        assert!(late["addendum"]["original_event_id"].is_null());
        assert_eq!(amended["addendum"], Value::Null);
        assert_eq!(amended["event_id"], records[0]["eventID"]);
        let by = &amended["amended_by"][0];
        assert_eq!(
            (&by["reason"], &by["updated_fields"]),
            (&"UPDATED_DATA".into(), &"responseElements".into())
        );
        assert_eq!(by["event_id"], records[1]["eventID"]);
        // what only the later record says
        assert_eq!(amended["resource"]["version"], "DRAFT");

        let request = amended["request_id"].as_str().unwrap();
        let context = ask(&ledger, &["explain", request, "--json"]).json();
        assert_eq!(context["changes"].as_array().unwrap().len(), 1, "{context}");
        let human = ask(&ledger, &["explain", request]).stdout;
        assert!(human.contains("amended by event"), "{human}");
    }
    // one whose event is not there stands for itself
    let folder = tempfile::tempdir().unwrap();
    let (ledger, path) = (folder.path().join("ledger.db"), folder.path().join("record.json"));
    std::fs::write(&path, records[1].to_string()).unwrap();
    ask(&ledger, &["index", path.to_str().unwrap()]);
    let changes = ask(&ledger, &["changes"]).stdout;
    assert!(changes.contains("amends event"), "{changes}");
}

/// A resource below another is found by its ARN, too, and with the tags that were put on it.
#[test]
fn a_nested_resource_is_found_by_its_arn() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let hits: Vec<String> = text("events/operations/bedrock-agent.ndjson")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["hit"].to_string())
        .collect();
    let file = folder.path().join("hits.ndjson");
    std::fs::write(&file, hits.join("\n")).unwrap();
    let counts = ask(&ledger, &["index", file.to_str().unwrap(), "--json"]).json();
    assert_eq!(counts["indexed"], hits.len());
    let alias = "arn:aws:bedrock:eu-central-1:444455556666:agent-alias/AGNT5T7WQ2/ALIA3C9XW1";
    let changes = ask(&ledger, &["changes", "--resource", alias, "--json"]).json();
    let mut names: Vec<_> =
        changes.as_array().unwrap().iter().map(|change| change["event_name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["CreateAgentAlias", "DeleteAgentAlias", "TagResource", "UntagResource", "UpdateAgentAlias"]
    );
    let human = ask(&ledger, &["changes", "--resource", "agent-alias/AGNT5T7WQ2:ALIA3C9XW1"]);
    assert_eq!(human.status, 0, "{}", human.stderr);
}

#[test]
fn the_demo_tells_its_story() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("demo.db");
    let demo = ask(&ledger, &["demo"]);
    assert_eq!(demo.status, 0, "{}", demo.stderr);
    for part in [
        "[critical, weaker] UpdateGuardrail on guardrail/gr4k2p9x7wzq by marta.klein@example.com",
        "Thu 2026-10-15 14:07:21 UTC",
        CLAIMS_PROMPT,
        "3 passages in the context, 1 cited",
        "DRAFT for discussion",
        "known from",
        "sources s3://example-mutual-policies/drafts/2023/water-damage-proposal.docx",
        "3 requests with a passage of s3://example-mutual-policies/drafts/2023/water-damage-proposal.docx",
    ] {
        assert!(demo.stdout.contains(part), "{part:?} in\n{}", demo.stdout);
    }
    assert_eq!(ask(&ledger, &["explain", WRONG_ANSWER]).status, 0, "one can ask on");
}

/// A command that is shown can be pasted: it asks the ledger that was asked, whatever its name is.
#[test]
fn commands_that_are_shown_ask_the_same_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("the o'clock ledger.db");
    let flag = format!("--ledger '{}'", ledger.to_str().unwrap().replace('\'', r"'\''"));
    let demo = ask(&ledger, &["demo"]).stdout;
    let shown: Vec<_> = demo.lines().filter_map(|line| line.split_once("bedrock-audit ")).collect();
    let of_ledger: Vec<_> = shown.iter().filter(|(_, command)| command.starts_with(&flag)).collect();
    for command in ["changes", "explain", "sources", "prompts", "invocations --guardrail", "states"] {
        let is_shown =
            of_ledger.iter().any(|(_, shown)| shown[flag.len()..].trim_start().starts_with(command));
        assert!(is_shown, "{command} in\n{demo}");
    }
    // but for the alert, which is shown as it is sent
    assert!(
        shown.iter().all(|(before, shown)| before.contains("more:") || shown.starts_with(&flag)),
        "{demo}"
    );

    let changes = ask(&ledger, &["changes", "--kind", "guardrail"]).stdout;
    let (_, command) = changes.split_once("$ bedrock-audit ").unwrap();
    let command = command.lines().next().unwrap();
    let asked = ["--now", "2026-10-20T08:00:00Z"].join(" ");
    let program = binary("bedrock-audit");
    #[cfg(unix)]
    {
        let pasted = Command::new("sh")
            .arg("-c")
            .arg(format!("{} {asked} {command} --json", program.display()))
            .output()
            .unwrap();
        let found: Value = serde_json::from_slice(&pasted.stdout).unwrap();
        assert_eq!(found.as_array().map(Vec::len), Some(3), "{command}: {found}");
    }
    let json = ask(&ledger, &["changes", "--kind", "guardrail", "--json"]).json();
    let radius =
        json.as_array().unwrap().iter().find_map(|change| change["blast_radius"]["command"].as_str());
    assert!(radius.unwrap().starts_with(&format!("bedrock-audit {flag} invocations")), "{json}");
    let page = ask(&ledger, &["report"]).stdout;
    assert!(
        page.contains("ledger.db&apos; explain REQUEST_ID") || page.contains("ledger.db' explain REQUEST_ID"),
        "{page}"
    );
}

/// `| head` has read enough: that is no failure, and nothing to complain of.
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_every_command_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    assert_eq!(ask(&ledger, &["demo"]).status, 0);
    let incident = project("events/incident");
    for command in [
        &["demo"][..],
        &["changes"],
        &["changes", "--json"],
        &["explain", WRONG_ANSWER],
        &["invocations"],
        &["prompts"],
        &["report"],
        &["report", "--json"],
        &["sources", "s3://example-mutual-policies/"],
        &["states", "guardrail/gr4k2p9x7wzq"],
        &["index", incident.to_str().unwrap()],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(binary("bedrock-audit"))
            .args(["--now", "2026-10-20T08:00:00Z", "--ledger"])
            .arg(&ledger)
            .args(command)
            .stdout(writer)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{command:?}");
    }
}

/// Whatever the day is, the log and the responses of the incident are of the same week.
#[test]
fn the_demos_steps_of_an_answer_belong_together_on_every_day() {
    let folder = tempfile::tempdir().unwrap();
    for now in ["2026-10-16T09:00:00Z", "2026-11-24T14:00:00Z", "2028-02-29T23:59:59Z"] {
        let ledger = folder.path().join(format!("{}.db", &now[..10]));
        assert_eq!(ask_at(now, &ledger, &["demo"]).status, 0);
        let explained = ask_at(now, &ledger, &["explain", "--json", WRONG_ANSWER]).json();
        let relations: Vec<_> = explained["links"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| link["relation"].as_str().unwrap())
            .collect();
        assert_eq!(relations, ["retrieval"; 3], "{now}: {explained}");
        assert_eq!(explained["sources"][1]["seen_in"][0]["score"], 0.69417, "{now}: {explained}");
    }
}

/// Question 1 in full: who changed the guardrail last Thursday, what did they change, and what ran under it.
#[test]
fn the_demos_ledger_knows_what_was_changed_what_was_in_force_and_what_ran_under_it() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("demo.db");
    assert_eq!(ask(&ledger, &["demo"]).status, 0);
    let changes =
        ask(&ledger, &["changes", "--kind", "guardrail", "--since", "last thursday", "--json"]).json();
    let update = changes.as_array().unwrap().iter().find(|c| c["event_name"] == "UpdateGuardrail").unwrap();
    assert_eq!((&update["verdict"], &update["severity"]), (&"weaker".into(), &"critical".into()));
    let fields: Vec<_> = update["diff"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| (field["path"].as_str().unwrap(), field["effect"].as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("contentPolicy.filters[MISCONDUCT].inputStrength", Some("weaker")),
            ("contextualGroundingPolicy.filters[GROUNDING].threshold", Some("weaker")),
            ("topicPolicy.topics[Coverage promises]", Some("weaker")),
        ]
    );
    assert_eq!((&update["diff"][1]["before"], &update["diff"][1]["after"]), (&0.85.into(), &0.3.into()));
    let version =
        changes.as_array().unwrap().iter().find(|c| c["event_name"] == "CreateGuardrailVersion").unwrap();
    assert_eq!((&version["verdict"], &version["blast_radius"]["responses"]), (&"weaker".into(), &2.into()));

    // what was in force for the wrong answer, and at other times
    let answer = ask(&ledger, &["explain", WRONG_ANSWER, "--json"]).json();
    let state = &answer["invocations"][0]["guardrail_state"];
    assert_eq!((&state["resource"]["version"], &state["certainty"]), (&"4".into(), &"recorded".into()));
    let threshold =
        |state: &Value| state["document"]["contextualGroundingPolicy"]["filters"][0]["threshold"].clone();
    assert_eq!(threshold(state), 0.3);
    let at = |when: &str| {
        let states = ask(&ledger, &["states", "guardrail/gr4k2p9x7wzq", "--at", when, "--json"]).json();
        let draft = states.as_array().unwrap().iter().find(|s| s["resource"]["version"] == "DRAFT").cloned();
        threshold(&draft.unwrap())
    };
    assert_eq!((at("2026-10-14"), at("2026-10-16")), (0.85.into(), 0.3.into()));
    assert_eq!(ask(&ledger, &["states", "guardrail/gr4k2p9x7wzq", "--at", "2026-10-01"]).status, 1);
    assert_eq!(
        ask(&ledger, &["states", "guardrail/gr4k2p9x7wzq", "--json"]).json().as_array().unwrap().len(),
        4
    );
}

/// Calls of other services out of a trail's file, in whichever order they stand there: what the ledger decides comes last.
#[test]
fn watched_calls_are_found_in_a_file_and_shown_with_what_they_break() {
    let case = |part: &str, operation: &str| -> Value {
        let cases = text(&format!("events/watch/{part}.ndjson"));
        let mut cases = cases.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        cases.find(|case| case["operation"] == operation).unwrap()
    };
    let (deleted, retention) = (case("schedules", "DeleteSchedule"), case("delivery", "PutRetentionPolicy"));
    let mut deployed = case("delivery", "UpdateFunctionCode")["hit"].take();
    deployed["sourceIPAddress"] = "cloudformation.amazonaws.com".into();
    let records = serde_json::json!({"Records": [deleted["hit"], deleted["known"], deleted["miss"], deployed, retention["hit"]]});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trail.json.gz");
    std::fs::write(&file, gzip(records.to_string().as_bytes())).unwrap();
    let ledger = folder.path().join("ledger.db");
    let counts = ask(&ledger, &["--json", "index", file.to_str().unwrap()]).json();
    assert_eq!((&counts["indexed"], &counts["ignored"]), (&4.into(), &1.into()), "{counts}");

    let shown = ask(&ledger, &["changes", "--since", "2026-10-01"]).stdout;
    for part in [
        "through CloudFormation",
        "ingestion-schedule/default:kb-hourly",
        "a knowledge base may no longer read its documents again",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    // the command that an alert names
    let group = "log-group//aws/lambda/bedrock-audit/record-changes";
    let named = ask(&ledger, &["--json", "changes", "--resource", group, "--since", "2026-10-01"]).json();
    assert_eq!(named.as_array().map(Vec::len), Some(1), "{named}");
    assert_eq!(
        (&named[0]["breaks"], &named[0]["deployment"]),
        (&"what was logged may be deleted earlier".into(), &false.into())
    );
}

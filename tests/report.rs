//! The real `bedrock-audit report`: the page of a window, as HTML, JSON and CSV.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use audit_testkit::{cloud::gzip, function::binary};
use serde_json::{Value, json};

use super::text;

const LOGS: &str = "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/2026/10/15";
const NOW: &str = "2026-10-20T08:00:00Z";

fn ask(ledger: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(binary("bedrock-audit"))
        .args(["--now", NOW, "--ledger"])
        .arg(ledger)
        .args(arguments)
        .output()
        .unwrap();
    let said = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), said(output.stdout), said(output.stderr))
}

/// A ledger of the demo, which has diffs, drift apart and alerts.
fn demo() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    assert_eq!(ask(&ledger, &["demo"]).0, 0);
    (folder, ledger)
}

fn deliver(folder: &Path, ledger: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join("logs").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    ask(ledger, &["index", path.to_str().unwrap()]);
}

fn json_report(ledger: &Path, window: &[&str]) -> Value {
    let (status, stdout, stderr) = ask(ledger, &[&["report", "--json"], window].concat());
    assert_eq!(status, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// What the incident's own files say, counted without the ledger.
fn counted_by_hand() -> (u64, BTreeMap<String, u64>, u64, u64) {
    let log = text("events/incident/invocations.ndjson");
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut by_role = BTreeMap::new();
    for record in &records {
        let role = record["identity"]["arn"].as_str().unwrap().rsplit_once('/').unwrap().0.to_owned();
        *by_role.entry(role).or_default() += 1;
    }
    let sum = |side: &str, count: &str| records.iter().filter_map(|r| r[side][count].as_u64()).sum();
    (records.len() as u64, by_role, sum("input", "inputTokenCount"), sum("output", "outputTokenCount"))
}

#[test]
fn the_numbers_are_those_of_the_records() {
    let (_folder, ledger) = demo();
    let report = json_report(&ledger, &["--since", "2026-10-10"]);
    let (count, by_role, input, output) = counted_by_hand();
    let total = &report["invocations"]["total"];
    assert_eq!(total["invocations"], count);
    assert_eq!((&total["input_tokens"], &total["output_tokens"]), (&input.into(), &output.into()));
    let told = |entries: &Value| -> BTreeMap<String, u64> {
        let entries = entries["entries"].as_array().unwrap().iter();
        entries
            .map(|entry| (entry["name"].as_str().unwrap().to_owned(), entry["invocations"].as_u64().unwrap()))
            .collect()
    };
    assert_eq!(told(&report["invocations"]["by_principal"]), by_role);
    // every way to look at them has the same sum, and each is known in one way
    for by in ["by_principal", "by_model", "by_account_and_region"] {
        assert_eq!(told(&report["invocations"][by]).values().sum::<u64>(), count, "{by}");
    }
    let known = ["recorded", "reported", "inferred", "unnamed", "unknown"];
    let known = known.map(|how| total[format!("guardrail_{how}")].as_u64().unwrap());
    assert_eq!((known, &total["interventions"], &total["errors"]), ([4, 0, 0, 0, 5], &1.into(), &1.into()));
    assert_eq!(
        told(&report["invocations"]["by_guardrail"]),
        BTreeMap::from([
            ("gr4k2p9x7wzq (3)".to_owned(), 1),
            ("gr4k2p9x7wzq (4)".to_owned(), 2),
            ("gr4k2p9x7wzq (version unknown)".to_owned(), 1),
        ])
    );

    let changes = &report["changes"];
    assert_eq!(changes["by_class"], json!({"change": 6, "denied": 1, "failed": 0, "noticed": 0}));
    assert_eq!(changes["by_verdict"]["weaker"], 2);
    assert_eq!(changes["without_alert"], 0, "the demo alerts each of them");
    let update = changes["changes"]["entries"].as_array().unwrap();
    let update = update.iter().find(|entry| entry["event_name"] == "UpdateGuardrail").unwrap();
    assert!(update["who"].as_str().unwrap().starts_with("marta.klein@example.com"), "{update}");
    let grounding = &update["fields"][1];
    assert_eq!((&grounding["before"], &grounding["after"]), (&0.85.into(), &0.3.into()));
    let denied = &changes["denied"]["entries"][0];
    assert_eq!(
        (&denied["event_name"], &denied["error_code"]),
        (&"DeleteGuardrail".into(), &"AccessDenied".into())
    );
    assert_eq!(
        (&report["system_prompts"]["in_use"], &report["system_prompts"]["new"]),
        (&4.into(), &4.into())
    );
    assert_eq!(report["accounts"], json!(["123456789", "444455556666"]));
    // the days of the changes are known, and no others
    let days = report["gaps"]["days_without_trail"]["entries"].as_array().unwrap();
    let hours: Vec<_> = days.iter().map(|gap| gap["hours"].as_i64().unwrap()).collect();
    assert_eq!(hours, [80, 48, 24]);

    // a prompt that was in use before the window is not new in it
    let afternoon =
        json_report(&ledger, &["--since", "2026-10-15T15:35:00Z", "--until", "2026-10-15T16:00:00Z"]);
    let (prompts, calls) = (&afternoon["system_prompts"], &afternoon["invocations"]["total"]);
    assert_eq!((&prompts["in_use"], &prompts["new"]), (&1.into(), &0.into()), "{prompts}");
    assert_eq!(calls["invocations"], 1, "{calls}");
}

#[test]
fn every_format_makes_its_folder_and_a_hyphen_is_the_standard_output() {
    let (folder, ledger) = demo();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (format, name, made) in [
        ("html", "a/b/page.html", "a/b/page.html"),
        ("json", "c/d/page.json", "c/d/page.json"),
        ("csv", "e/f", "e/f/changes.csv"),
    ] {
        let (status, stdout, stderr) = ask(&ledger, &["report", "--format", format, "--output", &path(name)]);
        assert_eq!((status, stdout.as_str()), (0, ""), "{format}: {stderr}");
        assert!(Path::new(&path(made)).is_file(), "{format}");
    }
    let (status, html, stderr) = ask(&ledger, &["report", "--output", "-"]);
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert_eq!(html, std::fs::read_to_string(path("a/b/page.html")).unwrap());
    let (status, json, stderr) = ask(&ledger, &["report", "--json", "--output", "-"]);
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert_eq!(json, std::fs::read_to_string(path("c/d/page.json")).unwrap());
    let (status, stdout, stderr) = ask(&ledger, &["report", "--format", "csv", "--output", "-"]);
    assert_eq!((status, stdout.as_str()), (2, ""));
    assert!(
        stderr.contains("csv is a file for each table") && stderr.contains("--output FOLDER"),
        "{stderr}"
    );
    assert!(!Path::new("-").exists());
}

/// The tiles at the top of the page: what is said, with its number.
fn tiles(html: &str) -> BTreeMap<String, u64> {
    let (_, list) = html.split_once("<ul class=\"numbers\"").unwrap();
    let (list, _) = list.split_once("</ul>").unwrap();
    let tiles = list.split("<li><strong>").skip(1).map(|tile| tile.split_once("</strong>").unwrap());
    tiles
        .map(|(number, what)| (what.replace("</li>", ""), number.replace(',', "").parse().unwrap()))
        .collect()
}

/// Nobody read what the changes of these files changed: none is known to be weaker, and the page does not look as if all were well.
#[test]
fn the_headline_says_what_is_not_known_of_changes() {
    let (weaker, unknown, severe) = (
        "changes that made something weaker, or may have (mixed)",
        "changes of unknown effect",
        "changes, attempts and faults of severity critical or high",
    );
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    ask(&ledger, &["index", super::project("events/incident").to_str().unwrap()]);
    let tiles_of = |ledger: &Path| tiles(&ask(ledger, &["report"]).1);
    let shown = tiles_of(&ledger);
    let changes = json_report(&ledger, &[])["changes"].clone();
    assert_eq!(
        (shown[weaker], shown[unknown], shown["changes of the configuration"]),
        (0, 6, 6),
        "{shown:?}"
    );
    let by_severity = |name: &str| changes["by_severity"][name].as_u64().unwrap_or_default();
    assert_eq!(shown[severe], by_severity("critical") + by_severity("high"), "{changes}");
    assert!(shown[severe] > 0, "{shown:?}");
    assert_eq!(changes["effect_unknown"], 6);

    // where they were read the verdicts are known, but for what is not read
    let (_folder, demo) = demo();
    let shown = tiles_of(&demo);
    let changes = json_report(&demo, &[])["changes"].clone();
    assert_eq!((shown[weaker], &changes["by_verdict"]["mixed"]), (2, &Value::Null), "{shown:?}");
    let unread = changes["changes"]["entries"].as_array().unwrap().iter();
    let unread = unread.filter(|entry| entry["verdict"].is_null()).count() as u64;
    assert_eq!(shown[unknown], unread, "{changes}");
    assert!(unread < 6, "{changes}");
}

#[test]
fn what_became_of_each_object_is_told_with_place_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let log = text("events/incident/invocations.ndjson");
    let lines: Vec<&str> = log.lines().collect();
    let part = |lines: &[&str]| gzip(lines.join("\n").as_bytes());
    let name = |hour: u32| format!("{LOGS}/{hour:02}/20261015T{hour:02}0500Z_x.json.gz");
    deliver(folder.path(), &ledger, &name(9), &part(&lines[..4]));
    deliver(folder.path(), &ledger, &name(10), &part(&[lines[0], "no json, my secret", lines[4]]));
    let mut cut = part(&lines[5..]);
    cut.truncate(cut.len() - 20);
    deliver(folder.path(), &ledger, &name(20), &cut);
    // read again: it is one object, counted as it was read first
    ask(&ledger, &["index", folder.path().join("logs").join(name(9)).to_str().unwrap()]);
    let report = json_report(&ledger, &["--since", "2026-10-15", "--until", "2026-10-16"]);
    let deliveries = &report["deliveries"];
    let total = &deliveries["total"];
    assert_eq!((&total["objects"], &total["partial"]), (&3.into(), &1.into()), "{deliveries}");
    let count = |name: &str| total[name].as_u64().unwrap();
    assert_eq!(
        (count("duplicate"), count("rejected"), count("ignored")),
        (1, 1 + partial_rejects(deliveries), 0)
    );
    assert_eq!(
        count("received"),
        count("indexed") + count("duplicate") + count("rejected") + count("ignored")
    );
    assert_eq!(count("indexed"), report["invocations"]["total"]["invocations"].as_u64().unwrap());
    let rejects = deliveries["rejects"]["entries"].as_array().unwrap();
    let reject =
        rejects.iter().find(|reject| reject["object"].as_str().unwrap().ends_with(&name(10))).unwrap();
    assert_eq!(reject["ordinal"], 2);
    assert!(reject["reason"].as_str().unwrap().starts_with("no json"), "{reject}");
    let partial = &deliveries["partial"]["entries"][0];
    assert!(partial["object"].as_str().unwrap().ends_with(&name(20)), "{partial}");
    assert!(partial["reason"].as_str().unwrap().contains("gzip"), "{partial}");
    let (first, last) = (&deliveries["first"], &deliveries["last"]);
    assert_eq!((first, last), (&"2026-10-15T09:05:00.000Z".into(), &"2026-10-15T20:05:00.000Z".into()));
    // before the first object; from the last call at 15:40 to the object at 20:05, and behind that; between 10:05 and 13:20
    let silent = report["gaps"]["silent_hours"]["entries"].as_array().unwrap();
    let told: Vec<_> =
        silent.iter().map(|gap| (gap["from"].as_str().unwrap(), gap["hours"].as_i64().unwrap())).collect();
    let expected = [
        ("2026-10-15T00:00:00.000Z", 9),
        ("2026-10-15T16:00:00.000Z", 4),
        ("2026-10-15T21:00:00.000Z", 3),
        ("2026-10-15T11:00:00.000Z", 2),
    ];
    assert_eq!(told, expected);
    let said = report["not_covered"].to_string();
    assert!(said.contains("could not be read to their end: 1"), "{said}");
    assert!(!report.to_string().contains("secret"), "no text of a record is told");
    let html = ask(&ledger, &["report", "--since", "2026-10-15", "--until", "2026-10-16"]).1;
    assert!(html.contains("no sound gzip") && html.contains("no json") && !html.contains("secret"), "{html}");
}

/// How many values the cut object lost at its end.
fn partial_rejects(deliveries: &Value) -> u64 {
    let rejects = deliveries["rejects"]["entries"].as_array().unwrap();
    rejects.iter().filter(|reject| reject["object"].as_str().unwrap().contains("/20/")).count() as u64
}

const HOSTILE: [&str; 9] = [
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "+1",
    "-1",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</style></title><b>&amp;",
    "eve\r\n\u{1b}[2J\u{202e}",
    "a,\"b\"\n=c",
];

/// A ledger in which everything that somebody else can name is hostile.
fn hostile() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let record = |(nth, name): (usize, &&str)| {
        json!({
            "schemaType": "ModelInvocationLog", "timestamp": "2026-10-15T15:00:00Z", "accountId": name,
            "region": name, "requestId": format!("{nth} {name}"), "operation": "Converse", "modelId": name,
            "identity": {"arn": name}, "errorCode": name, "requestMetadata": {"guardrailId": name},
            "input": {"inputTokenCount": 1, "inputBodyJson": {"messages": [], "system": [{"text": format!("the secret prompt {name}")}]}},
            "output": {"outputTokenCount": 1, "outputBodyJson": {"stopReason": "end_turn"}},
        })
        .to_string()
    };
    let mut lines: Vec<String> = HOSTILE.iter().enumerate().map(record).collect();
    for (nth, name) in HOSTILE.iter().enumerate() {
        let mut event: Value =
            serde_json::from_str(&text("events/incident/changes/06-DeleteGuardrail-denied.json")).unwrap();
        let detail = &mut event["detail"];
        detail["eventID"] = format!("{name} {nth}").into();
        detail["requestID"] = format!("{name} {nth}").into();
        detail["userIdentity"] = json!({"type": "IAMUser", "userName": name, "arn": name});
        detail["errorCode"] = format!("{name}AccessDenied").into();
        detail["requestParameters"]["guardrailIdentifier"] = (*name).into();
        lines.push(event.to_string());
    }
    deliver(
        folder.path(),
        &ledger,
        "<script>alert(2)<\u{2024}script>/=1+1.ndjson",
        lines.join("\n").as_bytes(),
    );
    (folder, ledger)
}

#[test]
fn nothing_of_a_record_gets_out_of_its_place_on_the_page() {
    let (folder, ledger) = hostile();
    let page = folder.path().join("page.html");
    let (status, _, stderr) =
        ask(&ledger, &["report", "--since", "2026-10-01", "--output", page.to_str().unwrap()]);
    assert_eq!(status, 0, "{stderr}");
    let html = std::fs::read_to_string(&page).unwrap();
    for tag in
        ["<script", "<img", "<b>&amp;", "<link", "@import", "url(", "http://", "https://", "javascript:"]
    {
        assert!(!html.contains(tag), "{tag}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("&quot;&gt;&lt;img"));
    assert_eq!(html.matches("</style>").count(), 1);
    assert!(!html.contains(['\u{1b}', '\u{202e}', '\r']), "control characters are shown");
    assert!(html.contains(r"eve\u{d}\u{a}\u{1b}[2J\u{202e}"));
    assert!(!html.contains("secret prompt"));
    well_formed(&html);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".bedrock-audit")), "{left:?}");
}

/// Every tag that is opened is closed, in order.
fn well_formed(html: &str) {
    const VOID: [&str; 3] = ["meta", "br", "!DOCTYPE"];
    let mut open: Vec<&str> = Vec::new();
    for tag in html.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.split_whitespace().next().unwrap();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed), "{tag}"),
            None if VOID.contains(&name) => {}
            None => open.push(name),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

/// The rows of a CSV file, as its standard says (RFC 4180).
fn rows(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => cell.extend(chars.next()),
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\r', false) => {}
            ('\n', false) => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (c, _) => cell.push(c),
        }
    }
    rows
}

#[test]
fn tables_hold_every_row_and_no_formula() {
    let (folder, ledger) = hostile();
    let output = folder.path().join("tables");
    let (status, stdout, stderr) = ask(
        &ledger,
        &["report", "--since", "2026-10-01", "--format", "csv", "--output", output.to_str().unwrap()],
    );
    assert_eq!((status, stdout.as_str()), (0, ""), "{stderr}");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&output).unwrap() {
        let path = entry.unwrap().path();
        let table = rows(&std::fs::read_to_string(&path).unwrap());
        assert!(table.iter().all(|row| row.len() == table[0].len()), "{path:?}: {table:?}");
        for cell in table.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{path:?}: {cell}");
            assert!(!cell.contains(|c: char| c.is_control()) && !cell.contains("secret"), "{path:?}: {cell}");
        }
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "about.csv",
            "changes.csv",
            "deliveries-by-day.csv",
            "deliveries.csv",
            "gaps.csv",
            "invocations-by-account-and-region.csv",
            "invocations-by-day.csv",
            "invocations-by-error.csv",
            "invocations-by-guardrail.csv",
            "invocations-by-model.csv",
            "invocations-by-principal.csv",
            "rejects.csv",
            "system-prompts.csv",
        ]
    );
    let table = |name: &str| rows(&std::fs::read_to_string(output.join(name)).unwrap());
    assert_eq!(table("changes.csv").len(), 1 + HOSTILE.len());
    let models = table("invocations-by-model.csv");
    let model_names: Vec<_> = models.iter().skip(1).map(|row| row[0].as_str()).collect();
    assert!(
        model_names.contains(&"'=cmd|' /C calc'!A0") && model_names.contains(&"a,\"b\" =c"),
        "{model_names:?}"
    );
    let sum: u64 = models.iter().skip(1).map(|row| row[1].parse::<u64>().unwrap()).sum();
    assert_eq!(sum, HOSTILE.len() as u64);
    assert_eq!(table("system-prompts.csv").len(), 1 + HOSTILE.len());
}

#[test]
fn an_empty_window_says_so_and_what_cannot_be_is_told() {
    let (folder, ledger) = demo();
    let (status, html, stderr) = ask(&ledger, &["report", "--since", "2026-09-01", "--until", "2026-09-02"]);
    assert_eq!(status, 1, "{stderr}");
    assert!(html.contains("What this page does not say") && stderr.contains("nothing is known"), "{stderr}");
    let file = folder.path().join("there.html");
    std::fs::write(&file, "before").unwrap();
    let there = file.to_str().unwrap();
    let inside = format!("{there}/page.html");
    let folder_name = folder.path().to_str().unwrap();
    for wrong in [
        &["report", "--format", "csv"][..],
        &["report", "--format", "pdf"],
        &["report", "--json", "--format", "html"],
        &["report", "--since", "someday"],
        &["report", "--since", "2026-11-01"],
        &["report", "--since", "2030-01-01"],
        &["report", "--since", "2030-01-01", "--until", "2030-01-02"],
        &["report", "--since", "2026-10-21", "--until", "2026-10-22"],
        &["report", "--output", folder_name],
        &["report", "--output", &inside],
        &["report", "--format", "csv", "--output", there],
    ] {
        let (status, stdout, stderr) = ask(&ledger, wrong);
        assert_eq!(status, 2, "{wrong:?}: {stdout}{stderr}");
        assert!(!stderr.is_empty());
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "before", "a report that failed replaces nothing");
    // the file that lies beside it until it is whole is named in no message
    let (_, _, stderr) = ask(&ledger, &["report", "--output", &inside]);
    assert!(stderr.contains(there) && !stderr.contains(".bedrock-audit"), "{stderr}");
    // of the future nothing can be missing
    for (window, since, until) in [
        (&["--until", "2026-10-16"][..], "2026-09-16", "2026-10-16T00:00:00.000Z"),
        (&["--until", "2026-10-15T15:00:00Z"], "2026-09-15", "2026-10-15T15:00:00.000Z"),
        (&["--since", "2026-10-15", "--until", "2026-12-01"], "2026-10-15", "2026-10-20T08:00:00.000Z"),
        (&["--until", "2026-12-01"], "2026-09-20", "2026-10-20T08:00:00.000Z"),
    ] {
        let told = json_report(&ledger, window)["window"].clone();
        assert!(told["since"].as_str().unwrap().starts_with(since), "{window:?}: {told}");
        assert_eq!(told["until"], until, "{window:?}");
    }
    let far = ask(&ledger, &["changes", "--since", "2030-01-01", "--until", "2030-01-02"]);
    assert_eq!(far.0, 2, "{}", far.2);
    assert!(far.2.contains("lies ahead"), "{}", far.2);
    let help = ask(&ledger, &["report", "--help"]).1;
    assert!(help.contains("covers the 30 days before --until, or before now"), "{help}");
    // without a window it is the last thirty days, up to now
    let report: Value = serde_json::from_str(&ask(&ledger, &["report", "--json"]).1).unwrap();
    let window = json!({"since": "2026-09-20T08:00:00.000Z", "until": "2026-10-20T08:00:00.000Z"});
    assert_eq!(report["window"], window);
    assert_eq!(report["invocations"]["total"]["invocations"], 9);
    assert_eq!(ask(&ledger, &["report", "--output", there]).0, 0);
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("<!DOCTYPE html>"));
}

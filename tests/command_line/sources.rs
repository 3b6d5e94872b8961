//! The third question: which documents were in the context, and which answers used a document.

use serde_json::{Value, json};

use super::{Answer, WRONG_ANSWER, ask, indexed, project};

const DRAFT: &str = "s3://example-mutual-policies/drafts/2023/water-damage-proposal.docx";
const RETRIEVE: &str = "3f0c7a52-91d4-4c8e-a6b7-2f58d1e0c944";
const RESPONSE: &str = "c1a86f0e-7d52-4b3f-8e9a-54d07b6f2a13";
const EMBEDDING: &str = "10bd2c5f-4273-48d7-a7b6-dd6789d324ef";

/// A ledger of the incident, with what its application was given.
fn told() -> (tempfile::TempDir, std::path::PathBuf) {
    let (folder, ledger) = indexed();
    for (name, counts) in
        [("incident-answer", (1, 0)), ("incident-retrieve", (1, 0)), ("incident-answer", (0, 1))]
    {
        let event = project(&format!("events/attributions/{name}.json"));
        let answer = ask(&ledger, &["index", event.to_str().unwrap(), "--json"]);
        let (indexed, duplicate) = counts;
        assert_eq!(answer.status, 0, "{}", answer.stderr);
        let found = answer.json();
        assert_eq!((&found["indexed"], &found["duplicate"]), (&indexed.into(), &duplicate.into()), "{found}");
    }
    (folder, ledger)
}

fn ids(answer: &Answer) -> Vec<String> {
    let answer = answer.json();
    answer.as_array().unwrap().iter().map(|entry| entry["request_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_wrong_answer_names_its_documents_and_how_each_is_known() {
    let (_folder, ledger) = told();
    let answer = ask(&ledger, &["explain", WRONG_ANSWER, "--json"]).json();
    let sources = answer["sources"].as_array().unwrap();
    let known: Vec<_> = sources
        .iter()
        .map(|s| {
            let document = &s["documents"][0];
            assert!(document["basis"].as_str().unwrap().contains("names it for the same text"), "{document}");
            (s["ordinal"].clone(), document["uri"].clone(), document["certainty"].clone(), s["cited"].clone())
        })
        .collect();
    let uri = |path: &str| Value::from(format!("s3://example-mutual-policies/{path}"));
    let expected = [
        (json!(1), uri("home/terms-2026.pdf"), json!("inferred"), json!(false)),
        (json!(2), json!(DRAFT), json!("inferred"), json!(true)),
        (json!(3), uri("claims/handbook.pdf"), json!("inferred"), json!(false)),
    ];
    assert_eq!(known, expected);
    assert!(sources[1]["uri"].is_null() && sources[1]["in_context"] == true);
    assert_eq!(sources[1]["seen_in"][0]["score"], 0.69417);
    let links: Vec<_> = answer["links"].as_array().unwrap().iter().map(|link| &link["request_id"]).collect();
    assert_eq!(links, [RETRIEVE, RESPONSE, EMBEDDING]);
    assert!(answer["links"].as_array().unwrap().iter().all(|link| link["certainty"] == "inferred"));

    let human = ask(&ledger, &["explain", WRONG_ANSWER]).stdout;
    assert!(human.contains("3 passages in the context, 1 cited"), "{human}");
    for word in ["in context", "known from", "retrieval", EMBEDDING, "session claims-web-7f9c"] {
        assert!(human.contains(word), "{word}: {human}");
    }
    let told = ask(&ledger, &["explain", RESPONSE]).stdout;
    assert!(told.contains("1 passage in the context, 1 cited"), "{told}");
    assert!(told.contains("more may have been in the context"), "{told}");
    let told = ask(&ledger, &["explain", RESPONSE, "--json"]).json();
    assert_eq!(told["attributions"][0]["only_cited"], true);
    assert_eq!(told["sources"][0]["certainty"], "recorded");
}

#[test]
fn the_answers_that_used_a_document_are_listed() {
    let (_folder, ledger) = told();
    let found = ask(&ledger, &["sources", DRAFT, "--json"]);
    assert_eq!(found.status, 0);
    assert_eq!(ids(&found), [RESPONSE, WRONG_ANSWER, RETRIEVE]);
    let wrong = &found.json()[1];
    assert_eq!((&wrong["cited"], &wrong["certainty"]), (&json!(true), &json!("inferred")));
    assert_eq!(wrong["principal"]["session"], "claims-web-7f9c");
    assert_eq!(wrong["operation"], "Converse");
    assert_eq!(wrong["origins"], json!(["prompt"]));
    assert_eq!(wrong["ordinals"], json!([2]));
    assert_eq!(wrong["documents"][0]["uri"], DRAFT);
    // as `explain` says: the log of the answer, which is linked, has the same text
    assert_eq!(found.json()[0]["certainty"], "recorded");
    let folder = |uri: &str| ask(&ledger, &["sources", uri, "--json"]);
    assert_eq!(ids(&folder("s3://example-mutual-policies/drafts/")), [RESPONSE, WRONG_ANSWER, RETRIEVE]);
    assert_eq!(ids(&folder("s3://example-mutual-policies/ho*")), [WRONG_ANSWER, RETRIEVE]);
    assert_eq!(ids(&folder("s3://example-mutual-policies/")).len(), 3);
    let none = folder("s3://example-mutual-policies/letters/");
    assert_eq!((none.status, none.json()), (1, json!([])));
    let window =
        ["sources", DRAFT, "--json", "--since", "2026-10-15T15:31:01Z", "--until", "2026-10-15T15:31:03Z"];
    assert_eq!(ids(&ask(&ledger, &window)), [WRONG_ANSWER]);
    let human = ask(&ledger, &["sources", DRAFT]).stdout;
    for word in ["3 requests", WRONG_ANSWER, "claims-web-7f9c", "RetrieveAndGenerate", "recorded", "inferred"]
    {
        assert!(human.contains(word), "{word}: {human}");
    }
    let wrong = ["invocations", "--json", "--source"];
    assert_eq!(ids(&ask(&ledger, &[&wrong[..], &[DRAFT]].concat())), [WRONG_ANSWER]);
    assert_eq!(
        ids(&ask(&ledger, &[&wrong[..], &["s3://example-mutual-policies/*"]].concat())),
        [WRONG_ANSWER]
    );
    let filtered = ask(&ledger, &[&wrong[..], &[DRAFT, "--model", "titan"]].concat());
    assert_eq!((filtered.status, filtered.json()), (1, json!([])));
}

#[test]
fn a_response_that_cites_nothing_says_so_and_one_that_lies_elsewhere_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let event = |name: &str| project(&format!("events/attributions/{name}.json"));
    for name in ["RetrieveAndGenerate.empty", "direct-detail", "by-location"] {
        let answer = ask(&ledger, &["index", event(name).to_str().unwrap(), "--json"]);
        let (answer, is_elsewhere) = (answer.json(), name == "by-location");
        assert_eq!(answer["indexed"], i32::from(!is_elsewhere), "{name}: {answer}");
        assert_eq!(answer["rejected"], i32::from(is_elsewhere), "{name}: {answer}");
    }
    let text = std::fs::read_to_string(event("RetrieveAndGenerate.empty")).unwrap();
    let event: Value = serde_json::from_str(&text).unwrap();
    let detail = &event["detail"];
    let own = &detail["response"]["ResponseMetadata"]["RequestId"];
    let id = detail["request_id"].as_str().or(own.as_str()).unwrap();
    let human = ask(&ledger, &["explain", id]).stdout;
    assert!(human.contains("the answer cites nothing") || human.contains("no citations"), "{human}");
}

#[test]
fn a_passage_in_the_prompt_and_in_the_response_of_one_request_is_one_line() {
    let (folder, ledger) = indexed();
    let text = std::fs::read_to_string(project("events/attributions/incident-answer.json")).unwrap();
    let mut event: Value = serde_json::from_str(&text).unwrap();
    event["detail"]["request_id"] = WRONG_ANSWER.into();
    let file = folder.path().join("answer.json");
    std::fs::write(&file, event.to_string()).unwrap();
    assert_eq!(ask(&ledger, &["index", file.to_str().unwrap()]).status, 0);
    let answer = ask(&ledger, &["explain", WRONG_ANSWER, "--json"]).json();
    let document = &answer["sources"][1]["documents"][0];
    assert_eq!((&document["uri"], &document["certainty"]), (&json!(DRAFT), &json!("recorded")));
    let human = ask(&ledger, &["explain", WRONG_ANSWER]).stdout;
    assert!(human.contains("3 passages in the context, 1 cited"), "{human}");
    assert!(human.contains("prompt, response"), "{human}");
    assert_eq!(human.matches("DRAFT for discussion").count(), 1, "{human}");
    let used = ask(&ledger, &["sources", DRAFT, "--json"]).json();
    assert_eq!(used.as_array().unwrap().len(), 1);
    assert_eq!(
        (&used[0]["origins"], &used[0]["certainty"]),
        (&json!(["prompt", "response"]), &json!("recorded"))
    );
}

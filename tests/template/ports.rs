//! Invariant 10: a function may do what the ports do that it uses, as their documentation says it, and no more.

use std::collections::{BTreeMap, BTreeSet};

use super::{resource, resources, security::actions};
use crate::{project, text};

/// The parts of `ChangeLedger`, and the topics.
const CHANGES: &[&str] = &[
    "FindRecords",
    "KeepObjects",
    "KnowChanges",
    "PublishAlerts",
    "PutRecords",
    "PutResourceStates",
    "QueryResourceStates",
];

/// Names of ports or actions.
type Names = &'static [&'static str];

/// Each function, the ports that it uses besides those that read Bedrock (`tests/bedrock_reads.rs`), and what no port says.
const FUNCTIONS: &[(&str, &[Names], Names)] = &[
    (
        "check-audit",
        &[
            &["FindRecords", "KeepObjects", "PublishAlerts", "PutRecords"],
            &["ListStackParts", "ReadBuckets", "ReadQueues", "ReadRules", "ReadTrails"],
        ],
        &[],
    ),
    // its calls to Bedrock are held to the role by tests/configure_logging.rs; one of them hands a role over
    ("configure-logging", &[&["FindKept", "KeepObjects"]], &["iam:PassRole"]),
    (
        "index-invocations",
        &[
            &[
                "AwaitBodies",
                "CountSightings",
                "FindSightings",
                "KeepObjects",
                "MarkPromptAlerts",
                "PublishAlerts",
            ],
            &["PutDeliveries", "PutDocuments", "PutRecords", "PutStates", "ReadBodies", "ReadObjects"],
        ],
        // without it S3 says 403 instead of 404
        &["s3:ListBucket"],
    ),
    (
        "index-log-events",
        &[
            &[
                "AwaitBodies",
                "CountSightings",
                "FindSightings",
                "KeepObjects",
                "KnowInvocations",
                "MarkPromptAlerts",
                "PublishAlerts",
            ],
            &["PutDeliveries", "PutDocuments", "PutRecords", "PutStates"],
        ],
        &[],
    ),
    // without it S3 says 403 instead of 404
    ("index-trail", &[CHANGES, &["PutDeliveries", "ReadObjects"]], &["s3:ListBucket"]),
    (
        "read-baseline",
        &[CHANGES, &["ContinueBaseline", "NoteResources", "QueryNotedResources", "QueryRecords"]],
        &[],
    ),
    // responses are read like bodies: by the key alone, without a version
    ("record-attributions", &[&["PutDocuments", "PutRecords", "ReadBodies"]], &[]),
    ("record-changes", &[CHANGES], &[]),
];

/// What Lambda does in the function's name: takes messages from its queue, and writes its log.
const PLATFORM: &[&str] = &[
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
];

/// The actions that the documentation of each port names.
fn actions_of_ports() -> BTreeMap<String, BTreeSet<String>> {
    let mut ports = BTreeMap::new();
    for file in std::fs::read_dir(project("shared/app/src/ports")).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mut documentation = String::new();
        for line in source.lines() {
            if let Some(said) = line.strip_prefix("///") {
                documentation.push_str(said);
            } else if let Some(port) = line.strip_prefix("pub trait ") {
                let name = port.split([':', '<', ' ']).next().unwrap().to_owned();
                let named = documentation.split('`').skip(1).step_by(2);
                let is_action =
                    |word: &&str| word.split_once(':').is_some_and(|(_, name)| !name.starts_with(':'));
                ports.insert(name, named.filter(is_action).map(str::to_owned).collect());
                documentation.clear();
            } else if !line.starts_with('#') {
                documentation.clear();
            }
        }
    }
    ports
}

/// `index-trail` -> `IndexTrail`.
fn logical_id(folder: &str) -> String {
    folder.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// The logical id of its function: one that nothing but another resource names ends in its kind.
fn function_id(template: &str, folder: &str) -> String {
    let id = logical_id(folder);
    let longer = format!("{id}Function");
    if resources(template, "AWS::Serverless::Function").contains(&longer.as_str()) { longer } else { id }
}

#[test]
fn a_role_has_the_actions_of_its_functions_ports() {
    let (template, ports) = (text("template.yaml"), actions_of_ports());
    for (function, used, besides) in FUNCTIONS {
        let needed: BTreeSet<&str> = used
            .concat()
            .into_iter()
            .flat_map(|port| {
                let actions = ports.get(port).unwrap_or_else(|| panic!("there is no port {port}"));
                assert!(!actions.is_empty(), "the documentation of {port} names no action");
                actions.iter().map(String::as_str)
            })
            .chain(besides.iter().copied())
            .filter(|action| !PLATFORM.contains(action))
            .collect();
        let id = logical_id(function);
        let role = resource(&template, &format!("{id}Role"));
        let is_of_port = |action: &&str| {
            !action.starts_with("bedrock:") && !action.starts_with("kms:") && !PLATFORM.contains(action)
        };
        let granted: BTreeSet<&str> =
            role.split("- Sid: ").skip(1).flat_map(actions).filter(is_of_port).collect();
        assert_eq!(granted, needed, "{function}");
    }
}

/// One folder, one function, one role, one line of the table above.
#[test]
fn functions_are_folders() {
    let template = text("template.yaml");
    let folders = std::fs::read_dir(project("functions")).unwrap();
    let folders: BTreeSet<String> =
        folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    let expected: BTreeSet<String> = folders.iter().map(|folder| function_id(&template, folder)).collect();
    let made: BTreeSet<String> =
        resources(&template, "AWS::Serverless::Function").into_iter().map(str::to_owned).collect();
    assert_eq!(made, expected);
    for (folder, id) in folders.iter().zip(folders.iter().map(|folder| logical_id(folder))) {
        let function = resource(&template, &function_id(&template, folder));
        for line in [
            format!("        Binary: {folder}\n"),
            format!("      Role: !GetAtt {id}Role.Arn\n"),
            format!("        LogGroup: !Ref {id}LogGroup\n"),
        ] {
            assert!(function.contains(&line), "{folder}: {line}");
        }
        assert_eq!(template.matches(&format!("Role: !GetAtt {id}Role.Arn\n")).count(), 1, "{folder}");
        assert!(FUNCTIONS.iter().any(|(name, _, _)| name == folder), "{folder} has no line in FUNCTIONS");
    }
}

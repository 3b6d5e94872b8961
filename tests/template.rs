//! `template.yaml` against the code: what stands in both cannot drift apart.

use audit_domain::{
    attribution::event::{DETAIL_TYPE, RESPONSES, SOURCE},
    ledger::schema::{TABLES, TIME_TO_LIVE},
};
use audit_lambda::environment::VARIABLES;

use super::text;

/// The items of the YAML list under the first line that is `heading`, from `from` on.
fn list_after(template: &str, from: usize, heading: &str) -> Vec<String> {
    let rest = &template[from..];
    let at = rest.find(heading).unwrap_or_else(|| panic!("{heading} is missing"));
    let item =
        |line: &str| line.trim().strip_prefix("- ").filter(|item| !item.contains(':')).map(str::to_owned);
    rest[at..].lines().skip(1).map_while(item).collect()
}

/// Table keys and index keys cannot change after a deployment.
#[test]
fn tables_and_indexes_are_the_schemas() {
    let template = text("template.yaml");
    for table in TABLES {
        let name = format!("  {}{}Table:\n", table.role[..1].to_uppercase(), &table.role[1..]);
        let start = template.find(&name).unwrap_or_else(|| panic!("{name} is missing"));
        let block = &template[start..];
        let end = block.find("\n\n").unwrap_or(block.len());
        let block = &block[..end];
        for line in [
            format!("AttributeName: {}\n          KeyType: HASH", table.partition),
            format!("AttributeName: {}\n          KeyType: RANGE", table.sort),
            format!("AttributeName: {TIME_TO_LIVE}"),
            "DeletionPolicy: Retain".to_owned(),
        ] {
            assert!(block.contains(&line), "{line:?} is missing in\n{block}");
        }
        assert_eq!(block.matches("IndexName:").count(), table.indexes.len());
        for index in table.indexes {
            let at = block.find(&format!("IndexName: {}", index.name)).expect(index.name);
            assert!(block[at..].contains(&format!("AttributeName: {}", index.partition)));
            assert_eq!(list_after(block, at, "NonKeyAttributes:"), index.projected, "{}", index.name);
        }
    }
}

/// One function = one folder = one block of the template = one name; and each gets the variables that it reads.
#[test]
fn every_function_has_its_block_and_its_variables() {
    let template = text("template.yaml");
    for folder in std::fs::read_dir(super::project("functions")).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        let binary = format!("Binary: {name}\n");
        assert_eq!(template.matches(&binary).count(), 1, "{name} has one block");
        let block = &template[template.find(&binary).unwrap()..];
        let variables = &block[block.find("Variables:").expect("variables")..];
        let given: Vec<&str> = variables
            .lines()
            .skip(1)
            .map_while(|line| line.strip_prefix("          ").and_then(|line| line.split_once(':')))
            .map(|(variable, _)| variable)
            .collect();
        let source = text(&format!("functions/{name}/src/main.rs"));
        for variable in VARIABLES {
            let reads = source.contains(variable.name)
                || (variable.name == "LOG_BUCKETS" && source.contains(".log_buckets()"))
                || (variable.name == "RETENTION_DAYS" && source.contains(".retention()"))
                || (variable.name == "ALERT_MAX_AGE_HOURS" && source.contains(".alert_max_age()"))
                || (variable.name == "EXCERPT_CHARACTERS" && source.contains(".excerpt_characters()"))
                || (variable.name == "RECORD_CALLS" && source.contains(".record_calls()"));
            assert_eq!(given.contains(&variable.name), reads, "{name} and {}", variable.name);
        }
        let unknown: Vec<_> = given.iter().filter(|g| VARIABLES.iter().all(|v| v.name != **g)).collect();
        assert!(unknown.is_empty(), "{name} is given {unknown:?}, which nothing reads");
    }
}

/// Invariant 10: no function may delete, update or write in batches; what is there is evidence.
#[test]
fn no_function_can_overwrite_at_will() {
    let template = text("template.yaml");
    for action in [
        "dynamodb:DeleteItem",
        "dynamodb:UpdateItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:*",
        "s3:*",
        "s3:DeleteObject",
    ] {
        let granted = template.lines().any(|line| {
            line.trim().trim_start_matches("- ") == action || line.trim() == format!("Action: {action}")
        });
        let denied_only = action == "s3:*";
        assert!(denied_only || !granted, "{action} is granted");
    }
}

/// What a function may do is what the ports that it uses do: `PutRecords`, `PutDocuments` and `ReadObjects`.
#[test]
fn who_records_attributions_may_do_that_and_no_more() {
    let template = text("template.yaml");
    let role = block(&template, "RecordAttributionsRole");
    let actions: Vec<&str> = role
        .lines()
        .map(|line| line.trim().trim_start_matches("- ").trim_start_matches("Action: "))
        .filter(|word| {
            ["dynamodb:", "s3:", "sns:", "events:", "bedrock:"].iter().any(|s| word.starts_with(s))
        })
        .collect();
    assert_eq!(actions, ["dynamodb:PutItem", "s3:GetObject"]);
    assert_eq!(role.matches("${AuditBucket.Arn}/").count(), 1);
    assert!(role.contains("Resource: !Sub ${AuditBucket.Arn}/responses/*"));
}

/// An application may put events of one source on one bus, and objects into one folder; the rule passes just these events.
#[test]
fn an_application_may_send_responses_and_no_more() {
    let template = text("template.yaml");
    let policy = block(&template, "ApplicationPolicy");
    assert_eq!(policy.matches("Action: ").count(), 2);
    for line in [
        "Action: events:PutEvents\n            Resource: !GetAtt ApplicationBus.Arn",
        &format!("ForAllValues:StringEquals:\n                events:source: {SOURCE}"),
        "\"Null\":\n                events:source: \"false\"",
        &format!("Action: s3:PutObject\n            Resource: !Sub ${{AuditBucket.Arn}}/{RESPONSES}*"),
    ] {
        assert!(policy.contains(line), "{line:?} is missing in\n{policy}");
    }
    let rule = block(&template, "RecordAttributionsRule");
    assert!(rule.contains("EventBusName: !Ref ApplicationBus"));
    assert!(rule.contains(&format!(
        "source:\n          - {SOURCE}\n        detail-type:\n          - {DETAIL_TYPE}\n"
    )));
}

/// The block of a resource of the template.
fn block<'t>(template: &'t str, name: &str) -> &'t str {
    let start = template.find(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("{name} is missing"));
    let block = &template[start + 1..];
    &block[..block.find("\n\n").unwrap_or(block.len())]
}

//! `template.yaml` against the code: what stands in both cannot drift apart.

use audit_domain::ledger::schema::{TABLES, TIME_TO_LIVE};
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
                || (variable.name == "STACK_NAME" && source.contains(".stack_name()"))
                || (variable.name == "RETENTION_DAYS" && source.contains(".retention()"))
                || (variable.name == "ALERT_MAX_AGE_HOURS" && source.contains(".alert_max_age()"));
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

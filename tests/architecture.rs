//! The arrows between the floors, and the tables in the documents.

use audit_lambda::environment::VARIABLES;

use super::text;

/// What each floor may depend on, of the project and of the world. Arrows only go down.
const FLOORS: [(&str, &[&str], &[&str]); 12] = [
    (
        "shared/domain",
        &[],
        &["tokio", "aws-", "aws_lambda", "lambda_runtime", "tracing", "futures", "flate2"],
    ),
    ("shared/app", &["audit-domain"], &["aws-", "aws_lambda", "lambda_runtime", "tracing"]),
    ("shared/aws", &["audit-domain", "audit-app"], &["lambda_runtime", "aws_lambda", "clap"]),
    ("shared/lambda", &["audit-domain", "audit-app"], &["aws-", "clap"]),
    ("functions/check-audit", &["audit-domain", "audit-app", "audit-aws", "audit-lambda"], &["clap"]),
    ("functions/configure-logging", &["audit-domain", "audit-app", "audit-aws", "audit-lambda"], &["clap"]),
    ("functions/index-invocations", &["audit-domain", "audit-app", "audit-aws", "audit-lambda"], &["clap"]),
    ("functions/index-log-events", &["audit-domain", "audit-app", "audit-aws", "audit-lambda"], &["clap"]),
    ("functions/record-changes", &["audit-domain", "audit-app", "audit-aws", "audit-lambda"], &["clap"]),
    ("functions/index-trail", &["audit-domain", "audit-app", "audit-aws", "audit-lambda"], &["clap"]),
    ("functions/read-baseline", &["audit-domain", "audit-app", "audit-aws", "audit-lambda"], &["clap"]),
    ("functions/record-attributions", &["audit-domain", "audit-app", "audit-aws", "audit-lambda"], &["clap"]),
];

/// The names under `[dependencies]`.
fn dependencies(folder: &str) -> Vec<String> {
    let manifest = text(&format!("{folder}/Cargo.toml"));
    let block = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let block = block.split("\n[").next().unwrap_or_default();
    block
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![super::project(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// Invariant 1: domain and app know no AWS, clock or environment.
#[test]
fn arrows_only_go_down() {
    for (folder, ours, never) in FLOORS {
        for dependency in dependencies(folder) {
            if dependency.starts_with("audit-") {
                assert!(ours.contains(&dependency.as_str()), "{folder} depends on {dependency}");
            }
            let is_hash = dependency == "aws-lc-rs";
            assert!(
                is_hash || !never.iter().any(|name| dependency.starts_with(name)),
                "{folder} depends on {dependency}"
            );
        }
    }
}

/// The SDK has one home, and so has the runtime. A function makes the clients, and hands them on.
#[test]
fn the_sdk_and_the_runtime_have_one_home_each() {
    for folder in ["shared/domain", "shared/app", "shared/lambda"] {
        for (path, source) in sources(folder) {
            assert!(!source.contains("aws_sdk_"), "{path} knows the SDK");
        }
    }
    for (path, source) in sources("shared/aws").into_iter().chain(sources("cli")) {
        assert!(!source.contains("lambda_runtime"), "{path} knows the Lambda runtime");
    }
}

/// Invariant 8: one reader of the environment. The lint forbids it; only one place may say otherwise.
#[test]
fn the_environment_has_one_reader() {
    for folder in ["shared/domain", "shared/app", "shared/aws", "shared/lambda", "functions", "cli"] {
        for (path, source) in sources(folder) {
            if source.contains("env::var") {
                assert!(path.ends_with("shared/lambda/src/environment.rs"), "{path} reads the environment");
            }
        }
    }
}

/// Invariant 6: retry or permanent is decided in one place for the SDK's errors.
#[test]
fn sdk_errors_are_classified_in_one_place() {
    for (path, source) in sources("shared/aws") {
        if source.contains(".code()") && !path.ends_with("error.rs") {
            // a condition that failed is an answer, not an error
            assert!(path.ends_with("s3.rs"), "{path} looks at error codes");
        }
    }
}

/// The rows of the table under a heading, by their first cell.
fn first_cells(document: &str, heading: &str) -> Vec<String> {
    let section = document.split(&format!("{heading}\n")).nth(1).unwrap_or_else(|| panic!("no {heading}"));
    section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .filter_map(|row| row.split('|').nth(1))
        .map(|cell| cell.trim().trim_matches('`').to_owned())
        .collect()
}

#[test]
fn the_readmes_tables_are_the_codes() {
    let readme = text("README.md");
    let variables: Vec<_> = VARIABLES.iter().map(|variable| variable.name.to_owned()).collect();
    assert_eq!(first_cells(&readme, "### Environment of the functions"), variables);
}

/// Every path that ARCHITECTURE.md names is there, and every folder of the code is named.
#[test]
fn the_code_map_is_the_code() {
    let document = text("ARCHITECTURE.md");
    let named: Vec<&str> = document.split('`').skip(1).step_by(2).filter(|word| word.contains('/')).collect();
    let roots = ["shared/", "functions/", "cli/", "events/", "tests/", "benches/", ".ci/"];
    let paths: Vec<&str> = named
        .into_iter()
        .filter(|word| roots.iter().any(|root| word.starts_with(root)) && !word.contains(['<', ' ', '*']))
        .collect();
    assert!(paths.len() > 20, "{paths:?}");
    for path in &paths {
        let file = path.split("::").next().unwrap();
        assert!(super::project(file).exists(), "{path} is named and not there");
    }
    for folder in std::fs::read_dir(super::project("functions")).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(document.contains(&format!("functions/{name}")), "functions/{name} is not named");
    }
}

/// Every invariant names a test that exists.
#[test]
fn every_invariant_names_its_test() {
    let document = text("ARCHITECTURE.md");
    let section = document.split("## Invariants\n").nth(1).expect("the invariants");
    let section = section.split("\n## ").next().unwrap();
    let tests: String = ["shared", "tests", "cli", "functions"]
        .iter()
        .flat_map(|f| sources(f))
        .map(|(_, source)| source)
        .collect();
    let items: Vec<&str> =
        section.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert!(items.len() >= 17, "{items:#?}");
    for item in items {
        let name = item.rsplit('`').nth(1).unwrap_or_else(|| panic!("{item} names no test"));
        assert!(tests.contains(&format!("fn {name}(")), "{item}: there is no test {name}");
    }
}

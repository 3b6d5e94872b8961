//! What the console shows: every parameter is grouped, labelled, described, and checked before anything is deployed.

use std::collections::BTreeMap;

use crate::text;

/// A section of the template: the lines between its heading and the next one.
pub(super) fn section<'t>(template: &'t str, name: &str) -> &'t str {
    let start = template.find(&format!("\n{name}:\n")).unwrap_or_else(|| panic!("{name} is missing"));
    let body = template[start + 1..].split_once('\n').unwrap().1;
    let is_heading = |line: &str| line.starts_with(|c: char| c.is_ascii_alphabetic());
    let length = body.split_inclusive('\n').take_while(|line| !is_heading(line)).map(str::len).sum();
    &body[..length]
}

/// The entries of a section, by name.
pub(super) fn entries(section: &str) -> BTreeMap<&str, String> {
    let mut entries: BTreeMap<&str, String> = BTreeMap::new();
    let mut name = "";
    for line in section.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.strip_prefix("  ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic())) {
            Some(heading) => {
                name = heading.trim_end_matches(':');
                assert!(entries.insert(name, String::new()).is_none(), "{name} is there twice");
            }
            None => entries.entry(name).or_default().push_str(&format!("{line}\n")),
        }
    }
    entries.remove("");
    entries
}

#[test]
fn every_parameter_is_in_one_group_and_has_a_label() {
    let template = text("template.yaml");
    let metadata = section(&template, "Metadata");
    let (groups, labels) = metadata.split_once("    ParameterLabels:\n").expect("labels");
    let mut grouped: Vec<_> = groups.lines().filter_map(|line| line.strip_prefix("          - ")).collect();
    let mut labelled: Vec<_> = labels
        .lines()
        .filter_map(|line| line.strip_prefix("      ").filter(|line| !line.starts_with(' ')))
        .map(|line| line.trim_end_matches(':'))
        .collect();
    let parameters = entries(section(&template, "Parameters"));
    let names: Vec<_> = parameters.keys().copied().collect();
    grouped.sort_unstable();
    labelled.sort_unstable();
    assert_eq!(grouped, names, "in the groups");
    assert_eq!(labelled, names, "with labels");
}

/// What is typed wrong is refused with a reason, and nothing has to be typed at all.
#[test]
fn every_parameter_says_what_it_is_what_it_may_be_and_has_a_default() {
    let template = text("template.yaml");
    for (name, parameter) in entries(section(&template, "Parameters")) {
        let says = |member: &str| parameter.contains(&format!("    {member}:"));
        assert!(says("Description") && says("Default"), "{name}");
        let checked =
            says("AllowedValues") || says("AllowedPattern") || (says("MinValue") && says("MaxValue"));
        assert!(checked, "{name} takes anything");
        assert_eq!(says("AllowedPattern"), says("ConstraintDescription"), "{name}");
    }
}

#[test]
fn every_output_says_what_it_is() {
    let template = text("template.yaml");
    for (name, output) in entries(section(&template, "Outputs")) {
        assert!(output.contains("    Description:") && output.contains("    Value:"), "{name}");
    }
}

//! `template.yaml` against the code: what stands in both cannot drift apart.

use audit_domain::{
    attribution::event::{DETAIL_TYPE, RESPONSES, SOURCE},
    change::watch::AREAS,
    check::rule::{EXPECTED, NOT_COMPARED, queue_of},
    invocation_logging::FLAGS,
    ledger::schema::{TABLES, TIME_TO_LIVE},
};
use audit_lambda::environment::{RESTED_ON, VARIABLES};
use serde_json::Value;

use super::text;

mod interface;
mod ports;
mod readers;
mod security;
mod trail;

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
            let watches = RESTED_ON.contains(&variable.name)
                || matches!(variable.name, "STACK_NAME" | "LOG_BUCKETS" | "AUDIT_KEY_ARN");
            let reads = source.contains(variable.name)
                || (watches && source.contains(".watching()"))
                || (variable.name == "LOG_BUCKETS" && source.contains(".log_buckets()"))
                || (variable.name == "STACK_NAME" && source.contains(".stack_name()"))
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

/// Every watched call passes a rule: each source and each name that no pattern can judge stands in the template.
#[test]
fn every_watched_call_has_a_rule() {
    let template = text("template.yaml");
    let block = |name: &str| {
        let start = template.find(&format!("  {name}:\n    Type: AWS::Events::Rule")).expect(name);
        let rest = &template[start..];
        &rest[..rest.find("      Targets:").expect("targets")]
    };
    let by_name = block("WatchRule");
    let narrowed = ["WatchStorageRule", "WatchLogGroupsRule", "WatchDeliveryRule"].map(block);
    for area in AREAS {
        let source = format!("- aws.{}\n", area.event_source.trim_end_matches(".amazonaws.com"));
        if by_name.contains(&source) {
            for call in area.calls {
                assert!(by_name.contains(&format!("- {}\n", call.event_name)), "{}", call.event_name);
            }
        } else {
            assert!(narrowed.iter().any(|rule| rule.contains(&source)), "{}", area.event_source);
        }
    }
    let names = by_name.lines().skip_while(|line| !line.contains("eventName:")).skip(1);
    for name in names.filter_map(|line| line.trim().strip_prefix("- ")) {
        let is_watched = AREAS.iter().flat_map(|area| area.calls).any(|call| call.event_name == name);
        assert!(is_watched, "{name} passes the rule, and no table knows it");
    }
}

/// A pattern of EventBridge may have 2,048 characters, and a stack's name 128.
#[test]
fn no_pattern_is_too_long_for_a_long_name() {
    let template = text("template.yaml");
    for rule in template.split("Type: AWS::Events::Rule").skip(1) {
        let rule = &rule[..rule.find("      Targets:").unwrap()];
        // a schedule has none
        let Some(pattern) = rule.find("EventPattern:").map(|at| &rule[at..]) else { continue };
        // generous: a level of YAML is less than what it becomes
        let length: usize = pattern
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .map(|line| {
                line.trim().replace("!Sub ", "").len() + 2 + 128 * line.matches("AWS::StackName").count()
            })
            .sum();
        assert!(length < 2_300, "{length}: {pattern}");
    }
}

/// The names of the resources of a type.
fn resources<'a>(template: &'a str, kind: &str) -> Vec<&'a str> {
    let type_line = format!("    Type: {kind}");
    let lines: Vec<_> = template.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[1] == type_line);
    let names: Vec<_> = pairs.map(|pair| pair[0].trim().trim_end_matches(':')).collect();
    assert!(!names.is_empty(), "there is no {kind}");
    names
}

/// The block of a resource.
fn resource<'a>(template: &'a str, name: &str) -> &'a str {
    let block = template.split(&format!("\n  {name}:\n")).nth(1).unwrap_or_else(|| panic!("no {name}"));
    block.split("\n\n").next().unwrap()
}

/// The part of YAML that an event pattern is written in: lists, members and scalars, by their indentation.
fn yaml(lines: &[(usize, String)]) -> Value {
    let (indent, first) = &lines[0];
    let heads = lines.iter().enumerate().filter(|(_, line)| line.0 == *indent).map(|(nth, _)| nth);
    let ends = heads.clone().skip(1).chain([lines.len()]);
    let parts = heads.zip(ends).map(|(from, to)| &lines[from..to]);
    if first.starts_with("- ") {
        let items = parts.map(|part| {
            let inner = part[0].1.trim_start_matches("- ").to_owned();
            let is_member = inner.contains(": ") && !inner.starts_with(['!', '"']);
            if is_member {
                yaml(&[vec![(indent + 2, inner)], part[1..].to_vec()].concat())
            } else {
                scalar(&inner)
            }
        });
        return items.collect();
    }
    let members = parts.map(|part| match part[0].1.split_once(": ") {
        Some((name, value)) => (name.to_owned(), scalar(value)),
        None => (part[0].1.trim_end_matches(':').to_owned(), yaml(&part[1..])),
    });
    Value::Object(members.collect())
}

fn scalar(text: &str) -> Value {
    match text {
        "true" | "false" => (text == "true").into(),
        text if text.starts_with("!If [CreateLogBucket") => "{bucket}".into(),
        text => text.trim_matches('"').into(),
    }
}

/// What the hourly check takes for the pattern of a rule is its pattern, and it passes events to the queue that is checked.
#[test]
fn rules_are_checked_for_the_patterns_and_queues_that_they_have() {
    let template = text("template.yaml");
    let mut with_pattern = Vec::new();
    for name in resources(&template, "AWS::Events::Rule") {
        let block = resource(&template, name);
        let queue = format!("          Arn: !GetAtt {}.Arn\n", queue_of(name).unwrap());
        assert!(block.contains(&queue), "{name} does not pass its events to {queue}");
        let Some((_, pattern)) = block.split_once("      EventPattern:\n") else { continue };
        let lines =
            pattern.lines().map(|line| (line.len() - line.trim_start().len(), line.trim().to_owned()));
        let lines: Vec<_> = lines.take_while(|(indent, _)| *indent >= 8).collect();
        if NOT_COMPARED.contains(&name) {
            continue;
        }
        let expected = EXPECTED.iter().find(|rule| rule.logical_id == name);
        let expected = expected.unwrap_or_else(|| panic!("{name} has no line in check::rule::EXPECTED"));
        assert_eq!(yaml(&lines), serde_json::from_str::<Value>(expected.pattern).unwrap(), "{name}");
        with_pattern.push(name);
    }
    assert_eq!(with_pattern.len(), EXPECTED.len(), "{with_pattern:?}");
}

/// Nothing of the stack that passes events on is out of the check's sight; and no message waits unseen.
#[test]
fn every_rule_and_queue_is_checked_and_every_queue_has_its_alarm() {
    let template = text("template.yaml");
    let role = resource(&template, "CheckAuditRole");
    let queues = resources(&template, "AWS::SQS::Queue");
    for name in queues.iter().chain(&resources(&template, "AWS::Events::Rule")) {
        assert!(role.contains(&format!("!GetAtt {name}.Arn")), "{name} is not in CheckAuditRole");
    }
    let alarms: Vec<_> = resources(&template, "AWS::CloudWatch::Alarm")
        .into_iter()
        .map(|name| resource(&template, name))
        .collect();
    for queue in queues {
        let metric = match queue.ends_with("DeadLetterQueue") {
            true => "MetricName: ApproximateNumberOfMessagesVisible",
            false => "MetricName: ApproximateAgeOfOldestMessage",
        };
        let of_queue = format!("Value: !GetAtt {queue}.QueueName");
        let has_alarm = alarms.iter().any(|alarm| alarm.contains(metric) && alarm.contains(&of_queue));
        assert!(has_alarm, "{queue} has no alarm with {metric}");
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

/// Who takes log events puts into the ledger and asks for bodies, and reads no bucket; Bedrock writes one stream; CloudWatch Logs
/// invokes for one log group of this account; and what failed is handed over.
#[test]
fn log_events_come_from_one_log_group_and_end_in_their_queue() {
    let template = text("template.yaml");
    let actions = |role: &str| -> Vec<String> {
        let words = block(&template, role)
            .lines()
            .map(|line| line.trim().trim_start_matches("- ").trim_start_matches("Action: ").to_owned());
        let is_action = |word: &String| {
            ["dynamodb:", "s3:", "sns:", "sqs:", "logs:"].iter().any(|service| word.starts_with(service))
        };
        words.filter(is_action).collect()
    };
    let own_log = ["logs:CreateLogStream", "logs:PutLogEvents"];
    let ports = [
        "dynamodb:PutItem",
        "dynamodb:Query",
        "s3:PutObject",
        "sqs:SendMessage",
        "sqs:SendMessage",
        "sns:Publish",
    ];
    assert_eq!(actions("IndexLogEventsRole"), [&ports[..], &own_log].concat());
    assert_eq!(actions("InvocationLogRole"), own_log);
    let holds = |name: &str, lines: &[&str]| {
        let block = block(&template, name);
        assert!(lines.iter().all(|line| block.contains(line)), "{lines:?} in\n{block}");
        assert!(block.contains("Condition: HasLogGroup\n"), "{name}");
    };
    holds("InvocationLogRole", &["Service: bedrock.amazonaws.com", "aws:SourceAccount:", "aws:SourceArn:"]);
    holds("InvocationLogRole", &["log-group:${Group}:log-stream:aws/bedrock/modelinvocations"]);
    holds(
        "IndexLogEventsPermission",
        &["Principal: logs.amazonaws.com", "SourceAccount:", "log-group:${Group}:*"],
    );
    holds(
        "IndexLogEvents",
        &["MaximumRetryAttempts: 2", "Destination: !GetAtt IndexLogEventsDeadLetterQueue.Arn"],
    );
    holds(
        "InvocationLogSubscription",
        &["DestinationArn: !GetAtt IndexLogEvents.Arn", "FilterPattern: \"\"\n"],
    );
    for metric in ["Errors", "AsyncEventAge", "DestinationDeliveryFailures"] {
        let alarms = template.split("Type: AWS::CloudWatch::Alarm").filter(|alarm| {
            let alarm = alarm.split("\n\n").next().unwrap_or_default();
            alarm.contains(&format!("MetricName: {metric}\n"))
                && alarm.contains("Value: !Ref IndexLogEvents\n")
        });
        assert_eq!(alarms.count(), 1, "{metric}");
    }
}

/// An application may put events of one source on one bus, and objects into one folder; the rule passes just these events.
#[test]
fn an_application_may_send_responses_and_no_more() {
    let template = text("template.yaml");
    let policy = block(&template, "ApplicationPolicy");
    assert_eq!(policy.matches("Action:").count(), 3);
    for line in [
        "Action: events:PutEvents\n            Resource: !GetAtt ApplicationBus.Arn",
        &format!("ForAllValues:StringEquals:\n                events:source: {SOURCE}"),
        "\"Null\":\n                events:source: \"false\"",
        &format!("Action: s3:PutObject\n            Resource: !Sub ${{AuditBucket.Arn}}/{RESPONSES}*"),
        "Action:\n              - kms:GenerateDataKey\n              - kms:Decrypt\n            Resource: !If [CreateKey, ",
        "kms:ViaService: !Sub s3.${AWS::Region}.${AWS::URLSuffix}",
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

/// The role of a function: named after it, or after its folder.
fn role_of(function: &str) -> String {
    format!("{}Role", function.trim_end_matches("Function"))
}

/// CloudFormation asks asynchronously: a request may wait for the function, which may take its time, and both together end
/// before CloudFormation gives the answer up. What came later would configure something for nobody.
#[test]
fn a_request_of_cloudformation_is_over_before_it_is_given_up() {
    let template = text("template.yaml");
    let number = |block: &str, name: &str| -> u32 {
        let at = block.split(&format!(" {name}: ")).nth(1).unwrap_or_else(|| panic!("no {name}"));
        at.lines().next().unwrap().trim().parse().unwrap()
    };
    let resources = resources(&template, "Custom::InvocationLogging");
    assert_eq!(resources, ["InvocationLogging"]);
    let (asked, function) = (block(&template, resources[0]), block(&template, "ConfigureLoggingFunction"));
    let latest = number(function, "MaximumEventAgeInSeconds") + number(function, "Timeout");
    assert!(latest + 60 <= number(asked, "ServiceTimeout"), "{latest} s");
    // its own attempts, and half a minute for the answer
    assert!(number(function, "Timeout") >= 150 + 30);
}

/// What the custom resource is told has the names that the function reads, and a parameter behind it.
#[test]
fn what_the_custom_resource_asks_for_is_read() {
    let template = text("template.yaml");
    let asked = block(&template, "InvocationLogging");
    let properties = asked.split("    Properties:\n").nth(1).expect("properties");
    let named: Vec<&str> = properties
        .lines()
        .filter_map(|line| line.strip_prefix("      ")?.split_once(": ").map(|(name, _)| name))
        .filter(|name| !name.starts_with([' ', '#']))
        .collect();
    let source = text("shared/domain/src/invocation_logging/request.rs");
    let flags = FLAGS.map(|flag| flag[..1].to_uppercase() + &flag[1..]);
    for name in &named {
        let is_read = source.contains(&format!("\"{name}\"")) || flags.iter().any(|flag| flag == name);
        // CloudFormation's own, and what only says what comes first
        assert!(
            is_read || ["ServiceToken", "ServiceTimeout", "After", "AfterSubscription"].contains(name),
            "nobody reads {name}"
        );
    }
    for flag in &flags {
        assert!(named.contains(&flag.as_str()), "{flag} is not asked for");
    }
    for parameter in ["ManageInvocationLogging", "OverwriteInvocationLogging"] {
        assert!(template.contains(&format!("!Ref {parameter}")), "{parameter}");
        // a refusal names them
        assert!(text("shared/domain/src/invocation_logging/decision.rs").contains(parameter), "{parameter}");
    }
}

/// Lambda stops a chain of messages through a function's own queue after sixteen of them, unless it is told not to.
#[test]
fn a_function_that_asks_itself_may_go_on() {
    let template = text("template.yaml");
    for name in resources(&template, "AWS::Serverless::Function") {
        let function = resource(&template, name);
        // one that no queue invokes sends to others
        let asks_itself = function.contains("FunctionResponseTypes:")
            && resource(&template, &role_of(name)).contains("sqs:SendMessage");
        let may_go_on = function.contains("      RecursiveLoop: Allow\n");
        assert_eq!(may_go_on, asks_itself, "{name}");
    }
}

/// Whatever fails without a message in a queue is seen by its metric.
#[test]
fn every_function_and_rule_that_fails_is_alarmed() {
    let template = text("template.yaml");
    let [errors, throttles] =
        ["FunctionErrorsAlarm", "FunctionThrottlesAlarm"].map(|name| resource(&template, name));
    let all = resources(&template, "AWS::CloudWatch::Alarm");
    for function in resources(&template, "AWS::Serverless::Function") {
        let own = format!("{}ErrorsAlarm", function.trim_end_matches("Function"));
        let value = format!("Value: !Ref {function}\n");
        assert!(errors.contains(&value) || all.contains(&own.as_str()), "{function}");
        assert!(throttles.contains(&value), "{function}");
    }
    let [rules, watching] =
        ["RuleFailuresAlarm", "WatchRuleFailuresAlarm"].map(|name| resource(&template, name));
    for rule in resources(&template, "AWS::Events::Rule") {
        let names = [format!("!Ref {rule}\n"), format!("${{{rule}}}")];
        assert!(names.iter().any(|name| rules.contains(name) || watching.contains(name)), "{rule}");
    }
    for name in all {
        let alarm = resource(&template, name);
        assert!(alarm.contains("AlarmActions:\n        - !Ref AlertTopic\n"), "{name} tells nobody");
        assert!(alarm.matches("MetricStat:").count() <= 10, "{name} has more metrics than an alarm may have");
    }
}

//! What protects the evidence: encryption, transport, and that nothing takes it away.

use std::collections::BTreeSet;

use super::{resource, resources, role_of};
use crate::text;

/// The key of the stack, or the one that was there.
const KEY: &str = "!If [CreateKey, !GetAtt AuditKey.Arn, !Ref ExistingKeyArn]";

/// What the key has to do for a caller of these actions: SQS and SNS make a data key and read it back, DynamoDB reads the
/// table's.
const KEY_ACTIONS: &[(&str, &[&str])] = &[
    ("dynamodb:GetItem", &["kms:Decrypt"]),
    ("dynamodb:PutItem", &["kms:Decrypt"]),
    ("dynamodb:Query", &["kms:Decrypt"]),
    ("s3:GetObject", &["kms:Decrypt"]),
    ("s3:PutObject", &["kms:GenerateDataKey"]),
    ("sns:Publish", &["kms:Decrypt", "kms:GenerateDataKey"]),
    ("sqs:ReceiveMessage", &["kms:Decrypt"]),
    ("sqs:SendMessage", &["kms:Decrypt", "kms:GenerateDataKey"]),
];

/// The statements of a policy, each from its Sid on.
fn statements(block: &str) -> impl Iterator<Item = &str> {
    block.split("- Sid: ").skip(1)
}

/// The actions of a statement.
pub(super) fn actions(statement: &str) -> BTreeSet<&str> {
    let mut lines = statement.lines().map(str::trim).skip_while(|line| !line.starts_with("Action:"));
    match lines.next().and_then(|line| line.strip_prefix("Action:")).map(str::trim) {
        Some("") => lines.map_while(|line| line.strip_prefix("- ")).collect(),
        Some(one) => BTreeSet::from([one]),
        None => BTreeSet::new(),
    }
}

#[test]
fn everything_is_encrypted_with_the_key_of_the_stack() {
    let template = text("template.yaml");
    for (kind, property) in [
        ("AWS::DynamoDB::Table", "KMSMasterKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::S3::Bucket", "KMSMasterKeyID"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
    ] {
        let line_of_key = format!("{property}: {KEY}");
        for name in resources(&template, kind) {
            let is_encrypted = resource(&template, name).lines().any(|line| line.trim() == line_of_key);
            assert!(is_encrypted, "{name}");
        }
    }
    let key = resource(&template, "AuditKey");
    assert!(key.contains("EnableKeyRotation: true"));
    assert!(!key.contains("!GetAtt") && !key.contains("!Ref Audit"), "a key that needs what needs it");
}

/// Whoever is no caller of the account says for whom it acts, where it says so to a key at all: EventBridge does not.
#[test]
fn services_use_the_key_for_this_account_alone() {
    let template = text("template.yaml");
    let key = resource(&template, "AuditKey");
    for statement in statements(key).filter(|statement| statement.contains("Service:")) {
        let is_bound = statement.contains("aws:SourceAccount: !Ref AWS::AccountId")
            || statement.contains("kms:EncryptionContext:aws:")
            || statement.contains("aws:SourceArn:");
        assert_eq!(is_bound, !statement.contains("events.amazonaws.com"), "{statement}");
    }
}

/// Invariant 10, for the key: a function may use it as far as its other actions need that, through the services that it calls.
#[test]
fn a_role_uses_the_key_as_its_ports_need() {
    let template = text("template.yaml");
    for function in resources(&template, "AWS::Serverless::Function") {
        let role = resource(&template, &role_of(function));
        let granted: BTreeSet<_> = statements(role).flat_map(actions).collect();
        let uses = |action: &&(&str, &[&str])| granted.contains(action.0);
        let needed: BTreeSet<_> =
            KEY_ACTIONS.iter().filter(uses).flat_map(|(_, key)| *key).copied().collect();
        let services: BTreeSet<_> =
            KEY_ACTIONS.iter().filter(uses).filter_map(|(action, _)| action.split(':').next()).collect();
        let of_key = statements(role).find(|statement| statement.starts_with("UseKey\n"));
        let of_key = of_key.unwrap_or_else(|| panic!("{function} may not use the key"));
        assert_eq!(actions(of_key), needed, "{function}");
        assert!(of_key.contains(&format!("Resource: {KEY}\n")), "{function}");
        let through: BTreeSet<_> = of_key
            .lines()
            .filter_map(|line| {
                line.trim().strip_prefix("- !Sub ")?.strip_suffix(".${AWS::Region}.${AWS::URLSuffix}")
            })
            .collect();
        assert_eq!(through, services, "{function}");
    }
}

/// Data outlives the stack, and nothing of it goes by one call.
#[test]
fn what_holds_evidence_is_kept_versioned_and_protected() {
    let template = text("template.yaml");
    let kept = |name: &str| {
        let block = resource(&template, name);
        for line in ["    DeletionPolicy: Retain\n", "    UpdateReplacePolicy: Retain\n"] {
            assert!(block.contains(line), "{name} has no {line}");
        }
        block
    };
    kept("AuditKey");
    for table in resources(&template, "AWS::DynamoDB::Table") {
        let block = kept(table);
        assert!(block.contains("DeletionProtectionEnabled: true"), "{table}");
        assert!(block.contains("PointInTimeRecoveryEnabled: true"), "{table}");
    }
    for bucket in resources(&template, "AWS::S3::Bucket") {
        let block = kept(bucket);
        kept(&format!("{bucket}Policy"));
        // CloudTrail needs one permission more for a trail into a bucket with a bucket key, and needs no such key
        let with_bucket_key = usize::from(bucket != "TrailFilesBucket");
        assert_eq!(block.matches("BucketKeyEnabled: true\n").count(), with_bucket_key, "{bucket}");
        assert_eq!(
            block.matches(": true\n").count(),
            5 + with_bucket_key,
            "public access, EventBridge and bucket keys of {bucket}"
        );
        assert!(block.contains("VersioningConfiguration:\n        Status: Enabled"), "{bucket}");
        assert!(block.contains("ObjectLockConfiguration: !If\n        - HasObjectLock\n"), "{bucket}");
        assert!(!block.contains("ExpirationInDays") && !block.contains("NoncurrentVersion"), "{bucket}");
    }
}

/// What fails waits longer than what has not been tried: SQS counts the age of a message from its first arrival.
#[test]
fn every_queue_has_a_dead_letter_queue_that_keeps_longer() {
    let template = text("template.yaml");
    let seconds = |name: &str| -> u32 {
        let kept = resource(&template, name).split_once("MessageRetentionPeriod: ").expect("a retention").1;
        kept.lines().next().unwrap().parse().unwrap()
    };
    let queues = resources(&template, "AWS::SQS::Queue");
    for name in queues.iter().filter(|name| !name.ends_with("DeadLetterQueue")) {
        let dead_letters = format!("{}DeadLetterQueue", name.strip_suffix("Queue").unwrap());
        let redrive = format!("deadLetterTargetArn: !GetAtt {dead_letters}.Arn");
        assert!(resource(&template, name).contains(&redrive), "{name}");
        assert!(seconds(name) < seconds(&dead_letters), "{name}");
    }
}

#[test]
fn nothing_is_reached_without_tls() {
    let template = text("template.yaml");
    for (kind, action) in
        [("AWS::S3::Bucket", "s3:*"), ("AWS::SNS::Topic", "sns:Publish"), ("AWS::SQS::Queue", "sqs:*")]
    {
        for name in resources(&template, kind) {
            let policy = resource(&template, &format!("{name}Policy"));
            let denies = statements(policy).any(|statement| {
                statement.starts_with("OnlyOverTls\n")
                    && statement.contains("Effect: Deny\n")
                    && statement.contains("Principal: \"*\"\n")
                    && actions(statement).contains(action)
                    && statement.contains(name)
                    && statement.contains("Bool:\n                aws:SecureTransport: \"false\"")
            });
            assert!(denies, "{name}");
        }
    }
}

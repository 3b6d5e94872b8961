//! A CloudTrail file: `{"Records":[...]}`, most of it other services' calls.

use crate::{
    json::{object, string},
    prose::Prose,
};

/// A call that the trail records: service, operation, whether it only reads, `requestParameters`, `responseElements`.
type Operation = (&'static str, &'static str, bool, &'static str, &'static str);

const FOREIGN: &[Operation] = &[
    (
        "s3",
        "GetBucketAcl",
        true,
        r#"{"bucketName":"example-mutual-claims","Host":"example-mutual-claims.s3.eu-central-1.amazonaws.com","acl":""}"#,
        "null",
    ),
    ("s3", "ListBuckets", true, r#"{"Host":"s3.eu-central-1.amazonaws.com"}"#, "null"),
    ("iam", "GetRole", true, r#"{"roleName":"claims-app"}"#, "null"),
    ("iam", "ListAttachedRolePolicies", true, r#"{"roleName":"claims-desk"}"#, "null"),
    (
        "iam",
        "PutRolePolicy",
        false,
        r#"{"roleName":"claims-app","policyName":"logs","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"logs:PutLogEvents\"],\"Resource\":\"*\"}]}"}"#,
        "null",
    ),
    (
        "sts",
        "AssumeRole",
        true,
        r#"{"roleArn":"arn:aws:iam::444455556666:role/claims-app","roleSessionName":"claims-web-7f9c","durationSeconds":3600}"#,
        r#"{"credentials":{"accessKeyId":"ASIAHPSZITLQAEXAMPLE","sessionToken":"IQoJb3JpZ2luX2VjEXAMPLETOKEN","expiration":"Oct 8, 2026, 12:30:45 PM"},"assumedRoleUser":{"assumedRoleId":"AROA7STND3KFHEXAMPLE:claims-web-7f9c","arn":"arn:aws:sts::444455556666:assumed-role/claims-app/claims-web-7f9c"}}"#,
    ),
    (
        "kms",
        "Decrypt",
        true,
        r#"{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::example-mutual-claims/2026/10/08/7f9c"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#,
        "null",
    ),
    (
        "ec2",
        "DescribeInstances",
        true,
        r#"{"instancesSet":{},"filterSet":{"items":[{"name":"tag:app","valueSet":{"items":[{"value":"claims"}]}}]}}"#,
        "null",
    ),
    (
        "logs",
        "CreateLogStream",
        false,
        r#"{"logGroupName":"/aws/lambda/claims","logStreamName":"2026/10/08/[$LATEST]8f8e5f6f0b11"}"#,
        "null",
    ),
    (
        "lambda",
        "GetFunction20150331v2",
        true,
        r#"{"functionName":"arn:aws:lambda:eu-central-1:444455556666:function:claims"}"#,
        "null",
    ),
];

/// What accounts are full of.
const COMMON: &[Operation] = &[
    ("sts", "GetCallerIdentity", true, "null", "null"),
    (
        "kms",
        "GenerateDataKey",
        true,
        r#"{"keyId":"arn:aws:kms:eu-central-1:444455556666:key/0d7c1a52-6a1e-4a37-9a55-1f1f3c6b2a10","keySpec":"AES_256","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::example-mutual-claims"}}"#,
        "null",
    ),
    ("ec2", "DescribeNetworkInterfaces", true, r#"{"networkInterfaceIdSet":{},"filterSet":{}}"#, "null"),
    ("autoscaling", "DescribeAutoScalingGroups", true, r#"{"maxRecords":100}"#, "null"),
    (
        "elasticloadbalancing",
        "DescribeTargetHealth",
        true,
        r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:eu-central-1:444455556666:targetgroup/claims/0a1b2c3d4e5f6071"}"#,
        "null",
    ),
    (
        "ecr",
        "BatchGetImage",
        true,
        r#"{"repositoryName":"claims-web","imageIds":[{"imageTag":"7f9c"}]}"#,
        "null",
    ),
    ("secretsmanager", "GetSecretValue", true, r#"{"secretId":"claims/database"}"#, "null"),
    (
        "ssm",
        "UpdateInstanceInformation",
        false,
        r#"{"instanceId":"i-0a1b2c3d4e5f60718","agentVersion":"3.3.987.0","agentStatus":"Active"}"#,
        "null",
    ),
    ("monitoring", "DescribeAlarms", true, r#"{"maxRecords":100}"#, "null"),
    ("rds", "DescribeDBInstances", true, r#"{"dBInstanceIdentifier":"claims"}"#, "null"),
];

const READS: &[Operation] = &[
    ("bedrock", "GetGuardrail", true, r#"{"guardrailIdentifier":"gr4k2p9x7wzq"}"#, "null"),
    ("bedrock", "ListFoundationModels", true, "null", "null"),
    ("bedrock", "GetKnowledgeBase", true, r#"{"knowledgeBaseId":"KB7QX2M9LP"}"#, "null"),
];

const RUNTIME: &[Operation] = &[
    ("bedrock", "InvokeModel", false, r#"{"modelId":"anthropic.claude-sonnet-4-5-20250929-v1:0"}"#, "null"),
    ("bedrock", "Converse", true, r#"{"modelId":"eu.anthropic.claude-sonnet-4-5-20250929-v1:0"}"#, "null"),
    (
        "bedrock",
        "Retrieve",
        true,
        r#"{"knowledgeBaseId":"KB7QX2M9LP","retrievalQuery":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
        "null",
    ),
];

const CHANGES: &[Operation] = &[
    (
        "bedrock",
        "UpdateGuardrail",
        false,
        r#"{"guardrailIdentifier":"gr4k2p9x7wzq","name":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
        r#"{"guardrailId":"gr4k2p9x7wzq","guardrailArn":"arn:aws:bedrock:eu-central-1:444455556666:guardrail/gr4k2p9x7wzq","version":"DRAFT","updatedAt":"2026-10-05T09:12:44.731905216Z"}"#,
    ),
    (
        "bedrock",
        "UpdatePrompt",
        false,
        r#"{"promptIdentifier":"PR5T8K2M9L","name":"claims","variants":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
        r#"{"id":"PR5T8K2M9L","arn":"arn:aws:bedrock:eu-central-1:444455556666:prompt/PR5T8K2M9L","version":"DRAFT"}"#,
    ),
];

/// Writes a file of about `size` bytes in pieces.
#[derive(Debug)]
pub struct Trail {
    prose: Prose,
    size: usize,
    written: usize,
    ended: bool,
}

impl Trail {
    /// A file of about so many bytes.
    pub fn new(size: usize, seed: u64) -> Self {
        Self { prose: Prose::seeded(seed), size, written: 0, ended: false }
    }
}

impl Iterator for Trail {
    type Item = String;

    /// The next piece: a record with what stands before it, or the end.
    fn next(&mut self) -> Option<String> {
        if self.ended {
            return None;
        }
        self.ended = self.written >= self.size;
        let piece = match (self.ended, self.written) {
            (true, _) => "]}".to_owned(),
            (false, 0) => format!("{{\"Records\":[{}", event(&mut self.prose)),
            (false, _) => format!(",{}", event(&mut self.prose)),
        };
        self.written += piece.len();
        Some(piece)
    }
}

fn event(prose: &mut Prose) -> String {
    let operations = match prose.number(0..=499) {
        0 => CHANGES,
        1..=35 => READS,
        36..=70 => RUNTIME,
        71..=249 => COMMON,
        _ => FOREIGN,
    };
    let (service, name, reads, request, response) = prose.one_of(operations);
    let source = format!("{service}.amazonaws.com");
    object([
        ("eventVersion", string("1.11")),
        ("userIdentity", identity(prose)),
        ("eventTime", string(&prose.moment())),
        ("eventSource", string(&source)),
        ("eventName", string(name)),
        ("awsRegion", string("eu-central-1")),
        ("sourceIPAddress", string(&format!("10.20.{}.{}", prose.number(0..=255), prose.number(0..=255)))),
        (
            "userAgent",
            string(&format!("aws-sdk-rust/1.3.9 ua/2.1 api/{service}/1.109.0 os/linux lang/rust/1.90.0")),
        ),
        ("requestParameters", request.to_owned()),
        ("responseElements", response.to_owned()),
        ("requestID", string(&prose.uuid())),
        ("eventID", string(&prose.uuid())),
        ("readOnly", reads.to_string()),
        ("eventType", string("AwsApiCall")),
        ("managementEvent", "true".to_owned()),
        ("recipientAccountId", string("444455556666")),
        ("eventCategory", string("Management")),
        (
            "tlsDetails",
            format!(
                r#"{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{service}.eu-central-1.amazonaws.com"}}"#
            ),
        ),
    ])
}

fn identity(prose: &mut Prose) -> String {
    let role = prose.one_of(&[
        "claims-app",
        "claims-desk",
        "letters",
        "AWSReservedSSO_BedrockAdmin_0a1b2c3d4e5f6071",
    ]);
    let session = prose.name(12);
    let issuer = format!("arn:aws:iam::444455556666:role/{role}");
    let attributes = format!(r#"{{"creationDate":"{}","mfaAuthenticated":"false"}}"#, prose.moment());
    object([
        ("type", string("AssumedRole")),
        ("principalId", string(&format!("AROA7STND3KFHEXAMPLE:{session}"))),
        ("arn", string(&format!("arn:aws:sts::444455556666:assumed-role/{role}/{session}"))),
        ("accountId", string("444455556666")),
        ("accessKeyId", string("ASIAHPSZITLQAEXAMPLE")),
        (
            "sessionContext",
            object([
                (
                    "sessionIssuer",
                    object([
                        ("type", string("Role")),
                        ("principalId", string("AROA7STND3KFHEXAMPLE")),
                        ("arn", string(&issuer)),
                        ("accountId", string("444455556666")),
                        ("userName", string(role)),
                    ]),
                ),
                ("attributes", attributes),
            ]),
        ),
    ])
}

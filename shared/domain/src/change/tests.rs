use super::*;

fn fixture(name: &str) -> TrailEvent {
    let path = format!("{}/../../events/changes/{name}.json", env!("CARGO_MANIFEST_DIR"));
    read(&std::fs::read_to_string(path).unwrap())
}

fn read(record: &str) -> TrailEvent {
    let location = ObjectLocation::object("audit", "events/x.json");
    TrailEvent::read(record.as_bytes(), 1, &location, Origin::Eventbridge, &Watching::default()).unwrap().0
}

fn change(name: &str) -> Change {
    match fixture(name) {
        TrailEvent::Change(change) => *change,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn resources_are_named_by_id_whatever_the_record_holds() {
    let cases = [
        ("UpdateGuardrail", "guardrail", "gr4k2p9x7wzq", Some("DRAFT")),
        ("DeleteGuardrail.version", "guardrail", "gr4k2p9x7wzq", None),
        ("UpdatePrompt", "prompt", "PRMT8X2KQ9", Some("DRAFT")),
        (
            "DeleteModelInvocationLoggingConfiguration",
            "model-invocation-logging-configuration",
            "default",
            None,
        ),
        ("CreateGuardrail.denied", "guardrail", "unknown", None),
        ("PutFoundationModelEntitlement", "unknown", "PutFoundationModelEntitlement", None),
    ];
    for (name, kind, id, version) in cases {
        let resource = change(name).resource;
        assert_eq!(resource.kind, kind, "{name}");
        assert_eq!(resource.id, id, "{name}");
        if version.is_some() {
            assert_eq!(resource.version.as_deref(), version, "{name}");
        }
        assert_eq!(resource.to_string(), format!("444455556666/eu-central-1/{kind}/{id}"), "{name}");
    }
    assert!(change("DeleteGuardrail.version").resource.version.is_some());
    assert!(change("UpdatePrompt").resource.arn.is_some());
}

#[test]
fn denied_attempts_and_unknown_operations_are_recorded() {
    let denied = change("CreateGuardrail.denied");
    assert_eq!((denied.outcome, denied.severity), (Outcome::Denied, Severity::Medium));
    let unknown = change("PutFoundationModelEntitlement");
    assert_eq!((unknown.outcome, unknown.severity), (Outcome::Succeeded, Severity::Medium));
    let by_root = change("DeleteEnforcedGuardrailConfiguration");
    assert_eq!(by_root.severity, Severity::Critical);
    let hidden = change("omitted");
    assert!(hidden.omitted);
    assert_eq!(hidden.severity, Severity::High);
}

/// Of an IAM user a record knows whether there was a second factor; of a role's session it may not.
/// What the stack's own custom resource does is a deployment; a role of another name, or another call, is none.
#[test]
fn the_invocation_log_configured_by_the_stack_is_a_deployment() {
    let session = |role: &str| format!("arn:aws:sts::444455556666:assumed-role/{role}/f");
    let by = |name: &str, role: &str| {
        let path = format!("{}/../../events/changes/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let mut event: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        event["detail"]["userIdentity"] = serde_json::json!({"type": "AssumedRole", "arn": session(role)});
        let change = change_of(&event);
        (change.deployment, change.severity)
    };
    let (put, delete) =
        ("PutModelInvocationLoggingConfiguration", "DeleteModelInvocationLoggingConfiguration");
    let own = "bedrock-audit-ConfigureLoggingRole-1ABC2DEF";
    assert_eq!(by(put, own), (true, Severity::Medium));
    assert_eq!(by(delete, own), (true, Severity::Critical), "the log ends all the same");
    for other in [
        "bedrock-audit-RecordChangesRole-1ABC",
        "x-bedrock-audit-ConfigureLoggingRole-1ABC",
        "claims-operations",
    ] {
        assert_eq!(by(put, other), (false, Severity::High), "{other}");
    }
    assert!(!by("UpdateGuardrail", own).0, "it configures nothing else");
}

#[test]
fn a_missing_second_factor_counts_where_cloudtrail_knows() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/changes/DeleteGuardrail.version.json");
    let with = std::fs::read_to_string(path).unwrap();
    let without = with.replace(r#""mfaAuthenticated": "true""#, r#""mfaAuthenticated": "false""#);
    assert_ne!(with, without);
    for (record, expected) in [
        (with.as_str(), Severity::High),
        (&without, Severity::Critical),
        (&without.replace("IAMUser", "AssumedRole"), Severity::High),
        (&without.replace("DeleteGuardrail", "CreateGuardrail"), Severity::Medium),
    ] {
        let TrailEvent::Change(change) = read(record) else { panic!("no change") };
        assert_eq!(change.severity, expected, "{:?} {:?}", change.event_name, change.mfa);
    }
}

#[test]
fn inference_is_no_change_even_where_a_record_calls_it_not_read_only() {
    assert!(matches!(fixture("InvokeModel.miss"), TrailEvent::Call(_)));
}

#[test]
fn the_seeds_own_example_is_accepted() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/incident/changes/03-UpdatePrompt-draft.json");
    let envelope = std::fs::read_to_string(path).unwrap();
    let TrailEvent::Change(change) = read(&envelope) else { panic!("no change") };
    assert_eq!(change.account_id, "123456789");
    assert_eq!(change.principal.name.as_deref(), Some("alice@company.com"));
    assert!(change.event_id.starts_with("sha256-") && change.event_id.len() == 23);
    assert_eq!(change.request_id, change.event_id);

    // bare, and laid out in another way: still the same event
    let value: serde_json::Value = serde_json::from_str(&envelope).unwrap();
    let TrailEvent::Change(bare) = read(&value["detail"].to_string()) else { panic!("no change") };
    assert_eq!(bare.event_id, change.event_id);
}

#[test]
fn the_shared_event_id_goes_before_the_event_id() {
    let record = |ids: &str| {
        let json = format!(
            r#"{{"eventName":"UpdatePrompt","eventSource":"bedrock.amazonaws.com","eventTime":"2026-01-01T00:00:00Z"{ids}}}"#
        );
        match read(&json) {
            TrailEvent::Change(change) => (change.event_id, change.request_id),
            other => panic!("{other:?}"),
        }
    };
    let ids = |event: &str, request: &str| (event.to_owned(), request.to_owned());
    assert_eq!(record(r#","sharedEventID":"s","eventID":"e","requestID":"r""#), ids("s", "r"));
    assert_eq!(record(r#","eventID":"e""#), ids("e", "e"));
}

#[test]
fn what_is_no_call_is_told_apart_from_what_is_broken() {
    let other = r#"{"detail-type":"Batch Inference Job State Change","source":"aws.bedrock","detail":{}}"#;
    assert_eq!(read(other), TrailEvent::NoChange("no api call by cloudtrail"));
    let location = ObjectLocation::file("/x");
    for broken in [
        r#"{"detail-type":"AWS API Call via CloudTrail","detail":"x"}"#,
        r#"{"eventName":"UpdatePrompt"}"#,
        r#"{"eventName":"UpdatePrompt","eventSource":"bedrock.amazonaws.com","eventTime":"soon"}"#,
        "[]",
    ] {
        let result = TrailEvent::read(broken.as_bytes(), 1, &location, Origin::Import, &Watching::default());
        assert!(matches!(result, Err(Unread::Refused { .. })), "{broken}: {result:?}");
    }
}

/// The original and what amends it lie in one partition, each under its own id.
#[test]
fn an_addendum_is_stored_beside_the_event_that_it_amends() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/addendum.json");
    let file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let [original, amending, late] = [0, 1, 2].map(|nth| change_of(&file["Records"][nth]));
    assert_eq!(original.addendum, None);
    assert_eq!(amending.request_id, original.request_id);
    assert_ne!(amending.event_id, original.event_id);
    assert_eq!(
        amending.resource.version.as_deref(),
        Some("DRAFT"),
        "the original has no answer to read it from"
    );
    let addendum = amending.addendum.unwrap();
    assert_eq!(addendum.original_event_id.as_ref(), Some(&original.event_id));
    let told = format!("event {} (UPDATED_DATA: responseElements)", original.event_id);
    assert_eq!(addendum.amends(), Some(told));

    // one that is only late amends nothing
    assert_ne!(late.request_id, original.request_id);
    let addendum = late.addendum.unwrap();
    assert_eq!((addendum.reason.as_deref(), addendum.amends()), (Some("DELIVERY_DELAY"), None));
}

#[test]
fn an_addendum_with_the_ids_of_its_original_is_not_taken_for_it() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/addendum.json");
    let mut file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let [original, amending] = [0, 1].map(|nth| {
        let record = &mut file["Records"][nth];
        record["sharedEventID"] = "b1a2c3d4-0000-4000-8000-000000000001".into();
        record.clone()
    });
    assert_eq!(change_of(&amending).event_id, amending["eventID"]);
    assert_eq!(change_of(&original).event_id, original["sharedEventID"]);
    let mut same = amending;
    same["eventID"] = original["eventID"].clone();
    same["addendum"]["updatedFields"] = serde_json::json!(["responseElements", "errorCode"]);
    let same = change_of(&same);
    assert!(same.event_id.starts_with("sha256-"), "{}", same.event_id);
    assert_eq!(same.addendum.unwrap().updated_fields.as_deref(), Some("responseElements, errorCode"));
}

fn change_of(record: &serde_json::Value) -> Change {
    match read(&record.to_string()) {
        TrailEvent::Change(change) => *change,
        other => panic!("{other:?}"),
    }
}

/// What was left out for its size is no content: the resource comes from what remains (FORMATS 5.4).
#[test]
fn an_omitted_request_answer_or_more_leaves_what_remains() {
    let marker = serde_json::json!({"reason": "too large", "omitted": "true", "originalSize": "149893"});
    let answer = serde_json::json!({"guardrailId": "gr4k2p9x7wzq", "version": "DRAFT"});
    let arn = "arn:aws:bedrock:eu-central-1:444455556666:guardrail/gr4k2p9x7wzq";
    let record = |request: &serde_json::Value, response: &serde_json::Value, arn: &str| {
        change_of(&serde_json::json!({
            "eventName": "UpdateGuardrail", "eventSource": "bedrock.amazonaws.com", "eventTime": "2026-10-13T12:02:41Z",
            "requestParameters": request, "responseElements": response, "additionalEventData": marker,
            "resources": [
                {"ARN": "arn:aws:kms:eu-central-1:444455556666:key/1", "type": "AWS::KMS::Key"},
                {"ARN": "arn:aws:bedrock:eu-central-1:444455556666:prompt/PRMT8X2KQ9"},
                {"ARN": arn, "accountId": "444455556666", "type": "AWS::Bedrock::Guardrail"},
            ],
        }))
    };
    let change = record(&marker, &answer, "");
    assert!(change.omitted && change.severity >= Severity::High);
    assert_eq!((change.resource.id.as_str(), change.resource.arn), ("gr4k2p9x7wzq", None));
    let change = record(&marker, &marker, arn);
    assert!(change.omitted && change.severity >= Severity::High);
    assert_eq!((change.resource.id.as_str(), change.resource.arn.as_deref()), ("gr4k2p9x7wzq", Some(arn)));
    assert_eq!(change.principal, Principal::default());
    let change = record(&serde_json::json!({"guardrailIdentifier": arn}), &marker, "");
    assert!(!change.omitted);
    assert_eq!((change.resource.id.as_str(), change.resource.arn.as_deref()), ("gr4k2p9x7wzq", Some(arn)));
    assert_eq!(record(&marker, &marker, "").resource.id, "unknown");
}

#[test]
fn nested_ids_keep_their_known_parts() {
    let record = |name: &str, request: serde_json::Value, resources: serde_json::Value| {
        let change = change_of(&serde_json::json!({
            "eventName": name, "eventSource": "bedrock.amazonaws.com", "eventTime": "2026-10-13T12:02:41Z",
            "errorCode": "AccessDenied", "requestParameters": request, "resources": resources,
        }));
        (change.resource.id, change.resource.version)
    };
    let id = |id: &str, version: Option<&str>| (id.to_owned(), version.map(str::to_owned));
    let none = || serde_json::json!([]);
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let cases = [
        (
            "CreateAgentAlias",
            r#"{"agentId":"AGNT5T7WQ2","agentAliasName":"live"}"#,
            id("AGNT5T7WQ2:unknown", None),
        ),
        ("CreateAgentAlias", "null", id("unknown", None)),
        ("StartIngestionJob", r#"{"knowledgeBaseId":"K","dataSourceId":"D"}"#, id("K:D:unknown", None)),
        (
            "UpdatePrompt",
            r#"{"promptIdentifier":"arn:aws:bedrock:r:1:prompt/PRMT8X2KQ9:3"}"#,
            id("PRMT8X2KQ9", Some("3")),
        ),
        (
            "DeleteAutomatedReasoningPolicyTestCase",
            r#"{"policyArn":"arn:aws:bedrock:r:1:automated-reasoning-policy/p:2","testCaseId":"t"}"#,
            id("p:t", None),
        ),
        ("DeletePrompt", r#"{"promptIdentifier":"P","promptVersion":2}"#, id("P", Some("2"))),
        (
            "SynchronizeGatewayTargets",
            r#"{"gatewayIdentifier":"g","targetIdList":["a","b"]}"#,
            id("g:unknown", None),
        ),
        (
            "CreateFoundationModelAgreement",
            r#"{"modelId":"arn:aws:bedrock:r::foundation-model/a.b-v1:0"}"#,
            id("a.b-v1:0", None),
        ),
    ];
    for (name, request, expected) in cases {
        assert_eq!(record(name, json(request), none()), expected, "{name} {request}");
    }
    let alias =
        json(r#"[{"ARN":"arn:aws-us-gov:bedrock:us-gov-west-1:1:agent-alias/AGNT5T7WQ2/ALIA3C9XW1"}]"#);
    assert_eq!(record("UpdateAgentAlias", json("null"), alias.clone()), id("AGNT5T7WQ2:ALIA3C9XW1", None));
    assert_eq!(record("UpdateAgent", json("null"), alias), id("unknown", None), "an ARN of another kind");
}

#[test]
fn digests_and_insights_are_no_calls_and_no_rejects() {
    let insight = r#"{"eventVersion":"1.07","eventTime":"2026-10-13T12:02:00Z","eventType":"AwsCloudTrailInsight",
        "insightDetails":{"eventSource":"bedrock.amazonaws.com","eventName":"UpdateGuardrail"},"eventCategory":"Insight"}"#;
    assert_eq!(read(insight), TrailEvent::NoChange("a cloudtrail insight"));
    let digest = r#"{"awsAccountId":"444455556666","digestStartTime":"2026-10-13T11:00:00Z","logFiles":[]}"#;
    assert_eq!(read(digest), TrailEvent::NoChange("a cloudtrail digest"));
}

#[test]
fn flags_and_times_are_read_however_they_are_written() {
    let record = |name: &str, more: &str| {
        read(&format!(r#"{{"eventName":"{name}","eventSource":"bedrock-agentcore.amazonaws.com",{more}}}"#))
    };
    let panther = r#""eventTime":"2025-01-21 17:39:10.000000000","readOnly":"false""#;
    let TrailEvent::Change(change) = record("InventSomething", panther) else { panic!("no change") };
    assert_eq!(change.occurred_at.to_string(), "2025-01-21T17:39:10Z");
    assert_eq!(change.resource.short(), "unknown/InventSomething");
    let fraction = r#""eventTime":"2025-01-21T17:39:10.379Z","readOnly":"true""#;
    assert_eq!(record("InventSomething", fraction), TrailEvent::NoChange("a reading call"));
    assert!(matches!(record("InvokeAgentRuntime", panther), TrailEvent::Call(_)));
}

#[test]
fn an_arn_names_all_under_which_its_changes_are_recorded() {
    let names = |resource: &str| {
        let names = names_of_arn(&format!("arn:aws:bedrock:eu-central-1:444455556666:{resource}"));
        names.into_iter().map(|(kind, id)| format!("{kind}/{id}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("guardrail/g"), "guardrail/g guardrail-version/g resource-policy/g tag/g");
    assert_eq!(names("prompt/P:3"), "prompt/P prompt-version/P resource-policy/P tag/P");
    assert_eq!(names("agent-alias/A/B"), "agent-alias/A:B resource-policy/B tag/B");
    assert_eq!(names("provisioned-model/x"), "provisioned-model-throughput/x resource-policy/x tag/x");
    assert_eq!(
        names("model-customization-job/a.b:0:4k/j"),
        "model-customization-job/j resource-policy/j tag/j"
    );
}

#[test]
fn what_was_noticed_has_one_id_for_one_notice_and_nobody_behind_it() {
    let resource = change("UpdateGuardrail").resource;
    let at = "2026-10-15T14:07:21Z".parse().unwrap();
    let noticed = |identity| Change::noticed("Drift", resource.clone(), Severity::High, at, identity, b"{}");
    assert_eq!(noticed("a"), noticed("a"));
    assert_ne!(noticed("a").event_id, noticed("b").event_id);
    assert_eq!(noticed("a").principal.best(), "unknown");
    assert_eq!(noticed("a").origin, Origin::Baseline);
}

/// Management events and data events alike: what is called stands in CloudTrail's list, or in the request.
#[test]
fn a_runtime_call_says_who_called_what_from_where() {
    let call = |members: &str| {
        let record = format!(
            r#"{{"eventTime":"2026-10-15T15:01:02Z","eventSource":"bedrock.amazonaws.com","awsRegion":"eu-central-1",
                "sourceIPAddress":"203.0.113.9","userAgent":"boto3","recipientAccountId":"444455556666",
                "userIdentity":{{"type":"AssumedRole","arn":"arn:aws:sts::444455556666:assumed-role/app/s1"}},{members}}}"#
        );
        match read(&record) {
            TrailEvent::Call(call) => *call,
            other => panic!("{other:?}"),
        }
    };
    let model = call(
        r#""eventName":"Converse","readOnly":true,"eventCategory":"Management","eventID":"e1","requestID":"r1",
           "requestParameters":{"modelId":"amazon.nova-lite-v1:0"},"errorCode":"ThrottlingException""#,
    );
    assert_eq!(model.operation, "Converse");
    assert_eq!((model.event_id.as_str(), model.common.request_id.as_str()), ("e1", "r1"));
    assert_eq!(model.resource.as_deref(), Some("amazon.nova-lite-v1:0"));
    assert_eq!(model.source_ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(model.error_code.as_deref(), Some("ThrottlingException"));
    assert_eq!(model.common.principal.session.as_deref(), Some("s1"));
    let retrieve = call(
        r#""eventName":"Retrieve","eventCategory":"Data","sharedEventID":"s","eventID":"e2","requestParameters":null,
           "resources":[{"type":"AWS::Bedrock::KnowledgeBase","ARN":"arn:aws:bedrock:eu-central-1:444455556666:knowledge-base/KB1"}]"#,
    );
    let arn = "arn:aws:bedrock:eu-central-1:444455556666:knowledge-base/KB1";
    assert_eq!(retrieve.resource.as_deref(), Some(arn));
    assert_eq!((retrieve.event_id.as_str(), retrieve.common.request_id.as_str()), ("s", "s"));
}

/// What lies in another account is recorded there, whoever's copy of the event comes first (FORMATS 5.4).
#[test]
fn copies_of_a_shared_event_are_one_change_of_one_resource() {
    let copy = |event_id: &str, recipient: &str| {
        let record = format!(
            r#"{{"eventTime":"2026-10-15T15:01:02Z","eventSource":"bedrock.amazonaws.com","eventName":"PutResourcePolicy",
                "awsRegion":"eu-central-1","eventID":"{event_id}","sharedEventID":"shared","requestID":"r","readOnly":false,
                "recipientAccountId":"{recipient}","userIdentity":{{"type":"AWSAccount","accountId":"111122223333"}},
                "requestParameters":{{"resourceArn":"arn:aws:bedrock:eu-central-1:444455556666:guardrail/gr4k2p9x7wzq"}}}}"#
        );
        match read(&record) {
            TrailEvent::Change(change) => *change,
            other => panic!("{other:?}"),
        }
    };
    let (theirs, ours) = (copy("a", "111122223333"), copy("b", "444455556666"));
    assert_eq!(theirs.event_id, ours.event_id);
    assert_eq!(theirs.resource, ours.resource);
    assert_eq!(ours.resource.account_id, "444455556666");
}

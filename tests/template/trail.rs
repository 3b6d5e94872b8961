//! The trail that the stack may make, and the template that sends what is reported in other regions.

use std::collections::BTreeSet;

use audit_domain::change::watch::AREAS;

use super::{list_after, resource};
use crate::text;

/// The trail by the name that its key and its bucket know before it is there.
const ARN: &str = "aws:SourceArn: !Sub arn:${AWS::Partition}:cloudtrail:${AWS::Region}:${AWS::AccountId}:trail/${AWS::StackName}-trail";

#[test]
fn the_trail_is_made_where_it_is_wanted_and_delivers_for_itself_alone() {
    let template = text("template.yaml");
    for name in ["Trail", "TrailFilesBucket", "TrailFilesBucketPolicy"] {
        assert!(resource(&template, name).contains("    Condition: MakeTrail\n"), "{name}");
    }
    let trail = resource(&template, "Trail");
    for line in [
        "TrailName: !Sub ${AWS::StackName}-trail",
        "DependsOn: TrailFilesBucketPolicy",
        "EnableLogFileValidation: true",
        "IsMultiRegionTrail: true",
        "KMSKeyId: !If [CreateKey, !GetAtt AuditKey.Arn, !Ref ExistingKeyArn]",
        "- Field: readOnly\n              Equals:\n                - \"false\"",
    ] {
        assert!(trail.contains(line), "{line}");
    }
    for (name, statements) in [("TrailFilesBucketPolicy", 2), ("AuditKey", 2)] {
        let policy = resource(&template, name);
        let bound = policy.split("- Sid: ").filter(|statement| {
            statement.contains("Service: cloudtrail.amazonaws.com") && statement.contains(ARN)
        });
        assert_eq!(bound.count(), statements, "{name}");
        assert_eq!(policy.matches("Service: cloudtrail.amazonaws.com").count(), statements, "{name}");
    }
}

/// Its files come the way of any trail's: where there is a bucket, it is read, whoever made it.
#[test]
fn the_trails_files_are_read_whoever_made_it() {
    let template = text("template.yaml");
    let bucket = "!If [MakeTrail, !Ref TrailFilesBucket, !Ref TrailBucket]";
    for name in ["IndexTrailRule", "IndexTrailRole", "WatchObjectsRule", "WatchStorageRule"] {
        let block = resource(&template, name);
        assert!(block.contains(bucket), "{name}");
        // named by itself only where it is known to be another one
        let by_itself = r#"!If [NamesTrailBucket, !Sub "arn:${AWS::Partition}:s3:::${TrailBucket}", "#;
        assert!(!block.replace(bucket, "").replace(by_itself, "").contains("TrailBucket}"), "{name}");
    }
    assert!(template.contains("  HasTrailBucket: !Or [!Condition MakeTrail, !Condition NamesTrailBucket]\n"));
}

/// What the forwarder passes is what the stack's rule takes of the same services, and what the tables know of them.
#[test]
fn what_is_forwarded_is_what_is_watched() {
    let (template, forwarder) = (text("template.yaml"), text("forwarder.yaml"));
    let (rule, watch) = (resource(&forwarder, "ForwardRule"), resource(&template, "WatchRule"));
    let sources = list_after(rule, 0, "source:\n");
    assert_eq!(sources, ["aws.cloudtrail", "aws.iam", "aws.organizations"]);
    let names: BTreeSet<_> = list_after(rule, 0, "eventName:\n").into_iter().collect();
    let is_forwarded =
        |source: &str| sources.contains(&format!("aws.{}", source.trim_end_matches(".amazonaws.com")));
    let known: BTreeSet<_> = AREAS
        .iter()
        .filter(|area| is_forwarded(area.event_source))
        .flat_map(|area| area.calls)
        .map(|call| call.event_name.to_owned())
        .collect();
    assert_eq!(names, known);
    let taken: BTreeSet<_> = list_after(watch, 0, "eventName:\n").into_iter().collect();
    assert!(names.is_subset(&taken), "{:?}", names.difference(&taken));
    assert!(sources.iter().all(|source| watch.contains(&format!("- {source}\n"))));
    let bus = "!Sub arn:${AWS::Partition}:events:${StackRegion}:${AWS::AccountId}:event-bus/default";
    assert!(rule.contains(&format!("Arn: {bus}\n          RoleArn: !GetAtt ForwardRole.Arn")));
    let role = resource(&forwarder, "ForwardRole");
    assert!(role.contains(&format!("Action: events:PutEvents\n                Resource: {bus}")));
    assert_eq!(role.matches("Action: ").count(), 2);
    let is_there = rule.contains("    Condition: IsElsewhere\n");
    assert!(is_there, "a bus that sends to itself goes round in circles");
}

//! Wherever a record points, nobody is led elsewhere.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::strategies::text;

fn path() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "s3://",
        "s3:/",
        "https://",
        "logs",
        "/",
        "/",
        "//",
        "AWSLogs/",
        "AWSLogs/111122223333/BedrockModelInvocationLogs/eu-central-1/",
        "AWSLogs/444455556666/BedrockModelInvocationLogs/us-east-1/",
        "BedrockModelInvocationLogs/",
        "eu-central-1/",
        "2026/10/07/",
        "data/",
        "/data/",
        "data",
        "../",
        "..",
        "./",
        ".",
        "%2e%2e/",
        "\\",
        "\0",
        "x_input.json.gz",
        "secret",
    ];
    const INSIDE: &str = "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-central-1/";
    let piece =
        prop_oneof![5 => select(PARTS).prop_map(str::to_owned), 3 => Just(INSIDE.to_owned()), 1 => text()];
    (prop_oneof![Just("s3://logs/"), Just("")], vec(piece, 0..9))
        .prop_map(|(head, pieces)| head.to_owned() + &pieces.concat())
}

proptest! {
    #[test]
    fn a_target_lies_where_bedrock_puts_the_bodies_of_this_account_and_region(path in path()) {
        let pointer = BodyPointer::new(BodySide::Input, path.clone(), "444455556666", "eu-central-1");
        if let Some(target) = pointer.target() {
            prop_assert_eq!(target.to_string(), path);
            let parts: Vec<_> = target.key.split('/').collect();
            prop_assert!(parts.iter().all(|part| !matches!(*part, "" | "." | "..") && !part.contains(['\\', '\0'])));
            let folder = ["AWSLogs", "444455556666", "BedrockModelInvocationLogs", "eu-central-1"];
            let at = parts.windows(4).position(|four| four == folder);
            prop_assert!(at.is_some_and(|at| parts[at + 4..].contains(&"data")));
            prop_assert_eq!(parts[parts.len() - 2], "data");
        }
    }

    #[test]
    fn allowed_places_are_whole_folders(list in "[a-z/, ]{0,12}", bucket in "[a-c]", key in "[a-c/]{0,6}") {
        if let Some(places) = AllowedPlaces::parse(&list)
            && places.hold(&ObjectLocation::object(bucket.as_str(), key.as_str()))
        {
            let object = format!("{bucket}/{key}");
            let holds = |place: &str| {
                let place = place.trim().trim_end_matches('/');
                object.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'))
            };
            prop_assert!(list.split(',').any(holds), "{} holds {}", list, object);
        }
    }
}

//! Policy documents: whether one names actions of Bedrock.

use serde_json::Value;

/// Whether an action in the document is one of Bedrock's: `bedrock:InvokeModel`, `bedrock-agentcore:*`. Bedrock in a resource,
/// a statement's id or a condition gives nobody anything, and `*` names nothing.
pub(super) fn names_bedrock(document: &str) -> bool {
    let parsed =
        serde_json::from_str::<Value>(document).or_else(|_| serde_json::from_str(&percent_decoded(document)));
    let Ok(document) = parsed else { return false };
    let statements = document.get("Statement").map(listed).unwrap_or_default();
    statements.into_iter().any(|statement| {
        ["Action", "NotAction"]
            .into_iter()
            .filter_map(|member| statement.get(member))
            .flat_map(listed)
            .filter_map(Value::as_str)
            .any(|action| action.trim().to_ascii_lowercase().starts_with("bedrock"))
    })
}

/// One, or a list of them.
fn listed(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    }
}

/// IAM's answers hold documents as a part of a URL.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::names_bedrock;

    #[test]
    fn actions_name_bedrock_and_nothing_else_does() {
        for naming in [
            r#"{"Statement":{"Effect":"Allow","Action":"bedrock:InvokeModel","Resource":"*"}}"#,
            r#"{"Statement":[{"Action":["s3:GetObject","Bedrock-AgentCore:*"]}]}"#,
            r#"{"Statement":[{"Effect":"Deny","NotAction":["bedrock:*"]}]}"#,
            "%7B%22Statement%22%3A%5B%7B%22Action%22%3A%22bedrock%3A%2A%22%7D%5D%7D",
        ] {
            assert!(names_bedrock(naming), "{naming}");
        }
        for other in [
            r#"{"Statement":[{"Sid":"bedrock","Action":"s3:*","Resource":"arn:aws:bedrock:::x"}]}"#,
            r#"{"Statement":[{"Action":"*","Condition":{"StringEquals":{"aws:x":"bedrock:y"}}}]}"#,
            r#"{"Statement":"bedrock:x"}"#,
            "%7B%2",
            "bedrock:*",
            "",
        ] {
            assert!(!names_bedrock(other), "{other}");
        }
    }
}

//! Who made a call: the human or workload behind it, resolved through role sessions, single sign-on and API keys.

use std::fmt;

use serde_json::value::RawValue;

use crate::json::{Members, boolean};

/// Who made a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// The ARN as recorded; absent for identities that have none (`IdentityCenterUser`, `AWSService`).
    pub arn: Option<String>,
    /// CloudTrail's type (`AssumedRole`, `IAMUser`, `Root`, ...); derived from the ARN where only that is recorded.
    pub kind: Option<String>,
    /// The person or workload: user name, session name, service.
    pub name: Option<String>,
    /// The role session name.
    pub session: Option<String>,
}

impl Principal {
    /// From an ARN alone, as Model Invocation Log records have it (FORMATS 1.1).
    pub fn from_arn(arn: &str) -> Self {
        let mut parts = arn.splitn(6, ':').skip(5);
        let resource = parts.next().unwrap_or_default();
        let (kind, path) = resource.split_once('/').unwrap_or((resource, ""));
        let last = path.rsplit('/').next().filter(|name| !name.is_empty());
        let (kind, name, session) = match kind {
            "assumed-role" => {
                let session = path.split_once('/').map(|(_, session)| session);
                ("AssumedRole", session.or(last), session)
            }
            "user" => ("IAMUser", last, None),
            "federated-user" => ("FederatedUser", last, None),
            "role" => ("Role", last, None),
            "root" => ("Root", Some("root"), None),
            _ => return Self { arn: some(arn), name: some(arn), ..Self::default() },
        };
        Self { arn: some(arn), kind: some(kind), name: name.and_then(some), session: session.and_then(some) }
    }

    /// From CloudTrail's `userIdentity`, every shape of FORMATS 5.3.
    pub fn from_user_identity(identity: &Members<'_>) -> Self {
        let arn = identity.text("arn").filter(|arn| !arn.is_empty());
        let mut principal = arn.as_deref().map(Self::from_arn).unwrap_or_default();
        principal.kind = identity.text("type").map(Into::into).or(principal.kind);
        if principal.session.is_none() && principal.kind.as_deref() == Some("AssumedRole") {
            principal.session = identity
                .text("principalId")
                .and_then(|id| id.split_once(':').map(|(_, session)| session.to_owned()));
        }
        let source_identity = identity.object("sessionContext").and_then(|c| c.text("sourceIdentity"));
        let behalf = identity.object("onBehalfOf").and_then(|b| b.text("userId"));
        let root = (principal.kind.as_deref() == Some("Root")).then_some("root".into());
        principal.name = source_identity
            .filter(|name| !name.is_empty())
            .or_else(|| identity.text("userName"))
            .map(String::from)
            .or(principal.session.clone())
            .or(principal.name.take().filter(|_| arn.is_some()))
            .or(root)
            .or(behalf.map(Into::into))
            .or(identity.text("invokedBy").map(Into::into))
            .or(identity.text("principalId").map(Into::into))
            .or(identity.text("accountId").map(Into::into));
        principal
    }

    /// The ARN or the best name: what the ledger keys and filters by.
    pub fn best(&self) -> &str {
        self.arn.as_deref().or(self.name.as_deref()).or(self.kind.as_deref()).unwrap_or("unknown")
    }

    /// The role or user behind the call, without its session: one caller over all its sessions.
    pub fn caller(&self) -> &str {
        let best = self.best();
        match self.session.as_deref().filter(|_| self.kind.as_deref() == Some("AssumedRole")) {
            Some(session) => {
                best.strip_suffix(session).and_then(|role| role.strip_suffix('/')).unwrap_or(best)
            }
            None => best,
        }
    }

    /// Whether somebody who types `wanted` means this one: the ARN, the name or a part of either, in any case.
    pub fn matches(&self, wanted: &str) -> bool {
        let wanted = wanted.to_lowercase();
        [&self.arn, &self.name, &self.session]
            .into_iter()
            .flatten()
            .any(|known| known.to_lowercase().contains(&wanted))
    }

    /// Whether this is the account's root user.
    pub fn is_root(&self) -> bool {
        self.kind.as_deref() == Some("Root")
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.arn) {
            (Some(name), Some(arn)) if name != arn => write!(f, "{name} ({arn})"),
            _ => f.write_str(self.best()),
        }
    }
}

/// Whether the session had a second factor; CloudTrail writes it as text, and not for every identity.
pub fn multi_factor(identity: &Members<'_>) -> Option<bool> {
    let at = identity.at(&["sessionContext", "attributes", "mfaAuthenticated"]);
    at.and_then(|raw: &RawValue| boolean(raw))
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(identity: &str, name: Option<&str>, session: Option<&str>, best: &str) {
        let raw = RawValue::from_string(identity.to_owned()).unwrap();
        let principal = Principal::from_user_identity(&Members::of(&raw).unwrap());
        assert_eq!(principal.name.as_deref(), name, "{identity}");
        assert_eq!(principal.session.as_deref(), session, "{identity}");
        assert_eq!(principal.best(), best, "{identity}");
    }

    #[test]
    fn the_person_behind_every_identity_type() {
        let user = "arn:aws:iam::123456789:user/alice@company.com";
        check(
            &format!(r#"{{"type":"IAMUser","arn":"{user}","userName":"alice@company.com"}}"#),
            Some("alice@company.com"),
            None,
            user,
        );
        let sso = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0a1b/kim@example.com";
        check(
            &format!(r#"{{"type":"AssumedRole","principalId":"AROAX:kim@example.com","arn":"{sso}"}}"#),
            Some("kim@example.com"),
            Some("kim@example.com"),
            sso,
        );
        check(
            &format!(r#"{{"type":"AssumedRole","arn":"{sso}","sessionContext":{{"sourceIdentity":"kim"}}}}"#),
            Some("kim"),
            Some("kim@example.com"),
            sso,
        );
        check(
            r#"{"type":"IdentityCenterUser","accountId":"111122223333","onBehalfOf":{"userId":"544894e8-80c1-707f","identityStoreArn":"arn:aws:identitystore::1:identitystore/d-9"}}"#,
            Some("544894e8-80c1-707f"),
            None,
            "544894e8-80c1-707f",
        );
        check(
            r#"{"type":"AWSService","invokedBy":"bedrock.amazonaws.com"}"#,
            Some("bedrock.amazonaws.com"),
            None,
            "bedrock.amazonaws.com",
        );
        check(
            r#"{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}"#,
            Some("root"),
            None,
            "arn:aws:iam::111122223333:root",
        );
        check(
            r#"{"type":"AWSAccount","principalId":"AIDAX","accountId":"444455556666"}"#,
            Some("AIDAX"),
            None,
            "AIDAX",
        );
        check("{}", None, None, "unknown");
    }

    #[test]
    fn a_caller_is_the_role_without_its_session() {
        let role = Principal::from_arn("arn:aws:sts::1:assumed-role/claims-app/web-7f9c");
        assert_eq!(role.caller(), "arn:aws:sts::1:assumed-role/claims-app");
        assert_eq!(role.name.as_deref(), Some("web-7f9c"));
        let user = Principal::from_arn("arn:aws:iam::1:user/path/bob");
        assert_eq!(user.caller(), "arn:aws:iam::1:user/path/bob");
        assert_eq!(user.name.as_deref(), Some("bob"));
        assert!(user.matches("BOB") && !user.matches("alice"));
        assert_eq!(Principal::from_arn("<arn>").best(), "<arn>");
    }
}

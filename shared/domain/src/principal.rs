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
    /// The service that made the call for them (`cloudformation.amazonaws.com`).
    pub invoked_by: Option<String>,
    /// What they showed instead of a signature or a role of their own: `bedrock-api-key`, `web-identity <who vouched>`.
    pub credential: Option<String>,
}

/// The credential of calls with a Bedrock API key, which whoever holds it may use.
pub const API_KEY: &str = "bedrock-api-key";

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
        Self {
            arn: some(arn),
            kind: some(kind),
            name: name.and_then(some),
            session: session.and_then(some),
            ..Self::default()
        }
    }

    /// From CloudTrail's `userIdentity`, every shape of FORMATS 5.3, and its `additionalEventData`.
    pub fn from_user_identity(identity: &Members<'_>, more: &Members<'_>) -> Self {
        let text = |name: &str| identity.text(name).filter(|text| !text.is_empty()).map(String::from);
        let context = identity.object("sessionContext").unwrap_or_default();
        let of_arn = text("arn").as_deref().map(Self::from_arn).unwrap_or_default();
        let kind = text("type").or(of_arn.kind);
        let is_session = kind.as_deref() == Some("AssumedRole");
        let session =
            of_arn.session.or_else(|| text("principalId").filter(|_| is_session).and_then(session_of));
        // a session that has no ARN of its own still shows its role
        let issuer = context.object("sessionIssuer").and_then(|issuer| issuer.text("arn")).map(String::from);
        let fixed = (kind.as_deref() == Some("Root")).then(|| "root".to_owned());
        let behalf = identity.object("onBehalfOf").and_then(|behalf| behalf.text("userId"));
        Self {
            name: fixed
                .or(context.text("sourceIdentity").filter(|name| !name.is_empty()).map(String::from))
                .or_else(|| text("userName"))
                .or_else(|| session.clone())
                .or(of_arn.name)
                .or(behalf.map(String::from))
                .or_else(|| text("invokedBy"))
                .or_else(|| text("principalId"))
                .or_else(|| text("accountId")),
            arn: of_arn.arn.or(issuer.filter(|_| is_session)),
            kind,
            session,
            invoked_by: text("invokedBy"),
            credential: credential(&context, more),
        }
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
            (Some(name), Some(arn)) if name != arn => write!(f, "{name} ({arn})")?,
            _ => f.write_str(self.best())?,
        }
        if let Some(service) = self.invoked_by.as_deref().filter(|service| *service != self.best()) {
            write!(f, ", through {service}")?;
        }
        match &self.credential {
            Some(credential) => write!(f, ", by {credential}"),
            None => Ok(()),
        }
    }
}

/// Whether the session had a second factor; CloudTrail writes it as text, and not for every identity.
pub fn multi_factor(identity: &Members<'_>) -> Option<bool> {
    let at = identity.at(&["sessionContext", "attributes", "mfaAuthenticated"]);
    at.and_then(|raw: &RawValue| boolean(raw))
}

fn credential(context: &Members<'_>, more: &Members<'_>) -> Option<String> {
    if more.get("callWithBearerToken").and_then(boolean) == Some(true) {
        return Some(API_KEY.to_owned());
    }
    let federation = context.object("webIdFederationData")?;
    let provider = federation.text("federatedProvider").filter(|provider| !provider.is_empty())?;
    let (_arn, host) = provider.rsplit_once("oidc-provider/").unwrap_or(("", &provider));
    Some(format!("web-identity {host}"))
}

/// The session in `AROA...:session`.
fn session_of(principal_id: String) -> Option<String> {
    principal_id.split_once(':').and_then(|(_, session)| some(session))
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One case per shape of `userIdentity`, as data.
    #[test]
    fn the_person_behind_every_identity_shape() {
        let cases = include_str!("../../../events/identities.ndjson");
        for line in cases.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let raw = RawValue::from_string(line.to_owned()).unwrap();
            let record = Members::of(&raw).unwrap();
            let identity = record.object("userIdentity").unwrap_or_default();
            let more = record.object("additionalEventData").unwrap_or_default();
            let principal = Principal::from_user_identity(&identity, &more);
            let found = serde_json::json!({
                "arn": principal.arn, "type": principal.kind, "name": principal.name, "session": principal.session,
                "invoked_by": principal.invoked_by, "credential": principal.credential,
            });
            assert_eq!(found, case["expected"], "{}", case["name"]);
        }
        assert!(cases.lines().count() >= 20);
    }

    #[test]
    fn who_is_told_with_what_stood_between() {
        let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        let check = |identity: &str, more: &str, told: &str| {
            let (identity, more) = (raw(identity), raw(more));
            let (identity, more) = (Members::of(&identity).unwrap(), Members::of(&more).unwrap());
            assert_eq!(Principal::from_user_identity(&identity, &more).to_string(), told);
        };
        check("{}", "{}", "unknown");
        check(r#"{"type":"AWSService","invokedBy":"bedrock.amazonaws.com"}"#, "{}", "bedrock.amazonaws.com");
        check(
            r#"{"type":"IAMUser","arn":"arn:aws:iam::1:user/kim","invokedBy":"cloudformation.amazonaws.com"}"#,
            "{}",
            "kim (arn:aws:iam::1:user/kim), through cloudformation.amazonaws.com",
        );
        check(
            r#"{"type":"IAMUser","arn":"arn:aws:iam::1:user/kim"}"#,
            r#"{"callWithBearerToken":"true"}"#,
            "kim (arn:aws:iam::1:user/kim), by bedrock-api-key",
        );
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

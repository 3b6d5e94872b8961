//! `changes`: who changed what.

use std::collections::{BTreeMap, BTreeSet};

use audit_domain::{
    change::{
        Change, Outcome, Resource, UNKNOWN, amended, names_of_arn,
        operations::SERVICES,
        split_identifier,
        watch::{AREAS, LOG_OBJECT},
    },
    check::CHECKS,
    ledger::record::{ChangeLine, Diff, Record},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::{CONCURRENCY, everything, months};
use crate::ports::{PortError, QueryRecords, Span};

/// Which changes are asked for.
#[derive(Clone, Debug, Default)]
pub struct ChangeQuery {
    /// `guardrail/abc123`, an ARN, or the full form.
    pub resource: Option<String>,
    /// The resource kind.
    pub kind: Option<String>,
    /// The ARN, the name, or a part of either.
    pub principal: Option<String>,
    /// What became of the call.
    pub outcome: Option<Outcome>,
    /// When; everything where it is absent.
    pub span: Option<Span>,
}

/// The changes that were asked for, newest first, with what is known of their content.
///
/// # Errors
/// Of the ports.
pub async fn changes(
    query: &ChangeQuery,
    now: Timestamp,
    ledger: &impl QueryRecords,
) -> Result<Vec<(Change, Option<Diff>)>, PortError> {
    let span = query.span.unwrap_or_else(|| everything(now));
    let wanted = query.resource.as_deref().map(ResourceName::parse);
    let lines = match wanted.as_ref().and_then(ResourceName::ledger_names) {
        Some(names) => changes_of(&names, span, ledger).await?,
        None => changes_by_time(span, ledger).await?,
    };
    let mut requests: Vec<String> = lines
        .into_iter()
        .filter(|line| query.kind.as_deref().is_none_or(|kind| kind_matches(&line.resource_kind, kind)))
        .map(|line| line.request_id)
        .collect();
    requests.sort();
    requests.dedup();
    let found: Vec<Vec<Record>> = stream::iter(requests)
        .map(|request_id| async move { ledger.records_of(&request_id).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let (mut changes, mut diffs) = (Vec::new(), Vec::new());
    for record in found.into_iter().flatten() {
        match record {
            Record::Change(change) => changes.push(*change),
            Record::Diff(diff) => diffs.push(*diff),
            _ => {}
        }
    }
    let mut changes = amended(changes);
    changes.retain(|change| {
        span.holds(change.occurred_at)
            && query.kind.as_deref().is_none_or(|kind| kind_matches(&change.resource.kind, kind))
            && query.outcome.is_none_or(|outcome| change.outcome == outcome)
            && query.principal.as_deref().is_none_or(|who| change.principal.matches(who))
            && wanted.as_ref().is_none_or(|name| name.matches(&change.resource))
    });
    changes.sort_by(|a, b| (b.occurred_at, &b.event_id).cmp(&(a.occurred_at, &a.event_id)));
    Ok(with_diffs(changes, diffs))
}

pub(super) fn with_diffs(changes: Vec<Change>, diffs: Vec<Diff>) -> Vec<(Change, Option<Diff>)> {
    let mut by_event: BTreeMap<String, Diff> =
        diffs.into_iter().map(|diff| (diff.event_id.clone(), diff)).collect();
    changes
        .into_iter()
        .map(|change| {
            let diff = by_event.remove(&change.event_id);
            (change, diff)
        })
        .collect()
}

async fn changes_of(
    names: &[String],
    span: Span,
    ledger: &impl QueryRecords,
) -> Result<Vec<ChangeLine>, PortError> {
    let mut lines = Vec::new();
    for name in names {
        lines.extend(ledger.changes_of(name, span).await?);
    }
    Ok(lines)
}

pub(super) async fn changes_by_time(
    span: Span,
    ledger: &impl QueryRecords,
) -> Result<Vec<ChangeLine>, PortError> {
    let months: Vec<Vec<ChangeLine>> = stream::iter(months(span))
        .map(|month| async move { ledger.changes_in(&month, span).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(months.into_iter().flatten().collect())
}

/// Every kind of resource that the tables of watched calls and of checks know. Others may come: calls that no table has are recorded.
pub fn known_kinds() -> BTreeSet<&'static str> {
    let operations = SERVICES.iter().flat_map(|service| service.operations).map(|of| of.kind.name);
    let watched = AREAS.iter().flat_map(|area| area.calls).map(|call| call.kind.name);
    let checked = CHECKS.iter().map(|check| check.kind);
    operations.chain(watched).chain(checked).chain([LOG_OBJECT, UNKNOWN]).collect()
}

/// Whether any of the known kinds is meant by this one.
pub fn is_known_kind(wanted: &str) -> bool {
    known_kinds().into_iter().any(|kind| kind_matches(kind, wanted))
}

/// A kind, and the versions of its resources: `guardrail` means `guardrail-version`, too.
fn kind_matches(kind: &str, wanted: &str) -> bool {
    kind == wanted || kind.strip_suffix("-version") == Some(wanted)
}

/// A resource as somebody typed it.
pub(super) struct ResourceName {
    account_and_region: Option<(String, String)>,
    /// Kinds with ids under which its changes are recorded; without a kind where only an id was typed.
    names: Vec<(Option<String>, String)>,
    arn: Option<String>,
}

impl ResourceName {
    pub(super) fn parse(typed: &str) -> Self {
        if typed.starts_with("arn:") {
            return Self::of_arn(typed);
        }
        let parts: Vec<_> = typed.splitn(4, '/').collect();
        // no kind begins like an account; ids of log groups and of objects have slashes of their own
        let is_account = |text: &str| text == "unknown" || text.starts_with(|c: char| c.is_ascii_digit());
        let (account_and_region, kind, id) = match (parts.as_slice(), typed.split_once('/')) {
            ([account, region, kind, id], _) if is_account(account) => {
                (Some(((*account).to_owned(), (*region).to_owned())), Some((*kind).to_owned()), *id)
            }
            (_, Some((kind, id))) => (None, Some(kind.to_owned()), id),
            _ => (None, None, typed),
        };
        Self { account_and_region, names: vec![(kind, id.to_owned())], arn: None }
    }

    fn of_arn(arn: &str) -> Self {
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let part = |nth: usize| parts.get(nth).copied().unwrap_or_default();
        let (kind, _) = part(5).split_once('/').unwrap_or((part(5), ""));
        let (id, _version) = split_identifier(arn);
        let mut names: Vec<_> =
            names_of_arn(arn).into_iter().map(|(kind, id)| (Some(kind.to_owned()), id)).collect();
        if names.iter().flat_map(|(kind, _)| kind).all(|kind| is_put_on(kind)) {
            names.push((Some(kind.to_owned()), id.to_owned()));
        }
        // models of AWS belong to no account
        let owned = !part(4).is_empty() && !part(3).is_empty();
        Self {
            account_and_region: owned.then(|| (part(4).to_owned(), part(3).to_owned())),
            names,
            arn: Some(arn.to_owned()),
        }
    }

    /// The partitions of `by-resource` to ask, where the name says enough.
    fn ledger_names(&self) -> Option<Vec<String>> {
        let (account, region) = self.account_and_region.as_ref()?;
        let mut partitions = Vec::new();
        for (kind, id) in &self.names {
            let kind = kind.as_ref()?;
            partitions.push(format!("{account}/{region}/{kind}/{id}"));
            // an ARN names them all
            if self.arn.is_none() {
                partitions.push(format!("{account}/{region}/{kind}-version/{id}"));
            }
        }
        Some(partitions)
    }

    /// The resources that the name means, where it says enough.
    pub(super) fn resources(&self) -> Vec<Resource> {
        let Some((account_id, region)) = &self.account_and_region else { return Vec::new() };
        let named = self.names.iter().filter_map(|(kind, id)| Some((kind.as_ref()?, id)));
        named
            .map(|(kind, id)| Resource {
                account_id: account_id.clone(),
                region: region.clone(),
                kind: kind.clone(),
                id: id.clone(),
                version: None,
                arn: self.arn.clone(),
            })
            .collect()
    }

    fn matches(&self, resource: &Resource) -> bool {
        let same_place = self
            .account_and_region
            .as_ref()
            .is_none_or(|(account, region)| *account == resource.account_id && *region == resource.region);
        same_place
            && (self.arn.is_none() || !is_put_on(&resource.kind) || self.arn == resource.arn)
            && self.names.iter().any(|(kind, id)| {
                *id == resource.id && kind.as_deref().is_none_or(|kind| kind_matches(&resource.kind, kind))
            })
    }
}

/// Tags and policies have the id of what they are put on, whatever kind that is.
fn is_put_on(kind: &str) -> bool {
    matches!(kind, "tag" | "resource-policy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_taken_as_people_name_them() {
        let names = |typed: &str| ResourceName::parse(typed).ledger_names().map(|names| names[0].clone());
        let full = Some("1/eu-west-1/guardrail/abc".to_owned());
        assert_eq!(names("1/eu-west-1/guardrail/abc"), full);
        assert_eq!(names("arn:aws:bedrock:eu-west-1:1:guardrail/abc"), full);
        assert_eq!(names("guardrail/abc"), None);
        let of = |typed: &str| ResourceName::parse(typed).names;
        let log_group = (Some("log-group".to_owned()), "/aws/lambda/a/b".to_owned());
        assert_eq!(of("log-group//aws/lambda/a/b"), std::slice::from_ref(&log_group));
        assert_eq!(of("1/eu-west-1/log-group//aws/lambda/a/b"), [log_group]);
        assert_eq!(names("arn:aws:bedrock:eu-west-1::foundation-model/a.b-v1:0"), None);
        let alias = names("arn:aws:bedrock:eu-west-1:1:agent-alias/A/B");
        assert_eq!(alias.as_deref(), Some("1/eu-west-1/agent-alias/A:B"));
        assert!(kind_matches("guardrail-version", "guardrail") && !kind_matches("guardrail", "prompt"));
    }
}

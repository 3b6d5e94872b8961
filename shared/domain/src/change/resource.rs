//! Which resource a call is about: identifiers may be an id or an ARN, in the request or only in the answer.

use std::fmt;

use serde_json::value::RawValue;

use super::operations::{self, Kind};
use crate::json::{Members, boolean, elements, scalar};

/// The resource kind of an operation that no table knows, and an id or a part of one that the record does not name.
pub const UNKNOWN: &str = "unknown";

/// What CloudTrail writes over a value that is nobody's business.
const MASK: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// ARNs of these end in the id of a model, which has colons of its own.
const NAMED_LIKE_MODELS: [&str; 3] = ["foundation-model/", "inference-profile/", "default-prompt-router/"];

/// One configuration resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The account that it belongs to.
    pub account_id: String,
    /// Its region.
    pub region: String,
    /// Its kind, in kebab case: `guardrail`, `model-invocation-logging-configuration`, `unknown`.
    pub kind: String,
    /// Its id; nested ids joined with `:`; `default` for a singleton; `unknown` where the record names none.
    pub id: String,
    /// `DRAFT`, or a number.
    pub version: Option<String>,
    /// Its ARN, where the record has it.
    pub arn: Option<String>,
}

impl Resource {
    pub(super) fn of(
        kind: Option<&Kind>,
        event_name: &str,
        parameters: &Parameters<'_>,
        account_id: &str,
        region: &str,
    ) -> Self {
        let name = match kind {
            Some(kind) => Name::of(kind, parameters),
            None => Name { id: event_name.to_owned(), version: None, arn: parameters.only_arn() },
        };
        // what lies in another account is told of in both, and is one thing
        let (account_id, region) = name.arn.as_deref().and_then(place).unwrap_or((account_id, region));
        Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            kind: kind.map_or(UNKNOWN, |kind| kind.name).to_owned(),
            id: name.id,
            version: name.version,
            arn: name.arn,
        }
    }

    /// `guardrail/abc123`: how people name it.
    pub fn short(&self) -> String {
        format!("{}/{}", self.kind, self.id)
    }
}

/// `<account>/<region>/<kind>/<id>`: how the ledger names it.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.account_id, self.region, self.kind, self.id)
    }
}

/// How a record names a resource.
struct Name {
    id: String,
    version: Option<String>,
    arn: Option<String>,
}

impl Name {
    fn of(kind: &Kind, parameters: &Parameters<'_>) -> Self {
        if kind.id.is_empty() {
            return Self { id: "default".to_owned(), version: None, arn: None };
        }
        let identifiers: Vec<_> = kind.id.iter().map(|paths| parameters.first(paths)).collect();
        let id_of =
            |identifier: &Option<String>| identifier.as_deref().map(|i| split_identifier(i).0.to_owned());
        let mut parts: Vec<_> = identifiers.iter().map(id_of).collect();
        let arn = parameters.arn(kind);
        if let Some(arn) = &arn {
            fill(&mut parts, &parts_in(arn, kind.form).unwrap_or_default());
        }
        // the version in the ARN of a parent is none of its child's
        let own = [identifiers.last().and_then(Option::as_ref), arn.as_ref()];
        let in_arn = || own.into_iter().flatten().find_map(|identifier| split_identifier(identifier).1);
        let version = parameters.first(kind.version).or_else(|| in_arn().map(str::to_owned));
        Self { id: joined(&parts), version, arn }
    }
}

/// Takes what is missing out of the parts that an ARN has; one that has fewer has the last ones.
fn fill(parts: &mut [Option<String>], of_arn: &[&str]) {
    for (part, found) in parts.iter_mut().rev().zip(of_arn.iter().rev()) {
        part.get_or_insert_with(|| (*found).to_owned());
    }
}

fn joined(parts: &[Option<String>]) -> String {
    if parts.iter().all(Option::is_none) {
        return UNKNOWN.to_owned();
    }
    parts.iter().map(|part| part.as_deref().unwrap_or(UNKNOWN)).collect::<Vec<_>>().join(":")
}

/// The id in an identifier, and the version where an ARN ends in one (`...:prompt/ABC:3`). The URL of a queue ends in its name.
pub fn split_identifier(identifier: &str) -> (&str, Option<&str>) {
    if !is_arn(identifier) {
        let is_url = identifier.starts_with("https://") || identifier.starts_with("http://");
        let name = identifier.rsplit('/').next().filter(|name| is_url && !name.is_empty());
        return (name.unwrap_or(identifier), None);
    }
    let resource = identifier.splitn(6, ':').nth(5).unwrap_or(identifier);
    if let Some(named) = split_by_type(identifier, resource) {
        return named;
    }
    let last = resource.rsplit('/').next().unwrap_or(resource);
    match last.split_once(':') {
        Some((id, version)) if !NAMED_LIKE_MODELS.iter().any(|start| resource.starts_with(start)) => {
            (id, Some(version))
        }
        _ => (last, None),
    }
}

/// Services that write their ARNs in ways of their own: the type before a colon, an id of CloudFormation's behind the name, a
/// subscription's id behind its topic.
fn split_by_type<'a>(arn: &str, resource: &'a str) -> Option<(&'a str, Option<&'a str>)> {
    if let Some(function) = resource.strip_prefix("function:") {
        return Some(
            function.split_once(':').map_or((function, None), |(name, version)| (name, Some(version))),
        );
    }
    if let Some(stack) = resource.strip_prefix("stack/") {
        return Some((stack.split('/').next().unwrap_or(stack), None));
    }
    (arn.split(':').nth(2) == Some("sns")).then_some((resource, None))
}

/// The kinds and ids under which changes of the resource with this ARN are recorded, of its tags and policies as well.
pub fn names_of_arn(arn: &str) -> Vec<(&'static str, String)> {
    let kinds = operations::watched().map(|operation| operation.kind);
    let mut names: Vec<_> = kinds
        .filter(|kind| !kind.form.is_empty())
        .filter_map(|kind| {
            let parts = parts_in(arn, kind.form).filter(|parts| parts.len() == kind.id.len())?;
            Some((kind.name, parts.join(":")))
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// What stands at each `#` of a form, where the ARN ends like it.
fn parts_in<'a>(arn: &'a str, form: &str) -> Option<Vec<&'a str>> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let (last, _version) = split_identifier(arn);
    let mut segments = std::iter::once(last).chain(resource.rsplit('/').skip(1));
    let mut parts = Vec::new();
    for wanted in form.rsplit('/') {
        match (wanted, segments.next()?) {
            ("#", segment) => parts.push(segment),
            ("*", _) => {}
            (wanted, segment) if wanted == segment => {}
            _ => return None,
        }
    }
    parts.reverse();
    Some(parts)
}

/// The account and the region in an ARN; `None` where it has not both, as those of AWS's own models.
fn place(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':').skip(3);
    let (region, account) = (parts.next()?, parts.next()?);
    (!region.is_empty() && !account.is_empty()).then_some((account, region))
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

/// What a record says of the resource: `requestParameters`, `responseElements` and `resources`.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a> {
    request: Members<'a>,
    response: Members<'a>,
    /// The ARNs in CloudTrail's own list.
    arns: Vec<String>,
    /// Whether the request was too large to be written down.
    pub(super) omitted: bool,
}

impl<'a> Parameters<'a> {
    pub(super) fn of(record: &Members<'a>) -> Self {
        let request = record.object("requestParameters").unwrap_or_default();
        Self {
            omitted: is_marker(&request),
            request: content(request),
            response: content(record.object("responseElements").unwrap_or_default()),
            arns: arns(record),
        }
    }

    /// Whether the record does not hold what was asked for: it was too large, or whoever was refused gave none.
    pub(super) fn are_hidden(&self) -> bool {
        self.omitted || self.request.is_empty()
    }

    /// Every ARN in CloudTrail's own list.
    pub(super) fn arns(&self) -> &[String] {
        &self.arns
    }

    /// The scalar at a path, or those of a list there; an object as it is written.
    pub(super) fn texts(&self, path: &str) -> Vec<String> {
        let Some(value) = self.at(path) else { return Vec::new() };
        let listed =
            || elements(value).map(|all| all.into_iter().filter_map(scalar).map(String::from).collect());
        match scalar(value) {
            Some(text) if text == MASK => Vec::new(),
            Some(text) => vec![text.into_owned()],
            None => listed().unwrap_or_else(|| vec![value.get().to_owned()]),
        }
    }

    /// Whether CloudTrail wrote something else over what stands at a path, or over what it stands in.
    pub(super) fn is_masked(&self, path: &str) -> bool {
        let mut path = Some(path);
        while let Some(at) = path.filter(|at| at.contains('.')) {
            if self.at(at).and_then(scalar).is_some_and(|text| text == MASK) {
                return true;
            }
            path = at.rsplit_once('.').map(|(parent, _)| parent);
        }
        false
    }

    /// The first value at one of the paths; a masked one is absent.
    pub(super) fn first(&self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.text(path))
    }

    /// What stands at `request.a.b` or `response.a.b`.
    fn at(&self, path: &str) -> Option<&'a RawValue> {
        let mut names = path.split('.');
        let root = match names.next()? {
            "request" => &self.request,
            _ => &self.response,
        };
        root.at(&names.collect::<Vec<_>>())
    }

    /// The scalar at a path, or the only one of a list there. `=x` is no path: that is what holds where nothing is said.
    fn text(&self, path: &str) -> Option<String> {
        if let Some(default) = path.strip_prefix('=') {
            return Some(default.to_owned());
        }
        let value = self.at(path)?;
        let only = || match elements(value)?.as_slice() {
            [only] => scalar(only),
            _ => None,
        };
        scalar(value).or_else(only).filter(|text| !text.is_empty() && text != MASK).map(String::from)
    }

    fn arn(&self, kind: &Kind) -> Option<String> {
        let named = kind.arn.iter().filter_map(|path| self.text(path)).find(|text| is_arn(text));
        let fits = |arn: &&String| !kind.form.is_empty() && parts_in(arn, kind.form).is_some();
        named.or_else(|| self.arns.iter().filter(is_bedrocks).find(fits).cloned())
    }

    /// The ARN in CloudTrail's list, where it is the only one.
    pub(super) fn only_arn(&self) -> Option<String> {
        let mut ours = self.arns.iter().filter(is_bedrocks);
        ours.next().filter(|_| ours.next().is_none()).cloned()
    }
}

/// Roles and keys that a call needs may stand in CloudTrail's list as well.
fn is_bedrocks(arn: &&String) -> bool {
    let service = arn.split(':').nth(2).unwrap_or_default();
    service.starts_with("bedrock") || service == "sagemaker"
}

/// The ARNs in `resources`.
fn arns(record: &Members<'_>) -> Vec<String> {
    let entries = record.array("resources").unwrap_or_default();
    entries
        .into_iter()
        .filter_map(|entry| Members::of(entry)?.text("ARN").map(String::from))
        .filter(|arn| is_arn(arn))
        .collect()
}

/// CloudTrail's marker in the place of what was too large; its values are booleans or text (FORMATS 5.4).
fn is_marker(members: &Members<'_>) -> bool {
    members.get("omitted").and_then(boolean) == Some(true)
}

/// A marker is no content.
fn content(members: Members<'_>) -> Members<'_> {
    if is_marker(&members) { Members::default() } else { members }
}

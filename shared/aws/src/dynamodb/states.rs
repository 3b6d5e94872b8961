//! Texts and sightings as items of the States table.

use std::io::{Read as _, Write as _};

use audit_app::ports::NotedResource;
use audit_domain::{
    change::Resource,
    digest::Sha256,
    ledger::{
        prompt_alert::PromptAlert,
        record::SCHEMA,
        state::{Sighting, StateKey},
    },
    state::{State, Subject},
    time,
};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use jiff::Timestamp;

use super::item::{Attributes, Reader, Unreadable, Writer};

/// A text of so many bytes is kept as it is.
const PLAIN: usize = 300 << 10;
/// A text of so many compressed bytes is kept in its item; an item holds 400 KB.
const PACKED: usize = 350 << 10;

/// How the text of a system prompt is kept: never cut.
pub(super) enum KeptText {
    /// In the item.
    Inline(Attributes),
    /// In the audit bucket, under this key, with these bytes.
    Spilled { item: Attributes, key: String, bytes: Vec<u8> },
}

pub(super) fn keep_text(id: &Sha256, text: &str, expires_at: i64) -> std::io::Result<KeptText> {
    let item = keyed(&StateKey::prompt_text(id)).number("expires_at", expires_at);
    keep(item, text, || format!("system-prompts/{id}.txt.gz"))
}

/// A text in an item, packed where it is long, and beside the ledger where even that is too large.
fn keep(item: Writer, text: &str, key: impl FnOnce() -> String) -> std::io::Result<KeptText> {
    let item = item.number("bytes", text.len());
    if text.len() <= PLAIN {
        return Ok(KeptText::Inline(item.text("text", text).finish()));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    let packed = encoder.finish()?;
    if packed.len() <= PACKED {
        return Ok(KeptText::Inline(item.bytes("text_gzip", packed).finish()));
    }
    let key = key();
    Ok(KeptText::Spilled { item: item.text("text_key", &key).finish(), key, bytes: packed })
}

/// A configuration resource at a moment; it has no end.
pub(super) fn keep_state(state: &State) -> std::io::Result<KeptText> {
    let (key, resource) = (state.key(), &state.subject.resource);
    let item = named(keyed(&key).text("kind", "state"), resource)
        .text("sha256", state.sha256.as_str())
        .maybe_bool("is_tombstone", Some(state.is_tombstone))
        .moment("observed_at", state.observed_at)
        .maybe("updated_at", state.updated_at.map(time::rfc3339))
        .moment("caused_at", state.caused_at)
        .text("cause", &state.cause);
    let beside = || format!("states/{}.json.gz", state.sha256);
    keep(item, &state.document.to_string(), beside)
}

/// The state of an item, with its document, which may have lain beside the ledger.
pub(super) fn decode_state(item: &Attributes, document: &str) -> Result<State, Unreadable> {
    let item = Reader::of(item);
    let resource = read_name(&item)?;
    let subject = Subject::of_resource(&resource);
    Ok(State {
        subject: subject.ok_or_else(|| Unreadable(format!("{} has no states", resource.kind)))?,
        document: serde_json::from_str(document)
            .map_err(|_| Unreadable("its document is no json".to_owned()))?,
        sha256: item.digest("sha256")?,
        is_tombstone: item.boolean("is_tombstone").unwrap_or_default(),
        observed_at: item.moment("observed_at")?,
        updated_at: item.moment("updated_at").ok(),
        caused_at: item.moment("caused_at")?,
        cause: item.text("cause")?,
    })
}

/// A configuration resource in the list of those that were seen.
pub(super) fn encode_noted(resource: &Resource, seen_at: Timestamp, expires_at: i64) -> Attributes {
    let item = keyed(&StateKey::noted(resource)).number("expires_at", expires_at).moment("seen_at", seen_at);
    named(item, resource).finish()
}

/// The resource of such an item, and when it was seen last.
pub(super) fn decode_noted(item: &Attributes) -> Result<NotedResource, Unreadable> {
    let item = Reader::of(item);
    Ok(NotedResource { resource: read_name(&item)?, seen_at: item.moment("seen_at")? })
}

/// The first sight of a difference.
pub(super) fn encode_first_sight(key: &StateKey, seen_at: Timestamp, expires_at: i64) -> Attributes {
    keyed(key).number("expires_at", expires_at).moment("seen_at", seen_at).finish()
}

/// When that was.
pub(super) fn decode_first_sight(item: &Attributes) -> Result<Timestamp, Unreadable> {
    Reader::of(item).moment("seen_at")
}

fn named(item: Writer, resource: &Resource) -> Writer {
    item.text("resource", resource.to_string())
        .text("account_id", &resource.account_id)
        .text("region", &resource.region)
        .text("resource_kind", &resource.kind)
        .text("resource_id", &resource.id)
        .maybe("resource_version", resource.version.as_deref())
        .maybe("resource_arn", resource.arn.as_deref())
}

fn read_name(item: &Reader<'_>) -> Result<Resource, Unreadable> {
    Ok(Resource {
        account_id: item.text("account_id")?,
        region: item.text("region")?,
        kind: item.text("resource_kind")?,
        id: item.text("resource_id")?,
        version: item.maybe("resource_version"),
        arn: item.maybe("resource_arn"),
    })
}

/// A day on which there were invocations.
pub(super) fn encode_day(day: &str, expires_at: i64) -> Attributes {
    keyed(&StateKey::invocation_day(day)).number("expires_at", expires_at).finish()
}

/// The day of such an item.
pub(super) fn decode_day(item: &Attributes) -> Result<String, Unreadable> {
    Reader::of(item).text("version")
}

/// Where the text of an item is.
pub(super) enum FoundText {
    Here(String),
    Kept(String),
}

pub(super) fn find_text(item: &Attributes) -> Result<FoundText, Unreadable> {
    let item = Reader::of(item);
    if let Some(text) = item.maybe("text") {
        return Ok(FoundText::Here(text));
    }
    match item.bytes("text_gzip") {
        Some(packed) => unpack(packed).map(FoundText::Here),
        None => item.text("text_key").map(FoundText::Kept),
    }
}

pub(super) fn unpack(packed: &[u8]) -> Result<String, Unreadable> {
    let mut text = String::new();
    let read = GzDecoder::new(packed).read_to_string(&mut text);
    read.map(|_| text).map_err(|error| Unreadable(format!("its text does not inflate: {error}")))
}

pub(super) fn encode_sighting(key: &StateKey, sighting: &Sighting, expires_at: i64) -> Attributes {
    keyed(key)
        .number("expires_at", expires_at)
        .text("system_prompt_id", &sighting.system_prompt_id)
        .moment("first_seen", sighting.first_seen)
        .moment("last_seen", sighting.last_seen)
        .text("sample_request_id", &sighting.sample_request_id)
        .text("model_id", &sighting.model_id)
        .text("caller", &sighting.caller)
        .finish()
}

pub(super) fn decode_sighting(item: &Attributes) -> Result<Sighting, Unreadable> {
    let item = Reader::of(item);
    Ok(Sighting {
        system_prompt_id: item.text("system_prompt_id")?,
        first_seen: item.moment("first_seen")?,
        last_seen: item.moment("last_seen")?,
        sample_request_id: item.text("sample_request_id")?,
        model_id: item.text("model_id")?,
        caller: item.text("caller")?,
    })
}

/// The mark that the alert of a new system prompt went out.
pub(super) fn encode_prompt_alert(alert: &PromptAlert, expires_at: i64) -> Attributes {
    keyed(&alert.key())
        .number("expires_at", expires_at)
        .text("system_prompt_id", &alert.system_prompt_id)
        .text("caller", &alert.caller)
        .moment("published_at", alert.published_at)
        .text("message_id", &alert.message_id)
        .finish()
}

/// The mark of such an item.
pub(super) fn decode_prompt_alert(item: &Attributes) -> Result<PromptAlert, Unreadable> {
    let item = Reader::of(item);
    Ok(PromptAlert {
        system_prompt_id: item.text("system_prompt_id")?,
        caller: item.text("caller")?,
        published_at: item.moment("published_at")?,
        message_id: item.text("message_id")?,
    })
}

pub(super) fn keyed(key: &StateKey) -> Writer {
    Writer::new().text("subject", &key.subject).text("version", &key.version).number("schema", SCHEMA)
}

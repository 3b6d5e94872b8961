//! Attributes by name, written and read.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use jiff::Timestamp;

use audit_domain::{
    digest::Sha256,
    evidence::{Evidence, LogStream, ObjectLocation},
    time,
};

/// One item as the SDK has it.
pub type Attributes = HashMap<String, AttributeValue>;

/// Builds an item. An absent value leaves its attribute out: indexes stay sparse.
#[derive(Default)]
pub struct Writer(Attributes);

impl Writer {
    /// An empty item.
    pub fn new() -> Self {
        Self::default()
    }

    /// A text; an empty one is left out where it is no key, since index keys must not be empty.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::S(value.into()));
        self
    }

    /// A text that may be absent.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// A number.
    #[must_use]
    pub fn number(mut self, name: &str, value: impl ToString) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::N(value.to_string()));
        self
    }

    /// A number that may be absent.
    #[must_use]
    pub fn maybe_number(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self,
        }
    }

    /// A boolean that may be absent.
    #[must_use]
    pub fn maybe_bool(mut self, name: &str, value: Option<bool>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), AttributeValue::Bool(value));
        }
        self
    }

    /// A moment, RFC 3339 in UTC with milliseconds.
    #[must_use]
    pub fn moment(self, name: &str, value: Timestamp) -> Self {
        self.text(name, time::rfc3339(value))
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(mut self, name: &str, value: Vec<u8>) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::B(Blob::new(value)));
        self
    }

    /// Texts in order; none at all leaves the attribute out.
    #[must_use]
    pub fn texts(mut self, name: &str, values: &[String]) -> Self {
        if !values.is_empty() {
            let list = values.iter().cloned().map(AttributeValue::S).collect();
            self.0.insert(name.to_owned(), AttributeValue::L(list));
        }
        self
    }

    /// Texts by name; none at all leaves the attribute out.
    #[must_use]
    pub fn text_map(mut self, name: &str, values: &BTreeMap<String, String>) -> Self {
        if !values.is_empty() {
            let map = values.iter().map(|(k, v)| (k.clone(), AttributeValue::S(v.clone()))).collect();
            self.0.insert(name.to_owned(), AttributeValue::M(map));
        }
        self
    }

    /// An item within the item.
    #[must_use]
    pub fn map(mut self, name: &str, value: Writer) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::M(value.0));
        self
    }

    /// Items within the item, in order.
    #[must_use]
    pub fn maps(mut self, name: &str, values: impl Iterator<Item = Writer>) -> Self {
        let list: Vec<_> = values.map(|value| AttributeValue::M(value.0)).collect();
        if !list.is_empty() {
            self.0.insert(name.to_owned(), AttributeValue::L(list));
        }
        self
    }

    /// Where a raw record lies.
    #[must_use]
    pub fn evidence(self, name: &str, evidence: &Evidence) -> Self {
        let location = &evidence.location;
        self.map(
            name,
            Writer::new()
                .maybe("bucket", location.bucket.as_deref())
                .maybe("log_group", location.log.as_ref().map(|log| &*log.group))
                .maybe("log_stream", location.log.as_ref().map(|log| &*log.stream))
                .maybe_number("timestamp", location.log.as_ref().and_then(|log| log.timestamp))
                .text("key", &location.key)
                .maybe("version_id", location.version_id.as_deref())
                .maybe("etag", location.etag.as_deref())
                .number("ordinal", evidence.ordinal)
                .text("sha256", evidence.sha256.as_str()),
        )
    }

    /// The item.
    pub fn finish(self) -> Attributes {
        self.0
    }
}

/// An attribute is missing or of another type.
#[derive(Debug)]
pub struct Unreadable(pub String);

/// Reads an item.
pub struct Reader<'a>(&'a Attributes);

impl<'a> Reader<'a> {
    /// This item.
    pub fn of(item: &'a Attributes) -> Self {
        Self(item)
    }

    /// A text that may be absent.
    pub fn maybe(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(|value| value.as_s().ok()).cloned()
    }

    /// A text.
    ///
    /// # Errors
    /// It is missing.
    pub fn text(&self, name: &str) -> Result<String, Unreadable> {
        self.maybe(name).ok_or_else(|| missing(name))
    }

    /// A text that has one of several meanings.
    ///
    /// # Errors
    /// It is missing or has none of them.
    pub fn meaning<T>(&self, name: &str, of_name: impl Fn(&str) -> Option<T>) -> Result<T, Unreadable> {
        of_name(&self.text(name)?).ok_or_else(|| missing(name))
    }

    /// A number that may be absent.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok())
    }

    /// A boolean that may be absent.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(|value| value.as_bool().ok()).copied()
    }

    /// A moment.
    ///
    /// # Errors
    /// It is missing or no time.
    pub fn moment(&self, name: &str) -> Result<Timestamp, Unreadable> {
        time::parse(&self.text(name)?).ok_or_else(|| missing(name))
    }

    /// A digest.
    ///
    /// # Errors
    /// It is missing or no digest.
    pub fn digest(&self, name: &str) -> Result<Sha256, Unreadable> {
        self.maybe_digest(name).ok_or_else(|| missing(name))
    }

    /// A digest that may be absent.
    pub fn maybe_digest(&self, name: &str) -> Option<Sha256> {
        self.maybe(name).as_deref().and_then(Sha256::from_hex)
    }

    /// Bytes that may be absent.
    pub fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        self.0.get(name).and_then(|value| value.as_b().ok()).map(AsRef::as_ref)
    }

    /// Texts in order.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let list = self.0.get(name).and_then(|value| value.as_l().ok());
        list.into_iter().flatten().filter_map(|value| value.as_s().ok().cloned()).collect()
    }

    /// Texts by name.
    pub fn text_map(&self, name: &str) -> BTreeMap<String, String> {
        let map = self.0.get(name).and_then(|value| value.as_m().ok());
        map.into_iter().flatten().filter_map(|(k, v)| Some((k.clone(), v.as_s().ok()?.clone()))).collect()
    }

    /// An item within the item.
    pub fn map(&self, name: &str) -> Option<Reader<'a>> {
        self.0.get(name).and_then(|value| value.as_m().ok()).map(Reader)
    }

    /// Items within the item, in order.
    pub fn maps(&self, name: &str) -> Vec<Reader<'a>> {
        let list = self.0.get(name).and_then(|value| value.as_l().ok());
        list.into_iter().flatten().filter_map(|value| value.as_m().ok()).map(Reader).collect()
    }

    /// Where a raw record lies.
    ///
    /// # Errors
    /// A part of it is missing.
    pub fn evidence(&self, name: &str) -> Result<Evidence, Unreadable> {
        let evidence = self.map(name).ok_or_else(|| missing(name))?;
        Ok(Evidence {
            location: ObjectLocation {
                bucket: evidence.maybe("bucket"),
                log: evidence.maybe("log_group").map(|group| LogStream {
                    group,
                    stream: evidence.maybe("log_stream").unwrap_or_default(),
                    timestamp: evidence.number("timestamp"),
                }),
                key: evidence.text("key")?,
                version_id: evidence.maybe("version_id"),
                etag: evidence.maybe("etag"),
            },
            ordinal: evidence.number("ordinal").ok_or_else(|| missing("ordinal"))?,
            sha256: evidence.digest("sha256")?,
        })
    }
}

fn missing(name: &str) -> Unreadable {
    Unreadable(format!("attribute {name} is missing or has no meaning that this version knows"))
}

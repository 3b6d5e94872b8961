//! The record as it is written, every member optional and lenient (FORMATS 1.1).

use std::{borrow::Cow, collections::BTreeMap};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::{Side, Tokens};
use crate::{
    json::{Members, count, scalar},
    principal::Principal,
    time,
};

/// One Model Invocation Log record.
pub(super) struct Record<'a> {
    members: Members<'a>,
    /// `None` where there is none, or something else than an object.
    input: Option<Members<'a>>,
    output: Option<Members<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Record<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Members::deserialize(deserializer)?;
        let (input, output) = (members.object("input"), members.object("output"));
        Ok(Self { members, input, output })
    }
}

impl<'a> Record<'a> {
    pub(super) fn timestamp(&self) -> Option<Timestamp> {
        self.members.text("timestamp").and_then(|written| time::parse(&written))
    }

    pub(super) fn model_id(&self) -> Option<String> {
        self.filled("modelId")
    }

    pub(super) fn request_id(&self) -> Option<String> {
        self.filled("requestId")
    }

    pub(super) fn account_id(&self) -> String {
        self.filled("accountId").unwrap_or_else(|| "unknown".to_owned())
    }

    pub(super) fn region(&self) -> String {
        self.filled("region").unwrap_or_else(|| "unknown".to_owned())
    }

    pub(super) fn inference_region(&self) -> Option<String> {
        self.filled("inferenceRegion")
    }

    pub(super) fn operation(&self) -> Option<String> {
        self.filled("operation")
    }

    pub(super) fn error_code(&self) -> Option<String> {
        self.filled("errorCode")
    }

    pub(super) fn principal(&self) -> Principal {
        let arn = self.members.object("identity").and_then(|identity| identity.text("arn"));
        arn.map(|arn| Principal::from_arn(&arn)).unwrap_or_default()
    }

    pub(super) fn request_metadata(&self) -> BTreeMap<String, String> {
        let members = self.members.object("requestMetadata").unwrap_or_default();
        members
            .iter()
            .filter_map(|(name, value)| Some((name.to_owned(), scalar(value)?.into_owned())))
            .collect()
    }

    pub(super) fn tokens(&self) -> Tokens {
        let count_of = |side: &Option<Members<'a>>, name: &str| side.as_ref()?.get(name).and_then(count);
        Tokens {
            input: count_of(&self.input, "inputTokenCount"),
            output: count_of(&self.output, "outputTokenCount"),
            cache_read: count_of(&self.input, "cacheReadInputTokenCount"),
            cache_write: count_of(&self.input, "cacheWriteInputTokenCount"),
        }
    }

    pub(super) fn input(&self) -> Side<'a> {
        side(self.input.as_ref(), "inputBodyJson", "inputBodyS3Path")
    }

    pub(super) fn output(&self) -> Side<'a> {
        side(self.output.as_ref(), "outputBodyJson", "outputBodyS3Path")
    }

    /// Image and video records have facts of their own (FORMATS 1.1), of which no published record shows the values.
    pub(super) fn output_media(&self) -> BTreeMap<String, String> {
        const LONGEST: usize = 1_024;
        let members = self.output.iter().flat_map(Members::iter);
        members
            .filter(|(name, _)| name.starts_with("outputImage") || name.starts_with("outputVideo"))
            .filter_map(|(name, value)| Some((name.to_owned(), scalar(value)?.into_owned())))
            .filter(|(name, value)| name.len() + value.len() <= LONGEST)
            .take(16)
            .collect()
    }

    fn filled(&self, name: &str) -> Option<String> {
        self.members.get(name).and_then(scalar).filter(|text| !text.is_empty()).map(Cow::into_owned)
    }
}

fn side<'a>(members: Option<&Members<'a>>, body: &str, path: &str) -> Side<'a> {
    let get = |name: &str| members.and_then(|members| members.get(name));
    Side::of(members.is_some(), get(body), get(path))
}

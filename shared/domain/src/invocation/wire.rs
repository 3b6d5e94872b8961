//! The record as it is written, every member optional and lenient (FORMATS 1.1).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Side, Tokens};
use crate::{
    json::{Lenient, Members, count, scalar, text},
    principal::Principal,
    time,
};

/// One Model Invocation Log record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record<'a> {
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    account_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    region: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    inference_region: Option<&'a RawValue>,
    #[serde(borrow, default)]
    operation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error_code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    identity: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request_metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input: Lenient<Input<'a>>,
    #[serde(borrow, default)]
    output: Lenient<Members<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(borrow, default)]
    input_body_json: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_body_s3_path: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_token_count: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_read_input_token_count: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_write_input_token_count: Option<&'a RawValue>,
}

impl<'a> Record<'a> {
    pub(super) fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp.and_then(text).and_then(|written| time::parse(&written))
    }

    pub(super) fn model_id(&self) -> Option<String> {
        filled(self.model_id)
    }

    pub(super) fn request_id(&self) -> Option<String> {
        filled(self.request_id)
    }

    pub(super) fn account_id(&self) -> String {
        filled(self.account_id).unwrap_or_else(|| "unknown".to_owned())
    }

    pub(super) fn region(&self) -> String {
        filled(self.region).unwrap_or_else(|| "unknown".to_owned())
    }

    pub(super) fn inference_region(&self) -> Option<String> {
        filled(self.inference_region)
    }

    pub(super) fn operation(&self) -> Option<String> {
        filled(self.operation)
    }

    pub(super) fn error_code(&self) -> Option<String> {
        filled(self.error_code)
    }

    pub(super) fn principal(&self) -> Principal {
        let arn = self.identity.and_then(Members::of).and_then(|identity| identity.text("arn"));
        arn.map(|arn| Principal::from_arn(&arn)).unwrap_or_default()
    }

    pub(super) fn request_metadata(&self) -> BTreeMap<String, String> {
        let members = self.request_metadata.and_then(Members::of).unwrap_or_default();
        members
            .iter()
            .filter_map(|(name, value)| Some((name.to_owned(), scalar(value)?.into_owned())))
            .collect()
    }

    pub(super) fn tokens(&self) -> Tokens {
        let input = self.input.0.as_ref();
        Tokens {
            input: input.and_then(|i| i.input_token_count).and_then(count),
            output: self.output.0.as_ref().and_then(|o| o.get("outputTokenCount")).and_then(count),
            cache_read: input.and_then(|i| i.cache_read_input_token_count).and_then(count),
            cache_write: input.and_then(|i| i.cache_write_input_token_count).and_then(count),
        }
    }

    pub(super) fn input(&self) -> Side<'a> {
        let side = self.input.0.as_ref();
        Side::of(
            side.is_some(),
            side.and_then(|i| i.input_body_json),
            side.and_then(|i| i.input_body_s3_path),
        )
    }

    pub(super) fn output(&self) -> Side<'a> {
        let side = self.output.0.as_ref();
        Side::of(
            side.is_some(),
            side.and_then(|o| o.get("outputBodyJson")),
            side.and_then(|o| o.get("outputBodyS3Path")),
        )
    }

    /// Image and video records have facts of their own (FORMATS 1.1), of which no published record shows the values.
    pub(super) fn output_media(&self) -> BTreeMap<String, String> {
        const LONGEST: usize = 1_024;
        let members = self.output.0.iter().flat_map(Members::iter);
        members
            .filter(|(name, _)| name.starts_with("outputImage") || name.starts_with("outputVideo"))
            .filter_map(|(name, value)| Some((name.to_owned(), scalar(value)?.into_owned())))
            .filter(|(name, value)| name.len() + value.len() <= LONGEST)
            .take(16)
            .collect()
    }
}

fn filled(raw: Option<&RawValue>) -> Option<String> {
    raw.and_then(scalar).filter(|text| !text.is_empty()).map(|text| text.into_owned())
}

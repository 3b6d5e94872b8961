//! The notification configuration of a bucket, as it is written. The SDK drops members that it does not know, and a put
//! replaces everything: so the text itself is read, and the text itself is put.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use audit_app::ports::PortError;
use aws_sdk_s3::{Client, types::NotificationConfiguration};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};

use crate::error::port_error;

/// `s3:GetBucketNotification`.
pub(super) async fn read(client: &Client, bucket: &str) -> Result<String, PortError> {
    let action = format!("read the notifications of bucket {bucket}");
    let text = Text::default();
    let get = client.get_bucket_notification_configuration().bucket(bucket);
    let answer = get.customize().interceptor(text.clone()).send().await;
    answer.map_err(|error| port_error(&action, &error))?;
    let text = text.lock().take();
    text.ok_or_else(|| PortError::permanent(action, "the answer is no text"))
}

/// `s3:PutBucketNotification`. Where a notification of somebody else goes is not tried: one that goes nowhere any more is
/// no reason to refuse this one, and nobody gets a test message.
pub(super) async fn put(client: &Client, bucket: &str, document: &str) -> Result<(), PortError> {
    let put = client.put_bucket_notification_configuration().bucket(bucket).skip_destination_validation(true);
    let put = put.notification_configuration(NotificationConfiguration::builder().build());
    let body = document.to_owned();
    // before the request is signed
    let put = put.customize().mutate_request(move |request| {
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body.as_str());
    });
    let answer = put.send().await;
    answer
        .map(|_| ())
        .map_err(|error| port_error(&format!("put the notifications of bucket {bucket}"), &error))
}

/// Keeps the text of an answer.
#[derive(Clone, Debug, Default)]
struct Text(Arc<Mutex<Option<String>>>);

impl Text {
    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Text {
    fn name(&self) -> &'static str {
        "Text"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes();
        *self.lock() = body.and_then(|body| String::from_utf8(body.to_vec()).ok());
        Ok(())
    }
}

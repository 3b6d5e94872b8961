//! The answers to CloudFormation: a PUT to the URL that stands in its request. The URL is signed: whoever has it can answer.

use std::{io, time::Duration};

use audit_app::ports::{AnswerRequests, PortError};
use aws_config::SdkConfig;
use bytes::Bytes;
use http::{Request, Uri, header::CONTENT_LENGTH, uri::Scheme};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// So long an attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);
const ACTION: &str = "answer CloudFormation";

/// Answers over HTTPS; over plain HTTP only to the endpoint that stands in for all of AWS, where one does.
pub struct CloudFormation {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    stand_in: Option<Uri>,
}

impl CloudFormation {
    /// With the root certificates of the system.
    ///
    /// # Errors
    /// There are none.
    pub fn connect(config: &SdkConfig) -> io::Result<Self> {
        let connector =
            HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        let stand_in = config.endpoint_url().and_then(|url| url.parse().ok());
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), stand_in })
    }
}

impl AnswerRequests for CloudFormation {
    async fn answer(&self, url: &str, answer: String) -> Result<(), PortError> {
        let uri = allowed(url, self.stand_in.as_ref()).map_err(|why| PortError::permanent(ACTION, why))?;
        // no content type: an older form of the signature covers it, and was made without
        let request = Request::put(uri).header(CONTENT_LENGTH, answer.len()).body(Full::from(answer));
        let request = request.map_err(|_| PortError::permanent(ACTION, "its URL is none"))?;
        let answered = tokio::time::timeout(ATTEMPT, self.client.request(request)).await;
        match answered {
            Ok(Ok(response)) if response.status().is_success() => Ok(()),
            Ok(Ok(response)) => {
                Err(PortError::retry(ACTION, format!("it says {}", response.status().as_u16())))
            }
            // what is behind it may hold the URL
            Ok(Err(error)) if error.is_connect() => Err(PortError::retry(ACTION, "it cannot be reached")),
            Ok(Err(_)) => Err(PortError::retry(ACTION, "the connection broke off")),
            Err(_) => Err(PortError::retry(ACTION, format!("no answer in {ATTEMPT:?}"))),
        }
    }
}

/// The URL, if it may be answered: an event that somebody made up sends nothing in the clear, and nothing to the services
/// on the function's own machine.
fn allowed(url: &str, stand_in: Option<&Uri>) -> Result<Uri, &'static str> {
    let uri: Uri = url.parse().map_err(|_| "its URL is none")?;
    let origin = |uri: &Uri| Some((uri.scheme()?.clone(), uri.authority()?.clone()));
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Ok(uri),
        Some(_) if origin(&uri).is_some() && origin(&uri) == stand_in.and_then(origin) => Ok(uri),
        _ => Err("its URL is no HTTPS"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_answered_and_what_stands_in_for_aws() {
        let stand_in: Uri = "http://127.0.0.1:4566".parse().unwrap();
        for (url, plain, with_stand_in) in [
            ("https://cloudformation.s3.eu-central-1.amazonaws.com/x?X-Amz-Signature=1%2F2", true, true),
            ("http://127.0.0.1:4566/_answer/1", false, true),
            ("http://127.0.0.1:4566@example.com/", false, false),
            ("http://127.0.0.1:9001/2018-06-01/runtime/x", false, false),
            ("http://localhost:4566/x", false, false),
            ("http://169.254.169.254/latest", false, false),
            ("ftp://127.0.0.1:4566/x", false, false),
            ("file:///etc/passwd", false, false),
            ("/x", false, false),
            ("", false, false),
            ("https://", false, false),
        ] {
            assert_eq!(allowed(url, None).is_ok(), plain, "{url}");
            assert_eq!(allowed(url, Some(&stand_in)).is_ok(), with_stand_in, "{url}");
        }
    }
}

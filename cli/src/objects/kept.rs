//! What is too large for an embedded ledger, in a folder beside it.

use std::path::PathBuf;

use audit_app::ports::{FetchKept, KeepObjects, PortError};
use audit_domain::evidence::ObjectLocation;
use tokio::fs;

use crate::private;

/// A folder that stands for the audit bucket.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }
}

impl KeepObjects for Folder {
    async fn keep(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        let path = self.0.join(key);
        let failed = |error: std::io::Error| {
            PortError::permanent(format!("keep {}", path.display()), error.to_string())
        };
        private::write(&path, &bytes).map_err(failed)
    }

    fn location(&self, key: &str) -> ObjectLocation {
        ObjectLocation::file(self.0.join(key).display().to_string())
    }
}

impl FetchKept for Folder {
    async fn fetch(&self, key: &str) -> Result<Vec<u8>, PortError> {
        let path = self.0.join(key);
        fs::read(&path)
            .await
            .map_err(|error| PortError::permanent(format!("read {}", path.display()), error.to_string()))
    }
}

//! Log files on this machine.

use std::{
    fs::Metadata,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use audit_app::ports::{Chunks, ListedObject, PortError, ReadBodies, ReadObjects};
use audit_domain::evidence::ObjectLocation;
use bytes::{Bytes, BytesMut};
use tokio::{fs, io::AsyncReadExt as _};

/// So many bytes are read from a file at a time.
const CHUNK: usize = 64 << 10;

/// Log files, by their absolute path.
pub(crate) struct Files;

impl ReadObjects for Files {
    type Chunks = FileChunks;

    async fn open(&self, location: &ObjectLocation) -> Result<FileChunks, PortError> {
        let action = format!("read {}", location.key);
        match fs::File::open(&location.key).await {
            Ok(file) => Ok(FileChunks { file, action }),
            Err(error) => Err(PortError::permanent(action, error.to_string())),
        }
    }
}

impl ReadBodies for Files {
    async fn open_if_there(&self, location: &ObjectLocation) -> Result<Option<FileChunks>, PortError> {
        if fs::try_exists(&location.key).await.unwrap_or(false) {
            return self.open(location).await.map(Some);
        }
        Ok(None)
    }
}

/// The pieces of one file.
pub(crate) struct FileChunks {
    file: fs::File,
    action: String,
}

impl Chunks for FileChunks {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, PortError> {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        let read = self.file.read_buf(&mut chunk).await;
        let length = read.map_err(|error| PortError::permanent(&self.action, error.to_string()))?;
        Ok((length > 0).then(|| chunk.freeze()))
    }
}

/// What was found below the paths that were named.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<ListedObject>,
    /// Files whose names say that they are no logs.
    pub(crate) passed_over: u64,
    /// What could not be read, and why.
    pub(crate) unreadable: Vec<(String, String)>,
}

/// The log files at these paths, folders searched through, by name.
pub(crate) fn find(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in paths {
        match std::path::absolute(path).and_then(|path| std::fs::metadata(&path).map(|m| (path, m))) {
            Ok((path, metadata)) if metadata.is_dir() => search(&path, &mut found),
            Ok((path, metadata)) => found.add(&path, &metadata),
            Err(error) => found.unreadable.push((path.display().to_string(), error.to_string())),
        }
    }
    found
}

impl Found {
    fn add(&mut self, path: &Path, metadata: &Metadata) {
        let mut location = ObjectLocation::file(path.display().to_string());
        location.etag = entity_tag(metadata);
        self.files.push(ListedObject { location, size: metadata.len() });
    }
}

fn search(folder: &Path, found: &mut Found) {
    let mut entries: Vec<_> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(Result::ok).collect(),
        Err(error) => {
            found.unreadable.push((folder.display().to_string(), error.to_string()));
            return;
        }
    };
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // links are not followed: they could lead around in circles
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => search(&path, found),
            Ok(metadata) if metadata.is_file() && looks_like_a_log(&name_of(&path)) => {
                found.add(&path, &metadata)
            }
            Ok(_) => found.passed_over += 1,
            Err(error) => found.unreadable.push((path.display().to_string(), error.to_string())),
        }
    }
}

/// What tells a file from what lay at its place before: its size, and when it was written.
fn entity_tag(metadata: &Metadata) -> Option<String> {
    let written = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{}-{}", metadata.len(), written.as_nanos()))
}

/// Whether a name is one of a log, a body beside it, or Bedrock's permission check.
pub(crate) fn looks_like_a_log(name: &str) -> bool {
    let name = name.to_lowercase();
    [".json", ".gz", ".ndjson", ".jsonl", ".log"].iter().any(|ending| name.ends_with(ending))
        || name.starts_with("amazon-bedrock-logs-permission-check")
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

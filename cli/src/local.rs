//! Log files and kept objects on this machine.

use std::path::{Path, PathBuf};

use audit_app::{
    body_request::BodyRequest,
    index::bodies::read_body,
    ports::{AwaitBodies, Chunks, FetchKept, FollowBodies, KeepObjects, PortError, ReadBodies, ReadObjects},
};
use audit_domain::{
    evidence::ObjectLocation,
    invocation::pointer::{BodyPointer, Followed},
};
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

/// Bodies beside local log files: the folders were copied from a bucket, and pointers are followed within them.
pub(crate) struct BodiesInFolders {
    /// What somebody asked to index: nothing outside is looked at.
    roots: Vec<PathBuf>,
}

impl BodiesInFolders {
    /// Below these folders, and beside these files.
    pub(crate) fn below(paths: &[PathBuf]) -> Self {
        let roots = paths.iter().filter_map(|path| {
            let path = std::path::absolute(path).ok()?;
            if path.is_dir() { Some(path) } else { path.parent().map(Path::to_path_buf) }
        });
        Self { roots: roots.collect() }
    }

    /// The file that a pointer means: at the same place as in the bucket, seen from a folder that both have in common.
    fn file_of(&self, record_at: &ObjectLocation, target: &ObjectLocation) -> Option<PathBuf> {
        let parts: Vec<&str> = target.key.split('/').collect();
        let in_bucket = target.key.find("AWSLogs/").and_then(|at| target.key.get(at..))?;
        let folders = Path::new(&record_at.key).ancestors().skip(1);
        let allowed = folders.take_while(|folder| self.roots.iter().any(|root| folder.starts_with(root)));
        (2..).zip(allowed).find_map(|(depth, folder)| {
            let beside: PathBuf = parts.get(parts.len().checked_sub(depth)?..)?.iter().collect();
            [folder.join(beside), folder.join(in_bucket)].into_iter().find(|file| self.is_inside(file))
        })
    }

    /// A file, and not a link that leads out.
    fn is_inside(&self, file: &Path) -> bool {
        let Ok(real) = file.canonicalize() else { return false };
        let inside = |root: &PathBuf| root.canonicalize().is_ok_and(|root| real.starts_with(root));
        real.is_file() && self.roots.iter().any(inside)
    }
}

impl FollowBodies for BodiesInFolders {
    async fn follow(&self, record_at: &ObjectLocation, pointer: &BodyPointer) -> Result<Followed, PortError> {
        let Some(target) = pointer.target() else { return Ok(Followed::Refused) };
        match self.file_of(record_at, &target) {
            Some(file) => read_body(&Files, &ObjectLocation::file(file.display().to_string())).await,
            None => Ok(Followed::NotThere),
        }
    }
}

/// Nobody waits: whoever indexed the files does it again when the bodies are there.
impl AwaitBodies for BodiesInFolders {
    async fn await_bodies(&self, _request: &BodyRequest) -> Result<(), PortError> {
        Ok(())
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
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).await.map_err(failed)?;
        }
        fs::write(&path, bytes).await.map_err(failed)
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

/// A log file to index, and its size in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogFile {
    pub(crate) location: ObjectLocation,
    pub(crate) size: u64,
}

/// What was found below the paths that were named.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<LogFile>,
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
            Ok((path, metadata)) => found.add(&path, metadata.len()),
            Err(error) => found.unreadable.push((path.display().to_string(), error.to_string())),
        }
    }
    found
}

impl Found {
    fn add(&mut self, path: &Path, size: u64) {
        let location = ObjectLocation::file(path.display().to_string());
        self.files.push(LogFile { location, size });
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
            Ok(metadata) if metadata.is_file() && looks_like_a_log(&path) => found.add(&path, metadata.len()),
            Ok(_) => found.passed_over += 1,
            Err(error) => found.unreadable.push((path.display().to_string(), error.to_string())),
        }
    }
}

fn looks_like_a_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    [".json", ".gz", ".ndjson", ".jsonl", ".log"].iter().any(|ending| name.ends_with(ending))
        || name.starts_with("amazon-bedrock-logs-permission-check")
}

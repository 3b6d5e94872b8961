//! Bodies that lie beside log files on this machine.

use std::path::{Path, PathBuf};

use audit_app::{
    body_request::BodyRequest,
    index::bodies::read_body,
    ports::{AwaitBodies, FollowBodies, PortError},
};
use audit_domain::{
    evidence::ObjectLocation,
    invocation::pointer::{BodyPointer, Followed},
};

use super::Files;

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

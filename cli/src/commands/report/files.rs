//! Files that are there whole or not at all, and that nobody else may read.

use std::{
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::private;

/// A file that takes its name when it is whole. Until then it lies beside it, hidden; it is taken away if it is not finished, unless
/// the program is killed.
pub(super) struct WholeFile {
    path: PathBuf,
    writer: BufWriter<NamedTempFile>,
}

impl WholeFile {
    /// Begins the file of this name, in a folder that is made if it is not there. It is made with mode 0600.
    pub(super) fn at(path: &Path) -> Result<Self, String> {
        let path = match std::fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                return Err(format!("{} is a folder: name a file", path.display()));
            }
            // a pipe or a device would be replaced by a file
            Ok(there) if !there.is_file() => {
                return Err(format!("{} is no plain file: name another", path.display()));
            }
            // what a link leads to is replaced, not the link
            Ok(_) => {
                path.canonicalize().map_err(|error| format!("could not find {}: {error}", path.display()))?
            }
            Err(_) => path.to_owned(),
        };
        let folder = private::folder_of(&path).unwrap_or(Path::new("."));
        make_folder(folder)?;
        let file = NamedTempFile::with_prefix_in(".bedrock-audit-report-", folder)
            .map_err(|error| format!("could not write into {}: {}", folder.display(), error.kind()))?;
        Ok(Self { path, writer: BufWriter::new(file) })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.writer.write_all(bytes).map_err(|error| not_written(&self.path, &error))
    }

    /// Gives it its name, in the place of whatever had it before.
    pub(super) fn finish(self) -> Result<(), String> {
        let path = self.path.clone();
        let failed = |error: std::io::Error| not_written(&path, &error);
        let file = self.writer.into_inner().map_err(|error| failed(error.into_error()))?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Without the words of the error: these name the file that lies beside it until it is whole.
pub(super) fn not_written(path: &Path, error: &std::io::Error) -> String {
    format!("could not write {}: {}", path.display(), error.kind())
}

impl std::io::Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writer.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

/// Makes a folder that only its owner may look into, where it is not there.
pub(super) fn make_folder(path: &Path) -> Result<(), String> {
    private::make_folder(path)
        .map_err(|error| format!("could not make the folder {}: {error}", path.display()))
}

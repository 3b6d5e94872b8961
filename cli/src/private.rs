//! Files and folders that only their owner may read: what lies in them are prompts, passages and who asked. What is there
//! already stays as it is.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

/// Makes a folder, and those above it that are not there, with mode 0700.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes an empty file, with mode 0600, where there is none; of one that is there it says whether it may be written.
pub(crate) fn make_file(path: &Path) -> io::Result<()> {
    writable().open(path).map(drop)
}

/// Writes a file, in a folder that is made if it is not there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = folder_of(path) {
        make_folder(folder)?;
    }
    writable().truncate(true).open(path)?.write_all(bytes)
}

/// The folder that a path names, where it names one.
pub(crate) fn folder_of(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

fn writable() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

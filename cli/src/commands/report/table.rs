//! A CSV file that no spreadsheet takes for a program.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::files::{WholeFile, not_written};
use crate::output;

/// One file of the folder.
pub(super) struct Table(csv::Writer<WholeFile>, PathBuf);

impl Table {
    pub(super) fn new(folder: &Path, name: &str, heading: &[&str]) -> Result<Self, String> {
        let path = folder.join(format!("{name}.csv"));
        let mut writer = csv::WriterBuilder::new();
        let writer = writer.terminator(csv::Terminator::CRLF).from_writer(WholeFile::at(&path)?);
        let mut table = Self(writer, path);
        table.row(heading)?;
        Ok(table)
    }

    pub(super) fn row<T: AsRef<str>>(&mut self, cells: &[T]) -> Result<(), String> {
        let written = self.0.write_record(cells.iter().map(|cell| harmless(cell.as_ref())));
        written.map_err(|error| not_written(&self.1, &io::Error::from(error)))
    }

    pub(super) fn finish(self) -> Result<(), String> {
        let path = self.1;
        let file = self.0.into_inner();
        file.map_err(|error| not_written(&path, error.error()))?.finish()
    }
}

/// A cell that no spreadsheet takes for a formula, on one line. What begins like one is marked as text by an apostrophe in
/// front of it.
fn harmless(text: &str) -> String {
    let line = output::line(text);
    // alone it is what stands for nothing
    if line != "-" && line.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        format!("'{line}")
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\u{3000}＝1", "=cmd|' /C calc'!A0"] {
            assert!(harmless(formula).starts_with('\''), "{formula}");
        }
        // a tab or a carriage return at its beginning is shown, and begins no formula
        assert_eq!(harmless("\t=1"), "\\u{9}=1");
        assert_eq!(harmless("\r=1"), "\\u{d}=1");
        assert_eq!(harmless("\n=1"), "' =1");
        for plain in ["", "-", "arn:aws:iam::1:user/kim", "2026-10-15", "a=b", "s3://b/k", "(all others)"] {
            assert_eq!(harmless(plain), plain);
        }
    }
}

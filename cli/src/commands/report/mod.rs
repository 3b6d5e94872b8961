//! `report`: what happened in a window, as a page for people, an object for machines, or tables.

mod files;
mod html;
mod table;
mod tables;

use std::path::Path;

use audit_app::{
    answer::{self, TakeRows},
    ports::Span,
};
use audit_domain::{
    ledger::delivery::DeliveryLine,
    overview::{ChangeRow, Overview, PromptRow, RejectLine, json},
    time,
};

use self::{files::WholeFile, tables::Tables};
use crate::{
    arguments::{Global, ReportArguments, ReportFormat},
    ledger::{self, AnyLedger},
    output::{self, Ending},
};

/// So many days a report covers where nobody says since when.
const DAYS: u32 = 30;

pub(crate) async fn run(
    asked: &ReportArguments,
    ledger: &AnyLedger,
    global: &Global,
) -> Result<Ending, String> {
    let span = window(asked, global)?;
    let name = ledger::name(global)?;
    let format = asked.format.unwrap_or(if global.json { ReportFormat::Json } else { ReportFormat::Html });
    // as for other programs, a hyphen is the standard output
    let output = asked.output.as_deref().filter(|path| *path != Path::new("-"));
    let overview = match (format, output) {
        (ReportFormat::Csv, Some(folder)) => {
            let mut tables = Tables::in_folder(folder)?;
            let overview = answer::overview(span, global.now(), ledger, &mut tables).await?;
            tables.finish(&overview, &name)?;
            overview
        }
        (ReportFormat::Csv, None) => {
            return Err("csv is a file for each table, and not for one stream: --output FOLDER".to_owned());
        }
        (ReportFormat::Html | ReportFormat::Json, output) => {
            // a place that cannot be written to is known before the ledger is asked for a month
            let file = output.map(WholeFile::at).transpose()?;
            let overview = answer::overview(span, global.now(), ledger, &mut Unlisted).await?;
            let text = match format {
                ReportFormat::Json => format!("{:#}\n", json::overview(&overview, &name)),
                _ => html::page(&overview, &name, global),
            };
            write(file, &text)?;
            overview
        }
    };
    tell(output, &overview, span, global);
    Ok(Ending::found(!overview.is_empty()))
}

/// The window that was typed, up to now; a month where nobody said since when.
fn window(asked: &ReportArguments, global: &Global) -> Result<Span, String> {
    let span = asked.window.span_of(time::days(DAYS), global)?;
    if span.since >= span.until {
        return Err(format!("--since ({}) lies ahead: nothing can be known from then on", span.since));
    }
    Ok(span)
}

fn write(file: Option<WholeFile>, text: &str) -> Result<(), String> {
    match file {
        Some(mut file) => {
            file.write(text.as_bytes())?;
            file.finish()
        }
        None => {
            output::whole(text);
            Ok(())
        }
    }
}

fn tell(output: Option<&Path>, overview: &Overview, span: Span, global: &Global) {
    let window = output::window(Some(span), global.now(), global.utc_offset);
    if overview.is_empty() {
        output::note(&format!("nothing is known {window}: the report says so, and what that does not mean"));
    }
    if let Some(output) = output {
        output::note(&format!("the report {window} is in {}", output.display()));
    }
}

/// A page shows the first of each list, which the overview has.
struct Unlisted;

impl TakeRows for Unlisted {
    fn change(&mut self, _: &ChangeRow) -> Result<(), String> {
        Ok(())
    }
    fn delivery(&mut self, _: &DeliveryLine) -> Result<(), String> {
        Ok(())
    }
    fn reject(&mut self, _: &RejectLine) -> Result<(), String> {
        Ok(())
    }
    fn prompt(&mut self, _: &PromptRow) -> Result<(), String> {
        Ok(())
    }
}

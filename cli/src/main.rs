//! `bedrock-audit`: the command line of the audit trail.
//!
//! * `arguments`: what can be typed.
//! * `ledger`: which ledger is asked: `embedded` in a file, or a deployed stack's tables.
//! * `objects`: log objects on this machine and in buckets.
//! * `commands`: one file per command.
//! * `lines`: two texts compared.
//! * `private`: files and folders that only their owner may read.
//! * `output`: tables for people, JSON for machines; nothing of a record reaches the terminal unescaped.

mod arguments;
mod commands;
mod embedded;
mod ledger;
mod lines;
mod objects;
mod output;
mod private;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{arguments::Arguments, output::Ending};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match commands::run(Arguments::parse()).await {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::NothingFound | Ending::SomethingOff) => ExitCode::from(1),
        Ok(Ending::Incomplete) => ExitCode::from(2),
        Err(problem) => {
            output::problem(&commands::advised(problem));
            ExitCode::from(2)
        }
    }
}

//! One file per command.

mod ask;
mod changes;
mod demo;
mod diff;
mod doctor;
mod explain;
mod index;
mod invocations;
mod passages;
mod prompts;
mod report;
mod sources;
mod states;
mod timeline;
mod verify;

use crate::{
    arguments::{Arguments, Command},
    ledger::{self, Opened},
    output::Ending,
};

/// What the SDK says about credentials that it does not get, and what helps.
const ADVICE: [(&str, &str); 2] = [
    (
        "no credentials found in chain",
        "no AWS credentials were found: set AWS_PROFILE, or log in (aws sso login)",
    ),
    ("loading an access token", "nobody is logged in with this profile, or not any more: aws sso login"),
];

/// Why a command failed, with what helps in front of it, where that is far down in the words of the SDK.
pub(crate) fn advised(problem: String) -> String {
    // `ask` has said it already
    let is_advised = problem.contains("AWS_PROFILE");
    match ADVICE.iter().find(|(said, _)| !is_advised && problem.contains(said)) {
        Some((_, advice)) => format!("{advice}\n{problem}"),
        None => problem,
    }
}

/// Runs a command.
pub(crate) async fn run(arguments: Arguments) -> Result<Ending, String> {
    let global = &arguments.global;
    if let Command::Demo = arguments.command {
        return demo::run(global).await;
    }
    if let Command::Doctor(asked) = &arguments.command {
        return doctor::run(asked, global).await;
    }
    let needs_texts =
        matches!(arguments.command, Command::Index(_) | Command::Ask(_) | Command::Verify { .. });
    if needs_texts && global.no_text {
        return Err("--no-text is for questions to the ledger: index, ask and verify read texts".to_owned());
    }
    let may_make = matches!(arguments.command, Command::Index(_) | Command::Ask(_));
    let Opened { ledger, keeping, is_shared } = ledger::open(global, may_make).await?;
    let ledger = if global.no_text { ledger.without_texts() } else { ledger };
    match &arguments.command {
        Command::Demo | Command::Doctor(_) => Ok(Ending::Done),
        Command::Index(asked) => index::run(asked, ledger, keeping, is_shared, global).await,
        Command::Invocations(asked) => invocations::run(asked, &ledger, global).await,
        Command::Sources { uri, window } => sources::run(uri, window, &ledger, global).await,
        Command::States { resource, at } => states::run(resource, at.as_deref(), &ledger, global).await,
        Command::Ask(asked) => ask::run(asked, &ledger, keeping, global).await,
        Command::Report(asked) => report::run(asked, &ledger, global).await,
        Command::Verify { request_id } => verify::run(request_id, &ledger, global).await,
        Command::Explain { request_id } => explain::run(request_id, &ledger, global).await,
        Command::Changes(asked) => changes::run(asked, &ledger, global).await,
        Command::Prompts { principal, window } => {
            prompts::list(principal.clone(), window, &ledger, global).await
        }
        Command::Prompt { id } => prompts::show(id, &ledger, global).await,
    }
}

//! One file per command.

mod ask;
mod changes;
mod demo;
mod diff;
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
    ledger,
    output::Ending,
};

/// Runs a command.
pub(crate) async fn run(arguments: Arguments) -> Result<Ending, String> {
    let global = &arguments.global;
    if let Command::Demo = arguments.command {
        return demo::run(global).await;
    }
    let ledger = ledger::open(global).await?;
    match &arguments.command {
        Command::Demo => Ok(Ending::Done),
        Command::Index(asked) => index::run(asked, &ledger, global).await,
        Command::Invocations(asked) => invocations::run(asked, &ledger, global).await,
        Command::Sources { uri, window } => sources::run(uri, window, &ledger, global).await,
        Command::States { resource, at } => states::run(resource, at.as_deref(), &ledger, global).await,
        Command::Ask(asked) => ask::run(asked, &ledger, global).await,
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

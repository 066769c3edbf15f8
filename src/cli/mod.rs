//! The command line: every verb of the terminal under the same name, with `--json` for scripts. One file per
//! family of commands; each asks the door and prints.

pub mod args;
mod bring;
mod compose;
mod drafts;
mod fetch;
mod lists;
mod man;
mod networks;
mod out;
mod query;
mod search;
mod send;
mod status;
mod team;
mod verbs;

pub use args::{Args, Command};
pub use man::man;
pub use out::{Out, at_exit};

use crate::door::{Door, Reply, Request};
use crate::model::{Id, Key};
use std::sync::Arc;

/// Does what needs no engine; `None` for every other command.
#[must_use]
pub fn alone(command: &Command, out: &Out) -> Option<i32> {
    match command {
        Command::Query { action } => query::alone(action, out),
        _ => None,
    }
}

/// Runs a command that needs the engine; gives the exit code.
pub async fn run(door: Arc<dyn Door>, command: Command, out: &Out) -> i32 {
    match command {
        Command::Fetch { sources } => fetch::fetch(&*door, sources, out).await,
        Command::List { query, state, limit } => {
            lists::list(&*door, &query.join(" "), state, limit, out).await
        }
        Command::Search { query, state, sort, limit, count } => {
            search::search(&*door, &query.join(" "), (state, sort), limit, count, out).await
        }
        Command::Show { id } => lists::show(&*door, &id, out).await,
        Command::Sources => lists::sources(&*door, out).await,
        Command::Networks { name } => networks::networks(&*door, name, out).await,
        Command::Accounts => networks::accounts(&*door, out).await,
        Command::Community { name } => networks::communities(&*door, name, out).await,
        Command::Coverage => networks::unheard(&*door, out).await,
        Command::Login { network, account, server, user } => {
            networks::login(&*door, network, account, server, user, out).await
        }
        Command::Logout { account } => networks::logout(&*door, account, out).await,
        Command::People { id } => lists::people(&*door, id, out).await,
        Command::Drafts => drafts::list(&*door, out).await,
        Command::Query { action } => query::explain(&*door, action, out).await,
        Command::Topics { action } => team::topics(&*door, action, out).await,
        Command::Rules { action } => team::rules(&*door, action, out).await,
        Command::Views { action } => team::views(&*door, action, out).await,
        Command::Snippets { action } => team::snippets(&*door, action, out).await,
        Command::Mutes => verbs::mutes(&*door, out).await,
        Command::Alerts { action } => team::alerts(&*door, action, out).await,
        Command::Thread { id } => lists::thread(&*door, &id, out).await,
        about @ (Command::Draft { .. }
        | Command::Submit { .. }
        | Command::Approve { .. }
        | Command::Return { .. }) => drafts::run(&*door, about, out).await,
        leaves @ (Command::Preflight { .. }
        | Command::Send { .. }
        | Command::Recall { .. }
        | Command::Outbox { .. }) => send::run(&*door, leaves, out).await,
        unasked @ (Command::Compose { .. } | Command::React { .. } | Command::Attach { .. }) => {
            compose::run(&*door, unasked, out).await
        }
        Command::Log { id, limit } => lists::log(&*door, id, limit, out).await,
        Command::Status { format } => status::status(&*door, &format, out).await,
        Command::Handover => status::handover(&*door, out).await,
        Command::Stop => status::stop(&*door, out).await,
        Command::Check { .. } => status::check(&*door, out).await,
        Command::Doctor => lists::doctor(&*door, out).await,
        Command::Import { file, name, dry_run, restore } => {
            bring::import(&*door, &file, name, dry_run, restore, out).await
        }
        Command::Export { what } => bring::export(&*door, what, out).await,
        Command::Source { action } => bring::source(&*door, action, out).await,
        Command::Add { url } => bring::add(&*door, url, out).await,
        Command::Backup { file } => bring::backup(&*door, &file, out).await,
        verb => verbs::run(&*door, verb, out).await,
    }
}

/// The key of a mention named by an id or a unique prefix of one. `Err` is the exit code; it was explained.
async fn find(door: &dyn Door, id: &str, out: &Out) -> Result<Key, i32> {
    match door.ask(Request::Find(id.to_owned())).await {
        Reply::Keys(k) => match k.as_slice() {
            [one] => Ok(*one),
            [] => {
                out.complain(&format!("no mention has the id {id}"));
                Err(3)
            }
            many => {
                let ids: Vec<String> = many.iter().map(|k| k.id.to_string()).collect();
                out.complain(&format!("{id} is the beginning of several ids: {}", ids.join(" ")));
                Err(2)
            }
        },
        other => Err(out.unexpected(&other)),
    }
}

/// An id of 13 characters, as people and drafts have it.
fn exact_id(s: &str) -> Option<Id> {
    Id::prefix_range(s.trim().trim_start_matches("p:")).filter(|(a, b)| a == b).map(|(a, _)| a)
}

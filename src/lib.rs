//! Hearken: a community manager's inbox in the terminal. This page is the map of the house.
//!
//! # The rooms
//! What things are (plain data and pure rules; nothing here waits, draws or stores):
//! - [`model`]: mentions, people, drafts, sources, verbs, changes, times; [`model::Text`] is outside text made safe
//! - [`clean`]: makes outside text safe and plain, once; the only maker of `Text`
//! - [`query`]: the one language: parse, print, lint, match
//! - [`config`]: `config.toml` to `Config`; every error with file, line, column
//!
//! What the program does for people (reads the store, returns changes, writes nothing):
//! - [`listen`]: when a source is asked, what an answer means, topics, language and mood, a source's health
//! - [`triage`]: what comes first, and why: objectives, and what the team's marks teach
//! - [`answer`]: what is looked at before something leaves, and what becomes of it: sent exactly once
//!
//! Who we are elsewhere:
//! - [`account`]: keys, sessions that are renewed, budgets that all sources of an account share; every call goes out here
//!
//! What it touches:
//! - [`store`]: the only room that knows sled and tantivy; blocks, segments, postings, the log, the search index, recovery
//! - [`net`]: the only room that waits on a network or runs a program; the address guard, caps, manners
//! - [`networks`]: one file per network and one row in a table: what it is, as data; bytes in, items out. Its page tells how
//!   to add one
//!
//! The one door:
//! - [`door`]: requests, replies and events as data; all that a front end may know
//! - [`engine`]: implements the door; owns the writing half of the store and the tasks; roles; the gate of verbs
//! - [`daemon`]: the door over a Unix socket: the server, and the client that is a door too
//! - [`serve`]: the engine behind its socket, for `main`
//!
//! What people see:
//! - [`tui`]: the terminal; `update` is the only place where what it shows is changed
//! - [`cli`]: the command line; one file per family of commands
//! - [`demo`]: a sample community, served over loopback and heard through the real path
//! - [`paths`]: where things lie and who we are, for `main`
//!
//! # Who may use whom
//! `tests/house.rs` reads every `crate::ROOM` path outside of tests and fails on any other edge than these:
//! ```text
//! main -> door, cli, tui, daemon, serve, engine, config, demo, paths
//! tui, cli -> door, model, query, config, clean
//! engine -> door, account, listen, triage, answer, store, net, networks, config, query, clean, model
//! daemon -> door, model, clean     serve -> daemon, engine, config, paths, clean, model
//! demo -> config, query, net       paths -> daemon, store, clean
//! listen -> account, store, net, networks, query, clean, model   account -> net, networks, clean, model
//! triage -> query, model           answer -> networks, clean, model
//! networks -> clean, model         net -> clean, model        store -> query, model
//! config -> query, networks, model  door -> model              clean, query -> model
//! ```
//! sled and tantivy live only in `store`, zstd in `store` and `net` (bodies and answers), reqwest and programs only in
//! `net` (with the WebSocket, the mailbox, TLS and the endpoint for pushes; `$EDITOR` and tmux in `tui/tty.rs`, as the person; the engine itself in `daemon/start.rs`), ratatui and crossterm only in `tui`, feed-rs only
//! in `networks`.
//!
//! # Five walks
//! 1. A mention: `net` fetches, `networks` parses, `clean` makes text of it, `listen` matches and decides the
//!    state, the engine's committer writes one batch with the source's cursor in it, an event is announced; the
//!    list moves only when its reader says so.
//! 2. A key: the input thread, the action table, `update(&mut App, Msg) -> Vec<Effect>`, a request through the
//!    door, the gate, one log entry and one batch, an event to every terminal, one frame in one write.
//! 3. A search: the query's plan, the index and the bitmaps say who may match, the matcher decides where that is not
//!    sure, the newest are read first; what is not filed yet is always looked at.
//! 4. A stream: `net` opens it, the network's file reads each piece and asks the sieve first, what came within a moment is
//!    one batch with the place behind it; while it is stored the socket waits. After a cut it goes on at that place.
//! 5. A reply: a draft saved at each pause, looked at, let go; its record is on the disk before the network is asked, what came
//!    of it closes the record and answers the mention in one batch. What is new of ours is a mention of ours with such a draft.
//!    Where a network cannot be written to it is handed off, and its permalink marks the mention answered.

#![deny(unsafe_code)]

pub mod account;
pub mod answer;
pub mod clean;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod door;
pub mod engine;
pub mod listen;
pub mod model;
pub mod net;
pub mod networks;
pub mod paths;
pub mod query;
pub mod serve;
pub mod store;
pub mod triage;
pub mod tui;

//! The door over a Unix socket: the server beside the engine, and the client that is a [`Door`] too. A connection
//! begins with eight fixed bytes and a greeting; then come frames, each a length and a postcard value. A
//! connection that begins with `{` speaks JSON lines instead. Who is there is told by the kernel alone.
//!
//! [`Door`]: crate::door::Door

mod client;
mod lines;
mod notify;
mod peer;
mod server;
mod start;
mod wire;

pub use client::{Again, Client};
pub use notify::Notify;
pub use peer::{Peer, user_name};
pub use server::{Ended, Guest, Host, Server, bind};
pub use start::{Place, Starting, answers, connect, engine_of};
pub use wire::{Hello, question};

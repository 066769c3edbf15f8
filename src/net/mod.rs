//! The only room that waits on a network or runs a program. One client with one address guard (in front of
//! every connection, of whatever cause), limits per host, caps on time and size, redirects followed here so
//! that each hop is judged; programs run as argument lists with a cleaned environment.

mod body;
mod client;
mod events;
mod explain;
mod guard;
mod hook;
mod host;
mod line;
mod mail;
mod mailbox;
mod program;
mod secret;
pub mod serve;
mod socket;

pub use client::{Answer, Ask, Net, NetError, Origin, Verb, Why, retry_after_ms};
pub use events::{Event, EventReader, Events};
pub use guard::{is_public, names_private};
pub use hook::{Answered, Hook, Posted, Standing as HookStanding, Taker, listen as listen_hook};
pub use host::HostLimits;
pub use line::{Line, Route};
pub use mail::{Mail, NotHanded, Secured, Smtp, hand_over, send as send_mail};
pub use mailbox::{Folder, Mailbox, Raw};
pub use program::{Program, RunError, enter_session, run};
pub use secret::{Secret, SecretFrom, read_secret};
pub use socket::{Message, Socket};

use std::time::Duration;

/// Caps of one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    pub connect: Duration,
    pub first_byte: Duration,
    pub whole: Duration,
    /// Of the body as it comes, in bytes.
    pub max_bytes: u64,
    /// Of the body after decompression, in bytes.
    pub max_expanded: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(20),
            whole: Duration::from_secs(60),
            max_bytes: 16 << 20,
            max_expanded: 24 << 20,
        }
    }
}

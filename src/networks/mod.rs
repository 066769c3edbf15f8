//! One folder or file per network. Pure: bytes in, items out. Nothing here waits; what is asked and when is
//! decided in `listen`, and how is decided in `net`.

pub mod feed;

use crate::model::{Id, Mention};

/// One thing that a network told, with its identity.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Item {
    /// A hash of what makes it this thing and no other: never of its content.
    pub identity: Id,
    pub mention: Mention,
}

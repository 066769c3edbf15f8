//! What can go wrong with the store, as sentences.

use std::fmt;
use std::path::Path;

/// A failure of the store. Nothing that was acknowledged is lost by any of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreError {
    /// No room on the disk: nothing new is taken until there is.
    Full(String),
    /// Another process has the store.
    Locked(String),
    /// What is on the disk contradicts itself.
    Corrupt(String),
    /// The disk or the system refused.
    Io(String),
    /// What was asked for is about something that is not so any more.
    Stale(String),
    /// The store was written by a newer Hearken.
    Newer(String),
}

pub type Result<T> = std::result::Result<T, StoreError>;

impl StoreError {
    /// An error of the system about a file.
    pub fn io(what: &str, path: &Path, e: &std::io::Error) -> StoreError {
        let text = format!("{what} {}: {e}", path.display());
        if e.kind() == std::io::ErrorKind::StorageFull || e.raw_os_error() == Some(28) {
            StoreError::Full(text)
        } else {
            StoreError::Io(text)
        }
    }

    pub fn corrupt(what: impl Into<String>) -> StoreError {
        StoreError::Corrupt(what.into())
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, StoreError::Full(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Full(s) => {
                write!(f, "the disk is full ({s}); make room, and Hearken goes on by itself")
            }
            StoreError::Locked(s) | StoreError::Newer(s) | StoreError::Stale(s) => f.write_str(s),
            StoreError::Corrupt(s) => write!(f, "the store is damaged: {s}; run hearken check --repair"),
            StoreError::Io(s) => write!(f, "the store cannot work: {s}"),
        }
    }
}

impl std::error::Error for StoreError {}

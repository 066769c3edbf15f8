//! What somebody typed and nobody may see: it crosses the socket to the engine, and shows nowhere.

use serde::{Deserialize, Serialize};

/// A secret on its way.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hidden(String);

impl Hidden {
    #[must_use]
    pub fn new(s: String) -> Hidden {
        Hidden(s)
    }

    /// For who keeps it, and for nobody else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

//! Outside text as a type. A `Text` holds no control character but `\n`, no terminal sequence, no bidi
//! control. Only `clean` makes one from foreign bytes; a test of the house reads the source for that.

use std::fmt;

/// Text from outside, already safe to show in a terminal, a log line or a file.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Wraps a string that has just been cleaned. For the room `clean` only.
    #[must_use]
    pub fn already_clean(s: String) -> Self {
        Self(s)
    }

    /// Text that stands in our own source code.
    #[must_use]
    pub fn ours(s: &'static str) -> Self {
        Self(s.to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

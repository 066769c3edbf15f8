//! A mistake in a configuration, as a person wants to read it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where something is wrong, what, and what was expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub file: PathBuf,
    /// 1-based; 0 where the whole file is meant.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    pub message: String,
}

impl Problem {
    pub fn at(file: &Path, line: usize, column: usize, message: impl Into<String>) -> Self {
        Problem { file: file.to_owned(), line, column, message: message.into() }
    }

    pub fn file(file: &Path, message: impl Into<String>) -> Self {
        Self::at(file, 0, 0, message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.file.display(), self.message)
        } else {
            write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
        }
    }
}

impl std::error::Error for Problem {}

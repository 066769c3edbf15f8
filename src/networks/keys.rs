//! Keys of an account: what a login gave, under names that the network's file chose. They are never printed; they
//! leave memory only for the header of a request and for a file that nobody else may read.

use std::collections::BTreeMap;

/// What opens a network to us.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Keys(BTreeMap<String, String>);

impl Keys {
    /// With one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Keys {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|s| !s.is_empty())
    }

    /// Empty if there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or("")
    }

    pub fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// With those of another one that are missing here.
    #[must_use]
    pub fn or(mut self, other: &Keys) -> Keys {
        for (k, v) in &other.0 {
            self.0.entry(k.clone()).or_insert_with(|| v.clone());
        }
        self
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For the file, and for it alone.
    #[must_use]
    pub fn to_file(&self) -> String {
        serde_json::to_string_pretty(&self.0).unwrap_or_default()
    }

    /// # Errors
    /// A sentence without what stands in it.
    pub fn of_file(text: &str) -> Result<Keys, String> {
        serde_json::from_str(text).map(Keys).map_err(|e| format!("line {} is no JSON of keys", e.line()))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_never_printed() {
        let k = Keys::default().with("token", "hunter2");
        assert_eq!(format!("{k:?}"), "{\"token\"}");
        assert_eq!(Keys::of_file(&k.to_file()), Ok(k));
        assert!(!Keys::of_file("{hunter2").unwrap_err().contains("hunter2"));
    }
}

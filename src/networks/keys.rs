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

    /// A text without any of them, as servers repeat what they were sent; `None` if it holds none. Parts of a cookie
    /// count one by one, and the beginning of a key where the text was cut behind it.
    #[must_use]
    pub fn redact(&self, text: &str) -> Option<String> {
        let secret = |n: &str| !matches!(n, "user" | "did" | "handle" | "client_id");
        let mut all: Vec<&str> = self.0.iter().filter(|(n, _)| secret(n)).map(|(_, v)| v.as_str()).collect();
        let parts: Vec<&str> =
            all.iter().flat_map(|v| v.split(';')).filter_map(|p| p.split_once('=')).map(|p| p.1).collect();
        all.extend(parts);
        all.retain(|v| v.len() >= 6);
        // What holds another one comes first.
        all.sort_by_key(|v| std::cmp::Reverse(v.len()));
        let mut out = text.to_owned();
        for v in all {
            out = out.replace(v, "…");
            let end = out.trim_end_matches(['…', '.', '"', '”']).len();
            let cut = (8..v.len()).rev().find(|n| v.is_char_boundary(*n) && out[..end].ends_with(&v[..*n]));
            if let Some(n) = cut {
                out.replace_range(end - n..end, "…");
            }
        }
        (out != text).then_some(out)
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

    #[test]
    fn what_servers_repeat_is_taken_out() {
        let k = Keys::default()
            .with("a", "hunter2")
            .with("token", "hunter2-and-more")
            .with("user", "support")
            .with("cookie", "sid=abcdef99; lang=en");
        let r = |s: &str| k.redact(s);
        assert_eq!(r("no hunter2-and-more for support").as_deref(), Some("no … for support"));
        assert_eq!(r("cut: hunter2-and-m…").as_deref(), Some("cut: ……"));
        assert_eq!(r("sid abcdef99").as_deref(), Some("sid …"));
        assert_eq!(r("nothing here"), None);
    }
}

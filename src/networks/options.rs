//! The settings of a source of some network, as the configuration holds them: read by what the network declared.

use std::collections::BTreeMap;

/// One value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    Text(String),
    Texts(Vec<String>),
    Flag(bool),
    Number(i64),
    Table(BTreeMap<String, String>),
}

/// All that were given, by their names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options(BTreeMap<&'static str, Value>);

impl Options {
    pub fn set(&mut self, key: &'static str, value: Value) {
        self.0.insert(key, value);
    }

    /// With one more; for tests and defaults.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: Value) -> Options {
        self.set(key, value);
        self
    }

    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// A text; empty if there is none.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        match self.0.get(key) {
            Some(Value::Text(s)) => s,
            _ => "",
        }
    }

    #[must_use]
    pub fn texts(&self, key: &str) -> &[String] {
        match self.0.get(key) {
            Some(Value::Texts(s)) => s,
            _ => &[],
        }
    }

    /// False if it was not given.
    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(Value::Flag(true)))
    }

    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        match self.0.get(key) {
            Some(Value::Number(n)) => Some(*n),
            _ => None,
        }
    }

    #[must_use]
    pub fn table(&self, key: &str) -> Option<&BTreeMap<String, String>> {
        match self.0.get(key) {
            Some(Value::Table(t)) => Some(t),
            _ => None,
        }
    }

    /// In words, for lists: `tags #rust, #acme · public`.
    #[must_use]
    pub fn words(&self) -> String {
        let one = |(k, v): (&&'static str, &Value)| match v {
            Value::Text(s) => format!("{k} {s}"),
            Value::Texts(s) => format!("{k} {}", s.join(", ")),
            Value::Flag(true) => (*k).to_owned(),
            Value::Flag(false) => format!("no {k}"),
            Value::Number(n) => format!("{k} {n}"),
            Value::Table(_) => (*k).to_owned(),
        };
        self.0.iter().map(one).collect::<Vec<_>>().join(" · ")
    }
}

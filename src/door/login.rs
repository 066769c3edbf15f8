//! Getting the keys of an account: what is asked and what is said, step by step.

use crate::model::{Hidden, Text};
use serde::{Deserialize, Serialize};

/// What a person wants, or typed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum LoginAsk {
    /// Keys for an account; server and user only where it is not in the configuration.
    Begin { network: String, account: Option<String>, server: Option<String>, user: Option<String> },
    /// The answer to what was asked.
    Typed { ticket: u64, text: Hidden },
    /// Is it through? For a login that somebody ends in a browser.
    Wait { ticket: u64 },
    /// The keys of an account are thrown away.
    Forget { account: String },
}

/// What is said to them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LoginSay {
    pub ticket: u64,
    pub lines: Vec<Text>,
    /// What is to be typed, and whether nobody may see it.
    pub prompt: Option<(String, bool)>,
    /// Ask again after so many ms.
    pub wait_ms: Option<i64>,
    /// The account that has keys now.
    pub done: Option<String>,
}

//! How keys are got: what is asked of a person, what of the server, step by step. Pure: the engine asks and waits.

use super::{Answer, Call, Keys, Trouble};
use crate::model::Text;

/// What happens next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// The server is asked.
    Ask(Call),
    /// A person is told something, and types something.
    Prompt { lines: Vec<Text>, what: &'static str, hidden: bool },
    /// A person ends it elsewhere; the server is asked every so many ms.
    Wait { lines: Vec<Text>, ms: i64, call: Call },
    /// These are the keys.
    Done(Keys),
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    /// Random bytes, for what nobody may guess.
    Begin {
        random: [u8; 32],
    },
    Typed(&'a str),
    Answer(&'a Call, &'a Answer),
}

/// How a network lets people in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A user and a password that was made for this.
    Password(&'static str),
    /// A token that was made elsewhere.
    Token(&'static str),
    /// In steps of its own.
    Own,
}

/// A login under way.
#[derive(Clone, Debug, Default)]
pub struct Login {
    pub server: String,
    pub user: String,
    /// What it has to know from step to step; secrets as well.
    pub keys: Keys,
    pub step: u8,
}

/// The next step of getting keys.
///
/// # Errors
/// Why it ends here.
pub fn step(n: &dyn super::Network, l: &mut Login, said: Said<'_>) -> Result<Step, Trouble> {
    match n.login(l, said) {
        Some(own) => own,
        None => usual(n, l, said),
    }
}

/// The steps of the usual forms.
///
/// # Errors
/// If what was typed cannot be.
fn usual(n: &dyn super::Network, l: &mut Login, said: Said<'_>) -> Result<Step, Trouble> {
    let prompt =
        |help: &'static str, what, hidden| Step::Prompt { lines: vec![Text::ours(help)], what, hidden };
    let empty = || Trouble::Refused(Text::ours("nothing was typed"));
    match (n.form(), said) {
        (Form::Password(help), Said::Begin { .. }) if l.user.is_empty() => Ok(prompt(help, "user", false)),
        (Form::Password(help), Said::Begin { .. }) => Ok(prompt(help, "password", true)),
        (Form::Password(_), Said::Typed(t)) if l.user.is_empty() => {
            t.trim().clone_into(&mut l.user);
            if l.user.is_empty() { Err(empty()) } else { Ok(prompt("", "password", true)) }
        }
        (Form::Password(_), Said::Typed(t)) => {
            if t.trim().is_empty() {
                return Err(empty());
            }
            l.keys = n.keys_of(&l.user, t.trim(), true);
            opened(n, l)
        }
        (Form::Token(help), Said::Begin { .. }) => Ok(prompt(help, "token", true)),
        (Form::Token(_), Said::Typed(t)) => {
            if t.trim().is_empty() {
                return Err(empty());
            }
            l.keys = n.keys_of(&l.user, t.trim(), false);
            opened(n, l)
        }
        (_, Said::Answer(call, a)) => {
            let (keys, then) = n.opened(&l.keys, call, a)?;
            l.keys = keys;
            Ok(then.map_or_else(|| Step::Done(l.keys.clone()), Step::Ask))
        }
        (Form::Own, _) => Err(Trouble::Refused(Text::ours("this network has no login"))),
    }
}

/// A session is opened at once, so that a wrong password is known here.
fn opened(n: &dyn super::Network, l: &Login) -> Result<Step, Trouble> {
    Ok(n.session(&l.server, &l.keys, false).map_or_else(|| Step::Done(l.keys.clone()), Step::Ask))
}

/// Bytes as a text for addresses (RFC 4648, 5), without padding.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    crate::model::base64(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

//! How something of ours is posted: how a network counts it, the calls that post it, what an answer means, and how one
//! finds out whether it is there. Pure, like the rest of a network's file: `engine` keeps the record and waits.

use super::{Answer, Call, Me, Method, Trouble};
use crate::model::outgoing::{Outcome, Posted};
use crate::model::{Kind, Mention, Stamp, Text};

/// How sure it can be that something stands there once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Once {
    /// It has an id of ours: the same one twice is the same post.
    Own,
    /// Our own posts can be looked through.
    Found,
    /// Neither: what is not known is asked of a person.
    Neither,
}

/// Where we are, and who.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Without a slash at its end.
    pub server: &'a str,
    pub me: &'a Me,
    pub now: Stamp,
}

impl Desk<'_> {
    /// An address below the server's, from a path that begins with a slash.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.server)
    }
}

/// A picture that goes along.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct File {
    /// As the store names it; and its type.
    pub name: String,
    pub mime: &'static str,
    /// What it shows, in words.
    pub alt: String,
    pub bytes: Vec<u8>,
    /// How the server names it, once it has it.
    pub there: String,
}

/// How many pictures go along, and of how many bytes each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Takes {
    pub files: usize,
    pub bytes: usize,
}

/// A form with files; what follows the sign stands between its parts, and no text and no picture holds it.
const FORM: &str = "multipart/form-data; boundary=hearken-7c1b6f0e52a94d38b1";

/// A form with a file in it, as a POST (RFC 7578).
#[must_use]
pub fn form(what: &'static str, url: String, fields: &[(&str, &str)], file: (&str, &File)) -> Call {
    let edge = FORM.rsplit('=').next().unwrap_or_default();
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--{edge}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(head.as_bytes());
    }
    let (name, f) = file;
    let head = format!(
        "--{edge}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        f.name, f.mime
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&f.bytes);
    body.extend_from_slice(format!("\r\n--{edge}--\r\n").as_bytes());
    Call { what, method: Method::Post, url, body: Some((FORM, body)), ..Call::default() }
}

/// What is to be posted. All of it is the same in each attempt.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    pub text: &'a str,
    /// What it answers.
    pub to: &'a Mention,
    /// As the network calls it.
    pub visibility: &'a str,
    /// Two letters, or empty.
    pub lang: &'a str,
    pub files: &'a [File],
    /// Of this sending alone.
    pub mark: u64,
    pub begun: Stamp,
}

impl Post<'_> {
    /// It answers nothing: it begins something.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.to.kind == Kind::Own
    }
}

/// What something new needs to be told beside its words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Begins {
    /// What its place is called: a room, a category; empty where there is one place alone.
    pub place: &'static str,
    /// What its title is called; empty where it has none.
    pub title: &'static str,
    /// It has to have one.
    pub titled: bool,
}

/// What is reacted with, or taken back.
#[derive(Clone, Copy, Debug)]
pub struct Reaction<'a> {
    pub to: &'a Mention,
    pub with: &'a str,
    pub back: bool,
}

/// The call that reacts, or takes that back: the last one.
pub const REACT: &str = "react";

/// What the answer to a call of posting means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// This is asked next.
    Then(Call),
    Posted(Posted),
    /// Its moderators look at it first.
    Held(Text),
    /// It may be there.
    Unsure(Text),
}

/// What looking for our post gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    Then(Call),
    /// Posts of ours with these words at this place; none if it is not there.
    These(Vec<Posted>),
    /// Its moderators have it.
    Held(Text),
}

/// How long a text is, as the network counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Length {
    pub used: usize,
    /// `None` where there is no bound.
    pub most: Option<usize>,
    pub unit: &'static str,
}

/// The call that posts: before it nothing is there, whatever failed.
pub const POST: &str = "post";

/// How a network is posted to.
pub trait Posting: Sync {
    fn once(&self) -> Once;

    fn length(&self, d: &Desk<'_>, p: &Post<'_>) -> Length;

    /// The visibilities that it knows, the widest first; none where all is one.
    fn visibilities(&self) -> &'static [&'static str] {
        &[]
    }

    /// The host of the server that knows this mention by its id, where only its own accounts can answer it; `heard_at`: the
    /// address of the server that told us of it. `None`: any account of the network can.
    fn server_of(&self, _m: &Mention, heard_at: &str) -> Option<String> {
        Some(crate::clean::host_of(heard_at).into_string())
    }

    /// It leaves so many ms after somebody let it go: time to call it back.
    fn delay_ms(&self) -> i64 {
        15_000
    }

    /// The pictures that go along; `None` where none do.
    fn takes(&self) -> Option<Takes> {
        None
    }

    /// Gives a picture to the server, before what it goes along with; `None` where it goes within that.
    fn upload(&self, _d: &Desk<'_>, _f: &File) -> Option<Call> {
        None
    }

    /// How the server names it.
    ///
    /// # Errors
    /// If the answer cannot be read.
    fn uploaded(&self, _a: &Answer) -> Result<String, Trouble> {
        Ok(String::new())
    }

    /// The first call of posting; one that is called [`POST`] posts.
    ///
    /// # Errors
    /// Why it cannot be posted.
    fn begin(&self, d: &Desk<'_>, p: &Post<'_>) -> Result<Call, Text>;

    /// What an answer means. Called only for good answers, see [`super::Network::refused`].
    ///
    /// # Errors
    /// If it says no.
    fn said(&self, d: &Desk<'_>, p: &Post<'_>, call: &Call, a: &Answer) -> Result<Said, Trouble>;

    /// The next call where one before the one that posts was refused and that is no harm.
    fn instead(&self, _d: &Desk<'_>, _call: &Call, _t: &Trouble) -> Option<Call> {
        None
    }

    /// What something new needs; `None` where only answers can be written from here.
    fn begins(&self) -> Option<Begins> {
        None
    }

    /// A place as what is heard there names it.
    fn place(&self, _d: &Desk<'_>, place: &str) -> String {
        place.to_owned()
    }

    /// Changes the words of something of ours where it stands; the same again changes nothing. `None` where that cannot
    /// be done from here.
    fn change(&self, _d: &Desk<'_>, _p: &Post<'_>, _posted: &Posted) -> Option<Call> {
        None
    }

    /// What people react with: the first one where nothing is said. Empty: not at all.
    fn reactions(&self) -> &'static [&'static str] {
        &[]
    }

    /// The first call of a reaction of ours, or of taking it back; the one that is called [`REACT`] does it, and the same
    /// again changes nothing.
    ///
    /// # Errors
    /// Why that cannot be.
    fn react(&self, _d: &Desk<'_>, _r: Reaction<'_>) -> Result<Call, Text> {
        Err(Text::ours("nobody reacts there from here"))
    }

    /// The call behind one of a reaction that only asked.
    ///
    /// # Errors
    /// If the answer cannot be read.
    fn reacting(&self, _d: &Desk<'_>, _r: Reaction<'_>, _call: &Call, _a: &Answer) -> Result<Call, Trouble> {
        Err(Trouble::Garbled(Text::ours("nothing more is asked")))
    }

    /// Takes something of ours away; `None` where that cannot be done from here.
    fn remove(&self, _d: &Desk<'_>, _posted: &Posted) -> Option<Call> {
        None
    }

    /// Asks what came of something of ours; `None` where nobody tells.
    fn after(&self, _d: &Desk<'_>, _posted: &Posted) -> Option<Call> {
        None
    }

    /// True if a look tells whether anybody reacted.
    fn tells(&self) -> bool {
        true
    }

    /// What came of it.
    ///
    /// # Errors
    /// If the answer cannot be read; not found means that it is gone.
    fn became(&self, _d: &Desk<'_>, _posted: &Posted, _a: &Answer) -> Result<Outcome, Trouble> {
        Ok(Outcome::default())
    }

    /// A refusal that may mean that it is there already.
    fn perhaps(&self, _t: &Trouble) -> bool {
        false
    }

    /// Where it is looked for; `None` where it cannot be.
    fn look(&self, _d: &Desk<'_>, _p: &Post<'_>) -> Option<Call> {
        None
    }

    /// What was found there.
    ///
    /// # Errors
    /// If the answer cannot be read.
    fn seen(&self, _d: &Desk<'_>, _p: &Post<'_>, _call: &Call, _a: &Answer) -> Result<Seen, Trouble> {
        Ok(Seen::These(Vec::new()))
    }
}

/// The letters and digits of a text, small, without names and addresses: servers write those in ways of their own.
#[must_use]
pub fn core_of(text: &str) -> String {
    text.split_whitespace()
        .filter(|w| {
            let bare = w.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '@');
            !bare.starts_with('@') && !w.contains("://")
        })
        .flat_map(str::chars)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// True if both say the same, as far as servers leave texts alone.
#[must_use]
pub fn same_words(a: &str, b: &str) -> bool {
    core_of(a) == core_of(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_known_again() {
        assert!(
            same_words(
                "@ana@social.example Fixed in 2.1: https://a.example/x",
                "@ana Fixed in 2.1:\na.example/x"
            ) || same_words("@ana@social.example Fixed in 2.1", "@ana  fixed in 2.1")
        );
        assert!(!same_words("Fixed in 2.1", "Fixed in 2.2"));
    }
}

//! Mail: lists, newsletters and alert services, from a mailbox that tells when something comes (IMAP with IDLE), a
//! Maildir or an mbox on this machine. Threads by References; quotes and signatures folded; attachments named; mails of
//! alert services unpacked into what they tell of. Sources: RFC 5322, 2919, 3676, 5064, 9051; Maildir by D. J. Bernstein.

mod alerts;
mod letter;
mod publish;
#[cfg(test)]
mod tests;

use super::call::{Call, Fact, Frame, Stream};
use super::declare::{Can, Declaration, Door, Leave, Policy, Servers, Setting, SettingKind, Way};
use super::posts::Posting;
use super::{Answer, Keys, Network, Options, Spot, Told, Trouble, login};
use crate::clean;
use crate::model::Text;
use crate::model::place::{Narrowing, Standing};
use crate::model::time::DAY;

pub struct Mail;

static DECLARED: Declaration = Declaration {
    name: "mail",
    title: "Mail: lists, newsletters, alerts",
    heard: &[Way::Idle, Way::Files],
    servers: Servers::None,
    contact: false,
    can: Can { reply: true, post: true, threads: true, ..Can::NOTHING },
    limits: &[],
    identity: "the mail address",
    policy: Policy {
        store: Leave::Yes,
        keep_days: None,
        link_identities: Leave::Yes,
        private_messages: Leave::If("they wrote to us"),
        delete_with_source: false,
        machine_posts: Leave::If("a person wrote it, and the list takes it"),
        link: "https://www.rfc-editor.org/rfc/rfc3834",
        read_on: "2026-11-21",
    },
    door: Door::Optional,
    reach: "",
    settings: &[
        Setting {
            key: "folder",
            kind: SettingKind::Text,
            help: "of the account's mailbox; INBOX if nothing is said",
        },
        Setting { key: "maildir", kind: SettingKind::Path, help: "a Maildir on this machine" },
        Setting { key: "mbox", kind: SettingKind::Path, help: "an mbox file on this machine" },
    ],
    hand_off: false,
};

/// A connection is looked at by the mailbox itself; this is beyond all of its own limits.
const SILENCE: i64 = 20 * 60_000;

impl Network for Mail {
    fn declared(&self) -> &'static Declaration {
        &DECLARED
    }

    fn posting(&self) -> Option<&'static dyn Posting> {
        Some(&publish::Publish)
    }

    fn check(&self, o: &Options) -> Result<(), String> {
        if o.has("maildir") && o.has("mbox") {
            return Err("a Maildir and an mbox are two sources".into());
        }
        if o.has("folder") && (o.has("maildir") || o.has("mbox")) {
            return Err("a folder is one of a mailbox, not of a file".into());
        }
        Ok(())
    }

    fn narrow(&self, o: &Options) -> Vec<(Narrowing, Text)> {
        let here = o.has("maildir") || o.has("mbox");
        let words = "a mail that is deleted in the mailbox stays here: nobody took it back";
        if here { Vec::new() } else { vec![(Narrowing::Partial, Text::ours(words))] }
    }

    fn begin(&self, at: &Spot<'_>) -> Vec<Call> {
        let file = |what: &'static str, path: &str| {
            vec![Call::get(what, format!("{what}:{path}")).with(at.place.get(what).unwrap_or("").to_owned())]
        };
        match (at.options.text("maildir"), at.options.text("mbox")) {
            ("", "") => Vec::new(),
            ("", mbox) => file("mbox", mbox),
            (maildir, _) => file("maildir", maildir),
        }
    }

    /// Files come as mails, each behind its length; the header `x-place` says where to go on.
    fn hear(&self, at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
        let Some(place) = a.header("x-place") else {
            return Err(Trouble::Garbled(Text::ours("mails were expected")));
        };
        let mut told = Told::default();
        for raw in parcels(&a.body) {
            told.seen += 1;
            told.items.extend(letter::items(at, raw));
        }
        told.place = Some(at.place.clone().with(call.what, place));
        told.again_ms = a.header("x-more").map(|_| 1_000);
        Ok(told)
    }

    fn stream(&self, at: &Spot<'_>) -> Option<Stream> {
        if at.options.has("maildir") || at.options.has("mbox") || at.server.is_empty() {
            return None;
        }
        at.account?;
        let folder = Some(at.options.text("folder")).filter(|f| !f.is_empty()).unwrap_or("INBOX");
        let esc: String =
            url::form_urlencoded::byte_serialize(folder.as_bytes()).collect::<String>().replace('+', "%20");
        let since = chrono::DateTime::from_timestamp_millis(at.beginning().plus(-DAY).0)?;
        let known = at.place.get("uid").unwrap_or("0 0");
        let with = format!("{known} {}", since.format("%-d-%b-%Y"));
        let call = Call::get("folder", format!("{}/{esc}", at.server)).with(with);
        Some(Stream {
            way: Way::Idle,
            call,
            silence_ms: SILENCE,
            refill: false,
            say: Vec::new(),
            dictionary: None,
        })
    }

    fn frame(&self, at: &Spot<'_>, f: Frame<'_>) -> Result<Told, Trouble> {
        let Frame::Mail { raw, uid, validity } = f else { return Ok(Told::default()) };
        let mut place = at.place.clone().with("uid", format!("{validity} {}", uid.saturating_add(1)));
        let mut told = Told { seen: 1, items: letter::items(at, raw), ..Told::default() };
        if at.is_due("card", DAY) {
            place.set("card", at.now.0.to_string());
            told.facts.extend(standing(at));
        }
        told.place = Some(place);
        Ok(told)
    }

    fn form(&self) -> login::Form {
        login::Form::Password(
            "the mailbox's password; many providers want one that is made for a single program",
        )
    }

    fn keys_of(&self, user: &str, secret: &str, _password: bool) -> Keys {
        Keys::default().with("user", user).with("password", secret)
    }

    fn sign(&self, _keys: &Keys, _call: &Call) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

fn standing(at: &Spot<'_>) -> Option<Fact> {
    let user = clean::line(&at.account?.user);
    Some(Fact::Standing(Box::new(Standing {
        native: user.clone(),
        handle: user,
        words: Text::ours("the mailbox is open"),
        wrong: false,
        told_at: at.now,
        ..Standing::default()
    })))
}

/// Mails of an answer: four bytes of length before each.
fn parcels(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = bytes.split_first_chunk::<4>()?;
        let len = u32::from_be_bytes(*len) as usize;
        let mail = rest.get(..len)?;
        bytes = &rest[len..];
        Some(mail)
    })
}

/// The mails of an mbox. A line that begins with `From ` after a blank one begins a mail; one that was quoted for that
/// reason loses its quote. Gives each mail with the place behind it.
pub fn of_mbox(bytes: &[u8]) -> Vec<(Vec<u8>, usize)> {
    let mut out = Vec::new();
    let mut begin = None;
    let mut blank = true;
    let mut at = 0;
    let mut push = |from: usize, to: usize| {
        let mut mail = Vec::with_capacity(to - from);
        for (i, line) in bytes[from..to].split_inclusive(|b| *b == b'\n').enumerate() {
            if i == 0 {
                continue;
            }
            let quotes = line.iter().take_while(|b| **b == b'>').count();
            let quoted = quotes > 0 && line[quotes..].starts_with(b"From ");
            mail.extend_from_slice(if quoted { &line[1..] } else { line });
        }
        out.push((mail, to));
    };
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        if blank && line.starts_with(b"From ") {
            if let Some(from) = begin {
                push(from, at);
            }
            begin = Some(at);
        }
        blank = line.iter().all(|b| matches!(b, b'\n' | b'\r'));
        at += line.len();
    }
    // The last one counts when it is whole: a mail that is being written ends in no line.
    if let Some(from) = begin.filter(|_| bytes.ends_with(b"\n")) {
        push(from, at);
    }
    out
}

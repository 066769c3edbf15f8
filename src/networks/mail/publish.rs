//! Answers by mail: one message with an id of ours, to whom the mail asks to be answered. A server that takes mail cannot
//! be asked what it took: what is not known is asked of a person. Facts: RFC 5321, RFC 5322 (3.6.4: threads).

use super::super::posts::{Begins, Desk, Length, Once, POST, Post, Posting, Said, Takes};
use super::super::{Answer, Call, Method, Trouble};
use crate::clean;
use crate::model::outgoing::Posted;
use crate::model::{Mention, Text};

pub struct Publish;

/// An address out of `Ana <ana@home.example>`, or the whole.
fn address(s: &str) -> &str {
    s.rsplit_once('<').and_then(|(_, r)| r.split_once('>')).map_or(s, |x| x.0).trim()
}

fn host_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("localhost", |x| x.1)
}

/// Our id of a sending: the same in each attempt.
pub fn id_of(from: &str, mark: u64) -> String {
    format!("hearken.{mark:016x}@{}", host_of(address(from)))
}

/// A header's words; what is not ASCII is written as RFC 2047 asks.
fn words(s: &str) -> String {
    if s.is_ascii() {
        return s.to_owned();
    }
    // An encoded word has 75 characters at most, and holds whole characters.
    let mut out = Vec::new();
    let mut piece = String::new();
    for c in s.chars() {
        if piece.len() + c.len_utf8() > 42 {
            out.push(std::mem::take(&mut piece));
        }
        piece.push(c);
    }
    out.push(piece);
    let coded: Vec<String> =
        out.iter().map(|p| format!("=?utf-8?b?{}?=", crate::model::base64(p.as_bytes()))).collect();
    coded.join("\r\n ")
}

/// The message as it goes over the line.
fn message(d: &Desk<'_>, p: &Post<'_>, to: &str) -> Vec<u8> {
    let from = d.me.user.as_str();
    let title = p.to.title.trim();
    let re = title.get(..3).is_some_and(|t| t.eq_ignore_ascii_case("re:"));
    let subject = if re || p.is_new() { title.to_owned() } else { format!("Re: {title}") };
    let parent = p.to.native_id.as_str();
    let root = p.to.thread.strip_prefix("mid:").unwrap_or("");
    let mut refs: Vec<String> = Vec::new();
    for id in [root, p.to.parent.as_str(), parent] {
        let id = format!("<{id}>");
        if id.len() > 2 && id.contains('@') && !id.contains(char::is_whitespace) && !refs.contains(&id) {
            refs.push(id);
        }
    }
    let date = chrono::DateTime::from_timestamp_millis(p.begun.0).unwrap_or_default().to_rfc2822();
    let mut head = vec![
        format!("From: {from}"),
        format!("To: {to}"),
        format!("Subject: {}", words(&subject)),
        format!("Date: {date}"),
        format!("Message-ID: <{}>", id_of(from, p.mark)),
        "MIME-Version: 1.0".into(),
    ];
    if parent.contains('@') && !parent.contains(char::is_whitespace) {
        head.push(format!("In-Reply-To: <{parent}>"));
    }
    if !refs.is_empty() {
        head.push(format!("References: {}", refs.join("\r\n ")));
    }
    if !p.lang.is_empty() {
        head.push(format!("Content-Language: {}", p.lang));
    }
    let text = coded("text/plain; charset=utf-8", &[], p.text.replace('\n', "\r\n").as_bytes());
    if p.files.is_empty() {
        return format!("{}\r\n{text}", head.join("\r\n")).into_bytes();
    }
    // The same each time: it comes from the number of this sending.
    let edge = format!("hearken-{:016x}-{:016x}", p.mark, !p.mark);
    head.push(format!("Content-Type: multipart/mixed; boundary=\"{edge}\""));
    let mut out = format!("{}\r\n\r\n--{edge}\r\n{text}", head.join("\r\n"));
    for f in p.files {
        let more = [
            format!("Content-Disposition: inline; filename=\"{}\"", f.name),
            format!("Content-Description: {}", words(&f.alt.replace(['\r', '\n'], " "))),
        ];
        out.push_str(&format!("--{edge}\r\n{}", coded(f.mime, &more, &f.bytes)));
    }
    format!("{out}--{edge}--\r\n").into_bytes()
}

/// A part: its head, and its bytes in base64.
fn coded(kind: &str, more: &[String], bytes: &[u8]) -> String {
    let body = crate::model::base64(bytes);
    let lines: Vec<&str> = body.as_bytes().chunks(76).filter_map(|c| std::str::from_utf8(c).ok()).collect();
    let more: String = more.iter().map(|m| format!("{m}\r\n")).collect();
    format!(
        "Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n{more}\r\n{}\r\n",
        lines.join("\r\n")
    )
}

impl Posting for Publish {
    fn server_of(&self, _m: &Mention, _heard_at: &str) -> Option<String> {
        None
    }

    fn once(&self) -> Once {
        Once::Neither
    }

    fn length(&self, _d: &Desk<'_>, p: &Post<'_>) -> Length {
        Length { used: p.text.chars().count(), most: None, unit: "characters" }
    }

    fn takes(&self) -> Option<Takes> {
        Some(Takes { files: 10, bytes: 4 << 20 })
    }

    fn begins(&self) -> Option<Begins> {
        Some(Begins { place: "address", title: "subject", titled: true })
    }

    /// A list is answered where everybody reads it, a person alone.
    fn begin(&self, d: &Desk<'_>, p: &Post<'_>) -> Result<Call, Text> {
        let asked = p.to.visibility.as_deref().unwrap_or("");
        let to = match (asked.strip_prefix("list"), asked.strip_prefix("private to ")) {
            (Some(a), _) if a.trim().is_empty() => {
                return Err(Text::ours("this list does not say where it is answered: answer by hand"));
            }
            _ if p.is_new() => address(&p.to.community),
            (Some(a), _) => a.trim(),
            (_, Some(a)) => a,
            _ => address(&p.to.author.native),
        };
        let safe = |a: &str| {
            a.contains('@')
                && !a.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;:\"".contains(c))
        };
        if !safe(to) {
            return Err(clean::line_capped(&format!("“{to}” is no address to answer to"), 200));
        }
        if !safe(address(&d.me.user)) {
            return Err(Text::ours("the account has no user of the form name@host"));
        }
        if d.server.is_empty() {
            return Err(Text::ours("the account has no smtp = \"smtps://…\" to send by"));
        }
        let body = message(d, p, to);
        Ok(Call {
            what: POST,
            method: Method::Post,
            url: d.server.to_owned(),
            body: Some(("message/rfc822", body)),
            with: format!("{} {to}", address(&d.me.user)),
            ..Call::default()
        })
    }

    fn said(&self, d: &Desk<'_>, p: &Post<'_>, _call: &Call, _a: &Answer) -> Result<Said, Trouble> {
        let id = id_of(&d.me.user, p.mark);
        Ok(Said::Posted(Posted { native: clean::line(&id), url: clean::line(&format!("mid:{id}")) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Author, Mention, Stamp};
    use crate::networks::{File, Me};

    #[test]
    fn an_answer_is_a_whole_mail_in_its_thread() {
        let to = Mention {
            native_id: Text::ours("3@home.example"),
            title: Text::ours("l\u{e9}aks"),
            parent: Text::ours("2@x"),
            thread: Text::ours("mid:1@x"),
            author: Author { native: Text::ours("ana@home.example"), ..Author::default() },
            visibility: Some("private".into()),
            ..Mention::default()
        };
        let me = Me { user: "support@acme.example".into(), ..Me::default() };
        let d = Desk { server: "smtp://h:25", me: &me, now: Stamp(0) };
        let p = Post {
            text: "Fixed.\nThanks \u{1f600}",
            to: &to,
            visibility: "",
            lang: "en",
            files: &[],
            mark: 7,
            begun: Stamp(1_790_000_000_000),
        };
        let call = Publish.begin(&d, &p).unwrap();
        assert_eq!(call.with, "support@acme.example ana@home.example");
        let raw = call.body.clone().unwrap().1;
        let m = mail_parser::MessageParser::default().parse(raw.as_slice()).unwrap();
        assert_eq!(m.subject(), Some("Re: l\u{e9}aks"));
        assert_eq!(m.message_id(), Some("hearken.0000000000000007@acme.example"));
        assert_eq!(m.body_text(0).unwrap().trim_end(), "Fixed.\r\nThanks \u{1f600}");
        assert_eq!(m.in_reply_to().as_text(), Some("3@home.example"));
        assert_eq!(m.references().as_text_list().unwrap().len(), 3);
        assert_eq!(Publish.begin(&d, &p), Ok(call), "the same each time");
        let file = File {
            name: "tin-0123456789abcdef.png".into(),
            mime: "image/png",
            alt: "Eine Dose, gr\u{fc}n".into(),
            bytes: vec![1, 2, 3],
            ..File::default()
        };
        let raw = Publish.begin(&d, &Post { files: &[file], ..p }).unwrap().body.unwrap().1;
        let m = mail_parser::MessageParser::default().parse(raw.as_slice()).unwrap();
        assert_eq!(m.body_text(0).unwrap().trim_end(), "Fixed.\r\nThanks \u{1f600}");
        use mail_parser::MimeHeaders;
        let part = m.attachment(0).unwrap();
        assert_eq!(
            (part.contents(), part.content_description()),
            ([1, 2, 3].as_slice(), Some("Eine Dose, gr\u{fc}n"))
        );
        // No header can be slipped in.
        let mut bad = to.clone();
        bad.author.native = Text::ours("a@b\r\nBcc: c@d");
        assert!(Publish.begin(&d, &Post { to: &bad, ..p }).is_err());
    }
}

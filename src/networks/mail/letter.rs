//! One mail: who, when, about what, in which discussion; its words without what it repeats.

use super::super::call::{add_lines, lang, set_html, set_plain, set_time};
use super::super::{Item, Spot};
use super::alerts;
use crate::clean;
use crate::model::{Author, Id, Kind, Mention, Stamp, Text, hash64};
use mail_parser::{Address, HeaderValue, Message, MessageParser, MimeHeaders, PartType};

/// Lines of a quote that are kept, and of a signature.
const QUOTED: usize = 1;

/// The mentions that a mail is: itself, or what an alert service tells in it. A mail without any sense is none.
pub fn items(at: &Spot<'_>, raw: &[u8]) -> Vec<Item> {
    let Some(m) = MessageParser::default().parse(raw).filter(|m| !m.headers().is_empty()) else {
        return Vec::new();
    };
    let mail = mention_of(at, &m, raw);
    let from = mail.mention.author.native.to_string();
    let html = html_of(&m).unwrap_or_default();
    let told = alerts::unpack(at, &from, &html, &mail.mention);
    if told.is_empty() { vec![mail] } else { told }
}

fn html_of(m: &Message<'_>) -> Option<String> {
    m.html_body.iter().find_map(|i| match &m.parts.get(*i as usize)?.body {
        PartType::Html(h) => Some(h.to_string()),
        _ => None,
    })
}

fn plain_of(m: &Message<'_>) -> Option<String> {
    m.text_body.iter().find_map(|i| match &m.parts.get(*i as usize)?.body {
        PartType::Text(t) => Some(t.to_string()),
        _ => None,
    })
}

fn header<'m>(m: &'m Message<'_>, name: &'m str) -> Option<&'m str> {
    m.header_raw(name).map(str::trim).filter(|s| !s.is_empty())
}

fn first_of(a: Option<&Address<'_>>) -> Option<(String, String)> {
    let a = a?.first()?;
    let address = a.address.as_deref()?.trim().to_lowercase();
    Some((a.name.as_deref().unwrap_or("").trim().to_owned(), address)).filter(|(_, a)| a.contains('@'))
}

/// Who wrote it. A list that puts itself in the place of the author says elsewhere who it was.
fn author_of(m: &Message<'_>, list: Option<&str>) -> Author {
    let from = first_of(m.from());
    let posting = header(m, "List-Post").map(str::to_lowercase).unwrap_or_default();
    let rewritten = from.as_ref().is_some_and(|(name, a)| {
        posting.contains(a.as_str()) || (list.is_some() && name.to_lowercase().contains(" via "))
    });
    let original = || {
        let named = |n: &str| match m.header(n)? {
            HeaderValue::Address(a) => first_of(Some(a)),
            _ => None,
        };
        let text = |n: &str| {
            let a = header(m, n)?.trim_matches(['<', '>']).to_lowercase();
            a.contains('@').then_some((String::new(), a))
        };
        named("X-Original-From").or_else(|| text("X-MailFrom")).or_else(|| first_of(m.reply_to()))
    };
    let (name, address) = match from {
        Some(f) if rewritten => {
            let (n, a) = original().unwrap_or_else(|| f.clone());
            let shown = f.0.split(" via ").next().unwrap_or("").trim().to_owned();
            (if n.is_empty() { shown } else { n }, a)
        }
        Some(f) => f,
        None => Default::default(),
    };
    let shown =
        if name.is_empty() || name == address { address.clone() } else { format!("{name} <{address}>") };
    Author {
        name: clean::line_capped(&shown, 256),
        scope: Text::ours("mail"),
        native: clean::line_capped(&address, 256),
    }
}

/// The list's id: `Acme users <users.lists.example>` is `users.lists.example`.
fn list_of(m: &Message<'_>) -> Option<String> {
    let h = header(m, "List-Id")?;
    let inner = h.rsplit_once('<').and_then(|(_, r)| r.split_once('>')).map_or(h, |(i, _)| i);
    Some(inner.split_whitespace().collect::<String>().to_lowercase()).filter(|s| !s.is_empty())
}

/// Where it was sent to, with what stands behind a plus: a list says so before that.
fn community_of(at: &Spot<'_>, m: &Message<'_>, list: Option<&str>) -> Text {
    if let Some(l) = list {
        return clean::line_capped(l, 256);
    }
    let delivered = header(m, "Delivered-To").map(|h| h.trim_matches(['<', '>']).to_lowercase());
    let to = delivered.filter(|d| d.contains('@')).or_else(|| first_of(m.to()).map(|t| t.1));
    let own = at.account.map(|a| a.user.to_lowercase()).filter(|u| u.contains('@'));
    clean::line_capped(&to.or(own).unwrap_or_else(|| at.source.to_owned()), 256)
}

fn ids(v: &HeaderValue<'_>) -> Vec<String> {
    match v {
        HeaderValue::Text(t) => vec![t.trim().to_owned()],
        HeaderValue::TextList(l) => l.iter().map(|t| t.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn mention_of(at: &Spot<'_>, mail: &Message<'_>, raw: &[u8]) -> Item {
    let id = mail.message_id().map(|i| i.trim().to_owned()).filter(|i| !i.is_empty());
    let list = list_of(mail);
    let mut m: Mention = at.mention("");
    m.kind = Kind::Mail;
    m.author = author_of(mail, list.as_deref());
    m.community = community_of(at, mail, list.as_deref());
    m.title = clean::line(mail.subject().unwrap_or(""));
    match (plain_of(mail), html_of(mail)) {
        (Some(t), _) if !t.trim().is_empty() => set_plain(&mut m, &folded(&t)),
        (_, Some(h)) => {
            set_html(&mut m, &h, "https://mail.invalid/");
            let own = folded(&m.text);
            set_plain(&mut m, &own);
        }
        (Some(t), None) => set_plain(&mut m, &folded(&t)),
        (None, None) => {}
    }
    let attached: Vec<String> = mail
        .attachments()
        .map(|p| {
            let name = p.attachment_name().unwrap_or("without a name");
            format!("[attached: {name}, {} bytes]", p.len())
        })
        .take(20)
        .collect();
    add_lines(&mut m, &attached);
    let date = mail.date().map(|d| Stamp(d.to_timestamp().saturating_mul(1000)));
    set_time(&mut m, date);
    m.lang = header(mail, "Content-Language").map(lang).unwrap_or_default();
    let before = ids(mail.references());
    let answers = ids(mail.in_reply_to());
    let parent = answers.first().or(before.last());
    m.parent = parent.map(|p| clean::line_capped(p, 512)).unwrap_or_default();
    // A discussion is called by the mail that began it; one that begins one is a part of it.
    let root = before.first().or(answers.first()).or(id.as_ref());
    m.thread = root.map(|r| clean::line_capped(&format!("mid:{r}"), 512)).unwrap_or_default();
    m.url =
        header(mail, "Archived-At").map(|u| clean::url(u.trim_matches(['<', '>']), None)).unwrap_or_default();
    // Where an answer goes, as the letter itself asks.
    let posting = header(mail, "List-Post").and_then(|h| {
        let a = h.split_once("mailto:")?.1.split(['>', '?', ',']).next()?.trim();
        a.contains('@').then(|| a.to_lowercase())
    });
    let reply = first_of(mail.reply_to()).map(|r| r.1).filter(|a| *a != m.author.native.as_str());
    m.visibility = Some(match (&list, posting, reply) {
        (Some(_), Some(a), _) => format!("list {a}"),
        (Some(_), None, _) => "list".to_owned(),
        (None, _, Some(a)) => format!("private to {a}"),
        (None, _, None) => "private".to_owned(),
    });
    let identity = match &id {
        Some(id) => hash64(&["mail", id]),
        // Without an id of its own it is what it says, by whom and when.
        None => hash64(&[
            "mail",
            &m.author.native,
            &m.at.0.to_string(),
            &m.title,
            &m.text,
            if m.text.is_empty() { "" } else { "t" },
        ]),
    };
    let identity = if id.is_none() && m.text.is_empty() && m.title.is_empty() {
        hash64(&["mail", &crate::model::hash_bytes(raw).to_string()])
    } else {
        identity
    };
    m.native_id =
        id.map_or_else(|| clean::line(&format!("unnamed {identity:016x}")), |i| clean::line_capped(&i, 1024));
    Item { identity: Id(identity), mention: m, to_us: false }
}

/// A text without what it repeats: of each quote its beginning, of the signature nothing.
pub fn folded(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut i = 0;
    while i < lines.len() {
        let l = lines[i];
        if l == "-- " || l == "--" {
            let left = lines[i + 1..].iter().filter(|l| !l.trim().is_empty()).count();
            // A line of two dashes far from the end is a line of the text.
            if left <= 15 {
                break;
            }
        }
        if l.trim_start().starts_with('>') {
            let end = i + lines[i..].iter().take_while(|l| l.trim_start().starts_with('>')).count();
            out.extend(lines[i..(i + QUOTED).min(end)].iter().map(|l| (*l).to_owned()));
            let more = (end - i).saturating_sub(QUOTED);
            if more > 0 {
                out.push(format!("> [{more} more lines quoted]"));
            }
            i = end;
            continue;
        }
        out.push(l.to_owned());
        i += 1;
    }
    out.join("\n").trim().to_owned()
}

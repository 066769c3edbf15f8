//! Wikimedia, and any MediaWiki. EventStreams tell every edit of every wiki, without its text: topics match title,
//! comment and user, and the words that changed are fetched for what matched. A single wiki is asked by its Action
//! API: its changes, watched pages and categories, talk pages with their threads. Facts: wikitech EventStreams,
//! mediawiki.org API:Main_page and Manual:Maxlag_parameter.

mod api;
mod diff;
mod events;
mod publish;
#[cfg(test)]
mod tests;

use super::call::{Call, Frame, Stream, after, by_status};
use super::declare::{Can, Declaration, Door, Leave, Limit, Of, Policy, Servers, Setting, SettingKind, Way};
use super::posts::Posting;
use super::{Answer, Keys, Network, Options, Spot, Told, Trouble, login};
use crate::clean;
use crate::model::place::Narrowing;
use crate::model::time::MINUTE;
use crate::model::{Author, Id, Kind, Mention, Stamp, Text};

pub struct Wikimedia;

static DECLARED: Declaration = Declaration {
    name: "wikimedia",
    title: "Wikipedia, Wikimedia and any MediaWiki",
    heard: &[Way::Events, Way::Poll],
    servers: Servers::Usually("https://stream.wikimedia.org"),
    contact: true,
    can: Can {
        reply: true,
        post: true,
        edit: true,
        delete: false,
        react: false,
        hide: false,
        report: false,
        threads: true,
        reactions: false,
        members: true,
    },
    limits: &[
        Limit { unit: "requests", n: 100, per_ms: MINUTE, of: Of::Machine },
        Limit { unit: "requests", n: 200, per_ms: MINUTE, of: Of::Account },
    ],
    identity: "the user's name within the wiki, which its owner may have changed",
    policy: Policy {
        store: Leave::If("what is quoted names its authors (CC BY-SA 4.0)"),
        keep_days: None,
        link_identities: Leave::Yes,
        private_messages: Leave::No,
        delete_with_source: true,
        machine_posts: Leave::If("on talk pages alone, and paid editing is disclosed"),
        link: "https://foundation.wikimedia.org/wiki/Policy:Terms_of_Use",
        read_on: "2026-11-21",
    },
    door: Door::Optional,
    reach: "",
    settings: &[
        Setting { key: "stream", kind: SettingKind::Flag, help: "hear every edit of the wikis of Wikimedia" },
        Setting { key: "wikis", kind: SettingKind::Texts, help: "of the stream: enwiki, de.wikipedia.org" },
        Setting { key: "bots", kind: SettingKind::Flag, help: "edits of bots, too" },
        Setting { key: "changes", kind: SettingKind::Flag, help: "every change of one wiki" },
        Setting {
            key: "pages",
            kind: SettingKind::Texts,
            help: "pages of one wiki, with what changes in them",
        },
        Setting { key: "categories", kind: SettingKind::Texts, help: "all pages of a category" },
    ],
    hand_off: false,
};

impl Network for Wikimedia {
    fn declared(&self) -> &'static Declaration {
        &DECLARED
    }

    fn posting(&self) -> Option<&'static dyn Posting> {
        Some(&publish::Publish)
    }

    fn check(&self, o: &Options) -> Result<(), String> {
        let asked = o.flag("changes") || !o.texts("pages").is_empty() || !o.texts("categories").is_empty();
        match (o.flag("stream"), asked) {
            (true, true) => Err("the stream and a single wiki are two sources".into()),
            (false, false) => {
                Err("it needs stream = true, or a server with changes, pages or categories".into())
            }
            (false, true) if !o.texts("wikis").is_empty() => Err("wikis is for the stream".into()),
            _ => Ok(()),
        }
    }

    fn narrow(&self, o: &Options) -> Vec<(Narrowing, Text)> {
        if o.flag("stream") || o.flag("changes") {
            vec![(
                Narrowing::Partial,
                Text::ours("the text of edits whose title, comment and user match nothing"),
            )]
        } else {
            Vec::new()
        }
    }

    fn begin(&self, at: &Spot<'_>) -> Vec<Call> {
        if at.options.flag("stream") { Vec::new() } else { api::begin(at) }
    }

    fn hear(&self, at: &Spot<'_>, call: &Call, a: &Answer) -> Result<Told, Trouble> {
        api::hear(at, call, a)
    }

    fn instead(&self, _at: &Spot<'_>, call: &Call, t: &Trouble) -> Option<Told> {
        // Words that cannot be had any more: the edit stands as it was told.
        let gone = matches!(t, Trouble::Missing(_) | Trouble::Refused(_) | Trouble::Forbidden(_));
        (call.what == "words" && gone).then(Told::default)
    }

    fn stream(&self, at: &Spot<'_>) -> Option<Stream> {
        at.options.flag("stream").then(|| events::stream(at))
    }

    fn frame(&self, at: &Spot<'_>, f: Frame<'_>) -> Result<Told, Trouble> {
        match f {
            Frame::Event { name: "message", data, id } => Ok(events::frame(at, data, id)),
            Frame::Event { name: "error", data, .. } => {
                Err(Trouble::Fault(clean::line_capped(&format!("the stream says: {data}"), 300)))
            }
            _ => Ok(Told::default()),
        }
    }

    /// Errors come with a good status, too.
    fn refused(&self, a: &Answer, now: Stamp) -> Option<Trouble> {
        let telling =
            a.header("mediawiki-api-error").is_some() || a.body.starts_with(b"{\"error\"") || a.status >= 400;
        let v: serde_json::Value = if telling {
            serde_json::from_slice(&a.body).unwrap_or_default()
        } else {
            serde_json::Value::Null
        };
        let e = &v["error"];
        let code = e["code"].as_str().unwrap_or("");
        let said = e["info"].as_str().map(|s| clean::line_capped(s, 200));
        if let Some(t) = by_status(a, now, said.clone()) {
            return Some(t);
        }
        if code.is_empty() {
            return None;
        }
        let words = clean::line_capped(&format!("{} ({code})", said.unwrap_or_default()), 300);
        let wait = || a.header("retry-after").and_then(|v| after(v, now)).unwrap_or(5_000).max(5_000);
        Some(match code {
            "maxlag" | "ratelimited" | "readonly" => Trouble::Wait(wait(), words),
            "assertuserfailed" | "assertbotfailed" | "notloggedin" => Trouble::Expired(words),
            "badtoken" => Trouble::Expired(words),
            "readapidenied" | "permissiondenied" | "blocked" | "autoblocked" => Trouble::Forbidden(words),
            "missingtitle" | "nosuchrevid" | "missingrev" | "nosuchpageid" => Trouble::Missing(words),
            c if c.starts_with("internal_api_error") => Trouble::Fault(words),
            _ => Trouble::Refused(words),
        })
    }

    fn form(&self) -> login::Form {
        login::Form::Password("make a bot password at Special:BotPasswords; its user is written Name@purpose")
    }

    /// A bot password (of a user with an `@`), or a token of OAuth.
    fn keys_of(&self, user: &str, secret: &str, password: bool) -> Keys {
        if password {
            Keys::default().with("user", user).with("password", secret)
        } else {
            Keys::default().with("token", secret)
        }
    }

    fn sign(&self, keys: &Keys, _call: &Call) -> Vec<(&'static str, String)> {
        match (keys.get("token"), keys.get("cookie")) {
            (Some(t), _) => vec![("authorization", format!("Bearer {t}"))],
            (None, Some(c)) => vec![("cookie", c.to_owned())],
            _ => Vec::new(),
        }
    }

    fn session(&self, server: &str, keys: &Keys, expired: bool) -> Option<Call> {
        if keys.get("token").is_some() || (keys.get("in").is_some() && !expired) {
            return None;
        }
        keys.get("password")?;
        Some(Call::get(
            "login-token",
            format!("{server}/api.php?action=query&meta=tokens&type=login&format=json&formatversion=2"),
        ))
    }

    fn opened(&self, keys: &Keys, call: &Call, a: &Answer) -> Result<(Keys, Option<Call>), Trouble> {
        if let Some(t) = self.refused(a, Stamp::now()) {
            return Err(t);
        }
        let v = a.json()?;
        let mut keys = keys.clone();
        if call.what == "login-token" {
            keys.forget("cookie");
        }
        let keys = with_cookies(keys, a);
        if call.what == "login-token" {
            let token = v["query"]["tokens"]["logintoken"].as_str().unwrap_or("");
            let server = call.url.split("/api.php").next().unwrap_or("");
            let fields = [
                ("action", "login"),
                ("format", "json"),
                ("formatversion", "2"),
                ("lgname", keys.text("user")),
                ("lgpassword", keys.text("password")),
                ("lgtoken", token),
            ];
            let mut next = Call::form("login", format!("{server}/api.php"), &fields);
            next.headers.push(("cookie", keys.text("cookie").to_owned()));
            return Ok((keys, Some(next)));
        }
        match v["login"]["result"].as_str() {
            Some("Success") => Ok((keys.with("in", "1"), None)),
            other => {
                let why = v["login"]["reason"].as_str().or(other).unwrap_or("no answer");
                Err(Trouble::Login(clean::line_capped(&format!("the wiki refuses the login: {why}"), 300)))
            }
        }
    }
}

/// The cookies of a session, each by its last value.
fn with_cookies(keys: Keys, a: &Answer) -> Keys {
    let mut all: Vec<(String, String)> = keys
        .text("cookie")
        .split("; ")
        .filter_map(|c| c.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())))
        .collect();
    for line in a.header("set-cookie").unwrap_or("").lines() {
        let Some((name, value)) = line.split(';').next().and_then(|c| c.split_once('=')) else { continue };
        all.retain(|(n, _)| n != name.trim());
        if value != "deleted" {
            all.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    let text: Vec<String> = all.iter().map(|(n, v)| format!("{n}={v}")).collect();
    keys.with("cookie", text.join("; "))
}

/// An edit, as far as the stream and the API tell it alike.
#[derive(Default)]
struct Edit<'a> {
    /// Host of the wiki, and the address below which its scripts lie.
    host: &'a str,
    scripts: &'a str,
    title: &'a str,
    comment: &'a str,
    user: &'a str,
    rev: i64,
    old: i64,
    at: Option<Stamp>,
}

fn id_of(host: &str, rev: i64) -> Id {
    Id(crate::model::hash64(&["wikimedia", host, &rev.to_string()]))
}

/// The page as people read it.
fn page_of(scripts: &str, title: &str) -> Text {
    let esc: String = url::form_urlencoded::byte_serialize(title.replace(' ', "_").as_bytes()).collect();
    clean::url(&format!("{scripts}/index.php?title={esc}"), None)
}

/// The section that an editor names in the comment: `/* Slow sync */ reply`.
fn section_of(comment: &str) -> Option<&str> {
    let s = comment.trim_start().strip_prefix("/*")?.split("*/").next()?.trim();
    (!s.is_empty()).then_some(s)
}

fn mention_of(at: &Spot<'_>, e: &Edit<'_>, words: &str) -> super::Item {
    let mut m: Mention = at.mention(&format!("{} {}", e.host, e.rev));
    m.kind = Kind::Edit;
    m.community = clean::line_capped(e.host, 256);
    let page = page_of(e.scripts, e.title);
    m.url = match (e.rev, e.old) {
        (0, _) => page.clone(),
        (rev, 0) => clean::url(&format!("{page}&oldid={rev}"), None),
        (rev, old) => clean::url(&format!("{page}&diff={rev}&oldid={old}"), None),
    };
    let section = section_of(e.comment);
    m.thread = match section {
        Some(s) => clean::url(&format!("{page}#{}", s.replace(' ', "_")), None),
        None => page,
    };
    m.parent = if e.old > 0 { clean::line(&format!("{} {}", e.host, e.old)) } else { Text::default() };
    m.title = clean::line(e.title);
    let said = match section {
        Some(s) => {
            let rest = e.comment.split_once("*/").map_or("", |x| x.1).trim();
            if rest.is_empty() { format!("§ {s}") } else { format!("§ {s}: {rest}") }
        }
        None => e.comment.trim().to_owned(),
    };
    let by = if e.user.is_empty() { String::new() } else { format!("by {}", e.user) };
    let parts: Vec<&str> = [said.as_str(), words, &by].into_iter().filter(|p| !p.trim().is_empty()).collect();
    super::call::set_plain(&mut m, &parts.join("\n"));
    m.author = Author {
        name: clean::line_capped(e.user, 256),
        scope: clean::line_capped(&format!("wikimedia {}", e.host), 256),
        native: clean::line_capped(e.user, 256),
    };
    super::call::set_time(&mut m, e.at);
    super::Item { identity: id_of(e.host, e.rev), mention: m, to_us: false }
}

/// So many edits are asked for at once: each is two whole pages.
const AT_ONCE: usize = 10;

/// Asks for what edits changed, each the new revision and the one before it.
fn words_call(scripts: &str, host: &str, edits: &[(i64, i64)]) -> Call {
    let revs: Vec<String> =
        edits.iter().flat_map(|(new, old)| [*old, *new]).filter(|n| *n > 0).map(|n| n.to_string()).collect();
    let revs = revs.join("|");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("action", "query"),
            ("prop", "revisions"),
            ("revids", revs.as_str()),
            ("rvslots", "main"),
            ("rvprop", "ids|timestamp|user|comment|content"),
            ("format", "json"),
            ("formatversion", "2"),
            ("maxlag", "5"),
        ])
        .finish();
    let pairs: Vec<String> = edits.iter().map(|(new, old)| format!("{new} {old}")).collect();
    let with = format!("{host}\n{scripts}\n{}", pairs.join("\n"));
    Call { pace_ms: 1_000, ..Call::get("words", format!("{scripts}/api.php?{query}")).with(with).extra() }
}

//! Fields: the table of all of them, their values read and printed, and what they are asked of.

use super::doc::Doc;
use super::facts::Context;
use super::fold::fold;
use super::lint::Lint;
use super::parse::QueryError;
use super::value::{Cmp, Date, Site, Test, after_scheme, date_holds, duration, number};
use super::words::words;
use super::{Node, Query, Scope};

/// What values a field takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `title:` and `body:`: a term, or a query in brackets.
    Text,
    Words,
    Author,
    Site,
    Name,
    Lang,
    Enum(&'static [&'static str]),
    Date,
    Duration,
    Number,
    /// A set or a view by its name.
    Ref,
}

/// A row of the table.
#[derive(Debug)]
pub struct Spec {
    pub name: &'static str,
    pub kind: Kind,
    pub scope: Scope,
    /// A name may end in `*`.
    pub prefix: bool,
}

const fn row(name: &'static str, kind: Kind, scope: Scope, prefix: bool) -> Spec {
    Spec { name, kind, scope, prefix }
}

use Kind as K;
use Scope::{Listen, View};

const IS: &[&str] = &[
    "unread",
    "open",
    "inbox",
    "snoozed",
    "done",
    "heard",
    "read",
    "mine",
    "unassigned",
    "answered",
    "late",
    "routed",
    "owed",
    "told",
    "vip",
    "first",
    "staff",
    "deleted",
    "edited",
    "story",
];

const FIELDS: &[Spec] = &[
    row("title", K::Text, Listen, false),
    row("body", K::Text, Listen, false),
    row("url", K::Words, Listen, false),
    row("author", K::Author, Listen, false),
    row("site", K::Site, Listen, false),
    row("link", K::Site, Listen, false),
    row("source", K::Name, Listen, true),
    row("community", K::Name, Listen, true),
    row("lang", K::Lang, Listen, false),
    row("type", K::Enum(&["post", "comment", "review", "video", "edit", "chat", "mail"]), Listen, false),
    row("has", K::Enum(&["link", "code", "image", "question", "number"]), Listen, false),
    row("date", K::Date, Listen, false),
    row("age", K::Duration, Listen, false),
    row("reach", K::Number, Listen, false),
    row("score", K::Number, Listen, false),
    row("replies", K::Number, Listen, false),
    row("words", K::Number, Listen, false),
    row("set", K::Ref, Listen, false),
    row("is", K::Enum(IS), View, false),
    row("assignee", K::Name, View, false),
    row("team", K::Name, View, true),
    row("case", K::Name, View, false),
    row("story", K::Name, View, false),
    row("person", K::Name, View, false),
    row("tag", K::Name, View, true),
    row("objective", K::Enum(&["launch", "research", "improve"]), View, false),
    row("level", K::Enum(&["creator", "contributor", "opportunist"]), View, false),
    row("sentiment", K::Enum(&["pos", "neg", "neutral", "mixed", "unknown"]), View, false),
    row("due", K::Duration, View, false),
    row("sla", K::Enum(&["ok", "soon", "late"]), View, false),
    row("ready", K::Enum(&["yes", "no"]), View, false),
    row("promo", K::Enum(&["ok", "near", "over"]), View, false),
    row("view", K::Ref, View, false),
];

/// Other names: what they mean, and the comparison that they bring.
const ALIASES: &[(&str, &str, Option<Cmp>)] = &[
    ("intitle", "title", None),
    ("subject", "title", None),
    ("inurl", "url", None),
    ("from", "author", None),
    ("label", "tag", None),
    ("links", "link", None),
    ("language", "lang", None),
    ("in", "is", None),
    ("newer_than", "age", Some(Cmp::Less)),
    ("older_than", "age", Some(Cmp::More)),
    ("after", "date", Some(Cmp::MoreOrIs)),
    ("since", "date", Some(Cmp::MoreOrIs)),
    ("before", "date", Some(Cmp::Less)),
    ("until", "date", Some(Cmp::Less)),
];

/// Names of all fields, without their aliases.
#[must_use]
pub fn known_fields() -> Vec<&'static str> {
    FIELDS.iter().map(|f| f.name).collect()
}

/// A field by the name that was typed, in small letters; and the comparison that an alias brings.
pub(super) fn named(typed: &str) -> Option<(&'static Spec, Option<Cmp>)> {
    let (name, cmp) = ALIASES.iter().find(|(a, ..)| *a == typed).map_or((typed, None), |(_, n, c)| (*n, *c));
    FIELDS.iter().find(|f| f.name == name).map(|f| (f, cmp))
}

/// All names that may be typed, for the nearest one.
pub(super) fn names() -> Vec<&'static str> {
    let mut all: Vec<&'static str> =
        FIELDS.iter().map(|f| f.name).chain(ALIASES.iter().map(|a| a.0)).collect();
    all.push("raw");
    all.sort_unstable();
    all
}

/// What one value asks.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Ask {
    /// Folds of adjacent words.
    Words(Vec<String>),
    /// A handle, folded, with its host where it was given.
    Handle(String),
    Site(Site),
    Name {
        fold: String,
        prefix: bool,
    },
    /// `None`: not detected.
    Lang(Option<String>),
    Enum(&'static str),
    Date(Test<Date>),
    Number(Test<i64>),
    Ref(String),
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Value {
    pub ask: Ask,
    shown: String,
}

/// A field with its values, any of which may hold.
#[derive(Clone, Debug)]
pub struct Field {
    pub(super) spec: &'static Spec,
    pub(super) values: Vec<Value>,
}

impl PartialEq for Field {
    fn eq(&self, o: &Field) -> bool {
        (self.spec.name, &self.values) == (o.spec.name, &o.values)
    }
}

/// A value as it is read from the query: its text, its column, and whether it stood in quotes.
pub(super) struct Typed {
    pub text: String,
    pub column: usize,
    pub quoted: bool,
}

/// A field as it was typed.
pub(super) struct Wanted<'a> {
    pub spec: &'static Spec,
    /// The name that was typed, in small letters.
    pub typed: &'a str,
    pub cmp: Option<Cmp>,
}

impl Field {
    /// Reads the values.
    ///
    /// # Errors
    /// At the value that cannot be read.
    pub(super) fn read(w: &Wanted<'_>, values: &[Typed], lints: &mut Vec<Lint>) -> Result<Field, QueryError> {
        let values = values.iter().map(|v| value(w, v, lints)).collect::<Result<_, _>>()?;
        Ok(Field { spec: w.spec, values })
    }

    /// `site:` or `link:` of an address that stands alone.
    pub(super) fn address(name: &str, site: &Site) -> Option<Field> {
        let (spec, _) = named(name)?;
        Some(Field {
            spec,
            values: vec![Value { shown: quoted(&site.shown, name), ask: Ask::Site(site.clone()) }],
        })
    }

    pub(super) fn print(&self) -> String {
        match self.values.as_slice() {
            [one] => format!("{}:{}", self.spec.name, one.shown),
            many => {
                let all: Vec<&str> = many.iter().map(|v| v.shown.as_str()).collect();
                format!("{}:({})", self.spec.name, all.join(" OR "))
            }
        }
    }

    /// True if one of the values holds.
    pub(super) fn holds(&self, doc: &Doc, cx: &Context<'_>) -> bool {
        self.values.iter().any(|v| holds(self.spec, &v.ask, doc, cx))
    }

    /// What it asks of which nothing is known yet.
    pub(super) fn unknown(&self) -> Vec<String> {
        let name = self.spec.name;
        let field = matches!(
            name,
            "score" | "replies" | "team" | "case" | "person" | "level" | "due" | "sla" | "ready" | "promo"
        );
        if field {
            return vec![format!("{name}:")];
        }
        let asked = self.values.iter().filter_map(|v| if let Ask::Enum(w) = v.ask { Some(w) } else { None });
        let later = |w: &&str| match name {
            "is" => matches!(*w, "routed" | "owed" | "told" | "first" | "staff"),
            "has" => *w == "image",
            _ => false,
        };
        asked.filter(later).map(|w| format!("{name}:{w}")).collect()
    }

    /// The query of a set or a view of this name.
    pub(super) fn refers<'c>(&self, ask: &Ask, cx: &Context<'c>) -> Option<&'c Query> {
        let Ask::Ref(name) = ask else { return None };
        cx.names?.get(self.spec.name, name)
    }
}

fn folded(s: &str) -> String {
    let mut out = String::new();
    for (i, w) in s.split_whitespace().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out += &fold(w);
    }
    out
}

/// A community as people and networks write it.
fn community(s: &str) -> String {
    let f = folded(s);
    let f = f.trim_start_matches(['#', '!', '&']);
    let f = f.strip_prefix('/').unwrap_or(f);
    f.strip_prefix("r/").or(f.strip_prefix("c/")).unwrap_or(f).to_owned()
}

/// A name as it is compared.
pub(super) fn name_key(field: &str, v: &str) -> String {
    match field {
        "community" => community(v),
        "assignee" | "person" => folded(v.trim_start_matches('@')),
        _ => folded(v),
    }
}

fn value(w: &Wanted<'_>, v: &Typed, lints: &mut Vec<Lint>) -> Result<Value, QueryError> {
    let spec = w.spec;
    let name = spec.name;
    let bad = |at: usize, why: String| Err(QueryError::new(v.column + at, why));
    let (cmp, scalar) = if v.quoted { (None, v.text.as_str()) } else { Cmp::cut(&v.text) };
    let compares = matches!(spec.kind, K::Date | K::Duration | K::Number);
    if cmp.is_some() && !compares {
        return bad(0, format!("{name}: takes no comparison; only numbers, dates and durations do"));
    }
    if let (Some(c), true) = (cmp, scalar.is_empty()) {
        let sign = if c == Cmp::Is { "=" } else { c.sign() };
        return bad(
            0,
            format!("{name}: needs a value directly after {sign}, as {name}:{sign}{}", sample(spec.kind)),
        );
    }
    if w.cmp.is_some() && (cmp.is_some() || scalar.contains("..")) {
        return bad(0, format!("{}: takes a plain value, as {}:2d", w.typed, w.typed));
    }
    let star = (!v.quoted && v.text.ends_with('*')).then(|| v.text.chars().count() - 1);
    let show = |s: &str| quoted(s, name);
    match spec.kind {
        K::Text => bad(0, format!("{name}: needs a word, a \"phrase\", a `raw` term, a /regex/ or ( )")),
        K::Words => {
            if let Some(at) = star {
                return bad(at, format!("{name}: takes no *; it finds its words anywhere in the address"));
            }
            let bare = after_scheme(&v.text);
            let asks: Vec<String> = words(bare).into_iter().map(|w| w.fold).collect();
            if asks.is_empty() {
                return bad(0, format!("{name}: needs a word of the address, as {name}:docs"));
            }
            Ok(Value { shown: show(bare), ask: Ask::Words(asks) })
        }
        K::Author => {
            if let Some(at) = star {
                return bad(at, format!("{name}: takes no *; it finds its words anywhere in the name"));
            }
            if let Some(h) = v.text.strip_prefix('@').filter(|h| !h.is_empty()) {
                return Ok(Value { shown: show(&v.text), ask: Ask::Handle(folded(h)) });
            }
            let asks: Vec<String> = words(&v.text).into_iter().map(|w| w.fold).collect();
            if asks.is_empty() {
                return bad(0, format!("{name}: needs a name or a @handle"));
            }
            Ok(Value { shown: show(&v.text), ask: Ask::Words(asks) })
        }
        K::Site => match Site::read(&v.text) {
            Some(s) => Ok(Value { shown: quoted(&s.shown, name), ask: Ask::Site(s) }),
            None => bad(0, format!("{name}: takes a host, with a path if you like: {name}:example.com/blog")),
        },
        K::Name | K::Ref => {
            let prefix = star.is_some();
            if let Some(at) = star.filter(|_| !spec.prefix) {
                return bad(at, format!("{name}: takes no *"));
            }
            let text = if prefix { v.text.trim_end_matches('*') } else { v.text.as_str() };
            if prefix && folded(text).is_empty() {
                return bad(0, format!("{name}: needs a name before the *"));
            }
            let fold = name_key(name, text);
            if fold.is_empty() {
                return bad(0, format!("a plain value of {name}: is expected here"));
            }
            let shown = if prefix { format!("{text}*") } else { show(text) };
            let ask = if spec.kind == K::Ref { Ask::Ref(fold) } else { Ask::Name { fold, prefix } };
            Ok(Value { shown, ask })
        }
        K::Lang => {
            let low = v.text.to_lowercase();
            if matches!(low.as_str(), "?" | "unknown") {
                return Ok(Value { shown: "?".into(), ask: Ask::Lang(None) });
            }
            let (code, region) = low.split_once(['-', '_']).map_or((low.as_str(), false), |(c, _)| (c, true));
            if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_alphabetic()) {
                return bad(0, "lang: takes a two-letter code, as lang:fr, or lang:? for unknown".into());
            }
            if region {
                lints.push(Lint::new("lang-region", v.column, format!("the region is dropped: lang:{code}")));
            }
            Ok(Value { shown: code.into(), ask: Ask::Lang(Some(code.into())) })
        }
        K::Enum(all) => {
            let low = v.text.to_lowercase();
            let alias = match (name, low.as_str()) {
                ("has", "links") => "link",
                ("has", "images") => "image",
                ("sentiment", "positive") => "pos",
                ("sentiment", "negative") => "neg",
                ("sentiment", "?" | "unclear") => "unknown",
                (_, w) => w,
            };
            if let Some(one) = all.iter().find(|k| **k == alias) {
                return Ok(Value { shown: (*one).into(), ask: Ask::Enum(one) });
            }
            let near = crate::query::parse::nearest(alias, all);
            let hint = near.map_or(".".to_owned(), |n| format!("; did you mean {name}:{n}?"));
            let known = all.join(", ");
            if w.typed == "in" {
                let why = if matches!(low.as_str(), "title" | "body" | "subject") {
                    format!("in:{low} is not known; write {low}:word")
                } else {
                    let c = v.text.trim_start_matches('#');
                    format!(
                        "in: reads as is:, and is:{} is not known; for a channel or group write community:{c}; for the inbox write is:open",
                        v.text
                    )
                };
                return bad(0, why);
            }
            bad(0, format!("{name}:{} is not known{hint} Known: {known}", v.text))
        }
        K::Number => {
            let read = |s: &str| {
                number(s).ok_or_else(|| {
                    let fraction = s.contains('.') && s.parse::<f64>().is_ok();
                    if fraction {
                        format!("{name}: takes a whole number")
                    } else {
                        format!("{name}: takes a number, as {name}:>5000 or {name}:>5k")
                    }
                })
            };
            let (test, shown) = ranged(name, cmp, scalar, "..", read, |n: &i64| n.to_string(), |a, b| a > b)
                .map_err(|why| QueryError::new(v.column, why))?;
            Ok(Value { shown, ask: Ask::Number(test) })
        }
        K::Duration => {
            if cmp == Some(Cmp::Is) {
                return bad(0, format!("{name}: takes < or >, as {name}:<2d"));
            }
            let months = w.cmp.is_some();
            let read = |s: &str| {
                duration(s, months).ok_or_else(|| {
                    format!("{name}: takes a duration with a unit m, h, d, w, mo or y, as {name}:<2d")
                })
            };
            // A bare one is an upper end.
            let cmp = cmp.or(w.cmp).or(Some(Cmp::Less));
            let print = |d: &(i64, String)| d.1.clone();
            let (test, shown) = ranged(name, cmp, scalar, "..", read, print, |a, b| a.0 > b.0)
                .map_err(|why| QueryError::new(v.column, why))?;
            let test = match test {
                Test::Cmp(c, d) => Test::Cmp(c, d.0),
                Test::Range(a, b) => Test::Range(a.map(|d| d.0), b.map(|d| d.0)),
            };
            Ok(Value { shown, ask: Ask::Number(test) })
        }
        K::Date => {
            let read = |s: &str| {
                Date::read(s).ok_or_else(|| {
                    format!("{name}: takes a date as 2026, 2026-05, 2026-05-01, 2026-05-01T14:00, today or yesterday")
                })
            };
            // Two whole dates with a / between are a range, as ISO writes it.
            let iso = scalar.split_once('/').filter(|(a, b)| {
                Date::read(a).is_some() && Date::read(b).is_some() && (a.contains('-') || b.len() > 3)
            });
            let text = iso.map_or_else(|| scalar.to_owned(), |(a, b)| format!("{a}..{b}"));
            let backwards = |a: &Date, b: &Date| a.begins().zip(b.begins()).is_some_and(|(a, b)| a > b);
            let (test, shown) = ranged(name, cmp.or(w.cmp), &text, "..", read, Date::print, backwards)
                .map_err(|why| QueryError::new(v.column, why))?;
            Ok(Value { shown, ask: Ask::Date(test) })
        }
    }
}

/// A value that a field takes, for a message.
pub fn example(spec: &Spec) -> &'static str {
    match spec.kind {
        K::Author => "@ana",
        K::Site => "example.com",
        K::Lang => "fr",
        K::Enum(all) => all.first().copied().unwrap_or("launch"),
        K::Date => "2026-05",
        K::Duration => "<2d",
        K::Number => ">5000",
        K::Name if spec.name == "assignee" => "me",
        _ => "launch",
    }
}

fn sample(kind: Kind) -> &'static str {
    match kind {
        K::Date => "2026-05-01",
        K::Duration => "2d",
        _ => "5000",
    }
}

/// A compared value or a range, with its canonical spelling.
fn ranged<T>(
    name: &str,
    cmp: Option<Cmp>,
    text: &str,
    dots: &str,
    read: impl Fn(&str) -> Result<T, String>,
    print: impl Fn(&T) -> String,
    backwards: impl Fn(&T, &T) -> bool,
) -> Result<(Test<T>, String), String> {
    let Some((a, b)) = text.split_once(dots) else {
        let v = read(text)?;
        let cmp = cmp.unwrap_or(Cmp::Is);
        let shown = format!("{}{}", cmp.sign(), print(&v));
        return Ok((Test::Cmp(cmp, v), shown));
    };
    if b.contains(dots) {
        return Err("a range has two ends only".into());
    }
    let end = |s: &str| if s.is_empty() { Ok(None) } else { read(s).map(Some) };
    let (a, b) = (end(a)?, end(b)?);
    match (&a, &b) {
        (None, None) => return Err(format!("a range needs at least one end: {name}:a..b")),
        (Some(x), Some(y)) if backwards(x, y) => {
            return Err(format!("the range runs backwards; write {name}:a..b"));
        }
        _ => {}
    }
    let show = |v: &Option<T>| v.as_ref().map(&print).unwrap_or_default();
    let shown = format!("{}..{}", show(&a), show(&b));
    Ok((Test::Range(a, b), shown))
}

/// A value, in quotes where it would read as something else.
fn quoted(s: &str, name: &str) -> String {
    let sign = |c: char| c.is_whitespace() || "()`|,;\"“”„‟«»＂*".contains(c);
    let path = s.starts_with('/') && !matches!(name, "url" | "community");
    if s.contains(sign) || s.contains("&&") || s.starts_with(['<', '>', '=']) || path || s == "OR" {
        return format!("\"{}\"", s.replace('\\', "\\\\").replace('"', "\\\""));
    }
    s.to_owned()
}

/// True if the folds stand side by side among the words of a text.
fn adjacent(text: &str, asks: &[String]) -> bool {
    let all = words(text);
    all.windows(asks.len()).any(|w| w.iter().zip(asks).all(|(w, a)| w.fold == *a))
}

fn holds(spec: &Spec, ask: &Ask, doc: &Doc, cx: &Context<'_>) -> bool {
    let f = &doc.facts;
    match ask {
        Ask::Words(asks) if spec.name == "url" => {
            let bare = after_scheme(&f.url);
            adjacent(bare, asks)
        }
        Ask::Words(asks) => adjacent(&f.author, asks) || adjacent(&f.author_name, asks),
        Ask::Handle(h) => {
            let mine = folded(f.author.trim_start_matches('@'));
            let short = mine.split('@').next().unwrap_or("");
            !mine.is_empty() && (mine == *h || (!h.contains('@') && short == h))
        }
        Ask::Site(s) if spec.name == "link" => f.links.iter().any(|l| s.holds(l)),
        Ask::Site(s) => !f.url.is_empty() && s.holds(&f.url),
        Ask::Name { fold, prefix } => {
            let me = (fold == "me").then(|| cx.me.map(folded)).flatten();
            let wanted = me.as_ref().unwrap_or(fold);
            let clean = |v: &str| name_key(spec.name, v);
            let mut all = f.texts_of(spec.name).peekable();
            if fold == "none" && spec.scope == View && all.peek().is_none() {
                return true;
            }
            all.any(|v| if *prefix { clean(v).starts_with(wanted.as_str()) } else { clean(v) == *wanted })
        }
        Ask::Lang(None) => f.texts_of("lang").next().is_none_or(|l| l.is_empty() || l == "?"),
        Ask::Lang(Some(code)) => f.texts_of("lang").any(|l| l.eq_ignore_ascii_case(code)),
        Ask::Enum(word) if f.texts_of(spec.name).any(|v| v == *word) => true,
        Ask::Enum(word) if spec.name == "objective" => {
            let mut own = cx.names.into_iter().flat_map(|n| n.topics_for(word));
            own.any(|t| f.texts_of("topic").any(|has| has == t))
        }
        Ask::Enum(_) => false,
        Ask::Date(t) => f.at.is_some_and(|at| date_holds(t, at, cx)),
        Ask::Number(t) => {
            let n = match spec.name {
                "age" => f.at.map(|at| cx.now.0 - at.0),
                "due" => f.due,
                "words" => Some((doc.title.words.len() + doc.body.words.len()) as i64),
                name => f.number(name),
            };
            n.is_some_and(|n| match t {
                Test::Cmp(c, v) => c.holds(n, *v),
                Test::Range(a, b) => a.is_none_or(|a| n >= a) && b.is_none_or(|b| n <= b),
            })
        }
        // The matcher itself looks into sets and views.
        Ask::Ref(_) => false,
    }
}

/// True for a field that a group inside `title:( )` or a NEAR may not hold.
pub(super) fn has_no_place(n: &Node) -> Option<&'static str> {
    match n {
        Node::Field(f) if f.spec.name != "set" => Some(f.spec.name),
        _ => None,
    }
}

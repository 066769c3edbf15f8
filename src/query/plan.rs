//! What an index can say of a query: a set of items, told by forms of words, keys of fields, times and states, that
//! holds every item which matches. Where the set is exact nothing has to be read; else the matcher looks at what is
//! in it.

use super::doc::Doc;
use super::facts::Context;
use super::field::{Ask, Field, name_key};
use super::fold::fold;
use super::matching::DEEP;
use super::term::{Form, Term};
use super::value::{Cmp, Test};
use super::words::{Word, words};
use super::{Node, Query, Scope};
use crate::model::{Mood, State};

/// A set of items.
#[derive(Clone, PartialEq, Debug)]
pub enum Plan {
    All,
    Nothing,
    /// Items with this form of a word.
    Form(String),
    /// With a form that begins so.
    Prefix(String),
    /// With a form that holds this piece.
    Holding(String),
    /// With this key; see [`Doc::index_keys`].
    Key(String),
    KeyPrefix(String),
    /// Published between these times, in ms, the second not in it.
    Between(i64, i64),
    /// In one of these states; bit n is the state n.
    States(u8),
    Mark(Mark),
    /// With this word of the team's work; see [`filed()`].
    Filed(String),
    FiledPrefix(String),
    And(Vec<Plan>),
    Or(Vec<Plan>),
    Not(Box<Plan>),
}

/// What is kept of an item beside its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// Not read by whoever asks.
    Unread,
    Assigned,
    Gone,
    /// Of a person on the watch list.
    Vip,
}

/// A plan, and whether it holds nothing else.
#[derive(Clone, PartialEq, Debug)]
pub struct Planned {
    pub plan: Plan,
    pub exact: bool,
}

/// Bytes of a form in an index; a longer one stands there by its beginning.
pub const FORM: usize = 200;

/// Of what [`Doc::index_forms`] and [`Doc::index_keys`] give: an index of another version is made anew.
pub const FORMS: u32 = 2;

/// A form as an index files it.
#[must_use]
pub fn cut_form(form: &str) -> &str {
    let mut end = FORM.min(form.len());
    while !form.is_char_boundary(end) {
        end -= 1;
    }
    &form[..end]
}

impl Plan {
    /// True if a whole dictionary has to be read for it.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        match self {
            Plan::Holding(_) => true,
            Plan::And(c) | Plan::Or(c) => c.iter().any(Plan::is_slow),
            Plan::Not(p) => p.is_slow(),
            _ => false,
        }
    }
}

impl Query {
    /// The set in which every item that matches is found, as `cx` asks.
    #[must_use]
    pub fn plan(&self, cx: &Context<'_>) -> Planned {
        let (plan, exact) = node(&self.root, cx, 0);
        Planned { plan, exact }
    }

    /// Forms and beginnings of words that count for it, for ranking by what was searched.
    #[must_use]
    pub fn forms(&self) -> Vec<String> {
        fn walk(n: &Node, out: &mut Vec<String>) {
            match n {
                Node::And(c) | Node::Or(c) => c.iter().for_each(|c| walk(c, out)),
                Node::In(_, c) => walk(c, out),
                Node::Near { sides, .. } => {
                    walk(&sides.0, out);
                    walk(&sides.1, out);
                }
                Node::Term(t) => out.extend(t.asks.iter().flatten().filter_map(|f| match f {
                    Form::Exact(f) => Some(cut_form(f).to_owned()),
                    _ => None,
                })),
                Node::Raw(r) => out.extend(words(&r.text).into_iter().map(|w| cut_form(&w.fold).to_owned())),
                _ => {}
            }
        }
        let mut out = Vec::new();
        walk(&self.root, &mut out);
        out.sort();
        out.dedup();
        out
    }
}

fn node(n: &Node, cx: &Context<'_>, deep: usize) -> (Plan, bool) {
    match n {
        Node::Everything => (Plan::All, true),
        Node::And(c) => all_of(c.iter().map(|c| node(c, cx, deep))),
        Node::Or(c) => any_of(c.iter().map(|c| node(c, cx, deep))),
        Node::Not(c) => match node(c, cx, deep) {
            (p, true) => (not(p), true),
            _ => (Plan::All, false),
        },
        Node::Near { sides, .. } => {
            let both = [&sides.0, &sides.1].into_iter().map(|c| node(c, cx, deep));
            (all_of(both).0, false)
        }
        // What it asks is asked of one text, what is filed of both: nothing is sure, and an exclusion says nothing.
        Node::In(_, c) => (inside(c, cx, deep), false),
        Node::Term(t) => term(t),
        Node::Raw(r) => {
            let forms = words(&r.text).into_iter().flat_map(|w| raw_forms(w, r.text.chars().count()));
            (all_of(forms.map(|f| (form(&f).0, false))).0, false)
        }
        Node::Regex(r) => (r.run.as_ref().map_or(Plan::All, |r| Plan::Holding(fold(r))), false),
        Node::Field(f) => field(f, cx, deep),
    }
}

/// The forms that a word of a raw term of `n` characters has wherever the term stands: a sign counts where all that
/// decides about it is inside.
fn raw_forms(w: Word, n: usize) -> Vec<String> {
    let decided = w.right == "++" || w.end as usize + w.right.len() < n;
    let signed = (!w.right.is_empty() && decided).then(|| format!("{}{}", w.fold, w.right));
    let pair = w.pair.as_ref().map(|p| format!("{}&{p}", w.fold));
    let mut all: Vec<String> = signed.into_iter().chain(pair).collect();
    if all.is_empty() {
        all.push(w.fold);
    }
    all
}

/// The set of what one of the texts must hold; an exclusion there excludes nothing of both.
fn inside(n: &Node, cx: &Context<'_>, deep: usize) -> Plan {
    match n {
        Node::And(c) => all_of(c.iter().map(|c| (inside(c, cx, deep), false))).0,
        Node::Or(c) => any_of(c.iter().map(|c| (inside(c, cx, deep), false))).0,
        Node::Not(_) => Plan::All,
        // So does what a set stands for.
        Node::Field(f) if f.values.iter().any(|v| matches!(v.ask, Ask::Ref(_))) => {
            let one = |v: &super::field::Value| match f.refers(&v.ask, cx).filter(|_| deep < DEEP) {
                Some(q) => (inside(&q.root, cx, deep + 1), false),
                None => (Plan::All, false),
            };
            any_of(f.values.iter().map(one)).0
        }
        n => node(n, cx, deep).0,
    }
}

fn all_of(parts: impl Iterator<Item = (Plan, bool)>) -> (Plan, bool) {
    let (mut all, mut exact) = (Vec::new(), true);
    for (p, e) in parts {
        exact &= e;
        match p {
            Plan::All => {}
            Plan::Nothing => return (Plan::Nothing, true),
            Plan::And(c) => all.extend(c),
            p => all.push(p),
        }
    }
    match all.len() {
        0 => (Plan::All, exact),
        1 => (all.remove(0), exact),
        _ => (Plan::And(all), exact),
    }
}

fn any_of(parts: impl Iterator<Item = (Plan, bool)>) -> (Plan, bool) {
    let (mut all, mut exact) = (Vec::new(), true);
    let mut every = None;
    for (p, e) in parts {
        exact &= e;
        match p {
            Plan::All => every = Some(every.unwrap_or(false) || e),
            Plan::Nothing => {}
            Plan::Or(c) => all.extend(c),
            p => all.push(p),
        }
    }
    match (every, all.len()) {
        // One branch that holds of everything is enough.
        (Some(sure), _) => (Plan::All, sure),
        (None, 0) => (Plan::Nothing, exact),
        (None, 1) => (all.remove(0), exact),
        _ => (Plan::Or(all), exact),
    }
}

fn not(p: Plan) -> Plan {
    match p {
        Plan::All => Plan::Nothing,
        Plan::Nothing => Plan::All,
        Plan::Not(p) => *p,
        p => Plan::Not(Box::new(p)),
    }
}

fn form(f: &str) -> (Plan, bool) {
    let cut = cut_form(f);
    // A longer one may be cut to this very length, between two characters.
    (Plan::Form(cut.to_owned()), f.len() + 4 <= FORM)
}

fn term(t: &Term) -> (Plan, bool) {
    let one = |f: &Form| match f {
        Form::Exact(f) => form(f),
        Form::Prefix(p) => (Plan::Prefix(cut_form(p).to_owned()), p.len() + 4 <= FORM),
        Form::Wild { letters, .. } => {
            let p: String = letters.iter().map_while(|l| *l).collect();
            (if p.is_empty() { Plan::All } else { Plan::Prefix(cut_form(&p).to_owned()) }, false)
        }
    };
    let (plan, exact) = all_of(t.asks.iter().flatten().map(one));
    (plan, exact && t.asks.iter().flatten().count() == 1)
}

fn key(name: &str, value: &str) -> Plan {
    Plan::Key(key_of(name, value))
}

fn key_of(name: &str, value: &str) -> String {
    format!("{name}:{}", cut_form(value))
}

fn field(f: &Field, cx: &Context<'_>, deep: usize) -> (Plan, bool) {
    any_of(f.values.iter().map(|v| ask(f, &v.ask, cx, deep)))
}

fn ask(f: &Field, ask: &Ask, cx: &Context<'_>, deep: usize) -> (Plan, bool) {
    let name = f.spec.name;
    match ask {
        Ask::Ref(_) => match f.refers(ask, cx).filter(|_| deep < DEEP) {
            Some(q) => node(&q.root, cx, deep + 1),
            None => (Plan::Nothing, true),
        },
        Ask::Words(w) => {
            let (plan, _) = all_of(w.iter().map(|w| (key(name, w), false)));
            // A handle is filed whole beside its words, and need not be one of them.
            (plan, name != "author" && w.len() == 1 && w[0].len() + 4 <= FORM)
        }
        Ask::Handle(h) => (key("handle", h), h.len() + 4 <= FORM),
        Ask::Site(s) => (key(name, &s.host), s.path.is_empty() && s.host.len() + 4 <= FORM),
        Ask::Name { fold, prefix } => named(name, fold, *prefix, f.spec.scope, cx),
        Ask::Lang(None) => (key("lang", "?"), true),
        Ask::Lang(Some(code)) => (key("lang", &code.to_ascii_lowercase()), true),
        Ask::Enum(word) => enumerated(name, word, cx),
        Ask::Date(t) => (between(t, |d| d.interval(cx)), true),
        Ask::Number(t) if name == "age" => (aged(t, cx.now.0), true),
        // The size of a text and of an audience are read from the item.
        Ask::Number(_) if matches!(name, "words" | "reach") => (Plan::All, false),
        Ask::Number(_) => (Plan::Nothing, true),
    }
}

fn named(name: &str, fold: &str, prefix: bool, scope: Scope, cx: &Context<'_>) -> (Plan, bool) {
    let me = (fold == "me").then(|| cx.me.map(|m| name_key(name, m))).flatten();
    let wanted = me.as_deref().unwrap_or(fold);
    let short = wanted.len() + 4 <= FORM;
    let of = |k: String| if prefix { Plan::FiledPrefix(k) } else { Plan::Filed(k) };
    match name {
        "source" | "community" if prefix => (Plan::KeyPrefix(key_of(name, wanted)), short),
        "source" | "community" => (key(name, wanted), short),
        "assignee" | "tag" => {
            let own = of(format!("{name}:{wanted}"));
            let plan = if fold == "none" && scope == Scope::View {
                Plan::Or(vec![own, not(Plan::Filed(name.into()))])
            } else {
                own
            };
            (plan, true)
        }
        "story" if fold == "none" => (Plan::All, false),
        "story" => (Plan::Filed("story".into()), false),
        // Of the others nothing is known of any item.
        _ if fold == "none" && scope == Scope::View => (Plan::All, true),
        _ => (Plan::Nothing, true),
    }
}

fn enumerated(name: &str, word: &str, cx: &Context<'_>) -> (Plan, bool) {
    if matches!(name, "type" | "has") {
        return (key(name, word), true);
    }
    if name == "sentiment" {
        // What one of us said holds, whatever the words suggest.
        let marked = Plan::Filed(format!("mood:{word}"));
        let suggested = Plan::And(vec![key("mood", word), not(Plan::Filed("mood".into()))]);
        return (Plan::Or(vec![marked, suggested]), true);
    }
    if name == "objective" {
        let topics = cx.names.into_iter().flat_map(|n| n.topics_for(word));
        return any_of(topics.map(|t| (key("topic", t), t.len() + 4 <= FORM)));
    }
    if name != "is" {
        return (Plan::Nothing, true);
    }
    let states = |all: &[State]| Plan::States(all.iter().fold(0, |m, s| m | (1 << (*s as u8))));
    let plan = match word {
        "heard" => states(&[State::Heard]),
        "inbox" => states(&[State::Inbox]),
        "snoozed" => states(&[State::Snoozed]),
        "done" => states(&[State::Done]),
        "open" => states(&[State::Inbox, State::Snoozed]),
        "unread" => Plan::Mark(Mark::Unread),
        "read" => not(Plan::Mark(Mark::Unread)),
        "mine" => cx.me.map_or(Plan::Nothing, |me| Plan::Filed(format!("mine:{me}"))),
        "unassigned" => not(Plan::Mark(Mark::Assigned)),
        "answered" => Plan::Filed("answered".into()),
        "vip" => Plan::Mark(Mark::Vip),
        "edited" => Plan::Filed("edited".into()),
        "deleted" => Plan::Mark(Mark::Gone),
        "story" => return (Plan::Filed("story".into()), false),
        // The clock moves: it is looked at.
        "late" => return (states(&[State::Inbox, State::Snoozed]), false),
        _ => Plan::Nothing,
    };
    (plan, true)
}

fn between<T>(t: &Test<T>, interval: impl Fn(&T) -> (i64, i64)) -> Plan {
    let (from, to) = match t {
        Test::Cmp(c, d) => {
            let (a, b) = interval(d);
            match c {
                Cmp::Is => (a, b),
                Cmp::More => (b, i64::MAX),
                Cmp::MoreOrIs => (a, i64::MAX),
                Cmp::Less => (i64::MIN, a),
                Cmp::LessOrIs => (i64::MIN, b),
            }
        }
        Test::Range(a, b) => {
            (a.as_ref().map_or(i64::MIN, |a| interval(a).0), b.as_ref().map_or(i64::MAX, |b| interval(b).1))
        }
    };
    Plan::Between(from, to)
}

/// An age is measured backwards: older than an hour was published before an hour ago.
fn aged(t: &Test<i64>, now: i64) -> Plan {
    let at = |age: i64| now.saturating_sub(age);
    let (from, to) = match t {
        Test::Cmp(Cmp::Is, v) => (at(*v), at(*v).saturating_add(1)),
        Test::Cmp(Cmp::More, v) => (i64::MIN, at(*v)),
        Test::Cmp(Cmp::MoreOrIs, v) => (i64::MIN, at(*v).saturating_add(1)),
        Test::Cmp(Cmp::Less, v) => (at(*v).saturating_add(1), i64::MAX),
        Test::Cmp(Cmp::LessOrIs, v) => (at(*v), i64::MAX),
        Test::Range(a, b) => (b.map_or(i64::MIN, at), a.map_or(i64::MAX, |a| at(a).saturating_add(1))),
    };
    Plan::Between(from, to)
}

impl Doc {
    /// The forms under which an index files it, each as often as it stands there.
    #[must_use]
    pub fn index_forms(&self) -> Vec<String> {
        let mut all = Vec::with_capacity(self.title.words.len() + self.body.words.len());
        self.each_form(|f| all.push(cut_form(f).to_owned()));
        all
    }

    /// The keys under which an index files it, each once.
    #[must_use]
    pub fn index_keys(&self) -> Vec<String> {
        let f = &self.facts;
        let mut all: Vec<String> =
            super::prefilter::keys_of(self).into_iter().map(|(n, v)| key_of(n, &v)).collect();
        let handle: Vec<String> = f.author.trim_start_matches('@').split_whitespace().map(fold).collect();
        let handle = handle.join(" ");
        if !handle.is_empty() {
            all.push(key_of("handle", handle.split('@').next().unwrap_or("")));
            all.push(key_of("handle", &handle));
        }
        let lang = f.texts_of("lang").next().unwrap_or("").to_ascii_lowercase();
        all.push(key_of("lang", if lang.is_empty() { "?" } else { &lang }));
        for name in ["type", "has", "mood", "topic"] {
            all.extend(f.texts_of(name).map(|v| key_of(name, v)));
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What one of us wants more or less of is filed under this word.
pub const LIKED: &str = "liked";

/// The words of the team's work under which an item is filed.
#[must_use]
pub fn filed<'t>(
    assignee: Option<&str>,
    tags: impl Iterator<Item = &'t String>,
    answered: bool,
    mood: Option<Mood>,
) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(a) = assignee {
        all.extend([
            "assignee".to_owned(),
            format!("mine:{a}"),
            format!("assignee:{}", name_key("assignee", a)),
        ]);
    }
    for t in tags {
        all.extend(["tag".to_owned(), format!("tag:{}", name_key("tag", t))]);
    }
    if answered {
        all.push("answered".into());
    }
    if let Some(m) = mood {
        all.extend(["mood".to_owned(), format!("mood:{}", m.word())]);
    }
    all.sort_unstable();
    all.dedup();
    all
}

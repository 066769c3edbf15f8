//! What is known of an item beside its texts, for the fields of the language, and who asks, when.

use super::Names;
use crate::model::{Item, Mention, Stamp, State};

/// What fields are asked of. What is not there is unknown: every test of it is false.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts {
    pub url: String,
    /// The handle, with or without its host, and the name to show.
    pub author: String,
    pub author_name: String,
    pub links: Vec<String>,
    pub at: Option<Stamp>,
    /// `(field, value)`; a field may have several.
    pub texts: Vec<(&'static str, String)>,
    pub numbers: Vec<(&'static str, i64)>,
    /// Ms until an answer is due; less than 0 when it is overdue.
    pub due: Option<i64>,
}

impl Facts {
    pub(crate) fn texts_of<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> {
        self.texts.iter().filter(move |(f, _)| *f == field).map(|(_, v)| v.as_str())
    }

    pub(crate) fn number(&self, field: &str) -> Option<i64> {
        self.numbers.iter().find(|(f, _)| *f == field).map(|(_, n)| *n)
    }
}

impl Facts {
    /// Of what was published.
    #[must_use]
    pub fn of_mention(m: &Mention) -> Facts {
        let mut f = Facts {
            url: m.url.to_string(),
            author: m.author.native.to_string(),
            author_name: m.author.name.to_string(),
            links: m.links.iter().map(ToString::to_string).collect(),
            at: Some(m.at),
            ..Facts::default()
        };
        f.texts.push(("source", m.source.clone()));
        f.texts.push(("community", m.community.to_string()));
        f.texts.push(("lang", m.lang.clone()));
        f.texts.push(("type", m.kind.word().to_owned()));
        f.texts.push(("mood", m.mood.word().to_owned()));
        f.texts.extend(m.topics.iter().map(|t| ("topic", t.topic.clone())));
        f.numbers.extend(m.reach.map(|n| ("reach", i64::try_from(n).unwrap_or(i64::MAX))));
        let mut has = |word: &str, yes: bool| f.texts.extend(yes.then(|| ("has", word.to_owned())));
        has("link", !m.links.is_empty());
        has("code", m.text.contains('`'));
        has("question", m.title.contains('?') || m.text.contains('?'));
        has("number", m.title.chars().chain(m.text.chars()).any(char::is_numeric));
        f
    }

    /// Of what was published and of the work on it, as this person sees it.
    #[must_use]
    pub fn of_item(i: &Item, me: &str) -> Facts {
        let mut f = Facts::of_mention(&i.mention);
        let open = matches!(i.state, State::Inbox | State::Snoozed);
        let is = [
            (i.state.word(), true),
            ("open", open),
            ("unread", !i.read),
            ("read", i.read),
            ("mine", i.assignee.as_deref() == Some(me)),
            ("unassigned", i.assignee.is_none()),
            ("answered", i.answered.is_some()),
            ("late", i.due.is_some_and(|t| t <= Stamp::now())),
            ("vip", i.vip),
            ("edited", i.edited),
            ("deleted", i.deleted),
            ("story", i.tellings > 1),
        ];
        f.texts.extend(is.into_iter().filter(|(_, yes)| *yes).map(|(w, _)| ("is", w.to_owned())));
        f.texts.extend(i.tags.iter().map(|t| ("tag", t.clone())));
        f.texts.extend(i.assignee.iter().map(|a| ("assignee", a.clone())));
        f.texts.push(("sentiment", i.mood().word().to_owned()));
        f.texts.extend(i.story.map(|s| ("story", s.to_string())));
        f
    }
}

/// Who asks, and when.
#[derive(Clone, Debug, Default)]
pub struct Context<'a> {
    pub now: Stamp,
    /// Seconds that the reader's clock is ahead of UTC.
    pub zone: i32,
    pub me: Option<&'a str>,
    /// What the team named; without it no name is known.
    pub names: Option<&'a Names>,
}

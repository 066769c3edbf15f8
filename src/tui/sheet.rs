//! A sheet: one topic, set, rule or view of the team's, its fields one below the other, and under them what it would find.

use super::line::LineEdit;
use crate::model::{Objective, RuleView, State, TopicView, View};
use tui_textarea::TextArea;

/// What it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Topic,
    /// A part of queries.
    Set,
    Rule,
    View,
}

impl Kind {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Topic => "topic",
            Kind::Set => "set",
            Kind::Rule => "rule",
            Kind::View => "view",
        }
    }
}

/// What is typed into a field.
pub enum Entry {
    Line(LineEdit),
    Text(Box<TextArea<'static>>),
    /// One of some words.
    Choice(&'static [&'static str], usize),
}

/// A field with its name.
pub struct Field {
    pub label: &'static str,
    pub entry: Entry,
}

impl Field {
    /// What stands in it; lines of a text are joined by blanks.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.entry {
            Entry::Line(l) => l.text().trim().to_owned(),
            Entry::Text(a) => a.lines().join(" ").split_whitespace().collect::<Vec<_>>().join(" "),
            Entry::Choice(all, at) => all.get(*at).copied().unwrap_or_default().to_owned(),
        }
    }
}

/// See the room's words.
pub struct Sheet {
    pub kind: Kind,
    /// The name of what is there already, which stays; `None` for a new one.
    pub old: Option<String>,
    /// What stood there when it was opened.
    pub was: String,
    pub fields: Vec<Field>,
    /// The field that is typed into.
    pub at: usize,
    /// What is wrong with it, or may not mean what it says.
    pub hint: String,
    /// It was changed since it was opened.
    pub touched: bool,
    /// What stood in it when it was given to the engine, and what `was` is once that has taken it.
    pub sent: Option<(Vec<String>, String)>,
    /// What it would find: a line or two, then mentions.
    pub below: Vec<String>,
    /// The first line of these that is shown.
    pub top: usize,
}

const OBJECTIVES: &[&str] = &["launch", "research", "improve"];
const STATES: &[&str] = &["inbox", "snoozed", "done", "heard", "all"];

fn line(label: &'static str, text: &str) -> Field {
    Field { label, entry: Entry::Line(LineEdit::with(text)) }
}

fn choice(label: &'static str, all: &'static [&'static str], is: &str) -> Field {
    let at = all.iter().position(|w| *w == is).unwrap_or(0);
    Field { label, entry: Entry::Choice(all, at) }
}

impl Sheet {
    fn new(kind: Kind, old: Option<&str>, was: &str, mut fields: Vec<Field>) -> Sheet {
        if old.is_none() {
            fields.insert(0, line("name", ""));
        }
        let at = fields.iter().position(|f| old.is_none() || matches!(f.entry, Entry::Text(_))).unwrap_or(0);
        Sheet {
            kind,
            old: old.map(str::to_owned),
            was: was.to_owned(),
            fields,
            at,
            hint: String::new(),
            touched: false,
            sent: None,
            below: Vec::new(),
            top: 0,
        }
    }

    /// A topic or a set; `text` makes what a query is typed into.
    #[must_use]
    pub fn topic(t: Option<&TopicView>, set: bool, text: impl Fn(&str) -> TextArea<'static>) -> Sheet {
        let query = t.map_or("", |t| t.query.as_str());
        let objective = t.map_or(Objective::default(), |t| t.objective);
        let kind = if set { Kind::Set } else { Kind::Topic };
        let mut fields = Vec::new();
        if !set {
            fields.push(choice("objective", OBJECTIVES, objective.word()));
        }
        fields.push(Field { label: "query", entry: Entry::Text(Box::new(text(query))) });
        Sheet::new(kind, t.map(|t| t.name.as_str()), query, fields)
    }

    #[must_use]
    pub fn rule(r: Option<&RuleView>, text: impl Fn(&str) -> TextArea<'static>) -> Sheet {
        let (when, acts) = r.map_or((String::new(), String::new()), |r| (r.when.clone(), r.acts.join(", ")));
        let was = r.map(RuleView::line).unwrap_or_default();
        let fields =
            vec![Field { label: "when", entry: Entry::Text(Box::new(text(&when))) }, line("do", &acts)];
        Sheet::new(Kind::Rule, r.map(|r| r.name.as_str()), &was, fields)
    }

    /// A view, or a new one of what is looked at.
    #[must_use]
    pub fn view(
        old: Option<&str>,
        (filter, states): (&str, &[State]),
        text: impl Fn(&str) -> TextArea<'static>,
    ) -> Sheet {
        let state = View { name: String::new(), filter: String::new(), states: states.to_vec() };
        let fields = vec![
            choice("state", STATES, state.state_word()),
            Field { label: "filter", entry: Entry::Text(Box::new(text(filter))) },
        ];
        Sheet::new(Kind::View, old, filter, fields)
    }

    /// What stands in a field; empty if there is none of that name.
    #[must_use]
    pub fn text_of(&self, label: &str) -> String {
        self.fields.iter().find(|f| f.label == label).map(Field::text).unwrap_or_default()
    }

    /// All that stands in it.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.fields.iter().map(Field::text).collect()
    }

    /// What `was` is once this is saved.
    #[must_use]
    pub fn stands_for(&self) -> String {
        match self.kind {
            Kind::Rule => {
                let acts = self.text_of("do");
                let acts: Vec<&str> = acts.split(',').map(str::trim).filter(|a| !a.is_empty()).collect();
                format!("{} -> {}", self.query(), acts.join(", "))
            }
            _ => self.query(),
        }
    }

    /// It is there now, with what was given to the engine; what was typed since is not.
    pub fn saved(&mut self, was: String) {
        if self.old.is_none() {
            self.old = Some(self.name());
            if self.fields.first().is_some_and(|f| f.label == "name") {
                self.fields.remove(0);
                self.at = self.at.saturating_sub(1);
            }
        }
        (self.was, self.sent) = (was, None);
    }

    #[must_use]
    pub fn name(&self) -> String {
        self.old.clone().unwrap_or_else(|| self.text_of("name"))
    }

    /// The query in it.
    #[must_use]
    pub fn query(&self) -> String {
        let label = match self.kind {
            Kind::Topic | Kind::Set => "query",
            Kind::Rule => "when",
            Kind::View => "filter",
        };
        self.text_of(label)
    }
}

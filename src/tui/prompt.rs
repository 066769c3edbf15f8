//! The line at the bottom: what it is asked for, and what stands in it.

use super::line::LineEdit;
use crate::model::{Draft, Key};

/// What a line of text is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asking {
    Filter,
    Palette,
    Help,
    Tag,
    Note,
    Assign,
    Snooze,
    Posted,
    /// The same, of what was handed off just now and stands above.
    Handed,
    SourceUrl,
    /// The address and interval of a source that is there.
    SourceChange,
    PageUrl,
    BackupFile,
    MarkQuery,
    /// Enter removes the source.
    RemoveSource,
    /// Enter opens my reply although somebody writes one.
    Busy,
    /// Enter claims it, then opens my reply.
    ClaimFirst,
    RuleRemove,
    /// What the rules would do was shown.
    RulesApply,
    TopicRemove,
    /// An author, a site or a community by its name, and for how long.
    MuteNamed,
    /// A text or an address, for why the topics hear it or not.
    WhyNot,
    ViewRemove,
    /// Enter approves the draft that is looked at.
    Approve,
    /// Why it is returned.
    Return,
    /// Why it goes although some checks ask.
    SendReason,
    /// As whom, and who sees it; and when.
    SendAs,
    SendWhen,
    /// Enter deletes what was sent.
    SendingRemove,
    /// A piece of an answer; and what it asks.
    Snippet,
    Question,
    /// Where something stands that nobody could know of.
    SendingAt,
    /// The key of what was recorded; Enter runs a macro for the first time.
    MacroKey,
    MacroFirst,
    /// A picture's path; what it shows.
    AttachFile,
    AttachAlt,
    /// Where something new is said, and under which title; what we react with.
    ComposePlace,
    ComposeTitle,
    React,
}

/// A line being typed at the bottom.
#[derive(Debug)]
pub struct Prompt {
    pub asking: Asking,
    pub label: String,
    /// The source or the topic that it is about, or the mention, if that is not what is selected.
    pub source: String,
    /// What stood there.
    pub was: String,
    /// The draft that it is about, as it stood when it was asked.
    pub draft: Option<Box<Draft>>,
    pub about: Option<Key>,
    pub line: LineEdit,
    /// Shown behind the line: an error, a hint.
    pub hint: String,
}

impl Prompt {
    /// A question about nothing but what is selected, with a text to begin with.
    pub fn new(asking: Asking, label: impl Into<String>, text: &str) -> Prompt {
        let (label, line) = (label.into(), LineEdit::with(text));
        Prompt {
            asking,
            label,
            source: String::new(),
            was: String::new(),
            draft: None,
            about: None,
            line,
            hint: String::new(),
        }
    }
}

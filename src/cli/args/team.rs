//! What is done with what the team shares: topics, rules, views, and how alerts reach people.

use super::ObjectiveArg;
use clap::Subcommand;

#[derive(Subcommand, Debug)]
pub enum TopicAction {
    /// What a topic with this query would have heard in the last days
    Try {
        /// As for topics set; one that begins with - after --
        #[arg(required = true)]
        query: Vec<String>,
        #[arg(long, default_value_t = 7)]
        days: u32,
    },
    /// Write a topic into topics.toml, a new one or one that is there
    Set {
        name: String,
        #[arg(required = true)]
        query: Vec<String>,
        /// What it is listened to for: it decides what comes first
        #[arg(long, value_enum)]
        objective: Option<ObjectiveArg>,
        /// Not a topic, but a part of queries: set:NAME
        #[arg(long, conflicts_with = "objective")]
        part: bool,
    },
    /// Let it hear once more what is stored already, as one step that undo takes back
    Apply {
        name: String,
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Take it out of topics.toml
    Remove { name: String },
}

#[derive(Subcommand, Debug)]
pub enum AlertAction {
    /// Send a word of ours that way, at once
    Test { name: String },
}

#[derive(Subcommand, Debug)]
pub enum RuleAction {
    /// What each would have done to what entered the inbox in these days
    Test {
        #[arg(long, default_value_t = 30)]
        days: u32,
    },
    /// Let them work on what is in the inbox already, as one step that undo takes back
    Apply {
        /// Only this one
        name: Option<String>,
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Write a rule into rules.toml, a new one or one that is there
    Set {
        name: String,
        /// The query that it is about
        when: String,
        /// tag WORD, assign NAME, snooze 2d, urgent, done
        #[arg(required = true)]
        acts: Vec<String>,
    },
    /// Take it out of rules.toml
    Remove { name: String },
}

#[derive(Subcommand, Debug)]
pub enum ViewAction {
    /// Write a view into views.toml, a new one or one that is there
    Set {
        name: String,
        filter: Vec<String>,
        /// inbox, snoozed, done, heard or all
        #[arg(long, default_value = "inbox")]
        state: String,
    },
    /// Take it out of views.toml
    Remove { name: String },
}

#[derive(Debug, Subcommand)]
pub enum SnippetAction {
    /// Write a snippet into snippets.toml, a new one or one that is there; - reads it from stdin
    Set {
        name: String,
        /// With {{author|there}}, {{title}}, {{link}}, {{community}}, {{me}}, {{brand}} and questions: {{?version}}
        #[arg(required = true)]
        text: Vec<String>,
        /// Two letters: it comes first where the thread is in this language
        #[arg(long, default_value = "")]
        lang: String,
    },
    /// Take it out of snippets.toml
    Remove { name: String },
}

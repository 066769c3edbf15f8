//! Who asks, and whether they may. Who somebody is comes from the kernel; what they may do from the configuration.

use super::Engine;
use crate::door::Request;
use crate::model::{Role, Targets, Verb};
use crate::store::Asker;

/// Somebody at the door.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    pub asker: Asker,
    /// Groups of the system; what they may do is looked up with every request.
    pub groups: Vec<String>,
    /// In this process the role is given.
    pub fixed: Option<Role>,
}

/// What a request needs.
fn needs(request: &Request) -> Role {
    match request {
        Request::Act { targets: Targets::Source(_), verb, .. } => verb.spec().role.max(Role::Admin),
        // Whoever may only draft may post what was approved; the gate looks.
        Request::Act { verb: Verb::Answered(_), .. } => Role::Draft,
        Request::Act { verb, .. } => verb.spec().role,
        Request::ActMany { verbs, .. } => verbs.iter().map(|v| v.spec().role).max().unwrap_or(Role::Draft),
        Request::React { .. } => Role::Send,
        // Whoever may only draft may change what was approved; the preflight looks.
        Request::Change { .. }
        | Request::SaveDraft { .. }
        | Request::Compose { .. }
        | Request::Attach { .. }
        | Request::Preflight { .. }
        | Request::Help { .. }
        | Request::Settle { .. }
        | Request::Undo
        | Request::Redo
        | Request::Poll { .. }
        | Request::TestSource(_)
        | Request::LookAt(_)
        | Request::AddPage(_) => Role::Draft,
        Request::ApplyRules { dry_run: false, .. }
        | Request::Rehear { dry_run: false, .. }
        | Request::PutTopic { .. }
        | Request::PutRule { .. }
        | Request::RemoveRule { .. }
        | Request::RemoveTopic { .. }
        | Request::PutView { .. }
        | Request::PutSnippet(_)
        | Request::RemoveSnippet(_)
        | Request::RemoveView(_) => Role::Send,
        Request::TestAlert(_)
        | Request::AddSource(_)
        | Request::AddSources(_)
        | Request::RemoveSource(_)
        | Request::Login(_)
        | Request::Reload
        | Request::Import { .. }
        | Request::Check
        | Request::Stop => Role::Admin,
        Request::List(_)
        | Request::Count(_)
        | Request::Tallies(_)
        | Request::Ranked { .. }
        | Request::Standing(_)
        | Request::Items(_)
        | Request::Story(_)
        | Request::Thread(_)
        | Request::Find(_)
        | Request::UndoList(_)
        | Request::Seek { .. }
        | Request::Counts
        | Request::Brief
        | Request::Here { .. }
        | Request::Presence
        | Request::Since
        | Request::Calls
        | Request::Sources
        | Request::Networks
        | Request::Accounts
        | Request::Communities(_)
        | Request::Topics
        | Request::Mutes
        | Request::Alerts
        | Request::Try { .. }
        | Request::ApplyRules { .. }
        | Request::Rehear { .. }
        | Request::Views
        | Request::Snippets
        | Request::Rules(_)
        | Request::People(_)
        | Request::KnownPeople
        | Request::Timeline { .. }
        | Request::Drafts
        | Request::AllDrafts
        | Request::Outbox
        | Request::Draft(_)
        | Request::Log { .. }
        | Request::Status => Role::Read,
    }
}

impl Engine {
    /// The caller's role in a word.
    #[must_use]
    pub fn role_word(&self, caller: &Caller) -> String {
        self.role(caller).map_or("none", Role::word).to_owned()
    }

    /// What somebody with this uid, name and groups may do; `None` if nothing at all.
    pub(super) fn role_of(&self, uid: u32, name: &str, groups: &[String]) -> Option<Role> {
        if uid == 0 || uid == self.asker.uid {
            return Some(Role::Admin);
        }
        self.setup().config.roles.of(name, groups)
    }

    /// What a caller may do now; `None` if nothing any more.
    pub(super) fn role(&self, c: &Caller) -> Option<Role> {
        c.fixed.or_else(|| self.role_of(c.asker.uid, &c.asker.who, &c.groups))
    }

    /// Refuses what the role does not allow, with the role and who has it.
    pub(super) fn may(&self, caller: &Caller, request: &Request) -> Result<(), String> {
        self.has(caller, needs(request), what(request))
    }

    pub(super) fn has(&self, caller: &Caller, needed: Role, what: &str) -> Result<(), String> {
        let Some(role) = self.role(caller) else {
            return Err(format!("{} has no role here any more", caller.asker.who));
        };
        if role >= needed {
            return Ok(());
        }
        Err(format!(
            "{what} needs the role {}; you ({}) have {}; it is held by {}",
            needed.word(),
            caller.asker.who,
            role.word(),
            self.setup().config.roles.who_has(needed)
        ))
    }
}

fn what(request: &Request) -> &'static str {
    match request {
        Request::Act { verb, .. } => verb.name(),
        Request::ActMany { .. } => "a macro",
        Request::SaveDraft { .. }
        | Request::Compose { .. }
        | Request::Attach { .. }
        | Request::Preflight { .. } => "writing a draft",
        Request::Change { .. } => "changing what was sent",
        Request::React { .. } => "reacting",
        Request::Help { .. } => "help with words",
        Request::Settle { .. } => "settling an answer",
        Request::Undo | Request::Redo => "undo",
        Request::Poll { .. } => "asking sources",
        Request::TestSource(_) => "testing a source",
        Request::AddPage(_) => "adding a page",
        Request::LookAt(_) => "looking at a page",
        Request::PutTopic { .. } | Request::RemoveTopic { .. } => "changing topics",
        Request::PutView { .. } | Request::RemoveView(_) => "changing views",
        Request::PutSnippet(_) | Request::RemoveSnippet(_) => "changing snippets",
        Request::PutRule { .. } | Request::RemoveRule { .. } => "changing rules",
        Request::ApplyRules { .. } => "applying rules",
        Request::Rehear { .. } => "applying a topic",
        Request::TestAlert(_) => "trying an alert",
        Request::Reload => "reading the configuration again",
        Request::Import { .. } => "import",
        Request::Login(_) => "getting the keys of an account",
        Request::Stop => "stopping the engine",
        Request::Check => "check",
        _ => "changing the sources",
    }
}

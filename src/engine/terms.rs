//! What holds for an answer to a mention: whether it has to be claimed first, whether a second person looks at it,
//! and who is told of what is done about it.

use super::gate::called;
use super::{Caller, Engine};
use crate::clean;
use crate::config::{Approval, Claim};
use crate::door::{Event, Terms, To};
use crate::model::{Applied, Id, Key, Role, Stage, Targets, Verb};
use crate::store::{Asker, StoreError};

/// Why something is not done.
pub enum Stop {
    No(String),
    Failed(StoreError),
}

impl From<StoreError> for Stop {
    fn from(e: StoreError) -> Stop {
        Stop::Failed(e)
    }
}

/// Take-overs at once that are told one by one.
const TOLD: usize = 20;

impl Engine {
    /// What holds where somebody writes about a mention.
    pub(super) fn terms(&self, caller: &Caller, mention: Id) -> Result<Terms, StoreError> {
        let who = &caller.asker.who;
        let rivals = self.store.reader().drafts_about(mention)?;
        let mut terms =
            Terms { rivals: rivals.into_iter().filter(|d| d.who != *who).collect(), ..Terms::default() };
        if let Some(item) = self.store.reader().item(mention, who)? {
            terms.barred = self.barred(caller, &item).map(|why| clean::line(&why));
            terms.approval = self.asks_approval(caller, &item.mention).then(|| self.approvers(who));
        }
        Ok(terms)
    }

    /// Who may approve what this person writes.
    pub(super) fn approvers(&self, who: &str) -> String {
        let setup = self.setup();
        let roles = &setup.config.roles;
        roles.somebody_else(Role::Send, who).unwrap_or_else(|| roles.who_has(Role::Send))
    }

    /// True if what this person answers there has to be approved.
    pub(super) fn asks_approval(&self, caller: &Caller, m: &crate::model::Mention) -> bool {
        match self.approval_at(m) {
            Approval::Off => false,
            Approval::Drafts => self.role(caller).is_none_or(|r| r < Role::Send),
            Approval::Everybody => true,
        }
    }

    /// Whose words a second person looks at there. Something new is said at a place as its network's people call it: the
    /// strictest rule of all places of that host holds.
    fn approval_at(&self, m: &crate::model::Mention) -> Approval {
        let setup = self.setup();
        let answers = &setup.config.answers;
        let usual = answers.approval(&m.community);
        if m.kind != crate::model::Kind::Own {
            return usual;
        }
        let account = setup.config.accounts.iter().find(|a| a.name == m.author.scope.as_str());
        let server = account.map(|a| clean::host_of(&a.server).into_string()).unwrap_or_default();
        let place = m.community.rsplit(['@', ':']).next().unwrap_or("").to_lowercase();
        let there =
            |name: &str| [&server, &place].into_iter().any(|h| h.len() > 3 && name.contains(h.as_str()));
        let named = answers.communities.keys().filter(|n| there(n)).map(|n| answers.approval(n));
        named.fold(usual, Approval::max)
    }

    /// Why this person may not answer it now.
    pub(super) fn barred(&self, caller: &Caller, item: &crate::model::Item) -> Option<String> {
        let required = self.setup().config.answers.claim(&item.mention.community) == Claim::Required;
        let who = &caller.asker.who;
        (required && item.assignee.as_deref() != Some(who)).then(|| {
            let has = item.assignee.as_ref().map_or("nobody has".to_owned(), |a| format!("{a} has"));
            format!("{} wants a claim before an answer, and {has} claimed this", item.mention.community)
        })
    }

    /// The mentions that a verb is about, whichever way they are named.
    fn items_of(&self, targets: &Targets, who: &str) -> Result<Vec<crate::model::Item>, StoreError> {
        let reader = self.store.reader();
        let (keys, stories): (&[Key], &[Id]) = match targets {
            Targets::Mentions(k) => (k, &[]),
            Targets::Rows(k, s) => (k, s),
            Targets::Story(s) => (&[], std::slice::from_ref(s)),
            _ => (&[], &[]),
        };
        let mut out = Vec::new();
        for k in keys {
            out.extend(reader.item(k.id, who)?);
        }
        for s in stories {
            out.extend(reader.story(*s, who)?);
        }
        Ok(out)
    }

    /// Whether somebody may write a draft about a mention, or change a colleague's.
    pub(super) fn may_write(&self, caller: &Caller, mention: Key, of: Option<Id>) -> Result<(), Stop> {
        let reader = self.store.reader();
        let theirs = match of {
            Some(id) => reader.draft_by_id(id)?.filter(|d| d.who != caller.asker.who),
            None => None,
        };
        if theirs.is_some() {
            return self.has(caller, Role::Send, "changing a colleague's draft").map_err(Stop::No);
        }
        // A claim is taken over while somebody writes: what is begun may be kept, posting it is another matter.
        if reader.draft(&caller.asker.who, mention.id)?.is_some_and(|d| d.is_open()) {
            return Ok(());
        }
        let item = reader.item(mention.id, &caller.asker.who)?;
        item.and_then(|i| self.barred(caller, &i)).map_or(Ok(()), |why| Err(Stop::No(why)))
    }

    /// What no role alone decides: claims, approvals, whose draft it is.
    pub(super) fn allowed(&self, caller: &Caller, verb: &Verb, targets: &Targets) -> Result<(), Stop> {
        let reader = self.store.reader();
        let who = &caller.asker.who;
        match (verb, targets) {
            (Verb::Claim(_) | Verb::Assign(Some(_)), _) => {
                let answers = self.setup().config.answers.clone();
                let rules = std::iter::once(&answers.everywhere).chain(answers.communities.values());
                if !rules.into_iter().any(|r| r.claim == Some(Claim::Off)) {
                    return Ok(());
                }
                for i in self.items_of(targets, who)? {
                    let name = &i.mention.community;
                    if answers.claim(name) == Claim::Off {
                        let title: String = i.mention.headline().chars().take(40).collect();
                        return Err(Stop::No(format!(
                            "claims are off at {name}, as for “{title}” (config.toml: [answers] or [community])"
                        )));
                    }
                }
            }
            (Verb::Answered(_), Targets::Mentions(_)) => {
                for i in self.items_of(targets, who)? {
                    if let Some(why) = self.barred(caller, &i) {
                        return Err(Stop::No(why));
                    }
                    let draft = reader.draft(who, i.id)?.filter(crate::model::Draft::is_open);
                    if draft.as_ref().is_some_and(|d| d.going().is_some()) {
                        return Err(Stop::No("your answer is on its way: g O shows where it is".into()));
                    }
                    let approved = draft.is_some_and(|d| matches!(d.stage, Stage::Approved { .. }));
                    if !approved && self.asks_approval(caller, &i.mention) {
                        let by = self.approvers(who);
                        return Err(Stop::No(format!(
                            "an answer at {} has to be approved first, by {by}: write it (r), then Ctrl-x p",
                            i.mention.community
                        )));
                    }
                    if !approved {
                        self.has(caller, Role::Send, verb.name()).map_err(Stop::No)?;
                    }
                }
            }
            (Verb::Answered(_), _) => {
                return Err(Stop::No("an answer is recorded for mentions, one by one".into()));
            }
            (Verb::Discard(_), Targets::Drafts(ids)) => {
                for id in ids {
                    if reader.draft_by_id(*id)?.is_some_and(|d| d.going().is_some()) {
                        return Err(Stop::No("it is on its way; recall it first".into()));
                    }
                    if reader.draft_by_id(*id)?.is_some_and(|d| d.who != *who) {
                        self.has(caller, Role::Send, "putting a colleague's draft aside")
                            .map_err(Stop::No)?;
                    }
                }
            }
            (Verb::Submit | Verb::Approve(_) | Verb::Return(_), Targets::Drafts(ids)) => {
                if matches!(verb, Verb::Return(_)) && ids.len() != 1 {
                    return Err(Stop::No("drafts are returned one by one: each has its own reason".into()));
                }
                for id in ids {
                    let Some(d) = reader.draft_by_id(*id)?.filter(crate::model::Draft::is_open) else {
                        return Err(Stop::No("that draft is not open any more".into()));
                    };
                    if matches!(verb, Verb::Submit) && d.who != *who {
                        return Err(Stop::No(format!("that is the draft of {}", d.who)));
                    }
                    if matches!(verb, Verb::Return(_))
                        && matches!(d.stage, Stage::Writing | Stage::Returned { .. })
                    {
                        return Err(Stop::No(format!("{} is writing it: {}", d.who, d.stage.words())));
                    }
                    if matches!(verb, Verb::Approve(_)) {
                        let rivals = reader.drafts_about(d.mention.id)?;
                        let may_go = |r: &&crate::model::Draft| {
                            r.id != d.id && matches!(r.stage, Stage::Approved { .. })
                        };
                        if let Some(r) = rivals.iter().find(may_go) {
                            let why = format!(
                                "the answer of {} to this is {} already; return it first",
                                r.who,
                                r.stage.words()
                            );
                            return Err(Stop::No(why));
                        }
                        // What is changed is answered, and stays so.
                        if d.changes.is_none()
                            && let Some(at) = reader.item(d.mention.id, who)?.and_then(|i| i.answered)
                        {
                            return Err(Stop::No(format!("this is answered already, at {at}")));
                        }
                    }
                    if matches!(verb, Verb::Approve(_)) && d.who == *who {
                        return Err(Stop::No("somebody else has to approve what you wrote".into()));
                    }
                }
            }
            (Verb::Recall, Targets::Drafts(ids)) => {
                for d in ids.iter().filter_map(|id| reader.draft_by_id(*id).ok().flatten()) {
                    let mine = d.who == *who || d.going().is_some_and(|g| g.by == *who);
                    if !mine {
                        self.has(caller, Role::Send, "calling a colleague's answer back")
                            .map_err(Stop::No)?;
                    }
                    if d.going().is_some_and(|g| g.asked) {
                        return Err(Stop::No("it left already; g O shows where it is".into()));
                    }
                }
            }
            (Verb::Recall, _) => return Err(Stop::No("recall is about a draft".into())),
            (Verb::Submit | Verb::Approve(_) | Verb::Return(_), _) => {
                return Err(Stop::No(format!("{} is about a draft", verb.name())));
            }
            _ => {}
        }
        Ok(())
    }

    /// Tells those whom it concerns what somebody did.
    pub(super) fn tell_of(&self, asker: &Asker, verb: &Verb, targets: &Targets, done: &Applied) {
        let say = |to: To, about: Key, text: String| {
            let by = asker.who.clone();
            self.announce(Event::Told { to, by, about, text: clean::line(&text) });
        };
        let me = &asker.who;
        match (verb, targets) {
            (Verb::Note(text), _) => {
                if let Some(about) = done.keys.first() {
                    for who in called(text).into_iter().filter(|w| w != me) {
                        say(To::Person(who), *about, format!("{me} calls you: {text} · g M"));
                    }
                }
            }
            (Verb::Claim(Some(from)), _) if done.changed > 0 && from != me => {
                for about in done.keys.iter().take(TOLD) {
                    say(
                        To::Person(from.clone()),
                        *about,
                        format!("{me} took over “{}”", self.headline(about.id)),
                    );
                }
            }
            (Verb::Assign(Some(to)), _) if to != me => {
                for about in done.keys.iter().take(1) {
                    let more = if done.keys.len() > 1 {
                        format!(" and {} more", done.keys.len() - 1)
                    } else {
                        String::new()
                    };
                    say(
                        To::Person(to.clone()),
                        *about,
                        format!("{me} gave you “{}”{more}", self.headline(about.id)),
                    );
                }
            }
            (Verb::Submit | Verb::Approve(_) | Verb::Return(_), Targets::Drafts(ids)) if done.changed > 0 => {
                for d in ids.iter().filter_map(|id| self.store.reader().draft_by_id(*id).ok().flatten()) {
                    let what = if d.changes.is_some() { "change of an answer" } else { "answer" };
                    let (to, text) = match verb {
                        Verb::Submit => (
                            To::Role(Role::Send),
                            format!("{me}'s {what} to “{}” waits for approval · g D", d.about),
                        ),
                        Verb::Return(why) => (
                            To::Person(d.who.clone()),
                            format!("{me} returned your {what} to “{}”: {why}", d.about),
                        ),
                        _ => (
                            To::Person(d.who.clone()),
                            format!("{me} approved your {what} to “{}”: Ctrl-x p in it lets it go", d.about),
                        ),
                    };
                    say(to, d.mention, text);
                }
            }
            _ => {}
        }
    }

    /// Tells whose draft it is that somebody took their word about it back.
    pub(super) fn tell_of_undo(&self, asker: &Asker, done: &Applied) {
        let Ok(entry) = self.store.entry(done.seq) else { return };
        for c in &entry.changes {
            let crate::model::Target::Draft(id) = c.target else { continue };
            let Ok(Some(d)) = self.store.reader().draft_by_id(id) else { continue };
            if d.who != asker.who {
                let text = format!(
                    "{} changed their mind: your answer to “{}” {}",
                    asker.who,
                    d.about,
                    is_now(&d.stage)
                );
                let (to, by) = (To::Person(d.who), asker.who.clone());
                self.announce(Event::Told { to, by, about: d.mention, text: clean::line(&text) });
            }
        }
    }

    fn headline(&self, id: Id) -> String {
        let item = self.store.reader().item(id, "").ok().flatten();
        item.map_or(String::new(), |i| i.mention.headline().chars().take(60).collect())
    }
}

fn is_now(stage: &Stage) -> String {
    match stage {
        Stage::Waiting { .. } => "waits again".into(),
        s => format!("is {} again", s.words()),
    }
}

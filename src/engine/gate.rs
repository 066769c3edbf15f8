//! The one gate: every verb is checked here, whoever asks and through whichever door.

use super::terms::Stop;
use super::{Caller, Engine, failed, refuse};
use crate::clean;
use crate::door::{Event, RefusalKind, Reply, To};
use crate::model::{Item, Key, Stage, Stamp, Target, Targets, Text, Verb, Writes};
use crate::store::{Asker, MACRO, StoreError};

/// True for what can be a step of a macro: what is done to mentions and can be taken back.
fn in_macros(v: &Verb) -> bool {
    v.spec().undoable
        && !matches!(
            v,
            Verb::Answered(_)
                | Verb::Discard(_)
                | Verb::Submit
                | Verb::Approve(_)
                | Verb::Return(_)
                | Verb::Send(_)
                | Verb::Pause(_)
                | Verb::Unmute(_)
        )
}

/// Longest tag and name, in bytes.
const NAME_MAX: usize = 64;

impl Engine {
    /// Checks and does a verb.
    pub(super) fn act(&self, caller: &Caller, verb: Verb, targets: &Targets, quiet: bool) -> Reply {
        let (asker, now) = (&caller.asker, Stamp::now());
        let verb = match checked(verb, now) {
            Ok(v) => v,
            Err(why) => return refuse(RefusalKind::Usage, &why),
        };
        if let Verb::Send(how) = &verb {
            let Targets::Drafts(ids) = targets else {
                return refuse(RefusalKind::Usage, "send is about a draft");
            };
            let [id] = ids.as_slice() else {
                return refuse(RefusalKind::Usage, "answers leave one by one: each is looked at");
            };
            return self.let_go(caller, *id, how).unwrap_or_else(|e| failed(&e));
        }
        match self.allowed(caller, &verb, targets) {
            Ok(()) => {}
            Err(Stop::No(why)) => return refuse(RefusalKind::Role, &why),
            Err(Stop::Failed(e)) => return failed(&e),
        }
        let done = match (&verb, targets) {
            (Verb::Forget, Targets::People(people)) => self.store.forget(asker, people, now),
            (Verb::Forget, _) => return refuse(RefusalKind::Usage, "forget is about a person"),
            (Verb::Wipe, _) => self.store.wipe(asker, targets, now),
            (Verb::Mute { kind, allow: false, .. }, _) => {
                self.muted_with(*kind, targets).and_then(|t| self.store.act(asker, &verb, &t, now, quiet))
            }
            _ => self.store.act(asker, &verb, targets, now, quiet),
        };
        match done {
            Ok(applied) => {
                match (&verb, targets) {
                    (Verb::Answered(_), _) => self.looks.forget_answers(),
                    (Verb::Recall, Targets::Drafts(ids)) => ids.iter().for_each(|id| self.sends.look_at(*id)),
                    _ => {}
                }
                if matches!(targets, Targets::Drafts(_))
                    || matches!(verb, Verb::Answered(_) | Verb::Discard(_))
                {
                    self.announce(Event::DraftsChanged);
                }
                if matches!(targets, Targets::Source(_)) {
                    self.replan();
                    self.announce(Event::SourcesChanged);
                }
                if let (Verb::Discard(_), Targets::Mentions(keys)) = (&verb, targets) {
                    self.announce(Event::Changed(keys.clone()));
                }
                if !applied.keys.is_empty() || matches!(targets, Targets::People(_)) {
                    self.announce(Event::Changed(applied.keys.clone()));
                }
                self.tell_of(asker, &verb, targets, &applied);
                if matches!(verb, Verb::Vip(_)) {
                    self.announce(Event::Resync);
                }
                Reply::Applied(applied)
            }
            Err(e) => failed(&e),
        }
    }

    /// Checks and does several verbs to mentions, all of them or none, as one step.
    pub(super) fn act_many(&self, caller: &Caller, verbs: Vec<Verb>, targets: &Targets) -> Reply {
        let (asker, now) = (&caller.asker, Stamp::now());
        if !matches!(targets, Targets::Mentions(_) | Targets::Story(_) | Targets::Rows(..)) {
            return refuse(RefusalKind::Usage, "a macro is about mentions");
        }
        let mut steps = Vec::new();
        for verb in verbs {
            let verb = match checked(verb, now) {
                Ok(v) => v,
                Err(why) => return refuse(RefusalKind::Usage, &why),
            };
            if !in_macros(&verb) {
                return refuse(RefusalKind::Usage, &format!("{} is no step of a macro", verb.name()));
            }
            match self.allowed(caller, &verb, targets) {
                Ok(()) => {}
                Err(Stop::No(why)) => return refuse(RefusalKind::Role, &why),
                Err(Stop::Failed(e)) => return failed(&e),
            }
            let targets = match &verb {
                Verb::Mute { kind, allow: false, .. } => self.muted_with(*kind, targets),
                _ => Ok(targets.clone()),
            };
            match targets {
                Ok(t) => steps.push((verb, t)),
                Err(e) => return failed(&e),
            }
        }
        match self.store.act_many(asker, MACRO, &steps, now, false) {
            Ok(applied) => {
                self.announce(Event::Changed(applied.keys.clone()));
                for (verb, targets) in &steps {
                    self.tell_of(asker, verb, targets, &applied);
                }
                if steps.iter().any(|(v, _)| matches!(v, Verb::Vip(_))) {
                    self.announce(Event::Resync);
                }
                Reply::Applied(applied)
            }
            Err(e) => failed(&e),
        }
    }

    pub(super) fn undo(&self, asker: &Asker, redo: bool) -> Reply {
        let now = Stamp::now();
        let done = if redo { self.store.redo(asker, now) } else { self.store.undo(asker, now) };
        match done {
            Ok(a) => {
                self.announce(Event::Changed(a.keys.clone()));
                self.announce(Event::DraftsChanged);
                self.looks.forget_answers();
                self.sends.look_at_all();
                if a.verb == "send" && a.changed == 0 && !redo {
                    return refuse(RefusalKind::Usage, "it left already; g O shows where it is");
                }
                if a.changed > 0 && matches!(a.verb.as_str(), "approve" | "return") {
                    self.tell_of_undo(asker, &a);
                }
                if a.keys.is_empty() && a.seq > 0 {
                    // It may have been a pause.
                    self.replan();
                    self.announce(Event::SourcesChanged);
                    self.announce(Event::Resync);
                }
                Reply::Applied(a)
            }
            Err(e) => failed(&e),
        }
    }

    pub(super) fn save_draft(
        &self,
        caller: &Caller,
        mention: Key,
        which: Writes,
        seen: Option<Stamp>,
        text: &Text,
    ) -> Reply {
        let text = clean::draft(text);
        let of = if let Writes::Of(id) = which { Some(id) } else { None };
        match self.may_write(caller, mention, of) {
            Ok(()) => {}
            Err(Stop::No(why)) => return refuse(RefusalKind::Role, &why),
            Err(Stop::Failed(e)) => return failed(&e),
        }
        let first = of
            .and_then(|id| self.store.reader().draft_by_id(id).ok().flatten())
            .filter(|d| d.stage == Stage::Waiting { edited_by: None });
        self.look_ahead(&text);
        match self.store.save_draft(&caller.asker, mention, which, seen, &text, Stamp::now()) {
            Ok(saved) => {
                if let Some(d) =
                    first.filter(|_| matches!(saved.stage, Stage::Waiting { edited_by: Some(_) }))
                {
                    let by = caller.asker.who.clone();
                    let text = clean::line(&format!(
                        "{by} changes your answer to “{}” before approving it",
                        d.about
                    ));
                    self.announce(Event::Told { to: To::Person(d.who), by, about: mention, text });
                }
                self.announce(Event::DraftsChanged);
                self.announce(Event::Changed(vec![mention]));
                Reply::Saved { id: saved.id, at: saved.at, stage: saved.stage }
            }
            Err(e) => failed(&e),
        }
    }
}

/// The colleagues whom a note calls: `@name`, once each.
pub(super) fn called(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split_whitespace().filter_map(|w| w.strip_prefix('@')) {
        let name = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        if !name.is_empty() && !out.iter().any(|n| n == name) {
            out.push(name.to_owned());
        }
    }
    out
}

/// Notes that are looked through for calls.
const NOTES: usize = 2000;

impl Engine {
    /// The mentions with a note in which a colleague calls this person, the newest call first.
    pub(super) fn calls(&self, who: &str) -> Result<Vec<Item>, StoreError> {
        let reader = self.store.reader();
        let mut out: Vec<Item> = Vec::new();
        for e in self.store.log(None, NOTES)?.iter().filter(|e| e.verb == "note" && e.who != who) {
            let Some(Target::Mention(key)) = e.changes.first().map(|c| &c.target) else { continue };
            if out.iter().any(|i| i.key == *key) {
                continue;
            }
            let Some(item) = reader.item(key.id, who)? else { continue };
            let mine = |n: &(String, Stamp, Text)| n.0 != who && called(&n.2).iter().any(|c| c == who);
            if item.notes.iter().any(mine) {
                out.push(item);
            }
        }
        Ok(out)
    }
}

/// Cleans and checks what people typed.
fn checked(verb: Verb, now: Stamp) -> Result<Verb, String> {
    Ok(match verb {
        Verb::Snooze(Some(t)) if t <= now => return Err("the time to come back is over already".into()),
        Verb::Mute { until: Some(t), .. } if t <= now => return Err("that time is over already".into()),
        Verb::Tag { tag, on } => {
            let tag = clean::line_capped(tag.trim().trim_start_matches('#'), NAME_MAX).to_lowercase();
            if tag.is_empty() || tag.contains(|c: char| c.is_whitespace() || c == ',') {
                return Err("a tag is one word without commas".into());
            }
            Verb::Tag { tag, on }
        }
        Verb::Assign(Some(who)) => {
            let who = clean::line_capped(who.trim().trim_start_matches('@'), NAME_MAX).into_string();
            if who.is_empty() || who.contains(char::is_whitespace) {
                return Err("a colleague's name is one word".into());
            }
            Verb::Assign(Some(who))
        }
        Verb::Note(text) => {
            let text = clean::text(&text).0;
            if text.is_empty() {
                return Err("the note is empty".into());
            }
            Verb::Note(text.into_string())
        }
        Verb::Return(text) => {
            let text = clean::text(&text).0;
            if text.is_empty() {
                return Err("say why it is returned".into());
            }
            Verb::Return(text.into_string())
        }
        Verb::Answered(url) => {
            let u = clean::url(&url, None);
            if u.is_empty() {
                return Err(format!("“{url}” is no http or https address"));
            }
            Verb::Answered(u.into_string())
        }
        v => v,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_note_calls_each_colleague_once() {
        assert_eq!(super::called("@bo, @cy: look (@dee?) mail@x.example @bo @"), ["bo", "cy"]);
    }
}

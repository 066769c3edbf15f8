//! What came of our answers: what we posted is looked at now and then for a week. What a moderator removed brings its row
//! back; likes, shares and replies stand beside the row and in the outbox.

use super::{Engine, failed, refuse};
use crate::clean;
use crate::door::{Event, RefusalKind, Reply, Settle, To};
use crate::model::outgoing::{Fate, Outcome, Sending};
use crate::model::time::{DAY, HOUR, MINUTE};
use crate::model::{Applied, Id, Stamp, Targets, Text, Verb};
use crate::networks::{Desk, Trouble};
use crate::store::Asker;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// After so long (ms) each is looked at.
const WHEN: [i64; 6] = [10 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY];
/// Discussions that are looked through for thanks.
const THREADS: usize = 200;
/// What came of answers is reckoned anew after this time (ms).
const HOLDS: i64 = 2 * MINUTE;
/// Between two rounds, and looks of one round.
const ROUND: Duration = Duration::from_secs(300);
const AT_ONCE: usize = 50;

/// True if it is time to look at it again.
fn is_due(s: &Sending, now: Stamp) -> bool {
    let next = WHEN.get(s.outcome.looks as usize);
    !s.outcome.removed && next.is_some_and(|ms| s.next.plus(*ms) <= now)
}

/// Runs until the engine is gone. While nothing was sent within a week, nothing is asked.
pub async fn run(engine: Weak<Engine>, mut stop: watch::Receiver<bool>) {
    // Whoever answers first does not wait for what was said in months.
    if let Some(e) = engine.upgrade() {
        tokio::task::spawn_blocking(move || e.ledger().map(drop));
    }
    loop {
        let Some(e) = engine.upgrade() else { return };
        let now = Stamp::now();
        let reader = e.store.reader();
        let all = tokio::task::spawn_blocking(move || reader.sent_since(now.plus(-8 * DAY))).await;
        let all = all.ok().and_then(Result::ok).unwrap_or_default();
        let none = all.is_empty();
        for s in all.into_iter().filter(|s| is_due(s, now)).take(AT_ONCE) {
            // What does not answer is asked again with the next round.
            let _ = e.look_what_became(s, false).await;
        }
        let mut events = e.events.subscribe();
        drop(e);
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(ROUND), if !none => {}
            // At rest nothing wakes this: only something that was sent does.
            () = super::happens(&mut events, |e| matches!(e, Event::DraftsChanged)), if none => {}
        }
    }
}

/// True for words of thanks, in the languages whose words are known.
fn thanks(text: &str) -> bool {
    let low = text.to_lowercase();
    let not = ["no thanks", "thanks for nothing", "nein danke", "non merci"];
    let words = [
        "thank you",
        "thanks",
        "thx",
        "danke",
        "merci",
        "gracias",
        "grazie",
        "obrigad",
        "bedankt",
        "dzięk",
        "works now",
        "that worked",
        "solved it",
        "that helped",
    ];
    !not.iter().any(|n| low.contains(n)) && words.iter().any(|w| low.contains(w))
}

impl Engine {
    /// What came of our answer to a mention, in words.
    pub(super) fn came_of(&self, mention: Id) -> Text {
        let now = Stamp::now();
        let held = self.looks.came.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let all = match held.filter(|(at, _)| now.0 - at.0 < HOLDS) {
            Some((_, all)) => all,
            None => {
                let all = Arc::new(self.all_that_came(now).unwrap_or_default());
                *self.looks.came.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, all.clone()));
                all
            }
        };
        all.get(&mention).cloned().unwrap_or_default()
    }

    fn all_that_came(&self, now: Stamp) -> Result<HashMap<Id, Text>, crate::store::StoreError> {
        let reader = self.store.reader();
        let mut out = HashMap::new();
        let mut sent = reader.sent_since(now.plus(-30 * DAY))?;
        sent.sort_by_key(|s| std::cmp::Reverse(s.next));
        for (i, s) in sent.into_iter().enumerate() {
            let mut words = s.outcome.words();
            // Who was answered said thanks in the discussion since; of the last ones, each is a look at the disk.
            let thread = if i < THREADS { reader.thread(s.mention.id, 50, "")? } else { Vec::new() };
            let asked = thread.iter().find(|i| i.id == s.mention.id).map(|i| i.mention.author.key());
            let theirs = |i: &&crate::model::Item| {
                let m = &i.mention;
                i.id != s.mention.id && m.at > s.begun && Some(m.author.key()) == asked && m.author.key() != 0
            };
            if thread.iter().filter(theirs).any(|i| thanks(&i.mention.text)) {
                words = if words.is_empty() { "thanked".into() } else { format!("{words} · thanked") };
            }
            if !words.is_empty() {
                out.insert(s.mention.id, clean::line(&words));
            }
        }
        Ok(out)
    }

    /// Somebody wants to know now.
    pub(super) async fn look_now(self: &Arc<Self>, draft: Id) -> Reply {
        let s = match self.store.reader().sending(draft) {
            Ok(Some(s)) if s.fate == Fate::Sent => s,
            Ok(_) => return refuse(RefusalKind::Usage, "that was not sent from here"),
            Err(e) => return failed(&e),
        };
        let key = s.mention;
        if let Some(p) = self.posts_as(&s.account) {
            let desk = Desk { server: &p.server, me: &p.me, now: Stamp::now() };
            if p.posting.after(&desk, &s.posted).is_none() {
                return refuse(RefusalKind::Usage, "nobody tells there what came of it");
            }
        }
        match self.look_what_became(s, true).await {
            Ok(()) => Reply::Applied(Applied {
                verb: Settle::Look.word().into(),
                changed: 1,
                keys: vec![key],
                ..Applied::default()
            }),
            Err(why) => refuse(RefusalKind::Failed, &why),
        }
    }

    /// Looks at it, because it is time to or because somebody wants to know; a sentence if nothing was learned.
    async fn look_what_became(self: &Arc<Self>, s: Sending, by_hand: bool) -> Result<(), String> {
        let Some(p) = self.posts_as(&s.account) else {
            return Err("its account is not there any more".into());
        };
        let now = Stamp::now();
        let desk = Desk { server: &p.server, me: &p.me, now };
        let looks = s.outcome.looks.saturating_add(u32::from(!by_hand));
        let looked = Outcome { looks, at: now, ..s.outcome.clone() };
        let outcome = match p.posting.after(&desk, &s.posted) {
            // Nobody tells there.
            None => Outcome { looks: u32::MAX, ..looked },
            Some(call) => match self.accounts.call(&self.setup().net, &p.way, &call).await {
                Ok((a, _)) => match p.posting.became(&desk, &s.posted, &a) {
                    Ok(o) => Outcome { looks: looked.looks, at: now, ..o },
                    Err(t) if by_hand => return Err(t.text().to_string()),
                    Err(_) => looked,
                },
                Err(Trouble::Missing(_) | Trouble::Gone(_)) => Outcome { removed: true, ..looked },
                Err(t) if by_hand || matches!(t, Trouble::Wait(..) | Trouble::Fault(_)) => {
                    return Err(t.text().to_string());
                }
                Err(_) => looked,
            },
        };
        let kept = Sending { outcome, ..s };
        let store = self.store.clone();
        let by = Asker { who: "hearken".into(), uid: self.asker.uid };
        let key = kept.mention;
        let done = tokio::task::spawn_blocking(move || {
            // Somebody may have changed or deleted it while it was looked at.
            let Some(before) = store.keep_outcome(&kept)? else { return Ok((kept.draft, false, false)) };
            let removed = kept.outcome.removed && !before.removed;
            if removed {
                // It is on the table again: somebody has to look at it.
                let on = Targets::Mentions(vec![key]);
                store.act(&by, &Verb::Inbox, &on, now, true)?;
                let note = Verb::Note(
                    "our answer is not there any more: removed by moderators, or by its account".into(),
                );
                store.act(&by, &note, &on, now, true)?;
            }
            let changed = kept.outcome.words() != before.words();
            Ok::<_, crate::store::StoreError>((kept.draft, removed, changed))
        });
        let (draft, removed, changed) = match done.await {
            Ok(Ok(d)) => d,
            Ok(Err(e)) => return Err(e.to_string()),
            Err(_) => return Err("what came of it could not be kept".into()),
        };
        if removed {
            let d = self.store.reader().draft_by_id(draft).ok().flatten();
            if let Some(d) = d {
                let text = clean::line(&format!("your answer to “{}” was removed there", d.about));
                let (to, by) = (To::Person(d.who), "hearken".to_owned());
                self.announce(Event::Told { to, by, about: key, text });
            }
        }
        if changed {
            self.looks.forget_answers();
            *self.looks.came.lock().unwrap_or_else(PoisonError::into_inner) = None;
            self.announce(Event::DraftsChanged);
            self.announce(Event::Changed(vec![key]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thanks_are_known_and_refusals_are_none() {
        assert!(thanks("Oh, thank you!") && thanks("Danke, das war es") && thanks("It works now"));
        assert!(!thanks("No thanks.") && !thanks("Thanks for nothing") && !thanks("It still leaks"));
    }

    #[test]
    fn what_nobody_reacted_to_in_a_day_is_idle() {
        let o = |looks, likes| Outcome { looks, likes, ..Outcome::default() };
        assert!(o(4, 0).is_idle() && !o(3, 0).is_idle() && !o(4, 1).is_idle());
        assert!(!o(u32::MAX, 0).is_idle(), "nobody tells there");
    }

    #[test]
    fn it_is_looked_at_less_and_less_often() {
        let now = Stamp(1_790_000_000_000);
        let of = |looks: u32, age: i64| {
            is_due(
                &Sending {
                    next: now.plus(-age),
                    outcome: Outcome { looks, ..Outcome::default() },
                    ..Sending::default()
                },
                now,
            )
        };
        assert!(!of(0, MINUTE) && of(0, 11 * MINUTE) && !of(1, 11 * MINUTE) && of(1, 2 * HOUR));
        assert!(of(5, 7 * DAY) && !of(6, 30 * DAY) && !of(u32::MAX, 30 * DAY));
    }
}

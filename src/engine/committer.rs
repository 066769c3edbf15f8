//! Polls that finish together are committed together; then everybody is told.

use super::Engine;
use super::polls::Arrived;
use crate::clean;
use crate::door::Event;
use crate::listen::{Polled, Report};
use crate::model::{Key, Stamp, State, Text, Trouble};
use crate::store::{Arrivals, Outcome, Store};
use std::sync::Weak;
use tokio::sync::mpsc;

/// Polls in one commit at most.
const TOGETHER: usize = 64;

pub async fn run(engine: Weak<Engine>, mut arrived: mpsc::Receiver<Arrived>) {
    let mut batch = Vec::new();
    while arrived.recv_many(&mut batch, TOGETHER).await > 0 {
        let Some(e) = engine.upgrade() else { return };
        for a in &batch {
            e.note_standing(&a.polled);
        }
        let (polled, waiting): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|a| (a.polled, (a.tickets, a.done))).unzip();
        let store = e.store.clone();
        let mut polled = polled;
        let all: Vec<_> = polled
            .iter_mut()
            .map(|p| {
                let mut items = std::mem::take(&mut p.arrivals.items);
                // What we say ourselves waits for nobody: it is here, and not in the inbox.
                for i in items.iter_mut().filter(|i| i.state == State::Inbox) {
                    if e.is_ours(&i.mention) {
                        i.state = State::Done;
                    }
                }
                Arrivals { items, ..p.arrivals.clone() }
            })
            .collect();
        let stored = tokio::task::spawn_blocking(move || {
            let (wiped, unheard) = deletions(&store, &all);
            // One whose deletions could not be carried out does not move on: it is told again.
            let held = |n: &usize| unheard[*n].is_none();
            let n = all.len();
            let those: Vec<usize> = (0..n).filter(held).collect();
            let rest = all.into_iter().enumerate().filter(|(i, _)| held(i)).map(|(_, a)| a).collect();
            let (some, whys) = together(&store, rest);
            let mut outcomes = vec![Outcome::default(); n];
            let mut failed = unheard;
            for (i, (o, why)) in those.into_iter().zip(some.into_iter().zip(whys)) {
                (outcomes[i], failed[i]) = (o, why);
            }
            ((outcomes, failed), wiped)
        });
        let (outcomes, failed) = match stored.await {
            Ok(((o, failed), wiped)) => {
                if !wiped.is_empty() {
                    e.announce(Event::Changed(wiped));
                }
                (o, failed)
            }
            Err(_) => (
                Vec::new(),
                vec![Some(Text::ours("storing what was heard failed; it is asked again")); polled.len()],
            ),
        };
        if let Some(why) = failed.iter().flatten().next() {
            e.notice(true, why.clone());
        }
        // Before anybody is told, and before a poll is over for who asked for it: what a rule takes away is no news.
        let fresh: Vec<_> = outcomes.iter().flat_map(|o| o.new.iter().copied()).collect();
        let with_rules = e.clone();
        let ruled = tokio::task::spawn_blocking(move || {
            let muted = with_rules.apply_mutes(&fresh);
            with_rules.apply_rules(&fresh);
            muted
        });
        let muted = ruled.await.unwrap_or(0);
        let mut sum = (0u32, 0u32);
        for (i, (p, (tickets, done))) in polled.iter().zip(waiting).enumerate() {
            let o = outcomes.get(i).cloned().unwrap_or_default();
            sum.0 += o.inbox;
            sum.1 += o.new.len() as u32 - o.inbox;
            if !o.woken.is_empty() {
                e.announce(Event::Changed(o.woken.clone()));
                sum.0 += o.woken.len() as u32;
            }
            if !o.revised.is_empty() {
                e.announce(Event::Changed(o.revised.clone()));
            }
            let failed = failed.get(i).cloned().flatten();
            let words = failed.clone().unwrap_or_else(|| words(&p.report, &o));
            let ok = failed.is_none() && !matches!(p.report, Report::Failed(_) | Report::Retired(_));
            for ticket in tickets.into_iter().chain([0]) {
                e.announce(Event::Polled {
                    ticket,
                    source: p.arrivals.source.clone(),
                    ok,
                    new: o.new.len() as u32,
                    inbox: o.inbox,
                    words: words.clone(),
                });
            }
            if let Trouble::Retired(why) = &p.health.trouble {
                e.notice(false, clean::line(&format!("{} is retired: {why}", p.arrivals.source)));
            }
            let _ = done.send(failed.is_none());
        }
        if sum != (0, 0) {
            let inbox = u32::try_from((i64::from(sum.0) - muted).max(0)).unwrap_or(0);
            e.announce(Event::Arrived { inbox, heard: sum.1 });
        }
    }
}

/// What sources deleted goes before their places move on: after a kill in between it is told again. Gives what was
/// wiped, and for each arrival why its deletions failed.
fn deletions(store: &Store, all: &[Arrivals]) -> (Vec<Key>, Vec<Option<Text>>) {
    let now = Stamp::now();
    let mut wiped = Vec::new();
    let failed = all.iter().map(|a| {
        if a.gone.is_empty() && a.left.is_empty() {
            return None;
        }
        match store.deleted_at_source(&a.source, &a.gone, &a.left, now) {
            Ok(keys) => {
                wiped.extend(keys);
                None
            }
            Err(e) => Some(clean::line(&e.to_string())),
        }
    });
    let failed = failed.collect();
    (wiped, failed)
}

impl Engine {
    /// Who we are with an account, as its network told.
    fn note_standing(&self, p: &Polled) {
        let Some(s) = &p.standing else { return };
        let setup = self.setup();
        let source = setup.sources.iter().find(|x| x.id == p.arrivals.source);
        let Some(account) = source.and_then(|x| x.way()).and_then(|w| w.account) else { return };
        self.accounts.learn_me(&account, s);
        if let Err(e) = self.store.put_standing(&account, s) {
            self.notice(true, clean::line(&e.to_string()));
        }
        if s.wrong {
            self.notice(true, clean::line(&format!("the account {account}: {}", s.words)));
        }
    }
}

/// All in one commit; if that fails, one by one, so that one source that cannot be stored harms no other.
fn together(store: &Store, all: Vec<Arrivals>) -> (Vec<Outcome>, Vec<Option<Text>>) {
    let n = all.len();
    match store.ingest(all.clone()) {
        Ok(o) => (o, vec![None; n]),
        Err(first) if n == 1 => (vec![Outcome::default()], vec![Some(clean::line(&first.to_string()))]),
        Err(_) => all
            .into_iter()
            .map(|a| match store.ingest(vec![a]) {
                Ok(o) => (o.into_iter().next().unwrap_or_default(), None),
                Err(e) => (Outcome::default(), Some(clean::line(&e.to_string()))),
            })
            .unzip(),
    }
}

fn words(r: &Report, o: &Outcome) -> Text {
    let s = match r {
        Report::NotModified => "nothing new".to_owned(),
        Report::Heard(n) => format!("{n} went by, {} new, {} for the inbox", o.new.len(), o.inbox),
        Report::Fresh(n) => {
            let edited =
                if o.revised.is_empty() { String::new() } else { format!(", {} edited", o.revised.len()) };
            format!("{n} entries, {} new, {} for the inbox{edited}", o.new.len(), o.inbox)
        }
        Report::Failed(why) | Report::Retired(why) | Report::Postponed(why) => why.to_string(),
    };
    clean::line(&s)
}

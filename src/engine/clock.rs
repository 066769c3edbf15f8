//! The clocks of mentions: until when each should be answered, as rows show it, as `w` explains it, and as lists are put
//! in order by it; and the rules that hear of what is late.

use super::{Engine, Setup};
use crate::answer::clock::{Due, Known, Targets, due};
use crate::config::Config;
use crate::door::{Event, Placed, Reply};
use crate::model::{Item, Key, Objective, Stamp, State};
use crate::store::{PageQuery, StoreError};
use std::collections::HashSet;
use std::sync::Weak;
use std::time::Duration;
use tokio::sync::watch;

/// Mentions of the inbox whose clocks are looked at.
const LOOKED_AT: usize = 5_000;
/// Clocks move on the minute.
const MINUTE: Duration = Duration::from_secs(60);

/// What the team promises itself, as the configuration has it.
pub fn targets(c: &Config) -> Targets {
    let communities = c.send.communities.iter();
    Targets {
        networks: c.targets.clone(),
        communities: communities.filter_map(|(n, k)| Some((n.clone(), k.target?))).collect(),
        hours: c.hours.clone(),
    }
}

/// The clock of one; `None` for what waits for no answer.
pub(super) fn clock(setup: &Setup, i: &Item, now: Stamp) -> Option<Due> {
    let open = matches!(i.state, State::Inbox | State::Snoozed);
    if !open || i.answered.is_some() || i.deleted {
        return None;
    }
    let m = &i.mention;
    let topic = |name: &str| setup.config.topics.iter().find(|t| t.name == name).map(|t| t.objective);
    let objectives: Vec<Objective> = m.topics.iter().filter_map(|t| topic(&t.topic)).collect();
    let known = Known {
        network: m.network.clone(),
        community: m.community.to_string(),
        at: m.at,
        heard_at: m.heard_at,
        now,
        tellings: i.tellings,
        objectives,
        vip: i.vip,
        mood: i.mood(),
        urgent: i.tags.iter().any(|t| t == "urgent"),
    };
    due(&known, &setup.targets)
}

impl Engine {
    /// Sets the clocks of what an answer shows, and what came of what was answered.
    pub(super) fn timed(&self, mut reply: Reply) -> Reply {
        let (setup, now) = (self.setup(), Stamp::now());
        let set = |i: &mut Item| {
            i.due = clock(&setup, i, now).map(|d| d.at);
            if i.answered.is_some() {
                i.outcome = self.came_of(i.id);
            }
        };
        match &mut reply {
            Reply::List { items, .. } | Reply::Items(items) => items.iter_mut().for_each(set),
            Reply::Ranked { items, .. } => items.iter_mut().map(|p: &mut Placed| &mut p.item).for_each(set),
            _ => {}
        }
        reply
    }

    /// What is late and was not yet, since it was looked at last; the rest keeps its time.
    fn late(&self, known: &mut HashSet<Key>) -> Result<Vec<Key>, StoreError> {
        let (setup, now) = (self.setup(), Stamp::now());
        let page = PageQuery { budget: LOOKED_AT, ..PageQuery::newest(&[State::Inbox], "", LOOKED_AT) };
        let items = self.store.reader().page(&page, None)?.items;
        let late: HashSet<Key> = items
            .iter()
            .filter(|i| clock(&setup, i, now).is_some_and(|d| d.at <= now))
            .map(|i| i.key)
            .collect();
        let fresh = late.iter().filter(|k| !known.contains(k)).copied().collect();
        *known = late;
        Ok(fresh)
    }
}

/// Lets the rules that ask for what is late hear of it, on the minute. Without such a rule nothing wakes.
pub async fn run(engine: Weak<Engine>, mut stop: watch::Receiver<bool>) {
    let mut known: Option<HashSet<Key>> = None;
    loop {
        let Some(e) = engine.upgrade() else { return };
        let rules: Vec<_> =
            e.setup().config.rules.iter().filter(|r| r.when.contains("is:late")).cloned().collect();
        let mut events = e.events.subscribe();
        if rules.is_empty() {
            known = None;
            drop(e);
            tokio::select! {
                _ = stop.changed() => return,
                () = super::happens(&mut events, |e| matches!(e, Event::SourcesChanged)) => continue,
            }
        }
        let work = e.clone();
        let first = known.is_none();
        let mut seen = known.take().unwrap_or_default();
        let done = tokio::task::spawn_blocking(move || {
            let fresh = work.late(&mut seen).unwrap_or_default();
            // What was late before this engine began was told by the one before.
            let told = first && work.store.left("hearken:late").ok().flatten().is_some();
            if !told && !fresh.is_empty() {
                work.apply_some(&rules, &fresh);
            }
            let _ = work.store.set_left("hearken:late", Stamp::now());
            seen
        });
        known = done.await.ok();
        drop(e);
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(MINUTE) => {}
        }
    }
}

/// What is due first comes first; what waits for nobody comes last.
pub(super) fn score(setup: &Setup, i: &Item, now: Stamp) -> (f32, Vec<String>) {
    match clock(setup, i, now) {
        Some(d) => (-((d.at.0 - now.0) as f32 / 60_000.0), d.words),
        None => (i32::MIN as f32, vec!["nobody waits for an answer".into()]),
    }
}

//! A topic that was changed, at work on what is stored already: what it would hear now and did not, what it would not
//! hear any more; shown first, then done as one step of the caller's.

use super::{Caller, Engine, failed, refuse};
use crate::door::{Event, RefusalKind, Reply};
use crate::model::{Item, Mute, Stamp, State, TimeNote, time};
use crate::query::{Doc, Plan, Planned, Span};
use crate::store::{PageQuery, Reheard, StoreError, Wanted};

/// Mentions that are changed in one step at most: the newest. And spans that are kept of each: one entry of the log
/// holds all of it.
const MOST: usize = 10_000;
const SPANS: usize = 64;
/// Mentions read at once.
const AT_ONCE: usize = 500;
/// Mentions of a preview that are shown.
const SHOWN: usize = 200;

/// Nobody did anything with it yet: it may leave the inbox as it came.
fn untouched(i: &Item) -> bool {
    i.assignee.is_none()
        && i.tags.is_empty()
        && i.notes.is_empty()
        && i.answered.is_none()
        && !i.has_draft
        && !i.vip
}

impl Engine {
    /// Lets a topic hear what was published in the last days once more; with `dry_run` only says what would change.
    pub(super) fn rehear(
        &self,
        caller: &Caller,
        name: &str,
        days: u32,
        dry_run: bool,
    ) -> Result<Reply, StoreError> {
        let setup = self.setup();
        let Some(topic) = setup.config.topics.iter().find(|t| t.name == name) else {
            return Ok(refuse(RefusalKind::NotFound, &format!("there is no topic {name}")));
        };
        let now = Stamp::now();
        let since = now.plus(-i64::from(days.clamp(1, 3650)) * time::DAY);
        let reader = self.store.reader();
        let cx = setup.cx(now, Stamp::zone_here(), None);
        let Planned { plan, .. } = topic.query.plan(&cx);
        let own = Plan::Key(format!("topic:{name}"));
        let plan = Plan::And(vec![Plan::Or(vec![plan, own]), Plan::Between(since.0, i64::MAX)]);
        let found = reader.find(&Planned { plan, exact: false }, "")?;
        let judge = Judge { setup: &setup, topic, cx, now };
        // What stays as it is, is no part of it.
        let fits = |i: &Item| i.mention.at >= since && !i.deleted && judge.change(i).is_some();
        let mutes = reader.mutes()?;
        let mut page = PageQuery::newest(&State::ALL, "", AT_ONCE);
        let (mut changes, mut rows, mut looked) = (Vec::new(), Vec::new(), 0);
        loop {
            let got = reader.page_of(&page, Some(Wanted::Item(&fits)), found.as_ref())?;
            looked += got.scanned;
            for i in got.items {
                let Some(mut r) = judge.change(&i) else { continue };
                if r.state == Some(State::Inbox) {
                    // What is muted stays out.
                    let of = reader.mute_keys(i.id)?;
                    let muted = |k| mutes.get(k).is_some_and(|m: &Mute| m.is_active(now) && !m.allow);
                    r.state = r.state.filter(|_| !of.iter().any(muted));
                }
                if rows.len() < SHOWN {
                    rows.push((words(&r, &i).to_owned(), i));
                }
                changes.push(r);
            }
            // The stream stands in the order of hearing, at the earliest when it was published.
            let old = since.plus(-time::DAY).0.max(0).unsigned_abs() * 1000;
            match got.next {
                Some(next) if next.time > old && changes.len() < MOST => page.from = next,
                _ => break,
            }
        }
        if dry_run {
            return Ok(Reply::WouldDo { n: changes.len() as u64, of: looked, rows });
        }
        Ok(match self.store.rehear(&caller.asker, name, &changes, now) {
            Ok(a) => {
                self.announce(Event::Changed(a.keys.clone()));
                Reply::Applied(a)
            }
            Err(e) => failed(&e),
        })
    }
}

/// What a topic hears now.
struct Judge<'a> {
    setup: &'a super::Setup,
    topic: &'a crate::config::Topic,
    cx: crate::query::Context<'a>,
    now: Stamp,
}

impl Judge<'_> {
    /// True unless every source that has it is heard for other topics alone.
    fn is_heard_for(&self, i: &Item) -> bool {
        let no = self.setup.config.topics.iter().position(|t| t.name == self.topic.name);
        let all = std::iter::once(&i.mention.source).chain(&i.heard_via);
        all.into_iter().any(|id| match self.setup.sources.iter().find(|s| s.id == *id) {
            Some(s) => s.topics.is_empty() || no.is_some_and(|n| s.topics.contains(&n)),
            None => true,
        })
    }

    /// What becomes of a mention; `None` if nothing does.
    fn change(&self, i: &Item) -> Option<Reheard> {
        let had = i.mention.topics.iter().find(|t| t.topic == self.topic.name);
        let found = self.topic.query.matches_in(&Doc::of_mention(&i.mention), &self.cx);
        let found = found.filter(|_| self.is_heard_for(i));
        let spans: Option<Vec<_>> = found.map(|all| all.into_iter().take(SPANS).map(Span::kept).collect());
        let was = had.map(|t| &t.spans[..t.spans.len().min(SPANS)]);
        if was == spans.as_deref() {
            return None;
        }
        let young = i.mention.at.0 >= self.now.0 - self.setup.config.inbox_since_ms;
        let dated = matches!(i.mention.time_note, TimeNote::Given | TimeNote::Future);
        let others = i.mention.topics.iter().any(|t| t.topic != self.topic.name);
        let state = match (i.state, &spans) {
            (State::Heard, Some(_)) if had.is_none() && young && dated => Some(State::Inbox),
            (State::Inbox, None) if !others && untouched(i) => Some(State::Heard),
            _ => None,
        };
        Some(Reheard { key: i.key, spans, was: i.state, state })
    }
}

fn words(r: &Reheard, i: &Item) -> &'static str {
    let had = i.state;
    match (&r.spans, r.state) {
        (Some(_), Some(State::Inbox)) => "+ inbox",
        (None, Some(_)) => "- inbox",
        (Some(_), _) if had == State::Heard => "+ (older)",
        (Some(_), _) => "+ topic",
        (None, _) => "- topic",
    }
}

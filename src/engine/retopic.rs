//! A topic that was changed, at work on what is stored already: what it would hear now and did not, what it would not
//! hear any more; shown first, then done as one step of the caller's.

use super::{Caller, Engine, failed, refuse};
use crate::door::{Event, RefusalKind, Reply};
use crate::model::{Item, Stamp, State, time};
use crate::query::{Doc, Plan, Planned};
use crate::store::{PageQuery, Reheard, StoreError, Wanted};

/// Mentions that are changed in one step at most: the newest.
const MOST: usize = 20_000;
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
        let cx = setup.cx(now, Stamp::zone_here(), None);
        let reader = self.store.reader();
        let Planned { plan, .. } = topic.query.plan(&cx);
        let own = Plan::Key(format!("topic:{name}"));
        let plan = Plan::And(vec![Plan::Or(vec![plan, own]), Plan::Between(since.0, i64::MAX)]);
        let found = reader.find(&Planned { plan, exact: false }, "")?;
        // What stays as it is, is no part of it.
        let fits =
            |i: &Item| i.mention.at >= since && !i.deleted && change(topic, i, &cx, &setup, now).is_some();
        let page = PageQuery::newest(&State::ALL, "", MOST);
        let all = reader.page_of(&page, Some(Wanted::Item(&fits)), found.as_ref())?;
        let changes: Vec<(Reheard, &Item)> =
            all.items.iter().filter_map(|i| Some((change(topic, i, &cx, &setup, now)?, i))).collect();
        if dry_run {
            let row = |(r, i): &(Reheard, &Item)| (words(r, i).to_owned(), (*i).clone());
            let rows = changes.iter().take(SHOWN).map(row).collect();
            return Ok(Reply::WouldDo { n: changes.len() as u64, of: all.scanned, rows });
        }
        let changes: Vec<Reheard> = changes.into_iter().map(|(r, _)| r).collect();
        Ok(match self.store.rehear(&caller.asker, name, &changes, now) {
            Ok(a) => {
                self.announce(Event::Changed(a.keys.clone()));
                Reply::Applied(a)
            }
            Err(e) => failed(&e),
        })
    }
}

/// What becomes of a mention; `None` if nothing does.
fn change(
    topic: &crate::config::Topic,
    i: &Item,
    cx: &crate::query::Context<'_>,
    setup: &super::Setup,
    now: Stamp,
) -> Option<Reheard> {
    let had = i.mention.topics.iter().find(|t| t.topic == topic.name);
    let spans = topic.query.matches_in(&Doc::of_mention(&i.mention), cx);
    let spans: Option<Vec<_>> =
        spans.map(|all| all.into_iter().map(|s| (!s.in_body, s.start, s.end)).collect());
    if had.map(|t| &t.spans) == spans.as_ref() {
        return None;
    }
    let young = i.mention.at.0 >= now.0 - setup.config.inbox_since_ms;
    let others = i.mention.topics.iter().any(|t| t.topic != topic.name);
    let state = match (i.state, &spans) {
        (State::Heard, Some(_)) if had.is_none() && young => Some(State::Inbox),
        (State::Inbox, None) if !others && untouched(i) => Some(State::Heard),
        _ => None,
    };
    Some(Reheard { key: i.key, spans, state })
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

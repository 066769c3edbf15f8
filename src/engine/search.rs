//! Lists and searches: a query to the index, to the matcher where the index is not sure, and to a page.

use super::{Engine, refuse};
use crate::door::{ListQuery, Placed, RefusalKind, Reply, Total, Want};
use crate::model::{Item, Mention, Stamp, State, Text};
use crate::query::{Context, Doc, Names, Planned, Query, Scope};
use crate::store::{Found, Page, PageQuery, Reader, StoreError, Wanted};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Mentions that one page of a list looks at before it answers with what it has.
const BUDGET: usize = 20_000;
/// Mentions that are looked at first where the index would have to read a whole dictionary: what is frequent is found
/// sooner so.
const PROBE: usize = 4_000;
/// Mentions that are looked at for the number on a first page; if there are more, it says "at least".
const AT_ONCE: u64 = 512;
/// How long counting goes on when it is asked for.
const COUNTING: Duration = Duration::from_secs(2);
/// The best so many are put in order.
pub const RANKED: usize = 10_000;

/// A query that is asked, with what the index says of it.
pub(super) struct Asked<'a> {
    filter: Query,
    zone: i32,
    now: Stamp,
    names: Arc<Names>,
    who: &'a str,
    reader: Reader,
    /// Where it is asked what is late.
    clocks: Option<super::Setup>,
    states: u8,
    /// `None`: everything matches.
    plan: Option<Planned>,
    found: Option<Found>,
}

pub(super) fn asked<'a>(
    e: &Engine,
    q: &ListQuery,
    who: &'a str,
) -> Result<Result<Asked<'a>, Reply>, StoreError> {
    let filter = match Query::parse(&q.filter, Scope::View) {
        Ok(f) => f,
        Err(err) => return Ok(Err(refuse(RefusalKind::Usage, &format!("the filter, {err}")))),
    };
    let names = e.setup().names;
    if let Err(why) = names.resolve(&filter, None) {
        return Ok(Err(refuse(RefusalKind::Usage, &format!("the filter: {why}"))));
    }
    let now = Stamp::now();
    let cx = Context { now, zone: q.zone, me: Some(who), names: Some(&names) };
    let reader = e.store.reader();
    let states = q.states.iter().fold(0, |m, s: &State| m | (1 << (*s as u8)));
    let plan = (!filter.is_everything()).then(|| filter.plan(&cx));
    let clocks = q.filter.contains("late").then(|| e.setup());
    Ok(Ok(Asked { clocks, filter, zone: q.zone, now, names, who, reader, states, plan, found: None }))
}

impl Asked<'_> {
    /// Asks the index.
    pub(super) fn find(mut self) -> Result<Self, StoreError> {
        if let Some(plan) = &self.plan {
            self.found = self.reader.find(plan, self.who)?;
        }
        Ok(self)
    }

    fn cx(&self) -> Context<'_> {
        Context { now: self.now, zone: self.zone, me: Some(self.who), names: Some(&self.names) }
    }

    fn published(&self, m: &Mention) -> bool {
        self.filter.matches_in(&Doc::of_mention(m), &self.cx()).is_some()
    }

    fn whole(&self, i: &Item) -> bool {
        let clocked;
        let i = match &self.clocks {
            Some(setup) => {
                clocked = Item { due: super::clock::clock(setup, i, self.now).map(|d| d.at), ..i.clone() };
                &clocked
            }
            None => i,
        };
        let doc = Doc::of_item(i, self.who);
        self.filter.matches_in(&doc, &self.cx()).is_some()
    }

    /// Runs something with the question that decides where the index is not sure.
    fn with<T>(&self, run: impl FnOnce(Option<Wanted<'_>>) -> T) -> T {
        let published = |m: &Mention| self.published(m);
        let whole = |i: &Item| self.whole(i);
        run(if self.plan.is_none() {
            None
        } else if self.filter.asks_of_work() {
            Some(Wanted::Item(&whole))
        } else {
            Some(Wanted::Mention(&published))
        })
    }

    /// A page of it.
    pub(super) fn page(&self, q: &PageQuery) -> Result<Page, StoreError> {
        self.with(|w| self.reader.page_of(q, w, self.found.as_ref()))
    }

    /// As a page, however long the texts are.
    pub(super) fn gather(&self, q: PageQuery) -> Result<Page, StoreError> {
        self.with(|w| self.reader.gather(q, w, self.found.as_ref()))
    }

    /// How many there are, if what is not sure is looked at as long as `go_on` says, which hears how many are left.
    fn total(&self, go_on: &mut dyn FnMut(u64) -> bool) -> Result<Total, StoreError> {
        let (n, exact) =
            self.with(|w| self.reader.count(self.states, self.who, w, self.found.as_ref(), go_on))?;
        Ok(Total { n, exact })
    }

    /// The number for a first page: what can be had at once.
    pub(super) fn total_at_once(&self) -> Result<Total, StoreError> {
        self.total(&mut |left| left <= AT_ONCE)
    }
}

pub fn list(e: &Engine, q: &ListQuery, who: &str) -> Result<Reply, StoreError> {
    let a = match asked(e, q, who)? {
        Ok(a) => a,
        Err(refused) => return Ok(refused),
    };
    let page = PageQuery {
        from: q.from,
        older: q.older,
        fold: q.fold,
        budget: a.plan.as_ref().map_or(usize::MAX, |_| BUDGET),
        ..PageQuery::newest(&q.states, who, q.limit.min(10_000))
    };
    let first = q.older && q.from == crate::model::Key::MAX;
    if first && a.plan.as_ref().is_some_and(|p| p.plan.is_slow()) {
        let probe = PageQuery { budget: PROBE, ..page.clone() };
        let p = a.with(|w| a.reader.page_of(&probe, w, None))?;
        if p.items.len() >= page.limit {
            let n = p.items.len() as u64;
            let total = Some(Total { n, exact: p.next.is_none() });
            return Ok(Reply::List { items: p.items, next: p.next, scanned: p.scanned, total });
        }
    }
    let a = a.find()?;
    let page = a.page(&page)?;
    let total = first.then(|| a.total_at_once()).transpose()?;
    Ok(Reply::List { items: page.items, next: page.next, scanned: page.scanned, total })
}

/// How many mentions a list has.
pub fn count(e: &Engine, q: &ListQuery, who: &str) -> Result<Reply, StoreError> {
    let until = Instant::now() + COUNTING;
    Ok(match asked(e, q, who)? {
        Ok(a) => Reply::Counted(a.find()?.total(&mut |_| Instant::now() < until)?),
        Err(refused) => refused,
    })
}

/// Lists that are counted in one answer, and numbers that are remembered.
const TALLIES: usize = 32;
const REMEMBERED: usize = 512;
/// A number is counted again after this time at the earliest, and after as many times as long as counting took:
/// numbers on screens cost one part in fifty of a core at most, however many screens there are.
const TALLY_AGE: Duration = Duration::from_secs(2);
const TALLY_SHARE: u32 = 50;
/// And after this time at the latest.
const TALLY_LONGEST: Duration = Duration::from_secs(60);

/// By filter, states, clock, and person where the filter asks for what differs between people.
type TallyKey = (String, u8, i32, String);

/// Numbers of lists: when they were counted, how long that took, of which version of the store.
#[derive(Default)]
pub struct Tallies(Mutex<HashMap<TallyKey, Tally>>);

impl Tallies {
    /// What a name stands for may be another by now.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[derive(Clone, Copy)]
struct Tally {
    at: Instant,
    took: Duration,
    version: u64,
    total: Total,
}

/// How many mentions some lists have.
pub fn tallies(e: &Engine, all: &[ListQuery], who: &str) -> Result<Reply, StoreError> {
    let mut later = false;
    let mut totals = Vec::with_capacity(all.len().min(TALLIES));
    for q in all.iter().take(TALLIES) {
        let Ok(a) = asked(e, q, who)? else {
            totals.push(None);
            continue;
        };
        let whose = if a.filter.asks_of_work() { who } else { "" };
        let key = (q.filter.clone(), a.states, q.zone, whose.to_owned());
        let version = a.reader.version();
        let known = || e.tallies.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = known().get(&key).copied();
        if let Some(t) = last {
            let young = t.at.elapsed() < TALLY_AGE.max(t.took * TALLY_SHARE);
            // A time that is reckoned from now, and the watch list, move without the store.
            let same = t.version == version && t.at.elapsed() < TALLY_LONGEST;
            if young || same {
                later |= t.version != version;
                totals.push(Some(t.total));
                continue;
            }
        }
        let at = Instant::now();
        let total = a.find()?.total_at_once()?;
        let mut known = known();
        if known.len() >= REMEMBERED {
            known.retain(|_, t| t.at.elapsed() < TALLY_AGE.max(t.took * TALLY_SHARE));
        }
        known.insert(key, Tally { at, took: at.elapsed(), version, total });
        totals.push(Some(total));
    }
    Ok(Reply::Tallies { totals, later })
}

/// The mentions that the words of a query say most of, best first.
pub fn ranked(e: &Engine, q: &ListQuery, skip: u32, who: &str) -> Result<Reply, StoreError> {
    let a = match asked(e, q, who)? {
        Ok(a) => a.find()?,
        Err(refused) => return Ok(refused),
    };
    if a.reader.filed().is_none() {
        let why =
            "there is no search index to weigh words by (hearken doctor says more); leave out | sort score";
        return Ok(refuse(RefusalKind::Failed, why));
    }
    let best = a.reader.rank(a.found.as_ref(), &a.filter.forms(), a.states, RANKED)?;
    let (mut items, mut seen, limit) = (Vec::new(), 0u32, q.limit.clamp(1, 1000));
    let mut next = None;
    for r in best {
        let fits = |i: &Item| {
            if a.filter.asks_of_work() { a.whole(i) } else { a.published(&i.mention) }
        };
        if r.sure && seen < skip {
            seen += 1;
            continue;
        }
        let Some(i) = a.reader.item(r.key.id, who)? else { continue };
        if !r.sure && a.plan.is_some() && !fits(&i) {
            continue;
        }
        seen += 1;
        if seen <= skip {
            continue;
        }
        if items.len() >= limit {
            next = Some(skip + limit as u32);
            break;
        }
        items.push(Placed { score: r.score, reasons: Vec::new(), item: i });
    }
    Ok(Reply::Ranked { items, next, total: a.total_at_once()?, how: Text::default() })
}

/// Looks through a list, page by page, up to a budget.
pub fn seek(e: &Engine, mut q: ListQuery, want: Want, who: &str) -> Result<Reply, StoreError> {
    q.limit = 200;
    let mut looked = 0;
    loop {
        let (items, next, scanned) = match list(e, &q, who)? {
            Reply::List { items, next, scanned, .. } => (items, next, scanned),
            other => return Ok(other),
        };
        if let Some(i) = items.iter().find(|i| want.fits(i, who)) {
            return Ok(Reply::Keys(vec![i.key]));
        }
        looked += usize::try_from(scanned).unwrap_or(BUDGET);
        match next {
            Some(k) if looked < BUDGET => q.from = k,
            _ => return Ok(Reply::Keys(Vec::new())),
        }
    }
}

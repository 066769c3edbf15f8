//! One poll of a source of a network: its file says what to ask and what the answers mean; the calls go out with our
//! keys and within the budgets. What came before something failed is kept, and the place with it.

use super::health::{Said, note_success};
use super::poll::{Failure, Got, Polled, Poller, Report, arrivals};
use super::schedule::Wish;
use super::sieve::Sifter;
use super::{Source, SourceKind, files};
use crate::account::{Accounts, Way};
use crate::clean;
use crate::model::place::{Lost, Narrowing, Place, Progress};
use crate::model::{Id, Stamp, Text};
use crate::net::Net;
use crate::networks::webhook::{self, Refused};
use crate::networks::{Call, Fact, Item, Me, Network, Options, Spot, Told, Trouble};
use crate::store::{Arrivals, SourceRec};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Calls of one poll, and how long it goes on making new ones; the rest comes with the next.
const CALLS: u32 = 400;
const GOES_ON: Duration = Duration::from_secs(60);
/// A pause that a poll sits out, in ms.
const SITS_OUT: i64 = 3_000;
/// Not all was asked: the next poll comes soon, in ms.
const SOON: i64 = 1_000;

/// What a network told so far, merged.
#[derive(Default)]
pub struct Gathered {
    pub items: Vec<Item>,
    at: HashMap<Id, usize>,
    pub gone: Vec<Id>,
    pub left: Vec<u64>,
    pub facts: Vec<Fact>,
    pub progress: Progress,
    pub limits: Vec<(Narrowing, Text)>,
    pub remark: Option<Text>,
    pub again_ms: Option<i64>,
    pub received: u64,
    /// Everything that was to be asked was.
    pub whole: bool,
}

impl Gathered {
    /// Takes in what an answer or a frame told. A thing that is told twice is as it was told last.
    pub fn take(&mut self, told: Told, place: &mut Place) {
        for i in told.items {
            match self.at.get(&i.identity) {
                Some(n) => {
                    let to_us = self.items[*n].to_us || i.to_us;
                    self.items[*n] = Item { to_us, ..i };
                }
                None => {
                    self.at.insert(i.identity, self.items.len());
                    self.items.push(i);
                }
            }
        }
        self.gone.extend(told.gone);
        self.gone.extend(told.taken_back.into_iter().filter(|id| self.at.contains_key(id)));
        self.left.extend(told.left);
        self.facts.extend(told.facts);
        self.progress.seen += told.seen;
        self.progress.weighed += told.weighed;
        self.progress.lost.extend(told.lost);
        for l in told.limits {
            if !self.limits.contains(&l) {
                self.limits.push(l);
            }
        }
        self.remark = told.remark.or(self.remark.take());
        self.again_ms = self.again_ms.max(told.again_ms);
        if let Some(p) = told.place {
            *place = p;
        }
    }

    /// Without what was deleted right after it was told.
    pub fn settle(&mut self) {
        if !self.gone.is_empty() {
            let gone: std::collections::HashSet<Id> = self.gone.iter().copied().collect();
            self.items.retain(|i| !gone.contains(&i.identity));
            self.at.clear();
        }
        if !self.left.is_empty() {
            self.items.retain(|i| !self.left.contains(&i.mention.author.key()));
            self.at.clear();
        }
    }
}

/// A source of a network, with what is known of it.
pub struct Asked<'a> {
    pub source: &'a Source,
    pub network: &'static dyn Network,
    pub way: Way,
    options: &'a Options,
    me: Option<Me>,
    sifter: Sifter<'a>,
    since_ms: i64,
}

impl<'a> Asked<'a> {
    /// `None` for a source that is heard in another way.
    pub fn of(p: &'a Poller<'a>, source: &'a Source) -> Option<Asked<'a>> {
        let SourceKind::Network { network, options, account, .. } = &source.kind else { return None };
        let me = account.as_deref().and_then(|a| p.accounts.me(a));
        let sifter = Sifter { topics: p.topics, reader: p.reader, source };
        let (network, way) = (*network, source.way()?);
        Some(Asked { source, network, way, options, me, sifter, since_ms: p.since_ms })
    }

    /// What it cannot hear by its nature.
    pub fn narrow(&self) -> Vec<(Narrowing, Text)> {
        self.network.narrow(self.options)
    }

    /// Where its file is asked from.
    pub fn spot<'s>(&'s self, place: &'s Place, now: Stamp) -> Spot<'s> {
        Spot {
            source: &self.source.id,
            network: self.network.declared().name,
            server: &self.way.server,
            options: self.options,
            place,
            now,
            since_ms: self.since_ms,
            account: self.me.as_ref(),
            sieve: &self.sifter,
        }
    }
}

/// Asks until the network's file wants no more, or too much was asked. What was told is in `told` and the place in
/// `place`, also where it ends in a failure.
pub async fn gather(
    net: &Net,
    accounts: &Accounts,
    asked: &Asked<'_>,
    place: &mut Place,
    told: &mut Gathered,
) -> Result<(), Trouble> {
    let first = asked.network.begin(&asked.spot(place, Stamp::now()));
    gather_from(net, accounts, asked, first, place, told).await
}

/// The same, from these calls on.
pub async fn gather_from(
    net: &Net,
    accounts: &Accounts,
    asked: &Asked<'_>,
    first: Vec<Call>,
    place: &mut Place,
    told: &mut Gathered,
) -> Result<(), Trouble> {
    told.whole = false;
    let begun = Instant::now();
    let mut queue: VecDeque<Call> = first.into();
    let (mut calls, mut paced) = (0, false);
    while let Some(call) = queue.pop_front() {
        if calls >= CALLS || begun.elapsed() > GOES_ON {
            told.again_ms = Some(SOON);
            return Ok(());
        }
        calls += 1;
        if call.pace_ms > 0 && std::mem::replace(&mut paced, true) {
            tokio::time::sleep(Duration::from_millis(call.pace_ms.unsigned_abs())).await;
        }
        let done = one(net, accounts, asked, place, &call).await;
        match done {
            Ok((t, received)) => {
                told.received += received;
                let mut t = t;
                // What an answer asks for comes before what waits: pages in their order.
                for c in std::mem::take(&mut t.then).into_iter().rev() {
                    queue.push_front(c);
                }
                told.take(t, place);
            }
            Err(Trouble::Wait(ms, _)) if ms <= SITS_OUT && calls < CALLS => {
                tokio::time::sleep(Duration::from_millis(ms.max(0).unsigned_abs())).await;
                queue.push_front(call);
            }
            Err(t) if instead(asked, place, &call, &t, &mut queue, told) => {}
            // An extra that has to wait is left out; the budget keeps the rest from asking the same server.
            Err(t) if call.optional => {
                told.remark = Some(clean::line_capped(&format!("{}: {}", call.what, t.text()), 300));
                closed(&t, told);
            }
            Err(t) => {
                closed(&t, told);
                return Err(t);
            }
        }
    }
    told.progress.calls = Some(calls);
    told.whole = true;
    Ok(())
}

/// What the network's file wants done where a call came to nothing; false where it knows nothing better.
fn instead(
    asked: &Asked<'_>,
    place: &mut Place,
    call: &Call,
    t: &Trouble,
    queue: &mut VecDeque<Call>,
    told: &mut Gathered,
) -> bool {
    let found = asked.network.instead(&asked.spot(place, Stamp::now()), call, t);
    let Some(mut better) = found else { return false };
    for c in std::mem::take(&mut better.then).into_iter().rev() {
        queue.push_front(c);
    }
    told.take(better, place);
    true
}

/// A refusal is a part of the network that is closed to us.
fn closed(t: &Trouble, told: &mut Gathered) {
    if matches!(t, Trouble::Login(_) | Trouble::Forbidden(_)) {
        told.limits.push((Narrowing::Closed, t.text().clone()));
    }
}

async fn one(
    net: &Net,
    accounts: &Accounts,
    asked: &Asked<'_>,
    place: &Place,
    call: &Call,
) -> Result<(Told, u64), Trouble> {
    let (answer, received) = if files::is_file(call) {
        (files::read(call).await?, 0)
    } else {
        accounts.call(net, &asked.way, call).await?
    };
    asked.network.hear(&asked.spot(place, Stamp::now()), call, &answer).map(|t| (t, received))
}

impl Poller<'_> {
    /// Polls a source of a network from a place on; `stored` is the one that the store has. The failure, if there was
    /// one, comes beside what was told before it.
    pub(super) async fn network(
        &self,
        asked: &Asked<'_>,
        mut place: Place,
        stored: &Place,
    ) -> (Got, Option<Failure>) {
        let mut told = Gathered::default();
        let done = gather(self.net, self.accounts, asked, &mut place, &mut told).await;
        let failure = match done {
            Ok(()) => None,
            Err(Trouble::Gone(t)) => Some(Failure::Gone(t)),
            Err(Trouble::Wait(ms, t)) => Some(Failure::Postponed(t, ms)),
            Err(Trouble::Stale(t)) => {
                // It begins where it is now; the time since we last heard it is lost.
                told.progress.lost.push(Lost { from: self.last_ok, to: self.now, why: t.clone() });
                place = Place::default();
                told.again_ms = Some(SOON);
                Some(Failure::Other(t, Wish::default()))
            }
            Err(t) => Some(Failure::Other(t.text().clone(), Wish::default())),
        };
        told.settle();
        if told.whole || !told.limits.is_empty() {
            let mut limits = asked.narrow();
            limits.append(&mut told.limits);
            limits.dedup();
            told.progress.limits = Some(limits);
        }
        told.progress.words = place.changes(stored);
        let wish = Wish { max_age: told.again_ms, ..Wish::default() };
        let soon = told.again_ms == Some(SOON);
        let got = Got {
            items: Some(std::mem::take(&mut told.items)),
            cut: true,
            wish,
            received: told.received,
            remark: told.remark.take(),
            told: Some(told),
            soon,
        };
        (got, failure)
    }
}

/// What was pushed to a source: taken if it is signed as it should be. Gives what the store has to take in, and what
/// the sender is told.
///
/// # Errors
/// Why not, for the sender.
pub async fn received(
    p: &Poller<'_>,
    source: &Source,
    rec: SourceRec,
    headers: &HashMap<String, String>,
    body: &[u8],
    secret: &str,
) -> Result<(Polled, String), Refused> {
    let Some(asked) = Asked::of(p, source) else {
        return Err(Refused { status: 404, words: Text::ours("there is no such hook") });
    };
    let stored = rec.place;
    let mut place = stored.clone();
    let taken = webhook::receive(&asked.spot(&place, p.now), headers, body, secret)?;
    let mut told = Gathered::default();
    let fresh = taken.told.place.is_some();
    told.take(taken.told, &mut place);
    told.settle();
    told.progress.words = place.changes(&stored);
    told.progress.limits = Some(asked.narrow());
    let (items, _) = p.judge(source, std::mem::take(&mut told.items), false).await;
    let mut health = rec.health;
    let times: Vec<i64> = items.iter().map(|i| i.mention.at.0).collect();
    let said = if times.is_empty() { Said::Same } else { Said::News(&times) };
    note_success(&mut health, p.now, said);
    let report = if fresh { Report::Fresh(items.len()) } else { Report::NotModified };
    let (arrivals, standing) = arrivals(source, items, told);
    let arrivals = Arrivals { health: Some(health.clone()), ..arrivals };
    Ok((Polled { arrivals, health, report, received: body.len() as u64, standing }, taken.answer))
}

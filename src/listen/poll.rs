//! One poll of one source: ask, read, match, and say what arrived and how the source is now.

use super::ask::{ask, distrust, login, remember, secret_of, status_words, wishes};
use super::health::{Said, note_failure, note_success, rhythm};
use super::lines::parse_line;
use super::network::{Asked, Gathered};
use super::schedule::{Wish, next_poll};
use super::{Source, SourceKind, Topics, full};
use crate::account::Accounts;
use crate::clean;
use crate::model::place::{Place, Standing};
use crate::model::{
    Asked as Wanted, Cursor, Health, Id, Likeness, Mention, Signature, Stamp, State, Text, TimeNote, Trouble,
    hash64,
};
use crate::net::{Answer, Net, NetError, Program, Why, run};
use crate::networks::feed::{Context, Document, Heard, decode, parse};
use crate::networks::{Fact, Item, webhook};
use crate::store::{Arrivals, Incoming, Reader, SourceRec};
use std::time::Duration;

/// What a poll says to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Entries in the document.
    Fresh(usize),
    NotModified,
    /// So many things went by in a stream.
    Heard(usize),
    Failed(Text),
    Retired(Text),
    /// The host asked to be left alone for longer than a poll waits: nobody's fault, and asked again then.
    Postponed(Text),
}

/// What a poll brings: arrivals with cursor and health for one batch of the store.
#[derive(Clone, Debug)]
pub struct Polled {
    pub arrivals: Arrivals,
    pub health: Health,
    pub report: Report,
    /// Bytes over the line.
    pub received: u64,
    /// Who we are there, if it told.
    pub standing: Option<Standing>,
}

/// Where feeds lie on pages that do not say so.
const USUAL_PLACES: [&str; 5] = ["/feed", "/rss", "/atom.xml", "/index.xml", "/feed.xml"];

/// Feeds tried that a page declares, and failures after which an address that we found ourselves is given up.
const DECLARED: usize = 5;
const MISSES: u32 = 5;

/// What all polls share.
pub struct Poller<'a> {
    pub net: &'a Net,
    pub accounts: &'a Accounts,
    pub reader: &'a Reader,
    pub topics: &'a Topics,
    /// Younger posts that match enter the inbox, older ones are heard; in ms.
    pub since_ms: i64,
    pub now: Stamp,
    /// When the source answered last; 1970 if never.
    pub last_ok: Stamp,
}

/// Polls a source. Never fails: a failure is a report and a change of health. `jitter` is a number from 0 to 1;
/// `streaming`: it is heard by a stream just now, so that a poll that fails is no trouble.
pub async fn poll(p: &Poller<'_>, source: &Source, rec: SourceRec, jitter: f64, streaming: bool) -> Polled {
    let now = p.now;
    let mut cursor = rec.cursor;
    let mut health = rec.health;
    let stored = rec.place;
    let mut place = stored.clone();
    if cursor.configured != source.what() {
        if !cursor.configured.is_empty() {
            // What was delivered once stays known, however the source is configured.
            place = Place::default();
            for (k, v) in stored.each().filter(|(k, _)| k.starts_with(webhook::DELIVERIES)) {
                place.set(k, v);
            }
        }
        cursor = Cursor { configured: source.what(), ..Cursor::default() };
    }
    let before = cursor.clone();
    let (mut items, mut document, mut received, mut wish) = (Vec::new(), false, 0, Wish::default());
    let (mut told, mut soon) = (Gathered::default(), false);
    let first = health.last_ok.is_none();
    let asked = Asked::of(p, source);
    let outcome = match &asked {
        Some(asked) => {
            let (mut got, failure) = p.network(asked, place, &stored).await;
            match failure {
                None => Ok(Ok(got)),
                Some(f) => {
                    // What came before it is kept.
                    let all = got.items.take().unwrap_or_default();
                    items = p.judge(source, all, first).await.0;
                    told = got.told.take().unwrap_or_default();
                    soon = got.soon;
                    Ok(Err(f))
                }
            }
        }
        None => tokio::time::timeout(longest(source), p.ask_source(source, &mut cursor)).await,
    };
    let report = match outcome {
        Ok(Ok(mut got)) => {
            told = got.told.take().unwrap_or_default();
            soon = got.soon;
            wish = got.wish;
            received = got.received;
            let times: Vec<i64> = got.items.iter().flatten().map(|x| x.mention.at.0).collect();
            let said = match (&got.items, &source.kind) {
                (None, _) => Said::Same,
                (Some(_), SourceKind::Feed { .. }) => Said::Document(&times),
                (Some(_), _) => Said::News(&times),
            };
            note_success(&mut health, now, said);
            if let Some(why) = got.remark {
                health.last_error = Some((now, why));
            }
            match got.items {
                Some(all) => {
                    let n = all.len();
                    let (judged, left) = p.judge(source, all, first).await;
                    // A document that broke off, or was not taken in whole, says nothing about what it lacks.
                    document = !got.cut && !left;
                    if left {
                        distrust(&mut cursor);
                    }
                    items = judged;
                    Report::Fresh(n)
                }
                None => Report::NotModified,
            }
        }
        Ok(Err(Failure::Gone(why))) => {
            health.trouble = Trouble::Retired(why.clone());
            health.last_error = Some((now, why.clone()));
            Report::Retired(why)
        }
        Ok(Err(Failure::Postponed(why, ms))) => {
            health.pause_until = Some(now.plus(ms.clamp(0, crate::model::time::DAY)));
            cursor = before;
            Report::Postponed(why)
        }
        Ok(Err(Failure::Other(why, _))) if streaming => {
            health.last_error = Some((now, why.clone()));
            Report::Postponed(why)
        }
        Ok(Err(Failure::Other(why, w))) => {
            wish = w;
            missed(&mut cursor);
            note_failure(&mut health, now, why.clone());
            Report::Failed(why)
        }
        Err(_) => {
            cursor = before;
            let why = format!("no whole answer within {} s", longest(source).as_secs());
            note_failure(&mut health, now, clean::line(&why));
            Report::Failed(clean::line(&why))
        }
    };
    if let Some(ms) = wish.retry_after {
        health.pause_until = Some(now.plus(ms.min(crate::model::time::DAY)));
    }
    let usual = rhythm(&health, now);
    let next = next_poll(now, source.every_ms, source.exact, usual, health.failures, &wish, jitter);
    health.next_poll = Some(health.pause_until.map_or(next, |t| t.max(next)));
    if matches!(report, Report::Postponed(_)) {
        health.next_poll = health.pause_until;
    }
    if soon && health.failures < 3 {
        health.next_poll = Some(now.plus(1_000));
    }
    let (arrivals, standing) = arrivals(source, items, told);
    let arrivals = Arrivals { document, cursor: Some(cursor), health: Some(health.clone()), ..arrivals };
    Polled { arrivals, health, report, received, standing }
}

/// What was told, as the store takes it in.
pub(super) fn arrivals(
    source: &Source,
    items: Vec<Incoming>,
    told: Gathered,
) -> (Arrivals, Option<Standing>) {
    let mut standing = None;
    let mut communities = Vec::new();
    for f in told.facts {
        match f {
            Fact::Community(c) => communities.push(*c),
            Fact::Standing(s) => standing = Some(*s),
        }
    }
    let all = Arrivals {
        progress: told.progress,
        gone: told.gone,
        left: told.left,
        communities,
        ..Arrivals::of(&source.id, source.network(), &source.class, items)
    };
    (all, standing)
}

/// What a source gave, before it is judged.
#[derive(Default)]
pub(super) struct Got {
    /// `None`: nothing new.
    pub items: Option<Vec<Item>>,
    pub cut: bool,
    pub wish: Wish,
    pub received: u64,
    /// What was wrong with a part of it.
    pub remark: Option<Text>,
    /// What a network told beside items.
    pub told: Option<Gathered>,
    /// There is more, and it is asked for at once.
    pub soon: bool,
}

impl Got {
    fn nothing(wish: Wish, received: u64) -> Got {
        Got { wish, received, ..Got::default() }
    }
}

pub(super) enum Failure {
    Gone(Text),
    /// For so many ms.
    Postponed(Text, i64),
    Other(Text, Wish),
}

/// An address that we found ourselves and that fails again and again is given up for the configured one.
fn missed(cursor: &mut Cursor) {
    if cursor.url.is_none() {
        return;
    }
    cursor.misses += 1;
    if cursor.misses >= MISSES {
        *cursor = begin_again(cursor);
    }
}

fn begin_again(c: &Cursor) -> Cursor {
    Cursor { configured: c.configured.clone(), shared_ids: c.shared_ids.clone(), ..Cursor::default() }
}

impl From<Text> for Failure {
    fn from(t: Text) -> Self {
        Failure::Other(t, Wish::default())
    }
}

impl From<NetError> for Failure {
    fn from(e: NetError) -> Self {
        match e.why {
            Why::Wait(d) => Failure::Postponed(e.text, i64::try_from(d.as_millis()).unwrap_or(i64::MAX)),
            _ => Failure::Other(e.text, Wish::default()),
        }
    }
}

impl Poller<'_> {
    async fn ask_source(&self, source: &Source, cursor: &mut Cursor) -> Result<Got, Failure> {
        match &source.kind {
            SourceKind::Feed { url } => self.feed(source, url, cursor).await,
            SourceKind::Command { argv } => self.command(source, argv).await,
            SourceKind::Network { .. } => Err(Text::ours("this source is asked in another way").into()),
        }
    }

    async fn feed(&self, source: &Source, configured: &str, cursor: &mut Cursor) -> Result<Got, Failure> {
        let url = cursor.url.clone().unwrap_or_else(|| configured.to_owned());
        let mut answer = self.get(source, configured, &url, cursor).await?;
        // A secret that a command gave may have been changed since.
        if answer.status == 401 && secret_of(source).is_some_and(|s| self.net.forget_secret(s)) {
            answer = self.get(source, configured, &url, cursor).await?;
        }
        let wish = wishes(&answer, cursor, self.now);
        match answer.status {
            304 => return Ok(Got::nothing(wish, answer.received)),
            200..=299 => {}
            // An address that we found ourselves and that is gone: begin again at the configured one.
            404 | 410 if cursor.url.is_some() => {
                *cursor = begin_again(cursor);
                return Err(Failure::Other(status_words(answer.status), wish));
            }
            410 if answer.direct => return Err(Failure::Gone(Text::ours("gone for good (410)"))),
            s => return Err(Failure::Other(status_words(s), wish)),
        }
        let hash = crate::model::hash_bytes(&answer.body);
        if hash == cursor.body_hash {
            remember(cursor, &answer);
            return Ok(Got::nothing(wish, answer.received));
        }
        let (doc, received) = match self.read(source, &mut answer, cursor).await {
            Ok(Heard::Feed(d)) => {
                remember(cursor, &answer);
                (d, answer.received)
            }
            Ok(Heard::Page { feeds, .. }) => {
                distrust(cursor);
                self.find_feed(source, configured, &answer, feeds, cursor).await?
            }
            Err(why) => {
                distrust(cursor);
                return Err(Failure::Other(why, wish));
            }
        };
        cursor.body_hash = hash;
        cursor.shared_ids.clone_from(&doc.shared_ids);
        cursor.asked = Wanted {
            ttl_ms: doc.wishes.ttl_min.map(|m| i64::from(m) * 60_000),
            skip_hours: doc.wishes.skip_hours.clone(),
            skip_days: doc.wishes.skip_days.clone(),
        };
        let items = doc.items;
        let wish = Wish { retry_after: wish.retry_after, ..wishes(&answer, cursor, self.now) };
        Ok(Got { items: Some(items), cut: doc.cut, wish, received, ..Got::default() })
    }

    async fn get(
        &self,
        source: &Source,
        configured: &str,
        url: &str,
        cursor: &Cursor,
    ) -> Result<Answer, Failure> {
        let login = login(self.net, source).await.map_err(Failure::from)?;
        let mut ask = ask(source, configured, url, login);
        if let Some(e) = &cursor.etag {
            ask.headers.push(("if-none-match".into(), e.clone()));
        }
        if let Some(m) = &cursor.last_modified {
            ask.headers.push(("if-modified-since".into(), m.clone()));
        }
        Ok(self.net.get(&ask).await?)
    }

    /// Reads a body on a thread of its own: a large one takes a second, in which keys and clocks must not wait.
    async fn read(&self, source: &Source, a: &mut Answer, cursor: &Cursor) -> Result<Heard, Text> {
        let body = a.take_body();
        let (id, url, now) = (source.id.clone(), a.url.clone(), self.now);
        let content_type = a.header("content-type").unwrap_or("").to_owned();
        let shared = cursor.shared_ids.clone();
        let done = tokio::task::spawn_blocking(move || {
            let cx =
                Context { source: &id, url: &url, content_type: &content_type, now, shared_ids: &shared };
            parse(&body, &cx)
        });
        done.await.unwrap_or_else(|_| Err(Text::ours("this cannot be read; please report it")))
    }

    /// A page stands where a feed was hoped for: asks the feeds that it declares, then the usual places.
    async fn find_feed(
        &self,
        source: &Source,
        configured: &str,
        page: &Answer,
        declared: Vec<Text>,
        cursor: &mut Cursor,
    ) -> Result<(Box<Document>, u64), Failure> {
        let usual = USUAL_PLACES.iter().map(|p| clean::url(p, Some(&page.url)));
        let mut last = None;
        for c in declared.into_iter().take(DECLARED).chain(usual).filter(|c| !c.is_empty()) {
            let login = login(self.net, source).await.map_err(Failure::from)?;
            match self.net.get(&ask(source, configured, &c, login)).await {
                Ok(mut a) if a.status == 200 => {
                    if let Ok(Heard::Feed(d)) = self.read(source, &mut a, cursor).await {
                        *cursor = Cursor { url: Some(a.url.clone()), ..begin_again(cursor) };
                        remember(cursor, &a);
                        return Ok((d, a.received + page.received));
                    }
                }
                Ok(_) => {}
                Err(e) => last = Some(e.text),
            }
        }
        let why = last.map_or(String::new(), |e| format!(" ({e})"));
        Err(clean::line(&format!("this is a page that names no feed{why}; give the address of its feed"))
            .into())
    }

    async fn command(&self, source: &Source, argv: &[String]) -> Result<Got, Failure> {
        let program = Program {
            argv: argv.to_vec(),
            time: source.limits.whole,
            max_bytes: source.limits.max_expanded,
            input: Vec::new(),
        };
        let out = run(&program).await.map_err(|e| Failure::from(e.0))?;
        let text = String::from_utf8_lossy(&out);
        let mut items = Vec::new();
        let mut wrong: Option<(usize, Text)> = None;
        let mut bad = 0;
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            match parse_line(line, &source.id, "command", self.now) {
                Ok(p) => items.push(Item { identity: p.identity, mention: p.mention, to_us: false }),
                Err(e) => {
                    bad += 1;
                    wrong = wrong.or(Some((i + 1, e)));
                }
            }
        }
        match wrong {
            Some((n, e)) if items.is_empty() => {
                Err(clean::line(&format!("line {n} of its output: {e}")).into())
            }
            wrong => {
                let remark =
                    wrong.map(|(n, e)| clean::line(&format!("{bad} bad lines, the first is line {n}: {e}")));
                let received = out.len() as u64;
                Ok(Got { items: Some(items), cut: true, received, remark, ..Got::default() })
            }
        }
    }

    /// Fetches the pages behind short entries, matches topics, decides the state. The flag says that entries were
    /// left for the next poll, because the pages behind them would have been too many.
    pub(super) async fn judge(&self, source: &Source, all: Vec<Item>, first: bool) -> (Vec<Incoming>, bool) {
        let mut pages = 0;
        let mut left = false;
        let mut out = Vec::with_capacity(all.len());
        for Item { identity, mention: mut m, to_us } in all {
            let young = m.at.0 >= self.now.0 - self.since_ms;
            if source.full && m.text.len() < full::SHORT && !m.url.is_empty() {
                let known = self.reader.text_of(identity);
                match full::plan(&m, known.as_ref(), young, pages) {
                    full::Plan::AsItIs => {}
                    full::Plan::Keep => m.text = known.map_or(m.text, |k| k.1),
                    full::Plan::Later => {
                        left = true;
                        continue;
                    }
                    full::Plan::Fetch => {
                        pages += 1;
                        let found = self.page_text(source, &m).await;
                        m.text = found.or(known.map(|k| k.1)).unwrap_or(m.text);
                    }
                }
            }
            self.topics.judge(&mut m, &source.topics);
            let matched = to_us || self.topics.is_empty() || !m.topics.is_empty();
            // What becomes of a thing that we hold concerns us, also where no topic wants it any more.
            let followed = source.way().is_some() && self.reader.knows(identity);
            if source.matches_only && !matched && !followed {
                continue;
            }
            // Nobody knows how old an entry without a time is: what a source had before we came stays out.
            let dated = !first || matches!(m.time_note, TimeNote::Given | TimeNote::Future);
            let state = if matched && young && dated { State::Inbox } else { State::Heard };
            out.push(incoming(identity, m, state));
        }
        (out, left)
    }

    async fn page_text(&self, source: &Source, m: &Mention) -> Option<Text> {
        let SourceKind::Feed { url } = &source.kind else { return None };
        let login = login(self.net, source).await.ok()?;
        let mut ask = ask(source, url, &m.url, login);
        ask.limits.max_bytes = ask.limits.max_bytes.min(4 << 20);
        let mut a = self.net.get(&ask).await.ok().filter(|a| a.status == 200)?;
        let kind = a.header("content-type").unwrap_or("").to_owned();
        if !full::is_page(&kind) {
            return None;
        }
        let (body, had, base) = (a.take_body(), m.text.clone(), a.url.clone());
        let read = move || full::article(&decode(&body, &kind), &base, &had);
        tokio::task::spawn_blocking(read).await.ok()?
    }
}

/// A mention as the store takes it in: filed under its canonical address, and under that of the discussion that it
/// belongs to, unless it began it.
#[must_use]
pub fn incoming(identity: Id, mention: Mention, state: State) -> Incoming {
    let hash = |address: &str| {
        if address.is_empty() { 0 } else { hash64(&["link", &clean::canonical(address)]) }
    };
    let link = hash(&mention.url);
    let of = if mention.thread.is_empty() { &mention.parent } else { &mention.thread };
    let thread = Some(hash(of)).filter(|t| *t != link).unwrap_or(0);
    let passed = crate::model::passed_on(&mention).map_or(0, hash);
    let signature = Signature::of(&mention.title, &mention.text).map(Box::new);
    let like = Likeness { passed: if passed == link { 0 } else { passed }, signature };
    Incoming { identity, mention, state, link, thread, like }
}

/// The time that a whole poll may take at most, with the pages behind its entries.
#[must_use]
pub fn longest(source: &Source) -> Duration {
    source.limits.whole * 3
}

//! A source that is heard by a stream: opened with our keys, read piece by piece, what no topic wants dropped early.
//! What is gathered within a moment becomes one batch, with the place behind it, so that after a cut it goes on there.
//! While a batch is stored the stream is not read: what comes waits in the socket, and not in memory.

use super::network::{Asked, Gathered, gather, gather_from};
use super::poll::{Polled, Poller, Report, arrivals};
use super::{Source, health};
use crate::account::Accounts;
use crate::clean;
use crate::model::place::Place;
use crate::model::{Health, Stamp, Text};
use crate::net::{Events, Mailbox, Message, Net, Socket};
use crate::networks::{Frame, Stream, Told, Trouble, Way as Heard};
use crate::store::SourceRec;
use std::time::Duration;
use tokio::time::Instant;

/// Things in one batch, and how long it is gathered.
const TOGETHER: usize = 256;
const MOMENT: Duration = Duration::from_millis(400);
/// A place without news is kept after so long, in ms.
const QUIET_MS: i64 = 5_000;
/// Fuller texts that are fetched for one batch, and the time between two.
const FULLER: usize = 4;
const BETWEEN: Duration = Duration::from_secs(1);
/// Things that go by in a moment without its being a flood.
const CALM: usize = 400;
/// All of them together may hold the stream up for so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// What was missed is asked for in so many rounds; what is left then, after the next opening.
const ROUNDS: u32 = 10;

/// A stream that is open.
pub enum Opened {
    Events(Box<Events>),
    Socket(Box<Socket>),
    Mailbox(Box<Mailbox>),
    /// One question after the other; the server waits.
    LongPoll,
}

/// What came within a moment; and why the stream ended, if it did.
pub struct Batch {
    told: Gathered,
    pub end: Option<Trouble>,
}

/// One source at its stream.
pub struct Streamer {
    pub place: Place,
    /// As it is stored.
    kept: Place,
    health: Health,
    kept_at: Stamp,
    waiting: Gathered,
    next_fuller: Instant,
    fresh: bool,
}

impl Streamer {
    #[must_use]
    pub fn new(rec: SourceRec) -> Streamer {
        Streamer {
            kept: rec.place.clone(),
            place: rec.place,
            health: rec.health,
            kept_at: Stamp(0),
            waiting: Gathered::default(),
            next_fuller: Instant::now(),
            fresh: true,
        }
    }

    /// The stream that the source has now, if any.
    #[must_use]
    pub fn stream(&self, p: &Poller<'_>, source: &Source) -> Option<Stream> {
        let asked = Asked::of(p, source)?;
        asked.network.stream(&asked.spot(&self.place, Stamp::now()))
    }

    /// Opens it. Where it does not repeat what was missed, the source is asked too.
    ///
    /// # Errors
    /// Why it cannot be opened, or what was missed cannot be heard; what was heard before that waits to be stored.
    pub async fn open(&mut self, p: &Poller<'_>, source: &Source, s: &Stream) -> Result<Opened, Trouble> {
        let asked = Asked::of(p, source).ok_or(Trouble::Missing(Text::ours("this source has no stream")))?;
        let opened = open(p.net, p.accounts, &asked, s).await?;
        if s.refill {
            // The stream is open already: what comes meanwhile waits there. It moves the place past what was missed,
            // so that is heard first, to its end.
            for _ in 0..ROUNDS {
                gather(p.net, p.accounts, &asked, &mut self.place, &mut self.waiting).await?;
                if self.waiting.whole {
                    break;
                }
            }
            if !self.waiting.whole {
                return Err(Trouble::Fault(Text::ours("there is still more that was missed; it goes on")));
            }
            self.waiting.again_ms = None;
        }
        self.waiting.progress.connected += 1;
        self.waiting.progress.open_since = Some(Some(Stamp::now()));
        self.fresh = true;
        Ok(opened)
    }

    /// Something was heard that is not stored.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.waiting.items.is_empty() || !self.waiting.gone.is_empty() || !self.waiting.left.is_empty()
    }

    /// What opening it brought.
    pub fn greet(&mut self) -> Batch {
        let mut told = std::mem::take(&mut self.waiting);
        told.settle();
        Batch { told, end: None }
    }

    /// Reads for a moment.
    pub async fn fill(&mut self, p: &Poller<'_>, source: &Source, open: &mut Opened) -> Batch {
        let mut told = std::mem::take(&mut self.waiting);
        let Some(asked) = Asked::of(p, source) else {
            return Batch { told, end: Some(Trouble::Missing(Text::ours("this source has no stream"))) };
        };
        if matches!(open, Opened::LongPoll) {
            let end = self.ask(p, &asked, &mut told).await.err();
            told.settle();
            return Batch { told, end };
        }
        // What came already is not kept waiting by a silence.
        let mut until: Option<Instant> = match (told.items.is_empty(), told.progress.seen) {
            (false, _) => Some(Instant::now() + MOMENT),
            (true, 1..) => Some(Instant::now() + Duration::from_millis(QUIET_MS.unsigned_abs())),
            _ => None,
        };
        let (mut fuller, mut frames) = (Vec::new(), 0);
        let end = loop {
            let more = match until {
                Some(t) => match tokio::time::timeout_at(t, wait(open)).await {
                    Ok(more) => more,
                    Err(_) => break None,
                },
                None => wait(open).await,
            };
            until = until.or(Some(Instant::now() + MOMENT));
            match more {
                Ok(false) => break Some(Trouble::Fault(Text::ours("the server ended the stream"))),
                Err(t) => break Some(t),
                Ok(true) => {}
            }
            let mut wrong = None;
            let place = &mut self.place;
            let drained = drain(open, &mut |frame| {
                frames += 1;
                let spot = asked.spot(place, Stamp::now());
                match asked.network.frame(&spot, frame) {
                    Ok(mut t) => {
                        fuller.append(&mut t.then);
                        told.take(t, place);
                        true
                    }
                    Err(t) => {
                        wrong = Some(t);
                        false
                    }
                }
            });
            if let Some(t) = wrong.or(drained.err()) {
                break Some(t);
            }
            if told.items.len() + told.gone.len() >= TOGETHER || until.is_some_and(|t| t <= Instant::now()) {
                break None;
            }
        };
        // A flood is never held up for them.
        let calm = frames <= CALM && end.is_none();
        let deadline = Instant::now() + PATIENCE;
        let mut skipped = fuller.len().saturating_sub(FULLER);
        for call in fuller.into_iter().take(FULLER) {
            if calm && self.next_fuller <= deadline {
                tokio::time::sleep_until(self.next_fuller).await;
            } else if self.next_fuller > Instant::now() {
                skipped += 1;
                continue;
            }
            self.next_fuller = Instant::now() + BETWEEN;
            let asking = p.accounts.call(p.net, &asked.way, &call);
            let Ok(got) = tokio::time::timeout_at(deadline, asking).await else {
                skipped += 1;
                continue;
            };
            let heard =
                got.and_then(|(a, _)| asked.network.hear(&asked.spot(&self.place, Stamp::now()), &call, &a));
            if let Ok(t) = heard {
                told.take(Told { place: None, seen: 0, ..t }, &mut self.place);
            }
        }
        if skipped > 0 {
            told.remark = Some(clean::line(&format!(
                "{skipped} came too fast for the rest of them to be fetched, or it did not come in time"
            )));
        }
        told.settle();
        Batch { told, end }
    }

    /// Asks once, and whatever the answer wants asked.
    async fn ask(&mut self, p: &Poller<'_>, asked: &Asked<'_>, told: &mut Gathered) -> Result<(), Trouble> {
        let stream = asked.network.stream(&asked.spot(&self.place, Stamp::now()));
        let stream = stream.ok_or(Trouble::Missing(Text::ours("this source has no stream any more")))?;
        gather_from(p.net, p.accounts, asked, vec![stream.call], &mut self.place, told).await
    }

    /// A batch as the store takes it in; `None` if there is nothing that cannot wait.
    pub async fn polled(&mut self, p: &Poller<'_>, source: &Source, mut batch: Batch) -> Option<Polled> {
        let now = Stamp::now();
        let first = self.health.last_ok.is_none();
        let (items, _) = p.judge(source, std::mem::take(&mut batch.told.items), first).await;
        let quiet = items.is_empty()
            && batch.told.gone.is_empty()
            && batch.told.left.is_empty()
            && batch.told.facts.is_empty()
            && batch.told.progress.lost.is_empty();
        if quiet && batch.end.is_none() && !self.fresh && now.0 - self.kept_at.0 < QUIET_MS {
            self.waiting = batch.told;
            return None;
        }
        let mut told = batch.told;
        told.progress.words = self.place.changes(&self.kept);
        if let Some(l) = self.limits(p, source, &mut told) {
            told.progress.limits = Some(l);
        }
        let times: Vec<i64> = items.iter().map(|i| i.mention.at.0).collect();
        let said = if times.is_empty() { health::Said::Same } else { health::Said::News(&times) };
        health::note_success(&mut self.health, now, said);
        if let Some(why) = told.remark.take() {
            self.health.last_error = Some((now, why));
        }
        let n = usize::try_from(told.progress.seen).unwrap_or(usize::MAX);
        let (arrivals, standing) = arrivals(source, items, told);
        let health = self.health.clone();
        let arrivals = crate::store::Arrivals { health: Some(health.clone()), ..arrivals };
        self.kept_at = now;
        self.fresh = false;
        Some(Polled { arrivals, health, report: Report::Heard(n), received: 0, standing })
    }

    fn limits(
        &self,
        p: &Poller<'_>,
        source: &Source,
        told: &mut Gathered,
    ) -> Option<Vec<(crate::model::place::Narrowing, Text)>> {
        if !self.fresh && told.limits.is_empty() {
            return None;
        }
        let asked = Asked::of(p, source)?;
        let mut all = asked.narrow();
        all.append(&mut told.limits);
        Some(all)
    }

    /// A batch is stored: a cut from now on goes back to its end.
    pub fn stored(&mut self) {
        self.kept = self.place.clone();
    }

    /// It was not: back to what is stored.
    pub fn not_stored(&mut self) {
        self.place = self.kept.clone();
        self.waiting = Gathered::default();
    }

    /// The stream is over, or could not be opened; gives what the store has to know. `said`: it went on for too short
    /// a time, or failed, so that somebody should look.
    pub fn ended(&mut self, source: &Source, why: &Trouble, said: bool) -> Polled {
        let now = Stamp::now();
        let mut told = std::mem::take(&mut self.waiting);
        told.items.clear();
        told.progress.open_since = Some(None);
        if let Trouble::Stale(t) = why {
            let from = self.health.last_ok.unwrap_or(now);
            told.progress.lost.push(crate::model::place::Lost { from, to: now, why: t.clone() });
            self.place = Place::default();
        }
        told.progress.words = self.place.changes(&self.kept);
        let report = if said {
            health::note_failure(&mut self.health, now, why.text().clone());
            Report::Failed(why.text().clone())
        } else {
            Report::Heard(0)
        };
        let (arrivals, standing) = arrivals(source, Vec::new(), told);
        let health = self.health.clone();
        let arrivals = crate::store::Arrivals { health: Some(health.clone()), ..arrivals };
        Polled { arrivals, health, report, received: 0, standing }
    }

    /// Takes in what others wrote to the source meanwhile.
    pub fn refresh(&mut self, rec: SourceRec) {
        self.health = rec.health;
        self.kept = rec.place.clone();
        self.place = rec.place;
    }
}

async fn open(net: &Net, accounts: &Accounts, asked: &Asked<'_>, s: &Stream) -> Result<Opened, Trouble> {
    let silence = Duration::from_millis(s.silence_ms.max(1000).unsigned_abs());
    Ok(match s.way {
        Heard::Events => Opened::Events(Box::new(accounts.events(net, &asked.way, &s.call, silence).await?)),
        Heard::Socket => {
            let mut socket = accounts.socket(net, &asked.way, &s.call, silence, s.dictionary).await?;
            for text in &s.say {
                socket.send(text).await.map_err(|e| Trouble::Fault(e.text))?;
            }
            Opened::Socket(Box::new(socket))
        }
        Heard::LongPoll => Opened::LongPoll,
        Heard::Idle => Opened::Mailbox(Box::new(accounts.mailbox(net, &asked.way, &s.call).await?)),
        _ => return Err(Trouble::Refused(Text::ours("this is no kind of stream"))),
    })
}

/// Waits until there is something to be read; false at the end.
async fn wait(open: &mut Opened) -> Result<bool, Trouble> {
    let done = match open {
        Opened::Events(e) => e.wait().await,
        Opened::Socket(s) => s.wait().await,
        Opened::Mailbox(m) => m.wait().await,
        Opened::LongPoll => Ok(true),
    };
    done.map_err(|e| Trouble::Fault(e.text))
}

/// Hands out what is here already, until the taker says that it is enough.
fn drain(open: &mut Opened, take: &mut dyn FnMut(Frame<'_>) -> bool) -> Result<(), Trouble> {
    let failed = |e: crate::net::NetError| Trouble::Fault(e.text);
    match open {
        Opened::Events(events) => {
            while let Some(e) = events.take().map_err(failed)? {
                if !take(Frame::Event { name: e.name, data: e.data, id: e.id }) {
                    break;
                }
            }
        }
        Opened::Socket(s) => {
            while let Some(m) = s.take() {
                let more = match &m {
                    Message::Text(t) => take(Frame::Text(t)),
                    Message::Expanded(t) => take(Frame::Text(t)),
                };
                if !more {
                    break;
                }
            }
        }
        Opened::Mailbox(m) => {
            while let Some(r) = m.take() {
                if !take(Frame::Mail { raw: &r.bytes, uid: r.uid, validity: r.validity }) {
                    break;
                }
            }
        }
        Opened::LongPoll => {}
    }
    Ok(())
}

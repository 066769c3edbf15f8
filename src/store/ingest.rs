//! Arrivals: what polls and imports bring goes into blocks and segments, with the sources' cursors and health,
//! as one batch. Known ids are dropped, changed texts become revisions, tellings of one story are joined.

use super::block::{BLOCK, Block, Place, Row, flag, state_bits};
use super::error::{Result, StoreError};
use super::records::{Links, SourceRec, Stored};
use super::runs::postings_of;
use super::segs::{FrameKind, SEGMENT, Segment, pack, pack_numbered};
use super::tx::Tx;
use super::{ActiveSegment, Core, Located, SPAN_US, Store, codec, keys};
use crate::model::place::{Community, Progress};
use crate::model::{Cause, Health, Id, Key, Kind, Likeness, Mention, Stamp, State, Trouble};
use std::collections::{BTreeMap, HashMap, HashSet};

/// One thing heard.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Hash of its identity: never of its content.
    pub identity: Id,
    pub mention: Mention,
    /// Where it enters: heard or inbox.
    pub state: State,
    /// Hash of the canonical address: what makes two mentions tell one story. 0 if there is none.
    pub link: u64,
    /// Hash of the discussion that it belongs to, in the same way; 0 if it belongs to none.
    pub thread: u64,
    /// By what it is known as a telling of a story, beside its address.
    pub like: Likeness,
}

/// What one poll of one source brings.
#[derive(Clone, Debug)]
pub struct Arrivals {
    pub source: String,
    pub network: String,
    /// Class of retention of what is not merely heard.
    pub class: String,
    pub items: Vec<Incoming>,
    /// The items are the whole document as it stands: their ids are remembered for the next poll.
    pub document: bool,
    /// Cursor and health as they stand after the poll; counts are added by the store.
    pub cursor: Option<crate::model::source::Cursor>,
    pub health: Option<crate::model::Health>,
    /// What changes of where we stand with it, and of what it told in all.
    pub progress: Progress,
    /// What it deleted, and authors (their keys) that left it: the texts are wiped before the place moves on.
    pub gone: Vec<Id>,
    pub left: Vec<u64>,
    /// What it told of its communities.
    pub communities: Vec<Community>,
}

impl Arrivals {
    /// Items of no document, which change nothing of what is known about their source.
    #[must_use]
    pub fn of(source: &str, network: &str, class: &str, items: Vec<Incoming>) -> Arrivals {
        let (source, network, class) = (source.into(), network.into(), class.into());
        Arrivals {
            source,
            network,
            class,
            items,
            document: false,
            cursor: None,
            health: None,
            progress: Progress::default(),
            gone: Vec::new(),
            left: Vec::new(),
            communities: Vec::new(),
        }
    }
}

/// What came of it.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub new: Vec<Key>,
    /// Of the new ones, those that entered the inbox.
    pub inbox: u32,
    pub revised: Vec<Key>,
    pub known: u32,
    /// Brought back from their sleep by a reply.
    pub woken: Vec<Key>,
}

/// Mentions in one commit at most, so that a verb never waits long behind an import.
const COMMIT: usize = 192;
/// Ids in one value of known ids.
const CHUNK: usize = 200;
/// A block spans ten minutes, unless it would be almost empty.
const NARROW_US: u64 = 10 * 60 * 1_000_000;
const FEW: usize = 24;
/// Earlier texts that are kept.
const REVISIONS: usize = 5;

impl Store {
    /// Takes arrivals in. Each piece of a few hundred mentions is one batch; a source's cursor is in the batch
    /// of its last mentions. When this returns, everything is on the disk.
    ///
    /// # Errors
    /// If the disk fails; what was not acknowledged is not there.
    pub fn ingest(&self, all: Vec<Arrivals>) -> Result<Vec<Outcome>> {
        let mut outcomes = vec![Outcome::default(); all.len()];
        let mut piece: Vec<Part> = Vec::new();
        let mut stamps = Stamps::default();
        let mut size = 0;
        for (i, mut a) in all.into_iter().enumerate() {
            // Oldest first, so that late ones get ascending places.
            a.items.sort_by_key(|i| i.mention.at);
            // The ids of a document that is cut into parts are remembered whole, with its last part.
            let mut whole = (a.document && a.items.len() > COMMIT)
                .then(|| a.items.iter().map(|x| (x.identity, x.mention.content_hash())).collect());
            while size + a.items.len() > COMMIT && !a.items.is_empty() {
                let take = COMMIT.saturating_sub(size).min(a.items.len());
                if take > 0 {
                    let rest = a.items.split_off(take);
                    let items = std::mem::replace(&mut a.items, rest);
                    let part = Arrivals::of(&a.source, &a.network, &a.class, items);
                    whole = whole.or_else(|| {
                        a.document.then(|| {
                            let all = part.items.iter().chain(&a.items);
                            all.map(|x| (x.identity, x.mention.content_hash())).collect()
                        })
                    });
                    piece.push(Part { of: i, arrivals: part, whole: None });
                }
                self.commit_piece(std::mem::take(&mut piece), &mut outcomes, &mut stamps)?;
                size = 0;
            }
            size += a.items.len();
            piece.push(Part { of: i, arrivals: a, whole });
        }
        self.commit_piece(piece, &mut outcomes, &mut stamps)?;
        Ok(outcomes)
    }

    fn commit_piece(&self, piece: Vec<Part>, outcomes: &mut [Outcome], stamps: &mut Stamps) -> Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        let mut core = self.patiently()?;
        let mut w = Work {
            store: self,
            tx: Tx::new(&self.inner),
            fresh: BTreeMap::new(),
            seen: HashMap::new(),
            links: HashMap::new(),
            awaits: self.inner.awaits()?,
            woken: Vec::new(),
            stamps,
        };
        let mut results: Vec<(usize, Outcome)> = Vec::new();
        let mut names: Vec<(u32, String)> = Vec::new();
        let mut next_source = None;
        for Part { of: i, arrivals: a, whole } in piece {
            let (mut no, mut rec) = self.inner.source_or_new(&a.source, &a.network)?;
            if let Some((known, _)) = names.iter().find(|(_, n)| *n == a.source) {
                no = *known;
            } else if self.inner.source_no(&a.source).is_none() {
                // Several new sources in one piece.
                let n = next_source.map_or(no, |n: u32| n + 1);
                next_source = Some(n);
                no = n;
            }
            let o = w.source(&mut core, no, &mut rec, a, whole)?;
            names.push((no, rec.id.clone()));
            results.push((i, o));
        }
        let mut woken = std::mem::take(&mut w.woken);
        w.finish(&mut core)?;
        woken.sort_unstable();
        woken.dedup();
        for (no, id) in names {
            self.inner.name_source(no, &id);
        }
        // What arrived stands, whatever becomes of this: who tends the clock looks again.
        let woken = self.bring_back(&mut core, &woken, Stamp::now(), Cause::Source).unwrap_or_default();
        for (n, (i, o)) in results.into_iter().enumerate() {
            let out = &mut outcomes[i];
            if n == 0 {
                out.woken.extend(&woken);
            }
            out.new.extend(o.new);
            out.inbox += o.inbox;
            out.revised.extend(o.revised);
            out.known += o.known;
        }
        Ok(())
    }
}

/// Networks whose ids name one thing, whoever heard it.
fn has_own_ids(network: &str) -> bool {
    !matches!(network, "feed" | "command" | "import" | "page")
}

/// Stream times that one call has given out: late ones of one poll stand in the order of their own times.
#[derive(Default)]
pub(super) struct Stamps {
    taken: HashSet<u64>,
    /// Where to look on from, for a time that was asked for before.
    next: HashMap<u64, u64>,
}

impl Stamps {
    /// This time, or the first free one behind it.
    fn free(&mut self, wanted: u64) -> u64 {
        let mut t = self.next.get(&wanted).copied().unwrap_or(wanted);
        while !self.taken.insert(t) {
            t += 1;
        }
        self.next.insert(wanted, t + 1);
        t
    }
}

/// What goes into one commit of the arrivals of one poll.
struct Part {
    /// Which of the arrivals.
    of: usize,
    arrivals: Arrivals,
    /// The ids and contents of the whole document, with the last part of one that was cut.
    whole: Option<Vec<(Id, u32)>>,
}

/// A new mention before it has a block.
pub(super) struct Fresh {
    pub(super) row: Row,
    bytes: Vec<u8>,
    links: Links,
}

pub(super) struct Work<'a> {
    pub(super) store: &'a Store,
    pub(super) tx: Tx<'a>,
    /// By class and month of arrival.
    pub(super) fresh: BTreeMap<(String, String), Vec<Fresh>>,
    /// Ids that are new in this piece, and where they will stand.
    pub(super) seen: HashMap<Id, Key>,
    pub(super) links: HashMap<u64, Key>,
    /// What waits for a reply, and whose reply is here.
    awaits: std::sync::Arc<super::Awaits>,
    woken: Vec<Key>,
    /// Stream times given out in this call: late mentions keep their order.
    stamps: &'a mut Stamps,
}

impl<'a> Work<'a> {
    /// For what is in segments already.
    pub(super) fn over(store: &'a Store, stamps: &'a mut Stamps) -> Work<'a> {
        Work {
            store,
            tx: Tx::new(&store.inner),
            fresh: BTreeMap::new(),
            seen: HashMap::new(),
            links: HashMap::new(),
            awaits: std::sync::Arc::default(),
            woken: Vec::new(),
            stamps,
        }
    }

    fn source(
        &mut self,
        core: &mut Core,
        no: u32,
        rec: &mut SourceRec,
        a: Arrivals,
        whole: Option<Vec<(Id, u32)>>,
    ) -> Result<Outcome> {
        let mut out = Outcome::default();
        let known = self.known(no, rec.chunks)?;
        let mut doc: Vec<(Id, u32)> = Vec::with_capacity(a.items.len());
        for item in a.items {
            let content = item.mention.content_hash();
            doc.push((item.identity, content));
            if known.get(&item.identity) == Some(&content) || self.seen.contains_key(&item.identity) {
                out.known += 1;
                continue;
            }
            match self.tx.locate(item.identity)? {
                Some(at) => match self.again(core, at, &item, content)? {
                    Some(key) => out.revised.push(key),
                    None => out.known += 1,
                },
                None => {
                    let inbox = item.state == State::Inbox;
                    let key = self.add(no, item, &a.class)?;
                    out.inbox += u32::from(inbox);
                    out.new.push(key);
                }
            }
        }
        if a.document {
            self.remember(no, rec, &known, whole.unwrap_or(doc));
        }
        if let Some(c) = a.cursor {
            rec.cursor = c;
        }
        if let Some(h) = a.health {
            let before = &rec.health;
            let (heard, matched) = (before.heard, before.matched);
            let last_new = if out.new.is_empty() { before.last_new } else { h.last_ok };
            // Somebody may have paused it while it was asked.
            let trouble = if before.trouble == Trouble::Paused { Trouble::Paused } else { h.trouble.clone() };
            rec.health = Health { heard, matched, last_new, trouble, ..h };
        }
        rec.place.apply(&a.progress.words);
        rec.ledger.add(&a.progress, Stamp::now());
        for c in a.communities {
            self.community(c)?;
        }
        rec.health.heard += out.new.len() as u64;
        rec.health.matched += u64::from(out.inbox);
        self.tx.batch.put(keys::source(no), codec::encode(rec)?);
        Ok(out)
    }

    fn known(&self, no: u32, chunks: u16) -> Result<HashMap<Id, u32>> {
        let mut out = HashMap::new();
        for c in 0..chunks {
            for e in self.store.inner.kv().get(&keys::known(no, c))?.unwrap_or_default().chunks_exact(12) {
                let mut b = codec::Bytes(e);
                out.insert(Id(b.u64()?), b.u32()?);
            }
        }
        Ok(out)
    }

    /// Writes the ids of the document for the next poll.
    fn remember(&mut self, no: u32, rec: &mut SourceRec, known: &HashMap<Id, u32>, doc: Vec<(Id, u32)>) {
        if doc.len() == known.len() && doc.iter().all(|(i, c)| known.get(i) == Some(c)) {
            return;
        }
        let chunks = doc.len().div_ceil(CHUNK).min(usize::from(u16::MAX));
        for (c, part) in doc.chunks(CHUNK).enumerate().take(chunks) {
            let bytes =
                part.iter().flat_map(|(i, h)| i.0.to_le_bytes().into_iter().chain(h.to_le_bytes())).collect();
            self.tx.batch.put(keys::known(no, c as u16), bytes);
        }
        for c in chunks as u16..rec.chunks {
            self.tx.batch.delete(keys::known(no, c));
        }
        rec.chunks = chunks as u16;
    }

    /// A mention that is there already: a revision, another source for it, or nothing. Gives its key if its
    /// text changed.
    fn again(&mut self, core: &mut Core, at: Located, item: &Incoming, content: u32) -> Result<Option<Key>> {
        let row = *self
            .tx
            .block(at.block)?
            .rows
            .get(at.slot)
            .ok_or_else(|| StoreError::corrupt("a slot is not there"))?;
        if row.has(flag::GONE) {
            return Ok(None);
        }
        // A text that the disk does not give any more is as good as another one.
        let old = match self.store.reader().body(at, &row) {
            Err(StoreError::Corrupt(_)) => {
                Mention { source: item.mention.source.clone(), ..Mention::default() }
            }
            read => read?,
        };
        if old.source != item.mention.source {
            let side = self.tx.side(row.key)?;
            if !side.via.contains(&item.mention.source) {
                side.via.push(item.mention.source.clone());
            }
            // On a network a thing is one thing, whichever source hears of its change; what two feeds carry is two.
            if old.network != item.mention.network || !has_own_ids(&old.network) {
                return Ok(None);
            }
        }
        // A mail never changes; one that says it is another one already is not believed.
        if old.content_hash() == content || old.kind == Kind::Mail {
            return Ok(None);
        }
        // Some ways of asking do not tell the title; that takes none away.
        let title = if item.mention.title.is_empty() { &old.title } else { &item.mention.title }.clone();
        if title != item.mention.title
            && (Mention { title: title.clone(), ..item.mention.clone() }).content_hash() == old.content_hash()
        {
            return Ok(None);
        }
        // The key and the time of first hearing stay.
        let heard_at = if old.heard_at == Stamp(0) { item.mention.heard_at } else { old.heard_at };
        let mention = Mention { heard_at, title, source: old.source.clone(), ..item.mention.clone() };
        let enters = row.state() == State::Heard && item.state == State::Inbox;
        // The state as it is from now on: a rebuild reads it here.
        let state = if enters { State::Inbox } else { row.state() };
        let (key, link, thread, passed) = (row.key, item.link, item.thread, item.like.passed);
        let stored = Stored { key, state, link, mention, thread, told: Id::default(), passed };
        let number = self.tx.side(row.key)?.revisions.len() as u16 + 1;
        let record = codec::encode(&stored)?;
        let frame = pack_numbered(FrameKind::Revision, row.key.id.0, number, &[record])?;
        let class = self.store.class_of(at)?;
        let place = self.store.append(core, &mut self.tx, &class.0, &class.1, &[frame])?[0];
        let side = self.tx.side(row.key)?;
        side.revisions.push(place);
        // The topics judged the new text; what was said of the old one says nothing of it.
        side.topics.clear();
        if side.revisions.len() > REVISIONS {
            side.revisions.remove(0);
        }
        self.tx.set_flag(at, flag::EDITED, true)?;
        self.tx.reword(at);
        if enters {
            let r = &mut self.tx.block(at.block)?.rows[at.slot];
            r.flags = (r.flags & !flag::STATE) | state_bits(State::Inbox) | flag::MATCHED;
        }
        Ok(Some(row.key))
    }

    fn add(&mut self, source: u32, item: Incoming, class: &str) -> Result<Key> {
        let key = Key { time: self.stream_time(&item.mention), id: item.identity };
        let mut flags = state_bits(item.state);
        if !item.mention.topics.is_empty() {
            flags |= flag::MATCHED;
        }
        let (link, passed) = (item.link, item.like.passed);
        let joined = self.join_any((link, item.thread), item.like, (key, item.state))?;
        if joined.is_some() {
            flags |= flag::STORY | flag::SIDE;
        }
        let author = item.mention.author.key();
        let class = if item.state == State::Heard { crate::model::HEARD_CLASS } else { class };
        let month = item.mention.heard_at.month();
        let thread = item.thread;
        if thread != 0 {
            let waiting = self.awaits.get(&thread).into_iter().flatten();
            self.woken.extend(waiting.filter(|s| s.is_answered_by(&item.mention)).map(|s| s.key));
        }
        let (state, mention, told) = (item.state, item.mention, joined.flatten().unwrap_or_default());
        let bytes = codec::encode(&Stored { key, state, link, mention, thread, told, passed })?;
        let row = Row { key, author, source, flags };
        let links = Links { own: link, thread };
        self.fresh.entry((class.to_owned(), month)).or_default().push(Fresh { row, bytes, links });
        self.seen.insert(key.id, key);
        Ok(key)
    }

    /// The time a mention has in the stream: its own, if it is less than two days old, else that of hearing.
    fn stream_time(&mut self, m: &Mention) -> u64 {
        let us = |s: Stamp| s.0.max(1).unsigned_abs() * 1000;
        let heard = us(m.heard_at);
        let at = us(m.at);
        self.stamps.free(if at > heard || at + SPAN_US < heard { heard } else { at })
    }

    /// Cuts what is new into blocks, writes their frames, and commits.
    fn finish(mut self, core: &mut Core) -> Result<()> {
        for ((class, month), mut all) in std::mem::take(&mut self.fresh) {
            all.sort_by_key(|f| f.row.key);
            let mut frames = Vec::new();
            let mut blocks: Vec<Vec<Fresh>> = Vec::new();
            for f in all {
                let fits = blocks.last().is_some_and(|b: &Vec<Fresh>| {
                    let span = f.row.key.time - b[0].row.key.time;
                    b.len() < BLOCK && span <= SPAN_US && (span <= NARROW_US || b.len() < FEW)
                });
                match blocks.last_mut() {
                    Some(b) if fits => b.push(f),
                    _ => blocks.push(vec![f]),
                }
            }
            let first = core.next_block;
            let mut rows = Vec::new();
            for (i, b) in blocks.into_iter().enumerate() {
                let no = first + i as u32;
                let (r, records): (Vec<(Row, Links)>, Vec<Vec<u8>>) =
                    b.into_iter().map(|f| ((f.row, f.links), f.bytes)).unzip();
                frames.push(pack(FrameKind::Block, u64::from(no), &records)?);
                rows.push(r);
            }
            let places = self.store.append(core, &mut self.tx, &class, &month, &frames)?;
            for (r, place) in rows.into_iter().zip(places) {
                let no = core.next_block;
                core.next_block += 1;
                for (slot, (row, links)) in r.iter().enumerate() {
                    self.tx.postings.extend(postings_of(row, *links, no, slot));
                }
                let rows = r.into_iter().map(|(row, _)| row).collect();
                self.tx.new_block(Block { no, place, rows });
            }
        }
        self.tx.commit()
    }
}

impl Store {
    /// Appends frames to the segment of a class and syncs it; the new length is part of the batch.
    pub(super) fn append(
        &self,
        core: &mut Core,
        tx: &mut Tx<'_>,
        class: &str,
        month: &str,
        frames: &[Vec<u8>],
    ) -> Result<Vec<Place>> {
        let mut places = Vec::with_capacity(frames.len());
        let mut at = 0;
        while at < frames.len() {
            let (no, mut seg) = self.active(core, class, month)?;
            let file = &core.active[class].file;
            let mut bytes = Vec::new();
            while let Some(f) = frames.get(at) {
                if !bytes.is_empty() && seg.len as usize + bytes.len() + f.len() > SEGMENT as usize {
                    break;
                }
                places.push(Place { seg: no, off: seg.len + bytes.len() as u32, len: f.len() as u32 });
                bytes.extend_from_slice(f);
                at += 1;
            }
            file.write_at(&bytes, u64::from(seg.len))?;
            file.sync()?;
            seg.len += bytes.len() as u32;
            tx.batch.put(keys::segment(no), codec::encode(&seg)?);
            // Bytes behind the committed length are only ever overwritten, so memory may run ahead of the tree.
            self.inner.segs.set(no, seg);
        }
        Ok(places)
    }

    /// The segment to append to, begun anew when the month turns or it is full.
    fn active(&self, core: &mut Core, class: &str, month: &str) -> Result<(u32, Segment)> {
        if let Some(a) = core.active.get(class)
            && let Some(seg) = self.inner.segs.get(a.no)
            && seg.month == month
            && seg.len < SEGMENT
            && !seg.closed
        {
            return Ok((a.no, seg));
        }
        let last = self
            .inner
            .segs
            .all()
            .into_iter()
            .rev()
            .find(|(_, s)| s.class == class && s.month == month && s.len < SEGMENT && !s.closed);
        let (no, seg) = last.unwrap_or_else(|| {
            let no = core.next_segment;
            (no, Segment { class: class.into(), month: month.into(), len: 0, closed: false })
        });
        core.next_segment = core.next_segment.max(no + 1);
        let file = self.inner.segs.open_for_append(no, &seg)?;
        self.inner.segs.set(no, seg.clone());
        core.active.insert(class.into(), ActiveSegment { no, file });
        Ok((no, seg))
    }

    /// Class and month of the segment in which a block lies.
    fn class_of(&self, at: Located) -> Result<(String, String)> {
        let place = self.inner.block(at.block)?.place;
        let seg =
            self.inner.segs.get(place.seg).ok_or_else(|| StoreError::corrupt("a segment is not known"))?;
        Ok((seg.class, seg.month))
    }
}

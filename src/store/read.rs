//! Reading: pages of the stream in either direction, one item, one person, counts. Blocks overlap a little in
//! time, so a page merges those that reach into it; a sparse state costs only the blocks that hold it.

use super::block::{Block, Row, flag};
use super::error::Result;
use super::records::{NoteRef, Side, SourceRec, StoredNote, Story};
use super::runs::Family;
use super::walk::{Head, Walk};
use super::{Located, Reader, fields, kv};
use crate::model::{Counts, Id, Item, Key, Mention, PersonCard, Stamp, State, Targets, Text};
use std::collections::HashMap;
use std::sync::Arc;

/// A question about a mention that decides whether a page shows it.
#[derive(Clone, Copy)]
pub enum Wanted<'a> {
    Mention(&'a dyn Fn(&Mention) -> bool),
    Item(&'a dyn Fn(&Item) -> bool),
}

/// Bytes of text on one page: it ends early, with a place to go on.
const PAGE_BYTES: usize = 4 << 20;

/// Which page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageQuery {
    /// Bit n is the state n of [`State::ALL`].
    pub states: u8,
    /// Keys beyond this one, itself left out; `Key::MAX` with `older` is the newest page.
    pub from: Key,
    /// Towards the past, else towards the present.
    pub older: bool,
    pub limit: usize,
    /// The person whose read marks are shown.
    pub who: String,
    /// Show a story once, by its first telling.
    pub fold: bool,
    /// Mentions looked at in one go at most; a filter that matches rarely gives a short page and a place to go on.
    pub budget: usize,
}

impl PageQuery {
    /// The newest page of some states.
    #[must_use]
    pub fn newest(states: &[State], who: &str, limit: usize) -> PageQuery {
        let bits = states.iter().fold(0, |m, s| m | (1 << (*s as u8)));
        PageQuery {
            states: bits,
            from: Key::MAX,
            older: true,
            limit,
            who: who.into(),
            fold: false,
            budget: usize::MAX,
        }
    }
}

/// A page.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Page {
    /// In the order of walking: newest first if `older`.
    pub items: Vec<Item>,
    /// Go on from here; `None` at the end.
    pub next: Option<Key>,
    /// Mentions looked at.
    pub scanned: u64,
}

impl Reader {
    /// Reads a page. `wanted` decides by what was published or by the whole item, `None` takes all.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn page(&self, q: &PageQuery, wanted: Option<Wanted<'_>>) -> Result<Page> {
        self.page_of(q, wanted, None)
    }

    /// The same among what was found; `wanted` decides where that is not sure.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn page_of(
        &self,
        q: &PageQuery,
        wanted: Option<Wanted<'_>>,
        within: Option<&super::Found>,
    ) -> Result<Page> {
        let mut page = Page::default();
        let mut last = q.from;
        let mut bytes = 0;
        let mut blocks: HashMap<u32, Arc<Block>> = HashMap::new();
        let mut walk = Walk::new(&self.inner, q, within);
        loop {
            if page.items.len() >= q.limit || bytes >= PAGE_BYTES || page.scanned >= q.budget as u64 {
                page.next = Some(last);
                return Ok(page);
            }
            let Some(head) = walk.next(&mut blocks)? else { return Ok(page) };
            last = head.key;
            page.scanned += 1;
            if q.fold && head.row.has(flag::STORY) && !self.is_face(&head, q.states)? {
                continue;
            }
            let wanted = wanted.filter(|_| within.is_none_or(|w| !w.is_sure(head.at.block)));
            if let Some(Wanted::Mention(f)) = wanted
                && !f(&self.body_or_stub(head.at, &head.row)?)
            {
                continue;
            }
            let item = self.hydrate(head.at, &head.row, &q.who)?;
            if let Some(Wanted::Item(f)) = wanted
                && !f(&item)
            {
                continue;
            }
            bytes += item.mention.title.len() + item.mention.text.len();
            page.items.push(item);
        }
    }

    /// The newest mentions of some states, however long their texts.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn newest(&self, states: &[State], limit: usize) -> Result<Vec<Item>> {
        Ok(self.gather(PageQuery::newest(states, "", limit), None, None)?.items)
    }

    /// As a page, but not ended early by how long texts are: `limit` and `budget` hold for all of it.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn gather(
        &self,
        mut q: PageQuery,
        wanted: Option<Wanted<'_>>,
        within: Option<&super::Found>,
    ) -> Result<Page> {
        let mut all = Page::default();
        let (limit, budget) = (q.limit, q.budget);
        loop {
            q.limit = limit - all.items.len();
            q.budget = budget.saturating_sub(usize::try_from(all.scanned).unwrap_or(usize::MAX));
            let page = self.page_of(&q, wanted, within)?;
            all.items.extend(page.items);
            all.scanned += page.scanned;
            all.next = page.next;
            match all.next {
                Some(from) if all.items.len() < limit && all.scanned < budget as u64 => q.from = from,
                _ => return Ok(all),
            }
        }
    }

    /// True if no earlier telling of its story is in one of the states.
    fn is_face(&self, head: &Head, states: u8) -> Result<bool> {
        let Some(story) = self.inner.side(head.row.key.id)?.and_then(|s| s.story) else { return Ok(true) };
        let Some(story) = self.inner.story(story)? else { return Ok(true) };
        for m in &story.members {
            if m.id == head.row.key.id {
                return Ok(true);
            }
            if let Some((_, row)) = self.row(m.id)?
                && !row.has(flag::GONE)
                && states & (1 << (row.state() as u8)) != 0
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn row(&self, id: Id) -> Result<Option<(Located, Row)>> {
        let Some(at) = self.inner.locate(id)? else { return Ok(None) };
        Ok(self.inner.block(at.block)?.rows.get(at.slot).map(|r| (at, *r)))
    }

    /// One item as `who` sees it.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn item(&self, id: Id, who: &str) -> Result<Option<Item>> {
        self.row(id)?.map(|(at, row)| self.hydrate(at, &row, who)).transpose()
    }

    /// True if this identity was stored before. A store that cannot be read knows nothing.
    #[must_use]
    pub fn knows(&self, id: Id) -> bool {
        matches!(self.inner.locate(id), Ok(Some(_)))
    }

    /// Title and text as they are stored; empty ones if they were erased, `None` if nothing of this identity is
    /// known. A store that cannot be read knows nothing.
    #[must_use]
    pub fn text_of(&self, id: Id) -> Option<(crate::model::Text, crate::model::Text)> {
        let at = self.inner.locate(id).ok()??;
        let row = *self.inner.block(at.block).ok()?.rows.get(at.slot)?;
        if row.has(flag::GONE) {
            return Some(Default::default());
        }
        self.body(at, &row).ok().map(|m| (m.title, m.text))
    }

    /// The keys of ids in a range (a typed prefix), at most `limit`.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn ids(&self, from: Id, to: Id, limit: usize) -> Result<Vec<Key>> {
        let there = |block| self.inner.index().meta(block).is_some();
        let alive = self.inner.search.in_range(Family::Id, (from.0, to.0), limit, &there)?.into_iter();
        Ok(alive.map(|p| Key { time: p.time, id: Id(p.key) }).collect())
    }

    /// The tellings of a story, oldest first.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn story(&self, story: Id, who: &str) -> Result<Vec<Item>> {
        let members = self.inner.story(story)?.unwrap_or_default().members;
        let items = members.iter().map(|k| self.item(k.id, who)).collect::<Result<Vec<_>>>()?;
        Ok(items.into_iter().flatten().collect())
    }

    /// The mentions of targets that name stories, each once; `None` for targets that do not.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn members(&self, targets: &Targets) -> Result<Option<Vec<Key>>> {
        let (mut all, stories) = match targets {
            Targets::Story(s) => (Vec::new(), std::slice::from_ref(s)),
            Targets::Rows(keys, stories) => (keys.clone(), stories.as_slice()),
            _ => return Ok(None),
        };
        for s in stories {
            all.extend(self.inner.story(*s)?.unwrap_or_default().members);
        }
        let mut seen = std::collections::HashSet::new();
        all.retain(|k| seen.insert(k.id));
        Ok(Some(all))
    }

    /// The text of a mention as it stands; a stub if it is gone.
    pub(super) fn body(&self, at: Located, row: &Row) -> Result<Mention> {
        if row.has(flag::GONE) {
            return Ok(self.stub(row));
        }
        if row.has(flag::EDITED)
            && let Some(place) = self.inner.side(row.key.id)?.and_then(|s| s.revisions.last().copied())
        {
            return Ok(self.inner.stored(place, 0)?.mention);
        }
        let place = self.inner.block(at.block)?.place;
        Ok(self.inner.stored(place, at.slot)?.mention)
    }

    /// The text, or words that say that the disk does not give it any more: one damaged frame must not hide the
    /// rest of a list.
    pub(super) fn body_or_stub(&self, at: Located, row: &Row) -> Result<Mention> {
        match self.body(at, row) {
            Err(super::StoreError::Corrupt(_) | super::StoreError::Io(_)) => Ok(Mention {
                title: Text::ours("[damaged on the disk: hearken check says more]"),
                ..self.stub(row)
            }),
            done => done,
        }
    }

    fn stub(&self, row: &Row) -> Mention {
        let source = self.inner.sources.read().ok().and_then(|s| s.by_no.get(&row.source).cloned());
        let at = Stamp(i64::try_from(row.key.time / 1000).unwrap_or(0));
        Mention {
            source: source.unwrap_or_default(),
            at,
            heard_at: at,
            title: Text::ours("[removed]"),
            ..Mention::default()
        }
    }

    pub(super) fn hydrate(&self, at: Located, row: &Row, who: &str) -> Result<Item> {
        let side = if row.has(flag::SIDE) {
            self.inner.side(row.key.id)?.unwrap_or_default()
        } else {
            Side::default()
        };
        let gone = row.has(flag::GONE);
        let marks = self.inner.marks(fields::person_no(who), at.block / 32)?;
        let marked = marks[(at.block % 32) as usize] & (1 << at.slot) != 0;
        let tellings = match side.story {
            Some(s) => self.inner.story(s)?.map_or(1, |s| s.members.len().max(1) as u32),
            None => 1,
        };
        let mut mention = self.body_or_stub(at, row)?;
        side.topics_of(&mut mention.topics);
        let revisions = if gone { Vec::new() } else { self.revisions(at, &side).unwrap_or_default() };
        Ok(Item {
            id: row.key.id,
            key: row.key,
            mention,
            state: row.state(),
            read: marked || row.state() == State::Done,
            snoozed_until: side.snoozed_until,
            assignee: side.assignee,
            tags: side.tags,
            notes: self.notes(&side.notes)?,
            vip: row.author != 0 && self.inner.is_vip(Id(row.author)),
            edited: row.has(flag::EDITED),
            revisions,
            deleted: gone,
            due: None,
            outcome: Text::default(),
            answered: side.answered,
            has_draft: row.has(flag::DRAFT),
            heard_via: side.via,
            story: side.story.filter(|s| *s != Story::alone(row.key.id)),
            tellings,
            marked_mood: side.mood,
            liked: side.liked,
        })
    }

    /// Earlier texts, newest first: when they were replaced is not known, so the time is that of hearing.
    fn revisions(&self, at: Located, side: &Side) -> Result<Vec<(Stamp, Text, Text)>> {
        if side.revisions.is_empty() {
            return Ok(Vec::new());
        }
        let mut out = Vec::new();
        let earlier = &side.revisions[..side.revisions.len() - 1];
        for place in earlier.iter().rev() {
            let m = self.inner.stored(*place, 0)?.mention;
            out.push((m.heard_at, m.title, m.text));
        }
        let place = self.inner.block(at.block)?.place;
        let first = self.inner.stored(place, at.slot)?.mention;
        out.push((first.heard_at, first.title, first.text));
        Ok(out)
    }

    fn notes(&self, refs: &[NoteRef]) -> Result<Vec<(String, Stamp, Text)>> {
        let mut out = Vec::with_capacity(refs.len());
        for n in refs {
            let Some(rec) = self.inner.note(n.id)? else { continue };
            let text = if rec.erased {
                Text::ours("[erased]")
            } else {
                let text = self.inner.record::<StoredNote>(rec.place, 0).map(|n| n.text);
                text.unwrap_or_else(|_| Text::ours("[damaged on the disk]"))
            };
            out.push((n.who.clone(), n.at, text));
        }
        Ok(out)
    }

    /// How many mentions are in each state, and unread by `who` in the inbox.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn counts(&self, who: &str) -> Result<Counts> {
        let me = fields::person_no(who);
        // Loads the marks of this person, if they are not here yet.
        self.inner.marks(me, 0)?;
        let marks = self.inner.marks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mine = marks.get(&me);
        let index = self.inner.index();
        let mut counts = index.counts();
        counts.unread = index
            .metas()
            .filter(|(_, m)| m.inbox & !m.gone != 0)
            .map(|(no, m)| {
                let read = mine.and_then(|p| p.get(&(no / 32))).map_or(0, |g| g[(no % 32) as usize]);
                u64::from((m.inbox & !m.gone & !read).count_ones())
            })
            .sum();
        Ok(counts)
    }

    /// A number that changes whenever anything in the store does.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.inner.index().version
    }

    /// All sources that the store has met.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn sources(&self) -> Result<Vec<SourceRec>> {
        let mut out = Vec::new();
        kv::scan(&*self.inner.kv(), b"s", &mut |_, v| {
            out.push(super::codec::decode(v));
            true
        })?;
        out.into_iter().collect()
    }

    /// # Errors
    /// If the disk fails.
    pub fn source(&self, id: &str) -> Result<Option<SourceRec>> {
        match self.inner.source_no(id) {
            Some(no) => self.inner.source_rec(no),
            None => Ok(None),
        }
    }

    /// What is known of an author; counts come from the postings. `None` if nobody like that was heard.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn person(&self, id: Id, now: Stamp) -> Result<Option<PersonCard>> {
        let since = now.plus(-30 * crate::model::time::DAY);
        let since = since.0.max(0).unsigned_abs() * 1000;
        let c = self.inner.search.count(Family::Author, id.0, since)?;
        let rec = self.inner.person(id)?;
        if c.all == 0 && rec.is_none() {
            return Ok(None);
        }
        let rec = rec.unwrap_or_default();
        // The dates are those of the posts; the stream has late ones at the time of their hearing.
        let latest = self.timeline(id, Key::MAX, 8, "")?;
        let dates = latest.iter().map(|i| i.mention.at);
        let mut card = PersonCard {
            id,
            mentions: c.all,
            recent: c.recent,
            first_seen: c.first.map(stamp).into_iter().chain(dates.clone()).min(),
            last_seen: dates.max(),
            vip: rec.vip,
            tags: rec.tags.clone(),
            notes: self.notes(&rec.notes)?,
            ..PersonCard::default()
        };
        if let Some(item) = latest.first() {
            card.name = item.mention.author.name.clone();
            card.scope = item.mention.author.scope.clone();
        }
        Ok(Some(card))
    }

    /// What an author published, newest first.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn timeline(&self, person: Id, before: Key, limit: usize, who: &str) -> Result<Vec<Item>> {
        let found = self.inner.search.newest(Family::Author, person.0, before.time, limit)?;
        let mut out = Vec::new();
        for p in found {
            let Some(at) = self.inner.alive(&p) else { continue };
            if let Some(row) = self.inner.block(at.block)?.rows.get(at.slot).filter(|r| r.author == person.0)
            {
                out.push(self.hydrate(at, row, who)?);
            }
        }
        Ok(out)
    }

    /// The discussion that a mention belongs to, oldest first, with what began it; itself, if there is none.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn thread(&self, id: Id, limit: usize, who: &str) -> Result<Vec<Item>> {
        let Some(at) = self.inner.locate(id)? else { return Ok(Vec::new()) };
        let links = self.inner.stored(self.inner.block(at.block)?.place, at.slot).map(|s| s.links());
        let links = links.unwrap_or_default();
        let hash = if links.thread == 0 { links.own } else { links.thread };
        let mut places = vec![at];
        if hash != 0 {
            for (family, limit) in [(Family::Link, ROOTS), (Family::Thread, limit)] {
                let found = self.inner.search.newest(family, hash, u64::MAX, limit)?;
                places.extend(found.iter().filter_map(|p| self.inner.alive(p)));
            }
        }
        let mut out: Vec<Item> = Vec::new();
        for at in places {
            if let Some(row) = self.inner.block(at.block)?.rows.get(at.slot)
                && !out.iter().any(|i| i.key == row.key)
            {
                out.push(self.hydrate(at, row, who)?);
            }
        }
        out.sort_by_key(|i| (i.mention.at, i.key));
        Ok(out)
    }

    /// People whom somebody touched: the watch list, those with notes or tags.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn known_people(&self) -> Result<Vec<Id>> {
        let mut out = Vec::new();
        kv::scan(&*self.inner.kv(), b"p", &mut |k, _| {
            out.extend(k.get(1..9).and_then(|b| b.try_into().ok()).map(|b| Id(u64::from_be_bytes(b))));
            true
        })?;
        Ok(out)
    }
}

/// Tellings of what began a discussion that are shown with it.
const ROOTS: usize = 8;

fn stamp(us: u64) -> Stamp {
    Stamp(i64::try_from(us / 1000).unwrap_or(i64::MAX))
}

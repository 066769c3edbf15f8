//! What the index, the summaries and the marks say together of a plan.

use super::bits::Bits;
use super::{Fields, Fulltext};
use crate::model::Key;
use crate::query::{Mark, Plan, Planned};
use crate::store::error::Result;
use crate::store::runs::Family;
use crate::store::{Inner, Located, Reader, Wanted, fields};
use std::collections::HashSet;
use std::sync::Arc;
use tantivy::columnar::Column;
use tantivy::postings::Postings;
use tantivy::query::{Bm25StatisticsProvider, BooleanQuery, EnableScoring, Occur, Query as _, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, SegmentReader, TERMINATED, TantivyError, Term};

/// Mentions among which every match is, and of which of them that is sure.
#[derive(Debug)]
pub struct Found {
    bits: Bits,
    exact: bool,
    upto: u32,
    stale: HashSet<u32>,
}

impl Found {
    /// The slots of a block that may match.
    #[must_use]
    pub fn at(&self, block: u32) -> u64 {
        // What came since then has to be looked at.
        self.bits.0.get(block as usize).copied().unwrap_or(u64::MAX)
    }

    /// True if every mention of the block that may match does.
    #[must_use]
    pub fn is_sure(&self, block: u32) -> bool {
        self.exact && block < self.upto && !self.stale.contains(&block)
    }
}

/// One mention and how well it fits, best first in order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ranked {
    pub score: f32,
    pub key: Key,
    /// It matches for certain.
    pub sure: bool,
}

struct Eval<'a> {
    inner: &'a Inner,
    searcher: Searcher,
    fields: Fields,
    who: u64,
    blocks: usize,
}

/// Of whole dictionaries, so many answers are remembered.
const PIECES: usize = 4;

type Said = std::result::Result<(Bits, bool), TantivyError>;

impl Reader {
    /// The mentions among which every match of a plan is; `None` if nothing narrows them down.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn find(&self, planned: &Planned, who: &str) -> Result<Option<Found>> {
        if planned.plan == Plan::All && !planned.exact {
            return Ok(None);
        }
        let f = &self.inner.fulltext;
        let (searcher, upto, stale) = match f.live().as_ref() {
            Some(l) => (l.searcher.clone(), l.upto, l.stale.keys().copied().collect::<HashSet<u32>>()),
            None => return Ok(None),
        };
        let who = fields::person_no(who);
        // Loads them, if they are not here yet.
        self.inner.marks(who, 0)?;
        let blocks = self.inner.index().len() as usize;
        let e = Eval { inner: &self.inner, searcher, fields: f.fields, who, blocks };
        // An index that cannot be read narrows nothing down; `check` says what is wrong with it.
        let Ok((mut bits, exact)) = e.plan(&planned.plan) else { return Ok(None) };
        for no in stale.iter().copied().chain(upto..blocks as u32) {
            if let Some(w) = bits.0.get_mut(no as usize) {
                *w = u64::MAX;
            }
        }
        Ok(Some(Found { bits, exact: exact && planned.exact, upto, stale }))
    }

    /// How many mentions are in the index, and how many are found by reading until they are; `None` without one.
    #[must_use]
    pub fn filed(&self) -> Option<(u64, u64)> {
        let (in_it, upto, stale) = self.inner.fulltext.state()?;
        let index = self.inner.index();
        let waits = |no: &u32| *no >= upto || stale.contains(no);
        let waiting = index.metas().filter(|(no, _)| waits(no)).map(|(_, m)| u64::from(m.n)).sum();
        Some((in_it, waiting))
    }

    /// How many mentions of some states are found: those that surely match, and those that may. `all`: everything
    /// matches.
    fn sure(&self, states: u8, found: Option<&Found>, all: bool) -> (u64, u64) {
        let (mut sure, mut maybe) = (0, 0);
        for (no, m) in self.inner.index().metas() {
            let n = u64::from(m.among(states, found, no).count_ones());
            let is_sure = all || found.is_some_and(|f| f.is_sure(no));
            *(if is_sure { &mut sure } else { &mut maybe }) += n;
        }
        (sure, maybe)
    }

    /// How many mentions of some states match, and whether that is all: where it is not sure, `wanted` decides,
    /// newest first, as long as `go_on` says, which hears how many are left.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn count(
        &self,
        states: u8,
        who: &str,
        wanted: Option<Wanted<'_>>,
        found: Option<&Found>,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(u64, bool)> {
        let (mut n, mut left) = self.sure(states, found, wanted.is_none());
        let Some(wanted) = wanted.filter(|_| left > 0) else { return Ok((n, true)) };
        if !go_on(left) {
            return Ok((n, false));
        }
        let unsure: Vec<u32> = {
            let index = self.inner.index();
            let open = |no: u32| index.meta(no).is_some_and(|m| m.among(states, found, no) != 0);
            let newest = index.upto(Key::MAX).map(|(_, no)| no);
            newest.filter(|no| found.is_none_or(|f| !f.is_sure(*no)) && open(*no)).collect()
        };
        for no in unsure {
            let Some(bits) = self.inner.index().meta(no).map(|m| m.among(states, found, no)) else {
                continue;
            };
            let block = self.inner.block(no)?;
            for (slot, row) in block.rows.iter().enumerate().filter(|(s, _)| bits & (1 << s) != 0) {
                if !go_on(left) {
                    return Ok((n, false));
                }
                left = left.saturating_sub(1);
                let at = Located { block: no, slot };
                n += u64::from(match wanted {
                    Wanted::Mention(f) => f(&self.body_or_stub(at, row)?),
                    Wanted::Item(f) => f(&self.hydrate(at, row, who)?),
                });
            }
        }
        Ok((n, true))
    }

    /// The `limit` mentions that these forms say most of (BM25), best first, newer ones before older ones.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn rank(
        &self,
        found: Option<&Found>,
        forms: &[String],
        states: u8,
        limit: usize,
    ) -> Result<Vec<Ranked>> {
        let f = &self.inner.fulltext;
        let Some(searcher) = f.live().as_ref().map(|l| l.searcher.clone()) else { return Ok(Vec::new()) };
        let mut best = Best { limit, all: Vec::new() };
        let wanted: Vec<u64> = {
            let index = self.inner.index();
            let mut w = vec![0; index.len() as usize];
            for (no, m) in index.metas() {
                w[no as usize] = m.among(states, found, no);
            }
            w
        };
        let mut left = Bits(wanted);
        // As it stands in the index.
        let (upto, stale) = match f.live().as_ref() {
            Some(l) => (l.upto, l.stale.keys().copied().collect::<HashSet<u32>>()),
            None => (0, HashSet::new()),
        };
        let filed = |no: u32| no < upto && !stale.contains(&no);
        scored(&searcher, f.fields, forms, &mut |place, score| {
            let no = (place >> 6) as u32;
            if filed(no) && left.has(place) {
                left.0[no as usize] &= !(1 << (place & 63));
                best.add(score, place);
            }
        })
        .map_err(|e| super::failed(&e))?;
        // What the index does not hold as it stands is weighed by the same rule; what no form names counts nothing.
        let weights = Weights::of(&searcher, f.fields, forms);
        for (no, bits) in left.0.iter().enumerate().filter(|(_, b)| **b != 0) {
            let no = no as u32;
            let all = (0..64u64).filter(|s| bits & (1 << s) != 0);
            if forms.is_empty() || filed(no) {
                all.for_each(|slot| best.add(0.0, (u64::from(no) << 6) | slot));
                continue;
            }
            let block = self.inner.block(no)?;
            for slot in all {
                let Some(row) = block.rows.get(slot as usize) else { continue };
                let at = Located { block: no, slot: slot as usize };
                best.add(weights.score(&self.body_or_stub(at, row)?), (u64::from(no) << 6) | slot);
            }
        }
        let mut out = Vec::new();
        for (score, place) in best.sorted() {
            let at = Located { block: (place >> 6) as u32, slot: (place & 63) as usize };
            if let Ok(key) = self.inner.key_at(at) {
                let sure = found.is_some_and(|f| f.is_sure(at.block));
                out.push(Ranked { score, key, sure });
            }
        }
        out.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.key.cmp(&a.key)));
        Ok(out)
    }
}

/// The best so far, a few too many.
struct Best {
    limit: usize,
    all: Vec<(f32, u64)>,
}

impl Best {
    fn add(&mut self, score: f32, place: u64) {
        self.all.push((score, place));
        if self.all.len() >= 4 * self.limit.max(1024) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.all.len() > self.limit {
            let by = |a: &(f32, u64), b: &(f32, u64)| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1));
            self.all.select_nth_unstable_by(self.limit, by);
            self.all.truncate(self.limit);
        }
    }

    fn sorted(mut self) -> Vec<(f32, u64)> {
        self.cut();
        self.all
    }
}

/// Every mention that holds one of the forms, with its score.
fn scored(
    searcher: &Searcher,
    fields: Fields,
    forms: &[String],
    visit: &mut dyn FnMut(u64, f32),
) -> std::result::Result<(), TantivyError> {
    if forms.is_empty() {
        return Ok(());
    }
    let clauses = forms.iter().map(|f| {
        let t = TermQuery::new(Term::from_field_text(fields.words, f), IndexRecordOption::WithFreqs);
        (Occur::Should, Box::new(t) as Box<dyn tantivy::query::Query>)
    });
    let query = BooleanQuery::new(clauses.collect());
    let weight = query.weight(EnableScoring::enabled_from_searcher(searcher))?;
    for segment in searcher.segment_readers() {
        let places = places(segment)?;
        let alive = segment.alive_bitset();
        weight.for_each(segment, &mut |doc, score| {
            if alive.is_none_or(|a| a.is_alive(doc)) {
                visit(places.values.get_val(doc), score);
            }
        })?;
    }
    Ok(())
}

/// BM25 as tantivy has it, for a text that is not filed.
struct Weights<'f> {
    /// Each with its weight.
    forms: Vec<(&'f str, f32)>,
    mean: f32,
}

const K1: f32 = 1.2;
const B: f32 = 0.75;

impl<'f> Weights<'f> {
    fn of(searcher: &Searcher, fields: Fields, forms: &'f [String]) -> Weights<'f> {
        let docs = searcher.num_docs() as f32;
        let words = searcher.total_num_tokens(fields.words).unwrap_or(0) as f32;
        let weigh = |f: &'f String| {
            let n = searcher.doc_freq(&Term::from_field_text(fields.words, f)).unwrap_or(0) as f32;
            let idf = (1.0 + ((docs - n).max(0.0) + 0.5) / (n + 0.5)).ln();
            (f.as_str(), idf * (1.0 + K1))
        };
        Weights { forms: forms.iter().map(weigh).collect(), mean: (words / docs.max(1.0)).max(1.0) }
    }

    fn score(&self, m: &crate::model::Mention) -> f32 {
        let all = crate::query::Doc::new(&m.title, &m.text).index_forms();
        let norm = K1 * (1.0 - B + B * all.len() as f32 / self.mean);
        let of = |(form, weight): &(&str, f32)| {
            let n = all.iter().filter(|f| f == form).count() as f32;
            if n == 0.0 { 0.0 } else { weight * n / (n + norm) }
        };
        self.forms.iter().map(of).sum()
    }
}

fn places(segment: &SegmentReader) -> std::result::Result<Column<u64>, TantivyError> {
    segment.fast_fields().u64("place")
}

impl Eval<'_> {
    fn plan(&self, p: &Plan) -> Said {
        Ok(match p {
            Plan::All => (Bits::all(self.blocks), true),
            Plan::Nothing => (Bits::none(self.blocks), true),
            Plan::Form(f) => (self.term(self.fields.words, f)?, true),
            Plan::Key(k) => (self.term(self.fields.keys, k)?, true),
            Plan::Prefix(p) => (self.terms(self.fields.words, p, "")?, true),
            Plan::KeyPrefix(p) => (self.terms(self.fields.keys, p, "")?, true),
            Plan::Holding(piece) => (self.holding(piece)?, false),
            Plan::Between(from, to) => (self.between(*from, *to)?, true),
            Plan::States(mask) => (self.metas(|_, m| m.in_states(*mask)), true),
            Plan::Mark(mark) => self.marked(*mark),
            Plan::Filed(w) => self.filed(w, false),
            Plan::FiledPrefix(w) => self.filed(w, true),
            Plan::Not(p) => match self.plan(p)? {
                (mut b, true) => {
                    b.not();
                    (b, true)
                }
                _ => (Bits::all(self.blocks), false),
            },
            Plan::And(c) => self.together(c, true)?,
            Plan::Or(c) => self.together(c, false)?,
        })
    }

    fn together(&self, children: &[Plan], and: bool) -> Said {
        let mut all = if and { Bits::all(self.blocks) } else { Bits::none(self.blocks) };
        let mut exact = true;
        for c in children {
            let (b, e) = self.plan(c)?;
            exact &= e;
            if and { all.and(&b) } else { all.or(&b) }
        }
        Ok((all, exact))
    }

    fn metas(&self, of: impl Fn(u32, &crate::store::Meta) -> u64) -> Bits {
        let mut out = Bits::none(self.blocks);
        for (no, m) in self.inner.index().metas() {
            if let Some(w) = out.0.get_mut(no as usize) {
                *w = of(no, m);
            }
        }
        out
    }

    fn marked(&self, mark: Mark) -> (Bits, bool) {
        let bits = match mark {
            Mark::Assigned => self.metas(|_, m| m.assigned),
            Mark::Gone => self.metas(|_, m| m.gone),
            Mark::Unread => {
                let marks = self.inner.marks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let Some(mine) = marks.get(&self.who) else { return (Bits::all(self.blocks), false) };
                self.metas(|no, m| {
                    let read = mine.get(&(no / 32)).map_or(0, |g| g[(no % 32) as usize]);
                    !(read | m.done)
                })
            }
            Mark::Vip => {
                let vips = self.inner.vips.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
                let mut out = Bits::none(self.blocks);
                for v in vips {
                    let Ok(found) = self.inner.search.newest(Family::Author, v.0, u64::MAX, usize::MAX)
                    else {
                        return (Bits::all(self.blocks), false);
                    };
                    found.iter().for_each(|p| out.add((u64::from(p.block) << 6) | u64::from(p.slot)));
                }
                out
            }
        };
        (bits, true)
    }

    fn filed(&self, word: &str, prefix: bool) -> (Bits, bool) {
        match self.inner.fulltext.filed.under(word, prefix, self.blocks) {
            Some(b) => (b, true),
            None => (Bits::all(self.blocks), false),
        }
    }

    fn term(&self, field: Field, text: &str) -> std::result::Result<Bits, TantivyError> {
        let term = Term::from_field_text(field, text);
        let mut out = Bits::none(self.blocks);
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(field)?;
            if let Some(p) = inverted.read_postings(&term, IndexRecordOption::Basic)? {
                take(segment, &places(segment)?, p, &mut out);
            }
        }
        Ok(out)
    }

    /// All terms with this beginning that hold this piece.
    fn terms(&self, field: Field, prefix: &str, piece: &str) -> std::result::Result<Bits, TantivyError> {
        let mut out = Bits::none(self.blocks);
        let holds = memchr::memmem::Finder::new(piece.as_bytes());
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(field)?;
            let places = places(segment)?;
            let mut terms = inverted.terms().range().ge(prefix.as_bytes()).into_stream()?;
            while terms.advance() {
                if !terms.key().starts_with(prefix.as_bytes()) {
                    break;
                }
                // A term that was cut may hold the piece behind its end.
                let cut = terms.key().len() + 4 > crate::query::FORM;
                if piece.is_empty() || cut || holds.find(terms.key()).is_some() {
                    let p = inverted.read_postings_from_terminfo(terms.value(), IndexRecordOption::Basic)?;
                    take(segment, &places, p, &mut out);
                }
            }
        }
        Ok(out)
    }

    /// What holds a piece of a word, remembered while the index stays as it is: one reads on page by page.
    fn holding(&self, piece: &str) -> std::result::Result<Bits, TantivyError> {
        let now = self.searcher.generation().generation_id();
        let pieces = || self.inner.fulltext.pieces.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, _, b)) = pieces().iter().find(|(g, p, _)| *g == now && p == piece) {
            let mut b = (**b).clone();
            b.0.resize(self.blocks, 0);
            return Ok(b);
        }
        let found = self.terms(self.fields.words, "", piece)?;
        let mut all = pieces();
        all.retain(|(g, _, _)| *g == now);
        if all.len() >= PIECES {
            all.remove(0);
        }
        all.push((now, piece.to_owned(), Arc::new(found.clone())));
        Ok(found)
    }

    fn between(&self, from: i64, to: i64) -> std::result::Result<Bits, TantivyError> {
        let mut out = Bits::none(self.blocks);
        if from >= to {
            return Ok(out);
        }
        let mut docs = Vec::new();
        for segment in self.searcher.segment_readers() {
            let at = segment.fast_fields().i64("at")?;
            if at.max_value() < from || at.min_value() >= to {
                continue;
            }
            let places = places(segment)?;
            docs.clear();
            at.get_docids_for_value_range(from..=to - 1, 0..segment.max_doc(), &mut docs);
            let alive = segment.alive_bitset();
            for doc in docs.iter().filter(|d| alive.is_none_or(|a| a.is_alive(**d))) {
                out.add(places.values.get_val(*doc));
            }
        }
        Ok(out)
    }
}

fn take(segment: &SegmentReader, places: &Column<u64>, mut p: impl Postings, out: &mut Bits) {
    let alive = segment.alive_bitset();
    let mut doc = p.doc();
    while doc != TERMINATED {
        if alive.is_none_or(|a| a.is_alive(doc)) {
            out.add(places.values.get_val(doc));
        }
        doc = p.advance();
    }
}

impl Fulltext {
    /// The places that it holds, and how many it holds twice; `None` if there is no index.
    pub fn places(&self, blocks: usize) -> Result<Option<(Bits, u64)>> {
        let Some(searcher) = self.live().as_ref().map(|l| l.searcher.clone()) else { return Ok(None) };
        let (mut out, mut twice) = (Bits::none(blocks), 0);
        for segment in searcher.segment_readers() {
            let places = places(segment).map_err(|e| super::failed(&e))?;
            for doc in segment.doc_ids_alive() {
                let place = places.values.get_val(doc);
                twice += u64::from(out.has(place));
                out.add(place);
            }
        }
        Ok(Some((out, twice)))
    }
}

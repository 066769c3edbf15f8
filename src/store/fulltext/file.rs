//! Filing: mentions that the index does not hold yet, or not as they stand, in steps of some thousands behind the
//! arrivals; and taking out for good what is gone.

use super::{Fulltext, Live, Making, Payload, failed, form};
use crate::query::Doc;
use crate::store::block::{Block, flag};
use crate::store::error::{Result, StoreError};
use crate::store::kv::{Batch, scan};
use crate::store::records::Side;
use crate::store::{Located, Store, codec, keys};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::schema::Term;
use tantivy::{IndexWriter, TantivyDocument};

/// Mentions in one commit.
const STEP: usize = 8192;
/// What waits to be filed before it is: until then the matcher reads it. Mentions, and blocks, which are small where
/// little arrives at a time.
const WAITING: (u64, u32) = (1024, 128);
/// Bytes for what is being written.
const MEMORY: usize = 32 << 20;
/// Rounds in which parts are written anew until none holds what is gone.
const PARTS: usize = 8;
/// Mentions in a part beyond which it grows no more: taking one out for good writes its part anew.
const PART: usize = 1 << 20;

/// What is to be filed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// The next, if enough of it waits.
    Due,
    /// All, however little.
    All,
    /// Only what changed since it was filed.
    Changed,
}

impl Making {
    fn writer(&mut self) -> Result<&mut IndexWriter> {
        if self.writer.is_none() {
            let options = IndexWriterOptions::builder()
                .memory_budget_per_thread(MEMORY)
                .num_worker_threads(1)
                .num_merge_threads(1)
                .build();
            let w = self.index.writer_with_options(options).map_err(|e| failed(&e))?;
            let mut policy = LogMergePolicy::default();
            policy.set_max_docs_before_merge(PART);
            w.set_merge_policy(Box::new(policy));
            self.writer = Some(w);
        }
        self.writer.as_mut().ok_or_else(|| StoreError::Io("the search index has no writer".into()))
    }
}

impl Store {
    /// Files the next mentions, if enough wait; `all`: however few. `true` if there may be more.
    ///
    /// # Errors
    /// If the disk fails; what was to be filed waits on, and is found by reading.
    pub fn index(&self, all: bool) -> Result<bool> {
        self.file(if all { Which::All } else { Which::Due })
    }

    fn file(&self, which: Which) -> Result<bool> {
        let f = &self.inner.fulltext;
        let (more, settled) = {
            let mut making = f.making();
            let Some(m) = making.as_mut() else { return Ok(false) };
            let done = self.file_step(f, m, which);
            if done.is_err() {
                // A writer that failed takes nothing any more.
                m.writer = None;
            }
            done?
        };
        // Without the index's own lock: whoever holds the tree's may wait for that one.
        self.unmark(f, &settled)?;
        Ok(more)
    }

    /// One commit. Gives whether there may be more, and what was filed again.
    fn file_step(&self, f: &Fulltext, m: &mut Making, which: Which) -> Result<(bool, Vec<(u32, u64)>)> {
        let (from, stale) = match f.live().as_ref() {
            Some(l) => (l.upto, l.stale.clone()),
            None => return Ok((false, Vec::new())),
        };
        let next = self.inner.index().len();
        let fresh = which != Which::Changed && from < next;
        let changed = stale.keys().any(|no| *no < from || fresh);
        if (which == Which::Due && !self.is_due(from, next, stale.len())) || !(fresh || changed) {
            return Ok((false, Vec::new()));
        }
        let id = m.id;
        let w = m.writer()?;
        let (mut upto, mut n) = (from, 0);
        while fresh && upto < next && n < STEP {
            n += self.add_block(f, w, upto)?;
            upto += 1;
        }
        let mut again: Vec<(u32, u64)> = stale.into_iter().filter(|(no, _)| *no < upto).collect();
        again.sort_unstable();
        let mut settled = Vec::new();
        for (no, change) in again {
            if n >= 2 * STEP {
                break;
            }
            if no < from {
                w.delete_term(Term::from_field_text(f.fields.keys, &block_key(no)));
                n += self.add_block(f, w, no)?;
            }
            settled.push((no, change));
        }
        let mut commit = w.prepare_commit().map_err(|e| failed(&e))?;
        commit.set_payload(&Payload { id, upto }.write());
        commit.commit().map_err(|e| failed(&e))?;
        f.show(upto, &settled)?;
        let left = f.live().as_ref().map_or(0, |l| l.stale.keys().filter(|no| **no < upto).count());
        let len = self.inner.index().len();
        let more = match which {
            Which::All => upto < len || left > 0,
            Which::Changed => left > 0,
            Which::Due => upto < len && self.is_due(upto, len, left),
        };
        Ok((more, settled))
    }

    fn is_due(&self, from: u32, next: u32, stale: usize) -> bool {
        if next.saturating_sub(from) >= WAITING.1 || stale as u32 >= WAITING.1 {
            return true;
        }
        let index = self.inner.index();
        let waiting: u64 = (from..next).filter_map(|no| index.meta(no)).map(|m| u64::from(m.n)).sum();
        waiting >= WAITING.0
    }

    /// Hands the mentions of a block to the writer. Gives their number.
    fn add_block(&self, f: &Fulltext, w: &IndexWriter, no: u32) -> Result<usize> {
        if self.inner.index().meta(no).is_none() {
            return Ok(0);
        }
        let block = match self.inner.block(no) {
            Ok(b) => b,
            // Taken away meanwhile, or damaged: `check` says so.
            Err(StoreError::Corrupt(_)) => return Ok(0),
            Err(e) => return Err(e),
        };
        let reader = self.reader();
        let mut n = 0;
        for (slot, row) in block.rows.iter().enumerate().filter(|(_, r)| !r.has(flag::GONE)) {
            let at = Located { block: no, slot };
            let m = match reader.body(at, row) {
                // Lost for good: it has no words, and `check` says so.
                Err(StoreError::Corrupt(_)) if self.is_still_there(no, &block) => continue,
                // Written anew elsewhere at this moment.
                Err(StoreError::Corrupt(_) | StoreError::Io(_)) if !self.is_still_there(no, &block) => {
                    reader.body(at, row)?
                }
                m => m?,
            };
            let mut m = m;
            if row.has(flag::SIDE)
                && let Some(side) = self.inner.side(row.key.id)?
            {
                side.topics_of(&mut m.topics);
            }
            let at = m.at.0;
            let doc = Doc::of_mention(&m);
            let mut d = TantivyDocument::new();
            let between = form::BETWEEN.to_string();
            d.add_text(f.fields.words, doc.index_forms().join(&between));
            let mut keys = doc.index_keys();
            keys.push(block_key(no));
            d.add_text(f.fields.keys, keys.join(&between));
            d.add_u64(f.fields.place, (u64::from(no) << 6) | slot as u64);
            d.add_i64(f.fields.at, at);
            w.add_document(d).map_err(|e| failed(&e))?;
            n += 1;
        }
        Ok(n)
    }

    /// True if the texts of a block lie where they lay.
    fn is_still_there(&self, no: u32, was: &Block) -> bool {
        self.inner.block(no).is_ok_and(|b| b.place == was.place)
    }

    /// Takes the marks of filed blocks from the tree, unless they changed again.
    fn unmark(&self, f: &Fulltext, settled: &[(u32, u64)]) -> Result<()> {
        if settled.is_empty() {
            return Ok(());
        }
        let _core = self.patiently()?;
        let mut batch = Batch::default();
        if let Some(l) = f.live().as_ref() {
            let done = settled.iter().filter(|(no, _)| !l.stale.contains_key(no));
            done.for_each(|(no, _)| batch.delete(keys::stale(*no)));
        }
        if batch.ops.is_empty() { Ok(()) } else { self.inner.write(&batch) }
    }

    /// Ends what merges are under way and lets the writer's memory go: there is nothing to do for a while.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn index_rest(&self) -> Result<()> {
        let f = &self.inner.fulltext;
        let mut making = f.making();
        if let Some(w) = making.as_mut().and_then(|m| m.writer.take()) {
            w.wait_merging_threads().map_err(|e| failed(&e))?;
            f.show(0, &[])?;
        }
        Ok(())
    }

    /// Files what is to be filed, and writes anew every part of the index that holds words of what is gone, so that
    /// no word of it is left on the disk.
    ///
    /// # Errors
    /// If the disk fails; it can be tried again.
    pub fn purge(&self) -> Result<()> {
        let f = &self.inner.fulltext;
        while self.file(Which::Changed)? {}
        let mut making = f.making();
        let Some(m) = making.as_mut() else { return Ok(()) };
        // A merge that was under way may have carried what is gone into a new part: that one is looked at too.
        for _ in 0..PARTS {
            let parts = m.index.searchable_segment_metas().map_err(|e| failed(&e))?;
            // Whoever knows a part keeps its files: only the names go on.
            let worn: Vec<_> =
                parts.into_iter().filter(|s| s.num_deleted_docs() > 0).map(|s| s.id()).collect();
            if worn.is_empty() {
                break;
            }
            let w = m.writer()?;
            for id in &worn {
                // It may have been merged away meanwhile: what it went into is worn then.
                let _ = w.merge(&[*id]).wait();
            }
            if let Some(w) = m.writer.take() {
                w.wait_merging_threads().map_err(|e| failed(&e))?;
            }
        }
        f.show(0, &[])?;
        // Also what a kill left between a merge and its clearing away. Somebody may be searching in it for a moment still.
        for _ in 0..40 {
            if !f.has_old_files(&m.index) {
                break;
            }
            m.writer()?.garbage_collect_files().wait().map_err(|e| failed(&e))?;
            if f.has_old_files(&m.index) {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        }
        Ok(())
    }

    /// Reads what people did once and knows from then on what stands under which tag, colleague or answer.
    ///
    /// # Errors
    /// If the disk fails; until then such questions are answered by reading.
    pub fn file_work(&self) -> Result<()> {
        let f = &self.inner.fulltext.filed;
        if !f.begin() {
            return Ok(());
        }
        let mut read = Vec::new();
        let done = scan(&*self.inner.kv(), b"x", &mut |_, v| {
            if let Ok(s) = codec::decode::<Side>(v) {
                let words = super::words_of(&s);
                if !words.is_empty() {
                    read.push((s.key.id, words));
                }
            }
            true
        });
        let located = done.and_then(|()| {
            let at = |(id, words)| Ok(self.inner.locate(id)?.map(|at| (at, words)));
            read.into_iter().map(at).collect::<Result<Vec<_>>>()
        });
        match located {
            Ok(all) => f.ready(all.into_iter().flatten().collect()),
            Err(e) => {
                f.forget();
                return Err(e);
            }
        }
        Ok(())
    }
}

impl Fulltext {
    /// True if there are files of parts that are not in use.
    fn has_old_files(&self, index: &tantivy::Index) -> bool {
        let Ok(ids) = index.searchable_segment_ids() else { return false };
        let names: Vec<String> = ids.iter().map(|i| i.uuid_string()).collect();
        let all = self.dir.iter().flat_map(std::fs::read_dir).flatten().flatten();
        all.into_iter().any(|e| {
            let name = e.file_name().to_string_lossy().into_owned();
            name.contains('.')
                && !name.starts_with('.')
                && name != "meta.json"
                && !names.iter().any(|n| name.starts_with(n))
        })
    }

    /// Shows what was committed. `upto` 0: it is as it was.
    fn show(&self, upto: u32, settled: &[(u32, u64)]) -> Result<()> {
        let reader = match self.live().as_ref() {
            Some(l) => l.reader.clone(),
            None => return Ok(()),
        };
        reader.reload().map_err(|e| failed(&e))?;
        if let Some(l) = self.live_mut().as_mut() {
            let Live { searcher, stale, .. } = l;
            *searcher = reader.searcher();
            for (no, change) in settled {
                if stale.get(no) == Some(change) {
                    stale.remove(no);
                }
            }
            l.upto = l.upto.max(upto);
        }
        Ok(())
    }
}

/// The term by which all of a block are found.
fn block_key(no: u32) -> String {
    format!("#{no}")
}

//! The full-text index: which mentions hold a form of a word or a key of a field. It lies beside the tree, is made
//! behind the arrivals, and is never the truth: what it does not hold yet, or held before a change, is given to the
//! matcher. It keeps no text; lost or of another make, it is made anew.

mod bits;
mod eval;
mod file;
mod filed;
mod form;
#[cfg(test)]
mod tests;

pub use eval::Found;
pub use filed::{Change, Filed, words_of};

use super::error::{Result, StoreError};
use super::kv::{Batch, Kv, scan};
use super::{codec, disk, keys, open};
use crate::query;
use bits::Bits;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tantivy::directory::{Directory, MmapDirectory, RamDirectory};
use tantivy::schema::{Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher};

/// Of the layout of the fields; another one is made anew.
const LAYOUT: u32 = 1;
/// Its folder.
pub const FOLDER: &str = "search";

/// What a mention is filed under.
#[derive(Clone, Copy)]
struct Fields {
    /// Forms of words, with how often.
    words: Field,
    /// Keys of fields, and the block.
    keys: Field,
    /// Block × 64 + slot.
    place: Field,
    /// When it was published, in ms.
    at: Field,
}

fn schema() -> (Schema, Fields) {
    let text = |freqs: bool| {
        let how = if freqs { IndexRecordOption::WithFreqs } else { IndexRecordOption::Basic };
        let i = TextFieldIndexing::default().set_tokenizer(form::NAME).set_index_option(how);
        TextOptions::default().set_indexing_options(i.set_fieldnorms(freqs))
    };
    let number = NumericOptions::default().set_fast();
    let mut b = Schema::builder();
    let fields = Fields {
        words: b.add_text_field("w", text(true)),
        keys: b.add_text_field("k", text(false)),
        place: b.add_u64_field("place", number.clone()),
        at: b.add_i64_field("at", number),
    };
    (b.build(), fields)
}

/// What is written with each commit, so that index and tree know each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Payload {
    /// Of this tree.
    id: u64,
    /// The first block that is not in it.
    upto: u32,
}

impl Payload {
    fn read(s: &str) -> Option<Payload> {
        let mut parts = s.split(' ');
        let make = format!("{LAYOUT}.{}", query::FORMS);
        (parts.next()? == make).then_some(())?;
        Some(Payload { id: parts.next()?.parse().ok()?, upto: parts.next()?.parse().ok()? })
    }

    fn write(self) -> String {
        format!("{LAYOUT}.{} {} {}", query::FORMS, self.id, self.upto)
    }
}

/// What is asked.
struct Live {
    reader: IndexReader,
    searcher: Searcher,
    upto: u32,
    /// Blocks that changed since they were filed, each with the number of the change.
    stale: HashMap<u32, u64>,
    changes: u64,
}

/// What is written with.
struct Making {
    index: Index,
    writer: Option<IndexWriter>,
    id: u64,
}

/// See the room's words.
pub struct Fulltext {
    /// `None`: in memory.
    dir: Option<PathBuf>,
    fields: Fields,
    live: RwLock<Option<Live>>,
    making: Mutex<Option<Making>>,
    /// What was found last by reading whole dictionaries, and in which state of the index.
    pieces: Mutex<Vec<(u64, String, Arc<Bits>)>>,
    pub filed: Filed,
}

pub fn failed(e: &tantivy::TantivyError) -> StoreError {
    let text = e.to_string();
    // tantivy hands a full disk on as words.
    if text.contains("No space left") || text.contains("os error 28") || text.contains("StorageFull") {
        return StoreError::Full(format!("the search index cannot be written: {text}"));
    }
    StoreError::Io(format!("the search index: {text}"))
}

impl Fulltext {
    /// None at all: every query is answered by reading.
    pub fn off() -> Fulltext {
        Fulltext {
            dir: None,
            fields: schema().1,
            live: RwLock::default(),
            making: Mutex::default(),
            pieces: Mutex::default(),
            filed: Filed::default(),
        }
    }

    /// The index in a folder (`None`: in memory) that belongs to this tree; one that does not, or that cannot be
    /// read, is taken away and begun anew. Where not even that is possible there is none, until the next opening.
    pub fn open(dir: Option<PathBuf>, kv: &dyn Kv) -> Result<Fulltext> {
        let mut f = Fulltext { dir, ..Fulltext::off() };
        let id = match open::meta::<u64>(kv, "fulltext")? {
            Some(id) => id,
            None => {
                let id = crate::model::hash64(&[
                    &crate::model::Stamp::now().0.to_string(),
                    &std::process::id().to_string(),
                    &format!("{:?}", f.dir),
                ]);
                let mut b = Batch::default();
                b.put(keys::meta("fulltext"), codec::encode(&id)?);
                kv.apply(&b)?;
                id
            }
        };
        let stale = marked(kv)?.into_iter().map(|no| (no, 0)).collect();
        let there = f.try_open(false).and_then(|i| ask(&i).map(|a| (i, a)));
        let there =
            there.ok().and_then(|(i, (reader, payload))| Some((i, reader, payload.filter(|p| p.id == id)?)));
        let (index, reader, payload) = match there {
            Some(t) => t,
            None => match f.try_open(true).and_then(|i| ask(&i).map(|a| (i, a))) {
                Ok((i, (reader, _))) => (i, reader, Payload { id, upto: 0 }),
                Err(_) => return Ok(f),
            },
        };
        let searcher = reader.searcher();
        f.live = RwLock::new(Some(Live { reader, searcher, upto: payload.upto, stale, changes: 0 }));
        f.making = Mutex::new(Some(Making { index, writer: None, id }));
        Ok(f)
    }

    fn try_open(&self, anew: bool) -> Result<Index> {
        let dir: Box<dyn Directory> = match &self.dir {
            None => Box::new(RamDirectory::create()),
            Some(d) => {
                if anew {
                    match std::fs::remove_dir_all(d) {
                        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                            return Err(StoreError::io("cannot take away", d, &e));
                        }
                        _ => {}
                    }
                }
                disk::folder(d)?;
                Box::new(MmapDirectory::open(d).map_err(|e| StoreError::Io(e.to_string()))?)
            }
        };
        let there = Index::exists(&*dir).map_err(|e| StoreError::Io(e.to_string()))?;
        let index =
            if there { Index::open(dir) } else { Index::create(dir, schema().0, IndexSettings::default()) };
        let index = index.map_err(|e| failed(&e))?;
        if index.schema() != schema().0 {
            return Err(StoreError::corrupt("the search index has other fields"));
        }
        index.tokenizers().register(form::NAME, form::Forms);
        Ok(index)
    }

    fn live(&self) -> RwLockReadGuard<'_, Option<Live>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn live_mut(&self) -> RwLockWriteGuard<'_, Option<Live>> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn making(&self) -> MutexGuard<'_, Option<Making>> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that these blocks are not any more as they were filed.
    pub fn changed(&self, blocks: impl Iterator<Item = u32>) {
        if let Some(l) = self.live_mut().as_mut() {
            for b in blocks {
                l.changes += 1;
                l.stale.insert(b, l.changes);
            }
        }
    }

    /// Begins anew, without a mention.
    ///
    /// # Errors
    /// If the disk fails: then there is none.
    pub fn reset(&self) -> Result<()> {
        let mut making = self.making();
        let Some(id) = making.take().map(|m| m.id) else { return Ok(()) };
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.live_mut() = None;
        let index = self.try_open(true)?;
        let (reader, _) = ask(&index)?;
        let searcher = reader.searcher();
        *self.live_mut() = Some(Live { reader, searcher, upto: 0, stale: HashMap::new(), changes: 0 });
        *making = Some(Making { index, writer: None, id });
        Ok(())
    }

    /// Files of it whose bytes are not those that were written.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn damaged(&self) -> Result<usize> {
        let making = self.making();
        let Some(m) = making.as_ref() else { return Ok(0) };
        m.index.validate_checksum().map(|d| d.len()).map_err(|e| failed(&e))
    }

    /// Mentions that it holds, the first block that it does not, and blocks that are to be filed again.
    #[must_use]
    pub fn state(&self) -> Option<(u64, u32, HashSet<u32>)> {
        let stale = |l: &Live| l.stale.keys().copied().collect();
        self.live().as_ref().map(|l| (l.searcher.num_docs(), l.upto, stale(l)))
    }
}

/// The blocks that the tree marks as changed since they were filed.
pub fn marked(kv: &dyn Kv) -> Result<Vec<u32>> {
    let mut all = Vec::new();
    scan(kv, b"i", &mut |k, _| {
        all.extend(k.get(1..5).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes));
        true
    })?;
    Ok(all)
}

/// A reader that shows a commit when it is told to, and what was written with the last one.
fn ask(index: &Index) -> Result<(IndexReader, Option<Payload>)> {
    let reader: IndexReader = index
        .reader_builder()
        .reload_policy(ReloadPolicy::Manual)
        .try_into()
        .map_err(|e: tantivy::TantivyError| failed(&e))?;
    let metas = index.load_metas().map_err(|e| failed(&e))?;
    Ok((reader, metas.payload.as_deref().and_then(Payload::read)))
}

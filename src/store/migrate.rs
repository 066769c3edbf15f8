//! Stores of older schemas, brought to this one step by step. Each step is one batch that carries the new number,
//! so that a kill in the middle leaves the old store whole.

use super::block::Place;
use super::error::{Result, StoreError};
use super::kv::{Batch, Kv, scan};
use super::open::SCHEMA;
use super::records::{DraftRec, Side, Side4, Source5, SourceRec};
use super::{codec, keys};
use crate::model::outgoing::Goes;
use crate::model::place::Standing;
use crate::model::{Cursor, Health, Id, Key, Stage, Stamp, Text, Trouble};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Brings a store to the schema of this program.
pub fn migrate(kv: &dyn Kv, from: u32) -> Result<()> {
    for schema in from..SCHEMA {
        match schema {
            1 => each::<Source1, Source5>(kv, b"s", 2)?,
            2 => each::<Draft2, Draft7>(kv, b"d", 3)?,
            3 => named(kv, 4)?,
            4 => each::<Side4, Side>(kv, b"x", 5)?,
            5 => each::<Source5, SourceRec>(kv, b"s", 6)?,
            6 => named(kv, 7)?,
            7 => each::<Draft7, DraftRec>(kv, b"d", 8)?,
            8 => each::<Standing8, Standing>(kv, b"o", 9)?,
            9 => opened(kv)?,
            v => {
                return Err(StoreError::Newer(format!(
                    "this store has schema {v}, for which no way to schema {SCHEMA} is known"
                )));
            }
        }
    }
    kv.sync()
}

/// Records stay as they are; an older program must not write here any more: it would not note which blocks are to be
/// filed again for searching (3), and does not know drafts that are on their way (6).
fn named(kv: &dyn Kv, schema: u32) -> Result<()> {
    let mut batch = Batch::default();
    batch.put(keys::meta("schema"), codec::encode(&schema)?);
    kv.apply(&batch)
}

/// Schema 9: open drafts were not found by what they are about.
fn opened(kv: &dyn Kv) -> Result<()> {
    let mut batch = Batch::default();
    let mut wrong = None;
    scan(kv, b"d", &mut |_, value| {
        match codec::decode::<DraftRec>(value) {
            Ok(d) if d.is_open() => batch.put(keys::open(d.mention.id, d.id), Vec::new()),
            Ok(_) => {}
            Err(e) => wrong = Some(e),
        }
        wrong.is_none()
    })?;
    if let Some(e) = wrong {
        return Err(e);
    }
    batch.put(keys::meta("schema"), codec::encode(&10_u32)?);
    kv.apply(&batch)
}

/// Writes every record of a kind anew, and the schema that is reached by it.
fn each<Old: DeserializeOwned, New: Serialize + From<Old>>(
    kv: &dyn Kv,
    kind: &[u8],
    schema: u32,
) -> Result<()> {
    let mut batch = Batch::default();
    let mut wrong = None;
    scan(kv, kind, &mut |key, value| {
        match codec::decode::<Old>(value).and_then(|old| codec::encode(&New::from(old))) {
            Ok(new) => batch.put(key.to_vec(), new),
            Err(e) => wrong = Some(e),
        }
        wrong.is_none()
    })?;
    if let Some(e) = wrong {
        return Err(e);
    }
    batch.put(keys::meta("schema"), codec::encode(&schema)?);
    kv.apply(&batch)
}

/// Schema 2: a draft was written or posted, and nobody had to look at it between.
#[derive(Serialize, Deserialize)]
pub(super) struct Draft2 {
    pub id: Id,
    pub mention: Key,
    pub who: String,
    pub saved_at: Stamp,
    pub place: Place,
    pub discarded: bool,
    pub posted: Option<Text>,
}

impl From<Draft2> for Draft7 {
    fn from(o: Draft2) -> Draft7 {
        Draft7 {
            id: o.id,
            mention: o.mention,
            who: o.who,
            saved_at: o.saved_at,
            place: o.place,
            discarded: o.discarded,
            posted: o.posted,
            stage: Stage::Writing,
        }
    }
}

/// Schema 7: a draft did not know what it changes.
#[derive(Serialize, Deserialize)]
pub(super) struct Draft7 {
    pub id: Id,
    pub mention: Key,
    pub who: String,
    pub saved_at: Stamp,
    pub place: Place,
    pub discarded: bool,
    pub posted: Option<Text>,
    pub stage: Stage,
}

impl From<Draft7> for DraftRec {
    fn from(o: Draft7) -> DraftRec {
        DraftRec {
            id: o.id,
            mention: o.mention,
            who: o.who,
            saved_at: o.saved_at,
            place: o.place,
            discarded: o.discarded,
            posted: o.posted,
            stage: o.stage,
            changes: None,
            goes: Goes::default(),
        }
    }
}

/// Schema 8: nothing was known of our profile, nor of how long a text may be.
#[derive(Serialize, Deserialize)]
pub(super) struct Standing8 {
    pub native: Text,
    pub handle: Text,
    pub words: Text,
    pub wrong: bool,
    pub told_at: Stamp,
}

impl From<Standing8> for Standing {
    fn from(o: Standing8) -> Standing {
        Standing {
            native: o.native,
            handle: o.handle,
            words: o.words,
            wrong: o.wrong,
            told_at: o.told_at,
            ..Standing::default()
        }
    }
}

/// Schema 1: a cursor did not know what a document had asked for, nor a health how new the newest entry was.
#[derive(Serialize, Deserialize)]
pub(super) struct Source1 {
    pub id: String,
    pub network: String,
    pub cursor: Cursor1,
    pub health: Health1,
    pub chunks: u16,
}

#[derive(Serialize, Deserialize, Default)]
pub(super) struct Cursor1 {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub url: Option<String>,
    pub moved: Option<(String, u32)>,
    pub configured: String,
    pub body_hash: u64,
}

#[derive(Serialize, Deserialize, Default)]
pub(super) struct Health1 {
    pub last_ok: Option<Stamp>,
    pub last_new: Option<Stamp>,
    pub last_error: Option<(Stamp, crate::model::Text)>,
    pub failures: u32,
    pub next_poll: Option<Stamp>,
    pub usual_ms: i64,
    pub heard: u64,
    pub matched: u64,
    pub polls: u64,
    pub last_count: u32,
    pub trouble: Trouble,
    pub gaps: Vec<(Stamp, Option<Stamp>)>,
}

impl From<Source1> for Source5 {
    fn from(o: Source1) -> Source5 {
        let (c, h) = (o.cursor, o.health);
        Source5 {
            id: o.id,
            network: o.network,
            cursor: Cursor {
                etag: c.etag,
                last_modified: c.last_modified,
                url: c.url,
                moved: c.moved,
                configured: c.configured,
                body_hash: c.body_hash,
                ..Cursor::default()
            },
            health: Health {
                last_ok: h.last_ok,
                last_new: h.last_new,
                last_error: h.last_error,
                failures: h.failures,
                next_poll: h.next_poll,
                usual_ms: h.usual_ms,
                heard: h.heard,
                matched: h.matched,
                polls: h.polls,
                last_count: h.last_count,
                trouble: h.trouble,
                gaps: h.gaps,
                ..Health::default()
            },
            chunks: o.chunks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::store::kv::Sled;

    #[test]
    fn a_store_of_schema_1_is_brought_to_this_one_and_keeps_what_it_knew() {
        let dir = tempfile::tempdir().unwrap();
        Store::open(dir.path(), 16).unwrap();
        let index = std::fs::read_to_string(dir.path().join("CURRENT")).unwrap_or("index-0".into());
        {
            let kv = Sled::open(&dir.path().join(index.trim()), 16).unwrap();
            let old = Source1 {
                id: "blog".into(),
                network: "feed".into(),
                cursor: Cursor1 { etag: Some("e".into()), body_hash: 7, ..Cursor1::default() },
                health: Health1 { heard: 12, gaps: vec![(Stamp(1), None)], ..Health1::default() },
                chunks: 0,
            };
            let mut b = Batch::default();
            b.put(keys::source(0), codec::encode(&old).unwrap());
            let open = Draft2 {
                id: Id(6),
                mention: Key { time: 1, id: Id(60) },
                who: "bo".into(),
                saved_at: Stamp(3),
                place: Place { seg: 0, off: 0, len: 0 },
                discarded: false,
                posted: None,
            };
            b.put(keys::draft(Id(6)), codec::encode(&open).unwrap());
            let draft = Draft2 {
                id: Id(5),
                mention: Key::default(),
                who: "ana".into(),
                saved_at: Stamp(3),
                place: Place { seg: 0, off: 0, len: 0 },
                discarded: true,
                posted: None,
            };
            b.put(keys::draft(Id(5)), codec::encode(&draft).unwrap());
            let side = Side4::of(Key { time: 1, id: Id(9) }, "lid");
            b.put(keys::side(Id(9)), codec::encode(&side).unwrap());
            let us = Standing8 {
                native: Text::ours("7"),
                handle: Text::ours("@acme"),
                words: Text::ours("limited"),
                wrong: true,
                told_at: Stamp(4),
            };
            b.put(keys::standing("us"), codec::encode(&us).unwrap());
            b.put(keys::meta("schema"), codec::encode(&1u32).unwrap());
            kv.apply(&b).unwrap();
            kv.sync().unwrap();
        }
        let s = Store::open(dir.path(), 16).unwrap();
        let rec = s.reader().source("blog").unwrap().unwrap();
        assert_eq!((rec.cursor.etag.as_deref(), rec.cursor.body_hash), (Some("e"), 7));
        assert_eq!((rec.health.heard, rec.health.gaps.len()), (12, 1));
        let draft = s.inner.draft_rec(Id(5)).unwrap().unwrap();
        assert_eq!((draft.who.as_str(), draft.discarded, draft.stage), ("ana", true, Stage::Writing));
        assert_eq!(draft.changes, None);
        let about = |id| s.inner.open_drafts_about(Id(id)).unwrap().len();
        assert_eq!((about(60), about(0)), (1, 0), "open ones are found by what they are about");
        let side = s.inner.side(Id(9)).unwrap().unwrap();
        assert_eq!((side.tags, side.mood, side.liked), (vec!["lid".to_owned()], None, None));
        let us = s.reader().standing("us").unwrap().unwrap();
        assert_eq!((us.handle.as_str(), us.wrong, us.told_at, us.profile), ("@acme", true, Stamp(4), None));
        drop(s);
        // The second opening finds nothing to do, and a schema of the future is left alone.
        drop(Store::open(dir.path(), 16).unwrap());
        let index = std::fs::read_to_string(dir.path().join("CURRENT")).unwrap_or("index-0".into());
        {
            let kv = Sled::open(&dir.path().join(index.trim()), 16).unwrap();
            let mut b = Batch::default();
            b.put(keys::meta("schema"), codec::encode(&99u32).unwrap());
            kv.apply(&b).unwrap();
            kv.sync().unwrap();
        }
        let e = Store::open(dir.path(), 16).err().unwrap().to_string();
        assert!(e.contains("schema 99") && e.contains("newer Hearken"), "{e}");
    }
}

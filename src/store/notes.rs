//! Notes and drafts: their texts are frames of the class `notes`, where a wipe can reach them; the tree holds
//! only where they lie.

use super::block::flag;
use super::error::Result;
use super::records::{DraftRec, NoteRec, NoteRef, StoredNote};
use super::segs::{FrameKind, pack};
use super::tx::Tx;
use super::verbs::Asker;
use super::{Core, Reader, Store, codec, keys, kv};
use crate::model::{Draft, Id, Key, Stamp, Text, Value, hash64};

/// The class of notes and drafts.
pub const NOTES: &str = "notes";

impl Store {
    /// Writes the text of a note; the reference goes into the record of what it is about.
    pub(super) fn store_note(
        &self,
        core: &mut Core,
        tx: &mut Tx<'_>,
        asker: &Asker,
        about: Id,
        text: &str,
        now: Stamp,
    ) -> Result<NoteRef> {
        let seq = core.log.end().seq + 1;
        let id = Id(hash64(&["note", &asker.who, &seq.to_string(), &now.0.to_string()]));
        let stored = StoredNote {
            id,
            about,
            who: asker.who.clone(),
            at: now,
            text: Text::already_clean(text.to_owned()),
            draft: false,
        };
        let frame = pack(FrameKind::Note, id.0, &[codec::encode(&stored)?])?;
        let place = self.append(core, tx, NOTES, &now.month(), &[frame])?[0];
        let note = NoteRef { id, who: asker.who.clone(), at: now };
        let rec = NoteRec { note: note.clone(), place, erased: false };
        tx.batch.put(keys::note(id), codec::encode(&rec)?);
        Ok(note)
    }

    /// The reference of a note that a change brings back.
    pub(super) fn note_again(&self, value: &Value) -> Result<Option<NoteRef>> {
        match value {
            Value::Note(id, true) => Ok(self.inner.note(*id)?.filter(|n| !n.erased).map(|n| n.note)),
            _ => Ok(None),
        }
    }

    /// Saves a person's open draft about a mention; an empty text is saved too.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn save_draft(&self, asker: &Asker, mention: Key, text: &Text, now: Stamp) -> Result<Id> {
        let mut core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        let (id, _) = open_draft(&asker.who, mention.id, |id| tx.draft(id))?;
        let stored = StoredNote {
            id,
            about: mention.id,
            who: asker.who.clone(),
            at: now,
            text: text.clone(),
            draft: true,
        };
        let frame = pack(FrameKind::Note, id.0, &[codec::encode(&stored)?])?;
        let place = self.append(&mut core, &mut tx, NOTES, &now.month(), &[frame])?[0];
        let rec = DraftRec {
            id,
            mention,
            who: asker.who.clone(),
            saved_at: now,
            place,
            discarded: false,
            posted: None,
        };
        tx.put_draft(&rec)?;
        if let Some(at) = tx.locate(mention.id)? {
            tx.set_flag(at, flag::DRAFT, true)?;
        }
        tx.commit()?;
        Ok(id)
    }
}

/// The id of a person's draft about a mention that is not posted yet, and the draft if there is one.
pub(super) fn open_draft(
    who: &str,
    mention: Id,
    mut get: impl FnMut(Id) -> Result<Option<DraftRec>>,
) -> Result<(Id, Option<DraftRec>)> {
    let mut number = 0;
    loop {
        let id = Draft::id_of(who, mention, number);
        match get(id)? {
            Some(d) if d.posted.is_some() => number += 1,
            found => return Ok((id, found)),
        }
    }
}

impl Tx<'_> {
    pub fn draft(&self, id: Id) -> Result<Option<DraftRec>> {
        let key = keys::draft(id);
        let mine = self.batch.ops.iter().rev().find(|(k, _)| *k == key);
        let bytes = match mine {
            Some((_, v)) => v.clone(),
            None => self.kv().get(&key)?,
        };
        bytes.map(|b| codec::decode(&b)).transpose()
    }

    pub fn put_draft(&mut self, d: &DraftRec) -> Result<()> {
        self.batch.put(keys::draft(d.id), codec::encode(d)?);
        Ok(())
    }
}

impl Reader {
    /// All drafts, newest first, with what they answer.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn drafts(&self) -> Result<Vec<Draft>> {
        let mut recs: Vec<DraftRec> = Vec::new();
        let mut failed = None;
        kv::scan(&*self.inner.kv(), b"d", &mut |_, v| {
            match codec::decode(v) {
                Ok(d) => recs.push(d),
                Err(e) => failed = Some(e),
            }
            failed.is_none()
        })?;
        if let Some(e) = failed {
            return Err(e);
        }
        recs.sort_by_key(|d| std::cmp::Reverse(d.saved_at));
        recs.iter().map(|d| self.draft_of(d)).collect()
    }

    /// The draft of a person about a mention that is not posted yet.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn draft(&self, who: &str, mention: Id) -> Result<Option<Draft>> {
        let get = |id| self.inner.kv().get(&keys::draft(id))?.map(|b| codec::decode(&b)).transpose();
        let (_, found) = open_draft(who, mention, get)?;
        found.map(|d| self.draft_of(&d)).transpose()
    }

    fn draft_of(&self, d: &DraftRec) -> Result<Draft> {
        let text = self.inner.record::<StoredNote>(d.place, 0).map(|n| n.text);
        let text = text.unwrap_or_else(|_| Text::ours("[damaged on the disk]"));
        let about = self.item(d.mention.id, &d.who)?.map_or_else(Text::default, |i| {
            Text::already_clean(i.mention.headline().chars().take(200).collect())
        });
        Ok(Draft {
            id: d.id,
            mention: d.mention,
            about,
            who: d.who.clone(),
            text,
            saved_at: d.saved_at,
            discarded: d.discarded,
            posted: d.posted.clone(),
        })
    }
}

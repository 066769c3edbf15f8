//! Notes and drafts: their texts are frames of the class `notes`, where a wipe can reach them; the tree holds
//! only where they lie.

use super::block::flag;
use super::error::{Result, StoreError};
use super::records::{DraftRec, NoteRec, NoteRef, StoredNote};
use super::segs::{FrameKind, pack};
use super::tx::Tx;
use super::verbs::{Asker, Line};
use super::{Core, Inner, Reader, Store, codec, keys, kv};
use crate::model::outgoing::{Fate, Goes};
use crate::model::{Cause, Change, Draft, Id, Key, Stage, Stamp, Target, Text, Value, Writes, hash64};

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

    /// Saves an open draft about a mention; an empty text is saved too. A colleague's that waits for approval goes on
    /// waiting. One's own that was finished is being written again, and one that changes something goes on doing so.
    /// `seen` is when what the writer has before them was saved (0 for nothing yet), where it matters.
    ///
    /// # Errors
    /// If the disk fails, the colleague's draft waits no more, or it was changed since it was seen.
    pub fn save_draft(
        &self,
        asker: &Asker,
        mention: Key,
        which: Writes,
        seen: Option<Stamp>,
        text: &Text,
        now: Stamp,
    ) -> Result<Saved> {
        let mut core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        let gone = || StoreError::Stale("that draft is not open any more".into());
        let (id, old) = match which {
            Writes::Of(id) => {
                let d = tx.draft(id)?.filter(|d| d.is_open() && d.who != asker.who);
                (id, Some(d.filter(|d| d.mention.id == mention.id).ok_or_else(gone)?))
            }
            _ => open_draft(&asker.who, mention.id, |id| tx.draft(id))?,
        };
        let is = old.as_ref().filter(|d| !d.discarded).map_or(Stamp(0), |d| d.saved_at);
        let who = old.as_ref().map_or(&asker.who, |d| &d.who).clone();
        let before = old.as_ref().map(|d| d.stage.clone()).unwrap_or_default();
        if let Stage::Going(g) = &before
            && old.as_ref().is_some_and(|d| !d.discarded)
        {
            let how = if g.asked { "it is being sent" } else { "u calls it back" };
            return Err(StoreError::Stale(format!("this answer is on its way: {how}")));
        }
        let stage = if who == asker.who {
            Stage::Writing
        } else if matches!(before, Stage::Waiting { .. }) {
            Stage::Waiting { edited_by: Some(asker.who.clone()) }
        } else {
            return Err(StoreError::Stale(format!("the draft of {who} does not wait for approval any more")));
        };
        let before_it = old.as_ref().filter(|d| !d.discarded);
        let changes = match which {
            Writes::Changing(what) => Some(what),
            _ => before_it.and_then(|d| d.changes),
        };
        let goes = before_it.map(|d| d.goes.clone()).unwrap_or_default();
        // The same text is no other one, however often it is given.
        if let Some(d) = before_it.filter(|d| d.changes == changes)
            && self.inner.record::<StoredNote>(d.place, 0).is_ok_and(|n| n.text == *text)
        {
            return Ok(Saved { id, at: d.saved_at, stage: d.stage.clone() });
        }
        if seen.is_some_and(|s| s != is) {
            return Err(StoreError::Stale("the draft was changed elsewhere since you opened it".into()));
        }
        let mention = old.as_ref().map_or(mention, |d| d.mention);
        let stored =
            StoredNote { id, about: mention.id, who: who.clone(), at: now, text: text.clone(), draft: true };
        let frame = pack(FrameKind::Note, id.0, &[codec::encode(&stored)?])?;
        let place = self.append(&mut core, &mut tx, NOTES, &now.month(), &[frame])?[0];
        let changed = before != stage;
        tx.put_draft(&DraftRec {
            id,
            mention,
            who,
            saved_at: now,
            place,
            discarded: false,
            posted: None,
            stage: stage.clone(),
            changes,
            goes,
        })?;
        if is == Stamp(0) {
            tx.batch.put(keys::begun(id), codec::encode(&now)?);
        }
        if let Some(at) = tx.locate(mention.id)? {
            tx.set_flag(at, flag::DRAFT, true)?;
        }
        if changed {
            let to = Value::Stage(stage.clone());
            let change = Change { target: Target::Draft(id), from: Value::Stage(before), to };
            self.log_and_commit(
                &mut core,
                tx,
                asker,
                now,
                ("rewrite".into(), vec![change], Cause::Along),
                Line::None,
            )?;
        } else {
            tx.commit()?;
        }
        Ok(Saved { id, at: now, stage })
    }
}

impl Store {
    /// Keeps as whom a draft of this person is to go, who sees it, and when.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn keep_goes(&self, who: &str, draft: Id, goes: &Goes) -> Result<()> {
        let _core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        let mine = |d: &DraftRec| d.who == who && d.is_open() && d.goes != *goes;
        let Some(d) = tx.draft(draft)?.filter(mine) else { return Ok(()) };
        tx.put_draft(&DraftRec { goes: goes.clone(), ..d })?;
        tx.commit()
    }
}

/// A draft as it was saved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Saved {
    pub id: Id,
    pub at: Stamp,
    pub stage: Stage,
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
    /// True if another draft about the same mention is open.
    pub fn others_open(&self, d: &DraftRec) -> Result<bool> {
        Ok(self.inner().open_drafts_about(d.mention.id)?.iter().any(|o| o.id != d.id))
    }

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
        let going = matches!(d.stage, Stage::Going(_)) && d.is_open();
        if going {
            self.batch.put(keys::going(d.id), d.mention.id.0.to_be_bytes().to_vec());
        } else {
            self.batch.delete(keys::going(d.id));
        }
        if d.is_open() {
            self.batch.put(keys::open(d.mention.id, d.id), Vec::new());
        } else {
            self.batch.delete(keys::open(d.mention.id, d.id));
        }
        Ok(())
    }
}

impl Inner {
    /// The records of all open drafts about a mention.
    pub fn open_drafts_about(&self, mention: Id) -> Result<Vec<DraftRec>> {
        let from = keys::open(mention, Id(0));
        let mut ids = Vec::new();
        kv::scan(&*self.kv(), &from[..from.len() - 8], &mut |k, _| {
            let id = k.get(k.len().saturating_sub(8)..).and_then(|b| b.try_into().ok());
            ids.extend(id.map(|b| Id(u64::from_be_bytes(b))));
            true
        })?;
        let mut out = Vec::new();
        for id in ids {
            out.extend(self.draft_rec(id)?.filter(DraftRec::is_open));
        }
        Ok(out)
    }

    /// The records of all drafts, the newest first.
    fn draft_recs(&self) -> Result<Vec<DraftRec>> {
        let mut recs: Vec<DraftRec> = Vec::new();
        let mut failed = None;
        kv::scan(&*self.kv(), b"d", &mut |_, v| {
            match codec::decode(v) {
                Ok(d) => recs.push(d),
                Err(e) => failed = Some(e),
            }
            failed.is_none()
        })?;
        recs.sort_by_key(|d| std::cmp::Reverse(d.saved_at));
        failed.map_or(Ok(recs), Err)
    }
}

impl Reader {
    /// All drafts, newest first, with what they answer.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn drafts(&self) -> Result<Vec<Draft>> {
        self.inner.draft_recs()?.iter().map(|d| self.draft_of(d)).collect()
    }

    /// All that is open, and so many of those that were posted or put aside, newest first.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn newest_drafts(&self, mut closed: usize) -> Result<Vec<Draft>> {
        let mut recs = self.inner.draft_recs()?;
        recs.retain(|d| {
            let shown = d.is_open() || closed > 0;
            closed -= usize::from(shown && !d.is_open());
            shown
        });
        recs.iter().map(|d| self.draft_of(d)).collect()
    }

    /// What was posted since then, without its words and what it answers.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn posted_since(&self, since: Stamp) -> Result<Vec<Draft>> {
        let at = |d: &DraftRec| match &d.stage {
            Stage::Going(g) => g.due.max(d.saved_at),
            _ => d.saved_at,
        };
        let recs = self.inner.draft_recs()?.into_iter().filter(|d| d.posted.is_some() && at(d) > since);
        let bare = |d: DraftRec| Draft {
            id: d.id,
            mention: d.mention,
            who: d.who,
            saved_at: d.saved_at,
            posted: d.posted,
            stage: d.stage,
            ..Draft::default()
        };
        Ok(recs.map(bare).collect())
    }

    /// What a person posted last about a mention.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn posted_by(&self, who: &str, mention: Id) -> Result<Option<Draft>> {
        let mut last = None;
        let mut number = 0;
        while let Some(d) = self.inner.draft_rec(Draft::id_of(who, mention, number))? {
            number += 1;
            last = Some(d).filter(|d| d.posted.is_some()).or(last);
        }
        last.map(|d| self.draft_of(&d)).transpose()
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

    /// A draft by its own id.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn draft_by_id(&self, id: Id) -> Result<Option<Draft>> {
        self.inner.draft_rec(id)?.map(|d| self.draft_of(&d)).transpose()
    }

    /// All open drafts about a mention, the newest first.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn drafts_about(&self, mention: Id) -> Result<Vec<Draft>> {
        let mut recs = self.inner.open_drafts_about(mention)?;
        recs.sort_by_key(|d| std::cmp::Reverse(d.saved_at));
        recs.iter().map(|d| self.draft_of(d)).collect()
    }

    fn draft_of(&self, d: &DraftRec) -> Result<Draft> {
        let text = self.inner.record::<StoredNote>(d.place, 0).map(|n| n.text);
        let text = text.unwrap_or_else(|_| Text::ours("[damaged on the disk]"));
        let reason = match &d.stage {
            Stage::Returned { note, .. } => match self.inner.note(*note)?.filter(|n| !n.erased) {
                Some(n) => self.inner.record::<StoredNote>(n.place, 0).map(|n| n.text).unwrap_or_default(),
                None => Text::default(),
            },
            _ => Text::default(),
        };
        // What was taken away since is not changed any more.
        let stands = |id: &Id| self.sending(*id).map(|s| s.is_some_and(|s| s.fate == Fate::Sent));
        let changes = match d.changes {
            Some(id) if stands(&id)? => Some(id),
            _ => None,
        };
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
            stage: d.stage.clone(),
            reason,
            changes,
            goes: d.goes.clone(),
        })
    }
}

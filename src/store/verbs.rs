//! Verbs: checked against what is, logged, applied as one batch. The log is synced first; undo is the entry
//! read backwards with compare-and-set, each person on their own line.

use super::error::{Result, StoreError};
use super::fields::{self, person_no};
use super::log::{self, LogEnd, LogPlace};
use super::records::NoteRef;
use super::tx::Tx;
use super::wanted::{goes_along, still, wanted};
use super::{Core, Store, codec, keys};
use crate::model::{Applied, Cause, Change, Entry, Id, Stamp, State, Target, Targets, Value, Verb};

/// Who asks. The name comes from the system, never from text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asker {
    pub who: String,
    pub uid: u32,
}

/// A log entry's place and whether it still stands (for undo).
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct LogIndex {
    place: LogPlace,
}

/// A verb can be taken back for this long, in ms.
const UNDO_MS: i64 = 30 * crate::model::time::DAY;
/// Old steps that one new verb clears away at most.
const CLEARED: usize = 16;

/// In an undo line.
const STANDS: u8 = 0;
const UNDONE: u8 = 1;

impl Store {
    /// Does a verb. `quiet` keeps it out of the undo line (reading by opening).
    ///
    /// # Errors
    /// If the disk fails; then nothing happened.
    pub fn act(
        &self,
        asker: &Asker,
        verb: &Verb,
        targets: &Targets,
        now: Stamp,
        quiet: bool,
    ) -> Result<Applied> {
        let mut core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        tx.now = now;
        let mut done = Done::default();
        let note = self.note_of(&mut core, &mut tx, asker, verb, targets)?;
        self.step(&mut tx, asker, verb, targets, note.as_ref(), &mut done)?;
        let (changed, undoable) = (done.changed, verb.spec().undoable);
        let applied = self.conclude(&mut core, tx, asker, verb.name(), done, (quiet, undoable))?;
        Ok(Applied { changed, ..applied })
    }

    /// Does several verbs, one after the other, as one step: one entry of the log and one of the undo line.
    ///
    /// # Errors
    /// If the disk fails; then nothing happened.
    pub fn act_many(
        &self,
        asker: &Asker,
        name: &str,
        steps: &[(Verb, Targets)],
        now: Stamp,
        quiet: bool,
    ) -> Result<Applied> {
        let mut core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        tx.now = now;
        let mut done = Done::default();
        for (verb, targets) in steps {
            let note = self.note_of(&mut core, &mut tx, asker, verb, targets)?;
            self.step(&mut tx, asker, verb, targets, note.as_ref(), &mut done)?;
        }
        let applied = self.conclude(&mut core, tx, asker, name, done, (quiet, true))?;
        Ok(Applied { changed: applied.keys.len() as u32, ..applied })
    }

    /// Stores the words of a verb that has some.
    fn note_of(
        &self,
        core: &mut Core,
        tx: &mut Tx<'_>,
        asker: &Asker,
        verb: &Verb,
        targets: &Targets,
    ) -> Result<Option<NoteRef>> {
        let (Verb::Note(text) | Verb::Return(text)) = verb else { return Ok(None) };
        let about = match targets {
            Targets::Mentions(k) | Targets::Rows(k, _) => k.first().map(|k| k.id),
            Targets::People(p) => p.first().copied(),
            Targets::Drafts(d) => match d.first() {
                Some(d) => tx.draft(*d)?.map(|d| d.mention.id),
                None => None,
            },
            _ => None,
        };
        let now = tx.now;
        self.store_note(core, tx, asker, about.unwrap_or_default(), text, now).map(Some)
    }

    /// Logs and commits what was done, and puts it into the person's undo line, unless it is quiet or cannot be undone.
    pub(super) fn conclude(
        &self,
        core: &mut Core,
        tx: Tx<'_>,
        asker: &Asker,
        name: &str,
        done: Done,
        (quiet, undoable): (bool, bool),
    ) -> Result<Applied> {
        let cause = if quiet && undoable { Cause::Along } else { Cause::Asked };
        let line = if !quiet && undoable { Line::New } else { Line::None };
        let (now, entry) = (tx.now, (name.to_owned(), done.changes, cause));
        let applied = self.log_and_commit(core, tx, asker, now, entry, line)?;
        Ok(Applied { skipped: done.skipped, ..applied })
    }

    /// One verb of a change.
    fn step(
        &self,
        tx: &mut Tx<'_>,
        asker: &Asker,
        verb: &Verb,
        targets: &Targets,
        note: Option<&NoteRef>,
        done: &mut Done,
    ) -> Result<()> {
        let members;
        let targets = match self.reader().members(targets)? {
            Some(all) => {
                members = Targets::Mentions(all);
                &members
            }
            None => targets,
        };
        let mut out = false;
        for (target, to) in wanted(&self.reader(), tx, &asker.who, verb, targets, note)? {
            // What goes along with a draft that could not be had does not go alone.
            if out && goes_along(verb, &target, &to) {
                continue;
            }
            match fields::get(tx, &asker.who, &target, &to)? {
                Some(from) if !still(tx, verb, &target, &from, &to)? => {
                    done.skipped += 1;
                    out = true;
                }
                // What was merely heard stays so when its text goes.
                Some(Value::State(State::Heard, _)) if goes_along(verb, &target, &to) => {}
                Some(from) if from != to => {
                    fields::set(tx, &asker.who, &target, &to, note)?;
                    // A draft that is posted goes along with its mention and is no target of its own.
                    done.changed += u32::from(!goes_along(verb, &target, &to));
                    done.changes.push(Change { target, from, to });
                }
                _ => done.skipped += u32::from(!goes_along(verb, &target, &to)),
            }
        }
        Ok(())
    }

    /// Takes back the person's newest verb that stands.
    ///
    /// # Errors
    /// If the disk fails. Nothing to undo gives `changed == 0` and `seq == 0`.
    pub fn undo(&self, asker: &Asker, now: Stamp) -> Result<Applied> {
        let Some(seq) = self.line(asker, true)? else { return Ok(Applied::default()) };
        let entry = self.entry(seq)?;
        if entry.at < now.plus(-UNDO_MS) {
            return Ok(Applied::default());
        }
        let Some(back) = entry.inverse() else { return Ok(Applied::default()) };
        self.apply_set(asker, now, back, &entry.verb, Cause::Undo(seq), Line::Set(seq, UNDONE))
    }

    /// Does again what was undone last, if nothing was done since.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn redo(&self, asker: &Asker, now: Stamp) -> Result<Applied> {
        let Some(seq) = self.line(asker, false)? else { return Ok(Applied::default()) };
        let entry = self.entry(seq)?;
        if matches!(entry.verb.as_str(), "approve" | "answered" | "send") {
            // The text may be another one by now, and what holds for it too.
            return Err(StoreError::Stale(format!(
                "“{}” is not done again unseen: do it where it stands",
                entry.verb
            )));
        }
        self.apply_set(
            asker,
            now,
            entry.changes.clone(),
            &entry.verb,
            Cause::Redo(seq),
            Line::Set(seq, STANDS),
        )
    }

    /// Notes in the log what was changed in a file of the team's. No step of undo: the file is the truth.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn note_edit(&self, asker: &Asker, verb: &str, change: Change, now: Stamp) -> Result<()> {
        let mut core = self.urgently()?;
        let tx = Tx::new(&self.inner);
        self.log_and_commit(
            &mut core,
            tx,
            asker,
            now,
            (verb.into(), vec![change], Cause::Along),
            Line::None,
        )?;
        Ok(())
    }

    /// Notes when a person's last terminal went.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn set_left(&self, who: &str, at: Stamp) -> Result<()> {
        let _core = self.urgently()?;
        let mut batch = super::Batch::default();
        batch.put(keys::meta(&format!("left:{who}")), codec::encode(&at)?);
        self.inner.write(&batch)
    }

    /// When a person's last terminal went; `None` if none ever did.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn left(&self, who: &str) -> Result<Option<Stamp>> {
        super::open::meta(&*self.inner.kv(), &format!("left:{who}"))
    }

    /// The verbs of a person that can still be undone, newest first.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn undo_list(&self, who: &str, limit: usize, now: Stamp) -> Result<Vec<(Entry, bool)>> {
        let mut seqs = Vec::new();
        let me = person_no(who);
        self.inner.kv().range(&keys::undo(me, 0), &keys::undo(me, u64::MAX), true, &mut |k, v| {
            seqs.extend(seq_of(k).map(|s| (s, v == [STANDS])));
            seqs.len() < limit
        })?;
        // An entry that cannot be read any more is named by check.
        let all = seqs.into_iter().filter_map(|(s, stands)| Some((self.entry(s).ok()?, stands)));
        Ok(all.take_while(|(e, _)| e.at >= now.plus(-UNDO_MS)).collect())
    }

    fn apply_set(
        &self,
        asker: &Asker,
        now: Stamp,
        wanted: Vec<Change>,
        verb: &str,
        cause: Cause,
        line: Line,
    ) -> Result<Applied> {
        let mut core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        tx.now = now;
        let (mut changes, mut skipped) = (Vec::new(), 0);
        for c in wanted {
            // Only what still has the value that was set is taken back.
            match fields::get(&mut tx, &asker.who, &c.target, &c.from)? {
                Some(is) if is == c.from => {
                    let note = self.note_again(&c.to)?;
                    fields::set(&mut tx, &asker.who, &c.target, &c.to, note.as_ref())?;
                    changes.push(c);
                }
                _ => skipped += 1,
            }
        }
        let changed = changes.len() as u32;
        let applied =
            self.log_and_commit(&mut core, tx, asker, now, (verb.to_owned(), changes, cause), line)?;
        Ok(Applied { changed, skipped, ..applied })
    }

    /// Log, then tree. An entry without changes is not logged, but its place in the undo line is.
    pub(super) fn log_and_commit(
        &self,
        core: &mut Core,
        mut tx: Tx<'_>,
        asker: &Asker,
        now: Stamp,
        (verb, changes, cause): (String, Vec<Change>, Cause),
        line: Line,
    ) -> Result<Applied> {
        let me = person_no(&asker.who);
        let mut applied = Applied { verb: verb.clone(), ..Applied::default() };
        applied.keys = changes
            .iter()
            .filter_map(|c| match c.target {
                Target::Mention(k) => Some(k),
                _ => None,
            })
            .collect();
        let mut seen = std::collections::HashSet::new();
        applied.keys.retain(|k| seen.insert(*k));
        if let Line::Set(seq, v) = line {
            tx.batch.put(keys::undo(me, seq), vec![v]);
        }
        let before = core.log.end();
        if !changes.is_empty() {
            let seq = before.seq + 1;
            let entry = Entry { seq, at: now, who: asker.who.clone(), uid: asker.uid, verb, changes, cause };
            let place = core.log.append(&entry)?;
            index_entry(&mut tx, seq, place, core.log.end())?;
            if matches!(line, Line::New) {
                self.cut_redo(&mut tx, me)?;
                self.cut_old(&mut tx, me, now)?;
                tx.batch.put(keys::undo(me, seq), vec![STANDS]);
            }
            applied.seq = seq;
        }
        if let Err(e) = tx.commit() {
            // Where the batch may be in the tree, its entry stays: applied once more it changes nothing.
            if !self.inner.unsure.swap(false, std::sync::atomic::Ordering::SeqCst) {
                core.log.cut_to(before);
            }
            return Err(e);
        }
        Ok(applied)
    }

    /// A new verb ends what could be done again: it leaves the line (never the log).
    fn cut_redo(&self, tx: &mut Tx<'_>, me: u64) -> Result<()> {
        let mut undone = Vec::new();
        self.inner.kv().range(&keys::undo(me, 0), &keys::undo(me, u64::MAX), true, &mut |k, v| {
            if v == [STANDS] {
                return false;
            }
            undone.push(k.to_vec());
            true
        })?;
        undone.into_iter().for_each(|k| tx.batch.delete(k));
        Ok(())
    }

    /// What is too old to be taken back leaves the line, the oldest first.
    fn cut_old(&self, tx: &mut Tx<'_>, me: u64, now: Stamp) -> Result<()> {
        let mut old = Vec::new();
        self.inner.kv().range(&keys::undo(me, 0), &keys::undo(me, u64::MAX), false, &mut |k, _| {
            // One that cannot be read any more goes too.
            let aged = seq_of(k).and_then(|s| self.entry(s).ok()).is_none_or(|e| e.at < now.plus(-UNDO_MS));
            if aged {
                old.push(k.to_vec());
            }
            aged && old.len() < CLEARED
        })?;
        old.into_iter().for_each(|k| tx.batch.delete(k));
        Ok(())
    }

    /// Applies again what the log has beyond the tree.
    pub(super) fn replay(&self, end: LogEnd, tail: Vec<(Entry, LogPlace)>) -> Result<()> {
        if tail.is_empty() {
            return Ok(());
        }
        let mut tx = Tx::new(&self.inner);
        // What is undone in here is not in the tree yet.
        let mut undone: Vec<(u64, u64)> = Vec::new();
        for (entry, place) in tail {
            tx.now = entry.at;
            for c in &entry.changes {
                let note = self.note_again(&c.to)?;
                fields::set(&mut tx, &entry.who, &c.target, &c.to, note.as_ref())?;
            }
            super::outbox::replayed(&mut tx, &entry)?;
            index_entry(&mut tx, entry.seq, place, end)?;
            let me = person_no(&entry.who);
            match entry.cause {
                Cause::Asked if !undoable(&entry.verb) => {}
                Cause::Asked => {
                    self.cut_redo(&mut tx, me)?;
                    undone
                        .extract_if(.., |u| u.0 == me)
                        .for_each(|(_, s)| tx.batch.delete(keys::undo(me, s)));
                    tx.batch.put(keys::undo(me, entry.seq), vec![STANDS]);
                }
                Cause::Undo(s) => {
                    undone.push((me, s));
                    tx.batch.put(keys::undo(me, s), vec![UNDONE]);
                }
                Cause::Redo(s) => {
                    undone.retain(|u| *u != (me, s));
                    tx.batch.put(keys::undo(me, s), vec![STANDS]);
                }
                Cause::Clock | Cause::Source | Cause::Along => {}
            }
        }
        tx.commit()
    }

    /// An entry of the log by its number.
    ///
    /// # Errors
    /// If it is not there or the disk fails.
    pub fn entry(&self, seq: u64) -> Result<Entry> {
        let bytes = self.inner.kv().get(&keys::log(seq))?;
        let bytes =
            bytes.ok_or_else(|| StoreError::corrupt(format!("log entry {seq} is not in the tree")))?;
        log::read(&*self.inner.blobs, codec::decode::<LogIndex>(&bytes)?.place)
    }

    /// The newest entries of the log, newest first, of one mention if `id` is given.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn log(&self, id: Option<Id>, limit: usize) -> Result<Vec<Entry>> {
        let mut out = Vec::new();
        let mut failed = None;
        if limit == 0 {
            return Ok(out);
        }
        self.inner.kv().range(b"l", b"m", true, &mut |_, v| {
            let entry = codec::decode::<LogIndex>(v).and_then(|i| log::read(&*self.inner.blobs, i.place));
            match entry {
                Ok(e) => {
                    let about = |c: &Change| match (&c.target, id) {
                        (_, None) => true,
                        (Target::Mention(k), Some(id)) => k.id == id,
                        (Target::Person(p) | Target::Draft(p), Some(id)) => *p == id,
                        _ => false,
                    };
                    if e.changes.iter().any(about) {
                        out.push(e);
                    }
                }
                // An entry that cannot be read any more hides no other; check names it.
                Err(StoreError::Corrupt(_) | StoreError::Io(_)) => {}
                Err(e) => failed = Some(e),
            }
            failed.is_none() && out.len() < limit
        })?;
        failed.map_or(Ok(out), Err)
    }

    /// The entry to undo (the newest that stands) or to redo (the oldest undone one above it).
    fn line(&self, asker: &Asker, undo: bool) -> Result<Option<u64>> {
        let me = person_no(&asker.who);
        let mut found = None;
        self.inner.kv().range(&keys::undo(me, 0), &keys::undo(me, u64::MAX), true, &mut |k, v| {
            let stands = v == [STANDS];
            if undo && stands {
                found = seq_of(k);
            } else if !undo && !stands {
                found = seq_of(k);
                return true;
            }
            !stands
        })?;
        Ok(found)
    }
}

/// What was changed so far.
#[derive(Default)]
pub(super) struct Done {
    pub(super) changes: Vec<Change>,
    changed: u32,
    skipped: u32,
}

/// How a log entry of [`Store::act_many`] is named that can be undone.
pub const RULES: &str = "rules";
/// The same of what a person's macro does.
pub const MACRO: &str = "macro";

fn undoable(verb: &str) -> bool {
    matches!(verb, RULES | MACRO)
        || verb == super::TOPICS
        || crate::model::VERBS.iter().any(|v| v.name == verb && v.undoable)
}

pub(super) enum Line {
    None,
    New,
    Set(u64, u8),
}

fn seq_of(k: &[u8]) -> Option<u64> {
    k.get(9..17).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes)
}

fn index_entry(tx: &mut Tx<'_>, seq: u64, place: LogPlace, end: LogEnd) -> Result<()> {
    tx.batch.put(keys::log(seq), codec::encode(&LogIndex { place })?);
    tx.batch.put(keys::meta("log"), codec::encode(&end)?);
    Ok(())
}

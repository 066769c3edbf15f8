//! What leaves: a draft is let go, the record of its sending is on the disk before the network is asked, and what came of
//! it closes the record in the same batch that marks the mention answered.

use super::error::{Result, StoreError};
use super::records::{DraftRec, NoteRef};
use super::tx::Tx;
use super::verbs::{Asker, Done, Line};
use super::{Inner, Reader, Store, codec, fields, keys, kv};
use crate::model::outgoing::{Fate, Going, Outcome, Outgoing, Posted, Sending};
use crate::model::{Applied, Cause, Change, Draft, Entry, Id, Key, Kind, Stage, Stamp, Target, Text, Value};
use std::collections::HashSet;

/// The log's word for the moment from which on nobody calls a draft back.
const ASKED: &str = "asked";
/// The log's word for other words where something stands.
const CHANGED: &str = "changed";
/// A sending that came to its end is remembered so long (ms).
const KEPT: i64 = 30 * crate::model::time::DAY;
/// Steps of undo among which one that leaves is looked for.
const LOOKED: usize = 100;

impl Store {
    /// Lets a draft go, as it was saved at `seen`; `reason`: why it goes although some checks ask. A step of undo.
    ///
    /// # Errors
    /// If it was changed since, is not open, or the mention is answered or about to be; if the disk fails.
    pub fn let_go(
        &self,
        asker: &Asker,
        draft: Id,
        seen: Stamp,
        mut going: Going,
        reason: &str,
        now: Stamp,
    ) -> Result<Applied> {
        let stale = |why: &str| Err(StoreError::Stale(why.to_owned()));
        let mut core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        tx.now = now;
        let Some(d) = tx.draft(draft)?.filter(DraftRec::is_open) else {
            return stale("that draft is not open any more");
        };
        if d.saved_at != seen {
            return stale("the draft was changed elsewhere since you read it");
        }
        self.inner.record::<super::records::StoredNote>(d.place, 0)?;
        if matches!(d.stage, Stage::Going(_)) {
            return stale("it is on its way already");
        }
        for (other, mention) in self.inner.going()? {
            if other == draft || mention != d.mention.id {
                continue;
            }
            if let Some(o) = tx.draft(other)? {
                return stale(&format!("the answer of {} to this is on its way already", o.who));
            }
        }
        if let Some(at) = tx.side(d.mention)?.answered.clone() {
            return stale(&format!("this is answered already, at {at}"));
        }
        let mut done = Done::default();
        let note: Option<NoteRef> = match reason.is_empty() {
            true => None,
            false => Some(self.store_note(&mut core, &mut tx, asker, d.mention.id, reason, now)?),
        };
        going.note = note.as_ref().map(|n| n.id);
        let mut changes =
            vec![(Target::Draft(draft), Value::Stage(d.stage), Value::Stage(Stage::Going(going)))];
        if let Some(n) = &note {
            let t = Target::Mention(d.mention);
            changes.push((t, Value::Note(n.id, false), Value::Note(n.id, true)));
        }
        for (target, from, to) in changes {
            fields::set(&mut tx, &asker.who, &target, &to, note.as_ref())?;
            done.changes.push(Change { target, from, to });
        }
        let applied = self.conclude(&mut core, tx, asker, "send", done, (false, true))?;
        Ok(Applied { changed: 1, keys: vec![d.mention], ..applied })
    }

    /// The record of a draft's sending is written and the draft cannot be called back any more: the network may be asked
    /// now. Where it was begun before, this is one more attempt. `None`: it was called back, or answered by somebody.
    ///
    /// # Errors
    /// If the disk fails; then the network must not be asked.
    pub fn begin_sending(&self, by: &Asker, first: &Sending, now: Stamp) -> Result<Option<Sending>> {
        let mut core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        tx.now = now;
        let Some(d) = tx.draft(first.draft)?.filter(DraftRec::is_open) else {
            return Ok(None);
        };
        let Stage::Going(g) = &d.stage else { return Ok(None) };
        // Called back and let go anew, perhaps with other words: that is another sending.
        if g.mark(d.id) != first.mark {
            return Ok(None);
        }
        let mut s = self.inner.sending(first.draft)?.unwrap_or_else(|| first.clone());
        if s.mark != first.mark {
            // Of an earlier one that failed.
            s = first.clone();
        }
        (s.fate, s.asked, s.looks, s.doubted) = (Fate::Asking, now, 0, false);
        s.attempts += 1;
        tx.batch.put(keys::sending(s.draft), codec::encode(&s)?);
        if g.asked {
            tx.commit()?;
            return Ok(Some(s));
        }
        if tx.side(d.mention)?.answered.is_some() {
            return Ok(None);
        }
        let to = Value::Stage(Stage::Going(Going { asked: true, ..g.clone() }));
        let change = Change { target: Target::Draft(d.id), from: Value::Stage(d.stage.clone()), to };
        fields::set(&mut tx, &by.who, &change.target, &change.to, None)?;
        // What has left is not taken back by undo.
        for (e, _) in self.undo_list(&by.who, LOOKED, now)? {
            if e.verb == "send" && e.changes.iter().any(|c| c.target == Target::Draft(d.id)) {
                tx.batch.delete(keys::undo(fields::person_no(&by.who), e.seq));
            }
        }
        let entry = (ASKED.to_owned(), vec![change], Cause::Along);
        self.log_and_commit(&mut core, tx, by, now, entry, Line::None)?;
        Ok(Some(s))
    }

    /// Keeps how far a sending is.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn keep_sending(&self, s: &Sending) -> Result<()> {
        let _core = self.urgently()?;
        // What came to its end stays there, whatever was under way.
        let is = self.inner.sending(s.draft)?;
        // What came of one that was changed meanwhile is of a record that is another draft's now.
        if s.fate == Fate::Sent && is.as_ref().is_none_or(|is| is.fate != Fate::Sent) {
            return Ok(());
        }
        if is.is_some_and(|is| is.mark == s.mark && !is.fate.is_open() && s.fate.is_open()) {
            return Ok(());
        }
        let mut batch = super::Batch::default();
        batch.put(keys::sending(s.draft), codec::encode(s)?);
        self.inner.write(&batch)
    }

    /// What came of something that was sent is known now; gives what was known before, `None` if it is another draft's by
    /// now, or was taken away.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn keep_outcome(&self, s: &Sending) -> Result<Option<Outcome>> {
        let _core = self.urgently()?;
        let stands = |is: &Sending| is.fate == Fate::Sent && is.posted == s.posted;
        let Some(is) = self.inner.sending(s.draft)?.filter(stands) else { return Ok(None) };
        let mut batch = super::Batch::default();
        batch.put(
            keys::sending(s.draft),
            codec::encode(&Sending { outcome: s.outcome.clone(), ..is.clone() })?,
        );
        self.inner.write(&batch)?;
        Ok(Some(is.outcome))
    }

    /// This store was brought back from a backup: what has left since is not known here. What was to leave is with its
    /// writer again, and what was being sent is asked of a person.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn settle_restored(&self, by: &Asker, now: Stamp) -> Result<usize> {
        let mark = keys::meta(super::backup::RESTORED);
        if self.inner.kv().get(&mark)?.is_none() {
            return Ok(0);
        }
        let all = self.reader().going()?;
        for (d, s) in &all {
            let why = Text::ours("the store was brought back from a backup: look whether it left");
            if d.going().is_some_and(|g| g.asked) {
                self.keep_sending(&Sending { fate: Fate::Asks, unknown: true, next: now, why, ..s.clone() })?;
            } else {
                self.fail_sending(by, s, &why, now)?;
            }
        }
        let _core = self.urgently()?;
        let mut batch = super::Batch::default();
        batch.delete(mark);
        self.inner.write(&batch)?;
        Ok(all.len())
    }

    /// It is there: the mention is answered, the draft is posted, the record is closed, all at once.
    ///
    /// # Errors
    /// If the disk fails; then it is looked for again.
    pub fn close_sending(&self, by: &Asker, s: &Sending, posted: &Posted, now: Stamp) -> Result<Applied> {
        let closed = Sending {
            fate: Fate::Sent,
            posted: posted.clone(),
            next: now,
            why: Text::default(),
            ..s.clone()
        };
        let answered = Value::Answered(Some(address_of(&closed)));
        let all = [(Target::Draft(s.draft), answered.clone()), (Target::Mention(s.mention), answered)];
        self.end(by, "sent", &closed, &all, now)
    }

    /// It does not leave: the draft is with its writer again, with the reason in the record.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn fail_sending(&self, by: &Asker, s: &Sending, why: &Text, now: Stamp) -> Result<Applied> {
        let failed = Sending { fate: Fate::Failed, why: why.clone(), next: now, ..s.clone() };
        let all = [(Target::Draft(s.draft), Value::Stage(Stage::Writing))];
        self.end(by, "unsent", &failed, &all, now)
    }

    fn end(
        &self,
        by: &Asker,
        verb: &str,
        s: &Sending,
        all: &[(Target, Value)],
        now: Stamp,
    ) -> Result<Applied> {
        // Posted already, or with its writer for other reasons: nothing is taken back here.
        let stays = |from: &Value| match from {
            Value::Stage(is) => !matches!(is, Stage::Going(_)),
            Value::Answered(at) => at.is_some(),
            _ => false,
        };
        self.with_record(by, verb, s, all, stays, now)
    }

    /// Sets what is not as it should be, unless it `stays`, and keeps the record with it, in one batch.
    fn with_record(
        &self,
        by: &Asker,
        verb: &str,
        s: &Sending,
        all: &[(Target, Value)],
        stays: impl Fn(&Value) -> bool,
        now: Stamp,
    ) -> Result<Applied> {
        let mut core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        tx.now = now;
        let mut changes = Vec::new();
        for (target, to) in all {
            let is = fields::get(&mut tx, &by.who, target, to)?;
            if let Some(from) = is.filter(|from| from != to && !stays(from)) {
                fields::set(&mut tx, &by.who, target, to, None)?;
                changes.push(Change { target: target.clone(), from, to: to.clone() });
            }
        }
        tx.batch.put(keys::sending(s.draft), codec::encode(s)?);
        let entry = (verb.to_owned(), changes, Cause::Along);
        let applied = self.log_and_commit(&mut core, tx, by, now, entry, Line::None)?;
        Ok(Applied { changed: 1, keys: vec![s.mention], ..applied })
    }

    /// It was changed there to the words of another draft: that one is posted at the same place, and the record is its now.
    ///
    /// # Errors
    /// If either was changed or taken away meanwhile; if the disk fails.
    pub fn changed_there(
        &self,
        by: &Asker,
        old: &Sending,
        new: &Draft,
        reason: &str,
        now: Stamp,
    ) -> Result<Applied> {
        let url = address_of(old);
        let mut core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        tx.now = now;
        let stands = |s: &Sending| s.fate == Fate::Sent && s.posted == old.posted;
        if !self.inner.sending(old.draft)?.is_some_and(|s| stands(&s)) {
            let why = "it was changed or deleted by somebody else meanwhile: look at it there";
            return Err(StoreError::Stale(why.into()));
        }
        if !tx.draft(new.id)?.is_some_and(|d| d.saved_at == new.saved_at && d.posted.is_none()) {
            let why = "the draft went on while it was changed there: what you looked at stands there, do it once more";
            return Err(StoreError::Stale(why.into()));
        }
        let (target, to) = (Target::Draft(new.id), Value::Answered(Some(url)));
        let mut changes = Vec::new();
        if let Some(from) = fields::get(&mut tx, &by.who, &target, &to)?.filter(|from| *from != to) {
            fields::set(&mut tx, &by.who, &target, &to, None)?;
            changes.push(Change { target, from, to });
        }
        // Who wrote other words for the same read what does not stand there any more.
        for d in self.inner.open_drafts_about(old.mention.id)? {
            if d.id == new.id || d.changes != Some(old.draft) {
                continue;
            }
            let (from, to) = (Value::Stage(d.stage.clone()), Value::Stage(Stage::Writing));
            if from != to {
                changes.push(Change { target: Target::Draft(d.id), from, to });
            }
            tx.put_draft(&DraftRec { stage: Stage::Writing, changes: Some(new.id), ..d })?;
        }
        if !reason.is_empty() {
            let note = self.store_note(&mut core, &mut tx, by, old.mention.id, reason, now)?;
            let (target, to) = (Target::Mention(old.mention), Value::Note(note.id, true));
            fields::set(&mut tx, &by.who, &target, &to, Some(&note))?;
            changes.push(Change { target, from: Value::Note(note.id, false), to });
        }
        tx.batch.delete(keys::sending(old.draft));
        let moved = Sending { draft: new.id, next: now, ..old.clone() };
        tx.batch.put(keys::sending(new.id), codec::encode(&moved)?);
        let entry = (CHANGED.to_owned(), changes, Cause::Along);
        let applied = self.log_and_commit(&mut core, tx, by, now, entry, Line::None)?;
        Ok(Applied { changed: 1, keys: vec![old.mention], ..applied })
    }

    /// One of us took it away there: the mention is not answered any more, and on the table again.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn taken_away(&self, by: &Asker, s: &Sending, now: Stamp) -> Result<Applied> {
        let why = Text::already_clean(format!("deleted by {}", by.who));
        let gone = Sending { fate: Fate::Failed, why, next: now, ..s.clone() };
        let on = Target::Mention(s.mention);
        // Something new of ours answers nobody: nothing waits again.
        let own = self.reader().item(s.mention.id, "")?.is_some_and(|i| i.mention.kind == Kind::Own);
        let mut back = vec![(on.clone(), Value::Answered(None))];
        if !own {
            back.push((on, Value::State(crate::model::State::Inbox, None)));
        }
        self.with_record(by, "deleted", &gone, &back, |_| false, now)
    }

    /// Lets go of the records of sendings that ended long ago.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn tidy_sendings(&self, now: Stamp) -> Result<()> {
        let _core = self.urgently()?;
        let mut batch = super::Batch::default();
        for s in self.inner.sendings()? {
            if !s.fate.is_open() && s.next < now.plus(-KEPT) {
                batch.delete(keys::sending(s.draft));
            }
        }
        if batch.ops.is_empty() { Ok(()) } else { self.inner.write(&batch) }
    }
}

/// What the log has beyond the tree: the network is asked only when the tree has it too, so it was not.
pub(super) fn replayed(tx: &mut Tx<'_>, entry: &Entry) -> Result<()> {
    if matches!(entry.verb.as_str(), "sent" | "unsent") {
        for c in &entry.changes {
            let Target::Draft(id) = &c.target else { continue };
            match tx.inner().sending(*id)? {
                Some(s) => {
                    let fate = if entry.verb == "sent" { Fate::Sent } else { Fate::Failed };
                    tx.batch.put(keys::sending(*id), codec::encode(&Sending { fate, next: entry.at, ..s })?);
                }
                None => tx.batch.delete(keys::sending(*id)),
            }
        }
    }
    if entry.verb == CHANGED {
        for c in &entry.changes {
            let (Target::Draft(new), Value::Answered(Some(at))) = (&c.target, &c.to) else { continue };
            let of =
                tx.inner().sendings()?.into_iter().find(|s| s.fate == Fate::Sent && address_of(s) == *at);
            if let Some(s) = of.filter(|s| s.draft != *new) {
                tx.batch.delete(keys::sending(s.draft));
                tx.batch.put(keys::sending(*new), codec::encode(&Sending { draft: *new, ..s })?);
            }
        }
    }
    if entry.verb != ASKED {
        return Ok(());
    }
    for c in &entry.changes {
        let (Target::Draft(id), Value::Stage(Stage::Going(g))) = (&c.target, &c.to) else { continue };
        let Some(d) = tx.draft(*id)? else { continue };
        if tx.inner().sending(*id)?.is_none_or(|s| s.mark != g.mark(*id)) {
            // A tree that is built anew holds no records: there it was asked, and nobody knows.
            let unknown = tx.inner().is_building();
            let fate = if unknown { Fate::Unsure } else { Fate::Again };
            let s = Sending { fate, unknown, ..sending_of(&d.id, d.mention, g) };
            tx.batch.put(keys::sending(*id), codec::encode(&s)?);
        }
    }
    Ok(())
}

/// Where it stands, as people read it.
fn address_of(s: &Sending) -> Text {
    match s.posted.url.is_empty() {
        true => Text::already_clean(format!("{}:{}", s.network, s.posted.native)),
        false => s.posted.url.clone(),
    }
}

/// The first record of a sending.
fn sending_of(draft: &Id, mention: Key, g: &Going) -> Sending {
    Sending {
        draft: *draft,
        mention,
        account: g.account.clone(),
        mark: g.mark(*draft),
        begun: g.due,
        ..Sending::default()
    }
}

impl Store {
    /// When a draft was begun, or written anew after it was put aside: its first text.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn draft_begun(&self, draft: Id) -> Result<Option<Stamp>> {
        self.inner.kv().get(&keys::begun(draft))?.map(|b| codec::decode(&b)).transpose()
    }
}

impl Inner {
    /// The drafts that are on their way, each with the mention that it answers.
    pub fn going(&self) -> Result<Vec<(Id, Id)>> {
        let id = |b: Option<&[u8]>| Some(Id(u64::from_be_bytes(b?.try_into().ok()?)));
        let mut out = Vec::new();
        kv::scan(&*self.kv(), &[b'f', 0], &mut |k, v| {
            out.extend(id(k.get(2..10)).map(|d| (d, id(Some(v)).unwrap_or_default())));
            true
        })?;
        Ok(out)
    }

    pub fn sending(&self, draft: Id) -> Result<Option<Sending>> {
        self.kv().get(&keys::sending(draft))?.map(|b| codec::decode(&b)).transpose()
    }

    /// All records of sendings.
    fn sendings(&self) -> Result<Vec<Sending>> {
        let mut out = Vec::new();
        let mut wrong = None;
        kv::scan(&*self.kv(), &[b'f', 1], &mut |_, v| {
            match codec::decode(v) {
                Ok(s) => out.push(s),
                Err(e) => wrong = Some(e),
            }
            wrong.is_none()
        })?;
        wrong.map_or(Ok(out), Err)
    }
}

impl Reader {
    /// The drafts that are on their way, each with how far its sending is, if it was begun. A draft of which the network
    /// was asked and whose record is gone may be there: that is said by [`Fate::Unsure`].
    ///
    /// # Errors
    /// If the disk fails.
    pub fn going(&self) -> Result<Vec<(Draft, Sending)>> {
        let mut out = Vec::new();
        for (id, _) in self.inner.going()? {
            out.extend(self.going_one(id)?);
        }
        Ok(out)
    }

    /// The ids of the drafts that are on their way.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn going_ids(&self) -> Result<Vec<Id>> {
        Ok(self.inner.going()?.into_iter().map(|(d, _)| d).collect())
    }

    /// How one of them is to go, and how far it is, without its text.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn going_how(&self, id: Id) -> Result<Option<(Going, Sending)>> {
        let Some(d) = self.inner.draft_rec(id)?.filter(DraftRec::is_open) else {
            return Ok(None);
        };
        let Stage::Going(g) = &d.stage else { return Ok(None) };
        let s = self.how_far(id, d.mention, g)?;
        Ok(Some((g.clone(), s)))
    }

    fn how_far(&self, id: Id, mention: Key, g: &Going) -> Result<Sending> {
        let first = sending_of(&id, mention, g);
        let kept = self.inner.sending(id)?.filter(|s| s.mark == first.mark);
        Ok(match kept {
            Some(s) => s,
            None if g.asked => Sending { fate: Fate::Unsure, unknown: true, ..first },
            None => Sending { fate: Fate::Again, next: g.due, ..first },
        })
    }

    /// One of them.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn going_one(&self, id: Id) -> Result<Option<(Draft, Sending)>> {
        let Some(rec) = self.inner.draft_rec(id)? else { return Ok(None) };
        // Words that the disk does not give are never sent in a form of ours.
        self.inner.record::<super::records::StoredNote>(rec.place, 0)?;
        let Some(d) = self.draft_by_id(id)? else { return Ok(None) };
        let Some(g) = d.going() else { return Ok(None) };
        let s = self.how_far(id, d.mention, g)?;
        Ok(Some((d, s)))
    }

    /// The record of a draft's sending.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn sending(&self, draft: Id) -> Result<Option<Sending>> {
        self.inner.sending(draft)
    }

    /// What was sent since then.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn sent_since(&self, since: Stamp) -> Result<Vec<Sending>> {
        let all = self.inner.sendings()?;
        Ok(all.into_iter().filter(|s| s.fate == Fate::Sent && s.next >= since).collect())
    }

    /// What leaves and what left, what is on its way first.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn outbox(&self) -> Result<Vec<Outgoing>> {
        let mut out = Vec::new();
        let going = self.going()?;
        let on_their_way: HashSet<Id> = going.iter().map(|(d, _)| d.id).collect();
        let mut rest = self.inner.sendings()?;
        rest.retain(|s| !on_their_way.contains(&s.draft));
        for (d, s) in &going {
            let waits = d.going().is_some_and(|g| !g.asked);
            let mut o = outgoing(d, s);
            o.fate = Some(s.fate).filter(|_| !waits);
            out.push(o);
        }
        out.sort_by_key(|o| (o.due, o.draft));
        rest.sort_by_key(|s| std::cmp::Reverse(s.next));
        for s in rest {
            if let Some(d) = self.draft_by_id(s.draft)? {
                out.push(Outgoing { fate: Some(s.fate), ..outgoing(&d, &s) });
            }
        }
        Ok(out)
    }
}

fn outgoing(d: &Draft, s: &Sending) -> Outgoing {
    let g = match &d.stage {
        Stage::Going(g) => g.clone(),
        _ => Going::default(),
    };
    Outgoing {
        draft: d.id,
        mention: d.mention,
        about: d.about.clone(),
        text: Text::already_clean(d.text.chars().take(200).collect()),
        who: d.who.clone(),
        by: g.by,
        account: s.account.clone(),
        network: s.network.clone(),
        visibility: g.visibility,
        due: if g.due == Stamp(0) { s.begun } else { g.due },
        fate: None,
        attempts: s.attempts,
        next: s.next,
        why: s.why.clone(),
        posted: s.posted.clone(),
        outcome: s.outcome.clone(),
    }
}

//! One field of one target: read it, set it. Verbs, undo, redo and recovery all go through these two, so a
//! value means the same in all of them.

use super::block::{flag, state_bits};
use super::error::Result;
use super::keys;
use super::records::{MuteRec, NoteRef, Story, TopicMark};
use super::tx::Tx;
use crate::model::{Id, Key, State, Target, Trouble, Value, hash64};

/// The number under which a person's own marks are kept.
pub fn person_no(who: &str) -> u64 {
    hash64(&["user", who])
}

/// The value of the field that `like` names; `None` if the target is not there.
pub fn get(tx: &mut Tx<'_>, who: &str, target: &Target, like: &Value) -> Result<Option<Value>> {
    match target {
        Target::Mention(key) => mention(tx, who, *key, like),
        Target::Person(id) => {
            let p = tx.person(*id)?;
            Ok(match like {
                Value::Vip(_) => Some(Value::Vip(p.vip)),
                Value::Tag(t, _) => Some(Value::Tag(t.clone(), p.tags.contains(t))),
                Value::Note(n, _) => Some(Value::Note(*n, p.notes.iter().any(|x| x.id == *n))),
                _ => None,
            })
        }
        Target::Draft(id) => {
            let d = tx.draft(*id)?;
            Ok(match (d, like) {
                (Some(d), Value::Discarded(_)) => Some(Value::Discarded(d.discarded)),
                (Some(d), Value::Answered(_)) => Some(Value::Answered(d.posted)),
                (Some(d), Value::Stage(_)) => Some(Value::Stage(d.stage)),
                _ => None,
            })
        }
        Target::Team(_) => Ok(None),
        Target::Mute(k) => {
            let found = tx.kv().get(&keys::mute(k))?;
            let rec: Option<MuteRec> = found.map(|b| super::codec::decode(&b)).transpose()?;
            Ok(Some(Value::Muted(rec.map(|r| r.mute))))
        }
        Target::Source(id) => {
            let rec = tx.source(id)?;
            Ok(match (rec, like) {
                (Some((_, r)), Value::Paused(_)) => Some(Value::Paused(r.health.trouble == Trouble::Paused)),
                _ => None,
            })
        }
    }
}

fn mention(tx: &mut Tx<'_>, who: &str, key: Key, like: &Value) -> Result<Option<Value>> {
    let Some(at) = tx.locate(key.id)? else { return Ok(None) };
    let row = match tx.block(at.block)?.rows.get(at.slot) {
        Some(r) => *r,
        None => return Ok(None),
    };
    Ok(Some(match like {
        Value::State(..) => {
            let until = if row.state() == State::Snoozed { tx.side(key)?.snoozed_until } else { None };
            Value::State(row.state(), until)
        }
        Value::Assignee(_) => Value::Assignee(tx.side(key)?.assignee.clone()),
        Value::Tag(t, _) => Value::Tag(t.clone(), tx.side(key)?.tags.contains(t)),
        Value::Note(n, _) => Value::Note(*n, tx.side(key)?.notes.iter().any(|x| x.id == *n)),
        Value::Answered(_) => Value::Answered(tx.side(key)?.answered.clone()),
        Value::Read(_) => {
            let m = tx.marks(person_no(who), at.block / 32)?;
            Value::Read(m[(at.block % 32) as usize] & (1 << at.slot) != 0)
        }
        Value::Wiped => {
            if row.has(flag::GONE) {
                Value::Wiped
            } else {
                Value::State(row.state(), None)
            }
        }
        Value::Mood(_) => Value::Mood(tx.side(key)?.mood),
        Value::Liked(_) => Value::Liked(tx.side(key)?.liked),
        Value::Topic(name, _) => {
            let marked = tx.side(key)?.topics.iter().find(|t| t.topic == *name).map(|t| t.spans.clone());
            let spans = match marked {
                Some(s) => s,
                None => tx.topic_spans(at, key, name)?,
            };
            Value::Topic(name.clone(), spans)
        }
        Value::Story(_) => Value::Story(tx.side(key)?.story.filter(|s| *s != Story::alone(key.id))),
        Value::Vip(_)
        | Value::Discarded(_)
        | Value::Paused(_)
        | Value::Stage(_)
        | Value::Words(_)
        | Value::Muted(_) => {
            return Ok(None);
        }
    }))
}

/// Sets a value. A note that comes back needs its reference, which the caller has put into `notes`.
pub fn set(tx: &mut Tx<'_>, who: &str, target: &Target, value: &Value, note: Option<&NoteRef>) -> Result<()> {
    match (target, value) {
        (Target::Mention(key), v) => set_mention(tx, who, *key, v, note),
        (Target::Person(id), v) => {
            let p = tx.person(*id)?;
            match v {
                Value::Vip(on) => p.vip = *on,
                Value::Tag(t, on) => toggle(&mut p.tags, t, *on),
                Value::Note(n, on) => set_note(&mut p.notes, *n, *on, note),
                _ => {}
            }
            Ok(())
        }
        (Target::Draft(id), v) => {
            let Some(mut d) = tx.draft(*id)? else { return Ok(()) };
            match v {
                Value::Discarded(on) => d.discarded = *on,
                Value::Answered(at) => d.posted.clone_from(at),
                Value::Stage(s) => {
                    // What comes back is seen by those who were meant to see it.
                    if let (crate::model::Stage::Going(g), false) =
                        (&d.stage, matches!(s, crate::model::Stage::Going(_)))
                    {
                        (d.goes.account, d.goes.visibility) = (g.account.clone(), g.visibility.clone());
                    }
                    d.stage.clone_from(s);
                }
                _ => return Ok(()),
            }
            if let Some(at) = tx.locate(d.mention.id)? {
                // A colleague's may still be open.
                let open = d.is_open() || tx.others_open(&d)?;
                tx.set_flag(at, flag::DRAFT, open)?;
            }
            tx.put_draft(&d)
        }
        (Target::Mute(k), Value::Muted(None)) => {
            tx.batch.delete(keys::mute(k));
            Ok(())
        }
        (Target::Mute(k), Value::Muted(Some(m))) => {
            let rec = MuteRec { key: *k, mute: m.clone() };
            tx.batch.put(keys::mute(k), super::codec::encode(&rec)?);
            Ok(())
        }
        (Target::Source(id), Value::Paused(on)) => {
            if let Some((no, mut r)) = tx.source(id)? {
                r.health.trouble = if *on { Trouble::Paused } else { Trouble::None };
                r.health.next_poll = None;
                tx.batch.put(keys::source(no), super::codec::encode(&r)?);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn set_mention(tx: &mut Tx<'_>, who: &str, key: Key, value: &Value, note: Option<&NoteRef>) -> Result<()> {
    let Some(at) = tx.locate(key.id)? else { return Ok(()) };
    match value {
        Value::State(s, until) => {
            // The side as this change sees it: the row's flag for it is set only at the end.
            let had = tx.side(key)?.snoozed_until;
            if let Some(t) = had {
                tx.batch.delete(keys::snooze(t.0, key.id));
            }
            if let Some(t) = until {
                tx.batch.put(keys::snooze(t.0, key.id), key.to_bytes().to_vec());
            }
            if had.is_some() || until.is_some() {
                tx.side(key)?.snoozed_until = *until;
            }
            let b = tx.block(at.block)?;
            let mut was = *s;
            if let Some(r) = b.rows.get_mut(at.slot) {
                was = r.state();
                r.flags = (r.flags & !flag::STATE) | state_bits(*s);
            }
            if *s == State::Snoozed && until.is_none() {
                tx.batch.put(keys::awaits(key.id), super::codec::encode(&(key, tx.now))?);
            } else if was == State::Snoozed && had.is_none() {
                tx.batch.delete(keys::awaits(key.id));
            }
        }
        Value::Assignee(a) => {
            tx.side(key)?.assignee.clone_from(a);
            tx.set_flag(at, flag::ASSIGNED, a.is_some())?;
        }
        Value::Tag(t, on) => toggle(&mut tx.side(key)?.tags, t, *on),
        Value::Note(n, on) => set_note(&mut tx.side(key)?.notes, *n, *on, note),
        Value::Answered(u) => tx.side(key)?.answered.clone_from(u),
        Value::Mood(m) => tx.side(key)?.mood = *m,
        Value::Liked(on) => tx.side(key)?.liked = *on,
        Value::Topic(name, spans) => {
            // What its text said when it came needs no mark.
            let came = tx.topic_spans(at, key, name)? == *spans;
            let marks = &mut tx.side(key)?.topics;
            marks.retain(|t| t.topic != *name);
            if !came {
                marks.push(TopicMark { topic: name.clone(), spans: spans.clone() });
            }
            tx.reword(at);
        }
        Value::Read(on) => {
            let m = tx.marks(person_no(who), at.block / 32)?;
            let (w, bit) = (&mut m[(at.block % 32) as usize], 1u64 << at.slot);
            if *on { *w |= bit } else { *w &= !bit }
        }
        Value::Wiped => {
            tx.set_flag(at, flag::GONE, true)?;
            tx.reword(at);
            // The revisions are named no more; the segments they lie in are remembered for the scrub.
            let revisions = std::mem::take(&mut tx.side(key)?.revisions);
            let segments: Vec<u32> = revisions.iter().map(|p| p.seg).collect();
            tx.batch.put(keys::wipe(key.id), super::codec::encode(&segments)?);
        }
        Value::Story(to) => {
            let was = tx.side(key)?.story;
            if let Some(s) = was.filter(|s| *s != Story::alone(key.id)) {
                tx.story(s)?.members.retain(|m| m.id != key.id);
            }
            if let Some(s) = to {
                let members = &mut tx.story(*s)?.members;
                members.push(key);
                members.sort_unstable();
                members.dedup();
            }
            tx.side(key)?.story = Some(to.unwrap_or(Story::alone(key.id)));
            tx.set_flag(at, flag::STORY, to.is_some())?;
        }
        Value::Vip(_)
        | Value::Discarded(_)
        | Value::Paused(_)
        | Value::Stage(_)
        | Value::Words(_)
        | Value::Muted(_) => {}
    }
    Ok(())
}

fn toggle(list: &mut Vec<String>, item: &str, on: bool) {
    list.retain(|t| t != item);
    if on {
        list.push(item.to_owned());
    }
}

fn set_note(list: &mut Vec<NoteRef>, id: Id, on: bool, note: Option<&NoteRef>) {
    list.retain(|n| n.id != id);
    if on && let Some(n) = note {
        list.push(n.clone());
    }
}

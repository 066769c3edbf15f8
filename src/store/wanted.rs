//! What a verb wants: the values, target by target, what goes along with them, and what holds it up.

use super::error::Result;
use super::notes::open_draft;
use super::records::NoteRef;
use super::tx::Tx;
use crate::model::{Id, Mute, Stage, State, Target, Targets, Text, Value, Verb};

/// Changes that a verb brings along, which are no target of their own: a draft is posted with its mention, and
/// what is erased asks nobody for anything any more.
pub(super) fn goes_along(verb: &Verb, target: &Target, to: &Value) -> bool {
    matches!(
        (verb, target, to),
        (Verb::Answered(_), Target::Draft(_), _)
            | (Verb::Return(_), Target::Mention(_), _)
            | (Verb::Wipe | Verb::Forget | Verb::Mute { .. }, _, Value::State(..))
    )
}

/// True unless the verb was asked for in view of something that is not so any more.
pub(super) fn still(tx: &Tx<'_>, verb: &Verb, target: &Target, from: &Value, to: &Value) -> Result<bool> {
    if let (Value::Discarded(_) | Value::Answered(_), Target::Draft(id)) = (to, target) {
        // What is on its way is called back first.
        let going = |d: super::records::DraftRec| matches!(d.stage, Stage::Going(_)) && d.is_open();
        return Ok(!tx.draft(*id)?.is_some_and(going));
    }
    Ok(match (verb, from, to) {
        (Verb::Claim(seen), Value::Assignee(is), _) => is == seen,
        (Verb::Approve(seen), Value::Stage(a), Value::Stage(b)) => {
            let read =
                matches!(target, Target::Draft(id) if tx.draft(*id)?.is_some_and(|d| d.saved_at == *seen));
            read && a.leads_to(b)
        }
        (Verb::Recall, Value::Stage(Stage::Going(g)), _) => !g.asked,
        (Verb::Recall, ..) => false,
        // What is on its way stays whose it is.
        (_, Value::Stage(Stage::Going(_)), Value::Stage(_)) => false,
        (_, Value::Stage(a), Value::Stage(b)) => a.leads_to(b),
        _ => true,
    })
}

/// The values that a verb wants, target by target.
pub(super) fn wanted(
    reader: &super::Reader,
    tx: &Tx<'_>,
    who: &str,
    verb: &Verb,
    targets: &Targets,
    note: Option<&NoteRef>,
) -> Result<Vec<(Target, Value)>> {
    let value = match verb {
        Verb::Done => Value::State(State::Done, None),
        Verb::Inbox => Value::State(State::Inbox, None),
        Verb::Snooze(t) => Value::State(State::Snoozed, *t),
        Verb::Claim(_) => Value::Assignee(Some(who.to_owned())),
        Verb::Submit => Value::Stage(Stage::Waiting { edited_by: None }),
        Verb::Approve(_) => Value::Stage(Stage::Approved { by: who.to_owned() }),
        Verb::Return(_) => {
            Value::Stage(Stage::Returned { by: who.to_owned(), note: note.map_or(Id(0), |n| n.id) })
        }
        Verb::Recall => Value::Stage(Stage::Writing),
        // It has its own way: see `Store::let_go`.
        Verb::Send(_) => return Ok(Vec::new()),
        Verb::Assign(a) => Value::Assignee(a.clone()),
        Verb::Tag { tag, on } => Value::Tag(tag.clone(), *on),
        Verb::Note(_) => Value::Note(note.map_or(Id(0), |n| n.id), true),
        Verb::Read(on) => Value::Read(*on),
        Verb::Vip(on) => Value::Vip(*on),
        Verb::Answered(url) => Value::Answered(Some(Text::already_clean(url.clone()))),
        Verb::Discard(on) => Value::Discarded(*on),
        Verb::Pause(on) => Value::Paused(*on),
        Verb::Wipe | Verb::Forget => Value::Wiped,
        Verb::Split => Value::Story(None),
        Verb::Mute { .. } => Value::State(State::Done, None),
        Verb::Mood(m) => Value::Mood(*m),
        Verb::Like(on) => Value::Liked(*on),
        Verb::Unmute(k) => return Ok(vec![(Target::Mute(*k), Value::Muted(None))]),
    };
    let mut out = Vec::new();
    match targets {
        Targets::Mentions(keys) if matches!(verb, Verb::Vip(_)) => {
            for k in keys {
                if let Some(at) = reader.inner.locate(k.id)? {
                    let author = reader.inner.block(at.block)?.rows.get(at.slot).map_or(0, |r| r.author);
                    let t = Target::Person(Id(author));
                    if author != 0 && !out.iter().any(|(x, _)| *x == t) {
                        out.push((t, value.clone()));
                    }
                }
            }
        }
        Targets::Mentions(keys) if let Verb::Mute { kind, until, allow } = verb => {
            for k in keys {
                let of = reader.mute_keys(k.id)?.into_iter().find(|m| m.kind == *kind).map(Target::Mute);
                let (until, allow) = (*until, *allow);
                let mute = Mute { until, by: who.to_owned(), at: tx.now, about: *k, allow };
                if let Some(t) = of.filter(|t| !out.iter().any(|(x, _)| x == t)) {
                    out.push((t, Value::Muted(Some(mute))));
                }
                if !allow {
                    out.push((Target::Mention(*k), value.clone()));
                }
            }
        }
        Targets::Mentions(keys) => {
            let drafts = matches!(verb, Verb::Answered(_) | Verb::Discard(_));
            for k in keys {
                if matches!(verb, Verb::Wipe | Verb::Forget) {
                    out.push((Target::Mention(*k), Value::State(State::Done, None)));
                }
                if !matches!(verb, Verb::Discard(_)) {
                    out.push((Target::Mention(*k), value.clone()));
                }
                // My open draft about it is posted, or put aside, with it.
                if drafts && let (id, Some(_)) = open_draft(who, k.id, |id| tx.draft(id))? {
                    out.push((Target::Draft(id), value.clone()));
                }
            }
        }
        Targets::Story(_) | Targets::Rows(..) => {}
        Targets::People(ids) => out.extend(ids.iter().map(|i| (Target::Person(*i), value.clone()))),
        Targets::Drafts(ids) => {
            for i in ids {
                out.push((Target::Draft(*i), value.clone()));
                // The reason stands beside the mention, where its writer reads it.
                if let (Verb::Return(_), Some(d), Some(n)) = (verb, tx.draft(*i)?, note) {
                    out.push((Target::Mention(d.mention), Value::Note(n.id, true)));
                }
            }
        }
        Targets::Source(s) => out.push((Target::Source(s.clone()), value)),
    }
    Ok(out)
}

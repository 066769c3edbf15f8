//! What becomes of a sending: each thing exists once. What is known not to have left is tried again; what may be there is
//! looked for first, and sent again only if it is not there; what cannot be known is asked of a person.

use crate::model::outgoing::{Fate, Posted, Sending};
use crate::model::time::{DAY, HOUR, MINUTE};
use crate::model::{Stamp, Text};
use crate::networks::{Once, Trouble};

/// What is done next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Do {
    /// Look which posts of ours with these words are there before.
    Baseline,
    Attempt,
    /// Is it there?
    Look,
    /// Nothing before then.
    Wait(Stamp),
    /// A person is asked whether it is there.
    Person,
    /// Nothing, until a person says what it is; or for ever.
    Rest,
}

/// How long what was posted may stay unseen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// A server shows what it took after this time (ms) at the latest.
    pub settle_ms: i64,
    /// What does not leave is tried for so long (ms).
    pub tries_ms: i64,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { settle_ms: 30_000, tries_ms: DAY }
    }
}

/// The first look after an attempt, and the longest time between two tries, in ms.
const SOON: i64 = 1_000;
const SELDOM: i64 = 10 * MINUTE;
/// What moderators hold is looked for so often, and so long.
const HELD: i64 = 15 * MINUTE;
const HELD_FOR: i64 = 7 * DAY;

/// What came of what was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Came {
    /// The network says where it stands.
    Posted(Posted),
    /// Its moderators look at it first.
    Held(Text),
    /// It is not there for sure: it did not leave, or was refused.
    Never(Trouble),
    /// It may be there.
    Unknown(Text),
    /// A refusal that may mean that it is there already.
    Doubted(Text),
    /// These posts of ours have the words.
    Seen(Vec<Posted>),
    /// It cannot be seen now.
    Blind(Trouble),
}

/// What is to be done now. `looks`: it can be looked for there.
#[must_use]
pub fn plan(s: &Sending, once: Once, looks: bool, now: Stamp) -> Do {
    match s.fate {
        Fate::Again | Fate::Unsure | Fate::Held if s.next > now => Do::Wait(s.next),
        Fate::Again if once == Once::Found && looks && s.before.is_none() => Do::Baseline,
        Fate::Again => Do::Attempt,
        Fate::Unsure | Fate::Held if looks => Do::Look,
        // The same one again is the same one.
        Fate::Unsure if once == Once::Own => Do::Attempt,
        Fate::Unsure | Fate::Held => Do::Person,
        // One that is being asked: see `crashed`.
        Fate::Asking | Fate::Asks | Fate::Failed | Fate::Sent => Do::Rest,
    }
}

/// A record that was left in the middle of a question, by a kill or a fault of ours.
#[must_use]
pub fn crashed(s: Sending, now: Stamp) -> Sending {
    match s.fate {
        Fate::Asking => {
            let why = Text::ours("the engine ended while it was being sent");
            Sending { fate: Fate::Unsure, next: now, asked: now, looks: 0, unknown: true, why, ..s }
        }
        _ => s,
    }
}

/// The record after something came of it. A fate of `Sent` or `Failed` closes it.
#[must_use]
pub fn came(s: Sending, came: Came, once: Once, looks: bool, p: Patience, now: Stamp) -> Sending {
    let unsure = |s: Sending, why: Text| {
        if looks || once == Once::Own {
            // From here on the server may still be at it: the time in which all must be seen begins now.
            let next = now.plus(SOON.min(p.settle_ms));
            Sending { fate: Fate::Unsure, next, asked: now, looks: 0, unknown: true, why, ..s }
        } else {
            Sending { fate: Fate::Asks, next: now, unknown: true, why, ..s }
        }
    };
    match came {
        Came::Posted(posted) => Sending { fate: Fate::Sent, posted, why: Text::default(), next: now, ..s },
        Came::Held(why) => Sending { fate: Fate::Held, next: now.plus(HELD.min(p.settle_ms * 4)), why, ..s },
        Came::Never(t) => not_there(s, &t, p, now),
        Came::Unknown(why) => unsure(s, why),
        Came::Doubted(why) => unsure(Sending { doubted: true, ..s }, why),
        Came::Seen(posts) if s.fate == Fate::Again => {
            // Before it left for the first time.
            Sending { before: Some(posts.into_iter().map(|x| x.native).collect()), next: now, ..s }
        }
        Came::Seen(posts) => {
            let known = s.before.clone().unwrap_or_default();
            match posts.into_iter().find(|x| !known.contains(&x.native)) {
                Some(posted) => Sending { fate: Fate::Sent, posted, why: Text::default(), next: now, ..s },
                None => not_seen(s, once, p, now),
            }
        }
        Came::Blind(t) => blind(s, &t, once, p, now),
    }
}

/// It was looked for and is not there (yet).
fn not_seen(s: Sending, once: Once, p: Patience, now: Stamp) -> Sending {
    let s = Sending { looks: s.looks.saturating_add(1), ..s };
    if s.fate == Fate::Held {
        if now.0 - s.asked.0 > HELD_FOR {
            let why = Text::ours("moderators have not let it through in a week");
            return Sending { fate: Fate::Asks, next: now, why, ..s };
        }
        return Sending { next: now.plus(HELD.min(p.settle_ms * 4)), ..s };
    }
    let settled = s.asked.plus(p.settle_ms);
    let sure = once == Once::Own || (s.looks >= 2 && now >= settled);
    if !sure {
        // Growing pauses; the last look is when all must be seen.
        let pause = SOON.min(p.settle_ms) << s.looks.min(6);
        let next = now.plus(pause);
        let last = settled.max(now.plus(SOON.min(p.settle_ms)));
        return Sending { next: if next < settled { next } else { last }, ..s };
    }
    if s.doubted {
        // It was refused, and it is not there.
        return Sending { fate: Fate::Failed, next: now, unknown: false, ..s };
    }
    Sending { fate: Fate::Again, next: now, unknown: false, ..s }
}

/// It is not there for sure.
fn not_there(s: Sending, t: &Trouble, p: Patience, now: Stamp) -> Sending {
    let why = t.text().clone();
    let passes =
        matches!(t, Trouble::Wait(..) | Trouble::Fault(_) | Trouble::Garbled(_) | Trouble::Expired(_));
    if !passes || now.0 - s.begun.0 > p.tries_ms {
        // An earlier attempt of which nobody knows may stand there: that this one was refused says nothing of it.
        let fate = if s.unknown { Fate::Asks } else { Fate::Failed };
        return Sending { fate, next: now, why, ..s };
    }
    let next = match t {
        Trouble::Wait(ms, _) => now.plus((*ms).clamp(1, DAY)),
        // The longer it lasts, the longer the pauses; how often it was tried says nothing of that.
        _ => now.plus(((now.0 - s.begun.0) / 4).clamp(SOON.min(p.settle_ms.max(1)), SELDOM)),
    };
    Sending { fate: Fate::Again, next, why, ..s }
}

/// It cannot be looked for now.
fn blind(s: Sending, t: &Trouble, once: Once, p: Patience, now: Stamp) -> Sending {
    let why = t.text().clone();
    if s.fate == Fate::Again {
        // The look before the first attempt. Where we may never look, it goes without; then a person is asked if need be.
        let never =
            matches!(t, Trouble::Forbidden(_) | Trouble::Missing(_) | Trouble::Gone(_) | Trouble::Refused(_));
        return match never {
            true => Sending { before: Some(Vec::new()), next: now, ..s },
            false => not_there(s, t, p, now),
        };
    }
    if once == Once::Own && matches!(t, Trouble::Missing(_)) {
        return not_seen(s, once, p, now);
    }
    if s.fate != Fate::Held && now.0 - s.asked.0 > HOUR.max(p.settle_ms) {
        return match once {
            // The same one again is the same one.
            Once::Own => Sending { fate: Fate::Again, next: now, why, ..s },
            _ => Sending { fate: Fate::Asks, next: now, why, ..s },
        };
    }
    let next = match t {
        Trouble::Wait(ms, _) => now.plus((*ms).clamp(1, DAY)),
        // The longer it lasts, the longer the pauses.
        _ => now.plus(((now.0 - s.asked.0) / 2).clamp(SOON.min(p.settle_ms.max(1)), SELDOM)),
    };
    Sending { next, why, ..s }
}

#[cfg(test)]
mod tests;

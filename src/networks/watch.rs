//! Posts that a topic wanted and that no stream tells of: their ids are kept in the place for some days, and what became
//! of them is asked for now and then.

use crate::model::Stamp;
use crate::model::place::Place;
use crate::model::time::{DAY, MINUTE};

/// For so long (ms), so many of them, so often (ms).
const LONG: i64 = 2 * DAY;
const MANY: usize = 40;
pub const EVERY: i64 = 10 * MINUTE;

/// Each id, and until when (ms) it is looked at.
pub fn all(p: &Place) -> impl Iterator<Item = (&str, i64)> {
    p.get("watch").unwrap_or("").split(' ').filter_map(|w| {
        let (id, until) = w.rsplit_once('@')?;
        Some((id, until.parse().ok()?))
    })
}

fn put(p: Place, all: &[String]) -> Place {
    p.with("watch", all[all.len().saturating_sub(MANY)..].join(" "))
}

/// With one more; the oldest leave.
pub fn with(p: Place, id: &str, now: Stamp) -> Place {
    if id.is_empty() || id.contains(' ') {
        return p;
    }
    let mut kept: Vec<String> = all(&p)
        .filter(|(other, until)| *other != id && *until > now.0)
        .map(|(id, t)| format!("{id}@{t}"))
        .collect();
    kept.push(format!("{id}@{}", now.0 + LONG));
    put(p, &kept)
}

/// Without one.
pub fn without(p: &Place, id: &str) -> Place {
    let left: Vec<String> =
        all(p).filter(|(other, _)| *other != id).map(|(id, t)| format!("{id}@{t}")).collect();
    put(p.clone(), &left)
}

/// Those that are still looked at: the next ones first.
pub fn due(p: &Place, now: Stamp) -> impl Iterator<Item = &str> {
    all(p).filter(move |(_, until)| *until > now.0).map(|(id, _)| id)
}

/// These were looked at: they go to the end of the row, and what is too old leaves it.
#[must_use]
pub fn rotate(p: &Place, done: &[&str], now: Stamp) -> Place {
    let live = || all(p).filter(|(_, until)| *until > now.0);
    let first = live().filter(|(id, _)| !done.contains(id));
    let last = live().filter(|(id, _)| done.contains(id));
    let row: Vec<String> = first.chain(last).map(|(id, t)| format!("{id}@{t}")).collect();
    put(p.clone(), &row)
}

/// Those of both.
pub fn join(a: Place, b: &Place) -> Place {
    let mut both: Vec<String> = all(&a).map(|(id, t)| format!("{id}@{t}")).collect();
    let more = all(b).filter(|(id, _)| !all(&a).any(|(other, _)| other == *id));
    both.extend(more.map(|(id, t)| format!("{id}@{t}")));
    put(a, &both)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_watched_for_some_days() {
        let now = Stamp(1_000);
        let mut p = Place::default();
        for i in 0..50 {
            p = with(p, &format!("at://x/{i}"), now);
        }
        assert_eq!((all(&p).count(), all(&p).next().map(|w| w.0)), (MANY, Some("at://x/10")));
        p = with(p, "at://x/20", now.plus(5));
        assert_eq!((all(&p).count(), all(&p).last()), (MANY, Some(("at://x/20", 1_005 + LONG))));
        assert_eq!(all(&without(&p, "at://x/20")).count(), MANY - 1);
        assert_eq!(all(&with(p.clone(), "new", now.plus(LONG + 10))).count(), 1, "old ones are let go");
        let first: Vec<String> = due(&p, now).take(2).map(str::to_owned).collect();
        let turned = rotate(&p, &[&first[0], &first[1]], now);
        assert_eq!(all(&turned).last().map(|w| w.0), Some(&*first[1]));
        assert_eq!(all(&rotate(&p, &[], now.plus(LONG + 6))).count(), 0);
        let q = with(with(Place::default(), "at://x/20", now), "other", now);
        assert_eq!(all(&join(without(&p, "at://x/11"), &q)).count(), MANY);
    }
}

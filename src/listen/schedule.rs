//! When a source is asked next. `every` is the shortest interval; what publishes rarely is asked more rarely,
//! up to a day; the publisher's wishes and a host's pauses are obeyed; failures back off with jitter.

use crate::model::Stamp;
use crate::model::time::{DAY, HOUR};

/// What the last answer asked for. Times in ms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub retry_after: Option<i64>,
    pub max_age: Option<i64>,
    pub ttl: Option<i64>,
    pub skip_hours: Vec<u8>,
    pub skip_days: Vec<u8>,
}

/// The time of the next poll. `jitter` is a random number from 0 to 1; `usual_ms` the usual time between two
/// entries, 0 if unknown; `failures` those in a row.
#[must_use]
pub fn next_poll(
    now: Stamp,
    every_ms: i64,
    exact: bool,
    usual_ms: i64,
    failures: u32,
    wish: &Wish,
    jitter: f64,
) -> Stamp {
    let pause = wish.retry_after.unwrap_or(0).clamp(0, DAY);
    if failures > 0 {
        let back_off = every_ms.saturating_mul(1 << (failures - 1).min(10)).min(DAY);
        let spread = (back_off as f64 * (0.75 + 0.5 * jitter)) as i64;
        return now.plus(spread.clamp(every_ms.min(DAY), DAY.max(every_ms)).max(pause).max(1000));
    }
    let mut wait = every_ms;
    if !exact {
        // Half of the usual time between entries: on average a new one waits a quarter of it.
        wait = wait.max((usual_ms / 2).min(DAY));
        for asked in [wish.max_age, wish.ttl].into_iter().flatten() {
            wait = wait.max(asked.min(DAY));
        }
        wait = (wait as f64 * (0.95 + 0.1 * jitter)) as i64;
        wait = wait.max(every_ms).min(DAY.max(every_ms));
    }
    let at = now.plus(wait.max(pause));
    if exact { at } else { skip(at, wish) }
}

/// Moves a time out of the hours and days that the publisher excludes (UTC), by three days at most.
fn skip(at: Stamp, wish: &Wish) -> Stamp {
    let mut t = at;
    for _ in 0..72 {
        let hour = (t.0.rem_euclid(DAY) / HOUR) as u8;
        // 1970-01-01 was a Thursday, day 3.
        let day = ((t.0.div_euclid(DAY) + 3).rem_euclid(7)) as u8;
        if !wish.skip_hours.contains(&hour) && !wish.skip_days.contains(&day) {
            return t;
        }
        t = Stamp((t.0.div_euclid(HOUR) + 1) * HOUR);
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::MINUTE;

    const T: Stamp = Stamp(1_790_000_000_000);

    fn wait(usual: i64, failures: u32, wish: &Wish) -> i64 {
        next_poll(T, 10 * MINUTE, false, usual, failures, wish, 0.5).0 - T.0
    }

    #[test]
    fn rare_publishers_are_asked_rarely_and_never_more_than_a_day_apart() {
        let none = Wish::default();
        assert_eq!(wait(0, 0, &none), 10 * MINUTE);
        assert_eq!(wait(4 * HOUR, 0, &none), 2 * HOUR);
        assert_eq!(wait(90 * DAY, 0, &none), DAY);
        assert_eq!(next_poll(T, 10 * MINUTE, true, 90 * DAY, 0, &none, 0.9).0 - T.0, 10 * MINUTE);
    }

    #[test]
    fn wishes_are_obeyed_within_reason() {
        let w = Wish { retry_after: Some(2 * HOUR), ..Wish::default() };
        assert_eq!(wait(0, 0, &w), 2 * HOUR);
        let w = Wish { retry_after: Some(100 * 365 * DAY), ..Wish::default() };
        assert_eq!(wait(0, 1, &w), DAY);
        let w = Wish { max_age: Some(HOUR), ttl: Some(30 * MINUTE), ..Wish::default() };
        assert_eq!(wait(0, 0, &w), HOUR);
        let hour = (T.plus(10 * MINUTE).0.rem_euclid(DAY) / HOUR) as u8;
        let w = Wish { skip_hours: vec![hour], ..Wish::default() };
        assert!(next_poll(T, 10 * MINUTE, false, 0, 0, &w, 0.5).0.rem_euclid(DAY) / HOUR != i64::from(hour));
    }

    #[test]
    fn failures_back_off() {
        let none = Wish::default();
        let waits: Vec<i64> = (1..14).map(|f| wait(0, f, &none)).collect();
        assert!(waits.windows(2).all(|w| w[0] <= w[1]) && waits[0] >= 10 * MINUTE && waits[2] > 20 * MINUTE);
        assert!(*waits.last().unwrap() <= DAY);
    }
}

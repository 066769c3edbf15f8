//! A source's health as data: every change of it is one of these pure functions.

use crate::model::time::{DAY, MINUTE};
use crate::model::{Health, Stamp, Text, Trouble};

/// Gaps that are remembered.
const GAPS: usize = 20;

/// The source answered: with `times` (ms) of the entries of a whole document, or with "nothing new" (`None`).
pub fn note_success(h: &mut Health, now: Stamp, times: Option<&[i64]>, every_ms: i64) {
    if let Some(gap) = h.gaps.last_mut().filter(|g| g.1.is_none()) {
        gap.1 = Some(now);
    }
    h.polls += 1;
    h.failures = 0;
    h.last_ok = Some(now);
    let mut trouble = match &h.trouble {
        t @ (Trouble::Empty | Trouble::Silent) if times.is_none() => t.clone(),
        _ => Trouble::None,
    };
    if let Some(times) = times {
        let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
        if count == 0 && h.last_count > 0 {
            trouble = Trouble::Empty;
        } else {
            h.last_count = count;
            if let Some(usual) = usual(times, now) {
                h.usual_ms = usual;
            }
        }
        if let Some(newest) = times.iter().max()
            && is_silent(now.0 - newest, h.usual_ms, times.len())
        {
            trouble = Trouble::Silent;
        }
    }
    let _ = every_ms;
    h.trouble = trouble;
}

/// The source failed. The first failure opens a gap that reaches back to the last answer.
pub fn note_failure(h: &mut Health, now: Stamp, why: Text) {
    h.polls += 1;
    h.failures += 1;
    h.last_error = Some((now, why.clone()));
    if h.failures == 1 && h.last_ok.is_some() {
        open_gap(h, h.last_ok.unwrap_or(now));
    }
    h.trouble = Trouble::Failing(why);
}

/// At start: the time since the last answer was not heard, if it is longer than it should be.
pub fn note_time_passed(h: &mut Health, now: Stamp, every_ms: i64) {
    if let Some(last) = h.last_ok
        && h.gaps.last().is_none_or(|g| g.1.is_some())
        && now.0 - last.0 > 2 * every_ms.max(h.usual_ms / 2) + MINUTE
    {
        open_gap(h, last);
    }
}

fn open_gap(h: &mut Health, from: Stamp) {
    h.gaps.push((from, None));
    if h.gaps.len() > GAPS {
        h.gaps.remove(0);
    }
}

/// The median time between neighbours, or the time since the newest if that is longer already.
fn usual(times: &[i64], now: Stamp) -> Option<i64> {
    let mut t = times.to_vec();
    t.sort_unstable();
    t.dedup();
    if t.len() < 3 {
        return None;
    }
    let mut gaps: Vec<i64> = t.windows(2).map(|w| w[1] - w[0]).collect();
    gaps.sort_unstable();
    let median = gaps.get(gaps.len() / 2).copied()?;
    let quiet = now.0 - t.last()?;
    Some(median.max(quiet.min(DAY * 30)).max(1))
}

fn is_silent(quiet_ms: i64, usual_ms: i64, entries: usize) -> bool {
    // `usual` grows with the silence itself up to 30 days, so a long one is judged by the calendar.
    entries >= 5 && quiet_ms > (8 * usual_ms).clamp(3 * DAY, 60 * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::HOUR;

    const T: Stamp = Stamp(1_790_000_000_000);

    fn hourly(n: i64, newest: i64) -> Vec<i64> {
        (0..n).map(|i| newest - i * HOUR).collect()
    }

    #[test]
    fn failing_is_red_at_once_and_leaves_a_gap() {
        let mut h = Health::default();
        note_success(&mut h, T, Some(&hourly(10, T.0)), HOUR);
        assert!(!h.is_red() && h.usual_ms == HOUR);
        note_failure(&mut h, T.plus(HOUR), Text::ours("403"));
        note_failure(&mut h, T.plus(2 * HOUR), Text::ours("403"));
        assert!(h.is_red() && h.gaps == [(T, None)]);
        note_success(&mut h, T.plus(3 * HOUR), None, HOUR);
        assert!(!h.is_red() && h.gaps == [(T, Some(T.plus(3 * HOUR)))]);
    }

    #[test]
    fn empty_where_it_usually_is_not_is_red_and_stays_so() {
        let mut h = Health::default();
        note_success(&mut h, T, Some(&[]), HOUR);
        assert!(!h.is_red(), "a new feed may be empty");
        note_success(&mut h, T, Some(&hourly(3, T.0)), HOUR);
        note_success(&mut h, T, Some(&[]), HOUR);
        assert_eq!(h.trouble, Trouble::Empty);
        note_success(&mut h, T, None, HOUR);
        assert_eq!(h.trouble, Trouble::Empty);
        note_success(&mut h, T, Some(&hourly(3, T.0)), HOUR);
        assert!(!h.is_red());
    }

    #[test]
    fn long_silence_is_red() {
        let mut h = Health::default();
        note_success(&mut h, T, Some(&hourly(20, T.0 - 70 * DAY)), HOUR);
        assert_eq!(h.trouble, Trouble::Silent);
    }

    #[test]
    fn time_without_us_is_a_gap() {
        let mut h = Health { last_ok: Some(T), ..Health::default() };
        note_time_passed(&mut h, T.plus(30 * MINUTE), 10 * MINUTE);
        note_time_passed(&mut h, T.plus(40 * MINUTE), 10 * MINUTE);
        assert_eq!(h.gaps, [(T, None)]);
    }
}

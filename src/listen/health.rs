//! A source's health as data: every change of it is one of these pure functions.

use crate::model::time::{DAY, MINUTE};
use crate::model::{Health, Stamp, Text, Trouble};

/// Gaps that are remembered.
const GAPS: usize = 20;

/// What a good answer said.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    /// Nothing new.
    Same,
    /// A whole document, with the times (ms) of its entries.
    Document(&'a [i64]),
    /// News alone, as a program prints them: none of them is no news.
    News(&'a [i64]),
}

/// The source answered.
pub fn note_success(h: &mut Health, now: Stamp, said: Said<'_>) {
    for gap in h.gaps.iter_mut().filter(|g| g.1.is_none()) {
        gap.1 = Some(now);
    }
    h.polls += 1;
    h.failures = 0;
    h.last_ok = Some(now);
    h.pause_until = None;
    let mut empty = h.trouble == Trouble::Empty;
    if let Said::Document(times) | Said::News(times) = said {
        let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
        empty = matches!(said, Said::Document(_)) && count == 0 && h.last_count > 0;
        if !empty {
            h.last_count = count;
            h.usual_ms = usual(times).unwrap_or(h.usual_ms);
            h.newest = h.newest.max(times.iter().max().map(|t| Stamp((*t).min(now.0))));
        }
    }
    h.trouble = match h.newest {
        _ if h.trouble == Trouble::Paused => Trouble::Paused,
        _ if empty => Trouble::Empty,
        Some(t) if is_silent(now.0 - t.0, h.usual_ms, h.last_count) => Trouble::Silent,
        _ => Trouble::None,
    };
}

/// The source failed. The first failure opens a gap that reaches back to the last answer.
pub fn note_failure(h: &mut Health, now: Stamp, why: Text) {
    h.polls += 1;
    h.failures += 1;
    h.last_error = Some((now, why.clone()));
    if let Some(last) = h.last_ok {
        open_gap(h, last);
    }
    if h.trouble != Trouble::Paused {
        h.trouble = Trouble::Failing(why);
    }
}

/// At start: the time since the last answer was not heard, if it is longer than it should be.
pub fn note_time_passed(h: &mut Health, now: Stamp, every_ms: i64) {
    if let Some(last) = h.last_ok
        && now.0 - last.0 > 2 * every_ms.max(rhythm(h, now) / 2) + MINUTE
    {
        open_gap(h, last);
    }
}

fn open_gap(h: &mut Health, from: Stamp) {
    if h.gaps.last().is_some_and(|g| g.1.is_none()) {
        return;
    }
    h.gaps.push((from, None));
    if h.gaps.len() > GAPS {
        h.gaps.remove(0);
    }
}

/// Time between two entries as one should expect it now: the usual one, or a silence that lasts longer (30 days
/// at most). 0 if nothing is known. In ms.
#[must_use]
pub fn rhythm(h: &Health, now: Stamp) -> i64 {
    let quiet = h.newest.filter(|_| h.usual_ms > 0).map_or(0, |t| (now.0 - t.0).clamp(0, 30 * DAY));
    h.usual_ms.max(quiet)
}

/// The median time between neighbours.
fn usual(times: &[i64]) -> Option<i64> {
    let mut t = times.to_vec();
    t.sort_unstable();
    t.dedup();
    if t.len() < 3 {
        return None;
    }
    let mut gaps: Vec<i64> = t.windows(2).map(|w| w[1] - w[0]).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).map(|g| (*g).max(1))
}

/// Eight times the usual, within three days and two months; for those who publish more rarely than that, three
/// times the usual.
fn is_silent(quiet_ms: i64, usual_ms: i64, entries: u32) -> bool {
    entries >= 5 && usual_ms > 0 && quiet_ms > (8 * usual_ms).clamp(3 * DAY, 60 * DAY).max(3 * usual_ms)
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
        note_success(&mut h, T, Said::Document(&hourly(10, T.0)));
        assert!(!h.is_red() && h.usual_ms == HOUR);
        note_failure(&mut h, T.plus(HOUR), Text::ours("403"));
        note_failure(&mut h, T.plus(2 * HOUR), Text::ours("403"));
        assert!(h.is_red() && h.gaps == [(T, None)]);
        note_success(&mut h, T.plus(3 * HOUR), Said::Same);
        assert!(!h.is_red() && h.gaps == [(T, Some(T.plus(3 * HOUR)))]);
    }

    #[test]
    fn a_restart_within_an_outage_opens_no_second_gap() {
        let mut h = Health { last_ok: Some(T), ..Health::default() };
        note_time_passed(&mut h, T.plus(DAY), HOUR);
        note_failure(&mut h, T.plus(DAY), Text::ours("down"));
        note_success(&mut h, T.plus(2 * DAY), Said::Same);
        assert_eq!(h.gaps, [(T, Some(T.plus(2 * DAY)))]);
    }

    #[test]
    fn empty_where_it_usually_is_not_is_red_and_stays_so() {
        let mut h = Health::default();
        note_success(&mut h, T, Said::Document(&[]));
        assert!(!h.is_red(), "a new feed may be empty");
        note_success(&mut h, T, Said::Document(&hourly(3, T.0)));
        note_success(&mut h, T, Said::Document(&[]));
        assert_eq!(h.trouble, Trouble::Empty);
        note_success(&mut h, T, Said::Same);
        assert_eq!(h.trouble, Trouble::Empty);
        note_success(&mut h, T, Said::Document(&hourly(3, T.0)));
        assert!(!h.is_red());
        // A program that prints only news says nothing by printing none.
        note_success(&mut h, T, Said::News(&[]));
        assert!(!h.is_red());
    }

    #[test]
    fn long_silence_is_red_whether_the_answer_is_a_document_or_nothing_new() {
        let mut h = Health::default();
        note_success(&mut h, T, Said::Document(&hourly(20, T.0)));
        note_success(&mut h, T.plus(2 * DAY), Said::Same);
        assert!(!h.is_red());
        note_success(&mut h, T.plus(4 * DAY), Said::Same);
        assert_eq!(h.trouble, Trouble::Silent);
        // A quarterly has its own measure.
        let quarterly: Vec<i64> = (0..6).map(|i| T.0 - i * 90 * DAY).collect();
        let mut h = Health::default();
        note_success(&mut h, T.plus(100 * DAY), Said::Document(&quarterly));
        assert!(!h.is_red());
        note_success(&mut h, T.plus(280 * DAY), Said::Same);
        assert_eq!(h.trouble, Trouble::Silent);
    }

    #[test]
    fn a_pause_outlasts_answers_and_failures() {
        let mut h = Health { trouble: Trouble::Paused, ..Health::default() };
        note_success(&mut h, T, Said::Document(&hourly(3, T.0)));
        note_failure(&mut h, T, Text::ours("x"));
        assert_eq!(h.trouble, Trouble::Paused);
    }

    #[test]
    fn time_without_us_is_a_gap() {
        let mut h = Health { last_ok: Some(T), ..Health::default() };
        note_time_passed(&mut h, T.plus(30 * MINUTE), 10 * MINUTE);
        note_time_passed(&mut h, T.plus(40 * MINUTE), 10 * MINUTE);
        assert_eq!(h.gaps, [(T, None)]);
    }
}

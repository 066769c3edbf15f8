//! Business hours: several blocks a day, holidays, time zones with their summer time. Times are added in them, and counted.

use super::Stamp;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

/// How long something may wait for an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResponseTarget {
    pub ms: i64,
    /// Counted day and night: attention there does not wait for anybody's hours.
    pub always: bool,
}

/// A calendar of work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hours {
    pub zone: Tz,
    /// From Monday: blocks of minutes since midnight, in order, none within another.
    pub week: [Vec<(u16, u16)>; 7],
    /// Days without work: of one year, or of every one.
    pub holidays: Vec<(Option<i32>, u32, u32)>,
}

/// Days that are looked through at most: a calendar without any hours ends somewhere.
const DAYS: u32 = 400;

impl Hours {
    /// Reads blocks as people write them: `09:00-12:30`.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub fn blocks(all: &[String]) -> Result<Vec<(u16, u16)>, String> {
        let minute = |s: &str| {
            let (h, m) = s.trim().split_once(':')?;
            let (h, m): (u16, u16) = (h.parse().ok()?, m.parse().ok()?);
            (m < 60 && (h < 24 || (h == 24 && m == 0))).then_some(h * 60 + m)
        };
        let mut out = Vec::new();
        for b in all {
            let both = b.split_once('-').and_then(|(a, z)| Some((minute(a)?, minute(z)?)));
            match both.filter(|(a, z)| a < z) {
                Some(one) => out.push(one),
                None => return Err(format!("holds \"{b}\"; expected \"09:00-12:30\"")),
            }
        }
        out.sort_unstable();
        if out.windows(2).any(|w| w[0].1 > w[1].0) {
            return Err("has blocks that lie over one another".into());
        }
        Ok(out)
    }

    /// Reads a day without work: `2026-12-25`, or `12-25` for every year.
    #[must_use]
    pub fn holiday(s: &str) -> Option<(Option<i32>, u32, u32)> {
        let parts: Vec<&str> = s.trim().split('-').collect();
        let (y, m, d) = match parts.as_slice() {
            [y, m, d] => (Some(y.parse().ok()?), m.parse().ok()?, d.parse().ok()?),
            [m, d] => (None, m.parse().ok()?, d.parse().ok()?),
            _ => return None,
        };
        // A leap year has every day.
        NaiveDate::from_ymd_opt(y.unwrap_or(2024), m, d).map(|_| (y, m, d))
    }

    fn is_holiday(&self, day: NaiveDate) -> bool {
        self.holidays
            .iter()
            .any(|(y, m, d)| y.is_none_or(|y| y == day.year()) && *m == day.month() && *d == day.day())
    }

    /// The blocks of a day as times; what summer time leaves out is left out.
    fn of_day(&self, day: NaiveDate) -> Vec<(Stamp, Stamp)> {
        if self.is_holiday(day) {
            return Vec::new();
        }
        let week = &self.week[day.weekday().num_days_from_monday() as usize];
        week.iter().map(|(a, z)| (self.at(day, *a), self.at(day, *z))).filter(|(a, z)| a < z).collect()
    }

    /// A minute of a day as a time; one that summer time skips is the moment of the leap.
    fn at(&self, day: NaiveDate, minute: u16) -> Stamp {
        let (day, minute) = if minute == 1440 { (day + Days::new(1), 0) } else { (day, minute) };
        let time =
            NaiveTime::from_hms_opt(u32::from(minute / 60), u32::from(minute % 60), 0).unwrap_or_default();
        let local = day.and_time(time);
        let found = self.zone.from_local_datetime(&local).earliest().or_else(|| {
            // Within the leap: the first moment that there is behind it.
            (1..=180).find_map(|m| {
                self.zone.from_local_datetime(&(local + chrono::Duration::minutes(m))).earliest()
            })
        });
        Stamp(found.map_or(0, |t| t.timestamp_millis()))
    }

    fn day_of(&self, t: Stamp) -> NaiveDate {
        let utc: DateTime<Utc> = DateTime::from_timestamp_millis(t.0).unwrap_or_default();
        utc.with_timezone(&self.zone).date_naive()
    }

    /// When so much work time (ms) is over; where there are no hours, as if all time were.
    #[must_use]
    pub fn add(&self, from: Stamp, ms: i64) -> Stamp {
        let mut left = ms;
        let mut day = self.day_of(from);
        for _ in 0..DAYS {
            for (a, z) in self.of_day(day) {
                let begin = a.max(from);
                if begin >= z {
                    continue;
                }
                let there = z.0 - begin.0;
                if left <= there {
                    return begin.plus(left);
                }
                left -= there;
            }
            day = day + Days::new(1);
        }
        from.plus(ms)
    }

    /// Work time between two moments, in ms.
    #[must_use]
    pub fn between(&self, from: Stamp, to: Stamp) -> i64 {
        let (mut day, last) = (self.day_of(from), self.day_of(to));
        let mut sum = 0;
        for _ in 0..DAYS {
            if day > last {
                break;
            }
            for (a, z) in self.of_day(day) {
                sum += (z.min(to).0 - a.max(from).0).max(0);
            }
            day = day + Days::new(1);
        }
        sum
    }
}

/// Days of the week as the configuration names them.
pub const WEEK: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::MINUTE;

    fn hours(zone: &str) -> Hours {
        let day = || Hours::blocks(&["09:00-12:30".into(), "13:30-18:00".into()]).unwrap();
        Hours {
            zone: zone.parse().unwrap(),
            week: [day(), day(), day(), day(), vec![(9 * 60, 15 * 60)], Vec::new(), vec![(60, 240)]],
            holidays: vec![(Some(2026), 12, 25), (None, 1, 1)],
        }
    }

    /// Minute by minute: slow, and plainly right.
    fn slow_between(h: &Hours, from: Stamp, to: Stamp) -> i64 {
        let mut t = from.0;
        let mut sum = 0;
        while t < to.0 {
            let utc: DateTime<Utc> = DateTime::from_timestamp_millis(t).unwrap();
            let l = utc.with_timezone(&h.zone);
            use chrono::Timelike;
            let minute = (l.hour() * 60 + l.minute()) as u16;
            let on = &h.week[l.weekday().num_days_from_monday() as usize];
            if !h.is_holiday(l.date_naive()) && on.iter().any(|(a, z)| (*a..*z).contains(&minute)) {
                sum += MINUTE;
            }
            t += MINUTE;
        }
        sum
    }

    #[test]
    fn adding_and_counting_agree_with_a_slow_reference() {
        let mut x = 0x2545_f491_4f6c_dd1du64;
        let mut roll = |n: i64| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x % n.unsigned_abs()).cast_signed()
        };
        // New York leaps on Sundays at two, within a block of ours; Kathmandu lies 45 minutes off.
        for zone in ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"] {
            let h = hours(zone);
            for _ in 0..60 {
                // Whole minutes of two years, summer time's leaps included.
                let from = Stamp(1_767_225_600_000 + roll(2 * 525_600) * MINUTE);
                let span = roll(6 * 1440) * MINUTE;
                let to = from.plus(span);
                let counted = h.between(from, to);
                assert_eq!(counted, slow_between(&h, from, to), "{zone} {from:?} {to:?}");
                let work = (roll(2_000) + 1) * MINUTE;
                let end = h.add(from, work);
                assert_eq!(h.between(from, end), work, "{zone} {from:?} {work}");
                assert!(h.between(from, end.plus(-MINUTE)) < work, "no sooner: {zone} {from:?}");
            }
        }
    }

    #[test]
    fn blocks_and_holidays_are_read() {
        assert_eq!(
            Hours::blocks(&["13:00-14:00".into(), "09:00-12:30".into()]).unwrap(),
            [(540, 750), (780, 840)]
        );
        for bad in ["9", "12:00-11:00", "09:00-25:00", "09:60-10:00", ""] {
            assert!(Hours::blocks(&[bad.to_owned()]).is_err(), "{bad}");
        }
        assert!(Hours::blocks(&["09:00-12:00".into(), "11:00-13:00".into()]).is_err());
        assert_eq!(Hours::holiday("12-25"), Some((None, 12, 25)));
        assert_eq!((Hours::holiday("2026-13-01"), Hours::holiday("x")), (None, None));
        // A calendar without hours: all time counts.
        let none = Hours { zone: Tz::UTC, week: Default::default(), holidays: Vec::new() };
        assert_eq!(none.add(Stamp(0), 5), Stamp(5));
    }
}

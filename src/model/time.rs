//! Times: milliseconds since 1970 in UTC, and how people read and write them.

use chrono::{DateTime, Datelike, Duration, Local, NaiveTime, TimeZone, Utc, Weekday};

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A moment, in milliseconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Stamp(pub i64);

impl Stamp {
    /// Seconds that the clock of this process is ahead of UTC.
    #[must_use]
    pub fn zone_here() -> i32 {
        Local::now().offset().local_minus_utc()
    }

    #[must_use]
    pub fn now() -> Stamp {
        Stamp(Utc::now().timestamp_millis())
    }

    #[must_use]
    pub fn plus(self, ms: i64) -> Stamp {
        Stamp(self.0.saturating_add(ms))
    }

    /// RFC 3339 in UTC, to the second, as JSON carries it.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// # Errors
    /// A sentence, if `s` is no RFC 3339 time.
    pub fn parse_rfc3339(s: &str) -> Result<Stamp, String> {
        DateTime::parse_from_rfc3339(s.trim())
            .map(|d| Stamp(d.timestamp_millis()))
            .map_err(|_| format!("“{s}” is no RFC 3339 time such as 2026-05-01T14:00:00Z"))
    }

    fn utc(self) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(self.0).single().unwrap_or_default()
    }

    fn local(self) -> DateTime<Local> {
        self.utc().with_timezone(&Local)
    }

    /// `2026-05-01 14:00` in the reader's zone.
    #[must_use]
    pub fn local_minute(self) -> String {
        self.local().format("%Y-%m-%d %H:%M").to_string()
    }

    /// `14:00` today, `Fri 14:00` within a week, else `2026-05-01 14:00`; in the reader's zone.
    #[must_use]
    pub fn local_short(self, now: Stamp) -> String {
        let (t, n) = (self.local(), now.local());
        if t.date_naive() == n.date_naive() {
            t.format("%H:%M").to_string()
        } else if (t.date_naive() - n.date_naive()).num_days().abs() < 7 {
            t.format("%a %H:%M").to_string()
        } else {
            t.format("%Y-%m-%d %H:%M").to_string()
        }
    }

    /// `14:02:30` today, else as [`Stamp::local_short`].
    #[must_use]
    pub fn local_clock(self, now: Stamp) -> String {
        if self.local().date_naive() == now.local().date_naive() {
            self.local().format("%H:%M:%S").to_string()
        } else {
            self.local_short(now)
        }
    }

    /// `2026-05`, the month of arrival by which bodies are filed (UTC).
    #[must_use]
    pub fn month(self) -> String {
        self.utc().format("%Y-%m").to_string()
    }
}

/// How long ago, as a sentence goes on: `just now`, `5m ago`.
#[must_use]
pub fn since(at: Stamp, now: Stamp) -> String {
    match ago(at, now).as_str() {
        "now" => "just now".into(),
        span => format!("{span} ago"),
    }
}

/// How long ago, in at most four columns: `now`, `5m`, `3h`, `2d`, `7w`, `3y`.
#[must_use]
pub fn ago(at: Stamp, now: Stamp) -> String {
    let d = now.0 - at.0;
    match d {
        i64::MIN..MINUTE => "now".into(),
        MINUTE..HOUR => format!("{}m", d / MINUTE),
        HOUR..DAY => format!("{}h", d / HOUR),
        _ if d < 14 * DAY => format!("{}d", d / DAY),
        _ if d < 365 * DAY => format!("{}w", d / (7 * DAY)),
        _ => format!("{}y", d / (365 * DAY)),
    }
}

/// How a row shows it: `38m`, or `!2h` for what is late.
#[must_use]
pub fn left(due: Stamp, now: Stamp) -> String {
    let left = due.0 - now.0;
    if left >= 0 { span_short(left) } else { format!("!{}", span_short(-left)) }
}

fn span_short(ms: i64) -> String {
    let m = ms / MINUTE;
    match m {
        0..60 => format!("{m}m"),
        60..2880 => format!("{}h", m / 60),
        _ => format!("{}d", m / 1440),
    }
}

/// A span in words: `10m`, `1h30m`, `2d`.
#[must_use]
pub fn span(ms: i64) -> String {
    let parts = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")];
    let mut left = ms.max(0);
    let mut out = String::new();
    let mut used = 0;
    for (unit, name) in parts {
        if left >= unit && used < 2 {
            out += &format!("{}{name}", left / unit);
            left %= unit;
            used += 1;
        }
    }
    if out.is_empty() { "0s".into() } else { out }
}

/// Reads `30s`, `10m`, `2h`, `1d`, `1w` or several of them joined (`1h30m`), in milliseconds.
///
/// # Errors
/// A sentence that says what is expected.
pub fn parse_span(s: &str) -> Result<i64, String> {
    let bad = || format!("“{s}” is no span of time; write a number and s, m, h, d or w, as 10m or 1h30m");
    let (mut total, mut number, mut any) = (0i64, String::new(), false);
    for c in s.trim().chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            's' => SECOND,
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            'w' => 7 * DAY,
            _ => return Err(bad()),
        };
        let n: i64 = number.parse().map_err(|_| bad())?;
        total = n.checked_mul(unit).and_then(|x| total.checked_add(x)).ok_or_else(bad)?;
        number.clear();
        any = true;
    }
    if any && number.is_empty() { Ok(total) } else { Err(bad()) }
}

/// Reads when a snooze ends: a span (`2h`), `h` `t` `w` `m`, `tomorrow`, a weekday with an hour (`fri 9`,
/// `mon 14:30`), an hour (`17:00`), or a date (`2026-05-01`, `2026-05-01 14:00`), in the reader's zone.
///
/// # Errors
/// A sentence that lists the forms.
pub fn parse_when(s: &str, now: Stamp) -> Result<Stamp, String> {
    let bad = || {
        format!("“{s}” is no time to come back; write 2h, tomorrow, fri 9, 17:00, 2026-05-01 14:00 or reply")
    };
    let text = s.trim().to_lowercase();
    let text = text.strip_prefix("in ").or(text.strip_prefix("next ")).unwrap_or(&text).trim().to_owned();
    if let Ok(t) = Stamp::parse_rfc3339(s.trim()) {
        return future(t, now);
    }
    // `3 days` is `3d`.
    let span: String = match text.split_once(' ') {
        Some((n, unit)) if n.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{n}{}", unit.trim().chars().next().unwrap_or('?'))
        }
        _ => text.clone(),
    };
    if let Ok(ms) = parse_span(&span) {
        return future(now.plus(ms), now);
    }
    let here = now.local();
    let at = |days: i64, time: NaiveTime| -> Option<Stamp> {
        let day = (here + Duration::days(days)).date_naive();
        Local.from_local_datetime(&day.and_time(time)).earliest().map(|d| Stamp(d.timestamp_millis()))
    };
    let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default();
    let mut words = text.split_whitespace();
    let first = words.next().ok_or_else(bad)?;
    let time = match words.next() {
        Some(w) => Some(clock(w).ok_or_else(bad)?),
        None => None,
    };
    if words.next().is_some() {
        return Err(bad());
    }
    let found = match first {
        "h" | "hour" if time.is_none() => Some(now.plus(HOUR)),
        "t" | "tomorrow" => at(1, time.unwrap_or(nine)),
        "w" | "week" => at(7, time.unwrap_or(nine)),
        "m" | "month" => at(30, time.unwrap_or(nine)),
        _ => {
            if let Ok(day) = chrono::NaiveDate::parse_from_str(first, "%Y-%m-%d") {
                let local = day.and_time(time.unwrap_or(nine));
                Local.from_local_datetime(&local).earliest().map(|d| Stamp(d.timestamp_millis()))
            } else if let Some(day) = weekday(first) {
                let ahead = (7 + i64::from(day.num_days_from_monday())
                    - i64::from(here.weekday().num_days_from_monday()))
                    % 7;
                let then = at(ahead, time.unwrap_or(nine));
                if then.is_some_and(|t| t <= now) { at(ahead + 7, time.unwrap_or(nine)) } else { then }
            } else if time.is_none() && first.contains(':') {
                let t = clock(first).ok_or_else(bad)?;
                let then = at(0, t);
                if then.is_some_and(|x| x <= now) { at(1, t) } else { then }
            } else {
                None
            }
        }
    };
    future(found.ok_or_else(bad)?, now)
}

/// A time to come, within ten years.
fn future(t: Stamp, now: Stamp) -> Result<Stamp, String> {
    if t <= now {
        Err("that time is over already".into())
    } else if t.0 - now.0 > 3660 * DAY {
        Err("that is more than ten years ahead".into())
    } else {
        Ok(t)
    }
}

/// `9`, `17:30`, `9am`, `9:30pm`.
fn clock(s: &str) -> Option<NaiveTime> {
    let (s, half) = match (s.strip_suffix("am"), s.strip_suffix("pm")) {
        (Some(x), _) => (x, Some(0)),
        (_, Some(x)) => (x, Some(12)),
        _ => (s, None),
    };
    let (h, m) = s.split_once(':').unwrap_or((s, "0"));
    let h: u32 = h.parse().ok()?;
    let h = match half {
        Some(add) if (1..=12).contains(&h) => h % 12 + add,
        Some(_) => return None,
        None => h,
    };
    NaiveTime::from_hms_opt(h, m.parse().ok()?, 0)
}

fn weekday(s: &str) -> Option<Weekday> {
    (s.len() >= 3).then(|| s.parse::<Weekday>().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        assert_eq!(parse_span("10m"), Ok(10 * MINUTE));
        assert_eq!(parse_span("1h30m"), Ok(90 * MINUTE));
        assert!(parse_span("10").is_err() && parse_span("m").is_err() && parse_span("").is_err());
        assert!(parse_span("99999999999999w").is_err());
        assert_eq!(span(90 * MINUTE), "1h30m");
        assert_eq!(span(DAY + 5 * MINUTE), "1d5m");
        assert_eq!(span(10), "0s");
    }

    #[test]
    fn snoozes_end_in_the_future() {
        let now = Stamp::parse_rfc3339("2026-05-06T10:00:00Z").unwrap();
        for s in [
            "h",
            "t",
            "w",
            "m",
            "2h",
            "tomorrow 8",
            "fri 9",
            "wed 9",
            "17:00",
            "2026-06-01",
            "fri 9pm",
            "next week",
            "in 3 days",
            "2026-05-07T10:00:00Z",
        ] {
            let t = parse_when(s, now).unwrap();
            assert!(t > now && t.0 < now.0 + 40 * DAY, "{s}");
        }
        for s in ["", "soon", "fri x", "2020-01-01", "25:00", "fri 9 x", "99999w", "0d", "fri 13pm"] {
            assert!(parse_when(s, now).is_err(), "{s}");
        }
    }

    #[test]
    fn ago_fits_four_columns() {
        for d in [0, MINUTE, HOUR, DAY, 20 * DAY, 4000 * DAY] {
            assert!(ago(Stamp(0), Stamp(d)).len() <= 4);
        }
    }

    #[test]
    fn what_is_left_is_said_in_a_word() {
        let now = Stamp(1_790_000_000_000);
        let all =
            [(38, "38m"), (59, "59m"), (60, "1h"), (2879, "47h"), (2880, "2d"), (-5, "!5m"), (-130, "!2h")];
        for (m, words) in all {
            assert_eq!(left(now.plus(m * MINUTE), now), words);
        }
    }
}

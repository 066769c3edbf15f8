//! Times as feeds write them: RFC 822 with every habit of thirty years, RFC 3339, W3C, and what comes near.

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};

/// What stands for "a time was given, but it is none": far outside of what a feed can mean.
pub fn impossible() -> DateTime<Utc> {
    DateTime::from_timestamp(-60_000_000_000, 0).unwrap_or_default()
}

pub fn is_impossible(t: &DateTime<Utc>) -> bool {
    *t == impossible()
}

/// Reads a time; `None` if it is none.
pub fn parse(s: &str) -> Option<DateTime<Utc>> {
    let s = s.trim();
    if s.is_empty() || s.len() > 100 {
        return None;
    }
    iso(s).or_else(|| rfc822(s)).or_else(|| asctime(s))
}

/// A day later, or hours later; `None` beyond the end of the calendar.
fn later(t: DateTime<Utc>, by: Duration) -> Option<DateTime<Utc>> {
    t.checked_add_signed(by)
}

/// `2003`, `2003-12`, `2003-12-31T10:14:55.5Z`, `20031231T101455`, `2003-335`, a space for the T.
fn iso(s: &str) -> Option<DateTime<Utc>> {
    if !s.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let (date, time) = match s.find(['T', 't', ' ']) {
        Some(i) => (&s[..i], Some(s[i + 1..].trim())),
        None => (s, None),
    };
    let d = iso_date(date)?;
    let Some(t) = time.filter(|t| !t.is_empty()) else { return Some(utc(d, NaiveTime::MIN, 0)) };
    let split = t.find(['Z', 'z', '+', '-', ' ']).unwrap_or(t.len());
    let (time, extra_day) = clock(&t[..split])?;
    let offset = zone(t[split..].trim())?;
    later(utc(d, time, offset), Duration::days(i64::from(extra_day)))
}

fn iso_date(s: &str) -> Option<NaiveDate> {
    let digits = s.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = s.split('-').collect();
    match (digits, s.len(), parts.as_slice()) {
        (true, 4, _) => NaiveDate::from_ymd_opt(s.parse().ok()?, 1, 1),
        (true, 6, _) => NaiveDate::from_ymd_opt(s[..4].parse().ok()?, s[4..].parse().ok()?, 1),
        (true, 7, _) => NaiveDate::from_yo_opt(s[..4].parse().ok()?, s[4..].parse().ok()?),
        (true, 8, _) => {
            NaiveDate::from_ymd_opt(s[..4].parse().ok()?, s[4..6].parse().ok()?, s[6..].parse().ok()?)
        }
        (_, _, [y, d]) if y.len() == 4 && d.len() == 3 => {
            NaiveDate::from_yo_opt(y.parse().ok()?, d.parse().ok()?)
        }
        (_, _, [y, m]) if y.len() == 4 => NaiveDate::from_ymd_opt(y.parse().ok()?, m.parse().ok()?, 1),
        (_, _, [y, m, d]) if y.len() == 4 || y.len() == 2 => {
            NaiveDate::from_ymd_opt(year(y)?, m.parse().ok()?, d.parse().ok()?)
        }
        _ => None,
    }
}

/// `10:14:55.123`, `10:14`, `101455`; 24:00 is the next day, a leap second the second before.
fn clock(s: &str) -> Option<(NaiveTime, bool)> {
    let s = s.trim();
    let s = s.split(['.', ',']).next()?;
    let parts: Vec<&str> = if s.contains(':') {
        s.split(':').collect()
    } else if s.len() >= 4 && s.bytes().all(|b| b.is_ascii_digit()) {
        vec![s.get(..2)?, s.get(2..4)?, s.get(4..6).unwrap_or("0")]
    } else {
        return None;
    };
    let h: u32 = parts.first()?.trim().parse().ok()?;
    let m: u32 = parts.get(1)?.trim().parse().ok()?;
    let sec: u32 = parts.get(2).map_or(Some(0), |x| x.trim().parse().ok())?;
    if h == 24 && m == 0 && sec == 0 {
        return Some((NaiveTime::MIN, true));
    }
    NaiveTime::from_hms_opt(h, m, if sec == 60 { 59 } else { sec }).map(|t| (t, false))
}

/// Seconds east of Greenwich. An unknown name counts as Greenwich.
fn zone(s: &str) -> Option<i32> {
    let s = s.trim();
    let named = match s.to_ascii_uppercase().as_str() {
        "" | "Z" | "UT" | "UTC" | "GMT" => 0,
        "EST" => -5,
        "EDT" => -4,
        "CST" => -6,
        "CDT" => -5,
        "MST" => -7,
        "MDT" => -6,
        "PST" => -8,
        "PDT" => -7,
        "BST" | "CET" | "MEZ" | "WEST" => 1,
        "CEST" | "MESZ" | "EET" => 2,
        "EEST" | "MSK" => 3,
        "JST" | "KST" => 9,
        "AEST" => 10,
        "AEDT" => 11,
        _ => 99,
    };
    if named != 99 {
        return Some(named * 3600);
    }
    let u = s.to_ascii_uppercase();
    let s = u.trim_start_matches("GMT").trim_start_matches("UTC").trim();
    let sign = match s.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        b if b.is_ascii_alphabetic() => return Some(0),
        _ => return None,
    };
    let digits: String =
        s[1..].chars().take_while(|c| c.is_ascii_digit() || *c == ':').filter(|c| *c != ':').collect();
    let (h, m): (i32, i32) = match digits.len() {
        1 | 2 => (digits.parse().ok()?, 0),
        3 => (digits[..1].parse().ok()?, digits[1..].parse().ok()?),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    (h <= 14 && m < 60).then_some(sign * (h * 3600 + m * 60))
}

fn year(s: &str) -> Option<i32> {
    let y: i32 = s.parse().ok()?;
    Some(match s.len() {
        1 | 2 if y < 70 => 2000 + y,
        1..=3 => 1900 + y,
        _ => y,
    })
}

fn month(s: &str) -> Option<u32> {
    const NAMES: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let low = s.to_lowercase();
    let key = low.get(..3)?;
    NAMES.iter().position(|n| *n == key).and_then(|i| u32::try_from(i + 1).ok())
}

/// `Thu, 01 Jan 2004 19:48:21 GMT`, the weekday or the seconds or the zone left out, `01-Jan-04`.
fn rfc822(s: &str) -> Option<DateTime<Utc>> {
    let flat = s.replace(',', " , ");
    let mut words: Vec<&str> = flat.split_whitespace().filter(|w| *w != ",").collect();
    if words.first().is_some_and(|w| w.chars().all(char::is_alphabetic) && month(w).is_none()) {
        words.remove(0);
    }
    // `01-Jan-2004` in one word.
    let split: Vec<&str>;
    if let Some(first) = words.first().filter(|w| w.matches('-').count() == 2) {
        split = first.split('-').chain(words[1..].iter().copied()).collect();
        words = split;
    }
    let (d, m, rest) = match words.as_slice() {
        [d, m, rest @ ..] if d.bytes().all(|b| b.is_ascii_digit()) => (d, m, rest),
        [m, d, rest @ ..] if month(m).is_some() => (d, m, rest),
        _ => return None,
    };
    let y = year(rest.first()?)?;
    let date = NaiveDate::from_ymd_opt(y, month(m)?, d.trim_end_matches(char::is_alphabetic).parse().ok()?)?;
    let rest = &rest[1..];
    let Some(t) = rest.first() else { return Some(utc(date, NaiveTime::MIN, 0)) };
    let (time, next) = clock(t)?;
    let mut zone_words = &rest[1..];
    let mut shift = 0;
    if let [w, z @ ..] = zone_words
        && (w.eq_ignore_ascii_case("am") || w.eq_ignore_ascii_case("pm"))
    {
        // 12 am is midnight, 12 pm is noon.
        let twelve = if time.hour() == 12 { -12 } else { 0 };
        shift = twelve + if w.eq_ignore_ascii_case("pm") { 12 } else { 0 };
        zone_words = z;
    }
    let offset = zone(&zone_words.join(" ")).or_else(|| zone(zone_words.first().copied().unwrap_or("")))?;
    later(utc(date, time, offset), Duration::days(i64::from(next)) + Duration::hours(shift))
}

/// `Thu Jan  1 19:48:21 2004`, also with a zone before the year.
fn asctime(s: &str) -> Option<DateTime<Utc>> {
    let words: Vec<&str> = s.split_whitespace().collect();
    let (m, d, t, z, y) = match words.as_slice() {
        [_, m, d, t, y] if t.contains(':') => (m, d, t, "", y),
        [_, m, d, t, z, y] if t.contains(':') => (m, d, t, *z, y),
        _ => return None,
    };
    let date = NaiveDate::from_ymd_opt(year(y)?, month(m)?, d.parse().ok()?)?;
    let (time, next) = clock(t)?;
    later(utc(date, time, zone(z)?), Duration::days(i64::from(next)))
}

fn utc(d: NaiveDate, t: NaiveTime, offset: i32) -> DateTime<Utc> {
    let local = NaiveDateTime::new(d, t);
    FixedOffset::east_opt(offset)
        .and_then(|o| o.from_local_datetime(&local).single())
        .map_or_else(|| local.and_utc(), |t| t.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_and_the_odd() {
        for (s, want) in [
            ("2003-12-31T10:14:55Z", "2003-12-31T10:14:55+00:00"),
            ("2003-12-31T10:14:55-08:00", "2003-12-31T18:14:55+00:00"),
            ("2003-12-31 10:14:55.250+02", "2003-12-31T08:14:55+00:00"),
            ("2003-335", "2003-12-01T00:00:00+00:00"),
            ("20031231T101455", "2003-12-31T10:14:55+00:00"),
            ("2003", "2003-01-01T00:00:00+00:00"),
            ("Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21+00:00"),
            ("01 Jan 04 19:48 EST", "2004-01-02T00:48:00+00:00"),
            ("Thu,31 Dec 2003 24:00:00 GMT", "2004-01-01T00:00:00+00:00"),
            ("Jan 5, 2004 9:30 PM +0100", "2004-01-05T20:30:00+00:00"),
            ("Jan 5, 2004 12:30 PM GMT", "2004-01-05T12:30:00+00:00"),
            ("Jan 5, 2004 12:30 AM GMT", "2004-01-05T00:30:00+00:00"),
            ("Thu Jan  1 19:48:21 2004", "2004-01-01T19:48:21+00:00"),
            ("Mon, 26 January 2004 16:31:00 ET", "2004-01-26T16:31:00+00:00"),
            ("Wed, 30 Dec 98 12:00:60 +0000", "1998-12-30T12:00:59+00:00"),
        ] {
            assert_eq!(parse(s).map(|t| t.to_rfc3339()), Some(want.to_owned()), "{s}");
        }
        for s in
            ["", "soon", "2004-13-45", "99:99", "Thu, 45 Foo 2004", "-", "T", "31 Dec 262142 24:00:00 GMT"]
        {
            assert_eq!(parse(s), None, "{s}");
        }
    }
}

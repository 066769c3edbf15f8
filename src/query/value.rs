//! Values of fields: numbers, durations, dates, addresses of sites, each read, printed and compared.

use super::facts::Context;
use crate::model::Stamp;
use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};

/// How a plain value is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cmp {
    Is,
    More,
    MoreOrIs,
    Less,
    LessOrIs,
}

impl Cmp {
    /// The longest comparison that a value begins with, and the rest.
    pub fn cut(s: &str) -> (Option<Cmp>, &str) {
        let all = [
            (">=", Cmp::MoreOrIs),
            ("<=", Cmp::LessOrIs),
            ("≥", Cmp::MoreOrIs),
            ("≤", Cmp::LessOrIs),
            (">", Cmp::More),
            ("<", Cmp::Less),
            ("=", Cmp::Is),
        ];
        let found = all.iter().find_map(|(sign, c)| s.strip_prefix(sign).map(|rest| (Some(*c), rest)));
        found.unwrap_or((None, s))
    }

    pub fn sign(self) -> &'static str {
        match self {
            Cmp::Is => "",
            Cmp::More => ">",
            Cmp::MoreOrIs => ">=",
            Cmp::Less => "<",
            Cmp::LessOrIs => "<=",
        }
    }

    pub fn holds(self, a: i64, b: i64) -> bool {
        match self {
            Cmp::Is => a == b,
            Cmp::More => a > b,
            Cmp::MoreOrIs => a >= b,
            Cmp::Less => a < b,
            Cmp::LessOrIs => a <= b,
        }
    }
}

/// One value compared, or a range with both ends in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Test<T> {
    Cmp(Cmp, T),
    Range(Option<T>, Option<T>),
}

/// A whole number: `5000`, `5_000`, `5k`, `1.5m`.
pub fn number(s: &str) -> Option<i64> {
    let s = s.to_ascii_lowercase();
    let (digits, times) =
        match s.strip_suffix('k').map(|d| (d, 1_000i64)).or(s.strip_suffix('m').map(|d| (d, 1_000_000))) {
            Some((d, t)) => (d, t),
            None => (s.as_str(), 1),
        };
    let (sign, digits) = digits.strip_prefix('-').map_or((1, digits), |d| (-1, d));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: String = whole.chars().filter(|c| *c != '_').collect();
    let ok = |d: &str| d.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || !ok(&whole)
        || !ok(part)
        || (!part.is_empty() && times == 1)
        || digits.ends_with('.')
    {
        return None;
    }
    let mut n = whole.parse::<i64>().ok()?.checked_mul(times)?;
    let mut place = times;
    for d in part.bytes() {
        place /= 10;
        n += i64::from(d - b'0') * place;
    }
    Some(sign * n)
}

/// A duration with its unit, in ms; `months` reads m as months. Gives the canonical spelling too.
pub fn duration(s: &str, months: bool) -> Option<(i64, String)> {
    let low = s.to_ascii_lowercase();
    let at = low.find(|c: char| c.is_ascii_alphabetic())?;
    let (n, unit) = low.split_at(at);
    let n = number(n)?;
    let (unit, ms) = match unit {
        "m" if months => ("mo", 30 * 86_400_000),
        "m" | "min" => ("m", 60_000),
        "h" => ("h", 3_600_000),
        "d" => ("d", 86_400_000),
        "w" => ("w", 7 * 86_400_000),
        "mo" => ("mo", 30 * 86_400_000),
        "y" => ("y", 365 * 86_400_000),
        _ => return None,
    };
    Some((n.checked_mul(ms)?, format!("{n}{unit}")))
}

/// A date as it is written: a year, a month, a day or a minute, or a day that moves along.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Date {
    Year(i32),
    Month(i32, u32),
    Day(NaiveDate),
    Minute(NaiveDateTime),
    Today,
    Yesterday,
}

impl Date {
    pub fn read(s: &str) -> Option<Date> {
        match s.to_ascii_lowercase().as_str() {
            "today" => return Some(Date::Today),
            "yesterday" => return Some(Date::Yesterday),
            _ => {}
        }
        let s = s.replace('/', "-");
        let (day, time) = s.split_once(['T', 't']).map_or((s.as_str(), None), |(d, t)| (d, Some(t)));
        let mut parts = day.split('-');
        let digits = |p: Option<&str>, most: usize| -> Option<Option<u32>> {
            match p {
                None => Some(None),
                Some(p) if !p.is_empty() && p.len() <= most && p.bytes().all(|b| b.is_ascii_digit()) => {
                    Some(Some(p.parse().ok()?))
                }
                _ => None,
            }
        };
        let year = digits(parts.next().filter(|y| y.len() == 4), 4)??.cast_signed();
        let (month, of_month) = (digits(parts.next(), 2)?, digits(parts.next(), 2)?);
        if parts.next().is_some() {
            return None;
        }
        match (month, of_month, time) {
            (None, None, None) => Some(Date::Year(year)),
            (Some(m @ 1..=12), None, None) => Some(Date::Month(year, m)),
            (Some(m), Some(d), None) => NaiveDate::from_ymd_opt(year, m, d).map(Date::Day),
            (Some(m), Some(d), Some(t)) => {
                let (h, min) = t.split_once(':')?;
                let whole = |x: &str| (x.len() <= 2).then(|| x.parse::<u32>().ok()).flatten();
                NaiveDate::from_ymd_opt(year, m, d)?.and_hms_opt(whole(h)?, whole(min)?, 0).map(Date::Minute)
            }
            _ => None,
        }
    }

    pub fn print(&self) -> String {
        match self {
            Date::Year(y) => format!("{y:04}"),
            Date::Month(y, m) => format!("{y:04}-{m:02}"),
            Date::Day(d) => d.format("%Y-%m-%d").to_string(),
            Date::Minute(t) => t.format("%Y-%m-%dT%H:%M").to_string(),
            Date::Today => "today".into(),
            Date::Yesterday => "yesterday".into(),
        }
    }

    /// From when to when, in ms, the end not in it.
    pub fn interval(&self, cx: &Context<'_>) -> (i64, i64) {
        let zone = TimeDelta::seconds(i64::from(cx.zone));
        let ms = |t: NaiveDateTime| (t - zone).and_utc().timestamp_millis();
        let day = |d: NaiveDate| d.and_time(chrono::NaiveTime::MIN);
        let today = || {
            let now =
                chrono::DateTime::from_timestamp_millis(cx.now.0).unwrap_or_default().naive_utc() + zone;
            now.date()
        };
        let days = |d: NaiveDate| (ms(day(d)), ms(day(d.checked_add_days(Days::new(1)).unwrap_or(d))));
        match self {
            Date::Year(y) => {
                let at = |y| NaiveDate::from_ymd_opt(y, 1, 1).map_or(0, |d| ms(day(d)));
                (at(*y), at(y + 1))
            }
            Date::Month(y, m) => NaiveDate::from_ymd_opt(*y, *m, 1)
                .map_or((0, 0), |d| (ms(day(d)), ms(day(d.checked_add_months(Months::new(1)).unwrap_or(d))))),
            Date::Day(d) => days(*d),
            Date::Minute(t) => (ms(*t), ms(*t + TimeDelta::minutes(1))),
            Date::Today => days(today()),
            Date::Yesterday => days(today().pred_opt().unwrap_or_default()),
        }
    }

    /// Where it begins, for telling that a range runs backwards; days that move along stand beside none.
    pub fn begins(&self) -> Option<(i32, u32, u32)> {
        match self {
            Date::Year(y) => Some((*y, 1, 1)),
            Date::Month(y, m) => Some((*y, *m, 1)),
            Date::Day(d) => Some((d.year(), d.month(), d.day())),
            Date::Minute(t) => Some((t.year(), t.month(), t.day())),
            Date::Today | Date::Yesterday => None,
        }
    }
}

/// True if a time lies as the test wants: after an end is at or after it, before a beginning is before it.
pub fn date_holds(t: &Test<Date>, at: Stamp, cx: &Context<'_>) -> bool {
    let at = at.0;
    match t {
        Test::Cmp(c, d) => {
            let (from, to) = d.interval(cx);
            match c {
                Cmp::Is => from <= at && at < to,
                Cmp::More => at >= to,
                Cmp::MoreOrIs => at >= from,
                Cmp::Less => at < from,
                Cmp::LessOrIs => at < to,
            }
        }
        Test::Range(a, b) => {
            a.is_none_or(|a| at >= a.interval(cx).0) && b.is_none_or(|b| at < b.interval(cx).1)
        }
    }
}

/// An address without its scheme.
pub fn after_scheme(s: &str) -> &str {
    match s.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') => rest,
        _ => s,
    }
}

/// A host with what it hosts: `example.com/blog`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// As IDNA writes it, for comparing.
    pub host: String,
    /// Path and query, with the `/` in front; empty for all of it.
    pub path: String,
    pub shown: String,
}

impl Site {
    /// `None` if there is no host in it.
    pub fn read(value: &str) -> Option<Site> {
        let v = after_scheme(value);
        let v = v.split('#').next().unwrap_or("").trim_end_matches(['.', ',', ';', '!', '/', '?', '&']);
        let cut = v.find(['/', '?']).unwrap_or(v.len());
        let (host, path) = v.split_at(cut);
        let host = host.rsplit('@').next().unwrap_or("");
        let host = host.split(':').next().unwrap_or("").to_lowercase();
        let host = host.trim_start_matches("*.").trim_start_matches('.').trim_start_matches("www.");
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_') || !c.is_ascii();
        if host.is_empty() || !host.chars().all(plain) || host.split('.').any(str::is_empty) {
            return None;
        }
        let ascii = url::Host::parse(host).ok()?.to_string();
        let path = path.to_lowercase();
        Some(Site { shown: format!("{host}{path}"), host: ascii, path })
    }

    /// True for an address of this host, or of one below it, that begins so.
    pub fn holds(&self, address: &str) -> bool {
        let v = after_scheme(address);
        let v = v.split('#').next().unwrap_or("");
        let cut = v.find(['/', '?']).unwrap_or(v.len());
        let (host, path) = v.split_at(cut);
        let host = host.rsplit('@').next().unwrap_or("").split(':').next().unwrap_or("").to_lowercase();
        let host = url::Host::parse(&host).map_or(host, |h| h.to_string());
        let host = host.trim_start_matches("www.");
        let below = host == self.host || host.strip_suffix(&self.host).is_some_and(|h| h.ends_with('.'));
        let path = path.to_lowercase();
        let rest = path.strip_prefix(&self.path);
        below && rest.is_some_and(|r| self.path.is_empty() || r.is_empty() || r.starts_with(['/', '?', '&']))
    }
}

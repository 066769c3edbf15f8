//! One poll of one source: ask, read, match, and say what arrived and how the source is now.

use super::health::{note_failure, note_success};
use super::lines::parse_line;
use super::schedule::{Wish, next_poll};
use super::{Login, Source, SourceKind, Topics, full};
use crate::clean;
use crate::model::{Cursor, Health, Id, Mention, Stamp, State, Text, Trouble, base64, hash64};
use crate::net::{Answer, Ask, Net, NetError, Origin, Program, Secret, Why, read_secret, run};
use crate::networks::feed::{Context, Document, Heard, parse};
use crate::store::{Arrivals, Incoming, Reader, SourceRec};
use std::time::Duration;

/// What a poll says to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Entries in the document.
    Fresh(usize),
    NotModified,
    Failed(Text),
    Retired(Text),
}

/// What a poll brings: arrivals with cursor and health for one batch of the store.
#[derive(Clone, Debug)]
pub struct Polled {
    pub arrivals: Arrivals,
    pub health: Health,
    pub report: Report,
    /// Bytes over the line.
    pub received: u64,
}

const ACCEPT: &str = "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, \
                      application/xml;q=0.9, text/xml;q=0.9, text/html;q=0.6, */*;q=0.5";
/// Where feeds lie on pages that do not say so.
const USUAL_PLACES: [&str; 5] = ["/feed", "/rss", "/atom.xml", "/index.xml", "/feed.xml"];

/// What all polls share.
pub struct Poller<'a> {
    pub net: &'a Net,
    pub reader: &'a Reader,
    pub topics: &'a Topics,
    /// Younger posts that match enter the inbox, older ones are heard; in ms.
    pub since_ms: i64,
    pub now: Stamp,
}

/// Polls a source. Never fails: a failure is a report and a change of health.
pub async fn poll(
    net: &Net,
    reader: &Reader,
    topics: &Topics,
    source: &Source,
    rec: SourceRec,
    (since_ms, now, jitter): (i64, Stamp, f64),
) -> Polled {
    let p = Poller { net, reader, topics, since_ms, now };
    let mut cursor = rec.cursor;
    let mut health = rec.health;
    if cursor.configured != source.what() {
        cursor = Cursor { configured: source.what(), ..Cursor::default() };
    }
    let got = match &source.kind {
        SourceKind::Feed { url } => p.feed(source, url, &mut cursor).await,
        SourceKind::Command { argv } => p.command(source, argv).await,
    };
    let mut wish = Wish::default();
    let (mut items, mut document, mut received) = (Vec::new(), false, 0);
    let report = match got {
        Ok(got) => {
            wish = got.wish;
            received = got.received;
            let times: Option<Vec<i64>> = got.items.as_ref().map(|i| i.iter().map(|x| x.1.at.0).collect());
            note_success(&mut health, now, times.as_deref(), source.every_ms);
            match got.items {
                Some(all) => {
                    let n = all.len();
                    // A document that broke off says nothing about what it lacks.
                    document = !got.cut;
                    items = p.judge(source, all).await;
                    Report::Fresh(n)
                }
                None => Report::NotModified,
            }
        }
        Err(Failure::Gone(why)) => {
            health.trouble = Trouble::Retired(why.clone());
            health.last_error = Some((now, why.clone()));
            Report::Retired(why)
        }
        Err(Failure::Other(why, w)) => {
            wish = w;
            note_failure(&mut health, now, why.clone());
            Report::Failed(why)
        }
    };
    health.next_poll =
        Some(next_poll(now, source.every_ms, source.exact, health.usual_ms, health.failures, &wish, jitter));
    let arrivals = Arrivals {
        source: source.id.clone(),
        network: source.network().into(),
        class: source.class.clone(),
        items,
        document,
        cursor: Some(cursor),
        health: Some(health.clone()),
    };
    Polled { arrivals, health, report, received }
}

/// What a source gave, before it is judged.
struct Got {
    /// `None`: nothing new.
    items: Option<Vec<(Id, Mention)>>,
    cut: bool,
    wish: Wish,
    received: u64,
}

enum Failure {
    Gone(Text),
    Other(Text, Wish),
}

impl From<Text> for Failure {
    fn from(t: Text) -> Self {
        Failure::Other(t, Wish::default())
    }
}

impl From<NetError> for Failure {
    fn from(e: NetError) -> Self {
        let retry_after = match e.why {
            Why::Wait(d) => i64::try_from(d.as_millis()).ok(),
            _ => None,
        };
        Failure::Other(e.text, Wish { retry_after, ..Wish::default() })
    }
}

impl Poller<'_> {
    async fn feed(&self, source: &Source, configured: &str, cursor: &mut Cursor) -> Result<Got, Failure> {
        let login = login(source).await?;
        let url = cursor.url.clone().unwrap_or_else(|| configured.to_owned());
        let mut ask = ask(source, configured, &url, login);
        if let Some(e) = &cursor.etag {
            ask.headers.push(("if-none-match".into(), e.clone()));
        }
        if let Some(m) = &cursor.last_modified {
            ask.headers.push(("if-modified-since".into(), m.clone()));
        }
        let answer = self.net.get(&ask).await?;
        let wish = wishes(&answer, self.now);
        match answer.status {
            304 => return Ok(Got { items: None, cut: false, wish, received: answer.received }),
            200..=299 => {}
            // An address that we found ourselves and that is gone: begin again at the configured one.
            404 | 410 if cursor.url.is_some() => {
                *cursor = Cursor { configured: configured.to_owned(), ..Cursor::default() };
                return Err(Failure::Other(status_words(answer.status), wish));
            }
            410 => return Err(Failure::Gone(Text::ours("gone for good (410)"))),
            s => return Err(Failure::Other(status_words(s), wish)),
        }
        remember(cursor, &answer);
        let hash = hash64(&[&String::from_utf8_lossy(&answer.body)]);
        if hash == cursor.body_hash {
            return Ok(Got { items: None, cut: false, wish, received: answer.received });
        }
        let heard = self.read(source, &answer);
        let (doc, received) = match heard.map_err(|e| Failure::Other(e, wish.clone()))? {
            Heard::Feed(d) => (d, answer.received),
            Heard::Page { feeds, .. } => self.find_feed(source, configured, &answer, feeds, cursor).await?,
        };
        cursor.body_hash = hash;
        let wish = Wish {
            ttl: doc.wishes.ttl_min.map(|m| i64::from(m) * 60_000),
            skip_hours: doc.wishes.skip_hours.clone(),
            skip_days: doc.wishes.skip_days.clone(),
            ..wish
        };
        let items = doc.items.into_iter().map(|i| (i.identity, i.mention)).collect();
        Ok(Got { items: Some(items), cut: doc.cut, wish, received })
    }

    fn read(&self, source: &Source, a: &Answer) -> Result<Heard, Text> {
        let content_type = a.header("content-type").unwrap_or("");
        parse(&a.body, &Context { source: &source.id, url: &a.url, content_type, now: self.now })
    }

    /// A page stands where a feed was hoped for: asks the feeds that it declares, then the usual places.
    async fn find_feed(
        &self,
        source: &Source,
        configured: &str,
        page: &Answer,
        declared: Vec<Text>,
        cursor: &mut Cursor,
    ) -> Result<(Box<Document>, u64), Failure> {
        let usual = USUAL_PLACES.iter().map(|p| clean::url(p, Some(&page.url)));
        let candidates: Vec<Text> = if declared.is_empty() { usual.collect() } else { declared };
        let mut last = None;
        for c in candidates.iter().take(5).filter(|c| !c.is_empty()) {
            let login = login(source).await?;
            let found = self.net.get(&ask(source, configured, c, login)).await;
            match found {
                Ok(a) if a.status == 200 => {
                    if let Ok(Heard::Feed(d)) = self.read(source, &a) {
                        *cursor = Cursor {
                            configured: configured.to_owned(),
                            url: Some(a.url.clone()),
                            ..Cursor::default()
                        };
                        remember(cursor, &a);
                        return Ok((d, a.received + page.received));
                    }
                }
                Ok(_) => {}
                Err(e) => last = Some(e.text),
            }
        }
        let why = last.map_or(String::new(), |e| format!(" ({e})"));
        Err(clean::line(&format!("this is a page that names no feed{why}; give the address of its feed"))
            .into())
    }

    async fn command(&self, source: &Source, argv: &[String]) -> Result<Got, Failure> {
        let program = Program {
            argv: argv.to_vec(),
            time: source.limits.whole,
            max_bytes: source.limits.max_expanded,
            input: Vec::new(),
        };
        let out = run(&program).await.map_err(|e| Failure::from(e.0))?;
        let text = String::from_utf8_lossy(&out);
        let mut items = Vec::new();
        let mut wrong: Option<(usize, Text)> = None;
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            match parse_line(line, &source.id, "command", self.now) {
                Ok(p) => items.push((p.identity, p.mention)),
                Err(e) => wrong = wrong.or(Some((i + 1, e))),
            }
        }
        match wrong {
            Some((n, e)) if items.is_empty() => {
                Err(clean::line(&format!("line {n} of its output: {e}")).into())
            }
            _ => Ok(Got { items: Some(items), cut: true, wish: Wish::default(), received: out.len() as u64 }),
        }
    }

    /// Fetches the pages behind short entries, matches topics, decides the state.
    async fn judge(&self, source: &Source, all: Vec<(Id, Mention)>) -> Vec<Incoming> {
        let mut pages = 0;
        let mut out = Vec::with_capacity(all.len());
        for (identity, mut m) in all {
            let short = source.full && m.text.len() < full::SHORT && !m.url.is_empty();
            if short && pages < full::PAGES && !self.reader.knows(identity) {
                pages += 1;
                if let Some(text) = self.page_text(source, &m).await {
                    m.text = text;
                }
            }
            m.topics = self.topics.hits(&m.title, &m.text, &source.topics);
            let matched = self.topics.is_empty() || !m.topics.is_empty();
            if source.matches_only && !matched {
                continue;
            }
            let young = m.at.0 >= self.now.0 - self.since_ms;
            let state = if matched && young { State::Inbox } else { State::Heard };
            let link = link_of(&m);
            out.push(Incoming { identity, mention: m, state, link });
        }
        out
    }

    async fn page_text(&self, source: &Source, m: &Mention) -> Option<Text> {
        let SourceKind::Feed { url } = &source.kind else { return None };
        let login = login(source).await.ok()?;
        let mut ask = ask(source, url, &m.url, login);
        ask.limits.max_bytes = ask.limits.max_bytes.min(4 << 20);
        let a = self.net.get(&ask).await.ok().filter(|a| a.status == 200)?;
        full::article(&String::from_utf8_lossy(&a.body), &a.url, &m.text)
    }
}

/// Hash of the canonical address of a mention; 0 if it has none.
#[must_use]
pub fn link_of(m: &Mention) -> u64 {
    if m.url.is_empty() { 0 } else { hash64(&["link", &clean::canonical(&m.url)]) }
}

fn ask(source: &Source, configured: &str, url: &str, login: Option<(String, Secret)>) -> Ask {
    let mut allow = source.allow.clone();
    allow.extend(Origin::of(configured));
    // A login goes to the configured origin and nowhere else.
    let same = Origin::of(configured) == Origin::of(url);
    Ask {
        url: url.to_owned(),
        headers: vec![("accept".into(), ACCEPT.into())],
        login: login.filter(|_| same),
        allow,
        ca: source.ca.clone(),
        proxy: source.proxy.clone(),
        limits: source.limits,
    }
}

async fn login(source: &Source) -> Result<Option<(String, Secret)>, Failure> {
    let failed = |e: String| Failure::from(clean::line(&format!("its login: {e}")));
    Ok(match &source.login {
        None => None,
        Some(Login::Header { name, value }) => {
            Some((name.clone(), read_secret(value).await.map_err(failed)?))
        }
        Some(Login::Basic { user, password }) => {
            let p = read_secret(password).await.map_err(failed)?;
            let both = format!("{user}:{}", p.reveal());
            Some(("authorization".into(), Secret::new(format!("Basic {}", base64(both.as_bytes())))))
        }
    })
}

fn remember(cursor: &mut Cursor, a: &Answer) {
    cursor.etag = a.header("etag").map(str::to_owned);
    cursor.last_modified = a.header("last-modified").map(str::to_owned);
    cursor.moved = match (&a.moved, cursor.moved.take()) {
        (Some(to), Some((seen, n))) if *to == seen => Some((seen, n + 1)),
        (Some(to), _) => Some((to.clone(), 1)),
        (None, _) => None,
    };
    // A permanent redirect is believed once it has worked twice.
    if let Some((to, _)) = cursor.moved.take_if(|(_, n)| *n >= 2) {
        cursor.url = Some(to);
    }
}

/// What the headers ask for.
fn wishes(a: &Answer, now: Stamp) -> Wish {
    let retry_after = a.header("retry-after").and_then(|v| {
        let v = v.trim();
        let seconds = v.parse::<i64>().ok().map(|s| s.saturating_mul(1000));
        seconds.or_else(|| {
            let t = chrono::DateTime::parse_from_rfc2822(v).ok()?;
            Some(t.timestamp_millis() - now.0)
        })
    });
    let max_age = a.header("cache-control").and_then(|c| {
        let low = c.to_ascii_lowercase();
        let at = low.find("max-age=")? + 8;
        let digits: String = low[at..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<i64>().ok().map(|s| s.saturating_mul(1000))
    });
    Wish { retry_after: retry_after.filter(|ms| *ms > 0), max_age, ..Wish::default() }
}

fn status_words(s: u16) -> Text {
    let words = match s {
        401 => "it wants a login (401); set auth or header for this source",
        403 => "it refuses us (403)",
        404 => "not found (404)",
        410 => "gone (410)",
        429 => "too many requests (429)",
        500..=599 => "the server has a fault",
        _ => "an unexpected answer",
    };
    clean::line(&if (500..=599).contains(&s) || !words.contains('(') {
        format!("{words} ({s})")
    } else {
        words.into()
    })
}

/// The time that a whole poll may take at most, for whoever waits for many.
#[must_use]
pub fn longest(source: &Source) -> Duration {
    source.limits.whole * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_become_wishes() {
        let now = Stamp::parse_rfc3339("2026-05-01T00:00:00Z").unwrap();
        let mut a = Answer::default();
        a.headers.insert("retry-after".into(), "Fri, 01 May 2026 00:01:00 GMT".into());
        a.headers.insert("cache-control".into(), "public, max-age=3600".into());
        let w = wishes(&a, now);
        assert_eq!((w.retry_after, w.max_age), (Some(60_000), Some(3_600_000)));
    }

    #[test]
    fn a_permanent_redirect_is_believed_the_second_time() {
        let mut c = Cursor::default();
        let a = Answer { moved: Some("https://new.example/f".into()), ..Answer::default() };
        remember(&mut c, &a);
        assert_eq!(c.url, None);
        remember(&mut c, &a);
        assert_eq!(c.url.as_deref(), Some("https://new.example/f"));
    }
}

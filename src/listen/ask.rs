//! How a source is asked: its request, its login, whom it may reach; and what the headers of an answer wish.

use super::schedule::Wish;
use super::{Login, Source};
use crate::clean;
use crate::model::{Cursor, Stamp, Text, base64};
use crate::net::{Answer, Ask, Net, Origin, Secret, SecretFrom, Verb, names_private, retry_after_ms};

const ACCEPT: &str = "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, \
                      application/xml;q=0.9, text/xml;q=0.9, text/html;q=0.6, */*;q=0.5";

/// The request for an address of a source.
pub fn ask(source: &Source, configured: &str, url: &str, login: Option<(String, Secret)>) -> Ask {
    let mut allow = source.allow.clone();
    // A configured address that says so may be private; any other name needs `allow`, for it may be pointed
    // anywhere later by whoever owns it.
    allow.extend(Origin::of(configured).filter(|_| names_private(configured)));
    // A login goes to the configured origin and nowhere else.
    let same = Origin::of(configured) == Origin::of(url);
    Ask {
        verb: Verb::Usual,
        body: None,
        url: url.to_owned(),
        headers: vec![("accept".into(), ACCEPT.into())],
        login: login.into_iter().filter(|_| same).collect(),
        allow,
        ca: source.ca.clone(),
        proxy: source.proxy.clone(),
        limits: source.limits,
    }
}

/// Where the secret of a source lies.
pub fn secret_of(source: &Source) -> Option<&SecretFrom> {
    source.login.as_ref().map(Login::secret)
}

/// The header of a login: name and value.
pub async fn login(net: &Net, source: &Source) -> Result<Option<(String, Secret)>, Text> {
    let Some(login) = &source.login else { return Ok(None) };
    header_of(net, login).await.map(Some).map_err(|e| clean::line(&format!("its login: {e}")))
}

/// The header of a login, with its secret read.
///
/// # Errors
/// A sentence that never holds the secret.
pub async fn header_of(net: &Net, login: &Login) -> Result<(String, Secret), String> {
    let secret = net.secret(login.secret()).await?;
    Ok(match login {
        Login::Header { name, .. } => (name.clone(), secret),
        Login::Basic { user, .. } => {
            let both = format!("{user}:{}", secret.reveal());
            ("authorization".into(), Secret::new(format!("Basic {}", base64(both.as_bytes()))))
        }
    })
}

/// Keeps what the next request should say. Called only for an answer that held a feed: a page that stands in its
/// place for a while must not be asked for again.
pub fn remember(cursor: &mut Cursor, a: &Answer) {
    cursor.etag = a.header("etag").map(str::to_owned);
    cursor.last_modified = a.header("last-modified").map(str::to_owned);
    cursor.misses = 0;
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

/// The answer could not be used: the next request asks for it whole.
pub fn distrust(cursor: &mut Cursor) {
    (cursor.etag, cursor.last_modified, cursor.moved, cursor.body_hash) = (None, None, None, 0);
}

/// What the headers ask for, beside what the last document asked for.
pub fn wishes(a: &Answer, cursor: &Cursor, now: Stamp) -> Wish {
    let max_age = a.header("cache-control").and_then(|c| {
        let low = c.to_ascii_lowercase();
        let at = low.find("max-age=")? + 8;
        let digits: String = low[at..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<i64>().ok().map(|s| s.saturating_mul(1000))
    });
    Wish {
        retry_after: a.header("retry-after").and_then(|v| retry_after_ms(v, now)),
        max_age,
        ttl: cursor.asked.ttl_ms,
        skip_hours: cursor.asked.skip_hours.clone(),
        skip_days: cursor.asked.skip_days.clone(),
    }
}

/// A status as people should read it.
pub fn status_words(s: u16) -> Text {
    let words = match s {
        401 => "it wants a login (401); set auth or header for this source",
        403 => "it refuses us (403)",
        404 => "not found (404)",
        410 => "gone (410)",
        429 => "too many requests (429)",
        500..=599 => "the server has a fault",
        _ => "an unexpected answer",
    };
    clean::line(&if words.contains('(') { words.into() } else { format!("{words} ({s})") })
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
        let w = wishes(&a, &Cursor::default(), now);
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

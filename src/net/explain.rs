//! What failed on the way, in words for a person: no secret, no query of an address.

use super::client::{NetError, Why};
use super::guard::PRIVATE;
use url::Url;

/// An address for messages: no query (keys stand there), no user.
pub fn show(url: &Url) -> String {
    let port = url.port().map_or(String::new(), |p| format!(":{p}"));
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or(""), url.path())
}

/// All causes of an error, in one line.
pub fn chain(e: &dyn std::error::Error) -> String {
    let mut out = e.to_string();
    let mut next = e.source();
    while let Some(s) = next {
        let text = s.to_string();
        if !out.contains(&text) {
            out += ": ";
            out += &text;
        }
        next = s.source();
    }
    out
}

pub fn explain(e: &reqwest::Error, url: &Url) -> NetError {
    let all = chain(&e.as_ref_without_url());
    let host = url.host_str().unwrap_or("");
    let low = all.to_lowercase();
    let (why, what) = if low.contains("private address") {
        (Why::Guard, format!("{host} is {PRIVATE}"))
    // Once it is connected, a word of TLS means a cut: what was sent may have arrived.
    } else if e.is_connect()
        && (low.contains("certificate") || low.contains("tls") || low.contains("unknownissuer"))
    {
        (Why::Tls, format!("the certificate of {host} is not trusted: {all}"))
    } else if e.is_timeout() || low.contains("timed out") {
        (Why::Timeout, format!("{host} does not answer in time"))
    } else if low.contains("dns") || low.contains("name or service") || low.contains("lookup") {
        (Why::Name, format!("the name {host} cannot be found"))
    } else if e.is_connect() {
        (Why::Connect, format!("{host} cannot be reached: {all}"))
    } else {
        (Why::Broken, format!("the answer of {host} broke off: {all}"))
    };
    NetError::new(why, what)
}

/// reqwest puts the whole address, with keys in its query, into its messages.
trait WithoutUrl {
    fn as_ref_without_url(&self) -> Bare<'_>;
}

impl WithoutUrl for reqwest::Error {
    fn as_ref_without_url(&self) -> Bare<'_> {
        Bare(self)
    }
}

#[derive(Debug)]
struct Bare<'a>(&'a reqwest::Error);

impl std::fmt::Display for Bare<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let s = self.0.to_string();
        match self.0.url() {
            Some(u) => f.write_str(&s.replace(&format!(" for url ({u})"), "")),
            None => f.write_str(&s),
        }
    }
}

impl std::error::Error for Bare<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

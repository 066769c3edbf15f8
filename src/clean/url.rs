//! Addresses from outside: only http and https, no user, no controls; and the canonical form by which two
//! tellings of one story are recognised.

use crate::model::Text;
use url::Url;

/// The longest address that is kept, in bytes.
const URL_MAX: usize = 2048;

/// A safe address, resolved against `base` if it is relative; empty if it is no http(s) address.
#[must_use]
pub fn url(s: &str, base: Option<&str>) -> Text {
    let s = s.trim();
    if s.is_empty() || s.len() > URL_MAX {
        return Text::default();
    }
    let parsed = match Url::parse(s) {
        Ok(u) => Some(u),
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            base.and_then(|b| Url::parse(b).ok()).and_then(|b| b.join(s).ok())
        }
        Err(_) => None,
    };
    let Some(mut u) = parsed.filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host()) else {
        return Text::default();
    };
    let _ = u.set_username("");
    let _ = u.set_password(None);
    Text::already_clean(u.into())
}

/// Where an address stands in a word, in bytes, as people write one: what ends the sentence or opens a bracket before it
/// is none of it. `None` where there is none, or one without a host.
#[must_use]
pub fn address_in(word: &str) -> Option<std::ops::Range<usize>> {
    const ENDS: [char; 12] = ['.', ',', ';', ':', '!', '?', ')', '"', '\'', '>', '”', '»'];
    let from = ["https://", "http://"].iter().filter_map(|s| word.find(s)).min()?;
    let whole = &word[from..];
    let mut end = whole.trim_end_matches(ENDS).len();
    // A bracket that closes one within the address belongs to it.
    while whole[end..].starts_with(')')
        && whole[..end].matches('(').count() > whole[..end].matches(')').count()
    {
        end += 1;
    }
    let host = whole[..end].split_once("://")?.1;
    host.starts_with(|c: char| c.is_alphanumeric() || c == '[').then_some(from..from + end)
}

/// The addresses in a text, each once.
#[must_use]
pub fn addresses(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if let Some(url) = address_in(word).map(|at| &word[at])
            && !out.iter().any(|u| u == url)
        {
            out.push(url.to_owned());
        }
    }
    out
}

/// The host of an address, lower case, without `www.`; empty if there is none. In ASCII form, so that two
/// alike-looking names differ.
#[must_use]
pub fn host_of(s: &str) -> Text {
    let host = Url::parse(s).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_start_matches("www.");
    Text::already_clean(host.to_owned())
}

/// The host as people should see it beside a link they may open.
#[must_use]
pub fn show_host(s: &str) -> String {
    host_of(s).into_string()
}

/// Parameters that say where a reader came from, never what is read.
fn is_tracking(k: &str) -> bool {
    let k = k.to_ascii_lowercase();
    k.starts_with("utm_")
        || k.starts_with("mc_")
        || k.starts_with("pk_")
        || k.starts_with("at_")
        || matches!(
            k.as_str(),
            "fbclid"
                | "gclid"
                | "dclid"
                | "msclkid"
                | "yclid"
                | "igshid"
                | "twclid"
                | "ref"
                | "ref_src"
                | "source"
                | "cmpid"
                | "ns_campaign"
                | "ns_mchannel"
                | "ns_source"
                | "ns_linkname"
                | "_hsenc"
                | "_hsmi"
                | "wt.mc_id"
                | "spm"
                | "share"
        )
}

/// Parameters that only ever say where a reader came from, whoever writes them.
fn is_surely_tracking(k: &str) -> bool {
    let k = k.to_ascii_lowercase();
    k.starts_with("utm_")
        || matches!(k.as_str(), "fbclid" | "gclid" | "dclid" | "msclkid" | "yclid" | "igshid" | "twclid")
}

/// One form for the spellings of an address that names one thing of one publisher: no scheme, no `www.`, no
/// campaign parameters, no trailing slash, parameters in order. The fragment stays: comments differ by it alone.
#[must_use]
pub fn same_thing(s: &str) -> String {
    let Ok(u) = Url::parse(s) else { return s.trim().to_owned() };
    let mut out = form(&u, is_surely_tracking).unwrap_or_else(|| s.trim().to_owned());
    if let Some(f) = u.fragment().filter(|f| !f.is_empty()) {
        out.push('#');
        out += f;
    }
    out
}

/// One form for all spellings of an address: no scheme, no `www.`, no tracking parameters, no fragment, no
/// trailing slash, parameters in order. For comparing only, never for opening.
#[must_use]
pub fn canonical(s: &str) -> String {
    let Ok(u) = Url::parse(s) else { return s.trim().to_owned() };
    let Some(mut out) = form(&u, is_tracking) else { return s.trim().to_owned() };
    if let Some(f) = u.fragment().filter(|f| f.starts_with('!') || f.starts_with('/')) {
        out.push('#');
        out += f;
    }
    out
}

/// Host, port, path and the parameters that are left, in order.
fn form(u: &Url, dropped: fn(&str) -> bool) -> Option<String> {
    let mut out = u.host_str()?.trim_start_matches("www.").to_owned();
    if let Some(p) = u.port() {
        out += &format!(":{p}");
    }
    out += u.path().trim_end_matches('/').trim_end_matches("/index.html");
    let mut pairs: Vec<(String, String)> =
        u.query_pairs().filter(|(k, _)| !dropped(k)).map(|(k, v)| (k.into(), v.into())).collect();
    pairs.sort();
    for (i, (k, v)) in pairs.iter().enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        out += k;
        out.push('=');
        out += v;
    }
    Some(out)
}

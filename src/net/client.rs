//! The HTTP client: conditional GETs, redirects followed hop by hop, caps on time and size, errors in words.

use super::body::{BodyError, expand};
use super::explain::{chain, explain, show};
use super::guard::{Guard, PRIVATE, System, is_public};
use super::host::{HostLimits, Hosts, Turn};
use super::{Limits, Secret, SecretFrom, read_secret};
use crate::clean;
use crate::model::time::DAY;
use crate::model::{Stamp, Text};
use reqwest::dns::Resolve;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::{Host, Url};

/// Redirects followed at most.
const HOPS: usize = 5;

/// Scheme, host and port: what the configuration names when it allows a private address.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Origin(String);

impl Origin {
    /// `None` if this is no http(s) address.
    #[must_use]
    pub fn of(url: &str) -> Option<Origin> {
        let u = Url::parse(url).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
        Some(Origin(u.origin().ascii_serialization()))
    }
}

/// How a request is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verb {
    /// A GET, or a POST where there is a body.
    #[default]
    Usual,
    Put,
    Delete,
}

/// One GET, or a POST where there is a body, or what the verb says.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub url: String,
    pub verb: Verb,
    /// Its type and its bytes. What is posted follows no redirect.
    pub body: Option<(&'static str, Vec<u8>)>,
    /// Sent as they are: conditions, Accept.
    pub headers: Vec<(String, String)>,
    /// Sent only to the origin of `url`: a login.
    pub login: Vec<(String, Secret)>,
    /// Origins that may have private addresses.
    pub allow: Vec<Origin>,
    pub ca: Option<PathBuf>,
    pub proxy: Option<String>,
    pub limits: Limits,
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    pub headers: HashMap<String, String>,
    /// Where the answer came from in the end.
    pub url: String,
    /// All hops were permanent: the address to use from now on.
    pub moved: Option<String>,
    /// Bytes over the line.
    pub received: u64,
    /// All hops were permanent, or there was none: what the status says is said of the address that was asked.
    pub direct: bool,
    /// What it holds of the program's budget, until it is read.
    pub held: Vec<Arc<OwnedSemaphorePermit>>,
}

impl Answer {
    /// The body, for whoever reads it on another thread.
    #[must_use]
    pub fn take_body(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.body)
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What kind of failure it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    Address,
    Guard,
    Name,
    Connect,
    /// A mailbox refuses the login.
    Login,
    Tls,
    Timeout,
    TooBig,
    Redirects,
    Broken,
    /// The host asked to be left alone for this long.
    Wait(Duration),
}

/// A failed request, as a sentence without secrets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetError {
    pub why: Why,
    pub text: Text,
}

impl NetError {
    pub(super) fn new(why: Why, text: impl AsRef<str>) -> NetError {
        NetError { why, text: clean::line_capped(text.as_ref(), 300) }
    }
}

impl std::fmt::Display for NetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for NetError {}

/// Guarded or not, CA, proxy: what tells clients apart.
type ClientKey = (bool, Option<PathBuf>, Option<String>, Duration);

/// Bodies above this size are held by few at a time, in bytes.
const BIG: usize = 1 << 20;
const BIG_AT_ONCE: usize = 4;

/// The client of the whole program.
pub struct Net {
    pub(super) user_agent: String,
    pub(super) resolver: Arc<dyn Resolve>,
    hosts: Hosts,
    clients: Mutex<HashMap<ClientKey, reqwest::Client>>,
    /// Requests at once, all hosts together; and big bodies at once.
    all: Arc<Semaphore>,
    big: Arc<Semaphore>,
    /// What commands gave as secrets, until a server refuses them.
    secrets: Mutex<HashMap<Vec<String>, Secret>>,
}

impl Net {
    /// `contact` (a mail address or a page) is sent in the one User-Agent.
    #[must_use]
    pub fn new(contact: Option<&str>, limits: HostLimits) -> Net {
        Self::with_resolver(contact, limits, Arc::new(System))
    }

    /// With another resolver, for tests of the guard.
    #[must_use]
    pub fn with_resolver(contact: Option<&str>, limits: HostLimits, resolver: Arc<dyn Resolve>) -> Net {
        // A second call finds the provider installed; that is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let contact = contact.filter(|c| c.is_ascii()).map_or(String::new(), |c| format!(" (+{c})"));
        Net {
            user_agent: format!("Hearken/{}{contact}", env!("CARGO_PKG_VERSION")),
            resolver,
            all: Arc::new(Semaphore::new(limits.all_at_once.max(1))),
            big: Arc::new(Semaphore::new(BIG_AT_ONCE)),
            hosts: Hosts::new(limits),
            clients: Mutex::default(),
            secrets: Mutex::default(),
        }
    }

    fn client(&self, key: ClientKey) -> Result<reqwest::Client, NetError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(c) = clients.get(&key) {
            return Ok(c.clone());
        }
        let (guarded, ca, proxy, connect) = &key;
        let mut b = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(*connect)
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(8)
            .no_proxy()
            .dns_resolver(Arc::new(Guard { inner: self.resolver.clone(), guarded: *guarded }));
        if let Some(p) = proxy {
            let p =
                reqwest::Proxy::all(p).map_err(|e| NetError::new(Why::Address, format!("the proxy: {e}")))?;
            b = b.proxy(p);
        }
        if let Some(path) = ca {
            let pem = std::fs::read(path)
                .map_err(|e| NetError::new(Why::Tls, format!("the CA file {}: {e}", path.display())))?;
            let certs = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|e| NetError::new(Why::Tls, format!("the CA file {}: {e}", path.display())))?;
            b = b.tls_certs_merge(certs);
        }
        let c = b
            .build()
            .map_err(|e| NetError::new(Why::Tls, format!("no client can be made: {}", chain(&e))))?;
        clients.insert(key, c.clone());
        Ok(c)
    }

    /// Reads a secret. A command is run once, until [`Net::forget_secret`].
    ///
    /// # Errors
    /// A sentence that never holds the secret.
    pub async fn secret(&self, from: &SecretFrom) -> Result<Secret, String> {
        let SecretFrom::Command(argv) = from else { return read_secret(from).await };
        let known = self.secrets.lock().unwrap_or_else(PoisonError::into_inner).get(argv).cloned();
        match known {
            Some(s) => Ok(s),
            None => {
                let s = read_secret(from).await?;
                self.secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(argv.clone(), s.clone());
                Ok(s)
            }
        }
    }

    /// A server refused it: the command is run again. False if nothing else can come of that.
    pub fn forget_secret(&self, from: &SecretFrom) -> bool {
        match from {
            SecretFrom::Command(argv) => {
                self.secrets.lock().unwrap_or_else(PoisonError::into_inner).remove(argv).is_some()
            }
            _ => false,
        }
    }

    /// Asks. The time for the whole of it begins with its first turn: waiting for others is nobody's fault.
    ///
    /// # Errors
    /// What failed, as a sentence; an answer with a bad status is no error.
    pub async fn get(&self, ask: &Ask) -> Result<Answer, NetError> {
        let first = match Url::parse(&ask.url) {
            Ok(u) => Some(self.turn(&u).await?),
            Err(_) => None,
        };
        let whole = ask.limits.whole;
        match tokio::time::timeout(whole, self.follow(ask, first)).await {
            Ok(done) => done,
            Err(_) => {
                Err(NetError::new(Why::Timeout, format!("no whole answer within {} s", whole.as_secs())))
            }
        }
    }

    /// A turn at the host first, then one of the program: who waits for a slow host holds nobody else up.
    pub(super) async fn turn(&self, url: &Url) -> Result<Held, NetError> {
        let name = url.host_str().unwrap_or_default();
        let host = self.hosts.turn(name, is_loopback(url)).await.map_err(|wait| {
            NetError::new(Why::Wait(wait), format!("{name} asked to be left alone for {} s", wait.as_secs()))
        })?;
        let all = self.all.clone().acquire_owned().await.ok().map(Arc::new);
        Ok(Held { _host: host, all })
    }

    async fn follow(&self, ask: &Ask, held: Option<Held>) -> Result<Answer, NetError> {
        let Opened { response, url, turn, moved, direct } = self.open(ask, held).await?;
        let mut answer = read(ask, response, &url, moved).await?;
        answer.direct = direct;
        answer.held.extend(turn.all);
        if answer.body.len() > BIG {
            answer.held.extend(self.big.clone().acquire_owned().await.ok().map(Arc::new));
        }
        Ok(answer)
    }

    /// Begins a request: gives the head of the answer, its body unread. Redirects are followed.
    pub(super) async fn open(&self, ask: &Ask, mut held: Option<Held>) -> Result<Opened, NetError> {
        let first = Origin::of(&ask.url);
        let mut url =
            Url::parse(&ask.url).map_err(|e| NetError::new(Why::Address, format!("the address: {e}")))?;
        let mut permanent = true;
        let mut hops = 0;
        loop {
            let turn = match held.take() {
                Some(t) => t,
                None => self.turn(&url).await?,
            };
            let response = self.hop(ask, &url, first.as_ref()).await?;
            let status = response.status().as_u16();
            let location = response
                .headers()
                .get("location")
                .and_then(|l| std::str::from_utf8(l.as_bytes()).ok())
                .map(str::to_owned);
            if ask.body.is_none()
                && ask.verb == Verb::Usual
                && matches!(status, 301 | 302 | 303 | 307 | 308)
                && let Some(to) = location
            {
                hops += 1;
                if hops > HOPS {
                    return Err(NetError::new(Why::Redirects, format!("more than {HOPS} redirects")));
                }
                permanent &= matches!(status, 301 | 308);
                let next = url
                    .join(&to)
                    .map_err(|e| NetError::new(Why::Redirects, format!("a redirect to no address: {e}")))?;
                if url.scheme() == "https" && next.scheme() == "http" {
                    permanent = false;
                }
                url = next;
                // A login is what the configuration names, never what a redirect brings along.
                let _ = url.set_username("");
                let _ = url.set_password(None);
                continue;
            }
            let moved = (hops > 0 && permanent && status == 200).then(|| url.to_string());
            return Ok(Opened { response, url, turn, moved, direct: permanent });
        }
    }

    async fn hop(&self, ask: &Ask, url: &Url, first: Option<&Origin>) -> Result<reqwest::Response, NetError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NetError::new(Why::Address, format!("{}: addresses are not asked", url.scheme())));
        }
        let origin = Origin::of(url.as_str());
        let allowed = origin.as_ref().is_some_and(|o| ask.allow.contains(o));
        let host = url.host().ok_or_else(|| NetError::new(Why::Address, "the address has no host"))?;
        let literal = match host {
            Host::Ipv4(a) => Some(IpAddr::V4(a)),
            Host::Ipv6(a) => Some(IpAddr::V6(a)),
            Host::Domain(_) => None,
        };
        if literal.is_some_and(|ip| !is_public(ip)) && !allowed {
            return Err(NetError::new(Why::Guard, format!("{}: {PRIVATE}", show(url))));
        }
        let name = url.host_str().unwrap_or_default().to_owned();
        let loopback = is_loopback(url);
        if ask.proxy.is_some() && literal.is_none() && !allowed {
            self.judge(&name).await?;
        }
        // A proxy resolves the target itself: it was judged above, and the proxy's own name is the operator's word.
        let guarded = !allowed && ask.proxy.is_none();
        let client = self.client((guarded, ask.ca.clone(), ask.proxy.clone(), ask.limits.connect))?;
        let mut headers = HeaderMap::new();
        headers.insert("accept-encoding", HeaderValue::from_static("gzip, br, deflate, zstd"));
        let ours = ask.login.iter().filter(|_| origin.as_ref() == first);
        let secret = ours.map(|(n, s)| (n.clone(), s.reveal().to_owned()));
        for (n, v) in ask.headers.iter().cloned().chain(secret) {
            let (Ok(n), Ok(v)) = (HeaderName::try_from(n.as_str()), HeaderValue::try_from(v.as_str())) else {
                return Err(NetError::new(Why::Address, format!("the header {n} cannot be sent")));
            };
            headers.insert(n, v);
        }
        let request = match (ask.verb, &ask.body) {
            (Verb::Put, _) => client.put(url.clone()),
            (Verb::Delete, _) => client.delete(url.clone()),
            (Verb::Usual, Some(_)) => client.post(url.clone()),
            (Verb::Usual, None) => client.get(url.clone()),
        };
        let request = match &ask.body {
            Some((kind, bytes)) => request.header("content-type", *kind).body(bytes.clone()),
            None => request,
        };
        let sent = request.headers(headers).send();
        let response = match tokio::time::timeout(ask.limits.first_byte + ask.limits.connect, sent).await {
            Ok(Ok(r)) => r,
            Ok(Err(e)) => return Err(explain(&e, url)),
            Err(_) => {
                let s = ask.limits.first_byte.as_secs();
                return Err(NetError::new(
                    Why::Timeout,
                    format!("{}: no first byte within {s} s", show(url)),
                ));
            }
        };
        if matches!(response.status().as_u16(), 429 | 503) && !loopback {
            let asked = response.headers().get("retry-after").and_then(|v| v.to_str().ok());
            let ms = asked.and_then(|v| retry_after_ms(v, Stamp::now())).unwrap_or(5000).clamp(0, DAY);
            self.hosts.slow_down(&name, Duration::from_millis(ms.unsigned_abs()));
        } else if !loopback {
            self.hosts.answered(&name);
        }
        Ok(response)
    }

    /// Judges a name that a proxy will resolve. One that cannot be resolved here is the proxy's to know.
    /// A name that is sent to a proxy, which takes any of its addresses: one that is private is enough.
    pub(super) async fn judge(&self, name: &str) -> Result<(), NetError> {
        let Ok(parsed) = name.parse() else { return Ok(()) };
        let Ok(found) = self.resolver.resolve(parsed).await else { return Ok(()) };
        let all: Vec<IpAddr> = found.map(|a| a.ip()).collect();
        if !all.iter().all(|ip| is_public(*ip)) {
            return Err(NetError::new(Why::Guard, format!("{name} is {PRIVATE}")));
        }
        Ok(())
    }
}

/// An answer whose head is here.
pub(super) struct Opened {
    pub response: reqwest::Response,
    pub url: Url,
    turn: Held,
    moved: Option<String>,
    direct: bool,
}

/// What one request holds.
pub(super) struct Held {
    _host: Turn,
    all: Option<Arc<OwnedSemaphorePermit>>,
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(a)) => a.is_loopback(),
        Some(Host::Ipv6(a)) => a.is_loopback(),
        Some(Host::Domain(d)) => d == "localhost",
        None => false,
    }
}

/// `Retry-After` as ms from now: a number of seconds or a date (RFC 9110, 10.2.3).
#[must_use]
pub fn retry_after_ms(value: &str, now: Stamp) -> Option<i64> {
    let v = value.trim();
    let seconds = v.parse::<i64>().ok().map(|s| s.saturating_mul(1000));
    let date = || chrono::DateTime::parse_from_rfc2822(v).ok().map(|t| t.timestamp_millis() - now.0);
    seconds.or_else(date).filter(|ms| *ms > 0)
}

/// All headers; those that come several times have a line each.
pub(super) fn headers_of(response: &reqwest::Response) -> HashMap<String, String> {
    let mut all: HashMap<String, String> = HashMap::new();
    for (n, v) in response.headers() {
        let v = String::from_utf8_lossy(v.as_bytes());
        all.entry(n.as_str().to_owned())
            .and_modify(|old| {
                old.push('\n');
                old.push_str(&v);
            })
            .or_insert_with(|| v.into_owned());
    }
    all
}

pub(super) async fn read(
    ask: &Ask,
    mut response: reqwest::Response,
    url: &Url,
    moved: Option<String>,
) -> Result<Answer, NetError> {
    let too_big = |max: u64| NetError::new(Why::TooBig, format!("more than {} MB", max >> 20));
    let max = ask.limits.max_bytes;
    if response.content_length().is_some_and(|n| n > max) {
        return Err(too_big(max));
    }
    let status = response.status().as_u16();
    let headers = headers_of(&response);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| explain(&e, url))? {
        if (body.len() + chunk.len()) as u64 > max {
            return Err(too_big(max));
        }
        body.extend_from_slice(&chunk);
    }
    let received = body.len() as u64;
    let encoding = headers.get("content-encoding").cloned().unwrap_or_default();
    let body = if encoding.is_empty() || body.is_empty() {
        body
    } else {
        expand(body, &encoding, ask.limits.max_expanded).map_err(|e| match e {
            BodyError::TooBig => too_big(ask.limits.max_expanded),
            BodyError::Broken(why) => {
                NetError::new(Why::Broken, format!("the body cannot be expanded: {why}"))
            }
        })?
    };
    Ok(Answer { status, body, headers, url: url.to_string(), moved, received, ..Answer::default() })
}

#[cfg(test)]
mod tests {
    use super::super::serve::{Served, serve};
    use super::*;
    use reqwest::dns::{Addrs, Name, Resolving};
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A name server that points every name at this machine, and counts.
    struct Rebinding(Arc<AtomicUsize>);

    impl Resolve for Rebinding {
        fn resolve(&self, _: Name) -> Resolving {
            self.0.fetch_add(1, Ordering::SeqCst);
            let here: SocketAddr = ([127, 0, 0, 1], 0).into();
            Box::pin(async move { Ok(Box::new(std::iter::once(here)) as Addrs) })
        }
    }

    #[tokio::test]
    async fn a_name_that_is_pointed_at_this_machine_is_refused_where_it_connects() {
        let asked = Arc::new(AtomicUsize::new(0));
        let served = Arc::new(AtomicUsize::new(0));
        let n = served.clone();
        let at = serve(Arc::new(move |_: &str| {
            n.fetch_add(1, Ordering::SeqCst);
            Some(Served { content_type: "text/plain", body: b"secret".to_vec() })
        }))
        .await
        .unwrap();
        let net = Net::with_resolver(None, HostLimits::default(), Arc::new(Rebinding(asked.clone())));
        let url = format!("http://blog.example:{}/feed", at.port());
        let ask = Ask { url: url.clone(), ..Ask::default() };
        let e = net.get(&ask).await.unwrap_err();
        assert_eq!((e.why, served.load(Ordering::SeqCst)), (Why::Guard, 0), "{e}");
        // By number it is refused too, and so is what is behind a proxy.
        let by_number = Ask { url: format!("http://{at}/"), ..Ask::default() };
        assert_eq!(net.get(&by_number).await.unwrap_err().why, Why::Guard);
        let proxied = Ask { proxy: Some(format!("http://{at}")), ..ask.clone() };
        assert_eq!(net.get(&proxied).await.unwrap_err().why, Why::Guard);
        assert_eq!(served.load(Ordering::SeqCst), 0);
        // An origin that the configuration names is asked.
        let allowed = Ask { allow: Origin::of(&url).into_iter().collect(), ..ask };
        assert_eq!(net.get(&allowed).await.unwrap().body, b"secret");
        assert!(asked.load(Ordering::SeqCst) >= 3);
    }
}

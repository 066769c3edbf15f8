//! Who we are on networks: keys from where the configuration says or from a login, sessions that are renewed, and
//! budgets that all sources of one account share. Every call that a network's file wants made goes out from here;
//! what waits is `net`.

mod budget;
mod send;
mod vault;

pub use budget::{Budgets, Purse};
pub use send::Outcome;
pub use vault::Vault;

use crate::clean;
use crate::model::place::{Budget, Standing};
use crate::model::time::DAY;
use crate::model::{Stamp, Text};
use crate::net::{
    Ask, Events, Folder, Limits, Mailbox, Net, NetError, Origin, Route, Secret, SecretFrom, Socket, Verb,
    Why, names_private,
};
use crate::networks::{Answer, Call, Keys, Me, Method, Network, Of, Servers, Trouble};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One of our accounts, as the configuration has it.
#[derive(Clone)]
pub struct Account {
    pub name: String,
    pub network: &'static dyn Network,
    pub server: String,
    pub user: String,
    /// Where its secret lies; else it is what a login stored.
    pub secret: Option<SecretFrom>,
    /// It is a password, and no token.
    pub password: bool,
    /// The server that takes its mail, as an address: `smtps://host`; empty for none.
    pub smtp: String,
}

/// How calls of one source or one answer go out.
#[derive(Clone)]
pub struct Way {
    pub network: &'static dyn Network,
    /// The server that they are meant for; a login goes nowhere else.
    pub server: String,
    pub account: Option<String>,
    pub allow: Vec<Origin>,
    pub ca: Option<PathBuf>,
    pub proxy: Option<String>,
    pub limits: Limits,
    /// A person waits for it.
    pub answering: bool,
}

/// All accounts, with their keys and budgets. One for the whole engine, over all changes of the configuration.
pub struct Accounts {
    vault: Vault,
    list: Mutex<Vec<Account>>,
    /// Keys in use; a lock for each account, so that one session is opened once.
    open: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Held>>>>>,
    me: Mutex<HashMap<String, Me>>,
    logins: Mutex<HashMap<String, u64>>,
    pub budgets: Budgets,
}

/// Keys in use.
#[derive(Clone)]
struct Held {
    keys: Keys,
    /// Of the configured secret that they came from.
    of: u64,
}

impl Accounts {
    /// `dir`: where logins are stored, in files that nobody else may read.
    #[must_use]
    pub fn new(dir: PathBuf) -> Accounts {
        Accounts {
            vault: Vault::new(dir),
            list: Mutex::default(),
            open: Mutex::default(),
            me: Mutex::default(),
            logins: Mutex::default(),
            budgets: Budgets::default(),
        }
    }

    /// The accounts of the configuration, as it is now.
    pub fn put(&self, list: Vec<Account>) {
        *self.list.lock().unwrap_or_else(PoisonError::into_inner) = list;
    }

    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    #[must_use]
    pub fn named(&self, name: &str) -> Option<Account> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|a| a.name == name).cloned()
    }

    /// Who we are there, as far as we were told.
    #[must_use]
    pub fn me(&self, name: &str) -> Option<Me> {
        let account = self.named(name)?;
        let known = self.me.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let mut me = known.unwrap_or_default();
        (me.name, me.user) = (account.name, account.user);
        Some(me)
    }

    /// The network said who we are.
    pub fn learn_me(&self, name: &str, s: &Standing) {
        let mut all = self.me.lock().unwrap_or_else(PoisonError::into_inner);
        let me = all.entry(name.to_owned()).or_default();
        (me.native, me.handle) = (s.native.to_string(), s.handle.to_string());
        (me.most, me.link) = (s.most, s.link);
    }

    /// The keys in use of an account, for one at a time.
    fn slot(&self, name: &str) -> Arc<tokio::sync::Mutex<Option<Held>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default().clone()
    }

    /// Keys that a login gave just now take the place of what was there. A renewal that is under way ends first, so
    /// that it cannot put the old ones back.
    ///
    /// # Errors
    /// A sentence; then what was there is there still.
    pub async fn put_keys(&self, a: &Account, keys: &Keys) -> Result<(), String> {
        let slot = self.slot(&a.name);
        let mut held = slot.lock().await;
        self.vault.write(&a.name, keys, mark(a, None))?;
        *held = None;
        self.changed(&a.name);
        Ok(())
    }

    /// Throws stored keys away; false if there were none.
    ///
    /// # Errors
    /// A sentence.
    pub async fn forget_keys(&self, name: &str) -> Result<bool, String> {
        let slot = self.slot(name);
        let mut held = slot.lock().await;
        let done = self.vault.remove(name)?;
        *held = None;
        self.changed(name);
        Ok(done)
    }

    fn changed(&self, name: &str) {
        *self.logins.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default() += 1;
    }

    /// How often the keys of an account were put or thrown away: streams that were opened with others end.
    #[must_use]
    pub fn logins(&self, name: &str) -> u64 {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied().unwrap_or(0)
    }

    /// Whose budget a way spends from.
    fn purse<'a>(&self, w: &'a Way) -> Purse<'a> {
        let of = if w.account.is_some() { Of::Account } else { Of::Machine };
        let whose = w.account.as_deref().unwrap_or(&w.server);
        Purse { whose, of, limits: w.network.declared().limits, answering: w.answering }
    }

    /// What is left, before it is spent.
    #[must_use]
    pub fn left(&self, w: &Way, now: Stamp) -> Vec<Budget> {
        let p = self.purse(w);
        self.budgets.of(p.whose, p.limits, p.of, now)
    }

    /// Makes a call, with our keys where there are any. A session that is over is renewed, once.
    ///
    /// # Errors
    /// Why it came to nothing: what failed on the way, or what the server said.
    pub async fn call(&self, net: &Net, w: &Way, call: &Call) -> Result<(Answer, u64), Trouble> {
        let mut expired = false;
        loop {
            let signed = self.signed(net, w, call, expired).await?;
            self.pay(w, call)?;
            let mut got = net.get(&ask(w, call, signed.clone())).await.map_err(|e| of_net(&e))?;
            let received = got.received;
            let answer = Answer {
                status: got.status,
                body: got.take_body(),
                headers: std::mem::take(&mut got.headers),
            };
            match self.judge(w, call, &answer) {
                None => return Ok((answer, received)),
                Some(t) if signed.is_some() && !expired && self.may_renew(net, w, &t) => expired = true,
                Some(t) => return Err(self.redacted(w, t).await),
            }
        }
    }

    /// Opens a stream of events.
    ///
    /// # Errors
    /// As [`Accounts::call`].
    pub async fn events(
        &self,
        net: &Net,
        w: &Way,
        call: &Call,
        silence: Duration,
    ) -> Result<Events, Trouble> {
        let mut expired = false;
        loop {
            let signed = self.signed(net, w, call, expired).await?;
            self.pay(w, call)?;
            match net.events(&ask(w, call, signed.clone()), silence).await.map_err(|e| of_net(&e))? {
                Ok(stream) => return Ok(stream),
                Err(a) => match self.no_stream(w, call, a) {
                    t if signed.is_some() && !expired && self.may_renew(net, w, &t) => expired = true,
                    t => return Err(self.redacted(w, t).await),
                },
            }
        }
    }

    /// Opens a WebSocket.
    ///
    /// # Errors
    /// As [`Accounts::call`].
    pub async fn socket(
        &self,
        net: &Net,
        w: &Way,
        call: &Call,
        silence: Duration,
        dictionary: Option<&[u8]>,
    ) -> Result<Socket, Trouble> {
        let signed = self.signed(net, w, call, false).await?;
        self.pay(w, call)?;
        match net.socket(&ask(w, call, signed), silence, dictionary).await.map_err(|e| of_net(&e))? {
            Ok(socket) => Ok(socket),
            Err(a) => {
                let t = self.no_stream(w, call, a);
                Err(self.redacted(w, t).await)
            }
        }
    }

    /// Opens a mailbox. The call's address names server and folder; `with` says from where on: validity, next UID and
    /// day, with blanks between.
    ///
    /// # Errors
    /// As [`Accounts::call`].
    pub async fn mailbox(&self, net: &Net, w: &Way, call: &Call) -> Result<Mailbox, Trouble> {
        let address = |_| Trouble::Refused(Text::ours("the server of a mailbox is written imaps://host"));
        let url = url::Url::parse(&call.url).map_err(address)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let tls = url.scheme() == "imaps";
        let port = url.port().unwrap_or(if tls { 993 } else { 143 });
        let name = w.account.as_deref().ok_or(Trouble::Login(Text::ours("a mailbox needs an account")))?;
        let keys = self.keys(net, w, name, false).await?;
        let mut from = call.with.split(' ');
        let mut number = || from.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let (validity, next) = (number(), number());
        let folder = Folder {
            port,
            tls,
            user: keys.text("user").to_owned(),
            password: Secret::new(keys.text("password").to_owned()),
            name: percent_decoded(url.path().trim_start_matches('/')),
            validity,
            next,
            since: from.next().unwrap_or("1-Jan-2026").to_owned(),
            host: host.clone(),
        };
        let mut allow = w.allow.clone();
        // The server of a mailbox is the operator's word.
        allow.extend(
            Origin::of(&format!("http://{host}:{port}")).filter(|_| names_private(&format!("http://{host}"))),
        );
        let route = Route { allow, ca: w.ca.clone(), proxy: w.proxy.clone(), limits: w.limits };
        net.mailbox(folder, &route).await.map_err(|e| {
            let t = if matches!(e.why, Why::Login) {
                // Its command is run again for the next try.
                if let Some(s) = self.named(name).and_then(|a| a.secret) {
                    net.forget_secret(&s);
                }
                Trouble::Login(e.text.clone())
            } else {
                of_net(&e)
            };
            redacted(t, [&keys])
        })
    }

    /// What went wrong, without our keys in it.
    async fn redacted(&self, w: &Way, t: Trouble) -> Trouble {
        let Some(name) = w.account.as_deref() else { return t };
        let slot = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let Some(slot) = slot else { return t };
        let held = slot.lock().await;
        redacted(t, held.as_ref().map(|h| &h.keys))
    }

    fn no_stream(&self, w: &Way, call: &Call, mut a: crate::net::Answer) -> Trouble {
        let answer =
            Answer { status: a.status, body: a.take_body(), headers: std::mem::take(&mut a.headers) };
        self.judge(w, call, &answer)
            .unwrap_or_else(|| Trouble::Garbled(Text::ours("what answers there is no stream")))
    }

    /// Takes in what an answer says of budgets; why it is none.
    fn judge(&self, w: &Way, call: &Call, a: &Answer) -> Option<Trouble> {
        let now = Stamp::now();
        let whose = self.purse(w).whose;
        self.budgets.learn(whose, &w.network.budgets(a, now), now);
        let t = w.network.refused(a, now)?;
        // A reset that lies years ahead is an error of theirs: after a day it is tried again.
        let t = match t {
            Trouble::Wait(ms, words) => {
                let ms = ms.clamp(0, DAY);
                self.budgets.exhausted(whose, unit(call), ms, now);
                Trouble::Wait(ms, words)
            }
            t => t,
        };
        Some(t)
    }

    /// A refusal that a new session, or a secret that is read again, may mend.
    fn may_renew(&self, net: &Net, w: &Way, t: &Trouble) -> bool {
        if !matches!(t, Trouble::Login(_) | Trouble::Expired(_)) {
            return false;
        }
        let Some(account) = w.account.as_deref().and_then(|a| self.named(a)) else { return false };
        let again = account.secret.as_ref().is_some_and(|s| net.forget_secret(s));
        again
            || account.network.session(&account.server, &Keys::default().with("any", "x"), true).is_some()
            || matches!(t, Trouble::Expired(_))
    }

    fn pay(&self, w: &Way, call: &Call) -> Result<(), Trouble> {
        let now = Stamp::now();
        // One request counts in every limit of requests: of the minute, of the day.
        let limits = w.network.declared().limits.iter().map(|l| l.unit).filter(|u| u.starts_with("requests"));
        let mut all: Vec<(&'static str, u64)> =
            std::iter::once("requests").chain(limits).map(|u| (u, 1)).collect();
        all.sort_unstable();
        all.dedup();
        if !call.unit.is_empty() {
            all.push((call.unit, call.cost));
        }
        for (unit, n) in all {
            self.budgets.spend(self.purse(w), unit, n, now).map_err(|(ms, b)| {
                Trouble::Wait(ms, clean::line(&format!("the budget is used up: {}", b.words(now))))
            })?;
        }
        Ok(())
    }

    /// The headers that show who we are; `None` without an account, or where the call is for somebody else.
    async fn signed(
        &self,
        net: &Net,
        w: &Way,
        call: &Call,
        expired: bool,
    ) -> Result<Option<Vec<(String, Secret)>>, Trouble> {
        let Some(name) = w.account.as_deref().filter(|_| !call.anonymous && belongs(w, call)) else {
            return Ok(None);
        };
        let keys = self.keys(net, w, name, expired).await?;
        let headers = w.network.sign(&keys, call).into_iter();
        Ok(Some(headers.map(|(n, v)| (n.to_owned(), Secret::new(v))).collect()))
    }

    /// The keys of an account, with an open session.
    ///
    /// # Errors
    /// If there are none, or the server refuses them.
    pub async fn keys(&self, net: &Net, w: &Way, name: &str, expired: bool) -> Result<Keys, Trouble> {
        let slot = self.slot(name);
        let login = |e: String| Trouble::Login(clean::line(&format!("the account {name}: {e}")));
        let account = self.named(name).ok_or_else(|| login("it is not in the configuration".into()))?;
        let mut held = slot.lock().await;
        let (first, of) = match &account.secret {
            Some(from) => {
                let s = net.secret(from).await.map_err(login)?;
                let of = mark(&account, Some(s.reveal()));
                (Some(account.network.keys_of(&account.user, s.reveal(), account.password)), of)
            }
            None => (None, mark(&account, None)),
        };
        let same = held.as_ref().is_some_and(|h| h.of == of);
        if !same {
            let stored = self.vault.read(name).map_err(login)?.filter(|(_, o)| *o == of);
            // What the configuration names is not stored a second time: it is put to the session again.
            let keys = match (stored.map(|(k, _)| k), &first) {
                (Some(k), Some(f)) => Some(k.or(f)),
                (k, f) => k.or(f.clone()),
            };
            let keys = keys.ok_or_else(|| {
                let network = account.network.declared().name;
                login(format!("it has no keys; run hearken login {network} --account {name}"))
            })?;
            *held = Some(Held { keys, of });
        }
        let mut keys = held.as_ref().map(|h| h.keys.clone()).unwrap_or_default();
        let mut next = account.network.session(&account.server, &keys, expired);
        let mut steps = 0;
        let mut again = false;
        while let Some(call) = next.take() {
            steps += 1;
            if steps > 4 {
                return Err(login("the login does not come to an end".into()));
            }
            let plain = |t: Trouble| redacted(t, [&keys].into_iter().chain(&first));
            let a = self.raw(net, w, &call).await.map_err(plain)?;
            match account.network.opened(&keys, &call, &a) {
                Ok((better, then)) => {
                    keys = better;
                    next = then;
                    // On the disk before it is used: a token that is given once must not be lost.
                    let mut kept = keys.clone();
                    if first.is_some() {
                        kept.forget("password");
                    }
                    self.vault.write(name, &kept, of).map_err(login)?;
                    *held = Some(Held { keys: keys.clone(), of });
                }
                // What was to be renewed is too old: from the beginning, where the configuration has a secret.
                Err(Trouble::Expired(_) | Trouble::Login(_)) if !again && first.is_some() && expired => {
                    again = true;
                    keys = first.clone().unwrap_or_default();
                    next = account.network.session(&account.server, &keys, false);
                }
                Err(t) => return Err(redacted(t, [&keys].into_iter().chain(&first))),
            }
        }
        Ok(keys)
    }

    /// A call without keys, its answer as it is.
    ///
    /// # Errors
    /// What failed on the way.
    pub async fn raw(&self, net: &Net, w: &Way, call: &Call) -> Result<Answer, Trouble> {
        let mut got = net.get(&ask(w, call, None)).await.map_err(|e| of_net(&e))?;
        Ok(Answer { status: got.status, body: got.take_body(), headers: std::mem::take(&mut got.headers) })
    }
}

/// What went wrong, without these keys in it: servers repeat what they were sent.
pub fn redacted<'k>(t: Trouble, keys: impl IntoIterator<Item = &'k Keys>) -> Trouble {
    keys.into_iter().fold(t, |t, k| match k.redact(t.text()) {
        Some(words) => t.reworded(clean::line_capped(&words, 300)),
        None => t,
    })
}

/// What keys belong to: a network, a server and the secret that they came from. Where one of them is another, they
/// are not sent there.
fn mark(a: &Account, secret: Option<&str>) -> u64 {
    let server = match a.network.declared().servers {
        Servers::One(s) | Servers::Usually(s) if a.server.is_empty() => s,
        _ => a.server.as_str(),
    };
    let of = Origin::of(server).map_or_else(|| server.to_owned(), |o| format!("{o:?}"));
    crate::model::hash64(&["keys", a.network.declared().name, &of, secret.unwrap_or("")])
}

fn percent_decoded(s: &str) -> String {
    url::form_urlencoded::parse(format!("x={}", s.replace('+', "%2B")).as_bytes())
        .next()
        .map_or_else(String::new, |(_, v)| v.into_owned())
}

fn unit(call: &Call) -> &'static str {
    if call.unit.is_empty() { "requests" } else { call.unit }
}

/// True if a call goes to the server that our keys are for.
fn belongs(w: &Way, call: &Call) -> bool {
    let http = |u: &str| {
        if let Some(rest) = u.strip_prefix("ws") { format!("http{rest}") } else { u.to_owned() }
    };
    Origin::of(&http(&call.url)) == Origin::of(&w.server) || w.network.trusts(&w.server, &call.url)
}

/// A call as the room that waits takes it.
fn ask(w: &Way, call: &Call, signed: Option<Vec<(String, Secret)>>) -> Ask {
    let mut allow = w.allow.clone();
    // A configured server that says that it is private may be; any other name needs `allow`.
    allow.extend(Origin::of(&w.server).filter(|_| names_private(&w.server)));
    let mut headers: Vec<(String, String)> =
        call.headers.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    if !call.headers.iter().any(|(n, _)| *n == "accept") {
        headers.push(("accept".into(), "application/json, */*;q=0.5".into()));
    }
    let mut limits = w.limits;
    let patience = Duration::from_millis(call.patience_ms.max(0).unsigned_abs());
    limits.first_byte += patience;
    limits.whole += patience;
    Ask {
        url: call.url.clone(),
        verb: match call.method {
            Method::Get | Method::Post => Verb::Usual,
            Method::Put => Verb::Put,
            Method::Delete => Verb::Delete,
        },
        body: call.body.clone().or_else(|| (call.method == Method::Post).then(|| ("text/plain", Vec::new()))),
        headers,
        login: signed.unwrap_or_default(),
        allow,
        ca: w.ca.clone(),
        proxy: w.proxy.clone(),
        limits,
    }
}

/// What failed on the way, in the words that a network's answer has.
fn of_net(e: &NetError) -> Trouble {
    match e.why {
        Why::Wait(d) => Trouble::Wait(i64::try_from(d.as_millis()).unwrap_or(i64::MAX), e.text.clone()),
        _ => Trouble::Fault(e.text.clone()),
    }
}

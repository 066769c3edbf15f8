//! Getting the keys of an account: the network's file says the steps, a person types, the server is asked from here.
//! What comes of it lies in a file that nobody else may read, before anybody is told.

use super::team::File;
use super::{Caller, Engine, refuse};
use crate::account::{Account, Way, redacted};
use crate::clean;
use crate::door::{LoginAsk, LoginSay, RefusalKind, Reply};
use crate::model::{Stamp, Text, time};
use crate::networks::login::{Login, Said, Step, step};
use crate::networks::{self, Call, Keys, Network, Servers, Trouble};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use toml_edit::{Item, Table, value};

/// A login that nobody ends is forgotten after so long (ms), and so many are under way at once.
const LONGEST: i64 = 15 * time::MINUTE;
const AT_ONCE: usize = 16;
/// Questions to a server without a word to the person, at most.
const STEPS: usize = 8;

/// Logins under way.
#[derive(Default)]
pub struct Logins(Mutex<HashMap<u64, Under>>);

#[derive(Clone)]
struct Under {
    who: String,
    since: Stamp,
    account: String,
    network: &'static dyn Network,
    login: Login,
    /// What is asked when somebody has ended it elsewhere.
    waiting: Option<(Call, i64)>,
    /// The account is not in the configuration yet.
    fresh: bool,
}

impl Engine {
    pub(super) async fn login(&self, caller: &Caller, ask: LoginAsk) -> Reply {
        let who = caller.asker.who.clone();
        match ask {
            LoginAsk::Begin { network, account, server, user } => {
                match self.begin_login(&who, &network, account, server, user) {
                    Ok((ticket, under)) => {
                        let mut random = [0; 32];
                        if ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random)
                            .is_err()
                        {
                            return refuse(RefusalKind::Failed, "the system gives no random numbers");
                        }
                        self.go_on(ticket, under, Said::Begin { random }).await
                    }
                    Err(why) => refuse(RefusalKind::Usage, &why),
                }
            }
            LoginAsk::Typed { ticket, text } => match self.under(ticket, &who) {
                Some(u) => self.go_on(ticket, u, Said::Typed(text.reveal())).await,
                None => refuse(RefusalKind::NotFound, "this login is not under way any more; begin again"),
            },
            LoginAsk::Wait { ticket } => match self.under(ticket, &who) {
                Some(u) => match u.waiting.clone() {
                    Some((call, _)) => {
                        let done = self.accounts.raw(&self.setup().net, &self.way(&u), &call).await;
                        match done {
                            Ok(a) => self.go_on(ticket, u, Said::Answer(&call, &a)).await,
                            Err(t) => refuse(RefusalKind::Failed, t.text()),
                        }
                    }
                    None => refuse(RefusalKind::Usage, "there is nothing to wait for"),
                },
                None => refuse(RefusalKind::NotFound, "this login is not under way any more; begin again"),
            },
            LoginAsk::Forget { account } => {
                match self.accounts.forget_keys(&account).await {
                    Ok(true) => {
                        // Streams that stand with these keys end.
                        self.replan();
                        self.announce(crate::door::Event::SourcesChanged);
                        Reply::Login(LoginSay { done: Some(account), ..LoginSay::default() })
                    }
                    Ok(false) => refuse(RefusalKind::NotFound, &format!("no keys of {account} are stored")),
                    Err(why) => refuse(RefusalKind::Failed, &why),
                }
            }
        }
    }

    fn begin_login(
        &self,
        who: &str,
        network: &str,
        account: Option<String>,
        server: Option<String>,
        user: Option<String>,
    ) -> Result<(u64, Under), String> {
        let names: Vec<&str> = networks::ALL.iter().map(|n| n.declared().name).collect();
        let Some(n) = networks::named(network) else {
            let hint = crate::config::nearest(network, &names)
                .map_or(String::new(), |n| format!("; did you mean {n}?"));
            return Err(format!("there is no network {network}{hint}"));
        };
        let setup = self.setup();
        let of = |a: &&crate::config::AccountConf| a.network == network;
        let conf = match &account {
            Some(name) => setup.config.accounts.iter().find(|a| a.name == *name),
            None => setup.config.accounts.iter().find(of),
        };
        if let Some(a) = conf {
            if a.network != network {
                return Err(format!("the account {} is one of {}", a.name, a.network));
            }
            if a.secret.is_some() {
                return Err(format!("the configuration names the secret of {}; take that out first", a.name));
            }
        }
        let typed = match server.map(|s| crate::config::server_address(&s)) {
            Some(Err(why)) => return Err(format!("the server {why}")),
            Some(Ok(s)) => Some(s),
            None => None,
        };
        // Keys do not cross the open net, and what is private is asked where the configuration names it.
        if let Some(s) = &typed {
            let own = crate::net::Origin::of(s);
            let known = setup.config.accounts.iter().any(|a| crate::net::Origin::of(&a.server) == own)
                || setup.sources.iter().any(|x| x.allow.iter().any(|a| Some(a) == own.as_ref()));
            let private = crate::net::names_private(s);
            if private && !known {
                return Err(format!(
                    "{s} is on a private network; write [account.NAME] with network and server into the configuration first"
                ));
            }
            if !private && (s.starts_with("http://") || s.starts_with("imap://")) {
                return Err(format!("{s} is not secured: a login would be read on its way; write https://"));
            }
        }
        let own = conf.map(|a| a.server.clone()).filter(|s| !s.is_empty());
        let server = own.or(typed).or(match n.declared().servers {
            Servers::One(s) | Servers::Usually(s) => Some(s.to_owned()),
            Servers::None if network == "webhook" => Some(String::new()),
            _ => None,
        });
        let Some(server) = server else { return Err("which server? give it with --server".into()) };
        let user = conf.map(|a| a.user.clone()).filter(|u| !u.is_empty()).or(user).unwrap_or_default();
        let name = conf.map(|a| a.name.clone()).or(account).unwrap_or_else(|| network.to_owned());
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(fits) {
            return Err(format!("“{name}” is no name for an account; write letters, digits, - _"));
        }
        let now = Stamp::now();
        let mut all = self.logins.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, u| now.0 - u.since.0 < LONGEST);
        if all.len() >= AT_ONCE {
            return Err("too many logins are under way".into());
        }
        let mut ticket = [0; 8];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut ticket)
            .map_err(|_| "the system gives no random numbers".to_owned())?;
        let under = Under {
            who: who.to_owned(),
            since: now,
            account: name,
            network: n,
            login: Login { server: server.trim_end_matches('/').to_owned(), user, ..Login::default() },
            waiting: None,
            fresh: conf.is_none(),
        };
        Ok((u64::from_be_bytes(ticket), under))
    }

    /// A login of this person.
    fn under(&self, ticket: u64, who: &str) -> Option<Under> {
        let all = self.logins.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&ticket).filter(|u| u.who == who && Stamp::now().0 - u.since.0 < LONGEST).cloned()
    }

    fn way(&self, u: &Under) -> Way {
        let setup = self.setup();
        Way {
            network: u.network,
            server: u.login.server.clone(),
            account: None,
            allow: Vec::new(),
            ca: setup.config.http.ca.clone(),
            proxy: setup.config.http.proxy.clone(),
            limits: super::convert::limits(&setup.config),
            answering: true,
        }
    }

    async fn go_on(&self, ticket: u64, mut u: Under, said: Said<'_>) -> Reply {
        let net = self.setup().net;
        // What was typed is in no answer, whatever the server repeats.
        let typed = match said {
            Said::Typed(t) => Keys::default().with("typed", t.trim()),
            _ => Keys::default(),
        };
        let mut next = step(u.network, &mut u.login, said);
        for _ in 0..STEPS {
            match next {
                Ok(Step::Ask(call)) => {
                    let way = self.way(&u);
                    let answered = self.accounts.raw(&net, &way, &call).await;
                    next = answered.and_then(|a| {
                        // What a network reads itself it also judges itself; what it does not is judged by its status.
                        match u.network.refused(&a, Stamp::now()).filter(|_| call.what != "refresh") {
                            Some(t) => Err(t),
                            None => step(u.network, &mut u.login, Said::Answer(&call, &a)),
                        }
                    });
                    next = next.map_err(|t| redacted(t, [&u.login.keys, &typed]));
                }
                Ok(Step::Prompt { lines, what, hidden }) => {
                    let lines = lines.into_iter().filter(|l| !l.is_empty()).collect();
                    let say = LoginSay {
                        ticket,
                        lines,
                        prompt: Some((what.to_owned(), hidden)),
                        ..LoginSay::default()
                    };
                    return self.stands(ticket, u, say);
                }
                Ok(Step::Wait { lines, ms, call }) => {
                    u.waiting = Some((call, ms));
                    let say = LoginSay { ticket, lines, wait_ms: Some(ms.max(500)), ..LoginSay::default() };
                    return self.stands(ticket, u, say);
                }
                Ok(Step::Done(keys)) => return self.keep_keys(ticket, &u, &keys).await,
                Err(t) => {
                    self.logins.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&ticket);
                    let words = match &t {
                        Trouble::Login(w) => clean::line(&format!("the login is refused: {w}")),
                        t => t.text().clone(),
                    };
                    return refuse(RefusalKind::Failed, &words);
                }
            }
        }
        refuse(RefusalKind::Failed, "the login does not come to an end")
    }

    fn stands(&self, ticket: u64, u: Under, say: LoginSay) -> Reply {
        self.logins.0.lock().unwrap_or_else(PoisonError::into_inner).insert(ticket, u);
        Reply::Login(say)
    }

    async fn keep_keys(&self, ticket: u64, u: &Under, keys: &Keys) -> Reply {
        self.logins.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&ticket);
        let account = Account {
            name: u.account.clone(),
            network: u.network,
            server: u.login.server.clone(),
            user: u.login.user.clone(),
            secret: None,
            password: false,
            smtp: String::new(),
        };
        if let Err(why) = self.accounts.put_keys(&account, keys).await {
            return refuse(RefusalKind::Failed, &format!("the keys could not be stored: {why}"));
        }
        let mut lines = vec![clean::line(&format!("the keys of {} are stored", u.account))];
        if u.fresh {
            let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
            let done = self.edit(&File::Config, |doc| {
                let all = doc.entry("account").or_insert(Item::Table(Table::new()));
                let Some(all) = all.as_table_mut() else {
                    return Err("the file writes account in a way that cannot be added to".into());
                };
                all.set_implicit(true);
                let mut t = Table::new();
                t["network"] = value(u.network.declared().name);
                if !u.login.server.is_empty() && !matches!(u.network.declared().servers, Servers::One(_)) {
                    t["server"] = value(u.login.server.as_str());
                }
                if !u.login.user.is_empty() {
                    t["user"] = value(u.login.user.as_str());
                }
                all.insert(&u.account, Item::Table(t));
                Ok(())
            });
            lines.push(match done {
                Ok(()) => clean::line(&format!("[account.{}] was added to the configuration", u.account)),
                Err(why) => clean::line(&format!(
                    "add [account.{}] with network = \"{}\" to the configuration ({why})",
                    u.account,
                    u.network.declared().name
                )),
            });
        } else {
            // Sources that waited for keys begin.
            self.replan();
            self.announce(crate::door::Event::SourcesChanged);
        }
        lines.push(Text::ours("a source uses it with account = \"NAME\""));
        Reply::Login(LoginSay { ticket, lines, done: Some(u.account.clone()), ..LoginSay::default() })
    }
}

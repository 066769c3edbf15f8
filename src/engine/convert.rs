//! The configuration, in the words of the rooms that listen and ask.

use crate::account::Account;
use crate::config::{
    Config, Keep, Login as ConfLogin, Secret, SmtpConf, SourceConf, SourceKind as ConfKind, Tls,
};
use crate::listen::{Login, Source, SourceKind, Topics};
use crate::net::{Ask, HostLimits, Limits, Net, Origin, SecretFrom, Secured, Smtp};
use crate::query::Names;
use std::sync::Arc;
use std::time::Duration;

pub fn topics(c: &Config, names: &Arc<Names>) -> Topics {
    Topics::new(c.topics.iter().map(|t| (t.name.clone(), t.query.clone())).collect(), names.clone())
}

pub fn sources(c: &Config) -> Vec<Source> {
    c.sources.iter().map(|s| source(c, s)).collect()
}

fn ms(n: i64) -> Duration {
    Duration::from_millis(n.unsigned_abs())
}

pub fn secret(s: &Secret) -> SecretFrom {
    match s {
        Secret::Env(n) => SecretFrom::Env(n.clone()),
        Secret::File(p) => SecretFrom::File(p.clone()),
        Secret::Command(a) => SecretFrom::Command(a.clone()),
    }
}

pub fn source(c: &Config, s: &SourceConf) -> Source {
    Source {
        id: s.id.clone(),
        kind: match &s.kind {
            ConfKind::Feed { url } => SourceKind::Feed { url: url.clone() },
            ConfKind::Command { argv } => SourceKind::Command { argv: argv.clone() },
            ConfKind::Network { name, server, options, account } => match crate::networks::named(name) {
                Some(network) => SourceKind::Network {
                    network,
                    server: server.clone(),
                    options: Arc::new(options.clone()),
                    account: account.clone(),
                },
                // The configuration knows networks from the same table.
                None => SourceKind::Command { argv: Vec::new() },
            },
        },
        every_ms: s.every.ms,
        exact: s.every.exact,
        matches_only: s.keep == Keep::Matches,
        topics: s.topics.iter().filter_map(|n| c.topics.iter().position(|t| t.name == *n)).collect(),
        full: s.full,
        login: login(&s.login),
        ca: s.ca.clone().or_else(|| c.http.ca.clone()),
        proxy: s.proxy.clone().or_else(|| c.http.proxy.clone()),
        allow: s.allow.iter().filter_map(|a| Origin::of(a)).collect(),
        class: s.retention.clone(),
        limits: limits(c),
    }
}

/// Who we are on networks.
pub fn accounts(c: &Config) -> Vec<Account> {
    let one = |a: &crate::config::AccountConf| {
        Some(Account {
            name: a.name.clone(),
            network: crate::networks::named(a.network)?,
            server: a.server.clone(),
            user: a.user.clone(),
            secret: a.secret.as_ref().map(secret),
            password: a.password,
            smtp: a.smtp.clone(),
        })
    };
    c.accounts.iter().filter_map(one).collect()
}

/// Caps of one request.
pub fn limits(c: &Config) -> Limits {
    Limits {
        connect: ms(c.http.connect_ms),
        first_byte: ms(c.http.first_byte_ms),
        whole: ms(c.http.whole_ms),
        max_bytes: c.http.max_bytes,
        max_expanded: c.http.max_expanded,
    }
}

/// A request for an address that a person typed, made as the configuration makes all of them.
pub fn by_hand(c: &Config, url: &str) -> Ask {
    Ask {
        url: url.to_owned(),
        ca: c.http.ca.clone(),
        proxy: c.http.proxy.clone(),
        limits: limits(c),
        ..Ask::default()
    }
}

/// The way to the network, with what the configuration says of hosts.
pub fn net(config: &Config) -> Net {
    let limits = HostLimits {
        at_once: config.http.at_once_per_host,
        all_at_once: config.http.at_once,
        hosts: config.hosts.iter().map(|(h, l)| (h.clone(), (l.at_once, l.per_minute))).collect(),
    };
    Net::new(config.contact.as_deref(), limits)
}

/// The server that takes mail, with its secret read.
///
/// # Errors
/// A sentence that never holds the secret.
pub async fn smtp(net: &Net, c: &SmtpConf) -> Result<Smtp, String> {
    let login = match &c.user {
        Some((user, s)) => Some((user.clone(), net.secret(&secret(s)).await?)),
        None => None,
    };
    let secured = match c.tls {
        Tls::Starttls => Secured::Starttls,
        Tls::Whole => Secured::Whole,
        Tls::None => Secured::Not,
    };
    Ok(Smtp { host: c.host.clone(), port: c.port, secured, login, ca: c.ca.clone() })
}

/// A login, as the room that listens has it.
pub fn login(l: &ConfLogin) -> Option<Login> {
    match l {
        ConfLogin::None => None,
        ConfLogin::Basic { user, password } => {
            Some(Login::Basic { user: user.clone(), password: secret(password) })
        }
        ConfLogin::Header { name, value } => Some(Login::Header { name: name.clone(), value: secret(value) }),
    }
}

//! Sources of networks: their settings are read by what each network declares. And `[account.NAME]`: who we are there.

use super::Config;
use super::reader::{Report, Section};
use super::source::{Secret, SourceKind, beside, secret};
use crate::networks::{
    self, Declaration, Door, Leave, Network, Options, Servers, Setting, SettingKind, Value,
};
use toml_edit::Item;
use url::Url;

/// One of our accounts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountConf {
    pub name: String,
    pub network: &'static str,
    /// Without a slash at its end; empty where the network has one for all.
    pub server: String,
    /// As the network knows us, where it asks for it.
    pub user: String,
    /// Where its secret lies; else it is what `hearken login` stored.
    pub secret: Option<Secret>,
    /// It is a password, and no token.
    pub password: bool,
    /// The server that takes its mail, as `smtps://host` or `smtp://host`; empty for none.
    pub smtp: String,
    /// Users, `@GROUP`s and `*` who may answer as it; empty: whoever has the role send.
    pub may_send: Vec<String>,
}

impl AccountConf {
    /// May this user, with these groups, answer as it?
    #[must_use]
    pub fn serves(&self, user: &str, groups: &[String]) -> bool {
        let means = |n: &String| {
            n == "*" || n == user || n.strip_prefix('@').is_some_and(|g| groups.iter().any(|mine| mine == g))
        };
        self.may_send.is_empty() || self.may_send.iter().any(means)
    }
}

const SECRETS: [&str; 3] = ["token_env", "token_file", "token_command"];
const PASSWORDS: [&str; 3] = ["password_env", "password_file", "password_command"];

fn server(s: &mut Section<'_>, r: &mut Report<'_>) -> Option<String> {
    let text = s.text(r, "server")?;
    match server_address(&text) {
        Ok(one) => Some(one),
        Err(why) => {
            r.add(&s.value_span("server"), format!("server in {} {why}", s.name));
            None
        }
    }
}

/// An address of a server, in the one form that is compared.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn server_address(text: &str) -> Result<String, String> {
    let typed = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    match Url::parse(&typed) {
        Ok(u) if !u.username().is_empty() || u.password().is_some() => {
            Err("holds a user or a password; write an [account.NAME] instead".into())
        }
        Ok(u)
            if matches!(u.scheme(), "http" | "https" | "imap" | "imaps")
                && u.has_host()
                && u.query().is_none()
                && u.fragment().is_none() =>
        {
            Ok(u.as_str().trim_end_matches('/').to_owned())
        }
        _ => Err("is no address; expected https://…".into()),
    }
}

pub(super) fn read(
    s: &mut Section<'_>,
    r: &mut Report<'_>,
    c: &Config,
    n: &'static dyn Network,
) -> Option<SourceKind> {
    let d = n.declared();
    let account = s.text(r, "account");
    let known = account.as_ref().and_then(|a| c.accounts.iter().find(|x| x.name == *a));
    if let (Some(name), None) = (&account, known) {
        let names: Vec<&str> = c.accounts.iter().map(|a| a.name.as_str()).collect();
        let hint = super::nearest(name, &names).map_or(String::new(), |n| format!("; did you mean \"{n}\"?"));
        r.add(
            &s.value_span("account"),
            format!("{} names the account \"{name}\", which is not there{hint}", s.name),
        );
        return None;
    }
    if let Some(a) = known.filter(|a| a.network != d.name) {
        r.add(
            &s.value_span("account"),
            format!("the account \"{}\" is one of {}, not of {}", a.name, a.network, d.name),
        );
        return None;
    }
    if account.is_none() && d.door == Door::Needed {
        r.add(&s.span.clone(), format!("{} has no account; {} tells nothing without one: write account = \"NAME\" and [account.NAME]", s.name, d.title));
        return None;
    }
    if d.contact && c.contact.is_none() {
        r.add(
            &s.span.clone(),
            format!("{} asks for a way to reach you; write contact = \"you@…\" under [brand]", d.title),
        );
    }
    let server = own_server(s, r, d, known.map(|a| a.server.as_str()))?;
    let mut options = Options::default();
    let before = r.problems.len();
    for x in d.settings {
        if let Some(v) = setting(s, r, x, c) {
            options.set(x.key, v);
        }
    }
    if r.problems.len() == before
        && let Err(why) = n.check(&options)
    {
        r.add(&s.span.clone(), format!("{}: {why}", s.name));
        return None;
    }
    Some(SourceKind::Network { name: d.name, server, options, account })
}

fn own_server(
    s: &mut Section<'_>,
    r: &mut Report<'_>,
    d: &Declaration,
    of_account: Option<&str>,
) -> Option<String> {
    let named = s.get("server").is_some();
    let of_account = of_account.filter(|a| !a.is_empty()).map(str::to_owned);
    match d.servers {
        Servers::One(one) => Some(one.to_owned()),
        Servers::None if named => server(s, r),
        Servers::None => Some(of_account.unwrap_or_default()),
        Servers::Usually(_) | Servers::Many if named => {
            let own = server(s, r)?;
            // A login goes nowhere but where it belongs.
            if let Some(theirs) = of_account.filter(|t| *t != own) {
                r.add(&s.value_span("server"), format!("{} asks {own} with an account of {theirs}", s.name));
                return None;
            }
            Some(own)
        }
        Servers::Usually(usual) => Some(of_account.unwrap_or_else(|| usual.to_owned())),
        Servers::Many => of_account.or_else(|| {
            r.add(&s.span.clone(), format!("{} has no server; write server = \"https://…\"", s.name));
            None
        }),
    }
}

fn setting(s: &mut Section<'_>, r: &mut Report<'_>, x: &Setting, c: &Config) -> Option<Value> {
    s.item(x.key)?;
    Some(match x.kind {
        SettingKind::Text => Value::Text(s.text(r, x.key)?),
        SettingKind::Texts => Value::Texts(s.texts(r, x.key)?),
        SettingKind::Flag => Value::Flag(s.flag(r, x.key)?),
        SettingKind::Number(a, b) => Value::Number(s.number(r, x.key, a..=b)?),
        SettingKind::Choice(words) => {
            let choices: Vec<(&'static str, &'static str)> = words.iter().map(|w| (*w, *w)).collect();
            Value::Text(s.choice(r, x.key, &choices)?.to_owned())
        }
        SettingKind::Path => Value::Text(beside(&c.file, &s.text(r, x.key)?).to_string_lossy().into_owned()),
        SettingKind::Address => {
            let text = s.text(r, x.key)?;
            if !Url::parse(&text)
                .is_ok_and(|u| matches!(u.scheme(), "http" | "https" | "ws" | "wss") && u.has_host())
            {
                r.add(
                    &s.value_span(x.key),
                    format!("{} in {} is no address; expected https://…", x.key, s.name),
                );
                return None;
            }
            Value::Text(text)
        }
        SettingKind::Table => {
            let t = s.table(r, x.key)?;
            let mut all = std::collections::BTreeMap::new();
            for key in t.keys() {
                match t.get(&key).and_then(Item::as_str) {
                    Some(v) => {
                        all.insert(key, v.to_owned());
                    }
                    None => r.add(&t.value_span(&key), format!("{key} in {} must be text in quotes", t.name)),
                }
            }
            Value::Table(all)
        }
    })
}

/// What the network's own rules forbid is a mistake here, and not a surprise later.
pub(super) fn check_policy(d: &Declaration, class: &str, s: &Section<'_>, r: &mut Report<'_>, c: &Config) {
    if d.policy.store == Leave::No {
        r.add(
            &s.value_span("network"),
            format!("{} does not allow what is said there to be stored ({})", d.title, d.policy.link),
        );
    }
    let Some(days) = d.policy.keep_days else { return };
    let most = i64::from(days) * crate::model::time::DAY;
    for name in [class, super::HEARD] {
        if c.retention.classes.get(name).is_some_and(|keep| keep.is_none_or(|ms| ms > most)) {
            let what = format!(
                "{} lets us keep for {days} days at most, and the class \"{name}\" keeps for longer; name a shorter one with retention ({})",
                d.title, d.policy.link
            );
            r.add(&s.value_span("retention").or_else(|| s.value_span("network")), what);
        }
    }
}

/// `[account.NAME]`.
pub(super) fn accounts(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    let Some(s) = top.table(r, "account") else { return };
    for name in s.keys() {
        let Some(t) = s.get(&name).and_then(Item::as_table_like) else {
            r.add(
                &s.value_span(&name),
                "account is written [account.NAME] with network, server and token_file",
            );
            continue;
        };
        let mut one = Section::new(t, format!("[account.{name}]"), s.value_span(&name));
        let fits = |ch: char| ch.is_ascii_alphanumeric() || "-_.".contains(ch);
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) || name.starts_with('.') {
            r.add(
                &s.key_span(&name),
                format!("\"{name}\" is no name for an account; write letters, digits, - _"),
            );
            continue;
        }
        if let Some(a) = account(&mut one, r, c, &name) {
            c.accounts.push(a);
        }
        one.finish(r);
    }
}

fn account(s: &mut Section<'_>, r: &mut Report<'_>, c: &Config, name: &str) -> Option<AccountConf> {
    let choices: Vec<(&'static str, &'static dyn Network)> =
        networks::ALL.iter().map(|n| (n.declared().name, *n)).collect();
    if s.get("network").is_none() {
        r.add(&s.span.clone(), format!("{} has no network", s.name));
    }
    let network = s.choice(r, "network", &choices);
    let own = if s.get("server").is_some() { server(s, r) } else { Some(String::new()) };
    let user = s.text(r, "user").unwrap_or_default();
    let token = SECRETS.iter().any(|k| s.get(k).is_some());
    let password = PASSWORDS.iter().any(|k| s.get(k).is_some());
    let had = r.problems.len();
    let found = match (token, password) {
        (true, true) => {
            r.add(&s.span.clone(), format!("{} has both a token and a password; write one of them", s.name));
            None
        }
        (true, false) => secret(s, r, c, SECRETS),
        (false, true) => secret(s, r, c, PASSWORDS),
        (false, false) => None,
    };
    SECRETS.iter().chain(&PASSWORDS).for_each(|k| {
        s.item(k);
    });
    let may_send = s.texts(r, "may_send").unwrap_or_default();
    let smtp = s.text(r, "smtp").unwrap_or_default();
    let address = Url::parse(&smtp)
        .is_ok_and(|u| matches!(u.scheme(), "smtp" | "smtps") && u.has_host() && u.username().is_empty());
    if !smtp.is_empty() && !address {
        r.add(
            &s.value_span("smtp"),
            format!("smtp in {} is no address; expected smtps://mail.example", s.name),
        );
    }
    if r.problems.len() > had {
        return None;
    }
    let d = network?.declared();
    let server = match d.servers {
        Servers::One(one) => one.to_owned(),
        Servers::Usually(usual) => own.filter(|o| !o.is_empty()).unwrap_or_else(|| usual.to_owned()),
        Servers::Many if own.as_deref() == Some("") => {
            r.add(&s.span.clone(), format!("{} has no server; write server = \"https://…\"", s.name));
            return None;
        }
        Servers::Many | Servers::None => own?,
    };
    Some(AccountConf {
        name: name.to_owned(),
        network: d.name,
        server,
        user,
        secret: found,
        password,
        smtp,
        may_send,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn problems(rest: &str) -> Vec<String> {
        let text = format!("[brand]\nname='x'\n{rest}");
        match Config::parse(&text, Path::new("c.toml")) {
            Ok(_) => Vec::new(),
            Err(all) => all.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_source_of_a_network_is_read_by_what_the_network_declares() {
        let text =
            "[brand]\nname='x'\n[[source]]\nid='hn'\nnetwork='hackernews'\nsearch=['acme']\nlive=true\n";
        let c = Config::parse(text, Path::new("c.toml")).unwrap();
        let SourceKind::Network { name, server, options, account } = &c.sources[0].kind else { panic!() };
        assert_eq!((*name, server.as_str(), account), ("hackernews", "https://news.ycombinator.com", &None));
        assert_eq!((options.texts("search"), options.flag("live")), (&["acme".to_owned()][..], true));
    }

    #[test]
    fn mistakes_are_named_where_they_stand() {
        for (text, word) in [
            ("[[source]]\nid='h'\nnetwork='hackernews'\n", "it needs search"),
            ("[[source]]\nid='h'\nnetwork='hackernews'\nsearch='x'\n", "a list of texts"),
            ("[[source]]\nid='h'\nnetwork='hackernews'\nlive=true\naccount='me'\n", "which is not there"),
            ("[[source]]\nid='h'\nnetwork='hackernew'\nlive=true\n", "did you mean \"hackernews\"?"),
            ("[[source]]\nid='h'\nnetwork='hackernews'\nlive=true\nserch=['x']\n", "did you mean search?"),
            ("[account.a]\nnetwork='hackernews'\ntoken='x'\n", "has no key token"),
            ("[account.a]\nserver='https://x.example'\n", "has no network"),
            (
                "[account.a]\nnetwork='hackernews'\ntoken_env='A'\npassword_env='B'\n",
                "both a token and a password",
            ),
        ] {
            let all = problems(text).join("\n");
            assert!(all.contains(word), "{text}: {all}");
        }
    }

    #[test]
    fn an_account_serves_whom_it_names() {
        let a = |may: &[&str]| AccountConf {
            name: "a".into(),
            network: "hackernews",
            server: String::new(),
            user: String::new(),
            secret: None,
            password: false,
            smtp: String::new(),
            may_send: may.iter().map(|s| (*s).to_owned()).collect(),
        };
        assert!(a(&[]).serves("bo", &[]));
        assert!(a(&["@team"]).serves("bo", &["team".into()]) && !a(&["@team"]).serves("team", &[]));
        assert!(a(&["*"]).serves("bo", &[]) && !a(&["ana"]).serves("bo", &[]));
    }
}

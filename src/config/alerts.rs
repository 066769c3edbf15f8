//! `[alert.NAME]` and `[smtp]`: whom a rule reaches who is not at a terminal, by mail, by a webhook or by a program that
//! the operator names; what comes close together is one alert, and quiet hours are kept.

use super::reader::{Report, Section};
use super::source::{Secret, beside, command, login, secret};
use super::{Config, Login};
use crate::model::time::{DAY, MINUTE};
use std::path::PathBuf;
use toml_edit::Item;
use url::Url;

/// A way to reach people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertConf {
    pub name: String,
    pub by: Reach,
    /// What comes within this time after the first is told with it, in ms.
    pub group_ms: i64,
    pub quiet: Vec<Quiet>,
}

/// How.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    Mail(Vec<String>),
    Webhook { url: Address, login: Login },
    Program(Vec<String>),
}

/// Of a webhook: written down, or a secret, as those are that carry a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    Open(String),
    Secret(Secret),
}

impl Reach {
    /// As people read it, without secrets: what of an address may be one is left out.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Reach::Mail(to) => format!("mail to {}", to.join(", ")),
            Reach::Webhook { url: Address::Secret(_), .. } => "webhook at an address that is a secret".into(),
            Reach::Webhook { url: Address::Open(url), .. } => {
                let host = Url::parse(url).ok().and_then(|u| u.host_str().map(str::to_owned));
                format!("webhook at {}", host.unwrap_or_default())
            }
            Reach::Program(argv) => format!("program {}", argv.first().map_or("", String::as_str)),
        }
    }
}

/// From a minute of the day to another one, over midnight where the second is smaller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quiet {
    pub from: u16,
    pub to: u16,
}

impl Quiet {
    /// Reads `22:00-07:30`.
    ///
    /// # Errors
    /// What is expected.
    pub fn read(s: &str) -> Result<Quiet, String> {
        let minute = |t: &str| {
            let (h, m) = t.trim().split_once(':')?;
            let (h, m): (u16, u16) = (h.parse().ok()?, m.parse().ok()?);
            (h < 24 && m < 60).then_some(h * 60 + m)
        };
        let both = s.split_once('-').and_then(|(a, b)| Some((minute(a)?, minute(b)?)));
        match both {
            Some((from, to)) if from != to => Ok(Quiet { from, to }),
            _ => Err(format!("“{s}” are no hours; write them as 22:00-07:30")),
        }
    }

    /// Minutes until it is over, at a minute of the day; `None` outside of it.
    #[must_use]
    pub fn left(self, minute: u16) -> Option<u16> {
        let inside = if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        };
        inside.then(|| (self.to + 1440 - minute) % 1440).map(|m| if m == 0 { 1440 } else { m })
    }
}

/// Where mail goes out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SmtpConf {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub from: String,
    pub user: Option<(String, Secret)>,
    pub ca: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tls {
    /// Begun in the open, then secured; refused where the server cannot.
    #[default]
    Starttls,
    /// From the first byte.
    Whole,
    /// Not at all: to this machine alone.
    None,
}

fn is_mail(a: &str) -> bool {
    a.split_once('@').is_some_and(|(u, h)| !u.is_empty() && !h.is_empty())
        && !a.chars().any(|c| c.is_whitespace() || c.is_control() || ",;<>\"".contains(c))
}

pub(super) fn read(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    smtp(top, r, c);
    let Some(s) = top.table(r, "alert") else { return };
    for name in s.keys() {
        let Some(t) = s.get(&name).and_then(Item::as_table_like) else {
            r.add(&s.value_span(&name), "alert is written [alert.NAME] with mail, webhook or program");
            continue;
        };
        let mut one = Section::new(t, format!("[alert.{name}]"), s.value_span(&name));
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == ',' || c.is_control()) {
            r.add(&s.key_span(&name), format!("\"{name}\" is no name for an alert; write one word"));
        }
        let by = reach(&mut one, r, c);
        let group_ms = one.span_ms(r, "group").unwrap_or(5 * MINUTE);
        if group_ms > DAY {
            r.add(&one.value_span("group"), format!("group in {} must be 1d or less", one.name));
        }
        let mut quiet = Vec::new();
        for q in one.texts(r, "quiet").unwrap_or_default() {
            match Quiet::read(&q) {
                Ok(q) => quiet.push(q),
                Err(why) => r.add(&one.value_span("quiet"), format!("quiet in {}: {why}", one.name)),
            }
        }
        if (0..1440).all(|m| quiet.iter().any(|q| q.left(m).is_some())) && !quiet.is_empty() {
            r.add(&one.value_span("quiet"), format!("quiet in {} leaves no minute of the day", one.name));
        }
        one.finish(r);
        if let Some(by) = by {
            c.alerts.push(AlertConf { name, by, group_ms, quiet });
        }
    }
}

fn reach(s: &mut Section<'_>, r: &mut Report<'_>, c: &Config) -> Option<Reach> {
    const SECRET: [&str; 3] = ["webhook_env", "webhook_file", "webhook_command"];
    let hidden = SECRET.iter().any(|k| s.get(k).is_some());
    let named = ["mail", "webhook", "program"].iter().filter(|k| s.get(k).is_some()).count();
    if named + usize::from(hidden) != 1 {
        let keys = ["mail", "webhook", "program", "header", "auth"];
        keys.into_iter().chain(SECRET).for_each(|k| {
            s.item(k);
        });
        r.add(&s.span.clone(), format!("{} needs exactly one of mail, webhook (or webhook_env, webhook_file, webhook_command), program", s.name));
        return None;
    }
    if s.get("mail").is_some() {
        let to = s.texts(r, "mail")?;
        if to.is_empty() || !to.iter().all(|a| is_mail(a)) {
            r.add(
                &s.value_span("mail"),
                format!("mail in {} must be addresses, as [\"ana@acme.example\"]", s.name),
            );
            return None;
        }
        if c.smtp.is_none() {
            r.add(&s.value_span("mail"), format!("{} sends mail, but there is no [smtp] section", s.name));
        }
        return Some(Reach::Mail(to));
    }
    if hidden {
        let url = Address::Secret(secret(s, r, c, SECRET)?);
        return Some(Reach::Webhook { url, login: login(s, r, c) });
    }
    if s.get("webhook").is_some() {
        let url = s.text(r, "webhook")?;
        let login = login(s, r, c);
        let ok = Url::parse(&url).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
        if !ok {
            r.add(
                &s.value_span("webhook"),
                format!("webhook in {} must be an http or https address", s.name),
            );
            return None;
        }
        return Some(Reach::Webhook { url: Address::Open(url), login });
    }
    command(s, r, "program").map(Reach::Program)
}

fn smtp(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    let Some(mut s) = top.table(r, "smtp") else { return };
    s.name = "[smtp]".into();
    let server = s.needed(r, "server", "write the host, and a port if it is not 587");
    let from = s.needed(r, "from", "write the address that mail comes from");
    let tls = s.choice(r, "tls", &[("starttls", Tls::Starttls), ("tls", Tls::Whole), ("none", Tls::None)]);
    let tls = tls.unwrap_or_default();
    let user = s.text(r, "user");
    let user = user.and_then(|u| {
        let p = secret(&mut s, r, c, ["password_env", "password_file", "password_command"])?;
        Some((u, p))
    });
    let ca = s.text(r, "ca").map(|f| beside(&c.file, &f));
    if let Some(f) = from.as_ref().filter(|f| !is_mail(f)) {
        r.add(&s.value_span("from"), format!("from in [smtp] is \"{f}\"; expected an address"));
    }
    if let (Some(server), Some(from)) = (server, from) {
        let port = if tls == Tls::Whole { 465 } else { 587 };
        let (host, port) = match server.rsplit_once(':') {
            Some((h, p)) => (h.to_owned(), p.parse().ok()),
            None => (server, Some(port)),
        };
        let near = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if tls == Tls::None && !near {
            r.add(&s.value_span("tls"), "tls = \"none\" is for a server on this machine alone");
        }
        match port {
            Some(port) => c.smtp = Some(SmtpConf { host, port, tls, from, user, ca }),
            None => r.add(&s.value_span("server"), "server in [smtp] has no port behind its colon"),
        }
    }
    s.finish(r);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn parse(text: &str) -> Result<Config, Vec<String>> {
        Config::parse(&format!("[brand]\nname='x'\n{text}"), Path::new("c.toml"))
            .map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn quiet_hours_are_counted_over_midnight_too() {
        let night = Quiet::read("22:00-07:30").unwrap();
        assert_eq!(night.left(22 * 60), Some(9 * 60 + 30));
        assert_eq!((night.left(7 * 60 + 29), night.left(7 * 60 + 30)), (Some(1), None));
        let lunch = Quiet::read("12:00-13:00").unwrap();
        assert_eq!((lunch.left(12 * 60 + 15), lunch.left(13 * 60)), (Some(45), None));
        for bad in ["22-7", "25:00-07:00", "", "07:00-07:00"] {
            assert!(Quiet::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn alerts_are_read_and_their_mistakes_told() {
        let c = parse(
            "[smtp]\nserver='localhost:25'\ntls='none'\nfrom='h@acme.example'\n\
             [alert.team]\nmail=['ana@acme.example']\nquiet=['22:00-07:00']\n\
             [alert.chat]\nwebhook='https://chat.example/hook/T0K3N'\ngroup='1m'\n\
             [alert.pager]\nprogram=['/usr/bin/page','--now']\n",
        )
        .unwrap();
        let words: Vec<String> = c.alerts.iter().map(|a| a.by.words()).collect();
        assert_eq!(words, ["mail to ana@acme.example", "webhook at chat.example", "program /usr/bin/page"]);
        assert_eq!((c.alerts[1].group_ms, c.alerts[0].quiet.len()), (60_000, 1));
        for (text, words) in [
            ("[alert.a]\nmail=['ana@acme.example']\n", "there is no [smtp] section"),
            ("[alert.a]\nmail=['ana']\n", "must be addresses"),
            ("[alert.a]\nwebhook='ftp://x'\n", "http or https"),
            ("[alert.a]\nprogram=['x']\nwebhook='https://x.example'\n", "exactly one of"),
            ("[alert.a]\nprogram=['x']\nquiet=['all']\n", "write them as 22:00-07:30"),
            ("[alert.a]\nprogram=['x']\nquiet=['00:00-12:00','12:00-00:00']\n", "leaves no minute"),
            ("[alert.a]\nprogram=['x']\ngrup='1m'\n", "did you mean group?"),
            ("[smtp]\nserver='mail.example'\nfrom='h@x.example'\ntls='none'\n", "on this machine alone"),
            ("[smtp]\nserver='mail.example'\nfrom='h@x.example'\nuser='u'\n", "exactly one of password_env"),
        ] {
            let all = parse(text).unwrap_err().join("\n");
            assert!(all.contains(words), "{text}: {all}");
        }
    }
}

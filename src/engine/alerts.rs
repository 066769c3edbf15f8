//! Alerts at work: what a rule raises waits on the disk, is gathered for a while, keeps quiet hours, and is told by mail,
//! by a webhook or by a program; what fails is tried again, and said once.

use super::{Engine, convert, refuse};
use crate::clean;
use crate::config::{Address, AlertConf, Reach, Rule};
use crate::door::{RefusalKind, Reply};
use crate::listen::header_of;
use crate::model::time::{DAY, HOUR, MINUTE};
use crate::model::{AlertView, Item, Key, Stamp, Text};
use crate::net::{Ask, Mail, Origin, Program, run as run_program, send_mail};
use crate::store::{Store, StoreError, Waiting};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Weak;
use std::time::Duration;
use tokio::sync::watch;

/// Mentions of one alert that are told in full.
const TOLD: usize = 20;
/// The first pause after a failure at most, where less is gathered: as long as that; it doubles up to an hour.
const AGAIN: i64 = MINUTE;
/// What could not be told for so long, tried so often, is given up.
const GIVEN_UP: i64 = 3 * DAY;
const TRIES: u32 = 20;
/// An engine that nobody needs any more stays for what is told within this time.
const SOON: i64 = 15 * MINUTE;
/// A program may take so long, and say so much, in bytes.
const PROGRAM: (Duration, u64) = (Duration::from_secs(60), 64 << 10);

/// When something is told that has waited since then: after the time of gathering, after a pause, and in no quiet hour.
fn due(a: &AlertConf, w: &Waiting, zone: i32) -> Stamp {
    let mut at = w.next.unwrap_or(w.since.plus(a.group_ms)).max(w.since.plus(a.group_ms));
    // Hours may follow upon each other; together they leave some of the day.
    for _ in 0..=a.quiet.len() {
        let local = at.plus(i64::from(zone) * 1000);
        let minute = u16::try_from(local.0.rem_euclid(DAY) / MINUTE).unwrap_or(0);
        let Some(left) = a.quiet.iter().filter_map(|q| q.left(minute)).max() else { break };
        at = Stamp(at.0 - local.0.rem_euclid(MINUTE)).plus(i64::from(left) * MINUTE);
    }
    at
}

/// What is told.
struct Message {
    subject: String,
    text: String,
    json: Value,
}

/// In words and as JSON: `text` is what chat services show of a webhook.
fn message(brand: &str, alert: &str, w: &Waiting, items: &BTreeMap<Key, Item>) -> Option<Message> {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    let mut seen: Vec<(&str, &Item)> = Vec::new();
    for (rule, key) in &w.told {
        let Some(i) = items.get(key).filter(|i| !i.deleted) else { continue };
        *rules.entry(rule).or_default() += 1;
        if !seen.iter().any(|(_, s)| s.key == i.key) {
            seen.push((rule, i));
        }
    }
    let n = seen.len() + w.more as usize;
    if n == 0 {
        return None;
    }
    let of: Vec<String> = rules.iter().map(|(r, n)| format!("{r} {n}")).collect();
    let noun = if n == 1 { "mention" } else { "mentions" };
    let subject = format!("{brand}: {n} {noun} ({})", of.join(", "));
    let mut text = format!("{subject}\n");
    for (rule, i) in seen.iter().take(TOLD) {
        let m = &i.mention;
        let who: Vec<&str> =
            [m.author.name.as_str(), m.community.as_str()].into_iter().filter(|s| !s.is_empty()).collect();
        text += &format!("\n{}\n  {} · {rule} · {}\n", m.headline(), who.join(" · "), m.at.local_minute());
        if !m.url.is_empty() {
            text += &format!("  {}\n", m.url);
        }
        text += &format!("  hearken show {}\n", i.id);
    }
    if n > seen.len().min(TOLD) {
        text += &format!("\nand {} more\n", n - seen.len().min(TOLD));
    }
    let one = |(rule, i): &(&str, &Item)| {
        let m = &i.mention;
        json!({
            "rule": rule, "id": i.id.to_string(), "title": m.headline(), "url": m.url.as_str(),
            "author": m.author.name.as_str(), "community": m.community.as_str(), "at": m.at.rfc3339(),
            "lang": m.lang, "mood": i.mood().word(), "topics": m.topics.iter().map(|t| t.topic.as_str()).collect::<Vec<_>>(),
        })
    };
    let all: Vec<Value> = seen.iter().take(TOLD).map(one).collect();
    let json = json!({"brand": brand, "alert": alert, "n": n, "text": text, "mentions": all});
    Some(Message { subject, text, json })
}

/// Waits for what is due, and tells it.
pub async fn run(engine: Weak<Engine>, mut stop: watch::Receiver<bool>) {
    loop {
        let Some(e) = engine.upgrade() else { return };
        let next = e.tell_due().await;
        let raised = e.raised.clone();
        drop(e);
        let nap = next.map_or(Duration::from_secs(3600), |t| {
            Duration::from_millis((t.0 - Stamp::now().0).max(50).unsigned_abs())
        });
        tokio::select! {
            _ = stop.changed() => return,
            () = raised.notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }
}

impl Engine {
    /// A rule raises an alert for these.
    pub(super) fn raise(&self, alert: &str, rule: &Rule, keys: &[Key], now: Stamp) {
        match self.store.await_alert(alert, &rule.name, keys, now) {
            Ok(()) => self.raised.notify_one(),
            Err(e) => self.notice(true, clean::line(&format!("the alert {alert} was not raised: {e}"))),
        }
    }

    /// True while an alert is to be told soon: an engine that was started by a terminal stays for it.
    #[must_use]
    pub fn has_to_tell(&self) -> bool {
        let (config, soon) = (self.setup().config, Stamp::now().plus(SOON));
        let zone = Stamp::zone_here();
        let due = |(name, w): &(String, Waiting)| {
            config.alerts.iter().any(|a| a.name == *name && due(a, w, zone) <= soon)
        };
        self.store.alerts().is_ok_and(|all| all.iter().any(due))
    }

    /// Tells what is due. Gives the time of what is due next.
    async fn tell_due(&self) -> Option<Stamp> {
        let waiting = match self.stored(|s| s.alerts()).await {
            Ok(all) => all,
            Err(e) => {
                self.notice(true, clean::line(&e.to_string()));
                return None;
            }
        };
        let mut next: Option<Stamp> = None;
        for (name, w) in waiting {
            let (config, now) = (self.setup().config, Stamp::now());
            let Some(a) = config.alerts.iter().find(|a| a.name == name) else {
                let n = w.told.len() + w.more as usize;
                self.notice(
                    true,
                    clean::line(&format!("there is no [alert.{name}] any more: {n} are not told")),
                );
                let _ = self.stored(move |s| s.alert_told(&name, &w, now)).await;
                continue;
            };
            let at = due(a, &w, Stamp::zone_here());
            let at = if at <= now { self.tell(a, &w, now).await } else { Some(at) };
            next = match (next, at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        next
    }

    /// Asks the store in a thread that may wait.
    async fn stored<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || ask(&store)).await;
        done.unwrap_or_else(|e| Err(StoreError::Io(format!("asking the store failed: {e}"))))
    }

    /// Tells one alert. Gives when it is tried again, if it failed.
    async fn tell(&self, a: &AlertConf, w: &Waiting, now: Stamp) -> Option<Stamp> {
        let keys: Vec<Key> = w.told.iter().map(|(_, k)| *k).collect();
        let read = move |s: &Store| {
            let reader = s.reader();
            let mut all = BTreeMap::new();
            for k in keys {
                all.extend(reader.item(k.id, "")?.map(|i| (k, i)));
            }
            Ok(all)
        };
        let brand = self.setup().config.brand.clone();
        let sent = match self.stored(read).await.map(|items| message(&brand, &a.name, w, &items)) {
            Ok(Some(m)) => self.reach(a, m).await,
            // All of it is gone by now.
            Ok(None) => Ok(()),
            Err(e) => Err(clean::line(&e.to_string())),
        };
        let what = format!("alert {}", a.name);
        match sent {
            Ok(()) => {
                self.erring.clear(&what);
                let (name, w) = (a.name.clone(), w.clone());
                if let Err(e) = self.stored(move |s| s.alert_told(&name, &w, Stamp::now())).await {
                    self.notice(true, clean::line(&format!("the {what} may be told twice: {e}")));
                    return Some(now.plus(HOUR));
                }
                None
            }
            Err(why) if w.tries >= TRIES && w.failing.is_some_and(|t| t.plus(GIVEN_UP) < now) => {
                self.notice(
                    true,
                    clean::line(&format!("the {what} could not be told for three days: {why}")),
                );
                let (name, w) = (a.name.clone(), w.clone());
                let _ = self.stored(move |s| s.alert_told(&name, &w, now)).await;
                None
            }
            Err(why) => {
                if self.erring.set(&what, &why) {
                    self.notice(true, clean::line(&format!("the {what} is tried again: {why}")));
                }
                let pause = (a.group_ms.min(AGAIN) << w.tries.min(12)).min(HOUR);
                let again = now.plus(pause);
                let name = a.name.clone();
                let _ = self.stored(move |s| s.alert_failed(&name, now, again)).await;
                Some(again)
            }
        }
    }

    async fn reach(&self, a: &AlertConf, m: Message) -> Result<(), Text> {
        let sent = self.reach_once(a, m).await;
        if sent.is_err() {
            // It may be another one by now: a command is asked again the next time.
            let setup = self.setup();
            let smtp = setup.config.smtp.as_ref().and_then(|s| s.user.as_ref()).map(|u| &u.1);
            let own = match &a.by {
                Reach::Mail(_) => [smtp.map(convert::secret), None],
                Reach::Webhook { url, login } => [
                    if let Address::Secret(s) = url { Some(convert::secret(s)) } else { None },
                    convert::login(login).map(|l| l.secret().clone()),
                ],
                Reach::Program(_) => [None, None],
            };
            for s in own.iter().flatten() {
                setup.net.forget_secret(s);
            }
        }
        sent
    }

    async fn reach_once(&self, a: &AlertConf, m: Message) -> Result<(), Text> {
        let setup = self.setup();
        match &a.by {
            Reach::Mail(to) => {
                let c =
                    setup.config.smtp.as_ref().ok_or(Text::ours("there is no [smtp] section any more"))?;
                let smtp = convert::smtp(&setup.net, c).await.map_err(|e| clean::line(&e))?;
                let mail = Mail { from: c.from.clone(), to: to.clone(), subject: m.subject, text: m.text };
                send_mail(&smtp, mail).await
            }
            Reach::Webhook { url, login } => {
                let (url, secret) = match url {
                    Address::Open(u) => (u.clone(), false),
                    Address::Secret(s) => {
                        let s = setup.net.secret(&convert::secret(s)).await.map_err(|e| clean::line(&e))?;
                        (s.reveal().trim().to_owned(), true)
                    }
                };
                if !url::Url::parse(&url).is_ok_and(|u| matches!(u.scheme(), "http" | "https")) {
                    return Err(Text::ours("the secret is no http or https address"));
                }
                let login = match convert::login(login) {
                    Some(l) => Some(header_of(&setup.net, &l).await.map_err(|e| clean::line(&e))?),
                    None => None,
                };
                let ask = Ask {
                    body: Some(("application/json", m.json.to_string().into_bytes())),
                    login: login.into_iter().collect(),
                    // The operator names it: it may be of this house.
                    allow: Origin::of(&url).into_iter().collect(),
                    ..convert::by_hand(&setup.config, &url)
                };
                let hidden = |t: &str| {
                    let host = url::Url::parse(&url).ok().and_then(|u| u.host_str().map(str::to_owned));
                    let path = path_of(&url);
                    let said = if secret && path.len() > 1 { t.replace(&path, "/…") } else { t.to_owned() };
                    clean::line(&format!("{}: {said}", host.unwrap_or_default()))
                };
                match setup.net.get(&ask).await {
                    Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
                    Ok(answer) => Err(hidden(&format!("it answered with {}", answer.status))),
                    Err(e) => Err(hidden(&e.to_string())),
                }
            }
            Reach::Program(argv) => {
                let input = m.json.to_string().into_bytes();
                let p = Program { argv: argv.clone(), time: PROGRAM.0, max_bytes: PROGRAM.1, input };
                run_program(&p).await.map(drop).map_err(|e| e.0)
            }
        }
    }

    /// Tells a word of ours, at once.
    pub(super) async fn test_alert(&self, who: &str, name: &str) -> Reply {
        let config = self.setup().config;
        let Some(a) = config.alerts.iter().find(|a| a.name == name) else {
            let names: Vec<&str> = config.alerts.iter().map(|a| a.name.as_str()).collect();
            let near = crate::config::nearest(name, &names);
            let hint = near.map_or(String::new(), |n| format!("; did you mean {n}?"));
            return refuse(RefusalKind::NotFound, &format!("config.toml has no [alert.{name}]{hint}"));
        };
        let subject = format!("{}: a test of the alert {name}, by {who}", config.brand);
        let json = json!({"brand": config.brand, "alert": name, "n": 0, "text": subject, "mentions": [], "test": true});
        let text = format!("{subject}\n");
        match self.reach(a, Message { subject, text, json }).await {
            Ok(()) => Reply::AlertWorks(name.to_owned()),
            Err(why) => refuse(RefusalKind::Failed, &why),
        }
    }

    pub(super) fn alert_views(&self) -> Result<Vec<AlertView>, StoreError> {
        let waiting: BTreeMap<String, Waiting> = self.store.alerts()?.into_iter().collect();
        let view = |a: &AlertConf| {
            let w = waiting.get(&a.name);
            AlertView {
                name: a.name.clone(),
                by: a.by.words(),
                waiting: w.map_or(0, |w| w.told.len() as u64 + u64::from(w.more)),
                next: w.map(|w| due(a, w, Stamp::zone_here())),
                error: self.erring.of(&format!("alert {}", a.name)),
            }
        };
        Ok(self.setup().config.alerts.iter().map(view).collect())
    }
}

/// What of an address may be a secret.
fn path_of(url: &str) -> String {
    url::Url::parse(url).map(|u| u.path().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Quiet;

    #[test]
    fn what_waits_is_gathered_and_keeps_quiet_hours() {
        let quiet = vec![Quiet::read("22:00-07:00").unwrap(), Quiet::read("07:00-08:00").unwrap()];
        let a = AlertConf {
            name: "team".into(),
            by: Reach::Program(vec!["x".into()]),
            group_ms: 5 * MINUTE,
            quiet,
        };
        let at = |s: &str| Stamp::parse_rfc3339(s).unwrap();
        let waits = |since: &str, next: Option<&str>| Waiting {
            since: at(since),
            next: next.map(at),
            ..Waiting::default()
        };
        let told = |since: &str, zone: i32| due(&a, &waits(since, None), zone).rfc3339();
        assert_eq!(told("2026-05-10T12:00:10Z", 0), "2026-05-10T12:05:10Z");
        // At 23:10 of the reader's clock: at eight.
        assert_eq!(told("2026-05-10T23:10:30Z", 0), "2026-05-11T08:00:00Z");
        assert_eq!(told("2026-05-10T21:58:30Z", 0), "2026-05-11T08:00:00Z");
        assert_eq!(told("2026-05-10T21:58:30Z", -3600), "2026-05-10T22:03:30Z".to_owned());
        let later = due(&a, &waits("2026-05-10T12:00:00Z", Some("2026-05-10T12:30:00Z")), 0);
        assert_eq!(later.rfc3339(), "2026-05-10T12:30:00Z");
    }
}

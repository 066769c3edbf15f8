//! Networks on the command line: what each is, who we are there, its communities, what cannot be heard, and how keys
//! are got.

use super::Out;
use crate::clean::width::pad;
use crate::door::{Door, LoginAsk, LoginSay, Reply, Request};
use crate::model::network::{AccountView, CommunityView, NetworkView, card, coverage, share};
use crate::model::{Hidden, Stamp};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};

pub async fn networks(door: &dyn Door, name: Option<String>, out: &Out) -> i32 {
    let all = match door.ask(Request::Networks).await {
        Reply::Networks(all) => all,
        other => return out.unexpected(&other),
    };
    let some: Vec<&NetworkView> = all.iter().filter(|n| name.as_ref().is_none_or(|w| *w == n.name)).collect();
    if some.is_empty() {
        let names: Vec<&str> = all.iter().map(|n| n.name.as_str()).collect();
        out.complain(&format!("there is no such network; known are {}", names.join(", ")));
        return 3;
    }
    for n in some {
        out.either(&serde_json::to_value(n).unwrap_or_default(), || {
            if name.is_some() {
                whole(n)
            } else {
                format!("{} {} ({})", pad(&n.name, 12), n.title, n.heard.join(", "))
            }
        });
    }
    0
}

fn whole(n: &NetworkView) -> String {
    let none = |v: &[String], w: &str| if v.is_empty() { w.to_owned() } else { v.join(", ") };
    let mut s = format!("{} · {}\n", n.name, n.title);
    s += &format!("  heard by      {}\n", n.heard.join(", "));
    s += &format!("  account       {}\n", n.account);
    s += &format!("  can           {}\n", none(&n.can, "be read"));
    if n.hand_off {
        s += "  answers       are handed off: copied, opened, marked as posted\n";
    }
    s += &format!("  limits        {}\n", none(&n.limits, "its own, told in its answers"));
    s += &format!("  who is who    {}\n", n.identity);
    for (q, a) in &n.policy {
        s += &format!("  {q}? {a}\n");
    }
    s += &format!("  read at       {} on {}\n", n.link, n.read_on);
    for (k, help) in &n.settings {
        s += &format!("  {} {help}\n", pad(k, 12));
    }
    s.trim_end().to_owned()
}

pub async fn accounts(door: &dyn Door, out: &Out) -> i32 {
    match door.ask(Request::Accounts).await {
        Reply::Accounts(all) => {
            let now = Stamp::now();
            for a in &all {
                out.either(&serde_json::to_value(a).unwrap_or_default(), || account(a, now));
            }
            if all.is_empty() { 3 } else { 0 }
        }
        other => out.unexpected(&other),
    }
}

fn account(a: &AccountView, now: Stamp) -> String {
    let (mark, who) = match &a.standing {
        Some(s) => (if s.wrong { '!' } else { ' ' }, format!("{} · {}", s.handle, s.words)),
        None if a.user.is_empty() => (' ', "not asked yet".to_owned()),
        None => (' ', a.user.clone()),
    };
    let mut s = format!("{mark} {} {} {who}", pad(&a.name, 14), pad(&a.network, 10));
    s += &format!("\n    keys: {}", a.keys);
    if !a.may_send.is_empty() {
        s += &format!("\n    may answer as it: {}", a.may_send.join(", "));
    }
    for b in &a.budgets {
        s += &format!("\n    left: {}{}", b.words(now), if b.told { "" } else { " (by its documents)" });
    }
    s
}

pub async fn communities(door: &dyn Door, name: Option<String>, out: &Out) -> i32 {
    let one = name.is_some();
    match door.ask(Request::Communities(name)).await {
        Reply::Communities(all) => {
            let whole = one && all.len() == 1;
            for c in &all {
                out.either(&serde_json::to_value(c).unwrap_or_default(), || {
                    if whole { card(c).join("\n") } else { line(c) }
                });
            }
            if all.is_empty() { 3 } else { 0 }
        }
        other => out.unexpected(&other),
    }
}

fn line(c: &CommunityView) -> String {
    let k = &c.community;
    let members = k.members.as_ref().map_or(String::new(), |(n, w)| format!("{n} {w}"));
    format!(
        "{} {} {} heard {} · ours {}",
        pad(&k.network, 10),
        pad(&k.name, 28),
        pad(&members, 24),
        c.heard,
        c.ours
    )
}

pub async fn unheard(door: &dyn Door, out: &Out) -> i32 {
    let sources = match door.ask(Request::Sources).await {
        Reply::Sources(all) => all,
        other => return out.unexpected(&other),
    };
    let topics: Vec<String> = match door.ask(Request::Topics).await {
        Reply::Topics(all) => all.into_iter().filter(|t| !t.set).map(|t| t.name).collect(),
        other => return out.unexpected(&other),
    };
    let rows = coverage(&sources, &topics);
    for r in &rows {
        let since = r.since.map(Stamp::rfc3339);
        let v = json!({"source": r.source, "network": r.network, "what": r.what, "words": r.words, "since": since,
            "topics": r.topics.0, "of_topics": r.topics.1});
        out.either(&v, || {
            let since = r.since.map_or(String::new(), |t| format!(" since {}", t.local_minute()));
            format!(
                "{} {}{since}: {} ({} of {} topics)",
                pad(&r.source, 20),
                r.what,
                r.words,
                r.topics.0,
                r.topics.1
            )
        });
    }
    if !out.json {
        match share(&rows) {
            Some((n, all)) => out.line(&format!("{n} of {all} topics depend on what is not heard whole")),
            None => out.line("everything that is listened to is heard, as far as its networks tell"),
        }
    }
    0
}

/// Walks somebody through getting keys. What is typed is not shown.
pub async fn login(
    door: &dyn Door,
    network: String,
    account: Option<String>,
    server: Option<String>,
    user: Option<String>,
    out: &Out,
) -> i32 {
    let mut reply = door.ask(Request::Login(LoginAsk::Begin { network, account, server, user })).await;
    loop {
        let say = match reply {
            Reply::Login(s) => s,
            other => return out.unexpected(&other),
        };
        tell(&say, out);
        if let Some(name) = &say.done {
            out.either(&json!({ "account": name }), || format!("{name} is ready"));
            return 0;
        }
        let ask = match (&say.prompt, say.wait_ms) {
            (Some((what, hidden)), _) => match typed(what, *hidden) {
                Ok(t) => LoginAsk::Typed { ticket: say.ticket, text: Hidden::new(t) },
                Err(e) => {
                    out.complain(&e);
                    return 2;
                }
            },
            (None, Some(ms)) => {
                tokio::time::sleep(std::time::Duration::from_millis(ms.unsigned_abs())).await;
                LoginAsk::Wait { ticket: say.ticket }
            }
            _ => return 1,
        };
        reply = door.ask(Request::Login(ask)).await;
    }
}

pub async fn logout(door: &dyn Door, account: String, out: &Out) -> i32 {
    match door.ask(Request::Login(LoginAsk::Forget { account })).await {
        Reply::Login(LoginSay { done: Some(name), .. }) => {
            out.either(&json!({ "forgotten": name }), || {
                format!("the keys of {name} are thrown away here; revoke them at the network, too")
            });
            0
        }
        other => out.unexpected(&other),
    }
}

fn tell(say: &LoginSay, out: &Out) {
    if !out.json {
        say.lines.iter().for_each(|l| out.line(l));
    }
}

/// A line from the terminal, its echo off where it is hidden; from a pipe as it comes.
fn typed(what: &str, hidden: bool) -> Result<String, String> {
    let input = std::io::stdin();
    let shown = input.is_terminal();
    let mut before = None;
    if shown {
        eprint!("{what}: ");
        let _ = std::io::stderr().flush();
        if hidden {
            use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
            let t = tcgetattr(&input).map_err(|e| format!("the terminal: {e}"))?;
            let mut quiet = t.clone();
            quiet.local_modes -= LocalModes::ECHO;
            tcsetattr(&input, OptionalActions::Flush, &quiet).map_err(|e| format!("the terminal: {e}"))?;
            before = Some(t);
        }
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    if let Some(t) = before {
        let _ = rustix::termios::tcsetattr(&input, rustix::termios::OptionalActions::Flush, &t);
        eprintln!();
    }
    match read {
        Ok(n) if n > 0 && !line.trim().is_empty() => Ok(line.trim_end_matches(['\n', '\r']).to_owned()),
        Ok(_) => Err(format!("no {what} was typed")),
        Err(e) => Err(format!("the {what} cannot be read: {e}")),
    }
}

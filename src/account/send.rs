//! Calls that must not be made twice unknowingly: each is made once, and what came of it is told apart by whether it can
//! have had an effect.

use super::{Accounts, Way, ask, of_net, redacted};
use crate::clean;
use crate::model::Text;
use crate::net::{Net, NotHanded, Secret, Secured, Smtp, Why, hand_over};
use crate::networks::{Answer, Call, Method, Trouble};

/// What came of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A good answer.
    Answered(Answer),
    /// It had no effect: it did not leave, or the server refused it.
    Never(Trouble),
    /// It left, and whether it had an effect is not known.
    Unknown(Text),
}

impl Accounts {
    /// Makes a call once, as who we are there. A session that the server calls over is renewed and the call made again:
    /// a refusal has no effect.
    pub async fn once(&self, net: &Net, w: &Way, call: &Call) -> Outcome {
        if call.url.starts_with("smtp") {
            return self.mail(net, w, call).await;
        }
        let mut expired = false;
        loop {
            let signed = match self.signed(net, w, call, expired).await {
                Ok(s) => s,
                Err(t) => return Outcome::Never(t),
            };
            if let Err(t) = self.pay(w, call) {
                return Outcome::Never(t);
            }
            let harmless = call.method == Method::Get;
            let mut got = match net.get(&ask(w, call, signed.clone())).await {
                Ok(got) => got,
                Err(e) => {
                    let before = matches!(
                        e.why,
                        Why::Address
                            | Why::Guard
                            | Why::Name
                            | Why::Connect
                            | Why::Tls
                            | Why::Wait(_)
                            | Why::Login
                    );
                    let t = self.redacted(w, of_net(&e)).await;
                    return if before || harmless {
                        Outcome::Never(t)
                    } else {
                        Outcome::Unknown(t.text().clone())
                    };
                }
            };
            let answer = Answer {
                status: got.status,
                body: got.take_body(),
                headers: std::mem::take(&mut got.headers),
            };
            match self.judge(w, call, &answer) {
                None => return Outcome::Answered(answer),
                Some(t) if signed.is_some() && !expired && self.may_renew(net, w, &t) => expired = true,
                Some(t) => {
                    let t = self.redacted(w, t).await;
                    // A fault may come behind what was done, and so may a gateway that did not wait.
                    let after =
                        answer.status >= 500 || answer.status == 408 || matches!(t, Trouble::Fault(_));
                    let waits =
                        matches!(t, Trouble::Wait(..)) && answer.status != 429 && answer.status != 200;
                    return if (after || waits) && !harmless {
                        Outcome::Unknown(t.text().clone())
                    } else {
                        Outcome::Never(t)
                    };
                }
            }
        }
    }

    async fn mail(&self, net: &Net, w: &Way, call: &Call) -> Outcome {
        let never = |why: &str| Outcome::Never(Trouble::Refused(clean::line_capped(why, 300)));
        let Some(name) = w.account.as_deref() else { return never("mail goes out by an account") };
        let Ok(url) = url::Url::parse(&call.url) else { return never("smtp is written smtps://host") };
        let host = url.host_str().unwrap_or_default().to_owned();
        let near = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback());
        let (secured, port) = match url.scheme() {
            "smtps" => (Secured::Whole, 465),
            _ if near => (Secured::Not, 25),
            _ => (Secured::Starttls, 587),
        };
        let keys = match self.keys(net, w, name, false).await {
            Ok(k) => k,
            Err(t) => return Outcome::Never(t),
        };
        let login = Some((keys.text("user").to_owned(), Secret::new(keys.text("password").to_owned())));
        let smtp = Smtp { host, port: url.port().unwrap_or(port), secured, login, ca: w.ca.clone() };
        let (from, to) = call.with.split_once(' ').unwrap_or(("", ""));
        let raw = call.body.as_ref().map_or(&[][..], |b| &b.1);
        match hand_over(&smtp, from, to, raw).await {
            Ok(()) => Outcome::Answered(Answer { status: 250, ..Answer::default() }),
            Err(NotHanded::Never(why, later)) => {
                let t = if later { Trouble::Fault(why) } else { Trouble::Refused(why) };
                Outcome::Never(redacted(t, [&keys]))
            }
            Err(NotHanded::Unknown(why)) => {
                Outcome::Unknown(redacted(Trouble::Fault(why), [&keys]).text().clone())
            }
        }
    }
}

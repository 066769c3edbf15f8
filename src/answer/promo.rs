//! How much we speak of ourselves: each message is help, talk, a link of ours or promotion, and the share of what speaks
//! for us is held against the community's own rule. Help counts; a promotion is owed to it.

use super::preflight::names;
use crate::clean;
use crate::model::outgoing::Class;
use crate::model::time::DAY;
use crate::model::{Id, Stamp};

/// What counts is what was said in this time, in ms.
pub const WINDOW: i64 = 90 * DAY;

/// Something that we said, as the ledger has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// What it answers, or what was begun.
    pub mention: Id,
    pub at: Stamp,
    pub network: String,
    pub community: String,
    pub account: String,
    pub class: Class,
}

/// So much of what we say may speak for us: one of so many; and who says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    pub one_of: u32,
    pub source: String,
}

/// The rule where the configuration has none for a community. Sources: lobste.rs/about; Reddit's self-promotion
/// guideline; news.ycombinator.com/newsguidelines.html; stackoverflow.com/help/promotion; Wikipedia's paid-contribution
/// disclosure.
#[must_use]
pub fn usual(network: &str) -> Rule {
    let (one_of, source) = match network {
        "lobsters" => (4, "lobste.rs: less than a quarter of one's stories and comments"),
        "hackernews" => (10, "Hacker News: one's own stuff occasionally"),
        "wikimedia" => (20, "Wikipedia: talk pages only, and disclosed"),
        "reddit" => (10, "Reddit: one in ten, a guideline; the community's own rules first"),
        _ => (10, "one in ten, where nothing else is known"),
    };
    Rule { one_of, source: source.to_owned() }
}

/// What the ledger says of a community and an account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Promo {
    /// What we said there within the window, and how much of it spoke for us.
    pub all: u32,
    pub promo: u32,
    /// The same of the account, everywhere.
    pub account_all: u32,
    pub account_promo: u32,
    /// One of so many; 0 where there is no rule.
    pub one_of: u32,
    pub source: String,
    pub last: Option<Stamp>,
}

/// The ledger's figures for a community and an account.
#[must_use]
pub fn figures(
    ledger: &[Said],
    network: &str,
    community: &str,
    account: &str,
    rule: &Rule,
    now: Stamp,
) -> Promo {
    let mut p = Promo { one_of: rule.one_of, source: rule.source.clone(), ..Promo::default() };
    for s in ledger.iter().filter(|s| s.at > now.plus(-WINDOW) && s.at <= now) {
        let promo = u32::from(s.class.is_promo());
        if !account.is_empty() && s.account == account {
            p.account_all += 1;
            p.account_promo += promo;
        }
        if s.network == network && s.community.eq_ignore_ascii_case(community) {
            p.all += 1;
            p.promo += promo;
            if promo > 0 {
                p.last = p.last.max(Some(s.at));
            }
        }
    }
    p
}

impl Promo {
    /// Would one more of this kind break the rule, here or for the account as a whole?
    #[must_use]
    pub fn would_break(&self, class: Class) -> bool {
        class.is_promo() && self.over_with(1)
    }

    /// It is over the rule already, before one more, here or for the account as a whole.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over_with(0)
    }

    /// Over the rule with so many more.
    fn over_with(&self, more: u32) -> bool {
        let over = |promo: u32, all: u32| (promo + more).saturating_mul(self.one_of) > all + more;
        self.one_of > 0
            && (over(self.promo, self.all)
                || (self.account_all > 0 && over(self.account_promo, self.account_all)))
    }

    /// "promo 1/12 (limit 1/10) · last 9 d ago".
    #[must_use]
    pub fn header(&self, now: Stamp) -> String {
        let last =
            self.last.map_or(String::new(), |t| format!(" · last {} d ago", (now.0 - t.0).max(0) / DAY));
        match self.one_of {
            0 => format!("promo {}/{}{last}", self.promo, self.all),
            n => format!("promo {}/{} (limit 1/{n}){last}", self.promo, self.all),
        }
    }

    /// For the preflight.
    #[must_use]
    pub fn words(&self, class: Class, now: Stamp) -> String {
        let all =
            format!("{} · as this account {}/{}", self.header(now), self.account_promo, self.account_all);
        match (class.is_promo(), self.would_break(class)) {
            (true, true) => format!("this {} would be too much: {all}", class.word()),
            _ => format!("{}: {all}", class.word()),
        }
    }
}

/// Calls to do something for us.
const CALLS: [&str; 14] = [
    "sign up",
    "try it",
    "try our",
    "check out our",
    "buy",
    "discount",
    "coupon",
    "free trial",
    "book a demo",
    "subscribe",
    "our product",
    "join us",
    "jetzt kaufen",
    "kostenlos testen",
];
/// Words of somebody who helps.
const HELPS: [&str; 12] = [
    "you can",
    "try to",
    "fixed in",
    "the fix",
    "workaround",
    "here is how",
    "steps",
    "does that help",
    "thanks for the report",
    "could you",
    "please update",
    "kannst du",
];

/// Links among these that lead to a host of ours.
pub fn own_links<'a>(
    links: impl Iterator<Item = &'a str>,
    domains: &[String],
) -> impl Iterator<Item = &'a str> {
    links.filter(move |u| {
        let host = clean::host_of(u);
        domains.iter().any(|d| host.as_str() == d || host.ends_with(&format!(".{d}")))
    })
}

/// What a text is for, as far as its words tell; its author may say otherwise.
#[must_use]
pub fn class_of(text: &str, links: &[String], domains: &[String], products: &[String]) -> Class {
    let low = text.to_lowercase();
    let calls = CALLS.iter().any(|c| low.contains(c));
    let ours = own_links(links.iter().map(String::as_str), domains).next().is_some();
    let named = products.iter().any(|p| names(&low, p));
    match (calls && (ours || named), ours) {
        (true, _) => Class::Promotion,
        (_, true) => Class::OwnLink,
        _ if HELPS.iter().any(|h| low.contains(h)) => Class::Help,
        _ => Class::Talk,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(day: i64, community: &str, account: &str, class: Class) -> Said {
        Said {
            mention: Id(0),
            at: Stamp(1_790_000_000_000 + day * DAY),
            network: "mastodon".into(),
            community: community.into(),
            account: account.into(),
            class,
        }
    }

    #[test]
    fn a_promotion_is_owed_to_help() {
        let now = Stamp(1_790_000_000_000 + 20 * DAY);
        let rule = Rule { one_of: 4, source: "x".into() };
        let mut all: Vec<Said> = (0..11).map(|d| said(d, "a", "us", Class::Help)).collect();
        let p = figures(&all, "mastodon", "A", "us", &rule, now);
        assert_eq!((p.promo, p.all, p.would_break(Class::OwnLink)), (0, 11, false));
        all.push(said(11, "a", "us", Class::OwnLink));
        let p = figures(&all, "mastodon", "a", "us", &rule, now);
        assert_eq!(p.header(now), "promo 1/12 (limit 1/4) · last 9 d ago");
        assert!(!p.would_break(Class::Promotion) && !p.would_break(Class::Help));
        for d in 12..16 {
            all.push(said(d, "a", "us", Class::Promotion));
        }
        assert!(figures(&all, "mastodon", "a", "us", &rule, now).would_break(Class::Promotion));
        // Elsewhere it is the account that said too much of itself.
        all.iter_mut().for_each(|s| s.class = Class::Promotion);
        let p = figures(&all, "mastodon", "b", "us", &rule, now);
        assert!(p.all == 0 && p.would_break(Class::OwnLink));
        assert_eq!(figures(&all, "mastodon", "a", "us", &rule, now.plus(WINDOW + 30 * DAY)).all, 0);
    }

    #[test]
    fn texts_are_classed_by_what_they_do() {
        let (domains, products) = (vec!["acme.example".to_owned()], vec!["Acme".to_owned()]);
        let of = |t: &str, l: &[&str]| {
            class_of(t, &l.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(), &domains, &products)
        };
        assert_eq!(of("It is fixed in 2.1", &[]), Class::Help);
        assert_eq!(of("Nice to read!", &[]), Class::Talk);
        assert_eq!(of("See https://docs.acme.example/x", &["https://docs.acme.example/x"]), Class::OwnLink);
        assert_eq!(of("Try our Acme for free", &[]), Class::Promotion);
        assert_eq!(of("See this", &["https://notacme.example"]), Class::Talk);
        assert!(!names("pacmen acmes", "acme"));
    }
}

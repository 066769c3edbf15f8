//! How we stand in a community: how well we know it, in seven points, what we said there and what that was for, and how much
//! of it may speak for us.

use super::preflight::KNOWN_HOLDS;
use super::{Caller, Engine};
use crate::answer::names;
use crate::answer::promo::{self, Said};
use crate::answer::readiness::{Known, Ready, Wants, ready};
use crate::clean;
use crate::door::{ListQuery, Reply};
use crate::model::{Draft, Item, Stage, Stamp, State};
use crate::store::StoreError;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

impl Engine {
    /// How much we may speak of ourselves in a community: its own line of the configuration, or what is usual.
    pub(super) fn promo_rule(&self, network: &str, community: &str) -> promo::Rule {
        match self.setup().config.send.community(community).promo {
            Some(n) => promo::Rule { one_of: n, source: format!("config.toml: [community.\"{community}\"]") },
            None => promo::usual(network),
        }
    }

    /// How well we know a community, in seven points.
    pub(super) fn readiness(
        &self,
        caller: &Caller,
        network: &str,
        community: &str,
        account: &str,
    ) -> Result<Ready, StoreError> {
        let now = Stamp::now();
        let who = &caller.asker.who;
        let key = (network.to_owned(), community.to_lowercase(), format!("{who} {account}"));
        let held = self.looks.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((_, r)) = held.filter(|(at, _)| now.0 - at.0 < KNOWN_HOLDS) {
            return Ok(r);
        }
        let setup = self.setup();
        let conf = setup.config.send.community(community);
        let [days, read, people, examples] = setup.config.send.ready;
        let reader = self.store.reader();
        let card = reader.community(network, community)?;
        let place = format!("community:\"{}\" network:{network}", community.replace('"', " "));
        let count = |more: &str| -> Result<u32, StoreError> {
            let q = ListQuery::newest(&State::ALL, &format!("{place} {more}"), 1);
            Ok(match super::search::count(self, &q, who)? {
                Reply::Counted(t) => u32::try_from(t.n).unwrap_or(u32::MAX),
                _ => 0,
            })
        };
        let mut k = Known {
            wants: Wants { days, read, people, examples },
            now,
            read: count("is:read")?,
            good: count("tag:good-answer")?,
            bad: count("tag:bad-answer")?,
            answered: count("is:answered")?,
            speaks: conf.speaks,
            escalate: conf.escalate,
            ..Known::default()
        };
        k.rules_since = match (conf.rules.trim().is_empty(), &card) {
            (false, _) => Some(now),
            (true, Some(c)) if !c.rules.is_empty() => Some(c.rules_since),
            _ => None,
        };
        let rule = self.promo_rule(network, community);
        k.promo = Some(match rule.one_of {
            0 => format!("no bound ({})", rule.source),
            n => format!("1/{n} ({})", rule.source),
        });
        let oldest = ListQuery {
            from: crate::model::Key::default(),
            older: false,
            ..ListQuery::newest(&State::ALL, &place, 1)
        };
        if let Reply::List { items, .. } = super::search::list(self, &oldest, who)? {
            k.heard_since = items.first().map(|i| i.mention.heard_at);
        }
        for id in reader.known_people()? {
            let Some(p) = reader.person(id, now)?.filter(|p| p.vip || !p.tags.is_empty()) else { continue };
            let there = reader.timeline(id, crate::model::Key::MAX, 50, who)?;
            let speaks = |i: &Item| {
                i.mention.network == network && i.mention.community.eq_ignore_ascii_case(community)
            };
            if there.iter().any(speaks) {
                if p.tags.iter().any(|t| t == "moderator") {
                    k.moderators.push(p.name.to_string());
                }
                k.people.push(p.name.to_string());
            }
        }
        if let Some(s) = reader.standing(account)? {
            k.disclosed = s.profile.map(|p| self.says_who_we_are(&p));
            k.standing = Some((s.words, !s.wrong));
        }
        let r = ready(&k);
        self.looks.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, (now, r.clone()));
        Ok(r)
    }

    /// True if a profile names us: by the words that say so, by a name of ours, or by a host of ours.
    fn says_who_we_are(&self, profile: &str) -> bool {
        let (setup, low) = (self.setup(), profile.to_lowercase());
        let send = &setup.config.send;
        send.disclosure.iter().any(|d| low.contains(&d.to_lowercase()))
            || send.products.iter().chain([&setup.config.brand]).any(|n| names(&low, n))
            || send.domains.iter().any(|d| names(&low, d))
    }

    /// All that we said, with what it was for: what was posted, as it was let go.
    pub(super) fn ledger(&self) -> Result<Arc<Vec<Said>>, StoreError> {
        if let Some(l) = self.looks.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(l);
        }
        let reader = self.store.reader();
        let now = Stamp::now();
        let mut out = Vec::new();
        let mut posted = reader.posted_since(now.plus(-promo::WINDOW))?;
        // What was changed stands there once, as what it was let go as.
        posted.sort_by_key(|d| (!matches!(d.stage, Stage::Going(_)), d.saved_at));
        let mut seen = std::collections::HashSet::new();
        posted.retain(|d| seen.insert((d.mention.id, d.posted.clone().map(crate::model::Text::into_string))));
        let mut known = std::mem::take(&mut *self.looks.said.lock().unwrap_or_else(PoisonError::into_inner));
        let mut kept = HashMap::with_capacity(posted.len());
        for d in posted {
            let said = match known.remove(&d.id) {
                Some(s) => s,
                None => match self.said_by(&d)? {
                    Some(s) => s,
                    None => continue,
                },
            };
            // What nobody reacted to in a day is filler, and what moderators took away is no help.
            let tells = crate::networks::named(&said.network)
                .and_then(crate::networks::Network::posting)
                .is_some_and(|p| p.tells());
            let came = reader.sending(d.id)?.map(|s| s.outcome);
            let idle = came.is_some_and(|o| o.removed || (tells && o.is_idle()));
            if !idle || said.class.is_promo() {
                out.push(said.clone());
            }
            kept.insert(d.id, said);
        }
        *self.looks.said.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        let out = Arc::new(out);
        *self.looks.ledger.lock().unwrap_or_else(PoisonError::into_inner) = Some(out.clone());
        Ok(out)
    }

    /// What a draft that was posted stands in the ledger as; `None` if what it answers is not there any more.
    fn said_by(&self, d: &Draft) -> Result<Option<Said>, StoreError> {
        let reader = self.store.reader();
        let setup = self.setup();
        let send = &setup.config.send;
        let Some(item) = reader.item(d.mention.id, "")? else { return Ok(None) };
        let (account, class, at) = match &d.stage {
            Stage::Going(g) => (g.account.clone(), g.class, g.due),
            // Posted by hand: its words tell.
            _ => {
                let text = reader.draft_by_id(d.id)?.map(|d| d.text).unwrap_or_default();
                let class = promo::class_of(&text, &clean::addresses(&text), &send.domains, &send.products);
                (String::new(), class, d.saved_at)
            }
        };
        let m = item.mention;
        let community = m.community.to_string();
        Ok(Some(Said { mention: d.mention.id, at, network: m.network, community, account, class }))
    }
}

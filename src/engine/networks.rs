//! Networks, accounts and communities, for who asks: what each network is, who we are there, what they told.

use super::{Caller, Engine};
use crate::account::Way;
use crate::answer::promo;
use crate::clean;
use crate::door::ListQuery;
use crate::model::network::{AccountView, CommunityView, NetworkView};
use crate::model::{Stamp, State, time};
use crate::networks::{Declaration, Door, Of, declarations};
use crate::store::StoreError;

/// What every network is.
pub fn views() -> Vec<NetworkView> {
    declarations().map(view).collect()
}

fn view(d: &Declaration) -> NetworkView {
    let p = &d.policy;
    let limit = |l: &crate::networks::Limit| {
        let of = if l.of == Of::Account { "for an account" } else { "without one" };
        format!("{} {} in {} {of}", l.n, l.unit, time::span(l.per_ms))
    };
    let keep = p.keep_days.map_or("as long as we like".to_owned(), |d| format!("{d} days"));
    let yes = |b: bool| if b { "yes" } else { "no" }.to_owned();
    NetworkView {
        name: d.name.into(),
        title: d.title.into(),
        heard: d.heard.iter().map(|w| w.word().to_owned()).collect(),
        can: d.can.words().into_iter().map(str::to_owned).collect(),
        limits: d.limits.iter().map(limit).collect(),
        identity: d.identity.into(),
        policy: vec![
            ("may we keep it".into(), p.store.words()),
            ("for how long".into(), keep),
            ("may people be linked with others elsewhere".into(), p.link_identities.words()),
            ("may we write in private".into(), p.private_messages.words()),
            ("does our copy go with the source".into(), yes(p.delete_with_source)),
            ("may a program post".into(), p.machine_posts.words()),
        ],
        link: p.link.into(),
        read_on: p.read_on.into(),
        account: match d.door {
            Door::Open => "none is needed",
            Door::Optional => "one opens more",
            Door::Needed => "nothing without one",
        }
        .into(),
        settings: d.settings.iter().map(|s| (s.key.to_owned(), s.help.to_owned())).collect(),
        hand_off: d.hand_off,
    }
}

impl Engine {
    pub(super) fn account_views(&self, caller: &Caller) -> Result<Vec<AccountView>, StoreError> {
        let setup = self.setup();
        let now = Stamp::now();
        let mut out = Vec::new();
        for c in &setup.config.accounts {
            let Some(a) = self.accounts.named(&c.name) else { continue };
            let way = Way {
                network: a.network,
                server: a.server.clone(),
                account: Some(a.name.clone()),
                allow: Vec::new(),
                ca: None,
                proxy: None,
                limits: crate::net::Limits::default(),
                answering: true,
            };
            let keys = match (&c.secret, self.accounts.vault().read(&c.name)) {
                (Some(_), _) => "named in the configuration".to_owned(),
                (None, Ok(Some(_))) => "stored by hearken login".to_owned(),
                (None, Ok(None)) => format!("none: run hearken login {} --account {}", c.network, c.name),
                (None, Err(e)) => e,
            };
            out.push(AccountView {
                name: c.name.clone(),
                network: c.network.into(),
                server: c.server.clone(),
                user: c.user.clone(),
                keys,
                standing: self.store.reader().standing(&c.name)?,
                budgets: self.accounts.left(&way, now),
                may_send: c.may_send.clone(),
                mine: c.serves(&caller.asker.who, &caller.groups),
                begins: a.network.posting().and_then(super::compose::begins),
            });
        }
        Ok(out)
    }

    /// Communities that networks told of; the one of this name, or those whose name holds it.
    pub(super) fn community_views(
        &self,
        caller: &Caller,
        name: Option<&str>,
    ) -> Result<Vec<CommunityView>, StoreError> {
        let who = &caller.asker.who;
        let mut all = self.store.reader().communities()?;
        all.sort_by(|a, b| (&a.network, &a.name).cmp(&(&b.network, &b.name)));
        if let Some(n) = name {
            let low = n.to_lowercase();
            let exact = all.iter().any(|c| c.name.to_lowercase() == low);
            all.retain(|c| {
                let own = c.name.to_lowercase();
                if exact { own == low } else { own.contains(&low) || c.title.to_lowercase().contains(&low) }
            });
        }
        let handles: Vec<(String, String)> = {
            let setup = self.setup();
            let of = |a: &crate::config::AccountConf| {
                let me = self.accounts.me(&a.name)?;
                let id = if me.handle.is_empty() { me.user } else { me.handle };
                (!id.is_empty()).then(|| (a.network.to_owned(), id.trim_start_matches('@').to_owned()))
            };
            setup.config.accounts.iter().filter_map(of).collect()
        };
        let quoted = |s: &str| s.replace('"', " ");
        let count = |filter: String| -> Result<u64, StoreError> {
            let q = ListQuery::newest(&State::ALL, &filter, 1);
            Ok(match super::search::count(self, &q, who)? {
                crate::door::Reply::Counted(t) => t.n,
                _ => 0,
            })
        };
        let mut out = Vec::new();
        for c in all {
            let place = format!("community:\"{}\"", quoted(&c.name));
            let heard = count(place.clone())?;
            let mut ours = 0;
            if heard > 0 {
                for (_, h) in handles.iter().filter(|(n, _)| *n == c.network) {
                    ours += count(format!("{place} author:\"{}\"", quoted(h)))?;
                }
            }
            let answered = if heard > 0 { count(format!("{place} is:answered"))? } else { 0 };
            out.push(CommunityView { community: c, heard, ours, answered, ..CommunityView::default() });
        }
        if let [one] = out.as_mut_slice() {
            self.how_we_stand(caller, one)?;
        }
        Ok(out)
    }

    /// How well we know a community and how much we speak of ourselves there, with the evidence.
    fn how_we_stand(&self, caller: &Caller, c: &mut CommunityView) -> Result<(), StoreError> {
        let now = crate::model::Stamp::now();
        let (network, name) = (c.community.network.clone(), c.community.name.to_string());
        let setup = self.setup();
        let account = setup.config.accounts.iter().find(|a| a.network == network).map(|a| a.name.clone());
        let account = account.unwrap_or_default();
        let ready = self.readiness(caller, &network, &name, &account)?;
        c.readiness = clean::line(&ready.words());
        c.ready = ready.points.into_iter().map(|p| (p.name.to_owned(), p.holds, p.words)).collect();
        let rule = self.promo_rule(&network, &name);
        let ledger = self.ledger()?;
        let p = promo::figures(&ledger, &network, &name, &account, &rule, now);
        c.promo = clean::line(&p.header(now));
        c.promo_source = clean::line(&rule.source);
        let here = |s: &&promo::Said| s.network == network && s.community.eq_ignore_ascii_case(&name);
        let mut said: Vec<_> =
            ledger.iter().filter(here).map(|s| (s.at, s.class.word().to_owned())).collect();
        said.sort_by_key(|s| std::cmp::Reverse(s.0));
        said.truncate(5);
        c.said = said;
        Ok(())
    }
}

//! Who posts: an account of ours with the way to its server, and which of them may answer a mention.

use super::{Caller, Engine};
use crate::account::{Account, Way};
use crate::clean;
use crate::model::attach::{Attached, mime_of};
use crate::model::outgoing::Going;
use crate::model::{Id, Item, Kind, Mention, Role, Stage, Value};
use crate::networks::{Desk, File, Me, Posting, Trouble};
use crate::store::StoreError;

/// Entries about a draft that are looked through for how it was let go.
const LOOKED: usize = 20;

/// An account and how its network is posted to.
pub(super) struct Poster {
    pub account: Account,
    pub posting: &'static dyn Posting,
    pub me: Me,
    /// What its addresses begin with.
    pub server: String,
    pub way: Way,
}

impl Engine {
    /// How this account posts; `None` if it is not there or its network cannot be posted to.
    pub(super) fn posts_as(&self, account: &str) -> Option<Poster> {
        let account = self.accounts.named(account)?;
        let posting = account.network.posting()?;
        let me = self.accounts.me(&account.name)?;
        let setup = self.setup();
        let by_mail = !account.smtp.is_empty();
        let server = if by_mail { account.smtp.clone() } else { account.server.clone() };
        let of =
            |s: &&crate::listen::Source| s.way().is_some_and(|w| w.account.as_deref() == Some(&account.name));
        let source = setup.sources.iter().find(of);
        let way = Way {
            network: account.network,
            server: account.server.clone(),
            account: Some(account.name.clone()),
            allow: source.map_or_else(Vec::new, |s| s.allow.clone()),
            ca: source.and_then(|s| s.ca.clone()).or_else(|| setup.config.http.ca.clone()),
            proxy: source.map_or_else(|| setup.config.http.proxy.clone(), |s| s.proxy.clone()),
            limits: super::convert::limits(&setup.config),
            answering: true,
        };
        Some(Poster { posting, me, server, way, account })
    }

    /// The accounts by which a mention may be answered: of its network, and of the server that knows it by this id.
    pub(super) fn accounts_for(&self, item: &Item) -> Vec<String> {
        let setup = self.setup();
        let m = &item.mention;
        if m.kind == Kind::Own {
            // It was begun as one of them.
            let named = |a: &&crate::config::AccountConf| a.name == m.author.scope.as_str();
            return setup.config.accounts.iter().filter(named).map(|a| a.name.clone()).collect();
        }
        let source = setup.sources.iter().find(|s| s.id == m.source).and_then(|s| s.way());
        let theirs = source.as_ref().map(|w| w.server.clone()).unwrap_or_default();
        let own = source.and_then(|w| w.account);
        let fits = |a: &&crate::config::AccountConf| {
            let Some(p) = self.posts_as(&a.name) else { return false };
            a.network == m.network
                && match p.posting.server_of(m, &theirs) {
                    Some(host) => clean::host_of(&a.server).as_str() == host,
                    None => true,
                }
        };
        let mut all: Vec<String> =
            setup.config.accounts.iter().filter(fits).map(|a| a.name.clone()).collect();
        // The one that hears it answers first.
        all.sort_by_key(|a| Some(a.as_str()) != own.as_deref());
        all
    }

    /// True if this person may answer as this account.
    pub(super) fn may_use(&self, caller: &Caller, account: &str) -> bool {
        let setup = self.setup();
        let mut named = setup.config.accounts.iter().filter(|c| c.name == account);
        named.any(|c| c.serves(&caller.asker.who, &caller.groups))
    }

    /// Why somebody who let something go for later may not have it sent any more. Their groups are known only while they
    /// are here: where a group may, they may.
    pub(super) fn no_longer(&self, draft: Id, g: &Going) -> Result<Option<String>, StoreError> {
        let (setup, by) = (self.setup(), g.by.as_str());
        let roles = &setup.config.roles;
        let conf = setup.config.accounts.iter().find(|a| a.name == g.account);
        let named = conf.is_none_or(|c| c.serves(by, &[]) || c.may_send.iter().any(|n| n.starts_with('@')));
        if by == self.asker.who || by == "root" || (named && roles.could(by, Role::Send)) {
            return Ok(None);
        }
        // As the log has it: who that was for the system, and whether somebody had approved it.
        let (mut own, mut approved) = (false, false);
        if let Some(e) = self.store.log(Some(draft), LOOKED)?.into_iter().find(|e| e.verb == "send") {
            own = e.uid == 0 || e.uid == self.asker.uid;
            approved = e.changes.iter().any(|c| matches!(c.from, Value::Stage(Stage::Approved { .. })));
        }
        let role = if approved { Role::Draft } else { Role::Send };
        Ok(if own || (named && roles.could(by, role)) {
            None
        } else if named {
            Some(format!("{by} has no role to send any more"))
        } else {
            Some(format!("may_send of the account {} does not name {by} any more", g.account))
        })
    }

    /// True if an account of ours said it.
    pub(super) fn is_ours(&self, m: &Mention) -> bool {
        let author = &m.author;
        // Anybody can write our address above a letter, and forms of ours do: it is by us if it has an id of ours.
        if m.network == "mail" && !m.native_id.starts_with("hearken.") {
            return false;
        }
        let same = |id: &str| {
            let (id, theirs) = (id.trim_start_matches('@'), author.native.trim_start_matches('@'));
            !id.is_empty() && id.eq_ignore_ascii_case(theirs)
        };
        self.setup().config.accounts.iter().filter(|a| a.network == m.network).any(|a| {
            // A name is one everywhere, or on its server alone.
            let place = author.scope.strip_prefix(a.network).map(str::trim).unwrap_or("-");
            let server = a.server.split_once("://").map_or(a.server.as_str(), |(_, rest)| rest);
            let here = place.is_empty() || place == server || place == clean::host_of(&a.server).as_str();
            here && self
                .accounts
                .me(&a.name)
                .is_some_and(|me| [&me.native, &me.handle, &me.user].into_iter().any(|id| same(id)))
        })
    }

    /// The pictures that a text names, with their bytes.
    pub(super) fn files(&self, named: &[Attached]) -> Result<Vec<File>, String> {
        let one = |a: &Attached| {
            let bytes = self.store.attached(&a.name).map_err(|e| e.to_string())?;
            let bytes = bytes.ok_or_else(|| format!("the picture {} is not here any more", a.name))?;
            let (name, alt) = (a.name.clone(), a.alt.clone());
            Ok(File { mime: mime_of(&name), name, alt, bytes, there: String::new() })
        };
        named.iter().map(one).collect()
    }

    /// The same, once the server has them; where an answer is lost, one that nobody uses is there.
    pub(super) async fn uploaded(
        &self,
        p: &Poster,
        d: &Desk<'_>,
        files: &[File],
    ) -> Result<Vec<File>, Trouble> {
        let net = self.setup().net;
        let mut out = Vec::new();
        for f in files {
            let there = match p.posting.upload(d, f) {
                Some(call) => p.posting.uploaded(&self.accounts.call(&net, &p.way, &call).await?.0)?,
                None => String::new(),
            };
            out.push(File { there, ..f.clone() });
        }
        Ok(out)
    }
}

//! What networks told beside mentions: what they deleted, what their communities are, who we are there.

use super::error::Result;
use super::ingest::Work;
use super::runs::Family;
use super::verbs::Asker;
use super::{Located, Reader, Store, codec, keys, kv};
use crate::model::place::{Community, Standing};
use crate::model::{Id, Key, Stamp, Targets, Verb};

impl Store {
    /// What a source deleted, and all of authors that left it, is wiped here too: at once for every reader, off the
    /// disk by the next scrub. What is not here, or is wiped already, is left alone. Gives what was wiped.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn deleted_at_source(&self, source: &str, ids: &[Id], left: &[u64], now: Stamp) -> Result<Vec<Key>> {
        let reader = self.reader();
        let mut all: Vec<Key> = Vec::new();
        for id in ids {
            all.extend(reader.standing_key(*id)?);
        }
        for author in left {
            for p in self.inner.search.newest(Family::Author, *author, u64::MAX, usize::MAX)? {
                let at = Located { block: p.block, slot: usize::from(p.slot) };
                if self.inner.index().meta(at.block).is_none() {
                    continue;
                }
                let block = self.inner.block(at.block)?;
                let own = block
                    .rows
                    .get(at.slot)
                    .filter(|r| r.author == *author && !r.has(super::block::flag::GONE));
                all.extend(own.map(|r| r.key));
            }
        }
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let asker = Asker { who: format!("source:{source}"), uid: 0 };
        self.act(&asker, &Verb::Wipe, &Targets::Mentions(all.clone()), now, true)?;
        Ok(all)
    }

    /// Who we are on a network, as it told.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn put_standing(&self, account: &str, s: &Standing) -> Result<()> {
        let _core = self.writing()?;
        let mut batch = super::Batch::default();
        batch.put(keys::standing(account), codec::encode(s)?);
        self.inner.write(&batch)
    }
}

impl Work<'_> {
    /// Rules that did not change keep the day on which they were first seen so.
    pub(super) fn community(&mut self, mut c: Community) -> Result<()> {
        let key = keys::community(&c.network, &c.name);
        let before: Option<Community> =
            self.store.inner.kv().get(&key)?.map(|b| codec::decode(&b)).transpose()?;
        if let Some(b) = before {
            // What this answer did not say is as it was.
            if c.rules.is_empty() {
                (c.rules, c.rules_url) = (b.rules.clone(), b.rules_url.clone());
            }
            if c.members.is_none() {
                c.members.clone_from(&b.members);
            }
            if c.about.is_empty() {
                c.about.clone_from(&b.about);
            }
            c.rules_since = if c.rules == b.rules { b.rules_since } else { c.told_at };
        } else {
            c.rules_since = c.told_at;
        }
        self.tx.batch.put(key, codec::encode(&c)?);
        Ok(())
    }
}

impl Reader {
    /// The key of what is here under this id and not wiped.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn standing_key(&self, id: Id) -> Result<Option<Key>> {
        let Some(at) = self.inner.locate(id)? else { return Ok(None) };
        let row = self.inner.block(at.block)?.rows.get(at.slot).copied();
        Ok(row.filter(|r| r.key.id == id && !r.has(super::block::flag::GONE)).map(|r| r.key))
    }

    /// Every community of which a network told something.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn communities(&self) -> Result<Vec<Community>> {
        let mut out = Vec::new();
        kv::scan(&*self.inner.kv(), b"c", &mut |_, v| {
            out.extend(codec::decode::<Community>(v).ok());
            true
        })?;
        Ok(out)
    }

    /// What a network told of one.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn community(&self, network: &str, name: &str) -> Result<Option<Community>> {
        self.inner.kv().get(&keys::community(network, name))?.map(|b| codec::decode(&b)).transpose()
    }

    /// Who we are with an account.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn standing(&self, account: &str) -> Result<Option<Standing>> {
        self.inner.kv().get(&keys::standing(account))?.map(|b| codec::decode(&b)).transpose()
    }
}

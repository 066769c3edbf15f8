//! What is muted, and by which keys a mention may be: its discussion, author, story, site, community.

use super::error::Result;
use super::records::{MuteRec, Story};
use super::{Inner, Reader, codec, kv};
use crate::model::{Id, Mute, MuteKey, MuteKind};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

/// All mutes, also those whose time is over.
pub type Mutes = HashMap<MuteKey, Mute>;

impl Inner {
    /// All mutes, read once and after every change.
    pub fn mutes(&self) -> Result<Arc<Mutes>> {
        let mut known = self.mutes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(m) = &*known {
            return Ok(m.clone());
        }
        let mut all = HashMap::new();
        kv::scan(&*self.kv(), b"q", &mut |_, v| {
            all.extend(codec::decode::<MuteRec>(v).ok().map(|r| (r.key, r.mute)));
            true
        })?;
        let all = Arc::new(all);
        *known = Some(all.clone());
        Ok(all)
    }
}

impl Reader {
    /// All mutes, also those whose time is over.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn mutes(&self) -> Result<Arc<Mutes>> {
        self.inner.mutes()
    }

    /// By which keys a mention may be muted; none if it is not there.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn mute_keys(&self, id: Id) -> Result<Vec<MuteKey>> {
        let Some((at, row)) = self.row(id)? else { return Ok(Vec::new()) };
        let mut all = MuteKey::of_mention(&self.body_or_stub(at, &row)?);
        let links = self.inner.stored(self.inner.block(at.block)?.place, at.slot).map(|s| s.links());
        let links = links.unwrap_or_default();
        let thread = if links.thread == 0 { links.own } else { links.thread };
        if thread != 0 {
            all.push(MuteKey { kind: MuteKind::Thread, hash: thread });
        }
        let story = self.inner.side(row.key.id)?.and_then(|s| s.story);
        let story = story.filter(|s| *s != Story::alone(row.key.id)).unwrap_or(row.key.id);
        all.push(MuteKey { kind: MuteKind::Story, hash: story.0 });
        Ok(all)
    }
}

//! Mutes at work: what is muted leaves the inbox as it arrives, what is always let in enters it; both are logged under
//! the name of whoever asked for it.

use super::Engine;
use crate::clean;
use crate::door::Event;
use crate::model::{Item, Key, Mute, MuteKey, MuteKind, MuteView, Stamp, State, Targets, Verb};
use crate::store::{Asker, StoreError};
use std::collections::{BTreeMap, HashSet};

/// Mentions of the inbox that a new mute looks through.
const LOOKED: usize = 5_000;

impl Engine {
    /// Does what the mutes want of mentions that are new. Gives how many left the inbox, less those that entered it.
    pub(super) fn apply_mutes(&self, keys: &[Key]) -> i64 {
        self.mute_fresh(keys).unwrap_or_else(|e| {
            self.notice(true, clean::line(&format!("mutes were not applied to what came: {e}")));
            0
        })
    }

    fn mute_fresh(&self, keys: &[Key]) -> Result<i64, StoreError> {
        let (reader, now) = (self.store.reader(), Stamp::now());
        let mutes = reader.mutes()?;
        if keys.is_empty() || !mutes.values().any(|m| m.is_active(now)) {
            return Ok(0);
        }
        let mut left = 0;
        let mut all: BTreeMap<(bool, String), Vec<Key>> = BTreeMap::new();
        for key in keys {
            let Some(state) = reader.item(key.id, "")?.map(|i| i.state) else { continue };
            let of = reader.mute_keys(key.id)?;
            let mut found: Vec<&Mute> =
                of.iter().filter_map(|k| mutes.get(k)).filter(|m| m.is_active(now)).collect();
            // Who is let in by name is let in, whatever else is muted around it.
            found.sort_by_key(|m| !m.allow);
            match found.first() {
                Some(m) if m.allow && state == State::Heard => {
                    all.entry((true, m.by.clone())).or_default().push(*key)
                }
                Some(m) if !m.allow && state == State::Inbox => {
                    all.entry((false, m.by.clone())).or_default().push(*key)
                }
                _ => {}
            }
        }
        for ((allow, by), keys) in all {
            let name = if allow { "allow" } else { "mute" };
            let asker = Asker { who: format!("{name}:{by}"), uid: self.asker.uid };
            let verb = if allow { Verb::Inbox } else { Verb::Done };
            self.store.act(&asker, &verb, &Targets::Mentions(keys.clone()), now, true)?;
            left += if allow { -(keys.len() as i64) } else { keys.len() as i64 };
            self.announce(Event::Changed(keys));
        }
        Ok(left)
    }

    /// The mentions that a mute is about, with those of the inbox that belong to the same.
    pub(super) fn muted_with(&self, kind: MuteKind, targets: &Targets) -> Result<Targets, StoreError> {
        let reader = self.store.reader();
        let mut keys: Vec<Key> = match (targets, reader.members(targets)?) {
            (_, Some(all)) => all,
            (Targets::Mentions(k), None) => k.clone(),
            (other, None) => return Ok(other.clone()),
        };
        let mut wanted: HashSet<MuteKey> = HashSet::new();
        for k in &keys {
            wanted.extend(reader.mute_keys(k.id)?.into_iter().filter(|m| m.kind == kind));
        }
        let inbox = reader.newest(&[State::Inbox], LOOKED)?;
        if inbox.len() >= LOOKED {
            let text = format!("only the newest {LOOKED} of the inbox were looked through for what is muted");
            self.notice(false, clean::line(&text));
        }
        for i in inbox {
            // What was published tells the others, without reading more.
            let of = match kind {
                MuteKind::Thread | MuteKind::Story => reader.mute_keys(i.id)?,
                _ => MuteKey::of_mention(&i.mention),
            };
            if of.iter().any(|m| wanted.contains(m)) {
                keys.push(i.key);
            }
        }
        let mut seen = HashSet::new();
        keys.retain(|k| seen.insert(k.id));
        Ok(Targets::Mentions(keys))
    }

    /// What is muted or always let in, by its name.
    pub(super) fn mute_views(&self) -> Result<Vec<MuteView>, StoreError> {
        let (reader, now) = (self.store.reader(), Stamp::now());
        let mut all = Vec::new();
        for (key, mute) in reader.mutes()?.iter().filter(|(_, m)| m.is_active(now)) {
            let label = reader.item(mute.about.id, "")?.map_or_else(
                || clean::line("what it was is not kept any more"),
                |i| clean::line(&label(key.kind, &i)),
            );
            all.push(MuteView { key: *key, label, mute: mute.clone() });
        }
        all.sort_by(|a, b| {
            (a.key.kind, a.label.as_str(), a.key.hash).cmp(&(b.key.kind, b.label.as_str(), b.key.hash))
        });
        Ok(all)
    }
}

fn label(kind: MuteKind, i: &Item) -> String {
    let m = &i.mention;
    match kind {
        MuteKind::Thread | MuteKind::Story => m.headline().to_owned(),
        MuteKind::Author => m.author.name.to_string(),
        MuteKind::Site => crate::model::mute::host(&m.url).unwrap_or_default(),
        MuteKind::Community => m.community.to_string(),
    }
}

//! Sources from inside: shown with their health, added to and taken out of the operator's file with its
//! comments kept. The file is written whole, checked first, and refused if it changed meanwhile.

use super::team::File;
use super::{Engine, refuse};
use crate::clean;
use crate::config::{Config, SourceConf, SourceKind};
use crate::door::{RefusalKind, Reply, SourceEdit};
use crate::model::{SourceView, Stamp, Text};
use crate::store::StoreError;
use std::sync::PoisonError;
use toml_edit::{ArrayOfTables, Item, Table, value};

impl Engine {
    pub(super) fn source_views(&self) -> Result<Vec<SourceView>, StoreError> {
        let setup = self.setup();
        let mut met = self.store.reader().sources()?;
        let mut out = Vec::new();
        for s in setup.sources.iter() {
            let rec = met.iter().position(|r| r.id == s.id).map(|i| met.swap_remove(i)).unwrap_or_default();
            out.push(SourceView {
                id: s.id.clone(),
                network: s.network().into(),
                url: clean::line(&s.what()).into_string(),
                every_ms: s.every_ms,
                health: rec.health,
                configured: true,
                topics: s
                    .topics
                    .iter()
                    .filter_map(|n| setup.config.topics.get(*n))
                    .map(|t| t.name.clone())
                    .collect(),
                account: s.way().and_then(|w| w.account),
                ledger: rec.ledger,
                budgets: s.way().map(|w| self.accounts.left(&w, Stamp::now())).unwrap_or_default(),
            });
        }
        met.sort_by(|a, b| a.id.cmp(&b.id));
        out.extend(met.into_iter().map(|r| SourceView {
            id: r.id,
            network: r.network,
            url: String::new(),
            every_ms: 0,
            health: r.health,
            ledger: r.ledger,
            ..SourceView::default()
        }));
        Ok(out)
    }

    /// Makes the poller look at the sources again.
    pub(super) fn replan(&self) {
        let mut s = self.setup.write().unwrap_or_else(PoisonError::into_inner);
        s.sources = std::sync::Arc::new(s.sources.as_ref().clone());
    }

    pub(super) fn add_source(&self, edit: &SourceEdit) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let url = clean::url(&edit.url, None);
        if url.is_empty() {
            return refuse(RefusalKind::Usage, &format!("“{}” is no http or https address", edit.url));
        }
        let setup = self.setup();
        let same = |s: &&SourceConf| match &s.kind {
            SourceKind::Feed { url: other } => clean::same_thing(other) == clean::same_thing(&url),
            SourceKind::Command { .. } | SourceKind::Network { .. } => false,
        };
        let there = setup.config.sources.iter().find(same);
        if let Some(there) = there.filter(|s| edit.id.as_ref() != Some(&s.id)) {
            return refuse(RefusalKind::Usage, &format!("{url} is there already, as {}", there.id));
        }
        let id = match &edit.id {
            Some(id) => id.clone(),
            None => free_id(&url, &setup.config.sources.iter().map(|s| s.id.clone()).collect::<Vec<_>>()),
        };
        let done = self.edit(&File::Config, |doc| {
            let sources = doc.entry("source").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
            let Some(all) = sources.as_array_of_tables_mut() else {
                return Err("the file writes source in a way that cannot be added to".into());
            };
            let found = all.iter().position(|t| t.get("id").and_then(Item::as_str) == Some(&id));
            if found.is_some() && edit.id.is_none() {
                return Err("the file changed meanwhile; try again".into());
            }
            let mut fresh = Table::new();
            let t = match found {
                Some(i) => all.get_mut(i).ok_or("the source is not there")?,
                None => &mut fresh,
            };
            t["id"] = value(id.as_str());
            t["network"] = value("feed");
            t["url"] = value(url.as_str());
            if let Some(e) = &edit.every {
                t["every"] = value(e.as_str());
            }
            if found.is_none() {
                all.push(fresh);
            }
            Ok(())
        });
        match done {
            Ok(()) => Reply::Added(id),
            Err(why) => refuse(RefusalKind::Usage, &why),
        }
    }

    /// Adds the feeds of a list that somebody else wrote.
    pub(super) fn add_sources(&self, urls: &[String]) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken: Vec<String> = self.setup().config.sources.iter().map(|s| s.id.clone()).collect();
        let ids: Vec<Result<String, Text>> = urls
            .iter()
            .map(|u| {
                if crate::net::names_private(u) {
                    return Err(Text::ours(
                        "it names a private address; add it by hand with hearken source add, if you mean it",
                    ));
                }
                let id = free_id(u, &taken);
                taken.push(id.clone());
                Ok(id)
            })
            .collect();
        let done = self.edit(&File::Config, |doc| {
            let sources = doc.entry("source").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
            let Some(all) = sources.as_array_of_tables_mut() else {
                return Err("the file writes source in a way that cannot be added to".into());
            };
            for (url, id) in urls.iter().zip(&ids) {
                let Ok(id) = id else { continue };
                let mut t = Table::new();
                t["id"] = value(id.as_str());
                t["network"] = value("feed");
                t["url"] = value(url.as_str());
                all.push(t);
            }
            Ok(())
        });
        match done {
            Ok(()) => Reply::AddedAll(ids),
            Err(why) => refuse(RefusalKind::Usage, &why),
        }
    }

    pub(super) fn remove_source(&self, id: &str) -> Reply {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.edit(&File::Config, |doc| {
            let all = doc.get_mut("source").and_then(Item::as_array_of_tables_mut);
            let at = all
                .as_ref()
                .and_then(|a| a.iter().position(|t| t.get("id").and_then(Item::as_str) == Some(id)));
            match (all, at) {
                (Some(a), Some(i)) => {
                    a.remove(i);
                    Ok(())
                }
                _ => Err(format!("there is no source {id}")),
            }
        });
        match done {
            Ok(()) => Reply::Removed(id.into()),
            Err(why) => refuse(RefusalKind::NotFound, &why),
        }
    }

    /// Reads the configuration again; a bad one leaves the old one in force.
    ///
    /// # Errors
    /// The problems found, one a line.
    pub fn reload(&self) -> Result<(), String> {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.setup().config.file.clone();
        let config = Config::read(&path).map_err(|all| {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            format!("the old configuration stays in force: {}", all.join("\n"))
        })?;
        self.put_setup(config);
        Ok(())
    }

    /// Takes the file in if somebody changed it, and tells everybody once what came of it. Gives what is wrong with it
    /// as long as that is so.
    pub(super) fn take_config(&self) -> Option<String> {
        let setup = self.setup();
        let now = Config::hash_now(&setup.config.file);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if now == 0 || now == setup.hash {
            *refused = None;
            return None;
        }
        if let Some((_, why)) = refused.as_ref().filter(|(hash, _)| *hash == now) {
            return Some(why.clone());
        }
        match self.reload() {
            Ok(()) => {
                *refused = None;
                self.notice(false, Text::ours("the configuration changed and was read again"));
                None
            }
            Err(why) => {
                *refused = Some((now, why.clone()));
                let n = why.lines().count();
                let more = if n > 1 { format!(" (and {} more)", n - 1) } else { String::new() };
                self.notice(true, clean::line(&format!("{}{more}", why.lines().next().unwrap_or(""))));
                Some(why)
            }
        }
    }
}

/// A short id from the host, with a number if it is taken.
fn free_id(url: &str, taken: &[String]) -> String {
    let host = clean::host_of(url);
    let base: String =
        host.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).take(40).collect();
    let base = if base.is_empty() { "source".to_owned() } else { base };
    (1..)
        .map(|n| if n == 1 { base.clone() } else { format!("{base}-{n}") })
        .find(|id| !taken.contains(id))
        .unwrap_or(base)
}

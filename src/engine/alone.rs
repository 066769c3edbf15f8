//! Work that needs the store for itself, without an engine: check and restore.

use crate::store::{POSTINGS, Store, StoreError, rebuild, restore as restore_store};
use std::path::Path;

/// Verifies (and with `repair` puts right) a store that nobody uses. Gives the number of mentions and the
/// findings: sentence and whether it was repaired.
///
/// # Errors
/// A sentence.
pub fn check(data: &Path, cache_mb: u64, repair: bool) -> Result<(u64, Vec<(String, bool)>), String> {
    if !data.exists() {
        return Err(format!("there is no store at {}", data.display()));
    }
    let mut said = Vec::new();
    let store = match Store::open(data, cache_mb) {
        Err(e @ StoreError::Corrupt(_)) if repair => {
            said.push((e.to_string(), true));
            let r = rebuild(data, cache_mb).map_err(|e| e.to_string())?;
            said.push((
                format!(
                    "the index was built anew: {} mentions, {} entries of the log; the old one is kept as damaged-index-…",
                    r.mentions, r.entries
                ),
                true,
            ));
            if r.lost > 0 {
                said.push((format!("{} blocks of texts cannot be read any more", r.lost), false));
            }
            Store::open(data, cache_mb)
        }
        opened => opened,
    };
    let store = store.map_err(|e| e.to_string())?;
    let (mut n, mut found) = store.check(repair).map_err(|e| e.to_string())?;
    if repair && found.iter().any(|f| f.text.starts_with(POSTINGS)) {
        drop(store);
        let r = rebuild(data, cache_mb).map_err(|e| e.to_string())?;
        said.push((
            format!("postings were wrong, and the index was built anew: {} mentions", r.mentions),
            true,
        ));
        let again = Store::open(data, cache_mb).map_err(|e| e.to_string())?;
        (n, found) = again.check(true).map_err(|e| e.to_string())?;
    }
    said.extend(found.into_iter().map(|f| (f.text, f.repaired)));
    Ok((n, said))
}

/// Makes a store of a backup in an empty folder, and checks it.
///
/// # Errors
/// A sentence.
pub fn restore(from: &Path, data: &Path) -> Result<u64, String> {
    let mut file = std::fs::File::open(from).map_err(|e| format!("{}: {e}", from.display()))?;
    if std::fs::read_dir(data).is_ok_and(|mut d| d.next().is_some()) {
        return Err(format!("{} is not empty; restore into a new folder with --data", data.display()));
    }
    // Beside its place first: a backup that breaks off leaves nothing behind.
    let name = data.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_else(|| "data".into());
    let part = data.with_file_name(format!(".{name}.restoring-{}", std::process::id()));
    let done = restore_store(&mut file, &part)
        .map_err(|e| match e {
            StoreError::Corrupt(why) => format!("{}: {why}; nothing was restored", from.display()),
            e => e.to_string(),
        })
        .and_then(|()| check(&part, 64, false));
    let whole = match done {
        Ok((n, found)) => match found.first() {
            None => Ok(n),
            Some((f, _)) => Err(format!("the backup is not whole: {f}")),
        },
        Err(e) => Err(e),
    };
    let placed = whole.and_then(|n| {
        let _ = std::fs::remove_dir(data);
        std::fs::rename(&part, data).map(|()| n).map_err(|e| format!("{}: {e}", data.display()))
    });
    if placed.is_err() {
        let _ = std::fs::remove_dir_all(&part);
    }
    placed
}

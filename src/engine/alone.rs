//! Work that needs the store for itself, without an engine: check and restore.

use crate::store::{Store, restore as restore_store};
use std::path::Path;

/// Verifies (and with `repair` puts right) a store that nobody uses. Gives the number of mentions and the
/// findings: sentence and whether it was repaired.
///
/// # Errors
/// A sentence.
pub fn check(data: &Path, cache_mb: u64, repair: bool) -> Result<(u64, Vec<(String, bool)>), String> {
    let store = Store::open(data, cache_mb).map_err(|e| e.to_string())?;
    let (n, found) = store.check(repair).map_err(|e| e.to_string())?;
    Ok((n, found.into_iter().map(|f| (f.text, f.repaired)).collect()))
}

/// Makes a store of a backup in an empty folder, and checks it.
///
/// # Errors
/// A sentence.
pub fn restore(from: &Path, data: &Path) -> Result<u64, String> {
    let mut file = std::fs::File::open(from).map_err(|e| format!("{}: {e}", from.display()))?;
    restore_store(&mut file, data).map_err(|e| e.to_string())?;
    let (n, found) = check(data, 64, false)?;
    match found.first() {
        None => Ok(n),
        Some((f, _)) => Err(format!("the restored store is not whole: {f}")),
    }
}

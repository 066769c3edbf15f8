//! Files of whoever is at the door: read and written as that person, whose eyes the engine does not have.

use super::Door;
use crate::model::attach::{MOST, kind_of};
use std::path::Path;

/// Reads a picture: its name, and its bytes. `~/` is the person's own folder.
///
/// # Errors
/// A sentence: it cannot be read, or is no picture, or too large.
pub fn picture(path: &Path) -> Result<(String, Vec<u8>), String> {
    use std::io::Read;
    let path = match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    };
    let said = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    // A pipe or a device would never end.
    if !std::fs::metadata(&path).map_err(|e| said(&e))?.is_file() {
        return Err(said(&"it is no file"));
    }
    let file = std::fs::File::open(&path).map_err(|e| said(&e))?;
    let mut bytes = Vec::new();
    file.take(MOST as u64 + 1).read_to_end(&mut bytes).map_err(|e| said(&e))?;
    if bytes.len() > MOST {
        return Err(said(&format!("it is too large: at most {} MB", MOST >> 20)));
    }
    if kind_of(&bytes).is_none() {
        return Err(said(&"it is no picture: PNG, JPEG, GIF and WebP are taken"));
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((name, bytes))
}

/// Writes a backup to a new file, which the front end makes as the person, beside its place first and never over
/// another one. Gives its bytes.
///
/// # Errors
/// A sentence; then there is no file.
pub async fn backup_to(door: &dyn Door, file: &std::path::Path) -> Result<u64, String> {
    use std::os::unix::fs::OpenOptionsExt;
    if file.symlink_metadata().is_ok() {
        return Err(format!("{} exists already", file.display()));
    }
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let part = file.with_file_name(format!(".{name}.part-{}", std::process::id()));
    let f = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .map_err(|e| format!("{}: {e}", part.display()))?;
    let keep = f.try_clone();
    let done = match door.backup(Box::new(f)).await {
        // A link fails if a file of that name came meanwhile; a rename would take its place.
        Ok(n) => keep
            .and_then(|k| k.sync_all())
            .and_then(|()| std::fs::hard_link(&part, file))
            .map(|()| n)
            .map_err(|e| format!("{}: {e}", file.display())),
        Err(e) => Err(e.to_string()),
    };
    let _ = std::fs::remove_file(&part);
    done
}

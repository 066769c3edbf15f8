//! Files and folders as the store wants them: private, and really on the disk when we say so.

use super::error::{Result, StoreError};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Makes a folder (0700) and its parents.
pub fn folder(path: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| StoreError::io("cannot make the folder", path, &e))
}

/// Refuses a data folder that others could change.
pub fn check_owner(path: &Path) -> Result<()> {
    let m = fs::metadata(path).map_err(|e| StoreError::io("cannot look at", path, &e))?;
    let me = rustix::process::geteuid().as_raw();
    if m.uid() != me {
        return Err(StoreError::Io(format!("{} belongs to another user (uid {})", path.display(), m.uid())));
    }
    if m.permissions().mode() & 0o022 != 0 {
        return Err(StoreError::Io(format!(
            "{} may be written by others; run chmod go-w on it",
            path.display()
        )));
    }
    Ok(())
}

/// Opens for reading and writing, made if needed (0600).
pub fn open_rw(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|e| StoreError::io("cannot open", path, &e))
}

/// Makes a rename, a new or a removed file in `dir` durable.
pub fn sync_dir(dir: &Path) -> Result<()> {
    // The parent of a bare file name is no path at all.
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir).and_then(|f| f.sync_all()).map_err(|e| StoreError::io("cannot sync the folder", dir, &e))
}

/// Writes a whole file beside its place and renames it there, synced.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let tmp = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        // Never through what somebody else put there, where others may write too.
        let _ = fs::remove_file(&tmp);
        let mut f = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&tmp)?;
        f.write_all(bytes)?;
        // Who could read and write it before still can.
        if let Ok(old) = fs::metadata(path) {
            let group = rustix::fs::Gid::from_raw(old.gid());
            let same = old.gid() == f.metadata()?.gid() || rustix::fs::fchown(&f, None, Some(group)).is_ok();
            let kept = if same { 0o777 } else { 0o707 };
            f.set_permissions(fs::Permissions::from_mode(old.permissions().mode() & kept))?;
        }
        f.sync_all()?;
        fs::rename(&tmp, path)
    };
    // Through a link, so that the link stays one.
    write().map_err(|e| {
        let _ = fs::remove_file(&tmp);
        StoreError::io("cannot write", path, &e)
    })?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// Removes a file; one that is not there is fine.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io("cannot remove", path, &e)),
        _ => Ok(()),
    }
}

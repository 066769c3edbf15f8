//! Pictures of drafts, each a file under its own name: the name comes from the bytes, so that the same one is kept once.

use super::error::{Result, StoreError};
use super::{Store, disk};
use crate::model::Stamp;
use crate::model::attach::{MOST, is_name, name_of, split};
use std::path::PathBuf;

pub(super) const FOLDER: &str = "attachments";
/// The head of a picture, where its EXIF is, in bytes.
const HEAD: u64 = 192 << 10;
/// What no draft names that was not posted is kept so long, in ms.
const KEPT: i64 = 60 * crate::model::time::DAY;

impl Store {
    fn attachment(&self, name: &str) -> Option<PathBuf> {
        is_name(name).then(|| self.inner.root.join(FOLDER).join(name))
    }

    /// Keeps a picture; gives the name by which a draft speaks of it.
    ///
    /// # Errors
    /// If it is no picture, or too large, or the disk fails.
    pub fn attach(&self, file: &str, bytes: &[u8]) -> Result<String> {
        if bytes.len() > MOST {
            return Err(StoreError::Stale(format!("it is too large: at most {} MB", MOST >> 20)));
        }
        let Some(name) = name_of(file, bytes) else {
            return Err(StoreError::Stale("it is no picture: PNG, JPEG, GIF and WebP are taken".into()));
        };
        disk::folder(&self.inner.root.join(FOLDER))?;
        if let Some(path) = self.attachment(&name) {
            // Also where it is there already: it is as new as its last use.
            disk::write_atomic(&path, bytes)?;
        }
        Ok(name)
    }

    /// The bytes of a picture; `None` if it is not here.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn attached(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(path) = self.attachment(name) else { return Ok(None) };
        match std::fs::read(&path) {
            Ok(b) => Ok(Some(b)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io("cannot read", &path, &e)),
        }
    }

    /// The first bytes of a picture, and how many it has; `None` if it is not here.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn attached_head(&self, name: &str) -> Result<Option<(Vec<u8>, usize)>> {
        use std::io::Read;
        let Some(path) = self.attachment(name) else { return Ok(None) };
        let read = || -> std::io::Result<(Vec<u8>, usize)> {
            let f = std::fs::File::open(&path)?;
            let len = usize::try_from(f.metadata()?.len()).unwrap_or(usize::MAX);
            let mut head = Vec::new();
            f.take(HEAD).read_to_end(&mut head)?;
            Ok((head, len))
        };
        match read() {
            Ok(x) => Ok(Some(x)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io("cannot read", &path, &e)),
        }
    }

    /// Lets go of pictures that no open draft names and that were kept long ago.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn tidy_attachments(&self, now: Stamp) -> Result<()> {
        let dir = self.inner.root.join(FOLDER);
        let Ok(all) = std::fs::read_dir(&dir) else { return Ok(()) };
        let mut named: Option<Vec<String>> = None;
        for e in all.flatten() {
            let at = e.metadata().and_then(|m| m.modified()).ok();
            let age = at.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
            let old = age.is_some_and(|d| (d.as_millis() as i64) < now.0 - KEPT);
            if !old {
                continue;
            }
            if named.is_none() {
                // What was put aside can be brought back.
                let all = self.reader().drafts()?.into_iter().filter(|d| d.posted.is_none());
                named = Some(all.flat_map(|d| split(&d.text).1).map(|a| a.name).collect());
            }
            let name = e.file_name().to_string_lossy().into_owned();
            if named.as_ref().is_some_and(|n| !n.contains(&name)) {
                disk::remove(&e.path())?;
            }
        }
        Ok(())
    }
}

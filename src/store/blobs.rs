//! Blobs: the narrow interface behind which the files beside the tree stand (segments, runs, the log), and a
//! folder of the disk itself. A name is a relative path with `/`. What was written is durable after `sync` of
//! that blob, a new name when `make` returns; nothing else is promised, in this order or any other.

use super::disk;
use super::error::{Result, StoreError};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One sequence of bytes.
pub trait Blob: Send + Sync {
    /// Length in bytes.
    fn size(&self) -> u64;
    /// Fills `buf` from `off` on.
    ///
    /// # Errors
    /// If there are fewer bytes, or the disk fails.
    fn read_at(&self, buf: &mut [u8], off: u64) -> Result<()>;
    /// # Errors
    /// If the disk fails or is full.
    fn write_at(&self, bytes: &[u8], off: u64) -> Result<()>;
    /// Makes it this long.
    ///
    /// # Errors
    /// If the disk fails.
    fn cut(&self, len: u64) -> Result<()>;
    /// # Errors
    /// If the disk fails.
    fn sync(&self) -> Result<()>;
}

/// Blobs by name.
pub trait Blobs: Send + Sync {
    /// One that is there.
    ///
    /// # Errors
    /// If it is not there, or the disk fails.
    fn open(&self, name: &str) -> Result<Arc<dyn Blob>>;
    /// The one that is there, or a new, empty one whose name is durable.
    ///
    /// # Errors
    /// If the disk fails.
    fn make(&self, name: &str) -> Result<Arc<dyn Blob>>;
    /// One that is not there is fine. Who has it open goes on reading.
    ///
    /// # Errors
    /// If the disk fails.
    fn remove(&self, name: &str) -> Result<()>;
    fn has(&self, name: &str) -> bool;
    /// The names of all blobs below a folder.
    fn list(&self, folder: &str) -> Vec<String>;
    /// The folder in which they lie, if they do: what keeps files in its own way stands beside them.
    fn root(&self) -> Option<&Path>;
}

/// All bytes of a blob, at most `limit`.
pub fn read_all(blob: &dyn Blob, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; blob.size().min(limit) as usize];
    blob.read_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Blobs as files below a folder.
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    pub fn new(root: &Path) -> Folder {
        Folder { root: root.to_owned() }
    }

    fn opened(&self, path: PathBuf, file: File) -> Arc<dyn Blob> {
        Arc::new(OnDisk { file, path })
    }
}

impl Blobs for Folder {
    fn open(&self, name: &str) -> Result<Arc<dyn Blob>> {
        let path = self.root.join(name);
        let file = File::open(&path).map_err(|e| StoreError::io("cannot open", &path, &e))?;
        Ok(self.opened(path, file))
    }

    fn make(&self, name: &str) -> Result<Arc<dyn Blob>> {
        let path = self.root.join(name);
        if path.exists() {
            return disk::open_rw(&path).map(|f| self.opened(path, f));
        }
        let dir = path.parent().unwrap_or(&self.root);
        // Every folder that is new has a name of its own to be kept.
        let mut unsynced = vec![dir.to_owned()];
        let mut up = dir;
        while !up.exists() && up != self.root {
            let Some(parent) = up.parent() else { break };
            unsynced.push(parent.to_owned());
            up = parent;
        }
        disk::folder(dir)?;
        let file = disk::open_rw(&path)?;
        for d in unsynced {
            disk::sync_dir(&d)?;
        }
        Ok(self.opened(path, file))
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.root.join(name);
        disk::remove(&path)?;
        // Only an empty folder goes.
        for up in path.ancestors().skip(1).take_while(|p| *p != self.root).take(1) {
            let _ = std::fs::remove_dir(up);
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.root.join(name).exists()
    }

    fn root(&self) -> Option<&Path> {
        Some(&self.root)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        fn walk(dir: &Path, name: &str, out: &mut Vec<String>) {
            for e in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                let name = format!("{name}/{}", e.file_name().to_string_lossy());
                match e.file_type() {
                    Ok(t) if t.is_dir() => walk(&e.path(), &name, out),
                    _ => out.push(name),
                }
            }
        }
        let mut out = Vec::new();
        walk(&self.root.join(folder), folder, &mut out);
        out.sort_unstable();
        out
    }
}

struct OnDisk {
    file: File,
    path: PathBuf,
}

impl OnDisk {
    fn io<T>(&self, what: &str, r: std::io::Result<T>) -> Result<T> {
        r.map_err(|e| StoreError::io(what, &self.path, &e))
    }
}

impl Blob for OnDisk {
    fn size(&self) -> u64 {
        self.file.metadata().map_or(0, |m| m.len())
    }
    fn read_at(&self, buf: &mut [u8], off: u64) -> Result<()> {
        self.io("cannot read", self.file.read_exact_at(buf, off))
    }
    fn write_at(&self, bytes: &[u8], off: u64) -> Result<()> {
        self.io("cannot write", self.file.write_all_at(bytes, off))
    }
    fn cut(&self, len: u64) -> Result<()> {
        self.io("cannot cut", self.file.set_len(len))
    }
    fn sync(&self) -> Result<()> {
        self.io("cannot sync", self.file.sync_data())
    }
}

//! Ordered keys: the narrow interface behind which sled stands, and sled itself. One Db, one tree; a batch is
//! atomic; `sync` really syncs (sled's own flush does not fsync on Linux).

use super::error::{Result, StoreError};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Puts (`Some`) and deletes (`None`), applied together.
#[derive(Default, Clone, Debug)]
pub struct Batch {
    pub ops: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.ops.push((key, Some(value)));
    }

    pub fn delete(&mut self, key: Vec<u8>) {
        self.ops.push((key, None));
    }
}

/// A visitor of pairs; `false` ends the walk.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> bool;

/// Ordered keys with atomic batches.
pub trait Kv: Send + Sync {
    /// # Errors
    /// If the disk or the engine fails.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;
    /// All or nothing; durable only after `sync`.
    ///
    /// # Errors
    /// If the disk or the engine fails.
    fn apply(&self, batch: &Batch) -> Result<()>;
    /// # Errors
    /// If the disk fails.
    fn sync(&self) -> Result<()>;
    /// Pairs with `from <= key < to`, ascending or descending.
    ///
    /// # Errors
    /// If the disk or the engine fails.
    fn range(&self, from: &[u8], to: &[u8], descending: bool, visit: Visit<'_>) -> Result<()>;
    /// Bytes on the disk.
    ///
    /// # Errors
    /// If the disk fails.
    fn size(&self) -> Result<u64>;
}

/// Pairs whose key begins with `prefix`, ascending.
pub fn scan(kv: &dyn Kv, prefix: &[u8], visit: Visit<'_>) -> Result<()> {
    kv.range(prefix, &after(prefix), false, visit)
}

/// The first key behind all that begin with `prefix`.
pub fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 255 {
            end.push(last + 1);
            return end;
        }
    }
    vec![255; 32]
}

/// Stands in while the Db is being opened anew.
pub struct Closed;

fn closed<T>() -> Result<T> {
    Err(StoreError::Io("it is being opened again".into()))
}

impl Kv for Closed {
    fn get(&self, _: &[u8]) -> Result<Option<Vec<u8>>> {
        closed()
    }
    fn apply(&self, _: &Batch) -> Result<()> {
        closed()
    }
    fn sync(&self) -> Result<()> {
        closed()
    }
    fn range(&self, _: &[u8], _: &[u8], _: bool, _: Visit<'_>) -> Result<()> {
        closed()
    }
    fn size(&self) -> Result<u64> {
        closed()
    }
}

/// How long an opening waits for another process to be done with the Db.
const LOCK_WAIT: std::time::Duration = std::time::Duration::from_secs(3);

/// sled 0.34.7 behind [`Kv`].
pub struct Sled {
    db: sled::Db,
    file: File,
    dir: PathBuf,
}

impl Sled {
    /// Opens or makes the Db in `dir`.
    ///
    /// # Errors
    /// `Locked` if another process has it, `Corrupt` if it cannot be read even without its snapshots.
    pub fn open(dir: &Path, cache_mb: u64) -> Result<Sled> {
        // Commands that follow one another wait for one another, and never tidy in a Db that somebody else has.
        let until = std::time::Instant::now() + LOCK_WAIT;
        let lock = loop {
            let Ok(f) = File::open(dir.join("db")) else { break None };
            match rustix::fs::flock(&f, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break Some(f),
                Err(_) if std::time::Instant::now() < until => {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                Err(_) => return Err(locked(dir)),
            }
        };
        // A kill while opening leaves `snap.X.generating`, which sled would take for the newest snapshot.
        remove_snapshots(dir, |name| name.ends_with(".generating"));
        drop(lock);
        let first = Self::try_open(dir, cache_mb);
        let db = match first {
            Err(StoreError::Corrupt(_)) => {
                // A snapshot is only a shortcut: without it sled reads its whole log.
                remove_snapshots(dir, |_| true);
                Self::try_open(dir, cache_mb)?
            }
            other => other?,
        };
        let path = dir.join("db");
        let file = File::open(&path).map_err(|e| StoreError::io("cannot open", &path, &e))?;
        Ok(Sled { db, file, dir: dir.to_owned() })
    }

    fn try_open(dir: &Path, cache_mb: u64) -> Result<sled::Db> {
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(cache_mb << 20)
            .flush_every_ms(None)
            .print_profile_on_drop(false);
        // sled can panic while it reads a damaged log.
        match crate::model::quietly(|| config.open()) {
            Some(Ok(db)) => Ok(db),
            Some(Err(e)) => Err(convert(&e, dir)),
            None => Err(StoreError::corrupt(format!("sled cannot read {}", dir.display()))),
        }
    }
}

fn remove_snapshots(dir: &Path, which: impl Fn(&str) -> bool) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && which(&name) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn locked(dir: &Path) -> StoreError {
    let data = dir.parent().unwrap_or(dir);
    StoreError::Locked(format!(
        "another Hearken is using {}; close it, or choose another folder with --data",
        data.display()
    ))
}

fn convert(e: &sled::Error, dir: &Path) -> StoreError {
    match e {
        sled::Error::Io(io) if io.to_string().contains("could not acquire lock") => locked(dir),
        sled::Error::Io(io) => StoreError::io("sled in", dir, io),
        sled::Error::Corruption { .. } => StoreError::corrupt(format!("sled in {}: {e}", dir.display())),
        e => StoreError::Io(format!("sled in {}: {e}", dir.display())),
    }
}

impl Kv for Sled {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.db.get(key).map_err(|e| convert(&e, &self.dir))?.map(|v| v.to_vec()))
    }

    fn apply(&self, batch: &Batch) -> Result<()> {
        let mut b = sled::Batch::default();
        for (k, v) in &batch.ops {
            match v {
                Some(v) => b.insert(k.as_slice(), v.as_slice()),
                None => b.remove(k.as_slice()),
            }
        }
        self.db.apply_batch(b).map_err(|e| convert(&e, &self.dir))
    }

    fn sync(&self) -> Result<()> {
        self.db.flush().map_err(|e| convert(&e, &self.dir))?;
        self.file.sync_data().map_err(|e| StoreError::io("cannot sync", &self.dir, &e))
    }

    fn range(&self, from: &[u8], to: &[u8], descending: bool, visit: Visit<'_>) -> Result<()> {
        let mut it = self.db.range(from..to);
        loop {
            let next = if descending { it.next_back() } else { it.next() };
            match next {
                Some(Ok((k, v))) => {
                    if !visit(&k, &v) {
                        return Ok(());
                    }
                }
                Some(Err(e)) => return Err(convert(&e, &self.dir)),
                None => return Ok(()),
            }
        }
    }

    fn size(&self) -> Result<u64> {
        self.db.size_on_disk().map_err(|e| convert(&e, &self.dir))
    }
}

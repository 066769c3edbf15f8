//! Backup and restore. A backup is one file: the live keys, the segments up to their committed length, the
//! runs and the log, each as name, length, bytes, checksum. It is taken while everything goes on.

use super::codec::checksum;
use super::error::{Result, StoreError};
use super::kv::{Batch, Kv, Sled};
use super::{Store, disk};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

const MAGIC: &[u8; 8] = b"HKBACK01";
/// The name of the part that holds the keys.
const KEYS: &str = "keys";

impl Store {
    /// Writes a backup. Ingestion waits while the keys are read; texts are copied afterwards, up to the length
    /// that the keys name.
    ///
    /// # Errors
    /// If a file cannot be read or `out` cannot be written.
    pub fn backup(&self, out: &mut dyn Write) -> Result<u64> {
        let mut out = Counted { out: BufWriter::with_capacity(1 << 20, out), n: 0 };
        let io = |e: std::io::Error| StoreError::Io(format!("the backup cannot be written: {e}"));
        out.write_all(MAGIC).map_err(io)?;
        let (keys, files) = {
            let _core = self.writing()?;
            let mut keys = Vec::new();
            self.inner.kv().range(&[0], &[255; 40], false, &mut |k, v| {
                keys.extend_from_slice(&(k.len() as u32).to_le_bytes());
                keys.extend_from_slice(k);
                keys.extend_from_slice(&(v.len() as u32).to_le_bytes());
                keys.extend_from_slice(v);
                true
            })?;
            let mut files: Vec<(PathBuf, u64, File)> = Vec::new();
            let mut take = |path: PathBuf, len: Option<u64>| -> Result<()> {
                let f = File::open(&path).map_err(|e| StoreError::io("cannot open", &path, &e))?;
                let len = len.unwrap_or_else(|| f.metadata().map_or(0, |m| m.len()));
                files.push((path, len, f));
                Ok(())
            };
            for (no, s) in self.inner.segs.all() {
                if let Some(p) = self.inner.segs.path(no).filter(|_| s.len > 0) {
                    take(p, Some(u64::from(s.len)))?;
                }
            }
            for n in self.inner.runs().names() {
                take(n.path(&self.inner.root), None)?;
            }
            for e in std::fs::read_dir(self.inner.root.join("log")).into_iter().flatten().flatten() {
                take(e.path(), None)?;
            }
            (keys, files)
        };
        part(&mut out, KEYS, &keys).map_err(io)?;
        for (path, len, file) in files {
            // The file is open: it stays readable even if it is removed meanwhile.
            let mut bytes = Vec::with_capacity(len as usize);
            file.take(len).read_to_end(&mut bytes).map_err(|e| StoreError::io("cannot read", &path, &e))?;
            let name = path.strip_prefix(&self.inner.root).unwrap_or(&path).to_string_lossy().into_owned();
            part(&mut out, &name, &bytes).map_err(io)?;
        }
        part(&mut out, "end", &[]).map_err(io)?;
        out.flush().map_err(io)?;
        Ok(out.n)
    }
}

struct Counted<W: Write> {
    out: W,
    n: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, b: &[u8]) -> std::io::Result<usize> {
        let n = self.out.write(b)?;
        self.n += n as u64;
        Ok(n)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

fn part(out: &mut impl Write, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    out.write_all(&(name.len() as u32).to_le_bytes())?;
    out.write_all(name.as_bytes())?;
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(&checksum(bytes).to_le_bytes())?;
    out.write_all(bytes)
}

/// Makes a store of a backup, in a folder that must not hold one.
///
/// # Errors
/// If the folder is not empty, or the backup is not whole.
pub fn restore(from: &mut dyn Read, dir: &Path) -> Result<()> {
    if std::fs::read_dir(dir).is_ok_and(|mut d| d.next().is_some()) {
        return Err(StoreError::Io(format!(
            "{} is not empty; restore into a new folder with --data",
            dir.display()
        )));
    }
    disk::folder(dir)?;
    let mut r = BufReader::with_capacity(1 << 20, from);
    let broken = |what: &str| StoreError::Corrupt(format!("the backup {what}"));
    let mut magic = [0; 8];
    r.read_exact(&mut magic).map_err(|_| broken("is empty"))?;
    if &magic != MAGIC {
        return Err(broken("is not a backup of Hearken"));
    }
    loop {
        let (name, bytes) = read_part(&mut r)
            .map_err(|_| broken("breaks off"))?
            .ok_or_else(|| broken("has a part with a wrong checksum"))?;
        match name.as_str() {
            "end" => return Ok(()),
            KEYS => put_keys(dir, &bytes)?,
            _ => {
                let rel = Path::new(&name);
                if rel.components().any(|c| !matches!(c, Component::Normal(_))) {
                    return Err(broken("names a file outside of the store"));
                }
                let path = dir.join(rel);
                disk::folder(path.parent().unwrap_or(dir))?;
                disk::write_atomic(&path, &bytes)?;
            }
        }
    }
}

fn read_part(r: &mut impl Read) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut four = [0; 4];
    let mut eight = [0; 8];
    r.read_exact(&mut four)?;
    let n = u64::from(u32::from_le_bytes(four)).min(4096);
    let mut name = String::new();
    r.by_ref().take(n).read_to_string(&mut name)?;
    r.read_exact(&mut eight)?;
    r.read_exact(&mut four)?;
    let len = u64::from_le_bytes(eight);
    let mut bytes = Vec::new();
    r.by_ref().take(len).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != len {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok((checksum(&bytes) == u32::from_le_bytes(four)).then_some((name, bytes)))
}

fn put_keys(dir: &Path, bytes: &[u8]) -> Result<()> {
    let index = dir.join("index-0");
    disk::folder(&index)?;
    let kv = Sled::open(&index, 64)?;
    let mut b = super::codec::Bytes(bytes);
    let mut batch = Batch::default();
    while !b.0.is_empty() {
        let mut take = || -> Result<Vec<u8>> {
            let n = b.u32()? as usize;
            let (a, rest) =
                b.0.split_at_checked(n).ok_or_else(|| StoreError::corrupt("the keys of the backup"))?;
            b.0 = rest;
            Ok(a.to_vec())
        };
        let (k, v) = (take()?, take()?);
        batch.put(k, v);
        if batch.ops.len() >= 512 {
            kv.apply(&std::mem::take(&mut batch))?;
        }
    }
    kv.apply(&batch)?;
    kv.sync()
}

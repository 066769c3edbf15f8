//! Backup and restore. A backup is one file: the live keys, the segments up to their committed length, the
//! runs and the log, each as name, length, bytes, checksum. It is taken while everything goes on.

use super::blobs::Blob;
use super::codec::{Sum, checksum};
use super::error::{Result, StoreError};
use super::kv::{Batch, Kv, Sled};
use super::{Store, disk};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Component, Path};
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"HKBACK01";
/// The name of the part that holds the keys.
const KEYS: &str = "keys";
/// What a store is marked with that was brought back: what left since is not known in it.
pub const RESTORED: &str = "restored";

/// Bytes read at once.
const PIECE: usize = 1 << 20;

impl Store {
    /// Writes a backup of this moment. The keys are copied slice by slice beside the work; texts and the log are
    /// read afterwards, up to the length that they have now.
    ///
    /// # Errors
    /// If a file cannot be read or `out` cannot be written.
    pub fn backup(&self, out: &mut dyn Write) -> Result<u64> {
        self.with_copy("index-backup", |copy| {
            let mut files: Vec<(String, u64, Arc<dyn Blob>)> = Vec::new();
            let keys = {
                let core = self.writing()?;
                let keys = self.take_copy(&core)?;
                let mut take = |name: String, len: Option<u64>| -> Result<()> {
                    let f = self.inner.blobs.open(&name)?;
                    files.push((name, len.unwrap_or_else(|| f.size()), f));
                    Ok(())
                };
                for (no, s) in self.inner.segs.all().into_iter().filter(|(_, s)| s.len > 0) {
                    take(s.name(no), Some(u64::from(s.len)))?;
                }
                for file in self.inner.search.files() {
                    take(file, None)?;
                }
                for folder in [super::log::FOLDER, super::attach::FOLDER] {
                    for file in self.inner.blobs.list(folder) {
                        take(file, None)?;
                    }
                }
                keys
            };
            drop(copy);
            write(out, &*keys, &files)
        })
    }
}

fn write(out: &mut dyn Write, keys: &dyn Kv, files: &[(String, u64, Arc<dyn Blob>)]) -> Result<u64> {
    let mut out = Counted { out: BufWriter::with_capacity(PIECE, out), n: 0 };
    let io = |e: std::io::Error| StoreError::Io(format!("the backup cannot be written: {e}"));
    out.write_all(MAGIC).map_err(io)?;
    part(&mut out, KEYS, &mut |give| {
        let mut given = Ok(());
        keys.range(&[0], &[255; 40], false, &mut |k, v| {
            let mut pair = Vec::with_capacity(8 + k.len() + v.len());
            for x in [k, v] {
                pair.extend_from_slice(&(x.len() as u32).to_le_bytes());
                pair.extend_from_slice(x);
            }
            given = give(&pair);
            given.is_ok()
        })?;
        given
    })?;
    for (name, len, file) in files {
        // The file is open: it stays readable even if it is removed meanwhile.
        part(&mut out, name, &mut |give| {
            let mut at = 0;
            while at < *len {
                let mut piece = vec![0; (*len - at).min(PIECE as u64) as usize];
                file.read_at(&mut piece, at)?;
                at += piece.len() as u64;
                give(&piece)?;
            }
            Ok(())
        })?;
    }
    part(&mut out, "end", &mut |_| Ok(()))?;
    out.flush().map_err(io)?;
    Ok(out.n)
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

/// Where the bytes of a part go.
type Give<'a> = &'a mut dyn FnMut(&[u8]) -> Result<()>;

/// A part: name, length, checksum, bytes. They are read twice, so that none need be held.
fn part(out: &mut impl Write, name: &str, bytes: &mut dyn FnMut(Give<'_>) -> Result<()>) -> Result<()> {
    let io = |e: std::io::Error| StoreError::Io(format!("the backup cannot be written: {e}"));
    let (mut len, mut sum) = (0u64, Sum::default());
    bytes(&mut |b| {
        len += b.len() as u64;
        sum.add(b);
        Ok(())
    })?;
    out.write_all(&(name.len() as u32).to_le_bytes()).map_err(io)?;
    out.write_all(name.as_bytes()).map_err(io)?;
    out.write_all(&len.to_le_bytes()).map_err(io)?;
    out.write_all(&sum.get().to_le_bytes()).map_err(io)?;
    bytes(&mut |b| out.write_all(b).map_err(io))
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
                // Nothing else is in a backup: above all no keys of accounts that somebody planted.
                let own = [
                    super::log::FOLDER,
                    super::segs::FOLDER,
                    super::runs::FOLDER,
                    super::fulltext::FOLDER,
                    super::attach::FOLDER,
                ];
                let inside = rel.components().all(|c| matches!(c, Component::Normal(_)));
                if !inside || !own.iter().any(|f| rel.starts_with(f)) {
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
    batch.put(super::keys::meta(RESTORED), vec![1]);
    kv.apply(&batch)?;
    kv.sync()
}

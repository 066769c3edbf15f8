//! The one log of verbs: files `log/N.log`, one framed and checksummed entry a verb, synced before the tree
//! changes. Undo, audit and recovery all read it. What lies behind the offset that the tree knows is applied
//! again at open; a torn frame at the very end was never acknowledged and is cut off.

use super::blobs::{Blob, Blobs};
use super::codec::{self, Bytes, checksum};
use super::error::{Result, StoreError};
use crate::model::Entry;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A new file is begun when one has this many bytes.
const FILE_MAX: u64 = 64 << 20;

/// No entry is longer, in bytes: a bulk verb on ten thousand mentions is a tenth of it.
const ENTRY_MAX: u64 = 16 << 20;

/// How far the tree has taken the log in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LogEnd {
    pub file: u32,
    pub off: u64,
    /// The number of the last entry.
    pub seq: u64,
}

/// Where an entry lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogPlace {
    pub file: u32,
    pub off: u64,
}

/// The folder of its files.
pub const FOLDER: &str = "log";

fn name(file: u32) -> String {
    format!("{FOLDER}/{file:08}.log")
}

/// The log, open for appending.
pub struct Log {
    blobs: Arc<dyn Blobs>,
    file: Arc<dyn Blob>,
    end: LogEnd,
}

impl Log {
    /// Opens the log at the end that the tree knows and gives the entries behind it.
    /// With `keep`, nothing of it is cut off, whatever the tree knows.
    pub fn open(blobs: Arc<dyn Blobs>, known: LogEnd, keep: bool) -> Result<(Log, Vec<(Entry, LogPlace)>)> {
        let mut tail = Vec::new();
        let mut end = known;
        loop {
            let f = blobs.make(&name(end.file))?;
            let len = f.size();
            if len > end.off {
                while let Some((entry, next)) = read_at(&*f, end.off, len)? {
                    tail.push((entry, LogPlace { file: end.file, off: end.off }));
                    end.off = next;
                    end.seq += 1;
                }
            }
            if !blobs.has(&name(end.file + 1)) {
                break;
            }
            end = LogEnd { file: end.file + 1, off: 0, seq: end.seq };
        }
        let file = blobs.make(&name(end.file))?;
        let len = file.size();
        if keep {
            // Whatever stands there may be somebody's work behind a damaged entry: new ones go behind it.
            end.off = len;
            end.seq = 0;
        } else if len > end.off {
            file.cut(end.off)?;
        }
        Ok((Log { blobs, file, end }, tail))
    }

    /// The next entry has the number behind this one.
    pub fn count_from(&mut self, seq: u64) {
        self.end.seq = seq;
    }

    pub fn end(&self) -> LogEnd {
        self.end
    }

    /// Appends and syncs; the entry's number must be the next one.
    pub fn append(&mut self, entry: &Entry) -> Result<LogPlace> {
        if self.end.off > FILE_MAX {
            let next = LogEnd { file: self.end.file + 1, off: 0, seq: self.end.seq };
            self.file = self.blobs.make(&name(next.file))?;
            self.end = next;
        }
        let body = codec::encode(entry)?;
        let mut frame = Vec::with_capacity(8 + body.len());
        frame.extend_from_slice(&(body.len() as u32).to_le_bytes());
        frame.extend_from_slice(&checksum(&body).to_le_bytes());
        frame.extend_from_slice(&body);
        let place = LogPlace { file: self.end.file, off: self.end.off };
        let written = self.file.write_at(&frame, self.end.off).and_then(|()| self.file.sync());
        if let Err(e) = written {
            // Half a frame would be cut off at the next open; cut it off now, so that nothing stands behind it.
            let _ = self.file.cut(self.end.off);
            return Err(e);
        }
        self.end.off += frame.len() as u64;
        self.end.seq = entry.seq;
        Ok(place)
    }

    /// Takes back the last append, if the tree refused it.
    pub fn cut_to(&mut self, before: LogEnd) {
        if self.end.file == before.file {
            let _ = self.file.cut(before.off);
            self.end = before;
        }
    }
}

/// All entries of the log, oldest first; behind a damaged stretch it goes on with the next whole entry. Gives how
/// many stretches were skipped.
pub fn all(blobs: &dyn Blobs) -> Result<(Vec<(Entry, LogPlace)>, u64)> {
    let (mut out, mut skipped) = (Vec::new(), 0);
    let number = |n: String| n.rsplit('/').next()?.strip_suffix(".log")?.parse().ok();
    let mut files: Vec<u32> = blobs.list(FOLDER).into_iter().filter_map(number).collect();
    files.sort_unstable();
    for file in files {
        let f = blobs.open(&name(file))?;
        let len = f.size();
        let mut off = 0;
        let mut whole = true;
        while off + 8 < len {
            // The checksum tells an entry from what only looks like one.
            match read_at(&*f, off, len) {
                Ok(Some((entry, next))) => {
                    out.push((entry, LogPlace { file, off }));
                    (off, whole) = (next, true);
                }
                _ => {
                    skipped += u64::from(whole);
                    (off, whole) = (off + 1, false);
                }
            }
        }
    }
    Ok((out, skipped))
}

/// Reads one entry.
pub fn read(blobs: &dyn Blobs, place: LogPlace) -> Result<Entry> {
    let f = blobs.open(&name(place.file))?;
    read_at(&*f, place.off, f.size())?
        .map(|(e, _)| e)
        .ok_or_else(|| StoreError::corrupt(format!("no log entry at {} of {}", place.off, name(place.file))))
}

/// The entry at `off` and the offset behind it; `None` at the end or at a torn frame.
fn read_at(f: &dyn Blob, off: u64, len: u64) -> Result<Option<(Entry, u64)>> {
    let mut head = [0; 8];
    if off + 8 > len {
        return Ok(None);
    }
    f.read_at(&mut head, off)?;
    let mut b = Bytes(&head);
    let (n, sum) = (u64::from(b.u32()?), b.u32()?);
    if off + 8 + n > len || n > ENTRY_MAX {
        return Ok(None);
    }
    let mut body = vec![0; n as usize];
    f.read_at(&mut body, off + 8)?;
    if checksum(&body) != sum {
        return Ok(None);
    }
    Ok(Some((codec::decode(&body)?, off + 8 + n)))
}

//! A block: the descriptor of up to 64 mentions, in columns, under one key. 30 bytes a mention; the texts lie
//! in a segment. State is a column, so that triage rewrites one small value.

use super::codec::Bytes;
use super::error::{Result, StoreError};
use crate::model::{Id, Key, State};

/// Mentions in a block at most; a bitmap of a block is a u64.
pub const BLOCK: usize = 64;
const VERSION: u8 = 1;

/// Bits of the flags column. The lowest two are the state.
pub mod flag {
    pub const STATE: u16 = 0b11;
    pub const EDITED: u16 = 1 << 2;
    /// The text is gone: removed at the source, wiped or forgotten.
    pub const GONE: u16 = 1 << 3;
    /// There is a side record.
    pub const SIDE: u16 = 1 << 4;
    pub const ASSIGNED: u16 = 1 << 5;
    /// It belongs to a story of several tellings.
    pub const STORY: u16 = 1 << 6;
    pub const DRAFT: u16 = 1 << 7;
    pub const MATCHED: u16 = 1 << 8;
}

/// Where a frame lies: segment, offset, length of the frame with its header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Place {
    pub seg: u32,
    pub off: u32,
    pub len: u32,
}

/// One row of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    pub key: Key,
    pub author: u64,
    pub source: u32,
    pub flags: u16,
}

impl Row {
    #[must_use]
    pub fn state(&self) -> State {
        State::ALL[usize::from(self.flags & flag::STATE)]
    }

    #[must_use]
    pub fn has(&self, bit: u16) -> bool {
        self.flags & bit != 0
    }
}

/// The bits of a state.
pub fn state_bits(s: State) -> u16 {
    match s {
        State::Heard => 0,
        State::Inbox => 1,
        State::Snoozed => 2,
        State::Done => 3,
    }
}

/// A descriptor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    pub no: u32,
    pub place: Place,
    /// Ascending by key.
    pub rows: Vec<Row>,
}

impl Block {
    pub fn encode(&self) -> Vec<u8> {
        let n = self.rows.len();
        let mut out = Vec::with_capacity(18 + 30 * n);
        out.push(VERSION);
        out.push(n as u8);
        for v in [self.no, self.place.seg, self.place.off, self.place.len] {
            out.extend_from_slice(&v.to_le_bytes());
        }
        self.rows.iter().for_each(|r| out.extend_from_slice(&r.key.time.to_le_bytes()));
        self.rows.iter().for_each(|r| out.extend_from_slice(&r.key.id.0.to_le_bytes()));
        self.rows.iter().for_each(|r| out.extend_from_slice(&r.author.to_le_bytes()));
        self.rows.iter().for_each(|r| out.extend_from_slice(&r.source.to_le_bytes()));
        self.rows.iter().for_each(|r| out.extend_from_slice(&r.flags.to_le_bytes()));
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<Block> {
        let mut b = Bytes(bytes);
        let version = b.u8()?;
        if version != VERSION {
            return Err(StoreError::Newer(format!(
                "a block has version {version}, this Hearken knows {VERSION}"
            )));
        }
        let n = usize::from(b.u8()?);
        let no = b.u32()?;
        let place = Place { seg: b.u32()?, off: b.u32()?, len: b.u32()? };
        if n > BLOCK || b.0.len() != 30 * n {
            return Err(StoreError::corrupt(format!("block {no} has a wrong length")));
        }
        let mut rows = vec![Row { key: Key::default(), author: 0, source: 0, flags: 0 }; n];
        for r in &mut rows {
            r.key.time = b.u64()?;
        }
        for r in &mut rows {
            r.key.id = Id(b.u64()?);
        }
        for r in &mut rows {
            r.author = b.u64()?;
        }
        for r in &mut rows {
            r.source = b.u32()?;
        }
        for r in &mut rows {
            r.flags = b.u16()?;
        }
        Ok(Block { no, place, rows })
    }

    /// The greatest key; blocks are never empty.
    pub fn max(&self) -> Key {
        self.rows.last().map_or(Key::default(), |r| r.key)
    }

    pub fn slot(&self, id: Id) -> Option<usize> {
        self.rows.iter().position(|r| r.key.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_survives_its_bytes() {
        let rows = (0..64u64)
            .map(|i| Row { key: Key { time: i, id: Id(i * 7) }, author: i, source: 3, flags: (i % 4) as u16 })
            .collect();
        let b = Block { no: 9, place: Place { seg: 1, off: 2, len: 3 }, rows };
        let bytes = b.encode();
        assert_eq!(bytes.len(), 18 + 30 * 64);
        assert_eq!(Block::decode(&bytes), Ok(b.clone()));
        assert_eq!(b.slot(Id(14)), Some(2));
        for n in 0..bytes.len() {
            assert!(Block::decode(&bytes[..n]).is_err());
        }
    }
}

//! Records as bytes: a version, then postcard. A newer version than ours is refused, never misread.

use super::error::{Result, StoreError};
use serde::{Serialize, de::DeserializeOwned};

/// Version of every record that this program writes.
pub const RECORD: u8 = 1;

pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    postcard::to_extend(value, vec![RECORD])
        .map_err(|e| StoreError::Io(format!("cannot encode a record: {e}")))
}

pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    match bytes.split_first() {
        Some((&RECORD, rest)) => postcard::from_bytes(rest)
            .map_err(|e| StoreError::corrupt(format!("a record cannot be read: {e}"))),
        Some((v, _)) => Err(StoreError::Newer(format!(
            "a record has version {v}, this Hearken knows {RECORD}; use the newer Hearken that wrote it"
        ))),
        None => Err(StoreError::corrupt("an empty record")),
    }
}

/// Reads little-endian numbers off a slice.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (a, b) =
            self.0.split_first_chunk::<N>().ok_or_else(|| StoreError::corrupt("a record is too short"))?;
        self.0 = b;
        Ok(*a)
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.take::<1>()?[0])
    }

    pub fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.take()?))
    }

    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take()?))
    }
}

/// The checksum of bytes that come piece by piece.
#[derive(Default)]
pub struct Sum(twox_hash::XxHash3_64);

impl Sum {
    pub fn add(&mut self, bytes: &[u8]) {
        std::hash::Hasher::write(&mut self.0, bytes);
    }

    pub fn get(&self) -> u32 {
        (std::hash::Hasher::finish(&self.0) & 0xffff_ffff) as u32
    }
}

/// A checksum of a frame.
pub fn checksum(bytes: &[u8]) -> u32 {
    (twox_hash::XxHash3_64::oneshot(bytes) & 0xffff_ffff) as u32
}

//! Identity: a mention's key is fixed at first hearing (stream time, then a hash of its identity) and its
//! content is never part of it. People see the hash as 13 letters and digits and may type a prefix.

use std::fmt;
use std::hash::Hasher;
use twox_hash::XxHash3_64;

/// A stable 64-bit hash (XXH3) of several parts; the parts cannot run into each other.
#[must_use]
pub fn hash64(parts: &[&str]) -> u64 {
    let mut h = XxHash3_64::with_seed(0);
    for p in parts {
        h.write(&(p.len() as u64).to_le_bytes());
        h.write(p.as_bytes());
    }
    h.finish()
}

/// A stable 64-bit hash (XXH3) of bytes.
#[must_use]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// The public id of a mention, a person or a draft: 64 bits, printed as 13 base32 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id(pub u64);

/// Its 13 characters where people or scripts read it (numbers of 64 bits are not safe in JSON), else the number.
impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.collect_str(self) } else { s.serialize_u64(self.0) }
    }
}

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Id, D::Error> {
        if !d.is_human_readable() {
            return u64::deserialize(d).map(Id);
        }
        let s = String::deserialize(d)?;
        let exact = Id::prefix_range(&s).filter(|(a, b)| a == b).map(|(a, _)| a);
        exact.ok_or_else(|| serde::de::Error::custom("an id has 13 letters and digits"))
    }
}

/// Crockford's base32 alphabet in lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Id {
    /// The range of ids that begin with `prefix` (1 to 13 characters, an `m:` `p:` `d:` mark is ignored);
    /// `None` if it holds a character that no id has.
    #[must_use]
    pub fn prefix_range(prefix: &str) -> Option<(Id, Id)> {
        let p = prefix.trim();
        let p = if p.as_bytes().get(1) == Some(&b':') { p.get(2..)? } else { p };
        if p.is_empty() || p.len() > 13 {
            return None;
        }
        let mut low: u128 = 0;
        for c in p.bytes() {
            let c = match c.to_ascii_lowercase() {
                b'o' => b'0',
                b'i' | b'l' => b'1',
                c => c,
            };
            let d = ALPHABET.iter().position(|a| *a == c)?;
            low = (low << 5) | d as u128;
        }
        let rest = 5 * (13 - p.len());
        low <<= rest;
        let high = low | ((1u128 << rest) - 1);
        // 13 characters hold 65 bits; the first character of an id is 0 … f.
        let low = u64::try_from(low).ok()?;
        Some((Id(low), Id(u64::try_from(high).unwrap_or(u64::MAX))))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut s = String::with_capacity(13);
        for i in (0..13).rev() {
            let d = (u128::from(self.0) >> (5 * i)) & 31;
            s.push(char::from(ALPHABET[usize::try_from(d).unwrap_or(0)]));
        }
        f.pad(&s)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Where a mention stands in the stream: microseconds since 1970, then its id. Ordered as the stream is.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, serde::Serialize, serde::Deserialize,
)]
pub struct Key {
    pub time: u64,
    pub id: Id,
}

impl Key {
    pub const MAX: Key = Key { time: u64::MAX, id: Id(u64::MAX) };

    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        let mut b = [0; 16];
        b[..8].copy_from_slice(&self.time.to_be_bytes());
        b[8..].copy_from_slice(&self.id.0.to_be_bytes());
        b
    }

    /// Reads 16 bytes; fewer give `None`.
    #[must_use]
    pub fn from_bytes(b: &[u8]) -> Option<Key> {
        let time = u64::from_be_bytes(b.get(..8)?.try_into().ok()?);
        let id = u64::from_be_bytes(b.get(8..16)?.try_into().ok()?);
        Some(Key { time, id: Id(id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_by_itself_and_by_each_prefix() {
        for n in [0, 1, 31, 32, u64::MAX, 0x1234_5678_9abc_def0] {
            let s = Id(n).to_string();
            assert_eq!(s.len(), 13);
            for k in 1..=13 {
                let (a, b) = Id::prefix_range(&s[..k]).unwrap();
                assert!(a.0 <= n && n <= b.0, "{s} {k}");
            }
            assert_eq!(Id::prefix_range(&s), Some((Id(n), Id(n))));
        }
        assert_eq!(Id::prefix_range("m:0"), Id::prefix_range("0"));
        assert_eq!(Id::prefix_range("u"), None);
        assert_eq!(Id::prefix_range(""), None);
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hash64(&["ab", "c"]), hash64(&["a", "bc"]));
    }

    #[test]
    fn keys_sort_as_their_bytes() {
        let (a, b) = (Key { time: 1, id: Id(9) }, Key { time: 2, id: Id(0) });
        assert!(a < b && a.to_bytes() < b.to_bytes());
        assert_eq!(Key::from_bytes(&a.to_bytes()), Some(a));
    }
}

//! Sets of mentions: one u64 a block, a bit a slot. Half a million blocks are 4 MB, and two sets meet in
//! a millisecond.

/// A set. A block behind its end is not in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bits(pub Vec<u64>);

impl Bits {
    pub fn none(blocks: usize) -> Bits {
        Bits(vec![0; blocks])
    }

    pub fn all(blocks: usize) -> Bits {
        Bits(vec![u64::MAX; blocks])
    }

    /// Adds the mention at a place, which is block × 64 + slot.
    pub fn add(&mut self, place: u64) {
        if let Some(w) = usize::try_from(place >> 6).ok().and_then(|b| self.0.get_mut(b)) {
            *w |= 1 << (place & 63);
        }
    }

    pub fn has(&self, place: u64) -> bool {
        usize::try_from(place >> 6)
            .ok()
            .and_then(|b| self.0.get(b))
            .is_some_and(|w| w & (1 << (place & 63)) != 0)
    }

    pub fn and(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }

    pub fn or(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    pub fn not(&mut self) {
        self.0.iter_mut().for_each(|w| *w = !*w);
    }
}

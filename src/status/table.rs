//! The frame of a hash table that is made when the crate is compiled, and has no room for what is not there:
//! empty slots would be a third of what normalization weighs.
#![forbid(unsafe_code)]

/// Which of `32 * W` slots are taken. What stands in them is kept elsewhere, one entry behind the other.
pub(super) struct Taken<const W: usize> {
    bits: [u32; W],
    /// How many slots are taken before those of a word.
    before: [u16; W],
}

impl<const W: usize> Taken<W> {
    /// The slots, a power of two.
    pub(super) const SLOTS: usize = W.wrapping_mul(32);

    /// The place of a slot's entry, where it is taken.
    pub(super) fn place(&self, slot: usize) -> Option<usize> {
        let word = *self.bits.get(slot.wrapping_shr(5))?;
        let bit = 1u32.wrapping_shl(slot as u32 & 31);
        if word & bit == 0 {
            return None;
        }
        let before = *self.before.get(slot.wrapping_shr(5))?;
        let within = (word & bit.wrapping_sub(1)).count_ones();
        Some(usize::from(before).wrapping_add(within as usize))
    }

    /// The frame of slots of which those are taken whose key is not 0.
    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "evaluated at compile time only, where a panic is a build error"
    )]
    pub(super) const fn of(keys: &[u64]) -> Self {
        assert!(keys.len() == Self::SLOTS, "a key for each slot");
        let mut taken = Self {
            bits: [0; W],
            before: [0; W],
        };
        let (mut slot, mut count) = (0, 0);
        while slot < Self::SLOTS {
            if slot % 32 == 0 {
                taken.before[slot / 32] = count;
            }
            if keys[slot] != 0 {
                taken.bits[slot / 32] |= 1 << (slot % 32);
                count += 1;
            }
            slot += 1;
        }
        taken
    }
}

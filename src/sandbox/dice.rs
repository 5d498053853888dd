//! Chance that is the same for ever: every draw follows from a text.
#![forbid(unsafe_code)]

use sha2::{Digest, Sha256};

/// A sequence of draws, seeded by the hash of a text (SplitMix64 behind it).
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The dice that `text` throws. The salt keeps one receipt's uses apart.
    pub(super) fn of(salt: &str, text: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(salt);
        hash.update([0]);
        hash.update(text);
        let seed = hash
            .finalize()
            .iter()
            .take(8)
            .fold(0_u64, |seed, byte| seed << 8 | u64::from(*byte));
        Self(seed)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = most.saturating_sub(least).saturating_add(1).max(1);
        let drawn = self.draw().checked_rem(width.unsigned_abs()).unwrap_or(0);
        least.saturating_add(i64::try_from(drawn).unwrap_or(0))
    }

    /// Whether something happens that happens in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of `choices`; `None` where there are none.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(choices.len()).unwrap_or(0).saturating_sub(1);
        let index = self.between(0, last.max(0));
        choices.get(usize::try_from(index).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_the_same_text_throws_the_same_and_another_throws_otherwise() {
        let throws = |salt, text| {
            let mut dice = Dice::of(salt, text);
            [(); 8].map(|()| dice.between(0, 1_000_000))
        };
        assert_eq!(throws("a", "IOE0912345678"), throws("a", "IOE0912345678"));
        assert_ne!(throws("a", "IOE0912345678"), throws("a", "IOE0912345679"));
        assert_ne!(throws("a", "IOE0912345678"), throws("b", "IOE0912345678"));
    }

    #[test]
    fn ok_draws_stay_within_their_bounds_and_reach_both() {
        let mut dice = Dice::of("", "");
        let drawn: Vec<i64> = (0..1000).map(|_| dice.between(-2, 2)).collect();
        assert!(drawn.iter().all(|n| (-2..=2).contains(n)));
        assert!(drawn.contains(&-2) && drawn.contains(&2));
        assert_eq!(dice.between(5, 5), 5);
        assert_eq!(dice.pick::<u8>(&[]), None);
    }
}

//! The enumeration shield: a client that walks neighbouring receipt numbers is slowed, one that reads its own
//! cases is not.
//!
//! A firm's own cases lie scattered, or in families of a few neighbours. Whoever tries out numbers fills a
//! neighbourhood. So the receipt numbers that a client asks Torch for, and that nothing was known of, are
//! marked on a map of blocks of 64; one that falls among [`CROWD`] or more of the same client, in its
//! block and the two on either side, is a *step*. What is in the cache already is a case that somebody
//! here reads, and never a step.
//!
//! - Steps one by one are held for [`HOLD`] seconds each: what looks at one answer before it asks for the
//!   next number is down to a trickle. A list that is sent at once, or in batches, is not held up.
//! - [`MOST`] steps in an hour are more than a list: then one is let through every [`TRICKLE`] seconds.
#![forbid(unsafe_code)]

use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// So many numbers of five blocks, 320 in a row, make a neighbourhood that is being walked.
pub const CROWD: u32 = 48;

/// How long a step is held, in seconds.
pub const HOLD: i64 = 2;

/// So many requests of a client may be on their way for it to count as one by one.
pub const AT_ONCE: usize = 4;

/// So many steps an hour are let through.
pub const MOST: u32 = 5_000;

/// Beyond [`MOST`], one step is let through in so many seconds.
pub const TRICKLE: i64 = 10;

/// How long a number is remembered, and steps are counted, in seconds.
const HOUR: i64 = 3_600;

/// More blocks of one client are not remembered: a hundred thousand cases that lie apart.
const BLOCKS: usize = 4_096;

/// A request that nothing has been heard of for so long is taken for lost, in seconds.
const LOST: i64 = 60;

/// How often the operator is told, in seconds.
const TELL: i64 = 60;

/// What a client has asked for of late.
#[derive(Debug, Default)]
pub struct Shield {
    /// In order.
    blocks: Vec<Block>,
    steps: u32,
    /// When the counting of steps began.
    since: UnixSeconds,
    /// When the last one was let through beyond [`MOST`].
    trickled_at: Option<UnixSeconds>,
    told_at: Option<UnixSeconds>,
    /// The requests that are on their way, and since when.
    on_their_way: Vec<(u64, UnixSeconds)>,
    serial: u64,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    /// The number that begins it, by 64.
    place: u64,
    /// A bit for each of its 64 numbers.
    asked: u64,
    at: UnixSeconds,
}

/// How fast a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once.
    Free,
    /// After so many seconds.
    Held(i64),
    /// Not at all; again after so many seconds.
    Refused(i64),
}

/// A receipt number's block, and its bit there.
fn place(receipt: ReceiptNumber) -> (u64, u64) {
    let number = receipt.as_str().bytes().fold(0_u64, |number, byte| {
        let (base, digit) = match byte {
            b'0'..=b'9' => (10, byte.saturating_sub(b'0')),
            _ => (26, byte.saturating_sub(b'A')),
        };
        number.saturating_mul(base).saturating_add(u64::from(digit))
    });
    (number >> 6, 1 << (number & 63))
}

impl Shield {
    /// A request begins. Gives what [`Shield::end`] ends it by.
    pub fn begin(&mut self, now: UnixSeconds) -> u64 {
        self.on_their_way
            .retain(|(_, since)| now.since(*since) < LOST);
        self.serial = self.serial.wrapping_add(1);
        self.on_their_way.push((self.serial, now));
        self.serial
    }

    /// A request has its answer.
    pub fn end(&mut self, request: u64) {
        self.on_their_way.retain(|(known, _)| *known != request);
    }

    /// How fast a request may go that has begun: for cases of which nothing was known.
    pub fn pace(&mut self, receipts: &[ReceiptNumber], now: UnixSeconds) -> Pace {
        if now.since(self.since) >= HOUR {
            (self.steps, self.since) = (0, now);
        }
        self.blocks.retain(|block| now.since(block.at) < HOUR);
        let mut steps = 0_u32;
        let mut new = Vec::new();
        for &receipt in receipts {
            steps = steps.saturating_add(u32::from(self.is_step(receipt)));
            if self.mark(receipt, now) {
                new.push(receipt);
            }
        }
        if steps > 0 && self.steps.saturating_add(steps) > MOST {
            let waited = self.trickled_at.map_or(TRICKLE, |at| now.since(at));
            if steps > 1 || waited < TRICKLE {
                // They are not asked for, and are new the next time as well.
                for receipt in new {
                    self.unmark(receipt);
                }
                let left = TRICKLE.saturating_sub(waited);
                return Pace::Refused(if left > 0 { left } else { TRICKLE });
            }
            self.trickled_at = Some(now);
        }
        self.steps = self.steps.saturating_add(steps);
        let at_once = self.on_their_way.len().max(receipts.len());
        if steps == 0 || at_once > AT_ONCE {
            Pace::Free
        } else {
            Pace::Held(HOLD)
        }
    }

    /// Whether the operator should hear of it now.
    pub fn tells(&mut self, now: UnixSeconds) -> bool {
        let tells = self.told_at.is_none_or(|at| now.since(at) >= TELL);
        if tells {
            self.told_at = Some(now);
        }
        tells
    }

    fn is_step(&self, receipt: ReceiptNumber) -> bool {
        let (block, bit) = place(receipt);
        let asked = |block: u64| {
            let found = self.find(block).ok().and_then(|at| self.blocks.get(at));
            found.map_or(0, |block| block.asked)
        };
        let around = block.saturating_sub(2)..=block.saturating_add(2);
        let crowd: u32 = around.map(|one| asked(one).count_ones()).sum();
        asked(block) & bit == 0 && crowd >= CROWD
    }

    /// Marks a number, and says whether it was not marked before.
    fn mark(&mut self, receipt: ReceiptNumber, now: UnixSeconds) -> bool {
        if self.blocks.len() >= BLOCKS {
            // It is seldom, and a walk is noticed anew soon.
            self.blocks.clear();
        }
        let (block, bit) = place(receipt);
        let place = self.find(block).unwrap_or_else(|place| {
            let block = Block {
                place: block,
                asked: 0,
                at: now,
            };
            self.blocks.insert(place, block);
            place
        });
        let Some(block) = self.blocks.get_mut(place) else {
            return false;
        };
        let new = block.asked & bit == 0;
        block.asked |= bit;
        block.at = now;
        new
    }

    fn unmark(&mut self, receipt: ReceiptNumber) {
        let (block, bit) = place(receipt);
        let place = self.find(block).ok();
        if let Some(block) = place.and_then(|place| self.blocks.get_mut(place)) {
            block.asked &= !bit;
        }
    }

    /// Where a block lies, or where it is to be put.
    fn find(&self, block: u64) -> Result<usize, usize> {
        self.blocks
            .binary_search_by(|known| known.place.cmp(&block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn receipt(number: u64) -> ReceiptNumber {
        format!("IOE{number:010}").parse().unwrap()
    }

    /// One request from beginning to end.
    fn ask(shield: &mut Shield, receipts: &[ReceiptNumber], now: UnixSeconds) -> Pace {
        let request = shield.begin(now);
        let pace = shield.pace(receipts, now);
        shield.end(request);
        pace
    }

    #[test]
    fn a5_who_walks_one_by_one_is_held_after_a_neighbourhood() {
        for (stride, most) in [(1, 48), (2, 48), (3, 60)] {
            let mut shield = Shield::default();
            let walk = (0..100).map(|n| ask(&mut shield, &[receipt(64 * 90 + n * stride)], NOW));
            let free = walk.filter(|pace| *pace == Pace::Free).count();
            assert!((48..=most).contains(&free), "{free} of 100 by {stride}");
        }
        // Backwards, and to and fro.
        for walk in [
            (0..100).rev().collect::<Vec<u64>>(),
            (0..100)
                .map(|n| if n % 2 == 0 { 500 + n } else { 500 - n })
                .collect(),
        ] {
            let mut shield = Shield::default();
            let last = walk
                .iter()
                .map(|n| ask(&mut shield, &[receipt(*n)], NOW))
                .last();
            assert_eq!(last, Some(Pace::Held(HOLD)));
        }
    }

    #[test]
    fn a5_who_reads_a_list_of_its_own_is_not() {
        let mut shield = Shield::default();
        // Four hundred cases in families of twelve, all over the numbers, one by one, day after day.
        for day in 0..5 {
            for family in 0..34 {
                for member in 0..12 {
                    let one = receipt(family * 90_001 * 3 + member);
                    let now = NOW.plus(day * 86_400 + i64::try_from(family).unwrap());
                    assert_eq!(ask(&mut shield, &[one], now), Pace::Free);
                }
            }
        }
        // The same neighbourhood again and again is no walk.
        let mut shield = Shield::default();
        for n in (0..47).cycle().take(500) {
            assert_eq!(ask(&mut shield, &[receipt(n)], NOW), Pace::Free);
        }
    }

    #[test]
    fn a5_a_list_that_is_sent_at_once_is_not_held() {
        let mut shield = Shield::default();
        let requests: Vec<u64> = (0..1000)
            .map(|n| {
                let request = shield.begin(NOW);
                let pace = shield.pace(&[receipt(n)], NOW);
                assert_eq!(pace, Pace::Free);
                request
            })
            .collect();
        for request in requests {
            shield.end(request);
        }
        let next = ask(&mut shield, &[receipt(1000)], NOW);
        assert_eq!(next, Pace::Held(HOLD), "one by one again");
    }

    #[test]
    fn a5_more_steps_in_an_hour_than_a_list_has_are_down_to_a_trickle() {
        let mut shield = Shield::default();
        let batch = |from: u64| (from..from + 500).map(receipt).collect::<Vec<_>>();
        for n in 0..10 {
            assert_eq!(ask(&mut shield, &batch(n * 500), NOW), Pace::Free, "{n}");
        }
        assert_eq!(ask(&mut shield, &batch(5000), NOW), Pace::Refused(10));
        let one = |shield: &mut Shield, n, after| ask(shield, &[receipt(n)], NOW.plus(after));
        for n in 5000..5048 {
            // What is left of those that are let through.
            assert_eq!(one(&mut shield, n, 0), Pace::Held(HOLD));
        }
        assert_eq!(one(&mut shield, 5048, 0), Pace::Held(HOLD));
        assert_eq!(one(&mut shield, 5049, 4), Pace::Refused(6));
        assert_eq!(one(&mut shield, 5049, 10), Pace::Held(HOLD));
        assert_eq!(one(&mut shield, 9_000_000, 11), Pace::Free, "elsewhere");
        assert_eq!(one(&mut shield, 7, 11), Pace::Free, "known already");
        assert_eq!(ask(&mut shield, &batch(2600), NOW.plus(HOUR)), Pace::Free);
    }

    #[test]
    fn ok_a_request_that_is_lost_does_not_count_for_ever() {
        let mut shield = Shield::default();
        for _ in 0..100 {
            shield.begin(NOW);
        }
        for n in 0..60 {
            ask(&mut shield, &[receipt(n)], NOW);
        }
        assert_eq!(ask(&mut shield, &[receipt(60)], NOW), Pace::Free);
        let later = NOW.plus(LOST);
        assert_eq!(ask(&mut shield, &[receipt(61)], later), Pace::Held(HOLD));
        assert!(shield.tells(later) && !shield.tells(later) && shield.tells(later.plus(TELL)));
    }

    proptest! {
        #[test]
        fn ok_memory_is_bounded(numbers in prop::collection::vec(0_u64..10_000_000_000, 0..200), start in 0_u64..9_000_000_000) {
            let mut shield = Shield::default();
            let spread = (0..5_000).map(|n| receipt((start + n * 7919) % 10_000_000_000));
            for chunk in spread.chain(numbers.into_iter().map(receipt)).collect::<Vec<_>>().chunks(100) {
                ask(&mut shield, chunk, NOW);
                prop_assert!(shield.blocks.len() <= BLOCKS + 100);
            }
        }
    }
}

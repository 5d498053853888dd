//! A bounded memory of finished values, one a case.
#![forbid(unsafe_code)]

use std::collections::{HashMap, VecDeque};

use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// Keeps values for a while; when it is full the oldest goes first.
///
/// It holds finished values only: a future that one request made may not be awaited by another.
#[derive(Debug)]
pub struct Memo<V> {
    items: HashMap<ReceiptNumber, Item<V>>,
    /// What was put in, oldest first, with the serial number of each putting.
    order: VecDeque<(ReceiptNumber, u64)>,
    serial: u64,
    weight: usize,
    max_items: usize,
    max_weight: usize,
}

#[derive(Debug)]
struct Item<V> {
    value: V,
    weight: usize,
    until: UnixSeconds,
    serial: u64,
}

impl<V> Memo<V> {
    /// An empty memory of at most `max_items` values whose weights (in whatever unit they are put
    /// with) come to at most `max_weight`.
    pub fn new(max_items: usize, max_weight: usize) -> Self {
        Self {
            items: HashMap::new(),
            order: VecDeque::new(),
            serial: 0,
            weight: 0,
            max_items,
            max_weight,
        }
    }

    /// The value of a case, unless its time is over.
    pub fn get(&self, receipt: ReceiptNumber, now: UnixSeconds) -> Option<&V> {
        self.items
            .get(&receipt)
            .filter(|item| now < item.until)
            .map(|item| &item.value)
    }

    /// Keeps a value until `until`, in place of the one before. A value above an eighth of the whole
    /// weight is not kept: it would drive out too many.
    pub fn put(&mut self, receipt: ReceiptNumber, value: V, weight: usize, until: UnixSeconds) {
        self.remove(receipt);
        if weight > self.max_weight.checked_div(8).unwrap_or(0) {
            return;
        }
        self.serial = self.serial.wrapping_add(1);
        self.weight = self.weight.saturating_add(weight);
        self.items.insert(
            receipt,
            Item {
                value,
                weight,
                until,
                serial: self.serial,
            },
        );
        self.order.push_back((receipt, self.serial));
        while self.items.len() > self.max_items
            || self.weight > self.max_weight
            || self.order.len() > self.max_items.saturating_mul(2)
        {
            let Some((oldest, serial)) = self.order.pop_front() else {
                break;
            };
            // One that was put in again since then stands further back in the order.
            if self
                .items
                .get(&oldest)
                .is_some_and(|item| item.serial == serial)
            {
                self.remove(oldest);
            }
        }
    }

    /// Forgets a case.
    pub fn remove(&mut self, receipt: ReceiptNumber) {
        if let Some(item) = self.items.remove(&receipt) {
            self.weight = self.weight.saturating_sub(item.weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn receipt(n: u16) -> ReceiptNumber {
        format!("IOE{n:010}").parse().unwrap()
    }

    #[test]
    fn ok_a_value_serves_until_its_time_is_over() {
        let mut memo = Memo::new(4, 80);
        memo.put(receipt(1), 'a', 1, UnixSeconds(10));
        assert_eq!(memo.get(receipt(1), UnixSeconds(9)), Some(&'a'));
        assert_eq!(memo.get(receipt(1), UnixSeconds(10)), None);
        memo.put(receipt(1), 'b', 1, UnixSeconds(20));
        assert_eq!(memo.get(receipt(1), UnixSeconds(10)), Some(&'b'));
        memo.put(receipt(1), 'c', 11, UnixSeconds(20));
        assert_eq!(
            memo.get(receipt(1), UnixSeconds(10)),
            None,
            "too heavy, and the one before is gone"
        );
    }

    proptest! {
        #[test]
        fn ok_it_is_always_within_its_bounds_and_keeps_the_newest(puts in prop::collection::vec((0..20_u16, 0..12_usize), 1..200)) {
            let mut memo = Memo::new(8, 80);
            for &(n, weight) in &puts {
                memo.put(receipt(n), n, weight, UnixSeconds(1));
                prop_assert!(memo.items.len() <= 8 && memo.weight <= 80 && memo.order.len() <= 16);
                prop_assert_eq!(memo.weight, memo.items.values().map(|item| item.weight).sum::<usize>());
                prop_assert_eq!(memo.get(receipt(n), UnixSeconds(0)).is_some(), weight <= 10);
            }
        }
    }
}

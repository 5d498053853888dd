//! The budget's numbers as they are stored.
#![forbid(unsafe_code)]

use super::{Budget, Numbers, Share, Told};
use crate::time::UnixSeconds;

impl Budget {
    /// Every number of it by name, to be stored: docs/STORAGE.md has the names.
    pub fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::new();
        let mut put = |name: &str, value: i64| {
            if value != 0 {
                numbers.push((name.to_owned(), value));
            }
        };
        put("day", self.day.0);
        put("people", self.people);
        put("background", self.background);
        // In thousandths.
        put("pace", (self.pace.per_hour * 1000.0).round() as i64);
        put("pace_at", self.pace.at.0);
        put("limited_until", self.limited_until.0);
        put("limited_in_a_row", i64::from(self.limited_in_a_row));
        put("saved_cache", self.saved.cache);
        put("saved_coalescing", self.saved.coalescing);
        put("saved_batching", self.saved.batching);
        for (name, told) in [("minute", self.told_minute), ("day", self.told_day)] {
            if let Some(told) = told {
                // One more, for nothing is not stored.
                put(&format!("told_{name}_left"), told.left.saturating_add(1));
                put(&format!("told_{name}_until"), told.until.0);
            }
        }
        for (second, count) in &self.minute {
            put(&format!("second:{}", second.0), i64::from(*count));
        }
        for share in &self.clients {
            put(&format!("used:{}", share.client), share.used);
            put(&format!("seen:{}", share.client), share.seen_at.0);
        }
        numbers
    }

    /// Takes the numbers that [`Budget::numbers`] gave. Names that are none of its own are passed over.
    pub fn restore<'a>(&mut self, numbers: impl Iterator<Item = (&'a str, i64)>) {
        for (name, value) in numbers {
            let at = UnixSeconds(value);
            match name {
                "day" => self.day = at,
                "people" => self.people = value,
                "background" => self.background = value,
                "pace" => self.pace.per_hour = value as f64 / 1000.0,
                "pace_at" => self.pace.at = at,
                "limited_until" => self.limited_until = at,
                "limited_in_a_row" => self.limited_in_a_row = u32::try_from(value).unwrap_or(0),
                "saved_cache" => self.saved.cache = value,
                "saved_coalescing" => self.saved.coalescing = value,
                "saved_batching" => self.saved.batching = value,
                "told_minute_left" => told(&mut self.told_minute).left = value.saturating_sub(1),
                "told_minute_until" => told(&mut self.told_minute).until = at,
                "told_day_left" => told(&mut self.told_day).left = value.saturating_sub(1),
                "told_day_until" => told(&mut self.told_day).until = at,
                _ => match name.split_once(':') {
                    Some(("second", second)) => {
                        if let (Ok(second), Ok(count)) = (second.parse(), u32::try_from(value)) {
                            let second = UnixSeconds(second);
                            let place = self.minute.partition_point(|(other, _)| *other < second);
                            self.minute.insert(place, (second, count));
                        }
                    }
                    Some(("used", client)) => self.with_client(client, |share| share.used = value),
                    Some(("seen", client)) => self.with_client(client, |share| share.seen_at = at),
                    _ => {}
                },
            }
        }
    }

    pub(super) fn share_of(&mut self, client: &str) -> Option<&mut Share> {
        self.clients.iter_mut().find(|share| share.client == client)
    }

    /// Does something to a client's share, which it has from now on.
    pub(super) fn with_client(&mut self, name: &str, set: impl FnOnce(&mut Share)) {
        if self.share_of(name).is_none() {
            self.clients.push(Share {
                client: name.to_owned(),
                used: 0,
                seen_at: UnixSeconds::default(),
            });
        }
        if let Some(share) = self.share_of(name) {
            set(share);
        }
    }
}

fn told(slot: &mut Option<Told>) -> &mut Told {
    slot.get_or_insert(Told {
        left: 0,
        until: UnixSeconds::default(),
    })
}

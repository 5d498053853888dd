//! The Torch keys: two at once, so that one can be changed without an hour of 401s.
//!
//! Keys "can be rotated on request" (torch-api.txt, "Authentication"). Which key works is found out by
//! using it, and remembered; a key that Torch refuses is left alone for a while, longer each time.
#![forbid(unsafe_code)]

use crate::budget::Numbers;
use crate::time::UnixSeconds;

/// How long a refused key is left alone: at first, and at most, in seconds.
const REST: i64 = 30;
const LONGEST_REST: i64 = 900;

/// What is known of one key. `id` is a name for it that tells nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The first digits of its SHA-256: it stays when the key moves from one secret to the other.
    pub id: String,
    /// When it was first used here.
    pub first_used: Option<UnixSeconds>,
    /// When Torch last took it, by the hour.
    pub last_taken: Option<UnixSeconds>,
    /// Since when Torch refuses it, with which status, how many times in a row.
    pub refused: Option<Refused>,
}

/// That Torch refuses a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// 401 or 403.
    pub status: u16,
    /// Since when.
    pub since: UnixSeconds,
    /// How many times in a row.
    pub times: u32,
    /// When it may be tried again.
    pub retry_at: UnixSeconds,
}

/// No key that may be tried now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoKey {
    /// What Torch answered to the last one tried.
    pub status: u16,
    /// When one may be tried again.
    pub until: UnixSeconds,
}

/// The keys, and which is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRing {
    keys: Vec<Key>,
    current: usize,
}

impl KeyRing {
    /// Of the keys with these names, in the order in which they are to be tried.
    pub fn new(ids: impl IntoIterator<Item = String>) -> Self {
        let key = |id| Key {
            id,
            first_used: None,
            last_taken: None,
            refused: None,
        };
        Self {
            keys: ids.into_iter().map(key).collect(),
            current: 0,
        }
    }

    /// The key to use now: the one that worked, or the other where that one is refused.
    ///
    /// # Errors
    /// [`NoKey`] where all are refused and none may be tried again yet.
    pub fn choose(&self, now: UnixSeconds) -> Result<usize, NoKey> {
        let order = (0..self.keys.len()).map(|step| {
            self.current
                .saturating_add(step)
                .checked_rem(self.keys.len())
                .unwrap_or(0)
        });
        let mut soonest: Option<Refused> = None;
        let mut again = None;
        for index in order {
            match self.keys.get(index).and_then(|key| key.refused) {
                None => return Ok(index),
                Some(refused) if refused.retry_at <= now => {
                    again = again.or(Some(index));
                }
                Some(refused) if soonest.is_none_or(|held| refused.retry_at < held.retry_at) => {
                    soonest = Some(refused);
                }
                Some(_) => {}
            }
        }
        again.ok_or_else(|| NoKey {
            status: soonest.map_or(401, |refused| refused.status),
            until: soonest.map_or(now.plus(REST), |refused| refused.retry_at),
        })
    }

    /// Torch took the key.
    pub fn taken(&mut self, index: usize, now: UnixSeconds) {
        if let Some(key) = self.keys.get_mut(index) {
            key.first_used.get_or_insert(now);
            // By the hour is enough, and is not written at each call.
            if key.last_taken.is_none_or(|last| now.since(last) >= 3600) || key.refused.is_some() {
                key.last_taken = Some(now);
            }
            key.refused = None;
            self.current = index;
        }
    }

    /// Torch refused the key.
    pub fn refused(&mut self, index: usize, status: u16, now: UnixSeconds) {
        if let Some(key) = self.keys.get_mut(index) {
            key.first_used.get_or_insert(now);
            let before = key.refused;
            let times = before.map_or(0, |refused| refused.times);
            let factor = 1_i64.checked_shl(times.min(16)).unwrap_or(1);
            let rest = REST.saturating_mul(factor).min(LONGEST_REST);
            key.refused = Some(Refused {
                status,
                since: before.map_or(now, |refused| refused.since),
                times: times.saturating_add(1),
                retry_at: now.plus(rest),
            });
        }
    }

    /// The keys in order, and whether each is the one in use.
    pub fn keys(&self) -> impl Iterator<Item = (&Key, bool)> {
        self.keys
            .iter()
            .enumerate()
            .map(|(index, key)| (key, index == self.current))
    }

    /// Its numbers by name, to be stored.
    pub fn numbers(&self, numbers: &mut Numbers) {
        for (key, current) in self.keys() {
            let mut put = |what: &str, value: i64| {
                numbers.push((format!("key_{what}:{}", key.id), value));
            };
            if current {
                put("current", 1);
            }
            if let Some(at) = key.first_used {
                put("first_used", at.0);
            }
            if let Some(at) = key.last_taken {
                put("last_taken", at.0);
            }
            if let Some(refused) = key.refused {
                put("refused_status", i64::from(refused.status));
                put("refused_since", refused.since.0);
                put("refused_times", i64::from(refused.times));
                put("refused_retry_at", refused.retry_at.0);
            }
        }
    }

    /// Takes a number that [`KeyRing::numbers`] gave, of a key that is still on the ring.
    pub fn restore(&mut self, name: &str, value: i64) {
        let Some((what, id)) = name
            .strip_prefix("key_")
            .and_then(|name| name.split_once(':'))
        else {
            return;
        };
        let Some(index) = self.keys.iter().position(|key| key.id == id) else {
            return;
        };
        let Some(key) = self.keys.get_mut(index) else {
            return;
        };
        let at = UnixSeconds(value);
        if let Some(field) = what.strip_prefix("refused_") {
            let refused = key.refused.get_or_insert(Refused {
                status: 401,
                since: at,
                times: 1,
                retry_at: at,
            });
            match field {
                "status" => refused.status = u16::try_from(value).unwrap_or(401),
                "since" => refused.since = at,
                "times" => refused.times = u32::try_from(value).unwrap_or(1),
                _ => refused.retry_at = at,
            }
            return;
        }
        match what {
            "current" => self.current = index,
            "first_used" => key.first_used = Some(at),
            _ => key.last_taken = Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn ring() -> KeyRing {
        KeyRing::new(["aaaa".to_owned(), "bbbb".to_owned()])
    }

    #[test]
    fn ok_the_other_key_is_tried_and_the_one_that_works_is_remembered() {
        let mut ring = ring();
        assert_eq!(ring.choose(NOW), Ok(0));
        ring.refused(0, 401, NOW);
        assert_eq!(ring.choose(NOW), Ok(1));
        ring.taken(1, NOW);
        assert_eq!(
            ring.choose(NOW.plus(100_000)),
            Ok(1),
            "and stays, though the first might do again"
        );
        ring.refused(1, 403, NOW.plus(100_000));
        assert_eq!(ring.choose(NOW.plus(100_000)), Ok(0));
    }

    #[test]
    fn err_with_both_refused_none_is_tried_for_a_while_longer_each_time() {
        let mut ring = ring();
        ring.refused(0, 401, NOW);
        ring.refused(1, 403, NOW.plus(1));
        let none = |ring: &KeyRing, now| ring.choose(now).unwrap_err();
        assert_eq!(
            none(&ring, NOW.plus(2)),
            NoKey {
                status: 401,
                until: NOW.plus(30)
            }
        );
        assert_eq!(ring.choose(NOW.plus(30)), Ok(0));
        ring.refused(0, 401, NOW.plus(30));
        assert_eq!(
            none(&ring, NOW.plus(30)),
            NoKey {
                status: 403,
                until: NOW.plus(31)
            }
        );
        assert_eq!(ring.choose(NOW.plus(31)), Ok(1));
        for _ in 0..20 {
            ring.refused(0, 401, NOW);
            ring.refused(1, 401, NOW);
        }
        assert_eq!(none(&ring, NOW).until, NOW.plus(LONGEST_REST));
        assert_eq!(
            ring.keys().next().unwrap().0.refused.unwrap().since,
            NOW,
            "since when it fails stays"
        );
    }

    #[test]
    fn ok_it_is_stored_by_the_keys_own_names_so_that_a_key_may_move() {
        let mut before = ring();
        before.refused(0, 401, NOW);
        before.taken(1, NOW);
        let mut numbers = Numbers::new();
        before.numbers(&mut numbers);
        let mut same = ring();
        // The next key has become the first, and a new one is the next.
        let mut moved = KeyRing::new(["bbbb".to_owned(), "cccc".to_owned()]);
        for (name, value) in &numbers {
            same.restore(name, *value);
            moved.restore(name, *value);
        }
        assert_eq!(same, before);
        assert_eq!(moved.choose(NOW), Ok(0));
        assert_eq!(moved.keys().next().unwrap().0.last_taken, Some(NOW));
    }

    #[test]
    fn err_no_keys_at_all_is_no_panic() {
        assert!(KeyRing::new([]).choose(NOW).is_err());
    }
}

//! How often somebody may do something: a number at once, then one more every so often (GCRA, by `governor`).

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::error::Error;
use crate::state::Clock;

/// Most somebodies that are remembered; beyond, those whose time is over make room, and then all do.
const KEYS_MAX: usize = 50_000;

/// The site's clock as time since 1970, so that tests can move it.
#[derive(Debug, Clone)]
struct Hands(Clock);

impl governor::clock::Clock for Hands {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let micros = u64::try_from(self.0.now().as_microsecond());
        Duration::from_micros(micros.unwrap_or(0))
    }
}

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, Hands, NoOpMiddleware<Duration>>;

/// Counts what somebody, known by a key, does. Cheap to clone.
pub struct Throttle<K: Hash + Eq + Clone> {
    limiter: Arc<RwLock<Arc<Limiter<K>>>>,
    quota: Quota,
    hands: Hands,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// `burst` at once, then one every `each`.
    pub fn new(burst: u32, each: Duration, clock: &Clock) -> Self {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(each.max(Duration::from_nanos(1)))
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst);
        let hands = Hands(clock.clone());
        Throttle {
            limiter: Arc::new(RwLock::new(Arc::new(RateLimiter::hashmap_with_clock(
                quota,
                hands.clone(),
            )))),
            quota,
            hands,
        }
    }

    /// Counts once. An error is how long to wait.
    ///
    /// # Errors
    /// The time until one more is allowed.
    pub fn count(&self, key: &K) -> Result<(), Duration> {
        let limiter = self.limiter();
        if limiter.len() >= KEYS_MAX {
            limiter.retain_recent();
            if limiter.len() >= KEYS_MAX {
                let fresh = RateLimiter::hashmap_with_clock(self.quota, self.hands.clone());
                *self.limiter.write().unwrap_or_else(|e| e.into_inner()) = Arc::new(fresh);
            }
        }
        let now = governor::clock::Clock::now(&self.hands);
        limiter
            .check_key(key)
            .map_err(|until| until.wait_time_from(now))
    }

    /// Counts once, or says in words that this was too often.
    ///
    /// # Errors
    /// [`Error::TooMany`], with `what` as the sentence's beginning: "Too many comments".
    pub fn admit(&self, key: &K, what: &str) -> Result<(), Error> {
        self.count(key)
            .map_err(|wait| Error::TooMany(format!("{what}. Try again in {}.", in_words(wait))))
    }

    fn limiter(&self) -> Arc<Limiter<K>> {
        Arc::clone(&self.limiter.read().unwrap_or_else(|e| e.into_inner()))
    }
}

impl<K: Hash + Eq + Clone> Clone for Throttle<K> {
    fn clone(&self) -> Self {
        Throttle {
            limiter: Arc::clone(&self.limiter),
            quota: self.quota,
            hands: self.hands.clone(),
        }
    }
}

impl<K: Hash + Eq + Clone> std::fmt::Debug for Throttle<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Throttle({:?})", self.quota)
    }
}

/// "a minute", "7 minutes", "2 hours": rounded up.
fn in_words(wait: Duration) -> String {
    let minutes = wait.as_secs().div_ceil(60);
    match minutes {
        0 | 1 => "a minute".to_string(),
        2..120 => format!("{minutes} minutes"),
        _ => format!("{} hours", minutes.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_burst_then_one_every_so_often() {
        let now = Arc::new(Mutex::new(
            "2026-11-23T08:00:00Z".parse::<Timestamp>().unwrap(),
        ));
        let hands = Arc::clone(&now);
        let clock = Clock(Arc::new(move || *hands.lock().unwrap()));
        let throttle = Throttle::new(3, Duration::from_secs(60), &clock);
        for _ in 0..3 {
            assert_eq!(throttle.count(&"a"), Ok(()));
        }
        assert_eq!(throttle.count(&"a"), Err(Duration::from_secs(60)));
        assert_eq!(throttle.count(&"b"), Ok(()));
        *now.lock().unwrap() += jiff::SignedDuration::from_secs(60);
        assert_eq!(throttle.count(&"a"), Ok(()));
        assert!(throttle.count(&"a").is_err());
        let refused = throttle.admit(&"a", "Too many attempts").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Too many attempts. Try again in a minute."
        );
    }

    #[test]
    fn memory_is_bounded() {
        let clock = Clock::at("2026-11-23T08:00:00Z".parse().unwrap());
        let throttle = Throttle::new(1, Duration::from_secs(60), &clock);
        for key in 0..KEYS_MAX + 10 {
            assert!(throttle.count(&key).is_ok());
        }
        assert!(throttle.limiter().len() <= KEYS_MAX);
    }

    #[test]
    fn waits_are_told_in_words() {
        let check = |seconds, expected: &str| {
            assert_eq!(in_words(Duration::from_secs(seconds)), expected);
        };
        check(1, "a minute");
        check(61, "2 minutes");
        check(7199, "2 hours");
        check(7201, "3 hours");
    }
}

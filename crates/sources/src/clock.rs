//! Time as the network code sees it: read and waited for through one trait, so that tests turn the hands themselves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

/// A clock that can be read and waited on.
pub trait Clock: Send + Sync {
    /// The moment it shows.
    fn now(&self) -> Timestamp;

    /// Waits until it shows at least `until`; at once if that has passed.
    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()>;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // The timer runs on another clock than the one asked for; asking again closes the gap.
            while let Ok(left) = Duration::try_from(until.duration_since(Timestamp::now())) {
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left).await;
            }
        })
    }
}

/// A clock that moves only when somebody waits for it, and remembers what was waited for. For tests.
#[derive(Debug, Clone)]
pub struct ManualClock {
    hands: Arc<Mutex<Hands>>,
}

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    waits: Vec<Timestamp>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        let waits = Vec::new();
        ManualClock {
            hands: Arc::new(Mutex::new(Hands { now, waits })),
        }
    }

    /// Moves it to a moment; it never goes back.
    pub fn advance_to(&self, to: Timestamp) {
        let mut hands = self.hands();
        hands.now = hands.now.max(to);
    }

    /// Every moment that was waited for, in order.
    pub fn waits(&self) -> Vec<Timestamp> {
        self.hands().waits.clone()
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        // A panic elsewhere leaves plain values behind, never half-written ones.
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.hands().now
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        let mut hands = self.hands();
        if until > hands.now {
            hands.now = until;
            hands.waits.push(until);
        }
        Box::pin(std::future::ready(()))
    }
}

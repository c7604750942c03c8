//! Single flight: of many who want the same thing at the same time, one works and all get it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::OnceCell;

type Open<K, V> = HashMap<K, Arc<OnceCell<V>>>;

/// The work under way, by key. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Flights<K, V> {
    open: Arc<Mutex<Open<K, V>>>,
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Flights {
            open: Arc::default(),
        }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Flights<K, V> {
    /// The result of `work`, or of whoever works on this key already. Should that one be cancelled, the next in line
    /// works in its place.
    pub(super) async fn join<W, F>(&self, key: K, work: W) -> V
    where
        W: FnOnce() -> F,
        F: Future<Output = V>,
    {
        let seat = Seat {
            cell: Arc::clone(self.lock().entry(key.clone()).or_default()),
            flights: self,
            key,
        };
        seat.cell.get_or_init(work).await.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Open<K, V>> {
        self.open.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// A place on a flight; the last to leave takes the flight off the list.
struct Seat<'a, K: Eq + Hash + Clone, V: Clone> {
    cell: Arc<OnceCell<V>>,
    flights: &'a Flights<K, V>,
    key: K,
}

impl<K: Eq + Hash + Clone, V: Clone> Drop for Seat<'_, K, V> {
    fn drop(&mut self) {
        let mut open = self.flights.lock();
        // Once landed, nobody new may board: later work is about newer things. Before, the last to leave closes.
        let mine = open
            .get(&self.key)
            .is_some_and(|cell| Arc::ptr_eq(cell, &self.cell));
        if mine && (self.cell.initialized() || Arc::strong_count(&self.cell) <= 2) {
            open.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::Notify;

    #[tokio::test]
    async fn one_works_and_all_get_it() {
        let flights = Flights::<&str, u32>::default();
        let runs = AtomicU32::new(0);
        let gate = Notify::new();
        let work = || async {
            gate.notified().await;
            runs.fetch_add(1, Ordering::Relaxed) + 1
        };
        let (a, b, c, ()) = tokio::join!(
            flights.join("page", work),
            flights.join("page", work),
            flights.join("page", work),
            async { gate.notify_one() },
        );
        assert_eq!((a, b, c), (1, 1, 1));
        assert!(flights.lock().is_empty());
        gate.notify_one();
        assert_eq!(flights.join("page", work).await, 2);
    }

    #[tokio::test]
    async fn a_cancelled_worker_is_replaced() {
        let flights = Flights::<&str, u32>::default();
        let mut first = Box::pin(flights.join("page", std::future::pending));
        tokio::select! {
            biased;
            _ = &mut first => unreachable!("pending never ends"),
            () = tokio::task::yield_now() => {}
        }
        drop(first);
        assert_eq!(flights.join("page", || async { 7 }).await, 7);
        assert!(flights.lock().is_empty());
    }
}

//! One polite gate per group of hosts: calls come one at a time, a fixed time apart, and stop when the host says so.
//!
//! All of arXiv's hosts are one group, for arXiv asks for one call per three seconds and one connection over all
//! its services. When the next call is due is kept in a [`Memory`] outside this crate, so it survives restarts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OwnedMutexGuard;
use url::Url;

use crate::clock::Clock;

/// The group of all arXiv hosts.
pub const ARXIV: &str = "arxiv.org";

/// Time between two calls to arXiv, over all its services. From arXiv's terms of use for its APIs.
pub const ARXIV_INTERVAL: SignedDuration = SignedDuration::from_secs(3);

/// Time between two calls to any other host.
pub const OTHER_INTERVAL: SignedDuration = SignedDuration::from_secs(1);

/// The longest that a call waits for its turn; a host that is closed for longer is reported instead.
pub const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// First pause after a refusal that names no time; it doubles with each further refusal.
const PAUSE_FIRST: SignedDuration = SignedDuration::from_mins(10);
/// Longest such pause.
const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(6);
/// Longest pause that a host may ask for.
const PAUSE_ASKED_MAX: SignedDuration = SignedDuration::from_hours(24);

/// What a conditional request needs of the last answer from an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, as sent.
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Whether there is nothing to ask with.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// The memory could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record of calls made to other hosts cannot be used: {0}")]
pub struct MemoryError(pub String);

/// What must survive a restart for the calls to stay polite.
///
/// The functions mirror those of the same names in the database crate, on which this crate may not depend:
/// the binary joins the two. [`MemoryInRam`] serves tests and single runs.
pub trait Memory: Send + Sync {
    /// Reserves the next call to a group of hosts: returns when it may be made, which is at least `interval` after
    /// the last reserved one, not before `now`, and not before the end of a cool-down.
    fn reserve_call<'a>(
        &'a self,
        group: &'a str,
        now: Timestamp,
        interval: SignedDuration,
    ) -> BoxFuture<'a, Result<Timestamp, MemoryError>>;

    /// No call to the group before `until`.
    fn cool_down<'a>(
        &'a self,
        group: &'a str,
        until: Timestamp,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), MemoryError>>;

    /// Validators remembered for an address.
    fn validators<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Validators, MemoryError>>;

    /// Remembers validators.
    fn set_validators<'a>(
        &'a self,
        url: &'a str,
        validators: &'a Validators,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), MemoryError>>;
}

/// A [`Memory`] that ends with the process.
#[derive(Debug, Default)]
pub struct MemoryInRam {
    next: Mutex<HashMap<String, Timestamp>>,
    validators: Mutex<HashMap<String, Validators>>,
}

impl Memory for MemoryInRam {
    fn reserve_call<'a>(
        &'a self,
        group: &'a str,
        now: Timestamp,
        interval: SignedDuration,
    ) -> BoxFuture<'a, Result<Timestamp, MemoryError>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = next.get(group).map_or(now, |next| now.max(*next));
        next.insert(group.to_string(), later(at, interval));
        Box::pin(std::future::ready(Ok(at)))
    }

    fn cool_down<'a>(
        &'a self,
        group: &'a str,
        until: Timestamp,
        _why: &'a str,
    ) -> BoxFuture<'a, Result<(), MemoryError>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = next.entry(group.to_string()).or_insert(until);
        *entry = until.max(*entry);
        Box::pin(std::future::ready(Ok(())))
    }

    fn validators<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Validators, MemoryError>> {
        let known = self
            .validators
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let found = known.get(url).cloned().unwrap_or_default();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn set_validators<'a>(
        &'a self,
        url: &'a str,
        validators: &'a Validators,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<(), MemoryError>> {
        self.validators
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(url.to_string(), validators.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Why the gate stayed shut.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The host wants no calls before a moment that is further away than [`PATIENCE`].
    #[error("no call to {group} before {until}")]
    CoolingDown {
        /// Which group of hosts.
        group: String,
        /// When it opens again.
        until: Timestamp,
    },
    /// When the next call is due cannot be known.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// Where calls queue up. One per process; every call passes through it.
pub struct Gate {
    memory: Arc<dyn Memory>,
    clock: Arc<dyn Clock>,
    groups: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Turn>>>>,
}

/// What this process knows of a group beyond the memory.
#[derive(Debug, Default)]
struct Turn {
    /// When the last call really left: a late timer must not bring the next one too close.
    last: Option<Timestamp>,
    /// Refusals in a row that named no time.
    refusals: u32,
    /// A cool-down that is known of, so that attempts during it reserve nothing.
    cooling: Option<Timestamp>,
}

/// The right to make one call. While it is held, nobody else calls the same group.
#[derive(Debug)]
pub struct Pass {
    group: String,
    turn: OwnedMutexGuard<Turn>,
}

impl Gate {
    /// A gate that keeps its times in `memory`.
    pub fn new(memory: Arc<dyn Memory>, clock: Arc<dyn Clock>) -> Self {
        Gate {
            memory,
            clock,
            groups: Mutex::default(),
        }
    }

    /// Waits for the turn of a call to a group.
    pub async fn enter(&self, group: &str) -> Result<Pass, GateError> {
        let line = {
            let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
            groups.entry(group.to_string()).or_default().clone()
        };
        let mut turn = line.lock_owned().await;
        let now = self.clock.now();
        let closed = |until| GateError::CoolingDown {
            group: group.to_string(),
            until,
        };
        if let Some(until) = turn.cooling.filter(|until| *until > later(now, PATIENCE)) {
            return Err(closed(until));
        }
        let interval = interval_of(group);
        let earliest = turn.last.map_or(now, |last| now.max(later(last, interval)));
        let at = self.memory.reserve_call(group, earliest, interval).await?;
        if at > later(now, PATIENCE) {
            turn.cooling = Some(at);
            return Err(closed(at));
        }
        self.clock.sleep_until(at).await;
        turn.cooling = None;
        turn.last = Some(self.clock.now());
        Ok(Pass {
            group: group.to_string(),
            turn,
        })
    }

    /// Notes that the host refused, and shuts the gate for the time that it asked for, or for ten minutes doubling
    /// to six hours. Returns when it opens again.
    pub async fn refused(
        &self,
        mut pass: Pass,
        asked: Option<SignedDuration>,
        why: &str,
    ) -> Result<Timestamp, MemoryError> {
        let pause = match asked {
            Some(asked) => asked.clamp(SignedDuration::from_secs(1), PAUSE_ASKED_MAX),
            None => {
                let doubled = PAUSE_FIRST
                    .checked_mul(1 << pass.turn.refusals.min(10))
                    .unwrap_or(PAUSE_MAX);
                pass.turn.refusals = pass.turn.refusals.saturating_add(1);
                doubled.min(PAUSE_MAX)
            }
        };
        let until = later(self.clock.now(), pause);
        pass.turn.cooling = Some(until);
        self.memory.cool_down(&pass.group, until, why).await?;
        Ok(until)
    }

    /// Notes that the host answered.
    pub fn answered(&self, mut pass: Pass) {
        pass.turn.refusals = 0;
    }
}

/// The group of hosts that a call belongs to: all of arXiv is one, every other host is its own.
pub fn group_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let host = host.trim_end_matches('.');
    if host == ARXIV || host.ends_with(".arxiv.org") {
        ARXIV.to_string()
    } else {
        host.to_string()
    }
}

fn interval_of(group: &str) -> SignedDuration {
    if group == ARXIV {
        ARXIV_INTERVAL
    } else {
        OTHER_INTERVAL
    }
}

/// A moment later; the end of time where there is none.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        assert_eq!(group_of(&url.parse().unwrap()), expected);
    }

    #[test]
    fn arxiv_is_one_group() {
        check("http://export.arxiv.org/api/query", ARXIV);
        check("https://rss.arxiv.org/rss/cs.CL", ARXIV);
        check("https://oaipmh.arxiv.org/oai", ARXIV);
        check("https://ARXIV.org./list/cs.CL/new", ARXIV);
        check("https://notarxiv.org/", "notarxiv.org");
        check("https://arxiv.org.example.com/", "arxiv.org.example.com");
        check("http://127.0.0.1:8080/", "127.0.0.1");
    }
}

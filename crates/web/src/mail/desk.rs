//! The desk at which readers subscribe: what the pages need for it, and who has asked for how much.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use domain::subscription::{Rhythm, Wish};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use store::MailBounds;
use tokio::sync::Notify;

use super::token::Keys;
use crate::client::Client;
use crate::error::Error;

/// For how long a link that says yes to a subscription, or that was asked for, is good.
pub const LINK_GOOD: SignedDuration = SignedDuration::from_hours(48);

/// How much may be asked for over the site.
pub const BOUNDS: MailBounds = MailBounds {
    subscriptions: 10,
    letters_a_day: 3,
    letters_an_hour: 300,
    patience: LINK_GOOD,
};

/// How often one client may ask for mail within [`WINDOW`].
pub const REQUESTS_MAX: u32 = 20;
/// The stretch of time in which a client's requests are counted.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// How many clients are remembered; with more, those whose time is over make room, and then all do.
const CLIENTS_MAX: usize = 10_000;

/// What the pages about mail need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Whether letters are sent. Where not, links in older mails still work.
    pub sending: bool,
    /// Signs links and recognises them.
    pub keys: Keys,
    /// Tells whoever sends that there is a letter.
    pub wake: Arc<Notify>,
    clients: Clients,
}

impl Desk {
    /// A desk that nobody has come to.
    pub fn new(sending: bool, keys: Keys) -> Self {
        Desk {
            sending,
            keys,
            wake: Arc::default(),
            clients: Clients::default(),
        }
    }

    /// Counts a request of a client.
    pub(crate) fn admit(&self, client: Client, now: Timestamp) -> Result<(), Error> {
        if client.0.is_some_and(|key| !self.clients.count(key, now)) {
            metrics::counter!("mail_requests_refused_total", "why" => "client").increment(1);
            return Err(Error::TooMany(
                "Too many requests for mail came from your address within an hour. Try again later."
                    .to_string(),
            ));
        }
        Ok(())
    }
}

/// The day from which on papers are new to a subscription that begins, or goes on, now: it brings yesterday's list, or
/// the last week's.
pub fn looks_back_to(wish: &Wish, now: Timestamp) -> Date {
    let days: i64 = match wish.schedule.rhythm {
        Rhythm::Daily => 1,
        Rhythm::Weekly => 6,
    };
    domain::paper::utc_day(now).saturating_sub(days.days())
}

/// How often each client has asked, and since when that is counted.
#[derive(Debug, Clone, Default)]
struct Clients(Arc<Mutex<HashMap<IpAddr, (Timestamp, u32)>>>);

impl Clients {
    /// Counts one request; `false` when it is one too many.
    fn count(&self, client: IpAddr, now: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let over = |since: Timestamp| now.duration_since(since) >= WINDOW;
        if counts.len() >= CLIENTS_MAX && !counts.contains_key(&client) {
            counts.retain(|_, (since, _)| !over(*since));
            if counts.len() >= CLIENTS_MAX {
                counts.clear();
            }
        }
        let entry = counts.entry(client).or_insert((now, 0));
        if over(entry.0) {
            *entry = (now, 0);
        }
        entry.1 = entry.1.saturating_add(1);
        entry.1 <= REQUESTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::moment;

    #[test]
    fn a_client_has_its_number_of_requests_an_hour() {
        let clients = Clients::default();
        let now = moment("2026-11-23T08:00:00Z");
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let two: IpAddr = "192.0.2.2".parse().unwrap();
        for _ in 0..REQUESTS_MAX {
            assert!(clients.count(one, now));
        }
        assert!(!clients.count(one, now));
        assert!(clients.count(two, now));
        assert!(!clients.count(one, moment("2026-11-23T08:59:59Z")));
        assert!(clients.count(one, moment("2026-11-23T09:00:00Z")));
    }

    #[test]
    fn memory_is_bounded() {
        let clients = Clients::default();
        let now = moment("2026-11-23T08:00:00Z");
        for n in 0..3 * CLIENTS_MAX as u32 {
            clients.count(IpAddr::V4(n.into()), now);
        }
        assert!(clients.0.lock().unwrap().len() <= CLIENTS_MAX);
    }
}

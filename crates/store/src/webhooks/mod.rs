//! Addresses that are told of new papers, and what they are told: at least once, each paper in one message.
//!
//! A webhook follows the change sequence by itself: `seq` is the number up to which papers were looked at for it.
//! What it is to be told is written as a delivery in the same transaction that moves `seq` on, so a killed server
//! neither forgets nor repeats a paper. The body of a delivery is kept as it is signed: every attempt sends the same.

mod deliveries;
mod kept;

use domain::account::UserId;
use jiff::Timestamp;

pub use deliveries::{
    DELIVERY_ATTEMPTS_MAX, Delivery, DeliveryState, DueDelivery, NewDelivery, WAITING_MAX,
};
pub use kept::{NewWebhook, WEBHOOKS_MAX};

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub account: UserId,
    /// Where it is told.
    pub url: String,
    /// In the search language; empty for all papers.
    pub query: String,
    /// When it was made: papers that came in before are not news to it.
    pub created: Timestamp,
    /// Change number up to which papers were looked at.
    pub seq: u64,
    /// Since when nothing is sent.
    pub paused: Option<Timestamp>,
    /// Attempts that failed in a row.
    pub failures: u32,
    /// How the last attempt went, or why it is paused.
    pub last_status: String,
}

/// A united paper that a webhook was told of stays told.
pub(crate) const MOVES: [&str; 2] = [
    "INSERT INTO webhook_papers (webhook, paper, delivery) \
        SELECT webhook, CAST($1 AS INTEGER), delivery FROM webhook_papers WHERE paper = $2 ON CONFLICT DO NOTHING",
    "DELETE FROM webhook_papers WHERE paper = $1",
];

/// A person's webhooks go, with everything of theirs.
pub(crate) const FORGET: [&str; 3] = [
    "DELETE FROM webhook_papers WHERE webhook IN (SELECT id FROM webhooks WHERE account = $1)",
    "DELETE FROM deliveries WHERE webhook IN (SELECT id FROM webhooks WHERE account = $1)",
    "DELETE FROM webhooks WHERE account = $1",
];

//! From due subscriptions to letters in the database.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use anyhow::Result;
use domain::paper::utc_day;
use domain::subscription::{ReaderId, Subscription};
use futures_util::stream::{StreamExt, TryStreamExt};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use store::{Draft, Due};
use tracing::info;
use web::mail::message::Checked;

use super::Office;
use super::checked::{LINES_BEFORE, judge};
use super::picking::{Picker, first_day};

/// Subscriptions looked at, and letters written, in one transaction.
const PAGE: u32 = 100;
/// How many are picked for at the same time.
const AT_ONCE: usize = 8;
/// Lines of the ledger that are read.
const LEDGER_LINES: u32 = 10_000;
/// How often the whole is gone through again for readers of whom two subscriptions were due at once.
const ROUNDS_MAX: u32 = 20;

/// What composing came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Composed {
    /// Letters made.
    pub(crate) letters: u32,
    /// Subscriptions of which a letter was due, with or without anything to say.
    pub(crate) looked_at: u32,
}

/// What the ledger says, for each first day that was asked about.
struct Ledger<'a> {
    office: &'a Office,
    said: HashMap<Date, Checked>,
    now: Timestamp,
}

impl Office {
    /// Makes the letters that are due. Killed anywhere, the next call goes on: a subscription moves on in the same
    /// transaction in which its letter is made.
    pub(crate) async fn compose_due(&self, now: Timestamp) -> Result<Composed> {
        let store = &self.pipeline.store;
        let mut composed = Composed::default();
        if store.due_subscriptions(now, None, 1).await?.is_empty() {
            return Ok(composed);
        }
        let began = Instant::now();
        let today = utc_day(now);
        let earliest = first_day(domain::subscription::Rhythm::Weekly, today);
        let edition = store.note_listings(earliest, today).await?;
        if !self.index_covers(store.seq().await?).await? {
            info!("The index is being brought up to date; mail waits for it");
            return Ok(composed);
        }
        let picker = Picker::new(store.clone(), self.pipeline.engine(), Some(edition), now);
        let mut ledger = Ledger {
            office: self,
            said: HashMap::new(),
            now,
        };
        for _ in 0..ROUNDS_MAX {
            let before = composed;
            self.round(&picker, &mut ledger, edition, now, &mut composed)
                .await?;
            if composed == before {
                break;
            }
        }
        if composed.letters > 0 {
            let seconds = began.elapsed().as_secs_f64();
            metrics::histogram!("mail_compose_seconds").record(seconds);
            info!(
                letters = composed.letters,
                "Composed {} letters for {} subscriptions", composed.letters, composed.looked_at
            );
        }
        Ok(composed)
    }

    /// Whether searches see every paper of the database.
    async fn index_covers(&self, seq: u64) -> Result<bool> {
        if self.pipeline.index.seq() < seq {
            self.pipeline.catch_up(|_, _| ()).await?;
        }
        Ok(self.pipeline.index.seq() >= seq)
    }

    /// Goes once through everything that is due. Of two subscriptions of one reader the second waits for the next
    /// round, so that it knows what the first one brings.
    async fn round(
        &self,
        picker: &Picker,
        ledger: &mut Ledger<'_>,
        edition: i64,
        now: Timestamp,
        composed: &mut Composed,
    ) -> Result<()> {
        let store = &self.pipeline.store;
        let mut after = None;
        loop {
            let page = store.due_subscriptions(now, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some((last.slot, last.subscription.id));
            let ready = self.ready(page, now).await?;
            for subscription in &ready {
                ledger.read(subscription).await?;
            }
            let said = &ledger.said;
            let drafts: Vec<Draft> = futures_util::stream::iter(ready)
                .map(|subscription| draft(picker, said, subscription, edition, now))
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
            composed.looked_at += u32::try_from(drafts.len()).unwrap_or(u32::MAX);
            composed.letters += store.compose(&drafts, now).await?;
        }
    }

    /// Those of a page for which a letter can be made now: one per reader, and none while an earlier letter of the
    /// same subscription may be with a mail server. An earlier one that is not is dropped, and the new one holds what
    /// it held: after an outage nobody gets two.
    async fn ready(&self, page: Vec<Due>, now: Timestamp) -> Result<Vec<Subscription>> {
        let store = &self.pipeline.store;
        let mut readers: HashSet<ReaderId> = HashSet::new();
        let mut ready = Vec::with_capacity(page.len());
        for due in page {
            if !readers.insert(due.subscription.reader) {
                continue;
            }
            if !due.unsent {
                ready.push(due.subscription);
                continue;
            }
            if !store.drop_unsent(due.subscription.id, now).await? {
                continue;
            }
            let again = store.subscription(due.subscription.id).await?;
            ready.extend(again.filter(|s| s.next_at == due.subscription.next_at));
        }
        Ok(ready)
    }
}

/// The day from which on a digest covers the sources' announcements: that of the slot before.
pub(super) fn covers_from(subscription: &Subscription, now: Timestamp) -> Date {
    let schedule = &subscription.wish.schedule;
    let slot = schedule.latest_until(now);
    let before = slot
        .checked_sub(SignedDuration::from_secs(1))
        .map_or(slot, |just_before| schedule.latest_until(just_before));
    utc_day(before)
}

impl Ledger<'_> {
    async fn read(&mut self, subscription: &Subscription) -> Result<()> {
        let from = covers_from(subscription, self.now);
        if !self.said.contains_key(&from) {
            let checked = self.office.checked(from, self.now).await?;
            self.said.insert(from, checked);
        }
        Ok(())
    }
}

impl Office {
    /// What the ledger says of the announcements from a day on.
    pub(super) async fn checked(&self, from: Date, now: Timestamp) -> Result<Checked> {
        let since = from.saturating_sub(LINES_BEFORE.days());
        let store = &self.pipeline.store;
        let lines = store.batches(Some(since), false, LEDGER_LINES).await?;
        Ok(judge(&self.sources, &lines, from, utc_day(now), now))
    }
}

async fn draft(
    picker: &Picker,
    said: &HashMap<Date, Checked>,
    subscription: Subscription,
    edition: i64,
    now: Timestamp,
) -> Result<Draft> {
    let picked = picker.pick(&subscription).await?;
    let schedule = &subscription.wish.schedule;
    let checked = said.get(&covers_from(&subscription, now));
    Ok(Draft {
        slot: schedule.latest_until(now),
        next_at: schedule.next_after(now),
        edition,
        letter: !picked.papers.is_empty() || subscription.wish.say_nothing,
        papers: picked.papers,
        found: picked.found,
        coverage: serde_json::to_string(&checked)?,
        subscription,
    })
}

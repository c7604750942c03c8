//! From letters in the database to a mail server, or a folder. Every step is written down before it is taken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use domain::ids::PaperId;
use domain::subscription::State;
use jiff::{SignedDuration, Timestamp};
use lettre::Address;
use store::{Addressed, Lane, Letter, LetterKind, LetterState};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use web::mail::desk::LINK_GOOD;
use web::mail::message::{self, Checked, Digest, Item, Message};
use web::mail::note::Note;

use super::Office;
use super::courier::{Courier, Down, Line, SmtpCourier, Verdict, put};
use super::outgoing::Cover;

/// How long a letter is one taker's: longer than a mail server may think about it.
const LEASE: SignedDuration = SignedDuration::from_mins(20);
/// Letters that one worker takes at a time.
const TAKEN: u32 = 8;
/// How often a mail server may put a letter off. With pauses that double from [`PAUSE_FIRST`] to [`PAUSE_MAX`] that is
/// about two days.
const PUT_OFF_MAX: u32 = 16;
/// The pause after a server has put a letter off for the first time: grey-listing lets it through after five minutes.
const PAUSE_FIRST: SignedDuration = SignedDuration::from_mins(6);
/// The longest pause.
const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(4);
/// Papers kept in words; with more, all are forgotten and made again.
const ITEMS_MAX: usize = 5_000;

/// What sending came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Taken by the server, or put into the folder.
    pub(crate) sent: u32,
    /// For addresses that the server refuses.
    pub(crate) refused: u32,
    /// Put off: tried again later.
    pub(crate) put_off: u32,
    /// Given up: the server refuses the letter, or has put it off too often.
    pub(crate) failed: u32,
    /// Not wanted any more.
    pub(crate) dropped: u32,
    /// Why nothing could be sent at all, if so.
    pub(crate) down: Option<String>,
}

impl Sent {
    pub(crate) fn add(&mut self, other: Sent) {
        self.sent += other.sent;
        self.refused += other.refused;
        self.put_off += other.put_off;
        self.failed += other.failed;
        self.dropped += other.dropped;
        self.down = self.down.take().or(other.down);
    }
}

/// Papers in words, made once for all letters of a round.
#[derive(Debug, Default)]
struct Items(Mutex<HashMap<PaperId, Arc<Item>>>);

impl Office {
    /// Sends the letters of a lane that are due, until there are none or the server is gone. `None` where another
    /// process of this machine is at it.
    pub(crate) async fn send_due(
        self: &Arc<Self>,
        lane: Lane,
        stop: &CancellationToken,
    ) -> Result<Option<Sent>> {
        let Some(_right) = self.lock().await? else {
            return Ok(None);
        };
        let items = Arc::new(Items::default());
        let mut workers = JoinSet::new();
        let hands = match lane {
            // Few at a time, and beside the digests' connections: one more is enough.
            Lane::Asked => 1,
            Lane::Digests => self.courier.hands(),
        };
        for _ in 0..hands {
            let (office, items, stop) = (Arc::clone(self), Arc::clone(&items), stop.clone());
            workers.spawn(async move { office.work(lane, &items, &stop).await });
        }
        let mut all = Sent::default();
        let mut fault = None;
        while let Some(done) = workers.join_next().await {
            match done
                .context("a worker that sends mail died")
                .and_then(|done| done)
            {
                Ok(sent) => all.add(sent),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        match fault {
            Some(error) => Err(error),
            None => Ok(Some(all)),
        }
    }

    /// One worker, with a line of its own to the server.
    async fn work(&self, lane: Lane, items: &Items, stop: &CancellationToken) -> Result<Sent> {
        let store = &self.pipeline.store;
        let mut line = Line::default();
        let mut all = Sent::default();
        'letters: while !stop.is_cancelled() {
            let letters = store
                .take_letters(lane, Timestamp::now(), LEASE, TAKEN)
                .await?;
            if letters.is_empty() {
                break;
            }
            let mut letters = letters.into_iter();
            while let Some(letter) = letters.next() {
                let done = match stop.is_cancelled() {
                    true => Err(Down(String::new())),
                    false => self.deliver(&letter, &mut line, items, &mut all).await?,
                };
                if let Err(Down(why)) = done {
                    for letter in std::iter::once(letter).chain(letters) {
                        store.give_back(&letter).await?;
                    }
                    all.down = Some(why).filter(|why| !why.is_empty());
                    break 'letters;
                }
            }
        }
        if let Courier::Smtp(smtp) = &self.courier {
            smtp.hang_up(&mut line).await;
        }
        Ok(all)
    }

    /// One letter, from the database to its end or its next try.
    async fn deliver(
        &self,
        letter: &Letter,
        line: &mut Line,
        items: &Items,
        all: &mut Sent,
    ) -> Result<Result<(), Down>> {
        let addressed = self.pipeline.store.addressed(letter).await?;
        let addressed = match addressed
            .ok_or("its reader is gone")
            .and_then(|a| wanted(letter, a))
        {
            Ok(addressed) => addressed,
            Err(why) => {
                self.settle(letter, LetterState::Dropped, why, all).await?;
                return Ok(Ok(()));
            }
        };
        let text = match self.text_of(letter, &addressed, items).await {
            Ok(text) => text,
            // The database fails for all; what else is wrong is wrong with this letter, and keeps no other waiting.
            Err(error) if error.is::<store::Error>() => return Err(error),
            Err(error) => {
                error!(
                    letter.id = letter.id.0,
                    "A letter cannot be written: {error:#}"
                );
                let why = format!("{error:#}");
                self.settle(letter, LetterState::Failed, &why, all).await?;
                return Ok(Ok(()));
            }
        };
        let verdict = match &self.courier {
            Courier::Nobody => return Ok(Err(Down("mail is switched off".to_string()))),
            Courier::Folder(folder) => {
                let name = file_name(letter);
                if !self.mark(letter).await? {
                    return Ok(Ok(()));
                }
                match put(folder, &folder.join(name), &text).await {
                    Ok(()) => Verdict::Taken,
                    Err(error) => return Ok(Err(Down(format!("{error:#}")))),
                }
            }
            Courier::Smtp(smtp) => match self.by_smtp(smtp, letter, &addressed, line, &text).await?
            {
                Ok(Some(verdict)) => verdict,
                Ok(None) => return Ok(Ok(())),
                Err(down) => return Ok(Err(down)),
            },
        };
        self.write_down(letter, verdict, all).await?;
        Ok(Ok(()))
    }

    /// `None` where another has taken the letter meanwhile.
    async fn by_smtp(
        &self,
        smtp: &SmtpCourier,
        letter: &Letter,
        addressed: &Addressed,
        line: &mut Line,
        text: &[u8],
    ) -> Result<Result<Option<Verdict>, Down>> {
        let to: Address = match addressed.reader.address.as_str().parse() {
            Ok(to) => to,
            Err(error) => return Ok(Ok(Some(Verdict::AddressRefused(format!("{error}"))))),
        };
        match smtp.offer(line, &to).await {
            Err(down) => return Ok(Err(down)),
            Ok(Some(verdict)) => return Ok(Ok(Some(verdict))),
            Ok(None) => {}
        }
        if !self.mark(letter).await? {
            smtp.withdraw(line).await;
            return Ok(Ok(None));
        }
        Ok(Ok(Some(smtp.hand_over(line, text).await)))
    }

    /// Writes down that the letter's text is handed over from now on.
    async fn mark(&self, letter: &Letter) -> Result<bool> {
        let store = &self.pipeline.store;
        Ok(store.hand_over(letter, Timestamp::now(), LEASE).await?)
    }

    /// Writes down how handing over ended.
    async fn write_down(&self, letter: &Letter, verdict: Verdict, all: &mut Sent) -> Result<()> {
        let store = &self.pipeline.store;
        let now = Timestamp::now();
        match verdict {
            Verdict::Taken => self.settle(letter, LetterState::Sent, "", all).await,
            Verdict::AddressRefused(why) => {
                let counted = store.count_refusal(letter.reader, &why, now).await?;
                if counted.is_some_and(|counted| counted.suppressed) {
                    let reader = letter.reader.0;
                    warn!(
                        reader.id = reader,
                        "The address of reader {reader} is not written to any more: {why}"
                    );
                }
                self.settle(letter, LetterState::Refused, &why, all).await
            }
            Verdict::LetterRefused(why) => {
                error!(
                    letter.id = letter.id.0,
                    "The mail server refuses a letter: {why}"
                );
                self.settle(letter, LetterState::Failed, &why, all).await
            }
            Verdict::PutOff(why) | Verdict::Unknown(why) if letter.refusals >= PUT_OFF_MAX => {
                warn!(letter.id = letter.id.0, "A letter is given up: {why}");
                self.settle(letter, LetterState::Failed, &why, all).await
            }
            Verdict::PutOff(why) => self.postpone(letter, true, &why, all).await,
            Verdict::Unknown(why) => self.postpone(letter, false, &why, all).await,
        }
    }

    async fn settle(
        &self,
        letter: &Letter,
        state: LetterState,
        why: &str,
        all: &mut Sent,
    ) -> Result<()> {
        let now = Timestamp::now();
        if !self.pipeline.store.settle(letter, state, why, now).await? {
            warn!(
                letter.id = letter.id.0,
                "A letter was taken over before its end was written down"
            );
        }
        let count = match state {
            LetterState::Sent => &mut all.sent,
            LetterState::Refused => &mut all.refused,
            LetterState::Failed => &mut all.failed,
            _ => &mut all.dropped,
        };
        *count += 1;
        count_letter(letter, state.as_str());
        if state == LetterState::Sent {
            metrics::gauge!("mail_last_sent_seconds").set(now.as_second() as f64);
        }
        Ok(())
    }

    async fn postpone(
        &self,
        letter: &Letter,
        surely_not_taken: bool,
        why: &str,
        all: &mut Sent,
    ) -> Result<()> {
        let now = Timestamp::now();
        let until = now
            .saturating_add(pause(letter.refusals))
            .unwrap_or(Timestamp::MAX);
        let store = &self.pipeline.store;
        store.postpone(letter, until, surely_not_taken, why).await?;
        info!(
            letter.id = letter.id.0,
            "A letter is tried again after {until}: {why}"
        );
        all.put_off += 1;
        count_letter(letter, "put-off");
        Ok(())
    }

    /// The whole message of a letter.
    async fn text_of(
        &self,
        letter: &Letter,
        addressed: &Addressed,
        items: &Items,
    ) -> Result<Vec<u8>> {
        let words = match letter.kind {
            LetterKind::Digest => self.digest_of(letter, addressed, items).await?,
            LetterKind::Confirm => {
                let subscription = addressed.subscription.as_ref();
                let subscription = subscription.context("a question without a subscription")?;
                message::confirm(&self.site, &self.links(), subscription, good_until(letter))?
            }
            LetterKind::Manage => {
                message::manage(&self.site, &self.links(), letter.reader, good_until(letter))?
            }
            LetterKind::Note => {
                let note: Note =
                    serde_json::from_str(&letter.content).context("the note cannot be read")?;
                message::note(&self.site, &self.base, &note)?
            }
        };
        let subscription = addressed.subscription.as_ref();
        let of_digest = subscription.filter(|_| letter.kind == LetterKind::Digest);
        let cover = Cover {
            kind: letter.kind,
            letter: letter.id.0,
            composed: letter.composed,
            to: &addressed.reader.address,
            unsubscribe: of_digest.map(|s| self.links().unsubscribe(s)),
        };
        self.write(&cover, words)
    }

    async fn digest_of(
        &self,
        letter: &Letter,
        addressed: &Addressed,
        items: &Items,
    ) -> Result<Message> {
        let subscription = addressed.subscription.as_ref();
        let subscription = subscription.context("a digest without a subscription")?;
        let checked: Option<Checked> = serde_json::from_str(&letter.content).unwrap_or_default();
        let items = self.items(&addressed.papers, items).await?;
        Ok(message::digest(&Digest {
            site: &self.site,
            links: self.links(),
            address: &addressed.reader.address,
            subscription,
            slot: letter.slot,
            items: &items,
            found: letter.found,
            checked: &checked.unwrap_or_default(),
        })?)
    }

    /// Papers in words, in order. Those that are gone are left out.
    async fn items(&self, papers: &[PaperId], known: &Items) -> Result<Vec<Arc<Item>>> {
        let missing: Vec<PaperId> = {
            let known = known.0.lock().unwrap_or_else(|e| e.into_inner());
            let missing = papers.iter().filter(|id| !known.contains_key(id));
            missing.copied().collect()
        };
        let loaded = match missing.is_empty() {
            true => Vec::new(),
            false => self.pipeline.store.papers(&missing).await?,
        };
        let made: Vec<_> = loaded
            .iter()
            .map(|paper| (paper.id, Arc::new(Item::of(paper, &self.base))))
            .collect();
        let mut known = known.0.lock().unwrap_or_else(|e| e.into_inner());
        if known.len() + made.len() > ITEMS_MAX {
            // What this letter needs of what was known is kept.
            known.retain(|id, _| papers.contains(id));
        }
        known.extend(made);
        Ok(papers
            .iter()
            .filter_map(|id| known.get(id).cloned())
            .collect())
    }

    /// Papers in words, for a preview.
    pub(super) async fn items_once(&self, papers: &[PaperId]) -> Result<Vec<Arc<Item>>> {
        self.items(papers, &Items::default()).await
    }
}

/// A letter is sent only while it is wanted: what has changed since it was made counts.
fn wanted(letter: &Letter, addressed: Addressed) -> Result<Addressed, &'static str> {
    if addressed.suppressed {
        return Err("the address is not written to any more");
    }
    let state = addressed.subscription.as_ref().map(|s| s.state);
    match (letter.kind, state) {
        (LetterKind::Digest, Some(State::Active)) | (LetterKind::Manage, _) => Ok(addressed),
        (LetterKind::Digest, _) => Err("the subscription was ended or paused"),
        (LetterKind::Confirm, Some(State::Pending)) if Timestamp::now() < good_until(letter) => {
            Ok(addressed)
        }
        (LetterKind::Confirm, _) => Err("the question is answered, or too old"),
        (LetterKind::Note, _) if too_late(letter) => Err("its link is not good any more"),
        (LetterKind::Note, _) => Ok(addressed),
    }
}

/// Until when the link in a letter that was asked for is good.
fn good_until(letter: &Letter) -> Timestamp {
    let until = letter.composed.saturating_add(LINK_GOOD);
    until.unwrap_or(Timestamp::MAX)
}

/// Whether the link of a note has expired. One that cannot be read has not: that is told where it is written.
fn too_late(letter: &Letter) -> bool {
    let note = serde_json::from_str::<Note>(&letter.content);
    note.is_ok_and(|note| Timestamp::now() >= note.until)
}

/// The pause after a letter was put off so many times before.
fn pause(refusals: u32) -> SignedDuration {
    (PAUSE_FIRST * 2_i32.pow(refusals.min(10))).min(PAUSE_MAX)
}

/// In the order in which letters were made, and the same each time.
fn file_name(letter: &Letter) -> String {
    let made = letter.composed.strftime("%Y%m%dT%H%M%SZ");
    format!("{made}-{}-{}.eml", letter.kind.as_str(), letter.id.0)
}

fn count_letter(letter: &Letter, outcome: &'static str) {
    metrics::counter!("mail_letters_total", "kind" => letter.kind.as_str(), "outcome" => outcome)
        .increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_add_up_to_two_days() {
        assert_eq!(pause(0), SignedDuration::from_mins(6));
        assert_eq!(pause(3), SignedDuration::from_mins(48));
        assert_eq!(pause(u32::MAX), PAUSE_MAX);
        let whole: i64 = (0..PUT_OFF_MAX).map(|n| pause(n).as_secs()).sum();
        assert!((40 * 3600..56 * 3600).contains(&whole), "{whole}");
    }
}

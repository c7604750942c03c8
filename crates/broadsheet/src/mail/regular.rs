//! What the server does by itself: makes and sends what is due, and tries again when the mail server is away.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use store::Lane;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use web::mail::desk::LINK_GOOD;

use super::{Office, Sent};

/// How often it is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The pause after the mail server was found away; it doubles each time.
const DOWN_FIRST: Duration = Duration::from_secs(60);
/// The longest such pause.
const DOWN_MAX: Duration = Duration::from_secs(30 * 60);
/// How often is cleared away what nobody needs any more.
const TIDY_EVERY: SignedDuration = SignedDuration::from_hours(6);

/// Makes and sends letters until told to stop. `wake` says that somebody waits for one. Digests, and letters that
/// somebody waits for, go out beside each other.
pub(crate) async fn send_regularly(
    office: Arc<Office>,
    wake: Arc<Notify>,
    stop: CancellationToken,
) {
    tokio::join!(
        send_digests(&office, &stop),
        send_asked(&office, &wake, &stop)
    );
}

/// Letters that somebody waits for.
async fn send_asked(office: &Arc<Office>, wake: &Notify, stop: &CancellationToken) {
    let mut failures = 0;
    loop {
        let sent = office.send_due(Lane::Asked, stop).await;
        let sent = sent.map(Option::unwrap_or_default);
        if let Ok(sent) = &sent {
            tell(sent);
        }
        let pause = pause_after(sent.map(|sent| sent.down), &mut failures);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // Not while the mail server is away: whoever waits for a letter cannot bring it back.
            () = wake.notified(), if failures == 0 => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn send_digests(office: &Arc<Office>, stop: &CancellationToken) {
    let mut failures = 0;
    let mut tidied: Option<Timestamp> = None;
    loop {
        let now = Timestamp::now();
        if tidied.is_none_or(|at| now.duration_since(at) >= TIDY_EVERY) {
            tidied = Some(now);
            if let Err(error) = office.pipeline.store.tidy_mail(LINK_GOOD, now).await {
                warn!("Old letters could not be cleared away: {error}");
            }
        }
        let pause = pause_after(once(office, stop).await, &mut failures);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// How long to wait after a look that ended so; the reason is why nothing could be sent, if so.
fn pause_after(done: Result<Option<String>>, failures: &mut u32) -> Duration {
    let pause = down_pause(*failures);
    match done {
        Ok(None) => {
            *failures = 0;
            return LOOK_EVERY;
        }
        Ok(Some(why)) => error!("Mail waits {} s: {why}", pause.as_secs()),
        Err(error) => error!("Mail could not be sent, trying again: {error:#}"),
    }
    *failures = failures.saturating_add(1);
    pause
}

/// One look. Returns why nothing could be sent, if so.
async fn once(office: &Arc<Office>, stop: &CancellationToken) -> Result<Option<String>> {
    office.compose_due(Timestamp::now()).await?;
    let store = &office.pipeline.store;
    let sent = office
        .send_due(Lane::Digests, stop)
        .await?
        .unwrap_or_default();
    let totals = store.mail_totals().await?;
    metrics::gauge!("mail_unsent").set(totals.unsent as f64);
    metrics::gauge!("mail_subscriptions", "state" => "active").set(totals.active as f64);
    metrics::gauge!("mail_subscriptions", "state" => "pending").set(totals.pending as f64);
    metrics::gauge!("mail_subscriptions", "state" => "paused").set(totals.paused as f64);
    metrics::gauge!("mail_suppressed").set(totals.suppressed as f64);
    metrics::gauge!("mail_down").set(f64::from(u8::from(sent.down.is_some())));
    tell(&sent);
    Ok(sent.down)
}

fn tell(sent: &Sent) {
    if *sent == Sent::default() {
        return;
    }
    info!(
        sent = sent.sent,
        refused = sent.refused,
        put_off = sent.put_off,
        failed = sent.failed,
        dropped = sent.dropped,
        "Sent {} letters",
        sent.sent
    );
}

fn down_pause(failures: u32) -> Duration {
    DOWN_FIRST
        .saturating_mul(2_u32.saturating_pow(failures.min(16)))
        .min(DOWN_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_an_hour() {
        let seconds: Vec<u64> = (0..7).map(|n| down_pause(n).as_secs()).collect();
        assert_eq!(seconds, [60, 120, 240, 480, 960, 1800, 1800]);
        assert_eq!(down_pause(u32::MAX), DOWN_MAX);
    }
}

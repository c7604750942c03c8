//! What is done once a night: lists whose time is over are closed, what is usual is fitted anew, and sessions, links and
//! tokens whose time is over go.
//!
//! All of it may be done again at any moment, by any process: a closed list stays closed, and the same readings give the
//! same numbers.

use anyhow::Result;
use domain::paper::utc_day;
use jiff::{SignedDuration, Timestamp, ToSpan};
use search::trend::clock::{Clock, quiet_days};
use search::trend::fit::{FIT_DAYS, fit};
use store::Store;
use tracing::info;

/// A day is over so long after its midnight, UTC: its last readings and late announcements are in by then.
const CLOSING_DELAY: SignedDuration = SignedDuration::from_hours(6);
/// Papers whose readings are fitted at most; the newest listed win.
const PAPERS_MAX: u32 = 50_000;

/// Does what is due at `now`. Whether anything changed that pages show.
pub(crate) async fn keep(store: &Store, now: Timestamp) -> Result<bool> {
    let closed = close_windows(store, now).await?;
    let fitted = fit_priors(store, now).await?;
    store.sweep_accounts(now).await?;
    Ok(closed > 0 || fitted)
}

/// Closes every list of a day, week or month that is over. Returns how many.
async fn close_windows(store: &Store, now: Timestamp) -> Result<usize> {
    let over = now.checked_sub(CLOSING_DELAY).unwrap_or(now);
    let mut closed = 0;
    for window in store.windows_to_close(over).await? {
        closed += usize::from(store.close_window(window, now).await?);
    }
    if closed > 0 {
        info!(
            closed,
            "Closed {closed} lists: their order stands from now on"
        );
    }
    Ok(closed)
}

/// Fits what is usual to the last readings, if that was not done yet on this day. Where nothing was read for a while,
/// up to the newest reading, as the trending page counts.
async fn fit_priors(store: &Store, now: Timestamp) -> Result<bool> {
    let before = store.priors().await?;
    if before.at.is_some_and(|at| utc_day(at) >= utc_day(now)) {
        return Ok(false);
    }
    let Some(newest) = store.newest_reading(now).await? else {
        return Ok(false);
    };
    let reach = i64::from(FIT_DAYS) * 3 / 2;
    let since = newest.checked_sub((reach * 24).hours()).unwrap_or(newest);
    let histories = store.signal_histories(since, PAPERS_MAX).await?;
    let quiet = quiet_days(&store.announced_days(utc_day(since)).await?);
    let mut priors = tokio::task::spawn_blocking(move || {
        fit(&histories, &Clock::with_quiet_days(&quiet), newest)
    })
    .await?;
    if priors.fitted.is_empty() {
        return Ok(false);
    }
    priors.at = Some(now);
    store.put_priors(&priors).await?;
    let fitted = priors.fitted.len();
    info!(fitted, "Fitted what is usual: {fitted} signals of fields");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use domain::ids::ExternalId;
    use domain::record::{Item, Record, Source};
    use domain::signal::{Reading, Signal};
    use domain::window::Window;
    use store::{Intake, Slice};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Forty papers of the 18th, each with three readings of stars.
    fn papers() -> Vec<Item> {
        let paper = |n: u32| {
            let mut record = Record::titled(
                Source::ArxivOai,
                at("2026-11-18T00:00:00Z"),
                format!("Paper {n}"),
            );
            record.ids = vec![
                ExternalId::arxiv(&format!("2611.{:05}", 10_000 + n))
                    .unwrap()
                    .0,
            ];
            record.categories = vec!["cs.CL".to_string()];
            record.times.submitted = Some(at("2026-11-18T00:00:00Z"));
            let reading = |day: u32, value: u32| Reading {
                signal: Signal::Stars,
                at: at(&format!("2026-11-{day}T12:00:00Z")),
                value: Some(value),
            };
            record.readings = vec![reading(17, 10), reading(18, 10 + n), reading(19, 12 + n)];
            Item::Paper(Box::new(record))
        };
        (0..40).map(paper).collect()
    }

    async fn store_with_papers(folder: &std::path::Path) -> Store {
        let store = Store::open(&folder.join("test.db").display().to_string())
            .await
            .unwrap();
        let intake = Intake {
            items: &papers(),
            ..Intake::default()
        };
        store
            .absorb(&intake, at("2026-11-20T12:00:00Z"))
            .await
            .unwrap();
        store
    }

    #[tokio::test]
    async fn a_night_closes_lists_and_fits_what_is_usual() {
        let folder = tempfile::tempdir().unwrap();
        let store = store_with_papers(folder.path()).await;
        let day = Window::day("2026-11-18").unwrap();
        let slice = Slice {
            offset: 0,
            limit: 1,
        };
        let closed = async || store.window(day, None, slice).await.unwrap().closed;

        // On the morning after, before six, the day may still get its last readings.
        assert!(keep(&store, at("2026-11-19T05:59:00Z")).await.unwrap());
        assert_eq!(closed().await, None);
        let first = store.priors().await.unwrap();
        assert_eq!(first.at, Some(at("2026-11-19T05:59:00Z")));
        assert_eq!(first.fitted.len(), 2, "cs.CL and all fields");
        assert!(first.fitted.values().all(|fitted| fitted.papers == 40));

        assert!(keep(&store, at("2026-11-19T06:00:00Z")).await.unwrap());
        assert_eq!(closed().await, Some(at("2026-11-19T06:00:00Z")));
        // Nothing is due twice on a day.
        assert!(!keep(&store, at("2026-11-19T23:00:00Z")).await.unwrap());
        assert_eq!(store.priors().await.unwrap(), first);

        // The next night knows the readings of the next day. The week is not over.
        assert!(keep(&store, at("2026-11-20T13:00:00Z")).await.unwrap());
        let second = store.priors().await.unwrap();
        assert_eq!(second.at, Some(at("2026-11-20T13:00:00Z")));
        assert_ne!(second.fitted, first.fitted);
        let week = Window::week_of(day.first());
        assert_eq!(store.window(week, None, slice).await.unwrap().closed, None);
        assert!(keep(&store, at("2026-11-23T07:00:00Z")).await.unwrap());
        assert!(
            store
                .window(week, None, slice)
                .await
                .unwrap()
                .closed
                .is_some()
        );
    }

    #[tokio::test]
    async fn an_empty_house_needs_no_keeping() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("test.db").display().to_string())
            .await
            .unwrap();
        assert!(!keep(&store, at("2026-11-20T12:00:00Z")).await.unwrap());
    }
}

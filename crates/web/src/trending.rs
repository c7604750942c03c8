//! The trending list, loaded: what was read, what is usual, ranked as of a moment.

use domain::paper::utc_day;
use jiff::{SignedDuration, Timestamp, ToSpan};
use search::trend::clock::{Clock, quiet_days};
use search::trend::{self, Basis, batches_in};
use store::Slice;

use crate::error::Error;
use crate::lists::{Entry, LoadedList};
use crate::state::App;

/// The windows, in days, over which trending can be asked for.
pub const TRENDING_DAYS: [u32; 3] = [1, 7, 30];

/// The window of `/papers/trending` when none is asked for.
pub const TRENDING_DAYS_DEFAULT: u32 = 7;

/// How many places the trending list has.
pub const TRENDING_LEN: usize = 100;

/// By how many days a weekend can stretch a window, at either end.
const WEEKEND_DAYS: i64 = 4;

/// Readings younger than this are current: sources are read at least daily.
const READINGS_FRESH: SignedDuration = SignedDuration::from_hours(48);

/// How many papers with readings take part in trending at most; the newest listed win.
const CANDIDATES_MAX: u32 = 20_000;

/// The moment up to which trending is counted: now, or, where nothing was read for a while (offline, or after an
/// import of old readings), the newest reading. Counting gains up to a later moment would find none.
pub async fn trending_as_of(app: &App) -> Result<Timestamp, Error> {
    let now = app.clock.now();
    let newest = app.store.newest_reading(now).await?;
    Ok(newest
        .filter(|at| now.duration_since(*at) > READINGS_FRESH)
        .unwrap_or(now))
}

/// A slice of the trending list over so many days.
pub(crate) async fn load(app: &App, days: u32, slice: Slice) -> Result<LoadedList, Error> {
    let now = trending_as_of(app).await?;
    let priors = app.store.priors().await?;
    let (clock, since) = clock_and_beginning(app, now, days).await?;
    let histories = app.store.signal_histories(since, CANDIDATES_MAX).await?;
    let mut ranked = tokio::task::spawn_blocking(move || {
        let basis = Basis {
            priors: &priors,
            clock: &clock,
            now,
        };
        trend::rank(&histories, basis, days)
    })
    .await?;
    ranked.truncate(TRENDING_LEN);
    let total = u32::try_from(ranked.len()).unwrap_or(u32::MAX);
    let here: Vec<_> = ranked
        .into_iter()
        .skip(slice.offset as usize)
        .take(slice.limit as usize)
        .collect();
    let rows: Vec<_> = here.iter().map(|t| t.paper).collect();
    let mut places = here.into_iter().peekable();
    let mut entries = Vec::with_capacity(rows.len());
    // The store leaves out rows that are gone, so the two walk side by side.
    for paper in app.store.papers(&rows).await? {
        while places.next_if(|t| t.paper != paper.id).is_some() {}
        entries.push(Entry {
            trend: places.next(),
            ..Entry::plain(paper)
        });
    }
    Ok(LoadedList {
        entries,
        total,
        closed: None,
    })
}

/// The clock with the holidays that the ledger shows, and a moment before the window's beginning, whatever stood
/// still meanwhile: an earlier one than needed costs some readings, a later one would lose some.
async fn clock_and_beginning(
    app: &App,
    now: Timestamp,
    days: u32,
) -> Result<(Clock, Timestamp), Error> {
    let longest = i64::from(TRENDING_DAYS[TRENDING_DAYS.len() - 1]) + WEEKEND_DAYS;
    let since = utc_day(now).saturating_sub((2 * longest).days());
    let quiet = quiet_days(&app.store.announced_days(since).await?);
    let weeks_of_batches = batches_in(days) * 7.0 / 5.0;
    // At most thirty days and a few holidays.
    let back = weeks_of_batches.ceil() as i64 + WEEKEND_DAYS + 2 * quiet.len() as i64;
    let beginning = now.checked_sub((back * 24).hours()).unwrap_or(now);
    Ok((Clock::with_quiet_days(&quiet), beginning))
}

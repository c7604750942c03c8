//! One day's announcement of one arXiv category, checked and complete: the listing page says what there is, the feed
//! brings the records, and what the feed lacks is fetched from the API by id.

use domain::ids::ExternalId;
use domain::ledger::{AnnounceKind, BatchKey};
use domain::record::{Record, Source, Unreadable};
use jiff::civil::Date;

use crate::arxiv_feed::{self, Announcement};
use crate::arxiv_listing::{self, Listing};
use crate::client::{Client, FetchError, Visit};
use crate::endpoints::{self, Endpoints};
use crate::fetched::{Fetched, Gathered};
use crate::{arxiv_api, bounds};

/// Most papers of one announcement that are fetched one by one.
const BACKFILL_MAX: usize = 2_000;

/// Fetches the newest announcement of a category. `None` says that it is the one of the last remembered visit.
///
/// The feed and the listing are made at different hours, so for some hours a day they speak of different days. The
/// newer day counts; the feed's records belong to it only if the feed is of that day.
pub async fn announcements(
    client: &Client,
    endpoints: &Endpoints,
    category: &str,
    visit: Visit,
) -> Result<Option<Fetched>, FetchError> {
    let category = endpoints::category(category)?;
    let (feed, visited) = match arxiv_feed::fetch(client, endpoints, &category, visit).await {
        Ok(None) => return Ok(None),
        Ok(Some((feed, visited))) => (Ok(feed), visited),
        Err(e) => (Err(passing(e)?), None),
    };
    let listing = match arxiv_listing::fetch(client, endpoints, &category).await {
        Ok(listing) => Ok(listing),
        Err(e) => Err(passing(e)?),
    };
    let plan = plan(feed, listing)?;
    let (records, unreadable) = arxiv_api::by_ids(client, endpoints, &plan.missing_ids()).await?;
    let key = BatchKey {
        source: Source::ArxivFeed,
        category,
        day: plan.day,
    };
    let mut fetched = assemble(plan, key, records, unreadable);
    fetched.visited.extend(visited);
    Ok(Some(fetched))
}

/// Errors of one part that the other part can make good. A closed gate is not among them: both parts are behind it.
fn passing(error: FetchError) -> Result<FetchError, FetchError> {
    match error {
        FetchError::CoolingDown { .. } | FetchError::Memory(_) | FetchError::Wrong(_) => Err(error),
        other => Ok(other),
    }
}

/// What is to be done for one announcement.
#[derive(Debug)]
struct Plan {
    day: Date,
    expected: Option<u32>,
    gathered: Gathered,
    /// Announced but not in the feed.
    missing: Vec<(AnnounceKind, ExternalId)>,
}

impl Plan {
    fn missing_ids(&self) -> Vec<ExternalId> {
        self.missing.iter().map(|(_, id)| id.clone()).collect()
    }
}

fn plan(
    feed: Result<Announcement, FetchError>,
    listing: Result<Listing, FetchError>,
) -> Result<Plan, FetchError> {
    let mut gathered = Gathered::default();
    let (feed, listing) = match (feed, listing) {
        (Err(feed), Err(_)) => return Err(feed),
        (Err(e), Ok(listing)) => {
            gathered.note(format!("the feed could not be used: {e}"));
            (None, Some(listing))
        }
        (Ok(feed), Err(e)) => {
            gathered.note(format!("the listing page could not be used: {e}"));
            (Some(feed), None)
        }
        (Ok(feed), Ok(listing)) => (Some(feed), Some(listing)),
    };
    let feed_day = feed.as_ref().and_then(|f| f.day);
    let listing_day = listing.as_ref().map(|l| l.day);
    let Some(day) = feed_day.max(listing_day) else {
        return Err(FetchError::Wrong(
            "neither the feed nor the listing page names a day".to_string(),
        ));
    };
    let mut expected = None;
    if let Some(feed) = feed {
        if feed_day == Some(day) {
            if feed.closed && feed.entries.is_empty() && feed.unreadable.is_empty() {
                expected = Some(0);
            }
            take_feed(&mut gathered, feed, day);
        } else {
            let of = feed_day.map_or("no day".to_string(), |d| d.to_string());
            gathered.note(format!("the feed is still that of {of}"));
        }
    }
    let mut missing = Vec::new();
    if let Some(listing) = listing {
        if listing.day == day {
            expected = Some(listing.total);
            missing = absent(&mut gathered, listing.ids);
        } else {
            let of = listing.day;
            gathered.note(format!(
                "the listing page is still that of {of}, so nothing tells how many there should be"
            ));
        }
    }
    Ok(Plan {
        day,
        expected,
        gathered,
        missing,
    })
}

/// An entry without a day of its own was announced on the feed's.
fn take_feed(gathered: &mut Gathered, feed: Announcement, day: Date) {
    for note in feed.notes {
        gathered.note(note);
    }
    let announced = domain::paper::utc_midnight(day);
    for (kind, mut record) in feed.entries {
        if kind != AnnounceKind::Replacement {
            record.times.announced = record.times.announced.or(announced);
        }
        gathered.paper(kind, record);
    }
    gathered.unreadable = feed.unreadable;
}

/// The listed papers that did not come, each once, up to the bound.
fn absent(
    gathered: &mut Gathered,
    ids: Vec<(AnnounceKind, ExternalId)>,
) -> Vec<(AnnounceKind, ExternalId)> {
    let mut missing: Vec<(AnnounceKind, ExternalId)> = Vec::new();
    let mut asked = std::collections::HashSet::new();
    for (kind, id) in ids {
        if !gathered.has(&id) && asked.insert(id.clone()) {
            missing.push((kind, id));
        }
    }
    if missing.len() > BACKFILL_MAX {
        gathered.note(format!(
            "only {BACKFILL_MAX} of {} missing papers were asked for",
            missing.len()
        ));
        missing.truncate(BACKFILL_MAX);
    }
    missing
}

/// Adds what the API brought.
fn assemble(
    mut plan: Plan,
    key: BatchKey,
    records: Vec<Record>,
    mut unreadable: Vec<Unreadable>,
) -> Fetched {
    let announced = domain::paper::utc_midnight(plan.day);
    let asked = plan.missing.len();
    let mut came = 0;
    for mut record in records {
        let wanted = plan
            .missing
            .iter()
            .find(|(_, id)| record.ids.first() == Some(id));
        let Some((kind, _)) = wanted else { continue };
        let kind = *kind;
        if kind != AnnounceKind::Replacement {
            record.times.announced = record.times.announced.or(announced);
        }
        came += usize::from(plan.gathered.paper(kind, record));
    }
    if asked > 0 {
        plan.gathered.note(format!(
            "{came} of {asked} papers that the feed lacks came from the API"
        ));
    }
    if came == asked && asked > 0 && !plan.gathered.unreadable.is_empty() {
        // Each listed paper came, so the feed's unreadable entries are papers that came from the API.
        let names: Vec<&str> = plan
            .gathered
            .unreadable
            .iter()
            .map(|u| bounds::prefix(&u.reason, 100))
            .collect();
        let note = format!(
            "{} entries of the feed could not be read and came from the API instead ({})",
            names.len(),
            bounds::prefix(&names.join("; "), 300)
        );
        plan.gathered.note(note);
        plan.gathered.unreadable.clear();
    }
    plan.gathered.unreadable.append(&mut unreadable);
    plan.gathered.into_fetched(key, plan.expected)
}

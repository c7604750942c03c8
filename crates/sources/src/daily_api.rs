//! The Daily Papers API: one day's page of featured papers, with their up-votes.
//!
//! Items are read by [`daily_json`](crate::daily_json), which the dumps share. The source gives no number of its own,
//! so a day is never more than unverified; one that shrank is told by comparing with what is stored, by the caller.

use domain::ledger::{AnnounceKind, BatchKey};
use domain::paper::{utc_day, utc_midnight};
use domain::record::{Item, Source};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::client::{Client, FetchError, Page, Request};
use crate::daily_json::parse_list;
use crate::endpoints::{self, Endpoints};
use crate::fetched::{Fetched, Gathered};
use crate::paging::Paging;

/// Items asked for in one call: the source's most.
const PAGE_ITEMS: usize = 100;

/// Most pages of one day. The fullest days have had under 200 papers.
const PAGES_MAX: u32 = 20;

/// Fetches the papers featured on a day.
pub async fn fetch(
    client: &Client,
    endpoints: &Endpoints,
    day: Date,
) -> Result<Fetched, FetchError> {
    let mut gathered = Gathered::default();
    let mut paging = Paging::new(PAGES_MAX);
    let mut other_days = 0;
    for page_number in 0..PAGES_MAX {
        let (date, number) = (day.to_string(), page_number.to_string());
        let limit = PAGE_ITEMS.to_string();
        let query = [("date", date.as_str()), ("p", &number), ("limit", &limit)];
        let url = endpoints::at(&endpoints.daily_papers, "/api/daily_papers", &query)?;
        let place = url.to_string();
        let Some(page) = client.get(&Request::configured(url)).await?.fresh() else {
            break;
        };
        if !page.body.trim_ascii_start().starts_with(b"[") {
            let why = "the answer is not a list of papers".to_string();
            return Err(FetchError::Unreadable { url: place, why });
        }
        let list = parse_list(&page.body, Source::DailyPapers, page.at, &place);
        let rows = list.items.len() + list.unreadable.len();
        let mut new = list.unreadable.len();
        for mut item in list.items {
            other_days += u32::from(!dated(&mut item, day));
            new += usize::from(gathered.item(AnnounceKind::New, item));
        }
        gathered.unreadable.extend(list.unreadable);
        paging.take(rows, new, None);
        if paging.end().is_some() || !has_next(&page, rows) {
            break;
        }
    }
    if let Some(note) = paging.end().and_then(|end| end.note()) {
        gathered.note(note);
    }
    if other_days > 0 {
        gathered.note(format!(
            "{other_days} papers are dated to other days by the source itself"
        ));
    }
    let key = BatchKey {
        source: Source::DailyPapers,
        category: "*".to_string(),
        day,
    };
    Ok(gathered.into_fetched(key, None))
}

/// Gives the day to an item that names none. Returns whether the item's own day fits: the source's day begins and ends
/// in New York, so its neighbours in UTC fit too.
fn dated(item: &mut Item, day: Date) -> bool {
    let Item::Paper(record) = item else {
        return true;
    };
    match record.times.featured {
        None => {
            record.times.featured = utc_midnight(day);
            true
        }
        Some(at) => {
            let near = day.saturating_sub(1.days())..=day.saturating_add(1.days());
            near.contains(&utc_day(at))
        }
    }
}

/// Whether the source has more: its own link says so, or a full page without any link.
fn has_next(page: &Page, rows: usize) -> bool {
    let link = page.headers.iter().find(|(name, _)| name == "link");
    match link {
        Some((_, value)) => value.contains("rel=\"next\"") || value.contains("rel=next"),
        None => rows >= PAGE_ITEMS,
    }
}

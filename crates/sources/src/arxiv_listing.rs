//! arXiv's listing pages for people, `/list/{category}/new`: the only place where arXiv says how many papers an
//! announcement holds. Read for the day, the numbers and the ids; the records come from the feed and the API.
//!
//! Tolerant of layout, exact in numbers: a page whose own ids do not add up to what it says is an error, for a wrong
//! expectation is worse than none.

use domain::ids::ExternalId;
use domain::ledger::AnnounceKind;
use jiff::civil::Date;

use crate::bounds;
use crate::client::{Client, FetchError, Request};
use crate::dates::parse_date;
use crate::endpoints::{self, Endpoints};
use crate::xml;

/// Rows asked for in one call: arXiv's most.
const PAGE_ROWS: u32 = 2000;

/// Most pages of one listing.
const PAGES_MAX: u32 = 5;

/// What a listing page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The day of the announcement.
    pub day: Date,
    /// How many papers it holds, over all sections and pages.
    pub total: u32,
    /// The sections' own numbers.
    pub sections: Vec<Section>,
    /// The papers of this page, in order.
    pub ids: Vec<(AnnounceKind, ExternalId)>,
}

/// One section of a listing page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// New, cross-listed or replaced.
    pub kind: AnnounceKind,
    /// Papers on this page.
    pub shown: u32,
    /// Papers in the whole section.
    pub of: u32,
}

/// Why a listing page is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// No heading with a day.
    #[error("the listing page names no day; is it a page of new submissions?")]
    NoDay,
    /// No numbers.
    #[error("the listing page says nowhere how many papers it holds")]
    NoTotal,
    /// A section holds other than what its heading says.
    #[error("the listing page's section of {} papers says {says} and holds {holds}", kind.as_str())]
    SectionDiffers {
        /// Which.
        kind: AnnounceKind,
        /// Its own number of papers on this page.
        says: u32,
        /// Papers found.
        holds: u32,
    },
    /// The page's total is not the sum of its sections.
    #[error("the listing page says {says} papers in all, but its sections have {sections}")]
    TotalDiffers {
        /// The page's own total.
        says: u32,
        /// The sum over the sections.
        sections: u32,
    },
}

/// Reads a listing page.
pub fn parse(body: &[u8]) -> Result<Listing, ListingError> {
    let html = xml::decoded(body);
    let mut day = None;
    let mut sections: Vec<(Section, u32)> = Vec::new();
    let mut ids = Vec::new();
    for (tag, inside) in marks(&html) {
        match tag {
            Tag::Heading => {
                let heading = plain(inside);
                day = day.or_else(|| heading_day(&heading));
                sections.extend(heading_section(&heading).map(|s| (s, 0)));
            }
            Tag::Entry => {
                if let Some((section, holds)) = sections.last_mut()
                    && let Some(id) = entry_id(inside)
                {
                    *holds += 1;
                    ids.push((section.kind, id));
                }
            }
        }
    }
    let day = day.ok_or(ListingError::NoDay)?;
    let says = total(&html);
    for (section, holds) in &sections {
        if section.shown != *holds {
            return Err(ListingError::SectionDiffers {
                kind: section.kind,
                says: section.shown,
                holds: *holds,
            });
        }
    }
    let sum = sections
        .iter()
        .fold(0u32, |sum, (section, _)| sum.saturating_add(section.of));
    let nothing = html.contains("No updates");
    let total = match says {
        // A page of several may leave out the headings of sections that lie on the others.
        Some(says) if sum <= says && (sum == says || ids.len() < says as usize) => says,
        Some(says) => {
            return Err(ListingError::TotalDiffers {
                says,
                sections: sum,
            });
        }
        None if !sections.is_empty() || nothing => sum,
        None => return Err(ListingError::NoTotal),
    };
    Ok(Listing {
        day,
        total,
        sections: sections.into_iter().map(|(section, _)| section).collect(),
        ids,
    })
}

#[derive(Clone, Copy)]
enum Tag {
    Heading,
    Entry,
}

/// The insides of all `h3` and `dt` elements, in order. An unclosed one reaches to the next.
fn marks(html: &str) -> impl Iterator<Item = (Tag, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + html.get(at..)?.find('<')? + 1;
            at = start;
            let rest = &html[start..];
            let (tag, close) = if opens(rest, "h3") {
                (Tag::Heading, "</h3")
            } else if opens(rest, "dt") {
                (Tag::Entry, "</dt")
            } else {
                continue;
            };
            let stop = ["<dt", "<h3", "<dd", close]
                .iter()
                .filter_map(|mark| rest.find(mark))
                .min()
                .unwrap_or(rest.len());
            at = start + stop;
            return Some((tag, &rest[..stop]));
        }
    })
}

fn opens(text: &str, name: &str) -> bool {
    text.strip_prefix(name)
        .is_some_and(|after| after.starts_with(|c: char| c == '>' || c.is_ascii_whitespace()))
}

/// The text of a heading, its own tag's rest and inner tags dropped.
fn plain(inside: &str) -> String {
    let inside = bounds::prefix(inside, 1000);
    let mut text = String::new();
    let mut depth = 1;
    for c in inside.chars() {
        match c {
            '<' => depth = 1,
            '>' => depth = 0,
            c if depth == 0 => text.push(c),
            _ => {}
        }
    }
    domain::text::one_line(&text)
}

/// `Showing new listings for Monday, 23 November 2026`.
fn heading_day(heading: &str) -> Option<Date> {
    let (_, day) = heading.split_once("listings for ")?;
    parse_date(day)
}

/// `Cross submissions (showing 12 of 12 entries)`, and on the pages of a long list `(continued, showing last 5 of 12 entries)`.
fn heading_section(heading: &str) -> Option<Section> {
    let (name, numbers) = heading.split_once('(')?;
    let name = name.to_lowercase();
    let kind = if name.starts_with("new ") {
        AnnounceKind::New
    } else if name.starts_with("cross") {
        AnnounceKind::Cross
    } else if name.starts_with("replace") {
        AnnounceKind::Replacement
    } else {
        return None;
    };
    let mut numbers = numbers
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse().ok());
    let (shown, of) = (numbers.next()?, numbers.next()?);
    Some(Section { kind, shown, of })
}

/// `Total of 244 entries`.
fn total(html: &str) -> Option<u32> {
    html.match_indices("Total of ").find_map(|(at, mark)| {
        let rest = bounds::prefix(&html[at + mark.len()..], 40);
        let (number, rest) = rest.split_once(' ')?;
        rest.trim_start()
            .starts_with("entr")
            .then(|| number.parse().ok())?
    })
}

/// The id in the entry's link to the paper's page.
fn entry_id(inside: &str) -> Option<ExternalId> {
    let (_, rest) = inside.split_once("/abs/")?;
    let id = rest.split(['"', '\'', '>', '?', '#', ' ']).next()?;
    ExternalId::arxiv(id).ok().map(|(id, _)| id)
}

/// Fetches the newest listing of a category, all of its pages.
pub async fn fetch(
    client: &Client,
    endpoints: &Endpoints,
    category: &str,
) -> Result<Listing, FetchError> {
    let category = endpoints::category(category)?;
    let path = format!("/list/{category}/new");
    let mut whole: Option<Listing> = None;
    for _ in 0..PAGES_MAX {
        let skip = whole.as_ref().map_or(0, |l| l.ids.len()).to_string();
        let query = [("skip", skip.as_str()), ("show", &PAGE_ROWS.to_string())];
        let url = endpoints::at(&endpoints.arxiv_list, &path, &query)?;
        let place = url.to_string();
        let unreadable = |why: String| FetchError::Unreadable {
            url: place.clone(),
            why,
        };
        let page = client.get(&Request::arxiv(url)).await?.fresh();
        let page = page.ok_or_else(|| unreadable("it sent nothing".to_string()))?;
        let part = parse(&page.body).map_err(|e| unreadable(e.to_string()))?;
        let more = !part.ids.is_empty();
        match &mut whole {
            None => whole = Some(part),
            Some(whole) if whole.day == part.day && whole.total == part.total => {
                whole.ids.extend(part.ids);
            }
            Some(_) => return Err(unreadable("it changed between two pages".to_string())),
        }
        if let Some(whole) = &whole
            && (whole.ids.len() >= whole.total as usize || !more)
        {
            break;
        }
    }
    let listing = whole.ok_or_else(|| FetchError::Wrong("no listing page was asked for".into()))?;
    if listing.ids.len() != listing.total as usize {
        return Err(FetchError::Unreadable {
            url: path,
            why: format!(
                "it says {} papers and lists {}",
                listing.total,
                listing.ids.len()
            ),
        });
    }
    Ok(listing)
}

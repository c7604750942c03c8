//! A Daily Papers page saved as HTML: its data stands in it as JSON, in the attribute of an element.
//!
//! `<div data-target="DailyPapers" data-props="{&quot;dailyPapers&quot;:[...]}">` on lists, `PaperContent` with one
//! `paper` on a paper's own page. The items are those of the API; see [`daily_json`].

use std::io::{self, BufRead};
use std::sync::Arc;

use domain::record::Source;
use jiff::Timestamp;

use super::chunks::{Cut, Cutter, RECORD_LEN_MAX};
use super::saved_page::{featured, read_whole};
use super::{Parsed, encoding, html};
use crate::daily_json;
use crate::json_scan;
use crate::markup;
use crate::unfit::Unfit;

/// Most items of a page. A month's page has under 2,000.
const ITEMS_MAX: usize = 20_000;

/// Cuts a page into the items of its data.
#[derive(Debug, Default)]
pub(super) struct PageHtmlCutter {
    data: Option<PageData>,
    item: u64,
}

#[derive(Debug)]
struct PageData {
    items: std::vec::IntoIter<Vec<u8>>,
    day: Arc<str>,
}

impl Cutter for PageHtmlCutter {
    fn next(&mut self, input: &mut dyn BufRead, out: &mut Vec<u8>) -> io::Result<Option<Cut>> {
        let data = match &mut self.data {
            Some(data) => data,
            empty => empty.insert(PageData::read(input)?),
        };
        let Some(item) = data.items.next() else {
            return Ok(None);
        };
        self.item += 1;
        out.extend_from_slice(&item[..item.len().min(RECORD_LEN_MAX)]);
        Ok(Some(Cut {
            at: self.item,
            cut_from: (item.len() > RECORD_LEN_MAX).then_some(item.len() as u64),
        }))
    }

    fn prelude(&self) -> Arc<str> {
        self.data
            .as_ref()
            .map_or_else(|| Arc::from(""), |data| data.day.clone())
    }
}

impl PageData {
    fn read(input: &mut dyn BufRead) -> io::Result<Self> {
        let bytes = read_whole(input)?;
        let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_string());
        let data = find(&encoding::decode(&bytes)).ok_or_else(|| {
            invalid(
                "the page holds no Daily Papers data; if papers can be seen on it, save it as text",
            )
        })?;
        if data.items.len() > ITEMS_MAX {
            return Err(invalid("the page holds more items than any page of papers"));
        }
        Ok(data)
    }
}

fn find(page: &str) -> Option<PageData> {
    html::elements(page).find_map(|attributes| {
        let value = |name: &str| {
            attributes
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, value)| *value)
        };
        let target = value("data-target")?;
        if !matches!(target, "DailyPapers" | "PaperContent") {
            return None;
        }
        let mut props = String::new();
        markup::unescape(value("data-props")?, &mut props);
        let props = props.as_bytes();
        let pieces: Vec<&[u8]> = match json_scan::member(props, "dailyPapers") {
            Some(list) => json_scan::elements(list).take(ITEMS_MAX + 1).collect(),
            None => vec![json_scan::member(props, "paper")?],
        };
        let items: Vec<Vec<u8>> = pieces.into_iter().map(<[u8]>::to_vec).collect();
        let day = json_scan::member(props, "dateString").unwrap_or_default();
        let day = String::from_utf8_lossy(day);
        Some(PageData {
            items: items.into_iter(),
            day: Arc::from(day.trim_matches('"')),
        })
    })
}

/// Reads one item. `day` is the page's, for items that do not say when they were featured.
pub(super) fn read_item(
    json: &[u8],
    day: &str,
    seen: Timestamp,
    parsed: &mut Parsed,
) -> Result<(), Unfit> {
    let mut record = daily_json::parse_item(json, Source::SavedPage, seen)?;
    record.times.featured = record.times.featured.or_else(|| featured(day, seen));
    parsed.paper(record);
    Ok(())
}

//! Reading again what the network brought and no reader could use: one record at a time, by the format's name.

use domain::record::{Item, Record};
use jiff::Timestamp;
use url::Url;

use crate::unfit::Unfit;
use crate::{arxiv_api, arxiv_feed, arxiv_oai, biorxiv, daily_json, feed};

/// Reads one record that was set aside. `None` if the format is not one of the network's.
///
/// `place` is where it was found: the address of a feed is its first word, against which relative links are read.
pub fn reread(
    format: &str,
    bytes: &[u8],
    place: &str,
    seen: Timestamp,
) -> Option<Result<Item, Unfit>> {
    let paper = |read: Result<Record, Unfit>| read.map(|record| Item::Paper(Box::new(record)));
    Some(match format {
        arxiv_api::FORMAT => paper(arxiv_api::parse_entry(bytes, seen)),
        arxiv_feed::FORMAT => paper(arxiv_feed::parse_entry(bytes, seen).map(|(_, record)| record)),
        arxiv_oai::FORMAT => arxiv_oai::parse_record(bytes, seen),
        biorxiv::FORMAT => paper(biorxiv::parse_row(bytes, seen)),
        daily_json::FORMAT => {
            let source = domain::record::Source::DailyPapers;
            paper(daily_json::parse_item(bytes, source, seen))
        }
        feed::FORMAT_XML => paper(from_feed(place, |base| {
            feed::parse_xml_entry(bytes, base, seen)
        })),
        feed::FORMAT_JSON => paper(from_feed(place, |base| {
            feed::parse_json_entry(bytes, base, seen)
        })),
        _ => return None,
    })
}

fn from_feed(
    place: &str,
    read: impl FnOnce(&Url) -> Result<Record, Unfit>,
) -> Result<Record, Unfit> {
    let address = place.split(", entry").next().unwrap_or(place);
    let base = Url::parse(address)
        .map_err(|_| Unfit::Other(format!("`{address}` is not the address of a feed")))?;
    read(&base)
}

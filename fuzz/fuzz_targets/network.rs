//! What a host on the network answers. The first byte chooses whose answer it is.

#![no_main]

use domain::record::Source;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use sources::{arxiv_api, arxiv_feed, arxiv_listing, arxiv_oai, biorxiv, daily_json, feed, reread};
use url::Url;

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else {
        return;
    };
    let (seen, place) = (Timestamp::UNIX_EPOCH, "https://example.org/answer");
    match first % 8 {
        0 => drop(arxiv_api::parse(body, seen, place)),
        1 => drop(arxiv_feed::parse(body, seen, place)),
        2 => drop(arxiv_oai::parse(body, seen, place)),
        3 => drop(arxiv_listing::parse(body)),
        4 => drop(biorxiv::parse(body, seen, place)),
        5 => drop(daily_json::parse_list(
            body,
            Source::DailyPapers,
            seen,
            place,
        )),
        6 => drop(feed::parse(
            body,
            &Url::parse(place).expect("it is an address"),
            seen,
        )),
        _ => {
            let formats = [
                arxiv_api::FORMAT,
                arxiv_feed::FORMAT,
                arxiv_oai::FORMAT,
                biorxiv::FORMAT,
                daily_json::FORMAT,
                feed::FORMAT_XML,
                feed::FORMAT_JSON,
            ];
            for format in formats {
                drop(reread::reread(format, body, place, seen));
            }
        }
    }
});

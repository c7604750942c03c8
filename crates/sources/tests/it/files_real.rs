//! Real files, where they are at hand: `BROADSHEET_DATA_DIR` names a folder with the saved page and the dumps.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use domain::record::Item;
use sources::files::{Format, Input, Parsed, parse_chunk};

use crate::files::context;

fn read(name: &str, format: Format) -> Parsed {
    let folder = std::env::var_os("BROADSHEET_DATA_DIR")
        .expect("BROADSHEET_DATA_DIR names the folder with real files");
    let input = Input::open(&PathBuf::from(folder).join(name), None).unwrap();
    assert_eq!(input.format(), format);
    let started = Instant::now();
    let chunks: Vec<_> = input.chunks().map(Result::unwrap).collect();
    let cut = started.elapsed();
    let mut all = Parsed::default();
    for chunk in &chunks {
        let parsed = parse_chunk(format, chunk, &context());
        all.records += parsed.records;
        all.repaired_ids += parsed.repaired_ids;
        all.items.extend(parsed.items);
        all.unreadable.extend(parsed.unreadable);
    }
    let parse = started.elapsed() - cut;
    println!(
        "{name}: {} records, cut in {cut:?}, parsed in {parse:?} on one core",
        all.records
    );
    println!(
        "{} repaired ids, {} unreadable",
        all.repaired_ids,
        all.unreadable.len()
    );
    for unreadable in all.unreadable.iter().take(40) {
        println!("  {}: {}", unreadable.place, unreadable.reason);
    }
    all
}

#[test]
#[ignore = "reads a file that is not in the repository"]
fn the_seed_page_gives_all_its_papers() {
    let page = read("daily-papers-page.txt", Format::SavedPageText);
    let folder = std::env::var_os("BROADSHEET_DATA_DIR").unwrap();
    let text =
        std::fs::read_to_string(PathBuf::from(folder).join("daily-papers-page.txt")).unwrap();
    // On this page, after six lines of furniture, title and abstract alternate.
    let texts: Vec<_> = text.split("\n\n").skip(6).map(str::trim).collect();
    let expected: Vec<_> = texts
        .chunks(2)
        .map(|pair| (pair[0].to_string(), pair[1].to_string()))
        .collect();
    let got = page.items.into_iter().map(|item| match item {
        Item::Paper(record) => (record.title, record.abstract_text.unwrap_or_default()),
        other => panic!("{other:?}"),
    });
    assert_eq!(got.collect::<Vec<_>>(), expected);
    assert_eq!(expected.len(), 99);
}

#[test]
#[ignore = "reads a file that is not in the repository"]
fn the_arxiv_file_gives_all_its_lines() {
    let file = read("arxiv-250k.jsonl.zst", Format::ArxivJsonl);
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    let mut authors: BTreeMap<usize, u32> = BTreeMap::new();
    for item in &file.items {
        let Item::Paper(record) = item else {
            panic!("{item:?}")
        };
        *ids.entry(record.ids[0].key()).or_default() += 1;
        *authors.entry(record.authors.len().min(20)).or_default() += 1;
        assert!(
            !record.categories.is_empty() && record.times.submitted.is_some(),
            "{record:?}"
        );
    }
    println!("{} distinct ids; authors {authors:?}", ids.len());
    assert_eq!(file.records, 250_000);
    assert_eq!(file.items.len() + file.unreadable.len(), 250_000);
    assert_eq!(file.unreadable.len(), 0);
}

#[test]
#[ignore = "reads a file that is not in the repository"]
fn the_daily_file_gives_all_its_papers() {
    let file = read("hf-daily-papers.jsonl.zst", Format::DailyJson);
    assert_eq!((file.items.len(), file.unreadable.len()), (13_610, 0));
}

#[test]
#[ignore = "reads a file that is not in the repository"]
fn the_readings_file_gives_all_its_readings() {
    let file = read("hf-upvotes-over-time.jsonl.zst", Format::UpvotesJsonl);
    let readings = file.items.iter().map(|item| match item {
        Item::Readings { readings, .. } => readings.len(),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        (readings.sum::<usize>(), file.unreadable.len()),
        (32_036, 0)
    );
}

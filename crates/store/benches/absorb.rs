//! How many new arXiv-like records a second go into an empty SQLite database, and again when all are known; then how
//! long its lists take to read.
//! `cargo bench -p store --features testing`; `RECORDS` sets how many (100,000 by default).

use std::time::Instant;

use domain::ids::ExternalId;
use domain::paper::{Author, Version};
use domain::record::{Item, Record, Source};
use domain::window::Window;
use jiff::{SignedDuration, Timestamp};
use store::testing::TestStore;
use store::{Intake, Outcome, Slice, Store};

/// Records of one transaction, as an import makes them.
const BATCH: usize = 1000;

fn main() {
    let count = std::env::var("RECORDS").ok().and_then(|n| n.parse().ok());
    let count: u32 = count.unwrap_or(100_000);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime for the bench");
    runtime.block_on(run(count));
}

async fn run(count: u32) {
    let store = TestStore::new().await;
    let items: Vec<Item> = (0..count).map(record).collect();
    for round in ["new", "known"] {
        let began = Instant::now();
        let mut inserted = 0;
        for batch in items.chunks(BATCH) {
            let intake = Intake {
                items: batch,
                ..Intake::default()
            };
            let absorbed = store.absorb(&intake, Timestamp::UNIX_EPOCH).await;
            let outcomes = absorbed.expect("the bench's records are good").outcomes;
            inserted += outcomes
                .iter()
                .filter(|o| matches!(o, Outcome::Inserted(_)))
                .count();
        }
        let seconds = began.elapsed().as_secs_f64();
        let rate = f64::from(count) / seconds;
        println!(
            "{round}: {count} records in {seconds:.2} s, {rate:.0} a second, {inserted} inserted"
        );
    }
    let totals = store.totals().await.expect("the bench's database is sound");
    let bytes = totals.bytes.unwrap_or(0);
    println!("{} papers, {bytes} bytes", totals.papers);
    for name in READS {
        read(&store, name).await;
    }
}

/// What is read: lists, the calendar, a page of an export.
const READS: [&str; 7] = [
    "days",
    "categories",
    "month",
    "month of a category",
    "category",
    "newest",
    "papers after",
];

/// Reads something some times and prints the median.
async fn read(store: &Store, name: &str) {
    let first_page = Slice {
        offset: 0,
        limit: 50,
    };
    let month = Window::month("2024-05").expect("a month");
    let length = |list: store::List| list.papers.len();
    let mut times = Vec::new();
    for _ in 0..11 {
        let began = Instant::now();
        let read = match name {
            "days" => store.days().await.map(|days| days.len()),
            "categories" => store.categories().await.map(|names| names.len()),
            "month" => store.window(month, None, first_page).await.map(length),
            "month of a category" => {
                let list = store.window(month, Some("cs.7"), first_page).await;
                list.map(length)
            }
            "category" => store.category("cs.7", first_page).await.map(length),
            "newest" => store.newest(first_page).await.map(length),
            _ => store.papers_after(None, 1000).await.map(|all| all.len()),
        };
        let read = read.expect("the bench's database is sound");
        times.push((began.elapsed(), read));
    }
    times.sort();
    let (time, read) = times[times.len() / 2];
    println!("{name}: {read} in {:.2} ms", time.as_secs_f64() * 1000.0);
}

/// A record of the size of an arXiv one: a title of 9 words, 5 authors, an abstract of 170 words.
fn record(n: u32) -> Item {
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000 + i64::from(n) * 400);
    let mut record = Record::titled(Source::ArxivDump, at, text(n, 9));
    let id = format!(
        "{:02}{:02}.{:05}",
        10 + n / 1_000_000,
        1 + n / 90_000 % 12,
        n % 90_000
    );
    record.ids = ExternalId::arxiv(&fit(&id))
        .map(|(id, _)| id)
        .into_iter()
        .collect();
    record.abstract_text = Some(text(n.wrapping_mul(31), 170));
    record.authors = (0..5).map(|i| Author::named(text(n + i * 7, 2))).collect();
    record.categories = vec![format!("cs.{}", n % 40), format!("math.{}", n % 30)];
    record.versions = vec![Version {
        number: 1,
        submitted: Some(at),
    }];
    record.times.submitted = Some(at);
    Item::Paper(Box::new(record))
}

/// Five digits only from 2015 on; before that a year later is as good.
fn fit(id: &str) -> String {
    let year: u32 = id[..2].parse().unwrap_or(0);
    format!("{:02}{}", year + 6, &id[2..])
}

/// Words that look like words, different for each seed.
fn text(seed: u32, words: u32) -> String {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut text = String::new();
    for _ in 0..words {
        if !text.is_empty() {
            text.push(' ');
        }
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        for i in 0..3 + (state >> 28) % 5 {
            text.push(char::from(b'a' + (state >> (i * 4) & 15) as u8));
        }
    }
    text
}

//! The whole site over a dozen papers made up here: how the parts fit together, and something to point a browser, a
//! feed reader or `hf papers` at.
//!
//! ```text
//! cargo run -p web --example demo
//! HF_ENDPOINT=http://127.0.0.1:8099 hf papers ls
//! ```
//!
//! It prints its address and serves until it is interrupted. Everything is in a folder that is gone afterwards.

use domain::ids::ExternalId;
use domain::paper::{Author, Link, LinkKind, Times, Version};
use domain::record::{Item, Record, Source};
use domain::signal::{Reading, Signal};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use search::engine::Engine;
use store::testing::TestStore;
use store::{Intake, Store};
use tokio::net::TcpListener;
use web::state::{App, Clock, Site, Status};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const TITLES: [&str; 12] = [
    "Distilling a Forest of Transformers into a Single Tree",
    "Retrieval Without Regret: Nested Vectors for Every Budget",
    "An $\\ell_1$ View of Attention",
    "Graph Diffusion on the Sphere & Other Closed Surfaces",
    "Why 100% of Benchmarks Leak, and What to Do",
    "Speech <-> Text: One Model for Both",
    "Small Language Models Know When They Do Not Know",
    "Sparse Kernels for Long Contexts",
    "A Survey of Surveys",
    "Quantum-Inspired Sampling on Ordinary Hardware",
    "Learning to Rank from One Click",
    "Robust Vision at Night",
];

#[tokio::main]
async fn main() -> Outcome<()> {
    let now = Timestamp::now();
    // 1. The truth: a database.
    let store = TestStore::new().await;
    fill(&store, now).await?;
    // 2. What is derived from it: the index.
    let folder = tempfile::tempdir()?;
    let index = index::Index::open(folder.path())?;
    follow(&store, &index).await?;
    // 3. Who answers: the site, over both.
    let site = Site {
        title: "Broadsheet".to_string(),
        base_url: None,
        contact: None,
        time_zone: TimeZone::UTC,
        version: env!("CARGO_PKG_VERSION"),
        client_header: None,
    };
    let app = App::new(
        Store::clone(&store),
        Engine::new(index),
        site,
        Clock::system(),
        Status::default(),
        None,
    );
    let wanted = std::env::args().nth(1);
    let listener = TcpListener::bind(wanted.as_deref().unwrap_or("127.0.0.1:8099")).await?;
    println!("http://{}", listener.local_addr()?);
    let interrupted = async { _ = tokio::signal::ctrl_c().await };
    web::serve::serve(listener, web::router::router(app), interrupted).await?;
    Ok(())
}

/// Takes in one record a paper, as a source would yield them, each featured some days ago.
async fn fill(store: &Store, now: Timestamp) -> Outcome<()> {
    let mut items = Vec::new();
    for (number, title) in (1u32..).zip(TITLES) {
        items.push(Item::Paper(Box::new(record(number, title, now)?)));
    }
    let intake = Intake {
        items: &items,
        ..Intake::default()
    };
    store.absorb(&intake, now).await?;
    Ok(())
}

fn record(number: u32, title: &str, now: Timestamp) -> Outcome<Record> {
    // Three papers a day, the newest today.
    let featured = now - (i64::from((number - 1) / 3) * 24).hours();
    let submitted = featured - 50.hours();
    let mut record = Record::titled(Source::DailyPapers, now, title);
    let (id, _) = ExternalId::arxiv(&format!("2611.{number:05}"))?;
    record.ids = vec![id];
    record.abstract_text = Some(format!(
        "We study the case of {number} & show $x^{number} > 0$."
    ));
    record.authors = ["Ada Nwosu", "Björn van der Berg", "Chen Wei"]
        .map(Author::named)
        .to_vec();
    record.categories = vec!["cs.LG".to_string(), "cs.CL".to_string()];
    record.versions = vec![Version {
        number: 1,
        submitted: Some(submitted),
    }];
    record.times = Times {
        submitted: Some(submitted),
        featured: Some(featured),
        ..Times::default()
    };
    let code = format!("https://github.com/example/paper-{number}");
    record
        .links
        .extend(Link::new(LinkKind::Code, &code, Source::DailyPapers, now));
    // Two readings make a gain, and gains make a trend.
    for (hours_ago, value) in [(20, number), (1, number * 5)] {
        record.readings.push(Reading {
            signal: Signal::DailyUpvotes,
            at: now - hours_ago.hours(),
            value: Some(value),
        });
    }
    Ok(record)
}

/// Brings the index up to the database: every change since the index's own number.
async fn follow(store: &Store, index: &index::Index) -> Outcome<()> {
    let mut writer = index
        .try_writer(32 << 20)?
        .ok_or("another process writes this index")?;
    loop {
        let (papers, gone, seq) = store.changes(index.seq(), 1000).await?;
        if seq == index.seq() {
            return Ok(());
        }
        for paper in &papers {
            writer.put(paper)?;
        }
        for paper in gone {
            writer.remove(paper)?;
        }
        writer.commit(seq)?;
        index.refresh()?;
    }
}

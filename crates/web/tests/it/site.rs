//! A site for one test: its own database, index, stopped clock and router.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use domain::ids::ExternalId;
use domain::paper::{Author, Link, LinkKind, Summary, Version, utc_midnight};
use domain::record::{Item, Record, Source};
use domain::signal::{Reading, Signal};
use encode::Encoder;
use encode::model::{self, DIM};
use index::Index;
use index::vectors::Model;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use search::engine::Engine;
use search::interest::traits::TRAITS;
use search::interest::{self, Knot, Learned, Parts};
use store::testing::TestStore;
use store::{Absorbed, Intake};
use tempfile::TempDir;
use tower::ServiceExt;
use web::lab::Lab;
use web::mail::desk::Desk;
use web::state::{App, Clock, Site, Status};

/// Memory for the index's writer, in bytes.
const HEAP: usize = 30_000_000;

/// A Monday, when the tests take place unless they say otherwise.
pub(crate) const MONDAY: &str = "2026-11-23T12:00:00Z";

/// The words that the tests' model knows; those of one line mean the same.
const MEANINGS: [&[&str]; 6] = [
    &["sparse", "thin"],
    &["attention", "focus"],
    &["norm", "spaces"],
    &["survey", "surveys", "overview"],
    &["wine", "bottles", "grape"],
    &["we", "show"],
];

/// A model of a few words, so that what is near is plain.
fn encoder() -> Encoder {
    let (mut tokens, mut rows) = (Vec::new(), Vec::new());
    for (axis, words) in MEANINGS.iter().enumerate() {
        for word in *words {
            tokens.push((*word).to_string());
            let mut row = vec![0.0; DIM];
            row[axis] = 1.0;
            rows.extend(row);
        }
    }
    Encoder::from_bytes(model::write("test", 1.0, &tokens, &rows).unwrap()).unwrap()
}

/// A model of predicted interest that likes what is sparse, and has never seen wine.
fn interest(encoder: &str) -> interest::Model {
    let mut weights = vec![0.0; DIM];
    weights[0] = 1.0;
    let mut centre = vec![0.0; DIM];
    centre[4] = -1.0;
    let knot = |number, low, middle, high| Knot {
        number,
        low,
        middle,
        high,
    };
    let unmoved = Learned {
        mean: 0.0,
        deviation: 1.0,
        weight: 0.0,
    };
    let parts = Parts {
        encoder: encoder.to_string(),
        papers: 1_000,
        first_day: 20_000,
        last_day: 20_100,
        weights,
        centre,
        familiar_min: -0.1,
        traits: [unmoved; TRAITS],
        knots: vec![knot(0.0, 5.0, 45.0, 85.0), knot(1.0, 25.0, 65.0, 100.0)],
    };
    interest::Model::read(&interest::write(&parts)).unwrap()
}

pub(crate) struct TestSite {
    pub(crate) app: App,
    pub(crate) store: TestStore,
    pub(crate) status: Status,
    now: Arc<Mutex<Timestamp>>,
    index: Index,
    encoder: Encoder,
    router: Router,
    _folder: TempDir,
}

/// Two methods of a made-up lab: one of a paper that some tests have, one that did not hold.
fn lab_lines() -> String {
    let line = |id: &str, arxiv: &str, family: &str, verdict: &str| {
        serde_json::json!({
            "card": {
                "id": id, "arxiv": arxiv, "title": format!("The <{id}> method"), "family": family,
                "claim": "Halves the error & keeps the size.", "published": "0.5 against 1.0, table 2",
                "baseline": "the same without it", "kept": ["the equation"], "left_out": ["its size"],
                "used_in": null, "metrics": [{"id": "error", "better": "lower"}],
                "likely_reason": "The data are small.",
            },
            "outcome": lab_outcome(id, verdict),
        })
        .to_string()
    };
    [
        line("halving", "2611.10001", "codes", "holds"),
        line("doubling", "2401.99999", "scaling", "does-not-hold-here"),
    ]
    .join("\n")
}

/// What a run of such a method gives.
pub(crate) fn lab_outcome(id: &str, verdict: &str) -> serde_json::Value {
    let estimate =
        |mean: f64| serde_json::json!({"mean": mean, "low": mean - 0.1, "high": mean + 0.1});
    serde_json::json!({
        "id": id, "scale": "small", "seed": 1, "seeds": 5, "verdict": verdict,
        "rows": [{"metric": "error", "name": "error", "unit": "",
            "baseline": estimate(1.0), "method": estimate(0.5), "difference": estimate(-0.5)}],
        "conditions": [{"text": "half the error", "quantity": estimate(2.0), "bound": 2.0, "met": "clearly"}],
        "plots": [{"id": "error", "title": "Error by size", "svg": "<svg xmlns='http://www.w3.org/2000/svg'/>"}],
        "seconds": 1.25, "machine": "2 x a machine", "date": "2026-11-22",
    })
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl TestSite {
    /// A site without papers.
    pub(crate) async fn empty() -> Self {
        Self::configured(Some("https://papers.example.org")).await
    }

    /// A site with these papers.
    pub(crate) async fn with(records: Vec<Record>) -> Self {
        let site = Self::empty().await;
        site.absorb(records).await;
        site
    }

    pub(crate) async fn configured(base_url: Option<&str>) -> Self {
        Self::made(base_url, None).await
    }

    /// A site with some papers that sends mail, and believes a proxy about who asks.
    pub(crate) async fn with_mail(desk: Desk) -> Self {
        let site = Self::made(Some("https://papers.example.org"), Some(desk)).await;
        site.absorb(some_papers()).await;
        site
    }

    async fn made(base_url: Option<&str>, desk: Option<Desk>) -> Self {
        let store = TestStore::new().await;
        let folder = tempfile::tempdir().unwrap();
        let encoder = encoder();
        let model = Model {
            id: encoder.id().to_string(),
            dim: encoder.dim(),
        };
        let index = Index::open_with(folder.path(), model).unwrap();
        let status = Status::default();
        let now: Arc<Mutex<Timestamp>> = Arc::new(Mutex::new(MONDAY.parse().unwrap()));
        let hands = Arc::clone(&now);
        let settings = Site {
            title: "Broadsheet".to_string(),
            base_url: base_url.map(str::to_string),
            contact: Some("librarian@example.org".to_string()),
            time_zone: TimeZone::UTC,
            version: "0.0.0-test",
        };
        let engine = Engine::new(index.clone())
            .with_encoder(encoder.clone())
            .with_interest(interest(encoder.id()));
        let app = App::new(
            store.clone(),
            engine,
            settings,
            Clock(Arc::new(move || *hands.lock().unwrap())),
            status.clone(),
            None,
        )
        .with_lab(Lab::read(&lab_lines()).unwrap());
        let app = match desk {
            Some(desk) => app.with_mail(desk),
            None => app,
        };
        TestSite {
            store,
            status,
            now,
            index,
            encoder,
            router: web::router::router(app.clone()),
            app,
            _folder: folder,
        }
    }

    /// Sets the clock.
    pub(crate) fn at(&self, time: &str) {
        *self.now.lock().unwrap() = time.parse().unwrap();
    }

    /// Papers come in and are indexed.
    pub(crate) async fn absorb(&self, records: Vec<Record>) -> Absorbed {
        let items: Vec<_> = records
            .into_iter()
            .map(|record| Item::Paper(Box::new(record)))
            .collect();
        let intake = Intake {
            items: &items,
            ..Intake::default()
        };
        let now = *self.now.lock().unwrap();
        let absorbed = self.store.absorb(&intake, now).await.unwrap();
        let mut writer = self.index.try_writer(HEAP).unwrap().unwrap();
        for paper in &absorbed.changed {
            let mut vector = vec![0.0; self.encoder.dim()];
            self.encoder
                .encode_paper(&paper.title, &paper.abstract_text, &mut vector);
            writer.put(paper).unwrap();
            writer.put_vector(paper.id, &vector).unwrap();
        }
        writer.commit(absorbed.seq).unwrap();
        drop(writer);
        self.index.refresh().unwrap();
        self.status.data_changed();
        absorbed
    }

    /// Asks for an address.
    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask(Method::GET, target, &[]).await
    }

    /// Asks for an address that must be there, and gives its text.
    #[track_caller]
    pub(crate) fn page(&self, target: &str) -> impl Future<Output = String> {
        let place = std::panic::Location::caller();
        let target = target.to_string();
        async move {
            let answer = self.get(&target).await;
            assert_eq!(answer.status, StatusCode::OK, "{target}, asked at {place}");
            answer.text()
        }
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send(method, target, headers, "").await
    }

    /// Sends a request with a body.
    pub(crate) async fn send(
        &self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(target);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header(HOST, "localhost:8080");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// Sends a form, as a client of this address.
    pub(crate) async fn post(&self, target: &str, client: &str, form: &str) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(target)
            .header(HOST, "localhost:8080")
            .header("x-real-ip", client)
            .header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(Body::from(form.to_string())).unwrap();
        self.answer(request).await
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_vec(),
        }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// A header's value, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|v| v.to_str().ok());
        value.unwrap_or_default()
    }
}

/// The part of a page that differs from others.
pub(crate) fn main_part(page: &str) -> &str {
    let begin = page.find("<main").unwrap();
    let end = page.find("</main>").unwrap();
    &page[begin..end]
}

/// Midnight of a day.
pub(crate) fn day(text: &str) -> Timestamp {
    utc_midnight(text.parse().unwrap()).unwrap()
}

/// A paper of which a daily page and arXiv know much.
pub(crate) fn featured(arxiv: &str, title: &str, on: &str, votes: u32) -> Record {
    let mut record = Record::titled(Source::DailyPapers, day(on), title);
    record.ids = vec![ExternalId::arxiv(arxiv).unwrap().0];
    record.abstract_text = Some(format!(
        "We study {}. Attention in $O(n \\log n)$ time is \\emph{{enough}} for sequences of any length, \
         and a single pass over the data suffices to prove it on seven benchmarks.",
        title.to_lowercase()
    ));
    record.authors = ["José A. García", "Na Li", "Jane Doe", "Søren Kierkegaard"]
        .map(Author::named)
        .to_vec();
    record.categories = vec!["cs.CL".to_string(), "cs.LG".to_string()];
    record.tags = vec!["attention".to_string()];
    record.times.submitted = Some(day(on));
    record.times.featured = Some(day(on));
    record.versions = vec![Version {
        number: 1,
        submitted: Some(day(on)),
    }];
    record.links = vec![
        link(LinkKind::Code, "https://github.com/example/attention", on),
        link(LinkKind::Project, "https://attention.example.org/", on),
    ];
    record.readings = vec![Reading {
        signal: Signal::DailyUpvotes,
        at: day(on),
        value: Some(votes),
    }];
    record
}

/// A paper of the starter shelf.
pub(crate) fn shelved(arxiv: &str, title: &str) -> Record {
    let mut record = Record::titled(Source::Shelf, day("2025-08-07"), title);
    record.ids = vec![ExternalId::arxiv(arxiv).unwrap().0];
    record.times.featured = Some(day("2025-08-07"));
    record.authors = vec![Author::named("Ada Lovelace")];
    record.authors_total = Some(3);
    record.summary = Some(Summary {
        text: "It says what it does, in our own words.".to_string(),
        by: "Broadsheet".to_string(),
    });
    record
}

fn link(kind: LinkKind, url: &str, on: &str) -> Link {
    Link::new(kind, url, Source::DailyPapers, day(on)).unwrap()
}

/// Three days of papers before [`MONDAY`], with a weekend between.
pub(crate) fn some_papers() -> Vec<Record> {
    let mut newest = featured("2611.10001", "Sparse Attention Is Enough", "2026-11-20", 42);
    newest.readings.push(Reading {
        signal: Signal::DailyUpvotes,
        at: "2026-11-22T00:00:00Z".parse().unwrap(),
        value: Some(97),
    });
    vec![
        newest,
        featured(
            "2611.10002",
            "On the $\\ell_1$-Norm of State Spaces",
            "2026-11-20",
            7,
        ),
        featured("2611.10003", "A Survey of Surveys", "2026-11-19", 3),
        featured("math/9201207", "Old Wine in New Bottles", "2026-10-01", 1),
    ]
}

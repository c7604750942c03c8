//! A site for one test: its own database, index, stopped clock and router.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::HOST;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use domain::account::{Role, UserName};
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
use store::{Absorbed, Intake, Join, LetterId, LetterKind, NewUser};
use tempfile::TempDir;
use tower::ServiceExt;
use web::account::{Mode, People, SignUp, secret};
use web::lab::Lab;
use web::mail::desk::Desk;
use web::mail::note::Note;
use web::mail::token::{Keys, SECRET_LEN};
use web::policy::Policy;
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
    pub(crate) store: TestStore,
    pub(crate) status: Status,
    now: Arc<Mutex<Timestamp>>,
    index: Index,
    encoder: Encoder,
    router: Router,
    pub(crate) app: App,
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
        "pictures": [{"id": "seen", "title": "What is seen", "across": 1, "tiles": [],
            "svg": "<svg width=\"640\" height=\"164\" xmlns='http://www.w3.org/2000/svg'/>"}],
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

    /// A site without papers where people sign in, and that sends mail; see [`TestSite::notes`].
    pub(crate) async fn with_accounts() -> Self {
        let site = Self::made(Some("https://papers.example.org"), |people| {
            people.mode = Mode::SignIn;
            people.sign_up = SignUp::Open;
        });
        let keys = Keys::from_hex(&"07".repeat(SECRET_LEN)).unwrap();
        site.await.sending(Desk::new(true, keys))
    }

    pub(crate) async fn configured(base_url: Option<&str>) -> Self {
        Self::made(base_url, |_| {}).await
    }

    /// A site with some papers that sends mail, and believes a proxy about who asks.
    pub(crate) async fn with_mail(desk: Desk) -> Self {
        let site = Self::made(Some("https://papers.example.org"), |_| {}).await;
        let site = site.sending(desk);
        site.absorb(some_papers()).await;
        site
    }

    /// The same site with a desk for mail.
    fn sending(mut self, desk: Desk) -> Self {
        self.app = self.app.with_mail(desk);
        self.router = web::router::router(self.app.clone());
        self
    }

    /// A site whose accounts are as `arrange` leaves them.
    pub(crate) async fn made(base_url: Option<&str>, arrange: impl FnOnce(&mut People)) -> Self {
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
            client_header: Some("x-real-ip".parse().unwrap()),
        };
        let clock = Clock(Arc::new(move || *hands.lock().unwrap()));
        let mut people = People::nobody(&clock);
        arrange(&mut people);
        let engine = Engine::new(index.clone())
            .with_encoder(encoder.clone())
            .with_interest(interest(encoder.id()));
        let app = App::new(store.clone(), engine, settings, clock, status.clone(), None)
            .with_lab(Lab::read(&lab_lines()).unwrap())
            .with_people(people);
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

    /// The same site with other accounts.
    pub(crate) async fn again(mut self, arrange: impl FnOnce(&mut People)) -> Self {
        let mut people = (*self.app.people).clone();
        arrange(&mut people);
        self.app = self.app.with_people(people);
        self.router = web::router::router(self.app.clone());
        self
    }

    /// Asks for an address over a connection from somewhere.
    pub(crate) async fn ask_from(
        &self,
        from: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let from = SocketAddr::new(from.parse().unwrap(), 4711);
        let mut request = Request::builder()
            .uri(target)
            .header(HOST, "localhost:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(from));
        answer_of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Somebody with an account and a browser that is signed in: the `Cookie` header of that browser.
    pub(crate) async fn sign_in(&self, name: &str) -> String {
        self.sign_in_as(name, Role::Reader).await
    }

    /// Somebody of a role, signed in.
    pub(crate) async fn sign_in_as(&self, name: &str, role: Role) -> String {
        let now = *self.now.lock().unwrap();
        let name = UserName::parse(name).unwrap();
        let new = NewUser {
            name: &name,
            address: None,
            password: None,
            role,
        };
        let id = match self.store.add_user(&new, now).await.unwrap() {
            Join::Joined(id) => id,
            _ => self.store.user_named(&name).await.unwrap().unwrap().id,
        };
        let secret = secret::fresh().unwrap();
        let digest = secret::digest(&secret);
        let expires = now + jiff::SignedDuration::from_hours(24);
        let opened = self.store.open_session(id, &digest, "test", now, expires);
        opened.await.unwrap();
        format!("__Host-broadsheet={secret}")
    }

    /// Asks for an address as somebody who is signed in.
    pub(crate) async fn get_as(&self, cookie: &str, target: &str) -> Answer {
        self.ask(Method::GET, target, &[("cookie", cookie)]).await
    }

    /// Sends a form as a browser does that is signed in (or, with an empty cookie, not).
    pub(crate) async fn post_as(&self, cookie: &str, target: &str, form: &str) -> Answer {
        let mut headers = vec![("sec-fetch-site", "same-origin")];
        if !cookie.is_empty() {
            headers.push(("cookie", cookie));
        }
        self.send(Method::POST, target, &headers, form).await
    }

    /// The notes that were mailed, oldest first.
    pub(crate) async fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut number = 1;
        while let Some(letter) = self.store.letter(LetterId(number)).await.unwrap() {
            if letter.kind == LetterKind::Note {
                notes.push(serde_json::from_str(&letter.content).unwrap());
            }
            number += 1;
        }
        notes
    }

    /// The path of the link in the newest note.
    pub(crate) async fn mailed_path(&self) -> String {
        self.notes().await.last().unwrap().path.clone()
    }

    /// The same site under a policy for what readers submit and have told.
    pub(crate) fn under(mut self, policy: Policy) -> Self {
        self.app = self.app.with_policy(policy);
        self.router = web::router::router(self.app.clone());
        self
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
        answer_of(response).await
    }
}

async fn answer_of(response: axum::response::Response) -> Answer {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.to_vec(),
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

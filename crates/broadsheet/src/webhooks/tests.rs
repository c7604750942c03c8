//! New papers on their way to a server on this machine, over the real network code.

use domain::account::{Role, UserName};
use domain::ids::ExternalId;
use domain::record::{Item, Record, Source};
use encode::Encoder;
use index::Index;
use sha2::{Digest, Sha256};
use store::testing::TestStore;
use store::{DeliveryState, Intake, Join, NewUser};
use tempfile::TempDir;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::pipeline::model_of;

/// A Monday; the papers are of that day.
fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct Desk {
    webhooks: Webhooks,
    store: TestStore,
    server: MockServer,
    hook: i64,
    _folder: TempDir,
}

impl Desk {
    /// A webhook for a query at a server that answers so.
    async fn new(query: &str, private_allowed: bool) -> Desk {
        let store = TestStore::new().await;
        let folder = tempfile::tempdir().unwrap();
        let encoder = Encoder::shipped();
        let index = Index::open_with(folder.path(), model_of(&encoder)).unwrap();
        let pipeline = Pipeline {
            store: store.clone(),
            index,
            encoder,
        };
        let server = MockServer::start().await;
        let new = NewUser {
            name: &UserName::parse("ana").unwrap(),
            address: None,
            password: None,
            role: Role::Reader,
        };
        let Join::Joined(ana) = store.add_user(&new, now()).await.unwrap() else {
            panic!("the first account is free");
        };
        let hook = store::NewWebhook {
            account: ana,
            url: &format!("{}/hook", server.uri()),
            secret: SECRET,
            query,
        };
        let hook = store.make_webhook(hook, now()).await.unwrap().unwrap();
        Desk {
            webhooks: Webhooks {
                pipeline,
                poster: Arc::new(Poster::new("tests", private_allowed).unwrap()),
                base: "https://papers.example.org".to_string(),
                site: "Broadsheet".to_string(),
            },
            store,
            server,
            hook,
            _folder: folder,
        }
    }

    /// Papers of a day come in at a moment and are indexed.
    async fn absorb(&self, papers: &[(&str, &str)], day: &str, at: Timestamp) {
        let items: Vec<Item> = papers
            .iter()
            .map(|(id, title)| {
                let mut record = Record::titled(Source::ArxivApi, at, *title);
                record.ids = vec![ExternalId::arxiv(id).unwrap().0];
                record.times.submitted = Some(day.parse().unwrap());
                Item::Paper(Box::new(record))
            })
            .collect();
        let intake = Intake {
            items: &items,
            ..Intake::default()
        };
        self.store.absorb(&intake, at).await.unwrap();
        self.webhooks.pipeline.catch_up(|_, _| ()).await.unwrap();
    }

    async fn answers(&self, status: u16, times: u64) {
        Mock::given(method("POST"))
            .and(path("/hook"))
            .respond_with(ResponseTemplate::new(status).insert_header("location", "/elsewhere"))
            .up_to_n_times(times)
            .mount(&self.server)
            .await;
    }

    async fn gather(&self, at: Timestamp) {
        while self.webhooks.gather(at).await.unwrap() {}
    }

    async fn received(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }

    async fn states(&self) -> Vec<DeliveryState> {
        let all = self.store.deliveries_of(self.hook, 10).await.unwrap();
        all.iter().map(|delivery| delivery.state).collect()
    }
}

/// HMAC-SHA256 by its definition (RFC 2104), apart from the library that signs.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| -> Vec<u8> {
        let mut block = key.to_vec();
        block.resize(64, 0);
        block.iter().map(|byte| byte ^ with).collect()
    };
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(text)
        .finalize();
    let outer = Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize();
    outer.to_vec()
}

/// Base64 by its definition (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for place in 0..4 {
            match place <= chunk.len() {
                true => text.push(char::from(
                    LETTERS[(word >> (18 - 6 * place)) as usize & 63],
                )),
                false => text.push('='),
            }
        }
    }
    text
}

#[track_caller]
fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    request.headers[name].to_str().unwrap()
}

#[tokio::test]
async fn new_papers_of_a_query_arrive_signed_and_once() {
    let desk = Desk::new("sparse", true).await;
    desk.answers(204, 9).await;
    desk.absorb(
        &[
            ("2611.10001", "Sparse attention"),
            ("2611.10002", "Dense layers"),
        ],
        "2026-11-23T08:00:00Z",
        now(),
    )
    .await;
    desk.gather(now()).await;
    assert!(desk.webhooks.send(now()).await.unwrap());
    let received = desk.received().await;
    assert_eq!(received.len(), 1);
    let request = &received[0];
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["data"]["papers"].as_array().unwrap().len(), 1);
    assert_eq!(body["data"]["papers"][0]["id"], "2611.10001");
    assert_eq!(header(request, "content-type"), "application/json");
    let (id, time) = (
        header(request, "webhook-id"),
        header(request, "webhook-timestamp"),
    );
    assert_eq!(time.parse::<i64>().unwrap(), now().as_second());
    let mut signed = format!("{id}.{time}.").into_bytes();
    signed.extend_from_slice(&request.body);
    let key: Vec<u8> = (0..32).collect();
    let expected = format!("v1,{}", base64(&hmac(&key, &signed)));
    assert_eq!(header(request, "webhook-signature"), expected);
    // The same papers again, changed, are no news.
    desk.absorb(
        &[("2611.10001", "Sparse attention, revised")],
        "2026-11-23T08:00:00Z",
        now(),
    )
    .await;
    desk.gather(now()).await;
    assert!(!desk.webhooks.send(now()).await.unwrap());
    assert_eq!(desk.states().await, [DeliveryState::Sent]);
}

#[tokio::test]
async fn what_fails_is_sent_again_under_the_same_id() {
    let desk = Desk::new("", true).await;
    desk.answers(500, 1).await;
    desk.answers(302, 1).await;
    desk.answers(200, 1).await;
    desk.absorb(
        &[("2611.10001", "Sparse attention")],
        "2026-11-23T08:00:00Z",
        now(),
    )
    .await;
    desk.gather(now()).await;
    desk.webhooks.send(now()).await.unwrap();
    assert!(!desk.webhooks.send(now() + 29.seconds()).await.unwrap());
    desk.webhooks.send(now() + 30.seconds()).await.unwrap();
    desk.webhooks.send(now() + 10.minutes()).await.unwrap();
    let received = desk.received().await;
    // The redirect was an answer, not an order.
    let paths: Vec<&str> = received.iter().map(|r| r.url.path()).collect();
    assert_eq!(paths, ["/hook", "/hook", "/hook"]);
    let ids: Vec<&str> = received.iter().map(|r| header(r, "webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(received.iter().all(|r| r.body == received[0].body));
    assert_eq!(desk.states().await, [DeliveryState::Sent]);
}

#[tokio::test]
async fn an_address_that_stays_silent_is_given_up() {
    let desk = Desk::new("", true).await;
    desk.answers(500, 99).await;
    desk.absorb(
        &[("2611.10001", "Sparse attention")],
        "2026-11-23T08:00:00Z",
        now(),
    )
    .await;
    desk.gather(now()).await;
    let mut time = now();
    for _ in 0..store::DELIVERY_ATTEMPTS_MAX {
        assert!(desk.webhooks.send(time).await.unwrap());
        time += 8.hours();
    }
    assert!(!desk.webhooks.send(time).await.unwrap());
    assert_eq!(desk.states().await, [DeliveryState::Failed]);
    let hooks = desk.store.webhooks_behind(u64::MAX >> 1, 9).await.unwrap();
    assert_eq!(hooks, [], "a paused webhook hears no more");
}

#[tokio::test]
async fn an_address_that_is_gone_is_given_up_at_once() {
    let desk = Desk::new("", true).await;
    desk.answers(410, 9).await;
    desk.absorb(
        &[("2611.10001", "Sparse attention")],
        "2026-11-23T08:00:00Z",
        now(),
    )
    .await;
    desk.gather(now()).await;
    desk.webhooks.send(now()).await.unwrap();
    assert_eq!(desk.states().await, [DeliveryState::Failed]);
}

#[tokio::test]
async fn private_networks_are_not_called() {
    let desk = Desk::new("", false).await;
    desk.answers(200, 9).await;
    desk.absorb(
        &[("2611.10001", "Sparse attention")],
        "2026-11-23T08:00:00Z",
        now(),
    )
    .await;
    desk.gather(now()).await;
    desk.webhooks.send(now()).await.unwrap();
    assert!(desk.received().await.is_empty());
    assert_eq!(desk.states().await, [DeliveryState::Failed]);
    let last = desk
        .store
        .deliveries_of(desk.hook, 1)
        .await
        .unwrap()
        .remove(0);
    assert!(
        last.last_error.contains("private network"),
        "{}",
        last.last_error
    );
}

#[tokio::test]
async fn old_papers_are_no_news_and_many_come_in_parts() {
    let desk = Desk::new("", true).await;
    desk.answers(200, 99).await;
    desk.absorb(
        &[("2601.10001", "An old paper of an import")],
        "2026-01-05T08:00:00Z",
        now(),
    )
    .await;
    let fresh: Vec<(String, String)> = (1..=45)
        .map(|n| {
            (
                format!("2611.{n:05}"),
                format!("What the fresh paper {n} is about"),
            )
        })
        .collect();
    let fresh: Vec<(&str, &str)> = fresh
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    desk.absorb(&fresh, "2026-11-22T08:00:00Z", now()).await;
    desk.gather(now()).await;
    while desk.webhooks.send(now()).await.unwrap() {}
    let mut counts: Vec<usize> = Vec::new();
    for request in desk.received().await {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        counts.push(body["data"]["papers"].as_array().unwrap().len());
        assert!(!body.to_string().contains("old paper"));
    }
    counts.sort_unstable();
    assert_eq!(counts, [5, 20, 20]);
}

#[tokio::test]
async fn papers_from_before_the_webhook_are_no_news() {
    let desk = Desk::new("", true).await;
    desk.answers(200, 9).await;
    desk.absorb(
        &[("2611.10001", "Sparse attention")],
        "2026-11-23T08:00:00Z",
        now() - 1.hours(),
    )
    .await;
    desk.gather(now()).await;
    assert!(!desk.webhooks.send(now()).await.unwrap());
}

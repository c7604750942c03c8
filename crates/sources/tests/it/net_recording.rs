//! What is recorded can be replayed.

use std::path::Path;
use std::sync::Arc;

use sources::arxiv_api;
use sources::client::{Client, FetchError};
use sources::clock::ManualClock;
use sources::endpoints::Endpoints;
use sources::gate::MemoryInRam;
use sources::recording::{Recorder, Replay};
use sources::transport::{Network, Transport};
use wiremock::ResponseTemplate;

use crate::net_arxiv_text::{atom, atom_entries};
use crate::net_support::{Net, config, ok, start};

fn recorder(folder: &Path, bytes_max: u64) -> Arc<dyn Transport> {
    let config = config();
    let network = Network::new(&config.user_agent(), config.timeouts).unwrap();
    let clock = Arc::new(ManualClock::at(start()));
    Arc::new(Recorder::new(Arc::new(network), clock, folder, bytes_max).unwrap())
}

fn client(transport: Arc<dyn Transport>) -> Client {
    let clock = Arc::new(ManualClock::at(start()));
    Client::new(config(), transport, Arc::new(MemoryInRam::default()), clock)
}

async fn fetch(
    client: &Client,
    endpoints: &Endpoints,
) -> Result<sources::fetched::Fetched, FetchError> {
    let day = "2026-11-19".parse().unwrap();
    arxiv_api::submitted(client, endpoints, "cs.CL", day, day).await
}

#[tokio::test]
async fn a_replay_gives_what_the_network_gave() {
    let folder = tempfile::tempdir().unwrap();
    let net = Net::start().await;
    // A failure first: the replay goes through it too.
    net.serve_times("/api/query", 1, ResponseTemplate::new(500))
        .await;
    net.serve_query(
        "/api/query",
        ("start", "0"),
        &atom(250, 0, &atom_entries(0, 200)),
    )
    .await;
    net.serve_query(
        "/api/query",
        ("start", "200"),
        &atom(250, 200, &atom_entries(200, 250)),
    )
    .await;
    let endpoints = net.endpoints();
    let live = fetch(&client(recorder(folder.path(), 1 << 20)), &endpoints)
        .await
        .unwrap();
    assert_eq!(live.entries.len(), 250);
    drop(net);
    for _ in 0..2 {
        let replay = Replay::open(folder.path()).unwrap();
        let replayed = fetch(&client(Arc::new(replay)), &endpoints).await.unwrap();
        // All but the exact time: the failure's pause happens on both clocks alike, so even that is equal.
        assert_eq!(replayed, live);
    }
    let replay = Replay::open(folder.path()).unwrap();
    let other = fetch(
        &client(Arc::new(replay)),
        &Endpoints::all_at("http://127.0.0.1:1"),
    )
    .await;
    assert!(
        matches!(other, Err(FetchError::Recording { .. })),
        "{other:?}"
    );
}

#[tokio::test]
async fn a_recording_stays_within_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let net = Net::start().await;
    net.serve("/a", ok("body")).await;
    let client = client(recorder(folder.path(), 600));
    for _ in 0..20 {
        client.get(&net.request("/a")).await.unwrap();
    }
    let sizes: Vec<u64> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .collect();
    let total: u64 = sizes.iter().sum();
    assert!(total <= 600 && !sizes.is_empty(), "{sizes:?}");
}

#[tokio::test]
async fn a_damaged_recording_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let net = Net::start().await;
    net.serve("/a", ok("body")).await;
    client(recorder(folder.path(), 1 << 20))
        .get(&net.request("/a"))
        .await
        .unwrap();
    let file = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(&file, b"not zstd").unwrap();
    let replay = Replay::open(folder.path()).unwrap();
    let error = client(Arc::new(replay))
        .get(&net.request("/a"))
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::Recording { .. }), "{error}");
}

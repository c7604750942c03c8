//! The server as a process: started, asked, disturbed and stopped.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::papers::arxiv_dump;
use crate::program::Home;

#[test]
fn a_newcomer_sees_the_starter_shelf() {
    let server = Home::new().serve();
    let front = server.page("/");
    assert!(front.contains("NERV++: An Enhanced Implicit Neural Video Representation"));
    assert!(front.contains("lang=\"en\""));
    assert!(server.page("/papers/2402.18305").contains("Ahmed Ghorbel"));
    assert!(server.page("/search?q=video").contains("NERV++"));
}

#[test]
fn machines_can_ask_how_it_is() {
    let server = Home::new().serve();
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    server.page("/");
    let metrics = server.page("/metrics");
    assert!(
        metrics.lines().any(|line| line.starts_with("# TYPE ")),
        "{metrics}"
    );
}

#[test]
fn pages_are_guarded_and_cached() {
    let server = Home::new().serve();
    let answer = server.get("/");
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") || policy.contains("default-src 'self'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let tag = answer.header("etag").to_string();
    assert!(!tag.is_empty());
    assert_eq!(server.get_with("/", &[("if-none-match", &tag)]).status, 304);
}

#[test]
fn every_list_is_a_feed() {
    let server = Home::new().serve();
    for list in [
        "/papers/date/2025-08-07",
        "/papers/trending",
        "/categories/cs.CV",
    ] {
        for (ending, kind) in [
            ("atom", "application/atom+xml"),
            ("rss", "application/rss+xml"),
            ("json", "application/feed+json"),
        ] {
            let answer = server.get(&format!("{list}.{ending}"));
            assert_eq!(answer.status, 200, "{list}.{ending}");
            assert!(
                answer.header("content-type").starts_with(kind),
                "{}",
                answer.header("content-type")
            );
        }
    }
}

#[test]
fn a_strange_request_is_never_a_500() {
    let server = Home::new().serve();
    let requests = [
        "/papers/%00",
        "/papers/%ff%fe",
        "/papers/..%2f..%2fetc%2fpasswd",
        "/papers/date/2025-99-99",
        "/papers/week/2025-W99",
        "/search?q=%22",
        "/search?q=%ff",
        "/search?q=author%3A",
        "/search?cursor=zzz&q=a",
        "/search?page=99999999999999999999",
        "/categories/%3Cscript%3E",
        "/authors/%20",
        "/api/daily_papers?date=never",
        "/api/daily_papers?p=-1&limit=x",
        "/api/papers/search",
        "/nowhere",
        "/papers/2402.18305.exe",
        "/static/../Cargo.toml",
    ];
    for path in requests {
        let answer = server.get(path);
        assert!(answer.status < 500, "{path}: {}", answer.status);
        assert!(!answer.body.contains("<script>"), "{path} echoes markup");
    }
}

#[test]
fn it_stops_when_told() {
    let server = Home::new().serve();
    server.page("/");
    let (code, log) = server.terminate();
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("Stopped"), "{log}");
}

#[test]
fn log_lines_can_be_json() {
    let home = Home::new();
    let server = home.start(home.command(&[
        "--log-format",
        "json",
        "serve",
        "--offline",
        "--listen",
        "127.0.0.1:0",
    ]));
    let (code, log) = server.terminate();
    assert_eq!(code, 0);
    for line in log.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            value["timestamp"].is_string() && value["level"].is_string(),
            "{line}"
        );
    }
}

#[test]
fn an_import_beside_it_becomes_visible() {
    let home = Home::new();
    let server = home.serve();
    assert_eq!(server.get("/papers/2401.00001").status, 404);
    home.ok(&["import", &home.file("dump.jsonl", arxiv_dump(20))]);
    assert!(server.page("/papers/2401.00001").contains("Paper 1 on"));
    // The server looks for changes by itself; how soon is its own affair, so this only has an outer bound.
    let found = poll(|| {
        server
            .page("/search?q=id%3A2401.00007+OR+paper")
            .contains("2401.00007")
    });
    assert!(found, "the server's index did not follow");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = Home::new().fails(&["serve", "--offline", "--listen", &address], 1);
    assert!(
        said.contains(&format!("cannot listen on {address}")) && said.contains("--listen"),
        "{said}"
    );
}

#[test]
fn two_servers_share_a_folder() {
    let home = Home::new();
    let (first, second) = (home.serve(), home.serve());
    assert!(first.page("/search?q=video").contains("NERV++"));
    assert!(second.page("/search?q=video").contains("NERV++"));
}

/// Asks again and again, for half a minute at most.
fn poll(mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        if condition() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

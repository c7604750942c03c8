//! The client of a model's endpoint against a server on this machine.

use std::time::Duration;

use lab::evaluation::endpoint::{Endpoint, Message, Sampling, Settings};

use crate::model_server::{ModelServer, Reply};

fn endpoint(url: &str, timeout: Duration) -> Endpoint {
    Endpoint::new(Settings {
        url: url.to_owned(),
        model: "judge-1".to_owned(),
        key: Some("k3y".to_owned()),
        timeout,
    })
    .unwrap()
}

fn ask(url: &str) -> anyhow::Result<String> {
    endpoint(url, Duration::from_secs(30)).answer(
        &[Message::system("Be brief."), Message::user("Which?")],
        Sampling {
            seed: Some(7),
            ..Sampling::likeliest(5)
        },
    )
}

#[test]
fn a_question_is_sent_whole_and_its_answer_read() {
    let server = ModelServer::start(|_, _| Reply::text("A"));
    assert_eq!(ask(&server.url).unwrap(), "A");
    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/v1/chat/completions");
    assert!(
        asked
            .headers
            .contains(&"authorization: Bearer k3y".to_owned())
    );
    assert_eq!(
        asked.body,
        serde_json::json!({
            "model": "judge-1",
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "Which?" },
            ],
            "temperature": 0.0,
            "max_tokens": 5,
            "seed": 7,
        })
    );
}

#[test]
fn a_busy_endpoint_is_asked_again_but_not_for_ever() {
    let busy = || Reply {
        headers: vec!["retry-after: 0".to_owned()],
        ..Reply::status(429, r#"{"error":{"message":"slow down"}}"#)
    };
    let server = ModelServer::start(move |_, before| match before {
        0 | 1 => busy(),
        _ => Reply::text("B"),
    });
    assert_eq!(ask(&server.url).unwrap(), "B");
    assert_eq!(server.asked().len(), 3);

    let server = ModelServer::start(move |_, _| busy());
    let error = format!("{:#}", ask(&server.url).unwrap_err());
    assert!(error.contains("status 429: slow down"), "{error}");
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn failures_name_the_endpoint_and_the_way_out() {
    let check = |reply: fn() -> Reply, says: &str| {
        let server = ModelServer::start(move |_, _| reply());
        let error = format!("{:#}", ask(&server.url).unwrap_err());
        assert!(error.contains(says), "{error}");
        assert!(error.contains(&server.url), "{error}");
        assert_eq!(server.asked().len(), 1);
    };
    check(|| Reply::status(401, "{}"), "--key-env");
    check(|| Reply::status(404, "none"), "404: none");
    check(
        || Reply {
            headers: vec!["location: http://127.0.0.1:9/v1".to_owned()],
            ..Reply::status(302, "")
        },
        "redirects are not followed",
    );
    check(|| Reply::status(200, "hello"), "no JSON");
    check(|| Reply::status(200, "{}"), "choices[0].message.content");
    // A reply larger than any answer is not read to its end.
    check(|| Reply::text(&"a".repeat(5 << 20)), "limit");
}

#[test]
fn an_endpoint_that_says_nothing_is_given_up() {
    // Connections are taken by the system's queue, and nobody answers them.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let silent = endpoint(&url, Duration::from_millis(50));
    let error = silent
        .answer(&[Message::user("?")], Sampling::likeliest(1))
        .unwrap_err();
    assert!(format!("{error:#}").contains("timeout"), "{error:#}");
}

#[test]
fn a_key_that_no_header_carries_is_refused() {
    let wrong = Endpoint::new(Settings {
        url: "http://127.0.0.1:1/v1".to_owned(),
        model: "m".to_owned(),
        key: Some("a\nb".to_owned()),
        timeout: Duration::from_secs(1),
    });
    assert!(wrong.is_err());
}

//! The polite client: the gate, refusals, redirects, bounds.

use std::io::Write;
use std::time::Duration;

use sources::client::{FetchError, Request, Response, Visit};
use sources::transport::{Network, Outgoing, Transport, TransportError};
use sources::{announcements, arxiv_api, arxiv_listing, arxiv_oai, feed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wiremock::matchers::{header, headers, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::net_support::{Net, config, ok, start};

/// What a request came to, in one line.
async fn outcome(net: &Net, request: Request) -> String {
    match net.client.get(&request).await {
        Ok(Response::NotModified) => "not modified".to_string(),
        Ok(Response::Fresh(page)) => format!("fresh: {}", String::from_utf8_lossy(&page.body)),
        Err(FetchError::CoolingDown { until, .. }) => {
            format!(
                "cooling down for {} s",
                until.duration_since(start()).as_secs()
            )
        }
        Err(e) => e.to_string().replace(&net.server.uri(), ""),
    }
}

#[tokio::test]
async fn calls_to_arxiv_are_three_seconds_apart_over_all_services_and_restarts() {
    let mut net = Net::start().await;
    let endpoints = net.endpoints();
    let day = "2026-11-23".parse().unwrap();
    // Every answer is a plain 404: only the calls matter here.
    let visit = Visit::Anew;
    announcements::announcements(&net.client, &endpoints, "cs.CL", visit)
        .await
        .unwrap_err();
    arxiv_api::submitted(&net.client, &endpoints, "cs.CL", day, day)
        .await
        .unwrap_err();
    net.restart();
    arxiv_listing::fetch(&net.client, &endpoints, "cs.LG")
        .await
        .unwrap_err();
    let mut harvest = arxiv_oai::Harvest::new(arxiv_oai::Question::since(day, None));
    harvest.next(&net.client, &endpoints).await.unwrap_err();
    assert_eq!(net.call_seconds(), [0, 3, 6, 9, 12]);

    net.advance(100);
    arxiv_listing::fetch(&net.client, &endpoints, "cs.LG")
        .await
        .unwrap_err();
    assert_eq!(
        net.call_seconds().last(),
        Some(&112),
        "a rested gate is open at once"
    );
}

#[tokio::test]
async fn calls_made_together_still_come_one_by_one() {
    let net = Net::start().await;
    net.serve("/a", ok("a")).await;
    let get = || async {
        net.client
            .get(&Request::arxiv(net.request("/a").url))
            .await
            .unwrap()
    };
    let _ = tokio::join!(get(), get(), get(), get());
    assert_eq!(net.call_seconds(), [0, 3, 6, 9]);
}

#[tokio::test]
async fn the_contact_is_sent() {
    let net = Net::start().await;
    let agent = config().user_agent();
    assert!(agent.ends_with("(+desk@example.org)"), "{agent}");
    Mock::given(method("GET"))
        .and(path("/a"))
        .and(header("user-agent", agent.as_str()))
        .respond_with(ok("hello"))
        .mount(&net.server)
        .await;
    assert_eq!(outcome(&net, net.request("/a")).await, "fresh: hello");
}

#[tokio::test]
async fn refusals_close_the_gate_longer_each_time() {
    let mut net = Net::start().await;
    net.serve("/a", ResponseTemplate::new(429)).await;
    assert_eq!(
        outcome(&net, net.request("/a")).await,
        "cooling down for 600 s"
    );
    assert_eq!(
        outcome(&net, net.request("/b")).await,
        "cooling down for 600 s",
        "the whole host rests"
    );
    assert_eq!(net.call_seconds(), [0]);

    net.advance(600);
    assert_eq!(
        outcome(&net, net.request("/a")).await,
        "cooling down for 1800 s"
    );
    net.restart();
    assert_eq!(
        outcome(&net, net.request("/a")).await,
        "cooling down for 1800 s",
        "a restart forgets nothing"
    );
    assert_eq!(net.call_seconds(), [0, 600]);
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    for status in [403, 429, 503] {
        let net = Net::start().await;
        let refusal = ResponseTemplate::new(status).insert_header("retry-after", "3600");
        net.serve("/a", refusal).await;
        assert_eq!(
            outcome(&net, net.request("/a")).await,
            "cooling down for 3600 s"
        );
    }
    let net = Net::start().await;
    let date =
        ResponseTemplate::new(503).insert_header("retry-after", "Mon, 23 Nov 2026 09:00:00 GMT");
    net.serve("/a", date).await;
    assert_eq!(
        outcome(&net, net.request("/a")).await,
        "cooling down for 7200 s"
    );
    let net = Net::start().await;
    let forever = ResponseTemplate::new(503).insert_header("retry-after", "4000000000");
    net.serve("/a", forever).await;
    assert_eq!(
        outcome(&net, net.request("/a")).await,
        "cooling down for 86400 s"
    );
}

#[tokio::test]
async fn a_short_retry_after_is_waited_out() {
    let net = Net::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "20");
    net.serve_times("/a", 1, busy).await;
    net.serve("/a", ok("at last")).await;
    assert_eq!(outcome(&net, net.request("/a")).await, "fresh: at last");
    assert_eq!(net.call_seconds(), [0, 20]);
}

#[tokio::test]
async fn what_breaks_is_tried_again_and_then_given_up() {
    let net = Net::start().await;
    net.serve_times("/a", 2, ResponseTemplate::new(500)).await;
    net.serve("/a", ok("third")).await;
    assert_eq!(outcome(&net, net.request("/a")).await, "fresh: third");
    assert_eq!(net.call_seconds(), [0, 5, 20]);
    net.serve("/b", ResponseTemplate::new(502)).await;
    let got = outcome(&net, net.request("/b")).await;
    assert_eq!(got, "/b: no answer after 3 tries: status 502");
    let got = outcome(&net, net.request("/none")).await;
    assert_eq!(got, "/none answered with status 404");
}

#[tokio::test]
async fn a_silent_host_times_out() {
    let mut config = config();
    config.attempts_max = 1;
    config.timeouts.total = Duration::from_millis(50);
    let net = Net::configured(config).await;
    net.serve("/a", ok("late").set_delay(Duration::from_secs(5)))
        .await;
    let got = outcome(&net, net.request("/a")).await;
    assert!(got.starts_with("/a: no answer after 1 tries: "), "{got}");
}

#[tokio::test]
async fn unchanged_answers_are_not_sent_again_once_remembered() {
    let net = Net::start().await;
    Mock::given(header("if-none-match", "\"v1\""))
        // The server splits header values at commas.
        .and(headers(
            "if-modified-since",
            vec!["Mon", "23 Nov 2026 05:00:00 GMT"],
        ))
        .respond_with(ResponseTemplate::new(304))
        .mount(&net.server)
        .await;
    let answer = ok("news")
        .insert_header("etag", "\"v1\"")
        .insert_header("last-modified", "Mon, 23 Nov 2026 05:00:00 GMT");
    net.serve("/a", answer).await;
    let ask = || net.request("/a").visit(Visit::IfChanged);
    let page = net.client.get(&ask()).await.unwrap().fresh().unwrap();
    assert_eq!(
        outcome(&net, ask()).await,
        "fresh: news",
        "not stored yet, so asked for again"
    );
    net.client.remember(page.visited.as_slice()).await.unwrap();
    assert_eq!(outcome(&net, ask()).await, "not modified");
    assert_eq!(
        outcome(&net, net.request("/a")).await,
        "fresh: news",
        "unless it is wanted anew"
    );
}

#[tokio::test]
async fn bodies_are_bounded_before_and_after_decompression() {
    let mut config = config();
    config.body_max = 100_000;
    let net = Net::configured(config).await;
    net.serve(
        "/long",
        ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 100_001]),
    )
    .await;
    let got = outcome(&net, net.request("/long")).await;
    assert_eq!(
        got,
        "/long: the answer is longer than the 100000 bytes allowed"
    );

    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![0; 50_000_000]).unwrap();
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let answer = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_bytes(bomb);
    net.serve("/bomb", answer).await;
    let got = outcome(&net, net.request("/bomb")).await;
    assert_eq!(
        got,
        "/bomb: the answer is longer than the 100000 bytes allowed"
    );

    let mut small = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    small.write_all(b"hello").unwrap();
    let answer = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_bytes(small.finish().unwrap());
    net.serve("/small", answer).await;
    assert_eq!(outcome(&net, net.request("/small")).await, "fresh: hello");
}

#[tokio::test]
async fn redirects_are_followed_within_bounds() {
    let net = Net::start().await;
    let to = |at: &str| ResponseTemplate::new(302).insert_header("location", at);
    net.serve("/a", to("/b")).await;
    net.serve("/b", to("c?x=1#part")).await;
    net.serve("/c", ok("there")).await;
    assert_eq!(outcome(&net, net.request("/a")).await, "fresh: there");
    assert_eq!(net.call_seconds(), [0, 1, 2], "each hop passes the gate");
    net.serve("/round", to("/about")).await;
    net.serve("/about", to("/round")).await;
    let got = outcome(&net, net.request("/round")).await;
    assert_eq!(got, "/round: its redirects go in a circle");
    for step in 0..10 {
        net.serve(&format!("/on{step}"), to(&format!("/on{}", step + 1)))
            .await;
    }
    let got = outcome(&net, net.request("/on0")).await;
    assert_eq!(got, "/on0: it redirects too many times");
    net.serve("/nowhere", ResponseTemplate::new(302)).await;
    let got = outcome(&net, net.request("/nowhere")).await;
    assert_eq!(got, "/nowhere: it redirects without saying where to");
}

#[tokio::test]
async fn redirects_and_strangers_links_do_not_reach_the_own_network() {
    let net = Net::start().await;
    let to = |at: &str| ResponseTemplate::new(302).insert_header("location", at);
    net.serve("/meta", to("http://169.254.169.254/latest/meta-data"))
        .await;
    let got = outcome(&net, net.request("/meta")).await;
    assert!(got.contains("leads into a private network"), "{got}");
    net.serve("/file", to("file:///etc/passwd")).await;
    let got = outcome(&net, net.request("/file")).await;
    assert!(got.contains("only http and https"), "{got}");
    // Another port of this machine is another origin: the configuration did not name it.
    net.serve("/port", to("http://127.0.0.1:1/")).await;
    let got = outcome(&net, net.request("/port")).await;
    assert!(got.contains("leads into a private network"), "{got}");
    let got = outcome(&net, Request::stranger(net.request("/c").url)).await;
    assert!(got.contains("leads into a private network"), "{got}");
    assert_eq!(
        net.calls.lock().unwrap().len(),
        3,
        "nothing but the redirects was called"
    );

    let mut config = config();
    config.private_allowed = true;
    let net = Net::configured(config).await;
    net.serve("/c", ok("own network")).await;
    let got = outcome(&net, Request::stranger(net.request("/c").url)).await;
    assert_eq!(got, "fresh: own network");
}

#[tokio::test]
async fn a_name_that_stands_for_a_private_address_is_refused() {
    let net = Net::start().await;
    net.serve("/c", ok("inside")).await;
    let config = config();
    let network = Network::new(&config.user_agent(), config.timeouts).unwrap();
    let port = net.server.address().port();
    let mut outgoing = Outgoing {
        url: format!("http://localhost:{port}/c").parse().unwrap(),
        headers: Vec::new(),
        strangers: true,
        body_max: 100,
    };
    let host = "localhost".to_string();
    assert_eq!(
        network.call(&outgoing).await,
        Err(TransportError::Private { host })
    );
    outgoing.strangers = false;
    outgoing.url.set_host(Some("127.0.0.1")).unwrap();
    assert_eq!(&network.call(&outgoing).await.unwrap().body[..], b"inside");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        for body in ["0123", "0123456789"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\n";
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .await
                .unwrap();
        }
    });
    let net = Net::start().await;
    let request = Request::configured(format!("http://{address}/").parse().unwrap());
    assert_eq!(outcome(&net, request).await, "fresh: 0123456789");
    assert_eq!(net.call_seconds(), [0, 5]);
    server.await.unwrap();
}

#[tokio::test]
async fn a_feed_of_nothing_like_a_feed_says_so() {
    let net = Net::start().await;
    net.serve("/feed", ok("<html><body>Welcome</body></html>"))
        .await;
    let url = format!("{}/feed", net.server.uri());
    let trust = sources::client::Trust::Configured;
    let got = feed::fetch(&net.client, "blog", &url, trust, Visit::Anew)
        .await
        .unwrap_err();
    assert!(
        got.to_string()
            .ends_with("neither RSS nor Atom nor JSON Feed"),
        "{got}"
    );
}

//! A client on a clock that the test turns, against a server on this machine.

use std::sync::{Arc, Mutex};

use domain::record::Record;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use sources::client::{Client, Config, Request};
use sources::clock::{Clock, ManualClock};
use sources::endpoints::Endpoints;
use sources::gate::{Memory, MemoryInRam};
use sources::transport::{Incoming, Network, Outgoing, Transport, TransportError};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The moment at which every test begins: Monday, 7:00 UTC.
pub(crate) fn start() -> Timestamp {
    "2026-11-23T07:00:00Z".parse().unwrap()
}

/// A server, a client, and when which address was called.
pub(crate) struct Net {
    pub(crate) server: MockServer,
    pub(crate) clock: ManualClock,
    pub(crate) memory: Arc<MemoryInRam>,
    pub(crate) calls: Arc<Mutex<Vec<(Timestamp, String)>>>,
    pub(crate) client: Client,
}

/// Notes the time of each call on the test's clock.
struct Watched {
    network: Network,
    clock: ManualClock,
    calls: Arc<Mutex<Vec<(Timestamp, String)>>>,
}

impl Transport for Watched {
    fn call<'a>(
        &'a self,
        outgoing: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Incoming, TransportError>> {
        let call = (self.clock.now(), outgoing.url.to_string());
        self.calls.lock().unwrap().push(call);
        self.network.call(outgoing)
    }
}

impl Net {
    pub(crate) async fn start() -> Net {
        let clock = ManualClock::at(start());
        let memory = Arc::new(MemoryInRam::default());
        let calls = Arc::default();
        let client = client(&clock, &memory, &calls, &config());
        Net {
            server: MockServer::start().await,
            clock,
            memory,
            calls,
            client,
        }
    }

    /// The same with another configuration.
    pub(crate) async fn configured(config: Config) -> Net {
        let mut net = Net::start().await;
        net.client = client(&net.clock, &net.memory, &net.calls, &config);
        net
    }

    /// A new client on the same memory, as after a restart.
    pub(crate) fn restart(&mut self) {
        self.client = client(&self.clock, &self.memory, &self.calls, &config());
    }

    pub(crate) fn endpoints(&self) -> Endpoints {
        Endpoints::all_at(&self.server.uri())
    }

    pub(crate) fn request(&self, path: &str) -> Request {
        Request::configured(format!("{}{path}", self.server.uri()).parse().unwrap())
    }

    /// Serves an answer at a path, again and again.
    pub(crate) async fn serve(&self, at: &str, answer: ResponseTemplate) {
        Mock::given(method("GET"))
            .and(path(at))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    /// Serves an answer at a path, a number of times, before what is served later.
    pub(crate) async fn serve_times(&self, at: &str, times: u64, answer: ResponseTemplate) {
        Mock::given(method("GET"))
            .and(path(at))
            .respond_with(answer)
            .up_to_n_times(times)
            .mount(&self.server)
            .await;
    }

    /// Serves a body at a path where the query has a value.
    pub(crate) async fn serve_query(&self, at: &str, query: (&str, &str), body: &str) {
        Mock::given(method("GET"))
            .and(path(at))
            .and(query_param(query.0, query.1))
            .respond_with(ok(body))
            .mount(&self.server)
            .await;
    }

    /// Seconds since the start at which calls were made.
    pub(crate) fn call_seconds(&self) -> Vec<i64> {
        let calls = self.calls.lock().unwrap();
        let since = |at: &Timestamp| at.duration_since(start()).as_secs();
        calls.iter().map(|(at, _)| since(at)).collect()
    }

    /// The addresses called, after the server's own.
    pub(crate) fn call_paths(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        let base = self.server.uri();
        let path = |url: &String| url.strip_prefix(&base).unwrap_or(url).to_string();
        calls.iter().map(|(_, url)| path(url)).collect()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        let to = self.clock.now() + SignedDuration::from_secs(seconds);
        self.clock.advance_to(to);
    }
}

pub(crate) fn config() -> Config {
    Config::with_contact("desk@example.org")
}

fn client(
    clock: &ManualClock,
    memory: &Arc<MemoryInRam>,
    calls: &Arc<Mutex<Vec<(Timestamp, String)>>>,
    config: &Config,
) -> Client {
    let watched = Watched {
        network: Network::new(&config.user_agent(), config.timeouts).unwrap(),
        clock: clock.clone(),
        calls: calls.clone(),
    };
    let memory: Arc<dyn Memory> = memory.clone();
    Client::new(
        config.clone(),
        Arc::new(watched),
        memory,
        Arc::new(clock.clone()),
    )
}

pub(crate) fn ok(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string(body)
}

/// What a record holds, a line a field, without source, time of sight and empty fields.
pub(crate) fn described(record: &Record) -> String {
    let serde_json::Value::Object(fields) = serde_json::to_value(record).unwrap() else {
        panic!("a record is an object");
    };
    let empty = ["null", "[]", "false"];
    let lines: Vec<String> = fields
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "source" | "seen"))
        .map(|(name, value)| (name, value.to_string()))
        .filter(|(_, value)| !empty.contains(&value.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.replace('"', "")))
        .collect();
    lines.join("\n")
}

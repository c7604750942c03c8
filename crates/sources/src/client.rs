//! The one client of everything that is fetched: polite, bounded, and clear about why it failed.
//!
//! A call goes through the [gate] of its group of hosts, is tried again when the network broke, and
//! stops for good when the host refuses. Redirects are followed here and not below, so that each hop passes its own
//! gate and no hop leads into a private network.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::address::{self, AddressError};
use crate::clock::Clock;
use crate::gate::{self, Gate, GateError, Memory, MemoryError, Validators};
use crate::transport::{Header, Incoming, Outgoing, Timeouts, Transport, TransportError};

/// How the client behaves. Plain values, set by the binary's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// An address (mail or web) under which the hosts' keepers reach whoever runs this. Empty leaves it out.
    pub contact: String,
    /// How long calls may take.
    pub timeouts: Timeouts,
    /// Longest answer, in bytes after decompression.
    pub body_max: usize,
    /// Most redirects that one request follows.
    pub redirects_max: usize,
    /// Most calls made for one answer when the network breaks.
    pub attempts_max: u32,
    /// Whether links and redirects from outside may lead into private networks. For networks that hold their own
    /// sources; off otherwise.
    pub private_allowed: bool,
}

impl Config {
    /// The usual bounds, with a contact.
    pub fn with_contact(contact: &str) -> Self {
        Config {
            contact: contact.to_string(),
            timeouts: Timeouts {
                connect: Duration::from_secs(10),
                read: Duration::from_secs(30),
                total: Duration::from_secs(120),
            },
            body_max: 32 * 1024 * 1024,
            redirects_max: 5,
            attempts_max: 3,
            private_allowed: false,
        }
    }

    /// The `User-Agent`: name, version, contact.
    pub fn user_agent(&self) -> String {
        let name = concat!("Broadsheet/", env!("CARGO_PKG_VERSION"));
        let visible = |c: &char| c.is_ascii_graphic() && !matches!(c, '(' | ')');
        let contact: String = self.contact.chars().filter(visible).take(200).collect();
        if contact.is_empty() {
            name.to_string()
        } else {
            format!("{name} (+{contact})")
        }
    }
}

/// Who gave the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The configuration: it may point anywhere, a mirror in the own network included.
    Configured,
    /// A feed, a page or another answer: public hosts only.
    Stranger,
}

/// Whether an answer that has not changed is wanted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// Asks with the validators remembered from the last visit.
    IfChanged,
    /// Asks for the whole answer.
    Anew,
}

/// What to get.
#[derive(Debug, Clone)]
pub struct Request {
    /// The address.
    pub url: Url,
    /// Who gave it.
    pub trust: Trust,
    /// The gate's group, where it is not the host's own: a mirror of arXiv is treated as arXiv.
    pub group: Option<&'static str>,
    /// Whether an unchanged answer is wanted.
    pub visit: Visit,
    /// Longest answer in bytes, where it is less than the client's bound.
    pub body_max: Option<usize>,
}

impl Request {
    /// A whole answer from an address of the configuration.
    pub fn configured(url: Url) -> Self {
        Request {
            url,
            trust: Trust::Configured,
            group: None,
            visit: Visit::Anew,
            body_max: None,
        }
    }

    /// A whole answer from one of arXiv's services, or from a mirror of it.
    pub fn arxiv(url: Url) -> Self {
        Request {
            group: Some(gate::ARXIV),
            ..Request::configured(url)
        }
    }

    /// A whole answer from an address that a stranger gave.
    pub fn stranger(url: Url) -> Self {
        Request {
            trust: Trust::Stranger,
            ..Request::configured(url)
        }
    }

    /// The same with another [`Visit`].
    pub fn visit(self, visit: Visit) -> Self {
        Request { visit, ..self }
    }
}

/// The address of a visit with what a conditional request needs next time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visited {
    /// The address that was asked for.
    pub url: String,
    /// Of the answer.
    pub validators: Validators,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it came from in the end.
    pub url: Url,
    /// The body.
    pub body: Bytes,
    /// The few headers that are looked at.
    pub headers: Vec<Header>,
    /// When it came.
    pub at: Timestamp,
    /// To be [remembered](Client::remember) once the answer is safely stored, never before.
    pub visited: Option<Visited>,
}

/// What a request brought.
#[derive(Debug, Clone)]
pub enum Response {
    /// The same as at the last remembered visit.
    NotModified,
    /// An answer.
    Fresh(Box<Page>),
}

impl Response {
    /// The answer, if there is a new one.
    pub fn fresh(self) -> Option<Page> {
        match self {
            Response::NotModified => None,
            Response::Fresh(page) => Some(*page),
        }
    }
}

/// Why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The host refused, now or before, and wants to be left alone for a while.
    #[error("{host} wants no calls before {until}")]
    CoolingDown {
        /// The group of hosts.
        host: String,
        /// When it may be asked again.
        until: Timestamp,
    },
    /// The host answered that it will not give this.
    #[error("{url} answered with status {status}")]
    Refused {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is too long.
    #[error("{url}: the answer is longer than the {limit} bytes allowed")]
    TooLarge {
        /// The address.
        url: String,
        /// The bound, in bytes.
        limit: usize,
    },
    /// The address may not be called.
    #[error("{url}: {why}")]
    Forbidden {
        /// The address.
        url: String,
        /// Why not.
        why: AddressError,
    },
    /// Redirects go in a circle, or on and on, or nowhere.
    #[error("{url}: {why}")]
    Redirects {
        /// The address asked for first.
        url: String,
        /// What is wrong with them.
        why: &'static str,
    },
    /// No answer after several tries.
    #[error("{url}: no answer after {attempts} tries: {why}")]
    Unreachable {
        /// The address.
        url: String,
        /// How many calls were made.
        attempts: u32,
        /// What the last one said.
        why: String,
    },
    /// The answer as a whole is not what it should be.
    #[error("{url}: {why}")]
    Unreadable {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// An address or a name in the configuration or the call is wrong.
    #[error("{0}")]
    Wrong(String),
    /// The recording cannot serve it.
    #[error("{url}: {why}")]
    Recording {
        /// The address.
        url: String,
        /// Why not.
        why: String,
    },
    /// When the next call is due cannot be known.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

impl From<GateError> for FetchError {
    fn from(error: GateError) -> Self {
        match error {
            GateError::CoolingDown { group, until } => {
                FetchError::CoolingDown { host: group, until }
            }
            GateError::Memory(e) => FetchError::Memory(e),
        }
    }
}

/// The client. Cheap to share behind an [`Arc`].
pub struct Client {
    config: Config,
    transport: Arc<dyn Transport>,
    memory: Arc<dyn Memory>,
    clock: Arc<dyn Clock>,
    gate: Gate,
}

/// One step of a request that may be redirected.
struct Hop {
    url: Url,
    trust: Trust,
    group: String,
}

impl Client {
    /// A client over a transport. A recording is best replayed on a [`ManualClock`](crate::clock::ManualClock), for
    /// it needs no politeness.
    pub fn new(
        config: Config,
        transport: Arc<dyn Transport>,
        memory: Arc<dyn Memory>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let gate = Gate::new(memory.clone(), clock.clone());
        Client {
            config,
            transport,
            memory,
            clock,
            gate,
        }
    }

    /// The moment now, by the client's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Gets an answer.
    pub async fn get(&self, request: &Request) -> Result<Response, FetchError> {
        let asked = request.url.to_string();
        let headers = self.conditions(request).await?;
        let conditional = !headers.is_empty();
        let body_max = request
            .body_max
            .unwrap_or(usize::MAX)
            .min(self.config.body_max);
        let mut hop = Hop {
            url: request.url.clone(),
            trust: request.trust,
            group: match request.group {
                Some(group) => group.to_string(),
                None => gate::group_of(&request.url),
            },
        };
        let mut been = HashSet::new();
        while been.len() <= self.config.redirects_max {
            self.check(&hop)?;
            if !been.insert(hop.url.to_string()) {
                let why = "its redirects go in a circle";
                return Err(FetchError::Redirects { url: asked, why });
            }
            let outgoing = Outgoing {
                url: hop.url.clone(),
                headers: headers.clone(),
                strangers: hop.trust == Trust::Stranger && !self.config.private_allowed,
                body_max,
            };
            let incoming = self.call(&outgoing, &hop.group).await?;
            match incoming.status {
                200..=299 => return Ok(self.fresh(asked, hop.url, incoming)),
                304 if conditional => return Ok(Response::NotModified),
                301 | 302 | 303 | 307 | 308 => hop = next_hop(&asked, hop, &incoming)?,
                status => {
                    let url = hop.url.to_string();
                    return Err(FetchError::Refused { url, status });
                }
            }
        }
        let why = "it redirects too many times";
        Err(FetchError::Redirects { url: asked, why })
    }

    /// Remembers visits whose answers are stored, so that the next one may be answered by "not modified".
    pub async fn remember(&self, visited: &[Visited]) -> Result<(), FetchError> {
        let now = self.clock.now();
        for visit in visited {
            self.memory
                .set_validators(&visit.url, &visit.validators, now)
                .await?;
        }
        Ok(())
    }

    async fn conditions(
        &self,
        request: &Request,
    ) -> Result<Vec<(&'static str, String)>, FetchError> {
        if request.visit == Visit::Anew {
            return Ok(Vec::new());
        }
        let known = self.memory.validators(request.url.as_str()).await?;
        let etag = known.etag.map(|v| ("if-none-match", v));
        let modified = known.last_modified.map(|v| ("if-modified-since", v));
        Ok(etag.into_iter().chain(modified).collect())
    }

    fn check(&self, hop: &Hop) -> Result<(), FetchError> {
        let checked = if hop.trust == Trust::Configured || self.config.private_allowed {
            address::check_form(&hop.url)
        } else {
            address::check_stranger(&hop.url)
        };
        checked.map_err(|why| FetchError::Forbidden {
            url: hop.url.to_string(),
            why,
        })
    }

    fn fresh(&self, asked: String, url: Url, incoming: Incoming) -> Response {
        let validators = Validators {
            etag: incoming.header("etag").map(str::to_string),
            last_modified: incoming.header("last-modified").map(str::to_string),
        };
        Response::Fresh(Box::new(Page {
            url,
            body: incoming.body,
            headers: incoming.headers,
            at: self.clock.now(),
            visited: (!validators.is_empty()).then_some(Visited {
                url: asked,
                validators,
            }),
        }))
    }

    /// One answer of one host: through the gate, tried again while that makes sense.
    async fn call(&self, outgoing: &Outgoing, group: &str) -> Result<Incoming, FetchError> {
        let url = || outgoing.url.to_string();
        let mut attempts = 0;
        loop {
            let pass = self.gate.enter(group).await?;
            attempts += 1;
            let last = attempts >= self.config.attempts_max;
            let why = match self.transport.call(outgoing).await {
                Ok(incoming) if matches!(incoming.status, 403 | 429 | 503) => {
                    let now = self.clock.now();
                    let asked = incoming
                        .header("retry-after")
                        .and_then(|value| retry_after(value, now));
                    let why = format!("status {}", incoming.status);
                    let until = self.gate.refused(pass, asked, &why).await?;
                    // A short pause that the host itself named is flow control, not a refusal: the gate waits it out.
                    let short = asked.is_some_and(|asked| asked <= gate::PATIENCE);
                    if short && !last && incoming.status != 403 {
                        continue;
                    }
                    let host = group.to_string();
                    return Err(FetchError::CoolingDown { host, until });
                }
                Ok(incoming) if incoming.status >= 500 || incoming.status == 408 => {
                    format!("status {}", incoming.status)
                }
                Ok(incoming) => {
                    self.gate.answered(pass);
                    return Ok(incoming);
                }
                Err(TransportError::Broken(why)) => why,
                Err(other) => return Err(final_error(url(), other)),
            };
            if last {
                let url = url();
                return Err(FetchError::Unreachable { url, attempts, why });
            }
            tracing::debug!(url = %outgoing.url, attempts, "No answer, trying again: {why}");
            self.clock.sleep_until(self.backed_off(attempts)).await;
        }
    }

    /// 5, 15, 45 ... seconds from now.
    fn backed_off(&self, attempts: u32) -> Timestamp {
        let seconds = 5 * 3_i64.pow(attempts.saturating_sub(1).min(5));
        let pause = SignedDuration::from_secs(seconds);
        self.clock
            .now()
            .checked_add(pause)
            .unwrap_or(Timestamp::MAX)
    }
}

/// Errors that another try would not mend.
fn final_error(url: String, error: TransportError) -> FetchError {
    match error {
        TransportError::TooLarge { limit } => FetchError::TooLarge { url, limit },
        TransportError::Private { host } => FetchError::Forbidden {
            url,
            why: AddressError::Private(host),
        },
        TransportError::Broken(why) => FetchError::Unreachable {
            url,
            attempts: 1,
            why,
        },
        other @ (TransportError::NotRecorded | TransportError::Recording(_)) => {
            let why = other.to_string();
            FetchError::Recording { url, why }
        }
    }
}

/// Where a redirect leads. Leaving the origin that the configuration named ends its trust.
fn next_hop(asked: &str, from: Hop, incoming: &Incoming) -> Result<Hop, FetchError> {
    let target = incoming
        .header("location")
        .and_then(|location| from.url.join(location).ok());
    let Some(mut url) = target else {
        let why = "it redirects without saying where to";
        let url = asked.to_string();
        return Err(FetchError::Redirects { url, why });
    };
    url.set_fragment(None);
    if from.url.scheme() == "https" && url.scheme() == "http" {
        let why = AddressError::Downgrade;
        let url = url.to_string();
        return Err(FetchError::Forbidden { url, why });
    }
    if url.origin() == from.url.origin() {
        return Ok(Hop { url, ..from });
    }
    Ok(Hop {
        group: gate::group_of(&url),
        trust: Trust::Stranger,
        url,
    })
}

/// How long a `Retry-After` asks to wait: seconds, or a date.
fn retry_after(value: &str, now: Timestamp) -> Option<SignedDuration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(SignedDuration::from_secs(i64::from(seconds)));
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(at.duration_since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-23T07:00:00Z".parse().unwrap();
        let seconds = |text| retry_after(text, now).map(|d| d.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Mon, 23 Nov 2026 07:05:00 GMT"), Some(300));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-5"), None);
        assert_eq!(seconds("99999999999999999999"), None);
    }

    #[test]
    fn the_contact_stands_in_the_user_agent() {
        let agent = |contact| Config::with_contact(contact).user_agent();
        let name = concat!("Broadsheet/", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            agent("desk@example.org"),
            format!("{name} (+desk@example.org)")
        );
        assert_eq!(agent("a\r\nx: (b)"), format!("{name} (+ax:b)"));
        assert_eq!(agent(""), name);
    }
}

//! One HTTP call, no more: no redirects, no retries, no politeness. Those are the [client](crate::client)'s.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::address::is_public;

/// The headers of an answer that anything here looks at; the rest is dropped, cookies among them.
const HEADERS_KEPT: [&str; 6] = [
    "content-type",
    "etag",
    "last-modified",
    "link",
    "location",
    "retry-after",
];

/// Longest header value that is kept, in bytes.
const HEADER_LEN_MAX: usize = 4096;

/// One call to be made. Always `GET`.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Where to.
    pub url: Url,
    /// Lower-case names and values, beside those that every call carries.
    pub headers: Vec<(&'static str, String)>,
    /// Whether names that stand for private addresses are refused.
    pub strangers: bool,
    /// Longest body that is read, in bytes, counted after decompression.
    pub body_max: usize,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The HTTP status.
    pub status: u16,
    /// Lower-case names and values of the few headers that are looked at.
    pub headers: Vec<Header>,
    /// The body, decompressed.
    pub body: Bytes,
}

/// A header's name and value.
pub type Header = (String, String);

impl Incoming {
    /// The first value of a header, by lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Why a call brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum TransportError {
    /// The body is longer than allowed, counted after decompression.
    #[error("the answer is longer than the {limit} bytes allowed")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The name stands for a private address.
    #[error(
        "`{host}` stands for an address in a private network, which links from outside may not"
    )]
    Private {
        /// The name.
        host: String,
    },
    /// No connection, no answer in time, or an answer that broke off. Worth another try.
    #[error("{0}")]
    Broken(String),
    /// Nothing was recorded for the address.
    #[error("nothing was recorded for this address")]
    NotRecorded,
    /// The recording cannot be read or written.
    #[error("the recording: {0}")]
    Recording(String),
}

/// Something that makes calls: the network, the network with a recorder, or a recording.
pub trait Transport: Send + Sync {
    /// Makes one call.
    fn call<'a>(
        &'a self,
        outgoing: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Incoming, TransportError>>;
}

/// How long calls may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the connection to stand.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub read: Duration,
    /// For the whole call.
    pub total: Duration,
}

/// The real network.
pub struct Network {
    trusted: reqwest::Client,
    guarded: reqwest::Client,
}

/// The network client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the network client cannot be set up: {0}")]
pub struct SetupError(#[from] reqwest::Error);

impl Network {
    /// Sets up the client under a `User-Agent`.
    pub fn new(user_agent: &str, timeouts: Timeouts) -> Result<Self, SetupError> {
        // Whoever was first decides for the process; an error says that somebody was.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            reqwest::Client::builder()
                .user_agent(user_agent)
                .connect_timeout(timeouts.connect)
                .read_timeout(timeouts.read)
                .timeout(timeouts.total)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
        };
        Ok(Network {
            trusted: builder().build()?,
            guarded: builder().dns_resolver(Arc::new(PublicOnly)).build()?,
        })
    }
}

impl Network {
    /// Makes one call that sends a body. For [`Poster`](crate::post::Poster), which checks the address.
    pub(crate) async fn post(
        &self,
        url: Url,
        headers: &[(&'static str, String)],
        body: Bytes,
        strangers: bool,
        body_max: usize,
    ) -> Result<Incoming, TransportError> {
        let client = if strangers {
            &self.guarded
        } else {
            &self.trusted
        };
        let mut request = client.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.map_err(|e| broken(&e))?;
        read(response, body_max).await
    }
}

impl Transport for Network {
    fn call<'a>(
        &'a self,
        outgoing: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Incoming, TransportError>> {
        Box::pin(async move {
            let client = if outgoing.strangers {
                &self.guarded
            } else {
                &self.trusted
            };
            let mut request = client.get(outgoing.url.clone());
            for (name, value) in &outgoing.headers {
                request = request.header(*name, value);
            }
            let response = request.send().await.map_err(|e| broken(&e))?;
            read(response, outgoing.body_max).await
        })
    }
}

/// Reads an answer piece by piece, so that neither a lying length nor a compressed bomb fills the memory.
async fn read(
    mut response: reqwest::Response,
    body_max: usize,
) -> Result<Incoming, TransportError> {
    let too_large = || TransportError::TooLarge { limit: body_max };
    let status = response.status().as_u16();
    let headers = HEADERS_KEPT
        .iter()
        .filter_map(|name| {
            let value = response.headers().get(*name)?.as_bytes();
            let value = String::from_utf8_lossy(value.get(..HEADER_LEN_MAX).unwrap_or(value));
            Some(((*name).to_string(), value.into_owned()))
        })
        .collect();
    if response
        .content_length()
        .is_some_and(|n| n > body_max as u64)
    {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| broken(&e))? {
        if body.len() + chunk.len() > body_max {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Incoming {
        status,
        headers,
        body: body.freeze(),
    })
}

/// The whole chain of causes, for the outermost alone says little; a refused private name comes out as itself.
fn broken(error: &reqwest::Error) -> TransportError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(PrivateName(host)) = cause.downcast_ref() {
            return TransportError::Private { host: host.clone() };
        }
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    TransportError::Broken(text)
}

/// Resolves names to public addresses only.
struct PublicOnly;

#[derive(Debug, thiserror::Error)]
#[error("`{0}` stands for private addresses only")]
struct PrivateName(String);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|a| is_public(a.ip())).collect();
            if public.is_empty() {
                return Err(PrivateName(name.as_str().to_string()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

//! Calls to a server that the configuration names, such as the one that signs people in: bounded, without redirects.

use std::time::Duration;

use bytes::Bytes;
use url::Url;

use crate::transport::{
    Incoming, Network, Outgoing, SetupError, Timeouts, Transport, TransportError,
};

/// Longest answer that is read, in bytes.
const ANSWER_LEN_MAX: usize = 1024 * 1024;

/// How long the other side may take.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    read: Duration::from_secs(5),
    total: Duration::from_secs(8),
};

/// Makes calls to a server that is trusted because the configuration names it; it may be in a private network.
pub struct Caller {
    network: Network,
}

impl Caller {
    /// Under a `User-Agent`.
    ///
    /// # Errors
    /// When the network client cannot be set up.
    pub fn new(user_agent: &str) -> Result<Self, SetupError> {
        Ok(Caller {
            network: Network::new(user_agent, TIMEOUTS)?,
        })
    }

    /// One `GET`, with headers in lower case.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn get(
        &self,
        url: Url,
        headers: Vec<(&'static str, String)>,
    ) -> Result<Incoming, TransportError> {
        let outgoing = Outgoing {
            url,
            headers,
            strangers: false,
            body_max: ANSWER_LEN_MAX,
        };
        self.network.call(&outgoing).await
    }

    /// One `POST`, with headers in lower case.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn post(
        &self,
        url: Url,
        headers: &[(&'static str, String)],
        body: Bytes,
    ) -> Result<Incoming, TransportError> {
        let answer = self.network.post(url, headers, body, false, ANSWER_LEN_MAX);
        answer.await
    }
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Caller")
    }
}

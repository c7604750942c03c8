//! Who asks, as far as that can be told from the network: for bounds on how often one may try.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Extensions;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::state::App;

/// An IPv4 address, or the network of an IPv6 address (its first 64 bits, which one client has to itself). `None` where
/// it cannot be told: for a proxy on this machine that does not say for whom it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(pub Option<IpAddr>);

impl Client {
    /// By the header in which a trusted proxy names the client, where one is configured; otherwise by the connection.
    pub fn of(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Self {
        if let Some(name) = &app.site.client_header {
            let named = headers.get(name).and_then(|v| v.to_str().ok());
            let named = named.and_then(|text| text.trim().parse().ok());
            return Client(named.map(network));
        }
        Client(peer(extensions).filter(|ip| !ip.is_loopback()).map(network))
    }
}

/// The other end of the connection.
pub(crate) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let info = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(info.0.ip().to_canonical())
}

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Client::of(app, &parts.headers, &parts.extensions))
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: &str) {
        assert_eq!(network(address.parse().unwrap()).to_string(), expected);
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
        check("::ffff:192.0.2.1", "192.0.2.1");
        check("192.0.2.1", "192.0.2.1");
    }
}

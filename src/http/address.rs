//! Where a request comes from. `X-Forwarded-For` counts only as far as trusted proxies wrote it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

use crate::AppState;
use crate::config::{Cidr, subscriber};

/// The address that a request comes from. Without a connection (in tests) it is 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Whose limits it counts against: the IPv4 address or the IPv6 /64.
    #[must_use]
    pub fn subscriber(self) -> IpAddr {
        subscriber(self.0)
    }

    /// The address of a request.
    #[must_use]
    pub fn of(parts: &Parts, trusted: &[Cidr]) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip());
        let headers = parts.headers.get_all("x-forwarded-for").into_iter();
        let written: Vec<&str> = headers.filter_map(|h| h.to_str().ok()).flat_map(|h| h.split(',')).collect();
        Self(behind(peer.to_canonical(), &written, trusted))
    }
}

/// Each proxy appends the address that it saw: from the right, the first that is no trusted proxy is the client.
fn behind(peer: IpAddr, written: &[&str], trusted: &[Cidr]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut client = peer;
    for text in written.iter().rev() {
        if !is_trusted(client) {
            break;
        }
        let Ok(address) = text.trim().parse::<IpAddr>() else {
            break;
        };
        client = address.to_canonical();
    }
    client
}

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(parts, &state.config.server.trusted_proxies))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_what_trusted_proxies_wrote_counts() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let client = |peer: &str, written: &[&str]| behind(ip(peer), written, &trusted);
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), ip("192.0.2.1"), "the peer is no proxy");
        assert_eq!(client("10.0.0.1", &["198.51.100.7"]), ip("198.51.100.7"));
        assert_eq!(
            client("10.0.0.1", &["203.0.113.9", " 198.51.100.7"]),
            ip("198.51.100.7"),
            "forged on the left"
        );
        assert_eq!(client("10.0.0.1", &["198.51.100.7", "10.0.0.2"]), ip("198.51.100.7"), "two proxies");
        assert_eq!(client("10.0.0.1", &["unknown"]), ip("10.0.0.1"));
        assert_eq!(client("10.0.0.1", &[]), ip("10.0.0.1"));
    }
}

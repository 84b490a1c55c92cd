//! Ports: the suggested ones, or free ones where those are busy.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use anyhow::Context as _;

/// A listener on 127.0.0.1: on this port, or on a free one if it is busy.
pub(super) fn listen(port: u16) -> anyhow::Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)),
        bound => bound,
    }
    .with_context(|| format!("127.0.0.1:{port}"))
}

/// A port for a server that binds it itself and that browsers reach as `localhost`: this one, or a free one if it is
/// busy or 0.
pub(super) fn for_localhost(port: u16) -> anyhow::Result<u16> {
    if port != 0 && is_free(port)? {
        return Ok(port);
    }
    for _ in 0..16 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        if is_free(port)? {
            return Ok(port);
        }
    }
    anyhow::bail!("no free port")
}

/// Whether nobody has the port, on either of the addresses that `localhost` may stand for.
pub(super) fn is_free(port: u16) -> io::Result<bool> {
    let busy = |bound: io::Result<TcpListener>| match bound {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(true),
        Err(error) => Err(error),
    };
    let v4 = busy(TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
    // A machine without IPv6 has nobody on it either.
    let v6 = busy(TcpListener::bind((Ipv6Addr::LOCALHOST, port))).unwrap_or(false);
    Ok(!v4 && !v6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_falls_to_a_free_one() {
        let first = listen(0).unwrap();
        let port = first.local_addr().unwrap().port();
        assert!(!is_free(port).unwrap());
        assert_ne!(listen(port).unwrap().local_addr().unwrap().port(), port);
        assert_ne!(for_localhost(port).unwrap(), port);
        assert_ne!(for_localhost(0).unwrap(), 0);
    }
}

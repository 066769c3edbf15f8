//! The address guard. Names are resolved here and private addresses are taken out at the moment of
//! connecting, so that a name cannot point somewhere else between check and use. An origin that the
//! configuration names for a source is let through, for that source alone.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// True for addresses of the public Internet.
/// Source: the special-purpose registries of IANA for IPv4 and IPv6.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(a) => public_v4(a),
        IpAddr::V6(a) => public_v6(a),
    }
}

/// True for an address that says by itself that it is private: in numbers, `localhost`, a name of one word or of a
/// local domain. Whoever owns any other name may point it anywhere, and anywhere else tomorrow.
#[must_use]
pub fn names_private(url: &str) -> bool {
    let Ok(u) = url::Url::parse(url) else { return false };
    match u.host() {
        Some(url::Host::Ipv4(a)) => !public_v4(a),
        Some(url::Host::Ipv6(a)) => !public_v6(a),
        Some(url::Host::Domain(d)) => {
            let d = d.trim_end_matches('.').to_ascii_lowercase();
            let local = [".localhost", ".local", ".internal", ".lan", ".home.arpa"];
            !d.contains('.') || local.iter().any(|l| d.ends_with(l))
        }
        None => false,
    }
}

fn public_v4(a: Ipv4Addr) -> bool {
    let [x, y, z, _] = a.octets();
    !(x == 0
        || x == 10
        || x == 127
        || (x == 100 && (64..128).contains(&y))
        || (x == 169 && y == 254)
        || (x == 172 && (16..32).contains(&y))
        || (x == 192 && y == 0 && (z == 0 || z == 2))
        || (x == 192 && y == 88 && z == 99)
        || (x == 192 && y == 168)
        || (x == 198 && (y == 18 || y == 19))
        || (x == 198 && y == 51 && z == 100)
        || (x == 203 && y == 0 && z == 113)
        || x >= 224)
}

fn public_v6(a: Ipv6Addr) -> bool {
    // Forms that carry an IPv4 address are judged by it.
    if let Some(v4) = a.to_ipv4_mapped() {
        return public_v4(v4);
    }
    let s = a.segments();
    let v4 = |hi: u16, lo: u16| {
        let (h, l) = (hi.to_be_bytes(), lo.to_be_bytes());
        Ipv4Addr::new(h[0], h[1], l[0], l[1])
    };
    if s[..6] == [0, 0, 0, 0, 0, 0] {
        return false;
    }
    if s[0] == 0x64 && s[1] == 0xff9b {
        return s[2..6] == [0, 0, 0, 0] && public_v4(v4(s[6], s[7]));
    }
    if s[0] == 0x2002 {
        return public_v4(v4(s[1], s[2]));
    }
    // Only 2000::/3 is handed out; of it, documentation, Teredo and benchmarking are not public.
    (s[0] & 0xe000) == 0x2000
        && !(s[0] == 0x2001 && (s[1] == 0xdb8 || s[1] < 0x200))
        && !(s[0] == 0x3fff && s[1] < 0x1000)
}

/// Resolves by the system, then (if `guarded`) drops private addresses.
pub struct Guard {
    pub inner: Arc<dyn Resolve>,
    pub guarded: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let shown = name.as_str().to_owned();
        let found = self.inner.resolve(name);
        let guarded = self.guarded;
        Box::pin(async move {
            let all: Vec<SocketAddr> = found.await?.collect();
            let some = !all.is_empty();
            let ok: Vec<SocketAddr> = all.into_iter().filter(|a| !guarded || is_public(a.ip())).collect();
            if ok.is_empty() {
                let why = if some { PRIVATE } else { "the name has no address" };
                return Err(format!("{shown}: {why}").into());
            }
            Ok(Box::new(ok.into_iter()) as Addrs)
        })
    }
}

/// Why the guard refused; also looked for in errors, to name the cause.
pub const PRIVATE: &str = "a private address, which only an origin named in the configuration may have";

/// The system's resolver, off the event loop.
pub struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_addresses_say_that_they_are_private() {
        for url in [
            "http://127.0.0.1:80/f",
            "http://[::1]/f",
            "http://wiki/f",
            "http://NAS.lan/f",
            "http://10.0.0.1/",
        ] {
            assert!(names_private(url), "{url}");
        }
        for url in ["https://blog.example/f", "https://local.example/", "http://8.8.8.8/", "nothing"] {
            assert!(!names_private(url), "{url}");
        }
    }

    #[test]
    fn private_addresses_are_known_in_every_dress() {
        for s in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.20.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(s.parse().unwrap()), "{s}");
        }
        for s in ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"] {
            assert!(is_public(s.parse().unwrap()), "{s}");
        }
    }
}

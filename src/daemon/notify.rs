//! Words to systemd, where it started us: ready, stopping, still alive.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// The socket of the service manager, if there is one.
pub struct Notify {
    to: Option<(UnixDatagram, std::os::unix::net::SocketAddr)>,
    /// How often it wants to hear that we are alive.
    pub watchdog: Option<Duration>,
}

impl Notify {
    /// As the environment says.
    #[must_use]
    pub fn from_env() -> Notify {
        let to = std::env::var_os("NOTIFY_SOCKET").and_then(|path| {
            let name = path.to_str()?;
            let addr = match name.strip_prefix('@') {
                #[cfg(target_os = "linux")]
                Some(abstract_name) => {
                    use std::os::linux::net::SocketAddrExt;
                    std::os::unix::net::SocketAddr::from_abstract_name(abstract_name).ok()?
                }
                _ => std::os::unix::net::SocketAddr::from_pathname(name).ok()?,
            };
            Some((UnixDatagram::unbound().ok()?, addr))
        });
        let us = std::env::var("WATCHDOG_USEC").ok().and_then(|n| n.parse::<u64>().ok());
        let mine = std::env::var("WATCHDOG_PID")
            .map_or(true, |p| p.parse() == Ok(rustix::process::getpid().as_raw_nonzero().get()));
        let watchdog = us.filter(|n| mine && *n > 0 && to.is_some()).map(|n| Duration::from_micros(n / 2));
        Notify { to, watchdog }
    }

    /// Says something; nobody there is fine.
    pub fn say(&self, what: &str) {
        if let Some((socket, addr)) = &self.to {
            let _ = socket.send_to_addr(what.as_bytes(), addr);
        }
    }
}

//! Who is at the other end, as the kernel says: user, groups, process.

use crate::clean;
use std::os::fd::AsRawFd;
use tokio::net::UnixStream;

/// The other end of a socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peer {
    pub uid: u32,
    /// The user's name on this system.
    pub name: String,
    /// The names of all groups, the supplementary ones too.
    pub groups: Vec<String>,
}

impl Peer {
    /// # Errors
    /// If the kernel does not say.
    pub fn of(s: &UnixStream) -> std::io::Result<Peer> {
        let cred = s.peer_cred()?;
        let mut gids = vec![cred.gid()];
        gids.extend(supplementary(s.as_raw_fd()));
        let names = std::fs::read_to_string("/etc/group").unwrap_or_default();
        let mut groups: Vec<String> = gids.iter().filter_map(|g| name_of(&names, *g)).collect();
        groups.sort_unstable();
        groups.dedup();
        let name = user_name(cred.uid()).unwrap_or_else(|| format!("uid{}", cred.uid()));
        Ok(Peer { uid: cred.uid(), name, groups })
    }
}

/// The name of a user of this system.
pub fn user_name(uid: u32) -> Option<String> {
    let all = std::fs::read_to_string("/etc/passwd").ok()?;
    name_of(&all, uid).map(|n| clean::line_capped(&n, 64).into_string())
}

/// The number of a group of this system.
pub fn group_id(name: &str) -> Option<u32> {
    let all = std::fs::read_to_string("/etc/group").ok()?;
    all.lines().find_map(|l| {
        let mut f = l.split(':');
        (f.next()? == name).then(|| f.nth(1)?.parse().ok())?
    })
}

/// The first field of the line whose third one is this number.
fn name_of(table: &str, number: u32) -> Option<String> {
    table.lines().find_map(|l| {
        let mut f = l.split(':');
        let (name, n) = (f.next()?, f.nth(1)?);
        (n.parse() == Ok(number)).then(|| name.to_owned())
    })
}

/// The supplementary groups that the other end had when it connected.
#[cfg(target_os = "linux")]
fn supplementary(fd: i32) -> Vec<u32> {
    let mut gids = vec![0u32; 1024];
    let mut len = (gids.len() * size_of::<u32>()) as libc::socklen_t;
    #[allow(unsafe_code, reason = "no library of ours has this socket option")]
    // SAFETY: the kernel writes at most `len` bytes into the vector, which has as many, and says how many it wrote.
    let done = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEERGROUPS, gids.as_mut_ptr().cast(), &raw mut len)
    };
    let n = if done == 0 { len as usize / size_of::<u32>() } else { 0 };
    gids.truncate(n);
    gids
}

#[cfg(not(target_os = "linux"))]
fn supplementary(_: i32) -> Vec<u32> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_kernel_says_who_we_are() {
        let (a, _b) = UnixStream::pair().unwrap();
        let p = Peer::of(&a).unwrap();
        assert_eq!(p.uid, rustix::process::getuid().as_raw());
        assert!(!p.name.is_empty());
        let table = "root:x:0:\ncommunity:x:1001:ana,bo\n";
        assert_eq!(name_of(table, 1001).as_deref(), Some("community"));
        assert_eq!(name_of(table, 7), None);
    }
}

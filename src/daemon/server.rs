//! The socket beside the engine. Every connection has its own tasks and its own limits: one that sends nonsense,
//! reads nothing or comes a hundred times harms nobody else. Replies wait for whoever reads slowly; events that
//! are not read collapse into one [`Event::Resync`].

use super::lines;
use super::peer::{self, Peer};
use super::wire::{self, FromClient, FromServer, Hello, REPLY_MAX, REQUEST_MAX};
use crate::door::{Door, Event, Refusal, RefusalKind, Reply, next_event};
use crate::model::Text;
use std::collections::HashMap;
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, broadcast, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

/// The longest path of a socket, in bytes (sun_path less its end).
pub const PATH_MAX: usize = 107;
/// A greeting takes no longer.
const GREETING: Duration = Duration::from_secs(5);
/// A frame that was begun is whole after this.
const FRAME: Duration = Duration::from_secs(60);
/// Connections of one user, and of all.
const PER_USER: usize = 64;
const ALL: usize = 512;
/// Requests of one connection that are under way, and bytes of requests that it may hold here, in KB.
const AT_ONCE: usize = 8;
const HELD_KB: usize = 24 << 10;
/// Requests of one user that are under way, all connections together.
const PER_USER_AT_ONCE: usize = 64;
/// Connections beyond the limit that are told so at the same time; more are dropped.
const TOLD: usize = 16;
/// Events in a row before an answer goes first.
const EVENTS: u32 = 64;

/// How often the socket's file is looked after.
const LOOK: Duration = Duration::from_secs(20);

/// Somebody who was let in.
pub struct Guest {
    pub door: Arc<dyn Door>,
    pub who: String,
    pub role: String,
    /// Something that they should know at once.
    pub notice: Option<String>,
}

/// Why a server ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    Told,
    Idle,
    /// Its socket or its data was taken away.
    Gone,
}

/// What stands behind the socket.
pub trait Host: Send + Sync {
    /// Lets somebody in, or says in a sentence why not. `config`: the file that they asked for by name.
    ///
    /// # Errors
    /// The sentence.
    fn admit(&self, peer: &Peer, config: Option<&str>) -> Result<Guest, String>;
    /// False once there is nothing left to serve (somebody removed the data).
    fn stands(&self) -> bool;
    /// True while something is to be finished before an engine that nobody needs leaves.
    fn is_busy(&self) -> bool {
        false
    }
    /// The number of attached terminals changed.
    fn attached(&self, terminals: u32);
}

/// A socket that is listened at.
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

/// Makes the socket: for this user alone, or for a group too.
///
/// # Errors
/// A sentence.
pub fn bind(path: &Path, group: Option<&str>) -> Result<Server, String> {
    let at = path.display();
    if path.as_os_str().len() > PATH_MAX {
        return Err(format!(
            "the path of the socket is longer than {PATH_MAX} bytes: {at}; choose one with --socket"
        ));
    }
    let dir = path.parent().ok_or_else(|| format!("{at} is no place for a socket"))?;
    private_folder(dir)?;
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => return Err(format!("another engine listens at {at} already")),
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        // What nobody listens at is left from a crash: whoever has the store's lock may take its place.
        Err(_) => {
            std::fs::remove_file(path).map_err(|e| format!("cannot remove the old socket {at}: {e}"))?
        }
    }
    let listener = UnixListener::bind(path).map_err(|e| format!("cannot listen at {at}: {e}"))?;
    let mode = match group {
        Some(name) => {
            let gid =
                peer::group_id(name).ok_or_else(|| format!("there is no group {name} on this system"))?;
            std::os::unix::fs::chown(path, None, Some(gid))
                .map_err(|e| format!("cannot give {at} to the group {name}: {e}"))?;
            0o660
        }
        None => 0o600,
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .map_err(|e| format!("{at}: {e}"))?;
    let inode = std::fs::metadata(path).map_or(0, |m| m.ino());
    Ok(Server { listener, path: path.to_owned(), inode })
}

/// A folder that nobody else may change: made, or looked at.
fn private_folder(dir: &Path) -> Result<(), String> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|e| format!("cannot make the folder {}: {e}", dir.display()))?;
    // Never through a link that somebody else may have put there.
    let m = std::fs::symlink_metadata(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let me = rustix::process::geteuid().as_raw();
    if !m.is_dir() || (m.uid() != me && m.uid() != 0) || m.mode() & 0o022 != 0 {
        return Err(format!("{} can be changed by others; a socket there could be anybody's", dir.display()));
    }
    Ok(())
}

/// Who is here.
#[derive(Default)]
struct House {
    by_user: Mutex<HashMap<u32, usize>>,
    at_once: Mutex<HashMap<u32, Arc<Semaphore>>>,
    told: std::sync::atomic::AtomicUsize,
    terminals: std::sync::atomic::AtomicU32,
}

impl House {
    fn users(&self) -> std::sync::MutexGuard<'_, HashMap<u32, usize>> {
        self.by_user.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns of a user for requests.
    fn turns(&self, uid: u32) -> Arc<Semaphore> {
        let mut all = self.at_once.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(uid).or_insert_with(|| Arc::new(Semaphore::new(PER_USER_AT_ONCE))).clone()
    }

    fn is_empty(&self) -> bool {
        self.users().is_empty()
    }
}

/// One connection among those of its user; leaves with it.
struct Seat {
    house: Arc<House>,
    host: Arc<dyn Host>,
    uid: u32,
    attached: bool,
    left: mpsc::Sender<()>,
}

impl Seat {
    fn take(house: &Arc<House>, host: &Arc<dyn Host>, uid: u32, left: mpsc::Sender<()>) -> Option<Seat> {
        let mut users = house.users();
        let all: usize = users.values().sum();
        let mine = users.entry(uid).or_default();
        if *mine >= PER_USER || all >= ALL {
            return None;
        }
        *mine += 1;
        Some(Seat { house: house.clone(), host: host.clone(), uid, attached: false, left })
    }

    fn attach(&mut self) {
        self.attached = true;
        let n = self.house.terminals.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        self.host.attached(n);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.attached {
            let n = self.house.terminals.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) - 1;
            self.host.attached(n);
        }
        let mut users = self.house.users();
        if let Some(n) = users.get_mut(&self.uid) {
            *n -= 1;
            if *n == 0 {
                users.remove(&self.uid);
            }
        }
        drop(users);
        let _ = self.left.try_send(());
    }
}

impl Server {
    /// Serves until told to stop, or, with `linger`, so long after the last connection ended. The socket is removed.
    pub async fn run(
        self,
        host: Arc<dyn Host>,
        linger: Option<Duration>,
        mut stop: watch::Receiver<bool>,
    ) -> Ended {
        let house = Arc::new(House::default());
        let (left_tx, mut left) = mpsc::channel(1);
        let mut empty_since = Instant::now();
        let mut look = tokio::time::interval(LOOK);
        let mut pause = Duration::ZERO;
        let why = loop {
            let idle = linger.filter(|_| house.is_empty());
            tokio::select! {
                _ = stop.changed() => break Ended::Told,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        pause = Duration::ZERO;
                        // They are seated in a task of their own, in a moment.
                        empty_since = Instant::now();
                        let (house, host, left) = (house.clone(), host.clone(), left_tx.clone());
                        tokio::spawn(async move {
                            // What goes wrong here is one connection's own affair.
                            let _ = welcome(stream, house, host, left).await;
                        });
                    }
                    // No file descriptors are left: the others go on, and this one is tried again.
                    Err(_) => {
                        pause = (pause + Duration::from_millis(50)).min(Duration::from_secs(1));
                        tokio::time::sleep(pause).await;
                    }
                },
                _ = left.recv() => empty_since = Instant::now(),
                () = sleep_until(empty_since + idle.unwrap_or_default()), if idle.is_some() => {
                    // Somebody may have come since this began to wait.
                    if house.is_empty() && !host.is_busy() {
                        break Ended::Idle;
                    }
                    empty_since = Instant::now();
                }
                _ = look.tick() => {
                    if !self.is_ours() || !host.stands() {
                        break Ended::Gone;
                    }
                },
            }
        };
        if self.is_ours() {
            let _ = std::fs::remove_file(&self.path);
        }
        why
    }

    /// False if somebody removed or replaced the file: then nobody finds this engine any more.
    fn is_ours(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|m| m.ino() == self.inode)
    }
}

async fn welcome(
    stream: UnixStream,
    house: Arc<House>,
    host: Arc<dyn Host>,
    left: mpsc::Sender<()>,
) -> std::io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    let Some(mut seat) = Seat::take(&house, &host, uid, left) else {
        let (mut r, mut w) = stream.into_split();
        let _one = match Told::one(&house) {
            Some(one) => one,
            None => return Ok(()),
        };
        w.write_all(&wire::preamble()).await?;
        let sentence = "too many connections of yours are open already; close some of them".to_owned();
        wire::send(&mut w, &FromServer::Refused(sentence), REPLY_MAX).await?;
        w.shutdown().await?;
        return last_words(&mut r).await;
    };
    let peer = Peer::of(&stream)?;
    let (mut r, mut w) = stream.into_split();
    let mut first = [0; 8];
    timeout(GREETING, r.read_exact(&mut first[..1])).await??;
    if first[0] == b'{' {
        return lines::serve(&peer, &*host, first[0], r, w).await;
    }
    timeout(GREETING, r.read_exact(&mut first[1..])).await??;
    let Some(theirs) = wire::protocol_of(first) else { return Ok(()) };
    w.write_all(&wire::preamble()).await?;
    if theirs != wire::PROTOCOL {
        let mine = env!("CARGO_PKG_VERSION");
        let older = if theirs < wire::PROTOCOL { "older" } else { "newer" };
        let said = format!("this hearken is {older} than the engine ({mine}); start both from one version\n");
        w.write_all(said.as_bytes()).await?;
        w.shutdown().await?;
        return last_words(&mut r).await;
    }
    let hello = timeout(GREETING, wire::receive::<FromClient>(&mut r, 64 << 10)).await??;
    let Some(FromClient::Hello(hello)) = hello else { return Ok(()) };
    let guest = match host.admit(&peer, hello.config.as_deref()) {
        Ok(g) => g,
        Err(why) => return wire::send(&mut w, &FromServer::Refused(why), REPLY_MAX).await,
    };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let (who, role) = (guest.who.clone(), guest.role.clone());
    let notice = guest.notice.clone();
    wire::send(&mut w, &FromServer::Welcome { version, who, role, notice }, REPLY_MAX).await?;
    if hello.terminal {
        seat.attach();
    }
    pump(&guest.door, &hello, &house.turns(uid), r, w).await
}

/// One of those who are told that there is no room.
struct Told(Arc<House>);

impl Told {
    fn one(house: &Arc<House>) -> Option<Told> {
        let n = house.told.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let told = Told(house.clone());
        (n < TOLD).then_some(told)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.0.told.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
    }
}

/// Takes in what still comes: to close before would take our last sentence away from them.
async fn last_words(r: &mut OwnedReadHalf) -> std::io::Result<()> {
    let mut sink = [0; 1024];
    let all = async {
        while r.read(&mut sink).await? > 0 {}
        Ok(())
    };
    timeout(Duration::from_secs(1), all).await.unwrap_or(Ok(()))
}

/// Requests in, replies and events out, until either side has enough.
async fn pump(
    door: &Arc<dyn Door>,
    hello: &Hello,
    user: &Arc<Semaphore>,
    mut r: OwnedReadHalf,
    w: OwnedWriteHalf,
) -> std::io::Result<()> {
    let (tx, rx) = mpsc::channel::<Vec<u8>>(4);
    let events = hello.events.then(|| door.events());
    let mut writer = tokio::spawn(write(w, rx, events));
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let held = Arc::new(Semaphore::new(HELD_KB));
    let result = loop {
        // Whoever does not read replies is not read from any more, for as long as they like.
        let turn = tokio::select! {
            turn = at_once.clone().acquire_owned() => turn.map_err(Error::other)?,
            _ = &mut writer => break Ok(()),
        };
        let len = tokio::select! {
            len = wire::length(&mut r, REQUEST_MAX) => len,
            _ = &mut writer => break Ok(()),
        };
        let len = match len {
            Ok(Some(n)) => n,
            Ok(None) => break Ok(()),
            Err(e) => break Err(e),
        };
        let mine = user.clone().acquire_owned().await.map_err(Error::other)?;
        let weight = held.clone().acquire_many_owned((len >> 10) + 1).await.map_err(Error::other)?;
        let said = match timeout(FRAME, wire::value::<FromClient>(&mut r, len)).await {
            Ok(Ok(said)) => said,
            Ok(Err(e)) => break Err(e),
            Err(_) => break Err(ErrorKind::TimedOut.into()),
        };
        let (door, tx) = (door.clone(), tx.clone());
        match said {
            FromClient::Hello(_) => break Err(Error::new(ErrorKind::InvalidData, "a second greeting")),
            FromClient::Ask(ticket, request) => {
                tokio::spawn(async move {
                    let reply = door.ask(request).await;
                    let _ = tx.send(reply_frame(ticket, reply)).await;
                    drop((turn, mine, weight));
                });
            }
            FromClient::Backup(ticket) => {
                tokio::spawn(async move {
                    let done = door.backup(Box::new(Pieces { ticket, tx: tx.clone() })).await;
                    if let Ok(f) = wire::frame(&FromServer::BackedUp(ticket, done), REPLY_MAX) {
                        let _ = tx.send(f).await;
                    }
                    drop((turn, mine, weight));
                });
            }
        }
    };
    if let Err(e) = &result
        && let Ok(f) = wire::frame(&FromServer::Refused(format!("that was no request: {e}")), REPLY_MAX)
    {
        let _ = tx.try_send(f);
    }
    drop(tx);
    // What was asked is still answered, to whoever reads it.
    if !writer.is_finished() {
        let _ = timeout(FRAME, writer).await;
    }
    result
}

fn reply_frame(ticket: u64, reply: Reply) -> Vec<u8> {
    let too_large = |_| {
        let text = Text::ours("the answer is too large for one reply; ask for less at once");
        let reply = Box::new(Reply::Refused(Refusal { kind: RefusalKind::Failed, text }));
        wire::frame(&FromServer::Reply(ticket, reply), REPLY_MAX)
    };
    wire::frame(&FromServer::Reply(ticket, Box::new(reply)), REPLY_MAX).or_else(too_large).unwrap_or_default()
}

async fn write(
    mut w: OwnedWriteHalf,
    mut replies: mpsc::Receiver<Vec<u8>>,
    mut events: Option<broadcast::Receiver<Event>>,
) {
    let mut in_a_row = 0;
    loop {
        // Whatever floods: an answer gets its turn.
        if in_a_row >= EVENTS {
            in_a_row = 0;
            if let Ok(f) = replies.try_recv() {
                if w.write_all(&f).await.is_err() {
                    return;
                }
                continue;
            }
        }
        let frame = tokio::select! {
            // What happened before an answer is told before it.
            biased;
            e = next_event(&mut events) => match wire::frame(&FromServer::Event(e), REPLY_MAX) {
                Ok(f) => {
                    in_a_row += 1;
                    f
                }
                Err(_) => continue,
            },
            f = replies.recv() => match f {
                Some(f) => f,
                None => return,
            },
        };
        if w.write_all(&frame).await.is_err() {
            return;
        }
    }
}

/// A backup on its way through the socket.
struct Pieces {
    ticket: u64,
    tx: mpsc::Sender<Vec<u8>>,
}

impl Write for Pieces {
    fn write(&mut self, b: &[u8]) -> std::io::Result<usize> {
        let piece = b.get(..1 << 20).unwrap_or(b);
        let f = wire::frame(&FromServer::Piece(self.ticket, piece.to_vec()), REPLY_MAX)?;
        // The store writes from a thread of its own.
        self.tx.blocking_send(f).map_err(|_| Error::from(ErrorKind::BrokenPipe))?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

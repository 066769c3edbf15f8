//! Finding an engine, and starting one where none answers: `hearken serve --auto`, in a session of its own, as
//! tmux does. Whoever answers is looked at before anything is said: a planted socket would collect drafts.

use super::peer;
use super::wire::{self, FromClient, FromServer, Hello, REPLY_MAX, REQUEST_MAX};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout};

/// Where an engine listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub socket: PathBuf,
    /// Besides ourselves and root, the user who may run the engine.
    pub service_user: Option<String>,
}

/// How an engine is started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Starting {
    pub config: PathBuf,
    pub data: PathBuf,
}

/// A connection that was let in.
pub struct Greeted {
    pub(super) stream: UnixStream,
    pub who: String,
    pub role: String,
    pub version: String,
    /// Something that we should know at once.
    pub notice: Option<String>,
}

/// The longest that a start may take: a store of ten million mentions opens in well under a second.
const PATIENCE: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(10);
/// The file into which a started engine writes what it has to say, in its data folder.
const LOG: &str = "engine.log";

/// True if somebody listens there.
pub async fn answers(place: &Place) -> bool {
    UnixStream::connect(&place.socket).await.is_ok()
}

/// The process that listens at a place, by its number.
pub async fn engine_of(place: &Place) -> Option<i32> {
    UnixStream::connect(&place.socket).await.ok()?.peer_cred().ok()?.pid()
}

/// Connects, and starts an engine first if none answers and `start` says how.
///
/// # Errors
/// A sentence.
pub async fn connect(place: &Place, hello: &Hello, start: Option<&Starting>) -> Result<Greeted, String> {
    if let Some(g) = dial(place, hello).await? {
        return Ok(g);
    }
    let Some(start) = start else {
        return Err(format!("no engine answers at {}", place.socket.display()));
    };
    let mut child = launch(place, start)?;
    let end = Instant::now() + PATIENCE;
    // One that lost a race against another's engine ends; that one answers soon.
    let mut ended: Option<Instant> = None;
    loop {
        if let Some(g) = dial(place, hello).await? {
            std::thread::spawn(move || child.wait());
            return Ok(g);
        }
        if ended.is_none() && !matches!(child.try_wait(), Ok(None)) {
            ended = Some(Instant::now());
        }
        let given_up = ended.is_some_and(|t| t.elapsed() > Duration::from_secs(1)) || Instant::now() > end;
        if given_up {
            let said = std::fs::read_to_string(start.data.join(LOG)).unwrap_or_default();
            let why =
                said.lines().last().unwrap_or("it said nothing").trim_start_matches("hearken: ").to_owned();
            return Err(crate::clean::line(&why).into_string());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The program itself; after an upgrade the file that stands in its place now.
fn program() -> Result<PathBuf, String> {
    let exe = std::env::current_exe().map_err(|e| format!("cannot find the program itself: {e}"))?;
    let name = exe.to_string_lossy();
    Ok(name.strip_suffix(" (deleted)").map(PathBuf::from).unwrap_or(exe))
}

fn launch(place: &Place, s: &Starting) -> Result<Child, String> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&s.data);
    made.map_err(|e| format!("cannot make the folder {}: {e}", s.data.display()))?;
    let log = s.data.join(LOG);
    let log = std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&log);
    let log = log.map_or_else(|_| Stdio::null(), Stdio::from);
    Command::new(program()?)
        .args(["serve", "--auto", "--config"])
        .arg(&s.config)
        .arg("--data")
        .arg(&s.data)
        .arg("--socket")
        .arg(&place.socket)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|e| format!("cannot start the engine: {e}"))
}

/// A greeted connection; `None` if nobody listens.
async fn dial(place: &Place, hello: &Hello) -> Result<Option<Greeted>, String> {
    let at = place.socket.display();
    let mut stream = match UnixStream::connect(&place.socket).await {
        Ok(s) => s,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
        Err(e) => return Err(format!("the engine at {at} cannot be reached: {e}")),
    };
    trusted(&stream, place)?;
    // It may be ending in this moment: then nobody listens.
    match timeout(ANSWER, greet(&mut stream, hello)).await {
        Ok(Ok(Ok((who, role, version, notice)))) => Ok(Some(Greeted { stream, who, role, version, notice })),
        Ok(Ok(Err(sentence))) => Err(sentence),
        Ok(Err(e)) if e.kind() == ErrorKind::InvalidData => Err(format!("what answers at {at} is no engine")),
        Ok(Err(_)) => Ok(None),
        Err(_) => Err(format!("the engine at {at} does not answer")),
    }
}

/// Refuses whoever is neither this user, nor root, nor the user who is said to run the engine.
fn trusted(stream: &UnixStream, place: &Place) -> Result<(), String> {
    let uid = stream.peer_cred().map_err(|e| format!("the kernel does not say who answers: {e}"))?.uid();
    let me = rustix::process::geteuid().as_raw();
    if uid == me || uid == 0 {
        return Ok(());
    }
    let name = peer::user_name(uid).unwrap_or_else(|| format!("uid{uid}"));
    if place.service_user.as_ref() == Some(&name) {
        return Ok(());
    }
    Err(format!(
        "{} runs what answers at {}, and is not the user who should; name them as client.user in ui.toml if that is right",
        name,
        place.socket.display()
    ))
}

type Welcomed = Result<(String, String, String, Option<String>), String>;

async fn greet(s: &mut UnixStream, hello: &Hello) -> std::io::Result<Welcomed> {
    s.write_all(&wire::preamble()).await?;
    wire::send(s, &FromClient::Hello(hello.clone()), REQUEST_MAX).await?;
    let mut first = [0; 8];
    s.read_exact(&mut first).await?;
    let theirs = wire::protocol_of(first);
    if theirs.is_none() {
        return Err(ErrorKind::InvalidData.into());
    }
    if theirs != Some(wire::PROTOCOL) {
        let mut said = String::new();
        s.take(1000).read_to_string(&mut said).await?;
        return Ok(Err(crate::clean::line(&said).into_string()));
    }
    match wire::receive::<FromServer>(s, REPLY_MAX).await? {
        Some(FromServer::Welcome { who, role, version, notice }) => Ok(Ok((who, role, version, notice))),
        Some(FromServer::Refused(why)) => Ok(Err(crate::clean::line(&why).into_string())),
        Some(_) => Err(ErrorKind::InvalidData.into()),
        None => Err(ErrorKind::UnexpectedEof.into()),
    }
}

impl Starting {
    /// The place of the engine of this data folder, for its user alone.
    ///
    /// # Errors
    /// A sentence, if the folder has no name.
    pub fn place(&self) -> Result<Place, String> {
        let data = whole(&self.data)?;
        let name = format!("{:016x}.sock", crate::model::hash64(&[&data.to_string_lossy()]));
        let run = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|p| p.is_absolute());
        // One that su left behind is somebody else's.
        let me = rustix::process::geteuid().as_raw();
        let own =
            |p: &PathBuf| std::fs::metadata(p).is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == me);
        let run = run.filter(own);
        let dir = match run {
            Some(d) => d.join("hearken"),
            None => PathBuf::from(format!("/tmp/hearken-{}", rustix::process::geteuid().as_raw())),
        };
        Ok(Place { socket: dir.join(name), service_user: None })
    }
}

/// A path that is the same however it is written, also before its last part is there.
fn whole(path: &Path) -> Result<PathBuf, String> {
    let full = std::path::absolute(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if let Ok(p) = full.canonicalize() {
        return Ok(p);
    }
    match (full.parent(), full.file_name()) {
        (Some(up), Some(name)) => Ok(whole(up)?.join(name)),
        _ => Ok(full),
    }
}

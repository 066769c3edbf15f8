//! The other direction: a small endpoint that takes what others post, on loopback or a Unix socket. The protocol is
//! hyper's; this room puts the caps: connections, sizes, times. What is taken is decided by whoever handles it.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Notify, Semaphore};
use tokio::task::AbortHandle;

/// Bytes of one body, connections at once, and how long a whole request may take.
const BODY_MAX: usize = 1 << 20;
const AT_ONCE: usize = 64;
const WHOLE: Duration = Duration::from_secs(20);
const HEAD: Duration = Duration::from_secs(3);
/// Bytes of all headers.
const HEAD_MAX: usize = 64 << 10;

/// What came.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    pub path: String,
    /// Names in lower case; of those that came twice, the last.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    pub body: String,
    /// Seconds, for who should come again later.
    pub retry_after: Option<u64>,
}

/// Takes a post.
pub type Taker = Arc<dyn Fn(Posted) -> Pin<Box<dyn Future<Output = Answered> + Send>> + Send + Sync>;

/// Where it listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hook {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Where a hook stands, until it is dropped.
pub struct Standing {
    task: tokio::task::JoinHandle<()>,
    /// The port, where it was left to the system.
    pub at: Option<SocketAddr>,
    socket: Option<PathBuf>,
}

impl Standing {
    /// Ends it; then the place is free again.
    pub async fn end(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(s) = &self.socket {
            let _ = std::fs::remove_file(s);
        }
    }
}

/// Listens. `hosts`: names by which it may be called beside those of this machine; over a Unix socket any.
///
/// # Errors
/// If the place cannot be had.
pub async fn listen(hook: &Hook, hosts: Vec<String>, take: Taker) -> std::io::Result<Standing> {
    let door = Arc::new(Door::default());
    Ok(match hook {
        Hook::Tcp(at) => {
            let listener = TcpListener::bind(at).await?;
            let at = listener.local_addr()?;
            let hosts = Arc::new(Some(hosts));
            let task = tokio::spawn(async move {
                loop {
                    match listener.accept().await {
                        Ok((s, _)) => serve(s, hosts.clone(), take.clone(), &door),
                        // Out of files, for a moment.
                        Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
                    }
                }
            });
            Standing { task, at: Some(at), socket: None }
        }
        Hook::Unix(path) => {
            let listener = bind(path)?;
            let socket = Some(path.clone());
            let task = tokio::spawn(async move {
                loop {
                    match listener.accept().await {
                        Ok((s, _)) => serve(s, Arc::new(None), take.clone(), &door),
                        Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
                    }
                }
            });
            Standing { task, at: None, socket }
        }
    })
}

/// Connections that have not said all yet, the oldest first, and turns for what was said.
struct Door {
    waiting: Mutex<(u64, VecDeque<(u64, AbortHandle)>)>,
    turns: Arc<Semaphore>,
}

impl Default for Door {
    fn default() -> Door {
        Door { waiting: Mutex::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Door {
    /// One more; whoever has been silent for the longest makes room for it.
    fn enter(&self) -> u64 {
        let mut w = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if w.1.len() >= AT_ONCE
            && let Some((_, oldest)) = w.1.pop_front()
        {
            oldest.abort();
        }
        w.0 += 1;
        w.0
    }

    fn waits(&self, n: u64, task: AbortHandle) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).1.push_back((n, task));
    }

    fn leave(&self, n: u64) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).1.retain(|(x, _)| *x != n);
    }
}

/// A socket that a proxy of our group may open; one that nobody listens on any more is taken over.
fn bind(path: &Path) -> std::io::Result<UnixListener> {
    if path.symlink_metadata().is_ok_and(|m| m.file_type().is_socket())
        && std::os::unix::net::UnixStream::connect(path).is_err()
    {
        std::fs::remove_file(path)?;
    }
    let l = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    Ok(l)
}

fn serve<S>(s: S, hosts: Arc<Option<Vec<String>>>, take: Taker, door: &Arc<Door>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let n = door.enter();
    let (here, begin) = (door.clone(), Arc::new(Notify::new()));
    let begun = begin.clone();
    let task = tokio::spawn(async move {
        begun.notified().await;
        let at = here.clone();
        let service = service_fn(move |r| answer(r, hosts.clone(), take.clone(), at.clone(), n));
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_MAX).keep_alive(false);
        // A sender that goes away is its own affair.
        let _ = tokio::time::timeout(WHOLE, http.serve_connection(TokioIo::new(s), service)).await;
        here.leave(n);
    });
    door.waits(n, task.abort_handle());
    begin.notify_one();
}

async fn answer(
    r: Request<Incoming>,
    hosts: Arc<Option<Vec<String>>>,
    take: Taker,
    door: Arc<Door>,
    n: u64,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let done = match posted(r, &hosts).await {
        Ok(p) => {
            door.leave(n);
            match door.turns.clone().try_acquire_owned() {
                Ok(_turn) => take(p).await,
                Err(_) => Answered { retry_after: Some(5), ..refused(503, "too many at once; come again") },
            }
        }
        Err(a) => a,
    };
    let mut response = Response::builder()
        .status(done.status)
        .header("content-type", "text/plain; charset=utf-8")
        .header("x-content-type-options", "nosniff");
    if let Some(s) = done.retry_after {
        response = response.header("retry-after", s);
    }
    Ok(response.body(Full::new(Bytes::from(done.body))).unwrap_or_default())
}

fn refused(status: u16, words: &str) -> Answered {
    Answered { status, body: format!("{words}\n"), retry_after: None }
}

async fn posted(r: Request<Incoming>, hosts: &Option<Vec<String>>) -> Result<Posted, Answered> {
    if r.method() != Method::POST {
        return Err(refused(405, "only POST is taken here"));
    }
    let mut headers = HashMap::new();
    if r.headers().iter().map(|(n, v)| n.as_str().len() + v.len()).sum::<usize>() > HEAD_MAX {
        return Err(refused(431, "the headers are too long"));
    }
    for (n, v) in r.headers() {
        headers.insert(n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned());
    }
    // A page in somebody's browser is no sender, and a name that was pointed at us is not ours.
    if headers.contains_key("origin") {
        return Err(refused(403, "pages of browsers are not senders"));
    }
    if let Some(hosts) = hosts {
        let host = headers.get("host").map_or("", String::as_str);
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or(""),
            None => host.split(':').next().unwrap_or(""),
        };
        let own = name == "localhost" || name.parse::<std::net::IpAddr>().is_ok();
        if !own && !hosts.iter().any(|h| h.eq_ignore_ascii_case(name)) {
            return Err(refused(421, "this is not the name of this hook; see hosts in [hooks]"));
        }
    }
    let path = r.uri().path().to_owned();
    match Limited::new(r.into_body(), BODY_MAX).collect().await {
        Ok(b) => Ok(Posted { path, headers, body: b.to_bytes().to_vec() }),
        Err(e) if e.is::<http_body_util::LengthLimitError>() => {
            Err(refused(413, &format!("more than {} MB", BODY_MAX >> 20)))
        }
        Err(_) => Err(refused(400, "the body broke off")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn say(at: SocketAddr, text: &str) -> String {
        let mut s = TcpStream::connect(at).await.unwrap();
        s.write_all(text.as_bytes()).await.unwrap();
        let mut out = String::new();
        let _ = s.read_to_string(&mut out).await;
        out.lines().next().unwrap_or("").to_owned()
    }

    #[tokio::test]
    async fn only_whole_posts_by_our_names_are_handed_on() {
        let take: Taker = Arc::new(|p: Posted| {
            Box::pin(async move { refused(200, &format!("{} {}", p.path, p.body.len())) })
        });
        let any = Hook::Tcp(([127, 0, 0, 1], 0).into());
        let s = listen(&any, vec!["hooks.example".into()], take).await.unwrap();
        let at = s.at.unwrap();
        let post = |host: &str, extra: &str, body: &str| {
            format!("POST /x HTTP/1.1\r\nhost: {host}\r\n{extra}content-length: {}\r\n\r\n{body}", body.len())
        };
        for (text, want) in [
            (post("localhost:1", "", "hi"), "200 OK"),
            (post("hooks.example", "", "hi"), "200 OK"),
            (post("evil.example", "", "hi"), "421 "),
            (post("localhost", "origin: https://evil.example\r\n", "hi"), "403 "),
            ("GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n".into(), "405 "),
            (format!("POST /x HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "y".repeat(400_000)), "431 "),
            (post("localhost", "", &"x".repeat(BODY_MAX + 1)), "413 "),
            ("nonsense\r\n\r\n".into(), "400 "),
        ] {
            let got = say(at, &text).await;
            assert!(
                got.contains(want) || (want == "413 " && got.is_empty()),
                "{}: {got}",
                &text[..40.min(text.len())]
            );
        }
    }

    #[tokio::test]
    async fn who_is_silent_makes_room() {
        let take: Taker = Arc::new(|_| Box::pin(async { refused(200, "ok") }));
        let s = listen(&Hook::Tcp(([127, 0, 0, 1], 0).into()), Vec::new(), take).await.unwrap();
        let at = s.at.unwrap();
        let mut silent = Vec::new();
        for _ in 0..3 * AT_ONCE {
            silent.push(TcpStream::connect(at).await.unwrap());
        }
        let got = say(at, "POST /x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n").await;
        assert!(got.contains("200 OK"), "{got}");
        s.end().await;
        // Connections that were given up end in their own time.
        for _ in 0..200 {
            if TcpListener::bind(at).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the place is free when it has ended");
    }

    #[tokio::test]
    async fn a_socket_that_is_left_over_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hook.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let take: Taker = Arc::new(|_| Box::pin(async { refused(200, "ok") }));
        let s = listen(&Hook::Unix(path.clone()), Vec::new(), take.clone()).await.unwrap();
        assert!(listen(&Hook::Unix(path.clone()), Vec::new(), take).await.is_err(), "somebody listens");
        drop(s);
        assert!(!path.exists());
    }
}

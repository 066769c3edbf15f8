//! A mailbox that tells when something comes: IMAP with IDLE, on a connection of our own, opened for reading only.
//! It runs by itself and hands mails out through a short queue: a slow reader slows it. The protocol is async-imap's.
//! Sources: RFC 9051, RFC 2177.

use super::client::{Net, NetError, Origin, Why};
use super::line::{Line, Route};
use super::secret::Secret;
use async_imap::{Client, Session};
use futures_util::TryStreamExt;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// Bytes of one mail that are read; the rest of a larger one is left there.
const MAIL_MAX: usize = 1 << 20;
/// Mails asked for at once, and those that wait to be taken.
const TOGETHER: u32 = 20;
const QUEUE: usize = 8;
/// An IDLE is begun anew after this time (NATs forget a silent line), and a server without it is asked so often.
const IDLE: Duration = Duration::from_secs(9 * 60);
const ASK: Duration = Duration::from_secs(60);

/// Which folder, and from where on.
#[derive(Clone, Debug)]
pub struct Folder {
    pub host: String,
    pub port: u16,
    /// From the first byte; else by STARTTLS where the server is not this machine.
    pub tls: bool,
    pub user: String,
    pub password: Secret,
    pub name: String,
    /// The UIDs are those of this validity; 0 for nothing known.
    pub validity: u32,
    /// The first UID that is not known.
    pub next: u32,
    /// Where nothing is known: mails since this day, as `1-Jan-2026`.
    pub since: String,
}

/// A mail as it lies there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Raw {
    pub uid: u32,
    pub validity: u32,
    pub bytes: Vec<u8>,
}

/// The mailbox.
pub struct Mailbox {
    mails: mpsc::Receiver<Result<Raw, NetError>>,
    here: VecDeque<Raw>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn broken(e: &async_imap::error::Error) -> NetError {
    NetError::new(Why::Broken, format!("the mailbox: {e}"))
}

impl Net {
    /// Opens a folder.
    ///
    /// # Errors
    /// What failed; a login that is refused is told as [`Why::Login`].
    pub async fn mailbox(&self, f: Folder, route: &Route) -> Result<Mailbox, NetError> {
        let origin = Origin::of(&format!("http://{}:{}", f.host, f.port));
        let stream = self.connect(&f.host, f.port, origin.as_ref(), route).await?;
        let opening = self.log_in(stream, &f, route);
        let opened = tokio::time::timeout(route.limits.whole, opening).await;
        let late = || NetError::new(Why::Timeout, format!("{} does not answer in time", f.host));
        let session = opened.map_err(|_| late())??;
        let (tell, mails) = mpsc::channel(QUEUE);
        let whole = route.limits.whole;
        let task = tokio::spawn(async move {
            if let Err(e) = read(session, f, whole, &tell).await {
                let _ = tell.send(Err(e)).await;
            }
        });
        Ok(Mailbox { mails, here: VecDeque::new(), task })
    }

    async fn log_in(&self, stream: TcpStream, f: &Folder, route: &Route) -> Result<Session<Line>, NetError> {
        let bare = f.host.trim_matches(['[', ']']);
        let near = bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback());
        let greeting = |e: std::io::Error| NetError::new(Why::Broken, format!("{}: {e}", f.host));
        let no = || NetError::new(Why::Broken, format!("{} gives no greeting", f.host));
        let line = if f.tls { self.secure(stream, &f.host, route).await? } else { Line::Plain(stream) };
        let mut client = Client::new(line);
        client.read_response().await.map_err(greeting)?.ok_or_else(no)?;
        if !f.tls && !near {
            client.run_command_and_check_ok("STARTTLS", None).await.map_err(|_| {
                NetError::new(
                    Why::Tls,
                    format!("{} offers no TLS; a password is not sent in the open", f.host),
                )
            })?;
            let Line::Plain(stream) = client.into_inner() else { return Err(no()) };
            client = Client::new(self.secure(stream, &f.host, route).await?);
        }
        client.login(&f.user, f.password.reveal()).await.map_err(|(e, _)| {
            NetError::new(Why::Login, format!("{} refuses the login of {}: {e}", f.host, f.user))
        })
    }
}

impl Mailbox {
    /// Waits until a mail is here. False never: a mailbox ends in an error.
    ///
    /// # Errors
    /// If the line breaks.
    pub async fn wait(&mut self) -> Result<bool, NetError> {
        match self.mails.recv().await {
            Some(Ok(m)) => self.here.push_back(m),
            Some(Err(e)) => return Err(e),
            None => return Ok(false),
        }
        while let Ok(Ok(m)) = self.mails.try_recv() {
            self.here.push_back(m);
        }
        Ok(true)
    }

    /// The next mail of what is here already.
    pub fn take(&mut self) -> Option<Raw> {
        self.here.pop_front()
    }
}

/// Reads what is there, then what comes.
async fn read(
    mut session: Session<Line>,
    f: Folder,
    whole: Duration,
    tell: &mpsc::Sender<Result<Raw, NetError>>,
) -> Result<(), NetError> {
    let can = session.capabilities().await.map_err(|e| broken(&e))?;
    let idles = can.has_str("IDLE");
    let folder = session
        .examine(&f.name)
        .await
        .map_err(|e| NetError::new(Why::Address, format!("the folder {}: {e}", f.name)))?;
    let validity = folder.uid_validity.unwrap_or(1);
    let mut next = f.next.max(1);
    if validity != f.validity || f.validity == 0 {
        // Nothing is known of these numbers: what came lately is read, and known mails are known by their ids.
        let found = session.uid_search(format!("SINCE {}", f.since)).await.map_err(|e| broken(&e))?;
        next = found.into_iter().min().or(folder.uid_next).unwrap_or(1);
    }
    loop {
        loop {
            let got = tokio::time::timeout(whole, batch(&mut session, next)).await;
            let late = |_| NetError::new(Why::Timeout, "the mailbox does not answer in time");
            let mails = got.map_err(late)??;
            let Some(last) = mails.last().map(|m| m.0) else { break };
            for (uid, bytes) in mails {
                if tell.send(Ok(Raw { uid, validity, bytes })).await.is_err() {
                    return Ok(());
                }
            }
            next = last + 1;
        }
        if !idles {
            tokio::time::sleep(ASK).await;
            session.noop().await.map_err(|e| broken(&e))?;
            continue;
        }
        let mut idle = session.idle();
        idle.init().await.map_err(|e| broken(&e))?;
        {
            let (waiting, _stop) = idle.wait_with_timeout(IDLE);
            waiting.await.map_err(|e| broken(&e))?;
        }
        let done = tokio::time::timeout(whole, idle.done()).await;
        let late = |_| NetError::new(Why::Timeout, "the mailbox does not answer in time");
        session = done.map_err(late)?.map_err(|e| broken(&e))?;
    }
}

/// The next mails from a UID on, in their order. `n:*` always gives the last one too: what is known is left out.
async fn batch(session: &mut Session<Line>, next: u32) -> Result<Vec<(u32, Vec<u8>)>, NetError> {
    let found = session.uid_search(format!("UID {next}:*")).await.map_err(|e| broken(&e))?;
    let mut uids: Vec<u32> = found.into_iter().filter(|u| *u >= next).collect();
    uids.sort_unstable();
    uids.truncate(TOGETHER as usize);
    if uids.is_empty() {
        return Ok(Vec::new());
    }
    let set: Vec<String> = uids.iter().map(ToString::to_string).collect();
    let what = format!("(UID BODY.PEEK[]<0.{MAIL_MAX}>)");
    let fetched = session.uid_fetch(set.join(","), what).await.map_err(|e| broken(&e))?;
    let all: Vec<_> = fetched.try_collect().await.map_err(|e| broken(&e))?;
    let mut out: Vec<(u32, Vec<u8>)> =
        all.iter().filter_map(|m| Some((m.uid?, m.body().unwrap_or_default().to_vec()))).collect();
    out.sort_by_key(|m| m.0);
    // One that cannot be fetched must not be asked for for ever.
    if out.last().map(|m| m.0) != uids.last().copied() {
        out.extend(uids.last().map(|u| (*u, Vec::new())));
    }
    Ok(out)
}

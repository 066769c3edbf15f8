//! The client's end: a door whose engine is somewhere else. Questions find their answers by ticket, in any order.
//! When the engine goes away, a terminal looks for it again and goes on; what was asked and not answered is asked
//! once more where that can do no harm, and said to be uncertain where it could.

use super::start::Greeted;
use super::wire::{self, FromClient, FromServer, REPLY_MAX, REQUEST_MAX};
use crate::door::{Answering, Door, Event, Refusal, RefusalKind, Reply, Request};
use crate::model::{Text, Verb};
use std::collections::HashMap;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::{broadcast, mpsc, oneshot};

/// Looks for the engine again; `true` if one may be started.
pub type Again =
    Box<dyn Fn(bool) -> Pin<Box<dyn Future<Output = Result<Greeted, String>> + Send>> + Send + Sync>;

/// An engine that somebody ended is not started again for so long: they want something of the store.
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// Between two looks for an engine that went away.
const PAUSES_MS: [u64; 6] = [50, 100, 200, 500, 1000, 2000];

/// See the room's words.
pub struct Client {
    wishes: mpsc::UnboundedSender<Wish>,
    events: broadcast::Sender<Event>,
    /// Who we are there, and in what role.
    pub who: String,
    pub role: String,
}

type Done = oneshot::Sender<Result<u64, Text>>;

enum Wish {
    Ask(Request, oneshot::Sender<Reply>),
    Backup(Box<dyn Write + Send>, Done),
}

/// What waits for its answer.
enum Open {
    Ask(Request, oneshot::Sender<Reply>),
    Backup { out: Box<dyn Write + Send>, trouble: Option<std::io::Error>, done: Done },
}

impl Client {
    /// Over a connection that was greeted. Without `again` it ends with its connection.
    #[must_use]
    pub fn over(first: Greeted, again: Option<Again>) -> Client {
        let (wishes, wanted) = mpsc::unbounded_channel();
        let (events, _) = broadcast::channel(1024);
        let (who, role) = (first.who.clone(), first.role.clone());
        tokio::spawn(run(first, wanted, events.clone(), again));
        Client { wishes, events, who, role }
    }
}

impl Door for Client {
    fn ask(&self, request: Request) -> Answering<'_> {
        let (tx, rx) = oneshot::channel();
        let _ = self.wishes.send(Wish::Ask(request, tx));
        Box::pin(async move { rx.await.unwrap_or_else(|_| unreachable("the engine went away")) })
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    fn who(&self) -> Option<String> {
        Some(self.who.clone())
    }

    fn backup(&self, out: Box<dyn Write + Send>) -> Pin<Box<dyn Future<Output = Result<u64, Text>> + Send>> {
        let (tx, rx) = oneshot::channel();
        let _ = self.wishes.send(Wish::Backup(out, tx));
        Box::pin(async move { rx.await.unwrap_or_else(|_| Err(Text::ours("the engine went away"))) })
    }
}

fn unreachable(why: &str) -> Reply {
    Reply::Refused(Refusal { kind: RefusalKind::Unreachable, text: crate::clean::line(why) })
}

/// True if asking twice does no more than asking once.
fn may_repeat(r: &Request) -> bool {
    match r {
        // Somebody else may have done something about it since.
        Request::Act { verb, .. } => matches!(verb, Verb::Read(_)),
        Request::Undo
        | Request::Redo
        | Request::Import { .. }
        | Request::AddSource(_)
        | Request::AddSources(_)
        | Request::RemoveSource(_)
        | Request::Stop => false,
        _ => true,
    }
}

async fn run(
    first: Greeted,
    mut wanted: mpsc::UnboundedReceiver<Wish>,
    events: broadcast::Sender<Event>,
    again: Option<Again>,
) {
    let mut open: HashMap<u64, Open> = HashMap::new();
    let mut ticket = 0;
    let mut line = first;
    loop {
        let mut ended_by_hand = false;
        if pump(line, &mut wanted, &events, &mut open, &mut ticket, &mut ended_by_hand).await {
            return;
        }
        let lost = tokio::time::Instant::now();
        let Some(again) = &again else {
            open.clear();
            // Whoever asks from now on hears it at once: their answer's other end is dropped.
            wanted.close();
            return;
        };
        let _ = events.send(Event::Lost);
        let mut kept = HashMap::new();
        for (t, o) in open.drain() {
            match o {
                Open::Ask(r, tx) if may_repeat(&r) => {
                    kept.insert(t, Open::Ask(r, tx));
                }
                Open::Ask(_, tx) => {
                    let _ = tx.send(unreachable(
                        "the engine went away in the middle of this; look whether it was done",
                    ));
                }
                Open::Backup { .. } => {}
            }
        }
        open = kept;
        let mut tries = PAUSES_MS.iter().chain(std::iter::repeat(&2000));
        let mut last = String::new();
        line = loop {
            tokio::time::sleep(Duration::from_millis(*tries.next().unwrap_or(&2000))).await;
            if wanted.is_closed() {
                return;
            }
            let start = !ended_by_hand || lost.elapsed() > LEFT_ALONE;
            match again(start).await {
                Ok(l) => break l,
                // Each reason once: that nobody answers yet is none.
                Err(why) if why != last && !why.starts_with("no engine answers") => {
                    last.clone_from(&why);
                    let _ = events.send(Event::Notice { urgent: true, text: crate::clean::line(&why) });
                }
                Err(_) => {}
            }
        };
        let _ = events.send(Event::Back);
    }
}

/// One connection to its end; `true` if nobody wants anything any more.
async fn pump(
    line: Greeted,
    wanted: &mut mpsc::UnboundedReceiver<Wish>,
    events: &broadcast::Sender<Event>,
    open: &mut HashMap<u64, Open>,
    ticket: &mut u64,
    ended_by_hand: &mut bool,
) -> bool {
    let (mut r, mut w) = line.stream.into_split();
    let (out, mut to_write) = mpsc::unbounded_channel::<Vec<u8>>();
    let writer = tokio::spawn(async move {
        while let Some(frame) = to_write.recv().await {
            if w.write_all(&frame).await.is_err() {
                return;
            }
        }
    });
    let (in_tx, mut came) = mpsc::channel::<FromServer>(64);
    let reader = tokio::spawn(async move {
        while let Ok(Some(said)) = wire::receive::<FromServer>(&mut r, REPLY_MAX).await {
            if in_tx.send(said).await.is_err() {
                return;
            }
        }
    });
    for (t, o) in open.iter() {
        if let Open::Ask(r, _) = o
            && let Ok(f) = wire::frame(&FromClient::Ask(*t, r.clone()), REQUEST_MAX)
        {
            let _ = out.send(f);
        }
    }
    let over = loop {
        tokio::select! {
            said = came.recv() => match said {
                Some(said) => {
                    *ended_by_hand |= matches!(said, FromServer::Event(Event::Stopping(_)));
                    heard(said, open, events).await;
                }
                None => break false,
            },
            wish = wanted.recv() => {
                let Some(wish) = wish else { break true };
                *ticket += 1;
                let said = match wish {
                    Wish::Ask(r, tx) => {
                        let said = FromClient::Ask(*ticket, r.clone());
                        open.insert(*ticket, Open::Ask(r, tx));
                        said
                    }
                    Wish::Backup(file, done) => {
                        open.insert(*ticket, Open::Backup { out: file, trouble: None, done });
                        FromClient::Backup(*ticket)
                    }
                };
                match wire::frame(&said, REQUEST_MAX) {
                    Ok(f) => drop(out.send(f)),
                    Err(e) => {
                        if let Some(Open::Ask(_, tx)) = open.remove(ticket) {
                            let text = crate::clean::line(&format!("this cannot be asked: {e}"));
                            let _ = tx.send(Reply::Refused(Refusal { kind: RefusalKind::Usage, text }));
                        }
                    }
                }
            }
        }
    };
    reader.abort();
    writer.abort();
    over
}

async fn heard(said: FromServer, open: &mut HashMap<u64, Open>, events: &broadcast::Sender<Event>) {
    match said {
        FromServer::Reply(t, reply) => {
            if let Some(Open::Ask(_, tx)) = open.remove(&t) {
                let _ = tx.send(*reply);
            }
        }
        FromServer::Event(e) => {
            let _ = events.send(e);
        }
        FromServer::Piece(t, bytes) => {
            if let Some(Open::Backup { out, trouble, .. }) = open.get_mut(&t)
                && trouble.is_none()
            {
                *trouble = out.write_all(&bytes).err();
            }
        }
        FromServer::BackedUp(t, result) => {
            if let Some(Open::Backup { mut out, trouble, done }) = open.remove(&t) {
                let trouble = trouble.or_else(|| out.flush().err());
                let result = match trouble {
                    Some(e) => Err(crate::clean::line(&format!("the backup cannot be written: {e}"))),
                    None => result,
                };
                let _ = done.send(result);
            }
        }
        FromServer::Welcome { .. } | FromServer::Refused(_) => {}
    }
}

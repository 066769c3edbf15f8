//! WebSockets, as a client: opened behind the address guard, read one message at a time, so that a slow reader slows
//! the server. The protocol itself is tungstenite's.

use super::client::{Answer, Ask, Net, NetError, Origin, Why};
use super::line::{Line, Route};
use futures_util::{FutureExt, SinkExt, StreamExt};
use std::collections::VecDeque;
use std::time::Duration;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::{Message as Wire, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

/// Bytes of one message at most.
const MESSAGE_MAX: usize = 2 << 20;
/// Reads this much at once.
const READ: usize = 128 << 10;

/// A message that came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    Text(Utf8Bytes),
    /// Made text of what was compressed.
    Expanded(String),
}

/// A socket that is open.
pub struct Socket {
    inner: WebSocketStream<Line>,
    silence: Duration,
    /// What came with what was waited for.
    here: VecDeque<Message>,
    expander: Option<zstd::bulk::Decompressor<'static>>,
}

/// Messages that are taken out of the socket at once.
const AT_ONCE: usize = 64;

impl Net {
    /// Opens a WebSocket at a `ws:` or `wss:` address. Its binary messages are zstd frames, made with the dictionary if
    /// there is one. Nothing at all for `silence`, not even a ping, means that it
    /// is dead.
    ///
    /// # Errors
    /// What failed; or the answer of a server that did not open it.
    pub async fn socket(
        &self,
        ask: &Ask,
        silence: Duration,
        dictionary: Option<&[u8]>,
    ) -> Result<Result<Socket, Answer>, NetError> {
        let expander = dictionary.map(zstd::bulk::Decompressor::with_dictionary).transpose();
        let expander =
            expander.map_err(|e| NetError::new(Why::Broken, format!("the dictionary of the stream: {e}")))?;
        let url =
            Url::parse(&ask.url).map_err(|e| NetError::new(Why::Address, format!("the address: {e}")))?;
        let secured = match url.scheme() {
            "wss" => true,
            "ws" => false,
            s => return Err(NetError::new(Why::Address, format!("{s}: is no address of a WebSocket"))),
        };
        let host = url.host_str().ok_or_else(|| NetError::new(Why::Address, "the address has no host"))?;
        let port = url.port().unwrap_or(if secured { 443 } else { 80 });
        // Origins are named with http and https.
        let origin = Origin::of(&ask.url.replacen("ws", "http", 1));
        let route = Route {
            allow: ask.allow.clone(),
            ca: ask.ca.clone(),
            proxy: ask.proxy.clone(),
            limits: ask.limits,
        };
        let stream = self.connect(host, port, origin.as_ref(), &route).await?;
        let line = if secured { self.secure(stream, host, &route).await? } else { Line::Plain(stream) };
        let mut request = ask
            .url
            .as_str()
            .into_client_request()
            .map_err(|e| NetError::new(Why::Address, format!("the address: {e}")))?;
        let login = ask.login.iter().map(|(n, s)| (n.clone(), s.reveal().to_owned()));
        let own = [("user-agent".to_owned(), self.user_agent.clone())];
        for (n, v) in own.into_iter().chain(ask.headers.iter().cloned()).chain(login) {
            let (Ok(n), Ok(v)) = (HeaderName::try_from(n.as_str()), HeaderValue::try_from(v)) else {
                return Err(NetError::new(Why::Address, format!("the header {n} cannot be sent")));
            };
            request.headers_mut().insert(n, v);
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .max_message_size(Some(MESSAGE_MAX))
            .max_frame_size(Some(MESSAGE_MAX));
        let opening = client_async_with_config(request, line, Some(config));
        let opened = tokio::time::timeout(ask.limits.first_byte, opening).await;
        match opened.map_err(|_| NetError::new(Why::Timeout, format!("{host} does not answer in time")))? {
            Ok((inner, _)) => Ok(Ok(Socket { inner, silence, here: VecDeque::new(), expander })),
            Err(Error::Http(r)) => Ok(Err(Answer {
                status: r.status().as_u16(),
                headers: r
                    .headers()
                    .iter()
                    .map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
                    .collect(),
                body: r.body().clone().unwrap_or_default(),
                url: ask.url.clone(),
                ..Answer::default()
            })),
            Err(e) => Err(NetError::new(Why::Broken, format!("{host} opens no WebSocket: {e}"))),
        }
    }
}

impl Socket {
    /// Waits until a message is here; then [`Socket::take`] gives it. False when the server closed it.
    ///
    /// # Errors
    /// As [`Socket::next`].
    pub async fn wait(&mut self) -> Result<bool, NetError> {
        match self.next().await? {
            None => Ok(false),
            Some(m) => {
                self.here.push_back(m);
                // And what is here with it, without waiting.
                while self.here.len() < AT_ONCE {
                    match self.inner.next().now_or_never() {
                        Some(Some(Ok(Wire::Text(t)))) => self.here.push_back(Message::Text(t)),
                        Some(Some(Ok(Wire::Binary(b)))) => {
                            let m = self.expand(&b)?;
                            self.here.push_back(m);
                        }
                        Some(Some(Ok(Wire::Ping(_) | Wire::Pong(_) | Wire::Frame(_)))) => {}
                        // The end is met again by the next wait.
                        Some(_) | None => break,
                    }
                }
                Ok(true)
            }
        }
    }

    /// The next message of what is here already.
    pub fn take(&mut self) -> Option<Message> {
        self.here.pop_front()
    }

    /// The next message; `None` when the server closed it, with its reason in the error where it gave one.
    ///
    /// # Errors
    /// If the line breaks, or nothing comes for too long.
    pub async fn next(&mut self) -> Result<Option<Message>, NetError> {
        loop {
            let got = tokio::time::timeout(self.silence, self.inner.next()).await;
            let got = got.map_err(|_| {
                NetError::new(Why::Timeout, format!("nothing came for {} s", self.silence.as_secs()))
            })?;
            return match got {
                None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => Ok(None),
                Some(Ok(Wire::Text(t))) => Ok(Some(Message::Text(t))),
                Some(Ok(Wire::Binary(b))) => self.expand(&b).map(Some),
                Some(Ok(Wire::Ping(_) | Wire::Pong(_) | Wire::Frame(_))) => continue,
                Some(Ok(Wire::Close(why))) => match why.filter(|w| !w.reason.is_empty()) {
                    Some(w) => Err(NetError::new(Why::Broken, format!("the server closed it: {}", w.reason))),
                    None => Ok(None),
                },
                Some(Err(Error::Capacity(_))) => {
                    Err(NetError::new(Why::TooBig, "a message of the stream is longer than we take"))
                }
                Some(Err(e)) => Err(NetError::new(Why::Broken, format!("the stream broke off: {e}"))),
            };
        }
    }

    fn expand(&mut self, bytes: &Bytes) -> Result<Message, NetError> {
        let broken = |why: &str| NetError::new(Why::Broken, format!("a message of the stream {why}"));
        let Some(d) = &mut self.expander else {
            let text = std::str::from_utf8(bytes).map_err(|_| broken("is no text"))?;
            return Ok(Message::Expanded(text.to_owned()));
        };
        let plain = d.decompress(bytes, MESSAGE_MAX).map_err(|_| broken("cannot be expanded"))?;
        String::from_utf8(plain).map(Message::Expanded).map_err(|_| broken("is no text"))
    }

    /// Sends a text.
    ///
    /// # Errors
    /// If the line breaks.
    pub async fn send(&mut self, text: &str) -> Result<(), NetError> {
        let sent = self.inner.send(Wire::text(text)).await;
        sent.map_err(|e| NetError::new(Why::Broken, format!("the stream broke off: {e}")))
    }
}

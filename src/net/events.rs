//! Server-sent events: an answer that goes on. Read as the standard says, with a cap on each event, and handed out
//! one by one from the bytes as they came, so that who reads slowly slows the server and fills no memory here.
//! Source: HTML Living Standard, 9.2.6 "Interpreting an event stream".

use super::client::{Answer, Ask, Net, NetError, Opened, Why, headers_of, read};
use super::explain::explain;
use std::time::Duration;
use url::Url;

/// Bytes of one event at most.
const EVENT_MAX: usize = 2 << 20;

/// One event, as its bytes came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event<'a> {
    /// `message` if the server names none.
    pub name: &'a str,
    pub data: &'a str,
    /// The last id that the server gave; it stays until there is another.
    pub id: &'a str,
}

/// Takes bytes and gives events.
#[derive(Default)]
pub struct EventReader {
    buffer: Vec<u8>,
    /// Read so far.
    at: usize,
    begun: bool,
    name: String,
    data: String,
    lines: usize,
    id: String,
    done: bool,
}

impl EventReader {
    /// More bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole event; `None` if more bytes are needed.
    ///
    /// # Errors
    /// If it is longer than we take.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, String> {
        if self.done {
            self.name.clear();
            self.data.clear();
            (self.lines, self.done) = (0, false);
        }
        loop {
            let rest = &self.buffer[self.at..];
            let Some(end) = memchr::memchr2(b'\n', b'\r', rest) else {
                return if rest.len() + self.data.len() > EVENT_MAX { Err(too_long()) } else { Ok(None) };
            };
            // A CR at the very end may be one half of a CR LF.
            if rest[end] == b'\r' && end + 1 == rest.len() {
                return Ok(None);
            }
            let pair = rest[end] == b'\r' && rest.get(end + 1) == Some(&b'\n');
            let mut line = &rest[..end];
            self.at += end + 1 + usize::from(pair);
            if !std::mem::replace(&mut self.begun, true) {
                line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
            }
            if line.is_empty() {
                if self.lines == 0 {
                    self.name.clear();
                    continue;
                }
                self.done = true;
                let name = if self.name.is_empty() { "message" } else { &self.name };
                return Ok(Some(Event { name, data: &self.data, id: &self.id }));
            }
            let colon = memchr::memchr(b':', line).unwrap_or(line.len());
            let value = line.get(colon + 1..).unwrap_or_default();
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match &line[..colon] {
                b"data" => {
                    if self.lines > 0 {
                        self.data.push('\n');
                    }
                    self.lines += 1;
                    push(&mut self.data, value);
                    if self.data.len() > EVENT_MAX {
                        return Err(too_long());
                    }
                }
                b"event" => {
                    self.name.clear();
                    push(&mut self.name, &value[..value.len().min(256)]);
                }
                b"id" if !value.contains(&0) => {
                    self.id.clear();
                    push(&mut self.id, &value[..value.len().min(16 << 10)]);
                }
                _ => {}
            }
        }
    }
}

fn too_long() -> String {
    format!("an event of the stream is longer than {} MB", EVENT_MAX >> 20)
}

fn push(to: &mut String, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(s) => to.push_str(s),
        Err(_) => to.push_str(&String::from_utf8_lossy(bytes)),
    }
}

/// A stream that is open.
pub struct Events {
    response: reqwest::Response,
    url: Url,
    reader: EventReader,
    silence: Duration,
}

impl Net {
    /// Opens a stream of events. Nothing at all for `silence`, not even a comment, means that it is dead.
    ///
    /// # Errors
    /// What failed, or the answer itself where that is no stream.
    pub async fn events(&self, ask: &Ask, silence: Duration) -> Result<Result<Events, Answer>, NetError> {
        let first = match Url::parse(&ask.url) {
            Ok(u) => Some(self.turn(&u).await?),
            Err(_) => None,
        };
        let mut ask = ask.clone();
        ask.headers.push(("accept".into(), "text/event-stream".into()));
        // A compressor holds events back.
        ask.headers.push(("accept-encoding".into(), "identity".into()));
        let Opened { response, url, .. } = self.open(&ask, first).await?;
        let kind = headers_of(&response).get("content-type").cloned().unwrap_or_default();
        let is_stream = response.status().is_success() && kind.contains("text/event-stream");
        if !is_stream {
            let whole = ask.limits.whole;
            let answer = tokio::time::timeout(whole, read(&ask, response, &url, None)).await;
            let late = || NetError::new(Why::Timeout, "the answer is no stream, and does not end");
            return answer.map_err(|_| late())?.map(Err);
        }
        Ok(Ok(Events { response, url, reader: EventReader::default(), silence }))
    }
}

impl Events {
    /// Waits until an event is here; then [`Events::take`] gives it. False at the end of the stream.
    ///
    /// # Errors
    /// If the line breaks, or nothing comes for too long.
    pub async fn wait(&mut self) -> Result<bool, NetError> {
        match tokio::time::timeout(self.silence, self.response.chunk()).await {
            Err(_) => {
                let words = format!("nothing came for {} s", self.silence.as_secs());
                Err(NetError::new(Why::Timeout, words))
            }
            Ok(Err(e)) => Err(explain(&e, &self.url)),
            Ok(Ok(None)) => Ok(false),
            Ok(Ok(Some(bytes))) => {
                self.reader.feed(&bytes);
                Ok(true)
            }
        }
    }

    /// The next event of what is here already.
    ///
    /// # Errors
    /// If it is longer than we take.
    pub fn take(&mut self) -> Result<Option<Event<'_>>, NetError> {
        self.reader.next_event().map_err(|e| NetError::new(Why::TooBig, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chunks: &[&[u8]]) -> Vec<(String, String, String)> {
        let mut r = EventReader::default();
        let mut out = Vec::new();
        for c in chunks {
            r.feed(c);
            while let Some(e) = r.next_event().unwrap() {
                out.push((e.name.to_owned(), e.data.to_owned(), e.id.to_owned()));
            }
        }
        out
    }

    #[test]
    fn events_are_the_same_however_they_are_cut() {
        let text = "\u{feff}:ok\n\nid: 7\nevent: update\ndata: a\ndata:b\n\nevent: gone\n\ndata\r\n\r\ndata: ü\rid\r\r: c\n\n";
        let whole = all(&[text.as_bytes()]);
        let want = [("update", "a\nb", "7"), ("message", "", "7"), ("message", "ü", "")];
        let want: Vec<_> =
            want.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect();
        assert_eq!(whole, want);
        for n in 1..20 {
            let parts: Vec<&[u8]> = text.as_bytes().chunks(n).collect();
            assert_eq!(all(&parts), want, "in pieces of {n}");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut r = EventReader::default();
        r.feed(b"data: ");
        r.feed(&vec![b'x'; EVENT_MAX + 1]);
        assert!(r.next_event().unwrap_err().contains("longer than"));
    }
}

//! What goes over the line. The eight bytes at the start and the sentence that may follow them never change, so
//! that any two versions can tell each other that they do not fit.

use crate::door::{Event, Reply, Request};
use crate::model::Text;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Changed with every change of what is said behind it.
pub const PROTOCOL: u32 = 8;
const MAGIC: &[u8; 4] = b"HKEN";
/// A request is no longer than this, in bytes: an import sends its lines in pieces.
pub const REQUEST_MAX: u32 = 12 << 20;
/// A reply is no longer than this, in bytes.
pub const REPLY_MAX: u32 = 64 << 20;

/// The greeting of a client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hello {
    pub version: String,
    /// The configuration that was asked for by name.
    pub config: Option<String>,
    /// Wants to be told events.
    pub events: bool,
    /// A terminal, which stays.
    pub terminal: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum FromClient {
    Hello(Hello),
    Ask(u64, Request),
    Backup(u64),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum FromServer {
    /// Who the client is here.
    Welcome {
        version: String,
        who: String,
        role: String,
        notice: Option<String>,
    },
    /// A sentence; the connection ends.
    Refused(String),
    Reply(u64, Box<Reply>),
    Event(Event),
    /// A piece of a backup.
    Piece(u64, Vec<u8>),
    BackedUp(u64, std::result::Result<u64, Text>),
}

/// The first eight bytes of both sides.
pub fn preamble() -> [u8; 8] {
    let mut b = [0; 8];
    b[..4].copy_from_slice(MAGIC);
    b[4..].copy_from_slice(&PROTOCOL.to_le_bytes());
    b
}

/// The protocol of the other side; `None` if these are no such bytes.
pub fn protocol_of(b: [u8; 8]) -> Option<u32> {
    let (magic, number) = b.split_at(4);
    (magic == MAGIC).then(|| number.try_into().ok().map(u32::from_le_bytes))?
}

/// A question as it goes over the line, without its length: for whoever plays a client.
#[must_use]
pub fn question(ticket: u64, request: Request) -> Vec<u8> {
    postcard::to_stdvec(&FromClient::Ask(ticket, request)).unwrap_or_default()
}

/// The bytes of a frame.
pub fn frame<T: Serialize>(value: &T, max: u32) -> Result<Vec<u8>> {
    let mut out =
        postcard::to_extend(value, vec![0; 4]).map_err(|e| Error::new(ErrorKind::InvalidData, e))?;
    let len = u32::try_from(out.len() - 4).ok().filter(|n| *n <= max);
    let len = len.ok_or_else(|| Error::new(ErrorKind::InvalidData, "the frame is too large"))?;
    out[..4].copy_from_slice(&len.to_le_bytes());
    Ok(out)
}

pub async fn send<T: Serialize>(w: &mut (impl AsyncWrite + Unpin), value: &T, max: u32) -> Result<()> {
    w.write_all(&frame(value, max)?).await
}

/// The length of the next frame; `None` at the end.
pub async fn length(r: &mut (impl AsyncRead + Unpin), max: u32) -> Result<Option<u32>> {
    let mut head = [0; 4];
    match r.read_exact(&mut head).await {
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let n = u32::from_le_bytes(head);
    if n > max {
        return Err(Error::new(ErrorKind::InvalidData, format!("a frame of {n} bytes was announced")));
    }
    Ok(Some(n))
}

/// The value of a frame of this length. Memory grows with what really comes.
pub async fn value<T: DeserializeOwned>(r: &mut (impl AsyncRead + Unpin), len: u32) -> Result<T> {
    let mut body = Vec::with_capacity((len as usize).min(64 << 10));
    r.take(u64::from(len)).read_to_end(&mut body).await?;
    if body.len() != len as usize {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    postcard::from_bytes(&body).map_err(|e| Error::new(ErrorKind::InvalidData, e))
}

/// The next value; `None` at the end.
pub async fn receive<T: DeserializeOwned>(r: &mut (impl AsyncRead + Unpin), max: u32) -> Result<Option<T>> {
    match length(r, max).await? {
        Some(n) => value(r, n).await.map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_come_back_and_long_or_torn_ones_are_refused() {
        let (mut a, mut b) = tokio::io::duplex(1 << 16);
        let said = FromClient::Ask(7, Request::Counts);
        send(&mut a, &said, REQUEST_MAX).await.unwrap();
        assert_eq!(receive::<FromClient>(&mut b, REQUEST_MAX).await.unwrap(), Some(said));
        a.write_all(&u32::MAX.to_le_bytes()).await.unwrap();
        assert!(
            receive::<FromClient>(&mut b, REQUEST_MAX).await.unwrap_err().to_string().contains("4294967295")
        );
        a.write_all(&9u32.to_le_bytes()).await.unwrap();
        a.write_all(b"half").await.unwrap();
        drop(a);
        assert!(receive::<FromClient>(&mut b, REQUEST_MAX).await.is_err());
        assert_eq!(protocol_of(preamble()), Some(PROTOCOL));
        assert_eq!(protocol_of(*b"GET / HT"), None);
    }
}

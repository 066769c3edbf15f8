//! A small HTTP server for loopback alone: the demo's sample community is served by it and heard through the
//! real fetch path. One handler, GET only, conditional requests answered.

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a path gives.
#[derive(Clone, Debug)]
pub struct Served {
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// Path to answer; `None` is 404.
pub type Handler = Arc<dyn Fn(&str) -> Option<Served> + Send + Sync>;

/// Serves on a free port of 127.0.0.1 until the program ends.
///
/// # Errors
/// If no port can be had.
pub async fn serve(handler: Handler) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let at = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handler = handler.clone();
            tokio::spawn(async move {
                // A client that goes away is its own affair.
                let _ = talk(stream, handler).await;
            });
        }
    });
    Ok(at)
}

/// Longest request head, in bytes.
const HEAD: u64 = 16 << 10;

async fn talk(stream: TcpStream, handler: Handler) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let (mut path, mut etag, mut close) = (String::new(), String::new(), false);
        let mut first = true;
        let mut left = HEAD;
        loop {
            let mut line = String::new();
            let n = (&mut stream).take(left).read_line(&mut line).await?;
            left -= n as u64;
            if n == 0 || left == 0 {
                return Ok(());
            }
            let l = line.trim_end();
            if l.is_empty() {
                break;
            }
            if first {
                path = l.split(' ').nth(1).unwrap_or("/").to_owned();
                first = false;
            } else if let Some((k, v)) = l.split_once(':') {
                match k.to_ascii_lowercase().as_str() {
                    "if-none-match" => v.trim().clone_into(&mut etag),
                    "connection" => close = v.trim().eq_ignore_ascii_case("close"),
                    _ => {}
                }
            }
        }
        let answer = match handler(&path) {
            None => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
            Some(s) => {
                let tag = format!("\"{:016x}\"", twox_hash::XxHash3_64::oneshot(&s.body));
                if tag == etag {
                    format!("HTTP/1.1 304 Not Modified\r\netag: {tag}\r\n\r\n").into_bytes()
                } else {
                    let mut a = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: {}\r\netag: {tag}\r\ncontent-length: {}\r\n\r\n",
                        s.content_type,
                        s.body.len()
                    )
                    .into_bytes();
                    a.extend_from_slice(&s.body);
                    a
                }
            }
        };
        stream.get_mut().write_all(&answer).await?;
        if close {
            return Ok(());
        }
    }
}

//! A small HTTP client and servers for the tests, on loopback alone.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// One request; gives status, headers and body.
pub fn ask(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, HashMap<String, String>, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').map_or((rest, String::from("/")), |(h, p)| (h, format!("/{p}")));
    let mut s = TcpStream::connect(host).unwrap_or_else(|e| panic!("{url}: {e}"));
    s.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (k, v) in headers {
        head.push_str(&format!("{k}: {v}\r\n"));
    }
    s.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = s.read_to_end(&mut bytes);
    let at = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| panic!("{url}: no head"));
    let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut out: HashMap<String, String> = HashMap::new();
    for l in lines {
        let (k, v) = l.split_once(':').unwrap();
        let v = v.trim().to_owned();
        out.entry(k.to_lowercase()).and_modify(|o| *o = format!("{o}\n{v}")).or_insert(v);
    }
    let mut rest = &bytes[at + 4..];
    let mut text = Vec::new();
    if out.get("transfer-encoding").is_some_and(|t| t == "chunked") {
        while let Some(e) = rest.windows(2).position(|w| w == b"\r\n") {
            let n = usize::from_str_radix(std::str::from_utf8(&rest[..e]).unwrap().trim(), 16).unwrap_or(0);
            if n == 0 {
                break;
            }
            text.extend_from_slice(&rest[e + 2..e + 2 + n]);
            rest = &rest[e + 4 + n..];
        }
    } else {
        text.extend_from_slice(rest);
    }
    (status, out, String::from_utf8_lossy(&text).into_owned())
}

/// A JSON request that must work.
pub fn json(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &serde_json::Value,
) -> serde_json::Value {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let (status, _, got) = ask(method, url, &all, &text);
    assert!((200..300).contains(&status), "{method} {url}: {status} {got}");
    serde_json::from_str(&got).unwrap_or_default()
}

/// What a fake server was asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// Reads a request; `None` if nothing comes.
pub fn read(s: &TcpStream) -> Option<Asked> {
    let mut r = BufReader::new(s.try_clone().ok()?);
    let mut line = String::new();
    r.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut parts = line.split(' ');
    let mut a = Asked { method: parts.next()?.into(), path: parts.next()?.into(), ..Asked::default() };
    loop {
        let mut l = String::new();
        r.read_line(&mut l).ok()?;
        let Some((k, v)) = l.trim().split_once(':') else { break };
        a.headers.insert(k.to_lowercase(), v.trim().to_owned());
    }
    let n: usize = a.headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = vec![0; n];
    r.read_exact(&mut body).ok()?;
    a.body = String::from_utf8_lossy(&body).into_owned();
    Some(a)
}

pub fn answer(mut s: &TcpStream, status: u16, headers: &str, body: &str) {
    let text = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    );
    let _ = s.write_all(text.as_bytes());
}

/// A server that hands every connection to a function, each on a thread of its own. It ends with the test.
pub fn serve(port: u16, talk: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let l = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let at = l.local_addr().unwrap().port();
    let talk = Arc::new(talk);
    std::thread::spawn(move || {
        for s in l.incoming().flatten() {
            let talk = talk.clone();
            std::thread::spawn(move || talk(s));
        }
    });
    at
}

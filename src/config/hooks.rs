//! `[hooks]`: where others push to us. Loopback unless it says otherwise.

use super::Config;
use super::reader::{Report, Section};
use super::source::beside;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A place to listen at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HookAt {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Where, and by which names beside those of this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HooksConf {
    pub at: Vec<HookAt>,
    pub hosts: Vec<String>,
}

/// Where hooks stand if nobody says where.
const USUAL: ([u8; 4], u16) = ([127, 0, 0, 1], 8780);

impl Default for HooksConf {
    fn default() -> Self {
        HooksConf { at: vec![HookAt::Tcp(USUAL.into())], hosts: Vec::new() }
    }
}

pub(super) fn read(top: &mut Section<'_>, r: &mut Report<'_>, c: &mut Config) {
    let Some(mut s) = top.table(r, "hooks") else { return };
    s.name = "[hooks]".into();
    let mut at = Vec::new();
    if let Some(text) = s.text(r, "listen") {
        match text.parse::<SocketAddr>() {
            Ok(a) => at.push(HookAt::Tcp(a)),
            Err(_) => r.add(
                &s.value_span("listen"),
                format!("listen in [hooks] is \"{text}\"; expected an address and a port, as 127.0.0.1:8780"),
            ),
        }
    }
    if let Some(path) = s.text(r, "socket") {
        at.push(HookAt::Unix(beside(&c.file, &path)));
    }
    if !at.is_empty() {
        c.hooks.at = at;
    }
    c.hooks.hosts = s.texts(r, "hosts").unwrap_or_default();
    s.finish(r);
}

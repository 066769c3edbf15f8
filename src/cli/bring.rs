//! What comes in and what goes out: imports, exports, sources, pages, backups.

use super::args::{ExportWhat, SourceAction};
use super::{Out, lists};
use crate::clean;
use crate::door::{Door, ListQuery, Reply, Request, SourceEdit, backup_to};
use crate::model::{Stamp, State, Targets, Verb, line_of};
use serde_json::json;
use std::io::{BufRead, Read};
use std::path::Path;

/// Lines handed over at once.
const CHUNK: usize = 1000;

pub async fn import(
    door: &dyn Door,
    file: &Path,
    name: Option<String>,
    dry_run: bool,
    restore: bool,
    out: &Out,
) -> i32 {
    let cannot = |e: std::io::Error| {
        out.complain(&format!("{}: {e}", file.display()));
        2
    };
    let mut lines = match std::fs::File::open(file) {
        Ok(f) => Lines { from: std::io::BufReader::new(f), number: 0 },
        Err(e) => return cannot(e),
    };
    match lines.begins_with_a_tag() {
        Ok(true) => {
            return match std::fs::read(file) {
                Ok(b) => opml(door, &String::from_utf8_lossy(&b), dry_run, out).await,
                Err(e) => cannot(e),
            };
        }
        Ok(false) => {}
        Err(e) => return cannot(e),
    }
    let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = name
        .unwrap_or(stem)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .collect();
    let (mut new, mut known, mut revised, mut bad) = (0, 0, 0, 0);
    loop {
        let first_line = lines.number + 1;
        let chunk = match lines.next_chunk() {
            Ok(c) if c.is_empty() => break,
            Ok(c) => c,
            Err(e) => return cannot(e),
        };
        let ask = Request::Import { name: name.clone(), lines: chunk, first_line, dry_run, restore };
        match door.ask(ask).await {
            Reply::Imported { new: n, known: k, revised: r, bad: b } => {
                new += n;
                known += k;
                revised += r;
                bad += b.len();
                for (line, why) in b {
                    out.complain(&format!("{}:{line}: {why}", file.display()));
                }
            }
            other => return out.unexpected(&other),
        }
    }
    let v = json!({"new": new, "known": known, "revised": revised, "bad": bad, "dry_run": dry_run});
    let would = if dry_run { "would be " } else { "" };
    out.either(&v, || format!("{new} {would}new, {known} known, {revised} edited, {bad} bad lines"));
    i32::from(bad > 0)
}

/// The lines of a file, some at a time: an archive may be larger than memory.
struct Lines {
    from: std::io::BufReader<std::fs::File>,
    /// Lines read so far.
    number: u64,
}

/// Bytes handed over at once, and of one line; what is longer is cut, and then refused as a line.
const CHUNK_BYTES: usize = 8 << 20;
const LINE_BYTES: u64 = 5 << 20;

impl Lines {
    fn begins_with_a_tag(&mut self) -> std::io::Result<bool> {
        let head = self.from.fill_buf()?;
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        Ok(head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<'))
    }

    fn next_chunk(&mut self) -> std::io::Result<Vec<String>> {
        let (mut out, mut bytes) = (Vec::new(), 0);
        while out.len() < CHUNK && bytes < CHUNK_BYTES {
            let mut line = Vec::new();
            if (&mut self.from).take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if line.last() != Some(&b'\n') && line.len() as u64 == LINE_BYTES {
                self.skip_line()?;
            }
            self.number += 1;
            bytes += line.len();
            let text = String::from_utf8_lossy(&line);
            out.push(text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']).to_owned());
        }
        Ok(out)
    }

    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let b = self.from.fill_buf()?;
            let end = b.iter().position(|c| *c == b'\n');
            let n = end.map_or(b.len(), |i| i + 1);
            self.from.consume(n);
            if end.is_some() || n == 0 {
                return Ok(());
            }
        }
    }
}

async fn opml(door: &dyn Door, text: &str, dry_run: bool, out: &Out) -> i32 {
    let have = match door.ask(Request::Sources).await {
        Reply::Sources(s) => s,
        other => return out.unexpected(&other),
    };
    let feeds = clean::opml(text);
    let known: std::collections::HashSet<String> = have.iter().map(|s| clean::canonical(&s.url)).collect();
    let fresh: Vec<_> = feeds.iter().filter(|(_, url)| !known.contains(&clean::canonical(url))).collect();
    let (mut added, mut failed) = (0, 0);
    if dry_run {
        fresh.iter().for_each(|(title, url)| {
            out.either(&json!({"url": url.as_str(), "title": title.as_str()}), || {
                format!("would add {url} ({title})")
            });
        });
        added = fresh.len();
    } else if !fresh.is_empty() {
        let urls: Vec<String> = fresh.iter().map(|(_, u)| u.to_string()).collect();
        match door.ask(Request::AddSources(urls.clone())).await {
            Reply::AddedAll(ids) => {
                for (url, id) in urls.iter().zip(ids) {
                    match id {
                        Ok(id) => {
                            added += 1;
                            out.either(&json!({"added": id, "url": url}), || format!("added {id}: {url}"));
                        }
                        Err(why) => {
                            failed += 1;
                            out.complain(&format!("{url}: {why}"));
                        }
                    }
                }
            }
            other => return out.unexpected(&other),
        }
    }
    let would = if dry_run { "would be " } else { "" };
    out.either(&json!({"feeds": feeds.len(), "added": added, "failed": failed}), || {
        format!("{} feeds, {added} {would}added, {failed} failed", feeds.len())
    });
    i32::from(failed > 0)
}

pub async fn export(door: &dyn Door, what: ExportWhat, out: &Out) -> i32 {
    match what {
        ExportWhat::Mentions => {
            let mut q = ListQuery::newest(&State::ALL, "", 500);
            loop {
                match door.ask(Request::List(q.clone())).await {
                    Reply::List { items, next, .. } => {
                        items.iter().for_each(|i| out.object(&line_of(i)));
                        match next {
                            Some(k) => q.from = k,
                            None => return 0,
                        }
                    }
                    other => return out.unexpected(&other),
                }
            }
        }
        ExportWhat::Opml => match door.ask(Request::Sources).await {
            Reply::Sources(all) => {
                out.line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\"><head><title>Hearken</title></head><body>");
                for s in all.iter().filter(|s| s.network == "feed" && !s.url.is_empty()) {
                    let esc = |t: &str| t.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
                    out.line(&format!(
                        "<outline type=\"rss\" text=\"{}\" xmlUrl=\"{}\"/>",
                        esc(&s.id),
                        esc(&s.url)
                    ));
                }
                out.line("</body></opml>");
                0
            }
            other => out.unexpected(&other),
        },
        // Nothing to export is an empty export, and no failure.
        ExportWhat::Drafts => super::drafts::list(door, &Out { json: true }).await % 3,
        ExportWhat::People => lists::people(door, None, &Out { json: true }).await % 3,
        ExportWhat::Log => lists::log(door, None, usize::MAX, &Out { json: true }).await % 3,
    }
}

pub async fn source(door: &dyn Door, action: SourceAction, out: &Out) -> i32 {
    let ask = match action {
        SourceAction::Add { url, id, every } => Request::AddSource(SourceEdit { id, url, every }),
        SourceAction::Remove { id } => Request::RemoveSource(id),
        SourceAction::Pause { id } => pause(id, true),
        SourceAction::Resume { id } => pause(id, false),
        SourceAction::Test { url } => Request::TestSource(url),
    };
    match door.ask(ask).await {
        Reply::Added(id) => {
            out.either(&json!({"id": id}), || format!("ok: {id}"));
            0
        }
        Reply::Removed(id) => {
            out.either(&json!({"id": id}), || format!("removed: {id}"));
            0
        }
        Reply::Applied(a) => {
            out.either(&json!({"changed": a.changed}), || {
                if a.changed > 0 { "ok".into() } else { "nothing changed".into() }
            });
            if a.changed == 0 { 3 } else { 0 }
        }
        Reply::Tested { title, entries, matched, feed } => {
            let v = json!({"title": title.as_str(), "entries": entries, "matched": matched, "feed": feed.as_str()});
            out.either(&v, || format!("{feed}: “{title}”, {entries} entries, {matched} match"));
            0
        }
        other => out.unexpected(&other),
    }
}

fn pause(id: String, on: bool) -> Request {
    Request::Act { verb: Verb::Pause(on), targets: Targets::Source(id), quiet: false }
}

pub async fn add(door: &dyn Door, url: String, out: &Out) -> i32 {
    match door.ask(Request::AddPage(url)).await {
        Reply::AddedPage { id, trouble } => {
            let id = id.to_string();
            out.either(&json!({"id": id, "trouble": trouble.as_str()}), || format!("in the inbox: {id}"));
            if !trouble.is_empty() {
                out.complain(&format!("only the address could be kept: {trouble}"));
            }
            i32::from(!trouble.is_empty())
        }
        other => out.unexpected(&other),
    }
}

/// Writes a backup into a new file.
pub async fn backup(door: &dyn Door, file: &Path, out: &Out) -> i32 {
    match backup_to(door, file).await {
        Ok(n) => {
            let at = Stamp::now().rfc3339();
            out.either(&json!({"bytes": n, "at": at}), || {
                format!("{} MB in {}", n.div_ceil(1 << 20), file.display())
            });
            0
        }
        Err(e) => {
            out.complain(&e);
            1
        }
    }
}

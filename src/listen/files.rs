//! Mails that lie in files on this machine, as the operator's configuration names them: a Maildir or an mbox. What is
//! there beyond the place is read in order, some at a time.

use crate::clean;
use crate::networks::{Answer, Call, Trouble, of_mbox};
use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Mails of one reading, and bytes of one mail and of one piece of an mbox.
const MANY: usize = 200;
const MAIL_MAX: u64 = 1 << 20;
const PIECE: u64 = 16 << 20;

/// True for a call that is read from a file.
pub fn is_file(call: &Call) -> bool {
    matches!(call.what, "maildir" | "mbox") && call.url.starts_with(call.what)
}

/// Reads it, off the event loop.
///
/// # Errors
/// A sentence with the path.
pub async fn read(call: &Call) -> Result<Answer, Trouble> {
    let (what, path, with) = (call.what, PathBuf::from(&call.url[call.what.len() + 1..]), call.with.clone());
    let work = move || if what == "mbox" { mbox(&path, &with) } else { maildir(&path, &with) };
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err("reading the mails failed".into()))
        .map_err(|e| Trouble::Fault(clean::line_capped(&e, 300)))
}

fn answer(mails: &[Vec<u8>], place: String, more: bool) -> Answer {
    let mut body = Vec::new();
    for m in mails {
        body.extend_from_slice(&u32::try_from(m.len()).unwrap_or(u32::MAX).to_be_bytes());
        body.extend_from_slice(m);
    }
    let mut headers: HashMap<String, String> = [("x-place".to_owned(), place)].into();
    if more {
        headers.insert("x-more".into(), "1".into());
    }
    Answer { status: 200, headers, body }
}

/// The place is the byte behind the last whole mail, and the length of the file then: a shorter one begins anew.
fn mbox(path: &Path, place: &str) -> Result<Answer, String> {
    let said = |e: std::io::Error| format!("{}: {e}", path.display());
    let mut f = std::fs::File::open(path).map_err(said)?;
    let len = f.metadata().map_err(said)?.len();
    let known: u64 = place.parse().unwrap_or(0);
    let from = if known > len { 0 } else { known };
    f.seek(SeekFrom::Start(from)).map_err(said)?;
    let mut bytes = Vec::new();
    f.take(PIECE).read_to_end(&mut bytes).map_err(said)?;
    let all = of_mbox(&bytes);
    let taken: Vec<Vec<u8>> = all.iter().take(MANY).map(|m| m.0.clone()).collect();
    let end = all.get(taken.len().wrapping_sub(1)).map_or(0, |m| m.1 as u64);
    let whole_piece = bytes.len() as u64 == PIECE;
    if taken.is_empty() && whole_piece {
        return Err(format!("{}: a mail at byte {from} is longer than {} MB", path.display(), PIECE >> 20));
    }
    Ok(answer(&taken, (from + end).to_string(), all.len() > taken.len() || whole_piece))
}

/// Mails of `new` and `cur` in the order of their time; the place is the time (ns) and name of the last one.
fn maildir(path: &Path, place: &str) -> Result<Answer, String> {
    let mut found: Vec<(u128, String, PathBuf)> = Vec::new();
    // A mail moves from `new` to `cur`: looked at in this order it is seen at least once.
    for sub in ["new", "cur"] {
        let dir = path.join(sub);
        let said = |e: std::io::Error| format!("{}: {e}", dir.display());
        for e in std::fs::read_dir(&dir).map_err(said)? {
            let e = e.map_err(said)?;
            let Ok(meta) = e.metadata() else { continue };
            let time = meta.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
            let name = e.file_name().to_string_lossy().into_owned();
            // Flags behind the colon change; the name does not.
            let name = name.split(':').next().unwrap_or("").to_owned();
            if meta.is_file() && !name.starts_with('.') {
                found.push((time.map_or(0, |t| t.as_nanos()), name, e.path()));
            }
        }
    }
    found.sort();
    found.dedup_by(|b, a| a.1 == b.1);
    let known = place.split_once(' ').map(|(t, n)| (t.parse::<u128>().unwrap_or(0), n.to_owned()));
    let fresh: Vec<_> =
        found.into_iter().filter(|(t, n, _)| known.as_ref().is_none_or(|k| (*t, n) > (k.0, &k.1))).collect();
    let mut mails = Vec::new();
    let mut last = place.to_owned();
    for (t, n, p) in fresh.iter().take(MANY) {
        let mut bytes = Vec::new();
        match std::fs::File::open(p).and_then(|f| f.take(MAIL_MAX).read_to_end(&mut bytes)) {
            Ok(_) => mails.push(bytes),
            // Moved meanwhile: it is found under its new name by the next reading, which begins here.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(answer(&mails, last, false)),
            // One that we may not read does not keep the others back.
            Err(_) => {}
        }
        last = format!("{t} {n}");
    }
    Ok(answer(&mails, last, fresh.len() > MANY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_are_read_from_where_we_were() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("m.mbox");
        let path = format!("mbox:{}", file.display());
        std::fs::write(&file, "From a\nSubject: 1\n\nx\n\nFrom b\nSubject: 2\n\ny\n").unwrap();
        let a = read(&Call::get("mbox", path.clone())).await.unwrap();
        let at = a.header("x-place").unwrap().to_owned();
        assert_eq!(
            (at.as_str(), a.body.is_empty()),
            (&*std::fs::metadata(&file).unwrap().len().to_string(), false)
        );
        assert!(read(&Call::get("mbox", path.clone()).with(at.clone())).await.unwrap().body.is_empty());
        std::fs::write(&file, "From c\nSubject: 3\n\nz\n").unwrap();
        assert!(
            !read(&Call::get("mbox", path).with(at)).await.unwrap().body.is_empty(),
            "a shorter file begins anew"
        );
        let gone = read(&Call::get("maildir", format!("maildir:{}/nothing", dir.path().display()))).await;
        assert!(gone.unwrap_err().text().contains("nothing"));
        for d in ["cur", "new"] {
            std::fs::create_dir(dir.path().join(d)).unwrap();
        }
        std::fs::write(dir.path().join("new/1.a"), "Subject: x\n\n").unwrap();
        let path = format!("maildir:{}", dir.path().display());
        let a = read(&Call::get("maildir", path.clone())).await.unwrap();
        let at = a.header("x-place").unwrap().to_owned();
        // Reading it elsewhere renames it; it is known all the same.
        std::fs::rename(dir.path().join("new/1.a"), dir.path().join("cur/1.a:2,S")).unwrap();
        assert!(
            !a.body.is_empty() && read(&Call::get("maildir", path).with(at)).await.unwrap().body.is_empty()
        );
    }
}

//! The terminal itself: entering and leaving it, one write a frame, the clipboard, `$EDITOR`, suspend. Nothing
//! is asked of it: late answers would come back as keys.

use crate::clean;
use crate::model::base64;
use crossterm::{cursor, event, execute, terminal};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Collects a frame and lets it go in one write.
#[derive(Clone, Default)]
pub struct FrameWriter {
    buffer: Arc<Mutex<Vec<u8>>>,
}

impl Write for FrameWriter {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(b);
        Ok(b.len())
    }

    /// The frame leaves by `send`, not by flushes in its middle.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FrameWriter {
    /// Takes what a frame wrote; nothing if it changed nothing on the screen.
    pub fn take(&self) -> Vec<u8> {
        let bytes = std::mem::take(&mut *self.buffer.lock().unwrap_or_else(PoisonError::into_inner));
        if is_idle(&bytes) { Vec::new() } else { bytes }
    }
}

/// True for a frame that only resets colours and hides the cursor again.
fn is_idle(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        let known = [&b"\x1b[39m"[..], b"\x1b[49m", b"\x1b[59m", b"\x1b[0m", b"\x1b[?25l"];
        match known.iter().find(|k| rest.starts_with(k)) {
            Some(k) => rest = &rest[k.len()..],
            None => return false,
        }
    }
    true
}

pub type Screen = Terminal<CrosstermBackend<FrameWriter>>;

/// The terminal, entered; left when dropped.
pub struct Tty {
    pub screen: Screen,
    writer: FrameWriter,
    /// False once it is gone: then nothing is written any more.
    alive: bool,
    title: String,
}

impl Tty {
    /// # Errors
    /// If the terminal cannot be set up.
    pub fn enter() -> io::Result<Tty> {
        let old = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !clean::is_quiet() {
                restore();
            }
            old(info);
        }));
        set_up()?;
        let writer = FrameWriter::default();
        let screen = Terminal::new(CrosstermBackend::new(writer.clone()))?;
        Ok(Tty { screen, writer, alive: true, title: String::new() })
    }

    /// Draws a frame and sends it in one write.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn frame(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if !self.alive {
            return Ok(());
        }
        self.screen.draw(draw)?;
        let bytes = self.writer.take();
        if bytes.is_empty() {
            return Ok(());
        }
        let sent = send(&bytes);
        self.alive = sent.is_ok();
        sent
    }

    /// The title that the window was given last.
    pub fn titled(&self) -> &str {
        &self.title
    }

    /// Gives the window a title: words of ours alone. The same one is not sent twice.
    pub fn title(&mut self, words: &str) {
        // The console of Linux has none.
        if !self.alive || self.title == words || std::env::var("TERM").is_ok_and(|t| t == "linux") {
            return;
        }
        self.title = words.to_owned();
        // The title before ours is kept by terminals that can.
        let keep = if TITLED.swap(true, Ordering::SeqCst) { "" } else { "\x1b[22;2t" };
        let _ = send(format!("{keep}\x1b]2;{words}\x07").as_bytes());
    }

    /// Nothing is written from now on.
    pub fn gone(&mut self) {
        self.alive = false;
    }

    /// Everything is drawn anew by the next frame.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn redraw_all(&mut self) -> io::Result<()> {
        self.screen.clear()
    }

    /// Gives the terminal back, runs `f`, takes it again.
    ///
    /// # Errors
    /// If it cannot be set up again.
    pub fn lend<T>(&mut self, f: impl FnOnce() -> T) -> io::Result<T> {
        restore();
        self.title.clear();
        let out = f();
        set_up()?;
        self.redraw_all()?;
        Ok(out)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        if self.alive {
            restore();
        }
    }
}

fn send(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // Stdout is line buffered; a frame of one write goes past the buffer when it is empty and this is long.
    let mut rest = bytes;
    out.flush()?;
    while !rest.is_empty() {
        let n = rustix::io::write(rustix::stdio::stdout(), rest).map_err(io::Error::from)?;
        rest = &rest[n..];
    }
    Ok(())
}

fn set_up() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    OURS.store(true, Ordering::SeqCst);
    let mut b = Vec::new();
    execute!(b, terminal::EnterAlternateScreen, event::EnableBracketedPaste, cursor::Hide)?;
    // Whoever was killed here before left its screen: this once it is wiped.
    execute!(b, terminal::Clear(terminal::ClearType::All), cursor::MoveTo(0, 0))?;
    send(&b)
}

/// The bell of the terminal, which tmux turns into what its user wants.
pub fn ring() {
    let _ = send(b"\x07");
}

/// True while the terminal is ours.
static OURS: AtomicBool = AtomicBool::new(false);
/// The title of the window is ours.
static TITLED: AtomicBool = AtomicBool::new(false);

/// Every mode that was set is reset; called twice it does nothing more, and may be called from a panic.
fn restore() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut b = Vec::new();
    if TITLED.swap(false, Ordering::SeqCst) {
        b.extend_from_slice(b"\x1b]2;\x07\x1b[23;2t");
    }
    let _ = execute!(b, event::DisableBracketedPaste, terminal::LeaveAlternateScreen, cursor::Show);
    let _ = send(&b);
    let _ = terminal::disable_raw_mode();
}

/// Stops the whole group, as Ctrl-Z does; returns when it goes on. A session leader has nobody to go back to.
pub fn suspend() -> bool {
    let me = rustix::process::getpid();
    if rustix::process::getsid(None).is_ok_and(|s| s == me) {
        return false;
    }
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
    true
}

/// Becomes the same command in another time zone: clocks are read in the one that the environment names. Comes back
/// only with why it could not.
#[must_use]
pub fn again_in(zone: &str) -> io::Error {
    use std::os::unix::process::CommandExt;
    match std::env::current_exe() {
        Ok(me) => Command::new(me).args(std::env::args_os().skip(1)).env("TZ", zone).exec(),
        Err(why) => why,
    }
}

/// How a text was given to the clipboard, as it is told to people.
pub fn copy(text: &str) -> &'static str {
    const MAX: usize = 74_000;
    let text = clean::sink(text.trim_end_matches('\n'));
    if text.len() > MAX {
        return "too long to copy; nothing was sent";
    }
    if std::env::var_os("TMUX").is_some() {
        for tmux in ["/usr/bin/tmux", "/usr/local/bin/tmux", "/bin/tmux"] {
            let child = Command::new(tmux)
                .args(["load-buffer", "-w", "-"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            if let Ok(mut c) = child {
                let wrote = c.stdin.take().is_some_and(|mut i| i.write_all(text.as_bytes()).is_ok());
                if c.wait().is_ok_and(|s| s.success()) && wrote {
                    return "copied to the tmux buffer and sent to your terminal";
                }
            }
        }
    }
    let seq = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
    match send(seq.as_bytes()) {
        Ok(()) => "sent to your terminal's clipboard (if it takes such)",
        Err(_) => "nothing was sent",
    }
}

/// Runs `$EDITOR` on a private file that holds the draft, with the quoted mention below a line of ours.
///
/// # Errors
/// A sentence; the draft is as it was.
pub fn edit(draft: &str, quoted: &str) -> Result<String, String> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let base = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, Into::into);
    let dir = base.join(format!("hearken-draft-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::DirBuilder::new().mode(0o700).create(&dir).map_err(|e| format!("no private folder: {e}"))?;
    let file = dir.join("draft.txt");
    let done = (|| {
        let mut f = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)
            .map_err(|e| e.to_string())?;
        f.write_all(page(draft, quoted).as_bytes()).map_err(|e| e.to_string())?;
        drop(f);
        let editor =
            std::env::var("VISUAL").or_else(|_| std::env::var("EDITOR")).unwrap_or_else(|_| "vi".into());
        let mut words = editor.split_whitespace();
        let program = words.next().ok_or("EDITOR is empty")?;
        let status =
            Command::new(program).args(words).arg(&file).status().map_err(|e| format!("{program}: {e}"))?;
        if !status.success() {
            return Err(format!("{program} ended with {status}; the draft is as it was"));
        }
        let back = std::fs::read(&file).map_err(|e| e.to_string())?;
        Ok(cut(&String::from_utf8_lossy(&back)))
    })();
    let _ = std::fs::remove_dir_all(&dir);
    done
}

const RULE: &str = "# ---- what is below this line is not sent; the mention that you answer ----";

/// Our own lines stand first and last, so that nothing quoted can be a modeline.
fn page(draft: &str, quoted: &str) -> String {
    // vim reads the first and last five lines for settings, emacs the last 3,000 characters for "Local Variables".
    let quoted = clean::sink(quoted).replace("Local Variables:", "Local Variables :");
    let quoted: String = quoted.lines().take(200).map(|l| format!("> {l}\n")).collect();
    let end = "# ----\n".repeat(6);
    format!("{draft}\n{RULE}\n# \n# \n# \n# \n{quoted}{end}")
}

/// The draft above the line; and what somebody wrote below it, where an editor had put the cursor.
fn cut(s: &str) -> String {
    let (above, below) = s.split_once(RULE).unwrap_or((s, ""));
    let ours = |l: &&str| l.starts_with('>') || l.starts_with('#') || l.trim().is_empty();
    let mut out = above.trim_end().to_owned();
    for l in below.lines().filter(|l| !ours(l)) {
        out.push('\n');
        out.push_str(l);
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_changes_nothing_is_not_sent() {
        assert!(is_idle(b"\x1b[39m\x1b[49m\x1b[59m\x1b[0m\x1b[?25l") && is_idle(b""));
        assert!(!is_idle(b"\x1b[39mx") && !is_idle(b"\x1b[1;1H"));
    }

    #[test]
    fn the_editor_page_gives_the_draft_back_and_hides_modelines() {
        let p = page("Dear Ana,\nthanks", "vim: set shell=x:\nsecond\nLocal Variables:\neval: (x)\nEnd:");
        assert_eq!(cut(&p), "Dear Ana,\nthanks");
        let lines: Vec<&str> = p.lines().collect();
        let near_an_end = lines.iter().take(2).chain(lines.iter().rev().take(5));
        assert!(!near_an_end.clone().any(|l| l.contains("vim:")));
        assert!(!p.contains("Local Variables:"));
        assert_eq!(cut("only mine\n"), "only mine");
        assert_eq!(cut(&format!("{p}written at the end\n")), "Dear Ana,\nthanks\nwritten at the end");
    }
}

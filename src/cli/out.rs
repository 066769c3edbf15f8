//! Printing. Words on a terminal pass the sink once more; a closed pipe ends the program quietly.

use crate::clean;
use crate::door::{Refusal, Reply};
use serde_json::Value;
use std::io::{IsTerminal, Write};

/// Where words and objects go.
pub struct Out {
    pub json: bool,
}

impl Out {
    /// A line of words, on stdout.
    pub fn line(&self, s: &str) {
        let clean = clean::sink(s);
        write_out(&clean);
    }

    /// An object, on one line.
    pub fn object(&self, v: &Value) {
        // JSON escapes C0 alone; on a terminal the rest is escaped the same way, and reads back as it was.
        write_out(&if std::io::stdout().is_terminal() {
            clean::sink_json(&v.to_string())
        } else {
            v.to_string()
        });
    }

    /// An object if asked for, else words.
    pub fn either(&self, v: &Value, words: impl FnOnce() -> String) {
        if self.json {
            self.object(v);
        } else {
            self.line(&words());
        }
    }

    /// Bytes of ours as they are: completions, the man page.
    pub fn bytes(&self, b: &[u8]) {
        write_out(String::from_utf8_lossy(b).trim_end_matches('\n'));
    }

    /// A complaint, on stderr.
    pub fn complain(&self, s: &str) {
        let _ = writeln!(std::io::stderr(), "hearken: {}", clean::sink(s));
    }

    /// Says why not and gives the exit code.
    pub fn refused(&self, r: &Refusal) -> i32 {
        self.complain(&r.text);
        r.exit_code()
    }

    /// An answer that no request of this kind gets; a fault of ours.
    pub fn unexpected(&self, r: &Reply) -> i32 {
        if let Reply::Refused(why) = r {
            return self.refused(why);
        }
        self.complain("the engine gave an answer that does not fit the question");
        1
    }
}

/// Ends the program where nothing can be printed any more; what is to be cleared away first is.
fn write_out(s: &str) {
    let mut out = std::io::stdout().lock();
    let Err(e) = out.write_all(s.as_bytes()).and_then(|()| out.write_all(b"\n")) else { return };
    if let Some(clear) = AT_EXIT.get() {
        clear();
    }
    // `hearken list | head` is no failure.
    if e.kind() == std::io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    let _ = writeln!(std::io::stderr(), "hearken: cannot print: {e}");
    std::process::exit(1);
}

static AT_EXIT: std::sync::OnceLock<Box<dyn Fn() + Send + Sync>> = std::sync::OnceLock::new();

/// What must be done also if printing ends the program.
pub fn at_exit(clear: impl Fn() + Send + Sync + 'static) {
    let _ = AT_EXIT.set(Box::new(clear));
}

/// True if stderr, where the bar is drawn, is a terminal.
pub fn on_terminal() -> bool {
    std::io::stderr().is_terminal()
}

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

fn write_out(s: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(e) = out.write_all(s.as_bytes()).and_then(|()| out.write_all(b"\n")) {
        // `hearken list | head` is no failure.
        std::process::exit(if e.kind() == std::io::ErrorKind::BrokenPipe { 0 } else { 1 });
    }
}

/// True if stderr, where the bar is drawn, is a terminal.
pub fn on_terminal() -> bool {
    std::io::stderr().is_terminal()
}

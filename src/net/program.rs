//! Programs that the operator's configuration names: an argument list, never a shell; a cleaned environment,
//! no terminal, a process group of their own, caps on time and output.

use crate::clean;
use crate::model::Text;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What to run.
#[derive(Clone, Debug)]
pub struct Program {
    pub argv: Vec<String>,
    pub time: Duration,
    /// Of its output, in bytes.
    pub max_bytes: u64,
    pub input: Vec<u8>,
}

/// Why a program gave nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunError(pub Text);

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RunError {}

fn err(s: impl AsRef<str>) -> RunError {
    RunError(clean::line_capped(s.as_ref(), 300))
}

/// Variables that look like secrets are not handed on.
fn is_secret(name: &str) -> bool {
    let n = name.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "CREDENTIAL"].iter().any(|w| n.contains(w))
}

/// Runs a program to its end and gives its output.
///
/// # Errors
/// If it cannot be started, fails, takes too long or prints too much; with the first line of its errors.
pub async fn run(p: &Program) -> Result<Vec<u8>, RunError> {
    let name = p.argv.first().ok_or_else(|| err("no program is named"))?;
    let mut c = tokio::process::Command::new(name);
    c.args(&p.argv[1..])
        .env_clear()
        .envs(std::env::vars_os().filter(|(k, _)| !is_secret(&k.to_string_lossy())))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = c.spawn().map_err(|e| err(format!("{name} cannot be started: {e}")))?;
    let group = child.id();
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let work = async {
        let feed = async {
            if let Some(mut i) = stdin {
                // A program that does not read its input is fine.
                let _ = i.write_all(&p.input).await;
            }
        };
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        let read_out = async {
            if let Some(o) = stdout { o.take(p.max_bytes + 1).read_to_end(&mut out).await } else { Ok(0) }
        };
        let read_err = async {
            if let Some(e) = stderr { e.take(64 << 10).read_to_end(&mut errors).await } else { Ok(0) }
        };
        let ((), a, _) = tokio::join!(feed, read_out, read_err);
        a.map_err(|e| err(format!("{name}: its output cannot be read: {e}")))?;
        if out.len() as u64 > p.max_bytes {
            return Err(err(format!("{name} printed more than {} MB", p.max_bytes >> 20)));
        }
        let status = child.wait().await.map_err(|e| err(format!("{name}: {e}")))?;
        if !status.success() {
            let said = String::from_utf8_lossy(&errors);
            let line = said.lines().next().unwrap_or("it said nothing");
            return Err(err(format!("{name} failed ({status}): {line}")));
        }
        Ok(out)
    };
    let done = tokio::time::timeout(p.time, work).await;
    if !matches!(done, Ok(Ok(_)))
        && let Some(pid) = group.and_then(|g| i32::try_from(g).ok()).and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    done.unwrap_or_else(|_| Err(err(format!("{name} did not end within {} s", p.time.as_secs()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, ms: u64, max: u64) -> Program {
        let argv = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        Program { argv, time: Duration::from_millis(ms), max_bytes: max, input: b"in\n".to_vec() }
    }

    #[tokio::test]
    async fn programs_are_fed_capped_and_ended() {
        assert_eq!(run(&sh("cat; echo out", 5000, 100)).await.unwrap(), b"in\nout\n");
        let e = run(&sh("echo bad news >&2; exit 3", 5000, 100)).await.unwrap_err();
        assert!(e.to_string().contains("bad news"), "{e}");
        assert!(run(&sh("yes", 5000, 1000)).await.unwrap_err().to_string().contains("more than"));
        assert!(run(&sh("sleep 60", 50, 100)).await.unwrap_err().to_string().contains("did not end"));
        let none = Program { argv: vec!["/no/such/program".into()], ..sh("", 10, 10) };
        assert!(run(&none).await.unwrap_err().to_string().contains("cannot be started"));
    }
}

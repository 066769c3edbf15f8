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

/// What a program may know of our environment: where things are, the language, and how secrets are kept. Never a
/// variable that holds one.
fn is_handed_on(name: &str) -> bool {
    name.starts_with("LC_")
        || name.starts_with("XDG_")
        || matches!(
            name,
            "PATH"
                | "HOME"
                | "LANG"
                | "LANGUAGE"
                | "TZ"
                | "TMPDIR"
                | "USER"
                | "LOGNAME"
                | "SHELL"
                | "GNUPGHOME"
                | "PASSWORD_STORE_DIR"
                | "DBUS_SESSION_BUS_ADDRESS"
                | "SSL_CERT_FILE"
                | "SSL_CERT_DIR"
        )
}

/// The hidden argument with which this program starts another one in a session of its own.
const SESSION: &str = "__session";

/// Called first by `main`: if we were started to start a program, this becomes that program, in a session of its
/// own, without our terminal. Returns only if we were not, or with the words of the failure.
#[must_use]
pub fn enter_session() -> Option<String> {
    use std::os::unix::process::CommandExt;
    let mut args = std::env::args_os().skip(1);
    if args.next()? != SESSION {
        return None;
    }
    let name = args.next()?;
    let _ = rustix::process::setsid();
    let e = std::process::Command::new(&name).args(args).exec();
    Some(format!("{} cannot be started: {e}", name.to_string_lossy()))
}

/// The program itself, which starts others in a session of their own; tests are another program.
fn ourselves() -> Option<std::path::PathBuf> {
    std::env::current_exe().ok().filter(|p| p.file_name().is_some_and(|n| n == "hearken"))
}

/// Ends a whole group, also when the poll that waits for it is given up.
struct Group(Option<rustix::process::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0.take() {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Runs a program to its end and gives its output.
///
/// # Errors
/// If it cannot be started, fails, takes too long or prints too much; with the first line of its errors.
pub async fn run(p: &Program) -> Result<Vec<u8>, RunError> {
    let name = p.argv.first().ok_or_else(|| err("no program is named"))?;
    let mut c = match ourselves() {
        Some(us) => {
            let mut c = tokio::process::Command::new(us);
            c.arg(SESSION).arg(name);
            c
        }
        None => {
            let mut c = tokio::process::Command::new(name);
            c.process_group(0);
            c
        }
    };
    c.args(&p.argv[1..])
        .env_clear()
        .envs(std::env::vars_os().filter(|(k, _)| is_handed_on(&k.to_string_lossy())))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = c.spawn().map_err(|e| err(format!("{name} cannot be started: {e}")))?;
    let pid = child.id().and_then(|g| i32::try_from(g).ok()).and_then(rustix::process::Pid::from_raw);
    let mut group = Group(pid);
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
            let Some(mut e) = stderr else { return };
            let _ = (&mut e).take(64 << 10).read_to_end(&mut errors).await;
            // Who talks on is heard out, or it would die of a closed pipe.
            let _ = tokio::io::copy(&mut e, &mut tokio::io::sink()).await;
        };
        let ((), a, ()) = tokio::join!(feed, read_out, read_err);
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
    if matches!(done, Ok(Ok(_))) {
        // What it left running on purpose may go on.
        group.0 = None;
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
        // Who talks much on the side is no failure, and of our environment little is known.
        let talks = run(&sh("head -c 300000 /dev/zero >&2; env", 5000, 10_000)).await.unwrap();
        let env = String::from_utf8(talks).unwrap();
        assert!(env.contains("PATH=") && !env.contains("CARGO"), "{env}");
    }

    #[tokio::test]
    async fn a_program_that_is_given_up_takes_its_children_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", file.display());
        let p = sh(&script, 600_000, 100);
        let asked = tokio::spawn(async move { run(&p).await.map(|_| ()) });
        let pid = loop {
            match std::fs::read_to_string(&file).ok().and_then(|t| t.trim().parse::<i32>().ok()) {
                Some(p) => break p,
                None => tokio::task::yield_now().await,
            }
        };
        asked.abort();
        let _ = asked.await;
        let stat = format!("/proc/{pid}/stat");
        while std::fs::read_to_string(&stat).is_ok_and(|s| !s.contains(") Z ")) {
            tokio::task::yield_now().await;
        }
    }
}

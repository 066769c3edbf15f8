//! Arguments, umask, exit codes. Makes a door (an engine in this process) and hands it to the command line or
//! to the terminal.

use clap::{CommandFactory, Parser};
use hearken::cli::{Args, Command, Out};
use hearken::config::Config;
use hearken::demo;
use hearken::door::Door;
use hearken::engine::{Engine, Here, alone};
use hearken::paths::Paths;
use hearken::{cli, tui};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    hearken::paths::one_heap();
    // Drafts, notes and logins are nobody else's business on a shared server.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    hearken::clean::install_panic_hook();
    if let Some(why) = hearken::engine::enter_session() {
        eprintln!("{why}");
        return ExitCode::from(127);
    }
    let args = match Args::try_parse() {
        Ok(a) => a,
        Err(e) => {
            // clap quotes what was typed; a terminal must not obey it.
            let text = e.render().to_string();
            let text = hearken::clean::sink(&text);
            if !e.use_stderr() {
                Out { json: false }.line(text.trim_end());
                return ExitCode::SUCCESS;
            }
            eprintln!("{}", text.trim_end());
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(r) => r,
        Err(e) => {
            eprintln!("hearken: cannot start: {e}");
            return ExitCode::from(1);
        }
    };
    let shows = args.command.is_none() || matches!(args.command, Some(Command::Demo { .. }));
    let code = runtime.block_on(async {
        // The terminal has its own answers to signals; a command ends, and with it what it started.
        if shows { run(args).await } else { until_signal(run(args)).await }
    });
    // A poll in flight holds nobody up: what is acknowledged is on the disk.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Runs to the end, or to the first signal: then the tasks are dropped, and their programs with them.
async fn until_signal(work: impl Future<Output = i32>) -> i32 {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut int), Ok(mut term), Ok(mut hup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return work.await;
    };
    tokio::select! {
        code = work => code,
        _ = int.recv() => 130,
        _ = term.recv() => 143,
        _ = hup.recv() => 129,
    }
}

async fn run(args: Args) -> i32 {
    let out = Out { json: args.json };
    match &args.command {
        // These need neither a home nor a configuration.
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Args::command(), "hearken", &mut text);
            out.bytes(&text);
            return 0;
        }
        Some(Command::Man) => {
            out.bytes(&cli::man());
            return 0;
        }
        _ => {}
    }
    let paths = match Paths::find(args.config.as_deref(), args.data.as_deref()) {
        Ok(p) => p,
        Err(why) => {
            out.complain(&why);
            return 2;
        }
    };
    match args.command {
        Some(Command::Init { brand, listen, feeds }) => {
            let listen = listen.unwrap_or_else(|| brand.clone());
            match hearken::config::init(&paths.config, &brand, &listen, &feeds) {
                Ok(()) => {
                    let v = serde_json::json!({"wrote": paths.config.display().to_string()});
                    out.either(&v, || format!("wrote {}", paths.config.display()));
                    0
                }
                Err(why) => {
                    out.complain(&why);
                    2
                }
            }
        }
        Some(Command::Demo { seed, pace }) => demo(seed, pace, &out).await,
        Some(Command::Check { repair }) => check(&paths, repair, &out),
        Some(Command::Restore { file }) => match alone::restore(&file, &paths.data) {
            Ok(n) => {
                out.either(&serde_json::json!({"mentions": n}), || {
                    format!("restored {n} mentions into {}", paths.data.display())
                });
                0
            }
            Err(why) => {
                out.complain(&why);
                1
            }
        },
        Some(command) => match open(&paths, false, &out) {
            Ok(door) => cli::run(door, command, &out).await,
            Err(code) => code,
        },
        None => terminal(&paths, &out).await,
    }
}

/// The inbox in the terminal; first the two questions, if there is no configuration yet.
async fn terminal(paths: &Paths, out: &Out) -> i32 {
    if !tui::is_terminal() {
        out.complain("this is no terminal; see hearken --help for commands that print");
        return 2;
    }
    if !paths.config.exists()
        && let Err(code) = tui::first_run(&paths.config)
    {
        return code;
    }
    match config(&paths.config, out) {
        Ok(c) => {
            let data = paths.data.clone();
            tui::run(paths.ui(), &hearken::paths::asker().who, move || start(c, &data, true)).await
        }
        Err(code) => code,
    }
}

fn config(path: &Path, out: &Out) -> Result<Config, i32> {
    if !path.exists() {
        out.complain(&format!(
            "there is no configuration at {}; write one with hearken init --brand NAME --feed URL",
            path.display()
        ));
        return Err(2);
    }
    Config::read(path).map_err(|all| {
        for p in &all {
            out.complain(&p.to_string());
        }
        2
    })
}

fn start(c: Config, data: &Path, listen: bool) -> Result<Arc<dyn Door>, String> {
    let engine = Engine::start(c, data, hearken::paths::asker(), listen).map_err(|e| e.to_string())?;
    Ok(Arc::new(Here(engine)))
}

fn open(paths: &Paths, listen: bool, out: &Out) -> Result<Arc<dyn Door>, i32> {
    let c = config(&paths.config, out)?;
    for h in &c.hints {
        out.complain(&format!("hint: {h}"));
    }
    start(c, &paths.data, listen).map_err(|why| {
        out.complain(&why);
        4
    })
}

fn check(paths: &Paths, repair: bool, out: &Out) -> i32 {
    let cache = Config::read(&paths.config).map_or(64, |c| c.cache_mb);
    match alone::check(&paths.data, cache, repair) {
        Ok((n, found)) => {
            for (f, repaired) in &found {
                let v = serde_json::json!({"finding": f, "repaired": repaired});
                out.either(&v, || format!("{}{f}", if *repaired { "repaired: " } else { "" }));
            }
            out.either(&serde_json::json!({"mentions": n, "findings": found.len()}), || {
                format!("{n} mentions, {} findings", found.len())
            });
            i32::from(found.iter().any(|(_, repaired)| !repaired))
        }
        Err(why) => {
            out.complain(&why);
            4
        }
    }
}

/// The sample community: a server on loopback, a store that vanishes, and the real program in between.
async fn demo(seed: u64, pace: u64, out: &Out) -> i32 {
    let sample = match demo::Sample::start(seed, pace).await {
        Ok(s) => s,
        Err(why) => {
            out.complain(&why);
            return 1;
        }
    };
    let folder = sample.data().parent().map(Path::to_path_buf).unwrap_or_default();
    if out.json || !tui::is_terminal() {
        // Also if whoever reads closes the pipe.
        cli::at_exit(move || {
            let _ = std::fs::remove_dir_all(&folder);
        });
        return match start(sample.config(), sample.data(), false) {
            Ok(door) => {
                let quiet = Out { json: true };
                let list =
                    Command::List { query: Vec::new(), state: cli::args::StateArg::All, limit: usize::MAX };
                match door.ask(hearken::door::Request::Poll { sources: Vec::new(), ticket: 0 }).await {
                    hearken::door::Reply::Polled { failed: 0 } => cli::run(door, list, &quiet).await,
                    _ => 1,
                }
            }
            Err(why) => {
                out.complain(&why);
                4
            }
        };
    }
    let (c, data) = (sample.config(), sample.data().to_owned());
    tui::run(None, &hearken::paths::asker().who, move || start(c, &data, true)).await
}

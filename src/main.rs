//! Arguments, umask, exit codes. Makes a door (a connection to the engine, which is started if none answers) and
//! hands it to the command line or to the terminal.

use clap::{CommandFactory, Parser};
use hearken::cli::{Args, Command, Out};
use hearken::config::Config;
use hearken::daemon::{Client, Hello, Place, Starting};
use hearken::door::Door;
use hearken::engine::{Engine, Here, Listen, alone};
use hearken::paths::Paths;
use hearken::{cli, daemon, demo, serve, tui};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    hearken::paths::one_heap();
    // Drafts, notes and logins are nobody else's business on a shared server.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    hearken::clean::install_panic_hook();
    if let Some(why) = hearken::engine::enter_session() {
        hearken::clean::tell(&why);
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
            hearken::clean::tell(text.trim_end());
            return ExitCode::from(2);
        }
    };
    if let Some(why) = in_my_time(&args) {
        hearken::clean::tell(&why);
        return ExitCode::from(2);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(r) => r,
        Err(e) => {
            hearken::clean::tell(&format!("hearken: cannot start: {e}"));
            return ExitCode::from(1);
        }
    };
    let own_signals = matches!(args.command, None | Some(Command::Demo { .. } | Command::Serve { .. }));
    let code = runtime.block_on(async {
        // The terminal has its own answers to signals; a command ends, and with it what it started.
        if own_signals { run(args).await } else { until_signal(run(args)).await }
    });
    // A poll in flight holds nobody up: what is acknowledged is on the disk.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Whoever sits elsewhere than the server says so in `ui.toml`: clocks are read in the zone that the environment names,
/// so this becomes the same command in that one. `None` if there is nothing to do; else why it is not done.
fn in_my_time(args: &Args) -> Option<String> {
    if matches!(args.command, Some(Command::Serve { .. } | Command::Man | Command::Completions { .. })) {
        return None;
    }
    let paths = Paths::find(args.config.as_deref(), args.data.as_deref(), args.workspace.as_deref()).ok()?;
    let zone = tui::Settings::ui(paths.ui().as_deref()).tz?;
    if std::env::var("TZ").is_ok_and(|tz| tz == zone) {
        return None;
    }
    let why = tui::again_in(&zone);
    Some(format!("hearken: cannot start again in the time zone {zone}: {why}"))
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
        Some(c) => {
            if let Some(code) = cli::alone(c, &out) {
                return code;
            }
        }
        None => {}
    }
    let given = Given {
        config: args.config.is_some(),
        data: args.data.is_some(),
        socket: args.socket.clone(),
        own: matches!(
            args.command,
            Some(Command::Serve { .. } | Command::Check { repair: true } | Command::Restore { .. })
        ),
        workspace: args.workspace.clone(),
    };
    let found = Paths::find(args.config.as_deref(), args.data.as_deref(), args.workspace.as_deref());
    let paths = match found {
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
        Some(Command::Serve { auto }) => {
            let place = match reach(&given, &paths, &out) {
                Ok(r) => r.place,
                Err(code) => return code,
            };
            match config(&paths.config, &out) {
                Ok(c) => serve::run(c, &paths.data, &place, auto).await,
                Err(code) => code,
            }
        }
        Some(Command::Check { repair }) => {
            let r = match reach(&given, &paths, &out) {
                Ok(r) => r,
                Err(code) => return code,
            };
            match (daemon::engine_of(&r.place).await, repair) {
                (None, _) => check(&paths, repair, &out),
                (Some(_), false) => with_engine(&r, None, Command::Check { repair }, &out).await,
                (Some(pid), true) => in_use(&paths, pid, &out),
            }
        }
        Some(Command::Restore { file }) => {
            let r = match reach(&given, &paths, &out) {
                Ok(r) => r,
                Err(code) => return code,
            };
            if let Some(pid) = daemon::engine_of(&r.place).await {
                return in_use(&paths, pid, &out);
            }
            match alone::restore(&file, &paths.data) {
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
            }
        }
        Some(command) => {
            let r = match reach(&given, &paths, &out) {
                Ok(r) => r,
                Err(code) => return code,
            };
            // These are about an engine that runs, and start none.
            let start = match command {
                Command::Stop | Command::Status { .. } => None,
                _ => r.start.clone(),
            };
            let stops = matches!(command, Command::Stop);
            let code = with_engine(&r, start.as_ref(), command, &out).await;
            if stops && code == 0 {
                gone(&r.place).await;
            }
            code
        }
        None => match reach(&given, &paths, &out) {
            Ok(r) => terminal(&paths, r, &out).await,
            Err(code) => code,
        },
    }
}

/// How the engine is reached, and started where that is ours to do.
#[derive(Clone)]
struct Reach {
    place: Place,
    start: Option<Starting>,
    hello: Hello,
}

/// What was given that says which engine is meant.
struct Given {
    config: bool,
    data: bool,
    socket: Option<PathBuf>,
    /// It is about the store of this user, whoever else runs an engine here.
    own: bool,
    workspace: Option<String>,
}

fn reach(given: &Given, paths: &Paths, out: &Out) -> Result<Reach, i32> {
    let ui = tui::Settings::ui(paths.ui().as_deref());
    let service_user = ui.service_user.clone().or_else(|| Some("hearken".into()));
    // An engine lives in no folder: what is named here must mean the same there.
    let full = |p: &Path| std::path::absolute(p).unwrap_or_else(|_| p.to_owned());
    let absolute = full(&paths.config);
    let hello = Hello {
        version: env!("CARGO_PKG_VERSION").into(),
        config: given.config.then(|| absolute.display().to_string()),
        events: false,
        terminal: false,
    };
    // What is named on the line says more than what lies around.
    let from_env = std::env::var_os("HEARKEN_SOCKET").map(PathBuf::from);
    let from_env = from_env.filter(|_| !given.data && !given.config && !given.own);
    let named = given.socket.clone().or(from_env);
    let own = Starting { config: absolute, data: full(&paths.data) };
    if let Some(socket) = named {
        // Whoever names a socket and a folder means one of their own there.
        let start = given.data.then_some(own);
        return Ok(Reach { place: Place { socket, service_user }, start, hello });
    }
    if !given.data && !given.config && !given.own {
        let name = given.workspace.as_deref().unwrap_or("default");
        let shared = PathBuf::from(format!("/run/hearken/{name}.sock"));
        if let Some(socket) =
            ui.socket.filter(|_| given.workspace.is_none()).or_else(|| shared.exists().then_some(shared))
        {
            return Ok(Reach { place: Place { socket, service_user }, start: None, hello });
        }
    }
    match own.place() {
        Ok(place) => Ok(Reach { place, start: Some(own), hello }),
        Err(why) => {
            out.complain(&why);
            Err(2)
        }
    }
}

/// Asks the engine, started first if need be and allowed.
async fn with_engine(r: &Reach, start: Option<&Starting>, command: Command, out: &Out) -> i32 {
    if let Some(s) = start
        && let Err(code) = may_start(&r.place, s, out).await
    {
        return code;
    }
    // Lines of progress are events.
    let hello = Hello { events: matches!(command, Command::Fetch { .. }), ..r.hello.clone() };
    match daemon::connect(&r.place, &hello, start).await {
        Ok(g) => {
            if let Some(n) = &g.notice {
                out.complain(n);
            }
            cli::run(Arc::new(Client::over(g, None)), command, out).await
        }
        Err(why) => {
            out.complain(&why);
            4
        }
    }
}

/// What is wrong with the configuration is said here, before an engine is started with it.
async fn may_start(place: &Place, s: &Starting, out: &Out) -> Result<(), i32> {
    if daemon::answers(place).await {
        return Ok(());
    }
    for h in config(&s.config, out)?.hints {
        out.complain(&format!("hint: {h}"));
    }
    Ok(())
}

/// Waits until nobody listens any more.
async fn gone(place: &Place) {
    for _ in 0..500 {
        if !daemon::answers(place).await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn in_use(paths: &Paths, pid: i32, out: &Out) -> i32 {
    out.complain(&format!(
        "the engine (process {pid}) uses {}, and this needs it for itself; end the engine with hearken stop",
        paths.data.display()
    ));
    4
}

/// The inbox in the terminal; first the two questions, if there is no configuration yet.
async fn terminal(paths: &Paths, r: Reach, out: &Out) -> i32 {
    if !tui::is_terminal() {
        out.complain("this is no terminal; see hearken --help for commands that print");
        return 2;
    }
    if let Some(s) = &r.start
        && !daemon::answers(&r.place).await
    {
        if !s.config.exists()
            && let Err(code) = tui::first_run(&s.config)
        {
            return code;
        }
        if let Err(code) = may_start(&r.place, s, out).await {
            return code;
        }
    }
    let hello = Hello { events: true, terminal: true, ..r.hello };
    let (place, start) = (r.place, r.start);
    let again: daemon::Again = {
        let (place, hello, start) = (place.clone(), hello.clone(), start.clone());
        Box::new(move |may_start| {
            let (place, hello, start) = (place.clone(), hello.clone(), start.clone().filter(|_| may_start));
            Box::pin(async move { daemon::connect(&place, &hello, start.as_ref()).await })
        })
    };
    let open = move || -> Result<Arc<dyn Door>, String> {
        let runtime = tokio::runtime::Handle::current();
        let greeted = runtime.block_on(daemon::connect(&place, &hello, start.as_ref()))?;
        Ok(Arc::new(Client::over(greeted, Some(again))))
    };
    tui::run(paths.ui(), &hearken::paths::asker().who, open).await
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

/// An engine in this process: for the sample, which lives and dies with it.
fn here(c: Config, data: &Path, listen: Listen) -> Result<Arc<dyn Door>, String> {
    let engine = Engine::start(c, data, hearken::paths::asker(), listen).map_err(|e| e.to_string())?;
    Ok(Arc::new(Here::own(engine)))
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
    let config = match sample.config() {
        Ok(c) => c,
        Err(why) => {
            out.complain(&why);
            return 1;
        }
    };
    if out.json || !tui::is_terminal() {
        // Also if whoever reads closes the pipe.
        let folder = sample.data().to_owned();
        cli::at_exit(move || demo::clear(&folder));
        return match here(config, sample.data(), Listen::Never) {
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
    let data = sample.data().to_owned();
    tui::run(None, &hearken::paths::asker().who, move || here(config, &data, Listen::Now)).await
}

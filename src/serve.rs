//! `hearken serve`: the engine behind its socket. In the foreground, as a unit of systemd, or (`--auto`) started by
//! a terminal, in a session of its own, until a while after the last one went.

use crate::config::Config;
use crate::daemon::{Ended, Guest, Host, Notify, Peer, Place, bind};
use crate::engine::{Engine, Here, Listen};
use crate::paths;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The engine, as those who come see it.
struct Behind(Arc<Engine>);

impl Host for Behind {
    fn admit(&self, peer: &Peer, config: Option<&str>) -> Result<Guest, String> {
        let (caller, notice) = self.0.admit(peer.uid, &peer.name, &peer.groups, config)?;
        let who = caller.asker.who.clone();
        let role = self.0.role_word(&caller);
        Ok(Guest { door: Arc::new(Here::of(self.0.clone(), caller)), who, role, notice })
    }

    fn stands(&self) -> bool {
        self.0.data().exists()
    }

    fn is_busy(&self) -> bool {
        self.0.has_to_tell()
    }

    fn attached(&self, terminals: u32) {
        self.0.attached(terminals);
    }
}

/// What the engine holds in memory, keys among it, is not for files of crashes nor for other programs of the user.
fn keep_to_itself() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Serves until a signal, a request to stop, or with `auto` until nobody needs it. Gives the exit code.
pub async fn run(config: Config, data: &Path, place: &Place, auto: bool) -> i32 {
    keep_to_itself();
    if auto {
        // Neither the terminal that started it nor its folder is to hold it, or be held by it.
        let _ = rustix::process::setsid();
        let _ = std::env::set_current_dir("/");
    }
    let complain = |why: &str| crate::clean::tell(&format!("hearken: {why}"));
    let linger = auto.then(|| {
        let said = std::env::var("HEARKEN_LINGER").ok().and_then(|s| crate::model::time::parse_span(&s).ok());
        Duration::from_millis(said.unwrap_or(config.engine.linger_ms).unsigned_abs())
    });
    let group = config.engine.group.clone().filter(|_| !auto);
    let engine =
        match Engine::start(config, data, paths::asker(), if auto { Listen::Soon } else { Listen::Now }) {
            Ok(e) => e,
            Err(e) => {
                complain(&e.to_string());
                return 4;
            }
        };
    let server = match bind(&place.socket, group.as_deref()) {
        Ok(s) => s,
        Err(why) => {
            complain(&why);
            return 4;
        }
    };
    let (Ok(mut term), Ok(mut int), Ok(mut hup)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
    else {
        complain("signals cannot be received");
        return 1;
    };
    let notify = Notify::from_env();
    notify.say("READY=1");
    if !auto {
        crate::clean::tell(&format!("hearken: listening at {}", place.socket.display()));
    }
    let host: Arc<dyn Host> = Arc::new(Behind(engine.clone()));
    let serving = server.run(host, linger, engine.stopped());
    tokio::pin!(serving);
    if let Some(beat) = notify.watchdog {
        tokio::spawn(watch(engine.clone(), Notify::from_env(), beat));
    }
    let mut ended = false;
    let code = loop {
        tokio::select! {
            why = &mut serving => {
                ended = true;
                if why == Ended::Gone {
                    complain("its socket or its data was removed; nobody would find it any more");
                }
                break i32::from(why == Ended::Gone);
            }
            _ = term.recv() => {
                engine.announce_end();
                break 0;
            }
            _ = int.recv() => {
                engine.announce_end();
                break 130;
            }
            _ = hup.recv() => {
                match engine.reload() {
                    Ok(()) => crate::clean::tell("hearken: the configuration was read again"),
                    Err(why) => complain(&why),
                }
            }
        }
    };
    notify.say("STOPPING=1");
    // Terminals hear it before their connection ends.
    tokio::time::sleep(Duration::from_millis(50)).await;
    engine.stop();
    if !ended {
        // It sees that, ends, and takes its socket away.
        let _ = tokio::time::timeout(Duration::from_secs(2), &mut serving).await;
    }
    code
}

/// Says that we are well as long as the store answers, from a thread that nobody else can keep busy.
async fn watch(engine: Arc<Engine>, notify: Notify, beat: Duration) {
    loop {
        tokio::time::sleep(beat).await;
        let (tell, told) = tokio::sync::oneshot::channel();
        let e = engine.clone();
        std::thread::spawn(move || tell.send(e.is_well()));
        if told.await.unwrap_or(false) {
            notify.say("WATCHDOG=1");
        }
    }
}

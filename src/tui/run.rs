//! The loop: waits for keys first, then for everything else; draws keys at once and news in their slot.

use super::app::App;
use super::input::{self, Parking};
use super::msg::{Effect, For, Msg, Rings};
use super::settings::Settings;
use super::tty::{self, Tty};
use super::update::update;
use super::view;
use crate::door::{Door, Event, Request, next_event};
use crate::model::Stamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

/// News taken in before a frame.
const BATCH: usize = 64;
/// Between two bells.
const QUIET: Duration = Duration::from_secs(60);
/// Between two titles of the window at least.
const TITLE: Duration = Duration::from_secs(2);
/// The longest that leaving waits for what is being saved.
const PATIENCE: Duration = Duration::from_secs(2);

struct Signals {
    resize: Signal,
    term: Signal,
    hup: Signal,
    cont: Signal,
}

/// Opens the engine.
pub type Open = Box<dyn FnOnce() -> Result<Arc<dyn Door>, String> + Send>;

struct Loop {
    app: App,
    tty: Tty,
    settings: Settings,
    /// The file that they came from.
    ui: Option<std::path::PathBuf>,
    /// When the bell rang last.
    rung: Option<Instant>,
    /// When the window was given its title last.
    titled: Option<Instant>,
    /// When it is to get the next one.
    title_at: Option<Instant>,
    parking: Parking,
    keys_tx: mpsc::UnboundedSender<Msg>,
    news_tx: mpsc::Sender<Msg>,
    door: Option<Arc<dyn Door>>,
    /// Changes, asked for one after the other: an undo must not overtake the verb before it.
    changes: mpsc::UnboundedSender<(For, Request)>,
    to_change: Option<mpsc::UnboundedReceiver<(For, Request)>>,
    /// Requests that are under way and must not be lost by leaving.
    saving: Arc<std::sync::atomic::AtomicUsize>,
}

pub async fn run(settings: Settings, ui: Option<std::path::PathBuf>, who: &str, open: Open) -> i32 {
    let size = crossterm::terminal::size().unwrap_or((80, 24));
    let mut app = App::new(who, Stamp::now(), size);
    app.scroll_lines = settings.scroll_lines;
    app.after = settings.after;
    app.calm = settings.calm;
    app.dwell_ms = settings.dwell_ms;
    app.ascii = settings.ascii;
    app.keymap = settings.keys.clone();
    app.views = settings.views.clone();
    app.macros.all = settings.macros.clone();
    if let Some(t) = &settings.trouble {
        app.warn(t.clone());
    }
    let tty = match Tty::enter() {
        Ok(t) => t,
        Err(e) => {
            crate::clean::tell(&format!("hearken: the terminal cannot be used: {e}"));
            return 2;
        }
    };
    let (keys_tx, mut keys) = mpsc::unbounded_channel();
    let (news_tx, mut news) = mpsc::channel(BATCH);
    let (parking, mut signals) = match (input::start(keys_tx.clone()), signals()) {
        (Ok(p), Ok(s)) => (p, s),
        (Err(e), _) | (_, Err(e)) => {
            drop(tty);
            crate::clean::tell(&format!("hearken: cannot start: {e}"));
            return 2;
        }
    };
    let saving = Arc::default();
    let (changes, to_change) = mpsc::unbounded_channel();
    let mut l = Loop {
        app,
        tty,
        settings,
        ui,
        rung: None,
        titled: None,
        title_at: None,
        parking,
        keys_tx,
        news_tx,
        door: None,
        changes,
        to_change: Some(to_change),
        saving,
    };
    l.draw();
    let (opened_tx, mut opened) = mpsc::channel(1);
    // The store opens beside the first frame, which waits for nothing.
    let handle = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        let _inside = handle.enter();
        let _ = opened_tx.blocking_send(open());
    });
    let mut events: Option<broadcast::Receiver<Event>> = None;
    let mut slot = Instant::now();
    loop {
        let minute = until_minute();
        let first = tokio::select! {
            biased;
            m = keys.recv() => m,
            m = signal_msg(&mut signals) => Some(m),
            Some(o) = opened.recv(), if l.door.is_none() => match o {
                Ok(door) => {
                    events = Some(door.events());
                    if let Some(who) = door.who() {
                        l.app.who = who;
                    }
                    l.change_in_order(&door);
                    l.door = Some(door);
                    Some(Msg::Opened)
                }
                Err(why) => Some(Msg::OpenFailed(why)),
            },
            m = news.recv() => m,
            e = next_event(&mut events) => Some(Msg::Event(e)),
            () = tokio::time::sleep_until(slot), if l.app.draw_later => None,
            () = tokio::time::sleep_until(l.title_at.unwrap_or(slot)), if l.title_at.is_some() => {
                l.entitle();
                None
            }
            () = tokio::time::sleep(minute) => Some(Msg::Minute),
        };
        if let Some(m) = first {
            l.take(m);
        }
        while let Ok(m) = keys.try_recv() {
            l.take(m);
        }
        for _ in 0..BATCH {
            match news.try_recv() {
                Ok(m) => l.take(m),
                Err(_) => break,
            }
        }
        if let Some(code) = l.app.quit {
            if let Some(said) = l.wait_for_saving().await {
                drop(l);
                crate::clean::tell(&said);
            }
            return code;
        }
        let due = l.app.draw_later && Instant::now() >= slot;
        if l.app.draw_now || due {
            if !l.draw() {
                l.take(Msg::Gone);
            }
            slot = Instant::now() + Duration::from_millis(l.settings.refresh_ms);
        }
    }
}

impl Loop {
    fn draw(&mut self) -> bool {
        self.app.draw_now = false;
        self.app.draw_later = false;
        let (app, theme) = (&self.app, &self.settings.theme);
        let drawn = self.tty.frame(|f| view::draw(app, theme, f)).is_ok();
        self.entitle();
        drawn
    }

    /// Gives the window its title, now and then; at the end of a while, if it is too early.
    fn entitle(&mut self) {
        if !self.settings.title || !self.app.stream.loaded {
            return;
        }
        // Words of ours and numbers alone: whoever prints a title expands what stands in it.
        let away = if self.app.lost { "the engine is away, " } else { "" };
        let title = format!("hearken: {away}{} unread", self.app.counts.unread);
        if title == self.tty.titled() {
            self.title_at = None;
        } else if self.titled.is_none_or(|t| t.elapsed() >= TITLE) {
            self.tty.title(&title);
            self.titled = Some(Instant::now());
            self.title_at = None;
        } else {
            self.title_at = self.titled.map(|t| t + TITLE);
        }
    }

    fn take(&mut self, m: Msg) {
        #[cfg(debug_assertions)]
        fail_if_told(&m);
        if matches!(m, Msg::Gone) {
            self.tty.gone();
        }
        // Whoever changes a theme or a key wants to see it.
        if matches!(m, Msg::Minute) && self.settings.are_old() {
            self.read_settings();
            match self.app.trouble.take() {
                Some(why) => self.app.warn(why),
                None => self.app.say("your settings were read again"),
            }
        }
        for e in update(&mut self.app, m) {
            self.effect(e);
        }
    }

    fn effect(&mut self, e: Effect) {
        match e {
            Effect::Ask(what, request) => {
                let Some(door) = self.door.clone() else { return };
                if super::msg::changes_something(&request) {
                    self.saving.fetch_add(1, Ordering::SeqCst);
                    let _ = self.changes.send((what, request));
                    return;
                }
                let tx = self.news_tx.clone();
                tokio::spawn(async move {
                    let reply = door.ask(request).await;
                    let _ = tx.send(Msg::Reply(what, Box::new(reply))).await;
                });
            }
            Effect::After(ms, timer) => {
                let tx = self.keys_tx.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    let _ = tx.send(Msg::Timer(timer));
                });
            }
            Effect::Copy(text) => {
                let mut said = tty::copy(&text).to_owned();
                // Nobody hears whether a terminal took it: what fits on a line stands there to be selected by hand.
                if said.starts_with("sent") && !text.contains('\n') {
                    said += &format!(": {text}");
                }
                let _ = self.keys_tx.send(Msg::Said(said));
            }
            Effect::Edit { draft, quoted } => {
                self.parking.park();
                let done =
                    self.tty.lend(|| tty::edit(&draft, &quoted)).unwrap_or_else(|e| Err(e.to_string()));
                self.parking.resume();
                let _ = self.keys_tx.send(Msg::Edited(done));
            }
            Effect::Settings => self.read_settings(),
            Effect::Bell(what) => {
                let rung = self.rung.is_some_and(|t| t.elapsed() < QUIET);
                let wanted = match what {
                    Rings::Call => self.settings.bell.calls,
                    Rings::News => self.settings.bell.news,
                };
                if wanted && !rung {
                    self.rung = Some(Instant::now());
                    tty::ring();
                }
            }
            Effect::Suspend => {
                self.parking.park();
                let went = self.tty.lend(tty::suspend);
                self.parking.resume();
                self.app.draw_now = true;
                if let Ok((w, h)) = crossterm::terminal::size() {
                    let _ = self.keys_tx.send(Msg::Resize(w, h));
                }
                if matches!(went, Ok(false)) {
                    self.app.say("there is no shell to go back to");
                }
            }
            Effect::Backup(path) => {
                let Some(door) = self.door.clone() else { return };
                let tx = self.keys_tx.clone();
                tokio::spawn(async move {
                    let said = match crate::door::backup_to(&*door, &path).await {
                        Ok(n) => format!("{} MB in {}", n.div_ceil(1 << 20), path.display()),
                        Err(why) => format!("no backup: {why}"),
                    };
                    let _ = tx.send(Msg::Said(said));
                });
            }
            Effect::Attach { about, path, alt } => match crate::door::picture(&path) {
                Ok((file, bytes)) => {
                    self.effect(Effect::Ask(For::Attached(about, alt), Request::Attach { file, bytes }))
                }
                Err(why) => self.app.warn(why),
            },
            Effect::Macro(m) => {
                let said = match &self.settings.macros_file {
                    Some(path) => super::macros::write(path, &m),
                    None => Err("there is no place for settings: HOME is not set".into()),
                };
                if let Err(why) = said {
                    self.app.warn(format!("the macro holds until this terminal closes: {why}"));
                }
                self.settings.note_times();
            }
            Effect::Quit(code) => self.app.quit = Some(code),
        }
    }

    /// Theme, keys and views as they stand in the files now; with a mistake in them, the old ones.
    fn read_settings(&mut self) {
        let read = match Settings::read(self.ui.as_deref()) {
            Ok(s) => s.trouble.clone().map_or(Ok(s), |why| Err(vec![why])),
            Err(all) => Err(all),
        };
        match read {
            Ok(s) => {
                self.app.keymap = s.keys.clone();
                self.app.views = s.views.clone();
                self.app.macros.all = s.macros.clone();
                self.app.scroll_lines = s.scroll_lines;
                self.app.after = s.after;
                self.app.calm = s.calm;
                self.app.dwell_ms = s.dwell_ms;
                self.app.ascii = s.ascii;
                self.settings = s;
                self.app.draw_now = true;
            }
            Err(all) => {
                let first = all.first().map_or("", String::as_str);
                self.app.trouble = Some(format!("the old settings stay in force: {first}"));
                self.settings.note_times();
            }
        }
    }

    /// Starts the one who asks for changes.
    fn change_in_order(&mut self, door: &Arc<dyn Door>) {
        let Some(mut todo) = self.to_change.take() else { return };
        let (door, tx, saving) = (door.clone(), self.news_tx.clone(), self.saving.clone());
        tokio::spawn(async move {
            while let Some((what, request)) = todo.recv().await {
                let reply = door.ask(request).await;
                saving.fetch_sub(1, Ordering::SeqCst);
                let _ = tx.send(Msg::Reply(what, Box::new(reply))).await;
            }
        });
    }

    /// Gives words of what could not be saved: it lies in a file then.
    async fn wait_for_saving(&self) -> Option<String> {
        let until = Instant::now() + PATIENCE;
        while self.saving.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let e = self.app.editor.as_ref().filter(|e| e.changed != e.saved)?;
        if self.saving.load(Ordering::SeqCst) == 0 {
            return None;
        }
        use std::os::unix::fs::OpenOptionsExt;
        let dir = self.ui.as_ref().and_then(|p| p.parent()).unwrap_or(std::path::Path::new("/tmp"));
        let path = dir.join(format!("unsaved-draft-{}.txt", Stamp::now().0));
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = made.and_then(|mut f| std::io::Write::write_all(&mut f, e.text().as_bytes()));
        Some(match written {
            Ok(()) => format!("hearken: the engine does not answer; your draft lies in {}", path.display()),
            Err(why) => format!("hearken: your draft could not be saved ({why}); here it is:\n{}", e.text()),
        })
    }
}

/// Tests want to see what a fault of ours leaves behind.
#[cfg(debug_assertions)]
fn fail_if_told(m: &Msg) {
    if let (Ok(key), Msg::Key(k)) = (std::env::var("HEARKEN_FAIL_AT_KEY"), m) {
        assert!(super::update::key_name(k).as_deref() != Some(&key), "told to fail");
    }
}

fn signals() -> std::io::Result<Signals> {
    Ok(Signals {
        resize: signal(SignalKind::window_change())?,
        term: signal(SignalKind::terminate())?,
        hup: signal(SignalKind::hangup())?,
        cont: signal(SignalKind::from_raw(18))?,
    })
}

async fn signal_msg(s: &mut Signals) -> Msg {
    let resized = || {
        let (w, h) = crossterm::terminal::size().unwrap_or((80, 24));
        Msg::Resize(w, h)
    };
    tokio::select! {
        _ = s.resize.recv() => resized(),
        _ = s.term.recv() => Msg::Terminate,
        _ = s.hup.recv() => Msg::Gone,
        _ = s.cont.recv() => resized(),
    }
}

/// Until the clocks on the screen change.
fn until_minute() -> Duration {
    let ms = Stamp::now().0.rem_euclid(60_000);
    Duration::from_millis((60_000 - ms).unsigned_abs() + 5)
}

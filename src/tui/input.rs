//! The reading thread. It waits on the terminal itself (and on a wake pipe) before crossterm reads, because
//! crossterm spins for ever on a terminal that is gone. It is parked while `$EDITOR` has the terminal.

use super::msg::Msg;
use crossterm::event::{Event, KeyEventKind};
use rustix::event::{PollFd, PollFlags, poll};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How long crossterm looks: when something is there, and for what came with it. With no time at all it does not look.
const FIRST: Duration = Duration::from_millis(1);
const NEXT: Duration = Duration::from_micros(30);

/// Holds the reading thread while somebody else reads the terminal.
pub struct Parking {
    wake: std::fs::File,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Wanted,
    Parked,
    Ended,
}

impl Parking {
    /// Returns once the thread does not read any more.
    pub fn park(&mut self) {
        let (m, c) = &*self.state;
        let mut s = m.lock().unwrap_or_else(PoisonError::into_inner);
        if *s != State::Reading {
            return;
        }
        *s = State::Wanted;
        let _ = self.wake.write_all(b"p");
        while *s == State::Wanted {
            s = c.wait(s).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets it read again.
    pub fn resume(&self) {
        let (m, c) = &*self.state;
        let mut s = m.lock().unwrap_or_else(PoisonError::into_inner);
        if *s == State::Parked {
            *s = State::Reading;
            c.notify_all();
        }
    }
}

/// Starts the thread.
///
/// # Errors
/// If no pipe can be made.
pub fn start(to: UnboundedSender<Msg>) -> std::io::Result<Parking> {
    let (read, write) = rustix::pipe::pipe()?;
    let state = Arc::new((Mutex::new(State::Reading), Condvar::new()));
    let shared = state.clone();
    std::thread::Builder::new().name("input".into()).spawn(move || {
        run(&to, &read, &shared);
        let (m, c) = &*shared;
        *m.lock().unwrap_or_else(PoisonError::into_inner) = State::Ended;
        c.notify_all();
    })?;
    Ok(Parking { wake: write.into(), state })
}

fn run(to: &UnboundedSender<Msg>, wake: &OwnedFd, state: &(Mutex<State>, Condvar)) {
    let tty = rustix::stdio::stdin();
    loop {
        let mut fds = [PollFd::new(&tty, PollFlags::IN), PollFd::new(wake, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => {
                let _ = to.send(Msg::Gone);
                return;
            }
        }
        let (seen, woken) = (fds[0].revents(), fds[1].revents());
        if seen.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            let _ = to.send(Msg::Gone);
            return;
        }
        if !woken.is_empty() {
            let mut b = [0u8; 8];
            let _ = rustix::io::read(wake, &mut b);
            let (m, c) = state;
            let mut s = m.lock().unwrap_or_else(PoisonError::into_inner);
            if *s == State::Wanted {
                *s = State::Parked;
                c.notify_all();
                while *s == State::Parked {
                    s = c.wait(s).unwrap_or_else(PoisonError::into_inner);
                }
            }
            continue;
        }
        // Something is there, so the first look reads at once. What came with it is in crossterm's own buffer, which
        // the next looks empty. They are short, because crossterm spins while it looks, and two, because a look
        // that the scheduler interrupts may see nothing.
        let mut look = FIRST;
        let mut misses = 0;
        while misses < 2 {
            let msg = match crossterm::event::poll(look) {
                Ok(true) => crossterm::event::read(),
                Ok(false) => {
                    misses += 1;
                    continue;
                }
                Err(e) => Err(e),
            };
            (look, misses) = (NEXT, 0);
            let msg = match msg {
                Ok(Event::Key(k)) if k.kind != KeyEventKind::Release => Msg::Key(k),
                Ok(Event::Paste(s)) => Msg::Paste(s),
                Ok(_) => continue,
                Err(_) => Msg::Gone,
            };
            let gone = matches!(msg, Msg::Gone);
            if to.send(msg).is_err() || gone {
                return;
            }
        }
    }
}

//! The first screen, where there is no configuration yet: two questions, then a commented file.

use super::line::LineEdit;
use super::theme::Theme;
use super::tty::Tty;
use crate::clean::width::{fit, wrap};
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::Position;
use std::path::Path;

/// Asks what to listen for and where, and writes the configuration. `Err` is the exit code.
///
/// # Errors
/// 0 if the person left, 2 if nothing could be written.
pub fn first_run(path: &Path) -> Result<(), i32> {
    let asked = (|| -> std::io::Result<Option<(String, String)>> {
        let mut tty = Tty::enter()?;
        let (mut trouble, mut listen, mut feeds) = (String::new(), String::new(), String::new());
        loop {
            let q = "What do you listen for? (the name of your brand, or words)";
            match ask(&mut tty, q, "1 of 2", &listen, "")? {
                Some(l) => listen = l,
                None => return Ok(None),
            }
            loop {
                let q = "Which feeds or pages do you follow? (addresses, separated by blanks; may be empty)";
                match ask(&mut tty, q, "2 of 2", &feeds, &trouble)? {
                    Some(f) => feeds = f,
                    // Back to the first question.
                    None => break,
                }
                let list: Vec<&str> = feeds.split_whitespace().collect();
                if let Some(why) = list.iter().find_map(|a| crate::config::no_address(a)) {
                    trouble = why;
                    continue;
                }
                let list: Vec<String> = list.into_iter().map(crate::config::with_scheme).collect();
                match crate::config::init(path, &listen, &listen, &list) {
                    Ok(()) => return Ok(Some((listen, feeds))),
                    Err(why) => trouble = why,
                }
            }
        }
    })();
    match asked {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(0),
        Err(e) => {
            crate::clean::tell(&format!("hearken: {e}"));
            Err(2)
        }
    }
}

fn ask(
    tty: &mut Tty,
    question: &str,
    step: &str,
    typed: &str,
    trouble: &str,
) -> std::io::Result<Option<String>> {
    let theme = Theme::choose(None, std::env::var_os("NO_COLOR").is_some());
    let mut line = LineEdit::with(typed);
    let mut trouble = trouble.to_owned();
    loop {
        tty.frame(|f| {
            let a = f.area();
            let w = usize::from(a.width);
            let b = f.buffer_mut();
            b.set_string(0, 0, fit(&format!("Hearken · {step}"), w), theme.title);
            let mut y = 2;
            for l in wrap(question, w) {
                b.set_string(0, y, l, theme.text);
                y += 1;
            }
            let (shown, x) = line.window(w.saturating_sub(2));
            b.set_string(0, y, fit(&format!("> {shown}"), w), theme.key);
            let at = y;
            y += 2;
            for l in wrap(&trouble, w) {
                b.set_string(0, y, l, theme.urgent);
                y += 1;
            }
            if a.height > y + 1 {
                b.set_string(
                    0,
                    a.height - 1,
                    fit(
                        if step.starts_with('1') {
                            "Enter goes on · Esc leaves and writes nothing"
                        } else {
                            "Enter goes on · Esc goes back"
                        },
                        w,
                    ),
                    theme.dim,
                );
            }
            f.set_cursor_position(Position { x: u16::try_from(2 + x).unwrap_or(0), y: at });
        })?;
        // Nothing else happens here: waiting for one key in a blocking read would spin on a dead terminal.
        let stdin = rustix::stdio::stdin();
        let mut fds = [rustix::event::PollFd::new(&stdin, rustix::event::PollFlags::IN)];
        match rustix::event::poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(e) => return Err(e.into()),
            Ok(_)
                if fds[0]
                    .revents()
                    .intersects(rustix::event::PollFlags::HUP | rustix::event::PollFlags::ERR) =>
            {
                tty.gone();
                return Ok(None);
            }
            Ok(_) => {}
        }
        while crossterm::event::poll(std::time::Duration::from_millis(1))? {
            match crossterm::event::read()? {
                Event::Key(k) if k.kind != KeyEventKind::Release => match k.code {
                    KeyCode::Esc => return Ok(None),
                    KeyCode::Char('c' | 'g') if k.modifiers.contains(KeyModifiers::CONTROL) => {
                        return Ok(None);
                    }
                    KeyCode::Enter if line.text().trim().is_empty() && step.starts_with('1') => {
                        trouble = "write at least one word; it can be changed later in config.toml".into();
                    }
                    KeyCode::Enter => return Ok(Some(line.text().trim().to_owned())),
                    _ => {
                        line.key(&k);
                    }
                },
                Event::Paste(s) => line.insert(&crate::clean::line(&s)),
                _ => {}
            }
        }
    }
}

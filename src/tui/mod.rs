//! The terminal front end: input and tty at the edge, `update` as the only place of change, `view` as a pure
//! function of it, one table of actions. It knows the door and nothing behind it.

pub mod action;
mod app;
mod first;
mod input;
mod keymap;
mod line;
mod macros;
mod msg;
mod prompt;
mod qr;
mod run;
mod settings;
mod sheet;
mod theme;
mod tty;
mod update;
mod view;

pub use first::first_run;
pub use settings::Settings;
pub use theme::Theme;
pub use tty::again_in;

use crate::door::Door;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

/// True if there is a terminal to draw on and to read from.
#[must_use]
pub fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Shows the inbox until the person leaves; gives the exit code. `open` starts or reaches the engine and is
/// called after the first frame is on the screen.
pub async fn run(
    ui: Option<PathBuf>,
    who: &str,
    open: impl FnOnce() -> Result<Arc<dyn Door>, String> + Send + 'static,
) -> i32 {
    match settings::Settings::read(ui.as_deref()) {
        Ok(settings) => run::run(settings, ui, who, Box::new(open)).await,
        Err(all) => {
            for why in all {
                crate::clean::tell(&format!("hearken: {why}"));
            }
            2
        }
    }
}

#[cfg(test)]
mod stories;

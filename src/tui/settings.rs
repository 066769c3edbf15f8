//! `ui.toml`: one person's own settings of the terminal. A mistake in it is told and the rest holds.

use super::keymap::Keymap;
use super::theme::Theme;
use std::path::Path;

/// How this terminal looks and behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    pub theme: Theme,
    /// Background frames at most every so many ms.
    pub refresh_ms: u64,
    /// Line by line instead of half a page.
    pub scroll_lines: bool,
    pub ascii: bool,
    pub keys: Keymap,
    /// Where the engine listens, and who may run it, if it is not one's own.
    pub socket: Option<std::path::PathBuf>,
    pub service_user: Option<String>,
    /// What is wrong with the file.
    pub trouble: Option<String>,
}

impl Settings {
    /// Reads `ui.toml`, and `keys.toml` beside it, where they are.
    ///
    /// # Errors
    /// What is wrong with `keys.toml`, a sentence each: nobody should meet keys that are not what was asked for.
    pub fn read(path: Option<&Path>) -> Result<Settings, Vec<String>> {
        let mut s = Settings::ui(path);
        if let Some(dir) = path.and_then(Path::parent) {
            s.keys = Keymap::read(&dir.join("keys.toml"))?;
        }
        Ok(s)
    }

    /// Reads `ui.toml` alone.
    #[must_use]
    pub fn ui(path: Option<&Path>) -> Settings {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let mut s = Settings {
            theme: Theme::choose(None, no_color),
            refresh_ms: 100,
            scroll_lines: false,
            ascii: false,
            keys: Keymap::default(),
            socket: None,
            service_user: None,
            trouble: None,
        };
        let Some(path) = path else { return s };
        let text = match std::fs::read_to_string(path) {
            Ok(t) => t,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return s,
            Err(e) => {
                s.trouble = Some(format!("{}: {e}", path.display()));
                return s;
            }
        };
        if let Err(why) = s.take(&text, path, no_color) {
            s.trouble = Some(format!("{}: {why}", path.display()));
        }
        s
    }

    fn take(&mut self, text: &str, path: &Path, no_color: bool) -> Result<(), String> {
        let doc: toml_edit::DocumentMut = text.parse().map_err(|e| format!("this is not TOML: {e}"))?;
        for (k, v) in doc.iter() {
            let bad = |what: &str| format!("{k} must be {what}");
            match k {
                "theme" => {
                    let name = v.as_str().ok_or_else(|| bad("the name of a theme or a file"))?;
                    let file =
                        path.parent().unwrap_or(Path::new("")).join("themes").join(format!("{name}.toml"));
                    let theme = match Theme::named(name) {
                        Some(t) => t,
                        None => {
                            let text = std::fs::read_to_string(&file)
                                .map_err(|e| format!("there is no theme {name} ({}: {e})", file.display()))?;
                            Theme::parse(&text)?
                        }
                    };
                    if !no_color {
                        self.theme = theme;
                    }
                }
                "refresh_ms" => {
                    let n = v
                        .as_integer()
                        .and_then(|n| u64::try_from(n).ok())
                        .filter(|n| (20..=10_000).contains(n));
                    self.refresh_ms = n.ok_or_else(|| bad("a number from 20 to 10000"))?;
                }
                "scroll" => {
                    self.scroll_lines = match v.as_str() {
                        Some("line") => true,
                        Some("half") => false,
                        _ => return Err(bad("line or half")),
                    }
                }
                "client" => {
                    for (k, v) in v.as_table_like().ok_or_else(|| bad("a section [client]"))?.iter() {
                        let text = v.as_str().map(str::to_owned);
                        match (k, text) {
                            ("socket", Some(s)) => self.socket = Some(s.into()),
                            ("user", Some(s)) => self.service_user = Some(s),
                            ("socket" | "user", None) => {
                                return Err(format!("client.{k} must be text in quotes"));
                            }
                            _ => return Err(format!("there is no setting client.{k}; socket and user are")),
                        }
                    }
                }
                "ascii" => self.ascii = v.as_bool().ok_or_else(|| bad("true or false"))?,
                other => {
                    let known = ["theme", "refresh_ms", "scroll", "ascii", "client"];
                    let hint = crate::config::nearest(other, &known)
                        .map_or(String::new(), |n| format!("; did you mean {n}?"));
                    return Err(format!("there is no setting {other}{hint}"));
                }
            }
        }
        Ok(())
    }
}

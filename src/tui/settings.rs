//! `ui.toml`: one person's own settings of the terminal. A mistake in it is told and the rest holds.

use super::app::After;
use super::keymap::Keymap;
use super::theme::Theme;
use crate::config;
use crate::model::View;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How this terminal looks and behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    pub theme: Theme,
    /// Background frames at most every so many ms.
    pub refresh_ms: u64,
    /// Line by line instead of half a page.
    pub scroll_lines: bool,
    pub ascii: bool,
    /// For screen readers and slow lines: one pane, no lines drawn, the terminal's cursor on what is selected.
    pub calm: bool,
    /// The window is given a title.
    pub title: bool,
    /// Where the cursor goes after a verb that ends work on a row.
    pub after: After,
    /// When to ring.
    pub bell: Bell,
    /// A mention that is looked at for so long, in ms, is read; never, if not set.
    pub dwell_ms: Option<u64>,
    /// The name of the time zone that clocks are shown in, if not the environment's.
    pub tz: Option<String>,
    pub keys: Keymap,
    /// From `macros.toml` beside it.
    pub macros: Vec<super::macros::Macro>,
    pub macros_file: Option<PathBuf>,
    /// What 1 to 9 show.
    pub views: BTreeMap<u8, View>,
    /// Where the engine listens, and who may run it, if it is not one's own.
    pub socket: Option<std::path::PathBuf>,
    pub service_user: Option<String>,
    /// What is wrong with the file.
    pub trouble: Option<String>,
    /// The files that were read, and when each was changed last.
    files: Vec<(PathBuf, Option<SystemTime>)>,
}

/// What a terminal rings for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bell {
    /// A word for me: a call, a take-over, a draft that waits or comes back.
    pub calls: bool,
    /// Something new in the inbox.
    pub news: bool,
}

impl Bell {
    fn of(v: &toml_edit::Item) -> Option<Bell> {
        if let Some(on) = v.as_bool() {
            return Some(Bell { calls: on, news: false });
        }
        let mut bell = Bell::default();
        for word in v.as_array()?.iter() {
            match word.as_str()? {
                "calls" => bell.calls = true,
                "news" => bell.news = true,
                _ => return None,
            }
        }
        Some(bell)
    }
}

/// True if the system has a time zone of this name.
fn is_zone(name: &str) -> bool {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c));
    plain && !name.is_empty() && Path::new("/usr/share/zoneinfo").join(name.trim_start_matches('/')).is_file()
}

/// Between two frames that nobody asked for, in ms, where it is to be calm.
const CALM_REFRESH: u64 = 1_000;

/// When a file was changed last.
fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok().and_then(|m| m.modified().ok())
}

impl Settings {
    /// Reads `ui.toml`, and `keys.toml` beside it, where they are.
    ///
    /// # Errors
    /// What is wrong with `keys.toml`, a sentence each: nobody should meet keys that are not what was asked for.
    pub fn read(path: Option<&Path>) -> Result<Settings, Vec<String>> {
        let mut s = Settings::ui(path);
        if let Some(dir) = path.and_then(Path::parent) {
            let keys = dir.join("keys.toml");
            s.files.push((keys.clone(), changed(&keys)));
            s.keys = Keymap::read(&keys)?;
            s.read_macros(dir.join("macros.toml"));
        }
        Ok(s)
    }

    /// A mistake in them is told and takes none of the rest away.
    fn read_macros(&mut self, path: PathBuf) {
        self.files.push((path.clone(), changed(&path)));
        match std::fs::read_to_string(&path) {
            Ok(text) => match super::macros::read(&text) {
                Ok(all) => self.macros = all,
                Err(why) => self.trouble = Some(format!("{}: {why}", path.display())),
            },
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => self.trouble = Some(format!("{}: {e}", path.display())),
        }
        self.macros_file = Some(path);
    }

    /// True if one of the files was changed since it was read.
    #[must_use]
    pub fn are_old(&self) -> bool {
        self.files.iter().any(|(path, at)| changed(path) != *at)
    }

    /// Takes the times of the files as they are now: a mistake in them is told once.
    pub fn note_times(&mut self) {
        self.files.iter_mut().for_each(|(path, at)| *at = changed(path));
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
            bell: Bell::default(),
            dwell_ms: None,
            tz: None,
            calm: false,
            title: true,
            files: Vec::new(),
            after: After::Down,
            keys: Keymap::default(),
            macros: Vec::new(),
            macros_file: None,
            views: BTreeMap::new(),
            socket: None,
            service_user: None,
            trouble: None,
        };
        let Some(path) = path else { return s };
        s.files.push((path.to_owned(), changed(path)));
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
                    let dir = path.parent().unwrap_or(Path::new("")).join("themes");
                    let file = |name: &str| dir.join(format!("{name}.toml"));
                    let theme = match Theme::named(name) {
                        Some(t) => t,
                        None => {
                            let file = file(name);
                            self.files.push((file.clone(), changed(&file)));
                            let text = std::fs::read_to_string(&file)
                                .map_err(|e| format!("there is no theme {name} ({}: {e})", file.display()))?;
                            Theme::parse(&text, &|n| {
                                std::fs::read_to_string(dir.join(format!("{n}.toml"))).ok()
                            })
                            .map_err(|why| format!("{}: {why}", file.display()))?
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
                "views" => {
                    let all = v.as_table_like().ok_or_else(|| bad("a section [views]"))?;
                    for (key, v) in all.iter() {
                        let n = key.parse().ok().filter(|n| (1..=9).contains(n));
                        let n = n.ok_or_else(|| format!("views.{key}: a view has a number from 1 to 9"))?;
                        self.views.insert(n, view(n, v).map_err(|why| format!("views.{n}: {why}"))?);
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
                "calm" => {
                    self.calm = v.as_bool().ok_or_else(|| bad("true or false"))?;
                    if self.calm && doc.get("refresh_ms").is_none() {
                        self.refresh_ms = CALM_REFRESH;
                    }
                }
                "title" => self.title = v.as_bool().ok_or_else(|| bad("true or false"))?,
                "after" => {
                    self.after = match v.as_str() {
                        Some("down") => After::Down,
                        Some("up") => After::Up,
                        Some("stay") => After::Stay,
                        _ => return Err(bad("down, up or stay")),
                    }
                }
                "bell" => {
                    self.bell = Bell::of(v).ok_or_else(|| bad("true, false, or a list of calls and news"))?
                }
                "dwell_ms" => {
                    let n = v.as_integer().and_then(|n| u64::try_from(n).ok());
                    let n = n.filter(|n| (200..=600_000).contains(n));
                    self.dwell_ms = Some(n.ok_or_else(|| bad("a number from 200 to 600000"))?);
                }
                "tz" => {
                    let zone = v.as_str().filter(|z| is_zone(z));
                    self.tz = Some(
                        zone.ok_or_else(|| bad("a time zone that this machine knows, as Europe/Berlin"))?
                            .into(),
                    );
                }
                "ascii" => self.ascii = v.as_bool().ok_or_else(|| bad("true or false"))?,
                other => {
                    let known = [
                        "theme",
                        "refresh_ms",
                        "scroll",
                        "ascii",
                        "calm",
                        "title",
                        "after",
                        "bell",
                        "dwell_ms",
                        "tz",
                        "views",
                        "client",
                    ];
                    let hint = crate::config::nearest(other, &known)
                        .map_or(String::new(), |n| format!("; did you mean {n}?"));
                    return Err(format!("there is no setting {other}{hint}"));
                }
            }
        }
        Ok(())
    }
}

/// A view: the words of a filter, or a name, a filter and a state.
fn view(n: u8, v: &toml_edit::Item) -> Result<View, String> {
    let read = match (v.as_str(), v.as_table_like()) {
        (Some(words), _) => config::view_of("", words, None),
        (None, Some(t)) => config::view("", t),
        _ => {
            return Err(
                "write words in quotes, or { name = \"…\", filter = \"…\", state = \"inbox\" }".into()
            );
        }
    };
    let v = read.map_err(|(_, why)| why)?;
    let name = match (v.name.is_empty(), v.filter.is_empty()) {
        (false, _) => v.name,
        (true, true) => format!("view {n}"),
        (true, false) => v.filter.clone(),
    };
    Ok(View { name, ..v })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::State;

    #[test]
    fn views_are_read_and_their_mistakes_told() {
        let read = |text: &str| {
            let mut s = Settings::ui(None);
            s.take(text, Path::new("ui.toml"), false).map(|()| s.views)
        };
        let v =
            read("[views]\n1 = 'tins OR lids'\n2 = { name = 'late', filter = '-rain', state = 'snoozed' }\n");
        let v = v.unwrap();
        assert_eq!((v[&1].filter.as_str(), &v[&1].states), ("tins OR lids", &vec![State::Inbox]));
        assert_eq!((v[&2].name.as_str(), &v[&2].states), ("late", &vec![State::Snoozed]));
        for (text, why) in [
            ("[views]\n10 = 'x'\n", "a number from 1 to 9"),
            ("[views]\n1 = { state = 'gone' }\n", "expected inbox | snoozed"),
            ("[views]\n1 = { filtre = 'x' }\n", "there is no filtre"),
            ("[views]\n1 = '(x'\n", "column"),
            ("[vews]\n1 = 'x'\n", "did you mean views?"),
            ("tz = 'Europe/Atlantis'\n", "a time zone that this machine knows"),
            ("bell = ['calls', 'visits']\n", "a list of calls and news"),
            ("dwell_ms = 5\n", "from 200"),
        ] {
            assert!(read(text).unwrap_err().contains(why), "{text}");
        }
    }
}

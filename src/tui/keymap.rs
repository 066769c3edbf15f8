//! Which key does what for one person: the action table, changed by their `keys.toml`. A file that would make a
//! key do two things, or that takes a key which tmux, flow control or typing need, is refused with both names.

use super::action::bitflags::Where;
use super::action::{ACTIONS, Action, ActionRow};
use std::path::Path;

/// Keys of all actions, in the order of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Keymap(Vec<(&'static ActionRow, Vec<String>)>);

/// What a chord leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    Action(Action),
    /// More keys follow.
    Prefix,
    Nothing,
}

/// Taken by tmux and screen, by flow control, or the same byte as another key.
const FORBIDDEN: &[&str] = &[
    "ctrl-a", "ctrl-b", "ctrl-h", "ctrl-i", "ctrl-j", "ctrl-k", "ctrl-l", "ctrl-m", "ctrl-q", "ctrl-s",
    "ctrl-[", "~",
];
const NAMED: &[&str] =
    &["space", "enter", "esc", "tab", "up", "down", "left", "right", "pgup", "pgdn", "home", "end"];

/// Names of actions and their keys.
type Changes = &'static [(&'static str, &'static [&'static str])];

/// Habits from elsewhere: what differs from the table.
const PRESETS: &[(&str, Changes)] = &[
    (
        "vim",
        &[
            ("redo", &["ctrl-r", "U"]),
            ("poll now", &["g r"]),
            ("done", &["e", "d d"]),
            ("what changed", &["d o"]),
            ("help", &["?", "f"]),
        ],
    ),
    (
        "gmail",
        &[
            ("close", &["u", "q", "esc", "ctrl-g"]),
            ("undo", &["z"]),
            ("redo", &["Z"]),
            ("open", &["o", "enter"]),
            ("link", &["O"]),
            ("objective", &["g o"]),
            ("snooze an hour", &["b h"]),
            ("snooze to tomorrow", &["b t"]),
            ("snooze a week", &["b w"]),
            ("snooze a month", &["b m"]),
            ("snooze until a reply", &["b r"]),
            ("snooze", &["b s"]),
            ("vip", &["s"]),
            ("tag", &["l"]),
            ("unfold", &["right"]),
            ("read", &["I"]),
            ("show inbox", &["g i", "0"]),
        ],
    ),
    (
        "mutt",
        &[
            ("done", &["d", "e"]),
            ("what changed", &["W"]),
            ("filter", &["l", "/"]),
            ("unfold", &["right"]),
            ("mark", &["t"]),
            ("mark range", &["T"]),
            ("translate", &["g t"]),
            ("tag", &["x"]),
            ("next unread", &["tab", "] u"]),
            ("next pane", &["ctrl-w"]),
            ("take in", &["$", "."]),
        ],
    ),
];

impl Default for Keymap {
    fn default() -> Self {
        Keymap(ACTIONS.iter().map(|r| (r, r.keys.iter().map(|k| (*k).to_owned()).collect())).collect())
    }
}

impl Keymap {
    /// Reads `keys.toml`, if there is one: `"name of an action" = "key"`, or a list of keys, or an empty list.
    ///
    /// # Errors
    /// Everything that is wrong with the file, a sentence each.
    pub fn read(path: &Path) -> Result<Keymap, Vec<String>> {
        let text = match std::fs::read_to_string(path) {
            Ok(t) => t,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Keymap::default()),
            Err(e) => return Err(vec![format!("{}: {e}", path.display())]),
        };
        Keymap::parse(&text).map_err(|all| all.iter().map(|e| format!("{}: {e}", path.display())).collect())
    }

    pub(super) fn parse(text: &str) -> Result<Keymap, Vec<String>> {
        let doc: toml_edit::DocumentMut = text.parse().map_err(|e| vec![format!("this is not TOML: {e}")])?;
        let mut map = Keymap::default();
        let mut bad = Vec::new();
        if let Some(v) = doc.get("preset") {
            match v.as_str().and_then(|name| PRESETS.iter().find(|(n, _)| *n == name)) {
                Some((_, changes)) => map.change(changes),
                None => {
                    let names: Vec<&str> = PRESETS.iter().map(|(n, _)| *n).collect();
                    bad.push(format!("preset must be one of {}", names.join(", ")));
                }
            }
        }
        for (name, value) in doc.iter().filter(|(n, _)| *n != "preset") {
            let Some(entry) = map.0.iter_mut().find(|(r, _)| r.name == name) else {
                let names: Vec<&str> = ACTIONS.iter().map(|r| r.name).collect();
                let hint = crate::config::nearest(name, &names)
                    .map_or(String::new(), |n| format!("; did you mean “{n}”?"));
                bad.push(format!("there is no action “{name}”{hint}"));
                continue;
            };
            let keys: Option<Vec<String>> = match (value.as_str(), value.as_array()) {
                (Some(one), _) => Some(vec![one.to_owned()]),
                (_, Some(a)) => a.iter().map(|k| k.as_str().map(str::to_owned)).collect(),
                _ => None,
            };
            let Some(keys) = keys else {
                bad.push(format!("“{name}” must be a key, or a list of keys"));
                continue;
            };
            bad.extend(
                keys.iter().filter_map(|k| no_key(k, entry.0.place)).map(|why| format!("“{name}”: {why}")),
            );
            entry.1 = keys;
        }
        bad.extend(map.clashes());
        let close = map.keys_of(Action::Close);
        if !close.iter().any(|k| !k.contains(' ')) {
            bad.push("“close” needs one key of its own, or nobody gets out again".into());
        }
        if bad.is_empty() { Ok(map) } else { Err(bad) }
    }

    fn change(&mut self, changes: Changes) {
        for (name, keys) in changes {
            if let Some(entry) = self.0.iter_mut().find(|(r, _)| r.name == *name) {
                entry.1 = keys.iter().map(|k| (*k).to_owned()).collect();
            }
        }
    }

    /// Keys with two meanings in one place, each told once with both names.
    fn clashes(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (i, (a, keys)) in self.0.iter().enumerate() {
            for (b, others) in self.0.iter().skip(i + 1).filter(|(b, _)| a.place.has(b.place)) {
                for (k, o) in keys.iter().flat_map(|k| others.iter().map(move |o| (k, o))) {
                    if k == o {
                        out.push(format!("“{k}” is both “{}” and “{}”", a.name, b.name));
                    } else if begins(k, o) || begins(o, k) {
                        out.push(format!(
                            "“{k}” ({}) and “{o}” ({}): the one is the beginning of the other",
                            a.name, b.name
                        ));
                    }
                }
            }
        }
        out
    }

    /// The keys of an action.
    #[must_use]
    pub fn keys_of(&self, a: Action) -> &[String] {
        self.0.iter().find(|(r, _)| r.action == a).map_or(&[], |(_, k)| k)
    }

    /// All rows with their keys.
    pub fn rows(&self) -> impl Iterator<Item = (&'static ActionRow, &[String])> {
        self.0.iter().map(|(r, k)| (*r, k.as_slice()))
    }

    /// Looks a chord up in a place.
    #[must_use]
    pub fn look_up(&self, chord: &str, place: Where) -> Found {
        let mut prefix = false;
        for (r, keys) in self.rows().filter(|(r, _)| r.place.has(place)) {
            for k in keys {
                if k == chord {
                    return Found::Action(r.action);
                }
                prefix |= begins(chord, k);
            }
        }
        if prefix { Found::Prefix } else { Found::Nothing }
    }

    /// The choices behind a prefix: next key and a few words.
    #[must_use]
    pub fn choices(&self, prefix: &str, place: Where) -> Vec<(String, String)> {
        self.rows()
            .filter(|(r, _)| r.place.has(place))
            .flat_map(|(r, keys)| keys.iter().map(move |k| (r, k)))
            .filter(|(_, k)| begins(prefix, k))
            .map(|(r, k)| {
                // Short enough that all of them stand on one line of 80 columns.
                let name = r.name.strip_prefix("snooze ").or(r.name.strip_prefix("next ")).unwrap_or(r.name);
                let name = name.strip_prefix("mute ").or(name.strip_prefix("mood ")).unwrap_or(name);
                let name = name.strip_prefix("previous ").unwrap_or(name);
                let name = name.strip_prefix("to ").or(name.strip_prefix("until ")).unwrap_or(name);
                let name = if r.action == Action::SnoozeTyped { "a typed time" } else { name };
                (k[prefix.len() + 1..].to_owned(), name.to_owned())
            })
            .collect()
    }
}

/// True if the longer chord goes on after the shorter one.
fn begins(short: &str, long: &str) -> bool {
    long.strip_prefix(short).is_some_and(|rest| rest.starts_with(' '))
}

/// Why this cannot be a key of an action of this place.
fn no_key(chord: &str, place: Where) -> Option<String> {
    for part in chord.split(' ') {
        if FORBIDDEN.contains(&part) {
            return Some(format!("{part} belongs to tmux, to the terminal or to ssh"));
        }
        let one = part.chars().count() == 1 && !part.chars().any(|c| c.is_control() || c.is_whitespace());
        let ctrl =
            part.strip_prefix("ctrl-").is_some_and(|c| c.len() == 1 && c.as_bytes()[0].is_ascii_lowercase());
        if !one && !ctrl && !NAMED.contains(&part) {
            return Some(format!("“{part}” is no key; keys are like e, E, ctrl-d, pgdn, or g g"));
        }
    }
    if place == Where::DRAFT && !chord.starts_with("ctrl-x ") {
        return Some("while a draft is written, keys are text: begin with ctrl-x".into());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_itself_keeps_the_rules() {
        let all = Keymap::default();
        assert_eq!(all.clashes(), Vec::<String>::new());
        for (r, keys) in all.rows() {
            for k in keys {
                assert_eq!(no_key(k, r.place), None, "{k}");
                assert!(!k.starts_with('@') || k == "@ @", "{k} is for macros");
            }
        }
        // These stay free for the user.
        for free in ["b", "f", "z", "F", "H", "I", "M", "W", "Z"] {
            for place in [Where::MAIN, Where::PAGE, Where::SOURCES] {
                assert_eq!(all.look_up(free, place), Found::Nothing, "{free}");
            }
        }
    }

    #[test]
    fn keys_are_changed_and_clashes_refused_with_both_names() {
        let m = Keymap::parse("done = [\"e\", \"z\"]\n\"next unread\" = \"f\"").unwrap();
        assert_eq!(m.look_up("z", Where::MAIN), Found::Action(Action::Done));
        assert_eq!(m.look_up("f", Where::MAIN), Found::Action(Action::NextUnread));
        assert_eq!(m.look_up("] u", Where::MAIN), Found::Nothing);
        assert_eq!(m.choices("]", Where::MAIN).len(), 2);
        for (file, words) in [
            ("done = \"j\"", "“j” is both “down” and “done”"),
            ("done = \"g\"", "beginning of the other"),
            ("done = \"ctrl-b\"", "belongs to tmux"),
            ("done = \"f13\"", "is no key"),
            ("doen = \"z\"", "did you mean “done”?"),
            ("done = 3", "a list of keys"),
            ("editor = \"e\"", "keys are text"),
            ("close = []", "nobody gets out"),
            ("= 3", "not TOML"),
        ] {
            let all = Keymap::parse(file).unwrap_err().join("\n");
            assert!(all.contains(words), "{file}: {all}");
        }
        // Two places may use one key for two things.
        assert!(Keymap::parse("\"pause\" = \"t\"\n\"test source\" = \"m\"").is_ok());
    }

    #[test]
    fn every_key_of_every_preset_does_what_it_says() {
        for (name, changes) in PRESETS {
            let map =
                Keymap::parse(&format!("preset = \"{name}\"")).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            for (action, keys) in *changes {
                let row =
                    ACTIONS.iter().find(|r| r.name == *action).unwrap_or_else(|| panic!("{name}: {action}"));
                assert_eq!(map.keys_of(row.action), *keys, "{name}: {action}");
            }
            for (row, keys) in map.rows() {
                assert!(!keys.is_empty() || row.keys.is_empty(), "{name}: {} has no key", row.name);
                for k in keys {
                    assert_eq!(map.look_up(k, row.place), Found::Action(row.action), "{name}: {k}");
                    assert_eq!(no_key(k, row.place), None, "{name}: {k}");
                }
            }
        }
        let own = Keymap::parse("preset = \"mutt\"\n\"next pane\" = \"v\"").unwrap_err();
        assert!(own[0].contains("“v” is both"), "{own:?}");
        assert!(Keymap::parse("preset = \"emacs\"").unwrap_err()[0].contains("vim, gmail, mutt"));
    }
}

//! Macros: several verbs under a key of one's own, recorded while they are done or written by hand into `macros.toml`. A step
//! is a line as people say it; what leaves is never one: a macro ends at a draft that somebody reads.

use crate::config::{Act, act_of};
use crate::model::{Mood, MuteKind, Stamp, Verb, time};
use std::collections::HashSet;
use std::path::Path;

/// Steps of one macro.
pub const STEPS: usize = 20;

/// A macro of one person.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Macro {
    /// A letter or a digit, after `@`.
    pub key: String,
    pub name: String,
    pub steps: Vec<String>,
}

/// What a line does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    Verb(Verb),
    /// The reply is opened, with this snippet in it; always the last.
    Reply(Option<String>),
}

/// The macros of the person at this terminal.
#[derive(Debug, Default)]
pub struct Macros {
    pub all: Vec<Macro>,
    /// Those whose steps were read.
    pub seen: HashSet<Macro>,
    /// The key of the one that ran last.
    pub last: Option<String>,
    pub recording: Option<Recording>,
}

/// While the verbs of a person become a macro.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    pub steps: Vec<String>,
    /// How the verb that comes next was said, where that is not to be read from it: "fri 9".
    pub said: Option<String>,
}

const MOODS: [(&str, Option<Mood>); 6] = [
    ("pos", Some(Mood::Pos)),
    ("neg", Some(Mood::Neg)),
    ("neutral", Some(Mood::Neutral)),
    ("mixed", Some(Mood::Mixed)),
    ("unclear", Some(Mood::Unknown)),
    ("auto", None),
];

/// Reads a line.
///
/// # Errors
/// If it is no step, with what is one.
pub fn step_of(words: &str, now: Stamp) -> Result<Step, String> {
    let words = words.trim();
    let (verb, rest) = words.split_once(' ').map_or((words, ""), |(v, r)| (v, r.trim()));
    Ok(Step::Verb(match (verb, rest) {
        ("reply", name) => return Ok(Step::Reply(Some(name.to_owned()).filter(|n| !n.is_empty()))),
        ("inbox", "") => Verb::Inbox,
        ("claim", "") => Verb::Claim(None),
        ("release", "") => Verb::Assign(None),
        ("note", text) if !text.is_empty() => Verb::Note(text.to_owned()),
        ("urgent", "off") => Verb::Tag { tag: "urgent".into(), on: false },
        ("tag", t) if t.starts_with('-') && t.len() > 1 && !t.contains([' ', ',']) => {
            Verb::Tag { tag: t[1..].to_lowercase(), on: false }
        }
        ("read" | "unread", "") => Verb::Read(verb == "read"),
        ("vip", "" | "off") => Verb::Vip(rest.is_empty()),
        ("like", "more") => Verb::Like(Some(true)),
        ("like", "less") => Verb::Like(Some(false)),
        ("mood", m) => match MOODS.iter().find(|(n, _)| *n == m) {
            Some((_, m)) => Verb::Mood(*m),
            None => return Err("mood pos | neg | neutral | mixed | unclear | auto".into()),
        },
        ("mute", what) => mute_of(what, now)?,
        _ => match act_of(words, now) {
            Ok(Act::Verb(v)) => v,
            _ => {
                return Err(format!(
                    "“{words}” is no step; steps are done, inbox, claim, assign NAME, release, tag WORD, tag -WORD, urgent, \
                     note TEXT, snooze 2d, read, unread, vip, like more, like less, mood neg, mute author 1d, reply SNIPPET"
                ));
            }
        },
    }))
}

fn mute_of(what: &str, now: Stamp) -> Result<Verb, String> {
    let (kind, long) = what.split_once(' ').map_or((what, ""), |(k, l)| (k, l.trim()));
    let Some(kind) = MuteKind::ALL.into_iter().find(|k| k.word() == kind) else {
        let all: Vec<&str> = MuteKind::ALL.into_iter().map(MuteKind::word).collect();
        return Err(format!("mute {} and for how long: 1h, 1d, 1w, ever", all.join(" | ")));
    };
    let until = match long {
        "" | "ever" => None,
        t => Some(now.plus(time::parse_span(t)?)),
    };
    Ok(Verb::Mute { kind, until, allow: false })
}

/// How a verb is written as a step, where all of it is in the verb; `None` for what is no step.
#[must_use]
pub fn words_of(v: &Verb) -> Option<String> {
    Some(match v {
        Verb::Done => "done".into(),
        Verb::Inbox => "inbox".into(),
        Verb::Claim(_) => "claim".into(),
        Verb::Assign(None) => "release".into(),
        Verb::Assign(Some(w)) => format!("assign {w}"),
        Verb::Tag { tag, on: true } => format!("tag {tag}"),
        Verb::Tag { tag, on: false } => format!("tag -{tag}"),
        Verb::Note(t) => format!("note {}", t.split_whitespace().collect::<Vec<_>>().join(" ")),
        Verb::Snooze(None) => "snooze reply".into(),
        Verb::Read(on) => if *on { "read" } else { "unread" }.into(),
        Verb::Vip(on) => if *on { "vip" } else { "vip off" }.into(),
        Verb::Like(Some(more)) => format!("like {}", if *more { "more" } else { "less" }),
        Verb::Mood(m) => format!("mood {}", MOODS.iter().find(|(_, x)| x == m)?.0),
        Verb::Mute { kind, until: None, allow: false } => format!("mute {} ever", kind.word()),
        _ => return None,
    })
}

impl Recording {
    /// A verb was done: it becomes a step.
    pub fn hear(&mut self, verb: &Verb) {
        let words = self.said.take().or_else(|| words_of(verb));
        if let Some(w) = words.filter(|_| self.steps.len() < STEPS) {
            self.steps.push(w);
        }
    }

    /// The reply was opened, or a snippet put into it; that is one step, and the last.
    pub fn hear_reply(&mut self, snippet: Option<&str>) {
        let had = self.steps.iter().find(|s| s.starts_with("reply ")).cloned();
        self.steps.retain(|s| s != "reply" && !s.starts_with("reply "));
        let name = snippet.map(|n| format!("reply {n}"));
        self.steps.push(name.or(had).unwrap_or_else(|| "reply".into()));
    }

    /// The steps, the reply behind all else.
    #[must_use]
    pub fn end(mut self) -> Vec<String> {
        self.steps.sort_by_key(|s| s == "reply" || s.starts_with("reply "));
        self.steps
    }
}

/// Reads `macros.toml`.
///
/// # Errors
/// What is wrong with it, and in which macro.
pub fn read(text: &str) -> Result<Vec<Macro>, String> {
    let doc: toml_edit::DocumentMut = text.parse().map_err(|e| format!("this is not TOML: {e}"))?;
    let mut all: Vec<Macro> = Vec::new();
    if let Some((k, _)) = doc.iter().find(|(k, _)| *k != "macro") {
        return Err(format!("{k} is not known; expected [[macro]]"));
    }
    let Some(item) = doc.get("macro") else { return Ok(all) };
    let tables = item.as_array_of_tables().ok_or("expected [[macro]]")?;
    for t in tables {
        let text = |k: &str| t.get(k).and_then(|v| v.as_str()).unwrap_or("").trim().to_owned();
        let key = text("key");
        if let Some((k, _)) = t.iter().find(|(k, _)| !matches!(*k, "key" | "name" | "do")) {
            return Err(format!("the macro “{key}” has {k}; expected key, name, do"));
        }
        if !is_key(&key) {
            return Err(format!("key = \"{key}\": a macro's key is one letter or digit"));
        }
        if all.iter().any(|m| m.key == key) {
            return Err(format!("there are two macros with the key {key}"));
        }
        let lines = t.get("do").and_then(|v| v.as_array());
        let steps: Option<Vec<String>> =
            lines.map(|a| a.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect());
        let m = Macro { name: text("name"), steps: steps.unwrap_or_default(), key };
        check(&m.steps).map_err(|why| format!("the macro {}: {why}", m.key))?;
        all.push(m);
    }
    Ok(all)
}

/// True for what may stand after `@`.
#[must_use]
pub fn is_key(key: &str) -> bool {
    let mut c = key.chars();
    c.next().is_some_and(char::is_alphanumeric) && c.next().is_none()
}

/// Whether these steps are a macro.
///
/// # Errors
/// The step that is none, or why they are too few or many.
pub fn check(steps: &[String]) -> Result<(), String> {
    if steps.is_empty() || steps.len() > STEPS {
        return Err(format!(
            "it has {} steps; write do = [\"tag bug\", \"done\"], at most {STEPS}",
            steps.len()
        ));
    }
    for (i, s) in steps.iter().enumerate() {
        if matches!(step_of(s, Stamp::now())?, Step::Reply(_)) && i + 1 < steps.len() {
            return Err("reply must be its last step".into());
        }
    }
    Ok(())
}

/// Puts a macro into the file in the place of the one with its key, or takes that one out (no steps); the rest of the
/// file stays as it was written.
///
/// # Errors
/// If the file cannot be read as what it is, or not be written.
pub fn write(path: &Path, m: &Macro) -> Result<(), String> {
    let said = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let text = match std::fs::read_to_string(path) {
        Ok(t) => t,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(said(&e)),
    };
    let mut doc: toml_edit::DocumentMut = text.parse().map_err(|e| said(&e))?;
    let item = doc.entry("macro").or_insert(toml_edit::Item::ArrayOfTables(toml_edit::ArrayOfTables::new()));
    let all = item.as_array_of_tables_mut().ok_or_else(|| said(&"expected [[macro]]"))?;
    let is = |t: &toml_edit::Table| t.get("key").and_then(|v| v.as_str()) == Some(m.key.as_str());
    let mut t = toml_edit::Table::new();
    t.insert("key", toml_edit::value(m.key.as_str()));
    t.insert("name", toml_edit::value(m.name.as_str()));
    t.insert("do", toml_edit::value(m.steps.iter().map(String::as_str).collect::<toml_edit::Array>()));
    let at = all.iter().position(is);
    match (at, m.steps.is_empty()) {
        (Some(i), true) => drop(all.remove(i)),
        (None, true) => {}
        (Some(i), false) => {
            for k in ["name", "do"] {
                if let (Some(old), Some(new)) = (all.get_mut(i), t.get(k)) {
                    old.insert(k, new.clone());
                }
            }
        }
        (None, false) => all.push(t),
    }
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(|e| said(&e))?;
    }
    let aside = path.with_extension("toml.new");
    std::fs::write(&aside, doc.to_string()).and_then(|()| std::fs::rename(&aside, path)).map_err(|e| said(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_can_be_read_again() {
        let all = [
            Verb::Done,
            Verb::Inbox,
            Verb::Claim(None),
            Verb::Assign(None),
            Verb::Assign(Some("bo".into())),
            Verb::Tag { tag: "bug".into(), on: true },
            Verb::Tag { tag: "bug".into(), on: false },
            Verb::Note("look  at\nthis".into()),
            Verb::Snooze(None),
            Verb::Read(false),
            Verb::Vip(true),
            Verb::Vip(false),
            Verb::Like(Some(false)),
            Verb::Mood(Some(Mood::Neg)),
            Verb::Mood(None),
            Verb::Mute { kind: MuteKind::Author, until: None, allow: false },
        ];
        for v in all {
            let words = words_of(&v).unwrap_or_else(|| panic!("{v:?}"));
            let again = match step_of(&words, Stamp::now()) {
                Ok(Step::Verb(Verb::Note(t))) => Step::Verb(Verb::Note(t)),
                other => other.unwrap(),
            };
            let v = if let Verb::Note(_) = v { Verb::Note("look at this".into()) } else { v };
            assert_eq!(again, Step::Verb(v), "{words}");
        }
        assert_eq!(step_of("reply thanks", Stamp::now()), Ok(Step::Reply(Some("thanks".into()))));
        assert!(step_of("wipe", Stamp::now()).is_err() && step_of("send", Stamp::now()).is_err());
        assert!(step_of("alert team", Stamp::now()).is_err(), "what tells people is a rule's");
    }

    #[test]
    fn the_reply_is_one_step_and_the_last() {
        let mut r = Recording::default();
        r.hear_reply(None);
        r.hear(&Verb::Tag { tag: "praise".into(), on: true });
        r.hear_reply(Some("thanks"));
        r.said = Some("snooze fri 9".into());
        r.hear(&Verb::Snooze(Some(Stamp::now())));
        assert_eq!(r.end(), ["tag praise", "snooze fri 9", "reply thanks"]);
    }

    #[test]
    fn a_file_is_changed_where_it_is_meant() {
        let dir = std::env::temp_dir().join(format!("hearken-macros-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("macros.toml");
        std::fs::write(&path, "# mine\n[[macro]]\nkey = \"b\" # bugs\nname = \"bug\"\ndo = [\"tag bug\"]\n")
            .unwrap();
        let m = |key: &str, steps: &[&str]| Macro {
            key: key.into(),
            name: "x".into(),
            steps: steps.iter().map(|s| (*s).to_owned()).collect(),
        };
        write(&path, &m("p", &["tag praise", "done"])).unwrap();
        write(&path, &m("b", &["tag bug", "assign dev"])).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("# mine") && text.contains("# bugs"), "{text}");
        let all = read(&text).unwrap();
        assert_eq!((all.len(), all[0].steps.len(), all[1].key.as_str()), (2, 2, "p"));
        write(&path, &m("b", &[])).unwrap();
        assert_eq!(read(&std::fs::read_to_string(&path).unwrap()).unwrap().len(), 1);
        std::fs::remove_dir_all(&dir).unwrap();
        for bad in [
            "[[macro]]\nkey='ab'\ndo=['done']\n",
            "[[macro]]\nkey='a'\ndo=[]\n",
            "[[macro]]\nkey='a'\ndo=['reply x', 'done']\n",
            "[[macro]]\nkey='a'\ndo=['fly']\n",
            "[[macro]]\nkey='a'\ndo=['done']\n[[macro]]\nkey='a'\ndo=['done']\n",
            "macros = 1\n",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}

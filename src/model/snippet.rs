//! Pieces of answers that the team keeps: text with variables, fallbacks and questions, in a language, found by what they
//! say.

use serde::{Deserialize, Serialize};

/// A piece of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Snippet {
    pub name: String,
    /// With `{{author}}`, `{{author|there}}` (a fallback) and `{{?version}}` (a question).
    pub text: String,
    /// Two letters, or empty for any.
    pub lang: String,
}

/// What variables stand for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Vars {
    pub author: String,
    pub title: String,
    pub link: String,
    pub community: String,
    pub me: String,
    pub brand: String,
}

/// The names of variables, for help and checks.
pub const VARIABLES: [&str; 6] = ["author", "title", "link", "community", "me", "brand"];

impl Vars {
    fn get(&self, name: &str) -> Option<&str> {
        let v = match name {
            "author" => &self.author,
            "title" => &self.title,
            "link" => &self.link,
            "community" => &self.community,
            "me" => &self.me,
            "brand" => &self.brand,
            _ => return None,
        };
        Some(v.as_str()).filter(|v| !v.is_empty())
    }
}

/// Each `{{…}}` of a text: where it stands (bytes) and what is in it.
fn holes(text: &str) -> Vec<(usize, usize, &str)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(i) = text[at..].find("{{") {
        let from = at + i;
        let Some(j) = text[from + 2..].find("}}") else { break };
        let to = from + 2 + j + 2;
        let inside = &text[from + 2..to - 2];
        // One within another is no hole: the inner one is.
        match inside.rfind("{{") {
            Some(k) => at = from + 2 + k,
            None => {
                out.push((from, to, inside.trim()));
                at = to;
            }
        }
    }
    out
}

/// The text with its variables filled in; what cannot be filled in stays as it is.
#[must_use]
pub fn expand(text: &str, vars: &Vars) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (from, to, inside) in holes(text) {
        out.push_str(&text[at..from]);
        let (name, fallback) =
            inside.split_once('|').map_or((inside, None), |(n, f)| (n.trim(), Some(f.trim())));
        match (inside.starts_with('?'), vars.get(name), fallback) {
            (false, Some(v), _) => out.push_str(v),
            (false, None, Some(f)) if VARIABLES.contains(&name) => out.push_str(f),
            _ => out.push_str(&text[from..to]),
        }
        at = to;
    }
    out.push_str(&text[at..]);
    out
}

/// What a text asks of its writer, each once, in order: `{{?version}}`, with a suggestion behind a `|`.
#[must_use]
pub fn questions(text: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for (_, _, inside) in holes(text) {
        if let Some(q) = inside.strip_prefix('?') {
            let (name, usual) = q.split_once('|').map_or((q.trim(), ""), |(n, u)| (n.trim(), u.trim()));
            if !name.is_empty() && !out.iter().any(|(n, _)| n == name) {
                out.push((name.to_owned(), usual.to_owned()));
            }
        }
    }
    out
}

/// The text with a question answered everywhere.
#[must_use]
pub fn answered(text: &str, name: &str, answer: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (from, to, inside) in holes(text) {
        out.push_str(&text[at..from]);
        let asked = inside.strip_prefix('?').map(|q| q.split('|').next().unwrap_or("").trim());
        out.push_str(if asked == Some(name) { answer } else { &text[from..to] });
        at = to;
    }
    out.push_str(&text[at..]);
    out
}

/// The snippets for what was typed, the best first: those in the thread's language before others, then those whose words
/// are nearest to the thread's. `lang`: of the thread; `about`: its text.
#[must_use]
pub fn ranked<'a>(all: &'a [Snippet], typed: &str, lang: &str, about: &str) -> Vec<&'a Snippet> {
    let about = about.to_lowercase();
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let mut found: Vec<(bool, usize, &Snippet)> = all
        .iter()
        .filter_map(|s| {
            let (name, text) = (s.name.to_lowercase(), s.text.to_lowercase());
            let mut score = 0;
            for w in &words {
                score += match (
                    name.starts_with(w.as_str()),
                    name.contains(w.as_str()),
                    text.contains(w.as_str()),
                ) {
                    (true, ..) => 100,
                    (_, true, _) => 60,
                    (.., true) => 30,
                    _ if letters_in(&name, w) => 10,
                    _ => return None,
                };
            }
            let shared = text
                .split(|c: char| !c.is_alphanumeric())
                .filter(|w| w.chars().count() > 3 && about.contains(*w))
                .count();
            let foreign = !s.lang.is_empty() && !lang.is_empty() && s.lang != lang;
            Some((foreign, score + shared.min(20), s))
        })
        .collect();
    found.sort_by(|a, b| {
        (a.0, std::cmp::Reverse(a.1), &a.2.name).cmp(&(b.0, std::cmp::Reverse(b.1), &b.2.name))
    });
    found.into_iter().map(|f| f.2).collect()
}

/// The letters stand in the name in this order.
fn letters_in(name: &str, typed: &str) -> bool {
    let mut rest = name.chars();
    typed.chars().all(|c| rest.any(|n| n == c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_fallbacks_and_questions() {
        let v = Vars { author: "Ana".into(), me: "Bo".into(), ..Vars::default() };
        let t = "Hi {{author|there}}, see {{link|our page}} for {{?version|2.1}}. {{unknown|x}} {{me}} {{title}} {{?version}}";
        let e = expand(t, &v);
        assert_eq!(e, "Hi Ana, see our page for {{?version|2.1}}. {{unknown|x}} Bo {{title}} {{?version}}");
        assert_eq!(questions(&e), [("version".to_owned(), "2.1".to_owned())]);
        assert_eq!(answered(&e, "version", "3"), "Hi Ana, see our page for 3. {{unknown|x}} Bo {{title}} 3");
        // Braces that lead nowhere, and one in another.
        for t in ["{{", "}}", "{{a", "a}}b", "{{{{author}}}}", "é{{author}}é"] {
            let _ = (expand(t, &v), questions(t), answered(t, "x", "y"));
        }
        assert_eq!(expand("{{ {{author}}", &v), "{{ Ana");
    }

    #[test]
    fn they_are_found_by_name_by_words_and_by_the_thread() {
        let s = |name: &str, text: &str, lang: &str| Snippet {
            name: name.into(),
            text: text.into(),
            lang: lang.into(),
        };
        let all = [
            s("thanks", "Thank you for the report!", "en"),
            s("danke", "Danke für den Hinweis!", "de"),
            s("battery", "Batteries drain when the display stays on.", ""),
        ];
        let names = |typed: &str, lang: &str, about: &str| -> Vec<String> {
            ranked(&all, typed, lang, about).into_iter().map(|s| s.name.clone()).collect()
        };
        assert_eq!(names("", "de", ""), ["battery", "danke", "thanks"]);
        assert_eq!(names("", "en", "my display is broken")[0], "battery");
        assert_eq!(names("report", "de", ""), ["thanks"]);
        assert_eq!(names("dnk", "de", ""), ["danke"]);
        assert!(names("zebra", "en", "").is_empty());
    }
}

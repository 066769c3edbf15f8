//! Themes: a file of roles, each a few words (`bold 117 on 237`). Meaning never hangs on colour alone.

use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;

/// A style for each role on the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Theme {
    pub text: Style,
    pub dim: Style,
    pub title: Style,
    pub focus: Style,
    pub unread: Style,
    pub cursor: Style,
    pub mark: Style,
    pub matched: Style,
    pub vip: Style,
    pub urgent: Style,
    pub notice: Style,
    pub status: Style,
    pub key: Style,
}

/// The themes that are built in, by name.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("plain", include_str!("../../themes/plain.toml")),
    ("sixteen", include_str!("../../themes/sixteen.toml")),
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
];

/// How long a line of themes may be.
const ANCESTORS: usize = 8;

fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

impl Theme {
    /// A built-in theme, or none of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Theme> {
        Theme::parse(built_in(name)?, &|_| None).ok()
    }

    /// The theme for this terminal: no colour if `NO_COLOR` is set, else what was asked for, else sixteen.
    #[must_use]
    pub fn choose(asked: Option<&str>, no_color: bool) -> Theme {
        let name = if no_color { "plain" } else { asked.unwrap_or("sixteen") };
        Theme::named(name).or_else(|| Theme::named("sixteen")).unwrap_or_default()
    }

    /// Reads a theme file: a style for each role, or `inherits = "dark"` and those that differ. `find` gives the text of
    /// a theme that is not built in.
    ///
    /// # Errors
    /// A sentence that names the role.
    pub fn parse(text: &str, find: &dyn Fn(&str) -> Option<String>) -> Result<Theme, String> {
        let mut roles: BTreeMap<String, Style> = BTreeMap::new();
        let mut next = Some(text.to_owned());
        for _ in 0..ANCESTORS {
            let Some(text) = next.take() else { break };
            let doc: toml_edit::DocumentMut =
                text.parse().map_err(|e| format!("the theme is not TOML: {e}"))?;
            for (k, v) in doc.iter() {
                let words = v.as_str().ok_or_else(|| format!("{k} in the theme must be text"))?;
                if k == "inherits" {
                    let found = built_in(words).map(str::to_owned).or_else(|| find(words));
                    next =
                        Some(found.ok_or_else(|| format!("the theme inherits {words}, which is nowhere"))?);
                    continue;
                }
                let style = style(words).map_err(|w| format!("{k} in the theme: {w} is no colour"))?;
                roles.entry(k.to_owned()).or_insert(style);
            }
        }
        if next.is_some() {
            return Err(format!("the theme inherits from more than {ANCESTORS} others"));
        }
        let mut take = |k: &str| roles.remove(k).ok_or_else(|| format!("the theme has no {k}"));
        let theme = Theme {
            text: take("text")?,
            dim: take("dim")?,
            title: take("title")?,
            focus: take("focus")?,
            unread: take("unread")?,
            cursor: take("cursor")?,
            mark: take("mark")?,
            matched: take("match")?,
            vip: take("vip")?,
            urgent: take("urgent")?,
            notice: take("notice")?,
            status: take("status")?,
            key: take("key")?,
        };
        match roles.keys().next() {
            Some(k) => Err(format!("the theme has a role {k} that nothing uses")),
            None => Ok(theme),
        }
    }
}

fn style(words: &str) -> Result<Style, String> {
    let mut s = Style::default();
    let mut ground = false;
    for w in words.split_whitespace() {
        s = match w {
            "bold" => s.add_modifier(Modifier::BOLD),
            "dim" => s.add_modifier(Modifier::DIM),
            "italic" => s.add_modifier(Modifier::ITALIC),
            "underlined" => s.add_modifier(Modifier::UNDERLINED),
            "reversed" => s.add_modifier(Modifier::REVERSED),
            "on" => {
                ground = true;
                continue;
            }
            w => {
                let c: Color = w.parse().map_err(|_| w.to_owned())?;
                if ground { s.bg(c) } else { s.fg(c) }
            }
        };
    }
    Ok(s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_built_in_themes_load_and_plain_has_no_colour() {
        for (name, text) in BUILT_IN {
            let t = Theme::parse(text, &|_| None).unwrap_or_else(|e| panic!("{name}: {e}"));
            if *name == "plain" {
                for s in [t.text, t.urgent, t.status, t.matched] {
                    assert!(s.fg.is_none() && s.bg.is_none());
                }
            }
        }
        assert_eq!(Theme::choose(Some("dark"), true), Theme::named("plain").unwrap());
        assert!(Theme::parse("text = \"blurple\"", &|_| None).is_err());
    }

    #[test]
    fn a_theme_says_only_what_differs_from_the_one_it_inherits() {
        let files = |name: &str| match name {
            "office" => Some("inherits = \"dark\"\nurgent = \"bold 196\"".to_owned()),
            "round" => Some("inherits = \"round\"".to_owned()),
            _ => None,
        };
        let t = Theme::parse("inherits = \"office\"\nvip = \"226\"", &files).unwrap();
        let dark = Theme::named("dark").unwrap();
        assert_eq!((t.text, t.key), (dark.text, dark.key));
        assert_eq!(t.urgent, style("bold 196").unwrap());
        assert_eq!(t.vip, style("226").unwrap());
        for (text, why) in [
            ("inherits = \"round\"", "more than"),
            ("inherits = \"gone\"", "which is nowhere"),
            ("inherits = \"dark\"\nblink = \"1\"", "a role blink that nothing uses"),
        ] {
            assert!(Theme::parse(text, &files).unwrap_err().contains(why), "{text}");
        }
    }
}

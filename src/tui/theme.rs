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

impl Theme {
    /// A built-in theme, or none of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Theme> {
        let text = BUILT_IN.iter().find(|(n, _)| *n == name)?.1;
        Theme::parse(text).ok()
    }

    /// The theme for this terminal: no colour if `NO_COLOR` is set, else what was asked for, else sixteen.
    #[must_use]
    pub fn choose(asked: Option<&str>, no_color: bool) -> Theme {
        let name = if no_color { "plain" } else { asked.unwrap_or("sixteen") };
        Theme::named(name).or_else(|| Theme::named("sixteen")).unwrap_or_default()
    }

    /// Reads a theme file.
    ///
    /// # Errors
    /// A sentence that names the role.
    pub fn parse(text: &str) -> Result<Theme, String> {
        let doc: toml_edit::DocumentMut = text.parse().map_err(|e| format!("the theme is not TOML: {e}"))?;
        let mut roles: BTreeMap<String, Style> = BTreeMap::new();
        for (k, v) in doc.iter() {
            let words = v.as_str().ok_or_else(|| format!("{k} in the theme must be text"))?;
            roles.insert(
                k.to_owned(),
                style(words).map_err(|w| format!("{k} in the theme: {w} is no colour"))?,
            );
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
            let t = Theme::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            if *name == "plain" {
                for s in [t.text, t.urgent, t.status, t.matched] {
                    assert!(s.fg.is_none() && s.bg.is_none());
                }
            }
        }
        assert_eq!(Theme::choose(Some("dark"), true), Theme::named("plain").unwrap());
        assert!(Theme::parse("text = \"blurple\"").is_err());
    }
}

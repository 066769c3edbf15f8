//! `;` at a word's start: pieces of answers, ranked for this thread, taken by Enter; what they ask is asked one by one.

use super::draft;
use crate::clean::width::pad;
use crate::model::snippet::{Snippet, Vars, answered, expand, questions, ranked};
use crate::tui::app::{App, Asking, Behind, Page, PageKind, Prompt};
use crate::tui::msg::Effect;
use tui_textarea::CursorMove;

/// Opens the list.
pub fn open(app: &mut App) -> Vec<Effect> {
    if app.snippets.is_empty() {
        app.say("the team has no snippets yet: hearken snippets set NAME TEXT, or snippets.toml");
        return draft::insert(app, ";");
    }
    app.pages.push(Page::new(PageKind::Snippets, "snippets"));
    app.prompt =
        Some(Prompt::new(Asking::Snippet, "type to search · Enter takes it · ; writes a ; · Esc closes", ""));
    fill(app, "");
    Vec::new()
}

/// What fits what was typed.
pub fn fill(app: &mut App, typed: &str) {
    let (lang, about) = app.editor.as_ref().map_or((String::new(), String::new()), |e| {
        let m = &e.mention.mention;
        (m.lang.clone(), format!("{} {}", m.title, m.text))
    });
    let row = |s: &Snippet| {
        let text = s.text.split_whitespace().collect::<Vec<_>>().join(" ");
        (format!("{} {:<2} {text}", pad(&s.name, 14), s.lang), Behind::Snippet(Box::new(s.clone())))
    };
    let rows = ranked(&app.snippets, typed, &lang, &about).into_iter().map(row).collect();
    if let Some(p) = app.pages.last_mut().filter(|p| p.kind == PageKind::Snippets) {
        (p.rows, p.selected) = (rows, 0);
    }
}

/// Closes the list.
pub fn close(app: &mut App) {
    app.pages.retain(|p| p.kind != PageKind::Snippets);
}

/// Enter: the one that is selected.
pub fn take(app: &mut App) -> Vec<Effect> {
    let found = app.pages.last().map(|p| p.behind().clone());
    close(app);
    let Some(Behind::Snippet(s)) = found else {
        app.say("no snippet has these words");
        return Vec::new();
    };
    if let Some(r) = &mut app.macros.recording {
        r.hear_reply(Some(&s.name));
    }
    put(app, &s)
}

/// The one that a macro asked for, once the reply is open.
pub fn piece(app: &mut App) -> Vec<Effect> {
    let Some(here) = app.editor.as_ref().map(|e| e.mention.key) else { return Vec::new() };
    let Some((_, name)) = app.piece.take().filter(|p| p.0 == here) else { return Vec::new() };
    // A draft that was begun is not written over.
    if app.editor.as_ref().is_some_and(|e| !e.text().trim().is_empty()) {
        app.say("a draft stands here already: ; puts the snippet in");
        return Vec::new();
    }
    let lang = app.editor.as_ref().map(|e| e.mention.mention.lang.clone()).unwrap_or_default();
    let mut named = app.snippets.iter().filter(|s| s.name == name);
    let first = named.clone().find(|s| s.lang == lang).or_else(|| named.next()).cloned();
    match first {
        Some(s) => put(app, &s),
        None => {
            app.warn(format!("the macro wants the snippet {name}, and there is none"));
            Vec::new()
        }
    }
}

fn put(app: &mut App, s: &Snippet) -> Vec<Effect> {
    let Some(e) = &app.editor else { return Vec::new() };
    let m = &e.mention.mention;
    let vars = Vars {
        author: m.author.name.split(" (").next().unwrap_or("").to_owned(),
        title: m.title.to_string(),
        link: m.url.to_string(),
        community: m.community.to_string(),
        me: app.who.clone(),
        brand: app.brand.clone(),
    };
    go_on(app, expand(&s.text, &vars))
}

/// The next question of a piece, or the piece itself.
fn go_on(app: &mut App, text: String) -> Vec<Effect> {
    match questions(&text).into_iter().next() {
        Some((name, usual)) => {
            let mut p = Prompt::new(Asking::Question, name.clone(), &usual);
            (p.source, p.was) = (name, text);
            app.prompt = Some(p);
            Vec::new()
        }
        None => draft::insert(app, &text),
    }
}

/// A question is answered.
pub fn answer(app: &mut App, name: &str, text: &str, said: &str) -> Vec<Effect> {
    go_on(app, answered(text, name, said))
}

/// To the first variable that is not filled in.
pub fn jump(app: &mut App) {
    let Some(e) = &mut app.editor else { return };
    let at = e.area.lines().iter().enumerate().find_map(|(y, l)| {
        let i = l.find("{{")?;
        Some((y, l[..i].chars().count()))
    });
    if let Some((y, x)) = at {
        e.area.move_cursor(CursorMove::Jump(u16::try_from(y).unwrap_or(0), u16::try_from(x).unwrap_or(0)));
    }
}

/// True where a `;` begins a word.
pub fn begins_word(app: &App) -> bool {
    let Some(e) = &app.editor else { return false };
    let at = e.area.cursor();
    let line = e.area.lines().get(at.0).map_or("", String::as_str);
    at.1 == 0 || line.chars().nth(at.1 - 1).is_some_and(char::is_whitespace)
}

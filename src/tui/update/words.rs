//! Help with words at the terminal: `T` shows a mention in another language, and a machine's draft is put in, marked.

use super::draft;
use crate::door::{Help, Request};
use crate::model::{Id, Text};
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::msg::{Effect, For};

/// `T`: the open mention in our language, and back.
pub fn translate(app: &mut App) -> Vec<Effect> {
    let Some(i) = app.reader.item.as_ref().or(app.stream.current()) else {
        app.say("nothing is open");
        return Vec::new();
    };
    let id = i.id;
    if app.translated.as_ref().is_some_and(|(of, _)| *of == id) {
        app.translated = None;
        return Vec::new();
    }
    app.say("translating …");
    let ask = Request::Help { how: Help::Translate, mention: id, draft: String::new(), lang: String::new() };
    vec![Effect::Ask(For::Helped(None), ask)]
}

/// `Ctrl-x m` and `Ctrl-x t`, while a draft is written.
pub fn ask(app: &mut App, a: Action) -> Vec<Effect> {
    let Some(e) = &app.editor else { return Vec::new() };
    let (how, lang) = match a {
        Action::DraftMachine => (Help::Draft, e.mention.mention.lang.clone()),
        Action::DraftShorten => (Help::Shorten, String::new()),
        _ => (Help::Translate, e.mention.mention.lang.clone()),
    };
    let draft = e.text();
    if how != Help::Draft && draft.trim().is_empty() {
        app.say("the draft is empty");
        return Vec::new();
    }
    let (mention, changed) = (e.mention.id, e.changed);
    app.say("asking …");
    vec![Effect::Ask(For::Helped(Some(changed)), Request::Help { how, mention, draft, lang })]
}

/// The words are here: shown, or put into the draft as one change that `Ctrl-x u` takes back. `of`: the change of the draft
/// that they were asked for.
pub fn came(app: &mut App, of: Option<u64>, mention: Id, text: &Text) -> Vec<Effect> {
    app.notice = None;
    match of {
        None => {
            app.translated = Some((mention, text.clone()));
            Vec::new()
        }
        Some(n) => {
            let Some(e) = app.editor.as_mut().filter(|e| e.mention.id == mention) else { return Vec::new() };
            if e.changed != n {
                app.say("you wrote on meanwhile: the words of the machine were left out");
                return Vec::new();
            }
            e.area.select_all();
            e.area.cut();
            draft::insert(app, text)
        }
    }
}

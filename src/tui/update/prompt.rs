//! The line at the bottom: filters, tags, notes, times, addresses, the palette.

use super::{draft, finish, team, verbs};
use crate::door::{ListQuery, Request, SourceEdit};
use crate::model::{Key, SourceView, Verb, time};
use crate::query::{Query, Scope};
use crate::tui::action::{Action, ActionRow, bitflags::Where};
use crate::tui::app::{App, Asking, Behind, Page, PageKind, Prompt};
use crate::tui::msg::{Effect, For};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub fn open(app: &mut App, a: Action) -> Vec<Effect> {
    let needs_item =
        matches!(a, Action::Tag | Action::Note | Action::Assign | Action::SnoozeTyped | Action::Posted);
    let person = app.pages.last().is_some_and(|p| p.kind == PageKind::Person);
    if needs_item && !person && verbs::targets(app).is_empty() {
        app.say("nothing is selected");
        return Vec::new();
    }
    let (asking, label, text) = match a {
        Action::Filter => (
            Asking::Filter,
            "filter: words, is:unread tag:x author:y … (empty: all)",
            super::search::written(app),
        ),
        Action::MarkQuery => (Asking::MarkQuery, "mark what matches (empty: none)", String::new()),
        Action::Tag => (Asking::Tag, "tag (-tag removes)", String::new()),
        Action::Note => (Asking::Note, "private note", String::new()),
        Action::Assign => (Asking::Assign, "assign to (empty: nobody)", String::new()),
        Action::SnoozeTyped => {
            (Asking::Snooze, "come back (2h, tomorrow, fri 9, 2026-05-01 14:00, reply)", String::new())
        }
        Action::Posted => (Asking::Posted, "posted at", String::new()),
        Action::SourceAdd => (Asking::SourceUrl, "address of a feed or page", String::new()),
        Action::Backup => (Asking::BackupFile, "backup to the new file", String::new()),
        Action::SaveView if app.stream.filter.is_empty() && app.stream.states.len() == 1 => {
            app.say("set a filter first (/): a view is a filter with a name");
            return Vec::new();
        }
        Action::SaveView => return team::save_view(app),
        Action::RemoveView => (Asking::ViewRemove, "name of the view that goes", String::new()),
        Action::AddPage => (Asking::PageUrl, "address of the page", String::new()),
        Action::Help => {
            help(app);
            (Asking::Help, "type to search by word or key · Enter does it · Esc closes", String::new())
        }
        _ => {
            app.pages.push(Page::new(PageKind::Palette, "palette"));
            (Asking::Palette, "type to search · Enter does it · Esc closes", String::new())
        }
    };
    app.prompt = Some(Prompt::new(asking, label, &text));
    if asking == Asking::Palette {
        palette(app, "");
    }
    Vec::new()
}

/// Asks where the reply to this mention was posted, whatever is selected.
pub fn posted(app: &mut App, about: Key, label: String) {
    app.prompt = Some(Prompt { about: Some(about), ..Prompt::new(Asking::Handed, label, "") });
}

/// The words that were handed off leave the screen.
fn handed(app: &mut App) {
    app.pages.retain(|p| p.kind != PageKind::Handed);
}

/// Asks before a source is taken out of the configuration.
pub fn confirm_remove(app: &mut App, id: &str) {
    ask_source(
        app,
        Asking::RemoveSource,
        id,
        format!("yes and Enter take {id} out of config.toml · Esc keeps it"),
        "",
    );
}

/// Asks for the new address and interval of a source.
pub fn change_source(app: &mut App, s: &SourceView) {
    let now = format!("{} {}", s.url, time::span(s.every_ms));
    ask_source(
        app,
        Asking::SourceChange,
        &s.id,
        format!("{}: address, and how often it may be asked", s.id),
        &now,
    );
}

fn ask_source(app: &mut App, asking: Asking, id: &str, label: String, text: &str) {
    app.prompt = Some(Prompt { source: id.to_owned(), ..Prompt::new(asking, label, text) });
}

pub fn key(app: &mut App, k: &KeyEvent) -> Vec<Effect> {
    let ctrl = k.modifiers.contains(KeyModifiers::CONTROL);
    let leaves = k.code == KeyCode::Esc || (ctrl && matches!(k.code, KeyCode::Char('g' | 'c')));
    if leaves {
        app.prompt = None;
        app.pages.retain(|p| {
            !matches!(
                p.kind,
                PageKind::Palette | PageKind::Help | PageKind::Handed | PageKind::Snippets | PageKind::Macro
            )
        });

        return Vec::new();
    }
    let Some(p) = &mut app.prompt else { return Vec::new() };
    if p.asking == Asking::Snippet && k.code == KeyCode::Char(';') && p.line.text().is_empty() {
        app.prompt = None;
        super::snippets::close(app);
        return draft::insert(app, ";");
    }
    match k.code {
        KeyCode::Enter => return accept(app),
        KeyCode::Down | KeyCode::Up | KeyCode::PageDown | KeyCode::PageUp
            if matches!(p.asking, Asking::Palette | Asking::Help | Asking::Snippet) =>
        {
            let half = (app.list_height() / 2).max(1);
            if let Some(page) = app.pages.last_mut() {
                let n = page.rows.len().saturating_sub(1);
                page.selected = match k.code {
                    KeyCode::Down => (page.selected + 1).min(n),
                    KeyCode::PageDown => (page.selected + half).min(n),
                    KeyCode::PageUp => page.selected.saturating_sub(half),
                    _ => page.selected.saturating_sub(1),
                };
            }
            return Vec::new();
        }
        _ => {
            p.line.key(k);
            p.hint.clear();
        }
    }
    let (asking, text) = (p.asking, p.line.text());
    match asking {
        Asking::Palette => palette(app, &text),
        Asking::Help => fill_help(app, &text),
        Asking::Snippet => super::snippets::fill(app, &text),
        Asking::Filter | Asking::MarkQuery => {
            let hint = super::search::hint(&text);
            if let Some(p) = &mut app.prompt {
                p.hint = hint;
            }
        }
        _ => {}
    }
    Vec::new()
}

fn accept(app: &mut App) -> Vec<Effect> {
    let Some(p) = app.prompt.take() else { return Vec::new() };
    let text = p.line.text();
    let text = text.trim();
    match p.asking {
        Asking::Palette | Asking::Help => {
            let chosen = app.pages.pop().map(|page| page.behind().clone());
            match chosen {
                Some(Behind::Action(a)) => {
                    *app.used.entry(a).or_default() += 1;
                    super::act(app, a)
                }
                Some(Behind::View(v)) => team::show(app, v),
                _ => {
                    app.say("nothing of that name");
                    Vec::new()
                }
            }
        }
        Asking::Filter => match super::search::accept(app, text) {
            Ok(out) => out,
            Err(why) => again(app, p, &why),
        },
        Asking::MarkQuery if text.is_empty() => {
            app.stream.marks.clear();
            app.say("nothing is marked now");
            Vec::new()
        }
        Asking::MarkQuery => match Query::parse(text, Scope::View) {
            Ok(q) => {
                let both = if app.stream.filter.is_empty() {
                    q.canonical()
                } else {
                    format!("({}) ({})", app.stream.filter, q.canonical())
                };
                let ask = ListQuery { filter: both, fold: false, ..app.stream.query(10_000) };
                vec![Effect::Ask(For::MarkQuery, Request::List(ask))]
            }
            Err(e) => again(app, p, &e.to_string()),
        },
        Asking::Tag if text.is_empty() => Vec::new(),
        Asking::Tag
            if text.trim_start_matches(['-', '+']).contains(|c: char| c.is_whitespace() || c == ',') =>
        {
            again(app, p, "a tag is one word without commas")
        }
        Asking::Tag => {
            let on = !text.starts_with('-');
            verbs::run(app, Verb::Tag { tag: text.trim_start_matches(['-', '+']).to_owned(), on })
        }
        Asking::Note if text.is_empty() => Vec::new(),
        Asking::Note => verbs::run(app, Verb::Note(text.to_owned())),
        Asking::Assign if text.contains(char::is_whitespace) => again(app, p, "a name is one word"),
        Asking::Assign => {
            verbs::run(app, Verb::Assign((!text.is_empty() && text != "-").then(|| text.to_owned())))
        }
        Asking::Snooze => match Verb::snooze(text, crate::model::Stamp::now()) {
            Ok(v) => {
                if let Some(r) = &mut app.macros.recording {
                    r.said = Some(format!("snooze {text}"));
                }
                verbs::run(app, v)
            }
            Err(e) => again(app, p, &e),
        },
        Asking::Posted | Asking::Handed if text.is_empty() => {
            handed(app);
            app.say("not recorded; P records it later");
            Vec::new()
        }
        Asking::Posted | Asking::Handed => {
            if crate::clean::url(text, None).is_empty() {
                return again(app, p, "that is no http or https address");
            }
            handed(app);
            match p.about {
                Some(key) => verbs::run_on(app, key, Verb::Answered(text.to_owned())),
                None => verbs::run(app, Verb::Answered(text.to_owned())),
            }
        }
        Asking::SourceUrl | Asking::PageUrl | Asking::BackupFile if text.is_empty() => Vec::new(),
        Asking::BackupFile => {
            app.say("writing the backup beside the work");
            vec![Effect::Backup(text.into())]
        }
        Asking::SourceUrl | Asking::PageUrl if crate::config::no_address(text).is_some() => {
            again(app, p, &crate::config::no_address(text).unwrap_or_default())
        }
        Asking::SourceUrl => {
            let url = crate::config::with_scheme(text);
            vec![Effect::Ask(For::Told, Request::AddSource(SourceEdit { id: None, url, every: None }))]
        }
        Asking::PageUrl => {
            let url = crate::config::with_scheme(text);
            vec![Effect::Ask(For::Told, Request::AddPage(url))]
        }
        Asking::SourceChange => {
            let mut words = text.split_whitespace();
            let (url, every) = (words.next().unwrap_or(""), words.next());
            if crate::clean::url(url, None).is_empty() || words.next().is_some() {
                return again(app, p, "write the address and, after a blank, the interval: https://… 10m");
            }
            let edit = SourceEdit {
                id: Some(p.source.clone()),
                url: url.to_owned(),
                every: every.map(str::to_owned),
            };
            vec![Effect::Ask(For::Told, Request::AddSource(edit))]
        }
        Asking::RuleRemove | Asking::RulesApply | Asking::TopicRemove | Asking::ViewRemove => {
            match team::accept(app, &p, text) {
                Ok(out) => {
                    app.sent = Some(p).filter(|p| p.asking != Asking::RulesApply);
                    out
                }
                Err(why) => again(app, p, &why),
            }
        }
        Asking::WhyNot => team::why_not(app, text),
        Asking::MuteNamed => match team::mute_named(app, text) {
            Ok(out) => out,
            Err(why) => again(app, p, &why),
        },
        Asking::Busy => draft::open_all_the_same(app),
        Asking::ClaimFirst => p.about.map_or_else(Vec::new, |k| draft::claim_and_open(app, k)),
        Asking::Approve if !matches!(text.to_lowercase().as_str(), "" | "y" | "yes") => {
            again(app, p, "Enter alone approves it · Esc does not")
        }
        Asking::Approve => p.draft.map_or_else(Vec::new, |d| finish::decide(&d, None)),
        Asking::Return if text.is_empty() => again(app, p, "say why, for its writer"),
        Asking::Return => p.draft.map_or_else(Vec::new, |d| finish::decide(&d, Some(text.to_owned()))),
        Asking::RemoveSource if !matches!(text.to_lowercase().as_str(), "y" | "yes") => {
            app.say(format!("{} stays", p.source));
            Vec::new()
        }
        Asking::SendReason | Asking::SendAs | Asking::SendWhen => {
            match super::flight::answer(app, p.asking, text) {
                Ok(out) => out,
                Err(why) => again(app, p, &why),
            }
        }
        Asking::SendingRemove => super::flight::removed(app, text),
        Asking::Snippet => super::snippets::take(app),
        Asking::Question => super::snippets::answer(app, &p.source, &p.was, text),
        Asking::SendingAt => match super::flight::stands_at(app, text) {
            Ok(out) => out,
            Err(why) => again(app, p, &why),
        },
        Asking::AttachFile | Asking::AttachAlt if text.is_empty() => Vec::new(),
        Asking::AttachFile => {
            let label = "what it shows, for people who do not see it";
            app.prompt = Some(Prompt { was: text.to_owned(), ..Prompt::new(Asking::AttachAlt, label, "") });
            Vec::new()
        }
        Asking::AttachAlt => {
            let about = app.editor.as_ref().map(|e| e.mention.key);
            let of = |about| Effect::Attach { about, path: p.was.clone().into(), alt: text.to_owned() };
            about.map(of).into_iter().collect()
        }
        Asking::ComposePlace if text.is_empty() => Vec::new(),
        Asking::ComposePlace => super::compose::placed(app, text),
        Asking::ComposeTitle => super::compose::titled(app, &p.was, text),
        Asking::React => {
            let out = super::compose::reacted(app, &p, text);
            app.sent = Some(p);
            out
        }
        Asking::MacroFirst => super::macros::go_first(app, &p.source),
        Asking::MacroKey => match super::macros::keep(app, text, &p.was) {
            Ok(out) => out,
            Err(why) => again(app, p, &why),
        },
        Asking::RemoveSource => vec![Effect::Ask(For::Told, Request::RemoveSource(p.source))],
    }
}

/// The line stays, with what is wrong with it.
fn again(app: &mut App, mut p: Prompt, why: &str) -> Vec<Effect> {
    p.hint = why.to_owned();
    app.prompt = Some(p);
    Vec::new()
}

/// Commands whose name or help holds the typed letters in order, nearest first.
fn palette(app: &mut App, typed: &str) {
    let here = super::place_below(app);
    let mut rows: Vec<(isize, String, Behind)> = app
        .keymap
        .rows()
        .filter(|(r, _)| r.place.has(here))
        .filter_map(|(r, keys)| {
            let score = fuzzy(typed, r.name).or_else(|| fuzzy(typed, r.help).map(|s| s + 100))?;
            let key = keys.first().map_or("", String::as_str);
            // What one takes often comes first among those that fit as well.
            let used = app.used.get(&r.action).map_or(0, |n| (*n).min(9));
            let score = score.cast_signed() - used.cast_signed();
            Some((score, format!("{:<26}  {key:<8} {}", r.name, r.help), Behind::Action(r.action)))
        })
        .collect();
    let views = app.team_views.iter().filter(|_| here == Where::MAIN).filter_map(|v| {
        let name = format!("view: {}", v.name);
        let score = fuzzy(typed, &name)?.cast_signed();
        Some((score, format!("{name:<26}  {:<8} {}", "", v.filter), Behind::View(v.clone())))
    });
    rows.extend(views);
    rows.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    if let Some(page) = app.pages.last_mut() {
        page.rows = rows.into_iter().map(|(_, t, b)| (t, b)).collect();
        page.selected = 0;
    }
}

/// How far apart the letters lie; `None` if one is missing.
fn fuzzy(typed: &str, name: &str) -> Option<usize> {
    let mut at = 0;
    let mut cost = 0;
    for c in typed.to_lowercase().chars().filter(|c| *c != ' ') {
        let i = name[at..].to_lowercase().find(c)?;
        cost += i;
        at += i + c.len_utf8();
        if at > name.len() || !name.is_char_boundary(at) {
            return None;
        }
    }
    Some(cost)
}

fn help(app: &mut App) {
    app.pages.push(Page::new(PageKind::Help, "keys"));
    fill_help(app, "");
}

fn fill_help(app: &mut App, typed: &str) {
    let typed = typed.to_lowercase();
    let here = super::place_below(app);
    // What is muted for four spans of time stands there once, until somebody looks for one of them.
    let once = |a: Action| matches!(a, Action::Mute(_, 1)) && typed.is_empty();
    let again = |a: Action| matches!(a, Action::Mute(_, n) if n != 1) && typed.is_empty();
    let line = |(r, keys): &(&ActionRow, &[String])| {
        let more = if once(r.action) { ("  2  3  0", ", a day, a week, for ever") } else { ("", "") };
        let keys = format!("{}{}", keys.join("  "), more.0);
        (format!("{keys:<14} {}{}", r.help, more.1), Behind::Action(r.action))
    };
    let all: Vec<_> = app.keymap.rows().filter(|(r, k)| !k.is_empty() && !again(r.action)).collect();
    let fits = |t: &(String, Behind)| typed.is_empty() || t.0.to_lowercase().contains(&typed);
    let at = |p: Where| all.iter().filter(move |(r, _)| r.place.has(p));
    // What works only here stands first, then what works here too; the rest is one screen further.
    let own = at(here).filter(|(r, _)| here == Where::SOURCES && r.place == here);
    let too = at(here).filter(|(r, _)| here != Where::SOURCES || r.place != here);
    let mut rows: Vec<(String, Behind)> = own.chain(too).map(line).filter(fits).collect();
    for (title, place, shown) in [
        ("while a draft is written", Where::DRAFT, true),
        ("in the page of sources (gS)", Where::SOURCES, here != Where::SOURCES),
        ("in the stream", Where::MAIN, here != Where::MAIN),
    ] {
        let elsewhere = at(place).filter(|(r, _)| !r.place.has(here));
        let more: Vec<_> = elsewhere.map(line).filter(fits).map(|(t, _)| (t, Behind::Nothing)).collect();
        if shown && !more.is_empty() {
            rows.push((format!("-- {title}"), Behind::Nothing));
            rows.extend(more);
        }
    }
    if rows.is_empty() {
        rows.push((format!("no key and no word like “{typed}”"), Behind::Nothing));
    }
    if let Some(p) = app.pages.last_mut() {
        p.rows = rows;
        p.selected = 0;
        p.head = vec!["Every Esc has a quick twin: q, or Ctrl-g where text is typed.".into()];
    }
}

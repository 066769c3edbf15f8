//! Answers of the engine, taken in.

use super::{draft, finish, list, pages, sheet, sources, team, verbs};
use crate::door::{RefusalKind, Reply, Request};
use crate::model::{Item, Key, State, Verb};
use crate::tui::action::Action;
use crate::tui::app::{App, Behind, Page, PageKind};
use crate::tui::msg::{Effect, For};

pub fn reply(app: &mut App, what: For, reply: Reply) -> Vec<Effect> {
    // What nobody waits for is drawn when its turn comes: over a slow line every frame stands in the way of a key.
    match what {
        For::Items if std::mem::take(&mut app.expecting) => app.draw_now = true,
        For::Items
        | For::Counts
        | For::Tallies(..)
        | For::Sources
        | For::People
        | For::Drafts
        | For::Told => app.draw_later = true,
        _ => app.draw_now = true,
    }
    if let Reply::Refused(r) = &reply {
        if matches!(what, For::Top(_) | For::Older(_) | For::Newer(_) | For::Bottom(_)) {
            app.stream.asked = false;
            app.stream.loaded = true;
        }
        app.stream.marks_asked = false;
        app.stream.acting.clear();
        if what == For::Edited && sheet::refused(app, r.text.lines().next().unwrap_or("")) {
            return Vec::new();
        }
        if matches!(what, For::Edited | For::Reacted)
            && let Some(mut p) = app.sent.take()
        {
            // What was typed is not lost by being refused.
            p.hint = r.text.lines().next().unwrap_or("").to_owned();
            app.prompt = Some(p);
            return Vec::new();
        }
        if matches!(what, For::LetGo(_) | For::Changed(_)) {
            return super::flight::refused(app, r.text.lines().next().unwrap_or(""));
        }
        // What was sent or changed meanwhile is not looked at any more.
        if matches!(what, For::Header(_) | For::Checked(_))
            || (matches!(what, For::Flight(_)) && (app.sending.is_some() || app.editor.is_none()))
        {
            return Vec::new();
        }
        if matches!(what, For::SaveDraft(_)) {
            draft::not_kept(app, r.text.as_str());
            return Vec::new();
        }
        if what == For::Reload && r.kind == RefusalKind::Role {
            match app.trouble.take() {
                Some(why) => app.warn(why),
                None => app.say("your own settings were read again; config.toml is the operator's"),
            }
            return Vec::new();
        }
        // What is being typed is not right yet: the line below says so already.
        if matches!(what, For::Tried(_)) {
            return Vec::new();
        }
        if matches!(what, For::OpenDraft(_) | For::Composed) {
            app.ahead = None;
        }
        if r.text.contains('\n') {
            // More than one line says: all of it can be read.
            let mut p = Page::new(PageKind::Text, "refused");
            p.rows = r.text.lines().map(|l| (l.to_owned(), Behind::Nothing)).collect();
            app.pages.push(p);
        }
        app.warn(r.text.lines().next().unwrap_or("").to_owned());
        return Vec::new();
    }
    match (what, reply) {
        (For::Top(g), Reply::List { items, next, scanned, total }) if g == app.stream.generation => {
            app.stream.total = total.filter(|_| !app.stream.filter.is_empty()).or(app.stream.total);
            top(app, items, next, scanned)
        }
        (For::Tried(n), Reply::Tried(t)) => {
            sheet::tried(app, n, *t);
            Vec::new()
        }
        (For::Tried(n), list) => {
            sheet::listed(app, n, list);
            Vec::new()
        }
        (For::WouldDo(topic), Reply::WouldDo { n, of, rows }) => {
            team::would_do(app, topic, (n, of), rows);
            Vec::new()
        }
        (For::Best(filter, by, skip), Reply::Ranked { items, next, total, how }) => {
            super::search::found(app, (&filter, by, skip), items, next, (total, how))
        }
        (For::MuteNamed(typed, name, verb), Reply::List { items, .. }) => {
            team::mute_found(app, (&typed, &name), verb, items)
        }
        (For::WhyNot, Reply::Items(all)) => {
            app.notice = None;
            if let Some(i) = all.first() {
                team::show_why(app, i);
            }
            Vec::new()
        }
        (For::Standing(id), Reply::Standing(all)) => {
            super::search::standing(app, id, all);
            Vec::new()
        }
        (For::Tallies(g, numbers), Reply::Tallies { totals, later }) => {
            team::take_tallies(app, g, &numbers, &totals, later)
        }
        (For::Older(g), Reply::List { items, next, scanned, .. }) if g == app.stream.generation => {
            let s = &mut app.stream;
            s.asked = false;
            s.older = next;
            s.scanned += scanned;
            let more = items.is_empty() && next.is_some();
            for i in items {
                if !s.rows.iter().rev().take(300).any(|r| r.key == i.key) {
                    s.rows.push(i);
                }
            }
            if s.rows.len() > list::WINDOW {
                let cut = s.rows.len() - list::WINDOW;
                s.newer = s.rows.get(cut).map(|r| r.key);
                s.rows.drain(..cut);
                s.top = s.top.saturating_sub(cut);
            }
            if more { list::look_ahead(app) } else { Vec::new() }
        }
        (For::Newer(g), Reply::List { items, next, .. }) if g == app.stream.generation => {
            let s = &mut app.stream;
            s.asked = false;
            s.newer = next;
            let fresh: Vec<Item> =
                items.into_iter().filter(|i| !s.rows.iter().take(300).any(|r| r.key == i.key)).collect();
            s.top += fresh.len();
            // The answer is oldest first.
            s.rows.splice(0..0, fresh.into_iter().rev());
            if s.rows.len() > list::WINDOW {
                s.rows.truncate(list::WINDOW);
                s.older = s.rows.last().map(|r| r.key);
            }
            Vec::new()
        }
        (For::Bottom(g), Reply::List { mut items, next, .. }) if g == app.stream.generation => {
            items.reverse();
            let s = &mut app.stream;
            s.asked = false;
            s.older = None;
            s.newer = next;
            s.rows = items;
            s.top = 0;
            list::go(app, usize::MAX / 2)
        }
        (For::Items, Reply::Items(items)) => changed(app, items),
        (For::Story(s), Reply::Items(items)) => {
            unfold(app, s, items);
            Vec::new()
        }
        (For::Counts, Reply::Counts(c)) => {
            app.counts = c;
            Vec::new()
        }
        (For::Communities, Reply::Communities(all)) => {
            super::pages::communities(app, &all);
            Vec::new()
        }
        (For::Sources, Reply::Sources(s)) => {
            app.sources = s;
            pages::refresh(app);
            Vec::new()
        }
        (For::People, Reply::People(p)) => {
            app.people.extend(p.into_iter().map(|c| (c.id, c)));
            pages::refresh(app);
            Vec::new()
        }
        (For::Drafts, Reply::Drafts(d)) => {
            app.drafts = d;
            // What has left is not called back.
            if let Some(key) = app.recall {
                let mine = || app.drafts.iter().filter(|d| d.mention == key && d.who == app.who);
                if mine().any(|d| d.posted.is_some()) && !mine().any(|d| d.going().is_some()) {
                    app.recall = None;
                }
            }
            pages::refresh(app);
            Vec::new()
        }
        (For::OpenDraft(key), Reply::Draft(d, terms)) => draft::opened(app, key, d, *terms),
        (For::SaveDraft(n), Reply::Saved { id, at, stage }) => draft::kept(app, n, id, at, stage),
        (For::ClaimToWrite(key), Reply::Applied(a)) if a.changed > 0 => {
            app.ahead = Some(Vec::new());
            draft::open_of(key)
        }
        (For::ClaimToWrite(_), Reply::Applied(_)) => {
            app.warn("not claimed: somebody was quicker");
            Vec::new()
        }
        (For::Header(key), Reply::Preflight(p)) => {
            super::flight::header_came(app, key, *p);
            Vec::new()
        }
        (For::Checked(draft), Reply::Preflight(p)) => {
            finish::checked(app, draft, &p);
            Vec::new()
        }
        (For::Flight(key), Reply::Preflight(p)) => super::flight::came(app, key, *p),
        (For::Attached(about, _), Reply::Attached(_))
            if app.editor.as_ref().is_none_or(|e| e.mention.key != about) =>
        {
            app.warn("the draft that the picture is for is not open any more: attach it again there");
            Vec::new()
        }
        (For::Attached(_, alt), Reply::Attached(name)) => {
            let line = crate::model::attach::line(&crate::model::attach::Attached { name, alt });
            draft::insert(app, &format!("\n{line}\n"))
        }
        (For::Compose, Reply::Accounts(all)) => super::compose::accounts_came(app, all),
        (For::Composed, Reply::Items(items)) => super::compose::composed(app, items),
        (For::Reacted, Reply::Applied(a)) => {
            app.sent = None;
            app.say(if a.verb == "took back" { "taken back there" } else { "reacted there" });
            Vec::new()
        }
        (For::Changed(key), Reply::Applied(_)) => super::flight::changed(app, key),
        (For::LetGo(key), Reply::LetGo { due, .. }) => super::flight::let_go(app, key, due),
        (For::Helped(of), Reply::Helped { mention, text }) => super::words::came(app, of, mention, &text),
        (For::Outbox, Reply::Outbox(all)) => {
            super::flight::outbox(app, all);
            Vec::new()
        }
        (For::Settled(draft, how), Reply::Applied(_)) => super::flight::settled(app, draft, &how),
        (For::CameOf(draft), Reply::Outbox(all)) => {
            super::flight::came_of(app, draft, all);
            Vec::new()
        }
        (For::Ready(key), Reply::Draft(d, terms)) => finish::ready(app, key, d, *terms),
        (For::Meanwhile(key), Reply::Items(items)) => finish::meanwhile(app, key, items),
        (For::Approval, Reply::Items(items)) => finish::mention_came(app, items),
        (For::Thread { forward }, Reply::Items(items)) => list::in_thread(app, forward, items),
        (For::Verb(word), Reply::Applied(a)) => {
            if std::mem::take(&mut app.stream.marks_asked) {
                app.stream.marks.clear();
            }
            if a.changed == 0 && a.skipped > 0 && a.verb == "claim" {
                app.warn("not claimed: somebody was quicker, or has it; a on it alone takes over");
                return pages::again(app);
            }
            if a.changed == 0 && a.skipped > 0 && a.verb == "approve" {
                app.warn("not approved: the draft was changed meanwhile; read it again");
                return vec![Effect::Ask(For::Drafts, Request::Drafts)];
            }
            if a.changed == 0 {
                app.stream.acting.clear();
            }
            let skipped = match (a.changed, a.skipped) {
                (0, 1..) => " (it was so already)".to_owned(),
                (_, n @ 1..) if a.verb == "claim" => format!("; {n} are somebody's already"),
                _ => String::new(),
            };
            let key = app.keymap.keys_of(Action::Undo).first().cloned().unwrap_or_default();
            // What is muted is one; what leaves the inbox with it may be many.
            let left = match a.keys.len() {
                n @ 1.. if a.verb == "mute" => format!("; {n} left the inbox"),
                _ => String::new(),
            };
            let undo = if a.changed > 0 { format!(" · {key} undo") } else { String::new() };
            app.say(format!("{} {word}{left}{skipped}{undo}", a.changed));
            // The page of the undo list, or of a person, shows it at once.
            let mut out = pages::again(app);
            if a.verb == Verb::Split.name()
                && let Some(key) = a.keys.first().filter(|_| app.pages.is_empty())
            {
                // What it was folded with has another face now.
                out.extend(list::around(app, *key));
            }
            out
        }
        (For::Undo { redo }, Reply::Applied(a)) => {
            let did = if redo { "done again" } else { "taken back" };
            let text = match (a.changed, a.skipped) {
                (0, 0) if redo => "nothing to do again".into(),
                (0, 0) => "nothing to take back".into(),
                (0, s) => format!("not {did}: {} ({s} changed since)", past(&a.verb)),
                (n, 0) => format!("{did}: {} ({n})", past(&a.verb)),
                (n, s) => format!("{did}: {} ({n} of {}; {s} changed since)", past(&a.verb), n + s),
            };
            app.undone = (a.keys.len() == 1).then(|| text.clone());
            app.say(text);
            if a.verb == "send" && a.changed > 0 && !redo {
                return super::flight::recalled(app);
            }
            let mut out = pages::again(app);
            if a.verb == Verb::Split.name()
                && let Some(key) = a.keys.first().filter(|_| app.pages.is_empty())
            {
                // It is folded with others again.
                out.extend(list::around(app, *key));
                return out;
            }
            let ids: Vec<_> = a.keys.iter().take(500).map(|k| k.id).collect();
            if !ids.is_empty() {
                out.push(Effect::Ask(For::Back, Request::Items(ids)));
            }
            out
        }
        (For::Back, Reply::Items(items)) => {
            if let (Some(said), [one]) = (app.undone.take(), items.as_slice()) {
                app.say(format!("{said} · “{}”", one.mention.headline()));
            }
            let mut out = list::put_back(app, items.clone());
            out.extend(changed(app, items));
            out
        }
        (For::Seek, Reply::Keys(keys)) => list::found(app, &keys),
        (For::Around(g, key), Reply::List { items, next, .. }) if g == app.stream.generation => {
            let s = &mut app.stream;
            s.asked = false;
            s.newer = items.first().map(|i| i.key);
            s.older = next;
            s.rows = items;
            s.top = 0;
            s.unfolded.clear();
            let row = s.rows.iter().position(|r| r.key == key).unwrap_or(0);
            list::arrive(app, row)
        }
        (For::Calls, Reply::Items(items)) => {
            pages::calls(app, items);
            Vec::new()
        }
        (For::Handover, Reply::List { items, .. }) => {
            pages::handover(app, &items);
            Vec::new()
        }
        (For::DraftItem(_), Reply::Items(items)) => draft::item_came(app, items),
        (For::Page, Reply::Items(items)) => pages::one_item(app, items),
        (For::Page, r) => pages::filled(app, r),
        (For::Timeline, Reply::Items(items)) => {
            pages::timeline(app, items);
            Vec::new()
        }
        (For::MarkQuery, Reply::List { items, .. }) => {
            for i in items {
                if !app.stream.marks.contains(&i.key) {
                    app.stream.marks.push(i.key);
                }
            }
            app.say(format!("{} marked", app.stream.marks.len()));
            Vec::new()
        }
        // A terminal that was here all the time knows what happened.
        (For::Told, Reply::Since(Some(s))) => {
            if let Some(words) = s.words().filter(|_| app.notice.is_none()) {
                app.say(words);
            }
            Vec::new()
        }
        (_, Reply::Presence(all)) => {
            super::presence(app, all);
            Vec::new()
        }
        (_, Reply::Topics(t)) => {
            app.topics = t;
            pages::refresh(app);
            Vec::new()
        }
        (_, Reply::Mutes(m)) => {
            app.mutes = m;
            pages::refresh(app);
            Vec::new()
        }
        (_, Reply::Rules(r)) => {
            app.rules = r;
            pages::refresh(app);
            Vec::new()
        }
        (_, Reply::Snippets(s)) => {
            app.snippets = s;
            super::snippets::piece(app)
        }
        (_, Reply::Views(v)) => {
            app.team_views = v;
            team::tally_soon(app)
        }
        (_, Reply::Edited { name, gone }) => {
            app.sent = None;
            let topic = sheet::taken(app, &name);
            app.written = Some(name.clone()).filter(|_| !gone);
            let what = if gone { "taken out" } else { "written, and in force" };
            app.say(format!("{name}: {what} (u does not change files)"));
            let mut out = team::ask(app);
            let may = app.role.is_none_or(|r| r >= crate::model::Role::Send);
            if let Some(name) = topic.filter(|_| !gone && may) {
                out.extend(team::ask_rehear(&name, true));
            }
            out
        }
        (_, Reply::Status(s)) => {
            app.brand = s.brand;
            app.role = s.role;
            Vec::new()
        }
        (_, Reply::Added(id)) => {
            app.say(format!("added {id}; asking it now"));
            vec![Effect::Ask(For::Sources, Request::Sources), sources::ask_now(app, id)]
        }
        (_, Reply::AddedPage { id, trouble }) => {
            if trouble.is_empty() {
                app.say("put into the inbox");
            } else {
                app.warn(format!("put into the inbox, but only its address: {trouble}"));
            }
            vec![Effect::Ask(For::Back, Request::Items(vec![id]))]
        }
        (_, Reply::Removed(id)) => {
            app.say(format!("removed {id}; what was heard from it stays"));
            if app.pages.last().is_some_and(|p| p.kind == PageKind::Source) {
                app.pages.pop();
            }
            vec![Effect::Ask(For::Sources, Request::Sources)]
        }
        (_, Reply::Reloaded) => {
            match app.trouble.take() {
                Some(why) => app.warn(why),
                None => app.say("the configuration was read again"),
            }
            vec![Effect::Ask(For::Sources, Request::Sources), Effect::Ask(For::Told, Request::Status)]
        }
        (_, Reply::Tested { title, entries, matched, feed }) => {
            app.say(format!("{title}: {entries} entries, {matched} match · {feed}"));
            Vec::new()
        }
        (For::Asked, Reply::Polled { .. }) => vec![Effect::Ask(For::Sources, Request::Sources)],
        (_, Reply::Polled { failed }) => {
            app.say(if failed == 0 {
                "all were asked".to_owned()
            } else {
                format!("{failed} failed; gS shows why")
            });
            vec![Effect::Ask(For::Sources, Request::Sources)]
        }
        _ => Vec::new(),
    }
}

/// A verb as it is said when it was done.
fn past(verb: &str) -> &str {
    crate::model::VERBS.iter().find(|v| v.name == verb).map_or(verb, |v| v.past)
}

fn top(app: &mut App, items: Vec<Item>, next: Option<Key>, scanned: u64) -> Vec<Effect> {
    let s = &mut app.stream;
    s.asked = false;
    s.loaded = true;
    s.older = next;
    s.newer = None;
    s.scanned += scanned;
    s.unfolded.clear();
    s.acted.clear();
    // A cursor that is beyond this page stays where it is: the window then only grows at its top.
    // A list that nobody has touched yet stays at its top while the first news come in.
    let keep = s.cursor.filter(|_| !s.calm).filter(|c| items.iter().any(|i| i.key == *c));
    // What arrived while an empty list was being read is read too.
    if items.is_empty() && next.is_none() && s.calm && s.waiting > 0 {
        return list::reload(app);
    }
    let at_top = s.top;
    s.rows = items;
    if keep.is_none() {
        s.cursor = s.rows.first().map(|r| r.key);
        s.top = 0;
    } else {
        s.top = at_top;
    }
    let mut out = Vec::new();
    if s.rows.is_empty()
        && let Some(from) = next
    {
        s.asked = true;
        let q = crate::door::ListQuery { from, ..s.query(list::PAGE) };
        out.push(Effect::Ask(For::Top(s.generation), Request::List(q)));
    }
    list::keep_visible(app);
    if app.columns() > 1 && app.pages.is_empty() {
        list::follow(app);
    }
    out.extend(list::look_ahead(app));
    out.extend(list::people_of_screen(app));
    out
}

/// Items that changed: shown where they are, or taken out where they do not belong any more.
fn changed(app: &mut App, items: Vec<Item>) -> Vec<Effect> {
    let mut gone = Vec::new();
    for i in items {
        if !app.stream.states.contains(&i.state) || i.deleted {
            gone.push(i.key);
        } else {
            app.stream.acted.remove(&i.key);
        }
        warn_writer(app, &i);
        for p in &mut app.pages {
            for (text, b) in &mut p.rows {
                if let Behind::Mention(old) = b
                    && old.key == i.key
                {
                    *text = match p.kind {
                        PageKind::Best => super::search::changed(text, &i),
                        _ => pages::mention_row(&i, app.now),
                    };
                    **old = i.clone();
                }
            }
        }
        if app.reader.item.as_ref().is_some_and(|r| r.key == i.key) {
            app.reader.item = Some(i.clone());
        }
        if let Some(r) = app.stream.rows.iter_mut().find(|r| r.key == i.key) {
            *r = i;
        }
    }
    verbs::take_out(app, &gone)
}

/// Whoever writes an answer hears at once that it may not be needed any more.
fn warn_writer(app: &mut App, i: &Item) {
    let Some(e) = app.editor.as_ref().filter(|e| e.mention.key == i.key) else { return };
    let was = app.reader.item.as_ref().filter(|r| r.key == i.key).unwrap_or(&e.mention);
    let said = if i.answered.is_some() && was.answered.is_none() {
        "this was answered meanwhile"
    } else if i.state == State::Done && was.state != State::Done {
        "a colleague marked this done while you write"
    } else if (&i.mention.title, &i.mention.text) != (&was.mention.title, &was.mention.text) {
        "its author changed it while you write; Ctrl-x p shows what is new"
    } else {
        return;
    };
    app.warn(said);
}

/// Puts the tellings of a story below its face.
fn unfold(app: &mut App, story: crate::model::Id, items: Vec<Item>) {
    let s = &mut app.stream;
    let Some(at) = s.rows.iter().position(|r| r.story == Some(story)) else { return };
    let face = s.rows[at].key;
    let more: Vec<Item> =
        items.into_iter().filter(|i| i.key != face && s.states.contains(&i.state)).collect();
    s.rows.splice(at + 1..at + 1, more.iter().cloned());
    s.unfolded.insert(story, more);
}

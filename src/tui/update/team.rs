//! What the team shares: topics and rules on pages of their own, views in the palette and on the number keys.

use super::draft::area_of;
use super::{list, sheet};
use crate::door::{ListQuery, Request, Total};
use crate::model::{
    MuteKind, MuteView, RuleView, Stamp, State, Targets, TopicEdit, TopicView, Verb, View, time,
};
use crate::tui::action::Action;
use crate::tui::app::{App, Asking, Behind, Page, PageKind, Prompt};
use crate::tui::msg::{Effect, For, Timer};
use crate::tui::sheet::Sheet;

/// Days that a trial of the rules looks back.
const DAYS: u32 = 30;

/// Asks for all of it anew; the page of rules tells what each would have done.
pub fn ask(app: &App) -> Vec<Effect> {
    let mut out = vec![Effect::Ask(For::Told, Request::Topics), Effect::Ask(For::Told, Request::Views)];
    if app.pages.iter().any(|p| p.kind == PageKind::Rules) {
        out.push(Effect::Ask(For::Told, Request::Rules(Some(DAYS))));
    }
    out
}

pub fn open_rules(app: &mut App) -> Vec<Effect> {
    app.pages.retain(|p| p.kind != PageKind::Rules);
    app.pages.push(Page::new(
        PageKind::Rules,
        "rules: what happens by itself to what enters the inbox, in this order",
    ));
    super::pages::refresh(app);
    ask(app)
}

/// Asks what the rules would do to what is there.
pub fn ask_apply() -> Vec<Effect> {
    vec![Effect::Ask(For::WouldDo(None), Request::ApplyRules { name: None, days: DAYS, dry_run: true })]
}

/// Asks what a topic would hear of what is stored already, or lets it.
pub fn ask_rehear(topic: &str, dry_run: bool) -> Vec<Effect> {
    let what = if dry_run { For::WouldDo(Some(topic.to_owned())) } else { For::Verb("heard anew".into()) };
    vec![Effect::Ask(what, Request::Rehear { topic: topic.to_owned(), days: DAYS, dry_run })]
}

/// Shows what the rules, or a topic, would do, and asks.
pub fn would_do(
    app: &mut App,
    topic: Option<String>,
    (n, of): (u64, u64),
    rows: Vec<(String, crate::model::Item)>,
) {
    if n == 0 {
        match &topic {
            Some(t) => app.say(format!("{t}: written, and in force; it changes nothing of what is stored")),
            None => app.say(format!("the rules change nothing of {of} in the inbox")),
        }
        return;
    }
    if app.sheet.is_some() || app.editor.is_some() {
        app.say(format!("{n} stored mentions would change"));
        return;
    }
    if let Some(p) = app.prompt.as_mut() {
        // Who writes already is not interrupted.
        let again = topic.as_ref().map_or(": apply rules".into(), |t| format!("hearken topics apply {t}"));
        p.hint = format!("{n} stored mentions would change; “{again}” shows them");
        return;
    }
    let title = match &topic {
        Some(t) if n == 1 => format!("{t}, heard anew: 1 mention of the last {DAYS} days changes"),
        Some(t) => format!("{t}, heard anew: {n} mentions of the last {DAYS} days change"),
        None => format!("what the rules would do to {n} of {of} in the inbox (alerts are not sent)"),
    };
    let mut page = Page::new(PageKind::Text, title);
    let now = app.now;
    page.rows = rows
        .into_iter()
        .map(|(rules, i)| {
            let row =
                format!("{}  {}", crate::clean::width::pad(&rules, 16), super::pages::mention_row(&i, now));
            (row, Behind::Mention(Box::new(i)))
        })
        .collect();
    app.pages.push(page);
    let label = format!("yes and Enter change {n}, one u takes all of it back · Esc leaves all as it is");
    let asking = Prompt::new(Asking::RulesApply, label, "");
    app.prompt = Some(Prompt { source: topic.unwrap_or_default(), ..asking });
}

/// Fills the page of rules.
pub fn fill_rules(page: &mut Page, rules: &[RuleView]) {
    let wide = rules.iter().map(|r| crate::clean::width::width(&r.name)).max().unwrap_or(0).min(24);
    let row = |r: &RuleView| {
        let fits = r.fits.map_or(String::new(), |n| format!("{n:>5} of {} in {DAYS} days  ", r.of));
        let error = r.error.as_ref().map_or(String::new(), |e| format!("  not applied: {e}"));
        format!("{}  {fits}{}{error}", crate::clean::width::pad(&r.name, wide), r.line())
    };
    page.rows = rules.iter().map(|r| (row(r), Behind::Rule(r.name.clone()))).collect();
    page.head = if rules.is_empty() {
        vec!["No rule yet. + writes one: when weather -author:vet, do tag weather, done".into()]
    } else {
        Vec::new()
    };
}

pub fn open(app: &mut App) -> Vec<Effect> {
    app.pages.retain(|p| p.kind != PageKind::Topics);
    app.pages.push(Page::new(PageKind::Topics, "topics: what is listened for"));
    super::pages::refresh(app);
    ask(app)
}

/// Fills the page of topics.
pub fn fill(page: &mut Page, topics: &[TopicView]) {
    let wide = topics.iter().map(|t| crate::clean::width::width(&t.name)).max().unwrap_or(0).min(24);
    let row = |t: &TopicView| {
        let own = if t.team { "" } else { "  (config.toml)" };
        let what = if t.set { "set:" } else { t.objective.word() };
        format!("{}  {what:<8}  {}{own}", crate::clean::width::pad(&t.name, wide), t.query)
    };
    page.rows = topics.iter().map(|t| (row(t), Behind::Topic(t.name.clone()))).collect();
    page.head = if topics.is_empty() {
        vec!["No topic yet: everything that is heard enters the inbox.".into()]
    } else {
        Vec::new()
    };
}

/// Fills the page of mutes.
pub fn fill_mutes(page: &mut Page, mutes: &[MuteView], now: Stamp) {
    let wide = mutes.iter().map(|m| crate::clean::width::width(&m.label)).max().unwrap_or(0).clamp(8, 40);
    let row = |m: &MuteView| {
        let label = crate::clean::width::pad(&m.label, wide);
        format!("{:<9}  {label}  {}  ({})", m.key.kind.word(), m.mute.words(now), m.mute.by)
    };
    page.rows = mutes.iter().map(|m| (row(m), Behind::Mute(m.key))).collect();
    page.head = if mutes.is_empty() {
        vec![
            "Nothing is muted. m on a mention mutes its discussion, author, story, site or community.".into(),
        ]
    } else {
        Vec::new()
    };
}

/// Reads `site spam.example 7d`, `allow author @ana`, and asks for mentions of that name.
pub fn mute_named(app: &App, text: &str) -> Result<Vec<Effect>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let expected = "write author, site or community, its name, and for how long (7d; nothing: for ever)";
    let (allow, rest) = text.strip_prefix("allow ").map_or((false, text), |r| (true, r));
    let (kind, rest) = rest.trim().split_once(' ').ok_or(expected)?;
    let kind = MuteKind::of(kind).ok_or(expected)?;
    // The last word may say how long.
    let (name, until) = match rest.trim().rsplit_once(' ') {
        Some((name, when)) => match time::parse_when(when, app.now) {
            Ok(t) => (name.trim(), Some(t)),
            Err(why) if when.starts_with(|c: char| c.is_ascii_digit()) => return Err(why),
            Err(_) => (rest.trim(), None),
        },
        None => (rest.trim(), None),
    };
    let filter = kind.filter(name).ok_or(expected)?;
    let list = ListQuery::newest(&State::ALL, &filter, 200);
    let verb = Verb::Mute { kind, until, allow };
    Ok(vec![Effect::Ask(For::MuteNamed(text.to_owned(), name.to_owned(), verb), Request::List(list))])
}

/// Mutes what has the very name, at the newest mention of it.
pub fn mute_found(
    app: &mut App,
    (typed, name): (&str, &str),
    verb: Verb,
    items: Vec<crate::model::Item>,
) -> Vec<Effect> {
    let Verb::Mute { kind, .. } = verb else { return Vec::new() };
    let Some(i) = items.iter().find(|i| kind.names(name, &i.mention)) else {
        ask_mute(app, typed);
        if let Some(p) = &mut app.prompt {
            p.hint = format!("nothing was heard yet of the {} {name}", kind.word());
        }
        return Vec::new();
    };
    let mut out = super::verbs::run_on(app, i.key, verb);
    out.push(Effect::Ask(For::Told, Request::Mutes));
    out
}

fn ask_mute(app: &mut App, typed: &str) {
    let label = "mute by name: author @x 7d · site spam.example · allow community rust";
    app.prompt = Some(Prompt::new(Asking::MuteNamed, label, typed));
}

fn act_on_mute(app: &mut App, a: Action) -> Vec<Effect> {
    if a == Action::EntryAdd {
        ask_mute(app, "");
        return Vec::new();
    }
    let Some(Behind::Mute(key)) = app.pages.last().map(Page::behind).cloned() else {
        app.say("m on a mention mutes what it belongs to");
        return Vec::new();
    };
    if a != Action::EntryRemove {
        app.say("D lifts it; + mutes by name, m on a mention what it belongs to");
        return Vec::new();
    }
    let verb = Verb::Unmute(key);
    let what = For::Verb(verb.said(app.now));
    let targets = Targets::Mentions(Vec::new());
    vec![
        Effect::Ask(what, Request::Act { verb, targets, quiet: false }),
        Effect::Ask(For::Told, Request::Mutes),
    ]
}

fn selected(app: &App) -> Option<TopicView> {
    let Behind::Topic(name) = app.pages.last()?.behind() else { return None };
    app.topics.iter().find(|t| t.name == *name).cloned()
}

/// What the page of topics does with an action.
pub fn act(app: &mut App, a: Action) -> Vec<Effect> {
    if app.pages.last().is_some_and(|p| p.kind == PageKind::Macros) {
        return super::macros::act(app, a);
    }
    if app.pages.last().is_some_and(|p| p.kind == PageKind::Mutes) {
        return act_on_mute(app, a);
    }
    if app.role.is_some_and(|r| r < crate::model::Role::Send) {
        app.say("changing what the team shares needs the role send");
        return Vec::new();
    }
    if app.pages.last().is_some_and(|p| p.kind == PageKind::Rules) {
        if matches!(a, Action::TopicObjective | Action::SetAdd) {
            app.say("that is done to topics: g T");
            return Vec::new();
        }
        return act_on_rule(app, a);
    }
    if a == Action::EntryAdd || a == Action::SetAdd {
        return sheet::open(app, Sheet::topic(None, a == Action::SetAdd, area_of));
    }
    let Some(t) = selected(app) else {
        app.say("no topic is selected");
        return Vec::new();
    };
    if !t.team {
        app.say(format!(
            "{} stands in config.toml, which is the operator's; + adds one of the team's",
            t.name
        ));
        return Vec::new();
    }
    if a == Action::TopicObjective {
        if t.set {
            app.say(format!("{} is a part of queries: it has no objective", t.name));
            return Vec::new();
        }
        let was = Some(t.query.clone());
        let edit =
            TopicEdit { name: t.name, query: t.query, objective: Some(t.objective.next()), set: false };
        return vec![Effect::Ask(For::Edited, Request::PutTopic { edit, was })];
    }
    if a == Action::EntryEdit {
        return sheet::open(app, Sheet::topic(Some(&t), t.set, area_of));
    }
    let label = format!("yes and Enter take {} out of topics.toml · Esc keeps it", t.name);
    app.prompt = Some(Prompt { source: t.name, was: t.query, ..Prompt::new(Asking::TopicRemove, label, "") });
    Vec::new()
}

/// Asks for a text or an address.
pub fn ask_why(app: &mut App) -> Vec<Effect> {
    app.prompt =
        Some(Prompt::new(Asking::WhyNot, "a text, or the address of a page: do the topics hear it?", ""));
    Vec::new()
}

/// Says of a text at once, and of a page when it was fetched, what of each topic is so.
pub fn why_not(app: &mut App, text: &str) -> Vec<Effect> {
    if text.is_empty() {
        return Vec::new();
    }
    if !crate::clean::url(text, None).is_empty() {
        app.say("fetching the page …");
        return vec![Effect::Ask(For::WhyNot, Request::LookAt(text.to_owned()))];
    }
    let mention = crate::model::Mention { text: crate::clean::text(text).0, ..Default::default() };
    show_why(app, &crate::model::Item { mention, ..Default::default() });
    Vec::new()
}

/// Shows it, as the selected topic has it first.
pub fn show_why(app: &mut App, i: &crate::model::Item) {
    let mut topics = app.topics.clone();
    if let Some(t) = selected(app) {
        topics.sort_by_key(|o| o.name != t.name);
    }
    let names = crate::config::names_of(&app.topics, &app.team_views);
    let mut lines = vec![i.mention.headline().to_owned()];
    lines.extend(super::texts::topics(i, &topics, &names, &app.who, app.ascii));
    let mut page = Page::new(PageKind::Text, "why the topics hear it, or not");
    page.rows = lines.into_iter().map(|l| (l, Behind::Nothing)).collect();
    app.pages.push(page);
}

/// A view of the team's, changed where it is shown.
pub fn edit_view(app: &mut App) -> Vec<Effect> {
    let title = app.stream.title.clone().unwrap_or_default();
    let Some(v) = app.team_views.iter().find(|v| v.name == title).cloned() else {
        app.say("show a view of the team's first (1 to 9, or its name in :); your own stand in ui.toml");
        return Vec::new();
    };
    sheet::open(app, Sheet::view(Some(&v.name), (&v.filter, &v.states), area_of))
}

/// What is looked at becomes a view of the team's.
pub fn save_view(app: &mut App) -> Vec<Effect> {
    let (filter, states) = (app.stream.filter.clone(), app.stream.states.clone());
    sheet::open(app, Sheet::view(None, (&filter, &states), area_of))
}

fn act_on_rule(app: &mut App, a: Action) -> Vec<Effect> {
    if a == Action::EntryAdd {
        return sheet::open(app, Sheet::rule(None, area_of));
    }
    let name = match app.pages.last().map(Page::behind) {
        Some(Behind::Rule(name)) => name.clone(),
        _ => String::new(),
    };
    let Some(rule) = app.rules.iter().find(|r| r.name == name).cloned() else {
        app.say("no rule is selected");
        return Vec::new();
    };
    if a == Action::EntryEdit {
        return sheet::open(app, Sheet::rule(Some(&rule), area_of));
    }
    let label = format!("yes and Enter take {name} out of rules.toml · Esc keeps it");
    app.prompt =
        Some(Prompt { source: name, was: rule.line(), ..Prompt::new(Asking::RuleRemove, label, "") });
    Vec::new()
}

/// What was typed is accepted; `Err` says why it is not.
pub fn accept(app: &mut App, p: &Prompt, text: &str) -> Result<Vec<Effect>, String> {
    Ok(match p.asking {
        Asking::TopicRemove if !matches!(text.to_lowercase().as_str(), "y" | "yes") => {
            app.say(format!("{} stays", p.source));
            Vec::new()
        }
        Asking::TopicRemove => vec![Effect::Ask(
            For::Edited,
            Request::RemoveTopic { name: p.source.clone(), was: p.was.clone() },
        )],
        Asking::RuleRemove if matches!(text.to_lowercase().as_str(), "y" | "yes") => {
            let (name, was) = (p.source.clone(), p.was.clone());
            vec![Effect::Ask(For::Edited, Request::RemoveRule { name, was })]
        }
        Asking::RulesApply if matches!(text.to_lowercase().as_str(), "y" | "yes") => {
            app.pages.pop();
            if !p.source.is_empty() {
                return Ok(ask_rehear(&p.source, false));
            }
            vec![Effect::Ask(
                For::Verb("changed by the rules".into()),
                Request::ApplyRules { name: None, days: DAYS, dry_run: false },
            )]
        }
        Asking::RulesApply => {
            app.pages.pop();
            app.say("all stays as it is");
            Vec::new()
        }
        Asking::RuleRemove => {
            app.say(format!("{} stays", p.source));
            Vec::new()
        }
        _ => match app.team_views.iter().find(|v| v.name == text) {
            Some(v) => vec![Effect::Ask(For::Edited, Request::RemoveView(v.name.clone()))],
            None => {
                let names: Vec<&str> = app.team_views.iter().map(|v| v.name.as_str()).collect();
                return Err(format!("the team has the views {}", names.join(", ")));
            }
        },
    })
}

/// Numbers of lists are asked for so long after something changed, in ms: more may change meanwhile.
const TALLY: u64 = 1_000;

/// The view that a number key shows: mine, else the team's.
pub fn view_of(app: &App, n: u8) -> Option<&View> {
    app.views.get(&n).or_else(|| app.team_views.get(usize::from(n).checked_sub(1)?))
}

/// Asks for the numbers of the list and of the views in a moment.
pub fn tally_soon(app: &mut App) -> Vec<Effect> {
    let nothing = app.stream.filter.is_empty() && (1..=9).all(|n| view_of(app, n).is_none());
    if app.tally_due || nothing {
        return Vec::new();
    }
    app.tally_due = true;
    vec![Effect::After(TALLY, Timer::Tally)]
}

pub fn ask_tallies(app: &mut App) -> Vec<Effect> {
    app.tally_due = false;
    let s = &app.stream;
    let filtered = !s.filter.is_empty();
    let mut queries: Vec<ListQuery> = filtered.then(|| s.query(0)).into_iter().collect();
    let numbers: Vec<u8> = (1..=9).filter(|n| view_of(app, *n).is_some()).collect();
    let of = |v: &View| ListQuery::newest(&v.states, &v.filter, 0);
    queries.extend(numbers.iter().filter_map(|n| view_of(app, *n)).map(of));
    if queries.is_empty() {
        return Vec::new();
    }
    let generation = filtered.then_some(s.generation);
    vec![Effect::Ask(For::Tallies(generation, numbers), Request::Tallies(queries))]
}

/// Takes the numbers in; what was counted some moments ago is asked for once more.
pub fn take_tallies(
    app: &mut App,
    generation: Option<u64>,
    numbers: &[u8],
    totals: &[Option<Total>],
    later: bool,
) -> Vec<Effect> {
    let own = usize::from(generation.is_some());
    if generation == Some(app.stream.generation)
        && let Some(t) = totals.first()
    {
        app.stream.total = *t;
    }
    app.tallies =
        numbers.iter().zip(totals.iter().skip(own)).filter_map(|(n, t)| Some((*n, (*t)?))).collect();
    if later { tally_soon(app) } else { Vec::new() }
}

/// The view of a number: mine, else the team's of that number.
pub fn numbered(app: &mut App, n: u8) -> Vec<Effect> {
    let Some(v) = view_of(app, n).cloned() else {
        app.say(format!("there is no view {n}: “: save view” keeps what you look at, ui.toml has your own"));
        return Vec::new();
    };
    show(app, v)
}

/// Shows a view; `q` leads back from it to the inbox.
pub fn show(app: &mut App, v: View) -> Vec<Effect> {
    app.before_filter = None;
    app.stream.filter = v.filter;
    let out = list::show(app, &v.states);
    app.stream.title = Some(v.name);
    out
}

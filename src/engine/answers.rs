//! Requests to replies. What reads the disk runs off the event loop.

use super::{Caller, Engine, failed, refuse};
use super::{polls, search};
use crate::clean;
use crate::door::{Brief, Event, LogRow, Refusal, RefusalKind, Reply, Request, Status};
use crate::model::outgoing::Goes;
use crate::model::{By, Entry, Id, Role, Stamp, Target, Targets};
use crate::store::StoreError;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Things asked for by their ids, and entries of the log, in one answer at most.
const IDS: usize = 2_000;
const ENTRIES: usize = 10_000;
/// Drafts that were posted or put aside, in the list of all.
const CLOSED: usize = 500;
/// Of one discussion.
const THREAD: usize = 500;
/// Sources and targets that one request may name.
const NAMED: usize = 10_000;

/// Names as accounts and visibilities have them: from outside they may be anything.
fn clean_goes(g: Goes) -> Goes {
    let short = |s: &str| clean::line_capped(s, 64).into_string();
    Goes { account: short(&g.account), visibility: short(&g.visibility), at: g.at }
}

/// Each id once, as many as one answer holds.
fn once_each(mut ids: Vec<Id>) -> Vec<Id> {
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(*id));
    ids.truncate(IDS);
    ids
}

/// Between the answer to a request to stop and the end.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_millis(50);

pub async fn answer(e: Arc<Engine>, caller: Caller, request: Request) -> Reply {
    if let Request::Act { targets, .. } | Request::ActMany { targets, .. } = &request {
        let n = match targets {
            Targets::Mentions(k) => k.len(),
            Targets::Rows(k, s) => k.len() + s.len(),
            Targets::People(p) | Targets::Drafts(p) => p.len(),
            Targets::Story(_) | Targets::Source(_) => 1,
        };
        if n > NAMED {
            return refuse(RefusalKind::Usage, &format!("{n} are too many at once; at most {NAMED}"));
        }
    }
    if let Err(why) = e.may(&caller, &request) {
        return refuse(RefusalKind::Role, &why);
    }
    match request {
        Request::Poll { sources, ticket } => poll(&e, sources, ticket).await,
        Request::Stop => {
            e.announce(Event::Stopping(clean::line(&caller.asker.who)));
            // Whoever asked hears the answer first.
            tokio::spawn(async move {
                tokio::time::sleep(LAST_WORDS).await;
                e.stop();
            });
            Reply::Stopping
        }
        Request::TestSource(url) => e.test_source(&url, e.role(&caller) == Some(Role::Admin)).await,
        Request::Compose { account, place, title } => e.compose(&caller, &account, &place, &title).await,
        Request::Change { draft, how } => e.change(&caller, draft, *how).await,
        Request::React { back, mention, with, account } => {
            e.react(&caller, mention, back, &with, &account).await
        }
        Request::AddPage(url) => e.add_page(&caller, &url).await,
        Request::LookAt(url) => e.look_at(&url).await,
        Request::Login(ask) => e.login(&caller, ask).await,
        Request::Settle { draft, how: crate::door::Settle::Remove } => e.take_away(&caller, draft).await,
        Request::Settle { draft, how: crate::door::Settle::Look } => e.look_now(draft).await,
        Request::Help { how, mention, draft, lang } => e.help(how, mention, &draft, &lang).await,
        Request::TestAlert(name) => e.test_alert(&caller.asker.who, &name).await,
        other => {
            let (posted, who, engine) =
                (super::permalink::given(&other), caller.asker.who.clone(), e.clone());
            match tokio::task::spawn_blocking(move || e.timed(blocking(&e, &caller, other))).await {
                Ok(r) => {
                    if let (Some(p), Reply::Applied(_)) = (posted, &r) {
                        tokio::spawn(async move { engine.look_at_posted(who, p).await });
                    }
                    r
                }
                Err(_) => refuse(RefusalKind::Failed, "the engine failed at this; see hearken doctor"),
            }
        }
    }
}

async fn poll(e: &Engine, sources: Vec<String>, ticket: u64) -> Reply {
    let known = e.setup().sources;
    if sources.len() > NAMED || sources.iter().any(|s| s.len() > 64) {
        return refuse(RefusalKind::Usage, "these are no ids of sources");
    }
    if let Some(id) = sources.iter().find(|id| !known.iter().any(|s| s.id == **id)) {
        let ids: Vec<&str> = known.iter().map(|s| s.id.as_str()).collect();
        let hint = crate::config::nearest(id, &ids).map_or(String::new(), |n| format!("; did you mean {n}?"));
        return refuse(RefusalKind::NotFound, &format!("there is no source {id}{hint}"));
    }
    let (done, waiting) = oneshot::channel();
    if e.polls.send(polls::Wanted { sources, ticket, done }).await.is_err() {
        return refuse(RefusalKind::Failed, "the engine is stopping");
    }
    match waiting.await {
        Ok(failed) => Reply::Polled { failed },
        Err(_) => refuse(RefusalKind::Failed, "the engine is stopping"),
    }
}

fn blocking(e: &Engine, caller: &Caller, request: Request) -> Reply {
    let asker = &caller.asker;
    let who = asker.who.clone();
    let reader = e.store.reader();
    let now = Stamp::now();
    let done: Result<Reply, StoreError> = (|| {
        Ok(match request {
            Request::List(q) => search::list(e, &q, &who)?,
            Request::Count(q) => search::count(e, &q, &who)?,
            Request::Tallies(all) => search::tallies(e, &all, &who)?,
            Request::Ranked { query, skip, by: By::Words } => search::ranked(e, &query, skip, &who)?,
            Request::Ranked { query, skip, by } => super::rank::first(e, &query, skip, by, &who)?,
            Request::Standing(id) => super::rank::standing(e, id, &who)?,
            Request::Items(ids) => Reply::Items(
                once_each(ids)
                    .iter()
                    .map(|id| reader.item(*id, &who))
                    .collect::<Result<Vec<_>, _>>()?
                    .into_iter()
                    .flatten()
                    .collect(),
            ),
            Request::Story(id) => Reply::Items(reader.story(id, &who)?),
            Request::Find(prefix) => match Id::prefix_range(&prefix) {
                Some((a, b)) => Reply::Keys(reader.ids(a, b, 10)?),
                None => refuse(
                    RefusalKind::Usage,
                    &format!("“{prefix}” is no id; ids have 13 letters and digits"),
                ),
            },
            Request::Act { verb, targets, quiet } => e.act(caller, verb, &targets, quiet),
            Request::ActMany { verbs, targets } => e.act_many(caller, verbs, &targets),
            Request::Attach { file, bytes } => match e.store.attach(&file, &bytes) {
                Ok(name) => Reply::Attached(name),
                Err(crate::store::StoreError::Stale(why)) => refuse(RefusalKind::Usage, &why),
                Err(e) => return Err(e),
            },
            Request::Undo => e.undo(asker, false),
            Request::Redo => e.undo(asker, true),
            Request::UndoList(n) => Reply::Log(
                e.store
                    .undo_list(&who, n.min(ENTRIES), Stamp::now())?
                    .into_iter()
                    .map(|(entry, stands)| log_row(e, entry, stands))
                    .collect::<Result<_, _>>()?,
            ),
            Request::Seek { query, want } => search::seek(e, query, want, &who)?,
            Request::Counts => Reply::Counts(reader.counts(&who)?),
            Request::Sources => Reply::Sources(e.source_views()?),
            Request::Networks => Reply::Networks(super::networks::views()),
            Request::Accounts => Reply::Accounts(e.account_views(caller)?),
            Request::Communities(name) => Reply::Communities(e.community_views(caller, name.as_deref())?),
            Request::People(ids) => Reply::People(
                once_each(ids)
                    .iter()
                    .map(|id| reader.person(*id, now))
                    .collect::<Result<Vec<_>, _>>()?
                    .into_iter()
                    .flatten()
                    .collect(),
            ),
            Request::KnownPeople => {
                let ids = reader.known_people()?;
                Reply::People(
                    ids.iter()
                        .map(|id| reader.person(*id, now))
                        .collect::<Result<Vec<_>, _>>()?
                        .into_iter()
                        .flatten()
                        .collect(),
                )
            }
            Request::Timeline { person, before, limit } => {
                Reply::Items(reader.timeline(person, before, limit.min(1000), &who)?)
            }
            Request::AllDrafts => Reply::Drafts(reader.drafts()?),
            Request::Drafts => Reply::Drafts(reader.newest_drafts(CLOSED)?),
            Request::Preflight { draft, mention, how } => e.preflight(caller, draft, mention, &how)?,
            Request::Outbox => Reply::Outbox(reader.outbox()?),
            Request::Settle { draft, how } => e.settle(caller, draft, &how)?,
            Request::Thread(id) => Reply::Items(reader.thread(id, THREAD, &who)?),
            Request::Draft(mention) => {
                Reply::Draft(reader.draft(&who, mention)?, Box::new(e.terms(caller, mention)?))
            }
            Request::SaveDraft { mention, which, seen, text, goes } => {
                let saved = e.save_draft(caller, mention, which, seen, &text);
                if let (Reply::Saved { id, .. }, Some(g)) = (&saved, goes) {
                    e.store.keep_goes(&who, *id, &clean_goes(g))?;
                }
                saved
            }
            Request::Log { about, limit } => Reply::Log(
                e.store
                    .log(about, limit.min(ENTRIES))?
                    .into_iter()
                    .map(|entry| log_row(e, entry, true))
                    .collect::<Result<_, _>>()?,
            ),
            Request::ApplyRules { name, days, dry_run } => {
                e.reapply(caller, name.as_deref(), days, dry_run)?
            }
            Request::Rehear { topic, days, dry_run } => e.rehear(caller, &topic, days, dry_run)?,
            Request::Try { query, days, zone } => super::trial::trial(e, &query, days, zone, &who)?,
            Request::Alerts => Reply::Alerts(e.alert_views()?),
            Request::Mutes => Reply::Mutes(e.mute_views()?),
            Request::Topics => Reply::Topics(e.topic_views()),
            Request::PutTopic { edit, was } => e.put_topic(caller, &edit, was.as_deref()),
            Request::RemoveTopic { name, was } => e.remove_topic(caller, &name, &was),
            Request::Rules(days) => Reply::Rules(e.rule_views(days)?),
            Request::PutRule { name, when, acts, was } => {
                e.put_rule(caller, &name, &when, &acts, was.as_deref())
            }
            Request::RemoveRule { name, was } => e.remove_rule(caller, &name, &was),
            Request::Snippets => Reply::Snippets(e.setup().config.snippets.clone()),
            Request::PutSnippet(s) => e.put_snippet(caller, &s),
            Request::RemoveSnippet(name) => e.remove_snippet(caller, &name),
            Request::Views => Reply::Views(e.setup().config.views.clone()),
            Request::PutView { view, replace } => e.put_view(caller, &view, replace),
            Request::RemoveView(name) => e.remove_view(caller, &name),
            Request::AddSource(edit) => e.add_source(&edit),
            Request::AddSources(urls) => e.add_sources(&urls),
            Request::RemoveSource(id) => e.remove_source(&id),
            Request::Reload => match e.reload() {
                Ok(()) => Reply::Reloaded,
                Err(why) => Reply::Refused(Refusal { kind: RefusalKind::Usage, text: clean::text(&why).0 }),
            },
            Request::Import { name, lines, first_line, dry_run, restore } => {
                e.import(asker, &name, &lines, first_line, dry_run, restore)?
            }
            Request::Status => Reply::Status(status(e, caller)?),
            Request::Presence | Request::Here { .. } => Reply::Presence(e.present()),
            Request::Calls => Reply::Items(e.calls(&who)?),
            Request::Since => Reply::Since(e.since(&who)?),
            Request::Brief => Reply::Brief(brief(e, &who)?),
            Request::Check => {
                let (n, found) = e.store.check(false)?;
                Reply::Checked(n, found.iter().map(|f| clean::line(&f.text)).collect())
            }
            Request::Login(_)
            | Request::Help { .. }
            | Request::Poll { .. }
            | Request::TestSource(_)
            | Request::TestAlert(_)
            | Request::LookAt(_)
            | Request::AddPage(_)
            | Request::Compose { .. }
            | Request::Change { .. }
            | Request::React { .. }
            | Request::Stop => refuse(RefusalKind::Failed, "this request is answered elsewhere"),
        })
    })();
    done.unwrap_or_else(|err| failed(&err))
}

/// An entry with the name of what it was about.
fn log_row(e: &Engine, entry: Entry, stands: bool) -> Result<LogRow, StoreError> {
    let reader = e.store.reader();
    let headline = |id| Ok::<_, StoreError>(reader.item(id, "")?.map(|i| clean::line(i.mention.headline())));
    let about = match entry.changes.first().map(|c| &c.target) {
        Some(Target::Mention(k)) => headline(k.id)?,
        Some(Target::Person(id)) => reader.person(*id, Stamp::now())?.map(|p| p.name),
        Some(Target::Source(s) | Target::Team(s)) => Some(clean::line(s)),
        Some(Target::Draft(id)) => reader.draft_by_id(*id)?.map(|d| d.about),
        Some(Target::Mute(k)) => {
            let views = e.mute_views()?;
            let named = views.into_iter().find(|v| v.key == *k).map(|v| v.label);
            named.or_else(|| Some(clean::line(k.kind.word())))
        }
        None => None,
    };
    Ok(LogRow { entry, about: about.unwrap_or_default(), stands })
}

fn brief(e: &Engine, who: &str) -> Result<Brief, StoreError> {
    let sources = e.source_views()?;
    Ok(Brief {
        counts: e.store.reader().counts(who)?,
        sources: sources.len() as u32,
        broken: sources.iter().filter(|s| s.health.is_red()).count() as u32,
        terminals: e.terminals.load(std::sync::atomic::Ordering::Relaxed),
    })
}

/// The permission bits of a file.
fn mode(path: &std::path::Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).ok().map(|m| m.permissions().mode() & 0o7777)
}

fn status(e: &Engine, caller: &Caller) -> Result<Status, StoreError> {
    let setup = e.setup();
    let notices = e.notices.lock().map(|n| n.iter().cloned().collect()).unwrap_or_default();
    Ok(Status {
        version: env!("CARGO_PKG_VERSION").into(),
        config: setup.config.file.display().to_string(),
        data: e.data.display().to_string(),
        config_mode: mode(&setup.config.file),
        data_mode: mode(&e.data),
        brand: clean::line(&setup.config.brand).into_string(),
        topics: setup.config.topics.iter().map(|t| (t.name.clone(), t.query.canonical())).collect(),
        who: caller.asker.who.clone(),
        role: e.role(caller),
        log_end: e.store.log(None, 1)?.first().map_or(0, |e| e.seq),
        disk_bytes: e.store.disk_bytes()?,
        searchable: e.store.reader().filed(),
        notices,
        cleaned_at_sink: clean::sink_counted(),
    })
}

//! The world behind the door, as stories need it: it answers what is asked, and keeps what was done.

use super::*;
use crate::model::Writes;

/// The world behind the door.
pub struct World {
    pub items: Vec<Item>,
    pub undo: Vec<Vec<Item>>,
    pub drafts: Vec<Draft>,
    pub acts: Vec<(Verb, Targets)>,
    pub asked: Vec<Request>,
    pub copied: Vec<String>,
    pub macros: Vec<crate::tui::macros::Macro>,
    pub timers: Vec<Timer>,
    /// Why drafts cannot be kept, while that is so.
    pub full: Option<String>,
    /// What holds for answers.
    pub terms: Terms,
    pub flight: Option<Preflight>,
    /// The draft was saved then, by another terminal.
    pub flight_saved_at: Option<Stamp>,
    pub outbox: Vec<Outgoing>,
    pub snippets: Vec<crate::model::snippet::Snippet>,
    pub accounts: Vec<crate::model::AccountView>,
    pub settled: Vec<(Id, crate::door::Settle)>,
    pub topics: Vec<TopicView>,
    pub views: Vec<View>,
    pub mutes: Vec<MuteView>,
    pub would: Vec<(String, Item)>,
    pub rules: Vec<RuleView>,
    /// Who is here.
    pub present: Vec<crate::door::Present>,
}

impl World {
    pub fn answer(&mut self, r: Request, what: &For) -> (Reply, Vec<Event>) {
        self.asked.push(r.clone());
        let reply = match r {
            Request::List(q) => {
                let parsed = crate::query::Query::parse(&q.filter, crate::query::Scope::View).unwrap();
                let mut items: Vec<Item> =
                    self.items.iter().filter(|i| q.states.contains(&i.state)).cloned().collect();
                items.retain(|i| parsed.matches(&crate::query::Doc::of_item(i, "ana")).is_some());
                items.sort_by_key(|i| std::cmp::Reverse(i.key));
                items.retain(|i| if q.older { i.key < q.from } else { i.key > q.from });
                if !q.older {
                    items.reverse();
                }
                let more = items.len() > q.limit;
                items.truncate(q.limit);
                let next = if more { items.last().map(|i| i.key) } else { None };
                Reply::List { scanned: items.len() as u64, items, next, total: None }
            }
            Request::LookAt(_) => Reply::Items(vec![self.items[0].clone()]),
            Request::Standing(_) => Reply::Standing(vec![crate::door::Standing {
                by: crate::model::By::Relevance,
                score: 0.4,
                reasons: vec![(Text::ours("relevance 71 % (+“lid”)"), 0.4)],
            }]),
            Request::Ranked { query, by, .. } => {
                let words = by == crate::model::By::Words;
                let filter = if words { query.filter.clone() } else { String::new() };
                let q = crate::door::ListQuery { limit: usize::MAX / 2, filter, ..query };
                let (Reply::List { items, .. }, _) = self.answer(Request::List(q), what) else { panic!() };
                let n = items.len() as u64;
                // The longest says most.
                let place = |i: Item| crate::door::Placed {
                    score: i.mention.text.len() as f32,
                    reasons: Vec::new(),
                    item: i,
                };
                let mut items: Vec<_> = items.into_iter().map(place).collect();
                items.sort_by(|a, b| b.score.total_cmp(&a.score));
                let total = crate::door::Total { n, exact: true };
                let how = if words { Text::default() } else { Text::ours("by what it is for") };
                Reply::Ranked { items, next: None, total, how }
            }
            Request::Tallies(all) => {
                let mut totals = Vec::new();
                for q in all {
                    let q = crate::door::ListQuery { limit: usize::MAX / 2, ..q };
                    let (Reply::List { items, .. }, _) = self.answer(Request::List(q), what) else {
                        panic!()
                    };
                    totals.push(Some(crate::door::Total { n: items.len() as u64, exact: true }));
                }
                Reply::Tallies { totals, later: false }
            }
            Request::Items(ids) => {
                Reply::Items(self.items.iter().filter(|i| ids.contains(&i.id)).cloned().collect())
            }
            Request::Act { verb: Verb::Send(how), targets: Targets::Drafts(ids), .. } => {
                self.acts.push((Verb::Send(how), Targets::Drafts(ids.clone())));
                let due = NOW.plus(15_000);
                for d in self.drafts.iter_mut().filter(|d| ids.contains(&d.id)) {
                    d.stage = Stage::Going(Going { by: "ana".into(), due, ..Going::default() });
                }
                let applied = Applied { seq: 1, changed: 1, verb: "send".into(), ..Applied::default() };
                return (Reply::LetGo { applied, due }, vec![Event::DraftsChanged]);
            }
            Request::Act { verb, targets, .. } => return self.act(verb, targets),
            Request::ActMany { verbs, targets } => {
                let mut last = (Reply::Applied(Applied::default()), vec![]);
                for v in verbs {
                    last = self.act(v, targets.clone());
                }
                return last;
            }
            Request::Undo => {
                let Some(old) = self.undo.pop() else { return (Reply::Applied(Applied::default()), vec![]) };
                let keys: Vec<Key> = old.iter().map(|i| i.key).collect();
                for o in old {
                    if let Some(i) = self.items.iter_mut().find(|i| i.key == o.key) {
                        *i = o;
                    }
                }
                let a = Applied {
                    seq: 9,
                    verb: "done".into(),
                    changed: keys.len() as u32,
                    skipped: 0,
                    keys: keys.clone(),
                };
                return (Reply::Applied(a), vec![Event::Changed(keys)]);
            }
            Request::Counts => {
                let n = |s| self.items.iter().filter(|i| i.state == s).count() as u64;
                let unread = self.items.iter().filter(|i| i.state == State::Inbox && !i.read).count() as u64;
                Reply::Counts(Counts {
                    heard: 3,
                    inbox: n(State::Inbox),
                    snoozed: n(State::Snoozed),
                    done: n(State::Done),
                    unread,
                })
            }
            Request::Sources => Reply::Sources(vec![blog()]),
            Request::Topics => Reply::Topics(self.topics.clone()),
            Request::Views => Reply::Views(self.views.clone()),
            Request::ApplyRules { dry_run: true, .. } | Request::Rehear { dry_run: true, .. } => {
                Reply::WouldDo { n: self.would.len() as u64, of: 5, rows: self.would.clone() }
            }
            Request::ApplyRules { .. } | Request::Rehear { .. } => {
                Reply::Applied(Applied { seq: 1, changed: self.would.len() as u32, ..Applied::default() })
            }
            Request::Try { query, days, .. } => {
                let q = crate::door::ListQuery::newest(&State::ALL, &query, usize::MAX / 2);
                let (Reply::List { items, .. }, _) = self.answer(Request::List(q), what) else { panic!() };
                let exactly = |n: usize| crate::door::Total { n: n as u64, exact: true };
                Reply::Tried(Box::new(crate::door::Trial {
                    days,
                    base: exactly(self.items.len()),
                    total: exactly(items.len()),
                    counted: items.len() as u64,
                    stories: items.len() as u64,
                    authors: 1,
                    newest: items,
                    ..crate::door::Trial::default()
                }))
            }
            Request::Mutes => Reply::Mutes(self.mutes.clone()),
            Request::Rules(_) => Reply::Rules(self.rules.clone()),
            Request::PutRule { name, when, acts, .. } => {
                self.rules.retain(|r| r.name != name);
                self.rules.push(RuleView {
                    name: name.clone(),
                    when,
                    acts,
                    fits: Some(3),
                    of: 40,
                    error: None,
                });
                Reply::Edited { name, gone: false }
            }
            Request::RemoveRule { name, .. } => {
                self.rules.retain(|r| r.name != name);
                Reply::Edited { name, gone: true }
            }
            Request::PutTopic { edit, .. } => {
                self.topics.retain(|t| t.name != edit.name);
                let (name, query, set) = (edit.name.clone(), edit.query, edit.set);
                let objective = edit.objective.unwrap_or_default();
                self.topics.push(TopicView { name, query, about: "us".into(), team: true, objective, set });
                Reply::Edited { name: edit.name, gone: false }
            }
            Request::RemoveTopic { name, .. } => {
                self.topics.retain(|t| t.name != name);
                Reply::Edited { name, gone: true }
            }
            Request::PutView { view, .. } => {
                let name = view.name.clone();
                self.views.retain(|v| v.name != name);
                self.views.push(view);
                Reply::Edited { name, gone: false }
            }
            Request::RemoveView(name) => {
                self.views.retain(|v| v.name != name);
                Reply::Edited { name, gone: true }
            }
            Request::TestSource(id) => Reply::Tested {
                title: text(&id),
                entries: 7,
                matched: 2,
                feed: text("https://blog.example/"),
            },
            Request::AddSource(e) => Reply::Added(e.id.unwrap_or_default()),
            Request::RemoveSource(id) => Reply::Removed(id),
            Request::Reload => Reply::Reloaded,
            Request::Seek { query, want } => {
                let q = crate::door::ListQuery { limit: usize::MAX / 2, ..query };
                let (Reply::List { items, .. }, _) = self.answer(Request::List(q), what) else { panic!() };
                let found = items.into_iter().find(|i| want.fits(i, "ana"));
                Reply::Keys(found.map(|i| i.key).into_iter().collect())
            }
            Request::Poll { sources, ticket } => {
                let polled = |source: &String| Event::Polled {
                    ticket,
                    source: source.clone(),
                    ok: true,
                    new: 1,
                    inbox: 1,
                    words: text("7 entries, 1 new"),
                };
                return (Reply::Polled { failed: 0 }, sources.iter().map(polled).collect());
            }
            Request::People(ids) => Reply::People(
                self.items
                    .iter()
                    .filter(|i| ids.contains(&Id(i.mention.author.key())))
                    .map(|i| PersonCard {
                        id: Id(i.mention.author.key()),
                        name: i.mention.author.name.clone(),
                        recent: 2,
                        ..PersonCard::default()
                    })
                    .collect(),
            ),
            Request::KnownPeople => Reply::People(vec![]),
            Request::Timeline { person, .. } => Reply::Items(
                self.items.iter().filter(|i| i.mention.author.key() == person.0).cloned().collect(),
            ),
            Request::Drafts => Reply::Drafts(self.drafts.clone()),
            Request::Draft(m) => {
                let about = |d: &&Draft| d.mention.id == m && d.is_open();
                // What was put aside is there, too.
                let own = |d: &&Draft| d.mention.id == m && d.who == "ana" && d.posted.is_none();
                let mine = self.drafts.iter().find(own).cloned();
                let rivals = self.drafts.iter().filter(about).filter(|d| d.who != "ana").cloned().collect();
                let terms = Terms { rivals, ..self.terms.clone() };
                Reply::Draft(mine, Box::new(terms))
            }
            Request::Preflight { .. } => {
                let mut p = self.flight.clone().unwrap_or_else(answer::by_hand);
                p.saved_at = self.flight_saved_at.unwrap_or(NOW);
                let approved = |d: &Draft| d.who == "ana" && matches!(d.stage, Stage::Approved { .. });
                if let Some(who) = self.terms.approval.as_ref().filter(|_| !self.drafts.iter().any(approved))
                {
                    p.approval = text(who);
                }
                Reply::Preflight(Box::new(p))
            }
            Request::Help { how, mention, draft, lang } => {
                Reply::Helped { mention, text: text(&format!("{how:?} {draft} {lang}")) }
            }
            Request::Snippets => Reply::Snippets(self.snippets.clone()),
            Request::Outbox => Reply::Outbox(self.outbox.clone()),
            Request::Accounts => Reply::Accounts(self.accounts.clone()),
            Request::Compose { title, .. } => {
                let mut i = item(90, &title, "us");
                (i.mention.kind, i.state) = (crate::model::Kind::Own, State::Done);
                self.items.push(i.clone());
                Reply::Items(vec![i])
            }
            Request::React { with, .. } if with == "hurray" => Reply::Refused(crate::door::Refusal {
                kind: crate::door::RefusalKind::Usage,
                text: text("a post is reacted to with favourite or boost there"),
            }),
            Request::Change { .. } | Request::React { .. } => {
                Reply::Applied(Applied { seq: 1, changed: 1, ..Applied::default() })
            }
            Request::Settle { draft, how } => {
                self.settled.push((draft, how));
                Reply::Applied(Applied { seq: 1, changed: 1, ..Applied::default() })
            }
            Request::Thread(id) => {
                let one = self.items.iter().find(|i| i.id == id).unwrap().clone();
                let same = |i: &&Item| {
                    i.id == id || (!one.mention.thread.is_empty() && i.mention.thread == one.mention.thread)
                };
                let mut all: Vec<Item> = self.items.iter().filter(same).cloned().collect();
                all.sort_by_key(|i| i.key);
                Reply::Items(all)
            }
            Request::SaveDraft { .. } if self.full.is_some() => Reply::Refused(crate::door::Refusal {
                kind: crate::door::RefusalKind::Failed,
                text: text(self.full.as_deref().unwrap_or("")),
            }),
            Request::SaveDraft {
                seen: Some(seen),
                which: Writes::Own | Writes::Changing(_),
                mention,
                ..
            } if self
                .drafts
                .iter()
                .any(|d| d.mention == mention && d.who == "ana" && d.is_open() && d.saved_at != seen) =>
            {
                Reply::Refused(crate::door::Refusal {
                    kind: crate::door::RefusalKind::Failed,
                    text: text("the draft was changed elsewhere since you opened it"),
                })
            }
            Request::SaveDraft { which: Writes::Of(id), text, .. } => {
                let d = self.drafts.iter_mut().find(|d| d.id == id).unwrap();
                d.text = text;
                d.stage = Stage::Waiting { edited_by: Some("ana".into()) };
                let stage = d.stage.clone();
                return (Reply::Saved { id, at: NOW, stage }, vec![Event::DraftsChanged]);
            }
            Request::SaveDraft { mention, text, which, .. } => {
                let changes = if let Writes::Changing(id) = which { Some(id) } else { None };
                self.drafts.retain(|d| d.mention != mention || d.who != "ana" || d.posted.is_some());
                self.drafts.push(Draft {
                    id: Id(1),
                    mention,
                    text,
                    who: "ana".into(),
                    saved_at: NOW,
                    changes,
                    ..Draft::default()
                });
                let stage = Stage::Writing;
                return (Reply::Saved { id: Id(1), at: NOW, stage }, vec![Event::DraftsChanged]);
            }
            Request::Here { .. } | Request::Presence => Reply::Presence(self.present.clone()),
            Request::Since => Reply::Since(None),
            Request::Calls => {
                let mine = |i: &&Item| i.notes.iter().any(|n| n.2.contains("@ana"));
                Reply::Items(self.items.iter().filter(mine).cloned().collect())
            }
            Request::Log { .. } | Request::UndoList(_) => {
                let change = |from: Value, to: Value| crate::model::Change {
                    target: crate::model::Target::Mention(self.items[0].key),
                    from,
                    to,
                };
                let row = |seq: u64, verb: &str, c| crate::door::LogRow {
                    entry: crate::model::Entry {
                        seq,
                        at: NOW.plus(-60_000 * seq as i64),
                        who: if seq == 1 { "bo" } else { "ana" }.into(),
                        uid: 1,
                        verb: verb.into(),
                        changes: vec![c],
                        cause: crate::model::Cause::Asked,
                    },
                    about: self.items[0].mention.title.clone(),
                    stands: seq != 2,
                };
                let done = change(Value::State(State::Inbox, None), Value::State(State::Done, None));
                let claim = change(Value::Assignee(None), Value::Assignee(Some("bo".into())));
                Reply::Log(vec![row(1, "claim", claim), row(2, "done", done)])
            }
            Request::Status => {
                Reply::Status(crate::door::Status { brand: "Acme".into(), ..Default::default() })
            }
            other => panic!("{other:?} for {what:?}"),
        };
        (reply, vec![])
    }

    fn act(&mut self, verb: Verb, targets: Targets) -> (Reply, Vec<Event>) {
        self.acts.push((verb.clone(), targets.clone()));
        if let Targets::Drafts(ids) = &targets {
            let mut changed = 0;
            for d in self.drafts.iter_mut().filter(|d| ids.contains(&d.id)) {
                let to = match &verb {
                    Verb::Submit => Stage::Waiting { edited_by: None },
                    Verb::Approve(seen) if *seen == d.saved_at => Stage::Approved { by: "ana".into() },
                    Verb::Return(why) => {
                        d.reason = text(why);
                        Stage::Returned { by: "ana".into(), note: Id(1) }
                    }
                    _ => continue,
                };
                d.stage = to;
                changed += 1;
            }
            let verb = verb.name().to_owned();
            let skipped = ids.len() as u32 - changed;
            let a = Applied { seq: 1, verb, changed, skipped, keys: vec![] };
            return (Reply::Applied(a), vec![Event::DraftsChanged]);
        }
        if let Verb::Unmute(k) = &verb {
            self.mutes.retain(|m| m.key != *k);
            return (Reply::Applied(Applied { seq: 1, changed: 1, ..Applied::default() }), vec![]);
        }
        let Targets::Mentions(keys) = targets else { return (Reply::Applied(Applied::default()), vec![]) };
        let mut before = Vec::new();
        for i in self.items.iter_mut().filter(|i| keys.contains(&i.key)) {
            before.push(i.clone());
            match &verb {
                Verb::Done | Verb::Mute { allow: false, .. } => i.state = State::Done,
                Verb::Inbox => i.state = State::Inbox,
                Verb::Snooze(t) => (i.state, i.snoozed_until) = (State::Snoozed, *t),
                Verb::Tag { tag, on } => {
                    i.tags.retain(|t| t != tag);
                    i.tags.extend(on.then(|| tag.clone()));
                }
                Verb::Claim(_) => i.assignee = Some("ana".into()),
                Verb::Assign(a) => i.assignee.clone_from(a),
                Verb::Mood(m) => i.marked_mood = *m,
                Verb::Like(l) => i.liked = *l,
                Verb::Read(r) => i.read = *r,
                Verb::Vip(v) => i.vip = *v,
                Verb::Note(n) => i.notes.push(("ana".into(), NOW, text(n))),
                Verb::Answered(u) => i.answered = Some(text(u)),
                _ => {}
            }
        }
        if !matches!(verb, Verb::Read(_)) {
            self.undo.push(before);
        }
        let a = Applied {
            seq: 1,
            verb: verb.name().into(),
            changed: keys.len() as u32,
            skipped: 0,
            keys: keys.clone(),
        };
        (Reply::Applied(a), vec![Event::Changed(keys)])
    }
}

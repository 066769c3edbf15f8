//! What comes in by hand: JSON lines from a file, a page by its address.

use super::convert::by_hand;
use super::{Caller, Engine, refuse};
use crate::clean;
use crate::door::{Event, RefusalKind, Reply};
use crate::listen::{Poller, Report, Source, incoming, parse_line, poll};
use crate::model::{Id, Key, Mention, Stamp, State, Targets, Text, TimeNote, Verb, hash64};
use crate::net::Ask;
use crate::networks::feed::{Context, Heard, decode, parse};
use crate::store::{Arrivals, Asker, Incoming, Outcome, SourceRec, StoreError};

impl Engine {
    /// Reads lines into `import:NAME`. A bad line is named and the rest go in.
    pub(super) fn import(
        &self,
        asker: &Asker,
        name: &str,
        lines: &[String],
        first: u64,
        dry_run: bool,
        restore: bool,
    ) -> Result<Reply, StoreError> {
        let source = format!("import:{name}");
        let setup = self.setup();
        let now = Stamp::now();
        let mut bad: Vec<(u64, Text)> = Vec::new();
        let mut items = Vec::new();
        let mut done: Vec<(Id, crate::listen::Done)> = Vec::new();
        for (n, line) in (first..).zip(lines) {
            if line.trim().is_empty() {
                continue;
            }
            match parse_line(line, &source, "import", now) {
                Ok(p) => {
                    let (mut identity, mut m) = (p.identity, p.mention);
                    if restore {
                        let d = crate::listen::parse_done(line);
                        identity = d.id.unwrap_or(identity);
                        m.source = d.source.clone().unwrap_or(m.source);
                        done.push((identity, d));
                    }
                    setup.topics.judge(&mut m, &[]);
                    items.push(self.incoming(identity, m, now));
                }
                Err(why) => bad.push((n, why)),
            }
        }
        if dry_run {
            let reader = self.store.reader();
            let known = items.iter().filter(|i| reader.knows(i.identity)).count() as u64;
            return Ok(Reply::Imported { new: items.len() as u64 - known, known, revised: 0, bad });
        }
        let mut by_source: std::collections::BTreeMap<String, Vec<Incoming>> = Default::default();
        for i in items {
            by_source.entry(i.mention.source.clone()).or_default().push(i);
        }
        let all = by_source
            .into_iter()
            .map(|(source, items)| Arrivals::of(&source, "import", crate::config::MAIN, items));
        let mut o = Outcome::default();
        for one in self.store.ingest(all.collect())? {
            o.new.extend(one.new);
            o.revised.extend(one.revised);
            o.woken.extend(one.woken);
            o.inbox += one.inbox;
            o.known += one.known;
        }
        for (id, d) in done {
            if let Some(key) = o.new.iter().find(|k| k.id == id) {
                self.do_again(asker, *key, d, now)?;
            }
        }
        self.learned.forget();
        if !restore {
            let muted = self.apply_mutes(&o.new);
            o.inbox = u32::try_from((i64::from(o.inbox) - muted).max(0)).unwrap_or(0);
            self.apply_rules(&o.new);
        }
        if !o.new.is_empty() {
            let inbox = o.inbox + o.woken.len() as u32;
            self.announce(Event::Arrived { inbox, heard: o.new.len() as u32 - o.inbox });
        }
        let changed: Vec<Key> = o.revised.iter().chain(&o.woken).copied().collect();
        if !changed.is_empty() {
            self.announce(Event::Changed(changed));
        }
        Ok(Reply::Imported {
            new: o.new.len() as u64,
            known: u64::from(o.known),
            revised: o.revised.len() as u64,
            bad,
        })
    }

    /// What an export says that people did to a mention, done once more to it; notes keep their writers and times.
    fn do_again(
        &self,
        asker: &Asker,
        key: Key,
        d: crate::listen::Done,
        now: Stamp,
    ) -> Result<(), StoreError> {
        let on = Targets::Mentions(vec![key]);
        let mut verbs: Vec<Verb> = d.tags.into_iter().map(|tag| Verb::Tag { tag, on: true }).collect();
        verbs.extend(d.assignee.map(|a| Verb::Assign(Some(a))));
        verbs.extend(d.answered.map(Verb::Answered));
        verbs.extend(d.mood.map(|m| Verb::Mood(Some(m))));
        verbs.extend(d.liked.map(|on| Verb::Like(Some(on))));
        match (d.state, d.snoozed_until) {
            (Some(State::Done), _) => verbs.push(Verb::Done),
            (Some(State::Snoozed), t) => verbs.push(Verb::Snooze(t)),
            (Some(State::Inbox), _) => verbs.push(Verb::Inbox),
            _ => {}
        }
        for v in verbs {
            self.store.act(asker, &v, &on, now, true)?;
        }
        for (who, at, text) in d.notes {
            let by = Asker { who, uid: asker.uid };
            self.store.act(&by, &Verb::Note(text), &on, at, true)?;
        }
        Ok(())
    }

    fn incoming(&self, identity: Id, m: Mention, now: Stamp) -> Incoming {
        let setup = self.setup();
        let matched = setup.topics.is_empty() || !m.topics.is_empty();
        let young = m.at.0 >= now.0 - setup.config.inbox_since_ms;
        let state = if matched && young { State::Inbox } else { State::Heard };
        incoming(identity, m, state)
    }

    /// A page as a mention of it would be, judged by the topics; and why only its address is known, if that is so.
    async fn page(&self, address: &Text, allow: Vec<crate::net::Origin>) -> (Mention, Text) {
        let now = Stamp::now();
        let setup = self.setup();
        let mut trouble = Text::default();
        let (title, text, cut) = match setup.net.get(&Ask { allow, ..by_hand(&setup.config, address) }).await
        {
            Ok(a) if a.status == 200 => {
                let kind = a.header("content-type").unwrap_or("");
                let page = clean::html(&decode(&a.body, kind), Some(&a.url));
                (page.title, page.text, page.cut)
            }
            Ok(a) => {
                trouble = clean::line(&format!("the page answered with {}", a.status));
                (address.clone(), Text::default(), false)
            }
            Err(e) => {
                trouble = clean::line(&format!("the page could not be fetched: {e}"));
                (address.clone(), Text::default(), false)
            }
        };
        let mut m = Mention {
            source: "added".into(),
            network: "page".into(),
            community: clean::host_of(address),
            url: address.clone(),
            title,
            text,
            cut,
            at: now,
            time_note: TimeNote::Missing,
            heard_at: now,
            ..Mention::default()
        };
        setup.topics.judge(&mut m, &[]);
        (m, trouble)
    }

    /// What a page is, keeping nothing.
    pub(super) async fn look_at(&self, url: &str) -> Reply {
        let address = clean::url(url, None);
        if address.is_empty() {
            return refuse(RefusalKind::Usage, &format!("“{url}” is no http or https address"));
        }
        // Private addresses are asked where the configuration names them, and nowhere else: a redirect to one that
        // is named for another source does not count, nor does a public name that somebody points inwards later.
        let asked = crate::net::Origin::of(&address);
        let named = |s: &Source| {
            let own = if let crate::listen::SourceKind::Feed { url } = &s.kind {
                crate::net::Origin::of(url).filter(|_| crate::net::names_private(url))
            } else {
                None
            };
            s.allow.iter().cloned().chain(own).collect::<Vec<_>>()
        };
        let allow =
            self.setup().sources.iter().flat_map(named).filter(|o| asked.as_ref() == Some(o)).collect();
        match self.page(&address, allow).await {
            (m, trouble) if trouble.is_empty() => {
                Reply::Items(vec![crate::model::Item { mention: m, tellings: 1, ..Default::default() }])
            }
            (_, trouble) => refuse(RefusalKind::Failed, &trouble),
        }
    }

    /// Puts a page or a post into the inbox. What cannot be fetched is kept as an address.
    pub(super) async fn add_page(&self, caller: &Caller, url: &str) -> Reply {
        let address = clean::url(url, None);
        if address.is_empty() {
            return refuse(RefusalKind::Usage, &format!("“{url}” is no http or https address"));
        }
        let (m, trouble) = self.page(&address, Vec::new()).await;
        let identity = Id(hash64(&["page", &clean::canonical(&address)]));
        let all =
            Arrivals::of("added", "page", crate::config::MAIN, vec![incoming(identity, m, State::Inbox)]);
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || store.ingest(vec![all])).await {
            Ok(Ok(o)) => {
                if o.first().is_some_and(|o| o.new.is_empty()) {
                    // It was here before, perhaps done: whoever adds it wants to see it.
                    if let Some(i) = self.store.reader().item(identity, "").ok().flatten() {
                        self.act(caller, Verb::Inbox, &Targets::Mentions(vec![i.key]), false);
                    }
                } else {
                    self.announce(Event::Arrived { inbox: 1, heard: 0 });
                }
                Reply::AddedPage { id: identity, trouble }
            }
            Ok(Err(e)) => super::failed(&e),
            Err(_) => refuse(RefusalKind::Failed, "storing the page failed"),
        }
    }

    /// Asks a configured source, as it is configured, or an address once; says what is there, keeping nothing.
    pub(super) async fn test_source(&self, url: &str, operator: bool) -> Reply {
        let now = Stamp::now();
        if let Some(s) = self.setup().sources.iter().find(|s| s.id == url) {
            return self.test_configured(s, now).await;
        }
        let mut address = clean::url(url, None);
        if address.is_empty() {
            return refuse(RefusalKind::Usage, &format!("“{url}” is no http or https address"));
        }
        // A private address that the configuration does not name is asked for its operator alone.
        let allow: Vec<_> = crate::net::Origin::of(&address).into_iter().filter(|_| operator).collect();
        for _ in 0..3 {
            let setup = self.setup();
            let ask = Ask { allow: allow.clone(), ..by_hand(&setup.config, &address) };
            let a = match setup.net.get(&ask).await {
                Ok(a) if a.status == 200 => a,
                Ok(a) => return refuse(RefusalKind::Failed, &format!("{address} answers with {}", a.status)),
                Err(e) => return refuse(RefusalKind::Failed, &e.to_string()),
            };
            let content_type = a.header("content-type").unwrap_or("").to_owned();
            let cx =
                Context { source: "test", url: &a.url, content_type: &content_type, now, shared_ids: &[] };
            match parse(&a.body, &cx) {
                Ok(Heard::Feed(d)) => {
                    let topics = self.setup().topics;
                    let matched = d
                        .items
                        .iter()
                        .filter(|i| topics.is_empty() || !topics.hits(&i.mention, &[]).is_empty())
                        .count();
                    return Reply::Tested {
                        title: d.title,
                        entries: d.items.len() as u64,
                        matched: matched as u64,
                        feed: clean::url(&a.url, None),
                    };
                }
                Ok(Heard::Page { feeds, .. }) => match feeds.first() {
                    Some(f) => address = f.clone(),
                    None => return refuse(RefusalKind::Failed, "this is a page that names no feed"),
                },
                Err(why) => return refuse(RefusalKind::Failed, &why),
            }
        }
        refuse(RefusalKind::Failed, "pages that lead to pages, but to no feed")
    }

    async fn test_configured(&self, source: &Source, now: Stamp) -> Reply {
        let setup = self.setup();
        let reader = self.store.reader();
        let poller = Poller {
            net: &setup.net,
            accounts: &self.accounts,
            reader: &reader,
            topics: &setup.topics,
            since_ms: setup.config.inbox_since_ms,
            now,
            last_ok: now,
        };
        let p = poll(&poller, source, SourceRec::default(), 0.5, false).await;
        match p.report {
            Report::Fresh(n) | Report::Heard(n) => Reply::Tested {
                title: clean::line(&source.id),
                entries: n as u64,
                matched: p
                    .arrivals
                    .items
                    .iter()
                    .filter(|i| setup.topics.is_empty() || !i.mention.topics.is_empty())
                    .count() as u64,
                feed: clean::line(&p.arrivals.cursor.and_then(|c| c.url).unwrap_or_else(|| source.what())),
            },
            Report::NotModified => {
                refuse(RefusalKind::Failed, "it answered “nothing new” to a first question")
            }
            Report::Failed(why) | Report::Retired(why) | Report::Postponed(why) => {
                refuse(RefusalKind::Failed, &why)
            }
        }
    }
}

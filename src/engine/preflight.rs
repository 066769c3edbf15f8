//! The facts of a preflight, and the one way by which a draft is let go: what `answer` says of it holds for the terminal,
//! the command line and the socket alike.

use super::poster::Poster;
use super::{Caller, Engine, refuse};
use crate::answer::promo::{self, Said};
use crate::answer::readiness::Ready;
use crate::answer::{Alive, Facts};
use crate::clean;
use crate::door::{Event, RefusalKind, Reply};
use crate::listen::language;
use crate::model::attach::{split, tells_place};
use crate::model::outgoing::{Going, Level, Preflight, SendAs};
use crate::model::time::MINUTE;
use crate::model::{Draft, Id, Item, Kind, Role, Stage, Stamp, Text};
use crate::networks::{Desk, Post};
use crate::store::StoreError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A look at a link holds so long, and what is known of a community, in ms.
const LINK_HOLDS: i64 = 10 * MINUTE;
pub(super) const KNOWN_HOLDS: i64 = 2 * MINUTE;
/// Links of one draft that are asked, and of all drafts that are remembered.
const LINKS: usize = 10;
const LOOKS: usize = 2_000;

type Place = (String, String, String);
/// What came of answers, by the mention, and when that was reckoned.
pub(super) type Came = (Stamp, Arc<HashMap<Id, Text>>);

/// What was found out for preflights, for a while.
#[derive(Default)]
pub struct Looks {
    links: Arc<Mutex<HashMap<String, (Stamp, Alive)>>>,
    /// By network, community, and who asks as whom.
    pub(super) known: Mutex<HashMap<Place, (Stamp, Ready)>>,
    pub(super) ledger: Mutex<Option<Arc<Vec<Said>>>>,
    /// What each draft that was posted stands in the ledger as; what became of it is looked up anew.
    pub(super) said: Mutex<HashMap<Id, Said>>,
    pub(super) came: Mutex<Option<Came>>,
}

impl Looks {
    /// Other names and hosts are ours now: what was said is read by them.
    pub(super) fn forget_words(&self) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.ledger.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Something was sent, or recorded as answered, or taken back.
    pub(super) fn forget_answers(&self) {
        *self.ledger.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // An answer makes speaking of ready; of the rest it says nothing.
        let ready = |r: &Ready| r.state() == crate::answer::readiness::State::Ready;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (_, r)| !ready(r));
    }
}

/// All that goes into a preflight.
struct Looked {
    draft: Draft,
    item: Item,
    flight: Preflight,
    /// When it is to go, if somebody said so.
    at: Option<Stamp>,
}

/// What may leave: as whom, over which checks, and why.
pub(super) struct Cleared {
    pub draft: Draft,
    pub item: Item,
    pub flight: Preflight,
    at: Option<Stamp>,
    pub account: String,
    pub over: Vec<String>,
    /// For the log; empty where nothing asked for one.
    pub reason: String,
}

impl Engine {
    /// What is looked at before a draft leaves.
    pub(super) fn preflight(
        &self,
        caller: &Caller,
        draft: Option<Id>,
        mention: Id,
        how: &SendAs,
    ) -> Result<Reply, StoreError> {
        let draft = match draft {
            Some(id) => match self.store.reader().draft_by_id(id)? {
                Some(d) => d,
                None => return Ok(refuse(RefusalKind::NotFound, "that draft is not there any more")),
            },
            None => {
                let Some(key) = self.store.reader().standing_key(mention)? else {
                    return Ok(refuse(RefusalKind::NotFound, "what it answers is not there any more"));
                };
                Draft { mention: key, who: caller.asker.who.clone(), ..Draft::default() }
            }
        };
        Ok(match self.look_over(caller, draft, how)? {
            Ok(l) => Reply::Preflight(Box::new(l.flight)),
            Err(no) => no,
        })
    }

    fn look_over(
        &self,
        caller: &Caller,
        d: Draft,
        how: &SendAs,
    ) -> Result<Result<Looked, Reply>, StoreError> {
        let reader = self.store.reader();
        let now = Stamp::now();
        let who = &caller.asker.who;
        let Some(d) = Some(d).filter(Draft::is_open) else {
            return Ok(Err(refuse(RefusalKind::NotFound, "that draft is not open any more")));
        };
        // What its writer chose holds where nothing else is said.
        let or = |said: &str, kept: &str| if said.is_empty() { kept.to_owned() } else { said.to_owned() };
        let how = &SendAs {
            account: or(&how.account, &d.goes.account),
            visibility: or(&how.visibility, &d.goes.visibility),
            at: how.at.or(d.goes.at.filter(|t| *t > now)),
            ..how.clone()
        };
        let Some(item) = reader.item(d.mention.id, who)? else {
            return Ok(Err(refuse(RefusalKind::NotFound, "what it answers is not there any more")));
        };
        let setup = self.setup();
        let send = &setup.config.send;
        let m = &item.mention;
        let network = crate::networks::named(&m.network);
        let title = network.map_or(m.network.as_str(), |n| n.declared().title).to_owned();
        let fitting = self.accounts_for(&item);
        let posts = network.is_some_and(|n| n.posting().is_some());
        let accounts: Vec<String> = fitting.iter().filter(|a| self.may_use(caller, a)).cloned().collect();
        let chosen = match how.account.is_empty() {
            true => accounts.first().cloned(),
            false => Some(how.account.clone()),
        };
        let mut f = Facts { text: d.text.to_string(), now, network: title.clone(), ..Facts::default() };
        f.by_hand = !posts || fitting.is_empty();
        let mut by_hand = Text::default();
        if f.by_hand {
            let none = match (network, posts) {
                (Some(n), false) if n.declared().can.reply => {
                    "Hearken has no way to write there yet".to_owned()
                }
                (_, false) => format!("{title} takes no answers from programs"),
                _ => format!("there is no account of {} at the server that knows this", m.network),
            };
            by_hand = clean::line(&format!("{none}: copy it, post it, and say where (P)"));
        } else if let Some(a) = &chosen {
            if !fitting.contains(a) {
                f.no_account = Some(format!("the account {a} cannot answer this: it is elsewhere"));
            } else if !self.may_use(caller, a) {
                f.no_account = Some(format!("may_send of the account {a} does not name {who}"));
            }
        } else {
            f.no_account = Some(format!("may_send of {} does not name {who}", fitting.join(", ")));
        }
        let mut header = vec![m.network.clone()];
        let changes = how.changes.or(d.changes);
        match (changes, m.kind) {
            (Some(_), _) => header.push("changes what was sent".into()),
            (None, Kind::Own) => header.push("new".into()),
            _ => {}
        }
        if !m.community.is_empty() {
            header.push(m.community.to_string());
        }
        let mut flight = Preflight { accounts, saved_at: d.saved_at, by_hand, ..Preflight::default() };
        let poster = chosen.as_ref().filter(|_| !f.by_hand).and_then(|a| self.posts_as(a));
        match &poster {
            Some(p) => header.extend(self.who_posts(p, &d, &item, how, &mut f, &mut flight)?),
            None => {
                header.push(if f.by_hand { "by hand".into() } else { "nobody".into() });
                header.push(format!("{} characters", d.text.chars().count()));
            }
        }
        if let Some(at) = how.at {
            header.push(format!("goes {}", at.local_short(now)));
        }
        let wanted = poster.map(|p| p.account.name);
        self.about_the_thread(caller, &d, &item, changes, &mut f)?;
        f.links = self.links_now(&clean::addresses(&f.text));
        f.domains.clone_from(&send.domains);
        f.products.clone_from(&send.products);
        if f.products.is_empty() && !setup.config.brand.is_empty() {
            f.products.push(setup.config.brand.clone());
        }
        f.disclosure.clone_from(&send.disclosure);
        let urls: Vec<String> = f.links.iter().map(|l| l.0.clone()).collect();
        f.class = how.class.unwrap_or_else(|| promo::class_of(&f.text, &urls, &f.domains, &f.products));
        self.about_the_community(caller, &item, wanted.as_deref().unwrap_or(""), changes.is_some(), &mut f)?;
        f.levels.clone_from(&send.levels);
        let roles = &setup.config.roles;
        f.approved = matches!(d.stage, Stage::Approved { .. });
        f.approvers = roles.somebody_else(Role::Send, &d.who);
        flight.class = f.class;
        flight.readiness = clean::line(f.ready.state().word());
        flight.promo = clean::line(&f.promo.header(now));
        flight.checks = crate::answer::preflight(&f);
        let asks = self.asks_approval(caller, m) || flight.checks.iter().any(|c| c.approval);
        if asks && !f.approved {
            let by = f.approvers.clone().unwrap_or_else(|| roles.who_has(Role::Send));
            flight.approval = clean::line(&by);
        }
        flight.header = clean::line_capped(&header.join(" · "), 300);
        // Whom an account serves, and where, is no matter of levels.
        if flight.by_hand.is_empty() && f.no_account.is_none() {
            flight.account = wanted;
        }
        Ok(Ok(Looked { draft: d, item, flight, at: how.at }))
    }

    /// Account, visibility, length, delay; gives what the header says of them.
    fn who_posts(
        &self,
        p: &Poster,
        d: &Draft,
        item: &Item,
        how: &SendAs,
        f: &mut Facts,
        flight: &mut Preflight,
    ) -> Result<[String; 3], StoreError> {
        let desk = Desk { server: &p.server, me: &p.me, now: f.now };
        let (text, named) = split(&d.text);
        let post = Post {
            text: &text,
            files: &[],
            to: &item.mention,
            visibility: &how.visibility,
            lang: "",
            mark: 0,
            begun: f.now,
        };
        let length = p.posting.length(&desk, &post);
        let all = p.posting.visibilities();
        let rank = |v: &str| all.iter().position(|x| *x == v);
        let theirs = item.mention.visibility.as_deref().and_then(rank).unwrap_or(0);
        // Nobody asked for the public timeline: an answer to what is public stands beside it.
        let beside = usize::from(theirs == 0 && all.len() > 1 && !post.is_new());
        let usual = all.get(theirs.max(beside)).copied().unwrap_or("");
        let visibility = if how.visibility.is_empty() { usual } else { how.visibility.as_str() };
        f.account.clone_from(&p.account.name);
        f.order = all.iter().map(|v| (*v).to_owned()).collect();
        f.visibility = visibility.to_owned();
        f.theirs.clone_from(&item.mention.visibility);
        f.standing = self.store.reader().standing(&p.account.name)?.map(|s| (s.words, s.wrong, s.told_at));
        let shown = [&p.me.handle, &p.me.user].into_iter().find(|h| !h.is_empty());
        let who = format!("as {}", shown.unwrap_or(&p.account.name));
        let private = item.mention.visibility.as_deref();
        let seen_by = match (visibility, private) {
            ("", Some(v)) => v.to_owned(),
            ("", None) => "public".into(),
            (v, _) => v.to_owned(),
        };
        let left = match length.most {
            Some(most) if length.used > most => format!("{} {} too many", length.used - most, length.unit),
            Some(most) => format!("{} {} left", most - length.used, length.unit),
            None => format!("{} {}", length.used, length.unit),
        };
        f.length = Some(length);
        f.takes = p.posting.takes();
        for a in named {
            let head = self.store.attached_head(&a.name)?;
            let place = head.as_ref().is_some_and(|(b, _)| tells_place(b));
            f.pictures.push((a, head.map(|(_, n)| n), place));
        }
        let name = p.account.network.declared().name;
        let own = self.setup().config.send.delay_ms.get(name).copied();
        flight.delay_ms = own.unwrap_or_else(|| p.posting.delay_ms());
        flight.visibility = visibility.to_owned();
        flight.visibilities = all.iter().skip(theirs).map(|v| (*v).to_owned()).collect();
        Ok([who, seen_by, left])
    }

    fn about_the_thread(
        &self,
        caller: &Caller,
        d: &Draft,
        item: &Item,
        changes: Option<Id>,
        f: &mut Facts,
    ) -> Result<(), StoreError> {
        let reader = self.store.reader();
        let who = &caller.asker.who;
        let m = &item.mention;
        f.lang = language(&d.text).unwrap_or("").to_owned();
        f.thread_lang = if m.kind == Kind::Own {
            String::new()
        } else if m.lang.is_empty() {
            language(&m.text).unwrap_or("").to_owned()
        } else {
            m.lang.clone()
        };
        f.deleted = item.deleted;
        let begun = if d.saved_at == Stamp(0) { f.now } else { d.saved_at };
        let begun = self.store.draft_begun(d.id)?.unwrap_or(begun);
        f.edited_since = item.revisions.first().is_some_and(|(at, ..)| *at > begun);
        for i in reader.thread(item.id, 200, who)? {
            if i.id != item.id && i.mention.heard_at > begun {
                f.since += 1;
                f.since_by = i.mention.author.name.to_string();
            }
        }
        for o in reader.drafts_about(d.mention.id)?.into_iter().filter(|o| o.id != d.id && !o.text.is_empty())
        {
            f.others.push(format!("{}: {}", o.who, o.stage.words()));
        }
        for p in self.present() {
            if p.who != *who && p.writing == Some(item.id) && !f.others.iter().any(|o| o.starts_with(&p.who))
            {
                f.others.push(format!("{} is writing", p.who));
            }
        }
        // What is changed is answered, and stays so.
        f.answered = item.answered.as_ref().filter(|_| changes.is_none()).map(ToString::to_string);
        if let Some(story) = item.story.filter(|_| item.tellings > 1) {
            for i in reader.story(story, who)?.into_iter().filter(|i| i.id != item.id) {
                f.answered_near.extend(i.answered.map(|at| at.to_string()));
            }
            f.answered_near.truncate(3);
        }
        Ok(())
    }

    fn about_the_community(
        &self,
        caller: &Caller,
        item: &Item,
        account: &str,
        changes: bool,
        f: &mut Facts,
    ) -> Result<(), StoreError> {
        let m = &item.mention;
        let setup = self.setup();
        let conf = setup.config.send.community(&m.community);
        let card = self.store.reader().community(&m.network, &m.community)?;
        if conf.rules.trim().is_empty() {
            if let Some(c) = &card {
                f.rules = c.rules.to_string();
                f.rules_url = c.rules_url.to_string();
                f.rules_since = if c.rules.is_empty() { Stamp(0) } else { c.rules_since };
            }
        } else {
            f.rules.clone_from(&conf.rules);
            f.rules_url = format!("config.toml: [community.\"{}\"]", m.community);
        }
        let rule = self.promo_rule(&m.network, &m.community);
        let mut said = self.ledger()?;
        // What is changed counts once, as what it says then.
        if changes && let Some(i) = said.iter().position(|s| s.mention == item.id) {
            Arc::make_mut(&mut said).remove(i);
        }
        f.promo = promo::figures(&said, &m.network, &m.community, account, &rule, f.now);
        f.ready = self.readiness(caller, &m.network, &m.community, account)?;
        Ok(())
    }

    /// What is known of links now; what is not known is asked, and whoever looks is told when it is.
    pub(super) fn links_now(&self, urls: &[String]) -> Vec<(String, Alive)> {
        let now = Stamp::now();
        let mut out = Vec::new();
        let mut all = self.looks.links.lock().unwrap_or_else(PoisonError::into_inner);
        for url in urls.iter().take(LINKS) {
            let known = all.get(url).filter(|(at, _)| now.0 - at.0 < LINK_HOLDS).map(|(_, a)| a.clone());
            if let Some(a) = known {
                out.push((url.clone(), a));
                continue;
            }
            if all.len() >= LOOKS {
                all.clear();
            }
            all.insert(url.clone(), (now, Alive::Asking));
            out.push((url.clone(), Alive::Asking));
            let (setup, links, events) = (self.setup(), self.looks.links.clone(), self.events.clone());
            let url = url.clone();
            let ask = super::convert::by_hand(&setup.config, &url);
            let work = async move {
                let alive = match setup.net.get(&ask).await {
                    Ok(a) if a.status < 400 || matches!(a.status, 401 | 403 | 429) => Alive::Yes,
                    Ok(a) => Alive::No(clean::line(&format!("it answers {}", a.status))),
                    Err(e) => Alive::No(e.text),
                };
                links.lock().unwrap_or_else(PoisonError::into_inner).insert(url, (Stamp::now(), alive));
                let _ = events.send(Event::DraftsChanged);
            };
            match tokio::runtime::Handle::try_current() {
                Ok(h) => drop(h.spawn(work)),
                Err(_) => {
                    all.remove(&url_of(&out));
                }
            }
        }
        out
    }

    /// Links of a draft that is being written are asked while somebody writes.
    pub(super) fn look_ahead(&self, text: &str) {
        let urls = clean::addresses(text);
        if !urls.is_empty() {
            self.links_now(&urls);
        }
    }

    /// A draft that may leave, as far as people and checks have a say; why it may not.
    pub(super) fn cleared(
        &self,
        caller: &Caller,
        draft: Id,
        how: &SendAs,
    ) -> Result<Result<Cleared, Reply>, StoreError> {
        let no = |kind, why: &str| Ok(Err(refuse(kind, why)));
        let Some(d) = self.store.reader().draft_by_id(draft)? else {
            return no(RefusalKind::NotFound, "that draft is not there any more");
        };
        let l = match self.look_over(caller, d, how)? {
            Ok(l) => l,
            Err(no) => return Ok(Err(no)),
        };
        let (d, flight, who) = (&l.draft, &l.flight, &caller.asker.who);
        if let Some(g) = d.going() {
            let how = if g.asked { "it is being sent" } else { "it is on its way already" };
            return no(RefusalKind::Usage, how);
        }
        if d.text.trim().is_empty() {
            return no(RefusalKind::Usage, "the draft is empty");
        }
        if let Some(why) = self.barred(caller, &l.item) {
            return no(RefusalKind::Role, &why);
        }
        let approved = matches!(d.stage, Stage::Approved { .. });
        if !approved {
            if let Err(why) = self.has(caller, Role::Send, "sending") {
                return no(RefusalKind::Role, &why);
            }
            if self.asks_approval(caller, &l.item.mention) {
                let by = self.approvers(&d.who);
                let why =
                    format!("an answer at {} has to be approved first, by {by}", l.item.mention.community);
                return no(RefusalKind::Role, &why);
            }
        }
        if d.who != *who
            && let Err(why) = self.has(caller, Role::Send, "sending a colleague's answer")
        {
            return no(RefusalKind::Role, &why);
        }
        if !flight.by_hand.is_empty() {
            return no(RefusalKind::Usage, &flight.by_hand);
        }
        let words = |level: Level| {
            let all = flight.checks.iter().filter(|c| c.level == level);
            all.map(|c| format!("{}: {}", c.name, c.words)).collect::<Vec<_>>().join(" · ")
        };
        if flight.level() == Level::Red {
            return no(RefusalKind::Usage, &format!("it does not leave: {}", words(Level::Red)));
        }
        let over = flight.named(Level::Amber);
        let reason = clean::text(&how.reason).0;
        if !over.is_empty() && reason.trim().is_empty() {
            return no(RefusalKind::Usage, &format!("these ask for a reason: {}", words(Level::Amber)));
        }
        let Some(account) = flight.account.clone() else {
            let why = flight.checks.iter().find(|c| c.name == "account").map_or("", |c| c.words.as_str());
            return no(RefusalKind::Role, &format!("no account sends this: {why}"));
        };
        // A reason is kept only where one was asked for.
        let reason = match over.is_empty() || reason.trim().is_empty() {
            true => String::new(),
            false => format!("sent although {}: {}", over.join(", "), reason.trim()),
        };
        let Looked { draft, item, flight, at } = l;
        Ok(Ok(Cleared { draft, item, flight, at, account, over, reason }))
    }

    /// Lets a draft go, if everything that is looked at lets it.
    pub(super) fn let_go(&self, caller: &Caller, draft: Id, how: &SendAs) -> Result<Reply, StoreError> {
        let l = match self.cleared(caller, draft, how)? {
            Ok(l) => l,
            Err(no) => return Ok(no),
        };
        let no = |kind, why: &str| Ok(refuse(kind, why));
        if l.draft.changes.is_some() {
            return no(RefusalKind::Usage, "it changes what was sent, and is no other answer");
        }
        let now = Stamp::now();
        if how.at.is_some_and(|t| t <= now) {
            return no(RefusalKind::Usage, "that time is over already");
        }
        let due = l.at.unwrap_or_else(|| now.plus(l.flight.delay_ms));
        let going = Going {
            by: caller.asker.who.clone(),
            account: l.account,
            due,
            visibility: l.flight.visibility,
            asked: false,
            over: l.over,
            note: None,
            class: l.flight.class,
        };
        match self.store.let_go(&caller.asker, draft, how.saved_at, going, &l.reason, now) {
            Ok(applied) => {
                self.sends.look_at(draft);
                self.announce(Event::DraftsChanged);
                self.announce(Event::Changed(applied.keys.clone()));
                Ok(Reply::LetGo { applied, due })
            }
            Err(StoreError::Stale(why)) => no(RefusalKind::Usage, &why),
            Err(e) => Err(e),
        }
    }
}

fn url_of(out: &[(String, Alive)]) -> String {
    out.last().map_or_else(String::new, |l| l.0.clone())
}

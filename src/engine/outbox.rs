//! What leaves, leaves from here: drafts that were let go are sent when they are due, one after the other for each account.
//! The record is on the disk before the network is asked; `answer` decides what comes next.

use super::Engine;
use super::poster::Poster;
use crate::account::Outcome;
use crate::answer::{Came, Do, Patience, came, crashed, plan};
use crate::clean;
use crate::door::{Event, To};
use crate::listen::language as detect;
use crate::model::attach::split;
use crate::model::outgoing::{Fate, Going, Sending};
use crate::model::{Draft, Id, Stamp, Text};
use crate::networks::{Desk, POST, Post, PostSaid, PostSeen, Trouble};
use crate::store::{Asker, StoreError};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// Sendings that are under way at once, of all accounts.
const AT_ONCE: usize = 8;
/// Calls of one attempt.
const STEPS: usize = 8;
/// Between two looks at what is due, where nobody says that something changed.
const LOOK: Duration = Duration::from_secs(60);
/// One that is being sent for so long (ms), while its account is free, was left in the middle.
const LEFT: i64 = 10 * 60 * 1000;
/// After the disk failed.
const TROUBLE: Duration = Duration::from_secs(5);

/// Accounts that are sending now, and drafts that are to be looked at again.
#[derive(Default)]
pub struct Sends {
    busy: Mutex<HashSet<String>>,
    /// `None`: all of them.
    again: Mutex<Option<Vec<Id>>>,
    changed: tokio::sync::Notify,
}

impl Sends {
    fn take(&self, account: &str) -> bool {
        let mut all = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        all.len() < AT_ONCE && all.insert(account.to_owned())
    }

    /// Something became of a draft.
    pub(super) fn look_at(&self, draft: Id) {
        if let Some(all) = &mut *self.again.lock().unwrap_or_else(PoisonError::into_inner) {
            all.push(draft);
        }
        self.changed.notify_one();
    }

    /// Something became of nobody knows which.
    pub(super) fn look_at_all(&self) {
        *self.again.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.changed.notify_one();
    }
}

/// When something is to be done about each draft that is on its way, and by which account.
type Plan = HashMap<Id, (Stamp, String)>;

impl Engine {
    /// Takes in what changed since the plan was made.
    fn replan_sends(&self, plan: &mut Plan) -> Result<(), StoreError> {
        let again = {
            let mut a = self.sends.again.lock().unwrap_or_else(PoisonError::into_inner);
            a.replace(Vec::new())
        };
        let reader = self.store.reader();
        let ids = match again {
            Some(ids) => ids,
            None => {
                plan.clear();
                reader.going_ids()?
            }
        };
        for id in ids {
            let next = reader.going_how(id)?.and_then(|(g, s)| Some((when(&g, &s)?, g.account)));
            match next {
                Some(n) => plan.insert(id, n),
                None => plan.remove(&id),
            };
        }
        Ok(())
    }
}

/// Runs until the engine is gone.
pub async fn run(engine: Weak<Engine>, mut stop: watch::Receiver<bool>) {
    {
        let Some(e) = engine.upgrade() else { return };
        let done = tokio::task::spawn_blocking(move || {
            let now = Stamp::now();
            let _ = e.store.tidy_sendings(now);
            let _ = e.store.tidy_attachments(now);
            let by = Asker { who: "hearken".into(), uid: e.asker.uid };
            let n = e.store.settle_restored(&by, now)?;
            if n > 0 {
                let words = format!("{n} answers were on their way when the backup was made: g O, g D");
                e.notice(true, clean::line(&words));
            }
            let reader = e.store.reader();
            for id in reader.going_ids()? {
                if let Some((_, s)) = reader.going_how(id)?.filter(|(_, s)| s.fate == Fate::Asking) {
                    e.store.keep_sending(&crashed(s, now))?;
                }
            }
            Ok::<_, StoreError>(())
        });
        if let (Ok(Err(e)), Some(engine)) = (done.await, engine.upgrade()) {
            engine.notice(true, clean::line(&e.to_string()));
        }
    }
    let mut plan = Plan::new();
    loop {
        let Some(e) = engine.upgrade() else { return };
        let sends = e.sends.clone();
        let changed = sends.changed.notified();
        let work = e.clone();
        let mut mine = std::mem::take(&mut plan);
        let read = tokio::task::spawn_blocking(move || {
            let done = work.replan_sends(&mut mine);
            (mine, done)
        });
        let mut wait = LOOK;
        match read.await {
            Ok((all, done)) => {
                plan = all;
                if let Err(err) = done {
                    e.notice(true, clean::line(&err.to_string()));
                    sends.look_at_all();
                    wait = TROUBLE;
                }
            }
            Err(_) => sends.look_at_all(),
        }
        let now = Stamp::now();
        let mut due: Vec<(Stamp, Id)> =
            plan.iter().filter(|(_, p)| p.0 <= now).map(|(id, p)| (p.0, *id)).collect();
        // Who waits longest goes first; one whose account is busy has its turn when that is free.
        due.sort_unstable();
        for (_, id) in due {
            if let Some((_, account)) = plan.get(&id) {
                e.take_turn(id, account);
            }
        }
        if let Some(next) = plan.values().map(|p| p.0).filter(|t| *t > now).min() {
            wait = wait.min(Duration::from_millis((next.0 - now.0).max(1).unsigned_abs()));
        }
        drop(e);
        tokio::select! {
            _ = stop.changed() => return,
            () = changed => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// An account's turn to send; the draft is looked at again behind it.
struct Turn(Arc<Sends>, String, Id);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
        self.0.look_at(self.2);
    }
}

/// When something is to be done about a sending; `None` for never.
fn when(g: &Going, s: &Sending) -> Option<Stamp> {
    match s.fate {
        Fate::Again if !g.asked => Some(g.due.max(s.next)),
        Fate::Again | Fate::Unsure | Fate::Held => Some(s.next),
        Fate::Asking => Some(s.asked.plus(LEFT)),
        Fate::Asks | Fate::Failed | Fate::Sent => None,
    }
}

impl Engine {
    /// Begins what is due about a draft, if its account is free.
    fn take_turn(self: &Arc<Self>, id: Id, account: &str) {
        if !self.sends.take(account) {
            return;
        }
        let e = self.clone();
        // Given back whatever becomes of it.
        let turn = Turn(self.sends.clone(), account.to_owned(), id);
        tokio::spawn(async move {
            let _turn = turn;
            let again = e.clone();
            // What was read before the turn may be over.
            let read = move || again.store.reader().going_one(id);
            if let Ok(Ok(Some((d, s)))) = tokio::task::spawn_blocking(read).await
                && let Some(g) = d.going().cloned()
                && when(&g, &s).is_some_and(|t| t <= Stamp::now())
            {
                e.step(d, g, s).await;
            }
        });
    }

    fn patience(&self) -> Patience {
        let s = &self.setup().config.send;
        Patience { settle_ms: s.settle_ms, tries_ms: s.tries_ms }
    }

    /// Does what is due about one sending, and keeps what came of it.
    async fn step(self: &Arc<Self>, d: Draft, g: Going, s: Sending) {
        let now = Stamp::now();
        let by = Asker { who: g.by.clone(), uid: self.asker.uid };
        let p = self.posts_as(&g.account);
        let item = match self.store.reader().item(d.mention.id, &d.who) {
            Ok(i) => i.filter(|i| !i.deleted),
            // A disk that does not answer says nothing of what is there.
            Err(e) => {
                self.notice(true, clean::line(&format!("nothing was sent: {e}")));
                tokio::time::sleep(TROUBLE).await;
                return;
            }
        };
        if s.fate == Fate::Asking {
            // Nobody is at it: its account is free. A fault of ours ended it.
            return self.end(&d, &by, crashed(s, now)).await;
        }
        let (p, item) = match (p, item, g.asked) {
            (Some(p), Some(i), _) => (p, i),
            (None, _, false) => {
                let why = format!("the account {} is not there any more", g.account);
                return self.fail(&d, &by, &s, clean::line(&why)).await;
            }
            (Some(_), None, false) => {
                return self.fail(&d, &by, &s, Text::ours("what it answers was deleted")).await;
            }
            // It may be there, and nobody can look for it.
            (_, _, true) => {
                let why = Text::ours("its account, or what it answers, is not there any more");
                let s = Sending { fate: Fate::Asks, next: now, why, ..s };
                return self.end(&d, &by, s).await;
            }
        };
        // Once it may stand there, it is looked for whatever else was answered.
        let not_there = !g.asked || (s.fate == Fate::Again && !s.unknown);
        if not_there && !self.accounts_for(&item).contains(&g.account) {
            let why = format!("the account {} cannot answer this any more: it is elsewhere", g.account);
            return self.fail(&d, &by, &s, clean::line(&why)).await;
        }
        if not_there {
            match self.no_longer(d.id, &g) {
                Ok(None) => {}
                Ok(Some(why)) => return self.fail(&d, &by, &s, clean::line(&why)).await,
                Err(e) => {
                    self.notice(true, clean::line(&format!("nothing was sent: {e}")));
                    tokio::time::sleep(TROUBLE).await;
                    return;
                }
            }
        }
        if let (true, Some(at)) = (not_there, &item.answered) {
            let why = format!("it was answered meanwhile, at {at}");
            return self.fail(&d, &by, &s, clean::line(&why)).await;
        }
        let mut s = Sending { network: p.account.network.declared().name.to_owned(), ..s };
        let desk = Desk { server: &p.server, me: &p.me, now };
        let (text, named) = split(&d.text);
        let e = self.clone();
        let read = tokio::task::spawn_blocking(move || e.files(&named));
        let (files, missing) =
            match read.await.unwrap_or_else(|_| Err("its pictures could not be read".into())) {
                Ok(f) => (f, None),
                // It can be looked for without them, and not be sent again.
                Err(why) if g.asked => (Vec::new(), Some(why)),
                Err(why) => return self.fail(&d, &by, &s, clean::line(&why)).await,
            };
        let lang = detect(&text).unwrap_or("");
        let post = Post {
            text: &text,
            files: &files,
            to: &item.mention,
            visibility: &g.visibility,
            lang,
            mark: s.mark,
            begun: s.begun,
        };
        let once = p.posting.once();
        let looks = p.posting.look(&desk, &post).is_some();
        let what = match plan(&s, once, looks, now) {
            Do::Attempt if missing.is_some() => {
                s.why = clean::line(&missing.unwrap_or_default());
                s.fate = Fate::Asks;
                return self.end(&d, &by, s).await;
            }
            Do::Attempt => {
                let (store, asker, first) = (self.store.clone(), by.clone(), s.clone());
                let begun =
                    tokio::task::spawn_blocking(move || store.begin_sending(&asker, &first, now)).await;
                match begun {
                    Ok(Ok(Some(begun))) => s = begun,
                    // Called back, or answered by somebody: the next look tells.
                    Ok(Ok(None)) => return,
                    Ok(Err(e)) => {
                        self.notice(true, clean::line(&format!("nothing was sent: {e}")));
                        // A full disk is not asked again and again.
                        tokio::time::sleep(TROUBLE).await;
                        return;
                    }
                    Err(_) => return,
                }
                self.announce(Event::DraftsChanged);
                self.attempt(&p, &desk, &post).await
            }
            Do::Baseline | Do::Look => self.look(&p, &desk, &post).await,
            Do::Wait(_) => return,
            // What may be there, where nobody can look.
            Do::Person => {
                s.fate = Fate::Asks;
                return self.end(&d, &by, s).await;
            }
            Do::Rest => return,
        };
        let s = came(s, what, once, looks, self.patience(), Stamp::now());
        self.end(&d, &by, s).await;
    }

    /// Keeps what came of it, and tells whom it concerns.
    async fn end(self: &Arc<Self>, d: &Draft, by: &Asker, s: Sending) {
        let store = self.store.clone();
        let (kept, asker) = (s.clone(), by.clone());
        let now = Stamp::now();
        let done = tokio::task::spawn_blocking(move || match kept.fate {
            Fate::Sent => store.close_sending(&asker, &kept, &kept.posted, now).map(|_| ()),
            Fate::Failed => store.fail_sending(&asker, &kept, &kept.why, now).map(|_| ()),
            _ => store.keep_sending(&kept),
        });
        match done.await {
            Ok(Ok(())) => {}
            // The record on the disk says that it is being asked: what is there is found when the disk is well again.
            Ok(Err(e)) => {
                self.notice(true, clean::line(&format!("what became of an answer could not be kept: {e}")));
                let s = crashed(Sending { fate: Fate::Asking, ..s }, now);
                while !*self.stop.borrow() {
                    tokio::time::sleep(TROUBLE).await;
                    let (store, s) = (self.store.clone(), s.clone());
                    if matches!(tokio::task::spawn_blocking(move || store.keep_sending(&s)).await, Ok(Ok(())))
                    {
                        break;
                    }
                }
                return;
            }
            Err(_) => return,
        }
        let say = |text: String| {
            let mut whom = vec![d.who.clone()];
            if by.who != d.who {
                whom.push(by.who.clone());
            }
            for who in whom {
                let (to, by) = (To::Person(who), "hearken".to_owned());
                self.announce(Event::Told { to, by, about: d.mention, text: clean::line(&text) });
            }
        };
        if s.fate == Fate::Sent {
            self.looks.forget_answers();
            let (e, mention, text, posted) = (self.clone(), d.mention.id, d.text.clone(), s.posted.clone());
            let kept = tokio::task::spawn_blocking(move || e.keep_own(mention, &text, &posted));
            if let Ok(Err(e)) = kept.await {
                self.notice(true, clean::line(&format!("it was sent; what it says could not be kept: {e}")));
            }
        }
        match s.fate {
            Fate::Sent => {
                let at = if s.posted.url.is_empty() { &s.posted.native } else { &s.posted.url };
                say(format!("sent: your answer to “{}” stands at {at}", d.about));
            }
            Fate::Failed => say(format!("not sent: your answer to “{}”: {} · r opens it", d.about, s.why)),
            Fate::Asks => say(format!("is your answer to “{}” there? {} · g O", d.about, s.why)),
            Fate::Held => say(format!("held: your answer to “{}”: {}", d.about, s.why)),
            _ => {}
        }
        self.announce(Event::DraftsChanged);
        self.announce(Event::Changed(vec![d.mention]));
    }

    async fn fail(self: &Arc<Self>, d: &Draft, by: &Asker, s: &Sending, why: Text) {
        self.end(d, by, Sending { fate: Fate::Failed, why, ..s.clone() }).await;
    }

    /// Posts it, once.
    async fn attempt(&self, p: &Poster, desk: &Desk<'_>, post: &Post<'_>) -> Came {
        let net = self.setup().net;
        let files = match self.uploaded(p, desk, post.files).await {
            Ok(f) => f,
            Err(t) => return Came::Never(t),
        };
        let post = &Post { files: &files, ..*post };
        let mut call = match p.posting.begin(desk, post) {
            Ok(c) => c,
            Err(why) => return Came::Never(Trouble::Refused(why)),
        };
        for _ in 0..STEPS {
            let posts = call.what == POST;
            let no = |t: Trouble| match posts && p.posting.perhaps(&t) {
                true => Came::Doubted(t.text().clone()),
                false => Came::Never(t),
            };
            match self.accounts.once(&net, &p.way, &call).await {
                Outcome::Answered(a) => match p.posting.said(desk, post, &call, &a) {
                    Ok(PostSaid::Then(next)) => call = next,
                    Ok(PostSaid::Posted(at)) => return Came::Posted(at),
                    Ok(PostSaid::Held(why)) => return Came::Held(why),
                    Ok(PostSaid::Unsure(why)) => return Came::Unknown(why),
                    // A good status with an answer that cannot be read.
                    Err(Trouble::Garbled(why)) if posts => return Came::Unknown(why),
                    Err(t) => return no(t),
                },
                Outcome::Never(t) => match p.posting.instead(desk, &call, &t) {
                    Some(next) if !posts => call = next,
                    _ => return no(t),
                },
                Outcome::Unknown(why) if posts => return Came::Unknown(why),
                // Before the call that posts nothing is there.
                Outcome::Unknown(why) => return Came::Never(Trouble::Fault(why)),
            }
        }
        Came::Never(Trouble::Garbled(Text::ours("the server sends us in circles")))
    }

    /// Looks for it.
    async fn look(&self, p: &Poster, desk: &Desk<'_>, post: &Post<'_>) -> Came {
        let net = self.setup().net;
        let Some(mut call) = p.posting.look(desk, post) else {
            return Came::Blind(Trouble::Refused(Text::ours("nobody can look for it there")));
        };
        for _ in 0..STEPS {
            let a = match self.accounts.call(&net, &p.way, &call).await {
                Ok((a, _)) => a,
                Err(t) => return Came::Blind(t),
            };
            match p.posting.seen(desk, post, &call, &a) {
                Ok(PostSeen::Then(next)) => call = next,
                Ok(PostSeen::These(all)) => return Came::Seen(all),
                Ok(PostSeen::Held(why)) => return Came::Held(why),
                Err(t) => return Came::Blind(t),
            }
        }
        Came::Blind(Trouble::Garbled(Text::ours("the server sends us in circles")))
    }
}

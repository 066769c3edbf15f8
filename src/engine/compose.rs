//! What we say unasked: something new of ours, a change of what was sent, a reaction. Something new is a mention of ours with
//! a draft about it, so that all that holds for answers holds for it: preflight, exactly once, what came of it.

use super::{Caller, Engine, failed, refuse};
use crate::clean;
use crate::door::{Event, RefusalKind, Reply};
use crate::listen::incoming;
use crate::model::attach::split;
use crate::model::outgoing::{Fate, Posted, SendAs};
use crate::model::{
    Applied, Author, Id, Kind, Mention, NewPost, Role, Stamp, State, Targets, Text, Verb, hash64,
};
use crate::networks::{Begins, Desk, Post, Posting, REACT, Reaction, Trouble};
use crate::store::{Arrivals, StoreError};
use std::sync::Arc;

/// The source of what is ours.
pub(super) const OWN: &str = "own";
/// Calls of one reaction.
const STEPS: usize = 4;

/// What an account can begin.
pub(super) fn begins(posting: &dyn Posting) -> Option<NewPost> {
    let Begins { place, title, titled } = posting.begins()?;
    Some(NewPost { place: place.into(), title: title.into(), titled })
}

impl Engine {
    /// Begins something new of ours: a mention that waits for its words.
    pub(super) async fn compose(&self, caller: &Caller, account: &str, place: &str, title: &str) -> Reply {
        let no = |why: &str| refuse(RefusalKind::Usage, why);
        let (setup, who) = (self.setup(), &caller.asker.who);
        let Some(conf) = setup.config.accounts.iter().find(|a| a.name == account) else {
            return refuse(
                RefusalKind::NotFound,
                &format!("there is no account {account}; hearken accounts lists them"),
            );
        };
        if !conf.serves(who, &caller.groups) {
            return refuse(
                RefusalKind::Role,
                &format!("may_send of the account {account} does not name {who}"),
            );
        }
        let Some(p) = self.posts_as(account) else {
            return no(&format!("nothing is written to {} from here", conf.network));
        };
        let Some(new) = begins(p.posting) else {
            return no(&format!("{} takes nothing new from here", conf.network));
        };
        let (place, title) = (clean::line_capped(place.trim(), 256), clean::line_capped(title.trim(), 256));
        if place.is_empty() && !new.place.is_empty() {
            return no(&format!("say where: its {}", new.place));
        }
        if !place.is_empty() && new.place.is_empty() {
            return no(&format!(
                "what is new on {} goes to everybody who follows {account}: there is no place to name",
                conf.network
            ));
        }
        if title.is_empty() && new.titled {
            return no(&format!("it needs a {}", new.title));
        }
        let now = Stamp::now();
        let desk = Desk { server: &p.server, me: &p.me, now };
        let community = match place.is_empty() {
            true => clean::host_of(&p.server),
            false => clean::line(&p.posting.place(&desk, &place)),
        };
        let shown = [&p.me.handle, &p.me.user].into_iter().find(|h| !h.is_empty());
        let m = Mention {
            source: OWN.into(),
            network: conf.network.into(),
            kind: Kind::Own,
            text: clean::line(&format!("something new at {community}, as {account}")),
            community,
            title: if new.title.is_empty() { Text::default() } else { title },
            // No person is made of it: who writes it is one of us.
            author: Author {
                name: clean::line(shown.unwrap_or(&account.to_owned())),
                scope: clean::line(account),
                ..Author::default()
            },
            at: now,
            heard_at: now,
            ..Mention::default()
        };
        let identity = Id(hash64(&[OWN, who, account, &nanos()]));
        let all =
            Arrivals::of(OWN, conf.network, crate::config::MAIN, vec![incoming(identity, m, State::Done)]);
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || store.ingest(vec![all])).await {
            Ok(Ok(_)) => match self.store.reader().item(identity, who) {
                Ok(Some(i)) => Reply::Items(vec![i]),
                Ok(None) => refuse(RefusalKind::Failed, "it was stored and is not there"),
                Err(e) => failed(&e),
            },
            Ok(Err(e)) => failed(&e),
            Err(_) => refuse(RefusalKind::Failed, "it could not be stored"),
        }
    }

    /// What was sent stands there now: the mention of ours says its words and where it stands.
    pub(super) fn keep_own(&self, mention: Id, text: &Text, posted: &Posted) -> Result<(), StoreError> {
        let Some(i) = self.store.reader().item(mention, "")?.filter(|i| i.mention.kind == Kind::Own) else {
            return Ok(());
        };
        let m = Mention {
            text: text.clone(),
            url: posted.url.clone(),
            native_id: posted.native.clone(),
            lang: crate::listen::language(text).unwrap_or("").to_owned(),
            ..i.mention
        };
        let network = m.network.clone();
        let all = Arrivals::of(OWN, &network, crate::config::MAIN, vec![incoming(i.id, m, State::Done)]);
        self.store.ingest(vec![all]).map(|_| ())
    }

    /// Changes what was sent, where it stands, to the words of another draft.
    pub(super) async fn change(self: &Arc<Self>, caller: &Caller, draft: Id, how: SendAs) -> Reply {
        let no = |why: &str| refuse(RefusalKind::Usage, why);
        let Some(of) = how.changes else { return no("say which answer it changes") };
        let reader = self.store.reader();
        let (old, s) = match (reader.draft_by_id(of), reader.sending(of)) {
            (Ok(Some(d)), Ok(Some(s))) if s.fate == Fate::Sent => (d, s),
            (Err(e), _) | (_, Err(e)) => return failed(&e),
            (Ok(Some(d)), Ok(None)) if d.posted.is_some() => {
                return no("somebody changed or deleted it meanwhile: g O has it as it stands");
            }
            _ => return no("that was not sent from here"),
        };
        let how = SendAs { account: s.account.clone(), ..how };
        let (e, by, of_it) = (self.clone(), caller.clone(), how.clone());
        // It reads much: what we said, what is known of the place, the pictures.
        let looked = tokio::task::spawn_blocking(move || {
            let l = match e.cleared(&by, draft, &of_it)? {
                Ok(l) => l,
                Err(no) => return Ok(Err(no)),
            };
            let (text, named) = split(&l.draft.text);
            Ok::<_, StoreError>(match e.files(&named) {
                Ok(files) => Ok((l, text, files)),
                Err(why) => Err(refuse(RefusalKind::Usage, &why)),
            })
        });
        let (l, text, files) = match looked.await {
            Ok(Ok(Ok(all))) => all,
            Ok(Ok(Err(no))) => return no,
            Ok(Err(e)) => return failed(&e),
            Err(_) => return refuse(RefusalKind::Failed, "it could not be looked at"),
        };
        if l.draft.saved_at != how.saved_at {
            return no("the draft was changed since you read it: look at it again");
        }
        if old.mention.id != l.draft.mention.id {
            return no("it is about something else than what it changes");
        }
        let approved = matches!(l.draft.stage, crate::model::Stage::Approved { .. });
        if old.who != caller.asker.who
            && !approved
            && let Err(why) = self.has(caller, Role::Send, "changing a colleague's answer")
        {
            return refuse(RefusalKind::Role, &why);
        }
        let Some(p) = self.posts_as(&s.account) else { return no("its account is not there any more") };
        let now = Stamp::now();
        let desk = Desk { server: &p.server, me: &p.me, now };
        let files = match self.uploaded(&p, &desk, &files).await {
            Ok(f) => f,
            Err(t) => return refuse(RefusalKind::Failed, t.text()),
        };
        let post = Post {
            text: &text,
            files: &files,
            to: &l.item.mention,
            visibility: "",
            lang: "",
            // Of these words alone: the same once more is the same change, other words are another one.
            mark: hash64(&["change", &draft.to_string(), &how.saved_at.0.to_string()]),
            begun: s.begun,
        };
        let Some(call) = p.posting.change(&desk, &post, &s.posted) else {
            return no("what was sent there cannot be changed: delete it (D in g O) and answer again");
        };
        if let Err(t) = self.accounts.call(&self.setup().net, &p.way, &call).await {
            let why = format!("it may stand there as it was: {}; the same once more does no harm", t.text());
            return refuse(RefusalKind::Failed, &why);
        }
        let (e, by) = (self.clone(), caller.asker.clone());
        let kept = tokio::task::spawn_blocking(move || {
            let applied = e.store.changed_there(&by, &s, &l.draft, &l.reason, now)?;
            e.keep_own(s.mention.id, &l.draft.text, &s.posted)?;
            Ok::<_, StoreError>(applied)
        });
        match kept.await {
            Ok(Ok(applied)) => {
                self.looks.forget_answers();
                self.announce(Event::DraftsChanged);
                self.announce(Event::Changed(applied.keys.clone()));
                Reply::Applied(Applied { verb: "changed".into(), ..applied })
            }
            Ok(Err(StoreError::Stale(why))) => no(&why),
            Ok(Err(e)) => failed(&e),
            Err(_) => refuse(RefusalKind::Failed, "it is changed there; this could not be kept"),
        }
    }

    /// Reacts to a mention as one of our accounts, or takes that back; the same once more changes nothing there.
    pub(super) async fn react(
        self: &Arc<Self>,
        caller: &Caller,
        mention: Id,
        back: bool,
        with: &str,
        account: &str,
    ) -> Reply {
        let no = |why: &str| refuse(RefusalKind::Usage, why);
        let who = &caller.asker.who;
        let item = match self.store.reader().item(mention, who) {
            Ok(Some(i)) if !i.deleted => i,
            Ok(_) => return refuse(RefusalKind::NotFound, "that mention is not there any more"),
            Err(e) => return failed(&e),
        };
        let setup = self.setup();
        let mut fitting = self.accounts_for(&item).into_iter().filter(|a| self.may_use(caller, a));
        let chosen = fitting.find(|a| account.is_empty() || a == account);
        let Some(p) = chosen.and_then(|a| self.posts_as(&a)) else {
            return no("no account of ours reacts to this: none of its network and server is yours to use");
        };
        let all = p.posting.reactions();
        let Some(usual) = all.first() else { return no("nobody reacts there from here") };
        let with = clean::line_capped(with.trim(), 32);
        let with = if with.is_empty() { Text::ours(usual) } else { with };
        if let Some(why) = self.barred(caller, &item) {
            return refuse(RefusalKind::Role, &why);
        }
        // It says their words to everybody, in our name.
        if with.as_str() == "boost" && !back && self.asks_approval(caller, &item.mention) {
            return refuse(RefusalKind::Role, "what is said in our name is approved first there: no boost");
        }
        let desk = Desk { server: &p.server, me: &p.me, now: Stamp::now() };
        let r = Reaction { to: &item.mention, with: &with, back };
        let mut call = match p.posting.react(&desk, r) {
            Ok(c) => c,
            Err(why) => return no(&why),
        };
        let mut steps = 0;
        // What comes before the reaction only asks.
        while call.what != REACT {
            steps += 1;
            let next = match self.accounts.call(&setup.net, &p.way, &call).await {
                Ok((a, _)) => p.posting.reacting(&desk, r, &call, &a),
                Err(t) => Err(t),
            };
            match next {
                Ok(_) if steps >= STEPS => {
                    return refuse(RefusalKind::Failed, "the server sends us in circles");
                }
                Ok(next) => call = next,
                Err(Trouble::Missing(_) | Trouble::Gone(_)) if back => {
                    return no(&format!("no {with} from here stands there"));
                }
                Err(t) => return refuse(RefusalKind::Failed, t.text()),
            }
        }
        match self.accounts.call(&setup.net, &p.way, &call).await {
            Ok(_) => {}
            // It is there already.
            Err(Trouble::Refused(why)) if why.to_lowercase().contains("duplicate") => {}
            Err(t) => return refuse(RefusalKind::Failed, t.text()),
        }
        // It is beside the mention, where colleagues see it, and in the log.
        let did = if back { "we took our reaction back," } else { "we reacted with" };
        let note = Verb::Note(format!("{did} {with}, as {}", p.account.name));
        let (e, by, on) = (self.clone(), caller.clone(), Targets::Mentions(vec![item.key]));
        match tokio::task::spawn_blocking(move || e.act(&by, note, &on, true)).await {
            Ok(Reply::Applied(a)) => {
                Reply::Applied(Applied { verb: if back { "took back" } else { "reacted" }.into(), ..a })
            }
            Ok(other) => other,
            Err(_) => refuse(RefusalKind::Failed, "it is done there; this could not be kept"),
        }
    }
}

/// The time in ns, for what is made twice within a millisecond.
fn nanos() -> String {
    let t = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    t.map_or(0, |d| d.as_nanos()).to_string()
}

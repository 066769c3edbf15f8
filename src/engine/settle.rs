//! A person says what became of a sending that nobody can know, or takes away what was sent.

use super::{Caller, Engine, failed, refuse};
use crate::clean;
use crate::door::{Event, RefusalKind, Reply, Settle};
use crate::model::outgoing::{Fate, Posted, Sending};
use crate::model::{Applied, Id, Role, Stamp, Text};
use crate::networks::{Desk, Trouble};
use crate::store::StoreError;

impl Engine {
    /// A person says what became of a sending that nobody can know.
    pub(super) fn settle(&self, caller: &Caller, draft: Id, how: &Settle) -> Result<Reply, StoreError> {
        let no = |why: &str| Ok(refuse(RefusalKind::Usage, why));
        let now = Stamp::now();
        let Some((d, s)) = self.store.reader().going_one(draft)? else {
            return no("that draft is not on its way");
        };
        let mine = d.who == caller.asker.who || d.going().is_some_and(|g| g.by == caller.asker.who);
        if !mine && let Err(why) = self.has(caller, Role::Send, "settling a colleague's answer") {
            return Ok(refuse(RefusalKind::Role, &why));
        }
        if d.going().is_some_and(|g| !g.asked) {
            return no("it has not left yet: recall it, or wait");
        }
        if s.fate == Fate::Asking {
            return no("it is being sent just now");
        }
        let applied = match how {
            Settle::Posted(url) => {
                let url = clean::url(url, None);
                if url.is_empty() {
                    return no("that is no http or https address");
                }
                let posted = Posted { native: Text::default(), url };
                self.store.close_sending(&caller.asker, &s, &posted, now)?
            }
            Settle::Drop => {
                let why = clean::line(&format!("{} says that it is not there", caller.asker.who));
                self.store.fail_sending(&caller.asker, &s, &why, now)?
            }
            Settle::Remove | Settle::Look => return no("it has not been sent"),
            Settle::Again => {
                // What may be there is looked for first, whoever asks; only what a person was asked of is their word.
                let fate = if s.fate == Fate::Asks { Fate::Again } else { s.fate };
                let unknown = s.unknown && fate != Fate::Again;
                let s = Sending { fate, unknown, next: now, why: Text::default(), ..s };
                self.store.keep_sending(&s)?;
                Applied { changed: 1, keys: vec![d.mention], ..Default::default() }
            }
        };
        self.sends.look_at(draft);
        self.announce(Event::DraftsChanged);
        self.announce(Event::Changed(vec![d.mention]));
        Ok(Reply::Applied(Applied { verb: how.word().into(), ..applied }))
    }

    /// Takes away there what was sent.
    pub(super) async fn take_away(&self, caller: &Caller, draft: Id) -> Reply {
        let no = |why: &str| refuse(RefusalKind::Usage, why);
        let reader = self.store.reader();
        let (d, s) = match (reader.draft_by_id(draft), reader.sending(draft)) {
            (Ok(Some(d)), Ok(Some(s))) if s.fate == Fate::Sent => (d, s),
            (Err(e), _) | (_, Err(e)) => return failed(&e),
            _ => return no("that was not sent from here"),
        };
        let mine = d.who == caller.asker.who;
        let need = if mine { Role::Draft } else { Role::Send };
        if let Err(why) = self.has(caller, need, "deleting a colleague's answer") {
            return refuse(RefusalKind::Role, &why);
        }
        let Some(p) = self.posts_as(&s.account) else {
            return no("its account is not there any more");
        };
        let now = Stamp::now();
        let desk = Desk { server: &p.server, me: &p.me, now };
        let Some(call) = p.posting.remove(&desk, &s.posted) else {
            return no("it cannot be taken away from here: delete it where it stands");
        };
        match self.accounts.call(&self.setup().net, &p.way, &call).await {
            Ok(_) | Err(Trouble::Missing(_) | Trouble::Gone(_)) => {}
            Err(t) => return refuse(RefusalKind::Failed, &format!("it is still there: {}", t.text())),
        }
        let (store, by) = (self.store.clone(), caller.asker.clone());
        match tokio::task::spawn_blocking(move || store.taken_away(&by, &s, now)).await {
            Ok(Ok(applied)) => {
                self.looks.forget_answers();
                self.announce(Event::DraftsChanged);
                self.announce(Event::Changed(applied.keys.clone()));
                Reply::Applied(Applied { verb: "deleted".into(), ..applied })
            }
            Ok(Err(e)) => failed(&e),
            Err(_) => no("it is gone there; this could not be kept"),
        }
    }
}

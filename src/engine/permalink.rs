//! "I posted it": the address that a person gives is looked at, where that may be done, and they are told if nothing answers
//! there, or if the page does not hold their words. It is recorded all the same: who posted it knows best.

use super::Engine;
use crate::clean;
use crate::door::{Event, Reply, Request, To};
use crate::model::{Key, Targets, Verb};
use crate::networks::core_of;
use std::sync::Arc;

/// A page with fewer letters than this shows what it has to browsers alone.
const WORTH_READING: usize = 200;

/// What a request records as posted, if it does: where, and about which mention.
pub(super) fn given(request: &Request) -> Option<(String, Key)> {
    match request {
        Request::Act { verb: Verb::Answered(url), targets: Targets::Mentions(keys), .. } => {
            keys.first().map(|k| (url.clone(), *k))
        }
        _ => None,
    }
}

/// What is to be said of a page that was looked at; `None` if nothing is.
fn verdict(url: &str, looked: &Reply, words: &str) -> Option<String> {
    match looked {
        Reply::Refused(r) => {
            // It is there, for people who are let in.
            let closed = ["401", "403", "429"].iter().any(|s| r.text.ends_with(s));
            (!closed).then(|| format!("{url}, where you posted it: {}; P gives another address", r.text))
        }
        Reply::Items(items) => {
            let m = &items.first()?.mention;
            let (page, ours) = (core_of(&format!("{} {}", m.title, m.text)), core_of(words));
            let missing = !ours.is_empty() && page.len() >= WORTH_READING && !m.cut && !page.contains(&ours);
            missing.then(|| {
                format!("{url} answers, and your words were not found on it; P gives another address")
            })
        }
        _ => None,
    }
}

impl Engine {
    /// Looks at what somebody gave as the place of their answer, and tells them what is wrong with it.
    pub(super) async fn look_at_posted(self: Arc<Self>, who: String, (url, about): (String, Key)) {
        let (e, by) = (self.clone(), who.clone());
        let Ok(Some(words)) = tokio::task::spawn_blocking(move || e.words_of(&by, about)).await else {
            return;
        };
        let Some(text) = verdict(&url, &self.look_at(&url).await, &words) else { return };
        let (to, by) = (To::Person(who), "hearken".to_owned());
        self.announce(Event::Told { to, by, about, text: clean::line_capped(&text, 400) });
    }

    /// Their last words about it, empty if they wrote none here; `None` if the disk fails.
    fn words_of(&self, who: &str, about: Key) -> Option<String> {
        let posted = self.store.reader().posted_by(who, about.id).ok()?;
        Some(posted.map(|d| d.text.to_string()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::{Refusal, RefusalKind};
    use crate::model::{Item, Mention};

    #[test]
    fn what_is_wrong_with_an_address_is_told() {
        let refused = |t: &str| Reply::Refused(Refusal { kind: RefusalKind::Failed, text: clean::line(t) });
        let page = |text: String| {
            let mention = Mention { text: clean::text(&text).0, ..Mention::default() };
            Reply::Items(vec![Item { mention, ..Item::default() }])
        };
        let u = "https://f.example/1";
        assert!(verdict(u, &refused("the page answered with 404"), "x").unwrap().contains("404"));
        assert_eq!(verdict(u, &refused("the page answered with 403"), "x"), None);
        let long = "Many words of others stand here. ".repeat(20);
        assert!(verdict(u, &page(long.clone()), "Thanks, fixed in 2.1").unwrap().contains("not found on it"));
        assert_eq!(verdict(u, &page(format!("{long} Thanks,\nfixed in 2.1!")), "Thanks, fixed in 2.1"), None);
        assert_eq!(
            verdict(u, &page("Please enable scripts".into()), "Thanks, fixed"),
            None,
            "for browsers alone"
        );
        assert_eq!(verdict(u, &page(long), ""), None, "nothing of theirs is known");
    }
}

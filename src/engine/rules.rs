//! Rules at work: what enters the inbox is looked at by each rule in turn, and what it asks for is done, logged under the
//! rule's name.

use super::{Caller, Engine, refuse};
use crate::config::{Rule, act_of};
use crate::door::{Event, RefusalKind, Reply};
use crate::model::{Item, Key, RuleView, Stamp, State, Targets};
use crate::query::{Context, Doc, Facts};
use crate::store::{Asker, PageQuery, StoreError};

/// Mentions that a trial looks at.
const TRIED: usize = 20_000;

fn holds(rule: &Rule, i: &Item, now: Stamp) -> bool {
    let doc = Doc::with(&i.mention.title, &i.mention.text, Facts::of_item(i, ""));
    let cx = Context { now, zone: Stamp::zone_here(), ..Context::default() };
    rule.query.matches_in(&doc, &cx).is_some()
}

impl Engine {
    /// Does what the rules want of mentions that are new; who is done leaves the later rules alone.
    pub(super) fn apply_rules(&self, keys: &[Key]) {
        let rules = self.setup().config.rules.clone();
        if rules.is_empty() || keys.is_empty() {
            return;
        }
        let now = Stamp::now();
        let reader = self.store.reader();
        let mut changed: Vec<Key> = Vec::new();
        for rule in &rules {
            // Anew for each rule: what an earlier one did counts.
            let items = keys.iter().filter_map(|k| reader.item(k.id, "").ok().flatten());
            let fit: Vec<Key> =
                items.filter(|i| i.state == State::Inbox && holds(rule, i, now)).map(|i| i.key).collect();
            if fit.is_empty() {
                continue;
            }
            if let Err(why) = self.do_rule(rule, &fit, now) {
                self.notice(true, crate::clean::line(&format!("the rule {}: {why}", rule.name)));
            }
            changed.extend(fit);
        }
        changed.sort_unstable();
        changed.dedup();
        if !changed.is_empty() {
            self.announce(Event::Changed(changed));
        }
    }

    fn do_rule(&self, rule: &Rule, keys: &[Key], now: Stamp) -> Result<(), String> {
        let asker = Asker { who: format!("rule:{}", rule.name), uid: self.asker.uid };
        for a in &rule.acts {
            let verb = act_of(a, now)?;
            let on = Targets::Mentions(keys.to_vec());
            self.store.act(&asker, &verb, &on, now, true).map_err(|e: StoreError| e.to_string())?;
        }
        Ok(())
    }

    /// The rules, and on how many of what was heard in the last `days` each would have worked.
    pub(super) fn rule_views(&self, days: Option<u32>) -> Result<Vec<RuleView>, StoreError> {
        let rules = self.setup().config.rules.clone();
        let now = Stamp::now();
        let items: Vec<Item> = match days {
            None => Vec::new(),
            Some(d) => {
                let since = now.plus(-i64::from(d) * crate::model::time::DAY);
                let page = PageQuery::newest(&State::ALL, "", TRIED);
                let all = self.store.reader().page(&page, None)?.items;
                all.into_iter().filter(|i| i.mention.heard_at >= since && i.state != State::Heard).collect()
            }
        };
        let view = |r: &Rule| RuleView {
            name: r.name.clone(),
            when: r.when.clone(),
            acts: r.acts.clone(),
            fits: days.map(|_| items.iter().filter(|i| holds(r, i, now)).count() as u64),
            of: items.len() as u64,
        };
        Ok(rules.iter().map(view).collect())
    }

    /// Writes a rule, a new one at the end or one that is there in its place.
    pub(super) fn put_rule(
        &self,
        caller: &Caller,
        name: &str,
        when: &str,
        acts: &[String],
        was: Option<&str>,
    ) -> Reply {
        let name = crate::clean::line_capped(name.trim(), 64).into_string();
        let when = crate::clean::line_capped(when.trim(), 16_384).into_string();
        let acts: Vec<String> =
            acts.iter().map(|a| crate::clean::line_capped(a.trim(), 200).into_string()).collect();
        if name.is_empty() {
            return refuse(RefusalKind::Usage, "a rule needs a name");
        }
        if let Err((_, why)) = crate::config::rule_of(&name, &when, &acts) {
            return refuse(RefusalKind::Usage, &why);
        }
        self.write_rule(caller, &name, &when, &acts, was)
    }
}

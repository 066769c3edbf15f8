//! Rules at work: what enters the inbox is looked at by each rule in turn, and what it asks for is done, logged under the
//! rule's name. On request they work on what is there already, as one step that the person can take back.

use super::{Caller, Engine, failed, refuse};
use crate::config::{Act, Rule, act_of};
use crate::door::{Event, RefusalKind, Reply};
use crate::model::{Item, Key, RuleView, Stamp, State, Targets, Verb};
use crate::query::{Context, Doc};
use crate::store::{Asker, RULES, StoreError};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Mentions that a trial looks at.
const TRIED: usize = 20_000;
/// Mentions of a preview that are shown.
const SHOWN: usize = 200;

/// What went wrong with a rule, by its name: said once, and kept until it works again.
#[derive(Default)]
pub struct Erring(Mutex<HashMap<String, String>>);

impl Erring {
    /// True if this was not said before.
    pub(super) fn set(&self, rule: &str, why: &str) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(rule.to_owned(), why.to_owned()).is_none_or(|was| was != why)
    }

    pub(super) fn clear(&self, rule: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(rule);
    }

    pub(super) fn of(&self, rule: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(rule).cloned()
    }
}

fn holds(rule: &Rule, i: &Item, cx: &Context<'_>) -> bool {
    rule.query.matches_in(&Doc::of_item(i, ""), cx).is_some()
}

/// An item as it is after a verb, as far as a later rule can see it.
fn after(i: &mut Item, verb: &Verb) {
    match verb {
        Verb::Done => i.state = State::Done,
        Verb::Snooze(t) => (i.state, i.snoozed_until) = (State::Snoozed, *t),
        Verb::Assign(a) => i.assignee.clone_from(a),
        Verb::Tag { tag, on: true } if !i.tags.contains(tag) => i.tags.push(tag.clone()),
        _ => {}
    }
}

/// What a rule does: its verbs, and to which mentions.
struct Work<'a> {
    rule: &'a Rule,
    verbs: Vec<Verb>,
    keys: Vec<Key>,
}

impl Work<'_> {
    fn steps(&self) -> Vec<(Verb, Targets)> {
        self.verbs.iter().map(|v| (v.clone(), Targets::Mentions(self.keys.clone()))).collect()
    }
}

impl Engine {
    fn is_staff(&self, staff: &[String], i: &Item) -> bool {
        let a = &i.mention.author;
        let own = |n: &str| staff.iter().any(|s| *s == n.trim_start_matches('@').to_lowercase());
        !staff.is_empty() && (own(&a.native) || own(&a.name))
    }

    /// What the rules do to these items of the inbox, each rule after the one before: who is done leaves the later ones
    /// alone, and what our own people post is left alone by all.
    fn work<'a>(&self, rules: &'a [Rule], items: &mut [Item], now: Stamp) -> Vec<Work<'a>> {
        let setup = self.setup();
        let (staff, cx) = (&setup.config.staff, setup.cx(now, Stamp::zone_here(), None));
        let mut all = Vec::new();
        for rule in rules {
            let acts: Result<Vec<Act>, String> = rule.acts.iter().map(|a| act_of(a, now)).collect();
            let verbs: Vec<Verb> = match acts {
                Ok(all) => all
                    .into_iter()
                    .filter_map(|a| if let Act::Verb(v) = a { Some(v) } else { None })
                    .collect(),
                Err(why) => {
                    self.rule_errs(rule, &why);
                    continue;
                }
            };
            let fit =
                |i: &&mut Item| i.state == State::Inbox && !self.is_staff(staff, i) && holds(rule, i, &cx);
            let mut keys = Vec::new();
            for i in items.iter_mut().filter(fit) {
                keys.push(i.key);
                verbs.iter().for_each(|v| after(i, v));
            }
            if !keys.is_empty() {
                all.push(Work { rule, verbs, keys });
            }
        }
        all
    }

    /// Said once, in the health page: the next mention would only say it again.
    fn rule_errs(&self, rule: &Rule, why: &str) {
        if self.erring.set(&rule.name, why) {
            self.notice(true, crate::clean::line(&format!("the rule {} was not applied: {why}", rule.name)));
        }
    }

    /// Does what the rules want of mentions that are new.
    pub(super) fn apply_rules(&self, keys: &[Key]) {
        self.apply_some(&self.setup().config.rules.clone(), keys);
    }

    /// Does what these rules want of these mentions.
    pub(super) fn apply_some(&self, rules: &[Rule], keys: &[Key]) {
        if rules.is_empty() || keys.is_empty() {
            return;
        }
        let (now, setup) = (Stamp::now(), self.setup());
        let reader = self.store.reader();
        let mut items: Vec<Item> = keys.iter().filter_map(|k| reader.item(k.id, "").ok().flatten()).collect();
        for i in &mut items {
            i.due = super::clock::clock(&setup, i, now).map(|d| d.at);
        }
        let mut changed: Vec<Key> = Vec::new();
        for w in self.work(rules, &mut items, now) {
            let asker = Asker { who: format!("rule:{}", w.rule.name), uid: self.asker.uid };
            for alert in w.rule.alerts() {
                self.raise(alert, w.rule, &w.keys, now);
            }
            if w.verbs.is_empty() {
                continue;
            }
            // One entry for each, under the name of its one action where it has one.
            let name = if let [one] = w.verbs.as_slice() { one.name() } else { RULES };
            match self.store.act_many(&asker, name, &w.steps(), now, true) {
                Ok(_) => {
                    self.erring.clear(&w.rule.name);
                    changed.extend(w.keys);
                }
                Err(e) => self.rule_errs(w.rule, &e.to_string()),
            }
        }
        changed.sort_unstable();
        changed.dedup();
        if !changed.is_empty() {
            self.announce(Event::Changed(changed));
        }
    }

    /// What was heard in the last days and is in one of these states.
    fn lately(&self, days: u32, states: &[State]) -> Result<Vec<Item>, StoreError> {
        let since = Stamp::now().plus(-i64::from(days) * crate::model::time::DAY);
        let all = self.store.reader().newest(states, TRIED)?;
        Ok(all.into_iter().filter(|i| i.mention.heard_at >= since).collect())
    }

    /// Does what the rules, or one of them, want of what is in the inbox already, as one step of the caller's; or says
    /// what that would be.
    pub(super) fn reapply(
        &self,
        caller: &Caller,
        name: Option<&str>,
        days: u32,
        dry_run: bool,
    ) -> Result<Reply, StoreError> {
        let mut rules = self.setup().config.rules.clone();
        if let Some(n) = name {
            rules.retain(|r| r.name == n);
            if rules.is_empty() {
                return Ok(refuse(RefusalKind::NotFound, &format!("there is no rule {n}")));
            }
        }
        let now = Stamp::now();
        let before = self.lately(days, &[State::Inbox])?;
        let mut items = before.clone();
        let all = self.work(&rules, &mut items, now);
        if dry_run {
            // What is so already changes nothing.
            let mut rows = Vec::new();
            let mut n = 0;
            for (was, is) in before.iter().zip(&items).filter(|(was, is)| was != is) {
                n += 1;
                if rows.len() < SHOWN {
                    let of = all.iter().filter(|w| w.keys.contains(&is.key)).map(|w| w.rule.name.as_str());
                    rows.push((of.collect::<Vec<_>>().join(", "), was.clone()));
                }
            }
            return Ok(Reply::WouldDo { n, of: before.len() as u64, rows });
        }
        let steps: Vec<(Verb, Targets)> = all.iter().flat_map(Work::steps).collect();
        Ok(match self.store.act_many(&caller.asker, RULES, &steps, now, false) {
            Ok(a) => {
                self.announce(Event::Changed(a.keys.clone()));
                Reply::Applied(a)
            }
            Err(e) => failed(&e),
        })
    }

    /// The rules, and on how many of what was heard in the last `days` each would have worked.
    pub(super) fn rule_views(&self, days: Option<u32>) -> Result<Vec<RuleView>, StoreError> {
        let setup = self.setup();
        let (rules, cx) = (setup.config.rules.clone(), setup.cx(Stamp::now(), Stamp::zone_here(), None));
        let ours = [State::Inbox, State::Snoozed, State::Done];
        let items = days.map_or(Ok(Vec::new()), |d| self.lately(d, &ours))?;
        let view = |r: &Rule| RuleView {
            name: r.name.clone(),
            when: r.when.clone(),
            acts: r.acts.clone(),
            fits: days.map(|_| items.iter().filter(|i| holds(r, i, &cx)).count() as u64),
            of: items.len() as u64,
            error: self.erring.of(&r.name),
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
        self.erring.clear(&name);
        self.write_rule(caller, &name, &when, &acts, was)
    }
}

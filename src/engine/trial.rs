//! A topic that is being written, tried on what was heard lately: how many, of how many, told how often, by whom, where, and
//! the newest of them.

use super::{Engine, refuse};
use crate::clean;
use crate::door::{RefusalKind, Reply, Total, Trial};
use crate::model::{Item, Mention, Stamp, State, mute, time};
use crate::query::{Context, Doc, Plan, Planned, Query, Scope};
use crate::store::{PageQuery, Reader, StoreError, Wanted};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// The newest matches that authors, stories and sites are counted in, and those that are shown.
const COUNTED: usize = 500;
const SHOWN: usize = 20;
/// Mentions that are read for them at most, and how long counting may take.
const READ: usize = 20_000;
const COUNTING: Duration = Duration::from_millis(300);
/// From these shares of all that was heard, and of one site, on a hint says so, in percent.
const NOISY: u64 = 20;
const LOUD: u64 = 60;
/// And of a word that stands alone.
const COMMON: u64 = 5;
/// Answered mentions that are looked at, and alternatives; days without any match.
const LOST: usize = 2_000;
const BRANCHES: usize = 12;
const SILENT_DAYS: i64 = 30;

/// Tries a topic on the last days.
pub fn trial(e: &Engine, query: &str, days: u32, zone: i32, who: &str) -> Result<Reply, StoreError> {
    let q = match Query::parse(query, Scope::Listen) {
        Ok(q) => q,
        Err(err) => return Ok(refuse(RefusalKind::Usage, &err.to_string())),
    };
    let now = Stamp::now();
    let since = now.plus(-i64::from(days.clamp(1, 3650)) * time::DAY);
    let setup = e.setup();
    if let Err(why) = setup.names.resolve(&q, None) {
        return Ok(refuse(RefusalKind::Usage, &why));
    }
    let cx = setup.cx(now, zone, Some(who));
    let reader = e.store.reader();
    let Planned { plan, exact } = q.plan(&cx);
    let planned = Planned { plan: Plan::And(vec![plan, Plan::Between(since.0, i64::MAX)]), exact };
    let found = reader.find(&planned, who)?;
    let fits = |m: &Mention| m.at >= since && q.matches_in(&Doc::of_mention(m), &cx).is_some();
    let wanted = Wanted::Mention(&fits);
    let page = PageQuery { budget: READ, ..PageQuery::newest(&State::ALL, who, COUNTED) };
    let newest = reader.page_of(&page, Some(wanted), found.as_ref())?.items;
    let until = Instant::now() + COUNTING;
    let (n, exact) =
        reader.count(page.states, who, Some(wanted), found.as_ref(), &mut |_| Instant::now() < until)?;
    let base = base(e, since, who)?;
    let mut t = told(&q, newest, Total { n, exact }, base, days);
    let more = hints(&reader, &q, &cx, (t.total, base))?;
    t.hints.extend(more.iter().map(|h| clean::line(h)));
    Ok(Reply::Tried(Box::new(t)))
}

/// What the stored mentions say against a query: answers that it would leave out, alternatives that nothing matches, a
/// word that means too much.
fn hints(
    reader: &Reader,
    q: &Query,
    cx: &Context<'_>,
    (total, base): (Total, Total),
) -> Result<Vec<String>, StoreError> {
    let mut out = Vec::new();
    if let Some(without) = q.without_exclusions() {
        let Planned { plan, .. } = without.plan(cx);
        let plan = Plan::And(vec![plan, Plan::Filed("answered".into())]);
        let found = reader.find(&Planned { plan, exact: false }, "")?;
        let lost = |i: &Item| {
            let doc = Doc::of_mention(&i.mention);
            i.answered.is_some() && without.matches_in(&doc, cx).is_some() && q.matches_in(&doc, cx).is_none()
        };
        let page = PageQuery { budget: LOST, ..PageQuery::newest(&State::ALL, "", LOST) };
        let all = reader.page_of(&page, Some(Wanted::Item(&lost)), found.as_ref())?.items;
        if let Some(i) = all.first() {
            let title: String = i.mention.headline().chars().take(40).collect();
            out.push(format!("lost: it leaves out {} that we answered, as “{title}”", all.len()));
        }
    }
    let since = cx.now.plus(-SILENT_DAYS * time::DAY);
    for b in q.branches().iter().take(BRANCHES) {
        let Planned { plan, exact } = b.plan(cx);
        let planned = Planned { plan: Plan::And(vec![plan, Plan::Between(since.0, i64::MAX)]), exact };
        let found = reader.find(&planned, "")?;
        let fits = |m: &Mention| m.at >= since && b.matches_in(&Doc::of_mention(m), cx).is_some();
        let page = PageQuery { budget: LOST, ..PageQuery::newest(&State::ALL, "", 1) };
        let one = reader.page_of(&page, Some(Wanted::Mention(&fits)), found.as_ref())?;
        if one.items.is_empty() && one.next.is_none() && base.n > 0 {
            out.push(format!("silent: nothing of {SILENT_DAYS} days matches {}", b.canonical()));
        }
    }
    if q.is_lone_word() && base.n >= 50 && total.n * 100 > base.n * COMMON {
        out.push(format!(
            "common: {0} stands in {1} % of all; a word near it says which is meant: {0} NEAR/10 …",
            q.canonical(),
            total.n * 100 / base.n
        ));
    }
    Ok(out)
}

/// How many mentions were published since then.
fn base(e: &Engine, since: Stamp, who: &str) -> Result<Total, StoreError> {
    let reader = e.store.reader();
    let planned = Planned { plan: Plan::Between(since.0, i64::MAX), exact: true };
    let found = reader.find(&planned, who)?;
    let fits = |m: &Mention| m.at >= since;
    let until = Instant::now() + COUNTING;
    let all = PageQuery::newest(&State::ALL, who, 1).states;
    let (n, exact) = reader
        .count(all, who, Some(Wanted::Mention(&fits)), found.as_ref(), &mut |_| Instant::now() < until)?;
    Ok(Total { n, exact })
}

fn told(q: &Query, newest: Vec<Item>, total: Total, base: Total, days: u32) -> Trial {
    let (mut stories, mut authors) = (HashSet::new(), HashSet::new());
    let mut sites: HashMap<String, u64> = HashMap::new();
    for i in &newest {
        stories.insert(i.story.unwrap_or(i.id));
        authors.insert(i.mention.author.key());
        if let Some(h) = mute::host(&i.mention.url) {
            *sites.entry(h).or_default() += 1;
        }
    }
    let counted = newest.len() as u64;
    let loudest = sites.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
    let loudest = loudest.map(|(site, n)| (clean::line(&site), n * 100 / counted.max(1)));
    let mut hints: Vec<String> = q.lint().iter().map(|l| l.message.clone()).collect();
    if base.n >= 50 && total.n * 100 > base.n * NOISY {
        hints.push(format!(
            "noisy: it matches {} % of all that was heard; a word that must stand near it narrows it down",
            total.n * 100 / base.n
        ));
    }
    if let Some((site, share)) = loudest.as_ref().filter(|(_, s)| counted >= 10 && *s > LOUD) {
        hints.push(format!("{share} % come from {site} alone; -site:{site} leaves it out"));
    }
    if total.n == 0 && total.exact && base.n > 0 {
        hints.push(format!("silent: nothing of the last {days} days matches"));
    }
    Trial {
        days,
        base,
        total,
        counted,
        stories: stories.len() as u64,
        authors: authors.len() as u64,
        loudest,
        hints: hints.iter().map(|h| clean::line(h)).collect(),
        newest: newest.into_iter().take(SHOWN).collect(),
    }
}

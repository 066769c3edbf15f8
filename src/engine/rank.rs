//! What comes first: the newest of a list, put in order by an objective or by what the team wants more of, each with its
//! reasons.

use super::search::asked;
use super::{Engine, refuse};
use crate::clean;
use crate::door::{ListQuery, Placed, RefusalKind, Reply, Standing};
use crate::model::{By, Id, Item, Objective, Stamp, State};
use crate::query::{LIKED, Plan, Planned};
use crate::store::{PageQuery, StoreError, Wanted};
use crate::triage::{self, Relevance};
use std::sync::{Arc, Mutex, PoisonError};

/// The newest so many of a list are put in order.
const LOOKED_AT: usize = 2_000;
/// Mentions that are read for them at most.
const READ: usize = 20_000;
/// Marks that are learned from: the newest.
const MARKS: usize = 2_000;

/// What was learned last; gone when something changed. With it, how often that was.
#[derive(Default)]
pub struct Learned(Mutex<(u64, Option<Arc<Relevance>>)>);

impl Learned {
    /// Something that was learned from may be another by now.
    pub fn forget(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = (known.0 + 1, None);
    }
}

/// What the team wants more of, as far as its marks tell.
fn learned(e: &Engine) -> Result<Arc<Relevance>, StoreError> {
    let known = || e.learned.0.lock().unwrap_or_else(PoisonError::into_inner);
    let changes = {
        let known = known();
        if let Some(r) = &known.1 {
            return Ok(r.clone());
        }
        known.0
    };
    let reader = e.store.reader();
    let found = reader.find(&Planned { plan: Plan::Filed(LIKED.into()), exact: true }, "")?;
    let page = PageQuery { budget: READ, ..PageQuery::newest(&State::ALL, "", MARKS) };
    let marked = |i: &Item| i.liked.is_some();
    let all = reader.gather(page, Some(Wanted::Item(&marked)), found.as_ref())?;
    let r = Arc::new(Relevance::of(&all.items));
    let mut known = known();
    if known.0 == changes {
        known.1 = Some(r.clone());
    }
    Ok(r)
}

fn placed(setup: &super::Setup, item: Item, by: By, learned: &Relevance, now: Stamp) -> Placed {
    if by == By::Due {
        let (score, words) = super::clock::score(setup, &item, now);
        let reasons = words.iter().map(|w| (clean::line(w), 0.0)).collect();
        return Placed { score, reasons, item };
    }
    let p = triage::place(&item, by, learned, now);
    let reasons = p.reasons.iter().map(|r| (clean::line(&r.words), r.points)).collect();
    Placed { score: p.score, reasons, item }
}

/// The first of a list, in an order.
pub fn first(e: &Engine, q: &ListQuery, skip: u32, by: By, who: &str) -> Result<Reply, StoreError> {
    let a = match asked(e, q, who)? {
        Ok(a) => a.find()?,
        Err(refused) => return Ok(refused),
    };
    let (setup, learned, now) = (e.setup(), learned(e)?, Stamp::now());
    let page = PageQuery { fold: true, budget: READ, ..PageQuery::newest(&q.states, who, LOOKED_AT) };
    let newest = a.gather(page)?;
    let (more, newest) = (newest.next.is_some(), newest.items);
    let looked = newest.len();
    let mut all: Vec<Placed> = newest.into_iter().map(|i| placed(&setup, i, by, &learned, now)).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| b.item.key.cmp(&a.item.key)));
    let limit = q.limit.clamp(1, 1000);
    let next = (all.len() > skip as usize + limit).then_some(skip + limit as u32);
    let items = all.into_iter().skip(skip as usize).take(limit).collect();
    let total = a.total_at_once()?;
    let (wanted, unwanted) = learned.marks();
    let mut how = match by {
        By::Objective(o) => format!("{}: {}", o.word(), triage::weights(by).words()),
        By::Due => "due: what should be answered first; w says why".into(),
        _ if wanted == 0 || unwanted == 0 => {
            format!("relevance needs marks of both kinds: {wanted} + and {unwanted} - so far")
        }
        _ => format!("relevance, learned from {wanted} + and {unwanted} -"),
    };
    if more {
        how += &format!(" · the newest {looked} of {total} are put in order");
    }
    Ok(Reply::Ranked { items, next, total, how: clean::line(&how) })
}

/// Where a mention stands in the orders that concern it.
pub fn standing(e: &Engine, id: Id, who: &str) -> Result<Reply, StoreError> {
    let Some(item) = e.store.reader().item(id, who)? else {
        return Ok(refuse(RefusalKind::NotFound, "that mention is not there any more"));
    };
    let (setup, learned, now) = (e.setup(), learned(e)?, Stamp::now());
    let heard_by = |o: Objective| {
        let of = |name: &str| setup.config.topics.iter().any(|t| t.name == name && t.objective == o);
        item.mention.topics.iter().any(|t| of(&t.topic))
    };
    let orders = Objective::ALL.into_iter().filter(|o| heard_by(*o)).map(By::Objective);
    let stands = |by| {
        let Placed { score, reasons, .. } = placed(&setup, item.clone(), by, &learned, now);
        Standing { by, score, reasons }
    };
    Ok(Reply::Standing(orders.chain([By::Relevance, By::Due]).map(stands).collect()))
}

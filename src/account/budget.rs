//! Budgets: what a network lets one account (or this machine) ask within a time. They begin with what its documents
//! say and are corrected by what its answers say; all sources of one account spend from the same one.

use crate::model::Stamp;
use crate::model::place::Budget;
use crate::model::time::DAY;
use crate::networks::{Limit, Of, Reading};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Of an account's budget, listening leaves this part (one of so many) for answers.
const LEFT_FOR_ANSWERS: u64 = 10;

/// Budgets by whose they are and by unit.
#[derive(Default, Debug)]
pub struct Budgets(Mutex<BTreeMap<(String, &'static str), Counted>>);

#[derive(Clone, Debug)]
struct Counted {
    left: u64,
    of: u64,
    resets: Stamp,
    per_ms: i64,
    told: bool,
}

impl Counted {
    fn fresh(&mut self, now: Stamp) {
        if self.resets <= now {
            (self.left, self.resets) = (self.of, now.plus(self.per_ms));
        }
    }
}

/// Who spends, by whose leave.
#[derive(Clone, Copy, Debug)]
pub struct Purse<'a> {
    /// The account's name, or the server's address.
    pub whose: &'a str,
    pub of: Of,
    pub limits: &'static [Limit],
    /// A person waits: what is left for answers may be spent.
    pub answering: bool,
}

impl Budgets {
    /// Spends `n`, or says for how many ms there is nothing to spend, and of what.
    ///
    /// # Errors
    /// The time until there is more, and the budget as it stands.
    pub fn spend(&self, p: Purse<'_>, unit: &'static str, n: u64, now: Stamp) -> Result<(), (i64, Budget)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for l in p.limits.iter().filter(|l| l.unit == unit && l.of == p.of) {
            all.entry((p.whose.to_owned(), unit)).or_insert(Counted {
                left: l.n,
                of: l.n,
                resets: now.plus(l.per_ms),
                per_ms: l.per_ms,
                told: false,
            });
        }
        let Some(c) = all.get_mut(&(p.whose.to_owned(), unit)) else { return Ok(()) };
        c.fresh(now);
        let kept = if p.answering || p.of == Of::Machine { 0 } else { c.of / LEFT_FOR_ANSWERS };
        if c.left < n + kept && c.left < c.of {
            return Err(((c.resets.0 - now.0).max(1000), view(unit, c)));
        }
        c.left = c.left.saturating_sub(n);
        Ok(())
    }

    /// Takes in what an answer said.
    pub fn learn(&self, whose: &str, told: &[Reading], now: Stamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for r in told.iter().filter(|r| r.of > 0) {
            let r = &Reading { resets: r.resets.min(now.plus(DAY)), ..r.clone() };
            let c = all.entry((whose.to_owned(), r.unit)).or_insert(Counted {
                left: r.left,
                of: r.of,
                resets: r.resets,
                per_ms: (r.resets.0 - now.0).max(1000),
                told: true,
            });
            // The window's length is the longest that was seen of it.
            c.per_ms = if c.told { c.per_ms.max(r.resets.0 - now.0) } else { c.per_ms };
            (c.left, c.of, c.resets, c.told) = (r.left.min(r.of), r.of, r.resets, true);
        }
    }

    /// The server said that there is nothing left for so many ms.
    pub fn exhausted(&self, whose: &str, unit: &'static str, ms: i64, now: Stamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(c) = all.get_mut(&(whose.to_owned(), unit)) {
            // What it says now counts, whatever the window was: a burst is refused for seconds.
            (c.left, c.resets) = (0, now.plus(ms));
        }
    }

    /// Those of one account or server.
    #[must_use]
    pub fn of(&self, whose: &str, limits: &[Limit], of: Of, now: Stamp) -> Vec<Budget> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out: Vec<Budget> = all
            .iter()
            .filter(|((w, _), _)| w == whose)
            .map(|((_, unit), c)| {
                let mut c = c.clone();
                c.fresh(now);
                view(unit, &c)
            })
            .collect();
        // What was not spent from yet is whole.
        for l in limits.iter().filter(|l| l.of == of) {
            if !out.iter().any(|b| b.unit == l.unit) {
                out.push(Budget {
                    unit: l.unit.into(),
                    left: l.n,
                    of: l.n,
                    resets: now.plus(l.per_ms),
                    told: false,
                });
            }
        }
        out
    }
}

fn view(unit: &str, c: &Counted) -> Budget {
    Budget { unit: unit.to_owned(), left: c.left, of: c.of, resets: c.resets, told: c.told }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &[Limit] = &[Limit { unit: "requests", n: 10, per_ms: 60_000, of: Of::Account }];

    #[test]
    fn an_account_is_one_purse_and_keeps_some_for_answers() {
        let b = Budgets::default();
        let now = Stamp(1_000_000);
        let p = Purse { whose: "acme", of: Of::Account, limits: LIMITS, answering: false };
        let spent = (0..20).take_while(|_| b.spend(p, "requests", 1, now).is_ok()).count();
        assert_eq!(spent, 9);
        assert!(b.spend(Purse { answering: true, ..p }, "requests", 1, now).is_ok());
        let (ms, left) = b.spend(p, "requests", 1, now).unwrap_err();
        assert_eq!((ms, left.left, left.of), (60_000, 0, 10));
        assert!(b.spend(p, "requests", 1, now.plus(60_001)).is_ok(), "it is full again");
        assert!(b.spend(Purse { whose: "other", ..p }, "requests", 1, now).is_ok());
    }

    #[test]
    fn what_answers_say_corrects_what_documents_say() {
        let b = Budgets::default();
        let now = Stamp(1_000_000);
        let p = Purse { whose: "acme", of: Of::Account, limits: LIMITS, answering: false };
        b.spend(p, "requests", 1, now).unwrap();
        let told = Reading { unit: "requests", left: 2, of: 300, resets: now.plus(5000) };
        b.learn("acme", &[told], now);
        assert!(b.spend(p, "requests", 1, now).is_err(), "2 of 300 are for answers");
        assert_eq!(b.of("acme", LIMITS, Of::Account, now)[0].left, 2);
        assert!(b.spend(p, "requests", 1, now.plus(6000)).is_ok());
        assert_eq!(b.of("acme", LIMITS, Of::Account, now.plus(6000))[0].left, 299);
        assert_eq!(b.of("new", LIMITS, Of::Account, now)[0].left, 10, "shown before it is spent");
    }
}

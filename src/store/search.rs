//! Search: the narrow interface behind which postings stand ("which mentions have this id, this author, this
//! source, this link?"), and our own engine. Entries gather in memory (the open run), are sealed into sorted
//! files of 32,768, and eight files of one size are merged into one. What is in memory alone is made again
//! from the newest blocks at open.

use super::blobs::Blobs;
use super::codec;
use super::error::Result;
use super::runs::{ENTRY, FOLDER, Family, Posting, Run, RunName, merge};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Mentions after which what is in memory is sealed.
pub const RUN: usize = 32_768;
/// Runs of one level that are merged into one of the next.
const FANIN: usize = 8;

/// Files that are written and that the tree does not name yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Made(u64);

/// How many postings a key has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Count {
    pub all: u64,
    /// Not older than the time that was asked for.
    pub recent: u64,
    /// The oldest time.
    pub first: Option<u64>,
}

/// Postings. The tree keeps a value (`state`) that names the files; what it does not name is not there. Files are
/// made without a lock, then named in a batch (`state_with`), then taken over (`accept`).
pub trait Search: Send + Sync {
    /// The newest posting of a key.
    ///
    /// # Errors
    /// If the disk fails.
    fn find(&self, family: Family, key: u64) -> Result<Option<Posting>>;
    /// The newest postings of a key below a time, newest first.
    ///
    /// # Errors
    /// If the disk fails.
    fn newest(&self, family: Family, key: u64, before: u64, limit: usize) -> Result<Vec<Posting>>;
    /// # Errors
    /// If the disk fails.
    fn count(&self, family: Family, key: u64, since: u64) -> Result<Count>;
    /// The newest posting of each key in a range of keys (for a typed prefix of an id) whose block is `alive`, about
    /// `limit` of them at most.
    ///
    /// # Errors
    /// If the disk fails.
    fn in_range(
        &self,
        family: Family,
        range: (u64, u64),
        limit: usize,
        alive: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<Posting>>;
    /// Every posting of a family, in no order.
    ///
    /// # Errors
    /// If the disk fails.
    fn every(&self, family: Family, visit: &mut dyn FnMut(&Posting)) -> Result<()>;
    fn add(&self, postings: Vec<(Family, Posting)>);
    /// Mentions whose postings are in memory alone.
    fn unsealed(&self) -> usize;
    /// Sets what is in memory aside for `seal`; it is still found.
    fn freeze(&self);
    /// Writes what was set aside.
    ///
    /// # Errors
    /// If the disk fails; it is then written with what comes next.
    fn seal(&self) -> Result<Option<Made>>;
    /// Merges files where that is due; `between` is called now and then, lest much pile up meanwhile.
    ///
    /// # Errors
    /// If the disk fails.
    fn merge(&self, between: &mut dyn FnMut() -> Result<()>) -> Result<Option<Made>>;
    /// The value to be kept once `made` is part of it; `None` if all was read anew since it was made.
    ///
    /// # Errors
    /// If the value cannot be written.
    fn state_with(&self, made: Made) -> Result<Option<Vec<u8>>>;
    /// Takes over what the tree names now; gives the files that nobody needs any more.
    fn accept(&self, made: Made) -> Vec<String>;
    /// Forgets everything in memory and opens what `state` names.
    ///
    /// # Errors
    /// If a file is not there or not what it should be.
    fn load(&self, state: Option<&[u8]>) -> Result<()>;
    /// The files that are named.
    fn files(&self) -> Vec<String>;
}

/// Our own [`Search`].
pub struct Postings {
    blobs: Arc<dyn Blobs>,
    held: RwLock<Held>,
    making: Mutex<Making>,
}

/// What is written and not named yet.
#[derive(Default)]
struct Making {
    made: HashMap<Made, Change>,
    tickets: u64,
    next_run: u32,
}

enum Change {
    Sealed(Vec<Arc<Run>>),
    Merged { run: Arc<Run>, of: Vec<Arc<Run>> },
}

impl Postings {
    pub fn new(blobs: Arc<dyn Blobs>) -> Postings {
        Postings { blobs, held: RwLock::default(), making: Mutex::default() }
    }

    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn held_mut(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn making(&self) -> std::sync::MutexGuard<'_, Making> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers of new runs, never given out twice.
    fn numbers(&self, n: u32) -> u32 {
        let mut m = self.making();
        m.next_run += n;
        m.next_run - n
    }

    fn note(&self, change: Change) -> Made {
        let mut m = self.making();
        m.tickets += 1;
        let ticket = Made(m.tickets);
        m.made.insert(ticket, change);
        ticket
    }
}

impl Search for Postings {
    fn find(&self, family: Family, key: u64) -> Result<Option<Posting>> {
        self.held().find(family, key)
    }

    fn newest(&self, family: Family, key: u64, before: u64, limit: usize) -> Result<Vec<Posting>> {
        self.held().newest(family, key, before, limit)
    }

    fn count(&self, family: Family, key: u64, since: u64) -> Result<Count> {
        self.held().count(family, key, since)
    }

    fn in_range(
        &self,
        family: Family,
        range: (u64, u64),
        limit: usize,
        alive: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<Posting>> {
        self.held().in_range(family, range, limit, alive)
    }

    fn every(&self, family: Family, visit: &mut dyn FnMut(&Posting)) -> Result<()> {
        self.held().every(family, visit)
    }

    fn add(&self, postings: Vec<(Family, Posting)>) {
        let mut held = self.held_mut();
        for (family, p) in postings {
            held.add(family, p);
        }
    }

    fn unsealed(&self) -> usize {
        self.held().open_count
    }

    fn freeze(&self) {
        self.held_mut().freeze();
    }

    fn seal(&self) -> Result<Option<Made>> {
        let frozen = self.held().frozen.clone();
        let first_no = self.numbers(Family::ALL.len() as u32);
        let mut fresh = Vec::new();
        for (family, no) in Family::ALL.into_iter().zip(first_no..) {
            let all = sorted(&frozen, family);
            if !all.is_empty() {
                let name = RunName { family, no, level: 0, count: all.len() as u64 };
                fresh.push(Arc::new(Run::write(&*self.blobs, name, all.into_iter().map(Ok))?));
            }
        }
        Ok((!fresh.is_empty()).then(|| self.note(Change::Sealed(fresh))))
    }

    fn merge(&self, between: &mut dyn FnMut() -> Result<()>) -> Result<Option<Made>> {
        let Some(of) = self.held().due_merge() else { return Ok(None) };
        let run = Arc::new(merge(&*self.blobs, self.numbers(1), &of, between)?);
        Ok(Some(self.note(Change::Merged { run, of })))
    }

    fn state_with(&self, made: Made) -> Result<Option<Vec<u8>>> {
        let making = self.making();
        let Some(change) = making.made.get(&made) else { return Ok(None) };
        let mut runs = self.held().sealed.clone();
        change.apply(&mut runs);
        codec::encode(&names(&runs)).map(Some)
    }

    fn accept(&self, made: Made) -> Vec<String> {
        let Some(change) = self.making().made.remove(&made) else { return Vec::new() };
        let mut held = self.held_mut();
        change.apply(&mut held.sealed);
        match change {
            Change::Sealed(_) => {
                held.frozen = Arc::default();
                Vec::new()
            }
            Change::Merged { of, .. } => of.iter().map(|r| r.name.file()).collect(),
        }
    }

    fn load(&self, state: Option<&[u8]>) -> Result<()> {
        let names: Vec<RunName> = state.map(codec::decode).transpose()?.unwrap_or_default();
        let mut held = Held::default();
        for n in &names {
            held.sealed.entry(n.family).or_default().push(Arc::new(Run::open(&*self.blobs, *n)?));
        }
        // Also behind files that nobody names: they may still be written.
        let number = |n: String| n.strip_suffix(".run")?.rsplit('-').next()?.parse::<u32>().ok();
        let last = self.blobs.list(FOLDER).into_iter().filter_map(number).max();
        let mut making = self.making();
        making.made.clear();
        making.next_run = making.next_run.max(last.map_or(1, |n| n + 1));
        drop(making);
        *self.held_mut() = held;
        Ok(())
    }

    fn files(&self) -> Vec<String> {
        names(&self.held().sealed).iter().map(RunName::file).collect()
    }
}

impl Change {
    fn apply(&self, runs: &mut Sealed) {
        match self {
            Change::Sealed(fresh) => {
                for r in fresh {
                    runs.entry(r.name.family).or_default().push(r.clone());
                }
            }
            Change::Merged { run, of } => {
                let list = runs.entry(run.name.family).or_default();
                let gone = |r: &Arc<Run>| of.iter().any(|o| o.name.no == r.name.no);
                // It stands where its first part stood: older than all that follow.
                let at = list.iter().position(gone).unwrap_or(0);
                list.insert(at, run.clone());
                list.retain(|r| !gone(r));
            }
        }
    }
}

/// Sealed runs by family, oldest first.
type Sealed = HashMap<Family, Vec<Arc<Run>>>;

/// The names of all sealed runs, oldest first within a family.
fn names(runs: &Sealed) -> Vec<RunName> {
    Family::ALL.iter().flat_map(|f| runs.get(f).into_iter().flatten()).map(|r| r.name).collect()
}

/// The entries of one family in order, for sealing.
fn sorted(open: &Open, family: Family) -> Vec<Posting> {
    let mut all: Vec<Posting> =
        open.get(&family).into_iter().flat_map(|m| m.list.iter().map(|(p, _)| *p)).collect();
    all.sort_unstable();
    all
}

/// What can be found.
#[derive(Default)]
struct Held {
    sealed: Sealed,
    open: Open,
    open_count: usize,
    /// The open run that is being sealed; still looked into.
    frozen: Arc<Open>,
}

/// Postings in memory, by family.
type Open = HashMap<Family, OpenFamily>;

/// Postings of one family in the order of their coming, those of one key chained from the last to the first:
/// two allocations instead of one for each key.
#[derive(Default)]
struct OpenFamily {
    list: Vec<(Posting, u32)>,
    last: HashMap<u64, u32>,
}

const NONE: u32 = u32::MAX;

impl OpenFamily {
    fn add(&mut self, p: Posting) {
        let at = self.list.len() as u32;
        let before = self.last.insert(p.key, at).unwrap_or(NONE);
        self.list.push((p, before));
    }

    /// The postings of a key, the last one first.
    fn of(&self, key: u64) -> impl Iterator<Item = &Posting> {
        let mut at = self.last.get(&key).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let (p, before) = self.list.get(at as usize)?;
            at = *before;
            Some(p)
        })
    }
}

impl Held {
    fn add(&mut self, family: Family, p: Posting) {
        self.open.entry(family).or_default().add(p);
        if family == Family::Id {
            self.open_count += 1;
        }
    }

    /// Sets the open run aside for sealing. One that could not be sealed before is sealed with it.
    fn freeze(&mut self) {
        let mut all = std::mem::take(&mut self.open);
        self.open_count = 0;
        if !self.frozen.is_empty() {
            let newer = std::mem::take(&mut all);
            for (f, m) in self.frozen.iter().chain(&newer) {
                let into = all.entry(*f).or_default();
                m.list.iter().for_each(|(p, _)| into.add(*p));
            }
        }
        self.frozen = Arc::new(all);
    }

    /// What is not sealed yet under a key, newest part first.
    fn unsealed(&self, family: Family, key: u64) -> impl Iterator<Item = &Posting> {
        [&self.open, &*self.frozen]
            .into_iter()
            .filter_map(move |m| m.get(&family))
            .flat_map(move |m| m.of(key))
    }

    fn find(&self, family: Family, key: u64) -> Result<Option<Posting>> {
        if let Some(p) = self.unsealed(family, key).next() {
            return Ok(Some(*p));
        }
        for run in self.sealed.get(&family).into_iter().flatten().rev() {
            let mut found = None;
            run.each(key, &mut |p| {
                found = Some(p);
                true
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn newest(&self, family: Family, key: u64, before: u64, limit: usize) -> Result<Vec<Posting>> {
        let mut out: Vec<Posting> = self.unsealed(family, key).filter(|p| p.time < before).copied().collect();
        for run in self.sealed.get(&family).into_iter().flatten() {
            run.newest(key, before, limit, &mut out)?;
        }
        out.sort_unstable_by(|a, b| b.cmp(a));
        out.dedup();
        out.truncate(limit);
        Ok(out)
    }

    fn count(&self, family: Family, key: u64, since: u64) -> Result<Count> {
        let mut c = Count {
            all: self.unsealed(family, key).count() as u64,
            recent: self.unsealed(family, key).filter(|p| p.time >= since).count() as u64,
            first: self.unsealed(family, key).map(|p| p.time).min(),
        };
        for run in self.sealed.get(&family).into_iter().flatten() {
            let (a, b, f) = run.count(key, since)?;
            c.all += a;
            c.recent += b;
            c.first = match (c.first, f) {
                (Some(x), Some(y)) => Some(x.min(y)),
                (x, y) => x.or(y),
            };
        }
        Ok(c)
    }

    fn in_range(
        &self,
        family: Family,
        (from, to): (u64, u64),
        limit: usize,
        alive: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<Posting>> {
        let mut out: Vec<Posting> = [&*self.frozen, &self.open]
            .into_iter()
            .filter_map(|m| m.get(&family))
            .flat_map(|m| m.last.values().filter_map(|at| m.list.get(*at as usize)).map(|(p, _)| *p))
            .filter(|p| (from..=to).contains(&p.key) && alive(p.block))
            .take(limit)
            .collect();
        for run in self.sealed.get(&family).into_iter().flatten() {
            let at = run.lower_bound(from)?;
            let n = (run.name.count - at).min(limit as u64 + 16) as usize;
            for e in run.read_many(at, n)?.chunks_exact(ENTRY) {
                let p = Posting::read(e)?;
                if p.key > to {
                    break;
                }
                if alive(p.block) {
                    out.push(p);
                }
            }
        }
        out.sort_unstable();
        out.dedup_by_key(|p| p.key);
        out.truncate(limit);
        Ok(out)
    }

    fn every(&self, family: Family, visit: &mut dyn FnMut(&Posting)) -> Result<()> {
        for m in [&*self.frozen, &self.open].into_iter().filter_map(|m| m.get(&family)) {
            m.list.iter().for_each(|(p, _)| visit(p));
        }
        for run in self.sealed.get(&family).into_iter().flatten() {
            for p in run.clone().entries() {
                visit(&p?);
            }
        }
        Ok(())
    }

    /// The first runs that should be merged: eight neighbours of one level.
    fn due_merge(&self) -> Option<Vec<Arc<Run>>> {
        for f in Family::ALL {
            let Some(all) = self.sealed.get(&f) else { continue };
            let Some(level) = all.last().map(|r| r.name.level) else { continue };
            for l in level..=8 {
                let same: Vec<_> = all.iter().filter(|r| r.name.level == l).cloned().collect();
                if same.len() >= FANIN {
                    return Some(same.into_iter().take(FANIN).collect());
                }
            }
        }
        None
    }
}

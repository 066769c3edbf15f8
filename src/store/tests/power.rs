//! Loss of power, played: every write and sync of a working day is recorded behind the interfaces of keys and
//! blobs; then the power goes at each step, and of what was not synced anything may be missing, torn or there.
//! Every time the store opens, is whole, and holds what it had acknowledged.

use super::*;
use crate::store::error::Result as StoreResult;
use std::sync::atomic::{AtomicU64, Ordering};

/// What happened, in order.
#[derive(Clone)]
enum Step {
    Apply(Batch),
    KvSync,
    Make(String),
    Write(String, u64, Vec<u8>),
    Cut(String, u64),
    Sync(String),
    Remove(String),
    /// From here on this holds, in the place of what was promised under this name before.
    Promise(&'static str, Promise),
    /// A change is under way: what was promised holds no more, the new not yet.
    Doubt(&'static str),
}

type Promise = Arc<dyn Fn(&Store) -> std::result::Result<(), String> + Send + Sync>;
type Diary = Arc<Mutex<Vec<Step>>>;

/// Bytes that a disk writes whole or not at all.
const SECTOR: u64 = 512;

#[derive(Clone, Default)]
struct Memory {
    tree: Arc<RwLock<BTreeMap<Vec<u8>, Vec<u8>>>>,
    files: Arc<RwLock<BTreeMap<String, Vec<u8>>>>,
    diary: Diary,
}

impl Memory {
    fn note(&self, s: Step) {
        self.diary.lock().unwrap().push(s);
    }

    fn store(&self) -> StoreResult<Store> {
        crate::store::open::over(Path::new(""), Arc::new(self.clone()), Arc::new(self.clone()), 0, None)
    }
}

impl Kv for Memory {
    fn get(&self, key: &[u8]) -> StoreResult<Option<Vec<u8>>> {
        Ok(self.tree.read().unwrap().get(key).cloned())
    }
    fn apply(&self, batch: &Batch) -> StoreResult<()> {
        let mut t = self.tree.write().unwrap();
        apply(&mut t, batch);
        self.note(Step::Apply(batch.clone()));
        Ok(())
    }
    fn sync(&self) -> StoreResult<()> {
        self.note(Step::KvSync);
        Ok(())
    }
    fn range(&self, from: &[u8], to: &[u8], descending: bool, visit: kv::Visit<'_>) -> StoreResult<()> {
        let t = self.tree.read().unwrap().clone();
        let r = t.range(from.to_vec()..to.to_vec());
        let mut go = |(k, v): (&Vec<u8>, &Vec<u8>)| visit(k, v);
        if descending {
            r.rev().all(&mut go)
        } else {
            r.into_iter().all(&mut go)
        };
        Ok(())
    }
    fn size(&self) -> StoreResult<u64> {
        Ok(0)
    }
}

fn apply(t: &mut BTreeMap<Vec<u8>, Vec<u8>>, batch: &Batch) {
    for (k, v) in &batch.ops {
        match v {
            Some(v) => t.insert(k.clone(), v.clone()),
            None => t.remove(k),
        };
    }
}

struct File {
    of: Memory,
    name: String,
    /// An open file is readable after its name went.
    last: RwLock<Vec<u8>>,
}

impl File {
    fn change(&self, how: impl Fn(&mut Vec<u8>)) {
        how(&mut self.last.write().unwrap());
        if let Some(f) = self.of.files.write().unwrap().get_mut(&self.name) {
            how(f);
        }
    }
    fn bytes(&self) -> Vec<u8> {
        let there = self.of.files.read().unwrap().get(&self.name).cloned();
        there.unwrap_or_else(|| self.last.read().unwrap().clone())
    }
}

fn put(f: &mut Vec<u8>, off: u64, bytes: &[u8]) {
    let end = off as usize + bytes.len();
    if f.len() < end {
        f.resize(end, 0);
    }
    f[off as usize..end].copy_from_slice(bytes);
}

impl Blob for File {
    fn size(&self) -> u64 {
        self.bytes().len() as u64
    }
    fn read_at(&self, buf: &mut [u8], off: u64) -> StoreResult<()> {
        let all = self.bytes();
        let part = all.get(off as usize..off as usize + buf.len());
        buf.copy_from_slice(part.ok_or_else(|| StoreError::Io(format!("{} is shorter", self.name)))?);
        Ok(())
    }
    fn write_at(&self, bytes: &[u8], off: u64) -> StoreResult<()> {
        self.change(|f| put(f, off, bytes));
        self.of.note(Step::Write(self.name.clone(), off, bytes.to_vec()));
        Ok(())
    }
    fn cut(&self, len: u64) -> StoreResult<()> {
        self.change(|f| f.resize(len as usize, 0));
        self.of.note(Step::Cut(self.name.clone(), len));
        Ok(())
    }
    fn sync(&self) -> StoreResult<()> {
        self.of.note(Step::Sync(self.name.clone()));
        Ok(())
    }
}

impl Blobs for Memory {
    fn root(&self) -> Option<&Path> {
        None
    }

    fn open(&self, name: &str) -> StoreResult<Arc<dyn Blob>> {
        let last = self.files.read().unwrap().get(name).cloned();
        let last = last.ok_or_else(|| StoreError::Io(format!("{name} is not there")))?;
        Ok(Arc::new(File { of: self.clone(), name: name.into(), last: RwLock::new(last) }))
    }
    fn make(&self, name: &str) -> StoreResult<Arc<dyn Blob>> {
        if !self.has(name) {
            self.files.write().unwrap().insert(name.into(), Vec::new());
            self.note(Step::Make(name.into()));
        }
        self.open(name)
    }
    fn remove(&self, name: &str) -> StoreResult<()> {
        self.files.write().unwrap().remove(name);
        self.note(Step::Remove(name.into()));
        Ok(())
    }
    fn has(&self, name: &str) -> bool {
        self.files.read().unwrap().contains_key(name)
    }
    fn list(&self, folder: &str) -> Vec<String> {
        let below = format!("{folder}/");
        self.files.read().unwrap().keys().filter(|n| n.starts_with(&below)).cloned().collect()
    }
}

/// Numbers that look random and are the same every time.
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self, n: u64) -> u64 {
        let x = self.0.fetch_add(1, Ordering::Relaxed);
        crate::model::hash64(&["dice", &x.to_string()]) % n.max(1)
    }
}

/// What a disk may hold after the power went behind these steps.
fn after_loss(steps: &[Step], dice: &Dice, mercy: u64) -> Memory {
    let keep = |dice: &Dice| match mercy {
        0 => false,
        1 => true,
        _ => dice.roll(2) == 0,
    };
    let m = Memory::default();
    let mut batches: Vec<&Batch> = Vec::new();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut open: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    let mut tree = m.tree.write().unwrap();
    for s in steps {
        match s {
            Step::Apply(b) => batches.push(b),
            Step::KvSync => batches.drain(..).for_each(|b| apply(&mut tree, b)),
            Step::Make(name) => {
                files.insert(name.clone(), Vec::new());
                open.remove(name.as_str());
            }
            Step::Write(name, ..) | Step::Cut(name, _) | Step::Remove(name) => {
                open.entry(name).or_default().push(s);
            }
            Step::Sync(name) => {
                for s in open.remove(name.as_str()).into_iter().flatten() {
                    happen(&mut files, s);
                }
            }
            Step::Promise(..) | Step::Doubt(_) => {}
        }
    }
    // The tree's own log keeps the order of its batches; files keep none.
    let n = if mercy == 1 { batches.len() } else { dice.roll(batches.len() as u64 + 1) as usize };
    let n = if mercy == 0 { 0 } else { n };
    batches.drain(..n).for_each(|b| apply(&mut tree, b));
    for s in open.into_values().flatten() {
        if let Step::Write(name, off, bytes) = s {
            // A long write can be torn between sectors.
            let mut at = 0;
            while at < bytes.len() {
                let end = (((*off + at as u64) / SECTOR + 1) * SECTOR - *off) as usize;
                let end = end.min(bytes.len());
                if keep(dice) {
                    let part = Step::Write(name.clone(), *off + at as u64, bytes[at..end].to_vec());
                    happen(&mut files, &part);
                }
                at = end;
            }
        } else if keep(dice) {
            happen(&mut files, s);
        }
    }
    drop(tree);
    *m.files.write().unwrap() = files;
    m
}

fn happen(files: &mut BTreeMap<String, Vec<u8>>, s: &Step) {
    match s {
        Step::Write(name, off, bytes) => {
            if let Some(f) = files.get_mut(name) {
                put(f, *off, bytes);
            }
        }
        Step::Cut(name, len) => {
            if let Some(f) = files.get_mut(name) {
                f.resize(*len as usize, 0);
            }
        }
        Step::Remove(name) => {
            files.remove(name);
        }
        _ => {}
    }
}

/// A working day.
struct Day {
    m: Memory,
    s: Store,
}

impl Day {
    /// Does something, and from its end on promises something.
    fn then<T>(
        &self,
        name: &'static str,
        act: impl FnOnce(&Store) -> StoreResult<T>,
        promise: impl Fn(&Store) -> std::result::Result<(), String> + Send + Sync + 'static,
    ) -> T {
        self.m.note(Step::Doubt(name));
        let out = act(&self.s).unwrap();
        promise(&self.s).unwrap();
        self.m.note(Step::Promise(name, Arc::new(promise)));
        out
    }
}

fn item(s: &Store, id: Id) -> std::result::Result<Item, String> {
    s.reader().item(id, "ana").map_err(|e| e.to_string())?.ok_or_else(|| format!("{id} is not there"))
}

fn same<T: PartialEq + std::fmt::Debug>(a: T, b: T) -> std::result::Result<(), String> {
    if a == b { Ok(()) } else { Err(format!("{a:?} instead of {b:?}")) }
}

fn a_day() -> Memory {
    let m = Memory::default();
    let d = Day { s: m.store().unwrap(), m: m.clone() };
    let id = |n: u64| incoming(n, 0, "", State::Inbox).identity;
    let key = |s: &Store, n: u64| item(s, id(n)).unwrap().key;
    let many = |from: u64, to: u64, body: &str| {
        let items = (from..to).map(|n| incoming(n, NOW - n as i64, &format!("{body} {n}"), State::Inbox));
        Arrivals { document: true, ..arrivals(items.collect()) }
    };
    let body = move |n: u64, want: String| {
        move |s: &Store| same(item(s, id(n))?.mention.text.as_str().to_owned(), want.clone())
    };
    d.then("first", |s| s.ingest(vec![many(0, 70, "first")]), body(69, "first 69".into()));
    d.then("second", |s| s.ingest(vec![many(70, 90, "first")]), body(75, "first 75".into()));
    let one = |s: &Store, n: u64| Targets::Mentions(vec![key(s, n)]);
    let verb = |s: &Store, v: Verb, n: u64| s.act(&ana(), &v, &one(s, n), Stamp(NOW), false);
    let state = move |n: u64, want: State| move |s: &Store| same(item(s, id(n))?.state, want);
    d.then("done", |s| verb(s, Verb::Done, 3), state(3, State::Done));
    let tag = Verb::Tag { tag: "bug".into(), on: true };
    d.then("tag", |s| verb(s, tag, 4), move |s| same(item(s, id(4))?.tags.len(), 1));
    d.then(
        "note",
        |s| verb(s, Verb::Note("ask Bo".into()), 4),
        move |s| same(item(s, id(4))?.notes.first().map(|n| n.2.as_str().to_owned()), Some("ask Bo".into())),
    );
    for i in 0..3 {
        let words = format!("Dear cat, {i}");
        let want = words.clone();
        d.then(
            "draft",
            |s| s.save_draft(&ana(), key(s, 5), Writes::Own, None, &text(&words), Stamp(NOW + i)),
            move |s| {
                let d = s.reader().draft("ana", id(5)).map_err(|e| e.to_string())?;
                same(d.map(|d| d.text.as_str().to_owned()), Some(want.clone()))
            },
        );
    }
    d.then("note", |s| s.undo(&ana(), Stamp(NOW)), move |s| same(item(s, id(4))?.notes.len(), 0));
    // A poll brings an edit; postings are sealed and merged in between.
    d.then("edit", |s| s.ingest(vec![many(6, 7, "edited")]), body(6, "edited 6".into()));
    for i in 0..9u64 {
        let from = 100 + i * 5;
        d.then("more", |s| s.ingest(vec![many(from, from + 5, "more")]), body(from, format!("more {from}")));
        d.s.tend_postings(true).unwrap();
        while d.s.tend_postings(false).unwrap() {}
    }
    d.then(
        "wipe",
        |s| s.wipe(&ana(), &one(s, 7), Stamp(NOW)),
        move |s| match s.reader().item(id(7), "ana").map_err(|e| e.to_string())? {
            Some(i) if i.mention.text.as_str().contains("first") => Err("the wiped text is back".into()),
            _ => Ok(()),
        },
    );
    let heard = |n: u64| Incoming { state: State::Heard, ..incoming(n, NOW - 1, "old", State::Heard) };
    let old = |n: u64| {
        let mut i = heard(n);
        i.mention.heard_at = Stamp(NOW - 100 * 24 * 3_600_000);
        i
    };
    d.then("heard", |s| s.ingest(vec![arrivals((200..240).map(old).collect())]), state(239, State::Heard));
    d.then(
        "kept",
        |s| verb(s, Verb::Tag { tag: "keep".into(), on: true }, 201),
        move |s| same(item(s, id(201))?.tags.len(), 1),
    );
    let month = BTreeMap::from([("heard".to_owned(), Some(30 * 24 * 3_600_000))]);
    d.then(
        "heard",
        |s| s.retain(&month, Stamp(NOW)),
        move |s| same(s.reader().item(id(230), "ana").map_err(|e| e.to_string())?.is_none(), true),
    );
    d.then("last", |s| s.ingest(vec![many(300, 310, "last")]), body(305, "last 305".into()));
    m
}

#[test]
fn whatever_the_power_takes_nothing_acknowledged_is_lost() {
    let steps = a_day().diary.lock().unwrap().clone();
    let dice = Dice(0.into());
    let (mut opened, mut kept) = (0, 0);
    for end in 0..=steps.len() {
        let mut promises: BTreeMap<&str, Promise> = BTreeMap::new();
        for s in &steps[..end] {
            match s {
                Step::Promise(name, p) => {
                    promises.insert(name, p.clone());
                }
                Step::Doubt(name) => {
                    promises.remove(name);
                }
                _ => {}
            }
        }
        for mercy in 0..4 {
            let m = after_loss(&steps[..end], &dice, mercy);
            let where_ = || format!("behind step {end} of {}, mercy {mercy}", steps.len());
            let s = m.store().unwrap_or_else(|e| panic!("{}: {e}", where_()));
            s.clear_blobs();
            let (_, found) = s.check(false).unwrap();
            assert!(found.is_empty(), "{}: {found:?}", where_());
            for (name, p) in &promises {
                p(&s).unwrap_or_else(|e| panic!("{}: {name}: {e}", where_()));
                kept += 1;
            }
            opened += 1;
            // And it goes on working.
            if end % 16 == 0 {
                s.ingest(vec![arrivals(vec![incoming(999, NOW, "after", State::Inbox)])]).unwrap();
                assert!(item(&s, incoming(999, 0, "", State::Inbox).identity).is_ok());
            }
        }
    }
    assert!(opened > 800 && kept > 4000, "{opened} openings, {kept} promises");
}

/// The same walk over a store that does not sync its texts finds that out: the test can fail.
#[test]
fn a_store_that_forgets_to_sync_is_found_out() {
    let steps: Vec<Step> = a_day().diary.lock().unwrap().clone();
    let lazy: Vec<Step> =
        steps.into_iter().filter(|s| !matches!(s, Step::Sync(n) if n.starts_with("bodies/"))).collect();
    let m = after_loss(&lazy, &Dice(0.into()), 0);
    let found = m.store().and_then(|s| s.check(false));
    assert!(!found.is_ok_and(|(_, f)| f.is_empty()));
}

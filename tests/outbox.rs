//! What leaves is there once: the real program, killed at random moments, against servers that fail in every way and keep
//! what was really posted. One class of network each: an id of ours, our own posts can be looked through, neither.
//! `HEARKEN_SENDS=10000` makes it long; the table is printed (`--nocapture`).

mod common;
use common::publishers::*;
use common::*;
use hearken::config::Config;
use hearken::door::{Door, Refusal, Reply, Request};
use hearken::engine::{Engine, Here, Listen};
use hearken::model::outgoing::SendAs;
use hearken::model::{Id, Key, Mention, Stamp, State, Targets, Verb, Writes, hash64};
use hearken::store::{Arrivals, Asker, Incoming, Store};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Accounts that send at once.
const ACCOUNTS: usize = 8;

fn sends() -> usize {
    std::env::var("HEARKEN_SENDS").ok().and_then(|n| n.parse().ok()).unwrap_or(160)
}

fn words(n: usize) -> String {
    format!("Thank you, number {n}, it is fixed in the next one.")
}

/// Whoever runs this, as the program will know them.
fn owner() -> Asker {
    let uid = rustix::process::getuid().as_raw();
    Asker { who: hearken::daemon::user_name(uid).unwrap_or_else(|| format!("uid{uid}")), uid }
}

/// Where the class was tried at length already.
fn few() -> usize {
    sends().min(400)
}

/// Mentions that wait for an answer, as a source of this network would tell of them.
fn store_mentions(store: &Store, n: usize, mention: &dyn Fn(usize, &mut Mention)) {
    for first in (0..n).step_by(500) {
        let items = (first..n.min(first + 500)).map(|i| {
            let now = Stamp::now();
            let mut m = Mention {
                source: "m".into(),
                at: now,
                heard_at: now,
                text: hearken::clean::line(&format!("Question {i} about acme")),
                ..Mention::default()
            };
            mention(i, &mut m);
            Incoming {
                identity: Id(hash64(&["outbox", &i.to_string()])),
                mention: m,
                state: State::Inbox,
                link: 0,
                thread: 0,
                like: Default::default(),
            }
        });
        store.ingest(vec![Arrivals::of("m", "mastodon", "main", items.collect())]).unwrap();
    }
}

/// Mentions, a draft for each, and each of them let go: all of it on the disk, nothing has left.
fn prepare(t: &Temp, n: usize, mention: &dyn Fn(usize, &mut Mention)) {
    let data = t.path("data");
    {
        let store = Store::open(&data, 16).unwrap();
        store_mentions(&store, n, mention);
    }
    let config = Config::read(&t.path("config.toml")).unwrap_or_else(|p| panic!("{p:?}"));
    let own = owner();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::start(config, &data, own, Listen::Never).unwrap();
        let door = Here::own(engine.clone());
        for i in 0..n {
            let id = Id(hash64(&["outbox", &i.to_string()]));
            let Reply::Items(items) = door.ask(Request::Items(vec![id])).await else { panic!() };
            let mention: Key = items[0].key;
            let text = hearken::clean::draft(&words(i));
            let save = Request::SaveDraft { mention, which: Writes::Own, seen: None, text, goes: None };
            let Reply::Saved { id: draft, at, .. } = door.ask(save).await else { panic!() };
            let how = SendAs {
                saved_at: at,
                account: format!("a{}", i % ACCOUNTS),
                reason: "a test".into(),
                ..SendAs::default()
            };
            let (verb, targets) = (Verb::Send(Box::new(how)), Targets::Drafts(vec![draft]));
            match door.ask(Request::Act { verb, targets, quiet: true }).await {
                Reply::LetGo { .. } => {}
                Reply::Refused(Refusal { text, .. }) => panic!("{text}"),
                other => panic!("{other:?}"),
            }
        }
        engine.stop();
    });
}

fn outbox(t: &Temp) -> Vec<Value> {
    json_lines(&text(&run(t, &["outbox", "--json"]).stdout))
}

/// Everything leaves while the engine is killed again and again; gives how often a person was asked.
fn hostile(name: &str, t: &Temp, b: &Book, d: &Dice, n: usize) -> u32 {
    assert_eq!(outbox(t).len(), n, "all are on their way");
    let begun = Instant::now();
    let kills = 6 + n / 50;
    for _ in 0..kills {
        let e = Serving::start(t);
        std::thread::sleep(Duration::from_millis(250 + d.roll(1_500)));
        e.kill();
    }
    let e = Serving::start(t);
    let (mut asked, mut seen) = (0, std::collections::HashSet::new());
    let deadline = Instant::now() + Duration::from_secs(600 + n as u64);
    loop {
        let all = outbox(t);
        assert_eq!(all.len(), n, "each has its record");
        let count = |f: &str| all.iter().filter(|o| o["fate"] == f).count();
        if count("sent") == n {
            break;
        }
        assert_eq!(count("failed"), 0, "{:?}", all.iter().find(|o| o["fate"] == "failed"));
        assert!(Instant::now() < deadline, "{:?}", all.iter().find(|o| o["fate"] != "sent"));
        for o in all.iter().filter(|o| o["fate"] == "asks") {
            // The person looks where it should be, and says what is so.
            let (draft, text) = (o["draft"].as_str().unwrap(), o["text"].as_str().unwrap());
            let there = b.times(text) > 0;
            seen.insert(draft.to_owned());
            asked += 1;
            if there {
                ok(t, &["outbox", "posted", draft, "https://lists.example/archive"]);
            } else {
                ok(t, &["outbox", "again", draft]);
            }
        }
        std::thread::sleep(Duration::from_millis(if n > 1_000 { 3_000 } else { 200 }));
    }
    e.kill();
    let doubles = (0..n).filter(|i| b.times(&words(*i)) > 1).count();
    let lost = (0..n).filter(|i| b.times(&words(*i)) == 0).count();
    let mut failures: Vec<_> = b.failures.lock().unwrap().clone().into_iter().collect();
    failures.sort_unstable();
    println!(
        "| {name} | {n} sends | {kills} kills | doubles {doubles} | lost {lost} | asked of a person {asked} | {} s | {failures:?} |",
        begun.elapsed().as_secs()
    );
    assert_eq!((doubles, lost), (0, 0));
    // In the same batch the mention is answered.
    let limit = n.to_string();
    let answered = run(t, &["list", "--json", "--state", "all", "--limit", &limit, "is:answered"]);
    assert_eq!(json_lines(&text(&answered.stdout)).len(), n);
    asked
}

fn configure(t: &Temp, account: &dyn Fn(usize) -> String, source: &str) {
    let mut text =
        "[brand]\nname = 'Acme'\ncontact = 'ops@acme.example'\n[[topic]]\nname = 'brand'\nquery = 'acme'\n\
        [http]\nfirst_byte = '1s'\nwhole = '1s'\n[send]\nsettle = '1s'\n\
        [send.delay]\nmastodon = '0'\nmail = '0'\nbluesky = '0'\ndiscourse = '0'\nwikimedia = '0'\n"
            .to_owned();
    for i in 0..ACCOUNTS {
        text += &account(i);
        t.write(&format!("token{i}"), &format!("us{i}"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(t.path(&format!("token{i}")), mode).unwrap();
    }
    text += source;
    t.write("config.toml", &text);
}

fn configure_matrix(t: &Temp, port: u16) {
    let account = |i: usize| {
        format!(
            "[account.a{i}]\nnetwork = 'matrix'\nserver = 'http://127.0.0.1:{port}'\nuser = '@us:hs.example'\ntoken_file = 'token{i}'\n"
        )
    };
    let source = format!(
        "[[source]]\nid = 'm'\nnetwork = 'matrix'\nserver = 'http://127.0.0.1:{port}'\naccount = 'a0'\nevery = '1d'\n"
    );
    configure(t, &account, &source);
}

fn dice() -> Arc<Dice> {
    Arc::new(Dice(AtomicU64::new(0x0123_4567_89ab_cdef)))
}

#[test]
fn our_own_posts_are_looked_through_and_nothing_is_there_twice() {
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    let port = mastodon(b.clone(), d.clone());
    let account = |i: usize| {
        format!(
            "[account.a{i}]\nnetwork = 'mastodon'\nserver = 'http://127.0.0.1:{port}'\ntoken_file = 'token{i}'\n"
        )
    };
    let source = format!(
        "[[source]]\nid = 'm'\nnetwork = 'mastodon'\nserver = 'http://127.0.0.1:{port}'\ntags = ['acme']\nevery = '1d'\n"
    );
    configure(&t, &account, &source);
    let n = sends();
    prepare(&t, n, &|i, m| {
        m.network = "mastodon".into();
        m.native_id = hearken::clean::line(&format!("{i}"));
        m.url = hearken::clean::url(&format!("https://social.example/@ana/{i}"), None);
    });
    assert_eq!(hostile("our own posts can be looked through", &t, &b, &d, n), 0, "nobody is asked");
}

#[test]
fn an_id_of_ours_makes_one_post_of_many_attempts() {
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    let port = matrix(b.clone(), d.clone());
    configure_matrix(&t, port);
    let n = sends();
    prepare(&t, n, &|i, m| {
        m.network = "matrix".into();
        m.native_id = hearken::clean::line(&format!("$e{i}"));
        m.url = hearken::clean::url(&format!("https://matrix.to/#/%21a%3Ahs.example/%24e{i}"), None);
    });
    assert_eq!(hostile("an id of ours", &t, &b, &d, n), 0, "nobody is asked");
}

#[test]
fn what_nobody_can_know_is_asked_of_a_person_and_never_guessed() {
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    let port = smtp(b.clone(), d.clone());
    let account = |i: usize| {
        format!(
            "[account.a{i}]\nnetwork = 'mail'\nserver = 'imap://127.0.0.1:1'\nsmtp = 'smtp://127.0.0.1:{port}'\n\
             user = 'us{i}@acme.example'\npassword_file = 'token{i}'\n"
        )
    };
    let source = "[[source]]\nid = 'm'\nnetwork = 'mail'\nmaildir = 'nowhere'\nevery = '1d'\n";
    configure(&t, &account, source);
    let n = sends();
    prepare(&t, n, &|i, m| {
        m.network = "mail".into();
        m.native_id = hearken::clean::line(&format!("q{i}@home.example"));
        m.title = hearken::clean::line("Question");
        m.author.native = hearken::clean::line("ana@home.example");
        m.author.name = hearken::clean::line("Ana");
    });
    assert!(hostile("neither", &t, &b, &d, n) > 0, "some cannot be known");
}

#[test]
fn a_record_has_a_key_of_ours_and_is_there_once() {
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    let port = bluesky(b.clone(), d.clone());
    let server = format!("network = 'bluesky'\nserver = 'http://127.0.0.1:{port}'\n");
    let account =
        |i: usize| format!("[account.a{i}]\n{server}user = 'us{i}.test'\npassword_file = 'token{i}'\n");
    configure(
        &t,
        &account,
        &format!("[[source]]\nid = 'm'\n{server}account = 'a0'\nmentions = true\nevery = '1d'\n"),
    );
    let n = few();
    prepare(&t, n, &|i, m| {
        m.network = "bluesky".into();
        m.native_id = hearken::clean::line(&format!("at://did:plc:ana/app.bsky.feed.post/q{i}"));
        m.url = hearken::clean::url(&format!("https://bsky.app/profile/ana/post/q{i}"), None);
    });
    assert_eq!(hostile("Bluesky", &t, &b, &d, n), 0, "nobody is asked");
}

#[test]
fn a_forum_that_calls_it_too_similar_has_it_already() {
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    let port = discourse(b.clone(), d.clone());
    let server = format!("network = 'discourse'\nserver = 'http://127.0.0.1:{port}'\n");
    let account = |i: usize| format!("[account.a{i}]\n{server}user = 'us{i}'\ntoken_file = 'token{i}'\n");
    configure(&t, &account, &format!("[[source]]\nid = 'm'\n{server}posts = true\nevery = '1d'\n"));
    // It gives each account few requests a minute.
    let n = few() / 2;
    prepare(&t, n, &|i, m| {
        m.network = "discourse".into();
        m.native_id = hearken::clean::line(&format!("{i}"));
        m.url = hearken::clean::url(&format!("http://127.0.0.1:{port}/t/x/{}/1", i + 1), None);
    });
    assert_eq!(hostile("Discourse", &t, &b, &d, n), 0, "nobody is asked");
}

#[test]
fn a_talk_page_is_written_to_once() {
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    let port = wiki(b.clone(), d.clone());
    let server = format!("network = 'wikimedia'\nserver = 'http://127.0.0.1:{port}'\n");
    let account = |i: usize| format!("[account.a{i}]\n{server}user = 'us{i}'\ntoken_file = 'token{i}'\n");
    configure(&t, &account, &format!("[[source]]\nid = 'm'\n{server}pages = ['x']\nevery = '1d'\n"));
    let n = sends();
    prepare(&t, n, &|i, m| {
        m.network = "wikimedia".into();
        m.native_id = hearken::clean::line(&format!("127.0.0.1 {i}"));
        m.title = hearken::clean::line(&format!("Question {i}"));
        m.url = hearken::clean::url(&format!("http://127.0.0.1:{port}/index.php?title=Question_{i}"), None);
    });
    assert_eq!(hostile("MediaWiki", &t, &b, &d, n), 0, "nobody is asked");
}

/// What a draft's header says of promotion is what the log says: who let what go, as what, and that it left.
#[test]
fn the_promo_ledger_is_what_the_log_says() {
    use hearken::model::outgoing::Class;
    use hearken::model::{Entry, Stage, Target, Value as V};
    let (t, b, d) = (Temp::new(), Arc::new(Book::default()), dice());
    b.well.store(true, Ordering::SeqCst);
    let port = matrix(b.clone(), d.clone());
    configure_matrix(&t, port);
    let n = 40;
    {
        let store = Store::open(&t.path("data"), 16).unwrap();
        store_mentions(&store, n + 3, &|i, m| {
            m.network = "matrix".into();
            m.community = hearken::clean::line(&format!("#room{}:hs.example", i % 3));
            m.native_id = hearken::clean::line(&format!("$e{i}"));
            m.url = hearken::clean::url(&format!("https://matrix.to/#/%21a%3Ahs.example/%24e{i}"), None);
        });
    }
    let config = Config::read(&t.path("config.toml")).unwrap_or_else(|p| panic!("{p:?}"));
    let own = owner();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::start(config, &t.path("data"), own, Listen::Soon).unwrap();
        let door = Here::own(engine.clone());
        let id = |i: usize| Id(hash64(&["outbox", &i.to_string()]));
        for i in 0..n {
            let Reply::Items(items) = door.ask(Request::Items(vec![id(i)])).await else { panic!() };
            let save = Request::SaveDraft {
                mention: items[0].key,
                which: Writes::Own,
                seen: None,
                text: hearken::clean::draft(&words(i)),
                goes: None,
            };
            let Reply::Saved { id: draft, at, .. } = door.ask(save).await else { panic!() };
            let how = SendAs {
                saved_at: at,
                account: format!("a{}", i % 2),
                reason: "a test".into(),
                class: Some(Class::ALL[d.roll(4) as usize]),
                ..SendAs::default()
            };
            let (verb, targets) = (Verb::Send(Box::new(how)), Targets::Drafts(vec![draft]));
            let reply = door.ask(Request::Act { verb, targets, quiet: false }).await;
            assert!(matches!(reply, Reply::LetGo { .. }), "{reply:?}");
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let Reply::Outbox(all) = door.ask(Request::Outbox).await else { panic!() };
            if all.iter().filter(|o| o.fate == Some(hearken::model::outgoing::Fate::Sent)).count() == n {
                break;
            }
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // The log alone: the last word of what each was for, of those that left.
        let Reply::Log(rows) = door.ask(Request::Log { about: None, limit: 10_000 }).await else { panic!() };
        let mut entries: Vec<Entry> = rows.into_iter().map(|r| r.entry).collect();
        entries.sort_by_key(|e| e.seq);
        let (mut class, mut left) = (HashMap::new(), HashMap::new());
        for e in &entries {
            for c in &e.changes {
                match (&c.target, &c.to, e.verb.as_str()) {
                    (Target::Draft(d), V::Stage(Stage::Going(g)), "send") => {
                        class.insert(*d, (g.class, g.account.clone()));
                    }
                    (Target::Draft(d), V::Answered(Some(_)), "sent") => {
                        let about = e.changes.iter().find_map(|c| match c.target {
                            Target::Mention(k) => Some(k.id),
                            _ => None,
                        });
                        left.insert(*d, about.unwrap());
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(left.len(), n);
        for room in 0..3 {
            let here = |about: &Id| (0..n).any(|i| i % 3 == room && id(i) == *about);
            let mine: Vec<Class> =
                left.iter().filter(|(_, about)| here(about)).map(|(d, _)| class[d].0).collect();
            let promo = mine.iter().filter(|c| c.is_promo()).count();
            // What the header of a new draft in that room says.
            let next = Request::Preflight {
                draft: None,
                mention: id(n + (room + 3 - n % 3) % 3),
                how: Box::default(),
            };
            let Reply::Preflight(p) = door.ask(next).await else { panic!() };
            assert!(
                p.promo.starts_with(&format!("promo {promo}/{}", mine.len())),
                "{room}: {} {mine:?}",
                p.promo
            );
        }
        engine.stop();
    });
}

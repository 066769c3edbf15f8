//! What is looked at before an answer leaves, on a store of some size: `cargo bench --bench preflight -- 100000 10000` (mentions,
//! and answers of ours) prints the first look at a community (nothing is known of it yet), 300 looks behind it, each at
//! another draft, looks just after an answer was recorded, and the list of drafts.
//! Links are asked by tasks of their own and are not waited for; there is no network.

use hearken::config::Config;
use hearken::door::{Door, Reply, Request};
use hearken::engine::{Engine, Here, Listen};
use hearken::model::{Author, Id, Mention, Stamp, State, Targets, Text, Verb, Writes, hash64};
use hearken::store::{Arrivals, Asker, Incoming, Store};
use std::time::{Duration, Instant};

const CONFIG: &str = "[brand]\nname = 'Acme'\nproducts = ['Acme Tin']\ndomains = ['acme.example']\n[[topic]]\nname = 'brand'\nquery = 'acme'\n\
    [account.us]\nnetwork = 'mastodon'\nserver = 'https://social.example'\nuser = 'us'\ntoken_file = 'token'\n\
    [[source]]\nid = 's'\nnetwork = 'mastodon'\nserver = 'https://social.example'\ntags = ['acme']\nevery = '1d'\n";
const WORDS: [&str; 12] =
    ["tin", "cat", "ring", "lid", "open", "vet", "gravy", "price", "shop", "late", "thanks", "broken"];
const LOOKS: u64 = 300;

fn id(n: u64) -> Id {
    Id(hash64(&["preflight", &n.to_string()]))
}

fn mention(n: u64, total: u64) -> Incoming {
    let at = Stamp::now().plus(-(30 * 86_400_000 / total as i64) * (total - n) as i64);
    let words: Vec<&str> =
        (0..40).map(|i| WORDS[(hash64(&[&n.to_string(), &i.to_string()]) % 12) as usize]).collect();
    let who = n % 5_000;
    let m = Mention {
        native_id: hearken::clean::line(&n.to_string()),
        source: "s".into(),
        network: "mastodon".into(),
        community: Text::ours("social.example"),
        url: hearken::clean::url(&format!("https://social.example/@p{who}/{n}"), None),
        text: hearken::clean::line(&format!("acme {n} {}", words.join(" "))),
        author: Author {
            name: hearken::clean::line(&format!("p{who}")),
            scope: Text::ours("mastodon social.example"),
            native: hearken::clean::line(&who.to_string()),
        },
        at,
        heard_at: at,
        lang: "en".into(),
        ..Mention::default()
    };
    Incoming {
        identity: id(n),
        mention: m,
        state: State::Inbox,
        link: 0,
        thread: 0,
        like: Default::default(),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let n: u64 = args.first().and_then(|a| a.parse().ok()).unwrap_or(100_000);
    let answers: u64 =
        args.get(1).and_then(|a| a.parse().ok()).unwrap_or(100).min(n.saturating_sub(LOOKS + 100));
    let dir = std::env::temp_dir().join(format!("hearken-preflight-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("the folder");
    std::fs::write(dir.join("token"), "x").expect("the token");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(dir.join("token"), mode).expect("the token");
    std::fs::write(dir.join("config.toml"), CONFIG).expect("the configuration");
    let data = dir.join("data");
    {
        let store = Store::open(&data, 64).expect("the store");
        for first in (0..n).step_by(1_000) {
            let items = (first..n.min(first + 1_000)).map(|i| mention(i, n)).collect();
            store.ingest(vec![Arrivals::of("s", "mastodon", "main", items)]).expect("stored");
        }
        let mut elsewhere = mention(n, n);
        elsewhere.mention.community = Text::ours("elsewhere.example");
        store.ingest(vec![Arrivals::of("s", "mastodon", "main", vec![elsewhere])]).expect("stored");
        // What we said until now, spread over the window.
        let own = Asker { who: "owner".into(), uid: 0 };
        for i in 0..answers {
            let key = store.reader().item(id(LOOKS + 100 + i), "").expect("read").expect("there").key;
            let at = Stamp::now().plus(-(80 * 86_400_000 / answers as i64) * (answers - i) as i64);
            let words =
                hearken::clean::draft(&format!("Thank you, number {i}: the Acme Tin opens with the ring"));
            store.save_draft(&own, key, Writes::Own, None, &words, at).expect("saved");
            let there = Verb::Answered(format!("https://social.example/@us/{i}"));
            store.act(&own, &there, &Targets::Mentions(vec![key]), at, true).expect("answered");
        }
    }
    let config = Config::read(&dir.join("config.toml")).expect("the configuration");
    let asker = Asker { who: "owner".into(), uid: rustix::process::getuid().as_raw() };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("tokio");
    runtime.block_on(async {
        let engine = Engine::start(config, &data, asker, Listen::Never).expect("the engine");
        let door = Here::own(engine.clone());
        // Someone is watched, a hundred were answered, and all is filed.
        let keys: Vec<_> = match door.ask(Request::Items((0..LOOKS + 100).map(id).collect())).await {
            Reply::Items(items) => items.into_iter().map(|i| (i.id, i.key)).collect(),
            other => panic!("{other:?}"),
        };
        let act = |verb: Verb, key| Request::Act { verb, targets: Targets::Mentions(vec![key]), quiet: true };
        for (i, (_, key)) in keys.iter().enumerate().skip(LOOKS as usize) {
            let url = format!("https://social.example/@us/{i}");
            door.ask(act(Verb::Answered(url), *key)).await;
            door.ask(act(Verb::Vip(true), *key)).await;
        }
        // The engine reads at its start what was said; here the first look does, at another place.
        let begun = Instant::now();
        let ask = Request::Preflight { draft: None, mention: id(n), how: Box::default() };
        let Reply::Preflight(_) = door.ask(ask).await else { panic!("no preflight") };
        let read = begun.elapsed();
        let mut times = Vec::new();
        for (i, (mention, key)) in keys.iter().take(LOOKS as usize).enumerate() {
            let text = hearken::clean::draft(&format!(
                "Thank you! The Acme Tin opens with the ring, see https://acme.example/{i}"
            ));
            let save = Request::SaveDraft { mention: *key, which: Writes::Own, seen: None, text, goes: None };
            let Reply::Saved { id: draft, .. } = door.ask(save).await else { panic!("not saved") };
            let begun = Instant::now();
            let ask = Request::Preflight { draft: Some(draft), mention: *mention, how: Box::default() };
            let Reply::Preflight(p) = door.ask(ask).await else { panic!("no preflight") };
            times.push(begun.elapsed());
            assert!(!p.checks.is_empty());
        }
        let mut behind = Vec::new();
        for i in 0..20 {
            let (_, key) = keys[LOOKS as usize + i];
            door.ask(act(Verb::Answered(format!("https://social.example/@us/again{i}")), key)).await;
            let begun = Instant::now();
            let ask = Request::Preflight { draft: None, mention: keys[i].0, how: Box::default() };
            let Reply::Preflight(_) = door.ask(ask).await else { panic!("no preflight") };
            behind.push(begun.elapsed());
        }
        let begun = Instant::now();
        let Reply::Drafts(drafts) = door.ask(Request::Drafts).await else { panic!("no drafts") };
        let listed = begun.elapsed();
        engine.stop();
        let first = times.remove(0);
        times.sort_unstable();
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let at = |q: usize| ms(times[times.len() * q / 100]);
        println!("mentions {n}, answers {answers}");
        println!("what was said is read, once, at the start: {:.1} ms", ms(read));
        println!("first look at the community: {:.1} ms", ms(first));
        println!(
            "{} looks behind it: p50 {:.2} ms, p95 {:.2} ms, most {:.2} ms",
            times.len(),
            at(50),
            at(95),
            at(99)
        );
        behind.sort_unstable();
        println!("just after an answer: p50 {:.1} ms, most {:.1} ms", ms(behind[10]), ms(behind[19]));
        println!("the list of drafts: {} in {:.1} ms", drafts.len(), ms(listed));
    });
    let _ = std::fs::remove_dir_all(&dir);
}

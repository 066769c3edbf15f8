//! Clocks with the real program: what is late is marked, asked for, put first, explained, and escalated by a rule, once.

mod common;
use common::*;
use hearken::model::{Id, Mention, Stamp, State, hash64};
use hearken::store::{Arrivals, Incoming, Store};

const HOUR: i64 = 3_600_000;

fn mention(n: u64, network: &str, heard: Stamp, words: &str) -> Incoming {
    let mention = Mention {
        source: "m".into(),
        network: network.into(),
        at: heard,
        heard_at: heard,
        text: hearken::clean::line(words),
        title: hearken::clean::line(words),
        ..Mention::default()
    };
    let identity = Id(hash64(&["clock", &n.to_string()]));
    Incoming { identity, mention, state: State::Inbox, link: 0, thread: 0, like: Default::default() }
}

#[test]
fn what_is_late_is_asked_for_explained_and_escalated_once() {
    let t = Temp::new();
    t.write(
        "config.toml",
        "[brand]\nname = 'Acme'\n[[topic]]\nname = 'brand'\nquery = 'acme'\n[targets]\nhackernews = '1h+'\nfeed = '30d+'\n",
    );
    t.write(
        "rules.toml",
        "[[rule]]\nname = 'late'\nwhen = 'is:late'\ndo = ['tag escalated']\n\
         [[rule]]\nname = 'other'\nwhen = 'acme'\ndo = ['tag seen']\n",
    );
    let now = Stamp::now();
    {
        let store = Store::open(&t.path("data"), 16).unwrap();
        let all = vec![
            mention(1, "hackernews", now.plus(-5 * HOUR), "acme tins rust"),
            mention(2, "feed", now.plus(-4 * HOUR), "a recipe with acme"),
            mention(3, "hackernews", now, "acme is on the front page"),
        ];
        store.ingest(vec![Arrivals::of("m", "hackernews", "main", all)]).unwrap();
    }
    let list = |q: &str| {
        let mut all: Vec<String> = json_lines(&text(&run(&t, &["list", "--json", q]).stdout))
            .iter()
            .map(|m| m["title"].as_str().unwrap().to_owned())
            .collect();
        all.sort();
        all
    };
    assert_eq!(list("is:late"), ["acme tins rust"]);
    assert_eq!(list("acme -is:late"), ["a recipe with acme", "acme is on the front page"]);
    until("the rule for what is late", || match list("tag:escalated").as_slice() {
        [one] if one == "acme tins rust" => Ok(()),
        other => Err(format!("{other:?}")),
    });
    // It is told once, and the other rules are for what is new.
    assert!(list("tag:seen").is_empty());
    let first = ok(&t, &["search", "--json", "--sort", "due", "acme"]);
    let first: Vec<String> =
        json_lines(&first).iter().map(|m| m["title"].as_str().unwrap().to_owned()).collect();
    assert_eq!(first, ["acme tins rust", "acme is on the front page", "a recipe with acme"]);
    // Answered, nobody waits.
    let id = json_lines(&ok(&t, &["list", "--json", "is:late"]))[0]["id"].as_str().unwrap().to_owned();
    ok(&t, &["answered", &id, "https://news.example/1"]);
    assert!(list("is:late").is_empty());
}

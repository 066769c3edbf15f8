//! Searching with the real program: by index and by reading, best first, how many, after a kill, after a wipe.

mod common;
use common::*;
use std::process::{Child, Stdio};

/// An engine in the foreground that is killed with the test.
struct Serving(Child);

impl Serving {
    fn start(t: &Temp) -> Serving {
        let mut s = Serving(hearken(t).arg("serve").stderr(Stdio::null()).spawn().unwrap());
        until("the engine answers", || {
            assert!(s.0.try_wait().unwrap().is_none(), "the engine ended");
            run(t, &["status"]).status.success().then_some(()).ok_or_else(String::new)
        });
        s
    }

    /// As by `kill -9`: nothing is closed.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lines `from..to` of an import; every tenth tells of a lid, every hundredth of a leaking one.
fn lines(t: &Temp, name: &str, from: u32, to: u32) -> String {
    let line = |n: u32| {
        let what = match n {
            n if n % 100 == 7 => "the lid leaks, a leaking lid is a bad lid",
            n if n % 10 == 7 => "the lid is good",
            _ => "a bowl of food and a long story about the garden",
        };
        let (hour, minute) = (n / 60 % 24, n % 60);
        format!(
            "{{\"text\":\"{what} {n}\",\"at\":\"2026-05-{:02}T{hour:02}:{minute:02}:00Z\",\"author\":\"ana{}\",\"url\":\"https://b{}.example/{n}\"}}\n",
            n / 1440 % 28 + 1,
            n % 3,
            n % 5
        )
    };
    t.write(name, &(from..to).map(line).collect::<String>());
    t.path(name).to_str().unwrap().to_owned()
}

fn filed(t: &Temp) -> (u64, u64) {
    let d = run(t, &["doctor", "--json"]);
    let v = &json_lines(&text(&d.stdout))[0]["search"];
    (v["filed"].as_u64().unwrap(), v["waiting"].as_u64().unwrap())
}

fn counts(t: &Temp) -> Vec<String> {
    [
        "lid",
        "leak*",
        "lid -leaks",
        "\"bad lid\"",
        "author:ana1 lid",
        "site:b2.example",
        "is:heard lid OR tag:late",
        "/gard[a-z]n/",
    ]
    .iter()
    .map(|q| ok(t, &["search", q, "--count"]).trim().to_owned())
    .collect()
}

#[test]
fn what_was_heard_is_found_by_index_and_by_reading_after_a_kill_and_not_after_a_wipe() {
    let t = Temp::new();
    t.write("config.toml", "[brand]\nname = \"Acme\"\n");
    let mut engine = Serving::start(&t);
    ok(&t, &["import", &lines(&t, "one.jsonl", 0, 2000)]);
    // What is there is found at once, filed or not.
    let want = ["200", "20", "180", "20", "67", "400", "200", "1800"];
    assert_eq!(counts(&t), want);
    until("all is filed", || {
        let f = filed(&t);
        (f == (2000, 0)).then_some(()).ok_or_else(|| format!("{f:?}"))
    });
    assert_eq!(counts(&t), want);
    // More comes, and the engine is killed before it is filed, or while it is.
    ok(&t, &["import", &lines(&t, "two.jsonl", 2000, 4000)]);
    engine.kill();
    let mut engine = Serving::start(&t);
    let want = ["400", "40", "360", "40", "134", "800", "400", "3600"];
    assert_eq!(counts(&t), want);
    until("all is filed again", || {
        let f = filed(&t);
        (f == (4000, 0)).then_some(()).ok_or_else(|| format!("{f:?}"))
    });
    assert_eq!(counts(&t), want);
    // What is done to mentions counts at once.
    let some = json_lines(&ok(&t, &["search", "leaks | limit 3", "--json"]));
    assert_eq!(some.len(), 3);
    for m in &some {
        ok(&t, &["done", m["id"].as_str().unwrap()]);
    }
    ok(&t, &["tag", "late", some[0]["id"].as_str().unwrap()]);
    assert_eq!(ok(&t, &["search", "lid is:heard", "--count"]).trim(), "397");
    assert_eq!(ok(&t, &["search", "tag:late", "--count"]).trim(), "1");
    // The best first: what says lid three times; then the oldest first; and a mistake is told.
    let best = json_lines(&ok(&t, &["search", "lid", "--sort", "score", "--limit", "45", "--json"]));
    assert!(best[..40].iter().all(|m| m["text"].as_str().unwrap().contains("leaks")));
    assert!(best[40..].iter().all(|m| m["text"].as_str().unwrap().contains("good")));
    assert!(best[0]["score"].as_f64() > best[44]["score"].as_f64());
    let old = json_lines(&ok(&t, &["search", "lid | sort time asc | limit 2", "--json"]));
    assert!(
        old[0]["at"].as_str() < old[1]["at"].as_str() && old[0]["text"].as_str().unwrap().ends_with(" 7")
    );
    let o = run(&t, &["search", "lid | sort reach"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("sorted by time"), "{}", text(&o.stderr));
    assert_eq!(run(&t, &["search", "zebra"]).status.code(), Some(3));
    // What is wiped is not found, and no list of words on the disk has it.
    ok(
        &t,
        &["import", &{
            t.write("three.jsonl", "{\"text\":\"kwyjibo lid\",\"at\":\"2026-05-02T14:00:00Z\"}\n");
            t.path("three.jsonl").to_str().unwrap().to_owned()
        }],
    );
    let id = json_lines(&ok(&t, &["search", "kwyjibo", "--json"]))[0]["id"].as_str().unwrap().to_owned();
    ok(&t, &["wipe", &id]);
    assert_eq!(run(&t, &["search", "kwyjibo"]).status.code(), Some(3));
    assert_eq!(ok(&t, &["search", "lid", "--count"]).trim(), "400");
    ok(&t, &["stop"]);
    let _ = engine.0.wait();
    ok(&t, &["check"]);
    // The index is thrown away by somebody: it comes again by itself.
    std::fs::remove_dir_all(t.path("data/search")).unwrap();
    let _engine = Serving::start(&t);
    assert_eq!(ok(&t, &["search", "lid", "--count"]).trim(), "400");
    until("all is filed anew", || {
        let f = filed(&t);
        (f == (4000, 0)).then_some(()).ok_or_else(|| format!("{f:?}"))
    });
    assert_eq!(ok(&t, &["search", "lid", "--count"]).trim(), "400");
}

#[test]
fn queries_of_other_tools_are_taken_over_and_what_is_different_is_said() {
    let t = Temp::new();
    let o = run(&t, &["query", "import", "--from", "google", "acme OR \"acme inc\" pump filetype:pdf"]);
    assert_eq!((o.status.code(), text(&o.stdout).trim()), (Some(0), "(acme OR \"acme inc\") pump"));
    assert!(text(&o.stderr).contains("filetype:pdf was left out"));
    let o = run(&t, &["query", "import", "--json", "--from", "f5bot", "acme no-reddit"]);
    assert_eq!(json_lines(&text(&o.stdout))[0]["query"], "acme -site:reddit.com");
    let o = run(&t, &["query", "import", "--from", "talkwalker", "country:de"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("nothing of it can be searched here"));
}

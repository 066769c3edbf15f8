//! The same posts searched by other tools: `cargo bench --bench compare -- 100000 [folder] [no-notmuch]`. ripgrep reads JSON
//! lines; SQLite's FTS5 and notmuch have indexes of their own. What is not installed is left out and said. Times are those of
//! the newest 21 and of the number; SQLite's are its own timer's, ripgrep's and notmuch's hold the start of their process.

mod posts;

use hearken::model::{Item, Mention, Stamp, State};
use hearken::query::{Context, Doc, Query, Scope};
use hearken::store::{Arrivals, PageQuery, Store, Wanted};
use posts::{BEGIN, MONTH_MS, by_frequency, mention, texts};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

fn there(tool: &str) -> bool {
    let found =
        Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        println!("SKIPPED: {tool} is not installed");
    }
    found
}

fn size(path: &Path) -> u64 {
    match std::fs::metadata(path) {
        Ok(m) if m.is_dir() => {
            std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| size(&e.path())).sum()
        }
        Ok(m) => m.len(),
        Err(_) => 0,
    }
}

struct Shape {
    name: &'static str,
    ours: String,
    /// Patterns that a line must have, and one that it must not.
    rg: (Vec<String>, Option<String>),
    fts: String,
    notmuch: String,
}

fn shapes(words: &[String]) -> Vec<Shape> {
    let w = |n: usize| words[n.min(words.len() - 1)].clone();
    let (a, b, mid, rare) = (w(0), w(1), w(900), w(12_000));
    let line = |s: &str| format!(r"\b{s}\b");
    vec![
        Shape {
            name: "a rare word",
            ours: rare.clone(),
            rg: (vec![line(&rare)], None),
            fts: rare.clone(),
            notmuch: rare.clone(),
        },
        Shape {
            name: "a middling word",
            ours: mid.clone(),
            rg: (vec![line(&mid)], None),
            fts: mid.clone(),
            notmuch: mid.clone(),
        },
        Shape {
            name: "a common word",
            ours: a.clone(),
            rg: (vec![line(&a)], None),
            fts: a.clone(),
            notmuch: a.clone(),
        },
        Shape {
            name: "common AND common",
            ours: format!("{a} {b}"),
            rg: (vec![line(&a), line(&b)], None),
            fts: format!("{a} AND {b}"),
            notmuch: format!("{a} and {b}"),
        },
        Shape {
            name: "common, not common",
            ours: format!("{a} -{b}"),
            rg: (vec![line(&a)], Some(line(&b))),
            fts: format!("{a} NOT {b}"),
            notmuch: format!("{a} and not {b}"),
        },
        Shape {
            name: "a phrase of common words",
            ours: format!("\"of {a}\""),
            rg: (vec![format!(r"\bof {a}\b")], None),
            fts: format!("\"of {a}\""),
            notmuch: format!("\"of {a}\""),
        },
    ]
}

fn main() {
    hearken::paths::one_heap();
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let total: u64 = args.first().and_then(|a| a.parse().ok()).unwrap_or(20_000);
    let dir = args.get(1).map_or_else(
        || std::env::temp_dir().join(format!("hearken-compare-{}", std::process::id())),
        PathBuf::from,
    );
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("a folder");
    let mail = there("notmuch") && !args.iter().any(|a| a == "no-notmuch");
    let (rg, sqlite) = (there("rg"), there("sqlite3"));
    let texts = texts();
    let words = by_frequency(&texts);
    let (lines, db, maildir) = (dir.join("posts.jsonl"), dir.join("fts.db"), dir.join("mail"));
    // The same posts in every form.
    let mut bytes = 0;
    let mut out = BufWriter::new(std::fs::File::create(&lines).expect("a file"));
    let mut sql = BufWriter::new(std::fs::File::create(dir.join("in.sql")).expect("a file"));
    writeln!(
        sql,
        "create virtual table f using fts5(title, body, content='', tokenize='unicode61');\nbegin;"
    )
    .expect("written");
    for n in 0..total {
        let m = mention(n, total, &texts).mention;
        bytes += (m.title.len() + m.text.len()) as u64;
        let v = serde_json::json!({"id": n, "title": m.title.as_str(), "text": m.text.as_str(), "source": m.source});
        writeln!(out, "{v}").expect("written");
        let quoted = |s: &str| s.replace('\'', "''").replace('\0', "");
        writeln!(
            sql,
            "insert into f(rowid, title, body) values ({}, '{}', '{}');",
            n + 1,
            quoted(&m.title),
            quoted(&m.text)
        )
        .expect("written");
        if mail {
            let folder = maildir.join(format!("{}/cur", n / 5_000));
            if n % 5_000 == 0 {
                for part in ["cur", "new", "tmp"] {
                    std::fs::create_dir_all(maildir.join(format!("{}/{part}", n / 5_000))).expect("a folder");
                }
            }
            let date = chrono::DateTime::from_timestamp_millis(m.at.0).unwrap_or_default().to_rfc2822();
            let subject = m.title.replace(['\n', '\r'], " ");
            let letter = format!(
                "From: a@{}.example\nTo: b@c.example\nSubject: {subject}\nMessage-ID: <{n}@bench.example>\nDate: {date}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}\n",
                m.source, m.text
            );
            std::fs::write(folder.join(format!("{n}:2,S")), letter).expect("written");
        }
    }
    writeln!(sql, "commit;").expect("written");
    drop((out, sql));
    println!("{total} posts, {} MB of text", bytes >> 20);
    println!("{:<12} {:>10} {:>12} {:>8}", "tool", "seconds", "index, MB", "of text");
    let made = |tool: &str, seconds: f64, index: u64| {
        println!(
            "{tool:<12} {seconds:>10.1} {:>12} {:>6.0} %",
            index >> 20,
            index as f64 * 100.0 / bytes as f64
        );
    };
    let begun = Instant::now();
    let store = Store::open(&dir.join("store"), 64).expect("a store");
    let mut n = 0;
    while n < total {
        let items = (n..(n + 500).min(total)).map(|i| mention(i, total, &texts)).collect();
        store.ingest(vec![Arrivals::of("bench", "feed", "main", items)]).expect("ingest");
        while store.tend().expect("tend") || store.index(false).expect("index") {}
        n += 500;
    }
    while store.index(true).expect("index") {}
    store.index_rest().expect("rest");
    made("hearken", begun.elapsed().as_secs_f64(), size(&dir.join("store/search")));
    println!(
        "             (storing them too, on one thread; the whole store is {} MB)",
        size(&dir.join("store")) >> 20
    );
    if sqlite {
        let begun = Instant::now();
        let input = std::fs::File::open(dir.join("in.sql")).expect("the statements");
        let _ = Command::new("sqlite3").arg(&db).stdin(input).stdout(Stdio::null()).status();
        made("sqlite fts5", begun.elapsed().as_secs_f64(), size(&db));
    }
    let conf = dir.join("notmuch.conf");
    if mail {
        let text = format!(
            "[database]\npath={}\n[user]\nname=a\nprimary_email=a@b.example\n[new]\ntags=\n[search]\nexclude_tags=\n",
            maildir.display()
        );
        std::fs::write(&conf, text).expect("written");
        let begun = Instant::now();
        let _ = Command::new("notmuch").env("NOTMUCH_CONFIG", &conf).args(["new", "--quiet"]).status();
        made("notmuch", begun.elapsed().as_secs_f64(), size(&maildir.join(".notmuch")));
    }
    println!(
        "\n{:<26} {:>20} {:>20} {:>20} {:>20}   (newest 21 / number, ms; how many)",
        "", "hearken", "rg", "sqlite fts5", "notmuch"
    );
    for s in shapes(&words) {
        let cell = |first: f64, count: f64, n: &str| format!("{first:.1}/{count:.1} {n}");
        let ours = ours(&store, &s.ours, &cell);
        let rg = if rg { ripgrep(&lines, &s.rg, &cell) } else { String::new() };
        let fts = if sqlite { fts5(&db, &s.fts, &cell) } else { String::new() };
        let mail = if mail { notmuch(&conf, &s.notmuch, &cell) } else { String::new() };
        println!("{:<26} {ours:>20} {rg:>20} {fts:>20} {mail:>20}", s.name);
    }
    let _ = std::fs::remove_dir_all(&dir);
}

/// The middle one of five.
fn middle(mut run: impl FnMut() -> String) -> (f64, String) {
    let mut all: Vec<(f64, String)> = (0..5)
        .map(|_| {
            let t = Instant::now();
            let said = run();
            (t.elapsed().as_secs_f64() * 1000.0, said)
        })
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.swap_remove(2)
}

fn ours(store: &Store, query: &str, cell: &dyn Fn(f64, f64, &str) -> String) -> String {
    let q = Query::parse(query, Scope::View).expect("a query");
    let cx = Context { now: Stamp(BEGIN + MONTH_MS as i64), me: Some("ana"), ..Context::default() };
    let published = |m: &Mention| q.matches_in(&Doc::of_mention(m), &cx).is_some();
    let wanted = Wanted::Mention(&published);
    let r = store.reader();
    let page = PageQuery::newest(&State::ALL, "ana", 21);
    let first = middle(|| {
        let found = r.find(&q.plan(&cx), "ana").expect("find");
        let items: Vec<Item> = r.page_of(&page, Some(wanted), found.as_ref()).expect("page").items;
        items.len().to_string()
    });
    // Everything is counted to the end, as the others do.
    let count = middle(|| {
        let found = r.find(&q.plan(&cx), "ana").expect("find");
        r.count(page.states, "ana", Some(wanted), found.as_ref(), &mut |_| true).expect("count").0.to_string()
    });
    cell(first.0, count.0, &count.1)
}

fn ripgrep(
    file: &Path,
    (have, not): &(Vec<String>, Option<String>),
    cell: &dyn Fn(f64, f64, &str) -> String,
) -> String {
    let mut command = format!("rg -i -N '{}' {}", have[0], file.display());
    for h in &have[1..] {
        command += &format!(" | rg -i '{h}'");
    }
    if let Some(n) = not {
        command += &format!(" | rg -i -v '{n}'");
    }
    let shell = |c: &str| {
        let o = Command::new("sh").args(["-c", c]).output().expect("a shell");
        String::from_utf8_lossy(&o.stdout).trim().to_owned()
    };
    // The newest stand at the end.
    let first = middle(|| shell(&format!("{command} | tail -n 21 | wc -l")));
    let count = middle(|| shell(&format!("{command} | wc -l")));
    cell(first.0, count.0, &count.1)
}

fn fts5(db: &Path, query: &str, cell: &dyn Fn(f64, f64, &str) -> String) -> String {
    let q = query.replace('\'', "''");
    let ask = |sql: String| {
        // The timer speaks only of what is read from a script.
        let mut child = Command::new("sqlite3")
            .arg(db)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sqlite3");
        let mut script = child.stdin.take().expect("its input");
        script.write_all(format!(".timer on\n{sql}\n").as_bytes()).expect("written");
        drop(script);
        let o = child.wait_with_output().expect("an answer");
        let text = String::from_utf8_lossy(&o.stdout).into_owned();
        let ms = text
            .lines()
            .find_map(|l| l.trim().strip_prefix("Run Time: real ")?.split(' ').next()?.parse::<f64>().ok());
        (ms.unwrap_or(f64::NAN) * 1000.0, text.lines().next().unwrap_or("").to_owned())
    };
    let five = |sql: &str| {
        let mut all: Vec<(f64, String)> = (0..5).map(|_| ask(sql.to_owned())).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all.swap_remove(2)
    };
    let first = five(&format!(
        "select count(*) from (select rowid from f where f match '{q}' order by rowid desc limit 21);"
    ));
    let count = five(&format!("select count(*) from f where f match '{q}';"));
    cell(first.0, count.0, &count.1)
}

fn notmuch(conf: &Path, query: &str, cell: &dyn Fn(f64, f64, &str) -> String) -> String {
    let run = |args: &[&str]| {
        let o = Command::new("notmuch").env("NOTMUCH_CONFIG", conf).args(args).output().expect("notmuch");
        String::from_utf8_lossy(&o.stdout).trim().to_owned()
    };
    let first = middle(|| run(&["search", "--output=messages", "--limit=21", "--sort=newest-first", query]));
    let count = middle(|| run(&["count", query]));
    cell(first.0, count.0, &count.1)
}

//! The cases of the language's specification, every one of them; and the properties that hold for all queries.

use hearken::model::Stamp;
use hearken::query::{Context, Doc, Facts, Names, Query, Scope};
use serde_json::Value;

fn cases(kind: &str) -> Option<Vec<Value>> {
    let Some(dir) = std::env::var_os("HEARKEN_SHARED") else {
        eprintln!("SKIPPED: HEARKEN_SHARED is not set, the language's cases were not run");
        return None;
    };
    let path = std::path::Path::new(&dir).join("design/query-cases.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let all = text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    Some(all.filter(|c| c["kind"] == kind).collect())
}

fn scope(c: &Value) -> Scope {
    if c["scope"] == "listen" { Scope::Listen } else { Scope::View }
}

/// The codes of the hints, once each.
fn codes(q: &Query) -> Vec<&'static str> {
    let mut all: Vec<_> = q.lint().iter().map(|l| l.code).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn every_parse_case_holds() {
    let Some(cases) = cases("parse") else { return };
    let mut wrong = Vec::new();
    for c in &cases {
        let whole = c["input"].as_str().unwrap_or_default();
        let (input, tail) = if c["tail"] == true { Query::cut_tail(whole) } else { (whole, Vec::new()) };
        let got = Query::parse(input, scope(c));
        let mut want: Vec<&str> =
            c["lint"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        want.sort_unstable();
        let ok = match (&got, c["canonical"].as_str(), &c["error"]) {
            (Ok(q), Some(canonical), _) => {
                let printed = std::iter::once(q.canonical()).chain(tail).collect::<Vec<_>>().join(" | ");
                let printed = printed.trim_start();
                let again =
                    Query::parse(&q.canonical(), Scope::View).map(|a| (a.root, a_canonical(&q.canonical())));
                printed == canonical && codes(q) == want && again == Ok((q.root.clone(), q.canonical()))
            }
            (Err(e), None, want) => {
                Some(e.column as u64) == want["column"].as_u64()
                    && e.message.contains(want["contains"].as_str().unwrap_or("\0"))
            }
            _ => false,
        };
        if !ok {
            let got = got.map(|q| (q.canonical(), codes(&q)));
            wrong.push(format!("{whole:?}: got {got:?}, want {c}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} parse cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn a_canonical(s: &str) -> String {
    Query::parse(s, Scope::View).map(|q| q.canonical()).unwrap_or_default()
}

/// What is known of an item of the cases.
fn facts(item: &Value) -> Facts {
    let mut f = Facts::default();
    for (k, v) in item.as_object().into_iter().flatten() {
        let all: Vec<String> = match v {
            Value::Array(a) => a.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
            Value::String(s) => vec![s.clone()],
            _ => Vec::new(),
        };
        match (k.as_str(), v) {
            ("url", _) => f.url.clone_from(&all[0]),
            ("author", _) => f.author.clone_from(&all[0]),
            ("author_name", _) => f.author_name.clone_from(&all[0]),
            ("link", _) => f.links = all,
            ("date", _) => f.at = Stamp::parse_rfc3339(&format!("{}Z", all[0])).ok(),
            ("due", n) => f.due = n.as_i64().map(|n| n * 60_000),
            (k, Value::Number(n)) => f.numbers.push((k.to_owned().leak(), n.as_i64().unwrap())),
            (k, _) => f.texts.extend(all.into_iter().map(|v| (&*k.to_owned().leak(), v))),
        }
    }
    f
}

#[test]
fn every_match_case_holds_and_its_cover_too() {
    let Some(cases) = cases("match") else { return };
    let now = Stamp::parse_rfc3339("2026-05-10T12:00:00Z").unwrap();
    let mut wrong = Vec::new();
    for c in &cases {
        let query = c["query"].as_str().unwrap_or_default();
        let sets: Vec<(String, Query)> = c["sets"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), Query::parse(v.as_str().unwrap(), Scope::Listen).unwrap()))
            .collect();
        let names = Names::new(sets, [], []);
        let cx = Context { now, me: Some("ana"), names: Some(&names), ..Context::default() };
        let q = match Query::parse(query, Scope::View) {
            Ok(q) => q,
            Err(e) => {
                wrong.push(format!("{query}: {e}"));
                continue;
            }
        };
        let text = |k: &str| c[k].as_str().unwrap_or_default().to_owned();
        let doc = Doc::with(&text("title"), &text("body"), facts(&c["item"]));
        let got = q.matches_in(&doc, &cx);
        let spans: Vec<Value> = got
            .iter()
            .flatten()
            .map(|s| serde_json::json!([if s.in_body { "body" } else { "title" }, s.start, s.end]))
            .collect();
        let want_spans = c["spans"].as_array().cloned().unwrap_or_default();
        // The reasons say the same as the match.
        let why = q.explain(&doc, &cx);
        if Some(got.is_some()) != c["matches"].as_bool()
            || spans != want_spans
            || why[0].holds != got.is_some()
        {
            wrong.push(format!("{c}: got {} {spans:?}", got.is_some()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} match cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// A few numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }
}

const SOUP: &[&str] = &[
    "a",
    "hearken",
    "C++",
    "#tag",
    "launch*",
    "wom?n",
    "\"two words\"",
    "`Go!`",
    "/v\\d+/i",
    "(",
    ")",
    "OR",
    "AND",
    "NOT",
    "-",
    "!",
    "NEAR/3",
    "ONEAR/2",
    "title:",
    "title:(",
    "body:x",
    "site:a.com/x",
    "lang:(en, fr)",
    "is:open",
    "age:<2d",
    "date:2026-05..",
    "reach:>5k",
    "tag:\"x y\"",
    "|",
    "||",
    "&&",
    "東京",
    "🔥",
    "\u{a78f}",
    "*",
    "?",
    "~3",
    "\"",
    "`",
    "/",
    ":",
    ",",
    "…",
    "“x”",
    "https://x.y/z",
    "author:@ana",
    "raw:C#",
    "AROUND(4)",
    " ",
    "\n",
    "\\",
    "é",
    "AT&T",
    "set:brand",
];

#[test]
fn any_input_is_read_or_refused_at_a_column_of_it_and_what_is_printed_reads_the_same() {
    let mut d = Dice(7);
    for _ in 0..30_000 {
        let n = 1 + d.roll(9);
        let mut s = String::new();
        for _ in 0..n {
            s += d.pick(SOUP);
            if d.roll(3) > 0 {
                s.push(' ');
            }
        }
        for scope in [Scope::View, Scope::Listen] {
            match Query::parse(&s, scope) {
                Ok(q) => {
                    let printed = q.canonical();
                    let again =
                        Query::parse(&printed, scope).unwrap_or_else(|e| panic!("{s:?} -> {printed:?}: {e}"));
                    assert_eq!(again.root, q.root, "{s:?} -> {printed:?}");
                    assert_eq!(again.canonical(), printed, "{s:?}");
                }
                Err(e) => {
                    let most = s.chars().count() + 1;
                    assert!((1..=most).contains(&e.column), "{s:?}: column {} of {most}: {e}", e.column);
                }
            }
        }
    }
}

#[test]
fn bytes_that_are_no_query_at_all_harm_nothing() {
    let mut d = Dice(11);
    for _ in 0..20_000 {
        let n = d.roll(24);
        let s: String = (0..n).filter_map(|_| char::from_u32(d.roll(0x2_0000) as u32)).collect();
        let _ = Query::parse(&s, Scope::View).map(|q| q.matches(&Doc::new(&s, "a text")));
    }
}

#[test]
fn whatever_matches_is_among_the_candidates_of_the_prefilter() {
    let mut d = Dice(23);
    let mut queries = Vec::new();
    while queries.len() < 400 {
        let n = 1 + d.roll(5);
        let s: Vec<&str> = (0..n).map(|_| d.pick(SOUP)).collect();
        queries.extend(Query::parse(&s.join(" "), Scope::View));
    }
    let prefilter = hearken::query::Prefilter::new(queries.iter(), &hearken::query::Names::default());
    const WORDS: &[&str] = &[
        "a",
        "Hearken",
        "C++",
        "c",
        "#tag",
        "launching",
        "woman",
        "two",
        "words",
        "Go!",
        "v12",
        "東京タワー",
        "🔥",
        "é",
        "AT&T",
        "b.",
    ];
    let mut matched = 0;
    for _ in 0..400 {
        let n = d.roll(12);
        let text: Vec<&str> = (0..n).map(|_| d.pick(WORDS)).collect();
        let facts = Facts {
            url: d.pick(&["https://a.com/x", "https://b.a.com/x?y", ""]).into(),
            author: d.pick(&["@ana@x.y", "bo", ""]).into(),
            links: vec![d.pick(&["https://x.y/z", "http://x.y/"]).into()],
            texts: vec![("lang", "en".into()), ("is", "open".into()), ("tag", "x y".into())],
            ..Facts::default()
        };
        let doc = Doc::with(d.pick(WORDS), &text.join(" "), facts);
        let candidates = prefilter.candidates(&doc);
        for (i, q) in queries.iter().enumerate() {
            if q.matches(&doc).is_some() {
                matched += 1;
                assert!(candidates.contains(&(i as u32)), "{} in {text:?}", q.canonical());
            }
        }
    }
    assert!(matched > 2_000, "{matched}");
}

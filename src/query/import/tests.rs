//! Each tool on examples of its own help, and on nonsense.

use super::*;

fn ours(d: Dialect, text: &str) -> String {
    import(d, text).map_or_else(|e| format!("error {}: {}", e.column, e.message), |i| i.query.canonical())
}

fn notes(d: Dialect, text: &str) -> String {
    import(d, text).unwrap().notes.join("\n")
}

#[test]
fn google_alerts() {
    let g = |t| ours(Dialect::Google, t);
    assert_eq!(g("\"acme pumps\" OR acme -jobs"), "(\"acme pumps\" OR acme) -jobs");
    assert_eq!(g("acme|\"acme inc\" pump intitle:leak"), "(acme OR \"acme inc\") pump title:leak");
    assert_eq!(
        g("acme site:reddit.com -site:acme.example +pump"),
        "acme site:reddit.com -site:acme.example pump"
    );
    assert_eq!(g("acme AROUND(5) leak inurl:forum"), "acme NEAR/5 leak url:forum");
    assert_eq!(g("“acme * pump”"), "acme ONEAR/5 pump");
    assert!(notes(Dialect::Google, "acme filetype:pdf").contains("filetype:pdf was left out"));
    assert!(notes(Dialect::Google, "~cheap acme").contains("no synonyms"));
    assert!(g("filetype:pdf").contains("nothing of it can be searched here: filetype:pdf was left out"));
}

#[test]
fn talkwalker() {
    let t = |q| ours(Dialect::Talkwalker, q);
    assert_eq!(t("BMW AND NOT bike"), "BMW -bike");
    assert_eq!(t("BMW AND (motorcycle OR car)"), "BMW (motorcycle OR car)");
    assert_eq!(
        t("BlackBerry site:\"www.cnet.com\" site:\"bild.de\""),
        "BlackBerry (site:cnet.com OR site:bild.de)"
    );
    assert_eq!(t("Luxembourg site:\"http://www.wort.lu\""), "Luxembourg site:wort.lu");
    assert_eq!(t("Luxemb* lang:de"), "Luxemb* lang:de");
    assert_eq!(t("++Apple NEAR/3 pie"), "`Apple` NEAR/3 pie");
    assert!(notes(Dialect::Talkwalker, "BMW sourcecountry:lu").contains("where somebody lives"));
}

#[test]
fn brandwatch_and_meltwater() {
    let b = |q| ours(Dialect::Brandwatch, q);
    assert_eq!(
        b("(apple OR orange) NEAR/5 (smartphone OR phone)"),
        "(apple OR orange) NEAR/5 (smartphone OR phone)"
    );
    assert_eq!(b("logitech NEAR/2f keyboard"), "logitech ONEAR/2 keyboard");
    assert_eq!(b("raw:Google+ AND \"apple juice\"~5"), "`Google+` apple NEAR/5 juice");
    assert_eq!(
        b("((cake OR \"ice cream\") AND (birthday OR birthdays))~5"),
        "(cake OR \"ice cream\") NEAR/5 (birthday OR birthdays)"
    );
    assert_eq!(
        b("<<<brand>>> acme AND links:msn.com NOT (author:bob OR hashtags:ad)"),
        "acme link:msn.com -(author:bob OR #ad)"
    );
    assert!(notes(Dialect::Brandwatch, "city:berlin AND acme").contains("city:berlin was left out"));
    assert_eq!(b("city:berlin AND acme"), "acme");
    assert_eq!(b("acme OR country:de"), "acme");
    let m = |q| ours(Dialect::Meltwater, q);
    assert_eq!(
        m("apple AND (watch OR iwatch) NOT (\"apple sauce\" OR \"apple juice\")"),
        "apple (watch OR iwatch) -(\"apple sauce\" OR \"apple juice\")"
    );
    assert_eq!(
        m("apple near watch or pear onear/10 tree"),
        "(apple NEAR/4 watch) OR (pear ONEAR/10 tree)".replace(['(', ')'], "")
    );
    assert_eq!(m("(watch OR iphone)^9 title:acme ingress:leak"), "(watch OR iphone) title:acme body:leak");
    assert!(notes(Dialect::Meltwater, "iphone^10 acme").contains("weight"));
}

#[test]
fn syften_and_f5bot() {
    let s = |q| ours(Dialect::Syften, q);
    assert_eq!(
        s("`C++` developer NOT hiring site:reddit.com lang:en type:comment"),
        "`C++` developer -hiring site:reddit.com lang:en type:comment"
    );
    let f = |q| ours(Dialect::F5Bot, q);
    assert_eq!(f("fish and chips only-reddit"), "\"fish and chips\" site:reddit.com");
    assert_eq!(f("acme no-hackernews no-lobsters"), "acme -site:news.ycombinator.com -site:lobste.rs");
    assert_eq!(f("acme only-reddit only-lobsters"), "acme (site:reddit.com OR site:lobste.rs)");
    assert_eq!(f("*fish"), "fish /\\*fish/i");
    assert!(notes(Dialect::F5Bot, "thing").contains("inside longer words"));
    assert!(f("only-reddit").starts_with("error"));
}

#[test]
fn freshrss_and_miniflux() {
    let r = |q| ours(Dialect::FreshRss, q);
    assert_eq!(
        r("(author:Alice OR intitle:hello) !(author:Bob intitle:world)"),
        "(author:alice OR title:hello) -(author:bob title:world)"
            .replace("alice", "Alice")
            .replace("bob", "Bob")
    );
    assert_eq!(
        r("intitle:/leak(s|ing)/i date:2024-01-01/2024-02-01"),
        "title:/leak(s|ing)/i date:2024-01-01..2024-02-01"
    );
    assert_eq!(
        r("pump pubdate:P1W/ labels:\"to do,late\" -inurl:jobs"),
        "pump age:<1w (tag:\"to do\" OR tag:late) -url:jobs"
    );
    assert!(notes(Dialect::FreshRss, "pump f:12 search:mine").contains("f:12 was left out"));
    let m = |q| ours(Dialect::Miniflux, q);
    assert_eq!(
        m("EntryTitle=(?i)sponsor(ed)?\nEntryURL=example\\.org\nEntryAuthor=Bob"),
        "title:/sponsor(ed)?/i OR url:example.org OR author:Bob"
    );
    assert_eq!(m("EntryDate=max-age:30d"), "age:>30d");
    assert_eq!(m("EntryDate=between:2024-01-01,2024-02-01"), "date:2024-01-01..2024-02-01");
    assert!(
        notes(Dialect::Miniflux, "EntryTitle=a/b\nEntryTag=x\nnonsense").contains("“nonsense” was left out")
    );
    assert_eq!(m("EntryTitle=a/b"), "title:/a\\/b/");
}

#[test]
fn nothing_breaks_it() {
    let bits = [
        "(",
        ")",
        "OR",
        "AND",
        "NOT",
        "-",
        "\"",
        "`",
        "/",
        "a",
        "site:",
        "NEAR/3",
        "~5",
        ")~5",
        "^9",
        ":",
        "f:1",
        "|",
        "é",
        "EntryTitle=",
        "\n",
        "<<<",
        "AROUND(",
        " ",
    ];
    let mut n: u64 = 7;
    for _ in 0..4000 {
        let text: String = (0..12)
            .map(|_| {
                n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                format!(
                    "{}{}",
                    bits[(n >> 33) as usize % bits.len()],
                    if n.is_multiple_of(3) { " " } else { "" }
                )
            })
            .collect();
        for (_, d) in Dialect::ALL {
            if let Ok(i) = import(d, &text) {
                assert_eq!(
                    Query::parse(&i.query.canonical(), Scope::View).map(|q| q.root),
                    Ok(i.query.root),
                    "{text}"
                );
            }
        }
    }
    let deep = "(".repeat(100_000);
    assert!(import(Dialect::Google, &deep).is_err());
}

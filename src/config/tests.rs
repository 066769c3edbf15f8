//! Configurations: good ones read, bad ones explained, all at once.

use super::*;

const GOOD: &str = r#"
[brand]
name = "Acme Cat Food"
[[topic]]
name = "brand"
objective = "improve"
query = '("acme cat food" OR acme) -jobs'
[[source]]
id = "cat-blog"
network = "feed"
url = "https://blog.example/feed.xml"
every = "10m"
keep = "all"
topics = ["brand"]
"#;

#[test]
fn the_sample_is_read() {
    let c = Config::parse(GOOD, Path::new("c.toml")).unwrap();
    assert_eq!((c.brand.as_str(), c.topics.len(), c.sources.len()), ("Acme Cat Food", 1, 1));
    assert_eq!(c.sources[0].every, Every { ms: 600_000, exact: false });
    assert!(c.hints.is_empty());
}

#[test]
fn every_mistake_is_reported_with_its_place() {
    let bad = r#"[brand]
nam = "x"
[[topic]]
name = "t"
query = "a OR"
objective = "improv"
[[source]]
id = "s"
network = "feed"
url = "ftp://x.example"
evry = "1m"
topics = ["tt"]
"#;
    let all = Config::parse(bad, Path::new("c.toml")).unwrap_err();
    let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
    for (place, words) in [
        ("c.toml:1:1", "has no name"),
        ("c.toml:2:1", "did you mean name?"),
        ("c.toml:5:12", "OR needs a term after it"),
        ("c.toml:6:13", "did you mean \"improve\"?"),
        ("c.toml:10:7", "ftp: address"),
        ("c.toml:11:1", "did you mean every?"),
        ("c.toml:12:10", "\"tt\", which is not there"),
    ] {
        assert!(
            lines.iter().any(|l| l.starts_with(place) && l.contains(words)),
            "{place} {words}\n{lines:#?}"
        );
    }
    assert_eq!(lines.len(), 7, "{lines:#?}");
}

#[test]
fn what_is_not_toml_is_one_problem_with_a_place() {
    let e = Config::parse("[brand]\nname = \n", Path::new("c.toml")).unwrap_err();
    assert!(e[0].line == 2 && e[0].message.contains("not TOML"), "{e:?}");
}

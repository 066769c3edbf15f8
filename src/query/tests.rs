//! The language: parsed, printed, matched, linted.

use super::fold::fold;
use super::*;

fn q(s: &str) -> Query {
    Query::parse(s, Scope::View).unwrap()
}

fn hit(query: &str, title: &str, body: &str) -> bool {
    q(query).matches(&Doc::new(title, body)).is_some()
}

#[test]
fn the_first_query_of_the_product() {
    let query = r#"("acme cat food" OR acme) -jobs"#;
    assert_eq!(q(query).canonical(), query);
    assert!(q(query).lint().is_empty());
    assert!(hit(query, "Acme!", "my cat likes it"));
    assert!(hit(query, "", "the ACME cat-food is back"));
    assert!(!hit(query, "Acme jobs", ""));
}

#[test]
fn spans_are_in_characters_and_deduplicated() {
    let d = Doc::new("Käse, kase!", "x kÄse");
    let s = q("käse OR kase").matches(&d).unwrap();
    let flat: Vec<_> = s.iter().map(|s| (s.in_body, s.start, s.end)).collect();
    assert_eq!(flat, [(false, 0, 4), (false, 6, 10), (true, 2, 6)]);
}

#[test]
fn signs_make_names() {
    assert!(hit("C++", "c++ is fun", "") && !hit("C++", "c is fun", "") && hit("C", "C++", ""));
    assert!(hit("#launch", "", "our #Launch!") && !hit("#launch", "", "our launch"));
    assert!(hit("AT&T", "AT&T down", "") && !hit("AT&T", "at t", ""));
    assert!(hit("node.js", "Node JS", "") && hit("open-source", "open source", ""));
    assert!(hit("東京", "東京タワー", "") && !hit("東京", "京東", ""));
}

#[test]
fn errors_name_the_column() {
    for (s, column, word) in [
        ("a (b", 3, "not closed"),
        ("a b)", 4, "no ( before"),
        ("OR a", 1, "before it"),
        ("a OR", 3, "after it"),
        ("a \"b", 3, "not closed"),
        ("()", 1, "nothing between"),
        ("cat sitee:x.example", 5, "did you mean site:?"),
        ("la*", 3, "at least 3 letters"),
        ("a NOT", 3, "after it"),
    ] {
        let e = Query::parse(s, Scope::View).unwrap_err();
        assert!(e.column == column && e.message.contains(word), "{s}: {e}");
    }
    assert!(Query::parse("-a", Scope::Listen).is_err() && Query::parse("", Scope::Listen).is_err());
    assert!(Query::parse("a OR -b", Scope::Listen).is_err() && Query::parse("", Scope::View).is_ok());
}

#[test]
fn folding_is_idempotent_and_joins_spellings() {
    for (a, b) in
        [("Straße", "strasse"), ("Σίσυφος", "σισυφοσ"), ("Ёлка", "елка"), ("Łódź", "lodz"), ("ﬁn", "fin")]
    {
        assert_eq!(fold(a), fold(b), "{a}");
        assert_eq!(fold(&fold(a)), fold(a));
    }
    assert_ne!(fold("й"), fold("и"));
}

#[test]
fn printing_is_a_fixed_point_for_token_soup() {
    let pool = ["a", "b", "\"c d\"", "OR", "AND", "NOT", "-", "(", ")", " ", " ", "C++", "x.y", "|", "…"];
    let mut seed = 3u64;
    let mut parsed = 0;
    for _ in 0..4000 {
        let mut s = String::new();
        for _ in 0..8 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            s.push_str(pool[(seed >> 33) as usize % pool.len()]);
            s.push(' ');
        }
        match Query::parse(&s, Scope::View) {
            Ok(query) => {
                parsed += 1;
                let printed = query.canonical();
                let again = q(&printed);
                assert_eq!(again.root, query.root, "{s} -> {printed}");
                assert_eq!(again.canonical(), printed);
            }
            Err(e) => assert!(e.column >= 1 && e.column <= s.chars().count() + 1, "{s}: {e}"),
        }
    }
    assert!(parsed > 200);
}

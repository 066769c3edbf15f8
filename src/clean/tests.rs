//! What strangers write, and what is left of it.

use super::*;

/// What must never leave `clean`.
fn safe(s: &str) -> bool {
    !s.chars().any(|c| {
        (c != '\n' && c.is_control())
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    })
}

#[test]
fn sequences_vanish_whole() {
    for (from, to) in [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\u{9b}31mb", "ab"),
        ("a\x1b]52;c;aGk=\x07b", "ab"),
        ("a\x1b]0;title\x1b\\b", "ab"),
        ("a\u{9d}8;;http://x\u{9c}b", "ab"),
        ("a\x1bPq#0\x1b\\b", "ab"),
        ("a\x1b]52;c;never ends", "a"),
        ("a\x1b(0b", "ab"),
        ("a\x1bcb", "ab"),
        ("bell\x07 tab\tnew", "bell tab new"),
        ("x\u{202e}txt.exe", "xtxt.exe"),
        ("a\u{200b}b\u{feff}c\u{e0041}d", "abcd"),
        ("e\u{301}", "é"),
        ("z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}", "ź\u{302}\u{303}\u{304}"),
    ] {
        let got = line(from);
        assert_eq!(got.as_str(), to, "{from:?}");
    }
}

#[test]
fn joiners_stay_where_they_spell() {
    assert_eq!(line("می\u{200c}خواهم").as_str(), "می\u{200c}خواهم");
    assert_eq!(line("क्\u{200d}ष").as_str(), "क्\u{200d}ष");
    assert_eq!(line("a\u{200d}b\u{200c}c").as_str(), "abc");
    assert_eq!(line("👩\u{200d}🚀").as_str(), "👩\u{200d}🚀");
}

#[test]
fn html_becomes_lines() {
    let p = html(
        "<h1>Hi&amp;bye</h1><p>one\n two<br>three</p><ul><li>a<li>b</ul><script>x('</p>')</script>\
         <a href='/x?a=1&amp;b=2'>link</a> <img alt='cat' src=x> 1 < 2 <b>bold",
        Some("https://h.example/p/"),
    );
    assert_eq!(p.text.as_str(), "Hi&bye\n\none two\nthree\n\n- a\n- b\n\nlink [cat] 1 < 2 bold");
    assert_eq!(p.links[0].as_str(), "https://h.example/x?a=1&b=2");
}

#[test]
fn entities_cannot_smuggle_controls() {
    for s in ["&#27;[31mred", "&#x9b;31m", "&#8238;evil", "&#x1b;]52;c;x&#7;", "&#0;&#13;&#xfffe;"] {
        assert!(safe(&html(s, None).text), "{s}");
    }
}

#[test]
fn feeds_of_a_page_are_found() {
    let p = html(
        "<html><head><title>My  blog</title><LINK REL=\"alternate feed\" type=application/rss+xml href=/feed>\
         <link rel='stylesheet' type='text/css' href=x></head>",
        Some("https://b.example/"),
    );
    assert_eq!(p.title.as_str(), "My blog");
    assert_eq!(p.feeds.len(), 1);
    assert_eq!(p.feeds[0].1.as_str(), "https://b.example/feed");
}

#[test]
fn addresses_are_http_without_user() {
    assert_eq!(url("javascript:alert(1)", Some("https://a.example")).as_str(), "");
    assert_eq!(url("https://u:p@a.example/x", None).as_str(), "https://a.example/x");
    assert_eq!(url("//b.example/y", Some("https://a.example")).as_str(), "https://b.example/y");
    assert!(safe(&url("https://a.example/\x1b[31m\u{202e}", None)));
    assert_eq!(host_of("https://www.Пример.example/x").as_str(), "xn--e1afmkfd.example");
}

#[test]
fn one_canonical_form_for_many_spellings() {
    let want = canonical("https://a.example/p?id=3&x=1");
    for s in [
        "http://www.a.example/p/?x=1&id=3",
        "https://a.example/p?utm_source=rss&id=3&x=1#comments",
        "https://a.example/p?fbclid=zz&x=1&id=3",
    ] {
        assert_eq!(canonical(s), want, "{s}");
    }
    assert_ne!(canonical("https://a.example/p?id=4&x=1"), want);
}

#[test]
fn long_bodies_are_cut_and_say_so() {
    let (t, cut) = text(&"é ".repeat(100_000));
    assert!(cut && t.len() <= BODY_MAX);
    let (t, cut) = text("short\n\n\n\nend  ");
    assert!(!cut);
    assert_eq!(t.as_str(), "short\n\nend");
}

#[test]
fn the_sink_replaces_and_counts() {
    let before = sink_counted();
    assert_eq!(sink("a\x1b[b\u{202e}c\nd"), "a?[b?c\nd");
    assert!(sink_counted() >= before + 2);
    assert_eq!(sink("fine 👩\u{200d}🚀"), "fine 👩\u{200d}🚀");
}

#[test]
fn any_bytes_come_out_safe() {
    let mut seed = 7u64;
    for _ in 0..2000 {
        let s: String = (0..40)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let r = (seed >> 33) as u32;
                let pool = [
                    '\x1b', '[', ']', '\u{9b}', '\u{202e}', 'm', '<', '&', '#', ';', '\x07', '\u{200d}', '\n',
                ];
                if r.is_multiple_of(3) {
                    char::from_u32(r % 0x11_0000).unwrap_or('x')
                } else {
                    pool[r as usize % pool.len()]
                }
            })
            .collect();
        for t in [line(&s), text(&s).0, html(&s, None).text, draft(&s)] {
            assert!(safe(&t), "{s:?} -> {t:?}");
        }
    }
}

#[test]
fn addresses_end_where_people_end_them() {
    let of = |w: &str| address_in(w).map(|at| w[at].to_owned());
    for (word, address) in [
        ("https://a.example/x.", "https://a.example/x"),
        ("(see:https://a.example/x)", "https://a.example/x"),
        ("https://en.wiki.example/Foo_(bar)", "https://en.wiki.example/Foo_(bar)"),
        ("(https://en.wiki.example/Foo_(bar)),", "https://en.wiki.example/Foo_(bar)"),
        ("<http://[::1]:80/>", "http://[::1]:80/"),
    ] {
        assert_eq!(of(word).as_deref(), Some(address), "{word}");
    }
    assert_eq!(of("https://"), None);
    assert_eq!(of("https://…"), None);
    assert_eq!(of("a.example"), None);
    assert_eq!(addresses("http://a.example, http://a.example http://b.example").len(), 2);
}

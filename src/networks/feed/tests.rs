//! Feeds as they are written: dialects, identities, times, what is broken, what would hang or panic.

use super::*;
use crate::model::TimeNote;

const NOW: Stamp = Stamp(1_790_000_000_000);

fn cx() -> Context<'static> {
    Context { source: "s", url: "https://blog.example/feed.xml", content_type: "", now: NOW, shared_ids: &[] }
}

fn feed(s: &str) -> Document {
    match parse(s.as_bytes(), &cx()).unwrap() {
        Heard::Feed(d) => *d,
        Heard::Page { .. } => panic!("a page"),
    }
}

fn rss(items: &str) -> String {
    format!(
        "<?xml version='1.0'?><rss version='2.0'><channel><title>B</title><link>https://www.blog.example/</link>\
         <description>d</description>{items}</channel></rss>"
    )
}

#[test]
fn an_entry_keeps_its_identity_through_harmless_changes() {
    let one = |item: &str| feed(&rss(item)).items.remove(0).identity;
    let a = one("<item><title>A</title><link>https://blog.example/p/1?utm_source=x</link></item>");
    for other in [
        "<item><title>Another title</title><link>http://blog.example/p/1/</link></item>",
        "<item><description>new</description><link>http://www.blog.example/p/1?utm_medium=y</link><title>A</title></item>",
    ] {
        assert_eq!(one(other), a, "{other}");
    }
    let g = one(
        "<item><guid>http://blog.example/?p=1</guid><link>https://x.example/1</link><title>A</title></item>",
    );
    assert_eq!(one("<item><title>B</title><guid>https://blog.example/?p=1</guid></item>"), g);
    assert_ne!(one("<item><title>B</title><guid>https://blog.example/?p=2</guid></item>"), g);
    let two = feed(&rss(
        "<item><guid>same</guid><link>https://x.example/1</link></item><item><guid>same</guid><link>https://x.example/2</link></item>",
    ));
    assert_ne!(two.items[0].identity, two.items[1].identity);
}

#[test]
fn times_make_sense_and_say_when_they_did_not() {
    let at = |d: &str| {
        let m = feed(&rss(&format!("<item><title>x</title>{d}</item>"))).items.remove(0).mention;
        (m.at, m.time_note)
    };
    assert_eq!(at(""), (NOW, TimeNote::Missing));
    assert_eq!(at("<pubDate>gibberish</pubDate>"), (NOW, TimeNote::Impossible));
    assert_eq!(at("<pubDate>Fri, 01 Jan 2100 00:00:00 GMT</pubDate>"), (NOW, TimeNote::Future));
    assert_eq!(at("<pubDate>Thu, 01 Jan 2004 00:00:00 GMT</pubDate>").1, TimeNote::Given);
}

#[test]
fn every_kind_of_feed_is_read() {
    let atom = feed(
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title><link href='https://blog.example/'/><entry><id>1</id>\
         <title type='html'>&lt;b&gt;Bold&lt;/b&gt; &amp;amp; co</title><author><name>Ana</name></author>\
         <content type='html'>&lt;p&gt;Hello&lt;/p&gt;&lt;p&gt;there&lt;/p&gt;</content><link href='/p'/></entry></feed>",
    );
    let m = &atom.items[0].mention;
    assert_eq!((m.title.as_str(), m.text.as_str()), ("Bold & co", "Hello\n\nthere"));
    assert_eq!((m.author.name.as_str(), m.url.as_str()), ("Ana", "https://blog.example/p"));
    assert_eq!(m.community.as_str(), "blog.example");
    let json = feed(
        r#"{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"7","url":"https://j.example/7","content_text":"plain","date_published":"2020-01-01T00:00:00Z"}]}"#,
    );
    assert_eq!(json.items[0].mention.text.as_str(), "plain");
    for v in ["0.90", "0.93", "2.0.1"] {
        let old =
            feed(&rss("<item><title>x</title></item>").replace("version='2.0'", &format!("version='{v}'")));
        assert_eq!(old.items.len(), 1, "{v}");
    }
    assert_eq!(
        feed("<rss><channel><title>x</title><item><title>y</title></item></channel></rss>").items.len(),
        1
    );
}

#[test]
fn broken_feeds_get_a_second_chance_and_pages_give_their_feeds() {
    let d = feed(&rss(
        "<item><title>Fish & chips &nbsp; ok</title><link>https://x.example/?a=1&b=2</link></item>",
    ));
    assert!(d.repaired && d.items[0].mention.title.contains("Fish & chips"), "{:?}", d.items[0].mention);
    let whole = rss("<item><title>one</title></item><item><title>two</title></item>");
    let cut = feed(&whole[..whole.len() - 30]);
    assert!(cut.cut && !cut.items.is_empty());
    let page = b"<!doctype html><html><head><link rel=alternate type='application/atom+xml' href='/atom'></head></html>";
    match parse(page, &cx()).unwrap() {
        Heard::Page { feeds, .. } => assert_eq!(feeds[0].as_str(), "https://blog.example/atom"),
        Heard::Feed(_) => panic!("a feed"),
    }
    for bad in ["", "   ", "just text", "{\"a\":1}", "<xml><nothing/></xml>"] {
        assert!(parse(bad.as_bytes(), &cx()).is_err(), "{bad}");
    }
}

#[test]
fn old_dialects_are_understood() {
    let atom03 = feed(
        "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><title>T</title><entry><title type='text/html' mode='escaped'>A &lt;b&gt;b&lt;/b&gt;</title>\
         <issued>2004-01-01T00:00:00Z</issued><author><name>Ana</name></author></entry></feed>",
    );
    let m = &atom03.items[0].mention;
    assert_eq!((m.title.as_str(), m.author.name.as_str(), m.time_note), ("A b", "Ana", TimeNote::Given));
    let rss090 = feed(
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://my.netscape.com/rdf/simple/0.9/'>\
         <channel><title>T</title></channel><item><title>Old</title><link>http://x.example/1</link></item></rdf:RDF>",
    );
    assert_eq!(rss090.items[0].mention.title.as_str(), "Old");
    let spaced = feed(
        "<rss version='2.0' xmlns='http://backend.userland.com/rss2'><channel><title>T</title><item><title>In a namespace</title></item></channel></rss>",
    );
    assert_eq!(spaced.items[0].mention.title.as_str(), "In a namespace");
}

/// Identities of two documents of one source, the second read with what the first one taught.
fn twice(a: &str, b: &str) -> (Vec<crate::model::Id>, Vec<crate::model::Id>) {
    let first = feed(&rss(a));
    let cx = Context { shared_ids: &first.shared_ids, ..cx() };
    let Heard::Feed(second) = parse(rss(b).as_bytes(), &cx).unwrap() else { panic!("a page") };
    let ids = |d: &Document| d.items.iter().map(|i| i.identity).collect();
    (ids(&first), ids(&second))
}

#[test]
fn entries_that_differ_by_a_fragment_alone_are_different_things() {
    let comment = |n: u32| {
        format!(
            "<item><guid>http://b.example/?p=1#comment-{n}</guid><link>http://b.example/p/#comment-{n}</link><title>c</title></item>"
        )
    };
    let d = feed(&rss(&(1..=3).map(comment).collect::<String>()));
    let ids: std::collections::HashSet<_> = d.items.iter().map(|i| i.identity).collect();
    assert_eq!(ids.len(), 3);
    // A parameter that a publisher tells entries apart by is no tracking in a guid.
    let by_ref = feed(&rss(
        "<item><guid>http://b.example/?ref=1</guid></item><item><guid>http://b.example/?ref=2</guid></item>",
    ));
    assert_ne!(by_ref.items[0].identity, by_ref.items[1].identity);
}

#[test]
fn guids_and_links_that_entries_share_tell_nothing_and_that_is_remembered() {
    let e = |n: u32| {
        format!("<item><guid>same</guid><link>http://b.example/{n}</link><title>t{n}</title></item>")
    };
    let (a, b) = twice(&format!("{}{}", e(2), e(1)), &format!("{}{}", e(3), e(2)));
    assert!(a[0] == b[1] && a[1] != b[1] && b[0] != a[0] && b[0] != a[1]);
    // Only one of them is left in the document.
    assert_eq!(twice(&format!("{}{}", e(2), e(1)), &e(2)).1[0], a[0]);
    let s = |t: &str, d: u32| {
        format!(
            "<item><link>http://status.example/</link><title>{t}</title><pubDate>0{d} Jan 2024 10:00:00 GMT</pubDate></item>"
        )
    };
    let (a, b) =
        twice(&format!("{}{}", s("down", 1), s("up", 2)), &format!("{}{}", s("down", 1), s("up again", 3)));
    assert!(a[0] == b[0] && a[1] != a[0] && b[1] != a[1]);
    // Others of the same feed keep the identity that their guid gives them.
    let own = "<item><guid>own</guid><link>http://b.example/own</link></item>";
    let alone = feed(&rss(own)).items[0].identity;
    assert_eq!(feed(&rss(&format!("{}{}{own}", e(1), e(2)))).items[2].identity, alone);
}

#[test]
fn the_address_is_the_articles_not_the_discussions() {
    let m = &feed(&rss(
        "<item><title>x</title><link>https://a-very-long-host.example/articles/about/something</link><comments>https://hn.example/1</comments></item>",
    ))
    .items[0]
    .mention;
    assert_eq!(m.url.as_str(), "https://a-very-long-host.example/articles/about/something");
    assert_eq!(m.thread.as_str(), "https://hn.example/1");
    let json = feed(
        r#"{"version":"https://jsonfeed.org/version/1","items":[{"id":7,"url":"https://j.example/a/long/one","external_url":"https://x.io/","content_text":"p","attachments":[{"url":"https://x.io/a","mime_type":"audio/mpeg","size_in_bytes":12.5}]}]}"#,
    );
    let m = &json.items[0].mention;
    assert_eq!((m.url.as_str(), m.native_id.as_str()), ("https://j.example/a/long/one", "7"));
}

#[test]
fn what_makes_the_library_panic_is_read_all_the_same_and_says_nothing_on_the_way() {
    for author in ["（a@b.example）", "“a@b.example”"] {
        let d = feed(&rss(&format!("<item><title>fine</title><author>{author}</author></item>")));
        assert_eq!(d.items[0].mention.title.as_str(), "fine", "{author}");
    }
    let long = format!(
        "<rss version='2.0' xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel><title>t</title><item>\
         <title>fine</title><itunes:duration>{}</itunes:duration></item></channel></rss>",
        "9".repeat(30)
    );
    assert_eq!(feed(&long).items.len(), 1);
}

#[test]
fn nothing_takes_long_whatever_is_nested_or_left_open() {
    // Each of these was quadratic once; a minute of work would be seen by any run of the tests.
    let mb = 1 << 20;
    for bad in [
        "<a".repeat(mb),
        format!("<rss><channel><item><description>{}", "&lt;a".repeat(mb / 4)),
        format!("<rss>{}{}", "<a>".repeat(mb / 4), "</b>".repeat(mb / 4)),
        format!("<rss><x {}/></rss", (0..mb / 16).map(|i| format!("a{i}='1' ")).collect::<String>()),
        format!("<rss>{}", "&".repeat(mb)),
        format!("<html>{}", "<a =\"".repeat(mb / 4)),
    ] {
        let _ = parse(bad.as_bytes(), &cx());
        let _ = clean::html(&bad, None);
    }
}

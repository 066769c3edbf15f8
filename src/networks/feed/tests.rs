use super::*;
use crate::model::TimeNote;

const NOW: Stamp = Stamp(1_790_000_000_000);

fn cx() -> Context<'static> {
    Context { source: "s", url: "https://blog.example/feed.xml", content_type: "", now: NOW }
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

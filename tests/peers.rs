//! Every HTTP behaviour of a real server (nginx), where one runs: `HEARKEN_FEEDS_PEER` names it, and
//! `HEARKEN_FEEDS_CA` the file of the authority
//! that signed its certificate. The suite's script starts it.

mod common;
use common::*;

/// A path of the server, words of the report, and whether it counts as a failure.
const BEHAVIOURS: &[(&str, &str, bool)] = &[
    ("f/sample.xml", "entries", false),
    ("moved/x", "entries", false),
    ("temp/x", "entries", false),
    ("perm308/x", "entries", false),
    ("f/latin1.xml", "1 entries", false),
    ("html/sample.xml", "entries", false),
    ("noetag/sample.xml", "entries", false),
    ("maxage/sample.xml", "entries", false),
    ("f/huge.xml", "60000 entries", false),
    ("loop/x", "more than 5 redirects", true),
    ("403/x", "refuses us (403)", true),
    ("404/x", "not found (404)", true),
    ("410/x", "gone for good (410)", true),
    ("429/x", "too many requests (429)", true),
    ("500/x", "fault (500)", true),
    ("503/x", "fault (503)", true),
    ("auth/sample.xml", "wants a login (401)", true),
    ("f/empty.xml", "the answer is empty", true),
    ("reset/x", "broke off", true),
    ("hang/x", "no first byte", true),
    ("slow/sample.xml", "entries", false),
];

#[test]
fn every_behaviour_of_a_server_is_understood_and_the_slow_delay_nobody() {
    let Ok(at) = std::env::var("HEARKEN_FEEDS_PEER") else {
        eprintln!("SKIPPED: HEARKEN_FEEDS_PEER is not set, the real server was not asked");
        return;
    };
    let t = Temp::new();
    let mut c =
        "[brand]\nname = \"P\"\n[http]\nfirst_byte = \"3s\"\nwhole = \"6s\"\nconnect = \"2s\"\n".to_owned();
    for (i, (path, _, _)) in BEHAVIOURS.iter().enumerate() {
        c += &format!("[[source]]\nid = \"s{i}\"\nnetwork = \"feed\"\nurl = \"{at}/{path}\"\n");
    }
    c += &format!(
        "[[source]]\nid = \"login\"\nnetwork = \"feed\"\nurl = \"{at}/auth/sample.xml\"\nauth = {{ user = \"u\", password_env = \"HK_TEST_PASSWORD\" }}\n"
    );
    let ca = std::env::var("HEARKEN_FEEDS_CA").unwrap_or_default();
    let tls = "https://127.0.0.1:18362/f/sample.xml";
    c += &format!("[[source]]\nid = \"stranger\"\nnetwork = \"feed\"\nurl = \"{tls}\"\n");
    if !ca.is_empty() {
        c += &format!("[[source]]\nid = \"own-ca\"\nnetwork = \"feed\"\nurl = \"{tls}\"\nca = \"{ca}\"\n");
    }
    t.write("config.toml", &c);
    let begun = std::time::Instant::now();
    let o = hearken(&t).args(["fetch", "--json"]).env("HK_TEST_PASSWORD", "p").output().unwrap();
    let took = begun.elapsed();
    assert_eq!(o.status.code(), Some(1), "{}", text(&o.stderr));
    let lines = json_lines(&text(&o.stdout));
    let report = |id: &str| {
        lines.iter().find(|l| l["source"] == id).unwrap_or_else(|| panic!("no line for {id}")).clone()
    };
    for (i, (path, words, fails)) in BEHAVIOURS.iter().enumerate() {
        let r = report(&format!("s{i}"));
        assert!(r["words"].as_str().unwrap().contains(words), "{path}: wanted “{words}”, got {r}");
        assert_eq!(r["ok"].as_bool(), Some(!fails), "{path}: {r}");
    }
    assert_eq!(report("login")["ok"], true);
    // An authority of one's own is trusted where the configuration names it, and nowhere else.
    assert!(report("stranger")["words"].as_str().unwrap().contains("not trusted"), "{}", report("stranger"));
    if ca.is_empty() {
        eprintln!("SKIPPED: HEARKEN_FEEDS_CA is not set, no authority of one's own was tried");
    } else {
        assert_eq!(report("own-ca")["ok"], true, "{}", report("own-ca"));
    }
    // All at the same time: the whole takes as long as its slowest, not their sum.
    assert!(took.as_secs() < 30, "{took:?}");
    // Again: what can answer 304 does, a permanent redirect is believed the second time, 410 is not asked again.
    let again = hearken(&t).args(["fetch", "--json", "--source", "s0", "--source", "s1"]).output().unwrap();
    let again = json_lines(&text(&again.stdout));
    assert!(again.iter().all(|l| l["words"] == "nothing new"), "{again:?}");
}

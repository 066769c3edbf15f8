//! The main job, end to end, with the real binary: a feed is heard, stored, seen, marked done, and still done
//! after a restart.

mod common;
use common::*;

fn set_up() -> (Temp, Site) {
    let t = Temp::new();
    let site = Site::new();
    site.put(
        "/feed.xml",
        &feed(&[
            ("1", "Acme tins will not open", "The ring comes off."),
            ("2", "Weather", "It rains."),
            ("3", "Thank you acme", "My cat is happy."),
        ]),
    );
    t.write("config.toml", &config(&site));
    (t, site)
}

#[test]
fn heard_listed_done_and_still_done() {
    let (t, site) = set_up();
    let said = ok(&t, &["fetch"]);
    assert!(said.contains("3 new, 2 for the inbox"), "{said}");
    let list = json_lines(&ok(&t, &["list", "--json"]));
    let titles: Vec<&str> = list.iter().map(|m| m["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Acme tins will not open", "Thank you acme"]);
    assert_eq!(list[0]["topics"][0], "brand");
    let id = list[0]["id"].as_str().unwrap();
    ok(&t, &["done", &id[..6]]);
    assert_eq!(json_lines(&ok(&t, &["list", "--json"])).len(), 1);
    // The same document again changes nothing; a changed text is an edit, not a second mention.
    assert!(ok(&t, &["fetch"]).contains("nothing new"));
    site.put(
        "/feed.xml",
        &feed(&[("1", "Acme tins open now", "They fixed it."), ("3", "Thank you acme", "My cat is happy.")]),
    );
    assert!(ok(&t, &["fetch"]).contains("1 edited"));
    let done = json_lines(&ok(&t, &["list", "--state", "done", "--json"]));
    assert_eq!(
        (done.len(), done[0]["edited"].as_bool(), done[0]["title"].as_str()),
        (1, Some(true), Some("Acme tins open now"))
    );
    ok(&t, &["undo"]);
    assert_eq!(json_lines(&ok(&t, &["list", "--json"])).len(), 2);
    assert!(ok(&t, &["check"]).contains("0 findings"));
}

#[test]
fn in_the_terminal_across_quitting_and_a_kill() {
    let (t, _site) = set_up();
    let Some(term) = Tmux::start(&t, (80, 24), &shell_command(&t, "")) else { return };
    term.shows("Acme tins will not open");
    term.shows("Thank you acme");
    term.keys(&["Enter"]);
    term.shows("The ring comes off.");
    term.keys(&["q", "e"]);
    term.shows("done Acme tins");
    // A draft is there half a second after a pause, whatever happens then.
    term.keys(&["r"]);
    term.shows("reply");
    term.keys(&["Dear", "Space", "Ana"]);
    term.shows("characters · saved");
    let pid = term.pid(&t);
    std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    term.shows("Killed");
    let drafts = json_lines(&ok(&t, &["drafts", "--json"]));
    assert_eq!(drafts[0]["text"], "Dear Ana");
    let again = Tmux::start(&t, (80, 24), &shell_command(&t, "")).unwrap();
    again.shows("Thank you acme");
    assert!(!again.screen().contains("Acme tins"));
    again.keys(&["u"]);
    again.shows("Acme tins will not open");
    again.keys(&["q"]);
    again.shows("left with 0");
}

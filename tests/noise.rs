//! Noise with the real program: one story told in two feeds, and what is muted or always let in as it arrives.

mod common;
use common::*;

const NEWS: &str = "Acme recalls forty thousand pumps after reports that the lid may come off while the pump is running and asks owners to stop using them";

#[test]
fn a_story_is_one_row_and_what_is_muted_stays_out_until_it_is_lifted() {
    let (t, site) = two_mentions();
    let conf = format!(
        "{}[[source]]\nid = \"wire\"\nnetwork = \"feed\"\nurl = \"{}/wire.xml\"\nevery = \"=1s\"\n",
        config(&site),
        site.at
    );
    t.write("config.toml", &conf);
    site.put("/feed.xml", &feed(&[("1", "Recall", NEWS), ("2", "Thank you acme", "Fine.")]));
    site.put("/wire.xml", &feed(&[("w1", "Recall", &format!("{NEWS} (the wire)"))]));
    ok(&t, &["fetch"]);
    let all = json_lines(&ok(&t, &["list", "--json"]));
    let tellings = |title: &str| all.iter().find(|m| m["title"] == title).unwrap()["tellings"].as_u64();
    assert_eq!((all.len(), tellings("Recall"), tellings("Thank you acme")), (3, Some(2), Some(1)));
    // The author of the second one is muted: it leaves, and what comes next of that author does not enter.
    let id = |title: &str| {
        let all = json_lines(&ok(&t, &["search", "--json", &format!("title:\"{title}\"")]));
        all[0]["id"].as_str().unwrap().to_owned()
    };
    ok(&t, &["mute", "author", &id("Thank you acme"), "--for", "7d"]);
    // Both feeds name her and the same place: all three are hers.
    assert_eq!(run(&t, &["list", "is:inbox", "--json"]).status.code(), Some(3));
    site.put(
        "/feed.xml",
        &feed(&[("1", "Recall", NEWS), ("2", "Thank you acme", "Fine."), ("3", "More acme", "Again.")]),
    );
    ok(&t, &["fetch"]);
    let more = json_lines(&ok(&t, &["search", "--json", "title:\"More acme\""]));
    assert_eq!(more[0]["state"], "done");
    let log = ok(&t, &["log", "--json"]);
    assert!(log.contains("\"who\":\"mute:") && log.contains("\"verb\":\"mute\""), "{log}");
    let mutes = json_lines(&ok(&t, &["mutes", "--json"]));
    assert_eq!((mutes.len(), &mutes[0]["label"]), (1, &serde_json::json!("Ana")));
    // Lifted, the next one enters again; undo brings the mute back.
    ok(&t, &["unmute", mutes[0]["name"].as_str().unwrap()]);
    assert_eq!(run(&t, &["mutes"]).status.code(), Some(3));
    site.put("/feed.xml", &feed(&[("4", "Acme once more", "Hello.")]));
    ok(&t, &["fetch"]);
    assert_eq!(json_lines(&ok(&t, &["search", "--json", "title:\"once more\""]))[0]["state"], "inbox");
    ok(&t, &["undo"]);
    assert_eq!(json_lines(&ok(&t, &["mutes", "--json"])).len(), 1);
    // What matches no topic is let in, where its site always is, and the other way round it is not.
    ok(&t, &["undo"]);
    site.put("/feed.xml", &feed(&[("5", "A garden", "No brand here.")]));
    ok(&t, &["fetch"]);
    assert_eq!(json_lines(&ok(&t, &["search", "--json", "title:garden"]))[0]["state"], "heard");
    ok(&t, &["mute", "site", &id("A garden"), "--allow"]);
    site.put("/feed.xml", &feed(&[("6", "A meadow", "No brand here either.")]));
    ok(&t, &["fetch"]);
    assert_eq!(json_lines(&ok(&t, &["search", "--json", "title:meadow"]))[0]["state"], "inbox");
    assert_eq!(run(&t, &["unmute", "nonsense"]).status.code(), Some(2));
    assert_eq!(run(&t, &["mute", "author", &id("A meadow"), "--for", "blurb"]).status.code(), Some(2));
}

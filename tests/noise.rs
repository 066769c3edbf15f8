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

#[test]
fn rules_work_on_what_is_there_as_one_step_and_leave_our_own_people_alone() {
    let (t, site) = two_mentions();
    ok(&t, &["fetch"]);
    ok(&t, &["rules", "set", "lids", "ring", "tag lids", "urgent"]);
    ok(&t, &["rules", "set", "thanks", "tag:lids OR thank*", "done"]);
    // What a rule does is seen by the next one, also in what is only shown.
    let shown = json_lines(&ok(&t, &["rules", "apply", "--dry-run", "--json"]));
    assert_eq!(shown.len(), 2);
    let of = |title: &str| {
        shown.iter().find(|s| s["title"].as_str().unwrap().contains(title)).unwrap()["rules"].clone()
    };
    assert_eq!((of("tins"), of("Thank")), (serde_json::json!("lids, thanks"), serde_json::json!("thanks")));
    assert_eq!(json_lines(&ok(&t, &["list", "--json"])).len(), 2);
    ok(&t, &["rules", "apply"]);
    assert_eq!(json_lines(&ok(&t, &["list", "--state", "done", "--json"])).len(), 2);
    assert_eq!(run(&t, &["rules", "apply"]).status.code(), Some(3), "nothing is left to be done");
    ok(&t, &["undo"]);
    let back = json_lines(&ok(&t, &["list", "--json"]));
    assert!(back.len() == 2 && back.iter().all(|m| m["tags"].as_array().unwrap().is_empty()));
    assert_eq!(run(&t, &["rules", "apply", "nobody"]).status.code(), Some(3));
    let one = json_lines(&ok(&t, &["rules", "apply", "lids", "--json"]));
    assert_eq!(one[0]["changed"], 1);
    // What our own people post is nobody's case.
    t.write("config.toml", &config(&site).replace("name = \"Acme\"", "name = \"Acme\"\nstaff = [\"Ana\"]"));
    ok(&t, &["stop"]);
    until("the engine is gone", || match run(&t, &["status"]).status.code() {
        Some(4) | None => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert_eq!(run(&t, &["rules", "apply"]).status.code(), Some(3));
    site.put("/feed.xml", &feed(&[("9", "Thanks for the acme ring", "We wrote that.")]));
    ok(&t, &["fetch"]);
    let ours = json_lines(&ok(&t, &["search", "--json", "title:\"thanks for\""]));
    assert_eq!(
        (&ours[0]["state"], ours[0]["tags"].as_array().unwrap().len()),
        (&serde_json::json!("inbox"), 0)
    );
}

#[test]
fn a_topic_is_tried_on_what_was_heard_before_it_is_written() {
    let (t, site) = two_mentions();
    let many: Vec<(String, String)> =
        (0..60).map(|n| (format!("m{n}"), format!("acme story number{n} of the garden"))).collect();
    let rows: Vec<(&str, &str, &str)> =
        many.iter().map(|(id, title)| (id.as_str(), title.as_str(), "x")).collect();
    site.put("/feed.xml", &feed(&rows));
    ok(&t, &["fetch"]);
    let tried = json_lines(&ok(&t, &["topics", "try", "number7", "OR", "number8", "--json"]));
    let v = &tried[0];
    assert_eq!((v["n"].as_u64(), v["of"].as_u64(), v["exact"].as_bool()), (Some(2), Some(60), Some(true)));
    assert_eq!(
        (v["stories"].as_u64(), v["authors"].as_u64(), v["newest"].as_array().unwrap().len()),
        (Some(2), Some(1), 2)
    );
    let words = ok(&t, &["topics", "try", "garden"]);
    assert!(
        words.contains("60 of 60 heard in 7 days; ") && words.contains("100 % from blog.example"),
        "{words}"
    );
    assert!(
        words.contains("noisy: it matches 100 %") && words.contains("-site:blog.example leaves it out"),
        "{words}"
    );
    let none = run(&t, &["topics", "try", "zebra"]);
    assert_eq!(none.status.code(), Some(3));
    assert!(text(&none.stdout).contains("silent: nothing of the last 7 days matches"));
    let bad = run(&t, &["topics", "try", "lang:en"]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(text(&bad.stderr).contains("a topic needs at least one word"), "{}", text(&bad.stderr));
}

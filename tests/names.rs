//! What the team names, with the real program: sets and views in queries, what a topic is listened to for, and a topic
//! that is changed and hears once more what is stored.

mod common;
use common::*;

fn titles(s: &str) -> Vec<String> {
    let mut all: Vec<String> =
        json_lines(s).iter().map(|m| m["title"].as_str().unwrap_or("").to_owned()).collect();
    all.sort();
    all
}

#[test]
fn sets_and_views_are_used_in_topics_views_searches_and_rules() {
    let (t, site) = two_mentions();
    ok(&t, &["fetch"]);
    ok(&t, &["topics", "set", "parts", "ring OR lid*", "--part"]);
    ok(&t, &["topics", "set", "broken", "acme (set:parts OR \"will not open\")", "--objective", "improve"]);
    let all = json_lines(&ok(&t, &["topics", "--json"]));
    let of = |name: &str| all.iter().find(|v| v["name"] == name).unwrap().clone();
    assert_eq!((&of("parts")["kind"], &of("parts")["objective"]), (&"set".into(), &serde_json::Value::Null));
    assert_eq!(of("broken")["objective"], "improve");
    // In a search, inside NEAR, negated; a topic is a set of its own name.
    assert_eq!(titles(&ok(&t, &["search", "--json", "set:parts"])), ["Acme tins will not open"]);
    assert_eq!(titles(&ok(&t, &["search", "--json", "acme -set:parts"])), ["Thank you acme"]);
    assert_eq!(titles(&ok(&t, &["search", "--json", "set:parts NEAR/3 comes"])), ["Acme tins will not open"]);
    assert_eq!(titles(&ok(&t, &["search", "--json", "set:broken"])), ["Acme tins will not open"]);
    // Views in views, and in rules; a view has its states too.
    ok(&t, &["views", "set", "rings", "set:parts"]);
    ok(&t, &["views", "set", "rest", "acme -view:rings"]);
    assert_eq!(titles(&ok(&t, &["list", "--json", "view:rest"])), ["Thank you acme"]);
    ok(&t, &["rules", "set", "tell", "view:rings", "tag ring"]);
    ok(&t, &["rules", "apply"]);
    assert_eq!(titles(&ok(&t, &["list", "--json", "tag:ring"])), ["Acme tins will not open"]);
    // Why, or why not: of a text, of a mention, of a page that is not kept.
    site.put("/page", "<html><head><title>A ring</title></head><body><p>Acme sells rings.</p></body></html>");
    let url = format!("{}/page", site.at);
    let why = run(&t, &["query", "explain", "--url", &url, "acme set:parts"]);
    assert_eq!(why.status.code(), Some(0), "{}", text(&why.stderr));
    assert!(text(&why.stdout).contains("✓ set:parts"), "{}", text(&why.stdout));
    assert_eq!(run(&t, &["query", "explain", "--url", &url, "acme lemonade"]).status.code(), Some(3));
    assert_eq!(json_lines(&ok(&t, &["list", "--json", "--state", "all"])).len(), 2);
    // What nobody named, and what holds itself, is told with what was meant.
    for (args, words) in [
        (&["search", "set:prats"][..], "there is no set named prats; did you mean parts?"),
        (&["list", "view:ring"][..], "there is no view named ring; did you mean rings?"),
        (&["topics", "set", "parts", "set:broken", "--part"][..], "set parts uses broken, which uses parts"),
        (&["views", "set", "rings", "view:rest"][..], "a view cannot contain itself"),
        (&["topics", "remove", "parts"][..], "there is no set named parts"),
        (&["topics", "set", "parts", "ring"][..], "parts"),
    ] {
        let out = run(&t, args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        assert!(text(&out.stderr).contains(words), "{args:?}: {}", text(&out.stderr));
    }
    // By hand in the file, the place is named.
    let topics = std::fs::read_to_string(t.path("topics.toml")).unwrap();
    t.write("topics.toml", &topics.replace("set:parts", "set:prats"));
    let _ = run(&t, &["stop"]);
    let out = run(&t, &["list"]);
    let all = format!("{}{}", text(&out.stdout), text(&out.stderr));
    assert!(all.contains("topics.toml:") && all.contains("did you mean parts?"), "{all}");
}

#[test]
fn what_a_topic_is_for_is_asked_by_its_word() {
    let (t, site) = two_mentions();
    site.put("/feed.xml", &feed(&[("1", "Acme 3 is out", "Today."), ("2", "Tins that rust", "A lid.")]));
    ok(&t, &["topics", "set", "out", "\"acme 3\"", "--objective", "launch"]);
    ok(&t, &["topics", "set", "tins", "tins", "--objective", "research"]);
    ok(&t, &["fetch"]);
    assert_eq!(titles(&ok(&t, &["list", "--json", "objective:launch"])), ["Acme 3 is out"]);
    assert_eq!(titles(&ok(&t, &["list", "--json", "objective:research"])), ["Tins that rust"]);
    // The topic of config.toml is there to improve.
    assert_eq!(titles(&ok(&t, &["list", "--json", "--", "-objective:improve"])), ["Tins that rust"]);
}

#[test]
fn a_changed_topic_hears_what_is_stored_once_more_and_undo_takes_it_back() {
    let (t, site) = two_mentions();
    site.put(
        "/feed.xml",
        &feed(&[("1", "Acme tins", "The ring."), ("2", "A garden", "Of tins."), ("3", "A meadow", "Grass.")]),
    );
    ok(&t, &["topics", "set", "tins", "tins"]);
    ok(&t, &["fetch"]);
    let inbox = |t: &Temp| {
        let out = run(t, &["list", "--json"]);
        titles(&text(&out.stdout))
    };
    assert_eq!(inbox(&t), ["A garden", "Acme tins"]);
    // The meadow comes in, the garden goes; Acme stays for the other topic.
    ok(&t, &["topics", "set", "tins", "grass"]);
    assert_eq!(inbox(&t), ["A garden", "Acme tins"]);
    let shown = json_lines(&ok(&t, &["topics", "apply", "tins", "--dry-run", "--json"]));
    let of = |title: &str| shown.iter().find(|s| s["title"] == title).unwrap()["topic"].clone();
    assert_eq!((of("A meadow"), of("A garden")), ("+ inbox".into(), "- inbox".into()));
    assert_eq!((of("Acme tins"), shown.len()), ("- topic".into(), 3));
    ok(&t, &["topics", "apply", "tins"]);
    assert_eq!(inbox(&t), ["A meadow", "Acme tins"]);
    assert_eq!(run(&t, &["topics", "apply", "tins"]).status.code(), Some(3), "all is so already");
    let meadow = json_lines(&ok(&t, &["search", "--json", "grass"]));
    assert_eq!(meadow[0]["topics"], serde_json::json!(["tins"]));
    // The index follows: what a topic is for is asked of it.
    assert_eq!(titles(&ok(&t, &["search", "--json", "objective:improve"])), ["A meadow", "Acme tins"]);
    ok(&t, &["undo"]);
    assert_eq!(inbox(&t), ["A garden", "Acme tins"]);
    assert_eq!(titles(&ok(&t, &["search", "--json", "objective:improve"])), ["A garden", "Acme tins"]);
    ok(&t, &["redo"]);
    assert_eq!(inbox(&t), ["A meadow", "Acme tins"]);
    // What somebody works on stays, and a rebuilt tree knows all of it.
    ok(&t, &["undo"]);
    let garden = json_lines(&ok(&t, &["search", "--json", "garden"]))[0]["id"].as_str().unwrap().to_owned();
    ok(&t, &["tag", "bed", &garden]);
    ok(&t, &["topics", "apply", "tins"]);
    assert_eq!(inbox(&t), ["A garden", "A meadow", "Acme tins"]);
    let _ = run(&t, &["stop"]);
    for e in std::fs::read_dir(t.path("data")).unwrap().flatten() {
        if e.file_name().to_string_lossy().starts_with("index-") {
            std::fs::remove_dir_all(e.path()).unwrap();
        }
    }
    ok(&t, &["check", "--repair"]);
    assert_eq!(inbox(&t), ["A garden", "A meadow", "Acme tins"]);
    assert_eq!(titles(&ok(&t, &["search", "--json", "objective:improve"])), ["A meadow", "Acme tins"]);
}

#[test]
fn language_and_mood_are_told_corrected_and_asked_for_and_marks_put_what_is_wanted_first() {
    let (t, site) = two_mentions();
    site.put(
        "/feed.xml",
        &feed(&[
            ("1", "Acme again", "I hate these tins, the worst lids ever and nobody answers my letters."),
            (
                "2",
                "Acme danke",
                "Ich bin sehr zufrieden mit dem neuen Deckel, das ist wirklich ganz wunderbar.",
            ),
            ("3", "Acme opens a shop", "The new shop in the old town opens its doors on Monday at nine."),
            ("4", "Acme 4", "?"),
        ]),
    );
    ok(&t, &["fetch"]);
    let all = json_lines(&ok(&t, &["list", "--json"]));
    let of = |title: &str| all.iter().find(|m| m["title"] == title).unwrap().clone();
    let told = |m: &serde_json::Value| {
        format!("{} {}", m["lang"].as_str().unwrap_or("?"), m["mood"].as_str().unwrap())
    };
    assert_eq!(told(&of("Acme again")), "en neg");
    assert_eq!(told(&of("Acme danke")), "de pos");
    assert_eq!(told(&of("Acme opens a shop")), "en neutral");
    assert_eq!(told(&of("Acme 4")), "? unknown");
    assert_eq!(titles(&ok(&t, &["list", "--json", "lang:de"])), ["Acme danke"]);
    assert_eq!(titles(&ok(&t, &["list", "--json", "sentiment:neg"])), ["Acme again"]);
    assert_eq!(titles(&ok(&t, &["list", "--json", "lang:? sentiment:unknown"])), ["Acme 4"]);
    // What one of us says holds, for the index too, and undo leaves it to the words again.
    let id = |title: &str| of(title)["id"].as_str().unwrap().to_owned();
    ok(&t, &["mood", "positive", &id("Acme again")]);
    assert_eq!(run(&t, &["search", "--json", "sentiment:neg"]).status.code(), Some(3));
    assert_eq!(titles(&ok(&t, &["search", "--json", "sentiment:pos"])), ["Acme again", "Acme danke"]);
    ok(&t, &["undo"]);
    assert_eq!(titles(&ok(&t, &["search", "--json", "sentiment:neg"])), ["Acme again"]);
    // Marks teach; the reasons are told, and nothing is hidden.
    ok(&t, &["like", &id("Acme danke")]);
    ok(&t, &["like", "--less", &id("Acme opens a shop")]);
    let first = json_lines(&ok(&t, &["search", "--json", "acme", "--sort", "relevance"]));
    let order: Vec<&str> = first.iter().map(|m| m["title"].as_str().unwrap()).collect();
    assert_eq!((order.len(), order[0], order[3]), (4, "Acme danke", "Acme opens a shop"));
    assert!(first[0]["reasons"][0]["why"].as_str().unwrap().starts_with("relevance "), "{}", first[0]);
    // For an objective, what goes wrong comes first; the weights are told.
    let out = run(&t, &["search", "acme", "--sort", "improve"]);
    assert!(
        text(&out.stderr).contains("improve: trouble ×3 · told in many places ×2"),
        "{}",
        text(&out.stderr)
    );
    assert!(text(&out.stdout).contains("its mood is negative +3.0"), "{}", text(&out.stdout));
    assert!(text(&out.stdout).lines().next().unwrap().contains("Acme again"), "{}", text(&out.stdout));
    // An export carries them, and a restored one has them.
    ok(&t, &["mood", "mixed", &id("Acme 4")]);
    let export = ok(&t, &["list", "--json", "--state", "all"]);
    let other = Temp::new();
    other.write("config.toml", &config(&site));
    let file = other.write("all.jsonl", &export);
    ok(&other, &["import", file.to_str().unwrap(), "--restore"]);
    assert_eq!(titles(&ok(&other, &["search", "--json", "sentiment:mixed"])), ["Acme 4"]);
    let liked = json_lines(&ok(&other, &["search", "--json", "danke"]));
    assert_eq!((&liked[0]["liked"], &liked[0]["mood"]), (&true.into(), &"pos".into()));
}

#[test]
fn a_topic_that_is_tried_says_what_speaks_against_it_and_names_are_muted_by_their_name() {
    let (t, _site) = two_mentions();
    ok(&t, &["fetch"]);
    let tins = json_lines(&ok(&t, &["search", "--json", "tins"]))[0]["id"].as_str().unwrap().to_owned();
    ok(&t, &["answered", &tins, "https://blog.example/1#answer"]);
    let tried = ok(&t, &["topics", "try", "--", "(acme -ring) OR lemonade"]);
    assert!(
        tried.contains("lost: it leaves out 1 that we answered, as “Acme tins will not open”"),
        "{tried}"
    );
    assert!(tried.contains("silent: nothing of 30 days matches lemonade"), "{tried}");
    // The site and the author by name; what was never heard of is told.
    assert_eq!(run(&t, &["mute", "site", "never.example"]).status.code(), Some(3));
    ok(&t, &["mute", "site", "blog.example", "--for", "7d"]);
    ok(&t, &["mute", "author", "@ana", "--allow"]);
    let mutes = json_lines(&ok(&t, &["mutes", "--json"]));
    let of = |kind: &str| mutes.iter().find(|m| m["kind"] == kind).unwrap().clone();
    assert_eq!((&of("site")["label"], &of("site")["allow"]), (&"blog.example".into(), &false.into()));
    assert_eq!((&of("author")["label"], &of("author")["allow"]), (&"Ana".into(), &true.into()));
}

#[test]
fn what_a_topic_hears_anew_stays_out_where_it_is_muted_or_its_source_is_for_other_topics() {
    let (t, site) = two_mentions();
    let conf = format!("{}topics = [\"brand\"]\n", config(&site));
    t.write("config.toml", &conf);
    site.put("/feed.xml", &feed(&[("1", "Acme tins", "A ring."), ("2", "A meadow", "Grass.")]));
    ok(&t, &["fetch"]);
    // The source is heard for brand alone.
    ok(&t, &["topics", "set", "green", "grass"]);
    assert_eq!(run(&t, &["topics", "apply", "green", "--dry-run"]).status.code(), Some(3));
    t.write("config.toml", &config(&site));
    ok(&t, &["mute", "author", "Ana"]);
    let shown = json_lines(&ok(&t, &["topics", "apply", "green", "--dry-run", "--json"]));
    assert_eq!((shown.len(), &shown[0]["topic"]), (1, &"+ (older)".into()), "its author is muted");
    ok(&t, &["topics", "apply", "green"]);
    let meadow = || json_lines(&ok(&t, &["search", "--json", "title:meadow"]))[0].clone();
    assert_eq!((&meadow()["state"], &meadow()["topics"]), (&"heard".into(), &serde_json::json!(["green"])));
    // A new text is judged anew, whatever was said of the old one.
    site.put("/feed.xml", &feed(&[("1", "Acme tins", "A ring."), ("2", "A meadow", "Under snow.")]));
    ok(&t, &["fetch"]);
    assert_eq!(meadow()["topics"], serde_json::json!([]));
}

//! What comes first: moods and marks by key, objectives, a topic heard anew.

use super::*;
use crate::model::Objective;

fn topic(name: &str, objective: Objective) -> TopicView {
    TopicView { name: name.into(), query: name.into(), objective, team: true, ..TopicView::default() }
}

#[test]
fn a_mood_is_corrected_and_marks_teach_and_why_says_where_it_stands() {
    let mut s = Story::five((140, 40));
    s.press("enter").shows("inbox · ?");
    s.press("= -").shows("mood: negative").shows("? negative (marked)");
    s.press("= =").shows("mood: as its words suggest").hides("(marked)");
    s.press("+").shows("more like this");
    assert_eq!(s.world.acts.last().map(|a| a.0.clone()), Some(Verb::Like(Some(true))));
    // The same key once more takes it back.
    s.press("+").shows("neither more nor less like this");
    s.press("-");
    assert_eq!(s.world.acts.last().map(|a| a.0.clone()), Some(Verb::Like(Some(false))));
    s.press("w").shows("mood ?").shows("as what we want more of").shows("+0.4  relevance 71 %");
    // What may follow the prefix is shown.
    s.press("q").press("=").shows("- negative").shows("0 neutral");
}

#[test]
fn each_objective_has_its_own_first_screen_and_columns() {
    let mut s = Story::five((100, 24));
    s.world.items[0].mention.reach = Some(120_000);
    s.world.items[0].tellings = 4;
    s.world.items[0].marked_mood = Some(crate::model::Mood::Neg);
    s.world.items[0].assignee = Some("bo".into());
    s.world.topics = vec![topic("tins", Objective::Launch)];
    let hit = TopicHit { topic: "tins".into(), spans: vec![] };
    s.world.items.iter_mut().for_each(|i| i.mention.topics = vec![hit.clone()]);
    s.tell(Msg::Reply(For::Told, Box::new(Reply::Topics(s.world.topics.clone()))));
    s.tell(Msg::Opened);
    s.press("O").shows("first for launch: objective:launch").shows("by what it is for");
    s.shows("reach  told").shows("120k     4  Tins will not open");
    s.press("O").shows("first for research").shows("words  asks  language");
    s.press("O").shows("first for improve").shows("negative     4  @bo");
    assert!(s.world.asked.iter().any(
        |r| matches!(r, Request::Ranked { query, by: crate::model::By::Objective(Objective::Research), .. }
        if query.states.contains(&State::Heard))
    ));
    // Verbs work there as everywhere.
    s.press("e");
    assert_eq!(s.world.acts.last().map(|a| a.0.clone()), Some(Verb::Done));
    // The orders are typed too, and what is none is told.
    s.press("q").press("/").type_in("tins | sort reach").press("enter").shows("score, relevance, launch");
    s.press("esc")
        .press("/")
        .type_in("tins | sort relevance")
        .press("enter")
        .shows("what we want more of first");
}

#[test]
fn a_topics_objective_changes_by_key_and_sets_are_named_there() {
    let mut s = Story::five((100, 24));
    s.world.topics = vec![topic("tins", Objective::Launch)];
    s.press("g T").shows("tins  launch    tins");
    s.press("O").shows("tins  research  tins");
    s.press("P").shows("a new set").type_in("parts").press("tab").type_in("lid* OR ring").press("ctrl-x p");
    s.shows("parts: written, and in force");
    assert!(s.world.topics.iter().any(|t| t.set && t.name == "parts" && t.query == "lid* OR ring"));
    s.shows("parts  set:      lid* OR ring").press("j").press("O").shows("it has no objective");
}

#[test]
fn a_changed_topic_shows_what_it_would_hear_of_what_is_stored_and_asks() {
    let mut s = Story::five((100, 24));
    s.world.topics = vec![topic("tins", Objective::Improve)];
    s.press("g T").press("r").type_in(" OR food").press("ctrl-x p");
    s.shows("it changes nothing of what is stored");
    s.world.would = vec![("+ inbox".into(), s.world.items[1].clone())];
    s.press("r").type_in(" OR diet").press("ctrl-x p");
    s.shows("tins, heard anew: 1 mention of the last 30 days changes")
        .shows("+ inbox")
        .shows("yes and Enter change 1");
    s.type_in("no").press("enter").shows("all stays as it is").shows("topics: what is listened for");
    s.press("r").type_in(" OR rain").press("ctrl-x p").type_in("yes").press("enter");
    assert!(s.world.asked.iter().any(|r| matches!(r, Request::Rehear { dry_run: false, .. })));
    s.shows("1 heard anew");
    // Whoever writes already is not interrupted by what comes late.
    s.press(":").type_in("no");
    let late = Reply::WouldDo { n: 3, of: 5, rows: vec![] };
    s.tell(Msg::Reply(For::WouldDo(Some("tins".into())), Box::new(late)));
    s.shows("3 stored mentions would change");
}

#[test]
fn why_a_topic_hears_a_text_or_a_page_or_not_is_shown() {
    let mut s = Story::five((100, 24));
    s.world.topics = vec![topic("tins", Objective::Improve), topic("lids", Objective::Improve)];
    s.press("g T").press("j").press("w").type_in("my tins are open").press("enter");
    s.shows("why the topics hear it, or not").shows("topic lids: does not match").shows("✗ lids");
    s.shows("topic tins: matches").press("q").shows("topics: what is listened for");
    s.press("w").type_in("https://blog.example/1").press("enter").shows("✓ tins").shows("Tins will not open");
}

#[test]
fn a_filter_is_refined_where_it_put_things_in_order_and_names_nobody_gave_are_told() {
    let mut s = Story::five((100, 24));
    s.world.topics = vec![topic("tins", Objective::Improve)];
    s.tell(Msg::Reply(For::Told, Box::new(Reply::Topics(s.world.topics.clone()))));
    s.press("/").type_in("tins | sort relevance").press("enter").shows("what we want more of first: tins");
    // There `/` begins with what is shown; without an order it is a list again.
    s.press("/").shows("> tins | sort relevance").press("ctrl-u").type_in("set:tnis").press("enter");
    s.shows("there is no set named tnis; did you mean tins?").shows("> set:tnis");
    s.press("ctrl-u").type_in("rain").press("enter").shows("inbox / rain").hides("more of first");
    // What comes first for an objective stays within what is looked at.
    s.press("O");
    assert!(
        s.world
            .asked
            .iter()
            .any(|r| matches!(r, Request::Ranked { query, .. } if query.filter == "rain objective:improve"))
    );
    // What is done where it stands in an order keeps its columns.
    s.press("q").press("/").press("ctrl-u").type_in("tins | sort improve").press("enter").press("e");
    s.shows(">e ").shows("inbox");
}

#[test]
fn a_sheet_that_is_typed_on_while_it_is_saved_stays_and_others_are_left_alone() {
    let mut s = Story::five((100, 24));
    s.world.topics = vec![topic("tins", Objective::Improve)];
    s.press("g T").press("r").type_in(" OR lids").press("ctrl-x");
    let asked = update(&mut s.app, Msg::Key(KeyEvent::from(KeyCode::Char('p'))));
    s.type_in(" OR rings");
    for e in asked {
        if let Effect::Ask(what, _) = e {
            let edited = Reply::Edited { name: "tins".into(), gone: false };
            s.tell(Msg::Reply(what, Box::new(edited)));
        }
    }
    let sheet = s.app.sheet.as_ref().unwrap();
    assert_eq!((sheet.was.as_str(), sheet.query().as_str()), ("tins OR lids", "tins OR lids OR rings"));
    // Something else that was written closes nothing.
    s.tell(Msg::Reply(For::Edited, Box::new(Reply::Edited { name: "other".into(), gone: false })));
    assert!(s.app.sheet.is_some());
    // Left unsaved, and changed by a colleague meanwhile: it is there again, and says so.
    s.press("esc");
    s.app.topics[0].query = "cans".into();
    s.press("r").shows("OR rings").shows("it was changed meanwhile; saving takes the place of: cans");
}

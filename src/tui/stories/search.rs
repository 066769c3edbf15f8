//! Numbers of views and filters, the best first, mutes.

use super::*;

#[test]
fn views_tell_how_many_they_have_and_the_header_where_one_is_among_all() {
    let mut s = Story::five((80, 24));
    let view = |name: &str, filter: &str| View {
        name: name.into(),
        filter: filter.into(),
        states: vec![crate::model::State::Inbox],
    };
    s.world.views = vec![view("weather", "rain"), view("everything that is open", "")];
    s.tell(Msg::Reply(For::Told, Box::new(Reply::Views(s.world.views.clone()))));
    s.rest();
    s.shows("1 weather 1  2 everything … 5");
    // One that is done counts no more, a moment later.
    s.press("/").type_in("tins OR rain").press("enter").shows("inbox / tins OR rain · 1/2");
    s.press("e").rest();
    s.shows("1 weather 1  2 everything … 4");
    // Where the first page is not all, the header says how many there are.
    s.app.stream.older = Some(crate::model::Key::default());
    s.app.stream.total = Some(crate::door::Total { n: 20_340, exact: false });
    s.shows("/≥20340");
    s.app.ascii = true;
    s.shows("/>=20340");
}

#[test]
fn a_filter_that_sorts_by_score_opens_a_page_with_the_best_first() {
    let mut s = Story::five((80, 24));
    s.press("/").type_in("tins OR rain | sort reach").shows("“| sort reach”: a list is sorted by time");
    s.press("ctrl-u").type_in("tins OR rain | sort score").press("enter");
    s.shows("the best first: tins OR rain").shows("Tins will not open").shows("Rain again");
    s.press("e").shows("1 done");
    s.press("q").shows("Acme · inbox · ");
    s.press("/").type_in("zebra | sort score").press("enter").shows("Nothing among inbox matches.");
}

#[test]
fn an_author_is_muted_for_a_while_and_heard_again() {
    use crate::model::{MuteKind, Targets, Verb, time};
    let mut s = Story::five((80, 24));
    s.press("m")
        .shows("m … t thread … · a author … · y story … · d site … · c community …")
        .press("a")
        .shows("1 author 1h · 2 author 1d")
        .press("3");
    let week = Some(s.app.now.plus(7 * time::DAY));
    let key = s.world.items[0].key;
    let (verb, targets) = s.world.acts.last().cloned().unwrap();
    assert_eq!(verb, Verb::Mute { kind: MuteKind::Author, until: week, allow: false });
    assert_eq!(targets, Targets::Mentions(vec![key]));
    s.shows("author muted until");
    s.press(":").type_in("always let in site").press("enter");
    let verb = s.world.acts.last().unwrap().0.clone();
    assert_eq!(verb, Verb::Mute { kind: MuteKind::Site, until: None, allow: true });
    // What is muted is a list, on which one is lifted.
    let of = MuteKey { kind: MuteKind::Author, hash: 7 };
    let mute = Mute { until: week, by: "bo".into(), at: NOW, about: key, allow: false };
    s.world.mutes = vec![MuteView { key: of, label: text("Mirabel"), mute }];
    s.press(":")
        .type_in("mutes")
        .press("enter")
        .shows("author     Mirabel")
        .shows("muted until")
        .shows("(bo)");
    s.press("enter").shows("Tins will not open").press("q").shows("(bo)");
    s.press("D");
    assert_eq!(s.world.acts.last().unwrap().0, Verb::Unmute(of));
    s.shows("Nothing is muted.");
    // By its name too.
    s.press("+").type_in("author nobody").press("enter").shows("nothing was heard yet of the author nobody");
    // What was typed stays there to be put right.
    s.shows("> author nobody").press("ctrl-u").type_in("sitte x").press("enter");
    s.shows("write author, site or community").press("ctrl-u").type_in("site a.example 9x").press("enter");
    s.shows("> site a.example 9x");
    s.press("esc").press("+").type_in("allow author @bo 7d").press("enter");
    let (verb, targets) = s.world.acts.last().cloned().unwrap();
    assert_eq!(verb, Verb::Mute { kind: MuteKind::Author, until: week, allow: true });
    assert_eq!(targets, Targets::Mentions(vec![s.world.items[1].key]));
}

#[test]
fn rules_are_shown_at_work_before_they_are() {
    let mut s = Story::five((80, 24));
    s.press(":").type_in("apply rules").press("enter").shows("the rules change nothing of 5 in the inbox");
    s.world.would = vec![("thanks".into(), s.world.items[1].clone())];
    s.press(":")
        .type_in("apply rules")
        .press("enter")
        .shows("what the rules would do to 1 of 5")
        .shows("Thanks for the food");
    s.shows("yes and Enter change 1").type_in("no").press("enter").shows("all stays as it is");
    assert!(!s.world.asked.iter().any(|r| matches!(r, Request::ApplyRules { dry_run: false, .. })));
    s.press(":")
        .type_in("apply rules")
        .press("enter")
        .type_in("yes")
        .press("enter")
        .shows("1 changed by the rules");
}

#[test]
fn a_topic_is_tried_while_it_is_typed() {
    let mut s = Story::five((80, 24));
    s.press("g T").press("+").shows("a new topic of the team's").shows(">name");
    s.type_in("tins").press("enter").shows(">objective").press("enter").type_in("tin*").rest();
    s.shows("1 of 5 heard in 7 days; 1 story, 1 author").shows("Tins will not open").hides("Rain again");
    // What is not right yet leaves what was shown; then it is tried anew.
    s.type_in(" OR").rest();
    s.shows("1 of 5 heard").shows("OR needs a term after it").type_in(" rain").rest();
    s.shows("2 of 5 heard in 7 days; 2 stories").shows("Rain again");
    assert!(s.world.topics.iter().all(|t| t.name != "tins"), "nothing is written before it is saved");
    s.press("ctrl-x").shows("p save").press("p").shows("topics: what is listened for").hides("2 of 5 heard");
    s.press("r").rest();
    s.shows("2 of 5 heard").press("esc").hides("2 of 5 heard").shows("topics: what is listened for");
}

#[test]
fn a_long_query_has_lines_and_what_is_left_unsaved_is_there_again() {
    let mut s = Story::five((60, 24));
    s.press("g T").press("+").type_in("long").press("tab tab").type_in("tins OR lids").press("enter");
    s.type_in("-(rain OR snow)").rest().shows("-(rain OR snow)");
    s.press("esc").shows("not saved; what you wrote is here when you open");
    s.press("+").shows("here is what you had written").shows("tins OR lids");
    s.press("ctrl-x p").shows("long: written, and in force");
    assert_eq!(s.world.topics.last().unwrap().query, "tins OR lids -(rain OR snow)");
    // What was saved is not there a second time.
    s.press("+").hides("tins OR lids").press("esc");
}

//! Several people at one inbox: calls, claims, approval, what changed while one wrote.

use super::*;
use crate::door::To;
use crate::model::Role;

fn bo(s: &mut Story, stage: Stage) -> Draft {
    let d = Draft {
        id: Id(9),
        mention: s.world.items[0].key,
        about: text("Tins will not open"),
        who: "bo".into(),
        text: text("Dear Mirabel, please pull the ring."),
        saved_at: NOW,
        stage,
        ..Draft::default()
    };
    s.world.drafts.push(d.clone());
    s.app.role = Some(Role::Send);
    s.tell(Msg::Event(Event::DraftsChanged));
    d
}

#[test]
fn a_colleague_who_calls_is_heard_and_found_again() {
    let mut s = Story::five((100, 24));
    s.press("g M").shows("Nobody calls you. A note with @ana does.").press("q");
    let key = s.world.items[2].key;
    s.world.items[2].notes.push(("bo".into(), NOW, text("@ana is this yours?")));
    let call = |to: To| Event::Told {
        to,
        by: "bo".into(),
        about: key,
        text: text("bo calls you: @ana is this yours? · g M"),
    };
    s.tell(Msg::Event(call(To::Person("cy".into()))));
    s.tell(Msg::Event(call(To::Role(Role::Send))));
    s.hides("calls you");
    s.app.role = Some(Role::Moderate);
    s.tell(Msg::Event(call(To::Role(Role::Send))));
    s.shows("bo calls you").press("j").hides("bo calls you");
    s.tell(Msg::Event(call(To::Person("ana".into()))));
    s.shows("bo calls you: @ana is this yours?");
    s.press("g M").shows("Rain again").shows("bo: @ana is this yours?").press("enter").shows("note · bo");
}

#[test]
fn a_draft_that_waits_is_read_beside_its_mention_and_approved() {
    let mut s = Story::five((100, 24));
    bo(&mut s, Stage::Waiting { edited_by: None });
    s.press("g D").shows("waits").press("enter");
    s.shows("Tins will not open").shows("Dear Mirabel").shows(">bo · waits for approval");
    s.press("enter")
        .shows("approves the answer of bo")
        .type_in("n")
        .press("enter")
        .shows("Enter alone approves it");
    s.press("esc");
    assert!(s.world.acts.is_empty(), "asked, not done");
    s.press("enter").press("enter").shows("approved: bo hears of it").shows(">bo · approved by ana");
    // What is approved is not approved again, but can still be taken back from its writer.
    s.press("enter").shows("bo: approved by ana");
    s.press("N").shows("return it to bo, because").press("enter").shows("say why, for its writer");
    s.type_in("too long").press("enter").shows("returned to bo").shows("because: too long");
    s.press("q").shows("back").press("q");
}

#[test]
fn a_draft_that_was_changed_meanwhile_is_not_approved_unread() {
    let mut s = Story::five((80, 24));
    bo(&mut s, Stage::Waiting { edited_by: None });
    s.press("g D").press("enter");
    s.world.drafts[0].saved_at = NOW.plus(1000);
    s.world.drafts[0].text = text("Another text");
    s.press("enter")
        .press("enter")
        .shows("not approved: the draft was changed meanwhile")
        .shows("Another text");
    assert!(matches!(s.world.drafts[0].stage, Stage::Waiting { .. }));
}

#[test]
fn an_approver_changes_a_draft_and_it_stays_its_writers() {
    let mut s = Story::five((80, 24));
    bo(&mut s, Stage::Waiting { edited_by: None });
    let why = crate::model::outgoing::Check {
        name: "promo".into(),
        level: crate::model::outgoing::Level::Red,
        words: text("ana has to approve it"),
        source: text("x"),
        approval: true,
    };
    s.world.flight = Some(answer::flight(vec![why]));
    s.press("g D").press("enter").shows("promo: ana has to approve it").shows("promo 1/12");
    s.press("r").shows("the draft of bo").type_in(" Thanks!");
    s.press("ctrl-x p").shows("kept as you changed it").shows("waits, edited by ana").shows("Thanks!");
    assert_eq!(s.world.drafts[0].who, "bo");
    s.press("enter").press("enter").shows("approved by ana");
}

#[test]
fn rival_drafts_stand_side_by_side() {
    let mut s = Story::five((80, 24));
    let d = bo(&mut s, Stage::Waiting { edited_by: None });
    let cy = Draft { id: Id(10), who: "cy".into(), text: text("Another answer."), ..d };
    s.world.drafts.push(cy);
    s.press("g D").press("G").press("enter").shows("Dear Mirabel").shows("Another answer.");
    let line = s.lines().into_iter().find(|l| l.contains("Another answer.")).unwrap_or_default();
    assert!(line.contains("Dear Mirabel"), "{line}");
    s.shows(">cy").press("tab").shows(">bo").press("tab").shows(">cy");
    // Who may not send may look, and no more.
    s.app.role = Some(Role::Draft);
    s.press("enter").shows("approving needs the role send");
}

#[test]
fn who_may_not_send_gives_a_draft_for_approval_and_hands_it_off_then() {
    let mut s = Story::five((80, 24));
    s.world.terms.approval = Some("bo, cy".into());
    s.press("r").shows("to be approved").type_in("Dear Mirabel").press("ctrl-x p");
    s.shows("Enter gives it for approval").press("enter").shows("1 given for approval, to bo, cy · u undo");
    assert!(s.world.copied.is_empty() && s.app.editor.is_none());
    s.world.drafts[0].stage = Stage::Approved { by: "bo".into() };
    s.press("r").shows("approved by bo").press("ctrl-x p enter").shows("then give its address here");
    assert_eq!(s.world.copied, ["Dear Mirabel"]);
    s.press("esc");
    // Returned, its writer reads why, and writes on.
    s.world.drafts[0].stage = Stage::Returned { by: "bo".into(), note: Id(3) };
    s.world.drafts[0].reason = text("too stiff");
    s.press("r")
        .shows("returned by bo: too stiff")
        .type_in("!")
        .press("ctrl-x p enter")
        .shows("given for approval");
}

#[test]
fn where_a_claim_is_required_no_answer_is_begun_without_one() {
    let mut s = Story::five((80, 24));
    s.world.terms.barred =
        Some(text("blog.example wants a claim before an answer, and nobody has claimed this"));
    s.press("r").shows("wants a claim before").shows("Enter claims it and writes");
    // Words typed past the question are no verbs.
    s.type_in("eat this");
    assert!(s.app.editor.is_none() && s.app.ahead.is_none() && s.world.acts.is_empty());
    s.press("esc").press("r");
    s.world.terms.barred = None;
    s.press("enter").shows("reply · feed · blog.example · by hand");
    assert!(matches!(s.world.acts[0].0, Verb::Claim(None)));
}

#[test]
fn what_is_new_in_the_discussion_is_shown_before_a_reply_is_finished() {
    let mut s = Story::five((80, 24));
    let thread = text("https://blog.example/thread");
    s.world.items[0].mention.thread = thread.clone();
    s.press("r").type_in("Dear Mirabel");
    let mut more = item(8, "Re: tins", "cy");
    more.mention.thread = thread;
    more.mention.text = text("I found the ring.");
    s.world.items.push(more);
    s.press("ctrl-x p").shows("since you began").shows("I found the ring.").shows("cy · ");
    assert!(s.world.copied.is_empty());
    // Back to the words, then it is no news any more.
    s.press("q").shows("Dear Mirabel").shows("reply · feed · blog.example · by hand");
    s.press("ctrl-x p enter").shows("then give its address here");
    assert_eq!(s.world.copied, ["Dear Mirabel"]);
}

#[test]
fn whoever_writes_hears_that_a_colleague_was_quicker() {
    let mut s = Story::five((80, 24));
    s.press("r").type_in("Dear");
    s.world.items[0].state = State::Done;
    let key = s.world.items[0].key;
    s.tell(Msg::Event(Event::Changed(vec![key])));
    s.shows("a colleague marked this done while you write").shows("Dear");
    // Enter on the page that shows it finishes all the same.
    s.press("ctrl-x p")
        .shows("a colleague marked it done meanwhile")
        .press("enter enter")
        .shows("give its address here");
}

#[test]
fn done_says_that_somebody_is_writing_and_what_a_colleague_does_moves_nothing() {
    let mut s = Story::five((80, 24));
    let (first, id) = (s.world.items[0].key, s.world.items[0].id);
    s.tell(Msg::Event(Event::Presence(vec![crate::door::Present {
        who: "bo".into(),
        reading: None,
        writing: Some(id),
    }])));
    s.world.items[0].state = State::Done;
    s.tell(Msg::Event(Event::Changed(vec![first])));
    assert_eq!(s.app.stream.cursor, Some(first), "it stays under the hand");
    s.shows("done Tins will not open");
    s.world.items[0].state = State::Inbox;
    s.tell(Msg::Event(Event::Changed(vec![first])));
    s.hides("done Tins will not open");
    s.press("e").shows("1 done, though bo is writing a reply to it");
    assert_eq!(s.app.stream.cursor, Some(s.world.items[1].key));
}

#[test]
fn the_discussion_is_walked_with_two_keys_wherever_its_parts_stand() {
    let mut s = Story::five((80, 24));
    for n in [1, 3] {
        s.world.items[n].mention.thread = text("https://blog.example/thread");
    }
    s.world.items[3].state = State::Done;
    s.press(".").press("j").press("K").shows("1 of 2").press("K").shows("where the discussion began");
    s.press("J").shows("2 of 2").press("J").shows("the newest of the discussion");
    s.press("q").press("k").press("J").shows("no more of this discussion was heard");
}

#[test]
fn topics_of_the_team_are_changed_from_inside_and_the_operators_are_not() {
    let mut s = Story::five((80, 24));
    s.world.topics = vec![TopicView {
        name: "brand".into(),
        query: "acme".into(),
        about: "us".into(),
        ..TopicView::default()
    }];
    s.press("g T")
        .shows("brand  improve   acme  (config.toml)")
        .press("enter")
        .shows("which is the operator's");
    s.press("+").press("ctrl-x p").shows("give the topic a name");
    s.type_in("lids").press("tab tab").type_in("(tins").shows("column");
    s.press("ctrl-x p")
        .shows("column")
        .type_in(" OR lids)")
        .press("ctrl-x p")
        .shows("lids: written, and in force");
    s.press("j r").shows("topic lids").type_in(" -rain").press("ctrl-x p").shows("(tins OR lids) -rain");
    s.press("D").type_in("no").press("enter").shows("lids stays").press("D").type_in("yes").press("enter");
    s.hides("(tins OR lids)");
}

#[test]
fn what_one_looks_at_becomes_a_view_of_the_team() {
    let mut s = Story::five((80, 24));
    s.press(":").type_in("save view").press("enter").shows("set a filter first");
    s.press("/").type_in("tins").press("enter").press(":").type_in("save view").press("enter");
    s.shows("a new view of the team's").shows("inbox").type_in("the tins").press("ctrl-x p");
    s.shows("the tins: written").press("q").shows("A kidney diet");
    s.press("1").shows("Acme · the tins · 1/1").hides("A kidney diet").press("q");
    s.press(":").type_in("view the").press("enter").shows("Acme · the tins");
    // It is changed where it is shown.
    s.press(":").type_in("edit view").press("enter").shows("view the tins").type_in(" OR rain").rest();
    s.shows("it shows 2").shows("Rain again").press("tab").press("space").shows("snoozed");
    s.type_in("i").press("ctrl-x p").shows("the tins: written");
    assert_eq!(s.world.views[0].filter, "tins OR rain");
    s.press("0").press(":").type_in("edit view").press("enter").shows("show a view of the team's first");
    s.press("1").shows("Rain again").press("q");
    s.press(":")
        .type_in("remove view")
        .press("enter")
        .type_in("lids")
        .press("enter")
        .shows("the team has the views the tins");
    s.press("ctrl-u").type_in("the tins").press("enter").press("1").shows("there is no view 1");
}

#[test]
fn words_that_a_colleague_was_quicker_with_are_left_on_the_screen() {
    let mut s = Story::five((80, 24));
    s.press("r").type_in("Dear").rest().shows("saved");
    // At another terminal it became something else.
    s.world.drafts[0].saved_at = NOW.plus(5_000);
    s.type_in(" Ida").rest().shows("changed elsewhere since you opened it").shows("Dear Ida");
    s.press("esc").shows("Esc again").press("esc").shows("kept nowhere").shows("Dear Ida").press("y");
    assert_eq!(s.world.copied, ["Dear Ida\n"]);
    s.press("q").shows("Tins will not open");
}

#[test]
fn what_is_approved_is_what_was_asked_about_whatever_stands_there_by_then() {
    let mut s = Story::five((80, 24));
    let d = bo(&mut s, Stage::Waiting { edited_by: None });
    let cy = Draft { id: Id(10), who: "cy".into(), text: text("Another answer."), ..d };
    s.world.drafts.push(cy);
    s.press("g D").press("enter").press("enter").shows("approves the answer of bo");
    // Bo puts it aside meanwhile: the other draft takes its place on the page, and is not approved.
    s.world.drafts[0].discarded = true;
    s.tell(Msg::Event(Event::DraftsChanged));
    s.press("enter");
    assert!(matches!(s.world.drafts[1].stage, Stage::Waiting { .. }));
    let asked = s.world.acts.last().unwrap().1.clone();
    assert_eq!(asked, Targets::Drafts(vec![Id(9)]));
}

#[test]
fn a_long_draft_says_where_one_is_in_it_and_is_read_to_its_end() {
    let mut s = Story::five((80, 24));
    s.world.items[0].mention.text = text(&(0..40).map(|n| format!("said {n}\n")).collect::<String>());
    bo(&mut s, Stage::Waiting { edited_by: None });
    s.world.drafts[0].text = text(&(0..90).map(|n| format!("line {n}\n")).collect::<String>());
    s.tell(Msg::Event(Event::DraftsChanged));
    s.press("g D").press("enter").shows("lines 1 to 12 of 93").shows("line 0");
    s.press("G").shows("lines 82 to 93 of 93").shows("line 89").press("k").shows("lines 81 to 92");
    s.press("g g").press("space").shows("lines 8 to 19");
    s.shows("more lines (J)")
        .hides("said 9")
        .press("J J J J J J J")
        .shows("said 9")
        .press("K")
        .shows("said 8");
}

#[test]
fn a_warning_is_taken_away_by_the_key_that_would_quit() {
    let mut s = Story::five((80, 24));
    s.app.warn("the disk is full");
    s.press("q").hides("the disk is full");
    assert!(s.app.quit.is_none());
}

#[test]
fn what_was_typed_for_the_team_is_not_lost_by_being_refused() {
    let mut s = Story::five((80, 24));
    s.press("g T")
        .press("+")
        .type_in("lids")
        .press("tab tab")
        .type_in("rings")
        .press("ctrl-x p")
        .shows("written");
    s.press("r").type_in(" OR tins").press("ctrl-x");
    let key = KeyEvent::from(KeyCode::Char('p'));
    for e in update(&mut s.app, Msg::Key(key)) {
        if let Effect::Ask(what, _) = e {
            let why = crate::door::Refusal {
                kind: crate::door::RefusalKind::Usage,
                text: text("lids was changed meanwhile; it is now: x"),
            };
            s.tell(Msg::Reply(what, Box::new(Reply::Refused(why))));
        }
    }
    s.shows("lids was changed meanwhile").shows("rings OR tins");
}

#[test]
fn rules_of_the_team_are_written_and_say_what_they_fit_and_would_have_done() {
    let mut s = Story::five((100, 24));
    s.press("g Q").shows("No rule yet.").press("+").type_in("noise").press("tab").type_in("rain").rest();
    s.press("ctrl-x p").shows("it does nothing");
    s.press("tab").type_in("tag weather, dance").press("ctrl-x p").shows("“dance” is no action");
    for _ in 0..5 {
        s.tell(Msg::Key(KeyEvent::from(KeyCode::Backspace)));
    }
    s.type_in("done").press("ctrl-x p").shows("noise: written, and in force").shows("3 of 40 in 30 days");
    s.press("enter").shows("rule noise").press("tab").type_in(", urgent").press("ctrl-x p");
    s.shows("tag weather, done, urgent");
    s.press("D").type_in("yes").press("enter").shows("No rule yet.");
}

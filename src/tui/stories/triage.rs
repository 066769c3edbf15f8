//! Reading and triage: moving, verbs, marks, undo, drafts, pages.

use super::*;

#[test]
fn done_moves_on_and_undo_brings_it_back() {
    let mut s = Story::five((80, 24));
    s.shows("inbox 5 · unread 5")
        .at("Tins will not open")
        .press("j")
        .at("Thanks")
        .press("e")
        .at("Rain again");
    // It stays to be seen, dimmed, and says what became of it.
    s.shows("done Thanks for the food")
        .shows("1 done · u undo")
        .shows("inbox 4")
        .press("u")
        .shows("taken back: done (1)")
        .at("Thanks for the food")
        .hides("done Thanks");
    s.press("e . k").hides("Thanks for the food");
}

#[test]
fn where_the_cursor_goes_after_a_verb_is_everybodys_own() {
    use crate::tui::app::After;
    for (after, at) in [(After::Up, "Tins"), (After::Down, "Rain"), (After::Stay, "done Thanks")] {
        let mut s = Story::five((80, 24));
        s.app.after = after;
        s.press("j e").at(at);
    }
    // The last one done leaves the cursor on it, and the reader closes.
    let mut s = Story::new((80, 24), vec![item(1, "Only", "ana")]);
    s.press("enter e").at("done Only").press("u").hides("done Only").at("Only");
    s.press("!").shows("! Only").press("!").hides("! Only");
}

#[test]
fn an_undo_far_down_the_list_stays_there_and_takes_no_news_in() {
    let items = (0..600).map(|i| item(i + 1, &format!("number {i}"), "ana")).collect();
    let mut s = Story::new((80, 24), items);
    for _ in 0..25 {
        s.press("ctrl-d");
    }
    s.tell(Msg::Event(Event::Arrived { inbox: 3, heard: 0 }));
    let here = s.app.stream.current().unwrap().mention.title.to_string();
    s.press("e").shows(&format!("done {here}"));
    let next = s.app.stream.current().unwrap().mention.title.to_string();
    assert_ne!(here, next);
    s.press("u").at(&here).shows("3 new (.)");
}

#[test]
fn the_next_unread_is_found_beyond_the_rows_that_are_here() {
    let mut items: Vec<Item> = (0..900).map(|i| item(i + 1, &format!("number {i}"), "ana")).collect();
    items.iter_mut().for_each(|i| i.read = true);
    items[700].read = false;
    let mut s = Story::new((80, 24), items);
    s.press("] u").at("number 700").press("] u").shows("none that way");
    // The list goes on in both directions from there.
    s.press("k").at("number 699").press("j j").at("number 701");
    s.press("g g").at("number 0");
}

#[test]
fn a_refused_verb_keeps_the_marks_and_the_typed_words() {
    let mut s = Story::five((80, 24));
    s.press("x x t")
        .type_in("lid problem")
        .press("enter")
        .shows("one word without commas")
        .shows("> lid problem");
    s.press("esc").shows("2 marked");
    s.press("s s").type_in("0d").press("enter").shows("over already").press("esc").shows("2 marked");
    s.press("t").type_in("lid").press("enter").shows("2 tagged #lid").hides("marked");
}

#[test]
fn the_permalink_goes_to_what_was_answered_whatever_is_marked() {
    let mut s = Story::five((80, 24));
    s.press("G x g g x k r")
        .type_in("Dear Mirabel")
        .press("ctrl-x p")
        .shows("Enter copies it")
        .press("enter")
        .shows("post it at");
    s.type_in("https://x.example/a").press("enter");
    let last = s.world.acts.last().cloned().unwrap();
    assert_eq!(last.0, Verb::Answered("https://x.example/a".into()));
    assert_eq!(last.1, Targets::Mentions(vec![Key { time: 999, id: Id(1 << 40) }]));
    assert_eq!(s.app.stream.marks.len(), 2);
}

#[test]
fn notes_and_tags_on_a_persons_page_are_the_persons() {
    let mut s = Story::five((80, 24));
    s.press("p").shows("mirabel").press("n").type_in("knows us").press("enter");
    assert!(matches!(&s.world.acts.last().unwrap().1, Targets::People(p) if p.len() == 1));
    s.press("V");
    assert!(matches!(s.world.acts.last().unwrap(), (Verb::Vip(true), Targets::People(_))));
    // A mention opened from there, and back.
    s.press("j enter")
        .shows("The whole text of Recipe")
        .press("q")
        .shows("mirabel ·")
        .press("q")
        .at("Recipe");
}

#[test]
fn the_panes_beside_the_stream_are_walked_with_the_same_keys() {
    let mut s = Story::five((80, 24));
    s.press("tab tab").shows("people on the screen").shows("mirabel");
    s.press("j enter").shows("in 30 days").press("q q").at("Tins");
    s.press("r").type_in("half a word").press("esc tab tab tab").shows("half a word");
    s.press("enter").shows("reply ·").shows("half a word");
}

#[test]
fn enter_in_the_help_does_what_it_explains() {
    let mut s = Story::five((80, 24));
    s.press("?").type_in("half a page down").press("enter").at("Kidney".to_lowercase().as_str());
}

#[test]
fn pages_about_a_mention_take_its_verbs_and_scroll() {
    let mut s = Story::five((80, 24));
    s.press("o").shows("y copies it").press("y");
    assert_eq!(s.world.copied.last().map(String::as_str), Some("https://blog.example/1"));
    s.press("e").press("q").shows("done Tins will not open");
}

#[test]
fn what_changed_is_shown_word_by_word() {
    let mut items = vec![item(1, "Recall", "ana")];
    items[0].edited = true;
    items[0].revisions = vec![(NOW, text("Recall"), text("We recall the red tins of May."))];
    items[0].mention.text = text("We recall the blue tins of May.");
    let mut s = Story::new((80, 24), items);
    s.press("d").shows("[-red-]{+blue+}").press("q");
}

#[test]
fn the_same_keys_work_in_the_reader_and_enter_marks_read() {
    let mut s = Story::five((80, 24));
    s.press("enter")
        .shows("The whole text of Tins")
        .shows("unread 4")
        .press("e")
        .shows("The whole text of Thanks")
        .press("q");
    s.at("Thanks").shows("done Tins will not");
}

#[test]
fn looking_does_not_mark_read() {
    let mut s = Story::five((120, 30));
    s.press("j j").rest().shows("The whole text of Rain").shows("unread 5");
}

#[test]
fn what_is_looked_at_long_enough_is_read_where_one_wants_that() {
    let mut s = Story::five((120, 30));
    s.app.dwell_ms = Some(2000);
    s.press("j").rest().shows("unread 5").rest().shows("unread 4");
    s.press("j").rest().press("j");
    s.world.timers.retain(|t| matches!(t, Timer::Dwell(_)));
    s.rest().shows("unread 4");
}

#[test]
fn one_goes_back_and_forward_through_where_one_was() {
    let mut s = Story::five((80, 24));
    s.press("enter q j j enter q G enter q").at("kidney");
    s.press("{").at("Rain").press("{").at("Tins").press("{").shows("where it began");
    s.press("}").at("Rain").press("}").at("kidney").press("}").shows("the newest place");
}

#[test]
fn the_palette_puts_first_what_one_takes_often() {
    let mut s = Story::five((80, 24));
    s.press(":").type_in("show").shows(">show all").press("esc");
    for _ in 0..3 {
        s.press(":").type_in("show snoozed").press("enter");
    }
    s.press(":").type_in("show").shows(">show snoozed");
}

#[test]
fn what_arrives_while_the_empty_inbox_is_being_read_is_shown() {
    let mut s = Story::new((80, 24), vec![]);
    let first = update(&mut s.app, Msg::Opened);
    s.app.stream.loaded = false;
    s.app.stream.calm = true;
    s.tell(Msg::Event(Event::Arrived { inbox: 1, heard: 0 }));
    s.shows("1 new");
    s.world.items.push(item(1, "Tins", "ana"));
    for e in first {
        if let Effect::Ask(what @ For::Top(_), _) = e {
            let old = Reply::List { items: vec![], next: None, scanned: 0, total: None };
            s.tell(Msg::Reply(what, Box::new(old)));
        }
    }
    s.shows("Tins").hides("1 new");
}

#[test]
fn marks_make_one_step() {
    let mut s = Story::five((80, 24));
    s.press("x j X")
        .shows("3 marked")
        .press("e")
        .shows("3 done")
        .shows("inbox 2")
        .press("u")
        .shows("inbox 5");
    s.press("*")
        .type_in("kidney OR recipe")
        .press("enter")
        .shows("2 marked")
        .press("* enter")
        .hides("marked ·");
}

#[test]
fn snooze_by_one_letter_and_by_words() {
    let mut s = Story::five((80, 24));
    s.press("s")
        .shows("h an hour · t tomorrow · w a week · m a month · r a reply · s a typed time")
        .press("t")
        .shows("1 snoozed until")
        .shows("snoozed 1");
    s.press("s s")
        .type_in("yesterday")
        .press("enter")
        .shows("no time to come back")
        .press("ctrl-u")
        .type_in("2h")
        .press("enter")
        .shows("snoozed 2");
}

#[test]
fn an_escape_gives_up_a_chord_and_a_split_arrow_key_does_nothing() {
    let mut s = Story::five((80, 24));
    s.press("s esc").at("Tins");
    // ESC and [B in two packets: Esc, then a prefix, then nothing.
    s.press("[ B").at("Tins").shows("inbox 5");
    assert!(s.world.acts.is_empty());
}

#[test]
fn new_items_wait_until_they_are_taken_in() {
    let mut s = Story::five((80, 24));
    s.press("j");
    s.world.items.push(item(0, "Brand new", "zoe"));
    s.tell(Msg::Event(Event::Arrived { inbox: 1, heard: 0 }));
    s.hides("Brand new")
        .shows("▲ 1 new (.)")
        .at("Thanks")
        .press(".")
        .shows("Brand new")
        .at("Thanks")
        .hides("▲");
}

#[test]
fn an_empty_inbox_says_why_and_fills_by_itself() {
    let mut s = Story::new((80, 24), vec![]);
    s.shows("The inbox is empty.").shows("Nothing was heard yet.");
    s.world.items.push(item(1, "Hello", "bo"));
    s.tell(Msg::Event(Event::Arrived { inbox: 1, heard: 0 }));
    s.shows("Hello").hides("▲");
}

#[test]
fn a_store_that_cannot_be_opened_says_why_on_the_screen() {
    let mut s = Story::five((80, 24));
    s.app = App::new("ana", NOW, (80, 24));
    s.shows("opening…");
    s.tell(Msg::OpenFailed("another Hearken is using /srv/hearken; close it".into()));
    s.hides("opening…").shows("cannot open its store").shows("another Hearken is using").press("q");
    // Scripts that wrap it hear it too.
    assert_eq!(s.app.quit, Some(4));
}

#[test]
fn text_fields_swallow_every_printable_key() {
    let mut s = Story::five((80, 24));
    s.press("r").type_in("e x q u ? : / . jJ").shows("e x q u ? : / . jJ");
    assert!(s.world.acts.is_empty());
    s.rest().shows("· saved").press("esc").shows("draft kept");
    assert_eq!(s.world.drafts[0].text.as_str(), "e x q u ? : / . jJ");
    s.press("r")
        .shows("jJ")
        .press("ctrl-x p")
        .press("enter")
        .shows("post it at https://blog.example/1")
        .type_in("ftp://x")
        .press("enter")
        .shows("no http or https");
    s.press("ctrl-u").type_in("https://blog.example/1#c2").press("enter").shows("1 answered");
    assert_eq!(s.world.copied, ["e x q u ? : / . jJ"]);
}

#[test]
fn a_draft_is_saved_when_the_terminal_goes() {
    for (msg, code) in [(Msg::Gone, 129), (Msg::Terminate, 143)] {
        let mut s = Story::five((80, 24));
        s.press("r").type_in("half a sen");
        s.tell(msg);
        assert_eq!((s.world.drafts[0].text.as_str(), s.app.quit), ("half a sen", Some(code)));
    }
}

#[test]
fn pastes_are_cleaned_in_text_and_dropped_elsewhere() {
    let mut s = Story::five((80, 24));
    s.tell(Msg::Paste("eeee".into()));
    s.shows("inbox 5").shows("pasted text goes only");
    s.press("r");
    s.tell(Msg::Paste("one\x1b[31m two\u{202e}".into()));
    s.shows("one two").rest();
    assert_eq!(s.world.drafts[0].text.as_str(), "one two");
}

#[test]
fn filters_tags_notes_and_vips() {
    let mut s = Story::five((80, 24));
    s.press("/")
        .type_in("tins OR")
        .shows("OR needs a term")
        .type_in(" rain")
        .press("enter")
        .shows("inbox / tins OR rain");
    s.at("Tins")
        .hides("Thanks")
        .press("t")
        .type_in("bug")
        .press("enter")
        .shows("#bug")
        .press("n")
        .type_in("call her")
        .press("enter");
    s.press("enter").shows("note · ana").shows("call her").press("q q").shows("Thanks");
    s.press("V a").shows("@ana").press("g P").shows("people on the screen");
}

#[test]
fn pages_open_and_their_mentions_take_verbs() {
    let mut s = Story::five((80, 24));
    s.press("p")
        .shows("mirabel")
        .shows("Recipe changed?")
        .press("j e")
        .shows("1 done")
        .press("q")
        .shows("done Recipe changed?");
    s.press("w")
        .shows("topic “brand” matched")
        .shows("“Tins”")
        .press("q g S")
        .shows("blog")
        .press("q ?")
        .type_in("snooze")
        .shows("snooze for a week")
        .hides("half a page");
    s.press("esc :").type_in("show done").press("enter").shows("Recipe changed?");
}

#[test]
fn last_goes_to_the_very_end_of_a_long_list_and_home_back() {
    let items = (1..1000).map(|n| item(n, &format!("Number {n}."), "bo")).collect();
    let mut s = Story::new((80, 24), items);
    s.at("Number 1.").press("G").at("Number 999.").press("g g").at("Number 1.");
    for _ in 0..30 {
        s.press("ctrl-d");
    }
    s.at("Number 301.");
    assert!(s.app.stream.rows.len() < 600);
}

#[test]
fn every_size_draws() {
    for (w, h) in [(20, 5), (8, 3), (5, 2), (1, 1), (80, 24), (100, 30), (140, 45), (160, 45), (300, 100)] {
        let mut s = Story::five((w, h));
        s.press("enter q r").type_in("x").press("esc ? esc g S q p q w q v v v tab tab tab q").lines();
    }
}

#[test]
fn random_keys_never_break_anything_and_the_cursor_is_on_a_row() {
    let pool = [
        "j", "k", "e", "E", "u", "x", "X", "enter", "q", "esc", "tab", "v", ".", "g", "G", "s", "h", "t",
        "a", "i", "V", "[", "]", "space", "/", ":", "?", "r", "ctrl-x", "p", "w", "d", "o", "L", "D", "S",
    ];
    let mut seed = 11u64;
    for _ in 0..60 {
        let mut s = Story::five((100, 30));
        for _ in 0..60 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            s.press(pool[(seed >> 33) as usize % pool.len()]);
            let rows = &s.app.stream.rows;
            assert!(rows.is_empty() || s.app.stream.at().is_some());
        }
        s.lines();
    }
}

#[test]
fn a_telling_is_split_off_and_the_only_one_is_not() {
    let mut s = Story::five((80, 24));
    s.press("S").shows("it is the only telling");
    assert!(s.world.acts.is_empty());
    let id = s.world.items[4].id;
    for i in [0, 4] {
        s.world.items[i].story = Some(id);
        s.world.items[i].tellings = 2;
    }
    let mut s = Story::new((80, 24), s.world.items);
    s.press("S").shows("split off · u undo");
    let key = s.world.acts[0].1.clone();
    assert_eq!(s.world.acts[0].0, Verb::Split);
    // The list is read again from there: what it was folded with has another face.
    let from = s.world.asked.iter().rev().find_map(|r| match r {
        Request::List(q) => Some(q.from),
        _ => None,
    });
    assert!(matches!(key, Targets::Mentions(k) if k.len() == 1 && from.unwrap().time == k[0].time));
}

#[test]
fn words_that_cannot_be_kept_stay_where_they_are() {
    let mut s = Story::five((80, 24));
    s.press("r").type_in("Dear Mirabel");
    s.world.full = Some("the disk is full".into());
    s.rest().shows("not kept: the disk is full");
    s.press("esc").shows("not kept: the disk is full").shows("Dear Mirabel");
    assert!(s.world.drafts.is_empty());
    // Once there is room, leaving keeps them.
    s.world.full = None;
    s.press("esc").shows("draft kept").hides("Dear Mirabel");
    assert_eq!(s.world.drafts[0].text.as_str(), "Dear Mirabel");
    // What was typed by mistake is taken back, in the text alone.
    s.press("r").shows("Dear Mirabel").press("ctrl-u").hides("Dear Mirabel");
    s.press("ctrl-x u").shows("Dear Mirabel").press("esc").shows("draft kept");
    assert!(s.world.acts.is_empty());
}

#[test]
fn a_marked_story_is_all_its_tellings_and_a_filter_gives_the_place_back() {
    let mut s = Story::five((80, 24));
    let id = s.world.items[4].id;
    for i in [0, 4] {
        s.world.items[i].story = Some(id);
        s.world.items[i].tellings = 2;
    }
    let mut s = Story::new((80, 24), s.world.items);
    s.press("x x e");
    let asked = s.world.acts.last().unwrap().1.clone();
    assert!(
        matches!(asked, Targets::Rows(k, stories) if k.len() == 2 && stories == [id]),
        "{:?}",
        s.world.acts
    );

    let mut s = Story::five((80, 24));
    s.press("j j j").at("Recipe");
    s.press("/").type_in("rain").press("enter").at("Rain");
    s.press("q").at("Recipe");
    // What is not the inbox is closed to the inbox, and that to the shell.
    s.press(":").type_in("show all").press("enter").shows("Acme · all");
    s.press("q").shows("Acme · inbox");
    assert_eq!(s.app.quit, None);
    s.press("q");
    assert_eq!(s.app.quit, Some(0));
}

#[test]
fn colleagues_are_seen_where_they_are_and_a_second_reply_is_warned_about() {
    let mut s = Story::five((80, 24));
    let id = s.world.items.iter().find(|i| i.mention.title.as_str() == "Rain again").unwrap().id;
    let present = |who: &str, reading, writing| crate::door::Present { who: who.into(), reading, writing };
    s.tell(Msg::Event(Event::Presence(vec![
        present("bo", Some(id), Some(id)),
        present("cy", Some(id), None),
    ])));
    s.shows("✎bo (cy) Rain again");
    // Where I am myself is no news to me.
    s.tell(Msg::Event(Event::Presence(vec![present("ana", Some(id), None), present("bo", None, Some(id))])));
    s.shows("✎bo Rain again").hides("(ana)");
    s.press("/")
        .type_in("rain")
        .press("enter")
        .press("r")
        .shows("bo is writing a reply to this now")
        .shows("Enter opens yours all the same");
    // Words typed past the question are no verbs.
    s.type_in("eaDe");
    assert!(s.app.editor.is_none() && s.world.acts.is_empty());
    s.press("enter").shows("reply ·");
    // My own draft at another terminal of mine would be written over: that is said too.
    s.press("esc").rest();
    s.tell(Msg::Event(Event::Presence(vec![present("ana", None, Some(id))])));
    s.press("r").shows("another terminal of yours is writing").press("esc").hides("another terminal");
    s.tell(Msg::Event(Event::Presence(vec![])));
    s.press("r").shows("reply ·");
    // They are told where I am, once I rest there.
    s.rest();
    assert!(s.world.asked.iter().any(|r| matches!(r, Request::Here { writing: Some(w), .. } if *w == id)));
    s.press("esc").rest();
    assert_eq!(s.world.asked.last(), Some(&Request::Here { reading: None, writing: None }));
}

#[test]
fn views_are_one_key_away_and_q_leads_back() {
    let mut s = Story::five((80, 24));
    s.press("3").shows("there is no view 3: “: save view” keeps");
    let view =
        View { name: "weather".into(), filter: "rain".into(), states: vec![crate::model::State::Inbox] };
    s.app.views.insert(3, view);
    s.press("3").shows("Acme · weather · 1/1").shows("Rain again").hides("Tins");
    s.press("q").shows("Acme · inbox").shows("Tins will not open");
    s.press("3").press("0").shows("Acme · inbox").shows("Tins will not open");
}

#[test]
fn the_hand_over_is_a_page_that_can_be_copied() {
    let mut s = Story::five((80, 24));
    s.press("a").press("g H").shows("## ana").shows("- Tins will not open").shows("Nobody's: 4 open");
    s.press("y");
    assert!(s.world.copied[0].starts_with("# Hand-over, "), "{:?}", s.world.copied);
}

#[test]
fn nothing_is_begun_while_the_engine_is_away_and_words_wait_for_their_draft() {
    let mut s = Story::five((80, 24));
    s.tell(Msg::Event(Event::Lost));
    s.press("e").shows("not done: the engine is away").shows("the engine is away · inbox");
    s.press("r").shows("not done").press("j").shows("the engine is away · inbox");
    assert!(s.world.acts.is_empty() && s.app.editor.is_none());
    s.tell(Msg::Event(Event::Back));
    s.hides("the engine is away").press("e").shows("1 done · u undo");
    // The answer takes its time: what is typed meanwhile is text.
    let before = s.world.acts.len();
    let key = crossterm::event::KeyEvent::from(KeyCode::Char('r'));
    let out = super::super::update::update(&mut s.app, Msg::Key(key));
    s.type_in("test ee");
    assert!(s.app.editor.is_none() && s.world.acts.len() == before);
    for e in out {
        if let Effect::Ask(what, request) = e {
            let (reply, _) = s.world.answer(request, &what);
            s.tell(Msg::Reply(what, Box::new(reply)));
        }
    }
    s.shows("test ee").shows("· …");
    assert_eq!(s.world.acts.len(), before);
}

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
    s.hides("Thanks for the food")
        .shows("1 done · u undo")
        .shows("inbox 4")
        .press("u")
        .shows("Thanks for the food")
        .at("Rain again");
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
    s.at("Thanks").hides("Tins will not");
}

#[test]
fn looking_does_not_mark_read() {
    let mut s = Story::five((120, 30));
    s.press("j j").rest().shows("The whole text of Rain").shows("unread 5");
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
    s.press("s").shows("h snooze for an hour").press("t").shows("1 snoozed").shows("snoozed 1");
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
    assert_eq!(s.app.quit, Some(0));
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
        .hides("Recipe changed?");
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

//! What several people do about one thing: claims, drafts that wait, discussions that somebody waits for.

use super::*;
use crate::model::{Stage, Value};

fn bo() -> Asker {
    Asker { who: "bo".into(), uid: 2 }
}

fn with(n: u64, link: u64, thread: u64, at: i64) -> Incoming {
    Incoming { link, thread, ..incoming(n, at, "x", State::Inbox) }
}

#[test]
fn of_two_who_claim_at_once_one_has_it() {
    let t = Temp::new("claim");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![incoming(1, NOW, "x", State::Inbox)])]).unwrap();
    let on = Targets::Mentions(vec![inbox(&s)[0].key]);
    let claim = |who: &Asker, seen: Option<&str>| {
        let a = s.act(who, &Verb::Claim(seen.map(str::to_owned)), &on, Stamp(NOW), false).unwrap();
        (a.changed, a.skipped)
    };
    assert_eq!((claim(&ana(), None), claim(&bo(), None)), ((1, 0), (0, 1)));
    assert_eq!(inbox(&s)[0].assignee.as_deref(), Some("ana"));
    // Who sees whose it is may take it over, and the log says from whom.
    assert_eq!(claim(&bo(), Some("ana")), (1, 0));
    let log = s.log(None, 1).unwrap();
    assert_eq!(log[0].changes[0].from, Value::Assignee(Some("ana".into())));
    s.undo(&bo(), Stamp(NOW + 1)).unwrap();
    assert_eq!(inbox(&s)[0].assignee.as_deref(), Some("ana"));
}

#[test]
fn a_draft_waits_is_returned_and_approved_and_an_edit_begins_it_anew() {
    let t = Temp::new("stage");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![incoming(1, NOW, "x", State::Inbox)])]).unwrap();
    let key = inbox(&s)[0].key;
    let id = s.save_draft(&ana(), key, Writes::Own, None, &text("Dear"), Stamp(NOW)).unwrap().id;
    let on = Targets::Drafts(vec![id]);
    let act = |s: &Store, who: &Asker, v: Verb| s.act(who, &v, &on, Stamp(NOW + 5), false).unwrap().changed;
    let stage = |s: &Store| s.reader().draft_by_id(id).unwrap().unwrap().stage;
    assert_eq!(act(&s, &bo(), Verb::Approve(Stamp(NOW))), 0, "nobody asked for it");
    assert_eq!(act(&s, &ana(), Verb::Submit), 1);
    // The text is the same: nothing begins anew.
    s.save_draft(&ana(), key, Writes::Own, None, &text("Dear"), Stamp(NOW + 1)).unwrap();
    assert_eq!(stage(&s), Stage::Waiting { edited_by: None });
    assert_eq!(act(&s, &bo(), Verb::Return("too short".into())), 1);
    let d = s.reader().draft_by_id(id).unwrap().unwrap();
    assert!(matches!(&d.stage, Stage::Returned { by, .. } if by == "bo"));
    assert_eq!(d.reason.as_str(), "too short");
    // The reason is a private note beside the mention, and goes when the mention is wiped.
    assert_eq!(inbox(&s)[0].notes[0].2.as_str(), "too short");
    s.save_draft(&ana(), key, Writes::Own, None, &text("Dear Ida"), Stamp(NOW + 2)).unwrap();
    assert_eq!(stage(&s), Stage::Writing);
    act(&s, &ana(), Verb::Submit);
    // A colleague changes it: it stays hers and waits on, and what was read before is not what would go.
    s.save_draft(&bo(), key, Writes::Of(id), None, &text("Dear Ida,"), Stamp(NOW + 3)).unwrap();
    assert_eq!(s.reader().draft("ana", key.id).unwrap().unwrap().text.as_str(), "Dear Ida,");
    assert_eq!(act(&s, &bo(), Verb::Approve(Stamp(NOW + 2))), 0);
    assert_eq!(act(&s, &bo(), Verb::Approve(Stamp(NOW + 3))), 1);
    // What is approved is changed by nobody but its writer, and then it has to be looked at again.
    assert!(
        s.save_draft(&bo(), key, Writes::Of(id), None, &text("x"), Stamp(NOW + 4))
            .unwrap_err()
            .to_string()
            .contains("ana")
    );
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!(stage(&s), Stage::Approved { by: "bo".into() });
    s.undo(&bo(), Stamp(NOW + 9)).unwrap();
    assert_eq!(stage(&s), Stage::Waiting { edited_by: Some("bo".into()) });
    s.wipe(&ana(), &Targets::Mentions(vec![key]), Stamp(NOW + 10)).unwrap();
    drop(s);
    let built = rebuild(&t.0, 16).unwrap();
    assert_eq!(built.mentions, 1);
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!(stage(&s), Stage::Waiting { edited_by: Some("bo".into()) });
}

#[test]
fn a_discussion_is_found_whole_also_after_a_restart() {
    let t = Temp::new("thread");
    let s = Store::open(&t.0, 16).unwrap();
    let all = vec![with(1, 70, 0, NOW - 900), with(2, 71, 70, NOW - 800), with(3, 72, 70, NOW - 700)];
    s.ingest(vec![arrivals(all)]).unwrap();
    s.ingest(vec![arrivals(vec![with(4, 73, 0, NOW - 600), with(5, 74, 99, NOW - 500)])]).unwrap();
    let of = |s: &Store, n: u64| -> Vec<String> {
        let id = Id(crate::model::hash64(&["t", &n.to_string()]));
        s.reader().thread(id, 100, "ana").unwrap().iter().map(|i| i.mention.title.to_string()).collect()
    };
    for _ in 0..2 {
        assert_eq!(of(&s, 2), ["title 1", "title 2", "title 3"]);
        assert_eq!(of(&s, 1), of(&s, 3));
        assert_eq!((of(&s, 4), of(&s, 5)), (vec!["title 4".to_owned()], vec!["title 5".to_owned()]));
    }
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    assert_eq!(of(&s, 3), ["title 1", "title 2", "title 3"]);
}

#[test]
fn what_waits_for_a_reply_comes_back_with_it_and_not_before() {
    let t = Temp::new("awaits");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![with(1, 70, 0, NOW - 900), with(2, 71, 70, NOW - 800)])]).unwrap();
    let keys: Vec<Key> = inbox(&s).iter().map(|i| i.key).collect();
    let out =
        s.act(&ana(), &Verb::Snooze(None), &Targets::Mentions(keys.clone()), Stamp(NOW), false).unwrap();
    assert_eq!((out.changed, inbox(&s).len()), (2, 0));
    assert!(s.wake(Stamp(NOW + 1_000_000_000)).unwrap().is_empty(), "no clock wakes it");
    // Something else arrives, then somebody answers in that discussion.
    let out = s.ingest(vec![arrivals(vec![with(3, 72, 99, NOW)])]).unwrap();
    assert!(out[0].woken.is_empty());
    // An older one that is heard only now is no reply to it.
    let out = s.ingest(vec![arrivals(vec![with(8, 78, 70, NOW - 5)])]).unwrap();
    assert!(out[0].woken.is_empty());
    let out = s.ingest(vec![arrivals(vec![with(4, 73, 70, NOW)])]).unwrap();
    assert_eq!(out[0].woken.len(), 2);
    assert_eq!(inbox(&s).len(), 5);
    assert_eq!(s.log(None, 1).unwrap()[0].cause, crate::model::Cause::Source);
    // Done ends the waiting; undo of that begins it again; both survive a restart.
    s.act(&ana(), &Verb::Snooze(None), &Targets::Mentions(keys.clone()), Stamp(NOW), false).unwrap();
    s.act(&ana(), &Verb::Done, &Targets::Mentions(vec![keys[0]]), Stamp(NOW), false).unwrap();
    drop(s);
    let s = Store::open(&t.0, 16).unwrap();
    let out = s.ingest(vec![arrivals(vec![with(5, 74, 70, NOW)])]).unwrap();
    assert_eq!(out[0].woken, [keys[1]]);
    s.undo(&ana(), Stamp(NOW + 2)).unwrap();
    let out = s.ingest(vec![arrivals(vec![with(6, 75, 70, NOW + 3)])]).unwrap();
    assert_eq!(out[0].woken, [keys[0]]);
}

#[test]
fn our_own_answer_is_not_the_reply_that_is_waited_for() {
    let t = Temp::new("own-answer");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![with(1, 70, 0, NOW - 900)])]).unwrap();
    let on = Targets::Mentions(vec![inbox(&s)[0].key]);
    let mut ours = with(2, 71, 70, NOW + 1);
    ours.mention.url = text("https://forum.example/ours");
    s.act(&ana(), &Verb::Answered(ours.mention.url.to_string()), &on, Stamp(NOW), false).unwrap();
    s.act(&ana(), &Verb::Snooze(None), &on, Stamp(NOW), false).unwrap();
    let out = s.ingest(vec![arrivals(vec![ours])]).unwrap();
    assert!(out[0].woken.is_empty() && s.wake_answered(Stamp(NOW + 5)).unwrap().is_empty());
    // A reply that came while nobody could tell is found again by whoever tends the clock.
    s.act(&ana(), &Verb::Inbox, &on, Stamp(NOW + 6), false).unwrap();
    let mut theirs = with(3, 72, 70, NOW + 9);
    theirs.mention.heard_at = Stamp(NOW + 10);
    s.ingest(vec![arrivals(vec![theirs])]).unwrap();
    s.undo(&ana(), Stamp(NOW + 8)).unwrap();
    assert_eq!(s.wake_answered(Stamp(NOW + 9)).unwrap().len(), 1);
}

#[test]
fn an_approval_is_not_done_again_unseen_and_drafts_are_not_taken_over() {
    let t = Temp::new("unseen");
    let s = Store::open(&t.0, 16).unwrap();
    s.ingest(vec![arrivals(vec![incoming(1, NOW, "x", State::Inbox), incoming(2, NOW, "y", State::Inbox)])])
        .unwrap();
    let (key, other) = (inbox(&s)[0].key, inbox(&s)[1].key);
    let save = |who: &Asker, key, which, seen, words: &str, at| {
        s.save_draft(who, key, which, seen, &text(words), Stamp(at))
    };
    let id = save(&ana(), key, Writes::Own, None, "one", NOW).unwrap().id;
    let on = Targets::Drafts(vec![id]);
    let act = |who: &Asker, v: Verb| s.act(who, &v, &on, Stamp(NOW + 1), false).unwrap().changed;
    act(&ana(), Verb::Submit);
    act(&bo(), Verb::Approve(Stamp(NOW)));
    s.undo(&bo(), Stamp(NOW + 2)).unwrap();
    save(&ana(), key, Writes::Own, None, "two", NOW + 3).unwrap();
    act(&ana(), Verb::Submit);
    assert!(s.redo(&bo(), Stamp(NOW + 4)).unwrap_err().to_string().contains("unseen"));
    // Neither a draft that is not there, nor one about something else, nor my own is a colleague's.
    for (who, key, of) in [(bo(), key, Id(77)), (bo(), other, id), (ana(), key, id)] {
        assert!(save(&who, key, Writes::Of(of), None, "x", NOW + 5).is_err());
    }
    // Who has seen an older text changes nothing; the same text twice is one.
    assert!(
        save(&ana(), key, Writes::Own, Some(Stamp(NOW)), "three", NOW + 6)
            .unwrap_err()
            .to_string()
            .contains("elsewhere")
    );
    assert_eq!(save(&ana(), key, Writes::Own, Some(Stamp(NOW)), "two", NOW + 6).unwrap().at, Stamp(NOW + 3));
    // Of two drafts about one mention one is put aside: the other is still shown.
    save(&bo(), key, Writes::Own, Some(Stamp(0)), "mine", NOW + 7).unwrap();
    act(&ana(), Verb::Discard(true));
    assert!(inbox(&s).iter().find(|i| i.key == key).unwrap().has_draft);
}

//! Macros: recorded while they are done, kept under a key, shown before their first run, one step of undo.

use super::*;
use crate::tui::macros::Macro;

#[test]
fn what_is_recorded_runs_again_as_one_step() {
    let mut s = Story::five((80, 24));
    s.press("Q").shows("recording 0").press("t").type_in("bug").press("enter").shows("recording 1");
    s.press("s h").press("Q").shows("its key after @").shows("tag bug · snooze h");
    s.type_in("b to dev").press("enter").shows("@b runs it");
    let kept = s.world.macros.last().unwrap();
    assert_eq!((kept.key.as_str(), kept.steps.len()), ("b", 2));
    let before = s.world.acts.len();
    // Who recorded it has seen its steps.
    s.press("@").shows("b to dev").press("b").rest();
    assert!(matches!(s.world.acts[before].0, Verb::Tag { on: true, .. }), "{:?}", s.world.acts);
    assert!(matches!(s.world.acts[before + 1].0, Verb::Snooze(Some(_))));
    s.shows("@b to dev");
    s.press("@ @").rest();
    assert_eq!(s.world.acts.len(), before + 4);
    s.press("@ z").shows("there is no macro @z");
}

#[test]
fn the_steps_stand_there_before_the_first_run_and_a_reply_is_the_last() {
    let mut s = Story::five((80, 24));
    s.world.snippets = super::answer::snippets();
    s.app.macros.all = vec![Macro {
        key: "t".into(),
        name: "thank".into(),
        steps: vec!["tag praise".into(), "reply tins".into()],
    }];
    s.press("@ t").shows("1. tag praise").shows("2. reply tins").press("esc").hides("1. tag praise");
    assert!(s.world.acts.is_empty());
    s.press("@ t").press("enter").rest().shows("The tins open with the ring, mirabel.");
    assert!(matches!(s.world.acts[0].0, Verb::Tag { .. }));
    // It never leaves by itself.
    assert!(!s.world.acts.iter().any(|(v, _)| matches!(v, Verb::Send(_))));
    s.press("esc").rest();
    s.press(":")
        .type_in("macros")
        .press("enter")
        .shows("@t thank")
        .press("D")
        .shows("@t is gone")
        .shows("none yet");
}

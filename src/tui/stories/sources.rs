//! The page of sources, keys that people changed, the configuration read again.

use super::*;
use crate::door::SourceEdit;
use crate::tui::keymap::Keymap;

fn in_sources() -> Story {
    let mut s = Story::five((80, 24));
    s.press("g S").shows("blog").shows("how it is");
    s
}

#[test]
fn a_source_is_tried_muted_changed_and_removed_by_key() {
    let mut s = in_sources();
    s.press("t").shows("blog: 7 entries, 2 match");
    s.press("m");
    assert_eq!(s.world.acts.last(), Some(&(Verb::Pause(true), Targets::Source("blog".into()))));
    s.press("r").shows("https://blog.example/feed.xml 10m");
    s.press("ctrl-u").type_in("ftp://x").press("enter").shows("write the address");
    s.press("ctrl-u").type_in("https://new.example/ 1h").press("enter").shows("blog: 7 entries, 1 new");
    let edit =
        SourceEdit { id: Some("blog".into()), url: "https://new.example/".into(), every: Some("1h".into()) };
    assert!(s.world.asked.contains(&Request::AddSource(edit)));
    // Esc keeps it, and so does anything but a yes.
    s.press("D").shows("yes and Enter take blog out of config.toml").press("esc");
    assert!(!s.world.asked.contains(&Request::RemoveSource("blog".into())));
    s.press("D").type_in("no").press("enter").shows("blog stays");
    assert!(!s.world.asked.contains(&Request::RemoveSource("blog".into())));
    s.press("D").type_in("yes").press("enter").shows("removed blog");
    assert!(s.world.asked.contains(&Request::RemoveSource("blog".into())));
}

#[test]
fn one_source_in_full_tells_its_last_error_and_its_gaps() {
    let mut s = in_sources();
    s.press("enter").shows("source blog").shows("last error").shows("the server said 503").shows("not heard");
    s.press("t").shows("7 entries").press("q").shows("how it is").press("q").at("Tins");
}

#[test]
fn help_begins_with_the_keys_of_the_screen_and_is_searched_by_key_and_word() {
    let mut s = in_sources();
    s.press("?").shows("mute the source").shows("add a source").press("ctrl-g q");
    s.press("?").type_in("snooze until").shows("snooze until tomorrow").hides("mute the source");
    s.press("ctrl-u").type_in("ctrl-r").shows("poll all sources now").press("ctrl-g");
    s.at("Tins");
}

#[test]
fn changed_keys_are_the_keys_of_help_palette_and_hints() {
    let mut s = Story::five((80, 24));
    s.app.keymap = Keymap::parse("done = \"z\"\n\"snooze a week\" = \"b w\"").unwrap();
    s.press("e").shows("e does nothing here").press("z").at("Thanks");
    s.press("b").shows("w a week").press("esc");
    s.press(":").type_in("done").shows("z").press("esc");
}

#[test]
fn the_configuration_is_read_again_from_the_palette() {
    let mut s = Story::five((80, 24));
    s.press(":").type_in("reload").press("enter").shows("read again");
    assert!(s.world.asked.contains(&Request::Reload));
}

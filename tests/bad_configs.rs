//! A folder of bad configurations: each says in its first line which words are expected on stderr.

mod common;
use common::*;

#[test]
fn every_bad_configuration_is_explained() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_configs");
    let mut n = 0;
    for e in std::fs::read_dir(dir).unwrap().flatten() {
        let t = Temp::new();
        let whole = std::fs::read_to_string(e.path()).unwrap();
        let (first, rest) = whole.split_once('\n').unwrap();
        let want = first.strip_prefix("# expect: ").unwrap();
        t.write("config.toml", rest);
        let o = run(&t, &["list"]);
        let said = text(&o.stderr);
        assert_eq!(o.status.code(), Some(2), "{}: {said}", e.path().display());
        assert!(said.contains(want), "{}: wanted “{want}” in\n{said}", e.path().display());
        assert!(said.contains("config.toml"), "{said}");
        assert!(!t.path("data").exists(), "nothing is opened with a bad configuration");
        n += 1;
    }
    assert!(n >= 20);
}

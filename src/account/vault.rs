//! Where logins are kept: a folder that only the engine's user may enter, a file for each account, written whole and
//! synced before it counts. Nothing else of the program reads it, and no backup takes it along.

use crate::networks::Keys;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

/// The folder.
#[derive(Clone, Debug)]
pub struct Vault {
    dir: PathBuf,
}

/// What stands in a file beside the keys: which secret of the configuration they came from.
const OF: &str = "of_secret";

impl Vault {
    #[must_use]
    pub fn new(dir: PathBuf) -> Vault {
        Vault { dir }
    }

    /// The file of an account; only what may be the name of one has a file.
    fn file(&self, name: &str) -> Result<PathBuf, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(fits) {
            return Err(format!("“{name}” is no name for an account; write letters, digits, - _"));
        }
        Ok(self.dir.join(format!("{name}.json")))
    }

    /// The keys of an account, and the mark of the secret that they came from; `None` if there are none.
    ///
    /// # Errors
    /// A sentence without what stands in the file.
    pub fn read(&self, name: &str) -> Result<Option<(Keys, u64)>, String> {
        let path = self.file(name)?;
        let said = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        match fs::metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(said(&e)),
            Ok(m) if m.mode() & 0o077 != 0 => {
                return Err(format!("{} may be read by others; run chmod 600 on it", path.display()));
            }
            Ok(_) => {}
        }
        let text = fs::read_to_string(&path).map_err(|e| said(&e))?;
        let mut keys = Keys::of_file(&text).map_err(|e| said(&e))?;
        let of = keys.get(OF).and_then(|s| s.parse().ok()).unwrap_or(0);
        keys.forget(OF);
        Ok(Some((keys, of)))
    }

    /// # Errors
    /// A sentence; then what was there before is there still.
    pub fn write(&self, name: &str, keys: &Keys, of: u64) -> Result<(), String> {
        let path = self.file(name)?;
        let said = |e: std::io::Error| format!("{}: {e}", path.display());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(said)?;
        let part = self.dir.join(format!(".{name}.{}", std::process::id()));
        let _ = fs::remove_file(&part);
        let mut f =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(said)?;
        let text = keys.clone().with(OF, of.to_string()).to_file();
        let done = f
            .write_all(text.as_bytes())
            .and_then(|()| f.sync_all())
            .and_then(|()| fs::rename(&part, &path))
            .and_then(|()| fs::File::open(&self.dir)?.sync_all());
        if done.is_err() {
            let _ = fs::remove_file(&part);
        }
        done.map_err(said)
    }

    /// Takes the keys of an account away. False if there were none.
    ///
    /// # Errors
    /// A sentence.
    pub fn remove(&self, name: &str) -> Result<bool, String> {
        let path = self.file(name)?;
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(format!("{}: {e}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_for_us_alone() {
        let dir = tempfile::tempdir().unwrap();
        let v = Vault::new(dir.path().join("secrets"));
        assert_eq!(v.read("acme"), Ok(None));
        let keys = Keys::default().with("token", "hunter2");
        v.write("acme", &keys, 7).unwrap();
        assert_eq!(v.read("acme"), Ok(Some((keys.clone(), 7))));
        let file = dir.path().join("secrets/acme.json");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(dir.path().join("secrets")).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let e = v.read("acme").unwrap_err();
        assert!(e.contains("chmod 600") && !e.contains("hunter2"), "{e}");
        assert_eq!((v.remove("acme"), v.remove("acme")), (Ok(true), Ok(false)));
        let other = dir.path().join("x.json");
        fs::write(&other, "{}").unwrap();
        for name in [dir.path().join("x").to_str().unwrap(), "../x", ".x", "", "a/b"] {
            assert!(v.remove(name).is_err() && v.read(name).is_err(), "{name}");
        }
        assert!(other.exists());
    }
}

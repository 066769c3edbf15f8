//! Where things lie: the configuration and the data of this person, and who this person is.

use crate::store::Asker;
use std::path::{Path, PathBuf};

/// The folders of one workspace.
#[derive(Clone, Debug)]
pub struct Paths {
    pub config: PathBuf,
    pub data: PathBuf,
}

impl Paths {
    /// By arguments, else by the XDG variables, else below the home folder.
    ///
    /// # Errors
    /// A sentence, if there is no home folder.
    pub fn find(
        config: Option<&Path>,
        data: Option<&Path>,
        workspace: Option<&str>,
    ) -> Result<Paths, String> {
        let bad = |w: &str| w.is_empty() || w.starts_with('.') || w.contains(['/', '\0']);
        if let Some(w) = workspace.filter(|w| bad(w)) {
            return Err(format!("“{w}” is no name of a workspace; use letters and digits"));
        }
        // Beside the ones without a name, never inside their folders.
        let own = workspace.map_or_else(|| "hearken".to_owned(), |w| format!("hearken-{w}"));
        Ok(Paths {
            config: match config {
                Some(c) => c.to_owned(),
                None => base("XDG_CONFIG_HOME", ".config")?.join(&own).join("config.toml"),
            },
            data: match data {
                Some(d) => d.to_owned(),
                None => base("XDG_DATA_HOME", ".local/share")?.join(&own),
            },
        })
    }

    /// The person's own settings of the terminal, beside the configuration.
    #[must_use]
    pub fn ui(&self) -> Option<PathBuf> {
        self.config.parent().map(|d| d.join("ui.toml"))
    }
}

/// Asks the system's allocator for one heap instead of one for each thread. Called first, before there are threads.
/// Many threads here free what others allocated: with a heap for each, ten million mentions cost 100 MB more.
pub fn one_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "the one call that has no safe form")]
    // SAFETY: mallopt sets a number of the allocator and touches no memory of ours; no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

fn base(variable: &str, below_home: &str) -> Result<PathBuf, String> {
    if let Some(p) = std::env::var_os(variable).map(PathBuf::from).filter(|p| p.is_absolute()) {
        return Ok(p);
    }
    match std::env::var_os("HOME").map(PathBuf::from).filter(|p| p.is_absolute()) {
        Some(h) => Ok(h.join(below_home)),
        None => Err("there is no HOME; give --config and --data".into()),
    }
}

/// The Unix user who runs this; the name stands in the log.
#[must_use]
pub fn asker() -> Asker {
    let uid = rustix::process::getuid().as_raw();
    let name = crate::daemon::user_name(uid);
    let name = name.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| format!("uid{uid}"));
    Asker { who: crate::clean::line_capped(&name, 64).into_string(), uid }
}

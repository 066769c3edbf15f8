//! Secrets: named by an environment variable, a 0600 file or a command; never shown, never stored.

use super::program::{Program, run};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

/// A secret. It has no way to be printed or saved.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(s: String) -> Secret {
        Secret(s)
    }

    /// For the header of a request alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretFrom {
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
}

/// Reads a secret; its first line counts.
///
/// # Errors
/// A sentence that never holds the secret.
pub async fn read_secret(from: &SecretFrom) -> Result<Secret, String> {
    let text = match from {
        SecretFrom::Env(name) => {
            std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?
        }
        SecretFrom::File(path) => {
            let meta = std::fs::metadata(path).map_err(|e| format!("the file {}: {e}", path.display()))?;
            if meta.mode() & 0o077 != 0 {
                return Err(format!("{} may be read by others; run chmod 600 on it", path.display()));
            }
            std::fs::read_to_string(path).map_err(|e| format!("the file {}: {e}", path.display()))?
        }
        SecretFrom::Command(argv) => {
            let p = Program {
                argv: argv.clone(),
                time: Duration::from_secs(10),
                max_bytes: 64 << 10,
                input: Vec::new(),
            };
            let out = run(&p).await.map_err(|e| e.to_string())?;
            String::from_utf8(out).map_err(|_| format!("{} printed no text", argv[0]))?
        }
    };
    let line = text.lines().next().unwrap_or("").trim();
    if line.is_empty() {
        return Err("the secret is empty".into());
    }
    Ok(Secret(line.to_owned()))
}

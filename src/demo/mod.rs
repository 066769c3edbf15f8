//! A living sample community: the people around a maker of cat food. Their blogs and forum are served over
//! loopback by this program itself and heard through the real fetch path, in a store that vanishes at the end.

mod cast;

use crate::config::Config;
use crate::net::serve::{Handler, Served, serve};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// The sample, being served.
pub struct Sample {
    base: String,
    folder: PathBuf,
}

impl Sample {
    /// Makes the folder and serves the feeds; a new post comes every `pace` seconds.
    ///
    /// # Errors
    /// A sentence.
    pub async fn start(seed: u64, pace: u64) -> Result<Sample, String> {
        let folder = temp_folder().map_err(|e| format!("no folder for the demo can be made: {e}"))?;
        let begun = Instant::now();
        let now = chrono::Utc::now();
        let handler: Handler = Arc::new(move |path: &str| {
            let name = path.trim_start_matches('/').trim_end_matches(".xml");
            let arrived = begun.elapsed().as_secs() / pace.max(1);
            cast::feed(name, seed, now, arrived, pace.max(1))
                .map(|body| Served { content_type: "application/rss+xml", body: body.into_bytes() })
        });
        let at = serve(handler).await.map_err(|e| format!("the demo cannot listen on loopback: {e}"))?;
        Ok(Sample { base: format!("http://{at}"), folder })
    }

    #[must_use]
    pub fn data(&self) -> &Path {
        &self.folder
    }

    /// The configuration of the sample, a file like every other one: what is changed in it is in force.
    ///
    /// # Errors
    /// A sentence.
    pub fn config(&self) -> Result<Config, String> {
        let mut text = "[brand]\nname = \"Whiskerbowl Cat Food\"\n".to_owned();
        for (id, _) in cast::FEEDS {
            text += &format!(
                "\n[[source]]\nid = \"{id}\"\nnetwork = \"feed\"\nurl = \"{}/{id}.xml\"\nevery = \"=4s\"\n",
                self.base
            );
        }
        let topics = [("brand", "whiskerbowl OR 'whisker bowl'"), ("kidney", "kidney (food OR diet)")];
        let topics: String = topics
            .iter()
            .map(|(name, q)| {
                format!("[[topic]]\nname = \"{name}\"\nquery = \"{}\"\n", q.replace('\'', "\\\""))
            })
            .collect();
        let file = self.folder.join("config.toml");
        for (path, text) in [(&file, &text), (&self.folder.join("topics.toml"), &topics)] {
            std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Config::read(&file).map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        clear(&self.folder);
    }
}

/// Removes the folder of a sample, and no other one.
pub fn clear(folder: &Path) {
    let ours = folder.file_name().is_some_and(|n| n.to_string_lossy().starts_with(NAME));
    if ours {
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// How the folders of samples begin.
const NAME: &str = "hearken-demo-";

/// A fresh private folder with a name nobody can foresee.
fn temp_folder() -> std::io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let mut last = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
    for n in 0..16u64 {
        let mut b = [0u8; 8];
        std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut b)?;
        let name = format!("{NAME}{:016x}", u64::from_le_bytes(b) ^ n);
        let p = std::env::temp_dir().join(name);
        match std::fs::DirBuilder::new().mode(0o700).create(&p) {
            Ok(()) => return Ok(p),
            Err(e) => last = e,
        }
    }
    Err(last)
}

//! A living sample community: the people around a maker of cat food. Their blogs and forum are served over
//! loopback by this program itself and heard through the real fetch path, in a store that vanishes at the end.

mod cast;

use crate::config::{Config, Every, Keep, Login, SourceConf, SourceKind, Topic};
use crate::net::serve::{Handler, Served, serve};
use crate::query::{Query, Scope};
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

    /// The configuration of the sample.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut c = Config::empty(&self.folder.join("config.toml"));
        c.brand = "Whiskerbowl Cat Food".into();
        for (name, q) in [("brand", "whiskerbowl OR \"whisker bowl\""), ("kidney", "kidney (food OR diet)")] {
            if let Ok(query) = Query::parse(q, Scope::Listen) {
                let objective = crate::config::Objective::Improve;
                let (about, text) = ("us".into(), q.to_owned());
                c.topics.push(Topic { name: name.into(), objective, about, query, text, team: false });
            }
        }
        c.sources = cast::FEEDS
            .iter()
            .map(|(id, _)| SourceConf {
                id: (*id).into(),
                kind: SourceKind::Feed { url: format!("{}/{id}.xml", self.base) },
                every: Every { ms: 4_000, exact: true },
                keep: Keep::All,
                topics: Vec::new(),
                full: false,
                login: Login::None,
                ca: None,
                proxy: None,
                allow: Vec::new(),
                retention: crate::config::MAIN.into(),
            })
            .collect();
        c
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A fresh private folder with a name nobody can foresee.
fn temp_folder() -> std::io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let mut last = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
    for n in 0..16u64 {
        let mut b = [0u8; 8];
        std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut b)?;
        let name = format!("hearken-demo-{:016x}", u64::from_le_bytes(b) ^ n);
        let p = std::env::temp_dir().join(name);
        match std::fs::DirBuilder::new().mode(0o700).create(&p) {
            Ok(()) => return Ok(p),
            Err(e) => last = e,
        }
    }
    Err(last)
}

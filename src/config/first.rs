//! The first configuration, commented so that the file explains itself.

use super::Config;
use std::path::Path;

/// The text of a first configuration.
#[must_use]
pub fn sample_config(brand: &str, listen: &str, feeds: &[String]) -> String {
    let quote = |s: &str| toml_edit::Value::from(s).to_string().trim().to_owned();
    let mut s = format!(
        "# Hearken's configuration. Every key is explained in config.example.toml.\n\n\
         [brand]\nname = {}\n# contact = \"you@example.org\"   # sent with every request, so that a site can reach you\n\n\
         # What you listen for: words, \"phrases\", OR, -not and ( ).\n\
         [[topic]]\nname = \"brand\"\nobjective = \"improve\"          # launch | research | improve\nquery = {}\n",
        quote(brand),
        quote(listen)
    );
    s += "\n# Where you listen: feeds, or pages that name one.\n";
    if feeds.is_empty() {
        s += "# [[source]]\n# id = \"blog\"\n# network = \"feed\"\n# url = \"https://blog.example/\"\n";
    }
    let mut ids: Vec<String> = Vec::new();
    for f in feeds {
        let host = url::Url::parse(f).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default();
        let host = host.trim_start_matches("www.");
        let base: String =
            host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
        let base = if base.is_empty() { "source".to_owned() } else { base };
        let mut id = base.clone();
        let mut n = 1;
        while ids.contains(&id) {
            n += 1;
            id = format!("{base}-{n}");
        }
        s += &format!(
            "[[source]]\nid = {}\nnetwork = \"feed\"\nurl = {}\nevery = \"10m\"\n\n",
            quote(&id),
            quote(f)
        );
        ids.push(id);
    }
    s
}

/// What people type as words becomes a query: a name of several words is meant as a phrase.
#[must_use]
pub fn as_query(words: &str) -> String {
    let w = words.trim();
    let plain = w.chars().all(|c| c.is_alphanumeric() || c == ' ');
    let operator = w.split(' ').any(|x| matches!(x, "OR" | "AND" | "NOT"));
    if plain && w.contains(' ') && !operator { format!("\"{w}\"") } else { w.to_owned() }
}

/// Writes the first configuration; refuses to write over one, and to write one that would not be read.
///
/// # Errors
/// A sentence.
pub fn init(path: &Path, brand: &str, listen: &str, feeds: &[String]) -> Result<(), String> {
    if path.exists() {
        return Err(format!("{} is there already", path.display()));
    }
    let feeds: Vec<String> =
        feeds.iter().map(|f| f.trim()).filter(|f| !f.is_empty()).map(super::with_scheme).collect();
    let text = sample_config(brand.trim(), &as_query(listen), &feeds);
    if let Err(all) = Config::parse(&text, path) {
        return Err(all.iter().map(|p| p.message.clone()).collect::<Vec<_>>().join("; "));
    }
    let write = || -> std::io::Result<()> {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        if let Some(dir) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        let mut f = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let done = std::io::Write::write_all(&mut f, text.as_bytes()).and_then(|()| f.sync_all());
        if done.is_err() {
            // Half a file would be taken for a configuration by the next start.
            let _ = std::fs::remove_file(path);
        }
        done
    };
    write().map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_init_writes_is_read() {
        let feeds = ["https://a.example/f".to_owned(), "https://a.example/g".to_owned()];
        let text = sample_config("Acme \"Cat\" Food", &as_query("acme cat food"), &feeds);
        let c = Config::parse(&text, Path::new("c")).unwrap();
        assert_eq!((c.sources.len(), c.topics[0].query.canonical().as_str()), (2, "\"acme cat food\""));
        assert_eq!(as_query("acme OR zeta"), "acme OR zeta");
        assert_eq!(as_query("acme"), "acme");
    }
}

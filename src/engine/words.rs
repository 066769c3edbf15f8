//! Help with words: a program of the operator's, or an endpoint that speaks as OpenAI's does. Off until configured. What it
//! gives is a draft or a reading, never a deed.

use super::{Engine, refuse};
use crate::answer::words::{MARK, chat, input, said};
use crate::clean;
use crate::config::Words;
use crate::door::{Help, RefusalKind, Reply};
use crate::model::{Id, Text};
use crate::net::{Ask, Origin, Program, names_private, run as run_program};
use std::time::Duration;

/// A program, and a model, may think for so long.
const TIME: Duration = Duration::from_secs(90);
const MAX_BYTES: u64 = 256 << 10;

impl Engine {
    /// Asks for help with words about a mention.
    pub(super) async fn help(&self, help: Help, mention: Id, draft: &str, lang: &str) -> Reply {
        let setup = self.setup();
        let conf = &setup.config.words;
        let Some(item) = self.store.reader().item(mention, "").ok().flatten() else {
            return refuse(RefusalKind::NotFound, "that mention is not there any more");
        };
        let m = &item.mention;
        // What was said in private is nobody else's to read.
        let narrow = |v: &str| v.starts_with("private") || matches!(v, "direct" | "staff");
        let private = m.visibility.as_deref().is_some_and(narrow) || m.network == "mail";
        if private && !conf.private {
            return refuse(
                RefusalKind::Usage,
                "what was written in private is given to no program ([words] private)",
            );
        }
        let about = if m.title.is_empty() { m.text.to_string() } else { format!("{}\n{}", m.title, m.text) };
        let lang = if lang.is_empty() { conf.lang.as_str() } else { lang };
        let got = match conf.command(help.word()) {
            Some(argv) => {
                let p = Program {
                    argv: argv.to_vec(),
                    time: TIME,
                    max_bytes: MAX_BYTES,
                    input: input(help, &about, draft, lang).to_string().into_bytes(),
                };
                run_program(&p).await.map_err(|e| e.0).map(|b| String::from_utf8_lossy(&b).trim().to_owned())
            }
            None if !conf.endpoint.is_empty() => self.model(conf, help, &about, draft, lang).await,
            None => {
                let why =
                    format!("no help is configured: write {} = [\"program\"] under [words]", help.word());
                return refuse(RefusalKind::Usage, &why);
            }
        };
        match got {
            Ok(words) if !words.is_empty() => {
                // It is outside text, as any other.
                let words = clean::draft(&words);
                let text =
                    if help == Help::Translate { words } else { clean::draft(&format!("{MARK}\n{words}")) };
                Reply::Helped { mention, text }
            }
            Ok(_) => refuse(RefusalKind::Failed, "it gave no words"),
            Err(why) => refuse(RefusalKind::Failed, &why),
        }
    }

    async fn model(
        &self,
        c: &Words,
        help: Help,
        about: &str,
        draft: &str,
        lang: &str,
    ) -> Result<String, Text> {
        let setup = self.setup();
        let fence =
            crate::model::hash64(&["fence", about, &crate::model::Stamp::now().0.to_string(), &c.endpoint]);
        let body = chat(&c.model, help, about, draft, lang, fence).to_string().into_bytes();
        let mut login = Vec::new();
        if let Some(key) = &c.key {
            let s = setup.net.secret(&super::convert::secret(key)).await.map_err(|e| clean::line(&e))?;
            login.push((
                "authorization".to_owned(),
                crate::net::Secret::new(format!("Bearer {}", s.reveal())),
            ));
        }
        let url = format!("{}/chat/completions", c.endpoint.trim_end_matches('/'));
        let mut limits = super::convert::limits(&setup.config);
        (limits.first_byte, limits.whole) = (TIME, TIME);
        // The operator's own word names it, also where it is a machine of ours.
        let allow = Origin::of(&url).filter(|_| names_private(&url)).into_iter().collect();
        let ask = Ask {
            body: Some(("application/json", body)),
            login,
            allow,
            limits,
            ..super::convert::by_hand(&setup.config, &url)
        };
        let mut a = setup.net.get(&ask).await.map_err(|e| e.text)?;
        let status = a.status;
        let v: serde_json::Value = serde_json::from_slice(&a.take_body()).unwrap_or_default();
        said(&v)
            .map(str::to_owned)
            .ok_or_else(|| clean::line(&format!("the endpoint gave no words ({status})")))
    }
}

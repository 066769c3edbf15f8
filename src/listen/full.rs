//! The page behind a short entry, for sources that publish only excerpts: its article, else its body.

use crate::clean;
use crate::model::{Mention, Text};

/// Entries shorter than this are worth a look at their page, in bytes.
pub const SHORT: usize = 600;
/// Pages fetched in one poll.
const PAGES: usize = 10;

/// What to do about a short entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// It is old, and nobody will miss its page; or it is known as it stands.
    AsItIs,
    /// It did not change since its page was fetched: the text from then stays.
    Keep,
    Fetch,
    /// There were enough pages for one poll.
    Later,
}

/// Decides about an entry; `known` is the title and text that are stored, `pages` those fetched in this poll.
#[must_use]
pub fn plan(m: &Mention, known: Option<&(Text, Text)>, young: bool, pages: usize) -> Plan {
    match known {
        Some((title, text)) if *title == m.title && holds(text, &m.text) => Plan::Keep,
        // The excerpt says something else now, or never stood in its page.
        Some((_, text)) if text.len() >= SHORT && pages >= PAGES => Plan::Keep,
        Some((_, text)) if text.len() >= SHORT => Plan::Fetch,
        Some(_) => Plan::AsItIs,
        None if !young => Plan::AsItIs,
        None if pages >= PAGES => Plan::Later,
        None => Plan::Fetch,
    }
}

/// True if a text holds the beginning of an excerpt, whatever its blanks and its end (… or "read more").
fn holds(text: &str, excerpt: &str) -> bool {
    let words = |s: &str| s.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
    let head: String = words(excerpt).chars().take(60).collect();
    let head = head.trim_end_matches(['…', '.', ' ']);
    !head.is_empty() && words(text).contains(head)
}

/// True if an answer is a page that a text can be taken from.
#[must_use]
pub fn is_page(content_type: &str) -> bool {
    let t = content_type.trim().to_ascii_lowercase();
    t.is_empty() || t.starts_with("text/html") || t.starts_with("application/xhtml")
}

/// The text of the article in a page, if there is more of it than the entry had.
#[must_use]
pub fn article(page: &str, base: &str, had: &str) -> Option<Text> {
    let low = page.to_ascii_lowercase();
    let part = |open: &str, close: &str| {
        let a = low.find(open)?;
        let b = low.rfind(close).filter(|b| *b > a)?;
        page.get(a..b)
    };
    let inner = part("<article", "</article>")
        .or_else(|| part("<main", "</main>"))
        .or_else(|| part("<body", "</body>"))
        .unwrap_or(page);
    let text = clean::html(inner, Some(base)).text;
    (text.len() > had.len()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_is_taken_and_the_rest_left() {
        let page = "<html><body><nav>Menu</nav><article><p>The whole story is here.</p></article><footer>F</footer></body>";
        assert_eq!(
            article(page, "https://x.example/", "The whole").unwrap().as_str(),
            "The whole story is here."
        );
        assert_eq!(article(page, "https://x.example/", &"x".repeat(100)), None);
    }

    #[test]
    fn a_fetched_text_is_never_replaced_by_its_own_excerpt() {
        let m =
            Mention { title: Text::ours("T"), text: Text::ours("The whole story …"), ..Mention::default() };
        let long =
            (m.title.clone(), clean::text(&format!("The whole  story is here. {}", "x ".repeat(400))).0);
        assert_eq!(plan(&m, Some(&long), true, 0), Plan::Keep);
        let edited = Mention { title: Text::ours("New"), ..m.clone() };
        assert_eq!(plan(&edited, Some(&long), true, 0), Plan::Fetch);
        assert_eq!(plan(&edited, Some(&long), true, PAGES), Plan::Keep);
        assert_eq!(plan(&m, None, true, 0), Plan::Fetch);
        assert_eq!(plan(&m, None, true, PAGES), Plan::Later);
        assert_eq!(plan(&m, None, false, 0), Plan::AsItIs);
    }
}

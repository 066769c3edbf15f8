//! The page behind a short entry, for sources that publish only excerpts: its article, else its body.

use crate::clean;
use crate::model::Text;

/// Entries shorter than this are worth a look at their page, in bytes.
pub const SHORT: usize = 600;
/// Pages fetched in one poll.
pub const PAGES: usize = 10;

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
}

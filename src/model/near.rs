//! How alike two texts are: told again elsewhere, cut, with a line before or behind it, or with other spelling. A text
//! has a signature (MinHash over runs of words); two of them agree in as many places as their texts share runs.

use super::{Mention, hash64};

/// Places of a signature; bands of three find candidates.
pub const PLACES: usize = 64;
const ROWS: usize = 3;
pub const BANDS: usize = PLACES / ROWS;
/// Words in a run.
const RUN: usize = 3;
/// Texts with fewer words say the same by chance.
const LEAST: usize = 8;
/// Words of a text that are looked at: a story shows in its beginning.
const MOST: usize = 600;
/// Shared places from which on two texts are one story: with the rule of numbers, precision 0.990 and recall 0.916 on
/// 18,444 pairs of real posts and their mutations (`benches/duplicates.rs`; SimHash has 0.877 and 0.893 at its best).
pub const ALIKE: usize = 28;
/// Numbers that are compared.
const NUMBERS: usize = 24;

/// What is kept of a text to know it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    places: [u16; PLACES],
    bands: [u32; BANDS],
    /// Hashes of the numbers in it, sorted.
    numbers: Vec<u32>,
}

impl Signature {
    /// Of title and text together; `None` for what is too short to be known again.
    #[must_use]
    pub fn of(title: &str, text: &str) -> Option<Signature> {
        let mut words: Vec<String> = Vec::new();
        let mut numbers = Vec::new();
        // Who quotes does not tell on.
        let quoted = text.lines().any(|l| l.trim_start().starts_with('>'));
        let unquoted: String;
        let text = if quoted {
            let own = text.lines().filter(|l| !l.trim_start().starts_with('>'));
            unquoted = own.collect::<Vec<_>>().join("\n");
            unquoted.as_str()
        } else {
            text
        };
        // A title that is the beginning of the text says nothing more.
        let title = if text.starts_with(title.trim_end_matches('…').trim_end()) { "" } else { title };
        for piece in title.split_whitespace().chain(text.split_whitespace()).take(MOST) {
            // Addresses differ with every copy.
            if piece.contains("://") || piece.starts_with("www.") {
                continue;
            }
            for w in piece.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
                if w.chars().any(char::is_numeric) {
                    numbers.push(hash64(&[w]) as u32);
                }
                words.push(w.to_lowercase());
            }
        }
        let runs = runs(&words)?;
        let mut mins = [u64::MAX; PLACES];
        for run in runs {
            // One hash a run, then cheap independent ones of it.
            let (a, b) = (run, run.rotate_left(32) | 1);
            let mut h = a;
            for m in &mut mins {
                h = h.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(b);
                *m = (*m).min(h ^ (h >> 29));
            }
        }
        let mut places = [0u16; PLACES];
        for (p, m) in places.iter_mut().zip(mins) {
            *p = (m.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 48) as u16;
        }
        let mut bands = [0u32; BANDS];
        for (i, band) in bands.iter_mut().enumerate() {
            let rows: Vec<String> = places[i * ROWS..(i + 1) * ROWS].iter().map(u16::to_string).collect();
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            *band = hash64(&[&[i.to_string().as_str()], rows.as_slice()].concat()) as u32;
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers.truncate(NUMBERS);
        Some(Signature { places, bands, numbers })
    }

    /// Keys of which two texts that are alike share at least one, nearly always.
    #[must_use]
    pub fn bands(&self) -> &[u32; BANDS] {
        &self.bands
    }

    /// Places in which both agree, of [`PLACES`].
    #[must_use]
    pub fn shared(&self, other: &Signature) -> usize {
        self.places.iter().zip(&other.places).filter(|(a, b)| a == b).count()
    }

    /// True if both tell the same. Texts that differ in their numbers are different news from one mould.
    #[must_use]
    pub fn is_like(&self, other: &Signature) -> bool {
        let lacks =
            |a: &Signature, b: &Signature| a.numbers.iter().any(|n| b.numbers.binary_search(n).is_err());
        self.shared(other) >= ALIKE && !(lacks(self, other) && lacks(other, self))
    }
}

/// By what a mention is known as a telling of a story.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Likeness {
    /// Hash of the address that it passes on; 0 for none.
    pub passed: u64,
    pub signature: Option<Box<Signature>>,
}

impl Likeness {
    /// Which bands it has, with the number of each.
    pub fn bands(&self) -> impl Iterator<Item = (u8, u32)> + '_ {
        let all = self.signature.iter().flat_map(|s| s.bands().iter().enumerate());
        all.map(|(i, b)| (i as u8, *b))
    }
}

/// Hashes of all runs of words; of characters, where a script writes no spaces.
fn runs(words: &[String]) -> Option<Vec<u64>> {
    let letters: usize = words.iter().map(|w| w.chars().count()).sum();
    if letters > 14 * words.len().max(1) || words.len() < LEAST {
        let all: Vec<char> = words.iter().flat_map(|w| w.chars()).collect();
        let wide = all.iter().filter(|c| **c as u32 >= 0x0e00).count();
        // Only what is written without spaces is counted by characters.
        if wide * 2 < all.len() || all.len() < 4 * LEAST {
            return None;
        }
        let text = |w: &[char]| w.iter().collect::<String>();
        return Some(all.windows(5).map(|w| hash64(&[&text(w)])).collect());
    }
    let all = words.windows(RUN).map(|w| hash64(&[&w[0], &w[1], &w[2]]));
    Some(all.collect())
}

/// Words beside a link that a post may have to be that link, told on.
const BESIDE: usize = 20;

/// The address that a mention passes on, if it is little more than that: one link to another place, few words, no
/// question. Two such mentions tell one story.
#[must_use]
pub fn passed_on(m: &Mention) -> Option<&str> {
    let host = |u: &str| u.split("://").nth(1).and_then(|r| r.split('/').next()).map(str::to_lowercase);
    let own = host(&m.url);
    let mut links = m.links.iter().filter(|l| host(l) != own);
    let link = links.next()?;
    let path = link.split("://").nth(1)?.split_once('/')?.1;
    let words = m.title.split_whitespace().chain(m.text.split_whitespace());
    let few = words.filter(|w| !w.contains("://")).count() <= BESIDE;
    let asks = m.title.contains('?') || m.text.contains('?');
    (few && !asks && path.len() >= 5 && links.all(|l| l == link)).then_some(link.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;

    const NEWS: &str = "Acme recalls forty thousand pumps after reports that the lid may come off while the pump is \
        running and asks owners to stop using them until a new lid has been sent to them free of charge";

    fn alike(a: &str, b: &str) -> bool {
        match (Signature::of("", a), Signature::of("", b)) {
            (Some(a), Some(b)) => a.is_like(&b),
            _ => false,
        }
    }

    #[test]
    fn a_text_is_known_again_when_it_is_told_on() {
        assert!(alike(NEWS, NEWS));
        assert!(alike(NEWS, &NEWS.to_uppercase()));
        assert!(alike(NEWS, &format!("RT @wire: {NEWS} https://wire.example/9 via @wire")));
        assert!(alike(NEWS, &NEWS[..NEWS.len() * 4 / 5]));
        assert!(alike(NEWS, &NEWS.replace("reports", "rep0rts")));
        let title = Signature::of("Acme recalls forty thousand pumps", NEWS).unwrap();
        assert!(title.is_like(&Signature::of("", NEWS).unwrap()));
    }

    #[test]
    fn other_news_from_the_same_mould_is_other_news() {
        let release = |n: &str| {
            format!(
                "Acme Pump Manager {n} has been released with many improvements to the schedule, the log and the screen of alarms; get it from the usual place"
            )
        };
        assert!(!alike(&release("1.2.3"), &release("1.2.4")));
        assert!(alike(&release("1.2.3"), &release("1.2.3")));
        assert!(!alike(
            NEWS,
            "Acme opens a new factory for pumps and lids in the north and asks owners of old pumps to come and see it"
        ));
        // Too short to be sure.
        assert!(!alike("thank you acme", "thank you acme"));
    }

    #[test]
    fn scripts_without_spaces_are_compared_by_their_characters() {
        let a = "東京都は水曜日に新しいポンプの安全基準を発表し、すべての製造会社に対して来年四月までに対応するよう求めた。";
        assert!(alike(a, &format!("速報：{a}")));
        assert!(!alike(
            a,
            "大阪府は金曜日に古い橋の点検結果を公表し、来月から通行止めにする予定だと市民に伝えた。これは三年ぶりのことだ。"
        ));
    }

    #[test]
    fn a_post_that_is_a_link_passes_it_on() {
        let post = |text: &str, links: &[&str]| Mention {
            url: Text::ours("https://forum.example/t/1"),
            text: Text::already_clean(text.into()),
            links: links.iter().map(|l| Text::already_clean((*l).into())).collect(),
            ..Mention::default()
        };
        let page = "https://wire.example/news/pumps";
        assert_eq!(
            passed_on(&post("Acme recalls pumps https://wire.example/news/pumps", &[page])),
            Some(page)
        );
        assert_eq!(passed_on(&post("look", &[page, "https://forum.example/rules"])), Some(page));
        assert_eq!(passed_on(&post("is that true?", &[page])), None);
        assert_eq!(passed_on(&post("look", &[page, "https://other.example/longer"])), None);
        assert_eq!(passed_on(&post("look", &["https://wire.example/"])), None);
        assert_eq!(passed_on(&post(NEWS, &[page])), None);
    }
}

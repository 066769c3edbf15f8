//! In which language something is written: two letters, or nothing where that is not sure. What one detector says must
//! be borne out: by the small words of that language, else by a second, slower detector, which alone is believed only of
//! a language that the first does not know.

use crate::model::Mention;
use crate::query::folds;
use rustc_hash::FxHashMap as HashMap;
use std::sync::LazyLock;
use whatlang::Lang as W;
use whichlang::Lang;

/// Characters of a text that are looked at.
const LOOKED_AT: usize = 320;
/// And by the slower detector, in characters.
const SLOWLY: usize = 100;
/// Letters below which nothing is said.
const FEW: usize = 12;

/// What one detector knows, as the other and as two letters (ISO 639-1) name it.
const KNOWN: &[(Lang, W, &str)] = &[
    (Lang::Ara, W::Ara, "ar"),
    (Lang::Cmn, W::Cmn, "zh"),
    (Lang::Deu, W::Deu, "de"),
    (Lang::Eng, W::Eng, "en"),
    (Lang::Fra, W::Fra, "fr"),
    (Lang::Hin, W::Hin, "hi"),
    (Lang::Ita, W::Ita, "it"),
    (Lang::Jpn, W::Jpn, "ja"),
    (Lang::Kor, W::Kor, "ko"),
    (Lang::Nld, W::Nld, "nl"),
    (Lang::Por, W::Por, "pt"),
    (Lang::Rus, W::Rus, "ru"),
    (Lang::Spa, W::Spa, "es"),
    (Lang::Swe, W::Swe, "sv"),
    (Lang::Tur, W::Tur, "tr"),
    (Lang::Vie, W::Vie, "vi"),
];

/// What only one of them knows.
const OTHERS: &[(W, &str)] = &[
    (W::Ukr, "uk"),
    (W::Bel, "be"),
    (W::Bul, "bg"),
    (W::Mkd, "mk"),
    (W::Srp, "sr"),
    (W::Pol, "pl"),
    (W::Ces, "cs"),
    (W::Slk, "sk"),
    (W::Slv, "sl"),
    (W::Hrv, "hr"),
    (W::Hun, "hu"),
    (W::Ron, "ro"),
    (W::Dan, "da"),
    (W::Nob, "nb"),
    (W::Fin, "fi"),
    (W::Est, "et"),
    (W::Lav, "lv"),
    (W::Lit, "lt"),
    (W::Ell, "el"),
    (W::Heb, "he"),
    (W::Pes, "fa"),
    (W::Urd, "ur"),
    (W::Ben, "bn"),
    (W::Mar, "mr"),
    (W::Tam, "ta"),
    (W::Tel, "te"),
    (W::Tha, "th"),
    (W::Kat, "ka"),
    (W::Hye, "hy"),
    (W::Ind, "id"),
    (W::Cat, "ca"),
    (W::Lat, "la"),
    (W::Aze, "az"),
];

/// Small words, as they are compared, by which readers know a language at once.
const SMALL: &[(&str, &str)] = &[
    (
        "en",
        "the a and to of is in it you i that for on with this my are was be have not but at what me so we they your \
         just he she do does don t how if from an or will can when there who why would been has had their his her",
    ),
    (
        "de",
        "der die das und ist ich nicht ein eine zu mit es auf den dem im von fur auch sich wir du sie wie was aber \
         noch nur so wenn hat bei war dass habe mir mich einen schon oder nach mal kann sind aus am um wird werden",
    ),
    (
        "fr",
        "le la les et est je ne pas un une des de du en que qui il elle on a au dans pour sur ce c j l d avec plus \
         mais tu vous nous ca sont son sa se ai cette y si quand tout mon me te fait ou etre comme",
    ),
    (
        "es",
        "el la los las y es que no en un una de por con para se lo me mi te su yo tu pero como mas ya si al del esta \
         este muy cuando todo hay porque ser son o le eso nos a",
    ),
    (
        "it",
        "il la lo i gli le e che non di un una per in con si mi ti ma come sono ho ha del della al alla da questo \
         questa anche piu se io tu ci sei era perche tutti solo o nel dei l chi cosa hai",
    ),
    (
        "pt",
        "o a os as e que nao de um uma em para com do da no na eu se me por mais mas como voce meu minha ta ser muito \
         ele ela isso esta foi vai so quando tem dos das pra ja aqui quem to te ao",
    ),
    (
        "nl",
        "de het een en is ik niet van dat in op te zijn met voor er maar ook aan je die om als wat was nog heeft bij \
         naar dan wel we ze mijn hij geen of uit zo door heb kan",
    ),
    (
        "sv",
        "och att det som en ar jag inte pa i av for med den till har de om ett men sa var kan man nu vad du vi mig \
         eller fran nar han hon skulle bara ha",
    ),
    // As it is written in Latin letters.
    (
        "hi",
        "hai ki ka ke ko se nahi nahin bhi aur mein kya ho tha hain yeh ye wo woh koi kuch hum tum aap ab jo kar raha \
         rahe rahi gaya sab bhai ne par toh liye apne tera mera tu",
    ),
    (
        "tr",
        "ve bir bu da de icin ne cok ama var gibi ben sen o mi mu daha en ile ki yok diye kadar degil her sey",
    ),
];

/// From so many on, of a language that is not far ahead, a text is in several.
const MANY: usize = 6;
/// Words of a text that are looked at.
const WORDS: usize = 120;

/// So many different small words of a language, and more than of any other one, bear it out.
const BORNE_OUT: usize = 2;

/// The slower detector, which looks for nothing else.
static SLOW: LazyLock<whatlang::Detector> = LazyLock::new(|| {
    let all = KNOWN.iter().map(|(_, w, _)| *w).chain(OTHERS.iter().map(|(w, _)| *w));
    whatlang::Detector::with_allowlist(all.collect())
});

static SMALL_WORDS: LazyLock<HashMap<&'static str, u16>> = LazyLock::new(|| {
    let mut all = HashMap::default();
    for (n, (_, words)) in SMALL.iter().enumerate() {
        words.split(' ').for_each(|w| *all.entry(w).or_default() |= 1 << n);
    }
    all
});

/// What the small words of a text say: the language that has most of them, how many different ones, and how many the next.
fn small_words(words: &[&str]) -> (&'static str, usize, usize) {
    let mut met: Vec<&str> = Vec::new();
    let mut counts = [0usize; SMALL.len()];
    for w in words.iter().take(WORDS) {
        let Some(langs) = SMALL_WORDS.get(w) else { continue };
        if met.contains(w) {
            continue;
        }
        met.push(w);
        (0..SMALL.len()).filter(|n| langs & (1 << n) != 0).for_each(|n| counts[n] += 1);
    }
    let best = (0..SMALL.len()).max_by_key(|n| counts[*n]).unwrap_or(0);
    let next = (0..SMALL.len()).filter(|n| *n != best).map(|n| counts[n]).max().unwrap_or(0);
    (SMALL[best].0, counts[best], next)
}

/// Two letters (ISO 639-1), where it is sure.
#[must_use]
pub fn detect(text: &str) -> Option<&'static str> {
    let words = folds(text);
    tell(&plain([text]), &words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Of a mention, given its words; where nothing is sure, what its source says stands.
pub fn of_mention(m: &Mention, words: &[&str]) -> Option<&'static str> {
    tell(&plain([m.title.as_str(), m.text.as_str()]), words)
}

fn tell(text: &str, words: &[&str]) -> Option<&'static str> {
    // Scripts of their own say more with fewer letters than Latin ones do.
    let latin = |c: &char| c.is_alphabetic() && *c < '\u{250}';
    let own = |c: char| c.is_alphabetic() && c >= '\u{250}';
    if !text.contains(own) && text.chars().filter(latin).count() < FEW {
        return None;
    }
    let other = whichlang::detect_language(text);
    let code = KNOWN.iter().find(|(l, ..)| *l == other).map(|(.., code)| *code);
    let (small, most, next) = small_words(words);
    let ahead = most >= BORNE_OUT && most > next;
    // The detector knows Hindi in its own script alone.
    if ahead && (code == Some(small) || (small == "hi" && most >= 2 * next)) {
        return Some(small);
    }
    // Many, and not those of what it seems to be: it is in several, and nobody could say in which.
    if most >= MANY {
        return None;
    }
    let one = SLOW.detect(&text[..text.char_indices().nth(SLOWLY).map_or(text.len(), |(i, _)| i)])?;
    match KNOWN.iter().find(|(_, w, _)| *w == one.lang()) {
        Some((l, _, code)) => (*l == other).then_some(*code),
        None => OTHERS.iter().find(|(w, _)| *w == one.lang() && one.is_reliable()).map(|(_, code)| *code),
    }
}

/// Its beginning, without what belongs to no language: names of people, addresses.
fn plain<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut out = String::with_capacity(LOOKED_AT);
    let foreign = |w: &str| w.starts_with(['@', '#']) || w.contains("://") || w.starts_with("www.");
    for w in texts.into_iter().flat_map(str::split_whitespace).filter(|w| !foreign(w)) {
        if out.len() + w.len() > LOOKED_AT {
            // Scripts without spaces make one long word.
            out.extend(w.chars().take((LOOKED_AT - out.len().min(LOOKED_AT)) / 4));
            break;
        }
        out += w;
        out.push(' ');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_where_they_are_sure() {
        for (text, code) in [
            ("The new release does not start on my machine, what can I do about it?", Some("en")),
            ("Die neue Version startet auf meinem Rechner nicht, was kann ich tun?", Some("de")),
            ("La nouvelle version ne démarre pas sur ma machine, que puis-je faire ?", Some("fr")),
            ("新しいバージョンが私のパソコンで起動しません。どうすればいいですか。", Some("ja")),
            ("Nowa wersja nie uruchamia się na moim komputerze, co mogę zrobić?", Some("pl")),
            ("Η νέα έκδοση δεν ξεκινά στον υπολογιστή μου, τι μπορώ να κάνω;", Some("el")),
            ("v2.0.1", None),
            ("lol 😂", None),
            ("it’s ok", None),
            ("@ana @bo https://acme.example/the/new/release", None),
            ("", None),
        ] {
            assert_eq!(detect(text), code, "{text}");
        }
    }

    #[test]
    fn what_reads_otherwise_than_its_source_says_is_what_it_reads() {
        let text = "Die neue Version startet auf meinem Rechner nicht, was kann ich tun?";
        let topics = crate::listen::Topics::default();
        let mut m = Mention { lang: "en".into(), text: crate::model::Text::ours(text), ..Mention::default() };
        topics.judge(&mut m, &[]);
        assert_eq!(m.lang, "de");
        let mut short =
            Mention { lang: "fr".into(), title: crate::model::Text::ours("2.0"), ..Mention::default() };
        topics.judge(&mut short, &[]);
        assert_eq!(short.lang, "fr");
    }
}

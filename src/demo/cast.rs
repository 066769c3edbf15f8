//! Who lives in the sample and what they say. Every word of it is ours.

use chrono::{DateTime, Duration, Utc};

/// Feeds: id and title.
pub const FEEDS: [(&str, &str); 4] = [
    ("cat-forum", "The Purring Forum"),
    ("vet-notes", "Notes of a Country Vet"),
    ("shelter-diary", "Diary of the Harbour Shelter"),
    ("snack-review", "Snack Review for Carnivores"),
];

/// Feed number, author, title, text.
type Said = (usize, &'static str, &'static str, &'static str);

/// What was said before the sample begins, newest first.
const BEFORE: &[Said] = &[
    (
        0,
        "mirabel",
        "Whiskerbowl tins will not open",
        "The ring of the new Whiskerbowl tins comes off in my hand. Third one this week. Do others have a trick, or should I write to them?",
    ),
    (
        0,
        "old_tom",
        "Re: Whiskerbowl tins will not open",
        "Same here with the salmon ones from the March batch. A spoon under the ring helps. My cat has no patience for this.",
    ),
    (
        1,
        "Dr. Ida Brandt",
        "What I tell owners about kidney diets",
        "Older cats with weak kidneys need a diet with less phosphorus. Food that smells of something helps more than any label. I list five that patients really eat; Whiskerbowl Senior is one of them.",
    ),
    (
        2,
        "Harbour Shelter",
        "Forty bowls by noon",
        "We counted: forty bowls, two hundred grams each, gone before noon. A reader sent six boxes of Whiskerbowl. Thank you, whoever you are!",
    ),
    (
        3,
        "Jonas",
        "Test: seven pâtés, one winner",
        "Blind test with three cats and one very serious notebook. Whiskerbowl Chicken came second; the cats disagree with me about first place.",
    ),
    (
        0,
        "pixel",
        "Does anybody count calories?",
        "My vet says half a kilo less. How do you weigh portions when three cats eat from one another's bowls?",
    ),
    (
        0,
        "mirabel",
        "Automatic feeders and wet food",
        "Looking for a feeder that keeps wet food fresh for eight hours. Everything I read is about kibble.",
    ),
    (
        1,
        "Dr. Ida Brandt",
        "Ticks are back",
        "The mild winter was a gift to ticks. Check behind the ears, and please do not use garlic.",
    ),
    (
        3,
        "Jonas",
        "How we test",
        "Bowls are numbered, brands are hidden, and nobody talks to the cats before dinner.",
    ),
    (
        2,
        "Harbour Shelter",
        "Three brothers looking for a home",
        "Ash, Birch and Maple are fourteen weeks old, dewormed, chipped, and convinced that shoelaces are alive.",
    ),
    (
        0,
        "old_tom",
        "A kidney diet that is not a punishment",
        "Twelve years old, kidney values at the border. Which food has worked for you? Mine walks away from anything that says renal on the tin.",
    ),
    (
        0,
        "sunny_side",
        "Whiskerbowl changed the recipe?",
        "The duck flavour smells different since last month and both cats refuse it. Did they change the recipe without a word?",
    ),
];

/// What arrives while one watches, in this order, again and again.
const COMING: &[Said] = &[
    (
        0,
        "sunny_side",
        "Re: Whiskerbowl changed the recipe?",
        "Bought a second tray to be sure. Same thing. The old code on the lid ended in B, the new one in C.",
    ),
    (
        0,
        "pixel",
        "Re: Whiskerbowl tins will not open",
        "Mine open fine, but the lid has a sharp edge now. Careful with your fingers.",
    ),
    (
        3,
        "Jonas",
        "Whiskerbowl answers our questions",
        "I wrote to them about the lids. The answer came in a day and was written by a person. More next week.",
    ),
    (
        2,
        "Harbour Shelter",
        "Birch has a home",
        "One brother left today, in a basket, complaining loudly. Two to go.",
    ),
    (
        1,
        "Dr. Ida Brandt",
        "A reader asks: raw or cooked?",
        "Cooked. The long answer is in the post, the short one is salmonella.",
    ),
    (
        0,
        "mirabel",
        "Whiskerbowl Senior for a cat with kidney trouble",
        "Has anybody compared the phosphorus of Whiskerbowl Senior with the diet food of the vet? The tin does not say.",
    ),
    (
        0,
        "old_tom",
        "A spoon is all you need",
        "For the record: spoon under the ring, lift, pull. Even I can do it before coffee.",
    ),
    (
        3,
        "Jonas",
        "Recall at another brand",
        "No, not Whiskerbowl: three lots of a supermarket brand are back at the shop because of plastic in the jelly.",
    ),
];

/// A feed as it stands after `arrived` new posts, one every `pace` seconds; `None` if there is no such feed.
pub fn feed(name: &str, seed: u64, begun: DateTime<Utc>, arrived: u64, pace: u64) -> Option<String> {
    let (number, title) =
        FEEDS.iter().enumerate().find(|(_, (id, _))| *id == name).map(|(i, (_, t))| (i, *t))?;
    let mut items = String::new();
    // The newest first; at most thirty, as feeds have it.
    for n in (0..arrived).rev().take(120) {
        let at = usize::try_from((n + seed) % COMING.len() as u64).unwrap_or(0);
        let round = n / COMING.len() as u64;
        if COMING[at].0 == number {
            let when = begun + Duration::seconds(i64::try_from((n + 1) * pace).unwrap_or(0));
            push(&mut items, &COMING[at], &format!("c{at}-{round}"), when);
        }
    }
    for (i, said) in BEFORE.iter().enumerate().filter(|(_, s)| s.0 == number) {
        let minutes = 7 + 61 * i64::try_from(i).unwrap_or(0) + i64::try_from(seed % 5).unwrap_or(0);
        push(&mut items, said, &format!("b{i}"), begun - Duration::minutes(minutes));
    }
    Some(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel>\
         <title>{title}</title><link>https://{name}.example/</link><description>{title}</description>{items}</channel></rss>"
    ))
}

fn push(out: &mut String, (feed, author, title, text): &Said, id: &str, at: DateTime<Utc>) {
    let name = FEEDS[*feed].0;
    // What is answered stands under its title; an answer says so.
    let begun = title.strip_prefix("Re: ");
    let slug: String = begun.unwrap_or(title).replace(|c: char| !c.is_alphanumeric(), "-").to_lowercase();
    let answered = BEFORE.iter().chain(COMING).any(|(.., t, _)| t.strip_prefix("Re: ") == Some(*title));
    let first = !id.contains('-') || id.ends_with("-0");
    let link = if answered && first { &slug } else { id };
    let comments =
        begun.map_or(String::new(), |_| format!("<comments>https://{name}.example/{slug}</comments>"));
    *out += &format!(
        "<item><title>{title}</title><link>https://{name}.example/{link}</link><guid isPermaLink=\"false\">{name}-{id}</guid>{comments}\
         <dc:creator>{author}</dc:creator><pubDate>{}</pubDate><description>{text}</description></item>",
        at.to_rfc2822()
    );
}

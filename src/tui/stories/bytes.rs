//! What a frame costs on the line, in bytes: a slow SSH connection feels every one of them.

use super::*;
use crate::tui::tty::FrameWriter;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};

/// A story on a terminal whose bytes are counted.
struct Line {
    story: Story,
    screen: Terminal<CrosstermBackend<FrameWriter>>,
    writer: FrameWriter,
    sent: Vec<u8>,
}

impl Line {
    fn new(story: Story) -> Line {
        let writer = FrameWriter::default();
        let (w, h) = story.app.size;
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, w, h)) };
        let screen = Terminal::with_options(CrosstermBackend::new(writer.clone()), options).unwrap();
        Line { story, screen, writer, sent: Vec::new() }
    }

    /// Draws, and gives the bytes that went over the line.
    fn frame(&mut self) -> Vec<u8> {
        let theme = Theme::named("dark").unwrap();
        let app = &self.story.app;
        self.screen.draw(|f| view::draw(app, &theme, f)).unwrap();
        let b = self.writer.take();
        self.sent.extend_from_slice(&b);
        b
    }

    fn press(&mut self, keys: &str) -> usize {
        self.story.press(keys);
        self.frame().len()
    }
}

/// Titles as long as a row, all different from the next.
fn many(n: u64) -> Vec<Item> {
    let words = ["tins", "kidney", "salmon", "parcel", "whisker", "gravy", "label", "vet", "night"];
    (1..=n)
        .map(|i| {
            let title: Vec<&str> = (0..12).map(|j| words[((i * 7 + j * i) % 9) as usize]).collect();
            item(i, &format!("{} {i}", title.join(" ")), words[(i % 9) as usize])
        })
        .collect()
}

#[test]
fn a_move_in_the_stream_costs_at_most_200_bytes_and_rest_none() {
    let mut l = Line::new(Story::new((80, 24), many(300)));
    assert!(l.frame().len() < 6_000);
    for key in ["j", "j", "k", "j", "k"] {
        let n = l.press(key);
        assert!((1..=200).contains(&n), "{key} cost {n} bytes");
    }
    assert_eq!(l.frame().len(), 0);
    let page = l.press("ctrl-d");
    assert!(page <= 4_096, "half a page cost {page}");
}

#[test]
fn a_reader_beside_it_costs_its_new_text_and_only_after_a_rest() {
    let mut l = Line::new(Story::new((160, 45), many(300)));
    l.frame();
    for _ in 0..3 {
        let n = l.press("j");
        assert!(n <= 200, "the move cost {n} bytes");
        l.story.rest();
        let text =
            l.story.app.reader.item.as_ref().map_or(0, |i| i.mention.title.len() + i.mention.text.len());
        let n = l.frame().len();
        // Its text, the old text wiped by blanks, and the head with its colours.
        assert!(n <= 2 * text + 500, "the reader cost {n} bytes for {text} of text");
    }
}

#[test]
fn news_cost_a_few_bytes_and_the_screen_is_never_wiped() {
    let mut l = Line::new(Story::new((80, 24), many(300)));
    l.frame();
    l.press("j");
    for n in 0..20 {
        l.story.tell(Msg::Event(Event::Arrived { inbox: 3, heard: 10 }));
        let cost = l.frame().len();
        assert!(cost <= 90, "arrivals {n} cost {cost} bytes");
    }
    for keys in ["g S", "q", "?", "ctrl-g", "enter", "q", "r", "esc", "x x e", "u"] {
        l.press(keys);
    }
    let wipes = l.sent.windows(4).filter(|w| *w == b"\x1b[2J").count();
    assert_eq!(wipes, 0, "2J outside of a resize");
}

#[test]
fn nothing_that_a_stranger_wrote_reaches_the_terminal_as_a_control() {
    let hostile = "\u{1b}[31mred\u{1b}]52;c;ZXZpbA==\u{7}\u{9b}2J\u{202e}txt\u{2066}x\u{200b}y\u{e0041} \u{1b}Ptmux;\u{1b}\\";
    let mut items: Vec<Item> = (1..=5).map(|i| item(i, &format!("{hostile} {i}"), hostile)).collect();
    for i in &mut items {
        i.tags.push(crate::clean::line(hostile).into_string());
        i.notes.push(("bo".into(), NOW, text(hostile)));
    }
    let mut l = Line::new(Story::new((160, 45), items));
    l.frame();
    for keys in
        ["j", "enter", "q", "w", "q", "p", "q", "o", "q", "L", "q", "g P", "q", "r", "esc", "g D", "q"]
    {
        l.press(keys);
        l.story.rest();
        l.frame();
    }
    let sent = String::from_utf8(l.sent).expect("only UTF-8 is sent");
    for c in ['\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{e0041}', '\u{7}'] {
        assert!(!sent.contains(c), "{c:?}");
    }
    // Every escape is one of ours: a CSI of numbers that moves, colours, or hides the cursor.
    for after in sent.split('\u{1b}').skip(1) {
        let csi = after.strip_prefix('[').unwrap_or_else(|| panic!("an escape that is no CSI: {after:.20}"));
        let end = csi.find(|c: char| !c.is_ascii_digit() && c != ';' && c != '?').unwrap_or(0);
        assert!("HmlhKJ".contains(&csi[end..=end]), "{csi:.20}");
    }
}

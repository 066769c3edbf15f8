//! A link as a QR code, in half blocks, for the phone beside an SSH session. Light on dark, with the quiet edge that readers
//! need: two modules are enough for them.

use qrcode::{Color, EcLevel, QrCode};

/// Modules of the edge.
const EDGE: usize = 2;

/// Lines of text; none for what is too long for a code.
#[must_use]
pub fn lines(link: &str) -> Vec<String> {
    let Ok(code) = QrCode::with_error_correction_level(link, EcLevel::L) else { return Vec::new() };
    let (n, colors) = (code.width(), code.to_colors());
    let light = |x: usize, y: usize| {
        let inside = |v: usize| (EDGE..EDGE + n).contains(&v);
        !(inside(x) && inside(y)) || colors[(y - EDGE) * n + (x - EDGE)] == Color::Light
    };
    let side = n + 2 * EDGE;
    (0..side)
        .step_by(2)
        .map(|y| {
            (0..side)
                .map(|x| match (light(x, y), y + 1 < side && light(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_square_with_its_edge() {
        let all = lines("https://social.example/@ana/123456");
        let wide = all[0].chars().count();
        assert!(all.iter().all(|l| l.chars().count() == wide));
        assert_eq!((wide, all.len()), (29, 15), "version 2: 25 modules and the edge");
        assert!(all[0].chars().all(|c| c == '█'), "the quiet edge");
        // The finder's corner: seven dark modules, and a light ring within them.
        assert!(all[1].starts_with("██ ▄▄▄▄▄ █"), "{}", all[1]);
        assert!(lines(&"x".repeat(5_000)).is_empty());
    }
}

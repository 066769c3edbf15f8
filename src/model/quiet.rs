//! Panics of libraries that read outside text: caught, and kept away from the terminal. The message of such a panic
//! quotes the text, and the usual hook would print it raw.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs a reader of outside text; `None` if it panicked.
pub fn quietly<T>(read: impl FnOnce() -> T) -> Option<T> {
    let before = QUIET.replace(true);
    let done = catch_unwind(AssertUnwindSafe(read)).ok();
    QUIET.set(before);
    done
}

/// True while a reader of outside text runs on this thread: a panic there is nobody's business.
#[must_use]
pub fn is_quiet() -> bool {
    QUIET.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_none_and_the_flag_falls_back() {
        assert_eq!(quietly(|| 3), Some(3));
        assert_eq!(quietly(|| -> i32 { panic!("{}", "\u{1b}]0;x\u{7}") }), None);
        assert!(!is_quiet());
    }
}

//! Answering, as pure rules: what becomes of a sending, what is looked at before one leaves, how well we know a community
//! and how much we speak of ourselves there. Nothing here waits, stores or asks: `engine` brings the facts and does what
//! is decided.

pub mod clock;
pub mod outbox;
pub mod preflight;
pub mod promo;
pub mod readiness;
pub mod words;

pub use outbox::{Came, Do, Patience, came, crashed, plan};
pub use preflight::{Alive, Facts, names, preflight, unresolved};

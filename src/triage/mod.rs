//! Triage: what comes first, and why. Pure rules: mentions in, an order with its reasons out; nothing is hidden by it,
//! and nothing is done by it.

mod rank;
mod relevance;

pub use rank::{Placed, Reason, place, weights};
pub use relevance::Relevance;

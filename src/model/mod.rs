//! What things are: mentions, people, drafts, sources, verbs, times. Plain data and pure rules.
//! Nothing here waits, draws or stores, and nothing here imports another room of the house.
//! Text that came from outside is always a [`Text`], which only the room `clean` makes.

pub mod attach;
pub mod base64;
pub mod change;
pub mod draft;
pub mod handover;
mod hidden;
pub mod hours;
mod id;
pub mod item;
pub mod json;
pub mod mention;
pub mod mood;
pub mod mute;
mod near;
mod nearest;
pub mod network;
pub mod objective;
pub mod outgoing;
pub mod place;
mod quiet;
pub mod snippet;
pub mod source;
pub mod text;
pub mod time;
pub mod verb;
pub mod view;

pub use base64::base64;
pub use change::{Cause, Change, Entry, Target, Value};
pub use draft::{Draft, Stage, Writes};
pub use handover::handover;
pub use hidden::Hidden;
pub use id::{Id, Key, hash_bytes, hash64};
pub use item::{Counts, Item, PersonCard, State};
pub use json::line_of;
pub use mention::{Author, HEARD_CLASS, Kind, MAIN_CLASS, Mention, TimeNote, TopicHit};
pub use mood::Mood;
pub use mute::{Mute, MuteKey, MuteKind, MuteView};
pub use near::{BANDS, Likeness, PLACES, Signature, passed_on};
pub use nearest::nearest;
pub use network::{AccountView, CommunityView, NetworkView, NewPost};
pub use objective::{By, Objective};
pub use quiet::{is_quiet, quietly};
pub use source::{Asked, Cursor, Health, SourceView, Trouble};
pub use text::Text;
pub use time::Stamp;
pub use verb::{Applied, Role, Targets, VERBS, Verb, VerbSpec};
pub use view::{AlertView, RuleView, TopicEdit, TopicView, View};

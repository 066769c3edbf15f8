//! What is stored already, heard anew by a topic that was changed: which mentions it counts as its own, and where they
//! stand, as one step that its person can take back.

use super::Store;
use super::error::Result;
use super::fields;
use super::tx::Tx;
use super::verbs::{Asker, Done};
use crate::model::{Applied, Change, Key, Stamp, State, Target, Value};

/// How such a step is named in the log.
pub const TOPICS: &str = "topics";

/// What becomes of one mention.
#[derive(Clone, PartialEq, Debug)]
pub struct Reheard {
    pub key: Key,
    /// The spans by which the topic counts it as its own; `None`: it does not.
    pub spans: Option<Vec<(bool, u32, u32)>>,
    /// Where it stood when that was decided; where it goes, if it goes anywhere and is there still.
    pub was: State,
    pub state: Option<State>,
}

impl Store {
    /// Does it to all of them, as one entry of the log.
    ///
    /// # Errors
    /// If the disk fails; then nothing happened.
    pub fn rehear(&self, asker: &Asker, topic: &str, all: &[Reheard], now: Stamp) -> Result<Applied> {
        let mut core = self.urgently()?;
        let mut tx = Tx::new(&self.inner);
        tx.now = now;
        let mut done = Done::default();
        for r in all {
            let target = Target::Mention(r.key);
            let mut set = |to: Value| -> Result<()> {
                if let Some(from) = fields::get(&mut tx, &asker.who, &target, &to)?.filter(|from| *from != to)
                {
                    fields::set(&mut tx, &asker.who, &target, &to, None)?;
                    done.changes.push(Change { target: target.clone(), from, to });
                }
                Ok(())
            };
            set(Value::Topic(topic.to_owned(), r.spans.clone()))?;
            let Some(state) = r.state else { continue };
            // What somebody did with it meanwhile holds.
            let to = Value::State(state, None);
            let is = fields::get(&mut tx, &asker.who, &target, &to)?;
            let leaves = state == State::Heard;
            if is == Some(Value::State(r.was, None)) && !(leaves && tx.side(r.key)?.is_worked_on()) {
                fields::set(&mut tx, &asker.who, &target, &to, None)?;
                let from = Value::State(r.was, None);
                done.changes.push(Change { target, from, to });
            }
        }
        let applied = self.conclude(&mut core, tx, asker, TOPICS, done, (false, true))?;
        Ok(Applied { changed: applied.keys.len() as u32, ..applied })
    }
}

//! The keys of the one tree: a letter, then big-endian numbers, so that they sort as they are read.
//!
//! `b` blocks (greatest key, number) · `g` summaries of 32 blocks · `k` known ids of a source · `s` sources ·
//! `x` side records of mentions · `y` stories · `z` snoozes by due time · `r` read marks · `p` people · `q` mutes · `t` what is to be told ·
//! `a` snoozes until a reply · `c` communities · `o` our accounts · `i` blocks to be filed again · `d` drafts · `f` what leaves, and which drafts are open · `n` notes · `l` log entries · `u` undo lines · `w` pending wipes · `e` segments · `m` the rest.

use crate::model::{Id, Key, MuteKey};

fn join(letter: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut k = Vec::with_capacity(1 + parts.iter().map(|p| p.len()).sum::<usize>());
    k.push(letter);
    for p in parts {
        k.extend_from_slice(p);
    }
    k
}

pub fn mute(k: &MuteKey) -> Vec<u8> {
    join(b'q', &[&[k.kind as u8], &k.hash.to_be_bytes()])
}

/// What a network told of one of its communities.
pub fn community(network: &str, name: &str) -> Vec<u8> {
    join(b'c', &[&crate::model::hash64(&["community", network, &name.to_lowercase()]).to_be_bytes()])
}

/// Who we are with an account.
pub fn standing(account: &str) -> Vec<u8> {
    join(b'o', &[account.as_bytes()])
}

/// A block that is to be filed again for searching.
pub fn stale(block: u32) -> Vec<u8> {
    join(b'i', &[&block.to_be_bytes()])
}

/// What an alert is to tell.
pub fn alert(name: &str) -> Vec<u8> {
    join(b't', &[name.as_bytes()])
}

pub fn block(max: Key, no: u32) -> Vec<u8> {
    join(b'b', &[&max.to_bytes(), &no.to_be_bytes()])
}

pub fn group(g: u32) -> Vec<u8> {
    join(b'g', &[&g.to_be_bytes()])
}

pub fn known(source: u32, chunk: u16) -> Vec<u8> {
    join(b'k', &[&source.to_be_bytes(), &chunk.to_be_bytes()])
}

pub fn source(no: u32) -> Vec<u8> {
    join(b's', &[&no.to_be_bytes()])
}

pub fn side(id: Id) -> Vec<u8> {
    join(b'x', &[&id.0.to_be_bytes()])
}

pub fn story(id: Id) -> Vec<u8> {
    join(b'y', &[&id.0.to_be_bytes()])
}

pub fn snooze(due_ms: i64, id: Id) -> Vec<u8> {
    join(b'z', &[&due_ms.max(0).to_be_bytes(), &id.0.to_be_bytes()])
}

pub fn awaits(id: Id) -> Vec<u8> {
    join(b'a', &[&id.0.to_be_bytes()])
}

pub fn read_marks(person: u64, group: u32) -> Vec<u8> {
    join(b'r', &[&person.to_be_bytes(), &group.to_be_bytes()])
}

pub fn person(id: Id) -> Vec<u8> {
    join(b'p', &[&id.0.to_be_bytes()])
}

pub fn draft(id: Id) -> Vec<u8> {
    join(b'd', &[&id.0.to_be_bytes()])
}

/// A draft that is on its way.
pub fn going(draft: Id) -> Vec<u8> {
    join(b'f', &[&[0], &draft.0.to_be_bytes()])
}

/// An open draft about a mention.
pub fn open(mention: Id, draft: Id) -> Vec<u8> {
    join(b'f', &[&[3], &mention.0.to_be_bytes(), &draft.0.to_be_bytes()])
}

/// When a draft was begun.
pub fn begun(draft: Id) -> Vec<u8> {
    join(b'f', &[&[2], &draft.0.to_be_bytes()])
}

/// How far a sending is.
pub fn sending(draft: Id) -> Vec<u8> {
    join(b'f', &[&[1], &draft.0.to_be_bytes()])
}

pub fn log(seq: u64) -> Vec<u8> {
    join(b'l', &[&seq.to_be_bytes()])
}

pub fn undo(person: u64, seq: u64) -> Vec<u8> {
    join(b'u', &[&person.to_be_bytes(), &seq.to_be_bytes()])
}

pub fn wipe(id: Id) -> Vec<u8> {
    join(b'w', &[&id.0.to_be_bytes()])
}

pub fn segment(no: u32) -> Vec<u8> {
    join(b'e', &[&no.to_be_bytes()])
}

pub fn meta(name: &str) -> Vec<u8> {
    join(b'm', &[name.as_bytes()])
}

pub fn note(id: Id) -> Vec<u8> {
    join(b'n', &[&id.0.to_be_bytes()])
}

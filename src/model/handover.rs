//! The hand-over: what is open, promised and waiting, person by person, as Markdown that reads well as plain text.

use super::{Draft, Item, Stage, Stamp, State};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Mentions of nobody that are listed; the rest is a number.
const NOBODYS: usize = 10;

/// Writes it of what is in the inbox or snoozed, newest first, and of all drafts.
#[must_use]
pub fn handover(items: &[Item], drafts: &[Draft], now: Stamp) -> String {
    let mut out = format!("# Hand-over, {}\n", now.local_minute());
    let mut by: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for i in items {
        by.entry(i.assignee.as_deref().unwrap_or("")).or_default().push(i);
    }
    for d in drafts.iter().filter(|d| d.is_open()) {
        by.entry(d.who.as_str()).or_default();
    }
    let nobodys = by.remove("").unwrap_or_default();
    for (who, theirs) in &by {
        let _ = write!(out, "\n## {who}\n\n");
        for i in theirs {
            line(&mut out, i, now);
        }
        let open = drafts.iter().filter(|d| d.who == *who && d.is_open());
        for d in open {
            let begin: String = d.text.lines().next().unwrap_or("").chars().take(60).collect();
            let stage = match &d.stage {
                Stage::Writing => String::new(),
                s => format!(" ({})", s.words()),
            };
            let _ = writeln!(out, "- draft about “{}”{stage}: {begin}", d.about);
        }
    }
    let waiting = |i: &&&Item| i.state == State::Snoozed;
    let (asleep, open): (Vec<&&Item>, Vec<&&Item>) =
        (nobodys.iter().filter(waiting).collect(), nobodys.iter().filter(|i| !waiting(i)).collect());
    let unread = open.iter().filter(|i| !i.read).count();
    let _ = write!(out, "\n## Nobody's: {} open, {unread} unread\n\n", open.len());
    open.iter().take(NOBODYS).for_each(|i| line(&mut out, i, now));
    if open.len() > NOBODYS {
        let _ = writeln!(out, "- and {} more", open.len() - NOBODYS);
    }
    if !asleep.is_empty() {
        let _ = write!(out, "\n## Waiting for a time\n\n");
        let mut asleep = asleep;
        asleep.sort_by_key(|i| i.snoozed_until);
        asleep.iter().for_each(|i| line(&mut out, i, now));
    }
    out
}

fn line(out: &mut String, i: &Item, now: Stamp) {
    let _ = write!(out, "- {}", i.mention.headline().replace('\n', " "));
    if let Some(t) = i.snoozed_until {
        let _ = write!(out, " · comes back {}", t.local_short(now));
    }
    if let Some((who, _, text)) = i.notes.last() {
        let _ = write!(out, " · {who}: {}", text.replace('\n', " "));
    }
    if !i.mention.url.is_empty() {
        let _ = write!(out, " · {}", i.mention.url);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;

    #[test]
    fn each_person_has_what_is_theirs_and_the_rest_is_counted() {
        let item = |n: u64, who: Option<&str>| {
            let mut i = Item { assignee: who.map(str::to_owned), ..Item::default() };
            i.mention.title = Text::ours("Tins");
            i.id = super::super::Id(n);
            i
        };
        let mut all: Vec<Item> = (0..13).map(|n| item(n, None)).collect();
        all.push(item(20, Some("bo")));
        all[0].state = State::Snoozed;
        all[0].snoozed_until = Some(Stamp(3_600_000));
        let drafts = [Draft { who: "ana".into(), text: Text::ours("Dear cat"), ..Draft::default() }];
        let said = handover(&all, &drafts, Stamp(0));
        assert!(said.contains("## ana\n\n- draft about “”: Dear cat"), "{said}");
        assert!(said.contains("## bo\n\n- Tins\n"), "{said}");
        assert!(said.contains("## Nobody's: 12 open, 12 unread"), "{said}");
        assert!(
            said.contains("- and 2 more") && said.contains("## Waiting for a time\n\n- Tins · comes back")
        );
    }
}

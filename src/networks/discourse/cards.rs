//! What a forum tells of itself: its categories, its people's number, its rules, and who we are in it.

use super::super::call::Fact;
use super::super::{Call, Spot, Told, Trouble};
use super::{DECLARED, community};
use crate::clean;
use crate::model::Text;
use crate::model::place::{Community, Standing};
use serde_json::Value;

pub fn site(at: &Spot<'_>, v: &Value) -> Told {
    let mut place = at.place.clone();
    let mut told = Told::default();
    for c in v["categories"].as_array().into_iter().flatten() {
        let (Some(id), Some(slug)) = (c["id"].as_i64(), c["slug"].as_str()) else { continue };
        place.set(&format!("cat:{id}"), slug.chars().take(100).collect::<String>());
        let here = Spot { place: &place, ..*at };
        let about = c["description_text"].as_str().or(c["description"].as_str()).unwrap_or("");
        told.facts.push(Fact::Community(Box::new(Community {
            network: DECLARED.name.into(),
            name: community(&here, Some(id)),
            title: clean::line(c["name"].as_str().unwrap_or(slug)),
            url: clean::url(&at.at(&format!("/c/{slug}/{id}")), None),
            about: clean::line(&clean::html(about, None).text),
            told_at: at.now,
            ..Community::default()
        })));
    }
    place.set("card", at.now.0.to_string());
    told.place = Some(place);
    told
}

pub fn about(at: &Spot<'_>, v: &Value) -> Told {
    let a = &v["about"];
    let users = ["user_count", "users_count"].iter().find_map(|k| a["stats"][*k].as_u64());
    let card = Community {
        network: DECLARED.name.into(),
        name: clean::host_of(at.server),
        title: clean::line(a["title"].as_str().unwrap_or("")),
        url: clean::url(at.server, None),
        about: clean::line(a["description"].as_str().unwrap_or("")),
        members: users.map(|n| (n, "members".to_owned())),
        told_at: at.now,
        ..Community::default()
    };
    Told { facts: vec![Fact::Community(Box::new(card))], ..Told::default() }
}

pub fn rules(at: &Spot<'_>, call: &super::super::Call, body: &[u8]) -> Told {
    let page = clean::html(&String::from_utf8_lossy(body), Some(at.server));
    let card = Community {
        network: DECLARED.name.into(),
        name: clean::host_of(at.server),
        title: page.title.clone(),
        url: clean::url(at.server, None),
        rules: page.text,
        rules_url: clean::url(&call.url, None),
        told_at: at.now,
        ..Community::default()
    };
    Told { facts: vec![Fact::Community(Box::new(card))], ..Told::default() }
}

pub fn standing(at: &Spot<'_>, v: &Value) -> Result<Told, Trouble> {
    let u = if v["current_user"].is_object() { &v["current_user"] } else { &v["user"] };
    let Some(name) = u["username"].as_str() else {
        return Err(Trouble::Garbled(Text::ours("the forum does not say who we are")));
    };
    let mut words = vec![format!("trust level {}", u["trust_level"].as_i64().unwrap_or(0))];
    let until = |k: &str| u[k].as_str().filter(|t| !t.is_empty());
    let mut wrong = false;
    for (k, w) in [("silenced_till", "silenced until"), ("suspended_till", "suspended until")] {
        if let Some(t) = until(k) {
            wrong = true;
            words.insert(0, format!("{w} {}", t.chars().take(10).collect::<String>()));
        }
    }
    for k in ["admin", "moderator"] {
        if u[k] == true {
            words.push(k.to_owned());
        }
    }
    let s = Standing {
        native: clean::line(name),
        handle: clean::line(&format!("@{name}")),
        words: clean::line(&words.join(" · ")),
        wrong,
        told_at: at.now,
        profile: u["bio_raw"].as_str().map(|t| clean::text(t).0),
        ..Standing::default()
    };
    // Who we are is told without our profile.
    let then = match v["current_user"].is_object() {
        true => vec![Call::get("profile", at.at(&format!("/u/{}.json", super::esc(name)))).extra()],
        false => Vec::new(),
    };
    Ok(Told { facts: vec![Fact::Standing(Box::new(s))], then, ..Told::default() })
}

//! Matrix as its specification and recorded answers have it: what is heard, and what is posted.

use super::super::testing::{Here, answer, files, keeps_the_contract, recorded};
use super::super::{Me, Value as V};
use super::*;

const ROOM: &str = "!a:hs.example";

fn here() -> Here {
    let mut h = Here::new(&Matrix);
    h.server = "https://hs.example".into();
    h.me = Some(Me { name: "acme".into(), native: "@acme:hs.example".into(), ..Me::default() });
    h
}

fn message(id: &str, body: &str) -> Value {
    json!({"type": "m.room.message", "event_id": id, "sender": "@ana:hs.example", "origin_server_ts": 1_789_999_000_000i64,
        "content": {"msgtype": "m.text", "body": body}})
}

fn batch(next: &str, events: Vec<Value>, limited: bool) -> Value {
    json!({"next_batch": next, "rooms": {"join": {ROOM: {
        "state": {"events": [
            {"type": "m.room.canonical_alias", "state_key": "", "content": {"alias": "#acme:hs.example"}},
            {"type": "m.room.member", "state_key": "@ana:hs.example", "content": {"displayname": "Ana"}}]},
        "timeline": {"events": events, "limited": limited, "prev_batch": "p1"},
        "summary": {"m.joined_member_count": 12}}}}})
}

fn hear(h: &mut Here, call: &Call, v: &Value) -> Told {
    let told = Matrix.hear(&h.spot(), call, &answer(200, v)).unwrap();
    if let Some(p) = &told.place {
        h.place = p.clone();
    }
    told
}

#[test]
fn the_contract_is_kept() {
    let mut h = here().option("directory", V::Texts(vec!["acme".into()]));
    let mut calls = Matrix.begin(&h.spot());
    calls.push(Matrix.stream(&h.spot()).unwrap().call);
    let todo = Todo { since: "s".into(), rooms: vec![(ROOM.into(), "p".into())], ..Todo::default() };
    calls.push(todo.call(&h.spot()).unwrap());
    todo.put(&mut h.place);
    calls.push(original(&h.spot(), ROOM, "$e"));
    keeps_the_contract(&h, &calls);
}

#[test]
fn every_recorded_answer_is_read() {
    let mut items = 0;
    let mut read = |name: &str, v: &Value| {
        let mut h = here();
        if name.contains("sync") {
            items += hear(&mut h, &Call::get("sync", ""), v).items.len();
        } else if name.contains("whoami.json") {
            assert!(!hear(&mut h, &Call::get("me", ""), v).facts.is_empty());
        } else if name.contains("room_messages") || name.contains("messages_back") {
            let todo = Todo { rooms: vec![(ROOM.into(), "p".into())], ..Todo::default() };
            todo.put(&mut h.place);
            items += hear(&mut h, &Call::get("missed", ""), v).items.len();
        }
    };
    for (name, v) in recorded("matrix") {
        read(&name, if v["response"].is_object() { &v["response"]["body"] } else { &v });
    }
    let h = here();
    for (name, bytes) in files("peers/samples/synapse").into_iter().filter(|(n, _)| n.ends_with(".json")) {
        let v: Value = serde_json::from_slice(&bytes).unwrap();
        read(&name, &v);
        let refused = |status| Matrix.refused(&answer(status, &v), h.now).unwrap();
        match name.as_str() {
            "whoami_401.json" => assert!(matches!(refused(401), Trouble::Expired(_))),
            "send_ratelimited_429.json" => assert!(matches!(refused(429), Trouble::Wait(778, _))),
            "send_forbidden.json" => assert!(matches!(refused(403), Trouble::Forbidden(_))),
            "login_403.json" => assert!(matches!(refused(403), Trouble::Login(_))),
            "login.json" => {
                let call = log_in("https://hs.example", &Keys::default());
                let (keys, _) = Matrix.opened(&Keys::default(), &call, &answer(200, &v)).unwrap();
                assert!(keys.get("token").is_some());
            }
            "sync_after_redact.json" => {
                let mut h = here();
                assert_eq!(hear(&mut h, &Call::get("sync", ""), &v).gone.len(), 1);
            }
            _ => {}
        }
    }
    if std::env::var_os("HEARKEN_SHARED").is_some() {
        assert!(items > 0, "{items}");
    }
}

#[test]
fn a_message_is_told_whole() {
    let mut h = here();
    let mut e = message("$1", "> <@bo:hs.example> what?\n> two\n\n@acme:hs.example help");
    e["content"]["m.relates_to"] = json!({"rel_type": "m.thread", "event_id": "$0", "is_falling_back": true,
        "m.in_reply_to": {"event_id": "$x"}});
    let told = hear(&mut h, &Call::get("sync", ""), &batch("n1", vec![e], false));
    let (i, c) = (&told.items[0], &told.facts[0]);
    let m = &i.mention;
    assert!(i.to_us, "it names us");
    assert_eq!((m.text.as_str(), m.community.as_str()), ("@acme:hs.example help", "#acme:hs.example"));
    assert_eq!((m.author.name.as_str(), m.parent.as_str()), ("Ana (@ana:hs.example)", "$0"));
    assert_eq!(m.thread.as_str(), "https://matrix.to/#/%21a%3Ahs.example/%240");
    assert!(matches!(c, Fact::Community(c) if c.members == Some((12, "members".into()))));
    assert_eq!(h.place.get("sync"), Some("n1"));
    let s = Matrix.stream(&h.spot()).unwrap();
    assert!(
        s.call.url.contains("timeout=30000")
            && s.call.url.ends_with("&since=n1")
            && s.call.patience_ms == 30_000
    );
}

#[test]
fn what_a_sync_left_out_is_read_before_the_next_one() {
    let mut h = here();
    hear(&mut h, &Call::get("sync", ""), &batch("n1", vec![], false));
    let told = hear(&mut h, &Call::get("sync", ""), &batch("n2", vec![message("$9", "new")], true));
    assert_eq!(h.place.get("sync"), Some("n2"));
    let call = told.then[0].clone();
    assert_eq!(Matrix.stream(&h.spot()).unwrap().call, call, "after a kill it goes on with that");
    assert!(
        call.url.contains("/rooms/%21a%3Ahs.example/messages?dir=b&limit=100&from=p1&to=n1"),
        "{}",
        call.url
    );
    // An empty page is not the end.
    let told = hear(&mut h, &call, &json!({"chunk": [], "end": "p2"}));
    let told = hear(&mut h, &told.then[0].clone(), &json!({"chunk": [message("$8", "missed")]}));
    assert_eq!((told.items.len(), h.place.get(TODO)), (1, None));
    assert!(Matrix.stream(&h.spot()).unwrap().call.url.ends_with("&since=n2"));
    // A room that goes on for ever does not stop the rest, and is said.
    let todo =
        Todo { since: "n2".into(), rooms: vec![(ROOM.into(), "p".into())], pages: PAGES, ..Todo::default() };
    todo.put(&mut h.place);
    let call = todo.call(&h.spot()).unwrap();
    let told = hear(&mut h, &call, &json!({"chunk": [], "end": "q"}));
    assert!(told.lost.is_some() && h.place.get(TODO).is_none());
    // One that is refused for good is said and left; one that is at fault is tried for an hour.
    todo.put(&mut h.place);
    h.place.set("sync_at", h.now.0.to_string());
    let refused = Trouble::Refused(Text::ours("400"));
    assert!(Matrix.instead(&h.spot(), &call, &refused).unwrap().lost.is_some());
    let young = Todo { since_ms: h.now.0, rooms: vec![(ROOM.into(), "p".into())], ..Todo::default() };
    young.put(&mut h.place);
    assert_eq!(Matrix.instead(&h.spot(), &call, &Trouble::Fault(Text::ours("500"))), None);
    // A server that forgot where we were: it begins where it is, and that is said.
    let told = Matrix.instead(&h.spot(), &Call::get("sync", ""), &refused).unwrap();
    assert!(told.lost.is_some() && told.place.unwrap().get("sync").is_none());
}

#[test]
fn edits_and_redactions_are_followed_and_encrypted_rooms_are_said() {
    let mut h = here();
    let mut edit = message("$2", "* better");
    edit["content"]["m.relates_to"] = json!({"rel_type": "m.replace", "event_id": "$1"});
    edit["content"]["m.new_content"] = json!({"msgtype": "m.text", "body": "better"});
    let told = hear(&mut h, &Call::get("sync", ""), &batch("n1", vec![edit], false));
    assert!(told.items.is_empty() && told.then[0].url.ends_with("/event/%241"));
    let mut whole = message("$1", "bad");
    whole["content"]["m.relates_to"] = json!({"m.in_reply_to": {"event_id": "$0"}});
    whole["unsigned"] = json!({"m.relations": {"m.replace": {"sender": "@ana:hs.example",
        "content": {"m.new_content": {"msgtype": "m.text", "body": "better"}}}}});
    let told = hear(&mut h, &told.then[0].clone(), &whole);
    let m = &told.items[0].mention;
    assert_eq!(
        (told.items[0].identity, m.text.as_str(), m.parent.as_str()),
        (h.spot().id("$1"), "better", "$0")
    );
    // Somebody else's edit is none.
    whole["unsigned"]["m.relations"]["m.replace"]["sender"] = json!("@evil:hs.example");
    let told = hear(&mut h, &original(&here().spot(), ROOM, "$1"), &whole);
    assert_eq!(told.items[0].mention.text.as_str(), "bad");
    let gone = json!({"type": "m.room.redaction", "event_id": "$3", "sender": "@ana:hs.example", "content": {"redacts": "$1"}});
    assert_eq!(
        hear(&mut h, &Call::get("sync", ""), &batch("n2", vec![gone], false)).gone,
        [h.spot().id("$1")]
    );
    let shut = json!({"type": "m.room.encryption", "state_key": "", "event_id": "$4", "content": {"algorithm": "x"}});
    let told = hear(&mut h, &Call::get("sync", ""), &batch("n3", vec![shut], false));
    assert_eq!(told.limits[0].1.as_str(), "#acme:hs.example is encrypted and cannot be read");
    let told = hear(&mut h, &Call::get("sync", ""), &json!({"next_batch": "n4"}));
    assert_eq!(told.limits.len(), 1, "said as long as it is so");
}

#[test]
fn one_device_logs_in_and_its_tokens_are_renewed() {
    let keys = Matrix.keys_of("acme", "pw", true);
    let a = Matrix.session("https://hs.example", &keys, false).unwrap();
    let b = Matrix.session("https://hs.example", &keys, true).unwrap();
    assert_eq!(a.body, b.body, "the same device");
    let v = json!({"access_token": "t1", "refresh_token": "r1", "user_id": "@acme:hs.example"});
    let (keys, _) = Matrix.opened(&keys, &a, &answer(200, &v)).unwrap();
    let renew = Matrix.session("https://hs.example", &keys, true).unwrap();
    assert!(renew.url.ends_with("/refresh"));
    let no = answer(401, &json!({"errcode": "M_UNKNOWN_TOKEN", "error": "x"}));
    let (_, then) = Matrix.opened(&keys, &renew, &no).unwrap();
    assert!(then.unwrap().url.ends_with("/login"));
    let token = Matrix.keys_of("", "syt_x", false);
    assert_eq!(Matrix.session("https://hs.example", &token, true), None);
}

//! Letters as people and programs write them: identities, threads, private ones and lists, and ours in answer.

use super::super::testing::{Here, files};
use super::super::{Me, Value as V};
use super::*;
use crate::model::{Mention, TimeNote};

fn here() -> Here {
    let mut h = Here::new(&Mail);
    h.server = "imaps://mail.example".into();
    h.me = Some(Me { user: "support@acme.example".into(), ..Me::default() });
    h
}

fn one(raw: &str) -> Mention {
    let h = here();
    let mut all = letter::items(&h.spot(), raw.replace('\n', "\r\n").as_bytes());
    assert_eq!(all.len(), 1);
    all.remove(0).mention
}

#[test]
fn every_recorded_mail_is_read() {
    let h = here();
    let (mut n, mut dated, mut signed) = (0, 0, 0);
    for (name, bytes) in files("corpus/api/mail") {
        let mails: Vec<Vec<u8>> = if name.ends_with(".mbox") {
            of_mbox(&bytes).into_iter().map(|m| m.0).collect()
        } else if name.ends_with(".eml") {
            vec![bytes]
        } else {
            continue;
        };
        for raw in mails {
            for i in letter::items(&h.spot(), &raw) {
                assert!(!i.mention.native_id.is_empty(), "{name}");
                n += 1;
                dated += usize::from(i.mention.time_note == TimeNote::Given);
                signed += usize::from(!i.mention.author.native.is_empty());
            }
        }
    }
    if std::env::var_os("HEARKEN_SHARED").is_some() {
        assert!(n > 0 && dated * 2 > n && signed * 2 > n, "{n} {dated} {signed}");
    }
}

#[test]
fn a_mail_of_a_list_is_told_with_its_discussion_and_without_what_it_repeats() {
    let m = one(
        "From: Ana via users <users@lists.example>\nReply-To: Ana <ana@home.example>\nTo: users@lists.example\n\
        List-Id: Acme users <users.lists.example>\nList-Post: <mailto:users@lists.example>\nSubject: Re: =?utf-8?q?l=C3=A9aks?=\n\
        Message-ID: <3@home.example>\nIn-Reply-To: <2@x>\nReferences: <1@x> <2@x>\nDate: Mon, 21 Sep 2026 10:00:00 +0200\n\
        Archived-At: <https://lists.example/m/3>\nContent-Language: en-GB\n\
        \nMine too.\n\n> one\n> two\n> three\n\nThanks\n-- \nAna\nHome\n",
    );
    assert_eq!(m.text.as_str(), "Mine too.\n\n> one\n> [2 more lines quoted]\n\nThanks");
    assert_eq!((m.title.as_str(), m.community.as_str()), ("Re: l\u{e9}aks", "users.lists.example"));
    assert_eq!(
        (m.author.native.as_str(), m.author.name.as_str()),
        ("ana@home.example", "Ana <ana@home.example>")
    );
    assert_eq!((m.parent.as_str(), m.thread.as_str(), m.lang.as_str()), ("2@x", "mid:1@x", "en"));
    assert_eq!(
        (m.url.as_str(), m.visibility.as_deref()),
        ("https://lists.example/m/3", Some("list users@lists.example"))
    );
    let root =
        one("From: bo@x.example\nMessage-ID: <1@x>\nTo: <support+tins@acme.example>\nSubject: leak\n\nhi\n");
    assert_eq!(root.thread.as_str(), "mid:1@x", "it begins the discussion that the other belongs to");
    assert_eq!(
        (root.community.as_str(), root.visibility.as_deref()),
        ("support+tins@acme.example", Some("private"))
    );
}

#[test]
fn attachments_are_named_and_a_page_is_read_where_there_is_no_text() {
    let m = one(
        "From: ana@x.example\nMessage-ID: <5@x>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
        --b\nContent-Type: text/html\n\n<p>Acme <b>leaks</b></p><script>x</script>\n--b\nContent-Type: text/plain; name=log.txt\n\
        Content-Disposition: attachment; filename=log.txt\n\nsecret words\n--b--\n",
    );
    assert!(m.text.starts_with("Acme leaks\n[attached: log.txt, "), "{}", m.text);
    assert!(!m.text.contains("secret words"));
}

#[test]
fn alerts_are_unpacked_into_what_they_tell_of() {
    let html = "<a href=\"https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://blog.example/acme%3Fa%3D1&amp;ct=ga\"><b>Acme</b> leaks</a>\
        <div>Blog</div><div>Tins of <b>Acme</b> leak again.</div>\
        <a href=\"https://www.google.com/alerts/feedback?url=https://www.google.com/x\">Flag as irrelevant</a>";
    let raw = format!(
        "From: Google Alerts <googlealerts-noreply@google.com>\r\nMessage-ID: <9@google.com>\r\nDate: Mon, 21 Sep 2026 10:00:00 +0000\r\nContent-Type: text/html\r\n\r\n{html}\r\n"
    );
    let h = here();
    let all = letter::items(&h.spot(), raw.as_bytes());
    assert_eq!(all.len(), 1);
    let m = &all[0].mention;
    assert_eq!((m.title.as_str(), m.url.as_str()), ("Acme leaks", "https://blog.example/acme?a=1"));
    assert!(
        m.text.contains("Tins of Acme leak again.") && m.text.ends_with("[told by Google Alerts]"),
        "{}",
        m.text
    );
    // Anybody may write so; only the service's own mails are unpacked.
    let forged = raw.replace("googlealerts-noreply@google.com", "x@evil.example");
    assert_eq!(letter::items(&h.spot(), forged.as_bytes())[0].mention.kind, crate::model::Kind::Mail);
}

#[test]
fn an_mbox_is_cut_where_mails_begin() {
    let text =
        b"From a\nSubject: one\n\nbody\n>From here\n\nFrom b\nSubject: two\n\nx\n\nFrom c\nSubject: half";
    let all = of_mbox(text);
    let first = String::from_utf8(all[0].0.clone()).unwrap();
    assert!(first.contains("\nFrom here") && first.starts_with("Subject: one"));
    // The last one has no end yet: it is read when it has.
    assert_eq!((all.len(), all[1].1), (2, text.len() - b"From c\nSubject: half".len()));
    assert!(of_mbox(b"").is_empty() && of_mbox(b"no mail\n").is_empty());
}

#[test]
fn a_folder_is_opened_where_it_was_left() {
    let mut h = here().option("folder", V::Text("Lists/Acme ü".into()));
    let s = Mail.stream(&h.spot()).unwrap();
    assert_eq!(s.call.url, "imaps://mail.example/Lists%2FAcme%20%C3%BC");
    assert!(s.call.with.starts_with("0 0 ") && s.call.with.ends_with("-2026"), "{}", s.call.with);
    let raw = b"From: a@b.example\r\nMessage-ID: <1@b>\r\n\r\nhi\r\n";
    let told = Mail.frame(&h.spot(), Frame::Mail { raw, uid: 41, validity: 7 }).unwrap();
    h.place = told.place.unwrap();
    assert!(Mail.stream(&h.spot()).unwrap().call.with.starts_with("7 42 "));
    // A mail without any sense moves the place all the same.
    let told = Mail.frame(&h.spot(), Frame::Mail { raw: b"", uid: 42, validity: 7 }).unwrap();
    assert_eq!((told.items.len(), told.place.unwrap().get("uid")), (0, Some("7 43")));
}

//! Who may answer what: claims, approvals and roles, asked of a real engine by several people.

mod common;
use common::*;
use hearken::config::Config;
use hearken::door::{Door, Event, ListQuery, Refusal, Reply, Request, Terms, To};
use hearken::engine::{Caller, Engine, Here, Listen};
use hearken::model::{Draft, Id, Key, Role, Stage, State, Targets, Text, Verb};
use hearken::store::Asker;
use std::sync::Arc;

const CONFIG: &str = "[brand]\nname = 'Acme'\n\
    [roles]\ndraft = ['dee', 'di']\nsend = ['sam', 'sue']\nadmin = ['ana']\n\
    [community.'forum.example']\nclaim = 'required'\n\
    [community.'quiet.example']\nclaim = 'off'\n\
    [community.'strict.example']\napproval = 'everybody'\n\
    [community.'loose.example']\napproval = 'off'\n";

struct Office {
    engine: Arc<Engine>,
    _dir: Temp,
}

impl Office {
    async fn open() -> Office {
        let dir = Temp::new();
        let config = Config::parse(CONFIG, std::path::Path::new("config.toml")).unwrap();
        let own = Asker { who: "owner".into(), uid: 77_001 };
        let engine = Engine::start(config, &dir.path("data"), own, Listen::Never).unwrap();
        let office = Office { engine, _dir: dir };
        let line = |place: &str| {
            format!(
                "{{\"title\":\"Tins at {place}\",\"text\":\"x\",\"url\":\"https://{place}.example/1\",\
                 \"community\":\"{place}.example\",\"at\":\"{}\"}}",
                hearken::model::Stamp::now().rfc3339()
            )
        };
        let lines = ["blog", "forum", "quiet", "strict", "loose"].map(line).to_vec();
        let import =
            Request::Import { name: "t".into(), lines, first_line: 1, dry_run: false, restore: false };
        let Reply::Imported { new: 5, .. } = office.ask("ana", import).await else { panic!("not imported") };
        office
    }

    fn door(&self, who: &str) -> Here {
        let uid = 77_100 + who.bytes().map(u32::from).sum::<u32>();
        let asker = Asker { who: who.into(), uid };
        Here::of(self.engine.clone(), Caller { asker, groups: vec![], fixed: None })
    }

    async fn ask(&self, who: &str, r: Request) -> Reply {
        self.door(who).ask(r).await
    }

    async fn at(&self, place: &str) -> Key {
        let q = ListQuery::newest(&State::ALL, "", 10);
        let Reply::List { items, .. } = self.ask("ana", Request::List(q)).await else { panic!("no list") };
        items.iter().find(|i| i.mention.community.starts_with(place)).unwrap().key
    }

    async fn act(&self, who: &str, verb: Verb, targets: Targets) -> Result<u32, String> {
        match self.ask(who, Request::Act { verb, targets, quiet: false }).await {
            Reply::Applied(a) => Ok(a.changed),
            Reply::Refused(Refusal { text, .. }) => Err(text.into_string()),
            other => panic!("{other:?}"),
        }
    }

    async fn write(&self, who: &str, mention: Key, words: &str) -> Result<Id, String> {
        let text = Text::ours("");
        let text = if words.is_empty() { text } else { hearken::clean::draft(words) };
        match self.ask(who, Request::SaveDraft { mention, of: None, seen: None, text }).await {
            Reply::Saved { id, .. } => Ok(id),
            Reply::Refused(r) => Err(r.text.into_string()),
            other => panic!("{other:?}"),
        }
    }

    async fn draft(&self, who: &str, mention: Key) -> (Option<Draft>, Terms) {
        match self.ask(who, Request::Draft(mention.id)).await {
            Reply::Draft(d, t) => (d, *t),
            other => panic!("{other:?}"),
        }
    }
}

fn posted() -> Verb {
    Verb::Answered("https://blog.example/answer".into())
}

#[tokio::test]
async fn a_draft_role_answers_once_somebody_approved() {
    let o = Office::open().await;
    let key = o.at("blog").await;
    let on = Targets::Mentions(vec![key]);
    let id = o.write("dee", key, "Dear all").await.unwrap();
    let (_, terms) = o.draft("dee", key).await;
    assert_eq!(terms.approval.as_deref(), Some("sam, sue, ana"));
    let why = o.act("dee", posted(), on.clone()).await.unwrap_err();
    assert!(why.contains("has to be approved first, by sam, sue, ana"), "{why}");
    // Only its writer gives it away, only who may send looks at it, and nobody at their own.
    let drafts = Targets::Drafts(vec![id]);
    assert!(o.act("di", Verb::Submit, drafts.clone()).await.unwrap_err().contains("the draft of dee"));
    let mut events = o.door("sam").events();
    assert_eq!(o.act("dee", Verb::Submit, drafts.clone()).await, Ok(1));
    let told = loop {
        if let Event::Told { to, text, .. } = events.recv().await.unwrap() {
            break (to, text.into_string());
        }
    };
    assert_eq!(told.0, To::Role(Role::Send));
    assert!(told.1.contains("dee's answer to “Tins at blog” waits for approval"), "{}", told.1);
    let seen = o.draft("sam", key).await.1.rivals[0].clone();
    assert_eq!((seen.who.as_str(), seen.text.as_str()), ("dee", "Dear all"));
    let approve = Verb::Approve(seen.saved_at);
    assert!(o.act("di", approve.clone(), drafts.clone()).await.unwrap_err().contains("needs the role send"));
    assert_eq!(o.act("sam", approve, drafts).await, Ok(1));
    assert_eq!(o.draft("dee", key).await.0.unwrap().stage, Stage::Approved { by: "sam".into() });
    assert_eq!(o.act("dee", posted(), on).await, Ok(1));
}

#[tokio::test]
async fn where_everybody_is_looked_at_a_second_person_is_needed() {
    let o = Office::open().await;
    let key = o.at("strict").await;
    let on = Targets::Mentions(vec![key]);
    assert!(o.act("sue", posted(), on.clone()).await.unwrap_err().contains("has to be approved first"));
    // However the mention is named, and wherever it stands among others.
    let many: Vec<Key> = (0..600).map(|n| Key { time: n, id: Id(n + 1) }).chain([key]).collect();
    for targets in [Targets::Mentions(many), Targets::Rows(vec![key], vec![]), Targets::Story(key.id)] {
        assert!(o.act("sue", posted(), targets).await.is_err());
    }
    let id = o.write("sue", key, "Dear all").await.unwrap();
    o.act("sue", Verb::Submit, Targets::Drafts(vec![id])).await.unwrap();
    let saved_at = o.draft("sue", key).await.0.unwrap().saved_at;
    let own = o.act("sue", Verb::Approve(saved_at), Targets::Drafts(vec![id])).await.unwrap_err();
    assert!(own.contains("somebody else has to approve"), "{own}");
    // What is changed by its writer after it was approved has to be looked at again.
    o.act("sam", Verb::Approve(saved_at), Targets::Drafts(vec![id])).await.unwrap();
    o.write("sue", key, "Dear all!").await.unwrap();
    assert!(o.act("sue", posted(), on.clone()).await.is_err());
    // Elsewhere who may send sends.
    let key = o.at("blog").await;
    assert_eq!(o.act("sue", posted(), Targets::Mentions(vec![key])).await, Ok(1));
    // Where approval is off, the role draft alone posts nothing.
    let loose = o.at("loose").await;
    o.write("dee", loose, "Dear").await.unwrap();
    let why = o.act("dee", posted(), Targets::Mentions(vec![loose])).await.unwrap_err();
    assert!(why.contains("needs the role send"), "{why}");
}

#[tokio::test]
async fn claims_are_required_optional_or_off_by_community() {
    let o = Office::open().await;
    let key = o.at("forum").await;
    let on = Targets::Mentions(vec![key]);
    assert!(o.draft("sam", key).await.1.barred.unwrap().contains("nobody has claimed this"));
    assert!(o.write("sam", key, "Dear").await.unwrap_err().contains("wants a claim before an answer"));
    assert!(o.act("sam", posted(), on.clone()).await.unwrap_err().contains("wants a claim before an answer"));
    o.act("sam", Verb::Claim(None), on.clone()).await.unwrap();
    let begun = o.write("sam", key, "Dear").await.unwrap();
    assert!(o.write("sue", key, "Hello").await.unwrap_err().contains("sam has claimed this"));
    assert!(
        o.act("dee", Verb::Discard(true), Targets::Drafts(vec![begun]))
            .await
            .unwrap_err()
            .contains("role send")
    );
    // A take-over is said to whom it was taken from, and a claim in the dark takes nothing.
    assert_eq!(o.act("sue", Verb::Claim(None), on.clone()).await, Ok(0));
    let mut events = o.door("sam").events();
    assert_eq!(o.act("sue", Verb::Claim(Some("sam".into())), on).await, Ok(1));
    let told = loop {
        if let Event::Told { to, text, .. } = events.recv().await.unwrap() {
            break (to, text.into_string());
        }
    };
    assert_eq!(told, (To::Person("sam".into()), "sue took over “Tins at forum”".to_owned()));
    // What was begun is still kept, posting it is another matter.
    o.write("sam", key, "Dear all").await.unwrap();
    assert!(
        o.act("sam", posted(), Targets::Mentions(vec![key])).await.unwrap_err().contains("sue has claimed")
    );
    let quiet = Targets::Mentions(vec![o.at("quiet").await]);
    assert!(
        o.act("sam", Verb::Claim(None), quiet).await.unwrap_err().contains("claims are off at quiet.example")
    );
}

#[tokio::test]
async fn a_macro_is_one_step_and_all_of_it_or_none() {
    let o = Office::open().await;
    let (blog, quiet) = (o.at("blog").await, o.at("quiet").await);
    let many = |verbs: Vec<Verb>, keys: &[Key]| Request::ActMany {
        verbs,
        targets: Targets::Mentions(keys.to_vec()),
    };
    let bug = Verb::Tag { tag: "bug".into(), on: true };
    let steps = vec![bug.clone(), Verb::Note("@sam look".into()), Verb::Done];
    let mut events = o.door("sam").events();
    let Reply::Applied(a) = o.ask("dee", many(steps, &[blog, quiet])).await else { panic!() };
    assert_eq!((a.verb.as_str(), a.changed), ("macro", 2));
    let told = loop {
        if let Event::Told { text, .. } = events.recv().await.unwrap() {
            break text.into_string();
        }
    };
    assert!(told.contains("dee calls you"), "{told}");
    let Reply::Items(items) = o.ask("dee", Request::Items(vec![blog.id])).await else { panic!() };
    assert_eq!((items[0].state, items[0].tags.len(), items[0].notes.len()), (State::Done, 1, 1));
    // One step back takes all of it back.
    assert!(matches!(o.ask("dee", Request::Undo).await, Reply::Applied(_)));
    let Reply::Items(items) = o.ask("dee", Request::Items(vec![blog.id, quiet.id])).await else { panic!() };
    assert!(items.iter().all(|i| i.state == State::Inbox && i.tags.is_empty() && i.notes.is_empty()));
    // Where one of its verbs may not be, none is done; what cannot be taken back is no step at all.
    for verbs in [vec![bug.clone(), Verb::Claim(None)], vec![bug.clone(), Verb::Wipe], vec![bug, posted()]] {
        let said = o.ask("ana", many(verbs.clone(), &[quiet])).await;
        assert!(matches!(said, Reply::Refused(_)), "{verbs:?}: {said:?}");
    }
    let Reply::Items(items) = o.ask("dee", Request::Items(vec![quiet.id])).await else { panic!() };
    assert!(items[0].tags.is_empty());
}

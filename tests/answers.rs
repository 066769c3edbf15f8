//! Who may answer what: claims, approvals and roles, asked of a real engine by several people.

mod common;
use common::publishers::{Book, Dice, matrix};
use common::*;
use hearken::config::Config;
use hearken::door::{Door, Event, ListQuery, Refusal, Reply, Request, Terms, To};
use hearken::engine::{Caller, Engine, Here, Listen};
use hearken::model::outgoing::{Class, Fate, Level, Outgoing, Preflight, SendAs};
use hearken::model::{Draft, Id, Key, Mention, Role, Stage, Stamp, State, Targets, Text, Verb, Writes};
use hearken::store::{Arrivals, Asker, Incoming, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const CONFIG: &str = "[brand]\nname = 'Acme'\n\
    [roles]\ndraft = ['dee', 'di']\nsend = ['sam', 'sue']\nadmin = ['ana']\n\
    [community.'forum.example']\nclaim = 'required'\n\
    [community.'quiet.example']\nclaim = 'off'\n\
    [community.'strict.example']\napproval = 'everybody'\n\
    [community.'loose.example']\napproval = 'off'\n";

struct Office {
    engine: Arc<Engine>,
    dir: Temp,
}

impl Office {
    async fn open() -> Office {
        let dir = Temp::new();
        let config = Config::parse(CONFIG, std::path::Path::new("config.toml")).unwrap();
        let own = Asker { who: "owner".into(), uid: 77_001 };
        let engine = Engine::start(config, &dir.path("data"), own, Listen::Never).unwrap();
        let office = Office { engine, dir };
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

    /// One that answers in a room of a chat, which keeps what was posted.
    async fn at_a_chat(more: &str) -> Office {
        let (dir, book) = (Temp::new(), Arc::new(Book::default()));
        book.well.store(true, Ordering::SeqCst);
        let port = matrix(book, Arc::new(Dice(AtomicU64::new(1))));
        dir.write("token", "us");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(dir.path("token"), mode).unwrap();
        let text = format!(
            "[brand]\nname = 'Acme'\n[roles]\ndraft = ['dee']\nsend = ['sam', 'sue']\n{more}\n[send.delay]\nmatrix = '0'\n\
             [account.us]\nnetwork = 'matrix'\nserver = 'http://127.0.0.1:{port}'\nuser = '@us:hs.example'\n\
             token_file = 'token'\n[[source]]\nid = 'm'\nnetwork = 'matrix'\nserver = 'http://127.0.0.1:{port}'\n\
             account = 'us'\nevery = '1d'\n"
        );
        dir.write("config.toml", &text);
        {
            let store = Store::open(&dir.path("data"), 16).unwrap();
            let item = |i: u64| Incoming {
                identity: Id(i),
                mention: Mention {
                    source: "m".into(),
                    network: "matrix".into(),
                    community: hearken::clean::line("#tins:hs.example"),
                    native_id: hearken::clean::line(&format!("$e{i}")),
                    url: hearken::clean::url("https://matrix.to/#/%21a%3Ahs.example/%24e1", None),
                    text: hearken::clean::line("Which tins?"),
                    at: Stamp::now(),
                    heard_at: Stamp::now(),
                    ..Mention::default()
                },
                state: State::Inbox,
                link: 0,
                thread: 0,
                like: Default::default(),
            };
            store.ingest(vec![Arrivals::of("m", "matrix", "main", (1..4).map(item).collect())]).unwrap();
        }
        let config = Config::read(&dir.path("config.toml")).unwrap_or_else(|p| panic!("{p:?}"));
        let own = Asker { who: "owner".into(), uid: 77_001 };
        let engine = Engine::start(config, &dir.path("data"), own, Listen::Soon).unwrap();
        Office { engine, dir }
    }

    /// What stands open of sam's about a mention, as the preflight says of it.
    async fn look(&self, draft: Id, mention: Key, class: Option<Class>) -> Preflight {
        let how = Box::new(SendAs { class, ..SendAs::default() });
        match self.ask("sam", Request::Preflight { draft: Some(draft), mention: mention.id, how }).await {
            Reply::Preflight(p) => *p,
            other => panic!("{other:?}"),
        }
    }

    async fn saved_at(&self, draft: Id) -> Stamp {
        let Reply::Drafts(all) = self.ask("sam", Request::Drafts).await else { panic!() };
        all.iter().find(|d| d.id == draft).unwrap().saved_at
    }

    async fn send(&self, draft: Id, class: Option<Class>) -> Result<(), String> {
        self.send_at("sam", draft, class, None).await
    }

    async fn send_at(
        &self,
        who: &str,
        draft: Id,
        class: Option<Class>,
        at: Option<Stamp>,
    ) -> Result<(), String> {
        let saved_at = self.saved_at(draft).await;
        let how = SendAs { saved_at, reason: "a test".into(), class, at, ..SendAs::default() };
        let (verb, targets) = (Verb::Send(Box::new(how)), Targets::Drafts(vec![draft]));
        match self.ask(who, Request::Act { verb, targets, quiet: false }).await {
            Reply::LetGo { .. } => Ok(()),
            Reply::Refused(r) => Err(r.text.into_string()),
            other => panic!("{other:?}"),
        }
    }

    async fn sent(&self, draft: Id) -> Outgoing {
        let mut events = self.door("sam").events();
        loop {
            let Reply::Outbox(all) = self.ask("sam", Request::Outbox).await else { panic!() };
            if let Some(o) = all.into_iter().find(|o| o.draft == draft && o.fate == Some(Fate::Sent)) {
                return o;
            }
            while !matches!(events.recv().await.unwrap(), Event::DraftsChanged) {}
        }
    }

    async fn key(&self, id: u64) -> Key {
        let Reply::Items(items) = self.ask("sam", Request::Items(vec![Id(id)])).await else { panic!() };
        items[0].key
    }

    async fn approved(&self, who: &str, draft: Id) {
        assert_eq!(self.act(who, Verb::Submit, Targets::Drafts(vec![draft])).await, Ok(1));
        let saved_at = self.saved_at(draft).await;
        assert_eq!(self.act("sue", Verb::Approve(saved_at), Targets::Drafts(vec![draft])).await, Ok(1));
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
        match self
            .ask(who, Request::SaveDraft { mention, which: Writes::Own, seen: None, text, goes: None })
            .await
        {
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

impl Office {
    /// Other words for what was sent, in a draft of its own.
    async fn rewrite(&self, who: &str, key: Key, of: Id, words: &str) -> Id {
        let (which, text) = (Writes::Changing(of), hearken::clean::draft(words));
        match self.ask(who, Request::SaveDraft { mention: key, which, seen: None, text, goes: None }).await {
            Reply::Saved { id, .. } => id,
            other => panic!("{other:?}"),
        }
    }

    async fn change(&self, who: &str, draft: Id, of: Id) -> Result<(), String> {
        let saved_at = self.saved_at(draft).await;
        let how = SendAs { saved_at, changes: Some(of), reason: "a slip".into(), ..SendAs::default() };
        match self.ask(who, Request::Change { draft, how: Box::new(how) }).await {
            Reply::Applied(_) => Ok(()),
            Reply::Refused(r) => Err(r.text.into_string()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_change_of_what_was_sent_is_approved_as_an_answer_is() {
    let o = Office::at_a_chat("[answers]\napproval = 'everybody'").await;
    let key = o.key(1).await;
    let first = o.write("sam", key, "The round ones").await.unwrap();
    assert_eq!(o.look(first, key, None).await.approval.as_str(), "sue");
    assert!(o.send(first, None).await.unwrap_err().contains("has to be approved first, by sue"));
    o.approved("sam", first).await;
    o.send(first, None).await.unwrap();
    o.sent(first).await;

    let other = o.rewrite("sam", key, first, "The square ones").await;
    let why = o.change("sam", other, first).await.unwrap_err();
    assert!(why.contains("has to be approved first"), "{why}");
    // It is written on without a word of what it changes, and goes on changing it.
    o.write("sam", key, "The square ones!").await.unwrap();
    let (d, _) = o.draft("sam", key).await;
    assert_eq!(d.unwrap().changes, Some(first));
    o.approved("sam", other).await;
    let why = o.send(other, None).await.unwrap_err();
    assert!(why.contains("changes what was sent"), "it is no second answer: {why}");
    o.change("sam", other, first).await.unwrap();
    assert_eq!(o.sent(other).await.text.as_str(), "The square ones!");
    let (d, _) = o.draft("sam", key).await;
    assert!(d.is_none_or(|d| !d.is_open()), "nothing stands open");
    o.engine.stop();
}

#[tokio::test]
async fn who_may_only_draft_makes_an_approved_change_and_an_older_one_is_read_again() {
    let o = Office::at_a_chat("").await;
    let key = o.key(1).await;
    let first = o.write("dee", key, "The round ones").await.unwrap();
    o.approved("dee", first).await;
    o.send_at("dee", first, None, None).await.unwrap();
    o.sent(first).await;
    let other = o.rewrite("dee", key, first, "The square ones").await;
    let why = o.change("dee", other, first).await.unwrap_err();
    assert!(why.contains("sending needs the role send"), "{why}");
    // Somebody else rewrites the same, and somebody approves dee's before that is done.
    let theirs = o.rewrite("sam", key, first, "The oval ones").await;
    o.approved("dee", other).await;
    o.change("sam", theirs, first).await.unwrap();
    let why = o.change("dee", other, first).await.unwrap_err();
    assert!(why.contains("changed or deleted it meanwhile"), "{why}");
    let (d, _) = o.draft("dee", key).await;
    let d = d.unwrap();
    assert_eq!((d.changes, d.stage), (Some(theirs), Stage::Writing), "other words stand there now");
    o.approved("dee", other).await;
    o.change("dee", other, theirs).await.unwrap();
    assert_eq!(o.sent(other).await.text.as_str(), "The square ones");
    o.engine.stop();
}

#[tokio::test]
async fn promotion_that_is_too_much_already_needs_a_second_person() {
    let o = Office::at_a_chat("").await;
    let promo = Some(Class::Promotion);
    let level = |p: &Preflight| p.checks.iter().find(|c| c.name == "promo").unwrap().level;
    let key = o.key(1).await;
    let first = o.write("sam", key, "Look at ours").await.unwrap();
    let p = o.look(first, key, promo).await;
    assert_eq!((level(&p), p.approval.as_str()), (Level::Amber, ""), "the first one asks for a reason");
    o.send(first, promo).await.unwrap();
    o.sent(first).await;

    let key = o.key(2).await;
    let again = o.write("sam", key, "Look at ours again").await.unwrap();
    let p = o.look(again, key, promo).await;
    assert_eq!((level(&p), p.stops(), p.approval.as_str()), (Level::Red, false, "sue"));
    let why = o.send(again, promo).await.unwrap_err();
    assert!(why.contains("has to approve it"), "{why}");
    assert!(level(&o.look(again, key, Some(Class::Help)).await) == Level::Green, "its author corrects it");
    o.approved("sam", again).await;
    assert_eq!(level(&o.look(again, key, promo).await), Level::Amber);
    o.send(again, promo).await.unwrap();
    o.sent(again).await;
    // Other words for the first one are no promotion more.
    let key = o.key(1).await;
    let other = o.rewrite("sam", key, first, "Look at our own").await;
    let p = o.look(other, key, promo).await;
    assert!(p.promo.starts_with("promo 1/1 "), "{}", p.promo);
    o.engine.stop();
}

#[tokio::test]
async fn who_lost_the_role_meanwhile_sends_nothing_but_what_was_approved() {
    let o = Office::at_a_chat("").await;
    let at = Some(Stamp::now().plus(1_500));
    let draft = o.write("sam", o.key(1).await, "The round ones").await.unwrap();
    o.send_at("sam", draft, None, at).await.unwrap();
    let fine = o.write("sam", o.key(2).await, "The square ones").await.unwrap();
    o.approved("sam", fine).await;
    o.send_at("sam", fine, None, at).await.unwrap();
    let mut events = o.door("sam").events();
    let file = o.dir.path("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("['dee']", "['dee', 'sam']").replace("['sam', 'sue']", "['sue']");
    std::fs::write(&file, text).unwrap();
    o.engine.reload().unwrap();
    let told = loop {
        if let Event::Told { text, .. } = events.recv().await.unwrap()
            && text.starts_with("not sent")
        {
            break text;
        }
    };
    assert!(told.contains("sam has no role to send any more"), "{told}");
    assert_eq!(o.sent(fine).await.text.as_str(), "The square ones");
    o.engine.stop();
}

#[tokio::test]
async fn who_sees_it_and_when_it_goes_stay_with_a_draft() {
    use hearken::model::outgoing::Goes;
    let o = Office::at_a_chat("").await;
    let key = o.key(1).await;
    let at = Stamp::now().plus(3_600_000);
    let goes = Goes { account: "us".into(), visibility: "hidden".into(), at: Some(at) };
    let text = hearken::clean::draft("The round ones");
    let save = Request::SaveDraft {
        mention: key,
        which: Writes::Own,
        seen: None,
        text: text.clone(),
        goes: Some(goes.clone()),
    };
    let Reply::Saved { id, .. } = o.ask("sam", save).await else { panic!() };
    // Whoever says nothing of it leaves it; what is looked at holds it.
    o.write("sam", key, "The round ones!").await.unwrap();
    let (d, _) = o.draft("sam", key).await;
    assert_eq!(d.unwrap().goes, goes);
    let p = o.look(id, key, None).await;
    assert_eq!(p.visibility, "hidden");
    assert!(p.header.contains("goes "), "{}", p.header);
    o.send(id, None).await.unwrap();
    let Reply::Outbox(all) = o.ask("sam", Request::Outbox).await else { panic!() };
    assert_eq!((all[0].due, all[0].visibility.as_str()), (at, "hidden"));
    // Called back, it is as it was to go, whoever said so.
    assert_eq!(o.act("sam", Verb::Recall, Targets::Drafts(vec![id])).await, Ok(1));
    let (d, _) = o.draft("sam", key).await;
    assert_eq!(d.unwrap().goes.visibility, "hidden");
    // Nothing said is nothing to send.
    o.write("sam", key, "").await.unwrap();
    assert!(o.send(id, None).await.unwrap_err().contains("the draft is empty"));
    o.engine.stop();
}

#[tokio::test]
async fn what_has_left_is_no_step_of_undo() {
    let o = Office::at_a_chat("").await;
    let key = o.key(1).await;
    o.act("sam", Verb::Read(true), Targets::Mentions(vec![key])).await.unwrap();
    let draft = o.write("sam", key, "The round ones").await.unwrap();
    o.send(draft, None).await.unwrap();
    o.sent(draft).await;
    let Reply::Log(steps) = o.ask("sam", Request::UndoList(10)).await else { panic!() };
    assert!(steps.iter().all(|s| s.entry.verb != "send"), "{steps:?}");
    o.engine.stop();
}

//! Owns drafts, publishing and versions as operations: revisions, dates, overrides, the way back; and, in the rooms below, the
//! same by the API, the pages and the command line.

mod ways_in;

use assent::access::{Caller, Permission, Role};
use assent::drafts::{self, Draft};
use assent::error::Error;
use assent::notices::lint::{Override, Rule};
use assent::publishing::{self, Done, Source, Wish, publish_what_is_due};
use assent::state::App;
use assent::versions;
use assent_shared::PurposeId;

use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines};

both_engines!(
    a_draft_starts_from_the_newest_notice_and_keeps_what_is_incomplete,
    a_save_names_the_revision_that_it_was_made_from,
    a_draft_that_is_published_is_none_any_more,
    what_the_linter_refuses_needs_a_reason,
    a_plan_is_published_when_its_time_has_come,
    a_plan_that_cannot_be_published_is_kept_with_its_reason,
    an_old_version_comes_back_under_a_new_number,
    nobody_does_more_than_they_may,
);

pub(super) const HOUR: i64 = 3_600_000;

fn ann() -> Caller {
    caller(Role::Editor, "ann@example.org")
}

fn caller(role: Role, name: &str) -> Caller {
    let grant = assent::access::Grant { site: None, permissions: role.permissions().to_vec() };
    Caller::new(name.to_owned(), vec![grant])
}

fn app(server: &TestServer) -> &App {
    server.server().app()
}

/// The demo's notice, in other words where nobody needs to be asked again.
pub(super) fn reworded() -> String {
    let reworded = NOTICE.replace("[controller]\nname = \"", "[controller]\nname = \"The ");
    assert_ne!(reworded, NOTICE);
    reworded
}

/// The demo's notice, with a button that no linter lets pass.
pub(super) fn refused() -> String {
    let refused = NOTICE.replace("[texts.en]\n", "[texts.en]\nreject = \"No, I hate pottery\"\n");
    assert_ne!(refused, NOTICE);
    refused
}

fn wish(source: Source) -> Wish {
    Wish { source, material: vec![], overrides: vec![], note: None, at: None }
}

async fn newest(server: &TestServer) -> i64 {
    server.store().newest_notice(&server.shop).await.unwrap()
}

async fn a_draft_starts_from_the_newest_notice_and_keeps_what_is_incomplete(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (app, ann) = (app(&server), ann());
    let start = drafts::get(app, &ann, &server.shop).await.unwrap();
    assert_eq!((start.revision, &start.saved), (0, &None));
    assert_eq!(assent::notices::read(&start.text), assent::notices::read(NOTICE), "nothing of it is lost");

    let incomplete = "default_locale = \"en\"\ntexts.en = {}\npurposes = []\n";
    let saved = drafts::save(app, &ann, &server.shop, 0, incomplete).await.unwrap();
    let expected = Draft { revision: 1, text: incomplete.to_owned(), saved: Some((NOW, ann.name.clone())) };
    assert_eq!(saved, expected);
    assert_eq!(drafts::get(app, &ann, &server.shop).await.unwrap(), expected);
    let examined = drafts::lint(app, &ann, &server.shop).await.unwrap();
    assert!(examined.problem.unwrap().contains("`controller.name`"));

    let broken = drafts::save(app, &ann, &server.shop, 1, "default_local = 1").await;
    assert!(matches!(broken, Err(Error::InvalidNotice(reason)) if reason.contains("default_local")));
    let unpublished = publishing::publish(app, &ann, &server.shop, &wish(Source::Draft(1))).await;
    assert!(
        matches!(unpublished, Err(Error::InvalidNotice(reason)) if reason.contains("must be said first"))
    );

    // Another site has nothing to start from but what is true of all.
    let blog = "blog".parse().unwrap();
    server.add_site(&blog).await;
    let first = drafts::get(app, &ann, &blog).await.unwrap();
    assert!(first.text.contains("name = \"blog\"") && first.text.contains("assent_id"), "{}", first.text);
    server.finish().await;
}

async fn a_save_names_the_revision_that_it_was_made_from(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (app, ann, bob) = (app(&server), ann(), caller(Role::Admin, "bob@example.org"));
    let conflict = |result: Result<Draft, Error>, from: i64, now: i64| {
        let Err(Error::DraftConflict { made_from, revision }) = result else { panic!("{result:?}") };
        assert_eq!((made_from, revision), (from, now));
    };
    // Both begin at once: the second is told, and loses nothing, because nothing of theirs was taken.
    assert_eq!(drafts::save(app, &ann, &server.shop, 0, NOTICE).await.unwrap().revision, 1);
    conflict(drafts::save(app, &bob, &server.shop, 0, &reworded()).await, 0, 1);
    assert_eq!(drafts::save(app, &bob, &server.shop, 1, &reworded()).await.unwrap().revision, 2);
    conflict(drafts::save(app, &ann, &server.shop, 1, NOTICE).await, 1, 2);
    conflict(drafts::discard(app, &ann, &server.shop, 1).await, 1, 2);

    let none = drafts::discard(app, &ann, &server.shop, 2).await.unwrap();
    assert_eq!((none.revision, none.saved), (3, None), "a discarded draft's revision is never used again");
    conflict(drafts::save(app, &bob, &server.shop, 2, NOTICE).await, 2, 3);
    assert_eq!(drafts::save(app, &bob, &server.shop, 3, NOTICE).await.unwrap().revision, 4);

    // Of many at once, one is taken.
    let at_once = (0..8).map(|_| drafts::save(app, &ann, &server.shop, 4, NOTICE));
    let taken = futures_util::future::join_all(at_once).await;
    assert_eq!(taken.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(drafts::get(app, &ann, &server.shop).await.unwrap().revision, 5);
    server.finish().await;
}

async fn a_draft_that_is_published_is_none_any_more(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (app, ann) = (app(&server), ann());
    drafts::save(app, &ann, &server.shop, 0, &reworded()).await.unwrap();
    let stale = publishing::publish(app, &ann, &server.shop, &wish(Source::Draft(0))).await;
    assert!(matches!(stale, Err(Error::DraftConflict { made_from: 0, revision: 1 })));

    server.clock.advance(HOUR);
    let video: PurposeId = "video".parse().unwrap();
    let asked_again = Wish {
        material: vec![video.clone()],
        note: Some("Our full name.".to_owned()),
        ..wish(Source::Draft(1))
    };
    let done = publishing::publish(app, &ann, &server.shop, &asked_again).await.unwrap();
    assert_eq!(done, Done::Published(2));
    let draft = drafts::get(app, &ann, &server.shop).await.unwrap();
    assert_eq!((draft.revision, draft.saved), (2, None));
    let again = publishing::publish(app, &ann, &server.shop, &wish(Source::Draft(2))).await;
    assert!(matches!(again, Err(Error::InvalidNotice(_))), "there is no draft");
    let unchanged = publishing::publish(app, &ann, &server.shop, &wish(Source::Text(reworded()))).await;
    assert_eq!(unchanged.unwrap(), Done::Unchanged);

    let (listed, next) = versions::list(app, &ann, &server.shop, None, 50).await.unwrap();
    assert_eq!(next, None);
    let [second, first] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((second.number, second.published_at), (2, NOW + HOUR));
    assert_eq!(second.published_by.as_deref(), Some("ann@example.org"));
    assert_eq!(second.note.as_deref(), Some("Our full name."));
    assert_eq!((&second.asked_again, second.differences), (&vec![video], 1));
    assert_eq!(first.published_by.as_deref(), Some("command line"));
    assert_eq!(first.asked_again.len(), 2, "everything is new in the first");
    let (page, next) = versions::list(app, &ann, &server.shop, None, 1).await.unwrap();
    assert_eq!((page[0].number, next), (2, Some(2)));
    let (page, next) = versions::list(app, &ann, &server.shop, next, 1).await.unwrap();
    assert_eq!((page[0].number, next), (1, None));
    server.finish().await;
}

async fn what_the_linter_refuses_needs_a_reason(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (app, ann) = (app(&server), ann());
    let publish = async |overrides: Vec<Override>| {
        let wish = Wish { overrides, ..wish(Source::Text(refused())) };
        publishing::publish(app, &ann, &server.shop, &wish).await
    };
    let Err(Error::NoticeRefused(findings)) = publish(vec![]).await else { panic!("it is refused") };
    assert!(findings.iter().any(|finding| finding.rule == Rule::EmotionalSteering), "{findings:?}");
    let answers = |reason: &str| {
        let all = findings.iter();
        all.map(|one| Override { rule: one.rule, at: one.at.clone(), reason: reason.to_owned() }).collect()
    };
    assert!(
        matches!(publish(answers("because")).await, Err(Error::NoticeRefused(_))),
        "too short to be a reason"
    );
    assert_eq!(newest(&server).await, 1, "nothing was published");

    let reason = "Our visitors are potters, and laugh at this.";
    assert_eq!(publish(answers(reason)).await.unwrap(), Done::Published(2));
    let (listed, _) = versions::list(app, &ann, &server.shop, None, 1).await.unwrap();
    assert_eq!(listed[0].overrides, answers(reason), "the reasons are kept with the version");

    let needless =
        vec![Override { rule: Rule::NoReject, at: "texts.en.reject".to_owned(), reason: reason.to_owned() }];
    let wish = Wish { overrides: needless, ..wish(Source::Text(NOTICE.to_owned())) };
    let refused = publishing::publish(app, &ann, &server.shop, &wish).await;
    assert!(matches!(refused, Err(Error::NoticeRefused(_))), "no reason stands for nothing");
    server.finish().await;
}

async fn a_plan_is_published_when_its_time_has_come(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (app, ann) = (app(&server), ann());
    let planned = |at: i64| Wish {
        at: Some(at),
        material: vec!["analytics".parse().unwrap()],
        ..wish(Source::Draft(1))
    };
    drafts::save(app, &ann, &server.shop, 0, &reworded()).await.unwrap();
    let past = publishing::publish(app, &ann, &server.shop, &planned(NOW)).await;
    assert!(matches!(past, Err(Error::InvalidNotice(reason)) if reason.contains("is over")));
    let done = publishing::publish(app, &ann, &server.shop, &planned(NOW + HOUR)).await.unwrap();
    assert_eq!(done, Done::Scheduled(NOW + HOUR));

    let plan = publishing::plan(app, &ann, &server.shop).await.unwrap().unwrap();
    assert_eq!((plan.row.made_by.as_str(), plan.row.publish_at), ("ann@example.org", NOW + HOUR));
    assert_eq!(plan.asked_again, ["analytics".parse().unwrap()]);
    // It is announced to anybody, without its words.
    let page = server.get("/_assent/shop/notices").await.text().await.unwrap();
    assert!(page.contains("2026-11-21 01:00 UTC") && page.contains("Analytics"), "{page}");

    assert_eq!(publish_what_is_due(app).await.unwrap(), 0);
    server.clock.advance(HOUR);
    // Two servers look at once; one of them publishes.
    let (one, other) = tokio::join!(publish_what_is_due(app), publish_what_is_due(app));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    assert_eq!(newest(&server).await, 2);
    assert!(publishing::plan(app, &ann, &server.shop).await.unwrap().is_none());
    assert_eq!(
        drafts::get(app, &ann, &server.shop).await.unwrap().saved,
        None,
        "the draft has become the notice"
    );
    let (listed, _) = versions::list(app, &ann, &server.shop, None, 1).await.unwrap();
    assert_eq!(listed[0].published_by.as_deref(), Some("ann@example.org"));
    assert_eq!(listed[0].published_at, NOW + HOUR);

    // A plan can be taken back.
    let later = Wish { at: Some(NOW + 3 * HOUR), ..wish(Source::Text(NOTICE.to_owned())) };
    publishing::publish(app, &ann, &server.shop, &later).await.unwrap();
    publishing::cancel(app, &ann, &server.shop).await.unwrap();
    server.clock.advance(9 * HOUR);
    assert_eq!(publish_what_is_due(app).await.unwrap(), 0);
    assert!(matches!(publishing::cancel(app, &ann, &server.shop).await, Err(Error::NotFound)));
    assert_eq!(newest(&server).await, 2);
    server.finish().await;
}

async fn a_plan_that_cannot_be_published_is_kept_with_its_reason(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (app, ann) = (app(&server), ann());
    let planned = Wish { at: Some(NOW + HOUR), ..wish(Source::Text(reworded())) };
    publishing::publish(app, &ann, &server.shop, &planned).await.unwrap();
    // Somebody publishes the same in the meantime.
    publishing::publish(app, &ann, &server.shop, &wish(Source::Text(reworded()))).await.unwrap();
    server.clock.advance(2 * HOUR);
    for _ in 0..2 {
        assert_eq!(publish_what_is_due(app).await.unwrap(), 0, "it is not tried for ever");
        let plan = publishing::plan(app, &ann, &server.shop).await.unwrap().unwrap();
        assert_eq!(plan.row.failed_at, Some(NOW + 2 * HOUR));
        assert!(plan.row.failure.unwrap().contains("says exactly this"));
    }
    let page = server.get("/_assent/shop/notices").await.text().await.unwrap();
    assert!(!page.contains("Planned"), "what failed is not announced");
    // Another plan takes its place.
    let next = Wish { at: Some(NOW + 3 * HOUR), ..wish(Source::Text(NOTICE.to_owned())) };
    publishing::publish(app, &ann, &server.shop, &next).await.unwrap();
    server.clock.advance(HOUR);
    assert_eq!(publish_what_is_due(app).await.unwrap(), 1);
    assert_eq!(newest(&server).await, 3);
    server.finish().await;
}

async fn an_old_version_comes_back_under_a_new_number(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (app, ann) = (app(&server), ann());
    publishing::publish(app, &ann, &server.shop, &wish(Source::Text(reworded()))).await.unwrap();
    let changes = versions::compare(app, &ann, &server.shop, 1, 2).await.unwrap();
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(change.at, "controller.name");
    assert_eq!(change.before.as_deref(), Some("Fernhill Ceramics"));
    assert_eq!(change.after.as_deref(), Some("The Fernhill Ceramics"));

    let draft = drafts::roll_back(app, &ann, &server.shop, 0, 1).await.unwrap();
    assert_eq!(newest(&server).await, 2, "going back publishes nothing by itself");
    let done =
        publishing::publish(app, &ann, &server.shop, &wish(Source::Draft(draft.revision))).await.unwrap();
    assert_eq!(done, Done::Published(3));
    assert!(versions::compare(app, &ann, &server.shop, 1, 3).await.unwrap().is_empty());
    assert!(matches!(drafts::roll_back(app, &ann, &server.shop, 2, 9).await, Err(Error::NotFound)));
    assert!(matches!(versions::compare(app, &ann, &server.shop, 1, 4).await, Err(Error::NotFound)));
    server.finish().await;
}

async fn nobody_does_more_than_they_may(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = app(&server);
    let shop = &server.shop;
    for role in [Role::Auditor, Role::Viewer] {
        let nobody = caller(role, "eve@example.org");
        let lacks = |result: Error, permission: Permission| {
            assert!(
                matches!(&result, Error::Forbidden(lacking) if *lacking == permission),
                "{role:?}: {result:?}"
            );
        };
        lacks(drafts::get(app, &nobody, shop).await.unwrap_err(), Permission::ReadNotices);
        lacks(drafts::save(app, &nobody, shop, 0, NOTICE).await.unwrap_err(), Permission::EditNotices);
        lacks(drafts::discard(app, &nobody, shop, 0).await.unwrap_err(), Permission::EditNotices);
        lacks(drafts::roll_back(app, &nobody, shop, 0, 1).await.unwrap_err(), Permission::EditNotices);
        let publish = publishing::publish(app, &nobody, shop, &wish(Source::Text(reworded()))).await;
        lacks(publish.unwrap_err(), Permission::PublishNotices);
        lacks(publishing::cancel(app, &nobody, shop).await.unwrap_err(), Permission::PublishNotices);
        lacks(versions::list(app, &nobody, shop, None, 1).await.unwrap_err(), Permission::ReadNotices);
    }
    let elsewhere =
        assent::access::Grant { site: Some("blog".parse().unwrap()), permissions: Permission::ALL.to_vec() };
    let stranger = Caller::new("mallory@example.org".to_owned(), vec![elsewhere]);
    assert!(
        matches!(drafts::get(app, &stranger, shop).await, Err(Error::NotFound)),
        "the site does not exist for them"
    );
    assert_eq!(newest(&server).await, 1);
    server.finish().await;
}

//! The audit log: who may read how much of it, that it proves itself, and that nothing happens which it cannot hold.

mod tampered;

use assent::access::{Caller, Grant, Permission, Role};
use assent::audit::{self, Action, AuditFormat, AuditQuery, Wanted};
use assent::config::Settings;
use assent::error::Error;
use assent::retention::erase_audit;
use assent::state::App;
use assent::store::Store;
use assent_shared::SiteId;
use assent_shared::bundle::{Failure, Report, Trust, verify};
use assent_shared::ledger::SignedCheckpoint;
use futures_util::TryStreamExt;
use serde_json::Value;

use crate::harness::{Engine, NOW, TestServer, both_engines};
use crate::ledger::raw;

both_engines!(
    entries_are_found_by_what_they_say_page_by_page,
    an_admin_of_one_site_reads_that_sites_entries,
    the_whole_log_proves_itself_and_a_selection_its_part,
    many_write_at_once_and_nothing_is_lost,
    what_is_too_old_is_blanked_under_a_tombstone,
    the_database_itself_refuses_every_change,
    a_shortened_log_stops_everything_until_the_operator_says_so,
    a_new_key_takes_over_and_both_sign,
    a_table_is_safe_to_open,
    the_page_shows_what_its_form_asks_for,
);

const DAY: i64 = 86_400_000;

/// What handlers reach of a running server.
pub(crate) fn app(server: &TestServer) -> App {
    App::new(server.store().clone(), server.clock.clone(), &Settings::default())
}

pub(crate) fn owner() -> Caller {
    let permissions = Role::Owner.permissions().to_vec();
    Caller::new("ann@example.org".to_owned(), vec![Grant { site: None, permissions }])
}

fn admin_of(site: &SiteId) -> Caller {
    let permissions = Role::Admin.permissions().to_vec();
    Caller::new("bob@example.org".to_owned(), vec![Grant { site: Some(site.clone()), permissions }])
}

/// Views of receipts, one a second, every other one at the shop.
async fn view(app: &App, server: &TestServer, count: usize) {
    for number in 0..count {
        let site = (number % 2 == 0).then_some(&server.shop);
        audit::record(app, &owner(), Action::ReceiptView, site, format!("receipt {number}")).await.unwrap();
        server.clock.advance(1000);
    }
}

pub(crate) async fn file(app: &App, caller: &Caller, wanted: Wanted) -> Vec<u8> {
    let chunks = audit::begin_export(app, caller, wanted).await.unwrap();
    chunks.try_collect::<Vec<_>>().await.unwrap().concat()
}

async fn check(app: &App, wanted: Wanted) -> Report {
    let file = file(app, &owner(), wanted).await;
    verify(file.as_slice(), &Trust::default()).unwrap_or_else(|failure| panic!("{failure}"))
}

/// What must hold of every test's log, if there is one.
pub(crate) async fn check_log(store: &Store, now: i64) {
    let Some(ledger) = store.audit_ledger().await.unwrap().filter(|ledger| ledger.leaves > 0) else { return };
    let signed = SignedCheckpoint::parse(ledger.checkpoint.as_ref().unwrap()).unwrap();
    let key = ledger.signing_key.as_ref().unwrap().parse().unwrap();
    let checkpoint = signed.verify(&key).unwrap();
    assert_eq!(i64::try_from(checkpoint.size).unwrap(), ledger.leaves);
    assert_eq!(store.audit_root(ledger.ledger, checkpoint.size).await.unwrap(), Some(checkpoint.root));
    let rows = store.audit_entries(&assent::store::AuditFilter::default(), None, 1).await.unwrap();
    assert!(rows.iter().all(|row| row.at <= now), "an entry of the future");
}

async fn entries_are_found_by_what_they_say_page_by_page(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = app(&server);
    view(&app, &server, 5).await;
    audit::record(&app, &Caller::command_line(), Action::ExportMake, Some(&server.shop), "csv")
        .await
        .unwrap();
    let find = async |query: AuditQuery| audit::list(&app, &owner(), &query).await.unwrap();
    let abouts = |page: &audit::Page| page.items.iter().map(|one| one.about.clone()).collect::<Vec<_>>();

    let action = Some("export.make".to_owned());
    let found = find(AuditQuery { action, ..AuditQuery::default() }).await;
    assert_eq!(abouts(&found), ["csv"]);
    assert_eq!(
        (found.items[0].actor.as_str(), found.items[0].site.as_deref()),
        ("command line", Some("shop"))
    );
    let found = find(AuditQuery { site: Some(server.shop.clone()), ..AuditQuery::default() }).await;
    assert_eq!(abouts(&found)[1..], ["csv", "receipt 4", "receipt 2", "receipt 0"], "newest first");
    assert_eq!(abouts(&found)[0], "site shop", "that somebody looks is an entry too");
    let (from, to) = (Some("2026-11-21T00:00:01Z".to_owned()), Some("2026-11-21T00:00:03Z".to_owned()));
    let found = find(AuditQuery { from, to, ..AuditQuery::default() }).await;
    assert_eq!(abouts(&found), ["receipt 2", "receipt 1"]);

    let action = Some("receipt.view".to_owned());
    let mut query = AuditQuery { action, limit: Some(2), ..AuditQuery::default() };
    let mut seen = Vec::new();
    loop {
        let page = find(query.clone()).await;
        assert!(page.items.len() <= 2);
        seen.extend(abouts(&page));
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    assert_eq!(seen, ["receipt 4", "receipt 3", "receipt 2", "receipt 1", "receipt 0"]);

    for after in ["", "x", "1", "1.", "1.-1", "01.2", "1.2.3", "0.1"] {
        let query = AuditQuery { after: Some(after.to_owned()), ..AuditQuery::default() };
        let refused = audit::list(&app, &owner(), &query).await;
        assert!(matches!(refused, Err(Error::InvalidQuery(_))), "{after}");
    }
    server.finish().await;
}

async fn an_admin_of_one_site_reads_that_sites_entries(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = app(&server);
    view(&app, &server, 4).await;
    let bob = admin_of(&server.shop);
    let page = audit::list(&app, &bob, &AuditQuery::default()).await.unwrap();
    let abouts: Vec<_> = page.items.iter().map(|entry| entry.about.as_str()).collect();
    assert_eq!(abouts, ["receipt 2", "receipt 0"]);
    assert_eq!(audit::names(&app, &bob).await.unwrap(), (vec![], vec![]), "others' names are not shown");

    let file = file(&app, &bob, Wanted::default()).await;
    let text = String::from_utf8(file.clone()).unwrap();
    assert!(!text.contains("receipt 1") && text.contains("receipt 2"));
    let report = verify(file.as_slice(), &Trust::default()).unwrap();
    assert_eq!((report.counts.entries, report.counts.withheld), (2, 4), "{report}");

    for role in [Role::Editor, Role::Auditor, Role::Viewer] {
        let permissions = role.permissions().to_vec();
        let other = Caller::new("eve".to_owned(), vec![Grant { site: None, permissions }]);
        for query in
            [AuditQuery::default(), AuditQuery { site: Some(server.shop.clone()), ..AuditQuery::default() }]
        {
            let refused = audit::list(&app, &other, &query).await;
            assert!(matches!(refused, Err(Error::Forbidden(Permission::ReadAudit))), "{role:?}");
        }
    }
    let elsewhere = admin_of(&"blog".parse().unwrap());
    let query = AuditQuery { site: Some(server.shop.clone()), ..AuditQuery::default() };
    assert!(matches!(audit::list(&app, &elsewhere, &query).await, Err(Error::NotFound)));
    server.finish().await;
}

async fn the_whole_log_proves_itself_and_a_selection_its_part(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = app(&server);
    // More than one line of hashes, and more than one page.
    view(&app, &server, 1100).await;
    let report = check(&app, Wanted::default()).await;
    assert_eq!((report.size, report.counts.entries, report.counts.withheld), (1101, 1101, 0));
    let said = report.to_string();
    assert!(
        said.starts_with(
            "Proven: 1,101 entries of the audit log of 2026-11-21, unchanged, complete and in order"
        ),
        "{said}"
    );
    assert!(said.contains("in the ledger assent.audit of 1,101 leaves"), "{said}");

    let query = AuditQuery { site: Some(server.shop.clone()), ..AuditQuery::default() };
    let part = check(&app, Wanted { query: query.clone(), ..Wanted::default() }).await;
    assert_eq!((part.size, part.counts.entries, part.counts.withheld), (1102, 551, 551));
    assert!(part.to_string().contains("that the selection is complete, only the whole log shows"), "{part}");

    // A checkpoint that somebody kept is held against a later file.
    let earlier = app.store.audit_ledger().await.unwrap().unwrap();
    let kept = SignedCheckpoint::parse(&earlier.checkpoint.unwrap()).unwrap();
    let key = earlier.signing_key.unwrap().parse().unwrap();
    view(&app, &server, 3).await;
    let trust = Trust { key: Some(key), checkpoint: Some(kept) };
    let later = file(&app, &owner(), Wanted::default()).await;
    let report = verify(later.as_slice(), &trust).unwrap();
    assert_eq!((report.saved, report.key_is_the_files), (Some(1102), false));
    server.finish().await;
}

async fn many_write_at_once_and_nothing_is_lost(engine: Engine) {
    let server = TestServer::start(engine).await;
    // Two processes: each has its own connections and its own key in memory.
    let sealer = assent::sealer::Sealer::new(assent::signing_keys::KeySource::File(
        server.folder().join("assent.key"),
    ));
    let other = Store::open(server.database_url(), sealer).await.unwrap();
    let apps = [app(&server), App::new(other, server.clock.clone(), &Settings::default())];
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..60 {
        let app = apps[number % 2].clone();
        tasks.spawn(async move {
            audit::record(&app, &owner(), Action::ReceiptView, None, format!("receipt {number}")).await
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    let report = check(&apps[0], Wanted::default()).await;
    assert_eq!(report.counts.entries, 61);
    let query = AuditQuery { limit: Some(500), ..AuditQuery::default() };
    let page = audit::list(&apps[1], &owner(), &query).await.unwrap();
    for number in 0..60 {
        let about = format!("receipt {number}");
        assert_eq!(page.items.iter().filter(|entry| entry.about == about).count(), 1, "{about}");
    }
    apps[1].store.close().await;
    server.finish().await;
}

async fn what_is_too_old_is_blanked_under_a_tombstone(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = app(&server);
    view(&app, &server, 6).await;
    server.clock.advance(10 * DAY);
    view(&app, &server, 2).await;
    let before = file(&app, &owner(), Wanted::default()).await;

    assert_eq!(erase_audit(&app, 0).await.unwrap(), 0, "0 keeps for ever");
    assert_eq!(erase_audit(&app, 30).await.unwrap(), 0);
    assert_eq!(erase_audit(&app, 5).await.unwrap(), 6);
    assert_eq!(erase_audit(&app, 5).await.unwrap(), 0);

    let blank = file(&app, &owner(), Wanted::default()).await;
    let text = String::from_utf8(blank.clone()).unwrap();
    assert!(!text.contains("receipt 3") && text.contains("\"erased\":"));
    let report = verify(blank.as_slice(), &Trust::default()).unwrap();
    let counts = &report.counts;
    assert_eq!((counts.erased, counts.tombstones, counts.entries), (6, 1, 4), "{report}");
    assert!(report.to_string().contains("6 erased by retention"), "{report}");
    // The file from before still proves what it has.
    assert!(verify(before.as_slice(), &Trust::default()).is_ok());
    let page = audit::list(&app, &owner(), &AuditQuery::default()).await.unwrap();
    assert_eq!(page.items.len(), 5);
    server.finish().await;
}

async fn the_database_itself_refuses_every_change(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = app(&server);
    view(&app, &server, 3).await;
    let mut attempts = vec![
        "update audit_entries set about = 'nothing' where leaf_index = 1",
        "update audit_entries set body = null, salt = null, actor = null, action = null, site = null, about = null",
        "update audit_entries set entry = ''",
        "delete from audit_entries where leaf_index = 2",
        "update audit_ledgers set leaves = 1",
        "update audit_ledgers set origin = 'elsewhere'",
        "delete from audit_ledgers",
    ];
    match engine {
        Engine::Sqlite => attempts
            .push("insert or replace into audit_entries (ledger, leaf_index, entry) values (1, 1, '{}')"),
        Engine::Postgres => {
            attempts.extend(["truncate audit_entries", "truncate audit_entries, audit_ledgers cascade"]);
        }
    }
    for sql in attempts {
        assert!(raw(server.store(), sql).await.is_err(), "{sql}");
    }
    assert_eq!(check(&app, Wanted::default()).await.counts.entries, 4);
    server.finish().await;
}

async fn a_shortened_log_stops_everything_until_the_operator_says_so(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    view(&app(&server), &server, 3).await;
    // What somebody else was given is longer than what the database has, as after an older copy was brought back.
    let ledger = server.store().audit_ledger().await.unwrap().unwrap();
    let signed = SignedCheckpoint::parse(&ledger.checkpoint.unwrap()).unwrap();
    let mut longer = signed.unverified().clone();
    longer.size += 5;
    let keys = assent::signing_keys::KeySource::File(server.folder().join("assent.key")).load().unwrap();
    let longer = longer.sign(&[&keys[0]]).note().to_owned();
    server
        .restart(|server| {
            let path = server.folder().join("assent.checkpoints");
            let mut notes: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(notes["_audit"], signed.note(), "the newest one is kept outside");
            notes["_audit"] = longer.clone().into();
            std::fs::write(&path, notes.to_string()).unwrap();
        })
        .await;

    let refused = audit::record(&app(&server), &owner(), Action::ReceiptView, None, "x").await;
    assert!(matches!(refused, Err(Error::AuditClosed(_))), "{refused:?}");
    // Nothing is shown; visitors do not notice.
    let shown = audit::list(&app(&server), &owner(), &AuditQuery::default()).await;
    assert!(matches!(shown, Err(Error::AuditClosed(_))));
    let taken = audit::begin_export(&app(&server), &owner(), Wanted::default()).await;
    assert!(matches!(taken.map(|_| ()), Err(Error::AuditClosed(_))));
    let (status, _) = server.post(&crate::harness::refusal(1)).await;
    assert!(status.is_success());
    let rows = server.store().audit_ledger().await.unwrap().unwrap();
    assert_eq!((rows.ledger, rows.leaves), (1, 3));

    let app = app(&server);
    app.store.resume_audit("assent.audit", longer_size(&longer), NOW).await.unwrap();
    audit::record(&app, &owner(), Action::ReceiptView, None, "after").await.unwrap();
    let report = check(&app, Wanted::default()).await;
    assert_eq!((report.origin.as_str(), report.size, report.counts.entries), ("assent.audit/2", 3, 2));
    let former = check(&app, Wanted { ledger: Some(1), ..Wanted::default() }).await;
    assert_eq!((former.origin.as_str(), former.counts.entries), ("assent.audit", 3));
    server.finish().await;
}

fn longer_size(note: &str) -> u64 {
    SignedCheckpoint::parse(note).unwrap().unverified().size
}

async fn a_new_key_takes_over_and_both_sign(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = app(&server);
    view(&app, &server, 2).await;
    let old = server.store().audit_ledger().await.unwrap().unwrap().signing_key.unwrap();
    server.store().sealer().add_key().unwrap();
    view(&app, &server, 2).await;
    let file = file(&app, &owner(), Wanted::default()).await;
    let key = old.parse().unwrap();
    let report = verify(file.as_slice(), &Trust { key: Some(key), checkpoint: None }).unwrap();
    assert_eq!((report.size, report.counts.entries), (6, 5), "the handover is a leaf too");
    assert_ne!(report.key.to_string(), old);
    let stranger = assent_shared::ledger::SigningKey::from_seed(&[7; 32]).public("assent.audit");
    let other = verify(file.as_slice(), &Trust { key: Some(stranger), checkpoint: None });
    assert!(matches!(other, Err(Failure::Broken(_))), "{other:?}");
    server.finish().await;
}

async fn a_table_is_safe_to_open(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = app(&server);
    audit::record(&app, &owner(), Action::ReceiptView, Some(&server.shop), "=1+1, \"x\"").await.unwrap();
    let wanted = Wanted { format: AuditFormat::Csv, ..Wanted::default() };
    let text = String::from_utf8(file(&app, &owner(), wanted).await).unwrap();
    assert_eq!(
        text,
        "entry,at,actor,action,site,about\r\n\
         1.0,2026-11-21T00:00:00.000Z,ann@example.org,receipt.view,shop,\"'=1+1, \"\"x\"\"\"\r\n\
         1.1,2026-11-21T00:00:00.000Z,ann@example.org,audit.export,,everything\r\n"
    );
    server.finish().await;
}

async fn the_page_shows_what_its_form_asks_for(engine: Engine) {
    let server = TestServer::start(engine).await;
    let owner = server.owner().await;
    view(&app(&server), &server, 60).await;
    let all = owner.read("/admin/audit").await;
    assert!(all.contains("receipt 59") && !all.contains("receipt 5<"), "the newest fifty");
    assert!(all.contains("rel=\"next\""));
    let found = owner.read("/admin/audit?from=&to=&actor=&action=receipt.view&site=shop&after=").await;
    assert!(found.contains("receipt 58") && !found.contains("receipt 59"));
    assert!(owner.read("/admin/audit?action=nothing").await.contains("No entry is like that."));
    let refused = owner.open("/admin/audit?from=%3Cb%3Eyesterday").await;
    assert_eq!(refused.status().as_u16(), 422);
    let html = refused.text().await.unwrap();
    assert!(
        html.contains("is no time") && !html.contains("<b>yesterday"),
        "what was typed is shown again, as text"
    );

    let file = owner.open("/admin/audit/export?format=jsonl&action=receipt.view").await;
    assert_eq!(file.headers()["content-disposition"], "attachment; filename=\"assent-audit.jsonl\"");
    let report = verify(file.bytes().await.unwrap().as_ref(), &Trust::default()).unwrap();
    assert_eq!(report.counts.entries, 60);
    assert!(owner.read("/admin/data").await.contains("Shop"));

    for role in [Role::Editor, Role::Auditor, Role::Viewer] {
        let other = server.signed_in(role, None).await;
        for path in ["/admin/audit", "/admin/audit/export", "/admin/data", "/admin/audit?from=x"] {
            assert_eq!(other.open(path).await.status().as_u16(), 403, "{role:?} {path}");
        }
    }
    server.finish().await;
}

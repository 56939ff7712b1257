//! What is stored, as the server says it of itself: true of the settings and the database, and without what opens them.

use assent::access::{Caller, Grant, Role};
use assent::audit::AuditQuery;
use assent::data;
use assent::error::Error;
use assent::store::HoldRow;

use crate::audit::{app, owner};
use crate::harness::{Engine, NOW, TestServer, both_engines, refusal};

both_engines!(it_says_what_is_so, an_admin_of_one_site_reads_of_that_site);

async fn it_says_what_is_so(engine: Engine) {
    let server = TestServer::start(engine).await;
    server.post(&refusal(1)).await;
    server.store().set_retention(&server.shop, Some(90)).await.unwrap();
    let hold = HoldRow {
        hold_id: "h1".to_owned(),
        visitor: None,
        kind: "legal_hold".to_owned(),
        reason: "claim".to_owned(),
        made_by: "Ada".to_owned(),
        made_at: NOW,
        lifted_at: None,
    };
    server.store().add_hold(&server.shop, &hold).await.unwrap();
    let key = server.operator_key(None).await;
    let app = app(&server);
    let report = data::report(&app, &owner()).await.unwrap();
    let site = &report.sites[0];
    assert_eq!((site.name.as_str(), site.retention_days, site.holds, site.notices), ("Shop", Some(90), 1, 1));
    assert_eq!(site.leaves, 3, "the build, the notice and the receipt");
    let of = |name: &str| report.kinds.iter().find(|kind| kind.name == name).unwrap();
    assert_eq!(of("Receipts").until, ["Shop: 90 days after the decision"]);
    assert!(of("Receipts").seen_by.contains("owner, admin, auditor"), "{}", of("Receipts").seen_by);
    assert_eq!(of("Cookie assent").until, ["365 days from the decision"]);
    assert!(of("Audit log").until[0].starts_with("365 days"));
    assert_eq!(report.keys.len(), 1);

    let (json, text) = (serde_json::to_string(&report).unwrap(), data::as_text(&report));
    for told in [&json, &text] {
        assert!(!told.contains(&key), "a key is told");
        assert!(!told.contains("AAAAAAAAAAAAAAAAAAAAAA"), "a visitor's secret is told");
    }
    assert!(text.contains("## Never stored, never logged\n\n- IP addresses\n"), "{text}");
    // That it was asked for is in the log.
    let log = assent::audit::list(&app, &owner(), &AuditQuery::default()).await.unwrap();
    assert!(log.items.iter().any(|entry| entry.action == "data.view"));
    server.finish().await;
}

async fn an_admin_of_one_site_reads_of_that_site(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = app(&server);
    server.operator_key(None).await;
    let with = |role: Role, site: Option<&str>| {
        let site = site.map(|site| site.parse().unwrap());
        Caller::new("bob".to_owned(), vec![Grant { site, permissions: role.permissions().to_vec() }])
    };
    let report = data::report(&app, &with(Role::Admin, Some("shop"))).await.unwrap();
    assert_eq!((report.sites.len(), report.keys.len()), (1, 0), "a key for all sites is not theirs to know");
    for other in
        [with(Role::Admin, Some("blog")), with(Role::Auditor, None), with(Role::Viewer, Some("shop"))]
    {
        assert!(matches!(data::report(&app, &other).await, Err(Error::Forbidden(_))), "{other:?}");
    }
    server.finish().await;
}

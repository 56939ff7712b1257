//! Owns what a key opens: within its scopes, its site and its time, and never more than its maker may.

use assent::access::{Permission, Role};
use assent::store::{Environment, Site};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Engine, NOW, TestServer, both_engines};

both_engines!(
    a_key_opens_what_its_scopes_say,
    a_key_ends,
    a_key_may_no_more_than_its_maker,
    one_sites_admin_manages_one_sites_keys,
    a_key_is_shown_once_on_the_page,
    keys_from_before_could_what_they_can,
);

const DAY: i64 = 86_400_000;

async fn make(app: &TestServer, key: &str, wish: Value) -> (StatusCode, Value) {
    let answer = app.request(Method::POST, "/api/v1/keys").bearer_auth(key).json(&wish).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn a_key_opens_what_its_scopes_say(engine: Engine) {
    let app = TestServer::start(engine).await;
    let exports = app.key(&[Permission::ExportReceipts], Some(&app.shop)).await;
    assert_eq!(app.get_with_key(&exports, "/api/v1/sites/shop/export").await.status(), StatusCode::OK);
    let refused = app.get_with_key(&exports, "/api/v1/sites/shop/receipts").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(
        (&problem["code"], &problem["detail"]),
        (&json!("forbidden"), &json!("this needs the permission `read_receipts`"))
    );
    assert_eq!(app.get_with_key(&exports, "/api/v1/sites/blog/export").await.status(), StatusCode::NOT_FOUND);
    app.finish().await;
}

async fn a_key_ends(engine: Engine) {
    let app = TestServer::start(engine).await;
    let maker = app.key(Role::Admin.permissions(), None).await;
    let wish =
        json!({"label": "for a day", "site": "shop", "scopes": ["export_receipts"], "expires_at": NOW + DAY});
    let (status, made) = make(&app, &maker, wish.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let key = made["key"].as_str().unwrap();
    let id = made["key_id"].as_str().unwrap();
    let opens = async || app.get_with_key(key, "/api/v1/sites/shop/export").await.status();
    let view =
        async || app.get_with_key(&maker, &format!("/api/v1/keys/{id}")).await.json::<Value>().await.unwrap();
    assert_eq!(view().await["last_used_at"], Value::Null);
    assert_eq!(opens().await, StatusCode::OK);
    assert_eq!(view().await["last_used_at"], NOW);
    app.clock.advance(59_999);
    opens().await;
    assert_eq!(view().await["last_used_at"], NOW, "noted once a minute at most");
    app.clock.advance(1);
    opens().await;
    assert_eq!(view().await["last_used_at"], NOW + 60_000);
    app.clock.advance(DAY - 60_001);
    assert_eq!((opens().await, &view().await["works"]), (StatusCode::OK, &json!(true)));
    app.clock.advance(1);
    assert_eq!((opens().await, &view().await["works"]), (StatusCode::UNAUTHORIZED, &json!(false)));
    assert_eq!(make(&app, &maker, wish).await.0, StatusCode::UNPROCESSABLE_ENTITY, "its end is over");
    app.finish().await;
}

async fn a_key_may_no_more_than_its_maker(engine: Engine) {
    let app = TestServer::start(engine).await;
    let keys_only = app.key(&[Permission::ManageKeys], None).await;
    let wish = |scopes: Value, site: Value| json!({"label": "more", "scopes": scopes, "site": site});
    let (status, problem) = make(&app, &keys_only, wish(json!(["read_receipts"]), Value::Null)).await;
    assert_eq!(
        (status, &problem["detail"]),
        (StatusCode::FORBIDDEN, &json!("this needs the permission `read_receipts`"))
    );
    assert_eq!(
        make(&app, &keys_only, wish(json!(["manage_keys"]), Value::Null)).await.0,
        StatusCode::CREATED
    );
    let owner = app.key(&Permission::ALL, None).await;
    for (odd, said) in [
        (wish(json!([]), Value::Null), "at least one"),
        (wish(json!(["manage_operators"]), json!("shop")), "no single site"),
        (wish(json!(["read_audit"]), json!("nosuch")), "no site `nosuch`"),
        (json!({"label": " ", "scopes": ["read_audit"]}), "what the key is for"),
    ] {
        let (status, problem) = make(&app, &owner, odd).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(problem["detail"].as_str().unwrap().contains(said), "{problem}");
    }
    assert_eq!(
        make(&app, &owner, wish(json!(["fly"]), Value::Null)).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    app.finish().await;
}

async fn one_sites_admin_manages_one_sites_keys(engine: Engine) {
    let app = TestServer::start(engine).await;
    let blog = Site {
        id: "blog".parse().unwrap(),
        name: "Blog".to_owned(),
        environment: Environment::Production,
        origins: vec!["https://blog.example".to_owned()],
        share_subdomains: false,
    };
    app.store().add_site(&blog, NOW).await.unwrap();
    let admin = app.signed_in(Role::Admin, Some(&blog.id)).await;
    let for_all = app.key(&[Permission::ReadAudit], None).await;
    let for_shop = app.key(&[Permission::ReadReceipts], Some(&app.shop)).await;
    let for_blog = app.key(&[Permission::ReadReceipts], Some(&blog.id)).await;
    let id = |key: &str| key.split('_').nth(1).unwrap().to_owned();
    let list = admin.read("/admin/keys").await;
    assert!(
        list.contains(&id(&for_blog)) && !list.contains(&id(&for_shop)) && !list.contains(&id(&for_all)),
        "{list}"
    );
    for foreign in [&for_all, &for_shop] {
        let path = format!("/admin/keys/{}/revoke", id(foreign));
        assert_eq!(admin.open(&path).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(admin.send(&path, &[]).await.status(), StatusCode::NOT_FOUND);
    }
    assert!(!admin.read("/admin/keys/new").await.contains("All sites"));
    for (site, expected) in
        [("", StatusCode::FORBIDDEN), ("shop", StatusCode::NOT_FOUND), ("blog", StatusCode::OK)]
    {
        let fields = [("label", "x"), ("scope", "read_receipts"), ("site", site)];
        assert_eq!(admin.send("/admin/keys/new", &fields).await.status(), expected, "for `{site}`");
    }
    admin.sends(&format!("/admin/keys/{}/revoke", id(&for_blog)), &[]).await;
    let after = app.get_with_key(&for_blog, "/api/v1/sites/blog/receipts").await;
    assert_eq!(after.status(), StatusCode::UNAUTHORIZED);
    app.finish().await;
}

async fn a_key_is_shown_once_on_the_page(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let refused = owner
        .send("/admin/keys/new", &[("label", "nightly"), ("site", "shop"), ("expires_at", "soon")])
        .await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = refused.text().await.unwrap();
    assert!(html.contains("Write a day") && html.contains("value=\"nightly\""), "{html}");
    let fields =
        [("label", "nightly"), ("site", "shop"), ("scope", "export_receipts"), ("expires_at", "2026-12-31")];
    let made = owner.send("/admin/keys/new", &fields).await.text().await.unwrap();
    let key: String = made.split("<pre><code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(app.get_with_key(&key, "/api/v1/sites/shop/export").await.status(), StatusCode::OK);
    let list = owner.read("/admin/keys").await;
    assert!(
        !list.contains(&key) && list.contains("nightly") && list.contains("2026-12-31 00:00 UTC"),
        "{list}"
    );
    assert!(list.contains(&format!("by {}", owner.email)) && list.contains("2026-11-21 00:00 UTC"), "{list}");
    app.finish().await;
}

async fn keys_from_before_could_what_they_can(engine: Engine) {
    let app = TestServer::start(engine).await;
    let key = "assent_0123456789ab_from-before";
    app.add_key_from_before(&assent::keys::hash(key)).await;
    for path in ["export", "receipts"] {
        let path = format!("/api/v1/sites/shop/{path}");
        assert_eq!(app.get_with_key(key, &path).await.status(), StatusCode::OK, "{path}");
    }
    let beyond = app.get_with_key(key, "/api/v1/sites/shop/statistics").await;
    assert_eq!(beyond.status(), StatusCode::FORBIDDEN);
    app.finish().await;
}

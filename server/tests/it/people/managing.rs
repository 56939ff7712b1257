//! Owns what owners do with operators: on pages, over the API and on the command line; and the last owner, who stays.

use assent::access::{Permission, Role};
use assent::audit::Action;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::people::{Browser, PASSWORD, Person};
use crate::harness::{Engine, TestServer, both_engines};

both_engines!(
    an_owner_invites_and_changes_what_others_may,
    whoever_is_kept_out_is_out_at_once,
    a_reset_lets_somebody_in_anew,
    the_last_owner_stays,
    two_owners_cannot_remove_each_other,
    programs_do_the_same,
    everything_is_written_down,
);

/// The link that a page or an answer shows.
fn shown_link(app: &TestServer, text: &str) -> String {
    let home = app.url("/admin/welcome/");
    let token = text.split(&home).nth(1).expect("a link is shown");
    let token: String =
        token.chars().take_while(|sign| sign.is_ascii_alphanumeric() || "-_".contains(*sign)).collect();
    format!("/admin/welcome/{token}")
}

async fn an_owner_invites_and_changes_what_others_may(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let refused = owner.send("/admin/operators/new", &[("email", "ben@example.org")]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "without a role");
    let fields = [("email", "Ben@example.org"), ("role", "editor:shop"), ("role", "auditor:shop")];
    let made = owner.send("/admin/operators/new", &fields).await.text().await.unwrap();
    let again = owner.send("/admin/operators/new", &fields).await.text().await.unwrap();
    assert!(again.contains("There is an operator ben@example.org already."), "{again}");
    let browser = Browser::new(&app);
    Person::comes_in(&browser, &shown_link(&app, &made), "", app.clock.now()).await;
    let ben = app.store().operator_by_email("ben@example.org").await.unwrap().unwrap();
    let path = format!("/admin/operators/{}", ben.operator);
    assert!(owner.read("/admin/operators").await.contains("editor of shop, auditor of shop"));
    assert_eq!(browser.open("/admin/operators").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(browser.open("/admin/sites/shop").await.status(), StatusCode::OK);

    let to = owner.sends(&format!("{path}/roles"), &[("role", "viewer:")]).await;
    assert!(owner.read(&to).await.contains("What they may is changed"));
    let roles = app.store().roles_of(&ben.operator).await.unwrap();
    assert_eq!((roles.len(), roles[0].role, &roles[0].site), (1, Role::Viewer, &None));
    for odd in ["owner:shop", "viewer:nosuch"] {
        let answer = owner.send(&format!("{path}/roles"), &[("role", odd)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{odd}");
    }
    app.finish().await;
}

async fn whoever_is_kept_out_is_out_at_once(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let admin = app.signed_in(Role::Admin, None).await;
    let path = format!("/admin/operators/{}", admin.operator);
    assert!(owner.read(&format!("{path}/disable")).await.contains("Their sessions end at once"));
    assert_eq!(admin.open("/admin/keys").await.status(), StatusCode::OK, "asking does nothing");
    owner.sends(&format!("{path}/disable"), &[]).await;
    assert_eq!(admin.open("/admin/keys").await.status(), StatusCode::SEE_OTHER);
    let fields = [("email", admin.email.as_str()), ("password", PASSWORD)];
    let login = Browser::new(&app).send("/admin/login", &fields).await;
    assert_eq!(login.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let reset = owner.send(&format!("{path}/reset"), &[]).await;
    assert_eq!(reset.status(), StatusCode::CONFLICT, "no link for who is kept out");
    owner.sends(&format!("{path}/enable"), &[]).await;
    let login = Browser::new(&app).send("/admin/login", &fields).await;
    assert_eq!(login.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        admin.open("/admin/keys").await.status(),
        StatusCode::SEE_OTHER,
        "the old session does not come back"
    );
    app.finish().await;
}

async fn a_reset_lets_somebody_in_anew(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let admin = app.signed_in(Role::Admin, None).await;
    let shown =
        owner.send(&format!("/admin/operators/{}/reset", admin.operator), &[]).await.text().await.unwrap();
    let link = shown_link(&app, &shown);
    assert_eq!(
        admin.open("/admin/keys").await.status(),
        StatusCode::OK,
        "the old ways work until it is used"
    );
    let browser = Browser::new(&app);
    assert!(browser.read(&link).await.contains("Choose a new password"));
    let (secret, _) = Person::comes_in(&browser, &link, "", app.clock.now()).await;
    assert_ne!(secret, admin.secret);
    assert_eq!(browser.open("/admin/keys").await.status(), StatusCode::OK);
    assert_eq!(admin.open("/admin/keys").await.status(), StatusCode::SEE_OTHER);
    app.finish().await;
}

async fn the_last_owner_stays(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let path = format!("/admin/operators/{}", owner.operator);
    let out = owner.send(&format!("{path}/disable"), &[]).await;
    assert_eq!(out.status(), StatusCode::CONFLICT);
    assert!(out.text().await.unwrap().contains("This is the last owner"));
    let demoted = owner.send(&format!("{path}/roles"), &[("role", "admin:")]).await;
    assert_eq!(demoted.status(), StatusCode::UNPROCESSABLE_ENTITY);
    // Somebody who was invited and never came does not count.
    let invited = owner.send("/admin/operators/new", &[("email", "b@example.org"), ("role", "owner:")]).await;
    assert_eq!(invited.status(), StatusCode::OK);
    assert_eq!(owner.send(&format!("{path}/disable"), &[]).await.status(), StatusCode::CONFLICT);
    let other = app.owner().await;
    assert_eq!(
        owner.sends(&format!("{path}/roles"), &[("role", "viewer:")]).await,
        format!("{path}?done=roles")
    );
    assert_eq!(owner.open("/admin/operators").await.status(), StatusCode::FORBIDDEN, "at once");
    assert_eq!(other.open("/admin/operators").await.status(), StatusCode::OK);
    app.finish().await;
}

async fn two_owners_cannot_remove_each_other(engine: Engine) {
    let app = TestServer::start(engine).await;
    let (one, other) = (app.owner().await, app.owner().await);
    let store = app.store();
    let now = app.clock.now();
    let both = futures_util::future::join(
        store.disable_operator(&one.operator, now),
        store.disable_operator(&other.operator, now),
    );
    let (first, second) = both.await;
    let mut outcomes = [format!("{:?}", first.unwrap()), format!("{:?}", second.unwrap())];
    outcomes.sort();
    assert_eq!(outcomes, ["Done", "LastOwner"]);
    app.finish().await;
}

async fn programs_do_the_same(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let key = app.key(&[Permission::ManageOperators], None).await;
    let ask = async |method: Method, path: &str, body: Option<Value>| {
        let request = app.request(method, &format!("/api/v1/operators{path}")).bearer_auth(&key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap_or_default())
    };
    let wish = json!({"email": "ben@example.org", "roles": [{"role": "auditor", "site": "shop"}]});
    let (status, ben) = ask(Method::POST, "", Some(wish.clone())).await;
    assert_eq!((status, &ben["state"]), (StatusCode::CREATED, &json!("invited")), "{ben}");
    shown_link(&app, ben["link"].as_str().unwrap());
    assert_eq!(ask(Method::POST, "", Some(wish)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let path = format!("/{}", ben["operator"].as_str().unwrap());
    let (_, all) = ask(Method::GET, "", None).await;
    assert_eq!((all["items"].as_array().unwrap().len(), &all["next"]), (2, &Value::Null));
    let roles = json!({"roles": [{"role": "viewer"}]});
    let (status, changed) = ask(Method::PUT, &format!("{path}/roles"), Some(roles.clone())).await;
    assert_eq!((status, &changed["roles"]), (StatusCode::OK, &json!([{"role": "viewer", "site": null}])));
    assert!(ask(Method::POST, &format!("{path}/reset"), None).await.1["link"].is_string());
    assert_eq!(ask(Method::POST, &format!("{path}/disable"), None).await.1["state"], "disabled");
    assert_eq!(ask(Method::POST, &format!("{path}/reset"), None).await.0, StatusCode::CONFLICT);
    assert_eq!(ask(Method::POST, &format!("{path}/enable"), None).await.1["state"], "invited");
    let own = format!("/{}", owner.operator);
    let (status, problem) = ask(Method::PUT, &format!("{own}/roles"), Some(roles)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("conflict")));
    let (_, sessions) = ask(Method::GET, &format!("{own}/sessions"), None).await;
    assert_eq!(sessions["items"][0]["device"], "Firefox on Linux");
    assert_eq!(ask(Method::DELETE, &format!("{own}/sessions"), None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(owner.open("/admin/account").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(ask(Method::GET, "/nobody", None).await.0, StatusCode::NOT_FOUND);
    let admin = app.key(Role::Admin.permissions(), None).await;
    let answer = app.get_with_key(&admin, "/api/v1/operators").await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN, "operators are the owner's alone");
    app.finish().await;
}

async fn everything_is_written_down(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    owner.send("/admin/operators/new", &[("email", "ben@example.org"), ("role", "viewer:")]).await;
    owner.send("/admin/keys/new", &[("label", "nightly"), ("scope", "read_audit"), ("site", "")]).await;
    owner.sends("/admin/logout", &[]).await;
    let log = owner_reads_the_log(&app).await;
    for action in [Action::OperatorInvite, Action::OperatorArrive, Action::KeyMake, Action::Logout] {
        assert!(log.contains(action.name()), "{} is not in {log}", action.name());
    }
    assert!(log.contains(&owner.email) && log.contains("command line"), "{log}");
    assert!(!log.contains(&owner.secret) && !log.contains("/admin/welcome/"), "no secrets in {log}");
    app.finish().await;
}

async fn owner_reads_the_log(app: &TestServer) -> String {
    let key = app.key(&[Permission::ReadAudit], None).await;
    app.get_with_key(&key, "/api/v1/audit?limit=500").await.text().await.unwrap()
}

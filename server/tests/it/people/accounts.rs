//! Owns what operators do with their own account, and how sessions end.

use assent::access::Role;
use assent::operators::totp;
use reqwest::StatusCode;

use crate::harness::people::{Browser, PASSWORD, Person, typed_secret};
use crate::harness::{Engine, TestServer, both_engines};

both_engines!(
    sessions_end_by_themselves,
    sessions_are_listed_and_ended,
    a_new_password_ends_the_other_sessions,
    new_codes_replace_the_old_ones,
    a_name_is_changed,
);

const HOUR: i64 = 3_600_000;
const NEW: &str = "seven boats over dry sand";

async fn sign_in(app: &TestServer, person: &Person, password: &str, secret: &str) -> Option<Browser> {
    app.clock.advance(30_000);
    let browser = Browser::new(app);
    let fields = [("email", person.email.as_str()), ("password", password)];
    if browser.send("/admin/login", &fields).await.status() != StatusCode::SEE_OTHER {
        return None;
    }
    let code = totp::code(secret, app.clock.now()).unwrap();
    let answer = browser.send("/admin/login/code", &[("code", &code)]).await;
    (answer.status() == StatusCode::SEE_OTHER).then_some(browser)
}

async fn works(browser: &Browser) -> bool {
    browser.open("/admin/account").await.status() == StatusCode::OK
}

async fn sessions_end_by_themselves(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    app.clock.advance(8 * HOUR - 1);
    assert!(works(&owner.browser).await, "it was used within eight hours");
    app.clock.advance(8 * HOUR);
    assert!(!works(&owner.browser).await, "and then not");
    let again = sign_in(&app, &owner, PASSWORD, &owner.secret).await.unwrap();
    for _ in 0..20 {
        app.clock.advance(8 * HOUR - 1);
        assert!(works(&again).await);
    }
    app.clock.advance(8 * HOUR - 1);
    assert!(works(&again).await);
    app.clock.advance(21);
    assert!(!works(&again).await, "after seven days it ends anyhow");
    app.finish().await;
}

async fn sessions_are_listed_and_ended(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let second = sign_in(&app, &owner, PASSWORD, &owner.secret).await.unwrap();
    let third = sign_in(&app, &owner, PASSWORD, &owner.secret).await.unwrap();
    let page = owner.read("/admin/account").await;
    assert_eq!(page.matches("Firefox on Linux").count(), 3 + 2, "in three rows, and in two buttons' names");
    assert_eq!(page.matches("this one").count(), 1);
    let session =
        page.split("name=\"session\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(
        owner.sends("/admin/account/sessions/end", &[("session", &session)]).await,
        "/admin/account?done=session"
    );
    assert_eq!(usize::from(works(&second).await) + usize::from(works(&third).await), 1);

    // Another person's session is not theirs to end.
    let viewer = app.signed_in(Role::Viewer, None).await;
    let page = viewer.read("/admin/account").await;
    assert!(page.contains("You are</dt><dd>viewer of all sites"), "{page}");
    let strange = app.session_rows().await;
    let foreign = strange.iter().find(|(operator, _)| operator.as_deref() == Some(&owner.operator)).unwrap();
    viewer.sends("/admin/account/sessions/end", &[("session", &foreign.1)]).await;
    assert_eq!(app.session_rows().await.len(), strange.len());

    owner.sends("/admin/account/sessions/end", &[]).await;
    assert!(works(&owner.browser).await);
    assert!(!works(&second).await && !works(&third).await);
    assert!(works(&viewer.browser).await);
    app.finish().await;
}

async fn a_new_password_ends_the_other_sessions(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let other = sign_in(&app, &owner, PASSWORD, &owner.secret).await.unwrap();
    for (fields, said) in [
        ([("password", "wrong"), ("new_password", NEW), ("again", NEW)], "not your present password"),
        ([("password", PASSWORD), ("new_password", "short"), ("again", "short")], "at least 12"),
        ([("password", PASSWORD), ("new_password", NEW), ("again", "x")], "not the same"),
    ] {
        let answer = owner.send("/admin/account/password", &fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().await.unwrap().contains(said), "{said}");
    }
    assert!(works(&other).await);
    let fields = [("password", PASSWORD), ("new_password", NEW), ("again", NEW)];
    let to = owner.sends("/admin/account/password", &fields).await;
    assert!(owner.read(&to).await.contains("Your password is changed."));
    assert!(!works(&other).await, "the other session has ended");
    assert!(sign_in(&app, &owner, PASSWORD, &owner.secret).await.is_none(), "the old password is none");
    assert!(sign_in(&app, &owner, NEW, &owner.secret).await.is_some());
    app.finish().await;
}

async fn new_codes_replace_the_old_ones(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let page = owner.read("/admin/account/codes").await;
    let secret = typed_secret(&page);
    assert_eq!(
        typed_secret(&owner.read("/admin/account/codes").await),
        secret,
        "looking again changes nothing"
    );
    assert!(page.contains("<svg role=\"img\"") && page.contains("otpauth://totp/Assent"), "{page}");
    let old = totp::code(&owner.secret, app.clock.now()).unwrap();
    let new = totp::code(&secret, app.clock.now()).unwrap();
    for (password, code) in [(PASSWORD, old.as_str()), ("wrong", new.as_str())] {
        let answer = owner.send("/admin/account/codes", &[("password", password), ("code", code)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert!(sign_in(&app, &owner, PASSWORD, &owner.secret).await.is_some(), "nothing is changed yet");
    let new = totp::code(&secret, app.clock.now()).unwrap();
    let to = owner.sends("/admin/account/codes", &[("password", PASSWORD), ("code", &new)]).await;
    assert_eq!(to, "/admin/account?done=codes");
    assert!(sign_in(&app, &owner, PASSWORD, &owner.secret).await.is_none());
    assert!(sign_in(&app, &owner, PASSWORD, &secret).await.is_some());
    app.finish().await;
}

async fn a_name_is_changed(engine: Engine) {
    let app = TestServer::start(engine).await;
    let viewer = app.signed_in(Role::Viewer, Some(&app.shop)).await;
    viewer.sends("/admin/account/name", &[("name", " Bea  <b>Example</b> ")]).await;
    let page = viewer.read("/admin/account").await;
    assert!(page.contains("value=\"Bea &#60;b&#62;Example&#60;/b&#62;\""), "{page}");
    assert_eq!(
        viewer.send("/admin/account/name", &[("name", "")]).await.status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );
    app.finish().await;
}

//! Owns the way in: by the printed link, by password and code, and what is refused on it.

use assent::access::{Caller, Role};
use assent::operators::{self, links, totp};
use reqwest::StatusCode;

use crate::harness::people::{Browser, PASSWORD, Person, typed_secret};
use crate::harness::{Engine, TestServer, both_engines};

both_engines!(
    the_first_owner_comes_in_by_the_printed_link,
    a_link_works_once_and_for_a_day,
    a_link_that_was_only_looked_at_still_works,
    a_login_is_a_password_and_a_code,
    no_code_opens_twice,
    guessing_is_stopped,
    an_unknown_address_gets_the_same_answer,
    the_cookie_is_bound_to_its_host,
);

const HALF_A_MINUTE: i64 = 30_000;

async fn the_first_owner_comes_in_by_the_printed_link(engine: Engine) {
    let app = TestServer::start(engine).await;
    let link = links::first(app.server().app()).await.unwrap().expect("there is nobody yet");
    let browser = Browser::new(&app);
    let path = link.strip_prefix(&app.url("")).unwrap();
    assert!(browser.read(path).await.contains("Become the first owner"));
    let (_, to) = Person::comes_in(&browser, path, "Ann@Example.org", app.clock.now()).await;
    assert_eq!(to, "/admin");
    let operators = app.store().operators().await.unwrap();
    assert_eq!((operators.len(), operators[0].email.as_str()), (1, "ann@example.org"));
    assert_eq!(app.store().roles_of(&operators[0].operator).await.unwrap()[0].role, Role::Owner);
    assert!(browser.read("/admin/operators").await.contains("ann@example.org"));
    assert_eq!(browser.open("/admin/login?next=/admin/keys").await.headers()["location"], "/admin/keys");
    assert_eq!(links::first(app.server().app()).await.unwrap(), None, "the installation has an owner");
    assert_eq!(Browser::new(&app).open(path).await.status(), StatusCode::GONE, "the link is used up");
    app.finish().await;
}

async fn a_link_works_once_and_for_a_day(engine: Engine) {
    let app = TestServer::start(engine).await;
    let first = links::first(app.server().app()).await.unwrap().unwrap();
    let second = links::first(app.server().app()).await.unwrap().unwrap();
    let path = |link: &str| link.strip_prefix(&app.url("")).unwrap().to_owned();
    let browser = Browser::new(&app);
    assert_eq!(browser.open(&path(&first)).await.status(), StatusCode::GONE, "a newer one replaces it");
    // Two people with the same link: the slower one has come too late.
    let slower = Browser::new(&app);
    let fields = [("email", "ben@example.org"), ("name", "Ben"), ("password", PASSWORD), ("again", PASSWORD)];
    let code = slower.sends(&path(&second), &fields).await;
    let secret = typed_secret(&slower.read(&code).await);
    Person::comes_in(&browser, &path(&second), "ann@example.org", app.clock.now()).await;
    let late = [("code", totp::code(&secret, app.clock.now()).unwrap())];
    let late = late.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(slower.sends(&code, &late).await, path(&second));
    assert_eq!(slower.open(&path(&second)).await.status(), StatusCode::GONE);
    assert_eq!(app.store().operators().await.unwrap().len(), 1);

    let roles = vec![assent::store::RoleOn { role: Role::Viewer, site: None }];
    let caller = Caller::command_line();
    let invited = operators::invite(app.server().app(), &caller, "cas@example.org", roles);
    let (_, link) = invited.await.unwrap();
    app.clock.advance(24 * 3_600_000 - 1);
    assert_eq!(browser.open(&path(&link)).await.status(), StatusCode::OK);
    app.clock.advance(1);
    assert_eq!(browser.open(&path(&link)).await.status(), StatusCode::GONE);
    let tampered = format!("{}A", path(&link));
    assert_eq!(browser.open(&tampered).await.status(), StatusCode::GONE);
    app.finish().await;
}

async fn a_link_that_was_only_looked_at_still_works(engine: Engine) {
    let app = TestServer::start(engine).await;
    let link = links::first(app.server().app()).await.unwrap().unwrap();
    let path = link.strip_prefix(&app.url("")).unwrap();
    let browser = Browser::new(&app);
    for (fields, said) in [
        (
            [("email", "ann"), ("name", "Ann"), ("password", PASSWORD), ("again", PASSWORD)],
            "Write an e-mail address",
        ),
        (
            [("email", "ann@example.org"), ("name", " "), ("password", PASSWORD), ("again", PASSWORD)],
            "Write your name",
        ),
        (
            [("email", "ann@example.org"), ("name", "Ann"), ("password", "short"), ("again", "short")],
            "at least 12",
        ),
        (
            [
                ("email", "ann@example.org"),
                ("name", "Ann"),
                ("password", "password1234"),
                ("again", "password1234"),
            ],
            "easy to guess",
        ),
        (
            [("email", "ann@example.org"), ("name", "Ann"), ("password", PASSWORD), ("again", "another")],
            "not the same",
        ),
    ] {
        let answer = browser.send(path, &fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        let html = answer.text().await.unwrap();
        assert!(html.contains(said) && html.contains("aria-invalid=\"true\""), "{html}");
        assert!(!html.contains(PASSWORD), "a password is never sent back");
    }
    let good = [("email", "ann@example.org"), ("name", "Ann"), ("password", PASSWORD), ("again", PASSWORD)];
    let code = browser.sends(path, &good).await;
    let refused = browser.send(&code, &[("code", "000000")]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(app.store().operators().await.unwrap().is_empty(), "nothing is changed before the last step");
    assert_eq!(
        Browser::new(&app).open(&code).await.headers()["location"],
        path,
        "another browser begins anew"
    );
    Person::comes_in(&Browser::new(&app), path, "ann@example.org", app.clock.now()).await;
    app.finish().await;
}

/// What a person types to sign in again.
async fn sign_in(app: &TestServer, person: &Person) -> (Browser, String) {
    let browser = Browser::new(app);
    let fields = [("email", person.email.as_str()), ("password", PASSWORD), ("next", "/admin/keys")];
    let code_page = browser.sends("/admin/login", &fields).await;
    assert_eq!(code_page, "/admin/login/code?next=%2Fadmin%2Fkeys");
    let code = totp::code(&person.secret, app.clock.now()).unwrap();
    (browser, code)
}

async fn a_login_is_a_password_and_a_code(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let stranger = Browser::new(&app);
    let away = stranger.open("/admin/operators?done=roles").await;
    assert_eq!(away.status(), StatusCode::SEE_OTHER);
    assert_eq!(away.headers()["location"], "/admin/login?next=%2Fadmin%2Foperators%3Fdone%3Droles");
    assert_eq!(stranger.open("/admin/login/code").await.headers()["location"], "/admin/login?next=%2Fadmin");

    app.clock.advance(HALF_A_MINUTE);
    let (browser, code) = sign_in(&app, &owner).await;
    let half = browser.open("/admin/operators").await;
    assert_eq!(half.status(), StatusCode::SEE_OTHER, "a password alone opens nothing");
    let wrong = browser.send("/admin/login/code", &[("code", "12345"), ("next", "/admin/keys")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let typed = format!("{} {}", &code[..3], &code[3..]);
    let to = browser.sends("/admin/login/code", &[("code", &typed), ("next", "/admin/keys")]).await;
    assert_eq!(to, "/admin/keys");
    assert!(browser.read("/admin/operators").await.contains(&owner.email));
    let row = app.store().operator(&owner.operator).await.unwrap().unwrap();
    assert_eq!(row.signed_in_at, Some(app.clock.now()));

    // From here on the old session of the same person is another one.
    assert_eq!(browser.sends("/admin/logout", &[]).await, "/admin/login?done=out");
    assert_eq!(browser.open("/admin/operators").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(owner.open("/admin/operators").await.status(), StatusCode::OK);
    app.finish().await;
}

async fn no_code_opens_twice(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let (browser, code) = sign_in(&app, &owner).await;
    let replayed = browser.send("/admin/login/code", &[("code", &code)]).await;
    assert_eq!(replayed.status(), StatusCode::UNPROCESSABLE_ENTITY, "it was used to come in");
    app.clock.advance(HALF_A_MINUTE);
    let (one, code) = sign_in(&app, &owner).await;
    let (other, same) = sign_in(&app, &owner).await;
    assert_eq!(code, same);
    let fields = [("code", code.as_str())];
    let both = futures_util::future::join(
        one.send("/admin/login/code", &fields),
        other.send("/admin/login/code", &fields),
    );
    let (one, other) = both.await;
    let mut statuses = [one.status().as_u16(), other.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422], "of two at the same moment one is let in");
    app.finish().await;
}

async fn guessing_is_stopped(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    app.clock.advance(HALF_A_MINUTE);
    let (browser, code) = sign_in(&app, &owner).await;
    for _ in 0..4 {
        assert_eq!(
            browser.send("/admin/login/code", &[("code", "x")]).await.status(),
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    let fifth = browser.sends("/admin/login/code", &[("code", "x")]).await;
    assert_eq!(fifth, "/admin/login?next=%2Fadmin&done=codes");
    assert!(browser.read(&fifth).await.contains("Too many wrong codes"));
    let without = browser.sends("/admin/login/code", &[("code", &code)]).await;
    assert_eq!(without, "/admin/login?next=%2Fadmin", "the password is asked for again");

    let guess =
        async |email: &str| browser.send("/admin/login", &[("email", email), ("password", "wrong")]).await;
    let mut statuses = Vec::new();
    for _ in 0..11 {
        statuses.push(guess("nobody@example.org").await.status());
    }
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count(), 10);
    let stopped = guess("Nobody@Example.org").await;
    assert_eq!(stopped.status(), StatusCode::TOO_MANY_REQUESTS, "however it is written");
    let wait: u64 = stopped.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    assert_eq!(
        guess("somebody@example.org").await.status(),
        StatusCode::UNPROCESSABLE_ENTITY,
        "others are not"
    );
    app.finish().await;
}

async fn an_unknown_address_gets_the_same_answer(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let browser = Browser::new(&app);
    let mut answers = Vec::new();
    for email in [owner.email.as_str(), "nobody00@example.org"] {
        let answer = browser.send("/admin/login", &[("email", email), ("password", "wrong")]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.headers().get("set-cookie").is_none());
        answers.push(answer.text().await.unwrap().replace(email, "who"));
    }
    assert_eq!(answers[0], answers[1]);
    app.finish().await;
}

async fn the_cookie_is_bound_to_its_host(engine: Engine) {
    let mut app = TestServer::start(engine).await;
    let link = |app: &TestServer, link: String| {
        link.rsplit_once("/admin").map_or_else(|| app.url(""), |(_, path)| format!("/admin{path}"))
    };
    for (url, expected) in
        [(None, "assent_session="), (Some("https://consent.example"), "__Host-assent_session=")]
    {
        app.change_settings(|settings| settings.public_url = url.map(str::to_owned)).await;
        let first = links::first(app.server().app()).await.unwrap().unwrap();
        assert!(first.starts_with(url.unwrap_or("http://127.0.0.1:")), "{first}");
        let fields =
            [("email", "ann@example.org"), ("name", "Ann"), ("password", PASSWORD), ("again", PASSWORD)];
        let answer = Browser::new(&app).send(&link(&app, first), &fields).await;
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with(expected), "{cookie}");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(cookie.contains("; Secure"), url.is_some(), "{cookie}");
        assert!(!cookie.contains("Domain") && !cookie.contains("Max-Age"), "{cookie}");
        let id = cookie.split('=').nth(1).unwrap().split(';').next().unwrap();
        let stored = format!("{:?}", app.session_rows().await);
        assert!(!stored.contains(id), "the session's id is not stored");
    }
    app.finish().await;
}

//! Owns those who ask too much: of one address, under many, for others' records, with keys and passwords that they guess.
//! Refuses that anybody else notices.

use assent::operators::totp;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{LAST, statuses};
use crate::harness::people::{Browser, PASSWORD};
use crate::harness::{Engine, PAGE, TestServer, both_engines, id, refusal};

both_engines!(
    an_address_that_floods_is_told_to_wait,
    nobody_guesses_a_visitor,
    nobody_guesses_a_key,
    guessing_holds_up_nobody_elsewhere,
    the_next_connection_waits_for_its_place,
);

const FOR: &str = "x-forwarded-for";

/// A server behind a proxy, which the test is.
async fn behind_a_proxy(engine: Engine) -> TestServer {
    let mut server = TestServer::start(engine).await;
    server.change_settings(|settings| settings.trusted_proxies = vec!["127.0.0.0/8".to_owned()]).await;
    server
}

fn is_too_many(answer: &Response) -> bool {
    if answer.status() != StatusCode::TOO_MANY_REQUESTS {
        return false;
    }
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=301).contains(&wait), "{wait}");
    true
}

async fn an_address_that_floods_is_told_to_wait(engine: Engine) {
    let mut server = behind_a_proxy(engine).await;
    server.change_settings(|settings| settings.visitor_rate = 1).await;
    let tag = async |server: &TestServer, told: &str| {
        server.request(Method::GET, "/_assent/shop.js").header(FOR, told).send().await.unwrap()
    };
    let mut taken = 0;
    while !is_too_many(&tag(&server, "203.0.113.9").await) {
        taken += 1;
        assert!(taken < 100, "a rate of one a second lets sixty through at once");
    }
    assert!(taken >= 60, "{taken}");
    // Whatever else it asks, and whoever it says that it is.
    for told in ["198.51.100.1, 203.0.113.9", "127.0.0.1, 203.0.113.9:4711", "203.0.113.9, 127.0.0.9"] {
        assert!(is_too_many(&tag(&server, told).await), "{told}");
    }
    let visitor = |path: &str, method: Method| -> RequestBuilder {
        server.request(method, path).header(FOR, "203.0.113.9").header("origin", PAGE)
    };
    let decision = visitor("/_assent/shop/decisions", Method::POST).json(&refusal(1)).send().await.unwrap();
    assert!(is_too_many(&decision));
    assert_eq!(decision.headers()["access-control-allow-origin"], PAGE, "the widget can read it");
    assert_eq!(decision.headers()["access-control-expose-headers"], "retry-after");
    for (path, method) in [
        ("/_assent/shop/shown", Method::POST),
        ("/_assent/shop/choices", Method::GET),
        ("/_assent/shop/choices", Method::POST),
        ("/_assent/shop/me", Method::GET),
        ("/_assent/shop/me/erase", Method::POST),
    ] {
        assert!(is_too_many(&visitor(path, method).send().await.unwrap()), "{path}");
    }
    assert!(server.receipts().await.is_empty());
    // Others are let in, and so is whoever asks for something else than a visitor does.
    assert_eq!(tag(&server, "203.0.113.10").await.status(), StatusCode::OK);
    assert_eq!(tag(&server, "2001:db8::1").await.status(), StatusCode::OK);
    assert_eq!(server.get("/healthz").await.status(), StatusCode::OK);
    // Where nobody is named, nobody is counted but the site.
    for _ in 0..100 {
        assert_eq!(server.get("/_assent/shop.js").await.status(), StatusCode::OK);
    }
    server.change_settings(|settings| settings.site_rate = 1).await;
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(server.get("/_assent/shop.js").await);
    }
    assert!(answers.iter().any(is_too_many), "a site's ten at once are used up");
    server.finish().await;
}

async fn nobody_guesses_a_visitor(engine: Engine) {
    let server = TestServer::start(engine).await;
    assert_eq!(server.post(&refusal(1)).await.0, StatusCode::CREATED);
    for number in 0..60_u32 {
        // As close as a guess can be: the right secret is all A.
        let secret = format!("AAAAAAAAAAAAAAAAAA{number:03}A");
        for path in ["me", "me/receipts.json"] {
            let asked = server.request(Method::GET, &format!("/_assent/shop/{path}")).bearer_auth(&secret);
            let answer = asked.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "it is told from no other who has no records");
            let said = answer.text().await.unwrap();
            assert!(!said.contains(&id(1)) && !said.contains("class=\"record\""), "{said}");
        }
    }
    server.finish().await;
}

async fn nobody_guesses_a_key(engine: Engine) {
    let server = behind_a_proxy(engine).await;
    let key = server.operator_key(None).await;
    let ask = async |key: &str, from: &str| {
        let asked = server.request(Method::GET, "/api/v1/sites/shop/receipts").header(FOR, from);
        asked.bearer_auth(key).send().await.unwrap()
    };
    let mut taken = 0;
    for number in 0..40 {
        let near = format!("{}{number:02}", &key[..key.len() - 2]);
        let answer = ask(&near, "203.0.113.9").await;
        if is_too_many(&answer) {
            continue;
        }
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        taken += 1;
    }
    assert!((20..=35).contains(&taken), "{taken}");
    assert_eq!(ask(&key, "203.0.113.9").await.status(), StatusCode::OK, "a good key is never held up");
    assert_eq!(
        ask("no key", "203.0.113.10").await.status(),
        StatusCode::UNAUTHORIZED,
        "nor is another address"
    );
    server.finish().await;
}

async fn guessing_holds_up_nobody_elsewhere(engine: Engine) {
    let server = behind_a_proxy(engine).await;
    let owner = server.owner().await;
    let form = |email: &str, password: &str| {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("email", email), ("password", password)])
            .finish()
    };
    let sign_in = async |browser: &Browser, from: &str, password: &str| {
        let sent = browser.request(Method::POST, "/admin/login").header("sec-fetch-site", "same-origin");
        let sent = sent.header(FOR, from).header("content-type", "application/x-www-form-urlencoded");
        sent.body(form(&owner.email, password)).send().await.unwrap()
    };
    let code = async |browser: &Browser, from: &str| {
        server.clock.advance(30_000);
        let code = totp::code(&owner.secret, server.clock.now()).unwrap();
        let sent = browser.request(Method::POST, "/admin/login/code").header("sec-fetch-site", "same-origin");
        let sent = sent.header(FOR, from).header("content-type", "application/x-www-form-urlencoded");
        sent.body(format!("code={code}")).send().await.unwrap()
    };
    // The owner's own browser has signed in before.
    let (own, home) = (Browser::new(&server), "198.51.100.7");
    assert_eq!(sign_in(&own, home, PASSWORD).await.status(), StatusCode::SEE_OTHER);
    let known = code(&own, home).await;
    assert_eq!(known.headers()["location"], "/admin");
    let cookies: Vec<_> =
        known.headers().get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
    let mark =
        cookies.iter().find(|cookie| cookie.starts_with("assent_known=")).expect("the browser is marked");
    assert!(mark.contains("HttpOnly") && mark.contains("SameSite=Strict"), "{mark}");

    // One address guesses until it may not; another one of the same e-mail address is let in.
    let guesser = Browser::new(&server);
    let mut tries = 0;
    while !is_too_many(&sign_in(&guesser, "203.0.113.9", "wrong").await) {
        tries += 1;
        assert!(tries < 15, "ten at once from one address");
    }
    assert_eq!(tries, 10);
    assert_eq!(
        sign_in(&Browser::new(&server), "203.0.113.10", PASSWORD).await.status(),
        StatusCode::SEE_OTHER
    );
    // Many addresses guess: strangers wait now, wherever they are, and the owner does not.
    let mut number = 20;
    while !is_too_many(&sign_in(&guesser, &format!("203.0.113.{number}"), "wrong").await) {
        number += 1;
        assert!(number < 60, "thirty at once from all addresses together");
    }
    assert!(is_too_many(&sign_in(&Browser::new(&server), "192.0.2.1", PASSWORD).await));
    assert_eq!(sign_in(&own, home, PASSWORD).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(code(&own, home).await.headers()["location"], "/admin", "neither by password nor by code");
    // A made-up mark is none.
    let forged = guesser.request(Method::POST, "/admin/login").header("cookie", "assent_known=AAAA");
    let forged = forged.header("sec-fetch-site", "same-origin").header(FOR, "192.0.2.2");
    let forged = forged.header("content-type", "application/x-www-form-urlencoded");
    assert!(is_too_many(&forged.body(form(&owner.email, PASSWORD)).send().await.unwrap()));
    server.finish().await;
}

async fn the_next_connection_waits_for_its_place(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    server.change_settings(|settings| settings.max_connections = 3).await;
    let address = server.server().address();
    let mut idle = Vec::new();
    for _ in 0..3 {
        // An answer to each, so that it has its place.
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
        idle.push(stream);
    }
    let mut next = TcpStream::connect(address).await.unwrap();
    next.write_all(LAST.as_bytes()).await.unwrap();
    let mut said = String::new();
    let early = tokio::time::timeout(std::time::Duration::from_millis(200), next.read_u8()).await;
    assert!(early.is_err(), "it is not sent away, and not let in");
    drop(idle.pop());
    next.read_to_string(&mut said).await.unwrap();
    assert_eq!(statuses(&said), [200]);
    drop(idle);
    server.finish().await;
}

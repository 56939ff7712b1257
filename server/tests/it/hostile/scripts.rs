//! Owns texts that want to be scripts: in every field of a notice, in names, reasons and queries.
//! Refuses a page on which one of them is more than a text.

use assent::access::Permission;
use assent::notices;
use assent_shared::{Locale, VisitorSecret};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines, id, refusal, with};
use crate::strangers::found_by;

both_engines!(no_text_is_ever_a_script);

/// Leaves a text, an attribute in either quotes, a script and a template. `{purposes}` is what one of the texts must have.
const ODD: &str =
    "\"'></script></style><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}${7*7} {purposes}";

/// The same where a name has to be short.
const SHORT: &str = "\"'><script>alert(1)</script><img src=x>";

/// Puts the text wherever a notice takes it; says how often.
fn everywhere(whole: &mut toml::Value, path: &mut Vec<String>, taken: &mut usize) {
    let here = |whole: &toml::Value, path: &[String]| {
        path.iter().try_fold(whole.clone(), |value, key| match key.parse::<usize>() {
            Ok(number) if value.is_array() => value.get(number).cloned(),
            _ => value.get(key).cloned(),
        })
    };
    match here(whole, path).unwrap() {
        toml::Value::Table(table) => {
            for key in table.keys() {
                path.push(key.clone());
                everywhere(whole, path, taken);
                path.pop();
            }
        }
        toml::Value::Array(list) => {
            for number in 0..list.len() {
                path.push(number.to_string());
                everywhere(whole, path, taken);
                path.pop();
            }
        }
        toml::Value::String(before) => {
            for odd in
                [format!("javascript:alert(1)//{ODD}"), ODD.to_owned(), format!("https://shop.example/{ODD}")]
            {
                replace(whole, path, odd);
                if notices::read(&toml::to_string(whole).unwrap()).is_ok() {
                    *taken += 1;
                    return;
                }
                replace(whole, path, before.clone());
            }
        }
        _ => {}
    }
}

fn replace(whole: &mut toml::Value, path: &[String], text: String) {
    let mut at = whole;
    for key in path {
        at = match key.parse::<usize>() {
            Ok(number) if at.is_array() => at.get_mut(number).unwrap(),
            _ => at.get_mut(key).unwrap(),
        };
    }
    *at = toml::Value::String(text);
}

/// The demo's notice with the text in every place that takes one, all the banner's words among them.
fn notice() -> String {
    let mut whole: toml::Value = toml::from_str(NOTICE).unwrap();
    let english: Locale = "en".parse().unwrap();
    let words = serde_json::to_value(&assent::locales::built_in(&english).banner).unwrap();
    let texts = whole["texts"]["en"].as_table_mut().unwrap();
    for (key, word) in words.as_object().unwrap() {
        if let Some(word) = word.as_str() {
            texts.entry(key.clone()).or_insert_with(|| toml::Value::String(word.to_owned()));
        }
    }
    let mut taken = 0;
    everywhere(&mut whole, &mut Vec::new(), &mut taken);
    assert!(taken > 50, "{taken}");
    toml::to_string(&whole).unwrap()
}

/// Nothing of the text got out of its place.
async fn inert(what: &str, answer: Response) -> String {
    let kind = answer.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{what}");
    let (status, body) = (answer.status(), answer.text().await.unwrap());
    assert!(!status.is_server_error(), "{what}: {status} {body}");
    if kind.contains("html") {
        for odd in ["<script>alert", "<img src=x", "\"'>", "href=\"javascript:", "href=javascript:"] {
            let at = body.find(odd).map(|at| &body[at.saturating_sub(300)..body.len().min(at + 100)]);
            assert_eq!(at, None, "{what}");
        }
    }
    body
}

/// Puts the text wherever a text can be put.
async fn write_everywhere(server: &TestServer, key: &str, visitor: &str) {
    notices::publish(server.store(), &server.shop, &notice(), &["analytics".parse().unwrap()], NOW + 1)
        .await
        .unwrap();
    let before = server.post(&refusal(1)).await;
    let decided = server.post(&with(refusal(2), json!({ "notice": 2, "replaces": id(1) }))).await;
    assert_eq!((before.0.as_u16(), decided.0.as_u16()), (201, 201), "{before:?} {decided:?}");
    let tell = async |method: Method, path: &str, body: Value| {
        let answer = server.request(method.clone(), path).bearer_auth(key).json(&body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{method} {path}: {} {}",
            answer.status(),
            answer.text().await.unwrap()
        );
    };
    tell(Method::PATCH, "/api/v1/sites/shop", json!({ "name": SHORT })).await;
    tell(Method::POST, "/api/v1/keys", json!({ "label": SHORT, "scopes": ["read_statistics"] })).await;
    tell(
        Method::POST,
        "/api/v1/sites/shop/holds",
        json!({ "kind": "legal_hold", "visitor": visitor, "reason": ODD }),
    )
    .await;
}

async fn no_text_is_ever_a_script(engine: Engine) {
    let server = TestServer::start(engine).await;
    let secret = "AAAAAAAAAAAAAAAAAAAAAA";
    let visitor = secret.parse::<VisitorSecret>().unwrap().visitor_id(&server.shop);
    let key = server.key(&Permission::ALL, None).await;
    write_everywhere(&server, &key, &visitor.to_string()).await;
    for header in ["origin", "referer", "user-agent", "accept-language"] {
        let answer =
            server.request(Method::GET, "/_assent/shop.js").header(header, format!("https://x/{ODD}"));
        inert(header, answer.send().await.unwrap()).await;
    }

    let odd: String = url::form_urlencoded::byte_serialize(ODD.as_bytes()).collect();
    let mut seen = 0;
    for path in [
        "/_assent/shop.js",
        "/_assent/shop/choices",
        "/_assent/shop/cookies",
        "/_assent/shop/notices",
        "/_assent/shop/notices/1",
        "/_assent/shop/notices/2",
        "/_assent/shop/notices/2.json",
        "/_assent/shop/notices/2/en",
        "/_assent/shop/replay/2/en",
        "/_assent/shop/me",
        "/_assent/verify",
        "/admin/login",
        "/nothing",
    ] {
        for query in [
            String::new(),
            format!("?lang={odd}&back={odd}&next={odd}&done={odd}&granted={odd}&part={odd}"),
            "?back=javascript:alert(1)&next=javascript:alert(1)".to_owned(),
        ] {
            for host in ["127.0.0.1", "shop.example"] {
                let asked = server
                    .request(Method::GET, &format!("{path}{query}"))
                    .header("accept", "text/html")
                    .header("host", host);
                let asked =
                    asked.header("cookie", format!("assent_id={secret}; assent=2~1~analytics~; x={odd}"));
                let said = inert(&format!("{path}{query} {host}"), asked.send().await.unwrap()).await;
                seen += usize::from(said.contains("alert(1)"));
            }
        }
    }
    assert!(seen > 30, "the text is there, as a text: {seen}");

    let owner = server.owner().await;
    for (path, link) in found_by(&owner).await {
        inert(&path, owner.open(&link).await).await;
        let joined = if link.contains('?') { '&' } else { '?' };
        let asked = format!(
            "{link}{joined}done={odd}&visitor={odd}&from={odd}&to={odd}&who={odd}&action={odd}&locale={odd}&next={odd}&q={odd}&by={odd}"
        );
        inert(&asked, owner.open(&asked).await).await;
    }
    for (path, fields) in [
        ("/admin/login", vec![("email", ODD), ("password", ODD), ("next", ODD)]),
        (
            "/admin/sites/new",
            vec![("site", ODD), ("id", ODD), ("name", ODD), ("origins", ODD), ("origin", ODD)],
        ),
        ("/admin/sites/shop/settings", vec![("name", ODD), ("origins", ODD), ("environment", ODD)]),
        ("/admin/operators/new", vec![("email", ODD), ("role", ODD), ("site", ODD)]),
        ("/admin/keys/new", vec![("label", ""), ("scope", ODD), ("site", ODD), ("expires", ODD)]),
        ("/admin/account", vec![("name", ODD)]),
    ] {
        inert(path, owner.send(path, &fields).await).await;
    }
    for path in [
        "export",
        "export?format=json",
        "export?format=sql",
        "receipts",
        "statistics?by=day",
        "tag",
        "notices",
    ] {
        let answer = server.get_with_key(&key, &format!("/api/v1/sites/shop/{path}")).await;
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(!kind.contains("html"), "{path}: {kind}");
        inert(path, answer).await;
    }
    server.finish().await;
}

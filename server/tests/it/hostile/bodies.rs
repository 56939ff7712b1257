//! Owns bodies that are meant to hurt, and origins that are not what they say.
//! Refuses to record any of them.

use std::io::Write as _;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::unharmed;
use crate::harness::{Engine, PAGE, TestServer, both_engines, refusal, with};

both_engines!(a_body_is_json_of_its_size, a_body_is_not_unpacked, an_origin_is_the_whole_of_it);

const JSON: &str = "application/json";

async fn a_body_is_json_of_its_size(engine: Engine) {
    let server = TestServer::start(engine).await;
    let good = refusal(1).to_string();
    let field = |name: &str, raw: &str| {
        let text = with(refusal(1), json!({ name: "HERE" })).to_string();
        text.replace("\"HERE\"", raw).into_bytes()
    };
    let mut utf16: Vec<u8> = vec![0xff, 0xfe];
    utf16.extend(good.encode_utf16().flat_map(u16::to_le_bytes));
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("eight KiB of [", vec![b'['; 8 * 1024]),
        ("deep objects", "{\"a\":".repeat(1_600).into_bytes()),
        ("deep choices", field("choices", &format!("{}{}", "[".repeat(3_000), "]".repeat(3_000)))),
        ("one byte too many", format!("{good}{}", " ".repeat(8 * 1024)).into_bytes()),
        ("a MiB", vec![b' '; 1 << 20]),
        ("a field twice", good.replacen('{', "{\"notice\":1,", 1).into_bytes()),
        ("a choice twice", field("choices", r#"{"analytics":false,"video":false,"analytics":true}"#)),
        ("an unknown field", good.replacen('{', "{\"admin\":true,", 1).into_bytes()),
        ("a number beyond numbers", field("notice", "1e400")),
        ("a long number", field("decided_at", &"9".repeat(4_000))),
        ("a negative notice", field("notice", "-1")),
        ("a notice beyond 32 bits", field("notice", "4294967297")),
        ("a fraction", field("notice", "1.5")),
        ("a NUL", field("locale", "\"en\\u0000\"")),
        ("a raw NUL", field("locale", "\"en\0\"")),
        ("half a surrogate", field("locale", "\"\\ud800\"")),
        ("half a surrogate in an id", field("id", "\"\\udfff\"")),
        ("overlong UTF-8", [b"{\"id\":\"".as_slice(), &[0xc0, 0xaf], b"\"}"].concat()),
        ("UTF-16", utf16),
        ("a byte order mark", [[0xef, 0xbb, 0xbf].as_slice(), good.as_bytes()].concat()),
        ("something behind it", format!("{good}{good}").into_bytes()),
        ("a list around it", format!("[{good}]").into_bytes()),
        ("comments", good.replacen('{', "{/* */", 1).into_bytes()),
        ("NaN", field("decided_at", "NaN")),
        ("a line break in an id", field("id", "\"0192f3a4\\n5b6c\"")),
        ("a guessed visitor", field("visitor", "\"../../../etc/passwd\"")),
        ("a long visitor", field("visitor", &format!("\"{}\"", "A".repeat(5_000)))),
    ];
    for (what, body) in bodies {
        let (status, problem) = server.post_from(PAGE, body, JSON).await;
        let expected = [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::PAYLOAD_TOO_LARGE];
        assert!(expected.contains(&status), "{what}: {status} {problem}");
        assert!(problem["detail"].as_str().is_some_and(|said| said.len() < 1_000), "{what}: {problem}");
    }
    for content_type in [
        "",
        "text/plain",
        "application/json, text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let (status, _) = server.post_from(PAGE, good.clone().into_bytes(), content_type).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
    }
    unharmed(server).await;
}

async fn a_body_is_not_unpacked(engine: Engine) {
    let server = TestServer::start(engine).await;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b' '; 4 << 20]).unwrap();
    gzip.write_all(refusal(1).to_string().as_bytes()).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 8 * 1024, "it would fit, if it were unpacked: {}", bomb.len());
    for encoding in ["gzip", "GZIP", "br", "deflate", "zstd", "identity, gzip", "x"] {
        for path in [
            "/_assent/shop/decisions",
            "/_assent/shop/shown",
            "/_assent/shop/choices",
            "/admin/login",
            "/api/v1/sites",
        ] {
            let sent = server.request(Method::POST, path).header("origin", PAGE).header("content-type", JSON);
            let answer = sent.header("content-encoding", encoding).body(bomb.clone()).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{encoding} {path}");
        }
    }
    // Every address that takes a body, with one that is too large.
    let document: Value = server.get("/api/v1/openapi.json").await.json().await.unwrap();
    let key = server.key(&assent::access::Permission::ALL, None).await;
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{site}", "shop");
        for method in
            item.as_object().unwrap().keys().filter(|name| ["post", "put", "patch"].contains(&name.as_str()))
        {
            let method: Method = method.to_uppercase().parse().unwrap();
            let sent = server
                .request(method.clone(), &path)
                .bearer_auth(&key)
                .header("origin", PAGE)
                .header("content-type", JSON);
            // Who is refused before the body is read may lose the answer with the connection.
            if let Ok(answer) = sent.body(vec![b' '; 3 << 20]).send().await {
                // Erasing reads no body; a field would change nothing.
                let unread = path.ends_with("/me/erase");
                assert!(unread || answer.status().is_client_error(), "{method} {path}: {}", answer.status());
            }
            asked += 1;
        }
    }
    assert!(asked > 15, "{asked}");
    unharmed(server).await;
}

async fn an_origin_is_the_whole_of_it(engine: Engine) {
    let server = TestServer::start(engine).await;
    let good = refusal(1).to_string();
    for origin in [
        "null",
        "",
        "*",
        "https://evil.example",
        "http://shop.example",
        "https://shop.example/",
        "https://shop.example:443",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "https://evil.example/?https://shop.example",
        "https://shop.example@evil.example",
        "https://ann:secret@shop.example",
        "https://shop.example https://evil.example",
        "https://shop.example,https://evil.example",
        "HTTPS://SHOP.EXAMPLE",
        "https://SHOP.example",
        "https://shop.example.",
        "https://www.shop.example",
        "shop.example",
        "//shop.example",
        "https://shop%2eexample",
        "file://",
    ] {
        let (status, problem) = server.post_from(origin, good.clone().into_bytes(), JSON).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{origin:?}: {problem}");
    }
    let twice = server.request(Method::POST, "/_assent/shop/decisions").header("origin", PAGE);
    let twice = twice.header("origin", "https://evil.example").header("content-type", JSON).body(good);
    assert_eq!(twice.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    unharmed(server).await;
}

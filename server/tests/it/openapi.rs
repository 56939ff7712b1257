//! The interface for programs is what its document says: served to anybody, and held against the server by Schemathesis.

use std::process::{Command, Stdio};

use assent::access::Permission;
use reqwest::Method;
use serde_json::Value;

use crate::harness::{Engine, TestServer, both_engines, refusal};

both_engines!(the_document_is_for_everybody, what_the_document_names_is_there);

async fn the_document_is_for_everybody(engine: Engine) {
    let server = TestServer::start(engine).await;
    let answer = server.get("/api/v1/openapi.json").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    let document: Value = answer.json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let page = server.request(Method::GET, "/admin/api").header("accept", "text/html").send().await.unwrap();
    assert_eq!(page.status().as_u16(), 200);
    let html = page.text().await.unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(html.contains(&format!("<code>{path}</code>")), "{path} is on the page");
    }
    assert!(!html.contains("<script"), "the page needs none");
    server.finish().await;
}

/// Without a key every operator's address asks for one, so it is there, and it is closed.
async fn what_the_document_names_is_there(engine: Engine) {
    let server = TestServer::start(engine).await;
    let document: Value = server.get("/api/v1/openapi.json").await.json().await.unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if operation["security"][0].get("key").is_none() {
                continue;
            }
            let address = path.replace("{site}", "shop").replace(['{', '}'], "");
            let answer = server.request(method.clone(), &address).send().await.unwrap();
            let (status, problem) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
            // An address whose names cannot be read is no address: 404 comes first there.
            assert!(matches!(status, 401 | 404), "{method} {path}: {status} {problem}");
            assert!(path.contains('{') || status == 401, "{method} {path}: {problem}");
            asked += 1;
        }
    }
    assert!(asked >= 5, "{asked}");
    server.finish().await;
}

/// Only where the program is: `cargo xtask test` brings it.
mod schemathesis {
    use super::*;

    /// Fuzzing goes by this, so that a failure comes again.
    const SEED: &str = "20261121";
    const SETTINGS: &str = include_str!("openapi/schemathesis.toml");

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[expect(clippy::disallowed_methods, reason = "the one setting of this test")]
    async fn finds_no_failure() {
        let program = std::env::var("ASSENT_TEST_SCHEMATHESIS")
            .expect("ASSENT_TEST_SCHEMATHESIS names the program; without it, leave this out: -- --skip schemathesis::");
        let server = TestServer::start(Engine::Sqlite).await;
        for number in 1..=20 {
            server.post(&refusal(number)).await;
        }
        let key = server.key(&Permission::ALL, None).await;
        let settings = server.folder().join("schemathesis.toml");
        std::fs::write(&settings, SETTINGS).unwrap();
        let document = server.url("/api/v1/openapi.json");
        let folder = server.folder().to_owned();
        let run = tokio::task::spawn_blocking(move || {
            Command::new(program)
                .current_dir(folder)
                .arg("--config-file")
                .arg(settings)
                .args(["run", &document, "--header", &format!("Authorization: Bearer {key}")])
                .args(["--seed", SEED, "--max-examples", "25", "--phases", "examples,coverage,fuzzing"])
                .args(["--workers", "2", "--no-color", "--continue-on-failure"])
                .stdin(Stdio::null())
                .output()
        });
        let run = run.await.unwrap().unwrap();
        let told = String::from_utf8_lossy(&run.stdout);
        println!("{told}");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        server.finish_unchecked().await;
    }
}

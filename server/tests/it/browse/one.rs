//! Owns the tests of single receipts: finding a visitor by their file, everything about one, and who may not erase it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::secret;
use crate::harness::{Engine, TestServer, both_engines, refusal, with};

both_engines!(
    a_visitor_is_found_by_their_file,
    everything_is_known_of_a_receipt,
    receipts_are_erased_and_held_over_http,
);

async fn a_visitor_is_found_by_their_file(engine: Engine) {
    let app = TestServer::start(engine).await;
    let (_, answer) = app.post(&refusal(1)).await;
    app.post(&with(refusal(2), json!({"visitor": secret(1)}))).await;
    app.post(&refusal(3)).await;
    let key = app.operator_key(None).await;
    let download = app
        .request(reqwest::Method::GET, "/_assent/shop/me/receipts.json")
        .bearer_auth("AAAAAAAAAAAAAAAAAAAAAA")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let proof = app
        .get_with_key(&key, &format!("/api/v1/sites/shop/receipts/{}?view=proof", crate::harness::id(1)))
        .await;
    let proof = proof.text().await.unwrap();
    let find = async |file: String, kind: &str| {
        app.request(reqwest::Method::POST, "/api/v1/sites/shop/receipts/find")
            .bearer_auth(&key)
            .header("content-type", kind)
            .body(file)
            .send()
            .await
            .unwrap()
    };
    let receipt = answer["receipt"].to_string();
    let form = format!(
        "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n--x\r\ncontent-disposition: form-data; name=\"text\"\r\n\r\n{receipt}\r\n--x--\r\n"
    );
    for (file, kind, claims) in [
        (receipt.clone(), "application/json", 1),
        (answer.to_string(), "application/json", 1),
        (format!("[{receipt}]"), "application/json", 1),
        (download, "application/octet-stream", 2),
        (proof, "text/plain", 1),
        (form, "multipart/form-data; boundary=x", 1),
    ] {
        let found = find(file.clone(), kind).await;
        assert_eq!(found.status(), StatusCode::OK, "{file}");
        let found: Value = found.json().await.unwrap();
        let [one] = found["items"].as_array().unwrap().as_slice() else { panic!("{found}") };
        assert_eq!(one["visitor"], answer["receipt"]["visitor"]);
        assert_eq!(one["in_file"].as_array().unwrap().len(), claims);
        assert!(one["in_file"].as_array().unwrap().iter().all(|claim| claim["is"] == "stored"), "{one}");
        let decisions: Vec<_> =
            one["receipts"].as_array().unwrap().iter().map(|receipt| &receipt["decision"]).collect();
        assert_eq!(decisions, [&json!(crate::harness::id(3)), &json!(crate::harness::id(1))]);
    }
    let changed = receipt.replacen("false", "true", 1);
    let found: Value = find(changed, "application/json").await.json().await.unwrap();
    assert_eq!(found["items"][0]["in_file"][0]["is"], "different");
    let unknown = receipt.replace(&crate::harness::id(1), &crate::harness::id(9));
    let found: Value = find(unknown, "application/json").await.json().await.unwrap();
    assert_eq!(found["items"][0]["in_file"][0]["is"], "missing");
    for bad in ["", "hello", "{}", "[1]", "{\"receipts\":[]}", "c2sp.org/tlog-proof@v1\n", "{"] {
        assert_eq!(
            find(bad.to_owned(), "text/plain").await.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{bad}"
        );
    }
    let foreign = find(receipt.replace("\"site\":\"shop\"", "\"site\":\"blog\""), "text/plain").await;
    assert!(foreign.text().await.unwrap().contains("of the site `blog`"));
    app.finish().await;
}

async fn everything_is_known_of_a_receipt(engine: Engine) {
    let app = TestServer::start(engine).await;
    let id = crate::harness::id;
    app.post(&refusal(1)).await;
    let (_, second) = app.post(&with(refusal(2), json!({"replaces": id(1)}))).await;
    let key = app.operator_key(None).await;
    let whole = async |number: u64| -> Value {
        let path = format!("/api/v1/sites/shop/receipts/{}?view=all", id(number));
        app.get_with_key(&key, &path).await.json().await.unwrap()
    };
    let (one, two) = (whole(1).await, whole(2).await);
    assert_eq!(
        (&one["replaced_by"], &one["replaces"], &one["replaces_kept"]),
        (&json!(id(2)), &Value::Null, &json!(false))
    );
    assert_eq!(
        (&two["replaced_by"], &two["replaces"], &two["replaces_kept"]),
        (&Value::Null, &json!(id(1)), &json!(true))
    );
    assert_eq!(two["receipt"], second["receipt"]);
    assert_eq!(two["proven"]["verified"], true);
    assert_eq!(two["proven"]["size"], 4);
    assert_eq!(two["notice"]["number"], 1);
    assert_eq!(two["holds"], json!([]));
    let proof = assent_shared::ledger::ReceiptProof::parse(two["proof"].as_str().unwrap()).unwrap();
    proof.verify(&app.verifier_key().await).unwrap();
    let replay = app.get(two["replay"].as_str().unwrap()).await;
    assert_eq!(replay.status(), StatusCode::OK);
    app.finish().await;
}

async fn receipts_are_erased_and_held_over_http(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let key = app.operator_key(None).await;
    // Keys of auditors read, and nothing else.
    let visitor = app.receipts().await[0].1.visitor.clone();
    let erase = format!("/api/v1/sites/shop/visitors/{visitor}");
    let answer = app.request(reqwest::Method::DELETE, &erase).bearer_auth(&key).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(app.get_with_key(&key, "/api/v1/sites/shop/holds").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(app.receipts().await.len(), 1);
    app.finish().await;
}

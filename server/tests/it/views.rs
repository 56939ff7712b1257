//! Owns what an operator's program gets of one receipt: its stored bytes, and what standards make of it.

use assent::notices::publish;
use assent_shared::ledger::ReceiptProof;
use assent_shared::views::dpv;
use reqwest::StatusCode;
use serde_json::{Value, json};

use assent::store::Publishing;

use crate::harness::{BY_HAND, Engine, NOTICE, NOW, TestServer, both_engines, id, refusal, with};

both_engines!(
    a_receipt_is_given_as_it_is_stored,
    the_view_in_dpvs_terms_is_read_back_as_the_receipt,
    a_later_receipt_tells_a_renewal_and_a_withdrawal,
    kantaras_view_is_for_grants,
    a_notice_from_before_says_what_it_lacks,
    only_a_key_of_the_site_opens_it,
);

fn address(number: u64, view: &str) -> String {
    format!("/api/v1/sites/shop/receipts/{}?view={view}", id(number))
}

fn choice(number: u64, analytics: bool, video: bool, replaces: Option<u64>) -> Value {
    let choices = json!({"analytics": analytics, "video": video});
    let method = if replaces.is_some() && !(analytics && video) { "withdraw" } else { "custom" };
    with(
        refusal(number),
        json!({"choices": choices, "method": method, "layer": 2, "replaces": replaces.map(id)}),
    )
}

async fn get(app: &TestServer, key: &str, path: &str) -> (StatusCode, Value) {
    let answer = app.get_with_key(key, path).await;
    (answer.status(), answer.json().await.unwrap())
}

async fn a_receipt_is_given_as_it_is_stored(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    app.post(&refusal(2)).await;
    let key = app.operator_key(Some(&app.shop)).await;
    for path in [address(2, "receipt"), address(2, "receipt").replace("?view=receipt", "")] {
        let answer = app.get_with_key(&key, &path).await;
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.text().await.unwrap(), app.receipts().await[1].0.body);
    }
    app.finish().await;
}

async fn the_view_in_dpvs_terms_is_read_back_as_the_receipt(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&choice(1, true, false, None)).await;
    let key = app.operator_key(None).await;
    let answer = app.get_with_key(&key, &address(1, "dpv")).await;
    assert_eq!(answer.headers()["content-type"], "application/ld+json");
    let view: Value = answer.json().await.unwrap();
    assert_eq!(dpv::read(&view).unwrap().canonical_json(), app.receipts().await[0].0.body);
    let log = &view["x:log"];
    assert_eq!((&log["x:origin"], &log["x:index"]), (&json!("shop.example/_assent/shop/log"), &json!(2)));
    let proof = ReceiptProof::parse(log["x:proof"].as_str().unwrap()).unwrap();
    assert!(proof.checkpoint.verify(&app.verifier_key().await).is_ok());
    let record = &view["dpv:hasRecordOfActivity"][0];
    assert_eq!(record["dpv:hasDataController"]["dpv:hasName"], "Fernhill Ceramics");
    assert_eq!(record["dpv:hasProcess"][0]["dpv:hasPersonalData"], json!(["pd:BrowsingBehaviour", "pd:UID"]));
    // The server does not know that it stands under the shop's own host, so the page is where one can choose.
    assert_eq!(record["dpv:hasConsentControl"][0]["dpv:isExercisedAt"], "https://shop.example");
    app.finish().await;
}

async fn a_later_receipt_tells_a_renewal_and_a_withdrawal(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&choice(1, true, true, None)).await;
    app.post(&choice(2, true, false, Some(1))).await;
    // A stranger who names the first decision as replaced learns nothing of it.
    app.post(&with(choice(3, true, true, Some(1)), json!({"visitor": "BBBBBBBBBBBBBBBBBBBBBA"}))).await;
    let key = app.operator_key(None).await;
    let states = async |number| {
        let (status, view) = get(&app, &key, &address(number, "dpv")).await;
        assert_eq!(status, StatusCode::OK, "{view}");
        [0, 1].map(|at| view["dpv:hasRecordOfActivity"][at]["dpv:hasConsentStatus"][0]["@type"][0].clone())
    };
    assert_eq!(states(1).await, ["dpv:ConsentGiven", "dpv:ConsentGiven"]);
    assert_eq!(states(2).await, ["dpv:RenewedConsentGiven", "dpv:ConsentWithdrawn"]);
    assert_eq!(states(3).await, ["dpv:ConsentGiven", "dpv:ConsentGiven"]);
    app.finish().await;
}

async fn kantaras_view_is_for_grants(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&choice(1, true, false, None)).await;
    app.post(&refusal(2)).await;
    let key = app.operator_key(None).await;
    let (status, view) = get(&app, &key, &address(1, "kantara")).await;
    assert_eq!(status, StatusCode::OK, "{view}");
    assert_eq!(view["consentReceiptID"], id(1));
    let controller = &view["piiControllers"][0];
    assert_eq!(
        (&controller["email"], &controller["phone"]),
        (&json!("privacy@shop.example"), &json!("+353 1 555 0142"))
    );
    let purposes = view["services"][0]["purposes"].as_array().unwrap();
    assert_eq!(purposes.iter().map(|purpose| &purpose["purpose"]).collect::<Vec<_>>(), ["Analytics"]);
    let (status, problem) = get(&app, &key, &address(2, "kantara")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("view_unavailable")));
    assert!(problem["detail"].as_str().unwrap().contains("can only say yes"), "{problem}");

    let without_phone = NOTICE.replace("phone = ", "# phone = ");
    publish(app.store(), &app.shop, &without_phone, &[], NOW).await.unwrap();
    app.post(&with(choice(3, true, false, None), json!({"notice": 2}))).await;
    let (_, problem) = get(&app, &key, &address(3, "kantara")).await;
    assert_eq!(problem["detail"], "notice 2 does not say what this view must: controller.phone");
    assert_eq!(get(&app, &key, &address(3, "dpv")).await.0, StatusCode::OK);
    app.finish().await;
}

async fn a_notice_from_before_says_what_it_lacks(engine: Engine) {
    let app = TestServer::start(engine).await;
    // As a version wrote it that did not ask for these yet.
    let written = app.store().notice(&app.shop, 1).await.unwrap().unwrap().body;
    let mut notice: assent_shared::Notice = serde_json::from_str(&written).unwrap();
    notice.number = 2;
    notice.jurisdictions.clear();
    for purpose in &mut notice.purposes {
        purpose.data.clear();
        purpose.storage_locations.clear();
    }
    let body = notice.canonical_json();
    let insert = |_, _: Option<&_>| Some((assent_shared::Notice::hash(&body), body.clone()));
    assert_eq!(
        app.store().publish_notice(&app.shop, NOW, &BY_HAND, insert).await.unwrap(),
        Publishing::Number(2)
    );
    let answer = with(choice(1, true, true, None), json!({"notice": 2}));
    assert_eq!(app.post(&answer).await.0, StatusCode::CREATED);
    let key = app.operator_key(None).await;
    let (status, problem) = get(&app, &key, &address(1, "dpv")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        problem["detail"],
        "notice 2 does not say what this view must: jurisdictions, data of the purpose `analytics`, storage_locations of the \
         purpose `analytics`, data of the purpose `video`, storage_locations of the purpose `video`"
    );
    assert_eq!(get(&app, &key, &address(1, "receipt")).await.0, StatusCode::OK);
    app.finish().await;
}

async fn only_a_key_of_the_site_opens_it(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let blog = assent::store::Site {
        id: "blog".parse().unwrap(),
        name: "Blog".to_owned(),
        environment: assent::store::Environment::Staging,
        origins: vec!["https://blog.example".to_owned()],
        share_subdomains: false,
    };
    app.store().add_site(&blog, NOW).await.unwrap();
    let (own, others) = (app.operator_key(Some(&app.shop)).await, app.operator_key(Some(&blog.id)).await);
    let path = address(1, "receipt");
    assert_eq!(get(&app, &own, &path).await.0, StatusCode::OK);
    assert_eq!(get(&app, &others, &path).await.0, StatusCode::NOT_FOUND);
    assert_eq!(get(&app, &others, &path.replace("/shop/", "/blog/")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(app.get(&path).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(get(&app, &own, &address(9, "dpv")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(get(&app, &own, "/api/v1/sites/shop/receipts/1").await.0, StatusCode::NOT_FOUND);
    assert_eq!(get(&app, &own, &address(1, "xml")).await.1["code"], "invalid_query");
    app.finish().await;
}

//! Humanloop's promises: development, acceptance and production share no data, what is personal is asked apart from what is not, and
//! all of it is handed over as CSV and JSON.

use assent_tests::stage::Stage;
use reqwest::{Client, StatusCode};

const SITES: [&str; 3] = ["humanloop-development", "humanloop-staging", "humanloop"];
const STATE: &str = "['measurement', 'research'].map((id) => document.getElementById(id).textContent).join()";

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, host, site } = &stage;
    stage.open_example("humanloop").await;

    // A yes in one environment is nothing in the others: each asks for itself.
    for (at, id) in SITES.iter().enumerate() {
        visitor.visit(&stage.example("humanloop", id, 1)).await;
        visitor.sees_banner().await;
        assert_eq!(visitor.asks(STATE).await, "off,off", "{id}");
        if at == 0 {
            visitor.inspects("the page").await;
            visitor.screenshot("page").await;
        }
        // What is personal and what is not are two answers.
        visitor.manage().await;
        visitor.set("Measurement (not personal)", true).await;
        visitor.save().await;
        visitor.waits_for(&format!("{STATE} === 'on,off'")).await;
        site.has_receipts_at(id, 1).await;
        visitor.has_sent_all().await;
        for later in &SITES[at + 1..] {
            assert!(site.receipts_at(later).await.is_empty(), "{id} is not {later}");
        }
    }
    let receipts = [
        site.receipts_at(SITES[0]).await,
        site.receipts_at(SITES[1]).await,
        site.receipts_at(SITES[2]).await,
    ];
    assert!(
        receipts[0][0].visitor != receipts[1][0].visitor && receipts[1][0].visitor != receipts[2][0].visitor
    );

    // Nor does a page of one reach the receipts of another.
    let address = format!("http://{}", site.address().await.expect("the server is up"));
    let client = Client::new();
    let (_, posted) = stage.posted_to("humanloop-staging").remove(0);
    let across = client
        .post(format!("{address}/_assent/humanloop/decisions"))
        .header("origin", host.origin_of("humanloop-staging.localhost"))
        .header("content-type", "application/json")
        .body(posted.body);
    assert_eq!(across.send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    site.has_receipts_at("humanloop", 1).await;

    // Handed over, by a key that opens this environment only.
    let key = site.key("humanloop").await;
    let export = async |id: &str, format: &str| {
        let url = format!("{address}/api/v1/sites/{id}/export?format={format}");
        let answer = client.get(url).bearer_auth(&key).send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("text"))
    };
    let receipt = &receipts[2][0];
    let (status, table) = export("humanloop", "csv").await;
    assert_eq!((status, table.lines().count()), (StatusCode::OK, 2), "{table}");
    assert!(table.contains(receipt.decision.as_str()), "{table}");
    let (status, lines) = export("humanloop", "jsonl").await;
    assert!(status == StatusCode::OK && lines.contains(&receipt.canonical_json()), "{lines}");
    for other in &SITES[..2] {
        assert_ne!(export(other, "csv").await.0, StatusCode::OK, "{other}");
    }

    // Production keeps until whoever owns the contract asks; the others do not.
    assert_eq!(site.days_pass(29).await, 0);
    assert_eq!(site.days_pass(3650).await, 2);
    site.has_receipts_at("humanloop", 1).await;
}

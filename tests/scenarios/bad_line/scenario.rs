//! A line that doubles, drops and delays what is sent: each decision is recorded once and in the order in which it was made; at most
//! twenty wait; what the server refuses for good is dropped and reported, and nothing behind it waits for ever.

use assent_shared::Method;
use assent_tests::page::Trouble;
use assent_tests::stage::{DECISIONS, Stage};

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, host, site } = &stage;
    visitor.visit("/").await;
    visitor.sees_banner().await;
    host.trouble(DECISIONS, Trouble::Twice);
    visitor.accept_all().await;
    visitor.has_sent_all().await;
    site.has_one_receipt().await;
    host.relieve(DECISIONS);

    // Nothing gets through, and somebody cannot make up their mind.
    host.trouble(DECISIONS, Trouble::Cut);
    for _ in 0..12 {
        visitor.asks("assent.reject(), assent.accept(), 1").await;
    }
    assert_eq!(visitor.queued().await, 20, "the oldest gave way");
    host.relieve(DECISIONS);
    visitor.reload().await;
    visitor.has_sent_all().await;
    let receipts = site.has_receipts(21).await;
    for (at, receipt) in receipts[1..].iter().enumerate() {
        let expected = if at % 2 == 0 { Method::Withdraw } else { Method::AcceptAll };
        assert_eq!(receipt.method, expected, "receipt {at}");
    }
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics video"));

    // A refusal for good: dropped, told to the page, and the next one gets through.
    visitor.asks("window.refused = [], assent.on('error', ({ status }) => refused.push(status)), 1").await;
    host.trouble(DECISIONS, Trouble::Status(422));
    visitor.asks("assent.withdraw(), 1").await;
    visitor.waits_for("refused.length === 1").await;
    assert_eq!(visitor.asks("refused").await, serde_json::json!([422]));
    assert_eq!(visitor.queued().await, 0);
    host.relieve(DECISIONS);
    assert_eq!(
        visitor.grants().await.as_deref(),
        Some(""),
        "a refusal stays one, whatever becomes of its receipt"
    );
    visitor.asks("assent.accept(), 1").await;
    visitor.has_sent_all().await;
    site.has_receipts(22).await;
}

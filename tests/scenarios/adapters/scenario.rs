//! Vendors' scripts are told in their own calls: the default before anything of theirs, what is stored before their first hit,
//! each change once; none that the notice does not name.

use assent_tests::notice::notice_with;
use assent_tests::stage::{Stage, TAG};
use serde_json::{Value, json};

const NAMED: &str = r#"
[adapters.google]
states = { ad_storage = ["video"], analytics_storage = ["analytics"] }
[adapters.microsoft_uet]
states = { ad_storage = ["video"] }
[adapters.clarity]
states = { analytics_Storage = ["analytics"] }
[adapters.meta]
purposes = ["video"]
[adapters.tiktok]
purposes = ["video"]
[adapters.matomo]
[adapters.data_layer]
[adapters.own]
global = "own"
by = "array"
calls.update = ["seen", "$choices", 7]
"#;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    visitor.visit("/").await;
    visitor.lets_the_page_settle().await;
    let config = json!(["config", "G-1"]);
    assert_eq!(
        visitor.asks("lines('dataLayer')").await,
        json!([config]),
        "nothing is told that is not named"
    );

    site.publish(&notice_with("video", "", NAMED), &[]).await.expect("a notice");
    host.set_tag(&format!("{TAG}?named"));
    visitor.visit("/").await;
    let states = |ads: &str, analytics: &str| json!({ "ad_storage": ads, "analytics_storage": analytics });
    let mut default = states("denied", "denied");
    default["security_storage"] = json!("granted");
    default["wait_for_update"] = json!(500);
    let start = [json!(["consent", "default", default]), config];
    assert_eq!(
        visitor.asks("lines('dataLayer')").await,
        json!(start),
        "denied, before the tag's own first line"
    );
    assert_eq!(visitor.asks("kinds()[0]").await, "[object Arguments]", "an array would not be read");
    assert_eq!(
        visitor.asks("lines('uetq')").await,
        json!(["consent", "default", { "ad_storage": "denied" }])
    );
    assert_eq!(visitor.asks("lines('_paq')").await, json!([["requireConsent"]]));
    assert_eq!(visitor.asks("lines('ttq')").await, json!([["holdConsent"]]));
    assert_eq!(visitor.asks("lines('own')").await, json!([]));
    let told = json!([["fbq", "consent", "revoke"], ["fbq", "init", "1"], ["clarity", "consentv2", { "analytics_Storage": "denied" }]]);
    assert_eq!(visitor.asks("told").await, told, "told before the page's own first call");

    // One change, told once each.
    visitor.accept_all().await;
    let update = json!(["consent", "update", states("granted", "granted")]);
    let event = json!({ "event": "assent", "choices": { "analytics": true, "video": true } });
    assert_eq!(rest(&visitor.asks("lines('dataLayer')").await, 2), [update.clone(), event.clone()]);
    assert_eq!(
        rest(&visitor.asks("lines('uetq')").await, 3),
        [json!("consent"), json!("update"), json!({ "ad_storage": "granted" })]
    );
    assert_eq!(rest(&visitor.asks("lines('_paq')").await, 1), [json!(["setConsentGiven"])]);
    assert_eq!(rest(&visitor.asks("lines('ttq')").await, 1), [json!(["grantConsent"])]);
    assert_eq!(
        visitor.asks("lines('own')").await,
        json!([["seen", { "analytics": true, "video": true }, 7]])
    );
    let more = [
        json!(["clarity", "consentv2", { "analytics_Storage": "granted" }]),
        json!(["fbq", "consent", "grant"]),
    ];
    assert_eq!(rest(&visitor.asks("told").await, 3), more);
    site.has_one_receipt().await;

    // The next page knows it before the first hit.
    visitor.visit("/").await;
    let lines = visitor.asks("lines('dataLayer')").await;
    assert_eq!(
        lines,
        json!([start[0], update, event, start[1]]),
        "the default, what is stored, then the tag"
    );
    // A choice that changes nothing for a vendor is not told to it again; a withdrawal is.
    visitor.reopen().await;
    visitor.save().await;
    visitor.lets_the_page_settle().await;
    assert_eq!(visitor.asks("lines('dataLayer').length").await, 4);
    visitor.reopen().await;
    visitor.reject_all().await;
    let update = json!(["consent", "update", states("denied", "denied")]);
    let event = json!({ "event": "assent", "choices": { "analytics": false, "video": false } });
    assert_eq!(rest(&visitor.asks("lines('dataLayer')").await, 4), [update, event]);
    assert_eq!(rest(&visitor.asks("lines('_paq')").await, 2), [json!(["forgetConsentGiven"])]);
    assert_eq!(rest(&visitor.asks("lines('ttq')").await, 2), [json!(["revokeConsent"])]);
    visitor.has_sent_all().await;
    site.has_receipts(3).await;
}

/// What came after the first `known` entries.
fn rest(lines: &Value, known: usize) -> Vec<Value> {
    lines.as_array().expect("a list")[known..].to_vec()
}

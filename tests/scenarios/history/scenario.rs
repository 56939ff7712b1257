//! The visitor's own records, in the preferences: seen, downloaded as a file that proves itself, erased; and the choice goes on
//! holding. Under a strict policy from the page's own host, and from another host without a cookie of the server's.

use assent_shared::Receipt;
use assent_shared::ledger::proof::Opening;
use assent_shared::ledger::{PublicKey, ReceiptProof, Salt};
use assent_tests::page::{Host, Trouble};
use assent_tests::site::Site;
use assent_tests::stage::{Stage, TAG};
use assent_tests::visitor::Visitor;
use serde_json::value::RawValue;
use serde_json::{Value, json};

const RECORDS: &str = "probe.all('.own .record')";

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    host.set_headers(&[("content-security-policy", &crate::strict_csp::policy(" 'wasm-unsafe-eval'"))]);
    lives_through_it("/", &visitor, &host, &site).await;
    assert!(host.errors().is_empty(), "{:?}", host.errors());

    // From another host: only the page knows the secret, and brings it. There, axe can look at it too.
    visitor.forgets().await;
    erases(&visitor, &site).await;
    host.set_headers(&[]);
    host.set_tag(&format!("{}{TAG}", host.origin()));
    lives_through_it(&format!("{}/", host.localhost_origin()), &visitor, &host, &site).await;
    let record = visitor.asks("JSON.parse(localStorage.getItem('assent'))").await;
    assert!(record["visitor"].is_string() && record["replaces"].is_null(), "{record}");

    // Where the server cannot be asked, that is said, and the choice can be changed all the same.
    host.trouble("/_assent/shop/me", Trouble::Status(503));
    visitor.reopen().await;
    unfolds(&visitor).await;
    visitor.waits_for("probe.all('.own [role=alert]').length === 1").await;
    assert_eq!(
        visitor.asks("probe.all('.own > div')[0].textContent").await,
        "This did not work. Please try again later."
    );
    visitor.escape().await;
    host.relieve("/_assent/shop/me");

    // The list needs no script, either.
    visitor.open("/_assent/shop/me").await;
    visitor.screenshot("page").await;
    visitor.inspects("the page of records").await;
}

/// Two decisions, the list of them, the file, erasing, and a decision after that.
async fn lives_through_it(page: &str, visitor: &Visitor, host: &Host, site: &Site) {
    visitor.visit(page).await;
    visitor.manage().await;
    visitor.set("Video", true).await;
    visitor.save().await;
    site.has_one_receipt().await;
    visitor.reopen().await;
    visitor.reject_all().await;
    let receipts = site.has_receipts(2).await;
    visitor.has_sent_all().await;

    visitor.reopen().await;
    unfolds(visitor).await;
    visitor.waits_for(&format!("{RECORDS}.length === 2")).await;
    let told = visitor.asks(&format!("{RECORDS}.map((record) => probe.text(record))")).await;
    let (newest, oldest) = (told[0].as_str().unwrap_or_default(), told[1].as_str().unwrap_or_default());
    assert!(newest.contains("Your consent is withdrawn.") && newest.contains("Not allowed"), "{told}");
    assert!(
        oldest.contains("Save choices") && oldest.contains("Allowed") && oldest.contains("Video"),
        "{told}"
    );
    let link = visitor.asks(&format!("{RECORDS}[1].querySelector('a[href*=replay]').href")).await;
    let replay = format!("{}/_assent/shop/replay/1/en?granted=video", host.origin());
    assert_eq!(link, json!(replay), "its address is the server's");
    visitor.screenshot("list").await;
    if page != "/" {
        visitor.inspects("the list").await;
    }

    // The browser would put the file into the person's folder; here it is kept, to be looked at.
    visitor
        .asks(
            "(() => {
                const real = URL.createObjectURL;
                window.file = null;
                URL.createObjectURL = (blob) => (blob.text().then((text) => (window.file = text)), real.call(URL, blob));
                HTMLAnchorElement.prototype.click = function () { window.saved = [this.download, this.protocol]; };
            })()",
        )
        .await;
    visitor.press("Download").await;
    visitor.waits_for("window.file").await;
    assert_eq!(visitor.asks("window.saved").await, json!(["shop-choices.json", "blob:"]));
    let file = visitor.asks("window.file").await;
    proves(file.as_str().unwrap_or_default(), &receipts);

    // One press unfolds the question, and another one answers it.
    let grants = visitor.grants().await;
    visitor.press_this("probe.all('.own details > summary')[0]").await;
    visitor.press("Erase my records").await;
    visitor.waits_for("probe.all('.own [role=status]').length === 1").await;
    assert_eq!(visitor.focus().await, "Erased records: 2. Your choice goes on holding.");
    assert!(site.receipts().await.is_empty(), "they are gone");
    assert_eq!(visitor.grants().await, grants, "the choice holds");
    assert_eq!(visitor.cookie("assent_id").await, None, "the secret is given up");
    visitor.screenshot("erased").await;
    visitor.escape().await;

    visitor.reload().await;
    assert!(!visitor.banner_is_shown().await, "nobody is asked again");
    visitor.reopen().await;
    unfolds(visitor).await;
    visitor.waits_for("probe.all('.own > div')[0].textContent.includes('There are no records')").await;
    visitor.accept_all().await;
    let receipt = site.has_one_receipt().await;
    assert_ne!(receipt.visitor, receipts[0].visitor, "another visitor, as far as anybody can tell");
    assert_eq!(receipt.replaces, None);
    visitor.has_sent_all().await;
}

async fn unfolds(visitor: &Visitor) {
    visitor.press_this("probe.all('.own > summary')[0]").await;
}

/// As another visit would: with the list that is there.
async fn erases(visitor: &Visitor, site: &Site) {
    assert_eq!(site.receipts().await.len(), 1);
    visitor.visit("/").await;
    site.erase_everybody().await;
    assert!(site.receipts().await.is_empty());
}

/// Checks the file as its visitor can: by nothing but itself.
fn proves(file: &str, receipts: &[Receipt]) {
    let read: Value = serde_json::from_str(file).expect("the file is JSON");
    assert_eq!(read["format"], "assent.receipts.v1");
    let key: PublicKey = read["key"].as_str().and_then(|key| key.parse().ok()).expect("a verifier key");
    let sealed = read["receipts"].as_array().expect("a list");
    assert_eq!(sealed.len(), receipts.len());
    for (sealed, receipt) in sealed.iter().zip(receipts.iter().rev()) {
        let body = receipt.canonical_json();
        assert!(file.contains(&body), "byte for byte");
        let salt: Salt = serde_json::from_value(sealed["salt"].clone()).expect("a salt");
        let mut proof = ReceiptProof::parse(sealed["proof"].as_str().unwrap_or_default()).expect("a proof");
        proof.opening = Some(Opening { receipt: RawValue::from_string(body).expect("JSON"), salt });
        proof.verify(&key).expect("the receipt is in the ledger");
        assert!(
            read["notices"][receipt.notice.number.to_string()]["purposes"].is_array(),
            "its notice goes along"
        );
    }
}

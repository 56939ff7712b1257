//! A browser without JavaScript: the link in `<noscript>` leads to the form, which sets and takes back the same choices, with
//! cookies by `Set-Cookie` and receipts as any other.

use assent_shared::Method;
use assent_tests::deadline::eventually;
use assent_tests::stage::Stage;
use assent_tests::visitor::Visitor;

const ALLOW_VIDEO: &str = "input[name=choice_video][value=granted]";
const DENY_ANALYTICS: &str = "input[name=choice_analytics][value=denied]";
const SAID: &str = "[role=status]";

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    visitor.open("/").await;
    assert_eq!(visitor.reads_plainly("#untouched").await.as_deref(), Some("As it was"), "no script runs");
    assert!(visitor.cookies().await.is_empty());
    visitor.clicks_plainly("#choices").await;
    says(&visitor, "h1", "Your privacy choices").await;
    assert!(visitor.cookies().await.is_empty(), "to look at the form decides nothing");

    visitor.clicks_plainly(ALLOW_VIDEO).await;
    visitor.clicks_plainly(DENY_ANALYTICS).await;
    visitor.clicks_plainly("button[value=custom]").await;
    says(&visitor, SAID, "Your choice is saved.").await;
    visitor.screenshot("saved").await;
    assert_eq!(visitor.grants().await.as_deref(), Some("video"));
    let (decision, secret) = (visitor.cookie("assent").await, visitor.cookie("assent_id").await);
    let secret = secret.expect("the visitor has a secret");
    assert!(secret.http_only && !decision.expect("a decision").http_only);
    assert!(visitor.is_chosen_plainly(ALLOW_VIDEO).await && visitor.is_chosen_plainly(DENY_ANALYTICS).await);

    visitor.clicks_plainly("button[value=reject_all]").await;
    says(&visitor, SAID, "Your consent is withdrawn.").await;
    assert_eq!(visitor.grants().await.as_deref(), Some(""));

    // A link that says where to go afterwards.
    visitor.open("/").await;
    visitor.clicks_plainly("#there-and-back").await;
    says(&visitor, "h1", "Your privacy choices").await;
    visitor.clicks_plainly("button[value=accept_all]").await;
    says(&visitor, "#untouched", "As it was").await;
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics video"));

    let receipts = site.has_receipts(3).await;
    let methods: Vec<_> = receipts.iter().map(|receipt| receipt.method).collect();
    assert_eq!(methods, [Method::Custom, Method::Withdraw, Method::AcceptAll]);
    assert_eq!(receipts[1].visitor, receipts[0].visitor);
    assert_eq!(receipts[0].origin, host.origin());
}

async fn says(visitor: &Visitor, selector: &str, words: &str) {
    eventually(&format!("{selector} says {words}"), || async {
        visitor.reads_plainly(selector).await.filter(|said| said == words)
    })
    .await;
}

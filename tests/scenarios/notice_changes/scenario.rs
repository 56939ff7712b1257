//! A notice that changes its words asks nobody again; one that changes a purpose materially asks about that one, while grants
//! for the others go on holding.

use assent_tests::site::NOTICE;
use assent_tests::stage::{Stage, TAG};

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    visitor.visit("/").await;
    visitor.accept_all().await;
    site.has_one_receipt().await;

    let cosmetic = NOTICE.replace("Counts visits.", "Counts the visits.");
    assert_eq!(site.publish(&cosmetic, &[]).await.expect("notice 2"), 2);
    // Another address, because browsers may keep the tag for five minutes.
    host.set_tag(&format!("{TAG}?second"));
    visitor.visit("/").await;
    visitor.sees_ran(&["analytics", "video"]).await;
    visitor.lets_the_page_settle().await;
    assert!(!visitor.banner_is_shown().await);
    visitor.reopen().await;
    let words = visitor.asks("probe.dialog().textContent").await;
    assert!(words.as_str().unwrap_or_default().contains("Counts the visits."));
    visitor.escape().await;

    let material = cosmetic.replace("from another house", "from two other houses");
    assert_eq!(site.publish(&material, &["video"]).await.expect("notice 3"), 3);
    host.set_tag(&format!("{TAG}?third"));
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.sees_ran(&["analytics"]).await;
    visitor.manage().await;
    assert!(visitor.is_on("Analytics").await, "what still holds is shown as it is");
    assert!(!visitor.is_on("Video").await, "what is asked again is not ticked beforehand");
    visitor.save().await;

    let receipts = site.has_receipts(2).await;
    assert_eq!(receipts[1].notice.number, 3);
    assert_ne!(receipts[1].notice.hash, receipts[0].notice.hash);
    assert_eq!(visitor.decision().await.expect("a decision").notice, 3);
    visitor.reload().await;
    visitor.sees_ran(&["analytics"]).await;
    assert!(!visitor.banner_is_shown().await);
}

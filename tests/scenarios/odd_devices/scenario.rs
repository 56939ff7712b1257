//! Storage that is full, a clock that is wrong by ten years either way, cookies that are not kept: the choice holds for the page at
//! least, the receipt arrives, and a refusal never turns into a grant.

use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    let mut count = 0;
    for odd in ["full", "ahead", "behind", "cookieless"] {
        visitor.visit(&format!("/?{odd}")).await;
        visitor.accept_all().await;
        visitor.sees_ran(&["analytics"]).await;
        count += 1;
        let receipts = site.has_receipts(count).await;
        assert_eq!(receipts[count - 1].clock_off, ["ahead", "behind"].contains(&odd), "{odd}");
        visitor.reopen().await;
        visitor.reject_all().await;
        count += 1;
        assert!(!site.has_receipts(count).await[count - 1].choices.values().any(|granted| *granted), "{odd}");
        assert!(visitor.asks("assent.granted('analytics')").await == false, "{odd}");
        // The next page: refused still, or asked again where nothing could be kept.
        visitor.reload().await;
        visitor.lets_the_page_settle().await;
        assert!(visitor.ran().await.is_empty(), "{odd}");
        assert_eq!(visitor.banner_is_shown().await, odd == "cookieless", "{odd}");
        // A clock that is right again does not bring an older choice back.
        visitor.visit("/").await;
        visitor.lets_the_page_settle().await;
        assert!(visitor.ran().await.is_empty(), "{odd}");
        visitor.forgets().await;
    }
}

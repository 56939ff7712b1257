//! The loader reads the cookie as `assent_shared::StoredDecision` does: what one of them takes for a decision, the other does.

use assent_shared::StoredDecision;
use assent_tests::stage::Stage;

const VALUES: &[&str] = &[
    "1~1~t9k2bw~",
    "1~1~t9k2bw~analytics",
    "1~1~t9k2bw~analytics.video",
    "1~1~t9k2bw~video.analytics",
    "1~7~t9k2bw~video",
    "1~1~-5~video",
    "1~1~0~video.other_purpose2",
    "1~01~t9k2bw~video",
    "1~0~t9k2bw~video",
    "",
    "1",
    "2~1~t9k2bw~video",
    "1~1~t9k2bw",
    "1~1~t9k2bw~~",
    "1~-1~t9k2bw~video",
    "1~+1~t9k2bw~video",
    "1~1~T9K2BW~video",
    "1~1~t9k2bw~video..analytics",
    "1~1~t9k2bw~video.",
    "1~1~t9k2bw~.video",
    "1~1~t9k2bw~Video",
    "1~1~t9k2bw~2video",
    "1~1~~video",
    "1~1~-~video",
    "1~1~zzzzzzzzzzzzzzzz~video",
    "1~99999999999~t9k2bw~video",
    "1~1~t9k2bw~video~",
    "true",
];

pub(crate) async fn play(Stage { visitor, .. }: Stage) {
    visitor.open("/").await;
    for value in VALUES {
        visitor.remembers(value).await;
        visitor.reload().await;
        let expected = StoredDecision::parse(value);
        let grants = |id: &str| {
            expected.as_ref().is_some_and(|stored| {
                stored.notice >= 1 && stored.grants.iter().any(|grant| grant.as_str() == id)
            })
        };
        for purpose in ["analytics", "video"] {
            let granted = visitor.asks(&format!("assent.granted({purpose:?})")).await;
            assert!(granted == grants(purpose), "`{value}`: the loader says {granted} for {purpose}");
        }
        let asks = expected.is_none_or(|stored| stored.notice < 1);
        assert_eq!(visitor.banner_is_shown().await, asks, "`{value}`: the banner");
        visitor.forgets().await;
    }
}

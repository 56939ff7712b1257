//! A withdrawal deletes what its purposes declared, by name and by pattern, from cookies and storage, and nothing else; the page
//! loads anew only where the notice says that a script of the purpose cannot be stopped, and only if one ran.

use assent_shared::Method;
use assent_tests::notice::notice_with;
use assent_tests::stage::{Stage, TAG};

const DECLARED: &str = r#"
[[purposes.cookies]]
name = "elsewhere"
path = "/shelf"
provider = "The Shop Ltd"
lifetime = "session"
about.en = "Lies under another path."

[[purposes.cookies]]
name = "visits.*"
kind = "local_storage"
provider = "The Shop Ltd"
lifetime = "persistent"
about.en = "Counts."

[[purposes.cookies]]
name = "visits.now"
kind = "session_storage"
provider = "The Shop Ltd"
lifetime = "session"
about.en = "Counts now."
"#;
const SHARED: &str = r#"
[[purposes.cookies]]
name = "shared"
provider = "The Shop Ltd"
lifetime = "session"
about.en = "Analytics and video share it."
"#;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    // The declared cookies of analytics stand at the end of its part of the file, those of video at the file's end.
    let declares = |keys: &str| {
        let notice = notice_with("analytics", keys, SHARED);
        let (front, video) = notice.split_once("[[purposes]]\nid = \"video\"").expect("video comes last");
        format!("{front}{DECLARED}{SHARED}\n[[purposes]]\nid = \"video\"{video}")
    };
    site.publish(&declares(""), &[]).await.expect("a notice");
    host.set_tag(&format!("{TAG}?gentle"));
    visitor.visit("/deep/page.html").await;
    visitor.accept_all().await;
    visitor.sees_ran(&["analytics", "video"]).await;
    let everything = "basket loads other shared visits.count visits.now visits_a visits_b visits_deep";
    visitor.waits_for(&format!("left() === {everything:?}")).await;

    visitor.reopen().await;
    visitor.set("Analytics", false).await;
    visitor.save().await;
    visitor.waits_for("left() === 'basket loads other shared'").await;
    assert_eq!(visitor.asks("loads()").await, 1, "the page stays: the notice does not ask for more");
    assert_eq!(site.has_receipts(2).await[1].method, Method::Withdraw);
    // What lay under another path is gone too.
    visitor.open("/shelf/plain.html").await;
    assert!(visitor.cookie("elsewhere").await.is_none());

    // A script that goes on writing is cleaned up after by the next page.
    visitor.asks("document.cookie = 'visits_late=1; Path=/', 1").await;
    visitor.visit("/deep/page.html").await;
    visitor.waits_for("left() === 'basket loads other shared'").await;
    visitor.waits_for("JSON.parse(localStorage.getItem('assent')).wipe.length === 0").await;

    // Now the notice says that analytics cannot be stopped.
    site.publish(&declares("reload_on_withdrawal = true"), &[]).await.expect("another notice");
    host.set_tag(&format!("{TAG}?strict"));
    visitor.visit("/deep/page.html").await;
    let before = visitor.asks("loads()").await.as_u64().expect("a number");
    visitor.reopen().await;
    visitor.reject_all().await;
    visitor.lets_the_page_settle().await;
    assert_eq!(visitor.asks("loads()").await, before, "analytics did not run, so nothing has to be stopped");
    visitor.reopen().await;
    visitor.accept_all().await;
    visitor.sees_ran(&["video", "analytics"]).await;
    visitor.reopen().await;
    visitor.press("Reject all").await;
    visitor.waits_for(&format!("loads() === {}", before + 1)).await;
    visitor.waits_for("left() === 'basket loads other'").await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.ran().await.is_empty());
    assert_eq!(visitor.asks("loads()").await, before + 1, "once");
    visitor.has_sent_all().await;
    site.has_receipts(5).await;
}

//! On later visits held scripts run at once, without WebAssembly; and what a page adds later is held and released too.

use assent_tests::page::Trouble;
use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, host, .. }: Stage) {
    host.trouble("/_assent/widget/", Trouble::Hold);
    visitor.open("/plain.html").await;
    visitor.remembers("1~1~t9k2bw~analytics").await;
    visitor.visit("/").await;
    visitor.sees_ran(&["analytics"]).await;

    visitor
        .asks(
            "(() => {
                for (const purpose of ['video', 'analytics']) {
                    const held = document.createElement('script');
                    held.type = 'text/plain';
                    held.dataset.assent = purpose;
                    held.textContent = `ran.push('late ${purpose}')`;
                    document.body.append(held);
                }
            })()",
        )
        .await;
    visitor.sees_ran(&["analytics", "late analytics"]).await;
    visitor.lets_the_page_settle().await;
    visitor.sees_ran(&["analytics", "late analytics"]).await;
    assert!(host.seen("/_assent/widget/").is_empty());
}

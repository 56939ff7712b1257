//! Two clicks on one answer are one decision, before the WebAssembly arrives and after.

use assent_tests::page::Trouble;
use assent_tests::stage::Stage;
use assent_tests::visitor::{ACCEPT, MANAGE};

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    let twice =
        format!("(() => {{ const button = probe.button({ACCEPT:?}); button.click(); button.click(); }})()");

    host.trouble("/_assent/widget/", Trouble::Hold);
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.asks(&twice).await;
    visitor.sees_ran(&["analytics", "video"]).await;
    visitor.has_sent_all().await;
    site.has_one_receipt().await;

    visitor.forgets().await;
    host.relieve("/_assent/widget/");
    visitor.reload().await;
    visitor.manage().await;
    visitor.escape().await;
    visitor.waits_for(&format!("probe.button({MANAGE:?}) !== null")).await;
    visitor.asks(&twice).await;
    visitor.sees_ran(&["analytics", "video"]).await;
    visitor.has_sent_all().await;
    site.has_receipts(2).await;
}

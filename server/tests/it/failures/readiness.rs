//! What `/readyz` says of ledgers that take nothing: one site of several is named, and none left is not ready.

use assent::sealer::Refusal;
use assent_shared::SiteId;

use crate::harness::{Engine, TestServer, both_engines, refusal};

both_engines!(a_site_that_is_not_signed_for_is_named);

async fn a_site_that_is_not_signed_for_is_named(engine: Engine) {
    let server = TestServer::start(engine).await;
    let other: SiteId = "other".parse().unwrap();
    server.add_site(&other).await;
    let behind = |site: &SiteId| {
        let refusal = Refusal::Behind { site: site.clone(), published: 9, present: 2 };
        server.store().sealer().refuse(site.clone(), 1, refusal);
    };
    let asked = async || {
        let answer = server.get("/readyz").await;
        (answer.status().as_u16(), answer.headers().contains_key("retry-after"), answer.text().await.unwrap())
    };
    assert_eq!(asked().await, (200, false, "ready\n".to_owned()));
    behind(&server.shop);
    let of_one = "ready, but nothing is signed for `shop`; `assent ledger status` says why\n";
    assert_eq!(asked().await, (200, false, of_one.to_owned()));
    let (status, problem) = server.post(&refusal(1)).await;
    assert_eq!(
        (status.as_u16(), problem["detail"].as_str()),
        (503, Some("this site records nothing right now; try again later"))
    );
    behind(&other);
    let of_all = "not ready: nothing is signed for `other`, `shop`; `assent ledger status` says why\n";
    assert_eq!(asked().await, (503, true, of_all.to_owned()));
    assert_eq!(server.get("/healthz").await.status().as_u16(), 200);
    server.finish().await;
}

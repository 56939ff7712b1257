//! Erasing: what is blank afterwards, what stays provable, what a hold keeps.

use assent::retention::erase_what_is_due;
use assent::store::{Erasure, HoldRow};
use assent_shared::VisitorId;
use assent_shared::ledger::{Reason, Tombstone};
use serde_json::json;

use crate::harness::{Engine, NOW, TestServer, both_engines, id, refusal, with};

both_engines!(
    an_erased_visitor_leaves_nothing_but_commitments,
    what_is_held_is_not_erased,
    what_is_restricted_is_kept_and_not_shown,
    retention_erases_what_is_too_old_in_batches,
);

const DAY: i64 = 86_400_000;

fn visitor(letter: &str) -> String {
    format!("{}A", letter.repeat(21))
}

fn visitor_id(app: &TestServer, letter: &str) -> VisitorId {
    visitor(letter).parse::<assent_shared::VisitorSecret>().unwrap().visitor_id(&app.shop)
}

fn hold(kind: &str, visitor: Option<&VisitorId>) -> HoldRow {
    HoldRow {
        hold_id: kind.to_owned(),
        visitor: visitor.map(ToString::to_string),
        kind: kind.to_owned(),
        reason: "a court asks".to_owned(),
        made_by: "Ada".to_owned(),
        made_at: NOW,
        lifted_at: None,
    }
}

async fn an_erased_visitor_leaves_nothing_but_commitments(engine: Engine) {
    let app = TestServer::start(engine).await;
    for number in 0..6_u64 {
        let who = visitor(if number % 3 == 0 { "B" } else { "C" });
        app.post(&with(refusal(number), json!({"visitor": who}))).await;
    }
    let (gone, stays) = (visitor_id(&app, "B"), visitor_id(&app, "C"));
    let erased = app.store().erase_visitor(&app.shop, &gone, Reason::Visitor, NOW + 7).await.unwrap();
    assert_eq!(erased, Erasure::Done(2));
    let leaves = app.store().leaves(&app.shop, 1, 0, 99).await.unwrap();
    let blank: Vec<i64> = leaves
        .iter()
        .filter(|leaf| leaf.commitment.is_some() && leaf.body.is_none())
        .map(|leaf| leaf.leaf_index)
        .collect();
    assert_eq!(blank, [2, 5]);
    assert!(leaves.iter().filter(|leaf| leaf.body.is_none()).all(|leaf| leaf.salt.is_none()));
    let tombstone: Tombstone = serde_json::from_str(leaves.last().unwrap().body.as_ref().unwrap()).unwrap();
    let expected = Tombstone {
        erased_at: NOW + 7,
        leaves: vec![(2, 2), (5, 5)],
        ledger: 1,
        reason: Reason::Visitor,
        version: 1,
    };
    assert_eq!(tombstone, expected);
    let entry = leaves.last().unwrap().entry().unwrap();
    assert!(
        !entry.contains("visitor") && !entry.contains("[2,2]"),
        "which receipts belong together stays private: {entry}"
    );

    let kept = app.receipts().await;
    assert_eq!(kept.len(), 4);
    assert!(kept.iter().all(|(_, receipt)| receipt.visitor == stays));
    assert_eq!(app.store().own_receipts(&app.shop, &gone, 9).await.unwrap(), Vec::new());
    let again = app.store().erase_visitor(&app.shop, &gone, Reason::Visitor, NOW + 8).await.unwrap();
    assert_eq!(again, Erasure::Done(0));
    assert_eq!(
        app.store().leaves(&app.shop, 1, 0, 99).await.unwrap().len(),
        leaves.len(),
        "nothing more to say"
    );
    app.finish().await;
}

async fn what_is_held_is_not_erased(engine: Engine) {
    let app = TestServer::start(engine).await;
    for (number, letter) in [(1, "B"), (2, "C")] {
        app.post(&with(refusal(number), json!({"visitor": visitor(letter)}))).await;
    }
    let held = visitor_id(&app, "B");
    let claim = hold("legal_hold", Some(&held));
    app.store().add_hold(&app.shop, &claim).await.unwrap();
    let refused = app.store().erase_visitor(&app.shop, &held, Reason::Request, NOW).await.unwrap();
    assert_eq!(refused, Erasure::Held(claim.clone()));
    app.store().set_retention(&app.shop, Some(1)).await.unwrap();
    assert_eq!(erase_what_is_due(app.store(), NOW + 2 * DAY).await.unwrap(), 1, "the other one's");
    assert_eq!(app.receipts().await[0].1.visitor, held, "a hold shows");

    assert!(app.store().lift_hold(&app.shop, &claim.hold_id, NOW).await.unwrap());
    assert!(!app.store().lift_hold(&app.shop, &claim.hold_id, NOW).await.unwrap());
    assert_eq!(erase_what_is_due(app.store(), NOW + 2 * DAY).await.unwrap(), 1);
    assert_eq!(app.store().holds(&app.shop).await.unwrap()[0].lifted_at, Some(NOW));
    app.finish().await;
}

async fn what_is_restricted_is_kept_and_not_shown(engine: Engine) {
    let app = TestServer::start(engine).await;
    for (number, letter) in [(1, "B"), (2, "C")] {
        app.post(&with(refusal(number), json!({"visitor": visitor(letter)}))).await;
    }
    let restricted = visitor_id(&app, "B");
    app.store().add_hold(&app.shop, &hold("restriction", Some(&restricted))).await.unwrap();
    let shown = app.receipts().await;
    assert_eq!(shown.len(), 1);
    assert_ne!(shown[0].1.visitor, restricted);
    let leaves = app.store().leaves(&app.shop, 1, 2, 4).await.unwrap();
    assert_eq!(leaves.iter().map(|leaf| leaf.restricted).collect::<Vec<_>>(), [true, false]);
    assert!(leaves[0].body.is_some(), "it is kept");
    let one = async |number| app.store().receipt(&app.shop, &id(number).parse().unwrap()).await.unwrap();
    assert_eq!((one(1).await.is_some(), one(2).await.is_some()), (false, true));
    app.finish().await;
}

async fn retention_erases_what_is_too_old_in_batches(engine: Engine) {
    let app = TestServer::start(engine).await;
    let many: Vec<_> = (0..1500).map(refusal).collect();
    app.post_all(&many).await;
    app.clock.advance(10 * DAY);
    app.post(&with(refusal(5000), json!({"decided_at": NOW + 10 * DAY}))).await;
    assert_eq!(
        erase_what_is_due(app.store(), NOW + 90 * DAY).await.unwrap(),
        0,
        "kept unless the site says how long"
    );
    app.store().set_retention(&app.shop, Some(90)).await.unwrap();
    assert_eq!(erase_what_is_due(app.store(), NOW + 90 * DAY).await.unwrap(), 0, "not before");
    assert_eq!(erase_what_is_due(app.store(), NOW + 90 * DAY + 1).await.unwrap(), 1500);
    assert_eq!(app.receipts().await.len(), 1);
    let leaves = app.store().leaves(&app.shop, 1, 1503, 9999).await.unwrap();
    let tombstones = leaves.iter().filter(|leaf| leaf.body.is_some()).count();
    assert_eq!(tombstones, 2, "one for each batch");
    app.finish().await;
}

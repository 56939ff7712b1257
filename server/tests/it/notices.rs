//! Owns publishing: numbers without gaps, nothing published twice, old notices readable for ever.

use assent::notices::{Published, publish};
use assent_shared::Notice;
use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines, refusal, with};

both_engines!(
    the_same_notice_is_published_once,
    a_material_change_is_asked_again_and_a_cosmetic_one_is_not,
    an_old_notice_still_takes_its_decisions,
    two_operators_at_once_get_two_numbers,
    a_bad_notice_publishes_nothing,
);

async fn newest(app: &TestServer) -> Notice {
    serde_json::from_str(&app.store().notices(&app.shop).await.unwrap().last().unwrap().body).unwrap()
}

async fn the_same_notice_is_published_once(engine: Engine) {
    let app = TestServer::start(engine).await;
    assert_eq!(publish(app.store(), &app.shop, NOTICE, &[], NOW).await, Ok(Published::Unchanged));
    assert_eq!(app.store().newest_notice(&app.shop).await.unwrap(), 1);
    app.finish().await;
}

async fn a_material_change_is_asked_again_and_a_cosmetic_one_is_not(engine: Engine) {
    let app = TestServer::start(engine).await;
    let reworded = NOTICE.replace("[controller]\nname = \"", "[controller]\nname = \"The ");
    assert_ne!(reworded, NOTICE);
    assert_eq!(publish(app.store(), &app.shop, &reworded, &[], NOW).await, Ok(Published::Number(2)));
    assert!(
        newest(&app).await.purposes.iter().all(|purpose| purpose.since == 1),
        "wording alone asks nobody again"
    );

    let video = "video".parse().unwrap();
    assert_eq!(publish(app.store(), &app.shop, &reworded, &[video], NOW).await, Ok(Published::Number(3)));
    let since: Vec<u32> = newest(&app).await.optional().map(|purpose| purpose.since).collect();
    assert_eq!(since, [1, 3]);
    app.finish().await;
}

async fn an_old_notice_still_takes_its_decisions(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    publish(app.store(), &app.shop, NOTICE, &["analytics".parse().unwrap()], NOW).await.unwrap();
    // A page that was open before the change, or a queue that was offline: its refusal must not be lost.
    assert_eq!(app.post(&refusal(2)).await.0, StatusCode::CREATED);
    assert_eq!(app.post(&with(refusal(3), json!({"notice": 2}))).await.0, StatusCode::CREATED);
    let receipts = app.receipts().await;
    assert_ne!(receipts[1].1.notice.hash, receipts[2].1.notice.hash);
    app.finish().await;
}

async fn two_operators_at_once_get_two_numbers(engine: Engine) {
    let app = TestServer::start(engine).await;
    let texts: Vec<String> = (0..10)
        .map(|number| NOTICE.replace("[controller]\nname = \"", &format!("[controller]\nname = \"{number} ")))
        .collect();
    let published = futures_util::future::join_all(
        texts.iter().map(|text| publish(app.store(), &app.shop, text, &[], NOW)),
    )
    .await;
    let mut numbers: Vec<u32> = published
        .into_iter()
        .map(|published| match published.unwrap() {
            Published::Number(number) => number,
            Published::Unchanged => panic!("each is another"),
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (2..12).collect::<Vec<_>>());
    app.finish().await;
}

async fn a_bad_notice_publishes_nothing(engine: Engine) {
    let app = TestServer::start(engine).await;
    for (from, to, says) in [
        ("default_locale = \"en\"", "default_locale = \"en", "line"),
        ("id = \"video\"", "id = \"Video\"", "a purpose's id has"),
        ("lifetime = \"session\"", "lifetime = \"a while\"", "`a while` is no lifetime"),
        ("essential = true", "essential = false", "is asked, so its legal_basis is consent"),
    ] {
        assert!(NOTICE.contains(from), "{from}");
        let error = publish(app.store(), &app.shop, &NOTICE.replace(from, to), &[], NOW).await.unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    let error = publish(app.store(), &"nosuch".parse().unwrap(), NOTICE, &[], NOW).await.unwrap_err();
    assert!(error.contains("There is no site `nosuch`"), "{error}");
    let error =
        publish(app.store(), &app.shop, NOTICE, &["necessary".parse().unwrap()], NOW).await.unwrap_err();
    assert!(error.contains("not an optional purpose"), "{error}");
    assert_eq!(app.store().newest_notice(&app.shop).await.unwrap(), 1);
    app.finish().await;
}

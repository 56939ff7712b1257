//! Owns publishing: numbers without gaps, nothing published twice, old notices readable for ever.

use assent::notices::{Published, publish};
use assent_shared::Notice;
use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines, refusal, with};

both_engines!(
    the_same_notice_is_published_once,
    a_material_change_is_asked_again_and_a_cosmetic_one_is_not,
    an_old_notice_still_takes_what_was_decided_before_the_new_one,
    a_cosmetic_change_refuses_nothing,
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

async fn an_old_notice_still_takes_what_was_decided_before_the_new_one(engine: Engine) {
    let app = TestServer::start(engine).await;
    publish(app.store(), &app.shop, NOTICE, &["analytics".parse().unwrap()], NOW + 1).await.unwrap();
    app.clock.advance(86_400_000);
    // A queue that was offline: it answered what was shown then, and its refusal must not be lost.
    assert_eq!(app.post(&refusal(1)).await.0, StatusCode::CREATED);
    let later = |number, notice| with(refusal(number), json!({"notice": notice, "decided_at": NOW + 1}));
    assert_eq!(app.post(&later(2, 2)).await.0, StatusCode::CREATED);
    let receipts = app.receipts().await;
    assert_ne!(receipts[0].1.notice.hash, receipts[1].1.notice.hash);

    // A page that stayed open shows what is asked no longer.
    let (status, problem) = app.post(&later(3, 1)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("stale_notice")));
    assert_eq!(problem["notice"], 2);
    let wrong = with(later(4, 1), json!({"choices": {}}));
    assert_eq!(app.post(&wrong).await.1["code"], "invalid_decision", "what is wrong with it is said first");
    assert_eq!(app.receipts().await.len(), 2);
    app.finish().await;
}

async fn a_cosmetic_change_refuses_nothing(engine: Engine) {
    let app = TestServer::start(engine).await;
    let reworded = NOTICE.replace("[controller]\nname = \"", "[controller]\nname = \"The ");
    assert_eq!(publish(app.store(), &app.shop, &reworded, &[], NOW - 1).await, Ok(Published::Number(2)));
    assert_eq!(app.post(&refusal(1)).await.0, StatusCode::CREATED);
    // Nor does a purpose that is there no longer: whoever said no to more has said no to less.
    let (shorter, _) = reworded.split_once("[[purposes]]\nid = \"video\"").unwrap();
    assert_eq!(publish(app.store(), &app.shop, shorter, &[], NOW - 1).await, Ok(Published::Number(3)));
    assert_eq!(app.post(&refusal(2)).await.0, StatusCode::CREATED);
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
            other => panic!("each is another: {other:?}"),
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

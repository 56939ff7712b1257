//! Owns how the form takes what changes around it: the notice that it shows, and the signal that the browser sends.

use assent::notices::publish;
use reqwest::StatusCode;

use super::{Browser, CHOICES, REJECT, last_receipt, set_cookies};
use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines};

both_engines!(a_form_of_an_outdated_notice_is_shown_anew, the_signal_is_told_and_kept_and_answers_nothing);

const ACCEPT: &[(&str, &str)] = &[("method", "accept_all")];

async fn a_form_of_an_outdated_notice_is_shown_anew(engine: Engine) {
    let app = TestServer::start(engine).await;
    let mut browser = Browser::new(&app);
    publish(app.store(), &app.shop, NOTICE, &["analytics".parse().unwrap()], NOW).await.unwrap();
    // The form as it was, written by hand: opening it would keep the site as it is for a second.
    let secret = ("visitor", "AAAAAAAAAAAAAAAAAAAAAA");
    let old = [("id", "0192f3a4-5b6c-7d8e-9f01-000000000001"), ("notice", "1"), ("locale", "en"), secret];
    for answers in
        [ACCEPT, &[("choice_analytics", "granted"), ("choice_video", "granted"), ("method", "custom")]]
    {
        let answer = browser.send(CHOICES, &[&old[..], answers].concat()).await;
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        assert!(set_cookies(&answer).is_empty());
        let page = answer.text().await.unwrap();
        assert!(
            page.contains("The notice has changed. Nothing was saved, please choose again.</p>"),
            "{page}"
        );
        assert!(page.contains("name=\"notice\" value=\"2\""), "the new one is shown");
        assert!(!page.contains("name=\"choice_analytics\" value=\"granted\" checked"), "and asked anew");
        let kept = page.contains("name=\"choice_video\" value=\"granted\" checked");
        assert_eq!(kept, answers.len() == 3, "what did not change keeps its answer");
    }
    assert!(app.receipts().await.is_empty());
    assert_eq!(browser.choose(ACCEPT).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(last_receipt(&app).await.notice.number, 2);
    app.finish().await;
}

async fn the_signal_is_told_and_kept_and_answers_nothing(engine: Engine) {
    let app = TestServer::start(engine).await;
    let covered = NOTICE.replace("id = \"analytics\"", "id = \"analytics\"\ngpc = true");
    publish(app.store(), &app.shop, &covered, &[], NOW).await.unwrap();
    let (off, overruled) = (
        "<p class=\"state\" id=\"signal_analytics\">Off, because your browser sends Global Privacy Control.</p>",
        "<p class=\"state\" id=\"signal_analytics\">On by your own choice, although your browser sends Global Privacy Control.</p>",
    );
    let mut browser = Browser::new(&app);
    for signal in ["", "0", "true"] {
        browser.signal = signal;
        assert!(!browser.open(CHOICES).await.contains("signal_"), "only `1` is the signal, not `{signal}`");
    }
    browser.signal = "1";
    let page = browser.open(CHOICES).await;
    assert!(page.contains(off), "{page}");
    assert!(page.contains("aria-describedby=\"about_analytics signal_analytics\""), "{page}");
    assert!(!page.contains("signal_video") && !page.contains("signal_necessary"), "what it does not cover");
    assert!(!page.contains(" checked"), "it selects nothing");

    // It takes no question away either: what it covers is still to be answered.
    let answer = browser.choose(&[("choice_video", "granted"), ("method", "custom")]).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(app.receipts().await.is_empty());

    for (answers, grants) in [(REJECT, ""), (ACCEPT, "analytics.video")] {
        app.clock.advance(5_000);
        assert_eq!(browser.choose(answers).await.status(), StatusCode::SEE_OTHER);
        assert!(browser.cookie().ends_with(&format!("~{grants}")), "{}", browser.cookie());
        let receipt = last_receipt(&app).await;
        assert!(receipt.gpc, "the receipt says that the signal was on");
        assert!(receipt.choices.values().all(|granted| *granted != grants.is_empty()));
    }
    assert!(browser.open(CHOICES).await.contains(overruled), "an explicit later choice wins");
    browser.signal = "";
    app.clock.advance(5_000);
    browser.choose(REJECT).await;
    assert!(!last_receipt(&app).await.gpc);
    app.finish().await;
}

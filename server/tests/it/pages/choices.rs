//! Owns what becomes of the form once it is sent: receipts, cookies, and the ways in which it must not be misused.

use assent::notices::publish;
use assent_shared::{Method as DecisionMethod, Receipt};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Browser, CHOICES, REJECT, fill, form, header, last_receipt, set_cookies};
use crate::harness::{Engine, NOTICE, NOW, PAGE, TestServer, both_engines, refusal, with};

both_engines!(
    accept_reject_and_save_become_receipts_and_cookies,
    a_receipt_of_the_form_is_like_any_other,
    a_withdrawal_is_called_one,
    a_purpose_that_changed_is_asked_again_and_others_keep_their_answer,
    what_is_new_is_said_to_whoever_answered_before_it,
    where_nothing_is_asked_nothing_is_taken,
    the_form_outruns_a_clock_that_is_ahead,
    a_purpose_without_an_answer_is_told_and_nothing_is_granted,
    a_form_sent_twice_is_one_receipt,
    an_old_form_sent_again_is_a_decision_of_its_own,
    another_sites_page_cannot_send_the_form,
    a_choice_that_would_not_hold_is_not_taken,
    bad_forms_are_refused_and_change_nothing,
    the_way_back_leads_only_to_the_site,
);

const ATTRIBUTES: &str = "; Max-Age=31536000; Path=/; SameSite=Lax; Secure";
/// [`NOW`] in the cookie's seconds and base.
const NOW_36: &str = "tots00";
const ACCEPT: &[(&str, &str)] = &[("method", "accept_all")];

fn analytics_only() -> [(&'static str, &'static str); 3] {
    [("choice_analytics", "granted"), ("choice_video", "denied"), ("method", "custom")]
}

async fn accept_reject_and_save_become_receipts_and_cookies(engine: Engine) {
    let app = TestServer::start(engine).await;
    for (answers, grants, method) in [
        (ACCEPT, "analytics.video", DecisionMethod::AcceptAll),
        (REJECT, "", DecisionMethod::RejectAll),
        (&analytics_only(), "analytics", DecisionMethod::Custom),
    ] {
        let mut browser = Browser::new(&app);
        let answer = browser.choose(answers).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(header(&answer, "location"), format!("choices?lang=en&saved={}", NOW / 1000));
        let [id, stored]: [String; 2] = set_cookies(&answer).try_into().unwrap();
        let secret = id.strip_prefix("assent_id=").unwrap().strip_suffix(&format!("; HttpOnly{ATTRIBUTES}"));
        assert_eq!(secret.map(str::len), Some(22), "{id}");
        assert_eq!(stored, format!("assent=1~1~{NOW_36}~{grants}{ATTRIBUTES}"));
        let receipt = last_receipt(&app).await;
        assert_eq!((receipt.method, receipt.layer, receipt.origin.as_str()), (method, 2, PAGE));

        let saved = browser.open(&format!("/_assent/shop/{}", header(&answer, "location"))).await;
        assert!(saved.contains("role=\"status\"") && saved.contains("Your choice is saved."), "{saved}");
        assert_eq!(saved.matches(" checked").count(), 2, "the page shows what was chosen");
        assert!(!browser.open(CHOICES).await.contains("role=\"status\""), "and says so once");
        let forged = browser.open(&format!("{CHOICES}?saved=1")).await;
        assert!(!forged.contains("role=\"status\""), "a link cannot say that something was saved");
    }
    app.finish().await;
}

async fn a_receipt_of_the_form_is_like_any_other(engine: Engine) {
    let app = TestServer::start(engine).await;
    let mut browser = Browser::new(&app);
    "assent_id=AAAAAAAAAAAAAAAAAAAAAA".clone_into(&mut browser.cookies);
    let page = browser.open(CHOICES).await;
    assert!(!page.contains("name=\"visitor\""), "a secret that is in the cookie does not go into the page");
    let form = fill(&page, REJECT);
    browser.send(CHOICES, &form).await;
    let (_, answer) = app.post(&with(refusal(1), json!({"layer": 2}))).await;
    assert_eq!(answer["receipt"]["method"], "reject_all");
    let [(_, by_form), (_, by_widget)] = app.receipts().await.try_into().unwrap();
    assert_eq!(by_form, Receipt { decision: by_form.decision.clone(), ..by_widget });
    assert_eq!(by_form.decision.as_str(), form[0].1);
    assert_eq!(&by_form.decision.as_str()[..13], "01a1fb67-1800", "a UUIDv7 begins with its time");
    app.finish().await;
}

async fn a_withdrawal_is_called_one(engine: Engine) {
    let app = TestServer::start(engine).await;
    let mut browser = Browser::new(&app);
    browser.choose(ACCEPT).await;
    let first = last_receipt(&app).await;
    assert_eq!(first.replaces, None);
    app.clock.advance(5_000);
    let answer = browser.choose(REJECT).await;
    let receipt = last_receipt(&app).await;
    assert_eq!((receipt.method, &receipt.visitor), (DecisionMethod::Withdraw, &first.visitor));
    assert_eq!(receipt.replaces.as_ref(), Some(&first.decision));
    assert!(receipt.choices.values().all(|granted| !granted));
    let page = browser.open(&format!("/_assent/shop/{}", header(&answer, "location"))).await;
    assert!(page.contains("Your consent is withdrawn."), "{page}");
    app.clock.advance(5_000);
    browser.choose(REJECT).await;
    assert_eq!(
        last_receipt(&app).await.method,
        DecisionMethod::RejectAll,
        "there was nothing left to withdraw"
    );

    app.finish().await;
}

async fn a_purpose_that_changed_is_asked_again_and_others_keep_their_answer(engine: Engine) {
    let app = TestServer::start(engine).await;
    publish(app.store(), &app.shop, NOTICE, &["video".parse().unwrap()], NOW).await.unwrap();
    let mut browser = Browser::new(&app);
    browser.cookies = format!("assent=1~1~{NOW_36}~analytics.video");
    let page = browser.open(CHOICES).await;
    assert_eq!((page.matches(" checked").count(), page.matches("Not decided yet").count()), (1, 1));
    browser.choose(&[("choice_analytics", "granted"), ("choice_video", "denied")]).await;
    let receipt = last_receipt(&app).await;
    assert_eq!((receipt.method, receipt.notice.number), (DecisionMethod::Custom, 2));
    app.finish().await;
}

async fn what_is_new_is_said_to_whoever_answered_before_it(engine: Engine) {
    let app = TestServer::start(engine).await;
    let changed = NOTICE.replace("name = \"Video\"", "name = \"Video\"\nchanged = \"by two houses\"");
    publish(app.store(), &app.shop, &changed, &["video".parse().unwrap()], NOW).await.unwrap();
    let mut browser = Browser::new(&app);
    let said = "New or changed";
    assert!(!browser.open(CHOICES).await.contains(said), "nothing is new to who comes for the first time");
    browser.cookies = format!("assent=1~1~{NOW_36}~analytics.video");
    let page = browser.open(CHOICES).await;
    for line in [
        "<p class=\"told\">New or changed since your last choice: Video (by two houses)</p>",
        "aria-describedby=\"new_video about_video\"",
        "<p class=\"state\" id=\"new_video\"><b>New or changed: by two houses</b></p>",
    ] {
        assert!(page.contains(line), "no {line} in {page}");
    }
    assert_eq!(page.matches(said).count(), 2, "and nothing else is new: {page}");
    browser.choose(ACCEPT).await;
    assert!(!browser.open(CHOICES).await.contains(said), "it is answered now");
    app.finish().await;
}

async fn where_nothing_is_asked_nothing_is_taken(engine: Engine) {
    let asking = TestServer::start(engine).await;
    let form = Browser::new(&asking).open(CHOICES).await;
    asking.finish().await;
    let app = TestServer::start(engine).await;
    publish(app.store(), &app.shop, &crate::tags::essential_only(""), &[], NOW).await.unwrap();
    let browser = Browser::new(&app);
    let page = browser.open(CHOICES).await;
    assert!(page.contains("You do not have to choose anything.") && page.contains("<table"), "{page}");
    assert!(!page.contains("<form") && !page.contains("<button"), "{page}");
    let cookies = browser.open("/_assent/shop/cookies").await;
    assert!(cookies.contains("Keeps your basket") && !cookies.contains("Change your choices"), "{cookies}");

    // A form made by hand, and a decision.
    let forged: Vec<(&str, &str)> = fill(&form, ACCEPT)
        .into_iter()
        .map(|(name, value)| (name, if name == "notice" { "2" } else { value }))
        .collect();
    assert_eq!(browser.send(CHOICES, &forged).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let (status, answer) = app.post(&with(refusal(2), json!({"choices": {}}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert!(app.receipts().await.is_empty());
    app.finish().await;
}

async fn the_form_outruns_a_clock_that_is_ahead(engine: Engine) {
    let app = TestServer::start(engine).await;
    let mut browser = Browser::new(&app);
    for (cookie, written) in [
        // Within the same second, or by a clock that is ahead, the loader would believe the older decision.
        (format!("{NOW_36}~analytics.video"), Some("tots01")),
        ("totszz~analytics.video".to_owned(), Some("tott00")),
        ("zzzzzzzzzzzz~analytics.video".to_owned(), None),
        ("nonsense".to_owned(), Some(NOW_36)),
    ] {
        browser.cookies = format!("assent=1~1~{cookie}");
        browser.choose(REJECT).await;
        let kept = browser.cookie();
        assert!(kept.ends_with('~'), "a refusal stands whatever the clocks say: {kept}");
        assert!(written.is_none_or(|written| kept == format!("1~1~{written}~")), "{cookie}: {kept}");
    }
    app.finish().await;
}

async fn a_purpose_without_an_answer_is_told_and_nothing_is_granted(engine: Engine) {
    let app = TestServer::start(engine).await;
    let mut browser = Browser::new(&app);
    let answer = browser.choose(&[("choice_video", "granted"), ("method", "custom")]).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(set_cookies(&answer).is_empty());
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("role=\"alert\"")
            && page.contains("<a href=\"#choice_analytics_granted\">Analytics</a>")
    );
    assert!(!page.contains("<a href=\"#choice_video_granted\">"), "what was answered is not asked for");
    assert!(page.contains("name=\"choice_video\" value=\"granted\" checked>"), "and is not lost");
    assert!(app.receipts().await.is_empty());
    // The Enter key sends no button's name; it saves.
    let done = browser.choose(&[("choice_video", "granted"), ("choice_analytics", "denied")]).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(last_receipt(&app).await.method, DecisionMethod::Custom);
    app.finish().await;
}

async fn a_form_sent_twice_is_one_receipt(engine: Engine) {
    let app = TestServer::start(engine).await;
    let mut browser = Browser::new(&app);
    let page = browser.open(CHOICES).await;
    let form = fill(&page, &analytics_only());
    let (one, two) = tokio::join!(browser.send(CHOICES, &form), browser.send(CHOICES, &form));
    assert_eq!((one.status(), two.status()), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    assert_eq!(set_cookies(&one), set_cookies(&two), "both answers set the same cookies");
    app.clock.advance(7_000);
    let late = browser.send(CHOICES, &form).await;
    assert_eq!(set_cookies(&late), set_cookies(&one));
    browser.keep(&one);
    let later = browser.send(CHOICES, &form).await;
    assert_eq!(set_cookies(&later), set_cookies(&one), "also with the first answer's cookies");
    assert_eq!(app.receipts().await.len(), 1);
    app.finish().await;
}

async fn an_old_form_sent_again_is_a_decision_of_its_own(engine: Engine) {
    let app = TestServer::start(engine).await;
    let mut browser = Browser::new(&app);
    let page = browser.open(CHOICES).await;
    // One copy of the page, three wishes: the last one must stand, also where it equals the first.
    for (answers, grants) in [(REJECT, ""), (ACCEPT, "analytics.video"), (REJECT, "")] {
        app.clock.advance(10_000);
        let answer = browser.send(CHOICES, &fill(&page, answers)).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        browser.keep(&answer);
        assert!(browser.cookie().ends_with(&format!("~{grants}")), "{}", browser.cookie());
    }
    let methods: Vec<_> = app.receipts().await.iter().map(|(_, receipt)| receipt.method).collect();
    assert_eq!(methods, [DecisionMethod::RejectAll, DecisionMethod::AcceptAll, DecisionMethod::Withdraw]);
    app.finish().await;
}

async fn another_sites_page_cannot_send_the_form(engine: Engine) {
    let app = TestServer::start(engine).await;
    let browser = Browser::new(&app);
    let page = browser.open(CHOICES).await;
    let fields = fill(&page, ACCEPT);
    let send = async |headers: &[(&str, &str)]| {
        let mut request = browser.client.post(app.url(CHOICES)).header("host", "shop.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = form(request, &fields).send().await.unwrap();
        assert!(answer.status() == StatusCode::SEE_OTHER || set_cookies(&answer).is_empty());
        answer.status().as_u16()
    };
    for headers in [
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")][..],
        &[("origin", "https://evil.example")],
        &[("origin", "https://evil.example"), ("referer", "https://shop.example/")],
        &[("origin", PAGE), ("sec-fetch-site", "cross-site")],
        &[("origin", PAGE), ("sec-fetch-site", "same-site")],
        &[("origin", "null")],
        &[("origin", "http://shop.example")],
        &[("referer", "https://evil.example/https://shop.example/")],
        &[],
    ] {
        assert_eq!(send(headers).await, 403, "{headers:?}");
    }
    assert!(app.receipts().await.is_empty());
    assert_eq!(
        send(&[("referer", "https://shop.example/_assent/shop/choices")]).await,
        303,
        "a text browser"
    );
    app.finish().await;
}

async fn a_choice_that_would_not_hold_is_not_taken(engine: Engine) {
    let app = TestServer::start(engine).await;
    // Under the server's own name, which is not one of the site's, the cookies would never reach the site.
    let page = app.get(CHOICES).await.text().await.unwrap();
    assert!(page.contains("Analytics") && page.contains("_ex_session"), "it can be read");
    assert!(!page.contains("<form") && !page.contains("<button"), "but nothing can be chosen");
    assert!(page.contains("<a class=\"away\" href=\"https://shop.example/\">"), "and leads to the site");
    let own = format!("http://{}", app.server().address());
    let request = app.request(Method::POST, CHOICES).header("origin", own);
    let answer = form(request, ACCEPT).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(app.receipts().await.is_empty());
    app.finish().await;
}

async fn bad_forms_are_refused_and_change_nothing(engine: Engine) {
    let app = TestServer::start(engine).await;
    let browser = Browser::new(&app);
    let page = browser.open(CHOICES).await;
    let good = fill(&page, ACCEPT);
    let changed = |name: &str, value: &'static str| {
        let mut form = good.clone();
        form.retain(|(field, _)| *field != name);
        if value != "-" {
            form.push((Box::leak(name.to_owned().into_boxed_str()), value));
        }
        form
    };
    let twice = [&good[..], &[("method", "reject_all")]].concat();
    let both = [("choice_video", "granted"), ("choice_video", "denied"), ("choice_analytics", "denied")];
    let essential =
        [("choice_necessary", "denied"), ("choice_video", "denied"), ("choice_analytics", "denied")];
    let unknown = [("choice_ads", "granted"), ("choice_video", "denied"), ("choice_analytics", "denied")];
    for (what, form, code) in [
        ("no id", changed("id", "-"), "malformed_body"),
        ("an odd id", changed("id", "1"), "malformed_body"),
        ("no notice", changed("notice", "-"), "malformed_body"),
        ("an unknown notice", changed("notice", "77"), "unknown_notice"),
        ("another language", changed("locale", "tlh"), "invalid_decision"),
        ("no language", changed("locale", "-"), "malformed_body"),
        ("a short secret", changed("visitor", "short"), "malformed_body"),
        ("an unknown button", changed("method", "signal"), "malformed_body"),
        ("a foreign field", changed("ip", "192.0.2.1"), "malformed_body"),
        ("an odd purpose", changed("choice_<b>", "granted"), "malformed_body"),
        ("an odd answer", changed("choice_video", "maybe"), "malformed_body"),
        ("two buttons", twice, "malformed_body"),
        ("yes and no", fill(&page, &both), "malformed_body"),
        ("an essential purpose", fill(&page, &essential), "invalid_decision"),
        ("an unknown purpose", fill(&page, &unknown), "invalid_decision"),
    ] {
        let answer = browser.send(CHOICES, &form).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{what}");
        assert!(set_cookies(&answer).is_empty(), "{what}");
        assert!(answer.text().await.unwrap().contains(&format!("\"code\":\"{code}\"")), "{what}");
    }
    let long = "x".repeat(9_000);
    assert_eq!(browser.send(CHOICES, &[("id", &long)]).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let request = browser.client.post(app.url(CHOICES)).header("host", "shop.example").header("origin", PAGE);
    let answer = request.json(&json!({"method": "accept_all"})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let nowhere = browser.send("/_assent/nosuch/choices", &good).await;
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
    assert!(app.receipts().await.is_empty());
    app.finish().await;
}

async fn the_way_back_leads_only_to_the_site(engine: Engine) {
    let app = TestServer::start(engine).await;
    let www = "https://www.shop.example".to_owned();
    app.store().set_origins(&app.shop, &[PAGE.to_owned(), www]).await.unwrap();
    let browser = Browser::new(&app);
    for (back, led_to) in [
        ("%2Fbasket%3Fa%3Db", Some("https://shop.example/basket?a=b")),
        ("https%3A%2F%2Fwww.shop.example%2Fx", Some("https://www.shop.example/x")),
        ("https%3A%2F%2Fevil.example%2F", None),
        ("%2F%2Fevil.example", None),
        ("%2F%5Cevil.example", None),
        ("javascript%3Aalert(1)", None),
        ("https%3A%2F%2Fshop.example%40evil.example", None),
    ] {
        let path = format!("{CHOICES}?lang=en&back={back}");
        let opened = browser.get(&path).await;
        let policy = header(&opened, "content-security-policy").to_owned();
        assert_eq!(policy.contains("www.shop.example"), back.contains("www"), "{policy}");
        let page = opened.text().await.unwrap();
        assert!(!page.contains("evil.example") && !page.contains("javascript:"), "{back}");
        let to = format!("<a class=\"away\" href=\"{}\">", led_to.unwrap_or("https://shop.example/"));
        assert!(page.contains(&to), "{back}: {page}");
        let answer = browser.send(&path, &fill(&page, REJECT)).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let location = header(&answer, "location");
        assert_eq!(location, led_to.unwrap_or(&format!("choices?lang=en&saved={}", NOW / 1000)), "{back}");
    }
    app.finish().await;
}

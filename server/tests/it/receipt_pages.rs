//! Owns the tests of the pages of receipts and exports, as an auditor and an admin see them, and others do not.

use std::time::Duration;

use assent::access::{Permission, Role};
use assent_shared::SiteId;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Engine, TestServer, both_engines, id, refusal, with};

both_engines!(
    an_auditor_finds_opens_and_exports,
    an_admin_holds_and_erases,
    only_whoever_may_sees_receipts,
    what_is_seen_is_written_down,
);

const SHOP: &str = "/admin/sites/shop";

async fn decided(engine: Engine) -> TestServer {
    let app = TestServer::start(engine).await;
    for number in 0..60 {
        let choices = json!({"analytics": number % 2 == 0, "video": false});
        let method = if number % 2 == 0 { "custom" } else { "reject_all" };
        app.post(&with(refusal(number), json!({"choices": choices, "method": method}))).await;
        app.clock.advance(60_000);
    }
    app
}

async fn an_auditor_finds_opens_and_exports(engine: Engine) {
    let app = decided(engine).await;
    let ann = app.signed_in(Role::Auditor, Some(&app.shop)).await;
    let all = ann.read(&format!("{SHOP}/receipts")).await;
    assert!(all.contains("rel=\"next\"") && all.matches("/receipts/0192f3a4").count() == 50, "{all}");
    let next = all.split("receipts?after=").nth(1).unwrap().split('"').next().unwrap();
    let older = ann.read(&format!("{SHOP}/receipts?after={next}")).await;
    assert!(older.contains(">Newest</a>") && older.matches("/receipts/0192f3a4").count() == 10, "{older}");
    // As a browser sends the form: with the fields that nobody filled in.
    let rejected = ann
        .read(&format!(
            "{SHOP}/receipts?from=2026-11-21&to=&notice=&method=reject_all&granted=&denied=video&visitor="
        ))
        .await;
    assert_eq!(rejected.matches("/receipts/0192f3a4").count(), 30);
    assert!(
        rejected.contains("<option value=\"reject_all\" selected>") && rejected.contains(">Export these<"),
        "{rejected}"
    );
    let refused = ann.open(&format!("{SHOP}/receipts?visitor=me&from=2026-11-21")).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let refused = refused.text().await.unwrap();
    assert!(
        refused.contains("role=\"alert\"")
            && refused.contains("value=\"me\"")
            && refused.contains("value=\"2026-11-21\""),
        "{refused}"
    );

    let one = ann.read(&format!("{SHOP}/receipts/{}", id(2))).await;
    assert!(one.contains("✓ checks") && one.contains("chose each") && one.contains("leaf 4 of 62"), "{one}");
    assert!(!one.contains("/erase"), "an auditor erases nothing");
    for (view, kind, said) in [
        ("receipt", "application/json", "\"decision\""),
        ("proof", "text/plain; charset=utf-8", "c2sp.org/tlog-proof@v1"),
        ("all", "application/json", "\"proven\""),
        ("dpv", "application/ld+json", "@context"),
        ("kantara", "application/json", "consentReceiptID"),
    ] {
        let file = ann.open(&format!("{SHOP}/receipts/{}/{view}", id(2))).await;
        assert_eq!(
            (file.status(), file.headers()["content-type"].to_str().unwrap()),
            (StatusCode::OK, kind),
            "{view}"
        );
        assert!(file.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
        assert!(file.text().await.unwrap().contains(said), "{view}");
    }
    let replay = one.split("href=\"/_assent/shop/replay/").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(app.get(&format!("/_assent/shop/replay/{replay}")).await.status(), StatusCode::OK);

    let body = app.receipts().await[3].0.body.clone();
    let form = format!(
        "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"r.json\"\r\n\r\n{body}\r\n--x--\r\n"
    );
    let find = |form: String| {
        ann.browser
            .request(reqwest::Method::POST, &format!("{SHOP}/receipts/find"))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "multipart/form-data; boundary=x")
            .body(form)
            .send()
    };
    let found = find(form).await.unwrap().text().await.unwrap();
    assert!(found.contains("stored exactly like this"), "{found}");
    assert_eq!(find("--x--\r\n".to_owned()).await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
    let affected = ann.read(&format!("{SHOP}/affected?notice=1")).await;
    assert!(affected.contains(">60</td>") && affected.contains("affected.csv?notice=1"), "{affected}");
    assert!(ann.read(&format!("{SHOP}/affected.csv?notice=1")).await.starts_with("visitor,"));

    let new = ann.read(&format!("{SHOP}/exports/new?method=reject_all")).await;
    assert!(new.contains("<option value=\"reject_all\" selected>"), "{new}");
    let refused = ann.send(&format!("{SHOP}/exports"), &[("format", "bundle"), ("method", "custom")]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().await.unwrap().contains("chosen by time and visitor only"));
    let to = ann
        .sends(&format!("{SHOP}/exports"), &[("format", "csv"), ("method", "reject_all"), ("from", "")])
        .await;
    assert_eq!(to, format!("{SHOP}/exports?done=asked"));
    let listed = async {
        loop {
            let page = ann.read(&format!("{SHOP}/exports")).await;
            if page.contains("/file\"") {
                return page;
            }
            assert!(page.contains("http-equiv=\"refresh\""), "it follows by itself: {page}");
        }
    };
    let page = tokio::time::timeout(Duration::from_secs(20), listed).await.unwrap();
    assert!(!page.contains("http-equiv=\"refresh\"") && page.contains("30 receipts"), "{page}");
    let file = page.split("/file\"").next().unwrap().rsplit('"').next().unwrap();
    let table = ann.read(&format!("{file}/file")).await;
    assert_eq!(table, ann.read(&format!("{SHOP}/export?format=csv&method=reject_all&to=")).await);
    assert_eq!(table.lines().count(), 31);
    ann.sends(&format!("{file}/remove"), &[]).await;
    assert!(ann.read(&format!("{SHOP}/exports")).await.contains("There is no export here"));
    ann.sends(&format!("{SHOP}/exports"), &[("format", "everything")]).await;
    assert_eq!(app.store().exports(&app.shop, None, 9).await.unwrap().len(), 2);
    app.finish().await;
}

async fn an_admin_holds_and_erases(engine: Engine) {
    let app = decided(engine).await;
    let ben = app.signed_in(Role::Admin, None).await;
    let here = format!("{SHOP}/receipts/{}", id(2));
    assert!(ben.read(&here).await.contains("Nothing holds it"));
    assert!(ben.read(&format!("{here}/erase")).await.contains("cannot be undone"));
    assert_eq!(app.receipts().await.len(), 60, "to look is not to do");
    let refused = ben.send(&format!("{here}/hold"), &[("kind", "legal_hold"), ("reason", " ")]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let to = ben.sends(&format!("{here}/hold"), &[("kind", "legal_hold"), ("reason", "case <7>")]).await;
    let held = ben.read(&to).await;
    assert!(held.contains("case &#60;7&#62;") && held.contains(&ben.email), "{held}");
    let kept = ben.send(&format!("{here}/erase"), &[]).await;
    assert_eq!(kept.status(), StatusCode::CONFLICT);
    assert_eq!(app.receipts().await.len(), 60);
    let wanted = held.split("name=\"hold\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    ben.sends(&format!("{here}/lift"), &[("hold", wanted)]).await;
    assert_eq!(ben.sends(&format!("{here}/erase"), &[]).await, format!("{SHOP}/receipts?done=erased"));
    assert!(ben.read(&format!("{SHOP}/receipts?done=erased")).await.contains("receipts are erased"));
    assert!(app.receipts().await.is_empty());
    assert_eq!(ben.open(&here).await.status(), StatusCode::NOT_FOUND);
    let key = app.key(&[Permission::EraseReceipts], None).await;
    let restriction = json!({"kind": "restriction", "reason": "disputed", "visitor": null});
    let made = app
        .request(reqwest::Method::POST, "/api/v1/sites/shop/holds")
        .bearer_auth(&key)
        .json(&restriction)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.unwrap();
    let list: Value = app.get_with_key(&key, "/api/v1/sites/shop/holds").await.json().await.unwrap();
    assert!(list["items"].as_array().unwrap().contains(&made), "{list}");
    let path = format!("/api/v1/sites/shop/holds/{}", made["hold_id"].as_str().unwrap());
    let lifting =
        async || app.request(reqwest::Method::DELETE, &path).bearer_auth(&key).send().await.unwrap().status();
    assert_eq!((lifting().await, lifting().await), (StatusCode::OK, StatusCode::NOT_FOUND));
    app.finish().await;
}

async fn only_whoever_may_sees_receipts(engine: Engine) {
    let app = decided(engine).await;
    let export = json!({"format": "csv"});
    let key = app.key(&[Permission::ExportReceipts], None).await;
    let made = app
        .request(reqwest::Method::POST, "/api/v1/sites/shop/exports")
        .bearer_auth(&key)
        .json(&export)
        .send()
        .await
        .unwrap();
    let export = made.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let one = id(2);
    let pages = [
        "/receipts",
        "/receipts/find",
        "/affected",
        "/affected.csv",
        "/exports",
        "/exports/new",
        "/export",
        &format!("/receipts/{one}"),
        &format!("/receipts/{one}/receipt"),
        &format!("/receipts/{one}/erase"),
        &format!("/receipts/{one}/hold"),
        &format!("/exports/{export}/file"),
    ];
    let forms = [
        "/exports",
        &format!("/exports/{export}/remove"),
        &format!("/receipts/{one}/erase"),
        &format!("/receipts/{one}/hold"),
        &format!("/receipts/{one}/lift"),
    ];
    let blog: SiteId = "blog".parse().unwrap();
    let site = assent::store::Site {
        id: blog.clone(),
        name: "Blog".to_owned(),
        environment: assent::store::Environment::Production,
        origins: vec!["https://blog.example".to_owned()],
        share_subdomains: false,
    };
    assert!(app.store().add_site(&site, 0).await.unwrap());
    for (role, on, expected) in [
        (Role::Viewer, None, StatusCode::FORBIDDEN),
        (Role::Editor, Some(&app.shop), StatusCode::FORBIDDEN),
        (Role::Admin, Some(&blog), StatusCode::NOT_FOUND),
        (Role::Auditor, Some(&blog), StatusCode::NOT_FOUND),
    ] {
        let person = app.signed_in(role, on).await;
        for page in pages {
            assert_eq!(person.open(&format!("{SHOP}{page}")).await.status(), expected, "{role:?} {page}");
        }
        for form in forms {
            assert_eq!(
                person.send(&format!("{SHOP}{form}"), &[]).await.status(),
                expected,
                "{role:?} {form}"
            );
        }
    }
    let auditor = app.signed_in(Role::Auditor, None).await;
    for form in &forms[2..] {
        let fields = [("kind", "restriction"), ("reason", "x"), ("hold", "1")];
        assert_eq!(
            auditor.send(&format!("{SHOP}{form}"), &fields).await.status(),
            StatusCode::FORBIDDEN,
            "{form}"
        );
    }
    assert_eq!(app.receipts().await.len(), 60);
    for page in pages {
        let answer = app.get(&format!("{SHOP}{page}")).await;
        assert!(
            answer.url().path() == "/admin/login" || answer.status().is_client_error(),
            "{page}: {}",
            answer.status()
        );
    }
    app.finish().await;
}

async fn what_is_seen_is_written_down(engine: Engine) {
    let app = decided(engine).await;
    let ann = app.signed_in(Role::Auditor, None).await;
    ann.read(&format!("{SHOP}/receipts?method=custom")).await;
    ann.read(&format!("{SHOP}/receipts/{}", id(2))).await;
    ann.read(&format!("{SHOP}/affected?notice=1")).await;
    ann.read(&format!("{SHOP}/export?format=jsonl&to=2026-11-22")).await;
    ann.sends(&format!("{SHOP}/exports"), &[("format", "csv")]).await;
    let owner = app.key(&[Permission::ReadAudit], None).await;
    let log: Value =
        app.get_with_key(&owner, &format!("/api/v1/audit?actor={}", ann.email)).await.json().await.unwrap();
    let said: Vec<(&str, &str)> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["about"].as_str().unwrap()))
        .filter(|(action, _)| action.starts_with("receipt.") || action.starts_with("export."))
        .collect();
    let one = id(2);
    assert_eq!(
        said,
        [
            ("export.make", "in the background: csv: all"),
            ("export.make", "jsonl: to=2026-11-22"),
            ("receipt.affected", "notice=1"),
            ("receipt.view", one.as_str()),
            ("receipt.list", "method=custom"),
        ]
    );
    app.finish().await;
}

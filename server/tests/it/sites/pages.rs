//! Owns sites as pages and as the API: each does what the other does, and both only for who may.

use assent::access::{Permission, Role};
use assent_shared::SiteId;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Engine, PAGE, TestServer, both_engines, refusal};

both_engines!(
    an_owner_runs_a_site_by_pages,
    a_refused_form_is_shown_again_with_what_is_wrong,
    the_api_does_the_same,
    roles_see_what_is_theirs,
    every_line_of_a_page_is_text
);

async fn an_owner_runs_a_site_by_pages(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    assert!(owner.read("/admin").await.contains("href=\"/admin/sites/shop\""));
    let fields = [
        ("id", "blog"),
        ("name", "The blog"),
        ("origins", "https://blog.example\r\nhttps://www.blog.example\r\n"),
        ("environment", "staging"),
        ("retention_days", " 30 "),
    ];
    let to = owner.sends("/admin/sites/new", &fields).await;
    assert_eq!(to, "/admin/sites/blog?done=added");
    let page = owner.read(&to).await;
    assert!(page.contains("role=\"status\"") && page.contains("The site is added"), "{page}");
    for said in ["https://www.blog.example", "staging", "30 days", "none yet", "/_assent/blog.js"] {
        assert!(page.contains(said), "{said}");
    }
    let to = owner
        .sends(
            "/admin/sites/blog/settings",
            &[("name", "Our blog"), ("origins", "https://blog.example"), ("environment", "production")],
        )
        .await;
    let page = owner.read(&to).await;
    assert!(page.contains("value=\"Our blog\"") && page.contains("<option selected>production"), "{page}");
    assert!(
        page.contains("name=\"retention_days\" inputmode=\"numeric\" value=\"\""),
        "an empty field keeps receipts"
    );

    // Where the tag is seen; a stranger's origin becomes one of the site's by one button.
    for (origin, host) in [(PAGE, "shop.example"), ("https://new.shop.example", "consent.example")] {
        app.request(Method::GET, "/_assent/shop.js")
            .header("origin", origin)
            .header("host", host)
            .send()
            .await
            .unwrap();
    }
    let page = owner.read("/admin/sites/shop").await;
    assert!(page.contains("the page&#39;s own host") || page.contains("the page's own host"));
    assert!(page.contains("not listed") && page.contains("value=\"https://new.shop.example\""));
    let to = owner.sends("/admin/sites/shop/origins", &[("origin", "https://new.shop.example")]).await;
    assert!(!owner.read(&to).await.contains("class=\"badge bad\""), "it is listed now");
    let to = owner.sends("/admin/sites/shop/pins", &[("locale", "en")]).await;
    let page = owner.read(&to).await;
    assert!(
        page.contains("as the tag is now") && page.contains("integrity=&#34;sha384-")
            || page.contains("integrity=&quot;sha384-"),
        "{page}"
    );
    let to = owner.sends("/admin/sites/shop/sightings/forget", &[]).await;
    assert!(owner.read(&to).await.contains("Nowhere yet"));

    // With the first receipt the environment is no choice any more.
    assert_eq!(app.post(&refusal(1)).await.0, StatusCode::CREATED);
    let page = owner.read("/admin/sites/shop/settings").await;
    assert!(
        !page.contains("<select id=\"environment\"") && page.contains("it has receipts")
            || page.contains("this site has receipts")
    );
    let overview = owner.read("/admin/sites/shop").await;
    assert!(overview.contains("<dt>Receipts today</dt><dd>1 "), "{overview}");
    app.finish().await;
}

async fn a_refused_form_is_shown_again_with_what_is_wrong(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let fields =
        [("id", "Blog!"), ("name", "The <b>blog"), ("origins", "blog.example"), ("retention_days", "soon")];
    let answer = owner.send("/admin/sites/new", &fields).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = answer.text().await.unwrap();
    for said in [
        "id=\"id-error\"",
        "id=\"origins-error\"",
        "id=\"retention_days-error\"",
        "aria-invalid=\"true\"",
        "role=\"alert\"",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(
        page.contains("value=\"Blog!\"") && page.contains(">blog.example</textarea>"),
        "what was typed is there"
    );
    assert!(!page.contains("<b>blog"), "and is text");
    app.post(&refusal(1)).await;
    let changed = [("name", "Shop"), ("origins", PAGE), ("environment", "development")];
    let answer = owner.send("/admin/sites/shop/settings", &changed).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().await.unwrap().contains("id=\"environment-error\""));
    app.finish().await;
}

async fn the_api_does_the_same(engine: Engine) {
    let app = TestServer::start(engine).await;
    let key = app.key(&[Permission::ManageSites, Permission::ReadStatistics], None).await;
    let ask = async |method: Method, path: &str, body: Value| {
        let request = app.request(method, path).bearer_auth(&key).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
    };
    let new = json!({"id": "blog", "origins": ["https://blog.example"], "environment": "staging"});
    let (status, added) = ask(Method::POST, "/api/v1/sites", new.clone()).await;
    assert_eq!((status, &added["name"], &added["notice"]), (201, &json!("blog"), &Value::Null));
    let (status, problem) = ask(Method::POST, "/api/v1/sites", new).await;
    assert_eq!((status, &problem["code"]), (422, &json!("invalid_fields")));
    let (status, changed) = ask(Method::PATCH, "/api/v1/sites/blog", json!({"retention_days": 7})).await;
    assert_eq!(
        (status, &changed["retention_days"], &changed["environment"]),
        (200, &json!(7), &json!("staging"))
    );
    let (_, changed) = ask(Method::PATCH, "/api/v1/sites/blog", json!({"retention_days": null})).await;
    assert_eq!(changed["retention_days"], Value::Null);
    let (status, _) = ask(Method::PATCH, "/api/v1/sites/blog", json!({"id": "other"})).await;
    assert_eq!(status, 422, "an id is for ever");

    let (_, list) = ask(Method::GET, "/api/v1/sites?limit=1", Value::Null).await;
    assert_eq!((&list["items"][0]["id"], &list["next"]), (&json!("blog"), &json!("blog")));
    let (_, list) = ask(Method::GET, "/api/v1/sites?limit=1&after=blog", Value::Null).await;
    assert_eq!((&list["items"][0]["id"], &list["next"]), (&json!("shop"), &Value::Null));
    assert_eq!(ask(Method::GET, "/api/v1/sites?limit=0", Value::Null).await.0, 422);
    assert_eq!(ask(Method::GET, "/api/v1/sites?colour=red", Value::Null).await.0, 422);
    let (_, shop) = ask(Method::GET, "/api/v1/sites/shop", Value::Null).await;
    assert_eq!((&shop["locales"], &shop["today"]["shown"]), (&json!(["en"]), &json!(0)));

    let (status, pin) = ask(Method::POST, "/api/v1/sites/shop/tag/pins", json!({"locale": "en"})).await;
    assert_eq!((status, &pin["newest"]), (201, &json!(true)));
    assert_eq!(ask(Method::POST, "/api/v1/sites/shop/tag/pins", json!({"locale": "en"})).await.0, 200);
    app.request(Method::GET, "/_assent/shop.js").header("origin", PAGE).send().await.unwrap();
    let (_, tag) = ask(Method::GET, "/api/v1/sites/shop/tag", Value::Null).await;
    assert_eq!(
        (&tag["sightings"][0]["origin"], &tag["sightings"][0]["listed"]),
        (&json!(PAGE), &json!(true))
    );
    assert_eq!(tag["pins"][0]["hash"], pin["hash"]);
    assert_eq!(ask(Method::DELETE, "/api/v1/sites/shop/tag/sightings", Value::Null).await.0, 204);
    app.finish().await;
}

async fn roles_see_what_is_theirs(engine: Engine) {
    let app = TestServer::start(engine).await;
    let blog: SiteId = "blog".parse().unwrap();
    let owner = app.owner().await;
    owner.sends("/admin/sites/new", &[("id", "blog"), ("origins", "https://blog.example")]).await;
    for role in [Role::Admin, Role::Editor, Role::Auditor, Role::Viewer] {
        let person = app.signed_in(role, Some(&blog)).await;
        let list = person.read("/admin").await;
        assert!(list.contains("/admin/sites/blog") && !list.contains("/admin/sites/shop"), "{role:?}");
        let manages = role.permissions().contains(&Permission::ManageSites);
        let reads = role.permissions().contains(&Permission::ReadStatistics);
        let status = async |path: &str| person.open(path).await.status().as_u16();
        let (ours, theirs) = (if manages { 200 } else { 403 }, 404);
        assert_eq!(status("/admin/sites/blog").await, 200);
        assert_eq!(status("/admin/sites/blog/settings").await, ours, "{role:?}");
        assert_eq!(status("/admin/sites/blog/statistics").await, if reads { 200 } else { 403 }, "{role:?}");
        assert_eq!(
            status("/admin/sites/blog/statistics.csv").await,
            if reads { 200 } else { 403 },
            "{role:?}"
        );
        for path in ["", "/settings", "/statistics", "/statistics.csv", "/statistics?first=soon"] {
            assert_eq!(status(&format!("/admin/sites/shop{path}")).await, theirs, "{role:?} {path}");
        }
        assert_eq!(status("/admin/sites/new").await, 403, "{role:?}");
        for path in ["settings", "pins", "origins", "sightings/forget"] {
            let fields =
                [("locale", "en"), ("origin", "https://evil.example"), ("origins", "https://evil.example")];
            let answer = person.send(&format!("/admin/sites/shop/{path}"), &fields).await;
            assert_eq!(answer.status().as_u16(), theirs, "{role:?} {path}");
        }
        let page = person.read("/admin/sites/blog").await;
        assert_eq!(page.contains("Where the tag was seen"), manages, "{role:?}");
        assert_eq!(page.contains("Shown today"), reads, "{role:?}");
    }
    let shop = owner.read("/admin/sites/shop/settings").await;
    assert!(!shop.contains("evil.example"), "nothing was changed");
    app.finish().await;
}

async fn every_line_of_a_page_is_text(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let name = "\"><script>alert(1)</script>";
    owner
        .sends("/admin/sites/new", &[("id", "odd"), ("name", name), ("origins", "https://odd.example")])
        .await;
    for path in [
        "/admin",
        "/admin/sites/odd",
        "/admin/sites/odd/settings",
        "/admin/sites/odd/statistics",
        "/admin/sites/odd?done=<script>",
    ] {
        let answer = owner.open(path).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let page = answer.text().await.unwrap();
        assert!(!page.contains("<script") && !page.contains(" style="), "{path}");
    }
    app.finish().await;
}

//! Owns sites as operators run them: adding and changing, their environments, where the tag is seen, and pinned tags.

mod pages;

use assent::access::{Caller, Grant, Permission, Role};
use assent::error::Error;
use assent::notices;
use assent::sites::fields::{Changes, NewSite};
use assent::sites::{self, tag};
use assent::store::{Environment, ORIGINS_KEPT, PinRow};
use assent_shared::SiteId;
use data_encoding::BASE64;
use reqwest::{Method, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha384};

use crate::harness::{Engine, NOTICE, NOW, PAGE, TestServer, both_engines, refusal, with};

both_engines!(
    a_site_is_added_and_changed,
    environments_never_mix,
    only_who_may_sees_and_changes,
    the_tag_is_seen,
    a_pinned_tag_never_changes,
    a_pinned_tag_of_an_earlier_build_is_served
);

const BASE: &str = "https://consent.example";

fn new(id: &str, origin: &str) -> NewSite {
    NewSite { id: id.to_owned(), origins: vec![origin.to_owned()], ..NewSite::default() }
}

fn fields<T>(result: Result<T, Error>) -> Vec<&'static str> {
    match result {
        Err(Error::InvalidFields(errors)) => errors.into_iter().map(|error| error.field).collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it is taken"),
    }
}

async fn a_site_is_added_and_changed(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (app, caller) = (server.server().app(), Caller::command_line());
    let added = sites::add(app, &caller, new("blog", "https://Blog.Example/")).await.unwrap();
    assert_eq!((added.name.as_str(), added.origins[0].as_str()), ("blog", "https://blog.example"));
    assert_eq!(
        (added.retention_days, added.notice, added.environment),
        (None, None, Environment::Production)
    );
    assert_eq!(fields(sites::add(app, &caller, new("blog", "https://blog.example")).await), ["id"]);
    assert_eq!(fields(sites::add(app, &caller, new("verify", "nowhere")).await), ["id", "origins"]);

    let wishes = Changes {
        name: Some("The blog".to_owned()),
        origins: Some(vec!["https://blog.example".to_owned(), "https://www.blog.example".to_owned()]),
        share_subdomains: Some(true),
        retention_days: Some(Some(400)),
        environment: Some(Environment::Staging),
    };
    let changed = sites::change(app, &caller, &added.id, wishes).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.origins.len()), ("The blog", 2));
    assert!(changed.share_subdomains);
    assert_eq!((changed.retention_days, changed.environment), (Some(400), Environment::Staging));
    // What is not said stays.
    let renamed = Changes { name: Some("Our blog".to_owned()), ..Changes::default() };
    let renamed = sites::change(app, &caller, &added.id, renamed).await.unwrap();
    assert_eq!(sites::SiteView { name: "The blog".to_owned(), ..renamed }, changed);

    let view = sites::show(app, &caller, &server.shop, BASE).await.unwrap();
    assert_eq!((view.site.notice, view.published_at), (Some(1), Some(NOW)));
    assert_eq!(view.snippet, r#"<script async src="https://consent.example/_assent/shop.js"></script>"#);
    assert!(view.signed && view.leaves > 0);
    assert_eq!(view.today.unwrap().answered(), 0);
    server.finish().await;
}

async fn environments_never_mix(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (app, caller) = (server.server().app(), Caller::command_line());
    let staging = NewSite { environment: Environment::Staging, ..new("stage", PAGE) };
    assert_eq!(
        fields(sites::add(app, &caller, staging).await),
        ["origins"],
        "one browser would have one cookie"
    );

    let to = |environment| Changes { environment: Some(environment), ..Changes::default() };
    let changed = sites::change(app, &caller, &server.shop, to(Environment::Development)).await.unwrap();
    assert_eq!(changed.environment, Environment::Development, "before the first receipt");
    assert_eq!(server.post(&refusal(1)).await.0, StatusCode::CREATED);
    let refused = sites::change(app, &caller, &server.shop, to(Environment::Production)).await;
    assert_eq!(fields(refused), ["environment"]);
    let kept = sites::view(app, &caller, &server.shop).await.unwrap();
    assert_eq!(kept.environment, Environment::Development);
    let renamed = Changes { name: Some("A shop".to_owned()), ..Changes::default() };
    assert_eq!(sites::change(app, &caller, &server.shop, renamed).await.unwrap().name, "A shop");
    server.finish().await;
}

async fn only_who_may_sees_and_changes(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = server.server().app();
    let blog: SiteId = "blog".parse().unwrap();
    sites::add(app, &Caller::command_line(), new("blog", "https://blog.example")).await.unwrap();
    let of = |role: Role, site: Option<&SiteId>| {
        Caller::new(
            "ann".to_owned(),
            vec![Grant { site: site.cloned(), permissions: role.permissions().to_vec() }],
        )
    };
    for role in Role::ALL {
        let ann = of(role, Some(&blog));
        let seen = sites::list(app, &ann).await.unwrap();
        assert_eq!(seen.iter().map(|site| site.id.as_str()).collect::<Vec<_>>(), ["blog"], "{role:?}");
        assert!(matches!(sites::view(app, &ann, &server.shop).await, Err(Error::NotFound)));
        assert!(matches!(
            sites::change(app, &ann, &server.shop, Changes::default()).await,
            Err(Error::NotFound)
        ));
        assert!(matches!(tag::report(app, &ann, &server.shop, BASE).await, Err(Error::NotFound)));
        let may = role.permissions().contains(&Permission::ManageSites);
        let changed = sites::change(app, &ann, &blog, Changes::default()).await;
        assert_eq!(changed.is_ok(), may, "{role:?}");
        let pinned = tag::pin(app, &ann, &blog, &"en".parse().unwrap(), BASE).await;
        assert!(matches!(pinned, Err(Error::Forbidden(_))) != may, "{role:?}");
        // A site of one's own is no leave to add others.
        let added = sites::add(app, &ann, new("other", "https://other.example")).await;
        assert!(matches!(added, Err(Error::Forbidden(Permission::ManageSites))), "{role:?}");
        let overview = sites::show(app, &ann, &blog, BASE).await.unwrap();
        assert_eq!(overview.today.is_some(), role.permissions().contains(&Permission::ReadStatistics));
    }
    server.finish().await;
}

async fn the_tag_is_seen(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let ask = async |server: &TestServer, name: &str, value: &str, host: &str| {
        let request =
            server.request(Method::GET, "/_assent/shop.js").header(name, value).header("host", host);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    };
    ask(&server, "referer", "https://shop.example/kilns?secret=1", "shop.example").await;
    ask(&server, "origin", PAGE, "consent.example").await;
    ask(&server, "referer", "https://copycat.example/", "consent.example").await;
    for nobody in
        ["null", "https://10.1.2.3", "https://[2001:db8::1]:8443", "file:///home/ann/shop.html", "hello"]
    {
        ask(&server, "origin", nobody, "consent.example").await;
    }
    server.clock.advance(3_600_000);
    ask(&server, "origin", PAGE, "consent.example").await;
    let report = async |server: &TestServer| {
        tag::report(server.server().app(), &Caller::command_line(), &server.shop, BASE).await.unwrap()
    };
    let told = |report: &tag::TagReport| {
        let seen = report.sightings.iter();
        seen.map(|seen| {
            (
                seen.sighting.origin.clone(),
                seen.sighting.first_party,
                seen.listed,
                seen.sighting.last_seen - NOW,
            )
        })
        .collect::<Vec<_>>()
    };
    let expected = [
        (PAGE.to_owned(), false, true, 3_600_000),
        ("https://copycat.example".to_owned(), false, false, 0),
        (PAGE.to_owned(), true, true, 0),
    ];
    assert_eq!(told(&report(&server).await), expected);
    assert!(report(&server).await.sightings.iter().all(|seen| seen.sighting.first_seen == NOW));
    server.restart(|_| {}).await;
    assert_eq!(told(&report(&server).await), expected, "they are kept");

    // Whoever makes origins up fills what there is room for, and keeps none of the site's own out.
    for number in 0..60 {
        ask(&server, "origin", &format!("https://made-up-{number}.example"), "consent.example").await;
    }
    let app = server.server().app();
    let more = Changes {
        origins: Some(vec![PAGE.to_owned(), "https://late.example".to_owned()]),
        ..Changes::default()
    };
    sites::change(app, &Caller::command_line(), &server.shop, more).await.unwrap();
    ask(&server, "origin", "https://late.example", "consent.example").await;
    let full = report(&server).await;
    // Its own one is beyond what there is room for, if it came last.
    assert!((ORIGINS_KEPT..=ORIGINS_KEPT + 1).contains(&i64::try_from(full.sightings.len()).unwrap()));
    assert!(full.full);
    assert!(full.sightings.iter().any(|seen| seen.sighting.origin == "https://late.example" && seen.listed));
    tag::forget_sightings(app, &Caller::command_line(), &server.shop).await.unwrap();
    assert!(report(&server).await.sightings.is_empty());
    server.finish().await;
}

async fn a_pinned_tag_never_changes(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let (english, caller) = ("en".parse().unwrap(), Caller::command_line());
    let (pin, new) = tag::pin(server.server().app(), &caller, &server.shop, &english, BASE).await.unwrap();
    assert!(new && pin.newest);
    let part = |name: &str| {
        pin.snippet.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let path = part("src").replace("&amp;", "&").replace(BASE, "");
    let answer = server.get(&path).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*", "integrity needs CORS");
    assert!(answer.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(answer.headers()["content-type"], "text/javascript; charset=utf-8");
    let body = answer.bytes().await.unwrap();
    assert_eq!(part("integrity"), format!("sha384-{}", BASE64.encode(&Sha384::digest(&body))));
    let brotli = server.request(Method::GET, &path).header("accept-encoding", "br").send().await.unwrap();
    assert_eq!(brotli.headers()["content-encoding"], "br");
    assert_eq!(
        body,
        server.get("/_assent/shop.js?lang=en").await.bytes().await.unwrap(),
        "it is the tag of now"
    );

    let newer = NOTICE.replace("Counts visits", "Counts visits and more");
    assert_ne!(newer, NOTICE);
    notices::publish(server.store(), &server.shop, &newer, &["analytics".parse().unwrap()], NOW + 1)
        .await
        .unwrap();
    server.restart(|_| {}).await;
    assert_eq!(server.get(&path).await.bytes().await.unwrap(), body, "after a new notice and a restart");
    assert_ne!(server.get("/_assent/shop.js?lang=en").await.bytes().await.unwrap(), body);
    let app = server.server().app();
    let report = tag::report(app, &caller, &server.shop, BASE).await.unwrap();
    assert_eq!(report.pins.iter().map(|pin| (pin.notice, pin.newest)).collect::<Vec<_>>(), [(1, false)]);
    // What the pinned page sends is refused as stale, so that the newer tag takes over.
    let stale = with(refusal(1), json!({"decided_at": NOW + 2}));
    let (status, problem) = server.post(&stale).await;
    assert_eq!((status, &problem["notice"]), (StatusCode::CONFLICT, &json!(2)));

    let (_, new) = tag::pin(app, &caller, &server.shop, &english, BASE).await.unwrap();
    assert!(new);
    let (again, new) = tag::pin(app, &caller, &server.shop, &english, BASE).await.unwrap();
    assert!(!new && again.newest && again.notice == 2);
    assert_eq!(fields(tag::pin(app, &caller, &server.shop, &"fr".parse().unwrap(), BASE).await), ["locale"]);
    for nothing in ["", "x", &"A".repeat(64)] {
        let answer = server.get(&format!("/_assent/shop.js?pin={nothing}")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{nothing}");
    }
    server.finish().await;
}

async fn a_pinned_tag_of_an_earlier_build_is_served(engine: Engine) {
    let server = TestServer::start(engine).await;
    let row = PinRow {
        hash: "of-the-tag".to_owned(),
        notice: 1,
        locale: "en".to_owned(),
        widget: "0123456789abcdef".to_owned(),
        pinned_at: NOW,
        pinned_by: "ann".to_owned(),
    };
    let files: [(&str, &[u8]); 2] = [("widget.js", b"export {}"), ("widget.wasm", b"\0asm")];
    assert!(server.store().pin_tag(&server.shop, &row, b"tag()", &files).await.unwrap());
    let wasm = server.get("/_assent/widget/0123456789abcdef/widget.wasm").await;
    assert_eq!(wasm.headers()["content-type"], "application/wasm");
    assert!(wasm.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(wasm.bytes().await.unwrap().as_ref(), b"\0asm");
    let glue = server.get("/_assent/widget/0123456789abcdef/widget.js").await;
    assert_eq!(glue.headers()["content-type"], "text/javascript");
    assert_eq!(server.get("/_assent/widget/0123456789abcdef/other.js").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        server.get("/_assent/widget/ffffffffffffffff/widget.js").await.status(),
        StatusCode::NOT_FOUND
    );
    server.finish().await;
}

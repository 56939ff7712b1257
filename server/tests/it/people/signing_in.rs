//! Owns the way in: by the printed link, by password and code, and what is refused on it.

use assent::operators::links;
use reqwest::StatusCode;

use crate::harness::people::{Browser, Person};
use crate::harness::{Engine, TestServer, both_engines};

both_engines!(the_first_owner_comes_in_by_the_printed_link,);

async fn the_first_owner_comes_in_by_the_printed_link(engine: Engine) {
    let app = TestServer::start(engine).await;
    let link = links::first(app.server().app()).await.unwrap().expect("there is nobody yet");
    let browser = Browser::new(&app);
    let path = link.strip_prefix(&app.url("")).unwrap();
    assert!(browser.read(path).await.contains("Become the first owner"));
    let (_, to) = Person::comes_in(&browser, path, "Ann@Example.org", app.clock.now()).await;
    assert_eq!(to, "/admin");
    let operators = app.store().operators().await.unwrap();
    assert_eq!((operators.len(), operators[0].email.as_str()), (1, "ann@example.org"));
    assert_eq!(browser.open("/admin/login?next=/admin/keys").await.headers()["location"], "/admin/keys");
    assert_eq!(links::first(app.server().app()).await.unwrap(), None, "the installation has an owner");
    assert_eq!(Browser::new(&app).open(path).await.status(), StatusCode::GONE, "the link is used up");
    let auditor = app.signed_in(assent::access::Role::Auditor, Some(&app.shop)).await;
    assert_eq!(auditor.open("/admin/login").await.headers()["location"], "/admin");
    app.finish().await;
}

//! Everybody at everybody else's doors: each role on every page that an owner finds, and whoever has another site only on every address
//! of this one, as if it did not exist.

use std::collections::BTreeMap;

use assent::access::{Permission, Role};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::harness::people::Person;
use crate::harness::{Engine, TestServer, both_engines, id, refusal};

both_engines!(each_role_opens_its_own_pages_only, another_site_is_as_none);

/// Every page that can be reached by links from the first one: its path, and the first link to it.
pub(crate) async fn found_by(person: &Person) -> BTreeMap<String, String> {
    let mut found = BTreeMap::from([("/admin".to_owned(), "/admin".to_owned())]);
    let mut waiting = vec!["/admin".to_owned()];
    while let Some(page) = waiting.pop() {
        let answer = person.open(&page).await;
        let is_page = answer
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if !is_page {
            continue;
        }
        let html = answer.text().await.unwrap();
        for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            // One page of a list is enough, and so is one language of the forty.
            let link = link.split('#').next().unwrap_or_default().replace("&amp;", "&").replace("&#38;", "&");
            let path = link.split('?').next().unwrap_or_default().to_owned();
            if path.starts_with("/admin") && !path.contains("style.css") && !found.contains_key(&path) {
                found.insert(path, link.clone());
                waiting.push(link);
            }
        }
    }
    found
}

/// Whether somebody of that role on the shop, and on no other site, opens a page.
fn opens(role: Role, page: &str) -> bool {
    let may = |permission| role.permissions().contains(&permission);
    let Some(of_site) = page.strip_prefix("/admin/sites/shop") else {
        return match page.split('/').nth(2) {
            None | Some("account" | "api") => true,
            Some("audit" | "data") => may(Permission::ReadAudit),
            Some("keys") => may(Permission::ManageKeys),
            // New sites and operators are above any one site.
            _ => false,
        };
    };
    let care = of_site.ends_with("/erase") || of_site.ends_with("/hold") || of_site.ends_with("/lift");
    match of_site.split('/').nth(1).and_then(|part| part.split('.').next()) {
        None => true,
        Some("notice" | "notices") => may(Permission::ReadNotices),
        Some("receipts") if care => may(Permission::EraseReceipts),
        Some("receipts" | "affected") => may(Permission::ReadReceipts),
        Some("export" | "exports") => may(Permission::ExportReceipts),
        Some("statistics") => may(Permission::ReadStatistics),
        _ => may(Permission::ManageSites),
    }
}

async fn each_role_opens_its_own_pages_only(engine: Engine) {
    let server = TestServer::start(engine).await;
    server.post(&refusal(1)).await;
    let owner = server.owner().await;
    let pages = found_by(&owner).await;
    assert!(pages.len() > 40 && pages.keys().any(|page| page.ends_with(&id(1))), "{pages:?}");
    for role in [Role::Admin, Role::Editor, Role::Auditor, Role::Viewer] {
        let person = server.signed_in(role, Some(&server.shop)).await;
        for (page, link) in &pages {
            let status = person.open(link).await.status();
            if opens(role, page) {
                assert!(status.is_success() || status.is_redirection(), "{role:?} {page}: {status}");
            } else {
                assert!(
                    matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND),
                    "{role:?} {page}: {status}"
                );
            }
        }
    }
    server.finish().await;
}

async fn another_site_is_as_none(engine: Engine) {
    let server = TestServer::start(engine).await;
    server.post(&refusal(1)).await;
    let blog = "blog".parse().unwrap();
    server.add_site(&blog).await;

    let pages = found_by(&server.owner().await).await;
    let stranger = server.signed_in(Role::Admin, Some(&blog)).await;
    let own = found_by(&stranger).await;
    assert!(own.keys().all(|page| !page.contains("shop")), "nothing tells of the other site: {own:?}");
    for (page, link) in pages.iter().filter(|(page, _)| page.starts_with("/admin/sites/shop")) {
        assert_eq!(stranger.open(link).await.status(), StatusCode::NOT_FOUND, "{page}");
    }

    let key = server.key(Role::Admin.permissions(), Some(&blog)).await;
    let document: Value = server.get("/api/v1/openapi.json").await.json().await.unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/v1/sites/{site}") {
            continue;
        }
        let path = path.replace("{decision}", &id(1)).replace("{number}", "1");
        for method in
            item.as_object().unwrap().keys().filter_map(|name| name.to_uppercase().parse::<Method>().ok())
        {
            let ask = async |site: &str| {
                let address = path.replace("{site}", site);
                let answer = server.request(method.clone(), &address).bearer_auth(&key);
                let answer = answer.json(&serde_json::json!({})).send().await.unwrap();
                let status = answer.status();
                let problem: Value = answer.json().await.unwrap_or_default();
                (status, problem["code"].clone(), problem["detail"].clone())
            };
            let (shop, none) = (ask("shop").await, ask("no-such-site").await);
            assert_eq!(shop, none, "{method} {path}");
            assert!(shop.0.is_client_error(), "{method} {path}: {shop:?}");
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked}");
    assert_eq!(server.receipts().await.len(), 1, "whatever was asked, nothing happened");
    server.finish().await;
}

//! Owns addresses that want to be read as other ones, and methods that nothing takes.
//! Refuses every one of them; no page, no file and no login is behind them.

use super::{say, statuses, unharmed};
use crate::harness::{Engine, TestServer, both_engines};

both_engines!(
    no_trick_leads_anywhere,
    no_odd_method_is_taken,
    a_number_is_written_in_one_way,
    forged_hosts_make_no_links
);

async fn no_trick_leads_anywhere(engine: Engine) {
    let server = TestServer::start(engine).await;
    for target in [
        "/_assent/../admin",
        "/_assent/..%2fadmin",
        "/_assent/%2e%2e/admin",
        "/_assent/%2e%2e%2fadmin",
        "/./admin",
        "/%61dmin/../admin",
        "//admin",
        "//_assent/shop.js",
        "/_assent//shop.js",
        "/_assent/shop.js/",
        "/_assent/shop.js%00",
        "/_assent/shop%00.js",
        "/_assent/shop.js%0d%0aSet-Cookie:%20x=1",
        "/_assent/%c0%ae%c0%ae/admin",
        "/_assent/%ff.js",
        "/_assent/shop;x=1.js",
        "/_assent/shop%2ejs%2f",
        "/_assent/SHOP.js",
        "/_assent/shop.js%20",
        "/_assent/\\..\\admin",
        "/_assent/..\\admin",
        "/_assent/shop/notices/..%2f..%2f..%2fadmin",
        "/_assent/shop/notices/1%00",
        "/_assent/shop/notices/99999999999999999999",
        "/_assent/shop/notices/-1",
        "/_assent/shop/notices/+1",
        "/_assent/shop/notices/%2B1",
        "/_assent/shop/notices/01",
        "/_assent/shop/notices/%201",
        "/_assent/shop/notices/+1.json",
        "/_assent/shop/notices/01.json",
        "/_assent/shop/notices/+1/en",
        "/_assent/shop/notices/01/en",
        "/_assent/shop/replay/+1/en",
        "/_assent/shop/replay/01/en",
        "/_assent/shop/log/proof/+1",
        "/_assent/shop/log/proof/01",
        "/_assent/shop/log/consistency/+1/2",
        "/_assent/shop/log/consistency/1/02",
        "/_assent/shop/log/+1/checkpoint",
        "/_assent/shop/log/01/checkpoint",
        "/_assent/widget/..%2f..%2fassent.db/x",
        "/_assent/widget/x/..%2f..%2f..%2fetc%2fpasswd",
        "/_assent/verifier/x/../../../etc/passwd",
        "/_assent/shop/log/tile/..%2f..%2fx",
        "/_assent/shop/log/tile/0/x%2f..",
        "/api/v1/sites/..%2fadmin",
        "/api/v1/../admin",
        "/etc/passwd",
        "/assent.db",
        "/.git/config",
        "/.env",
        "*",
        "http://[",
        "shop.example:443",
        "/_assent/%",
        "/_assent/%zz.js",
        "/_assent/%u0073hop.js",
    ] {
        for method in ["GET", "POST", "OPTIONS", "HEAD", "DELETE"] {
            let said = say(
                &server,
                format!(
                    "{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                ),
            )
            .await;
            let status = statuses(&said);
            assert!(
                status.iter().all(|status| [400, 401, 403, 404, 405].contains(status)) && status.len() == 1,
                "{method} {target}: {said}"
            );
            assert!(
                !said.contains("Set-Cookie: x=1") && !said.contains("root:"),
                "{method} {target}: {said}"
            );
        }
    }
    unharmed(server).await;
}

async fn no_odd_method_is_taken(engine: Engine) {
    let server = TestServer::start(engine).await;
    for method in ["TRACE", "CONNECT", "PROPFIND", "BREW", "get", "PUT", "DELETE", "PATCH"] {
        for target in ["/healthz", "/_assent/shop.js", "/_assent/shop/decisions", "/admin/login", "/nothing"]
        {
            let said = say(
                &server,
                format!(
                    "{method} {target} HTTP/1.1\r\nHost: x\r\nX-Secret: told\r\nConnection: close\r\n\r\n"
                ),
            )
            .await;
            let status = statuses(&said);
            assert!(
                status.len() == 1 && [400, 403, 404, 405].contains(&status[0]),
                "{method} {target}: {said}"
            );
            assert!(!said.contains("told"), "nothing is sent back: {said}");
        }
    }
    unharmed(server).await;
}

/// What operators' programs may ask has one spelling too, for whoever may ask it.
async fn a_number_is_written_in_one_way(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.key(&assent::access::Permission::ALL, None).await;
    let get = async |path: &str| server.get_with_key(&key, path).await.status().as_u16();
    for (good, bad) in [
        ("/api/v1/sites/shop/notices/1", "/api/v1/sites/shop/notices/%2B1"),
        ("/api/v1/sites/shop/notices/1/compare/1", "/api/v1/sites/shop/notices/1/compare/01"),
        ("/api/v1/sites/shop/notices?limit=5", "/api/v1/sites/shop/notices?limit=%2B5"),
        ("/api/v1/sites?limit=5", "/api/v1/sites?limit=05"),
        ("/api/v1/sites/shop/receipts?limit=5", "/api/v1/sites/shop/receipts?limit=%2B5"),
        ("/api/v1/sites/shop/receipts?notice=1", "/api/v1/sites/shop/receipts?notice=01"),
        ("/api/v1/sites/shop/receipts?after=1.1.1", "/api/v1/sites/shop/receipts?after=1.%2B1.1"),
        ("/_assent/shop/log/proof/0", "/_assent/shop/log/proof/00"),
        ("/_assent/shop/log/1/checkpoint", "/_assent/shop/log/+1/checkpoint"),
    ] {
        assert_eq!(get(good).await, 200, "{good}");
        assert!([404, 422].contains(&get(bad).await), "{bad}");
    }
    unharmed(server).await;
}

async fn forged_hosts_make_no_links(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let get = |path: &str, more: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: worse.example\r\nForwarded: host=worst.example\r\n{more}Connection: close\r\n\r\n"
        )
    };
    // Where an unknown person is sent, what a page says, and where links lead that others are given.
    for path in [
        "/admin",
        "/admin/login",
        "/_assent/shop.js",
        "/_assent/shop/choices",
        "/_assent/shop/cookies",
        "/_assent/shop/me",
        "/_assent/verify",
        "/nothing",
    ] {
        let said = say(&server, get(path, "Accept: text/html\r\n")).await;
        for forged in ["evil.example", "worse.example", "worst.example"] {
            assert!(!said.contains(forged), "{path}: {said}");
        }
    }
    let roles = vec![assent::store::RoleOn { role: assent::access::Role::Viewer, site: None }];
    let caller = assent::access::Caller::command_line();
    let invite = assent::operators::invite(server.server().app(), &caller, "ann@example.org", roles);
    let (_, link) = invite.await.unwrap();
    assert!(
        link.starts_with(&server.url("/admin/")),
        "a link is of the settings' host, whoever asks: {link}"
    );
    let forged = async |server: &TestServer, host: &str| {
        let asked = server.request(reqwest::Method::GET, "/api/v1/sites/shop/tag").header("host", host);
        let key = server.key(&assent::access::Permission::ALL, None).await;
        asked
            .bearer_auth(key)
            .header("x-forwarded-host", "worse.example")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    // Without `public_url` the script tag is of the host under which its reader came; with it, of that one alone.
    assert!(forged(&server, "evil.example").await.contains("https://evil.example/_assent/shop.js"));
    server.change_settings(|settings| settings.public_url = Some("https://consent.example".to_owned())).await;
    let said = forged(&server, "evil.example").await;
    assert!(
        said.contains("https://consent.example/_assent/shop.js") && !said.contains("evil.example"),
        "{said}"
    );
    unharmed(server).await;
}

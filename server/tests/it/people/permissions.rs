//! Owns the table: each role before each kind of address, on its own site and on another.

use assent::access::{Permission, Role};
use assent::store::{Environment, Site};
use reqwest::StatusCode;

use crate::harness::{Engine, NOW, TestServer, both_engines};

both_engines!(each_role_reaches_what_it_may_and_nothing_else, another_site_does_not_exist);

/// What an address needs on a site; `None` is what everybody has who may see the site at all.
const PAGES: [(&str, Option<Permission>); 3] = [
    ("/admin/sites/shop", None),
    ("/admin/sites/shop/settings", Some(Permission::ManageSites)),
    ("/admin/sites/shop/statistics", Some(Permission::ReadStatistics)),
];

/// The same above sites.
const ABOVE: [(&str, Permission); 4] = [
    ("/admin/operators", Permission::ManageOperators),
    ("/admin/operators/new", Permission::ManageOperators),
    ("/admin/keys", Permission::ManageKeys),
    ("/admin/keys/new", Permission::ManageKeys),
];

fn blog() -> Site {
    Site {
        id: "blog".parse().unwrap(),
        name: "Blog".to_owned(),
        environment: Environment::Production,
        origins: vec!["https://blog.example".to_owned()],
        share_subdomains: false,
    }
}

async fn each_role_reaches_what_it_may_and_nothing_else(engine: Engine) {
    let app = TestServer::start(engine).await;
    for role in Role::ALL {
        let person = app.signed_in(role, None).await;
        for (path, needs) in PAGES {
            let expected = match needs {
                Some(permission) if !role.permissions().contains(&permission) => StatusCode::FORBIDDEN,
                _ => StatusCode::OK,
            };
            assert_eq!(person.open(path).await.status(), expected, "{role:?} at {path}");
        }
        for (path, needs) in ABOVE {
            let expected =
                if role.permissions().contains(&needs) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(person.open(path).await.status(), expected, "{role:?} at {path}");
        }
        let home = person.read("/admin/account").await;
        for (path, needs) in [ABOVE[0], ABOVE[2]] {
            let offered = home.contains(&format!("href=\"{path}\""));
            assert_eq!(offered, role.permissions().contains(&needs), "{role:?} is offered {path}");
        }
        if role == Role::Owner {
            continue; // Of a single site there is no owner.
        }
        // The same over the API, with a key that has the role's permissions and nothing else.
        let key = app.key(role.permissions(), Some(&app.shop)).await;
        for (path, needs) in [
            ("/api/v1/sites/shop/export", Permission::ExportReceipts),
            ("/api/v1/sites/shop/receipts", Permission::ReadReceipts),
            ("/api/v1/sites/shop/statistics", Permission::ReadStatistics),
            ("/api/v1/keys", Permission::ManageKeys),
        ] {
            let expected =
                if role.permissions().contains(&needs) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(app.get_with_key(&key, path).await.status(), expected, "{role:?} at {path}");
        }
    }
    app.finish().await;
}

async fn another_site_does_not_exist(engine: Engine) {
    let app = TestServer::start(engine).await;
    assert!(app.store().add_site(&blog(), NOW).await.unwrap());
    for role in [Role::Admin, Role::Editor, Role::Auditor, Role::Viewer] {
        let person = app.signed_in(role, Some(&blog().id)).await;
        assert_eq!(person.open("/admin/sites/blog").await.status(), StatusCode::OK, "{role:?}");
        for (path, _) in PAGES {
            assert_eq!(person.open(path).await.status(), StatusCode::NOT_FOUND, "{role:?} at {path}");
            let never = path.replace("shop", "nosuch");
            assert_eq!(person.open(&never).await.status(), StatusCode::NOT_FOUND, "{role:?} at {never}");
        }
        let list = person.read("/admin").await;
        assert!(list.contains("blog") && !list.contains("shop"), "{role:?} is shown another site");
        let key = app.key(role.permissions(), Some(&blog().id)).await;
        for path in ["export", "receipts", "statistics"] {
            let path = format!("/api/v1/sites/shop/{path}");
            assert_eq!(
                app.get_with_key(&key, &path).await.status(),
                StatusCode::NOT_FOUND,
                "{role:?} at {path}"
            );
        }
    }
    app.finish().await;
}

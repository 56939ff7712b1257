//! Owns the table of contents: every address, grouped by who calls it.
//! Refuses to hold logic; a handler's name is the operation's name.

use assent_shared::SiteId;
use axum::Router;
use axum::http::Method;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::middleware;
use axum::routing::get;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::error::Error;
use crate::operators::sessions;
use crate::pages::{choices, cookies, notice, replay, verify, versions};
use crate::state::App;
use crate::{admin, api, around, demo, limits, probes, publish, tag, widget};

/// A day: browsers ask at most once a day whether a page may post.
const PREFLIGHT_AGE: std::time::Duration = std::time::Duration::from_hours(24);

/// Every address of the server; the demo's pages only if they are wanted.
pub fn router(app: App, demo: Option<&demo::Pages>) -> Router {
    let counted = middleware::from_fn_with_state(app.clone(), limits::count_visit);

    let operators_pages = Router::new()
        .merge(admin::routes())
        .merge(admin::login::routes())
        .merge(admin::welcome::routes())
        .merge(admin::account::routes())
        .merge(admin::operators::routes())
        .merge(admin::keys::routes())
        // Around all of them, so that none is without: the session, and the guard against forged forms.
        .layer(middleware::from_fn(admin::guard::refuse_foreign))
        .layer(sessions::layer(&app));
    let mut router = Router::new()
        // The page
        .route("/_assent/{site}", get(tag::get_tag).layer(counted.clone()))
        .route("/_assent/widget/{hash}/{file}", get(widget::get_widget_file))
        .route("/_assent/assent.d.ts", get(widget::get_types))
        .route("/_assent/{site}/notices", get(versions::get_versions))
        .route("/_assent/{site}/notices/{file}", get(notice::get_notice_file))
        // The visitor
        .merge(api::visitor_routes().layer(counted.clone()).layer(pages_may_ask(app.clone())))
        .route(
            "/_assent/{site}/choices",
            get(choices::get_choices).post(choices::save_choices).layer(counted),
        )
        .route("/_assent/{site}/cookies", get(cookies::get_cookies))
        .route("/_assent/{site}/replay/{number}/{locale}", get(replay::get_replay))
        // The auditor
        .merge(publish::routes())
        .route("/_assent/verify", get(verify::get_verifier))
        .route("/_assent/verifier/{hash}/{file}", get(verify::get_verifier_file))
        // The operator's programs
        .merge(api::operator_routes())
        // The operator
        .merge(operators_pages)
        // Probes
        .route("/healthz", get(probes::get_health))
        .route("/readyz", get(probes::get_readiness));
    if let Some(pages) = demo {
        router = router.merge(pages.routes());
    }
    router
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .layer(middleware::from_fn_with_state(app.clone(), around::every_request))
        .with_state(app)
}

/// Lets a site's own pages ask and post from another host (Fetch §3.3, CORS), and no others.
fn pages_may_ask(app: App) -> CorsLayer {
    let is_of_the_site = AllowOrigin::async_predicate(move |origin, request| {
        let site = request.uri.path().split('/').nth(2).and_then(|site| site.parse::<SiteId>().ok());
        async move {
            let Some(site) = site else { return false };
            let current = app.catalog.site(&site).await;
            current.is_ok_and(|current| {
                current.site.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
            })
        }
    });
    CorsLayer::new()
        .allow_origin(is_of_the_site)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        // Or the widget could not read how long it is to wait.
        .expose_headers([RETRY_AFTER])
        .max_age(PREFLIGHT_AGE)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clock::Clock;
    use crate::config::Settings;
    use crate::sealer::Sealer;
    use crate::signing_keys::KeySource;
    use crate::store::Store;

    /// Every address that the router itself knows; axum tells it only in its `Debug`.
    fn addresses(router: &Router) -> BTreeSet<String> {
        let told = format!("{router:?}");
        let quoted = told.split('"').skip(1).step_by(2);
        quoted.filter(|text| text.starts_with('/')).map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn what_operators_may_call_is_what_the_document_says() {
        let folder = tempfile::TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("assent.db").display());
        let key = folder.path().join("assent.key");
        let store = Store::open(&url, Sealer::new(KeySource::File(key))).await.unwrap();
        let app = App::new(store, Clock::manual(0), &Settings::default());
        let served = addresses(&router(app, Some(&demo::Pages::default())));
        assert!(
            served.contains("/_assent/{site}/decisions"),
            "the router's addresses can be read: {served:?}"
        );
        let served: BTreeSet<_> = served.into_iter().filter(|path| path.starts_with("/api")).collect();
        let described = api::DOCUMENT["paths"].as_object().unwrap().keys().cloned();
        let described: BTreeSet<_> = described.filter(|path| path.starts_with("/api")).collect();
        assert_eq!(served, described);
    }
}

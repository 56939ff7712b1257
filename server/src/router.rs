//! Owns the table of contents: every address, grouped by who calls it.
//! Refuses to hold logic; a handler's name is the operation's name.

use assent_shared::SiteId;
use axum::Router;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware;
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::error::Error;
use crate::pages::{choices, cookies, notice, replay, verify};
use crate::state::App;
use crate::{
    admin, decisions, demo, drafts, export, log, me, probes, publish, publishing, receipts, tag, versions, widget,
};

/// A day: browsers ask at most once a day whether a page may post.
const PREFLIGHT_AGE: std::time::Duration = std::time::Duration::from_hours(24);

/// Every address of the server; the demo page's only if it is wanted.
pub fn router(app: App, with_demo_page: bool) -> Router {
    let request_id = HeaderName::from_static(log::REQUEST_ID);
    let nosniff = SetResponseHeaderLayer::overriding(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    let around_every_request = ServiceBuilder::new()
        .map_request(log::drop_odd_request_id)
        .layer(SetRequestIdLayer::new(request_id.clone(), log::NameRequests))
        .layer(PropagateRequestIdLayer::new(request_id))
        .layer(nosniff)
        .layer(middleware::from_fn(log::log_request));

    // OPTIONS is named so that the CORS layer sees it; what is not a preflight gets an empty answer.
    let visitor = Router::new()
        .route("/_assent/{site}/decisions", post(decisions::create_decision).options(async || ()))
        // Their own records; the choice that holds is not among them.
        .route("/_assent/{site}/me", get(me::get_records).options(async || ()))
        .route("/_assent/{site}/me/receipts.json", get(me::get_receipts).options(async || ()))
        .route("/_assent/{site}/me/erase", post(me::erase_records).options(async || ()))
        .layer(pages_may_ask(app.clone()));
    let mut router = Router::new()
        // The page
        .route("/_assent/{site}", get(tag::get_tag))
        .route("/_assent/widget/{hash}/{file}", get(widget::get_widget_file))
        .route("/_assent/assent.d.ts", get(widget::get_types))
        .route("/_assent/{site}/notices/{file}", get(notice::get_notice_file))
        // The visitor
        .merge(visitor)
        .route("/_assent/{site}/choices", get(choices::get_choices).post(choices::save_choices))
        .route("/_assent/{site}/cookies", get(cookies::get_cookies))
        .route("/_assent/{site}/replay/{number}/{locale}", get(replay::get_replay))
        // The auditor
        .merge(publish::routes())
        .route("/_assent/verify", get(verify::get_verifier))
        .route("/_assent/verifier/{hash}/{file}", get(verify::get_verifier_file))
        // The operator's programs
        .route("/api/v1/sites/{site}/export", get(export::get_export))
        .route("/api/v1/sites/{site}/receipts/{decision}", get(receipts::get_receipt))
        .route("/api/v1/sites/{site}/receipts/{decision}/replay", get(replay::get_receipt_replay))
        .merge(drafts::routes())
        .merge(publishing::routes())
        .merge(versions::routes())
        // The operator
        .merge(admin::routes())
        // Probes
        .route("/healthz", get(probes::get_health))
        .route("/readyz", get(probes::get_readiness));
    if with_demo_page {
        router = router.route("/", get(demo::get_page));
    }
    router
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .layer(around_every_request)
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
        .max_age(PREFLIGHT_AGE)
}

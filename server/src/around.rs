//! Owns what goes around every request, in its order: its name, its line in the log, what its answer forbids a browser, where it
//! comes from, its manners, its time.
//! Refuses to be a stack of layers: a router copies every layer, and all that is in it, for every request.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use crate::error::Result;
use crate::state::App;
use crate::{headers, log, manners, patience};

/// Answers a request.
pub(crate) async fn every_request(State(app): State<App>, request: Request, next: Next) -> Response {
    let name = log::name(request.headers());
    let line = log::Line::begin(&request);
    let for_sites = headers::are_for_sites(&request);
    let answer = async {
        let request = app.proxies.introduce(request);
        manners::refuse_odd(&request)?;
        patience::in_time(next.run(request)).await
    };
    let answer: Result<Response> = answer.instrument(line.span()).await;
    let mut response = line.end(&app, answer.into_response(), name.as_ref());
    headers::shield(response.headers_mut(), for_sites, app.hsts.as_ref());
    if let Some(name) = name {
        response.headers_mut().insert(log::REQUEST_ID, name);
    }
    response
}

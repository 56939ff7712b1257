//! Owns the page that says what is stored: for the lawyer, on the screen and on paper.
//! Refuses words of its own about data; `data` has them.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::{Shell, page};
use crate::data::{self, Report};
use crate::error::Result;
use crate::export::rfc3339;
use crate::extract::BySession;
use crate::state::App;

/// The address of the page.
pub fn routes() -> Router<App> {
    Router::new().route("/admin/data", get(show))
}

#[derive(Template)]
#[template(path = "admin/data/report.html")]
struct DataPage {
    shell: Shell,
    report: Report,
    made_at: String,
}

async fn show(State(app): State<App>, BySession(caller): BySession) -> Result<Response> {
    let report = data::report(&app, &caller).await?;
    let made_at = rfc3339(report.made_at).replace('T', " ");
    let made_at = format!("{} UTC", &made_at[..16]);
    page(&DataPage { shell: Shell::new(&caller, "What is stored", "/admin/data"), report, made_at })
}

//! Owns the page that describes the interface for programs, from the document that the interface itself makes.
//! Refuses scripts and other people's servers: what describes the interface needs neither.

use std::sync::LazyLock;

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::{Shell, page};
use crate::api::DOCUMENT;
use crate::api::read::{Reading, read};
use crate::error::Result;
use crate::extract::BySession;
use crate::state::App;

static READING: LazyLock<Reading> = LazyLock::new(|| read(&DOCUMENT));

/// The address of the page.
pub fn routes() -> Router<App> {
    Router::new().route("/admin/api", get(show))
}

#[derive(Template)]
#[template(path = "admin/api/reading.html")]
struct ApiPage {
    shell: Shell,
    reading: &'static Reading,
}

/// For everybody, as the document is; with the menu for who has signed in.
async fn show(session: Result<BySession>) -> Result<Response> {
    let title = "Interface for programs";
    let shell = match session {
        Ok(BySession(caller)) => Shell::new(&caller, title, "/admin/api"),
        Err(_) => Shell::outside(title),
    };
    page(&ApiPage { shell, reading: &READING })
}

//! Owns what the operator's pages share: their shell (navigation, trail, what was done), their style and their policy.
//! Refuses scripts, and to decide who may do what: each operation does that, pages only leave out what would be refused.

pub mod account;
pub mod api;
pub mod audit;
pub mod data;
pub mod exports;
pub(crate) mod field;
mod filter;
pub(crate) mod guard;
pub mod keys;
pub mod login;
mod notice;
mod notices;
pub mod operators;
pub mod receipt;
pub mod receipts;
pub mod sites;
pub mod statistics;
pub mod welcome;

use std::sync::LazyLock;

use askama::Template;
use assent_shared::SiteId;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::access::{Caller, Permission};
use crate::error::{Error, Result};
use crate::serve_file::Precompressed;
use crate::state::App;
use crate::store::{Environment, Site};

static STYLE: LazyLock<Precompressed> = LazyLock::new(|| {
    let style = concat!(
        include_str!("../templates/admin/admin.css"),
        include_str!("../templates/admin/forms.css"),
        include_str!("../templates/admin/statistics/statistics.css"),
    );
    Precompressed::new("text/css; charset=utf-8", style.as_bytes().to_vec())
});

/// Where the style is; another style has another address.
static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let hash = HEXLOWER.encode(&Sha256::digest(STYLE.bytes()));
    format!("/admin/style.css?{}", &hash[..16])
});

/// What a page may do: look as it does, show pictures that it brings along, frame our own pages, send its forms to us.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'self'";

/// The pages that belong to no resource.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/style.css", get(get_style))
        .merge(api::routes())
        .merge(audit::routes())
        .merge(data::routes())
        .merge(exports::routes())
        .merge(notice::routes())
        .merge(notices::routes())
        .merge(receipt::routes())
        .merge(receipts::routes())
        .merge(sites::routes())
        .merge(statistics::routes())
}

/// `GET /admin/style.css`
async fn get_style(headers: HeaderMap) -> Response {
    STYLE.respond(&headers, "public, max-age=31536000, immutable", "accept-encoding")
}

/// A link with its words.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// What it says.
    pub(crate) text: String,
    /// Where it leads.
    pub(crate) address: String,
    /// Whether it is where the page belongs.
    pub(crate) here: bool,
}

/// The parts of a site that have pages of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Overview,
    Notice,
    Versions,
    Receipts,
    Exports,
    Statistics,
    Settings,
}

const TABS: [(Tab, &str, &str, Option<Permission>); 7] = [
    (Tab::Overview, "Overview", "", None),
    (Tab::Notice, "Notice", "/notice", Some(Permission::ReadNotices)),
    (Tab::Versions, "Versions", "/notices", Some(Permission::ReadNotices)),
    (Tab::Receipts, "Receipts", "/receipts", Some(Permission::ReadReceipts)),
    (Tab::Exports, "Exports", "/exports", Some(Permission::ExportReceipts)),
    (Tab::Statistics, "Statistics", "/statistics", Some(Permission::ReadStatistics)),
    (Tab::Settings, "Settings", "/settings", Some(Permission::ManageSites)),
];

/// What surrounds a page's content. Templates extend `admin/shell.html` and have it as `shell`.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    /// The page's heading, and the first words of its title.
    pub(crate) title: String,
    /// Who is signed in; nobody on the way in.
    pub(crate) who: Option<String>,
    /// The pages above sites.
    pub(crate) menu: Vec<Link>,
    /// The site that the page is about, and its environment where that is not production.
    pub(crate) site: Option<(Link, Option<Environment>)>,
    /// The site's pages.
    pub(crate) tabs: Vec<Link>,
    /// What was just done.
    pub(crate) done: Option<String>,
    /// How often the page loads itself anew, in seconds; for what goes on in the background.
    pub(crate) refresh: Option<u32>,
}

impl Shell {
    /// The shell of a page on the way in, before anybody is known.
    pub(crate) fn outside(title: impl Into<String>) -> Self {
        let (menu, tabs) = (Vec::new(), Vec::new());
        Self { title: title.into(), who: None, menu, site: None, tabs, done: None, refresh: None }
    }

    /// The shell of a page above sites. `here` is the address of its entry in the menu.
    pub(crate) fn new(caller: &Caller, title: impl Into<String>, here: &str) -> Self {
        let everywhere = |permission| caller.may_everywhere(permission);
        let entries = [
            ("Sites", "/admin", true),
            ("Operators", "/admin/operators", everywhere(Permission::ManageOperators)),
            ("Keys", "/admin/keys", caller.may_somewhere(Permission::ManageKeys)),
            ("Audit log", "/admin/audit", caller.may_somewhere(Permission::ReadAudit)),
            ("Data", "/admin/data", caller.may_somewhere(Permission::ReadAudit)),
            ("Interface", "/admin/api", true),
        ];
        let menu = entries.into_iter().filter(|(_, _, shown)| *shown).map(|(text, address, _)| Link {
            text: text.to_owned(),
            address: address.to_owned(),
            here: address == here,
        });
        let menu = menu.collect();
        Self { who: Some(caller.name.clone()), menu, ..Self::outside(title) }
    }

    /// The shell of one of a site's pages.
    pub(crate) fn of_site(caller: &Caller, title: impl Into<String>, site: &Site, tab: Tab) -> Self {
        let home = address(&site.id, "");
        let tabs = TABS
            .into_iter()
            .filter(|(_, _, _, needs)| needs.is_none_or(|permission| caller.may(permission, &site.id)))
            .map(|(which, text, path, _)| Link {
                text: text.to_owned(),
                address: format!("{home}{path}"),
                here: which == tab,
            })
            .collect();
        let environment = (site.environment != Environment::Production).then_some(site.environment);
        let site = Link { text: site.name.clone(), address: home, here: tab == Tab::Overview };
        Self { site: Some((site, environment)), tabs, ..Self::new(caller, title, "/admin/sites") }
    }

    /// Says what was done before the page was asked for: `key` is what `?done=` says, `sentences` what it may mean.
    pub(crate) fn told(mut self, key: Option<&str>, sentences: &[(&str, &str)]) -> Self {
        let said = sentences.iter().find(|(known, _)| Some(*known) == key);
        self.done = said.map(|(_, sentence)| (*sentence).to_owned());
        self
    }

    /// Where the style is; for the template.
    #[expect(clippy::unused_self, reason = "the template calls it on the shell")]
    pub(crate) fn style(&self) -> &'static str {
        &STYLE_ADDRESS
    }
}

/// The address of one of a site's pages.
pub(crate) fn address(site: &SiteId, path: &str) -> String {
    format!("/admin/sites/{site}{path}")
}

/// Answers with a page, for this operator only.
pub(crate) fn page(page: &impl Template) -> Result<Response> {
    let html = page.render().map_err(|error| Error::Internal(format!("template: {error}")))?;
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

/// An instant as a person reads it.
pub(crate) fn time(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

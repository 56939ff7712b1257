//! Owns receipts as an operator asks for them: one in any view, over HTTP and on the command line; in its rooms the list, finding
//! a visitor, and erasing and holding. Refuses to know the standards; `assent_shared::views` writes them.

pub(crate) mod care;
pub(crate) mod find;
pub(crate) mod list;
pub mod query;
pub(crate) mod whole;

use assent_shared::views::{LogPlace, Sources, ViewError, dpv, kantara};
use assent_shared::{DecisionId, Notice, Receipt, SiteId};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::whole::Whole;
use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::pages::replay;
use crate::state::App;
use crate::store::{Site, Store};

/// The addresses of receipts in the interface for programs.
pub fn routes() -> OpenApiRouter<App> {
    let upload = OpenApiRouter::new().routes(routes!(find::find_receipts)).layer(find::upload_limit());
    OpenApiRouter::new()
        .routes(routes!(list::get_receipts))
        .routes(routes!(get_receipt))
        .routes(routes!(replay::get_receipt_replay))
        .routes(routes!(care::delete_visitor))
        .routes(routes!(care::get_holds, care::create_hold))
        .routes(routes!(care::delete_hold))
        .merge(upload)
}

/// How a receipt is shown.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// The stored bytes.
    #[default]
    Receipt,
    /// ISO/IEC TS 27560 in the terms of DPV 2.3, as JSON-LD.
    Dpv,
    /// Kantara's Consent Receipt 1.1; of receipts that grant something.
    Kantara,
    /// Everything that is known of it, with its proof.
    #[value(skip)]
    All,
    /// Its proof, which checks without this server.
    #[value(skip)]
    Proof,
}

/// The query of a receipt.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReceiptQuery {
    /// How it is shown.
    #[serde(default)]
    #[param(inline)]
    view: View,
}

/// One receipt, as it is stored, in a standard view, or with everything that is known of it.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/receipts/{decision}",
    tag = "receipts",
    params(("site" = SiteId, Path, description = "The site's id"), ("decision" = DecisionId, Path, description = "The decision's id"), ReceiptQuery),
    responses((
        status = 200,
        description = "The receipt",
        content((Object = "application/json"), (Object = "application/ld+json"), (String = "text/plain")),
    ))
)]
pub async fn get_receipt(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, decision)): PathOf<(SiteId, DecisionId)>,
    query: Result<Query<ReceiptQuery>, QueryRejection>,
) -> Result<Response> {
    caller.require(Permission::ReadReceipts, &site)?;
    let Query(ReceiptQuery { view }) =
        query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    let text = show(&app, &caller, &site, &decision, view).await?;
    Ok(([(CONTENT_TYPE, view.media_type()), (CACHE_CONTROL, "no-store")], text).into_response())
}

impl View {
    /// What a file in this view is.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Receipt | Self::Kantara | Self::All => "application/json",
            Self::Dpv => "application/ld+json",
            Self::Proof => "text/plain; charset=utf-8",
        }
    }

    /// What a file in this view is called after its decision.
    pub(crate) fn file(self, decision: &DecisionId) -> String {
        match self {
            Self::Receipt => format!("{decision}.json"),
            Self::All => format!("{decision}-all.json"),
            Self::Dpv => format!("{decision}-dpv.jsonld"),
            Self::Kantara => format!("{decision}-kantara.json"),
            Self::Proof => format!("{decision}.tlog-proof"),
        }
    }
}

/// One receipt in a view, for a caller.
pub(crate) async fn show(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    decision: &DecisionId,
    view: View,
) -> Result<String> {
    if matches!(view, View::All | View::Proof) {
        let whole = open(app, caller, site, decision).await?;
        return if view == View::All { whole.json() } else { Ok(whole.proof) };
    }
    caller.require(Permission::ReadReceipts, site)?;
    let current = app.catalog.site(site).await?;
    audit::record(app, caller, Action::ReceiptView, Some(site), decision.as_str()).await?;
    write(&app.store, &current.site, decision, view, app.public_url.as_deref()).await
}

/// Everything about one receipt, for a caller.
pub(crate) async fn open(app: &App, caller: &Caller, site: &SiteId, decision: &DecisionId) -> Result<Whole> {
    caller.require(Permission::ReadReceipts, site)?;
    let current = app.catalog.site(site).await?;
    audit::record(app, caller, Action::ReceiptView, Some(site), decision.as_str()).await?;
    whole::whole(app, &current.site, decision).await
}

/// An answer that nobody else may keep.
pub(crate) fn private_json(body: String) -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response()
}

/// A site's receipt of that decision, in that view.
pub async fn write(
    store: &Store,
    site: &Site,
    decision: &DecisionId,
    view: View,
    public_url: Option<&str>,
) -> Result<String> {
    let body = store.receipt(&site.id, decision).await?.ok_or(Error::NotFound)?.body;
    if view == View::Receipt {
        return Ok(body);
    }
    let receipt = read(&body)?;
    let notice =
        store.notice(&site.id, receipt.notice.number).await?.ok_or_else(|| broken("its notice is gone"))?;
    let notice: Notice = serde_json::from_str(&notice.body).map_err(|error| broken(&error))?;
    let before = match &receipt.replaces {
        Some(replaced) => store.receipt(&site.id, replaced).await?,
        None => None,
    };
    let before = before.map(|row| read(&row.body)).transpose()?;
    let log = store.sealed(&site.id, decision.as_str()).await?.map(|sealed| LogPlace {
        origin: sealed.proof.checkpoint.unverified().origin.clone(),
        index: sealed.proof.index,
        proof: sealed.proof.to_string(),
    });
    let exercised_at = where_to_choose(site, &receipt, public_url);
    let sources = Sources {
        receipt: &receipt,
        notice: &notice,
        before: before.as_ref(),
        exercised_at: &exercised_at,
        log: log.as_ref(),
    };
    let written = if view == View::Dpv { dpv::view(sources) } else { kantara::view(sources) };
    written.map(|value| format!("{value:#}")).map_err(|error| match error {
        ViewError::AnotherNotice | ViewError::Unreadable(_) => broken(&error),
        refused => Error::ViewUnavailable(refused),
    })
}

pub(crate) fn read(body: &str) -> Result<Receipt> {
    serde_json::from_str(body).map_err(|error| broken(&error))
}

pub(crate) fn broken(cause: &(impl std::fmt::Display + ?Sized)) -> Error {
    Error::Internal(format!("stored receipt: {cause}"))
}

/// The form of choices where the server is known to stand under one of the site's own hosts, as it must for the form to
/// work; else the page on which was decided, which has the banner.
fn where_to_choose(site: &Site, receipt: &Receipt, public_url: Option<&str>) -> String {
    let own = public_url.map(|url| url.trim_end_matches('/')).filter(|url| {
        url::Url::parse(url).is_ok_and(|url| site.origins.contains(&url.origin().ascii_serialization()))
    });
    own.map_or_else(|| receipt.origin.clone(), |url| format!("{url}/_assent/{}/choices", site.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Environment;

    #[test]
    fn the_form_is_named_only_where_it_works() {
        let site = Site {
            id: "shop".parse().unwrap(),
            name: "Shop".to_owned(),
            environment: Environment::Production,
            origins: vec!["https://shop.example".to_owned()],
            share_subdomains: false,
        };
        let receipt: Receipt = serde_json::from_str(
            r#"{"choices":{},"clock_off":false,"decided_at":0,"decision":"0192f3a4-5b6c-7d8e-9f01-23456789abcd","gpc":false,
                "layer":1,"locale":"en","method":"custom","notice":{"hash":"","number":1},"origin":"https://www.shop.example",
                "received_at":0,"replaces":null,"site":"shop","valid_until":0,"version":1,
                "visitor":"v_AAAAAAAAAAAAAAAAAAAAAA","widget":""}"#,
        )
        .unwrap();
        let at = |url| where_to_choose(&site, &receipt, url);
        assert_eq!(at(Some("https://shop.example/")), "https://shop.example/_assent/shop/choices");
        assert_eq!(at(Some("https://consent.example")), "https://www.shop.example");
        assert_eq!(at(Some("nonsense")), "https://www.shop.example");
        assert_eq!(at(None), "https://www.shop.example");
    }
}

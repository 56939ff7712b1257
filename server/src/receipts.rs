//! Owns one receipt as an operator asks for it: its stored bytes, or a standard view of it, over HTTP and on the command line.
//! Refuses to know the standards; `assent_shared::views` writes them.

use assent_shared::views::{LogPlace, Sources, ViewError, dpv, kantara};
use assent_shared::{DecisionId, Notice, Receipt, SiteId};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::access::Permission;
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::state::App;
use crate::store::{Site, Store};

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

/// One receipt, as it is stored or in a standard view.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/receipts/{decision}",
    tag = "receipts",
    params(("site" = SiteId, Path, description = "The site's id"), ("decision" = DecisionId, Path, description = "The decision's id"), ReceiptQuery),
    responses((
        status = 200,
        description = "The receipt",
        content((Receipt = "application/json"), (Object = "application/ld+json")),
    ))
)]
pub async fn get_receipt(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, decision)): PathOf<(SiteId, DecisionId)>,
    query: Result<Query<ReceiptQuery>, QueryRejection>,
) -> Result<Response> {
    caller.require(Permission::ReadReceipts, &site)?;
    let current = app.catalog.site(&site).await?;
    let Query(ReceiptQuery { view }) =
        query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    let text = write(&app.store, &current.site, &decision, view, app.public_url.as_deref()).await?;
    let media_type = match view {
        View::Receipt | View::Kantara => "application/json",
        View::Dpv => "application/ld+json",
    };
    Ok(([(CONTENT_TYPE, media_type), (CACHE_CONTROL, "no-store")], text).into_response())
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

fn read(body: &str) -> Result<Receipt> {
    serde_json::from_str(body).map_err(|error| broken(&error))
}

fn broken(cause: &(impl std::fmt::Display + ?Sized)) -> Error {
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

//! Owns the replay: the banner and the preferences as a notice showed them in one language, in a frame that says so.
//! Refuses scripts, so that nothing in it can decide or store anything, and to draw: it is the widget's own components and style.

use std::collections::BTreeSet;

use askama::Template;
use assent_shared::{DecisionId, Locale, Notice, PurposeId, Receipt, SiteId, StoredDecision};
use assent_widget::Start;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::Response;
use data_encoding::BASE64;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::records::time;
use super::{Frame, POLICY, answer, render};
use crate::access::Permission;
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::locales::{self, PageTexts};
use crate::numbers::Number;
use crate::state::App;
use crate::tag;

/// In a frame nothing can be pressed, and a purpose's switch stays as clear as it was. The preferences are shown whole: what
/// does not scroll can be read by everybody; without the visitor's own records, which are no part of a notice.
const FRAMED: &str = "fieldset{display:contents}input:not([disabled]):disabled{opacity:1}button:disabled{cursor:default}\
    :host(.whole){position:static!important;width:auto!important;height:auto!important}\
    .bar{max-height:calc(100% - 2*var(--edge))}.own{display:none}\
    .choices[open]{position:static;max-height:none;margin:24px auto}";

/// The replay's query.
#[derive(Debug, Default, Deserialize)]
pub struct ReplayQuery {
    /// What was granted, as the cookie writes it: `analytics.video`.
    granted: Option<String>,
}

#[derive(Template)]
#[template(path = "replay.html")]
struct ReplayPage<'a> {
    frame: Frame,
    words: &'a PageTexts,
    controller: &'a str,
    number: u32,
    published: String,
    hash: &'a str,
    /// The first layer, and the second.
    layers: [String; 2],
    style: &'a str,
}

/// `GET /_assent/{site}/replay/{number}/{locale}`
pub async fn get_replay(
    State(app): State<App>,
    PathOf((site, Number(number), locale)): PathOf<(SiteId, Number<u32>, Locale)>,
    query: Result<Query<ReplayQuery>, QueryRejection>,
) -> Result<Response> {
    let granted = query.ok().and_then(|Query(query)| query.granted).unwrap_or_default();
    // The cookie's own reader, so that there is one way to read such a list.
    let granted = StoredDecision::parse(&format!("1~1~0~{granted}")).map(|stored| stored.grants);
    show(&app, &site, number, &locale, &granted.unwrap_or_default()).await
}

/// What the visitor saw when they decided, as a page.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/receipts/{decision}/replay",
    tag = "receipts",
    params(("site" = SiteId, Path, description = "The site's id"), ("decision" = DecisionId, Path, description = "The decision's id")),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
pub async fn get_receipt_replay(
    State(app): State<App>,
    PathOf((site, decision)): PathOf<(SiteId, DecisionId)>,
    ByKey(caller): ByKey,
) -> Result<Response> {
    caller.require(Permission::ReadReceipts, &site)?;
    let body = app.store.receipt(&site, &decision).await?.ok_or(Error::NotFound)?.body;
    let receipt: Receipt =
        serde_json::from_str(&body).map_err(|error| Error::Internal(format!("stored receipt: {error}")))?;
    let granted = receipt.choices.iter().filter(|(_, granted)| **granted).map(|(id, _)| id.clone()).collect();
    show(&app, &site, receipt.notice.number, &receipt.locale, &granted).await
}

async fn show(
    app: &App,
    site: &SiteId,
    number: u32,
    locale: &Locale,
    granted: &BTreeSet<PurposeId>,
) -> Result<Response> {
    let published = app.catalog.notice(site, number).await.map_err(|error| match error {
        Error::UnknownNotice(_) => Error::NotFound,
        error => error,
    })?;
    let notice = &published.notice;
    let Picture { style, layers } = picture(notice, locale, granted).ok_or(Error::NotFound)?;
    let page = ReplayPage {
        frame: Frame::new(locale, notice.texts.keys(), |locale| format!("../{number}/{locale}")),
        words: &locales::built_in(locale).pages,
        controller: &notice.controller.name,
        number,
        published: time(published.published_at),
        hash: &published.hash,
        layers,
        style: &style,
    };
    let mut response = answer(render(&page)?, None);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy(&style));
    Ok(response)
}

/// Both layers of the banner, for frames.
pub(super) struct Picture {
    pub(super) style: String,
    pub(super) layers: [String; 2],
}

/// The banner as it was shown in a language, and the preferences with what was granted; nothing in a language that it never spoke.
pub(super) fn picture(notice: &Notice, locale: &Locale, granted: &BTreeSet<PurposeId>) -> Option<Picture> {
    let built_in = locales::built_in(locale);
    let view = notice.view(locale, &built_in.banner, |lifetime| built_in.lifetime(lifetime))?;
    let selection: Vec<bool> =
        notice.purposes.iter().map(|purpose| purpose.essential || granted.contains(&purpose.id)).collect();
    let style = tag::squeeze(
        &[
            &tag::style(notice, locale.is_rtl()),
            include_str!("../../../widget/dialog.css"),
            FRAMED,
            &tag::theme(&notice.appearance),
        ]
        .concat(),
    );
    let first = if view.asks() {
        assent_widget::render(&view, Start::Banner)
    } else if notice.informs() {
        assent_widget::render_information(&view)
    } else {
        assent_widget::render(&view, Start::Closed)
    };
    let layers = [first, assent_widget::render_preferences(&view, &selection)];
    Some(Picture { style, layers: layers.map(|html| open(&html)) })
}

/// Where the replays of a file's receipts are: a download, an answer to a decision, or the lines of an export. On `server`, where
/// that is not the host of the pages themselves.
pub fn addresses(text: &str, server: Option<&str>) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct Holder {
        receipt: Receipt,
    }
    #[derive(Deserialize)]
    struct Download {
        receipts: Vec<Holder>,
    }
    let receipts = match serde_json::from_str(text) {
        Ok(Download { receipts }) => receipts,
        Err(_) => serde_json::Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().map_err(
            |error| format!("This is neither a download of receipts nor an export as jsonl: {error}."),
        )?,
    };
    let address = |Holder { receipt }: &Holder| {
        let server = server.unwrap_or(&receipt.origin).trim_end_matches('/');
        let Receipt { site, notice, locale, choices, .. } = receipt;
        let granted = choices.iter().filter(|(_, granted)| **granted);
        let granted: Vec<&str> = granted.map(|(id, _)| id.as_str()).collect();
        format!("{server}/_assent/{site}/replay/{}/{locale}?granted={}", notice.number, granted.join("."))
    };
    Ok(receipts.iter().map(address).collect())
}

/// Without a script nobody opens a dialog, and in a page that is only read nothing takes the focus.
fn open(html: &str) -> String {
    html.replacen("<dialog", "<dialog open", 1).replace(" autofocus=\"autofocus\"", "")
}

/// The pages' policy, with the style of the frames.
fn policy(style: &str) -> HeaderValue {
    let hash = BASE64.encode(&Sha256::digest(style));
    HeaderValue::try_from(POLICY.replacen("style-src", &format!("style-src 'sha256-{hash}'"), 1))
        .unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

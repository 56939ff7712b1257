//! Owns a notice's page for ever: what was shown in one language, with the hash that receipts and the ledger name it by.
//! Refuses to show the newest in place of an older one: who follows a receipt wants the notice of then.

use std::collections::BTreeSet;

use askama::Template;
use assent_shared::{Locale, SiteId, Texts};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;

use super::records::time;
use super::replay::{Picture, picture};
use super::view::{PurposeSection, Who};
use super::{Frame, policy, render};
use crate::catalog::PublishedNotice;
use crate::error::{Error, Result};
use crate::extract::PathOf;
use crate::locales::{self, PageTexts};
use crate::numbers::{self, Number};
use crate::state::App;
use crate::tag::{self, TagQuery};

/// Where a notice's page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the server.
    Server,
    /// In an export, beside the notice's canonical bytes.
    Bundle,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    frame: Frame,
    texts: &'a Texts,
    words: &'a PageTexts,
    who: Who<'a>,
    asks: bool,
    purposes: Vec<PurposeSection<'a>>,
    /// The banner's own layers, where there is no server to replay them.
    layers: Vec<String>,
    style: String,
    number: u32,
    hash: &'a str,
    published: String,
    published_at: String,
    canonical: String,
}

/// `GET /_assent/{site}/notices/{number}`, which the widget asks for, and `…/{number}.json`: the bytes that are hashed.
pub async fn get_notice_file(
    State(app): State<App>,
    PathOf((site, file)): PathOf<(SiteId, String)>,
    query: Result<Query<TagQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let (number, canonical) = match file.strip_suffix(".json") {
        Some(number) => (number, true),
        None => (file.as_str(), false),
    };
    let number: u32 = numbers::plain(number).ok_or(Error::NotFound)?;
    if !canonical {
        return tag::get_notice(State(app), &site, number, query, headers).await;
    }
    let row = app.store.notice(&site, number).await?.ok_or(Error::NotFound)?;
    let mut response = row.body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

/// `GET /_assent/{site}/notices/{number}/{locale}`
pub async fn get_notice_page(
    State(app): State<App>,
    PathOf((site, Number(number), locale)): PathOf<(SiteId, Number<u32>, Locale)>,
) -> Result<Response> {
    let notice = app.catalog.notice(&site, number).await.map_err(|error| match error {
        Error::UnknownNotice(_) => Error::NotFound,
        error => error,
    })?;
    if !notice.notice.texts.contains_key(&locale) {
        let spoken: Vec<&str> = notice.notice.texts.keys().map(Locale::as_str).collect();
        let spoken = spoken.join(", ");
        return Err(Error::NotInLedger(format!(
            "notice {number} was not shown in `{locale}`, but in: {spoken}"
        )));
    }
    let html = write(&notice, &locale, Place::Server)?;
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(tag::CACHE));
    headers.insert(CONTENT_SECURITY_POLICY, policy(None));
    Ok(response)
}

/// Writes a notice's page in one of its locales.
pub(crate) fn write(published: &PublishedNotice, locale: &Locale, place: Place) -> Result<String> {
    let PublishedNotice { notice, hash, published_at } = published;
    let number = notice.number;
    let built_in = locales::built_in(locale);
    let texts = &notice.words(locale, &built_in.banner).unwrap_or_else(|| built_in.banner.clone());
    let instant = Timestamp::from_millisecond(*published_at)
        .map_err(|error| Error::Internal(format!("notice {number}: {error}")))?;
    let (picture, canonical) = match place {
        Place::Server => (None, format!("../{number}.json")),
        Place::Bundle => (picture(notice, locale, &BTreeSet::new()), format!("{number}.json")),
    };
    let (style, layers) = picture.map(|Picture { style, layers }| (style, layers.into())).unwrap_or_default();
    render(&NoticePage {
        frame: Frame::new(locale, notice.texts.keys(), |locale| match place {
            Place::Server => locale.to_string(),
            Place::Bundle => format!("{number}.{locale}.html"),
        }),
        texts,
        words: &built_in.pages,
        who: Who::new(notice, false),
        asks: notice.asks(),
        purposes: notice
            .purposes
            .iter()
            .map(|purpose| PurposeSection::new(purpose, locale, built_in))
            .collect(),
        layers,
        style,
        number,
        hash,
        published: time(*published_at),
        published_at: format!("{instant:.0}"),
        canonical,
    })
}

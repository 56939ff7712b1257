//! Owns the table of declared cookies in the visitor's language, as a page and as a fragment for the operator's own.
//! Refuses to know the visitor: both are the same for everybody, and are rendered and compressed once.

use askama::Template;
use assent_shared::{Locale, Notice, SiteId, Texts};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::Response;
use serde::Deserialize;

use super::view::{PurposeSection, Who};
use super::{Frame, direction, newest_notice, policy, render};
use crate::error::Result;
use crate::extract::PathOf;
use crate::locales::{self, PageTexts};
use crate::serve_file::Precompressed;
use crate::state::App;
use crate::tag;

/// The page's query.
#[derive(Debug, Default, Deserialize)]
pub struct CookiesQuery {
    lang: Option<String>,
    fragment: Option<String>,
}

/// How the table is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// As a page of its own.
    Page,
    /// As a piece of HTML for another page.
    Fragment,
}

#[derive(Template)]
#[template(path = "cookies.html")]
struct CookiesPage<'a> {
    frame: Frame,
    texts: &'a Texts,
    words: &'a PageTexts,
    who: Who<'a>,
    purposes: Vec<PurposeSection<'a>>,
    /// Where there is a choice.
    choices_address: Option<String>,
}

#[derive(Template)]
#[template(path = "cookies_fragment.html")]
struct CookiesFragment<'a> {
    lang: &'a str,
    dir: &'static str,
    texts: &'a Texts,
    words: &'a PageTexts,
    purposes: Vec<PurposeSection<'a>>,
}

/// `GET /_assent/{site}/cookies`
pub async fn get_cookies(
    State(app): State<App>,
    PathOf(site): PathOf<SiteId>,
    query: Result<Query<CookiesQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let Query(query) = query.unwrap_or_default();
    let newest = app.catalog.site(&site).await?.newest_notice;
    let (notice, locale) = newest_notice(&app, &site, newest, query.lang.as_deref(), &headers).await?;
    let shape = if query.fragment.is_some() { Shape::Fragment } else { Shape::Page };
    let table = app.catalog.cookies(&site, &notice, &locale, shape).await?;
    let mut response = table.respond(&headers, tag::CACHE, "accept-encoding, accept-language");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy(None));
    Ok(response)
}

/// Writes the table for one notice and locale.
pub fn write(notice: &Notice, locale: &Locale, shape: Shape) -> Result<Precompressed> {
    let built_in = locales::built_in(locale);
    let texts = &notice.words(locale, &built_in.banner).unwrap_or_else(|| built_in.banner.clone());
    let words = &built_in.pages;
    let purposes =
        notice.purposes.iter().map(|purpose| PurposeSection::new(purpose, locale, built_in)).collect();
    let html = match shape {
        Shape::Fragment => render(&CookiesFragment {
            lang: locale.as_str(),
            dir: direction(locale),
            texts,
            words,
            purposes,
        })?,
        Shape::Page => render(&CookiesPage {
            frame: Frame::new(locale, notice.texts.keys(), |locale| format!("cookies?lang={locale}")),
            texts,
            words,
            who: Who::new(notice, false),
            purposes,
            choices_address: notice.asks().then(|| format!("choices?lang={locale}")),
        })?,
    };
    Ok(Precompressed::new("text/html; charset=utf-8", html.into_bytes()))
}

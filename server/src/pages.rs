//! Owns what the server's own pages share: their language, their frame, their headers; and the page that tells of a failure.
//! Refuses scripts: every page is whole without one, and its policy lets none run; only the verifier is nothing but a script.

pub mod choices;
pub mod cookies;
pub mod notice;
pub mod records;
pub mod replay;
mod submission;
pub mod verify;
pub mod versions;
mod view;
mod way_back;

use std::sync::{Arc, LazyLock};

use askama::Template;
use assent_shared::{Locale, SiteId};
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use crate::catalog::PublishedNotice;
use crate::error::{Error, Result};
use crate::state::App;
use crate::{locales, tag};

/// The style of every page.
const STYLE: &str = include_str!("../templates/style.css");

/// Lets a page look as it does, and no other way.
static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("style-src 'sha256-{}'", BASE64.encode(&Sha256::digest(STYLE))));

/// What a page may do: nothing, but look as it does and send its form to its own host.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; {}; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
        *STYLE_SOURCE
    )
});

/// What surrounds a page's content.
struct Frame {
    lang: String,
    dir: &'static str,
    languages: Vec<Language>,
}

/// The same page in another language.
struct Language {
    tag: String,
    name: String,
    address: String,
}

impl Frame {
    /// The frame of a page in `locale`, which `address` leads to in each of `locales`.
    fn new<'a>(
        locale: &Locale,
        locales: impl Iterator<Item = &'a Locale>,
        address: impl Fn(&Locale) -> String,
    ) -> Self {
        let languages = locales.map(|locale| {
            let built_in = locales::built_in(locale);
            // A language that is not built in has no name here but its tag.
            let known = locale.language() == built_in.tag().split('-').next().unwrap_or_default();
            Language {
                tag: locale.to_string(),
                name: if known { built_in.name.clone() } else { locale.to_string() },
                address: address(locale),
            }
        });
        Self { lang: locale.to_string(), dir: direction(locale), languages: languages.collect() }
    }
}

/// The value of HTML's `dir`.
fn direction(locale: &Locale) -> &'static str {
    if locale.is_rtl() { "rtl" } else { "ltr" }
}

/// The site's newest notice, and the visitor's language in it: `?lang=`, then the browser's.
async fn newest_notice(
    app: &App,
    site: &SiteId,
    newest: u32,
    lang: Option<&str>,
    headers: &HeaderMap,
) -> Result<(Arc<PublishedNotice>, Locale)> {
    if newest == 0 {
        return Err(Error::NotFound);
    }
    let notice = app.catalog.notice(site, newest).await?;
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let locale = notice.notice.best_locale(lang.into_iter().chain(tag::languages(accepted))).clone();
    Ok((notice, locale))
}

/// A page's HTML, as a mistake of ours if it cannot be written.
fn render(page: &impl Template) -> Result<String> {
    page.render().map_err(|error| Error::Internal(format!("template: {error}")))
}

/// Answers with a page for this visitor only. Its form may lead on to `leads_to`, an origin, beside its own.
fn answer(html: String, leads_to: Option<&str>) -> Response {
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Not `no-referrer`: with it browsers send a form's origin as `null`, and the form could not be told from a forged one.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CONTENT_SECURITY_POLICY, policy(leads_to));
    response
}

fn policy(leads_to: Option<&str>) -> HeaderValue {
    let policy = match leads_to {
        // Chromium holds `form-action` against where an answered form redirects to, too.
        Some(origin) => format!("{} {origin}", *POLICY),
        None => POLICY.clone(),
    };
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Whether whoever asks is a person with a browser, and not a program.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    title: &'a str,
    detail: &'a str,
    request_id: Option<&'a str>,
}

/// The page that tells a person what a problem body tells a program; in English, as problem bodies are.
pub(crate) fn problem(title: &str, detail: &str, request_id: Option<&str>) -> Response {
    let frame = Frame { lang: "en".to_owned(), dir: "ltr", languages: vec![] };
    let page = ProblemPage { frame, title, detail, request_id };
    answer(page.render().unwrap_or_else(|_| detail.to_owned()), None)
}

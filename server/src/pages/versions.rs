//! Owns the page that lists every version of a site's notice, and announces the one that is planned.
//! Refuses to show the planned one's words before its date: what is announced is when, and what will be asked again.

use askama::Template;
use assent_shared::{Locale, SiteId};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::{Frame, answer, newest_notice, render};
use crate::error::{Error, Result};
use crate::extract::PathOf;
use crate::locales::{self, PageTexts};
use crate::pages::records::time;
use crate::publishing;
use crate::state::App;
use crate::tag::TagQuery;

/// More than a site publishes in a lifetime.
const MOST: i64 = 10_000;

struct Listed {
    number: i64,
    at: String,
    address: String,
}

/// What is announced: when, and the names of what will be asked again.
struct Announced {
    at: String,
    purposes: Vec<String>,
}

#[derive(Template)]
#[template(path = "versions.html")]
struct VersionsPage<'a> {
    frame: Frame,
    words: &'a PageTexts,
    controller: &'a str,
    announced: Option<Announced>,
    versions: Vec<Listed>,
}

/// `GET /_assent/{site}/notices`
pub async fn get_versions(
    State(app): State<App>,
    PathOf(site): PathOf<SiteId>,
    query: Result<Query<TagQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let current = app.catalog.site(&site).await?;
    let lang = query.ok().and_then(|Query(query)| query.lang);
    let (newest, locale) =
        newest_notice(&app, &site, current.newest_notice, lang.as_deref(), &headers).await?;
    let mut versions = Vec::new();
    for row in app.store.versions(&site, i64::MAX, MOST).await? {
        let number =
            u32::try_from(row.number).map_err(|error| Error::Internal(format!("notice: {error}")))?;
        let notice = app.catalog.notice(&site, number).await?;
        let shown_in = notice.notice.best_locale([locale.as_str()]);
        versions.push(Listed {
            number: row.number,
            at: time(row.published_at),
            address: format!("/_assent/{site}/notices/{number}/{shown_in}"),
        });
    }
    render_page(&app, &site, &newest.notice, &locale, versions).await
}

async fn render_page(
    app: &App,
    site: &SiteId,
    newest: &assent_shared::Notice,
    locale: &Locale,
    versions: Vec<Listed>,
) -> Result<Response> {
    let plan = publishing::planned(app, site).await?.filter(|plan| plan.row.failed_at.is_none());
    let announced = plan.map(|plan| Announced {
        at: time(plan.row.publish_at),
        purposes: plan
            .asked_again
            .iter()
            .map(|id| {
                let purpose =
                    plan.notice.iter().flat_map(|notice| &notice.purposes).find(|one| one.id == *id);
                let texts = purpose.and_then(|purpose| purpose.texts.get(locale));
                texts.map_or_else(|| id.to_string(), |texts| texts.name.clone())
            })
            .collect(),
    });
    let page = VersionsPage {
        frame: Frame::new(locale, newest.texts.keys(), |locale| format!("?lang={locale}")),
        words: &locales::built_in(locale).pages,
        controller: &newest.controller.name,
        announced,
        versions,
    };
    Ok(answer(render(&page)?, None))
}

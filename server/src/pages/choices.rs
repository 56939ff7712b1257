//! Owns the choices as a plain HTML form: shown, set and withdrawn without a script, with receipts as any others.
//! Refuses to take a choice where it would not hold, and to answer before its receipt is durable.

use askama::Template;
use assent_shared::cookie::ID_COOKIE;
use assent_shared::notice::Purpose;
use assent_shared::{
    Decision, DecisionId, Locale, Method, PurposeId, Receipt, StoredDecision, Texts, VisitorSecret,
};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::submission::{Submission, granted, mint_id, mint_secret};
use super::view::{PurposeSection, Who};
use super::way_back::way_back;
use super::{Frame, answer, newest_notice, render};
use crate::catalog::CurrentSite;
use crate::decisions::{global_privacy_control, record, refuse_stale, set_cookies, stored_decision};
use crate::error::{self, Error, Result};
use crate::extract::{FormBody, FromForm, PathOf, cookie, own_origin};
use crate::locales::{self, PageTexts};
use crate::metrics::Outcome;
use crate::numbers;
use crate::state::App;
use crate::statistics::shown;
use crate::store::Appended;

/// The form's query.
#[derive(Debug, Default, Deserialize)]
pub struct ChoicesQuery {
    lang: Option<String>,
    back: Option<String>,
    /// The time of the decision that was just saved, in the cookie's seconds.
    #[serde(default, deserialize_with = "numbers::maybe")]
    saved: Option<i64>,
    /// The same, of one that withdrew a grant.
    #[serde(default, deserialize_with = "numbers::maybe")]
    withdrawn: Option<i64>,
}

#[derive(Template)]
#[template(path = "choices.html")]
struct ChoicesPage<'a> {
    frame: Frame,
    texts: &'a Texts,
    words: &'a PageTexts,
    who: Who<'a>,
    said: Option<&'a str>,
    /// Why nothing was saved, if the notice changed meanwhile.
    changed: Option<&'a str>,
    /// What is new since the decision that the cookie knows.
    news: &'a str,
    /// Whether anything can be chosen.
    asks: bool,
    missing: Vec<&'a PurposeSection<'a>>,
    form: Option<Form>,
    purposes: Vec<Asked<'a>>,
    back: Option<String>,
}

/// What the form carries beside the answers.
struct Form {
    action: String,
    id: DecisionId,
    notice: u32,
    visitor: Option<VisitorSecret>,
}

/// A purpose, what the cookie says of it, and what is selected.
struct Asked<'a> {
    purpose: &'a PurposeSection<'a>,
    stored: Option<bool>,
    chosen: Option<bool>,
    missing: bool,
    /// What is new about it since the decision that the cookie knows.
    news: &'a str,
    /// What the browser's signal does to it, where it does something.
    signal: Option<&'a String>,
}

/// `GET /_assent/{site}/choices`
pub async fn get_choices(
    State(app): State<App>,
    PathOf(site): PathOf<assent_shared::SiteId>,
    query: Result<Query<ChoicesQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let Query(query) = query.unwrap_or_default();
    let site = app.catalog.site(&site).await?;
    let page = show(&app, &site, &query, &headers, None).await?;
    count(&app, &site, &query, &headers).await;
    Ok(page)
}

/// Counts the form as shown to somebody who has not answered what it asks, and can answer it here. What cannot be counted is no
/// reason to show nothing.
async fn count(app: &App, current: &CurrentSite, query: &ChoicesQuery, headers: &HeaderMap) {
    let early = headers.contains_key("sec-purpose");
    if early || own_origin(headers, &current.site.origins).is_none() {
        return;
    }
    let newest = newest_notice(app, &current.site.id, current.newest_notice, query.lang.as_deref(), headers);
    let Ok((notice, locale)) = newest.await else { return };
    let stored = stored_decision(headers);
    let answered = |purpose: &Purpose| granted(stored.as_ref(), purpose.since, &purpose.id).is_some();
    if !notice.notice.optional().all(answered) {
        let _ = shown::count(app, current, notice.notice.number, &locale, headers).await;
    }
}

/// `POST /_assent/{site}/choices`
pub async fn save_choices(
    State(app): State<App>,
    page: FromForm,
    query: Result<Query<ChoicesQuery>, QueryRejection>,
    headers: HeaderMap,
    FormBody(fields): FormBody,
) -> Result<Response> {
    let Query(query) = query.unwrap_or_default();
    let site = &page.site.site;
    let sent = Submission::read(&fields)?;
    let notice = app.catalog.notice(&site.id, sent.notice()).await?;
    let now = app.clock.now();
    if let Err(error) = refuse_stale(&app, &page.site, sent.notice(), now).await {
        let Error::StaleNotice { .. } = error else { return Err(error) };
        app.metrics.decision(Outcome::StaleNotice);
        let form = show(&app, &page.site, &query, &headers, Some(Shown::Changed(&sent))).await?;
        return Ok((error::outdated(), form).into_response());
    }
    if !sent.unanswered(&notice.notice).is_empty() {
        let form = show(&app, &page.site, &query, &headers, Some(Shown::Incomplete(&sent))).await?;
        return Ok((error::incomplete(), form).into_response());
    }

    let stored = stored_decision(&headers);
    let visitor: Option<VisitorSecret> = cookie(&headers, ID_COOKIE).and_then(|value| value.parse().ok());
    let replaces = match &visitor {
        Some(visitor) => app.store.newest_decision(&site.id, &visitor.visitor_id(&site.id)).await?,
        None => None,
    };
    let gpc = global_privacy_control(&headers);
    let mut decision = sent.into_decision(&notice.notice, stored.as_ref(), visitor, gpc, now);
    // Not itself, where the form is sent twice.
    decision.replaces = replaces.filter(|replaced| *replaced != decision.id);
    match record(&app, &page.site, &page.origin, decision.clone(), &headers).await? {
        Appended::New(_) => {}
        Appended::Refused(refusal) => return Err(Error::Refused(refusal)),
        Appended::Repeated { body } | Appended::Conflict { body } => {
            let before: Receipt = serde_json::from_str(&body)
                .map_err(|error| Error::Internal(format!("stored receipt: {error}")))?;
            if repeats(&decision, &before, stored.as_ref()) {
                decision.decided_at = before.decided_at;
                decision.method = before.method;
            } else {
                // An old copy of the form, sent again with another wish: that is a decision of its own.
                decision.id = mint_id(now);
                record(&app, &page.site, &page.origin, decision.clone(), &headers).await?;
            }
        }
    }

    let own = StoredDecision::from(&decision);
    let back = query.back.as_deref().and_then(|back| way_back(back, &page.origin, &site.origins));
    let to = match &back {
        Some(back) => back.to_string(),
        None => {
            let said = if decision.method == Method::Withdraw { "withdrawn" } else { "saved" };
            address(&decision.locale, None, Some((said, own.decided_at)))
        }
    };
    let mut response = Redirect::to(&to).into_response();
    response.headers_mut().insert(CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    set_cookies(&mut response, &decision.visitor, Some(&own), &page.origin, site);
    Ok(response)
}

/// Whether `decision` is `before` sent twice, and not an old form that comes again after something newer was decided.
fn repeats(decision: &Decision, before: &Receipt, stored: Option<&StoredDecision>) -> bool {
    let newer = stored.is_some_and(|stored| stored.decided_at > before.decided_at.div_euclid(1000));
    !newer
        && decision.choices == before.choices
        && decision.notice == before.notice.number
        && decision.locale == before.locale
        && decision.visitor.visitor_id(&before.site) == before.visitor
}

/// Why a form that was sent is shown again.
#[derive(Clone, Copy)]
enum Shown<'a> {
    /// An answer is missing.
    Incomplete(&'a Submission),
    /// It answers a notice after which the site asked something else.
    Changed(&'a Submission),
}

/// The page; `again` with what was sent.
async fn show(
    app: &App,
    current: &CurrentSite,
    query: &ChoicesQuery,
    headers: &HeaderMap,
    again: Option<Shown<'_>>,
) -> Result<Response> {
    let site = &current.site;
    let (published, locale) =
        newest_notice(app, &site.id, current.newest_notice, query.lang.as_deref(), headers).await?;
    let notice = &published.notice;
    let built_in = locales::built_in(&locale);
    let words = &built_in.pages;
    let stored = stored_decision(headers);
    let said_at = |at: Option<i64>| at.is_some() && at == stored.as_ref().map(|stored| stored.decided_at);

    // On a host that is not the site's the cookies would be another host's, and the site would never see the choice.
    let own = own_origin(headers, &site.origins);
    let base = own.or(site.origins.first().map(String::as_str)).unwrap_or_default();
    let back = query.back.as_deref().and_then(|back| way_back(back, base, &site.origins));
    let leads_to = back.as_ref().map(|back| back.origin().ascii_serialization());
    let form = own.filter(|_| notice.asks()).map(|_| Form {
        action: address(&locale, back.as_ref(), None),
        id: mint_id(app.clock.now()),
        notice: notice.number,
        // Here, so that a form that is sent twice at once comes from one visitor. It counts only if there is no cookie.
        visitor: cookie(headers, ID_COOKIE)
            .and_then(|value| value.parse::<VisitorSecret>().ok())
            .is_none()
            .then(mint_secret),
    });

    let sections: Vec<PurposeSection> =
        notice.purposes.iter().map(|purpose| PurposeSection::new(purpose, &locale, built_in)).collect();
    let (sent, unanswered, changed): (Option<&Submission>, Vec<PurposeId>, bool) = match again {
        Some(Shown::Incomplete(sent)) => (Some(sent), sent.unanswered(notice), false),
        Some(Shown::Changed(sent)) => (Some(sent), vec![], true),
        None => (None, vec![], false),
    };
    let answered = stored.as_ref().map(|stored| stored.notice);
    let view = notice
        .view_with_news(&locale, &built_in.banner, |lifetime| built_in.lifetime(lifetime), answered)
        .ok_or_else(|| Error::Internal(format!("notice {} lost a locale", notice.number)))?;
    let texts = &view.texts;
    let signal = global_privacy_control(headers);
    let asked =
        notice.purposes.iter().zip(&view.purposes).zip(&sections).map(|((purpose, view), section)| {
            let stored = granted(stored.as_ref(), purpose.since, &purpose.id);
            Asked {
                purpose: section,
                stored,
                // An answer to what a purpose was before is none to what it is now.
                chosen: sent.map_or(stored, |sent| {
                    sent.answer(&purpose.id).filter(|_| sent.notice() >= purpose.since)
                }),
                missing: unanswered.contains(&purpose.id),
                news: &view.news,
                // Only told: it answers nothing here, in neither direction.
                signal: (signal && purpose.gpc).then_some(if stored == Some(true) {
                    &texts.signal_overruled
                } else {
                    &texts.signal
                }),
            }
        });
    let purposes: Vec<Asked> = asked.collect();
    let page = ChoicesPage {
        frame: Frame::new(&locale, notice.texts.keys(), |locale| address(locale, back.as_ref(), None)),
        texts,
        words,
        who: Who::new(notice, own.is_some()),
        said: if said_at(query.saved) {
            Some(&words.saved)
        } else if said_at(query.withdrawn) {
            Some(&words.withdrawn)
        } else {
            None
        },
        changed: changed.then_some(words.changed.as_str()),
        news: &view.news,
        asks: notice.asks(),
        missing: purposes.iter().filter(|asked| asked.missing).map(|asked| asked.purpose).collect(),
        form,
        purposes,
        back: back.map(String::from).or_else(|| Url::parse(base).ok().map(String::from)),
    };
    let html = render(&page)?;
    Ok(answer(html, leads_to.as_deref().filter(|origin| Some(*origin) != own)))
}

/// The form's own address, relative to itself.
fn address(locale: &Locale, back: Option<&Url>, said: Option<(&str, i64)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("lang", locale.as_str());
    if let Some(back) = back {
        query.append_pair("back", back.as_str());
    }
    if let Some((said, at)) = said {
        query.append_pair(said, &at.to_string());
    }
    format!("choices?{}", query.finish())
}

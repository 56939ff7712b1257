//! Owns what a page gets of a notice: the script tag's response, with loader and rendered banner in one file, and the whole
//! of its words, which only the preferences need. Refuses to render while a visitor waits twice: each notice and locale is
//! rendered and compressed once.

mod loader;

use std::collections::BTreeMap;

use assent_shared::adapter::{Adapter, Argument, By, Calls};
use assent_shared::appearance::{Appearance, Font, Layout, Scheme, Theme};
use assent_shared::notice::{DeclaredCookie, Purpose};
use assent_shared::{Locale, Notice, NoticeView, PurposeId, SiteId};
use assent_widget::Start;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use self::loader::{assemble, joined, literal};
use crate::error::{Error, Result};
use crate::extract::PathOf;
use crate::locales;
use crate::serve_file::Precompressed;
use crate::sites::tag::note;
use crate::state::App;
use crate::widget::{self, IMMUTABLE};

pub(crate) use self::loader::squeeze;

/// Five minutes without asking again, then one conditional request; a day of grace while that is under way.
pub(crate) const CACHE: &str = "public, max-age=300, stale-while-revalidate=86400";

/// A notice in one of its locales, as pages get it.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The script tag's response.
    pub script: Precompressed,
    /// Everything that the widget shows, as JSON.
    pub notice: Precompressed,
}

/// What the loader is called with: no more than the first picture and an answer to it need.
#[derive(Serialize)]
struct Tag<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adapters: Vec<Told<'a>>,
    site: &'a SiteId,
    number: u32,
    locale: &'a Locale,
    dir: &'static str,
    /// The domains of the cookies that the site's subdomains share.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    domains: &'a [String],
    purposes: Vec<Asked<'a>>,
    /// What is said before the names of the purposes that are new to somebody; none where there can be no such purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    news: Option<&'a str>,
    css: String,
    widget: &'a str,
    /// What the loader demands of the file that it loads (Subresource Integrity).
    integrity: &'a str,
    /// The languages that the notice speaks, for a page that says its own; none where there is but one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locales: Vec<&'a Locale>,
}

/// A purpose, as far as a decision knows it.
#[derive(Serialize)]
struct Asked<'a> {
    id: &'a PurposeId,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    essential: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    gpc: bool,
    /// Whether a withdrawal loads the page anew.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reload: bool,
    since: u32,
    /// How it is named among the news, where somebody's answer can be older than it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl<'a> Asked<'a> {
    fn new(purpose: &'a Purpose, locale: &Locale) -> Self {
        let Purpose { id, essential, gpc, reload_on_withdrawal, since, .. } = purpose;
        Self {
            id,
            essential: *essential,
            gpc: *gpc,
            reload: *reload_on_withdrawal,
            since: *since,
            name: purpose.has_news().then(|| purpose.named_with_news(locale)),
        }
    }
}

/// An adapter without its name, which only its notice needs.
#[derive(Serialize)]
struct Told<'a> {
    by: By,
    calls: &'a Calls,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fixed: &'a BTreeMap<String, Argument>,
    global: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    purposes: &'a [PurposeId],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    states: &'a BTreeMap<String, Vec<PurposeId>>,
}

impl<'a> From<&'a Adapter> for Told<'a> {
    fn from(Adapter { by, calls, fixed, global, purposes, states, .. }: &'a Adapter) -> Self {
        Self { by: *by, calls, fixed, global, purposes, states }
    }
}

/// The tag's query.
#[derive(Debug, Deserialize)]
pub struct TagQuery {
    pub(crate) lang: Option<String>,
    /// The hash of the bytes that the page knows.
    pin: Option<String>,
}

/// `GET /_assent/{site}.js`
pub async fn get_tag(
    State(app): State<App>,
    PathOf(file): PathOf<String>,
    query: Result<Query<TagQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let site = file.strip_suffix(".js").and_then(|site| site.parse().ok()).ok_or(Error::NotFound)?;
    let current = app.catalog.site(&site).await?;
    note(&app, &current.site, &headers);
    // A query that cannot be read asks for nothing: the tag must load all the same.
    let (asked, pin) = query.ok().map(|Query(query)| (query.lang, query.pin)).unwrap_or_default();
    if let Some(pin) = pin {
        let pinned = app.catalog.pinned_tag(&site, &pin).await?;
        return Ok(pinned.respond(&headers, IMMUTABLE, "accept-encoding"));
    }
    let notice = match current.newest_notice {
        0 => return Err(Error::NotFound),
        number => app.catalog.notice(&site, number).await?,
    };
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = asked.as_deref().into_iter().chain(languages(accepted));
    let locale = notice.notice.best_locale(wanted).clone();
    let rendered = app.catalog.rendered(&current.site, &notice, &locale).await?;
    Ok(rendered.script.respond(&headers, CACHE, "accept-encoding, accept-language"))
}

/// `GET /_assent/{site}/notices/{number}?lang=`
pub async fn get_notice(
    State(app): State<App>,
    site: &SiteId,
    number: u32,
    query: Result<Query<TagQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let notice = app.catalog.notice(site, number).await.map_err(|error| match error {
        Error::UnknownNotice(_) => Error::NotFound,
        error => error,
    })?;
    let asked = query.ok().and_then(|Query(query)| query.lang);
    let locale = notice.notice.best_locale(asked.as_deref()).clone();
    let current = app.catalog.site(site).await?;
    let rendered = app.catalog.rendered(&current.site, &notice, &locale).await?;
    Ok(rendered.notice.respond(&headers, CACHE, "accept-encoding"))
}

/// Renders one notice in one locale; `None` if the notice has no such locale.
#[must_use]
pub fn render(site: &SiteId, domains: &[String], notice: &Notice, locale: &Locale) -> Option<Rendered> {
    let words = locales::built_in(locale);
    let view = notice.view(locale, &words.banner, |lifetime| words.lifetime(lifetime))?;
    let signal = notice.purposes.iter().any(|purpose| purpose.gpc);
    let locales: Vec<&Locale> = notice.texts.keys().collect();
    let tag = Tag {
        adapters: notice.adapters.iter().map(Told::from).collect(),
        site,
        number: notice.number,
        locale,
        dir: if locale.is_rtl() { "rtl" } else { "ltr" },
        domains,
        purposes: notice.purposes.iter().map(|purpose| Asked::new(purpose, locale)).collect(),
        news: notice.has_news().then_some(&*view.texts.news),
        css: squeeze(&style(notice, locale.is_rtl())) + &theme(&notice.appearance),
        widget: widget::HASH,
        integrity: widget::glue_integrity(),
        locales: if locales.len() > 1 { locales } else { Vec::new() },
    };
    let loader = assemble([
        !tag.adapters.is_empty(),
        signal,
        !tag.domains.is_empty(),
        !tag.locales.is_empty(),
        tag.news.is_some(),
        notice.informs(),
    ]);
    let closed = literal(&assent_widget::render(&view, Start::Closed));
    // What is shown before an answer: the question, or that there is none.
    let first = if view.asks() {
        format!("banner:{},", literal(&assent_widget::render(&view, Start::Banner)))
    } else if notice.informs() {
        format!("inform:{},", literal(&assent_widget::render_information(&view)))
    } else {
        String::new()
    };
    let data = serde_json::to_string(&tag).ok()?;
    let script = format!("{}({data},{{{first}closed:{closed}}});\n", joined(&loader));
    Some(Rendered {
        script: Precompressed::new("text/javascript; charset=utf-8", script.into_bytes()),
        notice: Precompressed::new(
            "application/json",
            serde_json::to_vec(&with_places(&view, notice)?).ok()?,
        ),
    })
}

/// The view, and beside each cookie where it is kept: the widget shows it nowhere, but the loader must know to erase it.
fn with_places(view: &NoticeView, notice: &Notice) -> Option<serde_json::Value> {
    let mut whole = serde_json::to_value(view).ok()?;
    for (at, purpose) in notice.purposes.iter().enumerate() {
        for (number, DeclaredCookie { kind, path, .. }) in purpose.cookies.iter().enumerate() {
            let cookie = whole["purposes"][at]["cookies"][number].as_object_mut()?;
            cookie.insert("kind".to_owned(), serde_json::to_value(kind).ok()?);
            if let Some(path) = path {
                cookie.insert("path".to_owned(), path.clone().into());
            }
        }
    }
    Some(whole)
}

/// The notice's colours, letters and corners as custom properties. A page may set the same ones on `assent-root`.
pub(crate) fn theme(appearance: &Appearance) -> String {
    let host = |name: &str, theme: &Theme| {
        let Theme { accent, background, border, muted, on_accent, text } = theme;
        format!(
            ":host{{color-scheme:{name}!important;--assent-accent:{accent};--assent-background:{background};\
             --assent-border:{border};--assent-muted:{muted};--assent-on-accent:{on_accent};--assent-text:{text}}}"
        )
    };
    let (light, dark) = (host("light", &appearance.light), host("dark", &appearance.dark));
    let colours = match appearance.scheme {
        Scheme::Light => light,
        Scheme::Dark => dark,
        Scheme::Auto => format!("{light}@media(prefers-color-scheme:dark){{{dark}}}"),
    };
    let font = match appearance.font {
        // Without the property the style lets the page's own through.
        Font::Page => "",
        Font::System => "--assent-font:system-ui,sans-serif;",
    };
    format!(":host{{{font}--assent-radius:{}px}}{colours}", appearance.radius)
}

/// The look of a notice's first layer; what the window, the visitor's settings and paper change comes last, because it overrides.
pub(crate) fn style(notice: &Notice, rtl: bool) -> String {
    let signal = notice.purposes.iter().any(|purpose| purpose.gpc);
    let own = match notice.appearance.layout {
        // There is nothing to lay out but the button; and what only informs is never a dialog.
        _ if !notice.asks() && !notice.informs() => "",
        Layout::Dialog if notice.informs() => include_str!("../../widget/bar.css"),
        Layout::BarBottom | Layout::BarTop => include_str!("../../widget/bar.css"),
        Layout::Box => include_str!("../../widget/box.css"),
        Layout::Dialog => include_str!("../../widget/middle.css"),
    };
    let only = |wanted: bool, style: &'static str| if wanted { style } else { "" };
    [
        include_str!("../../widget/style.css"),
        only(signal, include_str!("../../widget/signal.css")),
        own,
        only(notice.informs(), include_str!("../../widget/inform.css")),
        only(rtl, include_str!("../../widget/rtl.css")),
        include_str!("../../widget/conditions.css"),
    ]
    .concat()
}

/// The languages of an `Accept-Language` header, most wanted first (RFC 9110 §12.5.4).
pub(crate) fn languages(header: &str) -> Vec<&str> {
    let mut languages: Vec<(f32, &str)> = header
        .split(',')
        .filter_map(|part| {
            let mut pieces = part.split(';').map(str::trim);
            let language = pieces.next().filter(|language| !language.is_empty() && *language != "*")?;
            let weight =
                pieces.find_map(|piece| piece.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok())?;
            Some((weight, language))
        })
        .collect();
    languages.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    languages.into_iter().map(|(_, language)| language).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_ordered_by_their_weight() {
        assert_eq!(languages("fr;q=0.5, de-CH, en;q=0.8, *;q=0.1"), ["de-CH", "en", "fr"]);
        assert!(languages("").is_empty());
        assert_eq!(languages("de;q=x, en"), ["en"]);
    }
}

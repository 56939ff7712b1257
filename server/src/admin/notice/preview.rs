//! Owns the preview: the draft's own tag and widget, in a frame, in every layout, theme, width and language.
//! Refuses to let it keep or send anything, and to show it to anybody but operators.

use std::sync::LazyLock;

use askama::Template;
use assent_shared::appearance::{Layout, Scheme};
use assent_shared::{Locale, Notice, SiteId};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use data_encoding::BASE64;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::super::{Link, Shell, page};
use super::Editing;
use super::sections::{self, language};
use crate::access::Caller;
use crate::error::{Error, Result};
use crate::extract::{BySession, PathOf};
use crate::notices;
use crate::numbers::Number;
use crate::state::App;
use crate::tag::{self, Rendered, TagQuery};
use crate::{drafts, widget};

/// Where previews are, behind a site's address.
const PREVIEW: &str = "/notice/preview";
const GUARD: &str = include_str!("../../../templates/admin/notice/preview.js");
const STYLE: &str = "body{margin:2rem auto;max-width:40rem;padding:0 1rem;font:1rem/1.5 Georgia,serif}";
const LIGHT: &str = ":root{color-scheme:light;background:#fff;color:#222}";
const DARK: &str = ":root{color-scheme:dark;background:#15181c;color:#ddd}a{color:#9cf}";
const WIDTHS: [(&str, &str); 3] = [
    ("320", "320 pixels, a small phone"),
    ("768", "768 pixels, a tablet"),
    ("1200", "1200 pixels, a desktop"),
];
const LAYOUTS: [(Layout, &str); 4] = [
    (Layout::BarBottom, "A bar at the lower edge"),
    (Layout::BarTop, "A bar at the upper edge"),
    (Layout::Box, "A box in a corner"),
    (Layout::Dialog, "A dialog in the middle"),
];

/// What the frame may do: run the tag, ask for the draft's words, look as it does; it may be framed by our own pages alone.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| BASE64.encode(&Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-{}'; style-src 'sha256-{}' 'sha256-{}'; \
         connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
        hash(GUARD),
        hash(&style(false)),
        hash(&style(true)),
    )
});

pub(super) fn routes() -> Router<App> {
    let at = |path: &str| format!("/admin/sites/{{site}}{PREVIEW}{path}");
    Router::new()
        .route(&at(""), get(show))
        .route(&at("/{layout}/{theme}"), get(get_frame))
        // Below `/_assent/`, where the loader looks for everything else.
        .route(&at("/{layout}/{theme}/_assent/{file}"), get(get_tag))
        .route(&at("/{layout}/{theme}/_assent/{site_again}/notices/{number}"), get(get_words))
        .route(&at("/{layout}/{theme}/_assent/widget/{hash}/{file}"), get(get_widget_file))
}

/// What is to be shown, as the form says it.
#[derive(Debug, Default, Deserialize)]
struct LookQuery {
    layout: Option<String>,
    theme: Option<String>,
    width: Option<String>,
    lang: Option<String>,
}

/// A list to choose from: each with its word and whether it is chosen.
struct Choice {
    name: &'static str,
    label: &'static str,
    options: Vec<(String, String, bool)>,
}

#[derive(Template)]
#[template(path = "admin/notice/preview.html")]
struct PreviewPage {
    shell: Shell,
    parts: Vec<Link>,
    problem: Option<String>,
    choices: Vec<Choice>,
    frame: String,
    width: String,
}

/// `GET …/notice/preview`
async fn show(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    Query(look): Query<LookQuery>,
) -> Result<Response> {
    let editing = Editing::load(&app, &caller, &site).await?;
    let notice = notices::read(&editing.draft.text);
    let own = notice.as_ref().map(|notice| notice.appearance.layout).unwrap_or_default();
    let layout = look.layout.as_deref().map_or(own, Layout::named);
    let theme = if look.theme.as_deref() == Some("dark") { "dark" } else { "light" };
    let widths = WIDTHS.iter().map(|(width, _)| *width);
    let width = widths.into_iter().find(|width| look.width.as_deref() == Some(width)).unwrap_or("1200");
    let spoken = sections::languages(&editing.file);
    let default = sections::default_language(&editing.file);
    let lang = look.lang.filter(|lang| spoken.iter().any(|own| own.as_str() == lang)).unwrap_or(default);

    let option = |word: &str, label: &str, chosen: &str| (word.to_owned(), label.to_owned(), word == chosen);
    let choices = vec![
        Choice {
            name: "layout",
            label: "Layout",
            options: LAYOUTS
                .iter()
                .map(|(one, label)| option(one.as_str(), label, layout.as_str()))
                .collect(),
        },
        Choice {
            name: "theme",
            label: "Theme",
            options: [("light", "Light"), ("dark", "Dark")]
                .map(|(word, label)| option(word, label, theme))
                .into(),
        },
        Choice {
            name: "width",
            label: "Width",
            options: WIDTHS.iter().map(|(word, label)| option(word, label, width)).collect(),
        },
        Choice {
            name: "lang",
            label: "Language",
            options: spoken.iter().map(|one| option(one.as_str(), &language(one), &lang)).collect(),
        },
    ];
    let frame = editing.address(&format!("/preview/{}/{theme}?lang={lang}", layout.as_str()));
    page(&PreviewPage {
        shell: editing.shell("Preview", None),
        parts: editing.parts("/preview"),
        problem: notice.err(),
        choices,
        frame,
        width: width.to_owned(),
    })
}

#[derive(Template)]
#[template(path = "admin/notice/frame.html")]
struct FramePage<'a> {
    lang: &'a str,
    dir: &'static str,
    style: String,
    guard: &'static str,
    tag: String,
    site: &'a str,
}

fn style(dark: bool) -> String {
    format!("{STYLE}{}", if dark { DARK } else { LIGHT })
}

/// `GET …/notice/preview/{layout}/{theme}`
async fn get_frame(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, layout, theme)): PathOf<(SiteId, String, String)>,
    Query(TagQuery { lang, .. }): Query<TagQuery>,
) -> Result<Response> {
    let (_, locale) = pictured(&app, &caller, &site, &layout, &theme, lang.as_deref()).await?;
    let current = app.catalog.site(&site).await?;
    let frame = FramePage {
        lang: locale.as_str(),
        dir: if locale.is_rtl() { "rtl" } else { "ltr" },
        style: style(theme == "dark"),
        guard: GUARD,
        tag: super::address(&site, &format!("{PREVIEW}/{layout}/{theme}/_assent/{site}.js?lang={locale}")),
        site: &current.site.name,
    };
    let html = frame.render().map_err(|error| Error::Internal(format!("template: {error}")))?;
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let policy = HeaderValue::try_from(&*POLICY).map_err(|error| Error::Internal(error.to_string()))?;
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// `GET …/_assent/{site}.js`
async fn get_tag(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, layout, theme, file)): PathOf<(SiteId, String, String, String)>,
    Query(TagQuery { lang, .. }): Query<TagQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    if file.strip_suffix(".js") != Some(site.as_str()) {
        return Err(Error::NotFound);
    }
    let rendered = rendered(&app, &caller, &site, &layout, &theme, lang.as_deref()).await?;
    Ok(rendered.script.respond(&headers, "no-store", "accept-encoding"))
}

/// `GET …/_assent/{site}/notices/{number}`
async fn get_words(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, layout, theme, _, _)): PathOf<(SiteId, String, String, SiteId, Number<u32>)>,
    Query(TagQuery { lang, .. }): Query<TagQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let rendered = rendered(&app, &caller, &site, &layout, &theme, lang.as_deref()).await?;
    Ok(rendered.notice.respond(&headers, "no-store", "accept-encoding"))
}

/// `GET …/_assent/widget/{hash}/{file}`: the widget's own files, which are nobody's secret.
async fn get_widget_file(
    State(app): State<App>,
    PathOf((_, _, _, hash, file)): PathOf<(SiteId, String, String, String, String)>,
    headers: HeaderMap,
) -> Result<Response> {
    widget::get_widget_file(State(app), PathOf((hash, file)), headers).await
}

async fn rendered(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    layout: &str,
    theme: &str,
    lang: Option<&str>,
) -> Result<Rendered> {
    let (notice, locale) = pictured(app, caller, site, layout, theme, lang).await?;
    let site = site.clone();
    // Without the domains of the site's cookies: a preview has none.
    let rendering = tokio::task::spawn_blocking(move || tag::render(&site, &[], &notice, &locale));
    let rendered = rendering.await.map_err(|error| Error::Internal(error.to_string()))?;
    rendered.ok_or_else(|| Error::Internal("the draft lost a locale".to_owned()))
}

/// The draft as a notice that looks so, and the language that comes nearest.
async fn pictured(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    layout: &str,
    theme: &str,
    lang: Option<&str>,
) -> Result<(Notice, Locale)> {
    let draft = drafts::get(app, caller, site).await?;
    let mut notice = notices::read(&draft.text).map_err(Error::InvalidNotice)?;
    notice.appearance.layout = Layout::named(layout);
    notice.appearance.scheme = if theme == "dark" { Scheme::Dark } else { Scheme::Light };
    let newest = u32::try_from(app.store.newest_notice(site).await?).unwrap_or_default();
    let locale = notice.best_locale(lang).clone();
    Ok((notices::numbered(notice, newest.saturating_add(1), None, &[]), locale))
}

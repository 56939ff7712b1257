//! Owns what a page gets of a notice: the script tag's response, with loader and rendered banner in one file, and the whole
//! of its words, which only the preferences need. Refuses to render while a visitor waits twice: each notice and locale is
//! rendered and compressed once.

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

use crate::error::{Error, Result};
use crate::extract::PathOf;
use crate::locales;
use crate::serve_file::Precompressed;
use crate::state::App;
use crate::widget;

const LOADER: &str = include_str!("../../widget/loader.js");
/// What the loader's `//= NAME` lines stand for. One closure, several files: no build step and no exports.
const LOADER_PARTS: &[(&str, &str)] = &[
    ("//= loader/address.js", include_str!("../../widget/loader/address.js")),
    ("//= loader/decision.js", include_str!("../../widget/loader/decision.js")),
    ("//= loader/show.js", include_str!("../../widget/loader/show.js")),
    ("//= loader/record.js", include_str!("../../widget/loader/record.js")),
    ("//= loader/hold.js", include_str!("../../widget/loader/hold.js")),
    ("//= loader/decide.js", include_str!("../../widget/loader/decide.js")),
    ("//= loader/wake.js", include_str!("../../widget/loader/wake.js")),
    ("//= loader/live.js", include_str!("../../widget/loader/live.js")),
    ("//= loader/api.js", include_str!("../../widget/loader/api.js")),
];
/// Parts that not every notice needs: their places, what comes there where it is needed, and where not.
const OPTIONAL_PARTS: [(&str, &str, &str); 4] = [
    ("//= loader/adapters.js", include_str!("../../widget/loader/adapters.js"), "const advise = () => {};"),
    (
        "//= loader/signal.js",
        include_str!("../../widget/loader/signal.js"),
        "const barred = () => {};\nconst heed = barred;",
    ),
    ("//= loader/domain.js", include_str!("../../widget/loader/domain.js"), "const domain = null;"),
    ("//= loader/nearer.js", include_str!("../../widget/loader/nearer.js"), ""),
];

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
}

impl<'a> From<&'a Purpose> for Asked<'a> {
    fn from(purpose: &'a Purpose) -> Self {
        let Purpose { id, essential, gpc, reload_on_withdrawal, since, .. } = purpose;
        Self { id, essential: *essential, gpc: *gpc, reload: *reload_on_withdrawal, since: *since }
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
    let notice = match current.newest_notice {
        0 => return Err(Error::NotFound),
        number => app.catalog.notice(&site, number).await?,
    };
    // A language that cannot be read is no language: the tag must load all the same.
    let asked = query.ok().and_then(|Query(query)| query.lang);
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = asked.as_deref().into_iter().chain(languages(accepted));
    let locale = notice.notice.best_locale(wanted).clone();
    let rendered = app.catalog.rendered(&current.site, &notice, &locale).await?;
    Ok(rendered.script.respond(&headers, CACHE, "accept-encoding, accept-language"))
}

/// `GET /_assent/{site}/notices/{number}?lang=`
pub async fn get_notice(
    State(app): State<App>,
    PathOf((site, number)): PathOf<(SiteId, u32)>,
    query: Result<Query<TagQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let notice = app.catalog.notice(&site, number).await.map_err(|error| match error {
        Error::UnknownNotice(_) => Error::NotFound,
        error => error,
    })?;
    let asked = query.ok().and_then(|Query(query)| query.lang);
    let locale = notice.notice.best_locale(asked.as_deref()).clone();
    let current = app.catalog.site(&site).await?;
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
        purposes: notice.purposes.iter().map(Asked::from).collect(),
        css: squeeze(&style(notice.appearance.layout, signal, locale.is_rtl())) + &theme(&notice.appearance),
        widget: widget::HASH,
        integrity: widget::glue_integrity(),
        locales: if locales.len() > 1 { locales } else { Vec::new() },
    };
    let loader = loader([!tag.adapters.is_empty(), signal, !tag.domains.is_empty(), !tag.locales.is_empty()]);
    let [banner, closed] =
        [Start::Banner, Start::Closed].map(|start| literal(&assent_widget::render(&view, start)));
    let data = serde_json::to_string(&tag).ok()?;
    let script = format!("{}({data},{{banner:{banner},closed:{closed}}});\n", joined(&loader));
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

/// The look of one layout; what the window, the visitor's settings and paper change comes last, because it overrides.
pub(crate) fn style(layout: Layout, signal: bool, rtl: bool) -> String {
    let own = match layout {
        Layout::BarBottom | Layout::BarTop => include_str!("../../widget/bar.css"),
        Layout::Box => include_str!("../../widget/box.css"),
        Layout::Dialog => include_str!("../../widget/middle.css"),
    };
    let only = |wanted: bool, style: &'static str| if wanted { style } else { "" };
    [
        include_str!("../../widget/style.css"),
        only(signal, include_str!("../../widget/signal.css")),
        own,
        only(rtl, include_str!("../../widget/rtl.css")),
        include_str!("../../widget/conditions.css"),
    ]
    .concat()
}

/// The loader with its parts in their places; `wanted` says of each optional one whether it is.
fn loader(wanted: [bool; OPTIONAL_PARTS.len()]) -> String {
    let whole = LOADER_PARTS.iter().fold(LOADER.to_owned(), |whole, (line, part)| whole.replace(line, part));
    OPTIONAL_PARTS.iter().zip(wanted).fold(whole, |whole, ((line, part, without), wanted)| {
        whole.replace(line, if wanted { part } else { without })
    })
}

/// A text as JavaScript writes it between backticks, where HTML's own quotes need no sign before them.
fn literal(text: &str) -> String {
    format!("`{}`", text.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${"))
}

/// Leaves out what only readers of the source need: indentation, empty lines, and lines that are wholly a comment.
fn strip(source: &str) -> String {
    let code = source.lines().map(str::trim).filter(|line| {
        let comment = line.starts_with("//") || (line.starts_with("/*") && line.ends_with("*/"));
        !line.is_empty() && !comment
    });
    code.collect::<Vec<_>>().join("\n")
}

/// The loader as it is sent. After these signs JavaScript asks for no line end; behind a comment it does.
fn joined(loader: &str) -> String {
    let mut sent = String::new();
    for line in strip(loader).lines() {
        sent.push_str(line);
        if !line.ends_with([';', ',', '{', '(', '[']) || line.contains("//") {
            sent.push('\n');
        }
    }
    sent
}

/// A style without the spaces and line ends that its own files have for their readers. Good for those only: it does not know
/// what a string is.
pub(crate) fn squeeze(style: &str) -> String {
    let lines = strip(style).replace('\n', "");
    [(": ", ":"), (", ", ","), (" {", "{"), (" !", "!"), (";}", "}")]
        .iter()
        .fold(lines, |style, (wide, narrow)| style.replace(wide, narrow))
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

    #[test]
    fn every_part_of_the_loader_has_its_place() {
        let (all, none) = (loader([true; OPTIONAL_PARTS.len()]), loader([false; OPTIONAL_PARTS.len()]));
        for (line, part) in LOADER_PARTS {
            assert!(
                all.contains(part.lines().next().unwrap()) && none.contains(part.lines().next().unwrap()),
                "{line}"
            );
        }
        for (line, part, _) in OPTIONAL_PARTS {
            assert!(all.contains(part) && !none.contains(part), "{line}");
        }
        assert!(!all.contains("//= ") && !none.contains("//= "), "a place without a part");
    }

    #[test]
    fn a_text_is_the_same_between_backticks() {
        assert_eq!(literal("a `b` ${c} $d \\ \"e\""), "`a \\`b\\` \\${c} $d \\\\ \"e\"`");
    }

    #[test]
    fn lines_are_joined_only_where_no_end_is_needed() {
        assert_eq!(joined("a();\nb(); // c;\nif (d) {\ne\n}\nf()"), "a();b(); // c;\nif (d) {e\n}\nf()\n");
    }

    #[test]
    fn only_whole_comment_lines_are_stripped() {
        assert_eq!(strip("// why\n  a(); // stays\n\n/* gone */\nb(\"//\");\n"), "a(); // stays\nb(\"//\");");
    }

    #[test]
    fn a_style_loses_nothing_but_its_spaces() {
        let style = "/* gone */\n.a,\n.b:not(.c) {\n  inset: 0 auto;\n  width: min(4px, 100% - 2 * var(--edge));\n}\n";
        assert_eq!(squeeze(style), ".a,.b:not(.c){inset:0 auto;width:min(4px,100% - 2 * var(--edge))}");
    }
}

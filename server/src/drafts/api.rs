//! Owns the draft's addresses for programs: reading it, replacing it, discarding it, and what the linter says.
//! Refuses a save that does not say which revision it was made from.

use assent_shared::{Notice, Problem, SiteId};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Draft, Examined, discard, get as read, lint, save};
use crate::catalog::PublishedNotice;
use crate::error::{Error, Result};
use crate::extract::{ByKey, LongBody, PathOf};
use crate::notices::file::NoticeFile;
use crate::notices::lint::Finding;
use crate::numbers;
use crate::pages::notice::{self as page, Place};
use crate::state::App;
use crate::{answers, notices};

const TOML: &str = "application/toml";

/// The draft's addresses under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_draft, put_draft, delete_draft))
        .routes(routes!(lint_draft))
        .routes(routes!(preview_draft))
}

/// How a notice file is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Inside a JSON object, with what is known beside it.
    #[default]
    Json,
    /// Alone, as TOML.
    Toml,
}

/// The query of a read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormatQuery {
    /// As JSON, or as the file itself.
    #[serde(default)]
    #[param(inline)]
    pub(crate) format: Format,
}

/// The query of a save whose body is the file alone, and of discarding.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevisionQuery {
    /// Which revision this was made from.
    #[serde(default, deserialize_with = "numbers::maybe")]
    revision: Option<i64>,
}

/// What is saved: the file in one of its two forms, and the revision that it was made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedDraft {
    revision: i64,
    toml: Option<String>,
    #[schema(value_type = Option<Object>)]
    notice: Option<NoticeFile>,
}

/// A draft as programs read it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DraftAnswer {
    /// What a save names that was made from this one; 0 before the first.
    revision: i64,
    /// Whether there is a draft; otherwise this is what one would start from.
    saved: bool,
    /// When it was saved.
    updated_at: Option<i64>,
    /// By whom.
    updated_by: Option<String>,
    /// The notice file.
    toml: String,
    /// The same file as JSON.
    #[schema(value_type = Option<Object>)]
    notice: Option<NoticeFile>,
}

/// What a look at a draft finds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LintAnswer {
    /// Why it cannot be published as it is, whatever is overridden.
    problem: Option<String>,
    /// What the linter says.
    findings: Vec<Finding>,
}

impl From<Draft> for DraftAnswer {
    fn from(Draft { revision, text, saved }: Draft) -> Self {
        let notice = NoticeFile::read(&text).ok();
        let (updated_at, updated_by) = saved.unzip();
        Self { revision, saved: updated_at.is_some(), updated_at, updated_by, toml: text, notice }
    }
}

/// Reads a query, where what is unknown in it is an error.
pub(crate) fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T> {
    query.map(|Query(query)| query).map_err(|rejection| Error::InvalidQuery(rejection.body_text()))
}

/// The draft, or what one would start from.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/draft",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id"), FormatQuery),
    responses((status = 200, description = "The draft", content((DraftAnswer = "application/json"), (String = "application/toml"))))
)]
pub(crate) async fn get_draft(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    asked: Result<Query<FormatQuery>, QueryRejection>,
) -> Result<Response> {
    let FormatQuery { format } = query(asked)?;
    let draft = read(&app, &caller, &site).await?;
    match format {
        Format::Json => answers::json(&DraftAnswer::from(draft)),
        Format::Toml => Ok(answers::text(TOML, draft.text)),
    }
}

/// Replaces the draft that was made from a revision.
///
/// Another revision in between is a conflict: read again, and save what changed anew. A file that still lacks something is taken.
#[utoipa::path(
    put,
    path = "/api/v1/sites/{site}/draft",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id"), RevisionQuery),
    request_body(content((SavedDraft = "application/json"), (String = "application/toml"))),
    responses((status = 200, description = "The draft as it is now", body = DraftAnswer),
        (status = 409, description = "The draft has another revision by now", body = Problem))
)]
pub(crate) async fn put_draft(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    asked: Result<Query<RevisionQuery>, QueryRejection>,
    LongBody { media_type, text }: LongBody,
) -> Result<Response> {
    let RevisionQuery { revision } = query(asked)?;
    let (revision, text) = match media_type.as_str() {
        TOML | "text/plain" => {
            let missing = "say which revision this was made from: `?revision=3`, or 0 for the first";
            (revision.ok_or_else(|| Error::InvalidQuery(missing.to_owned()))?, text)
        }
        "application/json" => {
            let saved: SavedDraft = serde_json::from_str(&text)
                .map_err(|error| Error::MalformedBody(format!("the body cannot be read: {error}")))?;
            match saved {
                SavedDraft { revision, toml: Some(text), notice: None } => (revision, text),
                SavedDraft { revision, toml: None, notice: Some(file) } => (revision, file.to_toml()),
                _ => {
                    return Err(Error::MalformedBody("send either `toml` or `notice`".to_owned()));
                }
            }
        }
        _ => return Err(Error::WrongContentType("application/json or application/toml")),
    };
    answers::json(&DraftAnswer::from(save(&app, &caller, &site, revision, &text).await?))
}

/// Discards the draft.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site}/draft",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id"), RevisionQuery),
    responses((status = 200, description = "What a draft would start from", body = DraftAnswer),
        (status = 409, description = "The draft has another revision by now", body = Problem))
)]
pub(crate) async fn delete_draft(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    asked: Result<Query<RevisionQuery>, QueryRejection>,
) -> Result<Response> {
    let missing = "say which revision is discarded: `?revision=3`";
    let revision = query(asked)?.revision.ok_or_else(|| Error::InvalidQuery(missing.to_owned()))?;
    answers::json(&DraftAnswer::from(discard(&app, &caller, &site, revision).await?))
}

/// What the linter says of the draft, and why it cannot be published yet.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/draft/lint",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id")),
    responses((status = 200, description = "What was found", body = LintAnswer))
)]
pub(crate) async fn lint_draft(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    let Examined { problem, findings } = lint(&app, &caller, &site).await?;
    answers::json(&LintAnswer { problem, findings })
}

/// The query of a picture.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PreviewQuery {
    /// The language; the notice's default where it does not speak it.
    lang: Option<String>,
}

/// A picture of the draft: its banner and its preferences as a page that needs nothing else, and can be pressed nowhere.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/draft/preview",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id"), PreviewQuery),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
pub(crate) async fn preview_draft(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    asked: Result<Query<PreviewQuery>, QueryRejection>,
) -> Result<Response> {
    let PreviewQuery { lang } = query(asked)?;
    let draft = read(&app, &caller, &site).await?;
    let notice = notices::read(&draft.text).map_err(Error::InvalidNotice)?;
    let newest = u32::try_from(app.store.newest_notice(&site).await?).unwrap_or_default();
    let notice = notices::numbered(notice, newest.saturating_add(1), None, &[]);
    let locale = notice.best_locale(lang.as_deref()).clone();
    let hash = Notice::hash(&notice.canonical_json());
    let pictured = PublishedNotice { notice, hash, published_at: app.clock.now() };
    let html = page::write(&pictured, &locale, Place::Bundle)?;
    let mut response = answers::text("text/html; charset=utf-8", html);
    // Its style is inside it, and nothing else runs.
    let policy = HeaderValue::from_static(
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

//! Owns publishing's addresses for programs: publishing at once, and the plan for a date.
//! Refuses a body that says both a revision and a file, or neither.

use assent_shared::{Problem, PurposeId, SiteId};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Done, Plan, Source, Wish, cancel, plan, publish};
use crate::answers;
use crate::error::{self, Error, Result};
use crate::extract::{ByKey, LongBody, PathOf};
use crate::notices::lint::Override;
use crate::state::App;

/// Publishing's addresses under `/api/v1`; the list of versions shares one of them.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(publish_notice)).routes(routes!(
        get_schedule,
        put_schedule,
        delete_schedule
    ))
}

/// What is to be published, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishBody {
    /// The draft's revision.
    revision: Option<i64>,
    /// Or a notice file, as TOML.
    toml: Option<String>,
    /// The purposes that everybody is asked again about.
    #[serde(default)]
    material: Vec<PurposeId>,
    /// What the linter refuses and is published all the same.
    #[serde(default)]
    overrides: Vec<Override>,
    /// A sentence for the list of versions.
    note: Option<String>,
    /// When, for a plan; milliseconds since 1970.
    publish_at: Option<i64>,
}

impl PublishBody {
    fn read(LongBody { media_type, text }: &LongBody) -> Result<Self> {
        if media_type != "application/json" {
            return Err(Error::WrongContentType("application/json"));
        }
        serde_json::from_str(text)
            .map_err(|error| Error::MalformedBody(format!("the body cannot be read: {error}")))
    }

    fn into_wish(self) -> Result<Wish> {
        let Self { revision, toml, material, overrides, note, publish_at } = self;
        let source = match (revision, toml) {
            (Some(revision), None) => Source::Draft(revision),
            (None, Some(text)) => Source::Text(text),
            _ => return Err(Error::MalformedBody("send either `revision` or `toml`".to_owned())),
        };
        Ok(Wish { source, material, overrides, note, at: publish_at })
    }
}

/// What became of publishing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublishAnswer {
    /// The newest notice's number.
    number: u32,
    /// Whether it is new; otherwise it said exactly this before.
    published: bool,
}

/// A plan as programs read it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanAnswer {
    /// When it is published.
    publish_at: i64,
    /// Who planned it.
    made_by: String,
    /// When.
    made_at: i64,
    /// The purposes that will be asked again.
    asked_again: Vec<PurposeId>,
    /// What of the linter is overridden.
    overrides: Vec<Override>,
    /// A sentence for the list of versions.
    note: Option<String>,
    /// The notice file.
    toml: String,
    /// When publishing it failed.
    failed_at: Option<i64>,
    /// Why.
    failure: Option<String>,
}

impl From<Plan> for PlanAnswer {
    fn from(Plan { row, asked_again, .. }: Plan) -> Self {
        Self {
            publish_at: row.publish_at,
            made_by: row.made_by,
            made_at: row.made_at,
            asked_again,
            overrides: serde_json::from_str(&row.overrides).unwrap_or_default(),
            note: row.note,
            toml: row.body,
            failed_at: row.failed_at,
            failure: row.failure,
        }
    }
}

/// Publishes the draft or a file as the newest notice.
///
/// 200 instead of 201 where the newest says exactly this already.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site}/notices",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id")),
    request_body(content = PublishBody),
    responses((status = 201, description = "It is published", body = PublishAnswer),
        (status = 200, description = "The newest says exactly this already", body = PublishAnswer),
        (status = 409, description = "The draft has another revision by now", body = Problem))
)]
pub(crate) async fn publish_notice(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    body: LongBody,
) -> Result<Response> {
    let wish = PublishBody::read(&body)?.into_wish()?;
    if wish.at.is_some() {
        return Err(Error::MalformedBody("a plan is sent to `…/schedule` by PUT".to_owned()));
    }
    let (number, published) = match publish(&app, &caller, &site, &wish).await? {
        Done::Published(number) => (number, true),
        Done::Unchanged | Done::Scheduled(_) => {
            (u32::try_from(app.store.newest_notice(&site).await?).unwrap_or_default(), false)
        }
    };
    Ok((error::created(published), answers::json(&PublishAnswer { number, published })?).into_response())
}

/// What is planned to be published, or could not be.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/schedule",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id")),
    responses((status = 200, description = "The plan", body = PlanAnswer))
)]
pub(crate) async fn get_schedule(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    let plan = plan(&app, &caller, &site).await?.ok_or(Error::NotFound)?;
    answers::json(&PlanAnswer::from(plan))
}

/// Plans to publish on a date, in place of what was planned.
#[utoipa::path(
    put,
    path = "/api/v1/sites/{site}/schedule",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id")),
    request_body(content = PublishBody),
    responses((status = 200, description = "The plan", body = PlanAnswer),
        (status = 409, description = "The draft has another revision by now", body = Problem))
)]
pub(crate) async fn put_schedule(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    body: LongBody,
) -> Result<Response> {
    let wish = PublishBody::read(&body)?.into_wish()?;
    if wish.at.is_none() {
        return Err(Error::MalformedBody("say `publish_at`, in milliseconds since 1970".to_owned()));
    }
    publish(&app, &caller, &site, &wish).await?;
    let planned = super::planned(&app, &site).await?.ok_or(Error::NotFound)?;
    answers::json(&PlanAnswer::from(planned))
}

/// Takes the plan back.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site}/schedule",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id")),
    responses((status = 204, description = "There is no plan any more"))
)]
pub(crate) async fn delete_schedule(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    cancel(&app, &caller, &site).await?;
    Ok(error::no_content())
}

//! Owns the pages of operators: the list, inviting, and one of them with roles, sessions and the way back in.
//! Refuses to check anything by itself; the operations of `operators` do.

use askama::Template;
use assent_shared::SiteId;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::account::{DoneQuery, SessionLine};
use super::field::{Field, Wrong, wrong};
use super::{Shell, page, time};
use crate::access::{Caller, Permission, Role};
use crate::error::{self, Error, Result};
use crate::extract::{BySession, FormBody, PathOf};
use crate::operators::{self, Operator, State as Standing};
use crate::state::App;
use crate::store::{Ending, RoleOn};

const HERE: &str = "/admin/operators";

/// What `?done=` may say here.
const DONE: [(&str, &str); 4] = [
    ("roles", "What they may is changed, from their next click on."),
    ("disabled", "They are kept out now, and their sessions have ended."),
    ("enabled", "They can sign in again."),
    ("ended", "Their sessions have ended."),
];

/// The addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route(HERE, get(list_operators))
        .route("/admin/operators/new", get(new_operator).post(invite_operator))
        .route("/admin/operators/{operator}", get(show_operator))
        .route("/admin/operators/{operator}/roles", post(save_roles))
        .route("/admin/operators/{operator}/reset", post(make_link))
        .route("/admin/operators/{operator}/disable", get(ask_to_disable).post(disable_operator))
        .route("/admin/operators/{operator}/enable", post(enable_operator))
        .route("/admin/operators/{operator}/sessions/end", post(end_sessions))
}

#[derive(Template)]
#[template(path = "admin/people/operators.html")]
struct ListPage {
    shell: Shell,
    operators: Vec<(Operator, String, String)>,
}

/// Which roles can be ticked: a row for all sites, and one for each.
struct RoleGrid {
    rows: Vec<RoleRow>,
    error: Option<String>,
}

/// The roles of one site, or of all: value, name, whether it is ticked.
struct RoleRow {
    name: String,
    roles: Vec<(String, Role, bool)>,
}

impl RoleGrid {
    async fn new(app: &App, held: &[RoleOn], wrong: &Wrong) -> Result<Self> {
        let row = |name: String, site: Option<&SiteId>| {
            let roles = Role::ALL.into_iter().filter(|role| site.is_none() || *role != Role::Owner);
            let cell = |role: Role| {
                let ticked = held.iter().any(|one| one.role == role && one.site.as_ref() == site);
                (format!("{}:{}", role.as_str(), site.map_or("", SiteId::as_str)), role, ticked)
            };
            RoleRow { name, roles: roles.map(cell).collect() }
        };
        let sites = app.store.sites().await?;
        let rows = std::iter::once(row("All sites".to_owned(), None))
            .chain(sites.iter().map(|site| row(site.name.clone(), Some(&site.id))));
        let error = wrong.as_ref().filter(|(field, _)| *field == "roles").map(|(_, message)| message.clone());
        Ok(Self { rows: rows.collect(), error })
    }
}

/// The roles that were ticked; what cannot be read was not ticked by anybody.
fn ticked(form: &FormBody) -> Vec<RoleOn> {
    let read = |value: &str| {
        let (role, site) = value.split_once(':')?;
        let role = Role::ALL.into_iter().find(|one| one.as_str() == role)?;
        let site = if site.is_empty() { None } else { Some(site.parse().ok()?) };
        Some(RoleOn { role, site })
    };
    form.all("role").filter_map(read).collect()
}

#[derive(Template)]
#[template(path = "admin/people/operator_new.html")]
struct NewPage<'a> {
    shell: Shell,
    email: Field<'a>,
    grid: RoleGrid,
}

#[derive(Template)]
#[template(path = "admin/people/link.html")]
struct LinkPage<'a> {
    shell: Shell,
    operator: &'a Operator,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "admin/people/operator.html")]
struct OperatorPage<'a> {
    shell: Shell,
    operator: &'a Operator,
    added: String,
    signed_in: Option<String>,
    disabled: Option<String>,
    grid: RoleGrid,
    problem: Option<&'a str>,
    sessions: Vec<SessionLine>,
}

#[derive(Template)]
#[template(path = "admin/people/operator_disable.html")]
struct DisablePage<'a> {
    shell: Shell,
    operator: &'a Operator,
    problem: Option<&'a str>,
}

/// `GET /admin/operators`
async fn list_operators(State(app): State<App>, BySession(caller): BySession) -> Result<Response> {
    let all = operators::list(&app, &caller).await?;
    let line = |operator: Operator| {
        let roles = operators::in_words(&operator.roles);
        let seen = operator.signed_in_at.map_or_else(|| "never".to_owned(), time);
        (operator, roles, seen)
    };
    let operators = all.into_iter().map(line).collect();
    page(&ListPage { shell: Shell::new(&caller, "Operators", HERE), operators })
}

/// `GET /admin/operators/new`
async fn new_operator(State(app): State<App>, BySession(caller): BySession) -> Result<Response> {
    caller.require_everywhere(Permission::ManageOperators)?;
    show_new(&app, &caller, "", &[], &None).await
}

async fn show_new(
    app: &App,
    caller: &Caller,
    email: &str,
    held: &[RoleOn],
    wrong: &Wrong,
) -> Result<Response> {
    page(&NewPage {
        shell: Shell::new(caller, "Invite an operator", HERE),
        email: Field::new("email", "E-mail address", "email", "off")
            .hint("They sign in with it. Nothing is sent to it: you get a link, and hand it over.")
            .value(email)
            .told(wrong.as_ref()),
        grid: RoleGrid::new(app, held, wrong).await?,
    })
}

/// `POST /admin/operators/new`
async fn invite_operator(
    State(app): State<App>,
    BySession(caller): BySession,
    form: FormBody,
) -> Result<Response> {
    let roles = ticked(&form);
    match operators::invite(&app, &caller, form.get("email"), roles.clone()).await {
        // Not a page of its own: it is shown this once.
        Ok((operator, link)) => show_link(&caller, &operator, &link),
        Err(error) => {
            let answer = show_new(&app, &caller, form.get("email"), &roles, &wrong(error)?).await?;
            Ok((error::incomplete(), answer).into_response())
        }
    }
}

fn show_link(caller: &Caller, operator: &Operator, link: &str) -> Result<Response> {
    page(&LinkPage { shell: Shell::new(caller, "A link that lets them in", HERE), operator, link })
}

/// `GET /admin/operators/{operator}`
async fn show_operator(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(operator): PathOf<String>,
    Query(query): Query<DoneQuery>,
) -> Result<Response> {
    let operator = operators::get(&app, &caller, &operator).await?;
    show_one(&app, &caller, &operator, &operator.roles, query.done.as_deref(), &None).await
}

async fn show_one(
    app: &App,
    caller: &Caller,
    operator: &Operator,
    held: &[RoleOn],
    done: Option<&str>,
    wrong: &Wrong,
) -> Result<Response> {
    let sessions = operators::sessions(app, caller, &operator.operator).await?;
    let title = if operator.name.is_empty() { &operator.email } else { &operator.name };
    page(&OperatorPage {
        shell: Shell::new(caller, title, HERE).told(done, &DONE),
        operator,
        added: time(operator.created_at),
        signed_in: operator.signed_in_at.map(time),
        disabled: operator.disabled_at.map(time),
        grid: RoleGrid::new(app, held, wrong).await?,
        problem: wrong.as_ref().filter(|(field, _)| field.is_empty()).map(|(_, message)| message.as_str()),
        sessions: sessions.into_iter().map(|view| SessionLine::new(view, "")).collect(),
    })
}

/// `POST /admin/operators/{operator}/roles`
async fn save_roles(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(id): PathOf<String>,
    form: FormBody,
) -> Result<Response> {
    let roles = ticked(&form);
    match operators::set_roles(&app, &caller, &id, roles.clone()).await {
        Ok(_) => Ok(error::see_other(&format!("{HERE}/{id}?done=roles"))),
        Err(error) => {
            let wrong = wrong(error)?;
            let operator = operators::get(&app, &caller, &id).await?;
            let answer = show_one(&app, &caller, &operator, &roles, None, &wrong).await?;
            Ok((error::incomplete(), answer).into_response())
        }
    }
}

/// `POST /admin/operators/{operator}/reset`
async fn make_link(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(id): PathOf<String>,
) -> Result<Response> {
    let link = operators::reset(&app, &caller, &id).await?;
    show_link(&caller, &operators::get(&app, &caller, &id).await?, &link)
}

/// `GET /admin/operators/{operator}/disable`
async fn ask_to_disable(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(id): PathOf<String>,
) -> Result<Response> {
    show_disable(&caller, &operators::get(&app, &caller, &id).await?, None)
}

fn show_disable(caller: &Caller, operator: &Operator, problem: Option<&str>) -> Result<Response> {
    let shell = Shell::new(caller, format!("Keep {} out?", operator.email), HERE);
    page(&DisablePage { shell, operator, problem })
}

/// `POST /admin/operators/{operator}/disable`
async fn disable_operator(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(id): PathOf<String>,
) -> Result<Response> {
    match operators::disable(&app, &caller, &id).await {
        Ok(()) => Ok(error::see_other(&format!("{HERE}/{id}?done=disabled"))),
        Err(error @ Error::Conflict(_)) => {
            let problem = wrong(error)?.map(|(_, message)| message);
            let operator = operators::get(&app, &caller, &id).await?;
            let answer = show_disable(&caller, &operator, problem.as_deref())?;
            Ok((error::outdated(), answer).into_response())
        }
        Err(error) => Err(error),
    }
}

/// `POST /admin/operators/{operator}/enable`
async fn enable_operator(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(id): PathOf<String>,
) -> Result<Response> {
    operators::enable(&app, &caller, &id).await?;
    Ok(error::see_other(&format!("{HERE}/{id}?done=enabled")))
}

/// `POST /admin/operators/{operator}/sessions/end`: one, or all.
async fn end_sessions(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(id): PathOf<String>,
    form: FormBody,
) -> Result<Response> {
    let which = match form.get("session") {
        "" => Ending::All,
        one => Ending::Only(one),
    };
    operators::end_sessions(&app, &caller, &id, which).await?;
    Ok(error::see_other(&format!("{HERE}/{id}?done=ended")))
}

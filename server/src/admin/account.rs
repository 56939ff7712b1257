//! Owns the page of one's own account: name, password, codes, sessions.
//! Refuses to check anything by itself; the operations of `operators` do.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::field::{Field, Wrong, code, wrong};
use super::{Shell, page, time};
use crate::error::{self, Error, Result};
use crate::extract::{FormBody, SignedIn};
use crate::operators::sessions::{self, Standing};
use crate::operators::totp::{self, Handover};
use crate::operators::{self, SessionView};
use crate::state::App;

/// What `?done=` may say here.
const DONE: [(&str, &str); 5] = [
    ("name", "Your name is changed."),
    ("password", "Your password is changed. Your other sessions have ended."),
    ("codes", "Your app's new codes count from now on. Your other sessions have ended."),
    ("session", "The session has ended."),
    ("others", "Your other sessions have ended."),
];

/// The addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/account", get(get_account))
        .route("/admin/account/name", post(post_name))
        .route("/admin/account/password", post(post_password))
        .route("/admin/account/codes", get(get_codes).post(post_codes))
        .route("/admin/account/sessions/end", post(post_end))
}

/// The query of a page that may say what was done.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct DoneQuery {
    pub(crate) done: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/people/account.html")]
struct AccountPage<'a> {
    shell: Shell,
    email: &'a str,
    roles: String,
    name: Field<'a>,
    password: Field<'a>,
    new_password: Field<'a>,
    again: Field<'a>,
    sessions: Vec<SessionLine>,
}

/// A session as a table has it.
pub(crate) struct SessionLine {
    /// By which it is ended.
    pub(crate) session: String,
    /// Such as `Firefox on Linux`.
    pub(crate) device: String,
    /// When it began.
    pub(crate) began: String,
    /// When it was last used.
    pub(crate) seen: String,
    /// Whether the page is shown in it.
    pub(crate) this: bool,
}

impl SessionLine {
    pub(crate) fn new(view: SessionView, this: &str) -> Self {
        let (began, seen) = (time(view.created_at), time(view.seen_at));
        Self { this: view.session == this, session: view.session, device: view.device, began, seen }
    }
}

#[derive(Template)]
#[template(path = "admin/people/account_codes.html")]
struct CodesPage<'a> {
    shell: Shell,
    handover: Handover,
    password: Field<'a>,
    code: Field<'a>,
}

/// `GET /admin/account`
async fn get_account(
    State(app): State<App>,
    own: SignedIn,
    Query(query): Query<DoneQuery>,
) -> Result<Response> {
    let shell = Shell::new(&own.caller, "Your account", "/admin/account").told(query.done.as_deref(), &DONE);
    show_account(&app, &own, shell, &own.row.name, &None).await
}

async fn show_account(
    app: &App,
    own: &SignedIn,
    shell: Shell,
    name: &str,
    wrong: &Wrong,
) -> Result<Response> {
    let this = own.session.id().map(sessions::hash).unwrap_or_default();
    let listed = operators::sessions_of(app, &own.row.operator).await?;
    let wrong = wrong.as_ref();
    page(&AccountPage {
        shell,
        email: &own.row.email,
        roles: operators::in_words(&app.store.roles_of(&own.row.operator).await?),
        name: Field::new("name", "Your name", "text", "name").value(name).told(wrong),
        password: Field::new("password", "Present password", "password", "current-password").told(wrong),
        new_password: Field::new("new_password", "New password", "password", "new-password")
            .hint("At least 12 characters of any kind.")
            .told(wrong),
        again: Field::new("again", "The new one again", "password", "new-password").told(wrong),
        sessions: listed.into_iter().map(|view| SessionLine::new(view, &this)).collect(),
    })
}

async fn refused(app: &App, own: &SignedIn, name: &str, error: Error) -> Result<Response> {
    let wrong = wrong(error)?;
    let shell = Shell::new(&own.caller, "Your account", "/admin/account");
    let answer = show_account(app, own, shell, name, &wrong).await?;
    Ok((error::incomplete(), answer).into_response())
}

/// `POST /admin/account/name`
async fn post_name(State(app): State<App>, own: SignedIn, form: FormBody) -> Result<Response> {
    match operators::change_name(&app, &own, form.get("name")).await {
        Ok(()) => Ok(error::see_other("/admin/account?done=name")),
        Err(error) => refused(&app, &own, form.get("name"), error).await,
    }
}

/// `POST /admin/account/password`
async fn post_password(State(app): State<App>, own: SignedIn, form: FormBody) -> Result<Response> {
    let new = form.get("new_password").to_owned();
    let changed = match form.get("again") == new {
        true => operators::change_password(&app, &own, form.get("password").to_owned(), new).await,
        false => Err(Error::invalid("again", "This is not the same password.")),
    };
    match changed {
        Ok(()) => Ok(error::see_other("/admin/account?done=password")),
        Err(error) => refused(&app, &own, &own.row.name, error).await,
    }
}

/// `GET /admin/account/codes`
async fn get_codes(own: SignedIn) -> Result<Response> {
    let secret = match &own.new_secret {
        Some(secret) => secret.clone(),
        None => {
            let secret = totp::new_secret()?;
            let standing = Standing::SignedIn(own.row.operator.clone(), Some(secret.clone()));
            sessions::remember(&own.session, &standing).await?;
            secret
        }
    };
    show_codes(&own, &secret, &None)
}

fn show_codes(own: &SignedIn, secret: &str, wrong: &Wrong) -> Result<Response> {
    page(&CodesPage {
        shell: Shell::new(&own.caller, "New codes", "/admin/account"),
        handover: Handover::new(secret, &own.row.email)?,
        password: Field::new("password", "Present password", "password", "current-password")
            .told(wrong.as_ref()),
        code: code(wrong.as_ref()),
    })
}

/// `POST /admin/account/codes`
async fn post_codes(State(app): State<App>, own: SignedIn, form: FormBody) -> Result<Response> {
    let Some(secret) = &own.new_secret else { return Ok(error::see_other("/admin/account/codes")) };
    let password = form.get("password").to_owned();
    match operators::change_totp(&app, &own, password, secret, form.get("code")).await {
        Ok(()) => {
            let standing = Standing::SignedIn(own.row.operator.clone(), None);
            sessions::remember(&own.session, &standing).await?;
            Ok(error::see_other("/admin/account?done=codes"))
        }
        Err(error) => {
            let answer = show_codes(&own, secret, &wrong(error)?)?;
            Ok((error::incomplete(), answer).into_response())
        }
    }
}

/// `POST /admin/account/sessions/end`: one of one's own sessions, or all others.
async fn post_end(State(app): State<App>, own: SignedIn, form: FormBody) -> Result<Response> {
    let one = Some(form.get("session")).filter(|session| !session.is_empty());
    operators::end_own_sessions(&app, &own, one).await?;
    Ok(error::see_other(match one {
        Some(_) => "/admin/account?done=session",
        None => "/admin/account?done=others",
    }))
}

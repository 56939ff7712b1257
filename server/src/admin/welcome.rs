//! Owns the way in by a link: name and password, then the codes, and the first session.
//! Refuses to change anything before the last step, so that a link that was only looked at still works.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::field::{Field, Wrong, code, wrong};
use super::{Shell, page};
use crate::error::{self, Error, Result};
use crate::extract::{AnySession, FormBody, PathOf};
use crate::operators::links::{self, Arriving, OpenLink, Purpose};
use crate::operators::sessions::{self, Standing, begin};
use crate::operators::totp::{self, Handover};
use crate::operators::{checked_email, checked_name, password};
use crate::state::App;

/// The addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/welcome/{token}", get(get_welcome).post(post_welcome))
        .route("/admin/welcome/{token}/code", get(get_code).post(post_code))
}

#[derive(Template)]
#[template(path = "admin/people/welcome.html")]
struct WelcomePage<'a> {
    shell: Shell,
    token: &'a str,
    purpose: Purpose,
    /// Whom the link is for, where that is known.
    known: Option<&'a str>,
    email: Field<'a>,
    name: Field<'a>,
    password: Field<'a>,
    again: Field<'a>,
}

#[derive(Template)]
#[template(path = "admin/people/welcome_code.html")]
struct CodePage<'a> {
    shell: Shell,
    token: &'a str,
    handover: Handover,
    code: Field<'a>,
}

#[derive(Template)]
#[template(path = "admin/people/link_gone.html")]
struct GonePage {
    shell: Shell,
}

fn gone() -> Result<Response> {
    let answer = page(&GonePage { shell: Shell::outside("This link does not work") })?;
    Ok((error::gone(), answer).into_response())
}

/// `GET /admin/welcome/{token}`
async fn get_welcome(State(app): State<App>, PathOf(token): PathOf<String>) -> Result<Response> {
    let Some(link) = links::open(&app, &token).await? else { return gone() };
    let name = link.operator.as_ref().map(|row| row.name.clone()).unwrap_or_default();
    show_welcome(&token, &link, "", &name, &None)
}

fn show_welcome(token: &str, link: &OpenLink, email: &str, name: &str, wrong: &Wrong) -> Result<Response> {
    let title = match link.purpose {
        Purpose::First => "Become the first owner",
        Purpose::Welcome => "Welcome to Assent",
        Purpose::Reset => "Choose a new password",
    };
    let wrong = wrong.as_ref();
    page(&WelcomePage {
        shell: Shell::outside(title),
        token,
        purpose: link.purpose,
        known: link.operator.as_ref().map(|row| row.email.as_str()),
        email: Field::new("email", "E-mail address", "email", "username")
            .hint("You sign in with it. Nothing is ever sent to it.")
            .value(email)
            .told(wrong),
        name: Field::new("name", "Your name", "text", "name").value(name).told(wrong),
        password: Field::new("password", "Password", "password", "new-password")
            .hint("At least 12 characters of any kind. A few words that nobody expects together are easy to remember.")
            .told(wrong),
        again: Field::new("again", "The same password again", "password", "new-password").told(wrong),
    })
}

/// `POST /admin/welcome/{token}`
async fn post_welcome(
    State(app): State<App>,
    AnySession(session): AnySession,
    PathOf(token): PathOf<String>,
    headers: HeaderMap,
    form: FormBody,
) -> Result<Response> {
    let Some(link) = links::open(&app, &token).await? else { return gone() };
    match arriving(&app, &link, &form).await {
        Ok(arriving) => {
            begin(&session, &headers, &Standing::Arriving(Box::new(arriving))).await?;
            Ok(error::see_other(&format!("/admin/welcome/{token}/code")))
        }
        Err(error) => {
            let wrong = wrong(error)?;
            let answer = show_welcome(&token, &link, form.get("email"), form.get("name"), &wrong)?;
            Ok((error::incomplete(), answer).into_response())
        }
    }
}

async fn arriving(app: &App, link: &OpenLink, form: &FormBody) -> Result<Arriving> {
    let email = match &link.operator {
        Some(row) => row.email.clone(),
        None => checked_email(form.get("email"))?,
    };
    let name = checked_name(form.get("name"))?;
    let new = form.get("password");
    password::check(new, &[&email, &name]).map_err(|wrong| Error::invalid("password", wrong))?;
    if form.get("again") != new {
        return Err(Error::invalid("again", "This is not the same password."));
    }
    let password = app.passwords.hash(new.to_owned()).await?;
    Ok(Arriving { link: link.hash.clone(), email, name, password, totp: totp::new_secret()? })
}

/// What the session knows of somebody who came by this very link.
async fn on_the_way(app: &App, session: &tower_sessions::Session, token: &str) -> Result<Option<Arriving>> {
    let Some(link) = links::open(app, token).await? else { return Ok(None) };
    Ok(match sessions::standing(session).await? {
        Some(Standing::Arriving(arriving)) if arriving.link == link.hash => Some(*arriving),
        _ => None,
    })
}

/// `GET /admin/welcome/{token}/code`
async fn get_code(
    State(app): State<App>,
    AnySession(session): AnySession,
    PathOf(token): PathOf<String>,
) -> Result<Response> {
    match on_the_way(&app, &session, &token).await? {
        Some(arriving) => show_code(&token, &arriving, &None),
        None => Ok(error::see_other(&format!("/admin/welcome/{token}"))),
    }
}

fn show_code(token: &str, arriving: &Arriving, wrong: &Wrong) -> Result<Response> {
    page(&CodePage {
        shell: Shell::outside("Set up your codes"),
        token,
        handover: Handover::new(&arriving.totp, &arriving.email)?,
        code: code(wrong.as_ref()),
    })
}

/// `POST /admin/welcome/{token}/code`
async fn post_code(
    State(app): State<App>,
    AnySession(session): AnySession,
    PathOf(token): PathOf<String>,
    headers: HeaderMap,
    form: FormBody,
) -> Result<Response> {
    let Some(arriving) = on_the_way(&app, &session, &token).await? else {
        return Ok(error::see_other(&format!("/admin/welcome/{token}")));
    };
    let Some(step) = totp::step(&arriving.totp, form.get("code"), app.clock.now())? else {
        let wrong = "This is not the code of now. Wait for the next one, and check the device's clock.";
        let answer = show_code(&token, &arriving, &Some(("code", wrong.to_owned())))?;
        return Ok((error::incomplete(), answer).into_response());
    };
    let Some(operator) = links::arrive(&app, &arriving, step).await? else { return gone() };
    begin(&session, &headers, &Standing::SignedIn(operator, None)).await?;
    Ok(error::see_other("/admin"))
}

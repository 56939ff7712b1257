//! Owns the pages by which operators sign in and out: password, then code.
//! Refuses to lead anywhere but to the operator's own pages afterwards.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::field::{Field, Wrong, code};
use super::{Shell, page};
use crate::error::{self, Result};
use crate::extract::{AnySession, FormBody, SignedIn, comes_from_elsewhere};
use crate::operators::sessions::{self, Standing};
use crate::operators::{known, login, sessions::begin};
use crate::proxies::Visitor;
use crate::state::App;

/// The addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/login", get(get_login).post(post_password))
        .route("/admin/login/code", get(get_code).post(post_code))
        .route("/admin/logout", post(post_logout))
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NextQuery {
    #[serde(default)]
    next: String,
    /// Why the page is shown.
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "admin/people/login.html")]
struct LoginPage<'a> {
    shell: Shell,
    next: &'a str,
    refused: bool,
    email: Field<'a>,
    password: Field<'a>,
}

#[derive(Template)]
#[template(path = "admin/people/login_code.html")]
struct CodePage<'a> {
    shell: Shell,
    next: &'a str,
    code: Field<'a>,
}

#[derive(Template)]
#[template(path = "admin/people/moment.html")]
struct MomentPage<'a> {
    shell: Shell,
    next: &'a str,
}

/// Only our own pages, by path: another host would learn that somebody just signed in.
fn own(next: &str) -> &str {
    let ours = next == "/admin" || next.starts_with("/admin/") || next.starts_with("/admin?");
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if ours && plain && !next.starts_with("/admin/log") { next } else { "/admin" }
}

fn with_next(path: &str, next: &str) -> String {
    let next: String = url::form_urlencoded::byte_serialize(own(next).as_bytes()).collect();
    format!("{path}?next={next}")
}

/// `GET /admin/login`
async fn get_login(
    State(app): State<App>,
    AnySession(session): AnySession,
    Query(query): Query<NextQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    if SignedIn::find(&app, session).await?.is_some() {
        return Ok(error::see_other(own(&query.next)));
    }
    if comes_from_elsewhere(&headers) {
        // Somebody followed a link on another site. Browsers hold the session's cookie back then, and send it with what our
        // own page asks for.
        let shell = Shell { refresh: Some(0), ..Shell::outside("One moment") };
        return page(&MomentPage { shell, next: &with_next("/admin/login", &query.next) });
    }
    let told =
        [("out", "You are signed out."), ("codes", "Too many wrong codes. Begin with your password again.")];
    let shell = Shell::outside("Sign in").told(Some(&query.done), &told);
    show_login(shell, &query.next, "", false)
}

fn show_login(shell: Shell, next: &str, email: &str, refused: bool) -> Result<Response> {
    page(&LoginPage {
        shell,
        next: own(next),
        refused,
        email: Field::new("email", "E-mail address", "email", "username").value(email),
        password: Field::new("password", "Password", "password", "current-password"),
    })
}

/// `POST /admin/login`
async fn post_password(
    State(app): State<App>,
    AnySession(session): AnySession,
    visitor: Visitor,
    headers: HeaderMap,
    form: FormBody,
) -> Result<Response> {
    let (email, next) = (form.get("email"), form.get("next"));
    let from = login::From { visitor, headers: &headers };
    match login::check_password(&app, email, form.get("password").to_owned(), from).await? {
        Some(operator) => {
            begin(&session, &headers, &Standing::AtTheCode(operator, 0)).await?;
            Ok(error::see_other(&with_next("/admin/login/code", next)))
        }
        None => {
            let answer = show_login(Shell::outside("Sign in"), next, email, true)?;
            Ok((error::incomplete(), answer).into_response())
        }
    }
}

/// `GET /admin/login/code`
async fn get_code(AnySession(session): AnySession, Query(query): Query<NextQuery>) -> Result<Response> {
    match sessions::standing(&session).await? {
        Some(Standing::AtTheCode(..)) => show_code(&query.next, &None),
        _ => Ok(error::see_other(&with_next("/admin/login", &query.next))),
    }
}

fn show_code(next: &str, wrong: &Wrong) -> Result<Response> {
    page(&CodePage { shell: Shell::outside("Your code"), next: own(next), code: code(wrong.as_ref()) })
}

/// `POST /admin/login/code`
async fn post_code(
    State(app): State<App>,
    AnySession(session): AnySession,
    visitor: Visitor,
    headers: HeaderMap,
    form: FormBody,
) -> Result<Response> {
    let next = form.get("next");
    let Some(Standing::AtTheCode(operator, wrong)) = sessions::standing(&session).await? else {
        return Ok(error::see_other(&with_next("/admin/login", next)));
    };
    let from = login::From { visitor, headers: &headers };
    if let Some(secret) = login::check_code(&app, &operator, form.get("code"), from).await? {
        let mut response = error::see_other(own(next));
        known::mark(&mut response, app.session_rules, &operator, &secret);
        begin(&session, &headers, &Standing::SignedIn(operator, None)).await?;
        return Ok(response);
    }
    if wrong + 1 >= login::WRONG_CODES {
        sessions::end(&session).await?;
        return Ok(error::see_other(&format!("{}&done=codes", with_next("/admin/login", next))));
    }
    sessions::remember(&session, &Standing::AtTheCode(operator, wrong + 1)).await?;
    let wrong =
        Some(("code", "This code is not right, or was used before. Wait for the next one.".to_owned()));
    Ok((error::incomplete(), show_code(next, &wrong)?).into_response())
}

/// `POST /admin/logout`
async fn post_logout(State(app): State<App>, AnySession(session): AnySession) -> Result<Response> {
    if let Some(own) = SignedIn::find(&app, session.clone()).await? {
        login::leave(&app, &own.caller).await?;
    }
    sessions::end(&session).await?;
    Ok(error::see_other("/admin/login?done=out"))
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn the_way_on_stays_among_our_pages() {
        for ours in ["/admin", "/admin/sites/shop?done=saved", "/admin/keys", "/admin?x=1"] {
            assert_eq!(own(ours), ours);
        }
        for other in [
            "",
            "//evil.example",
            "https://evil.example/admin",
            "/administrator",
            "/admin\\@x",
            "/admin/\r\nx",
            "/admin/login",
            "/",
        ] {
            assert_eq!(own(other), "/admin", "{other}");
        }
    }
}

//! Owns the pages of keys: the list, making one, which is shown once, and ending one.
//! Refuses to check anything by itself; the operations of `keys` do.

use askama::Template;
use assent_shared::SiteId;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::account::DoneQuery;
use super::field::{Field, Wrong, wrong};
use super::{Shell, page, time};
use crate::access::{Caller, Permission};
use crate::error::{self, Error, Result};
use crate::extract::{BySession, FormBody, PathOf};
use crate::keys::{self, CreatedKey, KeyView, KeyWish};
use crate::receipts::query::instant;
use crate::state::App;

const HERE: &str = "/admin/keys";

/// The addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route(HERE, get(list_keys))
        .route("/admin/keys/new", get(new_key).post(make_key))
        .route("/admin/keys/{key_id}/revoke", get(ask_to_revoke).post(revoke_key))
}

/// A key as the table has it.
struct Line {
    view: KeyView,
    site: String,
    state: &'static str,
    scopes: String,
    made: String,
    ends: String,
    used: String,
}

impl Line {
    fn new(view: KeyView) -> Self {
        let names: Vec<&str> = view.scopes.iter().map(|scope| scope.as_str()).collect();
        let mark = |at: Option<i64>, otherwise: &str| at.map_or_else(|| otherwise.to_owned(), time);
        Self {
            site: view.site.as_ref().map_or_else(|| "all sites".to_owned(), SiteId::to_string),
            state: match (view.revoked_at, view.works) {
                (Some(_), _) => "revoked",
                (None, true) => "works",
                (None, false) => "expired",
            },
            scopes: names.join(", "),
            made: time(view.created_at),
            ends: mark(view.revoked_at.or(view.expires_at), "never"),
            used: mark(view.last_used_at, "never"),
            view,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/people/keys.html")]
struct ListPage {
    shell: Shell,
    keys: Vec<Line>,
}

#[derive(Template)]
#[template(path = "admin/people/key_new.html")]
struct NewPage<'a> {
    shell: Shell,
    label: Field<'a>,
    /// For which sites the caller may make one: value, name, whether it is chosen.
    reaches: Vec<(String, String, bool)>,
    /// What the caller may pass on: the permission, and whether it is ticked.
    scopes: Vec<(Permission, bool)>,
    expires: Field<'a>,
    site_error: Option<&'a str>,
    scopes_error: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "admin/people/key_made.html")]
struct MadePage<'a> {
    shell: Shell,
    made: &'a CreatedKey,
}

#[derive(Template)]
#[template(path = "admin/people/key_revoke.html")]
struct RevokePage {
    shell: Shell,
    line: Line,
}

/// `GET /admin/keys`
async fn list_keys(
    State(app): State<App>,
    BySession(caller): BySession,
    Query(query): Query<DoneQuery>,
) -> Result<Response> {
    let keys = keys::list(&app, &caller).await?.into_iter().rev().map(Line::new).collect();
    let told = [("revoked", "The key has stopped working.")];
    page(&ListPage { shell: Shell::new(&caller, "Keys", HERE).told(query.done.as_deref(), &told), keys })
}

/// `GET /admin/keys/new`
async fn new_key(State(app): State<App>, BySession(caller): BySession) -> Result<Response> {
    if !caller.may_somewhere(Permission::ManageKeys) {
        return Err(Error::Forbidden(Permission::ManageKeys));
    }
    show_new(&app, &caller, &FormBody(Vec::new()), &None).await
}

async fn show_new(app: &App, caller: &Caller, form: &FormBody, wrong: &Wrong) -> Result<Response> {
    let chosen = form.get("site");
    let all = caller.may_everywhere(Permission::ManageKeys);
    let mut reaches: Vec<_> =
        all.then(|| (String::new(), "All sites".to_owned(), chosen.is_empty())).into_iter().collect();
    for site in app.store.sites().await? {
        if caller.may(Permission::ManageKeys, &site.id) {
            reaches.push((site.id.to_string(), site.name, chosen == site.id.as_str()));
        }
    }
    let of =
        |field: &str| wrong.as_ref().filter(|(own, _)| *own == field).map(|(_, message)| message.as_str());
    let scopes = Permission::ALL.into_iter().filter(|scope| caller.may_somewhere(*scope));
    page(&NewPage {
        shell: Shell::new(caller, "Make a key", HERE),
        label: Field::new("label", "What it is for", "text", "off")
            .hint("The audit log names the key by it: nightly export, say.")
            .value(form.get("label"))
            .told(wrong.as_ref()),
        reaches,
        scopes: scopes.map(|scope| (scope, form.all("scope").any(|own| own == scope.as_str()))).collect(),
        expires: Field::new("expires_at", "Works until", "date", "off")
            .hint("Midnight UTC, when that day begins. Without a day it works until it is revoked.")
            .value(form.get("expires_at"))
            .optional()
            .told(wrong.as_ref()),
        site_error: of("site"),
        scopes_error: of("scopes"),
    })
}

/// `POST /admin/keys/new`
async fn make_key(State(app): State<App>, BySession(caller): BySession, form: FormBody) -> Result<Response> {
    let made = match wish(&form) {
        Ok(wish) => keys::make(&app, &caller, wish).await,
        Err(error) => Err(error),
    };
    match made {
        // Not a page of its own: it is shown this once.
        Ok(made) => page(&MadePage { shell: Shell::new(&caller, "Your key", HERE), made: &made }),
        Err(error) => {
            let answer = show_new(&app, &caller, &form, &wrong(error)?).await?;
            Ok((error::incomplete(), answer).into_response())
        }
    }
}

fn wish(form: &FormBody) -> Result<KeyWish> {
    let site = match form.get("site") {
        "" => None,
        id => Some(id.parse().map_err(|_| Error::invalid("site", "There is no such site."))?),
    };
    let expires_at = match form.get("expires_at") {
        "" => None,
        day => {
            Some(instant(day).map_err(|_| Error::invalid("expires_at", "Write a day, such as 2027-01-31."))?)
        }
    };
    let named = |name: &str| Permission::ALL.into_iter().find(|scope| scope.as_str() == name);
    let scopes = form.all("scope").filter_map(named).collect();
    Ok(KeyWish { label: form.get("label").to_owned(), site, scopes, expires_at })
}

/// `GET /admin/keys/{key_id}/revoke`
async fn ask_to_revoke(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(key_id): PathOf<String>,
) -> Result<Response> {
    let line = Line::new(keys::get(&app, &caller, &key_id).await?);
    page(&RevokePage { shell: Shell::new(&caller, "Revoke this key?", HERE), line })
}

/// `POST /admin/keys/{key_id}/revoke`
async fn revoke_key(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(key_id): PathOf<String>,
) -> Result<Response> {
    keys::revoke(&app, &caller, &key_id).await?;
    Ok(error::see_other("/admin/keys?done=revoked"))
}

//! Owns the page of the audit log: its entries by time, operator, action and site, and its files.
//! Refuses to read the log by itself; `audit` does, and writes that down.

use askama::Template;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::{Shell, page};
use crate::access::{Caller, Permission};
use crate::audit::{self, AuditFormat, AuditQuery, Entry, Wanted};
use crate::error::{Error, Result};
use crate::export::rfc3339;
use crate::extract::BySession;
use crate::state::App;

/// The addresses of these pages.
pub fn routes() -> Router<App> {
    Router::new().route("/admin/audit", get(show)).route("/admin/audit/export", get(export))
}

/// The form as it was filled in; every field may be empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Form {
    from: String,
    to: String,
    actor: String,
    action: String,
    site: String,
    after: String,
    format: String,
}

impl Form {
    /// The log's own query; what is empty is no wish.
    fn query(&self) -> Result<AuditQuery, (&'static str, String)> {
        let wish = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let site = wish(&self.site).map(|site| site.parse()).transpose();
        Ok(AuditQuery {
            from: wish(&self.from),
            to: wish(&self.to),
            actor: wish(&self.actor),
            action: wish(&self.action),
            site: site.map_err(|error: assent_shared::id::IdError| ("site", error.to_string()))?,
            limit: None,
            after: wish(&self.after),
        })
    }

    /// The form as an address's query, with `more`.
    fn address(&self, more: &[(&str, &str)]) -> String {
        let Self { from, to, actor, action, site, .. } = self;
        let wishes = [("from", from), ("to", to), ("actor", actor), ("action", action), ("site", site)];
        let wishes = wishes.iter().filter(|(_, wish)| !wish.is_empty());
        let mut query = Serializer::new(String::new());
        query.extend_pairs(wishes).extend_pairs(more);
        query.finish()
    }
}

#[derive(Template)]
#[template(path = "admin/audit/list.html")]
struct AuditPage {
    shell: Shell,
    form: Form,
    problem: Option<String>,
    entries: Vec<Row>,
    /// Names to choose from; where there are none, they are typed.
    actors: Vec<String>,
    actions: Vec<String>,
    sites: Vec<(String, String)>,
    next: Option<String>,
    newest: String,
    /// Whether this is not the first page.
    further: bool,
    as_proof: String,
    as_table: String,
    retention: String,
}

/// An entry as a row.
struct Row {
    at: String,
    exactly: String,
    entry: Entry,
}

async fn show(
    State(app): State<App>,
    BySession(caller): BySession,
    query: Result<Query<Form>, QueryRejection>,
) -> Result<Response> {
    let Query(form) = query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    let found = match form.query() {
        Ok(query) => audit::list(&app, &caller, &query).await,
        Err((_, error)) => Err(Error::InvalidQuery(error)),
    };
    let (found, problem) = match found {
        Ok(found) => (found, None),
        // Shown again with what was typed: whoever may not read the log at all is not told what is wrong with their query.
        Err(Error::InvalidQuery(error)) if caller.may_somewhere(Permission::ReadAudit) => {
            (audit::Page { items: Vec::new(), next: None }, Some(error))
        }
        Err(error) => return Err(error),
    };
    let (actors, actions) = audit::names(&app, &caller).await?;
    let refused = problem.is_some();
    let html = AuditPage {
        shell: Shell::new(&caller, "Audit log", "/admin/audit"),
        problem,
        entries: found.items.into_iter().map(row).collect(),
        actors,
        actions,
        sites: sites(&app, &caller).await?,
        next: found.next.map(|next| form.address(&[("after", &next)])),
        newest: form.address(&[]),
        further: !form.after.is_empty(),
        as_proof: form.address(&[("format", "jsonl")]),
        as_table: form.address(&[("format", "csv")]),
        retention: match app.installation.audit_days {
            0 => "Entries are kept for ever.".to_owned(),
            days => format!("Entries are erased after {days} days; that they were there stays provable."),
        },
        form,
    };
    let response = page(&html)?;
    Ok(if refused { crate::error::refused(response) } else { response })
}

fn row(entry: Entry) -> Row {
    let exactly = rfc3339(entry.at);
    Row { at: format!("{} {}", &exactly[..10], &exactly[11..19]), exactly, entry }
}

/// The sites whose entries the caller may read, with their names.
async fn sites(app: &App, caller: &Caller) -> Result<Vec<(String, String)>> {
    let sites = app.store.sites().await?.into_iter();
    let own = sites.filter(|site| caller.may(Permission::ReadAudit, &site.id));
    Ok(own.map(|site| (site.id.to_string(), site.name)).collect())
}

async fn export(
    State(app): State<App>,
    BySession(caller): BySession,
    query: Result<Query<Form>, QueryRejection>,
) -> Result<Response> {
    let Query(form) = query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    let query = form.query().map_err(|(_, error)| Error::InvalidQuery(error))?;
    let format = if form.format == "csv" { AuditFormat::Csv } else { AuditFormat::Jsonl };
    let query = AuditQuery { after: None, ..query };
    audit::answer(&app, &caller, Wanted { format, ledger: None, query }).await
}

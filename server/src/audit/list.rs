//! Owns reading the audit log: who may read how much of it, by which filter, page by page.
//! Refuses to show a page of it that was not itself written down first.

use std::fmt::Write;

use assent_shared::SiteId;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Action, record};
use crate::access::{Caller, Permission};
use crate::answers;
use crate::error::{Error, Result};
use crate::extract::ByKey;
use crate::numbers;
use crate::receipts::query::instant;
use crate::state::App;
use crate::store::{AuditFilter, AuditRow};

/// Entries of a page, if nobody says how many.
const USUAL: u32 = 50;
const MOST: u32 = 500;
/// Longer names of operators, and of what they do, there are none.
const LONGEST_ACTOR: usize = 300;
const LONGEST_ACTION: usize = 60;

/// Which entries somebody wants.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Of this time or later: a date or an instant (RFC 3339).
    pub from: Option<String>,
    /// Before this time.
    pub to: Option<String>,
    /// By this operator, key, or `command line`.
    #[param(max_length = 300)]
    pub actor: Option<String>,
    /// Of this kind: `receipt.view`.
    #[param(max_length = 60)]
    pub action: Option<String>,
    /// About this site.
    pub site: Option<SiteId>,
    /// How many at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<u32>,
    /// Where the page before ended: its `next`.
    #[param(pattern = r"^[1-9][0-9]{0,8}\.(0|[1-9][0-9]{0,17})$")]
    pub after: Option<String>,
}

/// One entry of the audit log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Entry {
    /// Its ledger and its place there: `1.345`.
    pub id: String,
    /// Milliseconds since 1970.
    pub at: i64,
    /// An operator's e-mail address, a key's id and label, or `command line`.
    pub actor: String,
    /// What was done or seen: `receipt.view`.
    pub action: String,
    /// On which site, where it concerned one.
    pub site: Option<String>,
    /// About what.
    pub about: String,
}

/// Some entries, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub struct Page {
    /// The entries.
    pub items: Vec<Entry>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

impl From<AuditRow> for Entry {
    fn from(row: AuditRow) -> Self {
        let id = format!("{}.{}", row.ledger, row.leaf_index);
        let AuditRow { at, actor, action, site, about, .. } = row;
        Self { id, at, actor, action, site, about }
    }
}

impl AuditQuery {
    /// As the log itself names what was asked for.
    pub(super) fn described(&self) -> String {
        let site = self.site.as_ref().map(ToString::to_string);
        let wishes = [
            ("from", &self.from),
            ("to", &self.to),
            ("actor", &self.actor),
            ("action", &self.action),
            ("site", &site),
        ];
        let mut text = String::new();
        for (name, wish) in wishes {
            if let Some(wish) = wish {
                let _ = write!(text, "{}{name} {wish}", if text.is_empty() { "" } else { ", " });
            }
        }
        if text.is_empty() { "everything".to_owned() } else { text }
    }
}

/// What the caller may read of that; the filter, if they may read anything.
pub async fn selection(app: &App, caller: &Caller, query: &AuditQuery) -> Result<AuditFilter> {
    let sites = match &query.site {
        Some(site) => {
            caller.require(Permission::ReadAudit, site)?;
            app.catalog.site(site).await?;
            Some(vec![site.clone()])
        }
        None if caller.may_everywhere(Permission::ReadAudit) => None,
        None => {
            let sites = app.store.sites().await?.into_iter().map(|site| site.id);
            let own: Vec<SiteId> = sites.filter(|site| caller.may(Permission::ReadAudit, site)).collect();
            if own.is_empty() {
                return Err(Error::Forbidden(Permission::ReadAudit));
            }
            Some(own)
        }
    };
    let time = |text: &Option<String>| {
        text.as_deref().filter(|text| !text.is_empty()).map(instant).transpose().map_err(Error::InvalidQuery)
    };
    for (name, wish, most) in
        [("actor", &query.actor, LONGEST_ACTOR), ("action", &query.action, LONGEST_ACTION)]
    {
        if wish.as_ref().is_some_and(|wish| wish.chars().count() > most) {
            return Err(Error::InvalidQuery(format!("`{name}` has {most} characters at most")));
        }
    }
    Ok(AuditFilter {
        from: time(&query.from)?,
        to: time(&query.to)?,
        actor: query.actor.clone(),
        action: query.action.clone(),
        sites,
    })
}

/// Entries of the log, newest first, as far as the caller may read it.
pub async fn list(app: &App, caller: &Caller, query: &AuditQuery) -> Result<Page> {
    let filter = selection(app, caller, query).await?;
    let limit = query.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::InvalidQuery(format!("`limit` is a number from 1 to {MOST}")));
    }
    let before = query.after.as_deref().map(place).transpose()?;
    record(app, caller, Action::AuditView, query.site.as_ref(), query.described()).await?;
    let mut rows = app.store.audit_entries(&filter, before, i64::from(limit) + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let items: Vec<Entry> = rows.into_iter().map(Entry::from).collect();
    let next = items.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Page { items, next })
}

/// The names of those who did something, and of what they did; for who may read the whole log.
pub async fn names(app: &App, caller: &Caller) -> Result<(Vec<String>, Vec<String>)> {
    if caller.may_everywhere(Permission::ReadAudit) {
        Ok(app.store.audit_names().await?)
    } else {
        Ok((Vec::new(), Vec::new()))
    }
}

fn place(text: &str) -> Result<(i64, i64)> {
    let place = text.split_once('.').and_then(|(ledger, leaf)| {
        let (ledger, leaf): (i64, i64) = (numbers::plain(ledger)?, numbers::plain(leaf)?);
        (ledger > 0).then_some((ledger, leaf))
    });
    place.ok_or_else(|| Error::InvalidQuery(format!("`after={text}` is not a page's `next`")))
}

/// What operators did and saw.
///
/// Newest first. A key for one site sees that site's entries. Reading the log is an entry of the log.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    params(AuditQuery),
    responses((status = 200, description = "Entries", body = Page))
)]
pub(super) async fn get_audit(
    State(app): State<App>,
    ByKey(caller): ByKey,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Response> {
    let Query(query) = query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    answers::json(&list(&app, &caller, &query).await?)
}

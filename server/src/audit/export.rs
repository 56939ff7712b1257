//! Owns the audit log as a file: one that proves itself, or a table for reading; over HTTP and on the command line.
//! Refuses to hold more than a page of it in memory, and to hand over what the log does not say was taken.

use std::pin::Pin;

use assent_shared::bundle::audit::{self, FORMAT, Head, LEAVES_PER_LINE, Line, Selection};
use assent_shared::ledger::entry::leaf_hash;
use assent_shared::ledger::{AuditEntry, Entry, PublicKey, Salt};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::list::{AuditQuery, selection};
use super::{Action, record};
use crate::access::Caller;
use crate::error::{Error, Result};
use crate::export::{Chunks, harmless, rfc3339};
use crate::extract::ByKey;
use crate::numbers;
use crate::state::App;
use crate::store::{AuditFilter, AuditLeafRow, AuditLedgerRow, Store};

/// Leaves that are read at once.
const PAGE: i64 = 1000;

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuditFormat {
    /// One JSON object a line, with everything that proves them: `assent verify` checks it.
    #[default]
    Jsonl,
    /// One row an entry, for spreadsheets (RFC 4180).
    Csv,
}

/// What somebody wants of the log.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// How it is written.
    pub format: AuditFormat,
    /// Which of the log's ledgers; the present one otherwise.
    pub ledger: Option<u32>,
    /// Which entries.
    pub query: AuditQuery,
}

/// The query of an export of the log.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditExportQuery {
    /// How it is written.
    #[serde(default)]
    #[param(inline)]
    format: AuditFormat,
    /// Which of the log's ledgers; the present one otherwise.
    #[param(minimum = 1)]
    #[serde(default, deserialize_with = "numbers::maybe")]
    ledger: Option<u32>,
    /// Of this time or later: a date or an instant (RFC 3339).
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
    /// By this operator, key, or `command line`.
    #[param(max_length = 300)]
    actor: Option<String>,
    /// Of this kind: `receipt.view`.
    #[param(max_length = 60)]
    action: Option<String>,
    /// About this site.
    site: Option<assent_shared::SiteId>,
}

impl From<AuditExportQuery> for Wanted {
    fn from(query: AuditExportQuery) -> Self {
        let AuditExportQuery { format, ledger, from, to, actor, action, site } = query;
        let query = AuditQuery { from, to, actor, action, site, limit: None, after: None };
        Self { format, ledger, query }
    }
}

/// The audit log as a file.
///
/// As `jsonl` it has a line for each leaf of the log's ledger; of entries that were not asked for, or that the key may not read, only
/// their commitments. `assent verify FILE` says what that proves.
#[utoipa::path(
    get,
    path = "/api/v1/audit/export",
    tag = "audit",
    params(AuditExportQuery),
    responses((
        status = 200,
        description = "The file",
        content((String = "application/jsonl"), (String = "text/csv")),
    ))
)]
pub(super) async fn get_audit_export(
    State(app): State<App>,
    ByKey(caller): ByKey,
    query: Result<Query<AuditExportQuery>, QueryRejection>,
) -> Result<Response> {
    let Query(query) = query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    answer(&app, &caller, query.into()).await
}

/// Begins an export as an attachment.
pub(crate) async fn answer(app: &App, caller: &Caller, wanted: Wanted) -> Result<Response> {
    let (media_type, file) = match wanted.format {
        AuditFormat::Jsonl => ("application/jsonl", "assent-audit.jsonl"),
        AuditFormat::Csv => ("text/csv; charset=utf-8", "assent-audit.csv"),
    };
    let chunks = begin_export(app, caller, wanted).await?;
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

/// Begins an export; what can be refused is refused before its first byte.
pub async fn begin_export(app: &App, caller: &Caller, wanted: Wanted) -> Result<Chunks> {
    let filter = selection(app, caller, &wanted.query).await?;
    let ledger = wanted.ledger.map(i64::from);
    if let Some(number) = ledger
        && app.store.audit_ledger_numbered(number).await?.is_none()
    {
        return Err(Error::InvalidQuery(format!("the audit log has no ledger number {number}")));
    }
    record(app, caller, Action::AuditExport, wanted.query.site.as_ref(), wanted.query.described()).await?;
    let row = match ledger {
        Some(number) => app.store.audit_ledger_numbered(number).await?,
        None => app.store.audit_ledger().await?,
    };
    let row = row.ok_or(Error::NotFound)?;
    match wanted.format {
        AuditFormat::Jsonl => proving(app.store.clone(), row, filter, app.clock.now()).await,
        AuditFormat::Csv => Ok(table(app.store.clone(), &row, filter)),
    }
}

/// The keys that signed one of the log's ledgers, oldest first.
pub async fn keys(store: &Store, row: &AuditLedgerRow) -> Result<Vec<PublicKey>> {
    let mut keys = Vec::new();
    for entry in store.audit_key_entries(row.ledger).await? {
        if let Ok(Entry::Key { key, previous }) = serde_json::from_str(&entry) {
            if keys.is_empty() {
                keys.push(previous);
            }
            keys.push(key);
        }
    }
    if keys.is_empty() {
        keys.extend(row.signing_key.as_ref().and_then(|key| key.parse().ok()));
    }
    Ok(keys)
}

type Pages = Pin<Box<dyn Stream<Item = Result<Vec<AuditLeafRow>>> + Send>>;

/// The first `size` leaves of a ledger, a page at a time.
fn pages(store: Store, ledger: i64, size: i64) -> Pages {
    Box::pin(stream::try_unfold(0, move |first| {
        let store = store.clone();
        async move {
            if first >= size {
                return Ok(None);
            }
            let end = size.min(first + PAGE);
            let rows = store.audit_leaves(ledger, (first, end), size).await?;
            Ok(Some((rows, end)))
        }
    }))
}

async fn proving(store: Store, row: AuditLedgerRow, filter: AuditFilter, now: i64) -> Result<Chunks> {
    let AuditFilter { from, to, actor, action, sites } = filter;
    let selection = Selection { from, to, actor, action, sites };
    let head = Head {
        format: FORMAT.to_owned(),
        origin: row.origin.clone(),
        ledger: u32::try_from(row.ledger).unwrap_or(u32::MAX),
        made_at: now,
        selection: selection.clone(),
        keys: keys(&store, &row).await?,
        earlier: store.audit_checkpoints(row.ledger, row.leaves - 1).await?,
        checkpoint: row.checkpoint.clone().ok_or(Error::NotFound)?,
    };
    let first = serde_json::to_string(&head).map_err(|error| Error::Internal(error.to_string()))? + "\n";
    // The hashes come before the lines, so that whoever checks can say which of the two is wrong.
    let hashes = pages(store.clone(), row.ledger, row.leaves).map(|rows| {
        let hashes: Vec<_> = rows?.iter().map(|row| leaf_hash(row.entry.as_bytes())).collect();
        let lines = hashes.chunks(LEAVES_PER_LINE).map(|some| audit::hashes(some) + "\n");
        Ok(lines.collect::<String>().into_bytes())
    });
    let lines = pages(store, row.ledger, row.leaves).map(move |rows| {
        let mut text = String::new();
        for row in rows? {
            text += &line(&row, &selection)?;
            text.push('\n');
        }
        Ok(text.into_bytes())
    });
    Ok(Box::pin(stream::iter([Ok(first.into_bytes())]).chain(hashes).chain(lines)))
}

fn line(row: &AuditLeafRow, selection: &Selection) -> Result<String> {
    let mut line = Line::empty(u64::try_from(row.leaf_index).unwrap_or_default());
    // What is no JSON any more is for the verifier to name, not for the export to trip over.
    let raw = |text: &str| {
        RawValue::from_string(text.to_owned()).or_else(|_| RawValue::from_string("null".to_owned()))
    };
    let broken =
        |error: &serde_json::Error| Error::Internal(format!("audit leaf {}: {error}", row.leaf_index));
    let public = raw(&row.entry).map_err(|error| broken(&error))?;
    let body = row.body.as_deref().map(raw).transpose().map_err(|error| broken(&error))?;
    let body = body.as_deref();
    let salt = row.salt.as_deref().and_then(|salt| salt.try_into().ok().map(Salt));
    let entry = serde_json::from_str(&row.entry);
    match (&entry, body) {
        (Ok(Entry::Audit { commitment }), Some(body)) => {
            // What cannot be read is for the verifier to say: it was tampered with.
            let read = serde_json::from_str::<AuditEntry>(body.get());
            if read.is_ok_and(|read| !selection.takes(&read)) {
                line.withheld = Some(*commitment);
            } else {
                (line.audit, line.salt) = (Some(body), salt);
            }
        }
        // The tombstone is behind the checkpoint that all of this is proven under.
        (Ok(Entry::Audit { commitment }), None) if row.erased_since => line.withheld = Some(*commitment),
        // Where no tombstone says so, the verifier does.
        (Ok(Entry::Audit { commitment }), None) => line.erased = Some(*commitment),
        (Ok(Entry::Tombstone { .. }), Some(body)) => (line.tombstone, line.salt) = (Some(body), salt),
        _ => line.entry = Some(&public),
    }
    serde_json::to_string(&line).map_err(|error| broken(&error))
}

/// The log as a table, oldest first.
fn table(store: Store, row: &AuditLedgerRow, filter: AuditFilter) -> Chunks {
    let AuditFilter { from, to, actor, action, sites } = filter;
    let selection = Selection { from, to, actor, action, sites };
    let head = stream::iter([Ok(b"entry,at,actor,action,site,about\r\n".to_vec())]);
    let number = row.ledger;
    let rows = pages(store, row.ledger, row.leaves).map(move |rows| {
        let failed = |error: &dyn std::fmt::Display| Error::Internal(format!("audit log as CSV: {error}"));
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        for row in rows? {
            let read = row.body.as_deref().and_then(|body| serde_json::from_str::<AuditEntry>(body).ok());
            let Some(entry) = read.filter(|entry| selection.takes(entry)) else { continue };
            let site = entry.site.map(|site| site.to_string()).unwrap_or_default();
            let place = format!("{number}.{}", row.leaf_index);
            let cells = [place, rfc3339(entry.at), entry.actor, entry.action, site, entry.about];
            csv.write_record(cells.map(harmless)).map_err(|error| failed(&error))?;
        }
        csv.into_inner().map_err(|error| failed(&error))
    });
    Box::pin(head.chain(rows))
}

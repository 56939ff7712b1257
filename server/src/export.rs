//! Owns exports: what can be asked for, over HTTP and on the command line, and which format and which receipts.
//! Refuses to hold more than two pages in memory, or a connection while a slow reader reads.

mod bundle;
pub mod command;
mod pace;
mod rows;
mod sql;
mod table;
mod tree;

use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use assent_shared::SiteId;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::Stream;
use serde::{Deserialize, Serialize};

use self::bundle::Bundle;
use self::rows::Rows;
pub(crate) use self::table::{harmless, rfc3339};
use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::numbers;
use crate::receipts::query::{self, ReceiptsQuery};
use crate::state::App;
use crate::store::{Filter, Store};

/// How an export is written.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// One row a receipt, for spreadsheets (RFC 4180).
    #[default]
    Csv,
    /// One JSON array of objects, each with the receipt's stored bytes.
    Json,
    /// One JSON object a line, each with the receipt's stored bytes.
    Jsonl,
    /// Statements that make tables, with the site's settings and notices; for SQLite and PostgreSQL alike.
    Sql,
    /// One tar file that proves itself: receipts, what opens them, the ledger, the notices.
    Bundle,
}

/// The query of an export, beside which receipts.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "what the handler reads, for the document")]
struct ExportQuery {
    /// How the file is written.
    #[param(inline)]
    format: Option<ExportFormat>,
    /// Which of the site's ledgers, in a bundle; the present one otherwise.
    ledger: Option<u32>,
}

impl ExportFormat {
    /// What a file in this format is.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Jsonl => "application/jsonl",
            Self::Sql => "application/sql",
            Self::Bundle => "application/x-tar",
        }
    }

    /// How its name ends.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sql => "sql",
            Self::Bundle => "tar",
        }
    }

    /// What a file of a site's receipts is called.
    #[must_use]
    pub fn file(self, site: &SiteId) -> String {
        let what = if self == Self::Bundle { "ledger" } else { "receipts" };
        format!("{site}-{what}.{}", self.ending())
    }

    /// Its name in queries and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sql => "sql",
            Self::Bundle => "bundle",
        }
    }
}

impl FromStr for ExportFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let all = [Self::Csv, Self::Json, Self::Jsonl, Self::Sql, Self::Bundle];
        all.into_iter().find(|format| format.as_str() == name).ok_or_else(|| {
            Error::InvalidQuery(format!("`{name}` is no format: write csv, json, jsonl, sql or bundle"))
        })
    }
}

/// How many receipts are written so far, for those who wait.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// The receipts so far.
    #[must_use]
    pub fn receipts(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, receipts: usize) {
        self.0.fetch_add(receipts as u64, Ordering::Relaxed);
    }
}

/// The bytes of an export, piece by piece.
pub type Chunks = Pin<Box<dyn Stream<Item = Result<Vec<u8>>> + Send>>;

/// A site's receipts as a file.
///
/// It is written while it is read. A bundle proves itself: `assent verify` checks it without this server.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/export",
    tag = "exports",
    params(("site" = SiteId, Path, description = "The site's id"), ReceiptsQuery, ExportQuery),
    responses((
        status = 200,
        description = "The file",
        content(
            (String = "text/csv"),
            (Object = "application/json"),
            (String = "application/jsonl"),
            (String = "application/sql"),
            (Vec<u8> = "application/x-tar"),
        ),
    ))
)]
pub async fn get_export(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    caller.require(Permission::ExportReceipts, &site)?;
    let (query, others) = ReceiptsQuery::parse(raw.as_deref(), &["format", "ledger"])?;
    download(&app, &caller, site, &query, &others).await
}

/// A site's receipts as a file that is written while it is read, for a caller.
pub(crate) async fn download(
    app: &App,
    caller: &Caller,
    site: SiteId,
    query: &ReceiptsQuery,
    others: &query::Others,
) -> Result<Response> {
    caller.require(Permission::ExportReceipts, &site)?;
    app.catalog.site(&site).await?;
    let format = others.get("format").map(|name| name.parse()).transpose()?.unwrap_or_default();
    let wanted = Wanted::new(site, format, ledger(others)?, query)?;
    audit::record(app, caller, Action::ExportMake, Some(&wanted.site), wanted.about(query)).await?;
    let file = format.file(&wanted.site);
    let chunks = wanted.begin(&app.store, app.clock.now()).await?;
    let headers = [
        (CONTENT_TYPE, format.media_type().to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

/// Which ledger is asked for.
pub(crate) fn ledger(others: &query::Others) -> Result<Option<u32>> {
    let read = |text: &String| {
        numbers::plain(text)
            .ok_or_else(|| Error::InvalidQuery(format!("`ledger` is a number, and `{text}` is none")))
    };
    others.get("ledger").map(read).transpose()
}

/// What somebody wants exported.
#[derive(Debug)]
pub struct Wanted {
    /// The site.
    pub site: SiteId,
    /// How it is written.
    pub format: ExportFormat,
    /// Which of the site's ledgers, in a bundle; the present one otherwise.
    pub ledger: Option<u32>,
    /// Which receipts; all of them without any wish.
    pub filter: Filter,
}

impl Wanted {
    /// What a caller asks for; what no format can give is refused.
    pub(crate) fn new(
        site: SiteId,
        format: ExportFormat,
        ledger: Option<u32>,
        query: &ReceiptsQuery,
    ) -> Result<Self> {
        let wanted = Self { site, format, ledger, filter: query.filter()? };
        wanted.check()?;
        Ok(wanted)
    }

    fn check(&self) -> Result<()> {
        if self.format == ExportFormat::Bundle && !self.filter.kind.is_everything() {
            return Err(Error::InvalidQuery(
                "a bundle is chosen by time and visitor only: it proves that nothing in between is left out"
                    .to_owned(),
            ));
        }
        if self.format != ExportFormat::Bundle && self.ledger.is_some() {
            return Err(Error::InvalidQuery("a ledger is chosen for the format `bundle` only".to_owned()));
        }
        Ok(())
    }

    /// As the audit log names it.
    pub(crate) fn about(&self, query: &ReceiptsQuery) -> String {
        let ledger = self.ledger.map(|number| format!(" of ledger {number}")).unwrap_or_default();
        format!("{}{ledger}: {}", self.format.as_str(), query.about())
    }

    /// Begins the export; what can be refused is refused before its first byte.
    pub async fn begin(self, store: &Store, now: i64) -> Result<Chunks> {
        self.begin_counted(store, now, Progress::default()).await
    }

    /// As [`Wanted::begin`], telling how far it is.
    pub async fn begin_counted(self, store: &Store, now: i64, progress: Progress) -> Result<Chunks> {
        self.check()?;
        let Self { site, format, ledger, filter } = self;
        if format == ExportFormat::Bundle {
            return Ok(Box::pin(Bundle::new(store, site, ledger, filter, now, progress).await?.chunks()));
        }
        Ok(Box::pin(Rows::new(store, site, format, &filter, progress).await?.chunks()))
    }
}

//! Owns the baseline: a bare handler that reads a decision and stores its receipt by one transaction of its own.
//! Refuses every check that the server makes; it is the least that one transaction per receipt can cost.

use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use assent_shared::{Decision, Receipt, SiteId};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::process::{ORIGIN, SITE};

/// The argument by which this program becomes the baseline.
pub(crate) const MODE: &str = "serve-one-by-one";

/// Serves on a free port until it is killed.
pub(crate) async fn serve(database: &Path) -> ExitCode {
    match try_serve(database).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[expect(clippy::print_stderr, reason = "the parent reads the address there, as it does the server's")]
async fn try_serve(database: &Path) -> anyhow::Result<()> {
    let options = SqliteConnectOptions::from_str(&format!("sqlite:{}", database.display()))?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    // One connection: SQLite has one writer, and a queue in front of it is faster than waiting for its lock.
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let router = Router::new().route("/_assent/{site}/decisions", post(record)).with_state(pool);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("address={}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

async fn record(
    State(pool): State<SqlitePool>,
    body: axum::body::Bytes,
) -> Result<(axum::http::StatusCode, String), String> {
    let decision: Decision = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    let site: SiteId = SITE.parse().map_err(|_| "no site")?;
    let receipt = Receipt::new(decision, site, "0".repeat(64), ORIGIN.to_owned(), "0".repeat(16), 0);
    let body = receipt.canonical_json();
    sqlx::query(
        "insert into unsealed_receipts (site, leaf_index, decision, visitor, received_at, body)
         select $1, coalesce(max(leaf_index) + 1, 0), $2, $3, $4, $5 from unsealed_receipts where site = $1",
    )
    .bind(receipt.site.as_str())
    .bind(receipt.decision.as_str())
    .bind(receipt.visitor.as_str())
    .bind(receipt.received_at)
    .bind(&body)
    .execute(&pool)
    .await
    .map_err(|error| error.to_string())?;
    Ok((axum::http::StatusCode::CREATED, body))
}

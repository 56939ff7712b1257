//! Owns the yardstick: the least that a durable decision can cost here. A bare handler reads the JSON and waits until a batch
//! with its row is committed.
//! Refuses every check that the server makes: no site, no notice, no ledger, no proof.

use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context;
use assent_shared::Decision;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use sqlx::postgres::PgPool;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{QueryBuilder, Sqlite};
use tokio::sync::{mpsc, oneshot};

/// The argument by which this program becomes the yardstick.
pub(crate) const MODE: &str = "serve-bare";

/// Rows that may wait, and rows of one transaction: as the server has them.
const QUEUE: usize = 8192;
const BATCH: usize = 1024;

type Job = (Decision, String, oneshot::Sender<()>);

#[derive(Clone)]
enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Serves on a free port until it is killed.
pub(crate) async fn serve(url: &str) -> ExitCode {
    match try_serve(url).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the parent reads the address there, as it does the server's")]
fn tell(line: &str) {
    eprintln!("{line}");
}

async fn try_serve(url: &str) -> anyhow::Result<()> {
    let table = "create table bare (id text not null primary key, body text not null)";
    let database = if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        // SQLite has one writer.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        sqlx::query(table).execute(&pool).await?;
        Database::Sqlite(pool)
    } else {
        let pool = PgPool::connect(url).await?;
        sqlx::query(table).execute(&pool).await?;
        Database::Postgres(pool)
    };
    let (queue, jobs) = mpsc::channel(QUEUE);
    tokio::spawn(commit(jobs, database));
    let router = Router::new().route("/_assent/{site}/decisions", post(record)).with_state(queue);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    tell(&format!("address={}", listener.local_addr()?));
    Ok(axum::serve(listener, router).await?)
}

async fn record(
    State(queue): State<mpsc::Sender<Job>>,
    body: Bytes,
) -> Result<(StatusCode, String), StatusCode> {
    let decision = serde_json::from_slice(&body).map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
    let body = String::from_utf8(body.to_vec()).map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
    let (reply, answer) = oneshot::channel();
    let busy = |_| StatusCode::SERVICE_UNAVAILABLE;
    queue.try_send((decision, body.clone(), reply)).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    answer.await.map_err(busy)?;
    Ok((StatusCode::CREATED, body))
}

async fn commit(mut jobs: mpsc::Receiver<Job>, database: Database) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        let stored = store(&database, &batch).await;
        for (_, _, reply) in batch.drain(..) {
            if stored.is_ok() {
                let _ = reply.send(());
            }
        }
    }
}

async fn store(database: &Database, batch: &[Job]) -> anyhow::Result<()> {
    match database {
        Database::Sqlite(pool) => {
            let mut insert = QueryBuilder::<Sqlite>::new("insert into bare (id, body) ");
            insert.push_values(batch, |mut row, (decision, body, _)| {
                row.push_bind(decision.id.as_str()).push_bind(body);
            });
            insert.build().execute(pool).await.context("the rows")?;
        }
        Database::Postgres(pool) => {
            let ids: Vec<&str> = batch.iter().map(|(decision, ..)| decision.id.as_str()).collect();
            let bodies: Vec<&str> = batch.iter().map(|(_, body, _)| body.as_str()).collect();
            sqlx::query("insert into bare (id, body) select * from unnest($1::text[], $2::text[])")
                .bind(ids)
                .bind(bodies)
                .execute(pool)
                .await
                .context("the rows")?;
        }
    }
    Ok(())
}

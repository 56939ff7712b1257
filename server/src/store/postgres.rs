//! Owns connecting to PostgreSQL: how long anything is waited for, which connections are trusted, what each session is set to.
//! Refuses to wait for ever for a server that is frozen, gone, or behind a network that swallows everything.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor};
use tokio::time::timeout;

use super::health::Health;
use super::kept::FRESH;
use super::{PATIENCE, schema};

/// How long a connection that was used may take to say that it is still there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// What each session is set to. A row that another server has locked is waited for no longer than a connection is. A server
/// that froze or lost its network in the middle of a transaction is cut off by PostgreSQL, which lets go of its locks; otherwise
/// they would stay for the two hours of TCP's default. There is no `statement_timeout`: it would also end the wait of a commit for
/// its synchronous replica, and such a commit is then reported as done although no replica has it.
const SESSION: &str = "set lock_timeout = '5s'; set idle_in_transaction_session_timeout = '15s';
    set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3";

pub(super) async fn open(url: &str, health: &Health) -> Result<PgPool, String> {
    let options = options(url)?;
    let failed = cannot_use(&options);
    let health = health.clone();
    let pool = PgPoolOptions::new()
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(sqlx::raw_sql(SESSION)).await.map(|_| ()) })
        })
        // In place of sqlx's own test, which waits until the network gives up.
        .test_before_acquire(false)
        .before_acquire(move |connection, about| {
            let trusted = health.trusts(about.age);
            let fresh = about.idle_for < FRESH;
            Box::pin(async move { Ok(trusted && (fresh || lives(connection).await)) })
        })
        // Before sqlx's own ping, which has no end either: a connection whose query was given up may be dead.
        .after_release(|connection, _| Box::pin(async move { Ok(lives(connection).await) }))
        .connect_with(options.clone())
        .await
        .map_err(|error| failed(&error))?;
    // On a connection of its own, whose locks may be waited for as long as another server migrates.
    schema::migrate_postgres(&pool, &options).await.map_err(|error| failed(&error))?;
    Ok(pool)
}

/// Connects to a database that is there, only to read it.
pub(super) async fn attach(url: &str) -> Result<PgPool, String> {
    let options = options(url)?;
    let failed = cannot_use(&options);
    let options = options.options([("default_transaction_read_only", "on")]);
    let pool = PgPoolOptions::new().acquire_timeout(PATIENCE).connect_with(options).await;
    pool.map_err(|error| failed(&error))
}

fn options(url: &str) -> Result<PgConnectOptions, String> {
    PgConnectOptions::from_str(url).map_err(|error| format!("Setting database_url: {error}."))
}

/// Never the URL itself: it may hold a password.
fn cannot_use(options: &PgConnectOptions) -> impl Fn(&dyn std::fmt::Display) -> String + use<> {
    let place = format!("{}:{}", options.get_host(), options.get_port());
    move |error| format!("PostgreSQL at {place} cannot be used: {error}.")
}

async fn lives(connection: &mut PgConnection) -> bool {
    timeout(SIGN_OF_LIFE, connection.ping()).await.is_ok_and(|answered| answered.is_ok())
}

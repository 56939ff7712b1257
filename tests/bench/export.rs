//! Owns the export of many receipts: how much memory it adds to the server, how fast it is beside what the database itself can
//! do, and what it takes from those who decide meanwhile.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent::store::Store;
use assent_shared::{Decision, Receipt, SiteId};
use assent_tests::settings;
use futures_util::TryStreamExt as _;
use sqlx::Connection as _;
use tokio::time::Instant;

use crate::process::{Database, ORIGIN, SITE};
use crate::server::On;
use crate::{load, median, report, say};

pub(crate) const RECEIPTS: u64 = 1_000_000;
const BATCH: u64 = 8192;
/// When the first was received; each of the others a millisecond later.
const RECEIVED_AT: i64 = 1_795_219_200_000;
const MEBIBYTE: f64 = 1024.0 * 1024.0;
/// Mebibytes of the whole server.
const MEMORY: f64 = 64.0;
/// Of the rows a second that PostgreSQL itself writes as CSV.
const RATE: f64 = 0.8;
/// Per cent of the decisions a second that an export may take.
const TAKEN: f64 = 30.0;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);

pub(crate) async fn run() -> Result<()> {
    let receipts = settings::read("ASSENT_TEST_BENCH_RECEIPTS").map_or(Ok(RECEIPTS), |text| text.parse())?;
    on(On::Sqlite, receipts).await?;
    match settings::read("ASSENT_TEST_POSTGRES_URL") {
        Some(server) => on(On::Postgres(&server), receipts).await,
        None => {
            say("  PostgreSQL was left out: ASSENT_TEST_POSTGRES_URL names no server.");
            Ok(())
        }
    }
}

async fn on(on: On<'_>, receipts: u64) -> Result<()> {
    say(&format!("\nExport of {receipts} receipts as CSV over HTTP, {}", on.name()));
    let database = on.database().await?;
    database.prepare()?;
    fill(&database, 0..receipts).await?;
    let key = database.operator_key()?;
    let server = database.serve()?;
    let export =
        Export { url: format!("http://{}/api/v1/sites/{SITE}/export?format=csv", server.address), key };
    let (mut rates, mut copies) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let (lines, bytes) = export.read().await?;
        ensure!(lines == receipts + 1, "{lines} lines");
        rates.push(per_second(receipts, started));
        if rates.len() == 1 {
            let most = mebibytes(server.memory("VmHWM")?);
            report(
                "most memory of the server",
                &format!("{most:.1} MiB"),
                &format!("< {MEMORY} MiB"),
                most < MEMORY,
            );
            say(&format!("  {:<46} {:>12.1} MiB", "file", mebibytes(bytes)));
        }
        if let On::Postgres(_) = on {
            let started = Instant::now();
            copy(&database).await?;
            copies.push(per_second(receipts, started));
        }
    }
    let rate = median(rates);
    say(&format!("  {:<46} {rate:>14.0}/s", "receipts"));
    if !copies.is_empty() {
        let ceiling = median(copies);
        say(&format!("  {:<46} {ceiling:>14.0}/s", "COPY (select * from receipts) TO STDOUT (FORMAT csv)"));
        let ratio = rate / ceiling;
        report("export over COPY", &format!("{ratio:.2}x"), &format!(">= {RATE}x"), ratio >= RATE);
    }
    let taken = taken(&server, &export, receipts).await?;
    report(
        "taken from those who decide meanwhile",
        &format!("{taken:.1} %"),
        &format!("<= {TAKEN} %"),
        taken <= TAKEN,
    );
    drop(server);
    database.remove().await
}

struct Export {
    url: String,
    key: String,
}

impl Export {
    /// Reads it whole; returns lines and bytes.
    async fn read(&self) -> Result<(u64, u64)> {
        let request = reqwest::Client::new().get(&self.url).bearer_auth(&self.key);
        let mut answer = request.send().await?.error_for_status()?;
        let (mut lines, mut bytes) = (0, 0);
        while let Some(chunk) = answer.chunk().await? {
            #[expect(clippy::naive_bytecount, reason = "fast enough in a release build")]
            let more = chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
            lines += more;
            bytes += chunk.len() as u64;
        }
        Ok((lines, bytes))
    }
}

/// Per cent fewer decisions a second while exports run, one after another.
async fn taken(server: &crate::process::Program, export: &Export, mut first: u64) -> Result<f64> {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let quiet = load::post_for(server.address, 64, ROUND, first).await?;
        first += quiet.acknowledged() as u64 + 1000;
        let busy = tokio::select! {
            load = load::post_for(server.address, 64, ROUND, first) => load?,
            ended = async { loop { if let Err(error) = export.read().await { break error } } } => return Err(ended),
        };
        first += busy.acknowledged() as u64 + 1000;
        alone.push(quiet.rate());
        beside.push(busy.rate());
    }
    Ok((1.0 - median(beside) / median(alone)) * 100.0)
}

/// Reads what PostgreSQL itself makes of the same rows.
async fn copy(database: &Database) -> Result<()> {
    let mut connection = sqlx::PgConnection::connect(database.url()).await?;
    let mut rows = connection.copy_out_raw("copy (select * from receipts) to stdout (format csv)").await?;
    while rows.try_next().await?.is_some() {}
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people, rounded anyway")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MEBIBYTE
}

#[expect(clippy::cast_precision_loss, reason = "figures for people, rounded anyway")]
fn per_second(count: u64, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}

/// Stores receipts of these numbers through the server's own store.
pub(crate) async fn fill(database: &Database, numbers: std::ops::Range<u64>) -> Result<()> {
    let keys = KeySource::File(database.folder().join("assent.key"));
    let store = Store::open(database.url(), Sealer::new(keys)).await.map_err(anyhow::Error::msg)?;
    let site: SiteId = SITE.parse()?;
    // As a server does before it records; otherwise the first one to start would move all of it.
    store.make_partitions(RECEIVED_AT).await?;
    for first in numbers.clone().step_by(usize::try_from(BATCH)?) {
        let receipts: Vec<Receipt> = (first..(first + BATCH).min(numbers.end))
            .map(|number| {
                let decision: Decision = serde_json::from_str(&load::decision(number))?;
                let received_at = RECEIVED_AT + i64::try_from(number)?;
                let (notice, widget) = ("0".repeat(64), "0".repeat(16));
                Ok(Receipt::new(decision, site.clone(), notice, ORIGIN.to_owned(), widget, received_at))
            })
            .collect::<Result<_>>()?;
        store.append_receipts(&receipts, &[], receipts[0].received_at).await.context("filling")?;
    }
    if let assent::store::Pool::Postgres(pool) = store.pool() {
        // As PostgreSQL's own housekeeping does within minutes.
        sqlx::query("vacuum analyze receipts").execute(pool).await?;
    }
    store.close().await;
    Ok(())
}

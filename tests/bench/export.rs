//! Owns the export of a million receipts: how much memory it adds to the server, and how fast it is.

use std::path::Path;

use anyhow::{Result, ensure};
use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent::store::Store;
use assent_shared::{Decision, Receipt, SiteId};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::process::{ORIGIN, SITE};
use crate::{load, process, report, say};

pub(crate) const RECEIPTS: u64 = 1_000_000;
const BATCH: u64 = 1024;
const MEBIBYTE: f64 = 1024.0 * 1024.0;
const GOAL: f64 = 64.0;

pub(crate) async fn run() -> Result<()> {
    say(&format!("\nExport of {RECEIPTS} receipts as CSV over HTTP, SQLite"));
    let folder = TempDir::new()?;
    let database = folder.path().join("assent.db");
    process::prepare(&database)?;
    fill(folder.path(), &format!("sqlite:{}", database.display())).await?;
    let key = process::operator_key(&database)?;
    let server = process::serve(&database)?;
    let url = format!("http://{}/api/v1/sites/{SITE}/export?format=csv", server.address);
    let client = reqwest::Client::new();
    // One small export first, so that what every request needs is not counted.
    client.get(format!("{url}&to=1970-01-02")).bearer_auth(&key).send().await?.bytes().await?;
    let before = server.memory("VmRSS")?;

    let started = Instant::now();
    let mut answer = client.get(&url).bearer_auth(&key).send().await?.error_for_status()?;
    let (mut lines, mut bytes) = (0_u64, 0);
    while let Some(chunk) = answer.chunk().await? {
        #[expect(clippy::naive_bytecount, reason = "the client may be slower than the server here")]
        let more = chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
        lines += more;
        bytes += chunk.len();
    }
    let seconds = started.elapsed().as_secs_f64();
    ensure!(lines == RECEIPTS + 1, "{lines} lines");
    let added = mebibytes(server.memory("VmHWM")?.saturating_sub(before));
    report("memory added", &format!("{added:.1} MiB"), &format!("< {GOAL} MiB"), added < GOAL);
    say(&format!("  {:<46} {:>14.0}/s", "receipts", f64::from(u32::try_from(RECEIPTS)?) / seconds));
    say(&format!("  {:<46} {:>12.1} MiB", "file", mebibytes(bytes as u64)));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people, rounded anyway")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MEBIBYTE
}

/// Stores the receipts through the server's own store.
pub(crate) async fn fill(folder: &Path, url: &str) -> Result<()> {
    let keys = KeySource::File(folder.join("assent.key"));
    let store = Store::open(url, Sealer::new(keys)).await.map_err(anyhow::Error::msg)?;
    let site: SiteId = SITE.parse()?;
    for first in (0..RECEIPTS).step_by(usize::try_from(BATCH)?) {
        let numbers = first..(first + BATCH).min(RECEIPTS);
        let receipts: Vec<Receipt> = numbers
            .map(|number| {
                let decision: Decision = serde_json::from_str(&load::decision(number))?;
                let received_at = 1_795_219_200_000 + i64::try_from(number)?;
                Ok(Receipt::new(
                    decision,
                    site.clone(),
                    "0".repeat(64),
                    ORIGIN.to_owned(),
                    "0".repeat(16),
                    received_at,
                ))
            })
            .collect::<Result<_>>()?;
        store.append_receipts(&receipts, &[], receipts[0].received_at).await?;
    }
    store.close().await;
    Ok(())
}

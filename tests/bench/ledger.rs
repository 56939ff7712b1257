//! Owns what the ledger costs: sealing beside not sealing, one proof among a million, and bytes for each receipt.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use assent::Server;
use assent::clock::Clock;
use assent::config::Settings;
use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent::store::Store;
use assent_shared::SiteId;
use tokio::time::Instant;

use crate::process::{Database, SITE};
use crate::{export, load, median, report, say};

/// The arguments by which this program becomes the server, sealing and not sealing: the same build for both.
pub(crate) const MODES: [&str; 2] = ["serve-sealed", "serve-unsealed"];

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(4);
const MOST_ADDED: f64 = 25.0;
const PROOFS: u64 = 1000;
const LONGEST_PROOF: f64 = 5.0;

pub(crate) async fn run() -> Result<()> {
    sealing().await?;
    proving().await
}

/// Serves until it is killed.
pub(crate) async fn serve(mode: &str, url: &str) -> ExitCode {
    // It is started in the folder of the database.
    let source = KeySource::File("assent.key".into());
    let sealer = if mode == MODES[0] { Sealer::new(source) } else { Sealer::off(source) };
    let settings = Settings {
        port: 0,
        database_url: url.to_owned(),
        signing_key_file: Some("assent.key".into()),
        ..Settings::default()
    };
    match Server::start_sealing(settings, Clock::default(), false, sealer).await {
        Ok(server) => {
            tell(&format!("address={}", server.address()));
            std::future::pending().await
        }
        Err(error) => {
            tell(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the parent reads the address there, as it does the server's")]
fn tell(line: &str) {
    eprintln!("{line}");
}

async fn sealing() -> Result<()> {
    say(&format!(
        "\nSealing on SQLite (WAL, synchronous=FULL), {CONNECTIONS} connections, {ROUNDS} rounds of {} s each way",
        ROUND.as_secs()
    ));
    let (mut sealed, mut unsealed) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Each goes first every other time.
        for turn in 0..2 {
            let which = (round + turn) % 2;
            let rate = measure(MODES[which]).await?;
            [&mut sealed, &mut unsealed][which].push(rate);
        }
    }
    let (sealed, unsealed) = (median(sealed), median(unsealed));
    let added = (unsealed / sealed - 1.0) * 100.0;
    say(&format!("  {:<46} {:>13.1} \u{b5}s", "a receipt, sealed", 1e6 / sealed));
    say(&format!("  {:<46} {:>13.1} \u{b5}s", "a receipt, the same build with sealing off", 1e6 / unsealed));
    report("added by sealing", &format!("{added:.1} %"), &format!("<= {MOST_ADDED} %"), added <= MOST_ADDED);
    Ok(())
}

async fn measure(mode: &str) -> Result<f64> {
    let database = Database::sqlite()?;
    database.prepare()?;
    let program = database.serve_as(mode)?;
    Ok(load::post_for(program.address, CONNECTIONS, ROUND, 0).await?.rate())
}

async fn proving() -> Result<()> {
    say(&format!("\nOne receipt among {}, SQLite", export::RECEIPTS));
    let database = Database::sqlite()?;
    database.prepare()?;
    let started = Instant::now();
    export::fill(&database, 0..export::RECEIPTS).await?;
    say(&format!("  {:<46} {:>14.0}/s", "sealed in batches", per_second(export::RECEIPTS, started)));

    let sealer = Sealer::new(KeySource::File(database.folder().join("assent.key")));
    let store = Store::open(database.url(), sealer).await.map_err(anyhow::Error::msg)?;
    let site: SiteId = SITE.parse()?;
    let key = store.ledger(&site).await?.and_then(|ledger| ledger.signing_key).unwrap_or_default().parse()?;
    let mut times = Vec::new();
    for number in 0..PROOFS {
        // Spread over the ledger in no order.
        let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % export::RECEIPTS;
        let started = Instant::now();
        let found = store.sealed(&site, &format!("0192f3a4-5b6c-7d8e-9f01-{number:012x}")).await?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
        let proof =
            found.and_then(|found| found.whole_proof()).with_context(|| format!("no receipt {number}"))?;
        proof.verify(&key)?;
    }
    times.sort_by(f64::total_cmp);
    let (middle, slow) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    say(&format!("  {:<46} {middle:>13.2} ms", "its proof, median"));
    report(
        "its proof, 99th percentile",
        &format!("{slow:.2} ms"),
        &format!("< {LONGEST_PROOF} ms"),
        slow < LONGEST_PROOF,
    );
    store.close().await;
    let bytes = std::fs::metadata(database.file())?.len();
    say(&format!("  {:<46} {:>16}", "bytes of the database for each receipt", bytes / export::RECEIPTS));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people, rounded anyway")]
fn per_second(count: u64, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}

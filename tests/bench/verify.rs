//! Owns how fast a whole ledger is checked.
//! Refuses to count its making: the bundle is in memory before the clock starts, and the disk is not measured.

use std::time::Instant;

use anyhow::{Result, anyhow};
use assent_shared::bundle::sample::{Ledger, pack};
use assent_shared::bundle::{self, Trust};

use crate::{median, report, say};

/// As many as fit into a small machine's memory three times over.
const RECEIPTS: u64 = 200_000;
const ROUNDS: usize = 3;
/// Receipts a minute, on one core.
const GOAL: f64 = 1_000_000.0;

pub(crate) fn run() -> Result<()> {
    say(&format!("\nChecking a ledger of {RECEIPTS} receipts, one core"));
    let bundle = pack(&Ledger::full(RECEIPTS).files(None));
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let report =
            bundle::verify(bundle.as_slice(), &Trust::default()).map_err(|error| anyhow!("{error}"))?;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        rates.push(report.counts.receipts as f64 / started.elapsed().as_secs_f64() * 60.0);
    }
    let rate = median(rates);
    report("receipts checked", &format!("{rate:.0} / min"), &format!(">= {GOAL:.0}"), rate >= GOAL);
    Ok(())
}

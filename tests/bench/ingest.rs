//! Owns the recording rate: the server against one transaction per receipt, interleaved on the same disk.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::process::Program;
use crate::{load, median, one_by_one, process, report, say};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(4);
const GOAL: f64 = 2.5;

pub(crate) async fn run() -> Result<()> {
    say(&format!(
        "\nRecording on SQLite (WAL, synchronous=FULL), {CONNECTIONS} connections, {ROUNDS} rounds of {} s",
        ROUND.as_secs()
    ));
    let (mut grouped, mut single) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        grouped.push(measure(process::serve).await?);
        single.push(measure(one_transaction_each).await?);
    }
    let (grouped, single) = (median(grouped), median(single));
    let ratio = grouped / single;
    say(&format!("  {:<46} {grouped:>14.0}/s", "Assent, every 201 durable"));
    say(&format!("  {:<46} {single:>14.0}/s", "bare handler, one transaction per receipt"));
    report(
        "Assent over one transaction per receipt",
        &format!("{ratio:.2}x"),
        &format!(">= {GOAL}x"),
        ratio >= GOAL,
    );
    Ok(())
}

fn one_transaction_each(database: &Path) -> Result<Program> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(one_by_one::MODE).arg(database);
    Program::start(command)
}

async fn measure(start: impl FnOnce(&Path) -> Result<Program>) -> Result<f64> {
    let folder = TempDir::new()?;
    let database = folder.path().join("assent.db");
    process::prepare(&database)?;
    let program = start(&database)?;
    load::post_for(program.address, CONNECTIONS, ROUND).await
}

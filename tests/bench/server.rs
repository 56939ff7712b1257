//! Owns how fast decisions are recorded, on both engines and by as many connections as there may be, beside a bare handler that
//! commits batches, and c15t's backend where it is installed; and whether it stays so when many receipts are stored.
//! Refuses to judge by this machine's seconds alone: every rate is held against another one of the same run.

use std::time::Duration;

use anyhow::Result;
use assent_tests::settings;

use crate::load::{self, Load};
use crate::process::{Database, Effort, Program};
use crate::{bare, export, median, report, say};

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(3);
/// Of the bare handler's rate at 64 connections.
const RATE: f64 = 0.6;
/// Of c15t's rate at 64 connections.
const TIMES: f64 = 40.0;
/// Milliseconds at 64 connections.
const SLOWEST: f64 = 15.0;
/// Of the bare handler's median at one connection.
const ALONE: f64 = 1.2;
/// Mebibytes at 256 connections.
const MEMORY: f64 = 64.0;
/// Per cent that a receipt may cost more among many than among a thousand.
const GROWTH: f64 = 20.0;
const FEW: u64 = 1_000;
const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Where receipts are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On<'a> {
    Sqlite,
    /// The server at this address.
    Postgres(&'a str),
}

impl On<'_> {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite (WAL, synchronous=FULL)",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    pub(crate) async fn database(self) -> Result<Database> {
        match self {
            Self::Sqlite => Database::sqlite(),
            Self::Postgres(server) => Database::postgres(server).await,
        }
    }
}

pub(crate) async fn run() -> Result<()> {
    let server = settings::read("ASSENT_TEST_POSTGRES_URL");
    let engines: Vec<On> =
        [Some(On::Sqlite), server.as_deref().map(On::Postgres)].into_iter().flatten().collect();
    for on in &engines {
        connections(*on).await?;
    }
    for on in &engines {
        growth(*on).await?;
    }
    if server.is_none() {
        say("  PostgreSQL was left out: ASSENT_TEST_POSTGRES_URL names no server.");
    }
    Ok(())
}

/// What one of the two did with so many connections, over all rounds.
#[derive(Default)]
struct Figures {
    rates: Vec<f64>,
    medians: Vec<f64>,
    slow: Vec<f64>,
    processor: Vec<f64>,
    flushes: Vec<f64>,
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "figures for people, rounded anyway")]
    fn add(&mut self, load: &Load, (processor, flushes): (u64, u64)) {
        let decisions = load.acknowledged() as f64;
        self.rates.push(load.rate());
        self.medians.push(load.percentile(50));
        self.slow.push(load.percentile(99));
        self.processor.push(processor as f64 / decisions);
        self.flushes.push(flushes as f64 / decisions);
    }

    fn say(&self, name: &str) {
        let [rate, middle, slow, processor, flushes] =
            [&self.rates, &self.medians, &self.slow, &self.processor, &self.flushes]
                .map(|all| median(all.clone()));
        say(&format!(
            "  {name:<32} {rate:>8.0}/s   p50 {middle:>6.2} ms   p99 {slow:>6.2} ms   processor {processor:>5.0} \u{b5}s   flushes {flushes:.3}"
        ));
    }
}

async fn connections(on: On<'_>) -> Result<()> {
    say(&format!(
        "\nRecording on {}, {ROUNDS} rounds of {} s each, medians; processor time and flushes for each decision, of the whole machine but the load",
        on.name(),
        ROUND.as_secs()
    ));
    let mut figures: [[Figures; 3]; CONNECTIONS.len()] = std::array::from_fn(|_| Default::default());
    let (mut before, mut most) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Each goes first in turn.
        for turn in 0..3 {
            let which = (round + turn) % 3;
            let database = on.database().await?;
            let program = match which {
                0 => {
                    database.prepare()?;
                    database.serve()?
                }
                1 => database.serve_as(bare::MODE)?,
                _ => {
                    let Some(program) = database.serve_c15t()? else {
                        database.remove().await?;
                        continue;
                    };
                    program
                }
            };
            if which == 0 {
                before.push(mebibytes(program.memory("VmRSS")?));
            }
            let mut first = 0;
            for (connections, figures) in CONNECTIONS.iter().zip(&mut figures) {
                let effort = Effort::now()?;
                let load = load::post_for(program.address, *connections, ROUND, first).await?;
                figures[which].add(&load, Effort::now()?.since(effort));
                // What was under way at the end has a number too.
                first += load.acknowledged() as u64 + 1000;
            }
            if which == 0 {
                most.push(mebibytes(program.memory("VmHWM")?));
            }
            drop(program);
            database.remove().await?;
        }
    }
    for (connections, [assent, bare, c15t]) in CONNECTIONS.iter().zip(&figures) {
        assent.say(&format!("{connections} connections: Assent"));
        bare.say(&format!("{connections} connections: bare handler"));
        if !c15t.rates.is_empty() {
            c15t.say(&format!("{connections} connections: c15t"));
        }
    }
    let of = |connections: usize, which: usize| {
        let at = CONNECTIONS.iter().position(|each| *each == connections).unwrap_or_default();
        &figures[at][which]
    };
    let ratio = median(of(64, 0).rates.clone()) / median(of(64, 1).rates.clone());
    report(
        "64: rate over the bare handler's",
        &format!("{ratio:.2}x"),
        &format!(">= {RATE}x"),
        ratio >= RATE,
    );
    if !of(64, 2).rates.is_empty() {
        let times = median(of(64, 0).rates.clone()) / median(of(64, 2).rates.clone());
        report("64: rate over c15t's", &format!("{times:.0}x"), &format!("> {TIMES}x"), times > TIMES);
    }
    let slow = median(of(64, 0).slow.clone());
    report("64: p99", &format!("{slow:.2} ms"), &format!("< {SLOWEST} ms"), slow < SLOWEST);
    let ratio = median(of(1, 0).medians.clone()) / median(of(1, 1).medians.clone());
    report("1: p50 over the bare handler's", &format!("{ratio:.2}x"), &format!("< {ALONE}x"), ratio < ALONE);
    let most = median(most);
    report("most memory, up to 256", &format!("{most:.1} MiB"), &format!("< {MEMORY} MiB"), most < MEMORY);
    say(&format!("  {:<46} {:>12.1} MiB", "memory at the start", median(before)));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people, rounded anyway")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MEBIBYTE
}

/// What a receipt costs among a thousand and among many, in turns.
async fn growth(on: On<'_>) -> Result<()> {
    let many: u64 =
        settings::read("ASSENT_TEST_BENCH_RECEIPTS").map_or(Ok(10_000_000), |text| text.parse())?;
    say(&format!("\nRecording on {}, 64 connections, among {FEW} receipts and among {many}", on.name()));
    let full = on.database().await?;
    full.prepare()?;
    export::fill(&full, 0..many).await?;
    let mut costs = [Vec::new(), Vec::new()];
    let mut first = many;
    for round in 0..ROUNDS {
        for turn in 0..2 {
            let load = if (round + turn) % 2 == 0 {
                let load = record_on(&full.serve()?, first).await?;
                first += load.acknowledged() as u64 + 1000;
                load
            } else {
                let few = on.database().await?;
                few.prepare()?;
                export::fill(&few, 0..FEW).await?;
                let load = record_on(&few.serve()?, FEW).await?;
                few.remove().await?;
                load
            };
            costs[(round + turn) % 2].push(1e6 / load.rate());
        }
    }
    full.remove().await?;
    let [many, few] = costs.map(median);
    let added = (many / few - 1.0) * 100.0;
    say(&format!("  {:<46} {few:>13.1} \u{b5}s", "a receipt among few"));
    say(&format!("  {:<46} {many:>13.1} \u{b5}s", "a receipt among many"));
    report("added by what is stored", &format!("{added:.1} %"), &format!("<= {GROWTH} %"), added <= GROWTH);
    Ok(())
}

async fn record_on(program: &Program, first: u64) -> Result<Load> {
    load::post_for(program.address, 64, ROUND, first).await
}

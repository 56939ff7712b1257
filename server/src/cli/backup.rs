//! Owns the commands `assent backup` and `assent restore`.
//! Refuses to do the work itself; each command calls what does it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;

use super::{interruption, note, note_down, print, stamp};
use crate::audit::Action;
use crate::backup::manifest::Manifest;
use crate::backup::restore::{self, Restored};
use crate::backup::series::{self, Series};
use crate::backup::{self, Made, Wish};
use crate::clock::Clock;
use crate::config::Settings;
use crate::receipts::query::instant;
use crate::sealer::Sealer;
use crate::store::{AUDIT, Store};

/// Copy the database and the newest checkpoints into a new folder, while the server serves
#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The folder to make; with --every, the folder in which each copy gets a folder of its own
    to: PathBuf,
    /// Put the signing keys into the copy too: whoever has the copy can then sign in this server's name
    #[arg(long)]
    with_keys: bool,
    /// Go on making copies, one in each span of time: 15m, 6h, 1d
    #[arg(long, value_name = "TIME", value_parser = span)]
    every: Option<Duration>,
    /// Keep so many of them, and remove the oldest
    #[arg(long, value_name = "COPIES", requires = "every", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
}

/// Bring a copy back into an empty database, check every receipt, and say what is missing
#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// The copy, or a folder of copies, of which the newest is taken
    from: PathBuf,
    /// Of a folder of copies, take the newest that was made at this time or before: 2026-11-21T09:30:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

fn span(text: &str) -> Result<Duration, String> {
    let span = text.parse::<SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
    let days = || text.strip_suffix('d')?.parse().ok().map(|days: u32| Duration::from_hours(24) * days);
    let span = span.or_else(days).filter(|span| *span >= Duration::from_secs(1));
    span.ok_or_else(|| format!("`{text}` is no span of time: write 15m, 6h or 1d"))
}

pub(super) async fn backup(arguments: BackupArguments, settings: &Settings) -> Result<(), String> {
    let BackupArguments { to, with_keys, every, keep } = arguments;
    let clock = Clock::default();
    if with_keys {
        note(
            "The signing keys are in the copy: whoever reads it can sign in this server's name. Keep it as you keep them.",
        );
    }
    write_down(settings, &to.display().to_string()).await?;
    let Some(every) = every else {
        let made = backup::make(settings, &clock, &Wish { to, with_keys }).await?;
        print(&told(&made));
        return Ok(());
    };
    let keep = keep.and_then(|keep| usize::try_from(keep).ok());
    let series = Series { folder: to, keep, with_keys };
    let interrupted = interruption()?;
    tokio::select! {
        () = copy_again_and_again(&series, settings, &clock, every) => {}
        () = interrupted => {}
    }
    Ok(())
}

async fn copy_again_and_again(series: &Series, settings: &Settings, clock: &Clock, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        match series.copy(settings, clock).await {
            Ok(made) => print(&told(&made)),
            // The next one may succeed; until then somebody should know.
            Err(error) => note(&format!("No copy was made at {}: {error}", stamp(clock.now()))),
        }
    }
}

/// The audit log has it before it is done. A copy is also made of a log that takes nothing, and of an older schema: it is
/// what one has before one puts either right.
async fn write_down(settings: &Settings, to: &str) -> Result<(), String> {
    let present = Store::attach(&settings.database_url, Sealer::new(settings.signing_keys())).await?;
    let schema = present.schema().await;
    present.close().await;
    let schema = schema.map_err(super::printable)?;
    if schema.present != schema.newest {
        return Ok(());
    }
    let noted = async {
        let app = super::app(settings).await?;
        let noted = note_down(&app, Action::BackupMake, None, to).await;
        app.store.close().await;
        noted
    };
    if let Err(error) = noted.await {
        note(&format!("The audit log does not have this copy: {error}"));
    }
    Ok(())
}

fn told(made: &Made) -> String {
    let Made { folder, manifest, damage, took } = made;
    if let Some(damage) = damage {
        note(&format!(
            "The database itself is damaged, and this copy is sound: stop the server, and restore it. SQLite says: {damage}"
        ));
    }
    format!(
        "Copied to {}: {} in {} ledgers, {}, in {:.1} s.\n",
        folder.display(),
        receipts(manifest.receipts()),
        manifest.ledgers.len(),
        size(manifest.size()),
        took.as_secs_f64()
    )
}

pub(super) async fn restore(arguments: RestoreArguments, settings: &Settings) -> Result<(), String> {
    let at = arguments.at.as_deref().map(instant).transpose()?;
    let from = series::choose(&arguments.from, at)?;
    let Manifest { made_at, .. } = Manifest::read(&from)?;
    note(&format!("Restoring the copy {} of {made_at}.", from.display()));
    let Restored { manifest, ledgers, waiting, notes, behind } = restore::restore(settings, &from).await?;
    for checked in &ledgers {
        let of =
            if checked.site == AUDIT { "the audit log".to_owned() } else { format!("`{}`", checked.site) };
        print(&format!(
            "Ledger {} of {of}: {} leaves, {} ({} erased); all of them as they were signed.\n",
            checked.ledger,
            checked.leaves,
            receipts(checked.receipts),
            checked.erased
        ));
    }
    let found: i64 = ledgers.iter().map(|checked| checked.receipts).sum();
    print(&format!("Restored as of {}: {}.\n", manifest.made_at, receipts(found + waiting)));
    if waiting > 0 {
        print(&format!("{} of before the ledger are sealed when the server starts.\n", receipts(waiting)));
    }
    for line in notes.iter().chain(&behind) {
        let mut letters = line.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        note(&format!("{first}{}", letters.as_str()));
    }
    Ok(())
}

fn receipts(count: i64) -> String {
    if count == 1 { "1 receipt".to_owned() } else { format!("{count} receipts") }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_written_as_people_write_them() {
        assert_eq!(span("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(span("1h 30m"), Ok(Duration::from_mins(90)));
        assert_eq!(span("2d"), Ok(Duration::from_hours(48)));
        for nonsense in ["", "0s", "-5m", "often", "d"] {
            assert!(span(nonsense).unwrap_err().contains("is no span"), "{nonsense}");
        }
    }
}

//! Owns what is found of the machine: its clock, the room on its disks, its folders, and who may read the signing keys.
//! Refuses to guess where there is nothing to compare with.

use std::path::{Path, PathBuf};

use super::Finding;
use crate::config::Settings;
use crate::export::rfc3339;
use crate::signing_keys::KeySource;
use crate::store::{Engine, Store, sqlite_file};

const MINUTE: i64 = 60_000;
/// 2026-01-01: nothing of this program is older.
const EARLIEST: i64 = 1_767_225_600_000;
/// 2100-01-01.
const LATEST: i64 = 4_102_444_800_000;
const MIB: u64 = 1 << 20;

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let mut found = vec![keys(&settings.signing_keys())];
    let above = |file: &Path| match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let exports = settings.export_folder();
    let mut folders = vec![("exports", exports)];
    if Engine::of(&settings.database_url) == Ok(Engine::Sqlite)
        && let Ok(file) = sqlite_file(&settings.database_url)
    {
        folders.push(("database", above(&file)));
    }
    folders.push(("checkpoints", above(&settings.outside().file)));
    for (what, folder) in folders {
        let there = first_that_is_there(&folder);
        if !there.is_dir() {
            found.push(Finding::wrong(
                format!("folder of {what}"),
                format!("{} is no folder.", there.display()),
                "Name another one in the settings, or move away what has its name.",
            ));
            continue;
        }
        found.extend(writable(what, &folder, &there));
        found.extend(disk(what, &there));
    }
    found
}

/// The clock beside the newest receipt and the database's own clock.
pub(super) async fn check_clock(store: &Store, now: i64) -> sqlx::Result<Vec<Finding>> {
    Ok(vec![clock(now, store.newest_receipt().await?, store.database_time().await?)])
}

fn clock(now: i64, newest: Option<i64>, database: Option<i64>) -> Finding {
    let about = "clock";
    let todo = "Set the clock, and let the machine keep it by NTP.";
    if !(EARLIEST..LATEST).contains(&now) {
        return Finding::wrong(about, format!("It says {}.", rfc3339(now)), todo);
    }
    if let Some(newest) = newest.filter(|newest| *newest > now + 5 * MINUTE) {
        let says = format!("It says {}, and the newest receipt is of {}.", rfc3339(now), rfc3339(newest));
        return Finding::wrong(about, says, format!("One of the two is wrong. {todo}"));
    }
    let Some(database) = database else { return Finding::ok(about, format!("It says {}.", rfc3339(now))) };
    let off = (now - database).abs();
    let says = format!("It is {} seconds off the database's clock.", off / 1000);
    match off {
        0..MINUTE => Finding::ok(about, says),
        MINUTE..600_000 => Finding::look(about, says, "Let both machines keep their clocks by NTP."),
        _ => Finding::wrong(about, says, "Set both clocks, and let both machines keep them by NTP."),
    }
}

fn keys(source: &KeySource) -> Finding {
    let about = "signing keys";
    match (source, source.look()) {
        (KeySource::File(path), Ok(keys)) if keys.is_empty() => Finding::look(
            about,
            format!("{} is not there; the first start makes it.", path.display()),
            "If there are ledgers already, bring the file back from your copy before the server starts.",
        ),
        (_, Ok(keys)) => Finding::ok(about, format!("There are {}, the newest signs.", keys.len())),
        (_, Err(error)) => {
            Finding::wrong(about, error, "Without a key nothing is signed, and no receipt is taken.")
        }
    }
}

/// The folder, or the nearest above it, where it is still to be made.
fn first_that_is_there(folder: &Path) -> PathBuf {
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    let there = folder.ancestors().find(|above| above.exists() && *above != Path::new(""));
    there.unwrap_or(Path::new(".")).to_owned()
}

#[cfg(unix)]
fn writable(what: &str, folder: &Path, there: &Path) -> Vec<Finding> {
    use rustix::fs::Access;
    let refused = rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK).err();
    vec![match refused {
        None => Finding::ok(format!("folder of {what}"), format!("{} can be written to.", folder.display())),
        Some(error) => Finding::wrong(
            format!("folder of {what}"),
            format!("{} cannot be written to: {error}.", there.display()),
            "Give it to the user who runs the server (chown), or name another folder in the settings.",
        ),
    }]
}

#[cfg(unix)]
fn disk(what: &str, there: &Path) -> Option<Finding> {
    let space = rustix::fs::statvfs(there).ok()?;
    let (free, all) =
        (space.f_bavail.saturating_mul(space.f_frsize), space.f_blocks.saturating_mul(space.f_frsize));
    Some(room(&format!("disk of {what}"), (free, all), (space.f_favail, space.f_files)))
}

#[cfg(not(unix))]
fn writable(_: &str, _: &Path, _: &Path) -> Vec<Finding> {
    Vec::new()
}

#[cfg(not(unix))]
fn disk(_: &str, _: &Path) -> Option<Finding> {
    None
}

/// Free and all bytes, free and all inodes; a file system that counts no inodes has 0 of them.
fn room(about: &str, (free, all): (u64, u64), (nodes, all_nodes): (u64, u64)) -> Finding {
    let todo = "Free some room, or move the folder to a larger disk: when it is full, no receipt is taken.";
    let mib = free / MIB;
    if mib < 100 || free < all / 100 {
        return Finding::wrong(about, format!("Only {mib} MiB are free."), todo);
    }
    if all_nodes > 0 && nodes < 1000 {
        return Finding::wrong(about, format!("Only {nodes} more files can be made (inodes)."), todo);
    }
    if mib < 1024 || free < all / 20 {
        return Finding::look(about, format!("{mib} MiB are free."), todo);
    }
    if all_nodes > 0 && nodes < all_nodes / 20 {
        return Finding::look(about, format!("{nodes} more files can be made (inodes)."), todo);
    }
    Finding::ok(about, format!("{} GiB are free.", mib / 1024))
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_clock_is_judged_by_receipts_and_by_the_database() {
        let now = EARLIEST + 1_000_000_000;
        for (now, newest, database, state, words) in [
            (0, None, None, State::Wrong, "1970-01-01"),
            (LATEST, None, None, State::Wrong, "2100-01-01"),
            (now, Some(now + 6 * MINUTE), None, State::Wrong, "the newest receipt is of"),
            (now, Some(now + 4 * MINUTE), None, State::Ok, "It says"),
            (now, Some(now - 900 * MINUTE), Some(now + 59_000), State::Ok, "59 seconds off"),
            (now, None, Some(now - 90_000), State::Look, "90 seconds off"),
            (now, None, Some(now + 3_600_000), State::Wrong, "3600 seconds off"),
        ] {
            let finding = clock(now, newest, database);
            assert!(finding.state == state && finding.says.contains(words), "{finding}");
            assert_eq!(finding.todo.is_none(), state == State::Ok);
        }
    }

    #[test]
    fn a_disk_that_fills_up_is_told_before_it_is_full() {
        const GIB: u64 = 1 << 30;
        for (bytes, nodes, state, words) in [
            ((50 * GIB, 100 * GIB), (900, 1000), State::Wrong, "Only 900 more files"),
            ((50 * GIB, 100 * GIB), (90_000, 100_000), State::Ok, "50 GiB"),
            ((50 * GIB, 100 * GIB), (0, 0), State::Ok, "50 GiB"),
            ((50 * GIB, 100 * GIB), (4000, 100_000), State::Look, "4000 more files"),
            ((4 * GIB, 100 * GIB), (90_000, 100_000), State::Look, "4096 MiB"),
            ((GIB / 2, 2 * GIB), (90_000, 100_000), State::Look, "512 MiB"),
            ((GIB, 200 * GIB), (90_000, 100_000), State::Wrong, "Only 1024 MiB"),
            ((10 * MIB, GIB), (90_000, 100_000), State::Wrong, "Only 10 MiB"),
        ] {
            let finding = room("disk", bytes, nodes);
            assert!(finding.state == state && finding.says.contains(words), "{finding}");
        }
    }
}

//! Owns how many connections the machine lets this process have: as many files as it may open, less those that it needs itself.
//! Refuses to fail where it may open few; then it takes fewer connections.

/// Files for everything but connections: the database, exports, the log.
const OWN: u64 = 128;

/// How many connections there is room for, `wanted` at most; raises what this process may open as far as it may.
pub(crate) fn room(wanted: u32) -> usize {
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX).max(1);
    let Some(files) = allowed() else { return wanted };
    // Where there is hardly room for both, they share it.
    let room = usize::try_from(files.saturating_sub(OWN).max(files / 2)).unwrap_or(usize::MAX);
    if room < wanted {
        tracing::info!(
            max_connections = room,
            "this process may open {files} files, so it takes fewer connections"
        );
    }
    room.min(wanted)
}

/// How many files this process may open, once it has asked for as many as it may ask for.
#[cfg(unix)]
fn allowed() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    if current != maximum && setrlimit(Resource::Nofile, raised).is_ok() { maximum } else { current }
}

#[cfg(not(unix))]
fn allowed() -> Option<u64> {
    None
}

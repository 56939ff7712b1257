//! Owns what a database's error means to those who wait: one plain sentence for each kind of failure.
//! Refuses to say anything internal; the engine's own words go to the log only.

use std::io::ErrorKind;

/// Why the database did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Trouble {
    /// No connection, or no answer in time.
    #[error("the database does not answer")]
    Silent,
    /// It says that it is not there yet, or not any more.
    #[error("the database is starting or stopping")]
    Starting,
    /// Its limit of connections is reached.
    #[error("the database takes no more connections")]
    Crowded,
    /// It has no memory left.
    #[error("the database is out of memory")]
    OutOfMemory,
    /// No room for what is to be stored.
    #[error("the database's disk is full")]
    Full,
    /// A file without the right to write, a mount without it, a replica.
    #[error("the database is read-only")]
    ReadOnly,
    /// Somebody else keeps the lock for longer than is waited.
    #[error("another program keeps the database locked")]
    Locked,
    /// The operating system fails below the database.
    #[error("the database's files cannot be read or written")]
    Unreadable,
    /// Its bytes are not what was written.
    #[error("the database is damaged; stop the server and bring back a copy of the database")]
    Damaged,
    /// Wrong user, wrong password, no such database, a right that is missing.
    #[error("the database refuses the server's user")]
    Denied,
    /// A single statement was cut off, or gave way to another one.
    #[error("the database gave up on this; try again")]
    Interrupted,
    /// Anything else: a mistake in Assent, or in what is stored.
    #[error("the database answers with an error that only the server's log can explain")]
    Unexpected,
}

impl Trouble {
    /// What an error means.
    #[must_use]
    pub fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                // SQLite's codes are numbers, PostgreSQL's have five signs.
                if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                    Self::of_sqlite(code.parse().unwrap_or_default())
                } else {
                    Self::of_sql_state(&code)
                }
            }
            sqlx::Error::Io(error) => match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::Full,
                ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
                _ => Self::Silent,
            },
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
            | sqlx::Error::Tls(_) => Self::Silent,
            // What sqlx says when a stream ends in the middle of a message.
            sqlx::Error::Protocol(_) => Self::Interrupted,
            _ => Self::Unexpected,
        }
    }

    /// By SQLite's result codes; the lowest byte is the primary one.
    fn of_sqlite(code: u32) -> Self {
        match code & 0xff {
            5 | 6 => Self::Locked,
            7 => Self::OutOfMemory,
            8 => Self::ReadOnly,
            9 => Self::Interrupted,
            10 | 14 => Self::Unreadable,
            11 | 26 => Self::Damaged,
            13 => Self::Full,
            3 | 23 => Self::Denied,
            _ => Self::Unexpected,
        }
    }

    /// By the SQLSTATE (PostgreSQL's manual, appendix A).
    fn of_sql_state(state: &str) -> Self {
        match state {
            "25006" => Self::ReadOnly,
            "53100" => Self::Full,
            "53200" => Self::OutOfMemory,
            "53300" => Self::Crowded,
            "55P03" | "57014" | "40001" | "40P01" => Self::Interrupted,
            "XX001" | "XX002" => Self::Damaged,
            "3D000" | "42501" => Self::Denied,
            _ => match state.get(..2) {
                Some("08") => Self::Silent,
                Some("28") => Self::Denied,
                Some("53") => Self::Full,
                Some("57") => Self::Starting,
                Some("58") => Self::Unreadable,
                _ => Self::Unexpected,
            },
        }
    }

    /// What is said of an outage that began as `former` and goes on as this. A full disk breaks other things next, which say less.
    #[must_use]
    pub fn following(self, former: Self) -> Self {
        // Damage does not mend itself, and makes other things fail.
        if former == Self::Damaged || former == Self::Full && self == Self::Unreadable {
            former
        } else {
            self
        }
    }

    /// Whether nothing else will go better until the database has recovered. What is not so concerns one statement alone.
    #[must_use]
    pub fn is_outage(self) -> bool {
        !matches!(self, Self::Interrupted | Self::Unexpected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_codes_have_their_meaning() {
        for (state, trouble) in [
            ("08006", Trouble::Silent),
            ("08P01", Trouble::Silent),
            ("53100", Trouble::Full),
            ("53300", Trouble::Crowded),
            ("53400", Trouble::Full),
            ("57P01", Trouble::Starting),
            ("57P03", Trouble::Starting),
            ("57014", Trouble::Interrupted),
            ("25006", Trouble::ReadOnly),
            ("28P01", Trouble::Denied),
            ("58030", Trouble::Unreadable),
            ("XX001", Trouble::Damaged),
            ("23505", Trouble::Unexpected),
            ("", Trouble::Unexpected),
        ] {
            assert_eq!(Trouble::of_sql_state(state), trouble, "{state}");
        }
        // SQLITE_BUSY_SNAPSHOT, SQLITE_READONLY_DBMOVED, SQLITE_IOERR_WRITE, SQLITE_CORRUPT_INDEX, SQLITE_FULL, and a constraint.
        for (code, trouble) in [
            (517, Trouble::Locked),
            (1032, Trouble::ReadOnly),
            (778, Trouble::Unreadable),
            (779, Trouble::Damaged),
            (13, Trouble::Full),
            (2067, Trouble::Unexpected),
        ] {
            assert_eq!(Trouble::of_sqlite(code), trouble, "{code}");
        }
        assert_eq!(Trouble::of(&sqlx::Error::PoolTimedOut), Trouble::Silent);
        let full = sqlx::Error::Io(ErrorKind::StorageFull.into());
        assert_eq!(Trouble::of(&full), Trouble::Full);
        let cut = sqlx::Error::Io(ErrorKind::UnexpectedEof.into());
        assert_eq!(Trouble::of(&cut), Trouble::Silent);
    }

    #[test]
    fn a_statement_that_failed_alone_is_no_outage() {
        assert!(!Trouble::Interrupted.is_outage() && !Trouble::Unexpected.is_outage());
        assert_eq!(Trouble::Locked.following(Trouble::Damaged), Trouble::Damaged);
        assert_eq!(Trouble::Damaged.following(Trouble::Locked), Trouble::Damaged);
        assert!(Trouble::Full.is_outage() && Trouble::Locked.is_outage() && Trouble::Silent.is_outage());
    }
}

//! Owns what can be wrong with a bundle, and how a place in it is named.
//! Refuses to guess who did it.

use std::io;

/// What is wrong, where, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The first leaf that is broken, where it can be told.
    pub index: Option<u64>,
    /// How it is broken.
    pub what: What,
    /// One sentence in plain words, without its full stop.
    pub detail: String,
}

/// How something is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Its bytes are not those that were recorded.
    Changed,
    /// It was recorded and is not there.
    Removed,
    /// It is there and was never recorded.
    Inserted,
    /// It stands in another place than where it was recorded.
    Reordered,
    /// Another key signed than should have.
    WrongKey,
    /// Two histories were signed.
    Forked,
    /// A notice is not the one that was published.
    NoticeReplaced,
    /// It is written in a way that nobody who keeps to the format writes.
    Malformed,
}

impl What {
    /// The word for it: `the first broken place was …`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Inserted => "inserted",
            Self::Reordered => "reordered",
            Self::WrongKey => "wrong key",
            Self::Forked => "forked",
            Self::NoticeReplaced => "notice replaced",
            Self::Malformed => "malformed",
        }
    }
}

/// Why nothing is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The file is not what was recorded.
    Broken(Broken),
    /// Nothing can be said about the file; the text says what to do.
    Unusable(String),
}

impl Broken {
    /// Wrong at a leaf.
    pub(super) fn at(index: u64, what: What, detail: impl Into<String>) -> Self {
        Self { index: Some(index), what, detail: detail.into() }
    }

    /// Wrong, but not at one leaf.
    pub(super) fn somewhere(what: What, detail: impl Into<String>) -> Self {
        Self { index: None, what, detail: detail.into() }
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
        match error.kind() {
            // What the archive's reader says of bytes that are no archive.
            InvalidData | InvalidInput | Other | UnexpectedEof => {
                Broken::somewhere(What::Malformed, format!("the archive is damaged or was cut: {error}"))
                    .into()
            }
            _ => Self::Unusable(format!("The file cannot be read: {error}.")),
        }
    }
}

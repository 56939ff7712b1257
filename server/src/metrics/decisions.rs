//! Owns what can become of a decision, as far as numbers tell it.
//! Refuses to tell more than whoever keeps the machine can act upon.

use crate::error::Error;

/// What became of a decision that somebody sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is a receipt now.
    Created,
    /// It was one before.
    Repeated,
    /// Its id was used for another.
    Conflict,
    /// The site asks something else since.
    StaleNotice,
    /// It is none, or none of its notice.
    Invalid,
    /// The page is not one of the site's.
    OriginRefused,
    /// There is no such site.
    UnknownSite,
    /// Too many wait.
    Busy,
    /// Asked too often.
    RateLimited,
    /// The site's ledger takes nothing.
    LedgerRefused,
    /// The database failed.
    StoreError,
    /// A mistake in Assent.
    Internal,
}

impl Outcome {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Created,
        Self::Repeated,
        Self::Conflict,
        Self::StaleNotice,
        Self::Invalid,
        Self::OriginRefused,
        Self::UnknownSite,
        Self::Busy,
        Self::RateLimited,
        Self::LedgerRefused,
        Self::StoreError,
        Self::Internal,
    ];

    /// What it is called among the numbers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Repeated => "repeated",
            Self::Conflict => "conflict",
            Self::StaleNotice => "stale_notice",
            Self::Invalid => "invalid",
            Self::OriginRefused => "origin_refused",
            Self::UnknownSite => "unknown_site",
            Self::Busy => "busy",
            Self::RateLimited => "rate_limited",
            Self::LedgerRefused => "ledger_refused",
            Self::StoreError => "store_error",
            Self::Internal => "internal",
        }
    }
}

impl From<&Error> for Outcome {
    fn from(error: &Error) -> Self {
        match error {
            Error::DecisionConflict => Self::Conflict,
            Error::StaleNotice { .. } => Self::StaleNotice,
            Error::ForeignOrigin | Error::ForeignForm | Error::ForeignHost => Self::OriginRefused,
            Error::NotFound => Self::UnknownSite,
            Error::Busy => Self::Busy,
            Error::TooMany(_) => Self::RateLimited,
            Error::Refused(_) | Error::NotSigning(_) => Self::LedgerRefused,
            Error::Store(_) | Error::Unavailable(_) => Self::StoreError,
            Error::Internal(_) => Self::Internal,
            _ => Self::Invalid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_number_and_has_a_name_of_its_own() {
        for (number, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, number);
        }
        let names: std::collections::BTreeSet<_> = Outcome::ALL.map(Outcome::as_str).into();
        assert_eq!(names.len(), Outcome::ALL.len());
    }
}

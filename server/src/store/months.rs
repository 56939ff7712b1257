//! Owns months (UTC), by which receipts are kept together: where each begins and ends, and what its partition is called.
//! Refuses local time: servers in different places must mean the same month.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// A month, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(Date);

impl Month {
    /// The month of an instant; the first or the last one of the calendar, where a clock told what no calendar has.
    pub(super) fn of(milliseconds: i64) -> Self {
        let farthest = if milliseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let instant = Timestamp::from_millisecond(milliseconds).unwrap_or(farthest);
        Self(instant.to_zoned(TimeZone::UTC).date().first_of_month())
    }

    pub(super) fn next(self) -> Self {
        Self(self.0.checked_add(1.month()).unwrap_or(self.0))
    }

    /// Its first millisecond.
    pub(super) fn begins(self) -> i64 {
        self.0.to_zoned(TimeZone::UTC).map_or(i64::MIN, |instant| instant.timestamp().as_millisecond())
    }

    /// The first millisecond after it.
    pub(super) fn ends(self) -> i64 {
        let next = self.next();
        if next == self { i64::MAX } else { next.begins() }
    }

    /// What its partition is called.
    pub(super) fn partition(self) -> String {
        format!("receipts_{:04}_{:02}", self.0.year(), self.0.month())
    }
}

#[cfg(test)]
mod tests {
    use super::Month;

    #[test]
    fn a_month_begins_where_the_one_before_ends() {
        let november = Month::of(1_795_219_200_000);
        assert_eq!(november.partition(), "receipts_2026_11");
        assert_eq!(november.begins(), 1_793_491_200_000);
        assert_eq!(Month::of(november.begins()), november);
        assert_eq!(Month::of(november.ends() - 1), november);
        assert_eq!(november.next().next().partition(), "receipts_2027_01");
        assert_eq!(november.ends(), november.next().begins());
    }

    #[test]
    fn odd_clocks_are_in_some_month() {
        for odd in [i64::MIN, -1, 0, i64::MAX] {
            let month = Month::of(odd);
            assert!(month.begins() < month.ends(), "{odd}");
        }
        assert_eq!(Month::of(-1).partition(), "receipts_1969_12");
    }
}

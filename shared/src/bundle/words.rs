//! Owns the one line that people read, the same on the command line and in the browser.
//! Refuses to claim more than was proven: where the key came from is part of the line.

use std::fmt;

use super::broken::{Broken, Failure, What};
use super::report::{Counts, Report, Scope};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, origin, size, key, key_is_the_files, earlier, saved, counts } = self;
        let Counts { receipts, erased, withheld, entries, notices, builds, first, last, .. } = counts;
        if *scope == Scope::Audit {
            write!(f, "Proven: {} of the audit log", count_as(*entries, "entry", "entries"))?;
        } else {
            write!(f, "Proven: {}", count(*receipts, "receipt"))?;
        }
        if let (Some(first), Some(last)) = (first, last) {
            let (first, last) = (date(*first), date(*last));
            if first == last {
                write!(f, " of {first}")?;
            } else {
                write!(f, " from {first} to {last}")?;
            }
        }
        let each = if *receipts + *entries == 1 { "stands" } else { "stand each" };
        match scope {
            Scope::Whole => write!(
                f,
                ", unchanged, complete and in order, {} erased, {} withheld, {} and {}, in the ledger {origin} of {}",
                number(*erased),
                number(*withheld),
                count(*notices, "notice"),
                count(*builds, "widget build"),
                count_as(*size, "leaf", "leaves"),
            )?,
            Scope::Part => write!(
                f,
                ", {each} unchanged at the recorded place ({} erased, {} withheld) in the ledger {origin} of {}; that the selection is complete, only the whole ledger shows",
                number(*erased),
                number(*withheld),
                count_as(*size, "leaf", "leaves"),
            )?,
            Scope::Audit if *withheld == 0 => write!(
                f,
                ", unchanged, complete and in order, {} erased by retention, in the ledger {origin} of {}",
                number(*erased),
                count_as(*size, "leaf", "leaves"),
            )?,
            Scope::Audit => write!(
                f,
                ", {each} unchanged at the recorded place ({} erased by retention, {} not selected) in the ledger {origin} of {}; that the selection is complete, only the whole log shows",
                number(*erased),
                number(*withheld),
                count_as(*size, "leaf", "leaves"),
            )?,
            Scope::Receipts => write!(
                f,
                ", {each} unchanged at the recorded place in the ledger {origin} of {}",
                count_as(*size, "leaf", "leaves"),
            )?,
        }
        if *earlier > 0 {
            write!(f, "; {} confirmed", count(*earlier, "earlier checkpoint"))?;
        }
        match saved {
            Some(saved) => write!(f, "; it agrees with your saved checkpoint of size {}", number(*saved))?,
            None if *scope == Scope::Receipts => {}
            None => f.write_str("; no saved checkpoint was given to compare with")?,
        }
        write!(f, "; signed by {key}")?;
        if *key_is_the_files {
            f.write_str(", a key from the file itself: compare it with the one ")?;
            if *scope == Scope::Audit {
                f.write_str("that `assent audit key` shows")?;
            } else {
                write!(f, "at https://{origin}/key")?;
            }
        }
        f.write_str(".")
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, what, detail } = self;
        let how = match what {
            What::WrongKey => "is signed by the wrong key",
            What::Forked => "was forked",
            What::NoticeReplaced => "names a notice that was replaced",
            What::Malformed => "is malformed",
            What::Changed => "was changed",
            What::Removed => "was removed",
            What::Inserted => "was inserted",
            What::Reordered => "was reordered",
        };
        match index {
            Some(index) => write!(f, "Broken: leaf {} {how}: {detail}.", number(*index)),
            None => write!(f, "Broken ({}): {detail}.", what.as_str()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(broken) => broken.fmt(f),
            Self::Unusable(text) => f.write_str(text),
        }
    }
}

fn count(many: u64, what: &str) -> String {
    count_as(many, what, &format!("{what}s"))
}

fn count_as(many: u64, one: &str, more: &str) -> String {
    format!("{} {}", number(many), if many == 1 { one } else { more })
}

/// With a comma between thousands.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The day in UTC, as ISO 8601 writes it (the civil calendar from days: Hinnant, "chrono-compatible low-level date algorithms").
fn date(milliseconds: i64) -> String {
    let days = milliseconds.div_euclid(86_400_000) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days_are_written_as_people_read_them() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"],
            [0, 999, 1000, 1_234_567].map(number).each_ref().map(String::as_str)
        );
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400_000), "2000-02-29");
        assert_eq!(date(1_795_219_200_000 - 1), "2026-11-20");
        assert_eq!(date(-1), "1969-12-31");
    }
}

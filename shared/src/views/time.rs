//! Owns instants and spans of time as ISO 8601 writes them.
//! Refuses a calendar library: `shared` is in the browser too, and UTC needs no zones.

const DAY: i64 = 86_400_000;

/// An instant in UTC. As in ECMAScript, a year that four digits cannot say has a sign and six.
pub(super) fn instant(milliseconds: i64) -> String {
    let (days, rest) = (milliseconds.div_euclid(DAY), milliseconds.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let year = if (0..=9999).contains(&year) { format!("{year:04}") } else { format!("{year:+07}") };
    let (seconds, fraction) = (rest / 1000, rest % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")
}

/// Reads exactly what [`instant`] writes.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut parts = day.rsplitn(3, '-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let mut clock = time.split([':', '.']).map(|part| part.parse::<i64>().ok());
    let mut next = || clock.next().flatten();
    let (hour, minute, second, fraction) = (next()?, next()?, next()?, next()?);
    let days = days(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    let rest = hour.checked_mul(3_600_000)?.checked_add(minute.checked_mul(60_000)?)?;
    let rest = rest.checked_add(second.checked_mul(1000)?)?.checked_add(fraction)?;
    let read = days.checked_mul(DAY)?.checked_add(rest)?;
    (instant(read) == text).then_some(read)
}

/// A span in days if it is whole days, else in seconds.
pub(super) fn span(milliseconds: i64) -> String {
    match (milliseconds % DAY, milliseconds % 1000) {
        (0, _) => format!("P{}D", milliseconds / DAY),
        (_, 0) => format!("PT{}S", milliseconds / 1000),
        (_, rest) => format!("PT{}.{rest:03}S", milliseconds / 1000),
    }
}

/// Days since 1970 as year, month and day of the Gregorian calendar. Years are counted from March, so that a leap day is a
/// year's last; 146,097 days are four centuries.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The way back; nothing for a month that does not exist or a year beyond all clocks.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year.abs() > 300_000_000 {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instants_are_those_of_other_clocks() {
        for (at, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (1_795_219_200_000, "2026-11-21T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
            (-8_640_000_000_000_000, "-271821-04-20T00:00:00.000Z"),
        ] {
            assert_eq!(instant(at), text);
            assert_eq!(milliseconds(text), Some(at));
        }
    }

    #[test]
    fn what_is_no_instant_is_not_read() {
        for bad in [
            "",
            "2026-11-21",
            "2026-02-30T00:00:00.000Z",
            "2026-11-21T24:00:00.000Z",
            "2026-13-01T00:00:00.000Z",
            "2026-11-21T00:00:00Z",
            "2026-11-21T00:00:00.000",
            "9-9-9T9:9:9.9Z",
            "2026-11-21T9223372036854775807:0:0.0Z",
        ] {
            assert_eq!(milliseconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_year_is_a_number_of_days() {
        assert_eq!(span(31_536_000_000), "P365D");
        assert_eq!(span(90_000), "PT90S");
        assert_eq!(span(1_005), "PT1.005S");
    }

    proptest! {
        #[test]
        fn an_instant_is_read_as_it_was_written(at in -8_640_000_000_000_000_i64..=8_640_000_000_000_000) {
            prop_assert_eq!(milliseconds(&instant(at)), Some(at));
        }
    }
}

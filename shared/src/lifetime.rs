//! Owns how long a declared cookie lives, as the operator writes it and the notice keeps it.
//! Refuses to say it in a visitor's language; the server's `locales` do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How long a declared cookie lives: `session`, `persistent`, or a count and a unit such as `13 months`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Lifetime {
    /// Until the browser is closed.
    Session,
    /// Until somebody deletes it.
    Persistent,
    /// A count of a unit.
    For(u32, Unit),
}

/// Units of a [`Lifetime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Unit {
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

impl FromStr for Lifetime {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!(
                "`{text}` is no lifetime: write session, persistent, or a count and a unit such as 13 months"
            )
        };
        match text {
            "session" => return Ok(Self::Session),
            "persistent" => return Ok(Self::Persistent),
            _ => {}
        }
        let (count, unit) = text.split_once(' ').ok_or_else(refuse)?;
        let unit = match unit.strip_suffix('s').unwrap_or(unit) {
            "minute" => Unit::Minute,
            "hour" => Unit::Hour,
            "day" => Unit::Day,
            "month" => Unit::Month,
            "year" => Unit::Year,
            _ => return Err(refuse()),
        };
        match count.parse() {
            Ok(count) if count > 0 => Ok(Self::For(count, unit)),
            _ => Err(refuse()),
        }
    }
}

impl Lifetime {
    /// A duration of ISO 8601; nothing where the end is an event or never comes.
    #[must_use]
    pub fn iso8601(self) -> Option<String> {
        let Self::For(count, unit) = self else { return None };
        Some(match unit {
            Unit::Minute => format!("PT{count}M"),
            Unit::Hour => format!("PT{count}H"),
            Unit::Day => format!("P{count}D"),
            Unit::Month => format!("P{count}M"),
            Unit::Year => format!("P{count}Y"),
        })
    }

    /// Reads a duration of ISO 8601 that has one unit; visitors are told more than one in no language.
    #[must_use]
    pub fn from_iso8601(text: &str) -> Option<Self> {
        let (rest, of_a_day) = match text.strip_prefix("PT") {
            Some(rest) => (rest, true),
            None => (text.strip_prefix('P')?, false),
        };
        let letter = rest.chars().last()?;
        let count: u32 = rest.strip_suffix(letter)?.parse().ok().filter(|count| *count > 0)?;
        Some(match (of_a_day, letter) {
            (true, 'M') => Self::For(count, Unit::Minute),
            (true, 'H') => Self::For(count, Unit::Hour),
            (false, 'D') => Self::For(count, Unit::Day),
            (false, 'W') => Self::For(count.checked_mul(7)?, Unit::Day),
            (false, 'M') => Self::For(count, Unit::Month),
            (false, 'Y') => Self::For(count, Unit::Year),
            _ => return None,
        })
    }
}

impl TryFrom<String> for Lifetime {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => f.write_str("session"),
            Self::Persistent => f.write_str("persistent"),
            Self::For(count, unit) => {
                let unit = match unit {
                    Unit::Minute => "minute",
                    Unit::Hour => "hour",
                    Unit::Day => "day",
                    Unit::Month => "month",
                    Unit::Year => "year",
                };
                write!(f, "{count} {unit}{}", if *count == 1 { "" } else { "s" })
            }
        }
    }
}

impl From<Lifetime> for String {
    fn from(lifetime: Lifetime) -> Self {
        lifetime.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read_and_written_alike() {
        for text in ["session", "persistent", "1 year", "13 months", "30 days", "24 hours", "1 minute"] {
            assert_eq!(text.parse::<Lifetime>().unwrap().to_string(), text);
        }
        for text in ["", "1", "year", "0 days", "-1 days", "2 fortnights", "1  year"] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_span_is_the_same_in_iso_8601() {
        for (words, iso) in [
            ("13 months", "P13M"),
            ("30 minutes", "PT30M"),
            ("2 days", "P2D"),
            ("1 year", "P1Y"),
            ("3 hours", "PT3H"),
        ] {
            let lifetime: Lifetime = words.parse().unwrap();
            assert_eq!(lifetime.iso8601().as_deref(), Some(iso));
            assert_eq!(Lifetime::from_iso8601(iso), Some(lifetime));
        }
        assert_eq!(Lifetime::from_iso8601("P2W"), Some(Lifetime::For(14, Unit::Day)));
        for bad in ["", "P", "PT", "P1Y6M", "P0D", "P-1D", "P1H", "PT1D", "1 year", "P+1D ", "Pé"] {
            assert_eq!(Lifetime::from_iso8601(bad), None, "{bad}");
        }
        assert_eq!((Lifetime::Session.iso8601(), Lifetime::Persistent.iso8601()), (None, None));
    }
}

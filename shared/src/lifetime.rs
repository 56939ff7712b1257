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
}

//! Owns numbers in addresses: digits, and nothing else, so that a thing has one address.
//! Refuses a sign and leading zeros, both of which Rust's own reading takes.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};

/// A number as a part of a path, or as a value in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<T>(pub T);

impl<'de, T: FromStr + Display> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        plain(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no number in plain digits")))
    }
}

/// The number that these digits write.
#[must_use]
pub fn plain<T: FromStr + Display>(text: &str) -> Option<T> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number: &T| digits && number.to_string() == text)
}

/// For a field of a query whose description says that it is a number.
///
/// # Errors
/// Where something else stands there.
pub fn maybe<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr + Display,
    D: Deserializer<'de>,
{
    Ok(Option::<Number<T>>::deserialize(deserializer)?.map(|Number(number)| number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_one_way() {
        assert_eq!(plain::<u32>("0"), Some(0));
        assert_eq!(plain::<u32>("4294967295"), Some(u32::MAX));
        assert_eq!(plain::<i64>("17"), Some(17));
        for other in ["", "+1", "-1", "-0", "01", "00", " 1", "1 ", "1.0", "1e3", "0x1", "١", "4294967296"] {
            assert_eq!(plain::<u32>(other), None, "{other}");
        }
        assert_eq!(plain::<i64>("-1"), None);
    }
}

//! Owns the names of things: sites, purposes, locales, decisions, visitors; each is checked when it is made.
//! Refuses to make any of them up: randomness belongs to the browser and to the server.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {why}")]
pub struct IdError {
    pub(crate) what: &'static str,
    pub(crate) why: &'static str,
}

/// Declares a checked string: its type, its parser, and serde through both.
macro_rules! checked_string {
    // The pattern is for other programs, in the API's description; what is true is what `$valid` says.
    ($(#[$doc:meta])* $name:ident, $what:literal, $why:literal, $pattern:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::id::IdError;
            fn try_from(text: String) -> Result<Self, $crate::id::IdError> {
                let valid: fn(&str) -> bool = $valid;
                let error = $crate::id::IdError { what: $what, why: $why };
                if valid(&text) { Ok(Self(text)) } else { Err(error) }
            }
        }

        impl FromStr for $name {
            type Err = $crate::id::IdError;
            fn from_str(text: &str) -> Result<Self, $crate::id::IdError> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .description(Some(concat!($what, " ", $why)))
                    .pattern(Some($pattern))
                    .build()
                    .into()
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use checked_string;

checked_string!(
    /// A site's name in addresses: `demo` in `/_assent/demo.js`.
    SiteId, "a site's id", "has 1 to 40 of a-z, 0-9 and -, and starts with a letter",
    r"^[a-z][a-z0-9-]{0,39}$", |text| slug(text, b'-')
);
checked_string!(
    /// A purpose's name in `data-assent`, in the cookie and in receipts: `analytics`.
    PurposeId, "a purpose's id", "has 1 to 40 of a-z, 0-9 and _, and starts with a letter",
    r"^[a-z][a-z0-9_]{0,39}$", |text| slug(text, b'_')
);
checked_string!(
    /// A language tag, a subset of BCP 47 (RFC 5646): language, then optional script and region: `en`, `pt-BR`, `zh-Hant`.
    Locale, "a locale", "is a language tag such as en, pt-BR or zh-Hant",
    r"^[a-z]{2,3}(-[0-9A-Za-z]{2,4}){0,3}$", language_tag
);
checked_string!(
    /// A decision's id: a lower-case `UUIDv7` (RFC 9562 §5.7), minted in the browser; it makes recording idempotent.
    DecisionId, "a decision's id", "is a lower-case UUID version 7 (RFC 9562)",
    r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", uuid_v7
);
checked_string!(
    /// The visitor's secret: 128 random bits in base64url. It is the only way to a visitor's own receipts.
    VisitorSecret, "a visitor's secret", "is 128 bits in base64url (22 characters)",
    r"^[0-9A-Za-z_-]{21}[AQgw]$",
    |text| BASE64URL_NOPAD.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == 16)
);
checked_string!(
    /// What the server keeps in place of the [`VisitorSecret`]: `v_` and 128 bits of its hash.
    VisitorId, "a visitor's id", "is v_ followed by 22 characters of base64url",
    r"^v_[0-9A-Za-z_-]{21}[AQgw]$",
    |text| text.strip_prefix("v_").is_some_and(|rest| BASE64URL_NOPAD.decode(rest.as_bytes()).is_ok_and(|bytes| bytes.len() == 16))
);

impl VisitorSecret {
    /// The pseudonym under which this visitor's receipts are kept at `site`; another site's differs.
    #[must_use]
    pub fn visitor_id(&self, site: &SiteId) -> VisitorId {
        let digest = Sha256::new()
            .chain_update(b"assent-visitor/v1\0")
            .chain_update(site.as_str())
            .chain_update(b"\0")
            .chain_update(&self.0)
            .finalize();
        VisitorId(format!("v_{}", BASE64URL_NOPAD.encode(&digest[..16])))
    }
}

impl Locale {
    /// The language alone: `pt` of `pt-BR`.
    #[must_use]
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

fn slug(text: &str, joiner: u8) -> bool {
    let bytes = text.as_bytes();
    (1..=40).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && bytes.iter().all(|&b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == joiner)
}

fn language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && text.len() <= 12
        && parts.all(|part| (2..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn uuid_v7(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            14 => b == b'7',
            19 => matches!(b, b'8' | b'9' | b'a' | b'b'),
            _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["demo", "a", "my-shop-2"] {
            assert!(good.parse::<SiteId>().is_ok(), "{good}");
        }
        for bad in ["", "Demo", "2shop", "a/b", "a.js", "ä", &"a".repeat(41)] {
            assert!(bad.parse::<SiteId>().is_err(), "{bad}");
        }
        for bad in ["", "EN", "e", "english", "en_US", "en-", "en-x'y"] {
            assert!(bad.parse::<Locale>().is_err(), "{bad}");
        }
        assert!("0192f3a4-5b6c-7d8e-9f01-23456789abcd".parse::<DecisionId>().is_ok());
        for bad in
            ["0192f3a4-5b6c-4d8e-9f01-23456789abcd", "0192F3A4-5B6C-7D8E-9F01-23456789ABCD", "0192f3a4"]
        {
            assert!(bad.parse::<DecisionId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_visitor_has_another_id_at_every_site_and_the_secret_stays_hidden() {
        let secret: VisitorSecret = "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
        let here = secret.visitor_id(&"here".parse().unwrap());
        assert_eq!(here.as_str().len(), 24);
        assert_ne!(here, secret.visitor_id(&"there".parse().unwrap()));
        assert_eq!(here.to_string().parse(), Ok(here));
        assert!("AAAAAAAAAAAAAAAAAAAAA".parse::<VisitorSecret>().is_err(), "21 characters");
    }

    #[test]
    fn an_error_says_what_is_wrong_and_what_is_right() {
        let error = "Demo".parse::<SiteId>().unwrap_err();
        assert_eq!(error.to_string(), "a site's id has 1 to 40 of a-z, 0-9 and -, and starts with a letter");
    }
}

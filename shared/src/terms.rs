//! Owns the words that a notice borrows from elsewhere: places of ISO 3166 and terms of the Data Privacy Vocabulary (DPV).
//! Refuses to hold DPV's lists, which grow: a term is checked for its form; what it means is for the operator to look up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::checked_string;

checked_string!(
    /// A country, a part of one, or the European Union: `DE`, `US-CA` (ISO 3166-1 and -2), `EU`.
    Location, "a location",
    "is a country's two letters (ISO 3166-1, such as DE or GB), those with a subdivision (US-CA), or EU",
    r"^[A-Z]{2}(-[0-9A-Z]{1,3})?$", location
);
checked_string!(
    /// A kind of personal data: a term of DPV such as `pd:BrowsingBehaviour`, or plain words such as `films watched`.
    DataKind, "a kind of data", "is a term such as pd:BrowsingBehaviour, or plain words without a colon",
    r"^(pd:[A-Z][0-9A-Za-z_-]*|[^:]+)$",
    |text| term(text, "pd:") || plain_words(text)
);
checked_string!(
    /// What a purpose is in DPV's terms: `dpv:ServiceUsageAnalytics`.
    PurposeType, "a purpose's type", "is a term of DPV such as dpv:ServiceUsageAnalytics",
    r"^dpv:[A-Z][0-9A-Za-z_-]*$", |text| term(text, "dpv:")
);

impl DataKind {
    /// Whether it is a term of DPV rather than words.
    #[must_use]
    pub fn is_term(&self) -> bool {
        self.as_str().starts_with("pd:")
    }
}

impl Location {
    /// The country of a subdivision; a country's own code.
    #[must_use]
    pub fn country(&self) -> &str {
        self.as_str().split('-').next().unwrap_or_default()
    }
}

fn location(text: &str) -> bool {
    let (country, subdivision) = match text.split_once('-') {
        Some((country, subdivision)) => (country, Some(subdivision)),
        None => (text, None),
    };
    let known = country.len() == 2 && COUNTRIES.split_ascii_whitespace().any(|code| code == country);
    match subdivision {
        None => known || text == "EU",
        Some(rest) => {
            let plain = rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            known && (1..=3).contains(&rest.len()) && plain
        }
    }
}

fn term(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

fn plain_words(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(|c: char| c == ':' || c.is_control())
}

/// The officially assigned codes of ISO 3166-1. A list, because `UK` and `EN` look right and are not.
const COUNTRIES: &str = "\
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF \
CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH \
GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW \
KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG \
NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN \
SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT \
ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_codes_that_exist() {
        assert_eq!(COUNTRIES.split_ascii_whitespace().count(), 249);
        for good in ["DE", "GB", "EU", "US-CA", "GB-ENG", "FR-75"] {
            assert!(good.parse::<Location>().is_ok(), "{good}");
        }
        for bad in ["", "de", "UK", "XX", "EU-DE", "US-", "US-CALI", "US-ca", "Germany", "D E"] {
            assert!(bad.parse::<Location>().is_err(), "{bad}");
        }
        assert_eq!("US-CA".parse::<Location>().unwrap().country(), "US");
    }

    #[test]
    fn a_term_has_its_form_and_words_are_no_term() {
        assert!("pd:UID".parse::<DataKind>().unwrap().is_term());
        assert!(!"films watched".parse::<DataKind>().unwrap().is_term());
        for bad in ["pd:", "pd:browsing", "pd:A B", "dpv:PersonalData", " ", "a\nb"] {
            assert!(bad.parse::<DataKind>().is_err(), "{bad}");
        }
        assert!("dpv:Marketing".parse::<PurposeType>().is_ok());
        for bad in ["Marketing", "dpv:marketing", "pd:UID", "dpv:Marketing\"", ""] {
            assert!(bad.parse::<PurposeType>().is_err(), "{bad}");
        }
    }
}

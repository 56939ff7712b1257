//! Owns the class of a device, read from what browsers say of themselves.
//! Refuses to keep more of it than one of four words.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use serde::{Deserialize, Serialize};

/// What a notice was shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Device {
    Phone,
    Tablet,
    Desktop,
    Other,
}

/// All of them, in the order in which they are listed.
pub const DEVICES: [Device; 4] = [Device::Phone, Device::Tablet, Device::Desktop, Device::Other];

impl Device {
    /// The name in SQL and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Desktop => "desktop",
            Self::Other => "other",
        }
    }

    /// The class of the device that sent a request. An iPad that asks for desktop pages, as they do by default, says that it is a
    /// Mac; it is believed.
    #[must_use]
    pub fn of_request(headers: &HeaderMap) -> Self {
        let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (agent, mobile) = (says(USER_AGENT.as_str()), says("sec-ch-ua-mobile"));
        let names = |words: &[&str]| words.iter().any(|word| agent.contains(word));
        // Programs name themselves and often a browser, too.
        if names(&["bot", "Bot", "spider", "crawl"]) {
            Self::Other
        } else if names(&["iPad", "Tablet", "Kindle", "Silk/"]) {
            Self::Tablet
        } else if mobile == "?1" || names(&["iPhone", "iPod", "Mobi"]) {
            Self::Phone
        } else if names(&["Android"]) {
            // Phones say `Mobile`; what does not is a tablet (Chrome's user agent guide).
            Self::Tablet
        } else if names(&["Windows", "Macintosh", "X11", "CrOS"]) {
            Self::Desktop
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_by_what_they_say() {
        let of = |agent: &'static str, mobile: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, agent.parse().unwrap());
            if !mobile.is_empty() {
                headers.insert("sec-ch-ua-mobile", mobile.parse().unwrap());
            }
            Device::of_request(&headers)
        };
        for (agent, mobile, class) in [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1",
                "",
                Device::Phone,
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
                "?1",
                Device::Phone,
            ),
            ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "", Device::Phone),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
                "?0",
                Device::Tablet,
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
                "",
                Device::Tablet,
            ),
            ("Mozilla/5.0 (Android 15; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0", "", Device::Tablet),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
                "?0",
                Device::Desktop,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15",
                "",
                Device::Desktop,
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "", Device::Desktop),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
                "?0",
                Device::Desktop,
            ),
            (
                "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 Mobile Safari/537.36 (compatible; Googlebot/2.1)",
                "",
                Device::Other,
            ),
            ("curl/8.5.0", "", Device::Other),
            ("", "", Device::Other),
        ] {
            assert_eq!(of(agent, mobile), class, "{agent}");
        }
        assert_eq!(Device::of_request(&HeaderMap::new()), Device::Other);
    }
}

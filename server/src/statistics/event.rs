//! Owns what is counted: the display of a notice, and how a decision answered it.
//! Refuses to see an acceptance where anything was denied, and to count anybody.

use assent_shared::decision::Choices;
use assent_shared::{Method, SiteId};
use serde::{Deserialize, Serialize};

use super::device::Device;
use crate::clock::day_of;

/// What happened. Every decision is exactly one of these, and beside it a grant for each purpose that it grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The banner was on the screen, or the form was opened by somebody who had not answered.
    Shown,
    /// The visitor granted every optional purpose.
    Accepted,
    /// The visitor granted none.
    Refused,
    /// The visitor granted some.
    Customised,
    /// The visitor took back what was granted before.
    Withdrawn,
    /// The browser's signal decided.
    Signal,
    /// One purpose was granted; beside the decision's own event.
    Granted,
}

impl Event {
    /// The name in SQL and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Customised => "customised",
            Self::Withdrawn => "withdrawn",
            Self::Signal => "signal",
            Self::Granted => "granted",
        }
    }

    /// The event of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        use Event::{Accepted, Customised, Granted, Refused, Shown, Signal, Withdrawn};
        [Shown, Accepted, Refused, Customised, Withdrawn, Signal, Granted]
            .into_iter()
            .find(|event| event.as_str() == name)
    }

    /// What a decision was. The choices say it, whatever button was pressed: all granted one by one is an acceptance too.
    #[must_use]
    pub fn of_decision(method: Method, choices: &Choices) -> Self {
        match method {
            Method::Signal => Self::Signal,
            Method::Withdraw => Self::Withdrawn,
            // First, so that a notice which asks nothing has no acceptances.
            _ if choices.values().all(|granted| !granted) => Self::Refused,
            _ if choices.values().all(|granted| *granted) => Self::Accepted,
            _ => Self::Customised,
        }
    }
}

/// One line of the sums, without its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counted {
    /// The site.
    pub site: SiteId,
    /// Days since 1970 (UTC).
    pub day: i64,
    /// The notice's number.
    pub notice: u32,
    /// The language in which it was shown.
    pub locale: String,
    /// What it was shown on.
    pub device: Device,
    /// What happened.
    pub event: Event,
    /// The purpose of a grant, else empty.
    pub purpose: String,
}

impl Counted {
    /// The display of a notice.
    #[must_use]
    pub fn shown(site: SiteId, now: i64, notice: u32, locale: &str, device: Device) -> Self {
        let (locale, purpose) = (locale.to_owned(), String::new());
        Self { site, day: day_of(now), notice, locale, device, event: Event::Shown, purpose }
    }

    /// What a receipt adds to: its decision's event, and one grant for each purpose granted.
    pub(crate) fn of_receipt(
        receipt: &assent_shared::Receipt,
        device: Device,
    ) -> impl Iterator<Item = Self> + '_ {
        let line = move |event, purpose: &str| Self {
            site: receipt.site.clone(),
            day: day_of(receipt.received_at),
            notice: receipt.notice.number,
            locale: receipt.locale.to_string(),
            device,
            event,
            purpose: purpose.to_owned(),
        };
        let granted = receipt.choices.iter().filter(|(_, granted)| **granted);
        std::iter::once(line(Event::of_decision(receipt.method, &receipt.choices), ""))
            .chain(granted.map(move |(purpose, _)| line(Event::Granted, purpose.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [Method; 5] =
        [Method::AcceptAll, Method::RejectAll, Method::Custom, Method::Signal, Method::Withdraw];

    #[test]
    fn nothing_that_denies_is_an_acceptance_by_whatever_method() {
        for method in METHODS {
            for (analytics, video) in [(false, false), (false, true), (true, false), (true, true)] {
                let choices = [("analytics", analytics), ("video", video)];
                let choices = choices.map(|(id, granted)| (id.parse().unwrap(), granted)).into();
                let event = Event::of_decision(method, &choices);
                let by_visitor = !matches!(method, Method::Signal | Method::Withdraw);
                assert_eq!(
                    event == Event::Accepted,
                    by_visitor && analytics && video,
                    "{method:?} {choices:?}"
                );
                assert_eq!(
                    event == Event::Refused,
                    by_visitor && !analytics && !video,
                    "{method:?} {choices:?}"
                );
                assert_eq!(
                    event == Event::Customised,
                    by_visitor && analytics != video,
                    "{method:?} {choices:?}"
                );
                assert_eq!(event == Event::Signal, method == Method::Signal);
                assert_eq!(event == Event::Withdrawn, method == Method::Withdraw);
            }
            assert_ne!(Event::of_decision(method, &Choices::new()), Event::Accepted, "nothing was asked");
        }
    }

    #[test]
    fn every_name_leads_back() {
        for name in ["shown", "accepted", "refused", "customised", "withdrawn", "signal", "granted"] {
            assert_eq!(Event::of_name(name).map(Event::as_str), Some(name));
        }
        assert_eq!(Event::of_name("ignored"), None, "that is computed, never counted");
    }
}

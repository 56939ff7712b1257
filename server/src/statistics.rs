//! Owns the statistics: how often notices were shown and how they were answered, in sums of a day.
//! Refuses identifiers, and to look at receipts: what is counted was added up when it happened.

pub mod api;
pub mod chart;
pub mod device;
pub mod event;
pub mod shown;
pub mod tally;

use std::collections::BTreeMap;
use std::ops::{AddAssign, RangeInclusive};

use assent_shared::SiteId;
use axum::response::Response;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use self::device::DEVICES;
use self::event::Event;
use crate::access::{Caller, Permission};
use crate::answers;
use crate::audit::{self, Action};
use crate::clock::day_of;
use crate::error::{Error, Result};
use crate::receipts::query::instant;
use crate::state::App;
use crate::store::{By, CountRow};

/// Days that are shown when nobody says which.
const USUAL: i64 = 30;
/// Days of one answer at most: a leap year and a day, so that a year can be laid beside itself.
pub(crate) const LONGEST: i64 = 367;

/// How often each thing happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sums {
    /// The notice was shown to somebody who had not answered.
    pub shown: i64,
    /// Every optional purpose granted by the visitor.
    pub accepted: i64,
    /// None granted.
    pub refused: i64,
    /// Some granted.
    pub customised: i64,
    /// Something that was granted before was taken back.
    pub withdrawn: i64,
    /// Decided by the browser's signal.
    pub signal: i64,
}

impl Sums {
    /// Displays that no answer followed: computed, and never below zero.
    #[must_use]
    pub fn ignored(&self) -> i64 {
        (self.shown - self.answered()).max(0)
    }

    /// Answers to the question. A withdrawal answers nothing that was shown, and a signal is not the visitor's hand.
    #[must_use]
    pub fn answered(&self) -> i64 {
        self.accepted + self.refused + self.customised
    }

    fn of(&mut self, event: Event) -> Option<&mut i64> {
        Some(match event {
            Event::Shown => &mut self.shown,
            Event::Accepted => &mut self.accepted,
            Event::Refused => &mut self.refused,
            Event::Customised => &mut self.customised,
            Event::Withdrawn => &mut self.withdrawn,
            Event::Signal => &mut self.signal,
            Event::Granted => return None,
        })
    }
}

impl AddAssign<&Self> for Sums {
    fn add_assign(&mut self, other: &Self) {
        self.shown += other.shown;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.customised += other.customised;
        self.withdrawn += other.withdrawn;
        self.signal += other.signal;
    }
}

/// The sums of a day, a notice, a language or a device; or of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Part {
    /// Which: a date, a number, a language's tag or a device; empty for everything.
    pub part: String,
    /// Its sums.
    #[serde(flatten)]
    pub sums: Sums,
    /// Displays without an answer.
    pub ignored: i64,
    /// How many decisions granted each purpose.
    pub granted: BTreeMap<String, i64>,
}

/// A site's statistics over some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Statistics {
    /// The site.
    pub site: SiteId,
    /// The first day.
    pub from: String,
    /// The day after the last.
    pub to: String,
    /// What the parts are.
    pub by: By,
    /// Everything together.
    pub total: Part,
    /// The parts: days in their order with those on which nothing happened, the others largest first.
    pub items: Vec<Part>,
}

/// The whole days (UTC) from the one of `from` to the one before `to`; the last thirty where neither is said.
pub fn days(from: Option<&str>, to: Option<&str>, now: i64) -> Result<RangeInclusive<i64>> {
    let day = |text: &str| instant(text).map_err(Error::InvalidQuery);
    let last = match to {
        // A day that has begun by then counts as a whole.
        Some(to) => day_of(day(to)?.saturating_sub(1)),
        None => day_of(now),
    };
    let first = from.map_or(Ok(last - USUAL + 1), |from| day(from).map(day_of))?;
    check_days(first..=last)
}

/// Days that make sense and are not too many.
pub fn check_days(days: RangeInclusive<i64>) -> Result<RangeInclusive<i64>> {
    if days.is_empty() {
        return Err(Error::InvalidQuery("the first day comes after the last".to_owned()));
    }
    if days.end() - days.start() >= LONGEST {
        return Err(Error::InvalidQuery(format!("ask for {LONGEST} days at most")));
    }
    Ok(days)
}

/// A day as people write it.
#[must_use]
pub fn date(day: i64) -> Date {
    let first = Date::constant(1970, 1, 1);
    i32::try_from(day)
        .ok()
        .and_then(|days| first.checked_add(jiff::Span::new().try_days(days).ok()?).ok())
        .unwrap_or(first)
}

/// A site's statistics over `days`, in parts.
pub async fn read(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    days: RangeInclusive<i64>,
    by: By,
) -> Result<Statistics> {
    caller.require(Permission::ReadStatistics, site)?;
    app.catalog.site(site).await?;
    // What this server has been told and not written yet counts as well.
    app.tally.write_all(&app.store).await?;
    let rows = app.store.counts(site, days.clone(), by).await?;
    Ok(sum_up(site, &days, by, &rows))
}

/// The same as a file, which is written down as any other export.
pub async fn download(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    days: RangeInclusive<i64>,
    by: By,
) -> Result<Response> {
    caller.require(Permission::ReadStatistics, site)?;
    let about = format!("{} to {} by {}", date(*days.start()), date(*days.end()), by.as_str());
    audit::record(app, caller, Action::StatisticsExport, Some(site), about).await?;
    let file = format!("{site}-statistics-{}.csv", by.as_str());
    let text = read(app, caller, site, days, by).await?.csv().map_err(Error::Internal)?;
    Ok(answers::file("text/csv; charset=utf-8", &file, text))
}

fn sum_up(site: &SiteId, days: &RangeInclusive<i64>, by: By, rows: &[CountRow]) -> Statistics {
    let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
    for CountRow { part, event, purpose, count } in rows {
        let Some(event) = Event::of_name(event) else { continue };
        let sums = parts.entry(part).or_default();
        match sums.sums.of(event) {
            Some(sum) => *sum += count,
            None => *sums.granted.entry(purpose.clone()).or_default() += count,
        }
    }
    let mut total = Part::default();
    for part in parts.values_mut() {
        part.ignored = part.sums.ignored();
        total.sums += &part.sums;
        for (purpose, count) in &part.granted {
            *total.granted.entry(purpose.clone()).or_default() += count;
        }
    }
    total.ignored = total.sums.ignored();
    let named = |name: String, part: Option<Part>| Part { part: name, ..part.unwrap_or_default() };
    let items = match by {
        By::Day => days
            .clone()
            .map(|day| named(date(day).to_string(), parts.remove(day.to_string().as_str())))
            .collect(),
        By::Device => {
            let known =
                DEVICES.map(|device| named(device.as_str().to_owned(), parts.remove(device.as_str())));
            known.into()
        }
        By::Notice => {
            let mut notices: Vec<(u32, Part)> =
                parts.into_iter().map(|(number, part)| (number.parse().unwrap_or_default(), part)).collect();
            notices.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
            notices.into_iter().map(|(number, part)| named(number.to_string(), Some(part))).collect()
        }
        By::Locale => {
            let mut locales: Vec<Part> =
                parts.into_iter().map(|(locale, part)| named(locale.to_owned(), Some(part))).collect();
            locales.sort_by_key(|part| std::cmp::Reverse((part.sums.shown, part.sums.answered())));
            locales
        }
    };
    let (from, to) = (date(*days.start()).to_string(), date(days.end() + 1).to_string());
    Statistics { site: site.clone(), from, to, by, total, items }
}

impl Statistics {
    /// One row a part; a column for each purpose that was granted by anybody.
    pub fn csv(&self) -> Result<String, String> {
        let mut table = csv::Writer::from_writer(Vec::new());
        let fixed = [
            self.by.as_str(),
            "shown",
            "accepted",
            "refused",
            "customised",
            "ignored",
            "withdrawn",
            "signal",
        ];
        let purposes: Vec<&String> = self.total.granted.keys().collect();
        let header = fixed.iter().map(|name| (*name).to_owned());
        let header = header.chain(purposes.iter().map(|purpose| format!("granted_{purpose}")));
        table.write_record(header).map_err(|error| error.to_string())?;
        for Part { part, sums, ignored, granted } in &self.items {
            let Sums { shown, accepted, refused, customised, withdrawn, signal } = sums;
            let numbers =
                [shown, accepted, refused, customised, ignored, withdrawn, signal].map(ToString::to_string);
            let grants =
                purposes.iter().map(|purpose| granted.get(*purpose).copied().unwrap_or_default().to_string());
            let row = std::iter::once(part.clone()).chain(numbers).chain(grants);
            table.write_record(row).map_err(|error| error.to_string())?;
        }
        let bytes = table.into_inner().map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_219_200_000;

    fn row(part: &str, event: &str, purpose: &str, count: i64) -> CountRow {
        CountRow { part: part.to_owned(), event: event.to_owned(), purpose: purpose.to_owned(), count }
    }

    #[test]
    fn days_are_whole_and_bounded() {
        let of = |from, to| days(from, to, NOW).map_err(|error| error.to_string());
        let today = day_of(NOW);
        assert_eq!(of(None, None), Ok(today - 29..=today));
        assert_eq!(of(Some("2026-11-20"), Some("2026-11-21")), Ok(today - 1..=today - 1), "`to` is the end");
        assert_eq!(of(Some("2026-11-20T23:00:00Z"), Some("2026-11-21T00:00:01Z")), Ok(today - 1..=today));
        assert!(of(Some("2026-11-21"), Some("2026-11-21")).unwrap_err().contains("after the last"));
        assert!(of(Some("2020-01-01"), None).unwrap_err().contains("367 days"));
        assert!(of(Some("soon"), None).is_err());
    }

    #[test]
    fn ignored_is_what_no_answer_followed_and_never_below_zero() {
        let site = "shop".parse().unwrap();
        let rows = [
            row("1", "shown", "", 5),
            row("1", "accepted", "", 1),
            row("1", "granted", "analytics", 1),
            row("1", "withdrawn", "", 3),
            row("2", "refused", "", 2),
        ];
        let statistics = sum_up(&site, &(0..=1), By::Notice, &rows);
        let of = |part: &str| statistics.items.iter().find(|item| item.part == part).unwrap();
        assert_eq!((of("1").ignored, of("2").ignored), (4, 0), "more answers than displays are no minus");
        assert_eq!((statistics.total.sums.shown, statistics.total.ignored), (5, 2));
        assert_eq!(statistics.items[0].part, "2", "the newest notice first");
        assert_eq!(
            statistics.csv().unwrap().lines().collect::<Vec<_>>(),
            [
                "notice,shown,accepted,refused,customised,ignored,withdrawn,signal,granted_analytics",
                "2,0,0,2,0,0,0,0,0",
                "1,5,1,0,0,4,3,0,1"
            ]
        );
    }

    #[test]
    fn a_day_without_anything_is_there() {
        let site = "shop".parse().unwrap();
        let today = day_of(NOW);
        let rows = [row(&today.to_string(), "shown", "", 1)];
        let statistics = sum_up(&site, &(today - 1..=today), By::Day, &rows);
        let shown: Vec<_> =
            statistics.items.iter().map(|item| (item.part.as_str(), item.sums.shown)).collect();
        assert_eq!(shown, [("2026-11-20", 0), ("2026-11-21", 1)]);
        let json = serde_json::to_value(&statistics).unwrap();
        assert_eq!(
            (&json["from"], &json["to"], &json["by"]),
            (&"2026-11-20".into(), &"2026-11-22".into(), &"day".into())
        );
    }
}

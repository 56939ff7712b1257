//! Owns the page of a site's statistics: the range, the shares, the picture and the table, and the table as a file.
//! Refuses a share where it would not be true.

use askama::Template;
use assent_shared::SiteId;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::civil::Date;
use serde::Deserialize;

use super::{Shell, Tab, page};
use crate::access::Permission;
use crate::clock::DAY;
use crate::error::{self, Error, Result};
use crate::extract::{BySession, PathOf};
use crate::state::App;
use crate::statistics::chart::{self, KINDS};
use crate::statistics::{Part, Statistics, check_days, date, days, download, read};
use crate::store::By;

/// The page's query: whole days, the last one included.
#[derive(Debug, Default, Deserialize)]
struct PageQuery {
    #[serde(default)]
    first: String,
    #[serde(default)]
    last: String,
    #[serde(default)]
    by: By,
}

/// The addresses of these pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/sites/{site}/statistics", get(show_statistics))
        .route("/admin/sites/{site}/statistics.csv", get(download_statistics))
}

#[derive(Template)]
#[template(path = "admin/statistics/page.html")]
struct StatisticsPage {
    shell: Shell,
    id: SiteId,
    first: String,
    last: String,
    by: &'static str,
    problem: Option<String>,
    shown: Option<Shown>,
}

impl StatisticsPage {
    #[expect(clippy::unused_self, reason = "the template calls it on the page")]
    fn choices(&self) -> [(&'static str, &'static str); 4] {
        [("day", "day"), ("notice", "version of the notice"), ("locale", "language"), ("device", "device")]
    }
}

/// What was counted, as the page says it.
struct Shown {
    heading: &'static str,
    column: &'static str,
    total: Part,
    items: Vec<Part>,
    rates: Vec<(&'static str, i64, Option<String>)>,
    more_answers: bool,
    chart: Option<String>,
    legend: Vec<(String, &'static str)>,
    decisions: i64,
    granted: Vec<(String, i64, String)>,
}

impl Shown {
    fn new(statistics: Statistics) -> Self {
        let (heading, column) = match statistics.by {
            By::Day => ("Day by day", "Day"),
            By::Notice => ("By version of the notice", "Notice"),
            By::Locale => ("By language", "Language"),
            By::Device => ("By device", "Device"),
        };
        let chart = chart::draw(&statistics);
        let Statistics { mut total, items, .. } = statistics;
        let (sums, ignored) = (total.sums, total.ignored);
        let more_answers = sums.answered() > sums.shown;
        let rate =
            |name, number| (name, number, (!more_answers).then(|| share(number, sums.shown)).flatten());
        let decisions = sums.answered() + sums.withdrawn + sums.signal;
        let granted = std::mem::take(&mut total.granted).into_iter();
        Self {
            heading,
            column,
            items,
            rates: vec![
                rate("Accepted", sums.accepted),
                rate("Refused", sums.refused),
                rate("Customised", sums.customised),
                rate("Ignored", ignored),
            ],
            more_answers,
            chart,
            legend: KINDS.iter().map(|kind| (chart::swatch(kind.class), kind.name)).collect(),
            decisions,
            granted: granted
                .map(|(purpose, count)| (purpose, count, share(count, decisions).unwrap_or_default()))
                .collect(),
            total,
        }
    }
}

/// A part of a whole in per cent, with one digit behind the point; none of nothing.
fn share(part: i64, whole: i64) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    // Rounded to the nearest, as people do.
    let thousandths = (i128::from(part) * 2000 / i128::from(whole) + 1) / 2;
    Some(format!("{}.{} %", thousandths / 10, thousandths % 10))
}

/// `GET /admin/sites/{site}/statistics`
async fn show_statistics(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Response> {
    caller.require(Permission::ReadStatistics, &site)?;
    let current = app.catalog.site(&site).await?;
    let asked = range(query, app.clock.now());
    let shell = Shell::of_site(&caller, "Statistics", &current.site, Tab::Statistics);
    match asked {
        Ok((days, by)) => {
            let statistics = read(&app, &caller, &site, days.clone(), by).await?;
            page(&StatisticsPage {
                shell,
                id: site,
                first: date(*days.start()).to_string(),
                last: date(*days.end()).to_string(),
                by: by.as_str(),
                problem: None,
                shown: Some(Shown::new(statistics)),
            })
        }
        Err((first, last, error)) => {
            let by = By::default().as_str();
            let problem = Some(error.to_string());
            let refused = page(&StatisticsPage { shell, id: site, first, last, by, problem, shown: None })?;
            Ok((error::incomplete(), refused).into_response())
        }
    }
}

/// `GET /admin/sites/{site}/statistics.csv`
async fn download_statistics(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Response> {
    caller.require(Permission::ReadStatistics, &site)?;
    let (days, by) = range(query, app.clock.now()).map_err(|(_, _, error)| error)?;
    download(&app, &caller, &site, days, by).await
}

type Range = (std::ops::RangeInclusive<i64>, By);

/// The days and the parts that were asked for; otherwise what was typed, and what is wrong with it.
fn range(
    query: Result<Query<PageQuery>, QueryRejection>,
    now: i64,
) -> Result<Range, (String, String, Error)> {
    let Query(PageQuery { first, last, by }) = match query {
        Ok(query) => query,
        Err(rejection) => {
            return Err((String::new(), String::new(), Error::InvalidQuery(rejection.body_text())));
        }
    };
    let usual = || days(None, None, now);
    let one = |text: &str, usual: i64| match text.trim() {
        "" => Ok(usual),
        text => match text.parse::<Date>() {
            Ok(date) => Ok(days_since_1970(date)),
            Err(_) => Err(Error::InvalidQuery(format!("`{text}` is no day; write one as 2026-11-21"))),
        },
    };
    let asked = usual().and_then(|usual| {
        let last = one(&last, *usual.end())?;
        let first = one(&first, last - (usual.end() - usual.start()))?;
        check_days(first..=last)
    });
    asked.map(|days| (days, by)).map_err(|error| (first, last, error))
}

fn days_since_1970(date: Date) -> i64 {
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).map(|day| day.timestamp().as_millisecond());
    midnight.unwrap_or_default().div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_and_of_something() {
        assert_eq!(share(1, 3).as_deref(), Some("33.3 %"));
        assert_eq!(share(2, 3).as_deref(), Some("66.7 %"));
        assert_eq!(share(0, 5).as_deref(), Some("0.0 %"));
        assert_eq!(share(5, 5).as_deref(), Some("100.0 %"));
        assert_eq!(share(5, 0), None);
    }

    #[test]
    fn days_of_the_page_include_the_last() {
        let of = |first: &str, last: &str| {
            let query = PageQuery { first: first.to_owned(), last: last.to_owned(), by: By::Day };
            range(Ok(Query(query)), 1_795_219_200_000)
                .map(|(days, _)| days)
                .map_err(|(.., error)| error.to_string())
        };
        let today = 1_795_219_200_000 / DAY;
        assert_eq!(of("2026-11-20", "2026-11-21"), Ok(today - 1..=today));
        assert_eq!(of("", "2026-11-20"), Ok(today - 30..=today - 1));
        assert_eq!(of("", ""), Ok(today - 29..=today));
        assert!(of("2026-11-22", "2026-11-21").unwrap_err().contains("after the last"));
        assert!(of("soon", "").unwrap_err().contains("`soon` is no day"));
    }
}

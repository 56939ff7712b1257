//! Owns what can be asked of receipts: by time, notice, method, choice and visitor; as a query, as JSON, and as a filter.
//! Refuses names that it does not know: a misspelt filter would show everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use assent_shared::{Method, PurposeId, VisitorId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::error::{Error, Result};
use crate::numbers;
use crate::store::{Filter, KindFilter, Place};

/// Items of one answer, unless more or fewer are asked for.
const LIMIT: i64 = 50;
/// Items of one answer, at most.
const MOST: i64 = 500;

/// Which receipts are asked for; all of them without any wish.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams, utoipa::ToSchema,
)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ReceiptsQuery {
    /// Received at or after: a date (midnight UTC) or a time (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Received before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Answers to this notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<u32>,
    /// Made in this way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// Each of these purposes was granted; naming one twice says no more.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = Vec<PurposeId>)]
    pub granted: BTreeSet<PurposeId>,
    /// Each of these purposes was denied.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = Vec<PurposeId>)]
    pub denied: BTreeSet<PurposeId>,
    /// One visitor's only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visitor: Option<VisitorId>,
}

/// Which part of a list is asked for.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "what `limit` and `after` read, for the document")]
pub(crate) struct Paging {
    /// How many, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<i64>,
    /// What the answer before this one had as `next`.
    after: Option<String>,
}

/// As [`ReceiptsQuery`], on the command line.
#[derive(Debug, clap::Args)]
pub struct ReceiptsArguments {
    /// Received at or after: 2026-11-21, or 2026-11-21T09:30:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Received before
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Answers to this notice
    #[arg(long, value_name = "NUMBER")]
    notice: Option<u32>,
    /// Made in this way
    #[arg(long, value_name = "accept_all|reject_all|custom|signal|withdraw", value_parser = |name: &str| method(name).map_err(|error| error.to_string()))]
    method: Option<Method>,
    /// This purpose was granted, once for each
    #[arg(long, value_name = "PURPOSE")]
    granted: Vec<PurposeId>,
    /// This purpose was denied, once for each
    #[arg(long, value_name = "PURPOSE")]
    denied: Vec<PurposeId>,
    /// One visitor's receipts only: v_…
    #[arg(long)]
    visitor: Option<VisitorId>,
}

impl From<ReceiptsArguments> for ReceiptsQuery {
    fn from(arguments: ReceiptsArguments) -> Self {
        let ReceiptsArguments { from, to, notice, method, granted, denied, visitor } = arguments;
        let (granted, denied) = (granted.into_iter().collect(), denied.into_iter().collect());
        Self { from, to, notice, method, granted, denied, visitor }
    }
}

/// What a request's query says beside the filter.
pub(crate) type Others = BTreeMap<String, String>;

impl ReceiptsQuery {
    /// Reads a request's query; `others` are the names that it may have beside the filter's. A form sends fields that nobody
    /// filled in, so what is empty is not there.
    pub(crate) fn parse(raw: Option<&str>, others: &[&str]) -> Result<(Self, Others)> {
        let (mut query, mut rest) = (Self::default(), Others::new());
        for (name, value) in form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            match &*name {
                "from" => query.from = Some(value.to_owned()),
                "to" => query.to = Some(value.to_owned()),
                "notice" => query.notice = Some(read(&name, value, "is a notice's number")?),
                "method" => query.method = Some(method(value)?),
                "granted" => {
                    query.granted.insert(id(&name, value)?);
                }
                "denied" => {
                    query.denied.insert(id(&name, value)?);
                }
                "visitor" => query.visitor = Some(id(&name, value)?),
                other if others.contains(&other) => {
                    rest.insert(other.to_owned(), value.to_owned());
                }
                other => return Err(Error::InvalidQuery(format!("`{other}` cannot be asked for here"))),
            }
        }
        Ok((query, rest))
    }

    /// The filter.
    pub fn filter(&self) -> Result<Filter> {
        let time =
            |text: &Option<String>| text.as_deref().map(instant).transpose().map_err(Error::InvalidQuery);
        Ok(Filter {
            from: time(&self.from)?,
            to: time(&self.to)?,
            visitor: self.visitor.clone(),
            kind: KindFilter {
                notice: self.notice,
                method: self.method,
                granted: self.granted.clone(),
                denied: self.denied.clone(),
            },
        })
    }

    /// The same as a request's query, always written in one way; empty where nothing is wished for.
    #[must_use]
    pub fn to_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let single = [
            ("from", self.from.clone()),
            ("to", self.to.clone()),
            ("notice", self.notice.map(|number| number.to_string())),
            ("method", self.method.map(|method| method.as_str().to_owned())),
            ("visitor", self.visitor.as_ref().map(ToString::to_string)),
        ];
        query.extend_pairs(single.into_iter().filter_map(|(name, value)| Some((name, value?))));
        query.extend_pairs(self.granted.iter().map(|purpose| ("granted", purpose.as_str())));
        query.extend_pairs(self.denied.iter().map(|purpose| ("denied", purpose.as_str())));
        query.finish()
    }

    /// As the audit log names it.
    #[must_use]
    pub(crate) fn about(&self) -> String {
        let query = self.to_query();
        if query.is_empty() { "all".to_owned() } else { query }
    }
}

/// Reads a query that is no filter.
pub(crate) fn only(raw: Option<&str>, others: &[&str]) -> Result<Others> {
    let mut read = Others::new();
    for (name, value) in form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
        if !others.contains(&&*name) {
            return Err(Error::InvalidQuery(format!("`{name}` cannot be asked for here")));
        }
        read.insert(name.into_owned(), value.into_owned());
    }
    Ok(read)
}

fn id<T: FromStr<Err: Display>>(name: &str, value: &str) -> Result<T> {
    value.parse().map_err(|error| Error::InvalidQuery(format!("`{name}`: {error}")))
}

fn read<T: FromStr + Display>(name: &str, value: &str, what: &str) -> Result<T> {
    numbers::plain(value)
        .ok_or_else(|| Error::InvalidQuery(format!("`{name}` {what}, and `{value}` is none")))
}

/// A method by its name.
pub(crate) fn method(name: &str) -> Result<Method> {
    serde_json::from_value(name.into()).map_err(|_| {
        Error::InvalidQuery(format!(
            "`{name}` is no method: write accept_all, reject_all, custom, signal or withdraw"
        ))
    })
}

/// How many items are wanted.
pub(crate) fn limit(others: &Others) -> Result<i64> {
    let Some(limit) = others.get("limit") else { return Ok(LIMIT) };
    let limit = read("limit", limit, "is a number from 1 to 500")?;
    if (1..=MOST).contains(&limit) {
        Ok(limit)
    } else {
        Err(Error::InvalidQuery("`limit` is a number from 1 to 500".to_owned()))
    }
}

/// After which place reading goes on.
pub(crate) fn after(others: &Others) -> Result<Option<Place>> {
    let Some(after) = others.get("after") else { return Ok(None) };
    let place = || {
        let mut parts = after.split('.').map(numbers::plain::<i64>);
        let place = Place(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(place)
    };
    place().map(Some).ok_or_else(|| {
        Error::InvalidQuery("`after` is what an answer before this one had as `next`".to_owned())
    })
}

/// A place as [`after`] reads it.
pub(crate) fn cursor(Place(received_at, ledger, leaf_index): Place) -> String {
    format!("{received_at}.{ledger}.{leaf_index}")
}

/// Reads a time: an RFC 3339 time, or a date that begins at midnight UTC.
pub(crate) fn instant(text: &str) -> Result<i64, String> {
    let timestamp = match text.parse::<Date>() {
        Ok(date) if text.len() == 10 => date.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()),
        _ => text.parse::<Timestamp>(),
    };
    timestamp.map(Timestamp::as_millisecond).map_err(|_| {
        format!(
            "`{text}` is no time: write a date such as 2026-11-21, or a time such as 2026-11-21T09:30:00Z"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_dates_or_times() {
        assert_eq!(instant("1970-01-02"), Ok(86_400_000));
        assert_eq!(instant("1970-01-01T01:00:00+01:00"), Ok(0));
        assert!(instant("yesterday").unwrap_err().contains("`yesterday` is no time"));
        assert!(instant("2026-13-01").is_err());
    }

    #[test]
    fn a_query_is_read_and_written() {
        let raw = "from=2026-11-21&to=&notice=2&method=reject_all&visitor=v_AAAAAAAAAAAAAAAAAAAAAA&granted=a&granted=b&denied=c";
        let (query, others) = ReceiptsQuery::parse(Some(&format!("{raw}&limit=7")), &["limit"]).unwrap();
        assert_eq!(query.to_query(), raw.replace("to=&", ""));
        assert_eq!(limit(&others).unwrap(), 7);
        assert_eq!(
            serde_json::from_str::<ReceiptsQuery>(&serde_json::to_string(&query).unwrap()).unwrap(),
            query
        );
        assert_eq!(query.filter().unwrap().kind.granted.len(), 2);
        assert_eq!(ReceiptsQuery::parse(None, &[]).unwrap().0.about(), "all");
        for bad in ["form=2026", "notice=first", "method=hope", "visitor=me", "granted=A", "limit=7"] {
            assert!(matches!(ReceiptsQuery::parse(Some(bad), &[]), Err(Error::InvalidQuery(_))), "{bad}");
        }
    }

    #[test]
    fn a_cursor_comes_back() {
        let place = Place(1_795_219_200_000, 1, 7);
        let others = |after: &str| Others::from([("after".to_owned(), after.to_owned())]);
        assert_eq!(after(&others(&cursor(place))).unwrap(), Some(place));
        for bad in ["1.2", "1.2.3.4", "a.b.c", "1..2"] {
            assert!(after(&others(bad)).is_err(), "{bad}");
        }
    }
}

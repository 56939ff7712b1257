//! Owns the SQL of the statistics: adding to the sums, and reading them by day, notice, language or device.
//! Refuses to look at receipts: what is not added up when it happens is not counted.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use assent_shared::SiteId;
use sqlx::{Database, Encode, QueryBuilder, Type};

use super::{Store, Transaction, on_engine, on_transaction};
use crate::statistics::event::Counted;

/// Lines of one statement. Mostly there are fewer, so that one statement takes them all, and each engine keeps at most this many
/// texts prepared.
const LINES: usize = 32;

/// By what the sums are told apart.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Each day (UTC).
    #[default]
    Day,
    /// Each version of the notice.
    Notice,
    /// Each language.
    Locale,
    /// Each class of device.
    Device,
}

impl By {
    /// The name, which is the column's too.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Notice => "notice",
            Self::Locale => "locale",
            Self::Device => "device",
        }
    }
}

/// How often something happened in one part.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CountRow {
    /// The day's or the notice's number, the language, or the device.
    pub part: String,
    /// What happened.
    pub event: String,
    /// The purpose of a grant, else empty.
    pub purpose: String,
    /// How often.
    pub count: i64,
}

/// The statement that adds to the sums.
pub(super) fn push_counts<'q, Db>(
    text: &mut QueryBuilder<Db>,
    counts: impl Iterator<Item = (&'q Counted, &'q i64)>,
) where
    Db: Database,
    i64: Encode<'q, Db> + Type<Db>,
    &'q str: Encode<'q, Db> + Type<Db>,
{
    text.push("insert into counts (site, day, notice, locale, device, event, purpose, count) ");
    text.push_values(counts, |mut row, (line, count)| {
        row.push_bind(line.site.as_str())
            .push_bind(line.day)
            .push_bind(i64::from(line.notice))
            .push_bind(line.locale.as_str())
            .push_bind(line.device.as_str())
            .push_bind(line.event.as_str())
            .push_bind(line.purpose.as_str())
            .push_bind(*count);
    });
    text.push(
        " on conflict (site, day, notice, locale, device, event, purpose) do update set count = counts.count + excluded.count",
    );
}

impl Transaction {
    /// Adds to the sums, in one order everywhere.
    pub(super) async fn add_counts(&mut self, counts: &BTreeMap<Counted, i64>) -> sqlx::Result<()> {
        let lines: Vec<(&Counted, &i64)> = counts.iter().collect();
        on_transaction!(self, |transaction, Db| {
            for some in lines.chunks(LINES) {
                let mut insert = QueryBuilder::<Db>::new("");
                push_counts(&mut insert, some.iter().copied());
                insert.build().execute(&mut **transaction).await?;
            }
        });
        Ok(())
    }
}

impl Store {
    /// Adds displays, which no receipt brings, to the sums.
    pub async fn add_displays(&self, counts: &BTreeMap<Counted, i64>) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        transaction.add_counts(counts).await?;
        transaction.commit().await
    }

    /// The sums of a site over some days, in parts.
    pub async fn counts(
        &self,
        site: &SiteId,
        days: RangeInclusive<i64>,
        by: By,
    ) -> sqlx::Result<Vec<CountRow>> {
        let part = by.as_str();
        on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new("select cast(");
            query.push(part).push(" as text) as part, event, purpose, cast(sum(count) as bigint) as count");
            query.push(" from counts where site = ").push_bind(site.as_str());
            query.push(" and day between ").push_bind(*days.start()).push(" and ").push_bind(*days.end());
            query.push(" group by ").push(part).push(", event, purpose");
            query.build_query_as().fetch_all(pool).await
        })
    }
}

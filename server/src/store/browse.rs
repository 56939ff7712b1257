//! Owns reading receipts in order, oldest or newest first, whatever they are filtered by: each filter is a walk along one index.
//! Refuses to count its way to a page, and to read what it leaves out: a page costs what it shows.

use std::collections::BTreeSet;

use assent_shared::{SiteId, VisitorId};
use sqlx::QueryBuilder;

use super::kinds::KindFilter;
use super::lanes::Lanes;
use super::receipts::SHOWN;
use super::{ReceiptRow, Store, in_statements, on_engine};

/// Which receipts are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Received at or after, milliseconds since 1970.
    pub from: Option<i64>,
    /// Received before, milliseconds since 1970.
    pub to: Option<i64>,
    /// One visitor's only.
    pub visitor: Option<VisitorId>,
    /// By notice, method and choice.
    pub kind: KindFilter,
}

/// Where a receipt stands among a site's: when it was received, in which ledger, at which leaf index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub i64, pub i64, pub i64);

impl Place {
    /// Before the first receipt.
    pub const START: Self = Self(i64::MIN, 0, -1);
    /// Behind the last.
    pub const END: Self = Self(i64::MAX, i64::MAX, i64::MAX);
}

/// In which direction receipts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Order {
    OldestFirst,
    NewestFirst,
}

/// What bounds a walk: the place that was seen last, and where it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) order: Order,
    pub(super) after: Place,
    /// Received before or from then on, by the order.
    pub(super) end: i64,
}

impl Bounds {
    fn new(filter: &Filter, order: Order, after: Option<Place>) -> Self {
        let (from, to) = (filter.from.unwrap_or(i64::MIN), filter.to.unwrap_or(i64::MAX));
        // One bound at each end, or the engine may choose the wrong one to begin at.
        match order {
            Order::OldestFirst => {
                let after = after.unwrap_or(Place::START).max(Place(from, i64::MIN, i64::MIN));
                Self { order, after, end: to }
            }
            Order::NewestFirst => {
                let first = filter.to.map_or(Place::END, |to| Place(to, i64::MIN, i64::MIN));
                Self { order, after: after.unwrap_or(Place::END).min(first), end: from }
            }
        }
    }

    /// The part of a statement that walks the rest of an index over time: bounds, order, and how far.
    pub(super) fn push<Db: sqlx::Database>(self, query: &mut QueryBuilder<Db>, limit: i64)
    where
        for<'q> i64: sqlx::Encode<'q, Db> + sqlx::Type<Db>,
    {
        let (beyond, until, direction) = match self.order {
            Order::OldestFirst => (" > (", " and received_at < ", ""),
            Order::NewestFirst => (" < (", " and received_at >= ", " desc"),
        };
        let Place(received_at, ledger, leaf_index) = self.after;
        query.push(" and (received_at, ledger, leaf_index)").push(beyond).push_bind(received_at);
        query.push(", ").push_bind(ledger).push(", ").push_bind(leaf_index).push(")");
        query.push(until).push_bind(self.end);
        query.push(" order by received_at").push(direction).push(", ledger").push(direction);
        query.push(", leaf_index").push(direction).push(" limit ").push_bind(limit);
    }
}

/// Receipts being read, page after page. It holds no connection between two pages.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    site: SiteId,
    filter: Filter,
    bounds: Bounds,
    way: Way,
}

/// The index that is walked along.
#[derive(Debug)]
enum Way {
    /// There is nothing, or nothing more.
    Ended,
    /// By time.
    Time,
    /// One visitor's, in the order of the ledger; of these kinds only, if any are named.
    Visitor(VisitorId, Option<Vec<i64>>),
    /// Some kinds, merged.
    Kinds(Lanes),
}

impl Store {
    /// Begins to read a site's receipts after `after`; without those that are erased or restricted.
    pub async fn reader(
        &self,
        site: &SiteId,
        filter: &Filter,
        order: Order,
        after: Option<Place>,
    ) -> sqlx::Result<Reader> {
        let bounds = Bounds::new(filter, order, after);
        let restricted = self.restricted_visitors(site).await?;
        let kinds = self.kinds_within(site, filter).await?;
        let nothing = kinds.as_ref().is_some_and(Vec::is_empty) || restricted.contains(&None);
        let way = match (&filter.visitor, kinds) {
            _ if nothing => Way::Ended,
            (Some(visitor), kinds) => Way::Visitor(visitor.clone(), kinds),
            (None, None) => Way::Time,
            (None, Some(kinds)) => Way::Kinds(Lanes::new(kinds, bounds, !restricted.is_empty())),
        };
        Ok(Reader { store: self.clone(), site: site.clone(), filter: filter.clone(), bounds, way })
    }

    /// The next `limit` receipts of a site after `place`, in the order in which they were received; without those that are
    /// erased or restricted.
    pub async fn receipts(
        &self,
        site: &SiteId,
        filter: &Filter,
        place: Place,
        limit: i64,
    ) -> sqlx::Result<Vec<ReceiptRow>> {
        self.reader(site, filter, Order::OldestFirst, Some(place)).await?.next(limit).await
    }

    /// How many receipts a filter takes, give or take those that are not shown.
    pub async fn count_receipts(&self, site: &SiteId, filter: &Filter) -> sqlx::Result<i64> {
        let kinds = self.kinds_within(site, filter).await?;
        on_engine!(self, |pool, Db| {
            let mut query =
                QueryBuilder::<Db>::new("select count(*) from receipts where body is not null and site = ");
            query.push_bind(site.as_str());
            if let Some(visitor) = &filter.visitor {
                query.push(" and visitor = ").push_bind(visitor.as_str());
            }
            push_time(&mut query, filter);
            match kinds.as_deref() {
                Some([]) => return Ok(0),
                Some(kinds) => push_kinds(&mut query, kinds),
                None => {}
            }
            query.build_query_scalar().fetch_one(pool).await
        })
    }

    /// Whose receipts may be kept but not shown (GDPR art. 18); nobody in particular means everybody's.
    pub async fn restricted_visitors(&self, site: &SiteId) -> sqlx::Result<BTreeSet<Option<String>>> {
        let visitors: Vec<Option<String>> = on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select distinct visitor from holds where site = $1 and kind = 'restriction' and lifted_at is null",
            )
            .bind(site.as_str())
            .fetch_all(pool)
            .await?
        });
        Ok(visitors.into_iter().collect())
    }

    /// The receipts at these places, in no order.
    async fn receipts_at(&self, site: &SiteId, places: &[Place]) -> sqlx::Result<Vec<ReceiptRow>> {
        let mut rows = Vec::with_capacity(places.len());
        on_engine!(self, |pool, Db| {
            for some in in_statements(places) {
                // Joined and not `in`: for that, SQLite would walk all of the site.
                let mut query = QueryBuilder::<Db>::new("with wanted (number, place) as (");
                query.push_values(some, |mut row, Place(_, ledger, leaf_index)| {
                    row.push_bind(*ledger).push_bind(*leaf_index);
                });
                query.push(
                    ") select ledger, leaf_index, received_at, body from wanted
                     join receipts on ledger = number and leaf_index = place
                     where body is not null and receipts.site = ",
                );
                query.push_bind(site.as_str()).push(SHOWN);
                let more: Vec<ReceiptRow> = query.build_query_as().fetch_all(pool).await?;
                rows.extend(more);
            }
        });
        Ok(rows)
    }
}

impl Reader {
    /// The next receipts, `limit` at most; none at the end.
    pub async fn next(&mut self, limit: i64) -> sqlx::Result<Vec<ReceiptRow>> {
        let rows = match &mut self.way {
            Way::Ended => Vec::new(),
            Way::Time => self.by_time(limit).await?,
            Way::Visitor(..) => self.by_visitor(limit).await?,
            Way::Kinds(lanes) => loop {
                let places = lanes.next(&self.store, &self.site, limit).await?;
                let mut rows = self.store.receipts_at(&self.site, &places).await?;
                rows.sort_by_key(ReceiptRow::place);
                if self.bounds.order == Order::NewestFirst {
                    rows.reverse();
                }
                // All of them may have been erased in between.
                if !rows.is_empty() || places.is_empty() {
                    break rows;
                }
            },
        };
        match rows.last() {
            Some(last) => self.bounds.after = last.place(),
            None => self.way = Way::Ended,
        }
        Ok(rows)
    }

    async fn by_time(&self, limit: i64) -> sqlx::Result<Vec<ReceiptRow>> {
        on_engine!(self.store, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new(
                "select ledger, leaf_index, received_at, body from receipts where body is not null and site = ",
            );
            query.push_bind(self.site.as_str()).push(SHOWN);
            self.bounds.push(&mut query, limit);
            query.build_query_as().fetch_all(pool).await
        })
    }

    async fn by_visitor(&self, limit: i64) -> sqlx::Result<Vec<ReceiptRow>> {
        let Way::Visitor(visitor, kinds) = &self.way else { return Ok(Vec::new()) };
        let (beyond, direction) = match self.bounds.order {
            Order::OldestFirst => (" > (", ""),
            Order::NewestFirst => (" < (", " desc"),
        };
        // A bound of time is no place in the ledger.
        let Place(_, ledger, leaf_index) = match self.bounds.after {
            Place(_, ledger, _) if ledger == i64::MIN && self.bounds.order == Order::OldestFirst => {
                Place::START
            }
            Place(_, ledger, _) if ledger == i64::MIN => Place::END,
            place => place,
        };
        on_engine!(self.store, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new(
                "select ledger, leaf_index, received_at, body from receipts where body is not null and site = ",
            );
            query
                .push_bind(self.site.as_str())
                .push(" and visitor = ")
                .push_bind(visitor.as_str())
                .push(SHOWN);
            query.push(" and (ledger, leaf_index)").push(beyond);
            query.push_bind(ledger).push(", ").push_bind(leaf_index).push(")");
            push_rest(&mut query, &self.filter, kinds.as_deref().unwrap_or_default());
            query.push(" order by ledger").push(direction).push(", leaf_index").push(direction);
            query.push(" limit ").push_bind(limit);
            query.build_query_as().fetch_all(pool).await
        })
    }
}

/// The part of a statement that bounds the time, for an engine to walk along.
fn push_time<Db: sqlx::Database>(query: &mut QueryBuilder<Db>, filter: &Filter)
where
    for<'q> i64: sqlx::Encode<'q, Db> + sqlx::Type<Db>,
{
    for (beyond, bound) in [(" and received_at >= ", filter.from), (" and received_at < ", filter.to)] {
        if let Some(bound) = bound {
            query.push(beyond).push_bind(bound);
        }
    }
}

/// As [`push_time`], of kinds.
fn push_kinds<Db: sqlx::Database>(query: &mut QueryBuilder<Db>, kinds: &[i64]) {
    query.push(" and kind in (").push(listed(kinds)).push(")");
}

/// What remains of a filter where visitors are walked along; of all kinds, if none are named. The signs of plus keep the engines
/// from walking the other indexes: a day of everybody's receipts is more than all of a few visitors'.
pub(super) fn push_rest<Db: sqlx::Database>(query: &mut QueryBuilder<Db>, filter: &Filter, kinds: &[i64])
where
    for<'q> i64: sqlx::Encode<'q, Db> + sqlx::Type<Db>,
{
    for (beyond, bound) in [(" and +received_at >= ", filter.from), (" and +received_at < ", filter.to)] {
        if let Some(bound) = bound {
            query.push(beyond).push_bind(bound);
        }
    }
    if !kinds.is_empty() {
        query.push(" and +kind in (").push(listed(kinds)).push(")");
    }
}

/// Numbers of our own, and perhaps more than an engine takes as parameters.
fn listed(kinds: &[i64]) -> String {
    kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

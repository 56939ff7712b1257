//! Owns the dictionary of kinds: one row for each combination of notice, method and choices that occurs at a site. A receipt
//! names its kind by number, so that a filter by any of them is a short list of numbers.
//! Refuses to remember a number whose transaction may still fail.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use assent_shared::decision::{Choices, Method};
use assent_shared::{PurposeId, Receipt, SiteId};
use moka::future::Cache;

use super::{Filter, Store, Transaction, on_engine, on_transaction};

/// Kinds that are remembered. A site has some dozens; whoever makes up more only makes them be looked up.
const REMEMBERED: u64 = 10_000;

/// What a kind is made of: notice, method, and the choices as the receipts write them.
type Parts = (i64, &'static str, String);

/// The numbers of kinds that are committed. They never change.
#[derive(Debug, Clone)]
pub(super) struct Kinds(Cache<(SiteId, Parts), i64>);

impl Default for Kinds {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Kinds {
    /// Forgets every number: a database that was away may be another one than before.
    pub(super) fn forget(&self) {
        self.0.invalidate_all();
    }

    /// The kind of each receipt of a site, in their order; nothing, unless all are known to be committed.
    pub(super) async fn remembered(
        &self,
        site: &SiteId,
        receipts: &[Receipt],
    ) -> sqlx::Result<Option<Vec<i64>>> {
        let mut numbers = Vec::with_capacity(receipts.len());
        let mut of_this_batch: HashMap<(u32, &str, &Choices), i64> = HashMap::new();
        for receipt in receipts {
            let key = (receipt.notice.number, receipt.method.as_str(), &receipt.choices);
            let number = match of_this_batch.get(&key) {
                Some(number) => *number,
                None => match self.0.get(&(site.clone(), parts(receipt)?)).await {
                    Some(number) => number,
                    None => return Ok(None),
                },
            };
            of_this_batch.insert(key, number);
            numbers.push(number);
        }
        Ok(Some(numbers))
    }
}

/// A kind of receipts.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KindRow {
    /// Its number at the site.
    pub kind: i64,
    /// The notice that was answered.
    pub notice: i64,
    /// How.
    pub method: String,
    /// What was chosen, as the receipts have it: canonical JSON.
    pub choices: String,
}

/// Which kinds are wanted; all of them without any wish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindFilter {
    /// Answers to this notice.
    pub notice: Option<u32>,
    /// Made in this way.
    pub method: Option<Method>,
    /// Each of these was granted.
    pub granted: BTreeSet<PurposeId>,
    /// Each of these was denied.
    pub denied: BTreeSet<PurposeId>,
}

impl KindFilter {
    /// Whether nothing is wished for.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the receipts of that kind are wanted.
    #[must_use]
    pub fn takes(&self, kind: &KindRow) -> bool {
        let choices: BTreeMap<PurposeId, bool> = serde_json::from_str(&kind.choices).unwrap_or_default();
        let chosen = |wanted: &BTreeSet<PurposeId>, granted| {
            wanted.iter().all(|purpose| choices.get(purpose) == Some(&granted))
        };
        self.notice.is_none_or(|notice| i64::from(notice) == kind.notice)
            && self.method.is_none_or(|method| method.as_str() == kind.method)
            && chosen(&self.granted, true)
            && chosen(&self.denied, false)
    }
}

fn parts(receipt: &Receipt) -> sqlx::Result<Parts> {
    let choices: &Choices = &receipt.choices;
    let choices = serde_json::to_string(choices).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    Ok((i64::from(receipt.notice.number), receipt.method.as_str(), choices))
}

impl Transaction {
    /// The kind of each receipt, in their order. The site's ledger must be open: its lock keeps two servers from giving one
    /// number twice.
    pub(super) async fn kinds_of(
        &mut self,
        site: &SiteId,
        receipts: impl Iterator<Item = &Receipt>,
        kinds: &Kinds,
    ) -> sqlx::Result<Vec<i64>> {
        let mut numbers = Vec::new();
        let mut of_this_batch: HashMap<Parts, i64> = HashMap::new();
        for receipt in receipts {
            let parts = parts(receipt)?;
            if let Some(known) = of_this_batch.get(&parts) {
                numbers.push(*known);
                continue;
            }
            let key = (site.clone(), parts.clone());
            let number = match kinds.0.get(&key).await {
                Some(number) => number,
                None => match self.stored_kind(site, &parts).await? {
                    // A transaction asks for a kind before it makes one, so what it finds is committed.
                    Some(number) => {
                        kinds.0.insert(key, number).await;
                        number
                    }
                    None => self.new_kind(site, &parts).await?,
                },
            };
            of_this_batch.insert(parts, number);
            numbers.push(number);
        }
        Ok(numbers)
    }

    async fn stored_kind(
        &mut self,
        site: &SiteId,
        (notice, method, choices): &Parts,
    ) -> sqlx::Result<Option<i64>> {
        on_transaction!(self, |transaction, Db| {
            sqlx::query_scalar::<Db, _>(
                "select kind from kinds where site = $1 and notice = $2 and method = $3 and choices = $4",
            )
            .bind(site.as_str())
            .bind(notice)
            .bind(*method)
            .bind(choices)
            .fetch_optional(&mut **transaction)
            .await
        })
    }

    async fn new_kind(&mut self, site: &SiteId, (notice, method, choices): &Parts) -> sqlx::Result<i64> {
        on_transaction!(self, |transaction, Db| {
            sqlx::query_scalar::<Db, _>(
                "insert into kinds (site, kind, notice, method, choices)
                 select $1, coalesce(max(kind), 0) + 1, $2, $3, $4 from kinds where site = $1 returning kind",
            )
            .bind(site.as_str())
            .bind(notice)
            .bind(*method)
            .bind(choices)
            .fetch_one(&mut **transaction)
            .await
        })
    }
}

impl Store {
    /// The kinds that a filter takes; nothing if it takes all of them, those to come included.
    pub(super) async fn kinds_within(
        &self,
        site: &SiteId,
        filter: &Filter,
    ) -> sqlx::Result<Option<Vec<i64>>> {
        if filter.kind.is_everything() {
            return Ok(None);
        }
        let kinds = self.kinds(site).await?;
        Ok(Some(kinds.iter().filter(|kind| filter.kind.takes(kind)).map(|kind| kind.kind).collect()))
    }

    /// Every kind that occurs at a site.
    pub async fn kinds(&self, site: &SiteId) -> sqlx::Result<Vec<KindRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as("select kind, notice, method, choices from kinds where site = $1 order by kind")
                .bind(site.as_str())
                .fetch_all(pool)
                .await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_wanted_only_by_all_that_was_chosen() {
        let kind = KindRow {
            kind: 1,
            notice: 2,
            method: "custom".to_owned(),
            choices: r#"{"analytics":true,"video":false}"#.to_owned(),
        };
        let set = |purposes: &[&str]| purposes.iter().map(|id| id.parse().unwrap()).collect();
        let filter = |granted, denied| KindFilter {
            granted: set(granted),
            denied: set(denied),
            ..KindFilter::default()
        };
        assert!(KindFilter::default().takes(&kind) && KindFilter::default().is_everything());
        assert!(filter(&["analytics"], &["video"]).takes(&kind));
        assert!(!filter(&["analytics", "video"], &[]).takes(&kind));
        assert!(!filter(&[], &["analytics"]).takes(&kind));
        assert!(!filter(&[], &["maps"]).takes(&kind), "what was not asked was not denied");
        assert!(
            KindFilter { notice: Some(2), method: Some(Method::Custom), ..KindFilter::default() }
                .takes(&kind)
        );
        assert!(!KindFilter { notice: Some(1), ..KindFilter::default() }.takes(&kind));
        assert!(!KindFilter { method: Some(Method::Signal), ..KindFilter::default() }.takes(&kind));
    }
}

//! Owns erasing: blanking receipts under a tombstone, and the holds that forbid it.
//! Refuses to blank anything that a tombstone in the ledger does not cover, or that is held.

use assent_shared::ledger::{Entry, Reason, Tombstone};
use assent_shared::{SiteId, VisitorId};
use serde::Serialize;

use super::ledgers::AppendError;
use super::{Store, Transaction, on_engine, on_transaction};
use crate::sealer::Sealer;

/// Receipts that one tombstone erases by retention. Blanking a thousand takes some ten milliseconds, and nobody waits longer.
pub const ERASED_AT_ONCE: i64 = 1000;

/// What became of receipts that were to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erasure {
    /// So many are blank now.
    Done(u64),
    /// They are held.
    Held(HoldRow),
}

/// Receipts that are not erased for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[schema(as = Hold)]
pub struct HoldRow {
    /// By which it is lifted.
    pub hold_id: String,
    /// Whose receipts; nobody in particular means all of the site.
    pub visitor: Option<String>,
    /// `restriction` (GDPR art. 18: kept, not shown) or `legal_hold` (art. 17(3)(e): kept).
    pub kind: String,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub made_by: String,
    /// Milliseconds since 1970.
    pub made_at: i64,
    /// When it ended, milliseconds since 1970.
    pub lifted_at: Option<i64>,
}

/// A receipt that is to be erased: its ledger, its place there, and its decision.
type Doomed = (i64, i64, String);

impl Store {
    /// Erases everything of one visitor at a site.
    pub async fn erase_visitor(
        &self,
        site: &SiteId,
        visitor: &VisitorId,
        reason: Reason,
        now: i64,
    ) -> Result<Erasure, AppendError> {
        let mut transaction = self.begin().await?;
        let ledger = transaction.open_ledger(site, &self.sealer).await?;
        if let Some(hold) = transaction.hold_on(site, visitor).await? {
            return Ok(Erasure::Held(hold));
        }
        let rows: Vec<Doomed> = on_transaction!(&mut transaction, |transaction, Db| {
            sqlx::query_as::<Db, _>(
                "select ledger, leaf_index, decision from receipts where site = $1 and visitor = $2 and body is not null
                 order by ledger, leaf_index",
            )
            .bind(site.as_str())
            .bind(visitor.as_str())
            .fetch_all(&mut **transaction)
            .await?
        });
        let count = rows.len() as u64;
        transaction.bury(ledger, &rows, reason, now).await?;
        transaction.commit().await?;
        Ok(Erasure::Done(count))
    }

    /// Erases up to [`ERASED_AT_ONCE`] receipts of a site that were received before `before` and are not held; says how many.
    pub async fn erase_before(&self, site: &SiteId, before: i64, now: i64) -> Result<u64, AppendError> {
        let mut transaction = self.begin().await?;
        let ledger = transaction.open_ledger(site, &self.sealer).await?;
        let rows: Vec<Doomed> = on_transaction!(&mut transaction, |transaction, Db| {
            sqlx::query_as::<Db, _>(
                "select ledger, leaf_index, decision from (
                     select ledger, leaf_index, decision, received_at from receipts
                     where site = $1 and received_at < $2 and body is not null and not exists (
                         select 1 from holds where holds.site = receipts.site and lifted_at is null
                         and (holds.visitor is null or holds.visitor = receipts.visitor))
                     order by received_at, ledger, leaf_index limit $3
                 ) as oldest order by ledger, leaf_index",
            )
            .bind(site.as_str())
            .bind(before)
            .bind(ERASED_AT_ONCE)
            .fetch_all(&mut **transaction)
            .await?
        });
        transaction.bury(ledger, &rows, Reason::Retention, now).await?;
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }

    /// The sites whose receipts are erased after so many days.
    pub async fn retentions(&self) -> sqlx::Result<Vec<(String, i64)>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select site, retention_days from sites where retention_days is not null order by site",
            )
            .fetch_all(pool)
            .await
        })
    }

    /// Whether a site has a receipt from before `before` that is not held. Most sites have none at most hours, and only of the others
    /// the ledger is locked.
    pub async fn has_older(&self, site: &SiteId, before: i64) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            let oldest: Option<i64> = sqlx::query_scalar(
                "select leaf_index from receipts where site = $1 and received_at < $2 and body is not null
                 and not exists (select 1 from holds where site = $1 and visitor is null and lifted_at is null)
                 and not exists (
                     select 1 from holds
                     where holds.site = receipts.site and lifted_at is null and holds.visitor = receipts.visitor)
                 order by received_at, ledger, leaf_index limit 1",
            )
            .bind(site.as_str())
            .bind(before)
            .fetch_optional(pool)
            .await?;
            Ok(oldest.is_some())
        })
    }

    /// Sets after how many days a site's receipts are erased; nothing keeps them.
    pub async fn set_retention(&self, site: &SiteId, days: Option<i64>) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("update sites set retention_days = $2 where site = $1")
                .bind(site.as_str())
                .bind(days)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Keeps receipts from being erased.
    pub async fn add_hold(&self, site: &SiteId, hold: &HoldRow) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query(
                "insert into holds (site, hold_id, visitor, kind, reason, made_by, made_at)
                 values ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(site.as_str())
            .bind(&hold.hold_id)
            .bind(&hold.visitor)
            .bind(&hold.kind)
            .bind(&hold.reason)
            .bind(&hold.made_by)
            .bind(hold.made_at)
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// Ends a hold; `false` if there is none of that id, or it has ended before.
    pub async fn lift_hold(&self, site: &SiteId, hold_id: &str, now: i64) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            let lifted = sqlx::query(
                "update holds set lifted_at = $3 where site = $1 and hold_id = $2 and lifted_at is null",
            )
            .bind(site.as_str())
            .bind(hold_id)
            .bind(now)
            .execute(pool)
            .await?
            .rows_affected();
            Ok(lifted == 1)
        })
    }

    /// Every hold of a site, newest first, also those that have ended.
    pub async fn holds(&self, site: &SiteId) -> sqlx::Result<Vec<HoldRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select hold_id, visitor, kind, reason, made_by, made_at, lifted_at from holds where site = $1
                 order by made_at desc, hold_id",
            )
            .bind(site.as_str())
            .fetch_all(pool)
            .await
        })
    }
}

impl Transaction {
    async fn hold_on(&mut self, site: &SiteId, visitor: &VisitorId) -> sqlx::Result<Option<HoldRow>> {
        on_transaction!(self, |transaction, Db| {
            sqlx::query_as::<Db, _>(
                "select hold_id, visitor, kind, reason, made_by, made_at, lifted_at from holds
                 where site = $1 and lifted_at is null and (visitor is null or visitor = $2) order by made_at limit 1",
            )
            .bind(site.as_str())
            .bind(visitor.as_str())
            .fetch_optional(&mut **transaction)
            .await
        })
    }

    /// Appends a tombstone for each ledger's receipts, then blanks them.
    async fn bury(
        &mut self,
        mut ledger: super::open_ledger::OpenLedger,
        doomed: &[Doomed],
        reason: Reason,
        now: i64,
    ) -> Result<(), AppendError> {
        if doomed.is_empty() {
            return Ok(());
        }
        let site = ledger.site.clone();
        let chosen = chosen(doomed);
        let salts = Sealer::salts(chosen.len()).map_err(|error| sqlx::Error::Io(error.into()))?;
        for ((number, indexes), salt) in chosen.iter().zip(salts) {
            let leaves = Tombstone::runs(indexes);
            let of_ledger = u64::try_from(*number).unwrap_or_default();
            let body =
                Tombstone { erased_at: now, leaves: leaves.clone(), ledger: of_ledger, reason, version: 1 };
            let body = body.canonical_json();
            let commitment = salt.commit_tombstone(&body);
            let leaf = ledger.append_entry(&Entry::Tombstone { commitment }, Some((body, salt)));
            on_transaction!(self, |transaction, Db| {
                for (first, last) in leaves {
                    let (first, last) =
                        (super::ledgers::leaf_to_sql(first), super::ledgers::leaf_to_sql(last));
                    sqlx::query::<Db>(
                        "insert into tombstones
                         (site, ledger, first_leaf, last_leaf, tombstone_ledger, tombstone_leaf, reason, erased_at)
                         values ($1, $2, $3, $4, $5, $6, $7, $8)",
                    )
                    .bind(site.as_str())
                    .bind(number)
                    .bind(first)
                    .bind(last)
                    .bind(ledger.number)
                    .bind(leaf)
                    .bind(reason.as_str())
                    .bind(now)
                    .execute(&mut **transaction)
                    .await?;
                    sqlx::query::<Db>(
                        "update receipts set body = null, salt = null, visitor = null, decision = null, kind = null
                         where site = $1 and ledger = $2 and leaf_index between $3 and $4",
                    )
                    .bind(site.as_str())
                    .bind(number)
                    .bind(first)
                    .bind(last)
                    .execute(&mut **transaction)
                    .await?;
                }
            });
        }
        let decisions: Vec<&str> = doomed.iter().map(|(.., decision)| decision.as_str()).collect();
        self.forget_decisions(&site, &decisions).await?;
        self.close_ledger(ledger, now).await?;
        Ok(())
    }
}

/// The leaf indexes of receipts, which are in order, by ledger.
fn chosen(rows: &[Doomed]) -> Vec<(i64, Vec<u64>)> {
    rows.chunk_by(|(left, ..), (right, ..)| left == right)
        .map(|of_ledger| {
            (
                of_ledger[0].0,
                of_ledger.iter().filter_map(|(_, index, _)| u64::try_from(*index).ok()).collect(),
            )
        })
        .collect()
}

//! Owns reading the audit log by time, operator, action and site, and blanking what its retention has ended for.
//! Refuses to blank anything that a tombstone in the ledger does not cover.

use assent_shared::SiteId;
use assent_shared::ledger::{Entry, Reason, Tombstone};
use sqlx::QueryBuilder;

use super::audit::{NewLeaf, one_salt};
use super::ledgers::{AppendError, leaf_to_sql};
use super::{Store, on_engine, on_transaction};

/// Entries that one tombstone covers at most.
pub const AUDIT_ERASED_AT_ONCE: i64 = 1000;

/// An entry as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditRow {
    /// Which of the log's ledgers it is in.
    pub ledger: i64,
    /// Its place there.
    pub leaf_index: i64,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// On which site.
    pub site: Option<String>,
    /// About what.
    pub about: String,
}

/// A leaf with whatever is stored of it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AuditLeafRow {
    /// Its place.
    pub leaf_index: i64,
    /// Its bytes.
    pub entry: String,
    /// What they commit to, until it is erased.
    pub body: Option<String>,
    /// The salt that goes with it.
    pub salt: Option<Vec<u8>>,
    /// Whether a tombstone says that it was erased, but none of the leaves that were asked for: it was erased since.
    pub erased_since: bool,
}

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this time or later, milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this time.
    pub to: Option<i64>,
    /// By this operator, key, or the command line.
    pub actor: Option<String>,
    /// Of this kind.
    pub action: Option<String>,
    /// About these sites only; none for any, and for what concerns no site.
    pub sites: Option<Vec<SiteId>>,
}

impl Store {
    /// Entries before the place `before` (ledger and leaf), newest first.
    pub async fn audit_entries(
        &self,
        filter: &AuditFilter,
        before: Option<(i64, i64)>,
        limit: i64,
    ) -> sqlx::Result<Vec<AuditRow>> {
        on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new(
                "select ledger, leaf_index, at, actor, action, site, about from audit_entries where action is not null",
            );
            if let Some((ledger, leaf)) = before {
                query.push(" and (ledger, leaf_index) < (").push_bind(ledger).push(", ");
                query.push_bind(leaf).push(")");
            }
            if let Some(from) = filter.from {
                query.push(" and at >= ").push_bind(from);
            }
            if let Some(to) = filter.to {
                query.push(" and at < ").push_bind(to);
            }
            if let Some(actor) = &filter.actor {
                query.push(" and actor = ").push_bind(actor.as_str());
            }
            if let Some(action) = &filter.action {
                query.push(" and action = ").push_bind(action.as_str());
            }
            if let Some(sites) = &filter.sites {
                query.push(" and site in (");
                let mut list = query.separated(", ");
                for site in sites {
                    list.push_bind(site.as_str());
                }
                query.push(")");
            }
            query.push(" order by ledger desc, leaf_index desc limit ").push_bind(limit);
            query.build_query_as().fetch_all(pool).await
        })
    }

    /// The leaves of one of the log's ledgers from `first` to before `end`, in order, as the first `size` leaves tell of them.
    pub async fn audit_leaves(
        &self,
        ledger: i64,
        (first, end): (i64, i64),
        size: i64,
    ) -> sqlx::Result<Vec<AuditLeafRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select leaf_index, entry, body, salt, exists (
                     select 1 from audit_tombstones where audit_tombstones.ledger = audit_entries.ledger
                     and leaf_index between first_leaf and last_leaf
                     and (tombstone_ledger <> audit_entries.ledger or tombstone_leaf >= $4)) as erased_since
                 from audit_entries
                 where ledger = $1 and leaf_index >= $2 and leaf_index < $3 order by leaf_index",
            )
            .bind(ledger)
            .bind(first)
            .bind(end)
            .bind(size)
            .fetch_all(pool)
            .await
        })
    }

    /// The public leaves that name keys.
    pub async fn audit_key_entries(&self, ledger: i64) -> sqlx::Result<Vec<String>> {
        on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select entry from audit_entries where ledger = $1 and body is null and at is null and entry like '%\"type\":\"key\"%'
                 order by leaf_index",
            )
            .bind(ledger)
            .fetch_all(pool)
            .await
        })
    }

    /// The names that occur in the log: of those who did something, and of what they did.
    pub async fn audit_names(&self) -> sqlx::Result<(Vec<String>, Vec<String>)> {
        on_engine!(self, |pool| {
            let actors = sqlx::query_scalar(
                "select distinct actor from audit_entries where actor is not null order by actor",
            );
            let actions = sqlx::query_scalar(
                "select distinct action from audit_entries where action is not null order by action",
            );
            Ok((actors.fetch_all(pool).await?, actions.fetch_all(pool).await?))
        })
    }

    /// How many entries there are that are not erased, and the time of the oldest.
    pub async fn audit_extent(&self) -> sqlx::Result<(i64, Option<i64>)> {
        on_engine!(self, |pool| {
            sqlx::query_as("select count(*), min(at) from audit_entries where action is not null")
                .fetch_one(pool)
                .await
        })
    }

    /// Erases up to [`AUDIT_ERASED_AT_ONCE`] entries from before `before`; says how many.
    pub async fn erase_audit_before(&self, origin: &str, before: i64, now: i64) -> Result<u64, AppendError> {
        // Most hours there is nothing to do, and the log's lock is not taken for it.
        let due: Option<i64> = on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select leaf_index from audit_entries where at < $1 and action is not null limit 1",
            )
            .bind(before)
            .fetch_optional(pool)
            .await?
        });
        if due.is_none() {
            return Ok(0);
        }
        let mut transaction = self.begin().await?;
        let mut open = transaction.open_audit(origin, &self.sealer).await?;
        let rows: Vec<(i64, i64)> = on_transaction!(&mut transaction, |transaction, Db| {
            sqlx::query_as::<Db, _>(
                "select ledger, leaf_index from (
                     select ledger, leaf_index, at from audit_entries where at < $1 and action is not null
                     order by at, ledger, leaf_index limit $2
                 ) as oldest order by ledger, leaf_index",
            )
            .bind(before)
            .bind(AUDIT_ERASED_AT_ONCE)
            .fetch_all(&mut **transaction)
            .await?
        });
        for of_ledger in rows.chunk_by(|(left, _), (right, _)| left == right) {
            let number = of_ledger[0].0;
            let indexes: Vec<u64> =
                of_ledger.iter().filter_map(|(_, index)| u64::try_from(*index).ok()).collect();
            let leaves = Tombstone::runs(&indexes);
            let ledger = u64::try_from(number).unwrap_or_default();
            let reason = Reason::Retention;
            let body = Tombstone { erased_at: now, leaves: leaves.clone(), ledger, reason, version: 1 };
            let (body, salt) = (body.canonical_json(), one_salt()?);
            let entry = Entry::Tombstone { commitment: salt.commit_tombstone(&body) };
            let leaf = NewLeaf { entry, opening: Some((body, salt)), found_by: None };
            let leaf = transaction.append_audit(&mut open, leaf).await?;
            on_transaction!(&mut transaction, |transaction, Db| {
                for (first, last) in leaves {
                    let (first, last) = (leaf_to_sql(first), leaf_to_sql(last));
                    sqlx::query::<Db>(
                        "insert into audit_tombstones
                         (ledger, first_leaf, last_leaf, tombstone_ledger, tombstone_leaf, erased_at)
                         values ($1, $2, $3, $4, $5, $6)",
                    )
                    .bind(number)
                    .bind(first)
                    .bind(last)
                    .bind(open.number)
                    .bind(leaf)
                    .bind(now)
                    .execute(&mut **transaction)
                    .await?;
                    sqlx::query::<Db>(
                        "update audit_entries set body = null, salt = null, actor = null, action = null, site = null,
                         about = null where ledger = $1 and leaf_index between $2 and $3",
                    )
                    .bind(number)
                    .bind(first)
                    .bind(last)
                    .execute(&mut **transaction)
                    .await?;
                }
            });
        }
        transaction.close_audit(open, now).await?;
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }
}

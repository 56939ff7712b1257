//! Owns appending to a site's ledger: its lock, its tree's right edge, its checkpoint; everything of one transaction.
//! Refuses to let a leaf be stored without the checkpoint that covers it.

use assent_shared::SiteId;
use assent_shared::ledger::{Checkpoint, Entry, Growth, SignedCheckpoint};
use sqlx::QueryBuilder;

use super::edges::Edge;
use super::open_ledger::{ClosedLedger, OpenLedger, SealedLedger};
use super::{Store, Transaction, in_statements, on_engine, on_transaction};
use crate::crash::{self, Point};
use crate::sealer::{Refusal, Sealer};
use crate::widget;

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] sqlx::Error),
    /// The ledger takes nothing at present.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A site's ledger as it is.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LedgerRow {
    /// 1, unless a fork made a new one necessary.
    pub ledger: i64,
    /// Its name.
    pub origin: String,
    /// How many leaves it has.
    pub leaves: i64,
    /// The newest checkpoint, as a signed note; none before the first leaf.
    pub checkpoint: Option<String>,
    /// The verifier key of who signed it.
    pub signing_key: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Locked {
    #[sqlx(flatten)]
    edge: Edge,
    signing_key: Option<String>,
    widget: Option<String>,
}

impl Transaction {
    /// Takes the site's lock and opens its ledger. The write that comes first takes the lock on both engines; what is read
    /// after it stays true.
    pub(super) async fn open_ledger(
        &mut self,
        site: &SiteId,
        sealer: &Sealer,
    ) -> Result<OpenLedger, AppendError> {
        self.open_ledger_with(site, sealer, None).await
    }

    /// As [`Transaction::open_ledger`], with a leaf that comes before anything else.
    async fn open_ledger_with(
        &mut self,
        site: &SiteId,
        sealer: &Sealer,
        first: Option<Entry>,
    ) -> Result<OpenLedger, AppendError> {
        let locked: Locked = on_transaction!(self, |transaction, Db| {
            sqlx::query_as::<Db, _>(
                "update ledgers set leaves = leaves where site = $1
                 returning ledger, origin, leaves, frontier, checkpoint, signing_key, widget",
            )
            .bind(site.as_str())
            .fetch_one(&mut **transaction)
            .await?
        });
        crash::point(Point::Locked);
        let Locked { edge, signing_key, widget } = locked;
        let frontier = edge.frontier();
        let Edge { ledger: number, origin, .. } = edge;
        if frontier.is_none() && sealer.refusal(site, number).is_none() {
            sealer.refuse(site.clone(), number, Refusal::Damaged { site: site.clone() });
        }
        let signers = sealer.signers(site, number, &origin, signing_key.as_deref())?;
        let frontier = frontier.ok_or_else(|| Refusal::Damaged { site: site.clone() })?;
        let mut open = OpenLedger {
            site: site.clone(),
            number,
            found: frontier.size(),
            growth: Growth::new(frontier),
            signers,
            entries: Vec::new(),
            origin,
        };
        if let Some(first) = first {
            open.append_entry(&first, None);
        }
        if let Some(previous) = &open.signers.previous {
            let (previous, key) = (previous.public(&open.origin), open.signers.key.public(&open.origin));
            open.append_entry(&Entry::Key { key, previous }, None);
        }
        if widget.as_deref() != Some(widget::HASH) {
            open.append_entry(&widget::entry(), None);
        }
        Ok(open)
    }

    /// Stores what was appended beside the receipts, and the checkpoint over all of it.
    pub(super) async fn close_ledger(&mut self, open: OpenLedger, now: i64) -> sqlx::Result<ClosedLedger> {
        let SealedLedger { closed, entries, is_handover } = open.seal();
        let ClosedLedger { site, edge, checkpoint, .. } = &closed;
        on_transaction!(self, |transaction, Db| {
            for some in in_statements(&entries) {
                let mut insert = QueryBuilder::<Db>::new(
                    "insert into entries (site, ledger, leaf_index, entry, body, salt) ",
                );
                insert.push_values(some, |mut row, (leaf_index, entry, opening)| {
                    row.push_bind(site.as_str())
                        .push_bind(edge.ledger)
                        .push_bind(*leaf_index)
                        .push_bind(entry.as_str());
                    row.push_bind(opening.as_ref().map(|(body, _)| body.as_str()));
                    row.push_bind(opening.as_ref().map(|(_, salt)| salt.0.to_vec()));
                });
                insert.build().execute(&mut **transaction).await?;
            }
            crash::point(Point::EntriesStored);
            for some in in_statements(closed.tiles()) {
                let mut insert =
                    QueryBuilder::<Db>::new("insert into nodes (site, ledger, level, place, hash) ");
                insert.push_values(some, |mut row, (level, place, hash)| {
                    row.push_bind(site.as_str()).push_bind(edge.ledger).push_bind(i64::from(*level));
                    row.push_bind(leaf_to_sql(*place)).push_bind(hash.0.to_vec());
                });
                insert.build().execute(&mut **transaction).await?;
            }
            crash::point(Point::NodesStored);
            sqlx::query::<Db>(
                "update ledgers set leaves = $2, frontier = $3, checkpoint = $4, signing_key = $5, widget = $6
                 where site = $1",
            )
            .bind(site.as_str())
            .bind(leaf_to_sql(edge.frontier.size()))
            .bind(edge.frontier.to_bytes())
            .bind(&edge.checkpoint)
            .bind(&edge.signing_key)
            .bind(widget::HASH)
            .execute(&mut **transaction)
            .await?;
            crash::point(Point::LedgerStored);
        });
        if is_handover {
            // Whoever knows only the former key follows it to the new one by this.
            self.keep_checkpoint(site, edge.ledger, checkpoint, now).await?;
        }
        Ok(closed)
    }

    /// Keeps a checkpoint for good; keeping it twice is the same as once.
    pub(super) async fn keep_checkpoint(
        &mut self,
        site: &SiteId,
        ledger: i64,
        checkpoint: &SignedCheckpoint,
        now: i64,
    ) -> sqlx::Result<()> {
        on_transaction!(self, |transaction, Db| {
            sqlx::query::<Db>(
                "insert into checkpoints (site, ledger, size, note, made_at) values ($1, $2, $3, $4, $5)
                 on conflict (site, ledger, size, note) do nothing",
            )
            .bind(site.as_str())
            .bind(ledger)
            .bind(leaf_to_sql(checkpoint.unverified().size))
            .bind(checkpoint.note())
            .bind(now)
            .execute(&mut **transaction)
            .await?;
        });
        Ok(())
    }
}

impl Store {
    /// A site's present ledger.
    pub async fn ledger(&self, site: &SiteId) -> sqlx::Result<Option<LedgerRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select ledger, origin, leaves, checkpoint, signing_key from ledgers where site = $1",
            )
            .bind(site.as_str())
            .fetch_optional(pool)
            .await
        })
    }

    /// A site's ledger of that number, present or former.
    pub async fn ledger_numbered(&self, site: &SiteId, number: i64) -> sqlx::Result<Option<LedgerRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select ledger, origin, leaves, checkpoint, signing_key from ledgers where site = $1 and ledger = $2
                 union all
                 select ledger, origin, leaves, checkpoint, null from former_ledgers where site = $1 and ledger = $2",
            )
            .bind(site.as_str())
            .bind(number)
            .fetch_optional(pool)
            .await
        })
    }

    /// Every site's present ledger with its newest checkpoint.
    pub async fn newest_checkpoints(&self) -> sqlx::Result<Vec<(String, i64, String)>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select site, ledger, checkpoint from ledgers where checkpoint is not null order by site",
            )
            .fetch_all(pool)
            .await
        })
    }

    /// The names of the ledgers that a site had before its present one.
    pub async fn former_origins(&self, site: &SiteId) -> sqlx::Result<Vec<String>> {
        on_engine!(self, |pool| {
            sqlx::query_scalar("select origin from former_ledgers where site = $1 order by ledger")
                .bind(site.as_str())
                .fetch_all(pool)
                .await
        })
    }

    /// Why ledgers take nothing at present, of those that may not.
    pub async fn present_refusals(&self) -> sqlx::Result<Vec<Refusal>> {
        let mut refusals = Vec::new();
        for site in self.sealer.refused_sites() {
            if let Some(LedgerRow { ledger, origin, signing_key, .. }) = self.ledger(&site).await? {
                refusals.extend(self.sealer.signers(&site, ledger, &origin, signing_key.as_deref()).err());
            }
        }
        Ok(refusals)
    }

    /// Ends a site's ledger and begins a new one, which is linked to it and announces every notice again.
    pub async fn resume_ledger(
        &self,
        site: &SiteId,
        published_size: u64,
        now: i64,
    ) -> Result<LedgerRow, AppendError> {
        let notices = self.notices(site).await?;
        let mut transaction = self.begin().await?;
        let ended: LedgerRow = on_transaction!(&mut transaction, |transaction, Db| {
            sqlx::query_as::<Db, _>(
                "update ledgers set leaves = leaves where site = $1
                 returning ledger, origin, leaves, checkpoint, signing_key",
            )
            .bind(site.as_str())
            .fetch_one(&mut **transaction)
            .await?
        });
        let last = ended.signed_checkpoint(site)?;
        let first_origin = ended.origin.strip_suffix(&format!("/{}", ended.ledger)).unwrap_or(&ended.origin);
        let origin = format!("{first_origin}/{}", ended.ledger + 1);
        on_transaction!(&mut transaction, |transaction, Db| {
            sqlx::query::<Db>(
                "insert into former_ledgers (site, ledger, origin, leaves, checkpoint)
                 select site, ledger, origin, leaves, checkpoint from ledgers where site = $1",
            )
            .bind(site.as_str())
            .execute(&mut **transaction)
            .await?;
            sqlx::query::<Db>(
                "update ledgers set ledger = ledger + 1, origin = $2, leaves = 0, frontier = $3, checkpoint = null,
                 signing_key = null, widget = null where site = $1",
            )
            .bind(site.as_str())
            .bind(&origin)
            .bind(Vec::<u8>::new())
            .execute(&mut **transaction)
            .await?;
        });
        let Checkpoint { origin, size, root } = last.unverified().clone();
        let link = Entry::Link { origin, root, size, published_size };
        let mut ledger = transaction.open_ledger_with(site, &self.sealer, Some(link)).await?;
        for notice in notices {
            ledger.append_entry(
                &super::notices::entry(notice.number, &notice.hash, notice.published_at)?,
                None,
            );
        }
        transaction.close_ledger(ledger, now).await?;
        transaction.commit().await?;
        Ok(ended)
    }

    /// Hands a site's ledger over to the newest key, if another one signed last; says whether.
    pub async fn hand_over(&self, site: &SiteId, now: i64) -> Result<bool, AppendError> {
        let mut transaction = self.begin().await?;
        let ledger = transaction.open_ledger(site, &self.sealer).await?;
        if ledger.signers.previous.is_none() {
            return Ok(false);
        }
        transaction.close_ledger(ledger, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Keeps a checkpoint that somebody else has got.
    pub async fn keep_checkpoint(
        &self,
        site: &SiteId,
        ledger: i64,
        checkpoint: &SignedCheckpoint,
        now: i64,
    ) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        transaction.keep_checkpoint(site, ledger, checkpoint, now).await?;
        transaction.commit().await
    }

    /// The kept checkpoints of a ledger `below` a size, smallest first; of two of one size the one that more have signed.
    pub async fn checkpoints(&self, site: &SiteId, ledger: i64, below: i64) -> sqlx::Result<Vec<String>> {
        on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select note from checkpoints as kept where site = $1 and ledger = $2 and size < $3 and not exists (
                     select 1 from checkpoints as other where other.site = kept.site and other.ledger = kept.ledger
                     and other.size = kept.size and (length(other.note), other.note) > (length(kept.note), kept.note))
                 order by size",
            )
            .bind(site.as_str())
            .bind(ledger)
            .bind(below)
            .fetch_all(pool)
            .await
        })
    }
}

/// SQL has no unsigned numbers; 2^63 leaves are never reached.
pub(super) fn leaf_to_sql(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

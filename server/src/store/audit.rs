//! Owns the audit log's ledger: appending to it under its row's lock, its checkpoints, and beginning a new one.
//! Refuses to return before what was appended is durable, and to append what no checkpoint covers.

use assent_shared::ledger::entry::leaf_hash;
use assent_shared::ledger::{AuditEntry, Checkpoint, Entry, Frontier, Hash, Salt, SignedCheckpoint};

use super::edges::Edge;
use super::ledgers::{AppendError, leaf_to_sql};
use super::{Store, Transaction, on_engine, on_transaction};
use crate::sealer::{Refusal, Sealer, Signers};

/// Leaves that are hashed at once when the whole log is.
const PAGE: i64 = 5000;

/// The audit log's ledger as it is.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AuditLedgerRow {
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
}

/// The ledger while this transaction alone appends to it.
pub(super) struct OpenAudit {
    pub(super) number: i64,
    origin: String,
    frontier: Frontier,
    signers: Signers,
}

/// A leaf on its way.
pub(super) struct NewLeaf<'a> {
    pub(super) entry: Entry,
    /// What the entry commits to.
    pub(super) opening: Option<(String, Salt)>,
    /// What it is found by.
    pub(super) found_by: Option<&'a AuditEntry>,
}

impl Transaction {
    /// Takes the log's lock and opens its ledger, which is made at the first entry. The write that comes first takes the lock on
    /// both engines.
    pub(super) async fn open_audit(
        &mut self,
        origin: &str,
        sealer: &Sealer,
    ) -> Result<OpenAudit, AppendError> {
        let locked = match self.lock_audit().await? {
            Some(locked) => locked,
            None => {
                on_transaction!(self, |transaction, Db| {
                    sqlx::query::<Db>(
                        "insert into audit_ledgers (ledger, origin) values (1, $1) on conflict (ledger) do nothing",
                    )
                    .bind(origin)
                    .execute(&mut **transaction)
                    .await?;
                });
                self.lock_audit().await?.ok_or(sqlx::Error::RowNotFound)?
            }
        };
        let Locked { edge, signing_key } = locked;
        let frontier = edge.frontier();
        let Edge { ledger: number, origin, .. } = edge;
        if frontier.is_none() && sealer.audit_refusal(number).is_none() {
            sealer.refuse_audit(number, Refusal::AuditDamaged);
        }
        let signers = sealer.audit_signers(number, &origin, signing_key.as_deref())?;
        let frontier = frontier.ok_or(Refusal::AuditDamaged)?;
        let mut open = OpenAudit { number, origin, frontier, signers };
        if let Some(previous) = &open.signers.previous {
            let (previous, key) = (previous.public(&open.origin), open.signers.key.public(&open.origin));
            let leaf = NewLeaf { entry: Entry::Key { key, previous }, opening: None, found_by: None };
            self.append_audit(&mut open, leaf).await?;
        }
        Ok(open)
    }

    async fn lock_audit(&mut self) -> sqlx::Result<Option<Locked>> {
        on_transaction!(self, |transaction, Db| {
            sqlx::query_as::<Db, _>(
                "update audit_ledgers set leaves = leaves where ended = 0
                 returning ledger, origin, leaves, frontier, checkpoint, signing_key",
            )
            .fetch_optional(&mut **transaction)
            .await
        })
    }

    /// Appends a leaf; says where.
    pub(super) async fn append_audit(
        &mut self,
        open: &mut OpenAudit,
        leaf: NewLeaf<'_>,
    ) -> sqlx::Result<i64> {
        let NewLeaf { entry, opening, found_by } = leaf;
        let index = leaf_to_sql(open.frontier.size());
        open.frontier.append(entry.leaf_hash(), |_, _| ());
        on_transaction!(self, |transaction, Db| {
            sqlx::query::<Db>(
                "insert into audit_entries (ledger, leaf_index, entry, body, salt, actor, action, site, about, at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(open.number)
            .bind(index)
            .bind(entry.canonical_json())
            .bind(opening.as_ref().map(|(body, _)| body.as_str()))
            .bind(opening.as_ref().map(|(_, salt)| salt.0.to_vec()))
            .bind(found_by.map(|entry| entry.actor.as_str()))
            .bind(found_by.map(|entry| entry.action.as_str()))
            .bind(found_by.and_then(|entry| Some(entry.site.as_ref()?.as_str())))
            .bind(found_by.map(|entry| entry.about.as_str()))
            .bind(found_by.map(|entry| entry.at))
            .execute(&mut **transaction)
            .await?;
        });
        Ok(index)
    }

    /// Stores the checkpoint over all that was appended.
    pub(super) async fn close_audit(&mut self, open: OpenAudit, now: i64) -> sqlx::Result<()> {
        let OpenAudit { number, origin, frontier, signers } = open;
        let keys: Vec<_> = signers.previous.iter().chain([&signers.key]).collect();
        let size = frontier.size();
        let checkpoint = Checkpoint { origin: origin.clone(), size, root: frontier.root() }.sign(&keys);
        on_transaction!(self, |transaction, Db| {
            sqlx::query::<Db>(
                "update audit_ledgers set leaves = $2, frontier = $3, checkpoint = $4, signing_key = $5 where ledger = $1",
            )
            .bind(number)
            .bind(leaf_to_sql(size))
            .bind(frontier.to_bytes())
            .bind(checkpoint.note())
            .bind(signers.key.public(&origin).to_string())
            .execute(&mut **transaction)
            .await?;
        });
        if signers.previous.is_some() {
            // Whoever knows only the former key follows it to the new one by this.
            self.keep_audit_checkpoint(number, &checkpoint, now).await?;
        }
        Ok(())
    }

    async fn keep_audit_checkpoint(
        &mut self,
        ledger: i64,
        checkpoint: &SignedCheckpoint,
        now: i64,
    ) -> sqlx::Result<()> {
        on_transaction!(self, |transaction, Db| {
            sqlx::query::<Db>(
                "insert into audit_checkpoints (ledger, size, note, made_at) values ($1, $2, $3, $4)
                 on conflict (ledger, size, note) do nothing",
            )
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
    /// Writes an entry down; durable when this returns. `origin` names the ledger where this is its first entry.
    pub async fn append_audit(&self, origin: &str, audit: &AuditEntry) -> Result<(), AppendError> {
        let salt = one_salt()?;
        let body = audit.canonical_json();
        let entry = Entry::Audit { commitment: salt.commit_audit(&body) };
        let mut transaction = self.begin().await?;
        let mut open = transaction.open_audit(origin, &self.sealer).await?;
        let leaf = NewLeaf { entry, opening: Some((body, salt)), found_by: Some(audit) };
        transaction.append_audit(&mut open, leaf).await?;
        transaction.close_audit(open, audit.at).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The present ledger of the audit log; none before its first entry.
    pub async fn audit_ledger(&self) -> sqlx::Result<Option<AuditLedgerRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select ledger, origin, leaves, checkpoint, signing_key from audit_ledgers where ended = 0",
            )
            .fetch_optional(pool)
            .await
        })
    }

    /// The audit log's ledger of that number, present or ended.
    pub async fn audit_ledger_numbered(&self, ledger: i64) -> sqlx::Result<Option<AuditLedgerRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select ledger, origin, leaves, checkpoint, signing_key from audit_ledgers where ledger = $1",
            )
            .bind(ledger)
            .fetch_optional(pool)
            .await
        })
    }

    /// The names of the audit log's ledgers that have ended.
    pub async fn ended_audit_origins(&self) -> sqlx::Result<Vec<String>> {
        on_engine!(self, |pool| {
            sqlx::query_scalar("select origin from audit_ledgers where ended = 1 order by ledger")
                .fetch_all(pool)
                .await
        })
    }

    /// The root over the first `size` leaves, made of what is stored of each; nothing if one is missing.
    pub async fn audit_root(&self, ledger: i64, size: u64) -> sqlx::Result<Option<Hash>> {
        let (mut frontier, end) = (Frontier::default(), leaf_to_sql(size));
        while frontier.size() < size {
            let from = leaf_to_sql(frontier.size());
            let entries: Vec<String> = on_engine!(self, |pool| {
                sqlx::query_scalar(
                    "select entry from audit_entries where ledger = $1 and leaf_index >= $2 and leaf_index < $3
                     order by leaf_index",
                )
                .bind(ledger)
                .bind(from)
                .bind(end.min(from + PAGE))
                .fetch_all(pool)
                .await?
            });
            if i64::try_from(entries.len()).ok() != Some(end.min(from + PAGE) - from) {
                return Ok(None);
            }
            for entry in entries {
                frontier.append(leaf_hash(entry.as_bytes()), |_, _| ());
            }
        }
        Ok(Some(frontier.root()))
    }

    /// Keeps a checkpoint that somebody else has got.
    pub async fn keep_audit_checkpoint(
        &self,
        ledger: i64,
        checkpoint: &SignedCheckpoint,
        now: i64,
    ) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        transaction.keep_audit_checkpoint(ledger, checkpoint, now).await?;
        transaction.commit().await
    }

    /// The kept checkpoints of one of its ledgers up to a size, smallest first.
    pub async fn audit_checkpoints(&self, ledger: i64, up_to: i64) -> sqlx::Result<Vec<String>> {
        on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select note from audit_checkpoints where ledger = $1 and size <= $2 order by size, note",
            )
            .bind(ledger)
            .bind(up_to)
            .fetch_all(pool)
            .await
        })
    }

    /// Ends the audit log's ledger and begins a new one that is linked to it.
    pub async fn resume_audit(&self, origin: &str, published_size: u64, now: i64) -> Result<(), AppendError> {
        let mut transaction = self.begin().await?;
        on_transaction!(&mut transaction, |transaction, Db| {
            // Where the whole log is lost, its end is that of an empty one.
            sqlx::query::<Db>(
                "insert into audit_ledgers (ledger, origin) values (1, $1) on conflict (ledger) do nothing",
            )
            .bind(origin)
            .execute(&mut **transaction)
            .await?;
        });
        let ended: Option<AuditLedgerRow> = on_transaction!(&mut transaction, |transaction, Db| {
            sqlx::query_as::<Db, _>(
                "update audit_ledgers set ended = 1 where ended = 0
                 returning ledger, origin, leaves, checkpoint, signing_key",
            )
            .fetch_optional(&mut **transaction)
            .await?
        });
        let ended = ended.ok_or(sqlx::Error::RowNotFound)?;
        let first_origin = ended.origin.strip_suffix(&format!("/{}", ended.ledger)).unwrap_or(&ended.origin);
        let origin = format!("{first_origin}/{}", ended.ledger + 1);
        on_transaction!(&mut transaction, |transaction, Db| {
            sqlx::query::<Db>("insert into audit_ledgers (ledger, origin) values ($1, $2)")
                .bind(ended.ledger + 1)
                .bind(&origin)
                .execute(&mut **transaction)
                .await?;
        });
        let size = u64::try_from(ended.leaves).unwrap_or_default();
        let last = ended.checkpoint.as_deref().and_then(|note| SignedCheckpoint::parse(note).ok());
        let root = last.map_or_else(|| Frontier::default().root(), |last| last.unverified().root);
        let link = Entry::Link { origin: ended.origin, root, size, published_size };
        let mut open = transaction.open_audit(&origin, &self.sealer).await?;
        transaction.append_audit(&mut open, NewLeaf { entry: link, opening: None, found_by: None }).await?;
        transaction.close_audit(open, now).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// A salt for one leaf.
pub(super) fn one_salt() -> sqlx::Result<Salt> {
    let salts = Sealer::salts(1).map_err(|error| sqlx::Error::Io(error.into()))?;
    salts.into_iter().next().ok_or(sqlx::Error::RowNotFound)
}

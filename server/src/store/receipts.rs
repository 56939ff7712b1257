//! Owns the SQL of receipts: appending many at once to their sites' ledgers.
//! Refuses to change a receipt: there is no update and no delete here. Erasing is in `erasures.rs`, reading in `browse.rs`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use assent_shared::ledger::proof::Opening;
use assent_shared::ledger::{Hash, ReceiptProof, Salt};
use assent_shared::{DecisionId, Receipt, SiteId, VisitorId};
use serde_json::value::RawValue;
use sqlx::{Database, Encode, QueryBuilder, Type};

use super::ledgers::AppendError;
use super::open_ledger::ClosedLedger;
use super::{Place, Store, Transaction, in_statements, on_engine, on_transaction, unsealed};
use crate::crash::{self, Point};
use crate::sealer::{Refusal, Sealer};
use crate::statistics::device::Device;
use crate::statistics::event::Counted;

/// What became of a receipt that was to be appended.
#[derive(Debug, Clone)]
pub enum Appended {
    /// It is sealed now.
    New(Fresh),
    /// The same decision was sealed before.
    Repeated {
        /// The bytes that were stored then.
        body: String,
    },
    /// Another decision has the same id; nothing was stored.
    Conflict {
        /// The bytes that were stored for that one.
        body: String,
    },
    /// The site's ledger takes nothing at present; nothing was stored.
    Refused(Refusal),
}

/// A receipt with everything that it takes to check it.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The stored bytes.
    pub body: String,
    /// What hides them in the ledger.
    pub salt: Salt,
    /// That they are in it.
    pub proof: ReceiptProof,
}

impl Sealed {
    /// The proof as a file that is whole in itself.
    #[must_use]
    pub fn whole_proof(&self) -> Option<ReceiptProof> {
        let receipt = RawValue::from_string(self.body.clone()).ok()?;
        Some(ReceiptProof { opening: Some(Opening { receipt, salt: self.salt }), ..self.proof.clone() })
    }

    /// As visitors get it; the body byte for byte as it was stored.
    #[must_use]
    pub fn json(&self) -> String {
        let Self { body, salt, proof } = self;
        // Both with room for all of it: a site's busiest minute is made of these. Writing to a text never fails.
        let mut lines = String::with_capacity(64 * proof.path.len() + 512);
        let mut json = String::with_capacity(body.len() + lines.capacity() + 256);
        let _ = write!(lines, "{proof}");
        let (salt, lines) = (String::from(*salt), serde_json::Value::String(lines));
        let _ = write!(json, r#"{{"receipt":{body},"salt":"{salt}","proof":{lines}}}"#);
        json
    }
}

/// A receipt that was sealed just now. Its proof is computed by whoever answers with it, while the next ones are stored.
#[derive(Debug, Clone)]
pub struct Fresh {
    body: String,
    salt: Salt,
    leaf_index: i64,
    /// None where nothing is sealed, which only the benchmark does.
    closed: Option<Arc<ClosedLedger>>,
}

impl Fresh {
    /// With its proof.
    pub fn sealed(self) -> sqlx::Result<Sealed> {
        let Self { body, salt, leaf_index, closed } = self;
        let proof = match closed {
            Some(closed) => closed.proof(leaf_index),
            None => Some(unsealed::proof()),
        };
        let proof = proof.ok_or_else(|| sqlx::Error::Protocol(format!("leaf {leaf_index} has no proof")))?;
        Ok(Sealed { body, salt, proof })
    }
}

/// A receipt on its way into a ledger.
pub(super) struct New<'a> {
    pub(super) leaf_index: i64,
    pub(super) receipt: &'a Receipt,
    pub(super) body: String,
    pub(super) salt: Salt,
    pub(super) kind: i64,
    /// None where nothing is sealed, which only the benchmark does.
    pub(super) commitment: Option<Hash>,
}

impl New<'_> {
    /// Once it is stored, under what `closed` has signed.
    pub(super) fn stored(self, closed: Option<&Arc<ClosedLedger>>) -> Appended {
        let Self { leaf_index, body, salt, .. } = self;
        Appended::New(Fresh { body, salt, leaf_index, closed: closed.cloned() })
    }
}

/// The statement that stores new receipts.
pub(super) fn push_receipts<'q, Db>(
    text: &mut QueryBuilder<Db>,
    site: &'q SiteId,
    ledger: i64,
    new: &'q [New<'_>],
) where
    Db: Database,
    i64: Encode<'q, Db> + Type<Db>,
    &'q str: Encode<'q, Db> + Type<Db>,
    Vec<u8>: Encode<'q, Db> + Type<Db>,
    Option<Vec<u8>>: Encode<'q, Db> + Type<Db>,
{
    text.push(
        "insert into receipts (site, ledger, leaf_index, decision, visitor, body, salt, received_at, commitment, kind) ",
    );
    text.push_values(new, |mut row, New { leaf_index, receipt, body, salt, kind, commitment }| {
        row.push_bind(site.as_str())
            .push_bind(ledger)
            .push_bind(*leaf_index)
            .push_bind(receipt.decision.as_str())
            .push_bind(receipt.visitor.as_str())
            .push_bind(body.as_str())
            .push_bind(commitment.map(|_| salt.0.to_vec()))
            .push_bind(receipt.received_at)
            .push_bind(commitment.map_or(Vec::new(), |commitment| commitment.0.to_vec()))
            .push_bind(*kind);
    });
}

/// A stored receipt.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ReceiptRow {
    /// Which of the site's ledgers it is in.
    pub ledger: i64,
    /// Its place there.
    pub leaf_index: i64,
    /// When it was received, milliseconds since 1970.
    pub received_at: i64,
    /// The canonical JSON.
    pub body: String,
}

/// Leaves out what may be kept and nothing else (GDPR art. 18).
pub(super) const SHOWN: &str = " and not exists (
    select 1 from holds where holds.site = receipts.site and kind = 'restriction' and lifted_at is null
    and (holds.visitor is null or holds.visitor = receipts.visitor))";

impl ReceiptRow {
    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        Place(self.received_at, self.ledger, self.leaf_index)
    }
}

impl Transaction {
    pub(super) async fn append_to_site(
        &mut self,
        receipts: &[Receipt],
        store: &Store,
        now: i64,
    ) -> Result<(Vec<Appended>, Option<Arc<ClosedLedger>>), AppendError> {
        let sealer = &store.sealer;
        if sealer.is_off() {
            return Ok((self.append_unsealed(receipts, &store.kinds).await?, None));
        }
        let site = &receipts[0].site;
        let mut ledger = self.open_ledger(site, sealer).await?;
        let stored = self.stored_decisions(site, receipts).await?;
        let salts = Sealer::salts(receipts.len()).map_err(|error| sqlx::Error::Io(error.into()))?;
        let mut new: Vec<New> = Vec::with_capacity(receipts.len());
        let mut in_this_batch: HashMap<&DecisionId, usize> = HashMap::new();
        // What is new can be proven only when the checkpoint is made.
        let mut outcomes: Vec<Result<(), Appended>> = Vec::with_capacity(receipts.len());
        for (receipt, salt) in receipts.iter().zip(salts) {
            let before = match in_this_batch.get(&receipt.decision) {
                Some(at) => Some((new[*at].receipt, &new[*at].body)),
                None => stored.get(&receipt.decision).map(|(before, body)| (before, body)),
            };
            outcomes.push(match before {
                Some((before, body)) if before.seals_same_decision(receipt) => {
                    Err(Appended::Repeated { body: body.clone() })
                }
                Some((_, body)) => Err(Appended::Conflict { body: body.clone() }),
                None => {
                    let body = receipt.canonical_json();
                    let commitment = salt.commit_receipt(&body);
                    let leaf_index = ledger.append_receipt(commitment);
                    in_this_batch.insert(&receipt.decision, new.len());
                    new.push(New { leaf_index, receipt, body, salt, kind: 0, commitment: Some(commitment) });
                    Ok(())
                }
            });
        }
        if new.is_empty() {
            return Ok((outcomes.into_iter().filter_map(Result::err).collect(), None));
        }
        let kinds = self.kinds_of(site, new.iter().map(|new| new.receipt), &store.kinds).await?;
        for (new, kind) in new.iter_mut().zip(kinds) {
            new.kind = kind;
        }
        crash::point(Point::KindsStored);
        self.insert_receipts(site, ledger.number, &new).await?;
        crash::point(Point::ReceiptsStored);
        let closed = Arc::new(self.close_ledger(ledger, now).await?);
        let mut stored = new.into_iter().map(|new| new.stored(Some(&closed)));
        // What is new stands in both in one order.
        let appended =
            outcomes.into_iter().filter_map(|outcome| outcome.err().or_else(|| stored.next())).collect();
        Ok((appended, Some(closed)))
    }

    pub(super) async fn insert_receipts(
        &mut self,
        site: &SiteId,
        ledger: i64,
        new: &[New<'_>],
    ) -> sqlx::Result<()> {
        on_transaction!(self, |transaction, Db| {
            for some in in_statements(new) {
                let mut insert = QueryBuilder::<Db>::new("");
                push_receipts(&mut insert, site, ledger, some);
                insert.build().execute(&mut **transaction).await?;
                crash::point(Point::SomeReceiptsStored);
            }
        });
        self.insert_decisions(site, ledger, new).await
    }
}

impl Store {
    /// Seals `receipts`, which must be sorted by site, in one transaction, and says of each what became of it. When this
    /// returns, what is new is durable; when it fails, nothing was stored. What is new is counted by the same transaction, as
    /// made on the device at its place in `devices`.
    pub async fn append_receipts(
        &self,
        receipts: &[Receipt],
        devices: &[Device],
        now: i64,
    ) -> sqlx::Result<Vec<Appended>> {
        let _commit = self.busy.begin();
        crash::point(Point::BeforeBegin);
        if let Some(appended) = self.append_at_edges(receipts, devices).await? {
            return Ok(appended);
        }
        let mut appended = Vec::with_capacity(receipts.len());
        let mut left = Vec::new();
        let mut transaction = self.begin().await?;
        crash::point(Point::Begun);
        for of_site in receipts.chunk_by(|left, right| left.site == right.site) {
            match transaction.append_to_site(of_site, self, now).await {
                Ok((more, closed)) => {
                    appended.extend(more);
                    left.extend(closed);
                }
                Err(AppendError::Refused(refusal)) => {
                    appended.extend(of_site.iter().map(|_| Appended::Refused(refusal.clone())));
                }
                Err(AppendError::Store(error)) => return Err(error),
            }
        }
        let mut counts = BTreeMap::new();
        for (at, (receipt, outcome)) in receipts.iter().zip(&appended).enumerate() {
            if matches!(outcome, Appended::New(_)) {
                let device = devices.get(at).copied().unwrap_or(Device::Other);
                for line in Counted::of_receipt(receipt, device) {
                    *counts.entry(line).or_default() += 1;
                }
            }
        }
        // Nobody waits for anybody: whoever adds to a site's answers holds its ledger's row.
        transaction.add_counts(&counts).await?;
        crash::point(Point::Counted);
        transaction.commit().await?;
        crash::point(Point::Committed);
        for closed in left {
            self.edges.left(&closed.site, closed.found, closed.edge.clone());
        }
        Ok(appended)
    }

    /// The decision of the receipt that a visitor got last.
    pub async fn newest_decision(
        &self,
        site: &SiteId,
        visitor: &VisitorId,
    ) -> sqlx::Result<Option<DecisionId>> {
        let decision: Option<String> = on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select decision from receipts where site = $1 and visitor = $2 order by ledger desc, leaf_index desc limit 1",
            )
            .bind(site.as_str())
            .bind(visitor.as_str())
            .fetch_optional(pool)
            .await
        })?;
        Ok(decision.and_then(|decision| decision.parse().ok()))
    }
}

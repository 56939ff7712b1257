//! Owns recording without sealing: what the benchmark measures the ledger's cost against.
//! Refuses to be reached by any setting or command; see [`Sealer::off`](crate::sealer::Sealer::off).

use std::sync::LazyLock;

use assent_shared::Receipt;
use assent_shared::ledger::{Checkpoint, ReceiptProof, Salt, SignedCheckpoint, SigningKey, tree};

use super::kinds::Kinds;
use super::receipts::New;
use super::{Appended, Transaction, on_transaction};

/// Stands where a proof would.
static NO_CHECKPOINT: LazyLock<SignedCheckpoint> = LazyLock::new(|| {
    let nothing = Checkpoint { origin: "unsealed".to_owned(), size: 0, root: tree::empty_root() };
    nothing.sign(&[&SigningKey::from_seed(&[0; 32])])
});

/// Proves nothing.
pub(super) fn proof() -> ReceiptProof {
    ReceiptProof { index: 0, path: Vec::new(), checkpoint: NO_CHECKPOINT.clone(), opening: None }
}

impl Transaction {
    /// As sealing does it, with the same statements, but without a salt, a commitment, a tree and a signature.
    pub(super) async fn append_unsealed(
        &mut self,
        receipts: &[Receipt],
        kinds: &Kinds,
    ) -> sqlx::Result<Vec<Appended>> {
        let site = &receipts[0].site;
        let (ledger, first): (i64, i64) = on_transaction!(self, |transaction, Db| {
            sqlx::query_as::<Db, _>(
                "update ledgers set leaves = leaves where site = $1 returning ledger, leaves",
            )
            .bind(site.as_str())
            .fetch_one(&mut **transaction)
            .await?
        });
        let stored = self.stored_decisions(site, receipts).await?;
        let mut new: Vec<New> = receipts
            .iter()
            .filter(|receipt| !stored.contains_key(&receipt.decision))
            .zip(first..)
            .map(|(receipt, leaf_index)| New {
                leaf_index,
                receipt,
                body: receipt.canonical_json(),
                salt: Salt([0; 32]),
                kind: 0,
                commitment: None,
            })
            .collect();
        let kinds = self.kinds_of(site, new.iter().map(|new| new.receipt), kinds).await?;
        for (new, kind) in new.iter_mut().zip(kinds) {
            new.kind = kind;
        }
        self.insert_receipts(site, ledger, &new).await?;
        on_transaction!(self, |transaction, Db| {
            sqlx::query::<Db>("update ledgers set leaves = $2 where site = $1")
                .bind(site.as_str())
                .bind(first + i64::try_from(new.len()).unwrap_or_default())
                .execute(&mut **transaction)
                .await?;
        });
        Ok(new.into_iter().map(|new| new.stored(None)).collect())
    }
}

//! Owns the right edges of the ledgers, where appending goes on: whether each is the tree that was signed last.
//! Refuses to go on from any other one: damage that the engine does not see would be signed, and be a fork.

use assent_shared::SiteId;
use assent_shared::ledger::{Checkpoint, Frontier, SignedCheckpoint};

use super::{Store, on_engine};
use crate::sealer::Refusal;

/// Ledgers that are looked at with one query.
const PAGE: i64 = 1000;

/// What is stored of where a ledger goes on.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Edge {
    pub(super) ledger: i64,
    pub(super) origin: String,
    pub(super) leaves: i64,
    pub(super) frontier: Vec<u8>,
    pub(super) checkpoint: Option<String>,
}

impl Edge {
    /// The tree's edge, if it is that of the newest checkpoint, which was signed in the same transaction.
    pub(super) fn frontier(&self) -> Option<Frontier> {
        let frontier = Frontier::from_bytes(u64::try_from(self.leaves).ok()?, &self.frontier)?;
        let signed = match &self.checkpoint {
            None => frontier.size() == 0,
            Some(note) => {
                let note = SignedCheckpoint::parse(note).ok()?;
                let (size, root) = (frontier.size(), frontier.root());
                *note.unverified() == Checkpoint { origin: self.origin.clone(), size, root }
            }
        };
        signed.then_some(frontier)
    }
}

#[derive(sqlx::FromRow)]
struct EdgeOf {
    site: String,
    #[sqlx(flatten)]
    edge: Edge,
}

impl Store {
    /// Stops the signing of every ledger, the audit log's too, whose edge is not the one that was signed last.
    pub async fn look_at_edges(&self) -> sqlx::Result<()> {
        let mut after = String::new();
        loop {
            let some: Vec<EdgeOf> = on_engine!(self, |pool| {
                sqlx::query_as(
                    "select site, ledger, origin, leaves, frontier, checkpoint from ledgers where site > $1
                     order by site limit $2",
                )
                .bind(&after)
                .bind(PAGE)
                .fetch_all(pool)
                .await?
            });
            let Some(last) = some.last() else { break };
            after.clone_from(&last.site);
            for EdgeOf { site, edge } in some {
                if let (None, Ok(site)) = (edge.frontier(), site.parse::<SiteId>()) {
                    let refusal = Refusal::Damaged { site: site.clone() };
                    tracing::error!(%site, "{refusal}");
                    self.sealer.refuse(site, edge.ledger, refusal);
                }
            }
        }
        let audit: Option<Edge> = on_engine!(self, |pool| {
            sqlx::query_as(
                "select ledger, origin, leaves, frontier, checkpoint from audit_ledgers where ended = 0",
            )
            .fetch_optional(pool)
            .await?
        });
        if let Some(audit) = audit.filter(|audit| audit.frontier().is_none()) {
            let refusal = Refusal::AuditDamaged;
            tracing::error!("{refusal}");
            self.sealer.refuse_audit(audit.ledger, refusal);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use assent_shared::ledger::{Hash, SigningKey};

    use super::*;

    fn edge_of(leaves: u8) -> Edge {
        let mut frontier = Frontier::default();
        for leaf in 0..leaves {
            frontier.append(Hash([leaf; 32]), |_, _| ());
        }
        let (origin, root) = ("example.org/log".to_owned(), frontier.root());
        let note = Checkpoint { origin: origin.clone(), size: leaves.into(), root };
        let checkpoint =
            (leaves > 0).then(|| note.sign(&[&SigningKey::from_seed(&[7; 32])]).note().to_owned());
        Edge { ledger: 1, origin, leaves: leaves.into(), frontier: frontier.to_bytes(), checkpoint }
    }

    #[test]
    fn only_the_edge_that_was_signed_is_one() {
        for leaves in 0..9 {
            assert_eq!(edge_of(leaves).frontier().map(|edge| edge.size()), Some(leaves.into()));
        }
        for byte in 0..edge_of(7).frontier.len() {
            let mut rotten = edge_of(7);
            rotten.frontier[byte] ^= 1;
            assert!(rotten.frontier().is_none(), "byte {byte}");
        }
        let leaves = |leaves| Edge { leaves, ..edge_of(7) };
        // Of 11 leaves the edge has as many hashes as of 7.
        assert!([-1, 0, 6, 8, 11].into_iter().all(|wrong| leaves(wrong).frontier().is_none()));
        let note = |checkpoint| Edge { checkpoint, ..edge_of(7) };
        assert!(note(None).frontier().is_none() && note(Some("\n".to_owned())).frontier().is_none());
        assert!(note(edge_of(6).checkpoint).frontier().is_none(), "of another size");
        assert!(Edge { origin: "example.org/log/2".to_owned(), ..edge_of(7) }.frontier().is_none());
    }
}

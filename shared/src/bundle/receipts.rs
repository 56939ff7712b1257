//! Owns receipts that come with a proof each: the answer to a decision, a visitor's download, a `.tlog-proof` file.
//! Refuses to guess a key: what such a file does not bring must be given.

use std::collections::BTreeMap;
use std::iter;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::broken::{Broken, Failure, What};
use super::contents::read_receipt;
use super::report::{Counts, Report, Scope};
use super::{DOWNLOAD_FORMAT, Trust};
use crate::ledger::proof::Opening;
use crate::ledger::{PublicKey, ReceiptProof, Salt};
use crate::notice::Notice;
use crate::receipt::Receipt;

/// The answer to a decision: its receipt, and the proof of its place.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedReceipt {
    /// The stored bytes.
    pub receipt: Box<RawValue>,
    /// The salt.
    pub salt: Salt,
    /// A tlog-proof file without extra data.
    pub proof: String,
}

/// What a visitor downloads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Download {
    /// [`DOWNLOAD_FORMAT`].
    pub format: String,
    /// The key that signed the proofs' checkpoints.
    pub key: PublicKey,
    /// The last keys of ledgers that have ended, where receipts are in such ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_keys: Vec<PublicKey>,
    /// The visitor's receipts.
    pub receipts: Vec<SealedReceipt>,
    /// The notices that they name: canonical bytes.
    pub notices: BTreeMap<u32, Box<RawValue>>,
}

impl SealedReceipt {
    /// The proof with its opening.
    fn opened(&self) -> Result<ReceiptProof, Broken> {
        let proof = ReceiptProof::parse(&self.proof).map_err(|error| malformed(error.to_string()))?;
        Ok(ReceiptProof {
            opening: Some(Opening { receipt: self.receipt.clone(), salt: self.salt }),
            ..proof
        })
    }
}

fn malformed(detail: impl Into<String>) -> Broken {
    Broken::somewhere(What::Malformed, detail)
}

/// What such a file holds.
pub(super) struct Receipts {
    proofs: Vec<ReceiptProof>,
    /// A download's: the present ledger's first.
    keys: Vec<PublicKey>,
    notices: Option<BTreeMap<u32, Box<RawValue>>>,
}

/// Which of the two it is, is said by what only one of them has.
#[derive(Deserialize)]
struct Shape {
    format: Option<String>,
}

impl Receipts {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        if text.starts_with("c2sp.org/tlog-proof") {
            let proof = ReceiptProof::parse(text).map_err(|error| malformed(error.to_string()))?;
            return Ok(Self { proofs: vec![proof], keys: Vec::new(), notices: None });
        }
        let shape: Shape = serde_json::from_str(text)
            .map_err(|error| malformed(format!("this is no receipt and no download of receipts: {error}")))?;
        match shape.format.as_deref() {
            None => {
                let sealed: SealedReceipt = serde_json::from_str(text)
                    .map_err(|error| malformed(format!("this is no receipt with its proof: {error}")))?;
                Ok(Self { proofs: vec![sealed.opened()?], keys: Vec::new(), notices: None })
            }
            Some(DOWNLOAD_FORMAT) => {
                let download: Download = serde_json::from_str(text)
                    .map_err(|error| malformed(format!("this is no download of receipts: {error}")))?;
                let proofs = download.receipts.iter().map(SealedReceipt::opened).collect::<Result<_, _>>()?;
                let keys = iter::once(download.key).chain(download.former_keys).collect();
                Ok(Self { proofs, keys, notices: Some(download.notices) })
            }
            Some(other) => Err(Failure::Unusable(format!(
                "The file has the format {other}, which this version of Assent does not know: use a newer one."
            ))),
        }
    }

    /// The newest of the checkpoints.
    pub(super) fn newest(self) -> Option<crate::ledger::SignedCheckpoint> {
        self.proofs
            .into_iter()
            .map(|proof| proof.checkpoint)
            .max_by_key(|checkpoint| checkpoint.unverified().size)
    }

    pub(super) fn verify(self, trust: &Trust) -> Result<Report, Failure> {
        let Self { proofs, keys, notices } = self;
        let Some(first) = proofs.first() else {
            return Err(Failure::Unusable(
                "The file holds no receipt: there is nothing to prove.".to_owned(),
            ));
        };
        let origin = first.checkpoint.unverified().origin.clone();
        let Some(key) = trust.key.as_ref().or(keys.first()).cloned() else {
            return Err(Failure::Unusable(format!(
                "A receipt alone does not say by whom: give the ledger's key with --key. It is published at https://{origin}/key."
            )));
        };
        // The key that is trusted, for its own ledger; a receipt may be in one that ended before.
        let key_for = |proof: &ReceiptProof| {
            let origin = &proof.checkpoint.unverified().origin;
            let former = || keys.iter().find(|other| other.name() == origin).filter(|_| key.name() != origin);
            former().unwrap_or(&key)
        };
        let by_the_files = |proof: &ReceiptProof| trust.key.is_none() || key_for(proof) != &key;
        // A key that has nothing to do with the file proves nothing of it.
        if let Some(given) = &trust.key
            && !keys.contains(given)
            && proofs.iter().all(by_the_files)
        {
            let detail =
                format!("the receipts are of {origin}, and the key that you gave is of {}", given.name());
            return Err(Broken::at(first.index, What::WrongKey, detail).into());
        }
        // Whoever compares must be told the key that nothing but the file vouches for.
        let told = proofs.iter().find(|proof| by_the_files(proof)).unwrap_or(first);
        let mut counts = Counts::default();
        let mut named = BTreeMap::new();
        let mut size = 0;
        for proof in &proofs {
            let checkpoint = checked(proof, key_for(proof))?;
            size = size.max(checkpoint.size);
            let body = proof.opening.as_ref().map_or("", |opening| opening.receipt.get());
            let receipt: Receipt = read_receipt(proof.index, body)?;
            counts.receipt(receipt.received_at);
            if let Some(notices) = &notices {
                let number = receipt.notice.number;
                let Some(notice) = notices.get(&number) else {
                    let detail = format!("notice {number}, which it names, is missing");
                    return Err(Broken::at(proof.index, What::Removed, detail).into());
                };
                if Notice::hash(notice.get()) != receipt.notice.hash {
                    let detail = format!("notice {number} is not the one that was shown");
                    return Err(Broken::at(proof.index, What::NoticeReplaced, detail).into());
                }
            }
            named.insert(receipt.notice.number, receipt.widget);
        }
        counts.notices = named.len() as u64;
        counts.builds = named.values().collect::<std::collections::HashSet<_>>().len() as u64;
        let saved = trust.checkpoint.as_ref().map(|saved| agrees(saved, &key, &proofs)).transpose()?;
        Ok(Report {
            scope: Scope::Receipts,
            origin: told.checkpoint.unverified().origin.clone(),
            size,
            key_is_the_files: by_the_files(told),
            key: key_for(told).clone(),
            earlier: 0,
            saved,
            counts,
        })
    }
}

fn checked<'a>(proof: &'a ReceiptProof, key: &PublicKey) -> Result<&'a crate::ledger::Checkpoint, Broken> {
    use crate::ledger::proof::ProofError;
    let index = proof.index;
    let checkpoint = proof.verify(key).map_err(|error| match error {
        ProofError::Note(_) => Broken::at(
            index,
            What::WrongKey,
            format!(
                "its checkpoint is not signed by {key}: it was changed, or it is older or newer than this key"
            ),
        ),
        ProofError::NotIncluded(_) => Broken::at(
            index,
            What::Changed,
            "its bytes, its salt, its number or its path are not those that were recorded",
        ),
        other => Broken::at(index, What::Malformed, other.to_string()),
    })?;
    if checkpoint.origin != key.name() {
        let detail =
            format!("its checkpoint is of the ledger {}, the key of {}", checkpoint.origin, key.name());
        return Err(Broken::at(index, What::WrongKey, detail));
    }
    Ok(checkpoint)
}

/// Holds the saved checkpoint against the one of the same size, the only one that it can be compared with here.
fn agrees(
    saved: &crate::ledger::SignedCheckpoint,
    key: &PublicKey,
    proofs: &[ReceiptProof],
) -> Result<u64, Failure> {
    let kept = saved.verify(key).map_err(|_| {
        Broken::somewhere(What::WrongKey, format!("your saved checkpoint is not signed by {key}"))
    })?;
    let mut same = proofs
        .iter()
        .map(|proof| proof.checkpoint.unverified())
        .filter(|own| (own.size, &own.origin) == (kept.size, &kept.origin));
    let Some(first) = same.next() else {
        return Err(Failure::Unusable(format!(
            "A receipt cannot be held against a checkpoint of another size ({}): use the ledger's bundle, or leave --checkpoint out.",
            kept.size
        )));
    };
    if iter::once(first).chain(same).any(|own| own != kept) {
        return Err(super::whole::forked(kept.size, "your saved checkpoint").into());
    }
    Ok(kept.size)
}

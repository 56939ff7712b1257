//! Owns talking with witnesses (C2SP tlog-witness and tlog-cosignature v1): what they are sent, and whether they have signed.
//! Refuses a cosignature of another key, over another checkpoint, or in another form.

use std::fmt::Write;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};

use super::note::{NotAKey, key_id, read_key};
use super::{Hash, SignedCheckpoint, from_base64};

/// The signature type of a timestamped Ed25519 cosignature.
const COSIGNATURE: u8 = 4;

/// The key of somebody who confirms that a ledger has only grown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    key: VerifyingKey,
}

impl FromStr for WitnessKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (name, key) = read_key(text, COSIGNATURE).ok_or(NotAKey)?;
        Ok(Self { name, key })
    }
}

impl WitnessKey {
    fn id(&self) -> [u8; 4] {
        key_id(&self.name, COSIGNATURE, &self.key)
    }

    /// When the witness signed this checkpoint, in seconds since 1970, if one of `lines` is its cosignature.
    #[must_use]
    pub fn cosigned_at(&self, checkpoint: &SignedCheckpoint, lines: &str) -> Option<u64> {
        lines.lines().find_map(|line| {
            let signature = line.strip_prefix("— ")?.strip_prefix(&self.name)?.strip_prefix(' ')?;
            let bytes = from_base64(signature)?;
            let (id, rest) = bytes.split_first_chunk::<4>()?;
            let (time, signature) = rest.split_first_chunk::<8>()?;
            let time = u64::from_be_bytes(*time);
            let message = format!("cosignature/v1\ntime {time}\n{}", checkpoint.unverified());
            let signature = Signature::from_slice(signature).ok()?;
            let sound = *id == self.id() && self.key.verify_strict(message.as_bytes(), &signature).is_ok();
            sound.then_some(time)
        })
    }
}

/// The body of `add-checkpoint`: `proof` shows that the tree of `old` leaves, which the witness knows, is this one's beginning.
#[must_use]
pub fn add_checkpoint(old: u64, proof: &[Hash], checkpoint: &SignedCheckpoint) -> String {
    let mut body = format!("old {old}\n");
    for hash in proof {
        let _ = writeln!(body, "{}", hash.to_base64());
    }
    let _ = write!(body, "\n{}", checkpoint.note());
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Checkpoint, SigningKey};
    use data_encoding::{BASE64, HEXLOWER};
    use ed25519_dalek::Signer;

    /// A witness as the specification has it.
    fn witness() -> (ed25519_dalek::SigningKey, WitnessKey, String) {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
        let key = WitnessKey { name: "witness.example/w1".to_owned(), key: secret.verifying_key() };
        let mut bytes = vec![COSIGNATURE];
        bytes.extend(key.key.as_bytes());
        let text = format!("{}+{}+{}", key.name, HEXLOWER.encode(&key.id()), BASE64.encode(&bytes));
        (secret, key, text)
    }

    #[test]
    fn a_cosignature_counts_for_its_checkpoint_only() {
        let (secret, key, text) = witness();
        assert_eq!(text.parse(), Ok(key.clone()));
        assert_eq!(text.replace("w1+", "w2+").parse::<WitnessKey>(), Err(NotAKey));
        let signed = Checkpoint { origin: "a/b".to_owned(), size: 3, root: Hash([1; 32]) }
            .sign(&[&SigningKey::from_seed(&[1; 32])]);
        let message = format!("cosignature/v1\ntime 77\n{}", signed.unverified());
        let mut bytes = key.id().to_vec();
        bytes.extend(77_u64.to_be_bytes());
        bytes.extend(secret.sign(message.as_bytes()).to_bytes());
        let line = format!("— {} {}\n", key.name, BASE64.encode(&bytes));
        assert_eq!(key.cosigned_at(&signed, &line), Some(77));
        let cosigned = signed.with_signatures(&line).unwrap();
        assert_eq!(cosigned.unverified(), signed.unverified());
        let other =
            Checkpoint { size: 4, ..signed.unverified().clone() }.sign(&[&SigningKey::from_seed(&[1; 32])]);
        assert_eq!(key.cosigned_at(&other, &line), None);
        assert_eq!(key.cosigned_at(&signed, &line.replace("w1", "w2")), None);
        assert_eq!(
            add_checkpoint(2, &[Hash([0; 32])], &signed).lines().take(3).collect::<Vec<_>>().join("|"),
            format!("old 2|{}|", Hash([0; 32]).to_base64())
        );
    }
}

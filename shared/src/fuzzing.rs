//! Owns what must hold of every parser here, whatever it is given: it ends, and what it takes is written and read as the same.
//! Refuses to choose the bytes; a fuzzer does, or a test with seeds.

use std::str::from_utf8;

use crate::bundle::{Trust, saved_checkpoint, verify};
use crate::ledger::{PublicKey, ReceiptProof, SignedCheckpoint};
use crate::{Decision, StoredDecision};

/// The value of the cookie.
///
/// # Panics
/// Where a value that is read is not written as the same decision.
pub fn cookie(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    if let Some(decision) = StoredDecision::parse(text) {
        let written = decision.value();
        assert_eq!(StoredDecision::parse(&written), Some(decision), "{written}");
        assert!(written.len() <= text.len() + 1, "nothing is added: {text} {written}");
    }
}

/// A decision, as a browser posts it.
///
/// # Panics
/// Where one that is read is not written as the same.
pub fn decision(bytes: &[u8]) {
    let Ok(decision) = serde_json::from_slice::<Decision>(bytes) else { return };
    let written = serde_json::to_string(&decision).expect("it is plain data");
    assert_eq!(serde_json::from_str::<Decision>(&written).expect("our own form"), decision);
    // The cookie that it becomes grants what it grants, where it can be said in the cookie's unit.
    let stored = StoredDecision::from(&decision);
    assert_eq!(StoredDecision::parse(&stored.value()), Some(stored));
}

/// A checkpoint as a signed note; and a key, which stands in the same files.
///
/// # Panics
/// Where one that is read is another afterwards, or is believed without a signature.
pub fn checkpoint(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    if let Ok(key) = text.trim().parse::<PublicKey>() {
        assert_eq!(key.to_string().parse::<PublicKey>().ok(), Some(key));
    }
    let Ok(signed) = SignedCheckpoint::parse(text) else { return };
    assert_eq!(signed.note(), text);
    assert!(text.starts_with(&signed.unverified().to_string()), "it says what stands there: {text}");
    assert!(signed.verify(&stranger()).is_err(), "nobody who is a stranger has signed it");
}

/// The proof of a receipt.
///
/// # Panics
/// Where one that is read is not written as the same, or proves by a stranger's key.
pub fn proof(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let Ok(proof) = ReceiptProof::parse(text) else { return };
    assert_eq!(ReceiptProof::parse(&proof.to_string()).as_ref(), Ok(&proof));
    assert!(proof.verify(&stranger()).is_err(), "nobody who is a stranger has signed it");
}

/// A bundle, a download, an audit log, or anything else that the verifier is given.
///
/// # Panics
/// Where anything is proven by a stranger's key.
pub fn bundle(bytes: &[u8]) {
    let _ = saved_checkpoint(bytes);
    let _ = verify(bytes, &Trust::default());
    let trust = Trust { key: Some(stranger()), checkpoint: None };
    assert!(verify(bytes, &trust).is_err(), "nobody who is a stranger has signed it");
}

/// A key that signs nothing.
fn stranger() -> PublicKey {
    crate::ledger::SigningKey::from_seed(&[0xee; 32]).public("stranger.example")
}

/// `seed` with some of its bytes replaced, removed, repeated or followed by others: where (a part of 65,536), how, and by what.
#[must_use]
pub fn mutated(seed: &[u8], edits: &[(u16, u8, u8)]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (at, how, what) in edits {
        let at = usize::from(*at) * bytes.len() / 65_536;
        let end = bytes.len().min(at + 1 + usize::from(*what) % 32);
        match how % 6 {
            0 if at < bytes.len() => bytes[at] = *what,
            1 if at < bytes.len() => bytes[at] ^= 1 << (what % 8),
            2 => bytes.insert(at, *what),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

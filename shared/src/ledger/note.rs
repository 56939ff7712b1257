//! Owns signed notes (C2SP signed-note v1.0.0): keys, signing, and which signatures of a note hold.
//! Refuses every algorithm but Ed25519 (RFC 8032), and to trust a note that no known key has signed.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::from_base64;

/// The signature type of Ed25519.
const ED25519: u8 = 1;
/// A note with more signatures is not looked at; at least 16 must be.
const MOST_SIGNATURES: usize = 64;

/// What signs a site's checkpoints.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key that 32 random bytes make (RFC 8032 §5.1.5).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Its public half, under the name of a ledger.
    #[must_use]
    pub fn public(&self, name: &str) -> PublicKey {
        PublicKey { name: name.to_owned(), key: self.0.verifying_key() }
    }

    /// The signature line of `text`, which ends in a newline.
    #[must_use]
    pub fn signature_line(&self, name: &str, text: &str) -> String {
        let mut bytes = self.public(name).id().to_vec();
        bytes.extend(self.0.sign(text.as_bytes()).to_bytes());
        format!("— {name} {}\n", BASE64.encode(&bytes))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// A verifier key: a name and an Ed25519 key, written `name+id+key`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey {
    name: String,
    key: VerifyingKey,
}

/// Why a text is not a verifier key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a verifier key: it is written NAME+ID+KEY, as `/_assent/SITE/key` shows it")]
pub struct NotAKey;

impl PublicKey {
    /// Whose key it is: the ledger's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The four bytes that name the key in signatures.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, ED25519, &self.key)
    }

    /// Whether `signature`, as in a note, is this key's over `text`.
    fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(text.as_bytes(), &signature).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519];
        bytes.extend(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), BASE64.encode(&bytes))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (name, key) = read_key(text, ED25519).ok_or(NotAKey)?;
        Ok(Self { name, key })
    }
}

impl TryFrom<String> for PublicKey {
    type Error = NotAKey;

    fn try_from(text: String) -> Result<Self, NotAKey> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

/// The id of a key that makes signatures of that type.
pub(super) fn key_id(name: &str, signature_type: u8, key: &VerifyingKey) -> [u8; 4] {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', signature_type])
        .chain_update(key.as_bytes())
        .finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// Reads a verifier key, `NAME+ID+KEY`, of that signature type.
pub(super) fn read_key(text: &str, signature_type: u8) -> Option<(String, VerifyingKey)> {
    let mut parts = text.trim().splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = from_base64(key)?;
    let (_, key) = bytes.split_first().filter(|(own, _)| **own == signature_type)?;
    let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
    // The id is there so that a key that was cut or mistyped is seen.
    let id = HEXLOWER.decode(id.as_bytes()).ok()?;
    (is_name(name) && id == key_id(name, signature_type, &key)).then(|| (name.to_owned(), key))
}

/// Names have no spaces and no plus.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// A note that was taken apart; nothing of it is trusted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    /// What is signed, with its last newline.
    pub text: &'a str,
    signatures: Vec<(&'a str, [u8; 4], Vec<u8>)>,
}

/// Why a note is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It has not the form of a signed note.
    #[error("it is not a signed note")]
    Malformed,
    /// A key that should have signed it has not, or something else signed in its name.
    #[error("it is not signed by {0}")]
    NotSigned(String),
}

impl<'a> Note<'a> {
    /// Takes a note apart.
    pub fn parse(note: &'a str) -> Result<Self, NoteError> {
        let malformed = || NoteError::Malformed;
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') || !note.ends_with('\n') {
            return Err(malformed());
        }
        let at = note.rfind("\n\n").ok_or_else(malformed)?;
        let (text, lines) = (&note[..=at], &note[at + 2..]);
        let signatures = lines
            .lines()
            .map(|line| {
                let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
                let bytes = from_base64(signature)?;
                let (id, signature) = bytes.split_first_chunk::<4>()?;
                (is_name(name) && !signature.is_empty()).then(|| (name, *id, signature.to_vec()))
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(malformed)?;
        if signatures.is_empty() || signatures.len() > MOST_SIGNATURES {
            return Err(malformed());
        }
        Ok(Self { text, signatures })
    }

    /// Whether `key` has signed it. Signatures of other keys do not matter; one that fails in this key's name does.
    pub fn verify(&self, key: &PublicKey) -> Result<(), NoteError> {
        let id = key.id();
        let mut own =
            self.signatures.iter().filter(|(name, by, _)| *name == key.name && *by == id).peekable();
        if own.peek().is_some() && own.all(|(_, _, signature)| key.has_signed(self.text, signature)) {
            return Ok(());
        }
        Err(NoteError::NotSigned(key.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's own note, and the key that its `PeterNeumann` example carries in Go's `sumdb/note`.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_field_s_own_vector_verifies() {
        let key: PublicKey = PETER.parse().unwrap();
        assert_eq!(key.to_string(), PETER);
        let note = Note::parse(NOTE).unwrap();
        assert_eq!(note.verify(&key), Ok(()));
        let changed = NOTE.replace("your problem is", "my problem is");
        assert!(matches!(Note::parse(&changed).unwrap().verify(&key), Err(NoteError::NotSigned(_))));
    }

    #[test]
    fn signing_and_verifying_agree_and_names_matter() {
        let key = SigningKey::from_seed(&[9; 32]);
        let text = "one\n\ntwo\n";
        let note = format!(
            "{text}\n{}{}",
            key.signature_line("a.example/log", text),
            key.signature_line("other", text)
        );
        let parsed = Note::parse(&note).unwrap();
        assert_eq!(parsed.text, text);
        assert_eq!(parsed.verify(&key.public("a.example/log")), Ok(()));
        assert_eq!(parsed.verify(&key.public("other")), Ok(()));
        assert!(parsed.verify(&key.public("third")).is_err());
        assert!(parsed.verify(&SigningKey::from_seed(&[8; 32]).public("other")).is_err());
    }

    #[test]
    fn what_is_no_note_or_key_is_refused() {
        for bad in [
            "",
            "text\n",
            "text\n\n",
            "text\n\nno dash\n",
            "text\n\n— name !\n",
            "te\txt\n\n— name AAAAAAA=\n",
            &NOTE[..NOTE.len() - 1],
        ] {
            assert_eq!(Note::parse(bad), Err(NoteError::Malformed), "{bad:?}");
        }
        for bad in [
            "",
            "PeterNeumann",
            &PETER[..60],
            &PETER.replace("c74f20a3", "c74f20a4"),
            &PETER.replace("Peter", "Pet er"),
        ] {
            assert_eq!(bad.parse::<PublicKey>(), Err(NotAKey), "{bad:?}");
        }
    }
}

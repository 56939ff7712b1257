//! Owns checkpoints (C2SP tlog-checkpoint v1.0.0): a ledger's name, size and root, signed as a note.
//! Refuses extension lines: two texts for one tree would be two checkpoints.

use std::fmt;

use super::Hash;
use super::note::{Note, NoteError, PublicKey, SigningKey};

/// A ledger's size and root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's name, which is also its keys': an address without its scheme.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
}

impl fmt::Display for Checkpoint {
    /// The text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }
}

impl Checkpoint {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let canonical =
            size == "0" || !size.starts_with('0') && size.bytes().all(|byte| byte.is_ascii_digit());
        // Other logs may have extension lines; they do not change what the first three say.
        let rest_is_sound = lines.all(|line| !line.is_empty());
        if origin.is_empty() || !canonical || !rest_is_sound {
            return None;
        }
        Some(Self {
            origin: origin.to_owned(),
            size: size.parse().ok()?,
            root: Hash::from_base64(root).ok()?,
        })
    }

    /// Signs it with every one of `keys`.
    #[must_use]
    pub fn sign(&self, keys: &[&SigningKey]) -> SignedCheckpoint {
        let text = self.to_string();
        let signatures: String = keys.iter().map(|key| key.signature_line(&self.origin, &text)).collect();
        SignedCheckpoint { note: format!("{text}\n{signatures}"), checkpoint: self.clone() }
    }
}

/// A checkpoint as a signed note, byte for byte as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: String,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// Reads a checkpoint; its signatures are not looked at yet.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let checkpoint = Checkpoint::parse(Note::parse(note)?.text).ok_or(NoteError::Malformed)?;
        Ok(Self { note: note.to_owned(), checkpoint })
    }

    /// The published bytes.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// What it says, whether or not it is signed by anybody known.
    #[must_use]
    pub fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// What it says, if `key` has signed it.
    pub fn verify(&self, key: &PublicKey) -> Result<&Checkpoint, NoteError> {
        Note::parse(&self.note)?.verify(key)?;
        Ok(&self.checkpoint)
    }

    /// The same with more signature lines, such as witnesses give.
    #[must_use]
    pub fn with_signatures(&self, lines: &str) -> Option<Self> {
        Self::parse(&format!("{}{lines}", self.note)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's example.
    const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    #[test]
    fn the_specifications_example_is_read() {
        let signed = SignedCheckpoint::parse(EXAMPLE).unwrap();
        let Checkpoint { origin, size, root } = signed.unverified();
        assert_eq!((origin.as_str(), *size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(root.to_base64(), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
        assert_eq!(signed.note(), EXAMPLE);
    }

    #[test]
    fn a_signed_checkpoint_holds_until_a_byte_changes() {
        let (old, new) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let checkpoint =
            Checkpoint { origin: "shop.example/_assent/shop".to_owned(), size: 7, root: Hash([3; 32]) };
        let signed = checkpoint.sign(&[&old, &new]);
        for key in [&old, &new] {
            assert_eq!(signed.verify(&key.public(&checkpoint.origin)), Ok(&checkpoint));
        }
        assert_eq!(SignedCheckpoint::parse(signed.note()), Ok(signed.clone()));
        let forged = SignedCheckpoint::parse(&signed.note().replace("\n7\n", "\n8\n")).unwrap();
        assert!(forged.verify(&old.public(&checkpoint.origin)).is_err());
        for bad in ["\n07\n", "\n+7\n", "\n-7\n", "\n\n"] {
            assert!(SignedCheckpoint::parse(&signed.note().replacen("\n7\n", bad, 1)).is_err(), "{bad:?}");
        }
    }
}

//! Owns what the checkpoints of a ledger say together: who may sign when, and which earlier trees the newest must contain.
//! Refuses a handover that the older key did not sign: whoever has only the new key could have begun a ledger of their own.

use super::Trust;
use super::broken::{Broken, Failure, What};
use crate::ledger::{Checkpoint, Frontier, Hash, PublicKey, SignedCheckpoint};

/// The checkpoints of a bundle and the one that somebody else has kept.
#[derive(Debug)]
pub(super) struct History {
    /// Where the file names its keys, for people.
    named_in: &'static str,
    keys: Vec<PublicKey>,
    earlier: Vec<SignedCheckpoint>,
    newest: SignedCheckpoint,
    saved: Option<SignedCheckpoint>,
}

/// A key entry of the ledger.
#[derive(Debug, Clone)]
pub(super) struct Handover {
    pub(super) index: u64,
    pub(super) previous: PublicKey,
    pub(super) key: PublicKey,
}

impl History {
    /// Takes the newest checkpoint, if the last of the keys has signed it.
    pub(super) fn new(
        named_in: &'static str,
        (own_origin, keys): (&str, &[PublicKey]),
        newest: SignedCheckpoint,
        trust: &Trust,
    ) -> Result<Self, Failure> {
        let key = keys
            .last()
            .ok_or_else(|| Broken::somewhere(What::Malformed, format!("{named_in} has no key")))?;
        if let Some(trusted) = &trust.key
            && !keys.contains(trusted)
        {
            let detail = format!("the ledger was signed by {key}, and never by the key that you gave");
            return Err(Broken::somewhere(What::WrongKey, detail).into());
        }
        if newest.verify(key).is_err() {
            let detail =
                format!("the checkpoint is not signed by {key}: it was changed, or somebody else signed it");
            return Err(Broken::somewhere(What::WrongKey, detail).into());
        }
        let Checkpoint { origin, size, .. } = newest.unverified();
        if let Some(name) =
            keys.iter().map(PublicKey::name).chain([origin.as_str()]).find(|name| *name != own_origin)
        {
            let detail = format!("{named_in} says ledger {own_origin}, a key or the checkpoint says {name}");
            return Err(Broken::somewhere(What::Malformed, detail).into());
        }
        if let Some(saved) = &trust.checkpoint {
            let Checkpoint { origin: other, size: saved_size, .. } = saved.unverified();
            if other != origin {
                return Err(Failure::Unusable(format!(
                    "Your saved checkpoint is of the ledger {other}, this file is of {origin}: give the checkpoint of this ledger."
                )));
            }
            if !keys.iter().any(|key| saved.verify(key).is_ok()) {
                let detail = "your saved checkpoint is not signed by any key of this ledger";
                return Err(Broken::somewhere(What::WrongKey, detail).into());
            }
            if saved_size > size {
                let detail = format!(
                    "your saved checkpoint covers {saved_size} leaves and this file only {size}: its end was cut off, or it is older than your checkpoint"
                );
                return Err(Broken::at(*size, What::Removed, detail).into());
            }
        }
        Ok(Self {
            named_in,
            keys: keys.to_vec(),
            earlier: Vec::new(),
            newest,
            saved: trust.checkpoint.clone(),
        })
    }

    /// Takes the next earlier checkpoint.
    pub(super) fn push(&mut self, name: &str, earlier: SignedCheckpoint) -> Result<(), Broken> {
        let (newest, this) = (self.newest.unverified(), earlier.unverified());
        if !self.keys.iter().any(|key| earlier.verify(key).is_ok()) {
            let detail = format!(
                "{name} is not signed by any key of this ledger: it was changed, or somebody else signed it"
            );
            return Err(Broken::somewhere(What::WrongKey, detail));
        }
        let after = self.earlier.last().map_or(0, |last| last.unverified().size);
        if this.origin != newest.origin || this.size < after || this.size > newest.size {
            let detail =
                format!("{name} is not an earlier checkpoint of this ledger, in the order of their sizes");
            return Err(Broken::somewhere(What::Reordered, detail));
        }
        self.earlier.push(earlier);
        Ok(())
    }

    pub(super) fn newest(&self) -> &Checkpoint {
        self.newest.unverified()
    }

    pub(super) fn key(&self) -> Option<&PublicKey> {
        self.keys.last()
    }

    pub(super) fn saved(&self) -> Option<&Checkpoint> {
        self.saved.as_ref().map(SignedCheckpoint::unverified)
    }

    pub(super) fn earlier(&self) -> impl ExactSizeIterator<Item = &Checkpoint> {
        self.earlier.iter().map(SignedCheckpoint::unverified)
    }

    /// Whether the keys follow each other as the ledger's own entries say, each signed what was its to sign, and every handover
    /// is signed by both.
    pub(super) fn check_keys(&self, handovers: &[Handover]) -> Result<(), Broken> {
        let wrong = |index, detail: String| Err(Broken::at(index, What::WrongKey, detail));
        for (at, Handover { index, previous, key }) in handovers.iter().enumerate() {
            if self.keys.get(at) != Some(previous) || self.keys.get(at + 1) != Some(key) {
                return wrong(
                    *index,
                    format!("{} does not say that {key} follows {previous}", self.named_in),
                );
            }
        }
        if let Some(key) = self.keys.get(handovers.len() + 1) {
            let detail = format!("nothing in the ledger hands over to the key {key}");
            return Err(Broken::somewhere(What::WrongKey, detail));
        }
        let all = || self.earlier.iter().chain([&self.newest]);
        for signed in all() {
            let size = signed.unverified().size;
            let before = handovers.iter().take_while(|handover| handover.index < size).count();
            if let Some(key) = self.keys.get(before)
                && signed.verify(key).is_err()
            {
                let detail = format!("the checkpoint of size {size} should be signed by {key}, and is not");
                return Err(Broken::somewhere(What::WrongKey, detail));
            }
        }
        for Handover { index, previous, key } in handovers {
            let first = all().find(|signed| signed.unverified().size > *index);
            if !first.is_some_and(|signed| signed.verify(previous).is_ok() && signed.verify(key).is_ok()) {
                return wrong(
                    *index,
                    format!("the handover from {previous} to {key} is not there with both signatures"),
                );
            }
        }
        Ok(())
    }

    /// Every checkpoint's size, root and whether it is the saved one, by size; the newest is the last.
    fn marks(&self) -> Vec<(u64, Hash, bool)> {
        let mark = |checkpoint: &Checkpoint, saved| (checkpoint.size, checkpoint.root, saved);
        let mut marks: Vec<_> = self.earlier().map(|earlier| mark(earlier, false)).collect();
        marks.push(mark(self.newest(), false));
        marks.extend(self.saved().map(|saved| mark(saved, true)));
        marks.sort_by_key(|(size, ..)| *size);
        marks
    }

    /// Holds every checkpoint against a ledger's leaves.
    pub(super) fn held_against(&self, leaves: &[Hash]) -> Agreement {
        let mut frontier = Frontier::default();
        let mut agreement = Agreement { sound: false, fits: 0, differs: None };
        let mut rest = leaves.iter();
        for (size, root, saved) in self.marks() {
            while frontier.size() < size
                && let Some(leaf) = rest.next()
            {
                frontier.append(*leaf, |_, _| ());
            }
            if frontier.size() != size || frontier.root() != root {
                agreement.differs.get_or_insert((size, saved));
            } else if agreement.differs.is_none() {
                agreement.fits = size;
            }
        }
        let newest = self.newest();
        agreement.sound = leaves.len() as u64 == newest.size
            && frontier.size() == newest.size
            && frontier.root() == newest.root;
        agreement
    }
}

/// How far leaves agree with the checkpoints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agreement {
    /// They are exactly those of the newest checkpoint.
    pub(super) sound: bool,
    /// The largest checkpoint that they agree with, before the first that they do not.
    pub(super) fits: u64,
    /// The first checkpoint that they do not agree with, and whether it is the saved one.
    pub(super) differs: Option<(u64, bool)>,
}

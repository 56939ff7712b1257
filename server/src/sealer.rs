//! Owns sealing: salts, which key signs a ledger, and when nothing may be signed at all.
//! Refuses to sign a ledger that is behind what was published of it or not as it was signed last, or with a key that the ledger
//! does not know: each would be a fork.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use assent_shared::SiteId;
use assent_shared::ledger::{PublicKey, Salt, SignedCheckpoint, SigningKey};

use crate::signing_keys::KeySource;

/// Why a ledger takes nothing at present.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The database was brought back from an older copy, or somebody shortened it.
    #[error(
        "the ledger of `{site}` was published with {published} leaves, but the database has only {present} of them, or other \
         ones; nothing is signed until `assent ledger resume --site {site}` begins a new ledger that is linked to this one"
    )]
    Behind {
        /// The site.
        site: SiteId,
        /// Leaves that were published.
        published: u64,
        /// Leaves that are there.
        present: u64,
    },
    /// Where the ledger goes on is not where its newest checkpoint ends.
    #[error(
        "the ledger of `{site}` is not as it was signed last: the database is damaged, or somebody changed it; nothing is signed \
         until a copy of the database is brought back, or `assent ledger resume --site {site}` begins a new ledger that is linked \
         to this one"
    )]
    Damaged {
        /// The site.
        site: SiteId,
    },
    /// The signing key was replaced by one that the ledger was not handed over to.
    #[error(
        "the ledger of `{site}` is signed with the key {key}, which is not among the signing keys; bring that key back, the \
         newer ones after it"
    )]
    UnknownKey {
        /// The site.
        site: SiteId,
        /// The key that signed last.
        key: String,
    },
    /// As `Behind`, of the audit log.
    #[error(
        "the audit log was published with {published} leaves, but the database has only {present} of them, or other ones; \
         nothing is done or shown until `assent audit resume` begins a new log that is linked to this one"
    )]
    AuditBehind {
        /// Leaves that were published.
        published: u64,
        /// Leaves that are there.
        present: u64,
    },
    /// As `Damaged`, of the audit log.
    #[error(
        "the audit log is not as it was signed last: the database is damaged, or somebody changed it; nothing is done or shown \
         until a copy of the database is brought back, or `assent audit resume` begins a new log that is linked to this one"
    )]
    AuditDamaged,
    /// As `UnknownKey`, of the audit log.
    #[error(
        "the audit log is signed with the key {key}, which is not among the signing keys; bring that key back, the newer ones \
         after it"
    )]
    AuditUnknownKey {
        /// The key that signed last.
        key: String,
    },
    /// The keys themselves cannot be read.
    #[error("{0}")]
    NoKeys(String),
}

impl Refusal {
    /// Whose ledger it is, where it is a site's.
    #[must_use]
    pub fn site(&self) -> Option<&SiteId> {
        match self {
            Self::Behind { site, .. } | Self::Damaged { site } | Self::UnknownKey { site, .. } => Some(site),
            Self::AuditBehind { .. }
            | Self::AuditDamaged
            | Self::AuditUnknownKey { .. }
            | Self::NoKeys(_) => None,
        }
    }

    /// How many leaves were published and how many are there, where that is the reason.
    #[must_use]
    pub fn sizes(&self) -> Option<(u64, u64)> {
        match self {
            Self::Behind { published, present, .. } | Self::AuditBehind { published, present } => {
                Some((*published, *present))
            }
            Self::Damaged { .. }
            | Self::UnknownKey { .. }
            | Self::AuditDamaged
            | Self::AuditUnknownKey { .. }
            | Self::NoKeys(_) => None,
        }
    }
}

/// The keys that sign one checkpoint.
#[derive(Debug)]
pub struct Signers {
    /// The present key.
    pub key: SigningKey,
    /// The key before it, where this checkpoint is the handover.
    pub previous: Option<SigningKey>,
}

/// Signs for every site; clones share the same keys.
#[derive(Debug, Clone)]
pub struct Sealer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: KeySource,
    keys: RwLock<Vec<SigningKey>>,
    behind: RwLock<HashMap<(SiteId, i64), Refusal>>,
    audit_behind: RwLock<Option<(i64, Refusal)>>,
    /// Sites whose ledger was refused when it was last asked for.
    refused: RwLock<BTreeSet<SiteId>>,
    off: bool,
}

impl Sealer {
    /// Signs with the keys of `source`, which are read, or made, when they are first needed.
    #[must_use]
    pub fn new(source: KeySource) -> Self {
        Self::with(source, false)
    }

    /// Seals no receipts at all. For the benchmark, which measures what sealing costs against it.
    #[must_use]
    pub fn off(source: KeySource) -> Self {
        Self::with(source, true)
    }

    fn with(source: KeySource, off: bool) -> Self {
        let (keys, behind, audit_behind) = (RwLock::default(), RwLock::default(), RwLock::default());
        Self(Arc::new(Inner { source, keys, behind, audit_behind, refused: RwLock::default(), off }))
    }

    pub(crate) fn is_off(&self) -> bool {
        self.0.off
    }

    /// Reads the keys now, so that a start fails at once where they are damaged.
    pub fn load(&self) -> Result<(), String> {
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = self.0.source.load()?;
        Ok(())
    }

    /// Fresh salts, one for each receipt.
    pub fn salts(count: usize) -> Result<Vec<Salt>, getrandom::Error> {
        let mut bytes = vec![0; count * 32];
        getrandom::fill(&mut bytes)?;
        Ok(bytes.as_chunks().0.iter().map(|salt| Salt(*salt)).collect())
    }

    /// Who signs the site's ledger of that number, which was signed by `last`, under the name `origin`.
    pub fn signers(
        &self,
        site: &SiteId,
        ledger: i64,
        origin: &str,
        last: Option<&str>,
    ) -> Result<Signers, Refusal> {
        let found = self.signers_unless_behind(site, ledger, origin, last);
        let known = self.0.refused.read().unwrap_or_else(PoisonError::into_inner).contains(site);
        if known != found.is_err() {
            let mut refused = self.0.refused.write().unwrap_or_else(PoisonError::into_inner);
            // Once, and not for every visitor who comes meanwhile.
            if let Err(refusal) = &found {
                tracing::error!(%site, "{refusal}");
                refused.insert(site.clone());
            } else {
                tracing::info!(%site, "the site's ledger goes on");
                refused.remove(site);
            }
        }
        found
    }

    fn signers_unless_behind(
        &self,
        site: &SiteId,
        ledger: i64,
        origin: &str,
        last: Option<&str>,
    ) -> Result<Signers, Refusal> {
        if let Some(refusal) = self.refusal(site, ledger) {
            return Err(refusal);
        }
        self.find_anew(origin, last)?.ok_or_else(|| Refusal::UnknownKey {
            site: site.clone(),
            key: last.unwrap_or_default().to_owned(),
        })
    }

    /// Sites whose ledger may take nothing; which of them still does not, [`Sealer::signers`] says.
    #[must_use]
    pub fn refused_sites(&self) -> BTreeSet<SiteId> {
        let mut sites = self.0.refused.read().unwrap_or_else(PoisonError::into_inner).clone();
        let behind = self.0.behind.read().unwrap_or_else(PoisonError::into_inner);
        sites.extend(behind.keys().map(|(site, _)| site.clone()));
        sites
    }

    /// Who signs the audit log's ledger of that number, which was signed by `last`, under the name `origin`.
    pub fn audit_signers(&self, ledger: i64, origin: &str, last: Option<&str>) -> Result<Signers, Refusal> {
        if let Some(refusal) = self.audit_refusal(ledger) {
            return Err(refusal);
        }
        self.find_anew(origin, last)?
            .ok_or_else(|| Refusal::AuditUnknownKey { key: last.unwrap_or_default().to_owned() })
    }

    /// Stops writing the audit log's ledger of that number.
    pub fn refuse_audit(&self, ledger: i64, refusal: Refusal) {
        *self.0.audit_behind.write().unwrap_or_else(PoisonError::into_inner) = Some((ledger, refusal));
    }

    /// Why the audit log's ledger of that number takes nothing, if it does not.
    #[must_use]
    pub fn audit_refusal(&self, ledger: i64) -> Option<Refusal> {
        let behind = self.0.audit_behind.read().unwrap_or_else(PoisonError::into_inner);
        behind.as_ref().filter(|(number, _)| *number == ledger).map(|(_, refusal)| refusal.clone())
    }

    fn find_anew(&self, origin: &str, last: Option<&str>) -> Result<Option<Signers>, Refusal> {
        if let Some(signers) = self.find(origin, last) {
            return Ok(Some(signers));
        }
        // Another process may have added a key and handed over to it.
        self.load().map_err(Refusal::NoKeys)?;
        Ok(self.find(origin, last))
    }

    fn find(&self, origin: &str, last: Option<&str>) -> Option<Signers> {
        let keys = self.0.keys.read().unwrap_or_else(PoisonError::into_inner);
        let newest = keys.last()?;
        let Some(last) = last else { return Some(Signers { key: newest.clone(), previous: None }) };
        // As text: reading a key costs as much as half a signature, and this is asked for each commit.
        let signed = keys.iter().rposition(|key| key.public(origin).to_string() == last)?;
        let handover = signed + 1 < keys.len();
        Some(Signers { key: newest.clone(), previous: handover.then(|| keys[signed].clone()) })
    }

    /// The public halves of the keys, oldest first, under the name of a ledger.
    pub fn public_keys(&self, origin: &str) -> Result<Vec<PublicKey>, String> {
        if self.0.keys.read().unwrap_or_else(PoisonError::into_inner).is_empty() {
            self.load()?;
        }
        let keys = self.0.keys.read().unwrap_or_else(PoisonError::into_inner);
        Ok(keys.iter().map(|key| key.public(origin)).collect())
    }

    /// Stops signing a ledger.
    pub fn refuse(&self, site: SiteId, ledger: i64, refusal: Refusal) {
        self.0.behind.write().unwrap_or_else(PoisonError::into_inner).insert((site, ledger), refusal);
    }

    /// Why the site's ledger of that number takes nothing, if it does not.
    #[must_use]
    pub fn refusal(&self, site: &SiteId, ledger: i64) -> Option<Refusal> {
        let behind = self.0.behind.read().unwrap_or_else(PoisonError::into_inner);
        behind.get(&(site.clone(), ledger)).cloned()
    }

    /// How many ledgers take nothing, and whether the audit log is one more.
    #[must_use]
    pub fn refused(&self) -> (usize, bool) {
        let ledgers = self.0.behind.read().unwrap_or_else(PoisonError::into_inner).len();
        (ledgers, self.0.audit_behind.read().unwrap_or_else(PoisonError::into_inner).is_some())
    }

    /// Whether one of the keys has signed this checkpoint.
    #[must_use]
    pub fn has_signed(&self, note: &str) -> bool {
        let Ok(signed) = SignedCheckpoint::parse(note) else { return false };
        let by_one = || {
            let keys = self.public_keys(&signed.unverified().origin).unwrap_or_default();
            keys.iter().any(|key| signed.verify(key).is_ok())
        };
        // Another process may have added a key.
        by_one() || self.load().is_ok() && by_one()
    }

    /// Adds a newer key; ledgers are handed over to it by their next leaf.
    pub fn add_key(&self) -> Result<(), String> {
        self.0.source.add()?;
        self.load()
    }
}

#[cfg(test)]
mod tests {
    use assent_shared::ledger::{Checkpoint, Hash};

    use super::*;

    #[test]
    fn a_newer_key_takes_over_from_the_ledgers_own() {
        let folder = tempfile::TempDir::new().unwrap();
        let source = KeySource::File(folder.path().join("key"));
        let sealer = Sealer::new(source.clone());
        let site: SiteId = "shop".parse().unwrap();
        let first = sealer.signers(&site, 1, "o", None).unwrap().key.public("o").to_string();
        assert!(sealer.signers(&site, 1, "o", Some(&first)).unwrap().previous.is_none());
        // As another process does it.
        Sealer::new(source).add_key().unwrap();
        assert!(sealer.signers(&site, 1, "o", Some(&first)).unwrap().previous.is_none(), "not noticed yet");
        let second = KeySource::File(folder.path().join("key")).load().unwrap()[1].public("o").to_string();
        let signers = sealer.signers(&site, 1, "o", Some(&second)).unwrap();
        assert_eq!((signers.key.public("o").to_string(), signers.previous.is_none()), (second, true));
        let handover = sealer.signers(&site, 1, "o", Some(&first)).unwrap();
        assert_eq!(handover.previous.unwrap().public("o").to_string(), first);
        let stranger = SigningKey::from_seed(&[1; 32]).public("o").to_string();
        let checkpoint = Checkpoint { origin: "o".to_owned(), size: 1, root: Hash([1; 32]) };
        let note = checkpoint.sign(&[&KeySource::File(folder.path().join("key")).load().unwrap()[1]]);
        assert!(
            sealer.has_signed(note.note()) && !sealer.has_signed(&note.note().replacen("\n1\n", "\n2\n", 1))
        );
        let foreign = checkpoint.sign(&[&SigningKey::from_seed(&[1; 32])]);
        assert!(!sealer.has_signed(foreign.note()));
        assert!(matches!(sealer.signers(&site, 1, "o", Some(&stranger)), Err(Refusal::UnknownKey { .. })));
    }
}

//! Owns the export of the audit log: its lines, written and read in one place, and checking them.
//! Refuses to parse an entry before it is known to be the recorded one: the bytes that are hashed are the bytes in the file.
//!
//! The first line is a [`Head`]. Then come the hashes of all leaves, 256 to a line, then a [`Line`] for each leaf.

use std::io::{BufRead, Read};

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::broken::{Broken, Failure, What};
use super::erasures::Erasures;
use super::history::{Handover, History};
use super::report::{Counts, Report, Scope};
use super::verify::Trust;
use super::whole::{Leaves, Whole};
use crate::id::SiteId;
use crate::ledger::entry::leaf_hash;
use crate::ledger::{AuditEntry, Entry, Hash, PublicKey, Salt, SignedCheckpoint, from_base64};

/// What the first line says it is.
pub const FORMAT: &str = "assent.audit.v1";
/// How such a file begins.
pub(super) const BEGINNING: &[u8] = b"{\"format\":\"assent.audit.";
/// Leaf hashes of one line.
pub const LEAVES_PER_LINE: usize = 256;
/// The first line has every checkpoint that was kept; no other is so long.
const LONGEST_LINE: u64 = 16 << 20;

/// The first line: which ledger this is of, and what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// [`FORMAT`].
    pub format: String,
    /// The ledger's name, as its checkpoint and keys have it.
    pub origin: String,
    /// 1 for the first; one that goes on after a restored backup counts up.
    pub ledger: u32,
    /// Milliseconds since 1970.
    pub made_at: i64,
    /// Which entries; without any wish, the whole log.
    pub selection: Selection,
    /// Every key that ever signed this ledger, oldest first.
    pub keys: Vec<PublicKey>,
    /// Checkpoints that were kept before, smallest first, as signed notes.
    pub earlier: Vec<String>,
    /// The newest one, under which everything here is proven.
    pub checkpoint: String,
}

/// Which entries are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Of this time or later, milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this time.
    pub to: Option<i64>,
    /// By this operator, key, or the command line.
    pub actor: Option<String>,
    /// Of this kind.
    pub action: Option<String>,
    /// About one of these sites; none for any, and for what concerns no site.
    pub sites: Option<Vec<SiteId>>,
}

impl Selection {
    /// Whether an entry is one of them.
    #[must_use]
    pub fn takes(&self, entry: &AuditEntry) -> bool {
        let Self { from, to, actor, action, sites } = self;
        from.is_none_or(|from| entry.at >= from)
            && to.is_none_or(|to| entry.at < to)
            && actor.as_ref().is_none_or(|actor| *actor == entry.actor)
            && action.as_ref().is_none_or(|action| *action == entry.action)
            && sites.as_ref().is_none_or(|sites| entry.site.as_ref().is_some_and(|site| sites.contains(site)))
    }
}

/// A line of leaf hashes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashes<'a> {
    leaves: &'a str,
}

/// The line of some leaf hashes, without its end.
#[must_use]
pub fn hashes(leaves: &[Hash]) -> String {
    let bytes: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.0).collect();
    format!("{{\"leaves\":\"{}\"}}", BASE64.encode(&bytes))
}

/// The line of one leaf. Exactly one of its contents is there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line<'a> {
    /// Its place in the ledger.
    pub index: u64,
    /// An [`AuditEntry`], with its salt.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<&'a RawValue>,
    /// A tombstone, with its salt.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub tombstone: Option<&'a RawValue>,
    /// What hides either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
    /// An entry that retention has erased: its commitment is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Hash>,
    /// An entry that is not selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Hash>,
    /// A public leaf: its canonical bytes.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<&'a RawValue>,
}

impl Line<'_> {
    /// A line without content.
    #[must_use]
    pub fn empty(index: u64) -> Self {
        Self { index, audit: None, tombstone: None, salt: None, erased: None, withheld: None, entry: None }
    }

    /// The hash of the leaf; nothing if there is not exactly one content.
    fn leaf_hash(&self) -> Option<Hash> {
        let entry = match (self.audit, self.tombstone, self.salt, self.erased, self.withheld, self.entry) {
            (Some(body), None, Some(salt), None, None, None) => {
                Entry::Audit { commitment: salt.commit_audit(body.get()) }
            }
            (None, Some(body), Some(salt), None, None, None) => {
                Entry::Tombstone { commitment: salt.commit_tombstone(body.get()) }
            }
            (None, None, None, Some(commitment), None, None)
            | (None, None, None, None, Some(commitment), None) => Entry::Audit { commitment },
            (None, None, None, None, None, Some(entry)) => return Some(leaf_hash(entry.get().as_bytes())),
            _ => return None,
        };
        Some(entry.leaf_hash())
    }
}

/// What the audit log's leaves said so far.
#[derive(Debug)]
struct Said {
    selection: Selection,
    handovers: Vec<Handover>,
    erasures: Erasures,
    counts: Counts,
}

impl Leaves for Said {
    type Leaf<'a> = Line<'a>;

    fn read(line: &str) -> Result<(u64, Hash, Line<'_>), String> {
        let line: Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let hash = line.leaf_hash().ok_or("it has not exactly one content")?;
        Ok((line.index, hash, line))
    }

    fn take(&mut self, index: u64, line: &Line<'_>) -> Result<(), Broken> {
        let malformed = |detail: String| Err(Broken::at(index, What::Malformed, detail));
        if let Some(body) = line.audit {
            let read = serde_json::from_str::<AuditEntry>(body.get());
            let Ok(entry) = read.as_ref().map(Clone::clone) else {
                return malformed("it is no entry of an audit log".to_owned());
            };
            if entry.version != 1 || entry.canonical_json() != body.get() {
                return malformed("it is not written canonically".to_owned());
            }
            if !self.selection.takes(&entry) {
                let detail = "it is not one of those that the first line selects";
                return Err(Broken::at(index, What::Inserted, detail));
            }
            self.erasures.shown(index);
            self.counts.entry(entry.at);
        } else if let Some(body) = line.tombstone {
            self.counts.tombstones += 1;
            self.erasures.take_tombstone(index, body.get())?;
        } else if line.erased.is_some() {
            self.erasures.erased(index);
            self.counts.erased += 1;
        } else if line.withheld.is_some() {
            self.counts.withheld += 1;
        } else if let Some(text) = line.entry {
            match serde_json::from_str::<Entry>(text.get()) {
                Ok(entry) if entry.canonical_json() != text.get() => {
                    return malformed("its entry is not written canonically".to_owned());
                }
                Ok(Entry::Key { key, previous }) => self.handovers.push(Handover { index, previous, key }),
                Ok(Entry::Link { .. }) if index == 0 => {}
                _ => return malformed("it is no entry that an audit log has".to_owned()),
            }
        }
        Ok(())
    }
}

/// Reads the next line, without its end; nothing behind the last one.
fn next<'b>(file: &mut impl BufRead, buffer: &'b mut Vec<u8>) -> Result<Option<&'b [u8]>, Failure> {
    buffer.clear();
    let read = file.take(LONGEST_LINE).read_until(b'\n', buffer)?;
    Ok((read > 0).then(|| buffer.strip_suffix(b"\n").unwrap_or(buffer)))
}

fn head(file: &mut impl BufRead) -> Result<Head, Failure> {
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    let mut buffer = Vec::new();
    let line = next(file, &mut buffer)?.unwrap_or_default();
    let malformed = |error: serde_json::Error| {
        Broken::somewhere(What::Malformed, format!("the first line cannot be read: {error}"))
    };
    let Format { format } = serde_json::from_slice(line).map_err(malformed)?;
    if format != FORMAT {
        return Err(Failure::Unusable(format!(
            "The audit log has the format {format}, which this version of Assent does not know: use a newer one."
        )));
    }
    Ok(serde_json::from_slice(line).map_err(malformed)?)
}

fn signed(note: &str) -> Result<SignedCheckpoint, Broken> {
    SignedCheckpoint::parse(note)
        .map_err(|error| Broken::somewhere(What::Malformed, format!("a checkpoint cannot be read: {error}")))
}

/// The newest checkpoint of such a file.
pub(super) fn checkpoint(mut file: impl BufRead) -> Result<SignedCheckpoint, Failure> {
    Ok(signed(&head(&mut file)?.checkpoint)?)
}

/// Checks an export of the audit log.
pub(super) fn verify(mut file: impl BufRead, trust: &Trust) -> Result<Report, Failure> {
    let head = head(&mut file)?;
    let newest = signed(&head.checkpoint)?;
    let mut history = History::new("the first line", (&head.origin, &head.keys), newest, trust)?;
    for note in &head.earlier {
        let earlier = signed(note)?;
        let name = format!("the earlier checkpoint of size {}", earlier.unverified().size);
        history.push(&name, earlier)?;
    }
    let (mut buffer, mut leaves) = (Vec::new(), Vec::new());
    let mut whole: Option<Whole<Said>> = None;
    let begin = |leaves: &mut Vec<Hash>| {
        let said = Said {
            selection: head.selection.clone(),
            handovers: Vec::new(),
            erasures: Erasures::new(head.ledger),
            counts: Counts::default(),
        };
        Whole::new(&history, std::mem::take(leaves), said)
    };
    while let Some(line) = next(&mut file, &mut buffer)? {
        if whole.is_none()
            && let Ok(Hashes { leaves: more }) = serde_json::from_slice(line)
        {
            let bytes = from_base64(more).filter(|bytes| bytes.len() % 32 == 0);
            let bytes = bytes.ok_or_else(|| {
                Broken::somewhere(What::Malformed, "a line of leaves does not hold whole hashes")
            })?;
            leaves.extend(bytes.chunks_exact(32).filter_map(Hash::from_slice));
            continue;
        }
        whole.get_or_insert_with(|| begin(&mut leaves)).take(line)?;
    }
    let whole = whole.unwrap_or_else(|| begin(&mut leaves));
    let Said { handovers, erasures, counts, .. } = whole.finish(&history)?;
    history.check_keys(&handovers)?;
    erasures.finish(true)?;
    let newest = history.newest();
    Ok(Report {
        scope: Scope::Audit,
        origin: newest.origin.clone(),
        size: newest.size,
        key: history.key().cloned().ok_or_else(|| Broken::somewhere(What::Malformed, "it has no key"))?,
        key_is_the_files: trust.key.is_none(),
        earlier: history.earlier().len() as u64,
        saved: history.saved().map(|saved| saved.size),
        counts,
    })
}

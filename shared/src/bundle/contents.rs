//! Owns what leaves say, once it is known that they are the recorded ones: receipts, notices, builds, keys.
//! Refuses receipts that are not canonical or that name something which no leaf before them announced.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Selection;
use super::broken::{Broken, What};
use super::erasures::Erasures;
use super::history::Handover;
use super::line::{Content, Line};
use super::report::Counts;
use super::whole::Leaves;
use crate::id::SiteId;
use crate::ledger::{Entry, Hash};
use crate::receipt::Receipt;

/// Everything that leaves said so far.
#[derive(Debug)]
pub(super) struct Contents {
    site: SiteId,
    selection: Selection,
    /// The notices' files and their hashes.
    files: BTreeMap<u32, Hash>,
    /// What notice leaves announced, as receipts write it.
    announced: HashMap<u32, String>,
    builds: HashSet<String>,
    handovers: Vec<Handover>,
    erasures: Erasures,
    counts: Counts,
}

impl Leaves for Contents {
    type Leaf<'a> = Content<'a>;

    fn read(line: &str) -> Result<(u64, Hash, Content<'_>), String> {
        let Line { index, content, path } = Line::parse(line)?;
        match path {
            None => Ok((index, content.leaf_hash(), content)),
            Some(_) => Err("a whole ledger has no paths".to_owned()),
        }
    }

    fn take(&mut self, index: u64, content: &Content<'_>) -> Result<(), Broken> {
        Contents::take(self, index, content)
    }
}

impl Contents {
    pub(super) fn new(site: SiteId, ledger: u32, selection: Selection, files: BTreeMap<u32, Hash>) -> Self {
        Self {
            site,
            selection,
            files,
            announced: HashMap::new(),
            builds: HashSet::new(),
            handovers: Vec::new(),
            erasures: Erasures::new(ledger),
            counts: Counts::default(),
        }
    }

    /// Takes the next leaf, which is the one that was recorded at `index`.
    pub(super) fn take(&mut self, index: u64, content: &Content<'_>) -> Result<(), Broken> {
        match content {
            Content::Public(entry) => self.take_entry(index, entry),
            Content::Receipt { body, .. } => self.take_receipt(index, body),
            Content::Erased(_) => {
                self.erasures.erased(index);
                self.counts.erased += 1;
                Ok(())
            }
            Content::Withheld(_) => {
                self.counts.withheld += 1;
                Ok(())
            }
            Content::Tombstone { body, .. } => {
                self.counts.tombstones += 1;
                self.erasures.take_tombstone(index, body)
            }
        }
    }

    fn take_receipt(&mut self, index: u64, body: &str) -> Result<(), Broken> {
        let receipt = read_receipt(index, body)?;
        let malformed = |detail: String| Err(Broken::at(index, What::Malformed, detail));
        if receipt.site != self.site {
            return malformed(format!("it is of the site {}", receipt.site));
        }
        match self.announced.get(&receipt.notice.number) {
            Some(hash) if *hash == receipt.notice.hash => {}
            Some(_) => {
                let detail =
                    format!("it names a notice {} other than the one published", receipt.notice.number);
                return Err(Broken::at(index, What::NoticeReplaced, detail));
            }
            None => {
                let number = receipt.notice.number;
                return malformed(format!("it names notice {number}, which no leaf before it announces"));
            }
        }
        if !self.builds.contains(&receipt.widget) {
            return malformed(format!(
                "it names the widget build {}, which no leaf before it announces",
                receipt.widget
            ));
        }
        let Selection { visitor, from, to } = &self.selection;
        let at = receipt.received_at;
        if visitor.as_ref().is_some_and(|visitor| *visitor != receipt.visitor)
            || from.is_some_and(|from| at < from)
            || to.is_some_and(|to| at >= to)
        {
            return Err(Broken::at(index, What::Inserted, "it is not one of those that bundle.json selects"));
        }
        self.erasures.shown(index);
        self.counts.receipt(at);
        Ok(())
    }

    fn take_entry(&mut self, index: u64, text: &str) -> Result<(), Broken> {
        let malformed = |detail: String| Broken::at(index, What::Malformed, detail);
        let entry: Entry = serde_json::from_str(text)
            .map_err(|error| malformed(format!("it is no entry of a ledger: {error}")))?;
        if entry.canonical_json() != text {
            return Err(malformed("its entry is not written canonically".to_owned()));
        }
        match entry {
            Entry::Audit { .. } => Err(malformed("it is an entry of the audit log".to_owned())),
            Entry::Receipt { .. } | Entry::Tombstone { .. } => {
                Err(malformed("a commitment stands where what it commits to should".to_owned()))
            }
            Entry::Notice { hash, number, .. } => {
                let replaced = |detail| Err(Broken::at(index, What::NoticeReplaced, detail));
                match self.files.get(&number) {
                    Some(file) if *file == hash => {}
                    Some(_) => {
                        return replaced(format!(
                            "notices/{number}.json is not the notice that was published"
                        ));
                    }
                    None => {
                        let detail = format!("notices/{number}.json, which it announces, is missing");
                        return Err(Broken::at(index, What::Removed, detail));
                    }
                }
                let before = self.announced.insert(number, hash.to_string());
                if before.is_some_and(|before| before != hash.to_string()) {
                    return replaced(format!("it announces another notice as number {number} again"));
                }
                self.counts.notices = self.announced.len() as u64;
                Ok(())
            }
            Entry::Widget { build, .. } => {
                self.builds.insert(build);
                self.counts.builds = self.builds.len() as u64;
                Ok(())
            }
            Entry::Key { key, previous } => {
                self.handovers.push(Handover { index, previous, key });
                Ok(())
            }
            Entry::Link { .. } if index == 0 => Ok(()),
            Entry::Link { .. } => {
                Err(malformed("a link to an older ledger can only be the first leaf".to_owned()))
            }
        }
    }

    /// The entries that hand over to other keys.
    pub(super) fn handovers(&self) -> &[Handover] {
        &self.handovers
    }

    /// What only all leaves together can say; `whole` when these are all.
    pub(super) fn finish(self, whole: bool) -> Result<Counts, Broken> {
        self.erasures.finish(whole)?;
        if let Some(number) = self.files.keys().find(|number| !self.announced.contains_key(number)) {
            let detail = format!("notices/{number}.json is of no notice that a leaf announces");
            return Err(Broken::somewhere(What::Inserted, detail));
        }
        Ok(self.counts)
    }
}

/// Reads a receipt's bytes strictly: they must be the ones that such a receipt is written in.
pub(super) fn read_receipt(index: u64, body: &str) -> Result<Receipt, Broken> {
    let receipt: Receipt = serde_json::from_str(body)
        .map_err(|error| Broken::at(index, What::Malformed, format!("it is no receipt: {error}")))?;
    if receipt.version != 1 || receipt.canonical_json() != body {
        return Err(Broken::at(index, What::Malformed, "it is not written canonically"));
    }
    Ok(receipt)
}

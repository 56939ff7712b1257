//! Owns checking the lines of a whole ledger, a site's or the audit log's: each against its leaf, and all leaves against the
//! signed root.
//! Refuses gaps: what was erased or is withheld has its line as well.

use super::align::Align;
use super::broken::{Broken, Failure, What};
use super::history::{Agreement, History};
use crate::ledger::{Frontier, Hash};

/// What the leaves of one kind of ledger say.
pub(super) trait Leaves: Sized {
    /// A line as it was read.
    type Leaf<'a>;

    /// Reads a line: the place that it claims, the hash of its leaf, and what it says; or why it cannot be read.
    fn read(line: &str) -> Result<(u64, Hash, Self::Leaf<'_>), String>;

    /// Takes the next leaf, which is the one that was recorded at `index`.
    fn take(&mut self, index: u64, leaf: &Self::Leaf<'_>) -> Result<(), Broken>;
}

/// A whole ledger while its lines come.
#[derive(Debug)]
pub(super) struct Whole<Contents> {
    leaves: Vec<Hash>,
    /// Whether more of them were signed.
    too_few: bool,
    agreement: Agreement,
    lines: u64,
    /// The tree over the lines themselves; only where the leaves are not those that were signed.
    own: Option<Frontier>,
    align: Option<Align>,
    odd_content: Option<Broken>,
    contents: Contents,
}

impl<Contents: Leaves> Whole<Contents> {
    pub(super) fn new(history: &History, leaves: Vec<Hash>, contents: Contents) -> Self {
        let agreement = history.held_against(&leaves);
        let own = (!agreement.sound).then(Frontier::default);
        let too_few = (leaves.len() as u64) < history.newest().size;
        Self { leaves, too_few, agreement, lines: 0, own, align: None, odd_content: None, contents }
    }

    /// How many lines came.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Takes the next line.
    pub(super) fn take(&mut self, text: &[u8]) -> Result<(), Failure> {
        let at = self.lines;
        self.lines += 1;
        let line = std::str::from_utf8(text).map_err(|error| error.to_string()).and_then(Contents::read);
        let hash = line.as_ref().ok().map(|(_, hash, _)| *hash);
        if let Some(own) = &mut self.own {
            own.append(hash.unwrap_or(Hash([0; 32])), |_, _| ());
        }
        if let Some(align) = &mut self.align {
            align.next(hash);
            return Ok(());
        }
        let leaf = usize::try_from(at).ok().and_then(|at| self.leaves.get(at));
        match line {
            Ok((index, _, content)) if index == at && hash.as_ref() == leaf => {
                if self.odd_content.is_none()
                    && let Err(broken) = self.contents.take(at, &content)
                {
                    if self.agreement.sound {
                        return Err(broken.into());
                    }
                    self.odd_content = Some(broken);
                }
            }
            // The list of leaves has the same gap, as it has where rows were taken out of a database.
            Ok((index, ..)) if hash.as_ref() == leaf && index > at && self.too_few => {
                self.align = Some(Align::gap(&self.leaves, at, index));
            }
            Ok((index, ..)) => {
                let why = (hash.as_ref() == leaf).then(|| format!("that it is leaf {index}"));
                self.align = Some(Align::new(&self.leaves, at, hash, why));
            }
            Err(why) => self.align = Some(Align::new(&self.leaves, at, None, Some(why))),
        }
        Ok(())
    }

    /// What all lines say together.
    pub(super) fn finish(self, history: &History) -> Result<Contents, Failure> {
        let Self { leaves, agreement, lines, own, align, odd_content, contents, .. } = self;
        let newest = history.newest();
        let first_difference = align.as_ref().map(Align::at);
        let of_lines = match align {
            Some(align) => Some(align.told()),
            None if lines < leaves.len() as u64 => {
                Some(Broken::at(lines, What::Removed, "the lines end before it"))
            }
            None => None,
        };
        if agreement.sound {
            if let Some(broken) = of_lines {
                return Err(broken.into());
            }
        } else {
            if own.is_some_and(|own| own.size() == newest.size && own.root() == newest.root) {
                let at = first_difference.unwrap_or(leaves.len() as u64);
                let detail = "its hash in the list of leaves is not the one that was recorded; the lines themselves are as they were";
                return Err(Broken::at(at, What::Changed, detail).into());
            }
            if let Some(broken) = of_lines.or(odd_content) {
                return Err(broken.into());
            }
            return Err(bounded(leaves.len() as u64, newest.size, agreement).into());
        }
        match agreement.differs {
            Some((size, true)) => Err(forked(size, "your saved checkpoint").into()),
            Some((size, false)) => Err(forked(size, "an earlier checkpoint").into()),
            None => Ok(contents),
        }
    }
}

/// Lines and leaves agree with each other and not with what was signed: somebody wrote both. The earlier checkpoints still say
/// between which two of them.
fn bounded(leaves: u64, size: u64, agreement: Agreement) -> Broken {
    let from = agreement.fits;
    // Where all that is left fits, what was cut off lies behind it.
    let until = agreement.differs.map_or(size, |(size, _)| size);
    let what = match leaves.cmp(&size) {
        std::cmp::Ordering::Less => What::Removed,
        std::cmp::Ordering::Equal => What::Changed,
        std::cmp::Ordering::Greater => What::Inserted,
    };
    let last = until.saturating_sub(1).max(from);
    let place =
        if from == last { format!("at leaf {from}") } else { format!("between leaf {from} and leaf {last}") };
    let counts = if leaves == size {
        String::new()
    } else {
        format!("; {size} leaves were signed, {leaves} are here")
    };
    let detail = format!(
        "something {place}, and the list of leaves was rewritten to match: its root is not the one that was signed{counts}"
    );
    Broken { index: (from == last).then_some(from), what, detail }
}

pub(super) fn forked(size: u64, whose: &str) -> Broken {
    let detail = format!(
        "the first {size} leaves are not those of {whose} of size {size}: two histories were signed for this ledger"
    );
    Broken::somewhere(What::Forked, detail)
}

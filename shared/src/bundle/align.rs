//! Owns telling changed from removed, inserted and reordered: lines are laid beside the leaves that were recorded.
//! Refuses to go by the lines' own numbers, which whoever changes lines changes too.

use std::collections::HashMap;

use super::broken::{Broken, What};
use crate::ledger::Hash;

/// What is known since the first line that is not the leaf at its place.
#[derive(Debug)]
pub(super) struct Align {
    /// The place of that line.
    at: u64,
    leaf: Option<Hash>,
    next_leaf: Option<Hash>,
    size: u64,
    /// Where every leaf stands; of equal ones the first that was still to come.
    places: HashMap<Hash, u64>,
    lines: u64,
    why: Option<String>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// All lines since then are no leaves of this ledger.
    Unknown(u64),
    /// The line is a leaf that comes later.
    Ahead {
        place: u64,
        hash: Hash,
        seen_again: bool,
        found: bool,
    },
    /// The line is a copy of a leaf that came before.
    Copy {
        place: u64,
    },
    Told(Broken),
}

impl Align {
    /// `at` is the first place whose line, hashing to `hash` (if it can be read at all; else `why` says why not), is not there.
    pub(super) fn new(leaves: &[Hash], at: u64, hash: Option<Hash>, why: Option<String>) -> Self {
        let before = usize::try_from(at).unwrap_or(usize::MAX).min(leaves.len());
        let mut places = HashMap::with_capacity(leaves.len());
        for (place, leaf) in (before..).zip(&leaves[before..]).chain((0..).zip(&leaves[..before])) {
            places.entry(*leaf).or_insert(place as u64);
        }
        let place = hash.and_then(|hash| Some((hash, *places.get(&hash)?)));
        let state = match place {
            _ if before == leaves.len() => {
                State::Told(Broken::at(at, What::Inserted, "it stands behind the ledger's end"))
            }
            None => State::Unknown(1),
            Some((_, place)) if place == at => {
                let detail = format!("its line says {}", why.as_deref().unwrap_or("something else"));
                State::Told(Broken::at(at, What::Changed, detail))
            }
            Some((hash, place)) if place > at => {
                State::Ahead { place, hash, seen_again: false, found: false }
            }
            Some((_, place)) => State::Copy { place },
        };
        let leaf = |place: usize| leaves.get(place).copied();
        let (leaf, next_leaf) = (leaf(before), leaf(before + 1));
        Self { at, leaf, next_leaf, size: leaves.len() as u64, places, lines: at + 1, why, state }
    }

    /// As [`Align::new`], where the line is the leaf at its place, but says that those up to `next` come before it.
    pub(super) fn gap(leaves: &[Hash], at: u64, next: u64) -> Self {
        let state = State::Told(removed(at, next));
        Self { state, ..Self::new(leaves, at, None, None) }
    }

    /// The first place whose line is not the leaf.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Takes the next line.
    pub(super) fn next(&mut self, hash: Option<Hash>) {
        self.lines += 1;
        let at = self.at;
        match &mut self.state {
            State::Told(_) => {}
            State::Ahead { hash: ahead, seen_again, found, .. } => {
                *found |= hash == self.leaf;
                *seen_again |= hash == Some(*ahead);
            }
            State::Copy { place } => {
                let what =
                    if hash.is_some() && hash == self.next_leaf { What::Changed } else { What::Inserted };
                self.state = State::Told(copy(at, what, *place));
            }
            State::Unknown(unknown) => {
                match hash.and_then(|hash| self.places.get(&hash)).filter(|place| **place >= at) {
                    None => *unknown += 1,
                    Some(place) => {
                        let what = if *place < at + *unknown { What::Inserted } else { What::Changed };
                        self.state = State::Told(unknown_line(at, what, self.why.take()));
                    }
                }
            }
        }
    }

    /// What it was, with all lines seen.
    pub(super) fn told(self) -> Broken {
        let Self { at, size, lines, why, state, .. } = self;
        let replaced_or_more = if lines > size { What::Inserted } else { What::Changed };
        match state {
            State::Told(broken) => broken,
            State::Unknown(_) => unknown_line(at, replaced_or_more, why),
            State::Copy { place } => copy(at, replaced_or_more, place),
            State::Ahead { place, seen_again: true, found: true, .. } => copy(at, What::Inserted, place),
            State::Ahead { place, seen_again: true, found: false, .. } => copy(at, What::Changed, place),
            State::Ahead { place, found: true, .. } => {
                Broken::at(at, What::Reordered, format!("leaf {place} stands before it"))
            }
            State::Ahead { place, .. } => removed(at, place),
        }
    }
}

fn removed(at: u64, next: u64) -> Broken {
    let last = next - 1;
    let detail = if last == at {
        format!("leaf {next} stands in its place")
    } else {
        format!("the leaves up to {last} are missing with it")
    };
    Broken::at(at, What::Removed, detail)
}

fn copy(at: u64, what: What, place: u64) -> Broken {
    Broken::at(at, what, format!("a copy of leaf {place} stands there"))
}

fn unknown_line(at: u64, what: What, why: Option<String>) -> Broken {
    let detail = match (why, what) {
        (Some(why), _) => format!("its line cannot be read: {why}"),
        (None, What::Inserted) => "what stands there was never recorded".to_owned(),
        (None, _) => "its bytes or its salt are not those that were recorded".to_owned(),
    };
    Broken::at(at, what, detail)
}

//! Owns checking a file, whichever kind it is, from its first byte to its last, once.
//! Refuses to ask anybody: what is believed is the key that was given, and the checkpoint that was kept.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Cursor, Read};

use super::archive::{self, File};
use super::audit;
use super::broken::{Broken, Failure, What};
use super::contents::Contents;
use super::history::History;
use super::name::{Kind, LEAVES_PER_FILE};
use super::part::Part;
use super::receipts::Receipts;
use super::report::{Report, Scope};
use super::whole::Whole;
use super::{FORMAT, Head};
use crate::ledger::{Hash, PublicKey, SignedCheckpoint};
use crate::notice::Notice;

/// More than a visitor's receipts can be, and less than what would not fit into memory.
const LONGEST_TEXT: u64 = 64 << 20;
/// A line is a receipt and a path.
const LONGEST_LINE: u64 = 1 << 20;
/// A tar's header; its magic word (POSIX.1-1988) stands near the end of it.
const BLOCK: u64 = 512;
const MAGIC: std::ops::Range<usize> = 257..262;

/// What whoever checks knows from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The ledger's published key, or an older one of it.
    pub key: Option<PublicKey>,
    /// A checkpoint that was kept.
    pub checkpoint: Option<SignedCheckpoint>,
}

/// Checks a bundle, a receipt with its proof, a download of receipts, a `.tlog-proof` file or an export of the audit log.
pub fn verify(mut file: impl Read, trust: &Trust) -> Result<Report, Failure> {
    let mut first = Vec::new();
    file.by_ref().take(BLOCK).read_to_end(&mut first)?;
    if first.get(MAGIC).is_some_and(|magic| magic == b"ustar") {
        return verify_bundle(Cursor::new(first).chain(file), trust);
    }
    if first.starts_with(audit::BEGINNING) {
        return audit::verify(BufReader::new(Cursor::new(first).chain(file)), trust);
    }
    let text = text(first, file)?;
    if SignedCheckpoint::parse(&text).is_ok() {
        return Err(Failure::Unusable(
            "This is a checkpoint: give it with --checkpoint, beside a bundle that it is to be compared with.".to_owned(),
        ));
    }
    Receipts::parse(&text)?.verify(trust)
}

/// The checkpoint of a file: a signed note alone, or any file that [`verify`] reads.
pub fn saved_checkpoint(mut file: impl Read) -> Result<SignedCheckpoint, Failure> {
    let none = || {
        Failure::Unusable(
            "The saved file holds no checkpoint: give a checkpoint, a receipt with its proof, or a bundle."
                .to_owned(),
        )
    };
    let mut first = Vec::new();
    file.by_ref().take(BLOCK).read_to_end(&mut first)?;
    if first.get(MAGIC).is_some_and(|magic| magic == b"ustar") {
        let mut archive = tar::Archive::new(Cursor::new(first).chain(file));
        for entry in archive.entries()?.raw(true) {
            let mut entry = entry?;
            if *entry.path_bytes() == *super::name::CHECKPOINT.as_bytes() {
                let mut signed = String::new();
                entry.by_ref().take(LONGEST_LINE).read_to_string(&mut signed)?;
                return SignedCheckpoint::parse(&signed).map_err(|_| none());
            }
        }
        return Err(none());
    }
    if first.starts_with(audit::BEGINNING) {
        return audit::checkpoint(BufReader::new(Cursor::new(first).chain(file))).map_err(|_| none());
    }
    let text = text(first, file)?;
    match SignedCheckpoint::parse(&text) {
        Ok(checkpoint) => Ok(checkpoint),
        Err(_) => Receipts::parse(&text).ok().and_then(Receipts::newest).ok_or_else(none),
    }
}

fn text(first: Vec<u8>, file: impl Read) -> Result<String, Failure> {
    let mut bytes = first;
    file.take(LONGEST_TEXT).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).ok().filter(|text| {
        ["{", "c2sp.org/tlog-proof"].iter().any(|start| text.trim_start().starts_with(start))
            || text.contains("\n\n— ")
    });
    text.ok_or_else(|| {
        Failure::Unusable(
            "This is no file that Assent made: give a bundle (.tar), receipts (.json), a proof (.tlog-proof) or an audit log (.jsonl).".to_owned(),
        )
    })
}

/// What was read of a bundle so far.
struct Reading<'t> {
    trust: &'t Trust,
    head: Option<Head>,
    history: Option<History>,
    /// The consistency proofs.
    paths: Vec<Vec<Hash>>,
    leaves: Vec<Hash>,
    notices: BTreeMap<u32, Hash>,
    ledger: Option<Ledger>,
}

enum Ledger {
    Whole(Box<Whole<Contents>>),
    Part(Box<Part>),
}

fn verify_bundle(file: impl Read, trust: &Trust) -> Result<Report, Failure> {
    let mut reading = Reading {
        trust,
        head: None,
        history: None,
        paths: Vec::new(),
        leaves: Vec::new(),
        notices: BTreeMap::new(),
        ledger: None,
    };
    let odd = archive::walk(file, |file| reading.take(file))?;
    // What is wrong with a receipt is worth more than what is wrong with the list of files.
    let report = reading.finish()?;
    odd.map_or(Ok(report), |odd| Err(odd.into()))
}

impl Reading<'_> {
    fn take(&mut self, file: &mut File<'_>) -> Result<(), Failure> {
        match file.kind {
            Kind::Readme | Kind::Notice(None) | Kind::Table(_) | Kind::Manifest => Ok(()),
            Kind::Head => self.take_head(file),
            Kind::Checkpoint => {
                let note = checkpoint(file)?;
                let head = self.head()?;
                self.history =
                    Some(History::new("bundle.json", (&head.origin, &head.keys), note, self.trust)?);
                Ok(())
            }
            Kind::Earlier(_) => {
                let note = checkpoint(file)?;
                let name = file.name;
                Ok(self.history.as_mut().ok_or_else(|| missing("checkpoint"))?.push(name, note)?)
            }
            Kind::Consistency(_) => {
                let text = file.text()?;
                let path = text.lines().map(Hash::from_base64).collect::<Result<_, _>>();
                self.paths.push(path.map_err(|error| file.malformed(error))?);
                Ok(())
            }
            Kind::Leaves(_) => self.take_leaves(file),
            Kind::Notice(Some(number)) => {
                let hash = Notice::hash(&file.text()?);
                self.notices.insert(number, hash.parse().map_err(|error| file.malformed(error))?);
                Ok(())
            }
            Kind::Lines(_) => self.take_lines(file),
        }
    }

    fn take_head(&mut self, file: &mut File<'_>) -> Result<(), Failure> {
        #[derive(serde::Deserialize)]
        struct Format {
            format: String,
        }
        let bytes = file.whole()?;
        let Format { format } = serde_json::from_slice(&bytes).map_err(|error| file.malformed(error))?;
        if format != FORMAT {
            return Err(Failure::Unusable(format!(
                "The bundle has the format {format}, which this version of Assent does not know: use a newer one."
            )));
        }
        self.head = Some(serde_json::from_slice(&bytes).map_err(|error| file.malformed(error))?);
        Ok(())
    }

    fn take_leaves(&mut self, file: &mut File<'_>) -> Result<(), Failure> {
        if !self.head()?.selection.is_everything() {
            return Err(file.malformed("belongs into a bundle of a whole ledger only"));
        }
        let bytes = file.whole()?;
        if bytes.len() > LEAVES_PER_FILE * 32 {
            return Err(file.malformed("holds more hashes than such a file does"));
        }
        if bytes.len() % 32 != 0 {
            return Err(file.malformed("does not hold whole hashes: it was cut, or something was added"));
        }
        self.leaves.extend(bytes.chunks_exact(32).filter_map(Hash::from_slice));
        Ok(())
    }

    fn take_lines(&mut self, file: &mut File<'_>) -> Result<(), Failure> {
        self.begin()?;
        let (Some(ledger), Some(history)) = (&mut self.ledger, &self.history) else {
            return Err(missing("checkpoint"));
        };
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
            let read = read.map_err(|error| match Failure::from(error) {
                Failure::Broken(broken) => {
                    let next = match ledger {
                        Ledger::Whole(whole) => whole.lines(),
                        Ledger::Part(part) => part.next(),
                    };
                    Broken::at(next, What::Removed, broken.detail).into()
                }
                unusable @ Failure::Unusable(_) => unusable,
            })?;
            if read == 0 {
                return Ok(());
            }
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            match ledger {
                Ledger::Whole(whole) => whole.take(text)?,
                Ledger::Part(part) => part.take(text, history)?,
            }
        }
    }

    /// Begins with the ledger, once all is known that its lines are held against.
    fn begin(&mut self) -> Result<(), Failure> {
        if self.ledger.is_some() {
            return Ok(());
        }
        let head = self.head()?.clone();
        let history = self.history.as_ref().ok_or_else(|| missing("checkpoint"))?;
        let notices = std::mem::take(&mut self.notices);
        let contents = Contents::new(head.site, head.ledger, head.selection.clone(), notices);
        self.ledger = Some(if head.selection.is_everything() {
            Ledger::Whole(Box::new(Whole::new(history, std::mem::take(&mut self.leaves), contents)))
        } else {
            Ledger::Part(Box::new(Part::new(contents)))
        });
        Ok(())
    }

    fn head(&self) -> Result<&Head, Failure> {
        self.head.as_ref().ok_or_else(|| missing("bundle.json"))
    }

    fn finish(mut self) -> Result<Report, Failure> {
        self.begin()?;
        let (Some(history), Some(ledger)) = (self.history, self.ledger) else {
            return Err(missing("checkpoint"));
        };
        let (contents, scope) = match ledger {
            Ledger::Whole(_) if !self.paths.is_empty() => {
                let detail = "consistency/ belongs into a part of a ledger only";
                return Err(Broken::somewhere(What::Inserted, detail).into());
            }
            Ledger::Whole(whole) => (whole.finish(&history)?, Scope::Whole),
            Ledger::Part(part) => (part.finish(&history, &self.paths)?, Scope::Part),
        };
        history.check_keys(contents.handovers())?;
        let counts = contents.finish(scope == Scope::Whole)?;
        // Not the one that is trusted, if that is an older one: this one has signed.
        let key = history.key().cloned().ok_or_else(|| missing("bundle.json"))?;
        let newest = history.newest();
        Ok(Report {
            scope,
            origin: newest.origin.clone(),
            size: newest.size,
            key,
            key_is_the_files: self.trust.key.is_none(),
            earlier: history.earlier().len() as u64,
            saved: history.saved().map(|saved| saved.size),
            counts,
        })
    }
}

fn checkpoint(file: &mut File<'_>) -> Result<SignedCheckpoint, Failure> {
    let note = file.text()?;
    SignedCheckpoint::parse(&note).map_err(|error| file.malformed(format!("cannot be read: {error}")))
}

fn missing(name: &str) -> Failure {
    Broken::somewhere(What::Removed, format!("{name} is missing")).into()
}

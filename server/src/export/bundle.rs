//! Owns the export that proves itself: a ledger, or a part of it, as one tar file in the format of `assent_shared::bundle`.
//! Refuses to hold more than one file of it in memory, or a connection while a slow reader reads.

mod leaves;
mod notices;

use std::collections::BTreeSet;
use std::pin::Pin;

use assent_shared::SiteId;
use assent_shared::bundle::{FORMAT, Head, Selection, Writer, name};
use assent_shared::ledger::{Entry, SignedCheckpoint};
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Progress;
use super::pace::Pace;
use super::table::Table;
use super::tree::Tree;
use crate::error::{Error, Result};
use crate::publish::{self, keys_of};
use crate::store::{Filter, LeafRow, Store};

/// Leaves that are read at once, and at most in one file: five megabytes, nine with their paths.
const PAGE: usize = 5_000;
const _: () = assert!(PAGE <= name::LINES_PER_FILE, "the format allows no longer files");

const README: &str = include_str!("bundle/README.txt");

/// A bundle that is about to be written. Everything in it is as it was at its checkpoint.
#[derive(Debug)]
pub(super) struct Bundle {
    store: Store,
    head: Head,
    filter: Filter,
    checkpoint: SignedCheckpoint,
    /// Earlier checkpoints that somebody else may hold, or that hand over to another key; smallest first.
    earlier: Vec<SignedCheckpoint>,
    /// The leaves that are public as they are.
    public: Vec<(i64, Entry)>,
    table: Table,
    progress: Progress,
}

/// Which public leaves belong to the receipts of a part.
#[derive(Debug, Default)]
struct Named {
    notices: BTreeSet<u32>,
    builds: BTreeSet<String>,
}

impl Bundle {
    /// Fixes what the bundle is of. Its checkpoint is kept: from now on somebody else holds it.
    pub(super) async fn new(
        store: &Store,
        site: SiteId,
        ledger: Option<u32>,
        filter: Filter,
        now: i64,
        progress: Progress,
    ) -> Result<Self> {
        let row = match ledger {
            Some(number) => store.ledger_numbered(&site, number.into()).await?,
            None => store.ledger(&site).await?,
        };
        let row =
            row.ok_or_else(|| Error::NotInLedger(format!("`{site}` has no ledger {}", ledger.unwrap_or(1))))?;
        if row.checkpoint.is_none() {
            return Err(Error::NotInLedger(format!(
                "the ledger of `{site}` is empty; publish a notice first"
            )));
        }
        let checkpoint = row.signed_checkpoint(&site)?;
        let internal =
            |error: &dyn std::fmt::Display| Error::Internal(format!("ledger of `{site}`: {error}"));
        let mut earlier = Vec::new();
        for note in store.checkpoints(&site, row.ledger, row.leaves).await? {
            earlier.push(SignedCheckpoint::parse(&note).map_err(|error| internal(&error))?);
        }
        let mut public = Vec::new();
        for (leaf_index, entry) in store.public_entries(&site, row.ledger, row.leaves).await? {
            public.push((leaf_index, serde_json::from_str(&entry).map_err(|error| internal(&error))?));
        }
        let head = Head {
            format: FORMAT.to_owned(),
            origin: row.origin.clone(),
            ledger: u32::try_from(row.ledger).map_err(|error| internal(&error))?,
            made_at: now,
            selection: Selection { visitor: filter.visitor.clone(), from: filter.from, to: filter.to },
            keys: keys_of(store, &site, &row).await?,
            site: site.clone(),
        };
        store.keep_checkpoint(&site, row.ledger, &checkpoint, now).await?;
        let table = Table::new(store, &site).await?;
        Ok(Self { store: store.clone(), head, filter, checkpoint, earlier, public, table, progress })
    }

    /// The bundle's bytes, a file at a time; the next one is read when the reader asks for it.
    pub(super) fn chunks(self) -> impl Stream<Item = Result<Vec<u8>>> + Send {
        let (sender, receiver) = mpsc::channel(1);
        let (pace, since) = (Pace::new(&self.store), Instant::now());
        let out = Out { writer: Writer::new(Vec::new(), self.head.made_at), sender, pace, since };
        let writing: Writing = Box::pin(self.write(out));
        stream::try_unfold((Some(writing), receiver), async |(mut writing, mut receiver)| {
            let chunk = loop {
                let Some(running) = &mut writing else { break receiver.recv().await };
                tokio::select! {
                    biased;
                    chunk = receiver.recv() => break chunk,
                    done = running => {
                        done?;
                        writing = None;
                    }
                }
            };
            Ok(chunk.map(|chunk| (chunk, (writing, receiver))))
        })
    }

    async fn write(self, mut out: Out) -> Result<()> {
        let whole = self.head.selection.is_everything();
        let head = serde_json::to_vec_pretty(&self.head)
            .map_err(|error| Error::Internal(format!("bundle.json: {error}")))?;
        out.file(name::README, README.as_bytes()).await?;
        out.file(name::HEAD, &head).await?;
        out.file(name::CHECKPOINT, self.checkpoint.note().as_bytes()).await?;
        for (number, earlier) in (1..).zip(&self.earlier) {
            out.file(&name::earlier(number), earlier.note().as_bytes()).await?;
        }
        let mut tree = Tree::new(&self.store, &self.head.site, self.head.ledger.into(), self.size());
        let named = if whole {
            self.write_hashes(&mut out).await?;
            None
        } else {
            for (number, earlier) in (1..).zip(&self.earlier) {
                let hashes = tree.consistency(earlier.unverified().size).await?;
                out.file(&name::consistency(number), publish::lines(&hashes).as_bytes()).await?;
            }
            Some(self.named().await?)
        };
        self.write_notices(&mut out, named.as_ref()).await?;
        self.write_lines(&mut out, named.as_ref(), &mut tree).await?;
        self.write_table(&mut out).await?;
        out.finish().await
    }

    fn size(&self) -> u64 {
        self.checkpoint.unverified().size
    }

    /// The next of the selected leaves from `next` on, which moves behind them; none at the end.
    async fn page(&self, next: &mut i64) -> Result<Vec<LeafRow>> {
        let end = i64::try_from(self.size()).unwrap_or(i64::MAX);
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let (site, ledger) = (&self.head.site, self.head.ledger.into());
        let rows = self.store.selected_leaves(site, ledger, &self.filter, (*next, end), limit).await?;
        if let Some(last) = rows.last() {
            *next = last.leaf_index + 1;
        }
        Ok(rows)
    }
}

type Writing = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Where the bundle goes: to whoever reads it, no faster than they read.
struct Out {
    writer: Writer<Vec<u8>>,
    sender: mpsc::Sender<Vec<u8>>,
    pace: Pace,
    /// When the work on what is sent next began.
    since: Instant,
}

impl Out {
    async fn file(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        // A tar's header and its padding; growing step by step would take twice the room.
        self.writer.get_mut().reserve_exact(bytes.len() + 1024);
        self.writer
            .append(name, bytes)
            .map_err(|error| Error::Internal(format!("{name} of a bundle: {error}")))?;
        let chunk = std::mem::take(self.writer.get_mut());
        self.send(chunk).await
    }

    async fn finish(mut self) -> Result<()> {
        let writer = std::mem::replace(&mut self.writer, Writer::new(Vec::new(), 0));
        let rest = writer.finish().map_err(|error| Error::Internal(format!("end of a bundle: {error}")))?;
        self.send(rest).await
    }

    async fn send(&mut self, chunk: Vec<u8>) -> Result<()> {
        self.pace.rest_after(self.since.elapsed()).await;
        let sent = self.sender.send(chunk).await;
        self.since = Instant::now();
        sent.map_err(|_| Error::Internal("nobody reads the bundle any more".to_owned()))
    }
}

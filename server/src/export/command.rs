//! Owns the commands that write what leaves the server: `assent export` and `assent proof`.
//! Refuses to print anything but what was asked for.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use assent_shared::ledger::proof::Opening;
use assent_shared::{DecisionId, SiteId};
use futures_util::StreamExt;
use serde_json::value::RawValue;

use super::{Chunks, ExportFormat, Wanted};
use crate::access::Caller;
use crate::audit::{self, Action};
use crate::receipts::query::{ReceiptsArguments, ReceiptsQuery};
use crate::state::App;
use crate::store::Store;

/// What `assent export` takes.
#[derive(Debug, clap::Args)]
pub struct ExportArguments {
    /// The site's id
    #[arg(long)]
    pub site: SiteId,
    /// How the receipts are written
    #[arg(long, value_enum, default_value_t)]
    format: ExportFormat,
    #[command(flatten)]
    which: ReceiptsArguments,
    /// Another ledger than the present one, in a bundle
    #[arg(long, value_name = "NUMBER")]
    ledger: Option<u32>,
    /// Write to this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl ExportArguments {
    /// Writes the export to its file, or to standard output.
    pub async fn run(self, app: &App) -> Result<(), String> {
        let Self { site, format, which, ledger, output } = self;
        let failed = |error: crate::error::Error| error.cause().unwrap_or_else(|| format!("{error}."));
        let query = ReceiptsQuery::from(which);
        let wanted = Wanted::new(site, format, ledger, &query).map_err(failed)?;
        let (caller, about) = (Caller::command_line(), wanted.about(&query));
        audit::record(app, &caller, Action::ExportMake, Some(&wanted.site), about).await.map_err(failed)?;
        let chunks = wanted.begin(&app.store, app.clock.now()).await.map_err(failed)?;
        write_to(chunks, output.as_deref()).await
    }
}

/// Writes an export to a file, or to standard output.
pub(crate) async fn write_to(chunks: Chunks, output: Option<&Path>) -> Result<(), String> {
    let target: Box<dyn Write> = match output {
        Some(path) => Box::new(
            std::fs::File::create(path)
                .map_err(|error| format!("{} cannot be written: {error}.", path.display()))?,
        ),
        None => Box::new(std::io::stdout().lock()),
    };
    write(chunks, target).await
}

async fn write(mut chunks: Chunks, mut target: Box<dyn Write>) -> Result<(), String> {
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| format!("The export is incomplete: {error}."))?;
        match target.write_all(&chunk) {
            // `assent export | head` has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(format!("The export is incomplete: {error}.")),
            Ok(()) => {}
        }
    }
    target.flush().map_err(|error| format!("The export is incomplete: {error}."))
}

/// What `assent proof` takes.
#[derive(Debug, clap::Args)]
pub struct ProofArguments {
    /// The site's id
    #[arg(long)]
    pub site: SiteId,
    /// The decision's id, as its receipt has it
    pub decision: DecisionId,
}

impl ProofArguments {
    /// The receipt's proof (C2SP tlog-proof), the receipt and its salt as the extra data.
    pub async fn run(self, store: &Store) -> Result<String, String> {
        let Self { site, decision } = self;
        if store.is_restricted(&site, decision.as_str()).await.map_err(|error| error.to_string())? {
            return Err(format!("The receipt of `{decision}` is restricted: it is kept, and not shown."));
        }
        let sealed = store.sealed(&site, decision.as_str()).await.map_err(|error| error.to_string())?;
        let sealed = sealed.ok_or_else(|| {
            format!("There is no receipt of the decision `{decision}` at `{site}`, or it was erased.")
        })?;
        let receipt = RawValue::from_string(sealed.body).map_err(|error| error.to_string())?;
        let mut proof = sealed.proof;
        proof.opening = Some(Opening { receipt, salt: sealed.salt });
        Ok(proof.to_string())
    }
}

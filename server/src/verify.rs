//! Owns `assent verify`: a file in, one line and an exit status out.
//! Refuses a database, the network and settings: whoever checks receipts needs nothing of who made them.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use assent_shared::bundle::{self, Failure, Trust};
use assent_shared::ledger::{PublicKey, SignedCheckpoint};
use clap::Args;

/// Who waits longer than this wants to see that something happens.
const PATIENCE: Duration = Duration::from_secs(1);
const BETWEEN_PICTURES: Duration = Duration::from_millis(200);
const BUFFER: usize = 1 << 18;

/// The file is not what was recorded.
const BROKEN: u8 = 1;
/// Nothing can be said about it.
const UNUSABLE: u8 = 2;

/// What to check, and what is known from elsewhere.
#[derive(Debug, Args)]
pub(crate) struct Verification {
    /// A bundle, receipts or a .tlog-proof file
    file: PathBuf,
    /// A checkpoint that you kept, or a file that holds one: the file must agree with it
    #[arg(long, value_name = "SAVED")]
    checkpoint: Option<PathBuf>,
    /// The ledger's published key, or a file with it
    #[arg(long)]
    key: Option<String>,
}

impl Verification {
    /// Checks the file. The status is 0 if it is proven, 1 if it is broken, and 2 if nothing can be said.
    pub(crate) fn run(&self) -> ExitCode {
        match self.verify() {
            Ok(report) => {
                let _ = writeln!(io::stdout(), "{report}");
                ExitCode::SUCCESS
            }
            Err(Failure::Broken(broken)) => {
                let _ = writeln!(io::stdout(), "{broken}");
                ExitCode::from(BROKEN)
            }
            Err(Failure::Unusable(what_to_do)) => {
                let _ = writeln!(io::stderr(), "{what_to_do}");
                ExitCode::from(UNUSABLE)
            }
        }
    }

    fn verify(&self) -> Result<bundle::Report, Failure> {
        let key = self.key.as_deref().map(key).transpose()?;
        let checkpoint = self.checkpoint.as_deref().map(checkpoint).transpose()?;
        let file = open(&self.file)?;
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        let watched = Watched::new(file, size, io::stderr().is_terminal());
        bundle::verify(BufReader::with_capacity(BUFFER, watched), &Trust { key, checkpoint })
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    let refused = |error: &dyn std::fmt::Display| {
        Failure::Unusable(format!("{} cannot be read: {error}. Give the path of a file.", path.display()))
    };
    let file = File::open(path).map_err(|error| refused(&error))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_dir() => Err(refused(&"it is a folder")),
        _ => Ok(file),
    }
}

/// A key as it is published, or the file that it was saved to.
fn key(text: &str) -> Result<PublicKey, Failure> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let refused = |error: &dyn std::fmt::Display| Failure::Unusable(format!("--key {text}: {error}."));
    let published = std::fs::read_to_string(text).map_err(|error| {
        refused(&format!("this is neither a key, written NAME+ID+KEY, nor a file ({error})"))
    })?;
    published.trim().parse().map_err(|error| refused(&error))
}

fn checkpoint(path: &Path) -> Result<SignedCheckpoint, Failure> {
    let file = BufReader::with_capacity(BUFFER, open(path)?);
    bundle::saved_checkpoint(file)
        .map_err(|failure| Failure::Unusable(format!("--checkpoint: {}", words(&failure))))
}

fn words(failure: &Failure) -> String {
    match failure {
        Failure::Broken(broken) => format!("{}.", broken.detail),
        Failure::Unusable(text) => text.clone(),
    }
}

/// A file that shows how much of it was read, to a person who waits.
struct Watched<R> {
    inner: R,
    size: u64,
    read: u64,
    shown: bool,
    /// When to show the next picture; never, where nobody looks.
    next: Option<Instant>,
}

impl<R> Watched<R> {
    fn new(inner: R, size: u64, is_watched: bool) -> Self {
        let next = is_watched.then(|| Instant::now() + PATIENCE);
        Self { inner, size, read: 0, shown: false, next }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        if let Some(next) = self.next
            && Instant::now() >= next
        {
            let percent = self.read.saturating_mul(100).checked_div(self.size).unwrap_or(100).min(100);
            let _ = write!(io::stderr(), "\rchecking: {percent} % ");
            self.shown = true;
            self.next = Some(next + BETWEEN_PICTURES);
        }
        Ok(read)
    }
}

impl<R> Drop for Watched<R> {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r                \r");
        }
    }
}

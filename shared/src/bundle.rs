//! Owns the export bundle: what is in it, under which names, and what it takes to believe it; the same code writes it on the
//! server and checks it on the command line and in the browser.
//! Refuses files, the network and the clock: it reads from what it is given, and writes to what it is given.
//!
//! A bundle is one tar file. Its entries, in this order: `README.txt`, `bundle.json` ([`Head`]), `checkpoint`, `checkpoints/…`,
//! `consistency/…` (of a part only), `leaves/…` (of a whole ledger only), `notices/…`, `ledger/…` ([`Line`]s), `csv/…`, and last
//! `manifest.json` ([`Manifest`]). `docs/receipts.md` describes all of it.

mod align;
mod archive;
pub mod audit;
mod broken;
mod contents;
mod erasures;
mod history;
pub mod line;
pub mod name;
mod part;
mod receipts;
mod report;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
mod verify;
mod whole;
mod words;
mod writer;

use serde::{Deserialize, Serialize};

use crate::id::{SiteId, VisitorId};
use crate::ledger::{Hash, PublicKey};

pub use broken::{Broken, Failure, What};
pub use line::{Content, Line};
pub use receipts::{Download, SealedReceipt};
pub use report::{Counts, Report, Scope};
pub use verify::{Trust, saved_checkpoint, verify};
pub use writer::Writer;

/// What `bundle.json` says it is.
pub const FORMAT: &str = "assent.bundle.v1";
/// What a visitor's download says it is.
pub const DOWNLOAD_FORMAT: &str = "assent.receipts.v1";

/// `bundle.json`: which ledger this is of, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// [`FORMAT`].
    pub format: String,
    /// The site.
    pub site: SiteId,
    /// The ledger's name, as checkpoints and keys have it.
    pub origin: String,
    /// 1 for a site's first ledger; one that goes on after a restored backup counts up.
    pub ledger: u32,
    /// Milliseconds since 1970.
    pub made_at: i64,
    /// Which receipts; without any wish, the whole ledger.
    pub selection: Selection,
    /// Every key that ever signed this ledger, oldest first.
    pub keys: Vec<PublicKey>,
}

/// Which receipts of a ledger are in a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// One visitor's only.
    pub visitor: Option<VisitorId>,
    /// Received at or after, milliseconds since 1970.
    pub from: Option<i64>,
    /// Received before, milliseconds since 1970.
    pub to: Option<i64>,
}

impl Selection {
    /// Whether the bundle is of the whole ledger.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// `manifest.json`: every file before it, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The files.
    pub files: Vec<ManifestFile>,
}

/// A file as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Its path in the bundle.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// Over its bytes.
    pub sha256: Hash,
}

#[cfg(test)]
mod tests;

//! Owns the newest checkpoints outside the database: keeping them in a file and at an address, and comparing the database with
//! them at the start.
//! Refuses to replace a checkpoint by one that does not go on from it: what is kept there is the evidence.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use assent_shared::SiteId;
use assent_shared::ledger::{Checkpoint, SignedCheckpoint, tree};

use crate::clock::Clock;
use crate::sealer::Refusal;
use crate::store::{AUDIT, AuditLedgerRow, Store, Trouble};

/// How far the file may be behind the database.
const FILE_INTERVAL: Duration = Duration::from_secs(2);
/// Between two messages to the address, in intervals of the file: a day.
const ROUNDS_OF_A_DAY: u64 = 24 * 60 * 60 / FILE_INTERVAL.as_secs();
/// How long the address may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every site's newest checkpoint, and the audit log's, as signed notes.
type Notes = BTreeMap<String, String>;

/// Where checkpoints are kept outside the database.
#[derive(Debug, Clone)]
pub struct Outside {
    /// A file with the newest one of each site, and of the audit log.
    pub file: PathBuf,
    /// An address that is sent them once a day, and asked for them at the start.
    pub url: Option<String>,
}

impl Outside {
    /// What is kept there. An address that does not answer is told of and passed over: receipts are not refused for it.
    pub async fn read(&self) -> Result<Vec<Notes>, String> {
        let mut found = vec![self.read_file()?];
        if let Some(url) = self.url.clone() {
            match tokio::task::spawn_blocking(move || ask(&url)).await {
                Ok(Ok(notes)) => found.push(notes),
                Ok(Err(error)) => {
                    tracing::warn!(error, "the checkpoints at checkpoint_url could not be compared");
                }
                Err(error) => {
                    tracing::warn!(%error, "the checkpoints at checkpoint_url could not be compared");
                }
            }
        }
        Ok(found)
    }

    pub(crate) fn read_file(&self) -> Result<Notes, String> {
        let unreadable = |error: &dyn std::fmt::Display| {
            format!(
                "The checkpoints {} cannot be read: {error}. Bring the file back, or remove it if you know why it is damaged.",
                self.file.display()
            )
        };
        match fs::read(&self.file) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Notes::new()),
            Err(error) => Err(unreadable(&error)),
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| unreadable(&error)),
        }
    }

    fn write_file(&self, notes: &Notes) -> std::io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        // Whole or not at all.
        let beside = self.file.with_extension("new");
        let mut file = fs::File::create(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(notes)?)?;
        file.sync_all()?;
        fs::rename(&beside, &self.file)
    }

    /// The newest checkpoint of a site that is kept outside, by size.
    pub async fn newest(&self, site: &SiteId) -> Result<Option<Checkpoint>, String> {
        self.newest_of(site.as_str()).await
    }

    /// The newest checkpoint of the audit log that is kept outside, by size.
    pub async fn newest_of_audit(&self) -> Result<Option<Checkpoint>, String> {
        self.newest_of(AUDIT).await
    }

    async fn newest_of(&self, name: &str) -> Result<Option<Checkpoint>, String> {
        let notes = self.read().await?;
        let checkpoints = notes.iter().filter_map(|notes| SignedCheckpoint::parse(notes.get(name)?).ok());
        Ok(checkpoints.map(|signed| signed.unverified().clone()).max_by_key(|checkpoint| checkpoint.size))
    }

    /// Compares every ledger with what is kept outside, and stops the signing of those that are behind it or damaged.
    pub async fn compare(&self, store: &Store) -> Result<(), String> {
        self.compare_with(store, self.read().await?).await
    }

    /// As [`Outside::compare`], with the file alone: what is at hand when a database comes back.
    pub(crate) async fn compare_file(&self, store: &Store) -> Result<(), String> {
        self.compare_with(store, vec![self.read_file()?]).await
    }

    async fn compare_with(&self, store: &Store, kept: Vec<Notes>) -> Result<(), String> {
        for (name, note) in kept.into_iter().flatten() {
            let damaged = || format!("The checkpoint of `{name}` in {} is damaged.", self.file.display());
            let signed = SignedCheckpoint::parse(&note).map_err(|_| damaged())?;
            if name == AUDIT {
                let behind = audit_behind(store, signed.unverified()).await;
                if let Some((ledger, refusal)) = behind.map_err(|error| error.to_string())? {
                    tracing::error!("{refusal}");
                    store.sealer().refuse_audit(ledger, refusal);
                }
                continue;
            }
            let site: SiteId = name.parse().map_err(|_| damaged())?;
            if let Some((ledger, refusal)) =
                behind(store, &site, signed.unverified()).await.map_err(|error| error.to_string())?
            {
                tracing::error!(%site, "{refusal}");
                store.sealer().refuse(site, ledger, refusal);
            }
        }
        store.look_at_edges().await.map_err(|error| error.to_string())
    }

    /// Keeps the checkpoints outside up to date, until the server ends.
    pub(crate) async fn run(self, store: Store, clock: Clock) {
        let mut kept = self.read_file().unwrap_or_default();
        let mut ticks = tokio::time::interval(FILE_INTERVAL);
        for round in 0_u64.. {
            ticks.tick().await;
            if store.trouble().is_some() {
                continue;
            }
            if let Err(error) = self.keep(&store, &mut kept).await
                && store.trouble().is_none()
            {
                tracing::warn!(error, "the newest checkpoints could not be kept outside the database");
            }
            if round.is_multiple_of(ROUNDS_OF_A_DAY) {
                self.publish(&store, &kept, clock.now()).await;
            }
        }
    }

    /// Brings the file up to date once.
    pub(crate) async fn keep_all(&self, store: &Store) -> Result<(), String> {
        let mut kept = self.read_file()?;
        self.keep(store, &mut kept).await
    }

    /// Writes the file if a ledger has grown. A ledger that is behind keeps its old line.
    async fn keep(&self, store: &Store, kept: &mut Notes) -> Result<(), String> {
        let mut changed = false;
        for (site, ledger, note) in store.newest_checkpoints().await.map_err(|error| error.to_string())? {
            let Ok(site) = site.parse::<SiteId>() else { continue };
            let sealer = store.sealer();
            let newer = sealer.refusal(&site, ledger).is_none() && kept.get(site.as_str()) != Some(&note);
            // One that has rotted in the database would replace what was published.
            if newer && sealer.has_signed(&note) {
                kept.insert(site.to_string(), note);
                changed = true;
            }
        }
        let audit = store.audit_ledger().await.map_err(|error| error.to_string())?;
        if let Some(AuditLedgerRow { ledger, checkpoint: Some(note), .. }) = audit
            && store.sealer().audit_refusal(ledger).is_none()
            && kept.get(AUDIT) != Some(&note)
            && store.sealer().has_signed(&note)
        {
            kept.insert(AUDIT.to_owned(), note);
            changed = true;
        }
        if changed {
            self.write_file(kept).map_err(|error| format!("{}: {error}", self.file.display()))
        } else {
            Ok(())
        }
    }

    /// Sends the checkpoints to the address, and keeps them for good: from now on somebody else has them.
    async fn publish(&self, store: &Store, notes: &Notes, now: i64) {
        let Some(url) = self.url.clone() else { return };
        let body = serde_json::to_string(notes).unwrap_or_default();
        let sent = tokio::task::spawn_blocking(move || send(&url, &body)).await;
        let refused = match sent {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(error) => Some(error.to_string()),
        };
        if let Some(error) = refused {
            tracing::warn!(error, "checkpoint_url did not take the day's checkpoints");
            return;
        }
        tracing::info!("the day's checkpoints were sent to checkpoint_url");
        for (name, note) in notes {
            let Ok(signed) = SignedCheckpoint::parse(note) else { continue };
            let Ok(site) = name.parse::<SiteId>() else {
                if let Ok(Some(ledger)) = store.audit_ledger().await
                    && ledger.origin == signed.unverified().origin
                    && let Err(error) = store.keep_audit_checkpoint(ledger.ledger, &signed, now).await
                {
                    tracing::warn!(%error, "the day's checkpoint of the audit log could not be kept");
                }
                continue;
            };
            let Ok(Some(ledger)) = store.ledger(&site).await else { continue };
            if ledger.origin == signed.unverified().origin
                && let Err(error) = store.keep_checkpoint(&site, ledger.ledger, &signed, now).await
            {
                tracing::warn!(%site, %error, "the day's checkpoint could not be kept");
            }
        }
    }
}

/// The present ledger's number and why it may not go on, if `published` is not its past.
async fn behind(
    store: &Store,
    site: &SiteId,
    published: &Checkpoint,
) -> sqlx::Result<Option<(i64, Refusal)>> {
    let Some(ledger) = store.ledger(site).await? else { return Ok(None) };
    let present = u64::try_from(ledger.leaves).unwrap_or_default();
    let refusal = Refusal::Behind { site: site.clone(), published: published.size, present };
    if ledger.origin != published.origin {
        let former = store.former_origins(site).await?;
        return Ok((!former.contains(&published.origin)).then_some((ledger.ledger, refusal)));
    }
    if published.size == 0 {
        return Ok(None);
    }
    let root = if published.size <= present {
        match store.proof_hashes(site, ledger.ledger, &tree::root(published.size)).await {
            Ok(hashes) => Some(hashes),
            // A connection that is lost says nothing about the ledger.
            Err(error) if Trouble::of(&error).is_outage() => return Err(error),
            Err(_) => None,
        }
    } else {
        None
    };
    Ok((root != Some(vec![published.root])).then_some((ledger.ledger, refusal)))
}

/// As [`behind`], for the audit log.
async fn audit_behind(store: &Store, published: &Checkpoint) -> sqlx::Result<Option<(i64, Refusal)>> {
    let present = store.audit_ledger().await?;
    let (ledger, leaves) = present.as_ref().map_or((1, 0), |row| (row.ledger, row.leaves));
    let present_size = u64::try_from(leaves).unwrap_or_default();
    let refusal = Refusal::AuditBehind { published: published.size, present: present_size };
    let agrees = match present {
        Some(row) if row.origin != published.origin => {
            store.ended_audit_origins().await?.contains(&published.origin)
        }
        _ if published.size == 0 => true,
        _ if published.size > present_size => false,
        _ => store.audit_root(ledger, published.size).await? == Some(published.root),
    };
    Ok((!agrees).then_some((ledger, refusal)))
}

/// What makes the few small requests of this server.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into()
}

fn ask(url: &str) -> Result<Notes, String> {
    let mut answer = agent().get(url).call().map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        // A webhook that only takes has nothing to compare with.
        return Ok(Notes::new());
    }
    let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    // Whatever else it says, it is not our checkpoints.
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

fn send(url: &str, body: &str) -> Result<(), String> {
    let answer =
        agent().post(url).content_type("application/json").send(body).map_err(|error| error.to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("it answered {}", answer.status())) }
}

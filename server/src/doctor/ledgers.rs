//! Owns what is found of the ledgers: whether their keys are here, and how they stand beside what was published of them.
//! Refuses to stop anything for it; the server compares for itself.

use std::time::UNIX_EPOCH;

use assent_shared::ledger::SignedCheckpoint;

use super::Finding;
use crate::config::Settings;
use crate::store::{AUDIT, Store};
use crate::witnesses;

/// The server writes the file every two seconds; an idle minute later it has everything.
const PATIENCE: i64 = 60_000;

pub(super) async fn check(store: &Store, settings: &Settings, now: i64) -> sqlx::Result<Vec<Finding>> {
    let mut found = keys(store, settings).await?;
    let outside = settings.outside();
    if let Err(error) = outside.compare(store).await {
        let todo = "Bring the file back from where you keep it, or remove it if you know why it is damaged.";
        found.push(Finding::wrong("checkpoints", error, todo));
        return Ok(found);
    }
    if let Ok(witnesses) = settings.witness_keys() {
        witnesses::compare(&witnesses, store).await;
    }
    for site in store.sites().await? {
        let Some(ledger) = store.ledger(&site.id).await? else { continue };
        let about = format!("ledger {}", site.id);
        found.push(match store.sealer().refusal(&site.id, ledger.ledger) {
            Some(refusal) => Finding::wrong(
                about,
                format!("{refusal}."),
                format!(
                    "Bring back a newer copy if there is one; else `assent ledger resume --site {}` goes on, and the gap stays \
                     visible.",
                    site.id
                ),
            ),
            None => Finding::ok(about, format!("{} leaves, and nothing newer was published.", ledger.leaves)),
        });
    }
    if let Some(audit) = store.audit_ledger().await? {
        found.push(match store.sealer().audit_refusal(audit.ledger) {
            Some(refusal) => Finding::wrong(
                "audit log",
                format!("{refusal}."),
                "Bring back a newer copy if there is one; else `assent audit resume` goes on, and the gap stays visible.",
            ),
            None => Finding::ok("audit log", format!("{} leaves, and nothing newer was published.", audit.leaves)),
        });
    }
    found.push(file(store, settings, now).await?);
    Ok(found)
}

/// Whether every ledger's key is among those that sign.
async fn keys(store: &Store, settings: &Settings) -> sqlx::Result<Vec<Finding>> {
    // What is wrong with the keys themselves is found with the machine.
    let Ok(keys) = settings.signing_keys().look() else { return Ok(Vec::new()) };
    let mut signed: Vec<(String, String, String)> = Vec::new();
    for site in store.sites().await? {
        if let Some(ledger) = store.ledger(&site.id).await?
            && let Some(key) = ledger.signing_key
        {
            signed.push((format!("ledger {}", site.id), ledger.origin, key));
        }
    }
    if let Some(audit) = store.audit_ledger().await?
        && let Some(key) = audit.signing_key
    {
        signed.push(("audit log".to_owned(), audit.origin, key));
    }
    let unknown = signed
        .into_iter()
        .filter(|(_, origin, key)| !keys.iter().any(|own| own.public(origin).to_string() == *key));
    let todo = "Bring that key back, the newer ones after it: without it the ledger takes nothing.";
    Ok(unknown
        .map(|(about, _, key)| {
            Finding::wrong(about, format!("It is signed by {key}, which is not here."), todo)
        })
        .collect())
}

/// Whether the file of checkpoints is kept up to date.
async fn file(store: &Store, settings: &Settings, now: i64) -> sqlx::Result<Finding> {
    let about = "checkpoints";
    let outside = settings.outside();
    let path = outside.file.display().to_string();
    let kept = outside.read_file().unwrap_or_default();
    let mut late = Vec::new();
    for (site, _, note) in store.newest_checkpoints().await? {
        if kept.get(&site).is_none_or(|old| size(old) < size(&note)) {
            late.push(site);
        }
    }
    if let Some(audit) = store.audit_ledger().await?
        && let Some(note) = &audit.checkpoint
        && kept.get(AUDIT).is_none_or(|old| size(old) < size(note))
    {
        late.push(AUDIT.to_owned());
    }
    let written = std::fs::metadata(&outside.file).and_then(|file| file.modified()).ok();
    let written = written.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|age| age.as_millis());
    let age = written.map(|written| now - i64::try_from(written).unwrap_or_default());
    Ok(if late.is_empty() {
        Finding::ok(about, format!("{path} has the newest of every ledger."))
    } else if age.is_some_and(|age| age < PATIENCE) {
        Finding::ok(
            about,
            format!("{path} was written within a minute; a running server brings it up to date."),
        )
    } else {
        Finding::look(
            about,
            format!("{path} lacks the newest checkpoints of {}.", late.join(", ")),
            "A running server writes them every two seconds: see that it runs, and that it may write the file.",
        )
    })
}

fn size(note: &str) -> u64 {
    SignedCheckpoint::parse(note).map_or(0, |signed| signed.unverified().size)
}

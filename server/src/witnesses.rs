//! Owns having checkpoints cosigned by witnesses (C2SP tlog-witness): they confirm that a ledger has only grown.
//! Refuses to wait for them: receipts are answered whether or not a witness is there.

use std::collections::HashMap;
use std::time::Duration;

use assent_shared::SiteId;
use assent_shared::ledger::witness::{WitnessKey, add_checkpoint};
use assent_shared::ledger::{SignedCheckpoint, tree};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::outside::agent;
use crate::sealer::Refusal;
use crate::store::Store;

/// Between two requests for cosignatures.
const INTERVAL: Duration = Duration::from_mins(1);

/// How long all witnesses together may take to be compared with.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody who cosigns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// Its address, to which `/add-checkpoint` is appended.
    pub url: String,
    /// Its verifier key, of type 4.
    pub key: String,
}

/// Has every ledger that has grown cosigned, until the server ends.
pub(crate) async fn run(witnesses: Vec<(String, WitnessKey)>, store: Store, clock: Clock) {
    let mut known = HashMap::new();
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        if let Err(error) = cosign(&witnesses, &store, &mut known, clock.now()).await {
            tracing::warn!(%error, "checkpoints could not be cosigned");
        }
    }
}

/// The size that a witness has seen of a site's ledger.
type Known = HashMap<(SiteId, i64, String), u64>;

/// Asks every witness to cosign every newest checkpoint that it has not seen; what they sign is kept for good.
pub async fn cosign(
    witnesses: &[(String, WitnessKey)],
    store: &Store,
    seen_by: &mut Known,
    now: i64,
) -> sqlx::Result<()> {
    for (site, ledger, note) in store.newest_checkpoints().await? {
        let (Ok(site), Ok(checkpoint)) = (site.parse::<SiteId>(), SignedCheckpoint::parse(&note)) else {
            continue;
        };
        let mut cosignatures = String::new();
        for (url, key) in witnesses {
            let seen = seen_by.entry((site.clone(), ledger, url.clone())).or_default();
            if *seen >= checkpoint.unverified().size {
                continue;
            }
            match ask(url, key, store, (&site, ledger), seen, &checkpoint).await? {
                Ok(lines) => cosignatures.push_str(&lines),
                Err(reason) => tracing::warn!(%site, witness = url, reason, "a witness did not cosign"),
            }
        }
        if let Some(cosigned) =
            (!cosignatures.is_empty()).then(|| checkpoint.with_signatures(&cosignatures)).flatten()
        {
            store.keep_checkpoint(&site, ledger, &cosigned, now).await?;
        }
    }
    Ok(())
}

/// Asks every witness how large it knows the present ledgers to be, and stops the signing of those that it knows more of: the
/// database was brought back from an older copy. A witness that does not answer is told of and passed over.
pub async fn compare(witnesses: &[(String, WitnessKey)], store: &Store) {
    if witnesses.is_empty() {
        return;
    }
    match tokio::time::timeout(PATIENCE, compare_all(witnesses, store)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the ledgers could not be compared with the witnesses"),
        Err(_) => tracing::warn!("the witnesses took too long; not every ledger was compared with them"),
    }
}

async fn compare_all(witnesses: &[(String, WitnessKey)], store: &Store) -> sqlx::Result<()> {
    for (site, ledger, note) in store.newest_checkpoints().await? {
        let (Ok(site), Ok(checkpoint)) = (site.parse::<SiteId>(), SignedCheckpoint::parse(&note)) else {
            continue;
        };
        for (url, _) in witnesses {
            let known = match known(url, &checkpoint).await {
                Ok(known) => known,
                Err(reason) => {
                    tracing::warn!(%site, witness = url, reason, "a ledger could not be compared with a witness");
                    continue;
                }
            };
            // Another server may have gone on meanwhile.
            let present = store.ledger(&site).await?.filter(|row| row.ledger == ledger).map(|row| row.leaves);
            let present = present.and_then(|leaves| u64::try_from(leaves).ok()).unwrap_or_default();
            if let Some(published) =
                known.filter(|size| *size > present || present == checkpoint.unverified().size)
            {
                let refusal = Refusal::Behind { site: site.clone(), published, present };
                tracing::error!(%site, witness = url, "{refusal}");
                store.sealer().refuse(site.clone(), ledger, refusal);
            }
        }
    }
    Ok(())
}

/// The size that a witness knows of a ledger, if it has signed more of it, or other leaves.
async fn known(url: &str, checkpoint: &SignedCheckpoint) -> Result<Option<u64>, String> {
    let size = checkpoint.unverified().size;
    // Between equal sizes there is nothing to prove: whoever knows this one, and no more, cosigns it again.
    let body = add_checkpoint(size, &[], checkpoint);
    let address = format!("{}/add-checkpoint", url.trim_end_matches('/'));
    let answer = tokio::task::spawn_blocking(move || post(&address, &body)).await;
    let (status, text) = answer.map_err(|error| error.to_string())??;
    match (status, text.trim().parse::<u64>()) {
        // The conflict at its own size is another root (tlog-witness, "add-checkpoint").
        (409, Ok(theirs)) if theirs >= size => Ok(Some(theirs)),
        // It knows less, or nothing of this ledger.
        (200 | 404 | 409, _) => Ok(None),
        (other, _) => Err(format!("it answered {other}")),
    }
}

async fn ask(
    url: &str,
    key: &WitnessKey,
    store: &Store,
    (site, ledger): (&SiteId, i64),
    seen: &mut u64,
    checkpoint: &SignedCheckpoint,
) -> sqlx::Result<Result<String, String>> {
    let leaves = checkpoint.unverified().size;
    // The second time with the size that the witness says it knows.
    for _ in 0..2 {
        let Some(plan) = tree::consistency(*seen, leaves) else {
            return Ok(Err(format!("it knows {seen} leaves, here are {leaves}: one of the two is a fork")));
        };
        let proof = store.proof_hashes(site, ledger, &plan).await?;
        let body = add_checkpoint(*seen, &proof, checkpoint);
        let address = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let answer = tokio::task::spawn_blocking(move || post(&address, &body)).await;
        let (status, text) = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Ok(Err(error)),
            Err(error) => return Ok(Err(error.to_string())),
        };
        match status {
            200 if key.cosigned_at(checkpoint, &text).is_some() => {
                *seen = leaves;
                return Ok(Ok(text));
            }
            200 => return Ok(Err("its answer is not a cosignature by its key".to_owned())),
            // Its size, in decimal (tlog-witness, "Conflict").
            409 => match text.trim().parse() {
                Ok(theirs) if theirs != *seen => *seen = theirs,
                _ => return Ok(Err("it knows this ledger with another content: a fork".to_owned())),
            },
            422 => return Ok(Err("it says that the ledger did not only grow: a fork".to_owned())),
            other => return Ok(Err(format!("it answered {other}"))),
        }
    }
    Ok(Err("it does not say what it knows".to_owned()))
}

fn post(url: &str, body: &str) -> Result<(u16, String), String> {
    let mut answer =
        agent().post(url).content_type("text/plain").send(body).map_err(|error| error.to_string())?;
    let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    Ok((answer.status().as_u16(), text))
}

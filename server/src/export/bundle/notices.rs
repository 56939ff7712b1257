//! Owns a bundle's `notices/`: the bytes that receipts name by their hash, and beside them what visitors saw.
//! Refuses notices that no leaf of the bundle announces.

use std::collections::BTreeSet;

use assent_shared::Notice;
use assent_shared::bundle::name;
use assent_shared::ledger::Entry;

use super::{Bundle, Named, Out};
use crate::catalog::PublishedNotice;
use crate::error::{Error, Result};
use crate::pages::notice::{self, Place};

impl Named {
    /// Whether a public leaf belongs into the part.
    pub(super) fn has(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Notice { number, .. } => self.notices.contains(number),
            Entry::Widget { build, .. } => self.builds.contains(build),
            _ => true,
        }
    }
}

impl Bundle {
    pub(super) async fn write_notices(&self, out: &mut Out, named: Option<&Named>) -> Result<()> {
        let wanted = self.public.iter().filter(|(_, entry)| named.is_none_or(|named| named.has(entry)));
        let numbers: BTreeSet<u32> = wanted
            .filter_map(|(_, entry)| match entry {
                Entry::Notice { number, .. } => Some(*number),
                _ => None,
            })
            .collect();
        for number in numbers {
            // If it is gone, the verifier says so, and better.
            let Some(row) = self.store.notice(&self.head.site, number).await? else { continue };
            out.file(&name::notice(number), row.body.as_bytes()).await?;
            let Ok(notice) = serde_json::from_str::<Notice>(&row.body) else { continue };
            let published = PublishedNotice { notice, hash: row.hash, published_at: row.published_at };
            // Forty languages take a while: not on a thread that others wait for.
            let pages = tokio::task::spawn_blocking(move || pages(number, &published));
            for (name, html) in pages.await.map_err(|error| Error::Internal(error.to_string()))?? {
                out.file(&name, html.as_bytes()).await?;
            }
        }
        Ok(())
    }
}

/// The notice in each of its languages.
fn pages(number: u32, published: &PublishedNotice) -> Result<Vec<(String, String)>> {
    let locales = published.notice.texts.keys();
    locales
        .map(|locale| {
            let html = notice::write(published, locale, Place::Bundle)?;
            Ok((name::shown_notice(number, locale.as_str()), html))
        })
        .collect()
}

//! Owns sealing what was recorded before there was a ledger: notices first, then the receipts in their order.
//! Refuses to lose one: what waits is taken away by the transaction that seals it.

use std::collections::BTreeSet;

use assent_shared::ledger::{Entry, Hash};
use assent_shared::{Receipt, SiteId};

use super::ledgers::AppendError;
use super::{NoticeRow, Store, on_engine, on_transaction};
use crate::widget;

/// Receipts of one transaction.
const BATCH: i64 = 1024;
/// Stands for the files of a build from before the ledger.
const UNKNOWN: Hash = Hash([0; 32]);

impl Store {
    /// Seals what waits; nothing waits but after an upgrade.
    pub(super) async fn seal_what_waits(&self) -> Result<(), AppendError> {
        let sites: Vec<String> = on_engine!(self, |pool| {
            sqlx::query_scalar("select site from ledgers where leaves = 0 and notices > 0 order by site")
                .fetch_all(pool)
                .await?
        });
        for site in sites.iter().filter_map(|site| site.parse::<SiteId>().ok()) {
            let notices = self.notices(&site).await?;
            let builds = self.former_builds(&site).await?;
            self.announce(&site, &notices, builds).await?;
        }
        while self.seal_some().await? {}
        Ok(())
    }

    /// The widget builds that the receipts name which wait.
    async fn former_builds(&self, site: &SiteId) -> sqlx::Result<BTreeSet<String>> {
        let (mut builds, mut after) = (BTreeSet::new(), -1);
        loop {
            let rows: Vec<(i64, String)> = on_engine!(self, |pool| {
                sqlx::query_as(
                    "select leaf_index, body from unsealed_receipts where site = $1 and leaf_index > $2
                     order by leaf_index limit $3",
                )
                .bind(site.as_str())
                .bind(after)
                .bind(BATCH)
                .fetch_all(pool)
                .await?
            });
            let Some((last, _)) = rows.last() else { return Ok(builds) };
            after = *last;
            for (_, body) in &rows {
                builds.insert(read(body)?.widget);
            }
        }
    }

    async fn announce(
        &self,
        site: &SiteId,
        notices: &[NoticeRow],
        builds: BTreeSet<String>,
    ) -> Result<(), AppendError> {
        let mut transaction = self.begin().await?;
        let mut ledger = transaction.open_ledger(site, &self.sealer).await?;
        for build in builds.into_iter().filter(|build| build != widget::HASH) {
            // Its files are not here any more, so nobody knows their hashes.
            ledger.append_entry(&Entry::Widget { build, code: UNKNOWN, glue: UNKNOWN }, None);
        }
        for notice in notices {
            ledger.append_entry(
                &super::notices::entry(notice.number, &notice.hash, notice.published_at)?,
                None,
            );
        }
        let newest = notices.last().map_or(0, |notice| notice.published_at);
        transaction.close_ledger(ledger, newest).await?;
        Ok(transaction.commit().await?)
    }

    /// Seals the next receipts of one site; whether there were any.
    async fn seal_some(&self) -> Result<bool, AppendError> {
        let rows: Vec<(String, i64, String)> = on_engine!(self, |pool| {
            sqlx::query_as(
                "select site, leaf_index, body from unsealed_receipts
                 where site = (select min(site) from unsealed_receipts) order by leaf_index limit $1",
            )
            .bind(BATCH)
            .fetch_all(pool)
            .await?
        });
        let Some((site, last, _)) = rows.last() else { return Ok(false) };
        let receipts: Vec<Receipt> = rows
            .iter()
            .map(|(_, _, body)| {
                serde_json::from_str(body).map_err(|error| sqlx::Error::Decode(Box::new(error)))
            })
            .collect::<Result<_, _>>()?;
        let now = receipts.last().map_or(0, |receipt| receipt.received_at);
        let mut transaction = self.begin().await?;
        transaction.append_to_site(&receipts, self, now).await?;
        on_transaction!(&mut transaction, |transaction, Db| {
            sqlx::query::<Db>("delete from unsealed_receipts where site = $1 and leaf_index <= $2")
                .bind(site)
                .bind(last)
                .execute(&mut **transaction)
                .await?;
        });
        transaction.commit().await?;
        Ok(true)
    }
}

fn read(body: &str) -> sqlx::Result<Receipt> {
    serde_json::from_str(body).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

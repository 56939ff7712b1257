//! Owns appending at a remembered edge: leaves, tree, proofs and signature are computed first, and one statement stores all of it,
//! or nothing where the ledger has moved on.
//! Refuses whatever is not plain: a decision that may be known, a key or a build to announce, a kind that is new. All of that goes
//! the careful way, statement by statement under the ledger's lock (`receipts.rs`).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use assent_shared::{DecisionId, Receipt, SiteId};
use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, PgConnection, Postgres, QueryBuilder, Sqlite};
use tracing::Instrument as _;

use super::counts::push_counts;
use super::decisions::push_decisions;
use super::kept::Kept;
use super::known_edges::KnownEdge;
use super::ledgers::leaf_to_sql;
use super::open_ledger::{ClosedLedger, OpenLedger};
use super::receipts::{New, push_receipts};
use super::{Appended, Store, Writer};
use crate::clock::day_of;
use crate::crash::{self, Point};
use crate::sealer::Sealer;
use crate::statistics::device::Device;
use crate::statistics::event::Counted;
use crate::widget;

/// Receipts of one statement at most; SQLite takes 32,766 values in one.
const AT_ONCE: usize = 2048;

/// Rows up to which SQLite keeps a statement prepared.
const KEPT: usize = 64;

/// What the receipts of one site come to.
struct Prepared<'a> {
    site: &'a SiteId,
    /// Where the ledger must still be.
    known: KnownEdge,
    new: Vec<New<'a>>,
    closed: ClosedLedger,
    counts: BTreeMap<Counted, i64>,
}

impl Store {
    /// Seals `receipts`, sorted by site, at the edges that are remembered; nothing, and nothing is stored, where that cannot be.
    pub(super) async fn append_at_edges(
        &self,
        receipts: &[Receipt],
        devices: &[Device],
    ) -> sqlx::Result<Option<Vec<Appended>>> {
        if self.sealer.is_off() || crash::between_writes() || receipts.len() > AT_ONCE {
            return Ok(None);
        }
        let mut prepared = Vec::new();
        let mut first = 0;
        for of_site in receipts.chunk_by(|left, right| left.site == right.site) {
            let devices = devices.get(first..).unwrap_or_default();
            first += of_site.len();
            let Some(of_site) = self.prepare(of_site, devices).await? else { return Ok(None) };
            prepared.push(of_site);
        }
        let stored = match &self.writer {
            Writer::Postgres(kept) => store_on_postgres(kept, &prepared).await,
            Writer::Sqlite(kept) => store_on_sqlite(kept, &prepared).await.map(|()| true),
            Writer::Nobody => Ok(false),
        };
        match stored {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            // A decision is known, or on SQLite the ledger has moved on: the careful way finds out which.
            Err(error) if breaks_a_rule(&error) => return Ok(None),
            Err(error) if is_unsupported(&error) => {
                tracing::warn!(%error, "this PostgreSQL takes no batch in one statement; it takes several from now on");
                self.edges.give_up();
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        crash::point(Point::Committed);
        let mut appended = Vec::with_capacity(receipts.len());
        for Prepared { site, known, new, closed, .. } in prepared {
            let closed = Arc::new(closed);
            appended.extend(new.into_iter().map(|new| new.stored(Some(&closed))));
            self.edges.left(site, known.frontier.size(), closed.edge.clone());
        }
        Ok(Some(appended))
    }

    /// Computes everything that a commit of one site's receipts stores.
    async fn prepare<'a>(
        &self,
        receipts: &'a [Receipt],
        devices: &[Device],
    ) -> sqlx::Result<Option<Prepared<'a>>> {
        let site = &receipts[0].site;
        let mut decisions: HashSet<&DecisionId> = HashSet::with_capacity(receipts.len());
        if !receipts.iter().all(|receipt| decisions.insert(&receipt.decision)) {
            return Ok(None);
        }
        let Some(kinds) = self.kinds.remembered(site, receipts).await? else { return Ok(None) };
        let Some(known) = self.edges.take(site) else { return Ok(None) };
        let Some(mut ledger) = OpenLedger::at(site, &known, &self.sealer) else { return Ok(None) };
        let salts = Sealer::salts(receipts.len()).map_err(|error| sqlx::Error::Io(error.into()))?;
        let mut new = Vec::with_capacity(receipts.len());
        // Few answers are different ones, and only these are taken apart into lines.
        let mut answers = BTreeMap::new();
        for (at, ((receipt, salt), kind)) in receipts.iter().zip(salts).zip(kinds).enumerate() {
            let body = receipt.canonical_json();
            let commitment = salt.commit_receipt(&body);
            let leaf_index = ledger.append_receipt(commitment);
            new.push(New { leaf_index, receipt, body, salt, kind, commitment: Some(commitment) });
            let device = devices.get(at).copied().unwrap_or(Device::Other);
            let same = (kind, receipt.locale.as_str(), day_of(receipt.received_at), device);
            answers.entry(same).or_insert((receipt, device, 0)).2 += 1;
        }
        let mut counts = BTreeMap::new();
        for (receipt, device, number) in answers.into_values() {
            for line in Counted::of_receipt(receipt, device) {
                *counts.entry(line).or_default() += number;
            }
        }
        let closed = ledger.seal().closed;
        Ok(Some(Prepared { site, known, new, closed, counts }))
    }
}

/// Whether the database refused the rows, and not the work. SQLite's triggers are rules too.
fn breaks_a_rule(error: &sqlx::Error) -> bool {
    const CONSTRAINT: u32 = 19;
    let sqlx::Error::Database(error) = error else { return false };
    if let Some(error) = error.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
        let code = DatabaseError::code(error);
        return code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == CONSTRAINT);
    }
    error.is_unique_violation()
}

/// Whether the database cannot do this at all, as a cluster of shards may say (SQLSTATE `0A000`).
fn is_unsupported(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == "0A000")
}

/// One text for all sites of the batch: the thread that SQLite works in is asked once. Where a ledger is not at its edge, a size
/// that must not be null would be, and the rest is not carried out.
async fn store_on_sqlite(kept: &Arc<Kept<Sqlite>>, prepared: &[Prepared<'_>]) -> sqlx::Result<()> {
    let mut text = QueryBuilder::<Sqlite>::new("begin immediate");
    for of_site in prepared {
        push_site(&mut text, of_site);
    }
    text.push("; commit");
    // A text of its own for each number of rows: only the small ones are worth the memory of being kept.
    let is_kept = matches!(prepared, [of_site] if of_site.new.len() <= KEPT);
    let mut connection = kept.take().await?;
    let kept = kept.clone();
    // To its end, even if nobody waits any more: half of it would leave a transaction open.
    let work = async move {
        let stored = text.build().persistent(is_kept).execute(&mut *connection.inner).await;
        if stored.is_ok() {
            kept.keep(connection);
        } else if roll_back(&mut connection.inner).await.is_err() {
            connection.inner.close_on_drop();
        }
        stored.map(|_| ())
    };
    tokio::spawn(work.in_current_span()).await.map_err(|_| sqlx::Error::WorkerCrashed)?
}

async fn roll_back(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::raw_sql("rollback").execute(connection).await.map(|_| ())
}

fn push_site(text: &mut QueryBuilder<Sqlite>, Prepared { site, known, new, closed, counts }: &Prepared<'_>) {
    text.push("; update ledgers set leaves = case when ledger = ").push_bind(known.ledger);
    text.push(" and leaves = ").push_bind(leaf_to_sql(known.frontier.size()));
    text.push(" and checkpoint = ").push_bind(known.checkpoint.clone());
    text.push(" and frontier = ").push_bind(known.frontier.to_bytes());
    text.push(" then ").push_bind(leaf_to_sql(closed.edge.frontier.size()));
    text.push(" end, frontier = ").push_bind(closed.edge.frontier.to_bytes());
    text.push(", checkpoint = ").push_bind(closed.edge.checkpoint.clone());
    text.push(", signing_key = ").push_bind(closed.edge.signing_key.clone());
    text.push(", widget = ").push_bind(widget::HASH).push(" where site = ").push_bind(site.as_str());
    text.push("; ");
    push_receipts(text, site, known.ledger, new);
    text.push("; ");
    push_decisions(text, site, known.ledger, new);
    if !closed.tiles().is_empty() {
        text.push("; insert into nodes (site, ledger, level, place, hash) ");
        text.push_values(closed.tiles(), |mut row, (level, place, hash)| {
            row.push_bind(site.as_str()).push_bind(known.ledger).push_bind(i64::from(*level));
            row.push_bind(leaf_to_sql(*place)).push_bind(hash.0.to_vec());
        });
    }
    text.push("; ");
    push_counts(text, counts.iter());
}

/// One statement a site. Everything else in it reads what the first part of it returns: nothing, where the ledger is not at its
/// edge, whose row it waits for and then compares as it is by then.
const ON_POSTGRES: &str = "
with edge as (
    update ledgers set leaves = $4, frontier = $5, checkpoint = $6, signing_key = $7, widget = $8
    where site = $1 and ledger = $2 and leaves = $3 and checkpoint = $9 and frontier = $28
    returning site, ledger
), of_receipts as (
    insert into receipts (site, ledger, leaf_index, decision, visitor, body, salt, received_at, commitment, kind)
    select edge.site, edge.ledger, new.* from edge, unnest(
        $10::bigint[], $11::text[], $12::text[], $13::text[], $14::bytea[], $15::bigint[], $16::bytea[], $17::bigint[]
    ) as new
), of_decisions as (
    insert into decisions (site, decision, ledger, leaf_index, received_at)
    select edge.site, new.decision, edge.ledger, new.leaf_index, new.received_at
    from edge, unnest($11::text[], $10::bigint[], $15::bigint[]) as new (decision, leaf_index, received_at)
), of_nodes as (
    insert into nodes (site, ledger, level, place, hash)
    select edge.site, edge.ledger, new.* from edge, unnest($18::bigint[], $19::bigint[], $20::bytea[]) as new
), of_counts as (
    insert into counts (site, day, notice, locale, device, event, purpose, count)
    select edge.site, new.* from edge, unnest(
        $21::bigint[], $22::bigint[], $23::text[], $24::text[], $25::text[], $26::text[], $27::bigint[]
    ) as new
    on conflict (site, day, notice, locale, device, event, purpose) do update set count = counts.count + excluded.count
)
select count(*) from edge";

/// Whether every ledger was at its edge; if one was not, nothing is stored.
async fn store_on_postgres(kept: &Kept<Postgres>, prepared: &[Prepared<'_>]) -> sqlx::Result<bool> {
    let mut connection = kept.take().await?;
    if let [of_one_site] = prepared {
        let stored = store_site(&mut connection.inner, of_one_site).await?;
        kept.keep(connection);
        return Ok(stored);
    }
    let mut transaction = connection.inner.begin().await?;
    for of_site in prepared {
        if !store_site(&mut transaction, of_site).await? {
            return Ok(false);
        }
    }
    transaction.commit().await?;
    kept.keep(connection);
    Ok(true)
}

async fn store_site(
    connection: &mut PgConnection,
    Prepared { site, known, new, closed, counts }: &Prepared<'_>,
) -> sqlx::Result<bool> {
    fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    let commitments = new.iter().filter_map(|new| new.commitment.as_ref());
    let counts: Vec<(&Counted, &i64)> = counts.iter().collect();
    let stored: i64 = sqlx::query_scalar(ON_POSTGRES)
        .bind(site.as_str())
        .bind(known.ledger)
        .bind(leaf_to_sql(known.frontier.size()))
        .bind(leaf_to_sql(closed.edge.frontier.size()))
        .bind(closed.edge.frontier.to_bytes())
        .bind(&closed.edge.checkpoint)
        .bind(&closed.edge.signing_key)
        .bind(widget::HASH)
        .bind(&known.checkpoint)
        .bind(column(new, |new| new.leaf_index))
        .bind(column(new, |new| new.receipt.decision.as_str()))
        .bind(column(new, |new| new.receipt.visitor.as_str()))
        .bind(column(new, |new| new.body.as_str()))
        .bind(column(new, |new| &new.salt.0[..]))
        .bind(column(new, |new| new.receipt.received_at))
        .bind(commitments.map(|commitment| &commitment.0[..]).collect::<Vec<_>>())
        .bind(column(new, |new| new.kind))
        .bind(column(closed.tiles(), |(level, ..)| i64::from(*level)))
        .bind(column(closed.tiles(), |(_, place, _)| leaf_to_sql(*place)))
        .bind(column(closed.tiles(), |(.., hash)| &hash.0[..]))
        .bind(column(&counts, |(line, _)| line.day))
        .bind(column(&counts, |(line, _)| i64::from(line.notice)))
        .bind(column(&counts, |(line, _)| line.locale.as_str()))
        .bind(column(&counts, |(line, _)| line.device.as_str()))
        .bind(column(&counts, |(line, _)| line.event.as_str()))
        .bind(column(&counts, |(line, _)| line.purpose.as_str()))
        .bind(column(&counts, |(_, count)| **count))
        .bind(known.frontier.to_bytes())
        .fetch_one(connection)
        .await?;
    Ok(stored == 1)
}

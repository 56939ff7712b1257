//! Owns merging the receipts of several kinds into one sequence: a lane for each kind, read ahead along the index of kinds.
//! Refuses to read bodies: places are all that is in that index, and most lanes are read further than they are needed.

use std::collections::{BinaryHeap, HashMap, VecDeque};

use assent_shared::SiteId;
use sqlx::QueryBuilder;

use super::browse::{Bounds, Order, Place};
use super::receipts::SHOWN;
use super::{Store, on_engine};

/// Lanes of one statement, largest first; few sizes are few texts to keep prepared, and SQLite joins 500 at most.
const STATEMENT_LANES: [usize; 3] = [64, 8, 1];
/// Places that are read ahead in a lane, at least.
const AHEAD: i64 = 16;

/// The lanes of a walk.
#[derive(Debug)]
pub(super) struct Lanes {
    all: Vec<Lane>,
    bounds: Bounds,
    /// Whether some visitors' receipts are not shown.
    restricted: bool,
}

#[derive(Debug)]
struct Lane {
    kind: i64,
    /// Read ahead, and in order.
    places: VecDeque<Place>,
    /// The last that was read.
    after: Place,
    ended: bool,
}

impl Lanes {
    pub(super) fn new(kinds: Vec<i64>, bounds: Bounds, restricted: bool) -> Self {
        let lane = |kind| Lane { kind, places: VecDeque::new(), after: bounds.after, ended: false };
        Self { all: kinds.into_iter().map(lane).collect(), bounds, restricted }
    }

    /// The next places of all lanes, in order; none at the end.
    pub(super) async fn next(
        &mut self,
        store: &Store,
        site: &SiteId,
        limit: i64,
    ) -> sqlx::Result<Vec<Place>> {
        let wanted = usize::try_from(limit).unwrap_or_default();
        let mut places = Vec::with_capacity(wanted.min(1024));
        while places.len() < wanted {
            self.read_ahead(store, site, limit).await?;
            let head = |(at, lane): (usize, &Lane)| lane.places.front().map(|place| (self.rank(*place), at));
            let mut heads: BinaryHeap<(Place, usize)> =
                self.all.iter().enumerate().filter_map(head).collect();
            if heads.is_empty() {
                break;
            }
            while places.len() < wanted
                && let Some((_, at)) = heads.pop()
            {
                places.extend(self.all[at].places.pop_front());
                match self.all[at].places.front() {
                    Some(next) => heads.push((self.rank(*next), at)),
                    None if self.all[at].ended => {}
                    // What comes next may be in this lane: it has to be read first.
                    None => break,
                }
            }
        }
        Ok(places)
    }

    /// The greater, the earlier it comes.
    fn rank(&self, Place(received_at, ledger, leaf_index): Place) -> Place {
        match self.bounds.order {
            Order::NewestFirst => Place(received_at, ledger, leaf_index),
            Order::OldestFirst => Place(-received_at, -ledger, -leaf_index),
        }
    }

    /// Fills every lane that is empty and has not ended.
    async fn read_ahead(&mut self, store: &Store, site: &SiteId, limit: i64) -> sqlx::Result<()> {
        let live = self.all.iter().filter(|lane| !lane.ended).count();
        let share = 2 * limit / i64::try_from(live.max(1)).unwrap_or(1);
        let ahead = share.clamp(AHEAD.min(limit), limit);
        let empty: Vec<usize> = (0..self.all.len())
            .filter(|at| self.all[*at].places.is_empty() && !self.all[*at].ended)
            .collect();
        let mut rest = empty.as_slice();
        while let Some(size) = STATEMENT_LANES.into_iter().find(|size| *size <= rest.len()) {
            let (some, more) = rest.split_at(size);
            rest = more;
            let mut read = self.read(store, site, some, ahead).await?;
            for at in some {
                let lane = &mut self.all[*at];
                let mut places = read.remove(&lane.kind).unwrap_or_default();
                places.sort_unstable();
                if self.bounds.order == Order::NewestFirst {
                    places.reverse();
                }
                lane.ended = i64::try_from(places.len()).is_ok_and(|count| count < ahead);
                lane.after = places.last().copied().unwrap_or(lane.after);
                lane.places = places.into();
            }
        }
        Ok(())
    }

    /// The next places of some lanes.
    async fn read(
        &self,
        store: &Store,
        site: &SiteId,
        lanes: &[usize],
        limit: i64,
    ) -> sqlx::Result<HashMap<i64, Vec<Place>>> {
        let rows: Vec<(i64, i64, i64, i64)> = on_engine!(store, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new("");
            for (number, at) in lanes.iter().enumerate() {
                let Lane { kind, after, .. } = &self.all[*at];
                query.push(if number == 0 { "select * from (" } else { " union all select * from (" });
                query.push("select kind, received_at, ledger, leaf_index from receipts where site = ");
                query.push_bind(site.as_str()).push(" and kind = ").push_bind(*kind);
                if self.restricted {
                    query.push(SHOWN);
                }
                Bounds { after: *after, ..self.bounds }.push(&mut query, limit);
                query.push(") as lane");
            }
            query.build_query_as().fetch_all(pool).await?
        });
        let mut read: HashMap<i64, Vec<Place>> = HashMap::new();
        for (kind, received_at, ledger, leaf_index) in rows {
            read.entry(kind).or_default().push(Place(received_at, ledger, leaf_index));
        }
        Ok(read)
    }
}

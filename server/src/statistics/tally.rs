//! Owns what is added up in memory until it is written: displays of notices, and where tags were asked for.
//! Refuses to grow without bound, to count a flood, and to remember who asked.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use assent_shared::SiteId;
use governor::clock::MonotonicClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::event::Counted;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::store::{SightingRow, Store};

/// Between two writes: what a server that is cut off loses at most.
const INTERVAL: Duration = Duration::from_secs(5);
/// Displays of one site at once, and a second. A busy site has a few dozen a second.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(5_000).expect("not zero");
const A_SECOND: NonZeroU32 = NonZeroU32::new(500).expect("not zero");
/// Lines that may wait to be written, and origins that are remembered. Either is about 2 MiB.
const MOST: usize = 10_000;
/// An origin that is seen all day is written this often, in milliseconds.
const SIGHTING_AGE: i64 = 600_000;

type Limiter = RateLimiter<
    SiteId,
    HashMapStateStore<SiteId>,
    MonotonicClock,
    governor::middleware::NoOpMiddleware<<MonotonicClock as governor::clock::Clock>::Instant>,
>;

/// The sums that wait; clones share them.
#[derive(Clone)]
pub struct Tally(Arc<Inner>);

struct Inner {
    displays: Mutex<BTreeMap<Counted, i64>>,
    sightings: Mutex<HashMap<(SiteId, String, bool), Sighting>>,
    limits: Limiter,
    /// Held while something is written, so that nothing is written twice or lost at the end.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy)]
struct Sighting {
    first: i64,
    last: i64,
    /// Whether the origin is one of the site's.
    own: bool,
    /// What the database knows as the last time.
    written: Option<i64>,
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tally")
    }
}

impl Default for Tally {
    fn default() -> Self {
        let quota = Quota::per_second(A_SECOND).allow_burst(AT_ONCE);
        Self(Arc::new(Inner {
            displays: Mutex::default(),
            sightings: Mutex::default(),
            limits: RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock),
            writing: tokio::sync::Mutex::default(),
        }))
    }
}

impl Tally {
    /// Adds one display; an error where there are too many to be true.
    pub fn add_display(&self, line: Counted) -> Result<()> {
        self.0.limits.check_key(&line.site).map_err(|_| Error::TooMany(10))?;
        let mut displays = lock(&self.0.displays);
        if displays.len() >= MOST && !displays.contains_key(&line) {
            return Err(Error::TooMany(INTERVAL.as_secs()));
        }
        *displays.entry(line).or_default() += 1;
        Ok(())
    }

    /// Remembers that a page of `origin` asked for the site's tag.
    pub fn add_sighting(&self, site: &SiteId, origin: String, first_party: bool, own: bool, now: i64) {
        let mut sightings = lock(&self.0.sightings);
        let most = sightings.len() >= MOST;
        let key = (site.clone(), origin, first_party);
        match sightings.get_mut(&key) {
            Some(known) => *known = Sighting { last: now, own, ..*known },
            // Whoever makes origins up keeps no site's own out.
            None if most && !own => {}
            None => {
                sightings.insert(key, Sighting { first: now, last: now, own, written: None });
            }
        }
    }

    /// Forgets where a site's tag was asked for.
    pub fn forget_sightings(&self, site: &SiteId) {
        lock(&self.0.sightings).retain(|(of, ..), _| of != site);
    }

    /// Writes until the server ends.
    pub(crate) async fn run(self, store: Store, clock: Clock) {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            if store.trouble().is_some() {
                continue;
            }
            if let Err(error) = self.write(&store, clock.now()).await
                && !store.failed(&error).is_outage()
            {
                tracing::warn!(%error, "displays could not be counted; it is tried again in a few seconds");
            }
        }
    }

    /// Writes what waits and is due.
    pub async fn write(&self, store: &Store, now: i64) -> sqlx::Result<()> {
        self.write_if(store, |sighting| {
            sighting.written.is_none_or(|written| sighting.last - written >= SIGHTING_AGE)
        })
        .await?;
        lock(&self.0.sightings).retain(|_, seen| {
            seen.written.is_none_or(|written| seen.last > written || now - seen.last < SIGHTING_AGE)
        });
        Ok(())
    }

    /// Writes everything that waits, before the server ends or somebody looks.
    pub async fn write_all(&self, store: &Store) -> sqlx::Result<()> {
        self.write_if(store, |sighting| sighting.written.is_none_or(|written| sighting.last > written)).await
    }

    async fn write_if(&self, store: &Store, due: impl Fn(&Sighting) -> bool) -> sqlx::Result<()> {
        let _alone = self.0.writing.lock().await;
        let displays = std::mem::take(&mut *lock(&self.0.displays));
        if !displays.is_empty()
            && let Err(error) = store.add_displays(&displays).await
        {
            // They wait for the next time, with what came meanwhile.
            let mut waiting = lock(&self.0.displays);
            for (line, count) in displays {
                *waiting.entry(line).or_default() += count;
            }
            return Err(error);
        }
        let due: Vec<((SiteId, String, bool), Sighting)> = lock(&self.0.sightings)
            .iter()
            .filter(|(_, sighting)| due(sighting))
            .map(|(key, sighting)| (key.clone(), *sighting))
            .collect();
        for (key, sighting) in due {
            let (site, origin, first_party) = &key;
            let Sighting { first, last, own, .. } = sighting;
            let (origin, first_party) = (origin.clone(), *first_party);
            let row = SightingRow { origin, first_party, first_seen: first, last_seen: last };
            store.add_sighting(site, &row, own).await?;
            if let Some(sighting) = lock(&self.0.sightings).get_mut(&key) {
                sighting.written = Some(last);
            }
        }
        Ok(())
    }
}

fn lock<T>(sums: &Mutex<T>) -> MutexGuard<'_, T> {
    sums.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::device::Device;

    fn line(site: &str, notice: u32) -> Counted {
        Counted::shown(site.parse().unwrap(), 0, notice, "en", Device::Phone)
    }

    #[test]
    fn a_flood_of_one_site_stops_nobody_else() {
        let tally = Tally::default();
        let taken = (0..20_000).filter(|_| tally.add_display(line("shop", 1)).is_ok()).count();
        assert!((AT_ONCE.get() as usize..20_000).contains(&taken), "{taken}");
        assert!(tally.add_display(line("blog", 1)).is_ok());
        assert_eq!(lock(&tally.0.displays)[&line("shop", 1)], i64::try_from(taken).unwrap());
    }

    #[test]
    fn what_waits_is_bounded() {
        let tally = Tally::default();
        let sites: Vec<String> = (0..=10).map(|number| format!("site{number}")).collect();
        for site in &sites {
            for notice in 0..1_000 {
                let _ = tally.add_display(line(site, notice));
            }
        }
        assert_eq!(lock(&tally.0.displays).len(), MOST);
        assert!(tally.add_display(line("site0", 0)).is_ok(), "what is there already goes on");
    }
}

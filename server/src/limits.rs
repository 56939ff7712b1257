//! Owns how often something may be tried: by each of those who try, and by all together.
//! Refuses to know an IP address, and to grow: whoever tries is counted in a fixed number of groups, by a keyed hash.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// How often is often enough.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// What one may try at once, and after how long once more.
    pub each: (NonZeroU32, Duration),
    /// What all may try at once, and after how long once more.
    pub all: (NonZeroU32, Duration),
}

const fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

/// Visitors who ask for their own records: opening the list, downloading, erasing, and trying again. All together, so that
/// nobody goes through secrets.
pub const OWN_RECORDS: Rates =
    Rates { each: (count(20), Duration::from_secs(3)), all: (count(200), Duration::from_millis(20)) };

/// Operators who sign in, by password and by code: a person's slips, and then so slowly that guessing six digits takes years.
pub const LOGINS: Rates =
    Rates { each: (count(10), Duration::from_mins(1)), all: (count(100), Duration::from_secs(1)) };

/// The counters; clones share them.
#[derive(Clone)]
pub struct Limits<C: Clock + Clone = MonotonicClock>(Arc<Inner<C>>);

struct Inner<C: Clock + Clone> {
    each: Limiter<[u8; 2], HashMapStateStore<[u8; 2]>, C>,
    all: Limiter<NotKeyed, InMemoryState, C>,
    clock: C,
    key: [u8; 8],
}

type Limiter<K, S, C> = RateLimiter<K, S, C, NoOpMiddleware<<C as Clock>::Instant>>;

impl<C: Clock + Clone> fmt::Debug for Limits<C> {
    /// Who asked how often is nobody's to read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limits")
    }
}

impl Limits {
    /// Counters by the machine's clock.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self::by(rates, &MonotonicClock)
    }
}

impl<C: Clock + Clone> Limits<C> {
    fn by(rates: Rates, clock: &C) -> Self {
        let quota = |(at_once, every): (NonZeroU32, Duration)| {
            Quota::with_period(every).expect("not zero").allow_burst(at_once)
        };
        // Without random numbers groups could be guessed, which only lets strangers share a limit.
        let key = getrandom::u64().unwrap_or_default().to_be_bytes();
        Self(Arc::new(Inner {
            each: RateLimiter::new(quota(rates.each), HashMapStateStore::default(), clock.clone()),
            all: RateLimiter::direct_with_clock(quota(rates.all), clock.clone()),
            clock: clock.clone(),
            key,
        }))
    }

    /// Counts one try; an error where it is one too many.
    pub fn check(&self, who: Option<&str>) -> Result<()> {
        let Inner { each, all, clock, key } = &*self.0;
        let wait = |until: NotUntil<C::Instant>| {
            Error::TooMany(until.wait_time_from(clock.now()).as_secs().saturating_add(1))
        };
        if let Some(who) = who {
            let digest = Sha256::new().chain_update(key).chain_update(who).finalize();
            each.check_key(&[digest[0], digest[1]]).map_err(wait)?;
        }
        all.check().map_err(wait)
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn each_has_their_own_limit_and_it_comes_back() {
        let clock = FakeRelativeClock::default();
        let limits = Limits::by(OWN_RECORDS, &clock);
        let (at_once, every) = OWN_RECORDS.each;
        for _ in 0..at_once.get() {
            limits.check(Some("ann")).unwrap();
        }
        let refused = limits.check(Some("ann")).unwrap_err();
        assert!(matches!(refused, Error::TooMany(seconds) if (1..=4).contains(&seconds)), "{refused}");
        // Two may be of one group, but not four.
        assert!(["ben", "cas", "dee"].iter().any(|other| limits.check(Some(other)).is_ok()));
        clock.advance(every);
        limits.check(Some("ann")).unwrap();
        assert!(limits.check(Some("ann")).is_err(), "one, and not more");
    }

    #[test]
    fn going_through_secrets_stops_all_of_it_for_a_moment() {
        let clock = FakeRelativeClock::default();
        let limits = Limits::by(OWN_RECORDS, &clock);
        for _ in 0..OWN_RECORDS.all.0.get() {
            limits.check(None).unwrap();
        }
        assert!(matches!(limits.check(Some("ann")), Err(Error::TooMany(1))));
        clock.advance(Duration::from_secs(1));
        limits.check(Some("ann")).unwrap();
    }
}

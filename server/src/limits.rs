//! Owns how often something may be tried: by each of those who try, by all together, and on each site.
//! Refuses to keep an address, and to grow: whoever tries is counted in a fixed number of groups, by a keyed hash.

mod visits;

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};

pub use self::visits::{Visits, count_visit};
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

/// Operators who sign in, by password and by code, each from one address: a person's slips, and then so slowly that guessing six
/// digits takes years.
pub const LOGINS: Rates =
    Rates { each: (count(10), Duration::from_mins(1)), all: (count(1_000), Duration::from_millis(100)) };

/// The same from all addresses together, for who may be a stranger: somebody with many addresses gains little by them.
pub const STRANGERS: Rates =
    Rates { each: (count(30), Duration::from_mins(5)), all: (count(100), Duration::from_secs(1)) };

/// Whoever sends a key for programs that is none. Nobody gets through the 2^256 of them; this keeps the attempt from costing much.
pub const GUESSES: Rates =
    Rates { each: (count(20), Duration::from_secs(3)), all: (count(500), Duration::from_millis(20)) };

/// Who is counted as one: a number that a keyed hash gives.
type Group = u16;
type Limiter<K, S, C> = RateLimiter<K, S, C, NoOpMiddleware<<C as Clock>::Instant>>;
type Grouped<C> = Limiter<Group, HashMapStateStore<Group>, C>;

fn wait<I: governor::clock::Reference>(until: &NotUntil<I>, now: I) -> Error {
    Error::TooMany(until.wait_time_from(now).as_secs().saturating_add(1))
}

fn quota((at_once, every): (NonZeroU32, Duration)) -> Quota {
    Quota::with_period(every).expect("not zero").allow_burst(at_once)
}

#[expect(clippy::cast_possible_truncation, reason = "as many groups as there are numbers")]
fn group_of(key: &RandomState, who: impl Hash) -> Group {
    key.hash_one(who) as Group
}

/// The counters; clones share them.
#[derive(Clone)]
pub struct Limits<C: Clock + Clone = MonotonicClock>(Arc<Inner<C>>);

struct Inner<C: Clock + Clone> {
    each: Grouped<C>,
    all: Limiter<NotKeyed, InMemoryState, C>,
    clock: C,
    key: RandomState,
}

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
        Self(Arc::new(Inner {
            each: RateLimiter::new(quota(rates.each), HashMapStateStore::default(), clock.clone()),
            all: RateLimiter::direct_with_clock(quota(rates.all), clock.clone()),
            clock: clock.clone(),
            key: RandomState::new(),
        }))
    }

    /// Counts one try; an error where it is one too many.
    pub fn check(&self, who: Option<impl Hash>) -> Result<()> {
        let Inner { each, all, clock, key } = &*self.0;
        if let Some(who) = who {
            each.check_key(&group_of(key, who)).map_err(|until| wait(&until, clock.now()))?;
        }
        all.check().map_err(|until| wait(&until, clock.now()))
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
            limits.check(None::<&str>).unwrap();
        }
        assert!(matches!(limits.check(Some("ann")), Err(Error::TooMany(1))));
        clock.advance(Duration::from_secs(1));
        limits.check(Some("ann")).unwrap();
    }
}

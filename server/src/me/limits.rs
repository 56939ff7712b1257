//! Owns how often visitors may ask for their own records: each of them, and all together, so that nobody goes through secrets.
//! Refuses to know an IP address, and to grow: visitors are counted in a fixed number of groups, by a hash of their id.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use assent_shared::VisitorId;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// At once: opening the list, downloading, erasing, and trying again.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
/// One more after each of these.
const EVERY: Duration = Duration::from_secs(3);
/// All visitors together, at once and a second.
const ALL_AT_ONCE: NonZeroU32 = NonZeroU32::new(200).expect("not zero");
const ALL_A_SECOND: NonZeroU32 = NonZeroU32::new(50).expect("not zero");

/// The counters; clones share them.
#[derive(Clone)]
pub struct Limits<C: Clock + Clone = MonotonicClock>(Arc<Inner<C>>);

struct Inner<C: Clock + Clone> {
    each: Limiter<[u8; 2], HashMapStateStore<[u8; 2]>, C>,
    all: Limiter<NotKeyed, InMemoryState, C>,
    clock: C,
}

type Limiter<K, S, C> = RateLimiter<K, S, C, NoOpMiddleware<<C as Clock>::Instant>>;

impl<C: Clock + Clone> fmt::Debug for Limits<C> {
    /// Who asked how often is nobody's to read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limits")
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::by(&MonotonicClock)
    }
}

impl<C: Clock + Clone> Limits<C> {
    fn by(clock: &C) -> Self {
        let each = Quota::with_period(EVERY).expect("not zero").allow_burst(AT_ONCE);
        let all = Quota::per_second(ALL_A_SECOND).allow_burst(ALL_AT_ONCE);
        Self(Arc::new(Inner {
            each: RateLimiter::new(each, HashMapStateStore::default(), clock.clone()),
            all: RateLimiter::direct_with_clock(all, clock.clone()),
            clock: clock.clone(),
        }))
    }

    /// Counts one request; an error where it is one too many.
    pub fn check(&self, visitor: Option<&VisitorId>) -> Result<()> {
        let Inner { each, all, clock } = &*self.0;
        let wait = |until: NotUntil<C::Instant>| {
            Error::TooMany(until.wait_time_from(clock.now()).as_secs().saturating_add(1))
        };
        if let Some(visitor) = visitor {
            let digest = Sha256::digest(visitor.as_str());
            each.check_key(&[digest[0], digest[1]]).map_err(wait)?;
        }
        all.check().map_err(wait)
    }
}

#[cfg(test)]
mod tests {
    use assent_shared::VisitorSecret;
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn visitor(letter: &str) -> VisitorId {
        let secret: VisitorSecret = format!("{}A", letter.repeat(21)).parse().unwrap();
        secret.visitor_id(&"shop".parse().unwrap())
    }

    #[test]
    fn each_visitor_has_their_own_limit_and_it_comes_back() {
        let clock = FakeRelativeClock::default();
        let limits = Limits::by(&clock);
        for _ in 0..AT_ONCE.get() {
            limits.check(Some(&visitor("B"))).unwrap();
        }
        let refused = limits.check(Some(&visitor("B"))).unwrap_err();
        assert!(matches!(refused, Error::TooMany(seconds) if (1..=4).contains(&seconds)), "{refused}");
        limits.check(Some(&visitor("C"))).unwrap();
        clock.advance(EVERY);
        limits.check(Some(&visitor("B"))).unwrap();
        assert!(limits.check(Some(&visitor("B"))).is_err(), "one, and not more");
    }

    #[test]
    fn going_through_secrets_stops_all_of_it_for_a_moment() {
        let clock = FakeRelativeClock::default();
        let limits = Limits::by(&clock);
        for _ in 0..ALL_AT_ONCE.get() {
            limits.check(None).unwrap();
        }
        assert!(matches!(limits.check(Some(&visitor("B"))), Err(Error::TooMany(1))));
        clock.advance(Duration::from_secs(1));
        limits.check(Some(&visitor("B"))).unwrap();
    }
}

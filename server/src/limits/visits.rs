//! Owns how much visitors may ask: those of one address, and those of one site.
//! Refuses to count by an address that many may share; then only the site's limit holds.

use std::fmt;
use std::hash::RandomState;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock, MonotonicClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::{Grouped, group_of, wait};
use crate::error::Result;
use crate::proxies::Visitor;
use crate::state::App;

/// Seconds of an address's rate that may come at once: a school opens the same page at the same minute.
const VISITORS_AT_ONCE: u32 = 60;
/// Seconds of a site's rate that may come at once.
const SITES_AT_ONCE: u32 = 10;

/// The counters; clones share them.
#[derive(Clone)]
pub struct Visits<C: Clock + Clone = MonotonicClock>(Arc<Inner<C>>);

struct Inner<C: Clock + Clone> {
    visitors: Option<Grouped<C>>,
    sites: Option<Grouped<C>>,
    clock: C,
    key: RandomState,
}

impl<C: Clock + Clone> fmt::Debug for Visits<C> {
    /// Who asked how often is nobody's to read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visits")
    }
}

impl Visits {
    /// So many a second from one address, and on one site; 0 counts none.
    #[must_use]
    pub fn new(visitor_rate: u32, site_rate: u32) -> Self {
        Self::by(visitor_rate, site_rate, &MonotonicClock)
    }
}

impl<C: Clock + Clone> Visits<C> {
    fn by(visitor_rate: u32, site_rate: u32, clock: &C) -> Self {
        let limiter = |rate: u32, seconds: u32| {
            let a_second = NonZeroU32::new(rate)?;
            let at_once = NonZeroU32::new(rate.saturating_mul(seconds))?;
            let quota = Quota::per_second(a_second).allow_burst(at_once);
            Some(RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()))
        };
        Self(Arc::new(Inner {
            visitors: limiter(visitor_rate, VISITORS_AT_ONCE),
            sites: limiter(site_rate, SITES_AT_ONCE),
            clock: clock.clone(),
            key: RandomState::new(),
        }))
    }

    /// Counts what `visitor` asks of `site`; an error where it is one too many.
    pub fn check(&self, visitor: Visitor, site: &str) -> Result<()> {
        let Inner { visitors, sites, clock, key } = &*self.0;
        // The address first, so that whoever is refused takes nothing from the site's other visitors.
        if let (Some(visitors), Some(address)) = (visitors, visitor.group()) {
            visitors.check_key(&group_of(key, address)).map_err(|until| wait(&until, clock.now()))?;
        }
        if let Some(sites) = sites {
            sites.check_key(&group_of(key, site)).map_err(|until| wait(&until, clock.now()))?;
        }
        Ok(())
    }
}

/// Lets a visitor's request through if it is not one too many.
pub async fn count_visit(
    State(app): State<App>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Result<Response> {
    let named = request.uri().path().split('/').nth(2).unwrap_or_default();
    app.visits.check(visitor, named.strip_suffix(".js").unwrap_or(named))?;
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::error::Error;

    #[test]
    fn a_school_is_let_in_and_a_flood_is_not() {
        let clock = FakeRelativeClock::default();
        let visits = Visits::by(50, 60_000, &clock);
        let school = Visitor::at("203.0.113.9");
        // 1,500 pupils within a minute: the tag, that it was shown, the decision.
        for _ in 0..60 {
            for _ in 0..75 {
                visits.check(school, "shop").unwrap();
            }
            clock.advance(Duration::from_secs(1));
        }
        let flood = Visitor::at("198.51.100.7");
        let taken = (0..10_000).filter(|_| visits.check(flood, "shop").is_ok()).count();
        assert_eq!(taken, 3_000);
        let Err(Error::TooMany(1)) = visits.check(flood, "shop") else { panic!("for a second at most") };
        clock.advance(Duration::from_secs(1));
        assert_eq!((0..100).filter(|_| visits.check(flood, "shop").is_ok()).count(), 50);
        visits.check(school, "shop").unwrap();
    }

    #[test]
    fn an_ipv6_network_is_one_visitor() {
        let visits = Visits::by(1, 0, &FakeRelativeClock::default());
        let taken = (0..1_000_u32)
            .filter(|host| visits.check(Visitor::at(&format!("2001:db8:0:1::{host:x}")), "shop").is_ok())
            .count();
        assert_eq!(taken, 60);
        visits.check(Visitor::at("2001:db8:0:2::1"), "shop").unwrap();
    }

    #[test]
    fn one_site_takes_nothing_from_another() {
        let clock = FakeRelativeClock::default();
        let visits = Visits::by(50, 100, &clock);
        let taken = (0..5_000).filter(|_| visits.check(Visitor::default(), "shop").is_ok()).count();
        assert_eq!(taken, 1_000, "nobody knows whose address it is, so only the site is counted");
        assert!(["blog", "news", "wiki"].iter().any(|site| visits.check(Visitor::default(), site).is_ok()));
        let none = Visits::by(0, 0, &clock);
        assert!((0..5_000).all(|_| none.check(Visitor::at("203.0.113.9"), "shop").is_ok()), "0 counts none");
    }
}

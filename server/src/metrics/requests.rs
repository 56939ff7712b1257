//! Owns the count of requests by the router's own address, method and status, with their times and bytes.
//! Refuses a raw path, and to take a lock once an address was seen: the table only grows, its places are found by hash, and
//! what does not fit is counted together.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::time::Instant;

use super::{Counter, Histogram, TIMES};

/// Places for an address and a method. The router has under two hundred, and nobody outside can add one.
const PLACES: usize = 1024;
/// Different statuses that one of them answers with.
const STATUSES: usize = 16;

/// What is counted of an answered request.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// The address as the router has it, without what stood in its place.
    pub(crate) route: &'a str,
    /// How it was asked, by a name that is one of few.
    pub(crate) method: &'static str,
    /// The answer's status.
    pub(crate) status: u16,
    /// The body's bytes, where they are known before it is sent.
    pub(crate) bytes: u64,
    /// When the request came.
    pub(crate) since: Instant,
}

/// The counts.
#[derive(Debug)]
pub(super) struct Requests {
    places: Box<[OnceLock<Box<Counted>>]>,
    /// What found no place.
    others: Counted,
}

/// One address and method.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) route: Box<str>,
    pub(super) method: &'static str,
    pub(super) duration: Histogram,
    pub(super) bytes: Counter,
    /// Each with the status that it is for; 0 while it is for none.
    statuses: [(AtomicU16, Counter); STATUSES],
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            places: (0..PLACES).map(|_| OnceLock::new()).collect(),
            others: Counted::new("other", "other"),
        }
    }
}

impl Requests {
    pub(super) fn count(&self, Answer { route, method, status, bytes, since }: &Answer<'_>) {
        let counted = self.place(route, method);
        counted.duration.observe_since(*since);
        counted.bytes.add(*bytes);
        counted.status(*status);
    }

    fn place(&self, route: &str, method: &'static str) -> &Counted {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((route, method));
        let first = usize::try_from(hash % PLACES as u64).unwrap_or(0);
        for step in 0..PLACES {
            let place = &self.places[(first + step) % PLACES];
            let counted = place.get_or_init(|| Box::new(Counted::new(route, method)));
            if counted.method == method && *counted.route == *route {
                return counted;
            }
        }
        &self.others
    }

    /// Everything that was asked for so far.
    pub(super) fn all(&self) -> impl Iterator<Item = &Counted> {
        let others = Some(&self.others).filter(|others| others.statuses().next().is_some());
        self.places.iter().filter_map(|place| place.get().map(AsRef::as_ref)).chain(others)
    }
}

impl Counted {
    fn new(route: &str, method: &'static str) -> Self {
        Self {
            route: route.into(),
            method,
            duration: Histogram::new(&TIMES),
            bytes: Counter::default(),
            statuses: Default::default(),
        }
    }

    fn status(&self, status: u16) {
        for (of, counter) in &self.statuses {
            let known = of.load(Ordering::Relaxed);
            let mine = known == status
                || known == 0
                    && match of.compare_exchange(0, status, Ordering::Relaxed, Ordering::Relaxed) {
                        Ok(_) => true,
                        // Another request was quicker, maybe with the same status.
                        Err(taken) => taken == status,
                    };
            if mine {
                return counter.add_one();
            }
        }
    }

    /// Each status with how often it was the answer.
    pub(super) fn statuses(&self) -> impl Iterator<Item = (u16, u64)> {
        let read = |(of, counter): &(AtomicU16, Counter)| (of.load(Ordering::Relaxed), counter.get());
        self.statuses.iter().map(read).filter(|(status, count)| *status > 0 && *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(route: &'a str, method: &'static str, status: u16) -> Answer<'a> {
        Answer { route, method, status, bytes: 10, since: Instant::now() }
    }

    #[test]
    fn addresses_methods_and_statuses_are_told_apart() {
        let requests = Requests::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for status in [200, 201, 200] {
                        requests.count(&answer("/a/{site}", "GET", status));
                        requests.count(&answer("/a/{site}", "POST", status));
                    }
                });
            }
        });
        requests.count(&answer("none", "other", 405));
        let mut seen: Vec<_> = requests
            .all()
            .map(|counted| {
                let mut statuses: Vec<_> = counted.statuses().collect();
                statuses.sort_unstable();
                (&*counted.route, counted.method, counted.bytes.get(), statuses)
            })
            .collect();
        seen.sort_unstable();
        let both = vec![(200, 8), (201, 4)];
        assert_eq!(
            seen,
            [
                ("/a/{site}", "GET", 120, both.clone()),
                ("/a/{site}", "POST", 120, both),
                ("none", "other", 10, vec![(405, 1)]),
            ]
        );
    }

    #[test]
    fn what_finds_no_place_is_counted_together() {
        let requests = Requests::default();
        for number in 0..PLACES + 7 {
            requests.count(&answer(&format!("/{number}"), "GET", 200));
        }
        let others = requests.all().find(|counted| &*counted.route == "other").unwrap();
        assert_eq!(others.statuses().collect::<Vec<_>>(), [(200, 7)]);
        assert_eq!(requests.all().count(), PLACES + 1);
    }
}

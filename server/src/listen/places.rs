//! Owns the places for connections: so many in all, and so many of one visitor's address.
//! Refuses to keep an address: while its connections last they are counted under a keyed hash of it, and then forgotten.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::proxies;

pub(super) struct Places {
    all: Arc<Semaphore>,
    each: usize,
    counts: Mutex<HashMap<u64, usize>>,
    key: RandomState,
}

/// A connection's place; given back when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    _permit: OwnedSemaphorePermit,
    who: Option<u64>,
}

impl Places {
    /// So many in all, and of one address; 0 of one address counts none.
    pub(super) fn new((all, each): (usize, usize)) -> Self {
        let all = Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS)));
        Self { all, each, counts: Mutex::default(), key: RandomState::new() }
    }

    /// The next place that is free.
    pub(super) async fn take(self: Arc<Self>) -> Place {
        let permit = self.all.clone().acquire_owned().await.expect("it is never closed");
        Place { places: self, _permit: permit, who: None }
    }
}

impl Place {
    /// The same place as one of those of `address`; none, if it has too many already.
    pub(super) fn of(mut self, address: Option<IpAddr>) -> Option<Self> {
        if let (Some(address), 1..) = (address, self.places.each) {
            let who = self.places.key.hash_one(proxies::group(address));
            let mut counts = self.places.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(who).or_default();
            if *count >= self.places.each {
                return None;
            }
            *count += 1;
            drop(counts);
            self.who = Some(who);
        }
        Some(self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(who) = self.who else { return };
        let mut counts = self.places.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&who) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_has_its_places_and_no_more() {
        let places = Arc::new(Places::new((10, 2)));
        let ann: Option<IpAddr> = "2001:db8::1".parse().ok();
        let of_the_same_network: Option<IpAddr> = "2001:db8::ffff:2".parse().ok();
        let ben: Option<IpAddr> = "198.51.100.7".parse().ok();
        let first = places.clone().take().await.of(ann).unwrap();
        let second = places.clone().take().await.of(of_the_same_network).unwrap();
        assert!(places.clone().take().await.of(ann).is_none(), "an IPv6 network of 64 bits counts as one");
        let other = places.clone().take().await.of(ben).unwrap();
        for _ in 0..5 {
            std::mem::forget(places.clone().take().await.of(None).unwrap());
        }
        drop(first);
        let again = places.clone().take().await.of(ann).unwrap();
        assert_eq!(places.all.available_permits(), 2);
        drop((again, second, other));
        assert!(places.counts.lock().unwrap().is_empty(), "who is gone is forgotten");
    }
}

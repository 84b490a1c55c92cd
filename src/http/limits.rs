//! A token bucket for each address (IPv4 address or IPv6 /64). Loose: many phones share one address of a carrier.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use clock::UnixTime;

/// The most addresses remembered.
const MAX_ADDRESSES: usize = 100_000;

/// Buckets by address.
#[derive(Debug)]
pub struct Buckets {
    burst: f64,
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: UnixTime,
}

impl Buckets {
    /// Buckets of `burst` tokens that fill with `per_minute`.
    #[must_use]
    pub fn new(burst: u32, per_minute: u32) -> Self {
        let (burst, per_second) = (f64::from(burst.max(1)), f64::from(per_minute) / 60.0);
        Self { burst, per_second, buckets: Mutex::default() }
    }

    /// Takes a token for an address; if there is none, says after how many seconds there will be one.
    pub fn take(&self, address: IpAddr, now: UnixTime) -> Result<(), i64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_ADDRESSES && !buckets.contains_key(&address) {
            // Any one makes room: a map's order is random.
            let evicted = buckets.keys().next().copied();
            evicted.map(|address| buckets.remove(&address));
        }
        let bucket = buckets.entry(address).or_insert(Bucket { tokens: self.burst, at: now });
        let tokens = self.tokens(bucket, now);
        if tokens < 1.0 {
            let wait = ((1.0 - tokens) / self.per_second.max(f64::MIN_POSITIVE)).ceil();
            return Err((wait as i64).clamp(1, 3600));
        }
        *bucket = Bucket { tokens: tokens - 1.0, at: now };
        Ok(())
    }

    fn tokens(&self, bucket: &Bucket, now: UnixTime) -> f64 {
        let seconds = now.since(bucket.at).max(0) as f64;
        (bucket.tokens + seconds * self.per_second).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_spent_its_burst_waits_for_the_next_token() {
        let buckets = Buckets::new(2, 60);
        let (one, two): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert_eq!(buckets.take(one, UnixTime(0)), Ok(()));
        assert_eq!(buckets.take(one, UnixTime(0)), Ok(()));
        assert_eq!(buckets.take(one, UnixTime(0)), Err(1));
        assert_eq!(buckets.take(two, UnixTime(0)), Ok(()), "another address has its own");
        assert_eq!(buckets.take(one, UnixTime(1)), Ok(()));
        assert_eq!(buckets.take(one, UnixTime(1)), Err(1));
    }

    #[test]
    fn a_crowd_makes_room_for_itself_and_frees_almost_nobody() {
        let buckets = Buckets::new(1, 1);
        let address = |n: usize| IpAddr::from(u32::try_from(n).unwrap().to_be_bytes());
        let take = |n| buckets.take(address(n), UnixTime(0));
        assert!((0..MAX_ADDRESSES + 1000).all(|n| take(n).is_ok()));
        assert_eq!(buckets.buckets.lock().unwrap().len(), MAX_ADDRESSES);
        let freed = (0..1000).filter(|n| take(*n).is_ok()).count();
        assert!(freed < 100, "{freed} of 1000 that had spent theirs got a new bucket");
    }
}

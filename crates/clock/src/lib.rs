//! Time as a parameter.
//!
//! Nothing in Sceau asks the operating system what time it is, except [`SystemClock`], which `main` makes once.
//! Libraries take a [`UnixTime`]; the server's state holds a [`Clock`]. So every test decides what time it is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// The time `seconds` later (earlier if negative); saturates at the ends of the range.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to `self`; negative if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads an RFC 3339 time such as `2014-06-01T00:00:00Z`; a bare date `2014-06-01` is its midnight UTC.
    ///
    /// # Errors
    /// The text is neither.
    pub fn from_rfc3339(text: &str) -> Result<Self, time::error::Parse> {
        let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        OffsetDateTime::parse(&full, &Rfc3339).map(|t| Self(t.unix_timestamp()))
    }

    /// The calendar date in UTC: year, month 1-12, day 1-31.
    #[must_use]
    pub fn date(self) -> (i32, u8, u8) {
        let date = self.to_offset().date();
        (date.year(), u8::from(date.month()), date.day())
    }

    fn to_offset(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// RFC 3339 in UTC.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_offset().format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> UnixTime;
}

/// The operating system's clock: made once, in `main`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks what time it is")]
    fn now(&self) -> UnixTime {
        UnixTime(OffsetDateTime::now_utc().unix_timestamp())
    }
}

/// A clock that tests set and move; clones share one hand.
#[derive(Clone, Debug, Default)]
pub struct FixedClock(Arc<AtomicI64>);

impl FixedClock {
    /// A clock that stands at `at`.
    #[must_use]
    pub fn at(at: UnixTime) -> Self {
        Self(Arc::new(AtomicI64::new(at.0)))
    }

    /// Moves the hand by `seconds`.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_and_bare_dates_are_read_and_written() {
        let t = UnixTime::from_rfc3339("2014-06-01").unwrap();
        assert_eq!(t, UnixTime::from_rfc3339("2014-06-01T02:00:00+02:00").unwrap());
        assert_eq!(t.to_string(), "2014-06-01T00:00:00Z");
        assert_eq!(t.date(), (2014, 6, 1));
        assert!(UnixTime::from_rfc3339("1 June").is_err());
    }

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = FixedClock::at(UnixTime(10));
        clock.advance(5);
        assert_eq!(clock.now(), UnixTime(15));
    }
}

//! The states of one login (docs/protocols.md, section 6).
//!
//! ```text
//! Pending -> Claimed -> Approved -> Released -> CodeIssued -> Redeemed -> Delivered
//!                                                                |  a code used twice -> Revoked
//!                                     \  to our own pages: no code, a session -> Delivered
//! Claimed -> Approved -> Redeemed: asked without a browser (CIBA); claimed, that is its person's, from its beginning
//! Pending, Claimed -> Refused | Cancelled;  Approved -> Refused (three wrong release codes) | Cancelled
//! ```
//! Expiry is a time, not a state: a login past its time has left every state.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

pub use protocol::approval::LoginKind;

/// Where a login stands. The numbers are stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginState {
    /// The page waits; nobody is named.
    Pending = 0,
    /// A phone took it: the first wins; or a client asked it of a person.
    Claimed = 1,
    /// Both keys of the phone approved.
    Approved = 2,
    /// The browser that began may go on.
    Released = 3,
    /// It was redirected with a code.
    CodeIssued = 4,
    /// The client exchanged the code.
    Redeemed = 5,
    /// The client read the claims: the access token is used up. A login to our own pages: its session began.
    Delivered = 6,
    /// The person refused, or the release code was wrong three times.
    Refused = 7,
    /// The browser went back.
    Cancelled = 8,
    /// The code came twice: its token is revoked.
    Revoked = 9,
}

impl LoginState {
    /// All, by number.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Claimed,
        Self::Approved,
        Self::Released,
        Self::CodeIssued,
        Self::Redeemed,
        Self::Delivered,
        Self::Refused,
        Self::Cancelled,
        Self::Revoked,
    ];

    /// The number that is stored.
    #[must_use]
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The state of a stored number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// The states that follow directly.
    #[must_use]
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Pending => &[Self::Claimed, Self::Refused, Self::Cancelled],
            Self::Claimed => &[Self::Approved, Self::Refused, Self::Cancelled],
            Self::Approved => &[Self::Released, Self::Redeemed, Self::Refused, Self::Cancelled],
            Self::Released => &[Self::CodeIssued, Self::Delivered],
            Self::CodeIssued => &[Self::Redeemed],
            Self::Redeemed => &[Self::Delivered, Self::Revoked],
            Self::Delivered => &[Self::Revoked],
            Self::Refused | Self::Cancelled | Self::Revoked => &[],
        }
    }
}

/// How long a login waits, in seconds; the broker's own limit is 600.
pub const LOGIN_LIFE: i64 = 480;
/// How long an authorization code lives, in seconds.
pub const CODE_LIFE: i64 = 30;
/// How long an access token lives, in seconds.
pub const TOKEN_LIFE: i64 = 60;
/// Wrong release codes before the login is refused.
pub const RELEASE_TRIES: i64 = 3;
/// Numbers typed for a login that a client asked for without a browser, before it is refused.
pub const NUMBER_TRIES: i64 = 3;
/// Logins that a client may ask of one person in an hour without a browser.
pub const ASKED_PER_HOUR: i64 = 5;

/// Six random decimal digits, each value equally likely: release codes and mail codes.
#[must_use]
pub fn six_digits(rng: &mut impl CryptoRng) -> String {
    // 4,294,000,000 is the greatest multiple of 1,000,000 in 32 bits: above it the remainders would not be even.
    loop {
        let word = rng.next_u32();
        if word < 4_294_000_000 {
            return format!("{:06}", word % 1_000_000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    #[test]
    fn numbers_are_stable_and_read_back() {
        for (number, state) in LoginState::ALL.into_iter().enumerate() {
            assert_eq!(state.number(), number as i64);
            assert_eq!(LoginState::from_number(number as i64), Some(state));
        }
        assert_eq!(LoginState::from_number(10), None);
    }

    #[test]
    fn no_state_leads_back() {
        for state in LoginState::ALL {
            for next in state.next() {
                assert!(next.number() > state.number(), "{state:?} -> {next:?}");
            }
        }
    }

    #[test]
    fn codes_have_six_digits() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for _ in 0..100 {
            let code = six_digits(&mut rng);
            assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));
        }
    }
}

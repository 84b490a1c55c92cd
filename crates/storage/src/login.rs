//! One row is a login, from the page to the claims (docs/protocols.md, section 6).
//!
//! Each step is one conditional UPDATE: of any number of parallel requests one succeeds. Handles, browser secret, code
//! and token are random secrets and stored as SHA-256; the six-digit release code as a keyed hash.

use clock::UnixTime;
use crypto::sha256;
use identity::LoginState;
use identity::login::LoginKind;

use crate::{Error, Mail};

/// The longest request and context together, in bytes: a row stays under 1 KB.
pub const MAX_REQUEST: usize = 640;

macro_rules! columns {
    () => {
        "id, state, kind, client_id, browser_hash, request, context, created_at, expires_at, device_id, \
         identity_id, challenge, challenge_expires_at, answer, release_tries"
    };
}

/// Binds the first nine values of a new row.
macro_rules! bind_new {
    ($query:expr, $new:ident) => {
        $query
            .bind($new.id)
            .bind($new.client_id)
            .bind($crate::login::hash(&$new.link_handle))
            .bind($crate::login::hash(&$new.qr_handle))
            .bind($crate::login::hash(&$new.browser_secret))
            .bind($new.request)
            .bind($new.context)
            .bind($new.created_at.0)
            .bind($new.expires_at.0)
    };
}
pub(crate) use bind_new;

pub(crate) mod backchannel;
pub(crate) mod redemption;
mod steps;

pub use backchannel::{Asked, NewAsked, PollOutcome};
pub use redemption::{Grant, RedeemOutcome};
pub(crate) use steps::answered;

pub(crate) const CREATE: &str = "INSERT INTO login (id, state, client_id, link_handle_hash, qr_handle_hash, \
     browser_hash, request, context, created_at, expires_at, release_tries) \
     VALUES ($1, 0, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT DO NOTHING RETURNING id";
pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM login";
pub(crate) const PENDING: &str = "SELECT COUNT(*) FROM login WHERE state < 4 AND expires_at > $1";
pub(crate) const LOAD: &str = concat!("SELECT ", columns!(), " FROM login WHERE id = $1");
pub(crate) const BY_HANDLE: &str =
    concat!("SELECT ", columns!(), " FROM login WHERE link_handle_hash = $1 OR qr_handle_hash = $1");
pub(crate) const OF_DEVICE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM login WHERE device_id = $1 AND state = 1 AND expires_at > $2 ORDER BY created_at LIMIT 20"
);
pub(crate) const CLAIM: &str = concat!(
    "UPDATE login SET state = 1, kind = CASE WHEN qr_handle_hash = $1 THEN 2 ELSE 1 END, device_id = $2, \
     identity_id = $3, challenge = $4, challenge_expires_at = $5 \
     WHERE (link_handle_hash = $1 OR qr_handle_hash = $1) AND state = 0 AND expires_at > $6 RETURNING ",
    columns!()
);
pub(crate) const RECHALLENGE: &str = concat!(
    "UPDATE login SET challenge = $3, challenge_expires_at = $4 \
     WHERE id = $1 AND device_id = $2 AND state = 1 AND expires_at > $5 RETURNING ",
    columns!()
);
// A claimed login is its phone's; one that was asked of a person (CIBA) belongs to none until it is answered.
pub(crate) const APPROVE: &str = "UPDATE login SET state = 2, answer = $3, release_key = $4, device_id = $2 \
     WHERE id = $1 AND COALESCE(device_id, $2) = $2 AND state = 1 AND challenge_expires_at > $5 AND expires_at > $5 \
     AND EXISTS (SELECT 1 FROM device WHERE device.id = $2 AND device.active = 1) RETURNING identity_id, client_id";
pub(crate) const REFUSE: &str = "UPDATE login SET state = 7, device_id = $2 \
     WHERE id = $1 AND COALESCE(device_id, $2) = $2 AND state = 1 RETURNING identity_id, client_id";
pub(crate) const RELEASE: &str = "UPDATE login SET release_tries = release_tries + 1, \
     state = CASE WHEN release_key = $4 THEN 3 WHEN release_tries + 1 >= $6 THEN 7 ELSE state END \
     WHERE id = $1 AND browser_hash = $2 AND kind = $3 AND state = 2 AND release_tries < $6 AND expires_at > $5 \
     RETURNING state, release_tries";
pub(crate) const ISSUE: &str = concat!(
    "UPDATE login SET state = 4, code_hash = $3, code_expires_at = $4 \
     WHERE id = $1 AND browser_hash = $2 AND state = 3 AND expires_at > $5 RETURNING ",
    columns!()
);
pub(crate) const CANCEL: &str =
    "UPDATE login SET state = 8 WHERE id = $1 AND browser_hash = $2 AND state IN (0, 1, 2) RETURNING id";
pub(crate) const CHANGE_REQUEST: &str = "UPDATE login SET request = $3 \
     WHERE id = $1 AND browser_hash = $2 AND state = 0 AND expires_at > $4 RETURNING id";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM login WHERE id IN \
     (SELECT id FROM login WHERE expires_at <= $1 AND log_due IS NULL ORDER BY expires_at LIMIT $2) \
     AND expires_at <= $1 AND log_due IS NULL";
pub(crate) const CONNECT: &str =
    "INSERT INTO connection (id, identity_id, at, sealed) VALUES ($1, $2, $3, $4)";

/// A login to begin. The secrets are hashed here.
pub struct NewLogin {
    /// Its name.
    pub id: String,
    /// The client.
    pub client_id: String,
    /// The handle in the same-phone link.
    pub link_handle: Vec<u8>,
    /// The handle in the QR code, another one.
    pub qr_handle: Vec<u8>,
    /// The secret in the browser's cookie.
    pub browser_secret: Vec<u8>,
    /// The accepted request.
    pub request: Vec<u8>,
    /// What the phone is shown of the browser: words and address. Deleted with the row.
    pub context: Vec<u8>,
    /// Now.
    pub created_at: UnixTime,
    /// When its time is over.
    pub expires_at: UnixTime,
}

/// What beginning a login meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It waits.
    Stored,
    /// Too many wait: answer `temporarily_unavailable`.
    Full,
}

/// What an approval leaves behind: the line of the person's history, and the mails that tell of it.
pub struct Trace {
    /// The line; sealed in its row.
    pub history: Vec<u8>,
    /// Notices.
    pub mails: Vec<Mail>,
}

impl<T: AsRef<[u8]>> From<T> for Trace {
    fn from(history: T) -> Self {
        Self { history: history.as_ref().to_vec(), mails: Vec::new() }
    }
}

/// A login.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Its name.
    pub id: String,
    /// Where it stands; its time may be over all the same.
    pub state: LoginState,
    /// Which handle was claimed.
    pub kind: Option<LoginKind>,
    /// The client.
    pub client_id: String,
    /// SHA-256 of the browser's secret.
    pub browser_digest: Vec<u8>,
    /// The accepted request.
    pub request: Vec<u8>,
    /// What the phone is shown of the browser.
    pub context: Vec<u8>,
    /// When it began.
    pub created_at: UnixTime,
    /// When its time is over.
    pub expires_at: UnixTime,
    /// The phone that claimed it, or answered one that was asked of its person.
    pub device_id: Option<String>,
    /// The identity that this phone stands for.
    pub identity_id: Option<String>,
    /// The challenge that the phone signs.
    pub challenge: Option<Vec<u8>>,
    /// Until when.
    pub challenge_expires_at: Option<UnixTime>,
    /// What was approved, as the server wrote it; sealed in the row.
    pub answer: Option<Vec<u8>>,
    /// Release codes tried.
    pub release_tries: i64,
}

impl Login {
    /// Its time is over.
    #[must_use]
    pub fn is_expired(&self, now: UnixTime) -> bool {
        now >= self.expires_at
    }

    /// Whether this browser began it.
    #[must_use]
    pub fn is_of_browser(&self, secret: &[u8]) -> bool {
        crypto::ct_eq(&self.browser_digest, &sha256(secret))
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({}, {:?})", self.id, self.state)
    }
}

/// What a claim meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// It is this phone's; a repeat gets a new challenge.
    Claimed(Box<Login>),
    /// No login has the handle, or its time is over.
    NotFound,
    /// Another phone has it, or it was answered.
    Taken,
}

/// What a release code, or a resume token, meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// This browser may go on.
    Released,
    /// Wrong; so many tries are left.
    Wrong(i64),
    /// Wrong for the last time: the login is refused.
    Refused,
    /// Nothing to release: another browser, another kind, not approved, or over.
    NotReady,
}

/// The columns of `columns!()`, in order.
type Row = (
    String,
    i64,
    Option<i64>,
    String,
    Vec<u8>,
    Vec<u8>,
    Vec<u8>,
    i64,
    i64,
    Option<String>,
    Option<String>,
    Option<Vec<u8>>,
    Option<i64>,
    Option<Vec<u8>>,
    i64,
);

fn login(row: Row) -> Result<Login, Error> {
    let (
        id,
        state,
        kind,
        client_id,
        browser_digest,
        request,
        context,
        created_at,
        expires_at,
        device_id,
        identity_id,
        challenge,
        challenge_expires_at,
        answer,
        release_tries,
    ) = row;
    let kind = match kind {
        None => None,
        Some(1) => Some(LoginKind::Link),
        Some(2) => Some(LoginKind::Qr),
        Some(3) => Some(LoginKind::Asked),
        Some(_) => return Err(Error::Unknown("kind of login")),
    };
    Ok(Login {
        id,
        state: LoginState::from_number(state).ok_or(Error::Unknown("state of a login"))?,
        kind,
        client_id,
        browser_digest,
        request,
        context,
        created_at: UnixTime(created_at),
        expires_at: UnixTime(expires_at),
        device_id,
        identity_id,
        challenge,
        challenge_expires_at: challenge_expires_at.map(UnixTime),
        answer,
        release_tries,
    })
}

pub(crate) fn hash(secret: &[u8]) -> Vec<u8> {
    sha256(secret).to_vec()
}

//! One row is a login, from the page to the claims (design: protocols.md, section 6).
//!
//! Each step is one conditional UPDATE: of any number of parallel requests one succeeds. Handles, browser secret, code
//! and token are random secrets and stored as SHA-256; the six-digit release code as a keyed hash.

use std::sync::atomic::Ordering;

use clock::UnixTime;
use crypto::sha256;
use identity::LoginState;
use identity::login::{CODE_LIFE, LoginKind, RELEASE_TRIES, TOKEN_LIFE};

use crate::engine::{read, statement, transaction};
use crate::keys::Table;
use crate::{Database, Error};

/// The longest request and context together, in bytes: a row stays under 1 KB.
pub const MAX_REQUEST: usize = 640;
/// Logins are deleted this long after their time, in seconds: until then a code's second use is noticed.
const KEPT_AFTER: i64 = 120;

macro_rules! columns {
    () => {
        "id, state, kind, client_id, browser_hash, request, context, created_at, expires_at, device_id, \
         identity_id, challenge, challenge_expires_at, answer, release_tries"
    };
}

pub(crate) const CREATE: &str = "INSERT INTO login (id, state, client_id, link_handle_hash, qr_handle_hash, \
     browser_hash, request, context, created_at, expires_at, release_tries) \
     VALUES ($1, 0, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT DO NOTHING RETURNING id";
pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM login";
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
pub(crate) const APPROVE: &str = "UPDATE login SET state = 2, answer = $3, release_key = $4 WHERE id = $1 \
     AND device_id = $2 AND state = 1 AND challenge_expires_at > $5 AND expires_at > $5 RETURNING identity_id, client_id";
pub(crate) const REFUSE: &str = "UPDATE login SET state = 7 WHERE id = $1 AND device_id = $2 AND state = 1 \
     RETURNING identity_id, client_id";
pub(crate) const RELEASE: &str = "UPDATE login SET release_tries = release_tries + 1, \
     state = CASE WHEN release_key = $4 THEN 3 WHEN release_tries + 1 >= $6 THEN 7 ELSE state END \
     WHERE id = $1 AND browser_hash = $2 AND kind = $3 AND state = 2 AND release_tries < $6 AND expires_at > $5 \
     RETURNING state, release_tries";
pub(crate) const ISSUE: &str = concat!(
    "UPDATE login SET state = 4, code_hash = $3, code_expires_at = $4 \
     WHERE id = $1 AND browser_hash = $2 AND state = 3 AND expires_at > $5 RETURNING ",
    columns!()
);
pub(crate) const REDEEM: &str = concat!(
    "UPDATE login SET state = 5, token_hash = $3, token_expires_at = $4 \
     WHERE code_hash = $1 AND client_id = $2 AND state = 4 AND code_expires_at > $5 RETURNING ",
    columns!()
);
pub(crate) const REVOKE: &str =
    "UPDATE login SET state = 9 WHERE code_hash = $1 AND state IN (5, 6) RETURNING id";
pub(crate) const REVOKED: &str = "SELECT id FROM login WHERE code_hash = $1 AND state = 9";
pub(crate) const USERINFO: &str = concat!(
    "UPDATE login SET state = 6 WHERE token_hash = $1 AND state = 5 AND token_expires_at > $2 RETURNING ",
    columns!()
);
pub(crate) const CANCEL: &str =
    "UPDATE login SET state = 8 WHERE id = $1 AND browser_hash = $2 AND state IN (0, 1, 2) RETURNING id";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM login WHERE id IN \
     (SELECT id FROM login WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2) AND expires_at <= $1";
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
    /// The phone that claimed it.
    pub device_id: Option<String>,
    /// The identity that this phone stands for.
    pub identity_id: Option<String>,
    /// The challenge that the phone signs.
    pub challenge: Option<Vec<u8>>,
    /// Until when.
    pub challenge_expires_at: Option<UnixTime>,
    /// What was approved, as the server wrote it.
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

/// What a code meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedeemOutcome {
    /// It is used up; the token counts from now.
    Redeemed(Box<Login>),
    /// It was used before: its token is revoked.
    Reused,
    /// No such code for this client, or its 30 seconds are over.
    Invalid,
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

fn kind_number(kind: LoginKind) -> i64 {
    match kind {
        LoginKind::Link => 1,
        LoginKind::Qr => 2,
    }
}

fn hash(secret: &[u8]) -> Vec<u8> {
    sha256(secret).to_vec()
}

impl Database {
    /// Begins a login, unless `cap` of them are in the table.
    ///
    /// # Errors
    /// [`Error::TooLong`]; [`Error::Conflict`]: a name or handle is taken. Trouble of the storage.
    pub async fn create_login(&self, new: NewLogin, cap: i64) -> Result<Created, Error> {
        if new.request.len() + new.context.len() > MAX_REQUEST {
            return Err(Error::TooLong("authorization request"));
        }
        // The count is exact after each clean-up and grows here: a wrong cap by a few does no harm, a COUNT(*) for each
        // login would.
        if self.logins.fetch_add(1, Ordering::Relaxed) >= cap {
            self.logins.fetch_sub(1, Ordering::Relaxed);
            return Ok(Created::Full);
        }
        statement!(self, |c| {
            let created = sqlx::query(CREATE)
                .bind(new.id)
                .bind(new.client_id)
                .bind(hash(&new.link_handle))
                .bind(hash(&new.qr_handle))
                .bind(hash(&new.browser_secret))
                .bind(new.request)
                .bind(new.context)
                .bind(new.created_at.0)
                .bind(new.expires_at.0)
                .fetch_optional(&mut *c)
                .await?;
            created.map(|_| Created::Stored).ok_or(Error::Conflict)
        })
    }

    /// A login by its name.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn load_login(&self, id: &str) -> Result<Option<Login>, Error> {
        let row: Option<Row> =
            read!(self, |c| { Ok(sqlx::query_as(LOAD).bind(id).fetch_optional(&mut *c).await?) })?;
        row.map(login).transpose()
    }

    /// The logins that a phone claimed and that still wait, oldest first.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn logins_of_device(&self, device_id: &str, now: UnixTime) -> Result<Vec<Login>, Error> {
        let rows: Vec<Row> = read!(self, |c| {
            Ok(sqlx::query_as(OF_DEVICE).bind(device_id).bind(now.0).fetch_all(&mut *c).await?)
        })?;
        rows.into_iter().map(login).collect()
    }

    /// Claims a login by either handle, which settles its kind: the first phone wins. `identity_id` is the phone's.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn claim_login(
        &self,
        handle: &[u8],
        device_id: &str,
        identity_id: &str,
        challenge: &[u8],
        challenge_expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<ClaimOutcome, Error> {
        let (handle, challenge, until) = (hash(handle), challenge.to_vec(), challenge_expires_at.0);
        let (device, identity) = (device_id.to_owned(), identity_id.to_owned());
        transaction!(self, |c| {
            let claimed: Option<Row> = sqlx::query_as(CLAIM)
                .bind(handle.clone())
                .bind(device.clone())
                .bind(identity)
                .bind(challenge.clone())
                .bind(until)
                .bind(now.0)
                .fetch_optional(&mut *c)
                .await?;
            if let Some(row) = claimed {
                return Ok(ClaimOutcome::Claimed(Box::new(login(row)?)));
            }
            let found: Option<Row> = sqlx::query_as(BY_HANDLE).bind(handle).fetch_optional(&mut *c).await?;
            let Some(found) = found.map(login).transpose()?.filter(|l| !l.is_expired(now)) else {
                return Ok(ClaimOutcome::NotFound);
            };
            let again: Option<Row> = sqlx::query_as(RECHALLENGE)
                .bind(found.id)
                .bind(device)
                .bind(challenge)
                .bind(until)
                .bind(now.0)
                .fetch_optional(&mut *c)
                .await?;
            Ok(match again {
                Some(row) => ClaimOutcome::Claimed(Box::new(login(row)?)),
                None => ClaimOutcome::Taken,
            })
        })
    }

    /// Stores an approval that both keys signed: `answer` is what was approved, `release_secret` the release code (QR)
    /// or resume token (link). Adds the line of the person's history. `false`: not claimed by this phone, or over.
    ///
    /// # Errors
    /// [`Error::TooLong`]; trouble of the storage.
    pub async fn approve_login(
        &self,
        login_id: &str,
        device_id: &str,
        answer: &[u8],
        release_secret: &[u8],
        history: &[u8],
        now: UnixTime,
    ) -> Result<bool, Error> {
        if answer.len() > MAX_REQUEST {
            return Err(Error::TooLong("answer"));
        }
        let (id, device, answer) = (login_id.to_owned(), device_id.to_owned(), answer.to_vec());
        let release = self.release_key(login_id, release_secret);
        let (vault, history) = (self.vault.clone(), history.to_vec());
        transaction!(self, |c| {
            let approved: Option<(String, String)> = sqlx::query_as(APPROVE)
                .bind(id)
                .bind(device)
                .bind(answer)
                .bind(release)
                .bind(now.0)
                .fetch_optional(&mut *c)
                .await?;
            let Some((identity, _)) = approved else {
                return Ok(false);
            };
            let line = vault.random_id();
            let sealed = vault.seal(Table::Connection, &line, 0, &history);
            sqlx::query(CONNECT).bind(line).bind(identity).bind(now.0).bind(sealed).execute(&mut *c).await?;
            Ok(true)
        })
    }

    /// The person refused, by this phone. `false`: it was not claimed by it, or was answered.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn refuse_login(&self, login_id: &str, device_id: &str) -> Result<bool, Error> {
        let (id, device) = (login_id.to_owned(), device_id.to_owned());
        statement!(self, |c| {
            Ok(sqlx::query(REFUSE).bind(id).bind(device).fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// Counts and judges a release code (QR) or resume token (link) in the browser that began.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn release_login(
        &self,
        login_id: &str,
        browser_secret: &[u8],
        kind: LoginKind,
        release_secret: &[u8],
        now: UnixTime,
    ) -> Result<ReleaseOutcome, Error> {
        let (id, browser) = (login_id.to_owned(), hash(browser_secret));
        let release = self.release_key(login_id, release_secret);
        let tried: Option<(i64, i64)> = statement!(self, |c| {
            let query = sqlx::query_as(RELEASE)
                .bind(id)
                .bind(browser)
                .bind(kind_number(kind))
                .bind(release)
                .bind(now.0)
                .bind(RELEASE_TRIES);
            Ok(query.fetch_optional(&mut *c).await?)
        })?;
        let Some((state, tries)) = tried else {
            return Ok(ReleaseOutcome::NotReady);
        };
        Ok(match LoginState::from_number(state) {
            Some(LoginState::Released) => ReleaseOutcome::Released,
            Some(LoginState::Refused) => ReleaseOutcome::Refused,
            _ => ReleaseOutcome::Wrong(RELEASE_TRIES - tries),
        })
    }

    /// Issues the code as the browser is redirected: its 30 seconds begin now. `None`: not released, or issued before.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn issue_code(
        &self,
        login_id: &str,
        browser_secret: &[u8],
        code: &[u8],
        now: UnixTime,
    ) -> Result<Option<Login>, Error> {
        let (id, browser, code, until) =
            (login_id.to_owned(), hash(browser_secret), hash(code), now.plus(CODE_LIFE).0);
        let row: Option<Row> = statement!(self, |c| {
            let query = sqlx::query_as(ISSUE).bind(id).bind(browser).bind(code).bind(until).bind(now.0);
            Ok(query.fetch_optional(&mut *c).await?)
        })?;
        row.map(login).transpose()
    }

    /// Exchanges a code, once, and stores the access token's hash in the same statement. A second use revokes the
    /// token (RFC 6749, 4.1.2).
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn redeem_code(
        &self,
        code: &[u8],
        client_id: &str,
        access_token: &[u8],
        now: UnixTime,
    ) -> Result<RedeemOutcome, Error> {
        let (code, client, token) = (hash(code), client_id.to_owned(), hash(access_token));
        let (again, until) = (code.clone(), now.plus(TOKEN_LIFE).0);
        let row: Option<Row> = statement!(self, |c| {
            let query = sqlx::query_as(REDEEM).bind(code).bind(client).bind(token).bind(until).bind(now.0);
            Ok(query.fetch_optional(&mut *c).await?)
        })?;
        if let Some(row) = row {
            return Ok(RedeemOutcome::Redeemed(Box::new(login(row)?)));
        }
        let reused: bool = transaction!(self, |c| {
            let revoked = sqlx::query(REVOKE).bind(again.clone()).fetch_optional(&mut *c).await?.is_some();
            Ok(revoked || sqlx::query(REVOKED).bind(again).fetch_optional(&mut *c).await?.is_some())
        })?;
        Ok(if reused { RedeemOutcome::Reused } else { RedeemOutcome::Invalid })
    }

    /// Uses an access token, once. `None`: unknown, used, revoked, or its time is over.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn use_access_token(&self, access_token: &[u8], now: UnixTime) -> Result<Option<Login>, Error> {
        let token = hash(access_token);
        let row: Option<Row> = statement!(self, |c| {
            Ok(sqlx::query_as(USERINFO).bind(token).bind(now.0).fetch_optional(&mut *c).await?)
        })?;
        row.map(login).transpose()
    }

    /// The browser goes back. `false`: another browser, or it was answered.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn cancel_login(&self, login_id: &str, browser_secret: &[u8]) -> Result<bool, Error> {
        let (id, browser) = (login_id.to_owned(), hash(browser_secret));
        statement!(self, |c| {
            Ok(sqlx::query(CANCEL).bind(id).bind(browser).fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// Deletes up to `batch` logins whose time is over; returns how many.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn delete_expired_logins(&self, now: UnixTime, batch: i64) -> Result<u64, Error> {
        let before = now.plus(-KEPT_AFTER).0;
        let deleted: u64 = statement!(self, |c| {
            let query = sqlx::query(DELETE_EXPIRED).bind(before).bind(batch);
            Ok(query.execute(&mut *c).await?.rows_affected())
        })?;
        self.logins.store(self.count_logins().await?, Ordering::Relaxed);
        Ok(deleted)
    }

    pub(crate) async fn count_logins(&self) -> Result<i64, Error> {
        let (count,): (i64,) = read!(self, |c| { Ok(sqlx::query_as(COUNT).fetch_one(&mut *c).await?) })?;
        Ok(count)
    }

    fn release_key(&self, login_id: &str, secret: &[u8]) -> Vec<u8> {
        self.vault.lookup("release", &[login_id.as_bytes(), b"\0", secret].concat())
    }
}

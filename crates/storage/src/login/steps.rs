//! The steps of a login, each one conditional UPDATE.

use std::sync::atomic::Ordering;

use clock::UnixTime;
use identity::LoginState;
use identity::login::{CODE_LIFE, LoginKind, RELEASE_TRIES};

use super::{
    APPROVE, BY_HANDLE, CANCEL, CHANGE_REQUEST, CLAIM, CONNECT, COUNT, CREATE, ClaimOutcome, Created,
    DELETE_EXPIRED, ISSUE, LOAD, Login, MAX_REQUEST, NewLogin, OF_DEVICE, PENDING, RECHALLENGE, REFUSE,
    RELEASE, ReleaseOutcome, Row, Trace, hash, login,
};
use crate::engine::{read, statement, transaction};
use crate::keys::Table;
use crate::outbox::append_mail;
use crate::{Database, Error};

/// Logins are deleted this long after their time, in seconds: until then a code's second use is noticed.
const KEPT_AFTER: i64 = 120;

impl Database {
    /// Begins a login, unless `cap` of them are in the table.
    ///
    /// # Errors
    /// [`Error::TooLong`]; [`Error::Conflict`]: a name or handle is taken. Trouble of the storage.
    pub async fn create_login(&self, new: NewLogin, cap: i64) -> Result<Created, Error> {
        if self.count_in(&new, cap)? == Created::Full {
            return Ok(Created::Full);
        }
        statement!(self, |c| {
            let created = bind_new!(sqlx::query(CREATE), new).fetch_optional(&mut *c).await?;
            created.map(|_| Created::Stored).ok_or(Error::Conflict)
        })
    }

    /// Counts a login that is about to be stored, if there is room for it.
    pub(crate) fn count_in(&self, new: &NewLogin, cap: i64) -> Result<Created, Error> {
        if new.request.len() + new.context.len() > MAX_REQUEST {
            return Err(Error::TooLong("authorization request"));
        }
        // The count is exact after each clean-up and grows here: a wrong cap by a few does no harm, a COUNT(*) for each
        // login would.
        if self.logins.fetch_add(1, Ordering::Relaxed) >= cap {
            self.logins.fetch_sub(1, Ordering::Relaxed);
            return Ok(Created::Full);
        }
        Ok(Created::Stored)
    }

    /// Takes another form of the accepted request, in the browser that began and before a phone was shown the one before.
    /// `false`: it is too late, or another browser.
    ///
    /// # Errors
    /// [`Error::TooLong`]; trouble of the storage.
    pub async fn change_request(
        &self,
        login: &Login,
        browser_secret: &[u8],
        request: Vec<u8>,
        now: UnixTime,
    ) -> Result<bool, Error> {
        if request.len() + login.context.len() > MAX_REQUEST {
            return Err(Error::TooLong("authorization request"));
        }
        let (id, browser) = (login.id.clone(), hash(browser_secret));
        statement!(self, |c| {
            let query = sqlx::query(CHANGE_REQUEST).bind(id).bind(browser).bind(request).bind(now.0);
            Ok(query.fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// A login by its name.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn load_login(&self, id: &str) -> Result<Option<Login>, Error> {
        let row: Option<Row> =
            read!(self, |c| { Ok(sqlx::query_as(LOAD).bind(id).fetch_optional(&mut *c).await?) })?;
        row.map(|row| self.with_answer(row)).transpose()
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

    /// Stores an approval that both keys signed, of a login as its phone claimed it: `answer` is what was approved,
    /// `release_secret` the release code (QR) or resume token (link). The answer is sealed for this login and this
    /// identity. Adds the line of the person's history and the notices. `false`: not claimed by this phone, the phone is revoked, or over.
    ///
    /// # Errors
    /// [`Error::TooLong`]; trouble of the storage.
    pub async fn approve_login(
        &self,
        claimed: &Login,
        answer: &[u8],
        release_secret: &[u8],
        trace: impl Into<Trace>,
        now: UnixTime,
    ) -> Result<bool, Error> {
        if answer.len() > MAX_REQUEST {
            return Err(Error::TooLong("answer"));
        }
        let (id, device) = (claimed.id.clone(), claimed.device_id.clone());
        let answer =
            self.vault.seal(Table::Answer, &answered(&claimed.id, claimed.identity_id.as_deref()), 0, answer);
        let release = self.release_key(&claimed.id, release_secret);
        let (vault, Trace { history, mails }) = (self.vault.clone(), trace.into());
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
            append_mail!(c, vault, now, mails);
            Ok(true)
        })
    }

    /// The person refused, by this phone, or it cannot answer; `history` is the line of the person's history. `false`: it
    /// was not claimed by it, or was answered.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn refuse_login(
        &self,
        login_id: &str,
        device_id: &str,
        history: &[u8],
        now: UnixTime,
    ) -> Result<bool, Error> {
        let (id, device) = (login_id.to_owned(), device_id.to_owned());
        let (vault, history) = (self.vault.clone(), history.to_vec());
        transaction!(self, |c| {
            let query = sqlx::query_as(REFUSE).bind(id).bind(device);
            let refused: Option<(String, String)> = query.fetch_optional(&mut *c).await?;
            let Some((identity, _)) = refused else {
                return Ok(false);
            };
            let line = vault.random_id();
            let sealed = vault.seal(Table::Connection, &line, 0, &history);
            sqlx::query(CONNECT).bind(line).bind(identity).bind(now.0).bind(sealed).execute(&mut *c).await?;
            Ok(true)
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
        row.map(|row| self.with_answer(row)).transpose()
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

    /// How many logins wait: for a phone, or for their browser.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn pending_logins(&self, now: UnixTime) -> Result<i64, Error> {
        let (count,): (i64,) =
            read!(self, |c| { Ok(sqlx::query_as(PENDING).bind(now.0).fetch_one(&mut *c).await?) })?;
        Ok(count)
    }

    pub(crate) async fn count_logins(&self) -> Result<i64, Error> {
        let (count,): (i64,) = read!(self, |c| { Ok(sqlx::query_as(COUNT).fetch_one(&mut *c).await?) })?;
        Ok(count)
    }

    /// A login with its answer opened: it was given for this login, by a phone of this identity.
    fn with_answer(&self, row: Row) -> Result<Login, Error> {
        let mut login = login(row)?;
        if let Some(sealed) = login.answer.take() {
            login.answer = Some(self.open_answer(&login.id, login.identity_id.as_deref(), &sealed)?);
        }
        Ok(login)
    }

    /// Opens what was sealed for this login, by a phone of this identity.
    pub(super) fn open_answer(
        &self,
        login_id: &str,
        identity_id: Option<&str>,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.vault.open(Table::Answer, &answered(login_id, identity_id), 0, sealed)
    }

    fn release_key(&self, login_id: &str, secret: &[u8]) -> Vec<u8> {
        self.vault.lookup("release", &[login_id.as_bytes(), b"\0", secret].concat())
    }
}

/// What an answer is bound to.
pub(crate) fn answered(login_id: &str, identity_id: Option<&str>) -> String {
    [login_id, identity_id.unwrap_or_default()].join("\0")
}

fn kind_number(kind: LoginKind) -> i64 {
    match kind {
        LoginKind::Link => 1,
        LoginKind::Qr => 2,
        LoginKind::Asked => 3,
    }
}

//! Changes of an account that wait: for a code that was mailed, then for the phone's approval or at once. Each is taken
//! once; what is changed is written in the transaction that takes it, with its line of the log and its notices.

use clock::UnixTime;
use identity::{IdentityState, PivotIdentity};

use crate::account::{Account, Content, REVOKE_DEVICES, erase};
use crate::audit::append_audit;
use crate::contact::CodeTried;
use crate::device::LIFT;
use crate::engine::{read, statement, transaction};
use crate::keys::Table;
use crate::outbox::append_mail;
use crate::{AuditEvent, Database, Error, Mail};

pub(crate) const ADD: &str = "INSERT INTO account_change (id, identity_id, kind, sealed, code_key, tries, expires_at) \
     VALUES ($1, $2, $3, $4, $5, 0, $6)";
pub(crate) const FIND: &str = "SELECT identity_id, kind, sealed, code_key IS NOT NULL, expires_at \
     FROM account_change WHERE id = $1 AND expires_at > $2";
pub(crate) const TRY: &str = "UPDATE account_change SET tries = tries + 1, \
     code_key = CASE WHEN code_key = $2 THEN NULL ELSE code_key END \
     WHERE id = $1 AND code_key IS NOT NULL AND tries < $3 AND expires_at > $4 RETURNING code_key IS NULL, tries";
pub(crate) const TAKE: &str = "DELETE FROM account_change WHERE id = $1 AND identity_id = $2 AND kind = $3 \
     AND code_key IS NULL AND expires_at > $4 RETURNING id";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM account_change WHERE expires_at <= $1";
pub(crate) const DELETE_OF: &str = "DELETE FROM account_change WHERE identity_id = $1";
pub(crate) const SET_PIVOT: &str = "UPDATE identity SET version = version + 1, sealed = $3 \
     WHERE id = $1 AND version = $2 AND state IN (2, 3) RETURNING id";
pub(crate) const SET_STATE: &str = "UPDATE identity SET state = $2, \
     blocked_by = CASE WHEN CAST($2 AS BIGINT) = 4 THEN CAST($4 AS BIGINT) ELSE NULL END WHERE id = $1 AND state = $3 RETURNING id";
pub(crate) const END_SESSIONS: &str = "DELETE FROM session WHERE identity_id = $1";
pub(crate) const BLOCKED_BY: &str = "SELECT blocked_by FROM identity WHERE id = $1 AND state = 4";

/// What is to change. The numbers are stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The e-mail address.
    Email = 1,
    /// Place of birth, spelling of names, name in use.
    Identity = 2,
    /// The end of a pause.
    Resume = 3,
    /// The end of the account.
    Erase = 4,
    /// By the recovery sheet: a block.
    Block = 5,
    /// By the recovery sheet: the end of the holder's own block; the document has to be enrolled again.
    Unblock = 6,
    /// By the recovery sheet: the end of a phone's suspension.
    LiftSuspension = 7,
}

impl ChangeKind {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::Email,
        Self::Identity,
        Self::Resume,
        Self::Erase,
        Self::Block,
        Self::Unblock,
        Self::LiftSuspension,
    ];

    fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i64 == number)
    }
}

/// Who blocks an identity. The numbers are stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockedBy {
    /// Its holder, who may end it by the recovery sheet and a new enrolment.
    Holder = 1,
    /// An operator, who alone may end it.
    Operator = 2,
}

/// A change that waits.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub id: String,
    /// Whose account.
    pub identity_id: String,
    /// What.
    pub kind: ChangeKind,
    /// To what.
    pub content: Vec<u8>,
    /// A mailed code has not come back yet.
    pub needs_code: bool,
    /// When its time is over.
    pub expires_at: UnixTime,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Change({}, {:?})", self.id, self.kind)
    }
}

/// What a change does to the identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// These attributes, in place of those of this loaded account.
    Pivot(Box<Account>, Box<PivotIdentity>),
    /// Another state. A block or a new enrolment's duty ends sessions and phones.
    State(IdentityState, IdentityState),
    /// Phones suspended by wrong PINs may try again.
    LiftSuspension,
    /// Everything goes.
    Erase,
}

impl Database {
    /// Stores a change that waits; with a `code`, for that code first. Its name is returned.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn add_change(
        &self,
        identity_id: &str,
        kind: ChangeKind,
        content: &[u8],
        code: Option<&str>,
        expires_at: UnixTime,
    ) -> Result<String, Error> {
        let id = self.vault.random_id();
        let sealed = self.vault.seal(Table::Change, &bound(&id, identity_id), kind as i64, content);
        let code = code.map(|code| self.change_key(&id, code));
        let (name, identity) = (id.clone(), identity_id.to_owned());
        statement!(self, |c| {
            let query = sqlx::query(ADD).bind(name).bind(identity).bind(kind as i64);
            query.bind(sealed).bind(code).bind(expires_at.0).execute(&mut *c).await?;
            Ok(())
        })?;
        Ok(id)
    }

    /// A change that waits. `None`: unknown, taken, or its time is over.
    ///
    /// # Errors
    /// [`Error::Sealed`]; trouble of the storage.
    pub async fn find_change(&self, id: &str, now: UnixTime) -> Result<Option<Change>, Error> {
        let row: Option<(String, i64, Vec<u8>, bool, i64)> = read!(self, |c| {
            Ok(sqlx::query_as(FIND).bind(id).bind(now.0).fetch_optional(&mut *c).await?)
        })?;
        let Some((identity_id, kind, sealed, needs_code, expires_at)) = row else {
            return Ok(None);
        };
        let content = self.vault.open(Table::Change, &bound(id, &identity_id), kind, &sealed)?;
        let kind = ChangeKind::from_number(kind).ok_or(Error::Unknown("kind of change"))?;
        let expires_at = UnixTime(expires_at);
        Ok(Some(Change { id: id.to_owned(), identity_id, kind, content, needs_code, expires_at }))
    }

    /// Counts and judges a code that came back by mail: one statement, so that parallel guesses share the tries.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn try_change_code(
        &self,
        id: &str,
        code: &str,
        max_tries: i64,
        now: UnixTime,
    ) -> Result<CodeTried, Error> {
        let (name, key) = (id.to_owned(), self.change_key(id, code));
        let tried: Option<(bool, i64)> = statement!(self, |c| {
            let query = sqlx::query_as(TRY).bind(name).bind(key).bind(max_tries).bind(now.0);
            Ok(query.fetch_optional(&mut *c).await?)
        })?;
        Ok(match tried {
            Some((true, _)) => CodeTried::Right,
            Some((false, tries)) => CodeTried::Wrong(max_tries - tries),
            None => CodeTried::None,
        })
    }

    /// Takes a change and does it: all of it in one transaction, once. `false`: it was taken, waits for its code, or the
    /// account is not as it was.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn take_change(
        &self,
        change: &Change,
        effect: Effect,
        code: &str,
        mails: Vec<Mail>,
        now: UnixTime,
    ) -> Result<bool, Error> {
        let (id, identity, kind) = (change.id.clone(), change.identity_id.clone(), change.kind as i64);
        let outcome = self.do_effect(Some((id, kind)), identity, effect, BlockedBy::Holder, code, mails, now);
        conflict_is_false(outcome.await)
    }

    /// Changes an identity's state by its holder's or an operator's act, with an audit line and notices. `false`: it is
    /// not in the state `from`, or that state does not lead to `to`.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn change_state(
        &self,
        identity_id: &str,
        (from, to): (IdentityState, IdentityState),
        by: BlockedBy,
        code: &str,
        mails: Vec<Mail>,
        now: UnixTime,
    ) -> Result<bool, Error> {
        let effect = Effect::State(from, to);
        let identity = identity_id.to_owned();
        conflict_is_false(self.do_effect(None, identity, effect, by, code, mails, now).await)
    }

    /// Who blocked a blocked identity.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn blocked_by(&self, identity_id: &str) -> Result<Option<BlockedBy>, Error> {
        let row: Option<(Option<i64>,)> = read!(self, |c| {
            Ok(sqlx::query_as(BLOCKED_BY).bind(identity_id).fetch_optional(&mut *c).await?)
        })?;
        // A block that nobody is named for is an operator's: the stricter of both.
        Ok(row.map(|(by,)| if by == Some(1) { BlockedBy::Holder } else { BlockedBy::Operator }))
    }

    /// Deletes the changes whose time is over.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn delete_expired_changes(&self, now: UnixTime) -> Result<(), Error> {
        statement!(self, |c| {
            sqlx::query(DELETE_EXPIRED).bind(now.0).execute(&mut *c).await?;
            Ok(())
        })
    }

    /// The one transaction; [`Error::Conflict`] rolls it back.
    #[expect(clippy::too_many_arguments, reason = "one transaction, called by the two methods above")]
    async fn do_effect(
        &self,
        change: Option<(String, i64)>,
        identity: String,
        effect: Effect,
        by: BlockedBy,
        code: &str,
        mails: Vec<Mail>,
        now: UnixTime,
    ) -> Result<(), Error> {
        if let Effect::State(from, to) = &effect {
            // An operator's block takes the place of the holder's.
            let taken_over =
                (*from, *to, by) == (IdentityState::Blocked, IdentityState::Blocked, BlockedBy::Operator);
            if !from.may_become(*to) && !taken_over {
                return Err(Error::Conflict);
            }
        }
        let detail = match &effect {
            Effect::State(_, to) => to.as_str(),
            _ => "",
        };
        let event = AuditEvent::new(code, &identity, detail);
        let vault = self.vault.clone();
        transaction!(self, |c| {
            if let Some((id, kind)) = change {
                let query = sqlx::query(TAKE).bind(id).bind(identity.clone()).bind(kind).bind(now.0);
                query.fetch_optional(&mut *c).await?.ok_or(Error::Conflict)?;
            }
            match effect {
                Effect::Pivot(account, pivot) => {
                    let content = Content {
                        pivot: *pivot,
                        facts: account.facts,
                        title_expires: account.title_expires.clone(),
                    };
                    let content = serde_json::to_vec(&content).map_err(|_| Error::Sealed("identity"))?;
                    let sealed = vault.seal(Table::Identity, &identity, account.version + 1, &content);
                    let query =
                        sqlx::query(SET_PIVOT).bind(identity.clone()).bind(account.version).bind(sealed);
                    query.fetch_optional(&mut *c).await?.ok_or(Error::Conflict)?;
                }
                Effect::State(from, to) => {
                    let query = sqlx::query(SET_STATE).bind(identity.clone()).bind(to.number());
                    let query = query.bind(from.number()).bind(by as i64);
                    query.fetch_optional(&mut *c).await?.ok_or(Error::Conflict)?;
                    sqlx::query(crate::sso::DELETE_OF).bind(identity.clone()).execute(&mut *c).await?;
                    if matches!(to, IdentityState::Blocked | IdentityState::Expired) {
                        sqlx::query(END_SESSIONS).bind(identity.clone()).execute(&mut *c).await?;
                    }
                    // A person who gives up her block has proved no phone: the document is enrolled again.
                    if to == IdentityState::Expired {
                        sqlx::query(REVOKE_DEVICES).bind(identity).execute(&mut *c).await?;
                    }
                }
                Effect::Erase => {
                    if !erase!(c, identity, vault) {
                        return Err(Error::Conflict);
                    }
                }
                Effect::LiftSuspension => {
                    sqlx::query(LIFT).bind(identity).execute(&mut *c).await?;
                }
            }
            append_mail!(c, vault, now, mails);
            append_audit!(c, now, event);
            Ok(())
        })
    }

    fn change_key(&self, id: &str, code: &str) -> Vec<u8> {
        self.vault.lookup("change code", [id, code].join("\0").as_bytes())
    }
}

/// What a change's content is bound to.
fn bound(id: &str, identity_id: &str) -> String {
    [id, identity_id].join("\0")
}

fn conflict_is_false(outcome: Result<(), Error>) -> Result<bool, Error> {
    match outcome {
        Ok(()) => Ok(true),
        Err(Error::Conflict) => Ok(false),
        Err(error) => Err(error),
    }
}

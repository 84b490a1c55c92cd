//! Accounts: an identity with its documents, phones, consents and history, and what happens to it after enrolment.

use clock::UnixTime;
use identity::{DocumentRecord, IdentityState, Level, LevelFacts, PivotIdentity};
use serde::{Deserialize, Serialize};

use crate::audit::append_audit;
use crate::engine::{read, statement, transaction};
use crate::keys::{Table, Vault};
use crate::outbox::append_mail;
use crate::{AuditEvent, Database, Error, Mail};

pub(crate) const REVOKE_DEVICES: &str = "UPDATE device SET active = 0, sealed_pin_key = NULL, sealed_response = NULL \
     WHERE identity_id = $1 AND active = 1";
pub(crate) const DOCUMENT_KNOWN: &str =
    "SELECT identity_id FROM document WHERE number_key = $1 AND active = 1";
pub(crate) const LOAD: &str =
    "SELECT subject, state, version, sealed, enrolled_at, used_at FROM identity WHERE id = $1";
pub(crate) const USED: &str = "UPDATE identity SET used_at = $2 WHERE id = $1 AND used_at < $2";
pub(crate) const SET_STATE: &str = "UPDATE identity SET state = $2 WHERE id = $1 AND state = $3 RETURNING id";
pub(crate) const BY_RECOVERY: &str =
    "SELECT id FROM identity WHERE recovery_key = $1 AND state IN (1, 2, 3, 4)";
pub(crate) const BY_DSC: &str =
    "SELECT DISTINCT identity_id FROM document WHERE dsc = $1 ORDER BY identity_id";
pub(crate) const BY_CSCA: &str =
    "SELECT DISTINCT identity_id FROM document WHERE csca = $1 ORDER BY identity_id";
pub(crate) const BY_NUMBER: &str =
    "SELECT DISTINCT identity_id FROM document WHERE number_key = $1 ORDER BY identity_id";
pub(crate) const DOCUMENTS: &str =
    "SELECT id, version, sealed FROM document WHERE identity_id = $1 ORDER BY created_at, id";
pub(crate) const CONNECTIONS: &str =
    "SELECT id, at, sealed FROM connection WHERE identity_id = $1 ORDER BY at DESC, id LIMIT $2";
pub(crate) const DEVICES: &str =
    "SELECT id, active, pin_failures, created_at FROM device WHERE identity_id = $1 ORDER BY created_at, id";
pub(crate) const CONSENTS: &str = "SELECT name, version, text_digest, given_at FROM consent \
     WHERE identity_id = $1 ORDER BY given_at, name, version";
pub(crate) const DUE: &str = "SELECT id FROM identity WHERE state IN ($1, $2) \
     AND (used_at < $3 OR enrolled_at < $4) AND id > $5 ORDER BY id LIMIT $6";
pub(crate) const ERASE_IDENTITY: &str =
    "UPDATE identity SET state = 6, sealed = NULL, person_key = $2 WHERE id = $1 AND state <> 6 RETURNING id";
pub(crate) const DELETE_DOCUMENTS: &str = "DELETE FROM document WHERE identity_id = $1";
pub(crate) const DELETE_CONSENTS: &str = "DELETE FROM consent WHERE identity_id = $1";
pub(crate) const DELETE_DEVICES: &str = "DELETE FROM device WHERE identity_id = $1";
pub(crate) const DELETE_CONNECTIONS: &str = "DELETE FROM connection WHERE identity_id = $1";

/// An identity, loaded.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The identity.
    pub identity_id: String,
    /// Its subject.
    pub subject: String,
    /// Where it stands.
    pub state: IdentityState,
    /// The attributes.
    pub pivot: PivotIdentity,
    /// The facts of its enrolment.
    pub facts: LevelFacts,
    /// The title's last day, `YYYY-MM-DD`.
    pub title_expires: String,
    /// The version of its row: a change of it that knows another version is not written.
    pub version: i64,
    /// When it was enrolled, or renewed.
    pub enrolled_at: UnixTime,
    /// When it was last used.
    pub used_at: UnixTime,
}

impl Account {
    /// The highest level that it reaches at this time: a title that expired since takes `eidas3` away.
    #[must_use]
    pub fn level(&self, now: UnixTime) -> Option<Level> {
        let (year, month, day) = now.date();
        let unexpired = format!("{year:04}-{month:02}-{day:02}") <= self.title_expires;
        LevelFacts { title_unexpired: self.facts.title_unexpired && unexpired, ..self.facts }.level()
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({}, {:?})", self.identity_id, self.state)
    }
}

/// A line of a person's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// When it was approved.
    pub at: UnixTime,
    /// What the server wrote of it.
    pub content: Vec<u8>,
}

/// A phone, as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSummary {
    /// Its name.
    pub id: String,
    /// Not revoked.
    pub active: bool,
    /// Too many wrong PINs.
    pub suspended: bool,
    /// When it was enrolled.
    pub created_at: UnixTime,
}

/// A consent, as its giver sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentSummary {
    /// `terms`, `privacy`, `face`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its text.
    pub text_digest: Vec<u8>,
    /// When it was given.
    pub given_at: UnixTime,
}

/// What was found compromised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affected {
    /// A document signer, by the SHA-256 of its certificate.
    Dsc([u8; 32]),
    /// A CSCA, by the SHA-256 of its certificate.
    Csca([u8; 32]),
    /// A document.
    Document {
        /// Its code, as in the MRZ.
        code: String,
        /// Issuing State, as in the MRZ.
        issuing_state: String,
        /// Its number.
        number: String,
    },
}

/// The columns of [`LOAD`], in order.
pub(crate) type IdentityRow = (String, i64, i64, Option<Vec<u8>>, i64, i64);

/// What the identity row seals.
#[derive(Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) pivot: PivotIdentity,
    pub(crate) facts: LevelFacts,
    pub(crate) title_expires: String,
}

impl Content {
    /// Opens an identity row.
    pub(crate) fn open(vault: &Vault, identity_id: &str, version: i64, sealed: &[u8]) -> Result<Self, Error> {
        let content = vault.open(Table::Identity, identity_id, version, sealed)?;
        serde_json::from_slice(&content).map_err(|_| Error::Sealed("identity"))
    }
}

/// Erases an identity inside a transaction; `false`: unknown, or erased before.
macro_rules! erase {
    ($c:ident, $id:expr, $vault:expr) => {{
        let nobody = $vault.random::<32>().to_vec();
        let query = sqlx::query($crate::account::ERASE_IDENTITY).bind($id.clone()).bind(nobody);
        let erased = query.fetch_optional(&mut *$c).await?.is_some();
        if erased {
            for statement in $crate::account::ERASED_WITH_IT {
                sqlx::query(statement).bind($id.clone()).execute(&mut *$c).await?;
            }
        }
        erased
    }};
}
pub(crate) use erase;

/// What goes with an identity.
pub(crate) static ERASED_WITH_IT: [&str; 7] = [
    DELETE_DOCUMENTS,
    DELETE_CONNECTIONS,
    DELETE_CONSENTS,
    crate::change::DELETE_OF,
    crate::change::END_SESSIONS,
    crate::sso::DELETE_OF,
    DELETE_DEVICES,
];

impl Database {
    /// Whether a document is enrolled already. Ask only once the chip is proved: before that, a copied EF.SOD and DG1
    /// must not learn it.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn is_enrolled(&self, code: &str, issuing_state: &str, number: &str) -> Result<bool, Error> {
        let key = self.number_key(code, issuing_state, number);
        read!(self, |c| {
            Ok(sqlx::query(DOCUMENT_KNOWN).bind(key).fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// An identity with its attributes; `None` if unknown or erased.
    ///
    /// # Errors
    /// [`Error::Sealed`]; trouble of the storage.
    pub async fn load_account(&self, identity_id: &str) -> Result<Option<Account>, Error> {
        let row: Option<IdentityRow> =
            read!(self, |c| { Ok(sqlx::query_as(LOAD).bind(identity_id).fetch_optional(&mut *c).await?) })?;
        row.map_or(Ok(None), |row| self.account(identity_id, row))
    }

    /// The account of an identity's row; `None` if it is erased.
    pub(crate) fn account(&self, identity_id: &str, row: IdentityRow) -> Result<Option<Account>, Error> {
        let (subject, state, version, Some(sealed), enrolled_at, used_at) = row else {
            return Ok(None);
        };
        let content = Content::open(&self.vault, identity_id, version, &sealed)?;
        Ok(Some(Account {
            identity_id: identity_id.to_owned(),
            subject,
            state: IdentityState::from_number(state).ok_or(Error::Unknown("state of an identity"))?,
            pivot: content.pivot,
            facts: content.facts,
            title_expires: content.title_expires,
            version,
            enrolled_at: UnixTime(enrolled_at),
            used_at: UnixTime(used_at),
        }))
    }

    /// Notes that the identity was used, for the term of idle accounts.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn touch_identity(&self, identity_id: &str, now: UnixTime) -> Result<(), Error> {
        let id = identity_id.to_owned();
        statement!(self, |c| {
            sqlx::query(USED).bind(id).bind(now.0).execute(&mut *c).await?;
            Ok(())
        })
    }

    /// Changes an identity's state, with an audit line of this code. `false`: it is not in the state `from`, or that
    /// state does not lead to `to`.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn set_identity_state(
        &self,
        identity_id: &str,
        from: IdentityState,
        to: IdentityState,
        code: &str,
        now: UnixTime,
    ) -> Result<bool, Error> {
        if !from.may_become(to) {
            return Ok(false);
        }
        let id = identity_id.to_owned();
        let event = AuditEvent::new(code, identity_id, to.as_str());
        transaction!(self, |c| {
            let query = sqlx::query(SET_STATE).bind(id.clone()).bind(to.number()).bind(from.number());
            if query.fetch_optional(&mut *c).await?.is_none() {
                return Ok(false);
            }
            sqlx::query(crate::sso::DELETE_OF).bind(id).execute(&mut *c).await?;
            append_audit!(c, now, event);
            Ok(true)
        })
    }

    /// Erases an identity: attributes, documents, phones, sessions, history and consents go, the empty row and the audit
    /// lines stay; these mails are written. `false`: unknown, or erased before.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn erase_identity(
        &self,
        identity_id: &str,
        mails: Vec<Mail>,
        now: UnixTime,
    ) -> Result<bool, Error> {
        let (id, vault) = (identity_id.to_owned(), self.vault.clone());
        let event = AuditEvent::new("identity.erased", identity_id, "");
        transaction!(self, |c| {
            if !erase!(c, id, vault) {
                return Ok(false);
            }
            append_mail!(c, vault, now, mails);
            append_audit!(c, now, event);
            Ok(true)
        })
    }

    /// The identity of a recovery sheet.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn find_by_recovery_code(&self, code: &str) -> Result<Option<String>, Error> {
        let key = self.recovery_key(code);
        let row: Option<(String,)> =
            read!(self, |c| { Ok(sqlx::query_as(BY_RECOVERY).bind(key).fetch_optional(&mut *c).await?) })?;
        Ok(row.map(|(id,)| id))
    }

    /// The identities that stand on something compromised.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn affected_by(&self, what: &Affected) -> Result<Vec<String>, Error> {
        let (statement, key) = match what {
            Affected::Dsc(fingerprint) => (BY_DSC, fingerprint.to_vec()),
            Affected::Csca(fingerprint) => (BY_CSCA, fingerprint.to_vec()),
            Affected::Document { code, issuing_state, number } => {
                (BY_NUMBER, self.number_key(code, issuing_state, number))
            }
        };
        let rows: Vec<(String,)> =
            read!(self, |c| { Ok(sqlx::query_as(statement).bind(key).fetch_all(&mut *c).await?) })?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// What is kept of an identity's documents, oldest first.
    ///
    /// # Errors
    /// [`Error::Sealed`]; trouble of the storage.
    pub async fn documents_of(&self, identity_id: &str) -> Result<Vec<DocumentRecord>, Error> {
        let rows: Vec<(String, i64, Option<Vec<u8>>)> =
            read!(self, |c| { Ok(sqlx::query_as(DOCUMENTS).bind(identity_id).fetch_all(&mut *c).await?) })?;
        let kept =
            rows.into_iter().filter_map(|(id, version, sealed)| sealed.map(|sealed| (id, version, sealed)));
        kept.map(|(id, version, sealed)| {
            let content = self.vault.open(Table::Document, &id, version, &sealed)?;
            DocumentRecord::from_stored(&content).map_err(|_| Error::Sealed("document"))
        })
        .collect()
    }

    /// An identity's newest connections, newest first.
    ///
    /// # Errors
    /// [`Error::Sealed`]; trouble of the storage.
    pub async fn connections_of(&self, identity_id: &str, limit: i64) -> Result<Vec<Connection>, Error> {
        let rows: Vec<(String, i64, Vec<u8>)> = read!(self, |c| {
            Ok(sqlx::query_as(CONNECTIONS).bind(identity_id).bind(limit).fetch_all(&mut *c).await?)
        })?;
        rows.into_iter()
            .map(|(id, at, sealed)| {
                let content = self.vault.open(Table::Connection, &id, 0, &sealed)?;
                Ok(Connection { at: UnixTime(at), content })
            })
            .collect()
    }

    /// An identity's phones, oldest first, revoked ones included.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn devices_of(&self, identity_id: &str) -> Result<Vec<DeviceSummary>, Error> {
        let rows: Vec<(String, i64, i64, i64)> =
            read!(self, |c| { Ok(sqlx::query_as(DEVICES).bind(identity_id).fetch_all(&mut *c).await?) })?;
        let summary = |(id, active, failures, created_at)| DeviceSummary {
            id,
            active: active == 1,
            suspended: failures >= crate::device::PIN_TRIES,
            created_at: UnixTime(created_at),
        };
        Ok(rows.into_iter().map(summary).collect())
    }

    /// The consents that an identity's holder gave, oldest first.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn consents_of(&self, identity_id: &str) -> Result<Vec<ConsentSummary>, Error> {
        let rows: Vec<(String, String, Vec<u8>, i64)> =
            read!(self, |c| { Ok(sqlx::query_as(CONSENTS).bind(identity_id).fetch_all(&mut *c).await?) })?;
        let summary = |(name, version, text_digest, given_at)| ConsentSummary {
            name,
            version,
            text_digest,
            given_at: UnixTime(given_at),
        };
        Ok(rows.into_iter().map(summary).collect())
    }

    /// Identities in one of these states that nobody used since `idle`, or that were enrolled before `term`: up to `limit`
    /// whose names follow `after`.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn identities_due(
        &self,
        states: [IdentityState; 2],
        idle: UnixTime,
        term: UnixTime,
        after: &str,
        limit: i64,
    ) -> Result<Vec<String>, Error> {
        let rows: Vec<(String,)> = read!(self, |c| {
            let query = sqlx::query_as(DUE).bind(states[0].number()).bind(states[1].number());
            let query = query.bind(idle.0).bind(term.0).bind(after).bind(limit);
            Ok(query.fetch_all(&mut *c).await?)
        })?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    pub(crate) fn number_key(&self, code: &str, issuing_state: &str, number: &str) -> Vec<u8> {
        self.vault.lookup("document", DocumentRecord::lookup_key(code, issuing_state, number).as_bytes())
    }

    pub(crate) fn recovery_key(&self, code: &str) -> Vec<u8> {
        let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        self.vault.lookup("recovery", plain.to_ascii_uppercase().as_bytes())
    }
}

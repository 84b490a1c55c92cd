//! Accounts: what a sealed enrolment becomes, and what happens to it later.
//!
//! An account is an identity with its documents and its phones. The look-up hash of a document's State and number is
//! unique among active documents, so two enrolments of one document, at the same time or years apart, make one
//! account: the second replaces the phone and keeps the subject. A document that is new, of a person who is known by
//! all pivot attributes, makes an account that waits for review.

use clock::UnixTime;
use identity::{DocumentRecord, IdentityState, Level, LevelFacts, PivotIdentity, SealedEnrolment};
use serde::{Deserialize, Serialize};

use crate::audit::append_audit;
use crate::engine::{read, statement, transaction};
use crate::enrolment::delete_evidence;
use crate::error::SealRefusal;
use crate::keys::Table;
use crate::{AuditEvent, Database, Error};

pub(crate) const CLOSE_ENROLMENT: &str = "UPDATE enrolment SET state = 1 \
     WHERE id = $1 AND state = 0 AND evidence_count = $2 AND expires_at > $3 RETURNING id";
pub(crate) const IS_OPEN: &str = "SELECT id FROM enrolment WHERE id = $1 AND state = 0 AND expires_at > $2";
pub(crate) const ADD_DOCUMENT: &str = "INSERT INTO document (id, identity_id, active, version, number_key, dsc, csca, \
     sealed, created_at) VALUES ($1, $2, 1, 1, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id";
pub(crate) const FIND_DOCUMENT: &str =
    "SELECT id, identity_id, version FROM document WHERE number_key = $1 AND active = 1";
pub(crate) const REPLACE_DOCUMENT: &str = "UPDATE document SET version = $2, dsc = $3, csca = $4, sealed = $5 WHERE id = $1 AND version = $6 RETURNING id";
pub(crate) const FIND_PERSON: &str =
    "SELECT id FROM identity WHERE person_key = $1 AND state IN (1, 2, 3, 4, 5)";
pub(crate) const ADD_IDENTITY: &str = "INSERT INTO identity (id, subject, state, version, sealed, person_key, \
     recovery_key, enrolled_at, used_at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $7)";
pub(crate) const LOCK_IDENTITY: &str = "UPDATE identity SET version = version + 1 \
     WHERE id = $1 AND state IN (1, 2, 3, 5) RETURNING subject, state, version";
pub(crate) const REPLACE_IDENTITY: &str = "UPDATE identity SET state = $2, sealed = $3, person_key = $4, \
     recovery_key = $5, enrolled_at = $6, used_at = $6 WHERE id = $1";
pub(crate) const REVOKE_DEVICES: &str = "UPDATE device SET active = 0, sealed_pin_key = NULL, sealed_response = NULL \
     WHERE identity_id = $1 AND active = 1";
pub(crate) const ADD_DEVICE: &str = "INSERT INTO device (id, identity_id, active, device_key, sealed_pin_key, \
     pin_failures, request_sequence, request_digest, sealed_response, created_at) \
     VALUES ($1, $2, 1, $3, $4, 0, 0, NULL, NULL, $5) ON CONFLICT DO NOTHING RETURNING id";
pub(crate) const ADD_CONSENT: &str = "INSERT INTO consent (identity_id, name, version, text_digest, given_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
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
pub(crate) const DUE: &str = "SELECT id FROM identity \
     WHERE state IN (1, 2, 3) AND (used_at < $1 OR enrolled_at < $2) ORDER BY id LIMIT $3";
pub(crate) const ERASE_IDENTITY: &str =
    "UPDATE identity SET state = 6, sealed = NULL, person_key = $2 WHERE id = $1 AND state <> 6 RETURNING id";
pub(crate) const DELETE_DOCUMENTS: &str = "DELETE FROM document WHERE identity_id = $1";
pub(crate) const DELETE_CONSENTS: &str = "DELETE FROM consent WHERE identity_id = $1";
pub(crate) const DELETE_CONNECTIONS: &str = "DELETE FROM connection WHERE identity_id = $1";

/// A new or renewed account.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// The identity.
    pub identity_id: String,
    /// Its subject: random, and the same as long as the identity lives.
    pub subject: String,
    /// Active, or waiting for review.
    pub state: IdentityState,
    /// The document was enrolled before: its identity has the new phone, the old ones are revoked.
    pub replaced: bool,
    /// The recovery sheet's secret. Only its keyed hash is kept.
    pub recovery_code: String,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stored({}, {:?}, replaced: {})", self.identity_id, self.state, self.replaced)
    }
}

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
        /// Issuing State, as in the MRZ.
        issuing_state: String,
        /// Its number.
        number: String,
    },
}

/// What the identity row seals.
#[derive(Serialize, Deserialize)]
struct Content {
    pivot: PivotIdentity,
    facts: LevelFacts,
    title_expires: String,
}

/// Everything about a sealed enrolment that does not depend on what the database holds.
struct Prepared {
    content: Vec<u8>,
    document: Vec<u8>,
    number_key: Vec<u8>,
    person_key: Vec<u8>,
    recovery_key: Vec<u8>,
    recovery_code: String,
}

impl Database {
    /// Makes an account of a sealed enrolment, in one transaction: identity, document, phone, consents, recovery
    /// sheet, audit line; the enrolment is closed and its evidence deleted.
    ///
    /// # Errors
    /// [`Error::Seal`]: nothing was written. Trouble of the storage.
    pub async fn seal_enrolment(&self, sealed: &SealedEnrolment, now: UnixTime) -> Result<Stored, Error> {
        let prepared = self.prepare(sealed)?;
        let (sealed, vault) = (sealed.clone(), self.vault.clone());
        transaction!(self, |c| {
            let enrolment = sealed.enrolment_id().to_owned();
            let (identity, count) = (sealed.identity(), sealed.evidence_count());
            let (document, device) = (identity.document(), identity.device());

            // 1. The enrolment closes, once, with just the evidence that was judged.
            let query = sqlx::query(CLOSE_ENROLMENT).bind(enrolment.clone()).bind(count).bind(now.0);
            if query.fetch_optional(&mut *c).await?.is_none() {
                let query = sqlx::query(IS_OPEN).bind(enrolment).bind(now.0);
                let open = query.fetch_optional(&mut *c).await?.is_some();
                return Err(Error::Seal(if open {
                    SealRefusal::EvidenceChanged
                } else {
                    SealRefusal::Closed
                }));
            }

            // 2. The document is new, or it names the identity. Of two transactions the second waits here.
            let (new_id, document_id) = (vault.random_id(), vault.random_id());
            let added = sqlx::query(ADD_DOCUMENT)
                .bind(document_id.clone())
                .bind(new_id.clone())
                .bind(prepared.number_key.clone())
                .bind(document.dsc.to_vec())
                .bind(document.csca.to_vec())
                .bind(vault.seal(Table::Document, &document_id, 1, &prepared.document))
                .bind(now.0)
                .fetch_optional(&mut *c)
                .await?;

            // 3. The identity.
            let replaced = added.is_none();
            let (identity_id, subject, state) = if replaced {
                let find = sqlx::query_as(FIND_DOCUMENT).bind(prepared.number_key.clone());
                let (_, identity_id, _): (String, String, i64) = find.fetch_one(&mut *c).await?;
                let locked: Option<(String, i64, i64)> =
                    sqlx::query_as(LOCK_IDENTITY).bind(identity_id.clone()).fetch_optional(&mut *c).await?;
                let Some((subject, state, identity_version)) = locked else {
                    return Err(Error::Seal(SealRefusal::Blocked));
                };
                // The version is read under the lock: another enrolment of the document may have just replaced it.
                let find = sqlx::query_as(FIND_DOCUMENT).bind(prepared.number_key);
                let (document_id, _, version): (String, String, i64) = find.fetch_one(&mut *c).await?;
                let state = match IdentityState::from_number(state) {
                    Some(IdentityState::ReviewPending) => IdentityState::ReviewPending,
                    _ => IdentityState::Active,
                };
                sqlx::query(REPLACE_DOCUMENT)
                    .bind(document_id.clone())
                    .bind(version + 1)
                    .bind(document.dsc.to_vec())
                    .bind(document.csca.to_vec())
                    .bind(vault.seal(Table::Document, &document_id, version + 1, &prepared.document))
                    .bind(version)
                    .fetch_one(&mut *c)
                    .await?;
                sqlx::query(REPLACE_IDENTITY)
                    .bind(identity_id.clone())
                    .bind(state.number())
                    .bind(vault.seal(Table::Identity, &identity_id, identity_version, &prepared.content))
                    .bind(prepared.person_key)
                    .bind(prepared.recovery_key)
                    .bind(now.0)
                    .execute(&mut *c)
                    .await?;
                sqlx::query(REVOKE_DEVICES).bind(identity_id.clone()).execute(&mut *c).await?;
                (identity_id, subject, state)
            } else {
                let person = prepared.person_key.clone();
                let known = sqlx::query(FIND_PERSON).bind(person).fetch_optional(&mut *c).await?.is_some();
                let state = if known { IdentityState::ReviewPending } else { IdentityState::Active };
                let subject = vault.random_id();
                sqlx::query(ADD_IDENTITY)
                    .bind(new_id.clone())
                    .bind(subject.clone())
                    .bind(state.number())
                    .bind(vault.seal(Table::Identity, &new_id, 1, &prepared.content))
                    .bind(prepared.person_key)
                    .bind(prepared.recovery_key)
                    .bind(now.0)
                    .execute(&mut *c)
                    .await?;
                (new_id, subject, state)
            };

            // 4. The phone.
            let query = sqlx::query(ADD_DEVICE)
                .bind(device.id.clone())
                .bind(identity_id.clone())
                .bind(device.device_key.clone())
                .bind(vault.seal(Table::PinKey, &device.id, 0, &device.pin_key))
                .bind(now.0);
            if query.fetch_optional(&mut *c).await?.is_none() {
                return Err(Error::Seal(SealRefusal::DeviceKnown));
            }

            // 5. Consents; the evidence goes; the log.
            for (name, consent) in identity.consents() {
                sqlx::query(ADD_CONSENT)
                    .bind(identity_id.clone())
                    .bind(name.clone())
                    .bind(consent.version.clone())
                    .bind(consent.sha256.to_vec())
                    .bind(now.0)
                    .execute(&mut *c)
                    .await?;
            }
            delete_evidence!(c, enrolment);
            let code = if replaced { "enrolment.replaced" } else { "enrolment.sealed" };
            append_audit!(c, now, AuditEvent::new(code, &identity_id, &enrolment));
            let recovery_code = prepared.recovery_code;
            Ok(Stored { identity_id, subject, state, replaced, recovery_code })
        })
    }

    /// Whether a document is enrolled already. Ask only once the chip is proved: before that, a copied EF.SOD and DG1
    /// must not learn it.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn is_enrolled(&self, issuing_state: &str, number: &str) -> Result<bool, Error> {
        let key = self.number_key(issuing_state, number);
        read!(self, |c| {
            Ok(sqlx::query(DOCUMENT_KNOWN).bind(key).fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// An identity with its attributes; `None` if unknown or erased.
    ///
    /// # Errors
    /// [`Error::Sealed`]; trouble of the storage.
    pub async fn load_account(&self, identity_id: &str) -> Result<Option<Account>, Error> {
        type Row = (String, i64, i64, Option<Vec<u8>>, i64, i64);
        let row: Option<Row> =
            read!(self, |c| { Ok(sqlx::query_as(LOAD).bind(identity_id).fetch_optional(&mut *c).await?) })?;
        let Some((subject, state, version, Some(sealed), enrolled_at, used_at)) = row else {
            return Ok(None);
        };
        let content = self.vault.open(Table::Identity, identity_id, version, &sealed)?;
        let content: Content = serde_json::from_slice(&content).map_err(|_| Error::Sealed("identity"))?;
        Ok(Some(Account {
            identity_id: identity_id.to_owned(),
            subject,
            state: IdentityState::from_number(state).ok_or(Error::Unknown("state of an identity"))?,
            pivot: content.pivot,
            facts: content.facts,
            title_expires: content.title_expires,
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
            let query = sqlx::query(SET_STATE).bind(id).bind(to.number()).bind(from.number());
            if query.fetch_optional(&mut *c).await?.is_none() {
                return Ok(false);
            }
            append_audit!(c, now, event);
            Ok(true)
        })
    }

    /// Erases an identity: attributes, documents, phones, history and consents go, the empty row and the audit lines
    /// stay. `false`: unknown, or erased before.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn erase_identity(&self, identity_id: &str, now: UnixTime) -> Result<bool, Error> {
        let (id, nobody) = (identity_id.to_owned(), self.vault.random::<32>().to_vec());
        let event = AuditEvent::new("identity.erased", identity_id, "");
        transaction!(self, |c| {
            let query = sqlx::query(ERASE_IDENTITY).bind(id.clone()).bind(nobody);
            if query.fetch_optional(&mut *c).await?.is_none() {
                return Ok(false);
            }
            for statement in [DELETE_DOCUMENTS, DELETE_CONNECTIONS, DELETE_CONSENTS, REVOKE_DEVICES] {
                sqlx::query(statement).bind(id.clone()).execute(&mut *c).await?;
            }
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
            Affected::Document { issuing_state, number } => {
                (BY_NUMBER, self.number_key(issuing_state, number))
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

    /// Up to `limit` identities that nobody used since `idle`, or that were enrolled before `term`.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn identities_due(
        &self,
        idle: UnixTime,
        term: UnixTime,
        limit: i64,
    ) -> Result<Vec<String>, Error> {
        let rows: Vec<(String,)> = read!(self, |c| {
            Ok(sqlx::query_as(DUE).bind(idle.0).bind(term.0).bind(limit).fetch_all(&mut *c).await?)
        })?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    fn prepare(&self, sealed: &SealedEnrolment) -> Result<Prepared, Error> {
        let identity = sealed.identity();
        let document = identity.document();
        let content = Content {
            pivot: identity.pivot().clone(),
            facts: *identity.facts(),
            title_expires: document.expires.clone(),
        };
        let recovery_code = recovery_code(&self.vault.random());
        Ok(Prepared {
            content: serde_json::to_vec(&content).map_err(|_| Error::Unknown("identity"))?,
            document: document.to_stored(),
            number_key: self.number_key(&document.issuing_state, &document.number),
            person_key: self.vault.lookup("person", identity.pivot().person_key().as_bytes()),
            recovery_key: self.recovery_key(&recovery_code),
            recovery_code,
        })
    }

    fn number_key(&self, issuing_state: &str, number: &str) -> Vec<u8> {
        self.vault.lookup("document", DocumentRecord::lookup_key(issuing_state, number).as_bytes())
    }

    fn recovery_key(&self, code: &str) -> Vec<u8> {
        let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        self.vault.lookup("recovery", plain.to_ascii_uppercase().as_bytes())
    }
}

/// A recovery sheet's secret: 100 bits as 20 characters in groups of five, without those that are easily confused.
fn recovery_code(random: &[u8; 20]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let letters: Vec<char> =
        random.iter().filter_map(|b| ALPHABET.get(usize::from(b % 32))).map(|b| char::from(*b)).collect();
    letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

//! A sealed enrolment becomes an account.
//!
//! The look-up hash of a document's kind, State and number is unique among active documents, so two enrolments of one
//! document, at the same time or years apart, make one account: the second replaces the phone and keeps the subject.
//! If the chip names another person than the account has, it is refused. A document that is new, of a person who is
//! known by the MRZ's name, sex and day of birth, makes an account that waits for review; so does a face of which an engine
//! says that a person should look at it.

use clock::UnixTime;
use identity::{IdentityState, SealedEnrolment};

use crate::account::{Content, REVOKE_DEVICES};
use crate::audit::append_audit;
use crate::engine::{read, transaction};
use crate::enrolment::delete_evidence;
use crate::error::SealRefusal;
use crate::keys::Table;
use crate::outbox::append_mail;
use crate::{AuditEvent, Database, Error, Mail};

pub(crate) const LOCK_SEALS: &str = "UPDATE seal_lock SET id = id WHERE id = 1";
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
     WHERE id = $1 AND state IN (1, 2, 3, 5) RETURNING subject, state, version, sealed";
pub(crate) const REPLACE_IDENTITY: &str = "UPDATE identity SET state = $2, sealed = $3, person_key = $4, \
     recovery_key = $5, enrolled_at = $6, used_at = $6 WHERE id = $1";
pub(crate) const ADD_DEVICE: &str = "INSERT INTO device (id, identity_id, active, device_key, sealed_pin_key, \
     pin_failures, request_sequence, request_digest, sealed_response, created_at) \
     VALUES ($1, $2, 1, $3, $4, 0, 0, NULL, NULL, $5) ON CONFLICT DO NOTHING RETURNING id";
pub(crate) const ADD_CONSENT: &str = "INSERT INTO consent (identity_id, name, version, text_digest, given_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";

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
    /// The address of the account before it was replaced: its holder is told there.
    pub previous_email: Option<String>,
    /// The recovery sheet's secret. Only its keyed hash is kept.
    pub recovery_code: String,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stored({}, {:?}, replaced: {})", self.identity_id, self.state, self.replaced)
    }
}

/// How the holder is told of a new phone at an address: the account's state, and whether another phone was replaced.
pub type Tell = fn(IdentityState, bool, &str, UnixTime) -> Mail;

/// A sealed enrolment to store; by itself, it tells nobody.
pub struct Sealing<'a> {
    /// What was sealed.
    pub sealed: &'a SealedEnrolment,
    /// How its holder is told.
    pub tell: Option<Tell>,
}

impl<'a> From<&'a SealedEnrolment> for Sealing<'a> {
    fn from(sealed: &'a SealedEnrolment) -> Self {
        Self { sealed, tell: None }
    }
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
    /// sheet, notices, audit line; the enrolment is closed and its evidence deleted. A thief of the document gives an
    /// address of her own: the one before is told too.
    ///
    /// # Errors
    /// [`Error::Seal`]: nothing was written, but a line of the log if it is for another person. Trouble of the storage.
    pub async fn seal_enrolment(
        &self,
        sealing: impl Into<Sealing<'_>>,
        now: UnixTime,
    ) -> Result<Stored, Error> {
        let Sealing { sealed, tell } = sealing.into();
        let prepared = self.prepare(sealed)?;
        let number_key = prepared.number_key.clone();
        let outcome = self.store(sealed, prepared, tell, now).await;
        if outcome == Err(Error::Seal(SealRefusal::AnotherPerson)) {
            self.note_another_person(number_key, sealed.enrolment_id(), now).await?;
        }
        outcome
    }

    /// Tells the log of whose account another person's document would have taken over.
    async fn note_another_person(
        &self,
        number_key: Vec<u8>,
        enrolment: &str,
        now: UnixTime,
    ) -> Result<(), Error> {
        let found: Option<(String, String, i64)> = read!(self, |c| {
            Ok(sqlx::query_as(FIND_DOCUMENT).bind(number_key).fetch_optional(&mut *c).await?)
        })?;
        let identity_id = found.map(|(_, identity_id, _)| identity_id).unwrap_or_default();
        self.audit(AuditEvent::new("enrolment.another-person", &identity_id, enrolment), now).await
    }

    async fn store(
        &self,
        sealed: &SealedEnrolment,
        prepared: Prepared,
        tell: Option<Tell>,
        now: UnixTime,
    ) -> Result<Stored, Error> {
        let (sealed, vault) = (sealed.clone(), self.vault.clone());
        transaction!(self, |c| {
            let enrolment = sealed.enrolment_id().to_owned();
            let (identity, count) = (sealed.identity(), sealed.evidence_count());
            let (document, device) = (identity.document(), identity.device());

            // 0. One seal at a time: of two documents of one person, sealed at once, the second sees the first.
            sqlx::query(LOCK_SEALS).execute(&mut *c).await?;

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
            let (identity_id, subject, state, previous_email) = if replaced {
                let find = sqlx::query_as(FIND_DOCUMENT).bind(prepared.number_key.clone());
                let (_, identity_id, _): (String, String, i64) = find.fetch_one(&mut *c).await?;
                let locked: Option<(String, i64, i64, Option<Vec<u8>>)> =
                    sqlx::query_as(LOCK_IDENTITY).bind(identity_id.clone()).fetch_optional(&mut *c).await?;
                let Some((subject, state, identity_version, before)) = locked else {
                    return Err(Error::Seal(SealRefusal::Blocked));
                };
                let open =
                    |sealed: Vec<u8>| Content::open(&vault, &identity_id, identity_version - 1, &sealed);
                let before = before.map(open).transpose()?;
                // A document of this number that names another person takes over nobody's account.
                if before
                    .as_ref()
                    .is_some_and(|before| before.pivot.person_key() != identity.pivot().person_key())
                {
                    return Err(Error::Seal(SealRefusal::AnotherPerson));
                }
                let previous_email = before.map(|content| content.pivot.email().to_owned());
                // The version is read under the lock: another enrolment of the document may have just replaced it.
                let find = sqlx::query_as(FIND_DOCUMENT).bind(prepared.number_key);
                let (document_id, _, version): (String, String, i64) = find.fetch_one(&mut *c).await?;
                let state = match IdentityState::from_number(state) {
                    Some(IdentityState::ReviewPending) => IdentityState::ReviewPending,
                    _ if identity.needs_review() => IdentityState::ReviewPending,
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
                (identity_id, subject, state, previous_email)
            } else {
                let person = prepared.person_key.clone();
                let known = sqlx::query(FIND_PERSON).bind(person).fetch_optional(&mut *c).await?.is_some();
                let review = known || identity.needs_review();
                let state = if review { IdentityState::ReviewPending } else { IdentityState::Active };
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
                (new_id, subject, state, None)
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
            if let Some(tell) = tell {
                let email = identity.pivot().email();
                let before = previous_email.as_deref().filter(|before| *before != email);
                let mails = before.into_iter().chain([email]).map(|to| tell(state, replaced, to, now));
                append_mail!(c, vault, now, mails.collect());
            }
            let code = if replaced { "enrolment.replaced" } else { "enrolment.sealed" };
            append_audit!(c, now, AuditEvent::new(code, &identity_id, &enrolment));
            let recovery_code = prepared.recovery_code;
            Ok(Stored { identity_id, subject, state, replaced, previous_email, recovery_code })
        })
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
            number_key: self.number_key(&document.code, &document.issuing_state, &document.number),
            person_key: self.vault.lookup("person", identity.pivot().person_key().as_bytes()),
            recovery_key: self.recovery_key(&recovery_code),
            recovery_code,
        })
    }
}

/// A recovery sheet's secret: 100 bits as 20 characters in groups of five, without those that are easily confused.
fn recovery_code(random: &[u8; 20]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let letters: Vec<char> =
        random.iter().filter_map(|b| ALPHABET.get(usize::from(b % 32))).map(|b| char::from(*b)).collect();
    letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

//! Enrolments and their evidence.
//!
//! Each piece is sealed under a key made from the enrolment's bearer secret, of which the database knows only the
//! hash. Its associated data are enrolment, kind, sequence and time, and the digest of the piece before, so no piece
//! can be moved, swapped, repeated or left out.

use clock::UnixTime;
use crypto::{ct_eq, sha256};
use identity::{EnrolmentEvidence, EnrolmentState, EvidenceItem, EvidenceKind};

use crate::engine::{snapshot, statement, transaction};
use crate::keys::Ring;
use crate::{Database, Error};

/// The most pieces of evidence that one enrolment may hold: no phone grows a table without end.
const MAX_EVIDENCE: i64 = 400;

/// The most bytes of evidence, in plain: a large portrait, the frames of one capture, and all else with much room.
const MAX_BYTES: usize = 8 * 1024 * 1024;

pub(crate) const OPEN: &str = "INSERT INTO enrolment (id, bearer_hash, challenge, state, address_key, created_at, \
     expires_at, request_sequence, evidence_count, evidence_digest, chip_answers, face_answers) \
     VALUES ($1, $2, $3, 0, $4, $5, $6, 0, 0, $7, 0, 0) ON CONFLICT DO NOTHING RETURNING id";
pub(crate) const EXTEND: &str =
    "UPDATE enrolment SET expires_at = $2 WHERE id = $1 AND state = 0 AND expires_at > $3 RETURNING id";
pub(crate) const LOAD: &str = "SELECT bearer_hash, challenge, state, created_at, expires_at, request_sequence, \
     evidence_digest, chip_answers, face_answers FROM enrolment WHERE id = $1";
pub(crate) const EVIDENCE: &str = "SELECT sequence, kind, received_at, digest, sealed FROM enrolment_evidence \
     WHERE enrolment_id = $1 ORDER BY sequence";
pub(crate) const GROW: &str = "UPDATE enrolment SET evidence_count = $2, evidence_digest = $3, \
     chip_answers = chip_answers + $4, face_answers = face_answers + $5 \
     WHERE id = $1 AND evidence_count = $6 AND state = 0 AND expires_at > $7 RETURNING id";
pub(crate) const APPEND: &str = "INSERT INTO enrolment_evidence \
     (enrolment_id, sequence, kind, received_at, digest, sealed) VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const ERASE_KIND: &str = "UPDATE enrolment_evidence SET sealed = NULL WHERE enrolment_id = $1 AND kind = $2 AND sealed IS NOT NULL";
pub(crate) const COUNT_FACE: &str = "UPDATE enrolment SET face_answers = face_answers + 1 \
     WHERE id = $1 AND state = 0 AND face_answers < $2 RETURNING face_answers";
pub(crate) const CLOSE: &str = "UPDATE enrolment SET state = $2 WHERE id = $1 AND state = 0 RETURNING id";
pub(crate) const DELETE_EVIDENCE: &str = "DELETE FROM enrolment_evidence WHERE enrolment_id = $1";
pub(crate) const DELETE_REQUESTS: &str = "DELETE FROM enrolment_request WHERE enrolment_id = $1";
pub(crate) const DELETE_ATTEMPTS: &str = "DELETE FROM chip_attempt WHERE enrolment_id = $1";
pub(crate) const DELETE_CODE: &str = "DELETE FROM contact_code WHERE enrolment_id = $1";
pub(crate) const DELETE_DESK_CODE: &str = "DELETE FROM desk_code WHERE enrolment_id = $1";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM enrolment WHERE id IN \
     (SELECT id FROM enrolment WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2) AND expires_at <= $1";

/// An enrolment opened with its bearer secret: its evidence in plain, and the key for more. In memory only.
pub struct OpenedEnrolment {
    /// Its name.
    pub id: String,
    /// Where it stands, its time over included.
    pub state: EnrolmentState,
    /// When it began.
    pub created_at: UnixTime,
    /// Until when it must be sealed.
    pub expires_at: UnixTime,
    /// Sequence of the last request taken.
    pub request_sequence: i64,
    /// Answers of chips judged so far, right or wrong.
    pub chip_answers: i64,
    /// Results of face engines judged so far.
    pub face_answers: i64,
    /// Every piece received.
    pub evidence: EnrolmentEvidence,
    pub(crate) keys: Ring,
    pub(crate) digest: Vec<u8>,
}

impl std::fmt::Debug for OpenedEnrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenedEnrolment({}, {:?})", self.id, self.state)
    }
}

/// A piece of evidence to append.
pub struct NewEvidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl NewEvidence {
    /// A piece.
    #[must_use]
    pub fn new(kind: EvidenceKind, content: impl Into<Vec<u8>>) -> Self {
        Self { kind, content: content.into() }
    }
}

/// Sealed pieces, ready for the transaction that appends them.
pub(crate) struct Sealed {
    pub(crate) count_before: i64,
    pub(crate) count: i64,
    pub(crate) digest: Vec<u8>,
    pub(crate) rows: Vec<SealedRow>,
}

pub(crate) struct SealedRow {
    pub(crate) sequence: i64,
    pub(crate) kind: i64,
    /// What came before of this kind is erased.
    pub(crate) replaces: bool,
    pub(crate) digest: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

/// Appends sealed pieces inside a transaction; `$chip` and `$face` are added to the counts of answers.
macro_rules! append_evidence {
    ($c:ident, $id:expr, $sealed:expr, $chip:expr, $face:expr, $at:expr) => {{
        let sealed: $crate::enrolment::Sealed = $sealed;
        let grown = sqlx::query($crate::enrolment::GROW)
            .bind($id.clone())
            .bind(sealed.count)
            .bind(sealed.digest)
            .bind($chip)
            .bind($face)
            .bind(sealed.count_before)
            .bind($at.0)
            .fetch_optional(&mut *$c)
            .await?;
        if grown.is_none() {
            return Err($crate::Error::Conflict);
        }
        for row in sealed.rows {
            if row.replaces {
                let erase = sqlx::query($crate::enrolment::ERASE_KIND);
                erase.bind($id.clone()).bind(row.kind).execute(&mut *$c).await?;
            }
            sqlx::query($crate::enrolment::APPEND)
                .bind($id.clone())
                .bind(row.sequence)
                .bind(row.kind)
                .bind($at.0)
                .bind(row.digest)
                .bind(row.sealed)
                .execute(&mut *$c)
                .await?;
        }
    }};
}
pub(crate) use append_evidence;

/// Deletes all that an enrolment holds, inside a transaction.
macro_rules! delete_evidence {
    ($c:ident, $id:expr) => {{
        use $crate::enrolment::{
            DELETE_ATTEMPTS, DELETE_CODE, DELETE_DESK_CODE, DELETE_EVIDENCE, DELETE_REQUESTS,
        };
        for statement in [DELETE_EVIDENCE, DELETE_REQUESTS, DELETE_ATTEMPTS, DELETE_CODE, DELETE_DESK_CODE] {
            sqlx::query(statement).bind($id.clone()).execute(&mut *$c).await?;
        }
    }};
}
pub(crate) use delete_evidence;

impl Database {
    /// Opens an enrolment. `bearer` is its secret, `address` the client's address (or its /64), for limits.
    ///
    /// # Errors
    /// [`Error::Conflict`]: the name is taken. Trouble of the storage.
    pub async fn open_enrolment(
        &self,
        id: &str,
        bearer: &[u8],
        challenge: &[u8],
        address: &[u8],
        now: UnixTime,
        expires_at: UnixTime,
    ) -> Result<(), Error> {
        let (id, challenge) = (id.to_owned(), challenge.to_vec());
        let bearer_hash = sha256(bearer).to_vec();
        let address_key = self.vault.lookup("enrolment address", address);
        let start = sha256(id.as_bytes()).to_vec();
        statement!(self, |c| {
            let opened = sqlx::query(OPEN)
                .bind(id)
                .bind(bearer_hash)
                .bind(challenge)
                .bind(address_key)
                .bind(now.0)
                .bind(expires_at.0)
                .bind(start)
                .fetch_optional(&mut *c)
                .await?;
            opened.map(drop).ok_or(Error::Conflict)
        })
    }

    /// Gives an open enrolment another end: later while it waits for the person, earlier once it holds more of her.
    ///
    /// # Errors
    /// [`Error::Conflict`]: it is not open. Trouble of the storage.
    pub async fn extend_enrolment(&self, id: &str, expires_at: UnixTime, now: UnixTime) -> Result<(), Error> {
        let id = id.to_owned();
        statement!(self, |c| {
            let query = sqlx::query(EXTEND).bind(id).bind(expires_at.0).bind(now.0);
            query.fetch_optional(&mut *c).await?.map(drop).ok_or(Error::Conflict)
        })
    }

    /// Loads an enrolment and opens its evidence. `None`: there is none, or the secret is not its.
    ///
    /// # Errors
    /// [`Error::Sealed`], [`Error::Chain`]: rows were changed from outside. Trouble of the storage.
    pub async fn load_enrolment(
        &self,
        id: &str,
        bearer: &[u8],
        now: UnixTime,
    ) -> Result<Option<OpenedEnrolment>, Error> {
        type Head = (Vec<u8>, Vec<u8>, i64, i64, i64, i64, Vec<u8>, i64, i64);
        type Row = (i64, i64, i64, Vec<u8>, Option<Vec<u8>>);
        let name = id.to_owned();
        let (head, rows): (Option<Head>, Vec<Row>) = snapshot!(self, |c| {
            let head = sqlx::query_as(LOAD).bind(name.clone()).fetch_optional(&mut *c).await?;
            let rows = sqlx::query_as(EVIDENCE).bind(name).fetch_all(&mut *c).await?;
            Ok((head, rows))
        })?;
        let Some((hash, challenge, state, created, expires, sequence, digest, chip_answers, face_answers)) =
            head
        else {
            return Ok(None);
        };
        if !ct_eq(&hash, &sha256(bearer)) {
            return Ok(None);
        }
        let state = EnrolmentState::from_number(state).ok_or(Error::Unknown("state"))?;
        let over = state == EnrolmentState::Open && now.0 >= expires;
        let mut enrolment = OpenedEnrolment {
            id: id.to_owned(),
            state: if over { EnrolmentState::Expired } else { state },
            created_at: UnixTime(created),
            expires_at: UnixTime(expires),
            request_sequence: sequence,
            chip_answers,
            face_answers,
            evidence: EnrolmentEvidence {
                enrolment_id: id.to_owned(),
                challenge,
                items: Vec::with_capacity(rows.len()),
            },
            keys: self.vault.enrolment_keys(id, bearer),
            digest: sha256(id.as_bytes()).to_vec(),
        };
        for (sequence, kind, received_at, row_digest, sealed) in rows {
            enrolment.open_row(sequence, kind, received_at, row_digest, sealed.as_deref())?;
        }
        let whole = enrolment.digest == digest || state != EnrolmentState::Open;
        if whole { Ok(Some(enrolment)) } else { Err(Error::Chain(enrolment.evidence.next_sequence())) }
    }

    /// Appends evidence, all or nothing, if the enrolment is as it was loaded. What the person gave anew erases what she
    /// gave before.
    ///
    /// # Errors
    /// [`Error::Conflict`]; [`Error::TooLong`]: it holds too much already. Trouble of the storage.
    pub async fn append_evidence(
        &self,
        enrolment: &OpenedEnrolment,
        pieces: Vec<NewEvidence>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let (id, sealed) = (enrolment.id.clone(), self.seal_evidence(enrolment, pieces, now)?);
        transaction!(self, |c| {
            append_evidence!(c, id, sealed, 0_i64, 0_i64, now);
            Ok(())
        })
    }

    /// Appends the decision on the holder and erases, in the same transaction, the portrait's file, the capture
    /// sessions and every stored answer: repeats of earlier requests then come out of order.
    ///
    /// # Errors
    /// As [`Self::append_evidence`].
    pub async fn record_holder_decision(
        &self,
        enrolment: &OpenedEnrolment,
        decision: &[u8],
        now: UnixTime,
    ) -> Result<(), Error> {
        let id = enrolment.id.clone();
        let face_data: Vec<i64> = (0..300)
            .filter(|n| EvidenceKind::from_number(*n).is_some_and(EvidenceKind::is_face_data))
            .collect();
        let piece = NewEvidence::new(EvidenceKind::HolderDecision, decision);
        let sealed = self.seal_evidence(enrolment, vec![piece], now)?;
        transaction!(self, |c| {
            append_evidence!(c, id, sealed, 0_i64, 0_i64, now);
            for kind in face_data {
                sqlx::query(ERASE_KIND).bind(id.clone()).bind(kind).execute(&mut *c).await?;
            }
            sqlx::query(DELETE_REQUESTS).bind(id).execute(&mut *c).await?;
            Ok(())
        })
    }

    /// Erases the frames of captures: their session is over.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn erase_face_capture(&self, enrolment_id: &str) -> Result<(), Error> {
        let (id, kind) = (enrolment_id.to_owned(), EvidenceKind::FaceStep.number());
        statement!(self, |c| {
            sqlx::query(ERASE_KIND).bind(id).bind(kind).execute(&mut *c).await?;
            Ok(())
        })
    }

    /// Counts a face result before it is judged; `false` once `limit` were judged.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn count_face_answer(&self, enrolment_id: &str, limit: i64) -> Result<bool, Error> {
        let id = enrolment_id.to_owned();
        statement!(self, |c| {
            Ok(sqlx::query(COUNT_FACE).bind(id).bind(limit).fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// The person gives up: the enrolment is closed and its evidence deleted. `false`: it was not open.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn cancel_enrolment(&self, id: &str) -> Result<bool, Error> {
        let id = id.to_owned();
        transaction!(self, |c| {
            let state = EnrolmentState::Cancelled.number();
            let closed = sqlx::query(CLOSE).bind(id.clone()).bind(state).fetch_optional(&mut *c).await?;
            if closed.is_none() {
                return Ok(false);
            }
            delete_evidence!(c, id);
            Ok(true)
        })
    }

    /// Deletes up to `batch` enrolments whose time is over, with all they hold; returns how many.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn delete_expired_enrolments(&self, now: UnixTime, batch: i64) -> Result<u64, Error> {
        statement!(self, |c| {
            Ok(sqlx::query(DELETE_EXPIRED).bind(now.0).bind(batch).execute(&mut *c).await?.rows_affected())
        })
    }

    pub(crate) fn seal_evidence(
        &self,
        enrolment: &OpenedEnrolment,
        pieces: Vec<NewEvidence>,
        now: UnixTime,
    ) -> Result<Sealed, Error> {
        let count_before = enrolment.evidence.next_sequence();
        let mut digest = enrolment.digest.clone();
        let mut rows = Vec::with_capacity(pieces.len());
        let replaced = |kind: EvidenceKind| kind.is_given_anew() && pieces.iter().any(|p| p.kind == kind);
        let kept = enrolment.evidence.items.iter().filter(|item| !replaced(item.kind));
        let contents = kept.filter_map(|item| item.content.as_ref()).chain(pieces.iter().map(|p| &p.content));
        let bytes: usize = contents.map(Vec::len).sum();
        for (sequence, piece) in (count_before..).zip(pieces) {
            let kind = piece.kind.number();
            let data = evidence_data(&enrolment.id, kind, sequence, now.0, &digest);
            let sealed = self.vault.seal_under(&enrolment.keys, &data, &piece.content);
            digest = chained(&data, &sealed);
            let replaces = piece.kind.is_given_anew();
            rows.push(SealedRow { sequence, kind, replaces, digest: digest.clone(), sealed });
        }
        let count = count_before + rows.len() as i64;
        if count > MAX_EVIDENCE || bytes > MAX_BYTES {
            return Err(Error::TooLong("enrolment"));
        }
        Ok(Sealed { count_before, count, digest, rows })
    }
}

impl OpenedEnrolment {
    /// Checks one row's place in the chain and opens it.
    fn open_row(
        &mut self,
        sequence: i64,
        kind: i64,
        received_at: i64,
        row_digest: Vec<u8>,
        sealed: Option<&[u8]>,
    ) -> Result<(), Error> {
        let data = evidence_data(&self.id, kind, sequence, received_at, &self.digest);
        if sequence != self.evidence.next_sequence() {
            return Err(Error::Chain(self.evidence.next_sequence()));
        }
        let content = match sealed {
            None => None,
            Some(sealed) if chained(&data, sealed) != row_digest => return Err(Error::Chain(sequence)),
            Some(sealed) => Some(self.keys.open("piece of evidence", &data, sealed)?),
        };
        let kind = EvidenceKind::from_number(kind).ok_or(Error::Unknown("kind of evidence"))?;
        let received_at = UnixTime(received_at);
        self.evidence.items.push(EvidenceItem { kind, sequence, received_at, content });
        self.digest = row_digest;
        Ok(())
    }
}

/// Associated data of a piece: nothing of it can be moved or swapped.
fn evidence_data(id: &str, kind: i64, sequence: i64, received_at: i64, before: &[u8]) -> Vec<u8> {
    let numbers = [kind.to_be_bytes(), sequence.to_be_bytes(), received_at.to_be_bytes()].concat();
    [b"sceau/evidence/v1\0", id.as_bytes(), b"\0", numbers.as_slice(), before].concat()
}

fn chained(data: &[u8], sealed: &[u8]) -> Vec<u8> {
    sha256(&[data, sealed].concat()).to_vec()
}

//! Certificate revocation lists (Doc 9303-12 7.1.4).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use clock::UnixTime;
use crypto::sha256;
use x509_parser::prelude::{FromDer as _, ParsedExtension};
use x509_parser::revocation_list::CertificateRevocationList;

use crate::certificate::{Certificate, Signed, trim_serial};
use crate::name::Name;

/// The longest CRL that is parsed, in bytes.
const MAX_CRL: usize = 16 * 1024 * 1024;
const DAY: i64 = 86_400;

/// What a CRL does not say: that a certificate is not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// CRL or certificate cannot be read.
    #[error("not a whole CRL, or not a certificate")]
    Malformed,
    /// The CRL is in the issuer's name, and the signature is not right under its key.
    #[error("the signature of the CRL is wrong")]
    Signature,
    /// The CRL names the certificate, whatever its age.
    #[error("the certificate is revoked")]
    Revoked,
    /// The CRL is of another issuer, out of date, or not yet made.
    #[error("the CRL does not tell whether the certificate is revoked")]
    Undetermined,
}

impl CrlError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "crl.malformed",
            Self::Signature => "crl.signature",
            Self::Revoked => "pa.dsc-revoked",
            Self::Undetermined => "pa.revocation-undetermined",
        }
    }
}

/// Whether a CRL says that a certificate of `issuer` is not revoked, as passive authentication asks it (all DER).
///
/// # Errors
/// See [`CrlError`].
pub fn check_crl(crl: &[u8], issuer: &[u8], certificate: &[u8], at: UnixTime) -> Result<(), CrlError> {
    let crl = Crl::parse(crl).ok_or(CrlError::Malformed)?;
    let parse = |der| Certificate::parse(der).map_err(|_| CrlError::Malformed);
    let (issuer, certificate) = (parse(issuer)?, parse(certificate)?);
    if !crl.is_about(&certificate) {
        return Err(CrlError::Undetermined);
    }
    if !issuer.public_key().is_ok_and(|key| crl.signed.verify(key).is_ok()) {
        return Err(CrlError::Signature);
    }
    match (crl.lists(&certificate), crl.is_fresh(at, 0)) {
        (true, _) => Err(CrlError::Revoked),
        (false, false) => Err(CrlError::Undetermined),
        (false, true) => Ok(()),
    }
}

/// A CRL, its signature not yet looked at.
#[derive(Clone, Debug)]
pub(crate) struct Crl {
    pub(crate) sha256: [u8; 32],
    pub(crate) issuer: Name,
    pub(crate) this_update: UnixTime,
    pub(crate) next_update: Option<UnixTime>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    /// It has a critical extension: a delta or a part of a list is not the whole.
    pub(crate) critical: bool,
    revoked: BTreeSet<Vec<u8>>,
    pub(crate) signed: Signed,
    /// Under whose keys the signature was tried, by the SHA-256 of their certificates, and whether it is right.
    tried: Arc<Mutex<BTreeMap<[u8; 32], bool>>>,
}

impl Crl {
    /// Reads a CRL that may tell who is revoked; `None` if it is none, or has a critical extension.
    pub(crate) fn parse(der: &[u8]) -> Option<Self> {
        Self::read(der).filter(|crl| !crl.critical)
    }

    /// Reads a CRL, to say what it is; `None` if it is none.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        if der.len() > MAX_CRL {
            return None;
        }
        let signed = Signed::from_der("CRL", der).ok()?;
        let (rest, crl) = CertificateRevocationList::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let authority_key_id = crl.extensions().iter().find_map(|e| match e.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => Some(id.key_identifier.as_ref()?.0.to_vec()),
            _ => None,
        });
        let serials = crl.iter_revoked_certificates().map(|entry| trim_serial(entry.raw_serial()).to_vec());
        Some(Self {
            sha256: sha256(der),
            issuer: Name::new(crl.issuer()),
            this_update: UnixTime(crl.last_update().timestamp()),
            next_update: crl.next_update().map(|time| UnixTime(time.timestamp())),
            authority_key_id,
            critical: crl.extensions().iter().any(|extension| extension.critical),
            revoked: serials.collect(),
            signed,
            tried: Arc::default(),
        })
    }

    /// It is about certificates that `certificate`'s issuer made. One list counts for all keys of a CSCA's name.
    pub(crate) fn is_about(&self, certificate: &Certificate) -> bool {
        self.issuer == certificate.issuer
    }

    /// The key identifier, if there is one, is `issuer`'s, and the signature is right under its key. Each key is tried
    /// once, for a long list is long to hash.
    pub(crate) fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let named = match (&self.authority_key_id, &issuer.subject_key_id) {
            (Some(authority), Some(subject)) => authority == subject,
            _ => self.issuer == issuer.subject,
        };
        let right = || issuer.public_key().is_ok_and(|key| self.signed.verify(key).is_ok());
        let tried = || self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        named && *tried().entry(issuer.sha256).or_insert_with(right)
    }

    /// It is of the same issuer and key, and newer.
    pub(crate) fn replaces(&self, other: &Self) -> bool {
        let same = self.issuer == other.issuer && self.authority_key_id == other.authority_key_id;
        same && self.this_update > other.this_update
    }

    /// How many certificates it revokes.
    pub(crate) fn len(&self) -> usize {
        self.revoked.len()
    }

    pub(crate) fn lists(&self, certificate: &Certificate) -> bool {
        self.revoked.contains(&certificate.serial)
    }

    /// It still says that a certificate is not revoked: the next list is not due, or not for longer than `grace_days`.
    /// A list that does not say when counts for 90 days, which is how often a State makes one (Doc 9303-12 5.2).
    pub(crate) fn is_fresh(&self, at: UnixTime, grace_days: u32) -> bool {
        let due = self.next_update.unwrap_or_else(|| self.this_update.plus(90 * DAY));
        self.this_update <= at && at <= due.plus(i64::from(grace_days) * DAY)
    }
}

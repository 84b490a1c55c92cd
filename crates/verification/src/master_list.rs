//! CSCA master lists (Doc 9303-12 9): what a publisher says the CSCAs of the world are.
//!
//! ```text
//! CscaMasterList ::= SEQUENCE { version INTEGER, certList SET OF Certificate }    -- eContent, 2.23.136.1.1.2
//! ```
//!
//! Anybody can sign a list and put his own CSCA into it: see [`crate::signed_list`] for what one must have to count.

use std::collections::BTreeSet;

use clock::UnixTime;
use crypto::{SignatureNotes, sha256};
use lds::master_list::OID_CSCA_MASTER_LIST;

use crate::certificate::{Certificate, MASTER_LIST_SIGNING};
use crate::signed_list::{Purpose, SignedList};
use crate::{Rejection, TrustStore};

/// Why a signed list is not imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// Not such a list.
    #[error("not a list that can be read: {0}")]
    Malformed(String),
    /// The certificate that it names as its signer's is not in it.
    #[error("the signer's certificate is not in the list")]
    SignerMissing,
    /// Signature, digest or content type.
    #[error("the signature of the list is wrong: {0}")]
    Signature(String),
    /// The signer's certificate is not for such lists.
    #[error("the signer's certificate is not for signing such lists")]
    SignerPurpose,
    /// No pinned CSCA stands above the signer. The list vouches for itself at most.
    #[error("no pinned CSCA issued the signer's certificate; its issuer may be {}", hex_list(.0))]
    NotPinned(Vec<[u8; 32]>),
    /// The signer or its CSCA is distrusted, or the path has another fault.
    #[error("the signer is not trusted: {0}")]
    SignerNotTrusted(Rejection),
    /// Signer or CSCA were not valid when the list was signed.
    #[error("the signer's certificate was not valid when the list was signed")]
    SignerNotValid,
    /// It says that it was signed later than now, or not when.
    #[error("the list does not say when it was signed, or says a time that has not come")]
    SigningTime,
    /// A newer list of this publisher is imported.
    #[error("a newer list of this publisher, of {0}, is imported")]
    Older(UnixTime),
}

impl ListError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "list.malformed",
            Self::SignerMissing => "list.signer-missing",
            Self::Signature(_) => "list.signature",
            Self::SignerPurpose => "list.signer-purpose",
            Self::NotPinned(_) => "list.not-pinned",
            Self::SignerNotTrusted(_) => "list.signer-not-trusted",
            Self::SignerNotValid => "list.signer-not-valid",
            Self::SigningTime => "list.signing-time",
            Self::Older(_) => "list.older",
        }
    }
}

fn hex_list(digests: &[[u8; 32]]) -> String {
    let texts: Vec<String> = digests.iter().map(hex::encode).collect();
    if texts.is_empty() { "unknown".to_owned() } else { texts.join(", ") }
}

/// A master list as parsed: its signature has not been looked at.
#[derive(Clone, Debug)]
pub struct MasterList {
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    signed: lds::MasterList,
}

/// What is known of a list that a pinned CSCA stands behind.
#[derive(Clone, Debug)]
pub struct Vouched {
    /// The country of the pinned CSCA: lists of one country replace each other.
    pub publisher: String,
    /// When the list was signed.
    pub signed_at: UnixTime,
    /// SHA-256 of the signer's certificate.
    pub signer_sha256: [u8; 32],
    /// SHA-256 of the pinned CSCA.
    pub pin: [u8; 32],
    /// The signer's certificate has expired since.
    pub signer_expired: bool,
    /// The signature's DigestInfo has no NULL (RFC 8017 9.2, note 1): the ICAO lists of 2023.
    pub without_null: bool,
}

impl MasterList {
    /// Reads a master list.
    ///
    /// # Errors
    /// [`ListError::Malformed`].
    pub fn parse(der: &[u8]) -> Result<Self, ListError> {
        let signed = lds::MasterList::parse(der).map_err(|error| ListError::Malformed(error.to_string()))?;
        Ok(Self { sha256: sha256(der), signed })
    }

    /// The certificates that it lists, DER.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.signed.list.certificates
    }

    /// When it says that it was signed.
    #[must_use]
    pub fn signed_at(&self) -> Option<UnixTime> {
        self.signed.signer.signing_time
    }

    /// Certificates beside the list: the signer's, and often its CSCA's.
    #[must_use]
    pub fn carried(&self) -> &[Vec<u8>] {
        &self.signed.signer_certificates
    }

    fn as_signed(&self) -> SignedList<'_> {
        SignedList {
            info: &self.signed.signer,
            econtent: &self.signed.econtent_raw,
            content_type: OID_CSCA_MASTER_LIST,
            purpose: Purpose::Exactly(MASTER_LIST_SIGNING),
            carried: self.carried(),
            listed: self.certificates(),
        }
    }

    /// See [`SignedList::signer`].
    pub(crate) fn signer(&self) -> Result<(Certificate, SignatureNotes), ListError> {
        self.as_signed().signer()
    }

    /// Whether a pinned CSCA stands behind the list. `distrusting` is asked whom it distrusts; the CSCA may be one that it
    /// knows, or come with the list: the pin decides.
    ///
    /// # Errors
    /// The first step that fails: signature, purpose of the signer, path to a pinned CSCA, validity when it was signed.
    pub fn verify(
        &self,
        pins: &BTreeSet<[u8; 32]>,
        distrusting: &TrustStore,
        at: UnixTime,
    ) -> Result<Vouched, ListError> {
        self.as_signed().verify(pins, distrusting, at)
    }
}

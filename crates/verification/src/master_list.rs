//! CSCA master lists (Doc 9303-12 9): what a publisher says the CSCAs of the world are.
//!
//! ```text
//! CscaMasterList ::= SEQUENCE { version INTEGER, certList SET OF Certificate }    -- eContent, 2.23.136.1.1.2
//! ```
//!
//! Anybody can sign a list and put his own CSCA into it. So a list counts only if its signer's certificate leads to a
//! CSCA whose SHA-256 the operator has pinned:
//!
//! 1. The signature is right, over these bytes, and its signer's certificate is in the file.
//! 2. That certificate is for signing master lists and nothing else.
//! 3. A pinned CSCA issued it, directly or through link certificates; none of them is distrusted.
//! 4. All of them were valid when the list was signed, which is not in the future.

use std::collections::BTreeSet;
use std::sync::Arc;

use clock::UnixTime;
use crypto::{SignatureNotes, sha256};
use lds::master_list::OID_CSCA_MASTER_LIST;

use crate::certificate::{Certificate, MASTER_LIST_SIGNING};
use crate::known_signers::Trials;
use crate::signed_data::{check_signature, names};
use crate::{Rejection, TrustStore, path};

/// Why a master list is not imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// Not a master list.
    #[error("not a master list: {0}")]
    Malformed(String),
    /// The certificate that it names as its signer's is not in it.
    #[error("the signer's certificate is not in the list")]
    SignerMissing,
    /// Signature, digest or content type.
    #[error("the signature of the list is wrong: {0}")]
    Signature(String),
    /// The signer's certificate is not for master lists.
    #[error("the signer's certificate is not for signing master lists")]
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

/// A master list that a pinned CSCA stands behind.
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

    /// The signer's certificate, if the signature is right under it: the list was not changed since somebody signed it.
    ///
    /// # Errors
    /// [`ListError::SignerMissing`], [`ListError::Signature`].
    pub(crate) fn signer(&self) -> Result<(Certificate, SignatureNotes), ListError> {
        let info = &self.signed.signer;
        let carried = self.signed.signer_certificates.iter().filter_map(|der| Certificate::parse(der).ok());
        let named = carried.filter(|certificate| names(&info.sid, certificate)).take(4);
        let wrong = |what: &str| Err(ListError::Signature(what.to_owned()));
        let mut outcome = Err(ListError::SignerMissing);
        for certificate in named {
            match check_signature(info, &certificate) {
                Ok((_, notes)) => {
                    outcome = Ok((certificate, notes));
                    break;
                }
                Err(Rejection::SodSignature) => outcome = wrong("it is not the signer's over this list"),
                Err(rejection) => outcome = wrong(&rejection.to_string()),
            }
        }
        if outcome.is_ok() && info.content_type.as_deref() != Some(OID_CSCA_MASTER_LIST) {
            return wrong("the signed content type is not that of a master list");
        }
        let digest = info.digest_algorithm.digest(&self.signed.econtent_raw);
        if outcome.is_ok() && info.message_digest.as_ref() != Some(&digest) {
            return wrong("the signed digest is not that of the list");
        }
        outcome
    }

    /// Whether a pinned CSCA stands behind the list, by the steps above. `distrusting` is asked whom it distrusts; the
    /// CSCA may be one that it knows, or come with the list: the pin decides.
    ///
    /// # Errors
    /// The first step that fails.
    pub fn verify(
        &self,
        pins: &BTreeSet<[u8; 32]>,
        distrusting: &TrustStore,
        at: UnixTime,
    ) -> Result<Vouched, ListError> {
        // 1
        let (signer, notes) = self.signer()?;
        // 2
        if !signer.is_only_for(MASTER_LIST_SIGNING) {
            return Err(ListError::SignerPurpose);
        }
        let signed_at = self.signed_at().filter(|time| *time <= at).ok_or(ListError::SigningTime)?;
        // 3
        let given = self.signed.signer_certificates.iter().chain(self.certificates());
        let given = given.filter_map(|der| Certificate::parse(der).ok().map(Arc::new));
        let known = distrusting.cscas.iter().chain(&distrusting.links).cloned();
        let (cscas, links) = given.chain(known).partition(|one| pins.contains(&one.sha256));
        let store = distrusting.only_distrusting(cscas, links);
        let issuers = path::find(&store, &signer, signed_at, path::MAX_TRIALS, &mut Trials::default());
        let issuers = issuers.map_err(|_| {
            let issued = |one: &&Arc<Certificate>| one.sha256 != signer.sha256 && signer.is_signed_by(one);
            let named =
                store.links.iter().filter(|one| signer.names_key_of(one) || signer.issuer == one.subject);
            let issuers: BTreeSet<[u8; 32]> = named.take(16).filter(issued).map(|one| one.sha256).collect();
            ListError::NotPinned(issuers.into_iter().collect())
        })?;
        let distrusted = store.distrusts(&signer, at).then_some(Rejection::DscDistrusted);
        if let Some(rejection) = distrusted.or_else(|| path::fault(&store, &issuers, at)) {
            return Err(ListError::SignerNotTrusted(rejection));
        }
        // 4
        let all = [&signer].into_iter().chain(issuers.iter().map(|issuer| &***issuer));
        if !all.into_iter().all(|certificate| certificate.is_valid_at(signed_at)) {
            return Err(ListError::SignerNotValid);
        }
        let pinned = issuers.last().ok_or(ListError::NotPinned(Vec::new()))?;
        Ok(Vouched {
            publisher: pinned.subject.country().or_else(|| signer.subject.country()).unwrap_or_default(),
            signed_at,
            signer_sha256: signer.sha256,
            pin: pinned.sha256,
            signer_expired: !signer.is_valid_at(at),
            without_null: notes.digest_info_without_null,
        })
    }
}

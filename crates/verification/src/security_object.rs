//! EF.SOD after its signature and signer were found right.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use clock::UnixTime;
use lds::sod::LdsSecurityObject;

use crate::certificate::Certificate;
use crate::known_faults::KnownFaults;
use crate::{Policy, Rejection, Report};

/// EF.SOD, signed by a document signer under a trusted CSCA. Only [`crate::TrustStore::authenticate_sod`] makes one.
#[derive(Clone)]
pub struct SecurityObject {
    pub(crate) content: LdsSecurityObject,
    pub(crate) sod_sha256: [u8; 32],
    pub(crate) signer: Arc<Certificate>,
    /// The trusted CSCA; the document signer itself if that is trusted.
    pub(crate) anchor: Arc<Certificate>,
    pub(crate) trust_digest: [u8; 32],
    /// What the store knows to be odd about documents.
    pub(crate) known_faults: Arc<KnownFaults>,
    pub(crate) policy: Policy,
    pub(crate) at: UnixTime,
    pub(crate) report: Report,
}

impl fmt::Debug for SecurityObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecurityObject({:?}, ..)", self.data_groups())
    }
}

impl SecurityObject {
    /// SHA-256 of EF.SOD: what binds proofs to the document.
    #[must_use]
    pub fn sod_sha256(&self) -> &[u8; 32] {
        &self.sod_sha256
    }

    /// Numbers of the data groups whose hashes it holds.
    #[must_use]
    pub fn data_groups(&self) -> BTreeSet<u8> {
        self.content.hashes.keys().copied().collect()
    }

    /// SHA-256 of the document signer certificate.
    #[must_use]
    pub fn dsc_sha256(&self) -> &[u8; 32] {
        &self.signer.sha256
    }

    /// The document signer certificate, DER.
    #[must_use]
    pub fn dsc_der(&self) -> &[u8] {
        &self.signer.der
    }

    /// SHA-256 of the trusted certificate: of the CSCA, or of the document signer if that is trusted itself.
    #[must_use]
    pub fn anchor_sha256(&self) -> &[u8; 32] {
        &self.anchor.sha256
    }

    /// [`crate::TrustStore::digest`] of the store that decided.
    #[must_use]
    pub fn trust_digest(&self) -> &[u8; 32] {
        &self.trust_digest
    }

    /// When it was judged.
    #[must_use]
    pub fn inspected_at(&self) -> UnixTime {
        self.at
    }

    /// What was checked.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Compares the hash of a file, from its raw bytes, with the one that was signed.
    pub(crate) fn check_hash(&self, number: u8, bytes: &[u8]) -> Result<(), Rejection> {
        let expected = self.content.hashes.get(&number).ok_or(Rejection::NotInSod(number))?;
        let equal = self.content.hash_algorithm.digest(bytes) == *expected;
        equal.then_some(()).ok_or(Rejection::HashMismatch(number))
    }

    /// Compares the SHA-256 of a file that is gone with the hash that was signed; `None` if that is of another
    /// function.
    pub(crate) fn check_digest(&self, number: u8, digest: &[u8; 32]) -> Option<Result<(), Rejection>> {
        let Some(expected) = self.content.hashes.get(&number) else {
            return Some(Err(Rejection::NotInSod(number)));
        };
        let comparable = self.content.hash_algorithm == crypto::HashAlgorithm::Sha256;
        comparable.then(|| (expected == digest).then_some(()).ok_or(Rejection::HashMismatch(number)))
    }

    /// The country of the document signer; of its CSCA if it names none.
    pub(crate) fn country(&self) -> Option<&str> {
        self.signer.subject.country().or_else(|| self.anchor.subject.country())
    }
}

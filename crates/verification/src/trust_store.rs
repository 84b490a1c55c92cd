//! What the operator trusts, and what is merely known.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clock::UnixTime;
use crypto::sha256;
use x509_parser::pem::Pem;

use crate::certificate::Certificate;
use crate::crl::Crl;
use crate::known_faults::KnownFaults;
use crate::known_signers::{KnownSigners, Trials};
use crate::path::Index;
use crate::{Inspection, Policy, Rejection, SecurityObject, passive_authentication, path};

/// The largest file that is read as certificates or CRL.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Why a trust store cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Not an X.509 certificate.
    #[error("not a certificate")]
    Certificate,
    /// Not an X.509 CRL, or one that is not a whole list.
    #[error("not a whole certificate revocation list")]
    Crl,
    /// Neither a deviation list nor a defect list.
    #[error("not a deviation list or defect list")]
    List,
    /// A file or folder that cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// CSCA certificates that the operator trusts, and what helps to judge with them: link certificates, document signers
/// known from a PKD, and CRLs, none of which is trusted for itself.
///
/// Nothing is removed for its age: whether a certificate is valid is asked at each inspection.
#[derive(Clone, Default)]
pub struct TrustStore {
    pub(crate) cscas: Vec<Arc<Certificate>>,
    pub(crate) links: Vec<Arc<Certificate>>,
    pub(crate) signers: Vec<Arc<Certificate>>,
    pub(crate) signer_anchors: Vec<Arc<Certificate>>,
    pub(crate) crls: Vec<Crl>,
    distrusted: Vec<([u8; 32], UnixTime)>,
    /// What deviation lists and defect lists tell.
    pub(crate) known_faults: Arc<KnownFaults>,
    /// What [`TrustStore::digest`] computed; empty after every change.
    digest: OnceLock<[u8; 32]>,
    /// What [`TrustStore::index`] made; empty after every change.
    index: OnceLock<Arc<Index>>,
    /// Document signers met before. Copies of a store share them.
    pub(crate) known: Arc<KnownSigners>,
}

impl fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "TrustStore({} CSCAs, {} links, {} document signers, {} of them anchors, {} CRLs, {} distrusted)",
            self.cscas.len(),
            self.links.len(),
            self.signers.len() + self.signer_anchors.len(),
            self.signer_anchors.len(),
            self.crls.len(),
            self.distrusted.len()
        )
    }
}

impl TrustStore {
    /// Trusts nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn changed(&mut self) {
        self.digest = OnceLock::new();
        self.index = OnceLock::new();
    }

    /// The CSCAs and links by key identifier and by name.
    pub(crate) fn index(&self) -> &Index {
        self.index.get_or_init(|| Arc::new(Index::new(&self.cscas, &self.links)))
    }

    /// Trusts a CSCA certificate (DER).
    ///
    /// # Errors
    /// [`TrustError::Certificate`].
    pub fn add_csca(&mut self, der: &[u8]) -> Result<(), TrustError> {
        self.changed();
        add(&mut self.cscas, der)
    }

    /// Adds a link certificate (DER): the next CSCA, signed by the last one.
    ///
    /// # Errors
    /// [`TrustError::Certificate`].
    pub fn add_link(&mut self, der: &[u8]) -> Result<(), TrustError> {
        self.changed();
        add(&mut self.links, der)
    }

    /// Adds a document signer certificate (DER), for documents that do not carry it.
    ///
    /// # Errors
    /// [`TrustError::Certificate`].
    pub fn add_document_signer(&mut self, der: &[u8]) -> Result<(), TrustError> {
        self.changed();
        add(&mut self.signers, der)
    }

    /// Trusts a document signer certificate (DER) without its CSCA.
    ///
    /// # Errors
    /// [`TrustError::Certificate`].
    pub fn add_document_signer_anchor(&mut self, der: &[u8]) -> Result<(), TrustError> {
        self.changed();
        add(&mut self.signer_anchors, der)
    }

    /// Adds a CRL (DER). Its signature is checked when it is used.
    ///
    /// # Errors
    /// [`TrustError::Crl`].
    pub fn add_crl(&mut self, der: &[u8]) -> Result<(), TrustError> {
        let crl = Crl::parse(der).ok_or(TrustError::Crl)?;
        self.changed();
        if !self.crls.iter().any(|known| known.sha256 == crl.sha256) {
            self.crls.push(crl);
        }
        Ok(())
    }

    /// Adds a deviation list of a State (DER), which tells of documents of that State. Whose it is was found out when it
    /// was imported ([`crate::TrustBase::import_deviation_list`]).
    pub(crate) fn add_deviation_list(&mut self, der: &[u8], publisher: &str) -> Result<(), TrustError> {
        self.changed();
        Arc::make_mut(&mut self.known_faults).add_deviation_list(der, publisher)
    }

    /// Adds a defect list (DER).
    pub(crate) fn add_defect_list(&mut self, der: &[u8], publisher: &str) -> Result<(), TrustError> {
        self.changed();
        Arc::make_mut(&mut self.known_faults).add_defect_list(der, publisher)
    }

    /// Distrusts a certificate, by its SHA-256, and every certificate of the same key, for inspections from this time
    /// on: a CSCA, a link certificate or a document signer. It wins over every list, whatever was or will be added.
    pub fn distrust(&mut self, sha256: [u8; 32], from: UnixTime) {
        self.changed();
        self.distrusted.push((sha256, from));
    }

    /// The certificate, or another one of its key, is distrusted at this time.
    pub(crate) fn distrusts(&self, certificate: &Certificate, at: UnixTime) -> bool {
        let all = [&self.cscas, &self.links, &self.signers, &self.signer_anchors];
        self.distrusted.iter().filter(|(_, from)| *from <= at).any(|(sha256, _)| {
            let mut known = all.into_iter().flatten().filter(|one| one.sha256 == *sha256);
            certificate.sha256 == *sha256 || known.any(|one| one.has_key_of(certificate))
        })
    }

    /// A store of other certificates that distrusts as this one does.
    pub(crate) fn only_distrusting(
        &self,
        cscas: Vec<Arc<Certificate>>,
        links: Vec<Arc<Certificate>>,
    ) -> Self {
        Self { cscas, links, distrusted: self.distrusted.clone(), ..Self::default() }
    }

    /// SHA-256 over all of it, whatever the order: names the store that a decision was taken with.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        *self.digest.get_or_init(|| self.compute_digest())
    }

    fn compute_digest(&self) -> [u8; 32] {
        let kinds = [&self.cscas, &self.links, &self.signers, &self.signer_anchors];
        let certificates = kinds
            .into_iter()
            .zip(0_u8..)
            .flat_map(|(list, kind)| list.iter().map(move |certificate| (kind, certificate.sha256)));
        let crls = self.crls.iter().map(|crl| (u8::MAX, crl.sha256));
        let dated =
            |(hash, from): &([u8; 32], UnixTime)| sha256(&[&hash[..], &from.0.to_be_bytes()].concat());
        let distrusted = self.distrusted.iter().map(|one| (u8::MAX - 1, dated(one)));
        let lists = self.known_faults.digests().map(|digest| (u8::MAX - 2, digest));
        let mut all: Vec<(u8, [u8; 32])> = certificates.chain(crls).chain(distrusted).chain(lists).collect();
        all.sort_unstable();
        let bytes: Vec<u8> =
            all.iter().flat_map(|(kind, digest)| [&[*kind], digest.as_slice()].concat()).collect();
        sha256(&bytes)
    }

    /// Who issued a document signer certificate (DER), up to a trusted CSCA: the SHA-256 of each, the nearest first. Its
    /// own validity, its revocation and what it may sign are not looked at.
    ///
    /// # Errors
    /// As step 3 of [`authenticate_sod`](Self::authenticate_sod).
    pub fn issuers(&self, document_signer: &[u8], at: UnixTime) -> Result<Vec<[u8; 32]>, Rejection> {
        let signer = Certificate::parse(document_signer).map_err(Rejection::DscMalformed)?;
        if !signer.algorithms_agree {
            return Err(Rejection::DscAlgorithmMismatch);
        }
        let issuers = path::find(self, &signer, at, path::MAX_TRIALS, &mut Trials::default())?;
        path::fault(self, &issuers, at).map_or(Ok(()), Err)?;
        Ok(issuers.iter().map(|issuer| issuer.sha256).collect())
    }

    /// Whether EF.SOD was signed by a document signer under a trusted CSCA: the steps of passive authentication that
    /// need no data group (Doc 9303-11 5.1; the numbers are those of [`crate::passive_authentication`]).
    pub fn authenticate_sod(&self, sod: &[u8], policy: &Policy, at: UnixTime) -> Inspection<SecurityObject> {
        passive_authentication::authenticate_sod(self, sod, policy, at)
    }
}

fn add(list: &mut Vec<Arc<Certificate>>, der: &[u8]) -> Result<(), TrustError> {
    let certificate = Certificate::parse(der).map_err(|_| TrustError::Certificate)?;
    if !list.iter().any(|known| known.sha256 == certificate.sha256) {
        list.push(Arc::new(certificate));
    }
    Ok(())
}

/// The DER objects (certificates or CRLs) in a file, PEM or DER, or in every file of a folder, in the order of the
/// names.
///
/// # Errors
/// [`TrustError::File`].
pub fn read_files(path: &Path) -> Result<Vec<Vec<u8>>, TrustError> {
    let failed = |error: std::io::Error| TrustError::File { path: path.into(), reason: error.to_string() };
    if !path.is_dir() {
        return read_file(path);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    files.retain(|file| file.is_file());
    files.sort();
    files.iter().map(|file| read_file(file)).collect::<Result<Vec<_>, _>>().map(|lists| lists.concat())
}

fn read_file(path: &Path) -> Result<Vec<Vec<u8>>, TrustError> {
    let failed = |reason: String| TrustError::File { path: path.into(), reason };
    let length = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if length > MAX_FILE {
        return Err(failed(format!("{length} bytes are too many")));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes]);
    }
    let blocks: Vec<Vec<u8>> = Pem::iter_from_buffer(&bytes)
        .map(|pem| pem.map(|pem| pem.contents))
        .collect::<Result<_, _>>()
        .map_err(|error| failed(error.to_string()))?;
    if blocks.is_empty() {
        return Err(failed("neither DER nor PEM".to_owned()));
    }
    Ok(blocks)
}

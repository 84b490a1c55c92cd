//! What is known to be odd about documents: what their own State tells in a deviation list (Doc 9303-3 10), and what an
//! inspecting State tells of document signers in a defect list (BSI TR-03129-2 7).
//!
//! A list gives no document trust. It is told in the report; that a document signer is revoked refuses.

use std::fmt;
use std::sync::Arc;

use crypto::{HashAlgorithm, sha256};
use lds::defect_list::{Defect, KnownDefect};
use lds::deviation_list::{Deviation, DocumentSigner};
use lds::tlv::{self, tag};
use lds::{DefectList, DeviationList, Mrz};

use crate::certificate::Certificate;
use crate::consistency::covers;
use crate::country::same_state;
use crate::signed_data::names;
use crate::{Report, TrustError};

/// id-CertRevoked (TR-03129-2 7.3).
const CERT_REVOKED: &str = "0.4.0.127.0.7.3.1.5.1.1";
/// The status codes of id-CertRevoked that mean it: no indication, testing, revoked by the issuer or by the list's
/// signer. On hold, inadequate and what States number themselves are told only.
const REVOKED: [u64; 4] = [0, 2, 3, 4];
const ENUMERATED: u32 = 0x0A;
/// The most lines about one document.
const MAX_LINES: usize = 16;

/// The lists that count.
#[derive(Clone, Default)]
pub(crate) struct KnownFaults {
    deviations: Vec<Arc<Deviations>>,
    defects: Vec<Arc<Defects>>,
}

/// A deviation list. It tells of documents of its publisher's State.
struct Deviations {
    sha256: [u8; 32],
    publisher: String,
    digest_algorithm: HashAlgorithm,
    deviations: Vec<Deviation>,
}

struct Defects {
    sha256: [u8; 32],
    publisher: String,
    list: DefectList,
}

/// The numbers of documents are the holders'.
impl fmt::Debug for KnownFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "KnownFaults({} deviation lists, {} defect lists)",
            self.deviations.len(),
            self.defects.len()
        )
    }
}

impl KnownFaults {
    pub(crate) fn add_deviation_list(&mut self, der: &[u8], publisher: &str) -> Result<(), TrustError> {
        let list = DeviationList::parse(der).map_err(|_| TrustError::List)?;
        let mut deviations = list.deviations;
        for deviation in &mut deviations {
            deviation.documents.document_numbers.sort_unstable();
        }
        self.deviations.push(Arc::new(Deviations {
            sha256: sha256(der),
            publisher: publisher.to_owned(),
            digest_algorithm: list.digest_algorithm.unwrap_or(HashAlgorithm::Sha256),
            deviations,
        }));
        Ok(())
    }

    pub(crate) fn add_defect_list(&mut self, der: &[u8], publisher: &str) -> Result<(), TrustError> {
        let list = DefectList::parse(der).map_err(|_| TrustError::List)?;
        self.defects.push(Arc::new(Defects { sha256: sha256(der), publisher: publisher.to_owned(), list }));
        Ok(())
    }

    /// SHA-256 of every list.
    pub(crate) fn digests(&self) -> impl Iterator<Item = [u8; 32]> {
        let deviations = self.deviations.iter().map(|list| list.sha256);
        deviations.chain(self.defects.iter().map(|list| list.sha256))
    }

    /// A defect list says that this document signer is revoked.
    pub(crate) fn revokes(&self, signer: &Certificate) -> bool {
        self.defects_of(signer).any(|(_, defect)| defect.known_defects.iter().any(is_revoked))
    }

    fn defects_of(&self, signer: &Certificate) -> impl Iterator<Item = (&str, &Defect)> {
        self.defects.iter().flat_map(move |list| {
            let hash = list.list.hash_algorithm;
            let named = move |defect: &&Defect| {
                let hashed = |expected: &Vec<u8>| *expected == hash.digest(&signer.der);
                names(&defect.document_signer, signer) && defect.certificate_hash.as_ref().is_none_or(hashed)
            };
            list.list.defects.iter().filter(named).map(|defect| (list.publisher.as_str(), defect))
        })
    }

    /// Writes what is known of a document.
    pub(crate) fn tell(&self, signer: &Certificate, mrz: &Mrz, report: &mut Report) {
        let mut lines = Vec::new();
        for list in self.deviations.iter().filter(|list| same_state(&mrz.issuing_state, &list.publisher)) {
            let odd = list.deviations.iter().filter(|deviation| list.fits(deviation, signer, mrz));
            for description in odd.flat_map(|deviation| &deviation.descriptions) {
                let words = description.description.as_deref().unwrap_or("no description");
                let kind = &description.deviation_type;
                lines.push(format!("its State knows a deviation of this document: {kind}, {words}"));
            }
        }
        for (publisher, defect) in self.defects_of(signer) {
            for known in &defect.known_defects {
                let kind = &known.defect_type;
                lines.push(format!("{publisher} knows a defect of documents of this signer: {kind}"));
            }
        }
        for line in lines.into_iter().take(MAX_LINES) {
            report.deviation("pa.known-deviation", line);
        }
    }
}

impl Deviations {
    /// Every condition that is given holds. When a document was issued is not among what is read of it: a period is no
    /// condition here.
    fn fits(&self, deviation: &Deviation, signer: &Certificate, mrz: &Mrz) -> bool {
        let documents = &deviation.documents;
        let kind = documents.document_type.as_deref().map(|listed| listed.trim_end_matches(['<', ' ']));
        let signed = match &documents.signer {
            None => true,
            Some(DocumentSigner::Identifier(identifier)) => names(identifier, signer),
            Some(DocumentSigner::CertificateDigest(digest)) => {
                *digest == self.digest_algorithm.digest(&signer.der)
            }
        };
        let numbers = &documents.document_numbers;
        kind.is_none_or(|listed| covers(listed, &mrz.document_code))
            && signed
            && (numbers.is_empty() || numbers.binary_search(&mrz.document_number).is_ok())
    }
}

/// It says that the document signer is revoked; without a status code, that is no indication.
fn is_revoked(known: &KnownDefect) -> bool {
    let status = |der: &Vec<u8>| {
        tlv::read_one("defect list", der, ENUMERATED)
            .or_else(|_| tlv::read_one("defect list", der, tag::INTEGER))
            .and_then(|element| element.unsigned())
    };
    let code = known.parameters_der.as_ref().map_or(Ok(0), status);
    known.defect_type == CERT_REVOKED && code.is_ok_and(|code| REVOKED.contains(&code))
}

//! Deviation lists (Doc 9303-3 section 10): a State tells which of its documents leave the standard, and how.
//!
//! ```text
//! DeviationList ::= SEQUENCE { version INTEGER { v0(0) }, digestAlgorithm AlgorithmIdentifier OPTIONAL,
//!                              deviations SET OF Deviation }
//! Deviation     ::= SEQUENCE { documents DeviationDocuments, descriptions SET OF DeviationDescription }
//! DeviationDescription ::= SEQUENCE { description PrintableString OPTIONAL, deviationType OBJECT IDENTIFIER,
//!                              parameters [0] ANY OPTIONAL, nationalUse [1] ANY OPTIONAL }
//! DeviationDocuments ::= SEQUENCE { documentType [0] PrintableString (SIZE(2)) OPTIONAL,
//!                              dscIdentifier DocumentSignerIdentifier OPTIONAL, issuingDate [4] IssuancePeriod OPTIONAL,
//!                              documentNumbers [5] SET OF PrintableString OPTIONAL }
//! DocumentSignerIdentifier ::= CHOICE { issuerAndSerialNumber [1], subjectKeyIdentifier [2], certificateDigest [3] }
//! IssuancePeriod ::= SEQUENCE { firstIssued GeneralizedTime, lastIssued GeneralizedTime }
//! ```

use clock::UnixTime;
use crypto::HashAlgorithm;

use crate::cms::{self, SignedData, SignerIdentifier, SignerInfo};
use crate::error::Result;
use crate::text;
use crate::tlv::{Element, Oid, Reader, tag};

/// id-icao-DeviationList.
pub const OID_DEVIATION_LIST: &str = "2.23.136.1.1.7";

const FILE: &str = "deviation list";
/// The longest published one has 1.9 MB.
const MAX_LEN: usize = 16 << 20;
const MAX_DEVIATIONS: usize = 10_000;
const MAX_DESCRIPTIONS: usize = 64;
/// The longest published one names 169,422 documents.
const MAX_DOCUMENT_NUMBERS: usize = 1_000_000;

/// A deviation list as parsed: neither its signature nor its signer has been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviationList {
    /// What certificate digests in the list are made with.
    pub digest_algorithm: Option<HashAlgorithm>,
    /// The deviations.
    pub deviations: Vec<Deviation>,
    /// The exact bytes of the signed content.
    pub econtent_raw: Vec<u8>,
    /// Certificates beside the list, DER.
    pub signer_certificates: Vec<Vec<u8>>,
    /// Who signed, and the signature.
    pub signer: SignerInfo,
}

/// Some documents and what is odd about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Which documents: all that fulfil every condition that is given.
    pub documents: DeviationDocuments,
    /// What is odd.
    pub descriptions: Vec<DeviationDescription>,
}

/// Which documents deviate. Document numbers stay out of logs.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DeviationDocuments {
    /// The document code of the MRZ.
    pub document_type: Option<String>,
    /// The document signer.
    pub signer: Option<DocumentSigner>,
    /// When they were issued: from the first day to the last.
    pub issued: Option<(UnixTime, UnixTime)>,
    /// Their numbers, in the list's order.
    pub document_numbers: Vec<String>,
}

/// A document signer, named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentSigner {
    /// By issuer and serial number, or by subject key identifier.
    Identifier(SignerIdentifier),
    /// By the digest of its certificate.
    CertificateDigest(Vec<u8>),
}

/// One way in which documents deviate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviationDescription {
    /// In words.
    pub description: Option<String>,
    /// The kind, dotted: under `2.23.136.1.1.7`.
    pub deviation_type: String,
    /// What belongs to the kind, DER.
    pub parameters_der: Option<Vec<u8>>,
    /// What the State adds, DER.
    pub national_use_der: Option<Vec<u8>>,
}

/// The numbers of documents are the holders'.
impl std::fmt::Debug for DeviationDocuments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviationDocuments({:?}, {} numbers, ..)", self.document_type, self.document_numbers.len())
    }
}

impl DeviationList {
    /// Reads a signed deviation list, DER or BER.
    ///
    /// # Errors
    /// Not a CMS SignedData with one signer over the structure above, or beyond the limits: 16 MiB, 10,000
    /// deviations, 64 descriptions of each, a million document numbers.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let (signed, _) = SignedData::read_list(FILE, bytes, Oid::new(OID_DEVIATION_LIST), MAX_LEN)?;
        let mut reader = Reader::at(FILE, &signed.econtent, signed.econtent_offset);
        let list = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut fields = list.children()?;
        let version = fields.expect(tag::INTEGER)?;
        if version.unsigned()? != 0 {
            return Err(version.malformed("version of the deviation list"));
        }
        let digest_algorithm =
            fields.optional(tag::SEQUENCE)?.map(|e| cms::hash_algorithm(&e)).transpose()?;
        let set = fields.expect(tag::SET)?;
        fields.finish()?;
        Ok(Self {
            digest_algorithm,
            deviations: all(&set, MAX_DEVIATIONS, deviation)?,
            econtent_raw: signed.econtent,
            signer_certificates: signed.certificates,
            signer: signed.signer,
        })
    }
}

/// Reads every element of a set, which may hold `limit`.
fn all<T>(set: &Element<'_>, limit: usize, read: impl Fn(&Element<'_>) -> Result<T>) -> Result<Vec<T>> {
    let mut out = Vec::new();
    let mut reader = set.children()?;
    while let Some(element) = reader.next_element()? {
        if out.len() == limit {
            return Err(element.malformed("deviation list: too long"));
        }
        out.push(read(&element)?);
    }
    Ok(out)
}

fn deviation(element: &Element<'_>) -> Result<Deviation> {
    let mut fields = element.children()?;
    let documents = documents(&fields.expect(tag::SEQUENCE)?)?;
    let descriptions = fields.expect(tag::SET)?;
    fields.finish()?;
    Ok(Deviation { documents, descriptions: all(&descriptions, MAX_DESCRIPTIONS, description)? })
}

fn documents(sequence: &Element<'_>) -> Result<DeviationDocuments> {
    let mut fields = sequence.children()?;
    let document_type = fields.optional(0x80)?.map(|e| text::decode(e.value));
    let signer = if let Some(named) = fields.optional(0xA1)? {
        Some(DocumentSigner::Identifier(cms::issuer_and_serial(&named)?))
    } else if let Some(ski) = fields.optional(0x82)? {
        let ski = SignerIdentifier::SubjectKeyIdentifier(ski.value.to_vec());
        Some(DocumentSigner::Identifier(ski))
    } else {
        fields.optional(0x83)?.map(|digest| DocumentSigner::CertificateDigest(digest.value.to_vec()))
    };
    let issued = fields.optional(0xA4)?.map(|e| period(&e)).transpose()?;
    let document_numbers = match fields.optional(0xA5)? {
        Some(set) => all(&set, MAX_DOCUMENT_NUMBERS, |number| Ok(text::decode(number.value)))?,
        None => Vec::new(),
    };
    fields.finish()?;
    Ok(DeviationDocuments { document_type, signer, issued, document_numbers })
}

fn period(sequence: &Element<'_>) -> Result<(UnixTime, UnixTime)> {
    let mut fields = sequence.children()?;
    let first = cms::time(&mut fields, "period of issue")?;
    let last = cms::time(&mut fields, "period of issue")?;
    fields.finish()?;
    Ok((first, last))
}

fn description(element: &Element<'_>) -> Result<DeviationDescription> {
    let mut fields = element.children()?;
    let description = match fields.peek_tag()? {
        Some(tag::PRINTABLE_STRING | tag::UTF8_STRING) => fields.next_element()?,
        _ => None,
    };
    let deviation_type = fields.expect(tag::OID)?.oid()?.to_string();
    let parameters = fields.optional(0xA0)?;
    let national_use = fields.optional(0xA1)?;
    fields.finish()?;
    Ok(DeviationDescription {
        description: description.map(|e| text::decode(e.value)),
        deviation_type,
        parameters_der: parameters.map(|e| e.value.to_vec()),
        national_use_der: national_use.map(|e| e.value.to_vec()),
    })
}

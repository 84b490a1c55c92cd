//! Defect lists (BSI TR-03129-2 section 7): an inspecting State tells which document signers made faulty documents.
//!
//! ```text
//! DefectList  ::= SEQUENCE { version INTEGER { v1(0) }, hashAlg OBJECT IDENTIFIER, defects SET OF Defect }
//! Defect      ::= SEQUENCE { signerIdentifier SignerIdentifier, certificateHash OCTET STRING OPTIONAL,
//!                            knownDefects SET OF KnownDefect }
//! KnownDefect ::= SEQUENCE { defectType OBJECT IDENTIFIER, parameters ANY OPTIONAL }
//! ```

use crypto::HashAlgorithm;

use crate::cms::{self, SignedData, SignerIdentifier, SignerInfo};
use crate::error::Result;
use crate::tlv::{Element, Oid, Reader, tag};

/// id-DefectList.
pub const OID_DEFECT_LIST: &str = "0.4.0.127.0.7.3.1.5";

const FILE: &str = "defect list";
const MAX_LEN: usize = 16 << 20;
const MAX_DEFECTS: usize = 10_000;
const MAX_KNOWN_DEFECTS: usize = 64;

/// A defect list as parsed: neither its signature nor its signer has been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefectList {
    /// What the certificate hashes in the list are made with.
    pub hash_algorithm: HashAlgorithm,
    /// The document signers and their defects.
    pub defects: Vec<Defect>,
    /// The exact bytes of the signed content.
    pub econtent_raw: Vec<u8>,
    /// Certificates beside the list, DER.
    pub signer_certificates: Vec<Vec<u8>>,
    /// Who signed, and the signature.
    pub signer: SignerInfo,
}

/// A document signer whose documents have a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The document signer.
    pub document_signer: SignerIdentifier,
    /// The hash of its certificate, if the identifier alone is ambiguous.
    pub certificate_hash: Option<Vec<u8>>,
    /// What is wrong.
    pub known_defects: Vec<KnownDefect>,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDefect {
    /// The kind, dotted: under `0.4.0.127.0.7.3.1.5`.
    pub defect_type: String,
    /// What belongs to the kind, DER.
    pub parameters_der: Option<Vec<u8>>,
}

impl DefectList {
    /// Reads a signed defect list, DER or BER.
    ///
    /// # Errors
    /// Not a CMS SignedData with one signer over the structure above, or beyond the limits: 16 MiB, 10,000 defects,
    /// 64 kinds of each.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let (signed, _) = SignedData::read_list(FILE, bytes, Oid::new(OID_DEFECT_LIST), MAX_LEN)?;
        let mut reader = Reader::at(FILE, &signed.econtent, signed.econtent_offset);
        let list = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut fields = list.children()?;
        let version = fields.expect(tag::INTEGER)?;
        if version.unsigned()? != 0 {
            return Err(version.malformed("version of the defect list"));
        }
        let hash = fields.expect(tag::OID)?;
        let hash_algorithm = cms::hash_of(&hash)?;
        let set = fields.expect(tag::SET)?;
        fields.finish()?;
        Ok(Self {
            hash_algorithm,
            defects: defects(&set)?,
            econtent_raw: signed.econtent,
            signer_certificates: signed.certificates,
            signer: signed.signer,
        })
    }
}

fn defects(set: &Element<'_>) -> Result<Vec<Defect>> {
    let mut out = Vec::new();
    let mut reader = set.children()?;
    while !reader.is_empty() {
        let defect = reader.expect(tag::SEQUENCE)?;
        if out.len() == MAX_DEFECTS {
            return Err(defect.malformed("defect list: too long"));
        }
        let mut fields = defect.children()?;
        let document_signer = cms::signer_identifier(&mut fields)?;
        let certificate_hash = fields.optional(tag::OCTET_STRING)?.map(|e| e.value.to_vec());
        let known = fields.expect(tag::SET)?;
        fields.finish()?;
        out.push(Defect { document_signer, certificate_hash, known_defects: known_defects(&known)? });
    }
    Ok(out)
}

fn known_defects(set: &Element<'_>) -> Result<Vec<KnownDefect>> {
    let mut out = Vec::new();
    let mut reader = set.children()?;
    while !reader.is_empty() {
        let known = reader.expect(tag::SEQUENCE)?;
        if out.len() == MAX_KNOWN_DEFECTS {
            return Err(known.malformed("defect list: too many kinds"));
        }
        let mut fields = known.children()?;
        let defect_type = fields.expect(tag::OID)?.oid()?.to_string();
        let parameters_der = fields.next_element()?.map(|e| e.raw.to_vec());
        fields.finish()?;
        out.push(KnownDefect { defect_type, parameters_der });
    }
    Ok(out)
}

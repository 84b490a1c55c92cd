//! CSCA master lists (Doc 9303-12 section 9): the country signing certificates that a State or ICAO trusts, signed.
//!
//! ```text
//! ContentInfo { SignedData { eContentType id-icao-cscaMasterList, eContent CscaMasterList } }
//! CscaMasterList ::= SEQUENCE { version INTEGER { v0(0) }, certList SET OF Certificate }
//! ```

use crate::Error;
use crate::cms::{SignedData, SignerInfo};
use crate::error::Result;
use crate::tlv::{self, Oid, Reader, tag};

/// id-icao-cscaMasterList.
pub const OID_CSCA_MASTER_LIST: &str = "2.23.136.1.1.2";

const FILE: &str = "master list";
/// The longest published one has 1.3 MB.
const MAX_LEN: usize = 16 << 20;
/// The longest published one has 636.
const MAX_CERTIFICATES: usize = 10_000;

/// A master list as parsed: neither its signature nor its signer has been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterList {
    /// The signed content.
    pub list: CscaMasterList,
    /// The exact bytes of the signed content, which the messageDigest attribute is the digest of.
    pub econtent_raw: Vec<u8>,
    /// The certificates beside the list, DER: the signer's, and often its CSCA. They vouch for nothing.
    pub signer_certificates: Vec<Vec<u8>>,
    /// Who signed, and the signature.
    pub signer: SignerInfo,
}

/// The content of a master list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CscaMasterList {
    /// The certificates, DER, exact bytes, in the order they stand. Some publishers list one twice.
    pub certificates: Vec<Vec<u8>>,
}

impl MasterList {
    /// Reads a signed master list, DER or BER.
    ///
    /// # Errors
    /// Not a CMS SignedData with one signer over a [`CscaMasterList`], or longer than 16 MiB.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let (signed, _) = SignedData::read_list(FILE, bytes, Oid::new(OID_CSCA_MASTER_LIST), MAX_LEN)?;
        Ok(Self {
            list: CscaMasterList::parse_at(&signed.econtent, signed.econtent_offset)?,
            econtent_raw: signed.econtent,
            signer_certificates: signed.certificates,
            signer: signed.signer,
        })
    }
}

impl CscaMasterList {
    /// Reads the bare content of a master list, as some programs keep it: no one has signed it.
    ///
    /// # Errors
    /// Not the structure above, another version than 0, more than 10,000 certificates, or longer than 16 MiB.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_LEN {
            return Err(Error::TooLarge { file: FILE, limit: MAX_LEN });
        }
        Self::parse_at(bytes, 0)
    }

    fn parse_at(bytes: &[u8], offset: usize) -> Result<Self> {
        let mut reader = Reader::at(FILE, bytes, offset);
        let list = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut fields = list.children()?;
        let version = fields.expect(tag::INTEGER)?;
        if version.unsigned()? != 0 {
            return Err(version.malformed("version of the master list"));
        }
        let set = fields.expect(tag::SET)?;
        fields.finish()?;
        let mut certificates = Vec::new();
        let mut reader = set.children()?;
        while !reader.is_empty() {
            let certificate = reader.expect(tag::SEQUENCE)?;
            if certificates.len() == MAX_CERTIFICATES {
                return Err(certificate.malformed("master list: too many certificates"));
            }
            certificates.push(certificate.raw.to_vec());
        }
        Ok(Self { certificates })
    }

    /// The DER encoding; the certificates are sorted, as a SET OF is.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut certificates = self.certificates.clone();
        certificates.sort();
        let set = tlv::encode_all(tag::SET, &certificates);
        tlv::encode_all(tag::SEQUENCE, &[tlv::encode_unsigned(0), set])
    }
}

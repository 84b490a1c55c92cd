//! EF.CardSecurity (Doc 9303-11 9.2.11): the SecurityInfos of the master file under a signature.
//!
//! ```text
//! ContentInfo { SignedData { eContentType id-SecurityObject, eContent SecurityInfos } }
//! ```

use crate::FileId;
use crate::cms::{SignedData, SignerInfo};
use crate::error::Result;
use crate::security_info::{SecurityInfo, parse_set};
use crate::tlv::{self, Oid, Reader, tag};

/// id-SecurityObject of BSI TR-03110-3.
pub const OID_SECURITY_OBJECT: &str = "0.4.0.127.0.7.3.2.1";

/// EF.CardSecurity as parsed: neither its signature nor its signer has been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardSecurity {
    /// All SecurityInfos, in the order they stand.
    pub security_infos: Vec<SecurityInfo>,
    /// The exact bytes of the SecurityInfos, which the messageDigest attribute is the digest of.
    pub econtent_raw: Vec<u8>,
    /// Certificates inside, DER: normally the document signer's.
    pub certificates: Vec<Vec<u8>>,
    /// Who signed, and the signature.
    pub signer: SignerInfo,
}

impl CardSecurity {
    /// Reads EF.CardSecurity.
    ///
    /// # Errors
    /// It is not a CMS SignedData with one signer over SecurityInfos.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let content_info = tlv::read_file(FileId::CardSecurity, bytes)?;
        let signed = SignedData::from_content_info(&content_info)?;
        if signed.econtent_type != Oid::new(OID_SECURITY_OBJECT) {
            return Err(content_info.malformed("content type: not a security object"));
        }
        let mut content = Reader::at(FileId::CardSecurity.name(), &signed.econtent, signed.econtent_offset);
        let set = content.expect(tag::SET)?;
        content.finish()?;
        Ok(Self {
            security_infos: parse_set(&set)?,
            econtent_raw: signed.econtent,
            certificates: signed.certificates,
            signer: signed.signer,
        })
    }
}

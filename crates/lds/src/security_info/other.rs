//! SecurityInfos of BSI TR-03110-3 A.1.1 that stand on identity cards and residence permits beside those of Doc 9303.
//! Nothing in the check of a document depends on them.

use super::{KeyAgreement, SecurityInfo, optional_unsigned, parse_set};
use crate::error::Result;
use crate::tlv::{self, Oid, Reader, tag};

const CHIP_AUTHENTICATION_DH: Oid = Oid::new("0.4.0.127.0.7.2.2.3.1");
const CHIP_AUTHENTICATION_ECDH: Oid = Oid::new("0.4.0.127.0.7.2.2.3.2");
const RESTRICTED_IDENTIFICATION: Oid = Oid::new("0.4.0.127.0.7.2.2.5");
const CARD_INFO: Oid = Oid::new("0.4.0.127.0.7.2.2.6");
pub(super) const PRIVILEGED_TERMINAL: Oid = Oid::new("0.4.0.127.0.7.2.2.8");

/// ChipAuthenticationDomainParameterInfo.
///
/// ```text
/// SEQUENCE { protocol OID(id-CA-DH | id-CA-ECDH), domainParameter AlgorithmIdentifier, keyId INTEGER OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationDomainParameterInfo {
    /// DH or ECDH.
    pub agreement: KeyAgreement,
    /// AlgorithmIdentifier with the parameters, DER.
    pub domain_parameter_der: Vec<u8>,
    /// Which key, if there are several.
    pub key_id: Option<u64>,
}

/// RestrictedIdentificationInfo.
///
/// ```text
/// SEQUENCE { protocol OID, params SEQUENCE { version INTEGER, keyId INTEGER, authorizedOnly BOOLEAN },
///            maxKeyLen INTEGER OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestrictedIdentificationInfo {
    /// The protocol.
    pub oid: Oid,
    /// 1.
    pub version: u64,
    /// Which key of the chip.
    pub key_id: u64,
    /// Whether only authorised terminals may use it.
    pub authorized_only: bool,
    /// The longest key of a sector, in bits.
    pub max_key_len: Option<u64>,
}

/// RestrictedIdentificationDomainParameterInfo.
///
/// ```text
/// SEQUENCE { protocol OID(id-RI-DH | id-RI-ECDH), domainParameter AlgorithmIdentifier }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestrictedIdentificationDomainParameterInfo {
    /// DH or ECDH.
    pub agreement: KeyAgreement,
    /// AlgorithmIdentifier with the parameters, DER.
    pub domain_parameter_der: Vec<u8>,
}

/// CardInfo.
///
/// ```text
/// SEQUENCE { protocol OID, urlCardInfo IA5String, optionalCardInfo ANY OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardInfo {
    /// Where the State describes this kind of chip. It is never fetched.
    pub url: String,
    /// What stands after it, DER.
    pub optional_der: Option<Vec<u8>>,
}

/// Reads the rest of a SecurityInfo after its OID; `None` for an OID that is none of these.
pub(super) fn read(oid: &Oid, fields: &mut Reader<'_>) -> Result<Option<SecurityInfo>> {
    let info = match *oid {
        CHIP_AUTHENTICATION_DH | CHIP_AUTHENTICATION_ECDH => {
            let agreement =
                if *oid == CHIP_AUTHENTICATION_DH { KeyAgreement::Dh } else { KeyAgreement::Ecdh };
            let domain_parameter_der = fields.expect(tag::SEQUENCE)?.raw.to_vec();
            let key_id = optional_unsigned(fields)?;
            let info = ChipAuthenticationDomainParameterInfo { agreement, domain_parameter_der, key_id };
            SecurityInfo::ChipAuthenticationDomainParameter(info)
        }
        CARD_INFO => {
            let url = crate::text::decode(fields.expect(tag::IA5_STRING)?.value);
            let optional_der = fields.next_element()?.map(|element| element.raw.to_vec());
            fields.finish()?;
            SecurityInfo::CardInfo(CardInfo { url, optional_der })
        }
        PRIVILEGED_TERMINAL => {
            let infos = parse_set(&fields.expect(tag::SET)?)?;
            fields.finish()?;
            SecurityInfo::PrivilegedTerminal(infos)
        }
        _ => return restricted_identification(oid, fields),
    };
    Ok(Some(info))
}

fn restricted_identification(oid: &Oid, fields: &mut Reader<'_>) -> Result<Option<SecurityInfo>> {
    let (agreement, hash) = match oid.below(&RESTRICTED_IDENTIFICATION) {
        Some([1, hash @ ..]) => (KeyAgreement::Dh, hash),
        Some([2, hash @ ..]) => (KeyAgreement::Ecdh, hash),
        _ => return Ok(None),
    };
    if hash.is_empty() {
        let domain_parameter_der = fields.expect(tag::SEQUENCE)?.raw.to_vec();
        fields.finish()?;
        let info = RestrictedIdentificationDomainParameterInfo { agreement, domain_parameter_der };
        return Ok(Some(SecurityInfo::RestrictedIdentificationDomainParameter(info)));
    }
    let mut params = fields.expect(tag::SEQUENCE)?.children()?;
    let version = params.expect(tag::INTEGER)?.unsigned()?;
    let key_id = params.expect(tag::INTEGER)?.unsigned()?;
    let authorized_only = params.expect(tag::BOOLEAN)?.value != [0];
    params.finish()?;
    let max_key_len = optional_unsigned(fields)?;
    let info = RestrictedIdentificationInfo { oid: *oid, version, key_id, authorized_only, max_key_len };
    Ok(Some(SecurityInfo::RestrictedIdentification(info)))
}

/// The fields of a SecurityInfo, to be written.
type Parts = Vec<Option<Vec<u8>>>;

impl ChipAuthenticationDomainParameterInfo {
    pub(super) fn parts(&self) -> Parts {
        let oid = match self.agreement {
            KeyAgreement::Dh => CHIP_AUTHENTICATION_DH,
            KeyAgreement::Ecdh => CHIP_AUTHENTICATION_ECDH,
        };
        let key_id = self.key_id.map(tlv::encode_unsigned);
        vec![Some(oid.encode()), Some(self.domain_parameter_der.clone()), key_id]
    }
}

impl RestrictedIdentificationInfo {
    pub(super) fn parts(&self) -> Parts {
        let authorized_only = if self.authorized_only { 0xFF } else { 0 };
        let params = tlv::encode_all(
            tag::SEQUENCE,
            &[
                tlv::encode_unsigned(self.version),
                tlv::encode_unsigned(self.key_id),
                tlv::encode(tag::BOOLEAN, &[authorized_only]),
            ],
        );
        vec![Some(self.oid.encode()), Some(params), self.max_key_len.map(tlv::encode_unsigned)]
    }
}

impl RestrictedIdentificationDomainParameterInfo {
    pub(super) fn parts(&self) -> Parts {
        let kind = match self.agreement {
            KeyAgreement::Dh => 1,
            KeyAgreement::Ecdh => 2,
        };
        let oid = RESTRICTED_IDENTIFICATION.child(kind).encode();
        vec![Some(oid), Some(self.domain_parameter_der.clone())]
    }
}

impl CardInfo {
    pub(super) fn parts(&self) -> Parts {
        let url = tlv::encode(tag::IA5_STRING, self.url.as_bytes());
        vec![Some(CARD_INFO.encode()), Some(url), self.optional_der.clone()]
    }
}

//! SecurityInfos (Doc 9303-11 9.2): which protocols a chip offers and with which keys.
//!
//! ```text
//! SecurityInfos ::= SET OF SecurityInfo
//! SecurityInfo  ::= SEQUENCE { protocol OBJECT IDENTIFIER, requiredData ANY, optionalData ANY OPTIONAL }
//! ```

mod other;

use crypto::SessionCipher;

use crate::error::Result;
use crate::tlv::{self, Element, Oid, Reader, tag};

pub use other::{
    CardInfo, ChipAuthenticationDomainParameterInfo, RestrictedIdentificationDomainParameterInfo,
    RestrictedIdentificationInfo,
};

/// More than any chip has.
const MAX_SECURITY_INFOS: usize = 64;

const PK_DH: Oid = Oid::new("0.4.0.127.0.7.2.2.1.1");
const PK_ECDH: Oid = Oid::new("0.4.0.127.0.7.2.2.1.2");
const TERMINAL_AUTHENTICATION: Oid = Oid::new("0.4.0.127.0.7.2.2.2");
const CHIP_AUTHENTICATION: Oid = Oid::new("0.4.0.127.0.7.2.2.3");
const PACE: Oid = Oid::new("0.4.0.127.0.7.2.2.4");
const ACTIVE_AUTHENTICATION: Oid = Oid::new("2.23.136.1.1.5");

/// Which Diffie-Hellman.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAgreement {
    /// In a prime field.
    Dh,
    /// On an elliptic curve.
    Ecdh,
}

/// How PACE maps the nonce to a generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaceMapping {
    /// Generic mapping.
    Generic,
    /// Integrated mapping.
    Integrated,
    /// Chip authentication mapping.
    ChipAuthentication,
}

/// One SecurityInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityInfo {
    /// Chip Authentication is offered.
    ChipAuthentication(ChipAuthenticationInfo),
    /// A public key of Chip Authentication.
    ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo),
    /// A way of PACE is offered.
    Pace(PaceInfo),
    /// Domain parameters of PACE that are not standardised ones.
    PaceDomainParameter(PaceDomainParameterInfo),
    /// The signature algorithm of Active Authentication with ECDSA.
    ActiveAuthentication(ActiveAuthenticationInfo),
    /// Terminal Authentication is offered.
    TerminalAuthentication(TerminalAuthenticationInfo),
    /// Domain parameters of Chip Authentication version 2 and 3.
    ChipAuthenticationDomainParameter(ChipAuthenticationDomainParameterInfo),
    /// Restricted Identification is offered.
    RestrictedIdentification(RestrictedIdentificationInfo),
    /// Domain parameters of Restricted Identification.
    RestrictedIdentificationDomainParameter(RestrictedIdentificationDomainParameterInfo),
    /// Where the State describes this kind of chip.
    CardInfo(CardInfo),
    /// SecurityInfos that only privileged terminals may use.
    PrivilegedTerminal(Vec<SecurityInfo>),
    /// Any other, kept as it is.
    Unknown {
        /// The protocol.
        oid: Oid,
        /// The whole SecurityInfo, DER.
        raw: Vec<u8>,
    },
}

/// ChipAuthenticationInfo (Doc 9303-11 9.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationInfo {
    /// The protocol: goes into MSE:Set AT.
    pub oid: Oid,
    /// DH or ECDH.
    pub agreement: KeyAgreement,
    /// The cipher of the new session.
    pub cipher: SessionCipher,
    /// 1 or 2.
    pub version: u64,
    /// Which key, if there are several.
    pub key_id: Option<u64>,
}

/// ChipAuthenticationPublicKeyInfo (Doc 9303-11 9.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationPublicKeyInfo {
    /// The kind of key.
    pub oid: Oid,
    /// DH or ECDH.
    pub agreement: KeyAgreement,
    /// SubjectPublicKeyInfo, DER, exact bytes.
    pub spki_der: Vec<u8>,
    /// Which key, if there are several.
    pub key_id: Option<u64>,
}

/// PACEInfo (Doc 9303-11 9.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceInfo {
    /// The protocol: goes into MSE:Set AT.
    pub oid: Oid,
    /// DH or ECDH.
    pub agreement: KeyAgreement,
    /// The mapping.
    pub mapping: PaceMapping,
    /// The cipher of the session.
    pub cipher: SessionCipher,
    /// 2.
    pub version: u64,
    /// Standardised domain parameters (Doc 9303-11 Table 6) or the id of a [`PaceDomainParameterInfo`].
    pub parameter_id: Option<u64>,
}

/// PACEDomainParameterInfo (Doc 9303-11 9.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceDomainParameterInfo {
    /// The protocol.
    pub oid: Oid,
    /// AlgorithmIdentifier with the parameters, DER.
    pub domain_parameter_der: Vec<u8>,
    /// The local id.
    pub parameter_id: Option<u64>,
}

/// ActiveAuthenticationInfo (Doc 9303-11 9.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveAuthenticationInfo {
    /// 1.
    pub version: u64,
    /// The signature algorithm: a plain ECDSA OID of TR-03111.
    pub signature_algorithm_oid: Oid,
}

/// TerminalAuthenticationInfo (Doc 9303-11 9.2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalAuthenticationInfo {
    /// 1 or 2.
    pub version: u64,
    /// The file EF.CVCA, DER, if it is named.
    pub ef_cvca_der: Option<Vec<u8>>,
}

/// Reads a SET OF SecurityInfo.
///
/// # Errors
/// One of them is not what its OID says, or there are more than 64.
pub fn parse_set(set: &Element<'_>) -> Result<Vec<SecurityInfo>> {
    let mut reader = set.children()?;
    let mut out = Vec::new();
    while !reader.is_empty() {
        let info = reader.expect(tag::SEQUENCE)?;
        if out.len() == MAX_SECURITY_INFOS {
            return Err(info.malformed("SecurityInfos: too many"));
        }
        out.push(SecurityInfo::from_element(&info)?);
    }
    Ok(out)
}

/// Encodes a SET OF SecurityInfo, sorted as DER demands.
#[must_use]
pub fn encode_set(infos: &[SecurityInfo]) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = infos.iter().map(SecurityInfo::encode).collect();
    parts.sort();
    tlv::encode_all(tag::SET, &parts)
}

impl SecurityInfo {
    fn from_element(info: &Element<'_>) -> Result<Self> {
        let mut fields = info.children()?;
        let oid = fields.required(tag::OID, "protocol of a SecurityInfo")?.oid()?;
        if let Some(agreement) = public_key_agreement(&oid) {
            let spki_der = fields.required(tag::SEQUENCE, "public key of Chip Authentication")?.raw.to_vec();
            let key_id = optional_unsigned(&mut fields)?;
            let key = ChipAuthenticationPublicKeyInfo { oid, agreement, spki_der, key_id };
            return Ok(Self::ChipAuthenticationPublicKey(key));
        }
        if let Some((agreement, cipher)) = chip_authentication_protocol(&oid) {
            let version = fields.required(tag::INTEGER, "version of ChipAuthenticationInfo")?.unsigned()?;
            let key_id = optional_unsigned(&mut fields)?;
            let offer = ChipAuthenticationInfo { oid, agreement, cipher, version, key_id };
            return Ok(Self::ChipAuthentication(offer));
        }
        if let Some((agreement, mapping, cipher)) = pace_protocol(&oid) {
            return Self::pace(oid, agreement, mapping, cipher, &mut fields);
        }
        match oid {
            ACTIVE_AUTHENTICATION => {
                let version = fields.expect(tag::INTEGER)?.unsigned()?;
                let signature_algorithm_oid = fields.expect(tag::OID)?.oid()?;
                let info = ActiveAuthenticationInfo { version, signature_algorithm_oid };
                Ok(Self::ActiveAuthentication(info))
            }
            TERMINAL_AUTHENTICATION => {
                let version = fields.expect(tag::INTEGER)?.unsigned()?;
                let ef_cvca_der = fields.optional(tag::SEQUENCE)?.map(|e| e.raw.to_vec());
                Ok(Self::TerminalAuthentication(TerminalAuthenticationInfo { version, ef_cvca_der }))
            }
            _ => match other::read(&oid, &mut fields)? {
                Some(known) => Ok(known),
                None => Ok(Self::Unknown { oid, raw: info.raw.to_vec() }),
            },
        }
    }

    fn pace(
        oid: Oid,
        agreement: KeyAgreement,
        mapping: PaceMapping,
        cipher: Option<SessionCipher>,
        fields: &mut Reader<'_>,
    ) -> Result<Self> {
        let Some(cipher) = cipher else {
            let domain_parameter_der = fields.expect(tag::SEQUENCE)?.raw.to_vec();
            let parameter_id = optional_unsigned(fields)?;
            let info = PaceDomainParameterInfo { oid, domain_parameter_der, parameter_id };
            return Ok(Self::PaceDomainParameter(info));
        };
        let version = fields.required(tag::INTEGER, "version of PACEInfo")?.unsigned()?;
        let parameter_id = optional_unsigned(fields)?;
        Ok(Self::Pace(PaceInfo { oid, agreement, mapping, cipher, version, parameter_id }))
    }

    /// The SecurityInfo, DER.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let number = |n: &u64| tlv::encode_unsigned(*n);
        let parts = match self {
            Self::Unknown { raw, .. } => return raw.clone(),
            Self::ChipAuthentication(info) => {
                vec![Some(info.oid.encode()), Some(number(&info.version)), info.key_id.as_ref().map(number)]
            }
            Self::ChipAuthenticationPublicKey(info) => {
                let key_id = info.key_id.as_ref().map(number);
                vec![Some(info.oid.encode()), Some(info.spki_der.clone()), key_id]
            }
            Self::Pace(info) => {
                let parameter_id = info.parameter_id.as_ref().map(number);
                vec![Some(info.oid.encode()), Some(number(&info.version)), parameter_id]
            }
            Self::PaceDomainParameter(info) => {
                let parameter_id = info.parameter_id.as_ref().map(number);
                vec![Some(info.oid.encode()), Some(info.domain_parameter_der.clone()), parameter_id]
            }
            Self::ActiveAuthentication(info) => vec![
                Some(ACTIVE_AUTHENTICATION.encode()),
                Some(number(&info.version)),
                Some(info.signature_algorithm_oid.encode()),
            ],
            Self::TerminalAuthentication(info) => vec![
                Some(TERMINAL_AUTHENTICATION.encode()),
                Some(number(&info.version)),
                info.ef_cvca_der.clone(),
            ],
            Self::ChipAuthenticationDomainParameter(info) => info.parts(),
            Self::RestrictedIdentification(info) => info.parts(),
            Self::RestrictedIdentificationDomainParameter(info) => info.parts(),
            Self::CardInfo(info) => info.parts(),
            Self::PrivilegedTerminal(infos) => {
                vec![Some(other::PRIVILEGED_TERMINAL.encode()), Some(encode_set(infos))]
            }
        };
        tlv::encode_all(tag::SEQUENCE, &parts.into_iter().flatten().collect::<Vec<_>>())
    }
}

impl ChipAuthenticationInfo {
    /// The offer of ECDH Chip Authentication with this cipher.
    #[must_use]
    pub fn ecdh(cipher: SessionCipher, key_id: Option<u64>) -> Self {
        let oid = CHIP_AUTHENTICATION.child(2).child(cipher_number(cipher));
        Self { oid, agreement: KeyAgreement::Ecdh, cipher, version: 1, key_id }
    }
}

impl ChipAuthenticationInfo {
    /// The offer of Chip Authentication in a prime field with this cipher.
    #[must_use]
    pub fn dh(cipher: SessionCipher, key_id: Option<u64>) -> Self {
        let oid = CHIP_AUTHENTICATION.child(1).child(cipher_number(cipher));
        Self { oid, agreement: KeyAgreement::Dh, cipher, version: 1, key_id }
    }
}

impl ChipAuthenticationPublicKeyInfo {
    /// A key in a prime field.
    #[must_use]
    pub fn dh(spki_der: Vec<u8>, key_id: Option<u64>) -> Self {
        Self { oid: PK_DH, agreement: KeyAgreement::Dh, spki_der, key_id }
    }

    /// An ECDH key.
    #[must_use]
    pub fn ecdh(spki_der: Vec<u8>, key_id: Option<u64>) -> Self {
        Self { oid: PK_ECDH, agreement: KeyAgreement::Ecdh, spki_der, key_id }
    }
}

impl PaceInfo {
    /// An offer of PACE with standardised domain parameters. In a prime field there is no Chip Authentication mapping;
    /// then the OID is one that no standard knows.
    #[must_use]
    pub fn new(
        agreement: KeyAgreement,
        mapping: PaceMapping,
        cipher: SessionCipher,
        parameter_id: u8,
    ) -> Self {
        let kind = match (agreement, mapping) {
            (KeyAgreement::Dh, PaceMapping::Generic) => 1,
            (KeyAgreement::Ecdh, PaceMapping::Generic) => 2,
            (KeyAgreement::Dh, PaceMapping::Integrated) => 3,
            (KeyAgreement::Ecdh, PaceMapping::Integrated) => 4,
            (KeyAgreement::Dh, PaceMapping::ChipAuthentication) => 5,
            (KeyAgreement::Ecdh, PaceMapping::ChipAuthentication) => 6,
        };
        let oid = PACE.child(kind).child(cipher_number(cipher));
        let parameter_id = Some(u64::from(parameter_id));
        Self { oid, agreement, mapping, cipher, version: 2, parameter_id }
    }

    /// The offer of PACE with ECDH, generic mapping and standardised domain parameters.
    #[must_use]
    pub fn ecdh_generic(cipher: SessionCipher, parameter_id: u8) -> Self {
        Self::new(KeyAgreement::Ecdh, PaceMapping::Generic, cipher, parameter_id)
    }
}

fn optional_unsigned(fields: &mut Reader<'_>) -> Result<Option<u64>> {
    let value = fields.optional(tag::INTEGER)?.map(|e| e.unsigned()).transpose()?;
    fields.finish()?;
    Ok(value)
}

fn public_key_agreement(oid: &Oid) -> Option<KeyAgreement> {
    match *oid {
        PK_DH => Some(KeyAgreement::Dh),
        PK_ECDH => Some(KeyAgreement::Ecdh),
        _ => None,
    }
}

fn chip_authentication_protocol(oid: &Oid) -> Option<(KeyAgreement, SessionCipher)> {
    match oid.below(&CHIP_AUTHENTICATION)? {
        [1, number] => Some((KeyAgreement::Dh, cipher(*number)?)),
        [2, number] => Some((KeyAgreement::Ecdh, cipher(*number)?)),
        _ => None,
    }
}

/// Agreement, mapping and cipher of a PACE OID; no cipher: the OID of a PACEDomainParameterInfo.
fn pace_protocol(oid: &Oid) -> Option<(KeyAgreement, PaceMapping, Option<SessionCipher>)> {
    let (kind, number) = oid.below(&PACE)?.split_first()?;
    let (agreement, mapping) = match kind {
        1 => (KeyAgreement::Dh, PaceMapping::Generic),
        2 => (KeyAgreement::Ecdh, PaceMapping::Generic),
        3 => (KeyAgreement::Dh, PaceMapping::Integrated),
        4 => (KeyAgreement::Ecdh, PaceMapping::Integrated),
        6 => (KeyAgreement::Ecdh, PaceMapping::ChipAuthentication),
        _ => return None,
    };
    match number {
        [] => Some((agreement, mapping, None)),
        [number] => Some((agreement, mapping, Some(cipher(*number)?))),
        _ => None,
    }
}

fn cipher(number: u8) -> Option<SessionCipher> {
    match number {
        1 => Some(SessionCipher::TripleDes),
        2 => Some(SessionCipher::Aes128),
        3 => Some(SessionCipher::Aes192),
        4 => Some(SessionCipher::Aes256),
        _ => None,
    }
}

fn cipher_number(cipher: SessionCipher) -> u64 {
    match cipher {
        SessionCipher::TripleDes => 1,
        SessionCipher::Aes128 => 2,
        SessionCipher::Aes192 => 3,
        SessionCipher::Aes256 => 4,
    }
}

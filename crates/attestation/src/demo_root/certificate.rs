//! X.509 certificates of demo chains, signed with ECDSA and SHA-256.

use clock::UnixTime;
use crypto::{EcPrivateKey, HashAlgorithm};

use crate::tlv::{
    BIT_STRING, BOOLEAN, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, UTC_TIME, UTF8_STRING,
    encode, explicit, number, set_of,
};

/// Contents of the OIDs used.
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub(crate) const KEY_DESCRIPTION: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 1, 17];
/// 1.2.840.113635.100.8.2.
pub(crate) const APP_ATTEST_NONCE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 8, 2];
/// Contents of keyUsage: the number of unused bits, then bit 5 or bit 0.
pub(crate) const KEY_CERT_SIGN: [u8; 2] = [2, 0x04];
pub(crate) const DIGITAL_SIGNATURE: [u8; 2] = [7, 0x80];
/// The last byte of 2.5.4.x.
pub(crate) const COMMON_NAME: u8 = 3;
pub(crate) const SERIAL_NUMBER: u8 = 5;
pub(crate) const TITLE: u8 = 12;
#[cfg(test)]
pub(crate) const ORGANIZATION: u8 = 10;

/// What a certificate is made from. Every field may be changed to make a wrong one.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) serial: u64,
    /// Name, DER.
    pub(crate) issuer: Vec<u8>,
    /// Name, DER.
    pub(crate) subject: Vec<u8>,
    pub(crate) not_before: UnixTime,
    pub(crate) not_after: UnixTime,
    /// SubjectPublicKeyInfo, DER.
    pub(crate) spki: Vec<u8>,
    /// basicConstraints with cA.
    pub(crate) ca: bool,
    /// [`KEY_CERT_SIGN`] or [`DIGITAL_SIGNATURE`].
    pub(crate) key_usage: [u8; 2],
    /// The attestation extension: its OID's content, its value.
    pub(crate) extension: Option<(&'static [u8], Vec<u8>)>,
}

impl Certificate {
    pub(crate) fn sign(&self, issuer: &EcPrivateKey) -> Vec<u8> {
        let algorithm = encode(SEQUENCE, &[encode(OID, &[ECDSA_WITH_SHA256])]);
        let signed = encode(
            SEQUENCE,
            &[
                explicit(0, &[number(INTEGER, 2)]),
                number(INTEGER, self.serial),
                algorithm.clone(),
                self.issuer.clone(),
                encode(SEQUENCE, &[time(self.not_before), time(self.not_after)]),
                self.subject.clone(),
                self.spki.clone(),
                explicit(3, &[encode(SEQUENCE, &self.extensions())]),
            ],
        );
        let signature = issuer.sign(HashAlgorithm::Sha256, &signed).to_der();
        encode(SEQUENCE, &[signed, algorithm, encode(BIT_STRING, &[&[0], &signature[..]])])
    }

    fn extensions(&self) -> Vec<Vec<u8>> {
        let yes = encode(BOOLEAN, &[[0xff]]);
        let critical = |oid: &[u8], value: Vec<u8>| {
            encode(SEQUENCE, &[encode(OID, &[oid]), yes.clone(), encode(OCTET_STRING, &[value])])
        };
        let mut out = Vec::new();
        if self.ca {
            out.push(critical(BASIC_CONSTRAINTS, encode(SEQUENCE, &[&yes])));
        }
        out.push(critical(KEY_USAGE, encode(BIT_STRING, &[self.key_usage])));
        if let Some((oid, value)) = &self.extension {
            out.push(encode(SEQUENCE, &[encode(OID, &[oid]), encode(OCTET_STRING, &[value])]));
        }
        out
    }
}

/// A Name of attributes 2.5.4.x.
pub(crate) fn name(attributes: &[(u8, &str)]) -> Vec<u8> {
    let rdn = |(oid, value): &(u8, &str)| {
        set_of(vec![encode(SEQUENCE, &[encode(OID, &[[0x55, 4, *oid]]), encode(UTF8_STRING, &[value])])])
    };
    encode(SEQUENCE, &attributes.iter().map(rdn).collect::<Vec<_>>())
}

/// Time (RFC 5280, 4.1.2.5): UTCTime to 2049, then GeneralizedTime.
fn time(at: UnixTime) -> Vec<u8> {
    let digits: String = at.to_string().chars().filter(char::is_ascii_digit).collect();
    if (1950..2050).contains(&at.date().0) {
        encode(UTC_TIME, &[format!("{}Z", &digits[2..])])
    } else {
        encode(GENERALIZED_TIME, &[format!("{digits}Z")])
    }
}

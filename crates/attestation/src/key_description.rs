//! The attestation extension, 1.3.6.1.4.1.11129.2.1.17 (source.android.com, "Key and ID attestation").
//!
//! Tags may come in any order (phones exist that do not sort them) but only once. Tags that no check needs are
//! skipped, above all the device's identifiers (710-717, 723).

use crate::Error;
use crate::tlv::{ENUMERATED, INTEGER, NULL, OCTET_STRING, Reader, SEQUENCE, SET};

const WHAT: &str = "attestation extension";

/// ```text
/// KeyDescription ::= SEQUENCE {
///     attestationVersion        INTEGER,
///     attestationSecurityLevel  SecurityLevel,
///     keyMintVersion            INTEGER,
///     keyMintSecurityLevel      SecurityLevel,
///     attestationChallenge      OCTET STRING,
///     uniqueId                  OCTET STRING,
///     softwareEnforced          AuthorizationList,
///     hardwareEnforced          AuthorizationList }
/// SecurityLevel ::= ENUMERATED { Software (0), TrustedEnvironment (1), StrongBox (2) }
/// ```
#[derive(Debug)]
pub(crate) struct KeyDescription<'a> {
    pub(crate) attestation_security_level: u64,
    pub(crate) keymint_security_level: u64,
    pub(crate) challenge: &'a [u8],
    pub(crate) software_enforced: AuthorizationList,
    pub(crate) hardware_enforced: AuthorizationList,
}

/// What a key may do and where it was made: `SEQUENCE { [n] EXPLICIT .. OPTIONAL, .. }`.
#[derive(Debug, Default)]
pub(crate) struct AuthorizationList {
    pub(crate) purposes: Vec<u64>,
    pub(crate) algorithm: Option<u64>,
    pub(crate) digests: Vec<u64>,
    pub(crate) ec_curve: Option<u64>,
    pub(crate) no_auth_required: bool,
    pub(crate) user_auth_type: Option<u64>,
    pub(crate) all_applications: bool,
    pub(crate) origin: Option<u64>,
    pub(crate) root_of_trust: Option<RootOfTrust>,
    pub(crate) os_patch_level: Option<u64>,
    pub(crate) vendor_patch_level: Option<u64>,
    pub(crate) boot_patch_level: Option<u64>,
    pub(crate) application_id: Option<ApplicationId>,
}

/// ```text
/// RootOfTrust ::= SEQUENCE {
///     verifiedBootKey    OCTET STRING,
///     deviceLocked       BOOLEAN,
///     verifiedBootState  ENUMERATED { Verified (0), SelfSigned (1), Unverified (2), Failed (3) },
///     verifiedBootHash   OCTET STRING }  -- from version 3 on
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RootOfTrust {
    pub(crate) verified_boot_key: Vec<u8>,
    pub(crate) device_locked: bool,
    pub(crate) verified_boot_state: u64,
    pub(crate) verified_boot_hash: Option<Vec<u8>>,
}

/// DER inside an OCTET STRING:
/// ```text
/// AttestationApplicationId ::= SEQUENCE {
///     packageInfos      SET OF SEQUENCE { packageName OCTET STRING, version INTEGER },
///     signatureDigests  SET OF OCTET STRING }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ApplicationId {
    pub(crate) packages: Vec<Vec<u8>>,
    pub(crate) signatures: Vec<Vec<u8>>,
}

impl<'a> KeyDescription<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let mut outer = Reader::new(der, WHAT);
        let mut fields = outer.inner(SEQUENCE)?;
        outer.finish()?;
        fields.number(INTEGER)?;
        let attestation_security_level = fields.number(ENUMERATED)?;
        fields.number(INTEGER)?;
        let keymint_security_level = fields.number(ENUMERATED)?;
        let challenge = fields.take(OCTET_STRING)?;
        fields.take(OCTET_STRING)?;
        let software_enforced = AuthorizationList::parse(fields.inner(SEQUENCE)?)?;
        let hardware_enforced = AuthorizationList::parse(fields.inner(SEQUENCE)?)?;
        fields.finish()?;
        Ok(Self {
            attestation_security_level,
            keymint_security_level,
            challenge,
            software_enforced,
            hardware_enforced,
        })
    }
}

impl AuthorizationList {
    fn parse(mut fields: Reader<'_>) -> Result<Self, Error> {
        let (mut list, mut seen) = (Self::default(), Vec::new());
        while !fields.is_empty() {
            let (tag, mut value) = fields.context()?;
            if seen.contains(&tag) {
                return Err(fields.malformed());
            }
            seen.push(tag);
            if list.read(tag, &mut value)? {
                value.finish()?;
            }
        }
        Ok(list)
    }

    /// Reads the value of a tag; false for one that no check needs.
    fn read(&mut self, tag: u32, value: &mut Reader<'_>) -> Result<bool, Error> {
        match tag {
            1 => self.purposes = numbers(value)?,
            2 => self.algorithm = Some(value.number(INTEGER)?),
            5 => self.digests = numbers(value)?,
            10 => self.ec_curve = Some(value.number(INTEGER)?),
            503 => self.no_auth_required = value.take(NULL)?.is_empty(),
            504 => self.user_auth_type = Some(value.number(INTEGER)?),
            600 => self.all_applications = value.take(NULL)?.is_empty(),
            702 => self.origin = Some(value.number(INTEGER)?),
            704 => self.root_of_trust = Some(RootOfTrust::parse(value.inner(SEQUENCE)?)?),
            706 => self.os_patch_level = Some(value.number(INTEGER)?),
            709 => self.application_id = Some(ApplicationId::parse(value.take(OCTET_STRING)?)?),
            718 => self.vendor_patch_level = Some(value.number(INTEGER)?),
            719 => self.boot_patch_level = Some(value.number(INTEGER)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl RootOfTrust {
    fn parse(mut fields: Reader<'_>) -> Result<Self, Error> {
        let root = Self {
            verified_boot_key: fields.take(OCTET_STRING)?.to_vec(),
            device_locked: fields.boolean()?,
            verified_boot_state: fields.number(ENUMERATED)?,
            verified_boot_hash: match fields.is_empty() {
                true => None,
                false => Some(fields.take(OCTET_STRING)?.to_vec()),
            },
        };
        fields.finish()?;
        Ok(root)
    }
}

impl ApplicationId {
    fn parse(der: &[u8]) -> Result<Self, Error> {
        let mut outer = Reader::new(der, WHAT);
        let mut fields = outer.inner(SEQUENCE)?;
        outer.finish()?;
        let (mut packages, mut digests) = (fields.inner(SET)?, fields.inner(SET)?);
        fields.finish()?;
        let mut id = Self::default();
        while !packages.is_empty() {
            let mut package = packages.inner(SEQUENCE)?;
            id.packages.push(package.take(OCTET_STRING)?.to_vec());
            package.number(INTEGER)?;
            package.finish()?;
        }
        while !digests.is_empty() {
            id.signatures.push(digests.take(OCTET_STRING)?.to_vec());
        }
        Ok(id)
    }
}

/// `SET OF INTEGER`.
fn numbers(value: &mut Reader<'_>) -> Result<Vec<u64>, Error> {
    let mut set = value.inner(SET)?;
    let mut out = Vec::new();
    while !set.is_empty() {
        out.push(set.number(INTEGER)?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Bench;
    use crate::tlv::{encode, explicit, number};

    /// A description whose hardware list has these fields.
    fn with(fields: &[Vec<u8>]) -> Vec<u8> {
        let level = number(ENUMERATED, 1);
        let (version, bytes) = (number(INTEGER, 4), encode(OCTET_STRING, &[b"c"]));
        let (software, hardware) = (encode(SEQUENCE, &[[]; 0]), encode(SEQUENCE, fields));
        let parts = [&version, &level, &version, &level, &bytes, &bytes, &software, &hardware];
        encode(SEQUENCE, &parts)
    }

    fn refused(der: &[u8]) -> bool {
        KeyDescription::parse(der).err() == Some(Error::Malformed(WHAT))
    }

    #[test]
    fn tags_may_come_unordered_but_once() {
        let (origin, algorithm) = (explicit(702, &[number(INTEGER, 0)]), explicit(2, &[number(INTEGER, 3)]));
        let der = with(&[origin.clone(), algorithm.clone()]);
        let list = KeyDescription::parse(&der).unwrap().hardware_enforced;
        assert_eq!((list.origin, list.algorithm), (Some(0), Some(3)));
        assert!(refused(&with(&[origin.clone(), algorithm, origin])));
    }

    #[test]
    fn device_identifiers_are_skipped_unread() {
        let imei = explicit(714, &[encode(OCTET_STRING, &[b"490154203237518"])]);
        let der = with(&[imei]);
        let list = KeyDescription::parse(&der).unwrap();
        assert!(!format!("{:?}", list.hardware_enforced).contains("52, 57, 48"));
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        assert!(refused(&with(&[explicit(702, &[encode(OCTET_STRING, &[[0]])])])));
        assert!(refused(&with(&[explicit(503, &[number(INTEGER, 0)])])));
        assert!(refused(&with(&[explicit(702, &[number(INTEGER, 0), number(INTEGER, 2)])])));
        assert!(refused(&with(&[number(INTEGER, 0)])));
        assert!(refused(&with(&[explicit(702, &[encode(INTEGER, &[[0xff]])])])), "negative");
        assert!(refused(&with(&[explicit(702, &[encode(INTEGER, &[[1; 9]])])])), "beyond 64 bits");
    }

    #[test]
    fn every_truncation_and_every_trailing_byte_is_refused() {
        let der = Bench::new().device.key_description();
        assert!(KeyDescription::parse(&der).is_ok());
        for len in 0..der.len() {
            assert!(refused(&der[..len]), "{len}");
        }
        assert!(refused(&[&der[..], &[0]].concat()));
    }
}

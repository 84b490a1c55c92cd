//! What a demo phone claims about a key: the attestation extension, written.

use clock::UnixTime;

use crate::Application;
use crate::key::keymint::{
    ALGORITHM_EC, BOOT_STATE_VERIFIED, CURVE_P256, DIGEST_SHA256, ORIGIN_GENERATED, PURPOSE_AGREE_KEY,
    PURPOSE_SIGN,
};
use crate::tlv::{
    BOOLEAN, ENUMERATED, INTEGER, NULL, OCTET_STRING, SEQUENCE, encode, explicit, number, set_of,
};

/// The root of trust that a demo phone claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoBoot {
    /// 0 verified, 1 self-signed, 2 unverified, 3 failed.
    pub state: u64,
    /// The boot loader is locked.
    pub locked: bool,
    /// The boot key.
    pub key: [u8; 32],
    /// The boot digest.
    pub hash: [u8; 32],
}

/// What a demo phone claims about a key, in KeyMint's numbers. Every field may be changed to make a wrong one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProfile {
    /// The server's challenge.
    pub challenge: Vec<u8>,
    /// 0 software, 1 trusted environment, 2 StrongBox.
    pub attestation_security_level: u64,
    /// The same of the key's own home.
    pub keymint_security_level: u64,
    /// 2 SIGN, 3 VERIFY, 6 AGREE_KEY.
    pub purposes: Vec<u64>,
    /// 1 RSA, 3 EC.
    pub algorithm: u64,
    /// 4 SHA-256.
    pub digests: Vec<u64>,
    /// 1 P-256.
    pub ec_curve: u64,
    /// The key needs no user authentication.
    pub no_auth_required: bool,
    /// The kinds of user authentication that the key needs, a bit set.
    pub user_auth_type: Option<u64>,
    /// Every app may use the key.
    pub all_applications: bool,
    /// 0 generated, 2 imported.
    pub origin: u64,
    /// The state at boot.
    pub root_of_trust: Option<DemoBoot>,
    /// YYYYMM.
    pub os_patch_level: u64,
    /// YYYYMMDD.
    pub vendor_patch_level: u64,
    /// YYYYMMDD.
    pub boot_patch_level: u64,
    /// Package name of the app, and who signed it.
    pub application: Application,
}

impl KeyProfile {
    /// A device key, as a genuine phone patched this month would describe it.
    #[must_use]
    pub fn device_key(challenge: &[u8], application: &Application, at: UnixTime) -> Self {
        let (year, month, _) = at.date();
        let os_patch_level = u64::try_from(year).unwrap_or(0) * 100 + u64::from(month);
        Self {
            challenge: challenge.to_vec(),
            attestation_security_level: 1,
            keymint_security_level: 1,
            purposes: vec![PURPOSE_SIGN],
            algorithm: ALGORITHM_EC,
            digests: vec![DIGEST_SHA256],
            ec_curve: CURVE_P256,
            no_auth_required: true,
            user_auth_type: None,
            all_applications: false,
            origin: ORIGIN_GENERATED,
            root_of_trust: Some(DemoBoot {
                state: BOOT_STATE_VERIFIED,
                locked: true,
                key: crypto::sha256(b"demo boot key"),
                hash: crypto::sha256(b"demo boot image"),
            }),
            os_patch_level,
            vendor_patch_level: os_patch_level * 100 + 1,
            boot_patch_level: os_patch_level * 100 + 1,
            application: application.clone(),
        }
    }

    /// A pin hardening key of the same phone.
    #[must_use]
    pub fn pin_hardening_key(challenge: &[u8], application: &Application, at: UnixTime) -> Self {
        let purposes = vec![PURPOSE_AGREE_KEY];
        Self { purposes, digests: Vec::new(), ..Self::device_key(challenge, application, at) }
    }

    /// The value of the attestation extension, version 300.
    pub(crate) fn key_description(&self) -> Vec<u8> {
        encode(
            SEQUENCE,
            &[
                number(INTEGER, 300),
                number(ENUMERATED, self.attestation_security_level),
                number(INTEGER, 300),
                number(ENUMERATED, self.keymint_security_level),
                encode(OCTET_STRING, &[&self.challenge]),
                encode(OCTET_STRING, &[[]]),
                encode(SEQUENCE, &[explicit(709, &[encode(OCTET_STRING, &[self.application_id()])])]),
                encode(SEQUENCE, &self.hardware_enforced()),
            ],
        )
    }

    fn hardware_enforced(&self) -> Vec<Vec<u8>> {
        let null = || encode(NULL, &[[]]);
        let integer = |n| number(INTEGER, n);
        let numbers = |list: &[u64]| set_of(list.iter().map(|n| number(INTEGER, *n)).collect());
        let fields = [
            Some((1, numbers(&self.purposes))),
            Some((2, integer(self.algorithm))),
            Some((3, integer(256))),
            (!self.digests.is_empty()).then(|| (5, numbers(&self.digests))),
            Some((10, integer(self.ec_curve))),
            self.no_auth_required.then(|| (503, null())),
            self.user_auth_type.map(|kinds| (504, integer(kinds))),
            self.all_applications.then(|| (600, null())),
            Some((702, integer(self.origin))),
            self.root_of_trust.as_ref().map(|boot| (704, boot.root_of_trust())),
            Some((705, integer(160_000))),
            Some((706, integer(self.os_patch_level))),
            Some((718, integer(self.vendor_patch_level))),
            Some((719, integer(self.boot_patch_level))),
        ];
        fields.into_iter().flatten().map(|(tag, value)| explicit(tag, &[value])).collect()
    }

    fn application_id(&self) -> Vec<u8> {
        let name = encode(OCTET_STRING, &[self.application.package_name.as_bytes()]);
        let package = encode(SEQUENCE, &[name, number(INTEGER, 1)]);
        let signers = self.application.signer_sha256.iter().map(|digest| encode(OCTET_STRING, &[digest]));
        encode(SEQUENCE, &[set_of(vec![package]), set_of(signers.collect())])
    }
}

impl DemoBoot {
    fn root_of_trust(&self) -> Vec<u8> {
        let locked = if self.locked { 0xff } else { 0 };
        encode(
            SEQUENCE,
            &[
                encode(OCTET_STRING, &[self.key]),
                encode(BOOLEAN, &[[locked]]),
                number(ENUMERATED, self.state),
                encode(OCTET_STRING, &[self.hash]),
            ],
        )
    }
}

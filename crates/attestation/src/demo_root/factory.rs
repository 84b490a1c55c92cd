//! The certificates above the leaf, as a factory makes them.

use clock::UnixTime;
use crypto::{Curve, EcPrivateKey, EcPublicKey, PublicKey};
use rand_core::CryptoRng;

use super::certificate::{
    COMMON_NAME, Certificate, DIGITAL_SIGNATURE, KEY_CERT_SIGN, KEY_DESCRIPTION, SERIAL_NUMBER, TITLE, name,
};
use super::{DemoRoot, KeyProfile};

const DAY: i64 = 24 * 60 * 60;
const LIFE: i64 = 3650 * DAY;
/// 2048-01-01T00:00:00Z, which many phones write into leaves.
const LEAF_END: UnixTime = UnixTime(2_461_449_600);

/// The keys and certificates of attestation key, intermediate and root, not signed yet: tests change them first.
pub(crate) struct Factory {
    pub(crate) keys: [EcPrivateKey; 3],
    pub(crate) certificates: [Certificate; 3],
}

impl Factory {
    pub(crate) fn new(at: UnixTime, rng: &mut impl CryptoRng) -> Self {
        let keys: [EcPrivateKey; 3] = std::array::from_fn(|_| EcPrivateKey::generate(Curve::P256, rng));
        let ids: [String; 3] = std::array::from_fn(|_| format!("{:016x}", rng.next_u64()));
        let names = [
            name(&[(SERIAL_NUMBER, &ids[0]), (TITLE, "TEE")]),
            name(&[(SERIAL_NUMBER, &ids[1]), (TITLE, "TEE")]),
            name(&[(COMMON_NAME, "Sceau demo root"), (SERIAL_NUMBER, &ids[2])]),
        ];
        let certificates = std::array::from_fn(|i| Certificate {
            // Positive, and of eight bytes.
            serial: rng.next_u64() >> 1 | 1 << 62,
            issuer: names[usize::min(i + 1, 2)].clone(),
            subject: names[i].clone(),
            not_before: at.plus(-DAY),
            not_after: at.plus(LIFE),
            spki: PublicKey::Ec(keys[i].public_key()).to_spki_der(),
            ca: true,
            key_usage: KEY_CERT_SIGN,
            extension: None,
        });
        Self { keys, certificates }
    }

    /// Signs each certificate with the key above it, the root with its own.
    pub(crate) fn certify(self) -> DemoRoot {
        let sign =
            |(i, certificate): (usize, &Certificate)| certificate.sign(&self.keys[usize::min(i + 1, 2)]);
        let certificates = self.certificates.iter().enumerate().map(sign).collect();
        let [attestation_key, ..] = self.keys;
        let [attestation, ..] = self.certificates;
        DemoRoot { certificates, attestation_key, attestation_name: attestation.subject }
    }
}

/// The certificate of an attested key, with the serial number and dates that phones write.
pub(crate) fn leaf(key: &EcPublicKey, profile: &KeyProfile, issuer: &[u8]) -> Certificate {
    Certificate {
        serial: 1,
        issuer: issuer.to_vec(),
        subject: name(&[(COMMON_NAME, "Android Keystore Key")]),
        not_before: UnixTime(0),
        not_after: LEAF_END,
        spki: PublicKey::Ec(key.clone()).to_spki_der(),
        ca: false,
        key_usage: DIGITAL_SIGNATURE,
        extension: Some((KEY_DESCRIPTION, profile.key_description())),
    }
}

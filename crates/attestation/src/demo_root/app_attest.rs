//! What a demo phone of iOS claims about a key: an attestation of App Attest, in its parts.

use clock::UnixTime;
use crypto::{EcPublicKey, PublicKey, sha256};

use super::DemoRoot;
use super::certificate::{APP_ATTEST_NONCE, COMMON_NAME, Certificate, DIGITAL_SIGNATURE, name};
use crate::app_attest::PRODUCTION;
use crate::tlv::{OCTET_STRING, SEQUENCE, encode, explicit};

const DAY: i64 = 24 * 60 * 60;

/// What is claimed. Every field may be changed to make a wrong one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppAttestProfile {
    /// What the app had attested.
    pub client_data: Vec<u8>,
    /// `TEAMID.bundle.id`.
    pub app_id: String,
    /// How often the key has signed.
    pub counter: u32,
    /// The environment.
    pub aaguid: [u8; 16],
    /// The id of the credential; that of the key if there is none.
    pub credential_id: Option<[u8; 32]>,
    /// When the certificate begins; it lives three days.
    pub not_before: UnixTime,
}

impl AppAttestProfile {
    /// A new key of a genuine app.
    #[must_use]
    pub fn new(client_data: &[u8], app_id: &str, at: UnixTime) -> Self {
        Self {
            client_data: client_data.to_vec(),
            app_id: app_id.to_owned(),
            counter: 0,
            aaguid: *PRODUCTION,
            credential_id: None,
            not_before: at.plus(-1),
        }
    }

    fn authenticator_data(&self, key: &EcPublicKey) -> Vec<u8> {
        let point = key.to_sec1();
        let credential_id = self.credential_id.unwrap_or_else(|| sha256(&point));
        // A COSE key (RFC 9053, 7.1.1): EC2, ES256, P-256, x, y.
        let (x, y) = (&point[1..33], &point[33..]);
        let cose = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", x, b"\x22\x58\x20", y].concat();
        let app = sha256(self.app_id.as_bytes());
        let head = [&app[..], &[0x40], &self.counter.to_be_bytes(), &self.aaguid].concat();
        [&head[..], &[0, 32], &credential_id, &cose].concat()
    }
}

impl DemoRoot {
    /// The certificates of an attestation of App Attest for a key, leaf first and without the root, and its
    /// authenticator data.
    #[must_use]
    pub fn app_attest(&self, key: &EcPublicKey, profile: &AppAttestProfile) -> (Vec<Vec<u8>>, Vec<u8>) {
        let data = profile.authenticator_data(key);
        let nonce = sha256(&[&data[..], &sha256(&profile.client_data)].concat());
        let nonce = encode(SEQUENCE, &[explicit(1, &[encode(OCTET_STRING, &[nonce])])]);
        let leaf = Certificate {
            serial: 1,
            issuer: self.attestation_name.clone(),
            subject: name(&[(COMMON_NAME, "Sceau demo App Attest key")]),
            not_before: profile.not_before,
            not_after: profile.not_before.plus(3 * DAY),
            spki: PublicKey::Ec(key.clone()).to_spki_der(),
            ca: false,
            key_usage: DIGITAL_SIGNATURE,
            extension: Some((APP_ATTEST_NONCE, nonce)),
        };
        let above = &self.certificates[..self.certificates.len() - 1];
        ([&[leaf.sign(&self.attestation_key)], above].concat(), data)
    }
}

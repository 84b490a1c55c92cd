//! The phone of an enrolment: its two keys, attested.

use attestation::{AttestationPolicy, Error, verify_android, verify_app_attest};
use clock::UnixTime;
use protocol::app_attest::{AttestationObject, client_data};
use protocol::enrolment::DeviceAttestation;
use protocol::{Base64, DeviceKey, p256_key};

/// A phone whose keys are attested. Only [`Device::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    key: DeviceKey,
}

impl Device {
    /// Verifies the attestation of both keys, of the kind that it says it is.
    ///
    /// # Errors
    /// The first step that fails ([`verify_android`], [`verify_app_attest`]).
    pub fn verify(
        attestation: &DeviceAttestation,
        challenge: &[u8],
        policy: &AttestationPolicy,
        at: UnixTime,
    ) -> Result<Self, Error> {
        let attested = match attestation {
            DeviceAttestation::Android { device_chain, pin_hardening_chain, .. } => {
                let chain = |chain: &[Base64]| chain.iter().map(|der| der.0.clone()).collect::<Vec<_>>();
                verify_android(&chain(device_chain), &chain(pin_hardening_chain), challenge, policy, at)?
            }
            DeviceAttestation::Ios { attestation, pin_hardening_key, .. } => {
                let object = AttestationObject::from_cbor(&attestation.0)
                    .map_err(|_| Error::Malformed("App Attest object"))?;
                let pin = p256_key(&pin_hardening_key.0).map_err(|_| Error::UnsupportedKey)?;
                let client_data = client_data(challenge, &pin_hardening_key.0);
                let (certificates, data) = (&object.certificates, &object.authenticator_data);
                verify_app_attest(certificates, data, &client_data, pin, policy, at)?
            }
        };
        let key = attested.device_key().clone();
        Ok(match attested.app_id_sha256() {
            None => Self { key: DeviceKey::Ecdsa(key) },
            Some(app_id_sha256) => Self { key: DeviceKey::AppAttest { key, app_id_sha256 } },
        })
    }

    /// The key that signs: possession.
    #[must_use]
    pub fn key(&self) -> &DeviceKey {
        &self.key
    }

    /// The device's name.
    #[must_use]
    pub fn id(&self) -> String {
        protocol::device_id(self.key.public_key())
    }
}

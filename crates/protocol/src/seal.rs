//! The transcript that closes an enrolment (docs/protocols.md, section 1, "Sealing").
//!
//! Both keys of the phone sign one statement that names everything that was shown: the files read, the proofs of
//! the chip, the decision on the holder, the consents. Evidence of two enrolments cannot be joined under it.

use std::collections::BTreeMap;

use crypto::EcPublicKey;
use serde::{Deserialize, Serialize};

use crate::device_key::{DeviceKey, DeviceProof, verify_ecdsa};
use crate::statement::Statement;
use crate::{Base64, Error, key_thumbprint};

/// The transcript. Digests are SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealTranscript {
    /// The server's issuer identifier.
    pub issuer: String,
    /// The enrolment.
    pub enrolment_id: String,
    /// Digest of each file read, by its name (`EF.SOD`, `EF.DG1`, `EF.DG14` ..). The server demands EF.SOD, EF.DG1
    /// and every EF.DG14 and EF.DG15 that the SOD lists.
    #[schema(value_type = BTreeMap<String, String>)]
    pub files: BTreeMap<String, Base64>,
    /// Digest of the portrait inside EF.DG2.
    #[schema(value_type = String)]
    pub portrait_digest: Base64,
    /// The attempt in which the chip proved its key by Chip Authentication.
    pub chip_authentication: Option<String>,
    /// The challenge that the chip signed in Active Authentication.
    #[schema(value_type = Option<String>)]
    pub active_authentication_challenge: Option<Base64>,
    /// The decision on the holder: face match or desk.
    pub holder_decision: String,
    /// Thumbprint of the device key.
    #[schema(value_type = String)]
    pub device_key: Base64,
    /// Thumbprint of the PIN key.
    #[schema(value_type = String)]
    pub pin_key: Base64,
    /// Version of each consent given, by its name.
    pub consents: BTreeMap<String, String>,
}

impl SealTranscript {
    /// The canonical bytes that the device key signs.
    #[must_use]
    pub fn signing_bytes(&self) -> Vec<u8> {
        let (names, digests): (Vec<&str>, Vec<&[u8]>) =
            self.files.iter().map(|(name, digest)| (name.as_str(), digest.0.as_slice())).unzip();
        let (consents, versions): (Vec<&str>, Vec<&str>) =
            self.consents.iter().map(|(name, version)| (name.as_str(), version.as_str())).unzip();
        Statement::new("sceau/seal/v1")
            .text("issuer", &self.issuer)
            .text("enrolment-id", &self.enrolment_id)
            .list("file-names", &names)
            .list("file-digests", &digests)
            .bytes("portrait-digest", &self.portrait_digest.0)
            .optional("chip-authentication", self.chip_authentication.as_deref().map(str::as_bytes))
            .optional(
                "active-authentication-challenge",
                self.active_authentication_challenge.as_ref().map(|c| c.0.as_slice()),
            )
            .text("holder-decision", &self.holder_decision)
            .bytes("device-key", &self.device_key.0)
            .bytes("pin-key", &self.pin_key.0)
            .list("consent-names", &consents)
            .list("consent-versions", &versions)
            .finish()
    }

    /// The canonical bytes that the PIN key signs: the transcript and the device key's proof over it.
    #[must_use]
    pub fn pin_signing_bytes(&self, device_proof: &DeviceProof) -> Vec<u8> {
        Statement::new("sceau/seal-pin/v1")
            .bytes("transcript", &self.signing_bytes())
            .text("device-proof", &device_proof.to_header())
            .finish()
    }

    /// Compares the phone's transcript with the server's own, `record`, and checks both signatures by keys whose
    /// thumbprints the record holds.
    ///
    /// # Errors
    /// [`Error::Field`] names the first field that differs; [`Error::Signature`].
    pub fn verify(
        self,
        record: &Self,
        device_key: &DeviceKey,
        pin_key: &EcPublicKey,
        signatures: &SealSignatures,
    ) -> Result<VerifiedSeal, Error> {
        let proof = DeviceProof::from_header(&signatures.device)?;
        proof.verify(device_key, &self.signing_bytes())?;
        verify_ecdsa(pin_key, &self.pin_signing_bytes(&proof), &signatures.pin.0)?;
        self.equals(record)?;
        for (name, key, thumbprint) in
            [("device_key", device_key.public_key(), &self.device_key), ("pin_key", pin_key, &self.pin_key)]
        {
            if key_thumbprint(key).as_slice() != thumbprint.0 {
                return Err(Error::Field(name));
            }
        }
        Ok(VerifiedSeal { transcript: self })
    }

    fn equals(&self, record: &Self) -> Result<(), Error> {
        let fields = [
            ("issuer", self.issuer == record.issuer),
            ("enrolment_id", self.enrolment_id == record.enrolment_id),
            ("files", self.files == record.files),
            ("portrait_digest", self.portrait_digest == record.portrait_digest),
            ("chip_authentication", self.chip_authentication == record.chip_authentication),
            (
                "active_authentication_challenge",
                self.active_authentication_challenge == record.active_authentication_challenge,
            ),
            ("holder_decision", self.holder_decision == record.holder_decision),
            ("device_key", self.device_key == record.device_key),
            ("pin_key", self.pin_key == record.pin_key),
            ("consents", self.consents == record.consents),
        ];
        fields.iter().find(|(_, equal)| !equal).map_or(Ok(()), |(name, _)| Err(Error::Field(name)))
    }
}

/// The two signatures over a transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealSignatures {
    /// The device key's proof in its header form (`ecdsa ..`).
    pub device: String,
    /// The PIN key's signature, r || s.
    #[schema(value_type = String)]
    pub pin: Base64,
}

/// A transcript that equals the server's record and that both keys signed. Only [`SealTranscript::verify`] makes
/// one.
///
/// ```compile_fail,E0451
/// # fn f(transcript: protocol::seal::SealTranscript) {
/// let forged = protocol::seal::VerifiedSeal { transcript };
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedSeal {
    transcript: SealTranscript,
}

impl VerifiedSeal {
    /// What was sealed.
    #[must_use]
    pub fn transcript(&self) -> &SealTranscript {
        &self.transcript
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{Curve, EcPrivateKey, HashAlgorithm};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    fn keys() -> (EcPrivateKey, EcPrivateKey) {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        (EcPrivateKey::generate(Curve::P256, &mut rng), EcPrivateKey::generate(Curve::P256, &mut rng))
    }

    fn transcript() -> SealTranscript {
        let (device, pin) = keys();
        SealTranscript {
            issuer: "https://fi".into(),
            enrolment_id: "e".into(),
            files: [("EF.SOD".to_owned(), Base64(vec![1; 32])), ("EF.DG1".to_owned(), Base64(vec![2; 32]))]
                .into(),
            portrait_digest: Base64(vec![3; 32]),
            chip_authentication: Some("1".into()),
            active_authentication_challenge: None,
            holder_decision: "h".into(),
            device_key: key_thumbprint(&device.public_key()).into(),
            pin_key: key_thumbprint(&pin.public_key()).into(),
            consents: [("terms".to_owned(), "1".to_owned())].into(),
        }
    }

    fn sign(t: &SealTranscript, device: &EcPrivateKey, pin: &EcPrivateKey) -> SealSignatures {
        let plain =
            |k: &EcPrivateKey, m: &[u8]| Base64(k.sign(HashAlgorithm::Sha256, m).to_plain(Curve::P256));
        let proof = DeviceProof::Ecdsa(plain(device, &t.signing_bytes()));
        SealSignatures { device: proof.to_header(), pin: plain(pin, &t.pin_signing_bytes(&proof)) }
    }

    fn verify(t: SealTranscript, signatures: &SealSignatures) -> Result<VerifiedSeal, Error> {
        let (device, pin) = keys();
        t.verify(&transcript(), &device.public_key().into(), &pin.public_key(), signatures)
    }

    #[test]
    fn both_keys_over_the_servers_own_record_seal() {
        let (device, pin) = keys();
        assert!(verify(transcript(), &sign(&transcript(), &device, &pin)).is_ok());
        assert_eq!(
            verify(transcript(), &sign(&transcript(), &device, &device)).err(),
            Some(Error::Signature)
        );
        assert_eq!(verify(transcript(), &sign(&transcript(), &pin, &pin)).err(), Some(Error::Signature));
    }

    #[test]
    fn each_field_changed_alone_is_refused() {
        let (device, pin) = keys();
        type Change = fn(&mut SealTranscript);
        let change: [(&str, Change); 10] = [
            ("issuer", |t| t.issuer.push('x')),
            ("enrolment_id", |t| t.enrolment_id.push('x')),
            ("files", |t| drop(t.files.remove("EF.DG1"))),
            ("portrait_digest", |t| t.portrait_digest.0[0] ^= 1),
            ("chip_authentication", |t| t.chip_authentication = None),
            ("active_authentication_challenge", |t| {
                t.active_authentication_challenge = Some(Base64(vec![0; 8]))
            }),
            ("holder_decision", |t| t.holder_decision.push('x')),
            ("device_key", |t| t.device_key.0[0] ^= 1),
            ("pin_key", |t| t.pin_key.0[0] ^= 1),
            ("consents", |t| drop(t.consents.insert("face".into(), "1".into()))),
        ];
        for (name, change) in change {
            let mut other = transcript();
            change(&mut other);
            let honest = sign(&other, &device, &pin);
            assert_eq!(verify(other.clone(), &honest).err(), Some(Error::Field(name)));
            let stale = sign(&transcript(), &device, &pin);
            assert_eq!(verify(other, &stale).err(), Some(Error::Signature), "{name}");
        }
    }
}

//! A person's answer to a login (docs/protocols.md, section 6.4).
//!
//! The app builds [`Approval`] from what it showed, never from a digest that the server sent; the server builds
//! its own from its record and compares every field. The device key signs it, then the PIN key signs it together
//! with the device key's signature. A refusal is signed by the device key alone.

use clock::UnixTime;
use crypto::EcPublicKey;
use serde::{Deserialize, Serialize};

use crate::device_key::{DeviceKey, DeviceProof, verify_ecdsa};
use crate::statement::Statement;
use crate::{Base64, Error};

/// The longest life of an approval request, in seconds.
pub const MAX_LIFE: i64 = 180;

/// How the login reached the phone; fixed when the page is drawn, or the client asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoginKind {
    /// Same phone: the app opens the resume URL in the browser that began.
    Link,
    /// Other device: the person types the release code into the waiting page.
    Qr,
    /// A client asked without a browser here (CIBA): the person types the two digits that it shows.
    Asked,
}

impl LoginKind {
    /// `link`, `qr` or `asked`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Qr => "qr",
            Self::Asked => "asked",
        }
    }
}

/// What the person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Go on.
    Approve,
    /// Not now.
    Refuse,
    /// "It was not me."
    NotMe,
}

impl Decision {
    /// `approve`, `refuse` or `not-me`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
            Self::NotMe => "not-me",
        }
    }
}

/// The statement. Digests are SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The server's issuer identifier.
    pub issuer: String,
    /// The pending login.
    pub login_id: String,
    /// Same phone or other device.
    pub kind: LoginKind,
    /// The person's decision.
    pub decision: Decision,
    /// The client that asks.
    pub client_id: String,
    /// Its name as it was shown.
    pub client_name: String,
    /// The level that will be answered.
    pub acr: String,
    /// The claims released, sorted.
    pub claims: Vec<String>,
    /// The version of the consent text that was shown.
    pub consent_version: String,
    /// Digest of the accepted request: redirect_uri, scope, state, nonce, code_challenge.
    #[schema(value_type = String)]
    pub request_digest: Base64,
    /// Digest of the secret in the cookie of the browser that began; of a secret that nobody holds, if none did.
    #[schema(value_type = String)]
    pub browser_digest: Base64,
    /// The two digits typed on the phone, where a request reached it unasked (CIBA).
    pub binding_number: Option<String>,
    /// The device that signs.
    pub device_id: String,
    /// The server's challenge.
    #[schema(value_type = String)]
    pub server_challenge: Base64,
    /// When the server made the challenge, in seconds since 1970.
    #[schema(value_type = i64)]
    pub issued_at: UnixTime,
    /// Until when it may be answered.
    #[schema(value_type = i64)]
    pub expires_at: UnixTime,
}

impl Approval {
    /// The canonical bytes that the device key signs.
    #[must_use]
    pub fn signing_bytes(&self) -> Vec<u8> {
        Statement::new("sceau/approval/v1")
            .text("issuer", &self.issuer)
            .text("login-id", &self.login_id)
            .text("kind", self.kind.as_str())
            .text("decision", self.decision.as_str())
            .text("client-id", &self.client_id)
            .text("client-name", &self.client_name)
            .text("acr", &self.acr)
            .list("claims", &self.claims)
            .text("consent-version", &self.consent_version)
            .bytes("request-digest", &self.request_digest.0)
            .bytes("browser-digest", &self.browser_digest.0)
            .optional("binding-number", self.binding_number.as_deref().map(str::as_bytes))
            .text("device-id", &self.device_id)
            .bytes("server-challenge", &self.server_challenge.0)
            .number("issued-at", self.issued_at.0)
            .number("expires-at", self.expires_at.0)
            .finish()
    }

    /// The canonical bytes that the PIN key signs: the statement and the device key's proof over it.
    #[must_use]
    pub fn pin_signing_bytes(&self, device_proof: &DeviceProof) -> Vec<u8> {
        Statement::new("sceau/approval-pin/v1")
            .bytes("approval", &self.signing_bytes())
            .text("device-proof", &device_proof.to_header())
            .finish()
    }

    /// Compares the phone's statement with the server's own, `record` (whose decision is not looked at), and checks
    /// the device key's signature.
    ///
    /// # Errors
    /// [`Error::Field`] names the first field that differs; [`Error::Expired`]; [`Error::Signature`].
    pub fn check_device(
        self,
        record: &Self,
        device_key: &DeviceKey,
        proof: DeviceProof,
        now: UnixTime,
    ) -> Result<DeviceStatement, Error> {
        proof.verify(device_key, &self.signing_bytes())?;
        self.equals(record)?;
        let life = self.expires_at.since(self.issued_at);
        if now < self.issued_at || now >= self.expires_at || life > MAX_LIFE {
            return Err(Error::Expired);
        }
        Ok(DeviceStatement { approval: self, proof })
    }

    fn equals(&self, record: &Self) -> Result<(), Error> {
        let fields = [
            ("issuer", self.issuer == record.issuer),
            ("login_id", self.login_id == record.login_id),
            ("kind", self.kind == record.kind),
            ("client_id", self.client_id == record.client_id),
            ("client_name", self.client_name == record.client_name),
            ("acr", self.acr == record.acr),
            ("claims", self.claims == record.claims),
            ("consent_version", self.consent_version == record.consent_version),
            ("request_digest", self.request_digest == record.request_digest),
            ("browser_digest", self.browser_digest == record.browser_digest),
            ("binding_number", self.binding_number == record.binding_number),
            ("device_id", self.device_id == record.device_id),
            ("server_challenge", self.server_challenge == record.server_challenge),
            ("issued_at", self.issued_at == record.issued_at),
            ("expires_at", self.expires_at == record.expires_at),
        ];
        fields.iter().find(|(_, equal)| !equal).map_or(Ok(()), |(name, _)| Err(Error::Field(name)))
    }
}

/// A statement that the device key signed and that equals the server's record. It approves nothing yet.
#[derive(Clone, Debug)]
pub struct DeviceStatement {
    approval: Approval,
    proof: DeviceProof,
}

impl DeviceStatement {
    /// The statement.
    #[must_use]
    pub fn approval(&self) -> &Approval {
        &self.approval
    }

    /// A refusal needs no PIN.
    ///
    /// # Errors
    /// [`Error::Decision`]: the statement approves.
    pub fn refusal(self) -> Result<Decision, Error> {
        match self.approval.decision {
            Decision::Approve => Err(Error::Decision),
            decision => Ok(decision),
        }
    }

    /// Checks the PIN key's signature. The caller has counted the try before it calls.
    ///
    /// # Errors
    /// [`Error::Decision`]: the statement refuses; [`Error::Signature`].
    pub fn check_pin(self, pin_key: &EcPublicKey, signature: &[u8]) -> Result<VerifiedApproval, Error> {
        if self.approval.decision != Decision::Approve {
            return Err(Error::Decision);
        }
        verify_ecdsa(pin_key, &self.approval.pin_signing_bytes(&self.proof), signature)?;
        Ok(VerifiedApproval { approval: self.approval })
    }
}

/// An approval that both keys of one device signed. Only [`DeviceStatement::check_pin`] makes one.
///
/// ```compile_fail,E0451
/// # fn f(approval: protocol::approval::Approval) {
/// let forged = protocol::approval::VerifiedApproval { approval };
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedApproval {
    approval: Approval,
}

impl VerifiedApproval {
    /// What was approved.
    #[must_use]
    pub fn approval(&self) -> &Approval {
        &self.approval
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crypto::{Curve, EcPrivateKey, HashAlgorithm};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    fn approval() -> Approval {
        Approval {
            issuer: "https://fi".into(),
            login_id: "l".into(),
            kind: LoginKind::Qr,
            decision: Decision::Approve,
            client_id: "fc".into(),
            client_name: "FranceConnect".into(),
            acr: "eidas2".into(),
            claims: vec!["email".into(), "sub".into()],
            consent_version: "1".into(),
            request_digest: Base64(vec![1; 32]),
            browser_digest: Base64(vec![2; 32]),
            binding_number: None,
            device_id: "d".into(),
            server_challenge: Base64(vec![3; 32]),
            issued_at: UnixTime(1000),
            expires_at: UnixTime(1180),
        }
    }

    fn sign(key: &EcPrivateKey, message: &[u8]) -> Vec<u8> {
        key.sign(HashAlgorithm::Sha256, message).to_plain(Curve::P256)
    }

    fn keys() -> (EcPrivateKey, EcPrivateKey) {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        (EcPrivateKey::generate(Curve::P256, &mut rng), EcPrivateKey::generate(Curve::P256, &mut rng))
    }

    fn proof(key: &EcPrivateKey, approval: &Approval) -> DeviceProof {
        DeviceProof::Ecdsa(Base64(sign(key, &approval.signing_bytes())))
    }

    #[test]
    fn both_signatures_make_a_verified_approval() {
        let (device, pin) = keys();
        let proof = proof(&device, &approval());
        let pin_signature = sign(&pin, &approval().pin_signing_bytes(&proof));
        let signed =
            approval().check_device(&approval(), &device.public_key().into(), proof, UnixTime(1001)).unwrap();
        assert_eq!(
            signed.clone().check_pin(&device.public_key(), &pin_signature).err(),
            Some(Error::Signature)
        );
        assert!(signed.check_pin(&pin.public_key(), &pin_signature).is_ok());
    }

    #[test]
    fn each_field_changed_alone_is_refused() {
        let (device, _) = keys();
        type Change = fn(&mut Approval);
        let change: [(&str, Change); 15] = [
            ("issuer", |a| a.issuer.push('x')),
            ("login_id", |a| a.login_id.push('x')),
            ("kind", |a| a.kind = LoginKind::Link),
            ("client_id", |a| a.client_id.push('x')),
            ("client_name", |a| a.client_name.push('x')),
            ("acr", |a| a.acr = "eidas1".into()),
            ("claims", |a| a.claims.truncate(1)),
            ("consent_version", |a| a.consent_version.push('x')),
            ("request_digest", |a| a.request_digest.0[0] ^= 1),
            ("browser_digest", |a| a.browser_digest.0[0] ^= 1),
            ("binding_number", |a| a.binding_number = Some("42".into())),
            ("device_id", |a| a.device_id.push('x')),
            ("server_challenge", |a| a.server_challenge.0[0] ^= 1),
            ("issued_at", |a| a.issued_at = UnixTime(1001)),
            ("expires_at", |a| a.expires_at = UnixTime(1179)),
        ];
        for (name, change) in change {
            let mut other = approval();
            change(&mut other);
            // Signed as changed: the record differs. Signed before the change: the signature is wrong.
            let honest = proof(&device, &other);
            let stale = proof(&device, &approval());
            let check = |proof| {
                other.clone().check_device(&approval(), &device.public_key().into(), proof, UnixTime(1001))
            };
            assert_eq!(check(honest).err(), Some(Error::Field(name)));
            assert_eq!(check(stale).err(), Some(Error::Signature), "{name}");
        }
    }

    #[test]
    fn an_approval_lives_from_its_issue_to_its_expiry() {
        let (device, _) = keys();
        let at = |now| {
            approval()
                .check_device(
                    &approval(),
                    &device.public_key().into(),
                    proof(&device, &approval()),
                    UnixTime(now),
                )
                .err()
        };
        assert_eq!(at(999), Some(Error::Expired));
        assert_eq!(at(1000), None);
        assert_eq!(at(1179), None);
        assert_eq!(at(1180), Some(Error::Expired));
    }

    #[test]
    fn a_refusal_is_no_approval_and_an_approval_no_refusal() {
        let (device, pin) = keys();
        let refuse = Approval { decision: Decision::Refuse, ..approval() };
        let proof_of = |a: &Approval| proof(&device, a);
        let pin_signature = sign(&pin, &refuse.pin_signing_bytes(&proof_of(&refuse)));
        let signed = refuse
            .clone()
            .check_device(&approval(), &device.public_key().into(), proof_of(&refuse), UnixTime(1001))
            .unwrap();
        assert_eq!(signed.clone().check_pin(&pin.public_key(), &pin_signature).err(), Some(Error::Decision));
        assert_eq!(signed.refusal(), Ok(Decision::Refuse));
        let approve = approval()
            .check_device(&approval(), &device.public_key().into(), proof_of(&approval()), UnixTime(1001))
            .unwrap();
        assert_eq!(approve.refusal(), Err(Error::Decision));
    }
}

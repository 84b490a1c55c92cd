//! App Attest of iOS: one attested key, and an app that vouches for the other.
//!
//! The steps are those of Apple's "Validating Apps That Connect to Your Server":
//!
//! | step | what |
//! |---|---|
//! | 1 | the chain leads to Apple's root and is valid |
//! | 2-4 | the nonce in the leaf is that of authenticator data and client data |
//! | 5, 9 | the leaf's key has the digest that the authenticator data names |
//! | 6 | the app is one of ours |
//! | 7 | the key has signed nothing yet |
//! | 8 | the environment |
//!
//! Apple publishes no list of revoked keys. The receipt, by which Apple can be asked how many keys a phone made, is not
//! kept: nobody asks.

use clock::UnixTime;
use crypto::{Curve, EcPublicKey, PublicKey, sha256};
use x509_parser::prelude::X509Certificate;

use crate::chain;
use crate::tlv::{OCTET_STRING, Reader, SEQUENCE};
use crate::{AttestationPolicy, AttestedDevice, Environment, Error};

/// The extension of the leaf that holds the nonce.
pub(crate) const NONCE: &str = "1.2.840.113635.100.8.2";
/// AAGUIDs: where the app was built for.
pub(crate) const PRODUCTION: &[u8; 16] = b"appattest\0\0\0\0\0\0\0";
pub(crate) const DEVELOPMENT: &[u8; 16] = b"appattestdevelop";
/// The flag that says that data of a credential follow.
const ATTESTED_CREDENTIAL_DATA: u8 = 0x40;

/// Verifies an attestation of App Attest over `client_data`, which the caller makes from the server's challenge and from
/// the pin hardening key: the attested app says by it which key it made in the Secure Enclave. The challenge is used
/// once: the caller closes it.
///
/// `certificates` are the device key's and those above it, without the root; `authenticator_data` as it came.
///
/// # Errors
/// The first step that fails.
pub fn verify_app_attest(
    certificates: &[Vec<u8>],
    authenticator_data: &[u8],
    client_data: &[u8],
    pin_hardening_key: EcPublicKey,
    policy: &AttestationPolicy,
    at: UnixTime,
) -> Result<AttestedDevice, Error> {
    let apple = &policy.app_attest;
    // 1
    let (leaf, demo) = chain::verify_below(certificates, &apple.anchors, policy.environment, at)?;
    // 2-4
    let expected = sha256(&[authenticator_data, &sha256(client_data)].concat());
    if !crypto::ct_eq(nonce(&leaf)?, &expected) {
        return Err(Error::Challenge);
    }
    // 5, 9
    let data = AuthenticatorData::parse(authenticator_data)?;
    let device_key = match PublicKey::from_spki_der(leaf.public_key().raw) {
        Ok((PublicKey::Ec(key), _)) if key.curve() == Curve::P256 => key,
        _ => return Err(Error::UnsupportedKey),
    };
    if data.credential_id != sha256(&device_key.to_sec1()) {
        return Err(Error::Credential);
    }
    // 6
    if !apple.app_ids.iter().any(|id| sha256(id.as_bytes())[..] == *data.app_id_sha256) {
        return Err(Error::Application);
    }
    // 7
    if *data.counter != [0; 4] {
        return Err(Error::Counter);
    }
    // 8
    let development = data.aaguid == DEVELOPMENT && policy.environment == Environment::Demo;
    if data.aaguid != PRODUCTION && !development {
        return Err(Error::Development);
    }
    if device_key == pin_hardening_key {
        return Err(Error::SameKey);
    }
    Ok(AttestedDevice::ios(device_key, *data.app_id_sha256, pin_hardening_key, demo))
}

/// The nonce: SEQUENCE { [1] { OCTET STRING } }.
fn nonce<'a>(leaf: &X509Certificate<'a>) -> Result<&'a [u8], Error> {
    let value = chain::extension(leaf, NONCE)?.ok_or(Error::ExtensionMissing)?;
    let mut outer = Reader::new(value, "nonce");
    let mut sequence = outer.inner(SEQUENCE)?;
    let (1, mut tagged) = sequence.context()? else { return Err(Error::Malformed("nonce")) };
    let nonce = tagged.take(OCTET_STRING)?;
    [outer, sequence, tagged].iter().try_for_each(Reader::finish)?;
    Ok(nonce)
}

/// Authenticator data (WebAuthn, 6.1) up to the credential's id; the key behind it is that of the leaf.
struct AuthenticatorData<'a> {
    app_id_sha256: &'a [u8; 32],
    counter: &'a [u8; 4],
    aaguid: &'a [u8; 16],
    credential_id: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    fn parse(data: &'a [u8]) -> Result<Self, Error> {
        Self::read(data).ok_or(Error::Malformed("authenticator data"))
    }

    fn read(data: &'a [u8]) -> Option<Self> {
        let (app_id_sha256, rest) = data.split_first_chunk()?;
        let ([flags], rest) = rest.split_first_chunk()?;
        let (counter, rest) = rest.split_first_chunk()?;
        let (aaguid, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let credential_id = rest.get(..u16::from_be_bytes(*length).into())?;
        (flags & ATTESTED_CREDENTIAL_DATA != 0).then_some(Self {
            app_id_sha256,
            counter,
            aaguid,
            credential_id,
        })
    }
}

#[cfg(test)]
mod tests;

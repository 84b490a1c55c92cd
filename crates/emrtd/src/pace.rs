//! Password Authenticated Connection Establishment (Doc 9303-11, 4.4): generic, integrated and Chip Authentication
//! mapping, on a curve or in a prime field. The picture is that of generic mapping; in the integrated one 81 is a second
//! nonce and 82 is empty, in Chip Authentication mapping 8A stands beside the last token.
//!
//! ```text
//! terminal                                     chip
//! MSE:Set AT (protocol, password)      ->
//! GENERAL AUTHENTICATE                 ->
//!                                      <-      80 z = E(K_pi, s)
//! 81 mapping key                       ->
//!                                      <-      82 mapping key          G' = s*G + H
//! 83 ephemeral key on G'               ->
//!                                      <-      84 ephemeral key on G'  K = x of the shared point
//! 85 token over the chip's key         ->
//!                                      <-      86 token over the terminal's key
//! ```

use crypto::{SessionKey, ct_eq};
use lds::security_info::PaceMapping;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::apdu::{LE_SHORT, ins};
use crate::dynamic_authentication::{decode, encode, is_empty, optional};
use crate::{Command, Error, Password, Response, SecureMessaging, StatusWord, Step};

pub mod cam;
pub mod chip;
mod group;
mod mapping;
mod offer;
mod transcript;

pub use cam::{ChipAuthenticationData, PaceCamError};
pub use group::PaceGroup;
use group::{Element, Exponent};
use mapping::KeyPair;
pub use offer::PaceOffer;
pub use transcript::CamTranscript;

const ENCRYPTED_NONCE: u32 = 0x80;
const TERMINAL_MAPPING_KEY: u32 = 0x81;
const CHIP_MAPPING_KEY: u32 = 0x82;
const TERMINAL_KEY: u32 = 0x83;
const CHIP_KEY: u32 = 0x84;
const TERMINAL_TOKEN: u32 = 0x85;
const CHIP_TOKEN: u32 = 0x86;
/// Encrypted chip authentication data (PACE-CAM).
const CHIP_DATA: u32 = 0x8A;
/// Certification authority references, which a chip with Terminal Authentication may add.
const AUTHORITY_REFERENCES: [u32; 2] = [0x87, 0x88];
/// What may stand beside the chip's token in Chip Authentication mapping.
const BESIDE_TOKEN: [u32; 3] = [0x87, 0x88, CHIP_DATA];
/// Class of a command that is not the last of a chain (ISO/IEC 7816-4, 5.3.3).
const CHAINING: u8 = 0x10;

fn crypto_error(step: Step) -> impl Fn(crypto::Error) -> Error {
    move |error| Error::Crypto { step, error }
}

fn general_authenticate(object: Option<(u32, &[u8])>, last: bool) -> Command {
    let command = Command::new(ins::GENERAL_AUTHENTICATE, 0, 0, encode(object), Some(LE_SHORT));
    Command { cla: if last { 0 } else { CHAINING }, ..command }
}

/// The key in a response, which must not be our own come back.
fn received_key(
    step: Step,
    response: &Response,
    tag: u32,
    group: PaceGroup,
    own: &Element,
) -> Result<Element, Error> {
    response.expect_ok(step)?;
    let key = decode(step, &response.data, tag, &[])?;
    let key = group.element(&key).map_err(crypto_error(step))?;
    if key == *own { Err(Error::ReflectedKey { step }) } else { Ok(key) }
}

/// Terminal: waits for the chip to take the protocol and the password's number.
#[derive(Debug)]
pub struct AwaitSelection {
    offer: PaceOffer,
    password_key: SessionKey,
}

/// Terminal: waits for the encrypted nonce.
#[derive(Debug)]
pub struct AwaitNonce {
    offer: PaceOffer,
    password_key: SessionKey,
}

/// Terminal: waits for the chip's mapping key.
pub struct AwaitMappingKey {
    offer: PaceOffer,
    mapping: Mapping,
}

/// What the mapping waits for.
enum Mapping {
    /// The chip's mapping key; the nonce and our own.
    Generic(Exponent, KeyPair),
    /// Nothing: both nonces are known.
    Integrated(Element),
}

/// Terminal: waits for the chip's ephemeral key on the mapped generator.
pub struct AwaitEphemeralKey {
    offer: PaceOffer,
    own: KeyPair,
    /// The chip's mapping key, if there is one.
    mapping_key: Option<Element>,
}

/// Terminal: waits for the chip's token.
#[derive(Debug)]
pub struct AwaitToken {
    expected: [u8; 8],
    session: SecureMessaging,
    /// The chip's mapping key and KSenc in Chip Authentication mapping.
    cam: Option<(crypto::EcPoint, SessionKey)>,
}

/// What PACE leads to.
#[derive(Debug)]
pub struct Established {
    /// The session.
    pub session: SecureMessaging,
    /// After Chip Authentication mapping: what the chip proves itself with.
    pub chip_authentication: Option<ChipAuthenticationData>,
}

/// Terminal: chooses protocol and password.
#[must_use]
pub fn begin(offer: &PaceOffer, password: &Password) -> (Command, AwaitSelection) {
    let step = AwaitSelection { offer: offer.clone(), password_key: offer.password_key(password) };
    (offer.set_at(password), step)
}

impl AwaitSelection {
    /// Asks for the nonce.
    ///
    /// # Errors
    /// [`Error::Status`].
    pub fn received(self, response: &Response) -> Result<(Command, AwaitNonce), Error> {
        response.expect_ok(Step::PaceSelection)?;
        let step = AwaitNonce { offer: self.offer, password_key: self.password_key };
        Ok((general_authenticate(None, false), step))
    }
}

impl AwaitNonce {
    /// Decrypts the nonce and sends a mapping key, or a second nonce.
    ///
    /// # Errors
    /// [`Error::Status`], [`Error::MalformedAnswer`], [`Error::Crypto`].
    pub fn received(
        self,
        response: &Response,
        rng: &mut impl CryptoRng,
    ) -> Result<(Command, AwaitMappingKey), Error> {
        let PaceOffer { group, cipher, mapping, .. } = self.offer;
        if mapping != PaceMapping::Integrated {
            return self.with_private(response, group.random(rng));
        }
        let nonce = self.nonce(response)?;
        let mut t = vec![0; cipher.key_len()];
        rng.fill_bytes(&mut t);
        let generator =
            mapping::integrated(group, cipher, &nonce, &t).map_err(crypto_error(Step::PaceNonce))?;
        Ok(self.sent(&t, Mapping::Integrated(generator)))
    }

    /// With this private mapping key.
    fn with_private(
        self,
        response: &Response,
        private: Exponent,
    ) -> Result<(Command, AwaitMappingKey), Error> {
        let group = self.offer.group;
        let nonce = group.reduce(&self.nonce(response)?).map_err(crypto_error(Step::PaceNonce))?;
        let own = KeyPair::on(&group.generator(), private).map_err(crypto_error(Step::PaceNonce))?;
        Ok(self.sent(&own.public.encode(), Mapping::Generic(nonce, own)))
    }

    fn nonce(&self, response: &Response) -> Result<Zeroizing<Vec<u8>>, Error> {
        response.expect_ok(Step::PaceNonce)?;
        let encrypted = decode(Step::PaceNonce, &response.data, ENCRYPTED_NONCE, &[])?;
        let nonce = self.offer.decrypt_nonce(&self.password_key, &encrypted);
        nonce.map_err(crypto_error(Step::PaceNonce))
    }

    fn sent(self, data: &[u8], mapping: Mapping) -> (Command, AwaitMappingKey) {
        let command = general_authenticate(Some((TERMINAL_MAPPING_KEY, data)), false);
        (command, AwaitMappingKey { offer: self.offer, mapping })
    }
}

impl AwaitMappingKey {
    /// Maps the nonce to a generator and sends an ephemeral key on it.
    ///
    /// # Errors
    /// [`Error::Status`], [`Error::MalformedAnswer`], [`Error::ReflectedKey`], [`Error::Crypto`].
    pub fn received(
        self,
        response: &Response,
        rng: &mut impl CryptoRng,
    ) -> Result<(Command, AwaitEphemeralKey), Error> {
        let private = self.offer.group.random(rng);
        self.with_private(response, private)
    }

    /// With this private ephemeral key.
    fn with_private(
        self,
        response: &Response,
        private: Exponent,
    ) -> Result<(Command, AwaitEphemeralKey), Error> {
        const STEP: Step = Step::PaceMapping;
        let group = self.offer.group;
        let (generator, mapping_key) = match self.mapping {
            Mapping::Generic(nonce, own) => {
                let theirs = received_key(STEP, response, CHIP_MAPPING_KEY, group, &own.public)?;
                let generator = mapping::generic(group, &nonce, &own, &theirs).map_err(crypto_error(STEP))?;
                (generator, Some(theirs))
            }
            Mapping::Integrated(generator) => {
                response.expect_ok(STEP)?;
                // The data object is empty; some chips leave it out.
                let empty = is_empty(&response.data)
                    || decode(STEP, &response.data, CHIP_MAPPING_KEY, &[])?.is_empty();
                if !empty {
                    return Err(Error::MalformedAnswer { step: STEP });
                }
                (generator, None)
            }
        };
        let own = KeyPair::on(&generator, private).map_err(crypto_error(STEP))?;
        let command = general_authenticate(Some((TERMINAL_KEY, &own.public.encode())), false);
        Ok((command, AwaitEphemeralKey { offer: self.offer, own, mapping_key }))
    }
}

impl AwaitEphemeralKey {
    /// Agrees on the session keys and sends the token.
    ///
    /// # Errors
    /// [`Error::Status`], [`Error::MalformedAnswer`], [`Error::ReflectedKey`], [`Error::Crypto`].
    pub fn received(self, response: &Response) -> Result<(Command, AwaitToken), Error> {
        const STEP: Step = Step::PaceKeyAgreement;
        let theirs = received_key(STEP, response, CHIP_KEY, self.offer.group, &self.own.public)?;
        let shared = theirs.times(&self.own.private).map_err(crypto_error(STEP))?.secret();
        let mac = self.offer.cipher.kdf(&shared, 2);
        let token = self.offer.token(&mac, &theirs).map_err(crypto_error(STEP))?;
        let expected = self.offer.token(&mac, &self.own.public).map_err(crypto_error(STEP))?;
        let session = SecureMessaging::from_shared_secret(self.offer.cipher, &shared);
        let cam = match (self.offer.mapping, self.mapping_key) {
            (PaceMapping::ChipAuthentication, Some(Element::Ec(key))) => {
                Some((key, self.offer.cipher.kdf(&shared, 1)))
            }
            _ => None,
        };
        let command = general_authenticate(Some((TERMINAL_TOKEN, &token)), true);
        Ok((command, AwaitToken { expected, session, cam }))
    }
}

impl AwaitToken {
    /// Takes the chip's token: the session is open.
    ///
    /// # Errors
    /// [`Error::AccessDenied`]: the chip refuses, the password is another's. [`Error::WrongAuthentication`]: the
    /// chip's token is wrong. [`Error::PaceCam`]: no chip authentication data beside it, in that mapping.
    pub fn received(self, response: &Response) -> Result<Established, Error> {
        if response.sw != StatusWord::OK {
            return Err(Error::AccessDenied { protocol: "PACE", sw: response.sw });
        }
        const STEP: Step = Step::PaceToken;
        let Some((key, enc)) = self.cam else {
            token(decode(STEP, &response.data, CHIP_TOKEN, &AUTHORITY_REFERENCES)?, &self.expected)?;
            return Ok(Established { session: self.session, chip_authentication: None });
        };
        let Some(data) = optional(&response.data, CHIP_DATA).filter(|data| !data.is_empty()) else {
            let malformed = Error::MalformedAnswer { step: STEP };
            token(optional(&response.data, CHIP_TOKEN).ok_or(malformed)?, &self.expected)?;
            return Err(Error::PaceCam(PaceCamError::DataMissing));
        };
        token(decode(STEP, &response.data, CHIP_TOKEN, &BESIDE_TOKEN)?, &self.expected)?;
        let chip_authentication = Some(ChipAuthenticationData::new(key, enc, data));
        Ok(Established { session: self.session, chip_authentication })
    }
}

fn token(token: Vec<u8>, expected: &[u8; 8]) -> Result<(), Error> {
    if ct_eq(&token, expected) { Ok(()) } else { Err(Error::WrongAuthentication { step: Step::PaceToken }) }
}

#[cfg(test)]
mod combinations;
#[cfg(test)]
mod integrated_examples;
#[cfg(test)]
mod tests;

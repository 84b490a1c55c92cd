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

use crypto::pad::pad_method2;
use crypto::{SessionCipher, SessionKey, ct_eq};
use lds::CardAccess;
use lds::security_info::{PaceInfo, PaceMapping};
use lds::tlv::{self, tag};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::apdu::{LE_SHORT, ins};
use crate::dynamic_authentication::{decode, encode, is_empty, optional};
use crate::{Command, Error, Password, Response, SecureMessaging, StatusWord};

pub mod cam;
pub mod chip;
mod group;
mod mapping;
mod transcript;

pub use cam::{ChipAuthenticationData, PaceCamError};
pub use group::PaceGroup;
use group::{Element, Exponent};
use mapping::KeyPair;
pub use transcript::CamTranscript;

const STEP: &str = "PACE";
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
/// No chip's nonce is longer; the standard leaves the length to the chip (4.4.3.3).
const MAX_NONCE: usize = 64;

/// A way of PACE that both sides support.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceOffer {
    /// The protocol, dotted.
    pub oid: String,
    /// The cipher of the nonce, the tokens and the session.
    pub cipher: SessionCipher,
    /// How the nonce becomes a generator.
    pub mapping: PaceMapping,
    /// The group.
    pub group: PaceGroup,
    /// The number of the domain parameters, if the chip offers several and must be told which.
    pub parameter_reference: Option<u8>,
}

impl PaceOffer {
    /// The best supported offer of EF.CardAccess: the strongest cipher, and of these the chip's first.
    #[must_use]
    pub fn choose(card_access: &CardAccess) -> Option<Self> {
        let mut parameters: Vec<_> = card_access.pace().map(|info| info.parameter_id).collect();
        parameters.sort_unstable();
        parameters.dedup();
        let mut offers: Vec<Self> = card_access.pace().filter_map(Self::from_info).collect();
        offers.sort_by_key(|offer| std::cmp::Reverse(offer.cipher.key_len() * offer.cipher.block_len()));
        let mut best = offers.into_iter().next()?;
        best.parameter_reference = (parameters.len() > 1).then_some(best.group.parameter_id());
        Some(best)
    }

    /// Version 2 with standardised domain parameters; `None` for what Doc 9303-11 does not allow: parameters of the
    /// other kind than the OID's, integrated mapping on P-224 (9.5.1), and Chip Authentication mapping without AES or
    /// without a curve (9.2.3).
    #[must_use]
    pub fn from_info(info: &PaceInfo) -> Option<Self> {
        Self::allowed(info).ok()
    }

    /// As [`PaceOffer::from_info`], with the reason.
    ///
    /// # Errors
    /// [`Error::PaceCombination`].
    pub fn allowed(info: &PaceInfo) -> Result<Self, Error> {
        let refused = |reason| Err(Error::PaceCombination(reason));
        let Some(group) = info.parameter_id.and_then(PaceGroup::from_parameter_id) else {
            return refused("domain parameters");
        };
        if info.version != 2 {
            return refused("version");
        }
        if info.agreement != group.agreement() {
            return refused("domain parameters of the other kind");
        }
        match info.mapping {
            PaceMapping::Integrated if group == PaceGroup::Ec(crypto::Curve::P224) => {
                return refused("integrated mapping on P-224");
            }
            PaceMapping::ChipAuthentication if info.cipher == SessionCipher::TripleDes => {
                return refused("Chip Authentication mapping with Triple-DES");
            }
            PaceMapping::ChipAuthentication if matches!(group, PaceGroup::Dh(_)) => {
                return refused("Chip Authentication mapping in a prime field");
            }
            _ => {}
        }
        let (oid, cipher, mapping) = (info.oid.clone(), info.cipher, info.mapping);
        Ok(Self { oid, cipher, mapping, group, parameter_reference: None })
    }

    /// The value of the OID, without tag and length.
    fn oid_value(&self) -> Vec<u8> {
        tlv::encode_oid(&self.oid).split_off(2)
    }

    /// MSE:Set AT (4.4.4.1).
    fn set_at(&self, password: &Password) -> Command {
        let mut data = tlv::encode(0x80, &self.oid_value());
        data.extend(tlv::encode(0x83, &[password.reference()]));
        if let Some(parameters) = self.parameter_reference {
            data.extend(tlv::encode(0x84, &[parameters]));
        }
        Command::new(ins::MANAGE_SECURITY_ENVIRONMENT, 0xC1, 0xA4, data, None)
    }

    /// K_pi (9.7.3).
    fn password_key(&self, password: &Password) -> SessionKey {
        self.cipher.kdf(&password.secret(), 3)
    }

    /// s out of z.
    fn decrypt_nonce(&self, key: &SessionKey, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, crypto::Error> {
        if encrypted.len() > MAX_NONCE {
            return Err(crypto::Error::Ciphertext);
        }
        key.decrypt_cbc(&vec![0; self.cipher.block_len()], encrypted)
    }

    /// A token: the MAC over the other side's public key data object (4.4.3.4).
    fn token(&self, mac: &SessionKey, key: &Element) -> Result<[u8; 8], crypto::Error> {
        let oid = tlv::encode(tag::OID, &self.oid_value());
        let point = tlv::encode(key.tag(), &key.encode());
        let input = tlv::encode(0x7F49, &[oid, point].concat());
        match self.cipher {
            SessionCipher::TripleDes => mac.mac(&pad_method2(&input, self.cipher.block_len())),
            _ => mac.mac(&input),
        }
    }
}

fn crypto_error(error: crypto::Error) -> Error {
    Error::Crypto { step: STEP, error }
}

fn general_authenticate(object: Option<(u32, &[u8])>, last: bool) -> Command {
    let command = Command::new(ins::GENERAL_AUTHENTICATE, 0, 0, encode(object), Some(LE_SHORT));
    Command { cla: if last { 0 } else { CHAINING }, ..command }
}

/// The key in a response, which must not be our own come back.
fn received_key(response: &Response, tag: u32, group: PaceGroup, own: &Element) -> Result<Element, Error> {
    response.expect_ok("PACE GENERAL AUTHENTICATE")?;
    let key = decode(STEP, &response.data, tag, &[])?;
    let key = group.element(&key).map_err(crypto_error)?;
    if key == *own { Err(Error::ReflectedKey { step: STEP }) } else { Ok(key) }
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
        response.expect_ok("PACE MSE:Set AT")?;
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
        let generator = mapping::integrated(group, cipher, &nonce, &t).map_err(crypto_error)?;
        Ok(self.sent(&t, Mapping::Integrated(generator)))
    }

    /// With this private mapping key.
    fn with_private(
        self,
        response: &Response,
        private: Exponent,
    ) -> Result<(Command, AwaitMappingKey), Error> {
        let group = self.offer.group;
        let nonce = group.reduce(&self.nonce(response)?).map_err(crypto_error)?;
        let own = KeyPair::on(&group.generator(), private).map_err(crypto_error)?;
        Ok(self.sent(&own.public.encode(), Mapping::Generic(nonce, own)))
    }

    fn nonce(&self, response: &Response) -> Result<Zeroizing<Vec<u8>>, Error> {
        response.expect_ok("PACE GENERAL AUTHENTICATE")?;
        let encrypted = decode(STEP, &response.data, ENCRYPTED_NONCE, &[])?;
        self.offer.decrypt_nonce(&self.password_key, &encrypted).map_err(crypto_error)
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
        let group = self.offer.group;
        let (generator, mapping_key) = match self.mapping {
            Mapping::Generic(nonce, own) => {
                let theirs = received_key(response, CHIP_MAPPING_KEY, group, &own.public)?;
                let generator = mapping::generic(group, &nonce, &own, &theirs).map_err(crypto_error)?;
                (generator, Some(theirs))
            }
            Mapping::Integrated(generator) => {
                response.expect_ok("PACE GENERAL AUTHENTICATE")?;
                // The data object is empty; some chips leave it out.
                let empty = is_empty(&response.data)
                    || decode(STEP, &response.data, CHIP_MAPPING_KEY, &[])?.is_empty();
                if !empty {
                    return Err(Error::MalformedAnswer { step: STEP });
                }
                (generator, None)
            }
        };
        let own = KeyPair::on(&generator, private).map_err(crypto_error)?;
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
        let theirs = received_key(response, CHIP_KEY, self.offer.group, &self.own.public)?;
        let shared = theirs.times(&self.own.private).map_err(crypto_error)?.secret();
        let mac = self.offer.cipher.kdf(&shared, 2);
        let token = self.offer.token(&mac, &theirs).map_err(crypto_error)?;
        let expected = self.offer.token(&mac, &self.own.public).map_err(crypto_error)?;
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
            return Err(Error::AccessDenied { protocol: STEP, sw: response.sw });
        }
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
    if ct_eq(&token, expected) { Ok(()) } else { Err(Error::WrongAuthentication { step: STEP }) }
}

#[cfg(test)]
mod combinations;
#[cfg(test)]
mod integrated_examples;
#[cfg(test)]
mod tests;

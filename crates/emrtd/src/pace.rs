//! Password Authenticated Connection Establishment (Doc 9303-11, 4.4): generic mapping on an elliptic curve.
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
use crypto::{Curve, EcPoint, Scalar, SessionCipher, SessionKey, ct_eq};
use lds::CardAccess;
use lds::security_info::{KeyAgreement, PaceInfo, PaceMapping};
use lds::tlv::{self, tag};
use rand_core::CryptoRng;

use crate::apdu::{LE_SHORT, ins};
use crate::dynamic_authentication::{decode, encode};
use crate::{Command, Error, Password, Response, SecureMessaging, StatusWord};

pub mod chip;

const STEP: &str = "PACE";
const ENCRYPTED_NONCE: u32 = 0x80;
const TERMINAL_MAPPING_KEY: u32 = 0x81;
const CHIP_MAPPING_KEY: u32 = 0x82;
const TERMINAL_KEY: u32 = 0x83;
const CHIP_KEY: u32 = 0x84;
const TERMINAL_TOKEN: u32 = 0x85;
const CHIP_TOKEN: u32 = 0x86;
/// Certification authority references, which a chip with Terminal Authentication may add.
const AUTHORITY_REFERENCES: [u32; 2] = [0x87, 0x88];
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
    /// The group.
    pub curve: Curve,
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
        best.parameter_reference = (parameters.len() > 1).then_some(best.curve.parameter_id());
        Some(best)
    }

    /// Generic mapping with ECDH, version 2, on a standardised curve that is known; else `None`.
    #[must_use]
    pub fn from_info(info: &PaceInfo) -> Option<Self> {
        let supported = info.agreement == KeyAgreement::Ecdh && info.mapping == PaceMapping::Generic;
        let curve = u8::try_from(info.parameter_id?).ok().and_then(Curve::from_parameter_id)?;
        let offer = Self { oid: info.oid.clone(), cipher: info.cipher, curve, parameter_reference: None };
        (supported && info.version == 2).then_some(offer)
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
    fn decrypt_nonce(&self, key: &SessionKey, encrypted: &[u8]) -> Result<Scalar, crypto::Error> {
        if encrypted.len() > MAX_NONCE {
            return Err(crypto::Error::Ciphertext);
        }
        let nonce = key.decrypt_cbc(&vec![0; self.cipher.block_len()], encrypted)?;
        Scalar::from_bytes_reduced(self.curve, &nonce)
    }

    /// A token: the MAC over the other side's public key data object (4.4.3.4).
    fn token(&self, mac: &SessionKey, key: &EcPoint) -> Result<[u8; 8], crypto::Error> {
        let oid = tlv::encode(tag::OID, &self.oid_value());
        let point = tlv::encode(0x86, &key.to_sec1());
        let input = tlv::encode(0x7F49, &[oid, point].concat());
        match self.cipher {
            SessionCipher::TripleDes => mac.mac(&pad_method2(&input, self.cipher.block_len())),
            _ => mac.mac(&input),
        }
    }
}

/// A private scalar and its point on a generator.
struct KeyPair {
    private: Scalar,
    public: EcPoint,
}

impl KeyPair {
    fn generate(generator: &EcPoint, rng: &mut impl CryptoRng) -> Result<Self, crypto::Error> {
        let private = Scalar::random(generator.curve(), rng);
        let public = generator.mul(&private)?;
        Ok(Self { private, public })
    }
}

/// G' = s*G + H with H = DH of both mapping keys (4.4.3.3.1).
fn map(nonce: &Scalar, own: &KeyPair, theirs: &EcPoint) -> Result<EcPoint, crypto::Error> {
    let h = theirs.mul(&own.private)?;
    EcPoint::generator(theirs.curve()).mul(nonce)?.add(&h)
}

fn crypto_error(error: crypto::Error) -> Error {
    Error::Crypto { step: STEP, error }
}

fn general_authenticate(object: Option<(u32, &[u8])>, last: bool) -> Command {
    let command = Command::new(ins::GENERAL_AUTHENTICATE, 0, 0, encode(object), Some(LE_SHORT));
    Command { cla: if last { 0 } else { CHAINING }, ..command }
}

/// The point in a response, which must not be our own key come back.
fn received_point(response: &Response, tag: u32, curve: Curve, own: &EcPoint) -> Result<EcPoint, Error> {
    response.expect_ok("PACE GENERAL AUTHENTICATE")?;
    let sec1 = decode(STEP, &response.data, tag, &[])?;
    let point = EcPoint::from_sec1(curve, &sec1).map_err(crypto_error)?;
    if point == *own { Err(Error::ReflectedKey { step: STEP }) } else { Ok(point) }
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
    nonce: Scalar,
    own: KeyPair,
}

/// Terminal: waits for the chip's ephemeral key on the mapped generator.
pub struct AwaitEphemeralKey {
    offer: PaceOffer,
    own: KeyPair,
}

/// Terminal: waits for the chip's token.
#[derive(Debug)]
pub struct AwaitToken {
    expected: [u8; 8],
    session: SecureMessaging,
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
    /// Decrypts the nonce and sends a mapping key.
    ///
    /// # Errors
    /// [`Error::Status`], [`Error::MalformedAnswer`], [`Error::Crypto`].
    pub fn received(
        self,
        response: &Response,
        rng: &mut impl CryptoRng,
    ) -> Result<(Command, AwaitMappingKey), Error> {
        response.expect_ok("PACE GENERAL AUTHENTICATE")?;
        let encrypted = decode(STEP, &response.data, ENCRYPTED_NONCE, &[])?;
        let nonce = self.offer.decrypt_nonce(&self.password_key, &encrypted).map_err(crypto_error)?;
        let own = KeyPair::generate(&EcPoint::generator(self.offer.curve), rng).map_err(crypto_error)?;
        let command = general_authenticate(Some((TERMINAL_MAPPING_KEY, &own.public.to_sec1())), false);
        Ok((command, AwaitMappingKey { offer: self.offer, nonce, own }))
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
        let theirs = received_point(response, CHIP_MAPPING_KEY, self.offer.curve, &self.own.public)?;
        let generator = map(&self.nonce, &self.own, &theirs).map_err(crypto_error)?;
        let own = KeyPair::generate(&generator, rng).map_err(crypto_error)?;
        let command = general_authenticate(Some((TERMINAL_KEY, &own.public.to_sec1())), false);
        Ok((command, AwaitEphemeralKey { offer: self.offer, own }))
    }
}

impl AwaitEphemeralKey {
    /// Agrees on the session keys and sends the token.
    ///
    /// # Errors
    /// [`Error::Status`], [`Error::MalformedAnswer`], [`Error::ReflectedKey`], [`Error::Crypto`].
    pub fn received(self, response: &Response) -> Result<(Command, AwaitToken), Error> {
        let theirs = received_point(response, CHIP_KEY, self.offer.curve, &self.own.public)?;
        let shared = theirs.mul(&self.own.private).map_err(crypto_error)?;
        let mac = self.offer.cipher.kdf(shared.x(), 2);
        let token = self.offer.token(&mac, &theirs).map_err(crypto_error)?;
        let expected = self.offer.token(&mac, &self.own.public).map_err(crypto_error)?;
        let session = SecureMessaging::from_shared_secret(self.offer.cipher, shared.x());
        Ok((general_authenticate(Some((TERMINAL_TOKEN, &token)), true), AwaitToken { expected, session }))
    }
}

impl AwaitToken {
    /// Takes the chip's token: the session is open.
    ///
    /// # Errors
    /// [`Error::AccessDenied`]: the chip refuses, the password is another's. [`Error::WrongAuthentication`]: the
    /// chip's token is wrong.
    pub fn received(self, response: &Response) -> Result<SecureMessaging, Error> {
        if response.sw != StatusWord::OK {
            return Err(Error::AccessDenied { protocol: STEP, sw: response.sw });
        }
        let token = decode(STEP, &response.data, CHIP_TOKEN, &AUTHORITY_REFERENCES)?;
        if !ct_eq(&token, &self.expected) {
            return Err(Error::WrongAuthentication { step: STEP });
        }
        Ok(self.session)
    }
}

#[cfg(test)]
mod tests {
    use lds::security_info::SecurityInfo;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::MrzKey;

    fn rng(seed: u64) -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(seed)
    }

    fn info() -> PaceInfo {
        PaceInfo::ecdh_generic(SessionCipher::Aes128, Curve::BrainpoolP256r1.parameter_id())
    }

    fn password() -> Password {
        MrzKey::new("L898902C", "690806", "940623").unwrap().into()
    }

    fn ok() -> Response {
        Response::ok(Vec::new())
    }

    /// Runs PACE with the chip's answer number `at` (0: nonce, 1: mapping key, 2: key, 3: token) changed, which also
    /// sees the command.
    fn dialogue(at: usize, change: impl Fn(&Command, &mut Response)) -> Result<SecureMessaging, Error> {
        let offer = PaceOffer::from_info(&info()).unwrap();
        let (mut terminal_rng, mut chip_rng) = (rng(1), rng(2));
        let changed = |number: usize, command: &Command, mut response: Response| {
            if number == at {
                change(command, &mut response);
            }
            response
        };
        let (_, terminal) = begin(&offer, &password());
        let chip = chip::begin(offer, &password());
        let (command, terminal) = terminal.received(&ok())?;
        let (response, chip) = chip.received(&command, &mut chip_rng).unwrap();
        let (command, terminal) = terminal.received(&changed(0, &command, response), &mut terminal_rng)?;
        let (response, chip) = chip.received(&command, &mut chip_rng).unwrap();
        let (command, terminal) = terminal.received(&changed(1, &command, response), &mut terminal_rng)?;
        let (response, chip) = chip.received(&command, &mut chip_rng).unwrap();
        let (command, terminal) = terminal.received(&changed(2, &command, response))?;
        let response = match chip.received(&command) {
            Ok((response, _)) => response,
            Err(sw) => Response::status(sw),
        };
        terminal.received(&changed(3, &command, response))
    }

    fn error(at: usize, change: impl Fn(&Command, &mut Response)) -> Error {
        dialogue(at, change).unwrap_err()
    }

    fn flip_last(_: &Command, response: &mut Response) {
        *response.data.last_mut().unwrap() ^= 1;
    }

    #[test]
    fn a_changed_answer_is_refused_at_its_step() {
        assert!(dialogue(9, |_, _| ()).is_ok());
        let off_curve = Error::Crypto { step: STEP, error: crypto::Error::InvalidPoint };
        assert_eq!(error(1, flip_last), off_curve);
        assert_eq!(error(2, flip_last), off_curve);
        assert_eq!(error(3, flip_last), Error::WrongAuthentication { step: STEP });
        // Another nonce maps to another generator: the chip sees it in the token.
        let denied = Error::AccessDenied { protocol: STEP, sw: StatusWord::AUTHENTICATION_FAILED };
        assert_eq!(error(0, flip_last), denied);
    }

    /// Doc 9303-11, 4.4.1, step 3d; otherwise the chip's token would be our own.
    #[test]
    fn our_own_key_come_back_is_refused() {
        let reflect = |tag: u8| {
            move |command: &Command, response: &mut Response| {
                response.data = command.data.clone();
                response.data[2] = tag;
            }
        };
        assert_eq!(error(1, reflect(0x82)), Error::ReflectedKey { step: STEP });
        assert_eq!(error(2, reflect(0x84)), Error::ReflectedKey { step: STEP });
        let reflected_token = error(3, reflect(0x86));
        assert_eq!(reflected_token, Error::WrongAuthentication { step: STEP });
    }

    #[test]
    fn answers_of_another_shape_are_malformed() {
        for at in 0..4 {
            let malformed = Error::MalformedAnswer { step: STEP };
            assert_eq!(error(at, |_, response| response.data.clear()), malformed);
            assert_eq!(error(at, |_, response| response.data[2] = 0x8F), malformed);
            let more = |_: &Command, response: &mut Response| {
                response.data.extend([0x8A, 0]);
                response.data[1] += 2;
            };
            assert_eq!(error(at, more), malformed);
        }
    }

    #[test]
    fn a_nonce_of_broken_or_too_many_blocks_is_refused() {
        let nonce = |length: usize| {
            error(0, move |_, response| response.data = encode(Some((ENCRYPTED_NONCE, &vec![7; length]))))
        };
        let refused = Error::Crypto { step: STEP, error: crypto::Error::Ciphertext };
        assert_eq!(nonce(15), refused);
        assert_eq!(nonce(80), refused);
        assert!(matches!(nonce(32), Error::AccessDenied { .. }));
    }

    #[test]
    fn offers_that_are_not_supported_are_passed_over() {
        let choose = |changes: &[fn(&mut PaceInfo)]| {
            let changed = |change: &fn(&mut PaceInfo)| {
                let mut info = info();
                change(&mut info);
                SecurityInfo::Pace(info)
            };
            PaceOffer::choose(&CardAccess { security_infos: changes.iter().map(changed).collect() })
        };
        let integrated: fn(&mut PaceInfo) = |info| info.mapping = PaceMapping::Integrated;
        let others: [fn(&mut PaceInfo); 5] = [
            integrated,
            |info| info.agreement = KeyAgreement::Dh,
            |info| info.version = 1,
            |info| info.parameter_id = None,
            |info| info.parameter_id = Some(300),
        ];
        for other in others {
            assert_eq!(choose(&[other]), None);
        }
        let chosen = choose(&[integrated, |_| ()]).unwrap();
        // Both say brainpoolP256r1: nothing is ambiguous.
        assert_eq!((chosen.curve, chosen.parameter_reference), (Curve::BrainpoolP256r1, None));
    }
}

//! The chip's side of PACE.

use crypto::{EcPoint, Scalar, SessionKey, ct_eq};
use lds::tlv::Reader;
use rand_core::CryptoRng;

use super::{
    CHIP_KEY, CHIP_MAPPING_KEY, CHIP_TOKEN, ENCRYPTED_NONCE, KeyPair, PaceOffer, STEP, TERMINAL_KEY,
    TERMINAL_MAPPING_KEY, TERMINAL_TOKEN, map,
};
use crate::dynamic_authentication::{decode, encode, is_empty};
use crate::{Command, Password, Response, SecureMessaging, StatusWord};

/// What MSE:Set AT asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceRequest {
    /// The protocol, dotted.
    pub oid: String,
    /// 1: MRZ; 2: CAN.
    pub password: u8,
    /// The number of the domain parameters.
    pub parameters: Option<u8>,
}

impl PaceRequest {
    /// Reads MSE:Set AT; data objects that it does not know are ignored (4.4.4.1, note 2).
    ///
    /// # Errors
    /// The status word to answer with.
    pub fn parse(command: &Command) -> Result<Self, StatusWord> {
        Self::parse_data(&command.data).ok().flatten().ok_or(StatusWord::WRONG_DATA)
    }

    fn parse_data(data: &[u8]) -> lds::Result<Option<Self>> {
        let mut objects = Reader::new("APDU", data);
        let (mut oid, mut password, mut parameters) = (None, None, None);
        while let Some(object) = objects.next_element()? {
            match (object.tag, object.value) {
                (0x80, _) => oid = Some(object.oid()?),
                (0x83, &[number]) => password = Some(number),
                (0x84, &[number]) => parameters = Some(number),
                _ => {}
            }
        }
        Ok(oid.zip(password).map(|(oid, password)| Self { oid, password, parameters }))
    }
}

/// Chip: waits for the request for the nonce.
pub struct AwaitNonceRequest {
    offer: PaceOffer,
    password_key: SessionKey,
}

/// Chip: waits for the terminal's mapping key.
pub struct AwaitMappingKey {
    offer: PaceOffer,
    nonce: Scalar,
}

/// Chip: waits for the terminal's ephemeral key on the mapped generator.
pub struct AwaitEphemeralKey {
    offer: PaceOffer,
    generator: EcPoint,
}

/// Chip: waits for the terminal's token.
pub struct AwaitToken {
    expected: [u8; 8],
    own: [u8; 8],
    session: SecureMessaging,
}

/// After MSE:Set AT chose this offer and this password.
#[must_use]
pub fn begin(offer: PaceOffer, password: &Password) -> AwaitNonceRequest {
    let password_key = offer.password_key(password);
    AwaitNonceRequest { offer, password_key }
}

fn refused(_: crypto::Error) -> StatusWord {
    StatusWord::WRONG_DATA
}

fn point(command: &Command, tag: u32, offer: &PaceOffer) -> Result<EcPoint, StatusWord> {
    let sec1 = decode(STEP, &command.data, tag, &[]).map_err(|_| StatusWord::WRONG_DATA)?;
    EcPoint::from_sec1(offer.curve, &sec1).map_err(refused)
}

fn answer(tag: u32, value: &[u8]) -> Response {
    Response::ok(encode(Some((tag, value))))
}

impl AwaitNonceRequest {
    /// Makes the nonce: as long as the key of the cipher, in whole blocks.
    ///
    /// # Errors
    /// The status word to answer with.
    pub fn received(
        self,
        command: &Command,
        rng: &mut impl CryptoRng,
    ) -> Result<(Response, AwaitMappingKey), StatusWord> {
        if !is_empty(&command.data) {
            return Err(StatusWord::WRONG_DATA);
        }
        let cipher = self.offer.cipher;
        let mut nonce = vec![0; cipher.key_len().next_multiple_of(cipher.block_len())];
        rng.fill_bytes(&mut nonce);
        let encrypted = self.password_key.encrypt_cbc(&vec![0; cipher.block_len()], &nonce);
        let encrypted = encrypted.map_err(refused)?;
        let nonce = Scalar::from_bytes_reduced(self.offer.curve, &nonce).map_err(refused)?;
        Ok((answer(ENCRYPTED_NONCE, &encrypted), AwaitMappingKey { offer: self.offer, nonce }))
    }
}

impl AwaitMappingKey {
    /// Maps the nonce.
    ///
    /// # Errors
    /// The status word to answer with.
    pub fn received(
        self,
        command: &Command,
        rng: &mut impl CryptoRng,
    ) -> Result<(Response, AwaitEphemeralKey), StatusWord> {
        let theirs = point(command, TERMINAL_MAPPING_KEY, &self.offer)?;
        let own = KeyPair::generate(&EcPoint::generator(self.offer.curve), rng).map_err(refused)?;
        let generator = map(&self.nonce, &own, &theirs).map_err(refused)?;
        let response = answer(CHIP_MAPPING_KEY, &own.public.to_sec1());
        Ok((response, AwaitEphemeralKey { offer: self.offer, generator }))
    }
}

impl AwaitEphemeralKey {
    /// Agrees on the session keys.
    ///
    /// # Errors
    /// The status word to answer with.
    pub fn received(
        self,
        command: &Command,
        rng: &mut impl CryptoRng,
    ) -> Result<(Response, AwaitToken), StatusWord> {
        let theirs = point(command, TERMINAL_KEY, &self.offer)?;
        let own = KeyPair::generate(&self.generator, rng).map_err(refused)?;
        if theirs == own.public {
            return Err(StatusWord::WRONG_DATA);
        }
        let shared = theirs.mul(&own.private).map_err(refused)?;
        let mac = self.offer.cipher.kdf(shared.x(), 2);
        let step = AwaitToken {
            expected: self.offer.token(&mac, &own.public).map_err(refused)?,
            own: self.offer.token(&mac, &theirs).map_err(refused)?,
            session: SecureMessaging::from_shared_secret(self.offer.cipher, shared.x()),
        };
        Ok((answer(CHIP_KEY, &own.public.to_sec1()), step))
    }
}

impl AwaitToken {
    /// Verifies the token: the session is open.
    ///
    /// # Errors
    /// The status word to answer with.
    pub fn received(self, command: &Command) -> Result<(Response, SecureMessaging), StatusWord> {
        let token = decode(STEP, &command.data, TERMINAL_TOKEN, &[]).map_err(|_| StatusWord::WRONG_DATA)?;
        if !ct_eq(&token, &self.expected) {
            return Err(StatusWord::AUTHENTICATION_FAILED);
        }
        Ok((answer(CHIP_TOKEN, &self.own), self.session))
    }
}

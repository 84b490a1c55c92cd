//! The chip's side of PACE.

use crypto::{EcPrivateKey, SessionKey, ct_eq};
use lds::security_info::PaceMapping;
use lds::tlv::{Oid, Reader};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{
    CHIP_DATA, CHIP_KEY, CHIP_MAPPING_KEY, CHIP_TOKEN, ENCRYPTED_NONCE, Element, Exponent, KeyPair,
    PaceOffer, TERMINAL_KEY, TERMINAL_MAPPING_KEY, TERMINAL_TOKEN, cam, mapping,
};
use crate::dynamic_authentication::{decode, encode, encode_all, is_empty};
use crate::{Command, Password, Response, SecureMessaging, StatusWord, Step};

/// What MSE:Set AT asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceRequest {
    /// The protocol.
    pub oid: Oid,
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
    chip_key: Option<EcPrivateKey>,
}

/// Chip: waits for the terminal's mapping key.
pub struct AwaitMappingKey {
    offer: PaceOffer,
    nonce: Zeroizing<Vec<u8>>,
    chip_key: Option<EcPrivateKey>,
}

/// Chip: waits for the terminal's ephemeral key on the mapped generator.
pub struct AwaitEphemeralKey {
    offer: PaceOffer,
    generator: Element,
    /// The static and the private mapping key, in Chip Authentication mapping.
    cam: Option<(EcPrivateKey, Exponent)>,
}

/// Chip: waits for the terminal's token.
pub struct AwaitToken {
    expected: [u8; 8],
    own: [u8; 8],
    /// Encrypted chip authentication data.
    data: Option<Vec<u8>>,
    session: SecureMessaging,
}

/// After MSE:Set AT chose this offer and this password.
#[must_use]
pub fn begin(offer: PaceOffer, password: &Password) -> AwaitNonceRequest {
    let password_key = offer.password_key(password);
    AwaitNonceRequest { offer, password_key, chip_key: None }
}

fn refused(_: crypto::Error) -> StatusWord {
    StatusWord::WRONG_DATA
}

fn key(command: &Command, tag: u32, offer: &PaceOffer) -> Result<Element, StatusWord> {
    let key = decode(Step::PaceKeyAgreement, &command.data, tag, &[]).map_err(|_| StatusWord::WRONG_DATA)?;
    offer.group.element(&key).map_err(refused)
}

fn answer(tag: u32, value: &[u8]) -> Response {
    Response::ok(encode(Some((tag, value))))
}

impl AwaitNonceRequest {
    /// With the static key that Chip Authentication mapping binds the mapping key to.
    #[must_use]
    pub fn with_chip_key(self, key: EcPrivateKey) -> Self {
        Self { chip_key: Some(key), ..self }
    }

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
        let mut nonce = Zeroizing::new(vec![0; mapping::nonce_len(cipher)]);
        rng.fill_bytes(&mut nonce);
        let encrypted = self.password_key.encrypt_cbc(&vec![0; cipher.block_len()], &nonce);
        let encrypted = encrypted.map_err(refused)?;
        let step = AwaitMappingKey { offer: self.offer, nonce, chip_key: self.chip_key };
        Ok((answer(ENCRYPTED_NONCE, &encrypted), step))
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
        let PaceOffer { group, cipher, .. } = self.offer;
        if self.offer.mapping == PaceMapping::Integrated {
            let t = decode(Step::PaceMapping, &command.data, TERMINAL_MAPPING_KEY, &[])
                .map_err(|_| StatusWord::WRONG_DATA)?;
            let generator = mapping::integrated(group, cipher, &self.nonce, &t).map_err(refused)?;
            let step = AwaitEphemeralKey { offer: self.offer, generator, cam: None };
            return Ok((answer(CHIP_MAPPING_KEY, &[]), step));
        }
        let theirs = key(command, TERMINAL_MAPPING_KEY, &self.offer)?;
        let nonce = group.reduce(&self.nonce).map_err(refused)?;
        let own = KeyPair::generate(group, &group.generator(), rng).map_err(refused)?;
        let generator = mapping::generic(group, &nonce, &own, &theirs).map_err(refused)?;
        let response = answer(CHIP_MAPPING_KEY, &own.public.encode());
        let chip_key = self.chip_key.filter(|_| self.offer.mapping == PaceMapping::ChipAuthentication);
        let cam = chip_key.map(|key| (key, own.private));
        Ok((response, AwaitEphemeralKey { offer: self.offer, generator, cam }))
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
        let theirs = key(command, TERMINAL_KEY, &self.offer)?;
        let own = KeyPair::generate(self.offer.group, &self.generator, rng).map_err(refused)?;
        if theirs == own.public {
            return Err(StatusWord::WRONG_DATA);
        }
        let shared = theirs.times(&own.private).map_err(refused)?.secret();
        let mac = self.offer.cipher.kdf(&shared, 2);
        let data = match &self.cam {
            Some((key, Exponent::Ec(mapping))) => {
                let enc = self.offer.cipher.kdf(&shared, 1);
                Some(cam::encrypt(key.scalar(), mapping, &enc).map_err(refused)?)
            }
            _ => None,
        };
        let step = AwaitToken {
            expected: self.offer.token(&mac, &own.public).map_err(refused)?,
            own: self.offer.token(&mac, &theirs).map_err(refused)?,
            data,
            session: SecureMessaging::from_shared_secret(self.offer.cipher, &shared),
        };
        Ok((answer(CHIP_KEY, &own.public.encode()), step))
    }
}

impl AwaitToken {
    /// Verifies the token: the session is open.
    ///
    /// # Errors
    /// The status word to answer with.
    pub fn received(self, command: &Command) -> Result<(Response, SecureMessaging), StatusWord> {
        let token = decode(Step::PaceToken, &command.data, TERMINAL_TOKEN, &[])
            .map_err(|_| StatusWord::WRONG_DATA)?;
        if !ct_eq(&token, &self.expected) {
            return Err(StatusWord::AUTHENTICATION_FAILED);
        }
        let data = self.data.as_deref().map(|data| (CHIP_DATA, data));
        let objects: Vec<_> = std::iter::once((CHIP_TOKEN, &self.own[..])).chain(data).collect();
        Ok((Response::ok(encode_all(&objects)), self.session))
    }
}

//! From the nonce to a generator (Doc 9303-11, 4.4.3.3).

use crypto::{Error, SessionCipher};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::group::{Element, Exponent, PaceGroup};

/// c0 and c1 of 4.4.3.3.2 for nonces of 128 and of 256 bits.
const CONSTANTS_128: [u128; 2] = [0xa668892a7c41e3ca739f40b057d85904, 0xa4e136ac725f738b01c1f60217c188ad];
const CONSTANTS_256: [[u128; 2]; 2] = [
    [0xd463d65234124ef7897054986dca0a17, 0x4e28df758cbaa03f240616414d5a1676],
    [0x54bd7255f0aaf831bec3423fcf39d69b, 0x6cbf066677d0faae5aadd99df8e53517],
];

/// A private number and its element on a generator.
pub(super) struct KeyPair {
    pub(super) private: Exponent,
    pub(super) public: Element,
}

impl KeyPair {
    pub(super) fn generate(
        group: PaceGroup,
        generator: &Element,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, Error> {
        Self::on(generator, group.random(rng))
    }

    pub(super) fn on(generator: &Element, private: Exponent) -> Result<Self, Error> {
        let public = generator.times(&private)?;
        Ok(Self { private, public })
    }
}

/// Generic mapping: `s*G + H` with H the secret of both mapping keys (4.4.3.3.1).
pub(super) fn generic(
    group: PaceGroup,
    nonce: &Exponent,
    own: &KeyPair,
    theirs: &Element,
) -> Result<Element, Error> {
    let h = theirs.times(&own.private)?;
    group.generator().times(nonce)?.plus(&h)
}

/// Integrated mapping: the element of `R(s, t)` (4.4.3.3.2).
pub(super) fn integrated(
    group: PaceGroup,
    cipher: SessionCipher,
    s: &[u8],
    t: &[u8],
) -> Result<Element, Error> {
    group.encode_number(&pseudo_random(cipher, s, t, group.modulus_bits() + 64)?)
}

/// Bytes of the chip's nonce in integrated mapping.
pub(super) fn nonce_len(cipher: SessionCipher) -> usize {
    cipher.key_len().next_multiple_of(16)
}

/// R(s, t) of at least so many bits, in whole blocks of the nonce's length.
fn pseudo_random(
    cipher: SessionCipher,
    s: &[u8],
    t: &[u8],
    bits: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    if s.len() != nonce_len(cipher) {
        return Err(Error::Ciphertext);
    }
    let constants = match s.len() {
        16 => CONSTANTS_128.map(|c| c.to_be_bytes().to_vec()),
        _ => CONSTANTS_256.map(|c| c.map(u128::to_be_bytes).concat()),
    };
    let [c0, c1] = constants;
    let encrypt = |key: &[u8], block: &[u8]| {
        cipher.key(key)?.encrypt_cbc(&vec![0; cipher.block_len()], block).map(Zeroizing::new)
    };
    let mut k = encrypt(t, s)?;
    let mut x = Zeroizing::new(Vec::new());
    while 8 * x.len() < bits {
        let key = k.get(..cipher.key_len()).ok_or(Error::Ciphertext)?;
        x.extend_from_slice(&encrypt(key, &c1)?);
        let next = encrypt(key, &c0)?;
        k = next;
    }
    Ok(x)
}

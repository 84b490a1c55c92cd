//! The chip's side of Chip Authentication from the primitives of `crypto` alone, so that a mistake in `emrtd` does not
//! repeat itself.

use crypto::{Curve, EcPrivateKey, SessionCipher, SessionKey, pad, sha256};
use lds::tlv;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::manifest::Evidence;
use crate::ChipKey;

/// The server's one-use key.
pub(super) struct Terminal {
    pub(super) key: EcPrivateKey,
}

impl Terminal {
    pub(super) fn new(label: &str, curve: Curve) -> Self {
        let seed = sha256(label.as_bytes());
        Self { key: EcPrivateKey::generate(curve, &mut ChaCha20Rng::from_seed(seed)) }
    }

    pub(super) fn evidence(&self, responses: &[Vec<u8>]) -> Evidence {
        Evidence::ChipAuthentication {
            terminal_private_key: hex::encode(self.key.scalar_bytes().as_slice()),
            protocol: None,
            key_id: None,
            commands: Vec::new(),
            responses: responses.iter().map(hex::encode).collect(),
            plaintexts: Vec::new(),
        }
    }
}

/// The chip after the key agreement: keys, and the send sequence counter of the command last received.
pub struct Session {
    encryption: SessionKey,
    authentication: SessionKey,
    /// What was counted last.
    pub counter: u64,
}

impl Session {
    pub(super) fn new(chip: &ChipKey, terminal: &Terminal) -> Self {
        let secret = chip.key.ecdh(&terminal.key.public_key()).expect("keys of one curve");
        Self::of_secret(chip.cipher, &secret)
    }

    /// The keys of a shared secret (Doc 9303-11 9.7.1).
    #[must_use]
    pub fn of_secret(cipher: SessionCipher, secret: &[u8]) -> Self {
        Self { encryption: cipher.kdf(secret, 1), authentication: cipher.kdf(secret, 2), counter: 0 }
    }

    /// A protected response with status word 9000 (Doc 9303-11 9.8.6). Counts the command and the response.
    pub fn respond(&mut self, data: &[u8]) -> Vec<u8> {
        self.counter += 2;
        self.protect(data, [0x90, 0x00])
    }

    /// The same with another status word, inside and outside; counts nothing.
    ///
    /// # Panics
    /// Never: padded data are whole blocks.
    #[must_use]
    pub fn protect(&self, data: &[u8], status: [u8; 2]) -> Vec<u8> {
        let cryptogram = match data {
            [] => Vec::new(),
            _ => self.cryptogram(&pad::pad_method2(data, self.encryption.cipher().block_len())),
        };
        self.seal([cryptogram, tlv::encode(0x99, &status)].concat(), status)
    }

    /// DO'87' over data that are padded already.
    ///
    /// # Panics
    /// The data are not whole blocks.
    #[must_use]
    pub fn cryptogram(&self, padded: &[u8]) -> Vec<u8> {
        let iv = match self.encryption.cipher() {
            SessionCipher::TripleDes => vec![0; 8],
            _ => self.encryption.encrypt_block(&self.send_sequence_counter()).expect("one block"),
        };
        let cryptogram = self.encryption.encrypt_cbc(&iv, padded).expect("whole blocks");
        tlv::encode_all(0x87, &[&[1], cryptogram.as_slice()])
    }

    /// Data objects, DO'8E' over them, the status word.
    ///
    /// # Panics
    /// Never: padded data are whole blocks.
    #[must_use]
    pub fn seal(&self, objects: Vec<u8>, status: [u8; 2]) -> Vec<u8> {
        let input = [self.send_sequence_counter(), objects.clone()].concat();
        let padded = pad::pad_method2(&input, self.encryption.cipher().block_len());
        let mac = self.authentication.mac(&padded).expect("whole blocks");
        [objects, tlv::encode(0x8E, &mac), status.to_vec()].concat()
    }

    /// As long as a block.
    fn send_sequence_counter(&self) -> Vec<u8> {
        let mut counter = vec![0; self.encryption.cipher().block_len() - 8];
        counter.extend(self.counter.to_be_bytes());
        counter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doc 9303-11 Appendix D.4: the answers to SELECT EF.COM and two READ BINARY.
    #[test]
    fn the_example_of_the_standard_is_protected() {
        let key = |hex| SessionCipher::TripleDes.key(&hex::decode(hex).unwrap()).unwrap();
        let mut session = Session {
            encryption: key("979EC13B1CBFE9DCD01AB0FED307EAE5"),
            authentication: key("F1CB1F1FB5ADF208806B89DC579DC1F8"),
            counter: 0x8870_2212_0C06_C226,
        };
        for (data, response) in [
            ("", "990290008E08FA855A5D4C50A8ED9000"),
            ("60145F01", "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000"),
            (
                "04303130365F36063034303030305C026175",
                "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
            ),
        ] {
            let protected = session.respond(&hex::decode(data).unwrap());
            assert_eq!(hex::encode_upper(protected), response);
        }
    }
}

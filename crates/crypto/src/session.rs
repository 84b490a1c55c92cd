//! The ciphers of secure messaging (Doc 9303-11, 9.7 and 9.8).

use std::fmt;

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{
    Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt as _, BlockModeEncrypt as _, KeyInit,
    KeyIvInit as _, block_padding::NoPadding,
};
use cmac::Cmac;
use des::{Des, TdesEde2};
use zeroize::Zeroizing;

use crate::{Error, HashAlgorithm};

/// A cipher of secure messaging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionCipher {
    /// Two-key Triple-DES in CBC mode with the retail MAC.
    TripleDes,
    /// AES-128 in CBC mode with CMAC.
    Aes128,
    /// AES-192 in CBC mode with CMAC.
    Aes192,
    /// AES-256 in CBC mode with CMAC.
    Aes256,
}

/// A session key, for encryption or for authentication.
#[derive(Clone)]
pub struct SessionKey {
    cipher: SessionCipher,
    bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({:?}, ..)", self.cipher)
    }
}

impl SessionCipher {
    /// Bytes of a key.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            Self::TripleDes | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Bytes of a block; also of the send sequence counter.
    #[must_use]
    pub fn block_len(self) -> usize {
        if self == Self::TripleDes { 8 } else { 16 }
    }

    /// The key derivation function of Doc 9303-11, 9.7.1: counter 1 for encryption, 2 for authentication, 3 for a
    /// password (PACE).
    #[must_use]
    pub fn kdf(self, secret: &[u8], counter: u32) -> SessionKey {
        let hash = match self {
            Self::TripleDes | Self::Aes128 => HashAlgorithm::Sha1,
            Self::Aes192 | Self::Aes256 => HashAlgorithm::Sha256,
        };
        let input = Zeroizing::new([secret, &counter.to_be_bytes()].concat());
        let mut bytes = Zeroizing::new(hash.digest(&input));
        bytes.truncate(self.key_len());
        if self == Self::TripleDes {
            bytes.iter_mut().for_each(|b| *b = (*b & 0xfe) | (((*b >> 1).count_ones() as u8 & 1) ^ 1));
        }
        SessionKey { cipher: self, bytes }
    }

    /// Takes the bytes of a key that was derived before.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: another length.
    pub fn key(self, bytes: &[u8]) -> Result<SessionKey, Error> {
        if bytes.len() != self.key_len() {
            return Err(Error::KeyMismatch);
        }
        Ok(SessionKey { cipher: self, bytes: Zeroizing::new(bytes.to_vec()) })
    }
}

/// Runs `$body` with the block cipher type `$C` of a key.
macro_rules! with_cipher {
    ($cipher:expr, $C:ident => $body:expr) => {
        match $cipher {
            SessionCipher::TripleDes => {
                type $C = TdesEde2;
                $body
            }
            SessionCipher::Aes128 => {
                type $C = Aes128;
                $body
            }
            SessionCipher::Aes192 => {
                type $C = Aes192;
                $body
            }
            SessionCipher::Aes256 => {
                type $C = Aes256;
                $body
            }
        }
    };
}

impl SessionKey {
    /// The cipher.
    #[must_use]
    pub fn cipher(&self) -> SessionCipher {
        self.cipher
    }

    /// The key's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// CBC encryption of whole blocks. The vector is zero for Triple-DES and the encrypted counter for AES.
    ///
    /// # Errors
    /// [`Error::Ciphertext`]: not whole blocks, or a vector of another length.
    pub fn encrypt_cbc(&self, iv: &[u8], data: &[u8]) -> Result<Vec<u8>, Error> {
        with_cipher!(self.cipher, C => {
            let mode = cbc::Encryptor::<C>::new_from_slices(&self.bytes, iv).map_err(|_| Error::Ciphertext)?;
            whole_blocks(data, self.cipher)?;
            let mut buffer = data.to_vec();
            mode.encrypt_padded::<NoPadding>(&mut buffer, data.len()).map_err(|_| Error::Ciphertext)?;
            Ok(buffer)
        })
    }

    /// CBC decryption of whole blocks.
    ///
    /// # Errors
    /// [`Error::Ciphertext`]: not whole blocks, or a vector of another length.
    pub fn decrypt_cbc(&self, iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        with_cipher!(self.cipher, C => {
            let mode = cbc::Decryptor::<C>::new_from_slices(&self.bytes, iv).map_err(|_| Error::Ciphertext)?;
            whole_blocks(data, self.cipher)?;
            let mut buffer = Zeroizing::new(data.to_vec());
            mode.decrypt_padded::<NoPadding>(&mut buffer).map_err(|_| Error::Ciphertext)?;
            Ok(buffer)
        })
    }

    /// One block, for the vector of AES secure messaging: E(KSenc, SSC) (Doc 9303-11, 9.8.7.1).
    ///
    /// # Errors
    /// [`Error::Ciphertext`]: not one block.
    pub fn encrypt_block(&self, block: &[u8]) -> Result<Vec<u8>, Error> {
        self.encrypt_cbc(&vec![0; self.cipher.block_len()], block)
    }

    /// The eight bytes of authentication: retail MAC (ISO/IEC 9797-1 algorithm 3) over data that the caller padded by
    /// method 2, or CMAC cut to eight bytes (Doc 9303-11, 9.8.6.2 and 9.8.7.2).
    ///
    /// # Errors
    /// [`Error::Ciphertext`]: Triple-DES without whole blocks.
    pub fn mac(&self, data: &[u8]) -> Result<[u8; 8], Error> {
        match self.cipher {
            SessionCipher::TripleDes => self.retail_mac(data),
            SessionCipher::Aes128 => cmac8::<Cmac<Aes128>>(&self.bytes, data),
            SessionCipher::Aes192 => cmac8::<Cmac<Aes192>>(&self.bytes, data),
            SessionCipher::Aes256 => cmac8::<Cmac<Aes256>>(&self.bytes, data),
        }
    }

    /// DES in CBC mode with the first half of the key, then decrypt with the second and encrypt with the first.
    fn retail_mac(&self, data: &[u8]) -> Result<[u8; 8], Error> {
        whole_blocks(data, self.cipher)?;
        let (first, second) = self.bytes.split_at(8);
        let des = |key: &[u8]| Des::new_from_slice(key).map_err(|_| Error::KeyMismatch);
        let (first, second) = (des(first)?, des(second)?);
        let mut state = [0u8; 8];
        for chunk in data.chunks_exact(8) {
            state.iter_mut().zip(chunk).for_each(|(s, c)| *s ^= c);
            let mut block: Block<Des> = state.into();
            first.encrypt_block(&mut block);
            state = block.into();
        }
        let mut block: Block<Des> = state.into();
        second.decrypt_block(&mut block);
        first.encrypt_block(&mut block);
        Ok(block.into())
    }
}

fn cmac8<M: cmac::Mac + KeyInit>(key: &[u8], data: &[u8]) -> Result<[u8; 8], Error> {
    let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|_| Error::KeyMismatch)?;
    mac.update(data);
    mac.finalize().into_bytes().first_chunk::<8>().copied().ok_or(Error::Ciphertext)
}

fn whole_blocks(data: &[u8], cipher: SessionCipher) -> Result<(), Error> {
    if data.len().is_multiple_of(cipher.block_len()) { Ok(()) } else { Err(Error::Ciphertext) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pad::pad_method2;

    fn unhex(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    /// Doc 9303-11, appendix D.1 and D.3.
    #[test]
    fn the_bac_example_of_doc_9303_is_computed() {
        let seed = unhex("239AB9CB282DAF66231DC5A4DF6BFBAE");
        let enc = SessionCipher::TripleDes.kdf(&seed, 1);
        let mac = SessionCipher::TripleDes.kdf(&seed, 2);
        assert_eq!(enc.as_bytes(), unhex("AB94FDECF2674FDFB9B391F85D7F76F2"));
        assert_eq!(mac.as_bytes(), unhex("7962D9ECE03D1ACD4C76089DCE131543"));
        let s = unhex("781723860C06C2264608F919887022120B795240CB7049B01C19B33E32804F0B");
        let e = enc.encrypt_cbc(&[0; 8], &s).unwrap();
        assert_eq!(e, unhex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2"));
        assert_eq!(enc.decrypt_cbc(&[0; 8], &e).unwrap().as_slice(), s);
        assert_eq!(mac.mac(&pad_method2(&e, 8)).unwrap().as_slice(), unhex("5F1448EEA8AD90A7"));
    }

    /// Doc 9303-11, appendix G.1.
    #[test]
    fn the_pace_keys_nonce_and_key_derivation_of_doc_9303_are_computed() {
        let key = SessionCipher::Aes128.kdf(&unhex("7e2d2a41c74ea0b38cd36f863939bfa8e9032aad"), 3);
        assert_eq!(key.as_bytes(), unhex("89ded1b26624ec1e634c1989302849dd"));
        let nonce = key.decrypt_cbc(&[0; 16], &unhex("95a3a016522ee98d01e76cb6b98b42c3")).unwrap();
        assert_eq!(nonce.as_slice(), unhex("3f00c4d39d153f2b2a214a078d899b22"));
        let shared = unhex("28768d20701247dae81804c9e780ede582a9996db4a315020b2733197db84925");
        assert_eq!(
            SessionCipher::Aes128.kdf(&shared, 1).as_bytes(),
            unhex("f5f0e35c0d7161ee6724ee513a0d9a7f")
        );
        assert_eq!(
            SessionCipher::Aes128.kdf(&shared, 2).as_bytes(),
            unhex("fe251c7858b356b24514b3bd5f4297d1")
        );
    }

    /// RFC 4493, example 2: CMAC with AES-128, cut to eight bytes.
    #[test]
    fn cmac_is_that_of_rfc_4493() {
        let key = SessionCipher::Aes128.key(&unhex("2b7e151628aed2a6abf7158809cf4f3c")).unwrap();
        let mac = key.mac(&unhex("6bc1bee22e409f96e93d7e117393172a")).unwrap();
        assert_eq!(mac.as_slice(), unhex("070a16b46b4d4144"));
    }

    #[test]
    fn broken_blocks_and_vectors_are_refused() {
        let key = SessionCipher::Aes256.kdf(b"x", 1);
        assert_eq!(key.encrypt_cbc(&[0; 16], &[0; 15]), Err(Error::Ciphertext));
        assert_eq!(key.encrypt_cbc(&[0; 8], &[0; 16]), Err(Error::Ciphertext));
        assert_eq!(SessionCipher::TripleDes.kdf(b"x", 1).mac(&[0; 7]), Err(Error::Ciphertext));
    }
}

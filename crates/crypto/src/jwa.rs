//! The symmetric algorithms of JSON Web Encryption that are not AES-GCM (RFC 7518): AES key wrap, AES-CBC with HMAC, and
//! the Concat KDF.

use aes::Aes128;
use aes_kw::{AesKw, KeyInit as _};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{Error, ct_eq};

/// Bytes of the tag of A128CBC-HS256.
const TAG: usize = 16;

/// AES-256 key wrap (RFC 3394) of a key of 32 bytes.
///
/// # Panics
/// Never: 32 bytes are whole blocks.
#[must_use]
pub fn wrap_key(wrapping: &[u8; 32], key: &[u8; 32]) -> [u8; 40] {
    let mut out = [0; 40];
    AesKw::<aes::Aes256>::new(wrapping.into()).wrap_key(key, &mut out).expect("whole blocks");
    out
}

/// Unwraps what [`wrap_key`] wrapped.
///
/// # Errors
/// [`Error::Ciphertext`].
pub fn unwrap_key(wrapping: &[u8; 32], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let wrapped: &[u8; 40] = wrapped.try_into().map_err(|_| Error::Ciphertext)?;
    let mut out = Zeroizing::new([0; 32]);
    let unwrapped = AesKw::<aes::Aes256>::new(wrapping.into()).unwrap_key(wrapped, out.as_mut_slice());
    unwrapped.map_err(|_| Error::Ciphertext)?;
    Ok(out)
}

/// The Concat KDF with SHA-256 for a key of 32 bytes, without party information (RFC 7518, 4.6.2): `algorithm` is that
/// of `enc` for direct agreement, that of `alg` otherwise.
#[must_use]
pub fn concat_kdf(shared_secret: &[u8], algorithm: &str) -> Zeroizing<[u8; 32]> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes();
    let mut hash = Sha256::new();
    hash.update(number(1));
    hash.update(shared_secret);
    hash.update(number(algorithm.len()));
    hash.update(algorithm);
    // PartyUInfo and PartyVInfo are empty.
    hash.update([number(0), number(0), number(256)].concat());
    Zeroizing::new(hash.finalize().into())
}

/// A128CBC-HS256 (RFC 7518, 5.2.3): ciphertext and tag.
#[must_use]
pub fn encrypt_cbc_hs256(
    key: &[u8; 32],
    iv: &[u8; 16],
    associated: &[u8],
    plaintext: &[u8],
) -> (Vec<u8>, [u8; TAG]) {
    let (mac_key, encryption_key) = halves(key);
    let cipher = cbc::Encryptor::<Aes128>::new(encryption_key.into(), iv.into());
    let ciphertext = cipher.encrypt_padded_vec::<Pkcs7>(plaintext);
    let tag = tag(mac_key, iv, associated, &ciphertext);
    (ciphertext, tag)
}

/// The reverse: the tag is checked first, so that a padding is seen of genuine messages only.
///
/// # Errors
/// [`Error::Ciphertext`].
pub fn decrypt_cbc_hs256(
    key: &[u8; 32],
    iv: &[u8; 16],
    associated: &[u8],
    ciphertext: &[u8],
    received_tag: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (mac_key, encryption_key) = halves(key);
    if !ct_eq(&tag(mac_key, iv, associated, ciphertext), received_tag) {
        return Err(Error::Ciphertext);
    }
    let cipher = cbc::Decryptor::<Aes128>::new(encryption_key.into(), iv.into());
    cipher.decrypt_padded_vec::<Pkcs7>(ciphertext).map(Zeroizing::new).map_err(|_| Error::Ciphertext)
}

/// The key for the HMAC and that for AES.
fn halves(key: &[u8; 32]) -> (&[u8; 16], &[u8; 16]) {
    let (mac, encryption) = key.split_first_chunk::<16>().expect("32 bytes");
    (mac, encryption.first_chunk::<16>().expect("16 bytes are left"))
}

fn tag(mac_key: &[u8; 16], iv: &[u8; 16], associated: &[u8], ciphertext: &[u8]) -> [u8; TAG] {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(mac_key).expect("any length");
    mac.update(associated);
    mac.update(iv);
    mac.update(ciphertext);
    mac.update(&(8 * associated.len() as u64).to_be_bytes());
    let full = mac.finalize().into_bytes();
    *full.first_chunk::<TAG>().expect("32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        hex::decode(hex).unwrap().try_into().unwrap()
    }

    /// RFC 3394, 4.6.
    #[test]
    fn key_wrap_is_that_of_rfc_3394() {
        let kek = bytes("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
        let key = bytes("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F");
        let wrapped = wrap_key(&kek, &key);
        assert_eq!(
            hex::encode_upper(wrapped),
            "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"
        );
        assert_eq!(*unwrap_key(&kek, &wrapped).unwrap(), key);
        let mut other = wrapped;
        other[7] ^= 1;
        assert_eq!(unwrap_key(&kek, &other), Err(Error::Ciphertext));
        assert_eq!(unwrap_key(&kek, &wrapped[..32]), Err(Error::Ciphertext));
    }

    /// RFC 7518, B.1.
    #[test]
    fn cbc_with_hmac_is_that_of_rfc_7518() {
        let key = bytes("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        let iv = bytes("1af38c2dc2b96ffdd86694092341bc04");
        let plaintext = b"A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy without inconvenience";
        let associated = b"The second principle of Auguste Kerckhoffs";
        let (ciphertext, tag) = encrypt_cbc_hs256(&key, &iv, associated, plaintext);
        assert_eq!(hex::encode(tag), "652c3fa36b0a7c5b3219fab3a30bc1c4");
        assert!(
            hex::encode(&ciphertext)
                .starts_with("c80edfa32ddf39d5ef00c0b468834279a2e46a1b8049f792f76bfe54b903a9c9")
        );
        let decrypted = decrypt_cbc_hs256(&key, &iv, associated, &ciphertext, &tag).unwrap();
        assert_eq!(decrypted.as_slice(), plaintext);
        let refused = |iv: &[u8; 16], associated: &[u8], ciphertext: &[u8], tag: &[u8]| {
            assert_eq!(decrypt_cbc_hs256(&key, iv, associated, ciphertext, tag), Err(Error::Ciphertext));
        };
        refused(&[0; 16], associated, &ciphertext, &tag);
        refused(&iv, b"", &ciphertext, &tag);
        refused(&iv, associated, &ciphertext[1..], &tag);
        refused(&iv, associated, &ciphertext, &tag[..15]);
    }

    /// RFC 7518, C: the derived key has 16 bytes there, so its hash input says 128 and only the form is the same; the
    /// shared secret is that of the example.
    #[test]
    fn the_key_derivation_hashes_the_fields_in_their_order() {
        let z = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163,
            218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let mut input = vec![0, 0, 0, 1];
        input.extend(z);
        input.extend([0, 0, 0, 7]);
        input.extend(b"A256GCM");
        input.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(concat_kdf(&z, "A256GCM").as_slice(), crate::sha256(&input));
    }
}

//! Basic Access Control (Doc 9303-11, 4.3): whoever has read the MRZ may talk to the chip.
//!
//! ```text
//! terminal                                      chip
//! GET CHALLENGE                        ->
//!                                      <-       RND.IC
//! EXTERNAL AUTHENTICATE
//!   E(RND.IFD RND.IC K.IFD) MAC        ->
//!                                      <-       E(RND.IC RND.IFD K.IC) MAC
//! KSeed = K.IFD xor K.IC; SSC = last 4 bytes of RND.IC, last 4 of RND.IFD
//! ```

use crypto::pad::pad_method2;
use crypto::{SessionCipher, SessionKey, ct_eq};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::apdu::{LE_SHORT, ins};
use crate::{Command, Error, MrzKey, Response, SecureMessaging, StatusWord, Step};

const CIPHER: SessionCipher = SessionCipher::TripleDes;
/// Length of RND.IC and RND.IFD.
const NONCE: usize = 8;
/// Length of K.IC and K.IFD.
const SEED: usize = 16;
/// Length of the MAC.
const MAC: usize = 8;
/// Length of what is encrypted: two nonces and a key.
const MESSAGE: usize = 2 * NONCE + SEED;

/// Document basic access keys, derived from the MRZ.
#[derive(Clone)]
struct AccessKeys {
    enc: SessionKey,
    mac: SessionKey,
}

impl AccessKeys {
    fn new(key: &MrzKey) -> Self {
        let digest = key.digest();
        let seed = digest.get(..SEED).unwrap_or_default();
        Self { enc: CIPHER.kdf(seed, 1), mac: CIPHER.kdf(seed, 2) }
    }

    /// E(message) || MAC.
    fn seal(&self, message: &[u8]) -> Result<Vec<u8>, crypto::Error> {
        let mut sealed = self.enc.encrypt_cbc(&[0; NONCE], message)?;
        let mac = self.mac.mac(&pad_method2(&sealed, CIPHER.block_len()))?;
        sealed.extend(mac);
        Ok(sealed)
    }

    /// The message, if its length and MAC are right.
    fn open(&self, sealed: &[u8]) -> Option<Zeroizing<[u8; MESSAGE]>> {
        let (encrypted, mac) = sealed.split_at_checked(MESSAGE).filter(|(_, mac)| mac.len() == MAC)?;
        let expected = self.mac.mac(&pad_method2(encrypted, CIPHER.block_len())).ok()?;
        let message = self.enc.decrypt_cbc(&[0; NONCE], encrypted).ok()?;
        let message = message.first_chunk().copied().map(Zeroizing::new)?;
        ct_eq(mac, &expected).then_some(message)
    }
}

/// Out of `message`: the first nonce, the second, the key.
fn split(message: &[u8; MESSAGE]) -> ([u8; NONCE], [u8; NONCE], Zeroizing<[u8; SEED]>) {
    let part = |from: usize| std::array::from_fn(|i| message[from + i]);
    (part(0), part(NONCE), Zeroizing::new(std::array::from_fn(|i| message[2 * NONCE + i])))
}

/// The session keys out of both sides' keys and nonces (4.3.3.2, 9.8.6.3).
fn session(
    k_ifd: &[u8; SEED],
    k_ic: &[u8; SEED],
    rnd_ic: [u8; NONCE],
    rnd_ifd: [u8; NONCE],
) -> Result<SecureMessaging, crypto::Error> {
    let seed: Zeroizing<[u8; SEED]> = Zeroizing::new(std::array::from_fn(|i| k_ifd[i] ^ k_ic[i]));
    let low = |nonce: [u8; NONCE]| u64::from_be_bytes(nonce) & 0xFFFF_FFFF;
    let ssc = low(rnd_ic) << 32 | low(rnd_ifd);
    SecureMessaging::new(CIPHER.kdf(&*seed, 1), CIPHER.kdf(&*seed, 2), u128::from(ssc))
}

fn crypto_error(error: crypto::Error) -> Error {
    Error::Crypto { step: Step::MutualAuthentication, error }
}

/// Terminal: waits for the chip's challenge.
#[derive(Debug)]
pub struct AwaitChallenge {
    keys: AccessKeys,
}

/// Terminal: waits for the chip's answer to EXTERNAL AUTHENTICATE.
#[derive(Debug)]
pub struct AwaitMutualAuthentication {
    keys: AccessKeys,
    rnd_ic: [u8; NONCE],
    rnd_ifd: [u8; NONCE],
    k_ifd: Zeroizing<[u8; SEED]>,
}

impl std::fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessKeys(..)")
    }
}

/// Terminal: asks for a challenge.
#[must_use]
pub fn begin(key: &MrzKey) -> (Command, AwaitChallenge) {
    let command = Command::new(ins::GET_CHALLENGE, 0, 0, Vec::new(), Some(NONCE as u32));
    (command, AwaitChallenge { keys: AccessKeys::new(key) })
}

impl AwaitChallenge {
    /// Takes the challenge and authenticates.
    ///
    /// # Errors
    /// [`Error::Status`], [`Error::MalformedAnswer`].
    pub fn received(
        self,
        response: &Response,
        rng: &mut impl CryptoRng,
    ) -> Result<(Command, AwaitMutualAuthentication), Error> {
        response.expect_ok(Step::GetChallenge)?;
        let malformed = Error::MalformedAnswer { step: Step::GetChallenge };
        let rnd_ic: [u8; NONCE] = response.data.as_slice().try_into().map_err(|_| malformed)?;
        let mut rnd_ifd = [0; NONCE];
        let mut k_ifd = Zeroizing::new([0; SEED]);
        rng.fill_bytes(&mut rnd_ifd);
        rng.fill_bytes(&mut *k_ifd);
        let message = Zeroizing::new([&rnd_ifd[..], &rnd_ic, &*k_ifd].concat());
        let data = self.keys.seal(&message).map_err(crypto_error)?;
        let command = Command::new(ins::EXTERNAL_AUTHENTICATE, 0, 0, data, Some((MESSAGE + MAC) as u32));
        Ok((command, AwaitMutualAuthentication { keys: self.keys, rnd_ic, rnd_ifd, k_ifd }))
    }
}

impl AwaitMutualAuthentication {
    /// Takes the chip's proof that it knows the MRZ too: the session is open.
    ///
    /// # Errors
    /// [`Error::AccessDenied`]: the chip refuses, the MRZ is another's. [`Error::WrongAuthentication`]: the chip's
    /// cryptogram has a wrong MAC. [`Error::BacCryptogram`].
    pub fn received(self, response: &Response) -> Result<SecureMessaging, Error> {
        if response.sw != StatusWord::OK {
            return Err(Error::AccessDenied { protocol: "BAC", sw: response.sw });
        }
        let wrong_mac = Error::WrongAuthentication { step: Step::MutualAuthentication };
        let message = self.keys.open(&response.data).ok_or(wrong_mac)?;
        let (rnd_ic, rnd_ifd, k_ic) = split(&message);
        if rnd_ic != self.rnd_ic || rnd_ifd != self.rnd_ifd {
            return Err(Error::BacCryptogram);
        }
        session(&self.k_ifd, &k_ic, rnd_ic, rnd_ifd).map_err(crypto_error)
    }
}

/// The chip's side.
pub mod chip {
    use super::{
        AccessKeys, Command, CryptoRng, LE_SHORT, MESSAGE, MrzKey, NONCE, Response, SEED, SecureMessaging,
        StatusWord, Zeroizing, session, split,
    };

    /// Chip: waits for EXTERNAL AUTHENTICATE.
    pub struct AwaitExternalAuthenticate {
        keys: AccessKeys,
        rnd_ic: [u8; NONCE],
    }

    /// Answers GET CHALLENGE.
    pub fn challenge(key: &MrzKey, rng: &mut impl CryptoRng) -> (Response, AwaitExternalAuthenticate) {
        let mut rnd_ic = [0; NONCE];
        rng.fill_bytes(&mut rnd_ic);
        (Response::ok(rnd_ic.to_vec()), AwaitExternalAuthenticate { keys: AccessKeys::new(key), rnd_ic })
    }

    impl AwaitExternalAuthenticate {
        /// Answers EXTERNAL AUTHENTICATE: the session is open.
        ///
        /// # Errors
        /// The status word to answer with.
        pub fn received(
            self,
            command: &Command,
            rng: &mut impl CryptoRng,
        ) -> Result<(Response, SecureMessaging), StatusWord> {
            if command.le.is_none_or(|le| le < MESSAGE as u32 || le > LE_SHORT) {
                return Err(StatusWord::WRONG_LENGTH);
            }
            let message = self.keys.open(&command.data).ok_or(StatusWord::AUTHENTICATION_FAILED)?;
            let (rnd_ifd, rnd_ic, k_ifd) = split(&message);
            if rnd_ic != self.rnd_ic {
                return Err(StatusWord::AUTHENTICATION_FAILED);
            }
            let mut k_ic = Zeroizing::new([0; SEED]);
            rng.fill_bytes(&mut *k_ic);
            let message = Zeroizing::new([&rnd_ic[..], &rnd_ifd, &*k_ic].concat());
            let failed = |_| StatusWord::AUTHENTICATION_FAILED;
            let sealed = self.keys.seal(&message).map_err(failed)?;
            Ok((Response::ok(sealed), session(&k_ifd, &k_ic, rnd_ic, rnd_ifd).map_err(failed)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    fn rng(seed: u64) -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(seed)
    }

    fn key() -> MrzKey {
        MrzKey::new("L898902C", "690806", "940623").unwrap()
    }

    /// The terminal after EXTERNAL AUTHENTICATE, and the chip's answer.
    fn dialogue() -> (AwaitMutualAuthentication, Response) {
        let (_, terminal) = begin(&key());
        let (response, chip) = chip::challenge(&key(), &mut rng(1));
        let (command, terminal) = terminal.received(&response, &mut rng(2)).unwrap();
        (terminal, chip.received(&command, &mut rng(3)).unwrap().0)
    }

    #[test]
    fn every_flipped_bit_of_the_chips_answer_is_refused() {
        let (terminal, good) = dialogue();
        assert!(terminal.received(&good).is_ok());
        for bit in 0..8 * good.data.len() {
            let (terminal, mut answer) = dialogue();
            answer.data[bit / 8] ^= 1 << (bit % 8);
            let wrong = Error::WrongAuthentication { step: Step::MutualAuthentication };
            assert_eq!(terminal.received(&answer).err(), Some(wrong), "bit {bit}");
        }
    }

    /// The MAC is right: only the nonces tell that the answer belongs to another dialogue.
    #[test]
    fn an_old_answer_is_refused() {
        let (terminal, _) = dialogue();
        let (_, other) = begin(&key());
        let (response, chip) = chip::challenge(&key(), &mut rng(9));
        let (command, _) = other.received(&response, &mut rng(2)).unwrap();
        let old = chip.received(&command, &mut rng(3)).unwrap().0;
        assert_eq!(terminal.received(&old).err(), Some(Error::BacCryptogram));
    }

    #[test]
    fn the_challenge_has_eight_bytes() {
        let received =
            |data: &[u8]| begin(&key()).1.received(&Response::ok(data.to_vec()), &mut rng(1)).map(|_| ());
        let malformed = Err(Error::MalformedAnswer { step: Step::GetChallenge });
        assert_eq!(received(&[1; 8]), Ok(()));
        assert_eq!(received(&[1; 7]), malformed);
        assert_eq!(received(&[1; 9]), malformed);
        let refused = begin(&key()).1.received(&Response::status(StatusWord::INSTRUCTION), &mut rng(1));
        let status = Error::Status { step: Step::GetChallenge, sw: StatusWord::INSTRUCTION };
        assert_eq!(refused.err(), Some(status));
    }
}

//! Chip Authentication (Doc 9303-11, 6.2), begun and judged by somebody who does not trust the reader.
//!
//! A transcript proves nothing if the reader made the terminal's ephemeral key. So the server makes it, and with it
//! finished **proof commands** under the new keys; the reader performs the key agreement in its own session and
//! forwards them, unchanged (docs/protocols.md, section 3):
//!
//! ```text
//! server                    reader                                  chip
//! begin(DG14)  -- task -->
//!                           MSE:Set KAT, or MSE:Set AT and
//!                           GENERAL AUTHENTICATE, old keys    ->
//!                                                             <-    9000, old keys: no evidence
//!                           proof commands, new keys          ->
//!              <-- raw ---                                    <-    responses, new keys
//! AwaitProof::received: DG1, read by the chip that has the private key
//! ```
//!
//! A proof is judged once; the step is consumed, right or wrong:
//!
//! ```
//! # use emrtd::chip_authentication::AwaitProof;
//! fn judge(step: AwaitProof, responses: &[Vec<u8>]) {
//!     let _ = step.received(responses);
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use emrtd::chip_authentication::AwaitProof;
//! fn judge(step: AwaitProof, responses: &[Vec<u8>]) {
//!     let _ = step.received(responses);
//!     let _ = step.received(responses);
//! }
//! ```

use crypto::{SessionCipher, SessionKey};
use lds::security_info::{
    ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, KeyAgreement, SecurityInfo,
};
use lds::tlv::Oid;
use lds::{Dg14, FileId};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::terminal::APPLICATION;
use crate::{Command, Error, Response, SecureMessaging, StatusWord, Step};

mod chip_key;
mod commands;

pub use chip_key::{ChipPrivateKey, ChipPublicKey};
pub use commands::{chip, key_agreement};

/// Bytes that one READ BINARY of the proof asks for: they fit a protected short response of every cipher.
const CHUNK: usize = 220;
/// READ BINARY has 15 bits of offset.
const MAX_LENGTH: usize = 0x8000;
const STEP: Step = Step::ChipAuthentication;
/// The ciphers; in a suspended step a cipher is its place here, from 1.
const CIPHERS: [SessionCipher; 4] =
    [SessionCipher::TripleDes, SessionCipher::Aes128, SessionCipher::Aes192, SessionCipher::Aes256];
/// First byte of a suspended step, by the directory of the key.
const FORMATS: [(u8, KeyDirectory); 2] = [(1, KeyDirectory::Application), (2, KeyDirectory::MasterFile)];

/// How the key agreement is commanded (6.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskProtocol {
    /// MSE:Set KAT: Triple-DES only.
    Kat,
    /// MSE:Set AT with this protocol, dotted, then GENERAL AUTHENTICATE.
    AtGa {
        /// The protocol, dotted.
        oid: String,
    },
}

/// The directory in which the chip holds a key of Chip Authentication, and in which the key agreement is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyDirectory {
    /// The eMRTD application: its public key stands in EF.DG14.
    #[default]
    Application,
    /// The master file: its public key stands in EF.CardSecurity (Doc 9303-11, 9.2.11).
    MasterFile,
}

/// What the reader is to do, as the server sends it. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationTask {
    /// How the key agreement is commanded.
    pub protocol: TaskProtocol,
    /// Where: the reader selects the master file before, if the key is there.
    pub directory: KeyDirectory,
    /// The number of the chip's key, big-endian, if EF.DG14 gives it one.
    pub key_reference: Option<Vec<u8>>,
    /// The server's one-use public key: an uncompressed point, or a number without leading zeros.
    pub ephemeral_public_key: Vec<u8>,
    /// Finished command APDUs under the new keys, to be sent in this order with none between.
    pub proof_commands: Vec<Vec<u8>>,
}

impl ChipAuthenticationTask {
    /// The same agreement by MSE:Set AT, for chips that do not know MSE:Set KAT.
    #[must_use]
    pub fn without_kat(&self) -> Self {
        // An uncompressed point has an odd number of bytes; the keys of a prime field have an even one.
        let on_curve = self.ephemeral_public_key.len() % 2 == 1;
        let info = if on_curve { ChipAuthenticationInfo::ecdh } else { ChipAuthenticationInfo::dh };
        let protocol = TaskProtocol::AtGa { oid: info(SessionCipher::TripleDes, None).oid.to_string() };
        Self { protocol, ..self.clone() }
    }
}

/// The way of Chip Authentication that the server chooses from EF.DG14, or from EF.CardSecurity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationOffer {
    /// The chip's public key.
    pub public_key: ChipPublicKey,
    /// Where the chip holds it.
    pub directory: KeyDirectory,
    /// Its number.
    pub key_id: Option<u64>,
    /// The cipher of the new session.
    pub cipher: SessionCipher,
    /// The protocol.
    pub oid: Oid,
}

impl ChipAuthenticationOffer {
    /// Chooses from EF.DG14, which must be authentic: the strongest cipher, and of these the strongest group, first
    /// come. Public keys without any ChipAuthenticationInfo mean Triple-DES, as in French passports of 2017.
    ///
    /// # Errors
    /// [`Error::ChipAuthenticationNotOffered`], [`Error::ChipAuthenticationUnsupported`].
    pub fn choose(dg14: &Dg14) -> Result<Self, Error> {
        if dg14.public_keys.is_empty() {
            return Err(Error::ChipAuthenticationNotOffered);
        }
        let mut offers: Vec<Self> = dg14.public_keys.iter().flat_map(|key| Self::of_key(dg14, key)).collect();
        offers.sort_by_key(|offer| std::cmp::Reverse(offer.strength()));
        offers.into_iter().next().ok_or(Error::ChipAuthenticationUnsupported)
    }

    /// Chooses from EF.CardSecurity, which must be authentic, as [`choose`](Self::choose) does. A public key alone offers
    /// nothing there: it is that of PACE with Chip Authentication Mapping.
    ///
    /// # Errors
    /// [`Error::ChipAuthenticationNotOffered`], [`Error::ChipAuthenticationUnsupported`].
    pub fn in_master_file(infos: &[SecurityInfo]) -> Result<Self, Error> {
        let infos = Dg14::new(infos.to_vec());
        if infos.chip_authentication.is_empty() {
            return Err(Error::ChipAuthenticationNotOffered);
        }
        Ok(Self { directory: KeyDirectory::MasterFile, ..Self::choose(&infos)? })
    }

    /// Every supported way of using `key`.
    fn of_key(dg14: &Dg14, key: &ChipAuthenticationPublicKeyInfo) -> Vec<Self> {
        let Some(public_key) = ChipPublicKey::from_info(key) else { return Vec::new() };
        let inferred = match key.agreement {
            KeyAgreement::Ecdh => ChipAuthenticationInfo::ecdh(SessionCipher::TripleDes, key.key_id),
            KeyAgreement::Dh => ChipAuthenticationInfo::dh(SessionCipher::TripleDes, key.key_id),
        };
        let infos = if dg14.chip_authentication.is_empty() {
            std::slice::from_ref(&inferred)
        } else {
            &dg14.chip_authentication
        };
        // An info without a number means the only key.
        let only_key = dg14.public_keys.len() == 1;
        let usable = |info: &&ChipAuthenticationInfo| {
            let of_this_key = info.key_id == key.key_id || (info.key_id.is_none() && only_key);
            info.agreement == key.agreement && info.version == 1 && of_this_key
        };
        let offer = |info: &ChipAuthenticationInfo| Self {
            public_key: public_key.clone(),
            directory: KeyDirectory::Application,
            key_id: key.key_id,
            cipher: info.cipher,
            oid: info.oid,
        };
        infos.iter().filter(usable).map(offer).collect()
    }

    fn strength(&self) -> (bool, usize, usize) {
        let triple_des = self.cipher == SessionCipher::TripleDes;
        (!triple_des, self.cipher.key_len(), self.public_key.strength())
    }

    /// For reports: `id-CA-ECDH-AES-CBC-CMAC-128 on brainpoolP256r1`.
    #[must_use]
    pub fn name(&self) -> String {
        let cipher = match self.cipher {
            SessionCipher::TripleDes => "3DES-CBC-CBC",
            SessionCipher::Aes128 => "AES-CBC-CMAC-128",
            SessionCipher::Aes192 => "AES-CBC-CMAC-192",
            SessionCipher::Aes256 => "AES-CBC-CMAC-256",
        };
        let (agreement, on) = match self.public_key.agreement() {
            KeyAgreement::Ecdh => ("ECDH", "on"),
            KeyAgreement::Dh => ("DH", "in"),
        };
        format!("id-CA-{agreement}-{cipher} {on} {}", self.public_key.group_name())
    }
}

/// Waits for the chip's answers to the proof commands. It holds the new session's keys and stays on the server.
pub struct AwaitProof {
    enc: SessionKey,
    mac: SessionKey,
    directory: KeyDirectory,
    dg1_len: usize,
}

impl std::fmt::Debug for AwaitProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AwaitProof({:?}, ..)", self.enc.cipher())
    }
}

/// Makes the one-use key, derives the new session's keys and prepares the proof: SELECT EF.DG1, READ BINARY of all its
/// `dg1_len` bytes.
///
/// `dg14` must be the one whose hash stands in an authenticated EF.SOD.
///
/// # Errors
/// [`Error::ChipAuthenticationNotOffered`], [`Error::ChipAuthenticationUnsupported`]; [`Error::FileTooLong`].
pub fn begin(
    dg14: &Dg14,
    dg1_len: usize,
    rng: &mut impl CryptoRng,
) -> Result<(ChipAuthenticationTask, AwaitProof), Error> {
    begin_offer(ChipAuthenticationOffer::choose(dg14)?, dg1_len, rng)
}

/// The same for a way that was chosen: one of the EF.DG14 whose hash stands in an authenticated EF.SOD, or of an
/// authentic EF.CardSecurity. If the key is in the master file, the proof selects the eMRTD application first.
///
/// # Errors
/// [`Error::FileTooLong`].
pub fn begin_offer(
    offer: ChipAuthenticationOffer,
    dg1_len: usize,
    rng: &mut impl CryptoRng,
) -> Result<(ChipAuthenticationTask, AwaitProof), Error> {
    let key = offer.public_key.one_use(rng);
    prepare(offer, dg1_len, &key)
}

/// [`begin`] with a one-use key that is known already, by its number (big-endian): for vectors and inquiries. A server that
/// uses it for a proof proves nothing.
///
/// # Errors
/// As [`begin`]; [`Error::Crypto`]: the number is no key of the group.
pub fn begin_with(
    dg14: &Dg14,
    dg1_len: usize,
    terminal_private_key: &[u8],
) -> Result<(ChipAuthenticationTask, AwaitProof), Error> {
    let offer = ChipAuthenticationOffer::choose(dg14)?;
    let key = offer.public_key.private_key(terminal_private_key);
    let key = key.map_err(|error| Error::Crypto { step: STEP, error })?;
    prepare(offer, dg1_len, &key)
}

fn prepare(
    offer: ChipAuthenticationOffer,
    dg1_len: usize,
    key: &ChipPrivateKey,
) -> Result<(ChipAuthenticationTask, AwaitProof), Error> {
    if dg1_len == 0 || dg1_len > MAX_LENGTH {
        return Err(Error::FileTooLong { file: FileId::Dg(1), length: dg1_len });
    }
    let crypto_error = |error| Error::Crypto { step: STEP, error };
    let (ephemeral_public_key, secret) = offer.public_key.agree(key).map_err(crypto_error)?;
    let session = SecureMessaging::from_shared_secret(offer.cipher, &secret);
    let (enc, mac, _) = session.into_parts();
    let step = AwaitProof { enc, mac, directory: offer.directory, dg1_len };
    let task = ChipAuthenticationTask {
        protocol: match offer.cipher {
            SessionCipher::TripleDes => TaskProtocol::Kat,
            _ => TaskProtocol::AtGa { oid: offer.oid.to_string() },
        },
        directory: offer.directory,
        key_reference: offer.key_id.map(key_reference),
        ephemeral_public_key,
        proof_commands: step.proof_commands()?,
    };
    Ok((task, step))
}

/// A key's number as it stands in EF.DG14: big-endian, without leading zeros.
fn key_reference(id: u64) -> Vec<u8> {
    let bytes = id.to_be_bytes();
    let first = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len() - 1);
    bytes.iter().skip(first).copied().collect()
}

impl AwaitProof {
    fn session(&self) -> Result<SecureMessaging, Error> {
        let session = SecureMessaging::new(self.enc.clone(), self.mac.clone(), 0);
        session.map_err(|error| Error::Crypto { step: STEP, error })
    }

    /// Offset and length of each READ BINARY.
    fn reads(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let length = self.dg1_len;
        (0..length).step_by(CHUNK).map(move |offset| (offset, CHUNK.min(length - offset)))
    }

    fn proof_commands(&self) -> Result<Vec<Vec<u8>>, Error> {
        let too_long = |_| Error::FileTooLong { file: FileId::Dg(1), length: self.dg1_len };
        let mut commands = match self.directory {
            KeyDirectory::Application => Vec::new(),
            KeyDirectory::MasterFile => vec![Command::select_application(&APPLICATION)],
        };
        commands.push(Command::select_file(FileId::Dg(1).fid()));
        for (offset, length) in self.reads() {
            let offset = u16::try_from(offset).map_err(too_long)?;
            commands.push(Command::read_binary(offset, u32::try_from(length).map_err(too_long)?));
        }
        let mut session = self.session()?;
        let protect = |command: &Command| {
            let protected = session.protect(command)?.encode();
            session.skip_message();
            protected
        };
        commands.iter().map(protect).collect()
    }

    /// Judges the chip's raw answers, one for each proof command, and returns what was read: the bytes of EF.DG1 on the
    /// chip that holds the private key. The caller compares them with the EF.DG1 under EF.SOD.
    ///
    /// Each answer must be protected under the new keys, its MAC right at its counter, nothing in it but the known
    /// data objects, its padding right, and its status word 9000 inside and outside.
    ///
    /// # Errors
    /// [`Error::ProofCount`], [`Error::Proof`], [`Error::ProofStatus`], [`Error::ProofLength`];
    /// [`Error::MalformedResponse`]: no status word.
    pub fn received(self, responses: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
        let selections: &[usize] = match self.directory {
            KeyDirectory::Application => &[0],
            KeyDirectory::MasterFile => &[0, 0],
        };
        let lengths = selections.iter().copied().chain(self.reads().map(|(_, length)| length));
        let lengths: Vec<usize> = lengths.collect();
        if responses.len() != lengths.len() {
            return Err(Error::ProofCount { expected: lengths.len(), got: responses.len() });
        }
        let mut dg1 = Vec::new();
        for (number, (data, expected)) in self.plaintexts(responses)?.into_iter().zip(lengths).enumerate() {
            let got = data.len();
            if got != expected {
                return Err(Error::ProofLength { response: number, expected, got });
            }
            dg1.extend(data);
        }
        Ok(dg1)
    }

    /// What the chip's raw answers say, one for each command under the new keys, whatever the commands were.
    ///
    /// # Errors
    /// [`Error::Proof`], [`Error::ProofStatus`]; [`Error::MalformedResponse`].
    pub fn plaintexts(self, responses: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Error> {
        let mut session = self.session()?;
        let open = |(number, bytes): (usize, &Vec<u8>)| {
            session.skip_message();
            let response = session.unprotect(&Response::parse(bytes)?);
            let response = response.map_err(|error| Error::Proof { response: number, error })?;
            if response.sw != StatusWord::OK {
                return Err(Error::ProofStatus { response: number, sw: response.sw });
            }
            Ok(response.data)
        };
        responses.iter().enumerate().map(open).collect()
    }

    /// The step as bytes, for a database. They hold the keys: store them encrypted only.
    ///
    /// Format: 01, or 02 if the key is in the master file; cipher (1 Triple-DES, 2 AES-128, 3 AES-192, 4 AES-256); length of EF.DG1, four bytes, big-endian;
    /// KSenc; KSmac.
    #[must_use]
    pub fn suspend(&self) -> Zeroizing<Vec<u8>> {
        let cipher = CIPHERS.iter().zip(1..).find(|(cipher, _)| **cipher == self.enc.cipher());
        let cipher = cipher.map_or(0, |(_, number)| number);
        let format = FORMATS.iter().find(|(_, directory)| *directory == self.directory);
        let format = format.map_or(0, |(format, _)| *format);
        let length = u32::try_from(self.dg1_len).unwrap_or(u32::MAX).to_be_bytes();
        Zeroizing::new([&[format, cipher], &length[..], self.enc.as_bytes(), self.mac.as_bytes()].concat())
    }

    /// Reads what [`AwaitProof::suspend`] wrote.
    ///
    /// # Errors
    /// [`Error::MalformedSuspended`].
    pub fn resume(bytes: &[u8]) -> Result<Self, Error> {
        let parse = || {
            let (&[format, cipher, l3, l2, l1, l0], keys) = bytes.split_first_chunk()?;
            let (_, directory) = *FORMATS.iter().find(|(number, _)| *number == format)?;
            let cipher = CIPHERS.get(usize::from(cipher).checked_sub(1)?)?;
            let dg1_len = usize::try_from(u32::from_be_bytes([l3, l2, l1, l0])).ok()?;
            let (enc, mac) = keys.split_at_checked(cipher.key_len())?;
            let step = Self { enc: cipher.key(enc).ok()?, mac: cipher.key(mac).ok()?, directory, dg1_len };
            (1..=MAX_LENGTH).contains(&dg1_len).then_some(step)
        };
        parse().ok_or(Error::MalformedSuspended)
    }
}

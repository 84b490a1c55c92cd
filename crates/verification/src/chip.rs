//! The proof that the chip holds the private key that the State put into it.
//!
//! Both protocols begin with something one-use that this side makes: an ephemeral key, a challenge. What waits for the
//! answer is consumed by it, and the proof that comes out is bound to the EF.SOD that began it.

use std::fmt;

use crypto::{PublicKey, sha256};
use emrtd::active_authentication::{self, CHALLENGE};
use emrtd::chip_authentication::{
    self, AwaitProof, ChipAuthenticationOffer, ChipAuthenticationTask, ChipPublicKey,
};
use lds::security_info::ActiveAuthenticationInfo;
use lds::{Dg1, Dg14, Dg15};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::policy::order_bits;
use crate::{Authentic, Rejection, SecurityObject};

/// A protocol by which a chip proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChipProtocol {
    /// Chip Authentication (Doc 9303-11 6.2), with DG14.
    ChipAuthentication,
    /// Active Authentication (Doc 9303-11 6.1), with DG15.
    ActiveAuthentication,
}

impl ChipProtocol {
    /// `ca` or `aa`, as in codes.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        match self {
            Self::ChipAuthentication => "ca",
            Self::ActiveAuthentication => "aa",
        }
    }
}

impl fmt::Display for ChipProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChipAuthentication => "Chip Authentication",
            Self::ActiveAuthentication => "Active Authentication",
        })
    }
}

/// A chip answered as only the chip of one document can. Made by [`AwaitChip::received`] and
/// [`AwaitSignature::received`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipProof {
    pub(crate) protocol: ChipProtocol,
    pub(crate) sod_sha256: [u8; 32],
    /// By which scheme; of Chip Authentication it stands in DG14.
    pub(crate) scheme: Option<String>,
}

impl ChipProof {
    /// Which protocol.
    #[must_use]
    pub fn protocol(&self) -> ChipProtocol {
        self.protocol
    }
}

/// Waits for the chip's answers to the proof commands of Chip Authentication. Holds the new session's keys: it stays on
/// the server.
#[derive(Debug)]
pub struct AwaitChip {
    step: AwaitProof,
    sod_sha256: [u8; 32],
    dg1_sha256: [u8; 32],
}

impl AwaitChip {
    /// Judges the chip's raw answers: under the new keys, it read out the DG1 that EF.SOD holds the hash of.
    ///
    /// # Errors
    /// [`Rejection::ChipAuthentication`], [`Rejection::Dg1Mismatch`].
    pub fn received(self, responses: &[Vec<u8>]) -> Result<ChipProof, Rejection> {
        let dg1 = self.step.received(responses).map_err(Rejection::ChipAuthentication)?;
        if sha256(&dg1) != self.dg1_sha256 {
            return Err(Rejection::Dg1Mismatch);
        }
        Ok(ChipProof {
            protocol: ChipProtocol::ChipAuthentication,
            sod_sha256: self.sod_sha256,
            scheme: None,
        })
    }

    /// What the chip's raw answers say, whatever the commands were: for vectors, and proof of nothing.
    ///
    /// # Errors
    /// [`Rejection::ChipAuthentication`].
    pub fn plaintexts(self, responses: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Rejection> {
        self.step.plaintexts(responses).map_err(Rejection::ChipAuthentication)
    }

    /// The step as bytes, for a database. They hold keys: store them encrypted only.
    ///
    /// Format: SHA-256 of EF.SOD, SHA-256 of EF.DG1, then [`AwaitProof::suspend`].
    #[must_use]
    pub fn suspend(&self) -> Zeroizing<Vec<u8>> {
        let step = self.step.suspend();
        Zeroizing::new([self.sod_sha256.as_slice(), &self.dg1_sha256, &step].concat())
    }

    /// Reads what [`AwaitChip::suspend`] wrote.
    ///
    /// # Errors
    /// [`Rejection::ChipAuthentication`].
    pub fn resume(bytes: &[u8]) -> Result<Self, Rejection> {
        let parts = || {
            let (sod_sha256, rest) = bytes.split_first_chunk::<32>()?;
            let (dg1_sha256, step) = rest.split_first_chunk::<32>()?;
            Some((*sod_sha256, *dg1_sha256, step))
        };
        let malformed = Rejection::ChipAuthentication(emrtd::Error::MalformedSuspended);
        let (sod_sha256, dg1_sha256, step) = parts().ok_or(malformed)?;
        let step = AwaitProof::resume(step).map_err(Rejection::ChipAuthentication)?;
        Ok(Self { step, sod_sha256, dg1_sha256 })
    }
}

/// Waits for the chip's signature over a challenge.
#[derive(Debug)]
pub struct AwaitSignature {
    dg15: Dg15,
    info: Option<ActiveAuthenticationInfo>,
    challenge: [u8; CHALLENGE],
    sod_sha256: [u8; 32],
    accept_sha1: bool,
}

impl AwaitSignature {
    /// Judges the chip's signature.
    ///
    /// # Errors
    /// [`Rejection::ActiveAuthentication`]; [`Rejection::WeakAlgorithm`].
    pub fn received(self, signature: &[u8]) -> Result<ChipProof, Rejection> {
        let scheme =
            active_authentication::verify(&self.dg15, self.info.as_ref(), &self.challenge, signature)
                .map_err(Rejection::ActiveAuthentication)?;
        if is_sha1(&scheme) && !self.accept_sha1 {
            return Err(Rejection::WeakAlgorithm("SHA-1".to_owned()));
        }
        Ok(ChipProof {
            protocol: ChipProtocol::ActiveAuthentication,
            sod_sha256: self.sod_sha256,
            scheme: Some(scheme),
        })
    }
}

/// The name of a scheme says that its hash is SHA-1.
pub(crate) fn is_sha1(scheme: &str) -> bool {
    scheme.ends_with("SHA-1")
}

impl SecurityObject {
    /// Begins Chip Authentication with a new ephemeral key: the task goes to the reader, the other value stays.
    ///
    /// # Errors
    /// [`Rejection::ChipAuthentication`]: DG14 offers none, or none that is supported; [`Rejection::WeakKey`];
    /// [`Rejection::ChipProofOfAnotherDocument`]: a data group of another document.
    pub fn begin_chip_authentication(
        &self,
        dg14: &Authentic<Dg14>,
        dg1: &Authentic<Dg1>,
        rng: &mut impl CryptoRng,
    ) -> Result<(ChipAuthenticationTask, AwaitChip), Rejection> {
        self.begin_with_offer(self.offer(dg14)?, dg1, |offer, length| {
            chip_authentication::begin_offer(offer, length, rng)
        })
    }

    /// The same with a one-use key that is known already: for vectors, and proof of nothing.
    ///
    /// # Errors
    /// As [`begin_chip_authentication`](Self::begin_chip_authentication).
    pub fn chip_authentication_with(
        &self,
        dg14: &Authentic<Dg14>,
        dg1: &Authentic<Dg1>,
        terminal_private_key: &[u8],
    ) -> Result<(ChipAuthenticationTask, AwaitChip), Rejection> {
        self.begin_with_offer(self.offer(dg14)?, dg1, |_, length| {
            chip_authentication::begin_with(dg14.content(), length, terminal_private_key)
        })
    }

    fn offer(&self, dg14: &Authentic<Dg14>) -> Result<ChipAuthenticationOffer, Rejection> {
        self.owns(dg14)?;
        ChipAuthenticationOffer::choose(dg14.content()).map_err(Rejection::ChipAuthentication)
    }

    pub(crate) fn begin_with_offer(
        &self,
        offer: ChipAuthenticationOffer,
        dg1: &Authentic<Dg1>,
        begin: impl FnOnce(
            ChipAuthenticationOffer,
            usize,
        ) -> Result<(ChipAuthenticationTask, AwaitProof), emrtd::Error>,
    ) -> Result<(ChipAuthenticationTask, AwaitChip), Rejection> {
        self.owns(dg1)?;
        self.check_chip_key(&offer.public_key)?;
        let (task, step) = begin(offer, dg1.bytes().len()).map_err(Rejection::ChipAuthentication)?;
        let dg1_sha256 = sha256(dg1.bytes());
        Ok((task, AwaitChip { step, sod_sha256: self.sod_sha256, dg1_sha256 }))
    }

    /// The key is long enough: whoever computes its private key has a chip for any files.
    fn check_chip_key(&self, key: &ChipPublicKey) -> Result<(), Rejection> {
        let (bits, least) = match key {
            ChipPublicKey::Ec(key) => (order_bits(key.curve()), self.policy.min_chip_ec_bits),
            ChipPublicKey::Dh(key) => (key.group().bits(), self.policy.min_chip_dh_bits),
        };
        (bits >= least).then_some(()).ok_or_else(|| Rejection::WeakKey(key.group_name()))
    }

    /// Begins Active Authentication with a new challenge. DG14 names the algorithm of an elliptic key.
    ///
    /// # Errors
    /// [`Rejection::ChipProofOfAnotherDocument`]: a data group of another document; [`Rejection::WeakKey`].
    pub fn begin_active_authentication(
        &self,
        dg15: &Authentic<Dg15>,
        dg14: Option<&Authentic<Dg14>>,
        rng: &mut impl CryptoRng,
    ) -> Result<([u8; CHALLENGE], AwaitSignature), Rejection> {
        let mut challenge = [0; CHALLENGE];
        rng.fill_bytes(&mut challenge);
        self.resume_active_authentication(dg15, dg14, &challenge).map(|step| (challenge, step))
    }

    /// Goes on with a challenge that [`begin_active_authentication`](Self::begin_active_authentication) drew and that
    /// was stored since; the caller sees to it that it is answered once.
    ///
    /// # Errors
    /// As [`begin_active_authentication`](Self::begin_active_authentication); [`Rejection::ActiveAuthentication`]: not
    /// eight bytes.
    pub fn resume_active_authentication(
        &self,
        dg15: &Authentic<Dg15>,
        dg14: Option<&Authentic<Dg14>>,
        challenge: &[u8],
    ) -> Result<AwaitSignature, Rejection> {
        self.owns(dg15)?;
        dg14.map_or(Ok(()), |dg14| self.owns(dg14))?;
        let length = Rejection::ActiveAuthentication(emrtd::Error::ChallengeLength(challenge.len()));
        let challenge = challenge.try_into().map_err(|_| length)?;
        if let Ok((PublicKey::Rsa(key), _)) = PublicKey::from_spki_der(&dg15.content().spki_der)
            && key.bits() < self.policy.min_chip_rsa_bits
        {
            return Err(Rejection::WeakKey(format!("RSA-{}", key.bits())));
        }
        Ok(AwaitSignature {
            dg15: dg15.content().clone(),
            info: dg14.and_then(|dg14| dg14.content().active_authentication.clone()),
            challenge,
            sod_sha256: self.sod_sha256,
            accept_sha1: self.policy.accept_sha1,
        })
    }

    fn owns<T>(&self, group: &Authentic<T>) -> Result<(), Rejection> {
        let equal = group.sod_sha256 == self.sod_sha256;
        equal.then_some(()).ok_or(Rejection::ChipProofOfAnotherDocument)
    }
}

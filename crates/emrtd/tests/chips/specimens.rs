//! Passports to put into chips.

use chip_emulator::Chip;
use clock::UnixTime;
use crypto::{Curve, SessionCipher};
use emrtd::MrzKey;
use lds::{Dg14, Dg15, FileId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use test_passports::{ActiveAuthentication, ChipAuthentication, Specimen, SpecimenBuilder, StateBuilder};

/// What a chip offers.
#[derive(Clone, Copy, Debug)]
pub struct Offers {
    /// PACE; `None`: BAC only.
    pub pace: Option<(SessionCipher, Curve)>,
    pub chip_authentication: Option<ChipAuthentication>,
    pub active_authentication: Option<ActiveAuthentication>,
}

/// Chip Authentication with this cipher announced; `None`: not announced, as in French passports of 2017.
pub fn ca(curve: Curve, cipher: Option<SessionCipher>, key_id: Option<u64>) -> Option<ChipAuthentication> {
    Some(ChipAuthentication { curve, cipher, explicit: cipher.is_none(), key_id })
}

/// Every way of opening that is in scope, and of PACE the table's other rows.
pub const ACCESS: [Option<(SessionCipher, Curve)>; 6] = [
    None,
    Some((SessionCipher::Aes128, Curve::P256)),
    Some((SessionCipher::Aes128, Curve::BrainpoolP256r1)),
    Some((SessionCipher::Aes192, Curve::BrainpoolP384r1)),
    Some((SessionCipher::Aes256, Curve::P521)),
    Some((SessionCipher::TripleDes, Curve::BrainpoolP256r1)),
];

/// Every Chip Authentication that is in scope.
pub fn chip_authentications() -> [Option<ChipAuthentication>; 5] {
    [
        ca(Curve::P256, None, None),
        ca(Curve::BrainpoolP256r1, Some(SessionCipher::TripleDes), Some(2)),
        ca(Curve::BrainpoolP256r1, Some(SessionCipher::Aes128), None),
        ca(Curve::P256, Some(SessionCipher::Aes192), Some(300)),
        ca(Curve::BrainpoolP256r1, Some(SessionCipher::Aes256), Some(1)),
    ]
}

/// Every Active Authentication that is in scope.
pub const ACTIVE_AUTHENTICATIONS: [ActiveAuthentication; 4] = [
    ActiveAuthentication::Rsa1024,
    ActiveAuthentication::Rsa2048,
    ActiveAuthentication::Ec(Curve::P256),
    ActiveAuthentication::Ec(Curve::BrainpoolP256r1),
];

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn passport(offers: Offers) -> Specimen {
    let at = UnixTime::from_rfc3339("2026-06-01").expect("a date");
    SpecimenBuilder::new(at)
        .pace(offers.pace)
        .chip_authentication(offers.chip_authentication)
        .active_authentication(offers.active_authentication)
        .build(&StateBuilder::new(at).build())
}

pub fn mrz_key(passport: &Specimen) -> MrzKey {
    MrzKey::from(&passport.mrz)
}

pub fn dg14(passport: &Specimen) -> Dg14 {
    Dg14::parse(passport.file(FileId::Dg(14))).expect("EF.DG14")
}

pub fn dg15(passport: &Specimen) -> Dg15 {
    Dg15::parse(passport.file(FileId::Dg(15))).expect("EF.DG15")
}

pub fn chip(passport: &Specimen, seed: u64) -> Chip<ChaCha20Rng> {
    Chip::new(passport.chip_contents(), rng(seed))
}

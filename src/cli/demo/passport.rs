//! A synthetic State and a specimen passport, dated from now. Keys come from the operating system's randomness, so no
//! two demos trust each other's documents.

use chip_emulator::ChipContents;
use clock::UnixTime;
use crypto::{Curve, HashAlgorithm};
use rand_core::CryptoRng;
use test_passports::{ActiveAuthentication, PrivateKey, Signer, SpecimenBuilder, StateBuilder};

/// Characters of a document number.
const NUMBER: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// How long ago the passport was issued, in seconds.
const YEAR: i64 = 365 * 86_400;
/// Where the specimen's holder was born, as DG11 says it.
const BIRTH_PLACE: [&str; 2] = ["RENNES", "FRANCE"];
/// The same in INSEE codes, as the holder declares it: the country, the commune.
pub(super) const BIRTH_CODES: (&str, &str) = ("99100", "35238");

/// A passport with its State.
pub(super) struct Passport {
    /// The CSCA's certificate, DER.
    pub(super) csca: Vec<u8>,
    /// Its CRL of today, DER: nothing is revoked.
    pub(super) crl: Vec<u8>,
    /// What is in the chip.
    pub(super) chip: ChipContents,
}

/// Makes both: PACE and Chip Authentication with AES-128 on brainpoolP256r1, Active Authentication with ECDSA, the
/// portrait of nobody.
pub(super) fn make(now: UnixTime, rng: &mut impl CryptoRng) -> Passport {
    let seed = hex::encode(random::<16>(rng));
    let signer = |role: &str| {
        let key = PrivateKey::ec_explicit(Curve::P256, &format!("{role} {seed}"));
        Signer::new(key, HashAlgorithm::Sha256)
    };
    let state = StateBuilder::new(now).csca(signer("CSCA")).dsc(signer("DSC")).build();
    // The keys of the chip are made from its number.
    let number: String =
        random::<9>(rng).iter().map(|b| char::from(NUMBER[usize::from(*b) % NUMBER.len()])).collect();
    let specimen = SpecimenBuilder::new(now)
        .document_number(&number)
        .place_of_birth(&BIRTH_PLACE)
        .active_authentication(Some(ActiveAuthentication::Ec(Curve::P256)))
        .portrait(super::face::PORTRAIT)
        .signing_time(now.plus(-YEAR))
        .build(&state);
    Passport { csca: specimen.csca_der.clone(), crl: state.crl(now, &[]), chip: specimen.chip_contents() }
}

/// The names of the files of a chip.
pub(super) fn file_names(chip: &ChipContents) -> String {
    let names: Vec<&str> = chip.files.keys().map(|id| id.name()).collect();
    names.join(", ")
}

fn random<const N: usize>(rng: &mut impl CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use lds::FileId;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
    use verification::{Policy, TrustStore};

    const NOW: UnixTime = UnixTime(1_800_000_000);

    #[test]
    fn the_specimen_is_authentic_under_its_own_csca_only() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (one, two) = (make(NOW, &mut rng), make(NOW, &mut rng));
        assert_ne!(one.csca, two.csca);
        let accepted = |csca: &[u8]| {
            let mut store = TrustStore::new();
            store.add_csca(csca).unwrap();
            store.authenticate_sod(&one.chip.files[&FileId::Sod], &Policy::default(), NOW).outcome.is_ok()
        };
        assert!(accepted(&one.csca));
        assert!(!accepted(&two.csca));
    }

    #[test]
    fn the_chip_has_every_file_and_both_proofs() {
        let passport = make(NOW, &mut ChaCha20Rng::seed_from_u64(1));
        let names = file_names(&passport.chip);
        for name in ["EF.COM", "EF.SOD", "EF.DG1", "EF.DG2", "EF.DG11", "EF.DG14", "EF.DG15", "EF.CardAccess"]
        {
            assert!(names.split(", ").any(|n| n == name), "{name}: {names}");
        }
        assert!(passport.chip.aa_key.is_some() && passport.chip.ca_keys.len() == 1);
    }
}

//! A chip that has its key of Chip Authentication in the master file: EF.CardSecurity names it, signed by the State.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod world;

use chip_emulator::{CaKey, Chip, ChipContents};
use crypto::{Curve, EcPrivateKey, PublicKey, SessionCipher};
use emrtd::{MrzKey, Terminal};
use lds::security_info::{ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, SecurityInfo};
use lds::{CardAccess, Dg1, Dg14, FileId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use test_passports::{SpecimenBuilder, asn1};
use verification::{
    ChipAuthenticationEvidence, ChipData, EvidenceSet, Policy, Rejection, SecurityObject, judge,
};
use world::*;

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// The chip, and the State that signed its files.
struct Document {
    world: World,
    chip: ChipContents,
}

impl Document {
    /// `key` is the one that EF.CardSecurity names; the chip has that of seed 1.
    fn naming(key: &EcPrivateKey) -> Self {
        let world = World::new();
        let specimen = SpecimenBuilder::new(at()).chip_authentication(None).build(&utopia());
        let mut chip = specimen.chip_contents();
        let access = CardAccess::parse(specimen.file(FileId::CardAccess)).unwrap().security_infos;
        let spki = PublicKey::Ec(key.public_key()).to_spki_der();
        let infos = [
            SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo::ecdh(spki, None)),
            SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::ecdh(SessionCipher::Aes128, None)),
        ];
        let dsc = world.dsc_cert.sign(&world.csca);
        let sid = asn1::sequence(&[world.csca_name.der(), asn1::integer(77)]);
        let content = lds::security_info::encode_set(&[&access[..], &infos].concat());
        let card_security = Cms::new("0.4.0.127.0.7.3.2.1", &content, sid, &dsc, &world.dsc).encode();
        chip.files.insert(FileId::CardSecurity, card_security);
        chip.files.insert(FileId::Sod, world.sod(&specimen.files, &dsc).sod_file());
        chip.files.remove(&FileId::Com);
        let own = EcPrivateKey::generate(Curve::P256, &mut rng(1));
        chip.master_file_ca_keys =
            vec![CaKey { key_id: None, cipher: SessionCipher::Aes128, key: own.into() }];
        Self { world, chip }
    }

    fn object(&self) -> SecurityObject {
        let sod = &self.chip.files[&FileId::Sod];
        self.world.store().authenticate_sod(sod, &Policy::default(), at()).outcome.unwrap()
    }

    /// Runs Chip Authentication with what this file names.
    fn prove(&self, card_security: &[u8]) -> Result<EvidenceSet, Rejection> {
        let object = self.object();
        let dg1 = object.read::<Dg1>(self.chip.files[&FileId::Dg(1)].clone()).unwrap();
        let file = self.world.store().authenticate_card_security(&object, card_security)?;
        let (task, step) = object.begin_chip_authentication_in_master_file(&file, &dg1, &mut rng(2))?;
        let mut terminal = Terminal::new(Chip::new(self.chip.clone(), rng(3)));
        terminal.open(MrzKey::from(&dg1.content().mrz), &mut rng(4)).unwrap();
        let responses = terminal.run_chip_authentication(&task).unwrap();
        let suspended = step.suspend().to_vec();
        Ok(EvidenceSet {
            data: ChipData::new(self.chip.files.clone()),
            chip_authentication: Some(ChipAuthenticationEvidence { suspended, responses }),
            active_authentication: None,
        })
    }

    fn code(&self, evidence: &EvidenceSet) -> Option<String> {
        let judged = judge(evidence, &self.world.store(), &Policy::default(), at());
        judged.outcome.err().map(|rejection| rejection.code())
    }
}

fn honest() -> Document {
    Document::naming(&EcPrivateKey::generate(Curve::P256, &mut rng(1)))
}

#[test]
fn a_key_of_the_master_file_proves_the_chip() {
    let document = honest();
    let dg14 = Dg14::parse(&document.chip.files[&FileId::Dg(14)]).unwrap();
    assert!(!dg14.announces_chip_authentication());
    let evidence = document.prove(&document.chip.files[&FileId::CardSecurity]).unwrap();
    assert_eq!(document.code(&evidence), None);
    // Without the proof, and without the file that announces it.
    let without = EvidenceSet { chip_authentication: None, ..evidence.clone() };
    assert_eq!(document.code(&without).as_deref(), Some("chip.proof-missing(ca)"));
    let mut files = document.chip.files.clone();
    files.remove(&FileId::CardSecurity);
    let withheld = EvidenceSet { data: ChipData::new(files), ..without };
    assert_eq!(document.code(&withheld).as_deref(), Some("chip.not-offered"));
}

#[test]
fn a_clone_without_the_key_is_refused() {
    let document = Document::naming(&EcPrivateKey::generate(Curve::P256, &mut rng(9)));
    let evidence = document.prove(&document.chip.files[&FileId::CardSecurity]).unwrap();
    assert!(document.code(&evidence).unwrap().starts_with("ca."));
}

/// The file of another State names another chip's key; one that nobody signed names any.
#[test]
fn a_file_that_this_state_did_not_sign_begins_nothing() {
    let document = honest();
    let own = &document.chip.files[&FileId::CardSecurity];
    let last = own.len() - 1;
    let flipped = [&own[..last], &[own[last] ^ 1]].concat();
    let refused = document.prove(&flipped).unwrap_err();
    assert_eq!(refused.code(), "pa.card-security-signature");
}

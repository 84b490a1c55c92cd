//! What is made reads back, signatures verify, and everything is the same each time.

use clock::UnixTime;
use crypto::{Curve, HashAlgorithm, PublicKey, SessionCipher, SignatureScheme};
use lds::mrz::Format;
use lds::sod::{SignerIdentifier, Sod};
use lds::tlv::{self, tag};
use lds::{CardAccess, Com, DataGroup, Dg14, Dg15, FileId};
use test_passports::keys::RsaKey;
use test_passports::{
    ActiveAuthentication, ChipAuthentication, PrivateKey, Signer, Specimen, SpecimenBuilder, State,
    StateBuilder,
};

fn at() -> UnixTime {
    UnixTime::from_rfc3339("2026-06-01").expect("a date")
}

/// The parts of a certificate or CRL: what is signed, the algorithm, the signature.
fn signed_parts(der: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let mut fields =
        tlv::read_one("certificate", der, tag::SEQUENCE).and_then(|e| e.children()).expect("DER");
    let mut next = |tag| fields.expect(tag).expect("DER");
    let (tbs, algorithm) = (next(tag::SEQUENCE), next(tag::SEQUENCE));
    (tbs.raw.to_vec(), algorithm.raw.to_vec(), next(tag::BIT_STRING).value[1..].to_vec())
}

fn verify(signer: &Signer, algorithm: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (key, _) = PublicKey::from_spki_der(&signer.key.spki_der()).expect("a key");
    let scheme = SignatureScheme::from_algorithm_identifier(algorithm, Some(signer.hash)).expect("a scheme");
    scheme.verify(&key, message, signature).is_ok()
}

fn assert_right(state: &State, specimen: &Specimen) {
    let (tbs, algorithm, signature) = signed_parts(&specimen.dsc_der);
    assert!(verify(&state.csca.signer, &algorithm, &tbs, &signature));
    let sod = Sod::parse(specimen.file(FileId::Sod)).expect("EF.SOD");
    let attributes = sod.signer.signed_attrs_der.clone().expect("signed attributes");
    let signer = &sod.signer;
    assert!(verify(&state.dsc.signer, &signer.signature_algorithm_der, &attributes, &signer.signature));
    assert_eq!(signer.message_digest, Some(signer.digest_algorithm.digest(&sod.econtent_raw)));
    let object = &sod.lds_security_object;
    let com = Com::parse(specimen.file(FileId::Com)).expect("EF.COM");
    assert_eq!(object.hashes.keys().copied().collect::<Vec<_>>(), com.data_groups);
    for (n, hash) in &object.hashes {
        let file = specimen.file(FileId::Dg(*n));
        assert_eq!(object.hash_algorithm.digest(file), *hash, "DG{n}");
        DataGroup::parse(*n, file).expect("a data group");
    }
}

fn signers() -> Vec<(&'static str, Signer, Signer)> {
    let ec = |curve, hash| Signer::new(PrivateKey::ec_explicit(curve, "CSCA"), hash);
    vec![
        (
            "PKCS#1",
            Signer::new(PrivateKey::rsa(RsaKey::Csca), HashAlgorithm::Sha256),
            Signer::new(PrivateKey::rsa(RsaKey::Dsc), HashAlgorithm::Sha256),
        ),
        (
            "PSS",
            Signer::pss(RsaKey::Csca, HashAlgorithm::Sha256),
            Signer::pss(RsaKey::Dsc, HashAlgorithm::Sha384),
        ),
        (
            "named",
            Signer::new(PrivateKey::ec(Curve::P256, "CSCA"), HashAlgorithm::Sha256),
            Signer::new(PrivateKey::ec(Curve::P384, "DSC"), HashAlgorithm::Sha384),
        ),
        (
            "brainpool",
            ec(Curve::BrainpoolP256r1, HashAlgorithm::Sha256),
            ec(Curve::P521, HashAlgorithm::Sha512),
        ),
        ("SHA-1", ec(Curve::BrainpoolP384r1, HashAlgorithm::Sha1), ec(Curve::P256, HashAlgorithm::Sha1)),
    ]
}

#[test]
fn every_scheme_signs_certificates_and_security_objects() {
    for (name, csca, dsc) in signers() {
        println!("{name}");
        let state = StateBuilder::new(at()).csca(csca).dsc(dsc).build();
        assert_right(&state, &SpecimenBuilder::new(at()).build(&state));
        let (tbs, algorithm, signature) = signed_parts(&state.crl(at(), &[1, 0x1001]));
        assert!(verify(&state.csca.signer, &algorithm, &tbs, &signature));
    }
}

#[test]
fn the_same_call_makes_the_same_bytes() {
    let make = || {
        let state = StateBuilder::new(at()).dsc(Signer::pss(RsaKey::Dsc, HashAlgorithm::Sha256)).build();
        SpecimenBuilder::new(at()).build(&state).files
    };
    assert_eq!(make(), make());
}

#[test]
fn documents_of_every_size_and_chip_are_made() {
    let state = StateBuilder::new(at()).build();
    let new = || SpecimenBuilder::new(at());
    for specimen in [
        new(),
        new().document(Format::Td1, "IR").document_number("D23145890734"),
        new().document(Format::Td2, "I"),
        new().without_details().security_object(0, HashAlgorithm::Sha1),
        new().signer_by_key_identifier().signing_time(at()),
        new().chip_authentication(None).pace(None),
        new().french_chip_of_2017(),
        new().active_authentication(Some(ActiveAuthentication::Rsa1024)),
        new().active_authentication(Some(ActiveAuthentication::Rsa2048)),
        new().active_authentication(Some(ActiveAuthentication::Ec(Curve::P256))),
    ] {
        assert_right(&state, &specimen.build(&state));
    }
}

#[test]
fn a_french_chip_has_a_key_with_explicit_parameters_and_no_offer() {
    let state = StateBuilder::new(at()).build();
    let specimen = SpecimenBuilder::new(at()).french_chip_of_2017().build(&state);
    let dg14 = Dg14::parse(specimen.file(FileId::Dg(14))).unwrap();
    assert!(dg14.chip_authentication.is_empty());
    let (key, notes) = PublicKey::from_spki_der(&dg14.public_keys[0].spki_der).unwrap();
    assert!(notes.explicit_parameters);
    assert_eq!(key, PublicKey::Ec(specimen.ca_keys[0].key.public_key()));
    assert_eq!(specimen.ca_keys[0].cipher, SessionCipher::TripleDes);
    assert!(!specimen.files.contains_key(&FileId::Dg(15)));
    let access = CardAccess::parse(specimen.file(FileId::CardAccess)).unwrap();
    assert_eq!(access.pace().next().unwrap().parameter_id, Some(12));
}

#[test]
fn an_offer_of_chip_authentication_names_its_key() {
    let state = StateBuilder::new(at()).build();
    let offer = ChipAuthentication {
        curve: Curve::P256,
        cipher: Some(SessionCipher::Aes256),
        explicit: false,
        key_id: Some(3),
    };
    let specimen = SpecimenBuilder::new(at()).chip_authentication(Some(offer)).build(&state);
    let dg14 = Dg14::parse(specimen.file(FileId::Dg(14))).unwrap();
    assert_eq!(dg14.chip_authentication[0].oid.to_string(), "0.4.0.127.0.7.2.2.3.2.4");
    assert_eq!((dg14.chip_authentication[0].key_id, dg14.public_keys[0].key_id), (Some(3), Some(3)));
}

#[test]
fn an_ecdsa_key_of_active_authentication_comes_with_its_algorithm() {
    let state = StateBuilder::new(at()).build();
    let specimen = SpecimenBuilder::new(at())
        .chip_authentication(None)
        .active_authentication(Some(ActiveAuthentication::Ec(Curve::P256)))
        .build(&state);
    let dg14 = Dg14::parse(specimen.file(FileId::Dg(14))).unwrap();
    assert_eq!(
        dg14.active_authentication.unwrap().signature_algorithm_oid.to_string(),
        "0.4.0.127.0.7.1.1.4.1.3"
    );
    let dg15 = Dg15::parse(specimen.file(FileId::Dg(15))).unwrap();
    assert_eq!(dg15.spki_der, specimen.aa_key.unwrap().key.spki_der());
}

#[test]
fn a_signer_named_by_its_key_has_the_identifier_of_its_certificate() {
    let state = StateBuilder::new(at()).build();
    let specimen = SpecimenBuilder::new(at()).signer_by_key_identifier().build(&state);
    let sod = Sod::parse(specimen.file(FileId::Sod)).unwrap();
    let SignerIdentifier::SubjectKeyIdentifier(identifier) = sod.signer.sid else { panic!() };
    assert!(state.dsc.certificate.windows(20).any(|w| w == identifier));
}

#[test]
fn a_link_certificate_is_signed_by_the_old_key() {
    let old = StateBuilder::new(at()).build();
    let new = StateBuilder::new(at()).csca(Signer::pss(RsaKey::Csca, HashAlgorithm::Sha256)).build();
    let (tbs, algorithm, signature) = signed_parts(&old.link_to(&new));
    assert!(verify(&old.csca.signer, &algorithm, &tbs, &signature));
}

#[test]
fn no_prefix_and_no_flipped_byte_of_a_specimen_makes_the_parser_panic() {
    let state = StateBuilder::new(at()).build();
    let offer = Some(ActiveAuthentication::Ec(Curve::P256));
    let specimen = SpecimenBuilder::new(at()).active_authentication(offer).build(&state);
    for (id, bytes) in &specimen.files {
        let reads = |bytes: &[u8]| match id {
            FileId::Com => Com::parse(bytes).is_ok(),
            FileId::Sod => Sod::parse(bytes).is_ok(),
            FileId::Dg(n) => DataGroup::parse(*n, bytes).is_ok(),
            _ => CardAccess::parse(bytes).is_ok(),
        };
        assert!(reads(bytes), "{id}");
        let mut flipped = bytes.clone();
        for end in 0..bytes.len() {
            assert!(!reads(&bytes[..end]), "{id} {end}");
            flipped[end] ^= 0xFF;
            let _ = reads(&flipped);
            flipped[end] ^= 0xFF;
        }
    }
}

//! Active Authentication (Doc 9303-11 6.1).

use crypto::{Curve, EcPrivateKey, HashAlgorithm, RsaPrivateKey, iso9796_2};
use lds::{Dg14, FileId};

use super::draft::{Draft, at, flipped, utopia};
use super::manifest::{Evidence, Importance, Policy};
use crate::keys::{RsaKey, ec_key, rng};
use crate::{ActiveAuthentication, PrivateKey, Specimen, SpecimenBuilder};

const CHALLENGE: [u8; 8] = *b"\x01\x23\x45\x67\x89\xAB\xCD\xEF";
const OTHER_CHALLENGE: [u8; 8] = *b"\x11\x23\x45\x67\x89\xAB\xCD\xEF";
const SECTION: &str = "ICAO Doc 9303-11 6.1";

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = rsa();
    cases.extend(ecdsa());
    cases.extend(bsi());
    cases
}

fn specimen(offer: ActiveAuthentication) -> Specimen {
    SpecimenBuilder::new(at()).chip_authentication(None).active_authentication(Some(offer)).build(&utopia())
}

fn evidence(signature: &[u8]) -> Evidence {
    Evidence::ActiveAuthentication { challenge: hex::encode(CHALLENGE), signature: hex::encode(signature) }
}

fn rsa_key(which: RsaKey) -> RsaPrivateKey {
    match PrivateKey::rsa(which) {
        PrivateKey::Rsa(key) => key,
        PrivateKey::Ec { .. } | PrivateKey::Dsa(_) => unreachable!("an RSA key"),
    }
}

fn rsa_signature(which: RsaKey, hash: HashAlgorithm, challenge: &[u8]) -> Vec<u8> {
    iso9796_2::sign(&rsa_key(which), hash, challenge, &mut rng(challenge)).expect("the key is long enough")
}

fn rsa() -> Vec<Draft> {
    let draft = |id, description, offer, signature: &[u8]| {
        Draft::new(id, description, &specimen(offer))
            .evidence(evidence(signature))
            .reference(SECTION)
            .flags(&["rsa"])
    };
    let with_2048 = |hash, challenge: &[u8]| rsa_signature(RsaKey::ActiveAuthentication2048, hash, challenge);
    let good = with_2048(HashAlgorithm::Sha256, &CHALLENGE);
    let base = draft(
        "aa::rsa-sha256",
        "RSA with 2048 bits, SHA-256, trailer 34CC",
        ActiveAuthentication::Rsa2048,
        &good,
    );
    let wrong = |id, description, signature: &[u8]| {
        base.negative(id, description, "aa.signature")
            .evidence(evidence(signature))
            .importance(Importance::Critical)
    };
    let other_key = rsa_signature(RsaKey::Dsc, HashAlgorithm::Sha256, &CHALLENGE);
    vec![
        base.clone(),
        draft(
            "aa::rsa-sha1",
            "RSA with 1024 bits, SHA-1, trailer BC",
            ActiveAuthentication::Rsa1024,
            &rsa_signature(RsaKey::ActiveAuthentication1024, HashAlgorithm::Sha1, &CHALLENGE),
        )
        .flags(&["weak"]),
        draft(
            "aa::rsa-sha512",
            "RSA with 2048 bits, SHA-512, trailer 35CC",
            ActiveAuthentication::Rsa2048,
            &with_2048(HashAlgorithm::Sha512, &CHALLENGE),
        ),
        wrong(
            "aa::rsa-other-challenge",
            "The signature is over another challenge",
            &with_2048(HashAlgorithm::Sha256, &OTHER_CHALLENGE),
        ),
        wrong("aa::rsa-other-key", "The signature is another key's", &other_key),
        wrong("aa::rsa-flipped", "One bit of the signature is flipped", &flipped(&good, good.len() - 1)),
        wrong("aa::rsa-cut", "The signature is a byte short", &good[..good.len() - 1]),
        wrong("aa::rsa-empty", "The signature is empty", &[]),
        base.negative(
            "aa::dg15-replaced",
            "DG15 holds the key that signed, EF.SOD the hash of another",
            "pa.hash-mismatch(DG15)",
        )
        .file(FileId::Dg(15), &lds::Dg15 { spki_der: PrivateKey::rsa(RsaKey::Dsc).spki_der() }.encode())
        .evidence(evidence(&other_key))
        .importance(Importance::Critical),
    ]
}

/// Unit ISO7816_F of the BSI's plan: the hashes that a chip may sign with, and a trailer that is none.
fn bsi() -> Vec<Draft> {
    let bsi = |id, reference, description, offer, signature: &[u8]| {
        let mut case = Draft::whole(id, description, &specimen(offer)).evidence(evidence(signature));
        case.policy = Policy { inspection: Some("bsi-tr-03105".into()), ..Policy::default() };
        case.reference(reference).flags(&["bsi"])
    };
    let rsa = ActiveAuthentication::Rsa2048;
    let signed = |hash| rsa_signature(RsaKey::ActiveAuthentication2048, hash, &CHALLENGE);
    let hashes = [
        (
            "aa::bsi-iso7816-f-01",
            "BSI TR-03105-5.1 ISO7816_F_01",
            "RSA, SHA-1, trailer BC",
            HashAlgorithm::Sha1,
        ),
        (
            "aa::bsi-iso7816-f-04",
            "BSI TR-03105-5.1 ISO7816_F_04",
            "RSA, SHA-224, trailer 38CC",
            HashAlgorithm::Sha224,
        ),
        (
            "aa::bsi-iso7816-f-05",
            "BSI TR-03105-5.1 ISO7816_F_05",
            "RSA, SHA-256, trailer 34CC",
            HashAlgorithm::Sha256,
        ),
        (
            "aa::bsi-iso7816-f-06",
            "BSI TR-03105-5.1 ISO7816_F_06",
            "RSA, SHA-384, trailer 36CC",
            HashAlgorithm::Sha384,
        ),
        (
            "aa::bsi-iso7816-f-07",
            "BSI TR-03105-5.1 ISO7816_F_07",
            "RSA, SHA-512, trailer 35CC",
            HashAlgorithm::Sha512,
        ),
    ];
    let mut cases: Vec<Draft> = hashes
        .map(|(id, reference, description, hash)| bsi(id, reference, description, rsa, &signed(hash)))
        .to_vec();
    let ec = ActiveAuthentication::Ec(Curve::P256);
    let plain = ec_signature(&key_of(&specimen(ec)), HashAlgorithm::Sha256, &CHALLENGE);
    let (id, reference) = ("aa::bsi-iso7816-f-02", "BSI TR-03105-5.1 ISO7816_F_02");
    cases.push(bsi(id, reference, "ECDSA in plain form, its algorithm in DG14", ec, &plain));
    let key = rsa_key(RsaKey::ActiveAuthentication2048);
    let recovered = key.public_key().raw_public_op(&signed(HashAlgorithm::Sha256)).expect("a signature");
    let message = [&recovered[..recovered.len() - 1], &[0xCD]].concat();
    let (id, reference) = ("aa::bsi-iso7816-f-08", "BSI TR-03105-5.1 ISO7816_F_08");
    let wrong = key.raw_private_op(&message).expect("below the modulus");
    let wrong = bsi(id, reference, "The trailer is 34CD", rsa, &wrong);
    cases.push(wrong.refused("aa.signature", "aa::bsi-iso7816-f-05"));
    cases
}

fn ec_signature(key: &EcPrivateKey, hash: HashAlgorithm, challenge: &[u8]) -> Vec<u8> {
    key.sign(hash, challenge).to_plain(key.curve())
}

fn key_of(specimen: &Specimen) -> EcPrivateKey {
    match specimen.aa_key.as_ref().map(|signer| &signer.key) {
        Some(PrivateKey::Ec { key, .. }) => key.clone(),
        _ => unreachable!("a specimen with an EC key"),
    }
}

fn ecdsa() -> Vec<Draft> {
    let p256 = specimen(ActiveAuthentication::Ec(Curve::P256));
    let brainpool = specimen(ActiveAuthentication::Ec(Curve::BrainpoolP256r1));
    let key = key_of(&p256);
    let good = ec_signature(&key, HashAlgorithm::Sha256, &CHALLENGE);
    let draft = |id, description, specimen: &Specimen, signature: &[u8]| {
        Draft::new(id, description, specimen)
            .evidence(evidence(signature))
            .reference(SECTION)
            .flags(&["ecdsa"])
    };
    let base = draft("aa::ecdsa-p256", "ECDSA on P-256, SHA-256, plain signature", &p256, &good);
    let wrong = |id, description, signature: &[u8]| {
        base.negative(id, description, "aa.signature")
            .evidence(evidence(signature))
            .importance(Importance::Critical)
    };
    let der = key.sign(HashAlgorithm::Sha256, &CHALLENGE).to_der();
    let zeros = vec![0; good.len()];
    vec![
        base.clone(),
        draft(
            "aa::ecdsa-brainpool",
            "ECDSA on brainpoolP256r1, SHA-256",
            &brainpool,
            &ec_signature(&key_of(&brainpool), HashAlgorithm::Sha256, &CHALLENGE),
        ),
        wrong(
            "aa::ecdsa-other-challenge",
            "The signature is over another challenge",
            &ec_signature(&key, HashAlgorithm::Sha256, &OTHER_CHALLENGE),
        ),
        wrong(
            "aa::ecdsa-other-key",
            "The signature is another key's",
            &ec_signature(&ec_key(Curve::P256, "stranger"), HashAlgorithm::Sha256, &CHALLENGE),
        ),
        wrong("aa::ecdsa-flipped", "One bit of the signature is flipped", &flipped(&good, good.len() - 1)),
        wrong("aa::ecdsa-zeros", "r and s are zero", &zeros),
        wrong(
            "aa::ecdsa-other-hash",
            "The signature is over SHA-384, DG14 says SHA-256",
            &ec_signature(&key, HashAlgorithm::Sha384, &CHALLENGE),
        ),
        draft("aa::ecdsa-der", "The signature is in DER, as some chips answer", &p256, &der)
            .flags(&["quirk"])
            .importance(Importance::Low)
            .may_be_refused("aa.signature", "aa::ecdsa-p256"),
        without_info(&p256, &good),
    ]
}

/// DG14 with PACEInfo alone, in EF.SOD too.
fn without_info(specimen: &Specimen, signature: &[u8]) -> Draft {
    let state = utopia();
    let mut specimen = specimen.clone();
    let mut dg14 = Dg14::parse(specimen.file(FileId::Dg(14))).expect("our own file");
    dg14.security_infos
        .retain(|info| !matches!(info, lds::security_info::SecurityInfo::ActiveAuthentication(_)));
    specimen.files.insert(FileId::Dg(14), dg14.encode());
    let security_object = specimen.security_object(&state, 1, HashAlgorithm::Sha256);
    specimen.sign_with(&security_object, &state.dsc.signer);
    Draft::new(
        "aa::ecdsa-without-info",
        "DG14 names no signature algorithm for the EC key of DG15",
        &specimen,
    )
    .evidence(evidence(signature))
    .reference("ICAO Doc 9303-11 9.2.4")
    .flags(&["ecdsa"])
    .refused("aa.algorithm", "aa::ecdsa-p256")
}

use super::*;
use crate::{Curve, EcPrivateKey, RsaPrivateKey};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

fn read(hex: &str) -> Result<SignatureScheme, Error> {
    SignatureScheme::from_algorithm_identifier(&hex::decode(hex).unwrap(), None)
}

fn name(hex: &str) -> String {
    read(hex).unwrap().name().into_owned()
}

#[test]
fn algorithm_identifiers_of_documents_are_named() {
    assert_eq!(name("300d06092a864886f70d01010b0500"), "RSASSA-PKCS1-v1_5 SHA-256");
    assert_eq!(name("300b06092a864886f70d010105"), "RSASSA-PKCS1-v1_5 SHA-1");
    assert_eq!(name("300a06082a8648ce3d040303"), "ECDSA SHA-384");
    assert_eq!(name("300c06082a8648ce3d0403020500"), "ECDSA SHA-256");
    assert_eq!(name("300c060a04007f00070101040103"), "plain ECDSA SHA-256");
    assert_eq!(name("300906072a8648ce380403"), "DSA SHA-1");
    assert_eq!(name("300b0609608648016503040302"), "DSA SHA-256");
}

#[test]
fn every_oid_stands_once_in_the_table() {
    for (i, row) in TABLE.iter().enumerate() {
        assert_eq!(TABLE.iter().position(|other| other.0 == row.0), Some(i));
    }
}

#[test]
fn bare_rsa_takes_the_hash_from_beside_it() {
    let bare = hex::decode("300d06092a864886f70d0101010500").unwrap();
    let with = |digest| SignatureScheme::from_algorithm_identifier(&bare, digest);
    assert_eq!(with(Some(HashAlgorithm::Sha512)).unwrap().name(), "RSASSA-PKCS1-v1_5 SHA-512");
    assert_eq!(with(None), Err(Error::UnsupportedAlgorithm("1.2.840.113549.1.1.1".into())));
}

#[test]
fn an_unknown_oid_is_refused_by_its_name() {
    let ed25519 = Error::UnsupportedAlgorithm("1.3.101.112".into());
    assert_eq!(read("300506032b6570"), Err(ed25519));
    assert_eq!(
        SignatureScheme::from_plain_ecdsa_oid("0.4.0.127.0.7.1.1.4.1.3").unwrap().hash(),
        HashAlgorithm::Sha256
    );
    let der_encoded = SignatureScheme::from_plain_ecdsa_oid("1.2.840.10045.4.3.2");
    assert_eq!(der_encoded, Err(Error::UnsupportedAlgorithm("1.2.840.10045.4.3.2".into())));
}

#[test]
fn foreign_parameters_are_refused() {
    assert_eq!(read("300e06092a864886f70d01010b020100"), Err(Error::Malformed("AlgorithmIdentifier")));
    assert_eq!(read("300d06092a864886f70d01010b050000"), Err(Error::Malformed("AlgorithmIdentifier")));
    assert_eq!(read(""), Err(Error::Malformed("AlgorithmIdentifier")));
}

/// An AlgorithmIdentifier with `id-RSASSA-PSS` and these parameters, in hex.
fn pss(parameters: &str) -> Result<SignatureScheme, Error> {
    let content = format!("06092a864886f70d01010a{parameters}");
    read(&format!("30{:02x}{content}", content.len() / 2))
}

const SHA256: &str = "300d06096086480165030402010500";

#[test]
fn absent_pss_parameters_are_the_defaults() {
    let defaults = "RSASSA-PSS SHA-1/20";
    assert_eq!(pss("").unwrap().name(), defaults);
    assert_eq!(pss("3000").unwrap().name(), defaults);
    assert_eq!(pss("300aa203020114a303020101").unwrap().name(), defaults);
}

#[test]
fn pss_parameters_are_read_each_for_itself() {
    let mgf = format!("a11c301a06092a864886f70d010108{SHA256}");
    assert_eq!(pss(&format!("3011a00f{SHA256}")).unwrap().name(), "RSASSA-PSS SHA-256/20 MGF1 SHA-1");
    let all = format!("3034a00f{SHA256}{mgf}a203020120");
    assert_eq!(pss(&all).unwrap().name(), "RSASSA-PSS SHA-256/32");
}

#[test]
fn pss_parameters_out_of_bounds_are_refused() {
    let malformed = Err(Error::Malformed("RSASSA-PSS parameters"));
    assert_eq!(pss("3005a2030201ff"), malformed);
    assert_eq!(pss("3007a205020300ffff").unwrap().name(), "RSASSA-PSS SHA-1/65535");
    assert_eq!(pss("3007a2050203010000"), malformed);
    assert_eq!(pss("0500"), malformed);
    assert_eq!(pss("3005a303020102"), Err(Error::UnsupportedAlgorithm("RSASSA-PSS trailer".into())));
    let other_mgf = "3011a10f300d06092a864886f70d0101090500";
    assert_eq!(pss(other_mgf), Err(Error::UnsupportedAlgorithm("1.2.840.113549.1.1.9".into())));
    let md5 = "3010a00e300c06082a864886f70d02050500";
    assert_eq!(pss(md5), Err(Error::UnsupportedAlgorithm("1.2.840.113549.2.5".into())));
}

#[test]
fn a_scheme_refuses_a_key_of_the_other_kind_and_the_other_encoding() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let rsa_key = RsaPrivateKey::generate(1024, &mut rng).unwrap();
    let ec_key = EcPrivateKey::generate(Curve::BrainpoolP256r1, &mut rng);
    let (rsa, ec) = (PublicKey::Rsa(rsa_key.public_key()), PublicKey::Ec(ec_key.public_key()));
    let pkcs1 = read("300d06092a864886f70d01010b0500").unwrap();
    let ecdsa = read("300a06082a8648ce3d040302").unwrap();
    let plain = read("300c060a04007f00070101040103").unwrap();
    let rsa_signature = rsa_key.sign_pkcs1v15(HashAlgorithm::Sha256, b"m").unwrap();
    let ec_signature = ec_key.sign(HashAlgorithm::Sha256, b"m");
    let ec_der = ec_signature.to_der();
    let ec_plain = ec_signature.to_plain(Curve::BrainpoolP256r1);
    assert_eq!(pkcs1.verify(&rsa, b"m", &rsa_signature), Ok(()));
    assert_eq!(pkcs1.verify(&ec, b"m", &rsa_signature), Err(Error::KeyMismatch));
    assert_eq!(pss("").unwrap().verify(&rsa, b"m", &rsa_signature), Err(Error::Signature));
    assert_eq!(ecdsa.verify(&ec, b"m", &ec_der), Ok(()));
    assert_eq!(ecdsa.verify(&rsa, b"m", &ec_der), Err(Error::KeyMismatch));
    assert_eq!(ecdsa.verify(&ec, b"m", &ec_plain), Err(Error::Malformed("ECDSA signature")));
    assert_eq!(plain.verify(&ec, b"m", &ec_plain), Ok(()));
    assert_eq!(plain.verify(&ec, b"m", &ec_der), Err(Error::Malformed("ECDSA signature")));
}

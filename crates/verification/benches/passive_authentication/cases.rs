//! The passports: one for each kind of key, CSCA and document signer alike, with a portrait of 20 kB.

use clock::UnixTime;
use crypto::{Curve, HashAlgorithm, PublicKey, RsaPrivateKey, SignatureScheme};
use lds::dg2::FaceImage;
use lds::{Dg2, FileId, Sod, tlv};
use test_passports::keys::RsaKey;
use test_passports::{PrivateKey, Signer, SpecimenBuilder, StateBuilder, portrait};
use verification::ChipData;

const RSA_3072: [&[u8]; 2] =
    [include_bytes!("keys/rsa-3072-csca.p8.der"), include_bytes!("keys/rsa-3072-dsc.p8.der")];
const RSA_4096: [&[u8]; 2] =
    [include_bytes!("keys/rsa-4096-csca.p8.der"), include_bytes!("keys/rsa-4096-dsc.p8.der")];
/// Bytes of the portrait.
const PORTRAIT: usize = 20_000;

/// A passport, and what verifies it.
pub struct Case {
    pub name: &'static str,
    pub csca: Vec<u8>,
    pub data: ChipData,
    /// The ContentInfo in EF.SOD.
    pub cms: Vec<u8>,
    /// The data groups that EF.SOD lists.
    pub groups: Vec<Vec<u8>>,
    /// The same State's passport by another document signer.
    pub other_sod: Vec<u8>,
    key: PublicKey,
    scheme: SignatureScheme,
    parsed: Sod,
}

/// One of each kind.
pub fn all(at: UnixTime) -> Vec<Case> {
    let rsa = |name, keys: [PrivateKey; 2]| Case::new(name, at, HashAlgorithm::Sha256, keys);
    let read = |der: &[u8]| PrivateKey::Rsa(RsaPrivateKey::from_pkcs8_der(der).expect("a key"));
    let named =
        |name, curve, hash| Case::new(name, at, hash, ["CSCA", "DSC"].map(|k| PrivateKey::ec(curve, k)));
    let explicit = |name, curve, hash| {
        Case::new(name, at, hash, ["CSCA", "DSC"].map(|k| PrivateKey::ec_explicit(curve, k)))
    };
    let brainpool = Curve::BrainpoolP256r1;
    vec![
        rsa("RSA-2048", [RsaKey::Csca, RsaKey::Dsc].map(PrivateKey::rsa)),
        rsa("RSA-3072", RSA_3072.map(read)),
        rsa("RSA-4096", RSA_4096.map(read)),
        named("P-256, named", Curve::P256, HashAlgorithm::Sha256),
        explicit("P-256, explicit", Curve::P256, HashAlgorithm::Sha256),
        named("brainpoolP256r1, named", brainpool, HashAlgorithm::Sha256),
        explicit("brainpoolP256r1, explicit", brainpool, HashAlgorithm::Sha256),
        named("P-384, named", Curve::P384, HashAlgorithm::Sha384),
        explicit("P-384, explicit", Curve::P384, HashAlgorithm::Sha384),
    ]
}

impl Case {
    fn new(name: &'static str, at: UnixTime, hash: HashAlgorithm, [csca, dsc]: [PrivateKey; 2]) -> Self {
        let state = StateBuilder::new(at).csca(Signer::new(csca, hash)).dsc(Signer::new(dsc, hash)).build();
        let mut specimen = SpecimenBuilder::new(at).build(&state);
        specimen.files.insert(FileId::Dg(2), portrait_of_20_kb().encode());
        let signed = specimen.security_object(&state, 1, HashAlgorithm::Sha256);
        specimen.sign_with(&signed, &state.dsc.signer);
        let sod = &specimen.files[&FileId::Sod];
        let parsed = Sod::parse(sod).expect("a security object");
        let scheme = SignatureScheme::from_algorithm_identifier(
            &parsed.signer.signature_algorithm_der,
            Some(parsed.signer.digest_algorithm),
        );
        let (key, _) = PublicKey::from_spki_der(&state.dsc.signer.key.spki_der()).expect("a key");
        key.prepare();
        let other = state.clone().with_dsc(|dsc| dsc.serial += 1);
        let groups = specimen.files.iter().filter(|(id, _)| id.data_group().is_some());
        Self {
            name,
            csca: state.csca.certificate.clone(),
            cms: tlv::read_file(FileId::Sod, sod).expect("a file").value.to_vec(),
            groups: groups.map(|(_, bytes)| bytes.clone()).collect(),
            other_sod: specimen.security_object(&other, 1, HashAlgorithm::Sha256).sign(&other.dsc.signer),
            data: ChipData::new(specimen.files),
            key,
            scheme: scheme.expect("a scheme"),
            parsed,
        }
    }

    /// What cannot be saved: the signature over the attributes under a key that is at hand in its fastest form, and
    /// the hashes of all data groups and of the security object.
    pub fn floor(&self) {
        let attributes = self.parsed.signer.signed_attrs_der.as_deref().expect("signed attributes");
        let signature = &self.parsed.signer.signature;
        self.scheme.verify(&self.key, attributes, signature).expect("a right signature");
        for group in &self.groups {
            let digest = self.parsed.lds_security_object.hash_algorithm.digest(group);
            assert!(self.parsed.lds_security_object.hashes.values().any(|hash| *hash == digest));
        }
        let digest = self.parsed.signer.digest_algorithm.digest(&self.parsed.econtent_raw);
        assert_eq!(self.parsed.signer.message_digest.as_ref(), Some(&digest));
    }
}

/// The drawn portrait, made as long as a real one by a comment in its JPEG.
fn portrait_of_20_kb() -> Dg2 {
    let drawn = portrait::jpeg(90);
    let (start, rest) = drawn.split_at(2);
    let filling = vec![b' '; PORTRAIT - drawn.len() - 4];
    let length = u16::try_from(filling.len() + 2).expect("a segment").to_be_bytes();
    let image = [start, &[0xff, 0xfe], &length, &filling, rest].concat();
    let Dg2 { mut faces } = portrait::dg2(90);
    let face = faces.remove(0);
    Dg2 { faces: vec![FaceImage { image: image.into(), ..face }] }
}

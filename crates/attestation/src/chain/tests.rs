use super::*;
use crate::StatusList;
use crate::bench::{AT, Bench};
use crate::demo_root::certificate::KEY_DESCRIPTION;
use crate::demo_root::certificate::{COMMON_NAME, Certificate, DIGITAL_SIGNATURE, ORGANIZATION, TITLE, name};
use crate::demo_root::factory::{Factory, leaf};
use crate::tlv::{BIT_STRING, NULL, OID, encode};
use crypto::EcPrivateKey;

#[test]
fn a_genuine_chain_is_accepted() {
    assert!(Bench::new().verify().unwrap().is_demo());
}

#[test]
fn step_1_a_chain_too_short_too_long_or_without_root_is_refused() {
    let bench = Bench::new();
    let [device, pin] = bench.chains();
    let cut = |certificates: Vec<Vec<u8>>| bench.judge(&certificates, &pin).unwrap_err();
    assert_eq!(cut(Vec::new()), Error::Chain);
    assert_eq!(cut(device[..2].to_vec()), Error::Chain);
    assert_eq!(cut(device[..3].to_vec()), Error::Chain);
    assert_eq!(cut([&device[..1], &device, &device[3..]].concat()), Error::Chain);
}

#[test]
fn step_1_bytes_that_are_no_certificate_are_refused() {
    let bench = Bench::new();
    let [device, pin] = bench.chains();
    for bytes in [Vec::new(), vec![0x30], vec![0; MAX_CERTIFICATE + 1], [&device[0][..], &[0]].concat()] {
        let mut chain = device.clone();
        chain[0] = bytes;
        assert_eq!(bench.judge(&chain, &pin), Err(Error::Malformed("certificate")));
    }
}

/// The challenge fills the extension, so its length decides the certificate's.
#[test]
fn step_1_a_certificate_beyond_the_limit_is_refused() {
    let mut bench = Bench::new();
    let mut sized = |len| {
        bench.device.challenge = vec![1; len];
        let [device, pin] = bench.chains();
        (device[0].len(), bench.judge(&device, &pin).err())
    };
    // The signature's length varies by some bytes, so the exact limit is looked for.
    let start = MAX_CERTIFICATE - sized(1000).0 + 1000;
    let (mut fits, mut beyond) = (0, 0);
    for len in start - 20..start + 20 {
        match sized(len) {
            (size, refusal) if size <= MAX_CERTIFICATE => {
                assert_eq!(refusal, Some(Error::Challenge));
                fits += 1;
            }
            (_, refusal) => {
                assert_eq!(refusal, Some(Error::Malformed("certificate")));
                beyond += 1;
            }
        }
    }
    assert!(fits > 0 && beyond > 0);
}

/// RFC 5280, 4.1.1.2. With NULL parameters outside, the signature itself still verifies.
#[test]
fn step_4_a_certificate_whose_two_algorithm_identifiers_differ_is_refused() {
    let bench = Bench::new();
    let [mut device, pin] = bench.chains();
    let rebuild = |der: &[u8], change: bool| {
        let mut fields = Reader::new(der, "certificate").inner(SEQUENCE).unwrap();
        let (signed, algorithm) = (fields.any().unwrap().raw, fields.any().unwrap());
        let oid = Reader::new(algorithm.content, "algorithm").take(OID).unwrap();
        let null = if change { encode(NULL, &[[]; 0]) } else { Vec::new() };
        let algorithm = encode(SEQUENCE, &[encode(OID, &[oid]), null]);
        let signature = encode(BIT_STRING, &[fields.take(BIT_STRING).unwrap()]);
        encode(SEQUENCE, &[signed, &algorithm, &signature])
    };
    assert_eq!(rebuild(&device[0], false), device[0]);
    device[0] = rebuild(&device[0], true);
    assert_eq!(bench.judge(&device, &pin), Err(Error::Malformed("certificate")));
}

#[test]
fn step_2_an_intermediate_of_no_known_factory_is_refused() {
    let bench = Bench::with_factory(|factory| {
        let unknown = name(&[(COMMON_NAME, "Somebody")]);
        factory.certificates[1].subject = unknown.clone();
        factory.certificates[0].issuer = unknown;
    });
    assert_eq!(bench.verify(), Err(Error::Provisioning));
}

#[test]
fn step_3_a_root_that_is_not_configured_is_refused() {
    let mut bench = Bench::new();
    bench.policy.anchors = TrustAnchor::google();
    assert_eq!(bench.verify(), Err(Error::Root));
}

#[test]
fn step_3_a_root_with_a_trusted_name_and_another_key_is_refused() {
    let trusted = Bench::new();
    let mut bench = Bench::with_factory(|factory| {
        factory.keys[2] = trusted.keys[0].clone();
        factory.certificates[2].spki = PublicKey::Ec(trusted.keys[0].public_key()).to_spki_der();
    });
    assert!(bench.verify().is_ok());
    bench.policy.anchors = trusted.policy.anchors;
    assert_eq!(bench.verify(), Err(Error::Root));
}

#[test]
fn step_3_a_demo_root_counts_in_the_demo_environment_only() {
    let mut bench = Bench::new();
    bench.policy.environment = Environment::Production;
    assert_eq!(bench.verify(), Err(Error::DemoRoot));
}

#[test]
fn step_3_the_dates_of_the_root_copy_do_not_count() {
    let bench = Bench::with_factory(|factory| factory.certificates[2].not_after = AT.plus(-1));
    assert!(bench.verify().is_ok());
}

#[test]
fn step_4_a_certificate_signed_by_another_key_is_refused() {
    let bench = Bench::new();
    let [device, pin] = bench.chains();
    for i in 0..3 {
        let mut chain = device.clone();
        *chain[i].last_mut().unwrap() ^= 1;
        assert_eq!(bench.judge(&chain, &pin), Err(Error::Signature(i)));
    }
}

#[test]
fn step_4_names_that_do_not_chain_are_refused() {
    for i in 0..2 {
        let bench = Bench::with_factory(|f| f.certificates[i].issuer = name(&[(TITLE, "TEE")]));
        assert_eq!(bench.verify(), Err(Error::Issuer(i + 1)));
    }
}

#[test]
fn step_4_a_certificate_issued_by_no_ca_is_refused() {
    for i in 0..3 {
        let bench = Bench::with_factory(|factory| factory.certificates[i].ca = false);
        assert_eq!(bench.verify(), Err(Error::Issuer(i)));
        let bench = Bench::with_factory(|factory| factory.certificates[i].key_usage = DIGITAL_SIGNATURE);
        assert_eq!(bench.verify(), Err(Error::Issuer(i)));
    }
}

/// The chain extension attack: an attested key certifies another one.
#[test]
fn step_4_a_certificate_below_an_attested_key_is_refused() {
    let bench = Bench::new();
    let [device, pin] = bench.chains();
    let issuer = parse(&device[0]).unwrap().subject().as_raw().to_vec();
    let fake = leaf(&bench.keys[1].public_key(), &bench.device, &issuer).sign(&bench.keys[0]);
    let extended = [vec![fake.clone()], device.clone()].concat();
    assert_eq!(bench.judge(&extended, &pin), Err(Error::Provisioning));
    let mut shortened = extended;
    shortened.remove(2);
    assert_eq!(bench.judge(&shortened, &pin), Err(Error::Issuer(1)));
}

#[test]
fn step_5_factory_certificates_are_used_beyond_their_end_but_not_before_their_beginning() {
    for i in 0..2 {
        let expired = Bench::with_factory(|factory| factory.certificates[i].not_after = AT.plus(-1));
        assert!(expired.verify().is_ok());
        let begun = Bench::with_factory(|factory| factory.certificates[i].not_before = AT);
        assert!(begun.verify().is_ok());
        let early = Bench::with_factory(|factory| factory.certificates[i].not_before = AT.plus(1));
        assert_eq!(early.verify(), Err(Error::Validity(i + 1)));
    }
}

#[test]
fn step_5_the_dates_of_the_leaf_do_not_count() {
    let bench = Bench::new();
    let [mut device, pin] = bench.chains();
    let genuine = leaf(&bench.keys[0].public_key(), &bench.device, bench.root.attestation_name());
    let later = Certificate { not_before: AT.plus(1), not_after: AT.plus(2), ..genuine };
    device[0] = later.sign(bench.root.attestation_key());
    assert!(bench.judge(&device, &pin).is_ok());
}

/// Attestation key, Droid CA3, Droid CA2 and root, as a phone that is provisioned remotely has them.
fn remote(change: impl FnOnce(&mut [Certificate; 4])) -> Result<bool, Error> {
    let bench = Bench::new();
    let mut rng = <rand_chacha::ChaCha20Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(9);
    let factory = Factory::new(AT, &mut rng);
    let key = EcPrivateKey::generate(crypto::Curve::P256, &mut rng);
    let google = |common_name| name(&[(ORGANIZATION, "Google LLC"), (COMMON_NAME, common_name)]);
    let [attestation, ca3, root] = factory.certificates.clone();
    let ca2 = Certificate {
        subject: google("Droid CA2"),
        issuer: root.subject.clone(),
        spki: PublicKey::Ec(key.public_key()).to_spki_der(),
        ..ca3.clone()
    };
    let ca3 = Certificate { subject: google("Droid CA3"), issuer: google("Droid CA2"), ..ca3 };
    let attestation = Certificate {
        subject: name(&[(COMMON_NAME, "0123"), (ORGANIZATION, "TEE")]),
        issuer: google("Droid CA3"),
        ..attestation
    };
    let mut certificates = [attestation, ca3, ca2, root];
    change(&mut certificates);
    let keys = [&factory.keys[1], &key, &factory.keys[2], &factory.keys[2]];
    let leaf = leaf(&bench.keys[0].public_key(), &bench.device, &certificates[0].subject);
    let mut chain = vec![leaf.sign(&factory.keys[0])];
    chain.extend(certificates.iter().zip(keys).map(|(certificate, key)| certificate.sign(key)));
    let mut policy = bench.policy;
    policy.anchors = vec![TrustAnchor::demo(&chain[4]).unwrap()];
    VerifiedChain::verify(&chain, &policy, AT).map(|chain| chain.strongbox_issuer)
}

#[test]
fn step_5_remotely_provisioned_certificates_end_when_they_say() {
    assert_eq!(remote(|_| {}), Ok(false));
    for i in 0..3 {
        assert_eq!(remote(|certificates| certificates[i].not_after = AT), Ok(false));
        let expired = remote(|certificates| certificates[i].not_after = AT.plus(-1));
        assert_eq!(expired, Err(Error::Validity(i + 1)));
        let early = remote(|certificates| certificates[i].not_before = AT.plus(1));
        assert_eq!(early, Err(Error::Validity(i + 1)));
    }
}

#[test]
fn step_2_remote_provisioning_is_told_by_droid_ca2() {
    let other = name(&[(ORGANIZATION, "Google LLC"), (COMMON_NAME, "Droid CA9")]);
    let renamed = remote(|certificates| {
        certificates[2].subject = other.clone();
        certificates[1].issuer = other;
    });
    assert_eq!(renamed, Err(Error::Provisioning));
}

#[test]
fn step_9_a_strongbox_is_told_by_its_attestation_certificate() {
    let name = name(&[(COMMON_NAME, "0123"), (ORGANIZATION, "StrongBox")]);
    assert_eq!(remote(|certificates| certificates[0].subject = name), Ok(true));
}

fn with_list(serial: &str, status: &str, age: i64) -> Bench {
    let mut bench = Bench::with_factory(|factory| factory.certificates[1].serial = 0xa_bcde_f012);
    let json = format!(r#"{{"entries": {{"{serial}": {{"status": "{status}"}}}}}}"#);
    let list = StatusList::from_json(json.as_bytes(), AT.plus(-age)).unwrap();
    bench.policy.revocation = Revocation::Required { list: Some(list), max_age: 3600 };
    bench
}

#[test]
fn step_6_a_certificate_on_the_status_list_is_refused() {
    assert!(with_list("abcdef013", "REVOKED", 0).verify().is_ok());
    assert_eq!(with_list("abcdef012", "REVOKED", 0).verify(), Err(Error::Revoked(2)));
    assert_eq!(with_list("00ABCDEF012", "REVOKED", 0).verify(), Err(Error::Revoked(2)));
    assert_eq!(with_list("abcdef012", "SUSPENDED", 0).verify(), Err(Error::Revoked(2)));
}

#[test]
fn step_6_a_list_that_is_required_and_absent_or_old_refuses_everything() {
    assert!(with_list("1234", "REVOKED", 3600).verify().is_ok());
    assert_eq!(with_list("1234", "REVOKED", 3601).verify(), Err(Error::StatusUnavailable));
    let mut bench = Bench::new();
    bench.policy.revocation = Revocation::Required { list: None, max_age: 3600 };
    assert_eq!(bench.verify(), Err(Error::StatusUnavailable));
}

#[test]
fn step_7_the_extension_stands_in_the_leaf_and_nowhere_else() {
    for i in 0..3 {
        let bench = Bench::with_factory(|factory| {
            let value = Bench::new().device.key_description();
            factory.certificates[i].extension = Some((KEY_DESCRIPTION, value));
        });
        assert_eq!(bench.verify(), Err(Error::ExtensionMisplaced(i + 1)));
    }
    let bench = Bench::new();
    let (root, [_, pin]) = (&bench.root, bench.chains());
    let certificate = |value: Option<Vec<u8>>| Certificate {
        extension: value.map(|value| (KEY_DESCRIPTION, value)),
        ..leaf(&bench.keys[0].public_key(), &bench.device, root.attestation_name())
    };
    let judge = |certificate: Certificate| {
        let mut chain = pin.clone();
        chain[0] = certificate.sign(root.attestation_key());
        bench.judge(&chain, &pin).map(drop)
    };
    assert_eq!(judge(certificate(Some(bench.device.key_description()))), Ok(()));
    assert_eq!(judge(certificate(None)), Err(Error::ExtensionMissing));
}

#[test]
fn every_flipped_byte_of_an_attested_certificate_is_noticed() {
    let bench = Bench::new();
    let [device, pin] = bench.chains();
    for byte in 0..device[0].len() {
        let mut chain = device.clone();
        chain[0][byte] ^= 1;
        assert!(bench.judge(&chain, &pin).is_err(), "byte {byte}");
    }
}

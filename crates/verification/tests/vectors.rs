//! Every case of `test-vectors/` that is judged by this crate alone, one test for each.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clock::UnixTime;
use crypto::EcPrivateKey;
use lds::FileId;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use test_passports::vectors::manifest::{Case, Evidence, Manifest, Outcome};
use verification::{
    ActiveAuthenticationEvidence, AuthenticDocument, ChipAuthenticationEvidence, ChipData, EvidenceSet,
    Policy, Rejection, TrustStore, judge, judge_data,
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors")
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(folder().join(path)).expect("a file that the manifest names")
}

fn manifest(suite: &str) -> Manifest {
    serde_json::from_slice(&read(&format!("{suite}.json"))).expect("a manifest")
}

/// A case has the evidence of one protocol at most.
fn policy() -> Policy {
    Policy { accept_chip_not_offered: true, one_chip_proof_suffices: true, ..Policy::default() }
}

fn store(case: &Case) -> TrustStore {
    let mut store = TrustStore::new();
    for path in &case.trust.csca {
        store.add_csca(&read(path)).unwrap();
    }
    for path in &case.trust.link {
        store.add_link(&read(path)).unwrap();
    }
    for path in &case.trust.dsc {
        store.add_document_signer(&read(path)).unwrap();
    }
    for path in &case.trust.crl {
        store.add_crl(&read(path)).unwrap();
    }
    store
}

fn data(case: &Case) -> ChipData {
    let files = case.files.iter().map(|(name, path)| (FileId::from_name(name).unwrap(), read(path)));
    ChipData::new(files.collect::<BTreeMap<_, _>>())
}

/// The evidence of a case; that of Chip Authentication begins with the ephemeral key of the case.
fn evidence(case: &Case, document: &AuthenticDocument) -> Result<EvidenceSet, Rejection> {
    let mut set = EvidenceSet { data: data(case), ..EvidenceSet::default() };
    let unhex = |text: &String| hex::decode(text).unwrap();
    match case.evidence.as_ref().expect("evidence") {
        Evidence::ActiveAuthentication { challenge, signature } => {
            set.active_authentication = Some(ActiveAuthenticationEvidence {
                challenge: unhex(challenge),
                signature: unhex(signature),
            });
        }
        Evidence::ChipAuthentication { rng_seed, ephemeral_private_key, responses } => {
            let seed = unhex(rng_seed).try_into().unwrap();
            let dg14 = document.dg14().expect("DG14");
            let mut rng = ChaCha20Rng::from_seed(seed);
            let begun = document.security_object().begin_chip_authentication(dg14, document.dg1(), &mut rng);
            let (task, step) = begun?;
            let curves = crypto::Curve::all();
            let scalar = unhex(ephemeral_private_key);
            let mut keys = curves.filter_map(|curve| EcPrivateKey::from_scalar(curve, &scalar).ok());
            assert!(keys.any(|key| key.public_key().to_sec1() == task.ephemeral_public_key));
            set.chip_authentication = Some(ChipAuthenticationEvidence {
                suspended: step.suspend().to_vec(),
                responses: responses.iter().map(unhex).collect(),
            });
        }
        Evidence::Mrz { .. } | Evidence::OpticalMrz { .. } => panic!("not a case of this crate"),
    }
    Ok(set)
}

fn outcome(case: &Case, policy: &Policy) -> Result<(), Rejection> {
    let at = UnixTime::from_rfc3339(&case.validation_time).unwrap();
    let store = store(case);
    let document = judge_data(&data(case), &store, policy, at).outcome?;
    if case.evidence.is_some() {
        judge(&evidence(case, &document)?, &store, policy, at).outcome?;
    }
    Ok(())
}

fn replay(suite: &str, id: &str) {
    let manifest = manifest(suite);
    let case = manifest.cases.iter().find(|case| case.id == id).expect("a case of the manifest");
    let inspection = case.policy.inspection.as_deref().unwrap_or("field");
    let shipped = Policy::shipped(inspection).expect("a shipped policy");
    let policy = Policy { accept_chip_not_offered: true, one_chip_proof_suffices: true, ..shipped };
    let got = outcome(case, &policy).err().map(|rejection| rejection.code());
    match case.result {
        Outcome::Valid => assert_eq!(got, None),
        Outcome::Invalid => assert_eq!(got, case.rejection),
        Outcome::Acceptable => assert!(got.is_none() || got == case.rejection, "{got:?}"),
    }
}

/// The id of the case that a test is named after.
fn id(suite: &str, test: &str) -> String {
    format!("{suite}::{}", test.trim_start_matches('_').replace('_', "-"))
}

/// One test for each case, and one that no case is left out.
macro_rules! suite {
    ($module:ident, $suite:literal, $($test:ident),* $(,)?) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::replay($suite, &super::id(stringify!($module), stringify!($test)));
                }
            )*

            #[test]
            fn every_case_has_its_test() {
                let tests = [$(stringify!($test)),*].map(|test| super::id(stringify!($module), test));
                let cases = super::manifest($suite).cases.into_iter().map(|case| case.id);
                assert_eq!(super::BTreeSet::from(tests), cases.collect());
            }
        }
    };
}

suite!(
    pa,
    "passive-authentication",
    passport,
    ecdsa_p256_named,
    ecdsa_p384,
    ecdsa_p521,
    ecdsa_brainpool_p256r1,
    ecdsa_brainpool_p384r1,
    ecdsa_long_hash,
    ecdsa_short_hash,
    rsa_pkcs1,
    rsa_pss,
    rsa_pss_under_pkcs1,
    rsa_over_ecdsa,
    ecdsa_sha1,
    lds_v0,
    data_groups_sha512,
    data_groups_sha1,
    signer_by_key_identifier,
    signing_time,
    residence_permit,
    td2,
    no_details,
    no_chip_protocol,
    dg3_not_sent,
    dg12_not_sent,
    csca_without_basic_constraints,
    several_cscas,
    link_certificate,
    crl_not_revoked,
    dsc_from_trust_store,
    country_in_lower_case,
    document_type_list,
    dg1_of_another,
    dg2_of_another,
    dg11_of_another,
    dg14_of_another,
    dg2_flipped,
    dg1_withheld,
    dg2_withheld,
    dg14_withheld,
    active_and_chip_authentication,
    dg15_withheld,
    dg15_not_covered,
    sod_signature_flipped,
    sod_of_a_stranger,
    message_digest,
    content_type_attribute_differs,
    content_type_attribute_missing,
    econtent_type_unknown,
    no_certificate,
    signer_names_another_certificate,
    sod_truncated,
    sod_trailing_byte,
    sod_empty,
    sod_without_tag,
    sod_indefinite_length,
    sod_indefinite_length_cut,
    nothing_trusted,
    csca_of_another_state,
    csca_of_the_same_name,
    dsc_forged,
    link_certificate_forged,
    dsc_revoked,
    dsc_issued_by_dsc,
    dsc_expired,
    dsc_not_yet_valid,
    dsc_without_digital_signature,
    dsc_unknown_critical_extension,
    document_type_not_listed,
    csca_expired,
    country_mismatch,
    last_day,
    document_expired,
    bsi_default,
    bsi_lds_a_01,
    bsi_lds_a_02,
    bsi_lds_a_03,
    bsi_lds_a_08,
    bsi_lds_a_09,
    bsi_lds_a_10,
    bsi_lds_b_01,
    bsi_lds_b_02,
    bsi_lds_b_03,
    bsi_lds_b_04,
    bsi_lds_b_05,
    bsi_lds_b_06,
    bsi_lds_b_07,
    bsi_lds_b_09,
    bsi_lds_b_10,
    bsi_lds_b_13,
    bsi_lds_b_14,
    bsi_lds_b_15,
    bsi_lds_b_16,
    bsi_lds_b_17,
    bsi_lds_b_18,
    bsi_lds_b_19,
    bsi_lds_b_20,
    bsi_lds_b_21,
    bsi_lds_b_22,
    bsi_lds_b_23,
    bsi_lds_b_24,
    bsi_lds_b_25,
    bsi_lds_b_26,
    bsi_lds_b_27,
    bsi_lds_b_28,
);

suite!(
    aa,
    "active-authentication",
    rsa_sha256,
    rsa_sha1,
    rsa_sha512,
    rsa_other_challenge,
    rsa_other_key,
    rsa_flipped,
    rsa_cut,
    rsa_empty,
    dg15_replaced,
    ecdsa_p256,
    ecdsa_brainpool,
    ecdsa_other_challenge,
    ecdsa_other_key,
    ecdsa_flipped,
    ecdsa_zeros,
    ecdsa_other_hash,
    ecdsa_der,
    ecdsa_without_info,
);

suite!(
    ca,
    "chip-authentication",
    aes_128,
    aes_256,
    aes_192_explicit,
    _3des,
    key_id,
    p521,
    french_passport_2017,
    another_chip,
    another_ephemeral_key,
    dg1_of_another,
    dg1_short,
    dg14_of_another,
    mac_flipped,
    data_flipped,
    swapped,
    read_missing,
    response_too_many,
    plain,
    outer_status_differs,
    read_cut,
    read_empty,
    status_word,
    mac_missing,
    status_missing,
    data_object_unknown,
    padding,
);

#[test]
fn a_strict_policy_refuses_what_is_weak_with_the_code_of_the_case() {
    let strict = Policy { accept_sha1: false, ..policy() };
    for case in manifest("passive-authentication").cases {
        if case.flags.iter().any(|flag| flag == "weak") {
            let got = outcome(&case, &strict).unwrap_err().code();
            assert_eq!(Some(got), case.rejection, "{}", case.id);
        }
    }
}

//! Every case of `test-vectors/` that is judged by this crate alone, one test for each.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clock::UnixTime;
use lds::FileId;
use libtest_mimic::{Arguments, Failed, Trial};
use test_passports::vectors::manifest::{Case, Evidence, Manifest, Outcome};
use verification::{
    ActiveAuthenticationEvidence, AuthenticDocument, ChipAuthenticationEvidence, ChipData, EvidenceSet,
    PaceCamEvidence, Policy, Rejection, TrustBase, TrustStore, check_crl, judge, judge_data,
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
        Evidence::ChipAuthentication { terminal_private_key, responses, .. } => {
            let dg14 = document.dg14().expect("DG14");
            let key = unhex(terminal_private_key);
            let (_, step) =
                document.security_object().chip_authentication_with(dg14, document.dg1(), &key)?;
            set.chip_authentication = Some(ChipAuthenticationEvidence {
                suspended: step.suspend().to_vec(),
                responses: responses.iter().map(unhex).collect(),
            });
        }
        Evidence::Mrz { .. } | Evidence::OpticalMrz { .. } | Evidence::PaceCam { .. } => {
            panic!("not the answers of a chip that is asked by the server")
        }
    }
    Ok(set)
}

fn pace_cam(case: &Case) -> Option<PaceCamEvidence> {
    let Some(Evidence::PaceCam {
        protocol,
        password_key,
        mapping_private_key,
        ephemeral_private_key,
        responses,
    }) = &case.evidence
    else {
        return None;
    };
    Some(PaceCamEvidence {
        protocol: protocol.clone(),
        password_key: hex::decode(password_key).unwrap().into(),
        mapping_private_key: hex::decode(mapping_private_key).unwrap().into(),
        ephemeral_private_key: hex::decode(ephemeral_private_key).unwrap().into(),
        responses: responses.iter().map(|response| hex::decode(response).unwrap()).collect(),
    })
}

fn outcome(case: &Case, policy: &Policy) -> Result<(), Rejection> {
    let at = UnixTime::from_rfc3339(&case.validation_time).unwrap();
    let store = store(case);
    if let Some(Evidence::OpticalMrz { text }) = &case.evidence {
        return judge_data(&data(case).with_optical_mrz(text), &store, policy, at).outcome.map(drop);
    }
    let document = judge_data(&data(case), &store, policy, at).outcome?;
    if let Some(run) = pace_cam(case) {
        return document.verify_pace_cam(&data(case), &run);
    }
    if case.evidence.is_some() {
        judge(&evidence(case, &document)?, &store, policy, at).outcome?;
    }
    Ok(())
}

/// The code of a case of the suites `master-list` and `crl`.
fn object_code(suite: &str, case: &Case) -> Option<String> {
    let at = UnixTime::from_rfc3339(&case.validation_time).unwrap();
    let object = |name: &str| case.objects.get(name).map(|path| read(path));
    let given = |name: &str| object(name).expect("an object of the case");
    if suite == "crl" {
        let outcome = check_crl(&given("crl"), &given("issuer"), &given("certificate"), at);
        return outcome.err().map(|error| error.code().to_owned());
    }
    let pins = case.trust.pins.iter().map(|pin| hex::decode(pin).unwrap().try_into().unwrap()).collect();
    let mut base = TrustBase::default();
    if let Some(newest) = object("newest") {
        base.import_master_list(&newest, &pins, at).unwrap();
    }
    base.import_master_list(&given("list"), &pins, at).err().map(|error| error.code().to_owned())
}

fn judged(suite: &str, case: &Case) -> Result<(), Failed> {
    match suite {
        "master-list" | "crl" => as_expected(case, object_code(suite, case)),
        _ => replay(case),
    }
}

fn replay(case: &Case) -> Result<(), Failed> {
    let inspection = case.policy.inspection.as_deref().unwrap_or("field");
    let shipped = Policy::shipped(inspection).expect("a shipped policy");
    let policy = Policy { accept_chip_not_offered: true, one_chip_proof_suffices: true, ..shipped };
    as_expected(case, outcome(case, &policy).err().map(|rejection| rejection.code()))
}

fn as_expected(case: &Case, got: Option<String>) -> Result<(), Failed> {
    let right = match case.result {
        Outcome::Valid => got.is_none(),
        Outcome::Invalid => got.is_some() && got == case.rejection,
        Outcome::Acceptable => got.is_none() || got == case.rejection,
    };
    if right { Ok(()) } else { Err(format!("{:?} {:?}, got {got:?}", case.result, case.rejection).into()) }
}

/// A strict policy refuses what is weak in passive authentication with the code of the case.
fn strict(case: &Case) -> Result<(), Failed> {
    let strict = Policy { accept_sha1: false, ..policy() };
    let got = outcome(case, &strict).err().map(|rejection| rejection.code());
    if got.is_some() && got == case.rejection { Ok(()) } else { Err(format!("{got:?}").into()) }
}

/// One test for each case, named by its id: `cargo test --test vectors bsi` runs those of the BSI's plan.
fn main() -> ExitCode {
    let suites = [
        "passive-authentication",
        "active-authentication",
        "chip-authentication",
        "pace-cam",
        "master-list",
        "crl",
    ];
    let cases =
        suites.into_iter().flat_map(|suite| manifest(suite).cases.into_iter().map(move |case| (suite, case)));
    let tests = cases.flat_map(|(suite, case)| {
        let weak = suite == "passive-authentication" && case.flags.iter().any(|flag| flag == "weak");
        let weak = weak.then(|| case.clone());
        let strict = weak.map(|case| Trial::test(format!("{}::strict", case.id), move || strict(&case)));
        [Some(Trial::test(case.id.clone(), move || judged(suite, &case))), strict].into_iter().flatten()
    });
    let tests: Vec<Trial> = tests.collect();
    assert!(tests.len() > 100, "the manifests are read");
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

//! A document signer that a store has met is judged as one that it has not: the same report, and a refusal whenever the
//! store or the time asks for one.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod world;

use clock::UnixTime;
use crypto::{Curve, HashAlgorithm, sha256};
use test_passports::keys::RsaKey;
use test_passports::{PrivateKey, Signer, Specimen, SpecimenBuilder, State, StateBuilder};
use verification::{ChipData, Consequence, Inspection, Policy, SecurityObject, TrustStore, judge_data};
use world::{YEAR, at, passport, sod_code, store, utopia};

fn sod(specimen: &Specimen) -> &[u8] {
    &specimen.files[&lds::FileId::Sod]
}

fn inspect(store: &TrustStore, specimen: &Specimen, at: UnixTime) -> Inspection<SecurityObject> {
    store.authenticate_sod(sod(specimen), &Policy::default(), at)
}

/// A store that has accepted the document, twice.
fn warm(state: &State, specimen: &Specimen) -> TrustStore {
    let store = store(&[&state.csca.certificate]);
    for _ in 0..2 {
        assert_eq!(sod_code(&store, sod(specimen)), None);
    }
    store
}

/// Report, code and what the outcome names are the same whether or not the signer was met before.
fn same(warm: &TrustStore, cold: &TrustStore, specimen: &Specimen, at: UnixTime) -> Option<String> {
    let [one, other] = [warm, cold].map(|store| inspect(store, specimen, at));
    assert_eq!(one.report, other.report);
    match (one.outcome, other.outcome) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.anchor_sha256(), other.anchor_sha256());
            assert_eq!(one.dsc_der(), other.dsc_der());
            assert_eq!(one.trust_digest(), other.trust_digest());
            None
        }
        (one, other) => {
            let [one, other] = [one, other].map(|outcome| outcome.err().map(|rejection| rejection.code()));
            assert_eq!(one, other);
            one
        }
    }
}

#[test]
fn the_report_of_a_signer_met_before_is_that_of_a_new_one() {
    let rsa = |key| Signer::new(PrivateKey::rsa(key), HashAlgorithm::Sha256);
    let ec = |curve, name: &str| Signer::new(PrivateKey::ec_explicit(curve, name), HashAlgorithm::Sha384);
    let states = [
        utopia(),
        StateBuilder::new(at()).csca(rsa(RsaKey::Csca)).dsc(rsa(RsaKey::Dsc)).build(),
        StateBuilder::new(at())
            .csca(Signer::pss(RsaKey::Csca, HashAlgorithm::Sha256))
            .dsc(Signer::pss(RsaKey::Dsc, HashAlgorithm::Sha512))
            .build(),
        StateBuilder::new(at()).csca(ec(Curve::P384, "CSCA")).dsc(ec(Curve::BrainpoolP384r1, "DSC")).build(),
    ];
    for state in &states {
        for builder in [SpecimenBuilder::new(at()), SpecimenBuilder::new(at()).signer_by_key_identifier()] {
            let specimen = builder.build(state);
            let warm = warm(state, &specimen);
            let data = ChipData::new(specimen.files.clone());
            let cold = store(&[&state.csca.certificate]);
            let [one, other] = [&warm, &cold].map(|store| judge_data(&data, store, &Policy::default(), at()));
            assert!(one.outcome.is_ok() && other.outcome.is_ok());
            assert_eq!(one.report, other.report);
            for years in [-4, -1, 5, 11, 13] {
                let time = at().plus(years * YEAR);
                same(&warm, &store(&[&state.csca.certificate]), &specimen, time);
            }
        }
    }
}

#[test]
fn a_wrong_signature_under_a_signer_met_before_is_refused() {
    let (state, honest) = (utopia(), passport(&utopia()));
    let warm = warm(&state, &honest);
    let mut forged = honest.clone();
    let other = StateBuilder::new(at()).named("XXA", "XA").build();
    forged.sign_with(&honest.security_object(&state, 1, HashAlgorithm::Sha256), &other.dsc.signer);
    let code = same(&warm, &store(&[&state.csca.certificate]), &forged, at());
    assert_eq!(code.as_deref(), Some("pa.sod-signature"));
    // A signer's certificate with one bit of its signature flipped is not the one that was met.
    let mut flipped = state.clone();
    *flipped.dsc.certificate.last_mut().unwrap() ^= 1;
    let mut forged = honest.clone();
    forged.sign_with(&honest.security_object(&flipped, 1, HashAlgorithm::Sha256), &state.dsc.signer);
    let code = same(&warm, &store(&[&state.csca.certificate]), &forged, at());
    assert_eq!(code.as_deref(), Some("pa.dsc-signature"));
}

#[test]
fn what_expires_later_is_refused_then() {
    let (state, specimen) = (utopia(), passport(&utopia()));
    let warm = warm(&state, &specimen);
    let cold = || store(&[&state.csca.certificate]);
    assert_eq!(same(&warm, &cold(), &specimen, at().plus(11 * YEAR)).as_deref(), Some("pa.dsc-expired"));
    let short = utopia().with_csca(|csca| csca.not_after = at().plus(YEAR));
    let warm = self::warm(&short, &specimen);
    let cold = store(&[&short.csca.certificate]);
    assert_eq!(same(&warm, &cold, &specimen, at().plus(2 * YEAR)).as_deref(), Some("pa.csca-expired"));
    assert_eq!(same(&warm, &cold, &specimen, at()), None);
}

#[test]
fn a_csca_or_signer_that_is_distrusted_later_is_refused_from_then_on() {
    let (state, specimen) = (utopia(), passport(&utopia()));
    for (certificate, code) in
        [(&state.csca.certificate, "pa.csca-not-trusted"), (&state.dsc.certificate, "pa.dsc-not-trusted")]
    {
        let mut warm = warm(&state, &specimen);
        let mut cold = store(&[&state.csca.certificate]);
        for store in [&mut warm, &mut cold] {
            store.distrust(sha256(certificate), at().plus(10));
        }
        assert_eq!(same(&warm, &cold, &specimen, at()), None);
        assert_eq!(same(&warm, &cold, &specimen, at().plus(10)).as_deref(), Some(code));
    }
}

#[test]
fn a_crl_that_comes_later_revokes() {
    let (state, specimen) = (utopia(), passport(&utopia()));
    let mut warm = warm(&state, &specimen);
    let mut cold = store(&[&state.csca.certificate]);
    let empty = state.crl(at().plus(-20), &[]);
    let revoking = state.crl(at().plus(-10), &[state.dsc.template.serial]);
    let forged =
        StateBuilder::new(at()).csca(world::ec("forger")).build().crl(at(), &[state.dsc.template.serial]);
    for (crl, code) in [(&forged, None), (&empty, None), (&revoking, Some("pa.dsc-revoked"))] {
        for store in [&mut warm, &mut cold] {
            store.add_crl(crl).unwrap();
        }
        for _ in 0..2 {
            assert_eq!(same(&warm, &cold, &specimen, at()).as_deref(), code);
        }
    }
}

#[test]
fn a_store_that_no_longer_trusts_the_csca_refuses_whatever_its_copy_met() {
    let (state, specimen) = (utopia(), passport(&utopia()));
    let warm = warm(&state, &specimen);
    assert_eq!(same(&warm.clone(), &store(&[&state.csca.certificate]), &specimen, at()), None);
    let other = StateBuilder::new(at()).named("XXA", "XA").build();
    let reloaded = store(&[&other.csca.certificate]);
    assert_eq!(sod_code(&reloaded, sod(&specimen)).as_deref(), Some("pa.csca-unknown"));
    assert_eq!(sod_code(&reloaded, sod(&specimen)).as_deref(), Some("pa.csca-unknown"));
    assert_eq!(sod_code(&warm, sod(&specimen)), None);
}

/// One of the same name, and a link certificate to it.
#[test]
fn a_rogue_csca_that_comes_later_changes_nothing() {
    let (state, specimen) = (utopia(), passport(&utopia()));
    let rogue = StateBuilder::new(at()).csca(world::ec("rogue")).build();
    let rogue = rogue.with_csca(|csca| csca.issuer_spki_der.clone_from(&state.csca.template.spki_der));
    let mut warm = warm(&state, &specimen);
    let mut cold = store(&[&state.csca.certificate]);
    for store in [&mut warm, &mut cold] {
        store.add_csca(&rogue.csca.certificate).unwrap();
        store.add_link(&state.link_to(&rogue)).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(same(&warm, &cold, &specimen, at()), None);
    }
}

#[test]
fn another_policy_judges_a_signer_met_before() {
    let state = utopia().with_dsc(|dsc| dsc.key_usage = Vec::new());
    let specimen = passport(&state);
    let warm = warm(&state, &specimen);
    let strict = Policy { certificate_profile: Consequence::Refuse, ..Policy::default() };
    let refused = |store: &TrustStore| store.authenticate_sod(sod(&specimen), &strict, at());
    let [one, other] = [refused(&warm), refused(&store(&[&state.csca.certificate]))];
    assert_eq!(one.report, other.report);
    assert!(one.outcome.is_err() && other.outcome.is_err());
    let revocation = Policy { require_revocation_status: true, ..Policy::default() };
    let outcome = warm.authenticate_sod(sod(&specimen), &revocation, at()).outcome;
    assert_eq!(
        outcome.err().map(|rejection| rejection.code()).as_deref(),
        Some("pa.revocation-undetermined")
    );
}

#[test]
fn threads_share_what_was_met() {
    let (state, specimen) = (utopia(), passport(&utopia()));
    let store = store(&[&state.csca.certificate]);
    let expected = inspect(&store, &specimen, at()).report;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(inspect(&store, &specimen, at()).report, expected);
                }
            });
        }
    });
}

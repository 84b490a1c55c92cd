//! What can be wrong with certificates, CRLs and the document's fit to them.

use crypto::{Curve, HashAlgorithm};

use super::super::draft::{Draft, at, utopia};
use super::super::manifest::Importance;
use crate::certificate::{CertificateBuilder, KEY_CERT_SIGN};
use crate::{PrivateKey, Signer, SpecimenBuilder, State, StateBuilder};

const DAY: i64 = 86_400;
const DOC_PROFILE: &str = "ICAO Doc 9303-12 7.1";

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = chains();
    cases.push(second_level());
    cases.extend(profiles());
    cases.extend(documents());
    cases
}

fn passport_of(id: &'static str, state: &State) -> Draft {
    Draft::new(id, "", &SpecimenBuilder::new(at()).build(state))
}

/// The passport of a changed State, as a negative of `pa::passport`.
fn changed(id: &'static str, description: &'static str, code: &'static str, state: &State) -> Draft {
    passport_of("pa::passport", state).negative(id, description, code)
}

fn chains() -> Vec<Draft> {
    let state = utopia();
    let passport = passport_of("pa::passport", &state);
    let stranger = StateBuilder::new(at()).named("XXA", "XA").build();
    let other_key = Signer::new(PrivateKey::ec_explicit(Curve::P256, "forger"), HashAlgorithm::Sha256);
    let same_name = StateBuilder::new(at()).csca(other_key.clone()).build();
    let mut forged = utopia();
    forged.dsc.certificate = forged.dsc.template.sign(&other_key);
    let new = StateBuilder::new(at())
        .csca(Signer::new(PrivateKey::ec_explicit(Curve::P384, "CSCA UTO 2"), HashAlgorithm::Sha384))
        .build();
    let mut forged_link = new.csca.template.clone();
    forged_link.serial = 2;
    forged_link.issuer_spki_der = state.csca.signer.key.spki_der();
    let linked = passport_of("pa::link-certificate", &new);
    vec![
        passport
            .negative("pa::nothing-trusted", "The trust store is empty", "pa.csca-unknown")
            .trust(|t| t.csca.clear()),
        passport
            .negative("pa::csca-of-another-state", "Only another State's CSCA is trusted", "pa.csca-unknown")
            .trust(|t| t.csca = vec![stranger.csca.certificate.clone()])
            .importance(Importance::Critical),
        passport
            .negative(
                "pa::csca-of-the-same-name",
                "The trusted CSCA has the name of the right one and another key",
                "pa.csca-unknown",
            )
            .trust(|t| t.csca = vec![same_name.csca.certificate.clone()])
            .importance(Importance::Critical),
        changed(
            "pa::dsc-forged",
            "The document signer names the CSCA and its key identifier and is signed with another key",
            "pa.dsc-signature",
            &forged,
        )
        .importance(Importance::Critical),
        linked
            .negative(
                "pa::link-certificate-forged",
                "The link certificate is not signed by the trusted CSCA",
                "pa.csca-unknown",
            )
            .trust(|t| {
                t.csca = vec![state.csca.certificate.clone()];
                t.link = vec![forged_link.sign(&other_key)];
            })
            .importance(Importance::Critical),
        passport
            .negative("pa::dsc-revoked", "The CRL revokes the document signer", "pa.dsc-revoked")
            .trust(|t| t.crl.push(state.crl(at().plus(-DAY), &[0x1001])))
            .importance(Importance::High)
            .reference("ICAO Doc 9303-12 7.1.4")
            .twin("pa::crl-not-revoked"),
    ]
}

/// A document signer that makes document signers.
fn second_level() -> Draft {
    let state = utopia();
    let mut lower = state.clone();
    lower.dsc.signer =
        Signer::new(PrivateKey::ec_explicit(Curve::P256, "second level"), HashAlgorithm::Sha256);
    lower.dsc.template.issuer = state.dsc.template.subject.clone();
    lower.dsc.template.issuer_spki_der = state.dsc.template.spki_der.clone();
    lower.dsc.template.spki_der = lower.dsc.signer.key.spki_der();
    lower.dsc.template.serial = 7;
    lower.dsc.certificate = lower.dsc.template.sign(&state.dsc.signer);
    changed(
        "pa::dsc-issued-by-dsc",
        "The signer's certificate is issued by a document signer",
        "pa.csca-unknown",
        &lower,
    )
    .trust(|t| t.dsc.push(state.dsc.certificate.clone()))
    .importance(Importance::Critical)
    .reference("ICAO Doc 9303-12 4.2")
}

/// Id, description, code, change of the document signer's certificate.
type Profile = (&'static str, &'static str, &'static str, fn(&mut CertificateBuilder));

fn profiles() -> Vec<Draft> {
    let rows: [Profile; 5] = [
        ("pa::dsc-expired", "The document signer expired a day before", "pa.dsc-expired", |c| {
            c.not_after = at().plus(-DAY);
        }),
        (
            "pa::dsc-not-yet-valid",
            "The document signer is valid from the next day on",
            "pa.dsc-not-yet-valid",
            |c| {
                c.not_before = at().plus(DAY);
            },
        ),
        (
            "pa::dsc-without-digital-signature",
            "The document signer's key usage is keyCertSign",
            "pa.dsc-key-usage",
            |c| {
                c.key_usage = vec![KEY_CERT_SIGN];
            },
        ),
        (
            "pa::dsc-unknown-critical-extension",
            "The document signer has a critical extension that nobody knows",
            "pa.dsc-critical-extension",
            |c| c.unknown_critical_extension = true,
        ),
        ("pa::document-type-not-listed", "The document signer may sign ID only", "pa.document-type", |c| {
            c.document_types = vec!["ID".into()];
        }),
    ];
    let mut cases: Vec<Draft> = rows
        .into_iter()
        .map(|(id, description, code, change)| {
            changed(id, description, code, &utopia().with_dsc(change)).reference(DOC_PROFILE)
        })
        .collect();
    let expired = utopia().with_csca(|c| c.not_after = at().plus(-DAY));
    cases.push(
        changed("pa::csca-expired", "The CSCA expired a day before", "pa.csca-expired", &expired)
            .reference(DOC_PROFILE),
    );
    cases
}

fn documents() -> Vec<Draft> {
    let state = utopia();
    let foreign = SpecimenBuilder::new(at()).issuing_state("D").build(&state);
    let expired = SpecimenBuilder::new(at()).expiry_date(2026, 5, 30).build(&state);
    let last_day = SpecimenBuilder::new(at()).expiry_date(2026, 6, 1).build(&state);
    let expiry = "ICAO Doc 9303-3 4.8";
    let last_day =
        Draft::new("pa::last-day", "The document is valid for its last day", &last_day).reference(expiry);
    vec![
        Draft::new("pa::country-mismatch", "A German document signed under the CSCA of Utopia", &foreign)
            .refused("pa.country-mismatch", "pa::passport")
            .importance(Importance::Critical)
            .reference("ICAO Doc 9303-12 7.1.1"),
        last_day,
        Draft::new("pa::document-expired", "The document expired two days before", &expired)
            .refused("pa.document-expired", "pa::last-day")
            .importance(Importance::High)
            .reference(expiry),
    ]
}

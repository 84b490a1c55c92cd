//! Documents that are right, in all the forms that States choose.

use crypto::{Curve, HashAlgorithm};
use lds::mrz::Format;
use lds::{FileId, tlv};

use super::super::draft::{Draft, at, utopia};
use super::super::manifest::Importance;
use crate::keys::{DsaKey, RsaKey};
use crate::{PrivateKey, Signer, Specimen, SpecimenBuilder, State, StateBuilder};

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = algorithms();
    cases.extend(forms());
    cases.extend(tolerances());
    cases.extend(trust());
    cases
}

fn passport(state: &State) -> Specimen {
    SpecimenBuilder::new(at()).build(state)
}

/// Id, description, CSCA, document signer.
type Algorithms = (&'static str, &'static str, Signer, Signer);

fn algorithms() -> Vec<Draft> {
    use HashAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
    let explicit = |curve, hash| Signer::new(PrivateKey::ec_explicit(curve, "UTO"), hash);
    let named = |curve, hash| Signer::new(PrivateKey::ec(curve, "UTO"), hash);
    let both = |id, description, signer: Signer| (id, description, signer.clone(), signer);
    let pkcs1 = |key| Signer::new(PrivateKey::rsa(key), Sha256);
    let rows: Vec<Algorithms> = vec![
        both("pa::ecdsa-p256-named", "P-256 by its name, SHA-256", named(Curve::P256, Sha256)),
        both("pa::ecdsa-p384", "P-384 with explicit parameters, SHA-384", explicit(Curve::P384, Sha384)),
        both("pa::ecdsa-p521", "P-521 with explicit parameters, SHA-512", explicit(Curve::P521, Sha512)),
        both(
            "pa::ecdsa-brainpool-p256r1",
            "brainpoolP256r1, SHA-256",
            explicit(Curve::BrainpoolP256r1, Sha256),
        ),
        both(
            "pa::ecdsa-brainpool-p384r1",
            "brainpoolP384r1, SHA-384",
            explicit(Curve::BrainpoolP384r1, Sha384),
        ),
        both("pa::ecdsa-p192", "P-192, SHA-256", explicit(Curve::P192, Sha256)),
        both("pa::ecdsa-p224", "P-224 by its name, SHA-224", named(Curve::P224, Sha224)),
        both(
            "pa::ecdsa-brainpool-p192r1",
            "brainpoolP192r1, SHA-224",
            explicit(Curve::BrainpoolP192r1, Sha224),
        ),
        both(
            "pa::ecdsa-brainpool-p224r1",
            "brainpoolP224r1, SHA-224",
            explicit(Curve::BrainpoolP224r1, Sha224),
        ),
        both(
            "pa::ecdsa-brainpool-p320r1",
            "brainpoolP320r1, SHA-384",
            explicit(Curve::BrainpoolP320r1, Sha384),
        ),
        both(
            "pa::ecdsa-brainpool-p512r1",
            "brainpoolP512r1, SHA-512",
            explicit(Curve::BrainpoolP512r1, Sha512),
        ),
        both(
            "pa::ecdsa-brainpool-p256r1-named",
            "brainpoolP256r1 by its name, SHA-384",
            named(Curve::BrainpoolP256r1, Sha384),
        ),
        both(
            "pa::ecdsa-plain",
            "r and s one after the other, as TR-03111 has them, under its OID",
            Signer::plain(PrivateKey::ec(Curve::P256, "UTO"), Sha256),
        ),
        (
            "pa::dsa",
            "DSA of 2048 bits under a CSCA of 3072, SHA-256",
            Signer::new(PrivateKey::dsa(DsaKey::Csca), Sha256),
            Signer::new(PrivateKey::dsa(DsaKey::Dsc), Sha256),
        ),
        (
            "pa::rsa-3072",
            "An RSA CSCA of 3072 bits, SHA-512",
            Signer::new(PrivateKey::rsa(RsaKey::Csca3072), Sha512),
            pkcs1(RsaKey::Dsc),
        ),
        (
            "pa::rsa-pss-sha512",
            "RSASSA-PSS with SHA-512 on certificate and security object",
            Signer::pss(RsaKey::Csca3072, Sha512),
            Signer::pss(RsaKey::Dsc, Sha512),
        ),
        (
            "pa::ecdsa-over-rsa-pss",
            "A document signer with PSS under a CSCA with ECDSA on brainpoolP512r1",
            explicit(Curve::BrainpoolP512r1, Sha512),
            Signer::pss(RsaKey::Dsc, Sha256),
        ),
        both(
            "pa::ecdsa-long-hash",
            "A hash longer than the curve's order: P-256, SHA-512",
            explicit(Curve::P256, Sha512),
        ),
        both(
            "pa::ecdsa-short-hash",
            "A hash shorter than half the order: P-521, SHA-256",
            explicit(Curve::P521, Sha256),
        ),
        (
            "pa::rsa-pkcs1",
            "RSASSA-PKCS1-v1_5 with SHA-256 on certificate and security object",
            pkcs1(RsaKey::Csca),
            pkcs1(RsaKey::Dsc),
        ),
        (
            "pa::rsa-pss",
            "RSASSA-PSS with SHA-256 on certificate and security object",
            Signer::pss(RsaKey::Csca, Sha256),
            Signer::pss(RsaKey::Dsc, Sha256),
        ),
        (
            "pa::rsa-pss-under-pkcs1",
            "A security object with PSS and SHA-384 under a certificate with PKCS#1: the algorithm is SignerInfo's",
            pkcs1(RsaKey::Csca),
            Signer::pss(RsaKey::Dsc, Sha384),
        ),
        (
            "pa::rsa-over-ecdsa",
            "An ECDSA document signer under an RSA CSCA",
            pkcs1(RsaKey::Csca),
            explicit(Curve::P256, Sha256),
        ),
    ];
    let draft = |(id, description, csca, dsc): Algorithms| {
        let state = StateBuilder::new(at()).csca(csca).dsc(dsc).build();
        Draft::new(id, description, &passport(&state)).flags(&["algorithm"]).reference("ICAO Doc 9303-12 4.4")
    };
    let mut cases = vec![
        Draft::new("pa::passport", "The passport that the other cases differ from", &passport(&utopia()))
            .importance(Importance::High),
    ];
    cases.extend(rows.into_iter().map(draft));
    let weak = explicit(Curve::P256, Sha1);
    let weak = draft((
        "pa::ecdsa-sha1",
        "SHA-1 in the signature of the document signer",
        explicit(Curve::P256, Sha256),
        weak,
    ));
    cases.push(weak.flags(&["weak"]).may_be_refused("pa.weak-algorithm(SHA-1)", "pa::passport"));
    cases
}

fn forms() -> Vec<Draft> {
    let state = utopia();
    let new = || SpecimenBuilder::new(at());
    let sod = "ICAO Doc 9303-10 4.6.2";
    let mrz = "ICAO Doc 9303-5 4.2";
    vec![
        Draft::new(
            "pa::lds-v0",
            "An LDS security object of version 0",
            &new().security_object(0, HashAlgorithm::Sha256).build(&state),
        )
        .reference(sod),
        Draft::new(
            "pa::data-groups-sha512",
            "Data groups hashed with another function than the signature's",
            &new().security_object(1, HashAlgorithm::Sha512).build(&state),
        )
        .reference(sod),
        Draft::new(
            "pa::data-groups-sha1",
            "Data groups hashed with SHA-1",
            &new().security_object(1, HashAlgorithm::Sha1).build(&state),
        )
        .reference(sod)
        .flags(&["weak"])
        .may_be_refused("pa.weak-algorithm(SHA-1)", "pa::passport"),
        Draft::new(
            "pa::signer-by-key-identifier",
            "SignerInfo names its certificate by the subject key identifier",
            &new().signer_by_key_identifier().build(&state),
        )
        .reference(sod),
        Draft::new(
            "pa::signing-time",
            "SignerInfo has the attribute signingTime",
            &new().signing_time(at().plus(-365 * 86_400)).build(&state),
        )
        .reference(sod),
        Draft::new(
            "pa::residence-permit",
            "A residence permit: TD1, document code IR, a document number of twelve characters",
            &new().document(Format::Td1, "IR").document_number("D23145890734").build(&state),
        )
        .reference(mrz),
        Draft::new("pa::td2", "A TD2 document", &new().document(Format::Td2, "I").build(&state))
            .reference("ICAO Doc 9303-6 4.2"),
        Draft::new("pa::no-details", "Neither DG11 nor DG12", &new().without_details().build(&state)),
        Draft::new(
            "pa::no-chip-protocol",
            "Neither DG14 nor DG15: the data are authentic, the chip cannot be proved",
            &new().chip_authentication(None).pace(None).build(&state),
        ),
    ]
}

/// Files that need not be sent, and a CSCA that is trusted though its certificate does not say that it is a CA.
fn tolerances() -> Vec<Draft> {
    let state = utopia();
    let mut with_dg3 = passport(&state);
    with_dg3.files.insert(FileId::Dg(3), tlv::encode(0x63, &[]));
    let security_object = with_dg3.security_object(&state, 1, HashAlgorithm::Sha256);
    with_dg3.sign_with(&security_object, &state.dsc.signer);
    let unmarked = utopia().with_csca(|csca| csca.path_length = None);
    vec![
        Draft::new(
            "pa::dg3-not-sent",
            "EF.SOD lists the fingerprints of DG3, which only States may read",
            &with_dg3,
        )
        .without(FileId::Dg(3)),
        Draft::new("pa::dg12-not-sent", "EF.SOD lists DG12, which nobody needs", &passport(&state))
            .without(FileId::Dg(12)),
        Draft::new(
            "pa::csca-without-basic-constraints",
            "The trusted CSCA has no basicConstraints: who stands in the list is a CA",
            &passport(&unmarked),
        )
        .flags(&["quirk"])
        .reference("ICAO Doc 9303-12 7.1"),
    ]
}

fn trust() -> Vec<Draft> {
    let old = utopia();
    let new = StateBuilder::new(at())
        .csca(Signer::new(PrivateKey::ec_explicit(Curve::P384, "CSCA UTO 2"), HashAlgorithm::Sha384))
        .build();
    let pki = "ICAO Doc 9303-12 4.2";
    let no_certificate = {
        let mut specimen = passport(&old);
        let mut security_object = specimen.security_object(&old, 1, HashAlgorithm::Sha256);
        security_object.certificates.clear();
        specimen.sign_with(&security_object, &old.dsc.signer);
        specimen
    };
    let lower_case = {
        let lower = |name: &mut crate::certificate::Name| name.country = "ut".into();
        let state = utopia().with_dsc(|dsc| lower(&mut dsc.issuer));
        passport(&state)
    };
    let typed = StateBuilder::new(at()).document_types(&["P", "IR"]).build();
    vec![
        Draft::new(
            "pa::several-cscas",
            "Two CSCAs of the same name: the key identifier chooses",
            &passport(&new),
        )
        .trust(|t| t.csca.insert(0, old.csca.certificate.clone()))
        .reference(pki),
        Draft::new(
            "pa::link-certificate",
            "The document signer is under a new CSCA, which a link certificate joins to the trusted old one",
            &passport(&new),
        )
        .trust(|t| {
            t.csca = vec![old.csca.certificate.clone()];
            t.link = vec![old.link_to(&new)];
        })
        .reference(pki),
        Draft::new("pa::crl-not-revoked", "The CRL revokes another document signer", &passport(&old))
            .trust(|t| t.crl.push(old.crl(at().plus(-86_400), &[0x1002])))
            .reference("ICAO Doc 9303-12 7.1.4"),
        Draft::new(
            "pa::dsc-from-trust-store",
            "EF.SOD holds no certificate, the trust store does",
            &no_certificate,
        )
        .trust(|t| t.dsc.push(old.dsc.certificate.clone()))
        .reference("ICAO Doc 9303-10 4.6.2.3"),
        Draft::new(
            "pa::country-in-lower-case",
            "The document signer's issuer writes its country in lower case",
            &lower_case,
        )
        .flags(&["quirk"])
        .reference("ICAO Doc 9303-12 7.1.1"),
        Draft::new("pa::document-type-list", "The document signer may sign P and IR", &passport(&typed))
            .reference("ICAO Doc 9303-12 7.1.1.6"),
    ]
}

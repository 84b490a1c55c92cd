//! Certificate revocation lists (Doc 9303-12 7.1.4): what a list says of one certificate.

use super::draft::{Draft, at, flipped, utopia};
use super::manifest::Importance;
use crate::{State, StateBuilder};

const SECTION: &str = "ICAO Doc 9303-12 7.1.4";
const DAY: i64 = 86_400;

fn draft(id: &'static str, description: &'static str, state: &State, crl: &[u8]) -> Draft {
    Draft::of_objects(id, description)
        .object("crl", crl)
        .object("issuer", &state.csca.certificate)
        .object("certificate", &state.dsc.certificate)
        .reference(SECTION)
        .importance(Importance::High)
}

pub(super) fn cases() -> Vec<Draft> {
    let state = utopia();
    let other = StateBuilder::new(at()).named("ATL", "AT").build();
    let serial = state.dsc.template.serial;
    let sign = |revoked: &[u64], age: i64, life: i64| {
        let mut crl = state.crl_builder(at().plus(-age * DAY), revoked);
        crl.next_update = crl.this_update.plus(life * DAY);
        crl.sign(&state.csca.signer)
    };
    let good = sign(&[1, 2], 1, 90);
    let base =
        draft("crl::not-revoked", "A fresh CRL of the issuer does not name the certificate", &state, &good);
    let wrong = |id, description, code, crl: &[u8]| base.negative(id, description, code).object("crl", crl);
    let valid = |id, description, crl: &[u8]| draft(id, description, &state, crl);
    let mut stranger = state.crl_builder(at().plus(-DAY), &[]);
    stranger.issuer = state.csca.template.subject.clone();
    let forged = stranger.sign(&other.csca.signer);
    let elsewhere = other.crl(at().plus(-DAY), &[]);
    vec![
        base.clone(),
        valid("crl::empty", "A CRL that names nobody", &sign(&[], 1, 90)),
        valid("crl::of-today", "The CRL was made this second", &sign(&[], 0, 90)),
        valid("crl::last-day", "The next CRL is due this second", &sign(&[], 90, 90)),
        valid(
            "crl::long",
            "A CRL of 2000 entries, the certificate not among them",
            &sign(&(10_000..12_000).collect::<Vec<_>>(), 1, 90),
        ),
        wrong(
            "crl::revoked",
            "The CRL names the certificate",
            "pa.dsc-revoked",
            &sign(&[1, serial, 2], 1, 90),
        ),
        wrong(
            "crl::revoked-first",
            "Its entry is the first one",
            "pa.dsc-revoked",
            &sign(&[serial, 7], 1, 90),
        ),
        wrong(
            "crl::revoked-among-many",
            "Its entry is one of 2000",
            "pa.dsc-revoked",
            &sign(&(serial - 1000..serial + 1000).collect::<Vec<_>>(), 1, 90),
        ),
        wrong(
            "crl::revoked-by-an-old-list",
            "An old CRL names it: it still revokes",
            "pa.dsc-revoked",
            &sign(&[serial], 100, 90),
        ),
        wrong(
            "crl::out-of-date",
            "The next CRL was due yesterday: the status is undetermined",
            "pa.revocation-undetermined",
            &sign(&[], 91, 90),
        ),
        wrong("crl::of-tomorrow", "The CRL is of tomorrow", "pa.revocation-undetermined", &sign(&[], -1, 90)),
        wrong(
            "crl::of-another-issuer",
            "The CRL of another CSCA says nothing",
            "pa.revocation-undetermined",
            &elsewhere,
        ),
        wrong(
            "crl::signature-flipped",
            "One bit of the signature is flipped",
            "crl.signature",
            &flipped(&good, good.len() - 1),
        ),
        wrong(
            "crl::signed-by-another",
            "Another CSCA's key signed in the issuer's name",
            "crl.signature",
            &forged,
        ),
        wrong("crl::truncated", "The CRL ends in the middle", "crl.malformed", &good[..good.len() / 2]),
        wrong("crl::trailing-byte", "A byte follows the CRL", "crl.malformed", &[&good[..], &[0]].concat()),
        wrong("crl::certificate", "A certificate instead of a CRL", "crl.malformed", &state.csca.certificate),
    ]
}

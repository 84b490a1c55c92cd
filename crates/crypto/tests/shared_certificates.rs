//! The certificates of real States: every signature that stands on a curve of ours must verify.
//!
//! The data are not in this repository. The test reads them below `SCEAU_SHARED` and says so when that is not set.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::path::Path;

use base64::Engine as _;
use crypto::{Error, PublicKey, SignatureScheme};
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode as _, Encode as _, Reader as _, Sequence, SliceReader, Tag, Tagged as _};

/// RFC 5280, 4.1.
#[derive(Sequence)]
struct Certificate<'a> {
    tbs: AnyRef<'a>,
    algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
}

/// What a signature link needs of a certificate.
struct Parts {
    tbs: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    spki: Vec<u8>,
}

fn parts(der: &[u8]) -> Parts {
    let certificate = Certificate::from_der(der).unwrap();
    let mut reader = SliceReader::new(certificate.tbs.value()).unwrap();
    let mut fields = Vec::new();
    while !reader.is_finished() {
        fields.push(AnyRef::decode(&mut reader).unwrap());
    }
    // version [0] may be missing: serial, signature, issuer, validity, subject, key
    let serial = fields.iter().position(|field| field.tag() == Tag::Integer).unwrap();
    let field = |offset: usize| fields[serial + offset].to_der().unwrap();
    Parts {
        tbs: certificate.tbs.to_der().unwrap(),
        algorithm: certificate.algorithm.to_der().unwrap(),
        signature: certificate.signature.as_bytes().unwrap().to_vec(),
        issuer: field(2),
        subject: field(4),
        spki: field(5),
    }
}

fn read(file: &Path) -> Vec<Parts> {
    let text = std::fs::read_to_string(file).unwrap();
    let certificate = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let der = base64::engine::general_purpose::STANDARD.decode(row["der"].as_str().unwrap());
        parts(&der.unwrap())
    };
    text.lines().map(certificate).collect()
}

#[test]
fn shared_certificates_of_real_states_verify() {
    let Some(shared) = std::env::var_os("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return;
    };
    let folder = Path::new(&shared).join("real-pki/certs");
    let [csca, dsc, signers] =
        ["csca.jsonl", "dsc.jsonl", "signers.jsonl"].map(|name| read(&folder.join(name)));
    let (mut verified, mut unknown_curve, mut unexplained) = (0, 0, Vec::new());
    for certificate in csca.iter().chain(&dsc).chain(&signers) {
        let scheme = SignatureScheme::from_algorithm_identifier(&certificate.algorithm, None).unwrap();
        let verify = |issuer: &Parts| {
            let (key, _) = PublicKey::from_spki_der(&issuer.spki)?;
            scheme.verify(&key, &certificate.tbs, &certificate.signature)
        };
        let named: Vec<_> =
            csca.iter().filter(|other| other.subject == certificate.issuer).map(verify).collect();
        // A few States write the issuer's name otherwise than the issuer does: then any key may be the one.
        if named.contains(&Ok(())) || csca.iter().any(|issuer| verify(issuer) == Ok(())) {
            verified += 1;
        } else if named.contains(&Err(Error::UnknownCurve)) {
            unknown_curve += 1;
        } else {
            unexplained.push((scheme.name(), named));
        }
    }
    println!("{verified} verified, {unknown_curve} on a curve that is not in the table");
    // The issuer of one link certificate (Côte d'Ivoire, 2020) is not in the collection.
    assert!(unexplained.len() <= 1, "{unexplained:?}");
    assert_eq!(unknown_curve, 0, "every curve of the collection is in the table");
}

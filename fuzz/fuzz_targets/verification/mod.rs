//! What the targets of the crate `verification` do with their bytes. Its tests do the same with the committed corpus.

#![allow(dead_code, reason = "each target uses one")]

use std::collections::BTreeMap;

use ::verification::{ChipData, Found, Policy, TrustAuditor, TrustStore, judge_data, read_objects};
use clock::UnixTime;
use lds::FileId;

/// The CSCA of the documents in the corpus.
const CSCA: &[u8] = include_bytes!("../../corpus-seed/certificates/csca");
/// 2026-06-01.
const AT: UnixTime = UnixTime(1_780_300_000);

/// Certificates and CRLs as a trust store takes them, the path above a certificate, and the audit of both.
pub fn certificates(data: &[u8]) {
    let mut store = TrustStore::new();
    let added = [
        store.add_csca(data).is_ok(),
        store.add_link(data).is_ok(),
        store.add_document_signer(data).is_ok(),
        store.add_crl(data).is_ok(),
    ];
    if added.contains(&true) {
        let _ = store.issuers(data, AT);
        let mut auditor = TrustAuditor::default();
        auditor.add("data", data);
        let _ = auditor.finish();
    }
}

/// Files as certificates are published, and what is read of them.
pub fn trust_input(data: &[u8]) {
    let mut store = TrustStore::new();
    for found in read_objects(data) {
        match found {
            Found::Certificate(der) => drop(store.add_csca(&der)),
            Found::Crl(der) => drop(store.add_crl(&der)),
            // A list counts under a pin only.
            Found::MasterList(_) | Found::DeviationList(_) | Found::DefectList(_) | Found::Unreadable(_) => {}
        }
    }
}

/// A whole document, judged under one CSCA.
pub fn verify(data: &[u8]) {
    let mut store = TrustStore::new();
    store.add_csca(CSCA).expect("a certificate");
    let data = ChipData::whole(files(data));
    for policy in [Policy::field(), Policy::bsi_tr_03105()] {
        let _ = judge_data(&data, &store, &policy, AT);
    }
}

/// Each file: a byte for which (0 EF.COM, 1 to 16 the data groups, 17 EF.SOD, 18 EF.CardAccess, 19 EF.CardSecurity),
/// its length in three bytes, its content.
fn files(mut data: &[u8]) -> BTreeMap<FileId, Vec<u8>> {
    let mut files = BTreeMap::new();
    while let [which, a, b, c, rest @ ..] = data {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (content, rest) = rest.split_at(length.min(rest.len()));
        let file = match which {
            0 => FileId::Com,
            1..=16 => FileId::Dg(*which),
            18 => FileId::CardAccess,
            19 => FileId::CardSecurity,
            _ => FileId::Sod,
        };
        files.insert(file, content.to_vec());
        data = rest;
    }
    files
}
